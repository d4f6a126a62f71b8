/* wasmer.h, and what its two files share. Its macros take names that wasi.h has: it comes behind
 * all uses of those. */
#ifndef WM_COMPAT_COMPAT_NAMED_H
#define WM_COMPAT_COMPAT_NAMED_H

#include "wasmx.h"

#include <wasmer.h>

/* Copies the names, takes the external. NULL: out of memory. */
wasmer_named_extern_t *wm_compat_named_extern(const wasm_name_t *module, const wasm_name_t *name,
                                              wasm_extern_t *external);

#endif
