/* What belongs to a proposal that is not built is refused by its name: the bytes (unbuilt.def). */
#ifndef WM_WASM_UNBUILT_H
#define WM_WASM_UNBUILT_H

#include "wasm/feature.h"
#include "wasm/reader.h"

/* Fails the reader with ERR_UNSUPPORTED when a proposal has the opcode, which has no row; false: no
 * proposal does. */
bool wm_unbuilt_opcode(Reader *r, u64 offset, u8 prefix, u32 code);
/* The same for an atomic instruction that says its ordering. */
bool wm_unbuilt_ordering(Reader *r, u64 offset);
/* The same for the byte that begins a type. */
bool wm_unbuilt_type(Reader *r, u64 offset, u8 byte);

#endif
