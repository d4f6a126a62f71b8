/* A callback that catches what left a call in it, and returns to wasm without another call: that
 * wasm runs on where it stood, calls, traps and ends as if nothing had been, and the time of what
 * was left is no longer counted. */
#include "api/fixture.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

static const char text[] =
    "(module (import \"h\" \"f\" (func $f (param i32) (result i32)))"
    " (import \"h\" \"any\" (func $any (param i32 f64) (result i32)))"
    " (func $more (param i32 i32 i32) (result i32) (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)"
    "  (local.set 5 (i64.const -1)) (drop (call $any (i32.const 0) (f64.const 1)))"
    "  (i32.add (i32.add (call $f (i32.const 0)) (call $f (i32.const 0)))"
    "   (i32.add (local.get 1) (local.get 2))))"
    " (func (export \"go\") (param i32) (result i32) (local i32 i32)"
    "  (local.set 1 (i32.const 11)) (local.set 2 (i32.const 20))"
    "  (drop (call $f (local.get 0)))"
    "  (i32.add (i32.mul (local.get 1) (local.get 2))"
    "   (call $more (i32.const 2) (i32.const 3) (i32.const 4))))"
    " (func (export \"go_any\") (param i32) (result i32) (local i32 i32)"
    "  (local.set 1 (i32.const 11)) (local.set 2 (i32.const 20))"
    "  (drop (call $any (local.get 0) (f64.const 1)))"
    "  (i32.add (i32.mul (local.get 1) (local.get 2))"
    "   (call $more (i32.const 2) (i32.const 3) (i32.const 4))))"
    " (func (export \"trap\") (param i32) (result i32)"
    "  (drop (call $f (local.get 0))) (unreachable))"
    " (func (export \"spin\") (param i32) (result i32)"
    "  (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 0)))";

enum {
  PLAIN,
  LEAVE,
  CATCH,
  CATCH_TWO,
  CATCH_LATE,
  GIVES = 5,
  RESULT = 11 * 20 + 2 * GIVES + 3 + 4
};

typedef struct Guest {
  World world;
  wasm_instance_t *instance;
  wasm_func_t *go, *go_any, *trap, *spin;
} Guest;
static Guest guest;
static jmp_buf place;

enum { WITHIN_NS = 1000000 };

/* Calls into wasm, with a time of its own, which is left. Where the machine was so slow that the
 * time ended before the host function was reached, again. */
static void call_and_catch(int32_t what) {
  if (setjmp(place)) return;
  for (;;) {
    wasmx_slot_t slots[1] = {wasmx_slot_i32(what)};
    wasm_trap_t *trap = wasmx_func_call_within(guest.go, slots, WITHIN_NS);
    assert_non_null(trap);
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    wasm_trap_delete(trap);
  }
}

static wasm_trap_t *host(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller;
  int32_t what = slots[0].i32;
  if (what == LEAVE) longjmp(place, 1);
  if (what >= CATCH) call_and_catch(LEAVE);
  if (what == CATCH_TWO) call_and_catch(LEAVE);
  if (what == CATCH_LATE) nanosleep(&(struct timespec){.tv_nsec = 3L * WITHIN_NS}, NULL);
  slots[0] = wasmx_slot_i32(GIVES);
  return NULL;
}

static wasm_func_t *host_func(wasm_functype_t *type) {
  wasm_func_t *func = wasmx_func_new_raw(guest.world.store, type, host, NULL, NULL);
  assert_non_null(func);
  wasm_functype_delete(type);
  return func;
}

static bool make_guest(wasmx_tier_t tier, const char *hidden) {
  wasm_config_t *config = wasm_config_new();
  if (!wasmx_config_set_tier(config, tier)) {
    wasm_config_delete(config);
    return false;
  }
  wasmx_config_set_compile_threads(config, 0);
  if (hidden) assert_true(wasmx_config_set_hidden(config, hidden));
  guest.world.engine = wasm_engine_new_with_config(config);
  guest.world.store = wasm_store_new(guest.world.engine);
  wasm_func_t *f = host_func(wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
  wasm_func_t *any = host_func(wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_f64(),
                                                     wasm_valtype_new_i32()));
  wasm_extern_t *list[2] = {wasm_func_as_extern(f), wasm_func_as_extern(any)};
  guest.instance = instance_of_n(guest.world.store, text, 2, list);
  wasm_func_delete(f);
  wasm_func_delete(any);
  guest.go = wasmx_instance_func(guest.instance, "go");
  guest.go_any = wasmx_instance_func(guest.instance, "go_any");
  guest.trap = wasmx_instance_func(guest.instance, "trap");
  guest.spin = wasmx_instance_func(guest.instance, "spin");
  return true;
}

static void delete_guest(void) {
  wasm_func_t *funcs[] = {guest.go, guest.go_any, guest.trap, guest.spin};
  for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++) wasm_func_delete(funcs[i]);
  wasm_instance_delete(guest.instance);
  world_delete(&guest.world);
}

static wasm_trap_t *call_raw(const wasm_func_t *func, int32_t arg, int32_t *result) {
  wasmx_slot_t slots[1] = {wasmx_slot_i32(arg)};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  *result = slots[0].i32;
  return trap;
}

static void expect_trap(int32_t what) {
  int32_t result;
  wasm_trap_t *trap = call_raw(guest.trap, what, &result);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_UNREACHABLE);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  assert_int_equal(frames.size, 1);
  wasm_frame_vec_delete(&frames);
  wasm_trap_delete(trap);
}

/* Long enough for the time of what was left to be over. */
static void spin(void) {
  struct timespec begin, now;
  timespec_get(&begin, TIME_UTC);
  do {
    int32_t result;
    assert_null(call_raw(guest.spin, 1000000, &result));
    timespec_get(&now, TIME_UTC);
  } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 <
           begin.tv_sec * 1000 + begin.tv_nsec / 1000000 + 20);
}

static void return_in(wasmx_tier_t tier, const char *hidden) {
  if (!make_guest(tier, hidden)) return;
  for (int32_t what = PLAIN; what <= CATCH_LATE; what++) {
    if (what == LEAVE) continue;
    for (int round = 0; round < 3; round++) {
      int32_t result;
      assert_null(call_raw(guest.go, what, &result));
      assert_int_equal(result, RESULT);
      assert_null(call_raw(guest.go_any, what, &result));
      assert_int_equal(result, RESULT);
      expect_trap(what);
    }
    spin();
  }
  delete_guest();
}

static void wasm_runs_on(void **state) {
  (void)state;
  return_in(WASMX_TIER_INTERP, NULL);
  return_in(WASMX_TIER_JIT, NULL);
  return_in(WASMX_TIER_JIT, "no-inline=1");
  return_in(WASMX_TIER_AUTO, "call-threshold=0");
  return_in(WASMX_TIER_AUTO, "call-threshold=2");
}

/* The same when no wasm is between: a host function that the host itself calls. */
static void time_of_what_was_left_ends(void **state) {
  (void)state;
  assert_true(make_guest(WASMX_TIER_INTERP, NULL));
  wasm_func_t *func =
      host_func(wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
  int32_t result;
  assert_null(call_raw(func, CATCH_TWO, &result));
  assert_int_equal(result, GIVES);
  spin();
  assert_false(wasmx_store_interrupted(guest.world.store));
  wasm_func_delete(func);
  delete_guest();
}

static void *leave_in_thread(void *env) {
  call_and_catch(LEAVE);
  return env;
}

/* On a stack that is gone afterwards. */
static void leave_in_thread_that_ends(void) {
  enum { STACK_BYTES = 1 << 20 };
  void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(stack != MAP_FAILED);
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  assert_int_equal(pthread_attr_setstack(&attr, stack, STACK_BYTES), 0);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, &attr, leave_in_thread, NULL), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attr);
  munmap(stack, STACK_BYTES);
}

/* The collector runs by itself, too. */
static void ended_threads_have_no_roots(void **state) {
  enum { OBJECTS = 50000 };
  (void)state;
  if (!make_guest(WASMX_TIER_JIT, NULL)) skip();
  leave_in_thread_that_ends();
  for (int i = 0; i < OBJECTS; i++) wasm_foreign_delete(wasm_foreign_new(guest.world.store));
  delete_guest();
}

static void tables_grow_after_the_time_of_what_was_left(void **state) {
  enum { ELEMENTS = 1000000 };
  (void)state;
  assert_true(make_guest(WASMX_TIER_INTERP, NULL));
  wasm_limits_t limits = {1, wasm_limits_max_default};
  wasm_tabletype_t *type = wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
  wasm_table_t *table = wasm_table_new(guest.world.store, type, NULL);
  leave_in_thread_that_ends();
  while (!wasmx_store_interrupted(guest.world.store)) {
  }
  assert_true(wasm_table_grow(table, ELEMENTS, wasm_func_as_ref(guest.go)));
  wasm_tabletype_delete(type);
  wasm_table_delete(table);
  delete_guest();
}

int main(void) {
  if (!wasmx_has("text")) return 77;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wasm_runs_on),
      cmocka_unit_test(time_of_what_was_left_ends),
      cmocka_unit_test(ended_threads_have_no_roots),
      cmocka_unit_test(tables_grow_after_the_time_of_what_was_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
