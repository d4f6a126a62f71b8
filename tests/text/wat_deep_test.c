/* A million nested things take memory, not stack, and time in proportion. */
#include "text_test.h"

enum { DEEP = 1000000 };

static void repeat(Buffer *b, const char *text, u32 count) {
  size_t len = strlen(text);
  assert_true(wm_buffer_reserve(b, len * count));
  for (u32 i = 0; i < count; i++) wm_buffer_bytes(b, text, len);
}

/* head, then `count` times open, middle, `count` times close, tail: the error, if any. */
static Error deep(const char *head, const char *open, const char *middle, const char *close,
                  const char *tail, size_t *size) {
  Buffer text = {0}, out = {0};
  Error err = {0};
  repeat(&text, head, 1);
  repeat(&text, open, DEEP);
  repeat(&text, middle, 1);
  repeat(&text, close, DEEP);
  repeat(&text, tail, 1);
  wm_wat_to_binary((const char *)text.data, text.len, &out, &err);
  *size = out.len;
  wm_buffer_free(&text);
  wm_buffer_free(&out);
  return err;
}

static void good(const char *head, const char *open, const char *middle, const char *close,
                 size_t bytes_each) {
  size_t size;
  Error err = deep(head, open, middle, close, ")", &size);
  if (err.code != ERR_NONE) fail_msg("%s: %s", open, err.message);
  assert_in_range(size, bytes_each * DEEP, bytes_each * DEEP + 60);
}

static void bad(const char *head, const char *open, const char *close, const char *message) {
  size_t size;
  Error err = deep(head, open, "", close, "", &size);
  assert_int_equal(err.code, ERR_SYNTAX);
  assert_memory_equal(err.message, message, strlen(message));
}

static void nested(void **state) {
  (void)state;
  good("(func ", "block ", "", "end ", 3);
  good("(func ", "(block ", "", ")", 3);
  good("(func ", "(i32.eqz ", "(i32.const 0)", ")", 1);
  good("(func ", "(if (i32.const 1) (then ", "", "))", 5);
  good("(func ", "(if (then) (else ", "", "))", 4);
  good("(global i32 ", "(i32.eqz ", "(i32.const 0)", ")", 1);
  good("(@x ", "(", "", ")", 0);
  good("(func ", "(;", "", ";)", 0);
  good("(func ", "(@x ", "", ")", 0);
}

static void unclosed(void **state) {
  (void)state;
  bad("", "(", "", "unexpected token");
  bad("(func ", "(", "", "unexpected token");
  bad("(func ", "(block ", "", "unexpected token");
  bad("(func ", "block ", "", "unexpected token");
  bad("(func ", "(if ", "", "unexpected token");
  bad("(type ", "(", "", "unexpected token");
  bad("", "(@x ", "", "unclosed annotation");
  bad("", "(;", "", "unclosed comment");
  bad("", ")", "", "unexpected token");
  bad("(func) ", "(type ", ")", "unexpected token");
}

/* A label a million blocks out, named a million times. */
static void far_label(void **state) {
  (void)state;
  size_t size;
  Buffer text = {0}, out = {0};
  Error err = {0};
  repeat(&text, "(func block $far ", 1);
  repeat(&text, "block $near ", DEEP);
  repeat(&text, "br $far br $near ", DEEP);
  repeat(&text, "end $near ", DEEP);
  repeat(&text, "end $far)", 1);
  assert_true(wm_wat_to_binary((const char *)text.data, text.len, &out, &err));
  size = out.len;
  assert_true(size > 8u * DEEP);
  wm_buffer_free(&text);
  wm_buffer_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nested),
      cmocka_unit_test(unclosed),
      cmocka_unit_test(far_label),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
