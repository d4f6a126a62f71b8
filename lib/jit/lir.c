/* The rows of lir.def as tables. */
#include "jit/lir.h"

const LirConstraints wm_lir_constraints[LIR_OP_COUNT] = {
#define LIR(op, d, a, b, c, e, mem, fixed)                                                         \
  {C_##d, C_##a, C_##b, C_##c, C_##e, C_##mem, FIX_##fixed},
#include "jit/lir.def"
#undef LIR
};

#define IS_READ(k)     ((k) != C_N)
#define IS_REGISTER(k) ((k) == C_R || (k) == C_RL || (k) == C_E || (k) == C_L)
#define IS_LATE(k)     ((k) == C_RL || (k) == C_ML || (k) == C_L)
#define IS_MIXED(k)    ((k) == C_MC)
#define MASK(is, a, b, c, e, mem)                                                                  \
  is(C_##a) | is(C_##b) << 1 | is(C_##c) << 2 | is(C_##e) << 3 | is(C_##mem) * (16 + 32)

const LirReads wm_lir_reads[LIR_OP_COUNT] = {
#define LIR(op, d, a, b, c, e, mem, fixed)                                                         \
  {MASK(IS_READ, a, b, c, e, mem), MASK(IS_REGISTER, a, b, c, e, mem),                             \
   MASK(IS_LATE, a, b, c, e, mem), MASK(IS_MIXED, a, b, c, e, mem)},
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
