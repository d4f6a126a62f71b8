/* Instruction selection: integer arithmetic. */
#include "jit/x64/x64_isel.h"

static void swap_nodes(u32 *a, u32 *b) {
  u32 t = *a;
  *a = *b;
  *b = t;
}

/* ---- addition: lea where it saves a move ---- */

/* The two terms of a sum into m0 and m1 << scale. */
static void set_terms(Compile *c, Lir *x, u32 p, u32 q) {
  u32 y;
  if (!wm_isel_scaled(c, q, &y, &x->scale)) {
    if (wm_isel_scaled(c, p, &y, &x->scale)) {
      swap_nodes(&p, &q);
    } else if (c->node_vreg.data[p] != NONE && c->node_vreg.data[q] == NONE) {
      swap_nodes(&p, &q); /* m0 shares the result's register when it ends here */
    }
  }
  if (x->scale) {
    isel_mark_folded(c, q);
    q = y;
  }
  x->m0 = wm_isel_use_low(c, p, x->width);
  x->m1 = wm_isel_use_low(c, q, x->width);
}

static bool is_foldable_sum(const Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  return wm_x64_scalar_like(x->op) == OP_i32_add && wm_isel_single(c, n) && !is_const(c, x->b) &&
         !wm_isel_can_fold_whole(c, x->a) && !wm_isel_can_fold_whole(c, x->b);
}

/* a + imm, where a may itself be a sum or a scaled value. */
static void select_add_imm(Compile *c, u32 a, i64 imm, u32 d, u32 width) {
  Lir put = wm_isel_lir(LIR_LEA, width, d, NONE, NONE);
  put.mem = MEM_ADDR;
  put.disp = (i32)imm;
  u32 y;
  if (is_foldable_sum(c, a)) {
    isel_mark_folded(c, a);
    set_terms(c, &put, node_at(c, a)->a, node_at(c, a)->b);
  } else if (wm_isel_scaled(c, a, &y, &put.scale)) {
    isel_mark_folded(c, a);
    put.m1 = wm_isel_use_low(c, y, width);
    if (put.scale == 1) put.m0 = put.m1, put.scale = 0;
  } else {
    put.m0 = wm_isel_use_low(c, a, width);
  }
  wm_isel_put(c, put);
}

/* False: neither operand is a better one of an addition. */
static bool select_lea(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u32 width = width_of(x->type);
  i64 v;
  if (wm_x64_scalar_like(x->op) == OP_i32_sub) {
    if (!wm_isel_imm32(c, x->b, &v) || v == INT32_MIN) return false;
    select_add_imm(c, x->a, -v, d, width);
    return true;
  }
  if (wm_isel_imm32(c, x->b, &v)) {
    select_add_imm(c, x->a, v, d, width);
    return true;
  }
  if (wm_isel_can_fold_whole(c, x->a) || wm_isel_can_fold_whole(c, x->b)) return false;
  Lir put = wm_isel_lir(LIR_LEA, width, d, NONE, NONE);
  put.mem = MEM_ADDR;
  set_terms(c, &put, x->a, x->b);
  wm_isel_put(c, put);
  return true;
}

/* ---- two operands ---- */

/* d = a op b: b from memory when it can be, or a when they commute. */
static void put_binary(Compile *c, Lir put, u32 a, u32 b) {
  if (put.flags & LIR_COMMUTES) {
    bool fold_a = !wm_isel_can_fold_whole(c, b) && wm_isel_can_fold_whole(c, a);
    bool a_lives_on = c->node_vreg.data[a] != NONE && c->node_vreg.data[b] == NONE;
    if (fold_a || (a_lives_on && !wm_isel_can_fold_whole(c, b))) swap_nodes(&a, &b);
  }
  put.a = wm_isel_use_low(c, a, put.width);
  if (wm_isel_can_fold_whole(c, b))
    wm_isel_fold(c, &put, b);
  else
    put.b = wm_isel_use_low(c, b, put.width);
  wm_isel_put(c, put);
}

static void put_unary(Compile *c, u32 op, u8 sub, u32 a, u32 d, u32 width) {
  Lir put = wm_isel_lir(op, width, d, wm_isel_use_low(c, a, width), NONE);
  put.sub = sub;
  wm_isel_put(c, put);
}

static u8 alu_of(u16 like) {
  switch (like) {
  case OP_i32_add: return ALU_ADD;
  case OP_i32_sub: return ALU_SUB;
  case OP_i32_and: return ALU_AND;
  case OP_i32_or: return ALU_OR;
  default: return ALU_XOR;
  }
}

static void select_alu(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u32 a = x->a, b = x->b;
  i64 v;
  Lir put = wm_isel_lir(LIR_ALU, width_of(x->type), d, NONE, NONE);
  put.sub = alu_of(wm_x64_scalar_like(x->op));
  if (put.sub != ALU_SUB) put.flags |= LIR_COMMUTES;
  if (put.sub != ALU_SUB && is_const(c, a) && !is_const(c, b)) swap_nodes(&a, &b);
  if (!wm_isel_imm32(c, b, &v)) {
    put_binary(c, put, a, b);
    return;
  }
  isel_set_imm(&put, v);
  put.a = wm_isel_use_low(c, a, put.width);
  wm_isel_put(c, put);
}

static void select_sub(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  if (is_const(c, x->a) && !const_bits(c, x->a))
    put_unary(c, LIR_UNARY, UNARY_NEG, x->b, d, width_of(x->type));
  else if (!select_lea(c, n, d))
    select_alu(c, n, d);
}

/* ---- and, xor ---- */

/* x ^ -1 that this user may invert itself. */
static bool is_inverted(const Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  i64 v;
  return wm_x64_scalar_like(x->op) == OP_i32_xor && wm_isel_imm32(c, x->b, &v) && v == -1 &&
         wm_isel_single(c, n);
}

static bool select_andn(Compile *c, const Node *x, u32 d) {
  u32 a = x->a, b = x->b;
  if (!(c->options.cpu & CPU_BMI1)) return false;
  if (!is_inverted(c, a)) swap_nodes(&a, &b);
  if (!is_inverted(c, a) || is_const(c, b)) return false;
  isel_mark_folded(c, a);
  u32 width = width_of(x->type);
  Lir put = wm_isel_lir(LIR_ANDN, width, d, NONE, NONE);
  put.a = wm_isel_use_low(c, node_at(c, a)->a, width);
  if (wm_isel_can_fold_whole(c, b))
    wm_isel_fold(c, &put, b);
  else
    put.b = wm_isel_use_low(c, b, width);
  wm_isel_put(c, put);
  return true;
}

/* and with a mask that fits 32 unsigned bits. */
static void select_mask(Compile *c, u32 a, u32 mask, u32 d) {
  Lir put = wm_isel_lir(LIR_ALU, 4, d, NONE, NONE);
  put.a = wm_isel_use_low(c, a, 4);
  if (mask == 0xFF || mask == 0xFFFF) {
    put.op = LIR_EXTEND;
    put.kind = mask == 0xFF ? OP_i32_load8_u : OP_i32_load16_u;
  } else if (mask == UINT32_MAX) {
    put.op = LIR_MOV;
    put.type = T_I32;
  } else {
    put.sub = ALU_AND;
    put.flags = LIR_COMMUTES;
    isel_set_imm(&put, (i32)mask);
  }
  wm_isel_put(c, put);
}

static void select_and(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  if (is_const(c, x->b) && const_bits(c, x->b) <= UINT32_MAX) {
    select_mask(c, x->a, (u32)const_bits(c, x->b), d);
  } else if (!select_andn(c, x, d)) {
    select_alu(c, n, d);
  }
}

static void select_xor(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  i64 v;
  if (wm_isel_imm32(c, x->b, &v) && v == -1)
    put_unary(c, LIR_UNARY, UNARY_NOT, x->a, d, width_of(x->type));
  else
    select_alu(c, n, d);
}

/* ---- multiplication, division ---- */

static void select_mul_imm(Compile *c, u32 a, i64 imm, u32 d, u32 width) {
  if (imm == 3 || imm == 5 || imm == 9) {
    Lir put = wm_isel_lir(LIR_LEA, width, d, NONE, NONE);
    put.mem = MEM_ADDR;
    put.m0 = put.m1 = wm_isel_use_low(c, a, width);
    put.scale = imm == 3 ? 1 : imm == 5 ? 2 : 3;
    wm_isel_put(c, put);
    return;
  }
  Lir put = wm_isel_lir(LIR_IMULI, width, d, NONE, NONE);
  isel_set_imm(&put, imm);
  if (wm_isel_can_fold_whole(c, a))
    wm_isel_fold(c, &put, a);
  else
    put.a = wm_isel_use_low(c, a, width);
  wm_isel_put(c, put);
}

static void select_mul(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u32 a = x->a, b = x->b, width = width_of(x->type);
  i64 v;
  if (is_const(c, a) && !is_const(c, b)) swap_nodes(&a, &b);
  if (wm_isel_imm32(c, b, &v)) {
    select_mul_imm(c, a, v, d, width);
    return;
  }
  Lir put = wm_isel_lir(LIR_IMUL, width, d, NONE, NONE);
  put.flags = LIR_COMMUTES;
  put_binary(c, put, a, b);
}

/* Whether a 64-bit division gives the same in 32 bits, where it is far cheaper. */
static bool divides_narrow(const Compile *c, const Node *x, bool is_signed) {
  u64 limit = is_signed ? INT32_MAX : UINT32_MAX;
  return !c->options.no_opt && wm_ir_max_value(c, x->a) <= limit &&
         wm_ir_max_value(c, x->b) <= limit;
}

static u8 division_of(u16 like) {
  switch (like) {
  case OP_i32_div_s: return DIV_S;
  case OP_i32_div_u: return DIV_U;
  case OP_i32_rem_s: return REM_S;
  default: return REM_U;
  }
}

static void select_div(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u8 sub = division_of(wm_x64_scalar_like(x->op));
  u32 width = divides_narrow(c, x, sub == DIV_S || sub == REM_S) ? 4 : width_of(x->type);
  wm_isel_fixed_result(c, d, sub == DIV_S || sub == DIV_U ? RAX : RDX, 0);
  Lir put = wm_isel_lir(LIR_DIV, width, NONE, NONE, NONE);
  put.sub = sub;
  put.a = wm_isel_use_low(c, x->a, width);
  put.b = wm_isel_use_low(c, x->b, width);
  if (!(x->flags & IR_SAFE)) put.site = c->node_sites.data[n];
  wm_isel_put(c, put);
}

/* ---- shifts ---- */

/* The count without masks that the machine applies itself. */
static u32 strip_count(Compile *c, u32 n, u32 width) {
  u64 mask = width * 8 - 1;
  for (;;) {
    const Node *x = node_at(c, n);
    bool is_mask = wm_x64_scalar_like(x->op) == OP_i32_and && is_const(c, x->b) &&
                   (const_bits(c, x->b) & mask) == mask;
    bool is_conversion =
        x->op == OP_i64_extend_i32_u || x->op == OP_i64_extend_i32_s || x->op == OP_i32_wrap_i64;
    if (!(is_mask || is_conversion) || !wm_isel_single(c, n)) return n;
    isel_mark_folded(c, n);
    n = x->a;
  }
}

static u8 shift_of(u16 like) {
  switch (like) {
  case OP_i32_rotl: return SHIFT_ROL;
  case OP_i32_rotr: return SHIFT_ROR;
  case OP_i32_shl: return SHIFT_SHL;
  case OP_i32_shr_u: return SHIFT_SHR;
  default: return SHIFT_SAR;
  }
}

static void select_shift(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_SHIFTI, width_of(x->type), d, NONE, NONE);
  put.sub = shift_of(wm_x64_scalar_like(x->op));
  put.a = wm_isel_use_low(c, x->a, put.width);
  if (is_const(c, x->b)) {
    put.imm = (i64)(const_bits(c, x->b) & (put.width * 8u - 1));
  } else {
    put.op = put.sub >= SHIFT_SHL && c->options.cpu & CPU_BMI2 ? LIR_SHIFTX : LIR_SHIFTCL;
    put.b = wm_isel_use(c, strip_count(c, x->b, put.width));
  }
  wm_isel_put(c, put);
}

/* ---- one operand ---- */

static void select_bitcount(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_BITCOUNT, width_of(x->type), d, NONE, NONE);
  put.kind = x->op;
  if (wm_isel_can_fold_whole(c, x->a))
    wm_isel_fold(c, &put, x->a);
  else
    put.a = wm_isel_use_low(c, x->a, put.width);
  wm_isel_put(c, put);
}

/* The load that does a sign extension of load `op` itself, from the same bytes; or NONE. */
static u32 extended_load(u16 extend, u16 op) {
  switch (extend) {
  case OP_i64_extend_i32_s:
    if (op == OP_i32_load) return OP_i64_load32_s;
    if (op == OP_i32_load8_s) return OP_i64_load8_s;
    return op == OP_i32_load16_s ? OP_i64_load16_s : NONE;
  case OP_i32_extend8_s: return op == OP_i32_load8_u ? OP_i32_load8_s : NONE;
  case OP_i32_extend16_s: return op == OP_i32_load16_u ? OP_i32_load16_s : NONE;
  case OP_i64_extend8_s: return op == OP_i64_load8_u ? OP_i64_load8_s : NONE;
  case OP_i64_extend16_s: return op == OP_i64_load16_u ? OP_i64_load16_s : NONE;
  case OP_i64_extend32_s: return op == OP_i64_load32_u ? OP_i64_load32_s : NONE;
  default: return NONE;
  }
}

static void select_extend(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u32 load = extended_load(x->op, node_at(c, x->a)->op);
  if (load != NONE && wm_isel_can_fold(c, x->a)) {
    wm_isel_load_as(c, x->a, (u16)load, d);
    return;
  }
  Lir put = wm_isel_lir(LIR_EXTEND, width_of(x->type), d, NONE, NONE);
  put.kind = x->op;
  u32 read = x->op == OP_i64_extend_i32_s ? 4 : width_of(x->type);
  put.a = wm_isel_use_low(c, x->a, read);
  wm_isel_put(c, put);
}

/* wrap_i64, extend_i32_u: the low half. */
static void select_low_half(Compile *c, u32 n, u32 d) {
  Lir put = wm_isel_lir(LIR_MOV, 4, d, wm_isel_use(c, node_at(c, n)->a), NONE);
  put.type = T_I32;
  wm_isel_put(c, put);
}

void wm_isel_integer(Compile *c, u32 n, u32 d) {
  u16 op = node_at(c, n)->op;
  switch (wm_x64_scalar_like(op)) {
  case OP_i32_add:
    if (!wm_isel_carry(c, n, d) && !select_lea(c, n, d)) select_alu(c, n, d);
    break;
  case OP_i32_sub:
    if (!wm_isel_carry(c, n, d)) select_sub(c, n, d);
    break;
  case OP_i32_and: select_and(c, n, d); break;
  case OP_i32_or: select_alu(c, n, d); break;
  case OP_i32_xor: select_xor(c, n, d); break;
  case OP_i32_mul: select_mul(c, n, d); break;
  case OP_i32_div_s:
  case OP_i32_div_u:
  case OP_i32_rem_s:
  case OP_i32_rem_u: select_div(c, n, d); break;
  case OP_i32_shl:
  case OP_i32_shr_s:
  case OP_i32_shr_u:
  case OP_i32_rotl:
  case OP_i32_rotr: select_shift(c, n, d); break;
  case OP_i32_clz:
  case OP_i32_ctz:
  case OP_i32_popcnt: select_bitcount(c, n, d); break;
  case OP_i32_wrap_i64:
  case OP_i64_extend_i32_u: select_low_half(c, n, d); break;
  default: select_extend(c, n, d); break;
  }
}
