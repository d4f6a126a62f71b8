/* Instances, functions, values and resources through wasmcm.h, by a component that gives back what
 * it is given by way of the host (seeds/echo.wat): every value is lowered and lifted twice, strings
 * in each encoding. */
#include "component/component_echo.h"
#include "support/failing_alloc.h"

/* ---- the host ---- */

static wasm_trap_t *give_nonsense(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                                  wasmcm_val_t *result) {
  (void)env, (void)call, (void)args;
  *result = (wasmcm_val_t){.kind = WASMCM_S8, .of.s64 = 1000};
  return NULL;
}

static void give_all(const World *w) {
  static const char *const values[][2] = {
      {"text", "\"\""},
      {"text", "\"68656c6c6f\""},
      {"text", "\"c3a4e282acf09f9880\""},
      {"wide-text", "\"c3a4e282acf09f9880\""},
      {"latin-text", "\"61c3a4c3bf\""},
      {"latin-text", "\"61c3a4e282ac\""},
      {"bytes", "[]"},
      {"bytes", "[0,127,255]"},
      {"texts", "[\"61\",\"\",\"c3bf\"]"},
      {"echo-point", "(true,4609434218613702656,[-32768,32767,-1])"},
      {"echo-shape", "#none"},
      {"echo-shape", "#circle(1069547520)"},
      {"echo-shape", "#text(\"78\")"},
      {"echo-shape", "#big(-9223372036854775808)"},
      {"echo-ways", "{}"},
      {"echo-ways", "{a,c}"},
      {"maybe", "#0"},
      {"maybe", "#1((18446744073709551615,128512))"},
      {"outcome", "#0([0,1065353216])"},
      {"outcome", "#1(\"6e6f\")"},
      {"echo-color", "#blue"},
      {"echo-wide", "(0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,4294967295)"},
      {"small", "-128"}};
  for (size_t i = 0; i < ARRAY_LEN(values); i++)
    expect(w, values[i][0], values[i][1], values[i][1]);
}

static void values_come_back(void **state) {
  (void)state;
  World w;
  assert_true(world_new(&w, give_back));
  give_all(&w);
  world_delete(&w);
  assert_true(world_new_of_structs(&w));
  give_all(&w);
  world_delete(&w);
}

/* ---- random values ---- */

static u64 seed;

static u64 any(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return seed >> 11;
}

static void print_any(Buffer *out, const wasmcm_type_t *type);

static void print_any_string(Buffer *out) {
  static const char *const parts[] = {"61", "c3a4", "e282ac", "f09f9880", "00", "7f", "c280"};
  wm_buffer_byte(out, '"');
  for (u64 n = any() % 8, kind = any() % 3; n > 0; n--)
    wm_buffer_print(out, "%s", parts[kind == 0 ? 0 : any() % ARRAY_LEN(parts)]);
  wm_buffer_byte(out, '"');
}

static void print_any_items(Buffer *out, const wasmcm_type_t *type, u64 count, bool is_list) {
  wm_buffer_byte(out, is_list ? '[' : '(');
  for (u64 i = 0; i < count; i++) {
    if (i) wm_buffer_byte(out, ',');
    print_any(out, wasmcm_type_part(type, is_list ? 0 : i));
  }
  wm_buffer_byte(out, is_list ? ']' : ')');
}

static void print_any_name(Buffer *out, const wasmcm_type_t *type, u64 i) {
  size_t size;
  const char *name = wasmcm_type_name(type, i, &size);
  if (name)
    wm_buffer_bytes(out, name, size);
  else
    wm_buffer_print(out, "%u", (u32)i);
}

static void print_any_case(Buffer *out, const wasmcm_type_t *type) {
  u64 i = any() % wasmcm_type_count(type);
  wm_buffer_byte(out, '#');
  print_any_name(out, type, i);
  if (!wasmcm_type_part(type, i)) return;
  wm_buffer_byte(out, '(');
  print_any(out, wasmcm_type_part(type, i));
  wm_buffer_byte(out, ')');
}

static void print_any_flags(Buffer *out, const wasmcm_type_t *type) {
  bool some = false;
  wm_buffer_byte(out, '{');
  for (u64 i = 0; i < wasmcm_type_count(type); i++) {
    if (any() & 1) continue;
    if (some) wm_buffer_byte(out, ',');
    print_any_name(out, type, i);
    some = true;
  }
  wm_buffer_byte(out, '}');
}

static void print_any(Buffer *out, const wasmcm_type_t *type) {
  switch (wasmcm_type_kind(type)) {
  case WASMCM_BOOL: wm_buffer_print(out, "%s", any() & 1 ? "true" : "false"); break;
  case WASMCM_S8: wm_buffer_print(out, "%d", (i8)any()); break;
  case WASMCM_S16: wm_buffer_print(out, "%d", (i16)any()); break;
  case WASMCM_S64: wm_buffer_print(out, "%lld", (long long)(any() << 32 ^ any())); break;
  case WASMCM_U8: wm_buffer_print(out, "%u", (u8)any()); break;
  case WASMCM_U64: wm_buffer_print(out, "%llu", (unsigned long long)(any() << 32 ^ any())); break;
  case WASMCM_F64:
    wm_buffer_print(out, "%llu", (unsigned long long)(any() & 0x7fefffffffffffff));
    break;
  case WASMCM_F32: wm_buffer_print(out, "%u", (u32)any() & 0x7f7fffff); break;
  case WASMCM_CHAR: wm_buffer_print(out, "%u", (u32)(any() % 0xd800)); break;
  case WASMCM_STRING: print_any_string(out); break;
  case WASMCM_LIST: print_any_items(out, type, any() % 5, true); break;
  case WASMCM_RECORD:
  case WASMCM_TUPLE: print_any_items(out, type, wasmcm_type_count(type), false); break;
  case WASMCM_FLAGS: print_any_flags(out, type); break;
  case WASMCM_U32: wm_buffer_print(out, "%u", (u32)any()); break;
  default: print_any_case(out, type); break;
  }
}

static void give_any(const World *w) {
  for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
    wasmcm_func_t *func = wasmcm_instance_func(w->instance, GUEST, functions[i]);
    Buffer text = {0};
    print_any(&text, wasmcm_type_part(wasmcm_func_type(func), 0));
    wm_buffer_byte(&text, 0);
    expect(w, functions[i], (char *)text.data, (char *)text.data);
    wm_buffer_free(&text);
    wasmcm_func_delete(func);
  }
}

static void random_values_come_back(void **state) {
  (void)state;
  World w;
  seed = 1;
  assert_true(world_new(&w, give_back));
  for (u32 round = 0; round < 400; round++) give_any(&w);
  world_delete(&w);
  assert_true(world_new_of_structs(&w));
  for (u32 round = 0; round < 400; round++) give_any(&w);
  world_delete(&w);
}

/* ---- resources, traps, links ---- */

static void resources_are_destroyed_once(void **state) {
  (void)state;
  World w;
  destroyed = 0;
  assert_true(world_new(&w, give_back));
  expect(&w, "things", "1000", "500500");
  assert_int_equal(destroyed, 1000);
  world_delete(&w);
  assert_int_equal(destroyed, 1000);
}

static void a_trap_ends_the_instance(void **state) {
  (void)state;
  World w;
  assert_true(world_new(&w, give_back));
  expect(&w, "small", "1", "1");
  expect(&w, "fail", "", "!unreachable");
  expect(&w, "small", "1", "!cannot enter component instance");
  world_delete(&w);
}

/* The host's own mistakes are told, and nothing is lost when no code ran. */
static void arguments_are_checked(void **state) {
  (void)state;
  static wasmcm_val_t items[] = {{.kind = WASMCM_U8}};
  static const struct {
    wasmcm_val_t val;
    const char *message;
  } wrong[] = {
      {{.kind = WASMCM_U8}, "!argument `v`: expected string, found u8"},
      {{.kind = 255}, "!argument `v`: expected string, found nothing known"},
      {{.kind = WASMCM_STRING, .of.string = {"\xff", 1}}, "!argument `v` is no value of string"},
      {{.kind = WASMCM_STRING, .of.string = {NULL, 1}}, "!argument `v` is no value of string"},
      {{.kind = WASMCM_STRING, .reserved = {1}}, "!argument `v` is no value of string"},
      {{.kind = WASMCM_RECORD, .of.items = {items, 1}},
       "!argument `v`: expected string, found record"}};
  World w;
  assert_true(world_new(&w, give_back));
  wasmcm_func_t *func = wasmcm_instance_func(w.instance, GUEST, "text");
  for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
    char *given = call_value(func, &wrong[i].val);
    assert_string_equal(given, wrong[i].message);
    free(given);
  }
  wasmcm_func_delete(func);
  expect(&w, "text", "\"61\"", "\"61\"");
  world_delete(&w);
}

static void results_of_the_host_are_checked(void **state) {
  (void)state;
  World w;
  assert_true(world_new(&w, give_nonsense));
  expect(&w, "small", "1", "!what a host function gave is no value of s8");
  world_delete(&w);
}

static wasm_trap_t *take_too_much(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                                  wasmcm_val_t *result) {
  (void)env;
  *result = args[0];
  assert_null(wasmcm_call_alloc(call, SIZE_MAX / 2));
  return NULL;
}

static void a_host_without_memory_traps(void **state) {
  (void)state;
  World w;
  assert_true(world_new(&w, take_too_much));
  expect(&w, "small", "1", "!out of memory for the values of a call");
  world_delete(&w);
}

static bool takes_s8(void *env, const wasmcm_type_t *type) {
  (void)env;
  return wasmcm_type_count(type) == 1 && wasmcm_type_kind(wasmcm_type_part(type, 0)) == WASMCM_S8;
}

static bool takes_none(void *env, const wasmcm_type_t *type) {
  ++*(int *)env;
  return wasmcm_type_count(type) == 0;
}

static void the_host_says_what_fits(void **state) {
  (void)state;
  int asked = 0;
  wasmx_error_t err = {.size = sizeof err};
  World w;
  assert_true(world_new(&w, give_nonsense));
  assert_true(
      wasmcm_linker_define_func_of_type(w.linker, HOST, "small", takes_s8, give_back, NULL, NULL));
  wasmcm_instance_delete(w.instance);
  w.instance = wasmcm_linker_instantiate(w.linker, echo, NULL, NULL);
  expect(&w, "small", "1", "1");
  assert_true(wasmcm_linker_define_func_of_type(w.linker, HOST, "small", takes_none, give_back,
                                                &asked, NULL));
  assert_null(wasmcm_linker_instantiate(w.linker, echo, NULL, &err));
  assert_int_equal(err.code, WASMX_LINK);
  assert_string_equal(err.message,
                      "import `test:echo/host@0.2.6`: export `small`: expected func(v: s8) -> s8, "
                      "found a host function of another type");
  assert_int_equal(asked, 1);
  world_delete(&w);
}

/* Nothing is given: functions trap by their names. */
static void unknown_imports_trap(void **state) {
  (void)state;
  World w = {.store = wasm_store_new(engine)};
  w.linker = wasmcm_linker_new(w.store);
  wasmcm_linker_define_unknown_as_traps(w.linker);
  w.instance = wasmcm_linker_instantiate(w.linker, echo, NULL, NULL);
  assert_non_null(w.instance);
  expect(&w, "small", "1", "!import function `small` was not defined");
  world_delete(&w);
}

static void a_component_prints_its_wit(void **state) {
  (void)state;
  static const char *const lines[] = {
      "world root {\n  import test:echo/host@0.2.6;\n  export test:echo/guest@0.2.3;\n}\n",
      "    record point {\n      on: bool,\n      x: f64,\n      tags: list<s16>,\n    }\n",
      "    variant shape {\n      none,\n      circle(f32),\n",
      "    flags ways {\n      a,\n      b,\n      c,\n    }\n",
      "    maybe: func(v: option<tuple<u64, char>>) -> option<tuple<u64, char>>;\n",
      "    outcome: func(v: result<list<f32>, string>) -> result<list<f32>, string>;\n",
      "    echo-shape: func(v: shape) -> shape;\n",
      "    resource thing {\n      constructor(n: u32);\n      number: func() -> u32;\n    }\n"};
  wasm_byte_vec_t text;
  assert_true(wasmcm_component_wit(echo, &text));
  for (size_t i = 0; i < ARRAY_LEN(lines); i++)
    if (!memmem(text.data, text.size, lines[i], strlen(lines[i]))) fail_msg("%s", lines[i]);
  wasm_byte_vec_delete(&text);
  assert_false(wasmcm_component_wit(NULL, &text));
  for (u64 n = 1;; n++) {
    failing_alloc_start(n);
    bool made = wasmcm_component_wit(echo, &text);
    bool failed = failing_alloc_stop();
    assert_true(made == !failed);
    if (made) wasm_byte_vec_delete(&text);
    if (!failed) break;
  }
}

static void interfaces_are_found_by_version(void **state) {
  (void)state;
  static const char *const names[] = {"test:echo/guest@0.2.3", "test:echo/guest@0.2.0",
                                      "test:echo/guest@0.2.99"};
  static const char *const others[] = {"test:echo/guest", "test:echo/guest@0.3.0",
                                       "test:echo/guest@1.2.3", "test:echo/host@0.2.3", ""};
  World w;
  assert_true(world_new(&w, give_back));
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    wasmcm_func_t *func = wasmcm_instance_func(w.instance, names[i], "small");
    assert_non_null(func);
    wasmcm_func_delete(func);
  }
  for (size_t i = 0; i < ARRAY_LEN(others); i++)
    assert_null(wasmcm_instance_func(w.instance, others[i], "small"));
  assert_null(wasmcm_instance_func(w.instance, NULL, "small"));
  assert_null(wasmcm_instance_func(w.instance, names[0], "none"));
  assert_null(wasmcm_instance_func(NULL, names[0], "small"));
  world_delete(&w);
}

static void missing_imports_are_named(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  assert_null(wasmcm_linker_instantiate(linker, echo, NULL, &err));
  assert_int_equal(err.code, WASMX_LINK);
  assert_string_equal(err.message,
                      "import `test:echo/host@0.2.6`: export `text`: function was not found");
  assert_null(wasmcm_linker_instantiate(NULL, echo, NULL, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_null(wasmcm_linker_instantiate(linker, NULL, NULL, NULL));
  assert_false(wasmcm_linker_define_func(linker, HOST, NULL, give_back, NULL, NULL));
  assert_false(wasmcm_linker_define_func(linker, HOST, "f", NULL, NULL, NULL));
  assert_null(wasmcm_linker_new(NULL));
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
}

/* The linker goes first, then the instance, then the function that was made of it. */
static void functions_keep_what_they_need(void **state) {
  (void)state;
  World w;
  finalized = 0;
  assert_true(world_new(&w, give_back));
  wasmcm_func_t *func = wasmcm_instance_func(w.instance, GUEST, "small");
  wasmcm_linker_delete(w.linker);
  wasmcm_instance_delete(w.instance);
  assert_int_equal(finalized, 0);
  wasmcm_val_t val = {.kind = WASMCM_S8, .of.s64 = -5};
  char *given = call_value(func, &val);
  assert_string_equal(given, "-5");
  free(given);
  wasmcm_func_delete(func);
  assert_int_equal(finalized, (int)ARRAY_LEN(functions));
  wasm_store_delete(w.store);
}

static wasmcm_instance_t *instance_of_seed(wasm_store_t *store, const char *name,
                                           wasmx_error_t *err) {
  Buffer bytes = read_seed(name);
  wasmcm_component_t *component = wasmcm_component_new(engine, bytes.data, bytes.len, 0, err);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  wasmcm_instance_t *instance = wasmcm_linker_instantiate(linker, component, NULL, err);
  wm_buffer_free(&bytes);
  wasmcm_linker_delete(linker);
  wasmcm_component_delete(component);
  return instance;
}

static void instances_show_what_their_type_says(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_instance_t *instance = instance_of_seed(store, "narrow.wasm", &err);
  wasmcm_func_t *shown = wasmcm_instance_func(instance, "narrow", "f");
  assert_non_null(shown);
  assert_null(wasmcm_instance_func(instance, "narrow", "g"));
  wasmcm_func_delete(shown);
  wasmcm_instance_delete(instance);
  wasm_store_delete(store);
}

/* Thirty components of two instances each, one in the other. */
static void instances_are_limited(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  wasm_store_t *store = wasm_store_new(engine);
  assert_null(instance_of_seed(store, "many.wasm", &err));
  assert_int_equal(err.code, WASMX_LIMIT);
  wasm_store_delete(store);
}

/* Calls, and handles that are deleted, after the store. */
static void the_store_may_go_first(void **state) {
  (void)state;
  World w;
  assert_true(world_new(&w, give_back));
  wasm_store_delete(w.store);
  w.store = NULL;
  char *given = call_text(&w, "text", "\"61\"");
  assert_int_equal(given[0], '!');
  free(given);
  world_delete(&w);
}

/* ---- memory that runs out ---- */

static void each_allocation_may_fail(void **state) {
  (void)state;
  for (u64 n = 1;; n++) {
    World w;
    failing_alloc_start(n);
    bool made = world_new(&w, give_back);
    char *given = made ? call_text(&w, "maybe", "#1((5,6))") : NULL;
    char *text = made ? call_text(&w, "texts", "[\"61\",\"c3bf\"]") : NULL;
    bool failed = failing_alloc_stop();
    if (!failed) {
      assert_string_equal(given, "#1((5,6))");
      assert_string_equal(text, "[\"61\",\"c3bf\"]");
    }
    free(given);
    free(text);
    world_delete(&w);
    if (!failed) break;
    assert_true(n < 100000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_come_back),
      cmocka_unit_test(random_values_come_back),
      cmocka_unit_test(resources_are_destroyed_once),
      cmocka_unit_test(a_trap_ends_the_instance),
      cmocka_unit_test(arguments_are_checked),
      cmocka_unit_test(results_of_the_host_are_checked),
      cmocka_unit_test(a_host_without_memory_traps),
      cmocka_unit_test(the_host_says_what_fits),
      cmocka_unit_test(unknown_imports_trap),
      cmocka_unit_test(a_component_prints_its_wit),
      cmocka_unit_test(interfaces_are_found_by_version),
      cmocka_unit_test(missing_imports_are_named),
      cmocka_unit_test(functions_keep_what_they_need),
      cmocka_unit_test(the_store_may_go_first),
      cmocka_unit_test(instances_show_what_their_type_says),
      cmocka_unit_test(instances_are_limited),
      cmocka_unit_test(each_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
