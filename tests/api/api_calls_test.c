/* Calls in both directions: by values, by slots, with references, traps with their frames. */
#include "fixture.h"

/* ---------------------------------------------------------------------------------- host calls
 * wasm */

static const char sums[] =
    "(module\n"
    "  (func (export \"all\") (param i32 i64 f32 f64) (result f64 f32 i64 i32)\n"
    "    (local.get 3) (local.get 2) (local.get 1) (local.get 0))\n"
    "  (func (export \"none\"))\n"
    "  (func (export \"id\") (param externref) (result externref) (local.get 0))\n"
    "  (func (export \"idf\") (param funcref) (result funcref) (local.get 0))\n"
    "  (func (export \"v\") (param v128) (result v128)\n"
    "    (i32x4.add (local.get 0) (local.get 0))))";

static void values(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, sums);
  wasm_func_t *all = wasmx_instance_func(in, "all"), *none = wasmx_instance_func(in, "none");
  assert_int_equal(wasm_func_param_arity(all), 4);
  assert_int_equal(wasm_func_result_arity(all), 4);
  assert_int_equal(wasmx_func_param_slots(all), 4);
  assert_int_equal(wasmx_func_result_slots(all), 4);
  wasm_functype_t *type = wasm_func_type(all);
  assert_int_equal(wasm_valtype_kind(wasm_functype_results(type)->data[0]), WASM_F64);
  wasm_functype_delete(type);
  wasm_val_t args[4] = {WASM_I32_VAL(INT32_MIN), WASM_I64_VAL(INT64_MIN), WASM_F32_VAL(-0.0f),
                        WASM_F64_VAL(1e300)};
  wasm_val_t got[6] = {WASM_INIT_VAL, WASM_INIT_VAL, WASM_INIT_VAL,
                       WASM_INIT_VAL, WASM_INIT_VAL, WASM_INIT_VAL};
  wasm_val_vec_t in_vec = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(got), empty = WASM_EMPTY_VEC;
  assert_null(wasm_func_call(all, &in_vec, &out)); /* more room than results is fine */
  assert_true(got[0].kind == WASM_F64 && got[0].of.f64 == 1e300);
  assert_true(got[1].kind == WASM_F32 && got[1].of.f32 == 0 && 1 / got[1].of.f32 < 0);
  assert_true(got[2].kind == WASM_I64 && got[2].of.i64 == INT64_MIN);
  assert_true(got[3].kind == WASM_I32 && got[3].of.i32 == INT32_MIN);
  assert_int_equal(got[4].kind, WASM_EXTERNREF);
  assert_null(wasm_func_call(none, &empty, &empty));
  assert_null(wasm_func_call(none, NULL, NULL));
  assert_null(wasmx_func_call_raw(none, NULL));
  wasm_func_delete(all);
  wasm_func_delete(none);
  wasm_instance_delete(in);
  world_delete(&w);
}

static void wrong_arguments(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, sums);
  wasm_func_t *all = wasmx_instance_func(in, "all"), *id = wasmx_instance_func(in, "id");
  wasm_func_t *idf = wasmx_instance_func(in, "idf"), *v = wasmx_instance_func(in, "v");
  wasm_val_t args[4] = {WASM_I32_VAL(1), WASM_I64_VAL(2), WASM_F32_VAL(3), WASM_F64_VAL(4)};
  wasm_val_t got[4];
  wasm_val_vec_t few = {3, args}, right = {4, args}, out = {4, got}, no_room = {3, got};
  wasm_val_vec_t no_data = {4, NULL};
  assert_trap(wasm_func_call(all, &few, &out), "3 arguments given, the function takes 4");
  assert_trap(wasm_func_call(all, NULL, &out), "0 arguments");
  assert_trap(wasm_func_call(all, &no_data, &out), "arguments");
  assert_trap(wasm_func_call(all, &right, &no_room), "room for 3 results");
  assert_trap(wasm_func_call(all, &right, NULL), "room for 0 results");
  assert_trap(wasm_func_call(all, &right, &no_data), "results");
  args[1].kind = WASM_F64;
  assert_trap(wasm_func_call(all, &right, &out), "argument 1 is not");
  assert_last_error(WASMX_ARGUMENT, "argument 1");
  assert_trap(wasm_func_call(NULL, NULL, NULL), "NULL");
  assert_trap(wasmx_func_call_raw(NULL, NULL), "NULL");
  assert_trap(wasmx_func_call_raw(all, NULL), "slots");

  /* References: of the right kind, of this store. */
  wasm_val_t arg = i32_val(0), result;
  assert_trap(call_n(id, 1, &arg, &result), "argument 0");
  arg = ref_val(WASM_FUNCREF, NULL);
  assert_trap(call_n(id, 1, &arg, &result), "argument 0");
  wasm_foreign_t *foreign = wasm_foreign_new(w.store);
  arg = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(foreign));
  assert_trap(call_n(idf, 1, &arg, &result), "argument 0");
  wasm_store_t *other = wasm_store_new(w.engine);
  wasm_foreign_t *stranger = wasm_foreign_new(other);
  arg = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(stranger));
  assert_trap(call_n(id, 1, &arg, &result), "argument 0");
  wasm_foreign_delete(stranger);
  wasm_store_delete(other);
  assert_trap(call_n(v, 1, &arg, &result), "v128");

  wasm_func_t *funcs[] = {all, id, idf, v};
  for (size_t i = 0; i < 4; i++) wasm_func_delete(funcs[i]);
  wasm_foreign_delete(foreign);
  wasm_instance_delete(in);
  world_delete(&w);
}

static void references(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, sums);
  wasm_func_t *id = wasmx_instance_func(in, "id"), *idf = wasmx_instance_func(in, "idf");
  wasm_foreign_t *foreign = wasm_foreign_new(w.store);
  wasm_val_t result, arg = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(foreign));
  assert_null(call_n(id, 1, &arg, &result));
  assert_int_equal(result.kind, WASM_EXTERNREF);
  assert_true(wasm_ref_same(result.of.ref, arg.of.ref));
  wasm_val_delete(&result);
  arg.of.ref = NULL;
  assert_null(call_n(id, 1, &arg, &result));
  assert_null(result.of.ref);
  /* Any object is an externref, an instance for one. */
  arg.of.ref = wasm_instance_as_ref(in);
  assert_null(call_n(id, 1, &arg, &result));
  assert_non_null(wasm_ref_as_instance(result.of.ref));
  wasm_val_delete(&result);
  arg = ref_val(WASM_FUNCREF, wasm_func_as_ref(id));
  assert_null(call_n(idf, 1, &arg, &result));
  assert_int_equal(result.kind, WASM_FUNCREF);
  assert_true(wasm_func_same(wasm_ref_as_func(result.of.ref), id));
  wasm_val_delete(&result);
  wasm_val_t macro = WASM_REF_VAL(wasm_func_as_ref(id)), null = WASM_INIT_VAL;
  assert_null(call_n(idf, 1, &macro, &result));
  wasm_val_delete(&result);
  assert_null(call_n(idf, 1, &null, &result));
  assert_null(result.of.ref);
  wasm_foreign_delete(foreign);
  wasm_func_delete(id);
  wasm_func_delete(idf);
  wasm_instance_delete(in);
  world_delete(&w);
}

static void raw_calls(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, sums);
  wasm_func_t *v = wasmx_instance_func(in, "v"), *all = wasmx_instance_func(in, "all");
  assert_int_equal(wasmx_func_param_slots(v), 2);
  assert_int_equal(wasmx_func_result_slots(v), 2);
  wasmx_slot_t slots[4] = {{.u64 = UINT64_C(0x300000002)}, {.u64 = 5}};
  assert_null(wasmx_func_call_raw(v, slots));
  assert_int_equal(slots[0].u64, UINT64_C(0x600000004));
  assert_int_equal(slots[1].u64, 10);
  wasmx_slot_t mixed[4] = {{.u64 = 7}, {.i64 = -8}, {.u64 = 0}, {.f64 = 2.5}};
  mixed[2].f32 = 1.5f;
  assert_null(wasmx_func_call_raw(all, mixed));
  assert_true(mixed[0].f64 == 2.5 && mixed[1].f32 == 1.5f);
  assert_true(mixed[2].i64 == -8 && mixed[3].u64 == 7);
  wasm_func_delete(v);
  wasm_func_delete(all);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* ------------------------------------------------------------------------------------ callbacks */

static wasm_trap_t *swap_plain(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  assert_int_equal(args->size, 2);
  assert_int_equal(results->size, 2);
  assert_int_equal(results->data[0].kind, WASM_I64);
  wasm_val_copy(&results->data[0], &args->data[1]);
  wasm_val_copy(&results->data[1], &args->data[0]);
  return NULL;
}

static wasm_trap_t *swap_env(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  ++*(int *)env;
  return swap_plain(args, results);
}

static wasm_trap_t *swap_caller(void *env, wasmx_caller_t *caller, const wasm_val_vec_t *args,
                                wasm_val_vec_t *results) {
  assert_non_null(wasmx_caller_store(caller));
  return swap_env(env, args, results);
}

static wasm_trap_t *swap_raw(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)caller;
  ++*(int *)env;
  wasmx_slot_t first = slots[0];
  slots[0] = slots[1];
  slots[1] = first;
  return NULL;
}

/* Calls swap by the host and through wasm. */
static void try_swap(wasm_store_t *store, wasm_func_t *swap, int *calls) {
  wasm_val_t args[2] = {WASM_I32_VAL(-3), WASM_I64_VAL(INT64_MAX)}, got[2];
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(got);
  wasm_extern_t *imports[1] = {wasm_func_as_extern(swap)};
  wasm_instance_t *instance =
      instance_of_n(store,
                    "(module (import \"\" \"swap\" (func $swap (param i32 i64) (result i64 i32)))\n"
                    " (func (export \"f\") (param i32 i64) (result i64 i32)\n"
                    "   (call $swap (local.get 0) (local.get 1))))",
                    1, imports);
  wasm_func_t *f = wasmx_instance_func(instance, "f");
  const wasm_func_t *both[2] = {swap, f};
  for (int i = 0; i < 2; i++) {
    memset(got, 0, sizeof got);
    assert_null(wasm_func_call(both[i], &in, &out));
    assert_true(got[0].kind == WASM_I64 && got[0].of.i64 == INT64_MAX);
    assert_true(got[1].kind == WASM_I32 && got[1].of.i32 == -3);
  }
  if (calls) assert_int_equal(*calls, 2);
  wasm_func_delete(f);
  wasm_instance_delete(instance);
  wasm_func_delete(swap);
}

static void callbacks(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_2_2(wasm_valtype_new_i32(), wasm_valtype_new_i64(),
                                                wasm_valtype_new_i64(), wasm_valtype_new_i32());
  int calls[3] = {0}, gone = 0;
  try_swap(w.store, wasm_func_new(w.store, type, swap_plain), NULL);
  try_swap(w.store, wasm_func_new_with_env(w.store, type, swap_env, &calls[0], NULL), &calls[0]);
  try_swap(w.store, wasmx_func_new(w.store, type, swap_caller, &calls[1], NULL), &calls[1]);
  try_swap(w.store, wasmx_func_new_raw(w.store, type, swap_raw, &calls[2], NULL), &calls[2]);
  wasm_func_t *func = wasm_func_new_with_env(w.store, type, swap_env, &gone, count_call);
  wasm_functype_t *again = wasm_func_type(func);
  assert_int_equal(wasm_functype_params(again)->size, 2);
  wasm_functype_delete(again);
  wasm_functype_delete(type);
  wasm_func_delete(func);
  wasmx_store_collect(w.store);
  assert_int_equal(gone, 1);
  world_delete(&w);
}

static void callbacks_that_cannot_be(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_0_0();
  int gone = 0;
  assert_null(wasm_func_new(w.store, type, NULL));
  assert_null(wasm_func_new(w.store, NULL, swap_plain));
  assert_null(wasm_func_new(NULL, type, swap_plain));
  assert_null(wasm_func_new_with_env(NULL, type, swap_env, &gone, count_call));
  assert_null(wasmx_func_new(w.store, NULL, swap_caller, &gone, count_call));
  assert_null(wasmx_func_new_raw(w.store, type, NULL, &gone, count_call));
  wasm_functype_delete(type);
  type = wasm_functype_new_1_0(wasm_valtype_new(WASMX_V128));
  assert_null(wasm_func_new(w.store, type, swap_plain));
  assert_last_error(WASMX_ARGUMENT, "v128");
  wasm_func_t *raw = wasmx_func_new_raw(w.store, type, swap_raw, &gone, NULL);
  assert_int_equal(wasmx_func_param_slots(raw), 2);
  wasm_func_delete(raw);
  wasm_functype_delete(type);
  wasm_valtype_vec_t many, none = WASM_EMPTY_VEC;
  wasm_valtype_vec_new_uninitialized(&many, 1001);
  for (size_t i = 0; i < many.size; i++) many.data[i] = wasm_valtype_new_i32();
  type = wasm_functype_new(&many, &none);
  assert_null(wasm_func_new(w.store, type, swap_plain));
  assert_last_error(WASMX_LIMIT, "1000 parameters");
  wasm_functype_delete(type);
  assert_int_equal(gone, 0);
  world_delete(&w);
}

/* More values than are kept on the C stack. */
static wasm_trap_t *sum_many(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)env;
  results->data[0].of.i32 = 0;
  for (size_t i = 0; i < args->size; i++) results->data[0].of.i32 += args->data[i].of.i32;
  return NULL;
}

static void many_values(void **state) {
  (void)state;
  World w = world_new();
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_uninitialized(&params, 100);
  for (size_t i = 0; i < 100; i++) params.data[i] = wasm_valtype_new_i32();
  wasm_valtype_t *one[1] = {wasm_valtype_new_i32()};
  wasm_valtype_vec_new(&results, 1, one);
  wasm_functype_t *type = wasm_functype_new(&params, &results);
  wasm_func_t *func = wasm_func_new_with_env(w.store, type, sum_many, NULL, NULL);
  wasm_functype_delete(type);
  wasm_val_t args[100], result;
  for (int i = 0; i < 100; i++) args[i] = i32_val(i);
  assert_null(call_n(func, 100, args, &result));
  assert_int_equal(result.of.i32, 4950);
  wasm_func_delete(func);
  world_delete(&w);
}

static wasm_trap_t *wrong_result(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args;
  results->data[0] = *(wasm_val_t *)env;
  return NULL;
}

static void wrong_results(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  wasm_val_t val = WASM_F32_VAL(1), result = WASM_INIT_VAL;
  wasm_func_t *func = wasm_func_new_with_env(w.store, type, wrong_result, &val, NULL);
  assert_trap(call_n(func, 0, NULL, &result), "another type");
  val = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(wasm_foreign_new(w.store)));
  assert_trap(call_n(func, 0, NULL, &result), "another type"); /* and the reference is deleted */
  wasm_functype_delete(type);
  wasm_func_delete(func);
  type = wasm_functype_new_0_1(wasm_valtype_new_externref());
  func = wasm_func_new_with_env(w.store, type, wrong_result, &val, NULL);
  wasm_store_t *other = wasm_store_new(w.engine);
  val = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(wasm_foreign_new(other)));
  assert_trap(call_n(func, 0, NULL, &result), "another type");
  wasm_store_delete(other);
  wasm_functype_delete(type);
  wasm_func_delete(func);
  world_delete(&w);
}

/* A reference that only the callback's result holds reaches the caller. */
static wasm_trap_t *new_foreign(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args;
  wasm_foreign_t *foreign = wasm_foreign_new(env);
  wasm_foreign_set_host_info(foreign, env);
  results->data[0].of.ref = wasm_foreign_as_ref(foreign);
  return NULL;
}

static void references_through_callbacks(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_0_1(wasm_valtype_new_externref());
  wasm_func_t *func = wasm_func_new_with_env(w.store, type, new_foreign, w.store, NULL);
  wasm_functype_delete(type);
  wasm_extern_t *imports[1] = {wasm_func_as_extern(func)};
  wasm_instance_t *in =
      instance_of_n(w.store,
                    "(module (import \"\" \"new\" (func $new (result externref)))\n"
                    " (func (export \"f\") (result externref) (local externref)\n"
                    "   (local.set 0 (call $new)) (drop (call $new)) (local.get 0)))",
                    1, imports);
  wasm_func_t *f = wasmx_instance_func(in, "f");
  for (int i = 0; i < 100; i++) {
    wasm_val_t result;
    assert_null(call_n(f, 0, NULL, &result));
    wasmx_store_collect(w.store);
    assert_ptr_equal(wasm_ref_get_host_info(result.of.ref), w.store);
    wasm_val_delete(&result);
  }
  wasm_func_delete(f);
  wasm_func_delete(func);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* ------------------------------------------------------------------------------------------
 * callers */

typedef struct Seen {
  wasm_store_t *store;
  wasm_instance_t *instance; /* own */
  size_t memory_size;
  bool has_export, has_missing;
} Seen;

static wasm_trap_t *look(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)slots;
  Seen *seen = env;
  seen->store = wasmx_caller_store(caller);
  seen->instance = wasmx_caller_instance(caller);
  byte_t *memory = wasmx_caller_memory(caller, &seen->memory_size);
  if (memory) memory[0] = 42;
  wasm_extern_t *m = wasmx_caller_export(caller, "m"), *x = wasmx_caller_export(caller, "x");
  seen->has_export = m && wasm_extern_as_memory(m);
  seen->has_missing = x != NULL;
  wasm_extern_delete(m);
  wasm_extern_delete(x);
  return NULL;
}

static void callers(void **state) {
  (void)state;
  World w = world_new();
  Seen seen = {0};
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *func = wasmx_func_new_raw(w.store, type, look, &seen, NULL);
  wasm_functype_delete(type);
  wasm_extern_t *imports[1] = {wasm_func_as_extern(func)};
  wasm_instance_t *in =
      instance_of_n(w.store,
                    "(module (import \"\" \"look\" (func $look)) (memory (export \"m\") 2)\n"
                    " (func $s (call $look)) (start $s))",
                    1, imports);
  /* During start already. */
  assert_ptr_equal(seen.store, w.store);
  assert_int_equal(seen.memory_size, 2 * MEMORY_PAGE_SIZE);
  assert_true(seen.has_export && !seen.has_missing);
  assert_true(wasm_instance_same(seen.instance, in));
  wasm_instance_delete(seen.instance);
  wasm_memory_t *m = wasmx_instance_memory(in, "m");
  assert_int_equal(wasm_memory_data(m)[0], 42);
  /* The host itself is no instance. */
  assert_null(wasmx_func_call_raw(func, NULL));
  assert_null(seen.instance);
  assert_int_equal(seen.memory_size, 0);
  assert_null(wasmx_caller_store(NULL));
  assert_null(wasmx_caller_instance(NULL));
  assert_null(wasmx_caller_export(NULL, "m"));
  assert_null(wasmx_caller_memory(NULL, NULL));
  wasm_memory_delete(m);
  wasm_func_delete(func);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* --------------------------------------------------------------------------------------------
 * traps */

static wasm_trap_t *make_trap(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args, (void)results;
  wasm_message_t message;
  wasm_name_new_from_string_nt(&message, "my trap");
  wasm_trap_t *trap = wasm_trap_new(env, &message);
  wasm_name_delete(&message);
  return trap;
}

static const char trapping[] = "(module $m (import \"\" \"trap\" (func $trap))\n"
                               " (func $inner (call $trap))\n"
                               " (func $outer (export \"out\\nside\") (param i32) (result i32)\n"
                               "   (if (local.get 0) (then (call $inner))) unreachable))";

static wasm_instance_t *trapping_instance(wasm_store_t *store, wasm_func_callback_with_env_t cb,
                                          void *env) {
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *func = wasm_func_new_with_env(store, type, cb, env, NULL);
  wasm_functype_delete(type);
  wasm_extern_t *imports[1] = {wasm_func_as_extern(func)};
  wasm_instance_t *in = instance_of_n(store, trapping, 1, imports);
  wasm_func_delete(func);
  return in;
}

static void trap_of_callback(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = trapping_instance(w.store, make_trap, w.store);
  wasm_func_t *outer = wasmx_instance_func(in, "out\nside");
  wasm_val_t arg = i32_val(1), result = i32_val(77);
  wasm_trap_t *trap = call_n(outer, 1, &arg, &result);
  assert_non_null(trap);
  assert_int_equal(result.of.i32, 77);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_HOST);
  assert_false(wasmx_trap_exit_status(trap, NULL));
  wasm_frame_vec_t trace;
  wasm_trap_trace(trap, &trace);
  assert_int_equal(trace.size, 2);
  assert_int_equal(wasm_frame_func_index(trace.data[0]), 1);
  assert_int_equal(wasm_frame_func_index(trace.data[1]), 2);
  assert_true(wasm_instance_same(wasm_frame_instance(trace.data[0]), in));
  assert_true(wasm_frame_module_offset(trace.data[0]) > wasm_frame_func_offset(trace.data[0]));
  assert_true(wasm_frame_func_offset(trace.data[0]) > 0);
  assert_string_equal(wasmx_frame_func_name(trace.data[0]), "inner");
  assert_string_equal(wasmx_frame_func_name(trace.data[0]), "inner");
  assert_string_equal(wasmx_frame_func_name(trace.data[1]), "outer");
  assert_string_equal(wasmx_frame_module_name(trace.data[0]), "m");
  assert_string_equal(wasmx_frame_module_name(trace.data[0]), "m");
  wasm_frame_t *origin = wasm_trap_origin(trap), *copy = wasm_frame_copy(origin);
  assert_int_equal(wasm_frame_module_offset(copy), wasm_frame_module_offset(trace.data[0]));
  wasm_frame_vec_t frames, frames_copy;
  wasm_frame_vec_copy(&frames_copy, &trace);
  assert_int_equal(frames_copy.size, 2);
  wasm_frame_vec_delete(&frames_copy);
  wasm_frame_t *list[2] = {origin, copy};
  wasm_frame_vec_new(&frames, 2, list);
  wasm_frame_vec_delete(&frames);
  wasm_frame_vec_new_uninitialized(&frames, 1);
  wasm_frame_vec_delete(&frames);
  wasm_frame_vec_new_empty(&frames);
  wasm_frame_vec_delete(&trace);
  wasm_byte_vec_t text;
  wasmx_trap_print(trap, &text);
  char expected[] = "my trap\n  0: m.inner (0x";
  assert_memory_equal(text.data, expected, sizeof expected - 1);
  wasm_byte_vec_delete(&text);
  assert_trap(trap, "my trap");
  arg = i32_val(0);
  trap = call_n(outer, 1, &arg, &result);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_UNREACHABLE);
  assert_trap(trap, "unreachable");
  wasm_func_delete(outer);
  wasm_instance_delete(in);
  world_delete(&w);
}

static wasm_trap_t *ready_trap(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args, (void)results;
  return wasm_trap_copy(env);
}

/* A trap keeps its identity and info on the way through wasm; one of another store is replaced. */
static void traps_that_exist(void **state) {
  (void)state;
  World w = world_new();
  wasm_store_t *other = wasm_store_new(w.engine);
  wasm_trap_t *mine = wasmx_trap_new_exit(w.store, 3), *theirs = make_trap(other, NULL, NULL);
  wasm_instance_t *in = trapping_instance(w.store, ready_trap, mine);
  wasm_func_t *outer = wasmx_instance_func(in, "out\nside");
  wasm_val_t arg = i32_val(1), result;
  wasm_trap_t *trap = call_n(outer, 1, &arg, &result);
  assert_true(wasm_trap_same(trap, mine));
  int status = 0;
  assert_true(wasmx_trap_exit_status(trap, &status));
  assert_int_equal(status, 3);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_EXIT);
  wasm_trap_delete(trap);
  wasm_func_delete(outer);
  wasm_instance_delete(in);
  in = trapping_instance(w.store, ready_trap, theirs);
  outer = wasmx_instance_func(in, "out\nside");
  trap = call_n(outer, 1, &arg, &result);
  assert_false(wasm_trap_same(trap, theirs));
  wasm_frame_t *origin = wasm_trap_origin(trap);
  assert_non_null(origin);
  wasm_frame_delete(origin);
  assert_trap(trap, "my trap");
  wasm_func_delete(outer);
  wasm_instance_delete(in);
  wasm_trap_delete(mine);
  wasm_trap_delete(theirs);
  wasm_store_delete(other);
  world_delete(&w);
}

/* The trap that a callback returns, as its caller gets it. */
static wasm_trap_t *through_wasm(World *w, wasm_trap_t *trap) {
  wasm_instance_t *in = trapping_instance(w->store, ready_trap, trap);
  wasm_func_t *outer = wasmx_instance_func(in, "out\nside");
  wasm_val_t arg = i32_val(1), result;
  wasm_trap_t *got = call_n(outer, 1, &arg, &result);
  wasm_func_delete(outer);
  wasm_instance_delete(in);
  return got;
}

/* A host that says no without a store is heard. */
static void traps_without_store(void **state) {
  (void)state;
  World w = world_new();
  char text[] = "host says no";
  wasm_message_t message = {sizeof text, text};
  wasm_trap_t *lone = wasm_trap_new(NULL, &message);
  text[0] = 'X'; /* the message was copied */
  assert_int_equal(wasmx_trap_code(lone), WASMX_TRAP_HOST);
  wasm_trap_t *copy = wasm_trap_copy(lone), *other = wasm_trap_new(NULL, NULL);
  assert_true(wasm_trap_same(copy, lone));
  assert_false(wasm_trap_same(other, lone));
  wasm_trap_delete(other);
  assert_null(wasm_trap_origin(lone));
  wasm_frame_vec_t trace;
  wasm_trap_trace(lone, &trace);
  assert_int_equal(trace.size, 0);
  wasm_byte_vec_t printed;
  wasmx_trap_print(lone, &printed);
  assert_int_equal(printed.size, sizeof text);
  assert_memory_equal(printed.data, "host says no\n", sizeof text);
  wasm_byte_vec_delete(&printed);
  assert_ptr_equal(wasm_ref_as_trap(wasm_trap_as_ref(lone)), lone);
  int ends = 0;
  wasm_trap_set_host_info_with_finalizer(copy, &ends, count_call);
  assert_ptr_equal(wasm_trap_get_host_info(lone), &ends);
  wasm_trap_t *got = through_wasm(&w, lone);
  wasm_frame_t *origin = wasm_trap_origin(got);
  assert_non_null(origin);
  wasm_frame_delete(origin);
  assert_int_equal(wasmx_trap_code(got), WASMX_TRAP_HOST);
  assert_trap(got, "host says no");
  wasm_trap_delete(lone);
  assert_int_equal(ends, 0);
  assert_trap(copy, "host says no");
  assert_int_equal(ends, 1);
  world_delete(&w);
}

/* A status and a code come through, too, from no store, another one, and one that is gone. */
static void traps_of_elsewhere(void **state) {
  (void)state;
  World w = world_new();
  wasm_store_t *other = wasm_store_new(w.engine);
  wasm_trap_t *lone = wasmx_trap_new_exit(NULL, 5), *theirs = wasmx_trap_new_exit(other, 6);
  wasm_instance_t *in = instance_of(other, "(module (func (export \"f\") unreachable))");
  wasm_func_t *f = wasmx_instance_func(in, "f");
  wasm_trap_t *unreachable = wasmx_func_call_raw(f, (wasmx_slot_t[1]){{0}});
  wasm_trap_t *got = through_wasm(&w, lone);
  int status = 0;
  assert_true(wasmx_trap_exit_status(got, &status));
  assert_int_equal(status, 5);
  wasm_trap_delete(got);
  got = through_wasm(&w, theirs);
  assert_true(wasmx_trap_exit_status(got, &status));
  assert_int_equal(status, 6);
  wasm_trap_delete(got);
  got = through_wasm(&w, unreachable);
  assert_int_equal(wasmx_trap_code(got), WASMX_TRAP_UNREACHABLE);
  assert_trap(got, "unreachable");
  wasm_func_delete(f);
  wasm_instance_delete(in);
  wasm_store_delete(other);
  assert_trap(through_wasm(&w, theirs), "deleted");
  wasm_trap_delete(unreachable);
  wasm_trap_delete(theirs);
  wasm_trap_delete(lone);
  world_delete(&w);
}

/* Knows one name, fills what it is given for another. */
static bool make_readable(const char *name, char *out, size_t size) {
  if (strcmp(name, "_Zlong") == 0) {
    memset(out, 'x', size); /* without its end */
    return true;
  }
  if (strcmp(name, "_Z1fv") != 0) return false;
  snprintf(out, size, "f(\x1b<T>)");
  return true;
}

static void readable_names(void **state) {
  (void)state;
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_demangle(config, make_readable));
  assert_false(wasmx_config_set_demangle(NULL, make_readable));
  World w = {.engine = wasm_engine_new_with_config(config)};
  w.store = wasm_store_new(w.engine);
  wasm_instance_t *in = instance_of(
      w.store, "(module (func (export \"_Z1fv\") unreachable) (func (export \"_Zlong\") (call 0))"
               " (func (export \"plain\") (call 1)) (func (export \"nul\\00\") (call 2)))");
  wasm_func_t *f = (wasm_func_t *)wasmx_instance_export_n(in, "nul", 4);
  wasm_trap_t *trap = wasmx_func_call_raw(f, NULL);
  wasm_byte_vec_t text;
  wasmx_trap_print(trap, &text);
  text.data[text.size - 1] = 0;
  assert_non_null(strstr(text.data, "0: f(\\1b<T>) (0x"));
  assert_non_null(strstr(text.data, "1: xxxx"));
  assert_non_null(strstr(text.data, "xxx... (0x"));
  assert_non_null(strstr(text.data, "2: plain (0x"));
  assert_non_null(strstr(text.data, "3: nul\\00 (0x"));
  wasm_byte_vec_delete(&text);
  wasm_trap_delete(trap);
  wasm_func_delete(f);
  wasm_instance_delete(in);
  world_delete(&w);
}

static void trap_messages(void **state) {
  (void)state;
  World w = world_new();
  wasm_message_t message = {3, (wasm_byte_t *)(uintptr_t)"abc"}, out;
  wasm_trap_t *trap = wasm_trap_new(w.store, &message); /* without its terminating zero */
  wasm_trap_message(trap, &out);
  assert_int_equal(out.size, 4);
  assert_string_equal(out.data, "abc");
  wasm_byte_vec_delete(&out);
  assert_null(wasm_trap_origin(trap));
  wasm_frame_vec_t trace;
  wasm_trap_trace(trap, &trace);
  assert_int_equal(trace.size, 0);
  wasm_trap_delete(trap);
  trap = wasm_trap_new(w.store, NULL);
  wasm_trap_message(trap, &out);
  assert_int_equal(out.size, 1);
  wasm_byte_vec_delete(&out);
  wasm_trap_delete(trap);
  wasm_trap_message(NULL, &out);
  assert_int_equal(out.size, 0);
  wasm_trap_message(NULL, NULL);
  wasmx_trap_print(NULL, &out);
  assert_int_equal(out.size, 0);
  wasm_trap_trace(NULL, &trace);
  assert_int_equal(trace.size, 0);
  assert_null(wasm_trap_origin(NULL));
  assert_int_equal(wasmx_trap_code(NULL), 0);
  assert_null(wasm_frame_instance(NULL));
  assert_int_equal(wasm_frame_func_index(NULL), 0);
  assert_int_equal(wasm_frame_func_offset(NULL), 0);
  assert_int_equal(wasm_frame_module_offset(NULL), 0);
  assert_null(wasmx_frame_func_name(NULL));
  assert_null(wasmx_frame_module_name(NULL));
  assert_null(wasm_frame_copy(NULL));
  wasm_frame_delete(NULL);
  world_delete(&w);
}

static void deep_recursion(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, "(module (func $f (export \"f\") (call $f)))");
  wasm_func_t *f = wasmx_instance_func(in, "f");
  wasm_trap_t *trap = wasmx_func_call_raw(f, NULL);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_STACK_OVERFLOW);
  wasm_frame_vec_t trace;
  wasm_trap_trace(trap, &trace);
  assert_true(trace.size > 10 && trace.size < 1000);
  wasm_frame_vec_delete(&trace);
  wasm_byte_vec_t text;
  wasmx_trap_print(trap, &text);
  assert_true(text.size > 100);
  wasm_byte_vec_delete(&text);
  wasm_trap_delete(trap);
  trap = wasmx_func_call_raw(f, NULL); /* the store is usable afterwards */
  assert_trap(trap, "call stack exhausted");
  wasm_func_delete(f);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* ------------------------------------------------------------------------------------
 * instantiation */

static void instantiation_errors(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of(w.store, "(module (import \"a\" \"b\" (global i32)))");
  wasm_trap_t *trap = NULL;
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasm_instance_new(w.store, module, NULL, &trap));
  assert_trap(trap, "0 imports given");
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *func = wasm_func_new(w.store, type, swap_plain);
  wasm_functype_delete(type);
  wasm_extern_t *list[1] = {wasm_func_as_extern(func)};
  wasm_extern_vec_t imports = {1, list};
  trap = (wasm_trap_t *)&imports;
  assert_null(wasmx_instance_new(w.store, module, &imports, &trap, &err));
  assert_null(trap);
  assert_int_equal(err.code, WASMX_LINK);
  assert_string_equal(err.import_module, "a");
  assert_string_equal(err.import_name, "b");
  assert_non_null(strstr(err.expected, "i32"));
  assert_int_not_equal(err.found[0], 0);
  assert_string_equal(wasmx_last_error()->message, err.message);
  list[0] = NULL;
  assert_null(wasmx_instance_new(w.store, module, &imports, NULL, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  wasm_store_t *other = wasm_store_new(w.engine);
  wasm_foreign_t *foreign = wasm_foreign_new(w.store), *stranger = wasm_foreign_new(other);
  list[0] = (wasm_extern_t *)foreign;
  assert_null(wasmx_instance_new(w.store, module, &imports, NULL, &err));
  assert_last_error(WASMX_ARGUMENT, "no external");
  list[0] = (wasm_extern_t *)stranger;
  assert_null(wasmx_instance_new(w.store, module, &imports, NULL, &err));
  assert_last_error(WASMX_ARGUMENT, "another store");
  assert_null(wasm_instance_new(w.store, NULL, &imports, NULL));
  assert_null(wasm_instance_new(NULL, module, &imports, &trap));
  wasm_trap_delete(trap);
  wasm_foreign_delete(foreign);
  wasm_foreign_delete(stranger);
  wasm_store_delete(other);
  wasm_func_delete(func);
  wasm_module_delete(module);

  module = module_of(w.store, "(module (func $s unreachable) (start $s))");
  assert_null(wasm_instance_new(w.store, module, NULL, &trap));
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_UNREACHABLE);
  assert_trap(trap, "unreachable");
  assert_null(wasmx_instance_new(w.store, module, NULL, NULL, &err));
  assert_int_equal(err.code, WASMX_TRAPPED);
  wasm_module_delete(module);
  module = module_of(w.store, "(module (memory 1) (data (i32.const 65536) \"x\"))");
  assert_null(wasm_instance_new(w.store, module, NULL, &trap));
  assert_trap(trap, "out of bounds memory access");
  wasm_module_delete(module);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),
      cmocka_unit_test(wrong_arguments),
      cmocka_unit_test(references),
      cmocka_unit_test(raw_calls),
      cmocka_unit_test(callbacks),
      cmocka_unit_test(callbacks_that_cannot_be),
      cmocka_unit_test(many_values),
      cmocka_unit_test(wrong_results),
      cmocka_unit_test(references_through_callbacks),
      cmocka_unit_test(callers),
      cmocka_unit_test(trap_of_callback),
      cmocka_unit_test(traps_that_exist),
      cmocka_unit_test(traps_without_store),
      cmocka_unit_test(traps_of_elsewhere),
      cmocka_unit_test(readable_names),
      cmocka_unit_test(trap_messages),
      cmocka_unit_test(deep_recursion),
      cmocka_unit_test(instantiation_errors),
  };
  return run_with_text(tests);
}
