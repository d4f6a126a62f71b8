/* Shared by the rules of folding (fold*.c). A rule gets the node to be as a copy and returns the
 * node to use instead, made by wm_ir_pure of parts, or NONE; with NONE it may have changed the
 * copy. Each rule leads to fewer or cheaper nodes, and rules inside each other are counted
 * (Compile.fold_depth), so that no chain of operands leads to deep recursion.
 *
 * A Node pointer of Compile.nodes does not survive making a node: rules copy. */
#ifndef WM_JIT_FOLD_H
#define WM_JIT_FOLD_H

#include "jit/compile.h"

u32 wm_fold_constants(Compile *c, const Node *n); /* fold_eval.c: all operands are constants */
u32 wm_fold_int(Compile *c, Node *n);             /* fold_int.c: KIND_INT */
u32 wm_fold_mulh(Compile *c, Node *n);            /* IR_MULH_S, IR_MULH_U */
u32 wm_fold_divide(Compile *c, Node *n);          /* fold_divide.c: KIND_DIVIDE */
u32 wm_fold_compare(Compile *c, Node *n);         /* fold_compare.c: KIND_COMPARE */
u32 wm_fold_fcompare(Compile *c, Node *n);        /* KIND_FCOMPARE */
u32 wm_fold_convert(Compile *c, Node *n); /* fold_convert.c: rows of two types, and extensions */
u32 wm_fold_float(Compile *c, Node *n);   /* KIND_FLOAT */
u32 wm_fold_select(Compile *c, Node *n);

static inline u32 int_bits(IrType t) { return t == T_I32 ? 32 : 64; }
static inline u64 int_mask(IrType t) { return t == T_I32 ? UINT32_MAX : UINT64_MAX; }
static inline u64 int_sign(IrType t) { return UINT64_C(1) << (int_bits(t) - 1); }
static inline bool is_power_of_2(u64 v) { return v && !(v & (v - 1)); }
static inline u32 log2_of(u64 v) { return 63 - (u32)__builtin_clzll(v); }
/* Fits the sign-extended immediate of an instruction. */
static inline bool fits_i32(u64 v) { return (u64)(i32)v == v; }

static inline IrType type_of(const Compile *c, u32 n) { return (IrType)node_at(c, n)->type; }

static inline u32 pure1(Compile *c, u16 op, u32 a) {
  return wm_ir_pure(c, (Node){.op = op, .type = (u8)(wm_ir_result_type(op) & 15), .a = a});
}
static inline u32 pure2(Compile *c, u16 op, u32 a, u32 b) {
  return wm_ir_pure(c, (Node){.op = op, .type = (u8)(wm_ir_result_type(op) & 15), .a = a, .b = b});
}
/* `op` is the row for i32, t the operands' type. */
static inline u32 int2(Compile *c, IrType t, u16 op, u32 a, u32 b) {
  return pure2(c, t == T_I32 ? op : wm_ir_wide(op), a, b);
}
static inline u32 int2_const(Compile *c, IrType t, u16 op, u32 a, u64 v) {
  return int2(c, t, op, a, wm_ir_const(c, t, v));
}

/* The bits of a constant operand. */
static inline bool get_const(const Compile *c, u32 n, u64 *v) {
  if (!is_const(c, n)) return false;
  *v = const_bits(c, n);
  return true;
}
/* Whether `x` is the row (i32's `op`, of either type) with a constant on the right. */
static inline bool is_with_const(const Compile *c, const Node *x, u16 op, u64 *k) {
  return wm_ir_narrow(x->op) == op && get_const(c, x->b, k);
}

#endif
