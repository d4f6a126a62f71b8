/* For verbs that show what is in a module: its bytes, or the decoded module, also of what is
 * refused when it is validated. */
#ifndef WASM_TOOL_LOAD_DECODED_H
#define WASM_TOOL_LOAD_DECODED_H

#include <wasmx.h>

#include "wasm/module.h"

/* Reads the file whole, text translated to binary; false when it said why not. The caller gives it
 * to wasm_byte_vec_delete. */
bool load_binary(const char *path, wasm_byte_vec_t *bytes);
/* Reads and decodes the file (binary or text); false when it said why not. Either way the module
 * must be given to wm_module_free. */
bool load_decoded(const char *path, Module *m);
/* FILE, message and byte. Returns STATUS_FAILED. */
int complain_decoded(const char *path, const Error *err);

#endif
