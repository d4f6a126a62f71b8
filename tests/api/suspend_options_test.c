/* Options of calls that are suspended, of calls inside them, and of calls that resume them: fuel,
 * deadlines and interrupts, nested, in every tier. */
#include "api/suspend.h"

#include "support/sanitizer.h"

#include <setjmp.h>
#include <unistd.h>

enum {
  LONG_NS = 2000000000,
  SHORT_NS = 100000000,
  SHORT_US = SHORT_NS / 1000 + 1000,
  STORE_FUEL = 1000000,
  STEPS = 3 /* of "sum" */
};

static void in_tiers(void (*test)(Guest *g)) {
  for (int t = 0; t < GUEST_TIERS; t++) {
    Guest g;
    wasm_config_t *config = wasm_config_new();
    assert_true(wasmx_config_set_fuel(config, true));
    if (!guest_with_config(&g, config, t)) continue;
    wasmx_store_set_fuel(g.w.store, STORE_FUEL);
    test(&g);
    assert_false(wasmx_store_interrupted(g.w.store));
    assert_int_equal(guest_call(&g, "add", 1, NULL), 0);
    guest_delete(&g);
  }
}

#define OPTIONS(...) (&(wasmx_call_options_t){.size = sizeof(wasmx_call_options_t), __VA_ARGS__})

static wasmx_call_t *start(const Guest *g, const char *name, int32_t arg,
                           const wasmx_call_options_t *options) {
  return guest_start_with(
      g, name, arg,
      &(wasmx_suspend_options_t){.size = sizeof(wasmx_suspend_options_t), .call = options});
}

/* A call on the thread's stack, or on that of who calls; the trap's code, or 0. */
static uint32_t call_with(const Guest *g, const char *name, int32_t arg,
                          const wasmx_call_options_t *options) {
  wasm_func_t *func = guest_func(g, name);
  wasmx_slot_t slot = wasmx_slot_i32(arg);
  wasm_trap_t *trap = wasmx_func_call_with(func, &slot, options);
  uint32_t code = wasmx_trap_code(trap);
  wasm_trap_delete(trap);
  wasm_func_delete(func);
  return code;
}

static uint64_t fuel_of(const Guest *g) { return wasmx_store_fuel(g->w.store); }

/* ---- fuel ---- */

static wasmx_call_t *inner_call; /* what those below resume */

static int does_nothing(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)arg, (void)trap;
  return 0;
}

static int steps_inside(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)arg, (void)trap;
  guest_step(inner_call);
  return 0;
}

/* What each resume of "sum" burns, the last one with its end; and "nest" with nothing in it. */
typedef struct Costs {
  uint64_t steps[STEPS + 1], all, nest;
} Costs;

static Costs costs_of(Guest *g) {
  Costs costs = {.all = fuel_of(g)};
  wasmx_call_t *call = guest_start(g, "sum", STEPS);
  for (int i = 0; i <= STEPS; i++) {
    uint64_t before = fuel_of(g);
    if (i < STEPS)
      guest_step(call);
    else
      guest_end(call);
    costs.steps[i] = before - fuel_of(g);
    assert_true(costs.steps[i] > 0);
  }
  costs.all -= fuel_of(g);
  uint64_t before = fuel_of(g);
  g->inner = does_nothing;
  assert_int_equal(guest_call(g, "nest", 0, NULL), 0);
  costs.nest = before - fuel_of(g);
  return costs;
}

/* Each burns its own, and what it burns is the resumer's, whose options are given by `fuel`: more
 * than the call has of its own, or less. */
static void fuel_across(Guest *g, uint64_t own, uint64_t fuel) {
  Costs costs = costs_of(g);
  uint64_t left = 0, outer_left = 0, before = fuel_of(g);
  inner_call = start(g, "sum", STEPS, OPTIONS(.fuel = own, .fuel_left = &left));
  guest_step(inner_call);
  assert_int_equal(before - fuel_of(g), costs.steps[0]);
  g->inner = steps_inside;
  assert_int_equal(call_with(g, "nest", 0, OPTIONS(.fuel = fuel, .fuel_left = &outer_left)), 0);
  assert_int_equal(fuel - outer_left, costs.nest + costs.steps[1]);
  assert_int_equal(before - fuel_of(g), costs.steps[0] + costs.steps[1] + costs.nest);
  for (int i = 2; i < STEPS; i++) guest_step(inner_call);
  guest_end(inner_call);
  assert_int_equal(own - left, costs.all);
  assert_int_equal(before - fuel_of(g), costs.all + costs.nest);
}

static void fuel_of_two(Guest *g) {
  fuel_across(g, 10000, 5000);
  fuel_across(g, 5000, 10000);
  fuel_across(g, 5000, 5000);
}

static uint64_t inner_left;

static int sums_with_fuel(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)caller, (void)arg, (void)trap;
  g->inner = steps_inside; /* who resumes does that */
  assert_int_equal(
      call_with(g, "sum", STEPS,
                OPTIONS(.fuel = 2000, .fuel_left = &inner_left, .deadline_ns = LONG_NS * 10ULL)),
      0);
  return 0;
}

/* A call with options in a suspended one with options, resumed in one with less than both have. */
static void fuel_of_three(Guest *g) {
  Costs costs = costs_of(g);
  uint64_t left = 0, outer_left = 0, before = fuel_of(g);
  inner_call = start(g, "nest", 0,
                     OPTIONS(.fuel = 10000, .fuel_left = &left, .deadline_ns = LONG_NS * 100ULL));
  g->inner = sums_with_fuel;
  guest_step(inner_call);
  for (int i = 1; i < STEPS; i++)
    assert_int_equal(
        call_with(g, "nest", 0,
                  OPTIONS(.fuel = 1000, .fuel_left = &outer_left, .deadline_ns = LONG_NS * 10ULL)),
        0);
  assert_int_equal(1000 - outer_left, costs.nest + costs.steps[STEPS - 1]);
  guest_end(inner_call);
  assert_int_equal(2000 - inner_left, costs.all);
  assert_int_equal(10000 - left, costs.all + costs.nest);
  assert_int_equal(before - fuel_of(g), costs.all + STEPS * costs.nest);
}

static uint32_t inner_code;

static int ends_inside(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)arg, (void)trap;
  inner_code = guest_trap(inner_call);
  return 0;
}

/* Whose fuel is at its end ends: its own; or that of who resumed it, which itself is not charged
 * any more. */
static void fuel_ends(Guest *g) {
  uint64_t left = 1, outer_left = 0, before = fuel_of(g);
  g->inner = ends_inside;
  inner_call = start(g, "spin", 0, OPTIONS(.fuel = 500, .fuel_left = &left));
  guest_step(inner_call);
  assert_int_equal(call_with(g, "nest", 0, OPTIONS(.fuel = 5000, .fuel_left = &outer_left)), 0);
  assert_int_equal(inner_code, WASMX_TRAP_OUT_OF_FUEL);
  assert_int_equal(left, 0);
  assert_true(outer_left > 4000 && outer_left < 5000);
  inner_call = start(g, "spin", 0, OPTIONS(.fuel = 5000, .fuel_left = &left));
  guest_step(inner_call);
  assert_int_equal(call_with(g, "nest", 0, OPTIONS(.fuel = 500, .fuel_left = &outer_left)), 0);
  assert_int_equal(inner_code, WASMX_TRAP_OUT_OF_FUEL);
  assert_int_equal(outer_left, 0);
  assert_true(left > 4000 && left < 5000);
  assert_true(before - fuel_of(g) < 2000);
}

/* Never begun, or dropped: it says so too. */
static void fuel_of_the_dropped(Guest *g) {
  uint64_t left = 0;
  assert_true(wasmx_call_delete(start(g, "sum", 5, OPTIONS(.fuel = 77, .fuel_left = &left))));
  assert_int_equal(left, 77);
  wasmx_call_t *call = start(g, "sum", 5, OPTIONS(.fuel = 7777, .fuel_left = &left));
  guest_step(call);
  uint64_t before = fuel_of(g);
  assert_true(wasmx_call_delete(call));
  assert_true(left > 7000 && left < 7777);
  assert_int_equal(fuel_of(g), before);
}

static void test_fuel(void **state) {
  (void)state;
  in_tiers(fuel_of_two);
  in_tiers(fuel_of_three);
  in_tiers(fuel_ends);
  in_tiers(fuel_of_the_dropped);
}

/* ---- deadlines ---- */

static int waits_and_ends(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  usleep(SHORT_US);
  assert_false(wasmx_store_interrupted(g->w.store));
  return ends_inside(g, caller, arg, trap);
}

/* Its own strikes while it is suspended: it ends inside of a call that has time. */
static void own_deadline(Guest *g) {
  inner_call = start(g, "sum", 5, OPTIONS(.deadline_ns = SHORT_NS));
  guest_step(inner_call);
  g->inner = waits_and_ends;
  assert_int_equal(call_with(g, "nest", 0, OPTIONS(.deadline_ns = LONG_NS * 10ULL)), 0);
  assert_int_equal(inner_code, WASMX_TRAP_INTERRUPTED);
  assert_int_equal(g->tidied, 1);
}

/* The resumer's ends both, and not who was suspended in time. */
static void resumers_deadline(Guest *g) {
  wasmx_call_t *in_time = start(g, "sum", 2, OPTIONS(.deadline_ns = LONG_NS * 100ULL));
  g->inner = steps_inside;
  inner_call = in_time;
  assert_int_equal(call_with(g, "nest", 0, OPTIONS(.deadline_ns = LONG_NS * 10ULL)), 0);
  inner_call = start(g, "spin", 0, OPTIONS(.deadline_ns = LONG_NS * 100ULL));
  guest_step(inner_call);
  wasmx_store_set_fuel(g->w.store, UINT64_MAX / 2);
  g->inner = ends_inside;
  assert_int_equal(call_with(g, "nest", 0, OPTIONS(.deadline_ns = SHORT_NS)),
                   WASMX_TRAP_INTERRUPTED);
  assert_int_equal(inner_code, WASMX_TRAP_INTERRUPTED);
  guest_step(in_time);
  guest_end(in_time);
}

static uint32_t nested_code;

static int sums_within(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)caller, (void)arg, (void)trap;
  nested_code = call_with(g, "sum", STEPS, OPTIONS(.deadline_ns = SHORT_NS));
  assert_false(wasmx_store_interrupted(g->w.store));
  return 5;
}

/* Of a call in the suspended one: that ends alone. */
static void deadline_inside(Guest *g) {
  wasmx_call_t *call = start(g, "nest", 0, OPTIONS(.deadline_ns = LONG_NS * 100ULL));
  g->inner = sums_within;
  guest_step(call);
  usleep(SHORT_US);
  assert_false(wasmx_store_interrupted(g->w.store));
  assert_int_equal(guest_call(g, "add", 1, NULL), 0);
  assert_int_equal(guest_end(call), 6);
  assert_int_equal(nested_code, WASMX_TRAP_INTERRUPTED);
}

static void test_deadlines(void **state) {
  (void)state;
  in_tiers(own_deadline);
  in_tiers(resumers_deadline);
  in_tiers(deadline_inside);
}

/* ---- interrupts ---- */

static wasmx_interrupt_t *interrupt;

/* Raised while it is suspended: it stops nothing else, and the call when that goes on. */
static void raised_while_suspended(Guest *g) {
  wasmx_call_t *call = start(g, "sum", 5, OPTIONS(.interrupt = interrupt));
  guest_step(call);
  wasmx_interrupt_raise(interrupt);
  assert_false(wasmx_store_interrupted(g->w.store));
  assert_int_equal(guest_call(g, "add", 1, NULL), 0);
  wasmx_interrupt_clear(interrupt);
  assert_int_equal(guest_trap(call), WASMX_TRAP_INTERRUPTED);
  assert_int_equal(g->tidied, 1);
}

static int raises_and_ends(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  wasmx_interrupt_raise(interrupt);
  return ends_inside(g, caller, arg, trap);
}

/* The resumer's holds inside, and not for who is suspended. */
static void of_the_resumer(Guest *g) {
  wasmx_call_t *in_time = guest_start(g, "sum", 2);
  g->inner = steps_inside;
  inner_call = in_time;
  assert_int_equal(call_with(g, "nest", 0, OPTIONS(.interrupt = interrupt)), 0);
  inner_call = guest_start(g, "spin", 0);
  guest_step(inner_call);
  g->inner = raises_and_ends;
  assert_int_equal(call_with(g, "nest", 0, OPTIONS(.interrupt = interrupt)),
                   WASMX_TRAP_INTERRUPTED);
  assert_int_equal(inner_code, WASMX_TRAP_INTERRUPTED);
  guest_step(in_time);
  guest_end(in_time);
}

static int suspends_what_was_told(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)caller, (void)arg, (void)trap;
  wasmx_interrupt_raise(interrupt);
  assert_true(wasmx_store_interrupted(g->w.store));
  wasmx_call_t *call = guest_start(g, "once", 1);
  /* Compiled code ends at once, the interpreter has nothing long to run. */
  wasm_trap_t *inner_trap = NULL;
  if (wasmx_call_resume(call, NULL, NULL, &inner_trap) == WASMX_CALL_SUSPENDED)
    wasmx_call_resume(call, NULL, NULL, &inner_trap);
  assert_int_equal(wasmx_trap_code(inner_trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(inner_trap);
  assert_true(wasmx_call_delete(call));
  assert_true(wasmx_store_interrupted(g->w.store));
  assert_trap(wasmx_call_suspend(caller, &arg, NULL), "interrupt");
  assert_true(wasmx_store_interrupted(g->w.store));
  return 0;
}

/* One that was told is suspended all the same: then it stops nothing, later it ends. */
static void told_and_suspended(Guest *g) {
  wasmx_call_t *call = start(g, "nest", 0, OPTIONS(.interrupt = interrupt));
  g->inner = suspends_what_was_told;
  assert_int_equal(wasmx_call_resume(call, NULL, NULL, NULL), WASMX_CALL_SUSPENDED);
  assert_false(wasmx_store_interrupted(g->w.store));
  assert_int_equal(guest_call(g, "add", 1, NULL), 0);
  assert_int_equal(guest_trap(call), WASMX_TRAP_INTERRUPTED);
}

static int sums_interruptibly(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)caller, (void)arg, (void)trap;
  nested_code = call_with(g, "sum", STEPS, OPTIONS(.interrupt = interrupt));
  assert_false(wasmx_store_interrupted(g->w.store));
  return 5;
}

static void interrupt_inside(Guest *g) {
  wasmx_call_t *call = guest_start(g, "nest", 0);
  g->inner = sums_interruptibly;
  guest_step(call);
  wasmx_interrupt_raise(interrupt);
  assert_int_equal(guest_end(call), 6);
  assert_int_equal(nested_code, WASMX_TRAP_INTERRUPTED);
}

/* Gone before the call, which is dropped, or goes with its store. */
static void deleted_before(Guest *g) {
  for (int i = 0; i < 2; i++) {
    wasm_store_t *store = wasm_store_new(g->w.engine);
    Guest other = {.w = g->w};
    other.w.store = store;
    other.tag = guest_tag(store);
    other.instance = guest_instance(&other);
    wasmx_store_set_fuel(store, STORE_FUEL);
    wasmx_interrupt_t *own = wasmx_interrupt_new();
    wasmx_call_t *begun = start(&other, "sum", 5, OPTIONS(.interrupt = own)),
                 *waits = start(&other, "sum", 5, OPTIONS(.interrupt = own));
    guest_step(begun);
    if (i == 1) wasmx_interrupt_raise(own);
    wasmx_interrupt_delete(own);
    if (i == 0) assert_true(wasmx_call_delete(begun));
    wasm_instance_delete(other.instance);
    wasm_tag_delete(other.tag);
    assert_true(wasmx_store_try_delete(store));
    assert_int_equal(other.tidied, 1);
    assert_true(wasmx_call_delete(waits));
    if (i == 1) assert_true(wasmx_call_delete(begun));
  }
}

static void with_interrupt(void (*test)(Guest *g)) {
  interrupt = wasmx_interrupt_new();
  for (int t = 0; t < GUEST_TIERS; t++) {
    Guest g;
    wasmx_interrupt_clear(interrupt);
    if (!guest_new(&g, t)) continue;
    test(&g);
    assert_false(wasmx_store_interrupted(g.w.store));
    assert_int_equal(guest_call(&g, "add", 1, NULL), 0);
    guest_delete(&g);
  }
  wasmx_interrupt_delete(interrupt);
}

static void test_interrupts(void **state) {
  (void)state;
  with_interrupt(raised_while_suspended);
  with_interrupt(of_the_resumer);
  with_interrupt(told_and_suspended);
  with_interrupt(interrupt_inside);
  with_interrupt(deleted_before);
}

/* ---- left by a longjmp ---- */

static jmp_buf host;

static int jumps(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap) {
  (void)g, (void)caller, (void)arg, (void)trap;
  longjmp(host, 1);
}

/* What it was given is over with it; what it burnt is burnt. */
static void left(Guest *g) {
  wasmx_interrupt_t *own = wasmx_interrupt_new();
  volatile uint64_t before = fuel_of(g);
  uint64_t fuel_left = 5;
  wasmx_call_t *call = start(
      g, "nest", 0,
      OPTIONS(.fuel = 1000, .fuel_left = &fuel_left, .deadline_ns = SHORT_NS, .interrupt = own));
  g->inner = jumps;
  if (setjmp(host) == 0) wasmx_call_resume(call, NULL, NULL, NULL);
  assert_int_equal(guest_call(g, "add", 1, NULL), 0);
  assert_true(before - fuel_of(g) < 1000);
  wasmx_interrupt_raise(own);
  usleep(SHORT_US);
  assert_false(wasmx_store_interrupted(g->w.store));
  assert_int_equal(wasmx_call_state(call), WASMX_CALL_TRAPPED);
  assert_true(wasmx_call_delete(call));
  wasmx_interrupt_delete(own);
  assert_int_equal(fuel_left, 5);
}

static void test_jumps(void **state) {
  (void)state;
  if (UNDER_ASAN || UNDER_TSAN) skip(); /* they do not follow a jump between stacks */
  in_tiers(left);
}

/* ---- misuse ---- */

static void test_misuse(void **state) {
  (void)state;
  Guest g;
  assert_true(guest_new(&g, 0));
  wasm_func_t *func = guest_func(&g, "once");
  wasmx_slot_t slot = wasmx_slot_i32(1);
  wasmx_interrupt_t *of_store = wasmx_store_interrupt_handle(g.w.store);
  const wasmx_call_options_t wrong[] = {
      {.size = 0}, *OPTIONS(.fuel = 1), *OPTIONS(.interrupt = of_store)};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    wasmx_error_t err = {.size = sizeof err};
    wasmx_suspend_options_t options = {.size = sizeof options, .call = &wrong[i]};
    assert_null(wasmx_call_start(func, &slot, &options, &err));
    assert_int_equal(err.code, WASMX_ARGUMENT);
  }
  wasmx_interrupt_delete(of_store);
  wasm_func_delete(func);
  guest_delete(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fuel),       cmocka_unit_test(test_deadlines),
      cmocka_unit_test(test_interrupts), cmocka_unit_test(test_jumps),
      cmocka_unit_test(test_misuse),
  };
  return run_if_suspending(tests);
}
