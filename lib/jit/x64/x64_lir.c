/* The rows of lir.def and x64_lir.def as tables. */
#include "jit/x64/x64_lir.h"

#define LIR LIR_CONSTRAINTS
const LirConstraints wm_x64_constraints[LIR_OP_COUNT] = {
#include "jit/lir.def"
#include "jit/x64/x64_lir.def"
};
#undef LIR

#define LIR LIR_READS
const LirReads wm_x64_reads[LIR_OP_COUNT] = {
#include "jit/lir.def"
#include "jit/x64/x64_lir.def"
};
#undef LIR

/* In one piece, so that the table needs no relocation. */
#define LIR(op, ...) #op,
static const char names[LIR_OP_COUNT][15] = {
#include "jit/lir.def"
#include "jit/x64/x64_lir.def"
};
#undef LIR

const char *wm_x64_op_name(u32 op) { return op < LIR_OP_COUNT ? names[op] : "?"; }
