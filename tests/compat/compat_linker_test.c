/* Linkers as programs for wasmtime use them: definitions, modules by name, WASI, shared memories.
 */
#include "compat/host.h"
#include "support/temporary.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void count_up(void *data) { ++*(int *)data; }

static wasm_trap_t *answer(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                           size_t nargs, wasmtime_val_t *results, size_t nresults) {
  (void)caller, (void)args, (void)nargs, (void)nresults;
  results[0] = i32_of(*(int *)env);
  return NULL;
}

static wasm_trap_t *answer_raw(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *raws,
                               size_t count) {
  (void)caller;
  assert_int_equal(count, 1);
  raws[0].i32 = *(int *)env;
  return NULL;
}

static wasmtime_error_t *define(wasmtime_linker_t *linker, const char *name, int *value) {
  wasm_functype_t *type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  wasmtime_error_t *error = wasmtime_linker_define_func(linker, "m", 1, name, strlen(name), type,
                                                        answer, value, count_up);
  wasm_functype_delete(type);
  return error;
}

static wasmtime_instance_t linked(Host *h, const wasmtime_linker_t *linker, const char *text) {
  wasmtime_instance_t instance;
  wasm_trap_t *trap = NULL;
  wasmtime_module_t *module = module_of(h->engine, text);
  fine(wasmtime_linker_instantiate(linker, h->context, module, &instance, &trap));
  assert_null(trap);
  wasmtime_module_delete(module);
  return instance;
}

static const char asker[] = "(module (import \"m\" \"a\" (func (result i32)))"
                            "(import \"m\" \"b\" (func (result i32)))"
                            "(func (export \"f\") (result i32) (i32.add (call 0) (call 1))))";

/* Host functions are for all stores of the engine, and live as long as one of them has them. */
static void test_functions(void **state) {
  (void)state;
  int a = 40, b = 2;
  Host h = host_new();
  wasmtime_linker_t *linker = wasmtime_linker_new(h.engine);
  fine(define(linker, "a", &a));
  wasm_functype_t *type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  fine(wasmtime_linker_define_func_unchecked(linker, "m", 1, "b", 1, type, answer_raw, &b,
                                             count_up));
  wasm_functype_delete(type);
  Host other = {.engine = wasmtime_engine_clone(h.engine)};
  other.store = wasmtime_store_new(h.engine, NULL, NULL);
  other.context = wasmtime_store_context(other.store);
  wasmtime_instance_t here = linked(&h, linker, asker), there = linked(&other, linker, asker);
  wasmtime_func_t f = func_of(&h, &here, "f"), g = func_of(&other, &there, "f");
  assert_int_equal(call_i32(&h, &f, NULL, 0), 42);
  assert_int_equal(call_i32(&other, &g, NULL, 0), 42);
  wasmtime_linker_delete(linker);
  assert_int_equal(call_i32(&h, &f, NULL, 0), 42);
  host_delete(&other);
  assert_int_equal(call_i32(&h, &f, NULL, 0), 42);
  assert_int_equal(a, 40);
  host_delete(&h);
  assert_int_equal(a, 41);
  assert_int_equal(b, 3);
}

static void test_shadowing(void **state) {
  (void)state;
  int first = 1, second = 2, third = 3;
  Host h = host_new();
  wasmtime_linker_t *linker = wasmtime_linker_new(h.engine);
  fine(define(linker, "a", &first));
  wrong(define(linker, "a", &second), "defined twice");
  assert_int_equal(second, 3);
  wasmtime_linker_allow_shadowing(linker, true);
  fine(define(linker, "a", &third));
  assert_int_equal(first, 2);
  wasmtime_linker_t *copy = wasmtime_linker_clone(linker);
  wasmtime_linker_delete(linker);
  wasmtime_extern_t item;
  assert_true(wasmtime_linker_get(copy, h.context, "m", 1, "a", 1, &item));
  assert_int_equal(call_i32(&h, &item.of.func, NULL, 0), 3);
  assert_false(wasmtime_linker_get(copy, h.context, "m", 1, "b", 1, &item));
  assert_false(wasmtime_linker_get(copy, h.context, "ma", 2, "", 0, &item));
  wasmtime_linker_delete(copy);
  host_delete(&h);
}

static void test_unknown(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_instance_t instance;
  wasm_trap_t *trap = NULL;
  wasmtime_linker_t *linker = wasmtime_linker_new(h.engine);
  wasmtime_module_t *module = module_of(h.engine, asker);
  wrong(wasmtime_linker_instantiate(linker, h.context, module, &instance, &trap), "m::a");
  wasm_functype_t *type = wasm_functype_new_0_0();
  int gone = 0;
  fine(wasmtime_linker_define_func(linker, "m", 1, "a", 1, type, answer, &gone, count_up));
  fine(wasmtime_linker_define_func(linker, "m", 1, "b", 1, type, answer, &gone, count_up));
  wasm_functype_delete(type);
  wasmtime_error_t *error =
      wasmtime_linker_instantiate(linker, h.context, module, &instance, &trap);
  assert_non_null(error);
  wasmtime_error_delete(error);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  host_delete(&h);
  assert_int_equal(gone, 2);
}

static void test_instances_by_name(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_linker_t *linker = wasmtime_linker_new(h.engine);
  wasmtime_instance_t lib =
      linked(&h, linker,
             "(module (memory (export \"mem\") 1) (func (export \"a\") (result i32) i32.const 5)"
             "(func (export \"b\") (result i32) i32.const 6))");
  fine(wasmtime_linker_define_instance(linker, h.context, "m", 1, &lib));
  wasmtime_instance_t user = linked(&h, linker, asker);
  wasmtime_func_t f = func_of(&h, &user, "f");
  assert_int_equal(call_i32(&h, &f, NULL, 0), 11);
  wasmtime_extern_t mem = export_of(&h, &lib, "mem");
  fine(wasmtime_linker_define(linker, h.context, "x", 1, "mem", 3, &mem));
  linked(&h, linker, "(module (import \"x\" \"mem\" (memory 1)))");
  wasmtime_module_t *module = module_of(h.engine, asker);
  wasmtime_instance_pre_t *pre;
  fine(wasmtime_linker_instantiate_pre(linker, module, &pre));
  wasmtime_module_delete(module);
  wasm_trap_t *trap = NULL;
  fine(wasmtime_instance_pre_instantiate(pre, h.context, &user, &trap));
  f = func_of(&h, &user, "f");
  assert_int_equal(call_i32(&h, &f, NULL, 0), 11);
  wasmtime_module_delete(wasmtime_instance_pre_module(pre));
  wasmtime_instance_pre_delete(pre);
  wasmtime_linker_delete(linker);
  host_delete(&h);
}

/* wasmtime has no kind for tags: they are passed over. */
static void test_tags(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_extern_t item;
  wasmtime_linker_t *linker = wasmtime_linker_new(h.engine);
  wasmtime_instance_t instance = linked(
      &h, linker, "(module (tag (export \"t\")) (func (export \"f\") (result i32) (i32.const 8)))");
  fine(wasmtime_linker_define_instance(linker, h.context, "x", 1, &instance));
  assert_false(wasmtime_linker_get(linker, h.context, "x", 1, "t", 1, &item));
  assert_false(wasmtime_instance_export_get(h.context, &instance, "t", 1, &item));
  assert_true(wasmtime_linker_get(linker, h.context, "x", 1, "f", 1, &item));
  assert_int_equal(call_i32(&h, &item.of.func, NULL, 0), 8);
  wasmtime_linker_delete(linker);
  host_delete(&h);
}

/* ---- WASI ---- */

static const char program[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_write\""
    "  (func $write (param i32 i32 i32 i32) (result i32)))"
    "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
    "(memory (export \"memory\") 1) (data (i32.const 0) \"\\08\\00\\00\\00\\03\\00\\00\\00hi\\n\")"
    "(func (export \"_start\")"
    "  (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))"
    "  (call $exit (i32.const 3))))";

static void read_file(const char *path, char *text, size_t size) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  text[fread(text, 1, size - 1, file)] = 0;
  fclose(file);
}

static void test_wasi(void **state) {
  (void)state;
  Host h = host_new();
  char path[TEMPORARY_SIZE], text[20];
  close(temporary_file(path, "compat"));
  const char *args[] = {"program", "x"};
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_argv(config, 2, args));
  assert_true(wasi_config_set_stdout_file(config, path));
  assert_true(wasi_config_preopen_dir(config, "/", "/", WASMTIME_WASI_DIR_PERMS_READ,
                                      WASMTIME_WASI_FILE_PERMS_READ));
  assert_false(wasi_config_preopen_dir(config, "/nowhere/at/all", "/n", 1, 1));
  fine(wasmtime_context_set_wasi(h.context, config));
  wasmtime_linker_t *linker = wasmtime_linker_new(h.engine);
  fine(wasmtime_linker_define_wasi(linker));
  wasmtime_module_t *module = module_of(h.engine, program);
  fine(wasmtime_linker_module(linker, h.context, "", 0, module));
  wasmtime_func_t start;
  wasm_trap_t *trap = NULL;
  int status = 0;
  fine(wasmtime_linker_get_default(linker, h.context, "", 0, &start));
  wasmtime_error_t *error = wasmtime_func_call(h.context, &start, NULL, 0, NULL, 0, &trap);
  assert_null(trap);
  assert_true(wasmtime_error_exit_status(error, &status));
  assert_int_equal(status, 3);
  wasm_frame_vec_t frames;
  wasmtime_error_wasm_trace(error, &frames);
  assert_true(frames.size > 0);
  wasm_frame_vec_delete(&frames);
  wrong(error, "exit status 3");
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  host_delete(&h);
  read_file(path, text, sizeof text);
  assert_string_equal(text, "hi\n");
  unlink(path);
}

static void test_defaults(void **state) {
  (void)state;
  Host h = host_new();
  wasmtime_func_t func;
  wasm_trap_t *trap = NULL;
  wasmtime_extern_t item;
  wasmtime_linker_t *linker = wasmtime_linker_new(h.engine);
  wasmtime_module_t *reactor =
      module_of(h.engine, "(module (global $g (mut i32) (i32.const 0))"
                          "(func (export \"_initialize\") (global.set $g (i32.const 9)))"
                          "(func (export \"f\") (result i32) (global.get $g)))");
  fine(wasmtime_linker_module(linker, h.context, "r", 1, reactor));
  wasmtime_module_delete(reactor);
  assert_true(wasmtime_linker_get(linker, h.context, "r", 1, "f", 1, &item));
  assert_int_equal(call_i32(&h, &item.of.func, NULL, 0), 9);
  fine(wasmtime_linker_get_default(linker, h.context, "r", 1, &func));
  fine(wasmtime_func_call(h.context, &func, NULL, 0, NULL, 0, &trap));
  assert_null(trap);
  wasmtime_linker_delete(linker);
  host_delete(&h);
}

/* ---- shared memories ---- */

static void test_shared_memory(void **state) {
  (void)state;
  Host h = host_new();
  uint64_t before = 9;
  wasmtime_sharedmemory_t *memory = NULL;
  wasm_memorytype_t *type = wasmtime_memorytype_new(1, true, 4, false, true);
  fine(wasmtime_sharedmemory_new(h.engine, type, &memory));
  wasm_memorytype_delete(type);
  wasmtime_sharedmemory_t *same = wasmtime_sharedmemory_clone(memory);
  wasmtime_extern_t item = {.kind = WASMTIME_EXTERN_SHAREDMEMORY, .of.sharedmemory = memory};
  wasmtime_instance_t instance =
      instance_of(&h,
                  "(module (import \"\" \"\" (memory 1 4 shared)) (func (export \"f\") (result i32)"
                  "(i32.load8_u (i32.const 70000))))",
                  &item, 1);
  fine(wasmtime_sharedmemory_grow(same, 1, &before));
  assert_int_equal(before, 1);
  assert_int_equal(wasmtime_sharedmemory_size(memory), 2);
  assert_int_equal(wasmtime_sharedmemory_data_size(memory), 131072);
  wasmtime_sharedmemory_data(memory)[70000] = 77;
  wasmtime_func_t f = func_of(&h, &instance, "f");
  assert_int_equal(call_i32(&h, &f, NULL, 0), 77);
  wrong(wasmtime_sharedmemory_grow(same, 9, NULL), "grow");
  type = wasmtime_sharedmemory_type(same);
  assert_true(wasmtime_memorytype_isshared(type));
  wasm_memorytype_delete(type);
  wasmtime_sharedmemory_delete(same);
  wasmtime_extern_delete(&item);
  type = wasmtime_memorytype_new(1, true, 4, false, false);
  wasmtime_error_t *error = wasmtime_sharedmemory_new(h.engine, type, &memory);
  assert_non_null(error);
  wasmtime_error_delete(error);
  wasm_memorytype_delete(type);
  host_delete(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_functions), cmocka_unit_test(test_shadowing),
      cmocka_unit_test(test_unknown),   cmocka_unit_test(test_instances_by_name),
      cmocka_unit_test(test_tags),      cmocka_unit_test(test_wasi),
      cmocka_unit_test(test_defaults),  cmocka_unit_test(test_shared_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
