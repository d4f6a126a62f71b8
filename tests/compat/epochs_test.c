/* How a program for wasmtime bounds what its guests take: fuel, and epochs. */
#include "compat/host.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char forever[] = "(module (func (export \"f\") (loop (br 0)))"
                              "(func (export \"once\") (result i32) (i32.const 1)))";

static void test_fuel(void **state) {
  (void)state;
  uint64_t left = 99;
  wasm_config_t *config = wasm_config_new();
  wasmtime_config_consume_fuel_set(config, true);
  Host h = host_of(config), without = host_new();
  fine(wasmtime_context_get_fuel(h.context, &left));
  assert_int_equal(left, 0);
  fine(wasmtime_context_set_fuel(h.context, 10000));
  wasmtime_instance_t instance = instance_of(&h, forever, NULL, 0);
  wasmtime_func_t f = func_of(&h, &instance, "f"), once = func_of(&h, &instance, "once");
  assert_int_equal(call_i32(&h, &once, NULL, 0), 1);
  fine(wasmtime_context_get_fuel(h.context, &left));
  assert_in_range(left, 9000, 9999);
  assert_int_equal(trap_code_of(&h, &f), WASMTIME_TRAP_CODE_OUT_OF_FUEL);
  wasmtime_error_t *error = wasmtime_context_set_fuel(without.context, 1);
  assert_non_null(error);
  wasmtime_error_delete(error);
  error = wasmtime_context_get_fuel(without.context, &left);
  assert_non_null(error);
  wasmtime_error_delete(error);
  host_delete(&without);
  host_delete(&h);
}

static Host host_with_epochs(void) {
  wasm_config_t *config = wasm_config_new();
  wasmtime_config_epoch_interruption_set(config, true);
  return host_of(config);
}

static void *tick(void *engine) {
  for (int i = 0; i < 3; i++) {
    usleep(10000);
    wasmtime_engine_increment_epoch(engine);
  }
  return NULL;
}

static void test_epoch(void **state) {
  (void)state;
  pthread_t clock;
  Host h = host_with_epochs();
  wasmtime_context_set_epoch_deadline(h.context, 1);
  wasmtime_instance_t instance = instance_of(&h, forever, NULL, 0);
  wasmtime_func_t f = func_of(&h, &instance, "f"), once = func_of(&h, &instance, "once");
  assert_int_equal(call_i32(&h, &once, NULL, 0), 1);
  assert_int_equal(pthread_create(&clock, NULL, tick, h.engine), 0);
  assert_int_equal(trap_code_of(&h, &f), WASMTIME_TRAP_CODE_INTERRUPT);
  assert_int_equal(pthread_join(clock, NULL), 0);
  wasmtime_context_set_epoch_deadline(h.context, 2);
  assert_int_equal(call_i32(&h, &once, NULL, 0), 1);
  wasmtime_engine_increment_epoch(h.engine);
  assert_int_equal(call_i32(&h, &once, NULL, 0), 1);
  wasmtime_engine_increment_epoch(h.engine);
  assert_int_equal(trap_code_of(&h, &f), WASMTIME_TRAP_CODE_INTERRUPT);
  wasmtime_context_set_epoch_deadline(h.context, 1);
  assert_int_equal(call_i32(&h, &once, NULL, 0), 1);
  host_delete(&h);
}

/* A store that nobody gave a deadline has none left. */
static void test_epoch_at_once(void **state) {
  (void)state;
  Host h = host_with_epochs();
  wasm_trap_t *trap = NULL;
  wasmtime_instance_t instance;
  wasmtime_module_t *module = module_of(h.engine, forever);
  fine(wasmtime_instance_new(h.context, module, NULL, 0, &instance, &trap));
  if (!trap) {
    wasmtime_func_t f = func_of(&h, &instance, "f");
    assert_int_equal(trap_code_of(&h, &f), WASMTIME_TRAP_CODE_INTERRUPT);
  }
  wasm_trap_delete(trap);
  wasmtime_module_delete(module);
  host_delete(&h);
}

static wasm_engine_t *signalled;
static void on_alarm(int signal) {
  (void)signal;
  wasmtime_engine_increment_epoch(signalled);
}

static void test_epoch_from_a_signal(void **state) {
  (void)state;
  Host h = host_with_epochs();
  wasmtime_context_set_epoch_deadline(h.context, 1);
  wasmtime_instance_t instance = instance_of(&h, forever, NULL, 0);
  wasmtime_func_t f = func_of(&h, &instance, "f");
  signalled = h.engine;
  struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK}, before;
  sigaction(SIGALRM, &act, &before);
  ualarm(20000, 0);
  assert_int_equal(trap_code_of(&h, &f), WASMTIME_TRAP_CODE_INTERRUPT);
  sigaction(SIGALRM, &before, NULL);
  host_delete(&h);
}

typedef struct Patience {
  int asked, limit, gone;
} Patience;

static wasmtime_error_t *be_patient(wasmtime_context_t *context, void *data, uint64_t *delta,
                                    wasmtime_update_deadline_kind_t *kind) {
  Patience *p = data;
  assert_non_null(context);
  if (++p->asked >= p->limit) return wasmtime_error_new("it takes too long");
  *delta = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return NULL;
}

static void patience_gone(void *data) { ((Patience *)data)->gone++; }

static void *tick_on(void *p) {
  Host *h = p;
  for (int i = 0; i < 20; i++) {
    usleep(5000);
    wasmtime_engine_increment_epoch(h->engine);
  }
  return NULL;
}

static void test_epoch_callback(void **state) {
  (void)state;
  Patience patience = {.limit = 3};
  pthread_t clock;
  wasm_trap_t *trap = NULL;
  Host h = host_with_epochs();
  wasmtime_store_epoch_deadline_callback(h.store, be_patient, &patience, patience_gone);
  wasmtime_context_set_epoch_deadline(h.context, 1);
  wasmtime_instance_t instance = instance_of(&h, forever, NULL, 0);
  wasmtime_func_t f = func_of(&h, &instance, "f");
  assert_int_equal(pthread_create(&clock, NULL, tick_on, &h), 0);
  wasmtime_error_t *error = wasmtime_func_call(h.context, &f, NULL, 0, NULL, 0, &trap);
  assert_true(error || trap);
  assert_int_equal(patience.asked, 3);
  wasmtime_error_delete(error);
  wasm_trap_delete(trap);
  assert_int_equal(pthread_join(clock, NULL), 0);
  host_delete(&h);
  assert_int_equal(patience.gone, 1);
}

#define STORES 40
static void *tick_until(void *p) {
  wasm_engine_t *engine = ((void **)p)[0];
  const volatile int *stop = ((void **)p)[1];
  while (!*stop) wasmtime_engine_increment_epoch(engine);
  return NULL;
}

/* Stores come and go while the epoch moves on. */
static void test_epoch_of_many(void **state) {
  (void)state;
  volatile int stop = 0;
  pthread_t clock;
  Host h = host_with_epochs();
  void *shared[2] = {h.engine, (void *)(uintptr_t)&stop};
  assert_int_equal(pthread_create(&clock, NULL, tick_until, shared), 0);
  for (int i = 0; i < STORES; i++) {
    wasmtime_store_t *store = wasmtime_store_new(h.engine, NULL, NULL);
    wasmtime_store_t *other = wasmtime_store_new(h.engine, NULL, NULL);
    wasmtime_context_set_epoch_deadline(wasmtime_store_context(store), 3);
    wasmtime_store_delete(store);
    wasmtime_store_delete(other);
  }
  stop = 1;
  assert_int_equal(pthread_join(clock, NULL), 0);
  host_delete(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fuel),           cmocka_unit_test(test_epoch),
      cmocka_unit_test(test_epoch_at_once),  cmocka_unit_test(test_epoch_from_a_signal),
      cmocka_unit_test(test_epoch_callback), cmocka_unit_test(test_epoch_of_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
