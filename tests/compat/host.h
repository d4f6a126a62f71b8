/* What the clients in this folder share: cmocka, modules from text, calls in one line. They include
 * what programs for wasmtime include, and nothing of libwasm's own. */
#ifndef TESTS_COMPAT_HOST_H
#define TESTS_COMPAT_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <wasmtime.h>

typedef struct Host {
  wasm_engine_t *engine;
  wasmtime_store_t *store;
  wasmtime_context_t *context;
} Host;

static inline Host host_of(wasm_config_t *config) {
  Host h = {.engine = wasm_engine_new_with_config(config)};
  assert_non_null(h.engine);
  h.store = wasmtime_store_new(h.engine, NULL, NULL);
  assert_non_null(h.store);
  h.context = wasmtime_store_context(h.store);
  return h;
}

static inline Host host_new(void) { return host_of(wasm_config_new()); }

static inline void host_delete(Host *h) {
  wasmtime_store_delete(h->store);
  wasm_engine_delete(h->engine);
}

static inline void fine(wasmtime_error_t *error) {
  if (!error) return;
  wasm_name_t message;
  wasmtime_error_message(error, &message);
  print_message("%.*s\n", (int)message.size, message.data);
  wasm_name_delete(&message);
  wasmtime_error_delete(error);
  fail();
}

/* There is one, and its message has these words. */
static inline void wrong(wasmtime_error_t *error, const char *words) {
  wasm_name_t message;
  assert_non_null(error);
  wasmtime_error_message(error, &message);
  char *text = calloc(1, message.size + 1);
  memcpy(text, message.data, message.size);
  if (!strstr(text, words)) print_message("%s\n", text);
  assert_non_null(strstr(text, words));
  free(text);
  wasm_name_delete(&message);
  wasmtime_error_delete(error);
}

static inline wasmtime_module_t *module_of(wasm_engine_t *engine, const char *text) {
  wasm_byte_vec_t binary;
  wasmtime_module_t *module = NULL;
  fine(wasmtime_wat2wasm(text, strlen(text), &binary));
  fine(wasmtime_module_new(engine, (const uint8_t *)binary.data, binary.size, &module));
  wasm_byte_vec_delete(&binary);
  assert_non_null(module);
  return module;
}

static inline wasmtime_instance_t instance_of(Host *h, const char *text,
                                              const wasmtime_extern_t *imports, size_t count) {
  wasmtime_instance_t instance;
  wasm_trap_t *trap = NULL;
  wasmtime_module_t *module = module_of(h->engine, text);
  fine(wasmtime_instance_new(h->context, module, imports, count, &instance, &trap));
  assert_null(trap);
  wasmtime_module_delete(module);
  return instance;
}

static inline wasmtime_extern_t export_of(Host *h, const wasmtime_instance_t *instance,
                                          const char *name) {
  wasmtime_extern_t item;
  assert_true(wasmtime_instance_export_get(h->context, instance, name, strlen(name), &item));
  return item;
}

static inline wasmtime_func_t func_of(Host *h, const wasmtime_instance_t *instance,
                                      const char *name) {
  wasmtime_extern_t item = export_of(h, instance, name);
  assert_int_equal(item.kind, WASMTIME_EXTERN_FUNC);
  return item.of.func;
}

static inline wasmtime_val_t i32_of(int32_t value) {
  wasmtime_val_t val;
  memset(&val, 0, sizeof val);
  val.kind = WASMTIME_I32;
  val.of.i32 = value;
  return val;
}

/* A function of i32s, with one result. */
static inline int32_t call_i32(Host *h, const wasmtime_func_t *func, const int32_t *args,
                               size_t count) {
  wasmtime_val_t vals[4], result;
  wasm_trap_t *trap = NULL;
  for (size_t i = 0; i < count; i++) vals[i] = i32_of(args[i]);
  fine(wasmtime_func_call(h->context, func, vals, count, &result, 1, &trap));
  assert_null(trap);
  assert_int_equal(result.kind, WASMTIME_I32);
  return result.of.i32;
}

/* A function without parameters and results that traps; its code. */
static inline wasmtime_trap_code_t trap_code_of(Host *h, const wasmtime_func_t *func) {
  wasm_trap_t *trap = NULL;
  wasmtime_trap_code_t code = 255;
  fine(wasmtime_func_call(h->context, func, NULL, 0, NULL, 0, &trap));
  assert_non_null(trap);
  assert_true(wasmtime_trap_code(trap, &code));
  wasm_trap_delete(trap);
  return code;
}

#endif
