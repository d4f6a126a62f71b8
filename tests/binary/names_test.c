/* Names of functions and modules, from whole and broken name sections. */
#include "binary/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "binary/decode.h"
#include "binary/seed.h"

static void assert_name(Name name, const char *expected) {
  assert_int_equal(name.len, strlen(expected));
  assert_memory_equal(name.bytes, expected, name.len);
}

static void sources_in_order(void **state) {
  (void)state;
  Buffer b = {0};
  seed_module(&b);
  Module m;
  Error err = {0};
  assert_true(wm_module_decode(&m, b.data, b.len, &err));
  Name name;
  char text[64];
  assert_true(wm_names_find_func(&m, 2, &name)); /* by the name section */
  assert_name(name, "second");
  assert_true(wm_names_find_func(&m, 1, &name)); /* by its export */
  assert_name(name, "run");
  assert_true(wm_names_find_func(&m, 0, &name)); /* by its import */
  assert_name(name, "f");
  assert_false(wm_names_find_func(&m, 3, &name));
  assert_true(wm_names_find_module(&m, &name));
  assert_name(name, "seed");
  assert_string_equal(wm_names_print_func(&m, 0, text, sizeof text), "env.f");
  assert_string_equal(wm_names_print_func(&m, 2, text, sizeof text), "second");
  assert_string_equal(wm_names_print_func(&m, 9, text, sizeof text), "func 9");
  Name *list = wm_names_list_funcs(&m);
  assert_non_null(list);
  assert_name(list[2], "second");
  assert_name(list[1], "run");
  assert_null(list[0].bytes);
  free(list);
  wm_module_free(&m);
  wm_buffer_free(&b);
}

/* A module whose name section holds `parts`, with one function, not exported. */
static void decode_named(Module *m, const char *parts, size_t size) {
  Buffer b = {0};
  wm_encode_header(&b);
  wm_buffer_bytes(&b, "\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0A\x04\x01\x02\x00\x0B", 16);
  size_t section = wm_encode_section(&b, SECTION_CUSTOM);
  wm_encode_name(&b, "name", 4);
  wm_buffer_bytes(&b, parts, size);
  wm_encode_close(&b, section);
  Error err = {0};
  assert_true(wm_module_decode(m, b.data, b.len, &err));
  wm_buffer_free(&b);
}

static bool finds(const char *parts, size_t size, const char *expected) {
  Module m;
  Name name;
  decode_named(&m, parts, size);
  bool found = wm_names_find_func(&m, 0, &name);
  if (found) assert_name(name, expected);
  wm_module_free(&m);
  return found;
}

#define FINDS(parts, expected) finds(parts, sizeof(parts) - 1, expected)

static void broken_sections_have_no_names(void **state) {
  (void)state;
  assert_true(FINDS("\x01\x05\x01\x00\x02"
                    "ab",
                    "ab"));
  assert_true(FINDS("\x00\x02\x01"
                    "m\x01\x05\x01\x00\x02"
                    "ab",
                    "ab"));
  assert_true(FINDS("\x01\x05\x09\x00\x02"
                    "ab",
                    "ab")); /* the count lies, later */
  assert_true(FINDS("\x01\x07\x02\x05\x00\x00\x02"
                    "ab",
                    "ab"));
  assert_false(FINDS("", ""));
  assert_false(FINDS("\x01", ""));
  assert_false(FINDS("\x01\x05\x01\x00\x02"
                     "a",
                     ""));
  assert_false(FINDS("\x01\x06\x01\x00\x02"
                     "ab",
                     ""));
  assert_false(FINDS("\x01\x05\x01\x00\x03"
                     "ab",
                     ""));
  assert_false(FINDS("\x01\x05\x01\x00\x02"
                     "\xC3\x28",
                     ""));
  assert_false(FINDS("\x01\x05\xFF\xFF\xFF\xFF\x0F", ""));
  assert_false(FINDS("\x02\x05\x01\x00\x02"
                     "ab",
                     ""));
}

static void names_are_escaped_in_print(void **state) {
  (void)state;
  static const char parts[] = "\x01\x05\x01\x00\x02\x1B[";
  Module m;
  char text[64];
  decode_named(&m, parts, sizeof parts - 1);
  assert_string_equal(wm_names_print_func(&m, 0, text, sizeof text), "\\1b[");
  wm_module_free(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sources_in_order),
      cmocka_unit_test(broken_sections_have_no_names),
      cmocka_unit_test(names_are_escaped_in_print),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
