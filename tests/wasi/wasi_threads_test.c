/* Programs with threads (wasi-threads): their limit, their ends by each other's hand wherever they
 * wait, what they do to descriptors that others use, and what the limits of a store say to them. */
#include "wasi.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/compiled.h"

typedef struct Program {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasi_ctx_t *ctx;
  wasm_instance_t *instance;
} Program;

/* Functions that all programs here have: what a thread does is `$arg`. */
static const char before[] =
    "(module"
    " (import \"wasi\" \"thread-spawn\" (func $spawn (param i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
    " (import \"wasi_snapshot_preview1\" \"poll_oneoff\""
    "   (func $poll (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_read\""
    "   (func $read (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_write\""
    "   (func $write (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_close\" (func $close (param i32) (result i32)))"
    " (import \"env\" \"memory\" (memory 1 8 shared))"
    " (func $wait (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"
    " (func $wait_long (drop (memory.atomic.wait64 (i32.const 8) (i64.const 0)"
    "   (i64.const 0x7FFFFFFFFFFFFFFF))))"
    /* a clock that is never due: subscription at 1024, event at 2048 */
    " (func $sleep (i64.store (i32.const 1048) (i64.const -1))"
    "   (i32.store (i32.const 1040) (i32.const 1))"
    "   (drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 3072))))"
    /* a vector at 64 for 16 bytes at 80 */
    /* each time at another place: threads share nothing here */
    " (func $read_some (param i32) (result i32) (local $at i32)"
    "   (local.set $at (i32.add (i32.const 4096) (i32.and (i32.const 0x7fff)"
    "     (i32.atomic.rmw.add (i32.const 120) (i32.const 64)))))"
    "   (i32.store (local.get $at) (i32.add (local.get $at) (i32.const 16)))"
    "   (i32.store offset=4 (local.get $at) (i32.const 16))"
    "   (call $read (local.get 0) (local.get $at) (i32.const 1)"
    "     (i32.add (local.get $at) (i32.const 32))))"
    " (func $spin (loop $l (br $l)))"
    " (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))"
    /* until the word at 4 is as much */
    " (func $until (param i32) (loop $l"
    "   (br_if $l (i32.lt_u (i32.atomic.load (i32.const 4)) (local.get 0)))))"
    " (func $here (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1))))";

/* `text`: the rest of the module. */
static void program_with(Program *p, wasm_config_t *engine_config, wasi_config_t *config,
                         const char *text) {
  char whole[8192];
  wasmx_error_t err = {.size = sizeof err};
  int len = snprintf(whole, sizeof whole, "%s %s)", before, text);
  assert_true(len > 0 && (size_t)len < sizeof whole);
  assert_true(compiled_configure(engine_config, false));
  if (test_wants_jit()) assert_true(wasmx_config_set_tier(engine_config, WASMX_TIER_JIT));
  p->engine = wasm_engine_new_with_config(engine_config);
  p->store = wasm_store_new(p->engine);
  p->ctx = wasi_ctx_new(p->store, config, &err);
  wasm_byte_vec_t bytes = {(size_t)len, whole};
  wasm_module_t *module = wasmx_module_new(p->store, &bytes, WASMX_ALLOW_TEXT, &err);
  if (!module) fail_msg("%u:%u: %s", err.line, err.column, err.message);
  wasmx_linker_t *linker = wasmx_linker_new(p->store);
  assert_true(wasi_ctx_define_for(p->ctx, linker, module));
  if (!wasi_ctx_define_threads(p->ctx, linker, module, &err)) fail_msg("%s", err.message);
  p->instance = wasmx_linker_instantiate(linker, module, NULL, &err);
  if (!p->instance) fail_msg("%s", err.message);
  wasmx_linker_delete(linker);
  wasm_module_delete(module);
}

static void program_new(Program *p, wasi_config_t *config, const char *text) {
  program_with(p, wasm_config_new(), config, text);
}

static void program_delete(Program *p) {
  wasm_instance_delete(p->instance);
  wasi_ctx_delete(p->ctx);
  wasm_store_delete(p->store);
  const char *fault = compiled_fault(p->engine, test_wants_jit() ? EXPECT_ALL : EXPECT_NO_FAULT);
  wasm_engine_delete(p->engine);
  if (fault) fail_msg("%s", fault);
}

/* The call of an export that gives an i32, without the end of threads. */
static int32_t call(const Program *p, const char *name) {
  wasm_func_t *func = wasmx_instance_func(p->instance, name);
  wasmx_slot_t slots[1] = {{.u64 = 0}};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  wasm_func_delete(func);
  assert_null(trap);
  return slots[0].i32;
}

/* The end of the program: its trap's code, or 0; an exit's status on top of 1000. */
static int run(const Program *p) {
  wasm_trap_t *trap;
  int status = 0;
  assert_true(wasi_start(p->instance, &trap, NULL));
  trap = wasi_ctx_end_threads(p->ctx, trap);
  int result = (int)wasmx_trap_code(trap);
  if (wasmx_trap_exit_status(trap, &status)) result = 1000 + status;
  wasm_trap_delete(trap);
  return result;
}

static int run_program(wasi_config_t *config, const char *text) {
  Program p;
  program_new(&p, config, text);
  int result = run(&p);
  program_delete(&p);
  return result;
}

#define START(body) "(func (export \"_start\") " body ")"
#define THREAD(body)                                                                               \
  "(func (export \"wasi_thread_start\") (param $tid i32) (param $arg i32) " body ")"
#define SPAWN(arg)                                                                                 \
  "(if (i32.lt_s (call $spawn (i32.const " #arg ")) (i32.const 1)) (then unreachable))"

#define SPAWNS "(func (export \"spawn\") (result i32) (call $spawn (i32.const 0)))"

/* ---- ends ---- */

static const char *const waits[] = {"(call $wait)", "(call $wait_long)", "(call $sleep)",
                                    "(drop (call $read_some (i32.const 0)))", "(call $spin)"};
enum { WAITS = sizeof waits / sizeof *waits };

/* Input that never comes: a pipe that stays open. */
static wasi_config_t *config_with_pipe(int pipe_ends[2]) {
  char path[64];
  assert_int_equal(pipe(pipe_ends), 0);
  snprintf(path, sizeof path, "/dev/fd/%d", pipe_ends[0]);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_stdin_file(config, path));
  return config;
}

static int run_with_pipe(const char *text) {
  int ends[2];
  wasi_config_t *config = config_with_pipe(ends);
  int result = run_program(config, text);
  close(ends[0]);
  close(ends[1]);
  return result;
}

/* A thread's exit or trap ends the main one wherever it is, and another thread. */
static void a_thread_ends_all(void **state) {
  static const struct {
    const char *body;
    int result;
  } ways[] = {{"(call $exit (i32.const 7))", 1007},
              {"(call $exit (i32.const 0))", 1000},
              {"unreachable", WASMX_TRAP_UNREACHABLE},
              {"(drop (call $deep (i32.const 0)))", WASMX_TRAP_STACK_OVERFLOW},
              {"(drop (i32.atomic.load (i32.const 0x7FFFF)))", WASMX_TRAP_UNALIGNED_ATOMIC},
              {"(drop (i64.atomic.rmw.add (i32.const 0x7FFFC) (i64.const 1)))",
               WASMX_TRAP_UNALIGNED_ATOMIC},
              {"(drop (i64.atomic.rmw.add (i32.const 0x7FFF8) (i64.const 1)))",
               WASMX_TRAP_MEMORY_OUT_OF_BOUNDS}};
  char text[2048];
  (void)state;
  for (int w = 0; w < WAITS; w++)
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
      snprintf(text, sizeof text,
               START(SPAWN(1) SPAWN(2) "(call $here) %s")
                   THREAD("(call $here) (if (i32.eq (local.get $arg) (i32.const 1)) (then %s))"
                          " (call $until (i32.const 3)) %s"),
               waits[w], waits[(w + 1) % WAITS], ways[i].body);
      assert_int_equal(run_with_pipe(text), ways[i].result);
    }
}

/* The main thread's exit, trap or return ends the others. */
static void the_main_thread_ends_all(void **state) {
  static const struct {
    const char *body;
    int result;
  } ways[] = {
      {"", 0}, {"(call $exit (i32.const 3))", 1003}, {"unreachable", WASMX_TRAP_UNREACHABLE}};
  char text[2048];
  (void)state;
  for (int w = 0; w < WAITS; w++)
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
      snprintf(text, sizeof text,
               START(SPAWN(1) SPAWN(1) "(call $until (i32.const 2)) %s") THREAD("(call $here) %s"),
               ways[i].body, waits[w]);
      assert_int_equal(run_with_pipe(text), ways[i].result);
    }
}

/* A store that goes ends the threads that nobody ended. */
static void a_store_takes_its_threads_along(void **state) {
  Program p;
  (void)state;
  program_new(&p, wasi_config_new(),
              START(SPAWN(1) SPAWN(2) "(call $until (i32.const 2))")
                  THREAD("(call $here) (if (local.get $arg) (then (call $spin)))"));
  wasm_trap_t *trap;
  assert_true(wasi_start(p.instance, &trap, NULL));
  assert_null(trap);
  program_delete(&p);
}

/* The deadline holds in threads that were there before it struck. */
static void deadlines_end_all(void **state) {
  Program p;
  (void)state;
  program_new(&p, wasi_config_new(), START(SPAWN(1) "(call $wait)") THREAD("(call $spin)"));
  assert_true(wasmx_store_set_deadline(p.store, 50000000));
  assert_int_equal(run(&p), WASMX_TRAP_INTERRUPTED);
  program_delete(&p);
}

/* Nothing but the thread's own deadline ends it here, and by its end the main store is told. */
static void deadlines_go_along(void **state) {
  Program p;
  (void)state;
  program_new(&p, wasi_config_new(), SPAWNS THREAD("(call $spin)"));
  assert_true(wasmx_store_set_deadline(p.store, 200000000));
  assert_int_equal(call(&p, "spawn"), 1);
  assert_true(wasmx_store_set_deadline(p.store, 0));
  while (!wasmx_store_interrupted(p.store)) usleep(1000);
  wasm_trap_t *trap = wasi_ctx_end_threads(p.ctx, NULL);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  program_delete(&p);
}

/* The function that a module starts with, of a thread's instance: runs before the thread does, and
 * ends when its parent does. */
#define START_SPINS                                                                                \
  "(start $begin) (func $begin (if (i32.atomic.rmw.add (i32.const 20) (i32.const 1))"              \
  " (then (call $here) (call $spin))))"

static void *interrupt_soon(void *env) {
  usleep(20000);
  wasmx_interrupt_raise(env);
  return NULL;
}

static void instances_being_made_are_stopped(void **state) {
  Program p;
  pthread_t thread;
  wasmx_slot_t slots[1] = {{.u64 = 0}};
  (void)state;
  program_new(&p, wasi_config_new(), START_SPINS SPAWNS THREAD(""));
  wasm_func_t *func = wasmx_instance_func(p.instance, "spawn");
  wasmx_interrupt_t *handle = wasmx_store_interrupt_handle(p.store);
  wasm_trap_t *trap = wasmx_func_call_within(func, slots, 20000000);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, handle), 0);
  trap = wasmx_func_call_raw(func, slots);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  pthread_join(thread, NULL);
  wasmx_interrupt_delete(handle);
  wasm_func_delete(func);
  program_delete(&p);
}

/* The instance that spins is one that a thread's thread would have had. */
static void instances_being_made_end_with_all(void **state) {
  (void)state;
  assert_int_equal(
      run_program(wasi_config_new(),
                  "(start $begin) (func $begin"
                  " (if (i32.gt_u (i32.atomic.rmw.add (i32.const 20) (i32.const 1)) (i32.const 1))"
                  "  (then (call $here) (call $spin))))" START(
                      SPAWN(1) "(call $until (i32.const 1)) (call $exit (i32.const 5))")
                      THREAD("(drop (call $spawn (i32.const 2)))")),
      1005);
}

/* A start function that exits ends the program, also where the thread never came to be. */
static void instances_being_made_may_exit(void **state) {
  (void)state;
  assert_int_equal(run_program(wasi_config_new(),
                               "(start $begin) (func $begin"
                               " (if (i32.atomic.rmw.add (i32.const 20) (i32.const 1))"
                               "  (then (call $exit (i32.const 9)))))" START(
                                   SPAWN(1) "(call $spin)") THREAD("")),
                   1009);
}

/* Once the main thread called exit, what threads do counts no more. */
static void the_first_exit_counts(void **state) {
  Program p;
  (void)state;
  program_new(&p, wasi_config_new(),
              START(SPAWN(1) "(call $until (i32.const 1)) (call $exit (i32.const 4))")
                  THREAD("(call $here) (drop (memory.atomic.wait32 (i32.const 32) (i32.const 0)"
                         " (i64.const 10000000))) unreachable"));
  wasm_trap_t *trap;
  int status;
  assert_true(wasi_start(p.instance, &trap, NULL));
  usleep(30000); /* the thread would have trapped by now */
  trap = wasi_ctx_end_threads(p.ctx, trap);
  assert_true(wasmx_trap_exit_status(trap, &status));
  assert_int_equal(status, 4);
  wasm_trap_delete(trap);
  program_delete(&p);
}

/* The child of a fork has none of the threads, and deletes what it has. */
static void forked_children_let_go(void **state) {
  Program p;
  (void)state;
  program_new(&p, wasi_config_new(),
              "(func (export \"spawn_two\") (result i32) " SPAWN(1)
                  SPAWN(1) "(call $until (i32.const 2)) (i32.const 0))" THREAD(
                      "(call $here) (loop $l (call $wait_long) (br $l))"));
  assert_int_equal(call(&p, "spawn_two"), 0);
  for (int i = 0; i < 20; i++) {
    pid_t child = fork();
    int status;
    if (child == 0) {
      alarm(20); /* a lock that nobody opens */
      assert_null(wasi_ctx_end_threads(p.ctx, NULL));
      wasm_instance_delete(p.instance);
      wasi_ctx_delete(p.ctx);
      wasm_store_delete(p.store);
      _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
  }
  assert_null(wasi_ctx_end_threads(p.ctx, NULL));
  program_delete(&p);
}

/* ---- limits ---- */

/* What a thread that comes to nothing was given comes back, but for what it ran. */
static void fuel_of_no_thread(void **state) {
  (void)state;
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_fuel(config, true));
  Program p;
  program_with(&p, config, wasi_config_new(), SPAWNS);
  assert_true(wasmx_store_set_fuel(p.store, 1000000));
  for (int i = 0; i < 20; i++) assert_int_equal(call(&p, "spawn"), -6);
  assert_true(wasmx_store_fuel(p.store) > 999000);
  program_delete(&p);
}

static void there_are_so_many_threads(void **state) {
  Program p;
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_max_threads(config, 3);
  program_new(
      &p, config,
      "(func (export \"spawn\") (result i32) (call $spawn (i32.const 0)))"
      "(func (export \"let_go\") (result i32) (i32.atomic.store (i32.const 0) (i32.const 1))"
      "  (memory.atomic.notify (i32.const 0) (i32.const -1)))"
      "(func (export \"hold\") (result i32) (i32.atomic.store (i32.const 0) (i32.const 0))"
      "  (i32.const 0))"
      "(func (export \"ended\") (result i32) (i32.atomic.load (i32.const 4)))" THREAD(
          "(call $wait) (call $here)"));
  for (int i = 1; i <= 3; i++) assert_int_equal(call(&p, "spawn"), i);
  assert_int_equal(call(&p, "spawn"), -6);
  call(&p, "let_go");
  while (call(&p, "ended") < 3) usleep(1000);
  int tid; /* the last ones may still be on their way out */
  while ((tid = call(&p, "spawn")) == -6) usleep(1000);
  assert_int_equal(tid, 4);
  assert_null(wasi_ctx_end_threads(p.ctx, NULL));
  assert_int_equal(call(&p, "spawn"), -6); /* it is over */
  program_delete(&p);
}

static void no_threads_at_all(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_max_threads(config, 0);
  assert_int_equal(
      run_program(config, START("(call $exit (call $spawn (i32.const 0)))") THREAD("")), 1000 - 6);
}

/* A memory that a thread makes grow is the first store's; instances count there too. */
static void limits_hold_over_all(void **state) {
  Program p;
  (void)state;
  program_new(&p, wasi_config_new(),
              START(SPAWN(1) "(call $until (i32.const 2))"
                             "(call $exit (i32.atomic.load (i32.const 16)))")
                  THREAD("(call $here) (drop (memory.grow (i32.const 2)))"
                         "(i32.atomic.store (i32.const 16) (memory.grow (i32.const 1)))"
                         "(call $here)"));
  wasmx_limits_t limits = {sizeof limits, 3 * 65536, UINT64_MAX, 2, 0, 0};
  assert_true(wasmx_store_set_limits(p.store, &limits));
  assert_int_equal(run(&p), 1000 - 1);
  program_delete(&p);
  program_new(&p, wasi_config_new(), START("(call $exit (call $spawn (i32.const 0)))") THREAD(""));
  limits.instances = 1;
  assert_true(wasmx_store_set_limits(p.store, &limits));
  assert_int_equal(run(&p), 1000 - 6);
  program_delete(&p);
}

/* What cannot be an instance of a thread is told by a number. */
static void programs_that_cannot(void **state) {
  (void)state;
  assert_int_equal(
      run_program(wasi_config_new(), START("(call $exit (call $spawn (i32.const 0)))")), 1000 - 6);
  assert_int_equal(
      run_program(
          wasi_config_new(),
          START("(call $exit (call $spawn (i32.const 0)))") "(func (export \"wasi_thread_start\") "
                                                            "(param i32))"),
      1000 - 6);
}

/* ---- descriptors ---- */

/* What a thread reads from may be closed meanwhile: it goes on reading it, and is told at the next
 * call that it is closed. */
static void closed_while_others_read(void **state) {
  int ends[2];
  Program p;
  (void)state;
  program_new(&p, config_with_pipe(ends),
              "(func (export \"begin\") (result i32) (call $spawn (i32.const 0)))"
              "(func (export \"close\") (result i32) (call $until (i32.const 1))"
              "  (call $close (i32.const 0)))"
              "(func (export \"wait\") (result i32) (call $until (i32.const 2))"
              "  (i32.atomic.load (i32.const 16)))" THREAD(
                  "(call $here)"
                  "(i32.atomic.store (i32.const 16) (i32.add"
                  "  (i32.mul (call $read_some (i32.const 0)) (i32.const 1000))"
                  "  (call $read_some (i32.const 0))))"
                  "(call $here)"));
  assert_int_equal(call(&p, "begin"), 1);
  usleep(20000); /* it may read by now, or not: both are good */
  assert_int_equal(call(&p, "close"), 0);
  assert_int_equal(write(ends[1], "x", 1), 1);
  int32_t errors = call(&p, "wait");
  assert_true(errors == 8 || errors == 8008);
  assert_null(wasi_ctx_end_threads(p.ctx, NULL));
  program_delete(&p);
  close(ends[0]);
  close(ends[1]);
}

/* Threads wait for one terminal; each line is for one of them, and the others go on waiting where
 * the end of all finds them. */
static void read_lines(int terminal, int lines) {
  Program p;
  wasi_config_t *config = wasi_config_new();
  wasi_config_inherit_stdin(config);
  program_new(
      &p, config,
      "(func (export \"begin\") (result i32) " SPAWN(0) SPAWN(0) SPAWN(0) SPAWN(0) SPAWN(0)
          SPAWN(0) "(i32.const 0))"
                   "(func (export \"lines\") (result i32) (i32.atomic.load "
                   "(i32.const 4)))" THREAD("(loop $l (drop (call $read_some (i32.const 0)))"
                                            " (call $here) (br $l))"));
  assert_int_equal(call(&p, "begin"), 0);
  usleep(2000);
  for (int i = 1; i <= lines; i++) {
    assert_int_equal(write(terminal, "x\n", 2), 2);
    while (call(&p, "lines") < i) usleep(100);
  }
  assert_null(wasi_ctx_end_threads(p.ctx, NULL));
  program_delete(&p);
}

static void a_terminal_for_many(void **state) {
  (void)state;
  int host = posix_openpt(O_RDWR | O_NOCTTY);
  assert_true(host >= 0 && grantpt(host) == 0 && unlockpt(host) == 0);
  int guest = open(ptsname(host), O_RDWR | O_NOCTTY), standard = dup(0);
  assert_true(guest >= 0 && standard >= 0 && dup2(guest, 0) == 0);
  for (int i = 0; i < 50; i++) read_lines(host, 4);
  assert_int_equal(dup2(standard, 0), 0);
  close(standard);
  close(guest);
  close(host);
}

/* Lines of several threads come whole to a stream. */
static void output_of_many(void **state) {
  Program p;
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasi_config_capture_stdout(config, 1 << 20);
  program_new(
      &p, config,
      START("(i64.store (i32.const 256) (i64.const 0x0A31313131313131))"
            "(i64.store (i32.const 264) (i64.const 0x0A32323232323232))" SPAWN(1)
                SPAWN(2) "(call $until (i32.const 2))")
          THREAD("(local $i i32) (local $v i32)"
                 "(local.set $v (i32.add (i32.const 128) (i32.mul (local.get $arg) (i32.const 8))))"
                 "(i32.store (local.get $v) (i32.add (i32.const 248) (i32.mul (local.get $arg) "
                 "(i32.const 8))))"
                 "(i32.store offset=4 (local.get $v) (i32.const 8))"
                 "(loop $l (drop (call $write (i32.const 1) (local.get $v) (i32.const 1)"
                 "    (i32.add (i32.const 512) (local.get $v))))"
                 "  (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))"
                 "    (i32.const 1000))))"
                 "(call $here)"));
  assert_int_equal(run(&p), 0);
  wasm_byte_vec_t out = WASM_EMPTY_VEC;
  wasi_ctx_take_stdout(p.ctx, &out);
  int lines[3] = {0};
  for (size_t i = 0; i + 8 <= out.size; i += 8) {
    int which = out.data[i] - '0';
    assert_true(which == 1 || which == 2);
    assert_memory_equal(out.data + i, which == 1 ? "1111111\n" : "2222222\n", 8);
    lines[which]++;
  }
  assert_int_equal(lines[1], 1000);
  assert_int_equal(lines[2], 1000);
  wasm_byte_vec_delete(&out);
  program_delete(&p);
}

/* ---- what a host gives ---- */

/* A memory that the host defined is taken; one that is not shared is refused. */
static void memories_of_the_host(void **state) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_error_t err = {.size = sizeof err};
  const char text[] = "(module (import \"wasi\" \"thread-spawn\" (func (param i32) (result i32)))"
                      " (import \"env\" \"memory\" (memory 1 8 shared)))";
  wasm_byte_vec_t bytes = {sizeof text - 1, (char *)(uintptr_t)text};
  wasm_module_t *module = wasmx_module_new(store, &bytes, WASMX_ALLOW_TEXT, &err);
  (void)state;
  for (int shared = 0; shared < 2; shared++) {
    wasi_ctx_t *ctx = wasi_ctx_new(store, wasi_config_new(), &err);
    wasmx_linker_t *linker = wasmx_linker_new(store);
    wasm_memorytype_t *type = wasmx_memorytype_new((wasmx_limits64_t){1, 8}, false, shared != 0);
    wasm_memory_t *memory = wasm_memory_new(store, type);
    wasmx_linker_define(linker, "env", "memory", wasm_memory_as_extern(memory));
    err.message[0] = 0;
    assert_int_equal(wasi_ctx_define_threads(ctx, linker, module, &err), shared);
    if (!shared) assert_non_null(strstr(err.message, "shared"));
    assert_false(shared && wasi_ctx_define_threads(ctx, linker, module, &err)); /* once */
    if (shared) assert_int_equal(err.code, WASMX_ARGUMENT);
    wasm_extern_t *found = wasmx_linker_get(linker, "env", "memory");
    assert_true(wasm_extern_same(found, wasm_memory_as_extern(memory)));
    wasm_extern_delete(found);
    wasm_memory_delete(memory);
    wasm_memorytype_delete(type);
    wasmx_linker_delete(linker);
    wasi_ctx_delete(ctx);
  }
  assert_false(wasi_ctx_define_threads(NULL, NULL, NULL, NULL));
  assert_null(wasi_ctx_end_threads(NULL, NULL));
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

/* Made for threads, but it starts none: it has its memory all the same, whatever its name. */
static void a_shared_memory_alone(void **state) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_error_t err = {.size = sizeof err};
  const char text[] = "(module (import \"foo\" \"bar\" (memory 1 8 shared)))";
  wasm_byte_vec_t bytes = {sizeof text - 1, (char *)(uintptr_t)text};
  wasm_module_t *module = wasmx_module_new(store, &bytes, WASMX_ALLOW_TEXT, &err);
  (void)state;
  wasi_ctx_t *ctx = wasi_ctx_new(store, wasi_config_new(), &err);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  assert_true(wasi_ctx_define_threads(ctx, linker, module, &err));
  wasm_extern_t *found = wasmx_linker_get(linker, "foo", "bar");
  assert_non_null(found);
  assert_non_null(wasm_extern_as_memory(found));
  wasm_extern_delete(found);
  wasmx_linker_delete(linker);
  wasi_ctx_delete(ctx);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_thread_ends_all),
      cmocka_unit_test(the_main_thread_ends_all),
      cmocka_unit_test(a_store_takes_its_threads_along),
      cmocka_unit_test(deadlines_end_all),
      cmocka_unit_test(deadlines_go_along),
      cmocka_unit_test(instances_being_made_are_stopped),
      cmocka_unit_test(instances_being_made_end_with_all),
      cmocka_unit_test(instances_being_made_may_exit),
      cmocka_unit_test(the_first_exit_counts),
      cmocka_unit_test(forked_children_let_go),
      cmocka_unit_test(fuel_of_no_thread),
      cmocka_unit_test(there_are_so_many_threads),
      cmocka_unit_test(no_threads_at_all),
      cmocka_unit_test(limits_hold_over_all),
      cmocka_unit_test(programs_that_cannot),
      cmocka_unit_test(closed_while_others_read),
      cmocka_unit_test(a_terminal_for_many),
      cmocka_unit_test(output_of_many),
      cmocka_unit_test(memories_of_the_host),
      cmocka_unit_test(a_shared_memory_alone),
  };
  return wasmx_has("text") ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
