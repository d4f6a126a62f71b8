/* What libraries on top of this one need: engines that are copied and carry their info, a handler
 * that interrupts ask, traps by code, names of frames as wasm.h's. */
#include "api/fixture.h"

#include <pthread.h>
#include <unistd.h>

static void count_up(void *info) { ++*(int *)info; }

static void test_engine_host_info(void **state) {
  (void)state;
  int first = 0, second = 0;
  wasm_config_t *config = wasm_config_new();
  assert_null(wasmx_config_host_info(config));
  assert_true(wasmx_config_set_host_info(config, &first, count_up));
  assert_false(wasmx_config_set_host_info(config, &second, count_up));
  assert_ptr_equal(wasmx_config_host_info(config), &first);
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  assert_ptr_equal(wasmx_engine_host_info(engine), &first);
  assert_false(wasmx_engine_set_host_info(engine, &second, count_up));
  wasm_engine_t *copy = wasmx_engine_copy(engine);
  wasm_engine_delete(engine);
  assert_ptr_equal(wasmx_engine_host_info(copy), &first);
  wasm_store_t *store = wasm_store_new(copy);
  wasm_engine_delete(copy);
  assert_int_equal(first, 0);
  wasm_store_delete(store);
  assert_int_equal(first, 1);
  assert_int_equal(second, 0);
}

static void test_host_info_of_others(void **state) {
  (void)state;
  int gone = 0;
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_host_info(config, &gone, count_up));
  wasm_config_delete(config);
  assert_int_equal(gone, 1);
  wasm_engine_t *engine = wasm_engine_new();
  assert_null(wasmx_engine_host_info(engine));
  assert_true(wasmx_engine_set_host_info(engine, &gone, NULL));
  wasm_engine_delete(engine);
  assert_int_equal(gone, 1);
  assert_false(wasmx_config_set_host_info(NULL, &gone, count_up));
  assert_false(wasmx_engine_set_host_info(NULL, &gone, count_up));
  assert_null(wasmx_engine_host_info(NULL));
  assert_null(wasmx_config_host_info(NULL));
  assert_null(wasmx_engine_copy(NULL));
}

static void test_trap_codes(void **state) {
  (void)state;
  wasm_message_t message;
  wasm_trap_t *trap = wasmx_trap_new_code(NULL, WASMX_TRAP_OUT_OF_FUEL);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_OUT_OF_FUEL);
  wasm_trap_message(trap, &message);
  assert_string_equal(message.data, "all fuel consumed");
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
  for (uint32_t code = 0; code < 100; code++) {
    trap = wasmx_trap_new_code(NULL, code);
    bool is_one = code >= WASMX_TRAP_UNREACHABLE && code <= WASMX_TRAP_CANONICAL_ABI;
    assert_int_equal(wasmx_trap_code(trap), is_one ? code : WASMX_TRAP_HOST);
    wasm_trap_delete(trap);
  }
}

/* Vectors of this library's have a zero behind them. */
static void test_zero_behind(void **state) {
  (void)state;
  wasm_byte_vec_t vec, copy;
  wasm_byte_vec_new(&vec, 4, "namely");
  wasm_byte_vec_copy(&copy, &vec);
  assert_string_equal(vec.data, "name");
  assert_string_equal(copy.data, "name");
  wasm_byte_vec_delete(&vec);
  wasm_byte_vec_delete(&copy);
}

static void test_frame_views(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module =
      module_of(w.store, "(module $mod (func $inner unreachable) (func (export \"f\") (call 0)))");
  wasm_instance_t *instance = wasmx_instance_new(w.store, module, NULL, NULL, NULL);
  wasm_func_t *f = wasmx_instance_func(instance, "f");
  wasmx_slot_t slots[1];
  wasm_trap_t *trap = wasmx_func_call_raw(f, slots);
  wasm_frame_t *frame = wasm_trap_origin(trap);
  const wasm_name_t *func = wasmx_frame_func_name_view(frame);
  assert_int_equal(func->size, 5);
  assert_string_equal(func->data, "inner");
  assert_string_equal(wasmx_frame_module_name_view(frame)->data, "mod");
  assert_ptr_equal(wasmx_frame_func_name_view(frame), func);
  assert_null(wasmx_frame_func_name_view(NULL));
  wasm_frame_delete(frame);
  wasm_trap_delete(trap);
  wasm_func_delete(f);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  world_delete(&w);
}

/* ---- the handler of interrupts ---- */

typedef struct Answers {
  int asked, patience;
  wasm_store_t *store;
} Answers;

static bool answer(void *env) {
  Answers *a = env;
  return ++a->asked <= a->patience;
}

static void *interrupt_on(void *store) {
  for (int i = 0; i < 40; i++) {
    usleep(3000);
    wasmx_store_interrupt(store);
  }
  return NULL;
}

static void run_interrupted(wasmx_tier_t tier) {
  World w;
  pthread_t clock;
  if (!world_in_tier(&w, wasm_config_new(), tier, false)) return;
  Answers answers = {.patience = 4};
  wasm_module_t *module = module_of(w.store, "(module (func (export \"f\") (loop (br 0))))");
  wasm_instance_t *instance = wasmx_instance_new(w.store, module, NULL, NULL, NULL);
  wasm_func_t *f = wasmx_instance_func(instance, "f");
  wasmx_slot_t slots[1];
  assert_true(wasmx_store_set_stop_handler(w.store, answer, &answers));
  assert_int_equal(pthread_create(&clock, NULL, interrupt_on, w.store), 0);
  wasm_trap_t *trap = wasmx_func_call_raw(f, slots);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  assert_int_equal(answers.asked, 5);
  wasm_trap_delete(trap);
  assert_int_equal(pthread_join(clock, NULL), 0);
  /* A deadline asks nobody. */
  wasmx_store_clear_interrupt(w.store);
  trap = wasmx_func_call_within(f, slots, 1000000);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  assert_int_equal(answers.asked, 5);
  wasm_trap_delete(trap);
  wasm_func_delete(f);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  world_delete(&w);
}

static void test_stop_handler(void **state) {
  (void)state;
  assert_false(wasmx_store_set_stop_handler(NULL, answer, NULL));
  run_interrupted(WASMX_TIER_INTERP);
  run_interrupted(WASMX_TIER_JIT);
}

/* In the midst of an instruction: compiled code holds the struct, and no frame says so. */
static const char filling[] =
    "(module (type $s (struct (field i32))) (type $a (array (mut i32)))"
    " (global $array (ref $a) (array.new $a (i32.const 7) (i32.const 1000000)))"
    " (func (export \"f\") (param i32) (result i32) (local $s (ref $s))"
    "  (local.set $s (struct.new $s (local.get 0)))"
    "  (array.fill $a (global.get $array) (i32.const 0) (i32.const 9) (i32.const 1000000))"
    "  (struct.get $s 0 (local.get $s))))";

typedef struct Meddler {
  wasm_store_t *store;
  wasm_func_t *func;
  int asked, refused;
} Meddler;

static bool meddle(void *env) {
  Meddler *m = env;
  wasmx_slot_t slots[1] = {{.i32 = 1}};
  m->asked++;
  for (int i = 0; i < 3; i++) wasmx_store_collect(m->store);
  wasm_trap_t *trap = wasmx_func_call_raw(m->func, slots);
  m->refused += trap != NULL;
  wasm_trap_delete(trap);
  return true;
}

static void run_meddled(wasmx_tier_t tier) {
  World w;
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_hidden(config, "heap-stress=1"));
  if (!world_in_tier(&w, config, tier, false)) return;
  wasm_module_t *module = module_of(w.store, filling);
  wasm_instance_t *instance = wasmx_instance_new(w.store, module, NULL, NULL, NULL);
  Meddler m = {.store = w.store, .func = wasmx_instance_func(instance, "f")};
  assert_true(wasmx_store_set_stop_handler(w.store, meddle, &m));
  wasmx_store_interrupt(w.store);
  wasmx_slot_t slots[1] = {{.i32 = 42}};
  assert_null(wasmx_func_call_raw(m.func, slots));
  assert_int_equal(slots[0].i32, 42);
  assert_true(m.asked > 0);
  assert_int_equal(m.refused, m.asked);
  wasm_func_delete(m.func);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  world_delete(&w);
}

static void test_stop_handlers_that_meddle(void **state) {
  (void)state;
  run_meddled(WASMX_TIER_INTERP);
  run_meddled(WASMX_TIER_JIT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_engine_host_info),
      cmocka_unit_test(test_host_info_of_others),
      cmocka_unit_test(test_trap_codes),
      cmocka_unit_test(test_zero_behind),
      cmocka_unit_test(test_frame_views),
      cmocka_unit_test(test_stop_handler),
      cmocka_unit_test(test_stop_handlers_that_meddle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
