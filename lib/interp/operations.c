/* Translation of numeric and vector instructions, loads and stores (translator.h).
 *
 *   fast_plans     rows of families.def and compares.def, loads and stores: a handler a class
 *   plain_plans    every row with a meaning, lane instructions: one handler, operands in slots
 *
 * A class is where an operand is: S a slot, A the accumulator of its bank, I an immediate. A
 * family's handlers stand in the order of classes, two for each: the result to its slot, or to the
 * accumulator. So that a handler is found by adding numbers; which of the two it is, is decided
 * when the result is taken (values.c). */
#include "interp/translator.h"

#include "runtime/meanings.h"
#include "runtime/numeric.h"

/* ---- plans: how an instruction becomes a cell ---- */

typedef enum PlanKind {
  PLAN_NONE,
  PLAN_COMMUTATIVE, /* families of handlers.def: `handler` is the first of the family */
  PLAN_ORDERED,
  PLAN_DIVISION,
  PLAN_UNARY,
  PLAN_COMPARE,
  PLAN_LOAD,
  PLAN_LOAD_V128,
  PLAN_STORE_INT,
  PLAN_STORE_FLOAT,
  PLAN_STORE_V128,
  PLAN_GENERIC, /* slots only, operands and result by the signature */
  PLAN_VECTOR,  /* the same, calling the instruction's meaning */
  PLAN_EXTRACT, /* lane instructions and partial accesses */
  PLAN_REPLACE,
  PLAN_SHUFFLE,
  PLAN_VECTOR_LOAD,
  PLAN_LANE_LOAD,
  PLAN_LANE_STORE,
} PlanKind;

typedef struct Plan {
  u8 kind;
  u8 result; /* Shape */
  u16 handler;
  u16 other; /* CompareId; loads and stores: the far handler */
} Plan;

#define SHAPE_OF_i SHAPE_I32
#define SHAPE_OF_l SHAPE_I64
#define SHAPE_OF_f SHAPE_F32
#define SHAPE_OF_d SHAPE_F64
#define SHAPE_OF_s SHAPE_V128

/* What has families of classes. */
static const Plan fast_plans[OP_COUNT] = {
#define COMMUTATIVE(id, t) [OP_##id] = {PLAN_COMMUTATIVE, SHAPE_OF_##t, H_##id##_SSS, 0},
#define ORDERED(id, t)     [OP_##id] = {PLAN_ORDERED, SHAPE_OF_##t, H_##id##_SSS, 0},
#define DIVISION(id, t)    [OP_##id] = {PLAN_DIVISION, SHAPE_OF_##t, H_##id##_SIS, 0},
#define UNARY(id, t, r)    [OP_##id] = {PLAN_UNARY, SHAPE_OF_##r, H_##id##_SS, 0},
#include "interp/families.def"
#define COMPARE(id, t, mirror, negation)                                                           \
  [OP_##id] = {PLAN_COMPARE, SHAPE_I32, H_##id##_SSS, CMP_##id},
#define COMPARE_BRANCH_ONLY(id, t, mirror, negation, of)
#include "interp/compares.def"
#define OP(prefix, code, id, text, imm, sig)
#define LOAD(prefix, code, id, text, imm, sig, access)  [OP_##id] = PLAN_LOAD_##sig(id),
#define STORE(prefix, code, id, text, imm, sig, access) [OP_##id] = PLAN_STORE_##sig(id),
#define PLAN_LOAD_p_i(id)                               {PLAN_LOAD, SHAPE_I32, H_##id##_SS, H_far_##id}
#define PLAN_LOAD_p_l(id)                               {PLAN_LOAD, SHAPE_I64, H_##id##_SS, H_far_##id}
#define PLAN_LOAD_p_f(id)                               {PLAN_LOAD, SHAPE_F32, H_##id##_SS, H_far_##id}
#define PLAN_LOAD_p_d(id)                               {PLAN_LOAD, SHAPE_F64, H_##id##_SS, H_far_##id}
#define PLAN_LOAD_p_s(id)                               {PLAN_LOAD_V128, SHAPE_V128, H_##id##_S, H_far_##id}
#define PLAN_STORE_pi_(id)                              {PLAN_STORE_INT, SHAPE_I32, H_##id##_SS, H_far_##id}
#define PLAN_STORE_pl_(id)                              {PLAN_STORE_INT, SHAPE_I64, H_##id##_SS, H_far_##id}
#define PLAN_STORE_pf_(id)                              {PLAN_STORE_FLOAT, SHAPE_F32, H_##id##_SS, H_far_##id}
#define PLAN_STORE_pd_(id)                              {PLAN_STORE_FLOAT, SHAPE_F64, H_##id##_SS, H_far_##id}
#define PLAN_STORE_ps_(id)                              {PLAN_STORE_V128, SHAPE_V128, H_##id##_S, H_far_##id}
#include "wasm/opcodes.def"
};

/* Every row of opcodes.def with a fixed meaning. */
static const Plan plain_plans[OP_COUNT] = {
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)  [OP_##id] = PLAN_##sig(id),
#define TRAPS(prefix, code, id, text, imm, sig) [OP_##id] = PLAN_##sig(id),
#define PLAN_SCALAR(id, r)                      {PLAN_GENERIC, SHAPE_OF_##r, H_generic_##id, 0}
#define PLAN_i_i(id)                            PLAN_SCALAR(id, i)
#define PLAN_l_i(id)                            PLAN_SCALAR(id, i)
#define PLAN_f_i(id)                            PLAN_SCALAR(id, i)
#define PLAN_d_i(id)                            PLAN_SCALAR(id, i)
#define PLAN_ii_i(id)                           PLAN_SCALAR(id, i)
#define PLAN_ll_i(id)                           PLAN_SCALAR(id, i)
#define PLAN_ff_i(id)                           PLAN_SCALAR(id, i)
#define PLAN_dd_i(id)                           PLAN_SCALAR(id, i)
#define PLAN_i_l(id)                            PLAN_SCALAR(id, l)
#define PLAN_l_l(id)                            PLAN_SCALAR(id, l)
#define PLAN_f_l(id)                            PLAN_SCALAR(id, l)
#define PLAN_d_l(id)                            PLAN_SCALAR(id, l)
#define PLAN_ll_l(id)                           PLAN_SCALAR(id, l)
#define PLAN_i_f(id)                            PLAN_SCALAR(id, f)
#define PLAN_l_f(id)                            PLAN_SCALAR(id, f)
#define PLAN_f_f(id)                            PLAN_SCALAR(id, f)
#define PLAN_d_f(id)                            PLAN_SCALAR(id, f)
#define PLAN_ff_f(id)                           PLAN_SCALAR(id, f)
#define PLAN_i_d(id)                            PLAN_SCALAR(id, d)
#define PLAN_l_d(id)                            PLAN_SCALAR(id, d)
#define PLAN_f_d(id)                            PLAN_SCALAR(id, d)
#define PLAN_d_d(id)                            PLAN_SCALAR(id, d)
#define PLAN_dd_d(id)                           PLAN_SCALAR(id, d)
#define PLAN_s_s(id)                            {PLAN_VECTOR, SHAPE_V128, H_vector_s_s, 0}
#define PLAN_ss_s(id)                           {PLAN_VECTOR, SHAPE_V128, H_vector_ss_s, 0}
#define PLAN_sss_s(id)                          {PLAN_VECTOR, SHAPE_V128, H_vector_sss_s, 0}
#define PLAN_si_s(id)                           {PLAN_VECTOR, SHAPE_V128, H_vector_si_s, 0}
#define PLAN_s_i(id)                            {PLAN_VECTOR, SHAPE_I32, H_vector_s_i, 0}
#define PLAN_i_s(id)                            {PLAN_VECTOR, SHAPE_V128, H_vector_i_s, 0}
#define PLAN_l_s(id)                            {PLAN_VECTOR, SHAPE_V128, H_vector_l_s, 0}
#define PLAN_f_s(id)                            {PLAN_VECTOR, SHAPE_V128, H_vector_f_s, 0}
#define PLAN_d_s(id)                            {PLAN_VECTOR, SHAPE_V128, H_vector_d_s, 0}
#include "wasm/opcodes.def"
#define LANE(kind, id, r) [OP_##id] = {PLAN_##kind, SHAPE_OF_##r, H_##id, 0}
    LANE(EXTRACT, i8x16_extract_lane_s, i),  LANE(EXTRACT, i8x16_extract_lane_u, i),
    LANE(EXTRACT, i16x8_extract_lane_s, i),  LANE(EXTRACT, i16x8_extract_lane_u, i),
    LANE(EXTRACT, i32x4_extract_lane, i),    LANE(EXTRACT, i64x2_extract_lane, l),
    LANE(EXTRACT, f32x4_extract_lane, f),    LANE(EXTRACT, f64x2_extract_lane, d),
    LANE(REPLACE, i8x16_replace_lane, s),    LANE(REPLACE, i16x8_replace_lane, s),
    LANE(REPLACE, i32x4_replace_lane, s),    LANE(REPLACE, i64x2_replace_lane, s),
    LANE(REPLACE, f32x4_replace_lane, s),    LANE(REPLACE, f64x2_replace_lane, s),
    LANE(SHUFFLE, i8x16_shuffle, s),         LANE(VECTOR_LOAD, v128_load8x8_s, s),
    LANE(VECTOR_LOAD, v128_load8x8_u, s),    LANE(VECTOR_LOAD, v128_load16x4_s, s),
    LANE(VECTOR_LOAD, v128_load16x4_u, s),   LANE(VECTOR_LOAD, v128_load32x2_s, s),
    LANE(VECTOR_LOAD, v128_load32x2_u, s),   LANE(VECTOR_LOAD, v128_load8_splat, s),
    LANE(VECTOR_LOAD, v128_load16_splat, s), LANE(VECTOR_LOAD, v128_load32_splat, s),
    LANE(VECTOR_LOAD, v128_load64_splat, s), LANE(VECTOR_LOAD, v128_load32_zero, s),
    LANE(VECTOR_LOAD, v128_load64_zero, s),  LANE(LANE_LOAD, v128_load8_lane, s),
    LANE(LANE_LOAD, v128_load16_lane, s),    LANE(LANE_LOAD, v128_load32_lane, s),
    LANE(LANE_LOAD, v128_load64_lane, s),    LANE(LANE_STORE, v128_store8_lane, s),
    LANE(LANE_STORE, v128_store16_lane, s),  LANE(LANE_STORE, v128_store32_lane, s),
    LANE(LANE_STORE, v128_store64_lane, s),
};

typedef struct CompareInfo {
  u8 mirror, negation; /* CompareId */
  bool is_i64, is_f64;
  u16 value;  /* the first of the family; 0 (no handler of a comparison): there are only branches */
  u16 branch; /* the first of the family */
  u16 step;   /* the first of two; 0: none */
} CompareInfo;

static const CompareInfo compares[COMPARE_COUNT] = {
#define INFO_i(id, mirror, negation, value)                                                        \
  {CMP_##mirror, CMP_##negation, false, false, value, H_br_##id##_SSF, H_step_##id##_S},
#define INFO_l(id, mirror, negation, value)                                                        \
  {CMP_##mirror, CMP_##negation, true, false, value, H_br_##id##_SSF, 0},
#define INFO_f(id, mirror, negation, value)                                                        \
  {CMP_##mirror, CMP_##negation, false, false, value, H_br_##id##_SSF, 0},
#define INFO_d(id, mirror, negation, value)                                                        \
  {CMP_##mirror, CMP_##negation, false, true, value, H_br_##id##_SSF, 0},
#define COMPARE(id, t, mirror, negation)                 INFO_##t(id, mirror, negation, H_##id##_SSS)
#define COMPARE_BRANCH_ONLY(id, t, mirror, negation, of) INFO_##t(id, mirror, negation, 0)
#include "interp/compares.def"
};

/* ---- two operands with classes ---- */

typedef struct Pair {
  Operand lhs, rhs;
} Pair;

/* The classes that families have, in their order: SS AS SI AI SA. */
static u32 pair_class(const Pair *p) {
  u32 base = p->rhs.class == CLASS_IMM ? 2 : p->rhs.class == CLASS_ACC ? 4 : 0;
  return base + (p->lhs.class == CLASS_ACC);
}

/* Whether exchanging the operands gives a better class: a constant goes right, the accumulator
 * left. */
static bool better_swapped(const Translator *t, const Value *lhs, const Value *rhs) {
  if (lhs->kind == VALUE_CONST) return rhs->kind != VALUE_CONST;
  return rhs->kind != VALUE_CONST && wm_value_in_acc(t, rhs) && !wm_value_in_acc(t, lhs);
}

static Pair take_pair(Translator *t, Value *lhs, Value *rhs) {
  Pair p;
  p.lhs = wm_operand_take(t, lhs);
  if (wm_value_is_imm32(rhs))
    p.rhs = (Operand){CLASS_IMM, 0, rhs->bits};
  else if (p.lhs.class == CLASS_ACC)
    p.rhs = (Operand){CLASS_SLOT, wm_value_read(t, rhs), 0};
  else
    p.rhs = wm_operand_take(t, rhs);
  return p;
}

/* Emits a family's cell for the top two values, which it pops. */
static Cell *emit_pair(Translator *t, u32 family, const Pair *p, bool is_f64) {
  bool wide = is_f64 && p->rhs.class == CLASS_IMM;
  Cell *cell = wm_cells_emit(t, family + 2 * pair_class(p), wide ? 3 : 2, DRAFT_RESULT | DRAFT_ACC);
  cell->a = (u16)p->lhs.slot;
  cell->b = p->rhs.class == CLASS_IMM ? (u32)p->rhs.bits : p->rhs.slot;
  if (wide) cell->x[0] = p->rhs.bits;
  wm_value_pop(t);
  wm_value_pop(t);
  return cell;
}

static void binary(Translator *t, const Plan *plan) {
  Value *lhs = value_top(t, 1), *rhs = value_top(t, 0);
  bool swap = plan->kind == PLAN_COMMUTATIVE && better_swapped(t, lhs, rhs);
  Pair p = swap ? take_pair(t, rhs, lhs) : take_pair(t, lhs, rhs);
  wm_result(t, emit_pair(t, plan->handler, &p, plan->result == SHAPE_F64), (Shape)plan->result);
}

/* Exchanging the operands of an ordering mirrors it. */
static void compare(Translator *t, CompareId id) {
  Value *lhs = value_top(t, 1), *rhs = value_top(t, 0);
  bool swap = better_swapped(t, lhs, rhs);
  Pair p;
  if (swap) {
    id = (CompareId)compares[id].mirror;
    p = take_pair(t, rhs, lhs);
  } else {
    p = take_pair(t, lhs, rhs);
  }
  Cell *cell = emit_pair(t, compares[id].value, &p, compares[id].is_f64);
  cell->draft.compare = (u8)(id + 1);
  wm_result(t, cell, SHAPE_I32);
}

/* The comparison that computed the top value and is the last cell; or NULL. */
static Cell *last_compare(Translator *t) {
  const Value *v = value_top(t, 0);
  if (v->kind != VALUE_TEMP || v->producer == NONE || v->producer != t->last) return NULL;
  Cell *cell = cell_at(t, t->last);
  return cell->draft.compare ? cell : NULL;
}

/* x == 0 of a comparison is its negation, where that is one comparison: orderings of floats have
 * none, as both are false for NaNs. */
static void equal_to_zero(Translator *t, bool is_64) {
  Cell *last = is_64 ? NULL : last_compare(t);
  if (last) {
    const CompareInfo *info = &compares[last->draft.compare - 1];
    u16 negated = compares[info->negation].value;
    if (negated) {
      last->draft.handler = (u16)(negated + (last->draft.handler - info->value));
      last->draft.compare = (u8)(info->negation + 1);
      return;
    }
  }
  wm_value_push_const(t, is_64 ? SHAPE_I64 : SHAPE_I32, 0);
  compare(t, is_64 ? CMP_i64_eq : CMP_i32_eq);
}

void wm_translate_ref_eq(Translator *t) { compare(t, CMP_i64_eq); }

void wm_translate_is_null(Translator *t) {
  wm_value_push_const(t, SHAPE_I64, 0);
  compare(t, CMP_i64_eq);
}

/* ---- conditions ---- */

/* What the comparison in `cell` is as a condition. */
static Condition condition_of(const Cell *cell, bool if_true) {
  u32 id = cell->draft.compare - 1u;
  const CompareInfo *info = &compares[id];
  u32 class = (cell->draft.handler - info->value) / 2u;
  Condition c = {
      .compare = if_true ? (u8)id : info->negation, .is_acc = class & 1, .is_imm = class >= 2};
  c.a = cell->a;
  c.d = (u16)cell->b;
  if (c.is_imm) c.x = info->is_f64 ? cell->x[0] : info->is_i64 ? (u64)(i64)(i32)cell->b : cell->b;
  return c;
}

/* When the last cell only negates an ordering of floats, which the cell before it left in acc:
 * takes the negation back and returns the ordering, which is now the last cell. */
static const Cell *negated_ordering(Translator *t, const Cell *last) {
  bool is_negation =
      last && last->draft.handler == H_i32_eq_AIS && last->b == 0 && t->previous != NONE;
  if (!is_negation) return NULL;
  const Cell *ordering = cell_at(t, t->previous);
  u32 id = ordering->draft.compare - 1u;
  if (ordering->draft.compare == 0 || compares[compares[id].negation].value != 0) return NULL;
  if (ordering->draft.handler % 2 == compares[id].value % 2) return NULL; /* its result is kept */
  wm_cells_drop_last(t);
  t->acc_before_last = NONE;
  return ordering;
}

Condition wm_condition_take(Translator *t, bool if_true) {
  Condition c = {0};
  const Cell *last = last_compare(t), *ordering = negated_ordering(t, last);
  if (ordering) {
    c = condition_of(ordering, !if_true);
    wm_cells_drop_last(t);
  } else if (last) {
    c = condition_of(last, if_true);
    wm_cells_drop_last(t);
  } else {
    Operand o = wm_operand_take(t, value_top(t, 0));
    c.compare = if_true ? CMP_i32_ne : CMP_i32_eq;
    c.is_acc = o.class == CLASS_ACC;
    c.is_imm = true;
    c.a = (u16)o.slot;
  }
  wm_value_pop(t);
  return c;
}

/* Makes the addition of a constant that computed the left operand part of a branch back. */
static bool join_step(Translator *t, const Condition *c, u32 label) {
  u32 handler = compares[c->compare].step;
  if (!handler || !c->is_acc || t->last == NONE) return false;
  const Cell *add = cell_at(t, t->last);
  if (add->draft.handler != H_i32_add_SIS || t->acc[BANK_INT] != add->d) return false;
  u16 d = add->d, a = add->a;
  u64 right = c->is_imm ? c->x : c->d, x = add->b | right << 32;
  wm_cells_drop_last(t);
  Cell *cell = wm_cells_emit(t, handler + c->is_imm, 3, DRAFT_BRANCH);
  cell->d = d;
  cell->a = a;
  cell->b = label;
  cell->x[0] = x;
  t->acc[BANK_INT] = d;
  return true;
}

void wm_condition_branch(Translator *t, const Condition *c, u32 label, bool back) {
  if (!back || !join_step(t, c, label)) {
    u32 handler = compares[c->compare].branch + (c->is_imm * 2u + c->is_acc) * 2u + back;
    Cell *cell = wm_cells_emit(t, handler, c->is_imm ? 3 : 2, DRAFT_BRANCH);
    cell->a = c->a;
    cell->d = c->d;
    cell->b = label;
    if (c->is_imm) cell->x[0] = c->x;
  }
  end_region(t);
}

/* ---- one operand, generic, division ---- */

static void unary(Translator *t, const Plan *plan) {
  Operand o = wm_operand_take(t, value_top(t, 0));
  u32 class = o.class == CLASS_ACC ? 2 : 0;
  Cell *cell = wm_cells_emit(t, plan->handler + class, 2, DRAFT_RESULT | DRAFT_ACC);
  cell->a = (u16)o.slot;
  wm_value_pop(t);
  wm_result(t, cell, (Shape)plan->result);
}

/* By the signature's letters. */
static u32 operand_count(u16 op) { return (u32)(strchr(wm_op_sig(op), '_') - wm_op_sig(op)); }

static void generic(Translator *t, const Plan *plan) {
  u32 count = operand_count(t->in.op);
  u32 a = wm_value_read(t, value_top(t, count - 1));
  u32 b = count == 2 ? wm_value_read(t, value_top(t, 0)) : 0;
  Cell *cell = wm_cells_emit(t, plan->handler, 2, DRAFT_RESULT);
  cell->a = (u16)a;
  cell->b = b;
  for (u32 i = 0; i < count; i++) wm_value_pop(t);
  wm_result(t, cell, (Shape)plan->result);
}

/* By a constant that is neither 0 nor -1 it cannot trap, and needs no check. */
static void division(Translator *t, const Plan *plan) {
  const Value *divisor = value_top(t, 0);
  u64 minus_one = divisor->shape == SHAPE_I32 ? UINT32_MAX : UINT64_MAX;
  bool plain = wm_value_is_imm32(divisor) && divisor->bits != 0 && divisor->bits != minus_one;
  if (!plain) {
    generic(t, &plain_plans[t->in.op]);
    return;
  }
  u64 bits = divisor->bits;
  wm_value_pop(t);
  Operand o = wm_operand_take(t, value_top(t, 0));
  u32 class = o.class == CLASS_ACC ? 2 : 0;
  Cell *cell = wm_cells_emit(t, plan->handler + class, 2, DRAFT_RESULT | DRAFT_ACC);
  cell->a = (u16)o.slot;
  cell->b = (u32)bits;
  wm_value_pop(t);
  wm_result(t, cell, (Shape)plan->result);
}

/* ---- memory ---- */

/* Memory 0 with 32-bit addresses has handlers of its own. */
static bool is_near(const Translator *t) {
  return t->in.mem.memory == 0 && !t->module->memories[0].limits.is_64;
}

/* The address operand; *offset becomes the whole address when that is known. */
/* A known address is an offset from the memory's start; it has to fit the cell's 32 bits. */
static Operand take_address(Translator *t, Value *v, u32 *offset) {
  *offset = (u32)t->in.mem.offset;
  u64 known = v->bits + t->in.mem.offset;
  if (v->kind == VALUE_CONST && known <= UINT32_MAX) {
    *offset = (u32)known;
    return (Operand){CLASS_IMM, 0, 0};
  }
  return wm_operand_take(t, v);
}

/* A cell for any memory, with the address in v and room for `extra` words behind the offset. */
static Cell *emit_far(Translator *t, u32 handler, Value *v, u32 extra, u8 flags) {
  u32 address = wm_value_read(t, v);
  Cell *cell = wm_cells_emit(t, handler, 3 + extra, flags);
  cell->a = (u16)address;
  cell->b = t->in.mem.memory;
  cell->x[0] = t->in.mem.offset;
  return cell;
}

static void load(Translator *t, const Plan *plan) {
  Cell *cell;
  if (!is_near(t)) {
    cell = emit_far(t, plan->other, value_top(t, 0), 0, DRAFT_RESULT);
  } else {
    bool is_vector = plan->kind == PLAN_LOAD_V128;
    u32 offset;
    Operand address = take_address(t, value_top(t, 0), &offset);
    u32 class = (u32)address.class * (is_vector ? 1 : 2);
    u8 flags = is_vector ? DRAFT_RESULT : DRAFT_RESULT | DRAFT_ACC;
    cell = wm_cells_emit(t, plan->handler + class, 2, flags);
    cell->a = (u16)address.slot;
    cell->b = offset;
  }
  wm_value_pop(t);
  if (plan->kind == PLAN_LOAD_V128)
    wm_result_slot(t, cell, SHAPE_V128);
  else
    wm_result(t, cell, (Shape)plan->result);
}

/* The value of a store: integers may be 16-bit immediates; the accumulator that holds the address
 * cannot be the value too. */
static Operand take_stored(Translator *t, const Plan *plan, Value *v, const Operand *address) {
  bool is_int = plan->kind == PLAN_STORE_INT;
  if (is_int && wm_value_is_imm16(v)) return (Operand){CLASS_IMM, 0, v->bits};
  if (plan->kind == PLAN_STORE_V128 || (is_int && address->class == CLASS_ACC)) {
    return (Operand){CLASS_SLOT, wm_value_read(t, v), 0};
  }
  return wm_operand_take(t, v);
}

static void store(Translator *t, const Plan *plan) {
  static const u8 int_classes[3][3] = {{0, 1, 2}, {3, 0, 4}, {5, 6, 7}};
  Value *at = value_top(t, 1), *v = value_top(t, 0);
  if (!is_near(t)) {
    u32 value = wm_value_read(t, v);
    emit_far(t, plan->other, at, 0, 0)->d = (u16)value;
  } else {
    u32 offset;
    Operand address = take_address(t, at, &offset);
    Operand value = take_stored(t, plan, v, &address);
    u32 class = plan->kind == PLAN_STORE_INT ? int_classes[address.class][value.class]
                : plan->kind == PLAN_STORE_FLOAT
                    ? (u32)address.class * 2 + (value.class == CLASS_ACC)
                    : (u32)address.class;
    Cell *cell = wm_cells_emit(t, plan->handler + class, 2, 0);
    cell->a = (u16)address.slot;
    cell->b = offset;
    cell->d = (u16)(value.class == CLASS_IMM ? value.bits : value.slot);
  }
  wm_value_pop(t);
  wm_value_pop(t);
}

/* ---- vectors ---- */

static void vector(Translator *t, const Plan *plan) {
  u32 count = operand_count(t->in.op), slots[3] = {0, 0, 0};
  for (u32 i = 0; i < count; i++) slots[i] = wm_value_read(t, value_top(t, count - 1 - i));
  Cell *cell = wm_cells_emit(t, plan->handler, count == 3 ? 4 : 3, DRAFT_RESULT);
  cell->a = (u16)slots[0];
  cell->b = slots[1];
  /* The address of op_<id>(): cells live in this process only. */
  cell->x[0] = (u64)(uintptr_t)wm_meaning(t->in.op);
  if (count == 3) cell->x[1] = slots[2];
  for (u32 i = 0; i < count; i++) wm_value_pop(t);
  wm_result(t, cell, (Shape)plan->result);
}

static void extract(Translator *t, const Plan *plan) {
  u32 a = wm_value_read(t, value_top(t, 0));
  Cell *cell = wm_cells_emit(t, plan->handler, 2, DRAFT_RESULT);
  cell->a = (u16)a;
  cell->b = t->in.lane;
  wm_value_pop(t);
  wm_result(t, cell, (Shape)plan->result);
}

static void replace_or_shuffle(Translator *t, const Plan *plan) {
  bool is_shuffle = plan->kind == PLAN_SHUFFLE;
  u32 a = wm_value_read(t, value_top(t, 1)), b = wm_value_read(t, value_top(t, 0));
  Cell *cell = wm_cells_emit(t, plan->handler, is_shuffle ? 4 : 3, DRAFT_RESULT);
  cell->a = (u16)a;
  cell->b = b;
  if (is_shuffle)
    memcpy(cell->x, &t->in.v128, sizeof t->in.v128);
  else
    cell->x[0] = t->in.lane;
  wm_value_pop(t);
  wm_value_pop(t);
  wm_result_slot(t, cell, SHAPE_V128);
}

static void vector_load(Translator *t, const Plan *plan) {
  Cell *cell = emit_far(t, plan->handler, value_top(t, 0), 0, DRAFT_RESULT);
  wm_value_pop(t);
  wm_result_slot(t, cell, SHAPE_V128);
}

static void lane_access(Translator *t, const Plan *plan) {
  bool is_load = plan->kind == PLAN_LANE_LOAD;
  u32 vector_slot = wm_value_read(t, value_top(t, 0));
  Cell *cell = emit_far(t, plan->handler, value_top(t, 1), 1, is_load ? DRAFT_RESULT : 0);
  cell->b |= (u32)t->in.lane << 16;
  cell->x[1] = vector_slot;
  wm_value_pop(t);
  wm_value_pop(t);
  if (is_load) wm_result_slot(t, cell, SHAPE_V128);
}

void wm_translate_one_slot(Translator *t, u32 handler, Shape shape) {
  u32 a = wm_value_read(t, value_top(t, 0));
  Cell *cell = wm_cells_emit(t, handler, 2, DRAFT_RESULT);
  cell->a = (u16)a;
  wm_value_pop(t);
  if (shape == SHAPE_V128 || shape == SHAPE_REF)
    wm_result_slot(t, cell, shape);
  else
    wm_result(t, cell, shape);
}

/* Where the configuration asks for it (canonical_nan), behind each instruction that may make a NaN.
 */
static void canonicalize_result(Translator *t) {
  u16 op = t->in.op;
  if (op_makes_nan(op)) {
    bool is_f32 = value_top(t, 0)->shape == SHAPE_F32;
    wm_translate_one_slot(t, is_f32 ? H_canonical_f : H_canonical_d,
                          is_f32 ? SHAPE_F32 : SHAPE_F64);
  } else if (op_makes_nan_lanes(op)) {
    bool is_f32 = strncmp(wm_op_text(op), "f32", 3) == 0;
    wm_translate_one_slot(t, is_f32 ? H_canonical_f32x4 : H_canonical_f64x2, SHAPE_V128);
  }
}

static bool translate_operation(Translator *t) {
  const Plan *plan = &fast_plans[t->in.op];
  if (plan->kind == PLAN_NONE) plan = &plain_plans[t->in.op];
  switch (plan->kind) {
  case PLAN_COMMUTATIVE:
  case PLAN_ORDERED: binary(t, plan); return true;
  case PLAN_DIVISION: division(t, plan); return true;
  case PLAN_UNARY: unary(t, plan); return true;
  case PLAN_COMPARE: compare(t, (CompareId)plan->other); return true;
  case PLAN_LOAD:
  case PLAN_LOAD_V128: load(t, plan); return true;
  case PLAN_STORE_INT:
  case PLAN_STORE_FLOAT:
  case PLAN_STORE_V128: store(t, plan); return true;
  case PLAN_GENERIC:
    if (t->in.op == OP_i32_eqz || t->in.op == OP_i64_eqz)
      equal_to_zero(t, t->in.op == OP_i64_eqz);
    else
      generic(t, plan);
    return true;
  case PLAN_VECTOR: vector(t, plan); return true;
  case PLAN_EXTRACT: extract(t, plan); return true;
  case PLAN_REPLACE:
  case PLAN_SHUFFLE: replace_or_shuffle(t, plan); return true;
  case PLAN_VECTOR_LOAD: vector_load(t, plan); return true;
  case PLAN_LANE_LOAD:
  case PLAN_LANE_STORE: lane_access(t, plan); return true;
  default: return false;
  }
}

bool wm_translate_operation(Translator *t) {
  if (!translate_operation(t)) return false;
  if (t->loaded->canonical_nan) canonicalize_result(t);
  return true;
}
