/* Calls with plain C arguments, and with values of any type. */
#include "fixture.h"

#include "support/failing_alloc.h"

static const char program[] =
    "(module\n"
    " (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))\n"
    " (func (export \"mix\") (param i32 i64 f32 f64) (result f64 f32 i64 i32)\n"
    "  (f64.add (local.get 3) (f64.const 1)) (f32.add (local.get 2) (f32.const 1))\n"
    "  (i64.add (local.get 1) (i64.const 1)) (i32.add (local.get 0) (i32.const 1)))\n"
    " (func (export \"wide\") (param i32 v128 i64) (result i64 v128 i32)\n"
    "  (local.get 2) (i32x4.add (local.get 1) (i32x4.splat (local.get 0))) (local.get 0))\n"
    " (func $same (export \"refs\") (param externref funcref) (result funcref i32 externref)\n"
    "  (local.get 1) (i32.const 7) (local.get 0))\n"
    " (func (export \"pick\") (param i32) (result (ref func)) (ref.func $same))\n"
    " (func (export \"none\"))\n"
    " (func (export \"trap\") (param i32) (result i32) unreachable)\n"
    " (global (export \"v\") (mut v128) (v128.const i32x4 1 2 3 4))\n"
    " (global (export \"c\") i32 (i32.const 5))\n"
    " (global (export \"r\") (mut externref) (ref.null extern))\n"
    " (table (export \"t\") 2 4 funcref)\n"
    " (memory (export \"m\") 1))";

typedef struct Scene {
  World w;
  wasm_instance_t *in;
} Scene;

static Scene scene_new(void) {
  Scene s = {.w = world_new()};
  s.in = instance_of(s.w.store, program);
  return s;
}

static void scene_delete(Scene *s) {
  wasm_instance_delete(s->in);
  world_delete(&s->w);
}

static wasm_trap_t *call_add(const wasm_func_t *func, int32_t *sum) {
  return wasmx_call(func, "(i32, i32) -> i32", 40, 2, sum);
}

static void numbers(void **state) {
  (void)state;
  Scene s = scene_new();
  wasm_func_t *add = wasmx_instance_func(s.in, "add"), *mix = wasmx_instance_func(s.in, "mix");
  wasm_func_t *none = wasmx_instance_func(s.in, "none");
  int32_t a = 0;
  assert_null(call_add(add, &a));
  assert_int_equal(a, 42);
  assert_null(wasmx_call(add, "(i32,i32)->(i32)", -1, INT32_MIN, &a));
  assert_int_equal(a, INT32_MAX);
  assert_null(wasmx_call(add, "(i32,i32)->(i32)", 1, 1, NULL));
  int64_t l = 0;
  float f = 0;
  double d = 0;
  assert_null(wasmx_call(mix, "(i32, i64, f32, f64) -> (f64, f32, i64, i32)", -5, INT64_C(1) << 40,
                         1.5f, 2.25, &d, &f, &l, &a));
  assert_true(d == 3.25 && f == 2.5f && l == (INT64_C(1) << 40) + 1 && a == -4);
  assert_null(wasmx_call(mix, "(i32, i64, f32, f64) -> (f64, f32, i64, i32)", 0, INT64_C(0), 0.0,
                         0.0, NULL, &f, NULL, NULL));
  assert_true(f == 1.0f);
  assert_null(wasmx_call(none, "() -> ()"));
  wasm_func_delete(none);
  wasm_func_delete(mix);
  wasm_func_delete(add);
  scene_delete(&s);
}

static void vectors_and_references(void **state) {
  (void)state;
  Scene s = scene_new();
  wasmx_typed_func_t *wide =
      wasmx_instance_typed_func(s.in, "wide", "(i32, v128, i64) -> (i64, v128, i32)", NULL);
  wasmx_v128_t v = {.u32 = {1, 2, 3, UINT32_MAX}}, r;
  int64_t l;
  int32_t i;
  for (int round = 0; round < 3; round++) {
    assert_null(wasmx_typed_call(wide, 10, &v, INT64_C(-3), &l, &r, &i));
    assert_true(l == -3 && i == 10 && r.u32[0] == 11 && r.u32[3] == 9);
  }
  assert_trap(wasmx_typed_call(wide, 10, NULL, INT64_C(-3), &l, &r, &i), "argument 1");
  /* By slots, which the signature vouches for. */
  wasmx_slot_t slots[4] = {wasmx_slot_i32(1), wasmx_slot_u64(5), wasmx_slot_u64(6),
                           wasmx_slot_i64(9)};
  assert_null(wasmx_func_call_raw(wasmx_typed_func_func(wide), slots));
  assert_true(slots[0].i64 == 9 && slots[1].u64 == (6 | UINT64_C(1) << 32) && slots[3].i32 == 1);
  wasm_func_t *refs = wasmx_instance_func(s.in, "refs");
  wasm_foreign_t *foreign = wasm_foreign_new(s.w.store);
  wasm_ref_t *func = NULL, *ext = NULL;
  const char signature[] = "(externref, funcref) -> (funcref, i32, externref)";
  assert_null(wasmx_call(refs, signature, wasm_foreign_as_ref(foreign), wasm_func_as_ref(refs),
                         &func, &i, &ext));
  assert_true(i == 7 && wasm_ref_same(func, wasm_func_as_ref(refs)));
  assert_true(wasm_ref_same(ext, wasm_foreign_as_ref(foreign)));
  wasm_ref_delete(func);
  wasm_ref_delete(ext);
  assert_null(wasmx_call(refs, signature, NULL, NULL, &func, NULL, NULL));
  assert_null(func);
  assert_null(wasmx_call(refs, signature, wasm_foreign_as_ref(foreign), NULL, NULL, NULL, NULL));
  assert_trap(wasmx_call(refs, signature, NULL, wasm_foreign_as_ref(foreign), NULL, NULL, NULL),
              "argument 1");
  /* More precise types are what they are in the end. */
  wasm_func_t *pick = wasmx_instance_func(s.in, "pick");
  assert_null(wasmx_call(pick, "i32 -> funcref", 0, &func));
  assert_true(wasm_ref_same(func, wasm_func_as_ref(refs)));
  wasm_ref_delete(func);
  wasm_func_delete(pick);
  wasm_foreign_delete(foreign);
  wasm_func_delete(refs);
  wasmx_typed_func_delete(wide);
  scene_delete(&s);
}

static void errors(void **state) {
  (void)state;
  Scene s = scene_new(), other = scene_new();
  wasm_func_t *add = wasmx_instance_func(s.in, "add");
  wasmx_error_t err = {.size = sizeof err};
  int32_t r = 77;
  assert_trap(wasmx_call(add, "(i32, i64) -> i32", 1, INT64_C(2), &r), "[i32 i32] -> [i32]");
  assert_trap(wasmx_call(add, "(i32) -> i32", 1, &r), "not (i32) -> i32");
  assert_trap(wasmx_call(add, "(i32, i32", 1, 2, &r), "expected");
  assert_trap(wasmx_call(add, NULL, 1, 2, &r), "NULL");
  assert_trap(wasmx_call(NULL, "() -> ()"), "NULL");
  assert_int_equal(r, 77);
  assert_null(wasmx_typed_func_new(add, "() -> i32", &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_string_equal(err.expected, "() -> i32");
  assert_string_equal(err.found, "[i32 i32] -> [i32]");
  assert_null(wasmx_typed_func_new(add, "what", &err));
  assert_int_equal(err.code, WASMX_SYNTAX);
  assert_null(wasmx_typed_func_new(NULL, "() -> ()", &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_null(wasmx_instance_typed_func(s.in, "nothing", "() -> ()", &err));
  assert_non_null(strstr(err.message, "nothing"));
  assert_null(wasmx_instance_typed_func(s.in, "m", "() -> ()", &err));
  assert_null(wasmx_instance_typed_func(s.in, NULL, "() -> ()", &err));
  assert_null(wasmx_instance_typed_func(NULL, "add", "() -> ()", NULL));
  assert_trap(wasmx_typed_call(NULL), "NULL");
  assert_null(wasmx_typed_func_func(NULL));
  wasmx_typed_func_delete(NULL);
  /* A trap leaves the results alone. */
  wasm_func_t *trap = wasmx_instance_func(s.in, "trap");
  assert_trap(wasmx_call(trap, "i32 -> i32", 1, &r), "unreachable");
  assert_int_equal(r, 77);
  wasm_func_delete(trap);
  /* Another store's reference. */
  wasm_func_t *refs = wasmx_instance_func(s.in, "refs");
  wasm_foreign_t *foreign = wasm_foreign_new(other.w.store);
  assert_trap(wasmx_call(refs, "(externref, funcref) -> (funcref, i32, externref)",
                         wasm_foreign_as_ref(foreign), NULL, NULL, NULL, NULL),
              "argument 0");
  wasm_foreign_delete(foreign);
  wasm_func_delete(refs);
  /* A typed function outlives its store, and does nothing then. */
  wasmx_typed_func_t *typed = wasmx_typed_func_new(add, "(i32, i32) -> i32", &err);
  wasm_func_delete(add);
  assert_null(wasmx_typed_call(typed, 1, 2, &r));
  assert_int_equal(r, 3);
  scene_delete(&s);
  assert_trap(wasmx_typed_call(typed, 1, 2, &r), "deleted");
  wasmx_typed_func_delete(typed);
  scene_delete(&other);
}

/* ---- values of any type ---- */

static wasmx_val_t val_i32(int32_t i) {
  wasmx_val_t val = {.kind = WASM_I32, .of = {.i32 = i}};
  return val;
}

static wasmx_val_t val_ref(wasm_valkind_t kind, wasm_ref_t *ref) {
  wasmx_val_t val = {.kind = kind, .of = {.ref = ref}};
  return val;
}

static void values_in_calls(void **state) {
  (void)state;
  Scene s = scene_new();
  wasm_func_t *wide = wasmx_instance_func(s.in, "wide"), *refs = wasmx_instance_func(s.in, "refs");
  wasmx_val_t args[3] = {val_i32(3), {.kind = WASMX_V128}, {.kind = WASM_I64, .of = {.i64 = 8}}};
  wasmx_val_t results[4] = {val_i32(-1), val_i32(-1), val_i32(-1), val_i32(-1)};
  args[1].of.v128.u64[1] = UINT64_C(1) << 32;
  assert_null(wasmx_func_call(wide, 3, args, 4, results));
  assert_true(results[0].kind == WASM_I64 && results[0].of.i64 == 8);
  assert_true(results[1].kind == WASMX_V128 && results[1].of.v128.u32[3] == 4);
  assert_true(results[2].kind == WASM_I32 && results[2].of.i32 == 3);
  assert_true(results[3].of.i32 == -1);
  assert_trap(wasmx_func_call(wide, 2, args, 3, results), "2 arguments given");
  assert_trap(wasmx_func_call(wide, 3, NULL, 3, results), "3 arguments given");
  assert_trap(wasmx_func_call(wide, 3, args, 2, results), "room for 2");
  assert_trap(wasmx_func_call(wide, 3, args, 3, NULL), "room for 3");
  assert_trap(wasmx_func_call(NULL, 0, NULL, 0, NULL), "NULL");
  args[1].kind = WASM_I64;
  assert_trap(wasmx_func_call(wide, 3, args, 3, results), "argument 1");
  args[0].kind = WASMX_V128;
  assert_trap(wasmx_func_call(wide, 3, args, 3, results), "argument 0");
  args[0] = val_ref(WASM_EXTERNREF, wasm_func_as_ref(wide));
  args[1] = val_ref(WASM_FUNCREF, wasm_func_as_ref(wide));
  assert_null(wasmx_func_call(refs, 2, args, 3, results));
  assert_true(wasm_ref_same(results[0].of.ref, args[0].of.ref));
  wasmx_val_t copy;
  assert_true(wasmx_val_copy(&copy, &results[2]));
  assert_true(copy.of.ref != results[2].of.ref && wasm_ref_same(copy.of.ref, results[2].of.ref));
  wasmx_val_delete(&copy);
  assert_null(copy.of.ref);
  assert_true(wasmx_val_copy(&copy, &results[1]) && copy.of.i32 == 7);
  assert_false(wasmx_val_copy(&copy, NULL));
  assert_false(wasmx_val_copy(NULL, &copy));
  for (int i = 0; i < 3; i++) wasmx_val_delete(&results[i]);
  wasmx_val_delete(NULL);
  wasm_func_delete(wide);
  wasm_func_delete(refs);
  scene_delete(&s);
}

static void globals(void **state) {
  (void)state;
  Scene s = scene_new(), other = scene_new();
  wasmx_val_t v, w;
  assert_true(wasmx_instance_global_get(s.in, "v", &v));
  assert_true(v.kind == WASMX_V128 && v.of.v128.u32[2] == 3);
  v.of.v128.u32[2] = 30;
  assert_true(wasmx_instance_global_set(s.in, "v", &v));
  assert_true(wasmx_instance_global_get(s.in, "v", &w) && w.of.v128.u32[2] == 30);
  w = val_i32(1);
  assert_false(wasmx_instance_global_set(s.in, "v", &w));
  assert_last_error(WASMX_ARGUMENT, "type");
  assert_false(wasmx_instance_global_set(s.in, "c", &w));
  assert_last_error(WASMX_ARGUMENT, "constant");
  assert_false(wasmx_instance_global_set(s.in, "v", NULL));
  assert_true(wasmx_instance_global_get(s.in, "c", &w) && w.of.i32 == 5);
  assert_false(wasmx_instance_global_get(s.in, "t", &w));
  assert_last_error(WASMX_ARGUMENT, "such kind");
  assert_true(w.kind == WASM_EXTERNREF && !w.of.ref);
  assert_false(wasmx_instance_global_get(s.in, "nothing", &w));
  assert_false(wasmx_instance_global_get(s.in, "c", NULL));
  assert_false(wasmx_instance_global_get(NULL, "c", &w));
  wasm_foreign_t *mine = wasm_foreign_new(s.w.store), *theirs = wasm_foreign_new(other.w.store);
  w = val_ref(WASM_EXTERNREF, wasm_foreign_as_ref(theirs));
  assert_false(wasmx_instance_global_set(s.in, "r", &w));
  w = val_ref(WASM_EXTERNREF, wasm_foreign_as_ref(mine));
  assert_true(wasmx_instance_global_set(s.in, "r", &w));
  assert_true(wasmx_instance_global_get(s.in, "r", &w));
  assert_true(wasm_ref_same(w.of.ref, wasm_foreign_as_ref(mine)));
  wasmx_val_delete(&w);
  wasm_foreign_delete(mine);
  wasm_foreign_delete(theirs);
  /* New ones. */
  wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new(WASMX_V128), WASM_VAR);
  wasm_global_t *made = wasmx_global_new(s.w.store, type, &v);
  assert_true(wasmx_global_get(made, &w) && w.of.v128.u32[2] == 30);
  w = val_i32(1);
  assert_false(wasmx_global_set(made, &w));
  assert_true(wasmx_global_set(made, &v));
  assert_null(wasmx_global_new(s.w.store, type, &w));
  assert_null(wasmx_global_new(s.w.store, type, NULL));
  assert_null(wasmx_global_new(s.w.store, NULL, &v));
  assert_null(wasmx_global_new(NULL, type, &v));
  assert_false(wasmx_global_get(NULL, &w));
  assert_false(wasmx_global_set(NULL, &v));
  wasm_global_delete(made);
  wasm_globaltype_delete(type);
  scene_delete(&s);
  scene_delete(&other);
}

static void tables(void **state) {
  (void)state;
  Scene s = scene_new();
  wasm_func_t *add = wasmx_instance_func(s.in, "add");
  wasm_table_t *table = wasmx_instance_table(s.in, "t");
  wasmx_val_t f = val_ref(WASM_FUNCREF, wasm_func_as_ref(add)), w;
  assert_true(wasmx_instance_table_set(s.in, "t", 1, &f));
  assert_true(wasmx_instance_table_get(s.in, "t", 1, &w));
  assert_true(w.kind == WASM_FUNCREF && wasm_ref_same(w.of.ref, f.of.ref));
  wasmx_val_delete(&w);
  assert_true(wasmx_table_get(table, 0, &w)); /* null is no error */
  assert_null(w.of.ref);
  assert_false(wasmx_table_get(table, 2, &w));
  assert_false(wasmx_table_get(table, UINT64_C(1) << 32, &w));
  assert_false(wasmx_table_set(table, 2, &f));
  assert_false(wasmx_table_set(table, 0, NULL));
  w = val_i32(0);
  assert_false(wasmx_table_set(table, 0, &w));
  assert_last_error(WASMX_ARGUMENT, "element's type");
  assert_false(wasmx_table_grow(table, 1, &w, NULL));
  uint64_t old = 9;
  assert_true(wasmx_table_grow(table, 1, &f, &old));
  assert_int_equal(old, 2);
  assert_true(wasmx_table_grow(table, 1, NULL, &old));
  assert_int_equal(wasmx_table_size(table), 4);
  assert_true(wasmx_table_get(table, 2, &w) && w.of.ref);
  wasmx_val_delete(&w);
  assert_false(wasmx_table_grow(table, 1, NULL, &old));
  assert_last_error(WASMX_LIMIT, "1");
  assert_false(wasmx_table_grow(NULL, 1, NULL, NULL));
  assert_false(wasmx_table_get(NULL, 0, &w));
  assert_false(wasmx_table_get(table, 0, NULL));
  assert_false(wasmx_table_set(NULL, 0, &f));
  assert_int_equal(wasmx_table_size(NULL), 0);
  assert_false(wasmx_instance_table_get(s.in, "v", 0, &w));
  assert_false(wasmx_instance_table_set(s.in, "zzz", 0, &f));
  wasm_table_delete(table);
  wasm_func_delete(add);
  scene_delete(&s);
}

/* ---- failing allocations ---- */

/* What a round of calls gives back, whatever fails on the way. */
static bool play(Scene *s, wasm_foreign_t *foreign) {
  wasm_ref_t *func = NULL, *ext = NULL;
  int32_t i;
  wasmx_val_t w = val_i32(0), results[3];
  wasmx_typed_func_t *refs = wasmx_instance_typed_func(
      s->in, "refs", "(externref, funcref) -> (funcref, i32, externref)", NULL);
  if (!refs) return false;
  wasm_trap_t *trap = wasmx_typed_call(
      refs, wasm_foreign_as_ref(foreign),
      wasm_func_as_ref((wasm_func_t *)(uintptr_t)wasmx_typed_func_func(refs)), &func, &i, &ext);
  bool ok = !trap;
  wasm_trap_delete(trap);
  wasm_ref_delete(func);
  wasm_ref_delete(ext);
  wasmx_val_t args[2] = {val_ref(WASM_EXTERNREF, wasm_foreign_as_ref(foreign)),
                         val_ref(WASM_FUNCREF, NULL)};
  trap = wasmx_func_call(wasmx_typed_func_func(refs), 2, args, 3, results);
  ok = ok && !trap;
  for (int k = 0; !trap && k < 3; k++) wasmx_val_delete(&results[k]);
  wasm_trap_delete(trap);
  wasmx_typed_func_delete(refs);
  ok = wasmx_instance_global_set(s->in, "r", &args[0]) && ok;
  ok = wasmx_instance_global_get(s->in, "r", &w) && ok;
  wasmx_val_delete(&w);
  return ok;
}

static void every_allocation_fails(void **state) {
  (void)state;
  Scene s = scene_new();
  wasm_foreign_t *foreign = wasm_foreign_new(s.w.store);
  for (uint64_t n = 1;; n++) {
    failing_alloc_start(n);
    bool ok = play(&s, foreign);
    if (!failing_alloc_stop()) {
      assert_true(ok && n > 5);
      break;
    }
  }
  wasm_foreign_delete(foreign);
  scene_delete(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers),
      cmocka_unit_test(vectors_and_references),
      cmocka_unit_test(errors),
      cmocka_unit_test(values_in_calls),
      cmocka_unit_test(globals),
      cmocka_unit_test(tables),
      cmocka_unit_test(every_allocation_fails),
  };
  return run_with_text(tests);
}
