/* What no program should do, and what wasmtime would end the process for: handles of other stores
 * and of stores that are gone, numbers nobody gave, NULLs; and running out of memory. */
#include "compat/host.h"

#include <string.h>

#include "support/failing_alloc.h"

static const char all[] =
    "(module (memory (export \"m\") 1) (table (export \"t\") 2 funcref)"
    "(table (export \"e\") 2 externref)"
    "(global (export \"g\") (mut i32) (i32.const 3))"
    "(func (export \"f\") (param i32) (result i32) (local.get 0))"
    "(func (export \"r\") (param externref funcref) (result externref) (local.get 0)))";

static void refused(wasmtime_error_t *error) {
  assert_non_null(error);
  wasmtime_error_delete(error);
}

typedef struct Things {
  wasmtime_instance_t instance;
  wasmtime_func_t f, r;
  wasmtime_memory_t memory;
  wasmtime_table_t table, externs;
  wasmtime_global_t global;
} Things;

static Things things_of(Host *h) {
  Things t = {.instance = instance_of(h, all, NULL, 0)};
  t.f = func_of(h, &t.instance, "f");
  t.r = func_of(h, &t.instance, "r");
  t.memory = export_of(h, &t.instance, "m").of.memory;
  t.table = export_of(h, &t.instance, "t").of.table;
  t.externs = export_of(h, &t.instance, "e").of.table;
  t.global = export_of(h, &t.instance, "g").of.global;
  return t;
}

/* None of these things is this store's. */
static void all_refused(Host *h, const Things *t) {
  wasmtime_context_t *c = h->context;
  wasm_trap_t *trap = NULL;
  wasmtime_extern_t item;
  char *name;
  size_t len;
  wasmtime_val_raw_t raws[2] = {{.i64 = 0}, {.i64 = 0}};
  wasmtime_val_t arg = i32_of(1), val = {.kind = WASMTIME_FUNCREF, .of.funcref = t->f};
  refused(wasmtime_func_call(c, &t->f, &arg, 1, &val, 1, &trap));
  refused(wasmtime_func_call_unchecked(c, &t->f, raws, 2, &trap));
  assert_null(wasmtime_func_type(c, &t->f));
  assert_null(wasmtime_func_to_raw(c, &t->f));
  assert_null(wasmtime_memory_data(c, &t->memory));
  assert_int_equal(wasmtime_memory_data_size(c, &t->memory), 0);
  assert_int_equal(wasmtime_memory_size(c, &t->memory), 0);
  assert_null(wasmtime_memory_type(c, &t->memory));
  refused(wasmtime_memory_grow(c, &t->memory, 1, NULL));
  assert_false(wasmtime_table_get(c, &t->table, 0, &val));
  refused(wasmtime_table_set(c, &t->table, 0, &val));
  refused(wasmtime_table_grow(c, &t->table, 1, &val, NULL));
  assert_int_equal(wasmtime_table_size(c, &t->table), 0);
  assert_null(wasmtime_table_type(c, &t->table));
  wasmtime_global_get(c, &t->global, &val);
  assert_true(val.kind == WASMTIME_I32 && val.of.i32 == 0);
  refused(wasmtime_global_set(c, &t->global, &arg));
  assert_null(wasmtime_global_type(c, &t->global));
  assert_false(wasmtime_instance_export_get(c, &t->instance, "f", 1, &item));
  assert_false(wasmtime_instance_export_nth(c, &t->instance, 0, &name, &len, &item));
  item = (wasmtime_extern_t){.kind = WASMTIME_EXTERN_FUNC, .of.func = t->f};
  assert_null(wasmtime_extern_type(c, &item));
  wasmtime_linker_t *linker = wasmtime_linker_new(h->engine);
  refused(wasmtime_linker_define(linker, c, "a", 1, "b", 1, &item));
  refused(wasmtime_linker_define_instance(linker, c, "a", 1, &t->instance));
  wasmtime_linker_delete(linker);
}

static void test_other_stores(void **state) {
  (void)state;
  Host h = host_new(), other = host_new();
  Things mine = things_of(&h), theirs = things_of(&other);
  all_refused(&other, &mine);
  all_refused(&h, &theirs);
  wasmtime_val_t f = {.kind = WASMTIME_FUNCREF, .of.funcref = theirs.f};
  refused(wasmtime_table_set(h.context, &mine.table, 0, &f));
  refused(wasmtime_table_grow(h.context, &mine.table, 1, &f, NULL));
  wasmtime_val_t args[2] = {{.kind = WASMTIME_EXTERNREF}, {.kind = WASMTIME_FUNCREF}}, result;
  wasm_trap_t *trap = NULL;
  assert_true(wasmtime_externref_new(other.context, NULL, NULL, &args[0].of.externref));
  refused(wasmtime_func_call(h.context, &mine.r, args, 2, &result, 1, &trap));
  refused(wasmtime_table_set(h.context, &mine.externs, 0, &args[0]));
  assert_null(wasmtime_externref_data(h.context, &args[0].of.externref));
  wasmtime_module_t *module = module_of(h.engine, "(module (import \"\" \"\" (memory 1)))");
  wasmtime_extern_t item = {.kind = WASMTIME_EXTERN_MEMORY, .of.memory = theirs.memory};
  refused(wasmtime_instance_new(h.context, module, &item, 1, &mine.instance, &trap));
  /* A definition of one store's thing is none in another. */
  wasmtime_linker_t *linker = wasmtime_linker_new(h.engine);
  fine(wasmtime_linker_define(linker, other.context, "", 0, "", 0, &item));
  refused(wasmtime_linker_instantiate(linker, h.context, module, &mine.instance, &trap));
  assert_false(wasmtime_linker_get(linker, h.context, "", 0, "", 0, &item));
  wasmtime_linker_delete(linker);
  wasmtime_module_delete(module);
  host_delete(&other);
  host_delete(&h);
}

/* The next store may lie where the last one was. */
static void test_stores_that_are_gone(void **state) {
  (void)state;
  wasm_engine_t *engine = wasm_engine_new();
  Things old;
  memset(&old, 0, sizeof old);
  for (int i = 0; i < 20; i++) {
    Host h = {.engine = engine, .store = wasmtime_store_new(engine, NULL, NULL)};
    h.context = wasmtime_store_context(h.store);
    Things now = things_of(&h);
    if (i) all_refused(&h, &old);
    old = now;
    wasmtime_store_delete(h.store);
  }
  wasm_engine_delete(engine);
}

/* Numbers that nobody gave, and those of another kind of thing. */
static void test_forged_numbers(void **state) {
  (void)state;
  Host h = host_new();
  Things t = things_of(&h), forged = t;
  for (uintptr_t n = 0; n < 40; n++) {
    forged.f.__private = (void *)n;
    forged.memory.__private1 = forged.table.__private1 = forged.global.__private1 = (uint32_t)n;
    forged.instance.__private = n;
    wasm_functype_delete(wasmtime_func_type(h.context, &forged.f));
    wasm_memorytype_delete(wasmtime_memory_type(h.context, &forged.memory));
    wasm_tabletype_delete(wasmtime_table_type(h.context, &forged.table));
    wasm_globaltype_delete(wasmtime_global_type(h.context, &forged.global));
    wasmtime_extern_t item;
    wasmtime_instance_export_get(h.context, &forged.instance, "f", 1, &item);
  }
  forged.f.__private = (void *)UINTPTR_MAX;
  forged.memory.__private1 = forged.table.__private1 = forged.global.__private1 = UINT32_MAX;
  forged.instance.__private = SIZE_MAX;
  all_refused(&h, &forged);
  wasmtime_extern_t item = {.kind = 99};
  assert_null(wasmtime_extern_type(h.context, &item));
  wasmtime_val_raw_t raws[2];
  wasm_trap_t *trap = NULL;
  memset(raws, 0xff, sizeof raws);
  refused(wasmtime_func_call_unchecked(h.context, &t.r, raws, 2, &trap));
  refused(wasmtime_func_call_unchecked(h.context, &t.r, raws, 1, &trap));
  wasmtime_func_t func;
  wasmtime_func_from_raw(h.context, (void *)(uintptr_t)999, &func);
  assert_true(wasmtime_funcref_is_null(&func));
  host_delete(&h);
}

/* A root that was given back is none, also when its place is another one's by now. */
static void test_roots_twice(void **state) {
  (void)state;
  Host h = host_new();
  int one = 1, two = 2;
  wasmtime_externref_t first, stale, second;
  assert_true(wasmtime_externref_new(h.context, &one, NULL, &first));
  stale = first;
  wasmtime_externref_unroot(h.context, &first);
  assert_true(wasmtime_externref_is_null(&first));
  assert_true(wasmtime_externref_new(h.context, &two, NULL, &second));
  assert_null(wasmtime_externref_data(h.context, &stale));
  wasmtime_externref_unroot(h.context, &stale);
  assert_ptr_equal(wasmtime_externref_data(h.context, &second), &two);
  wasmtime_externref_from_raw(h.context, 1234, &first);
  assert_true(wasmtime_externref_is_null(&first));
  host_delete(&h);
}

static void test_numbers_of_31_bits(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_anyref_t ref, copy;
  uint32_t u;
  int32_t s;
  wasmtime_anyref_from_i31(h.context, 0x7fffffff, &ref);
  wasmtime_anyref_clone(h.context, &ref, &copy);
  assert_true(wasmtime_anyref_i31_get_u(h.context, &copy, &u) && u == 0x7fffffff);
  assert_true(wasmtime_anyref_i31_get_s(h.context, &copy, &s) && s == -1);
  wasmtime_anyref_from_raw(h.context, wasmtime_anyref_to_raw(h.context, &copy), &ref);
  assert_true(wasmtime_anyref_i31_get_s(h.context, &ref, &s) && s == -1);
  wasmtime_anyref_unroot(h.context, &ref);
  assert_true(wasmtime_anyref_is_null(&ref));
  assert_false(wasmtime_anyref_i31_get_u(h.context, &ref, &u));
  host_delete(&h);
}

static void test_nulls(void **state) {
  (void)state;
  Host h = host_new();
  wasm_trap_t *trap = NULL;
  wasmtime_module_t *module = NULL;
  wasmtime_instance_t instance;
  wasmtime_val_t val;
  wasm_name_t text;
  assert_null(wasmtime_store_new(NULL, NULL, NULL));
  assert_null(wasmtime_store_context(NULL));
  wasmtime_store_delete(NULL);
  wasmtime_context_set_data(NULL, NULL);
  assert_null(wasmtime_context_get_data(NULL));
  wasmtime_context_gc(NULL);
  wasmtime_context_set_epoch_deadline(NULL, 1);
  wasmtime_engine_increment_epoch(NULL);
  wasmtime_engine_increment_epoch(h.engine);
  assert_null(wasmtime_engine_clone(NULL));
  refused(wasmtime_context_set_fuel(NULL, 1));
  refused(wasmtime_context_get_fuel(NULL, NULL));
  refused(wasmtime_context_set_wasi(h.context, NULL));
  refused(wasmtime_context_set_wasi(NULL, wasi_config_new()));
  refused(wasmtime_module_new(NULL, NULL, 0, &module));
  refused(wasmtime_module_new(h.engine, NULL, 9, &module));
  refused(wasmtime_module_validate(NULL, NULL, 0));
  refused(wasmtime_module_serialize(NULL, NULL));
  refused(wasmtime_module_deserialize_file(h.engine, "/nowhere", &module));
  refused(wasmtime_wat2wasm(NULL, 0, NULL));
  wasmtime_module_delete(NULL);
  assert_null(wasmtime_module_clone(NULL));
  refused(wasmtime_instance_new(h.context, NULL, NULL, 0, &instance, &trap));
  refused(wasmtime_func_call(h.context, NULL, NULL, 0, NULL, 0, &trap));
  refused(wasmtime_func_call(NULL, NULL, NULL, 0, NULL, 0, NULL));
  refused(wasmtime_memory_new(h.context, NULL, NULL));
  refused(wasmtime_table_new(h.context, NULL, NULL, NULL));
  refused(wasmtime_global_new(h.context, NULL, NULL, NULL));
  assert_false(wasmtime_table_get(NULL, NULL, 0, &val));
  assert_null(wasmtime_memory_data(NULL, NULL));
  assert_false(wasmtime_caller_export_get(NULL, "", 0, NULL));
  assert_null(wasmtime_caller_context(NULL));
  assert_null(wasmtime_linker_new(NULL));
  assert_null(wasmtime_linker_clone(NULL));
  wasmtime_linker_delete(NULL);
  refused(wasmtime_linker_define_wasi(NULL));
  refused(wasmtime_linker_instantiate(NULL, NULL, NULL, NULL, NULL));
  wasmtime_error_message(NULL, &text);
  wasm_name_delete(&text);
  wasmtime_error_delete(NULL);
  assert_false(wasmtime_trap_code(NULL, NULL));
  wasm_trap_delete(wasmtime_trap_new_code(200));
  wasm_trap_delete(wasmtime_trap_new(NULL, 4));
  assert_false(wasmtime_externref_new(NULL, NULL, NULL, NULL));
  wasmtime_val_unroot(h.context, NULL);
  wasmtime_extern_delete(NULL);
  host_delete(&h);
}

/* ---- settings ---- */

static uint32_t ignored(const wasm_engine_t *engine, const char *wanted) {
  uint32_t times;
  const char *name;
  for (size_t i = 0; (name = wasmtime_compat_ignored(engine, i, &times)); i++)
    if (strcmp(name, wanted) == 0) return times;
  return UINT32_MAX;
}

static void test_settings(void **state) {
  (void)state;
  wasm_config_t *config = wasm_config_new();
  wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
  wasmtime_config_memory_reservation_set(config, 1 << 20);
  wasmtime_config_memory_reservation_set(config, 1 << 21);
  wasmtime_config_cranelift_flag_set(config, "a", "b");
  wasmtime_config_wasm_simd_set(config, false);
  wasmtime_config_max_wasm_stack_set(config, 1 << 20);
  wasmtime_config_max_wasm_stack_set(config, 1);
  fine(wasmtime_config_target_set(config, NULL));
  refused(wasmtime_config_target_set(config, "z80-unknown-none"));
  refused(wasmtime_config_cache_config_load(config, "/nowhere.toml"));
  wasmtime_pooling_allocation_config_t *pooling = wasmtime_pooling_allocation_config_new();
  wasmtime_pooling_allocation_config_total_tables_set(pooling, 7);
  wasmtime_pooling_allocation_strategy_set(config, pooling);
  wasmtime_pooling_allocation_config_delete(pooling);
  Host h = host_of(config);
  assert_int_equal(ignored(h.engine, "memory_reservation"), 2);
  assert_int_equal(ignored(h.engine, "cranelift_opt_level"), 1);
  assert_int_equal(ignored(h.engine, "cranelift_flag"), 1);
  assert_int_equal(ignored(h.engine, "pooling_allocation"), 1);
  assert_int_equal(ignored(h.engine, "debug_info"), 0);
  assert_int_equal(ignored(h.engine, "no such setting"), UINT32_MAX);
  wasm_byte_vec_t binary;
  wasmtime_module_t *module = NULL;
  static const char simd[] = "(module (func (drop (v128.const i32x4 0 0 0 0))))";
  fine(wasmtime_wat2wasm(simd, strlen(simd), &binary));
  refused(wasmtime_module_new(h.engine, (const uint8_t *)binary.data, binary.size, &module));
  wasm_byte_vec_delete(&binary);
  host_delete(&h);
}

/* ---- out of memory ---- */

static wasm_trap_t *nothing(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                            size_t nargs, wasmtime_val_t *results, size_t nresults) {
  (void)env, (void)caller, (void)args, (void)nargs;
  for (size_t i = 0; i < nresults; i++) results[i].of.i32 = 1;
  return NULL;
}

static void count_up(void *data) { ++*(int *)data; }

/* What a program does, as far as there is memory for it. Finalizers tell that nothing is lost. */
static bool do_all(int *gone) {
  static const char text[] =
      "(module (import \"m\" \"f\" (func (result i32))) (memory (export \"m\") 1)"
      "(func (export \"f\") (param externref) (result externref i32) (local.get 0) (call 0)))";
  bool done = false;
  wasm_byte_vec_t binary = {0, NULL};
  wasmtime_module_t *module = NULL;
  wasmtime_instance_t instance;
  wasmtime_extern_t item;
  wasm_trap_t *trap = NULL;
  wasmtime_val_t val = {.kind = WASMTIME_EXTERNREF}, results[2] = {val, val};
  wasm_engine_t *engine = wasm_engine_new();
  wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t *c = wasmtime_store_context(store);
  wasmtime_linker_t *linker = wasmtime_linker_new(engine);
  wasm_functype_t *type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  wasmtime_error_t *error =
      wasmtime_linker_define_func(linker, "m", 1, "f", 1, type, nothing, gone, count_up);
  wasm_functype_delete(type);
  if (!error) error = wasmtime_wat2wasm(text, strlen(text), &binary);
  if (!error)
    error = wasmtime_module_new(engine, (const uint8_t *)binary.data, binary.size, &module);
  if (!error) error = wasmtime_linker_instantiate(linker, c, module, &instance, &trap);
  bool may_call = !error && !trap && wasmtime_instance_export_get(c, &instance, "f", 1, &item);
  if (may_call && wasmtime_externref_new(c, gone, NULL, &val.of.externref)) {
    error = wasmtime_func_call(c, &item.of.func, &val, 1, results, 2, &trap);
    done = !error && !trap;
  }
  wasmtime_error_delete(error);
  wasm_trap_delete(trap);
  wasm_byte_vec_delete(&binary);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  return done;
}

static void test_out_of_memory(void **state) {
  (void)state;
  int gone = 0;
  assert_true(do_all(&gone));
  assert_int_equal(gone, 1);
  for (uint64_t n = 1;; n++) {
    gone = 0;
    failing_alloc_start(n);
    do_all(&gone);
    bool failed = failing_alloc_stop();
    assert_int_equal(gone, 1);
    if (!failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_other_stores),       cmocka_unit_test(test_stores_that_are_gone),
      cmocka_unit_test(test_forged_numbers),     cmocka_unit_test(test_roots_twice),
      cmocka_unit_test(test_numbers_of_31_bits), cmocka_unit_test(test_nulls),
      cmocka_unit_test(test_settings),           cmocka_unit_test(test_out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
