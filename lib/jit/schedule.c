/* Scheduling: gives the nodes that the placement put into a block their order there, Compile.body.
 *
 * Effects keep theirs; the floating nodes come between them:
 *
 *   body:  [what effect 1 needs] effect 1 [what effect 2 needs] effect 2 ..
 *          [arguments of edges] [what other blocks need] [condition, what it alone needs]
 *
 * Where a call may leave the block for its landing, what other blocks need comes before the call.
 * Operands stand before their users. Each node gets the epoch of its place: how many effects stand
 * before it that loads must not pass, so that selection sees whether a load may move to its user.
 */
#include "jit/place.h"

static bool is_pending(const Compile *c, const Place *p, u32 n, u32 block) {
  return c->node_block.data[n] == block && !node_info(p, n)->done &&
         node_info(p, n)->kind != PLACE_FIXED;
}

static void append(Compile *c, const Place *p, u32 n, Epoch epoch) {
  node_info(p, n)->done = true;
  c->node_epoch.data[n] = epoch;
  *jit_push(c, &c->body) = n;
}

/* The next operand of n that has no place in the body yet, though it belongs to the block; or
 * NONE. */
static u32 next_operand(const Compile *c, const Place *p, u32 n, u32 block) {
  NodePlace *info = node_info(p, n);
  Node *x = node_at(c, n);
  u32 operands = wm_ir_operands(x);
  while (info->cursor < 3) {
    u32 k = info->cursor++;
    if (operands >> k & 1 && is_pending(c, p, *operand_at(x, k), block)) return *operand_at(x, k);
  }
  return NONE;
}

/* The node behind all that it needs, depth first. */
static void append_tree(Compile *c, Place *p, u32 n, u32 block, Epoch epoch) {
  if (!is_pending(c, p, n, block)) return;
  p->stack.len = 0;
  *jit_push(c, &p->stack) = n;
  while (p->stack.len) {
    u32 top = *vec_last(&p->stack), operand = next_operand(c, p, top, block);
    if (operand != NONE) {
      *jit_push(c, &p->stack) = operand;
    } else {
      append(c, p, top, epoch);
      p->stack.len--;
    }
  }
}

static void append_list(Compile *c, Place *p, u32 list, u32 block, Epoch epoch) {
  for (u32 i = list + 1; i <= list + c->pool.data[list]; i++)
    append_tree(c, p, c->pool.data[i], block, epoch);
}

static void append_effect(Compile *c, Place *p, u32 n, u32 block, Epoch epoch) {
  Node *x = node_at(c, n);
  u32 operands = wm_ir_operands(x);
  for (u32 k = 0; k < 3; k++)
    if (operands >> k & 1) append_tree(c, p, *operand_at(x, k), block, epoch);
  if (operands & 8) append_list(c, p, x->b, block, epoch);
  append(c, p, n, epoch);
}

static void append_edge(Compile *c, Place *p, u32 index, u32 block, Epoch epoch) {
  const Edge *e = edge_at(c, index);
  const Block *to = block_at(c, e->to);
  for (u32 i = 0; i < to->param_count; i++)
    if (c->node_live.data[to->params + i])
      append_tree(c, p, c->pool.data[e->args + 1 + i], block, epoch);
}

/* The condition, and what only it needs, comes last: a comparison right before its branch. */
static void note_late(Compile *c, Place *p, u32 condition, u32 block) {
  p->stack.len = 0;
  *jit_push(c, &p->stack) = condition;
  while (p->stack.len) {
    u32 n = p->stack.data[--p->stack.len];
    if (!is_pending(c, p, n, block)) continue;
    if (n != condition && c->node_uses.data[n] != 1) continue;
    node_info(p, n)->is_late = true;
    Node *x = node_at(c, n);
    u32 operands = wm_ir_operands(x);
    for (u32 k = 0; k < 3; k++)
      if (operands >> k & 1) *jit_push(c, &p->stack) = *operand_at(x, k);
  }
}

/* The call by which the block is left for its landing; effects_end: there is none. */
static u32 leaving_call(const Compile *c, const Block *b) {
  if (b->term != TERM_INVOKE) return b->effects_end;
  u32 i = b->effects_end;
  while (i > b->effects_start && !wm_ir_is_call(node_at(c, c->effects.data[i - 1]))) i--;
  return i - 1;
}

/* Whether what n needs is made before what comes next in the block. */
static bool is_ready(const Compile *c, const Place *p, u32 n, u32 block) {
  Node *x = node_at(c, n);
  u32 operands = wm_ir_operands(x);
  for (u32 k = 0; k < 3; k++) {
    if (!(operands >> k & 1)) continue;
    u32 operand = *operand_at(x, k);
    const NodePlace *info = node_info(p, operand);
    if (c->node_block.data[operand] != block || info->done || info->kind >= PLACE_NOWHERE) continue;
    u16 op = node_at(c, operand)->op;
    if (op != IR_PARAM && op != IR_ARG) return false;
  }
  return true;
}

/* The landing is one of the other blocks, and nothing behind the call is done for it. In the list
 * of a block's nodes operands come before their users. */
static void append_for_landing(Compile *c, Place *p, u32 block, Epoch epoch) {
  for (u32 n = block_info(p, block)->first_node; n != NONE; n = node_info(p, n)->next)
    if (is_pending(c, p, n, block) && is_ready(c, p, n, block)) append(c, p, n, epoch);
}

/* Between effects a value is made as late as one of them needs it; what other blocks need comes
 * behind them. */
static void fill_block(Compile *c, Place *p, u32 index) {
  Block *b = block_at(c, index);
  Epoch epoch = {{0}};
  u32 call = leaving_call(c, b);
  b->body_start = c->body.len;
  for (u32 i = b->effects_start; i < b->effects_end; i++) {
    u32 n = c->effects.data[i];
    if (!c->node_live.data[n]) continue;
    if (i == call) append_for_landing(c, p, index, epoch);
    append_effect(c, p, n, index, epoch);
    for (u32 alias = 0; alias < ALIAS_COUNT; alias++)
      epoch.of[alias] += wm_ir_bars(node_at(c, n), alias);
  }
  for (u32 i = 0; i < b->edge_count; i++) append_edge(c, p, b->edges + i, index, epoch);
  if (has_operand(b->term)) note_late(c, p, b->operand, index);
  for (u32 n = block_info(p, index)->first_node; n != NONE; n = node_info(p, n)->next)
    if (!node_info(p, n)->is_late) append_tree(c, p, n, index, epoch);
  if (has_operand(b->term)) append_tree(c, p, b->operand, index, epoch);
  b->body_end = c->body.len;
  b->end_epoch = epoch;
}

void wm_place_schedule(Compile *c, Place *p) {
  for (u32 i = 0; i < c->order.len; i++) fill_block(c, p, c->order.data[i]);
}
