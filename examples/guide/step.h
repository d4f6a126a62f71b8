/* What the steps from the third on take for granted: a module from text, and the end of a program
 * that has no way on. Step 2 shows it at length. */
#ifndef GUIDE_STEP_H
#define GUIDE_STEP_H

#include <wasmx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void need(bool good, const char *what) {
  if (good) return;
  fprintf(stderr, "%s: %s\n", what, wasmx_last_error()->message);
  exit(1);
}

static inline wasm_module_t *load(wasm_store_t *store, const char *text) {
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)(uintptr_t)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  need(module != NULL, "load");
  return module;
}

#endif
