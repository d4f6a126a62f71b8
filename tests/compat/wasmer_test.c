/* wasmer.h as programs for wasmer use it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <wasmer.h>

static const char echo[] =
    "(module $echo (import \"wasi_snapshot_preview1\" \"fd_write\""
    "  (func $write (param i32 i32 i32 i32) (result i32)))"
    "(import \"wasi_snapshot_preview1\" \"environ_get\" (func $env (param i32 i32) (result i32)))"
    "(memory (export \"memory\") 1) (data (i32.const 0) \"\\40\\00\\00\\00\\05\\00\\00\\00\")"
    "(func (export \"_start\") (drop (call $env (i32.const 32) (i32.const 64)))"
    "  (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))"
    "  (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 20)))))";

static wasm_module_t *module_of(wasm_store_t *store, const char *text) {
  wasm_byte_vec_t wat, binary;
  wasm_byte_vec_new(&wat, strlen(text), text);
  wat2wasm(&wat, &binary);
  wasm_byte_vec_delete(&wat);
  wasm_module_t *module = wasm_module_new(store, &binary);
  wasm_byte_vec_delete(&binary);
  assert_non_null(module);
  return module;
}

static void test_wasi(void **state) {
  (void)state;
  char text[20] = "";
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_module_t *module = module_of(store, echo);
  assert_int_equal(wasi_get_wasi_version(module), SNAPSHOT1);
  wasi_config_t *config = wasi_config_new("echo");
  wasi_config_arg(config, "x");
  wasi_config_env(config, "A", "123");
  assert_true(wasi_config_preopen_dir(config, "/tmp"));
  assert_true(wasi_config_mapdir(config, "t", "/tmp"));
  assert_false(wasi_config_mapdir(config, "n", "/nowhere/at/all"));
  wasi_config_capture_stdin(config);
  wasi_config_capture_stdout(config);
  wasi_config_capture_stderr(config);
  wasi_env_t *env = wasi_env_new(store, config);
  assert_non_null(env);
  wasm_extern_vec_t imports;
  assert_true(wasi_get_imports(store, env, module, &imports));
  assert_int_equal(imports.size, 2);
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
  assert_non_null(instance);
  assert_true(wasi_env_initialize_instance(env, store, instance));
  wasm_func_t *start = wasi_get_start_function(instance);
  wasm_val_vec_t none = WASM_EMPTY_VEC;
  assert_null(wasm_func_call(start, &none, &none));
  assert_int_equal(wasi_env_read_stdout(env, text, sizeof text), 5);
  assert_string_equal(text, "A=123");
  assert_int_equal(wasi_env_read_stderr(env, text, 1), 1);
  assert_int_equal(wasi_env_read_stderr(env, text, sizeof text), 4);
  assert_int_equal(wasi_env_read_stdout(env, text, sizeof text), 0);
  assert_int_equal(wasi_env_read_stdout(NULL, text, 1), -1);
  wasm_func_delete(start);
  wasm_extern_vec_delete(&imports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasi_env_delete(env);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

static void test_named_externs(void **state) {
  (void)state;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine), *other = wasm_store_new(engine);
  wasm_module_t *module =
      module_of(store, "(module (import \"wasi_unstable\" \"sched_yield\" (func (result i32)))"
                       "(import \"a\" \"b\" (func)))");
  assert_int_equal(wasi_get_wasi_version(module), SNAPSHOT0);
  wasi_env_t *env = wasi_env_new(store, wasi_config_new("p"));
  wasmer_named_extern_vec_t named, copy;
  wasm_extern_vec_t imports;
  assert_false(wasi_get_imports(store, env, module, &imports));
  assert_false(wasi_get_imports(other, env, module, &imports));
  assert_true(wasi_get_unordered_imports(env, module, &named));
  assert_int_equal(named.size, 1);
  wasmer_named_extern_vec_copy(&copy, &named);
  wasmer_named_extern_vec_delete(&named);
  assert_string_equal(wasmer_named_extern_module(copy.data[0])->data, "wasi_unstable");
  assert_string_equal(wasmer_named_extern_name(copy.data[0])->data, "sched_yield");
  assert_int_equal(wasm_extern_kind(wasmer_named_extern_unwrap(copy.data[0])), WASM_EXTERN_FUNC);
  wasmer_named_extern_vec_delete(&copy);
  wasi_env_delete(env);
  wasm_module_delete(module);
  wasm_store_delete(other);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

static void test_errors(void **state) {
  (void)state;
  char text[400];
  wasm_byte_vec_t wat, binary;
  wasm_byte_vec_new(&wat, 7, "(module");
  wat2wasm(&wat, &binary);
  wasm_byte_vec_delete(&wat);
  assert_int_equal(binary.size, 0);
  int length = wasmer_last_error_length();
  assert_true(length > 1);
  assert_int_equal(wasmer_last_error_message(text, length - 1), -1);
  assert_int_equal(wasmer_last_error_message(text, sizeof text), length);
  assert_int_equal(strlen(text), length - 1);
  assert_null(wasi_env_new(NULL, NULL));
  assert_null(wasi_env_new(NULL, wasi_config_new("x")));
  wasi_config_delete(NULL);
  wasi_config_delete(wasi_config_new(NULL));
  wasi_config_arg(NULL, "x");
  wasi_env_delete(NULL);
  assert_null(wasi_get_start_function(NULL));
  assert_int_equal(wasi_get_wasi_version(NULL), INVALID_VERSION);
  wasmer_named_extern_delete(NULL);
  assert_null(wasmer_named_extern_name(NULL));
}

/* An environment that could not be made whole is none. */
static void test_bad_config(void **state) {
  (void)state;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasi_config_t *config = wasi_config_new("p");
  wasi_config_arg(config, NULL);
  assert_null(wasi_env_new(store, config));
  config = wasi_config_new("p");
  wasi_config_env(config, "A=B", "1");
  assert_null(wasi_env_new(store, config));
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

static void test_features(void **state) {
  (void)state;
  wasm_config_t *config = wasm_config_new();
  wasmer_features_t *features = wasmer_features_new();
  assert_true(wasmer_features_simd(features, false));
  assert_true(wasmer_features_module_linking(features, true));
  assert_false(wasmer_features_simd(NULL, false));
  wasm_config_set_features(config, features);
  wasm_config_set_compiler(config, SINGLEPASS);
  wasm_config_set_engine(config, UNIVERSAL);
  wasm_config_canonicalize_nans(config, true);
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t wat, binary;
  static const char simd[] = "(module (func (drop (v128.const i32x4 0 0 0 0))))";
  wasm_byte_vec_new(&wat, strlen(simd), simd);
  wat2wasm(&wat, &binary);
  assert_null(wasm_module_new(store, &binary));
  wasm_byte_vec_delete(&wat);
  wasm_byte_vec_delete(&binary);
  wasm_module_t *module = module_of(store, "(module $its_name)");
  wasm_name_t name;
  wasmer_module_name(module, &name);
  assert_string_equal(name.data, "its_name");
  wasm_name_delete(&name);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  assert_int_equal(wasmer_version_major(), WASMER_VERSION_MAJOR);
  assert_string_equal(wasmer_version(), WASMER_VERSION);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wasi),     cmocka_unit_test(test_named_externs),
      cmocka_unit_test(test_errors),   cmocka_unit_test(test_bad_config),
      cmocka_unit_test(test_features),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
