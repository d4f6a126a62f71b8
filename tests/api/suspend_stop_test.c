/* How suspended calls end otherwise than by returning: dropped, by deadlines, with their store,
 * with their thread. */
#include "api/suspend.h"

#include "support/failing_alloc.h"
#include "support/sanitizer.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Short enough to wait for, long enough that a busy machine gets to suspend what has it. */
enum { LONG_NS = 2000000000, SHORT_NS = 100000000, SHORT_US = SHORT_NS / 1000 + 1000 };

static void in_tiers(void (*test)(Guest *g)) {
  for (int t = 0; t < GUEST_TIERS; t++) {
    Guest g;
    if (!guest_new(&g, t)) continue;
    test(&g);
    assert_int_equal(guest_call(&g, "add", 1, NULL), 0);
    guest_delete(&g);
  }
}

static wasmx_call_t *start_within(const Guest *g, const char *name, uint64_t nanoseconds) {
  return guest_start_with(g, name, 10,
                          &(wasmx_suspend_options_t){
                              .size = sizeof(wasmx_suspend_options_t),
                              .call = &(wasmx_call_options_t){.size = sizeof(wasmx_call_options_t),
                                                              .deadline_ns = nanoseconds}});
}

/* ---- dropped ---- */

static void drop_in_the_middle(Guest *g) {
  wasmx_call_t *call = guest_start(g, "sum", 5);
  guest_step(call);
  guest_step(call);
  assert_int_equal(guest_global(g, "passed"), 1);
  assert_true(wasmx_call_delete(call));
  assert_int_equal(g->tidied, 1);
  assert_int_equal(guest_global(g, "passed"), 1);
  assert_true(wasmx_call_delete(guest_start(g, "sum", 5))); /* never began */
  assert_int_equal(g->tidied, 1);
}

static wasmx_call_t *other_call;

/* Swallows the trap, suspends again, starts, resumes, deletes, calls: and returns as if nothing
 * were.
 */
static int stubborn(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)trap;
  for (int i = 0; i < 3; i++)
    assert_trap(wasmx_call_suspend(caller, &arg, NULL), i ? "the call was dropped" : "");
  assert_true(wasmx_store_interrupted(g->w.store));
  wasm_func_t *func = guest_func(g, "sum");
  wasmx_slot_t slot = wasmx_slot_i32(1);
  assert_null(wasmx_call_start(func, &slot, NULL, NULL));
  assert_last_error(WASMX_ARGUMENT, "is being dropped");
  wasm_func_delete(func);
  assert_int_equal(wasmx_call_resume(other_call, NULL, NULL, NULL), WASMX_CALL_NONE);
  assert_int_equal(guest_call(g, "once", 1, NULL), WASMX_TRAP_INTERRUPTED);
  int before = g->tidied;
  assert_true(wasmx_call_delete(other_call));
  assert_int_equal(g->tidied, before + 1);
  assert_true(wasmx_store_interrupted(g->w.store));
  wasmx_store_clear_interrupt(g->w.store);
  assert_true(wasmx_store_interrupted(g->w.store));
  return 0;
}

static void drop_the_stubborn(Guest *g) {
  other_call = guest_start(g, "sum", 5);
  guest_step(other_call);
  g->inner = stubborn;
  wasmx_call_t *call = guest_start(g, "nest", 5);
  assert_int_equal(wasmx_call_resume(call, NULL, NULL, NULL), WASMX_CALL_SUSPENDED);
  assert_true(wasmx_call_delete(call));
  assert_false(wasmx_store_interrupted(g->w.store));
}

/* Frames of several calls inside each other go from the inside out. */
static int plain_inside(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)caller, (void)trap;
  int before = g->tidied;
  assert_int_equal(guest_call(g, "once", arg, NULL), WASMX_TRAP_INTERRUPTED);
  assert_int_equal(g->tidied, before + 1);
  g->tidied += 10;
  return 0;
}

static void drop_nested(Guest *g) {
  g->inner = plain_inside;
  wasmx_call_t *call = guest_start(g, "nest", 5);
  guest_step(call);
  assert_true(wasmx_call_delete(call));
  assert_int_equal(g->tidied, 11);
}

static void test_dropped(void **state) {
  (void)state;
  in_tiers(drop_in_the_middle);
  in_tiers(drop_the_stubborn);
  in_tiers(drop_nested);
}

/* ---- deadlines ---- */

/* It strikes while the call is suspended, and is that call's alone. */
static void deadline_while_suspended(Guest *g) {
  wasmx_call_t *call = start_within(g, "sum", SHORT_NS), *other = guest_start(g, "sum", 2);
  guest_step(call);
  guest_step(other);
  usleep(SHORT_US);
  assert_int_equal(guest_call(g, "add", 1, NULL), 0);
  assert_false(wasmx_store_interrupted(g->w.store));
  guest_step(other);
  int before = guest_global(g, "passed");
  assert_int_equal(guest_trap(call), WASMX_TRAP_INTERRUPTED);
  assert_int_equal(g->tidied, 1);
  assert_int_equal(guest_global(g, "passed"), before);
  assert_false(wasmx_store_interrupted(g->w.store));
  guest_end(other);
}

/* One that strikes while it runs; and one that is not reached. */
static void deadline_while_running(Guest *g) {
  wasmx_call_t *call = start_within(g, "spin", SHORT_NS),
               *slow = start_within(g, "sum", (uint64_t)LONG_NS * 10);
  guest_step(call);
  guest_step(slow);
  assert_int_equal(guest_trap(call), WASMX_TRAP_INTERRUPTED);
  for (int i = 0; i < 9; i++) guest_step(slow);
  guest_end(slow);
  assert_false(wasmx_store_interrupted(g->w.store));
}

static wasmx_call_t *spinner;
static uint32_t spinner_code;

static int resume_spinner(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)trap;
  wasm_trap_t *own = NULL;
  wasmx_call_resume(spinner, NULL, NULL, &own);
  spinner_code = wasmx_trap_code(own);
  wasm_trap_delete(own);
  return arg;
}

/* The resumer's deadline ends what it resumed; and comes back after one with a later deadline. */
static void deadline_of_resumer(Guest *g) {
  static const uint64_t own[] = {0, LONG_NS};
  for (int i = 0; i < 2; i++) {
    spinner = start_within(g, "spin", own[i]);
    guest_step(spinner);
    g->inner = resume_spinner;
    wasm_func_t *func = guest_func(g, "nest");
    wasmx_slot_t slot = wasmx_slot_i32(1);
    wasm_trap_t *trap = wasmx_func_call_within(func, &slot, SHORT_NS);
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    assert_int_equal(spinner_code, WASMX_TRAP_INTERRUPTED);
    assert_int_equal(wasmx_call_state(spinner), WASMX_CALL_TRAPPED);
    wasm_trap_delete(trap);
    wasm_func_delete(func);
    assert_true(wasmx_call_delete(spinner));
    assert_false(wasmx_store_interrupted(g->w.store));
  }
}

/* The call's deadline does not end its resumer, who has a later one. */
static void resumer_goes_on(Guest *g) {
  spinner = start_within(g, "spin", SHORT_NS);
  guest_step(spinner);
  g->inner = resume_spinner;
  wasm_func_t *func = guest_func(g, "nest");
  wasmx_slot_t slot = wasmx_slot_i32(1);
  wasm_trap_t *trap = wasmx_func_call_within(func, &slot, (uint64_t)LONG_NS * 10);
  assert_null(trap);
  assert_int_equal(slot.i32, 2);
  assert_int_equal(spinner_code, WASMX_TRAP_INTERRUPTED);
  wasm_func_delete(func);
  assert_true(wasmx_call_delete(spinner));
}

static void store_is_interrupted(Guest *g) {
  wasmx_call_t *call = guest_start(g, "sum", 5);
  guest_step(call);
  assert_true(wasmx_store_set_deadline(g->w.store, 1));
  while (!wasmx_store_interrupted(g->w.store)) usleep(1000);
  assert_int_equal(guest_trap(call), WASMX_TRAP_INTERRUPTED);
  assert_true(wasmx_store_set_deadline(g->w.store, 0));
  call = guest_start(g, "sum", 5);
  guest_step(call);
  wasmx_store_interrupt(g->w.store);
  assert_int_equal(guest_trap(call), WASMX_TRAP_INTERRUPTED);
  wasmx_store_clear_interrupt(g->w.store);
  call = guest_start(g, "sum", 1);
  guest_step(call);
  wasmx_store_interrupt(g->w.store);
  wasmx_store_clear_interrupt(g->w.store);
  guest_end(call);
}

static void test_deadlines(void **state) {
  (void)state;
  in_tiers(deadline_while_suspended);
  in_tiers(deadline_while_running);
  in_tiers(deadline_of_resumer);
  in_tiers(resumer_goes_on);
  in_tiers(store_is_interrupted);
}

/* Fuel is the store's: what is used does not depend on how often calls are suspended. */
static void test_fuel(void **state) {
  (void)state;
  uint64_t used[2];
  for (int i = 0; i < 2; i++) {
    for (int t = 0; t < GUEST_TIERS; t++) {
      Guest g;
      wasm_config_t *config = wasm_config_new();
      assert_true(wasmx_config_set_fuel(config, true));
      if (!guest_with_config(&g, config, t)) continue;
      assert_true(wasmx_store_set_fuel(g.w.store, 10000));
      wasmx_call_t *calls[2] = {guest_start(&g, "sum", 6), guest_start(&g, "sum", 6)};
      for (int k = 0; k < 12; k++) guest_step(calls[i ? k % 2 : k / 6]);
      guest_end(calls[0]);
      guest_end(calls[1]);
      uint64_t now = 10000 - wasmx_store_fuel(g.w.store);
      if (i || t) assert_int_equal(now, used[0]);
      used[i] = now;
      wasmx_call_t *call = guest_start(&g, "spin", 0);
      guest_step(call);
      assert_int_equal(guest_trap(call), WASMX_TRAP_OUT_OF_FUEL);
      guest_delete(&g);
    }
  }
}

/* ---- the store's end ---- */

static void test_store_deleted(void **state) {
  (void)state;
  enum { CALLS = 20 };
  for (int t = 0; t < GUEST_TIERS; t++) {
    Guest g;
    if (!guest_new(&g, t)) continue;
    wasmx_call_t *calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
      calls[i] = guest_start(&g, "sum", 5);
      if (i > 0) guest_step(calls[i]);
    }
    wasm_instance_delete(g.instance);
    wasm_tag_delete(g.tag);
    assert_true(wasmx_store_try_delete(g.w.store));
    assert_int_equal(g.tidied, CALLS - 1);
    for (int i = 0; i < CALLS; i++) {
      assert_int_equal(wasmx_call_state(calls[i]), WASMX_CALL_TRAPPED);
      assert_null(wasmx_call_store(calls[i]));
      assert_int_equal(wasmx_call_resume(calls[i], NULL, NULL, NULL), WASMX_CALL_NONE);
      if (i % 2) assert_true(wasmx_call_delete(calls[i]));
    }
    wasm_engine_delete(g.w.engine);
    for (int i = 0; i < CALLS; i += 2) assert_true(wasmx_call_delete(calls[i]));
  }
}

/* ---- threads ---- */

typedef struct Turn {
  wasmx_call_t *call;
  wasmx_callstate_t state;
  uint32_t code;
  wasmx_slot_t result;
} Turn;

/* With all signals blocked, as a thread that has never seen wasm may have them. */
static void *take_turn(void *env) {
  Turn *turn = env;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  wasm_trap_t *trap = NULL;
  turn->state = wasmx_call_resume(turn->call, NULL, &turn->result, &trap);
  turn->code = wasmx_trap_code(trap);
  wasm_trap_delete(trap);
  return NULL;
}

static void in_a_thread(Turn *turn) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, take_turn, turn), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
}

static int sum_inside(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)caller, (void)trap;
  int32_t result = -1;
  assert_int_equal(guest_call(g, "sum", arg, &result), 0);
  assert_int_equal(guest_call(g, "add", arg, NULL), 0);
  return result;
}

/* Each turn is another thread's, and some are this one's. */
static void other_threads_resume(Guest *g) {
  g->inner = sum_inside;
  Turn turn = {.call = guest_start(g, "nest", 6)};
  for (int i = 6; i > 0; i--) {
    if (i % 3)
      in_a_thread(&turn);
    else
      guest_step(turn.call);
    assert_int_equal(wasmx_call_state(turn.call), WASMX_CALL_SUSPENDED);
    assert_int_equal(*(int32_t *)wasmx_call_value(turn.call), i);
  }
  in_a_thread(&turn);
  assert_int_equal(turn.state, WASMX_CALL_RETURNED);
  assert_int_equal(turn.result.i32, 22);
  wasmx_call_delete(turn.call);
  /* Faults and the end of the stack are where they are in whichever thread. */
  turn.call = guest_start(g, "outside", 0);
  *guest_step(turn.call) = 0;
  in_a_thread(&turn);
  assert_int_equal(turn.code, WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
  wasmx_call_delete(turn.call);
  turn.call = guest_start(g, "wait_deep", 0);
  in_a_thread(&turn);
  *(int32_t *)wasmx_call_value(turn.call) = 1 << 30;
  in_a_thread(&turn);
  assert_int_equal(turn.code, WASMX_TRAP_STACK_OVERFLOW);
  wasmx_call_delete(turn.call);
}

static void test_threads(void **state) {
  (void)state;
  in_tiers(other_threads_resume);
}

/* A thread that ends in a host function takes the call with it, and tidies up on its way. */
static int tidied_by_end;
static void tidy(void *env) { *(int *)env += 1; }

static int end_of_thread(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  pthread_cleanup_push(tidy, &tidied_by_end);
  *trap = wasmx_call_suspend(caller, &arg, NULL);
  (void)g;
  pthread_cancel(pthread_self());
  pthread_testcancel();
  pthread_cleanup_pop(0);
  return 0;
}

static void *end_in_call(void *env) {
  Turn *turn = env;
  pthread_cleanup_push(tidy, &tidied_by_end);
  turn->state = wasmx_call_resume(turn->call, NULL, NULL, NULL);
  pthread_cleanup_pop(0);
  return env;
}

static void thread_ends(Guest *g) {
  g->inner = end_of_thread;
  tidied_by_end = 0;
  Turn turn = {.call = guest_start(g, "nest", 6)};
  guest_step(turn.call);
  pthread_t thread;
  void *result = &turn;
  assert_int_equal(pthread_create(&thread, NULL, end_in_call, &turn), 0);
  assert_int_equal(pthread_join(thread, &result), 0);
  assert_ptr_equal(result, PTHREAD_CANCELED);
  assert_int_equal(tidied_by_end, 2);
  assert_int_equal(wasmx_call_state(turn.call), WASMX_CALL_TRAPPED);
  wasmx_call_delete(turn.call);
}

static void test_thread_ends(void **state) {
  (void)state;
  in_tiers(thread_ends);
}

/* ---- left by a longjmp ---- */

static jmp_buf place;
static wasmx_call_t *jumper;

static int jump(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  wasm_trap_delete(wasmx_call_suspend(caller, &arg, NULL));
  (void)g, (void)trap;
  longjmp(place, 1);
}

/* Starts a call that jumps back here when it is resumed, or dropped. */
static void start_jumper(Guest *g) {
  g->inner = jump;
  jumper = guest_start(g, "nest", 6);
  guest_step(jumper);
}

static void resume_jumper(void) {
  if (setjmp(place) == 0) wasmx_call_resume(jumper, NULL, NULL, NULL);
}

static void assert_jumped(const Guest *g) {
  assert_int_equal(guest_call(g, "sum", 1, NULL), WASMX_TRAP_HOST); /* no call is around */
  assert_int_equal(wasmx_call_state(jumper), WASMX_CALL_TRAPPED);
  assert_int_equal(wasmx_call_resume(jumper, NULL, NULL, NULL), WASMX_CALL_NONE);
  assert_true(wasmx_call_delete(jumper));
  assert_null(wasmx_store_call(g->w.store));
  assert_int_equal(guest_call(g, "deep", 1 << 30, NULL), WASMX_TRAP_STACK_OVERFLOW);
}

static void jump_to_the_host(Guest *g) {
  start_jumper(g);
  resume_jumper();
  assert_jumped(g);
  start_jumper(g);
  if (setjmp(place) == 0) wasmx_call_delete(jumper);
  assert_jumped(g);
  assert_false(wasmx_store_interrupted(g->w.store));
}

static int resume_jumper_inside(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)trap;
  resume_jumper();
  return arg;
}

/* To a host function that wasm called, on the thread's stack or in another call. */
static void jump_to_a_callback(Guest *g) {
  int32_t result;
  start_jumper(g);
  g->inner = resume_jumper_inside;
  assert_int_equal(guest_call(g, "nest", 5, &result), 0);
  assert_int_equal(result, 6);
  assert_jumped(g);
  start_jumper(g);
  g->inner = resume_jumper_inside;
  assert_int_equal(guest_end(guest_start(g, "nest", 7)), 8);
  assert_jumped(g);
}

static int resume_plainly(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)trap;
  wasmx_call_resume(jumper, NULL, NULL, NULL);
  return arg;
}

/* Over a call that had resumed it. */
static void jump_over_a_call(Guest *g) {
  start_jumper(g);
  g->inner = resume_plainly;
  wasmx_call_t *middle = guest_start(g, "nest", 1);
  if (setjmp(place) == 0) wasmx_call_resume(middle, NULL, NULL, NULL);
  assert_jumped(g);
  assert_int_equal(wasmx_call_state(middle), WASMX_CALL_TRAPPED);
  assert_true(wasmx_call_delete(middle));
}

static void test_jumps(void **state) {
  (void)state;
  if (UNDER_ASAN || UNDER_TSAN) skip(); /* they do not follow a jump between stacks */
  in_tiers(jump_to_the_host);
  in_tiers(jump_to_a_callback);
  in_tiers(jump_over_a_call);
}

/* ---- memory ---- */

/* Each allocation fails once, of those that are not the compiler's; whatever the outcome,
 * everything can be deleted. */
static void allocations_fail(Guest *g) {
  for (int start_only = 0; start_only < 2; start_only++)
    for (uint64_t n = 1;; n++) {
      wasm_func_t *func = guest_func(g, start_only ? "sum" : "fail");
      wasmx_slot_t slot = wasmx_slot_i32(2);
      wasmx_suspend_options_t options = {
          .size = sizeof options,
          .stack_size = (128 << 10) + n * 4096,
          .call = &(wasmx_call_options_t){.size = sizeof(wasmx_call_options_t),
                                          .deadline_ns = (uint64_t)LONG_NS * 100}};
      wasm_trap_t *trap = NULL;
      failing_alloc_start(n);
      wasmx_call_t *call = wasmx_call_start(func, &slot, &options, NULL);
      if (call && wasmx_call_resume(call, NULL, NULL, &trap) == WASMX_CALL_SUSPENDED && !start_only)
        wasmx_call_resume(call, NULL, NULL, &trap);
      wasm_trap_delete(trap);
      bool failed = failing_alloc_stop();
      if (!call) assert_int_equal(wasmx_last_error()->code, WASMX_OUT_OF_MEMORY);
      assert_true(wasmx_call_delete(call));
      wasm_func_delete(func);
      if (!failed) break;
    }
}

static void dropping_needs_none(Guest *g) {
  wasmx_call_t *call = start_within(g, "sum", LONG_NS);
  guest_step(call);
  failing_alloc_start_all(1);
  assert_true(wasmx_call_delete(call));
  failing_alloc_stop();
  assert_int_equal(g->tidied, 1);
  assert_false(wasmx_store_interrupted(g->w.store));
}

static void test_allocations_fail(void **state) {
  (void)state;
  for (int t = 0; t < 2; t++) {
    Guest g;
    if (!guest_new(&g, t)) continue;
    allocations_fail(&g);
    guest_delete(&g);
  }
  in_tiers(dropping_needs_none);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dropped), cmocka_unit_test(test_deadlines),
      cmocka_unit_test(test_fuel),    cmocka_unit_test(test_store_deleted),
      cmocka_unit_test(test_threads), cmocka_unit_test(test_thread_ends),
      cmocka_unit_test(test_jumps),   cmocka_unit_test(test_allocations_fail),
  };
  return run_if_suspending(tests);
}
