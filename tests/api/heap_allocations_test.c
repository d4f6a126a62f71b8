/* As allocations_test.c, for structs, arrays and i31: handles of them, the ways they take between
 * wasm and the host, and heaps as they are made and grow. */
#include "api/sweep.h"

static const char objects[] =
    "(module $objects\n"
    " (type $s (struct (field (mut i32)) (field (mut anyref)))) (type $a (array (mut i32)))\n"
    " (import \"env\" \"host\" (func $host (param i32 externref) (result externref)))\n"
    " (tag $e (export \"e\") (param externref))\n"
    " (global (export \"kept\") (mut externref) (ref.null extern))\n"
    " (table (export \"list\") 2 anyref)\n"
    " (func $struct (result (ref $s)) (struct.new $s (i32.const 9) (ref.i31 (i32.const 3))))\n"
    " (func $extern_struct (export \"struct\") (result externref)\n"
    "  (extern.convert_any (call $struct)))\n"
    " (func (export \"array\") (result externref)\n"
    "  (extern.convert_any (array.new $a (i32.const 5) (i32.const 10))))\n"
    " (func (export \"large\") (result externref)\n"
    "  (extern.convert_any (array.new $a (i32.const 5) (i32.const 100000))))\n"
    " (func (export \"i31\") (result externref)\n"
    "  (extern.convert_any (ref.i31 (i32.const 5))))\n"
    " (func (export \"any\") (param anyref) (result anyref (ref $s) externref)\n"
    "  (local.get 0) (call $struct) (extern.convert_any (local.get 0)))\n"
    " (func (export \"same\") (param externref) (result externref) (local.get 0))\n"
    " (func (export \"field\") (param externref) (result i32)\n"
    "  (struct.get $s 0 (ref.cast (ref $s) (any.convert_extern (local.get 0)))))\n"
    " (func (export \"through_host\") (result i32) (struct.get $s 0 (ref.cast (ref $s)\n"
    "  (any.convert_extern (call $host (i32.const 0) (call $extern_struct))))))\n"
    " (func (export \"fill\") (param i32) (result i32) (local $list anyref)\n"
    "  (loop $l (local.set $list (struct.new $s (local.get 0) (local.get $list)))\n"
    "   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 1))\n"
    " (func (export \"throw\") (throw $e (call $extern_struct))))";

/* What the steps work on, made before anything fails. */
static struct {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_module_t *module;
  wasm_instance_t *instance;
} s;

static const struct {
  const char *name;
  wasmx_refkind_t kind;
} kinds[] = {{"struct", WASMX_REF_STRUCT},
             {"array", WASMX_REF_ARRAY},
             {"large", WASMX_REF_ARRAY},
             {"i31", WASMX_REF_I31}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The handle of it goes through all that takes references. */
static void use_object(wasm_instance_t *in, wasm_ref_t *ref) {
  const wasmx_val_t val = of_ref(ref);
  wasmx_val_t out;
  assert_true(wasmx_instance_global_set(in, "kept", &val));
  if (made(wasmx_instance_global_get(in, "kept", &out)))
    assert_true(wasm_ref_same(out.of.ref, ref));
  wasmx_val_delete(&out);
  assert_true(wasmx_instance_table_set(in, "list", 1, &val));
  if (made(wasmx_instance_table_get(in, "list", 1, &out)))
    assert_true(wasm_ref_same(out.of.ref, ref));
  wasmx_val_delete(&out);
  wasm_ref_t *copy = wasm_ref_copy(ref), *same = NULL;
  made(copy != NULL);
  wasm_ref_delete(copy);
  assert_true(!wasm_ref_as_func(ref) && !wasm_ref_as_foreign(ref));
  wasm_ref_set_host_info(ref, &s);
  wasm_ref_get_host_info(ref);
  wasm_ref_set_host_info(ref, NULL);
  wasm_func_t *func = wasmx_instance_func(in, "same");
  if (made(func != NULL) && no_trap(wasmx_call(func, "externref -> externref", ref, &same)))
    assert_true(wasm_ref_same(same, ref));
  wasm_ref_delete(same);
  wasm_func_delete(func);
}

static void make_object(wasm_store_t *store, wasm_instance_t *in, int i) {
  wasmx_slot_t slots[1] = {wasmx_slot_u64(0)};
  wasm_func_t *func = wasmx_instance_func(in, kinds[i].name);
  if (made(func != NULL) && no_trap(wasmx_func_call_raw(func, slots))) {
    assert_int_equal(wasmx_slot_ref_kind(store, slots[0].ref), kinds[i].kind);
    wasm_ref_t *ref = wasmx_ref_of_slot(store, slots[0].ref);
    if (made(ref != NULL)) {
      assert_int_equal(wasmx_slot_of_ref(ref), slots[0].ref);
      use_object(in, ref);
    }
    wasm_ref_delete(ref);
  }
  wasm_func_delete(func);
}

static void object_handles(void) {
  for (int i = 0; i < KINDS; i++) make_object(s.store, s.instance, i);
  assert_int_equal(wasmx_slot_ref_kind(s.store, 0), WASMX_REF_NULL);
  wasmx_store_collect(s.store);
}

/* anyref and references to types of the module, in and out by value. */
static void objects_by_value(void) {
  wasm_func_t *any = wasmx_instance_func(s.instance, "any");
  wasm_ref_t *ref = NULL;
  wasm_func_t *array = wasmx_instance_func(s.instance, "array");
  made(any && array);
  if (any && array && no_trap(wasmx_call(array, "() -> externref", &ref))) {
    const wasmx_val_t arg = of_ref(ref);
    wasmx_val_t results[3];
    wasm_val_t val = ref_val(WASM_EXTERNREF, ref), out[3] = {WASM_INIT_VAL};
    const wasm_val_vec_t in = {1, &val};
    wasm_val_vec_t all = {3, out};
    if (no_trap(wasmx_func_call(any, 1, &arg, 3, results)))
      for (int i = 0; i < 3; i++) wasmx_val_delete(&results[i]);
    if (no_trap(wasm_func_call(any, &in, &all)))
      for (int i = 0; i < 3; i++) wasm_val_delete(&out[i]);
  }
  wasm_ref_delete(ref);
  wasm_func_delete(any), wasm_func_delete(array);
}

/* Wasm gives a struct to a host function, by a handle, and gets it back. */
static void objects_through_the_host(void) {
  wasm_func_t *func = wasmx_instance_func(s.instance, "through_host");
  int32_t number = 0;
  if (!made(func != NULL)) return;
  wasm_trap_t *trap = wasmx_call(func, "() -> i32", &number);
  /* Without memory for its handle the host gave null, which is no struct. */
  if (wasmx_trap_code(trap) == WASMX_TRAP_CAST_FAILURE && refused) {
    wasm_trap_delete(trap);
  } else if (no_trap(trap)) {
    assert_int_equal(number, 9);
  }
  wasm_func_delete(func);
}

static void objects_thrown(void) {
  wasm_func_t *func = wasmx_instance_func(s.instance, "throw");
  wasm_trap_t *trap = made(func != NULL) ? wasmx_func_call_raw(func, NULL) : NULL;
  wasmx_exception_t *exception = trap ? wasmx_trap_exception(trap) : NULL;
  wasm_val_vec_t args;
  if (exception) {
    if (made(wasmx_exception_args(exception, &args))) assert_non_null(args.data[0].of.ref);
    wasm_val_vec_delete(&args);
  } else if (func && wasmx_trap_code(trap) == WASMX_TRAP_UNCAUGHT_EXCEPTION) {
    made(false);
  }
  if (func) ended_with(WASMX_TRAP_UNCAUGHT_EXCEPTION, trap);
  wasmx_exception_delete(exception);
  wasm_func_delete(func);
}

static wasm_instance_t *objects_in(wasm_store_t *store) {
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasmx_error_t err = no_error();
  wasm_instance_t *in = NULL;
  if (made(linker != NULL) &&
      made(wasmx_linker_define_func(linker, "env", "host", HOST_TYPE, hand_back, NULL, NULL))) {
    in = wasmx_linker_instantiate(linker, s.module, NULL, &err);
    made_or_says(in != NULL, &err);
  }
  wasmx_linker_delete(linker);
  return in;
}

/* A heap of its own: what it is made of fails as well, when it is made and when it grows. */
static void new_heaps(void) {
  wasm_store_t *store = sweep_store(s.engine);
  if (!store) return;
  wasm_instance_t *in = objects_in(store);
  wasm_func_t *fill = in ? wasmx_instance_func(in, "fill") : NULL;
  if (in) made(fill != NULL);
  for (int i = 0; in && i < KINDS; i++) make_object(store, in, i);
  wasmx_slot_t slots[1];
  for (int round = 0; fill && round < 3; round++) {
    slots[0] = wasmx_slot_i32(60000);
    no_trap(wasmx_func_call_raw(fill, slots));
    wasmx_store_collect(store);
  }
  wasm_func_delete(fill);
  wasm_instance_delete(in);
  assert_true(wasmx_store_try_delete(store));
}

static const Step steps[] = {
    STEP(object_handles), STEP(objects_by_value), STEP(objects_through_the_host),
    STEP(objects_thrown), STEP(new_heaps),
};

static void stood_in_tier(bool eager) {
  s.engine = sweep_engine(eager), s.store = sweep_store(s.engine);
  s.module = module_of(s.store, objects);
  s.instance = objects_in(s.store);
  assert_non_null(s.instance);
  assert_true(sweep_all(steps, sizeof steps / sizeof *steps) > 100);
  if (eager) assert_compiled(s.engine);
  wasm_instance_delete(s.instance), wasm_module_delete(s.module);
  assert_true(wasmx_store_try_delete(s.store));
  wasm_engine_delete(s.engine);
}

int main(void) { return sweep_in_both_tiers(stood_in_tier); }
