/* Modules without a store: borrowed bytes, bytes and files of compiled ones; imports and exports
 * told without allocating; types compared; traps of a code with a message. */
#include "fixture.h"

#include "support/failing_alloc.h"
#include "support/temporary.h"

static const char program[] =
    "(module (import \"env\" \"host\" (func $host (param i32 externref) (result f64)))\n"
    " (import \"env\" \"g\" (global (mut i64))) (import \"env\" \"t\" (table 1 5 funcref))\n"
    " (import \"env\" \"m\" (memory i64 2)) (import \"env\" \"e\" (tag (param v128)))\n"
    " (func (export \"add\") (param i32 i32) (result i32)\n"
    "  (i32.add (local.get 0) (local.get 1)))\n"
    " (export \"m2\" (memory 0)) (export \"t2\" (table 0)) (export \"e2\" (tag 0)))";

static const char pure[] = "(module (func (export \"add\") (param i32 i32) (result i32)\n"
                           " (i32.add (local.get 0) (local.get 1))))";

static int released;
static void count_release(void *env) { *(int *)env += 1; }

static wasm_byte_vec_t binary_of(const char *text) {
  wasm_byte_vec_t out;
  assert_true(wasmx_wat2wasm(text, strlen(text), &out, NULL));
  return out;
}

static void expect_adds(const World *w, const wasm_shared_module_t *shared) {
  wasm_module_t *module = wasm_module_obtain(w->store, shared);
  wasm_extern_vec_t imports = {0, NULL};
  wasm_instance_t *instance = wasm_instance_new(w->store, module, &imports, NULL);
  wasm_func_t *add = wasmx_instance_func(instance, "add");
  wasmx_slot_t slots[2] = {wasmx_slot_i32(40), wasmx_slot_i32(2)};
  assert_null(wasmx_func_call_raw(add, slots));
  assert_int_equal(slots[0].i32, 42);
  wasm_func_delete(add);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
}

static void bytes_are_borrowed(void **state) {
  (void)state;
  World w = world_new();
  wasm_byte_vec_t binary = binary_of(pure);
  released = 0;
  wasm_shared_module_t *shared = wasmx_shared_module_new(w.engine, &binary, WASMX_BORROW_BYTES,
                                                         count_release, &released, NULL);
  expect_adds(&w, shared);
  wasm_module_t *module = wasm_module_obtain(w.store, shared);
  wasm_shared_module_delete(shared);
  wasmx_store_collect(w.store);
  assert_int_equal(released, 0); /* the module has them yet */
  wasm_module_delete(module);
  wasmx_store_collect(w.store);
  assert_int_equal(released, 1);
  /* What is copied may change. */
  shared = wasmx_shared_module_new(w.engine, &binary, 0, NULL, NULL, NULL);
  memset(binary.data, 0xff, binary.size);
  expect_adds(&w, shared);
  wasm_shared_module_delete(shared);
  wasm_byte_vec_delete(&binary);
  world_delete(&w);
}

static void expect_refused(wasm_engine_t *engine, const wasm_byte_vec_t *bytes, uint32_t flags,
                           wasmx_errcode_t code) {
  wasmx_error_t err = {.size = sizeof err};
  released = 0;
  assert_null(wasmx_shared_module_new(engine, bytes, flags, count_release, &released, &err));
  assert_int_equal(err.code, code);
  assert_int_equal(released, 0);
}

static void failures_release_nothing(void **state) {
  (void)state;
  World w = world_new();
  wasm_byte_vec_t binary = binary_of(pure);
  expect_refused(NULL, &binary, WASMX_BORROW_BYTES, WASMX_ARGUMENT);
  expect_refused(w.engine, NULL, WASMX_BORROW_BYTES, WASMX_ARGUMENT);
  expect_refused(w.engine, &binary, 0, WASMX_ARGUMENT);
  expect_refused(w.engine, &binary, WASMX_BORROW_BYTES | 1, WASMX_ARGUMENT);
  for (uint64_t n = 1;; n++) {
    failing_alloc_start(n);
    wasm_shared_module_t *made = wasmx_shared_module_new(w.engine, &binary, WASMX_BORROW_BYTES,
                                                         count_release, &released, NULL);
    bool failed = failing_alloc_stop();
    assert_int_equal(released, 0);
    wasm_shared_module_delete(made);
    assert_int_equal(released, made != NULL);
    released = 0;
    if (!failed) break;
  }
  binary.data[binary.size - 2] = 0x7c; /* i64.add */
  expect_refused(w.engine, &binary, WASMX_BORROW_BYTES, WASMX_INVALID);
  binary.size = 3;
  expect_refused(w.engine, &binary, WASMX_BORROW_BYTES, WASMX_MALFORMED);
  wasm_byte_vec_delete(&binary);
  /* Not world_delete: what there was no memory for is not compiled. */
  assert_true(wasmx_store_try_delete(w.store));
  wasm_engine_delete(w.engine);
}

/* An artifact that stands in the middle of a file. */
static void parts_of_files(void **state) {
  (void)state;
  World w = world_new();
  wasm_byte_vec_t binary = binary_of(pure), code;
  wasmx_error_t err = {.size = sizeof err};
  wasm_shared_module_t *shared = wasmx_shared_module_new(w.engine, &binary, 0, NULL, NULL, NULL);
  assert_true(wasmx_shared_module_serialize(shared, &code));
  wasm_shared_module_delete(shared);
  shared = wasmx_shared_module_deserialize(w.engine, &code, NULL);
  expect_adds(&w, shared);
  wasm_shared_module_delete(shared);
  char path[TEMPORARY_SIZE];
  int fd = temporary_file(path, "shared_module");
  FILE *file = fdopen(fd, "wb");
  assert_non_null(file);
  fprintf(file, "before");
  fwrite(code.data, 1, code.size, file);
  fprintf(file, "behind");
  fclose(file);
  shared = wasmx_shared_module_deserialize_file(w.engine, path, 6, code.size, &err);
  if (!shared) fail_msg("%s", err.message);
  expect_adds(&w, shared);
  wasm_shared_module_delete(shared);
  static const uint64_t wrong[][2] = {{5, UINT64_MAX}, {6, 100}, {UINT64_MAX, 1}, {6, 0}};
  for (size_t i = 0; i < 4; i++) {
    assert_null(
        wasmx_shared_module_deserialize_file(w.engine, path, wrong[i][0], wrong[i][1], &err));
    assert_int_equal(err.code, WASMX_ARGUMENT);
  }
  assert_null(wasmx_shared_module_deserialize_file(w.engine, NULL, 0, 1, NULL));
  assert_null(wasmx_shared_module_deserialize(NULL, &code, NULL));
  wasm_byte_vec_delete(&code);
  assert_false(wasmx_shared_module_serialize(NULL, &code));
  remove(path);
  wasm_byte_vec_delete(&binary);
  world_delete(&w);
}

/* ---- items ---- */

static bool is(const char *text, size_t size, const char *wanted) {
  return size == strlen(wanted) && memcmp(text, wanted, size) == 0;
}

static void items_are_told(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of(w.store, program);
  wasm_shared_module_t *shared = wasm_module_share(module);
  wasmx_externinfo_t info = {.size = sizeof info};
  assert_true(wasmx_module_import_info(module, 0, &info));
  assert_true(is(info.module, info.module_size, "env") && is(info.name, info.name_size, "host"));
  assert_true(info.kind == WASM_EXTERN_FUNC && info.param_count == 2 && info.result_count == 1);
  assert_int_equal(wasmx_externinfo_value(&info, 0), WASM_I32);
  assert_int_equal(wasmx_externinfo_value(&info, 1), WASM_EXTERNREF);
  assert_int_equal(wasmx_externinfo_value(&info, 2), WASM_F64);
  assert_int_equal(wasmx_externinfo_value(&info, 3), 0);
  assert_true(wasmx_module_import_info(module, 1, &info));
  assert_true(info.kind == WASM_EXTERN_GLOBAL && info.is_mutable && info.content == WASM_I64);
  assert_int_equal(wasmx_externinfo_value(&info, 0), 0);
  assert_true(wasmx_shared_module_import_info(shared, 2, &info));
  assert_true(info.kind == WASM_EXTERN_TABLE && info.content == WASM_FUNCREF);
  assert_true(info.min == 1 && info.max == 5 && !info.is_64);
  assert_true(wasmx_shared_module_import_info(shared, 3, &info));
  assert_true(info.kind == WASM_EXTERN_MEMORY && info.is_64 && !info.is_shared);
  assert_true(info.min == 2 && info.max == UINT64_MAX && info.page_size == 65536);
  assert_true(wasmx_module_import_info(module, 4, &info));
  assert_true(info.kind == WASM_EXTERN_TAG && info.param_count == 1);
  assert_int_equal(wasmx_externinfo_value(&info, 0), WASMX_V128);
  assert_false(wasmx_module_import_info(module, 5, &info));
  assert_true(wasmx_module_export_info(module, 0, &info));
  assert_true(info.module_size == 0 && is(info.name, info.name_size, "add"));
  assert_int_equal(info.param_count, 2);
  assert_true(wasmx_shared_module_export_info(shared, 3, &info));
  assert_true(is(info.name, info.name_size, "e2") && info.kind == WASM_EXTERN_TAG);
  assert_false(wasmx_shared_module_export_info(shared, 4, &info));
  assert_false(wasmx_module_export_info(NULL, 0, &info));
  assert_false(wasmx_shared_module_export_info(NULL, 0, &info));
  assert_false(wasmx_module_export_info(module, 0, NULL));
  assert_int_equal(wasmx_externinfo_value(NULL, 0), 0);
  wasm_shared_module_delete(shared);
  wasm_module_delete(module);
  world_delete(&w);
}

static void types_are_compared(void **state) {
  (void)state;
  static const char *const texts[] = {"() -> ()",       "(i32) -> ()",      "() -> (i32)",
                                      "(i32) -> (i32)", "(i32, i32) -> ()", "(i64) -> ()"};
  enum { COUNT = sizeof texts / sizeof *texts };
  wasm_functype_t *types[COUNT], *again[COUNT];
  for (size_t i = 0; i < COUNT; i++) types[i] = wasmx_functype_parse(texts[i], NULL);
  for (size_t i = 0; i < COUNT; i++) again[i] = wasm_functype_copy(types[i]);
  for (size_t i = 0; i < COUNT; i++)
    for (size_t j = 0; j < COUNT; j++)
      assert_int_equal(wasmx_functype_equal(types[i], again[j]), i == j);
  assert_false(wasmx_functype_equal(NULL, NULL) || wasmx_functype_equal(types[0], NULL));
  for (size_t i = 0; i < COUNT; i++) wasm_functype_delete(types[i]), wasm_functype_delete(again[i]);
}

static void expect_trap(wasm_trap_t *trap, uint32_t code, const char *says) {
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  assert_int_equal(wasmx_trap_code(trap), code);
  assert_string_equal(message.data, says);
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
}

static void traps_with_messages(void **state) {
  (void)state;
  World w = world_new();
  for (int i = 0; i < 2; i++) {
    wasm_store_t *store = i ? w.store : NULL;
    expect_trap(wasmx_trap_new_message(store, WASMX_TRAP_CANONICAL_ABI, "why"),
                WASMX_TRAP_CANONICAL_ABI, "why");
    expect_trap(wasmx_trap_new_message(store, WASMX_TRAP_OUT_OF_FUEL, NULL), WASMX_TRAP_OUT_OF_FUEL,
                "");
    expect_trap(wasmx_trap_new_message(store, WASMX_TRAP_EXIT, "x"), WASMX_TRAP_HOST, "x");
    expect_trap(wasmx_trap_new_message(store, 1000, "x"), WASMX_TRAP_HOST, "x");
  }
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_are_borrowed), cmocka_unit_test(failures_release_nothing),
      cmocka_unit_test(parts_of_files),     cmocka_unit_test(items_are_told),
      cmocka_unit_test(types_are_compared), cmocka_unit_test(traps_with_messages)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
