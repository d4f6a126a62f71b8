/* Bytes from allocated LIR (compile.h): the frame, the blocks in order, the jumps between them.
 *
 *   x64_emit.c       layout, blocks          x64_emit_ops.c    integers, memory
 *   x64_jumps.c      jumps, switches         x64_emit_call.c   moves, calls, returns
 *   x64_frame.c      prologue, epilogue      x64_emit_float.c  scalar floats
 *   x64_relax.c      short jumps             x64_simd*.c       vectors
 *                                            x64_emit_atomic.c atomic accesses
 *   x64_cold.c       ways to cold code       x64_asm.c         encodings
 *   x64_finish.c     cold code, constants    x64_tables.c      what is noted on the way
 *
 * Code is laid out for straight runs. Blocks that only jump are left out (jump threading). A loop
 * that tests at its head and jumps back at its end is rotated: the head goes behind the last block,
 * so that a round has one jump. A short block that dispatches (a br_table at the head of a loop) is
 * copied to the jumps that lead to it, so that each has its own prediction. What a hint calls
 * unlikely goes behind everything else, and so does what only exceptions lead to. */
#include "jit/x64/x64_emit.h"
#include "jit/x64/x64_machine.h"

enum {
  MAX_ROTATED_HEAD = 12,  /* instructions */
  MAX_ROTATED_DEPTH = 16, /* of loops: each level moves its blocks once more */
  MAX_DISPATCH = 10,
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

enum { NOT_REACHED, ON_THE_MAIN_WAY, ASIDE }; /* Emitter.is_aside, while it is found out */

/* All ways on but the landing. */
static void reach(Compile *c, const Block *b) {
  u32 count = b->term == TERM_INVOKE ? 1 : b->edge_count;
  for (u32 i = b->edges; i < b->edges + count; i++) {
    u8 *to = &emitter(c)->is_aside.data[edge_at(c, i)->to];
    if (*to == NOT_REACHED) *to = ON_THE_MAIN_WAY;
  }
}

/* In order, a block comes behind all that lead to it, but for ways back. */
static void find_aside(Compile *c) {
  Emitter *e = emitter(c);
  jit_resize(c, &e->is_aside, c->blocks.len);
  memset(e->is_aside.data, NOT_REACHED, c->blocks.len);
  e->is_aside.data[c->order.data[0]] = ON_THE_MAIN_WAY;
  for (u32 i = 0; i < c->order.len; i++) {
    u8 *state = &e->is_aside.data[c->order.data[i]];
    if (*state == ON_THE_MAIN_WAY)
      reach(c, block_at(c, c->order.data[i]));
    else
      *state = ASIDE;
  }
}

static void add_blocks(Compile *c, bool last) {
  Emitter *e = emitter(c);
  for (u32 i = 0; i < c->order.len; i++) {
    u32 b = c->order.data[i];
    if ((block_at(c, b)->is_cold || e->is_aside.data[b] == ASIDE) != last) continue;
    if (i == 0 || e->targets.data[b] == b) e->layout.data[e->layout.len++] = b;
  }
}

/* Cold blocks, which may be of loops, and what exceptions lead to stand behind all others. */
static void lay_out(Compile *c) {
  jit_reserve(c, &emitter(c)->layout, c->order.len);
  find_aside(c);
  add_blocks(c, false);
  rotate_loops(c);
  add_blocks(c, true);
}

/* ---- alignment ---- */

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

/* ---- dispatch blocks ---- */

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

/* To what the block leads to in the end. */
static void jump_or_copy(Compile *c, u32 block) {
  u32 target = emitter(c)->targets.data[block];
  if (target != emitter(c)->next && is_dispatch(c, target))
    emit_copy(c, target);
  else
    wm_x64_jump(c, target);
}

/* ---- blocks ---- */

/* A spilled value also goes to its slot. */
static void emit_instruction(Compile *c, const Lir *x) {
  bool done = wm_x64_emit_vector(c, x) || wm_x64_emit_control(c, x) || wm_x64_emit_float(c, x);
  if (!done && x->op == LIR_JUMP)
    jump_or_copy(c, edge_at(c, block_at(c, emitter(c)->block)->edges)->to);
  else if (!done && !wm_x64_emit_atomic(c, x))
    wm_x64_emit_integer(c, x);
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

void wm_x64_emit(Compile *c) {
  wm_x64_begin(c);
  thread_jumps(c);
  lay_out(c);
  wm_x64_prologue(c);
  emit_blocks(c);
  wm_x64_relax(c);
  wm_x64_finish(c);
}
