/* Names for people: of functions in backtraces and of the module (spec 7.4.1). Reads the name
 * section in place; a malformed one has no names from the error on and is never
 * refused. */
#ifndef WM_BINARY_NAMES_H
#define WM_BINARY_NAMES_H

#include "binary/sections.h"
#include "wasm/reader.h"

/* The name of function `func_index`: in the name section; else of its first export; else of its
 * import. False when it has none of these. Takes time linear in the sections read. */
bool wm_names_find_func(const Module *m, u32 func_index, Name *out);

/* The same as text to print: escaped, an import as "module.name", and without a name "func 7".
 * Returns out. */
const char *wm_names_print_func(const Module *m, u32 func_index, char *out, size_t size);

/* Where each function's name is in the name section or its first export, by function index (len 0:
 * nowhere), for who asks for many: one walk over both. The caller frees it; NULL: out of memory. */
Name *wm_names_list_funcs(const Module *m);

/* Moves r to the contents of a part of the name section; false: there is none. */
bool wm_names_find_part(const Module *m, NamePart part, Reader *r, Error *err);

/* The module's own name in the name section. */
bool wm_names_find_module(const Module *m, Name *out);

#endif
