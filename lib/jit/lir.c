/* The rows of lir.def as tables. */
#include "jit/lir.h"

const LirConstraints wm_lir_constraints[LIR_OP_COUNT] = {
#define LIR(op, d, a, b, c, e, mem, fixed)                                                         \
  {C_##d, C_##a, C_##b, C_##c, C_##e, C_##mem, FIX_##fixed},
#include "jit/lir.def"
#undef LIR
};

/* In one piece, so that the table needs no relocation. */
static const char names[LIR_OP_COUNT][14] = {
#define LIR(op, ...) #op,
#include "jit/lir.def"
#undef LIR
};

const char *wm_lir_name(u32 op) { return op < LIR_OP_COUNT ? names[op] : "?"; }
