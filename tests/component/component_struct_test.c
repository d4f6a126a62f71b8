/* wasmcm_func_call_struct and host functions of C structs: the layouts are those of this file's
 * compiler, the values come back through the component echo in each encoding. */
#include "component/component_echo.h"
#include "support/failing_alloc.h"

typedef wasmcm_string_t String;
typedef struct Bytes {
  const u8 *data;
  size_t count;
} Bytes;
typedef struct Strings {
  const String *data;
  size_t count;
} Strings;
typedef struct Point {
  bool on;
  double x;
  struct {
    const i16 *data;
    size_t count;
  } tags;
} Point;
enum { SHAPE_NONE, SHAPE_CIRCLE, SHAPE_TEXT, SHAPE_BIG };
typedef struct Shape {
  u8 tag;
  union {
    float circle;
    String text;
    i64 big;
  } of;
} Shape;
typedef struct Maybe {
  bool is_some;
  struct {
    u64 number;
    u32 character;
  } value;
} Maybe;
typedef struct Outcome {
  bool is_error;
  union {
    struct {
      const float *data;
      size_t count;
    } ok;
    String error;
  } of;
} Outcome;
typedef struct Wide {
  u32 f[17];
} Wide;

static const struct {
  const char *name, *wit;
  size_t size;
} layouts[] = {
    {"text", "string", sizeof(String)},
    {"bytes", "list<u8>", sizeof(Bytes)},
    {"texts", "list<string>", sizeof(Strings)},
    {"echo-point", "record { on: bool, x: f64, tags: list<s16> }", sizeof(Point)},
    {"echo-shape", "variant { none, circle(f32), text(string), big(s64) }", sizeof(Shape)},
    {"echo-ways", "flags { a, b, c }", 1},
    {"maybe", "option<tuple<u64, char>>", sizeof(Maybe)},
    {"outcome", "result<list<f32>, string>", sizeof(Outcome)},
    {"echo-color", "enum { red, green, blue }", 1},
    {"small", "s8", 1}};

static void layouts_are_those_of_c(void **state) {
  (void)state;
  World w;
  assert_true(world_new(&w, give_back));
  for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
    wasmcm_func_t *func = wasmcm_instance_func(w.instance, GUEST, layouts[i].name);
    const wasmcm_type_t *type = wasmcm_func_type(func);
    const wasmcm_type_t *part = wasmcm_type_part(type, 0);
    char wit[400];
    snprintf(wit, sizeof wit, "func(v: %s) -> %s", layouts[i].wit, layouts[i].wit);
    assert_true(wasmcm_type_is(part, layouts[i].wit));
    assert_true(wasmcm_type_is(type, wit));
    assert_false(wasmcm_type_is(type, layouts[i].wit));
    assert_int_equal(wasmcm_type_struct_size(part), layouts[i].size);
    assert_int_equal(wasmcm_type_struct_size(type), layouts[i].size);
    wasmcm_func_delete(func);
  }
  wasmcm_func_t *fail = wasmcm_instance_func(w.instance, GUEST, "fail");
  assert_int_equal(wasmcm_type_struct_size(wasmcm_func_type(fail)), 0);
  assert_true(wasmcm_type_is(wasmcm_func_type(fail), "func()"));
  wasmcm_func_delete(fail);
  world_delete(&w);
}

/* ---- calls ---- */

/* The trap's text, to be freed; NULL: none. *memory is the caller's. */
static char *call(const World *w, const char *name, const void *args, void *result,
                  wasmcm_memory_t **memory) {
  Buffer out = {0};
  wasmcm_func_t *func = wasmcm_instance_func(w->instance, GUEST, name);
  wasm_trap_t *trap = func ? wasmcm_func_call_struct(func, args, result, memory) : NULL;
  if (!trap && func) {
    wasmcm_func_delete(func);
    return NULL;
  }
  if (trap) put_trap(&out, trap);
  wm_buffer_byte(&out, 0);
  wasmcm_func_delete(func);
  return (char *)out.data;
}

static void expect_trap(const World *w, const char *name, const void *args, const char *message) {
  u64 result[20];
  wasmcm_memory_t *memory;
  char *text = call(w, name, args, result, &memory);
  assert_non_null(text);
  assert_string_equal(text, message);
  assert_null(memory);
  free(text);
}

static bool same_string(String a, String b) {
  return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

static void echo_strings(const World *w) {
  static const char *const names[] = {"text", "wide-text", "latin-text"};
  static const char *const texts[] = {"", "hello", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                      "\xc3\xbf"};
  for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(texts); i++) {
    const char *text = texts[i / ARRAY_LEN(names)];
    String given = {text, strlen(text)}, got;
    wasmcm_memory_t *memory;
    assert_null(call(w, names[i % ARRAY_LEN(names)], &given, &got, &memory));
    assert_true(same_string(given, got));
    assert_ptr_not_equal(got.data, given.data);
    wasmcm_memory_delete(memory);
  }
}

static void echo_lists(const World *w) {
  static const u8 bytes[] = {0, 127, 255};
  static const String strings[] = {{"a", 1}, {NULL, 0}, {"\xc3\xbf", 2}};
  Bytes given = {bytes, 3}, got;
  Strings texts = {strings, 3}, back;
  wasmcm_memory_t *memory;
  assert_null(call(w, "bytes", &given, &got, &memory));
  assert_int_equal(got.count, 3);
  assert_memory_equal(got.data, bytes, 3);
  wasmcm_memory_delete(memory);
  assert_null(call(w, "bytes", &(Bytes){NULL, 0}, &got, &memory));
  assert_int_equal(got.count, 0);
  wasmcm_memory_delete(memory);
  assert_null(call(w, "texts", &texts, &back, &memory));
  assert_int_equal(back.count, 3);
  for (size_t i = 0; i < 3; i++) assert_true(same_string(strings[i], back.data[i]));
  wasmcm_memory_delete(memory);
}

static void echo_records(const World *w) {
  static const i16 tags[] = {-32768, 32767, -1};
  Point given = {true, 4.5, {tags, 3}}, got;
  Wide wide, back;
  wasmcm_memory_t *memory;
  assert_null(call(w, "echo-point", &given, &got, &memory));
  assert_true(got.on && got.x == 4.5 && got.tags.count == 3);
  assert_memory_equal(got.tags.data, tags, sizeof tags);
  wasmcm_memory_delete(memory);
  for (u32 i = 0; i < 17; i++) wide.f[i] = i * 0x01010101;
  assert_null(call(w, "echo-wide", &wide, &back, NULL));
  assert_memory_equal(&wide, &back, sizeof wide);
}

static void echo_shapes(const World *w) {
  const Shape given[] = {{.tag = SHAPE_NONE},
                         {SHAPE_CIRCLE, .of.circle = 1.5f},
                         {SHAPE_TEXT, .of.text = {"x", 1}},
                         {SHAPE_BIG, .of.big = INT64_MIN}};
  for (size_t i = 0; i < ARRAY_LEN(given); i++) {
    Shape got;
    wasmcm_memory_t *memory;
    assert_null(call(w, "echo-shape", &given[i], &got, &memory));
    assert_int_equal(got.tag, given[i].tag);
    if (got.tag == SHAPE_CIRCLE) assert_true(got.of.circle == 1.5f);
    if (got.tag == SHAPE_TEXT) assert_true(same_string(got.of.text, given[i].of.text));
    if (got.tag == SHAPE_BIG) assert_true(got.of.big == INT64_MIN);
    wasmcm_memory_delete(memory);
  }
}

static void echo_options_and_results(const World *w) {
  static const float numbers[] = {0, 1};
  Maybe some = {true, {UINT64_MAX, 0x1f600}}, none = {.is_some = false}, got;
  Outcome good = {false, .of.ok = {numbers, 2}}, bad = {true, .of.error = {"no", 2}}, out;
  wasmcm_memory_t *memory;
  assert_null(call(w, "maybe", &some, &got, NULL));
  assert_true(got.is_some && got.value.number == UINT64_MAX && got.value.character == 0x1f600);
  assert_null(call(w, "maybe", &none, &got, NULL));
  assert_false(got.is_some);
  assert_null(call(w, "outcome", &good, &out, &memory));
  assert_true(!out.is_error && out.of.ok.count == 2 && out.of.ok.data[1] == 1);
  wasmcm_memory_delete(memory);
  assert_null(call(w, "outcome", &bad, &out, &memory));
  assert_true(out.is_error && same_string(out.of.error, bad.of.error));
  wasmcm_memory_delete(memory);
}

static void echo_small_ones(const World *w) {
  for (u8 i = 0; i < 3; i++) {
    u8 color, ways, all = (u8)(i + 5);
    assert_null(call(w, "echo-color", &i, &color, NULL));
    assert_null(call(w, "echo-ways", &all, &ways, NULL));
    assert_true(color == i && ways == all);
  }
  for (int i = -128; i < 128; i++) {
    i8 given = (i8)i, got;
    assert_null(call(w, "small", &given, &got, NULL));
    assert_int_equal(got, given);
  }
}

static void echo_all(const World *w) {
  echo_strings(w);
  echo_lists(w);
  echo_records(w);
  echo_shapes(w);
  echo_options_and_results(w);
  echo_small_ones(w);
}

static void structs_come_back(void **state) {
  (void)state;
  World w;
  assert_true(world_new(&w, give_back));
  echo_all(&w);
  world_delete(&w);
  assert_true(world_new_of_structs(&w));
  echo_all(&w);
  world_delete(&w);
}

/* ---- what is wrong ---- */

/* What C takes and WIT does not; no code ran, and the instance goes on. */
static void arguments_are_checked(void **state) {
  (void)state;
  static const String bad_strings[] = {
      {"\xff", 1}, {NULL, 1}, {"a", (size_t)1 << (sizeof(size_t) * 8 - 2) | 1}};
  const Shape no_shape = {.tag = 4}, bad_shape = {SHAPE_TEXT, .of.text = {"\xff", 1}};
  const Maybe surrogate = {true, {0, 0xd800}};
  const u8 eight = 8, three = 3, two_and_more[] = {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  World w;
  assert_true(world_new(&w, give_back));
  for (size_t i = 0; i < ARRAY_LEN(bad_strings); i++)
    expect_trap(&w, "text", &bad_strings[i], "argument `v` is no value of string");
  expect_trap(&w, "bytes", &(Bytes){NULL, 1}, "argument `v` is no value of list<u8>");
  expect_trap(&w, "texts", &(Strings){NULL, 1}, "argument `v` is no value of list<string>");
  expect_trap(&w, "texts", &(Strings){bad_strings, 1}, "argument `v` is no value of list<string>");
  expect_trap(&w, "echo-shape", &no_shape,
              "argument `v` is no value of variant { none, circle(f32), text(string), big(s64) }");
  expect_trap(&w, "echo-shape", &bad_shape,
              "argument `v` is no value of variant { none, circle(f32), text(string), big(s64) }");
  expect_trap(&w, "maybe", &surrogate, "argument `v` is no value of option<tuple<u64, char>>");
  expect_trap(&w, "maybe", two_and_more, "argument `v` is no value of option<tuple<u64, char>>");
  expect_trap(&w, "echo-ways", &eight, "argument `v` is no value of flags { a, b, c }");
  expect_trap(&w, "echo-color", &three, "argument `v` is no value of enum { red, green, blue }");
  echo_all(&w);
  world_delete(&w);
}

static void results_need_a_place(void **state) {
  (void)state;
  String text = {"a", 1}, got;
  i8 small = 1;
  World w;
  assert_true(world_new(&w, give_back));
  wasmcm_func_t *func = wasmcm_instance_func(w.instance, GUEST, "text");
  wasm_trap_t *trap = wasmcm_func_call_struct(func, &text, &got, NULL);
  assert_non_null(trap);
  wasm_trap_delete(trap);
  wasmcm_func_delete(func);
  expect_trap(&w, "fail", NULL, "unreachable");
  expect_trap(&w, "small", &small, "cannot enter component instance");
  world_delete(&w);
  wasmcm_memory_delete(NULL);
}

static wasm_trap_t *give_shape_seven(void *env, wasmcm_call_t *call_, const void *args,
                                     void *result) {
  (void)env, (void)call_, (void)args;
  ((Shape *)result)->tag = 7;
  return NULL;
}

static wasm_trap_t *refuse(void *env, wasmcm_call_t *call_, const void *args, void *result) {
  (void)env, (void)args, (void)result;
  assert_null(wasmcm_call_alloc(call_, SIZE_MAX / 2));
  return NULL;
}

#define SHAPE_TYPE "variant { none, circle(f32), text(string), big(s64) }"

static void results_of_the_host_are_checked(void **state) {
  (void)state;
  static const struct {
    wasmcm_struct_callback_t callback;
    const char *message;
  } hosts[] = {{give_shape_seven, "what a host function gave is no value of " SHAPE_TYPE},
               {refuse, "out of memory for the values of a call"}};
  for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
    World w;
    Shape none = {.tag = SHAPE_NONE};
    assert_true(world_new(&w, give_back));
    assert_true(wasmcm_linker_define_struct_func(w.linker, HOST, "echo-shape",
                                                 "func(v: " SHAPE_TYPE ") -> " SHAPE_TYPE,
                                                 hosts[i].callback, NULL, NULL));
    assert_true(world_instantiate(&w));
    expect_trap(&w, "echo-shape", &none, hosts[i].message);
    world_delete(&w);
  }
}

static void functions_of_another_type_are_not_linked(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  World w;
  assert_true(world_new(&w, give_back));
  finalized = 0;
  assert_false(wasmcm_linker_define_struct_func(w.linker, HOST, "small", NULL, refuse, NULL, NULL));
  assert_false(wasmcm_linker_define_struct_func(w.linker, HOST, "small", "", NULL, NULL, NULL));
  assert_true(wasmcm_linker_define_struct_func(w.linker, HOST, "small", "func(v: s8) -> s16",
                                               refuse, NULL, count_finalized));
  assert_null(wasmcm_linker_instantiate(w.linker, echo, NULL, &err));
  assert_int_equal(err.code, WASMX_LINK);
  assert_string_equal(err.message,
                      "import `test:echo/host@0.2.6`: export `small`: expected func(v: s8) -> s8, "
                      "found func(v: s8) -> s16");
  assert_string_equal(err.import_module, "test:echo/host@0.2.6");
  assert_string_equal(err.import_name, "small");
  assert_string_equal(err.expected, "func(v: s8) -> s8");
  assert_string_equal(err.found, "func(v: s8) -> s16");
  world_delete(&w);
  assert_int_equal(finalized, 1 + FUNCTION_COUNT);
}

/* ---- resources ---- */

static wasm_trap_t *make_thing(void *env, wasmcm_call_t *call_, const void *args, void *result) {
  (void)call_;
  wasmcm_handle_t made = {*(wasmcm_resource_t **)env, 100 + *(const u32 *)args};
  memcpy(result, &made, sizeof made);
  return NULL;
}

static wasm_trap_t *make_nothing(void *env, wasmcm_call_t *call_, const void *args, void *result) {
  (void)env, (void)call_, (void)args, (void)result;
  return NULL;
}

static wasm_trap_t *thing_number(void *env, wasmcm_call_t *call_, const void *args, void *result) {
  const wasmcm_handle_t *self = args;
  (void)call_;
  assert_ptr_equal(self->resource, *(wasmcm_resource_t **)env);
  *(u32 *)result = self->rep - 100;
  return NULL;
}

static bool define_things(World *w, wasmcm_struct_callback_t make) {
  return wasmcm_linker_define_struct_func(w->linker, HOST, "[constructor]thing",
                                          "func(n: u32) -> own<resource>", make, &w->thing, NULL) &&
         wasmcm_linker_define_struct_func(w->linker, HOST, "[method]thing.number",
                                          "func(self: borrow<resource>) -> u32", thing_number,
                                          &w->thing, NULL) &&
         world_instantiate(w);
}

static void handles_are_checked(void **state) {
  (void)state;
  u32 count = 1000, sum;
  World w;
  assert_true(world_new(&w, give_back));
  destroyed = 0;
  assert_true(define_things(&w, make_thing));
  assert_null(call(&w, "things", &count, &sum, NULL));
  assert_int_equal(sum, 500500);
  assert_int_equal(destroyed, 1000);
  assert_true(define_things(&w, make_nothing));
  expect_trap(&w, "things", &count, "what a host function gave is no value of own<resource>");
  world_delete(&w);
}

/* ---- memory that runs out ---- */

static void each_allocation_may_fail(void **state) {
  (void)state;
  for (u64 n = 1;; n++) {
    World w;
    static const String strings[] = {{"a", 1}, {"\xc3\xbf", 2}};
    Strings texts = {strings, 2}, back;
    wasmcm_memory_t *memory = NULL;
    failing_alloc_start(n);
    bool made = world_new_of_structs(&w);
    char *trap = made ? call(&w, "texts", &texts, &back, &memory) : NULL;
    bool failed = failing_alloc_stop();
    if (!failed) assert_true(made && !trap && same_string(back.data[1], strings[1]));
    free(trap);
    wasmcm_memory_delete(memory);
    world_delete(&w);
    if (!failed) break;
    assert_true(n < 100000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layouts_are_those_of_c),
      cmocka_unit_test(structs_come_back),
      cmocka_unit_test(arguments_are_checked),
      cmocka_unit_test(results_need_a_place),
      cmocka_unit_test(results_of_the_host_are_checked),
      cmocka_unit_test(functions_of_another_type_are_not_linked),
      cmocka_unit_test(handles_are_checked),
      cmocka_unit_test(each_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
