/* Checks the invariants of the IR (ir.h), for debug and fuzz builds and tests: first that every
 * number is in its range, then types, then that each value is there before it is used. Stops at the
 * first thing that is wrong.
 *
 * Where a value is there: a block, and a position in it. For effects that is their place in
 * Compile.effects, for parameters the block's start. A node that floats is there where the last of
 * its operands is; after the placement, where it stands in Compile.body. */
#include "jit/compile.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct BlockTree {
  u32 rpo;   /* number in reverse postorder, NONE: cannot be reached */
  u32 idom;  /* the entry: itself */
  u32 depth; /* in the dominator tree */
  u32 jump;  /* a dominator far above, so that walks up take logarithmic time */
} BlockTree;

typedef struct Walk {
  u32 block, next_edge;
} Walk;

typedef struct Def {
  u32 block;    /* NONE: anywhere (constants); LOST */
  u32 position; /* from 1; 0: at the block's start */
} Def;
enum { LOST = 0xFFFFFFFEu }; /* has no place */
static const Def anywhere = {NONE, 0};

typedef struct Verify {
  Compile *c;
  bool placed;
  Vec(BlockTree) tree; /* by block */
  Vec(u32) order;      /* reachable blocks in reverse postorder */
  Vec(Walk) walk;
  Vec(u32) pred_starts; /* by reverse postorder number: in preds */
  Vec(u32) preds;
  Vec(Def) defs; /* by node */
} Verify;

void wm_verify_scratch_free(void *scratch) {
  Verify *v = scratch;
  vec_free(&v->tree);
  vec_free(&v->order);
  vec_free(&v->walk);
  vec_free(&v->pred_starts);
  vec_free(&v->preds);
  vec_free(&v->defs);
}

PRINTF_LIKE(2, 3) static bool trouble(const Verify *v, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(v->c->trouble, sizeof v->c->trouble, format, args);
  va_end(args);
  return false;
}

/* ---- ranges ---- */

static bool is_node(const Verify *v, u32 n) {
  return n > 0 && n < v->c->nodes.len && node_at(v->c, n)->op != IR_NOP;
}

static bool is_list(const Verify *v, u32 list) {
  u32 len = v->c->pool.len;
  return list < len && v->c->pool.data[list] < len - list;
}

/* An operand of n; build makes it before its user. */
static bool check_operand(const Verify *v, u32 n, u32 operand) {
  bool of_call = node_at(v->c, n)->op == IR_RESULT; /* which has several values, and no type */
  if (!is_node(v, operand) || (node_at(v->c, operand)->type == T_NONE && !of_call))
    return trouble(v, "v%u: operand v%u is no value", n, operand);
  if (!v->placed && operand >= n) return trouble(v, "v%u: operand v%u comes behind it", n, operand);
  return true;
}

static bool check_list(const Verify *v, u32 n, u32 list) {
  if (!is_list(v, list)) return trouble(v, "v%u: list %u is outside of the pool", n, list);
  for (u32 i = 1; i <= v->c->pool.data[list]; i++)
    if (!check_operand(v, n, v->c->pool.data[list + i])) return false;
  return true;
}

static bool check_node_ranges(const Verify *v, u32 n) {
  const Node *x = node_at(v->c, n);
  if (x->op >= IR_OP_COUNT) return trouble(v, "v%u: op %u", n, x->op);
  u32 operands = wm_ir_operands(x);
  return (!(operands & 1) || check_operand(v, n, x->a)) &&
         (!(operands & 2) || check_operand(v, n, x->b)) &&
         (!(operands & 4) || check_operand(v, n, x->c)) &&
         (!(operands & 8) || check_list(v, n, x->b));
}

static bool check_edge(const Verify *v, u32 block, u32 index) {
  const Compile *c = v->c;
  if (index >= c->edges.len) return trouble(v, "b%u: no edge %u", block, index);
  const Edge *e = edge_at(c, index);
  if (e->from != block || e->to >= c->blocks.len)
    return trouble(v, "edge %u of b%u: from b%u to b%u", index, block, e->from, e->to);
  if (!is_list(v, e->args)) return trouble(v, "edge %u: arguments outside of the pool", index);
  const Block *to = block_at(c, e->to);
  const u32 *args = list_at(c, e->args);
  if (args[0] != to->param_count)
    return trouble(v, "edge %u to b%u: %u arguments for %u parameters", index, e->to, args[0],
                   to->param_count);
  for (u32 i = 0; i < args[0]; i++) {
    if (!is_node(v, args[i + 1])) return trouble(v, "edge %u: argument v%u", index, args[i + 1]);
    if (node_at(c, args[i + 1])->type != node_at(c, to->params + i)->type)
      return trouble(v, "edge %u: type of argument v%u", index, args[i + 1]);
  }
  return true;
}

static bool check_params(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  if (b->param_count && !is_within(b->params, b->param_count, v->c->nodes.len))
    return trouble(v, "b%u: parameters v%u + %u", block, b->params, b->param_count);
  for (u32 i = 0; i < b->param_count; i++) {
    const Node *x = node_at(v->c, b->params + i);
    if (x->op != IR_PARAM || x->a != block || x->b != i || x->type == T_NONE)
      return trouble(v, "b%u: v%u is not its parameter %u", block, b->params + i, i);
  }
  return true;
}

/* ---- terminators ---- */

static u32 edges_of(const Block *b) {
  switch (b->term) {
  case TERM_JUMP: return 1;
  case TERM_BRANCH: return 2;
  case TERM_SWITCH: return b->edge_count;
  default: return 0;
  }
}

static bool check_return(const Verify *v, u32 block, const u32 *results) {
  const SubType *type = module_func_type(v->c->module, v->c->func_index);
  if (results[0] != type->result_count)
    return trouble(v, "b%u: %u results of %u", block, results[0], type->result_count);
  for (u32 i = 0; i < results[0]; i++)
    if (!is_node(v, results[i + 1]) ||
        node_at(v->c, results[i + 1])->type != wm_jit_type(type->results[i]))
      return trouble(v, "b%u: result v%u", block, results[i + 1]);
  return true;
}

static bool check_switch(const Verify *v, u32 block, const u32 *table) {
  if (!table[0]) return trouble(v, "b%u: a switch without a default", block);
  for (u32 i = 1; i <= table[0]; i++)
    if (table[i] >= block_at(v->c, block)->edge_count)
      return trouble(v, "b%u: switch to its edge %u", block, table[i]);
  return true;
}

static bool check_terminator(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  bool takes_value = b->term == TERM_BRANCH || b->term == TERM_SWITCH;
  if (b->term == TERM_NONE || b->term > TERM_TRAP || b->edge_count != edges_of(b))
    return trouble(v, "b%u: terminator %u with %u edges", block, b->term, b->edge_count);
  if (takes_value && (!is_node(v, b->operand) || node_at(v->c, b->operand)->type != T_I32))
    return trouble(v, "b%u: terminator's operand v%u", block, b->operand);
  if ((b->term == TERM_SWITCH || b->term == TERM_RETURN) && !is_list(v, b->table))
    return trouble(v, "b%u: list %u is outside of the pool", block, b->table);
  if (b->term == TERM_SWITCH && !check_switch(v, block, list_at(v->c, b->table))) return false;
  if (b->term == TERM_RETURN && !check_return(v, block, list_at(v->c, b->table))) return false;
  if (b->term == TERM_TRAP && (!b->trap_code || b->trap_code >= TRAP_CODE_COUNT))
    return trouble(v, "b%u: trap %u", block, b->trap_code);
  for (u32 i = 0; i < b->edge_count; i++)
    if (!check_edge(v, block, b->edges + i)) return false;
  return true;
}

/* ---- types ---- */

static IrType type_of_letter(char letter) {
  switch (letter) {
  case 'i': return T_I32;
  case 'l': return T_I64;
  case 'f': return T_F32;
  case 'd': return T_F64;
  default: return T_V128;
  }
}

static bool check_address(const Verify *v, u32 n) {
  const Node *x = node_at(v->c, n);
  u8 type = node_at(v->c, x->a)->type;
  if (type != T_I64 && (type != T_I32 || x->flags & IR_POINTER))
    return trouble(v, "v%u: type of address v%u", n, x->a);
  if (x->b > INT32_MAX) return trouble(v, "v%u: displacement %u", n, x->b);
  return true;
}

/* By the signature of opcodes.def. */
static bool check_row(const Verify *v, u32 n) {
  const Node *x = node_at(v->c, n);
  u32 operands = wm_ir_operands(x);
  const char *sig = wm_op_sig(x->op);
  const u32 fields[] = {x->a, x->b, x->c};
  bool has_address = sig[0] == 'p';
  if (x->type != wm_ir_result_type(x->op)) return trouble(v, "v%u: its type", n);
  if (has_address && !check_address(v, n)) return false;
  for (u32 i = has_address, letter = i; i < 3; i++) {
    if (!(operands >> i & 1)) continue;
    if (node_at(v->c, fields[i])->type != type_of_letter(sig[letter++]))
      return trouble(v, "v%u: type of operand v%u", n, fields[i]);
  }
  return true;
}

static bool check_args(const Verify *v, u32 n, const SubType *type) {
  const u32 *args = list_at(v->c, node_at(v->c, n)->b);
  if (args[0] != type->param_count)
    return trouble(v, "v%u: %u arguments of %u", n, args[0], type->param_count);
  for (u32 i = 0; i < args[0]; i++)
    if (node_at(v->c, args[i + 1])->type != wm_jit_type(type->params[i]))
      return trouble(v, "v%u: type of argument v%u", n, args[i + 1]);
  IrType want = type->result_count == 1 ? wm_jit_type(type->results[0]) : T_NONE;
  return node_at(v->c, n)->type == want || trouble(v, "v%u: type of a call", n);
}

static bool check_call(const Verify *v, u32 n) {
  const Module *m = v->c->module;
  const Node *x = node_at(v->c, n);
  u32 index = x->op == IR_CALL ? x->a : x->c;
  if (index >= (x->op == IR_CALL ? m->func_count : m->type_count))
    return trouble(v, "v%u: call of %u", n, index);
  return check_args(v, n, x->op == IR_CALL ? module_func_type(m, index) : &m->types[index]);
}

/* a, b and c of the given types; T_NONE: whatever. */
static bool check_types(const Verify *v, u32 n, u8 type, u8 a, u8 b, u8 c) {
  const Node *x = node_at(v->c, n);
  bool fits = (!type || x->type == type) && (!a || node_at(v->c, x->a)->type == a) &&
              (!b || node_at(v->c, x->b)->type == b) && (!c || node_at(v->c, x->c)->type == c);
  return fits || trouble(v, "v%u: types of %s", n, wm_ir_name(x->op));
}

static bool check_types_of(const Verify *v, u32 n) {
  const Node *x = node_at(v->c, n);
  switch (x->op) {
  case IR_CONST:
    if (x->type == T_NONE || (x->type == T_V128 && x->a >= v->c->vectors.len) ||
        ((x->type == T_I32 || x->type == T_F32) && x->b))
      return trouble(v, "v%u: a constant's bits or type", n);
    return true;
  case IR_SELECT: return check_types(v, n, 0, x->type, x->type, T_I32);
  case IR_MULH_S:
  case IR_MULH_U: return check_types(v, n, T_I64, T_I64, T_I64, 0);
  case IR_MEM0: return check_types(v, n, T_I64, 0, 0, 0);
  case IR_PURE_LOAD: return check_types(v, n, 0, T_I64, 0, 0);
  case IR_BOUNDS:
    return is_const(v->c, x->b) ? check_types(v, n, T_I64, 0, T_I64, T_I64)
                                : trouble(v, "v%u: size of a bounds check", n);
  case IR_TRAP_IF: return check_types(v, n, 0, T_I32, 0, 0);
  case IR_CALL_REF: return check_types(v, n, 0, T_I64, 0, 0) && check_call(v, n);
  case IR_CALL: return check_call(v, n);
  case IR_HELPER: return x->a < HELPER_COUNT || trouble(v, "v%u: helper %u", n, x->a);
  default: return x->op >= OP_COUNT || check_row(v, n);
  }
}

/* ---- effects ---- */

/* Can stop, call or fault, so that its place in the source must be known. */
static bool needs_site(const Node *x) {
  if (x->op == IR_BOUNDS || x->op == IR_TRAP_IF || x->op == IR_CALL || x->op == IR_CALL_REF)
    return true;
  return x->op < OP_COUNT && !(x->flags & (IR_POINTER | IR_SAFE));
}

static bool check_effect(const Verify *v, u32 block, u32 n) {
  if (n >= v->c->nodes.len) return trouble(v, "b%u: effect v%u", block, n);
  const Node *x = node_at(v->c, n);
  if (x->op == IR_NOP) return true;
  if (!wm_ir_is_effect(x)) return trouble(v, "b%u: v%u is not an effect", block, n);
  if (v->defs.data[n].position) return trouble(v, "b%u: effect v%u a second time", block, n);
  u32 site = v->c->node_sites.data[n];
  if (site >= v->c->sites.len || (needs_site(x) && !site))
    return trouble(v, "v%u: site %u", n, site);
  return true;
}

/* Notes where effects are. */
static bool check_effects(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  if (b->effects_start > b->effects_end || b->effects_end > v->c->effects.len)
    return trouble(v, "b%u: effects %u .. %u", block, b->effects_start, b->effects_end);
  for (u32 i = b->effects_start; i < b->effects_end; i++) {
    u32 n = v->c->effects.data[i];
    if (!check_effect(v, block, n)) return false;
    v->defs.data[n] = (Def){block, i + 1};
  }
  return true;
}

/* ---- dominators ---- */

static u32 target(const Verify *v, u32 block, u32 i) {
  return edge_at(v->c, block_at(v->c, block)->edges + i)->to;
}

static void visit(Verify *v, u32 block) {
  v->tree.data[block].rpo = 0;
  *jit_push(v->c, &v->walk) = (Walk){block, 0};
}

/* Depth first from the entry; the order is made back to front. */
static void number_blocks(Verify *v) {
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
        return trouble(v, "b%u: a way into the loop's middle", v->order.data[i]);
  return true;
}

/* ---- values are there before their uses ---- */

/* A use at a position of a block that can be reached. */
static bool check_use(const Verify *v, u32 operand, u32 block, u32 position) {
  Def d = v->defs.data[operand];
  if (d.block == LOST) return trouble(v, "v%u is used but has no place", operand);
  if (d.block == NONE || (d.block == block ? d.position < position : dominates(v, d.block, block)))
    return true;
  return trouble(v, "v%u (of b%u) is not there where b%u uses it", operand, d.block, block);
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
  return ok || trouble(v, "v%u: no block has all its operands", n);
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
    return trouble(v, "b%u: dominator b%u, not b%u", block, b->idom, v->tree.data[block].idom);
  if (b->body_start > b->body_end || b->body_end > v->c->body.len)
    return trouble(v, "b%u: body %u .. %u", block, b->body_start, b->body_end);
  if (b->loop != NONE && (b->loop >= v->c->blocks.len || !dominates(v, b->loop, block)))
    return trouble(v, "b%u: loop b%u", block, b->loop);
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
    if (at == b->body_end) return trouble(v, "b%u: effect v%u is lost or late", block, n);
  }
  return true;
}

/* Everything in the body gets its place there; what is not in a body is made where it is used. */
static bool place_body(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  for (u32 i = b->body_start; i < b->body_end; i++) {
    u32 n = v->c->body.data[i];
    if (!is_node(v, n) || v->c->node_block.data[n] != block || v->c->node_live.data[n] == LIVE_NO)
      return trouble(v, "b%u: v%u in its body", block, n);
    if (v->defs.data[n].block < LOST) return trouble(v, "v%u is computed twice", n);
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
    return trouble(v, "%u blocks in order of %u", c->order.len, v->order.len);
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

/* ---- */

static bool check_shape(const Verify *v) {
  for (u32 n = 1; n < v->c->nodes.len; n++) {
    if (node_at(v->c, n)->op == IR_NOP) continue;
    if (!check_node_ranges(v, n) || !check_types_of(v, n)) return false;
  }
  for (u32 b = 0; b < v->c->blocks.len; b++)
    if (!check_params(v, b) || !check_effects(v, b)) return false;
  return true;
}

static void start(Verify *v) {
  Compile *c = v->c;
  jit_resize(c, &v->defs, c->nodes.len);
  for (u32 n = 0; n < c->nodes.len; n++) {
    const Node *x = node_at(c, n);
    v->defs.data[n] = x->op == IR_PARAM ? (Def){x->a, 0} : x->op == IR_ARG ? (Def){0, 0} : anywhere;
  }
}

/* Terminators of blocks that can be reached; the others may be unfinished. */
static bool check_reachable(Verify *v) {
  for (u32 i = 0; i < v->order.len; i++)
    if (!check_terminator(v, v->order.data[i])) return false;
  return true;
}

/* Edges may be followed before they are checked fully. */
static bool check_targets(const Verify *v) {
  for (u32 b = 0; b < v->c->blocks.len; b++) {
    const Block *block = block_at(v->c, b);
    if (block->edge_count && !is_within(block->edges, block->edge_count, v->c->edges.len))
      return trouble(v, "b%u: edges %u + %u", b, block->edges, block->edge_count);
    for (u32 i = 0; i < block->edge_count; i++)
      if (target(v, b, i) >= v->c->blocks.len)
        return trouble(v, "b%u: target b%u", b, target(v, b, i));
  }
  return true;
}

bool wm_ir_verify(Compile *c, bool placed) {
  Verify *v = wm_jit_scratch(c, SCRATCH_VERIFY, sizeof *v);
  v->c = c;
  v->placed = placed;
  start(v);
  if (c->options.sabotage == SABOTAGE_REJECT) return trouble(v, "sabotage");
  if (!c->blocks.len) return trouble(v, "no entry");
  if (!check_shape(v) || !check_targets(v)) return false;
  number_blocks(v);
  find_preds(v);
  return check_reachable(v) && find_dominators(v) && (placed ? check_placed(v) : check_order(v));
}
