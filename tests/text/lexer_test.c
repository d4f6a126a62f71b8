/* Tokens, what stands between them, and what is no token. */
#include "text_test.h"

#include "text/lexer.h"

/* Reads all tokens of `text` and writes their kinds, one letter each. */
static const char *kinds(const char *text) {
  static char letters[200];
  Error err = {0};
  Lexer lx;
  size_t n = 0, size = strlen(text);
  char *copy = exact_copy(text, size);
  for (wm_lexer_init(&lx, copy, 0, size, &err); lx.token.kind != TOKEN_END; wm_lexer_next(&lx))
    letters[n++] = "E()kinsr"[lx.token.kind];
  letters[n] = 0;
  free(copy);
  return err.code == ERR_NONE ? letters : "error";
}

static Error error_of(const char *text, size_t size) {
  Error err = {0};
  Lexer lx;
  char *copy = exact_copy(text, size);
  for (wm_lexer_init(&lx, copy, 0, size, &err); lx.token.kind != TOKEN_END;) wm_lexer_next(&lx);
  free(copy);
  return err;
}

static void bad(const char *text, const char *message) {
  Error err = error_of(text, strlen(text));
  assert_string_equal(err.message, message);
}

static void classes(void **state) {
  (void)state;
  assert_string_equal(kinds(""), "");
  assert_string_equal(kinds("(func $f 12 \"s\" nan)"), "(kinsk)");
  assert_string_equal(kinds("+1 -0x1p-3 0drop inf nan:0x1 offset=4"), "nnnkkk");
  assert_string_equal(kinds("$\"quoted id\" $!#%&'*+-./:<=>?@\\^_`|~"), "ii");
  assert_string_equal(kinds("a\"b\" \"a\"\"b\" \"a\"b $\"a\"b $a\"b\""), "rrrrr");
  assert_string_equal(kinds("@a ABC _ , ; [ ] { }"), "rrrrrrrrr");
  assert_string_equal(kinds("a(b)c\"d\"(e)"), "k(k)r(k)");
}

static void blanks(void **state) {
  (void)state;
  assert_string_equal(kinds(" \t\r\n a ;; b\n c ;; d\r e ;; f"), "kkk");
  assert_string_equal(kinds("a(;b(;c;)d;)e"), "kk");
  assert_string_equal(kinds("a;;b"), "k");
  assert_string_equal(kinds("(;;)(;;;)(;\";)a"), "k");
  assert_string_equal(kinds("(@x (y \")\" ;; )\n (; ) ;) , ; [ ] { }) ) ) a"), ")k");
  assert_string_equal(kinds("(@\"quoted\" 0x @ $ (@ )) a"), "k");
}

static void bad_text(void **state) {
  (void)state;
  bad("(; (; ;)", "unclosed comment");
  bad("\"abc", "unclosed string");
  bad("\"abc\n\"", "unclosed string");
  bad("\"a\tb\"", "illegal control character in string");
  bad("\"\\q\"", "illegal escape");
  bad("\"\\0\"", "illegal escape");
  bad("\"\\u{110000}\"", "illegal escape");
  bad("\"\\u{d800}\"", "illegal escape");
  bad("\"\\u{}\"", "illegal escape");
  bad("\"\\u{41\"", "illegal escape");
  bad("\"\\u{4__1}\"", "illegal escape");
  bad("\"\\", "illegal escape");
  bad("\"\xff\"", "malformed UTF-8 encoding");
  bad("\x80", "malformed UTF-8 encoding");
  bad(";; \xc3", "malformed UTF-8 encoding");
  bad("(; \xed\xa0\x80 ;)", "malformed UTF-8 encoding");
  bad("\xc3\xa4", "illegal character");
  bad("\x01", "illegal character");
  bad("$", "empty identifier");
  bad("$\"\"", "empty identifier");
  bad("$\"\\ff\"", "malformed UTF-8 encoding");
  bad("(@)", "empty annotation id");
  bad("(@a", "unclosed annotation");
  bad("(@a (b)", "unclosed annotation");
  bad("(@a \")", "unclosed string");
  bad("(@a \x7f)", "illegal character");
  Error err = error_of("a \0 b", 5);
  assert_string_equal(err.message, "illegal character");
  assert_int_equal(err.offset, 2);
}

static void strings(void **state) {
  (void)state;
  static const char text[] = "\"a\\t\\n\\r\\\"\\'\\\\\\00\\fF\\u{e4}\\u{1_F600}z\"";
  Error err = {0};
  Lexer lx;
  Buffer b = {0};
  wm_lexer_init(&lx, text, 0, strlen(text), &err);
  assert_true(wm_lexer_take_string(&lx, &b));
  assert_int_equal(b.len, 16);
  assert_memory_equal(b.data, "a\t\n\r\"'\\\0\xff\xc3\xa4\xf0\x9f\x98\x80z", 16);
  assert_false(wm_lexer_take_string(&lx, &b));
  wm_buffer_free(&b);
}

static void look_ahead(void **state) {
  (void)state;
  Error err = {0};
  Lexer lx;
  static const char text[] = "( module ( func ) )";
  wm_lexer_init(&lx, text, 0, strlen(text), &err);
  assert_true(wm_lexer_at_list(&lx, "module"));
  assert_false(wm_lexer_at_list(&lx, "func"));
  Lexer start = lx;
  assert_true(wm_lexer_take_list(&lx, "module"));
  assert_true(wm_lexer_take_list(&lx, "func"));
  wm_lexer_close(&lx);
  wm_lexer_close(&lx);
  assert_int_equal(lx.token.kind, TOKEN_END);
  lx = start;
  wm_lexer_next(&lx);
  assert_true(wm_lexer_take(&lx, "module"));
  assert_int_equal(lexer_offset(&lx), 9);
  assert_true(lexer_ok(&lx));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes), cmocka_unit_test(blanks),     cmocka_unit_test(bad_text),
      cmocka_unit_test(strings), cmocka_unit_test(look_ahead),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
