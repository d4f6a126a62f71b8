/* For verbs that show a module's insides: the decoded module, whatever proposals it is made of. */
#ifndef WASM_TOOL_LOAD_DECODED_H
#define WASM_TOOL_LOAD_DECODED_H

#include "wasm/module.h"

/* Reads and decodes the file (binary or text); false when it said why not. Either way the module
 * must be given to wm_module_free. */
bool load_decoded(const char *path, Module *m);
/* FILE, message and byte. Returns STATUS_FAILED. */
int complain_decoded(const char *path, const Error *err);

#endif
