/* The meaning of every scalar numeric instruction (spec 4.3): op_<id> for each PURE and TRAPS row
 * of wasm/opcodes.def that has no v128 operand; the v128 ones are in runtime/simd.h.
 *
 *   PURE    result op_<id>(a, b)                   i -> u32, l -> u64, f -> f32, d -> f64, s ->
 * V128 TRAPS   TrapCode op_<id>(a, b, &result)        result is written only with TRAP_NONE
 *
 * Integers travel unsigned; signed instructions cast inside. A NaN that arithmetic makes is
 * whatever the machine makes of it, always quiet. The results assume the default floating-point
 * environment (round to nearest, no flush to zero) and code compiled with -ffp-contract=off, so
 * that a product and a sum are rounded one by one; -fno-math-errno makes a square root one machine
 * instruction. */
#ifndef WM_RUNTIME_NUMERIC_H
#define WM_RUNTIME_NUMERIC_H

#include "base/base.h"
#include "wasm/trap.h"

/* ---- i32 (spec 4.3.2) ---- */

static inline u32 op_i32_clz(u32 a) { return a ? (u32)__builtin_clz(a) : 32; }
static inline u32 op_i32_ctz(u32 a) { return a ? (u32)__builtin_ctz(a) : 32; }
static inline u32 op_i32_popcnt(u32 a) { return (u32)__builtin_popcount(a); }

static inline u32 op_i32_add(u32 a, u32 b) { return a + b; }
static inline u32 op_i32_sub(u32 a, u32 b) { return a - b; }
static inline u32 op_i32_mul(u32 a, u32 b) { return a * b; }
static inline u32 op_i32_and(u32 a, u32 b) { return a & b; }
static inline u32 op_i32_or(u32 a, u32 b) { return a | b; }
static inline u32 op_i32_xor(u32 a, u32 b) { return a ^ b; }
static inline u32 op_i32_shl(u32 a, u32 b) { return a << (b & 31); }
static inline u32 op_i32_shr_s(u32 a, u32 b) { return (u32)((i32)a >> (b & 31)); }
static inline u32 op_i32_shr_u(u32 a, u32 b) { return a >> (b & 31); }
static inline u32 op_i32_rotl(u32 a, u32 b) { return a << (b & 31) | a >> (-b & 31); }
static inline u32 op_i32_rotr(u32 a, u32 b) { return a >> (b & 31) | a << (-b & 31); }

static inline TrapCode op_i32_div_s(u32 a, u32 b, u32 *result) {
  if (UNLIKELY(b == 0)) return TRAP_INT_DIV_BY_ZERO;
  if (UNLIKELY(a == 0x80000000u && b == UINT32_MAX)) return TRAP_INT_OVERFLOW;
  *result = (u32)((i32)a / (i32)b);
  return TRAP_NONE;
}

static inline TrapCode op_i32_div_u(u32 a, u32 b, u32 *result) {
  if (UNLIKELY(b == 0)) return TRAP_INT_DIV_BY_ZERO;
  *result = a / b;
  return TRAP_NONE;
}

static inline TrapCode op_i32_rem_s(u32 a, u32 b, u32 *result) {
  if (UNLIKELY(b == 0)) return TRAP_INT_DIV_BY_ZERO;
  /* The quotient of the least number by -1 does not fit, the remainder is 0 as for any other. */
  *result = b == UINT32_MAX ? 0 : (u32)((i32)a % (i32)b);
  return TRAP_NONE;
}

static inline TrapCode op_i32_rem_u(u32 a, u32 b, u32 *result) {
  if (UNLIKELY(b == 0)) return TRAP_INT_DIV_BY_ZERO;
  *result = a % b;
  return TRAP_NONE;
}

static inline u32 op_i32_eqz(u32 a) { return a == 0; }
static inline u32 op_i32_eq(u32 a, u32 b) { return a == b; }
static inline u32 op_i32_ne(u32 a, u32 b) { return a != b; }
static inline u32 op_i32_lt_s(u32 a, u32 b) { return (i32)a < (i32)b; }
static inline u32 op_i32_lt_u(u32 a, u32 b) { return a < b; }
static inline u32 op_i32_gt_s(u32 a, u32 b) { return (i32)a > (i32)b; }
static inline u32 op_i32_gt_u(u32 a, u32 b) { return a > b; }
static inline u32 op_i32_le_s(u32 a, u32 b) { return (i32)a <= (i32)b; }
static inline u32 op_i32_le_u(u32 a, u32 b) { return a <= b; }
static inline u32 op_i32_ge_s(u32 a, u32 b) { return (i32)a >= (i32)b; }
static inline u32 op_i32_ge_u(u32 a, u32 b) { return a >= b; }

static inline u32 op_i32_extend8_s(u32 a) { return (u32)(i8)a; }
static inline u32 op_i32_extend16_s(u32 a) { return (u32)(i16)a; }
static inline u32 op_i32_wrap_i64(u64 a) { return (u32)a; }

/* ---- i64 (spec 4.3.2) ---- */

static inline u64 op_i64_clz(u64 a) { return a ? (u64)__builtin_clzll(a) : 64; }
static inline u64 op_i64_ctz(u64 a) { return a ? (u64)__builtin_ctzll(a) : 64; }
static inline u64 op_i64_popcnt(u64 a) { return (u64)__builtin_popcountll(a); }

static inline u64 op_i64_add(u64 a, u64 b) { return a + b; }
static inline u64 op_i64_sub(u64 a, u64 b) { return a - b; }
static inline u64 op_i64_mul(u64 a, u64 b) { return a * b; }
static inline u64 op_i64_and(u64 a, u64 b) { return a & b; }
static inline u64 op_i64_or(u64 a, u64 b) { return a | b; }
static inline u64 op_i64_xor(u64 a, u64 b) { return a ^ b; }
static inline u64 op_i64_shl(u64 a, u64 b) { return a << (b & 63); }
static inline u64 op_i64_shr_s(u64 a, u64 b) { return (u64)((i64)a >> (b & 63)); }
static inline u64 op_i64_shr_u(u64 a, u64 b) { return a >> (b & 63); }
static inline u64 op_i64_rotl(u64 a, u64 b) { return a << (b & 63) | a >> (-b & 63); }
static inline u64 op_i64_rotr(u64 a, u64 b) { return a >> (b & 63) | a << (-b & 63); }

static inline TrapCode op_i64_div_s(u64 a, u64 b, u64 *result) {
  if (UNLIKELY(b == 0)) return TRAP_INT_DIV_BY_ZERO;
  if (UNLIKELY(a == UINT64_C(1) << 63 && b == UINT64_MAX)) return TRAP_INT_OVERFLOW;
  *result = (u64)((i64)a / (i64)b);
  return TRAP_NONE;
}

static inline TrapCode op_i64_div_u(u64 a, u64 b, u64 *result) {
  if (UNLIKELY(b == 0)) return TRAP_INT_DIV_BY_ZERO;
  *result = a / b;
  return TRAP_NONE;
}

static inline TrapCode op_i64_rem_s(u64 a, u64 b, u64 *result) {
  if (UNLIKELY(b == 0)) return TRAP_INT_DIV_BY_ZERO;
  *result = b == UINT64_MAX ? 0 : (u64)((i64)a % (i64)b);
  return TRAP_NONE;
}

static inline TrapCode op_i64_rem_u(u64 a, u64 b, u64 *result) {
  if (UNLIKELY(b == 0)) return TRAP_INT_DIV_BY_ZERO;
  *result = a % b;
  return TRAP_NONE;
}

static inline u32 op_i64_eqz(u64 a) { return a == 0; }
static inline u32 op_i64_eq(u64 a, u64 b) { return a == b; }
static inline u32 op_i64_ne(u64 a, u64 b) { return a != b; }
static inline u32 op_i64_lt_s(u64 a, u64 b) { return (i64)a < (i64)b; }
static inline u32 op_i64_lt_u(u64 a, u64 b) { return a < b; }
static inline u32 op_i64_gt_s(u64 a, u64 b) { return (i64)a > (i64)b; }
static inline u32 op_i64_gt_u(u64 a, u64 b) { return a > b; }
static inline u32 op_i64_le_s(u64 a, u64 b) { return (i64)a <= (i64)b; }
static inline u32 op_i64_le_u(u64 a, u64 b) { return a <= b; }
static inline u32 op_i64_ge_s(u64 a, u64 b) { return (i64)a >= (i64)b; }
static inline u32 op_i64_ge_u(u64 a, u64 b) { return a >= b; }

static inline u64 op_i64_extend8_s(u64 a) { return (u64)(i8)a; }
static inline u64 op_i64_extend16_s(u64 a) { return (u64)(i16)a; }
static inline u64 op_i64_extend32_s(u64 a) { return (u64)(i32)a; }
static inline u64 op_i64_extend_i32_s(u32 a) { return (u64)(i32)a; }
static inline u64 op_i64_extend_i32_u(u32 a) { return a; }

/* ---- floats (spec 4.3.3) ----
 * abs, neg and copysign touch the sign bit only, also of a signalling NaN: the builtins are defined
 * so and compile to one bit operation on a float register. */

static inline f32 op_f32_abs(f32 a) { return __builtin_fabsf(a); }
static inline f32 op_f32_neg(f32 a) { return -a; }
static inline f32 op_f32_copysign(f32 a, f32 b) { return __builtin_copysignf(a, b); }
static inline f32 op_f32_sqrt(f32 a) { return __builtin_sqrtf(a); }
static inline f32 op_f32_add(f32 a, f32 b) { return a + b; }
static inline f32 op_f32_sub(f32 a, f32 b) { return a - b; }
static inline f32 op_f32_mul(f32 a, f32 b) { return a * b; }

static inline f64 op_f64_abs(f64 a) { return __builtin_fabs(a); }
static inline f64 op_f64_neg(f64 a) { return -a; }
static inline f64 op_f64_copysign(f64 a, f64 b) { return __builtin_copysign(a, b); }
static inline f64 op_f64_sqrt(f64 a) { return __builtin_sqrt(a); }
static inline f64 op_f64_add(f64 a, f64 b) { return a + b; }
static inline f64 op_f64_sub(f64 a, f64 b) { return a - b; }
static inline f64 op_f64_mul(f64 a, f64 b) { return a * b; }

/* Division by zero is defined by IEEE 754; sanitizers that follow C's letter are told so. */
#define IEEE_DIVISION __attribute__((no_sanitize("float-divide-by-zero")))
#if !defined(__clang__)
#undef IEEE_DIVISION
#define IEEE_DIVISION
#endif
IEEE_DIVISION static inline f32 op_f32_div(f32 a, f32 b) { return a / b; }
IEEE_DIVISION static inline f64 op_f64_div(f64 a, f64 b) { return a / b; }
