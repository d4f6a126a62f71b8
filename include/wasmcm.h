/* wasmcm.h: WebAssembly components (the component model), on top of wasm.h and wasmx.h. C99 and
 * C++. Link with libwasmcm.
 *
 * Ownership words, threads and errors are as in wasmx.h. */
#ifndef WASMCM_H
#define WASMCM_H

#include "wasmx.h"

#ifdef __cplusplus
extern "C" {
#endif

#define own /* reads as a comment, as in wasm.h */

/* ----------------------------------------------------------------------------------- components */

/* Whether the bytes begin as a component does; a core module begins otherwise. */
WASM_API_EXTERN bool wasmcm_is_component(const void *bytes, size_t size);

/* A component: core modules, types and definitions that link them, read, checked and with its
 * modules ready for the engine's stores. Nothing in it changes: any thread, any store. */
typedef struct wasmcm_component_t wasmcm_component_t;

/* From the binary format (the bytes are copied). `flags` is 0. NULL, and *err (may be NULL; its
 * size is set before) says why, with the offset in the bytes: WASMX_MALFORMED, WASMX_INVALID,
 * WASMX_LIMIT, WASMX_OUT_OF_MEMORY, WASMX_ARGUMENT, or WASMX_UNSUPPORTED with the name of what it
 * needs: async, map, fixed-length lists, component values, error-context, component threads,
 * memory64, component gc. The engine must outlive it. */
WASM_API_EXTERN own wasmcm_component_t *wasmcm_component_new(wasm_engine_t *, const void *bytes,
                                                             size_t size, uint32_t flags,
                                                             wasmx_error_t *err);
WASM_API_EXTERN void wasmcm_component_delete(own wasmcm_component_t *);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
