/* Checks the invariants of the IR (ir.h), for debug and fuzz builds and tests: first that every
 * number is in its range, then types, here; then that each value is there before it is used
 * (verify_dominance.c). Stops at the first thing that is wrong. */
#include "jit/verify.h"

void wm_verify_scratch_free(void *scratch) {
  Verify *v = scratch;
  vec_free(&v->tree);
  vec_free(&v->order);
  vec_free(&v->walk);
  vec_free(&v->pred_starts);
  vec_free(&v->preds);
  vec_free(&v->defs);
}

/* ---- ranges ---- */

static bool is_list(const Verify *v, u32 list) {
  u32 len = v->c->pool.len;
  return list < len && v->c->pool.data[list] < len - list;
}

/* An operand of n; build makes it before its user. */
static bool check_operand(const Verify *v, u32 n, u32 operand) {
  bool of_call = node_at(v->c, n)->op == IR_RESULT; /* which has several values, and no type */
  if (!is_node(v, operand) || (node_at(v->c, operand)->type == T_NONE && !of_call))
    return wm_jit_trouble(v->c, "v%u: operand v%u is no value", n, operand);
  if (!v->placed && operand >= n)
    return wm_jit_trouble(v->c, "v%u: operand v%u comes behind it", n, operand);
  return true;
}

static bool check_list(const Verify *v, u32 n, u32 list) {
  if (!is_list(v, list))
    return wm_jit_trouble(v->c, "v%u: list %u is outside of the pool", n, list);
  for (u32 i = 1; i <= v->c->pool.data[list]; i++)
    if (!check_operand(v, n, v->c->pool.data[list + i])) return false;
  return true;
}

static bool check_node_ranges(const Verify *v, u32 n) {
  const Node *x = node_at(v->c, n);
  if (x->op >= IR_OP_COUNT) return wm_jit_trouble(v->c, "v%u: op %u", n, x->op);
  u32 operands = wm_ir_operands(x);
  return (!(operands & 1) || check_operand(v, n, x->a)) &&
         (!(operands & 2) || check_operand(v, n, x->b)) &&
         (!(operands & 4) || check_operand(v, n, x->c)) &&
         (!(operands & 8) || check_list(v, n, x->b));
}

static bool check_edge(const Verify *v, u32 block, u32 index) {
  const Compile *c = v->c;
  if (index >= c->edges.len) return wm_jit_trouble(v->c, "b%u: no edge %u", block, index);
  const Edge *e = edge_at(c, index);
  if (e->from != block || e->to >= c->blocks.len)
    return wm_jit_trouble(v->c, "edge %u of b%u: from b%u to b%u", index, block, e->from, e->to);
  if (!is_list(v, e->args))
    return wm_jit_trouble(v->c, "edge %u: arguments outside of the pool", index);
  const Block *to = block_at(c, e->to);
  const u32 *args = list_at(c, e->args);
  if (args[0] != to->param_count)
    return wm_jit_trouble(v->c, "edge %u to b%u: %u arguments for %u parameters", index, e->to,
                          args[0], to->param_count);
  for (u32 i = 0; i < args[0]; i++) {
    if (!is_node(v, args[i + 1]))
      return wm_jit_trouble(v->c, "edge %u: argument v%u", index, args[i + 1]);
    if (node_at(c, args[i + 1])->type != node_at(c, to->params + i)->type)
      return wm_jit_trouble(v->c, "edge %u: type of argument v%u", index, args[i + 1]);
  }
  return true;
}

static bool check_params(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  if (b->param_count && !is_within(b->params, b->param_count, v->c->nodes.len))
    return wm_jit_trouble(v->c, "b%u: parameters v%u + %u", block, b->params, b->param_count);
  for (u32 i = 0; i < b->param_count; i++) {
    const Node *x = node_at(v->c, b->params + i);
    if (x->op != IR_PARAM || x->a != block || x->b != i || x->type == T_NONE)
      return wm_jit_trouble(v->c, "b%u: v%u is not its parameter %u", block, b->params + i, i);
  }
  return true;
}

/* ---- terminators ---- */

static u32 edges_of(const Block *b) {
  switch (b->term) {
  case TERM_JUMP: return 1;
  case TERM_INVOKE:
  case TERM_BRANCH: return 2;
  case TERM_SWITCH: return b->edge_count;
  default: return 0;
  }
}

static bool check_return(const Verify *v, u32 block, const u32 *results) {
  const SubType *type = module_func_type(v->c->module, v->c->func_index);
  if (results[0] != type->result_count)
    return wm_jit_trouble(v->c, "b%u: %u results of %u", block, results[0], type->result_count);
  for (u32 i = 0; i < results[0]; i++)
    if (!is_node(v, results[i + 1]) ||
        node_at(v->c, results[i + 1])->type != wm_jit_type(type->results[i]))
      return wm_jit_trouble(v->c, "b%u: result v%u", block, results[i + 1]);
  return true;
}

static bool check_switch(const Verify *v, u32 block, const u32 *table) {
  if (!table[0]) return wm_jit_trouble(v->c, "b%u: a switch without a default", block);
  for (u32 i = 1; i <= table[0]; i++)
    if (table[i] >= block_at(v->c, block)->edge_count)
      return wm_jit_trouble(v->c, "b%u: switch to its edge %u", block, table[i]);
  return true;
}

static bool check_terminator(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  bool takes_value = b->term == TERM_BRANCH || b->term == TERM_SWITCH;
  if (b->term == TERM_NONE || b->term >= TERM_COUNT || b->edge_count != edges_of(b))
    return wm_jit_trouble(v->c, "b%u: terminator %u with %u edges", block, b->term, b->edge_count);
  if (takes_value && (!is_node(v, b->operand) || node_at(v->c, b->operand)->type != T_I32))
    return wm_jit_trouble(v->c, "b%u: terminator's operand v%u", block, b->operand);
  if ((b->term == TERM_SWITCH || b->term == TERM_RETURN) && !is_list(v, b->table))
    return wm_jit_trouble(v->c, "b%u: list %u is outside of the pool", block, b->table);
  if (b->term == TERM_SWITCH && !check_switch(v, block, list_at(v->c, b->table))) return false;
  if (b->term == TERM_RETURN && !check_return(v, block, list_at(v->c, b->table))) return false;
  if (b->term == TERM_TRAP && (!b->trap_code || b->trap_code >= TRAP_CODE_COUNT))
    return wm_jit_trouble(v->c, "b%u: trap %u", block, b->trap_code);
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
    return wm_jit_trouble(v->c, "v%u: type of address v%u", n, x->a);
  if (!(wm_ir_operands(x) & 2) && x->b > INT32_MAX)
    return wm_jit_trouble(v->c, "v%u: displacement %u", n, x->b);
  return true;
}

/* By the signature of opcodes.def. */
static bool check_row(const Verify *v, u32 n) {
  const Node *x = node_at(v->c, n);
  u32 operands = wm_ir_operands(x);
  const char *sig = wm_op_sig(x->op);
  const u32 fields[] = {x->a, x->b, x->c};
  bool has_address = sig[0] == 'p';
  if (x->type != wm_ir_result_type(x->op)) return wm_jit_trouble(v->c, "v%u: its type", n);
  if (has_address && !check_address(v, n)) return false;
  for (u32 i = has_address, letter = i; i < 3; i++) {
    if (!(operands >> i & 1)) continue;
    if (node_at(v->c, fields[i])->type != type_of_letter(sig[letter++]))
      return wm_jit_trouble(v->c, "v%u: type of operand v%u", n, fields[i]);
  }
  return true;
}

static bool is_direct(const Node *call) { return call->op == IR_CALL || call->op == IR_TAIL_CALL; }
static bool is_tail_call(const Node *n) {
  return n->op == IR_TAIL_CALL || n->op == IR_TAIL_CALL_REF;
}

static bool check_args(const Verify *v, u32 n, const SubType *type) {
  const u32 *args = list_at(v->c, node_at(v->c, n)->b);
  if (args[0] != type->param_count)
    return wm_jit_trouble(v->c, "v%u: %u arguments of %u", n, args[0], type->param_count);
  for (u32 i = 0; i < args[0]; i++)
    if (node_at(v->c, args[i + 1])->type != wm_jit_type(type->params[i]))
      return wm_jit_trouble(v->c, "v%u: type of argument v%u", n, args[i + 1]);
  bool has_value = type->result_count == 1 && !is_tail_call(node_at(v->c, n));
  IrType want = has_value ? wm_jit_type(type->results[0]) : T_NONE;
  return node_at(v->c, n)->type == want || wm_jit_trouble(v->c, "v%u: type of a call", n);
}

static bool check_call(const Verify *v, u32 n) {
  const Module *m = v->c->module;
  const Node *x = node_at(v->c, n);
  u32 index = is_direct(x) ? x->a : x->c;
  if (index >= (is_direct(x) ? m->func_count : m->type_count))
    return wm_jit_trouble(v->c, "v%u: call of %u", n, index);
  return check_args(v, n, is_direct(x) ? module_func_type(m, index) : &m->types[index]);
}

/* a, b and c of the given types; T_NONE: whatever. */
static bool check_types(const Verify *v, u32 n, u8 type, u8 a, u8 b, u8 c) {
  const Node *x = node_at(v->c, n);
  bool fits = (!type || x->type == type) && (!a || node_at(v->c, x->a)->type == a) &&
              (!b || node_at(v->c, x->b)->type == b) && (!c || node_at(v->c, x->c)->type == c);
  return fits || wm_jit_trouble(v->c, "v%u: types of %s", n, wm_ir_name(x->op));
}

static bool check_types_of(const Verify *v, u32 n) {
  const Node *x = node_at(v->c, n);
  switch (x->op) {
  case IR_CONST:
    if (x->type == T_NONE || (x->type == T_V128 && x->a >= v->c->vectors.len) ||
        ((x->type == T_I32 || x->type == T_F32) && x->b))
      return wm_jit_trouble(v->c, "v%u: a constant's bits or type", n);
    return true;
  case IR_SELECT: return check_types(v, n, 0, x->type, x->type, T_I32);
  case IR_MULH_S:
  case IR_MULH_U: return check_types(v, n, T_I64, T_I64, T_I64, 0);
  case IR_MEM0: return check_types(v, n, T_I64, 0, 0, 0);
  case IR_PURE_LOAD: return check_types(v, n, 0, T_I64, 0, 0);
  case IR_BOUNDS:
    return is_const(v->c, x->b) ? check_types(v, n, T_I64, 0, T_I64, T_I64)
                                : wm_jit_trouble(v->c, "v%u: size of a bounds check", n);
  case IR_BARRIER: return check_types(v, n, 0, T_I64, T_I64, 0);
  case IR_TRAP_IF: return check_types(v, n, 0, T_I32, 0, 0);
  case IR_CALL_REF:
  case IR_TAIL_CALL_REF: return check_types(v, n, 0, T_I64, 0, 0) && check_call(v, n);
  case IR_CALL:
  case IR_TAIL_CALL: return check_call(v, n);
  case IR_HELPER: return x->a < HELPER_COUNT || wm_jit_trouble(v->c, "v%u: helper %u", n, x->a);
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
  if (n >= v->c->nodes.len) return wm_jit_trouble(v->c, "b%u: effect v%u", block, n);
  const Node *x = node_at(v->c, n);
  if (x->op == IR_NOP) return true;
  if (!wm_ir_is_effect(x)) return wm_jit_trouble(v->c, "b%u: v%u is not an effect", block, n);
  if (v->defs.data[n].position)
    return wm_jit_trouble(v->c, "b%u: effect v%u a second time", block, n);
  u32 site = v->c->node_sites.data[n];
  if (site >= v->c->sites.len || (needs_site(x) && !site))
    return wm_jit_trouble(v->c, "v%u: site %u", n, site);
  return true;
}

/* Notes where effects are. */
static bool check_effects(const Verify *v, u32 block) {
  const Block *b = block_at(v->c, block);
  if (b->effects_start > b->effects_end || b->effects_end > v->c->effects.len)
    return wm_jit_trouble(v->c, "b%u: effects %u .. %u", block, b->effects_start, b->effects_end);
  for (u32 i = b->effects_start; i < b->effects_end; i++) {
    u32 n = v->c->effects.data[i];
    if (!check_effect(v, block, n)) return false;
    v->defs.data[n] = (Def){block, i + 1};
  }
  return true;
}

/* ---- the pass ---- */

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
    u32 block = x->op == IR_PARAM ? x->a : x->op == IR_ARG ? 0 : NONE;
    v->defs.data[n] = (Def){block, 0};
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
      return wm_jit_trouble(v->c, "b%u: edges %u + %u", b, block->edges, block->edge_count);
    for (u32 i = 0; i < block->edge_count; i++)
      if (target(v, b, i) >= v->c->blocks.len)
        return wm_jit_trouble(v->c, "b%u: target b%u", b, target(v, b, i));
  }
  return true;
}

bool wm_ir_verify(Compile *c, bool placed) {
  Verify *v = wm_jit_scratch(c, SCRATCH_VERIFY, sizeof *v);
  v->c = c;
  v->placed = placed;
  start(v);
  if (c->options.sabotage == SABOTAGE_REJECT) return wm_jit_trouble(v->c, "sabotage");
  if (!c->blocks.len) return wm_jit_trouble(v->c, "no entry");
  if (!check_shape(v) || !check_targets(v)) return false;
  wm_verify_number_blocks(v);
  return check_reachable(v) && wm_verify_dominance(v);
}
