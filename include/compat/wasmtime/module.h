/* Modules: of an engine, for all of its stores, from any thread. */
#ifndef WASMTIME_MODULE_H
#define WASMTIME_MODULE_H

#include <wasm.h>
#include <wasmtime/conf.h>
#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_module wasmtime_module_t;

/* A module of these bytes (the text format too), which are copied: *ret, owned by the caller; or an
 * error, and *ret is left as it was. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_module_new(wasm_engine_t *engine, const uint8_t *wasm,
                                                      size_t wasm_len, wasmtime_module_t **ret);
WASM_API_EXTERN void wasmtime_module_delete(wasmtime_module_t *module);
/* The same module for another owner. */
WASM_API_EXTERN wasmtime_module_t *wasmtime_module_clone(wasmtime_module_t *module);
/* In the module's order; the caller deletes *out. */
WASM_API_EXTERN void wasmtime_module_imports(const wasmtime_module_t *module,
                                             wasm_importtype_vec_t *out);
WASM_API_EXTERN void wasmtime_module_exports(const wasmtime_module_t *module,
                                             wasm_exporttype_vec_t *out);
/* NULL: the bytes are a valid module. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_module_validate(wasm_engine_t *engine,
                                                           const uint8_t *wasm, size_t wasm_len);
/* What deserialize takes back, by the same version of libwasm only. What is in such bytes runs as
 * machine code: never take them from somebody else. The caller deletes *ret. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_module_serialize(wasmtime_module_t *module,
                                                            wasm_byte_vec_t *ret);
WASM_API_EXTERN wasmtime_error_t *wasmtime_module_deserialize(wasm_engine_t *engine,
                                                              const uint8_t *bytes,
                                                              size_t bytes_len,
                                                              wasmtime_module_t **ret);
WASM_API_EXTERN wasmtime_error_t *
wasmtime_module_deserialize_file(wasm_engine_t *engine, const char *path, wasmtime_module_t **ret);
/* Code lies in many places: *start and *end are NULL. */
WASM_API_EXTERN void wasmtime_module_image_range(const wasmtime_module_t *module, void **start,
                                                 void **end);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
