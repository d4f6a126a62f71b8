/* A million instances in cycles: each pair shares a table and a memory, holds the other by
 * functions in the table, and holds host objects with finalizers in globals and in an externref
 * table, one of them the other instance itself. With their handles deleted they go: the resident
 * size stays flat and each finalizer runs once. */
#include "api/fixture.h"
#include "support/resident.h"
#include "support/sanitizer.h"

enum { PAIRS = UNDER_ASAN ? 5000 : 500000 };

static const char giver_text[] =
    "(module (table (export \"t\") 4 funcref) (table (export \"x\") 2 externref)\n"
    "  (memory (export \"m\") 1) (global (export \"g\") (mut externref) (ref.null extern))\n"
    "  (elem (i32.const 0) $f) (func $f (result i32) (i32.load (i32.const 8))))";

static const char taker_text[] =
    "(module (import \"a\" \"t\" (table 4 funcref)) (import \"a\" \"x\" (table $x 2 externref))\n"
    "  (import \"a\" \"m\" (memory 1)) (import \"a\" \"g\" (global $g (mut externref)))\n"
    "  (global $mine (export \"g\") (mut externref) (ref.null extern))\n"
    "  (elem (i32.const 1) $store) (data (i32.const 8) \"\\07\")\n"
    "  (func $store (export \"store\") (param externref externref externref)\n"
    "    (global.set $g (local.get 0)) (global.set $mine (local.get 1))\n"
    "    (table.set $x (i32.const 0) (local.get 2))))";

static const char *const shared[] = {"t", "x", "m", "g"};

static uint32_t finalized;
static void count_up(void *times) {
  assert_int_equal(*(uint8_t *)times, 0);
  *(uint8_t *)times = 1;
  finalized++;
}

static wasm_foreign_t *host_object(wasm_store_t *store, uint8_t *times) {
  wasm_foreign_t *object = wasm_foreign_new(store);
  assert_non_null(object);
  wasm_foreign_set_host_info_with_finalizer(object, times, count_up);
  return object;
}

static void make_pair(wasm_store_t *store, wasm_module_t *const modules[2], uint8_t *times) {
  wasm_extern_vec_t none = WASM_EMPTY_VEC;
  wasm_instance_t *giver = wasm_instance_new(store, modules[0], &none, NULL);
  assert_non_null(giver);
  wasm_extern_t *list[4];
  for (int i = 0; i < 4; i++) list[i] = wasmx_instance_export(giver, shared[i]);
  wasm_extern_vec_t imports = {4, list};
  wasm_instance_t *taker = wasm_instance_new(store, modules[1], &imports, NULL);
  assert_non_null(taker);
  wasm_foreign_t *one = host_object(store, times), *two = host_object(store, times + 1);
  wasm_func_t *put = wasmx_instance_func(taker, "store");
  wasmx_slot_t slots[3] = {{.ref = wasmx_slot_of_ref(wasm_foreign_as_ref(one))},
                           {.ref = wasmx_slot_of_ref(wasm_foreign_as_ref(two))},
                           {.ref = wasmx_slot_of_ref(wasm_instance_as_ref(taker))}};
  assert_null(wasmx_func_call_raw(put, slots));
  wasm_func_delete(put);
  wasm_foreign_delete(one);
  wasm_foreign_delete(two);
  for (int i = 0; i < 4; i++) wasm_extern_delete(list[i]);
  wasm_instance_delete(giver);
  wasm_instance_delete(taker);
}

static void cycles_of_a_million_instances(void **state) {
  (void)state;
  World w = world_new();
  uint8_t *times = calloc(PAIRS, 2);
  assert_non_null(times);
  memset(times, 0, 2 * PAIRS); /* resident from the start */
  wasm_module_t *modules[2] = {module_of(w.store, giver_text), module_of(w.store, taker_text)};
  const int warm_up = PAIRS / 50;
  long before = 0, most = 0;
  for (int i = 0; i < PAIRS; i++) {
    if (i == warm_up) before = resident_kib();
    make_pair(w.store, modules, times + 2 * i);
    if (i % 1000 == 0 && resident_kib() > most) most = resident_kib();
  }
  print_message("%d instances: resident %ld KiB, at most %ld KiB\n", 2 * PAIRS, before, most);
  if (!UNDER_ASAN) assert_true(most - before <= 1024);
  wasmx_store_collect(w.store);
  assert_int_equal(finalized, 2 * PAIRS);
  wasm_module_delete(modules[0]);
  wasm_module_delete(modules[1]);
  world_delete(&w);
  assert_int_equal(finalized, 2 * PAIRS);
  free(times);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(cycles_of_a_million_instances)};
  return run_with_text(tests);
}
