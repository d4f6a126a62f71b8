/* Deadlines, fuel and interrupts of calls and instantiations, nested, in every tier. */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "support/failing_alloc.h"

static const char program[] =
    "(module (import \"\" \"nest\" (func $nest (param i32) (result i32)))\n"
    " (memory 1)\n"
    " (func (export \"loop\") (param i32) (result i32) (loop $l (br $l)) (unreachable))\n"
    " (func (export \"sum\") (param i32) (result i32) (local i32)\n"
    "   (loop $l (local.set 1 (i32.add (local.get 1) (local.get 0)))\n"
    "     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))\n"
    "   (local.get 1))\n"
    " (func (export \"outer\") (param i32) (result i32) (call $nest (local.get 0)))\n"
    /* What the host answered, and then for ever. */
    " (func (export \"outer_then_loop\") (param i32) (result i32)\n"
    "   (i32.store (i32.const 0) (call $nest (local.get 0))) (loop $l (br $l)) (unreachable)))";

static const struct {
  wasmx_tier_t tier;
  bool eager;
} tiers[] = {{WASMX_TIER_INTERP, false},
             {WASMX_TIER_JIT, false},
             {WASMX_TIER_AUTO, false},
             {WASMX_TIER_AUTO, true}};
enum { TIERS = 4, MS = 1000000 };

typedef struct Scene Scene;
typedef wasm_trap_t *Nested(Scene *s, wasmx_slot_t *slots);

struct Scene {
  World w;
  wasm_instance_t *in;
  wasm_func_t *loop, *sum, *outer, *outer_then_loop;
  Nested *nested; /* what the host does when it is called */
  wasmx_call_options_t inner;
  uint32_t inner_code; /* of the trap of the inner call; 0: none */
  uint64_t seen;       /* whatever the nested function noted */
  bool third_has_options;
};

static wasm_trap_t *nest(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)caller;
  Scene *s = env;
  return s->nested(s, slots);
}

static wasmx_call_options_t no_options(void) {
  wasmx_call_options_t options = {.size = sizeof options};
  return options;
}

static bool scene_new(Scene *s, int tier, bool fuel) {
  memset(s, 0, sizeof *s);
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_fuel(config, fuel));
  if (!world_in_tier(&s->w, config, tiers[tier].tier, tiers[tier].eager)) return false;
  wasmx_linker_t *linker = wasmx_linker_new(s->w.store);
  assert_true(wasmx_linker_define_func_raw(linker, "", "nest", "i32 -> i32", nest, s, NULL));
  wasm_module_t *module = module_of(s->w.store, program);
  s->in = wasmx_linker_instantiate(linker, module, NULL, NULL);
  assert_non_null(s->in);
  wasm_module_delete(module);
  wasmx_linker_delete(linker);
  s->loop = wasmx_instance_func(s->in, "loop");
  s->sum = wasmx_instance_func(s->in, "sum");
  s->outer = wasmx_instance_func(s->in, "outer");
  s->outer_then_loop = wasmx_instance_func(s->in, "outer_then_loop");
  s->inner = no_options();
  return true;
}

static void scene_delete(Scene *s) {
  wasm_func_delete(s->loop);
  wasm_func_delete(s->sum);
  wasm_func_delete(s->outer);
  wasm_func_delete(s->outer_then_loop);
  wasm_instance_delete(s->in);
  world_delete(&s->w);
}

/* The code of the call's trap; 0 and the result in *slot: none. */
static uint32_t call(const wasm_func_t *func, int32_t arg, const wasmx_call_options_t *options,
                     int32_t *result) {
  wasmx_slot_t slots[1] = {wasmx_slot_i32(arg)};
  wasm_trap_t *trap = wasmx_func_call_with(func, slots, options);
  uint32_t code = wasmx_trap_code(trap);
  wasm_trap_delete(trap);
  if (!code && result) *result = slots[0].i32;
  return code;
}

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / MS;
}

#define EACH_TIER(scene, fuel)                                                                     \
  for (int tier = 0; tier < TIERS; tier++)                                                         \
    if (scene_new(scene, tier, fuel))

/* Nested: runs the loop with the inner options, and answers 5. */
static wasm_trap_t *run_loop(Scene *s, wasmx_slot_t *slots) {
  s->inner_code = call(s->loop, 0, &s->inner, NULL);
  slots[0] = wasmx_slot_i32(5);
  return NULL;
}

static wasm_trap_t *run_sum(Scene *s, wasmx_slot_t *slots) {
  int32_t sum = 0;
  s->inner_code = call(s->sum, slots[0].i32, &s->inner, &sum);
  slots[0] = wasmx_slot_i32(sum);
  return NULL;
}

/* ---- deadlines ---- */

static void deadline_of_inner_call_spares_the_outer(void **state) {
  (void)state;
  Scene s;
  EACH_TIER(&s, false) {
    int32_t r = 0;
    s.nested = run_loop;
    s.inner.deadline_ns = 10 * MS;
    wasmx_call_options_t outer = {.size = sizeof outer, .deadline_ns = UINT64_C(60000) * MS};
    assert_int_equal(call(s.outer, 0, &outer, &r), 0);
    assert_int_equal(r, 5);
    assert_int_equal(s.inner_code, WASMX_TRAP_INTERRUPTED);
    assert_int_equal(call(s.outer, 0, NULL, &r), 0);
    assert_false(wasmx_store_interrupted(s.w.store));
    scene_delete(&s);
  }
}

static void inner_deadline_never_extends_the_outer(void **state) {
  (void)state;
  Scene s;
  EACH_TIER(&s, false) {
    s.nested = run_loop;
    s.inner.deadline_ns = UINT64_C(60000) * MS;
    wasmx_call_options_t outer = {.size = sizeof outer, .deadline_ns = 10 * MS};
    uint64_t start = now_ms();
    assert_int_equal(call(s.outer, 0, &outer, NULL), WASMX_TRAP_INTERRUPTED);
    assert_int_equal(s.inner_code, WASMX_TRAP_INTERRUPTED);
    assert_true(now_ms() - start < 20000);
    /* And once the inner one is over, which a busy machine may need time for, the outer one's still
     * holds. */
    s.nested = run_sum;
    do {
      assert_int_equal(call(s.outer_then_loop, 10, &outer, NULL), WASMX_TRAP_INTERRUPTED);
      outer.deadline_ns *= 2;
    } while (s.inner_code && outer.deadline_ns < UINT64_C(10000) * MS);
    assert_int_equal(s.inner_code, 0);
    scene_delete(&s);
  }
}

/* ---- fuel ---- */

/* How much sum(n) burns. */
static uint64_t cost_of_sum(Scene *s, int32_t n) {
  assert_true(wasmx_store_set_fuel(s->w.store, 1000000));
  assert_int_equal(call(s->sum, n, NULL, NULL), 0);
  return 1000000 - wasmx_store_fuel(s->w.store);
}

static void fuel_comes_from_the_store(void **state) {
  (void)state;
  Scene s;
  uint64_t first = 0;
  EACH_TIER(&s, true) {
    uint64_t cost = cost_of_sum(&s, 100), left = 77;
    if (!first) first = cost;
    assert_int_equal(cost, first);
    wasmx_call_options_t options = {.size = sizeof options, .fuel_left = &left};
    int32_t r;
    assert_true(wasmx_store_set_fuel(s.w.store, 100000));
    options.fuel = cost + 3;
    assert_int_equal(call(s.sum, 100, &options, &r), 0);
    assert_int_equal(r, 5050);
    assert_int_equal(left, 3);
    assert_int_equal(wasmx_store_fuel(s.w.store), 100000 - cost);
    options.fuel = cost - 1;
    assert_int_equal(call(s.sum, 100, &options, &r), WASMX_TRAP_OUT_OF_FUEL);
    assert_true(left < cost - 1);
    assert_int_equal(wasmx_store_fuel(s.w.store), 100000 - cost - (cost - 1 - left));
    /* No more than there is. */
    assert_true(wasmx_store_set_fuel(s.w.store, cost - 1));
    options.fuel = UINT64_MAX;
    assert_int_equal(call(s.sum, 100, &options, &r), WASMX_TRAP_OUT_OF_FUEL);
    assert_int_equal(wasmx_store_fuel(s.w.store), left);
    scene_delete(&s);
  }
}

/* Notes what the store says inside, then sums. */
static wasm_trap_t *look_and_sum(Scene *s, wasmx_slot_t *slots) {
  s->seen = wasmx_store_fuel(s->w.store);
  return run_sum(s, slots);
}

static void fuel_nests(void **state) {
  (void)state;
  Scene s;
  EACH_TIER(&s, true) {
    uint64_t cost = cost_of_sum(&s, 50), outer_left = 0, inner_left = 0;
    int32_t r = 0;
    s.nested = look_and_sum;
    wasmx_call_options_t outer = {
        .size = sizeof outer, .fuel = cost + 500, .fuel_left = &outer_left};
    s.inner.fuel_left = &inner_left;
    assert_true(wasmx_store_set_fuel(s.w.store, 1000000));
    /* Enough for both. */
    s.inner.fuel = cost + 1;
    assert_int_equal(call(s.outer, 50, &outer, &r), 0);
    assert_int_equal(r, 1275);
    assert_int_equal(inner_left, 1);
    uint64_t own = cost + 500 - s.seen; /* what the outer call burnt before */
    assert_true(own > 0 && own < 100);
    assert_true(outer_left <= 500 - own && outer_left > 500 - own - 100);
    assert_int_equal(wasmx_store_fuel(s.w.store), 1000000 - (cost + 500 - outer_left));
    /* The inner call runs dry, the outer one goes on. */
    s.inner.fuel = cost - 1;
    assert_int_equal(call(s.outer, 50, &outer, &r), 0);
    assert_int_equal(s.inner_code, WASMX_TRAP_OUT_OF_FUEL);
    /* The outer one has too little for it: so has the inner one. */
    s.inner.fuel = cost + 1000;
    outer.fuel = cost - 1;
    call(s.outer, 50, &outer, &r);
    assert_int_equal(s.inner_code, WASMX_TRAP_OUT_OF_FUEL);
    assert_true(inner_left < cost && outer_left <= inner_left);
    scene_delete(&s);
  }
}

/* The host sets more than the clock of fuel can tell, inside. */
static wasm_trap_t *set_much(Scene *s, wasmx_slot_t *slots) {
  (void)slots;
  assert_true(wasmx_store_set_fuel(s->w.store, UINT64_MAX));
  return NULL;
}

static void fuel_has_an_end(void **state) {
  (void)state;
  Scene s;
  EACH_TIER(&s, true) {
    s.nested = set_much;
    wasmx_call_options_t options = {.size = sizeof options, .fuel = 1000};
    assert_true(wasmx_store_set_fuel(s.w.store, UINT64_MAX));
    assert_int_equal(call(s.outer, 0, &options, NULL), 0);
    assert_int_equal(wasmx_store_fuel(s.w.store), INT64_MAX);
    scene_delete(&s);
  }
}

/* Fuel and a deadline together: whichever is first, at each level. */
static void fuel_and_deadlines_nest(void **state) {
  (void)state;
  Scene s;
  EACH_TIER(&s, true) {
    int32_t r = 0;
    uint64_t left = 0;
    s.nested = run_loop;
    assert_true(wasmx_store_set_fuel(s.w.store, UINT64_C(1) << 50));
    wasmx_call_options_t outer = {.size = sizeof outer,
                                  .deadline_ns = UINT64_C(60000) * MS,
                                  .fuel = UINT64_C(1) << 40,
                                  .fuel_left = &left};
    s.inner.deadline_ns = 10 * MS;
    assert_int_equal(call(s.outer, 0, &outer, &r), 0);
    assert_int_equal(s.inner_code, WASMX_TRAP_INTERRUPTED);
    assert_true(left < UINT64_C(1) << 40); /* what the inner one burnt was the outer one's */
    s.inner.deadline_ns = UINT64_C(60000) * MS;
    s.inner.fuel = 10000;
    assert_int_equal(call(s.outer, 0, &outer, &r), 0);
    assert_int_equal(s.inner_code, WASMX_TRAP_OUT_OF_FUEL);
    outer.deadline_ns = 10 * MS;
    s.inner.fuel = 0;
    assert_int_equal(call(s.outer, 0, &outer, &r), WASMX_TRAP_INTERRUPTED);
    assert_true(left > 0);
    assert_int_equal(call(s.sum, 10, NULL, &r), 0);
    assert_int_equal(r, 55);
    scene_delete(&s);
  }
}

/* ---- interrupts ---- */

static void *raise_soon(void *interrupt) {
  usleep(15000);
  wasmx_interrupt_raise(interrupt);
  return NULL;
}

static void interrupt_ends_its_call(void **state) {
  (void)state;
  Scene s;
  EACH_TIER(&s, false) {
    wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
    wasmx_call_options_t options = {.size = sizeof options, .interrupt = interrupt};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, raise_soon, interrupt), 0);
    assert_int_equal(call(s.loop, 0, &options, NULL), WASMX_TRAP_INTERRUPTED);
    pthread_join(thread, NULL);
    int32_t r;
    assert_true(wasmx_interrupt_is_raised(interrupt));
    assert_int_equal(call(s.sum, 10, NULL, &r), 0); /* the store is not interrupted */
    assert_int_equal(call(s.sum, 10, &options, &r), WASMX_TRAP_INTERRUPTED); /* before it began */
    wasmx_interrupt_clear(interrupt);
    assert_false(wasmx_interrupt_is_raised(interrupt));
    assert_int_equal(call(s.sum, 10, &options, &r), 0);
    wasmx_interrupt_delete(interrupt);
    scene_delete(&s);
  }
}

static void interrupt_of_inner_call_spares_the_outer(void **state) {
  (void)state;
  Scene s;
  EACH_TIER(&s, false) {
    wasmx_interrupt_t *inner = wasmx_interrupt_new(), *outer = wasmx_interrupt_new();
    wasmx_call_options_t options = {.size = sizeof options, .interrupt = outer};
    s.inner.interrupt = inner;
    s.nested = run_loop;
    pthread_t thread;
    int32_t r = 0;
    assert_int_equal(pthread_create(&thread, NULL, raise_soon, inner), 0);
    assert_int_equal(call(s.outer, 0, &options, &r), 0);
    pthread_join(thread, NULL);
    assert_true(r == 5 && s.inner_code == WASMX_TRAP_INTERRUPTED);
    assert_false(wasmx_store_interrupted(s.w.store));
    /* The outer one's ends both, also when the inner one has the same. */
    wasmx_interrupt_clear(inner);
    for (int same = 0; same < 2; same++) {
      wasmx_interrupt_clear(outer);
      if (same) s.inner.interrupt = outer;
      assert_int_equal(pthread_create(&thread, NULL, raise_soon, outer), 0);
      assert_int_equal(call(s.outer, 0, &options, &r), WASMX_TRAP_INTERRUPTED);
      pthread_join(thread, NULL);
      assert_int_equal(s.inner_code, WASMX_TRAP_INTERRUPTED);
    }
    assert_false(wasmx_store_interrupted(s.w.store));
    wasmx_interrupt_delete(inner);
    wasmx_interrupt_delete(outer);
    scene_delete(&s);
  }
}

/* Deletes its own interrupt while the call runs that has it. */
static wasm_trap_t *delete_and_sum(Scene *s, wasmx_slot_t *slots) {
  wasmx_interrupt_delete((wasmx_interrupt_t *)(uintptr_t)s->seen);
  return run_sum(s, slots);
}

static void interrupts_may_go(void **state) {
  (void)state;
  Scene s;
  EACH_TIER(&s, false) {
    wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
    wasmx_call_options_t options = {.size = sizeof options, .interrupt = interrupt};
    s.seen = (uint64_t)(uintptr_t)interrupt;
    s.nested = delete_and_sum;
    int32_t r = 0;
    assert_int_equal(call(s.outer, 10, &options, &r), 0);
    assert_int_equal(r, 55);
    /* That of a store is none for calls, and outlives the store. */
    interrupt = wasmx_store_interrupt_handle(s.w.store);
    options.interrupt = interrupt;
    assert_int_equal(call(s.sum, 10, &options, &r), WASMX_TRAP_HOST);
    assert_last_error(WASMX_ARGUMENT, "one for a store");
    assert_false(wasmx_interrupt_is_raised(interrupt));
    wasmx_interrupt_raise(interrupt);
    assert_true(wasmx_interrupt_is_raised(interrupt) && wasmx_store_interrupted(s.w.store));
    wasmx_interrupt_clear(interrupt);
    assert_true(wasmx_store_interrupted(s.w.store));
    scene_delete(&s);
    wasmx_interrupt_raise(interrupt);
    wasmx_interrupt_delete(interrupt);
  }
  wasmx_interrupt_raise(NULL);
  wasmx_interrupt_clear(NULL);
  wasmx_interrupt_delete(NULL);
  assert_false(wasmx_interrupt_is_raised(NULL));
}

/* One interrupt for the calls of several threads, raised at any moment of their lives. */
typedef struct Worker {
  wasmx_interrupt_t *interrupt;
  _Atomic bool *ends;
  int tier, interrupted;
} Worker;

static void *work(void *env) {
  Worker *w = env;
  Scene s;
  if (!scene_new(&s, w->tier, false)) return NULL;
  wasmx_call_options_t options = {.size = sizeof options, .interrupt = w->interrupt};
  while (!atomic_load(w->ends)) {
    uint32_t code = call(s.sum, 100000, &options, NULL);
    assert_true(code == 0 || code == WASMX_TRAP_INTERRUPTED);
    w->interrupted += code != 0;
    assert_int_equal(call(s.sum, 100, NULL, NULL), 0); /* nothing is left behind */
  }
  scene_delete(&s);
  return NULL;
}

static void interrupts_race(void **state) {
  (void)state;
  enum { WORKERS = 3 };
  wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
  _Atomic bool ends = false;
  Worker workers[WORKERS];
  pthread_t threads[WORKERS];
  for (int i = 0; i < WORKERS; i++) {
    workers[i] = (Worker){interrupt, &ends, i % 2, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < 300; i++) {
    wasmx_interrupt_raise(interrupt);
    usleep(300);
    wasmx_interrupt_clear(interrupt);
    usleep(300);
  }
  atomic_store(&ends, true);
  for (int i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
  assert_true(workers[0].interrupted > 0);
  wasmx_interrupt_delete(interrupt);
}

static wasmx_interrupt_t *for_signals;
static void on_alarm(int signal) {
  (void)signal;
  wasmx_interrupt_raise(for_signals);
}

static void signal_handlers_raise(void **state) {
  (void)state;
  Scene s;
  struct sigaction action = {.sa_handler = on_alarm}, before;
  sigaction(SIGALRM, &action, &before);
  EACH_TIER(&s, false) {
    for_signals = wasmx_interrupt_new();
    wasmx_call_options_t options = {.size = sizeof options, .interrupt = for_signals};
    ualarm(10000, 0);
    assert_int_equal(call(s.loop, 0, &options, NULL), WASMX_TRAP_INTERRUPTED);
    wasmx_interrupt_delete(for_signals);
    scene_delete(&s);
  }
  sigaction(SIGALRM, &before, NULL);
}

/* ---- calls that are left ---- */

static jmp_buf back;
static wasm_trap_t *leave(Scene *s, wasmx_slot_t *slots) {
  (void)s, (void)slots;
  longjmp(back, 1);
}

/* A call that a longjmp leaves gives back what it had, when that is found out. */
static void left_calls_give_back(void **state) {
  (void)state;
  Scene s;
  for (volatile int tier = 0; tier < TIERS; tier++) {
    if (!scene_new(&s, tier, true)) continue;
    assert_true(wasmx_store_set_fuel(s.w.store, 1000000));
    wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
    wasmx_call_options_t options = {
        .size = sizeof options, .deadline_ns = 20 * MS, .fuel = 1000, .interrupt = interrupt};
    s.nested = leave;
    if (setjmp(back) == 0) {
      call(s.outer, 0, &options, NULL);
      fail_msg("left");
    }
    usleep(25000); /* its time is over, and nobody asks any more */
    wasmx_interrupt_raise(interrupt);
    int32_t r = 0;
    assert_int_equal(call(s.sum, 1000, NULL, &r), 0);
    assert_int_equal(r, 500500);
    uint64_t left = wasmx_store_fuel(s.w.store);
    assert_true(left > 980000 && left < 1000000);
    assert_false(wasmx_store_interrupted(s.w.store));
    wasmx_interrupt_delete(interrupt);
    scene_delete(&s);
  }
}

/* Calls in a frame so deep that the call before, which a longjmp left, is not found out yet. */
static uint32_t call_deeper(Scene *s, const wasmx_call_options_t *options) {
  volatile char room[1 << 16];
  room[0] = 1;
  uint32_t code = call(s->outer, 0, options, NULL);
  assert_true(room[0] == 1);
  return code;
}

/* Three calls in one another. The one between is left at once; the third finds that out when it
 * makes a trap, and runs on for longer than the second might have. */
static wasm_trap_t *leave_and_go_on(Scene *s, wasmx_slot_t *slots) {
  switch (s->seen++) {
  case 0:
    if (setjmp(back) == 0) call(s->outer, 0, &s->inner, NULL);
    wasmx_call_options_t own = {
        .size = sizeof own, .deadline_ns = UINT64_C(60000) * MS, .fuel = 500};
    s->inner_code = call_deeper(s, s->third_has_options ? &own : NULL);
    break;
  case 1: longjmp(back, 1);
  default: wasm_trap_delete(wasm_trap_new(s->w.store, NULL)); usleep(40000);
  }
  slots[0] = wasmx_slot_i32(1);
  return NULL;
}

static void left_calls_between_give_back(void **state) {
  (void)state;
  Scene s;
  for (volatile int round = 0; round < 2 * TIERS; round++) {
    if (!scene_new(&s, round / 2, true)) continue;
    s.third_has_options = round % 2;
    assert_true(wasmx_store_set_fuel(s.w.store, 1000000));
    wasmx_interrupt_t *outer = wasmx_interrupt_new(), *inner = wasmx_interrupt_new();
    uint64_t left = 0;
    wasmx_call_options_t options = {
        .size = sizeof options, .fuel = 900000, .fuel_left = &left, .interrupt = outer};
    s.inner = (wasmx_call_options_t){
        .size = sizeof s.inner, .deadline_ns = 20 * MS, .fuel = 800000, .interrupt = inner};
    s.nested = leave_and_go_on;
    int32_t r = 0;
    assert_int_equal(call(s.outer, 0, &options, &r), 0);
    assert_int_equal(r, 1);
    assert_int_equal(s.inner_code, 0);
    assert_true(left > 899000 && left < 900000);
    assert_int_equal(wasmx_store_fuel(s.w.store), 100000 + left);
    wasmx_interrupt_raise(inner); /* nobody's */
    assert_false(wasmx_store_interrupted(s.w.store));
    wasmx_interrupt_delete(inner);
    wasmx_interrupt_delete(outer);
    scene_delete(&s);
  }
}

/* ---- instantiation ---- */

static const char starts[] =
    "(module (func $start (loop $l (br $l))) (start $start) (func (export \"f\")))";

static void start_functions_obey(void **state) {
  (void)state;
  for (int tier = 0; tier < TIERS; tier++) {
    Scene s;
    if (!scene_new(&s, tier, true)) continue;
    wasm_module_t *module = module_of(s.w.store, starts);
    wasmx_linker_t *linker = wasmx_linker_new(s.w.store);
    wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
    assert_true(wasmx_store_set_fuel(s.w.store, UINT64_C(1) << 50));
    uint64_t left = 9;
    pthread_t thread;
    for (int what = 0; what < 3; what++) {
      wasmx_call_options_t options = {.size = sizeof options, .fuel_left = &left};
      if (what == 0) options.deadline_ns = 10 * MS;
      if (what == 1) options.fuel = 5000;
      if (what == 2) options.interrupt = interrupt;
      if (what == 2) pthread_create(&thread, NULL, raise_soon, interrupt);
      wasmx_error_t err = {.size = sizeof err};
      wasm_trap_t *trap = NULL;
      wasm_instance_t *in =
          what % 2 ? wasmx_linker_instantiate_with(linker, module, &options, &trap, &err)
                   : wasmx_instance_new_with(s.w.store, module, NULL, &options, &trap, &err);
      if (what == 2) pthread_join(thread, NULL);
      assert_null(in);
      assert_int_equal(err.code, WASMX_TRAPPED);
      assert_int_equal(wasmx_trap_code(trap),
                       what == 1 ? WASMX_TRAP_OUT_OF_FUEL : WASMX_TRAP_INTERRUPTED);
      wasm_trap_delete(trap);
    }
    /* Raised before it began. */
    wasmx_call_options_t options = {.size = sizeof options, .interrupt = interrupt};
    wasmx_error_t err = {.size = sizeof err};
    assert_null(wasmx_instance_new_with(s.w.store, module, NULL, &options, NULL, &err));
    assert_int_equal(err.code, WASMX_TRAPPED);
    /* Wrong options. */
    options.size = 0;
    wasm_trap_t *trap = NULL;
    assert_null(wasmx_instance_new_with(s.w.store, module, NULL, &options, &trap, &err));
    assert_int_equal(err.code, WASMX_ARGUMENT);
    assert_null(trap);
    /* And one that is fast enough. */
    wasm_module_t *quick = module_of(s.w.store, "(module (func $f) (start $f))");
    wasmx_interrupt_clear(interrupt);
    options = (wasmx_call_options_t){
        .size = sizeof options, .deadline_ns = UINT64_C(60000) * MS, .interrupt = interrupt};
    wasm_instance_t *in = wasmx_instance_new_with(s.w.store, quick, NULL, &options, NULL, &err);
    assert_non_null(in);
    wasm_instance_delete(in);
    wasm_module_delete(quick);
    wasmx_interrupt_delete(interrupt);
    wasmx_linker_delete(linker);
    wasm_module_delete(module);
    scene_delete(&s);
  }
}

/* ---- wrong options, failing allocations ---- */

static void wrong_options(void **state) {
  (void)state;
  Scene s;
  assert_true(scene_new(&s, 0, false));
  int32_t r = 0;
  wasmx_call_options_t options = {0};
  assert_int_equal(call(s.sum, 10, &options, &r), WASMX_TRAP_HOST);
  assert_last_error(WASMX_ARGUMENT, "size");
  options.size = sizeof options;
  options.fuel = 5;
  assert_int_equal(call(s.sum, 10, &options, &r), WASMX_TRAP_HOST);
  assert_last_error(WASMX_ARGUMENT, "fuel");
  /* A shorter struct, of an older header: what is behind does not count. */
  options.size = offsetof(wasmx_call_options_t, fuel);
  assert_int_equal(call(s.sum, 10, &options, &r), 0);
  assert_int_equal(r, 55);
  options = no_options();
  options.deadline_ns = UINT64_MAX; /* later than the clock can tell */
  assert_int_equal(call(s.sum, 10, &options, &r), 0);
  assert_trap(wasmx_func_call_with(NULL, NULL, &options), "NULL");
  assert_trap(wasmx_func_call_with(s.sum, NULL, &options), "slots");
  wasmx_typed_func_t *sum = wasmx_typed_func_new(s.sum, "i32 -> i32", NULL);
  assert_null(wasmx_typed_call_with(sum, &options, 4, &r));
  assert_int_equal(r, 10);
  assert_null(wasmx_typed_call_with(sum, NULL, 5, &r));
  assert_int_equal(r, 15);
  options.size = 1;
  assert_trap(wasmx_typed_call_with(sum, &options, 4, &r), "size");
  assert_trap(wasmx_typed_call_with(NULL, &options, 4, &r), "NULL");
  wasmx_typed_func_delete(sum);
  scene_delete(&s);
}

static void every_allocation_fails(void **state) {
  (void)state;
  for (uint64_t n = 1;; n++) {
    Scene s;
    assert_true(scene_new(&s, 0, true));
    assert_true(wasmx_store_set_fuel(s.w.store, 100000));
    failing_alloc_start(n);
    wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
    s.nested = run_sum;
    s.inner = (wasmx_call_options_t){
        .size = sizeof s.inner, .deadline_ns = UINT64_C(60000) * MS, .interrupt = interrupt};
    wasmx_call_options_t options = {
        .size = sizeof options, .deadline_ns = UINT64_C(70000) * MS, .fuel = 10000};
    uint32_t code = interrupt ? call(s.outer, 10, &options, NULL) : WASMX_TRAP_OUT_OF_MEMORY;
    bool failed = failing_alloc_stop();
    assert_true(failed || (code == 0 && s.inner_code == 0));
    int32_t r = 0;
    assert_int_equal(call(s.sum, 10, &options, &r), 0);
    assert_int_equal(r, 55);
    assert_true(wasmx_store_fuel(s.w.store) > 99000);
    wasmx_interrupt_delete(interrupt);
    scene_delete(&s);
    if (!failed) break;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(deadline_of_inner_call_spares_the_outer),
      cmocka_unit_test(inner_deadline_never_extends_the_outer),
      cmocka_unit_test(fuel_comes_from_the_store),
      cmocka_unit_test(fuel_nests),
      cmocka_unit_test(fuel_has_an_end),
      cmocka_unit_test(fuel_and_deadlines_nest),
      cmocka_unit_test(interrupt_ends_its_call),
      cmocka_unit_test(interrupt_of_inner_call_spares_the_outer),
      cmocka_unit_test(interrupts_may_go),
      cmocka_unit_test(interrupts_race),
      cmocka_unit_test(signal_handlers_raise),
      cmocka_unit_test(left_calls_give_back),
      cmocka_unit_test(left_calls_between_give_back),
      cmocka_unit_test(start_functions_obey),
      cmocka_unit_test(wrong_options),
      cmocka_unit_test(every_allocation_fails),
  };
  return run_with_text(tests);
}
