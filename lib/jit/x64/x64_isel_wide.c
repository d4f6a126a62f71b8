/* Instruction selection: 128 bits in two values. A product whose halves are both wanted is one
 * instruction; a comparison whose result is added to a sum is its carry:
 *
 *   i64.mul a b, mulh a b                          mul; rax and rdx
 *   x + y + extend_u(p <u q)                       cmp p, q; adc x, y
 *   x - y - extend_u(p <u q)                       cmp p, q; sbb x, y */
#include "jit/x64/x64_isel.h"

/* ---- products ---- */

static bool is_high_half(u16 op) { return op == IR_MULH_S || op == IR_MULH_U; }

static bool has_operands_of(const Node *x, const Node *y) {
  return (x->a == y->a && x->b == y->b) || (x->a == y->b && x->b == y->a);
}

/* The other half of the product n: the builder makes them one behind the other. NONE: it is not
 * there, or elsewhere. */
static u32 other_half(const Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  u32 other = is_high_half(x->op) ? n - 1 : n + 1;
  if (other >= c->nodes.len || c->options.no_opt) return NONE;
  const Node *y = node_at(c, other);
  bool fits = is_high_half(x->op) ? y->op == OP_i64_mul : is_high_half(y->op);
  if (!fits || !has_operands_of(x, y)) return NONE;
  return c->node_block.data[other] == isel_of(c)->block ? other : NONE;
}

void wm_isel_product(Compile *c, u32 n, u32 low, u32 high) {
  const Node *x = node_at(c, n);
  u32 a = x->a, b = x->b;
  Lir put = wm_isel_lir(LIR_MULH, 8, NONE, NONE, NONE);
  put.sub = x->op == IR_MULH_S || (x->op == OP_i64_mul && node_at(c, n + 1)->op == IR_MULH_S);
  wm_isel_fixed_result(c, high, RDX, low != NONE);
  wm_isel_fixed_result(c, low, RAX, 0);
  if (is_const(c, b) && c->node_block.data[b] == NONE) b = x->a, a = x->b; /* made in rax */
  put.a = wm_isel_use_low(c, a, 8);
  put.b = wm_isel_use_low(c, b, 8);
  wm_isel_put(c, put);
}

/* Selection goes backwards: the half that stands later is met first, and leaves its value to the
 * earlier one, where the operands are known as well. */
bool wm_isel_join_halves(Compile *c, u32 n) {
  u16 op = node_at(c, n)->op;
  if (op != OP_i64_mul && !is_high_half(op)) return false;
  u32 other = other_half(c, n);
  if (other == NONE) return false;
  u32 d = c->node_vreg.data[n];
  if (c->node_live.data[other] == LIVE_YES) {
    c->node_live.data[n] = d == NONE ? LIVE_FOLDED : LIVE_JOINED;
    return true;
  }
  if (c->node_live.data[other] != LIVE_JOINED) return false;
  u32 e = c->node_vreg.data[other];
  wm_isel_product(c, n, is_high_half(op) ? e : d, is_high_half(op) ? d : e);
  return true;
}

/* ---- carries ---- */

/* The comparison below (unsigned) that n, an operand of a sum, is the value of; NONE: it is not, or
 * has other users. */
static u32 carry_of(const Compile *c, u32 n) {
  if (!wm_isel_single(c, n)) return NONE;
  const Node *x = node_at(c, n);
  if (x->op == OP_i64_extend_i32_u) {
    n = x->a;
    if (!wm_isel_single(c, n)) return NONE;
  }
  u16 like = scalar_like_of(c, n);
  return like == OP_i32_lt_u || like == OP_i32_gt_u ? n : NONE;
}

static void set_comparison(Compile *c, Lir *put, u32 n) {
  const Node *x = node_at(c, n);
  bool is_below = wm_x64_scalar_like(x->op) == OP_i32_lt_u;
  u32 a = is_below ? x->a : x->b, b = is_below ? x->b : x->a;
  i64 v;
  isel_mark_folded(c, n);
  put->width = (u8)node_width(c, a);
  put->sub = ALU_CMP;
  put->cc = CC_B;
  put->a = wm_isel_use_low(c, a, put->width);
  if (wm_isel_imm32(c, b, &v))
    isel_set_imm(put, v);
  else
    put->b = wm_isel_use_low(c, b, put->width);
}

/* What the carry is added to: two terms where they are one's alone. */
static void set_terms(Compile *c, Lir *put, u32 rest) {
  const Node *x = node_at(c, rest);
  u32 width = width_of(put->type);
  if (x->op != put->kind || !wm_isel_single(c, rest) || is_const(c, x->b)) {
    put->c = wm_isel_use_low(c, rest, width);
    return;
  }
  u32 first = x->a, second = x->b;
  isel_mark_folded(c, rest);
  put->c = wm_isel_use_low(c, first, width);
  put->e = wm_isel_use_low(c, second, width);
}

bool wm_isel_carry(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u32 rest = x->a, carry = carry_of(c, x->b), value = x->b;
  if (carry == NONE && wm_x64_scalar_like(x->op) == OP_i32_add)
    carry = carry_of(c, x->a), rest = x->b, value = x->a;
  if (carry == NONE || is_const(c, rest)) return false;
  Lir put = wm_isel_lir(LIR_CARRY, 0, d, NONE, NONE);
  put.kind = x->op;
  put.type = x->type;
  isel_mark_folded(c, value);
  set_comparison(c, &put, carry);
  set_terms(c, &put, rest);
  wm_isel_put(c, put);
  return true;
}
