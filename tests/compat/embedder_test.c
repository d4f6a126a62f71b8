/* A program written for wasmtime: it uses each part of wasmtime.h as its documentation shows it. */
#include "compat/host.h"

#include <stdio.h>
#include <string.h>

/* ---- stores ---- */

static void count_up(void *data) { ++*(int *)data; }

static void test_store_data(void **state) {
  (void)state;
  int gone = 0, other = 5;
  wasm_engine_t *engine = wasm_engine_new();
  wasmtime_store_t *store = wasmtime_store_new(engine, &gone, count_up);
  wasmtime_context_t *context = wasmtime_store_context(store);
  assert_ptr_equal(wasmtime_context_get_data(context), &gone);
  wasmtime_context_set_data(context, &other);
  assert_ptr_equal(wasmtime_context_get_data(context), &other);
  wasmtime_context_set_data(context, &gone);
  wasm_engine_t *same = wasmtime_engine_clone(engine);
  wasm_engine_delete(engine);
  assert_int_equal(gone, 0);
  wasmtime_store_delete(store);
  assert_int_equal(gone, 1);
  wasm_engine_delete(same);
}

static void test_limiter(void **state) {
  (void)state;
  uint64_t before = 77;
  wasmtime_memory_t memory, none;
  Host h = host_new();
  wasmtime_store_limiter(h.store, 3 * 65536, -1, -1, -1, -1);
  wasm_memorytype_t *type = wasmtime_memorytype_new(1, true, 10, false, false);
  assert_int_equal(wasmtime_memorytype_minimum(type), 1);
  assert_false(wasmtime_memorytype_is64(type) || wasmtime_memorytype_isshared(type));
  fine(wasmtime_memory_new(h.context, type, &memory));
  fine(wasmtime_memory_grow(h.context, &memory, 2, &before));
  assert_int_equal(before, 1);
  wrong(wasmtime_memory_grow(h.context, &memory, 1, &before), "grow");
  assert_int_equal(wasmtime_memory_size(h.context, &memory), 3);
  wasm_memorytype_delete(type);
  type = wasmtime_memorytype_new(4, false, 0, false, false);
  assert_false(wasmtime_memorytype_maximum(type, &before));
  wasmtime_error_t *error = wasmtime_memory_new(h.context, type, &none);
  assert_non_null(error);
  wasmtime_error_delete(error);
  wasm_memorytype_delete(type);
  host_delete(&h);
}

/* ---- modules ---- */

static void test_modules(void **state) {
  (void)state;
  Host h = host_new();
  wasm_importtype_vec_t imports;
  wasm_exporttype_vec_t exports;
  wasmtime_module_t *module = module_of(
      h.engine, "(module (import \"m\" \"f\" (func (param i32))) (memory (export \"mem\") 1)"
                "(func (export \"g\")))");
  wasmtime_module_imports(module, &imports);
  wasmtime_module_exports(module, &exports);
  assert_int_equal(imports.size, 1);
  assert_int_equal(exports.size, 2);
  assert_memory_equal(wasm_exporttype_name(exports.data[0])->data, "mem", 3);
  wasm_importtype_vec_delete(&imports);
  wasm_exporttype_vec_delete(&exports);
  wasmtime_module_t *same = wasmtime_module_clone(module);
  wasmtime_module_delete(module);
  wasmtime_module_imports(same, &imports);
  assert_int_equal(imports.size, 1);
  wasm_importtype_vec_delete(&imports);
  wasmtime_module_delete(same);
  const uint8_t broken[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 9};
  module = NULL;
  wasmtime_error_t *error = wasmtime_module_new(h.engine, broken, sizeof broken, &module);
  assert_non_null(error);
  wasmtime_error_delete(error);
  assert_null(module);
  error = wasmtime_module_validate(h.engine, broken, sizeof broken);
  assert_non_null(error);
  wasmtime_error_delete(error);
  fine(wasmtime_module_validate(h.engine, broken, 8));
  host_delete(&h);
}

static void test_serialize(void **state) {
  (void)state;
  Host h = host_new();
  wasm_byte_vec_t bytes;
  wasmtime_module_t *again = NULL;
  wasmtime_module_t *module =
      module_of(h.engine, "(module (func (export \"f\") (result i32) i32.const 7))");
  fine(wasmtime_module_serialize(module, &bytes));
  wasmtime_module_delete(module);
  fine(wasmtime_module_deserialize(h.engine, (const uint8_t *)bytes.data, bytes.size, &again));
  wasmtime_instance_t instance;
  wasm_trap_t *trap = NULL;
  fine(wasmtime_instance_new(h.context, again, NULL, 0, &instance, &trap));
  wasmtime_func_t f = func_of(&h, &instance, "f");
  assert_int_equal(call_i32(&h, &f, NULL, 0), 7);
  wasmtime_module_delete(again);
  again = NULL;
  wasmtime_error_t *error =
      wasmtime_module_deserialize(h.engine, (const uint8_t *)bytes.data, 20, &again);
  assert_non_null(error);
  wasmtime_error_delete(error);
  assert_null(again);
  wasm_byte_vec_delete(&bytes);
  host_delete(&h);
}

/* ---- functions ---- */

static wasm_trap_t *add(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                        size_t nargs, wasmtime_val_t *results, size_t nresults) {
  assert_int_equal(nargs, 2);
  assert_int_equal(nresults, 1);
  assert_non_null(wasmtime_caller_context(caller));
  results[0] = i32_of(args[0].of.i32 + args[1].of.i32 + *(int *)env);
  return NULL;
}

/* Reads the string that the caller points at in its memory. */
static wasm_trap_t *read_caller(void *env, wasmtime_caller_t *caller,
                                wasmtime_val_raw_t *args_and_results, size_t count) {
  wasmtime_extern_t item;
  assert_int_equal(count, 1);
  assert_false(wasmtime_caller_export_get(caller, "nothing", 7, &item));
  assert_true(wasmtime_caller_export_get(caller, "memory", 6, &item));
  const uint8_t *data = wasmtime_memory_data(wasmtime_caller_context(caller), &item.of.memory);
  strncpy(env, (const char *)data + args_and_results[0].i32, 8);
  return NULL;
}

static void test_host_functions(void **state) {
  (void)state;
  Host h = host_new();
  int more = 100;
  char text[9] = "";
  wasmtime_func_t adder, reader;
  wasm_functype_t *type =
      wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasmtime_func_new(h.context, type, add, &more, NULL, &adder);
  wasm_functype_delete(type);
  type = wasm_functype_new_1_0(wasm_valtype_new_i32());
  wasmtime_func_new_unchecked(h.context, type, read_caller, text, NULL, &reader);
  wasm_functype_delete(type);
  wasmtime_extern_t imports[2] = {{.kind = WASMTIME_EXTERN_FUNC, .of.func = adder},
                                  {.kind = WASMTIME_EXTERN_FUNC, .of.func = reader}};
  wasmtime_instance_t instance =
      instance_of(&h,
                  "(module (import \"\" \"\" (func $add (param i32 i32) (result i32)))"
                  "(import \"\" \"\" (func $read (param i32))) (memory (export \"memory\") 1)"
                  "(data (i32.const 40) \"hello\\00\")"
                  "(func (export \"f\") (param i32 i32) (result i32)"
                  "  (call $read (i32.const 40)) (call $add (local.get 0) (local.get 1))))",
                  imports, 2);
  wasmtime_func_t f = func_of(&h, &instance, "f");
  assert_int_equal(call_i32(&h, &f, (int32_t[]){3, 4}, 2), 107);
  assert_string_equal(text, "hello");
  assert_int_equal(call_i32(&h, &adder, (int32_t[]){1, 2}, 2), 103);
  wasmtime_val_raw_t raws[2] = {{.i32 = 5}, {.i32 = 6}};
  wasm_trap_t *trap = NULL;
  fine(wasmtime_func_call_unchecked(h.context, &f, raws, 2, &trap));
  assert_int_equal(raws[0].i32, 111);
  type = wasmtime_func_type(h.context, &f);
  assert_int_equal(wasm_functype_params(type)->size, 2);
  wasm_functype_delete(type);
  host_delete(&h);
}

static wasm_trap_t *say_nothing(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *raws,
                                size_t count) {
  (void)env, (void)caller, (void)raws, (void)count;
  return NULL;
}

/* What a callback leaves out is zero, and never what lay there. */
static void test_results_left_out(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_func_t few;
  wasm_functype_t *type =
      wasm_functype_new_0_2(wasm_valtype_new_i64(), wasm_valtype_new(WASM_EXTERNREF));
  wasmtime_func_new_unchecked(h.context, type, say_nothing, NULL, NULL, &few);
  wasm_functype_delete(type);
  wasmtime_val_t results[2];
  wasm_trap_t *trap = NULL;
  fine(wasmtime_func_call(h.context, &few, NULL, 0, results, 2, &trap));
  assert_true(results[0].of.i64 == 0 && wasmtime_externref_is_null(&results[1].of.externref));
  type = wasm_functype_new_0_1(wasm_valtype_new_i64());
  wasmtime_func_new_unchecked(h.context, type, say_nothing, NULL, NULL, &few);
  wasm_functype_delete(type);
  fine(wasmtime_func_call(h.context, &few, NULL, 0, results, 1, &trap));
  assert_true(results[0].of.i64 == 0);
  host_delete(&h);
}

/* As many values as there is no room for in place, of all kinds of numbers. */
static wasm_trap_t *mirror(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *raws,
                           size_t count) {
  (void)env, (void)caller;
  assert_int_equal(count, 10);
  for (size_t i = 0; i < 5; i++) {
    wasmtime_val_raw_t swap = raws[i];
    raws[i] = raws[9 - i];
    raws[9 - i] = swap;
  }
  return NULL;
}

static wasm_functype_t *type_of_ten(void) {
  static const wasm_valkind_t kinds[] = {WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASM_I32,
                                         WASM_I32, WASM_F64, WASM_F32, WASM_I64, WASM_I32};
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_uninitialized(&params, 10);
  wasm_valtype_vec_new_uninitialized(&results, 10);
  for (size_t i = 0; i < 10; i++) {
    params.data[i] = wasm_valtype_new(kinds[i]);
    results.data[9 - i] = wasm_valtype_new(kinds[i]);
  }
  return wasm_functype_new(&params, &results);
}

static void test_many_values(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_func_t func;
  wasm_functype_t *type = type_of_ten();
  wasmtime_func_new_unchecked(h.context, type, mirror, NULL, NULL, &func);
  wasm_functype_delete(type);
  wasmtime_val_t args[10], results[10];
  for (int i = 0; i < 10; i++) args[i] = i32_of(i);
  args[1] = (wasmtime_val_t){.kind = WASMTIME_I64, .of.i64 = INT64_MIN};
  args[2] = (wasmtime_val_t){.kind = WASMTIME_F32, .of.f32 = 2.5f};
  args[3] = (wasmtime_val_t){.kind = WASMTIME_F64, .of.f64 = -3.25};
  args[6] = (wasmtime_val_t){.kind = WASMTIME_F64, .of.f64 = 6};
  args[7] = (wasmtime_val_t){.kind = WASMTIME_F32, .of.f32 = 7};
  args[8] = (wasmtime_val_t){.kind = WASMTIME_I64, .of.i64 = 8};
  wasm_trap_t *trap = NULL;
  fine(wasmtime_func_call(h.context, &func, args, 10, results, 10, &trap));
  assert_null(trap);
  assert_int_equal(results[0].of.i32, 9);
  assert_true(results[8].kind == WASMTIME_I64 && results[8].of.i64 == INT64_MIN);
  assert_true(results[7].kind == WASMTIME_F32 && results[7].of.f32 == 2.5f);
  assert_true(results[6].kind == WASMTIME_F64 && results[6].of.f64 == -3.25);
  host_delete(&h);
}

static void test_v128(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_instance_t instance =
      instance_of(&h,
                  "(module (global (export \"g\") (mut v128) (v128.const i32x4 1 2 3 4))"
                  "(func (export \"f\") (param i32 v128) (result v128 i32)"
                  "  (i32x4.add (local.get 1) (i32x4.splat (local.get 0))) (local.get 0)))",
                  NULL, 0);
  wasmtime_func_t f = func_of(&h, &instance, "f");
  wasmtime_val_t args[2] = {i32_of(10), {.kind = WASMTIME_V128}}, results[2];
  int32_t lanes[4] = {1, 2, 3, 4};
  memcpy(args[1].of.v128, lanes, sizeof lanes);
  wasm_trap_t *trap = NULL;
  fine(wasmtime_func_call(h.context, &f, args, 2, results, 2, &trap));
  memcpy(lanes, results[0].of.v128, sizeof lanes);
  assert_int_equal(results[0].kind, WASMTIME_V128);
  assert_int_equal(lanes[3], 14);
  assert_int_equal(results[1].of.i32, 10);
  wasmtime_val_raw_t raws[2];
  raws[0].i32 = 100;
  memcpy(raws[1].v128, lanes, sizeof lanes);
  fine(wasmtime_func_call_unchecked(h.context, &f, raws, 2, &trap));
  memcpy(lanes, raws[0].v128, sizeof lanes);
  assert_int_equal(lanes[0], 111);
  assert_int_equal(raws[1].i32, 100);
  wasmtime_extern_t g = export_of(&h, &instance, "g");
  fine(wasmtime_global_set(h.context, &g.of.global, &results[0]));
  wasmtime_global_get(h.context, &g.of.global, &results[1]);
  assert_memory_equal(results[0].of.v128, results[1].of.v128, 16);
  host_delete(&h);
}

/* ---- traps and errors ---- */

static wasm_trap_t *complain(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                             size_t nargs, wasmtime_val_t *results, size_t nresults) {
  (void)caller, (void)args, (void)nargs, (void)results, (void)nresults;
  const char *message = env;
  if (message) return wasmtime_trap_new(message, strlen(message));
  return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_OUT_OF_FUEL);
}

static wasmtime_func_t complainer(Host *h, char *message) {
  wasmtime_func_t func;
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasmtime_func_new(h->context, type, complain, message, NULL, &func);
  wasm_functype_delete(type);
  return func;
}

static const char traps[] =
    "(module (memory 1) (table 2 funcref) (elem (i32.const 0) $void) (func $void)"
    "(type $i (func (result i32)))"
    "(func (export \"9\") unreachable)"
    "(func (export \"1\") (drop (i32.load (i32.const 65536))))"
    "(func (export \"3\") (call_indirect (i32.const 9)))"
    "(func (export \"4\") (call_indirect (i32.const 1)))"
    "(func (export \"5\") (drop (call_indirect (type $i) (i32.const 0))))"
    "(func (export \"6\") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))"
    "(func (export \"7\") (drop (i32.div_s (i32.const 1) (i32.const 0))))"
    "(func (export \"8\") (drop (i32.trunc_f32_s (f32.const nan))))"
    "(func $deep (export \"0\") (call $deep)))";

static void test_trap_codes(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_instance_t instance = instance_of(&h, traps, NULL, 0);
  for (char name[2] = "0"; name[0] <= '9'; name[0]++) {
    if (name[0] == '2') continue;
    wasmtime_func_t f = func_of(&h, &instance, name);
    assert_int_equal(trap_code_of(&h, &f), name[0] - '0');
  }
  host_delete(&h);
}

static void test_trap_frames(void **state) {
  (void)state;
  Host h = host_new();
  wasm_trap_t *trap = NULL;
  wasm_frame_vec_t frames;
  wasmtime_instance_t instance = instance_of(
      &h, "(module $m (func $inner unreachable) (func $outer (export \"f\") (call $inner)))", NULL,
      0);
  wasmtime_func_t f = func_of(&h, &instance, "f");
  fine(wasmtime_func_call(h.context, &f, NULL, 0, NULL, 0, &trap));
  assert_non_null(trap);
  wasm_trap_trace(trap, &frames);
  assert_int_equal(frames.size, 2);
  const wasm_name_t *inner = wasmtime_frame_func_name(frames.data[0]);
  const wasm_name_t *outer = wasmtime_frame_func_name(frames.data[1]);
  const wasm_name_t *module = wasmtime_frame_module_name(frames.data[0]);
  assert_memory_equal(inner->data, "inner", inner->size);
  assert_memory_equal(outer->data, "outer", outer->size);
  assert_int_equal(module->size, 1);
  wasm_frame_vec_delete(&frames);
  wasm_trap_delete(trap);
  host_delete(&h);
}

/* A host's own message is an error, a code a trap. */
static void test_host_traps(void **state) {
  (void)state;
  Host h = host_new();
  char message[] = "no such thing";
  wasm_trap_t *trap = NULL;
  wasmtime_trap_code_t code;
  wasmtime_func_t by_message = complainer(&h, message), by_code = complainer(&h, NULL);
  wrong(wasmtime_func_call(h.context, &by_message, NULL, 0, NULL, 0, &trap), message);
  assert_null(trap);
  assert_int_equal(trap_code_of(&h, &by_code), WASMTIME_TRAP_CODE_OUT_OF_FUEL);
  trap = wasmtime_trap_new("x", 1);
  assert_false(wasmtime_trap_code(trap, &code));
  wasm_trap_delete(trap);
  wasmtime_error_t *error = wasmtime_error_new("mine");
  int status;
  assert_false(wasmtime_error_exit_status(error, &status));
  wrong(error, "mine");
  host_delete(&h);
}

static void test_arity(void **state) {
  (void)state;
  Host h = host_new();
  wasm_trap_t *trap = NULL;
  wasmtime_instance_t instance =
      instance_of(&h, "(module (func (export \"f\") (param i32)))", NULL, 0);
  wasmtime_func_t f = func_of(&h, &instance, "f");
  wasmtime_val_t val = {.kind = WASMTIME_I64, .of.i64 = 1};
  wrong(wasmtime_func_call(h.context, &f, NULL, 0, NULL, 0, &trap), "expected");
  wrong(wasmtime_func_call(h.context, &f, &val, 1, &val, 1, &trap), "expected");
  wasmtime_error_t *error = wasmtime_func_call(h.context, &f, &val, 1, NULL, 0, &trap);
  assert_non_null(error);
  wasmtime_error_delete(error);
  host_delete(&h);
}

/* ---- instances ---- */

static void test_instances(void **state) {
  (void)state;
  Host h = host_new();
  char *name;
  size_t len;
  wasmtime_extern_t item, again;
  wasmtime_instance_t instance =
      instance_of(&h,
                  "(module (memory (export \"m\") 1) (table (export \"t\") 2 funcref)"
                  "(global (export \"g\") i32 (i32.const 3)) (func $f (export \"f\")) (export "
                  "\"f2\" (func $f)))",
                  NULL, 0);
  static const wasmtime_extern_kind_t kinds[] = {WASMTIME_EXTERN_MEMORY, WASMTIME_EXTERN_TABLE,
                                                 WASMTIME_EXTERN_GLOBAL, WASMTIME_EXTERN_FUNC,
                                                 WASMTIME_EXTERN_FUNC};
  for (size_t i = 0; i < 5; i++) {
    assert_true(wasmtime_instance_export_nth(h.context, &instance, i, &name, &len, &item));
    assert_int_equal(item.kind, kinds[i]);
    assert_true(wasmtime_instance_export_get(h.context, &instance, name, len, &again));
    assert_int_equal(again.kind, kinds[i]);
    wasm_externtype_t *type = wasmtime_extern_type(h.context, &item);
    assert_int_equal(wasm_externtype_kind(type), kinds[i]);
    wasm_externtype_delete(type);
  }
  assert_false(wasmtime_instance_export_nth(h.context, &instance, 5, &name, &len, &item));
  assert_false(wasmtime_instance_export_get(h.context, &instance, "x", 1, &item));
  wasm_trap_t *trap = NULL;
  wasmtime_module_t *module = module_of(h.engine, "(module (func unreachable) (start 0))");
  fine(wasmtime_instance_new(h.context, module, NULL, 0, &instance, &trap));
  assert_non_null(trap);
  wasm_trap_delete(trap);
  trap = NULL;
  wrong(wasmtime_instance_new(h.context, module, &item, 1, &instance, &trap), "expected 0 imports");
  wasmtime_module_delete(module);
  host_delete(&h);
}

/* ---- memories, tables, globals ---- */

static void test_memory(void **state) {
  (void)state;
  Host h = host_new();
  uint64_t max = 0;
  wasmtime_instance_t instance = instance_of(
      &h,
      "(module (memory (export \"m\") 1 4) (func (export \"f\") (param i32) (result i32)"
      "(i32.load8_u (local.get 0))))",
      NULL, 0);
  wasmtime_memory_t memory = export_of(&h, &instance, "m").of.memory;
  wasmtime_func_t f = func_of(&h, &instance, "f");
  wasmtime_memory_data(h.context, &memory)[9] = 200;
  assert_int_equal(call_i32(&h, &f, (int32_t[]){9}, 1), 200);
  assert_int_equal(wasmtime_memory_data_size(h.context, &memory), 65536);
  wasm_memorytype_t *type = wasmtime_memory_type(h.context, &memory);
  assert_true(wasmtime_memorytype_maximum(type, &max) && max == 4);
  wasm_memorytype_delete(type);
  host_delete(&h);
}

static void test_table(void **state) {
  (void)state;
  Host h = host_new();
  uint64_t before = 0;
  wasmtime_instance_t instance = instance_of(
      &h,
      "(module (table (export \"t\") 1 funcref) (func $f (export \"f\") (result i32) i32.const 11)"
      "(elem declare func $f) (func (export \"run\") (param i32) (result i32)"
      "(call_indirect (result i32) (local.get 0))))",
      NULL, 0);
  wasmtime_table_t table = export_of(&h, &instance, "t").of.table;
  wasmtime_val_t val, null = {.kind = WASMTIME_FUNCREF};
  wasmtime_val_t f = {.kind = WASMTIME_FUNCREF, .of.funcref = func_of(&h, &instance, "f")};
  wasmtime_funcref_set_null(&null.of.funcref);
  assert_true(wasmtime_table_get(h.context, &table, 0, &val));
  assert_int_equal(val.kind, WASMTIME_FUNCREF);
  assert_true(wasmtime_funcref_is_null(&val.of.funcref));
  fine(wasmtime_table_grow(h.context, &table, 3, &null, &before));
  assert_int_equal(before, 1);
  fine(wasmtime_table_set(h.context, &table, 3, &f));
  assert_false(wasmtime_table_get(h.context, &table, 4, &val));
  wasmtime_error_t *error = wasmtime_table_set(h.context, &table, 4, &f);
  assert_non_null(error);
  wasmtime_error_delete(error);
  assert_true(wasmtime_table_get(h.context, &table, 3, &val));
  assert_int_equal(call_i32(&h, &val.of.funcref, NULL, 0), 11);
  wasmtime_func_t run = func_of(&h, &instance, "run");
  assert_int_equal(call_i32(&h, &run, (int32_t[]){3}, 1), 11);
  assert_int_equal(wasmtime_table_size(h.context, &table), 4);
  wasm_tabletype_t *type = wasmtime_table_type(h.context, &table);
  wasmtime_table_t other;
  fine(wasmtime_table_new(h.context, type, &f, &other));
  assert_true(wasmtime_table_get(h.context, &other, 0, &val));
  assert_int_equal(call_i32(&h, &val.of.funcref, NULL, 0), 11);
  wasm_tabletype_delete(type);
  host_delete(&h);
}

static void test_global(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_global_t global, constant;
  wasmtime_val_t val = {.kind = WASMTIME_I64, .of.i64 = 1LL << 40};
  wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new_i64(), WASM_VAR);
  fine(wasmtime_global_new(h.context, type, &val, &global));
  wasm_globaltype_delete(type);
  type = wasm_globaltype_new(wasm_valtype_new_i64(), WASM_CONST);
  fine(wasmtime_global_new(h.context, type, &val, &constant));
  wasm_globaltype_delete(type);
  val.of.i64 = 6;
  fine(wasmtime_global_set(h.context, &global, &val));
  val.of.i64 = 0;
  wasmtime_global_get(h.context, &global, &val);
  assert_true(val.kind == WASMTIME_I64 && val.of.i64 == 6);
  wasmtime_error_t *error = wasmtime_global_set(h.context, &constant, &val);
  assert_non_null(error);
  wasmtime_error_delete(error);
  val = i32_of(1);
  error = wasmtime_global_set(h.context, &global, &val);
  assert_non_null(error);
  wasmtime_error_delete(error);
  type = wasmtime_global_type(h.context, &global);
  assert_int_equal(wasm_globaltype_mutability(type), WASM_VAR);
  wasm_globaltype_delete(type);
  host_delete(&h);
}

/* ---- references ---- */

static const char keeper[] =
    "(module (table $t 4 externref) (global (export \"g\") (mut externref) (ref.null extern))"
    "(func (export \"same\") (param externref) (result externref) (local.get 0))"
    "(func (export \"both\") (param externref) (result externref externref)"
    "  (local.get 0) (local.get 0))"
    "(func (export \"keep\") (param externref) (table.set $t (i32.const 0) (local.get 0)))"
    "(func (export \"drop\") (table.set $t (i32.const 0) (ref.null extern))))";

static wasmtime_val_t host_object(Host *h, int *gone) {
  wasmtime_val_t val = {.kind = WASMTIME_EXTERNREF};
  assert_true(wasmtime_externref_new(h->context, gone, count_up, &val.of.externref));
  assert_false(wasmtime_externref_is_null(&val.of.externref));
  assert_ptr_equal(wasmtime_externref_data(h->context, &val.of.externref), gone);
  return val;
}

static void test_externrefs(void **state) {
  (void)state;
  Host h = host_new();
  int gone = 0;
  wasm_trap_t *trap = NULL;
  wasmtime_instance_t instance = instance_of(&h, keeper, NULL, 0);
  wasmtime_func_t same = func_of(&h, &instance, "same"), both = func_of(&h, &instance, "both");
  wasmtime_func_t keep = func_of(&h, &instance, "keep"), drop = func_of(&h, &instance, "drop");
  wasmtime_val_t val = host_object(&h, &gone), results[2], copy;
  fine(wasmtime_func_call(h.context, &same, &val, 1, results, 1, &trap));
  assert_ptr_equal(wasmtime_externref_data(h.context, &results[0].of.externref), &gone);
  wasmtime_val_clone(h.context, &results[0], &copy);
  wasmtime_val_unroot(h.context, &results[0]);
  assert_ptr_equal(wasmtime_externref_data(h.context, &copy.of.externref), &gone);
  fine(wasmtime_func_call(h.context, &both, &copy, 1, results, 2, &trap));
  fine(wasmtime_func_call(h.context, &keep, &val, 1, NULL, 0, &trap));
  wasmtime_val_unroot(h.context, &results[0]);
  wasmtime_val_unroot(h.context, &results[1]);
  wasmtime_val_unroot(h.context, &copy);
  wasmtime_val_unroot(h.context, &val);
  wasmtime_context_gc(h.context);
  assert_int_equal(gone, 0);
  fine(wasmtime_func_call(h.context, &drop, NULL, 0, NULL, 0, &trap));
  wasmtime_context_gc(h.context);
  assert_int_equal(gone, 1);
  wasmtime_val_t null = {.kind = WASMTIME_EXTERNREF};
  wasmtime_externref_set_null(&null.of.externref);
  fine(wasmtime_func_call(h.context, &same, &null, 1, results, 1, &trap));
  assert_true(wasmtime_externref_is_null(&results[0].of.externref));
  assert_null(wasmtime_externref_data(h.context, &results[0].of.externref));
  host_delete(&h);
}

static void test_raw_externrefs(void **state) {
  (void)state;
  Host h = host_new();
  int gone = 0;
  wasm_trap_t *trap = NULL;
  wasmtime_externref_t back;
  wasmtime_val_raw_t raw;
  wasmtime_instance_t instance = instance_of(&h, keeper, NULL, 0);
  wasmtime_func_t same = func_of(&h, &instance, "same");
  wasmtime_val_t val = host_object(&h, &gone);
  raw.externref = wasmtime_externref_to_raw(h.context, &val.of.externref);
  assert_int_not_equal(raw.externref, 0);
  fine(wasmtime_func_call_unchecked(h.context, &same, &raw, 1, &trap));
  wasmtime_externref_from_raw(h.context, raw.externref, &back);
  assert_ptr_equal(wasmtime_externref_data(h.context, &back), &gone);
  wasmtime_externref_unroot(h.context, &back);
  wasmtime_val_unroot(h.context, &val);
  wasmtime_context_gc(h.context);
  assert_int_equal(gone, 1);
  wasmtime_func_t again;
  wasmtime_func_from_raw(h.context, wasmtime_func_to_raw(h.context, &same), &again);
  fine(wasmtime_func_call(h.context, &again, (wasmtime_val_t[]){{.kind = WASMTIME_EXTERNREF}}, 1,
                          &val, 1, &trap));
  host_delete(&h);
}

/* What callbacks get and give. */
static wasm_trap_t *hand_back(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                              size_t nargs, wasmtime_val_t *results, size_t nresults) {
  (void)env, (void)nargs, (void)nresults;
  wasmtime_context_t *context = wasmtime_caller_context(caller);
  results[0] = args[1];
  wasmtime_val_clone(context, &args[0], &results[1]);
  return NULL;
}

static void test_references_through_the_host(void **state) {
  (void)state;
  Host h = host_new();
  int gone = 0;
  wasm_trap_t *trap = NULL;
  wasm_functype_t *type;
  wasm_valtype_t *ps[2] = {wasm_valtype_new(WASM_EXTERNREF), wasm_valtype_new(WASM_FUNCREF)};
  wasm_valtype_t *rs[2] = {wasm_valtype_new(WASM_FUNCREF), wasm_valtype_new(WASM_EXTERNREF)};
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new(&params, 2, ps);
  wasm_valtype_vec_new(&results, 2, rs);
  type = wasm_functype_new(&params, &results);
  wasmtime_func_t swap;
  wasmtime_func_new(h.context, type, hand_back, NULL, NULL, &swap);
  wasm_functype_delete(type);
  wasmtime_extern_t import = {.kind = WASMTIME_EXTERN_FUNC, .of.func = swap};
  wasmtime_instance_t instance = instance_of(
      &h,
      "(module (import \"\" \"\" (func $swap (param externref funcref) (result funcref externref)))"
      "(func $seven (export \"seven\") (result i32) (i32.const 7)) (elem declare func $seven)"
      "(func (export \"f\") (param externref) (result funcref externref)"
      "  (call $swap (local.get 0) (ref.func $seven))))",
      &import, 1);
  wasmtime_func_t f = func_of(&h, &instance, "f");
  for (int i = 0; i < 100; i++) {
    wasmtime_val_t val = host_object(&h, &gone), out[2];
    fine(wasmtime_func_call(h.context, &f, &val, 1, out, 2, &trap));
    assert_null(trap);
    assert_int_equal(call_i32(&h, &out[0].of.funcref, NULL, 0), 7);
    assert_ptr_equal(wasmtime_externref_data(h.context, &out[1].of.externref), &gone);
    wasmtime_val_unroot(h.context, &out[1]);
    wasmtime_val_unroot(h.context, &val);
  }
  wasmtime_context_gc(h.context);
  assert_int_equal(gone, 100);
  host_delete(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_store_data),
      cmocka_unit_test(test_limiter),
      cmocka_unit_test(test_modules),
      cmocka_unit_test(test_serialize),
      cmocka_unit_test(test_host_functions),
      cmocka_unit_test(test_results_left_out),
      cmocka_unit_test(test_many_values),
      cmocka_unit_test(test_v128),
      cmocka_unit_test(test_trap_codes),
      cmocka_unit_test(test_trap_frames),
      cmocka_unit_test(test_host_traps),
      cmocka_unit_test(test_arity),
      cmocka_unit_test(test_instances),
      cmocka_unit_test(test_memory),
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_global),
      cmocka_unit_test(test_externrefs),
      cmocka_unit_test(test_raw_externrefs),
      cmocka_unit_test(test_references_through_the_host),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
