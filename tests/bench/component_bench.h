/* What the drivers that time components share. */
#ifndef TESTS_BENCH_COMPONENT_BENCH_H
#define TESTS_BENCH_COMPONENT_BENCH_H

#include "rounds.h"

#include <stdio.h>
#include <wasmcm.h>

static inline void check(wasm_trap_t *trap) {
  wasm_message_t message;
  if (!trap) return;
  wasm_trap_message(trap, &message);
  fprintf(stderr, "%s\n", message.data);
  exit(1);
}

/* Of a file of at most 64 KiB; the linker goes. NULL with a word on standard error. */
static inline wasmcm_instance_t *instance_of(wasm_engine_t *engine, wasmcm_linker_t *linker,
                                             const char *path) {
  static char bytes[65536];
  wasmx_error_t err = {.size = sizeof err};
  FILE *file = fopen(path, "rb");
  size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (file) fclose(file);
  wasmcm_component_t *component = wasmcm_component_new(engine, bytes, size, 0, &err);
  wasmcm_instance_t *instance =
      component ? wasmcm_linker_instantiate(linker, component, NULL, &err) : NULL;
  if (!instance) fprintf(stderr, "%s: %s\n", path, err.message);
  wasmcm_component_delete(component);
  wasmcm_linker_delete(linker);
  return instance;
}

#endif
