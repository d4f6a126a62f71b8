/* What a relaxed vector row gives by the machine's own instruction (jit/x64/x64_relaxed.c), said
 * without it: of the results that the specification allows, x86's. */
#ifndef WM_TESTS_RELAXED_MEANING_H
#define WM_TESTS_RELAXED_MEANING_H

#include "simd_meaning.h"

#include "jit/x64/x64_lir.h"

#include <math.h>

/* vpblendvb, vblendvps, vblendvpd: by the top bit of each group of `bytes`. */
static inline V128 by_top_bits(V128 a, V128 b, V128 mask, u32 bytes) {
  for (u32 i = 0; i < 16; i++)
    if (mask.u8x16[i / bytes * bytes + bytes - 1] >> 7) b.u8x16[i] = a.u8x16[i];
  return b;
}

static inline V128 masked_swizzle(V128 a, V128 b) {
  V128 r;
  for (u32 i = 0; i < 16; i++) r.u8x16[i] = b.u8x16[i] >> 7 ? 0 : a.u8x16[b.u8x16[i] & 15];
  return r;
}

static inline V128 fused_f32(V128 a, V128 b, V128 c, f32 sign) {
  for (u32 i = 0; i < 4; i++) c.f32x4[i] = fmaf(sign * a.f32x4[i], b.f32x4[i], c.f32x4[i]);
  return c;
}
static inline V128 fused_f64(V128 a, V128 b, V128 c, f64 sign) {
  for (u32 i = 0; i < 2; i++) c.f64x2[i] = fma(sign * a.f64x2[i], b.f64x2[i], c.f64x2[i]);
  return c;
}

/* The second operand wherever it is not clear. */
static inline V128 chosen_f32(V128 a, V128 b, bool max) {
  for (u32 i = 0; i < 4; i++)
    if (max ? a.f32x4[i] > b.f32x4[i] : a.f32x4[i] < b.f32x4[i]) b.f32x4[i] = a.f32x4[i];
  return b;
}
static inline V128 chosen_f64(V128 a, V128 b, bool max) {
  for (u32 i = 0; i < 2; i++)
    if (max ? a.f64x2[i] > b.f64x2[i] : a.f64x2[i] < b.f64x2[i]) b.f64x2[i] = a.f64x2[i];
  return b;
}

/* What does not fit is INT32_MIN. */
static inline u32 indefinite(f64 v) {
  return v > -2147483649.0 && v < 2147483648.0 ? (u32)(i32)v : 0x80000000;
}
static inline V128 truncated(V128 a, bool is_f64) {
  V128 r = {.u64x2 = {0, 0}};
  for (u32 i = 0; i < (is_f64 ? 2 : 4); i++)
    r.u32x4[i] = indefinite(is_f64 ? a.f64x2[i] : (f64)a.f32x4[i]);
  return r;
}

static inline i32 saturated(i32 v) { return v > 32767 ? 32767 : v < -32768 ? -32768 : v; }
/* a signed, b unsigned. */
static inline V128 mixed_dot(V128 a, V128 b) {
  V128 r;
  for (u32 i = 0; i < 8; i++)
    r.i16x8[i] =
        (i16)saturated(a.i8x16[2 * i] * b.u8x16[2 * i] + a.i8x16[2 * i + 1] * b.u8x16[2 * i + 1]);
  return r;
}

static inline V128 rounded_q15(V128 a, V128 b) {
  for (u32 i = 0; i < 8; i++) a.u16x8[i] = (u16)((u32)(a.i16x8[i] * b.i16x8[i] + 0x4000) >> 15);
  return a;
}

static inline V128 fast_meaning(u16 kind, const V128 *in, u32 cpu) {
  V128 a = in[0], b = in[1], c = in[2];
  bool fused = (cpu & CPU_FMA) != 0, blends = (cpu & CPU_AVX) != 0;
  switch (kind) {
  case OP_i8x16_relaxed_swizzle: return masked_swizzle(a, b);
  case OP_i8x16_relaxed_laneselect:
  case OP_i16x8_relaxed_laneselect:
    return blends ? by_top_bits(a, b, c, 1) : pure_meaning(kind, in);
  case OP_i32x4_relaxed_laneselect:
    return blends ? by_top_bits(a, b, c, 4) : pure_meaning(kind, in);
  case OP_i64x2_relaxed_laneselect:
    return blends ? by_top_bits(a, b, c, 8) : pure_meaning(kind, in);
  case OP_f32x4_relaxed_madd: return fused ? fused_f32(a, b, c, 1) : pure_meaning(kind, in);
  case OP_f32x4_relaxed_nmadd: return fused ? fused_f32(a, b, c, -1) : pure_meaning(kind, in);
  case OP_f64x2_relaxed_madd: return fused ? fused_f64(a, b, c, 1) : pure_meaning(kind, in);
  case OP_f64x2_relaxed_nmadd: return fused ? fused_f64(a, b, c, -1) : pure_meaning(kind, in);
  case OP_f32x4_relaxed_min:
  case OP_f32x4_relaxed_max: return chosen_f32(a, b, kind == OP_f32x4_relaxed_max);
  case OP_f64x2_relaxed_min:
  case OP_f64x2_relaxed_max: return chosen_f64(a, b, kind == OP_f64x2_relaxed_max);
  case OP_i32x4_relaxed_trunc_f32x4_s: return truncated(a, false);
  case OP_i32x4_relaxed_trunc_f64x2_s_zero: return truncated(a, true);
  case OP_i16x8_relaxed_q15mulr_s: return rounded_q15(a, b);
  case OP_i16x8_relaxed_dot_i8x16_i7x16_s: return mixed_dot(a, b);
  case OP_i32x4_relaxed_dot_i8x16_i7x16_add_s:
    return op_i32x4_add(op_i32x4_extadd_pairwise_i16x8_s(mixed_dot(a, b)), c);
  default: return pure_meaning(kind, in);
  }
}

#endif
