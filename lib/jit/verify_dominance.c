/* Checks that each value is there before it is used: its definition dominates its uses (verify.h).
 *
 * The dominators are found anew, by a way of their own: cfg.c's are among what is checked. */
#include "jit/verify.h"

enum { LOST = 0xFFFFFFFEu }; /* Def.block of what has no place */
static const Def anywhere = {NONE, 0};

/* ---- dominators ---- */

static void visit(Verify *v, u32 block) {
  v->tree.data[block].rpo = 0;
  *jit_push(v->c, &v->walk) = (Walk){block, 0};
}

/* Depth first from the entry; the order is made back to front. */
void wm_verify_number_blocks(Verify *v) {
  jit_resize(v->c, &v->tree, v->c->blocks.len);
  for (u32 i = 0; i < v->tree.len; i++) v->tree.data[i] = (BlockTree){NONE, 0, 0, 0};
  v->order.len = v->walk.len = 0;
  visit(v, 0);
  while (v->walk.len) {
    Walk *top = vec_last(&v->walk);
    if (top->next_edge < block_at(v->c, top->block)->edge_count) {
      u32 to = target(v, top->block, top->next_edge++);
      if (v->tree.data[to].rpo == NONE) visit(v, to);
    } else {
      *jit_push(v->c, &v->order) = top->block;
      v->walk.len--;
    }
  }
  for (u32 i = 0, j = v->order.len; i < j--; i++) {
    u32 block = v->order.data[i];
    v->order.data[i] = v->order.data[j];
    v->order.data[j] = block;
  }
  for (u32 i = 0; i < v->order.len; i++) v->tree.data[v->order.data[i]].rpo = i;
}

static void find_preds(Verify *v) {
  jit_resize(v->c, &v->pred_starts, v->order.len + 1);
  memset(v->pred_starts.data, 0, v->pred_starts.len * sizeof(u32));
  u32 *starts = v->pred_starts.data, count = 0;
  for (u32 i = 0; i < v->order.len; i++)
    for (u32 e = 0; e < block_at(v->c, v->order.data[i])->edge_count; e++, count++)
      starts[v->tree.data[target(v, v->order.data[i], e)].rpo]++;
  for (u32 i = 1; i <= v->order.len; i++) starts[i] += starts[i - 1];
  jit_resize(v->c, &v->preds, count);
  for (u32 i = 0; i < v->order.len; i++)
    for (u32 e = 0; e < block_at(v->c, v->order.data[i])->edge_count; e++)
      v->preds.data[--starts[v->tree.data[target(v, v->order.data[i], e)].rpo]] = v->order.data[i];
}

/* The dominator of `block` at a depth that is not below its own. */
static u32 climb(const Verify *v, u32 block, u32 depth) {
  const BlockTree *tree = v->tree.data;
  while (tree[block].depth > depth)
    block = tree[tree[block].jump].depth >= depth ? tree[block].jump : tree[block].idom;
  return block;
}

static bool dominates(const Verify *v, u32 a, u32 b) {
  const BlockTree *tree = v->tree.data;
  return tree[a].rpo != NONE && tree[a].depth <= tree[b].depth && climb(v, b, tree[a].depth) == a;
}

static u32 meet(const Verify *v, u32 a, u32 b) {
  const BlockTree *tree = v->tree.data;
  a = climb(v, a, tree[b].depth);
  b = climb(v, b, tree[a].depth);
  while (a != b) {
    bool far = tree[a].jump != tree[b].jump;
    a = far ? tree[a].jump : tree[a].idom;
    b = far ? tree[b].jump : tree[b].idom;
  }
  return a;
}

/* Jumps span whole powers of two minus one, as in a skew-binary list. */
static void set_idom(const Verify *v, u32 block, u32 idom) {
  BlockTree *tree = v->tree.data, *up = &tree[idom], *far = &tree[up->jump];
  tree[block].idom = idom;
  tree[block].depth = up->depth + 1;
  bool equal = up->depth - far->depth == far->depth - tree[far->jump].depth;
  tree[block].jump = equal ? far->jump : idom;
}

/* In reverse postorder all forward predecessors have their dominators; edges back come from blocks
 * that the target dominates, as wasm's control flow is reducible. */
static bool find_dominators(Verify *v) {
  for (u32 i = 1; i < v->order.len; i++) {
    u32 idom = NONE;
    for (u32 p = v->pred_starts.data[i]; p < v->pred_starts.data[i + 1]; p++) {
      u32 pred = v->preds.data[p];
      if (v->tree.data[pred].rpo < i) idom = idom == NONE ? pred : meet(v, idom, pred);
    }
    set_idom(v, v->order.data[i], idom);
  }
  for (u32 i = 0; i < v->order.len; i++)
    for (u32 p = v->pred_starts.data[i]; p < v->pred_starts.data[i + 1]; p++)
      if (v->tree.data[v->preds.data[p]].rpo >= i &&
          !dominates(v, v->order.data[i], v->preds.data[p]))
        return wm_jit_trouble(v->c, "b%u: a way into the loop's middle", v->order.data[i]);
  return true;
}

/* ---- values are there before their uses ---- */

/* A use at a position of a block that can be reached. */
static bool check_use(const Verify *v, u32 operand, u32 block, u32 position) {
  Def d = v->defs.data[operand];
  if (d.block == LOST) return wm_jit_trouble(v->c, "v%u is used but has no place", operand);
  if (d.block == NONE || (d.block == block ? d.position < position : dominates(v, d.block, block)))
    return true;
  return wm_jit_trouble(v->c, "v%u (of b%u) is not there where b%u uses it", operand, d.block,
                        block);
}

static bool check_list_use(const Verify *v, u32 list, u32 block, u32 position) {
  for (u32 i = 1; i <= v->c->pool.data[list]; i++)
    if (!check_use(v, v->c->pool.data[list + i], block, position)) return false;
  return true;
}

static bool check_uses_of(const Verify *v, u32 n, u32 block, u32 position) {
  const Node *x = node_at(v->c, n);
  u32 operands = wm_ir_operands(x);
  return (!(operands & 1) || check_use(v, x->a, block, position)) &&
         (!(operands & 2) || check_use(v, x->b, block, position)) &&
         (!(operands & 4) || check_use(v, x->c, block, position)) &&
         (!(operands & 8) || check_list_use(v, x->b, block, position));
}

/* After the placement nobody computes the arguments of dead parameters. */
static bool check_edge_uses(const Verify *v, u32 index, u32 block) {
  const Edge *e = edge_at(v->c, index);
  for (u32 i = 0; i < block_at(v->c, e->to)->param_count; i++) {
    u32 param = block_at(v->c, e->to)->params + i;
    if (v->placed && v->c->node_live.data[param] == LIVE_NO) continue;
    if (!check_use(v, v->c->pool.data[e->args + 1 + i], block, NONE)) return false;
  }
  return true;
}

static bool check_end_uses(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  bool takes_value = b->term == TERM_BRANCH || b->term == TERM_SWITCH;
  if (takes_value && !check_use(v, b->operand, block, NONE)) return false;
  if (b->term == TERM_RETURN && !check_list_use(v, b->table, block, NONE)) return false;
  for (u32 i = 0; i < b->edge_count; i++)
    if (!check_edge_uses(v, b->edges + i, block)) return false;
  return true;
}

/* The later of two places; `ok` becomes false when there is no block behind both. */
static Def later(const Verify *v, Def x, Def y, bool *ok) {
  if (x.block == NONE) return y;
  if (y.block == NONE) return x;
  if (x.block == y.block) return x.position > y.position ? x : y;
  if (dominates(v, x.block, y.block)) return y;
  *ok &= dominates(v, y.block, x.block);
  return x;
}

/* Where a floating node can be at the earliest; its operands come before it. Of blocks that cannot
 * be reached nothing is known. */
static bool find_floating(const Verify *v, u32 n) {
  const Node *x = node_at(v->c, n);
  u32 operands = wm_ir_operands(x);
  const u32 fields[] = {x->a, x->b, x->c};
  Def d = anywhere;
  bool ok = true, reached = true;
  for (u32 i = 0; i < 3; i++) {
    if (!(operands >> i & 1)) continue;
    Def operand = v->defs.data[fields[i]];
    reached &= operand.block == NONE || v->tree.data[operand.block].rpo != NONE;
    if (reached)
      d = later(v, d, operand, &ok);
    else
      d = operand;
    if (!reached) break;
  }
  v->defs.data[n] = d;
  return ok || wm_jit_trouble(v->c, "v%u: no block has all its operands", n);
}

static bool check_floating(Verify *v) {
  for (u32 n = 1; n < v->c->nodes.len; n++) {
    const Node *x = node_at(v->c, n);
    if (x->op == IR_NOP || x->op == IR_ARG || x->op == IR_PARAM || wm_ir_is_effect(x)) continue;
    if (!find_floating(v, n)) return false;
  }
  return true;
}

static bool check_effect_uses(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  for (u32 i = b->effects_start; i < b->effects_end; i++)
    if (!check_uses_of(v, v->c->effects.data[i], block, i + 1)) return false;
  return true;
}

static bool check_order(Verify *v) {
  if (!check_floating(v)) return false;
  for (u32 i = 0; i < v->order.len; i++)
    if (!check_effect_uses(v, v->order.data[i]) || !check_end_uses(v, v->order.data[i]))
      return false;
  return true;
}

/* ---- after the placement ---- */

static bool check_placed_block(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  if (b->idom != v->tree.data[block].idom)
    return wm_jit_trouble(v->c, "b%u: dominator b%u, not b%u", block, b->idom,
                          v->tree.data[block].idom);
  if (b->body_start > b->body_end || b->body_end > v->c->body.len)
    return wm_jit_trouble(v->c, "b%u: body %u .. %u", block, b->body_start, b->body_end);
  if (b->loop != NONE && (b->loop >= v->c->blocks.len || !dominates(v, b->loop, block)))
    return wm_jit_trouble(v->c, "b%u: loop b%u", block, b->loop);
  return true;
}

/* Live effects stand in the body in their order. */
static bool check_body_effects(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  u32 at = b->body_start;
  for (u32 i = b->effects_start; i < b->effects_end; i++) {
    u32 n = v->c->effects.data[i];
    if (node_at(v->c, n)->op == IR_NOP || v->c->node_live.data[n] == LIVE_NO) continue;
    while (at < b->body_end && v->c->body.data[at] != n) at++;
    if (at == b->body_end) return wm_jit_trouble(v->c, "b%u: effect v%u is lost or late", block, n);
  }
  return true;
}

/* Everything in the body gets its place there; what is not in a body is made where it is used. */
static bool place_body(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  for (u32 i = b->body_start; i < b->body_end; i++) {
    u32 n = v->c->body.data[i];
    if (!is_node(v, n) || v->c->node_block.data[n] != block || v->c->node_live.data[n] == LIVE_NO)
      return wm_jit_trouble(v->c, "b%u: v%u in its body", block, n);
    if (v->defs.data[n].block < LOST) return wm_jit_trouble(v->c, "v%u is computed twice", n);
    v->defs.data[n] = (Def){block, i + 1};
  }
  return true;
}

static bool check_body_uses(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  for (u32 i = b->body_start; i < b->body_end; i++)
    if (!check_uses_of(v, v->c->body.data[i], block, i + 1)) return false;
  return true;
}

/* What is neither in a body nor made where it is used cannot be read. */
static void forget_places(const Verify *v) {
  for (u32 n = 1; n < v->defs.len; n++) {
    const Node *x = node_at(v->c, n);
    if (x->op == IR_ARG || x->op == IR_PARAM) continue;
    v->defs.data[n] = x->op == IR_CONST || x->op == IR_MEM0 ? anywhere : (Def){LOST, 0};
  }
}

static bool check_placed(Verify *v) {
  Compile *c = v->c;
  if (c->order.len > c->blocks.len || c->order.len < v->order.len)
    return wm_jit_trouble(v->c, "%u blocks in order of %u", c->order.len, v->order.len);
  forget_places(v);
  for (u32 i = 0; i < v->order.len; i++) {
    u32 block = v->order.data[i];
    if (!check_placed_block(v, block) || !check_body_effects(v, block) || !place_body(v, block))
      return false;
  }
  for (u32 i = 0; i < v->order.len; i++)
    if (!check_body_uses(v, v->order.data[i]) || !check_end_uses(v, v->order.data[i])) return false;
  return true;
}

bool wm_verify_dominance(Verify *v) {
  find_preds(v);
  return find_dominators(v) && (v->placed ? check_placed(v) : check_order(v));
}
