/* Instruction selection: scalar floats and conversions. */
#include "jit/x64/x64_isel.h"

void wm_isel_float_operand(Compile *c, Lir *x, u32 n) {
  if (wm_isel_can_fold_whole(c, n)) {
    wm_isel_fold(c, x, n);
  } else if (is_const(c, n) && c->node_block.data[n] == NONE) {
    x->mem = MEM_CONST;
    x->imm = (i64)const_bits(c, n);
  } else {
    x->b = wm_isel_use(c, n);
  }
}

/* a from memory of its own width, or a register or slot. */
static void put_from_memory(Compile *c, Lir put, u32 a) {
  if (wm_isel_can_fold_whole(c, a))
    wm_isel_fold(c, &put, a);
  else
    put.a = wm_isel_use(c, a);
  wm_isel_put(c, put);
}

static void select_arithmetic(Compile *c, u32 n, u32 d, u8 opcode, bool commutes) {
  const Node *x = node_at(c, n);
  u32 a = x->a, b = x->b;
  bool better = !wm_isel_can_fold_whole(c, b) && !is_const(c, b) &&
                (wm_isel_can_fold_whole(c, a) || is_const(c, a));
  if (commutes && better) a = x->b, b = x->a;
  Lir put = wm_isel_lir(LIR_FOP, width_of(x->type), d, NONE, NONE);
  put.sub = opcode;
  put.a = wm_isel_use(c, a);
  wm_isel_float_operand(c, &put, b);
  wm_isel_put(c, put);
}

static void select_sqrt(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_FOP, width_of(x->type), d, NONE, NONE);
  put.sub = 0x51;
  wm_isel_float_operand(c, &put, x->a);
  wm_isel_put(c, put);
}

static void select_two(Compile *c, u32 n, u32 d, u32 op, u8 sub) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(op, width_of(x->type), d, NONE, NONE);
  put.sub = sub;
  put.a = wm_isel_use(c, x->a);
  put.b = wm_isel_use(c, x->b);
  wm_isel_put(c, put);
}

static void select_unary(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_FUNARY, width_of(x->type), d, wm_isel_use(c, x->a), NONE);
  put.kind = x->op;
  wm_isel_put(c, put);
}

/* ---- conversions ---- */

static void select_from_int(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_CVTIF, width_of(x->type), d, NONE, NONE);
  put.kind = x->op;
  put_from_memory(c, put, x->a);
}

static void select_to_int(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_CVTFI, width_of(x->type), d, wm_isel_use(c, x->a), NONE);
  put.kind = x->op;
  if (!(x->flags & IR_SAFE)) put.site = c->node_sites.data[n];
  wm_isel_put(c, put);
}

static void select_to_float(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_CVTFF, width_of(x->type), d, NONE, NONE);
  put.kind = x->op;
  put_from_memory(c, put, x->a);
}

/* The load of the same bits as `op`'s result, of a load that would give its operand. */
static u32 reinterpreted_load(u16 op, u16 load) {
  switch (op) {
  case OP_i32_reinterpret_f32: return load == OP_f32_load ? OP_i32_load : NONE;
  case OP_i64_reinterpret_f64: return load == OP_f64_load ? OP_i64_load : NONE;
  case OP_f32_reinterpret_i32: return load == OP_i32_load ? OP_f32_load : NONE;
  default: return load == OP_i64_load ? OP_f64_load : NONE;
  }
}

static void select_reinterpret(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u32 load = reinterpreted_load(x->op, node_at(c, x->a)->op);
  if (load != NONE && wm_isel_can_fold(c, x->a)) {
    wm_isel_load_as(c, x->a, (u16)load, d);
    return;
  }
  Lir put = wm_isel_lir(LIR_REINTERPRET, width_of(x->type), d, wm_isel_use(c, x->a), NONE);
  put.kind = x->op;
  wm_isel_put(c, put);
}

void wm_isel_float(Compile *c, u32 n, u32 d) {
  u16 op = node_at(c, n)->op;
  switch (wm_x64_scalar_like(op)) {
  case OP_f32_add: select_arithmetic(c, n, d, 0x58, true); break;
  case OP_f32_sub: select_arithmetic(c, n, d, 0x5C, false); break;
  case OP_f32_mul: select_arithmetic(c, n, d, 0x59, true); break;
  case OP_f32_div: select_arithmetic(c, n, d, 0x5E, false); break;
  case OP_f32_sqrt: select_sqrt(c, n, d); break;
  case OP_f32_min: select_two(c, n, d, LIR_FMINMAX, 0); break;
  case OP_f32_max: select_two(c, n, d, LIR_FMINMAX, 1); break;
  case OP_f32_copysign: select_two(c, n, d, LIR_COPYSIGN, 0); break;
  case OP_f32_abs:
  case OP_f32_neg:
  case OP_f32_ceil:
  case OP_f32_floor:
  case OP_f32_trunc:
  case OP_f32_nearest: select_unary(c, n, d); break;
  case OP_f32_convert_i32_s:
  case OP_f32_convert_i32_u:
  case OP_f32_convert_i64_s:
  case OP_f32_convert_i64_u:
  case OP_f64_convert_i32_s:
  case OP_f64_convert_i32_u:
  case OP_f64_convert_i64_s:
  case OP_f64_convert_i64_u: select_from_int(c, n, d); break;
  case OP_f32_demote_f64:
  case OP_f64_promote_f32: select_to_float(c, n, d); break;
  case OP_i32_reinterpret_f32:
  case OP_i64_reinterpret_f64:
  case OP_f32_reinterpret_i32:
  case OP_f64_reinterpret_i64: select_reinterpret(c, n, d); break;
  default: select_to_int(c, n, d); break;
  }
}
