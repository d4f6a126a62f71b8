/* Emission of the vector rows that take several instructions. The rows of FORM_EARLY read their
 * operands a, b, c for the last time no later than in the instruction that first writes d, so d may
 * be the register of any of them; in those of FORM_LATE (popcnt, trunc_sat_f32x4_u, relaxed_dot) d
 * is a register of its own. xmm14 and xmm15 are scratch. */
#include "jit/x64/x64_simd.h"

typedef struct Operands {
  Loc d, a, b, c;
} Operands;

enum { EVEN_WORDS = 0x55 }; /* of PBLENDW */

/* ---- bits ---- */

/* is_mask: the bits of each byte of c are the same. */
static void bitselect(Compile *c, Operands o, bool is_mask) {
  if (is_mask && has_avx(c)) { /* the fourth register is in the immediate */
    vec3_imm(c, VPBLENDVB, o.d, o.b, o.a, (int)(o.c & 15) << 4);
    return;
  }
  vec3(c, PAND, X14, o.c, o.a);
  vec3(c, PANDN, X15, o.c, o.b);
  vec3(c, POR, o.d, X14, X15);
}

/* Numbers from 16 up become such with the top bit set, which gives 0. */
static void swizzle(Compile *c, Operands o) {
  vec_const(c, X14, splat8(0x70), splat8(0x70));
  vec3(c, PADDUSB, X14, X14, o.b);
  vec3(c, PSHUFB, o.d, o.a, X14);
}

/* ---- integers ---- */

/* With s the lanes' signs: (a ^ s) - s. */
static void i64x2_abs(Compile *c, Operands o) {
  vec_zero(c, X15);
  vec3(c, PCMPGTQ, X15, X15, o.a);
  vec3(c, PXOR, o.d, o.a, X15);
  vec3(c, PSUBQ, o.d, o.d, X15);
}

/* low * low + ((high(a) * low(b) + high(b) * low(a)) << 32). */
static void i64x2_mul(Compile *c, Operands o) {
  vec_shift(c, PSRLQ, X14, o.a, 32);
  vec3(c, PMULUDQ, X14, X14, o.b);
  vec_shift(c, PSRLQ, X15, o.b, 32);
  vec3(c, PMULUDQ, X15, X15, o.a);
  vec3(c, PADDQ, X14, X14, X15);
  vec_shift(c, PSLLQ, X14, X14, 32);
  vec3(c, PMULUDQ, o.d, o.a, o.b);
  vec3(c, PADDQ, o.d, o.d, X14);
}

/* The counts of both nibbles of each byte, from a table. */
static void i8x16_popcnt(Compile *c, Operands o) {
  const u64 low = UINT64_C(0x0302020102010100), high = UINT64_C(0x0403030203020201);
  vec_const(c, X14, splat8(0x0F), splat8(0x0F));
  vec3(c, PAND, o.d, o.a, X14);
  vec_shift(c, PSRLW, X15, o.a, 4);
  vec3(c, PAND, X14, X14, X15);
  vec_const(c, X15, low, high);
  vec3(c, PSHUFB, X15, X15, o.d);
  vec_const(c, o.d, low, high);
  vec3(c, PSHUFB, o.d, o.d, X14);
  vec3(c, PADDB, o.d, o.d, X15);
}

/* pmulhrsw gives 0x8000 only for -1 * -1, which is to be 0x7FFF. */
static void q15mulr_sat(Compile *c, Operands o) {
  vec3(c, PMULHRSW, o.d, o.a, o.b);
  vec3_const(c, PCMPEQW, X14, o.d, splat16(0x8000));
  vec3(c, PXOR, o.d, o.d, X14);
}

/* 16-bit products of bytes; `extend` is pmovsxbw or pmovzxbw. */
static void extmul_bytes(Compile *c, Operands o, u32 extend, bool high) {
  if (high) {
    vec2_imm(c, PSHUFD, X14, o.a, HIGH_HALF);
    vec2_imm(c, PSHUFD, X15, o.b, HIGH_HALF);
  }
  vec2(c, extend, X14, high ? X14 : o.a);
  vec2(c, extend, X15, high ? X15 : o.b);
  vec3(c, PMULLW, o.d, X14, X15);
}

/* 32-bit products from their halves; `upper` is pmulhw or pmulhuw. */
static void extmul_words(Compile *c, Operands o, u32 upper, bool high) {
  vec3(c, upper, X14, o.a, o.b);
  vec3(c, PMULLW, o.d, o.a, o.b);
  vec3(c, high ? PUNPCKHWD : PUNPCKLWD, o.d, o.d, X14);
}

/* 64-bit products of the even lanes, where the operands are brought first. */
static void extmul_dwords(Compile *c, Operands o, u32 multiply, bool high) {
  int lanes = high ? 0xFA /* 2 2 3 3 */ : 0x50 /* 0 0 1 1 */;
  vec2_imm(c, PSHUFD, X14, o.a, lanes);
  vec2_imm(c, PSHUFD, X15, o.b, lanes);
  vec3(c, multiply, o.d, X14, X15);
}

/* Products with ones, added in pairs. */
static void extadd_bytes(Compile *c, Operands o, bool is_signed) {
  vec_const(c, X14, splat8(1), splat8(1));
  if (is_signed)
    vec3(c, PMADDUBSW, o.d, X14, o.a);
  else
    vec3(c, PMADDUBSW, o.d, o.a, X14);
}

static void extadd_words_u(Compile *c, Operands o) {
  vec_shift(c, PSRLD, X14, o.a, 16);
  vec_zero(c, X15);
  vec3_imm(c, PBLENDW, X15, X15, o.a, EVEN_WORDS);
  vec3(c, PADDD, o.d, X14, X15);
}

static void relaxed_dot(Compile *c, Operands o) {
  vec2(c, PMOVSXBW, X14, o.a);
  vec2(c, PMOVSXBW, X15, o.b);
  vec3(c, PMADDWD, o.d, X14, X15);
  vec2_imm(c, PSHUFD, X14, o.a, HIGH_HALF);
  vec2_imm(c, PSHUFD, X15, o.b, HIGH_HALF);
  vec2(c, PMOVSXBW, X14, X14);
  vec2(c, PMOVSXBW, X15, X15);
  vec3(c, PMADDWD, X14, X14, X15);
  vec3(c, PACKSSDW, o.d, o.d, X14);
}

static void relaxed_dot_add(Compile *c, Operands o) {
  relaxed_dot(c, o);
  vec3_const(c, PMADDWD, o.d, o.d, splat16(1));
  vec3(c, PADDD, o.d, o.d, o.c);
}

/* ---- floats: wide is F64 or 0, for the two widths ---- */

/* d = value with the payload of its NaNs (lanes of ones in `nan`) cleared: canonical but for the
 * sign. */
static void clear_payload(Compile *c, u32 wide, Loc d, Loc nan, Loc value) {
  vec_shift(c, wide ? PSRLQ : PSRLD, nan, nan, wide ? 13 : 10);
  vec3(c, PANDN, d, nan, value);
}

/* minps gives its second operand for zeros and NaNs: it is done both ways, and what differs is
 * joined. */
static void float_min(Compile *c, Operands o, u32 wide) {
  vec3(c, MINPS | wide, X14, o.a, o.b);
  vec3(c, MINPS | wide, X15, o.b, o.a);
  vec3(c, POR, X14, X14, X15);
  vec3_imm(c, CMPPS | wide, X15, X15, X14, CMP_UNORD);
  vec3(c, POR, X14, X14, X15);
  clear_payload(c, wide, o.d, X15, X14);
}

/* The two ways differ in NaNs and in the sign of zeros: there 0 - -0 is 0. */
static void float_max(Compile *c, Operands o, u32 wide) {
  vec3(c, MAXPS | wide, X14, o.a, o.b);
  vec3(c, MAXPS | wide, X15, o.b, o.a);
  vec3(c, PXOR, X15, X15, X14);
  vec3(c, POR, X14, X14, X15);
  vec3(c, SUBPS | wide, X14, X14, X15);
  vec3_imm(c, CMPPS | wide, X15, X15, X14, CMP_UNORD);
  clear_payload(c, wide, o.d, X15, X14);
}

/* c + a * b, or c - a * b, rounded twice. */
static void relaxed_madd(Compile *c, Operands o, u32 add, u32 wide) {
  vec3(c, MULPS | wide, X14, o.a, o.b);
  vec3(c, add | wide, o.d, o.c, X14);
}

/* ---- conversions ---- */

/* The low 16 bits of each lane and the rest, halved, convert exactly; their sum is rounded once. */
static void convert_u32(Compile *c, Operands o) {
  vec_zero(c, X14);
  vec3_imm(c, PBLENDW, X14, X14, o.a, EVEN_WORDS);
  vec3(c, PSUBD, X15, o.a, X14);
  vec2(c, CVTDQ2PS, X14, X14);
  vec_shift(c, PSRLD, X15, X15, 1);
  vec2(c, CVTDQ2PS, X15, X15);
  vec3(c, ADDPS, X15, X15, X15);
  vec3(c, ADDPS, o.d, X14, X15);
}

/* With the upper half of 2^52 before it, an integer u is the float 2^52 + u. */
static void convert_low_u32(Compile *c, Operands o) {
  vec3_const(c, UNPCKLPS, o.d, o.a, splat32(0x43300000));
  vec3_const(c, SUBPS | F64, o.d, o.d, UINT64_C(0x4330000000000000));
}

/* What is too large converts to INT32_MIN: where a was positive, its bits are flipped. */
static void trunc_sat_f32_s(Compile *c, Operands o) {
  vec3_imm(c, CMPPS, X15, o.a, o.a, CMP_EQ);
  vec3(c, PAND, X14, o.a, X15); /* NaN: 0 */
  vec3(c, PXOR, X15, X15, X14); /* the top bit: a is positive */
  vec2(c, CVTTPS2DQ, X14, X14);
  vec3(c, PAND, X15, X15, X14);
  vec_shift(c, PSRAD, X15, X15, 31);
  vec3(c, PXOR, o.d, X14, X15);
}

/* The part up to 2^31 - 1 and the part above it convert one by one; d is late. */
static void trunc_sat_f32_u(Compile *c, Operands o) {
  vec_zero(c, X14);
  vec3(c, MAXPS, o.d, o.a, X14); /* NaN: 0 */
  vec_ones(c, X14);
  vec_shift(c, PSRLD, X14, X14, 1);
  vec2(c, CVTDQ2PS, X14, X14); /* 2^31 */
  vec3(c, SUBPS, X15, o.d, X14);
  vec3_imm(c, CMPPS, X14, X14, X15, CMP_LE); /* from 2^32 up */
  vec2(c, CVTTPS2DQ, X15, X15);
  vec3(c, PXOR, X15, X15, X14);   /* there 2^31 - 1 */
  vec3(c, PMAXSD, X15, X15, X14); /* elsewhere at least 0 */
  vec2(c, CVTTPS2DQ, o.d, o.d);   /* from 2^31 up: 2^31 */
  vec3(c, PADDD, o.d, o.d, X15);
}

static void trunc_sat_f64_s(Compile *c, Operands o) {
  const u64 largest = UINT64_C(0x41DFFFFFFFC00000); /* 2^31 - 1 */
  vec3_imm(c, CMPPS | F64, X14, o.a, o.a, CMP_EQ);
  vec3_const(c, PAND, X14, X14, largest);
  vec3(c, MINPS | F64, X14, o.a, X14); /* NaN: 0 */
  vec2(c, CVTTPD2DQ, o.d, X14);
}

/* An integer below 2^32, plus 2^52, has its bits in the lower half. */
static void trunc_sat_f64_u(Compile *c, Operands o) {
  enum { EVEN_LANES = 0x88 };
  vec_zero(c, X14);
  vec3(c, MAXPS | F64, o.d, o.a, X14);                                /* NaN: 0 */
  vec3_const(c, MINPS | F64, o.d, o.d, UINT64_C(0x41EFFFFFFFE00000)); /* 2^32 - 1 */
  vec2_imm(c, ROUNDPD, o.d, o.d, ROUND_ZERO);
  vec3_const(c, ADDPS | F64, o.d, o.d, UINT64_C(0x4330000000000000));
  vec3_imm(c, SHUFPS, o.d, o.d, X14, EVEN_LANES);
}

/* ---- all ---- */

static void emit_extended(Compile *c, Operands o, u16 kind, u32 opcode) {
  switch (kind) {
  case OP_i16x8_extmul_low_i8x16_s:
  case OP_i16x8_extmul_low_i8x16_u: extmul_bytes(c, o, opcode, false); break;
  case OP_i16x8_extmul_high_i8x16_s:
  case OP_i16x8_extmul_high_i8x16_u: extmul_bytes(c, o, opcode, true); break;
  case OP_i32x4_extmul_low_i16x8_s:
  case OP_i32x4_extmul_low_i16x8_u: extmul_words(c, o, opcode, false); break;
  case OP_i32x4_extmul_high_i16x8_s:
  case OP_i32x4_extmul_high_i16x8_u: extmul_words(c, o, opcode, true); break;
  case OP_i64x2_extmul_low_i32x4_s:
  case OP_i64x2_extmul_low_i32x4_u: extmul_dwords(c, o, opcode, false); break;
  case OP_i64x2_extmul_high_i32x4_s:
  case OP_i64x2_extmul_high_i32x4_u: extmul_dwords(c, o, opcode, true); break;
  case OP_i16x8_extadd_pairwise_i8x16_s: extadd_bytes(c, o, true); break;
  case OP_i16x8_extadd_pairwise_i8x16_u: extadd_bytes(c, o, false); break;
  case OP_i32x4_extadd_pairwise_i16x8_s: vec3_const(c, PMADDWD, o.d, o.a, splat16(1)); break;
  case OP_i32x4_extadd_pairwise_i16x8_u: extadd_words_u(c, o); break;
  default: assert(0);
  }
}

static void emit_float(Compile *c, Operands o, u16 kind, u32 opcode) {
  switch (kind) {
  case OP_f32x4_abs: vec3_const(c, PAND, o.d, o.a, splat32(0x7FFFFFFF)); break;
  case OP_f64x2_abs: vec3_const(c, PAND, o.d, o.a, UINT64_MAX >> 1); break;
  case OP_f32x4_neg: vec3_const(c, PXOR, o.d, o.a, splat32(0x80000000)); break;
  case OP_f64x2_neg: vec3_const(c, PXOR, o.d, o.a, UINT64_C(1) << 63); break;
  case OP_f32x4_min:
  case OP_f32x4_relaxed_min: float_min(c, o, 0); break;
  case OP_f64x2_min:
  case OP_f64x2_relaxed_min: float_min(c, o, F64); break;
  case OP_f32x4_max:
  case OP_f32x4_relaxed_max: float_max(c, o, 0); break;
  case OP_f64x2_max:
  case OP_f64x2_relaxed_max: float_max(c, o, F64); break;
  case OP_f32x4_relaxed_madd:
  case OP_f32x4_relaxed_nmadd: relaxed_madd(c, o, opcode, 0); break;
  case OP_f64x2_relaxed_madd:
  case OP_f64x2_relaxed_nmadd: relaxed_madd(c, o, opcode, F64); break;
  case OP_f32x4_convert_i32x4_u: convert_u32(c, o); break;
  case OP_f64x2_convert_low_i32x4_u: convert_low_u32(c, o); break;
  case OP_i32x4_trunc_sat_f32x4_s:
  case OP_i32x4_relaxed_trunc_f32x4_s: trunc_sat_f32_s(c, o); break;
  case OP_i32x4_trunc_sat_f32x4_u:
  case OP_i32x4_relaxed_trunc_f32x4_u: trunc_sat_f32_u(c, o); break;
  case OP_i32x4_trunc_sat_f64x2_s_zero:
  case OP_i32x4_relaxed_trunc_f64x2_s_zero: trunc_sat_f64_s(c, o); break;
  case OP_i32x4_trunc_sat_f64x2_u_zero:
  case OP_i32x4_relaxed_trunc_f64x2_u_zero: trunc_sat_f64_u(c, o); break;
  default: emit_extended(c, o, kind, opcode);
  }
}

void wm_x64_emit_sequence(Compile *c, const Lir *x) {
  Operands o = {x->d, x->a, x->b, x->c};
  if (c->options.relaxed_fast && wm_x64_emit_relaxed(c, x)) return;
  switch (x->kind) {
  case OP_v128_bitselect:
  case OP_i8x16_relaxed_laneselect:
  case OP_i16x8_relaxed_laneselect:
  case OP_i32x4_relaxed_laneselect:
  case OP_i64x2_relaxed_laneselect: bitselect(c, o, x->sub); break;
  case OP_i8x16_swizzle:
  case OP_i8x16_relaxed_swizzle: swizzle(c, o); break;
  case OP_i64x2_abs: i64x2_abs(c, o); break;
  case OP_i64x2_mul: i64x2_mul(c, o); break;
  case OP_i8x16_popcnt: i8x16_popcnt(c, o); break;
  case OP_i16x8_q15mulr_sat_s:
  case OP_i16x8_relaxed_q15mulr_s: q15mulr_sat(c, o); break;
  case OP_i16x8_relaxed_dot_i8x16_i7x16_s: relaxed_dot(c, o); break;
  case OP_i32x4_relaxed_dot_i8x16_i7x16_add_s: relaxed_dot_add(c, o); break;
  default: emit_float(c, o, x->kind, wm_x64_vector_row(x->kind)->opcode);
  }
}
