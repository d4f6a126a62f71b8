/* One scenario through the whole API, run again and again with its n-th allocation failing, for
 * every n: each failure is an orderly error, nothing leaks (the sanitizers look), and what follows
 * works. */
#include "fixture.h"

#include "support/failing_alloc.h"

static const char program[] =
    "(module $p (import \"env\" \"host\" (func $host (param i32 externref) (result externref)))\n"
    " (memory (export \"m\") 1 2) (table (export \"t\") 1 8 funcref)\n"
    " (global (export \"g\") (mut externref) (ref.null extern))\n"
    " (func $f (export \"f\") (param i32 externref) (result externref)\n"
    "   (call $host (local.get 0) (local.get 1)))\n"
    " (func (export \"grow\") (result i32) (memory.grow (i32.const 1)))\n"
    " (func (export \"crash\") unreachable)\n"
    " (elem (i32.const 0) $f))";

static wasm_byte_vec_t binary; /* the program, made before anything fails */

static wasm_trap_t *host(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  if (args->data[0].of.i32 == 1) return wasm_trap_new(env, NULL);
  wasm_val_copy(&results->data[0], &args->data[1]);
  return NULL;
}

/* Everything the scenario may leave behind when it stops half-way. */
typedef struct Scene {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_module_t *module, *obtained;
  wasm_shared_module_t *shared;
  wasm_functype_t *type;
  wasm_func_t *host, *f;
  wasmx_linker_t *linker;
  wasm_instance_t *instance, *second;
  wasm_extern_vec_t exports;
  wasm_foreign_t *foreign;
  int gone;
} Scene;

#define NEED(x)                                                                                    \
  if (!(x)) return

static void types(Scene *s) {
  s->type = wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_externref(),
                                  wasm_valtype_new_externref());
  NEED(s->type);
  wasm_functype_t *copy = wasm_functype_copy(s->type);
  wasm_tagtype_t *tag = copy ? wasm_tagtype_new(copy) : NULL;
  wasm_tagtype_t *tag_copy = wasm_tagtype_copy(tag);
  wasm_tagtype_delete(tag_copy);
  wasm_tagtype_delete(tag);
  wasm_importtype_vec_t imports, imports_copy;
  wasm_exporttype_vec_t exports, exports_copy;
  wasm_module_imports(s->module, &imports);
  wasm_importtype_vec_copy(&imports_copy, &imports);
  wasm_module_exports(s->module, &exports);
  wasm_exporttype_vec_copy(&exports_copy, &exports);
  wasm_importtype_vec_delete(&imports);
  wasm_importtype_vec_delete(&imports_copy);
  wasm_exporttype_vec_delete(&exports);
  wasm_exporttype_vec_delete(&exports_copy);
  wasmx_module_name(s->module);
}

static void use_trap(wasm_trap_t *trap) {
  if (!trap) return;
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  wasm_byte_vec_delete(&message);
  wasmx_trap_print(trap, &message);
  wasm_byte_vec_delete(&message);
  wasm_frame_vec_t trace, copy;
  wasm_trap_trace(trap, &trace);
  wasm_frame_vec_copy(&copy, &trace);
  for (size_t i = 0; i < trace.size; i++) {
    wasmx_frame_func_name(trace.data[i]);
    wasmx_frame_module_name(trace.data[i]);
  }
  wasm_frame_vec_delete(&trace);
  wasm_frame_vec_delete(&copy);
  wasm_frame_delete(wasm_trap_origin(trap));
  wasm_trap_delete(trap);
}

static void calls(Scene *s) {
  wasm_val_t args[2] = {WASM_I32_VAL(0), WASM_INIT_VAL}, result = WASM_INIT_VAL;
  args[1].of.ref = wasm_foreign_as_ref(s->foreign);
  wasm_trap_t *trap = call_n(s->f, 2, args, &result);
  use_trap(trap);
  if (!trap) wasm_val_delete(&result);
  args[0].of.i32 = 1;
  use_trap(call_n(s->f, 2, args, &result));
  use_trap(call_n(s->f, 1, args, &result));
  wasm_func_t *grow = wasmx_instance_func(s->instance, "grow");
  wasm_func_t *crash = wasmx_instance_func(s->instance, "crash");
  wasmx_slot_t slot = {.u64 = 0};
  if (grow) use_trap(wasmx_func_call_raw(grow, &slot));
  if (crash) use_trap(wasmx_func_call_raw(crash, NULL));
  if (crash && wasmx_has("native")) {
    void (*fn)(void) = wasmx_func_as_native(crash);
    if (fn) fn();
  }
  wasm_func_delete(grow);
  wasm_func_delete(crash);
}

static void natives(Scene *s) {
  wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_i32());
  NEED(type);
  wasm_func_delete(wasmx_func_new_native(s->store, type, (void (*)(void))count_call));
  wasm_functype_delete(type);
}

static void objects(Scene *s) {
  wasm_table_t *table = wasmx_instance_table(s->instance, "t");
  NEED(table);
  wasm_table_grow(table, 2, wasm_func_as_ref(s->host));
  wasm_ref_t *ref = wasm_table_get(table, 0);
  wasm_table_t *copy = wasm_table_copy(table);
  wasm_tabletype_delete(wasm_table_type(table));
  wasm_table_delete(copy);
  wasm_ref_delete(ref);
  wasm_table_delete(table);
  wasm_foreign_set_host_info_with_finalizer(s->foreign, &s->gone, count_call);
  wasm_limits_t limits = {1, 2};
  wasm_memorytype_t *type = wasm_memorytype_new(&limits);
  wasm_memory_t *memory = type ? wasm_memory_new(s->store, type) : NULL;
  if (memory) wasm_memory_grow(memory, 1);
  wasm_memory_delete(memory);
  wasm_memorytype_delete(type);
}

static void play(Scene *s) {
  wasm_config_t *config = wasm_config_new();
  NEED(config);
  s->engine = wasm_engine_new_with_config(config);
  NEED(s->engine);
  s->store = wasm_store_new(s->engine);
  NEED(s->store);
  s->module = wasm_module_new(s->store, &binary);
  NEED(s->module);
  s->shared = wasm_module_share(s->module);
  NEED(s->shared);
  s->obtained = wasm_module_obtain(s->store, s->shared);
  wasm_byte_vec_t bytes;
  wasm_module_serialize(s->module, &bytes);
  wasm_module_delete(bytes.size ? wasm_module_deserialize(s->store, &bytes) : NULL);
  wasm_byte_vec_delete(&bytes);
  types(s);
  NEED(s->type);
  s->host = wasm_func_new_with_env(s->store, s->type, host, s->store, NULL);
  NEED(s->host);
  s->linker = wasmx_linker_new(s->store);
  NEED(s->linker && wasmx_linker_define(s->linker, "env", "host", wasm_func_as_extern(s->host)));
  s->instance = wasmx_linker_instantiate(s->linker, s->module, NULL, NULL);
  NEED(s->instance);
  wasmx_linker_define_instance(s->linker, "again", 5, s->instance);
  wasm_extern_t *list[1] = {wasm_func_as_extern(s->host)};
  wasm_extern_vec_t imports = {1, list};
  wasm_trap_t *trap = NULL;
  s->second = wasm_instance_new(s->store, s->module, &imports, &trap);
  wasm_trap_delete(trap);
  wasm_instance_exports(s->instance, &s->exports);
  s->foreign = wasm_foreign_new(s->store);
  s->f = wasmx_instance_func(s->instance, "f");
  NEED(s->foreign && s->f);
  objects(s);
  calls(s);
  natives(s);
  wasmx_store_collect(s->store);
}

static void clear(Scene *s) {
  wasm_func_delete(s->f);
  wasm_foreign_delete(s->foreign);
  wasm_extern_vec_delete(&s->exports);
  wasm_instance_delete(s->second);
  wasm_instance_delete(s->instance);
  wasmx_linker_delete(s->linker);
  wasm_func_delete(s->host);
  wasm_functype_delete(s->type);
  wasm_module_delete(s->obtained);
  wasm_shared_module_delete(s->shared);
  wasm_module_delete(s->module);
  if (s->store) wasmx_store_collect(s->store);
  wasm_store_delete(s->store);
  wasm_engine_delete(s->engine);
}

static void every_allocation_fails_once(void **state) {
  (void)state;
  uint64_t n = 1;
  for (;; n++) {
    Scene s;
    memset(&s, 0, sizeof s);
    failing_alloc_start(n);
    play(&s);
    bool failed = failing_alloc_stop();
    clear(&s);
    if (!failed) break;
  }
  print_message("%llu allocations, each failed once\n", (unsigned long long)(n - 1));
  assert_true(n > 50);
}

static void memory_stays_short(void **state) {
  (void)state;
  for (uint64_t n = 1;; n++) {
    Scene s;
    memset(&s, 0, sizeof s);
    failing_alloc_start_all(n);
    play(&s);
    clear(&s);
    if (!failing_alloc_stop()) break;
  }
}

/* A trap that cannot be made must not be none: a callback that returns none says that all is well.
 */
static void traps_are_never_lost(void **state) {
  (void)state;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *stores[2] = {NULL, wasm_store_new(engine)};
  wasm_message_t message = {3, (wasm_byte_t *)(uintptr_t)"no!"};
  for (int i = 0; i < 2; i++) {
    for (uint64_t n = 1;; n++) {
      failing_alloc_start(n);
      wasm_trap_t *trap = wasm_trap_new(stores[i], &message), *copy = wasm_trap_copy(trap);
      wasm_trap_t *end = wasmx_trap_new_exit(stores[i], 1);
      bool failed = failing_alloc_stop();
      if (!trap || !copy || !end) fail_msg("a trap is lost at allocation %d", (int)n);
      wasm_trap_delete(trap);
      wasm_trap_delete(copy);
      wasm_trap_delete(end);
      if (!failed) break;
    }
  }
  wasm_store_delete(stores[1]);
  wasm_engine_delete(engine);
}

/* Nothing failed for good: the same scenario works in the end. */
static void works_afterwards(void **state) {
  (void)state;
  Scene s;
  memset(&s, 0, sizeof s);
  play(&s);
  assert_true(s.f && s.second && s.exports.size == 6);
  clear(&s);
  assert_int_equal(s.gone, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_fails_once),
      cmocka_unit_test(memory_stays_short),
      cmocka_unit_test(traps_are_never_lost),
      cmocka_unit_test(works_afterwards),
  };
  if (!wasmx_has("text")) return 77;
  if (!wasmx_wat2wasm(program, sizeof program - 1, &binary, NULL)) return 1;
  int status = cmocka_run_group_tests(tests, NULL, NULL);
  wasm_byte_vec_delete(&binary);
  return status;
}
