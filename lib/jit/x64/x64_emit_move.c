/* Moves between locations, one by one or in parallel, and of arguments to where the calling
 * convention has them. */
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
    m.imm = constant_at(c, item[0]);
  }
  *jit_push(c, &emitter(c)->moves) = m;
}

void wm_x64_pass_arguments(Compile *c, const Lir *x, u32 count, NextPlace *next, ArgCursor cursor,
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

/* No other move reads the outgoing area. */
void wm_x64_load_result(Compile *c, const Lir *x) {
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
