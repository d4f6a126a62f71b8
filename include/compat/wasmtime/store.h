/* Stores, and the context in one that all other functions take. */
#ifndef WASMTIME_STORE_H
#define WASMTIME_STORE_H

#include <wasi.h>
#include <wasm.h>
#include <wasmtime/conf.h>
#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;

/* `finalizer` (may be NULL) is run with `data` when the store is deleted. NULL: out of memory, and
 * data stays the caller's. */
WASM_API_EXTERN wasmtime_store_t *wasmtime_store_new(wasm_engine_t *engine, void *data,
                                                     void (*finalizer)(void *));
/* Borrowed from the store. */
WASM_API_EXTERN wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *store);
/* Does nothing while wasm runs in the store. */
WASM_API_EXTERN void wasmtime_store_delete(wasmtime_store_t *store);
/* Limits; negative: none. memory_size is for the memories of the store together, in bytes,
 * table_elements for its tables together. How many tables and memories there are is not limited. */
WASM_API_EXTERN void wasmtime_store_limiter(wasmtime_store_t *store, int64_t memory_size,
                                            int64_t table_elements, int64_t instances,
                                            int64_t tables, int64_t memories);

WASM_API_EXTERN void *wasmtime_context_get_data(const wasmtime_context_t *context);
/* Whose finalizer stays that of the store. */
WASM_API_EXTERN void wasmtime_context_set_data(wasmtime_context_t *context, void *data);
/* Frees what nothing holds, and all externrefs that are held as raw values alone. */
WASM_API_EXTERN void wasmtime_context_gc(wasmtime_context_t *context);
/* Errors: the engine's configuration did not turn fuel on. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_context_set_fuel(wasmtime_context_t *context,
                                                            uint64_t fuel);
WASM_API_EXTERN wasmtime_error_t *wasmtime_context_get_fuel(const wasmtime_context_t *context,
                                                            uint64_t *fuel);
/* What the functions of WASI see in this store; takes the config, also on failure. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_context_set_wasi(wasmtime_context_t *context,
                                                            wasi_config_t *config);

/* Wasm traps (INTERRUPT) once the engine's epoch is so many further; a store starts with 0, and so
 * traps at once. */
WASM_API_EXTERN void wasmtime_context_set_epoch_deadline(wasmtime_context_t *context,
                                                         uint64_t ticks_beyond_current);
typedef uint8_t wasmtime_update_deadline_kind_t;
#define WASMTIME_UPDATE_DEADLINE_CONTINUE 0
#define WASMTIME_UPDATE_DEADLINE_YIELD    1
/* Asked at the deadline instead: an error (own) traps with its message, else wasm goes on until
 * *epoch_deadline_delta epochs later. It must not call into the store. YIELD is CONTINUE. NULL:
 * nobody is asked. */
WASM_API_EXTERN void wasmtime_store_epoch_deadline_callback(
    wasmtime_store_t *store,
    wasmtime_error_t *(*func)(wasmtime_context_t *context, void *data,
                              uint64_t *epoch_deadline_delta,
                              wasmtime_update_deadline_kind_t *update_kind),
    void *data, void (*finalizer)(void *));

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
