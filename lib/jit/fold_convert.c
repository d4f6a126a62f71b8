/* Rules of conversions, of operations on the sign bit of floats, and of select. */
#include "jit/fold.h"
#include "runtime/numeric.h"

/* ---- integers ---- */

static u32 wrap(Compile *c, u32 a) {
  Node x = *node_at(c, a);
  u64 k;
  switch (x.op) {
  case OP_i64_extend_i32_s:
  case OP_i64_extend_i32_u: return x.a;
  case OP_i64_extend32_s: return pure1(c, OP_i32_wrap_i64, x.a);
  case OP_i64_and:
    return get_const(c, x.b, &k) && (u32)k == UINT32_MAX ? pure1(c, OP_i32_wrap_i64, x.a) : NONE;
  case OP_i64_or:
  case OP_i64_xor: return get_const(c, x.b, &k) && !(u32)k ? pure1(c, OP_i32_wrap_i64, x.a) : NONE;
  default: return NONE;
  }
}

static u32 extend_u(Compile *c, u32 a) {
  Node x = *node_at(c, a);
  if (x.op == OP_i32_wrap_i64 && wm_ir_max_value(c, x.a) <= UINT32_MAX) return x.a;
  return NONE;
}

static u32 extend_s(Compile *c, u32 a) {
  Node x = *node_at(c, a);
  if (wm_ir_max_value(c, a) <= INT32_MAX) return pure1(c, OP_i64_extend_i32_u, a);
  if (x.op == OP_i32_wrap_i64) return pure1(c, OP_i64_extend32_s, x.a);
  return NONE;
}

/* The value is the sign extension of how many of its low bits; 64: unknown. */
static u32 signed_bits(u16 op) {
  switch (op) {
  case OP_i32_load8_s:
  case OP_i64_load8_s:
  case OP_i32_extend8_s:
  case OP_i64_extend8_s: return 8;
  case OP_i32_load16_s:
  case OP_i64_load16_s:
  case OP_i32_extend16_s:
  case OP_i64_extend16_s: return 16;
  case OP_i64_load32_s:
  case OP_i64_extend_i32_s:
  case OP_i64_extend32_s: return 32;
  default: return 64;
  }
}

static bool is_extension(u16 op) {
  return wm_ir_kind(op) == KIND_EXTEND || op == OP_i64_extend32_s;
}

/* extend8_s .. extend32_s, of the operand's low `bits` bits. */
static u32 extend_low(Compile *c, u16 op, u32 a) {
  Node x = *node_at(c, a);
  u32 bits = signed_bits(op);
  u64 k, low = (UINT64_C(1) << bits) - 1;
  if (signed_bits(x.op) <= bits || wm_ir_max_value(c, a) <= low >> 1) return a;
  if (is_extension(x.op)) return pure1(c, op, x.a);
  if (is_with_const(c, &x, OP_i32_and, &k) && (k & low) == low) return pure1(c, op, x.a);
  if (op == OP_i64_extend32_s && x.op == OP_i64_extend_i32_u)
    return pure1(c, OP_i64_extend_i32_s, x.a);
  return NONE;
}

/* ---- between integers and floats ---- */

/* The rows to one float type. */
typedef struct FromInt {
  u16 i32_s, i32_u, i64_s;
} FromInt;
static const FromInt to_f32 = {OP_f32_convert_i32_s, OP_f32_convert_i32_u, OP_f32_convert_i64_s};
static const FromInt to_f64 = {OP_f64_convert_i32_s, OP_f64_convert_i32_u, OP_f64_convert_i64_s};

/* The row that does the same and costs less, for what is known of the operand. */
static u32 convert_i64(Compile *c, const FromInt *to, const Node *n) {
  Node x = *node_at(c, n->a);
  if (x.op == OP_i64_extend_i32_u) return pure1(c, to->i32_u, x.a);
  if (n->op == to->i64_s) return x.op == OP_i64_extend_i32_s ? pure1(c, to->i32_s, x.a) : NONE;
  return wm_ir_max_value(c, n->a) <= INT64_MAX ? pure1(c, to->i64_s, n->a) : NONE;
}

static u32 convert_u32(Compile *c, u16 from_i32_s, u32 a) {
  return wm_ir_max_value(c, a) <= INT32_MAX ? pure1(c, from_i32_s, a) : NONE;
}

static u32 inverse_of(Compile *c, u32 a, u16 op) {
  return node_at(c, a)->op == op ? node_at(c, a)->a : NONE;
}

/* f32 rows whose result is never a signalling NaN. */
static bool is_quiet(u16 op) {
  switch (op) {
  case OP_f32_convert_i32_s:
  case OP_f32_convert_i32_u:
  case OP_f32_convert_i64_s:
  case OP_f32_convert_i64_u: return true;
  default: return op_makes_nan(op);
  }
}

static u32 demote(Compile *c, u32 a) {
  Node x = *node_at(c, a);
  return x.op == OP_f64_promote_f32 && is_quiet(node_at(c, x.a)->op) ? x.a : NONE;
}

u32 wm_fold_convert(Compile *c, Node *n) {
  switch (n->op) {
  case OP_i32_wrap_i64: return wrap(c, n->a);
  case OP_i64_extend_i32_u: return extend_u(c, n->a);
  case OP_i64_extend_i32_s: return extend_s(c, n->a);
  case OP_i32_extend8_s:
  case OP_i32_extend16_s:
  case OP_i64_extend8_s:
  case OP_i64_extend16_s:
  case OP_i64_extend32_s: return extend_low(c, n->op, n->a);
  case OP_f32_convert_i32_u: return convert_u32(c, OP_f32_convert_i32_s, n->a);
  case OP_f64_convert_i32_u: return convert_u32(c, OP_f64_convert_i32_s, n->a);
  case OP_f32_convert_i64_s:
  case OP_f32_convert_i64_u: return convert_i64(c, &to_f32, n);
  case OP_f64_convert_i64_s:
  case OP_f64_convert_i64_u: return convert_i64(c, &to_f64, n);
  case OP_f32_demote_f64: return demote(c, n->a);
  case OP_i32_reinterpret_f32: return inverse_of(c, n->a, OP_f32_reinterpret_i32);
  case OP_i64_reinterpret_f64: return inverse_of(c, n->a, OP_f64_reinterpret_i64);
  case OP_f32_reinterpret_i32: return inverse_of(c, n->a, OP_i32_reinterpret_f32);
  case OP_f64_reinterpret_i64: return inverse_of(c, n->a, OP_i64_reinterpret_f64);
  default: return NONE;
  }
}

/* ---- floats: exact for every NaN and zero ---- */

typedef struct FloatRows {
  IrType type;
  u16 abs, neg, copysign, mul;
  u32 bits, exponent_at, exponent_bits;
} FloatRows;

static FloatRows rows_of(u16 op) {
  if (wm_ir_result_type(op) == T_F32)
    return (FloatRows){T_F32, OP_f32_abs, OP_f32_neg, OP_f32_copysign, OP_f32_mul, 32, 23, 8};
  return (FloatRows){T_F64, OP_f64_abs, OP_f64_neg, OP_f64_copysign, OP_f64_mul, 64, 52, 11};
}

static u32 sign_op(Compile *c, const FloatRows *f, u16 op, u32 a) {
  Node x = *node_at(c, a);
  if (op == f->neg) return x.op == f->neg ? x.a : NONE;
  if (x.op == f->abs) return a;
  return x.op == f->neg || x.op == f->copysign ? pure1(c, f->abs, x.a) : NONE;
}

static u32 copysign_op(Compile *c, const FloatRows *f, u32 a, u32 b) {
  Node x = *node_at(c, a);
  u64 k;
  if (a == b) return a;
  if (x.op == f->copysign || x.op == f->abs || x.op == f->neg) return pure2(c, f->copysign, x.a, b);
  if (!get_const(c, b, &k)) return NONE;
  u32 positive = pure1(c, f->abs, a);
  return k >> (f->bits - 1) ? pure1(c, f->neg, positive) : positive;
}

/* A power of two whose reciprocal is a normal number: the quotient is the product, bit by bit. */
static u32 div_const(Compile *c, const FloatRows *f, u32 a, u64 k) {
  u64 exponents = (UINT64_C(1) << f->exponent_bits) - 1;
  u64 sign = k >> (f->bits - 1), exponent = k >> f->exponent_at & exponents;
  if (k & ((UINT64_C(1) << f->exponent_at) - 1) || exponent == 0 || exponent >= exponents - 1)
    return NONE;
  u64 reciprocal = sign << (f->bits - 1) | (exponents - 1 - exponent) << f->exponent_at;
  return pure2(c, f->mul, a, wm_ir_const(c, f->type, reciprocal));
}

static bool is_nan_const(const FloatRows *f, u64 k) {
  u64 infinity = ((UINT64_C(1) << f->exponent_bits) - 1) << f->exponent_at;
  return (k & ~(UINT64_C(1) << (f->bits - 1))) > infinity;
}

u32 wm_fold_float(Compile *c, Node *n) {
  FloatRows f = rows_of(n->op);
  u64 k;
  if (n->op == f.abs || n->op == f.neg) return sign_op(c, &f, n->op, n->a);
  if (n->op == f.copysign) return copysign_op(c, &f, n->a, n->b);
  bool commutes = n->op == f.mul || n->op == OP_f32_add || n->op == OP_f64_add;
  if (commutes && get_const(c, n->a, &k) && !is_nan_const(&f, k)) {
    u32 a = n->a;
    n->a = n->b;
    n->b = a;
  }
  bool divides = n->op == OP_f32_div || n->op == OP_f64_div;
  return divides && get_const(c, n->b, &k) ? div_const(c, &f, n->a, k) : NONE;
}

/* ---- select ---- */

/* 1 : 0 and 0 : 1 are the condition itself. */
static u32 select_bool(Compile *c, IrType t, u64 yes, u64 no, u32 condition) {
  if (yes + no != 1 || yes > 1) return NONE;
  u32 is = int2_const(c, T_I32, yes ? OP_i32_ne : OP_i32_eq, condition, 0);
  return t == T_I32 ? is : pure1(c, OP_i64_extend_i32_u, is);
}

static u32 select_of(Compile *c, const Node *n, u32 a, u32 b, u32 condition) {
  return wm_ir_pure(c, (Node){.op = IR_SELECT, .type = n->type, .a = a, .b = b, .c = condition});
}

/* By a comparison of integers. */
static u32 select_by(Compile *c, const Node *n, const Node *k) {
  bool is_eq = wm_ir_narrow(k->op) == OP_i32_eq, is_ne = wm_ir_narrow(k->op) == OP_i32_ne;
  if (!is_eq && !is_ne) return NONE;
  if (type_of(c, k->a) == T_I32 && is_const(c, k->b) && !const_bits(c, k->b))
    return is_eq ? select_of(c, n, n->b, n->a, k->a) : select_of(c, n, n->a, n->b, k->a);
  bool same = (n->a == k->a && n->b == k->b) || (n->a == k->b && n->b == k->a);
  return !same ? NONE : is_eq ? n->b : n->a; /* x == y ? x : y */
}

u32 wm_fold_select(Compile *c, Node *n) {
  u64 k, yes, no;
  if (n->a == n->b) return n->a;
  if (get_const(c, n->c, &k)) return (u32)k ? n->a : n->b;
  Node condition = *node_at(c, n->c), a = *node_at(c, n->a), b = *node_at(c, n->b);
  u32 folded = select_by(c, n, &condition);
  if (folded != NONE) return folded;
  if (a.op == IR_SELECT && a.c == n->c) return select_of(c, n, a.a, n->b, n->c);
  if (b.op == IR_SELECT && b.c == n->c) return select_of(c, n, n->a, b.b, n->c);
  if (n->type > T_I64 || !get_const(c, n->a, &yes) || !get_const(c, n->b, &no)) return NONE;
  return select_bool(c, (IrType)n->type, yes, no, n->c);
}
