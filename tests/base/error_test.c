/* Errors stick, untrusted names are escaped, UTF-8 is checked strictly. */
#include "base/error.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void first_error_wins(void **state) {
  (void)state;
  Error err = {0};
  assert_int_equal(err.code, ERR_NONE);
  assert_false(wm_error_set(&err, ERR_INVALID, 7, "first %d", 1));
  wm_error_set(&err, ERR_MALFORMED, 9, "second");
  wm_error_unsupported(&err, 1, "gc", "x");
  assert_int_equal(err.code, ERR_INVALID);
  assert_int_equal(err.offset, 7);
  assert_string_equal(err.message, "first 1");
  assert_null(err.proposal);
  assert_false(wm_error_set(NULL, ERR_INVALID, 0, "nobody listens"));
}

static void expect_escaped(const char *text, size_t len, const char *expected) {
  char out[32];
  assert_string_equal(wm_escape(out, sizeof out, text, len), expected);
}

static void names_are_escaped(void **state) {
  (void)state;
  expect_escaped("plain", 5, "plain");
  expect_escaped("a\x1B[2Jb", 6, "a\\1b[2Jb");
  expect_escaped("nul\0x", 5, "nul\\00x");
  expect_escaped("q\"\\", 3, "q\\22\\5c");
  expect_escaped("\xC3\xA9", 2, "\xC3\xA9");
  expect_escaped("\xC2\x9B", 2, "\\c2\\9b"); /* a C1 control */
  expect_escaped("\xFF", 1, "\\ff");
  expect_escaped("a\xE2\x80\xAEz", 5, "a\\e2\\80\\aez"); /* turns the rest of the line */
  expect_escaped("0123456789012345678901234567890123456789", 40, "0123456789012345678901234567...");
  char tiny[1] = {'x'};
  assert_string_equal(wm_escape(tiny, 1, "abc", 3), "");
}

/* What is no letter to the eye, first and last of each range, and its neighbours. */
static void what_cannot_be_seen(void **state) {
  static const u32 unseen[] = {
      0x00,    0x1F,    0x7F,    0x9F,    0xAD,    0x34F,   0x61C,   0x115F,  0x17B4,  0x180E,
      0x200B,  0x200F,  0x2028,  0x2029,  0x202A,  0x202E,  0x2060,  0x2066,  0x2069,  0x206F,
      0x3164,  0xFDD0,  0xFE0F,  0xFEFF,  0xFFA0,  0xFFF9,  0xFFFB,  0xFFFE,  0xFFFF,  0x13430,
      0x1BCA3, 0x1D173, 0x1FFFE, 0x2FFFF, 0x40000, 0xE0001, 0xE007F, 0xE01EF, 0x10FFFF};
  static const u32 seen[] = {0x20,   0x7E,   0xA0,   0xA1,   0xAE,    0x350,   0x600,   0x2027,
                             0x2030, 0x3163, 0x4E00, 0xFE10, 0xFFFC,  0xFFFD,  0x1F600, 0x3134A,
                             0xE000, 0xFFA1, 0x200A, 0x2070, 0x13440, 0x1D17B, 0x10400, 0xD7FF};
  (void)state;
  u8 out[4];
  for (size_t i = 0; i < ARRAY_LEN(unseen); i++)
    assert_int_equal(wm_utf8_visible_step(out, wm_utf8_put(out, unseen[i])), 0);
  for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
    size_t len = wm_utf8_put(out, seen[i]);
    assert_int_equal(wm_utf8_visible_step(out, len), len);
  }
  assert_int_equal(wm_utf8_visible_step((const u8 *)"\xED\xA0\x80", 3), 0); /* a surrogate */
}

static void utf8_is_strict(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t len, step;
  } cases[] = {
      {"a", 1, 1},
      {"", 0, 0},
      {"\xC2\x80", 2, 2},
      {"\xC1\x80", 2, 0},
      {"\xE0\xA0\x80", 3, 3},
      {"\xE0\x9F\x80", 3, 0},
      {"\xED\x9F\xBF", 3, 3},
      {"\xED\xA0\x80", 3, 0},
      {"\xF0\x90\x80\x80", 4, 4},
      {"\xF0\x8F\xBF\xBF", 4, 0},
      {"\xF4\x8F\xBF\xBF", 4, 4},
      {"\xF4\x90\x80\x80", 4, 0},
      {"\xF5\x80\x80\x80", 4, 0},
      {"\xE2\x82", 2, 0},
      {"\xC2", 1, 0},
      {"\x80", 1, 0},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++)
    assert_int_equal(wm_utf8_step((const u8 *)cases[i].text, cases[i].len), cases[i].step);
}

static void utf8_round_trips(void **state) {
  (void)state;
  u32 written = 0;
  for (u32 c = 0; c <= 0x110010; c++) {
    u8 out[4];
    size_t len = wm_utf8_put(out, c);
    bool scalar = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
    assert_int_equal(len != 0, scalar);
    if (len) {
      assert_int_equal(wm_utf8_step(out, len), len);
      written++;
    }
  }
  assert_int_equal(written, 0x110000 - 0x800);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_error_wins),    cmocka_unit_test(names_are_escaped),
      cmocka_unit_test(what_cannot_be_seen), cmocka_unit_test(utf8_is_strict),
      cmocka_unit_test(utf8_round_trips),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
