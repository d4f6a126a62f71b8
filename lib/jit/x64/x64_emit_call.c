/* Moves between locations, calls, returns, polls: everything that follows the calling convention
 * (lir.h). */
#include "jit/x64/x64_emit.h"

/* ---- one move; flags are kept, but a zero may take them ---- */

static bool is_register(Loc loc) { return loc < REG_COUNT; }
static bool is_vector_register(Loc loc) { return loc >= XMM0 && loc < REG_COUNT; }
static u32 move_width(u8 type) { return type == T_I32 || type == T_F32 ? 4 : 8; }

/* Memory that a move writes. */
static Rm destination(const Compile *c, Loc to) {
  if (!(to & LOC_STACK)) return wm_x64_loc(c, to);
  return rm_mem(RSP, -1, 0, (i32)(emitter(c)->stack_base + 8 * (to & ~(u32)LOC_STACK)));
}

/* Memory that a move reads: this function's own stack arguments. */
static Rm source(const Compile *c, Loc from) {
  if (!(from & LOC_STACK)) return wm_x64_loc(c, from);
  return rm_mem(RSP, -1, 0, (i32)(c->frame_bytes + 8 + 8 * (from & ~(u32)LOC_STACK)));
}

static void load_vector(Compile *c, Loc to, Rm from, u8 type) {
  u32 opcode = type == T_V128 ? 0x0F10 : type == T_F32 ? 0xF30F10 : 0xF20F10;
  wm_x64_sse2(c, opcode, to, from, -1);
}

/* All 8 bytes of a slot are written, so that 8 can be read at once. */
static void store_vector(Compile *c, Loc from, Rm to, u8 type) {
  wm_x64_sse_store(c, type == T_V128 ? 0x0F11 : 0xF20F11, from, to, -1);
}

static void set_vector(Compile *c, Loc to, u64 bits, u8 type) {
  if (type == T_V128) {
    const V128 *v = &c->vectors.data[bits];
    if (v->u64x2[0] | v->u64x2[1])
      wm_x64_sse2(c, 0x0F28, to, rm_vector((u32)bits), -1);
    else
      wm_x64_sse3(c, 0x0F57, to, to, rm_reg(to), -1);
  } else if (bits == 0) {
    wm_x64_sse3(c, 0x0F57, to, to, rm_reg(to), -1);
  } else {
    load_vector(c, to, rm_const(bits, (u8)move_width(type)), type);
  }
}

static void set_memory(Compile *c, const Move *m) {
  Rm to = destination(c, m->to);
  if (m->type == T_V128) {
    set_vector(c, XMM0 + 14, m->imm, T_V128);
    store_vector(c, XMM0 + 14, to, T_V128);
  } else if ((i64)m->imm == (i32)m->imm) {
    wm_x64_op(c, 8, 0xC7, 0, to, false, 4);
    wm_x64_u32(c, (u32)m->imm);
  } else {
    wm_x64_mov_imm(c, R11, m->imm);
    wm_x64_op(c, 8, 0x89, R11, to, false, 0);
  }
}

static void set_constant(Compile *c, const Move *m) {
  if (!is_register(m->to))
    set_memory(c, m);
  else if (is_vector_register(m->to))
    set_vector(c, m->to, m->imm, m->type);
  else if (m->imm == 0)
    wm_x64_op(c, 4, 0x33, m->to, rm_reg(m->to), false, 0);
  else
    wm_x64_mov_imm(c, m->to, m->imm);
}

static void move_to_memory(Compile *c, const Move *m) {
  Rm to = destination(c, m->to);
  u8 type = m->type == T_V128 ? T_V128 : T_F64;
  if (is_vector_register(m->from)) {
    store_vector(c, m->from, to, type);
  } else if (is_register(m->from)) {
    wm_x64_op(c, 8, 0x89, m->from, to, false, 0);
  } else {
    load_vector(c, XMM0 + 14, source(c, m->from), type);
    store_vector(c, XMM0 + 14, to, type);
  }
}

static void move_to_register(Compile *c, const Move *m) {
  u32 width = move_width(m->type);
  bool from_register = is_register(m->from);
  if (is_vector_register(m->to)) {
    if (from_register)
      wm_x64_movaps(c, m->to, m->from);
    else
      load_vector(c, m->to, source(c, m->from), m->type);
  } else {
    assert(!is_vector_register(m->from));
    wm_x64_op(c, width, 0x8B, m->to, from_register ? rm_reg(m->from) : source(c, m->from), false,
              0);
  }
}

static void make_move(Compile *c, const Move *m) {
  if (m->from & LOC_CONST)
    set_constant(c, m);
  else if (m->from == m->to)
    return;
  else if (is_register(m->to))
    move_to_register(c, m);
  else
    move_to_memory(c, m);
}

void wm_x64_move(Compile *c, const Move *m) {
  Flags *flags = &emitter(c)->flags;
  bool kept = flags->at == x64_here(c) && flags->reg != m->to && !(m->from & LOC_CONST);
  make_move(c, m);
  if (kept) flags->at = x64_here(c);
}

void wm_x64_parallel(Compile *c, const Move *moves, u32 count) {
  if (count == 1) {
    wm_x64_move(c, moves);
  } else if (count) {
    MoveList *sequence = &emitter(c)->sequence;
    sequence->len = 0;
    wm_moves_resolve(c, moves, count, sequence);
    for (u32 i = 0; i < sequence->len; i++) wm_x64_move(c, &sequence->data[i]);
  }
}

/* ---- arguments and results ---- */

/* The move of the argument at `item` of a list to `to`. */
static void add_move(Compile *c, const u32 *item, Loc to) {
  Move m = {.from = item[0], .to = to, .type = (u8)item[1]};
  if (item[0] & LOC_CONST) {
    m.from = LOC_CONST;
    m.imm = const_bits(c, item[0] & ~LOC_CONST);
  }
  *jit_push(c, &emitter(c)->moves) = m;
}

/* Moves the first `count` of x's arguments to their places, and the next one, if there is one, to
 * `extra`. */
static void pass_arguments(Compile *c, const Lir *x, u32 count, NextPlace *next, ArgCursor cursor,
                           Loc extra) {
  Emitter *e = emitter(c);
  const u32 *list = &c->lir_pool.data[x->args];
  e->moves.len = 0;
  for (u32 i = 0; i < list[0]; i++) {
    const u32 *item = list + 1 + 2 * i;
    add_move(c, item, i < count ? next(&cursor, (u8)item[1]) : extra);
  }
  wm_x64_parallel(c, e->moves.data, e->moves.len);
}

static u32 argument_count(const Compile *c, const Lir *x) { return c->lir_pool.data[x->args]; }

/* ---- calls ---- */

static void emit_call(Compile *c, const Lir *x) {
  emitter(c)->stack_base = 0;
  pass_arguments(c, x, argument_count(c, x), wm_x64_next_arg, (ArgCursor){0}, 0);
  if ((u32)x->imm == c->func_index && !c->osr_offset) {
    wm_x64_byte(c, 0xE8);
    *jit_push(c, &emitter(c)->jumps) = (BlockJump){x64_here(c), NONE, JUMP_SELF, false};
    wm_x64_u32(c, 0);
  } else {
    wm_x64_op(c, 4, 0xFF, 2, (Rm){.kind = RM_SLOT, .disp = (i32)x->imm}, false, 0);
  }
  wm_x64_call_site(c, x->site, TRAP_NONE);
}

static Rm at_offset(Loc base, size_t offset) { return rm_mem((int)base, -1, 0, (i32)offset); }

static void emit_call_ref(Compile *c, const Lir *x) {
  Emitter *e = emitter(c);
  e->stack_base = 0;
  pass_arguments(c, x, argument_count(c, x) - 1, wm_x64_next_arg, (ArgCursor){0}, RAX);
  if (x->sub) {
    wm_x64_call_helper(c, STUB_CALL_REF);
    wm_x64_call_site(c, x->site, TRAP_NONE);
    return;
  }
  wm_x64_op(c, 8, 0x39, R15, at_offset(RAX, offsetof(Func, instance)), false, 0);
  u32 cold = wm_x64_cold_if(c, CC_NE, (Cold){.kind = COLD_CALL_REF, .site = x->site});
  wm_x64_op(c, 8, 0x8B, R11, at_offset(RAX, offsetof(Func, code)), false, 0);
  wm_x64_op(c, 4, 0xFF, 2, at_offset(R11, offsetof(FuncCode, native)), false, 0);
  wm_x64_call_site(c, x->site, TRAP_NONE);
  e->colds.data[cold].back = x64_here(c);
}

static void emit_call_helper(Compile *c, const Lir *x) {
  emitter(c)->stack_base = 0;
  pass_arguments(c, x, argument_count(c, x), wm_x64_next_helper_arg, (ArgCursor){0}, 0);
  wm_x64_mov(c, 8, RDI, R15);
  wm_x64_call_helper(c, (u32)x->imm);
  wm_x64_call_site(c, x->site, TRAP_NONE);
  if (!(x->flags & LIR_TRAPS)) return;
  wm_x64_op(c, 4, 0x85, RAX, rm_reg(RAX), false, 0);
  wm_x64_trap_if(c, CC_NE, TRAP_NONE, x->site);
}

static void emit_call_meaning(Compile *c, const Lir *x) {
  emitter(c)->stack_base = 0;
  pass_arguments(c, x, argument_count(c, x), wm_x64_next_meaning_arg, (ArgCursor){0}, 0);
  wm_x64_mov(c, 8, RDI, R15);
  wm_x64_mov_imm(c, RSI, x->kind);
  wm_x64_mov(c, 8, RDX, RSP);
  wm_x64_call_helper(c, HELPER_meaning);
  if (!(x->flags & LIR_TRAPS)) return;
  wm_x64_call_site(c, x->site, TRAP_NONE);
  wm_x64_op(c, 4, 0x85, RAX, rm_reg(RAX), false, 0);
  wm_x64_trap_if(c, CC_NE, TRAP_NONE, x->site);
}

/* A result in memory lies in the outgoing area, which no other move reads. */
static void load_result(Compile *c, const Lir *x) {
  Rm from = rm_mem(RSP, -1, 0, 8 * x->disp);
  if (is_vector_register(x->d)) {
    load_vector(c, x->d, from, x->type);
  } else if (is_register(x->d)) {
    wm_x64_op(c, move_width(x->type), 0x8B, x->d, from, false, 0);
  } else {
    u8 type = x->type == T_V128 ? T_V128 : T_F64;
    load_vector(c, XMM0 + 14, from, type);
    store_vector(c, XMM0 + 14, wm_x64_loc(c, x->d), type);
  }
}

static void emit_getres(Compile *c, const Lir *x) {
  if (x->sub == 0xFF)
    load_result(c, x);
  else
    wm_x64_move(c, &(Move){.from = x->sub, .to = x->d, .type = x->type});
}

static void emit_getarg(Compile *c, const Lir *x) {
  Loc from = x->sub == 0xFF ? LOC_STACK | (Loc)x->imm : x->sub;
  wm_x64_move(c, &(Move){.from = from, .to = x->d, .type = x->type});
}

static void emit_return(Compile *c, const Lir *x) {
  Emitter *e = emitter(c);
  e->stack_base = c->frame_bytes + 8;
  pass_arguments(c, x, argument_count(c, x), wm_x64_next_result,
                 (ArgCursor){.stack_slots = e->arg_slots}, 0);
  wm_x64_epilogue(c);
}

/* ---- polls and fuel ---- */

static void emit_poll(Compile *c, const Lir *x) {
  wm_x64_op(c, 8, 0x3B, RSP, at_offset(R15, offsetof(Instance, stack_limit)), false, 0);
  wm_x64_cold_if(c, CC_B, (Cold){.kind = COLD_POLL, .code = TRAP_INTERRUPTED, .site = x->site});
}

static void emit_fuel(Compile *c, const Lir *x) {
  wm_x64_op(c, 8, 0x8B, R11, at_offset(R15, offsetof(Instance, store)), false, 0);
  Rm fuel = at_offset(R11, offsetof(Store, fuel));
  wm_x64_alu_imm(c, 8, ALU_CMP, fuel, (i32)x->imm);
  wm_x64_trap_if(c, CC_L, TRAP_OUT_OF_FUEL, x->site);
  wm_x64_alu_imm(c, 8, ALU_SUB, fuel, (i32)x->imm);
}

bool wm_x64_emit_control(Compile *c, const Lir *x) {
  switch (x->op) {
  case LIR_NOP: break;
  case LIR_GETARG: emit_getarg(c, x); break;
  case LIR_GETRES: emit_getres(c, x); break;
  case LIR_SWITCH: wm_x64_switch(c, x); break;
  case LIR_RETURN: emit_return(c, x); break;
  case LIR_TRAP: wm_x64_trap_site(c, (TrapCode)x->imm, x->site); break;
  case LIR_CALL: emit_call(c, x); break;
  case LIR_CALL_REF: emit_call_ref(c, x); break;
  case LIR_CALL_HELPER: emit_call_helper(c, x); break;
  case LIR_CALL_MEANING: emit_call_meaning(c, x); break;
  case LIR_POLL: emit_poll(c, x); break;
  case LIR_FUEL: emit_fuel(c, x); break;
  default: return false;
  }
  return true;
}
