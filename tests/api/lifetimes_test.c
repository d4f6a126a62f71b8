/* Who lives how long: handles deleted in any order, during their own call, after their store and
 * engine; finalizers; and that a million objects leave nothing behind. */
#include "fixture.h"
#include "support/sanitizer.h"

#include <unistd.h>

static const char program[] =
    "(module (import \"\" \"host\" (func $host (param externref) (result i32)))\n"
    " (memory (export \"m\") 1) (table (export \"t\") 2 4 funcref)\n"
    " (global (export \"g\") (mut externref) (ref.null extern))\n"
    " (func (export \"f\") (param externref) (result i32) (call $host (local.get 0)))\n"
    " (elem (table 0) (i32.const 0) func $host))";

/* One handle of each kind, of one store. */
typedef struct All {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_module_t *module;
  wasm_shared_module_t *shared;
  wasm_func_t *host, *f;
  wasm_instance_t *instance;
  wasm_memory_t *memory;
  wasm_table_t *table;
  wasm_global_t *global;
  wasm_foreign_t *foreign;
  wasm_trap_t *trap;
  wasm_frame_t *frame;
  wasm_extern_vec_t exports;
  wasmx_linker_t *linker;
} All;

enum { ALL_PARTS = 15 };

static wasm_trap_t *host_traps(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args, (void)results;
  return wasm_trap_new(env, NULL);
}

static wasm_instance_t *instantiate(wasm_store_t *store, wasm_module_t *module, wasm_func_t *host) {
  wasm_extern_t *list[1] = {wasm_func_as_extern(host)};
  wasm_extern_vec_t imports = {1, list};
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
  assert_non_null(instance);
  return instance;
}

static wasm_func_t *new_host(wasm_store_t *store, wasm_func_callback_with_env_t callback, void *env,
                             void (*finalizer)(void *)) {
  wasm_functype_t *type =
      wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_i32());
  wasm_func_t *host = wasm_func_new_with_env(store, type, callback, env, finalizer);
  wasm_functype_delete(type);
  assert_non_null(host);
  return host;
}

static All all_new(void) {
  All a;
  memset(&a, 0, sizeof a);
  a.engine = wasm_engine_new();
  a.store = wasm_store_new(a.engine);
  a.module = module_of(a.store, program);
  a.shared = wasm_module_share(a.module);
  a.host = new_host(a.store, host_traps, a.store, NULL);
  a.instance = instantiate(a.store, a.module, a.host);
  a.f = wasmx_instance_func(a.instance, "f");
  a.memory = wasmx_instance_memory(a.instance, "m");
  a.table = wasmx_instance_table(a.instance, "t");
  a.global = wasmx_instance_global(a.instance, "g");
  a.foreign = wasm_foreign_new(a.store);
  wasm_val_t arg = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(a.foreign)), result;
  wasm_global_set(a.global, &arg);
  a.trap = call_n(a.f, 1, &arg, &result);
  a.frame = wasm_trap_origin(a.trap);
  wasm_instance_exports(a.instance, &a.exports);
  a.linker = wasmx_linker_new(a.store);
  assert_true(wasmx_linker_define_instance(a.linker, "x", 1, a.instance));
  assert_true(a.frame && a.trap && a.exports.size == 4);
  return a;
}

static void delete_part(All *a, int part) {
  switch (part) {
  case 0: wasm_engine_delete(a->engine); break;
  case 1: wasm_store_delete(a->store); break;
  case 2: wasm_module_delete(a->module); break;
  case 3: wasm_shared_module_delete(a->shared); break;
  case 4: wasm_func_delete(a->host); break;
  case 5: wasm_func_delete(a->f); break;
  case 6: wasm_instance_delete(a->instance); break;
  case 7: wasm_memory_delete(a->memory); break;
  case 8: wasm_table_delete(a->table); break;
  case 9: wasm_global_delete(a->global); break;
  case 10: wasm_foreign_delete(a->foreign); break;
  case 11: wasm_trap_delete(a->trap); break;
  case 12: wasm_frame_delete(a->frame); break;
  case 13: wasm_extern_vec_delete(&a->exports); break;
  default: wasmx_linker_delete(a->linker); break;
  }
}

/* Each part once as the first, then the rest in an order that a small generator picks. */
static void any_order(void **state) {
  (void)state;
  uint32_t seed = 1;
  for (int round = 0; round < 20 * ALL_PARTS; round++) {
    All a = all_new();
    int order[ALL_PARTS];
    for (int i = 0; i < ALL_PARTS; i++) order[i] = (i + round) % ALL_PARTS;
    for (int i = ALL_PARTS - 1; i > 1 && round >= ALL_PARTS; i--) {
      seed = seed * 1664525u + 1013904223u;
      int j = 1 + (int)((seed >> 16) % (uint32_t)i), swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    bool store_there = true;
    for (int i = 0; i < ALL_PARTS; i++) {
      delete_part(&a, order[i]);
      if (order[i] == 1) store_there = false;
      if (store_there && i % 3 == 0) wasmx_store_collect(a.store);
    }
  }
}

/* A handle whose store is gone: everything is an error, nothing crashes. */
static void dead_store(void **state) {
  (void)state;
  All a = all_new();
  wasm_store_delete(a.store);
  wasm_val_t val = WASM_INIT_VAL, result;
  wasm_ref_t *ref = wasm_foreign_as_ref(a.foreign);
  assert_trap(call_n(a.f, 1, &val, &result), "deleted");
  assert_trap(wasmx_func_call_raw(a.f, (wasmx_slot_t *)&val), "deleted");
  assert_true(wasmx_func_as_native(a.f) == NULL);
  assert_null(wasm_func_type(a.f));
  assert_int_equal(wasm_func_param_arity(a.f) + wasm_func_result_arity(a.f), 0);
  assert_int_equal(wasmx_func_param_slots(a.f) + wasmx_func_result_slots(a.f), 0);
  assert_null(wasm_global_type(a.global));
  wasm_global_get(a.global, &result);
  wasm_global_set(a.global, &val);
  assert_last_error(WASMX_ARGUMENT, "deleted");
  wasmx_slot_t slot = {.u64 = 0};
  wasmx_global_get_raw(a.global, &slot);
  assert_false(wasmx_global_set_raw(a.global, &slot));
  assert_null(wasm_table_type(a.table));
  assert_null(wasm_table_get(a.table, 0));
  assert_false(wasm_table_set(a.table, 0, NULL));
  assert_false(wasm_table_grow(a.table, 1, ref));
  assert_int_equal(wasm_table_size(a.table), 0);
  assert_null(wasm_memory_type(a.memory));
  assert_null(wasm_memory_data(a.memory));
  assert_int_equal(wasm_memory_data_size(a.memory) + wasm_memory_size(a.memory), 0);
  assert_int_equal(wasmx_memory_size(a.memory), 0);
  assert_false(wasm_memory_grow(a.memory, 1));
  assert_false(wasmx_memory_write(a.memory, 0, "", 1));
  assert_null(wasm_foreign_get_host_info(a.foreign));
  wasm_foreign_set_host_info(a.foreign, &a);
  assert_last_error(WASMX_ARGUMENT, "deleted");
  assert_int_equal(wasmx_slot_of_ref(ref), 0);
  wasm_foreign_t *copy = wasm_foreign_copy(a.foreign);
  assert_true(wasm_foreign_same(copy, a.foreign));
  wasm_foreign_delete(copy);
  wasm_importtype_vec_t imports;
  wasm_exporttype_vec_t exports;
  wasm_module_imports(a.module, &imports);
  wasm_module_exports(a.module, &exports);
  assert_int_equal(imports.size + exports.size, 0);
  assert_string_equal(wasmx_module_name(a.module), "");
  assert_null(wasm_module_share(a.module));
  wasm_byte_vec_t bytes;
  wasm_module_serialize(a.module, &bytes);
  assert_int_equal(bytes.size, 0);
  wasm_extern_vec_t externs;
  wasm_instance_exports(a.instance, &externs);
  assert_int_equal(externs.size, 0);
  assert_null(wasmx_instance_export(a.instance, "f"));
  assert_null(wasm_extern_type(a.exports.data[0]));
  assert_int_equal(wasm_extern_kind(a.exports.data[0]), WASM_EXTERN_MEMORY);
  assert_int_equal(wasmx_trap_code(a.trap), WASMX_TRAP_HOST);
  assert_null(wasm_trap_origin(a.trap));
  assert_non_null(wasm_frame_instance(a.frame));
  assert_int_equal(wasm_frame_func_index(a.frame), 1);
  assert_null(wasmx_frame_func_name(a.frame));
  wasm_frame_t *frame = wasm_frame_copy(a.frame);
  wasm_frame_delete(frame);
  wasm_message_t message;
  wasm_trap_message(a.trap, &message);
  assert_string_equal(message.data, "the trap's store is deleted");
  wasm_byte_vec_delete(&message);
  wasmx_trap_print(a.trap, &message);
  wasm_byte_vec_delete(&message);
  for (int part = 0; part < ALL_PARTS; part++)
    if (part != 1) delete_part(&a, part);
}

/* What is in one store does not go into another. */
static void two_stores(void **state) {
  (void)state;
  All a = all_new(), b = all_new();
  wasm_ref_t *stranger = wasm_foreign_as_ref(b.foreign);
  wasm_val_t val = ref_val(WASM_EXTERNREF, stranger), result;
  assert_trap(call_n(a.f, 1, &val, &result), "argument 0");
  wasm_global_set(a.global, &val);
  assert_last_error(WASMX_ARGUMENT, "type");
  assert_false(wasm_table_set(a.table, 0, wasm_func_as_ref(b.f)));
  assert_false(wasm_table_grow(a.table, 1, wasm_func_as_ref(b.f)));
  assert_null(wasm_module_obtain(a.store, b.shared));
  wasm_extern_t *list[1] = {wasm_func_as_extern(b.host)};
  wasm_extern_vec_t imports = {1, list};
  assert_null(wasm_instance_new(a.store, a.module, &imports, NULL));
  assert_null(wasm_instance_new(a.store, b.module, &imports, NULL));
  assert_null(wasm_instance_new(b.store, a.module, &imports, NULL));
  assert_false(wasm_func_same(a.f, b.f));
  wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new_externref(), WASM_VAR);
  assert_null(wasm_global_new(a.store, type, &val));
  wasm_globaltype_delete(type);
  wasm_limits_t limits = {1, 1};
  wasm_tabletype_t *table = wasm_tabletype_new(wasm_valtype_new_externref(), &limits);
  assert_null(wasm_table_new(a.store, table, stranger));
  assert_null(wasm_table_new(a.store, NULL, NULL));
  wasm_tabletype_delete(table);
  assert_null(wasm_memory_new(a.store, NULL));
  assert_null(wasm_foreign_new(NULL));
  for (int part = 0; part < ALL_PARTS; part++) {
    delete_part(&a, part);
    delete_part(&b, part);
  }
}

/* ---------------------------------------------------------------------------- while a call runs */

typedef struct Suicide {
  wasm_store_t *store;
  wasm_engine_t *engine;
  wasm_func_t *host, *f;
  wasm_instance_t *instance;
  wasm_module_t *module;
  wasm_table_t *table;
  int gone;
} Suicide;

static wasm_trap_t *delete_everything(void *env, const wasm_val_vec_t *args,
                                      wasm_val_vec_t *results) {
  Suicide *s = env;
  wasm_func_delete(s->host);
  wasm_func_delete(s->f);
  wasm_instance_delete(s->instance);
  wasm_module_delete(s->module);
  if (s->table) {
    wasm_table_set(s->table, 0, NULL);
    wasm_table_delete(s->table);
  }
  wasm_engine_delete(s->engine);
  wasmx_store_collect(s->store);
  assert_int_equal(s->gone, 0);
  wasm_store_delete(s->store); /* refused */
  assert_last_error(WASMX_ARGUMENT, "wasm runs in the store");
  assert_false(wasmx_store_try_delete(s->store));
  assert_non_null(wasm_ref_get_host_info(args->data[0].of.ref));
  results->data[0].of.i32 = 99;
  return NULL;
}

static void during_its_own_call(void **state) {
  (void)state;
  for (int from_wasm = 0; from_wasm < 2; from_wasm++) {
    Suicide s;
    memset(&s, 0, sizeof s);
    s.engine = wasm_engine_new();
    s.store = wasm_store_new(s.engine);
    s.host = new_host(s.store, delete_everything, &s, NULL);
    s.module = module_of(s.store, program);
    s.instance = instantiate(s.store, s.module, s.host);
    s.f = wasmx_instance_func(s.instance, "f");
    wasm_func_set_host_info_with_finalizer(s.host, &s.gone, count_call);
    if (from_wasm) {
      wasm_func_set_host_info_with_finalizer(s.f, &s.gone, count_call);
      s.table = wasmx_instance_table(s.instance, "t");
    }
    wasm_foreign_t *foreign = wasm_foreign_new(s.store);
    wasm_foreign_set_host_info(foreign, &s);
    wasm_val_t arg = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(foreign)), result;
    assert_null(call_n(from_wasm ? s.f : s.host, 1, &arg, &result));
    assert_int_equal(result.of.i32, 99);
    wasm_foreign_delete(foreign);
    wasmx_store_collect(s.store);
    assert_int_equal(s.gone, 1 + from_wasm);
    assert_true(wasmx_store_try_delete(s.store));
    assert_true(wasmx_store_try_delete(NULL));
  }
}

/* A host function that a table alone holds takes itself out of it. */
static wasm_trap_t *leave_table(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args;
  Suicide *s = env;
  wasm_table_set(s->table, 0, NULL);
  wasmx_store_collect(s->store);
  assert_int_equal(s->gone, 0);
  results->data[0].of.i32 = 1;
  return NULL;
}

static void count_gone(void *env) { ((Suicide *)env)->gone++; }

static void taken_out_of_its_table(void **state) {
  (void)state;
  World w = world_new();
  Suicide s = {.store = w.store};
  wasm_instance_t *in =
      instance_of(w.store, "(module (type $t (func (param externref) (result i32)))\n"
                           " (table (export \"t\") 1 funcref)\n"
                           " (func (export \"run\") (result i32)\n"
                           "   (call_indirect (type $t) (ref.null extern) (i32.const 0))))");
  s.table = wasmx_instance_table(in, "t");
  wasm_func_t *host = new_host(w.store, leave_table, &s, count_gone);
  wasm_table_set(s.table, 0, wasm_func_as_ref(host));
  wasm_func_delete(host);
  wasm_func_t *run = wasmx_instance_func(in, "run");
  wasm_val_t result;
  assert_null(call_n(run, 0, NULL, &result));
  assert_int_equal(result.of.i32, 1);
  wasmx_store_collect(w.store);
  assert_int_equal(s.gone, 1);
  assert_trap(call_n(run, 0, NULL, &result), "uninitialized element");
  wasm_func_delete(run);
  wasm_table_delete(s.table);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* ----------------------------------------------------------------------------------------
 * finalizers */

typedef struct Chain {
  wasm_foreign_t *next;
  wasm_store_t *store;
  int *count;
} Chain;

/* May call anything, except that the store cannot go. */
static void delete_next(void *env) {
  Chain *c = env;
  ++*c->count;
  wasm_foreign_delete(c->next);
  if (c->store) assert_false(wasmx_store_try_delete(c->store));
  wasmx_store_collect(c->store);
}

static void finalizers(void **state) {
  (void)state;
  World w = world_new();
  int count = 0;
  Chain chain[3];
  wasm_foreign_t *links[3];
  for (int i = 0; i < 3; i++) links[i] = wasm_foreign_new(w.store);
  for (int i = 0; i < 3; i++) {
    chain[i] = (Chain){i < 2 ? links[i + 1] : NULL, w.store, &count};
    wasm_foreign_set_host_info_with_finalizer(links[i], &chain[i], delete_next);
  }
  wasm_foreign_delete(links[0]);
  for (int i = 0; i < 4; i++) wasmx_store_collect(w.store);
  assert_int_equal(count, 3);

  /* With the store, by the store: every one once. */
  wasm_foreign_t *left = wasm_foreign_new(w.store);
  Chain last = {left, NULL, &count};
  wasm_foreign_set_host_info_with_finalizer(left, &last, delete_next);
  wasm_module_t *module = module_of(w.store, "(module)");
  wasm_module_set_host_info_with_finalizer(module, &count, count_call);
  world_delete(&w);
  assert_int_equal(count, 5);
  wasm_module_delete(module);
}

/* A cycle through wasm and a host function's environment goes. */
static void cycles(void **state) {
  (void)state;
  World w = world_new();
  int gone = 0;
  wasm_func_t *host = new_host(w.store, host_traps, &gone, count_call);
  wasm_module_t *module = module_of(w.store, program);
  wasm_instance_t *in = instantiate(w.store, module, host);
  wasm_global_t *g = wasmx_instance_global(in, "g");
  wasm_val_t self = ref_val(WASM_EXTERNREF, wasm_instance_as_ref(in));
  wasm_global_set(g, &self); /* the instance holds itself */
  wasm_global_delete(g);
  wasm_func_delete(host);
  wasm_instance_delete(in);
  wasmx_store_collect(w.store);
  assert_int_equal(gone, 1);
  wasm_module_delete(module);
  world_delete(&w);
}

/* ----------------------------------------------------------------------------------------- flat
 * memory */

static long resident_pages(void) {
  long total = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
  fclose(file);
  return resident;
}

static void churn(wasm_store_t *store, wasm_module_t *module, wasm_func_t *host, int rounds) {
  for (int i = 0; i < rounds; i++) {
    wasm_instance_t *in = instantiate(store, module, host);
    wasm_func_t *f = wasmx_instance_func(in, "f");
    wasm_memory_t *m = wasmx_instance_memory(in, "m");
    assert_int_equal(wasm_memory_data(m)[77], 0);
    wasm_memory_data(m)[77] = 1;
    wasm_val_t arg = WASM_INIT_VAL, result;
    wasm_trap_delete(call_n(f, 1, &arg, &result));
    wasm_foreign_t *foreign = wasm_foreign_new(store);
    wasm_foreign_set_host_info(foreign, store);
    wasm_foreign_delete(foreign);
    wasm_memory_delete(m);
    wasm_func_delete(f);
    wasm_instance_delete(in);
  }
}

static void flat_memory(void **state) {
  (void)state;
  const int rounds = UNDER_ASAN ? 20000 : 1000000;
  World w = world_new();
  wasm_module_t *module = module_of(w.store, program);
  wasm_func_t *host = new_host(w.store, host_traps, w.store, NULL);
  churn(w.store, module, host, 5000);
  long before = resident_pages();
  churn(w.store, module, host, rounds);
  long grown = (resident_pages() - before) * (sysconf(_SC_PAGESIZE) / 1024);
  print_message("%d rounds: resident memory grew by %ld KiB\n", rounds, grown);
  if (!UNDER_ASAN) assert_true(grown <= 1024);
  wasm_func_delete(host);
  wasm_module_delete(module);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_order),
      cmocka_unit_test(dead_store),
      cmocka_unit_test(two_stores),
      cmocka_unit_test(during_its_own_call),
      cmocka_unit_test(taken_out_of_its_table),
      cmocka_unit_test(finalizers),
      cmocka_unit_test(cycles),
      cmocka_unit_test(flat_memory),
  };
  return run_with_text(tests);
}
