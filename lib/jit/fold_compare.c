/* Rules of comparisons, integer and float. */
#include "jit/fold.h"

static u32 truth(Compile *c, bool is_true) { return wm_ir_const(c, T_I32, is_true); }

/* b op' a = a op b */
static u16 swapped(u16 op) {
  switch (op) {
  case OP_i32_lt_s: return OP_i32_gt_s;
  case OP_i32_lt_u: return OP_i32_gt_u;
  case OP_i32_gt_s: return OP_i32_lt_s;
  case OP_i32_gt_u: return OP_i32_lt_u;
  case OP_i32_le_s: return OP_i32_ge_s;
  case OP_i32_le_u: return OP_i32_ge_u;
  case OP_i32_ge_s: return OP_i32_le_s;
  case OP_i32_ge_u: return OP_i32_le_u;
  default: return op;
  }
}

/* !(a op b) = a op' b */
static u16 inverse(u16 op) {
  switch (op) {
  case OP_i32_eq: return OP_i32_ne;
  case OP_i32_ne: return OP_i32_eq;
  case OP_i32_lt_s: return OP_i32_ge_s;
  case OP_i32_lt_u: return OP_i32_ge_u;
  case OP_i32_gt_s: return OP_i32_le_s;
  case OP_i32_gt_u: return OP_i32_le_u;
  case OP_i32_le_s: return OP_i32_gt_s;
  case OP_i32_le_u: return OP_i32_gt_u;
  case OP_i32_ge_s: return OP_i32_lt_s;
  default: return OP_i32_lt_u;
  }
}

static u16 unsigned_compare(u16 op) {
  switch (op) {
  case OP_i32_lt_s: return OP_i32_lt_u;
  case OP_i32_gt_s: return OP_i32_gt_u;
  case OP_i32_le_s: return OP_i32_le_u;
  case OP_i32_ge_s: return OP_i32_ge_u;
  default: return op;
  }
}

static bool is_signed_compare(u16 op) {
  return op == OP_i32_lt_s || op == OP_i32_gt_s || op == OP_i32_le_s || op == OP_i32_ge_s;
}
static bool is_equality(u16 op) { return op == OP_i32_eq || op == OP_i32_ne; }
static bool is_less(u16 op) {
  return op == OP_i32_lt_s || op == OP_i32_lt_u || op == OP_i32_le_s || op == OP_i32_le_u;
}

static bool of_equal_operands(u16 op) {
  switch (op) {
  case OP_i32_eq:
  case OP_i32_le_s:
  case OP_i32_le_u:
  case OP_i32_ge_s:
  case OP_i32_ge_u: return true;
  default: return false;
  }
}

/* ---- a value of 0 or 1 ---- */

/* The opposite of a comparison; NONE for floats, whose order has no opposite, but of equality. */
static u32 opposite(Compile *c, u32 a) {
  Node x = *node_at(c, a);
  if (wm_ir_is_compare(x.op) && wm_ir_narrow(x.op) != OP_i32_eqz)
    return int2(c, type_of(c, x.a), inverse(wm_ir_narrow(x.op)), x.a, x.b);
  switch (x.op) {
  case OP_f32_eq: return pure2(c, OP_f32_ne, x.a, x.b);
  case OP_f32_ne: return pure2(c, OP_f32_eq, x.a, x.b);
  case OP_f64_eq: return pure2(c, OP_f64_ne, x.a, x.b);
  case OP_f64_ne: return pure2(c, OP_f64_eq, x.a, x.b);
  default: return NONE;
  }
}

/* a == k or a != k, for a <= 1. */
static u32 bool_equality(Compile *c, IrType t, u16 op, u32 a, u64 k) {
  if ((op == OP_i32_eq) == (k == 1)) return t == T_I32 ? a : pure1(c, OP_i32_wrap_i64, a);
  if (k == 1) return int2_const(c, t, OP_i32_eq, a, 0);
  return opposite(c, a);
}

/* ---- equality with a constant ---- */

/* (y op m) == k where the row can be undone. */
static u32 undo(Compile *c, IrType t, u16 op, u32 a, u64 k) {
  Node x = *node_at(c, a);
  u64 m;
  if (is_with_const(c, &x, OP_i32_add, &m)) return int2_const(c, t, op, x.a, k - m);
  if (is_with_const(c, &x, OP_i32_xor, &m)) return int2_const(c, t, op, x.a, k ^ m);
  if (wm_ir_narrow(x.op) == OP_i32_sub && get_const(c, x.a, &m))
    return int2_const(c, t, op, x.b, m - k);
  if (is_with_const(c, &x, OP_i32_and, &m) && m == k && is_power_of_2(k))
    return int2_const(c, t, inverse(op), a, 0);
  if (k == 0 && (wm_ir_narrow(x.op) == OP_i32_sub || wm_ir_narrow(x.op) == OP_i32_xor))
    return int2(c, t, op, x.a, x.b);
  if (k == 0 && is_with_const(c, &x, OP_i32_shr_u, &m) && m < 31)
    return int2_const(c, t, op == OP_i32_eq ? OP_i32_lt_u : OP_i32_ge_u, x.a, UINT64_C(1) << m);
  return NONE;
}

/* (z ? m1 : m2) == k */
static u32 equality_of_select(Compile *c, u16 op, u32 a, u64 k) {
  Node x = *node_at(c, a);
  u64 m1, m2;
  if (x.op != IR_SELECT || !get_const(c, x.a, &m1) || !get_const(c, x.b, &m2)) return NONE;
  bool yes = (m1 == k) == (op == OP_i32_eq), no = (m2 == k) == (op == OP_i32_eq);
  if (yes == no) return truth(c, yes);
  return int2_const(c, T_I32, yes ? OP_i32_ne : OP_i32_eq, x.c, 0);
}

static u32 equality_const(Compile *c, IrType t, u16 op, u32 a, u64 k) {
  u64 max = wm_ir_max_value(c, a);
  if (k > max) return truth(c, op == OP_i32_ne);
  u32 folded = max <= 1 ? bool_equality(c, t, op, a, k) : NONE;
  if (folded == NONE) folded = undo(c, t, op, a, k);
  return folded == NONE ? equality_of_select(c, op, a, k) : folded;
}

/* ---- order with a constant ---- */

static u32 unsigned_order(Compile *c, IrType t, u16 op, u32 a, u64 k) {
  u64 max = wm_ir_max_value(c, a);
  switch (op) {
  case OP_i32_lt_u:
    if (k == 0 || max < k) return truth(c, k != 0);
    return k == 1 ? int2_const(c, t, OP_i32_eq, a, 0) : NONE;
  case OP_i32_ge_u:
    if (k == 0 || max < k) return truth(c, k == 0);
    return k == 1 ? int2_const(c, t, OP_i32_ne, a, 0) : NONE;
  case OP_i32_gt_u:
    if (max <= k) return truth(c, false);
    return k == 0 ? int2_const(c, t, OP_i32_ne, a, 0) : NONE;
  default:
    if (max <= k) return truth(c, true);
    return k == 0 ? int2_const(c, t, OP_i32_eq, a, 0) : NONE;
  }
}

static u32 signed_order(Compile *c, IrType t, u16 op, u32 a, u64 k) {
  u64 least = int_sign(t), most = least - 1;
  if (wm_ir_max_value(c, a) <= most) { /* not negative */
    if (k > most) return truth(c, !is_less(op));
    return int2_const(c, t, unsigned_compare(op), a, k);
  }
  switch (op) {
  case OP_i32_lt_s:
    if (k == least) return truth(c, false);
    return k == 1 ? int2_const(c, t, OP_i32_le_s, a, 0) : NONE;
  case OP_i32_ge_s:
    if (k == least) return truth(c, true);
    return k == 1 ? int2_const(c, t, OP_i32_gt_s, a, 0) : NONE;
  case OP_i32_gt_s:
    if (k == most) return truth(c, false);
    return k == int_mask(t) ? int2_const(c, t, OP_i32_ge_s, a, 0) : NONE;
  default:
    if (k == most) return truth(c, true);
    return k == int_mask(t) ? int2_const(c, t, OP_i32_lt_s, a, 0) : NONE;
  }
}

/* ---- extended i32 operands compare as they are ---- */

/* An extended y with k. Sign extension keeps the unsigned order, too. */
static u32 extended_with_const(Compile *c, u16 op, const Node *x, u64 k) {
  if (x->op == OP_i64_extend_i32_u && k <= UINT32_MAX && !is_signed_compare(op))
    return int2_const(c, T_I32, op, x->a, k);
  if (x->op != OP_i64_extend_i32_s) return NONE;
  if (fits_i32(k)) return int2_const(c, T_I32, op, x->a, (u32)k);
  if (is_equality(op)) return truth(c, op == OP_i32_ne);
  if (!is_signed_compare(op)) return NONE;
  return truth(c, is_less(op) == ((i64)k > 0));
}

static u32 both_extended(Compile *c, u16 op, const Node *x, const Node *y) {
  if (x->op != y->op) return NONE;
  if (x->op == OP_i64_extend_i32_s) return int2(c, T_I32, op, x->a, y->a);
  if (x->op != OP_i64_extend_i32_u) return NONE;
  return int2(c, T_I32, unsigned_compare(op), x->a, y->a);
}

/* ---- */

static u32 with_const(Compile *c, IrType t, u16 op, u32 a, u64 k) {
  Node x = *node_at(c, a);
  u32 folded = extended_with_const(c, op, &x, k);
  if (folded != NONE) return folded;
  if (is_equality(op)) return equality_const(c, t, op, a, k);
  return is_signed_compare(op) ? signed_order(c, t, op, a, k) : unsigned_order(c, t, op, a, k);
}

u32 wm_fold_compare(Compile *c, Node *n) {
  IrType t = type_of(c, n->a);
  u16 op = wm_ir_narrow(n->op);
  u64 k;
  if (op == OP_i32_eqz) return int2_const(c, t, OP_i32_eq, n->a, 0);
  if (n->a == n->b) return truth(c, of_equal_operands(op));
  if (is_const(c, n->a)) return int2(c, t, swapped(op), n->b, n->a);
  if (get_const(c, n->b, &k)) return with_const(c, t, op, n->a, k);
  Node x = *node_at(c, n->a), y = *node_at(c, n->b);
  return both_extended(c, op, &x, &y);
}

/* ---- floats: nothing that a NaN or a zero's sign would show ---- */

static u16 swapped_float(u16 op) {
  switch (op) {
  case OP_f32_lt: return OP_f32_gt;
  case OP_f32_gt: return OP_f32_lt;
  case OP_f32_le: return OP_f32_ge;
  case OP_f32_ge: return OP_f32_le;
  case OP_f64_lt: return OP_f64_gt;
  case OP_f64_gt: return OP_f64_lt;
  case OP_f64_le: return OP_f64_ge;
  case OP_f64_ge: return OP_f64_le;
  default: return op;
  }
}

/* The constant as an f32, when it is one (a NaN is not). */
static bool as_f32(const Compile *c, u32 n, u32 *bits) {
  u64 k;
  if (!get_const(c, n, &k)) return false;
  *bits = bits_of_f32((f32)f64_of_bits(k));
  return bits_of_f64((f64)f32_of_bits(*bits)) == k && (k << 1) <= UINT64_C(0x7FF) << 53;
}

u32 wm_fold_fcompare(Compile *c, Node *n) {
  bool is_strict =
      n->op == OP_f32_lt || n->op == OP_f32_gt || n->op == OP_f64_lt || n->op == OP_f64_gt;
  u32 bits;
  if (n->a == n->b && is_strict) return truth(c, false);
  if (is_const(c, n->a)) return pure2(c, swapped_float(n->op), n->b, n->a);
  Node x = *node_at(c, n->a), y = *node_at(c, n->b);
  if (x.op != OP_f64_promote_f32) return NONE;
  u16 narrow = wm_ir_narrow(n->op);
  if (y.op == OP_f64_promote_f32) return pure2(c, narrow, x.a, y.a);
  if (as_f32(c, n->b, &bits)) return pure2(c, narrow, x.a, wm_ir_const(c, T_F32, bits));
  return NONE;
}
