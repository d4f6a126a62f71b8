/* What the API's tests share: an engine with a store, modules from text, calls in one line. */
#ifndef TESTS_API_FIXTURE_H
#define TESTS_API_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/compiled.h"

typedef struct World {
  wasm_engine_t *engine;
  wasm_store_t *store;
  Expect expect; /* of the engine when it is deleted */
} World;

/* An engine and a store of that tier. False: the tier is not built. */
static inline bool world_in_tier(World *w, wasm_config_t *config, wasmx_tier_t tier, bool eager) {
  assert_non_null(config);
  assert_true(compiled_configure(config, eager));
  if (!wasmx_config_set_tier(config, tier)) {
    wasm_config_delete(config);
    return false;
  }
  bool compiles = tier != WASMX_TIER_INTERP && wasmx_has("jit");
  w->expect = !compiles                ? EXPECT_NO_FAULT
              : tier == WASMX_TIER_JIT ? EXPECT_ALL
              : eager                  ? EXPECT_SOME
                                       : EXPECT_NO_FAULT;
  w->engine = wasm_engine_new_with_config(config);
  assert_non_null(w->engine);
  w->store = wasm_store_new(w->engine);
  assert_non_null(w->store);
  return true;
}

/* Of the tier that the environment says. */
static inline World world_new(void) {
  World w = {0};
  wasmx_tier_t tier = test_wants_jit() ? WASMX_TIER_JIT : WASMX_TIER_AUTO;
  assert_true(world_in_tier(&w, wasm_config_new(), tier, false));
  return w;
}

static inline void world_delete(World *w) {
  assert_true(wasmx_store_try_delete(w->store));
  const char *fault = compiled_fault(w->engine, w->expect);
  wasm_engine_delete(w->engine);
  if (fault) fail_msg("%s", fault);
}

static inline wasm_module_t *module_of(wasm_store_t *store, const char *text) {
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)(uintptr_t)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  if (!module) print_message("%s\n%s", wasmx_last_error()->message, wasmx_last_error()->context);
  assert_non_null(module);
  return module;
}

static inline wasm_instance_t *instance_of_n(wasm_store_t *store, const char *text, size_t count,
                                             wasm_extern_t **list) {
  wasm_module_t *module = module_of(store, text);
  wasm_extern_vec_t imports = {count, list};
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
  if (!instance) print_message("%s\n", wasmx_last_error()->message);
  assert_non_null(instance);
  wasm_module_delete(module);
  return instance;
}

static inline wasm_instance_t *instance_of(wasm_store_t *store, const char *text) {
  return instance_of_n(store, text, 0, NULL);
}

static inline wasm_val_t i32_val(int32_t v) {
  wasm_val_t val = WASM_I32_VAL(v);
  return val;
}

static inline wasm_val_t ref_val(wasm_valkind_t kind, wasm_ref_t *ref) {
  wasm_val_t val = {kind, {.ref = ref}};
  return val;
}

/* Calls with up to one result. */
static inline wasm_trap_t *call_n(const wasm_func_t *func, size_t count, wasm_val_t *args,
                                  wasm_val_t *result) {
  wasm_val_vec_t in = {count, args}, out = {result ? 1 : 0, result};
  return wasm_func_call(func, &in, &out);
}

/* Calls an i32 -> i32 function. */
static inline int32_t call_i(const wasm_func_t *func, int32_t v) {
  wasm_val_t arg = i32_val(v), result = WASM_INIT_VAL;
  wasm_trap_t *trap = call_n(func, 1, &arg, &result);
  assert_null(trap);
  assert_int_equal(result.kind, WASM_I32);
  return result.of.i32;
}

/* Deletes the trap; whether its message holds `text`. */
static inline void assert_trap(wasm_trap_t *trap, const char *text) {
  assert_non_null(trap);
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  assert_true(message.size > 0);
  assert_int_equal(message.data[message.size - 1], 0);
  if (!strstr(message.data, text)) fail_msg("\"%s\" is not in \"%s\"", text, message.data);
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
}

static inline void assert_last_error(wasmx_errcode_t code, const char *text) {
  const wasmx_error_t *err = wasmx_last_error();
  if (err->code != code || !strstr(err->message, text))
    fail_msg("error %u \"%s\" is not %u \"%s\"", err->code, err->message, code, text);
}

static inline void count_call(void *env) { ++*(int *)env; }

/* Tests that need the text format are left out of a build without it. */
#define run_with_text(tests) (wasmx_has("text") ? cmocka_run_group_tests(tests, NULL, NULL) : 77)

#endif
