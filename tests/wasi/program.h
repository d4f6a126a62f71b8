/* A program in the text format under WASI, called export by export: for what needs a store that
 * runs (callbacks that come back, interrupts). */
#ifndef TESTS_WASI_PROGRAM_H
#define TESTS_WASI_PROGRAM_H

#include "wasi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct Program {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasi_ctx_t *ctx; /* may be deleted and set to NULL before program_delete */
  wasm_instance_t *instance;
} Program;

#define WASI_IMPORT(name, params)                                                                  \
  "(import \"wasi_snapshot_preview1\" \"" name "\" (func $" name " (param " params                 \
  ") (result i32)))"

/* `text` without the outer parentheses of the module; `terminal`: whether it is granted. */
static inline void program_new_granted(Program *p, wasi_config_t *config, const char *text,
                                       bool terminal) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  char whole[8192];
  int len = snprintf(whole, sizeof whole, "(module %s)", text);
  assert_true(len > 0 && (size_t)len < sizeof whole);
  p->engine = wasm_engine_new();
  p->store = wasm_store_new(p->engine);
  p->ctx = wasi_ctx_new(p->store, config, &err);
  assert_non_null(p->ctx);
  wasm_byte_vec_t bytes = {(size_t)len, whole};
  wasm_module_t *module = wasmx_module_new(p->store, &bytes, WASMX_ALLOW_TEXT, &err);
  if (!module) fail_msg("%u:%u: %s", err.line, err.column, err.message);
  wasmx_linker_t *linker = wasmx_linker_new(p->store);
  assert_true(wasi_ctx_define_for(p->ctx, linker, module));
  if (!wasi_ctx_define_threads(p->ctx, linker, module, &err)) fail_msg("%s", err.message);
  assert_true(wasi_ctx_define_terminal(p->ctx, linker, module, terminal));
  p->instance = wasmx_linker_instantiate(linker, module, &trap, &err);
  if (!p->instance) fail_msg("%s", err.message);
  wasmx_linker_delete(linker);
  wasm_module_delete(module);
}

static inline void program_new(Program *p, wasi_config_t *config, const char *text) {
  program_new_granted(p, config, text, true);
}

static inline void program_delete(Program *p) {
  wasm_instance_delete(p->instance);
  wasi_ctx_delete(p->ctx);
  wasm_store_delete(p->store);
  wasm_engine_delete(p->engine);
}

/* Calls an export that takes nothing and gives an i32; *trap (may be NULL) is then the caller's. */
static inline int32_t program_call(const Program *p, const char *name, wasm_trap_t **trap) {
  wasm_func_t *func = wasmx_instance_func(p->instance, name);
  assert_non_null(func);
  wasmx_slot_t slots[1] = {{.u64 = 0}};
  wasm_trap_t *result = wasmx_func_call_raw(func, slots);
  wasm_func_delete(func);
  if (trap)
    *trap = result;
  else
    assert_null(result);
  return slots[0].i32;
}

#endif
