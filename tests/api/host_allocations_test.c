/* As allocations_test.c, for what makes the host's life easier: calls and values of wasmx_call.h,
 * what hosts give of wasmx_host.h, engines and their settings. */
#include "api/sweep.h"

#include <stdlib.h>

static const char program[] =
    "(module $p\n"
    " (import \"env\" \"host\" (func $host (param i32 externref) (result externref)))\n"
    " (memory (export \"m\") 1 9) (data (i32.const 8) \"hello\\00\")\n"
    " (table (export \"t\") 2 funcref) (table (export \"x\") 2 externref)\n"
    " (global (export \"g\") (mut i32) (i32.const 7))\n"
    " (global (export \"r\") (mut externref) (ref.null extern))\n"
    " (global (export \"v\") (mut v128) (v128.const i64x2 1 2))\n"
    " (func (export \"f\") (param i32 externref) (result externref)\n"
    "  (call $host (local.get 0) (local.get 1)))\n"
    " (func (export \"all\") (param v128 i64 f32 f64 externref externref)\n"
    "  (result externref v128 f64 externref)\n"
    "  (local.get 4) (local.get 0) (local.get 3) (local.get 5))\n"
    " (func (export \"count\") (param i32) (result i32) (local $n i32)\n"
    "  (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1)))\n"
    "   (br_if $l (i32.lt_u (local.get $n) (local.get 0)))) (local.get $n))\n"
    " (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))\n"
    " (func (export \"malloc\") (param i32) (result i32) (i32.const 64))\n"
    " (func (export \"crash\") (param i32) (result i32) unreachable)\n"
    " (func $start (call $nothing)) (func $nothing) (start $start)\n"
    " (elem (i32.const 0) $nothing))";

/* Of many results, for which no array on the stack has room. */
static const char many[] =
    "(module (func (export \"many\") (param externref)\n"
    " (result externref externref externref externref externref externref externref externref\n"
    "  externref externref externref externref externref externref externref externref externref\n"
    "  externref externref externref)\n"
    " (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)\n"
    " (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)\n"
    " (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)\n"
    " (local.get 0) (local.get 0)))";
enum { MANY = 20 };

/* Imports of all kinds that nobody defines, beside what the host does. */
static const char needy[] =
    "(module (import \"env\" \"values\" (func $values (param i32 externref) (result externref)))\n"
    " (import \"env\" \"raw\" (func $raw (param i32 externref) (result externref)))\n"
    " (import \"no\" \"f\" (func $f (result i32 externref)))\n"
    " (import \"no\" \"g\" (global (mut i64))) (import \"no\" \"t\" (table 1 externref))\n"
    " (import \"no\" \"m\" (memory 1 2)) (import \"no\" \"e\" (tag (param i32)))\n"
    " (func (export \"values\") (param externref) (result externref)\n"
    "  (call $values (i32.const 1) (local.get 0)))\n"
    " (func (export \"missing\") (result i32 externref) (call $f)))";
static const char needs_a_function[] =
    "(module (import \"no\" \"f\" (func $f)) (func (export \"missing\") (call $f)))";

static const char keeps_things[] =
    "(module $kept (memory (export \"m\") 1 2) (global (export \"g\") (mut i32) (i32.const 7))\n"
    " (table (export \"t\") 2 funcref) (func $f (export \"f\")) (elem (i32.const 0) $f)\n"
    " (data (i32.const 70) \"data\"))";

/* What the steps work on, made before anything fails. */
static struct {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_module_t *module, *needy, *needs_a_function;
  wasm_instance_t *instance, *many, *kept;
  wasm_func_t *host, *f, *all, *count, *grow;
  wasm_memory_t *memory;
  wasm_table_t *extern_table;
  wasm_global_t *ref_global, *wide_global;
  wasm_foreign_t *foreign;
  wasm_globaltype_t *ref_type;
  wasm_tabletype_t *table_type;
  wasmx_linker_t *linker;
  wasm_trap_t *trap;
  wasm_frame_t *frame;
} s;

static int gone;

static wasm_ref_t *foreign_ref(void) { return wasm_foreign_as_ref(s.foreign); }

/* ---- values ---- */

static void copied_values(void) {
  const wasmx_val_t number = of_i32(3), ref = of_ref(foreign_ref());
  wasmx_val_t copy;
  assert_true(wasmx_val_copy(&copy, &number));
  if (made(wasmx_val_copy(&copy, &ref))) assert_true(wasm_ref_same(copy.of.ref, foreign_ref()));
  wasmx_val_delete(&copy);
  assert_null(copy.of.ref);
}

static void globals(void) {
  const wasmx_val_t ref = of_ref(foreign_ref()), number = of_i32(3);
  wasmx_val_t out, wide;
  wasm_global_t *global = wasmx_global_new(s.store, s.ref_type, &ref);
  if (made(global != NULL)) {
    if (made(wasmx_global_get(global, &out))) assert_true(wasm_ref_same(out.of.ref, ref.of.ref));
    wasmx_val_delete(&out);
  }
  wasm_global_delete(global);
  assert_true(wasmx_global_get(s.wide_global, &wide) && wide.of.v128.u64[1] == 2);
  assert_true(wasmx_global_set(s.wide_global, &wide));
  assert_true(wasmx_global_set(s.ref_global, &ref));
  assert_false(wasmx_global_set(s.ref_global, &number));
  assert_true(wasmx_instance_global_set(s.instance, "g", &number));
  assert_true(wasmx_instance_global_get(s.instance, "g", &out) && out.of.i32 == 3);
  made(wasmx_instance_global_get(s.instance, "r", &out));
  wasmx_val_delete(&out);
  assert_false(wasmx_instance_global_get(s.instance, "none", &out));
}

static void tables(void) {
  const wasmx_val_t ref = of_ref(foreign_ref()), none = of_ref(NULL);
  wasmx_val_t out;
  assert_true(wasmx_table_set(s.extern_table, 1, &ref));
  if (made(wasmx_table_get(s.extern_table, 1, &out)))
    assert_true(wasm_ref_same(out.of.ref, foreign_ref()));
  wasmx_val_delete(&out);
  assert_true(wasmx_instance_table_set(s.instance, "x", 1, &none));
  assert_true(wasmx_instance_table_get(s.instance, "x", 1, &out) && !out.of.ref);
  made(wasmx_instance_table_get(s.instance, "t", 0, &out)); /* a function */
  if (out.of.ref) assert_true(wasmx_instance_table_set(s.instance, "t", 1, &out));
  wasmx_val_delete(&out);
  assert_false(wasmx_instance_table_get(s.instance, "t", 2, &out));
}

/* What does not grow has its old size, and what memory has to do with it is a limit (wasmx_call.h).
 */
static void growing_tables(void) {
  const wasmx_val_t ref = of_ref(foreign_ref());
  uint64_t old;
  wasm_table_t *table = wasm_table_new(s.store, s.table_type, NULL);
  if (!made(table != NULL)) return;
  bool grown = wasmx_table_grow(table, 3000, &ref, &old);
  if (grown)
    assert_int_equal(old, 2);
  else
    assert_int_equal(wasmx_last_error()->code, WASMX_LIMIT);
  assert_int_equal(wasmx_table_size(table), grown ? 3002 : 2);
  refused += !grown;
  wasm_table_delete(table);
}

/* ---- calls ---- */

static void calls_with_values(void) {
  const wasmx_val_t args[2] = {of_i32(1), of_ref(foreign_ref())};
  wasmx_val_t result;
  if (!no_trap(wasmx_func_call(s.f, 2, args, 1, &result))) return;
  assert_true(wasm_ref_same(result.of.ref, foreign_ref()));
  wasmx_val_delete(&result);
}

static void calls_of_many_results(void) {
  const wasmx_val_t arg = of_ref(foreign_ref());
  wasmx_val_t results[MANY];
  wasm_func_t *func = wasmx_instance_func(s.many, "many");
  if (!made(func != NULL)) return;
  if (no_trap(wasmx_func_call(func, 1, &arg, MANY, results)))
    for (int i = 0; i < MANY; i++) wasmx_val_delete(&results[i]);
  wasm_func_delete(func);
}

#define ALL "(v128, i64, f32, f64, externref, externref) -> (externref, v128, f64, externref)"

/* References that were made go when a later one cannot be. */
static void calls_with_c_arguments(void) {
  const wasmx_v128_t in = {.u64 = {5, 6}};
  wasmx_v128_t out = {.u64 = {0, 0}};
  wasm_ref_t *first = NULL, *second = NULL, *ref = foreign_ref();
  double number = 0;
  wasm_trap_t *trap =
      wasmx_call(s.all, ALL, &in, INT64_C(1), 2.0, 3.5, ref, ref, &first, &out, &number, &second);
  if (no_trap(trap)) {
    assert_true(out.u64[1] == 6 && number == 3.5 && wasm_ref_same(first, second));
    wasm_ref_delete(first), wasm_ref_delete(second);
  } else {
    assert_true(!first && !second && number == 0);
  }
  ended_with(WASMX_TRAP_HOST, wasmx_call(s.all, "() -> ()"));
}

static void typed_calls(void) {
  wasmx_error_t err = no_error();
  wasmx_typed_func_t *list[2] = {wasmx_typed_func_new(s.f, "(i32, externref) -> externref", &err)};
  made_or_says(list[0] != NULL, &err);
  list[1] = wasmx_instance_typed_func(s.instance, "f", "(i32, externref) -> externref", &err);
  made_or_says(list[1] != NULL, &err);
  const wasmx_call_options_t options = {.size = sizeof options, .deadline_ns = UINT64_MAX / 4};
  for (int i = 0; i < 2; i++) {
    wasm_ref_t *result = NULL;
    if (!list[i]) continue;
    wasm_trap_t *trap = i ? wasmx_typed_call_with(list[i], &options, 1, foreign_ref(), &result)
                          : wasmx_typed_call(list[i], 1, foreign_ref(), &result);
    if (no_trap(trap)) assert_true(wasm_ref_same(result, foreign_ref()));
    wasm_ref_delete(result);
    assert_int_equal(wasm_func_param_arity(wasmx_typed_func_func(list[i])), 2);
    wasmx_typed_func_delete(list[i]);
  }
  assert_null(wasmx_typed_func_new(s.f, "() -> ()", &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
}

static void signatures(void) {
  wasmx_error_t err = no_error();
  wasm_functype_t *types[2] = {wasmx_functype_parse(ALL, &err)};
  made_or_says(types[0] != NULL, &err);
  types[1] = wasmx_functype_parse("() -> ()", &err);
  made_or_says(types[1] != NULL, &err);
  if (types[0]) assert_int_equal(wasm_functype_results(types[0])->size, 4);
  wasm_functype_delete(types[0]), wasm_functype_delete(types[1]);
  assert_null(wasmx_functype_parse("(i32", &err));
  assert_int_equal(err.code, WASMX_SYNTAX);
}

/* ---- options and stops ---- */

static void calls_with_options(void) {
  wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
  if (!made(interrupt != NULL)) return;
  uint64_t left = 0;
  wasmx_call_options_t options = {.size = sizeof options,
                                  .deadline_ns = UINT64_MAX / 4,
                                  .fuel = 100000,
                                  .fuel_left = &left,
                                  .interrupt = interrupt};
  wasmx_slot_t slots[1] = {wasmx_slot_i32(10)};
  if (no_trap(wasmx_func_call_with(s.count, slots, &options)))
    assert_true(slots[0].i32 == 10 && left > 0 && left < 100000);
  wasmx_interrupt_raise(interrupt);
  assert_true(wasmx_interrupt_is_raised(interrupt));
  slots[0] = wasmx_slot_i32(10);
  ended_with(WASMX_TRAP_INTERRUPTED, wasmx_func_call_with(s.count, slots, &options));
  wasmx_interrupt_clear(interrupt);
  options.fuel = 20, slots[0] = wasmx_slot_i32(1000000);
  ended_with(WASMX_TRAP_OUT_OF_FUEL, wasmx_func_call_with(s.count, slots, &options));
  wasmx_interrupt_delete(interrupt);
}

static void instances_with_options(void) {
  wasmx_error_t err = no_error();
  const wasmx_call_options_t options = {
      .size = sizeof options, .deadline_ns = UINT64_MAX / 4, .fuel = 1000};
  wasm_extern_t *list[1] = {wasm_func_as_extern(s.host)};
  const wasm_extern_vec_t imports = {1, list};
  wasm_trap_t *trap = NULL;
  wasm_instance_t *in = wasmx_instance_new_with(s.store, s.module, &imports, &options, &trap, &err);
  if (no_trap(trap)) made_or_says(in != NULL, &err);
  wasm_instance_delete(in);
  trap = NULL;
  in = wasmx_linker_instantiate_with(s.linker, s.module, &options, &trap, &err);
  if (no_trap(trap)) made_or_says(in != NULL, &err);
  wasm_instance_delete(in);
}

static bool answer(void *env) { return *(bool *)env; }

enum { LONG = 1000000 }; /* rounds, in which the interpreter looks whether it is to stop */

static void stop_handlers(void) {
  bool goes_on = true;
  assert_true(wasmx_store_set_stop_handler(s.store, answer, &goes_on));
  wasmx_store_interrupt(s.store);
  wasmx_slot_t slots[1] = {wasmx_slot_i32(LONG)};
  if (no_trap(wasmx_func_call_raw(s.count, slots))) assert_int_equal(slots[0].i32, LONG);
  goes_on = false;
  wasmx_store_interrupt(s.store);
  slots[0] = wasmx_slot_i32(LONG);
  ended_with(WASMX_TRAP_INTERRUPTED, wasmx_func_call_raw(s.count, slots));
  wasmx_store_clear_interrupt(s.store);
  assert_true(wasmx_store_set_stop_handler(s.store, NULL, NULL));
}

static void traps_of_codes(void) {
  ended_with(WASMX_TRAP_NULL_FUNCTION, wasmx_trap_new_code(s.store, WASMX_TRAP_NULL_FUNCTION));
  ended_with(WASMX_TRAP_HOST, wasmx_trap_new_code(s.store, 9999));
}

/* Made when they are asked for, and kept by the frame. */
static void frame_names(void) {
  wasm_frame_t *copy = wasm_frame_copy(s.frame);
  if (!made(copy != NULL)) return;
  const wasm_name_t *func = wasmx_frame_func_name_view(copy);
  if (made(func != NULL)) assert_int_equal(func->size, strlen("crash"));
  const wasm_name_t *module = wasmx_frame_module_name_view(copy);
  if (made(module != NULL)) assert_int_equal(module->size, strlen("p"));
  wasm_frame_delete(copy);
}

/* ---- what the host defines ---- */

static wasm_trap_t *give_back_raw(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller;
  slots[0] = slots[1];
  return NULL;
}

static int32_t native(int32_t v) { return v + 1; }

/* The text of the caller's memory is read on the way. */
static wasm_trap_t *read_and_give_back(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  wasm_byte_vec_t text;
  if (wasmx_caller_data(caller) == &gone) {
    if (made(wasmx_caller_string(caller, 8, 100, &text))) assert_string_equal(text.data, "hello");
    wasm_byte_vec_delete(&text);
    if (made(wasmx_caller_string_n(caller, 8, 2, 100, &text))) assert_string_equal(text.data, "he");
    wasm_byte_vec_delete(&text);
    assert_memory_equal(wasmx_caller_at(caller, 8, 5), "hello", 5);
    assert_null(wasmx_caller_at(caller, 65536, 1));
  }
  return give_back_raw(env, caller, slots);
}

/* How many were defined with a finalizer. */
static int define_functions(wasmx_linker_t *linker) {
  bool values = made(
      wasmx_linker_define_func(linker, "env", "values", HOST_TYPE, hand_back, &gone, count_call));
  bool raw = made(wasmx_linker_define_func_raw(linker, "env", "raw", HOST_TYPE, give_back_raw,
                                               &gone, count_call));
  if (wasmx_has("native"))
    made(wasmx_linker_define_func_native(linker, "env", "native", "i32 -> i32",
                                         (void (*)(void))native));
  return values + raw;
}

static void use_needy(const wasm_instance_t *in) {
  wasm_func_t *values = wasmx_instance_func(in, "values"),
              *missing = wasmx_instance_func(in, "missing");
  made(values && missing);
  wasm_ref_t *ref = NULL;
  int32_t number = 5;
  if (values) {
    wasm_trap_t *trap = wasmx_call(values, "externref -> externref", foreign_ref(), &ref);
    no_trap(trap);
  }
  wasm_ref_delete(ref), ref = NULL;
  if (missing && no_trap(wasmx_call(missing, "() -> (i32, externref)", &number, &ref)))
    assert_true(number == 0 && !ref);
  wasm_func_delete(values), wasm_func_delete(missing);
}

static void defined_functions(void) {
  wasmx_linker_t *linker = wasmx_linker_new(s.store);
  if (!made(linker != NULL)) return;
  gone = 0;
  int defined = define_functions(linker);
  wasmx_error_t err = no_error();
  bool whole = made_or_says(
      wasmx_linker_define_unknown_imports(linker, s.needy, WASMX_STUB_DEFAULT, &err), &err);
  wasm_trap_t *trap = NULL;
  wasm_instance_t *in =
      whole ? wasmx_linker_instantiate_with(linker, s.needy, NULL, &trap, &err) : NULL;
  if (whole && no_trap(trap)) made_or_says(in != NULL, &err);
  if (in) use_needy(in);
  wasm_instance_delete(in);
  wasmx_linker_delete(linker);
  wasmx_store_collect(s.store);
  assert_int_equal(gone, defined);
}

static void trapping_stubs(void) {
  wasmx_linker_t *linker = wasmx_linker_new(s.store);
  wasmx_error_t err = no_error();
  if (!made(linker != NULL)) return;
  wasm_instance_t *in = NULL;
  if (made_or_says(
          wasmx_linker_define_unknown_imports(linker, s.needs_a_function, WASMX_STUB_TRAP, &err),
          &err))
    in = wasmx_linker_instantiate(linker, s.needs_a_function, NULL, &err);
  wasm_func_t *missing = made(in != NULL) ? wasmx_instance_func(in, "missing") : NULL;
  if (in && made(missing != NULL)) ended_with(WASMX_TRAP_HOST, wasmx_func_call_raw(missing, NULL));
  wasm_func_delete(missing);
  wasm_instance_delete(in);
  wasmx_linker_delete(linker);
}

/* ---- data, memory, growth ---- */

static void user_data(void) {
  gone = 0;
  wasm_store_t *store = wasm_store_new(s.engine);
  if (!made(store != NULL)) return;
  assert_true(wasmx_store_set_data(store, &gone, count_call));
  assert_ptr_equal(wasmx_store_get_data(store), &gone);
  assert_true(wasmx_store_try_delete(store));
  assert_int_equal(gone, 1);
  assert_true(wasmx_instance_set_data(s.instance, &gone, count_call));
  assert_ptr_equal(wasmx_instance_get_data(s.instance), &gone);
  no_trap(wasmx_call(s.f, HOST_TYPE, 1, NULL, NULL)); /* reads its memory, as it has data */
  assert_true(wasmx_instance_set_data(s.instance, NULL, NULL));
  assert_int_equal(gone, 2);
}

static void guest_memory(void) {
  wasm_byte_vec_t text;
  assert_memory_equal(wasmx_memory_at(s.memory, 8, 5), "hello", 5);
  assert_null(wasmx_memory_at(s.memory, UINT64_MAX, 2));
  if (made(wasmx_memory_string(s.memory, 8, 5, &text))) assert_string_equal(text.data, "hello");
  wasm_byte_vec_delete(&text);
  if (made(wasmx_memory_string_n(s.memory, 8, 5, 5, &text))) assert_int_equal(text.size, 5);
  wasm_byte_vec_delete(&text);
  assert_false(wasmx_memory_string(s.memory, 8, 4, &text));
  assert_int_equal(wasmx_last_error()->code, WASMX_LIMIT);
}

static void guest_room(void) {
  wasmx_error_t err = no_error();
  wasm_trap_t *trap = NULL;
  uint64_t address = 0;
  bool done = wasmx_instance_alloc_copy(s.instance, NULL, "abc", 3, &address, &trap, &err);
  if (no_trap(trap) && made_or_says(done, &err))
    assert_memory_equal(wasmx_memory_at(s.memory, address, 3), "abc", 3);
  assert_false(wasmx_instance_alloc_copy(s.instance, "crash", "abc", 3, &address, &trap, &err));
  if (ended_with(WASMX_TRAP_UNREACHABLE, trap)) assert_int_equal(err.code, WASMX_TRAPPED);
}

static bool asked(void *env, const wasmx_growth_t *growth) {
  ++*(int *)env;
  return growth->to < 9 * UINT64_C(65536);
}

/* Nobody is asked for a growth of nothing. */
static void growth(void) {
  int times = 0;
  uint64_t old, pages = wasmx_memory_size(s.memory);
  assert_true(wasmx_store_set_growth_callback(s.store, asked, &times));
  assert_false(wasmx_memory_grow(s.memory, 9 - pages, &old)); /* vetoed */
  assert_int_equal(times, 1);
  wasm_memorytype_t *type = wasmx_memorytype_new((wasmx_limits64_t){1, 2}, false, false);
  wasm_memory_t *memory = made(type != NULL) ? wasm_memory_new(s.store, type) : NULL;
  if (type && made(memory != NULL)) refused += !wasmx_memory_grow(memory, 1, &old);
  wasm_memory_delete(memory);
  wasm_memorytype_delete(type);
  wasmx_slot_t slots[1] = {wasmx_slot_i32(9)};
  if (no_trap(wasmx_func_call_raw(s.grow, slots))) assert_int_equal(slots[0].i32, -1);
  assert_true(wasmx_store_set_growth_callback(s.store, NULL, NULL));
}

static void snapshots(void) {
  wasmx_error_t err = no_error();
  const wasmx_export_change_t change = {"f", "renamed"};
  const wasmx_snapshot_options_t options = {
      .size = sizeof options, .exports = &change, .export_count = 1};
  wasm_byte_vec_t bytes;
  if (made_or_says(wasmx_instance_snapshot(s.kept, &options, &bytes, &err), &err)) {
    wasm_module_t *module = wasm_module_new(s.store, &bytes);
    made(module != NULL);
    wasm_module_delete(module);
  } else {
    assert_null(bytes.data);
  }
  wasm_byte_vec_delete(&bytes);
}

/* ---- engines ---- */

static bool no_names(const char *name, char *out, size_t size) {
  (void)name, (void)out, (void)size;
  return false;
}

static void settings(void) {
  wasm_config_t *config = wasm_config_new();
  if (!made(config != NULL)) return;
  assert_true(wasmx_config_set_tier(config, WASMX_TIER_INTERP));
  assert_true(wasmx_config_set_stack_size(config, 1 << 20) &&
              wasmx_config_set_native_stack_size(config, 1 << 20));
  assert_true(wasmx_config_set_feature(config, "simd", false) &&
              wasmx_config_set_compile_threads(config, 1));
  assert_true(wasmx_config_set_signals(config, false) && wasmx_config_set_fuel(config, true));
  assert_true(wasmx_config_set_canonical_nan(config, true) &&
              wasmx_config_set_relaxed_simd_fast(config, true));
  assert_true(wasmx_config_set_cache(config, "/tmp") &&
              wasmx_config_set_cache_limit(config, 1 << 20));
  assert_true(wasmx_config_set_profile(config, WASMX_PROFILE_GDB) &&
              wasmx_config_set_demangle(config, no_names));
  assert_true(wasmx_config_set_hidden(config, "verify=1"));
  wasm_config_delete(config);
  bool supported;
  wasmx_engine_stats_t stats = {.size = sizeof stats};
  wasmx_engine_stats(s.engine, &stats);
  assert_non_null(wasmx_feature(0, &supported));
  assert_non_null(wasmx_version());
}

static void hanging_on_engines(void) {
  gone = 0;
  wasm_config_t *config = wasm_config_new();
  if (!made(config != NULL)) return;
  int hung = made(wasmx_config_set_host_info(config, &gone, count_call));
  assert_ptr_equal(wasmx_config_host_info(config), hung ? &gone : NULL);
  assert_false(hung && wasmx_config_set_host_info(config, &gone, count_call)); /* set once */
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  if (made(engine != NULL)) {
    if (!hung) hung = made(wasmx_engine_set_host_info(engine, &gone, count_call));
    assert_ptr_equal(wasmx_engine_host_info(engine), hung ? &gone : NULL);
    wasm_engine_t *copy = wasmx_engine_copy(engine);
    assert_ptr_equal(copy, engine);
    wasm_engine_delete(engine);
    assert_int_equal(gone, 0);
    wasm_engine_delete(copy);
  }
  assert_int_equal(gone, hung);
  engine = wasm_engine_new();
  if (made(engine != NULL)) hung += made(wasmx_engine_set_host_info(engine, &gone, count_call));
  wasm_engine_delete(engine);
  assert_int_equal(gone, hung);
}

static int reserved; /* memories that the host gave and has not back */

static void *reserve(void *env, uint64_t bytes) {
  (void)env;
  char *room = bytes <= 1 << 20 ? calloc(1, bytes + WASMX_MEMORY_HEADER) : NULL;
  reserved += room != NULL;
  return room ? room + WASMX_MEMORY_HEADER : NULL;
}
static bool commit(void *env, void *base, uint64_t from, uint64_t to) {
  (void)env, (void)base, (void)from, (void)to;
  return true;
}
static void release(void *env, void *base, uint64_t bytes) {
  (void)env, (void)bytes;
  reserved--;
  free((char *)base - WASMX_MEMORY_HEADER);
}

static void use_hooked(wasm_engine_t *engine) {
  wasm_store_t *store = wasm_store_new(engine);
  if (!made(store != NULL)) return;
  wasm_memorytype_t *type = wasmx_memorytype_new((wasmx_limits64_t){1, 2}, false, false);
  wasm_memory_t *memory = made(type != NULL) ? wasm_memory_new(store, type) : NULL;
  if (type && made(memory != NULL)) refused += !wasmx_memory_grow(memory, 1, NULL);
  wasm_memorytype_delete(type);
  wasm_memory_delete(memory);
  assert_true(wasmx_store_try_delete(store));
}

static void memory_hooks(void) {
  gone = 0;
  wasm_config_t *config = wasm_config_new();
  if (!made(config != NULL)) return;
  const wasmx_memory_hooks_t hooks = {.size = sizeof hooks,
                                      .env = &gone,
                                      .reserve = reserve,
                                      .commit = commit,
                                      .release = release,
                                      .finalizer = count_call};
  bool hooked = made(wasmx_config_set_memory_hooks(config, &hooks));
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  if (made(engine != NULL)) use_hooked(engine);
  wasm_engine_delete(engine);
  assert_int_equal(reserved, 0);
  assert_int_equal(gone, hooked);
}

static const Step steps[] = {
    STEP(copied_values),
    STEP(globals),
    STEP(tables),
    STEP(growing_tables),
    STEP(calls_with_values),
    STEP(calls_of_many_results),
    STEP(calls_with_c_arguments),
    STEP(typed_calls),
    STEP(signatures),
    STEP(calls_with_options),
    STEP(instances_with_options),
    STEP(stop_handlers),
    STEP(traps_of_codes),
    STEP(frame_names),
    STEP(defined_functions),
    STEP(trapping_stubs),
    STEP(user_data),
    STEP(guest_memory),
    STEP(guest_room),
    STEP(growth),
    STEP(snapshots),
    STEP(settings),
    STEP(hanging_on_engines),
    STEP(memory_hooks),
};

static void make_scene(bool eager) {
  s.engine = sweep_engine(eager), s.store = sweep_store(s.engine);
  s.module = module_of(s.store, program), s.needy = module_of(s.store, needy);
  s.needs_a_function = module_of(s.store, needs_a_function);
  wasm_functype_t *type = wasmx_functype_parse(HOST_TYPE, NULL);
  s.host = wasmx_func_new_raw(s.store, type, read_and_give_back, NULL, NULL);
  wasm_functype_delete(type);
  s.linker = wasmx_linker_new(s.store);
  assert_true(wasmx_linker_define(s.linker, "env", "host", wasm_func_as_extern(s.host)));
  s.instance = wasmx_linker_instantiate(s.linker, s.module, NULL, NULL);
  s.many = instance_of(s.store, many), s.kept = instance_of(s.store, keeps_things);
  assert_non_null(s.instance);
  s.f = wasmx_instance_func(s.instance, "f"), s.all = wasmx_instance_func(s.instance, "all");
  s.count = wasmx_instance_func(s.instance, "count");
  s.grow = wasmx_instance_func(s.instance, "grow");
  s.memory = wasmx_instance_memory(s.instance, "m");
  s.extern_table = wasmx_instance_table(s.instance, "x");
  s.ref_global = wasmx_instance_global(s.instance, "r");
  s.wide_global = wasmx_instance_global(s.instance, "v");
  s.ref_type = wasm_global_type(s.ref_global);
  s.table_type = wasm_table_type(s.extern_table);
  s.foreign = wasm_foreign_new(s.store);
  wasm_func_t *crash = wasmx_instance_func(s.instance, "crash");
  wasmx_slot_t slots[1] = {wasmx_slot_i32(0)};
  s.trap = wasmx_func_call_raw(crash, slots);
  s.frame = wasm_trap_origin(s.trap);
  wasm_func_delete(crash);
}

static void delete_scene(void) {
  wasm_frame_delete(s.frame), wasm_trap_delete(s.trap), wasm_foreign_delete(s.foreign);
  wasm_globaltype_delete(s.ref_type), wasm_tabletype_delete(s.table_type);
  wasm_global_delete(s.ref_global), wasm_global_delete(s.wide_global);
  wasm_table_delete(s.extern_table), wasm_memory_delete(s.memory);
  wasm_func_delete(s.f), wasm_func_delete(s.all), wasm_func_delete(s.count),
      wasm_func_delete(s.grow), wasm_func_delete(s.host);
  wasm_instance_delete(s.instance), wasm_instance_delete(s.many), wasm_instance_delete(s.kept);
  wasmx_linker_delete(s.linker);
  wasm_module_delete(s.module), wasm_module_delete(s.needy), wasm_module_delete(s.needs_a_function);
  assert_true(wasmx_store_try_delete(s.store));
  wasm_engine_delete(s.engine);
}

static void stood_in_tier(bool eager) {
  make_scene(eager);
  assert_true(sweep_all(steps, sizeof steps / sizeof *steps) > 200);
  if (eager) assert_compiled(s.engine);
  delete_scene();
}

int main(void) { return sweep_in_both_tiers(stood_in_tier); }
