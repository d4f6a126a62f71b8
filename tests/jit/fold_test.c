/* Folding: constants give what op_<id>() gives, and every node that the rules make has the value of
 * the one that was asked for. Expressions are made at random, of all scalar rows and constants that
 * rules look for, and computed twice: as they are asked for, and from the nodes that came out. */
#include "jit/jit.h"
#include "runtime/numeric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- meanings ---- */

#define IN_i(v)  ((u32)(v))
#define IN_l(v)  (v)
#define IN_f(v)  f32_of_bits((u32)(v))
#define IN_d(v)  f64_of_bits(v)
#define OUT_i(v) (v)
#define OUT_l(v) (v)
#define OUT_f(v) bits_of_f32(v)
#define OUT_d(v) bits_of_f64(v)

#define MEANING1(A, R, id)                                                                         \
  *r = OUT_##R(op_##id(IN_##A(v[0])));                                                             \
  return true
#define MEANING2(A, R, id)                                                                         \
  *r = OUT_##R(op_##id(IN_##A(v[0]), IN_##A(v[1])));                                               \
  return true
#define MAY_TRAP(T, call)                                                                          \
  {                                                                                                \
    T result = 0;                                                                                  \
    TrapCode code = call;                                                                          \
    *r = result;                                                                                   \
    return !code;                                                                                  \
  }

#define PURE_i_i(id)   MEANING1(i, i, id)
#define PURE_i_l(id)   MEANING1(i, l, id)
#define PURE_i_f(id)   MEANING1(i, f, id)
#define PURE_i_d(id)   MEANING1(i, d, id)
#define PURE_l_i(id)   MEANING1(l, i, id)
#define PURE_l_l(id)   MEANING1(l, l, id)
#define PURE_l_f(id)   MEANING1(l, f, id)
#define PURE_l_d(id)   MEANING1(l, d, id)
#define PURE_f_i(id)   MEANING1(f, i, id)
#define PURE_f_l(id)   MEANING1(f, l, id)
#define PURE_f_f(id)   MEANING1(f, f, id)
#define PURE_f_d(id)   MEANING1(f, d, id)
#define PURE_d_i(id)   MEANING1(d, i, id)
#define PURE_d_l(id)   MEANING1(d, l, id)
#define PURE_d_f(id)   MEANING1(d, f, id)
#define PURE_d_d(id)   MEANING1(d, d, id)
#define PURE_ii_i(id)  MEANING2(i, i, id)
#define PURE_ll_i(id)  MEANING2(l, i, id)
#define PURE_ll_l(id)  MEANING2(l, l, id)
#define PURE_ff_i(id)  MEANING2(f, i, id)
#define PURE_ff_f(id)  MEANING2(f, f, id)
#define PURE_dd_i(id)  MEANING2(d, i, id)
#define PURE_dd_d(id)  MEANING2(d, d, id)
#define PURE_s_i(id)   return false
#define PURE_s_s(id)   return false
#define PURE_si_s(id)  return false
#define PURE_ss_s(id)  return false
#define PURE_sss_s(id) return false
#define PURE_i_s(id)   return false
#define PURE_l_s(id)   return false
#define PURE_f_s(id)   return false
#define PURE_d_s(id)   return false
#define TRAPS_f_i(id)  MAY_TRAP(u32, op_##id(IN_f(v[0]), &result))
#define TRAPS_d_i(id)  MAY_TRAP(u32, op_##id(IN_d(v[0]), &result))
#define TRAPS_f_l(id)  MAY_TRAP(u64, op_##id(IN_f(v[0]), &result))
#define TRAPS_d_l(id)  MAY_TRAP(u64, op_##id(IN_d(v[0]), &result))
#define TRAPS_ii_i(id) MAY_TRAP(u32, op_##id(IN_i(v[0]), IN_i(v[1]), &result))
#define TRAPS_ll_l(id) MAY_TRAP(u64, op_##id(v[0], v[1], &result))

static u64 high_half(u64 a, u64 b, bool is_signed) {
  if (is_signed) return (u64)(((__int128)(i64)a * (i64)b) >> 64);
  return (u64)(((unsigned __int128)a * b) >> 64);
}

/* False: it traps, or has vectors. */
static bool meaning(u16 op, const u64 *v, u64 *r) {
  switch (op) {
  case IR_SELECT: *r = (u32)v[2] ? v[0] : v[1]; return true;
  case IR_MULH_S:
  case IR_MULH_U: *r = high_half(v[0], v[1], op == IR_MULH_S); return true;
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)                                                     \
  case OP_##id: PURE_##sig(id);
#define TRAPS(prefix, code, id, text, imm, sig)                                                    \
  case OP_##id: TRAPS_##sig(id);
#include "wasm/opcodes.def"
  default: return false;
  }
}

/* ---- random numbers that rules care about ---- */

static u64 seed;

static u64 random_u64(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}
static u32 below(u32 n) { return (u32)(random_u64() >> 33) % n; }

static u64 random_int(void) {
  static const u64 edges[] = {0,          1,          2,          3,          5,        7,
                              8,          10,         16,         24,         31,       32,
                              33,         48,         56,         63,         64,       100,
                              127,        128,        255,        256,        641,      32767,
                              65535,      65536,      1000000007, 0x7FFFFFFF, 1u << 31, 0x80000001,
                              0xAAAAAAAB, 0xFFFFFF00, 0xFFFFFFFE, 0xFFFFFFFF};
  u64 v = edges[below(ARRAY_LEN(edges))];
  switch (below(8)) {
  case 0: return -v;
  case 1: return v << 32;
  case 2: return v << 32 | 0xFFFFFFFF;
  case 3: return random_u64();
  case 4: return random_u64() >> below(64);
  default: return v;
  }
}

static u64 random_f64(void) {
  static const f64 edges[] = {0.0,       1.0,      2.0,   0.5,    -4.0, 1.5,
                              0x1p-1022, 0x1p1023, 1e300, 0x1p31, 3.7};
  static const u64 nans[] = {0x7FF8000000000000, 0x7FF0000000000001, 0xFFF8000000001234,
                             0x7FF0000000000000};
  switch (below(5)) {
  case 0: return nans[below(4)];
  case 1: return random_u64();
  case 2: return bits_of_f64((f64)(i64)random_int());
  default: return bits_of_f64(edges[below(ARRAY_LEN(edges))] * (below(2) ? 1 : -1));
  }
}

static u64 random_f32(void) {
  static const u32 nans[] = {0x7FC00000, 0x7F800001, 0xFFC01234, 0x7F800000};
  switch (below(5)) {
  case 0: return nans[below(4)];
  case 1: return (u32)random_u64();
  default: return bits_of_f32((f32)f64_of_bits(random_f64()));
  }
}

static u64 random_bits(IrType t) {
  switch (t) {
  case T_I32: return (u32)random_int();
  case T_F32: return random_f32();
  case T_F64: return random_f64();
  default: return random_int();
  }
}

/* ---- a compilation, and the values of its nodes ---- */

enum { SETS = 8, LEAVES = 24 };

typedef struct Expr {
  u32 node;
  IrType type;
  u64 values[SETS];
} Expr;

static Compile *new_compile(void) {
  Compile *c = wm_jit_new();
  assert_non_null(c);
  wm_ir_reset(c, 16);
  wm_ir_node(c, IR_NOP, T_NONE, 0, 0, 0);
  return c;
}

static u32 op1(Compile *c, u16 op, u32 a) {
  return wm_ir_pure(c, (Node){.op = op, .type = (u8)(wm_ir_result_type(op) & 15), .a = a});
}
static u32 op2(Compile *c, u16 op, u32 a, u32 b) {
  return wm_ir_pure(c, (Node){.op = op, .type = (u8)(wm_ir_result_type(op) & 15), .a = a, .b = b});
}
static u32 k32(Compile *c, u32 v) { return wm_ir_const(c, T_I32, v); }

/* Loads stand for values of which something is known. */
static const struct Leaf {
  u16 op;
  u64 mask;
  i8 sign_shift;
} leaf_loads[] = {
    {OP_i32_load8_u, 0xFF, 0},    {OP_i32_load8_s, 0xFFFFFFFF, 24}, {OP_i32_load16_u, 0xFFFF, 0},
    {OP_i64_load8_s, ~0ull, 56},  {OP_i64_load32_u, 0xFFFFFFFF, 0}, {OP_i64_load32_s, ~0ull, 32},
    {OP_i64_load16_u, 0xFFFF, 0},
};

static Expr leaf(Compile *c, u32 i) {
  Expr e;
  const struct Leaf *load = i < ARRAY_LEN(leaf_loads) ? &leaf_loads[i] : NULL;
  e.type = load ? wm_ir_result_type(load->op) : (IrType)(T_I32 + i % 4);
  e.node = wm_ir_node(c, load ? load->op : IR_ARG, e.type, load ? 0 : i, 0, 0);
  for (u32 s = 0; s < SETS; s++) {
    u64 v = random_bits(e.type);
    if (load && load->sign_shift)
      v = e.type == T_I32 ? (u32)((i32)((u32)v << load->sign_shift) >> load->sign_shift)
                          : (u64)((i64)(v << load->sign_shift) >> load->sign_shift);
    e.values[s] = load ? v & load->mask : v;
  }
  return e;
}

static Expr constant(Compile *c, IrType t) {
  u64 bits = random_bits(t);
  Expr e = {.node = wm_ir_const(c, t, bits), .type = t};
  for (u32 s = 0; s < SETS; s++) e.values[s] = bits;
  return e;
}

static u32 leaf_limit; /* nodes up to here are leaves */

/* All nodes' values in set s, operands before users. */
static void compute(const Compile *c, const Expr *leaves, u32 s, u64 *values) {
  for (u32 i = 0; i < LEAVES; i++) values[leaves[i].node] = leaves[i].values[s];
  for (u32 n = 1; n < c->nodes.len; n++) {
    const Node *x = node_at(c, n);
    if (x->op == IR_CONST) values[n] = const_bits(c, n);
    if (n <= leaf_limit || x->op == IR_CONST) continue;
    u64 v[3] = {values[x->a], values[x->b], values[x->c]};
    assert_true(x->a < n && x->b < n && x->c < n);
    assert_true(meaning(x->op, v, &values[n]));
    if (x->type == T_I32) assert_true(values[n] <= UINT32_MAX);
  }
}

static bool is_nan_value(IrType t, u64 v) {
  return t == T_F32 ? f32_of_bits((u32)v) != f32_of_bits((u32)v)
                    : t == T_F64 && f64_of_bits(v) != f64_of_bits(v);
}

static u16 row_ops[512];
static u32 row_count;

static bool is_scalar(const char *sig) { return !strchr(sig, 's'); }

static void find_rows(void) {
  row_count = 0;
  for (u16 op = 0; op < OP_COUNT; op++) {
    u8 class = wm_op_info[op].op_class;
    bool divides = wm_ir_kind(op) == KIND_DIVIDE;
    if ((class == CLASS_PURE && is_scalar(wm_op_sig(op))) || divides) row_ops[row_count++] = op;
  }
  row_ops[row_count++] = IR_SELECT;
  row_ops[row_count++] = IR_MULH_S;
  row_ops[row_count++] = IR_MULH_U;
}

static IrType type_of_letter(char letter) {
  return letter == 'i' ? T_I32 : letter == 'l' ? T_I64 : letter == 'f' ? T_F32 : T_F64;
}

/* ---- random expressions ---- */

typedef struct Program {
  Compile *c;
  Expr exprs[512];
  u32 count;
} Program;

/* An earlier one, rather a young one, or a constant. */
static Expr pick(Program *p, IrType t) {
  if (below(3) == 0) return constant(p->c, t);
  for (u32 tries = 0; tries < 64; tries++) {
    u32 age = below(2) ? below(6) : below(p->count);
    const Expr *e = &p->exprs[p->count - 1 - (age < p->count ? age : 0)];
    if (e->type == t) return *e;
  }
  return constant(p->c, t);
}

static u32 pick_operands(Program *p, u16 op, Expr *in, IrType *type) {
  if (op == IR_SELECT) {
    *type = (IrType)(T_I32 + below(4));
    in[0] = pick(p, *type), in[1] = pick(p, *type), in[2] = pick(p, T_I32);
    return 3;
  }
  const char *sig = op >= OP_COUNT ? "ll_l" : wm_op_sig(op);
  u32 count = 0;
  for (; sig[count] != '_'; count++) in[count] = pick(p, type_of_letter(sig[count]));
  *type = type_of_letter(sig[count + 1]);
  return count;
}

/* The new expression; false: it would trap or must not be (two NaNs: either may come out). */
static bool make(Program *p, u16 op) {
  Expr in[3] = {{0}}, e;
  u32 count = pick_operands(p, op, in, &e.type);
  for (u32 s = 0; s < SETS; s++) {
    u64 v[3] = {in[0].values[s], in[1].values[s], in[2].values[s]};
    if (!meaning(op, v, &e.values[s])) return false;
    if (count == 2 && is_nan_value(in[0].type, v[0]) && is_nan_value(in[1].type, v[1]))
      return false;
  }
  Node n = {.op = op, .type = (u8)(e.type & 15), .a = in[0].node, .b = in[1].node, .c = in[2].node};
  if (count < 2) n.b = 0;
  if (wm_ir_is_effect(&n)) n.flags = IR_SAFE;
  e.node = wm_ir_pure(p->c, n);
  assert_int_equal(node_at(p->c, e.node)->type, e.type);
  p->exprs[p->count++] = e;
  return true;
}

static void check_program(const Program *p) {
  u64 *values = calloc(p->c->nodes.len, sizeof *values);
  assert_non_null(values);
  for (u32 s = 0; s < SETS; s++) {
    compute(p->c, p->exprs, s, values);
    for (u32 i = 0; i < p->count; i++) {
      const Expr *e = &p->exprs[i];
      if (values[e->node] != e->values[s])
        fail_msg("expression %u (%s): %llx, not %llx", i, wm_ir_name(node_at(p->c, e->node)->op),
                 (unsigned long long)values[e->node], (unsigned long long)e->values[s]);
      if (e->type <= T_I64) assert_true(values[e->node] <= wm_ir_max_value(p->c, e->node));
    }
  }
  free(values);
}

static void random_expressions(void **state) {
  (void)state;
  find_rows();
  for (u32 round = 0; round < 3000; round++) {
    seed = 0x9E3779B97F4A7C15u + round;
    Program *p = calloc(1, sizeof *p);
    p->c = new_compile();
    if (setjmp(p->c->leave)) fail();
    for (u32 i = 0; i < LEAVES; i++) p->exprs[p->count++] = leaf(p->c, i);
    leaf_limit = p->exprs[LEAVES - 1].node;
    /* a few rows at a time, so that they meet */
    u16 few[6];
    for (u32 i = 0; i < 6; i++) few[i] = row_ops[below(row_count)];
    for (u32 i = 0; i < 400; i++) make(p, round & 1 ? few[below(6)] : row_ops[below(row_count)]);
    check_program(p);
    wm_jit_delete(p->c);
    free(p);
  }
}

/* ---- constants ---- */

static void check_constants(Compile *c, u16 op) {
  const char *sig = wm_op_sig(op);
  u32 count = (u32)(strchr(sig, '_') - sig), nodes[2] = {0, 0};
  u64 v[3] = {0}, want = 0;
  for (u32 i = 0; i < count; i++) {
    v[i] = random_bits(type_of_letter(sig[i]));
    nodes[i] = wm_ir_const(c, type_of_letter(sig[i]), v[i]);
  }
  IrType type = wm_ir_result_type(op);
  if (!meaning(op, v, &want)) return;
  u32 n = wm_ir_pure(c, (Node){.op = op, .type = (u8)(type & 15), .a = nodes[0], .b = nodes[1]});
  assert_int_equal(node_at(c, n)->op, IR_CONST);
  bool both_nan = is_nan_value(type, want) && is_nan_value(type, const_bits(c, n));
  if (!both_nan) assert_true(const_bits(c, n) == want);
}

static void constants_fold(void **state) {
  (void)state;
  Compile *c = new_compile();
  if (setjmp(c->leave)) fail();
  for (u16 op = 0; op < OP_COUNT; op++) {
    u8 class = wm_op_info[op].op_class;
    if ((class != CLASS_PURE && class != CLASS_TRAPS) || !is_scalar(wm_op_sig(op))) continue;
    seed = op + 1;
    for (u32 i = 0; i < 200; i++) check_constants(c, op);
  }
  c->options.canonical_nan = true;
  u32 nan = wm_ir_const(c, T_F32, 0xFFC01234);
  u32 sum = wm_ir_pure(c, (Node){.op = OP_f32_add, .type = T_F32, .a = nan, .b = nan});
  assert_int_equal(const_bits(c, sum), 0x7FC00000);
  u32 minus = wm_ir_pure(c, (Node){.op = OP_f32_neg, .type = T_F32, .a = nan});
  assert_int_equal(const_bits(c, minus), 0x7FC01234);
  wm_jit_delete(c);
}

static void splats_fold(void **state) {
  (void)state;
  Compile *c = new_compile();
  if (setjmp(c->leave)) fail();
  u32 seven = wm_ir_const(c, T_I32, 0x12345607);
  u32 n = wm_ir_pure(c, (Node){.op = OP_i8x16_splat, .type = T_V128, .a = seven});
  V128 want;
  memset(&want, 7, sizeof want);
  assert_int_equal(n, wm_ir_vector(c, want));
  assert_int_equal(c->vectors.len, 1);
  wm_jit_delete(c);
}

/* ---- divisions: every small divisor, and random ones ---- */

/* arg >> shift, so that less than all bits may be known to be used. */
static void check_division(u16 op, IrType t, u64 divisor, u32 shift) {
  Compile *c = new_compile();
  if (setjmp(c->leave)) fail();
  u16 shr = t == T_I32 ? OP_i32_shr_u : OP_i64_shr_u;
  u32 arg = wm_ir_node(c, IR_ARG, t, 0, 0, 0), d = wm_ir_const(c, t, divisor);
  u32 q = op2(c, op, op2(c, shr, arg, wm_ir_const(c, t, shift)), d);
  for (u32 i = 1; i < c->nodes.len; i++) {
    u16 made = node_at(c, i)->op;
    assert_true(made >= OP_COUNT || wm_op_info[made].op_class == CLASS_PURE);
  }
  u64 values[64];
  for (u32 i = 0; i < 40; i++) {
    u64 dividend = random_int(), multiple = dividend / 7 * divisor, want;
    u64 x = i & 1 ? dividend : multiple + (u64)(i64)(i32)below(3) - 1;
    if (t == T_I32) x = (u32)x;
    Expr leaves[LEAVES];
    for (u32 l = 0; l < LEAVES; l++) leaves[l] = (Expr){.node = arg, .values = {x}};
    leaf_limit = arg;
    compute(c, leaves, 0, values);
    assert_true(meaning(op, (u64[]){x >> shift, const_bits(c, d)}, &want));
    assert_true(values[q] == want);
  }
  wm_jit_delete(c);
}

static void check_divisor(u64 divisor, u32 shift) {
  static const u16 rows[] = {OP_i32_div_s, OP_i32_div_u, OP_i32_rem_s, OP_i32_rem_u};
  u32 narrow = (u32)divisor;
  for (u32 k = 0; k < ARRAY_LEN(rows); k++) {
    bool is_div_s = k == 0;
    if (narrow && !(is_div_s && narrow == UINT32_MAX))
      check_division(rows[k], T_I32, narrow, shift);
    if (divisor && !(is_div_s && divisor == UINT64_MAX))
      check_division(wm_ir_pairs[rows[k]].wide, T_I64, divisor, shift);
  }
}

static void divisions(void **state) {
  (void)state;
  seed = 42;
  for (u32 i = 0; i < 1500; i++) {
    u64 divisor = i < 500 ? i + 2 : random_int();
    check_divisor(divisor, 0);
    check_divisor(divisor, below(24));
  }
}

/* ---- the rules that matter most, by their results ---- */

static void results(void **state) {
  (void)state;
  Compile *c = new_compile();
  if (setjmp(c->leave)) fail();
  u32 x = wm_ir_node(c, IR_ARG, T_I32, 0, 0, 0), y = wm_ir_node(c, IR_ARG, T_I32, 1, 0, 0);
  u32 byte = wm_ir_node(c, OP_i32_load8_u, T_I32, x, 0, 0);
  u32 less = op2(c, OP_i32_lt_s, x, y);
  assert_int_equal(op2(c, OP_i32_and, byte, k32(c, 255)), byte);
  assert_int_equal(op2(c, OP_i32_mul, k32(c, 8), x), op2(c, OP_i32_shl, x, k32(c, 3)));
  assert_int_equal(op1(c, OP_i32_eqz, op1(c, OP_i32_eqz, less)), less);
  assert_int_equal(op1(c, OP_i32_eqz, less), op2(c, OP_i32_ge_s, x, y));
  assert_int_equal(op2(c, OP_i32_ne, less, k32(c, 0)), less);
  u32 up = op2(c, OP_i32_shl, x, k32(c, 24));
  assert_int_equal(op2(c, OP_i32_shr_s, up, k32(c, 24)), op1(c, OP_i32_extend8_s, x));
  assert_int_equal(op2(c, OP_i32_shr_u, up, k32(c, 24)), op2(c, OP_i32_and, x, k32(c, 255)));
  u32 sum = op2(c, OP_i32_add, op2(c, OP_i32_add, x, k32(c, 5)), k32(c, 7));
  assert_int_equal(sum, op2(c, OP_i32_sub, x, k32(c, (u32)-12)));
  assert_int_equal(op1(c, OP_i32_wrap_i64, op1(c, OP_i64_extend_i32_s, x)), x);
  assert_int_equal(op2(c, OP_i32_gt_u, k32(c, 9), x), op2(c, OP_i32_lt_u, x, k32(c, 9)));
  /* a 32-bit sum stays one: it wraps before it is extended */
  u32 address = op1(c, OP_i64_extend_i32_u, op2(c, OP_i32_add, x, k32(c, 4)));
  assert_int_equal(node_at(c, address)->op, OP_i64_extend_i32_u);
  /* a division that may trap is left alone */
  Node divide = {.op = OP_i32_div_s, .type = T_I32, .a = x, .b = k32(c, UINT32_MAX)};
  assert_int_equal(wm_fold(c, &divide), NONE);
  divide.b = k32(c, 0);
  assert_int_equal(wm_fold(c, &divide), NONE);
  wm_jit_delete(c);
}

static void unoptimized(void **state) {
  (void)state;
  Compile *c = new_compile();
  if (setjmp(c->leave)) fail();
  c->options.no_opt = true;
  u32 one = k32(c, 1);
  assert_int_equal(one, k32(c, 1));
  u32 sum = op2(c, OP_i32_add, one, one);
  assert_int_equal(node_at(c, sum)->op, OP_i32_add);
  assert_int_not_equal(sum, op2(c, OP_i32_add, one, one));
  wm_jit_delete(c);
}

/* Long chains neither recurse deeply nor get lost in the table as it grows. */
static void chains(void **state) {
  (void)state;
  Compile *c = new_compile();
  if (setjmp(c->leave)) fail();
  u32 arg = wm_ir_node(c, IR_ARG, T_I32, 0, 0, 0), n = arg, first = 0;
  for (u32 i = 0; i < 200000; i++) {
    n = op1(c, OP_i32_extend8_s, op2(c, OP_i32_xor, n, k32(c, 0x100 + i)));
    if (!i) first = n;
    op2(c, OP_i32_and, n, k32(c, 0xFF));
  }
  assert_int_equal(op1(c, OP_i32_extend8_s, op2(c, OP_i32_xor, arg, k32(c, 0x100))), first);
  wm_jit_delete(c);
}

/* The row's text and signature with the 32-bit type turned into the 64-bit one, looked for. A
 * comparison's result stays i32. OP_INVALID: it has no other width. */
static u16 wide_row(u16 op) {
  char text[32], operand = *wm_op_text(op) == 'i' ? 'i' : 'f', wide = operand == 'i' ? 'l' : 'd';
  snprintf(text, sizeof text, "%.1s64%s", wm_op_text(op), wm_op_text(op) + 3);
  u16 found = wm_op_find_text(text, strlen(text));
  const char *x = wm_op_sig(op), *y = found == OP_INVALID ? "" : wm_op_sig(found);
  for (; *x && *x != '_'; x++, y++)
    if (*x != operand || *y != wide) return OP_INVALID;
  return *y == '_' && (y[1] == x[1] || y[1] == wide) ? found : OP_INVALID;
}

static void check_pair(u16 op, u16 wide) {
  const IrPair *x = &wm_ir_pairs[op], *y = &wm_ir_pairs[wide];
  if (x->kind == KIND_OTHER || x->kind != y->kind || x->narrow != op || x->wide != wide)
    fail_msg("%s and %s are no pair (ir_pairs.def)", wm_op_text(op), wm_op_text(wide));
  bool compares = x->kind == KIND_COMPARE || x->kind == KIND_FCOMPARE;
  bool traps = wm_op_info[op].op_class == CLASS_TRAPS;
  assert_int_equal(wm_ir_narrow(wide), op);
  assert_int_equal(wm_ir_result_type(wide), compares                 ? T_I32
                                            : *wm_op_text(op) == 'i' ? T_I64
                                                                     : T_F64);
  assert_int_equal(x->kind == KIND_DIVIDE, traps);
}

/* Of the rows with a meaning that come in two widths none is forgotten, and none is in that has no
 * other. */
static void pairs_are_complete(void **state) {
  (void)state;
  u32 pairs = 0, listed = 0;
  for (u16 op = 0; op < OP_COUNT; op++) {
    u8 kind = wm_op_info[op].op_class;
    listed += wm_ir_kind(op) != KIND_OTHER;
    bool is_narrow = !strncmp(wm_op_text(op) + 1, "32.", 3);
    if (!is_narrow || (kind != CLASS_PURE && kind != CLASS_TRAPS)) continue;
    u16 wide = wide_row(op);
    if (wide == OP_INVALID) continue;
    check_pair(op, wide);
    pairs++;
  }
  assert_int_equal(listed, 2 * pairs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pairs_are_complete),
      cmocka_unit_test(constants_fold),
      cmocka_unit_test(splats_fold),
      cmocka_unit_test(results),
      cmocka_unit_test(divisions),
      cmocka_unit_test(unoptimized),
      cmocka_unit_test(chains),
      cmocka_unit_test(random_expressions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
