/* Corner cases of the numeric meanings, and the roundings against the C library. */
#include "runtime/simd.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SNAN32 0x7FA00000u
#define SNAN64 UINT64_C(0x7FF4000000000000)

static u64 next_random(u64 *seed) { /* xorshift */
  *seed ^= *seed << 13;
  *seed ^= *seed >> 7;
  *seed ^= *seed << 17;
  return *seed;
}

static bool is_quiet_f32(f32 a) { return (bits_of_f32(a) & 0x7FC00000) == 0x7FC00000; }
static bool is_quiet_f64(f64 a) {
  return (bits_of_f64(a) & UINT64_C(0x7FF8000000000000)) == UINT64_C(0x7FF8000000000000);
}

#define assert_f32(value, expected) assert_int_equal(bits_of_f32(value), bits_of_f32(expected))
#define assert_f64(value, expected) assert_int_equal(bits_of_f64(value), bits_of_f64(expected))

/* ---- integers ---- */

static void division_traps(void **state) {
  (void)state;
  u32 r = 0;
  assert_int_equal(op_i32_div_s(1, 0, &r), TRAP_INT_DIV_BY_ZERO);
  assert_int_equal(op_i32_div_u(1, 0, &r), TRAP_INT_DIV_BY_ZERO);
  assert_int_equal(op_i32_rem_s(1, 0, &r), TRAP_INT_DIV_BY_ZERO);
  assert_int_equal(op_i32_rem_u(1, 0, &r), TRAP_INT_DIV_BY_ZERO);
  assert_int_equal(op_i32_div_s(0x80000000, 0xFFFFFFFF, &r), TRAP_INT_OVERFLOW);
  assert_int_equal(r, 0);
  assert_int_equal(op_i32_div_s((u32)-7, 2, &r), TRAP_NONE);
  assert_int_equal(r, (u32)-3);
  assert_int_equal(op_i32_rem_s((u32)-7, 2, &r), TRAP_NONE);
  assert_int_equal(r, (u32)-1);
  assert_int_equal(op_i32_rem_s(0x80000000, 0xFFFFFFFF, &r), TRAP_NONE);
  assert_int_equal(r, 0);
  assert_int_equal(op_i32_div_u(0x80000000, 0xFFFFFFFF, &r), TRAP_NONE);
  assert_int_equal(r, 0);

  u64 l = 0;
  assert_int_equal(op_i64_div_s(1, 0, &l), TRAP_INT_DIV_BY_ZERO);
  assert_int_equal(op_i64_rem_u(1, 0, &l), TRAP_INT_DIV_BY_ZERO);
  assert_int_equal(op_i64_div_s((u64)INT64_MIN, (u64)-1, &l), TRAP_INT_OVERFLOW);
  assert_int_equal(op_i64_rem_s((u64)INT64_MIN, (u64)-1, &l), TRAP_NONE);
  assert_int_equal(l, 0);
  assert_int_equal(op_i64_rem_u(UINT64_MAX, 10, &l), TRAP_NONE);
  assert_int_equal(l, 5);
}

static void shifts_take_the_count_modulo_the_width(void **state) {
  (void)state;
  assert_int_equal(op_i32_shl(1, 33), 2);
  assert_int_equal(op_i32_shr_s(0x80000000, 63), 0xFFFFFFFF);
  assert_int_equal(op_i32_shr_u(0x80000000, 32), 0x80000000);
  assert_int_equal(op_i32_rotl(0x80000001, 1), 3);
  assert_int_equal(op_i32_rotl(0x12345678, 0), 0x12345678);
  assert_int_equal(op_i32_rotr(1, 33), 0x80000000);
  assert_int_equal(op_i64_shl(1, 65), 2);
  assert_int_equal(op_i64_shr_s((u64)INT64_MIN, 127), UINT64_MAX);
  assert_int_equal(op_i64_rotr(1, 1), (u64)INT64_MIN);
  assert_int_equal(op_i64_rotl(UINT64_C(0x123456789ABCDEF0), 64), UINT64_C(0x123456789ABCDEF0));
}

static void bits_are_counted(void **state) {
  (void)state;
  assert_int_equal(op_i32_clz(0), 32);
  assert_int_equal(op_i32_ctz(0), 32);
  assert_int_equal(op_i64_clz(0), 64);
  assert_int_equal(op_i64_ctz(0), 64);
  assert_int_equal(op_i64_clz(1), 63);
  assert_int_equal(op_i64_ctz((u64)INT64_MIN), 63);
  assert_int_equal(op_i32_popcnt(UINT32_MAX), 32);
  assert_int_equal(op_i64_popcnt(UINT64_MAX), 64);
  u64 seed = 42;
  for (u32 i = 0; i < 10000; i++) {
    u64 a = next_random(&seed);
    assert_int_equal(op_i64_popcnt(a), __builtin_popcountll(a));
    assert_int_equal(op_i32_popcnt((u32)a), __builtin_popcount((u32)a));
  }
}

static void narrow_integers_are_extended(void **state) {
  (void)state;
  assert_int_equal(op_i32_extend8_s(0x180), 0xFFFFFF80);
  assert_int_equal(op_i32_extend8_s(0xFF7F), 0x7F);
  assert_int_equal(op_i32_extend16_s(0x18000), 0xFFFF8000);
  assert_int_equal(op_i64_extend32_s(0x180000000), UINT64_C(0xFFFFFFFF80000000));
  assert_int_equal(op_i64_extend_i32_s(0x80000000), UINT64_C(0xFFFFFFFF80000000));
  assert_int_equal(op_i64_extend_i32_u(0x80000000), 0x80000000);
}

/* ---- floats ---- */

static void sign_operations_keep_signalling_nans(void **state) {
  (void)state;
  f32 s = f32_of_bits(SNAN32 | 0x80000000);
  assert_int_equal(bits_of_f32(op_f32_abs(s)), SNAN32);
  assert_int_equal(bits_of_f32(op_f32_neg(s)), SNAN32);
  assert_int_equal(bits_of_f32(op_f32_copysign(s, 1)), SNAN32);
  assert_int_equal(bits_of_f32(op_f32_reinterpret_i32(SNAN32)), SNAN32);
  f64 d = f64_of_bits(SNAN64);
  assert_int_equal(bits_of_f64(op_f64_abs(d)), SNAN64);
  assert_int_equal(bits_of_f64(op_f64_neg(d)), SNAN64 | UINT64_C(1) << 63);
  assert_int_equal(bits_of_f64(op_f64_copysign(d, -0.0)), SNAN64 | UINT64_C(1) << 63);
}

static void arithmetic_quiets_nans(void **state) {
  (void)state;
  volatile f32 s = f32_of_bits(SNAN32), one = 1;
  assert_true(is_quiet_f32(op_f32_add(s, one)) && is_quiet_f32(op_f32_mul(one, s)));
  assert_true(is_quiet_f32(op_f32_min(s, one)) && is_quiet_f32(op_f32_max(one, s)));
  assert_true(is_quiet_f32(op_f32_sqrt(s)) && is_quiet_f32(op_f32_sqrt(-one)));
  assert_true(is_quiet_f32(op_f32_ceil(s)) && is_quiet_f32(op_f32_floor(s)));
  assert_true(is_quiet_f32(op_f32_trunc(s)) && is_quiet_f32(op_f32_nearest(s)));
  assert_true(is_quiet_f64(op_f64_promote_f32(s)));
  volatile f64 d = f64_of_bits(SNAN64), zero = 0;
  assert_true(is_quiet_f64(op_f64_div(zero, zero)) && is_quiet_f64(op_f64_sub(d, zero)));
  assert_true(is_quiet_f64(op_f64_min(zero, d)) && is_quiet_f64(op_f64_max(d, zero)));
  assert_true(is_quiet_f64(op_f64_ceil(d)) && is_quiet_f64(op_f64_floor(d)));
  assert_true(is_quiet_f64(op_f64_trunc(d)) && is_quiet_f64(op_f64_nearest(d)));
  assert_true(is_quiet_f32(op_f32_demote_f64(d)));
}

static void minimum_and_maximum_know_signed_zeros(void **state) {
  (void)state;
  assert_f64(op_f64_min(0.0, -0.0), -0.0);
  assert_f64(op_f64_min(-0.0, 0.0), -0.0);
  assert_f64(op_f64_max(-0.0, 0.0), 0.0);
  assert_f64(op_f64_max(0.0, -0.0), 0.0);
  assert_f64(op_f64_max(-0.0, -0.0), -0.0);
  assert_f64(op_f64_min(-3.0, 2.0), -3.0);
  assert_f64(op_f64_max((f64)INFINITY, 2.0), (f64)INFINITY);
  assert_f32(op_f32_min(0.0f, -0.0f), -0.0f);
  assert_f32(op_f32_max(-0.0f, 0.0f), 0.0f);
  assert_true(is_quiet_f32(op_f32_min(-INFINITY, NAN)));
}

static void rounding_keeps_the_sign_of_zero(void **state) {
  (void)state;
  assert_f64(op_f64_ceil(-0.5), -0.0);
  assert_f64(op_f64_floor(-0.0), -0.0);
  assert_f64(op_f64_trunc(-0.9), -0.0);
  assert_f64(op_f64_nearest(-0.5), -0.0);
  assert_f64(op_f64_nearest(0.5), 0.0);
  assert_f64(op_f64_nearest(1.5), 2.0);
  assert_f64(op_f64_nearest(2.5), 2.0);
  assert_f64(op_f64_nearest(0.49999999999999994), 0.0);
  assert_f64(op_f64_nearest(4503599627370497.5), 4503599627370498.0);
  assert_f32(op_f32_nearest(-2.5f), -2.0f);
  assert_f32(op_f32_nearest(8388607.5f), 8388608.0f);
  assert_f32(op_f32_floor(-INFINITY), -INFINITY);
}

static void rounding_agrees_with_the_c_library(void **state) {
  (void)state;
  u64 seed = 7;
  for (u32 i = 0; i < 200000; i++) {
    u64 bits = next_random(&seed);
    /* Half of them with an exponent near 0, where rounding does something. */
    if (i & 1) bits = (bits & ~(UINT64_C(0x7FF) << 52)) | (1015 + bits % 65) << 52;
    f64 d = f64_of_bits(bits);
    if (d != d) continue;
    assert_f64(op_f64_floor(d), floor(d));
    assert_f64(op_f64_ceil(d), ceil(d));
    assert_f64(op_f64_trunc(d), trunc(d));
    assert_f64(op_f64_nearest(d), rint(d));
    u32 low = (u32)bits;
    if (i & 1) low = (low & ~(0xFFu << 23)) | (120 + low % 32) << 23;
    f32 f = f32_of_bits(low);
    if (f != f) continue;
    assert_f32(op_f32_floor(f), floorf(f));
    assert_f32(op_f32_ceil(f), ceilf(f));
    assert_f32(op_f32_trunc(f), truncf(f));
    assert_f32(op_f32_nearest(f), rintf(f));
  }
}

/* ---- conversions ---- */

static void truncation_traps_outside_the_range(void **state) {
  (void)state;
  u32 r = 0;
  u64 l = 0;
  assert_int_equal(op_i32_trunc_f64_s(2147483647.9, &r), TRAP_NONE);
  assert_int_equal(r, 0x7FFFFFFF);
  assert_int_equal(op_i32_trunc_f64_s(2147483648.0, &r), TRAP_INT_OVERFLOW);
  assert_int_equal(op_i32_trunc_f64_s(-2147483648.9, &r), TRAP_NONE);
  assert_int_equal(r, 0x80000000);
  assert_int_equal(op_i32_trunc_f64_s(-2147483649.0, &r), TRAP_INT_OVERFLOW);
  assert_int_equal(op_i32_trunc_f32_s(-2147483648.0f, &r), TRAP_NONE);
  assert_int_equal(op_i32_trunc_f32_s(-2147483904.0f, &r), TRAP_INT_OVERFLOW);
  assert_int_equal(op_i32_trunc_f64_u(-0.9, &r), TRAP_NONE);
  assert_int_equal(r, 0);
  assert_int_equal(op_i32_trunc_f64_u(-1.0, &r), TRAP_INT_OVERFLOW);
  assert_int_equal(op_i32_trunc_f64_u(4294967295.9, &r), TRAP_NONE);
  assert_int_equal(r, 0xFFFFFFFF);
  assert_int_equal(op_i32_trunc_f32_u(NAN, &r), TRAP_INVALID_CONVERSION);
  assert_int_equal(op_i64_trunc_f64_s(-0x1p63, &l), TRAP_NONE);
  assert_int_equal(l, (u64)INT64_MIN);
  assert_int_equal(op_i64_trunc_f64_s(0x1p63, &l), TRAP_INT_OVERFLOW);
  assert_int_equal(op_i64_trunc_f32_u(0x1.fffffep63f, &l), TRAP_NONE);
  assert_int_equal(l, UINT64_C(0xFFFFFF0000000000));
  assert_int_equal(op_i64_trunc_f64_u(0x1p64, &l), TRAP_INT_OVERFLOW);
  assert_int_equal(op_i64_trunc_f64_u((f64)-INFINITY, &l), TRAP_INT_OVERFLOW);
}

static void saturating_truncation_stays_inside(void **state) {
  (void)state;
  assert_int_equal(op_i32_trunc_sat_f32_s(NAN), 0);
  assert_int_equal(op_i32_trunc_sat_f32_u(NAN), 0);
  assert_int_equal(op_i32_trunc_sat_f64_s((f64)INFINITY), INT32_MAX);
  assert_int_equal(op_i32_trunc_sat_f64_s((f64)-INFINITY), (u32)INT32_MIN);
  assert_int_equal(op_i32_trunc_sat_f64_u(-5.5), 0);
  assert_int_equal(op_i32_trunc_sat_f64_u(1e300), UINT32_MAX);
  assert_int_equal(op_i32_trunc_sat_f64_s(-5.5), (u32)-5);
  assert_int_equal(op_i64_trunc_sat_f64_s(0x1p63), INT64_MAX);
  assert_int_equal(op_i64_trunc_sat_f32_s(-0x1p64f), (u64)INT64_MIN);
  assert_int_equal(op_i64_trunc_sat_f64_u(0x1p64), UINT64_MAX);
  assert_int_equal(op_i64_trunc_sat_f64_u(-0.5), 0);
}

static void integers_round_to_floats_once(void **state) {
  (void)state;
  assert_f32(op_f32_convert_i32_s(16777217), 16777216.0f);
  assert_f32(op_f32_convert_i32_u(0xFFFFFFFF), 4294967296.0f);
  assert_f32(op_f32_convert_i64_u(UINT64_C(0x8000008000000001)), 0x1.000002p63f);
  assert_f32(op_f32_convert_i64_s((u64)INT64_MIN), -0x1p63f);
  assert_f64(op_f64_convert_i64_u(UINT64_MAX), 0x1p64);
  assert_f64(op_f64_convert_i64_u(UINT64_C(0x8000000000000401)), 0x1.0000000000001p63);
  assert_f64(op_f64_convert_i32_s(0x80000000), -0x1p31);
  assert_f32(op_f32_demote_f64(1e300), INFINITY);
}

/* ---- vectors ---- */

#define assert_v128(value, ...)                                                                    \
  do {                                                                                             \
    V128 actual = value, expected = {__VA_ARGS__};                                                 \
    assert_memory_equal(&actual, &expected, sizeof expected);                                      \
  } while (0)

static const V128 counting = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

static void lanes_move(void **state) {
  (void)state;
  assert_v128(op_i8x16_splat(0x1AB), .u64x2 = {0xABABABABABABABAB, 0xABABABABABABABAB});
  assert_v128(op_i16x8_splat(0x1ABCD), .u64x2 = {0xABCDABCDABCDABCD, 0xABCDABCDABCDABCD});
  assert_int_equal(op_i8x16_extract_lane_s((V128){{[15] = 0x80}}, 15), 0xFFFFFF80);
  assert_int_equal(op_i8x16_extract_lane_u((V128){{[15] = 0x80}}, 15), 0x80);
  assert_v128(op_i16x8_replace_lane(counting, 0x1FFFE, 1),
              {0, 1, 0xFE, 0xFF, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  V128 high = op_i8x16_add(counting, op_i8x16_splat(0x40));
  assert_v128(op_i8x16_shuffle(counting, high, (V128){{31, 0, 16, 15, 1, 1, 1, 1}}),
              {0x4F, 0, 0x40, 15, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0});
  assert_v128(
      op_i8x16_swizzle(high, (V128){{15, 16, 255, 1, 128}}),
      {0x4F, 0, 0, 0x41, 0, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40});
}

static void lanes_saturate(void **state) {
  (void)state;
  V128 a = {.i8x16 = {127, -128, 100, -100, 1}}, b = {.i8x16 = {1, -1, 100, -100, 2}};
  assert_v128(op_i8x16_add_sat_s(a, b), .i8x16 = {127, -128, 127, -128, 3});
  assert_v128(op_i8x16_sub_sat_u((V128){{1, 200}}, (V128){{2, 100}}), {0, 100});
  assert_v128(op_i8x16_add_sat_u((V128){{255, 200, 1}}, (V128){{1, 100, 1}}), {255, 255, 2});
  assert_v128(op_i16x8_sub_sat_s((V128){.i16x8 = {-32768, 5}}, (V128){.i16x8 = {1, 6}}),
              .i16x8 = {-32768, -1});
  assert_v128(op_i8x16_narrow_i16x8_u((V128){.i16x8 = {-1, 256, 7}}, (V128){.i16x8 = {300}}),
              {0, 255, 7, 0, 0, 0, 0, 0, 255});
  assert_v128(op_i16x8_narrow_i32x4_s((V128){.i32x4 = {-40000, 40000, -1}}, (V128){{0}}),
              .i16x8 = {-32768, 32767, -1});
  V128 least = op_i16x8_splat(0x8000);
  assert_v128(op_i16x8_q15mulr_sat_s(least, least),
              .i16x8 = {32767, 32767, 32767, 32767, 32767, 32767, 32767, 32767});
  assert_v128(op_i32x4_dot_i16x8_s(least, least),
              .u32x4 = {0x80000000, 0x80000000, 0x80000000, 0x80000000});
  assert_v128(op_i64x2_abs((V128){.i64x2 = {INT64_MIN, -5}}), .i64x2 = {INT64_MIN, 5});
  assert_v128(op_i8x16_avgr_u((V128){{255, 1, 0}}, (V128){{255, 2, 1}}), {255, 2, 1});
}

static void lanes_shift_modulo_their_width(void **state) {
  (void)state;
  assert_v128(op_i8x16_shl(op_i8x16_splat(0x81), 9),
              .u64x2 = {0x0202020202020202, 0x0202020202020202});
  assert_v128(op_i16x8_shr_s(op_i16x8_splat(0x8000), 31), .i64x2 = {-1, -1});
  assert_v128(op_i64x2_shr_u((V128){.u64x2 = {1, UINT64_MAX}}, 65), .u64x2 = {0, INT64_MAX});
}

static void lanes_become_bits(void **state) {
  (void)state;
  for (u32 i = 0; i < 16; i++) {
    V128 a = {{0}};
    a.u8x16[i] = 0x80;
    assert_int_equal(op_i8x16_bitmask(a), 1u << i);
    a.u8x16[i] = 0x7F;
    assert_int_equal(op_i8x16_bitmask(a), 0);
    assert_int_equal(op_v128_any_true(a), 1);
    assert_int_equal(op_i8x16_all_true(a), 0);
  }
  assert_int_equal(op_i8x16_bitmask(op_i8x16_splat(0xFF)), 0xFFFF);
  assert_int_equal(op_i64x2_bitmask((V128){.i64x2 = {1, -1}}), 2);
  assert_int_equal(op_i32x4_all_true((V128){.u32x4 = {1, 2, 3, 4}}), 1);
  assert_int_equal(op_i16x8_all_true(counting), 1);
  assert_int_equal(op_i8x16_all_true(counting), 0);
}

static void float_lanes_follow_the_scalars(void **state) {
  (void)state;
  V128 a = {.f32x4 = {-0.0f, 1.5f, -INFINITY, 3}}, b = {.f32x4 = {0.0f, -2.5f, 1, 3}};
  assert_v128(op_f32x4_min(a, b), .f32x4 = {-0.0f, -2.5f, -INFINITY, 3});
  assert_v128(op_f32x4_pmin(a, b), .f32x4 = {-0.0f, -2.5f, -INFINITY, 3});
  assert_v128(op_f32x4_pmax(b, a), .f32x4 = {0.0f, 1.5f, 1, 3});
  assert_v128(op_f32x4_nearest(b), .f32x4 = {0.0f, -2.0f, 1, 3});
  V128 signalling = {.u32x4 = {SNAN32, 0, 0, 0}};
  assert_v128(op_f32x4_pmin(signalling, b), .u32x4 = {SNAN32, 0xC0200000, 0, 0});
  assert_v128(op_f32x4_abs((V128){.u32x4 = {SNAN32 | 0x80000000}}), .u32x4 = {SNAN32});
  assert_v128(op_f32x4_ne(signalling, signalling), .i32x4 = {-1});
  assert_v128(op_i32x4_trunc_sat_f64x2_u_zero((V128){.f64x2 = {-1, 5e9}}),
              .u32x4 = {0, UINT32_MAX});
  assert_v128(op_f64x2_convert_low_i32x4_u((V128){.u32x4 = {UINT32_MAX, 1, 2, 3}}),
              .f64x2 = {4294967295.0, 1});
  assert_v128(op_f32x4_demote_f64x2_zero((V128){.f64x2 = {1e300, -0.5}}),
              .f32x4 = {INFINITY, -0.5f});
}

static void relaxed_multiply_add_rounds_twice(void **state) {
  (void)state;
  /* (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24 exactly, and 0 when the product is rounded first. */
  f32 a = 1 + 0x1p-12f, c = -(1 + 0x1p-11f);
  assert_v128(op_f32x4_relaxed_madd(op_f32x4_splat(a), op_f32x4_splat(a), op_f32x4_splat(c)),
              .f32x4 = {0});
  assert_v128(op_f32x4_relaxed_nmadd(op_f32x4_splat(a), op_f32x4_splat(-a), op_f32x4_splat(c)),
              .f32x4 = {0});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(division_traps),
      cmocka_unit_test(shifts_take_the_count_modulo_the_width),
      cmocka_unit_test(bits_are_counted),
      cmocka_unit_test(narrow_integers_are_extended),
      cmocka_unit_test(sign_operations_keep_signalling_nans),
      cmocka_unit_test(arithmetic_quiets_nans),
      cmocka_unit_test(minimum_and_maximum_know_signed_zeros),
      cmocka_unit_test(rounding_keeps_the_sign_of_zero),
      cmocka_unit_test(rounding_agrees_with_the_c_library),
      cmocka_unit_test(truncation_traps_outside_the_range),
      cmocka_unit_test(saturating_truncation_stays_inside),
      cmocka_unit_test(integers_round_to_floats_once),
      cmocka_unit_test(lanes_move),
      cmocka_unit_test(lanes_saturate),
      cmocka_unit_test(lanes_shift_modulo_their_width),
      cmocka_unit_test(lanes_become_bits),
      cmocka_unit_test(float_lanes_follow_the_scalars),
      cmocka_unit_test(relaxed_multiply_add_rounds_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
