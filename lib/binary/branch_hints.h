/* The custom section of branch hints, which says of `if` and `br_if` whether their condition is
 * probably 0: a vector of functions, ascending; each its index and a vector of hints, ascending:
 * the instruction's offset from the function's locals on, the number 1, and a byte, 0 or 1. */
#ifndef WM_BINARY_BRANCH_HINTS_H
#define WM_BINARY_BRANCH_HINTS_H

#include "base/vec.h"
#include "wasm/reader.h"

#define BRANCH_HINT_SECTION "metadata.code.branch_hint"

typedef struct BranchHint {
  u32 offset; /* of the instruction in the module's bytes */
  u8 says;    /* the condition is probably 0, or not */
} BranchHint;

typedef Vec(BranchHint) BranchHints; /* ascending */

/* The first section of that name, and how many there are; NO_INDEX: none. */
u32 wm_branch_hints_section(const Module *m, u32 *count);
/* Appends what the section says up to its end, or to where it is malformed: false with *err. Not
 * looked at is what instructions stand there. */
bool wm_branch_hints_read(const Module *m, u32 section, BranchHints *hints, Error *err);
/* What is said of the instruction at `offset` of the module's bytes, or NULL. */
const BranchHint *wm_branch_hints_find(const BranchHint *hints, u32 count, u32 offset);

#endif
