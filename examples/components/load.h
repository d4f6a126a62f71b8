/* What the examples of components begin with: a file's component in an instance of its own. */
#ifndef EXAMPLES_COMPONENTS_LOAD_H
#define EXAMPLES_COMPONENTS_LOAD_H

#include <wasmcm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "PROGRAM: MESSAGE", and the end. */
static inline void give_up(const char *message) {
  fprintf(stderr, "component: %s\n", message);
  exit(1);
}

static inline wasmcm_component_t *load_component(wasm_engine_t *engine, const char *path) {
  static unsigned char bytes[1 << 20];
  wasmx_error_t err = {.size = sizeof err};
  FILE *file = fopen(path, "rb");
  size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (file) fclose(file);
  wasmcm_component_t *component = wasmcm_component_new(engine, bytes, size, 0, &err);
  if (!component) give_up(err.message);
  return component;
}

static inline wasmcm_instance_t *instantiate(wasmcm_linker_t *linker,
                                             const wasmcm_component_t *component) {
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_instance_t *instance = wasmcm_linker_instantiate(linker, component, NULL, &err);
  if (!instance) give_up(err.message);
  return instance;
}

/* A call that must not trap. */
static inline void need(wasm_trap_t *trap) {
  wasm_message_t message;
  if (!trap) return;
  wasm_trap_message(trap, &message);
  give_up(message.data);
}

#endif
