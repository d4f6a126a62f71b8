/* Removes block parameters that always are the same other node: build makes one wherever ways meet
 * or a loop begins, though what it stands for may be the same on all ways. A parameter is merged
 * with the one value that its edges pass, itself aside:
 *
 *   b0: jump b1(v3, v5)                  b0: jump b1(.., v5)
 *   b1(v7, v8): ..  jump b1(v7, v9)  ->  b1(.., v8): ..  v3 instead of v7
 *
 * Merging one may leave another with one value: so several rounds, whose number is limited, as each
 * costs a look at all edges. What is left is correct, and only slower. */
#include "jit/place.h"

enum { MAX_ROUNDS = 4 };

static u32 find_same(const Place *p, u32 n) {
  NodePlace *info = p->nodes.data;
  while (info[n].same != n) n = info[n].same = info[info[n].same].same;
  return n;
}

/* The one value that is passed for a parameter, but for itself; NONE: there are several. */
static u32 only_argument(const Compile *c, const Place *p, const Block *b, u32 index) {
  u32 value = NONE;
  for (u32 i = 0; i < b->pred_count; i++) {
    const Edge *e = edge_at(c, c->preds.data[b->preds + i]);
    u32 arg = find_same(p, c->pool.data[e->args + 1 + index]);
    if (arg == value || arg == b->params + index) continue;
    if (value != NONE) return NONE;
    value = arg;
  }
  return value;
}

static bool merge_params(const Compile *c, const Place *p, const Block *b) {
  bool any = false;
  for (u32 i = 0; i < b->param_count; i++) {
    NodePlace *param = node_info(p, b->params + i);
    if (param->same != b->params + i) continue;
    u32 value = only_argument(c, p, b, i);
    if (value == NONE || value >= b->params + i) continue;
    param->same = value;
    any = true;
  }
  return any;
}

static void replace_list(const Compile *c, const Place *p, u32 list) {
  for (u32 i = 1; i <= c->pool.data[list]; i++)
    c->pool.data[list + i] = find_same(p, c->pool.data[list + i]);
}

static void replace_merged(const Compile *c, const Place *p) {
  for (u32 n = 1; n < c->nodes.len; n++) {
    Node *x = node_at(c, n);
    u32 operands = wm_ir_operands(x);
    if (operands & 1) x->a = find_same(p, x->a);
    if (operands & 2) x->b = find_same(p, x->b);
    if (operands & 4) x->c = find_same(p, x->c);
    if (operands & 8) replace_list(c, p, x->b);
  }
  for (u32 i = 0; i < c->order.len; i++) {
    Block *b = block_at(c, c->order.data[i]);
    if (has_operand(b->term)) b->operand = find_same(p, b->operand);
    if (b->term == TERM_RETURN) replace_list(c, p, b->table);
    for (u32 e = b->edges; e < b->edges + b->edge_count; e++)
      replace_list(c, p, edge_at(c, e)->args);
  }
}

/* Backward first: an inner loop's parameter goes before the outer one's that it is passed to. */
void wm_place_remove_params(const Compile *c, const Place *p) {
  bool any = false, again = true;
  for (u32 round = 0; again && round < MAX_ROUNDS; round++) {
    again = false;
    for (u32 i = 0; i < c->order.len; i++) {
      u32 at = round & 1 ? i : c->order.len - 1 - i;
      if (at) again |= merge_params(c, p, block_at(c, c->order.data[at]));
    }
    any |= again;
  }
  if (any) replace_merged(c, p);
}
