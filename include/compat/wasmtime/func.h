/* Functions: the host's, and calls. */
#ifndef WASMTIME_FUNC_H
#define WASMTIME_FUNC_H

#include <wasm.h>
#include <wasmtime/extern.h>
#include <wasmtime/store.h>
#include <wasmtime/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who called a host function; during that call. */
typedef struct wasmtime_caller wasmtime_caller_t;

/* args are lent; results are filled in, and their references given away. NULL, or a trap (own). */
typedef wasm_trap_t *(*wasmtime_func_callback_t)(void *env, wasmtime_caller_t *caller,
                                                 const wasmtime_val_t *args, size_t nargs,
                                                 wasmtime_val_t *results, size_t nresults);
/* Arguments and results in one array, as long as the longer of the two. */
typedef wasm_trap_t *(*wasmtime_func_unchecked_callback_t)(void *env, wasmtime_caller_t *caller,
                                                           wasmtime_val_raw_t *args_and_results,
                                                           size_t num_args_and_results);

/* `finalizer` (may be NULL) is run with env when the store is deleted. When memory is short, *ret
 * is the null function, and the finalizer is run at once. */
WASM_API_EXTERN void wasmtime_func_new(wasmtime_context_t *store, const wasm_functype_t *type,
                                       wasmtime_func_callback_t callback, void *env,
                                       void (*finalizer)(void *), wasmtime_func_t *ret);
WASM_API_EXTERN void wasmtime_func_new_unchecked(wasmtime_context_t *store,
                                                 const wasm_functype_t *type,
                                                 wasmtime_func_unchecked_callback_t callback,
                                                 void *env, void (*finalizer)(void *),
                                                 wasmtime_func_t *ret);
/* Owned by the caller; NULL when it is no function of this store. */
WASM_API_EXTERN wasm_functype_t *wasmtime_func_type(const wasmtime_context_t *store,
                                                    const wasmtime_func_t *func);
/* NULL and *trap NULL: done. An error: the call does not fit the function, a host function returned
 * a trap of its own message, or the program ended by proc_exit (wasmtime_error_exit_status). *trap:
 * wasm trapped. Results are the caller's to unroot. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_func_call(wasmtime_context_t *store,
                                                     const wasmtime_func_t *func,
                                                     const wasmtime_val_t *args, size_t nargs,
                                                     wasmtime_val_t *results, size_t nresults,
                                                     wasm_trap_t **trap);
/* The kinds of the values are not checked; the array has room for the longer of the two. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_func_call_unchecked(wasmtime_context_t *store,
                                                               const wasmtime_func_t *func,
                                                               wasmtime_val_raw_t *args_and_results,
                                                               size_t args_and_results_len,
                                                               wasm_trap_t **trap);
/* An export of the calling instance. */
WASM_API_EXTERN bool wasmtime_caller_export_get(wasmtime_caller_t *caller, const char *name,
                                                size_t name_len, wasmtime_extern_t *item);
WASM_API_EXTERN wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *caller);
/* Raw functions are no pointers to follow; NULL is null. */
WASM_API_EXTERN void wasmtime_func_from_raw(wasmtime_context_t *context, void *raw,
                                            wasmtime_func_t *ret);
WASM_API_EXTERN void *wasmtime_func_to_raw(wasmtime_context_t *context,
                                           const wasmtime_func_t *func);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
