/* Folding of constant operands: the meanings of runtime/meanings.h are called, for the rows with
 * scalar operands. */
#include "jit/fold.h"
#include "runtime/meanings.h"

/* One or two operands, all of them scalar constants. */
static bool has_constants(const Compile *c, const Node *n, u32 operands) {
  if ((operands != 1 && operands != 3) || !is_const(c, n->a)) return false;
  if (operands == 3 && !is_const(c, n->b)) return false;
  return node_at(c, n->a)->type != T_V128;
}

u32 wm_fold_constants(Compile *c, const Node *n) {
  u32 operands = wm_ir_operands(n);
  if (n->op >= OP_COUNT || !has_constants(c, n, operands) || !wm_meaning(n->op)) return NONE;
  u64 slots[2] = {const_bits(c, n->a), operands == 3 ? const_bits(c, n->b) : 0};
  if (wm_meaning_apply(n->op, c->options.canonical_nan, slots)) return NONE; /* it traps */
  IrType type = wm_ir_result_type(n->op);
  if (type == T_V128) return wm_ir_vector(c, (V128){.u64x2 = {slots[0], slots[1]}});
  return wm_ir_const(c, type, slots[0]);
}
