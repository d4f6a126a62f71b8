/* One engine and one module used by several threads, each with its own store, that note together
 * what calls through a table call; the engine and the shared module are deleted by whoever is last.
 */
#include "fixture.h"

#include <pthread.h>
#include <sched.h>

enum { THREADS = 8, ROUNDS = 30 };

static const char program[] =
    "(module (import \"\" \"add\" (func $add (param i32 i32) (result i32)))\n"
    " (type $t (func (param i32) (result i32))) (table funcref (elem $fib))\n"
    " (func $fib (export \"fib\") (param i32) (result i32)\n"
    "   (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))\n"
    "     (else (call $add\n"
    "       (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))\n"
    "       (call_ref $t (i32.sub (local.get 0) (i32.const 2)) (ref.func $fib)))))))";

typedef struct Job {
  wasm_engine_t *engine;
  wasm_shared_module_t *shared;
  pthread_barrier_t *all; /* call for the first time at once */
  bool ok;
} Job;

/* Lets another thread go on, so that they are in the same code. */
static wasm_trap_t *add(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  sched_yield();
  results->data[0].of.i32 = args->data[0].of.i32 + args->data[1].of.i32;
  return NULL;
}

static bool round_trip(const Job *job, bool is_first) {
  wasm_store_t *store = wasm_store_new(job->engine);
  wasm_module_t *module = wasm_module_obtain(store, job->shared);
  wasm_functype_t *type =
      wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *host = wasm_func_new(store, type, add);
  wasm_extern_t *list[1] = {wasm_func_as_extern(host)};
  wasm_extern_vec_t imports = {1, list};
  wasm_instance_t *in = wasm_instance_new(store, module, &imports, NULL);
  wasm_func_t *fib = in ? wasmx_instance_func(in, "fib") : NULL;
  wasmx_slot_t slot = {.u64 = 12};
  if (is_first) pthread_barrier_wait(job->all);
  wasm_trap_t *trap = wasmx_func_call_raw(fib, &slot);
  bool ok = !trap && slot.i32 == 144;
  wasm_trap_delete(trap);
  wasm_func_delete(fib);
  wasm_instance_delete(in);
  wasm_func_delete(host);
  wasm_functype_delete(type);
  wasm_module_delete(module);
  wasm_store_delete(store);
  return ok;
}

/* Each thread has its own last error. */
static bool own_error(void) {
  wasm_valtype_new(99);
  return wasmx_last_error()->code == WASMX_ARGUMENT;
}

static void *work(void *env) {
  Job *job = env;
  job->ok = wasmx_last_error()->code == WASMX_OK && own_error();
  for (int i = 0; i < ROUNDS; i++) job->ok = round_trip(job, i == 0) && job->ok;
  return NULL;
}

static void many_threads(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of(w.store, program);
  pthread_t threads[THREADS];
  pthread_barrier_t all;
  Job jobs[THREADS];
  pthread_barrier_init(&all, NULL, THREADS);
  wasm_shared_module_t *shared = wasm_module_share(module);
  wasm_module_delete(module);
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (Job){w.engine, shared, &all, false};
    assert_int_equal(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(jobs[i].ok);
  }
  pthread_barrier_destroy(&all);
  world_delete(&w);
  wasm_shared_module_delete(shared); /* the last to hold the engine */
}

static void *delete_engine(void *engine) {
  wasm_engine_delete(engine);
  return NULL;
}

/* A store moves between threads, without telling; its engine is deleted by another one. */
static void *use_store(void *env) {
  wasm_store_t *store = env;
  wasm_module_t *module = module_of(store, "(module (func (export \"f\") (param i32) (result i32)"
                                           " (i32.add (local.get 0) (i32.const 2))))");
  wasm_instance_t *in = wasm_instance_new(store, module, NULL, NULL);
  wasm_module_delete(module);
  return in;
}

static void store_moves(void **state) {
  (void)state;
  World w = world_new();
  pthread_t thread;
  void *in;
  assert_int_equal(pthread_create(&thread, NULL, use_store, w.store), 0);
  assert_int_equal(pthread_join(thread, &in), 0);
  assert_int_equal(pthread_create(&thread, NULL, delete_engine, w.engine), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  wasm_func_t *f = wasmx_instance_func(in, "f");
  assert_int_equal(call_i(f, 3), 5);
  wasm_func_delete(f);
  wasm_instance_delete(in);
  wasm_store_delete(w.store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_threads),
      cmocka_unit_test(store_moves),
  };
  return run_with_text(tests);
}
