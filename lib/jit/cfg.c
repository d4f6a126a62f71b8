/* The control-flow graph: predecessors, critical edges, dominators, loops, order of the blocks.
 *
 * The graph is reducible, as that of all wasm is: an edge that goes back in a depth-first walk goes
 * to a block that dominates its source. So one pass in reverse postorder finds the dominators, and
 * a loop is what reaches its header's back edges without the header. All is linear, or nearly. */
#include "jit/place.h"

/* By the number among the block's predecessors. */
static u32 edge_source(const Compile *c, const Block *block, u32 pred) {
  return edge_at(c, c->preds.data[block->preds + pred])->from;
}

/* ---- edges ---- */

static void reach(Compile *c, Place *p, u32 b) {
  if (p->reached.data[b]) return;
  p->reached.data[b] = true;
  *jit_push(c, &p->stack) = b;
}

/* What nothing leads to is no part of the graph. */
static void find_reached(Compile *c, Place *p) {
  jit_resize(c, &p->reached, c->blocks.len);
  memset(p->reached.data, 0, c->blocks.len);
  p->stack.len = 0;
  reach(c, p, 0);
  while (p->stack.len) {
    const Block *b = block_at(c, p->stack.data[--p->stack.len]);
    for (u32 i = 0; i < b->edge_count; i++) reach(c, p, edge_at(c, b->edges + i)->to);
  }
}

/* ---- ways that are known ---- */

/* A copy: the placement changes each list on its own. */
static u32 copy_list(Compile *c, u32 list) {
  u32 count = c->pool.data[list], copy = c->pool.len;
  if (!list) return 0;
  jit_reserve(c, &c->pool, (u64)count + 1);
  memcpy(c->pool.data + copy, c->pool.data + list, (count + 1) * sizeof(u32));
  c->pool.len += count + 1;
  return copy;
}

/* The edge brings a constant to a block that asks for it: it goes on where that leads. */
static bool pass_question(Compile *c, u32 edge) {
  const Edge *e = edge_at(c, edge);
  const Block *to = block_at(c, e->to);
  if (!to->asks_param || !is_const(c, c->pool.data[e->args + 1])) return false;
  bool is_zero = !const_bits(c, c->pool.data[e->args + 1]);
  bool asks_zero = node_at(c, to->operand)->op != IR_PARAM;
  Edge on = *edge_at(c, to->edges + (is_zero != asks_zero));
  on.args = copy_list(c, on.args);
  *edge_at(c, edge) = (Edge){e->from, on.to, on.args};
  return true;
}

static void pass_questions(Compile *c) {
  enum { MOST = 8 };
  for (u32 e = 0; e < c->edges.len; e++)
    for (u32 i = 0; i < MOST && pass_question(c, e); i++) continue;
}

static bool is_real(const Compile *c, const Place *p, u32 edge) {
  u32 from = edge_at(c, edge)->from;
  return from >= p->reached.len || p->reached.data[from]; /* blocks behind are split edges' */
}

static void count_preds(const Compile *c, const Place *p) {
  for (u32 b = 0; b < c->blocks.len; b++) block_at(c, b)->pred_count = 0;
  for (u32 e = 0; e < c->edges.len; e++)
    if (is_real(c, p, e)) block_at(c, edge_at(c, e)->to)->pred_count++;
}

/* The arguments go to the edge that leaves the new block. */
static void split_edge(Compile *c, u32 edge) {
  u32 middle = c->blocks.len, out = c->edges.len;
  Edge e = *edge_at(c, edge);
  bool is_cold = block_at(c, e.from)->is_cold || block_at(c, e.to)->is_cold;
  *jit_push(c, &c->edges) = (Edge){middle, e.to, e.args};
  *jit_push(c, &c->blocks) =
      (Block){.term = TERM_JUMP, .is_cold = is_cold, .edges = out, .edge_count = 1};
  *edge_at(c, edge) = (Edge){e.from, middle, 0};
}

/* An edge from a block with several to a block with several has no place for its moves. */
static void split_critical_edges(Compile *c, const Place *p) {
  for (u32 b = 0; b < p->reached.len; b++) {
    u32 first = block_at(c, b)->edges, count = block_at(c, b)->edge_count;
    if (!p->reached.data[b] || count < 2) continue;
    for (u32 e = first; e < first + count; e++) {
      u32 to = edge_at(c, e)->to;
      if (block_at(c, to)->pred_count > 1 || to == 0) split_edge(c, e);
    }
  }
}

/* Counted first, so that they lie in one array. */
static void list_preds(Compile *c, const Place *p) {
  count_preds(c, p);
  u32 total = 0;
  for (u32 b = 0; b < c->blocks.len; b++) {
    block_at(c, b)->preds = total;
    total += block_at(c, b)->pred_count;
    block_at(c, b)->pred_count = 0;
  }
  jit_resize(c, &c->preds, total);
  for (u32 e = 0; e < c->edges.len; e++) {
    Block *to = block_at(c, edge_at(c, e)->to);
    if (is_real(c, p, e)) c->preds.data[to->preds + to->pred_count++] = e;
  }
}

/* ---- reverse postorder ---- */

static void note_target(const Compile *c, const Place *p, u32 b) {
  const Block *block = block_at(c, b);
  for (u32 i = 0; i < block->pred_count; i++) {
    u32 from = edge_source(c, block, i);
    p->succs.data[block_at(c, from)->edges + p->blocks.data[from].succs++] = b;
  }
}

/* Successors by number, the highest first, so that the order comes close to the source's. A split
 * edge's block counts as right behind the edge's source. */
static void sort_successors(Compile *c, Place *p) {
  jit_resize(c, &p->succs, c->edges.len);
  u32 split = c->blocks.len;
  for (u32 b = p->reached.len; b-- > 0;) {
    while (split > p->reached.len && edge_source(c, block_at(c, split - 1), 0) == b)
      note_target(c, p, --split);
    note_target(c, p, b);
  }
}

static void init_blocks(Compile *c, Place *p) {
  jit_resize(c, &p->blocks, c->blocks.len);
  for (u32 b = 0; b < c->blocks.len; b++) {
    Block *block = block_at(c, b);
    block->loop = block->outer_loop = NONE;
    block->idom = NONE;
    block->is_loop = false;
    block->loop_depth = block->dom_depth = 0;
    p->blocks.data[b] = (BlockPlace){.rpo = NONE,
                                     .merged = b,
                                     .first_item = NONE,
                                     .last_item = NONE,
                                     .next_item = NONE,
                                     .first_node = NONE};
  }
}

static void enter_block(Compile *c, Place *p, u32 b) {
  p->blocks.data[b].rpo = 0;
  *jit_push(c, &p->stack) = b;
}

/* Leaves the reached blocks in c->order. */
static void number_blocks(Compile *c, Place *p) {
  jit_resize(c, &c->order, c->blocks.len);
  p->stack.len = 0;
  enter_block(c, p, 0);
  u32 at = c->blocks.len;
  while (p->stack.len) {
    u32 b = *vec_last(&p->stack);
    BlockPlace *info = &p->blocks.data[b];
    if (info->cursor < info->succs) {
      u32 to = p->succs.data[block_at(c, b)->edges + info->cursor++];
      if (p->blocks.data[to].rpo == NONE) enter_block(c, p, to);
    } else {
      c->order.data[--at] = b;
      p->stack.len--;
    }
  }
  c->order.len -= at;
  memmove(c->order.data, c->order.data + at, c->order.len * sizeof *c->order.data);
  for (u32 i = 0; i < c->order.len; i++) p->blocks.data[c->order.data[i]].rpo = i;
}

/* ---- dominators ---- */

/* Each block has two ways up: its dominator, and a jump whose length depends on the depth alone and
 * doubles in the manner of binary numbers (Myers 1983). */
static void set_dominator(const Compile *c, const Place *p, u32 b, u32 idom) {
  const Block *up = block_at(c, idom);
  u32 jump = p->blocks.data[idom].jump, jump2 = p->blocks.data[jump].jump;
  u32 length = up->dom_depth - block_at(c, jump)->dom_depth;
  u32 length2 = block_at(c, jump)->dom_depth - block_at(c, jump2)->dom_depth;
  block_at(c, b)->idom = idom;
  block_at(c, b)->dom_depth = up->dom_depth + 1;
  p->blocks.data[b].jump = length == length2 ? jump2 : idom;
}

/* Up to one depth by jumps, then up together until the ways meet: the logarithm of the depth. */
u32 wm_cfg_meet(const Compile *c, const Place *p, u32 a, u32 b) {
  if (block_at(c, a)->dom_depth < block_at(c, b)->dom_depth) {
    u32 other = a;
    a = b;
    b = other;
  }
  u32 depth = block_at(c, b)->dom_depth;
  while (block_at(c, a)->dom_depth > depth) {
    u32 jump = p->blocks.data[a].jump;
    a = block_at(c, jump)->dom_depth >= depth ? jump : block_at(c, a)->idom;
  }
  while (a != b) {
    u32 jump_a = p->blocks.data[a].jump, jump_b = p->blocks.data[b].jump;
    a = jump_a != jump_b ? jump_a : block_at(c, a)->idom;
    b = jump_a != jump_b ? jump_b : block_at(c, b)->idom;
  }
  return a;
}

static void find_dominators(const Compile *c, const Place *p) {
  block_at(c, 0)->idom = p->blocks.data[0].jump = 0;
  for (u32 i = 1; i < c->order.len; i++) {
    u32 b = c->order.data[i], idom = NONE;
    const Block *block = block_at(c, b);
    for (u32 k = 0; k < block->pred_count; k++) {
      u32 from = edge_source(c, block, k);
      if (p->blocks.data[from].rpo < i) idom = idom == NONE ? from : wm_cfg_meet(c, p, idom, from);
    }
    set_dominator(c, p, b, idom);
  }
}

/* First the sizes of the subtrees (in `end`), then each child gets its part of the parent's
 * numbers. */
static void number_dominators(const Compile *c, const Place *p) {
  BlockPlace *info = p->blocks.data;
  for (u32 i = c->order.len; i-- > 0;) {
    u32 b = c->order.data[i];
    info[b].end++;
    if (i) info[block_at(c, b)->idom].end += info[b].end;
  }
  for (u32 i = 0; i < c->order.len; i++) {
    u32 b = c->order.data[i];
    BlockPlace *up = &info[block_at(c, b)->idom];
    info[b].pre = i ? up->cursor : 0;
    if (i) up->cursor += info[b].end;
    info[b].cursor = info[b].pre + 1;
    info[b].end += info[b].pre;
  }
}

/* ---- loops ---- */

/* With the way halved as it is gone (union-find). */
static u32 outermost(const Place *p, u32 b) {
  BlockPlace *info = p->blocks.data;
  while (info[b].merged != b) b = info[b].merged = info[info[b].merged].merged;
  return b;
}

static void push_preds(Compile *c, Place *p, u32 b, bool back) {
  const Block *block = block_at(c, b);
  for (u32 i = 0; i < block->pred_count; i++) {
    u32 from = edge_source(c, block, i);
    if ((p->blocks.data[from].rpo >= p->blocks.data[b].rpo) != back) continue;
    assert(!back || dominates(p, b, from));
    *jit_push(c, &p->stack) = from;
  }
}

/* Inner loops were found before and count as one block. */
static void find_loop(Compile *c, Place *p, u32 header) {
  p->stack.len = 0;
  push_preds(c, p, header, true);
  if (!p->stack.len) return;
  block_at(c, header)->is_loop = true;
  block_at(c, header)->loop = header;
  while (p->stack.len) {
    u32 b = outermost(p, p->stack.data[--p->stack.len]);
    if (b == header) continue;
    p->blocks.data[b].merged = header;
    if (block_at(c, b)->is_loop)
      block_at(c, b)->outer_loop = header;
    else
      block_at(c, b)->loop = header;
    push_preds(c, p, b, false);
  }
}

/* The loop that is around a block; around the whole loop for a header. */
static u32 loop_around(const Block *b) { return b->is_loop ? b->outer_loop : b->loop; }

static void find_loops(Compile *c, Place *p) {
  for (u32 i = c->order.len; i-- > 0;) find_loop(c, p, c->order.data[i]);
  for (u32 i = 0; i < c->order.len; i++) {
    Block *b = block_at(c, c->order.data[i]);
    u32 around = loop_around(b);
    b->loop_depth = (around == NONE ? 0 : block_at(c, around)->loop_depth) + b->is_loop;
  }
}

/* ---- order ---- */

static bool ends_cold(const Compile *c, const Place *p, u32 b) {
  const Block *block = block_at(c, b);
  if (block->term == TERM_TRAP) return true;
  for (u32 i = 0; i < block->edge_count; i++)
    if (!p->blocks.data[edge_at(c, block->edges + i)->to].ends_cold) return false;
  return block->edge_count > 0;
}

/* Where a hint says that hardly anybody goes. Critical edges are split: the block is nobody else's.
 */
static void mark_unlikely(const Compile *c) {
  for (u32 i = 0; i < c->order.len; i++) {
    const Block *b = block_at(c, c->order.data[i]);
    if (!b->unlikely) continue;
    Block *to = block_at(c, edge_at(c, b->edges + b->unlikely - 1)->to);
    to->is_cold |= to->pred_count == 1;
  }
}

/* What leads to traps only, what is unlikely, and what cold blocks dominate, is cold. */
static void find_cold(const Compile *c, const Place *p) {
  mark_unlikely(c);
  for (u32 i = c->order.len; i-- > 1;) {
    u32 b = c->order.data[i];
    if (!ends_cold(c, p, b)) continue;
    p->blocks.data[b].ends_cold = true;
    block_at(c, b)->is_cold = true;
  }
  for (u32 i = 1; i < c->order.len; i++) {
    Block *b = block_at(c, c->order.data[i]);
    b->is_cold |= block_at(c, b->idom)->is_cold;
  }
}

/* Lists what is directly in each loop, an inner loop as its header. What is in none begins with the
 * entry. */
static void list_items(const Compile *c, const Place *p) {
  u32 last = NONE;
  for (u32 i = 0; i < c->order.len; i++) {
    u32 b = c->order.data[i], around = loop_around(block_at(c, b));
    u32 *tail = around == NONE ? &last : &p->blocks.data[around].last_item;
    if (*tail != NONE)
      p->blocks.data[*tail].next_item = b;
    else if (around != NONE)
      p->blocks.data[around].first_item = b;
    *tail = b;
  }
}

/* The item behind `b` and all that is in it. */
static u32 item_behind(const Compile *c, const Place *p, u32 b) {
  while (b != NONE && p->blocks.data[b].next_item == NONE) b = loop_around(block_at(c, b));
  return b == NONE ? NONE : p->blocks.data[b].next_item;
}

/* Loops become contiguous: what left them goes behind, and what ends in traps to the very end
 * (blocks in loops never do). Edges but those back to headers still go forward. */
static void lay_out(Compile *c, Place *p) {
  u32 count = 0, b = 0;
  p->stack.len = 0;
  list_items(c, p);
  while (b != NONE) {
    if (p->blocks.data[b].ends_cold)
      *jit_push(c, &p->stack) = b;
    else
      c->order.data[count++] = b;
    b = p->blocks.data[b].first_item != NONE ? p->blocks.data[b].first_item : item_behind(c, p, b);
  }
  for (u32 i = 0; i < p->stack.len; i++) c->order.data[count++] = p->stack.data[i];
}

void wm_cfg_analyze(Compile *c, Place *p) {
  pass_questions(c);
  find_reached(c, p);
  count_preds(c, p);
  split_critical_edges(c, p);
  list_preds(c, p);
  init_blocks(c, p);
  sort_successors(c, p);
  number_blocks(c, p);
  find_dominators(c, p);
  number_dominators(c, p);
  find_loops(c, p);
  find_cold(c, p);
  lay_out(c, p);
}
