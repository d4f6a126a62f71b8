/* The text format (spec 6): a module's text to its binary. All of WebAssembly 3.0, with every
 * abbreviation, and the threads proposal's instructions. Identifiers become a name section, the
 * annotations @name and @custom what they stand for; other annotations are skipped.
 *
 * Checked here is the grammar only: names that are not bound, or bound twice, are syntax errors,
 * numeric indices and types are left to validation. Linear time; nesting is bounded by memory
 * alone. */
#ifndef WM_TEXT_WAT_H
#define WM_TEXT_WAT_H

#include "base/buffer.h"
#include "base/error.h"

/* Appends the binary of `text` to `out`: (module ...), its bare fields, or, as in scripts, a module
 * in strings: (module binary "..."*), whose bytes are taken as they are, or (module quote "..."*).
 * When false, `err` says why: ERR_SYNTAX with offset, line and column (in characters, both from 1),
 * a message in the spec suite's words, and the source line with a caret below it in err->context.
 * `out` may hold part of the output then. */
bool wm_wat_to_binary(const char *text, size_t size, Buffer *out, Error *err);

#endif
