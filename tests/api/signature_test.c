/* Function types from strings: what they say, what is refused and where, strings that nobody would
 * write, failing allocations. */
#include "fixture.h"

#include "support/failing_alloc.h"

static void check_kinds(const wasm_valtype_vec_t *types, const wasm_valkind_t *kinds,
                        size_t count) {
  assert_int_equal(types->size, count);
  for (size_t i = 0; i < count; i++) assert_int_equal(wasm_valtype_kind(types->data[i]), kinds[i]);
}

static void check(const char *text, size_t params, size_t results, const wasm_valkind_t *kinds) {
  wasm_functype_t *type = wasmx_functype_parse(text, NULL);
  if (!type) fail_msg("%s: %s", text, wasmx_last_error()->message);
  check_kinds(wasm_functype_params(type), kinds, params);
  check_kinds(wasm_functype_results(type), kinds + params, results);
  wasm_functype_delete(type);
}

#define KINDS(...)                                                                                 \
  (const wasm_valkind_t[]) { __VA_ARGS__ }

static void says_types(void **state) {
  (void)state;
  check("() -> ()", 0, 0, KINDS(0));
  check("(i32, f64) -> i32", 2, 1, KINDS(WASM_I32, WASM_F64, WASM_I32));
  check("(i32) -> (i32, i64)", 1, 2, KINDS(WASM_I32, WASM_I32, WASM_I64));
  check("i32->f32", 1, 1, KINDS(WASM_I32, WASM_F32));
  check("\t( i64 ,\n v128 )\r->( ) ", 2, 0, KINDS(WASM_I64, WASMX_V128));
  check("(funcref, externref, exnref) -> v128", 3, 1,
        KINDS(WASM_FUNCREF, WASM_EXTERNREF, WASMX_EXNREF, WASMX_V128));
  check("(i32,i64,f32,f64,v128,funcref,externref)->(i32,i64,f32,f64,v128,funcref,externref)", 7, 7,
        KINDS(WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASMX_V128, WASM_FUNCREF, WASM_EXTERNREF,
              WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASMX_V128, WASM_FUNCREF, WASM_EXTERNREF));
}

/* Where it is wrong, in characters from 1. */
static void refuse(const char *text, uint32_t column, const char *message) {
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasmx_functype_parse(text, &err));
  assert_int_equal(err.code, WASMX_SYNTAX);
  assert_int_equal(err.line, 1);
  if (err.column != column || !strstr(err.message, message))
    fail_msg("%s: column %u: %s", text, err.column, err.message);
  const char *caret = strchr(err.context, '^'), *line = strchr(err.context, '\n');
  assert_non_null(caret);
  assert_int_equal(caret - line, column);
  assert_last_error(WASMX_SYNTAX, message);
}

static void says_where(void **state) {
  (void)state;
  static const char type[] = "a value type is expected", arrow[] = "\"->\" is expected",
                    more[] = "\",\" or \")\" is expected", end[] = "the end";
  refuse("", 1, type);
  refuse("   ", 4, type);
  refuse("->", 1, type);
  refuse("()", 3, arrow);
  refuse("() -> ", 7, type);
  refuse("() - > ()", 4, arrow);
  refuse("(i32", 5, more);
  refuse("(i32 i64) -> ()", 6, more);
  refuse("(i32,) -> ()", 6, type);
  refuse("(,i32) -> ()", 2, type);
  refuse("(i32)) -> ()", 6, arrow);
  refuse("(i33) -> ()", 2, type);
  refuse("(i322) -> ()", 2, type);
  refuse("(I32) -> ()", 2, type);
  refuse("((i32)) -> ()", 2, type);
  refuse("() -> () ()", 10, end);
  refuse("() -> i32, i32", 10, end);
  refuse("() -> (anyref)", 8, type);
  refuse("i32, i32 -> i32", 4, arrow);
  refuse("(\xc3\xa4) -> ()", 2, type);
  assert_null(wasmx_functype_parse(NULL, NULL));
  assert_last_error(WASMX_ARGUMENT, "NULL");
}

/* "(i32,i32,...)" */
static size_t put_list(char *out, size_t count) {
  size_t len = 0;
  out[len++] = '(';
  for (size_t i = 0; i < count; i++) len += (size_t)sprintf(out + len, i ? ",i32" : "i32");
  out[len++] = ')';
  return len;
}

static bool takes(char *out, size_t params, size_t results) {
  size_t len = put_list(out, params);
  len += (size_t)sprintf(out + len, " -> ");
  len += put_list(out + len, results);
  out[len] = 0;
  wasm_functype_t *type = wasmx_functype_parse(out, NULL);
  if (type) assert_int_equal(wasm_functype_params(type)->size, params);
  bool taken = type != NULL;
  wasm_functype_delete(type);
  return taken;
}

static void has_limits(void **state) {
  (void)state;
  static char text[1 << 20];
  assert_true(takes(text, 1000, 1000));
  assert_false(takes(text, 1001, 0));
  assert_last_error(WASMX_LIMIT, "1000");
  assert_false(takes(text, 0, 1001));
  assert_false(takes(text, 100000, 100000));
  memset(text, '(', sizeof text - 1);
  assert_null(wasmx_functype_parse(text, NULL));
  memset(text, ' ', sizeof text - 1);
  assert_null(wasmx_functype_parse(text, NULL));
  memset(text, '2', sizeof text - 1);
  assert_null(wasmx_functype_parse(text, NULL));
}

/* ---- strings that nobody would write ---- */

static uint64_t seed = 0x9e3779b97f4a7c15u;
static uint32_t chance(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

/* Whatever is in it: a type that says the same when it is said again, or an error inside of it. */
static void try_text(const char *text) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_functype_t *type = wasmx_functype_parse(text, &err);
  if (!type) {
    assert_true(err.code == WASMX_SYNTAX && err.message[0]);
    assert_true(err.offset <= strlen(text));
    for (const char *p = err.context; *p; p++) assert_true(*p == '\n' || (unsigned char)*p >= ' ');
  }
  wasm_functype_delete(type);
}

static void survives_anything(void **state) {
  (void)state;
  static const char *const pieces[] = {"(",   ")",    ",",    "->",        "i32", "i64", "f32",
                                       "f64", "v128", " ",    "externref", "-",   ">",   "\n",
                                       "i3",  "\xff", "\x1b", "funcref",   "\r",  "0",   "()"};
  enum { PIECES = sizeof pieces / sizeof *pieces };
  char text[400];
  for (int round = 0; round < 200000; round++) {
    text[0] = 0;
    for (uint32_t n = chance(24); n > 0; n--) strcat(text, pieces[chance(PIECES)]);
    if (round % 2 && text[0]) text[chance((uint32_t)strlen(text))] = (char)(1 + chance(255));
    try_text(text);
  }
  const char good[] = "(i32, f64, v128) -> (externref, i64)";
  for (size_t i = 0; i < sizeof good; i++) {
    for (int c = 0; c < 256; c++) {
      memcpy(text, good, sizeof good);
      text[i] = (char)c;
      text[sizeof good] = 0;
      try_text(text);
    }
  }
}

static void every_allocation_fails(void **state) {
  (void)state;
  for (uint64_t n = 1;; n++) {
    failing_alloc_start(n);
    wasmx_error_t err = {.size = sizeof err};
    wasm_functype_t *type = wasmx_functype_parse("(i32, f64) -> (v128)", &err);
    bool failed = failing_alloc_stop();
    assert_true(failed ? !type && err.code == WASMX_OUT_OF_MEMORY : type != NULL);
    wasm_functype_delete(type);
    if (!failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(says_types),
      cmocka_unit_test(says_where),
      cmocka_unit_test(has_limits),
      cmocka_unit_test(survives_anything),
      cmocka_unit_test(every_allocation_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
