/* Branch hints of a module (binary/branch_hints.h). What is malformed in them ends them, silently:
 * they change where code stands, never what it does. */
#ifndef WM_JIT_HINTS_H
#define WM_JIT_HINTS_H

#include "runtime/code.h"

/* Reads the section into lm->hints, where there is one. Once, before anything is compiled. */
void wm_hints_read(LoadedModule *lm);

typedef enum Likely { LIKELY_UNKNOWN, LIKELY_ZERO, LIKELY_NOT_ZERO } Likely;
/* What is said of the condition of the instruction at `offset` of the module's bytes. */
Likely wm_hints_find(const LoadedModule *lm, u32 offset);

#endif
