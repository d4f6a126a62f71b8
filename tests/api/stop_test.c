/* Interrupts, deadlines and fuel: the same in every tier. */
#include "api/fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static const char *const loops =
    "(module (memory 1)"
    " (func $f (export \"loop\") (loop $l (br $l)))"
    " (func (export \"work\") (loop $l"
    "   (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (br $l)))"
    " (func $deep (param i32) (result i32) (if (result i32) (local.get 0)"
    "   (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))"
    "   (else (i32.const 0))))"
    " (func (export \"calls\") (loop $l (drop (call $deep (i32.const 50))) (br $l)))"
    " (func (export \"sum\") (param i32) (result i32) (local i32)"
    "   (loop $l (local.set 1 (i32.add (local.get 1) (local.get 0)))"
    "     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
    "   (local.get 1)))";

static const struct {
  wasmx_tier_t tier;
  bool eager;
} tiers[] = {{WASMX_TIER_INTERP, false},
             {WASMX_TIER_JIT, false},
             {WASMX_TIER_AUTO, false},
             {WASMX_TIER_AUTO, true}};
enum { TIERS = 4 };

/* A world in a tier, with or without fuel; false: the tier is not built. */
static bool tier_world(int tier, bool fuel, World *w) {
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_fuel(config, fuel));
  return world_in_tier(w, config, tiers[tier].tier, tiers[tier].eager);
}

static wasm_trap_t *run(World *w, wasm_instance_t *instance, const char *name) {
  wasm_func_t *func = wasmx_instance_func(instance, name);
  assert_non_null(func);
  wasmx_slot_t slots[1] = {{0}};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  wasm_func_delete(func);
  (void)w;
  return trap;
}

static void *interrupt_soon(void *store) {
  usleep(20000);
  wasmx_store_interrupt(store);
  return NULL;
}

static void test_interrupt(void **state) {
  (void)state;
  static const char *const names[] = {"loop", "work", "calls"};
  for (int t = 0; t < TIERS; t++) {
    World w;
    if (!tier_world(t, false, &w)) continue;
    wasm_instance_t *instance = instance_of(w.store, loops);
    for (int i = 0; i < 3; i++) {
      pthread_t thread;
      assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, w.store), 0);
      wasm_trap_t *trap = run(&w, instance, names[i]);
      pthread_join(thread, NULL);
      assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
      wasm_trap_delete(trap);
      assert_true(wasmx_store_interrupted(w.store));
      trap = run(&w, instance, names[i]); /* still */
      assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
      wasm_trap_delete(trap);
      wasmx_store_clear_interrupt(w.store);
      assert_false(wasmx_store_interrupted(w.store));
    }
    wasm_func_t *sum = wasmx_instance_func(instance, "sum");
    assert_int_equal(call_i(sum, 100000), 705082704);
    wasm_func_delete(sum);
    wasm_instance_delete(instance);
    world_delete(&w);
  }
}

/* Interrupts the store once a round, when it is told to. */
typedef struct Interrupter {
  wasm_store_t *store;
  _Atomic int begun, done; /* rounds */
} Interrupter;
enum { ROUNDS = 30000, LATEST = 200 };

static void *interrupt_each_round(void *env) {
  Interrupter *i = env;
  for (int round = 1; round <= ROUNDS; round++) {
    while (atomic_load(&i->begun) < round) {
    }
    wasmx_store_interrupt(i->store);
    atomic_store(&i->done, round);
  }
  return NULL;
}

/* An interrupt and its taking back meet; whichever wins, the descriptor says the same. */
static void test_descriptor_tells(void **state) {
  (void)state;
  World w = world_new();
  Interrupter i = {.store = w.store};
  struct pollfd fd = {.fd = wasmx_store_interrupt_fd(w.store), .events = POLLIN};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, interrupt_each_round, &i), 0);
  for (int round = 1; round <= ROUNDS; round++) {
    atomic_store(&i.begun, round);
    for (volatile int later = round % LATEST; later > 0; later--) {
    }
    wasmx_store_clear_interrupt(w.store);
    while (atomic_load(&i.done) < round) {
    }
    assert_int_equal(poll(&fd, 1, 0), wasmx_store_interrupted(w.store));
    wasmx_store_clear_interrupt(w.store);
  }
  pthread_join(thread, NULL);
  world_delete(&w);
}

static void test_deadline(void **state) {
  (void)state;
  for (int t = 0; t < TIERS; t++) {
    World w;
    if (!tier_world(t, false, &w)) continue;
    wasm_instance_t *instance = instance_of(w.store, loops);
    assert_true(wasmx_store_set_deadline(w.store, 15000000));
    wasm_trap_t *trap = run(&w, instance, "work");
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    wasm_trap_delete(trap);
    assert_true(wasmx_store_set_deadline(w.store, 0)); /* takes it back */
    assert_false(wasmx_store_interrupted(w.store));
    assert_true(wasmx_store_set_deadline(w.store, UINT64_C(3600000000000)));
    wasm_func_t *sum = wasmx_instance_func(instance, "sum");
    assert_int_equal(call_i(sum, 10), 55);
    wasm_func_delete(sum);
    wasm_instance_delete(instance);
    world_delete(&w); /* with a deadline pending */
  }
}

/* How far `work` comes, what is left, where it stops: equal in every tier. */
static void test_fuel(void **state) {
  (void)state;
  for (uint64_t fuel = 0; fuel < 4000; fuel = fuel * 3 + 7) {
    int32_t expected = -1;
    size_t offset = 0;
    for (int t = 0; t < TIERS; t++) {
      World w;
      if (!tier_world(t, true, &w)) continue;
      wasm_instance_t *instance = instance_of(w.store, loops);
      assert_true(wasmx_store_set_fuel(w.store, fuel));
      wasm_func_t *sum = wasmx_instance_func(instance, "sum");
      wasm_val_t arg = i32_val(100), result = WASM_INIT_VAL;
      wasm_trap_t *trap = call_n(sum, 1, &arg, &result);
      int32_t left = (int32_t)wasmx_store_fuel(w.store);
      size_t at = 0;
      if (trap) {
        assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_OUT_OF_FUEL);
        wasm_frame_t *frame = wasm_trap_origin(trap);
        assert_non_null(frame);
        at = wasm_frame_module_offset(frame);
        wasm_frame_delete(frame);
        wasm_trap_delete(trap);
      }
      if (t > 0 && expected >= 0) assert_int_equal(left, expected);
      if (t > 0 && expected >= 0) assert_int_equal(at, offset);
      expected = left;
      offset = at;
      wasm_func_delete(sum);
      wasm_instance_delete(instance);
      world_delete(&w);
    }
  }
}

static void test_fuel_wants_config(void **state) {
  (void)state;
  World w = world_new();
  assert_false(wasmx_store_set_fuel(w.store, 5));
  assert_last_error(WASMX_ARGUMENT, "fuel");
  wasmx_store_interrupt(NULL);
  wasmx_store_clear_interrupt(NULL);
  assert_false(wasmx_store_interrupted(NULL));
  assert_false(wasmx_store_set_deadline(NULL, 1));
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_interrupt),         cmocka_unit_test(test_descriptor_tells),
      cmocka_unit_test(test_deadline),          cmocka_unit_test(test_fuel),
      cmocka_unit_test(test_fuel_wants_config),
  };
  return run_with_text(tests);
}
