/* The relaxed vector rows by the machine's own instruction, where the configuration asks for it
 * (JitOptions.relaxed_fast): each gives one of the results that the specification allows (4.3.7),
 * not that of the deterministic profile. What is the same either way is not here: without FMA or
 * AVX some rows have no faster form, and trunc to u32 has none at all. Operands as in
 * x64_simd_seq.c. */
#include "jit/x64/x64_simd.h"

enum { CPU_VEX_FMA = CPU_AVX | CPU_FMA };

/* ---- multiply and add, rounded once ---- */

/* d = a * b + c, or -(a * b) + c: the form is the one that overwrites the operand in d. W makes
 * lanes of 64 bits. */
static void fused(Compile *c, const Lir *x, u32 opcode, bool wide) {
  enum { TO_231 = 0x10 }; /* from the form that overwrites a factor to that of the sum */
  void (*put)(Compile *, u32, Loc, Loc, Rm, int) = wide ? wm_x64_sse3_w : wm_x64_sse3;
  if (x->d != x->c && (x->d == x->a || x->d == x->b)) {
    put(c, opcode, x->d, x->d == x->a ? x->b : x->a, rm_reg(x->c), -1);
    return;
  }
  wm_x64_movaps(c, x->d, x->c);
  put(c, opcode + TO_231, x->d, x->a, rm_reg(x->b), -1);
}

static bool multiply_add(Compile *c, const Lir *x) {
  enum { VFMADD213 = 0x660F38A8, VFNMADD213 = 0x660F38AC };
  if ((c->options.cpu & CPU_VEX_FMA) != CPU_VEX_FMA) return false;
  switch (x->kind) {
  case OP_f32x4_relaxed_madd: fused(c, x, VFMADD213, false); return true;
  case OP_f64x2_relaxed_madd: fused(c, x, VFMADD213, true); return true;
  case OP_f32x4_relaxed_nmadd: fused(c, x, VFNMADD213, false); return true;
  case OP_f64x2_relaxed_nmadd: fused(c, x, VFNMADD213, true); return true;
  default: return false;
  }
}

/* ---- lanes ---- */

/* By the top bit of each lane of c; words by that of each byte, which the specification allows. */
static bool select_lanes(Compile *c, const Lir *x) {
  u32 opcode = x->kind == OP_i32x4_relaxed_laneselect   ? VBLENDVPS
               : x->kind == OP_i64x2_relaxed_laneselect ? VBLENDVPD
                                                        : VPBLENDVB;
  if (!has_avx(c)) return false;
  vec3_imm(c, opcode, x->d, x->b, x->a, (int)(x->c & 15) << 4);
  return true;
}

/* ---- integers ---- */

/* pmaddubsw takes its first operand unsigned: that is b, whose top bits are 0 in what is portable.
 */
static void dot_add(Compile *c, const Lir *x) {
  vec3(c, PMADDUBSW, x->d, x->b, x->a);
  vec3_const(c, PMADDWD, x->d, x->d, splat16(1));
  vec3(c, PADDD, x->d, x->d, x->c);
}

bool wm_x64_emit_relaxed(Compile *c, const Lir *x) {
  switch (x->kind) {
  case OP_i8x16_relaxed_swizzle: vec3(c, PSHUFB, x->d, x->a, x->b); return true;
  case OP_i8x16_relaxed_laneselect:
  case OP_i16x8_relaxed_laneselect:
  case OP_i32x4_relaxed_laneselect:
  case OP_i64x2_relaxed_laneselect: return select_lanes(c, x);
  case OP_i16x8_relaxed_q15mulr_s: vec3(c, PMULHRSW, x->d, x->a, x->b); return true;
  case OP_i16x8_relaxed_dot_i8x16_i7x16_s: vec3(c, PMADDUBSW, x->d, x->b, x->a); return true;
  case OP_i32x4_relaxed_dot_i8x16_i7x16_add_s: dot_add(c, x); return true;
  case OP_i32x4_relaxed_trunc_f32x4_s: vec2(c, CVTTPS2DQ, x->d, x->a); return true;
  case OP_i32x4_relaxed_trunc_f64x2_s_zero: vec2(c, CVTTPD2DQ, x->d, x->a); return true;
  case OP_f32x4_relaxed_min: vec3(c, MINPS, x->d, x->a, x->b); return true;
  case OP_f64x2_relaxed_min: vec3(c, MINPS | F64, x->d, x->a, x->b); return true;
  case OP_f32x4_relaxed_max: vec3(c, MAXPS, x->d, x->a, x->b); return true;
  case OP_f64x2_relaxed_max: vec3(c, MAXPS | F64, x->d, x->a, x->b); return true;
  default: return multiply_add(c, x);
  }
}
