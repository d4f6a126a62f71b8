/* The text format written: a decoded module as text that the parser (wat.h) reads back to the same
 * module. Flat or folded; names of the name section become identifiers, and where such a name is no
 * good as one (taken, too long, empty) an annotation (@name "...") keeps it. Branch hints become
 * annotations, too, other custom sections (@custom ...) with their place.
 *
 * The module need not be valid, only well-formed: an index that is out of range stands as its
 * number. What no text says alike is written in the parser's form: numbers in more bytes than
 * needed, a data count that nothing needs, groups of locals, a recursion group of one type, the
 * forms of segments, a table's initialiser without instructions. */
#ifndef WM_TEXT_PRINT_H
#define WM_TEXT_PRINT_H

#include "base/buffer.h"
#include "wasm/module.h"

enum { /* the numbers are public (wasmx.h) */
       PRINT_FOLDED = 1,
       PRINT_NO_NAMES = 2,
       PRINT_OFFSETS = 4
};

/* Appends the text of `m` to `out`. Linear time; nesting is bounded by memory alone. False with
 * *err: a body that is malformed (the decoder leaves those alone), text out of proportion to the
 * module (ERR_LIMIT), or out of memory. */
bool wm_module_print(const Module *m, u32 flags, Buffer *out, Error *err);

#endif
