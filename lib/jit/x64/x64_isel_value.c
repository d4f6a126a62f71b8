/* Instruction selection: the values that instructions work on, and how instructions are put
 * (x64_isel.h). */
#include "jit/x64/x64_isel.h"

/* ---- values ---- */

u32 wm_isel_vreg(Compile *c, IrType type) {
  u32 v = c->vreg_type.len;
  *jit_push(c, &c->vreg_type) = (u8)type;
  *jit_push(c, &c->vreg_global) = 0;
  return v;
}

u32 wm_isel_strip(const Compile *c, u32 n) {
  if (c->options.no_opt) return n;
  for (;;) {
    const Node *x = node_at(c, n);
    if (x->op == OP_i64_extend_i32_u)
      n = x->a;
    else if (x->op == OP_i32_wrap_i64 && wm_ir_max_value(c, x->a) <= UINT32_MAX)
      n = x->a;
    else
      return n;
  }
}

u32 wm_isel_vreg_of(Compile *c, u32 n) {
  u32 v = c->node_vreg.data[n];
  if (v == NONE) v = c->node_vreg.data[n] = wm_isel_vreg(c, node_at(c, n)->type);
  if (c->node_block.data[n] != isel_of(c)->block) c->vreg_global.data[v] = 1;
  return v;
}

static u32 use_constant(Compile *c, u32 n) {
  Isel *s = isel_of(c);
  for (u32 i = 0; i < s->pending.len && i < 8; i++)
    if (s->pending.data[i].node == n) return s->pending.data[i].vreg;
  u32 v = wm_isel_vreg(c, node_at(c, n)->type);
  *jit_push(c, &s->pending) = (PendingConst){v, n};
  return v;
}

/* Constants that place.c gave no block are made where they are used, and so is the base of memory
 * 0.
 */
static bool is_made_at_use(const Compile *c, u32 n) {
  u16 op = node_at(c, n)->op;
  return (op == IR_CONST || op == IR_MEM0) && c->node_block.data[n] == NONE;
}

u32 wm_isel_use(Compile *c, u32 n) {
  n = wm_isel_strip(c, n);
  return is_made_at_use(c, n) ? use_constant(c, n) : wm_isel_vreg_of(c, n);
}

u32 wm_isel_use_low(Compile *c, u32 n, u32 width) {
  const Node *x = node_at(c, n);
  bool alias = width == 4 && x->op == OP_i32_wrap_i64 && c->node_vreg.data[n] == NONE &&
               c->node_block.data[n] == isel_of(c)->block && !c->options.no_opt;
  return wm_isel_use(c, alias ? x->a : n);
}

/* Whether a move may make n, a constant: floats that are in a register already are taken from it.
 */
static bool may_move(const Compile *c, u32 n) {
  u8 type = node_at(c, n)->type;
  if (!is_const(c, n) || type == T_V128) return false;
  return !type_is_float(type) || c->node_block.data[n] == NONE;
}

static u32 number_constant(Compile *c, u32 n) {
  NumberedConst *known = &isel_of(c)->numbered[n % NUMBERED_SIZE];
  if (known->node != n) {
    *known = (NumberedConst){n, c->constants.len};
    *jit_push(c, &c->constants) = const_bits(c, n);
  }
  return known->number;
}

u32 wm_isel_use_edge_argument(Compile *c, u32 n) {
  return may_move(c, n) ? LOC_CONST | number_constant(c, n) : wm_isel_use(c, n);
}

u32 wm_isel_use_argument(Compile *c, u32 n) {
  return wm_isel_use_edge_argument(c, wm_isel_strip(c, n));
}

bool wm_isel_single(const Compile *c, u32 n) {
  const Isel *s = isel_of(c);
  return c->node_uses.data[n] == 1 && c->node_block.data[n] == s->block &&
         c->node_vreg.data[n] == NONE && !s->sharing && !c->options.no_opt;
}

bool wm_isel_imm32(const Compile *c, u32 n, i64 *value) {
  const Node *x = node_at(c, n);
  if (x->op != IR_CONST || type_is_float(x->type)) return false;
  i64 v = x->type == T_I32 ? (i32)x->a : (i64)const_bits(c, n);
  *value = v;
  return v == (i32)v;
}

/* ---- instructions ---- */

Lir wm_isel_lir(u32 op, u32 width, u32 d, u32 a, u32 b) {
  return (Lir){.op = (u8)op,
               .width = (u8)width,
               .d = d,
               .a = a,
               .b = b,
               .c = NONE,
               .e = NONE,
               .m0 = NONE,
               .m1 = NONE,
               .spill = NONE};
}

static void put_one(Compile *c, const Lir *x) {
  Lir *put = jit_push(c, &c->lir);
  *put = *x;
  if (x->d != NONE && !x->type) put->type = c->vreg_type.data[x->d];
}

void wm_isel_put_constant(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u32 op = x->op == IR_MEM0         ? LIR_MEM0
           : x->type == T_V128      ? LIR_VCONST
           : type_is_float(x->type) ? LIR_FCONST
                                    : LIR_MOVI;
  Lir put = wm_isel_lir(op, width_of(x->type), d, NONE, NONE);
  if (x->op == IR_CONST) put.imm = (i64)const_bits(c, n);
  put_one(c, &put);
}

void wm_isel_put(Compile *c, Lir x) {
  put_one(c, &x);
  Isel *s = isel_of(c);
  while (s->pending.len) {
    PendingConst next = s->pending.data[--s->pending.len];
    wm_isel_put_constant(c, next.node, next.vreg);
  }
}

void wm_isel_fixed_result(Compile *c, u32 d, Loc reg, u32 between) {
  if (d == NONE) return;
  Lir put = wm_isel_lir(LIR_GETRES, width_of(c->vreg_type.data[d]), d, NONE, NONE);
  put.sub = (u8)reg;
  put.imm = between;
  wm_isel_put(c, put);
}
