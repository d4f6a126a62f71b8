/* Memories. */
#ifndef WASMTIME_MEMORY_H
#define WASMTIME_MEMORY_H

#include <wasm.h>
#include <wasmtime/error.h>
#include <wasmtime/extern.h>
#include <wasmtime/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types, in pages; owned by the caller. NULL: no such type. */
WASM_API_EXTERN wasm_memorytype_t *wasmtime_memorytype_new(uint64_t min, bool max_present,
                                                           uint64_t max, bool is_64, bool shared);
WASM_API_EXTERN uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t *type);
/* False: there is no maximum. */
WASM_API_EXTERN bool wasmtime_memorytype_maximum(const wasm_memorytype_t *type, uint64_t *max);
WASM_API_EXTERN bool wasmtime_memorytype_is64(const wasm_memorytype_t *type);
WASM_API_EXTERN bool wasmtime_memorytype_isshared(const wasm_memorytype_t *type);

WASM_API_EXTERN wasmtime_error_t *wasmtime_memory_new(wasmtime_context_t *store,
                                                      const wasm_memorytype_t *type,
                                                      wasmtime_memory_t *ret);
WASM_API_EXTERN wasm_memorytype_t *wasmtime_memory_type(const wasmtime_context_t *store,
                                                        const wasmtime_memory_t *memory);
/* Stays the same when the memory grows. */
WASM_API_EXTERN uint8_t *wasmtime_memory_data(const wasmtime_context_t *store,
                                              const wasmtime_memory_t *memory);
WASM_API_EXTERN size_t wasmtime_memory_data_size(const wasmtime_context_t *store,
                                                 const wasmtime_memory_t *memory);
WASM_API_EXTERN uint64_t wasmtime_memory_size(const wasmtime_context_t *store,
                                              const wasmtime_memory_t *memory);
WASM_API_EXTERN wasmtime_error_t *wasmtime_memory_grow(wasmtime_context_t *store,
                                                       const wasmtime_memory_t *memory,
                                                       uint64_t delta, uint64_t *prev_size);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
