/* Instruction selection for x86-64: blocks, nodes, virtual registers (x64_isel.h has the plan). */
#include "jit/x64/x64_isel.h"

#include "jit/x64/x64_machine.h"
#include "jit/x64/x64_simd.h"
#include "runtime/meanings.h"

/* ---- nodes ---- */

/* Stays although nobody uses its value. */
static bool must_stay(const Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  return wm_ir_is_effect(x) && !(x->flags & IR_SAFE) &&
         !(wm_ir_is_load(x) && (x->flags & IR_POINTER));
}

static void select_runtime(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_NOP, 8, NONE, NONE, NONE);
  put.site = c->node_sites.data[n];
  switch (x->op) {
  case IR_CONST: wm_isel_put_constant(c, n, d); return;
  case IR_POLL: put.op = LIR_POLL; break;
  case IR_FUEL: put.op = LIR_FUEL, put.imm = x->a; break;
  case IR_BARRIER:
    put.op = LIR_BARRIER, put.a = wm_isel_use(c, x->a), put.b = wm_isel_use(c, x->b);
    break;
  default:
    if (wm_x64_select_vector(c, n, d)) return;
    wm_jit_not_implemented(c, wm_ir_name(x->op));
  }
  wm_isel_put(c, put);
}

/* Whether this machine computes the row otherwise than by its meaning. */
static bool is_lowered(const Compile *c, u16 op) {
  if (op >= OP_COUNT || !wm_meaning(op)) return true;
  if (c->options.no_lowering) return false;
  return wm_x64_scalar_class(op) != SCALAR_NONE || wm_x64_vector_row(op);
}

/* d: the vreg of n's value, NONE for a node without. */
static void select_row(Compile *c, u32 n, u32 d) {
  u16 op = node_at(c, n)->op;
  if (!is_lowered(c, op)) {
    wm_isel_meaning(c, n, d);
    return;
  }
  switch (wm_x64_scalar_class(op)) {
  case SCALAR_INTEGER: wm_isel_integer(c, n, d); break;
  case SCALAR_FLOAT: wm_isel_float(c, n, d); break;
  case SCALAR_COMPARE: wm_isel_compare_value(c, n, d); break;
  case SCALAR_LOAD: wm_isel_load(c, n, d); break;
  case SCALAR_STORE: wm_isel_store(c, n); break;
  case SCALAR_NONE: select_runtime(c, n, d); break;
  }
}

/* Has its result in fixed registers, so it can do without a vreg. */
static bool is_division(u16 op) {
  switch (wm_x64_scalar_like(op)) {
  case OP_i32_div_s:
  case OP_i32_div_u:
  case OP_i32_rem_s:
  case OP_i32_rem_u: return true;
  default: return false;
  }
}

static void select_node(Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  u32 d = c->node_vreg.data[n];
  if (c->node_live.data[n] == LIVE_FOLDED) return;
  switch (x->op) {
  case IR_NOP:
  case IR_MEM0:
  case IR_ARG:
  case IR_PARAM: return;
  case IR_CALL: wm_isel_call(c, n); return;
  case IR_CALL_REF: wm_isel_call_ref(c, n); return;
  case IR_TAIL_CALL:
  case IR_TAIL_CALL_REF: wm_isel_tail_call(c, n); return;
  case IR_HELPER: wm_isel_helper(c, n); return;
  case IR_RESULT: wm_isel_result(c, n); return;
  case IR_TRAP_IF: wm_isel_trap_if(c, n); return;
  default: break;
  }
  if (wm_isel_join_halves(c, n)) return;
  if (wm_isel_atomic(c, n, d)) return;
  if (d == NONE && !must_stay(c, n)) return;
  if (d == NONE && x->type != T_NONE && !is_division(x->op)) d = wm_isel_vreg_of(c, n);
  switch (x->op) {
  case IR_SELECT: wm_isel_select(c, n, d); return;
  case IR_BOUNDS: wm_isel_bounds(c, n, d); return;
  case IR_MULH_S:
  case IR_MULH_U: wm_isel_product(c, n, NONE, d); return;
  case IR_INST_LOAD:
  case IR_PURE_LOAD: wm_isel_load(c, n, d); return;
  default: select_row(c, n, d);
  }
}

/* ---- blocks ---- */

static u32 edge_value(Compile *c, const Block *to, bool to_done, u32 i, u32 node) {
  u32 param = to->params + i;
  if (c->node_live.data[param] == LIVE_NO) return EDGE_UNUSED;
  if (to_done && c->node_vreg.data[param] == NONE) return EDGE_UNUSED;
  return wm_isel_use_edge_argument(c, node);
}

/* What the edges out of the block hand on. */
static void select_edges(Compile *c, const Block *b) {
  for (u32 i = b->edges; i < b->edges + b->edge_count; i++) {
    const Edge *e = edge_at(c, i);
    const Block *to = block_at(c, e->to);
    bool done = isel_of(c)->block_done.data[e->to];
    for (u32 k = 0; e->args && k < to->param_count; k++) {
      u32 *arg = &c->pool.data[e->args + 1 + k];
      *arg = edge_value(c, to, done, k, *arg);
    }
  }
}

static void select_terminator(Compile *c, const Block *b) {
  Lir x = wm_isel_lir(LIR_JUMP, 8, NONE, NONE, NONE);
  x.site = b->site;
  select_edges(c, b); /* constants that they need wait for the jump to be put */
  switch ((Terminator)b->term) {
  case TERM_NONE:
  case TERM_COUNT:
  case TERM_TAIL: return;
  case TERM_INVOKE:
  case TERM_JUMP: break;
  case TERM_BRANCH: wm_isel_branch(c, b->operand); return;
  case TERM_RETURN: wm_isel_return(c, b->table); return;
  case TERM_TRAP: x.op = LIR_TRAP, x.imm = b->trap_code; break;
  case TERM_SWITCH: x.op = LIR_SWITCH, x.width = 4, x.a = wm_isel_use(c, b->operand); break;
  }
  wm_isel_put(c, x);
}

static void select_block(Compile *c, u32 index) {
  Isel *s = isel_of(c);
  Block *b = block_at(c, index);
  s->block = index;
  s->epoch = b->end_epoch;
  b->lir_start = c->lir.len;
  select_terminator(c, b);
  for (u32 k = b->body_end; k-- > b->body_start;) {
    u32 n = c->body.data[k];
    s->epoch = c->node_epoch.data[n];
    select_node(c, n);
  }
  if (index == 0) wm_isel_arguments(c);
  b->lir_end = c->lir.len;
  s->block_done.data[index] = 1;
}

/* Everything was put in reverse. */
static void turn_round(Compile *c) {
  Lir *lir = c->lir.data;
  u32 len = c->lir.len;
  for (u32 i = 0; i < len / 2; i++) {
    Lir swap = lir[i];
    lir[i] = lir[len - 1 - i];
    lir[len - 1 - i] = swap;
  }
  for (u32 i = 0; i < c->order.len; i++) {
    Block *b = block_at(c, c->order.data[i]);
    u32 start = len - b->lir_end;
    b->lir_end = len - b->lir_start;
    b->lir_start = start;
  }
}

/* From nodes to vregs. */
static void turn_params(Compile *c) {
  c->param_vregs.len = 0;
  for (u32 i = 0; i < c->order.len; i++) {
    Block *b = block_at(c, c->order.data[i]);
    const u32 *vregs = c->node_vreg.data + b->params;
    b->params = c->param_vregs.len;
    jit_reserve(c, &c->param_vregs, b->param_count);
    for (u32 k = 0; k < b->param_count; k++) c->param_vregs.data[c->param_vregs.len++] = vregs[k];
  }
}

/* Numbers below VREG_FIRST are registers. */
static void number_registers(Compile *c) {
  jit_resize(c, &c->vreg_type, VREG_FIRST);
  jit_resize(c, &c->vreg_global, VREG_FIRST);
  memset(c->vreg_type.data, T_I64, FIRST_FLOAT);
  memset(c->vreg_type.data + FIRST_FLOAT, T_V128, VREG_FIRST - FIRST_FLOAT);
  memset(c->vreg_global.data, 0, VREG_FIRST);
}

static void start(Compile *c) {
  Isel *s = wm_jit_scratch(c, SCRATCH_ISEL, sizeof(Isel));
  s->pending.len = s->results.len = 0;
  s->sharing = false;
  c->lir.len = 0;
  c->outgoing_slots = c->meaning_calls = 0;
  c->has_calls = c->has_tail_calls = false;
  c->lir_pool.len = 0;
  *jit_push(c, &c->lir_pool) = 0; /* the empty list */
  jit_resize(c, &c->node_vreg, c->nodes.len);
  memset(c->node_vreg.data, 0xFF, (size_t)c->nodes.len * sizeof(u32));
  c->constants.len = 0;
  memset(s->numbered, 0, sizeof s->numbered); /* node 0 is no constant */
  jit_resize(c, &s->block_done, c->blocks.len);
  memset(s->block_done.data, 0, c->blocks.len);
  number_registers(c);
}

void wm_x64_select(Compile *c) {
  start(c);
  for (u32 i = c->order.len; i-- > 0;) select_block(c, c->order.data[i]);
  turn_round(c);
  turn_params(c);
}

void wm_x64_select_free(void *scratch) {
  Isel *s = scratch;
  vec_free(&s->pending);
  vec_free(&s->results);
  vec_free(&s->places);
  vec_free(&s->block_done);
}
