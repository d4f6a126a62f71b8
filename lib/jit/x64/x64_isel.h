/* Instruction selection, shared by x64_isel*.c and x64_simd_isel.c.
 *
 * Selection goes backward: over the blocks from the last in the order, over each from its end. A
 * node is computed only when a later one has asked for its vreg, so what was folded into its user,
 * or has no user left, costs nothing. Instructions come out in reverse and are turned round at the
 * end.
 *
 * Two rules keep folding right. A node may go into its user only when that is its only one (single)
 * and it stands in the same block: it is marked LIVE_FOLDED and never asked for again. A load may
 * go only where no effect that bars it stands between (equal epochs of its class), and keeps its
 * width and its site. */
#ifndef WM_JIT_X64_ISEL_H
#define WM_JIT_X64_ISEL_H

#include "jit/x64/x64_asm.h"
#include "jit/x64/x64_scalar.h"

typedef struct PendingConst {
  u32 vreg, node;
} PendingConst;

/* A constant that has a number in Compile.constants. */
typedef struct NumberedConst {
  u32 node, number;
} NumberedConst;
enum { NUMBERED_SIZE = 64 };

typedef struct Isel {
  u32 block;                 /* being selected */
  Epoch epoch;               /* of the place where the next instruction goes */
  bool sharing;              /* operands stay values of their own: nothing is folded */
  Vec(PendingConst) pending; /* constants to be made before the instruction that was put last */
  Vec(u32) results;          /* IR_RESULT nodes that wait for their call */
  Vec(Loc) places;           /* of the function's arguments */
  Vec(u8) block_done;
  NumberedConst numbered[NUMBERED_SIZE]; /* by node, the last that came there */
} Isel;

static inline Isel *isel_of(const Compile *c) { return c->scratch[SCRATCH_ISEL]; }

static inline u16 scalar_like_of(const Compile *c, u32 n) {
  return wm_x64_scalar_like(node_at(c, n)->op);
}
static inline u32 width_of(u8 type) { return type_bytes(type); }
static inline u32 node_width(const Compile *c, u32 n) { return width_of(node_at(c, n)->type); }

/* ---- x64_isel_value.c: selection goes backwards, so what is put later runs earlier ---- */
u32 wm_isel_use(Compile *c, u32 node);                   /* vreg that holds the node's value */
u32 wm_isel_vreg(Compile *c, IrType type);               /* a fresh one */
Lir wm_isel_lir(u32 op, u32 width, u32 d, u32 a, u32 b); /* others empty */
void wm_isel_put(Compile *c, Lir x); /* appends (and then what its constants need) */
/* What a division or wide multiplication leaves in `reg`, in d (or NONE); behind it and `between`
 * others. */
void wm_isel_fixed_result(Compile *c, u32 d, Loc reg, u32 between);
/* Puts what makes the constant n, or the base of memory 0, in d. */
void wm_isel_put_constant(Compile *c, u32 n, u32 d);
/* Past conversions that leave the register as it is. */
u32 wm_isel_strip(const Compile *c, u32 n);
/* The vreg of a node that is not to be materialised. */
u32 wm_isel_vreg_of(Compile *c, u32 n);
/* A vreg for an operand of which only the low `width` bytes are read. */
u32 wm_isel_use_low(Compile *c, u32 n, u32 width);
/* What a list of arguments holds for the node: a vreg, or LOC_CONST | number. */
u32 wm_isel_use_argument(Compile *c, u32 n);
/* The same for an argument of an edge, whose register holds no more than its type. */
u32 wm_isel_use_edge_argument(Compile *c, u32 n);
/* Whether n has this only user, in the block being selected, and may become part of it. */
bool wm_isel_single(const Compile *c, u32 n);
static inline void isel_mark_folded(Compile *c, u32 n) { c->node_live.data[n] = LIVE_FOLDED; }
/* An integer constant that fits a sign-extended 32-bit immediate. */
bool wm_isel_imm32(const Compile *c, u32 n, i64 *value);
static inline void isel_set_imm(Lir *x, i64 value) {
  x->flags |= LIR_HAS_IMM;
  if (x->op == LIR_CMPTRAP)
    x->disp = (i32)value; /* imm is the trap code there */
  else
    x->imm = value;
}

/* ---- x64_isel_int.c ---- */
/* Selects an integer row into d. */
void wm_isel_integer(Compile *c, u32 n, u32 d);

/* ---- x64_isel_wide.c: 128 bits in two values ---- */
/* The product of n's operands, its halves in vregs (or NONE); n: mulh, or an i64.mul joined with
 * one. */
void wm_isel_product(Compile *c, u32 n, u32 low, u32 high);
/* Whether n, half of a product, is computed together with the other half: it is put, or will be. */
bool wm_isel_join_halves(Compile *c, u32 n);
/* Selects a sum or difference with a carry into d; false: there is none. */
bool wm_isel_carry(Compile *c, u32 n, u32 d);

/* ---- x64_isel_float.c ---- */
/* Selects a float row, or a conversion from or to floats, into d. */
void wm_isel_float(Compile *c, u32 n, u32 d);
/* Fills the second operand of a float instruction: a constant, memory, or a register. */
void wm_isel_float_operand(Compile *c, Lir *x, u32 n);

/* ---- x64_isel_cmp.c ---- */
/* Fills the condition of x (LIR_CMPBR, CMPSET, CMPSEL, CMPTRAP): x->op may become its float or bit
 * form. True: x tests the opposite of the condition, where cc alone cannot say it. */
bool wm_isel_condition(Compile *c, Lir *x, u32 node);
void wm_isel_compare_value(Compile *c, u32 n, u32 d); /* a comparison row as a value */
void wm_isel_select(Compile *c, u32 n, u32 d);
void wm_isel_branch(Compile *c, u32 condition);
void wm_isel_trap_if(Compile *c, u32 n);

/* ---- x64_isel_mem.c ---- */
/* Whether n is x << k with k of 1, 2, 3 that may be scaled by the user. */
bool wm_isel_scaled(const Compile *c, u32 n, u32 *x, u8 *k);
/* Fills x's memory operand with node's address a and displacement b. */
void wm_isel_memory(Compile *c, Lir *x, const Node *access);
/* Whether load node n may be folded as a memory operand here (single use, same block, no write
 * between); wm_isel_fold then does it. */
bool wm_isel_can_fold(const Compile *c, u32 n);
void wm_isel_fold(Compile *c, Lir *x, u32 n);
/* Whether n is a load as wide as its value that may be an operand here. */
bool wm_isel_can_fold_whole(const Compile *c, u32 n);
void wm_isel_load(Compile *c, u32 n, u32 d);
/* The load `n`, which can be folded, as the load row `kind` of the same width, into d. */
void wm_isel_load_as(Compile *c, u32 n, u16 kind, u32 d);
void wm_isel_store(Compile *c, u32 n);
void wm_isel_bounds(Compile *c, u32 n, u32 d);

/* ---- x64_simd_isel.c ---- */
/* Selects node n (a vector row, value wanted in vreg d); false: not a vector row. */
bool wm_x64_select_vector(Compile *c, u32 n, u32 d);

/* ---- x64_isel_atomic.c ---- */
/* Selects the atomic row or fence n (d NONE: nobody wants its value); false: it is none. */
bool wm_isel_atomic(Compile *c, u32 n, u32 d);

/* ---- x64_isel_call.c ---- */
void wm_isel_call(Compile *c, u32 n);
void wm_isel_tail_call(Compile *c, u32 n);
void wm_isel_call_ref(Compile *c, u32 n);
void wm_isel_helper(Compile *c, u32 n);
/* Calls the meaning of the row n, into d (or NONE). */
void wm_isel_meaning(Compile *c, u32 n, u32 d);
void wm_isel_result(Compile *c, u32 n);
void wm_isel_return(Compile *c, u32 list);
/* The function's arguments, at its very start. */
void wm_isel_arguments(Compile *c);

#endif
