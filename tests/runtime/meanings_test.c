/* Each PURE and TRAPS row of opcodes.def has its op_<id>, with the type that its signature asks
 * for, and none of them does anything undefined for any pair of corner operands (a sanitizer build
 * tells). */
#include "runtime/simd.h"
#include "wasm/opcode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef u32 I;
typedef u64 L;
typedef f32 F;
typedef f64 D;
typedef V128 S;

/* The fixed signatures that rows use: X1(operand, result), X2(first, second, result), ... */
#define SIGNATURES(X1, X2, X3)                                                                     \
  X1(i, i, I, I)                                                                                   \
  X1(l, i, L, I)                                                                                   \
  X1(f, i, F, I)                                                                                   \
  X1(d, i, D, I)                                                                                   \
  X1(s, i, S, I)                                                                                   \
  X1(i, l, I, L)                                                                                   \
  X1(l, l, L, L)                                                                                   \
  X1(f, l, F, L)                                                                                   \
  X1(d, l, D, L)                                                                                   \
  X1(i, f, I, F)                                                                                   \
  X1(l, f, L, F)                                                                                   \
  X1(f, f, F, F)                                                                                   \
  X1(d, f, D, F)                                                                                   \
  X1(i, d, I, D)                                                                                   \
  X1(l, d, L, D)                                                                                   \
  X1(f, d, F, D)                                                                                   \
  X1(d, d, D, D)                                                                                   \
  X1(i, s, I, S)                                                                                   \
  X1(l, s, L, S)                                                                                   \
  X1(f, s, F, S)                                                                                   \
  X1(d, s, D, S)                                                                                   \
  X1(s, s, S, S)                                                                                   \
  X2(i, i, i, I, I, I)                                                                             \
  X2(l, l, i, L, L, I)                                                                             \
  X2(f, f, i, F, F, I)                                                                             \
  X2(d, d, i, D, D, I)                                                                             \
  X2(l, l, l, L, L, L)                                                                             \
  X2(f, f, f, F, F, F)                                                                             \
  X2(d, d, d, D, D, D)                                                                             \
  X2(s, i, s, S, I, S)                                                                             \
  X2(s, s, s, S, S, S)                                                                             \
  X3(s, s, s, s, S, S, S, S)

#define TYPES1(a, r, A, R)                                                                         \
  typedef R Pure_##a##_##r(A);                                                                     \
  typedef TrapCode Traps_##a##_##r(A, R *);
#define TYPES2(a, b, r, A, B, R)                                                                   \
  typedef R Pure_##a##b##_##r(A, B);                                                               \
  typedef TrapCode Traps_##a##b##_##r(A, B, R *);
#define TYPES3(a, b, c, r, A, B, C, R) typedef R Pure_##a##b##c##_##r(A, B, C);
SIGNATURES(TYPES1, TYPES2, TYPES3)

/* Corner operands, seen as any type. */
static const u64 corners[] = {
    0,
    1,
    7,
    31,
    63,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    UINT64_C(0x7FFFFFFFFFFFFFFF),
    UINT64_C(0x8000000000000000),
    UINT64_C(0xFFFFFFFFFFFFFFFF),
    0x3F800000, /* f32: 1, 2^31, -2^31, 2^32, 2^63, 2^64, infinities, signalling and quiet NaN */
    0x4F000000,
    0xCF000000,
    0x4F800000,
    0x5F000000,
    0x5F800000,
    0x7F800000,
    0xFF800000,
    0x7F800001,
    0x7FC00000,
    UINT64_C(0x3FF0000000000000), /* f64: the same */
    UINT64_C(0x41E0000000000000),
    UINT64_C(0xC1E0000000000000),
    UINT64_C(0x41F0000000000000),
    UINT64_C(0x43E0000000000000),
    UINT64_C(0x43F0000000000000),
    UINT64_C(0x7FF0000000000000),
    UINT64_C(0xFFF0000000000000),
    UINT64_C(0x7FF0000000000001),
    UINT64_C(0x7FF8000000000000),
};

static u32 corner_i(u32 k) { return (u32)corners[k]; }
static u64 corner_l(u32 k) { return corners[k]; }
static f32 corner_f(u32 k) { return f32_of_bits((u32)corners[k]); }
static f64 corner_d(u32 k) { return f64_of_bits(corners[k]); }
static V128 corner_s(u32 k) {
  return (V128){.u64x2 = {corners[k], corners[(k + 5) % ARRAY_LEN(corners)]}};
}

/* Keeps a result, so that the call that made it stays. */
static volatile u8 kept;
static void keep(const void *result, size_t size) { kept = ((const u8 *)result)[size - 1]; }
#define RUN_PURE(R, call)                                                                          \
  do {                                                                                             \
    R out = call;                                                                                  \
    keep(&out, sizeof out);                                                                        \
  } while (0)

/* A trap leaves the result alone, anything else is one of the three numeric traps. */
static void check_trap(TrapCode code) {
  assert_true(code == TRAP_NONE || code == TRAP_INT_DIV_BY_ZERO || code == TRAP_INT_OVERFLOW ||
              code == TRAP_INVALID_CONVERSION);
}
#define RUN_TRAPS(R, call)                                                                         \
  do {                                                                                             \
    R untouched, out;                                                                              \
    memset(&untouched, 0xA5, sizeof untouched);                                                    \
    out = untouched;                                                                               \
    TrapCode code = call;                                                                          \
    check_trap(code);                                                                              \
    if (code != TRAP_NONE) assert_memory_equal(&out, &untouched, sizeof out);                      \
  } while (0)

#define RUN1(a, r, A, R)                                                                           \
  static void run_pure_##a##_##r(Pure_##a##_##r *op) {                                             \
    for (u32 i = 0; i < ARRAY_LEN(corners); i++) RUN_PURE(R, op(corner_##a(i)));                   \
  }                                                                                                \
  static void run_traps_##a##_##r(Traps_##a##_##r *op) {                                           \
    for (u32 i = 0; i < ARRAY_LEN(corners); i++) RUN_TRAPS(R, op(corner_##a(i), &out));            \
  }
#define RUN2(a, b, r, A, B, R)                                                                     \
  static void run_pure_##a##b##_##r(Pure_##a##b##_##r *op) {                                       \
    for (u32 i = 0; i < ARRAY_LEN(corners); i++)                                                   \
      for (u32 k = 0; k < ARRAY_LEN(corners); k++) RUN_PURE(R, op(corner_##a(i), corner_##b(k)));  \
  }                                                                                                \
  static void run_traps_##a##b##_##r(Traps_##a##b##_##r *op) {                                     \
    for (u32 i = 0; i < ARRAY_LEN(corners); i++)                                                   \
      for (u32 k = 0; k < ARRAY_LEN(corners); k++)                                                 \
        RUN_TRAPS(R, op(corner_##a(i), corner_##b(k), &out));                                      \
  }
#define RUN3(a, b, c, r, A, B, C, R)                                                               \
  static void run_pure_##a##b##c##_##r(Pure_##a##b##c##_##r *op) {                                 \
    for (u32 i = 0; i < ARRAY_LEN(corners); i++)                                                   \
      for (u32 k = 0; k < ARRAY_LEN(corners); k++)                                                 \
        RUN_PURE(R, op(corner_##a(i), corner_##b(k), corner_##c((i + k) % ARRAY_LEN(corners))));   \
  }
/* Not every signature has rows of both classes */
#pragma GCC diagnostic ignored "-Wunused-function"
SIGNATURES(RUN1, RUN2, RUN3)

/* The type of the meaning is the one of the row's signature, at compile time. */
#define IS_TYPE(op, type) _Generic(&op, type *: 1, default: 0)
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)                                                     \
  _Static_assert(IS_TYPE(op_##id, Pure_##sig), "type of op_" #id);
#define TRAPS(prefix, code, id, text, imm, sig)                                                    \
  _Static_assert(IS_TYPE(op_##id, Traps_##sig), "type of op_" #id);
#include "wasm/opcodes.def"

static void every_row_runs(void **state) {
  (void)state;
  u32 pure = 0, traps = 0;
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)  run_pure_##sig(op_##id), pure++;
#define TRAPS(prefix, code, id, text, imm, sig) run_traps_##sig(op_##id), traps++;
#include "wasm/opcodes.def"
  assert_true(pure > 300);
  assert_int_equal(traps, 16);
}

/* The lane instructions are rows by hand: their meanings, by signature with the immediate last. */
#define IS_LANE(op, R, ...) _Generic(&op, R(*)(__VA_ARGS__): 1, default: 0)
static void lane_meanings_have_their_types(void **state) {
  (void)state;
  assert_true(IS_LANE(op_i8x16_extract_lane_s, I, V128, u8));
  assert_true(IS_LANE(op_i8x16_extract_lane_u, I, V128, u8));
  assert_true(IS_LANE(op_i16x8_extract_lane_s, I, V128, u8));
  assert_true(IS_LANE(op_i16x8_extract_lane_u, I, V128, u8));
  assert_true(IS_LANE(op_i32x4_extract_lane, I, V128, u8));
  assert_true(IS_LANE(op_i64x2_extract_lane, L, V128, u8));
  assert_true(IS_LANE(op_f32x4_extract_lane, F, V128, u8));
  assert_true(IS_LANE(op_f64x2_extract_lane, D, V128, u8));
  assert_true(IS_LANE(op_i8x16_replace_lane, V128, V128, u32, u8));
  assert_true(IS_LANE(op_i16x8_replace_lane, V128, V128, u32, u8));
  assert_true(IS_LANE(op_i32x4_replace_lane, V128, V128, u32, u8));
  assert_true(IS_LANE(op_i64x2_replace_lane, V128, V128, u64, u8));
  assert_true(IS_LANE(op_f32x4_replace_lane, V128, V128, f32, u8));
  assert_true(IS_LANE(op_f64x2_replace_lane, V128, V128, f64, u8));
  assert_true(IS_LANE(op_i8x16_shuffle, V128, V128, V128, V128));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_runs),
      cmocka_unit_test(lane_meanings_have_their_types),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
