/* A Compile that a function was too much for compiles the next one as a new one would, wherever it
 * was left; and large functions take no longer than they should. */
#include "jit/jit.h"

#include "base/buffer.h"
#include "runtime/fixture.h"

#include <time.h>

/* Moves in circles, calls, a switch, more values than registers. */
static const char program[] =
    "(module (memory 1)"
    " (func (param i32 i32 i32 f64 f64) (result i32)"
    "  (loop $l"
    "   (local.set 0 (local.get 1)) (local.set 1 (local.get 2)) (local.set 2 (local.get 0))"
    "   (local.set 3 (local.get 4)) (local.set 4 (f64.add (local.get 3) (local.get 3)))"
    "   (br_if $l (call 0 (local.get 2) (local.get 0) (local.get 1) (local.get 4) (local.get 3))))"
    "  (block $a (block $b (block $c (br_table $a $b $c (local.get 1)))"
    "   (i32.store (local.get 0) (local.get 2))) (local.set 0 (i32.const 7)))"
    "  (i32.add (local.get 0) (i32.load (local.get 1))))"
    " (func (param i32 i32) (result i32)"
    "  (call 0 (local.get 1) (local.get 0) (i32.const 5) (f64.const 1) (f64.const 2))"
    "  (call 0 (local.get 0) (i32.const 9) (local.get 1) (f64.const 3) (f64.const 4))"
    "  (i32.div_u)))";
enum { FUNCTIONS = 2 };

static JitResult compile(Compile *c, const LoadedModule *lm, u32 func_index) {
  JitOptions options = {.verify = true, .no_inline = true};
  return wm_jit_compile(c, lm, func_index, 0, &options);
}

static void add_code(Compile *c, const LoadedModule *lm, Buffer *out) {
  for (u32 i = 0; i < FUNCTIONS; i++) {
    if (compile(c, lm, i) != JIT_DONE) fail_msg("%s", c->trouble);
    wm_buffer_bytes(out, c->code.data, c->code.len);
  }
}

static void expect_code(Compile *c, const LoadedModule *lm, const Buffer *expected) {
  Buffer code = {0};
  add_code(c, lm, &code);
  assert_int_equal(code.len, expected->len);
  assert_memory_equal(code.data, expected->data, code.len);
  wm_buffer_free(&code);
}

static void begin(Fixture *f, LoadedModule **lm, Buffer *expected) {
  Compile *c = wm_jit_new();
  *lm = load(f, program);
  *expected = (Buffer){0};
  add_code(c, *lm, expected);
  wm_jit_delete(c);
}

static void left_for_want_of_memory(void **state) {
  LoadedModule *lm;
  Buffer expected;
  u64 n = 1;
  begin(*state, &lm, &expected);
  for (bool failed = true; failed; n++) {
    Compile *c = wm_jit_new();
    failing_alloc_start(n);
    JitResult result = compile(c, lm, 0);
    failed = failing_alloc_stop();
    assert_int_equal(result, failed ? JIT_OUT_OF_MEMORY : JIT_DONE);
    expect_code(c, lm, &expected);
    wm_jit_delete(c);
  }
  assert_true(n > 50);
  wm_buffer_free(&expected);
  wm_loaded_release(lm);
}

/* The budget in small steps, so that each growing of each pass has its turn. */
static void left_beyond_the_budget(void **state) {
  enum { STEP_BYTES = 64 };
  LoadedModule *lm;
  Buffer expected;
  begin(*state, &lm, &expected);
  Compile *c = wm_jit_new();
  u64 all = c->budget_bytes;
  u32 left = 0;
  for (JitResult result = JIT_TOO_LARGE; result != JIT_DONE; left++) {
    c->budget_bytes = left * STEP_BYTES;
    result = compile(c, lm, 0);
    assert_true(result == JIT_TOO_LARGE || result == JIT_DONE);
    c->budget_bytes = all;
    expect_code(c, lm, &expected);
    wm_jit_delete(c);
    c = wm_jit_new();
  }
  assert_true(left > 50);
  wm_jit_delete(c);
  wm_buffer_free(&expected);
  wm_loaded_release(lm);
}

static void repeat(Buffer *wat, const char *text, u32 count) {
  for (u32 i = 0; i < count; i++) wm_buffer_print(wat, "%s", text);
}

enum { TRIES = 150000 };

/* The time to compile many tries within so many blocks. */
static clock_t time_within(Fixture *f, u32 blocks) {
  Buffer wat = {0};
  Compile *c = wm_jit_new();
  wm_buffer_print(&wat, "(module (func $f) (func ");
  repeat(&wat, "block ", blocks);
  repeat(&wat, "try call $f catch_all end ", TRIES);
  repeat(&wat, "end ", blocks);
  wm_buffer_print(&wat, "))%c", 0);
  LoadedModule *lm = load(f, (const char *)wat.data);
  clock_t start = clock();
  assert_int_equal(compile(c, lm, 1), JIT_DONE);
  clock_t time = clock() - start;
  wm_loaded_release(lm);
  wm_jit_delete(c);
  wm_buffer_free(&wat);
  return time;
}

/* Who catches is asked for each call and try, and the catch parts around for each try: walking all
 * blocks around would take hundreds of times as long. */
static void catches_deep_in_blocks(void **state) {
  clock_t flat = time_within(*state, 1), deep = time_within(*state, TRIES);
  assert_true(deep < 30 * flat);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(left_for_want_of_memory, setup, teardown),
      cmocka_unit_test_setup_teardown(left_beyond_the_budget, setup, teardown),
      cmocka_unit_test_setup_teardown(catches_deep_in_blocks, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
