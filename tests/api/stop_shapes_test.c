/* A request to stop ends any shape of loop, call, long operation and slow host call, in every tier,
 * soon: how soon is printed, for each tier and for the slowest shape, by the clock and by what the
 * guest's thread ran meanwhile, which other programs do not disturb. */
#include "api/fixture.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 4, TOO_LONG_MS = 2000, STRAIGHT = 2000 };

/* Around the body of "f": locals $i and $k are 0, the parameter $p is 1. */
static const char before[] =
    "(module (type $v (func)) (type $unary (func (param i32) (result i32)))"
    " (import \"h\" \"quick\" (func $quick)) (import \"h\" \"slow\" (func $slow))"
    " (memory 1024) (table $t 100000 funcref) (table $u 100000 funcref)"
    " (global $g (mut i32) (i32.const 0)) (data $d \"0123456789abcdef\")"
    " (elem (table $t) (i32.const 0) func $nop $quick $spin) (elem $e func $nop $nop $nop)"
    " (func $nop) (func $leaf (type $unary) (i32.add (local.get 0) (i32.const 3)))"
    " (func $spin (loop $l (br $l)))"
    " (func $deep (type $unary) (if (result i32) (local.get 0)"
    "  (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))"
    "  (else (i32.const 0))))"
    " (func $even (type $unary) (if (result i32) (local.get 0)"
    "  (then (call $odd (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))"
    " (func $odd (type $unary) (if (result i32) (local.get 0)"
    "  (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))"
    " (func $fib (type $unary) (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))"
    "  (then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
    "   (call $fib (i32.sub (local.get 0) (i32.const 2)))))))"
    " (func (export \"f\") (param $p i32) (local $i i32) (local $k i32)";

#define FOREVER(body) "(loop $l " body "(br $l))"
#define STEP          "(local.set $i (i32.add (local.get $i) (i32.const 1)))"

static const char *const shapes[] = {
    /* loops */
    "(loop $l (br $l))",
    "(loop $l (br_if $l (i32.const 1)))",
    "(loop $l (br_if $l (local.get $p)))",
    "(loop $l (br_if $l (i32.eqz (local.get $i))))",
    "(loop $l (br_if $l (i32.lt_s (local.get $p) (i32.const 5))))",
    "(loop $l (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 2)))"
    " (i32.const 1))))",
    FOREVER(STEP),
    "(loop $l (br_table $l $l (local.get $p)))",
    "(loop $l (block (br_table 0 $l (local.get $p))) (br $l))",
    "(block (loop $l (br_table 1 $l (i32.add (local.get $p) (i32.const 4)))))",
    "(block (loop $l (br_table $l 1 (local.get $i))))",
    "(loop $o (loop $l (br_table $o $l (local.get $p))))",
    "(loop $o (loop $l " STEP " (br_table $l $l $o (i32.and (local.get $i) (i32.const 3)))))",
    "(loop $l (block $a (block $b (block $c (br_table $a $b $c (i32.and (local.get $i)"
    " (i32.const 3)))) " STEP " (br $l)) " STEP ") " STEP " (br $l))",
    "(loop $l (if (local.get $p) (then (br $l)) (else (br $l))))",
    "(loop $l (if (local.get $p) (then " STEP ")) (br $l))",
    "(loop $l (block $out (br_if $out (local.get $p)) (br $l)) (br $l))",
    "(loop $l (br_if $l (local.get $i)) (br_if $l (local.get $p)))",
    "(loop $a (loop $b (loop $c " STEP " (br_if $a (i32.rem_u (local.get $i) (i32.const 7)))"
    " (br_if $b (i32.rem_u (local.get $i) (i32.const 3))) (br $c))))",
    "(i32.const 0) (loop $l (param i32) (i32.add (i32.const 1)) (br $l))",
    "(i32.const 0) (i64.const 1) (loop $l (param i32 i64) (i64.add (i64.const 1))"
    " (br_table $l $l (local.get $p)))",
    "(drop (loop $l (result i32) (drop (block (result i32) (br_if 0 (i32.const 1)"
    " (local.get $p)))) (br $l)))",
    FOREVER("(loop $in (br_if $in (i32.lt_u (local.tee $k (i32.add (local.get $k)"
            " (i32.const 1))) (i32.const 100)))) (local.set $k (i32.const 0))"),
    FOREVER("(local.set $i (select (local.get $p) (local.get $i) (local.get $k)))"),
    /* what they compute */
    FOREVER("(local.set $i (i32.wrap_i64 (i64.div_u (i64.const 1000000007)"
            " (i64.extend_i32_u (i32.or (local.get $i) (i32.const 1))))))"),
    FOREVER("(drop (f64.sqrt (f64.convert_i32_s (local.get $i))))" STEP),
    FOREVER("(drop (i32x4.add (i32x4.splat (local.get $i)) (v128.const i32x4 1 2 3 4)))" STEP),
    FOREVER("(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))"),
    FOREVER("(global.set $g (i32.add (global.get $g) (i32.const 1)))"),
    FOREVER("(drop (memory.size))"),
    FOREVER("(drop (table.get $t (i32.const 3)))"),
    /* calls */
    FOREVER("(call $nop)"),
    FOREVER("(local.set $i (call $leaf (local.get $i)))"),
    FOREVER("(call_indirect $t (type $v) (i32.const 0))"),
    FOREVER("(drop (call $deep (i32.const 1000)))"),
    FOREVER("(drop (call $even (i32.const 1001)))"),
    FOREVER("(drop (call $fib (i32.const 20)))"),
    "(drop (call $fib (i32.const 45)))",
    "(call $spin)",
    "(call_indirect $t (type $v) (i32.const 2))",
    /* the host */
    FOREVER("(call $quick)"),
    FOREVER("(call $slow)"),
    FOREVER("(call_indirect $t (type $v) (i32.const 1))"),
    "(loop $l (br_if $l (i32.eqz (local.get $i))) (call $slow) (br $l))",
    /* long operations, and short ones */
    FOREVER("(memory.fill (i32.const 0) (local.get $i) (i32.const 67108864))"),
    FOREVER("(memory.copy (i32.const 0) (i32.const 33554432) (i32.const 33554432))"),
    FOREVER("(memory.copy (i32.const 0) (i32.const 1) (i32.const 67108863))"),
    FOREVER("(memory.copy (i32.const 1) (i32.const 0) (i32.const 67108863))"),
    FOREVER("(memory.fill (i32.const 0) (local.get $i) (i32.const 1))"),
    FOREVER("(memory.init $d (i32.const 0) (i32.const 0) (i32.const 16))"),
    FOREVER("(table.fill $u (i32.const 0) (ref.func $nop) (i32.const 100000))"),
    FOREVER("(table.copy $u $t (i32.const 0) (i32.const 0) (i32.const 100000))"),
    FOREVER("(table.copy $u $u (i32.const 1) (i32.const 0) (i32.const 99999))"),
    FOREVER("(table.init $u $e (i32.const 0) (i32.const 0) (i32.const 3))"),
    FOREVER("(drop (memory.grow (i32.const 0)))"),
    FOREVER("(drop (table.grow $u (ref.null func) (i32.const 0)))"),
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], ALL_SHAPES = SHAPES + 2 };

/* A long body: in a loop, and in a function that is called. */
static char *straight_code(void) {
  static const char line[] =
      "(local.set $i (i32.add (i32.mul (local.get $i) (i32.const 5)) "
      "(local.get $k))) (local.set $k (i32.xor (local.get $i) (i32.const 9)))";
  char *text = malloc(STRAIGHT * sizeof line + 1), *at = text;
  assert_non_null(text);
  for (int i = 0; i < STRAIGHT; i++) at += sprintf(at, "%s", line);
  return text;
}

static char *module_text(int shape) {
  char *straight = straight_code(), *text = malloc(strlen(straight) + 8192);
  assert_non_null(text);
  if (shape < SHAPES)
    sprintf(text, "%s %s))", before, shapes[shape]);
  else if (shape == SHAPES)
    sprintf(text, "%s (loop $l %s (br $l))))", before, straight);
  else
    sprintf(text,
            "%s (loop $l (call $long) (br $l))) (func $long (local $i i32) (local $k i32) %s))",
            before, straight);
  free(straight);
  return text;
}

/* ---- one run ---- */

typedef struct Times {
  uint64_t clock_ns, running_ns;
} Times;

static uint64_t read_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static wasm_trap_t *return_at_once(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller, (void)slots;
  return NULL;
}

static wasm_trap_t *take_time(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller, (void)slots;
  usleep(1000);
  return NULL;
}

typedef struct Request {
  wasmx_interrupt_t *handle;
  unsigned delay_us;
  clockid_t guest; /* what the guest's thread runs */
  Times at;
} Request;

static void *request(void *env) {
  Request *r = env;
  usleep(r->delay_us);
  r->at = (Times){read_clock(CLOCK_MONOTONIC), read_clock(r->guest)};
  wasmx_interrupt_raise(r->handle);
  return NULL;
}

static wasm_instance_t *make(wasm_store_t *store, int shape) {
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *quick = wasmx_func_new_raw(store, type, return_at_once, NULL, NULL);
  wasm_func_t *slow = wasmx_func_new_raw(store, type, take_time, NULL, NULL);
  wasm_extern_t *imports[] = {wasm_func_as_extern(quick), wasm_func_as_extern(slow)};
  char *text = module_text(shape);
  wasm_instance_t *instance = instance_of_n(store, text, 2, imports);
  free(text);
  wasm_functype_delete(type);
  wasm_func_delete(quick);
  wasm_func_delete(slow);
  return instance;
}

/* From the request to the trap. */
static Times stop_after(wasm_store_t *store, const wasm_func_t *func, unsigned delay_us) {
  Request r = {.handle = wasmx_store_interrupt_handle(store), .delay_us = delay_us};
  pthread_t thread;
  assert_int_equal(pthread_getcpuclockid(pthread_self(), &r.guest), 0);
  assert_int_equal(pthread_create(&thread, NULL, request, &r), 0);
  wasmx_slot_t slots[1] = {wasmx_slot_i32(1)};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  Times end = {read_clock(CLOCK_MONOTONIC), read_clock(r.guest)};
  pthread_join(thread, NULL);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  wasmx_interrupt_delete(r.handle);
  wasmx_store_clear_interrupt(store);
  return (Times){end.clock_ns - r.at.clock_ns, end.running_ns - r.at.running_ns};
}

/* ---- all of them ---- */

enum { STOPS = ALL_SHAPES * ROUNDS };
typedef struct Stops {
  uint64_t clock_ns[STOPS], running_ns[STOPS];
  int slowest; /* shape, by what ran */
} Stops;

static int ascending(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static void print_spread(const char *what, uint64_t *times) {
  qsort(times, STOPS, sizeof *times, ascending);
  print_message("; %s p50 %.2f ms, p99 %.2f ms, max %.2f ms", what, (double)times[STOPS / 2] / 1e6,
                (double)times[STOPS * 99 / 100] / 1e6, (double)times[STOPS - 1] / 1e6);
  assert_true(times[STOPS - 1] < TOO_LONG_MS * UINT64_C(1000000));
}

static void report(const char *tier, Stops *stops) {
  print_message("%s: %d stops of %d shapes", tier, STOPS, ALL_SHAPES);
  print_spread("clock", stops->clock_ns);
  print_spread("running", stops->running_ns);
  print_message(" (shape %d)\n", stops->slowest);
}

static void stop_shape(wasm_store_t *store, int shape, Stops *stops) {
  wasm_instance_t *instance = make(store, shape);
  wasm_func_t *func = wasmx_instance_func(instance, "f");
  static uint64_t longest;
  if (shape == 0) longest = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    Times times = stop_after(store, func, 500 + round * 1700);
    stops->clock_ns[shape * ROUNDS + (int)round] = times.clock_ns;
    stops->running_ns[shape * ROUNDS + (int)round] = times.running_ns;
    if (times.running_ns > longest) stops->slowest = shape;
    if (times.running_ns > longest) longest = times.running_ns;
  }
  wasm_func_delete(func);
  wasm_instance_delete(instance);
}

static void stop_all(const char *name, wasmx_tier_t tier, const char *hidden) {
  wasm_config_t *config = wasm_config_new();
  if (!wasmx_config_set_tier(config, tier)) {
    print_message("skipped: tier %s is not built\n", name);
    wasm_config_delete(config);
    return;
  }
  assert_true(compiled_configure(config, false));
  if (hidden) assert_true(wasmx_config_set_hidden(config, hidden));
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  static Stops stops;
  for (int i = 0; i < ALL_SHAPES; i++) {
    wasm_store_t *store = wasm_store_new(engine);
    stop_shape(store, i, &stops);
    assert_true(wasmx_store_try_delete(store));
  }
  const char *fault = compiled_fault(engine, tier == WASMX_TIER_JIT ? EXPECT_ALL : EXPECT_NO_FAULT);
  if (fault) fail_msg("%s: %s", name, fault);
  wasm_engine_delete(engine);
  report(name, &stops);
}

static void every_shape_stops(void **state) {
  (void)state;
  alarm(120);
  stop_all("interp", WASMX_TIER_INTERP, NULL);
  stop_all("jit", WASMX_TIER_JIT, NULL);
  stop_all("auto", WASMX_TIER_AUTO, NULL);
  alarm(0);
}

/* ---- from a signal handler, by deadlines that nest, during instantiation ---- */

static wasmx_interrupt_t *in_signal;
static void on_alarm(int number) {
  (void)number;
  wasmx_interrupt_raise(in_signal);
}

static void a_signal_handler_stops(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *instance = make(w.store, 0);
  wasm_func_t *func = wasmx_instance_func(instance, "f");
  in_signal = wasmx_store_interrupt_handle(w.store);
  struct sigaction action = {.sa_handler = on_alarm}, old;
  assert_int_equal(sigaction(SIGVTALRM, &action, &old), 0);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGVTALRM};
  struct itimerspec soon = {.it_value = {0, 5000000}};
  assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
  wasmx_slot_t slots[1] = {wasmx_slot_i32(1)};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  timer_delete(timer);
  sigaction(SIGVTALRM, &old, NULL);
  wasm_func_delete(func);
  wasm_instance_delete(instance);
  world_delete(&w);
  wasmx_interrupt_raise(in_signal); /* the store is gone: nothing happens */
  wasmx_interrupt_delete(in_signal);
}

/* "outer" calls the host, which calls "spin" with a deadline of its own, and goes on. */
static const char nesting[] = "(module (import \"h\" \"f\" (func $f)) (global $n (export \"n\")"
                              " (mut i32) (i32.const 0))"
                              " (func (export \"spin\") (loop $l (br $l)))"
                              " (func (export \"outer\") (loop $l (call $f)"
                              "  (global.set $n (i32.add (global.get $n) (i32.const 1)))"
                              "  (br_if $l (i32.lt_u (global.get $n) (i32.const 3)))))"
                              " (func (export \"forever\") (loop $l (call $f) (br $l))))";
static wasm_func_t *spin;
static uint64_t inner_ns;
static int inner_calls;

static wasm_trap_t *call_spin(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller, (void)slots;
  wasm_trap_t *trap = wasmx_func_call_within(spin, NULL, inner_ns);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  inner_calls++;
  return NULL;
}

/* Calls `func`, which does not end, within a time that lets it come to `calls` inner calls, however
 * slow the machine is. */
static void call_until(const wasm_func_t *func, int calls) {
  uint64_t ns = 10000000;
  do {
    inner_calls = 0;
    wasm_trap_t *trap = wasmx_func_call_within(func, NULL, ns);
    assert_non_null(trap);
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    wasm_trap_delete(trap);
    ns *= 2;
  } while (inner_calls < calls);
}

static void deadlines_of_calls_nest(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *host = wasmx_func_new_raw(w.store, type, call_spin, NULL, NULL);
  wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
  wasm_instance_t *instance = instance_of_n(w.store, nesting, 1, imports);
  spin = wasmx_instance_func(instance, "spin");
  wasm_func_t *outer = wasmx_instance_func(instance, "outer");
  wasm_func_t *forever = wasmx_instance_func(instance, "forever");
  /* The inner deadline is over, the outer call runs to its end. */
  inner_ns = 3000000;
  inner_calls = 0;
  assert_null(wasmx_func_call_within(outer, NULL, UINT64_C(3600000000000)));
  assert_int_equal(inner_calls, 3);
  assert_false(wasmx_store_interrupted(w.store));
  assert_null(wasmx_func_call_raw(outer, NULL));
  /* The outer one is over first, in the inner call. */
  inner_ns = UINT64_C(3600000000000);
  call_until(forever, 1);
  assert_int_equal(inner_calls, 1);
  assert_false(wasmx_store_interrupted(w.store));
  /* Several inner ones within an outer one. */
  inner_ns = 2000000;
  call_until(forever, 2);
  wasm_func_delete(spin);
  wasm_func_delete(outer);
  wasm_func_delete(forever);
  wasm_func_delete(host);
  wasm_functype_delete(type);
  wasm_instance_delete(instance);
  world_delete(&w);
}

static void instantiation_stops(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of(w.store, "(module (func $f (loop $l (br $l))) (start $f))");
  assert_true(wasmx_store_set_deadline(w.store, 10000000));
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  assert_null(wasmx_instance_new(w.store, module, NULL, &trap, &err));
  assert_int_equal(err.code, WASMX_TRAPPED);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  wasm_module_delete(module);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_shape_stops),
      cmocka_unit_test(a_signal_handler_stops),
      cmocka_unit_test(deadlines_of_calls_nest),
      cmocka_unit_test(instantiation_stops),
  };
  return run_with_text(tests);
}
