/* Linkers, and errors as hosts see them. */
#include "fixture.h"

static const char lib[] = "(module (func (export \"f\") (param i32) (result i32)\n"
                          "   (i32.mul (local.get 0) (i32.const 3)))\n"
                          " (global (export \"g\") i32 (i32.const 5)))";
static const char app[] = "(module (import \"lib\" \"f\" (func $f (param i32) (result i32)))\n"
                          " (import \"lib\" \"g\" (global $g i32))\n"
                          " (func (export \"run\") (param i32) (result i32)\n"
                          "   (i32.add (call $f (local.get 0)) (global.get $g))))";

static int32_t run_app(const wasmx_linker_t *linker, wasm_store_t *store) {
  wasm_module_t *module = module_of(store, app);
  wasm_instance_t *in = wasmx_linker_instantiate(linker, module, NULL, NULL);
  assert_non_null(in);
  wasm_func_t *run = wasmx_instance_func(in, "run");
  int32_t result = call_i(run, 10);
  wasm_func_delete(run);
  wasm_instance_delete(in);
  wasm_module_delete(module);
  return result;
}

static void linking(void **state) {
  (void)state;
  World w = world_new();
  wasmx_linker_t *linker = wasmx_linker_new(w.store);
  wasm_instance_t *in = instance_of(w.store, lib);
  assert_true(wasmx_linker_define_instance(linker, "lib", 3, in));
  wasm_instance_delete(in);
  wasmx_store_collect(w.store);
  assert_int_equal(run_app(linker, w.store), 35);
  /* A later definition takes the place of an earlier one. */
  wasm_instance_t *other =
      instance_of(w.store, "(module (global (export \"x\") i32 (i32.const 6)))");
  wasm_global_t *g = wasmx_instance_global(other, "x");
  assert_true(wasmx_linker_define(linker, "lib", "g", wasm_global_as_extern(g)));
  assert_int_equal(run_app(linker, w.store), 36);
  wasm_extern_t *found = wasmx_linker_get(linker, "lib", "g");
  assert_true(wasm_extern_same(found, wasm_global_as_extern(g)));
  wasm_extern_delete(found);
  assert_null(wasmx_linker_get(linker, "li", "bg"));
  assert_null(wasmx_linker_get(linker, "lib", NULL));
  /* Names are of any bytes. */
  assert_true(wasmx_linker_define_n(linker, "a\0b", 3, NULL, 0, wasm_global_as_extern(g)));
  wasm_instance_t *odd = NULL;
  wasm_module_t *module = module_of(w.store, "(module (import \"a\\00b\" \"\" (global i32)))");
  odd = wasmx_linker_instantiate(linker, module, NULL, NULL);
  assert_non_null(odd);
  wasm_instance_delete(odd);
  wasm_module_delete(module);
  wasm_global_delete(g);
  wasm_instance_delete(other);
  wasmx_linker_delete(linker);
  wasmx_linker_delete(NULL);
  world_delete(&w);
}

/* What is replaced has a finalizer that defines more, so that the definitions move, and drops the
 * instance that is being defined. */
typedef struct Redefiner {
  wasmx_linker_t *linker;
  wasm_store_t *store;
  wasm_instance_t *instance;
  int runs;
} Redefiner;

static void redefine(void *env) {
  Redefiner *r = env;
  wasm_instance_t *other =
      instance_of(r->store, "(module (global (export \"x\") i32 (i32.const 6)))");
  wasm_global_t *g = wasmx_instance_global(other, "x");
  for (int i = 0; i < 100; i++) {
    char name[32];
    snprintf(name, sizeof name, "more%d", r->runs * 100 + i);
    assert_true(wasmx_linker_define(r->linker, "m", name, wasm_global_as_extern(g)));
  }
  wasm_instance_delete(r->instance);
  r->instance = NULL;
  r->runs++;
  wasm_global_delete(g);
  wasm_instance_delete(other);
}

static wasm_trap_t *do_nothing(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args, (void)results;
  return NULL;
}

/* Traps, which are no safe points themselves, until the next handle that goes starts a collection.
 */
enum { TRAPS = 20000 };

static void finalizers_may_define(void **state) {
  (void)state;
  World w = world_new();
  Redefiner r = {wasmx_linker_new(w.store), w.store, instance_of(w.store, lib), 0};
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *func = wasm_func_new(w.store, type, do_nothing);
  wasm_func_set_host_info_with_finalizer(func, &r, redefine);
  assert_true(wasmx_linker_define(r.linker, "lib", "f", wasm_func_as_extern(func)));
  wasm_func_delete(func);
  wasm_instance_t *traps_of = instance_of(w.store, "(module (func (export \"t\") (unreachable)))");
  wasm_func_t *trap = wasmx_instance_func(traps_of, "t");
  static wasm_trap_t *traps[TRAPS];
  wasmx_slot_t none[1];
  for (int i = 0; i < TRAPS; i++) traps[i] = wasmx_func_call_raw(trap, none);
  assert_true(wasmx_linker_define_instance(r.linker, "lib", 3, r.instance));
  assert_int_equal(r.runs, 1);
  assert_int_equal(run_app(r.linker, w.store), 35);
  for (int i = 0; i < TRAPS; i++) wasm_trap_delete(traps[i]);
  wasm_func_delete(trap);
  wasm_instance_delete(traps_of);
  wasm_functype_delete(type);
  wasmx_linker_delete(r.linker);
  world_delete(&w);
}

static void link_errors(void **state) {
  (void)state;
  World w = world_new();
  wasmx_linker_t *linker = wasmx_linker_new(w.store);
  wasm_module_t *module = module_of(w.store, app);
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap;
  assert_null(wasmx_linker_instantiate(linker, module, &trap, &err));
  assert_null(trap);
  assert_int_equal(err.code, WASMX_LINK);
  assert_string_equal(err.import_module, "lib");
  assert_string_equal(err.import_name, "f");
  assert_non_null(strstr(err.message, "unknown import"));
  assert_non_null(strstr(err.expected, "func"));
  assert_string_equal(err.found, "nothing");
  wasm_instance_t *in = instance_of(w.store, "(module (func (export \"f\") (param i64)))");
  assert_true(wasmx_linker_define_instance(linker, "lib", 3, in));
  wasm_extern_t *f = wasmx_instance_export(in, "f");
  assert_true(wasmx_linker_define(linker, "lib", "g", f));
  assert_null(wasmx_linker_instantiate(linker, module, NULL, &err));
  assert_int_equal(err.code, WASMX_LINK);
  assert_non_null(strstr(err.message, "incompatible import type"));
  assert_non_null(strstr(err.expected, "i32"));
  assert_non_null(strstr(err.found, "i64"));

  assert_false(wasmx_linker_define(linker, NULL, "g", f));
  assert_false(wasmx_linker_define(linker, "m", NULL, f));
  assert_false(wasmx_linker_define(linker, "m", "g", NULL));
  assert_false(wasmx_linker_define(NULL, "m", "g", f));
  assert_false(wasmx_linker_define_n(linker, NULL, 3, "g", 1, f));
  assert_false(wasmx_linker_define_instance(linker, NULL, 3, in));
  assert_false(wasmx_linker_define_instance(linker, "m", 1, NULL));
  assert_null(wasmx_linker_instantiate(NULL, module, NULL, &err));
  assert_null(wasmx_linker_instantiate(linker, NULL, NULL, &err));
  assert_null(wasmx_linker_new(NULL));
  wasm_store_t *other = wasm_store_new(w.engine);
  wasmx_linker_t *elsewhere = wasmx_linker_new(other);
  assert_false(wasmx_linker_define(elsewhere, "m", "g", f));
  assert_last_error(WASMX_ARGUMENT, "store");
  assert_false(wasmx_linker_define_instance(elsewhere, "m", 1, in));
  assert_null(wasmx_linker_instantiate(elsewhere, module, NULL, &err));
  wasm_store_delete(other);
  assert_null(wasmx_linker_get(elsewhere, "m", "g"));
  wasmx_linker_delete(elsewhere); /* after its store */
  wasm_extern_delete(f);
  wasm_instance_delete(in);
  wasm_module_delete(module);
  wasmx_linker_delete(linker);
  world_delete(&w);
}

/* -------------------------------------------------------------------------------------------
 * errors */

static bool validate(wasm_store_t *store, const char *text, wasmx_error_t *err) {
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)(uintptr_t)text};
  return wasmx_module_validate(store, &source, WASMX_ALLOW_TEXT, err);
}

static void errors_with_places(void **state) {
  (void)state;
  World w = world_new();
  wasmx_error_t err = {.size = sizeof err};
  assert_false(validate(w.store, "(module\n  (func (bogus)))", &err));
  assert_int_equal(err.code, WASMX_SYNTAX);
  assert_int_equal(err.line, 2);
  assert_true(err.column > 1);
  assert_non_null(strstr(err.context, "bogus"));
  assert_false(validate(w.store, "(module (func (result i32) (i64.const 1)))", &err));
  assert_int_equal(err.code, WASMX_INVALID);
  assert_true(err.offset > 8);
  assert_non_null(strstr(err.message, "type mismatch"));
  assert_int_equal(err.context[0], 0);

  assert_false(validate(w.store, "<html>", &err));
  assert_int_equal(err.code, WASMX_MALFORMED);
  assert_non_null(strstr(err.message, "HTML"));
  assert_false(validate(w.store, "", &err));
  assert_true(validate(w.store, " ;; nothing\n", &err));

  /* An older caller's struct is not written beyond its end; a size of 0 not at all. */
  wasmx_error_t guarded;
  memset(&guarded, 0x55, sizeof guarded);
  guarded.size = offsetof(wasmx_error_t, context);
  assert_false(validate(w.store, "(bogus)", &guarded));
  assert_int_equal(guarded.code, WASMX_SYNTAX);
  assert_int_equal(guarded.size, offsetof(wasmx_error_t, context));
  assert_int_equal(guarded.context[0], 0x55);
  memset(&guarded, 0x55, sizeof guarded);
  guarded.size = 0;
  assert_false(validate(w.store, "(bogus)", &guarded));
  assert_int_equal(guarded.code, 0x55555555);
  assert_false(validate(w.store, "(bogus)", NULL));
  assert_int_equal(wasmx_last_error()->size, sizeof err);
  world_delete(&w);
}

static void text_to_binary(void **state) {
  (void)state;
  wasm_byte_vec_t binary;
  wasmx_error_t err = {.size = sizeof err};
  assert_true(wasmx_wat2wasm("(module)", 8, &binary, &err));
  assert_int_equal(binary.size, 8);
  assert_memory_equal(binary.data, "\0asm\1\0\0", 8);
  wasm_byte_vec_delete(&binary);
  assert_false(wasmx_wat2wasm("(modul)", 7, &binary, &err));
  assert_int_equal(binary.size, 0);
  assert_int_equal(err.code, WASMX_SYNTAX);
  assert_false(wasmx_wat2wasm(NULL, 3, &binary, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_false(wasmx_wat2wasm("(module)", 8, NULL, &err));
}

static void binary_to_text(void **state) {
  (void)state;
  static const char source[] = "(module $m (func $f i32.const 1 drop))";
  static const char folded[] =
      "(module $m\n  (type (;0;) (func))\n  (func $f (;0;) (type 0)\n    (drop (i32.const 1))))\n";
  wasm_byte_vec_t binary, text, again;
  wasmx_error_t err = {.size = sizeof err};
  assert_true(wasmx_wat2wasm(source, sizeof source - 1, &binary, &err));
  assert_true(wasmx_wasm2wat(&binary, WASMX_PRINT_FOLDED, &text, &err));
  assert_int_equal(text.size, sizeof folded - 1);
  assert_memory_equal(text.data, folded, text.size);
  assert_true(wasmx_wat2wasm(text.data, text.size, &again, &err));
  assert_int_equal(again.size, binary.size);
  assert_memory_equal(again.data, binary.data, binary.size);
  wasm_byte_vec_delete(&text);
  wasm_byte_vec_delete(&again);
  binary.size -= 3;
  assert_false(wasmx_wasm2wat(&binary, 0, &text, &err));
  assert_int_equal(text.size, 0);
  assert_int_equal(err.code, WASMX_MALFORMED);
  assert_false(wasmx_wasm2wat(NULL, 0, &text, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_false(wasmx_wasm2wat(&binary, 0, NULL, NULL));
  wasm_byte_vec_delete(&binary);
}

/* ----------------------------------------------------------------------------- configuration,
 * limits */

static void configuration(void **state) {
  (void)state;
  assert_string_equal(wasmx_version(), "0.1.0");
  assert_true(wasmx_has("text"));
  assert_false(wasmx_has("") || wasmx_has(NULL));
  bool supported = false, any_off = false;
  size_t count = 0;
  for (const char *name; (name = wasmx_feature(count, &supported)); count++) {
    wasm_config_t *config = wasm_config_new();
    bool switched = wasmx_config_set_feature(config, name, true);
    assert_true(switched == supported);
    any_off = any_off || !supported;
    wasm_config_delete(config);
  }
  assert_true(count > 10);
  assert_string_equal(wasmx_feature(0, NULL), "mvp");
  wasm_config_t *config = wasm_config_new();
  assert_false(wasmx_config_set_feature(config, "no such thing", true));
  assert_false(wasmx_config_set_feature(config, "mvp", false));
  assert_false(wasmx_config_set_feature(config, NULL, true));
  assert_false(wasmx_config_set_feature(NULL, "simd", true));
  assert_false(wasmx_config_set_stack_size(config, 0));
  assert_false(wasmx_config_set_stack_size(config, SIZE_MAX));
  assert_false(wasmx_config_set_stack_size(NULL, 1 << 20));
  assert_false(wasmx_config_set_native_stack_size(config, 1));
  assert_true(wasmx_config_set_stack_size(config, 1 << 17));
  assert_true(wasmx_config_set_native_stack_size(config, 1 << 17));
  assert_true(wasmx_config_set_feature(config, "simd", false));
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_error_t err = {.size = sizeof err};
  assert_false(validate(store, "(module (func (param v128)))", &err));
  assert_int_equal(err.code, WASMX_UNSUPPORTED);
  assert_string_equal(err.proposal, "simd");
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  wasm_engine_delete(NULL);
  wasm_config_delete(NULL);
  assert_null(wasm_store_new(NULL));
  engine = wasm_engine_new_with_config(NULL);
  assert_non_null(engine);
  wasm_engine_delete(engine);
}

static wasmx_engine_stats_t stats_of(const wasm_engine_t *engine) {
  wasmx_engine_stats_t stats = {.size = sizeof stats, .functions = 7};
  wasmx_engine_stats(engine, &stats);
  return stats;
}

static void statistics(void **state) {
  (void)state;
  World w = {.engine = NULL};
  assert_int_equal(stats_of(NULL).functions, 0);
  wasmx_engine_stats(NULL, NULL);
  assert_true(world_in_tier(&w, wasm_config_new(), WASMX_TIER_INTERP, false));
  wasm_instance_delete(instance_of(w.store, "(module (func))"));
  assert_int_equal(stats_of(w.engine).functions, 0);
  world_delete(&w);
  if (!world_in_tier(&w, wasm_config_new(), WASMX_TIER_JIT, false)) return;
  wasm_instance_t *in = instance_of(w.store, "(module (func) (func (result i32) (i32.const 7)))");
  for (int round = 0; round < 2; round++) { /* while the module is there, and when it is gone */
    wasmx_engine_stats_t s = stats_of(w.engine);
    assert_int_equal(s.functions, 2);
    assert_int_equal(s.native_functions, 2);
    assert_int_equal(s.asked, 2);
    assert_int_equal(s.compiled_functions, 2);
    assert_true(s.code_bytes > 0 && s.wasm_bytes > 0 && s.compile_ns > 0);
    assert_string_equal(s.trouble, "");
    wasm_instance_delete(in);
    in = NULL;
    wasmx_store_collect(w.store);
  }
  wasmx_engine_stats_t older = {.size = offsetof(wasmx_engine_stats_t, native_functions)};
  wasmx_engine_stats(w.engine, &older);
  assert_int_equal(older.functions, 2);
  assert_int_equal(older.native_functions, 0);
  assert_int_equal(older.size, offsetof(wasmx_engine_stats_t, native_functions));
  world_delete(&w);
}

/* Everything is compiled, as two settings say; skipped where nothing can be. */
static World world_with_settings(const char *one, const char *other) {
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_hidden(config, one));
  assert_true(wasmx_config_set_hidden(config, other));
  if (!wasmx_config_set_tier(config, WASMX_TIER_JIT)) {
    wasm_config_delete(config);
    skip();
  }
  World w = {.engine = wasm_engine_new_with_config(config)};
  w.store = wasm_store_new(w.engine);
  return w;
}

/* The compiler's checks, when they object, are told about. */
static void rejected_functions_are_counted(void **state) {
  (void)state;
  wasm_config_t *config = wasm_config_new();
  assert_false(wasmx_config_set_hidden(config, "sabotage=yes"));
  wasm_config_delete(config);
  World w = world_with_settings("sabotage=reject", "verify=1");
  wasm_instance_delete(instance_of(w.store, "(module (func) (func))"));
  wasmx_engine_stats_t s = stats_of(w.engine);
  assert_int_equal(s.functions, 2);
  assert_int_equal(s.native_functions, 0);
  assert_int_equal(s.asked, 2);
  assert_int_equal(s.rejected, 2);
  assert_string_equal(s.trouble, "sabotage");
  assert_non_null(compiled_fault(w.engine, EXPECT_NO_FAULT));
  wasm_store_delete(w.store);
  wasm_engine_delete(w.engine);
}

/* What a search for a function that is compiled wrongly leaves out is told about, too. */
static void functions_left_out_are_counted(void **state) {
  (void)state;
  World w = world_with_settings("first-func=1", "last-func=2");
  wasm_instance_delete(instance_of(w.store, "(module (func) (func) (func) (func) (func))"));
  wasmx_engine_stats_t s = stats_of(w.engine);
  assert_int_equal(s.asked, 5);
  assert_int_equal(s.compiled_functions, 2);
  assert_int_equal(s.not_implemented, 3);
  assert_string_equal(s.trouble, "outside of first-func and last-func");
  wasm_store_delete(w.store);
  wasm_engine_delete(w.engine);
}

static void limits(void **state) {
  (void)state;
  World w = world_new();
  wasmx_limits_t limit = {.size = sizeof limit,
                          .memory_bytes = 3 * 65536,
                          .table_elements = 100,
                          .instances = 2},
                 usage = {.size = sizeof usage};
  assert_true(wasmx_store_set_limits(w.store, &limit));
  wasm_instance_t *in = instance_of(w.store, "(module (memory (export \"m\") 2)\n"
                                             " (table (export \"t\") 60 externref))");
  wasmx_store_get_usage(w.store, &usage);
  assert_int_equal(usage.memory_bytes, 2 * 65536);
  assert_int_equal(usage.table_elements, 60);
  assert_int_equal(usage.instances, 1);
  wasm_memory_t *m = wasmx_instance_memory(in, "m");
  wasm_table_t *t = wasmx_instance_table(in, "t");
  assert_false(wasm_memory_grow(m, 2));
  assert_true(wasm_memory_grow(m, 1));
  assert_false(wasm_table_grow(t, 41, NULL));
  assert_true(wasm_table_grow(t, 40, NULL));
  wasm_instance_t *second = instance_of(w.store, "(module)");
  wasm_module_t *module = module_of(w.store, "(module)");
  assert_null(wasm_instance_new(w.store, module, NULL, NULL));
  limit.size = offsetof(wasmx_limits_t, instances); /* an older caller: the rest is unlimited */
  assert_true(wasmx_store_set_limits(w.store, &limit));
  wasm_instance_t *third = wasm_instance_new(w.store, module, NULL, NULL);
  assert_non_null(third);
  wasmx_limits_t small = {.size = offsetof(wasmx_limits_t, table_elements), .table_elements = 9};
  wasmx_store_get_usage(w.store, &small);
  assert_int_equal(small.memory_bytes, 3 * 65536);
  assert_int_equal(small.table_elements, 9);
  assert_false(wasmx_store_set_limits(w.store, NULL));
  assert_false(wasmx_store_set_limits(NULL, &limit));
  limit.size = 0;
  assert_false(wasmx_store_set_limits(w.store, &limit));
  wasmx_store_get_usage(NULL, &usage);
  assert_int_equal(usage.instances, 0);
  wasmx_store_get_usage(w.store, NULL);
  wasm_memory_delete(m);
  wasm_table_delete(t);
  wasm_module_delete(module);
  wasm_instance_delete(in);
  wasm_instance_delete(second);
  wasm_instance_delete(third);
  world_delete(&w);
}

/* Memories and tables share one limit: each takes what the others leave. */
static void limit_of_all_bytes(void **state) {
  (void)state;
  World w = world_new();
  wasmx_limits_t limit, usage = {.size = sizeof usage};
  memset(&limit, 0xff, sizeof limit);
  limit.size = sizeof limit;
  limit.total_bytes = 3 * 65536;
  assert_true(wasmx_store_set_limits(w.store, &limit));
  wasm_instance_t *in = instance_of(w.store, "(module (memory (export \"m\") 1)\n"
                                             " (table (export \"t\") 8192 externref))");
  wasmx_store_get_usage(w.store, &usage);
  assert_int_equal(usage.total_bytes, 2 * 65536);
  wasm_memory_t *m = wasmx_instance_memory(in, "m");
  wasm_table_t *t = wasmx_instance_table(in, "t");
  assert_false(wasm_memory_grow(m, 2));
  assert_false(wasm_table_grow(t, 8193, NULL));
  assert_true(wasm_table_grow(t, 8192, NULL));
  assert_false(wasm_memory_grow(m, 1));
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = module_of(w.store, "(module (table 1 funcref))");
  assert_null(wasmx_instance_new(w.store, module, NULL, NULL, &err));
  assert_int_equal(err.code, WASMX_LIMIT);
  assert_non_null(strstr(err.message, "limit of 196608 bytes of memories, tables and heaps"));
  limit.total_bytes = 0; /* a host that does not know the field */
  assert_true(wasmx_store_set_limits(w.store, &limit));
  assert_true(wasm_memory_grow(m, 1));
  wasm_memory_delete(m);
  wasm_table_delete(t);
  wasm_module_delete(module);
  wasm_instance_delete(in);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linking),
      cmocka_unit_test(finalizers_may_define),
      cmocka_unit_test(link_errors),
      cmocka_unit_test(errors_with_places),
      cmocka_unit_test(text_to_binary),
      cmocka_unit_test(binary_to_text),
      cmocka_unit_test(configuration),
      cmocka_unit_test(limits),
      cmocka_unit_test(limit_of_all_bytes),
      cmocka_unit_test(statistics),
      cmocka_unit_test(rejected_functions_are_counted),
      cmocka_unit_test(functions_left_out_are_counted),
  };
  return run_with_text(tests);
}
