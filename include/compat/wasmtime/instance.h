/* Instances. */
#ifndef WASMTIME_INSTANCE_H
#define WASMTIME_INSTANCE_H

#include <wasm.h>
#include <wasmtime/extern.h>
#include <wasmtime/module.h>
#include <wasmtime/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are wasmtime's. */
typedef struct wasmtime_instance {
  uint64_t store_id;
  size_t __private;
} wasmtime_instance_t;
/* NOLINTEND(bugprone-reserved-identifier) */

/* `imports` in the module's order. An error, or *trap (own), or *instance. */
WASM_API_EXTERN wasmtime_error_t *
wasmtime_instance_new(wasmtime_context_t *store, const wasmtime_module_t *module,
                      const wasmtime_extern_t *imports, size_t nimports,
                      wasmtime_instance_t *instance, wasm_trap_t **trap);
/* By name, and by number in the module's order, with the name (borrowed from the store). */
WASM_API_EXTERN bool wasmtime_instance_export_get(wasmtime_context_t *store,
                                                  const wasmtime_instance_t *instance,
                                                  const char *name, size_t name_len,
                                                  wasmtime_extern_t *item);
WASM_API_EXTERN bool wasmtime_instance_export_nth(wasmtime_context_t *store,
                                                  const wasmtime_instance_t *instance, size_t index,
                                                  char **name, size_t *name_len,
                                                  wasmtime_extern_t *item);

/* A module and a linker (wasmtime_linker_instantiate_pre), which must outlive it. */
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;
WASM_API_EXTERN void wasmtime_instance_pre_delete(wasmtime_instance_pre_t *pre);
WASM_API_EXTERN wasmtime_error_t *
wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t *pre, wasmtime_context_t *store,
                                  wasmtime_instance_t *instance, wasm_trap_t **trap);
/* Owned by the caller. */
WASM_API_EXTERN wasmtime_module_t *wasmtime_instance_pre_module(wasmtime_instance_pre_t *pre);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
