/* The short ways between C and compiled code, which are the long ones for the interpreter: values
 * in each register, and whatever makes a call no plain one. */
#include "api/fixture.h"

#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <unistd.h>

typedef void (*any_fn)(void);

/* ---- values ---- */

static const char values[] =
    "(module (import \"\" \"all\" (func $all (param i32 f64 i64 f32 i32 f64 i64 f32 i32 f64 i64 f32"
    "   f64 f32) (result f64)))"
    " (import \"\" \"low\" (func $low (param i64) (result i32)))"
    " (func (export \"all\") (param i32 f64 i64 f32 i32 f64 i64 f32 i32 f64 i64 f32 f64 f32)"
    "  (result f64) (call $all (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get "
    "4)"
    "   (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10)"
    "   (local.get 11) (local.get 12) (local.get 13)))"
    " (func (export \"low\") (param i64) (result i64)"
    "  (i64.extend_i32_u (call $low (local.get 0))))"
    " (func (export \"six\") (param i32 i64 i32 i32 i64 i32) (result i64)"
    "  (i64.add (i64.mul (i64.extend_i32_u (local.get 0)) (i64.const 3))"
    "   (i64.add (i64.mul (local.get 1) (i64.const 5))"
    "    (i64.add (i64.mul (i64.extend_i32_u (local.get 2)) (i64.const 7))"
    "     (i64.add (i64.mul (i64.extend_i32_u (local.get 3)) (i64.const 11))"
    "      (i64.add (i64.mul (local.get 4) (i64.const 13))"
    "       (i64.mul (i64.extend_i32_u (local.get 5)) (i64.const 17))))))))"
    " (func (export \"third\") (param f32) (result f32) (f32.div (local.get 0) (f32.const 3))))";

static double all_of(int32_t a, double b, int64_t c, float d, int32_t e, double f, int64_t g,
                     float h, int32_t i, double j, int64_t k, float l, double m, float n) {
  return a + 2 * b + 3 * (double)c + 4 * (double)d + 5 * e + 6 * f + 7 * (double)g + 8 * (double)h +
         9 * i + 10 * j + 11 * (double)k + 12 * (double)l + 13 * m + 14 * (double)n;
}
/* As `int32_t (*)(int64_t)`, whose result's upper half is whatever it is. */
static int64_t low_half(int64_t v) { return v; }

static wasm_func_t *native_of(World *w, const char *signature, any_fn fn) {
  wasm_functype_t *type = wasmx_functype_parse(signature, NULL);
  wasm_func_t *func = wasmx_func_new_native(w->store, type, fn);
  assert_non_null(func);
  wasm_functype_delete(type);
  return func;
}

static any_fn pointer_to(const wasm_instance_t *in, const char *name) {
  wasm_func_t *func = wasmx_instance_func(in, name);
  any_fn fn = wasmx_func_as_native(func);
  assert_true(fn != NULL);
  wasm_func_delete(func);
  return fn;
}

static wasm_instance_t *values_new(World *w) {
  wasm_func_t *funcs[2] = {
      native_of(w, "(i32, f64, i64, f32, i32, f64, i64, f32, i32, f64, i64, f32, f64, f32) -> f64",
                (any_fn)all_of),
      native_of(w, "(i64) -> i32", (any_fn)low_half)};
  wasm_extern_t *imports[2] = {wasm_func_as_extern(funcs[0]), wasm_func_as_extern(funcs[1])};
  wasm_instance_t *in = instance_of_n(w->store, values, 2, imports);
  wasm_func_delete(funcs[0]), wasm_func_delete(funcs[1]);
  return in;
}

static void each_register(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = values_new(&w);
  typedef double All(int32_t, double, int64_t, float, int32_t, double, int64_t, float, int32_t,
                     double, int64_t, float, double, float);
  All *all = (All *)pointer_to(in, "all");
  double want = all_of(1, 2, 3, 4, -5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
  assert_true(all(1, 2, 3, 4, -5, 6, 7, 8, 9, 10, 11, 12, 13, 14) == want);
  /* Wider than the parameters are: what is above is not theirs. */
  int64_t (*low)(int64_t) = (int64_t (*)(int64_t))pointer_to(in, "low");
  assert_true(low(INT64_C(0x123456789)) == 0x23456789);
  const int64_t dirt = INT64_C(0x7654321000000000);
  int64_t (*six)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t) =
      (int64_t (*)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t))pointer_to(in, "six");
  assert_true(six(1 | dirt, 2, 3 | dirt, 4 | dirt, 5, 6 | dirt) == 3 + 10 + 21 + 44 + 65 + 102);
  wasm_func_t *func = wasmx_instance_func(in, "six");
  wasmx_slot_t slots[6] = {{.i64 = 1 | dirt}, {.i64 = 2}, {.i64 = 3 | dirt},
                           {.i64 = 4 | dirt}, {.i64 = 5}, {.i64 = 6 | dirt}};
  assert_null(wasmx_func_call_raw(func, slots));
  assert_true(slots[0].i64 == 3 + 10 + 21 + 44 + 65 + 102);
  wasm_func_delete(func);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* Wasm rounds to nearest whatever the host does, which gets its own way back. */
static void float_modes(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = values_new(&w);
  float (*third)(float) = (float (*)(float))pointer_to(in, "third");
  volatile float one = 1, three = 3;
  volatile float nearest = one / three; /* now */
  fesetround(FE_DOWNWARD);
  volatile float down = one / three;
  float result = third(one);
  int after = fegetround();
  fesetround(FE_TONEAREST);
  assert_true(down < nearest);
  assert_true(result == nearest);
  assert_int_equal(after, FE_DOWNWARD);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* ---- what is no plain call ---- */

static const char ways[] =
    "(module (import \"\" \"back\" (func $back (param i32) (result i32)))"
    " (table funcref (elem $back $div)) (type $t (func (param i32) (result i32)))"
    " (func $div (export \"div\") (param i32) (result i32) (i32.div_s (i32.const 12) (local.get "
    "0)))"
    " (func (export \"back\") (param i32) (result i32) (call $back (local.get 0)))"
    " (func (export \"tail\") (param i32) (result i32) (return_call $back (local.get 0)))"
    " (func (export \"wide\") (param i32) (result i64)"
    "   (return_call $never (local.get 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
    "    (i32.const 0) (i32.const 0) (i32.const 0)))"
    " (func $never (param i32 i32 i32 i32 i32 i32 i32 i32) (result i64)"
    "   (i64.extend_i32_u (call $back (local.get 0))))"
    " (func $deep (export \"deep\") (param i32) (result i32)"
    "   (i32.add (i32.const 1) (call $deep (local.get 0))))"
    " (func (export \"loop\") (param i32) (result i32) (loop (br 0)) (i32.const 0)))";

typedef int32_t Unary(int32_t);

static struct {
  Unary *pointer;
  wasm_func_t *raw;
  jmp_buf out;
  wasm_store_t *store;
} now;

enum { CALL_POINTER = 100, CALL_RAW = 200, LEAVE = 300, INTERRUPT = 400, COLLECT = 500 };

static int32_t call_raw(const wasm_func_t *func, int32_t v) {
  wasmx_slot_t slot = wasmx_slot_i32(v);
  wasm_trap_t *trap = wasmx_func_call_raw(func, &slot);
  if (!trap) return slot.i32;
  wasm_trap_delete(trap);
  return -1;
}

/* What the host does in the middle of a call. */
static int32_t back(int32_t v) {
  switch (v) {
  case CALL_POINTER: return now.pointer(4);
  case CALL_RAW: return call_raw(now.raw, 4);
  case LEAVE: longjmp(now.out, 1);
  case INTERRUPT: return wasmx_store_interrupt(now.store), v;
  case COLLECT: return wasmx_store_collect(now.store), v;
  default: return v;
  }
}

static wasm_instance_t *ways_new(World *w) {
  wasm_func_t *func = native_of(w, "(i32) -> i32", (any_fn)back);
  wasm_extern_t *imports[1] = {wasm_func_as_extern(func)};
  wasm_instance_t *in = instance_of_n(w->store, ways, 1, imports);
  wasm_func_delete(func);
  now.store = w->store;
  now.pointer = (Unary *)pointer_to(in, "div");
  now.raw = wasmx_instance_func(in, "div");
  return in;
}

static void ways_delete(World *w, wasm_instance_t *in) {
  wasm_func_delete(now.raw);
  wasm_instance_delete(in);
  world_delete(w);
}

/* Each by a pointer and by slots. */
static void check(const wasm_instance_t *in, const char *name, int32_t v, int32_t want) {
  wasm_func_t *func = wasmx_instance_func(in, name);
  assert_int_equal(((Unary *)wasmx_func_as_native(func))(v), want < 0 ? 0 : want);
  assert_int_equal(call_raw(func, v), want);
  wasm_trap_delete(wasmx_store_take_native_trap(now.store));
  wasm_func_delete(func);
}

static void calls_in_calls(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = ways_new(&w);
  static const char *const names[] = {"back", "tail"};
  for (int k = 0; k < 2; k++) {
    check(in, names[k], 7, 7);
    check(in, names[k], CALL_POINTER, 3);
    check(in, names[k], CALL_RAW, 3);
    check(in, names[k], COLLECT, COLLECT);
  }
  int64_t (*wide)(int32_t) = (int64_t (*)(int32_t))pointer_to(in, "wide");
  assert_true(wide(-7) == 0xfffffff9);
  ways_delete(&w, in);
}

static void calls_that_trap(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = ways_new(&w);
  for (int round = 0; round < 3; round++) {
    check(in, "div", 0, -1);
    check(in, "div", 3, 4);
    check(in, "deep", 0, -1);
    check(in, "div", 4, 3);
  }
  assert_int_equal(now.pointer(0), 0);
  wasm_trap_t *trap = wasmx_store_take_native_trap(w.store);
  assert_trap(trap, "divide by zero");
  ways_delete(&w, in);
}

/* A request that comes while C runs, and one that is there before. */
static void calls_that_are_stopped(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = ways_new(&w);
  static const char *const names[] = {"back", "tail"};
  for (int k = 0; k < 2; k++) {
    assert_int_equal(((Unary *)pointer_to(in, names[k]))(INTERRUPT), 0);
    wasm_trap_t *trap = wasmx_store_take_native_trap(w.store);
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    wasm_trap_delete(trap);
    wasmx_store_clear_interrupt(w.store);
  }
  wasmx_store_interrupt(w.store);
  check(in, "loop", 0, -1);
  wasmx_store_clear_interrupt(w.store);
  check(in, "div", 4, 3);
  ways_delete(&w, in);
}

/* A longjmp leaves them; the next call finds out, whichever it is. */
static void calls_that_are_left(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = ways_new(&w);
  wasm_func_t *raw = wasmx_instance_func(in, "back");
  Unary *volatile pointer = (Unary *)wasmx_func_as_native(raw);
  for (volatile int round = 0; round < 4; round++) {
    if (setjmp(now.out) == 0) {
      if (round & 1)
        call_raw(raw, LEAVE);
      else
        pointer(LEAVE);
      fail();
    }
    if (round & 2)
      assert_int_equal(pointer(CALL_POINTER), 3);
    else
      assert_int_equal(call_raw(raw, CALL_RAW), 3);
  }
  wasm_func_delete(raw);
  ways_delete(&w, in);
}

/* ---- where the stack is another one ---- */

static void *call_in_thread(void *env) {
  (void)env;
  wasm_func_t *const raw = now.raw;
  for (int k = 0; k < 3; k++)
    if (now.pointer(4) != 3 || call_raw(raw, 6) != 2) return "wrong";
  return NULL;
}

__attribute__((noinline)) static int32_t call_from(int depth) {
  volatile char room[3000];
  room[0] = (char)depth;
  return depth ? call_from(depth - 1) + room[0] - depth : now.pointer(4) + call_raw(now.raw, 4);
}

static void other_places(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = ways_new(&w);
  for (int round = 0; round < 3; round++) {
    pthread_t thread;
    void *wrong = NULL;
    assert_int_equal(call_from(10 * round), 6);
    assert_int_equal(pthread_create(&thread, NULL, call_in_thread, NULL), 0);
    pthread_join(thread, &wrong);
    assert_null(wrong);
  }
  check(in, "deep", 0, -1);
  ways_delete(&w, in);
}

/* ---- many of them ---- */

enum { MANY = 600 };

static void many_pointers(void **state) {
  (void)state;
  World w = world_new();
  static const char text[] = "(module (func (export \"f\") (param i32) (result i32) (i32.add "
                             "(local.get 0) (i32.const 1))))";
  static wasm_instance_t *instances[MANY];
  static Unary *pointers[MANY];
  wasm_module_t *module = module_of(w.store, text);
  for (int round = 0; round < 2; round++) {
    for (int k = 0; k < MANY; k++) {
      instances[k] = wasm_instance_new(w.store, module, NULL, NULL);
      pointers[k] = (Unary *)pointer_to(instances[k], "f");
      assert_true(k == 0 || pointers[k] != pointers[k - 1]);
    }
    for (int k = 0; k < MANY; k++) {
      assert_int_equal(pointers[k](k), k + 1);
      if (k % 3) wasm_instance_delete(instances[k]);
    }
    wasmx_store_collect(w.store);
    for (int k = 0; k < MANY; k += 3) {
      assert_int_equal(pointers[k](k), k + 1);
      wasm_instance_delete(instances[k]);
    }
    wasmx_store_collect(w.store);
  }
  wasm_module_delete(module);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_register),          cmocka_unit_test(float_modes),
      cmocka_unit_test(calls_in_calls),         cmocka_unit_test(calls_that_trap),
      cmocka_unit_test(calls_that_are_stopped), cmocka_unit_test(calls_that_are_left),
      cmocka_unit_test(other_places),           cmocka_unit_test(many_pointers),
  };
  return wasmx_has("native") ? run_with_text(tests) : 77;
}
