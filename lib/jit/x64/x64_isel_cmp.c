/* Instruction selection: comparisons with what they decide (branch, set, select, trap), bit tests.
 */
#include "jit/x64/x64_isel.h"

static void swap_nodes(u32 *a, u32 *b) {
  u32 t = *a;
  *a = *b;
  *b = t;
}

/* ---- integers ---- */

/* The condition for exchanged operands. */
static u8 swapped(u8 cc) {
  switch (cc) {
  case CC_B: return CC_A;
  case CC_A: return CC_B;
  case CC_AE: return CC_BE;
  case CC_BE: return CC_AE;
  case CC_L: return CC_G;
  case CC_G: return CC_L;
  case CC_LE: return CC_GE;
  case CC_GE: return CC_LE;
  default: return cc;
  }
}

static u8 unsigned_condition(u8 cc) {
  switch (cc) {
  case CC_L: return CC_B;
  case CC_G: return CC_A;
  case CC_LE: return CC_BE;
  case CC_GE: return CC_AE;
  default: return cc;
  }
}

static bool is_equality(u8 cc) { return cc == CC_E || cc == CC_NE; }

static u8 condition_of(u16 narrow) {
  switch (narrow) {
  case OP_i32_eqz:
  case OP_i32_eq: return CC_E;
  case OP_i32_ne: return CC_NE;
  case OP_i32_lt_s: return CC_L;
  case OP_i32_lt_u: return CC_B;
  case OP_i32_gt_s: return CC_G;
  case OP_i32_gt_u: return CC_A;
  case OP_i32_le_s: return CC_LE;
  case OP_i32_le_u: return CC_BE;
  case OP_i32_ge_s: return CC_GE;
  default: return CC_AE;
  }
}

/* Comparisons with 1, -1 and unsigned ones with 0 that a comparison with 0 can say. */
static void prefer_zero(u8 *cc, i64 *v) {
  if (*v == 0) {
    if (*cc == CC_A)
      *cc = CC_NE;
    else if (*cc == CC_BE)
      *cc = CC_E;
    return;
  }
  u8 zero;
  if (*v == 1 && (*cc == CC_L || *cc == CC_GE))
    zero = *cc == CC_L ? CC_LE : CC_G;
  else if (*v == 1 && (*cc == CC_B || *cc == CC_AE))
    zero = *cc == CC_B ? CC_E : CC_NE;
  else if (*v == -1 && (*cc == CC_G || *cc == CC_LE))
    zero = *cc == CC_G ? CC_GE : CC_L;
  else
    return;
  *cc = zero;
  *v = 0;
}

/* Whether a compare instruction may have memory and an immediate (a trap's uses disp for it). */
static bool has_room(const Lir *x) { return x->op != LIR_CMPTRAP; }

/* Folds a load of one byte that is compared with (or tested by) `imm`. */
static bool fold_byte(Compile *c, Lir *x, u32 load, i64 imm) {
  u16 op = node_at(c, load)->op;
  bool is_signed = op == OP_i32_load8_s || op == OP_i64_load8_s;
  if (!is_signed && op != OP_i32_load8_u && op != OP_i64_load8_u) return false;
  if (is_signed ? imm < INT8_MIN || imm > INT8_MAX : imm < 0 || imm > UINT8_MAX) return false;
  bool is_unsigned_cc = unsigned_condition(x->cc) == x->cc && !is_equality(x->cc);
  if (is_signed && (is_unsigned_cc || x->sub == ALU_TEST)) return false;
  if (!has_room(x) || !wm_isel_can_fold(c, load)) return false;
  if (!is_signed) x->cc = unsigned_condition(x->cc);
  x->flags |= LIR_BYTE;
  isel_set_imm(x, (i8)imm);
  wm_isel_fold(c, x, load);
  return true;
}

/* Folds a load of the comparison's own width, with an immediate. */
static bool fold_with_imm(Compile *c, Lir *x, u32 load, i64 imm) {
  if (!has_room(x) || !wm_isel_can_fold_whole(c, load) || node_width(c, load) != x->width)
    return false;
  isel_set_imm(x, imm);
  wm_isel_fold(c, x, load);
  return true;
}

/* ---- single bits ---- */

/* bt value, bit: the constant or variable number of a bit. */
static void set_bit_test(Compile *c, Lir *x, u32 value, u32 bit, u8 cc) {
  x->op = x->op == LIR_CMPBR ? LIR_BITBR : LIR_BITSET;
  x->width = (u8)node_width(c, value);
  x->cc = cc == CC_NE ? CC_B : CC_AE;
  x->a = wm_isel_use_low(c, value, x->width);
  if (is_const(c, bit))
    isel_set_imm(x, (i64)(const_bits(c, bit) & (x->width * 8u - 1)));
  else
    x->b = wm_isel_use_low(c, bit, 4);
}

/* The test of one bit with an immediate mask, which fuses with a branch. */
static bool set_low_bit_test(Compile *c, Lir *x, u32 value, u32 bit, u8 cc) {
  u32 width = node_width(c, value);
  u64 number = const_bits(c, bit) & (width * 8 - 1);
  if (!is_const(c, bit) || number > 30) return false;
  x->sub = ALU_TEST;
  x->width = (u8)width;
  x->cc = cc;
  isel_set_imm(x, (i64)1 << number);
  x->a = wm_isel_use_low(c, value, width);
  return true;
}

/* (value >> bit) & 1, the shift perhaps of 64 bits and wrapped. */
static bool shifted_bit(Compile *c, Lir *x, u32 shift, u8 cc) {
  u32 n = shift;
  if (node_at(c, n)->op == OP_i32_wrap_i64 && wm_isel_single(c, n)) n = node_at(c, n)->a;
  u16 op = scalar_like_of(c, n);
  if ((op != OP_i32_shr_u && op != OP_i32_shr_s) || !wm_isel_single(c, n)) return false;
  isel_mark_folded(c, shift);
  isel_mark_folded(c, n);
  u32 value = node_at(c, n)->a, bit = node_at(c, n)->b;
  if (!set_low_bit_test(c, x, value, bit, cc)) set_bit_test(c, x, value, bit, cc);
  return true;
}

/* value & (1 << bit). */
static bool masked_bit(Compile *c, Lir *x, u32 value, u32 mask, u8 cc) {
  const Node *m = node_at(c, mask);
  if (wm_x64_scalar_like(m->op) != OP_i32_shl || !is_const(c, m->a) || const_bits(c, m->a) != 1)
    return false;
  if (!wm_isel_single(c, mask)) return false;
  isel_mark_folded(c, mask);
  set_bit_test(c, x, value, m->b, cc);
  return true;
}

/* value & (a power of two too big for an immediate). */
static bool high_bit(Compile *c, Lir *x, u32 value, u32 mask, u8 cc) {
  u64 bits = const_bits(c, mask);
  i64 v;
  if (!is_const(c, mask) || wm_isel_imm32(c, mask, &v) || (bits & (bits - 1))) return false;
  x->op = x->op == LIR_CMPBR ? LIR_BITBR : LIR_BITSET;
  x->width = 8;
  x->cc = cc == CC_NE ? CC_B : CC_AE;
  x->a = wm_isel_use(c, value);
  isel_set_imm(x, __builtin_ctzll(bits));
  return true;
}

/* Selects the test of p & q against 0 as a bit test when it is one. */
static bool fold_bit_test(Compile *c, Lir *x, u32 p, u32 q, u8 cc) {
  if ((x->op != LIR_CMPBR && x->op != LIR_CMPSET) || !is_equality(cc)) return false;
  bool is_one = is_const(c, q) && const_bits(c, q) == 1;
  return (is_one && shifted_bit(c, x, p, cc)) || masked_bit(c, x, p, q, cc) ||
         masked_bit(c, x, q, p, cc) || high_bit(c, x, p, q, cc);
}

/* Whether the and `n`, compared with 0, gains from becoming part of the test. */
static bool is_tested_and(const Compile *c, u32 n) {
  return scalar_like_of(c, n) == OP_i32_and && wm_isel_single(c, n);
}

/* The test of `n`, an and, against 0. */
static void test_and(Compile *c, Lir *x, u32 n) {
  u32 p = node_at(c, n)->a, q = node_at(c, n)->b;
  i64 v;
  isel_mark_folded(c, n);
  if (fold_bit_test(c, x, p, q, x->cc)) return;
  x->sub = ALU_TEST;
  if (!wm_isel_imm32(c, q, &v)) {
    x->a = wm_isel_use_low(c, p, x->width);
    x->b = wm_isel_use_low(c, q, x->width);
    return;
  }
  if (is_equality(x->cc) && (fold_byte(c, x, p, v) || fold_with_imm(c, x, p, v))) return;
  isel_set_imm(x, v);
  x->a = wm_isel_use_low(c, p, x->width);
}

static void compare_imm(Compile *c, Lir *x, u32 a, i64 v) {
  prefer_zero(&x->cc, &v);
  bool signed_or_equal = unsigned_condition(x->cc) != x->cc || is_equality(x->cc);
  bool is_test = v == 0 && signed_or_equal;
  if (is_test && is_tested_and(c, a)) {
    test_and(c, x, a);
    return;
  }
  if (fold_byte(c, x, a, v) || fold_with_imm(c, x, a, v)) return;
  x->a = wm_isel_use_low(c, a, x->width);
  if (is_test) {
    x->sub = ALU_TEST;
    x->b = x->a;
  } else {
    isel_set_imm(x, v);
  }
}

/* The comparison a cc b, of integers. */
static void compare(Compile *c, Lir *x, u32 a, u32 b, u8 cc) {
  i64 v;
  x->sub = ALU_CMP;
  x->width = (u8)node_width(c, a);
  x->cc = cc;
  if (is_const(c, a) && !is_const(c, b)) {
    swap_nodes(&a, &b);
    x->cc = swapped(x->cc);
  }
  if (wm_isel_imm32(c, b, &v)) {
    compare_imm(c, x, a, v);
    return;
  }
  if (!wm_isel_can_fold_whole(c, b) && wm_isel_can_fold_whole(c, a)) {
    swap_nodes(&a, &b);
    x->cc = swapped(x->cc);
  }
  x->a = wm_isel_use_low(c, a, x->width);
  if (wm_isel_can_fold_whole(c, b))
    wm_isel_fold(c, x, b);
  else
    x->b = wm_isel_use_low(c, b, x->width);
}

/* The comparison row n; negated: its opposite. */
static void compare_row(Compile *c, Lir *x, u32 n, bool negated) {
  const Node *row = node_at(c, n);
  u8 cc = (u8)(condition_of(wm_x64_scalar_like(row->op)) ^ negated);
  if (wm_x64_scalar_like(row->op) != OP_i32_eqz) {
    compare(c, x, row->a, row->b, cc);
    return;
  }
  x->sub = ALU_CMP;
  x->width = (u8)node_width(c, row->a);
  x->cc = cc;
  compare_imm(c, x, row->a, 0);
}

/* ---- floats ---- */

/* Below and below-or-equal hold for unordered operands too, so the operands are exchanged. */
static void compare_floats(Compile *c, Lir *x, u32 n) {
  const Node *row = node_at(c, n);
  u32 a = row->a, b = row->b;
  u16 op = wm_x64_scalar_like(row->op);
  x->width = (u8)node_width(c, a);
  x->cc = op == OP_f32_eq                      ? CC_E
          : op == OP_f32_ne                    ? CC_NE
          : op == OP_f32_lt || op == OP_f32_gt ? CC_A
                                               : CC_AE;
  bool symmetric = op == OP_f32_eq || op == OP_f32_ne;
  bool better = !wm_isel_can_fold_whole(c, b) && !is_const(c, b) &&
                (wm_isel_can_fold_whole(c, a) || is_const(c, a));
  if (op == OP_f32_lt || op == OP_f32_le || (symmetric && better)) swap_nodes(&a, &b);
  x->a = wm_isel_use(c, a);
  wm_isel_float_operand(c, x, b);
}

/* ---- conditions ---- */

/* Whether n is x == 0 or x != 0 of a condition x: then x, and *negated changes with ==. */
static u32 tested_condition(const Compile *c, u32 n, bool *negated) {
  const Node *x = node_at(c, n);
  bool with_zero =
      (x->op == OP_i32_eq || x->op == OP_i32_ne) && is_const(c, x->b) && const_bits(c, x->b) == 0;
  if (x->op != OP_i32_eqz && !with_zero) return NONE;
  u16 op = node_at(c, x->a)->op;
  if (!wm_ir_is_compare(op) && !wm_ir_is_fcompare(op)) return NONE;
  *negated ^= x->op != OP_i32_ne;
  return x->a;
}

/* A comparison with other uses, done again here rather than set, kept and tested. */
static bool may_share(const Compile *c, u32 n) {
  return c->node_block.data[n] == isel_of(c)->block && !c->options.no_opt;
}

static bool float_condition(Compile *c, Lir *x, u32 n, bool negated) {
  compare_floats(c, x, n);
  x->op = x->op == LIR_CMPBR ? LIR_FCMPBR : x->op == LIR_CMPSEL ? LIR_FCMPSEL : LIR_FCMPSET;
  if (!negated || (x->cc != CC_E && x->cc != CC_NE)) return negated;
  x->cc ^= 1;
  return false;
}

bool wm_isel_condition(Compile *c, Lir *x, u32 n) {
  Isel *s = isel_of(c);
  bool negated = false, owned = wm_isel_single(c, n);
  for (u32 inner; owned && (inner = tested_condition(c, n, &negated)) != NONE; n = inner) {
    isel_mark_folded(c, n);
    owned = wm_isel_single(c, inner);
  }
  u16 op = node_at(c, n)->op;
  bool is_float = wm_ir_is_fcompare(op) && x->op != LIR_CMPTRAP;
  if ((!wm_ir_is_compare(op) && !is_float) || (!owned && !may_share(c, n))) {
    x->sub = ALU_CMP;
    x->width = 4;
    x->cc = negated ? CC_E : CC_NE;
    compare_imm(c, x, n, 0);
    return false;
  }
  if (owned) isel_mark_folded(c, n);
  bool was_sharing = s->sharing;
  s->sharing |= !owned;
  if (is_float) {
    negated = float_condition(c, x, n, negated);
  } else {
    compare_row(c, x, n, negated);
    negated = false;
  }
  s->sharing = was_sharing;
  return negated;
}

void wm_isel_branch(Compile *c, u32 condition) {
  Lir put = wm_isel_lir(LIR_CMPBR, 4, NONE, NONE, NONE);
  if (wm_isel_condition(c, &put, condition)) put.flags |= LIR_NEGATED;
  wm_isel_put(c, put);
}

/* ---- null checks ---- */

/* The reference that the trap asks whether it is null; NONE: it asks something else. */
static u32 asked_for_null(const Compile *c, const Node *trap) {
  const Node *test = node_at(c, trap->a);
  if (trap->imm != TRAP_NULL_STRUCT && trap->imm != TRAP_NULL_ARRAY) return NONE;
  return test->op == OP_i64_eq && is_const(c, test->b) && !const_bits(c, test->b) ? test->a : NONE;
}

/* Whether the instruction reads or writes so near behind the address that it faults where that is
 * null, before it does anything else. A trap of its own has to be the same instruction's. */
static bool faults_at_null(const Lir *x, u32 address, u32 site) {
  bool is_near = x->mem == MEM_ADDR && x->m0 == address && x->m1 == NONE && x->disp > 0 &&
                 x->disp < NULL_PAGE_BYTES / 2;
  switch (x->op) {
  case LIR_LOAD:
  case LIR_STORE:
  case LIR_RMW:
  case LIR_CMPBR: return is_near && !x->site;
  case LIR_CMPTRAP: return is_near && !x->fault && x->site == site && !(x->flags & LIR_HAS_IMM);
  default: return false;
  }
}

/* The check becomes part of what runs next, where that faults. */
static bool fold_null_check(Compile *c, const Node *x, u32 site) {
  u32 reference = asked_for_null(c, x);
  if (reference == NONE || c->options.explicit_bounds || c->options.no_opt) return false;
  u32 address = c->node_vreg.data[reference];
  bool is_first = c->lir.len == block_at(c, isel_of(c)->block)->lir_start;
  if (address == NONE || is_first || !faults_at_null(vec_last(&c->lir), address, site))
    return false;
  vec_last(&c->lir)->fault = x->imm;
  vec_last(&c->lir)->site = site;
  return true;
}

void wm_isel_trap_if(Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  if (fold_null_check(c, x, c->node_sites.data[n])) return;
  Lir put = wm_isel_lir(LIR_CMPTRAP, 4, NONE, NONE, NONE);
  put.imm = x->imm;
  wm_isel_condition(c, &put, x->a);
  put.site = c->node_sites.data[n];
  wm_isel_put(c, put);
}

/* The float comparison whose opposite (or which) n is and that may go into n; or NONE. */
static u32 tested_floats(const Compile *c, u32 n, bool *negated) {
  *negated = false;
  if (wm_ir_is_fcompare(node_at(c, n)->op)) return n;
  u32 inner = tested_condition(c, n, negated);
  bool is_float = inner != NONE && wm_ir_is_fcompare(node_at(c, inner)->op);
  return is_float && wm_isel_single(c, inner) ? inner : NONE;
}

void wm_isel_compare_value(Compile *c, u32 n, u32 d) {
  bool negated;
  u32 floats = tested_floats(c, n, &negated);
  Lir put = wm_isel_lir(LIR_CMPSET, 4, d, NONE, NONE);
  put.type = T_I32;
  if (floats == NONE) {
    compare_row(c, &put, n, false);
  } else {
    if (floats != n) isel_mark_folded(c, floats);
    compare_floats(c, &put, floats);
    put.op = LIR_FCMPSET;
    put.cc ^= negated;
  }
  wm_isel_put(c, put);
}

/* ---- select ---- */

/* a < b ? a : b and a > b ? a : b are what minss and maxss compute, with NaN and zeros. */
static bool select_float_min(Compile *c, const Node *x, u32 d) {
  const Node *cmp = node_at(c, x->c);
  u16 op = wm_x64_scalar_like(cmp->op);
  if ((op != OP_f32_lt && op != OP_f32_gt) || !wm_isel_single(c, x->c)) return false;
  bool same = x->a == cmp->a && x->b == cmp->b, crossed = x->a == cmp->b && x->b == cmp->a;
  if ((!same && !crossed) || c->options.canonical_nan) return false;
  isel_mark_folded(c, x->c);
  Lir put = wm_isel_lir(LIR_FOP, width_of(x->type), d, NONE, NONE);
  put.sub = (op == OP_f32_lt) == same ? 0x5D : 0x5F;
  put.a = wm_isel_use(c, x->a);
  wm_isel_float_operand(c, &put, x->b);
  wm_isel_put(c, put);
  return true;
}

void wm_isel_select(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  if (select_float_min(c, x, d)) return;
  u32 if_true = x->a, if_false = x->b;
  Lir put = wm_isel_lir(LIR_CMPSEL, 4, d, NONE, NONE);
  put.type = x->type;
  if (wm_isel_condition(c, &put, x->c)) swap_nodes(&if_true, &if_false);
  if (put.op == LIR_FCMPSEL &&
      put.cc == CC_E) { /* two conditions for a move: not equal is easier */
    put.cc = CC_NE;
    swap_nodes(&if_true, &if_false);
  }
  put.c = wm_isel_use(c, if_false);
  put.e = wm_isel_use(c, if_true);
  wm_isel_put(c, put);
}
