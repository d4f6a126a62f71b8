/* The meaning of every scalar numeric instruction (spec 4.3): op_<id> for each PURE and TRAPS row
 * of wasm/opcodes.def that has no v128 operand; the v128 ones are in runtime/simd.h.
 *
 *   PURE    result op_<id>(a, b)
 *   TRAPS   TrapCode op_<id>(a, b, &result)    result is written only with TRAP_NONE
 *
 * with the signature's letters as types: i u32, l u64, f f32, d f64 (s V128).
 *
 * Integers travel unsigned; signed instructions cast inside. A NaN that arithmetic makes is
 * whatever the machine makes of it, always quiet. The results assume the default floating-point
 * environment (round to nearest, no flush to zero) and code compiled with -ffp-contract=off, so
 * that a product and a sum are rounded one by one; -fno-math-errno makes a square root one machine
 * instruction. */
#ifndef WM_RUNTIME_NUMERIC_H
#define WM_RUNTIME_NUMERIC_H

#include "base/base.h"
#include "wasm/opcode.h"
#include "wasm/trap.h"

/* ---- i32 (spec 4.3.2) ---- */

static inline u32 op_i32_clz(u32 a) { return a ? (u32)__builtin_clz(a) : 32; }
static inline u32 op_i32_ctz(u32 a) { return a ? (u32)__builtin_ctz(a) : 32; }

/* Sums of bits in pairs, nibbles and bytes, then the sum of the bytes by a product. Compilers know
 * the pattern where there is an instruction for it; elsewhere the builtin would be a call. */
static inline u32 op_i32_popcnt(u32 a) {
  a -= a >> 1 & 0x55555555u;
  a = (a & 0x33333333u) + (a >> 2 & 0x33333333u);
  return ((a + (a >> 4)) & 0x0F0F0F0Fu) * 0x01010101u >> 24;
}

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

static inline u64 op_i64_popcnt(u64 a) {
  a -= a >> 1 & UINT64_C(0x5555555555555555);
  a = (a & UINT64_C(0x3333333333333333)) + (a >> 2 & UINT64_C(0x3333333333333333));
  return ((a + (a >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F)) * UINT64_C(0x0101010101010101) >> 56;
}

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
static inline f32 op_f32_div(f32 a, f32 b) { return a / b; }

static inline f64 op_f64_abs(f64 a) { return __builtin_fabs(a); }
static inline f64 op_f64_neg(f64 a) { return -a; }
static inline f64 op_f64_copysign(f64 a, f64 b) { return __builtin_copysign(a, b); }
static inline f64 op_f64_sqrt(f64 a) { return __builtin_sqrt(a); }
static inline f64 op_f64_add(f64 a, f64 b) { return a + b; }
static inline f64 op_f64_sub(f64 a, f64 b) { return a - b; }
static inline f64 op_f64_mul(f64 a, f64 b) { return a * b; }
static inline f64 op_f64_div(f64 a, f64 b) { return a / b; }

/* `a`, and when it is a signalling NaN its quiet twin. */
static inline f32 quiet_f32(f32 a) {
  return a != a ? f32_of_bits(bits_of_f32(a) | 0x00400000u) : a;
}
static inline f64 quiet_f64(f64 a) {
  return a != a ? f64_of_bits(bits_of_f64(a) | UINT64_C(1) << 51) : a;
}

/* Of two equal operands only zeros may differ: their sign bits decide by or (min) and and (max). */
static inline f32 op_f32_min(f32 a, f32 b) {
  if (a < b) return a;
  if (a > b) return b;
  return a == b ? f32_of_bits(bits_of_f32(a) | bits_of_f32(b)) : a + b;
}

static inline f32 op_f32_max(f32 a, f32 b) {
  if (a > b) return a;
  if (a < b) return b;
  return a == b ? f32_of_bits(bits_of_f32(a) & bits_of_f32(b)) : a + b;
}

static inline f64 op_f64_min(f64 a, f64 b) {
  if (a < b) return a;
  if (a > b) return b;
  return a == b ? f64_of_bits(bits_of_f64(a) | bits_of_f64(b)) : a + b;
}

static inline f64 op_f64_max(f64 a, f64 b) {
  if (a > b) return a;
  if (a < b) return b;
  return a == b ? f64_of_bits(bits_of_f64(a) & bits_of_f64(b)) : a + b;
}

/* Rounding to an integral value without a call. From 2^23 (2^52) up every float is integral; below,
 * the value fits an integer of its width, and adding 2^23 (2^52) leaves no room for a fraction, so
 * that the machine rounds to even. copysign keeps the sign of a zero result. */
static inline bool has_fraction_f32(f32 a) { return op_f32_abs(a) < 0x1p23f; } /* false for NaN */
static inline bool has_fraction_f64(f64 a) { return op_f64_abs(a) < 0x1p52; }

static inline f32 op_f32_trunc(f32 a) {
  return has_fraction_f32(a) ? op_f32_copysign((f32)(i32)a, a) : quiet_f32(a);
}

static inline f32 op_f32_floor(f32 a) {
  if (!has_fraction_f32(a)) return quiet_f32(a);
  f32 whole = (f32)(i32)a;
  return op_f32_copysign(whole > a ? whole - 1 : whole, a);
}

static inline f32 op_f32_ceil(f32 a) {
  if (!has_fraction_f32(a)) return quiet_f32(a);
  f32 whole = (f32)(i32)a;
  return op_f32_copysign(whole < a ? whole + 1 : whole, a);
}

static inline f32 op_f32_nearest(f32 a) {
  if (!has_fraction_f32(a)) return quiet_f32(a);
  f32 shift = op_f32_copysign(0x1p23f, a);
  return op_f32_copysign((a + shift) - shift, a);
}

static inline f64 op_f64_trunc(f64 a) {
  return has_fraction_f64(a) ? op_f64_copysign((f64)(i64)a, a) : quiet_f64(a);
}

static inline f64 op_f64_floor(f64 a) {
  if (!has_fraction_f64(a)) return quiet_f64(a);
  f64 whole = (f64)(i64)a;
  return op_f64_copysign(whole > a ? whole - 1 : whole, a);
}

static inline f64 op_f64_ceil(f64 a) {
  if (!has_fraction_f64(a)) return quiet_f64(a);
  f64 whole = (f64)(i64)a;
  return op_f64_copysign(whole < a ? whole + 1 : whole, a);
}

static inline f64 op_f64_nearest(f64 a) {
  if (!has_fraction_f64(a)) return quiet_f64(a);
  f64 shift = op_f64_copysign(0x1p52, a);
  return op_f64_copysign((a + shift) - shift, a);
}

static inline u32 op_f32_eq(f32 a, f32 b) { return a == b; }
static inline u32 op_f32_ne(f32 a, f32 b) { return a != b; }
static inline u32 op_f32_lt(f32 a, f32 b) { return a < b; }
static inline u32 op_f32_gt(f32 a, f32 b) { return a > b; }
static inline u32 op_f32_le(f32 a, f32 b) { return a <= b; }
static inline u32 op_f32_ge(f32 a, f32 b) { return a >= b; }

static inline u32 op_f64_eq(f64 a, f64 b) { return a == b; }
static inline u32 op_f64_ne(f64 a, f64 b) { return a != b; }
static inline u32 op_f64_lt(f64 a, f64 b) { return a < b; }
static inline u32 op_f64_gt(f64 a, f64 b) { return a > b; }
static inline u32 op_f64_le(f64 a, f64 b) { return a <= b; }
static inline u32 op_f64_ge(f64 a, f64 b) { return a >= b; }

/* ---- conversions (spec 4.3.4) ---- */

static inline f32 op_f32_convert_i32_s(u32 a) { return (f32)(i32)a; }
static inline f32 op_f32_convert_i32_u(u32 a) { return (f32)a; }
static inline f32 op_f32_convert_i64_s(u64 a) { return (f32)(i64)a; }
static inline f32 op_f32_convert_i64_u(u64 a) { return (f32)a; }
static inline f32 op_f32_demote_f64(f64 a) { return (f32)a; }
static inline f64 op_f64_convert_i32_s(u32 a) { return (f64)(i32)a; }
static inline f64 op_f64_convert_i32_u(u32 a) { return (f64)a; }
static inline f64 op_f64_convert_i64_s(u64 a) { return (f64)(i64)a; }
static inline f64 op_f64_convert_i64_u(u64 a) { return (f64)a; }
static inline f64 op_f64_promote_f32(f32 a) { return (f64)a; }
static inline u32 op_i32_reinterpret_f32(f32 a) { return bits_of_f32(a); }
static inline u64 op_i64_reinterpret_f64(f64 a) { return bits_of_f64(a); }
static inline f32 op_f32_reinterpret_i32(u32 a) { return f32_of_bits(a); }
static inline f64 op_f64_reinterpret_i64(u64 a) { return f64_of_bits(a); }

/* Whether the integer part of `a` fits; false for NaN. The bounds are the floats that are nearest
 * to the integer type's bounds: where the one just outside is a float itself, it is excluded. */
static inline bool fits_i32_f32(f32 a) { return a >= -0x1p31f && a < 0x1p31f; }
static inline bool fits_u32_f32(f32 a) { return a > -1.0f && a < 0x1p32f; }
static inline bool fits_i32_f64(f64 a) { return a > -0x1p31 - 1 && a < 0x1p31; }
static inline bool fits_u32_f64(f64 a) { return a > -1.0 && a < 0x1p32; }
static inline bool fits_i64_f32(f32 a) { return a >= -0x1p63f && a < 0x1p63f; }
static inline bool fits_u64_f32(f32 a) { return a > -1.0f && a < 0x1p64f; }
static inline bool fits_i64_f64(f64 a) { return a >= -0x1p63 && a < 0x1p63; }
static inline bool fits_u64_f64(f64 a) { return a > -1.0 && a < 0x1p64; }

static inline TrapCode trunc_trap(bool is_nan) {
  return is_nan ? TRAP_INVALID_CONVERSION : TRAP_INT_OVERFLOW;
}

static inline TrapCode op_i32_trunc_f32_s(f32 a, u32 *result) {
  if (UNLIKELY(!fits_i32_f32(a))) return trunc_trap(a != a);
  *result = (u32)(i32)a;
  return TRAP_NONE;
}

static inline TrapCode op_i32_trunc_f32_u(f32 a, u32 *result) {
  if (UNLIKELY(!fits_u32_f32(a))) return trunc_trap(a != a);
  *result = (u32)a;
  return TRAP_NONE;
}

static inline TrapCode op_i32_trunc_f64_s(f64 a, u32 *result) {
  if (UNLIKELY(!fits_i32_f64(a))) return trunc_trap(a != a);
  *result = (u32)(i32)a;
  return TRAP_NONE;
}

static inline TrapCode op_i32_trunc_f64_u(f64 a, u32 *result) {
  if (UNLIKELY(!fits_u32_f64(a))) return trunc_trap(a != a);
  *result = (u32)a;
  return TRAP_NONE;
}

static inline TrapCode op_i64_trunc_f32_s(f32 a, u64 *result) {
  if (UNLIKELY(!fits_i64_f32(a))) return trunc_trap(a != a);
  *result = (u64)(i64)a;
  return TRAP_NONE;
}

static inline TrapCode op_i64_trunc_f32_u(f32 a, u64 *result) {
  if (UNLIKELY(!fits_u64_f32(a))) return trunc_trap(a != a);
  *result = (u64)a;
  return TRAP_NONE;
}

static inline TrapCode op_i64_trunc_f64_s(f64 a, u64 *result) {
  if (UNLIKELY(!fits_i64_f64(a))) return trunc_trap(a != a);
  *result = (u64)(i64)a;
  return TRAP_NONE;
}

static inline TrapCode op_i64_trunc_f64_u(f64 a, u64 *result) {
  if (UNLIKELY(!fits_u64_f64(a))) return trunc_trap(a != a);
  *result = (u64)a;
  return TRAP_NONE;
}

/* Saturating: NaN is 0, what does not fit is the bound on its side. */
static inline u32 op_i32_trunc_sat_f32_s(f32 a) {
  if (LIKELY(fits_i32_f32(a))) return (u32)(i32)a;
  if (a != a) return 0;
  return a < 0 ? (u32)INT32_MIN : (u32)INT32_MAX;
}

static inline u32 op_i32_trunc_sat_f32_u(f32 a) {
  if (LIKELY(fits_u32_f32(a))) return (u32)a;
  return a > 0 ? UINT32_MAX : 0;
}

static inline u32 op_i32_trunc_sat_f64_s(f64 a) {
  if (LIKELY(fits_i32_f64(a))) return (u32)(i32)a;
  if (a != a) return 0;
  return a < 0 ? (u32)INT32_MIN : (u32)INT32_MAX;
}

static inline u32 op_i32_trunc_sat_f64_u(f64 a) {
  if (LIKELY(fits_u32_f64(a))) return (u32)a;
  return a > 0 ? UINT32_MAX : 0;
}

static inline u64 op_i64_trunc_sat_f32_s(f32 a) {
  if (LIKELY(fits_i64_f32(a))) return (u64)(i64)a;
  if (a != a) return 0;
  return a < 0 ? (u64)INT64_MIN : (u64)INT64_MAX;
}

static inline u64 op_i64_trunc_sat_f32_u(f32 a) {
  if (LIKELY(fits_u64_f32(a))) return (u64)a;
  return a > 0 ? UINT64_MAX : 0;
}

static inline u64 op_i64_trunc_sat_f64_s(f64 a) {
  if (LIKELY(fits_i64_f64(a))) return (u64)(i64)a;
  if (a != a) return 0;
  return a < 0 ? (u64)INT64_MIN : (u64)INT64_MAX;
}

static inline u64 op_i64_trunc_sat_f64_u(f64 a) {
  if (LIKELY(fits_u64_f64(a))) return (u64)a;
  return a > 0 ? UINT64_MAX : 0;
}

/* ---- 128 bits in two u64: the low half is returned, the other one is *high ---- */

static inline u64 op_i64_add128(u64 a, u64 a_high, u64 b, u64 b_high, u64 *high) {
  u64 low = a + b;
  *high = a_high + b_high + (low < a);
  return low;
}

static inline u64 op_i64_sub128(u64 a, u64 a_high, u64 b, u64 b_high, u64 *high) {
  *high = a_high - b_high - (a < b);
  return a - b;
}

/* By halves of the operands, for machines without such a product. */
static inline u64 op_i64_mul_wide_u(u64 a, u64 b, u64 *high) {
#ifdef __SIZEOF_INT128__
  unsigned __int128 product = (unsigned __int128)a * b;
  *high = (u64)(product >> 64);
  return (u64)product;
#else
  u64 low = (a & UINT32_MAX) * (b & UINT32_MAX), middle = (a >> 32) * (b & UINT32_MAX);
  u64 other = (a & UINT32_MAX) * (b >> 32) + (low >> 32) + (middle & UINT32_MAX);
  *high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
  return a * b;
#endif
}

/* A negative operand counts 2^64 less than it does unsigned. */
static inline u64 op_i64_mul_wide_s(u64 a, u64 b, u64 *high) {
  u64 low = op_i64_mul_wide_u(a, b, high);
  *high -= ((i64)a < 0 ? b : 0) + ((i64)b < 0 ? a : 0);
  return low;
}

/* The rows of a float type whose result, when it is a NaN, is a new one of any payload
 * (spec 4.3.3). Those that only touch the sign bit are not among them. */
#define MAKES_NAN(type)                                                                            \
  case OP_##type##_ceil:                                                                           \
  case OP_##type##_floor:                                                                          \
  case OP_##type##_trunc:                                                                          \
  case OP_##type##_nearest:                                                                        \
  case OP_##type##_sqrt:                                                                           \
  case OP_##type##_add:                                                                            \
  case OP_##type##_sub:                                                                            \
  case OP_##type##_mul:                                                                            \
  case OP_##type##_div:                                                                            \
  case OP_##type##_min:                                                                            \
  case OP_##type##_max: return true

/* What a canonical NaN may stand in for. */
static inline bool op_makes_nan(u16 op) {
  switch (op) {
    MAKES_NAN(f32);
    MAKES_NAN(f64);
  case OP_f32_demote_f64:
  case OP_f64_promote_f32: return true;
  default: return false;
  }
}
/* The same for vector rows. */
static inline bool op_makes_nan_lanes(u16 op) {
  switch (op) {
    MAKES_NAN(f32x4);
    MAKES_NAN(f64x2);
  case OP_f32x4_relaxed_madd:
  case OP_f32x4_relaxed_nmadd:
  case OP_f32x4_relaxed_min:
  case OP_f32x4_relaxed_max:
  case OP_f64x2_relaxed_madd:
  case OP_f64x2_relaxed_nmadd:
  case OP_f64x2_relaxed_min:
  case OP_f64x2_relaxed_max:
  case OP_f32x4_demote_f64x2_zero:
  case OP_f64x2_promote_low_f32x4: return true;
  default: return false;
  }
}
#undef MAKES_NAN

#endif
