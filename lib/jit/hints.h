/* Branch hints of a module: its custom section metadata.code.branch_hint, which says of `if` and
 * `br_if` whether their condition is probably 0. What is malformed in it ends it, silently: hints
 * change where code stands, never what it does. */
#ifndef WM_JIT_HINTS_H
#define WM_JIT_HINTS_H

#include "runtime/code.h"

/* Reads the section into lm->hints, where there is one. Once, before anything is compiled. */
void wm_hints_read(LoadedModule *lm);

typedef enum Likely { LIKELY_UNKNOWN, LIKELY_ZERO, LIKELY_NOT_ZERO } Likely;
/* What is said of the condition of the instruction at `offset` of the module's bytes. */
Likely wm_hints_find(const LoadedModule *lm, u32 offset);

#endif
