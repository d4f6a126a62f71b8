/* Bytes from allocated LIR (compile.h): the frame, the blocks in order, the jumps between them.
 *
 *   x64_emit.c        layout, blocks, jumps        x64_emit_ops.c    integers, memory
 *   x64_emit_call.c   moves, calls, returns        x64_emit_float.c  scalar floats
 *   x64_tables.c      cold code, constants, sites  x64_simd*.c       vectors
 *   x64_asm.c         encodings                x64_relax.c       short jumps
 *
 * Code is laid out for straight runs. Blocks that only jump are left out (jump threading). A loop
 * that tests at its head and jumps back at its end is rotated: the head goes behind the last block,
 * so that a round has one jump. A short block that dispatches (a br_table at the head of a loop) is
 * copied to the jumps that lead to it, so that each has its own prediction. */
#include "jit/x64/x64_emit.h"
#include "jit/x64/x64_machine.h"

enum {
  MAX_ROTATED_HEAD = 12,  /* instructions */
  MAX_ROTATED_DEPTH = 16, /* of loops: each level moves its blocks once more */
  MAX_DISPATCH = 10,
  SMALL_LEAF_BYTES = 256, /* frames that go without a check of the stack */
};

/* ---- jump threading ---- */

static bool range_is_empty(MoveRange r) { return r.start == r.end; }

/* Index of the first move at or behind instruction `at`. */
static u32 first_move(const Compile *c, u32 at) {
  u32 low = 0, high = c->moves.len;
  while (low < high) {
    u32 middle = low + (high - low) / 2;
    if (c->moves.data[middle].at < at)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Whether the block does nothing but jump. */
static bool only_jumps(const Compile *c, u32 b) {
  const Block *bb = block_at(c, b);
  if (bb->lir_end - bb->lir_start != 1 || c->lir.data[bb->lir_start].op != LIR_JUMP) return false;
  if (!range_is_empty(c->begin_moves.data[b]) || !range_is_empty(c->end_moves.data[b]))
    return false;
  u32 move = first_move(c, bb->lir_start);
  return move == c->moves.len || c->moves.data[move].at != bb->lir_start;
}

static u32 jump_target(const Compile *c, u32 b) { return edge_at(c, block_at(c, b)->edges)->to; }

/* Follows the chain from b to its end, and sets the target of all on the way. In a circle of
 * jumps, which is an endless loop, the block that is met again remains. */
static void thread_chain(Compile *c, u32 b) {
  enum { ON_THE_WAY = NONE - 1 };
  u32 *targets = emitter(c)->targets.data;
  u32 last = b;
  while (targets[last] == NONE && only_jumps(c, last)) {
    targets[last] = ON_THE_WAY;
    last = jump_target(c, last);
  }
  u32 target = targets[last] < ON_THE_WAY ? targets[last] : last;
  targets[last] = target;
  for (u32 i = b; targets[i] == ON_THE_WAY; i = jump_target(c, i)) targets[i] = target;
}

static void thread_jumps(Compile *c) {
  Emitter *e = emitter(c);
  jit_resize(c, &e->targets, c->blocks.len);
  memset(e->targets.data, 0xFF, c->blocks.len * sizeof(u32));
  for (u32 b = 0; b < c->blocks.len; b++)
    if (e->targets.data[b] == NONE) thread_chain(c, b);
}

/* ---- layout ---- */

static u32 loop_depth(const Compile *c, u32 b) {
  const Block *bb = block_at(c, b);
  return bb->loop == NONE ? 0 : bb->loop_depth;
}

static bool in_loop(const Compile *c, u32 b, u32 header) {
  u32 depth = loop_depth(c, header), loop = block_at(c, b)->loop;
  if (loop_depth(c, b) < depth) return false;
  while (loop != NONE && loop != header && block_at(c, loop)->loop_depth > depth)
    loop = block_at(c, loop)->outer_loop;
  return loop == header;
}

/* The place of the last block of the loop whose head is at `place`. */
static u32 loop_end(const Compile *c, u32 place) {
  const Emitter *e = emitter(c);
  u32 depth = loop_depth(c, e->layout.data[place]);
  while (place + 1 < e->layout.len) {
    u32 b = e->layout.data[place + 1];
    if (loop_depth(c, b) < depth || (loop_depth(c, b) == depth && block_at(c, b)->is_loop)) break;
    place++;
  }
  return place;
}

/* Whether one edge of the head goes to the block behind it, in the loop, the other one out. */
static bool tests_at_head(const Compile *c, u32 head, u32 behind) {
  const Block *h = block_at(c, head);
  if (h->term != TERM_BRANCH || h->lir_end - h->lir_start > MAX_ROTATED_HEAD) return false;
  u32 yes = edge_at(c, h->edges)->to, no = edge_at(c, h->edges + 1)->to;
  bool yes_inside = in_loop(c, yes, head);
  if (yes_inside == in_loop(c, no, head)) return false;
  return emitter(c)->targets.data[yes_inside ? yes : no] == behind;
}

static void rotate_loop(Compile *c, u32 place) {
  u32 *layout = emitter(c)->layout.data;
  u32 head = layout[place], end = loop_end(c, place);
  if (end == place || !tests_at_head(c, head, layout[place + 1])) return;
  const Block *last = block_at(c, layout[end]);
  if (last->term != TERM_JUMP || edge_at(c, last->edges)->to != head) return;
  memmove(layout + place, layout + place + 1, (end - place) * sizeof *layout);
  layout[end] = head;
}

/* Inner loops before outer ones. */
static void rotate_loops(Compile *c) {
  Emitter *e = emitter(c);
  for (u32 i = e->layout.len; i-- > 1;) {
    u32 b = e->layout.data[i];
    if (block_at(c, b)->is_loop && loop_depth(c, b) <= MAX_ROTATED_DEPTH) rotate_loop(c, i);
  }
}

static void lay_out(Compile *c) {
  Emitter *e = emitter(c);
  jit_reserve(c, &e->layout, c->order.len);
  for (u32 i = 0; i < c->order.len; i++) {
    u32 b = c->order.data[i];
    if (i == 0 || e->targets.data[b] == b) e->layout.data[e->layout.len++] = b;
  }
  rotate_loops(c);
}

/* ---- alignment ---- */

void wm_x64_nops(u8 *to, u32 bytes) {
  static const u8 nops[9][9] = {
      {0x90},
      {0x66, 0x90},
      {0x0F, 0x1F, 0x00},
      {0x0F, 0x1F, 0x40, 0},
      {0x0F, 0x1F, 0x44, 0, 0},
      {0x66, 0x0F, 0x1F, 0x44, 0, 0},
      {0x0F, 0x1F, 0x80, 0, 0, 0, 0},
      {0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0},
      {0x66, 0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0},
  };
  while (bytes) {
    u32 n = min_u32(bytes, 9);
    memcpy(to, nops[n - 1], n);
    to += n;
    bytes -= n;
  }
}

/* Whether the block at `place` is the first of an innermost loop. */
static bool begins_inner_loop(const Compile *c, u32 place) {
  const Emitter *e = emitter(c);
  u32 b = e->layout.data[place];
  const Block *bb = block_at(c, b);
  if (place == 0 || bb->loop == NONE || bb->is_cold) return false;
  if (in_loop(c, e->layout.data[place - 1], bb->loop)) return false;
  if (!bb->is_loop && e->labels.data[bb->loop].at != NONE) return false; /* the rest of it */
  for (u32 i = place + 1; i < e->layout.len; i++) {
    u32 next = e->layout.data[i];
    if (loop_depth(c, next) < bb->loop_depth) break;
    if (block_at(c, next)->is_loop && next != bb->loop) return false;
    if (block_at(c, next)->is_loop) break;
  }
  return true;
}

static void align_loop(Compile *c, u32 place) {
  if (!begins_inner_loop(c, place)) return;
  u32 at = x64_here(c), bytes = (0 - at) % LOOP_ALIGNMENT;
  *jit_push(c, &emitter(c)->paddings) = (Padding){at, bytes};
  jit_reserve(c, &c->code, bytes);
  if (bytes) wm_x64_nops(c->code.data + at, bytes);
  c->code.len += bytes;
}

/* ---- jumps ---- */

static void jump_always(Compile *c, u32 target) {
  Emitter *e = emitter(c);
  if (target == e->next) return;
  wm_x64_byte(c, 0xE9);
  *jit_push(c, &e->jumps) = (BlockJump){x64_here(c), target, JUMP, false};
  wm_x64_u32(c, 0);
}

static void jump_if(Compile *c, u32 condition, u32 target) {
  wm_x64_byte(c, 0x0F);
  wm_x64_byte(c, 0x80 | condition);
  *jit_push(c, &emitter(c)->jumps) = (BlockJump){x64_here(c), target, JUMP_IF, false};
  wm_x64_u32(c, 0);
}

static void emit_block(Compile *c, u32 b);

/* A short block that dispatches is worth a copy: what it is, for the jumping block. */
static bool is_dispatch(const Compile *c, u32 target) {
  const Emitter *e = emitter(c);
  const Block *t = block_at(c, target);
  return t->term == TERM_SWITCH && t->lir_end - t->lir_start <= MAX_DISPATCH && !e->in_copy &&
         !block_at(c, e->block)->is_cold;
}

static void emit_copy(Compile *c, u32 target) {
  Emitter *e = emitter(c);
  u32 block = e->block, next = e->next;
  e->in_copy = true;
  e->next = NONE;
  emit_block(c, target);
  e->in_copy = false;
  e->block = block;
  e->next = next;
}

void wm_x64_jump(Compile *c, u32 block) {
  u32 target = emitter(c)->targets.data[block];
  if (target != emitter(c)->next && is_dispatch(c, target))
    emit_copy(c, target);
  else
    jump_always(c, target);
}

/* Equal is when ZF is set and PF is not. */
static void branch_equal(Compile *c, u32 equal, u32 other) {
  jump_if(c, CC_NE, other);
  jump_if(c, CC_P, other);
  jump_always(c, equal);
}

void wm_x64_branch(Compile *c, u32 condition, bool parity, bool negated) {
  const Emitter *e = emitter(c);
  u32 edges = block_at(c, e->block)->edges;
  u32 yes = e->targets.data[edge_at(c, edges + negated)->to];
  u32 no = e->targets.data[edge_at(c, edges + !negated)->to];
  if (yes == no) {
    jump_always(c, yes);
  } else if (parity && condition == CC_E) {
    branch_equal(c, yes, no);
  } else if (parity && condition == CC_NE) {
    branch_equal(c, no, yes);
  } else if (yes == e->next) {
    jump_if(c, condition ^ 1, no);
  } else {
    jump_if(c, condition, yes);
    jump_always(c, no);
  }
}

/* ---- switches ---- */

static u32 table_of(Compile *c, u32 block) {
  Emitter *e = emitter(c);
  u32 *known = &e->block_table.data[block];
  if (*known == NONE) {
    *known = e->tables.len;
    *jit_push(c, &e->tables) = (JumpTable){block, 0};
  }
  return *known;
}

/* r11 = address of the table. */
static void load_table(Compile *c, u32 table) {
  static const u8 lea_r11_rip[] = {0x4C, 0x8D, 0x1D};
  for (u32 i = 0; i < sizeof lea_r11_rip; i++) wm_x64_byte(c, lea_r11_rip[i]);
  *jit_push(c, &emitter(c)->table_refs) = (Reference){x64_here(c), 4, table};
  wm_x64_u32(c, 0);
}

/* The distance takes a second register: d, or r14, which can be had again from the instance. */
static void jump_by_table(Compile *c, const Lir *x, u32 table) {
  Loc distance = x->d == NONE ? R14 : x->d;
  load_table(c, table);
  wm_x64_op(c, 8, 0x63, distance, rm_mem(R11, (int)x->a, 2, 0), false, 0);
  wm_x64_op(c, 8, 0x03, R11, rm_reg(distance), false, 0);
  if (x->d == NONE)
    wm_x64_op(c, 8, 0x8B, R14, rm_mem(R15, -1, 0, (i32)offsetof(Instance, memory0_base)), false, 0);
  wm_x64_op(c, 4, 0xFF, 4, rm_reg(R11), false, 0);
  wm_x64_byte(c, 0xCC); /* nothing to run ahead into */
}

void wm_x64_switch(Compile *c, const Lir *x) {
  const Emitter *e = emitter(c);
  const Block *b = block_at(c, e->block);
  const u32 *list = list_at(c, b->table);
  u32 count = list[0] - 1;
  u32 otherwise = e->targets.data[edge_at(c, b->edges + list[1 + count])->to];
  if (count == 0) {
    jump_always(c, otherwise);
    return;
  }
  wm_x64_alu_imm(c, 4, ALU_CMP, rm_reg(x->a), (i32)count);
  jump_if(c, CC_AE, otherwise);
  jump_by_table(c, x, table_of(c, e->block));
}

/* ---- blocks ---- */

static bool is_vector_operation(const Lir *x) {
  if (x->op == LIR_LOAD || x->op == LIR_STORE) return x->kind >= OP_v128_load;
  return x->op == LIR_VCONST || (x->op >= LIR_VBINARY && x->op <= LIR_VTEST);
}

/* A spilled value also goes to its slot. */
static void emit_instruction(Compile *c, const Lir *x) {
  bool done = is_vector_operation(x) ? wm_x64_emit_vector(c, x)
                                     : wm_x64_emit_control(c, x) || wm_x64_emit_float(c, x);
  if (!done) wm_x64_emit_integer(c, x);
  if (x->spill != NONE && x->d != NONE && !(x->d & LOC_SLOT))
    wm_x64_move(c, &(Move){.from = x->d, .to = LOC_SLOT | x->spill, .type = x->type});
}

static void make_range(Compile *c, MoveRange r) {
  if (r.start < r.end) wm_x64_parallel(c, c->block_moves.data + r.start, r.end - r.start);
}

/* Makes the moves that stand before instruction `at`, from `cursor` on; returns where the next ones
 * begin. */
static u32 moves_before(Compile *c, u32 at, u32 cursor) {
  Emitter *e = emitter(c);
  e->moves.len = 0;
  for (; cursor < c->moves.len && c->moves.data[cursor].at == at; cursor++)
    *jit_push(c, &e->moves) = c->moves.data[cursor].move;
  wm_x64_parallel(c, e->moves.data, e->moves.len);
  return cursor;
}

static void emit_block(Compile *c, u32 b) {
  Emitter *e = emitter(c);
  const Block *bb = block_at(c, b);
  e->block = b;
  e->flags.at = NONE; /* others may come here */
  e->stack_base = 0;
  make_range(c, c->begin_moves.data[b]);
  u32 cursor = first_move(c, bb->lir_start);
  for (u32 i = bb->lir_start; i < bb->lir_end; i++) {
    cursor = moves_before(c, i, cursor);
    if (i + 1 == bb->lir_end) make_range(c, c->end_moves.data[b]);
    emit_instruction(c, &c->lir.data[i]);
  }
}

static void emit_blocks(Compile *c) {
  Emitter *e = emitter(c);
  for (u32 i = 0; i < e->layout.len; i++) {
    u32 b = e->layout.data[i];
    e->next = i + 1 < e->layout.len ? e->layout.data[i + 1] : NONE;
    align_loop(c, i);
    e->labels.data[b] = (Label){x64_here(c), e->jumps.len, e->paddings.len};
    emit_block(c, b);
  }
}

/* ---- the frame ---- */

/* Stack slots of this function's arguments; an on-stack replacement has one, in a register. */
static u32 count_arg_slots(const Compile *c) {
  ArgCursor cursor = {0};
  if (c->osr_offset) return 0;
  const SubType *type = module_func_type(c->module, c->func_index);
  for (u32 i = 0; i < type->param_count; i++)
    wm_x64_next_arg(&cursor, (u8)wm_jit_type(type->params[i]));
  return cursor.stack_slots;
}

static void plan_frame(Compile *c) {
  static const u8 callee_saved[] = {RBX, RBP, R12, R13};
  Emitter *e = emitter(c);
  e->saved_count = 0;
  c->saved_regs = (u32)(c->used_regs & CALLEE_SAVED);
  for (u32 i = 0; i < ARRAY_LEN(callee_saved); i++)
    if (c->saved_regs >> callee_saved[i] & 1) e->saved[e->saved_count++] = callee_saved[i];
  u32 slots = c->outgoing_slots + c->spill_slots;
  if (c->has_calls && (slots + e->saved_count) % 2 == 0) slots++; /* and the return address */
  e->area_bytes = 8 * slots;
  c->frame_bytes = e->area_bytes + 8 * e->saved_count;
  e->arg_slots = count_arg_slots(c);
}

static void push_or_pop(Compile *c, u32 opcode, u32 reg) {
  if (reg >= R8) wm_x64_byte(c, 0x41);
  wm_x64_byte(c, opcode | (reg & 7));
}

static Rm at_offset(Loc base, size_t offset) { return rm_mem((int)base, -1, 0, (i32)offset); }

/* A large frame is checked before rsp moves, so that no page below the limit is touched: against
 * the store's own limit, which interrupts leave alone. */
static void check_large_frame(Compile *c) {
  wm_x64_op(c, 8, 0x8B, R11, at_offset(R15, offsetof(Instance, store)), false, 0);
  wm_x64_op(c, 8, 0x8B, R11, at_offset(R11, offsetof(Store, native.limit)), false, 0);
  wm_x64_alu_imm(c, 8, ALU_ADD, rm_reg(R11), (i32)c->frame_bytes);
  wm_x64_op(c, 8, 0x3B, RSP, rm_reg(R11), false, 0);
  wm_x64_cold_if(c, CC_B, (Cold){.kind = COLD_NO_STACK});
}

static void check_stack(Compile *c) {
  wm_x64_op(c, 8, 0x3B, RSP, at_offset(R15, offsetof(Instance, stack_limit)), false, 0);
  wm_x64_cold_if(c, CC_B, (Cold){.kind = COLD_POLL, .code = TRAP_STACK_OVERFLOW});
}

static void emit_prologue(Compile *c) {
  const Emitter *e = emitter(c);
  if (c->frame_bytes > LARGE_FRAME_BYTES) check_large_frame(c);
  for (u32 i = 0; i < e->saved_count; i++) push_or_pop(c, 0x50, e->saved[i]);
  if (e->area_bytes) wm_x64_alu_imm(c, 8, ALU_SUB, rm_reg(RSP), (i32)e->area_bytes);
  if (c->has_calls || c->frame_bytes > SMALL_LEAF_BYTES) check_stack(c);
}

void wm_x64_epilogue(Compile *c) {
  const Emitter *e = emitter(c);
  if (e->area_bytes) wm_x64_alu_imm(c, 8, ALU_ADD, rm_reg(RSP), (i32)e->area_bytes);
  for (u32 i = e->saved_count; i-- > 0;) push_or_pop(c, 0x58, e->saved[i]);
  wm_x64_byte(c, 0xC3);
}

void wm_x64_emit(Compile *c) {
  wm_x64_begin(c);
  thread_jumps(c);
  lay_out(c);
  plan_frame(c);
  emit_prologue(c);
  emit_blocks(c);
  wm_x64_relax(c);
  wm_x64_finish(c);
}
