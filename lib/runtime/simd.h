/* The meaning of every v128 instruction (spec 4.3.6): op_<id> for each PURE row of wasm/opcodes.def
 * with a v128 operand or result, and for the lane instructions, whose immediate comes last:
 *
 *   V128 op_i8x16_add(V128 a, V128 b)          u32  op_i8x16_extract_lane_s(V128 a, u8 lane)
 *   V128 op_i8x16_shl(V128 a, u32 count)       V128 op_i8x16_replace_lane(V128 a, u32 b, u8 lane)
 *   u32  op_i8x16_bitmask(V128 a)              V128 op_i8x16_shuffle(V128 a, V128 b, V128 lanes)
 *
 * A row of the macros below is an id and an expression. VECTOR rows compute in whole vectors of the
 * compilers' vector extension; LANES rows compute lane by lane in plain C, which compilers turn
 * into vector code where the machine has it. Float lanes follow runtime/numeric.h. The relaxed
 * instructions take the choice of the spec's deterministic profile. */
#ifndef WM_RUNTIME_SIMD_H
#define WM_RUNTIME_SIMD_H

#include "runtime/numeric.h"
#include "wasm/types.h"

typedef u8 U8x16 __attribute__((vector_size(16)));
typedef u16 U16x8 __attribute__((vector_size(16)));
typedef u32 U32x4 __attribute__((vector_size(16)));
typedef u64 U64x2 __attribute__((vector_size(16)));
typedef i8 I8x16 __attribute__((vector_size(16)));
typedef i16 I16x8 __attribute__((vector_size(16)));
typedef i32 I32x4 __attribute__((vector_size(16)));
typedef i64 I64x2 __attribute__((vector_size(16)));
typedef f32 F32x4 __attribute__((vector_size(16)));
typedef f64 F64x2 __attribute__((vector_size(16)));

/* In the rows' expressions a, b and c are the operands, n a shift count below the lane's width.
 * T is the vector type they are read as; a comparison gives lanes of all ones or zeros. */
#define VECTOR_BEGIN(T, operand, value)                                                            \
  T operand;                                                                                       \
  memcpy(&operand, &value, sizeof operand)
#define VECTOR_END(T, expr)                                                                        \
  T whole = (T)(expr);                                                                             \
  V128 result;                                                                                     \
  memcpy(&result, &whole, sizeof result);                                                          \
  return result
#define VECTOR1(id, T, expr)                                                                       \
  static inline V128 id(V128 x) {                                                                  \
    VECTOR_BEGIN(T, a, x);                                                                         \
    VECTOR_END(T, expr);                                                                           \
  }
#define VECTOR2(id, T, expr)                                                                       \
  static inline V128 id(V128 x, V128 y) {                                                          \
    VECTOR_BEGIN(T, a, x);                                                                         \
    VECTOR_BEGIN(T, b, y);                                                                         \
    VECTOR_END(T, expr);                                                                           \
  }
#define VECTOR3(id, T, expr)                                                                       \
  static inline V128 id(V128 x, V128 y, V128 z) {                                                  \
    VECTOR_BEGIN(T, a, x);                                                                         \
    VECTOR_BEGIN(T, b, y);                                                                         \
    VECTOR_BEGIN(T, c, z);                                                                         \
    VECTOR_END(T, expr);                                                                           \
  }
#define SHIFT(id, T, lane, expr)                                                                   \
  static inline V128 id(V128 x, u32 count) {                                                       \
    VECTOR_BEGIN(T, a, x);                                                                         \
    T n = (T){0} + (lane)(count & (8 * sizeof(lane) - 1));                                         \
    VECTOR_END(T, expr);                                                                           \
  }

/* clang unrolls short loops before it looks for vectors in them, and then finds few. */
#ifdef __clang__
#define LANE_LOOP _Pragma("clang loop unroll(disable)")
#else
#define LANE_LOOP
#endif

/* Lane i of `out` from lane first+i of `in` (members of V128); lanes of `out` from `lanes` up are
 * 0. */
#define LANES1(id, out, lanes, in, first, expr)                                                    \
  static inline V128 id(V128 x) {                                                                  \
    V128 result = {{0}};                                                                           \
    LANE_LOOP for (u32 i = 0; i < (lanes); i++) {                                                  \
      __typeof__(x.in[0]) a = x.in[(first) + i];                                                   \
      result.out[i] = (__typeof__(x.out[0]))(expr);                                                \
    }                                                                                              \
    return result;                                                                                 \
  }
#define LANES2(id, out, lanes, in, first, expr)                                                    \
  static inline V128 id(V128 x, V128 y) {                                                          \
    V128 result = {{0}};                                                                           \
    LANE_LOOP for (u32 i = 0; i < (lanes); i++) {                                                  \
      __typeof__(x.in[0]) a = x.in[(first) + i], b = y.in[(first) + i];                            \
      result.out[i] = (__typeof__(x.out[0]))(expr);                                                \
    }                                                                                              \
    return result;                                                                                 \
  }
/* Lane i of `out` from the neighbours 2i and 2i+1 of `in`: a0, a1 (and b0, b1). */
#define PAIRS1(id, out, lanes, in, expr)                                                           \
  static inline V128 id(V128 x) {                                                                  \
    V128 result = {{0}};                                                                           \
    LANE_LOOP for (u32 i = 0; i < (lanes); i++) {                                                  \
      __typeof__(x.in[0]) a0 = x.in[2 * i], a1 = x.in[2 * i + 1];                                  \
      result.out[i] = (__typeof__(x.out[0]))(expr);                                                \
    }                                                                                              \
    return result;                                                                                 \
  }
#define PAIRS2(id, out, lanes, in, expr)                                                           \
  static inline V128 id(V128 x, V128 y) {                                                          \
    V128 result = {{0}};                                                                           \
    LANE_LOOP for (u32 i = 0; i < (lanes); i++) {                                                  \
      __typeof__(x.in[0]) a0 = x.in[2 * i], a1 = x.in[2 * i + 1];                                  \
      __typeof__(x.in[0]) b0 = y.in[2 * i], b1 = y.in[2 * i + 1];                                  \
      result.out[i] = (__typeof__(x.out[0]))(expr);                                                \
    }                                                                                              \
    return result;                                                                                 \
  }

/* `a` held between the bounds of a narrower lane. */
static inline i32 clamp_i8(i32 a) { return a < INT8_MIN ? INT8_MIN : a > INT8_MAX ? INT8_MAX : a; }
static inline i32 clamp_u8(i32 a) { return a < 0 ? 0 : a > UINT8_MAX ? UINT8_MAX : a; }
static inline i32 clamp_i16(i32 a) {
  return a < INT16_MIN ? INT16_MIN : a > INT16_MAX ? INT16_MAX : a;
}
static inline i32 clamp_u16(i32 a) { return a < 0 ? 0 : a > UINT16_MAX ? UINT16_MAX : a; }

/* ---- bits of the whole vector ---- */

VECTOR1(op_v128_not, U64x2, ~a)
VECTOR2(op_v128_and, U64x2, a &b)
VECTOR2(op_v128_andnot, U64x2, a & ~b)
VECTOR2(op_v128_or, U64x2, a | b)
VECTOR2(op_v128_xor, U64x2, a ^ b)
VECTOR3(op_v128_bitselect, U64x2, (a & c) | (b & ~c))

static inline u32 op_v128_any_true(V128 a) { return (a.u64x2[0] | a.u64x2[1]) != 0; }

/* ---- lanes in and out ----
 * Lane numbers are below the count (the validator sees to it); the masks keep a wrong one inside.
 */

static inline u32 op_i8x16_extract_lane_s(V128 a, u8 lane) { return (u32)a.i8x16[lane & 15]; }
static inline u32 op_i8x16_extract_lane_u(V128 a, u8 lane) { return a.u8x16[lane & 15]; }
static inline u32 op_i16x8_extract_lane_s(V128 a, u8 lane) { return (u32)a.i16x8[lane & 7]; }
static inline u32 op_i16x8_extract_lane_u(V128 a, u8 lane) { return a.u16x8[lane & 7]; }
static inline u32 op_i32x4_extract_lane(V128 a, u8 lane) { return a.u32x4[lane & 3]; }
static inline u64 op_i64x2_extract_lane(V128 a, u8 lane) { return a.u64x2[lane & 1]; }
static inline f32 op_f32x4_extract_lane(V128 a, u8 lane) { return a.f32x4[lane & 3]; }
static inline f64 op_f64x2_extract_lane(V128 a, u8 lane) { return a.f64x2[lane & 1]; }

static inline V128 op_i8x16_replace_lane(V128 a, u32 b, u8 lane) {
  a.u8x16[lane & 15] = (u8)b;
  return a;
}

static inline V128 op_i16x8_replace_lane(V128 a, u32 b, u8 lane) {
  a.u16x8[lane & 7] = (u16)b;
  return a;
}

static inline V128 op_i32x4_replace_lane(V128 a, u32 b, u8 lane) {
  a.u32x4[lane & 3] = b;
  return a;
}

static inline V128 op_i64x2_replace_lane(V128 a, u64 b, u8 lane) {
  a.u64x2[lane & 1] = b;
  return a;
}

static inline V128 op_f32x4_replace_lane(V128 a, f32 b, u8 lane) {
  a.f32x4[lane & 3] = b;
  return a;
}

static inline V128 op_f64x2_replace_lane(V128 a, f64 b, u8 lane) {
  a.f64x2[lane & 1] = b;
  return a;
}

static inline V128 op_i64x2_splat(u64 a) { return (V128){.u64x2 = {a, a}}; }
static inline V128 op_i32x4_splat(u32 a) { return (V128){.u32x4 = {a, a, a, a}}; }
static inline V128 op_i16x8_splat(u32 a) {
  return op_i64x2_splat((a & 0xFFFF) * UINT64_C(0x0001000100010001));
}
static inline V128 op_i8x16_splat(u32 a) {
  return op_i64x2_splat((a & 0xFF) * UINT64_C(0x0101010101010101));
}
static inline V128 op_f32x4_splat(f32 a) { return (V128){.f32x4 = {a, a, a, a}}; }
static inline V128 op_f64x2_splat(f64 a) { return (V128){.f64x2 = {a, a}}; }

/* Lanes of `a` by the numbers in `b`; 0 for a number from 16 up. */
static inline V128 op_i8x16_swizzle(V128 a, V128 b) {
  for (u32 i = 0; i < 16; i++) b.u8x16[i] = b.u8x16[i] < 16 ? a.u8x16[b.u8x16[i] & 15] : 0;
  return b;
}

/* Lanes of `a` (numbers 0 to 15) and `b` (16 to 31). */
static inline V128 op_i8x16_shuffle(V128 a, V128 b, V128 lanes) {
  u8 both[32];
  memcpy(both, &a, sizeof a);
  memcpy(both + 16, &b, sizeof b);
  for (u32 i = 0; i < 16; i++) lanes.u8x16[i] = both[lanes.u8x16[i] & 31];
  return lanes;
}

/* ---- comparisons: all ones or zeros in each lane ---- */

VECTOR2(op_i8x16_eq, U8x16, a == b)
VECTOR2(op_i8x16_ne, U8x16, a != b)
VECTOR2(op_i8x16_lt_s, I8x16, a < b)
VECTOR2(op_i8x16_lt_u, U8x16, a < b)
VECTOR2(op_i8x16_gt_s, I8x16, a > b)
VECTOR2(op_i8x16_gt_u, U8x16, a > b)
VECTOR2(op_i8x16_le_s, I8x16, a <= b)
VECTOR2(op_i8x16_le_u, U8x16, a <= b)
VECTOR2(op_i8x16_ge_s, I8x16, a >= b)
VECTOR2(op_i8x16_ge_u, U8x16, a >= b)
VECTOR2(op_i16x8_eq, U16x8, a == b)
VECTOR2(op_i16x8_ne, U16x8, a != b)
VECTOR2(op_i16x8_lt_s, I16x8, a < b)
VECTOR2(op_i16x8_lt_u, U16x8, a < b)
VECTOR2(op_i16x8_gt_s, I16x8, a > b)
VECTOR2(op_i16x8_gt_u, U16x8, a > b)
VECTOR2(op_i16x8_le_s, I16x8, a <= b)
VECTOR2(op_i16x8_le_u, U16x8, a <= b)
VECTOR2(op_i16x8_ge_s, I16x8, a >= b)
VECTOR2(op_i16x8_ge_u, U16x8, a >= b)
VECTOR2(op_i32x4_eq, U32x4, a == b)
VECTOR2(op_i32x4_ne, U32x4, a != b)
VECTOR2(op_i32x4_lt_s, I32x4, a < b)
VECTOR2(op_i32x4_lt_u, U32x4, a < b)
VECTOR2(op_i32x4_gt_s, I32x4, a > b)
VECTOR2(op_i32x4_gt_u, U32x4, a > b)
VECTOR2(op_i32x4_le_s, I32x4, a <= b)
VECTOR2(op_i32x4_le_u, U32x4, a <= b)
VECTOR2(op_i32x4_ge_s, I32x4, a >= b)
VECTOR2(op_i32x4_ge_u, U32x4, a >= b)
VECTOR2(op_i64x2_eq, I64x2, a == b)
VECTOR2(op_i64x2_ne, I64x2, a != b)
VECTOR2(op_i64x2_lt_s, I64x2, a < b)
VECTOR2(op_i64x2_gt_s, I64x2, a > b)
VECTOR2(op_i64x2_le_s, I64x2, a <= b)
VECTOR2(op_i64x2_ge_s, I64x2, a >= b)
VECTOR2(op_f32x4_eq, F32x4, a == b)
VECTOR2(op_f32x4_ne, F32x4, a != b)
VECTOR2(op_f32x4_lt, F32x4, a < b)
VECTOR2(op_f32x4_gt, F32x4, a > b)
VECTOR2(op_f32x4_le, F32x4, a <= b)
VECTOR2(op_f32x4_ge, F32x4, a >= b)
VECTOR2(op_f64x2_eq, F64x2, a == b)
VECTOR2(op_f64x2_ne, F64x2, a != b)
VECTOR2(op_f64x2_lt, F64x2, a < b)
VECTOR2(op_f64x2_gt, F64x2, a > b)
VECTOR2(op_f64x2_le, F64x2, a <= b)
VECTOR2(op_f64x2_ge, F64x2, a >= b)

/* ---- integer arithmetic ---- */

VECTOR1(op_i8x16_neg, U8x16, -a)
VECTOR2(op_i8x16_add, U8x16, a + b)
VECTOR2(op_i8x16_sub, U8x16, a - b)
SHIFT(op_i8x16_shl, U8x16, u8, a << n)
SHIFT(op_i8x16_shr_s, I8x16, i8, a >> n)
SHIFT(op_i8x16_shr_u, U8x16, u8, a >> n)
LANES1(op_i8x16_abs, u8x16, 16, i8x16, 0, a < 0 ? -(u32)a : (u32)a)
LANES2(op_i8x16_min_s, i8x16, 16, i8x16, 0, a < b ? a : b)
LANES2(op_i8x16_min_u, u8x16, 16, u8x16, 0, a < b ? a : b)
LANES2(op_i8x16_max_s, i8x16, 16, i8x16, 0, a > b ? a : b)
LANES2(op_i8x16_max_u, u8x16, 16, u8x16, 0, a > b ? a : b)
LANES2(op_i8x16_add_sat_s, i8x16, 16, i8x16, 0, clamp_i8(a + b))
LANES2(op_i8x16_add_sat_u, u8x16, 16, u8x16, 0, clamp_u8(a + b))
LANES2(op_i8x16_sub_sat_s, i8x16, 16, i8x16, 0, clamp_i8(a - b))
LANES2(op_i8x16_sub_sat_u, u8x16, 16, u8x16, 0, clamp_u8(a - b))
LANES2(op_i8x16_avgr_u, u8x16, 16, u8x16, 0, (a + b + 1) >> 1)

VECTOR1(op_i16x8_neg, U16x8, -a)
VECTOR2(op_i16x8_add, U16x8, a + b)
VECTOR2(op_i16x8_sub, U16x8, a - b)
VECTOR2(op_i16x8_mul, U16x8, (a * b))
SHIFT(op_i16x8_shl, U16x8, u16, a << n)
SHIFT(op_i16x8_shr_s, I16x8, i16, a >> n)
SHIFT(op_i16x8_shr_u, U16x8, u16, a >> n)
LANES1(op_i16x8_abs, u16x8, 8, i16x8, 0, a < 0 ? -(u32)a : (u32)a)
LANES2(op_i16x8_min_s, i16x8, 8, i16x8, 0, a < b ? a : b)
LANES2(op_i16x8_min_u, u16x8, 8, u16x8, 0, a < b ? a : b)
LANES2(op_i16x8_max_s, i16x8, 8, i16x8, 0, a > b ? a : b)
LANES2(op_i16x8_max_u, u16x8, 8, u16x8, 0, a > b ? a : b)
LANES2(op_i16x8_add_sat_s, i16x8, 8, i16x8, 0, clamp_i16(a + b))
LANES2(op_i16x8_add_sat_u, u16x8, 8, u16x8, 0, clamp_u16(a + b))
LANES2(op_i16x8_sub_sat_s, i16x8, 8, i16x8, 0, clamp_i16(a - b))
LANES2(op_i16x8_sub_sat_u, u16x8, 8, u16x8, 0, clamp_u16(a - b))
LANES2(op_i16x8_avgr_u, u16x8, 8, u16x8, 0, (a + b + 1) >> 1)

VECTOR1(op_i32x4_neg, U32x4, -a)
VECTOR2(op_i32x4_add, U32x4, a + b)
VECTOR2(op_i32x4_sub, U32x4, a - b)
VECTOR2(op_i32x4_mul, U32x4, (a * b))
SHIFT(op_i32x4_shl, U32x4, u32, a << n)
SHIFT(op_i32x4_shr_s, I32x4, i32, a >> n)
SHIFT(op_i32x4_shr_u, U32x4, u32, a >> n)
LANES1(op_i32x4_abs, u32x4, 4, i32x4, 0, a < 0 ? -(u32)a : (u32)a)
LANES2(op_i32x4_min_s, i32x4, 4, i32x4, 0, a < b ? a : b)
LANES2(op_i32x4_min_u, u32x4, 4, u32x4, 0, a < b ? a : b)
LANES2(op_i32x4_max_s, i32x4, 4, i32x4, 0, a > b ? a : b)
LANES2(op_i32x4_max_u, u32x4, 4, u32x4, 0, a > b ? a : b)

VECTOR1(op_i64x2_neg, U64x2, -a)
VECTOR2(op_i64x2_add, U64x2, a + b)
VECTOR2(op_i64x2_sub, U64x2, a - b)
VECTOR2(op_i64x2_mul, U64x2, (a * b))
SHIFT(op_i64x2_shl, U64x2, u64, a << n)
SHIFT(op_i64x2_shr_s, I64x2, i64, a >> n)
SHIFT(op_i64x2_shr_u, U64x2, u64, a >> n)
LANES1(op_i64x2_abs, u64x2, 2, i64x2, 0, a < 0 ? -(u64)a : (u64)a)

/* The number of one bits in each byte. */
LANES1(op_i8x16_popcnt, u8x16, 16, u8x16, 0, op_i32_popcnt(a))

/* Fixed point with 15 fraction bits, rounded; only -1 * -1 saturates. */
LANES2(op_i16x8_q15mulr_sat_s, i16x8, 8, i16x8, 0, clamp_i16((a * b + 0x4000) >> 15))

/* Wider lanes: the low or high half of the operands' lanes, or the sums of neighbours. Products and
 * sums are made in a type that holds them; only i32x4_dot wraps, for two times the product of the
 * least numbers. */
LANES1(op_i16x8_extend_low_i8x16_s, i16x8, 8, i8x16, 0, a)
LANES1(op_i16x8_extend_low_i8x16_u, u16x8, 8, u8x16, 0, a)
LANES1(op_i16x8_extend_high_i8x16_s, i16x8, 8, i8x16, 8, a)
LANES1(op_i16x8_extend_high_i8x16_u, u16x8, 8, u8x16, 8, a)
LANES2(op_i16x8_extmul_low_i8x16_s, i16x8, 8, i8x16, 0, ((i32)a * (i32)b))
LANES2(op_i16x8_extmul_low_i8x16_u, u16x8, 8, u8x16, 0, ((u32)a * (u32)b))
LANES2(op_i16x8_extmul_high_i8x16_s, i16x8, 8, i8x16, 8, ((i32)a * (i32)b))
LANES2(op_i16x8_extmul_high_i8x16_u, u16x8, 8, u8x16, 8, ((u32)a * (u32)b))
PAIRS1(op_i16x8_extadd_pairwise_i8x16_s, i16x8, 8, i8x16, a0 + a1)
PAIRS1(op_i16x8_extadd_pairwise_i8x16_u, u16x8, 8, u8x16, a0 + a1)
LANES1(op_i32x4_extend_low_i16x8_s, i32x4, 4, i16x8, 0, a)
LANES1(op_i32x4_extend_low_i16x8_u, u32x4, 4, u16x8, 0, a)
LANES1(op_i32x4_extend_high_i16x8_s, i32x4, 4, i16x8, 4, a)
LANES1(op_i32x4_extend_high_i16x8_u, u32x4, 4, u16x8, 4, a)
LANES2(op_i32x4_extmul_low_i16x8_s, i32x4, 4, i16x8, 0, ((i32)a * (i32)b))
LANES2(op_i32x4_extmul_low_i16x8_u, u32x4, 4, u16x8, 0, ((u32)a * (u32)b))
LANES2(op_i32x4_extmul_high_i16x8_s, i32x4, 4, i16x8, 4, ((i32)a * (i32)b))
LANES2(op_i32x4_extmul_high_i16x8_u, u32x4, 4, u16x8, 4, ((u32)a * (u32)b))
PAIRS1(op_i32x4_extadd_pairwise_i16x8_s, i32x4, 4, i16x8, a0 + a1)
PAIRS1(op_i32x4_extadd_pairwise_i16x8_u, u32x4, 4, u16x8, a0 + a1)
LANES1(op_i64x2_extend_low_i32x4_s, i64x2, 2, i32x4, 0, a)
LANES1(op_i64x2_extend_low_i32x4_u, u64x2, 2, u32x4, 0, a)
LANES1(op_i64x2_extend_high_i32x4_s, i64x2, 2, i32x4, 2, a)
LANES1(op_i64x2_extend_high_i32x4_u, u64x2, 2, u32x4, 2, a)
LANES2(op_i64x2_extmul_low_i32x4_s, i64x2, 2, i32x4, 0, ((i64)a * (i64)b))
LANES2(op_i64x2_extmul_low_i32x4_u, u64x2, 2, u32x4, 0, ((u64)a * (u64)b))
LANES2(op_i64x2_extmul_high_i32x4_s, i64x2, 2, i32x4, 2, ((i64)a * (i64)b))
LANES2(op_i64x2_extmul_high_i32x4_u, u64x2, 2, u32x4, 2, ((u64)a * (u64)b))
PAIRS2(op_i32x4_dot_i16x8_s, u32x4, 4, i16x8, (u32)(a0 *b0) + (u32)(a1 * b1))

/* Narrower lanes, saturated: those of the first operand, then those of the second. */
#define NARROW(id, out, lanes, in, clamp)                                                          \
  static inline V128 id(V128 x, V128 y) {                                                          \
    V128 result;                                                                                   \
    LANE_LOOP for (u32 i = 0; i < (lanes); i++) {                                                  \
      result.out[i] = (__typeof__(x.out[0]))clamp(x.in[i]);                                        \
      result.out[i + (lanes)] = (__typeof__(x.out[0]))clamp(y.in[i]);                              \
    }                                                                                              \
    return result;                                                                                 \
  }
NARROW(op_i8x16_narrow_i16x8_s, i8x16, 8, i16x8, clamp_i8)
NARROW(op_i8x16_narrow_i16x8_u, u8x16, 8, i16x8, clamp_u8)
NARROW(op_i16x8_narrow_i32x4_s, i16x8, 4, i32x4, clamp_i16)
NARROW(op_i16x8_narrow_i32x4_u, u16x8, 4, i32x4, clamp_u16)

/* ---- lanes to i32 ---- */

#define ALL_TRUE(id, in)                                                                           \
  static inline u32 id(V128 x) {                                                                   \
    u32 all = 1;                                                                                   \
    LANE_LOOP for (u32 i = 0; i < ARRAY_LEN(x.in); i++) all &= x.in[i] != 0;                       \
    return all;                                                                                    \
  }
ALL_TRUE(op_i8x16_all_true, u8x16)
ALL_TRUE(op_i16x8_all_true, u16x8)
ALL_TRUE(op_i32x4_all_true, u32x4)
ALL_TRUE(op_i64x2_all_true, u64x2)

#define BITMASK(id, in)                                                                            \
  static inline u32 id(V128 x) {                                                                   \
    u32 mask = 0;                                                                                  \
    LANE_LOOP for (u32 i = 0; i < ARRAY_LEN(x.in); i++) mask |= (u32)(x.in[i] < 0) << i;           \
    return mask;                                                                                   \
  }
BITMASK(op_i16x8_bitmask, i16x8)
BITMASK(op_i32x4_bitmask, i32x4)
BITMASK(op_i64x2_bitmask, i64x2)

/* The top bits of eight bytes: the product moves the bit of byte i to bit 56+i, and no two bits
 * meet. */
static inline u32 byte_signs(u64 a) {
  u64 signs = a >> 7 & UINT64_C(0x0101010101010101);
  return (u32)(signs * UINT64_C(0x0102040810204080) >> 56);
}
static inline u32 op_i8x16_bitmask(V128 a) {
  return byte_signs(a.u64x2[0]) | byte_signs(a.u64x2[1]) << 8;
}

/* ---- float arithmetic ---- */

VECTOR2(op_f32x4_add, F32x4, a + b)
VECTOR2(op_f32x4_sub, F32x4, a - b)
VECTOR2(op_f32x4_mul, F32x4, (a * b))
VECTOR2(op_f32x4_div, F32x4, a / b)
VECTOR1(op_f32x4_neg, F32x4, -a)
LANES1(op_f32x4_abs, f32x4, 4, f32x4, 0, op_f32_abs(a))
LANES1(op_f32x4_sqrt, f32x4, 4, f32x4, 0, op_f32_sqrt(a))
LANES1(op_f32x4_ceil, f32x4, 4, f32x4, 0, op_f32_ceil(a))
LANES1(op_f32x4_floor, f32x4, 4, f32x4, 0, op_f32_floor(a))
LANES1(op_f32x4_trunc, f32x4, 4, f32x4, 0, op_f32_trunc(a))
LANES1(op_f32x4_nearest, f32x4, 4, f32x4, 0, op_f32_nearest(a))
LANES2(op_f32x4_min, f32x4, 4, f32x4, 0, op_f32_min(a, b))
LANES2(op_f32x4_max, f32x4, 4, f32x4, 0, op_f32_max(a, b))
LANES2(op_f32x4_pmin, f32x4, 4, f32x4, 0, b < a ? b : a)
LANES2(op_f32x4_pmax, f32x4, 4, f32x4, 0, a < b ? b : a)

VECTOR2(op_f64x2_add, F64x2, a + b)
VECTOR2(op_f64x2_sub, F64x2, a - b)
VECTOR2(op_f64x2_mul, F64x2, (a * b))
VECTOR2(op_f64x2_div, F64x2, a / b)
VECTOR1(op_f64x2_neg, F64x2, -a)
LANES1(op_f64x2_abs, f64x2, 2, f64x2, 0, op_f64_abs(a))
LANES1(op_f64x2_sqrt, f64x2, 2, f64x2, 0, op_f64_sqrt(a))
LANES1(op_f64x2_ceil, f64x2, 2, f64x2, 0, op_f64_ceil(a))
LANES1(op_f64x2_floor, f64x2, 2, f64x2, 0, op_f64_floor(a))
LANES1(op_f64x2_trunc, f64x2, 2, f64x2, 0, op_f64_trunc(a))
LANES1(op_f64x2_nearest, f64x2, 2, f64x2, 0, op_f64_nearest(a))
LANES2(op_f64x2_min, f64x2, 2, f64x2, 0, op_f64_min(a, b))
LANES2(op_f64x2_max, f64x2, 2, f64x2, 0, op_f64_max(a, b))
LANES2(op_f64x2_pmin, f64x2, 2, f64x2, 0, b < a ? b : a)
LANES2(op_f64x2_pmax, f64x2, 2, f64x2, 0, a < b ? b : a)

/* ---- conversions ---- */

LANES1(op_f32x4_convert_i32x4_s, f32x4, 4, i32x4, 0, a)
LANES1(op_f32x4_convert_i32x4_u, f32x4, 4, u32x4, 0, a)
LANES1(op_f64x2_convert_low_i32x4_s, f64x2, 2, i32x4, 0, a)
LANES1(op_f64x2_convert_low_i32x4_u, f64x2, 2, u32x4, 0, a)
LANES1(op_f32x4_demote_f64x2_zero, f32x4, 2, f64x2, 0, a)
LANES1(op_f64x2_promote_low_f32x4, f64x2, 2, f32x4, 0, a)
LANES1(op_i32x4_trunc_sat_f32x4_s, u32x4, 4, f32x4, 0, op_i32_trunc_sat_f32_s(a))
LANES1(op_i32x4_trunc_sat_f32x4_u, u32x4, 4, f32x4, 0, op_i32_trunc_sat_f32_u(a))
LANES1(op_i32x4_trunc_sat_f64x2_s_zero, u32x4, 2, f64x2, 0, op_i32_trunc_sat_f64_s(a))
LANES1(op_i32x4_trunc_sat_f64x2_u_zero, u32x4, 2, f64x2, 0, op_i32_trunc_sat_f64_u(a))

/* ---- relaxed instructions (spec 4.3.7), by the deterministic profile ----
 * Multiply-add rounds twice; the dot products take both operands signed. */

static inline V128 op_i8x16_relaxed_swizzle(V128 a, V128 b) { return op_i8x16_swizzle(a, b); }
static inline V128 op_i32x4_relaxed_trunc_f32x4_s(V128 a) { return op_i32x4_trunc_sat_f32x4_s(a); }
static inline V128 op_i32x4_relaxed_trunc_f32x4_u(V128 a) { return op_i32x4_trunc_sat_f32x4_u(a); }
static inline V128 op_i32x4_relaxed_trunc_f64x2_s_zero(V128 a) {
  return op_i32x4_trunc_sat_f64x2_s_zero(a);
}
static inline V128 op_i32x4_relaxed_trunc_f64x2_u_zero(V128 a) {
  return op_i32x4_trunc_sat_f64x2_u_zero(a);
}
static inline V128 op_i8x16_relaxed_laneselect(V128 a, V128 b, V128 c) {
  return op_v128_bitselect(a, b, c);
}
static inline V128 op_i16x8_relaxed_laneselect(V128 a, V128 b, V128 c) {
  return op_v128_bitselect(a, b, c);
}
static inline V128 op_i32x4_relaxed_laneselect(V128 a, V128 b, V128 c) {
  return op_v128_bitselect(a, b, c);
}
static inline V128 op_i64x2_relaxed_laneselect(V128 a, V128 b, V128 c) {
  return op_v128_bitselect(a, b, c);
}
static inline V128 op_f32x4_relaxed_min(V128 a, V128 b) { return op_f32x4_min(a, b); }
static inline V128 op_f32x4_relaxed_max(V128 a, V128 b) { return op_f32x4_max(a, b); }
static inline V128 op_f64x2_relaxed_min(V128 a, V128 b) { return op_f64x2_min(a, b); }
static inline V128 op_f64x2_relaxed_max(V128 a, V128 b) { return op_f64x2_max(a, b); }
static inline V128 op_i16x8_relaxed_q15mulr_s(V128 a, V128 b) {
  return op_i16x8_q15mulr_sat_s(a, b);
}

static inline V128 op_f32x4_relaxed_madd(V128 a, V128 b, V128 c) {
  return op_f32x4_add(op_f32x4_mul(a, b), c);
}
static inline V128 op_f32x4_relaxed_nmadd(V128 a, V128 b, V128 c) {
  return op_f32x4_add(op_f32x4_mul(op_f32x4_neg(a), b), c);
}

static inline V128 op_f64x2_relaxed_madd(V128 a, V128 b, V128 c) {
  return op_f64x2_add(op_f64x2_mul(a, b), c);
}
static inline V128 op_f64x2_relaxed_nmadd(V128 a, V128 b, V128 c) {
  return op_f64x2_add(op_f64x2_mul(op_f64x2_neg(a), b), c);
}

PAIRS2(op_i16x8_relaxed_dot_i8x16_i7x16_s, i16x8, 8, i8x16, clamp_i16(a0 *b0 + a1 * b1))
static inline V128 op_i32x4_relaxed_dot_i8x16_i7x16_add_s(V128 a, V128 b, V128 c) {
  V128 sums = op_i16x8_relaxed_dot_i8x16_i7x16_s(a, b);
  return op_i32x4_add(op_i32x4_extadd_pairwise_i16x8_s(sums), c);
}

#undef VECTOR_BEGIN
#undef VECTOR_END
#undef VECTOR1
#undef VECTOR2
#undef VECTOR3
#undef SHIFT
#undef LANE_LOOP
#undef LANES1
#undef LANES2
#undef PAIRS1
#undef PAIRS2
#undef NARROW
#undef ALL_TRUE
#undef BITMASK

#endif
