/* Random programs in LIR, and their execution before and after register allocation side by side. */
#ifndef TESTS_JIT_LIR_PROGRAM_H
#define TESTS_JIT_LIR_PROGRAM_H

#include "jit/jit.h"
#include "jit/x64/x64_lir.h"

/* Fills c (from wm_jit_new) as wm_x64_select leaves it: a random program of about `size` blocks,
 * the same for the same seed. */
void lir_program_make(Compile *c, u64 seed, u32 size);

/* Runs an allocated program along a random path: NULL, or what went wrong: an operand's place does
 * not hold its vreg's value. `before`: the LIR as it was. */
const char *lir_program_run(Compile *c, const Lir *before, u64 seed);

#endif
