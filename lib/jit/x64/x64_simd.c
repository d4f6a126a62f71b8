/* Emission of the vector instructions (x64_simd.h): loads and stores, lanes, shifts, tests, and
 * the rows of one instruction. Those of several are in x64_simd_seq.c, shuffles in
 * x64_shuffle.c. */
#include "jit/x64/x64_simd.h"
#include "jit/x64/x64_emit.h"

/* ---- constants ---- */

void wm_x64_vector_const(Compile *c, Loc d, u32 index) {
  V128 v = c->vectors.data[index];
  if ((v.u64x2[0] | v.u64x2[1]) == 0)
    vec_zero(c, d);
  else if ((v.u64x2[0] & v.u64x2[1]) == UINT64_MAX)
    vec_ones(c, d);
  else
    wm_x64_sse2(c, MOVUPS, d, rm_vector(index), -1);
}

/* ---- loads and stores ---- */

/* d = its lowest byte (word) in each lane; uses xmm15. */
static void splat_lowest(Compile *c, Loc d, u32 bytes) {
  if (has_avx2(c)) {
    vec2(c, bytes == 1 ? VPBROADCASTB : VPBROADCASTW, d, d);
  } else if (bytes == 1) {
    vec_zero(c, X15);
    vec3(c, PSHUFB, d, d, X15);
  } else {
    vec2_imm(c, PSHUFLW, d, d, 0);
    vec2_imm(c, PSHUFD, d, d, 0);
  }
}

static void load_splat(Compile *c, Loc d, Rm m, u32 bytes) {
  if (bytes == 4) {
    wm_x64_sse2(c, has_avx(c) ? VBROADCASTSS : MOVSS, d, m, -1);
    if (!has_avx(c)) vec3_imm(c, SHUFPS, d, d, d, 0);
  } else if (has_avx2(c)) {
    wm_x64_sse2(c, bytes == 1 ? VPBROADCASTB : VPBROADCASTW, d, m, -1);
  } else {
    wm_x64_op(c, 4, bytes == 1 ? 0x0FB6 : 0x0FB7, R11, m, false, 0);
    vec2(c, MOVD, d, R11);
    splat_lowest(c, d, bytes);
  }
}

static void emit_load(Compile *c, const Lir *x, const VectorRow *row) {
  Rm m = wm_x64_memory(c, x);
  if (row->form == FORM_LOAD)
    wm_x64_sse2(c, row->opcode, x->d, m, -1);
  else
    load_splat(c, x->d, m, wm_op_info[x->kind].access_bytes);
}

static void emit_store_lane(Compile *c, const Lir *x, const VectorRow *row) {
  Rm m = wm_x64_memory(c, x);
  bool is_half = x->kind == OP_v128_store64_lane;
  if (is_half)
    wm_x64_sse_store(c, x->imm ? MOVHPS_STORE : MOVLPS_STORE, x->a, m, -1);
  else if (row->opcode == PEXTRD && !x->imm)
    wm_x64_sse_store(c, MOVSS_STORE, x->a, m, -1);
  else
    wm_x64_sse_store(c, row->opcode, x->a, m, (int)x->imm);
}

/* ---- rows of one instruction ---- */

/* The NaN lanes of d become the canonical one. */
static void canonicalise(Compile *c, Loc d, bool is_f64) {
  u64 nan = is_f64 ? UINT64_C(0x7FF8000000000000) : splat32(0x7FC00000);
  vec3_imm(c, is_f64 ? CMPPS | F64 : CMPPS, X14, d, d, CMP_UNORD);
  vec_const(c, X15, nan, nan);
  vec3(c, PAND, X15, X15, X14);
  vec3(c, PANDN, X14, X14, d);
  vec3(c, POR, d, X14, X15);
}

/* Of the wasm row's result, by its name f32x4_... or f64x2_... */
static bool has_f64_lanes(u16 kind) { return wm_op_text(kind)[1] == '6'; }

static void finish(Compile *c, const Lir *x, const VectorRow *row) {
  if ((row->traits & MAKES_NAN) && c->options.canonical_nan)
    canonicalise(c, x->d, has_f64_lanes(x->kind));
}

static void invert(Compile *c, Loc d) {
  vec_ones(c, X15);
  vec3(c, PXOR, d, d, X15);
}

static void emit_binary(Compile *c, const Lir *x, const VectorRow *row) {
  Rm b = x64_source_b(c, x);
  Loc a = x->a;
  if ((row->traits & COMMUTES) && b.kind == RM_REG && x->b == x->d) {
    b = rm_reg(a);
    a = x->d;
  }
  wm_x64_sse3(c, row->opcode, x->d, a, b, row->imm);
  if (row->form == FORM_NOT || row->form == FORM_SWAPPED_NOT) invert(c, x->d);
}

static void emit_compare(Compile *c, const Lir *x, const VectorRow *row) {
  wm_x64_sse3(c, row->opcode, x->d, x->a, x64_source_b(c, x), -1);
  vec3(c, 0x660F00 | (u8)row->imm, x->d, x->d, x->a);
  if (row->form == FORM_IS_NOT_A) invert(c, x->d);
}

static void emit_unary(Compile *c, const Lir *x, const VectorRow *row) {
  Rm a = x->mem ? wm_x64_memory(c, x) : wm_x64_loc(c, x->a);
  switch (row->form) {
  case FORM_FROM_ZERO: vec_zero(c, X14); break;
  case FORM_FROM_ONES: vec_ones(c, X14); break;
  case FORM_HIGH:
    wm_x64_sse2(c, PSHUFD, x->d, a, HIGH_HALF);
    vec2(c, row->opcode, x->d, x->d);
    return;
  default: wm_x64_sse2(c, row->opcode, x->d, a, row->imm); return;
  }
  wm_x64_sse3(c, row->opcode, x->d, X14, a, -1);
}

/* ---- lanes ---- */

/* An integer operand does not share its number with d here: d holds the vector before. */
static void insert_part(Compile *c, const Lir *x, u32 opcode, int imm) {
  if (!has_avx(c)) wm_x64_movaps(c, x->d, x->a);
  wm_x64_sse3(c, opcode, x->d, has_avx(c) ? x->a : x->d, x64_source_b(c, x), imm);
}

/* The half of d given by imm = the low half of xmm register b, or memory. */
static void insert_half(Compile *c, const Lir *x, Rm b) {
  u32 low = b.kind == RM_REG ? MOVSD : MOVLPS;
  wm_x64_sse3(c, x->imm ? MOVHPS : low, x->d, x->a, b, -1);
}

static void emit_insert(Compile *c, const Lir *x, const VectorRow *row) {
  Rm b = x64_source_b(c, x);
  switch (x->kind) {
  case OP_i64x2_replace_lane:
    if (b.kind == RM_REG) {
      wm_x64_sse2_w(c, MOVD, X15, b);
      b = rm_reg(X15);
    }
    insert_half(c, x, b);
    break;
  case OP_f64x2_replace_lane:
  case OP_v128_load64_lane: insert_half(c, x, b); break;
  case OP_f32x4_replace_lane: wm_x64_sse3(c, INSERTPS, x->d, x->a, b, (int)x->imm << 4); break;
  default: insert_part(c, x, row->opcode, (int)x->imm);
  }
}

/* d = d's lowest byte (word), sign-extended. */
static void extend_lowest(Compile *c, Loc d, u32 opcode) {
  wm_x64_op(c, 4, opcode, d, rm_reg(d), opcode == 0x0FBE, 0);
}

static void extract_i64(Compile *c, Loc d, Loc a, u32 lane) {
  if (lane) vec2_imm(c, PSHUFD, X15, a, HIGH_HALF);
  wm_x64_sse2_w(c, MOVD_STORE, lane ? X15 : a, rm_reg(d));
}

static void emit_extract(Compile *c, const Lir *x) {
  int lane = (int)x->imm;
  Rm d = rm_reg(x->d);
  switch (x->kind) {
  case OP_i8x16_extract_lane_s:
  case OP_i8x16_extract_lane_u:
    wm_x64_sse_store(c, PEXTRB, x->a, d, lane);
    if (x->kind == OP_i8x16_extract_lane_s) extend_lowest(c, x->d, 0x0FBE);
    break;
  case OP_i16x8_extract_lane_s:
  case OP_i16x8_extract_lane_u:
    vec2_imm(c, PEXTRW, x->d, x->a, lane);
    if (x->kind == OP_i16x8_extract_lane_s) extend_lowest(c, x->d, 0x0FBF);
    break;
  case OP_i32x4_extract_lane:
    if (lane)
      wm_x64_sse_store(c, PEXTRD, x->a, d, lane);
    else
      wm_x64_sse_store(c, MOVD_STORE, x->a, d, -1);
    break;
  case OP_i64x2_extract_lane: extract_i64(c, x->d, x->a, (u32)lane); break;
  case OP_f32x4_extract_lane:
    if (lane)
      vec2_imm(c, PSHUFD, x->d, x->a, lane);
    else
      wm_x64_movaps(c, x->d, x->a);
    break;
  default: /* f64x2 */
    if (lane)
      vec2_imm(c, PSHUFD, x->d, x->a, HIGH_HALF);
    else
      wm_x64_movaps(c, x->d, x->a);
  }
}

static void splat_f32(Compile *c, Loc d, Rm a) {
  if (a.kind != RM_REG)
    load_splat(c, d, a, 4);
  else
    wm_x64_sse2(c, PSHUFD, d, a, 0);
}

static void emit_splat(Compile *c, const Lir *x) {
  Rm a = wm_x64_loc(c, x->a);
  switch (x->kind) {
  case OP_f32x4_splat: splat_f32(c, x->d, a); break;
  case OP_f64x2_splat: wm_x64_sse2(c, MOVDDUP, x->d, a, -1); break;
  case OP_i64x2_splat:
    if (a.kind == RM_REG) {
      wm_x64_sse2_w(c, MOVD, x->d, a);
      vec3(c, PUNPCKLQDQ, x->d, x->d, x->d);
    } else {
      wm_x64_sse2(c, MOVDDUP, x->d, a, -1);
    }
    break;
  case OP_i32x4_splat:
    if (a.kind == RM_REG) wm_x64_sse2(c, MOVD, x->d, a, -1);
    splat_f32(c, x->d, a.kind == RM_REG ? rm_reg(x->d) : a);
    break;
  default:
    wm_x64_sse2(c, MOVD, x->d, a, -1);
    splat_lowest(c, x->d, x->kind == OP_i8x16_splat ? 1 : 2);
  }
}

/* ---- shifts ---- */

/* Bytes: words are shifted, and what came in from the neighbour is cleared. */
static void shift_bytes_imm(Compile *c, const Lir *x, const VectorRow *row) {
  u32 n = (u32)x->imm;
  if (x->kind != OP_i8x16_shr_s) {
    u32 mask = x->kind == OP_i8x16_shl ? 0xFFu << n : 0xFFu >> n;
    vec_shift(c, row->opcode, x->d, x->a, n);
    vec3_const(c, PAND, x->d, x->d, splat8(mask));
    return;
  }
  vec3(c, PUNPCKHBW, X14, x->a, x->a);
  vec_shift(c, PSRAW, X14, X14, n + 8);
  vec3(c, PUNPCKLBW, x->d, x->a, x->a);
  vec_shift(c, PSRAW, x->d, x->d, n + 8);
  vec3(c, PACKSSWB, x->d, x->d, X14);
}

/* The upper halves of the lanes come from an arithmetic shift of 32-bit lanes. */
static void shift_i64_signed_imm(Compile *c, Loc d, Loc a, u32 n) {
  enum { UPPER_HALVES = 0xCC, UPPER_TWICE = 0xF5 };
  vec_shift(c, PSRAD, X14, a, n < 32 ? n : 31);
  if (n < 32) {
    vec_shift(c, PSRLQ, d, a, n);
  } else {
    vec_shift(c, PSRAD, d, a, n - 32);
    vec2_imm(c, PSHUFD, d, d, UPPER_TWICE);
  }
  vec3_imm(c, PBLENDW, d, d, X14, UPPER_HALVES);
}

/* All bits are the sign. */
static void sign_lanes(Compile *c, Loc d, Loc a, u32 compare) {
  vec_zero(c, X14);
  vec3(c, compare, d, X14, a);
}

static void emit_shift_imm(Compile *c, const Lir *x, const VectorRow *row) {
  u32 n = (u32)x->imm;
  if (!n)
    wm_x64_movaps(c, x->d, x->a);
  else if (x->kind == OP_i8x16_shr_s && n == 7)
    sign_lanes(c, x->d, x->a, PCMPGTB);
  else if (x->kind == OP_i64x2_shr_s && n == 63)
    sign_lanes(c, x->d, x->a, PCMPGTQ);
  else if (x->kind == OP_i64x2_shr_s)
    shift_i64_signed_imm(c, x->d, x->a, n);
  else if (row->imm == 7)
    shift_bytes_imm(c, x, row);
  else
    vec_shift(c, row->opcode, x->d, x->a, n);
}

/* xmm15 = (b & mask) + more. */
static void shift_count(Compile *c, const Lir *x, u32 mask, u32 more) {
  wm_x64_op(c, 4, 0x8B, R11, wm_x64_loc(c, x->b), false, 0);
  wm_x64_alu_imm(c, 4, ALU_AND, rm_reg(R11), (i32)mask);
  if (more) wm_x64_alu_imm(c, 4, ALU_ADD, rm_reg(R11), (i32)more);
  vec2(c, MOVD, X15, R11);
}

/* What the shift makes of words of ones is the mask: its low byte for shl, its high one for
 * shr_u. */
static void shift_bytes(Compile *c, const Lir *x, const VectorRow *row) {
  shift_count(c, x, 7, 0);
  vec3(c, row->opcode, x->d, x->a, X15);
  vec_ones(c, X14);
  vec3(c, row->opcode, X14, X14, X15);
  if (x->kind == OP_i8x16_shr_u) vec_shift(c, PSRLW, X14, X14, 8);
  vec_zero(c, X15);
  vec3(c, PSHUFB, X14, X14, X15);
  vec3(c, PAND, x->d, x->d, X14);
}

static void shift_bytes_signed(Compile *c, const Lir *x) {
  shift_count(c, x, 7, 8);
  vec3(c, PUNPCKHBW, X14, x->a, x->a);
  vec3(c, PSRAW, X14, X14, X15);
  vec3(c, PUNPCKLBW, x->d, x->a, x->a);
  vec3(c, PSRAW, x->d, x->d, X15);
  vec3(c, PACKSSWB, x->d, x->d, X14);
}

/* With s the sign bit's new place: (a >> n ^ s) - s. */
static void shift_i64_signed(Compile *c, const Lir *x) {
  shift_count(c, x, 63, 0);
  vec_ones(c, X14);
  vec_shift(c, PSLLQ, X14, X14, 63);
  vec3(c, PSRLQ, X14, X14, X15);
  vec3(c, PSRLQ, x->d, x->a, X15);
  vec3(c, PXOR, x->d, x->d, X14);
  vec3(c, PSUBQ, x->d, x->d, X14);
}

static void emit_shift(Compile *c, const Lir *x, const VectorRow *row) {
  switch (x->kind) {
  case OP_i8x16_shl:
  case OP_i8x16_shr_u: shift_bytes(c, x, row); break;
  case OP_i8x16_shr_s: shift_bytes_signed(c, x); break;
  case OP_i64x2_shr_s: shift_i64_signed(c, x); break;
  default: shift_count(c, x, (u8)row->imm, 0); vec3(c, row->opcode, x->d, x->a, X15);
  }
}

/* ---- tests ---- */

/* Of the lanes that are zero none is: then ptest finds no bit. */
static void emit_any_or_all(Compile *c, const Lir *x, const VectorRow *row) {
  Loc tested = x->a;
  if (row->opcode) {
    vec_zero(c, X15);
    vec3(c, row->opcode, X15, X15, x->a);
    tested = X15;
  }
  wm_x64_op(c, 4, 0x31, x->d, rm_reg(x->d), false, 0);
  vec2(c, PTEST, tested, tested);
  wm_x64_op(c, 4, 0x0F90 | (row->opcode ? CC_E : CC_NE), 0, rm_reg(x->d), true, 0);
}

static void emit_bitmask(Compile *c, const Lir *x, const VectorRow *row) {
  Loc from = x->a;
  if (x->kind == OP_i16x8_bitmask) { /* to bytes, the upper ones 0 */
    vec_zero(c, X15);
    vec3(c, PACKSSWB, X14, x->a, X15);
    from = X14;
  }
  vec2(c, row->opcode, x->d, from);
}

static void emit_test(Compile *c, const Lir *x, const VectorRow *row) {
  switch (x->kind) {
  case OP_i8x16_bitmask:
  case OP_i16x8_bitmask:
  case OP_i32x4_bitmask:
  case OP_i64x2_bitmask: emit_bitmask(c, x, row); break;
  default: emit_any_or_all(c, x, row);
  }
}

/* ---- all ---- */

static void emit_row(Compile *c, const Lir *x, const VectorRow *row) {
  switch (x->op) {
  case LIR_LOAD: emit_load(c, x, row); return;
  case LIR_STORE: wm_x64_sse_store(c, row->opcode, x->a, wm_x64_memory(c, x), -1); return;
  case LIR_VSTORE_LANE: emit_store_lane(c, x, row); return;
  case LIR_VBINARY: emit_binary(c, x, row); break;
  case LIR_VCOMPARE: emit_compare(c, x, row); return;
  case LIR_VUNARY: emit_unary(c, x, row); break;
  case LIR_VSEQUENCE:
  case LIR_VSEQUENCE_LATE: wm_x64_emit_sequence(c, x); break;
  case LIR_VSHIFT: emit_shift(c, x, row); return;
  case LIR_VSHIFTI: emit_shift_imm(c, x, row); return;
  case LIR_VINSERT: emit_insert(c, x, row); return;
  case LIR_VEXTRACT: emit_extract(c, x); return;
  case LIR_VSPLAT: emit_splat(c, x); return;
  case LIR_VTEST: emit_test(c, x, row); return;
  default: break;
  }
  finish(c, x, row);
}

bool wm_x64_emit_vector(Compile *c, const Lir *x) {
  if (x->op == LIR_VCONST) {
    wm_x64_vector_const(c, x->d, (u32)x->imm);
    return true;
  }
  if (x->op == LIR_VSHUFFLE) {
    wm_x64_emit_shuffle(c, x);
    return true;
  }
  const VectorRow *row = wm_x64_vector_row(x->kind);
  if (!row || x->op == LIR_CALL_MEANING) return false;
  emit_row(c, x, row);
  return true;
}
