/* Rules of integer arithmetic. The comments give them as equations: k, m constants, s a constant
 * shift count, ~ and - as in C, of the type's width. */
#include "jit/fold.h"

/* All bits up to the highest one that the value can have. */
static u64 possible_bits(const Compile *c, u32 n) {
  u64 v = wm_ir_max_value(c, n);
  return v ? UINT64_MAX >> __builtin_clzll(v) : 0;
}

static bool commutes(u16 op) {
  return op == OP_i32_add || op == OP_i32_mul || op == OP_i32_and || op == OP_i32_or ||
         op == OP_i32_xor;
}

/* 0 - y; the y. */
static bool is_negation(const Compile *c, const Node *x, u32 *y) {
  if (wm_ir_narrow(x->op) != OP_i32_sub || !is_const(c, x->a) || const_bits(c, x->a)) return false;
  *y = x->b;
  return true;
}

/* Extensions of the low bits to the whole width: which low bits of the operand count; 0: no such
 * row. */
static u64 extended_bits(u16 op) {
  switch (op) {
  case OP_i32_extend8_s:
  case OP_i64_extend8_s: return 0xFF;
  case OP_i32_extend16_s:
  case OP_i64_extend16_s: return 0xFFFF;
  case OP_i64_extend32_s: return UINT32_MAX;
  default: return 0;
  }
}

/* ---- a constant on the right ---- */

static u32 add_const(Compile *c, IrType t, u32 a, u64 k) {
  Node x = *node_at(c, a);
  u64 m;
  if (k == 0) return a;
  if (is_with_const(c, &x, OP_i32_add, &m)) return int2_const(c, t, OP_i32_add, x.a, k + m);
  if (wm_ir_narrow(x.op) == OP_i32_sub && get_const(c, x.a, &m)) /* (m - y) + k = (m + k) - y */
    return int2(c, t, OP_i32_sub, wm_ir_const(c, t, m + k), x.b);
  return NONE;
}

static u32 mul_const(Compile *c, IrType t, u32 a, u64 k) {
  Node x = *node_at(c, a);
  u64 m;
  if (k == 0) return wm_ir_const(c, t, 0);
  if (k == 1) return a;
  if (k == int_mask(t)) return int2(c, t, OP_i32_sub, wm_ir_const(c, t, 0), a);
  if (is_power_of_2(k)) return int2_const(c, t, OP_i32_shl, a, log2_of(k));
  if (is_with_const(c, &x, OP_i32_mul, &m) && (t == T_I32 || fits_i32(k * m)))
    return int2_const(c, t, OP_i32_mul, x.a, k * m);
  if (is_with_const(c, &x, OP_i32_shl, &m) && (t == T_I32 || fits_i32(k << (m & 63))))
    return int2_const(c, t, OP_i32_mul, x.a, k << (m & (int_bits(t) - 1)));
  return NONE;
}

/* (y op m) & k, where op leaves the bits of k alone, or all bits outside of k 0. */
static u32 and_of_row(Compile *c, IrType t, u32 a, u64 k) {
  Node x = *node_at(c, a);
  u64 m, mask = int_mask(t);
  if (is_with_const(c, &x, OP_i32_and, &m)) return int2_const(c, t, OP_i32_and, x.a, k & m);
  if (is_with_const(c, &x, OP_i32_or, &m) && (k & m) == k) return wm_ir_const(c, t, k);
  if (is_with_const(c, &x, OP_i32_or, &m) && !(k & m)) return int2_const(c, t, OP_i32_and, x.a, k);
  if (is_with_const(c, &x, OP_i32_xor, &m) && !(k & m)) return int2_const(c, t, OP_i32_and, x.a, k);
  if (is_with_const(c, &x, OP_i32_shl, &m)) {
    u64 possible = mask << (m & (int_bits(t) - 1)) & mask;
    if (!(possible & ~k)) return a;
    if (!(possible & k)) return wm_ir_const(c, t, 0);
  }
  u64 low = extended_bits(x.op);
  if (low && !(k & ~low)) return int2_const(c, t, OP_i32_and, x.a, k);
  return NONE;
}

/* An i64 and that keeps low bits only is an i32 one where the operand comes from an i32. */
static u32 and_of_extension(Compile *c, u32 a, u64 k) {
  Node x = *node_at(c, a);
  if (x.op == OP_i64_extend_i32_u || (x.op == OP_i64_extend_i32_s && k <= UINT32_MAX))
    return pure1(c, OP_i64_extend_i32_u, int2_const(c, T_I32, OP_i32_and, x.a, k));
  if (k == UINT32_MAX) return pure1(c, OP_i64_extend_i32_u, pure1(c, OP_i32_wrap_i64, a));
  return NONE;
}

static u32 and_const(Compile *c, IrType t, u32 a, u64 k) {
  u64 possible = possible_bits(c, a);
  if (k == int_mask(t) || !(possible & ~k)) return a;
  if (!(possible & k)) return wm_ir_const(c, t, 0);
  u32 folded = and_of_row(c, t, a, k);
  if (folded == NONE && t == T_I64) folded = and_of_extension(c, a, k);
  return folded;
}

static u32 or_const(Compile *c, IrType t, u32 a, u64 k) {
  Node x = *node_at(c, a);
  u64 m;
  if (k == 0) return a;
  if (k == int_mask(t)) return wm_ir_const(c, t, k);
  if (is_with_const(c, &x, OP_i32_or, &m)) return int2_const(c, t, OP_i32_or, x.a, k | m);
  return NONE;
}

static u32 xor_const(Compile *c, IrType t, u32 a, u64 k) {
  Node x = *node_at(c, a);
  u64 m;
  if (k == 0) return a;
  if (is_with_const(c, &x, OP_i32_xor, &m)) return int2_const(c, t, OP_i32_xor, x.a, k ^ m);
  if (k == 1 && (wm_ir_is_compare(x.op) || wm_ir_is_fcompare(x.op)))
    return int2_const(c, T_I32, OP_i32_eq, a, 0);
  return NONE;
}

/* ---- shifts by a constant: 0 < s < width ---- */

static u32 shift_of_same(Compile *c, IrType t, u16 op, u32 y, u32 sum) {
  u32 bits = int_bits(t);
  if (op == OP_i32_rotr) return int2_const(c, t, op, y, sum & (bits - 1));
  if (sum < bits) return int2_const(c, t, op, y, sum);
  return op == OP_i32_shr_s ? int2_const(c, t, op, y, bits - 1) : wm_ir_const(c, t, 0);
}

static u32 shl_const(Compile *c, IrType t, u32 a, u32 s) {
  Node x = *node_at(c, a);
  u64 m, mask = int_mask(t), kept = mask >> s; /* of the operand's bits */
  bool is_shr = wm_ir_narrow(x.op) == OP_i32_shr_u || wm_ir_narrow(x.op) == OP_i32_shr_s;
  if (is_shr && get_const(c, x.b, &m) && (m & (int_bits(t) - 1)) == s)
    return int2_const(c, t, OP_i32_and, x.a, mask << s);
  if (is_with_const(c, &x, OP_i32_mul, &m) && (t == T_I32 || fits_i32(m << s)))
    return int2_const(c, t, OP_i32_mul, x.a, m << s);
  if (is_with_const(c, &x, OP_i32_and, &m) && (m & kept) == kept)
    return int2_const(c, t, OP_i32_shl, x.a, s);
  u64 low = extended_bits(x.op);
  if (low && !(kept & ~low)) return int2_const(c, t, OP_i32_shl, x.a, s);
  return NONE;
}

static u32 shr_u_const(Compile *c, IrType t, u32 a, u32 s) {
  Node x = *node_at(c, a);
  u64 m, mask = int_mask(t);
  if (wm_ir_max_value(c, a) >> s == 0) return wm_ir_const(c, t, 0);
  if (is_with_const(c, &x, OP_i32_shl, &m) && (m & (int_bits(t) - 1)) == s)
    return int2_const(c, t, OP_i32_and, x.a, mask >> s);
  if (is_with_const(c, &x, OP_i32_and, &m) && m >> s == mask >> s)
    return int2_const(c, t, OP_i32_shr_u, x.a, s);
  if (wm_ir_narrow(x.op) == OP_i32_shr_s && s == int_bits(t) - 1) /* the sign alone */
    return int2_const(c, t, OP_i32_shr_u, x.a, s);
  return NONE;
}

/* Up and down again is an extension of the low bits. */
static u32 shr_s_const(Compile *c, IrType t, u32 a, u32 s) {
  Node x = *node_at(c, a);
  u64 m;
  if (wm_ir_max_value(c, a) < int_sign(t)) return int2_const(c, t, OP_i32_shr_u, a, s);
  if (!is_with_const(c, &x, OP_i32_shl, &m) || (m & (int_bits(t) - 1)) != s) return NONE;
  switch (int_bits(t) - s) {
  case 8: return pure1(c, t == T_I32 ? OP_i32_extend8_s : OP_i64_extend8_s, x.a);
  case 16: return pure1(c, t == T_I32 ? OP_i32_extend16_s : OP_i64_extend16_s, x.a);
  case 32: return pure1(c, OP_i64_extend32_s, x.a);
  default: return NONE;
  }
}

static u32 shift_const(Compile *c, IrType t, u16 op, u32 a, u64 k) {
  u32 bits = int_bits(t), s = (u32)k & (bits - 1);
  Node x = *node_at(c, a);
  u64 m;
  if (s == 0) return a;
  if (op == OP_i32_rotl) return int2_const(c, t, OP_i32_rotr, a, bits - s);
  if (s != k) return int2_const(c, t, op, a, s);
  if (is_with_const(c, &x, op, &m)) return shift_of_same(c, t, op, x.a, s + ((u32)m & (bits - 1)));
  switch (op) {
  case OP_i32_shl: return shl_const(c, t, a, s);
  case OP_i32_shr_u: return shr_u_const(c, t, a, s);
  case OP_i32_shr_s: return shr_s_const(c, t, a, s);
  default: return NONE;
  }
}

static u32 with_const(Compile *c, IrType t, u16 op, u32 a, u64 k) {
  switch (op) {
  case OP_i32_add: return add_const(c, t, a, k);
  case OP_i32_sub: return int2_const(c, t, OP_i32_add, a, -k);
  case OP_i32_mul: return mul_const(c, t, a, k);
  case OP_i32_and: return and_const(c, t, a, k);
  case OP_i32_or: return or_const(c, t, a, k);
  case OP_i32_xor: return xor_const(c, t, a, k);
  default: return shift_const(c, t, op, a, k);
  }
}

/* ---- two values ---- */

/* y << s and z >> (width - s) of the same value, joined by an operation that cannot carry. */
static u32 rotation(Compile *c, IrType t, const Node *x, const Node *y) {
  u64 left, right;
  if (wm_ir_narrow(x->op) != OP_i32_shl || x->a != y->a) return NONE;
  if (!is_with_const(c, x, OP_i32_shl, &left) || !is_with_const(c, y, OP_i32_shr_u, &right))
    return NONE;
  return left + right == int_bits(t) ? int2_const(c, t, OP_i32_rotr, x->a, right) : NONE;
}

static u32 join(Compile *c, IrType t, u32 a, u32 b) {
  Node x = *node_at(c, a), y = *node_at(c, b);
  u32 rotated = rotation(c, t, &x, &y);
  return rotated != NONE ? rotated : rotation(c, t, &y, &x);
}

static u32 add(Compile *c, IrType t, u32 a, u32 b) {
  Node x = *node_at(c, a), y = *node_at(c, b);
  u32 v;
  if (a == b) return int2_const(c, t, OP_i32_shl, a, 1);
  if (wm_ir_narrow(x.op) == OP_i32_sub && x.b == b) return x.a; /* (p - b) + b */
  if (wm_ir_narrow(y.op) == OP_i32_sub && y.b == a) return y.a;
  if (is_negation(c, &y, &v)) return int2(c, t, OP_i32_sub, a, v);
  if (is_negation(c, &x, &v)) return int2(c, t, OP_i32_sub, b, v);
  return join(c, t, a, b);
}

static u32 sub(Compile *c, IrType t, u32 a, u32 b) {
  Node x = *node_at(c, a), y = *node_at(c, b);
  u64 k, m;
  u32 v;
  if (a == b) return wm_ir_const(c, t, 0);
  if (wm_ir_narrow(x.op) == OP_i32_add && x.a == b) return x.b; /* (b + q) - b */
  if (wm_ir_narrow(x.op) == OP_i32_add && x.b == b) return x.a;
  if (wm_ir_narrow(y.op) == OP_i32_sub && y.a == a) return y.b; /* a - (a - q) */
  if (is_negation(c, &y, &v)) return int2(c, t, OP_i32_add, a, v);
  if (!get_const(c, a, &k)) return NONE;
  if (k == int_mask(t)) return int2_const(c, t, OP_i32_xor, b, k); /* -1 - b = ~b */
  if (is_with_const(c, &y, OP_i32_add, &m))                        /* k - (q + m) */
    return int2(c, t, OP_i32_sub, wm_ir_const(c, t, k - m), y.a);
  if (wm_ir_narrow(y.op) != OP_i32_sub) return NONE;
  if (get_const(c, y.a, &m)) return int2_const(c, t, OP_i32_add, y.b, k - m); /* k - (m - q) */
  return k == 0 ? int2(c, t, OP_i32_sub, y.b, y.a) : NONE;                    /* 0 - (p - q) */
}

static u32 exclusive_or(Compile *c, IrType t, u32 a, u32 b) {
  Node x = *node_at(c, a), y = *node_at(c, b);
  if (a == b) return wm_ir_const(c, t, 0);
  if (wm_ir_narrow(x.op) == OP_i32_xor && (x.a == b || x.b == b)) return x.a == b ? x.b : x.a;
  if (wm_ir_narrow(y.op) == OP_i32_xor && (y.a == a || y.b == a)) return y.a == a ? y.b : y.a;
  return join(c, t, a, b);
}

/* The machine looks at the count's low bits only. */
static u32 shift(Compile *c, IrType t, u16 op, u32 a, u32 b) {
  Node y = *node_at(c, b);
  u64 m, low = int_bits(t) - 1;
  if (is_const(c, a) && !const_bits(c, a)) return a;
  if (is_with_const(c, &y, OP_i32_and, &m) && (m & low) == low) return int2(c, t, op, a, y.a);
  if (y.op != OP_i64_extend_i32_u && y.op != OP_i64_extend_i32_s) return NONE;
  Node z = *node_at(c, y.a);
  if (!is_with_const(c, &z, OP_i32_and, &m) || (m & low) != low) return NONE;
  return int2(c, t, op, a, pure1(c, OP_i64_extend_i32_u, z.a));
}

static u32 two_values(Compile *c, IrType t, u16 op, u32 a, u32 b) {
  switch (op) {
  case OP_i32_add: return add(c, t, a, b);
  case OP_i32_sub: return sub(c, t, a, b);
  case OP_i32_and: return a == b ? a : NONE;
  case OP_i32_or: return a == b ? a : join(c, t, a, b);
  case OP_i32_xor: return exclusive_or(c, t, a, b);
  case OP_i32_shl:
  case OP_i32_shr_s:
  case OP_i32_shr_u:
  case OP_i32_rotl:
  case OP_i32_rotr: return shift(c, t, op, a, b);
  default: return NONE;
  }
}

u32 wm_fold_int(Compile *c, Node *n) {
  u16 op = wm_ir_narrow(n->op);
  u64 k;
  if (commutes(op) && is_const(c, n->a)) {
    u32 a = n->a;
    n->a = n->b;
    n->b = a;
  }
  if (get_const(c, n->b, &k)) return with_const(c, (IrType)n->type, op, n->a, k);
  return two_values(c, (IrType)n->type, op, n->a, n->b);
}

/* ---- high halves of products ---- */

static u64 high_half(bool is_signed, u64 a, u64 b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  u64 high = (u64)(product >> 64);
  if (is_signed && (i64)a < 0) high -= b;
  if (is_signed && (i64)b < 0) high -= a;
  return high;
}

u32 wm_fold_mulh(Compile *c, Node *n) {
  u64 k, m;
  if (is_const(c, n->a) && !is_const(c, n->b)) {
    u32 a = n->a;
    n->a = n->b;
    n->b = a;
  }
  if (!get_const(c, n->b, &k)) return NONE;
  if (get_const(c, n->a, &m)) return wm_ir_const(c, T_I64, high_half(n->op == IR_MULH_S, m, k));
  if (k == 0) return n->b;
  if (k == 1)
    return n->op == IR_MULH_U ? wm_ir_const(c, T_I64, 0)
                              : int2_const(c, T_I64, OP_i32_shr_s, n->a, 63);
  if (n->op == IR_MULH_U && is_power_of_2(k))
    return int2_const(c, T_I64, OP_i32_shr_u, n->a, 64 - log2_of(k));
  return NONE;
}
