/* Step 2: text, and what went wrong.
 *
 * wasmx.h adds to the standard. Its constructors fill a wasmx_error_t: a code, a message, the place
 * in the input, for text the line itself. Whoever passes NULL finds the same in wasmx_last_error(),
 * which is the thread's. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>

static wasm_module_t *load(wasm_store_t *store, const char *text, wasmx_error_t *err) {
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)(uintptr_t)text};
  return wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, err);
}

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_error_t err = {.size = sizeof err}; /* the size says which version of the struct it is */

  wasm_module_t *good = load(store, "(module (func (export \"nothing\")))", &err);
  wasm_module_t *misspelled = load(store, "(module\n  (func (result i32) i32.konst 1))", &err);
  printf("%u:%u: %s\n%s\n", err.line, err.column, err.message, err.context);
  bool is_syntax = err.code == WASMX_SYNTAX && err.line == 2;
  wasm_module_t *ill_typed = load(store, "(module (func (result i32) i64.const 1))", &err);
  printf("byte %llu: %s\n", (unsigned long long)err.offset, err.message);

  wasm_module_delete(good);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return !(good && !misspelled && is_syntax && !ill_typed && err.code == WASMX_INVALID);
}
