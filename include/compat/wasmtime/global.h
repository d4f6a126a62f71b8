/* Globals. */
#ifndef WASMTIME_GLOBAL_H
#define WASMTIME_GLOBAL_H

#include <wasm.h>
#include <wasmtime/extern.h>
#include <wasmtime/store.h>
#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

WASM_API_EXTERN wasmtime_error_t *wasmtime_global_new(wasmtime_context_t *store,
                                                      const wasm_globaltype_t *type,
                                                      const wasmtime_val_t *val,
                                                      wasmtime_global_t *ret);
WASM_API_EXTERN wasm_globaltype_t *wasmtime_global_type(const wasmtime_context_t *store,
                                                        const wasmtime_global_t *global);
/* The caller unroots *out; an i32 of 0 when it is no global of this store. */
WASM_API_EXTERN void wasmtime_global_get(wasmtime_context_t *store, const wasmtime_global_t *global,
                                         wasmtime_val_t *out);
WASM_API_EXTERN wasmtime_error_t *wasmtime_global_set(wasmtime_context_t *store,
                                                      const wasmtime_global_t *global,
                                                      const wasmtime_val_t *val);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
