/* Folding: which rules a node goes through, and how large a value can be. */
#include "jit/fold.h"

enum {
  MAX_DEPTH = 24, /* of rules inside each other */
  LOOK_DEPTH = 4, /* of operands looked at for a bound */
};

static u32 apply_rules(Compile *c, Node *n) {
  u32 folded = wm_fold_constants(c, n);
  if (folded != NONE) return folded;
  switch (wm_ir_kind(n->op)) {
  case KIND_COMPARE: return wm_fold_compare(c, n);
  case KIND_INT: return wm_fold_int(c, n);
  case KIND_DIVIDE: return wm_fold_divide(c, n);
  case KIND_FCOMPARE: return wm_fold_fcompare(c, n);
  case KIND_FLOAT: return wm_fold_float(c, n);
  case KIND_COUNT: return NONE;
  case KIND_EXTEND:
  case KIND_OTHER: break;
  }
  if (n->op == IR_SELECT) return wm_fold_select(c, n);
  if (n->op == IR_MULH_S || n->op == IR_MULH_U) return wm_fold_mulh(c, n);
  return wm_fold_convert(c, n);
}

u32 wm_fold(Compile *c, Node *n) {
  if (c->fold_depth >= MAX_DEPTH) return NONE;
  c->fold_depth++;
  u32 folded = apply_rules(c, n);
  c->fold_depth--;
  return folded;
}

/* ---- bounds ---- */

static u64 max_at(const Compile *c, u32 node, u32 depth);

/* All bits up to the highest one. */
static u64 smear(u64 v) { return v ? UINT64_MAX >> __builtin_clzll(v) : 0; }

static u64 max_of_load(u16 op, u64 mask) {
  switch (op) {
  case OP_i32_load8_u:
  case OP_i64_load8_u:
  case OP_i32_atomic_load8_u:
  case OP_i64_atomic_load8_u:
  case OP_i8x16_extract_lane_u: return 0xFF;
  case OP_i32_load16_u:
  case OP_i64_load16_u:
  case OP_i32_atomic_load16_u:
  case OP_i64_atomic_load16_u:
  case OP_i16x8_extract_lane_u:
  case OP_i8x16_bitmask: return 0xFFFF;
  case OP_i64_load32_u:
  case OP_i64_atomic_load32_u: return UINT32_MAX;
  case OP_v128_any_true:
  case OP_i8x16_all_true:
  case OP_i16x8_all_true:
  case OP_i32x4_all_true:
  case OP_i64x2_all_true: return 1;
  case OP_i16x8_bitmask: return 0xFF;
  case OP_i32x4_bitmask: return 0xF;
  case OP_i64x2_bitmask: return 3;
  default: return mask;
  }
}

/* Rows with a constant on the right. */
static u64 max_with_const(const Compile *c, const Node *x, u64 k, u64 mask, u32 depth) {
  u64 a = max_at(c, x->a, depth), product;
  u32 shift = (u32)k & (mask == UINT32_MAX ? 31 : 63);
  switch (wm_ir_narrow(x->op)) {
  case OP_i32_and: return a < k ? a : k;
  case OP_i32_shr_u: return a >> shift;
  case OP_i32_shl: return a <= mask >> shift ? a << shift : mask;
  case OP_i32_add: return a <= mask - k ? a + k : mask;
  case OP_i32_mul: return checked_mul(a, k, &product) && product <= mask ? product : mask;
  case OP_i32_or:
  case OP_i32_xor: return smear(a | k);
  default: return mask;
  }
}

static u64 max_of_two(const Compile *c, const Node *x, u64 mask, u32 depth) {
  switch (wm_ir_narrow(x->op)) {
  case OP_i32_and: return min_u64(max_at(c, x->a, depth), max_at(c, x->b, depth));
  case OP_i32_or:
  case OP_i32_xor: return smear(max_at(c, x->a, depth) | max_at(c, x->b, depth));
  case OP_i32_shr_u: return max_at(c, x->a, depth);
  case OP_i32_add: {
    u64 a = max_at(c, x->a, depth), b = max_at(c, x->b, depth);
    return a <= mask - b ? a + b : mask;
  }
  default: return mask;
  }
}

static u64 max_at(const Compile *c, u32 node, u32 depth) {
  const Node *x = node_at(c, node);
  u64 mask = int_mask((IrType)x->type), k;
  if (x->op == IR_CONST) return const_bits(c, node);
  if (wm_ir_is_compare(x->op) || wm_ir_is_fcompare(x->op)) return 1;
  if (!depth) return mask;
  switch (x->op) {
  case OP_i32_clz:
  case OP_i32_ctz:
  case OP_i32_popcnt: return 32;
  case OP_i64_clz:
  case OP_i64_ctz:
  case OP_i64_popcnt: return 64;
  case OP_i64_extend_i32_u: return max_at(c, x->a, depth - 1);
  case OP_i32_wrap_i64: return min_u64(mask, max_at(c, x->a, depth - 1));
  case IR_SELECT: return max_u64(max_at(c, x->a, depth - 1), max_at(c, x->b, depth - 1));
  default: break;
  }
  if (wm_ir_kind(x->op) != KIND_INT) return max_of_load(x->op, mask);
  if (get_const(c, x->b, &k)) return max_with_const(c, x, k, mask, depth - 1);
  return max_of_two(c, x, mask, depth - 1);
}

u64 wm_ir_max_value(const Compile *c, u32 node) { return max_at(c, node, LOOK_DEPTH); }
