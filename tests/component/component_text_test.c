/* Values as text: wasmcm_val_parse, wasmcm_val_print; types in WIT's words, imports and exports.
 * The types are those of seeds/values.wat. */
#include "component/component_values.h"
#include "support/failing_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static wasm_engine_t *engine;
static wasmcm_component_t *component;
static const wasmcm_type_t *all; /* the instance's */

static int set_up(void **state) {
  (void)state;
  char path[512];
  static u8 bytes[65536];
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_item_t item = {.size = sizeof item};
  snprintf(path, sizeof path, "%s/values.wasm", getenv("COMPONENT_SEEDS"));
  FILE *file = fopen(path, "rb");
  size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (file) fclose(file);
  engine = wasm_engine_new();
  component = wasmcm_component_new(engine, bytes, size, 0, &err);
  if (!component) fprintf(stderr, "%s\n", err.message);
  if (!component || !wasmcm_type_import(wasmcm_component_type(component), 0, &item)) return 1;
  all = item.type;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  wasmcm_component_delete(component);
  wasm_engine_delete(engine);
  return 0;
}

static bool is_named(const wasmcm_item_t *item, const char *name) {
  return item->name_size == strlen(name) && memcmp(item->name, name, item->name_size) == 0;
}

/* The function of that name. */
static const wasmcm_type_t *func_named(const char *name) {
  wasmcm_item_t item = {.size = sizeof item};
  for (size_t i = 0; wasmcm_type_export(all, i, &item); i++)
    if (item.kind == WASMCM_FUNC && is_named(&item, name)) return item.type;
  fail_msg("no type %s", name);
  return NULL;
}

static const wasmcm_type_t *type_named(const char *name) {
  return wasmcm_type_part(func_named(name), 0);
}

/* What the text is printed as; NULL, and the error. From malloc, and the text at its end, so that a
 * sanitizer sees what is read behind. */
static char *reprinted(const wasmcm_type_t *type, const char *text, wasmx_error_t *err) {
  wasmcm_result_t val;
  wasm_byte_vec_t printed;
  size_t size = strlen(text);
  char *copy = malloc(size + 1), *out = NULL;
  assert_non_null(copy);
  memcpy(copy + 1, text, size);
  *err = (wasmx_error_t){.size = sizeof *err};
  if (wasmcm_val_parse(type, copy + 1, size, NULL, &val, err)) {
    assert_true(wasmcm_val_print(type, &val.value, &printed));
    out = strndup(printed.data, printed.size);
    wasm_byte_vec_delete(&printed);
    wasmcm_result_delete(&val);
  }
  free(copy);
  return out;
}

static void expect(const char *type, const char *text, const char *wanted) {
  wasmx_error_t err;
  char *printed = reprinted(type_named(type), text, &err);
  if (!printed) fail_msg("%s: %s: %u:%u: %s", type, text, err.line, err.column, err.message);
  if (printed) assert_string_equal(printed, wanted);
  char *again = printed ? reprinted(type_named(type), printed, &err) : NULL;
  if (printed) assert_string_equal(again, printed);
  free(printed);
  free(again);
}

static void good_values(void **state) {
  (void)state;
  static const char *const values[][3] = {
      {"bool", " true ", "true"},
      {"bool", "false// no\n", "false"},
      {"s8", "-128", "-128"},
      {"s8", "127", "127"},
      {"u8", "255", "255"},
      {"u8", "-0", "0"},
      {"s16", "-32768", "-32768"},
      {"u64", "18446744073709551615", "18446744073709551615"},
      {"s64", "-9223372036854775808", "-9223372036854775808"},
      {"f32", "3.4028235e38", "3.4028235e+38"},
      {"f32", "-0", "-0"},
      {"f64", "nan", "nan"},
      {"f64", "inf", "inf"},
      {"f64", "-inf", "-inf"},
      {"f64", "6.022e+23", "6.022e+23"},
      {"f64", "1E5", "100000"},
      {"f64", "5e-324", "5e-324"},
      {"f64", "0.1", "0.1"},
      {"char", "'x'", "'x'"},
      {"char", "'\\''", "'\\''"},
      {"char", "'\"'", "'\\\"'"},
      {"char", "'☃'", "'☃'"},
      {"char", "'\\u{1F600}'", "'😀'"},
      {"char", "'\\u{0}'", "'\\u{0}'"},
      {"string", "\"\"", "\"\""},
      {"string", "\"abc\\t123\\n\\r\\\\\\u{e9}\"", "\"abc\\t123\\n\\r\\\\é\""},
      {"string", "\"// no comment\"", "\"// no comment\""},
      {"string", "\"\\u{202e}\"", "\"\\u{202e}\""},
      {"string", "\"\"\"\n\"\"\"", "\"\""},
      {"string", "\"\"\"\nA single line\n\"\"\"", "\"A single line\""},
      {"string", "\"\"\"\r\n    more\r\n      \"quoted\" \\u{41}\r\n  \"\"\"",
       "\"  more\\n    \\\"quoted\\\" A\""},
      {"string", "\"\"\"\n\n\n\"\"\"", "\"\\n\""},
      {"bytes", "[]", "[]"},
      {"bytes", "[0,127 , 255,]", "[0, 127, 255]"},
      {"shorts", "[-1, 32767]", "[-1, 32767]"},
      {"floats", "[1.5, nan, -inf]", "[1.5, nan, -inf]"},
      {"lists", "[[], [\"a\",\"b\",], [\"\"]]", "[[], [\"a\", \"b\"], [\"\"]]"},
      {"pair", "(123, \"abc\",)", "(123, \"abc\")"},
      {"maybe", "1", "some(1)"},
      {"maybe", "some ( 1 )", "some(1)"},
      {"maybe", "none", "none"},
      {"maybes", "some(none)", "some(none)"},
      {"maybes", "some(3)", "some(some(3))"},
      {"maybe-text", "[none, \"a\", some(\"b\")]", "[none, some(\"a\"), some(\"b\")]"},
      {"outcome", "1", "ok(1)"},
      {"outcome", "ok(1)", "ok(1)"},
      {"outcome", "err(\"oops\")", "err(\"oops\")"},
      {"done", "ok", "ok"},
      {"done", "err", "err"},
      {"failed", "ok", "ok"},
      {"failed", "err(\"x\")", "err(\"x\")"},
      {"outcomes", "ok(none)", "ok(none)"},
      {"outcomes", "err(3)", "err(some(3))"},
      {"points", "[{x: 1}, {y: 2, %x: 3,}, {true: \"t\", x: 4, y: none}]",
       "[{x: 1}, {x: 3, y: some(2)}, {x: 4, true: some(\"t\")}]"},
      {"laxes", "[{:}, {b: true}, {a: none}]", "[{:}, {b: some(true)}, {:}]"},
      {"shapes", "[empty, circle(1), %err(\"e\"), HTTP-3([3])]",
       "[empty, circle(1), %err(\"e\"), HTTP-3([3])]"},
      {"colors", "[red, %none, ok]", "[red, %none, %ok]"},
      {"maybe-color", "none", "none"},
      {"maybe-color", "%none", "some(%none)"},
      {"all-ways", "[{}, {write, read}, {%true,}]", "[{}, {read, write}, {true}]"},
  };
  for (size_t i = 0; i < ARRAY_LEN(values); i++) expect(values[i][0], values[i][1], values[i][2]);
}

/* Of a type, a text, where it is wrong, and what the message says. */
static const struct {
  const char *type, *text;
  u32 line, column;
  const char *says;
} bad[] = {
    {"bool", "", 1, 1, "expected bool, found the end of the text"},
    {"bool", "truth", 1, 1, "expected bool, found `truth`"},
    {"bool", "%true", 1, 1, "expected bool"},
    {"bool", "true true", 1, 6, "expected the end of the text, found `true`"},
    {"s8", "128", 1, 1, "128 is out of the range of s8"},
    {"s8", "-129", 1, 1, "out of the range"},
    {"u8", "256", 1, 1, "256 is out of the range of u8"},
    {"u8", "-1", 1, 1, "out of the range"},
    {"u8", "1.0", 1, 1, "expected u8, found `1.0`"},
    {"u8", "0x1", 1, 1, "expected u8"},
    {"u8", "01", 1, 1, "expected u8"},
    {"u8", "1_0", 1, 2, "expected the end of the text"},
    {"u8", "\"1\"", 1, 1, "expected u8, found `\"`"},
    {"u64", "18446744073709551616", 1, 1, "out of the range of u64"},
    {"s64", "9223372036854775808", 1, 1, "out of the range of s64"},
    {"f32", "1e39", 1, 1, "out of the range of f32"},
    {"f32", "1.", 1, 1, "expected f32"},
    {"f32", ".5", 1, 1, "expected f32"},
    {"f32", "1e", 1, 1, "expected f32"},
    {"f32", "nan:0x1", 1, 4, "expected the end"},
    {"f64", "infinity", 1, 1, "expected f64"},
    {"char", "''", 1, 2, "expected a character"},
    {"char", "'ab'", 1, 2, "expected one character"},
    {"char", "'\\x'", 1, 3, "no such escape"},
    {"char", "'\\u{d800}'", 1, 5, "scalar value"},
    {"char", "'\\u{110000}'", 1, 5, "scalar value"},
    {"char", "'\\u{0000041}'", 1, 5, "scalar value"},
    {"char", "'\\u{}'", 1, 5, "scalar value"},
    {"char", "'\\u{4@}'", 1, 5, "scalar value"},
    {"char", "'\\u{`}'", 1, 5, "scalar value"},
    {"char", "'\\u{g}'", 1, 5, "scalar value"},
    {"char", "'a", 1, 2, "expected one character"},
    {"char", "a", 1, 1, "expected char, found `a`"},
    {"string", "\"abc", 1, 2, "does not end"},
    {"string", "\"a\nb\"", 1, 2, "does not end"},
    {"string", "\"\\", 1, 2, "does not end"},
    {"string", "\"\"\"x\n\"\"\"", 1, 4, "line break"},
    {"string", "\"\"\"\nx\"\"\"", 1, 4, "line break"},
    {"string", "\"\"\"\n  x\n y\n  \"\"\"", 3, 2, "indented less"},
    {"string", "\"\"\"\nx", 1, 4, "does not end"},
    {"string", "\"\"\"\nx\\\n\"\"\"", 2, 3, "no such escape"},
    {"bytes", "[1, 2", 1, 6, "expected `,` or `]`, found the end of the text"},
    {"bytes", "[1 2]", 1, 4, "expected `,` or `]`, found `2`"},
    {"bytes", "[,]", 1, 2, "expected u8, found `,`"},
    {"bytes", "[1,\n  // one\n  300]", 3, 3, "300 is out of the range of u8"},
    {"bytes", "1", 1, 1, "expected list<u8>, found `1`"},
    {"pair", "(1)", 1, 3, "there are 1 of 2 elements"},
    {"pair", "(1, \"a\", 2)", 1, 10, "more than 2 elements"},
    {"maybe", "\"a\"", 1, 1, "expected u8"},
    {"maybe", "some", 1, 5, "expected `(`"},
    {"maybes", "3", 1, 1, "expected option<option<u8>>, found `3`"},
    {"outcome", "err", 1, 4, "expected `(`"},
    {"failed", "1", 1, 1, "expected result<_, string>, found `1`"},
    {"done", "ok(1)", 1, 3, "expected the end of the text"},
    {"points", "[{y: 1}]", 1, 7, "the field `x` is missing"},
    {"points", "[{x: 1, x: 2}]", 1, 9, "the field is there twice"},
    {"points", "[{z: 1}]", 1, 3, "there is no field `z`"},
    {"points", "[{x 1}]", 1, 5, "expected `:`, found `1`"},
    {"points", "[{:}]", 1, 4, "the field `x` is missing"},
    {"points", "[{1: 1}]", 1, 3, "expected field, found `1`"},
    {"shapes", "[square]", 1, 2, "there is no case `square`"},
    {"shapes", "[circle]", 1, 8, "expected `(`"},
    {"shapes", "[empty(1)]", 1, 7, "expected `,` or `]`"},
    {"colors", "[1]", 1, 2, "expected enum"},
    {"all-ways", "[{read, read}]", 1, 9, "the flag is there twice"},
    {"all-ways", "[{go}]", 1, 3, "there is no flag `go`"},
    {"a-thing", "1", 1, 1, "a resource cannot be written"},
};

static void bad_values(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    wasmx_error_t err;
    char *printed = reprinted(type_named(bad[i].type), bad[i].text, &err);
    if (printed) fail_msg("%s: %s was taken as %s", bad[i].type, bad[i].text, printed);
    if (err.code != WASMX_SYNTAX || err.line != bad[i].line || err.column != bad[i].column ||
        !strstr(err.message, bad[i].says))
      fail_msg("%s: %s: %u:%u: %s", bad[i].type, bad[i].text, err.line, err.column, err.message);
  }
}

/* ---- arguments ---- */

static void expect_arguments(const char *name, const char *text, const char *wanted) {
  wasmcm_result_t val;
  size_t at = strcspn(text, "(");
  Buffer out = {0};
  wasmx_error_t err = {.size = sizeof err};
  if (!wasmcm_val_parse(func_named(name), text, strlen(text), &at, &val, &err)) {
    assert_non_null(strstr(err.message, wanted));
    return;
  }
  for (size_t i = 0; i < val.value.of.items.count; i++) {
    value_write(&out, wasmcm_type_part(func_named(name), i), &val.value.of.items.data[i]);
    wm_buffer_byte(&out, ' ');
  }
  wm_buffer_print(&out, "%s", text + at);
  assert_string_equal((const char *)out.data, wanted);
  wm_buffer_free(&out);
  wasmcm_result_delete(&val);
}

static void arguments(void **state) {
  (void)state;
  expect_arguments("no-arguments", "f()", "");
  expect_arguments("no-arguments", "f(1)", "more than 0 arguments");
  expect_arguments("arguments", "f(1) more", "1 #0 #0  more");
  expect_arguments("arguments", "f(1, 2, \"a\",)", "1 #1(2) #1(\"61\") ");
  expect_arguments("arguments", "f(1, none, \"a\")", "1 #0 #1(\"61\") ");
  expect_arguments("arguments", "f()", "there are 0 of 3 arguments");
  expect_arguments("arguments", "f(1, 2, \"a\", 4)", "more than 3 arguments");
  expect_arguments("arguments", "f", "expected `(`");
}

static void wrong_calls(void **state) {
  (void)state;
  wasmcm_result_t val;
  wasm_byte_vec_t out;
  wasmx_error_t err = {.size = sizeof err};
  size_t beyond = 2;
  wasmcm_val_t number = {.kind = WASMCM_U8, .of.u64 = 256};
  assert_false(wasmcm_val_parse(NULL, "1", 1, NULL, &val, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_false(wasmcm_val_parse(type_named("u8"), NULL, 1, NULL, &val, NULL));
  assert_false(wasmcm_val_parse(type_named("u8"), "1", 1, NULL, NULL, NULL));
  assert_false(wasmcm_val_parse(type_named("u8"), "1", 1, &beyond, &val, NULL));
  assert_false(wasmcm_val_parse(all, "1", 1, NULL, &val, NULL));
  assert_false(wasmcm_val_parse(type_named("string"), "\"\xff\"", 3, NULL, &val, &err));
  assert_int_equal(err.code, WASMX_SYNTAX);
  assert_false(wasmcm_val_print(type_named("u8"), &number, &out));
  assert_null(out.data);
  assert_false(wasmcm_val_print(type_named("u64"), &number, &out));
  assert_false(wasmcm_val_print(type_named("u8"), NULL, &out));
  assert_false(wasmcm_val_print(type_named("a-thing"), &number, &out));
  assert_false(wasmcm_val_print(NULL, &number, &out));
}

/* ---- memory ---- */

static char *many(const char *item, size_t count) {
  Buffer text = {0};
  wm_buffer_byte(&text, '[');
  for (size_t i = 0; i < count; i++) wm_buffer_print(&text, "%s,", item);
  wm_buffer_print(&text, "]");
  assert_false(text.failed);
  return (char *)text.data;
}

static void long_lists(void **state) {
  (void)state;
  wasmx_error_t err;
  char *text = many("255", 100000), *printed = reprinted(type_named("bytes"), text, &err);
  assert_int_equal(strlen(printed), 100000 * 5);
  free(text);
  free(printed);
  text = many("[\"a\"]", 10000);
  printed = reprinted(type_named("lists"), text, &err);
  assert_int_equal(strlen(printed), 10000 * 7);
  free(text);
  free(printed);
}

static void memory_runs_out(void **state) {
  (void)state;
  static const char *const values[][2] = {
      {"lists", "[[\"a\", \"b\"], []]"},
      {"points", "[{x: 1, y: 2}]"},
      {"shapes", "[circle(1), %err(\"x\")]"},
      {"bytes", "[1, 2, 3]"},
  };
  for (size_t i = 0; i < ARRAY_LEN(values); i++) {
    const wasmcm_type_t *type = type_named(values[i][0]);
    const char *text = values[i][1];
    for (u64 n = 1;; n++) {
      wasmcm_result_t val;
      wasm_byte_vec_t out;
      wasmx_error_t err = {.size = sizeof err};
      failing_alloc_start(n);
      bool parsed = wasmcm_val_parse(type, text, strlen(text), NULL, &val, &err);
      bool printed = parsed && wasmcm_val_print(type, &val.value, &out);
      bool failed = failing_alloc_stop();
      if (!parsed) assert_int_equal(err.code, WASMX_OUT_OF_MEMORY);
      if (parsed) wasmcm_result_delete(&val);
      if (printed) wasm_byte_vec_delete(&out);
      assert_true(printed == !failed);
      if (!failed) break;
    }
  }
}

/* ---- types ---- */

static void expect_type(const wasmcm_type_t *type, const wasmcm_type_t *within,
                        const char *wanted) {
  wasm_byte_vec_t text;
  assert_true(wasmcm_type_wit(type, within, &text));
  assert_int_equal(text.size, strlen(wanted));
  assert_memory_equal(text.data, wanted, text.size);
  wasm_byte_vec_delete(&text);
}

static void types_in_words(void **state) {
  (void)state;
  wasm_byte_vec_t text;
  expect_type(type_named("u8"), NULL, "u8");
  expect_type(type_named("lists"), NULL, "list<list<string>>");
  expect_type(type_named("points"), NULL,
              "list<record { x: u32, y: option<u32>, true: option<string> }>");
  expect_type(type_named("points"), all, "list<point>");
  expect_type(func_named("arguments"), all,
              "func(a: u8, b: option<u8>, c: option<string>) -> point");
  expect_type(func_named("a-thing"), all, "func(v: thing) -> thing");
  expect_type(func_named("no-arguments"), NULL, "func()");
  expect_type(all, NULL, "instance");
  assert_false(wasmcm_type_wit(NULL, NULL, &text));
}

static void items(void **state) {
  (void)state;
  wasmcm_item_t item = {.size = sizeof item};
  const wasmcm_type_t *world = wasmcm_component_type(component);
  assert_int_equal(wasmcm_type_kind(world), WASMCM_COMPONENT);
  assert_true(wasmcm_type_import(world, 0, &item));
  assert_true(is_named(&item, "test:values/all@1.0.0") && item.kind == WASMCM_INSTANCE);
  assert_true(wasmcm_type_import(world, 1, &item));
  assert_true(is_named(&item, "direct") && item.kind == WASMCM_FUNC && !item.is_type);
  assert_false(wasmcm_type_import(world, 2, &item));
  assert_false(wasmcm_type_export(world, 0, &item));
  assert_false(wasmcm_type_export(item.type, 0, &item));
  assert_false(wasmcm_type_import(all, 0, &item));
  assert_null(wasmcm_component_type(NULL));
  size_t types = 0, funcs = 0, resources = 0;
  for (size_t i = 0; wasmcm_type_export(all, i, &item); i++) {
    types += item.is_type;
    funcs += item.kind == WASMCM_FUNC;
    resources += item.kind == WASMCM_RESOURCE;
  }
  assert_int_equal(types, 6);
  assert_int_equal(funcs, 31);
  assert_int_equal(resources, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_values),    cmocka_unit_test(bad_values),
      cmocka_unit_test(arguments),      cmocka_unit_test(wrong_calls),
      cmocka_unit_test(long_lists),     cmocka_unit_test(memory_runs_out),
      cmocka_unit_test(types_in_words), cmocka_unit_test(items)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
