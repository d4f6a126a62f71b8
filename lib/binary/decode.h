/* Bytes -> Module (spec 5.5): all sections of WebAssembly 3.0, well-formed or refused; whether they
 * make sense is the validator's business. Function bodies are only cut out: the validator reads
 * their instructions, once, and reports malformed ones itself. */
#ifndef WM_BINARY_DECODE_H
#define WM_BINARY_DECODE_H

#include "wasm/module.h"

/* Fills *m (what it held is ignored) from a copy of the bytes. False with *err set: malformed,
 * beyond a limit, unsupported or out of memory. Either way *m must be given to wm_module_free in
 * the end. Messages are the spec suite's, offsets count from the first byte. */
bool wm_module_decode(Module *m, const u8 *bytes, size_t size, Error *err);
/* The same of bytes from malloc, which are m's from now on. */
bool wm_module_decode_owned(Module *m, u8 *bytes, size_t size, Error *err);
/* The same of bytes that stay as they are as long as m. */
bool wm_module_decode_borrowed(Module *m, const u8 *bytes, size_t size, Error *err);

#endif
