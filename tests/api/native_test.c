/* C functions as wasm functions and wasm functions as C function pointers. */
#include "fixture.h"

typedef void (*any_fn)(void);

/* ---------------------------------------------------------------------------------------- wasm ->
 * C */

static int32_t add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
static int64_t widen(int32_t a, float b, double c, int64_t d) {
  return a + (int64_t)b + (int64_t)c + d;
}
static float half(float v) { return v / 2; }
static double many(int32_t a, double b, int64_t c, float d, int32_t e, int32_t f, int32_t g,
                   int32_t h, double i, int32_t j) {
  return a + b + (double)c + (double)d + e + f + g + h + i + j;
}
static int seen_calls;
static void note(void) { seen_calls++; }

static wasm_func_t *native(wasm_store_t *store, wasm_functype_t *type, any_fn fn) {
  wasm_func_t *func = wasmx_func_new_native(store, type, fn);
  wasm_functype_delete(type);
  assert_non_null(func);
  return func;
}

static wasm_valtype_t *i(void) { return wasm_valtype_new_i32(); }
static wasm_valtype_t *l(void) { return wasm_valtype_new_i64(); }
static wasm_valtype_t *f(void) { return wasm_valtype_new_f32(); }
static wasm_valtype_t *d(void) { return wasm_valtype_new_f64(); }

static void c_functions(void **state) {
  (void)state;
  World w = world_new();
  wasm_func_t *func = native(w.store, wasm_functype_new_2_1(i(), i(), i()), (any_fn)add);
  wasm_extern_t *imports[1] = {wasm_func_as_extern(func)};
  wasm_instance_t *in =
      instance_of_n(w.store,
                    "(module (import \"\" \"add\" (func $add (param i32 i32) (result i32)))\n"
                    " (func (export \"wide\") (param i32 i32) (result i64)\n"
                    "   (i64.extend_i32_u (call $add (local.get 0) (local.get 1)))))",
                    1, imports);
  wasm_func_t *wide = wasmx_instance_func(in, "wide");
  wasm_val_t args[4] = {WASM_I32_VAL(-2), WASM_I32_VAL(1)}, result;
  assert_null(call_n(wide, 2, args, &result));
  assert_true(result.of.i64 == INT64_C(0xffffffff)); /* the upper half of the slot is zero */
  assert_null(call_n(func, 2, args, &result));
  assert_int_equal(result.of.i32, -1);
  wasm_func_delete(wide);
  wasm_instance_delete(in);
  wasm_func_delete(func);

  wasm_valtype_t *ps[10] = {i(), f(), d(), l()}, *rs[1] = {l()};
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new(&params, 4, ps);
  wasm_valtype_vec_new(&results, 1, rs);
  func = native(w.store, wasm_functype_new(&params, &results), (any_fn)widen);
  wasm_val_t mixed[10] = {WASM_I32_VAL(-1), WASM_F32_VAL(20), WASM_F64_VAL(300),
                          WASM_I64_VAL(INT64_C(1) << 40)};
  assert_null(call_n(func, 4, mixed, &result));
  assert_true(result.of.i64 == (INT64_C(1) << 40) + 319);
  wasm_func_delete(func);

  func = native(w.store, wasm_functype_new_1_1(f(), f()), (any_fn)half);
  mixed[0].kind = WASM_F32;
  mixed[0].of.f32 = 5;
  assert_null(call_n(func, 1, mixed, &result));
  assert_true(result.kind == WASM_F32 && result.of.f32 == 2.5f);
  wasm_func_delete(func);

  wasm_valtype_t *ten[10] = {i(), d(), l(), f(), i(), i(), i(), i(), d(), i()};
  rs[0] = d();
  wasm_valtype_vec_new(&params, 10, ten);
  wasm_valtype_vec_new(&results, 1, rs);
  func = native(w.store, wasm_functype_new(&params, &results), (any_fn)many);
  for (size_t k = 0; k < 10; k++) {
    mixed[k].kind = wasm_valtype_kind(ten[k]);
    if (mixed[k].kind == WASM_I32) mixed[k].of.i32 = 1;
    if (mixed[k].kind == WASM_I64) mixed[k].of.i64 = 10;
    if (mixed[k].kind == WASM_F32) mixed[k].of.f32 = 0.5f;
    if (mixed[k].kind == WASM_F64) mixed[k].of.f64 = 0.25;
  }
  assert_null(call_n(func, 10, mixed, &result));
  assert_true(result.of.f64 == 17);
  wasm_func_delete(func);

  func = native(w.store, wasm_functype_new_0_0(), note);
  assert_null(wasmx_func_call_raw(func, NULL));
  assert_int_equal(seen_calls, 1);
  wasm_func_delete(func);
  world_delete(&w);
}

/* Types that are called directly: every one-kind shape, and order in the mixed ones. */
static int64_t mixed3(int32_t a, int64_t b, int32_t c) { return a * INT64_C(100) + b * 10 + c; }
static int64_t ordered(int64_t a, int32_t b) { return a * 10 + b; }
static int64_t no_args(void) { return INT64_MIN; }
static double sub(double a, double b) { return a - b; }
static double pi(void) { return 3.25; }
static float mul(float a, float b) { return a * b; }
static uint32_t is_less(uint64_t a, uint64_t b) { return a < b; }
static double seen_double;
static void note_double(double v) { seen_double = v; }

static wasm_val_t call_native(wasm_store_t *store, wasm_functype_t *type, any_fn fn, size_t count,
                              wasm_val_t *args) {
  wasm_func_t *func = native(store, type, fn);
  wasm_val_t result = WASM_INIT_VAL;
  assert_null(call_n(func, count, args, wasm_func_result_arity(func) ? &result : NULL));
  wasm_func_delete(func);
  return result;
}

static void direct_shapes(void **state) {
  (void)state;
  World w = world_new();
  wasm_store_t *s = w.store;
  wasm_val_t ili[3] = {WASM_I32_VAL(-1), WASM_I64_VAL(2), WASM_I32_VAL(-3)};
  wasm_val_t got =
      call_native(s, wasm_functype_new_3_1(i(), l(), i(), l()), (any_fn)mixed3, 3, ili);
  assert_true(got.kind == WASM_I64 && got.of.i64 == -83);
  got = call_native(s, wasm_functype_new_2_1(l(), i(), l()), (any_fn)ordered, 2, ili + 1);
  assert_true(got.of.i64 == 17);
  got = call_native(s, wasm_functype_new_0_1(l()), (any_fn)no_args, 0, NULL);
  assert_true(got.of.i64 == INT64_MIN);
  wasm_val_t dd[2] = {WASM_F64_VAL(1), WASM_F64_VAL(4)};
  got = call_native(s, wasm_functype_new_2_1(d(), d(), d()), (any_fn)sub, 2, dd);
  assert_true(got.kind == WASM_F64 && got.of.f64 == -3);
  got = call_native(s, wasm_functype_new_0_1(d()), (any_fn)pi, 0, NULL);
  assert_true(got.of.f64 == 3.25);
  wasm_val_t ff[2] = {WASM_F32_VAL(-1.5f), WASM_F32_VAL(4)};
  got = call_native(s, wasm_functype_new_2_1(f(), f(), f()), (any_fn)mul, 2, ff);
  assert_true(got.kind == WASM_F32 && got.of.f32 == -6);
  wasm_val_t ll[2] = {WASM_I64_VAL(1), WASM_I64_VAL(-1)};
  got = call_native(s, wasm_functype_new_2_1(l(), l(), i()), (any_fn)is_less, 2, ll);
  assert_true(got.kind == WASM_I32 && got.of.i32 == 1);
  call_native(s, wasm_functype_new_1_0(d()), (any_fn)note_double, 1, dd + 1);
  assert_true(seen_double == 4);
  world_delete(&w);
}

static void c_functions_that_cannot_be(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *types[] = {wasm_functype_new_1_0(wasm_valtype_new_externref()),
                              wasm_functype_new_0_1(wasm_valtype_new_funcref()),
                              wasm_functype_new_1_0(wasm_valtype_new(WASMX_V128)),
                              wasm_functype_new_0_2(i(), i())};
  for (size_t k = 0; k < 4; k++) {
    assert_null(wasmx_func_new_native(w.store, types[k], note));
    assert_last_error(WASMX_ARGUMENT, "C type");
    wasm_functype_delete(types[k]);
  }
  wasm_functype_t *type = wasm_functype_new_0_0();
  assert_null(wasmx_func_new_native(w.store, type, NULL));
  assert_null(wasmx_func_new_native(w.store, NULL, note));
  assert_null(wasmx_func_new_native(NULL, type, note));
  wasm_functype_delete(type);
  world_delete(&w);
}

/* ---------------------------------------------------------------------------------------- C ->
 * wasm */

static const char exports[] =
    "(module (global $n (mut i32) (i32.const 0))\n"
    " (func (export \"add_one\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))\n"
    " (func (export \"mix\") (param i32 i64 f32 f64) (result f64)\n"
    "   (f64.add (f64.add (f64.convert_i32_s (local.get 0)) (f64.convert_i64_s (local.get 1)))\n"
    "     (f64.add (f64.promote_f32 (local.get 2)) (local.get 3))))\n"
    " (func (export \"neg\") (param f32) (result f32) (f32.neg (local.get 0)))\n"
    " (func (export \"long\") (param i64) (result i64) (i64.sub (i64.const 0) (local.get 0)))\n"
    " (func (export \"bump\") (global.set $n (i32.add (global.get $n) (i32.const 1))))\n"
    " (func (export \"count\") (result i32) (global.get $n))\n"
    " (func (export \"div\") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get "
    "1)))\n"
    " (func (export \"ref\") (param externref)))";

static any_fn pointer(wasm_instance_t *in, const char *name) {
  wasm_func_t *func = wasmx_instance_func(in, name);
  any_fn fn = wasmx_func_as_native(func);
  assert_true(fn != NULL);
  assert_true(wasmx_func_as_native(func) == fn);
  wasm_func_delete(func);
  return fn;
}

static void function_pointers(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, exports);
  int32_t (*add_one)(int32_t) = (int32_t (*)(int32_t))pointer(in, "add_one");
  double (*mix)(int32_t, int64_t, float, double) =
      (double (*)(int32_t, int64_t, float, double))pointer(in, "mix");
  float (*neg)(float) = (float (*)(float))pointer(in, "neg");
  int64_t (*longs)(int64_t) = (int64_t (*)(int64_t))pointer(in, "long");
  int32_t (*count)(void) = (int32_t (*)(void))pointer(in, "count");
  any_fn bump = pointer(in, "bump");
  assert_int_equal(add_one(41), 42);
  assert_int_equal(add_one(-1), 0);
  assert_true(add_one(INT32_MAX) == INT32_MIN);
  assert_true(mix(-1, 10, 0.5f, 0.25) == 9.75);
  assert_true(neg(1.5f) == -1.5f);
  assert_true(longs(INT64_MAX) == -INT64_MAX);
  bump();
  bump();
  assert_int_equal(count(), 2);
  wasmx_store_collect(w.store); /* the instance keeps its functions, so the pointer stays */
  assert_int_equal(add_one(1), 2);
  wasm_func_t *ref = wasmx_instance_func(in, "ref");
  assert_true(wasmx_func_as_native(ref) == NULL);
  assert_last_error(WASMX_ARGUMENT, "C type");
  assert_true(wasmx_func_as_native(NULL) == NULL);
  wasm_func_delete(ref);
  wasm_instance_delete(in);
  wasmx_store_collect(w.store);
  world_delete(&w);
}

static void keep(void *env, wasm_trap_t *trap) {
  wasm_trap_t **kept = env;
  wasm_trap_delete(*kept);
  *kept = trap;
}

static void traps_in_pointers(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, exports);
  int32_t (*div)(int32_t, int32_t) = (int32_t (*)(int32_t, int32_t))pointer(in, "div");
  assert_int_equal(div(7, 2), 3);
  assert_null(wasmx_store_take_native_trap(w.store));
  assert_int_equal(div(7, 0), 0);
  assert_int_equal(div(INT32_MIN, -1), 0); /* the newest trap counts */
  assert_trap(wasmx_store_take_native_trap(w.store), "integer overflow");
  assert_null(wasmx_store_take_native_trap(w.store));
  wasm_trap_t *kept = NULL;
  wasmx_store_set_native_trap_handler(w.store, keep, &kept);
  assert_int_equal(div(7, 0), 0);
  assert_null(wasmx_store_take_native_trap(w.store));
  assert_trap(kept, "divide by zero");
  wasmx_store_set_native_trap_handler(w.store, NULL, NULL);
  assert_int_equal(div(7, 0), 0); /* left in the store, which deletes it */
  assert_null(wasmx_store_take_native_trap(NULL));
  wasmx_store_set_native_trap_handler(NULL, keep, NULL);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* A native function that is wasm's, called by wasm: there and back again. */
static void both_ways(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, exports);
  any_fn add_one = pointer(in, "add_one");
  wasm_func_t *again = native(w.store, wasm_functype_new_1_1(i(), i()), add_one);
  int32_t (*fn)(int32_t) = (int32_t (*)(int32_t))wasmx_func_as_native(again);
  assert_int_equal(fn(1), 2);
  assert_int_equal(call_i(again, 5), 6);
  wasm_func_delete(again);
  wasm_instance_delete(in);
  for (int k = 0; k < 3; k++) wasmx_store_collect(w.store);
  world_delete(&w);
}

static void without_libffi(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_0_0();
  assert_null(wasmx_func_new_native(w.store, type, note));
  assert_last_error(WASMX_ARGUMENT, "libffi");
  wasm_functype_delete(type);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest without[] = {cmocka_unit_test(without_libffi)};
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(c_functions),
      cmocka_unit_test(direct_shapes),
      cmocka_unit_test(c_functions_that_cannot_be),
      cmocka_unit_test(function_pointers),
      cmocka_unit_test(traps_in_pointers),
      cmocka_unit_test(both_ways),
  };
  if (!wasmx_has("native")) return cmocka_run_group_tests(without, NULL, NULL);
  return run_with_text(tests);
}
