/* Numbers in text: exact in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/number.h"

static u64 f64_bits(const char *text) {
  u64 bits = 0;
  if (wm_f64_parse(text, strlen(text), &bits) != NUMBER_OK) fail_msg("%s is no f64", text);
  return bits;
}

static u32 f32_bits(const char *text) {
  u32 bits = 0;
  if (wm_f32_parse(text, strlen(text), &bits) != NUMBER_OK) fail_msg("%s is no f32", text);
  return bits;
}

static NumberResult f64_result(const char *text) {
  u64 bits;
  return wm_f64_parse(text, strlen(text), &bits);
}

static NumberResult f32_result(const char *text) {
  u32 bits;
  return wm_f32_parse(text, strlen(text), &bits);
}

static void integers(void **state) {
  (void)state;
  static const struct {
    const char *text;
    u32 width;
    NumberResult result;
    u64 value;
  } rows[] = {
      {"0", 32, NUMBER_OK, 0},
      {"-0", 32, NUMBER_OK, 0},
      {"+7", 32, NUMBER_OK, 7},
      {"1_000", 32, NUMBER_OK, 1000},
      {"0xFf", 32, NUMBER_OK, 255},
      {"0x0_1_2", 32, NUMBER_OK, 0x12},
      {"4294967295", 32, NUMBER_OK, 0xFFFFFFFF},
      {"4294967296", 32, NUMBER_RANGE, 0},
      {"-2147483648", 32, NUMBER_OK, 0x80000000},
      {"-2147483649", 32, NUMBER_RANGE, 0},
      {"-1", 8, NUMBER_OK, 0xFF},
      {"-128", 8, NUMBER_OK, 0x80},
      {"-129", 8, NUMBER_RANGE, 0},
      {"256", 8, NUMBER_RANGE, 0},
      {"18446744073709551615", 64, NUMBER_OK, UINT64_MAX},
      {"18446744073709551616", 64, NUMBER_RANGE, 0},
      {"-9223372036854775808", 64, NUMBER_OK, UINT64_C(1) << 63},
      {"-9223372036854775809", 64, NUMBER_RANGE, 0},
      {"", 32, NUMBER_SYNTAX, 0},
      {"-", 32, NUMBER_SYNTAX, 0},
      {"_1", 32, NUMBER_SYNTAX, 0},
      {"1_", 32, NUMBER_SYNTAX, 0},
      {"1__0", 32, NUMBER_SYNTAX, 0},
      {"0x", 32, NUMBER_SYNTAX, 0},
      {"0x_1", 32, NUMBER_SYNTAX, 0},
      {"0X1", 32, NUMBER_SYNTAX, 0},
      {"12a", 32, NUMBER_SYNTAX, 0},
      {"1.0", 32, NUMBER_SYNTAX, 0},
      {"+-1", 32, NUMBER_SYNTAX, 0},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    u64 value = 0;
    NumberResult result = wm_int_parse(rows[i].text, strlen(rows[i].text), rows[i].width, &value);
    if (result != rows[i].result || (result == NUMBER_OK && value != rows[i].value))
      fail_msg("%s: result %d, value %llx", rows[i].text, result, (unsigned long long)value);
  }
  u64 value;
  assert_int_equal(wm_uint_parse("-1", 2, &value), NUMBER_SYNTAX);
  assert_int_equal(wm_uint_parse("+1", 2, &value), NUMBER_SYNTAX);
}

static void doubles(void **state) {
  (void)state;
  assert_int_equal(f64_bits("0"), 0);
  assert_int_equal(f64_bits("-0.0"), UINT64_C(1) << 63);
  assert_int_equal(f64_bits("1"), bits_of_f64(1.0));
  assert_int_equal(f64_bits("1."), bits_of_f64(1.0));
  assert_int_equal(f64_bits("1.e1"), bits_of_f64(10.0));
  assert_int_equal(f64_bits("1_0.2_5E+0_1"), bits_of_f64(102.5));
  assert_int_equal(f64_bits("0x1.8p1"), bits_of_f64(3.0));
  assert_int_equal(f64_bits("0xA.P-1"), bits_of_f64(5.0));
  assert_int_equal(f64_bits("0x1p-1074"), 1);
  assert_int_equal(f64_bits("4.9e-324"), 1);
  assert_int_equal(f64_bits("2.47e-324"), 0);
  assert_int_equal(f64_bits("2.48e-324"), 1);
  assert_int_equal(f64_bits("2.2250738585072014e-308"), 0x0010000000000000);
  /* a text that made other readers loop or round wrongly */
  assert_int_equal(f64_bits("2.2250738585072011e-308"), 0x000FFFFFFFFFFFFF);
  assert_int_equal(f64_bits("6929495644600919.5"), 0x43389E56EE5E7A58);
  assert_int_equal(f64_bits("1.7976931348623157e308"), 0x7FEFFFFFFFFFFFFF);
  assert_int_equal(f64_bits("1.79769313486231580793e308"), 0x7FEFFFFFFFFFFFFF);
  assert_int_equal(f64_result("1.797693134862315808e308"), NUMBER_RANGE);
  assert_int_equal(f64_result("0x1.fffffffffffff8p1023"), NUMBER_RANGE);
  assert_int_equal(f64_result("1e999999999999999999999"), NUMBER_RANGE);
  assert_int_equal(f64_bits("1e-999999999999999999999"), 0);
  assert_int_equal(f64_bits("0e999999999999999999999"), 0);
}

/* Halfway between two neighbours: to the even one, and one digit more decides. */
static void ties(void **state) {
  (void)state;
  assert_int_equal(f64_bits("9007199254740993"), bits_of_f64(9007199254740992.0));
  assert_int_equal(f64_bits("9007199254740995"), bits_of_f64(9007199254740996.0));
  assert_int_equal(f64_bits("9007199254740993.00000000000000000000000000001"),
                   bits_of_f64(9007199254740994.0));
  assert_int_equal(f64_bits("0x1.00000000000008p0"), bits_of_f64(1.0));
  assert_int_equal(f64_bits("0x1.00000000000008000000000000000000001p0"), bits_of_f64(1.0) + 1);
  assert_int_equal(f32_bits("0x1.000001p0"), bits_of_f32(1.0f));
  assert_int_equal(f32_bits("0x1.000003p0"), bits_of_f32(1.0f) + 2);
  assert_int_equal(f32_bits("16777217"), bits_of_f32(16777216.0f));
  /* rounded once: by way of a double the first would be a tie, too */
  assert_int_equal(f32_bits("1.00000017881393432617187499"), bits_of_f32(1.0f) + 1);
  assert_int_equal(f32_bits("1.00000017881393432617187500"), bits_of_f32(1.0f) + 2);

  char digits[1200] =
      "9007199254740993."; /* more digits than are kept, all that decides at the end */
  memset(digits + 17, '0', 1100);
  digits[1117] = 0;
  assert_int_equal(f64_bits(digits), bits_of_f64(9007199254740992.0));
  digits[1116] = '1';
  assert_int_equal(f64_bits(digits), bits_of_f64(9007199254740994.0));
}

static void specials(void **state) {
  (void)state;
  assert_int_equal(f32_bits("inf"), 0x7F800000);
  assert_int_equal(f32_bits("-inf"), 0xFF800000);
  assert_int_equal(f32_bits("nan"), 0x7FC00000);
  assert_int_equal(f32_bits("-nan"), 0xFFC00000);
  assert_int_equal(f32_bits("nan:0x1"), 0x7F800001);
  assert_int_equal(f32_bits("-nan:0x7f_ffff"), 0xFFFFFFFF);
  assert_int_equal(f64_bits("+nan:0xfffffffffffff"), 0x7FFFFFFFFFFFFFFF);
  assert_int_equal(f32_result("nan:0x0"), NUMBER_RANGE);
  assert_int_equal(f32_result("nan:0x800000"), NUMBER_RANGE);
  assert_int_equal(f64_result("nan:0x10000000000000"), NUMBER_RANGE);
  assert_int_equal(f32_result("3.4028236e38"), NUMBER_RANGE);
  assert_int_equal(f32_bits("3.4028235e38"), 0x7F7FFFFF);
  static const char *const bad[] = {"",     ".",     ".5",   "e1",     "1e",           "1e+",
                                    "0x1p", "0x.8",  "0xp1", "1._5",   "1_.5",         "1.5_",
                                    "1e1_", "nan:1", "nan:", "nan:0x", "infi",         "nan:0X1",
                                    "1p1",  "1.5.5", "--1",  "0x1.g",  "nan:canonical"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++)
    if (f64_result(bad[i]) != NUMBER_SYNTAX) fail_msg("%s", bad[i]);
  assert_int_equal(f64_bits("0x1e"), bits_of_f64(30.0));
}

static void check_f64(u64 bits, const char *expected) {
  char text[NUMBER_CHARS];
  size_t len = wm_f64_print(text, bits);
  assert_int_equal(len, strlen(text));
  assert_string_equal(text, expected);
  assert_int_equal(f64_bits(text), bits);
}

static void check_f32(u32 bits, const char *expected) {
  char text[NUMBER_CHARS];
  wm_f32_print(text, bits);
  assert_string_equal(text, expected);
  assert_int_equal(f32_bits(text), bits);
}

static void printing(void **state) {
  (void)state;
  check_f64(0, "0");
  check_f64(UINT64_C(1) << 63, "-0");
  check_f64(bits_of_f64(1.0), "1");
  check_f64(bits_of_f64(-1.5), "-1.5");
  check_f64(bits_of_f64(0.1), "0.1");
  check_f64(bits_of_f64(100), "100");
  check_f64(bits_of_f64(0.00001), "0.00001");
  check_f64(bits_of_f64(0.000001), "1e-6");
  check_f64(bits_of_f64(1e23), "1e+23");
  check_f64(bits_of_f64(123456789012345680.0), "1.2345678901234568e+17");
  check_f64(bits_of_f64(12345678901234567.0), "12345678901234568");
  check_f64(bits_of_f64(1.0 / 3), "0.3333333333333333");
  check_f64(1, "5e-324");
  check_f64(0x7FEFFFFFFFFFFFFF, "1.7976931348623157e+308");
  check_f64(0x0010000000000000, "2.2250738585072014e-308");
  check_f64(0x7FF0000000000000, "inf");
  check_f64(0xFFF0000000000000, "-inf");
  check_f64(0x7FF8000000000000, "nan");
  check_f64(0xFFF8000000000000, "-nan");
  check_f64(0xFFF4000000000001, "-nan:0x4000000000001");
  check_f32(bits_of_f32(0.1f), "0.1");
  check_f32(bits_of_f32(16777216.0f), "16777216");
  check_f32(bits_of_f32(3.4028235e38f), "3.4028235e+38");
  check_f32(1, "1e-45");
  check_f32(0x00800000, "1.1754944e-38");
  check_f32(0x7FA00000, "nan:0x200000");
}

/* What is printed reads back, over bits of all kinds. */
static void round_trips(void **state) {
  (void)state;
  u64 x = 88172645463325252u;
  for (int i = 0; i < 4000; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    u64 bits = i % 3 ? x : x & 0x800FFFFFFFFFFFFF;
    char text[NUMBER_CHARS];
    wm_f64_print(text, bits);
    if (f64_bits(text) != bits) fail_msg("%s is not %llx", text, (unsigned long long)bits);
    wm_f32_print(text, (u32)bits);
    if (f32_bits(text) != (u32)bits) fail_msg("%s is not %x", text, (u32)bits);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers), cmocka_unit_test(doubles),  cmocka_unit_test(ties),
      cmocka_unit_test(specials), cmocka_unit_test(printing), cmocka_unit_test(round_trips),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
