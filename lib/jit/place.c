/* Placement: gives each floating node a block.
 *
 *   cfg.c           blocks, dominators, loops         place.c       where nodes go
 *   block_params.c  parameters that are another node  schedule.c    their order in a block
 *
 * From the last node to the first, so that all uses of a node are known when its turn comes: it
 * goes to the last block that dominates its uses, and from there before the loops in which it does
 * not change. When none of its uses dominates the others, that block may be passed without need
 * (every arm of a switch would be computed before it): then each group of uses that one of them
 * dominates gets its own copy. What nobody uses gets no place. Operands have lower numbers than
 * their users; that holds for build's nodes, and only parameters are replaced, by lower ones.
 *
 * Nothing here recurses or looks at all pairs: chains of a million nodes and functions of a hundred
 * thousand blocks are as fast as others. */
#include "jit/place.h"

enum {
  MAX_NESTING = 16, /* loops that a node leaves, or is counted in */
  MAX_COPIES = 64,  /* of one node; with more groups of uses it is computed above them */
};

/* ---- what is needed ---- */

static void mark(Compile *c, Place *p, u32 n) {
  if (c->node_live.data[n] != LIVE_NO) return;
  c->node_live.data[n] = LIVE_YES;
  *jit_push(c, &p->stack) = n;
}

static void mark_list(Compile *c, Place *p, u32 list) {
  for (u32 i = 1; i <= c->pool.data[list]; i++) mark(c, p, c->pool.data[list + i]);
}

static void mark_operands(Compile *c, Place *p, u32 n) {
  const Node *x = node_at(c, n);
  u32 operands = wm_ir_operands(x);
  if (operands & 1) mark(c, p, x->a);
  if (operands & 2) mark(c, p, x->b);
  if (operands & 4) mark(c, p, x->c);
  if (operands & 8) mark_list(c, p, x->b);
  if (x->op != IR_PARAM) return;
  const Block *b = block_at(c, x->a);
  for (u32 i = 0; i < b->pred_count; i++)
    mark(c, p, c->pool.data[edge_at(c, c->preds.data[b->preds + i])->args + 1 + x->b]);
}

/* A load from guest memory may trap, so it stays though nobody wants the value. */
static bool may_vanish(const Node *n) {
  bool is_silent = wm_ir_is_load(n) && n->flags & IR_POINTER;
  return is_silent || n->op == IR_RESULT || n->op == IR_NOP;
}

static void fix_node(const Compile *c, const Place *p, u32 n, u32 block) {
  c->node_block.data[n] = block;
  node_info(p, n)->kind = PLACE_FIXED;
}

static void mark_block(Compile *c, Place *p, u32 index) {
  const Block *b = block_at(c, index);
  for (u32 i = b->effects_start; i < b->effects_end; i++) {
    u32 n = c->effects.data[i];
    fix_node(c, p, n, index);
    if (!may_vanish(node_at(c, n))) mark(c, p, n);
  }
  for (u32 i = 0; i < b->param_count; i++) fix_node(c, p, b->params + i, index);
  if (has_operand(b->term)) mark(c, p, b->operand);
  if (b->term == TERM_RETURN) mark_list(c, p, b->table);
}

static void find_live(Compile *c, Place *p) {
  p->stack.len = 0;
  for (u32 i = 0; i < c->order.len; i++) mark_block(c, p, c->order.data[i]);
  while (p->stack.len) mark_operands(c, p, p->stack.data[--p->stack.len]);
}

/* ---- pressure: how many values live through each loop ---- */

static bool loop_contains(const Compile *c, u32 outer, u32 inner) {
  for (u32 i = 0; i < MAX_NESTING && inner != NONE; i++) {
    if (inner == outer) return true;
    inner = block_at(c, inner)->outer_loop;
  }
  return false;
}

/* The value of n, made in block `from`, is used in block `to`: counts it in the loops between. Of
 * two blocks that both dominate a third, the loop of whose header one is holds the other exactly
 * when the header dominates it: depths tell. */
static void count_pressure(const Compile *c, const Place *p, u32 n, u32 from, u32 to) {
  NodePlace *info = node_info(p, n);
  u32 loop = block_at(c, to)->loop, depth = block_at(c, from)->dom_depth;
  for (u32 i = 0; i < MAX_NESTING && loop != NONE; i++) {
    const Block *header = block_at(c, loop);
    if (header->dom_depth <= depth || loop_contains(c, loop, info->counted)) break;
    block_info(p, loop)->pressure[type_is_float(node_at(c, n)->type)]++;
    loop = header->outer_loop;
  }
  if (block_at(c, to)->loop != NONE) info->counted = block_at(c, to)->loop;
}

static bool has_call(const Compile *c, const Block *b) {
  for (u32 i = b->effects_start; i < b->effects_end; i++)
    if (wm_ir_is_call(node_at(c, c->effects.data[i]))) return true;
  return false;
}

/* What is known of loops before anything is placed: calls, and parameters, which are always
 * there. */
static void find_pressure(const Compile *c, const Place *p) {
  for (u32 i = c->order.len; i-- > 0;) {
    u32 index = c->order.data[i];
    const Block *b = block_at(c, index);
    if (b->loop == NONE) continue;
    BlockPlace *loop = block_info(p, b->loop);
    if (!b->is_cold && !loop->has_call && has_call(c, b)) loop->has_call = true;
    if (!b->is_loop) continue;
    if (loop->has_call && b->outer_loop != NONE) block_info(p, b->outer_loop)->has_call = true;
    for (u32 n = b->params; n < b->params + b->param_count; n++)
      if (c->node_live.data[n]) loop->pressure[type_is_float(node_at(c, n)->type)]++;
  }
}

/* Slow enough to be worth a spill. */
static bool is_slow(const Node *n) {
  switch (n->op) {
  case IR_MULH_S:
  case IR_MULH_U:
  case OP_f32_div:
  case OP_f64_div:
  case OP_f32_sqrt:
  case OP_f64_sqrt: return true;
  default: return n->flags & IR_SAFE;
  }
}

/* As good as an operand in memory where it is used. */
static bool is_leaf(const Node *n) {
  return n->op == IR_CONST || n->op == IR_INST_LOAD || n->op == IR_PURE_LOAD;
}

/* Whether an operand of n would have to live through the loop instead of n: then n before the loop
 * costs no register. */
static bool replaces_operand(const Compile *c, const Place *p, u32 loop, u32 n) {
  Node *x = node_at(c, n);
  u32 operands = wm_ir_operands(x);
  for (u32 k = 0; k < 3; k++) {
    if (!(operands >> k & 1)) continue;
    u32 operand = *operand_at(x, k);
    const NodePlace *info = node_info(p, operand);
    bool same_bank = type_is_float(node_at(c, operand)->type) == type_is_float(x->type);
    if (!same_bank || info->kind >= PLACE_NOWHERE) continue;
    if (info->kind == PLACE_FLOATS ? info->uses == NONE : !loop_contains(c, loop, info->counted))
      return true;
  }
  return false;
}

static bool has_room(const Compile *c, const Place *p, u32 loop, u32 n) {
  /* by: calls in the loop; is a leaf; integer or other register */
  static const u8 limits[2][2][2] = {{{10, 12}, {6, 8}}, {{7, 8}, {3, 2}}};
  const Node *x = node_at(c, n);
  const BlockPlace *info = block_info(p, loop);
  u32 bank = type_is_float(x->type), leaf = is_leaf(x);
  if (info->pressure[bank] < limits[info->has_call][leaf][bank]) return true;
  return is_slow(x) || (!leaf && replaces_operand(c, p, loop, n));
}

/* ---- where nodes go ---- */

static bool may_leave_loops(const Compile *c, u32 n) {
  u16 op = node_at(c, n)->op;
  return !c->options.no_opt && !wm_ir_is_compare(op) && !wm_ir_is_fcompare(op) &&
         op != OP_i64_extend_i32_u; /* free where it is */
}

/* The last block above `block` that is in the fewest loops that n may leave. */
static u32 hoist(const Compile *c, const Place *p, u32 n, u32 block) {
  if (!block_at(c, block)->loop_depth || !may_leave_loops(c, n)) return block;
  u32 best = block, loop = block_at(c, block)->loop;
  u32 early = block_at(c, node_info(p, n)->early)->dom_depth;
  for (u32 i = 0; i < MAX_NESTING && loop != NONE; i++) {
    const Block *header = block_at(c, loop);
    u32 above = header->idom;
    if (header->dom_depth <= early || above == loop || !has_room(c, p, loop, n)) break;
    if (block_at(c, block)->is_cold && !block_at(c, above)->is_cold) break;
    if (block_at(c, above)->loop_depth < block_at(c, best)->loop_depth) best = above;
    loop = block_at(c, above)->loop;
  }
  return best;
}

static bool shares_operand(const Compile *c, u32 n, u32 condition) {
  const Node *x = node_at(c, n), *y = node_at(c, condition);
  u32 of_x = wm_ir_operands(x), of_y = wm_ir_operands(y);
  for (u32 k = 0; k < 2; k++) {
    u32 operand = k ? x->b : x->a;
    if (!(of_x >> k & 1) || is_const(c, operand)) continue;
    if ((of_y & 1 && y->a == operand) || (of_y & 2 && y->b == operand)) return true;
  }
  return false;
}

/* What is needed on the way back to a loop's header alone is made before the branch, so that the
 * branch can go straight back; unless the branch compares the value that it replaces, which then
 * would need a register of its own. */
static u32 before_way_back(const Compile *c, const Place *p, u32 n, u32 block) {
  if (block < p->reached.len) return block; /* not of a split edge */
  const Block *b = block_at(c, block);
  if (block_info(p, edge_at(c, b->edges)->to)->rpo > block_info(p, block)->rpo) return block;
  u32 from = edge_at(c, c->preds.data[b->preds])->from;
  const Block *source = block_at(c, from);
  bool moves = source->term == TERM_BRANCH && !shares_operand(c, n, source->operand);
  return moves ? from : block;
}

static void add_use(Compile *c, Place *p, u32 n, u32 block, u8 slot, u32 index) {
  NodePlace *info = node_info(p, n);
  c->node_uses.data[n]++;
  if (info->kind == PLACE_FIXED) count_pressure(c, p, n, c->node_block.data[n], block);
  if (info->kind == PLACE_FIXED || info->kind == PLACE_NOWHERE) return;
  if (info->kind == PLACE_CONST && (slot > SLOT_C || !block_at(c, block)->loop_depth)) return;
  if (info->kind == PLACE_FLOATS) block = before_way_back(c, p, n, block);
  *jit_push(c, &p->uses) = (Use){info->uses, block, index, slot};
  info->uses = p->uses.len - 1;
}

static void add_list(Compile *c, Place *p, u32 list, u32 block) {
  for (u32 i = list + 1; i <= list + c->pool.data[list]; i++)
    add_use(c, p, c->pool.data[i], block, SLOT_POOL, i);
}

static void add_operands(Compile *c, Place *p, u32 n, u32 block) {
  Node x = *node_at(c, n);
  u32 operands = wm_ir_operands(&x);
  if (operands & 1) add_use(c, p, x.a, block, SLOT_A, n);
  if (operands & 2) add_use(c, p, x.b, block, SLOT_B, n);
  if (operands & 4) add_use(c, p, x.c, block, SLOT_C, n);
  if (operands & 8) add_list(c, p, x.b, block);
}

static void add_edge(Compile *c, Place *p, u32 index, u32 block) {
  const Edge *e = edge_at(c, index);
  const Block *to = block_at(c, e->to);
  for (u32 i = 0; i < to->param_count; i++) {
    u32 at = e->args + 1 + i;
    if (c->node_live.data[to->params + i]) add_use(c, p, c->pool.data[at], block, SLOT_POOL, at);
  }
}

/* Uses by what has its place already: terminators, edges, effects. */
static void add_fixed_uses(Compile *c, Place *p) {
  for (u32 i = 0; i < c->order.len; i++) {
    u32 index = c->order.data[i];
    const Block *b = block_at(c, index);
    for (u32 k = b->effects_start; k < b->effects_end; k++)
      if (c->node_live.data[c->effects.data[k]]) add_operands(c, p, c->effects.data[k], index);
    if (has_operand(b->term)) add_use(c, p, b->operand, index, SLOT_TERMINATOR, index);
    if (b->term == TERM_RETURN) add_list(c, p, b->table, index);
    for (u32 k = 0; k < b->edge_count; k++) add_edge(c, p, b->edges + k, index);
  }
}

/* Pure nodes can be where all their operands are. */
static void find_early(const Compile *c, const Place *p) {
  for (u32 n = 1; n < c->nodes.len; n++) {
    NodePlace *info = node_info(p, n);
    if (info->kind == PLACE_FIXED) info->early = c->node_block.data[n];
    if (info->kind != PLACE_FLOATS || !c->node_live.data[n]) continue;
    Node *x = node_at(c, n);
    u32 operands = wm_ir_operands(x);
    for (u32 k = 0; k < 3; k++) {
      if (!(operands >> k & 1)) continue;
      assert(*operand_at(x, k) < n);
      u32 early = node_info(p, *operand_at(x, k))->early;
      if (block_at(c, early)->dom_depth > block_at(c, info->early)->dom_depth) info->early = early;
    }
  }
}

static void put(Compile *c, Place *p, u32 n, u32 block) {
  c->node_block.data[n] = block;
  c->node_live.data[n] = LIVE_YES;
  node_info(p, n)->next = block_info(p, block)->first_node;
  block_info(p, block)->first_node = n;
  add_operands(c, p, n, block);
}

/* ---- copies ---- */

typedef struct Copies {
  u32 count;
  u32 blocks[MAX_COPIES], nodes[MAX_COPIES]; /* no block dominates another */
} Copies;

/* False: there are too many. */
static bool add_copy(const Place *p, Copies *copies, u32 block) {
  u32 kept = 0;
  for (u32 i = 0; i < copies->count; i++) {
    if (dominates(p, copies->blocks[i], block)) return true;
    if (!dominates(p, block, copies->blocks[i])) copies->blocks[kept++] = copies->blocks[i];
  }
  copies->count = kept;
  if (kept == MAX_COPIES) return false;
  copies->blocks[copies->count++] = block;
  return true;
}

static u32 new_copy(Compile *c, const Place *p, u32 n) {
  Node x = *node_at(c, n);
  u32 copy = wm_ir_node(c, x.op, (IrType)x.type, x.a, x.b, x.c);
  node_at(c, copy)->flags = x.flags;
  node_at(c, copy)->imm = x.imm;
  *node_info(p, copy) =
      (NodePlace){.early = node_info(p, n)->early, .uses = NONE, .same = copy, .counted = NONE};
  c->node_uses.data[copy] = 0;
  return copy;
}

static void rename_use(const Compile *c, const Use *use, u32 node) {
  switch (use->slot) {
  case SLOT_POOL: c->pool.data[use->index] = node; break;
  case SLOT_TERMINATOR: block_at(c, use->index)->operand = node; break;
  default: *operand_at(node_at(c, use->index), use->slot) = node;
  }
}

/* Moves the use to the copy that dominates it, if there is one. */
static void give_copy(const Compile *c, const Place *p, const Copies *copies, const Use *use,
                      u32 n) {
  for (u32 i = 0; i < copies->count; i++) {
    if (!dominates(p, copies->blocks[i], use->block)) continue;
    rename_use(c, use, copies->nodes[i]);
    c->node_uses.data[n]--;
    c->node_uses.data[copies->nodes[i]]++;
    count_pressure(c, p, copies->nodes[i], copies->blocks[i], use->block);
    return;
  }
}

/* Makes copies number `first` and on, and hands out the uses. Copy 0 may be n itself. */
static void place_copies(Compile *c, Place *p, u32 n, Copies *copies, u32 first) {
  u32 uses = node_info(p, n)->uses;
  for (u32 i = 0; i < copies->count; i++) copies->nodes[i] = i < first ? n : new_copy(c, p, n);
  p->copies_left -= copies->count - first;
  for (u32 i = 0; i < copies->count; i++) put(c, p, copies->nodes[i], copies->blocks[i]);
  for (u32 u = uses; u != NONE; u = p->uses.data[u].next)
    give_copy(c, p, copies, &p->uses.data[u], n);
}

/* Whether each way out of `block` begins with a copy: then one before the branch does as well. */
static bool covers_all_ways(const Compile *c, const Copies *copies, u32 block) {
  u32 ways = 0;
  for (u32 i = 0; i < copies->count; i++) {
    const Block *b = block_at(c, copies->blocks[i]);
    ways += b->pred_count == 1 && edge_at(c, c->preds.data[b->preds])->from == block;
  }
  return ways == block_at(c, block)->edge_count;
}

/* Instead of one node in `meet`. False: not worth it, or too many. */
static bool copy_node(Compile *c, Place *p, u32 n, u32 meet) {
  Copies copies;
  copies.count = 0;
  for (u32 u = node_info(p, n)->uses; u != NONE; u = p->uses.data[u].next)
    if (!add_copy(p, &copies, hoist(c, p, n, p->uses.data[u].block))) return false;
  if (copies.count - 1 > p->copies_left) return false;
  if (may_leave_loops(c, n) && covers_all_ways(c, &copies, meet)) return false;
  place_copies(c, p, n, &copies, 1);
  return true;
}

/* Copies of a constant before the loops that use it; elsewhere it stays part of its users. */
static void copy_const(Compile *c, Place *p, u32 n) {
  Copies copies;
  copies.count = 0;
  for (u32 u = node_info(p, n)->uses; u != NONE; u = p->uses.data[u].next) {
    u32 block = p->uses.data[u].block, best = hoist(c, p, n, block);
    if (best != block && !add_copy(p, &copies, best)) return;
  }
  if (copies.count <= p->copies_left) place_copies(c, p, n, &copies, 0);
}

/* ---- all nodes ---- */

static void place_node(Compile *c, Place *p, u32 n) {
  const NodePlace *info = node_info(p, n);
  u32 meet = NONE;
  bool a_use_dominates = false;
  assert(info->uses != NONE);
  for (u32 u = info->uses; u != NONE; u = p->uses.data[u].next) {
    u32 block = p->uses.data[u].block;
    u32 both = meet == NONE || meet == block ? block : wm_cfg_meet(c, p, meet, block);
    a_use_dominates = both == block || (a_use_dominates && both == meet);
    meet = both;
  }
  u32 best = hoist(c, p, n, meet);
  if (best == meet && !a_use_dominates && !c->options.no_opt && copy_node(c, p, n, meet)) return;
  put(c, p, n, best);
  for (u32 u = info->uses; u != NONE; u = p->uses.data[u].next)
    count_pressure(c, p, n, best, p->uses.data[u].block);
}

static void place_nodes(Compile *c, Place *p) {
  for (u32 n = c->nodes.len; n-- > 1;) {
    const NodePlace *info = node_info(p, n);
    if (info->uses == NONE || !c->node_live.data[n]) continue;
    if (info->kind == PLACE_FLOATS) place_node(c, p, n);
    if (info->kind == PLACE_CONST) copy_const(c, p, n);
  }
}

/* ---- the pass ---- */

/* A constant that instructions cannot hold and that takes more than a register's own bits to
 * make. */
static bool is_long_const(const Compile *c, const Node *n) {
  u64 bits = n->a | (u64)n->b << 32;
  switch (n->type) {
  case T_I64: return (u64)(i64)(i32)bits != bits && bits != UINT32_MAX; /* a mask that is a move */
  case T_F32:
  case T_F64: return bits != 0;
  case T_V128: {
    const V128 *v = &c->vectors.data[n->a];
    return v->u64x2[0] != v->u64x2[1] || v->u64x2[0] + 1 > 1;
  }
  default: return false;
  }
}

static u8 kind_of(const Compile *c, const Node *n) {
  switch (n->op) {
  case IR_NOP:
  case IR_MEM0: return PLACE_NOWHERE;
  case IR_ARG:
  case IR_PARAM: return PLACE_FIXED;
  case IR_CONST: return !c->options.no_opt && is_long_const(c, n) ? PLACE_CONST : PLACE_NOWHERE;
  default: return PLACE_FLOATS;
  }
}

/* With room for all copies: they may be a quarter of the nodes. */
static void init_nodes(Compile *c, Place *p) {
  u32 count = c->nodes.len, room = count + count / 4 + 64;
  p->copies_left = room - count;
  jit_resize(c, &p->nodes, room);
  jit_resize(c, &c->node_block, room);
  jit_resize(c, &c->node_uses, room);
  jit_resize(c, &c->node_live, room);
  jit_resize(c, &c->node_epoch, room);
  memset(c->node_block.data, 0xFF, count * sizeof(u32)); /* NONE */
  memset(c->node_uses.data, 0, count * sizeof(u32));
  memset(c->node_epoch.data, 0, room * sizeof(Epoch));
  memset(c->node_live.data, LIVE_NO, count);
  for (u32 n = 0; n < count; n++) {
    const Node *x = node_at(c, n);
    *node_info(p, n) = (NodePlace){.uses = NONE, .same = n, .counted = NONE, .kind = kind_of(c, x)};
    if (x->op == IR_ARG) c->node_block.data[n] = 0;
  }
}

/* The arrays end where the copies do. */
static void finish_nodes(Compile *c) {
  u32 count = c->nodes.len;
  c->node_block.len = c->node_uses.len = c->node_live.len = c->node_epoch.len = count;
}

void wm_jit_place(Compile *c) {
  Place *p = wm_jit_scratch(c, SCRATCH_PLACE, sizeof *p);
  c->body.len = p->uses.len = 0;
  wm_cfg_analyze(c, p);
  init_nodes(c, p);
  if (!c->options.no_opt) wm_place_remove_params(c, p);
  find_live(c, p);
  find_pressure(c, p);
  find_early(c, p);
  add_fixed_uses(c, p);
  place_nodes(c, p);
  wm_place_schedule(c, p);
  finish_nodes(c);
}

void wm_place_scratch_free(void *scratch) {
  Place *p = scratch;
  vec_free(&p->blocks);
  vec_free(&p->nodes);
  vec_free(&p->uses);
  vec_free(&p->stack);
  vec_free(&p->succs);
  vec_free(&p->reached);
}
