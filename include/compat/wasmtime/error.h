/* Errors: what went wrong, as text. */
#ifndef WASMTIME_ERROR_H
#define WASMTIME_ERROR_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_error wasmtime_error_t;

/* Of a zero-terminated message, which is copied. Owned by the caller. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_error_new(const char *message);
WASM_API_EXTERN void wasmtime_error_delete(wasmtime_error_t *error);
/* The caller deletes *message; its size does not count the terminating zero that is there. */
WASM_API_EXTERN void wasmtime_error_message(const wasmtime_error_t *error, wasm_name_t *message);
/* Whether the error is a program of WASI that ended by proc_exit; its status. */
WASM_API_EXTERN bool wasmtime_error_exit_status(const wasmtime_error_t *error, int *status);
/* The frames that were running, innermost first; empty when none were. */
WASM_API_EXTERN void wasmtime_error_wasm_trace(const wasmtime_error_t *error,
                                               wasm_frame_vec_t *out);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
