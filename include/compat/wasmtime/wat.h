/* The text format. */
#ifndef WASMTIME_WAT_H
#define WASMTIME_WAT_H

#include <wasm.h>
#include <wasmtime/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The binary to *ret, which the caller deletes; or an error. */
WASM_API_EXTERN wasmtime_error_t *wasmtime_wat2wasm(const char *wat, size_t wat_len,
                                                    wasm_byte_vec_t *ret);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
