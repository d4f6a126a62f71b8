/* Divisions by constants, as products with a rounded-up reciprocal (Granlund and Montgomery 1994;
 * Warren, Hacker's Delight, chapter 10). An i32 takes the product in 64 bits, an i64 the high half
 * of the one in 128 bits. */
#include "jit/fold.h"

typedef unsigned __int128 u128;

static u32 ceil_log2(u64 d) { return d <= 1 ? 0 : log2_of(d - 1) + 1; }

static u32 shr_u64(Compile *c, u32 a, u32 count) {
  return int2_const(c, T_I64, OP_i32_shr_u, a, count);
}
static u32 mul_high(Compile *c, u16 op, u32 a, u64 k) {
  return pure2(c, op, a, wm_ir_const(c, T_I64, k));
}
static u32 wrapped(Compile *c, u32 a) { return pure1(c, OP_i32_wrap_i64, a); }

/* ---- unsigned: 2 < d <= the dividend's bound, no power of 2 ---- */

typedef struct Reciprocal {
  u128 m; /* at most bits + 1 bits */
  u32 s;
} Reciprocal; /* x / d = x * m >> (bits + s), for x < 2^bits */

/* The shortest one (Granlund and Montgomery, figure 6.2). d < 2^63. */
static Reciprocal reciprocal(u64 d, u32 bits) {
  u32 s = ceil_log2(d);
  u128 power = (u128)1 << (bits + s), low = power / d, high = (power + ((u128)1 << s)) / d;
  for (; low >> 1 < high >> 1 && s > 0; s--) low >>= 1, high >>= 1;
  return (Reciprocal){high, s};
}

/* The product must fit 64 bits, and for d = 2^n * d' x >> n has fewer bits; else the reciprocal is
 * moved up, so that the quotient is the high half. */
static u32 div_u32(Compile *c, u32 a, u64 d, u32 bits) {
  u32 wide = pure1(c, OP_i64_extend_i32_u, a), even = (u32)__builtin_ctzll(d);
  Reciprocal r = reciprocal(d, bits);
  if (bits == 32 && r.m >> 32) {
    if (!even) return wrapped(c, mul_high(c, IR_MULH_U, wide, (u64)(r.m << (32 - r.s))));
    bits -= even;
    wide = shr_u64(c, wide, even);
    r = reciprocal(d >> even, bits);
  }
  return wrapped(c, shr_u64(c, int2_const(c, T_I64, OP_i32_mul, wide, (u64)r.m), bits + r.s));
}

/* The reciprocal is 2^64 + m: (x * m >> 64) + x is halved without its carry. */
static u32 div_u64_long(Compile *c, u32 a, const Reciprocal *r) {
  u32 high = mul_high(c, IR_MULH_U, a, (u64)r->m);
  u32 half = shr_u64(c, int2(c, T_I64, OP_i32_sub, a, high), 1);
  return shr_u64(c, int2(c, T_I64, OP_i32_add, half, high), r->s - 1);
}

static u32 div_u64(Compile *c, u32 a, u64 d, u32 bits) {
  u32 even = (u32)__builtin_ctzll(d);
  Reciprocal r = reciprocal(d, bits);
  if (r.m >> 64) {
    if (!even) return div_u64_long(c, a, &r);
    bits -= even;
    a = shr_u64(c, a, even);
    r = reciprocal(d >> even, bits);
  }
  if (bits + r.s < 64) return mul_high(c, IR_MULH_U, a, (u64)(r.m << (64 - bits - r.s)));
  return shr_u64(c, mul_high(c, IR_MULH_U, a, (u64)r.m), bits + r.s - 64);
}

static u32 div_u(Compile *c, IrType t, u32 a, u64 d) {
  u64 max = wm_ir_max_value(c, a);
  if (max < d) return wm_ir_const(c, t, 0);
  if (is_power_of_2(d)) return int2_const(c, t, OP_i32_shr_u, a, log2_of(d));
  if (d > int_sign(t)) { /* 0 or 1 */
    u32 fits = int2_const(c, t, OP_i32_ge_u, a, d);
    return t == T_I32 ? fits : pure1(c, OP_i64_extend_i32_u, fits);
  }
  u32 bits = log2_of(max) + 1;
  return t == T_I32 ? div_u32(c, a, d, bits) : div_u64(c, a, d, bits);
}

/* ---- signed ---- */

/* a, plus d - 1 where it is negative, so that shifting rounds to zero. */
static u32 biased(Compile *c, IrType t, u32 a, u32 log) {
  u32 bits = int_bits(t), sign = int2_const(c, t, OP_i32_shr_s, a, bits - 1);
  return int2(c, t, OP_i32_add, a, int2_const(c, t, OP_i32_shr_u, sign, bits - log));
}

static u32 negate(Compile *c, IrType t, u32 a) {
  return int2(c, t, OP_i32_sub, wm_ir_const(c, t, 0), a);
}

typedef struct Magic {
  u64 m; /* as a number of the type */
  u32 s;
} Magic;

/* Hacker's Delight, figure 10-1: the least p with 2^p > nc * (d - 2^p mod d), for the absolute d.
 */
static Magic signed_magic(u32 bits, u64 d, bool is_negative) {
  u128 two = (u128)1 << (bits - 1), t = two + is_negative, nc = t - 1 - t % d;
  u128 q1 = two / nc, r1 = two % nc, q2 = two / d, r2 = two % d, delta;
  u32 p = bits - 1;
  do {
    p++;
    q1 *= 2, r1 *= 2;
    if (r1 >= nc) q1++, r1 -= nc;
    q2 *= 2, r2 *= 2;
    if (r2 >= d) q2++, r2 -= d;
    delta = d - r2;
  } while (q1 < delta || (q1 == delta && r1 == 0));
  return (Magic){(u64)q2 + 1, p - bits};
}

/* d: as a signed number of 64 bits, not 0, 1, -1 or the least one; no power of 2. */
static u32 div_s_magic(Compile *c, IrType t, u32 a, i64 d) {
  u32 bits = int_bits(t), high;
  Magic magic = signed_magic(bits, d < 0 ? -(u64)d : (u64)d, d < 0);
  i64 m = t == T_I32 ? (i32)magic.m : (i64)magic.m;
  if (d < 0) m = t == T_I32 ? (i32) - (u32)m : (i64) - (u64)m;
  if (t == T_I32) {
    u32 wide = pure1(c, OP_i64_extend_i32_s, a);
    high = wrapped(c, shr_u64(c, int2_const(c, T_I64, OP_i32_mul, wide, (u64)m), 32));
  } else
    high = mul_high(c, IR_MULH_S, a, (u64)m);
  if (d > 0 && m < 0) high = int2(c, t, OP_i32_add, high, a);
  if (d < 0 && m > 0) high = int2(c, t, OP_i32_sub, high, a);
  high = int2_const(c, t, OP_i32_shr_s, high, magic.s);
  return int2(c, t, OP_i32_add, high, int2_const(c, t, OP_i32_shr_u, high, bits - 1));
}

static u32 div_s(Compile *c, IrType t, u32 a, i64 d) {
  u64 size = d < 0 ? -(u64)d : (u64)d;
  if (d == 1) return a;
  if (size == int_sign(t)) { /* of the least number: 1 for itself, else 0 */
    u32 is_least = int2_const(c, t, OP_i32_eq, a, size);
    return t == T_I32 ? is_least : pure1(c, OP_i64_extend_i32_u, is_least);
  }
  if (!is_power_of_2(size)) return div_s_magic(c, t, a, d);
  u32 log = log2_of(size), q = int2_const(c, t, OP_i32_shr_s, biased(c, t, a, log), log);
  return d < 0 ? negate(c, t, q) : q;
}

static u32 rem_s(Compile *c, IrType t, u32 a, i64 d) {
  u64 size = d < 0 ? -(u64)d : (u64)d; /* the divisor's sign does not matter */
  if (size == 1) return wm_ir_const(c, t, 0);
  if (is_power_of_2(size) && size != int_sign(t)) {
    u32 whole = int2_const(c, t, OP_i32_and, biased(c, t, a, log2_of(size)), -size);
    return int2(c, t, OP_i32_sub, a, whole);
  }
  u32 q = size == int_sign(t) ? div_s(c, t, a, d) : div_s(c, t, a, (i64)size);
  u64 factor = size == int_sign(t) ? (u64)d : size;
  return int2(c, t, OP_i32_sub, a, int2_const(c, t, OP_i32_mul, q, factor));
}

/* ---- */

static u32 rem_u(Compile *c, IrType t, u32 a, u64 d) {
  if (wm_ir_max_value(c, a) < d) return a;
  if (is_power_of_2(d)) return int2_const(c, t, OP_i32_and, a, d - 1);
  return int2(c, t, OP_i32_sub, a, int2_const(c, t, OP_i32_mul, div_u(c, t, a, d), d));
}

u32 wm_fold_divide(Compile *c, Node *n) {
  IrType t = (IrType)n->type;
  u16 op = wm_ir_narrow(n->op);
  u64 d;
  if (!get_const(c, n->b, &d) || d == 0) return NONE;
  bool is_signed = op == OP_i32_div_s || op == OP_i32_rem_s;
  if (is_signed && d < int_sign(t) && wm_ir_max_value(c, n->a) < int_sign(t)) is_signed = false;
  if (!is_signed) {
    n->flags |= IR_SAFE;
    return op == OP_i32_div_u || op == OP_i32_div_s ? div_u(c, t, n->a, d) : rem_u(c, t, n->a, d);
  }
  i64 sd = t == T_I32 ? (i32)d : (i64)d;
  if (op == OP_i32_rem_s) return rem_s(c, t, n->a, sd);
  return sd == -1 ? NONE : div_s(c, t, n->a, sd); /* by -1: may overflow */
}
