/* Calls that are suspended and resumed: values, nesting, traps, exceptions, references. */
#include "api/suspend.h"

/* Runs the test in each tier. */
static void in_tiers(void (*test)(Guest *g)) {
  for (int t = 0; t < GUEST_TIERS; t++) {
    Guest g;
    if (!guest_new(&g, t)) continue;
    test(&g);
    guest_delete(&g);
  }
}

/* ---- values ---- */

static void sum_of_answers(Guest *g) {
  wasmx_call_t *call = guest_start(g, "sum", 5);
  assert_int_equal(wasmx_call_state(call), WASMX_CALL_SUSPENDED);
  assert_null(wasmx_call_value(call));
  assert_ptr_equal(wasmx_call_store(call), g->w.store);
  assert_null(wasmx_store_call(g->w.store));
  for (int i = 5; i > 0; i--) {
    int32_t *word = guest_step(call);
    assert_int_equal(*word, i);
    *word = i * 100;
    assert_null(wasmx_store_call(g->w.store));
    /* The store is free for other things meanwhile. */
    int32_t result;
    assert_int_equal(guest_call(g, "add", i, &result), 0);
    assert_int_equal(result, i + 1);
  }
  assert_int_equal(guest_end(call), 1500);
}

static void test_values(void **state) {
  (void)state;
  in_tiers(sum_of_answers);
}

static wasm_trap_t *echo(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  void *given = env;
  (void)slots;
  wasm_trap_t *trap = wasmx_call_suspend(caller, given, &given);
  return trap ? trap : wasmx_call_suspend(caller, given, NULL);
}

/* A host function may be what is called, and pointers go both ways. */
static void pointers_both_ways(Guest *g) {
  int a, b;
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *func = wasmx_func_new_raw(g->w.store, type, echo, &a, NULL);
  wasm_functype_delete(type);
  wasmx_call_t *call = wasmx_call_start(func, NULL, NULL, NULL);
  wasm_func_delete(func);
  assert_non_null(call);
  wasmx_store_collect(g->w.store); /* the call keeps its function */
  assert_int_equal(wasmx_call_resume(call, NULL, NULL, NULL), WASMX_CALL_SUSPENDED);
  assert_ptr_equal(wasmx_call_value(call), &a);
  assert_int_equal(wasmx_call_resume(call, &b, NULL, NULL), WASMX_CALL_SUSPENDED);
  assert_ptr_equal(wasmx_call_value(call), &b);
  assert_int_equal(wasmx_call_resume(call, NULL, NULL, NULL), WASMX_CALL_RETURNED);
  assert_null(wasmx_call_value(call));
  wasmx_call_delete(call);
  assert_int_equal(guest_call(g, "add", 1, NULL), 0); /* something is to be compiled */
}

static void test_pointers(void **state) {
  (void)state;
  in_tiers(pointers_both_ways);
}

/* ---- what makes no sense ---- */

static wasmx_call_t *outer_call;

static int misuse_inside(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)caller, (void)trap;
  assert_ptr_equal(wasmx_store_call(g->w.store), outer_call);
  assert_int_equal(wasmx_call_state(outer_call), WASMX_CALL_RUNNING);
  assert_int_equal(wasmx_call_resume(outer_call, NULL, NULL, NULL), WASMX_CALL_NONE);
  assert_last_error(WASMX_ARGUMENT, "the call runs already");
  assert_false(wasmx_call_delete(outer_call));
  assert_last_error(WASMX_ARGUMENT, "the call runs");
  assert_false(wasmx_store_try_delete(g->w.store));
  return arg;
}

static void misuse(Guest *g) {
  int32_t result;
  assert_int_equal(guest_call(g, "once", 1, &result), WASMX_TRAP_HOST);
  assert_last_error(WASMX_ARGUMENT, "no call that can be suspended");
  g->tidied = 0;
  assert_int_equal(wasmx_call_resume(NULL, NULL, NULL, NULL), WASMX_CALL_NONE);
  assert_int_equal(wasmx_call_state(NULL), WASMX_CALL_NONE);
  assert_true(wasmx_call_delete(NULL));
  assert_null(wasmx_call_store(NULL));
  assert_null(wasmx_call_value(NULL));
  assert_null(wasmx_store_call(NULL));
  assert_trap(wasmx_call_suspend(NULL, NULL, NULL), "NULL");
  wasm_func_t *func = guest_func(g, "once");
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasmx_call_start(NULL, NULL, NULL, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_null(wasmx_call_start(func, NULL, NULL, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  wasmx_slot_t slot = wasmx_slot_i32(1);
  wasmx_suspend_options_t options = {.size = sizeof options, .stack_size = 1000};
  assert_null(wasmx_call_start(func, &slot, &options, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  options = (wasmx_suspend_options_t){.size = 0};
  assert_null(wasmx_call_start(func, &slot, &options, &err));
  wasm_func_delete(func);
  g->inner = misuse_inside;
  outer_call = guest_start(g, "nest", 3);
  assert_int_equal(wasmx_call_resume(outer_call, NULL, &slot, NULL), WASMX_CALL_RETURNED);
  assert_int_equal(slot.i32, 4);
  assert_int_equal(wasmx_call_resume(outer_call, NULL, &slot, NULL), WASMX_CALL_NONE);
  assert_last_error(WASMX_ARGUMENT, "the call has ended");
  assert_int_equal(wasmx_call_state(outer_call), WASMX_CALL_RETURNED);
  assert_true(wasmx_call_delete(outer_call));
}

static void test_misuse(void **state) {
  (void)state;
  in_tiers(misuse);
}

/* ---- nesting ---- */

/* A plain call inside, which is suspended with all that is around it. */
static int plain_inside(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)caller, (void)trap;
  int32_t result = -1;
  assert_int_equal(guest_call(g, "sum", arg, &result), 0);
  return result;
}

static void nested(Guest *g) {
  g->inner = plain_inside;
  wasmx_call_t *call = guest_start(g, "nest", 3);
  for (int i = 3; i > 0; i--) assert_int_equal(*guest_step(call), i);
  assert_int_equal(guest_end(call), 7);
}

static int one_step_inside(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)trap;
  *guest_step(outer_call) = arg;
  return arg;
}

/* Wasm on the thread's stack resumes, too. */
static void nested_calls(Guest *g) {
  g->inner = one_step_inside;
  outer_call = guest_start(g, "sum", 3);
  int32_t result;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(guest_call(g, "nest", 10 * i, &result), 0);
    assert_int_equal(result, 10 * i + 1);
  }
  assert_int_equal(guest_end(outer_call), 0 + 10 + 20);
}

/* A call of its own inside, which is suspended in the middle together with this one. */
static int inner_call(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  wasmx_call_t *call = guest_start(g, "sum", 2);
  *guest_step(call) = 1;
  *guest_step(call) = 1000;
  assert_ptr_equal(wasmx_store_call(g->w.store), outer_call);
  int word = arg;
  *trap = wasmx_call_suspend(caller, &word, NULL);
  assert_null(*trap);
  return guest_end(call) + word;
}

static void call_in_call(Guest *g) {
  g->inner = inner_call;
  outer_call = guest_start(g, "nest", 7);
  int32_t *word = guest_step(outer_call);
  assert_int_equal(*word, 7);
  *word = 500;
  assert_int_equal(guest_end(outer_call), 500 + 1000 + 1 + 1);
}

static void test_nesting(void **state) {
  (void)state;
  in_tiers(nested);
  in_tiers(nested_calls);
  in_tiers(call_in_call);
}

/* ---- traps, stacks ---- */

static void trap_has_own_frames(Guest *g) {
  wasmx_call_t *call = guest_start(g, "fail", 0);
  guest_step(call);
  wasm_trap_t *trap;
  assert_int_equal(wasmx_call_resume(call, NULL, NULL, &trap), WASMX_CALL_TRAPPED);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_UNREACHABLE);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  assert_int_equal(frames.size, 2);
  wasm_frame_vec_delete(&frames);
  wasm_trap_delete(trap);
  wasmx_call_delete(call);
  call = guest_start(g, "outside", 0);
  *guest_step(call) = 0;
  assert_int_equal(guest_trap(call), WASMX_TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_int_equal(guest_call(g, "add", 1, NULL), 0);
}

static void test_traps(void **state) {
  (void)state;
  in_tiers(trap_has_own_frames);
}

/* Whichever of two calls of one instance has its stack further up, and whichever ran last: each
 * finds the end of its own stack. */
static void each_finds_its_end(Guest *g, const wasmx_suspend_options_t *options) {
  enum { CALLS = 4, NEVER_ENDS = 1 << 30 };
  for (int victim = 0; victim < CALLS; victim++) {
    wasmx_call_t *calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
      calls[i] = guest_start_with(g, "wait_deep", i, options);
      *guest_step(calls[i]) = i == victim ? NEVER_ENDS : 20;
    }
    assert_int_equal(guest_trap(calls[victim]), WASMX_TRAP_STACK_OVERFLOW);
    for (int i = 0; i < CALLS; i++)
      if (i != victim) assert_int_equal(guest_end(calls[i]), 20);
    assert_int_equal(guest_call(g, "deep", NEVER_ENDS, NULL), WASMX_TRAP_STACK_OVERFLOW);
  }
}

static void deep_stacks(Guest *g) {
  each_finds_its_end(g, NULL);
  each_finds_its_end(g, &(wasmx_suspend_options_t){.size = sizeof(wasmx_suspend_options_t),
                                                   .stack_size = 64 << 10,
                                                   .native_stack_size = 64 << 10});
}

static wasmx_call_t *deep_call;

static int step_and_fall(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)trap, (void)arg;
  *guest_step(deep_call) = 10;
  return 1 << 30;
}

/* So does who resumed, whose instance ran on the other stack. */
static void resumer_finds_its_end(Guest *g) {
  g->inner = step_and_fall;
  deep_call = guest_start(g, "sum", 3);
  assert_int_equal(guest_call(g, "enter_deep", 0, NULL), WASMX_TRAP_STACK_OVERFLOW);
  assert_int_equal(guest_trap(guest_start(g, "enter_deep", 0)), WASMX_TRAP_STACK_OVERFLOW);
  wasmx_call_delete(deep_call);
}

static void deeper_with_more(Guest *g) {
  wasmx_suspend_options_t large = {
      .size = sizeof large, .stack_size = 64 << 20, .native_stack_size = 64 << 20};
  wasmx_call_t *call = guest_start_with(g, "wait_at", 300000, &large);
  *guest_step(call) = 3;
  assert_int_equal(guest_end(call), 300003);
}

static void test_stacks(void **state) {
  (void)state;
  in_tiers(deep_stacks);
  in_tiers(resumer_finds_its_end);
  in_tiers(deeper_with_more);
}

/* ---- exceptions ---- */

static int wait_and_throw(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  *trap = wasmx_call_suspend(caller, &arg, NULL);
  if (*trap || arg == 0) return 0;
  wasmx_slot_t slot = wasmx_slot_i32(arg);
  wasmx_exception_t *exception = wasmx_exception_new_raw(g->tag, &slot);
  *trap = wasmx_trap_new_exception(exception);
  wasmx_exception_delete(exception);
  return 0;
}

static void exceptions(Guest *g) {
  g->inner = wait_and_throw;
  /* Thrown by the host after a suspension, and by wasm after another one; caught around both. */
  wasmx_call_t *call = guest_start(g, "catch", 1);
  *guest_step(call) = 42;
  assert_int_equal(guest_end(call), 42);
  call = guest_start(g, "catch", 1);
  *guest_step(call) = 0;
  *guest_step(call) = 50;
  assert_int_equal(guest_end(call), 51);
  /* Caught by nobody in the call. */
  call = guest_start(g, "throw", 1);
  *guest_step(call) = 60;
  wasm_trap_t *trap;
  assert_int_equal(wasmx_call_resume(call, NULL, NULL, &trap), WASMX_CALL_TRAPPED);
  wasmx_exception_t *exception = wasmx_trap_exception(trap);
  assert_non_null(exception);
  wasmx_slot_t slot;
  wasmx_exception_args_raw(exception, &slot);
  assert_int_equal(slot.i32, 61);
  wasmx_exception_delete(exception);
  wasm_trap_delete(trap);
  wasmx_call_delete(call);
}

static wasmx_call_t *thrower;

static int resume_thrower(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller;
  assert_int_equal(wasmx_call_resume(thrower, NULL, NULL, trap), WASMX_CALL_TRAPPED);
  return arg;
}

/* One that leaves a call is thrown on by who resumed it, when it returns the trap. */
static void exception_goes_on(Guest *g) {
  thrower = guest_start(g, "throw", 1);
  *guest_step(thrower) = 70;
  g->inner = resume_thrower;
  int32_t result;
  assert_int_equal(guest_call(g, "catch", 1, &result), 0);
  assert_int_equal(result, 71);
  wasmx_call_delete(thrower);
}

static void test_exceptions(void **state) {
  (void)state;
  in_tiers(exceptions);
  in_tiers(exception_goes_on);
}

/* ---- references ---- */

static wasmx_call_t *start_holding(Guest *g, const char *name, int *gone) {
  wasm_func_t *func = guest_func(g, name);
  wasm_foreign_t *foreign = wasm_foreign_new(g->w.store);
  wasm_foreign_set_host_info_with_finalizer(foreign, gone, count_call);
  wasmx_slot_t slot = wasmx_slot_u64(wasmx_slot_of_ref(wasm_foreign_as_ref(foreign)));
  wasmx_call_t *call = wasmx_call_start(func, &slot, NULL, NULL);
  assert_non_null(call);
  wasm_foreign_delete(foreign);
  wasm_func_delete(func);
  return call;
}

/* Of a call before it began, in the middle, while another one runs, and at its end. */
static void references(Guest *g) {
  enum { CALLS = 5 };
  int gone = 0;
  wasmx_call_t *calls[CALLS];
  for (int i = 0; i < CALLS; i++) calls[i] = start_holding(g, "hold", &gone);
  wasmx_store_collect(g->w.store);
  for (int i = 0; i < CALLS; i++) {
    guest_step(calls[i]);
    wasmx_store_collect(g->w.store);
  }
  assert_int_equal(gone, 0);
  for (int i = 0; i < CALLS - 1; i++) {
    wasmx_slot_t slot;
    assert_int_equal(wasmx_call_resume(calls[i], NULL, &slot, NULL), WASMX_CALL_RETURNED);
    wasm_ref_t *ref = wasmx_ref_of_slot(g->w.store, slot.ref);
    assert_ptr_equal(wasm_ref_get_host_info(ref), &gone);
    wasm_ref_delete(ref);
    wasmx_store_collect(g->w.store);
    assert_int_equal(gone, i + 1);
    wasmx_call_delete(calls[i]);
  }
  wasmx_call_delete(calls[CALLS - 1]);
  wasmx_store_collect(g->w.store);
  assert_int_equal(gone, CALLS);
}

/* Structs that suspended frames alone refer to: their places are nobody else's. */
static void structs(Guest *g) {
  enum { CALLS = 20, LITTER = 100000 };
  wasmx_call_t *calls[CALLS];
  for (int i = 0; i < CALLS; i++) guest_step(calls[i] = guest_start(g, "keep", i));
  wasmx_store_collect(g->w.store);
  assert_int_equal(guest_call(g, "litter", LITTER, NULL), 0);
  wasmx_call_t *other = guest_start(g, "litter", LITTER);
  assert_int_equal(guest_end(other), 0);
  for (int i = 0; i < CALLS; i++) assert_int_equal(guest_end(calls[i]), i);
}

/* One that is in a frame only. */
static void references_in_frames(Guest *g) {
  int gone = 0;
  wasm_table_t *table = wasmx_instance_table(g->instance, "refs");
  wasm_foreign_t *foreign = wasm_foreign_new(g->w.store);
  wasm_foreign_set_host_info_with_finalizer(foreign, &gone, count_call);
  assert_true(wasm_table_set(table, 0, wasm_foreign_as_ref(foreign)));
  wasmx_call_t *call = guest_start(g, "hold_out", 0);
  guest_step(call);
  wasm_foreign_delete(foreign);
  wasmx_store_collect(g->w.store);
  assert_int_equal(gone, 0);
  wasmx_slot_t slot;
  assert_int_equal(wasmx_call_resume(call, NULL, &slot, NULL), WASMX_CALL_RETURNED);
  wasm_ref_t *ref = wasmx_ref_of_slot(g->w.store, slot.ref);
  assert_ptr_equal(wasm_ref_get_host_info(ref), &gone);
  wasm_ref_delete(ref);
  wasm_table_delete(table);
  wasmx_call_delete(call);
  wasmx_store_collect(g->w.store);
  assert_int_equal(gone, 1);
}

/* One that was an argument and is nowhere any more. (Compiled code leaves its arguments where they
 * came in.) */
static void reference_let_go(void) {
  Guest g;
  assert_true(guest_new(&g, 0));
  int gone = 0;
  wasmx_call_t *call = start_holding(&g, "let_go", &gone);
  guest_step(call);
  wasmx_store_collect(g.w.store);
  assert_int_equal(gone, 1);
  guest_end(call);
  guest_delete(&g);
}

static void test_references(void **state) {
  (void)state;
  in_tiers(references);
  in_tiers(structs);
  in_tiers(references_in_frames);
  reference_let_go();
}

/* A reference of another store is refused. */
static void test_foreign_reference(void **state) {
  (void)state;
  Guest g, other;
  assert_true(guest_new(&g, 0));
  assert_true(guest_new(&other, 0));
  wasm_func_t *func = guest_func(&g, "hold");
  wasm_foreign_t *foreign = wasm_foreign_new(other.w.store);
  wasmx_slot_t slot = wasmx_slot_u64(wasmx_slot_of_ref(wasm_foreign_as_ref(foreign)));
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasmx_call_start(func, &slot, NULL, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  wasm_foreign_delete(foreign);
  wasm_func_delete(func);
  guest_delete(&g);
  guest_delete(&other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values),
      cmocka_unit_test(test_pointers),
      cmocka_unit_test(test_misuse),
      cmocka_unit_test(test_nesting),
      cmocka_unit_test(test_traps),
      cmocka_unit_test(test_stacks),
      cmocka_unit_test(test_exceptions),
      cmocka_unit_test(test_references),
      cmocka_unit_test(test_foreign_reference),
  };
  return run_if_suspending(tests);
}
