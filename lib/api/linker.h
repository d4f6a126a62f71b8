/* What the files of the linker share. */
#ifndef WM_API_LINKER_H
#define WM_API_LINKER_H

#include "api/handle.h"

wasm_store_t *wm_linker_home(const wasmx_linker_t *linker); /* borrowed */
/* Defines module.name as the handle, which is taken (NULL: out of memory). False (last error set):
 * out of memory. Finalizers may run. */
bool wm_linker_take(wasmx_linker_t *linker, const void *module, size_t module_len, const void *name,
                    size_t name_len, Handle *handle);
/* The handle of module.name, borrowed; NULL with *failed when out of memory. */
Handle *wm_linker_find(const wasmx_linker_t *linker, const void *module, size_t module_len,
                       const void *name, size_t name_len, bool *failed);

#endif
