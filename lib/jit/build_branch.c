/* Branches to labels: `br`, `br_if`, `br_table`, and returning. A branch back goes to a loop's
 * header at once; one forward waits for its label's block (build_env.c). */
#include "jit/build.h"
#include "jit/hints.h"

/* ---- edges to labels ---- */

/* What a branch takes along: to a loop its parameters. A peeled loop is one whose rest is being
 * read. */
static u32 label_arity(const Control *ctl) {
  bool takes_params = ctl->kind == CONTROL_LOOP || ctl->kind == CONTROL_PEELED;
  return takes_params ? ctl->param_count : ctl->result_count;
}

/* Locals of which the header has a parameter; where validation gave up counting, all. */
u32 wm_build_assigned_count(const Build *b, const Control *ctl) {
  const Frame *frame = &b->frames[b->frame_count - 1];
  u32 count = frame->facts->loops[ctl->loop].assigned_len;
  return count == ASSIGNS_ALL ? frame->local_count : count;
}

/* The i-th local that is assigned in the loop. */
u32 wm_build_assigned_local(const Build *b, const Control *ctl, u32 i) {
  const FuncFacts *facts = b->frames[b->frame_count - 1].facts;
  const LoopFacts *loop = &facts->loops[ctl->loop];
  return loop->assigned_len == ASSIGNS_ALL ? i : facts->assigned[loop->assigned_start + i];
}

void wm_build_link_to_header(Build *b, const Control *ctl, u32 edge) {
  Compile *c = b->c;
  u32 assigned = wm_build_assigned_count(b, ctl), count = ctl->param_count + assigned;
  edge_at(c, edge)->to = ctl->header;
  if (!count) return;
  jit_reserve(c, &c->pool, (u64)count + 1);
  edge_at(c, edge)->args = c->pool.len;
  u32 *args = c->pool.data + c->pool.len;
  c->pool.len += count + 1;
  *args++ = count;
  /* Arguments in the order of the header's parameters: operands, then assigned locals. */
  const u32 *params = b->stack.data + b->stack.len - ctl->param_count;
  for (u32 i = 0; i < ctl->param_count; i++) *args++ = params[i];
  for (u32 i = 0; i < assigned; i++) *args++ = *local_at(b, wm_build_assigned_local(b, ctl, i));
}

/* The environment that a branch to the label carries. */
static Env label_env(Build *b, const Control *ctl) {
  u32 locals = ctl->kind == CONTROL_INLINE ? 0 : wm_build_save_locals(b);
  return (Env){locals, wm_build_save_values(b, label_arity(ctl))};
}

static void link_edge(Build *b, Control *ctl, u32 edge) {
  if (ctl->kind == CONTROL_LOOP) {
    ctl->has_back_edge = true;
    wm_build_link_to_header(b, ctl, edge);
  } else {
    wm_build_pend(b, &ctl->pending, edge, label_env(b, ctl));
    if (label_arity(ctl) == 1) wm_refs_take_along(b, b->stack.data[b->stack.len - 1]);
    wm_build_keep_envs(b, ctl);
  }
}

/* The current block returns from the compiled function. */
void wm_build_return(Build *b, u32 count) {
  u32 list = wm_build_list(b, b->stack.data + b->stack.len - count, count);
  wm_build_terminate(b, TERM_RETURN, 0, 0);
  block_at(b->c, b->block)->table = list;
}

/* An edge to a return: through a block of its own. */
static void link_to_return(Build *b, const Control *ctl, u32 edge) {
  u32 here = b->block;
  wm_build_follow(b, edge);
  wm_build_return(b, ctl->result_count);
  b->block = here;
}

void wm_build_go_to(Build *b, Control *ctl) {
  if (ctl->kind == CONTROL_BODY)
    wm_build_return(b, ctl->result_count);
  else
    link_edge(b, ctl, wm_build_terminate(b, TERM_JUMP, 0, 1));
  b->block = NONE;
}

static void link_any(Build *b, Control *ctl, u32 edge) {
  if (ctl->kind == CONTROL_BODY)
    link_to_return(b, ctl, edge);
  else
    link_edge(b, ctl, edge);
}

u8 wm_build_unlikely_edge(const Build *b) {
  switch (wm_hints_find(b->c->loaded, b->in.offset)) {
  case LIKELY_ZERO: return 1;
  case LIKELY_NOT_ZERO: return 2;
  default: return 0;
  }
}

static bool is_held(const Build *b, u32 node) {
  bool held = false;
  for (u32 i = 0; i < b->stack.len && !held; i++) held = b->stack.data[i] == node;
  for (u32 i = 0; i < b->locals.len && !held; i++) held = b->locals.data[i] == node;
  return held;
}

/* Nothing was made in the block but the condition. */
static bool is_alone(const Build *b, const Block *block, u32 condition) {
  if (block->effects_start != b->c->effects.len) return false;
  for (u32 n = block->params + 1; n < b->c->nodes.len; n++)
    if (n != condition && !is_const(b->c, n)) return false;
  return true;
}

void wm_build_note_question(Build *b, u32 condition) {
  const Node *n = node_at(b->c, condition);
  u32 param = condition;
  if (n->op == OP_i32_eq && is_const(b->c, n->b) && !const_bits(b->c, n->b)) param = n->a;
  const Node *asked = node_at(b->c, param);
  Block *block = block_at(b->c, b->block);
  if (asked->op != IR_PARAM || asked->a != b->block || b->c->options.no_opt) return;
  block->asks_param = block->param_count == 1 && !block->is_loop && is_alone(b, block, condition) &&
                      !is_held(b, param) && !is_held(b, condition);
}

/* Branches to the label, whose values are on top, when the i32 is not 0. */
static void branch_if(Build *b, Control *ctl, u32 condition) {
  if (is_const(b->c, condition)) {
    if (const_bits(b->c, condition)) wm_build_go_to(b, ctl);
  } else {
    wm_build_note_question(b, condition);
    u32 edge = wm_build_terminate(b, TERM_BRANCH, condition, 2);
    block_at(b->c, b->block)->unlikely = wm_build_unlikely_edge(b);
    link_any(b, ctl, edge);
    wm_build_follow(b, edge + 1);
    wm_refs_learn_condition(b, condition, false);
  }
  wm_build_open_region(b);
}

void wm_build_br_if(Build *b) {
  u32 condition = pop(b);
  branch_if(b, control_at(b, b->in.index), condition);
}

void wm_build_br_on_null(Build *b) {
  u32 reference = pop(b);
  branch_if(b, control_at(b, b->in.index), wm_refs_is_null(b, reference));
  push(b, reference);
}

void wm_build_br_on_non_null(Build *b) {
  u32 is_null = wm_refs_is_null(b, b->stack.data[b->stack.len - 1]);
  branch_if(b, control_at(b, b->in.index), pure(b, OP_i32_eqz, is_null, 0));
  pop(b);
}

/* The reference goes with the branch, and stays. */
void wm_build_br_on_cast(Build *b) {
  u32 is = wm_build_cast_test(b, b->stack.data[b->stack.len - 1]);
  if (b->in.op == OP_br_on_cast_fail) is = pure(b, OP_i32_eqz, is, 0);
  branch_if(b, control_at(b, b->in.index), is);
}

/* ---- br_table ---- */

/* The entry's label, the default's for the last one. */
static u32 table_label(const u8 *items, u32 entry) {
  u32 label = 0;
  for (u32 i = 0; i <= entry; i++) label = wm_instr_next_label(&items);
  return label;
}

/* Fills Build.table with the number of each entry's edge; returns how many edges. */
static u32 number_targets(Build *b) {
  const u8 *items = b->in.vec.items;
  u32 count = b->in.vec.count + 1, edges = 0;
  b->table_round++;
  jit_resize(b->c, &b->table, count);
  for (u32 i = 0; i < count; i++) {
    Control *ctl = control_at(b, wm_instr_next_label(&items));
    if (ctl->table_round != b->table_round) {
      ctl->table_round = b->table_round;
      ctl->table_edge = edges++;
    }
    b->table.data[i] = ctl->table_edge;
  }
  return edges;
}

/* Links the edges; the environments, alike for all labels that go forward, are saved once. */
static void link_targets(Build *b, u32 first_edge) {
  const u8 *items = b->in.vec.items;
  u32 count = b->in.vec.count + 1, next = 0, values = NONE;
  for (u32 i = 0; i < count; i++) {
    Control *ctl = control_at(b, wm_instr_next_label(&items));
    u32 edge = first_edge + ctl->table_edge;
    if (b->table.data[i] != next) continue; /* linked before */
    next++;
    if (ctl->kind == CONTROL_BODY || ctl->kind == CONTROL_LOOP) {
      link_any(b, ctl, edge);
      continue;
    }
    if (values == NONE) values = wm_build_save_values(b, label_arity(ctl));
    u32 locals = ctl->kind == CONTROL_INLINE ? 0 : wm_build_save_locals(b);
    wm_build_pend(b, &ctl->pending, edge, (Env){locals, values});
    wm_build_keep_envs(b, ctl);
  }
}

void wm_build_br_table(Build *b) {
  Compile *c = b->c;
  u32 index = pop(b), labels = b->in.vec.count;
  if (is_const(c, index)) {
    u32 entry = (u32)min_u64(const_bits(c, index), labels);
    wm_build_go_to(b, control_at(b, table_label(b->in.vec.items, entry)));
    return;
  }
  u32 edges = number_targets(b), first;
  if (edges == 1) {
    wm_build_go_to(b, control_at(b, table_label(b->in.vec.items, 0)));
    return;
  }
  if (labels == 1) { /* edge 0 when the index is not 0: the default's */
    first = wm_build_terminate(b, TERM_BRANCH, index, 2);
    const u8 *items = b->in.vec.items;
    Control *zero = control_at(b, wm_instr_next_label(&items));
    link_any(b, zero, first + 1);
    link_any(b, control_at(b, wm_instr_next_label(&items)), first);
  } else {
    u32 list = wm_build_list(b, b->table.data, labels + 1);
    first = wm_build_terminate(b, TERM_SWITCH, index, edges);
    block_at(c, b->block)->table = list;
    link_targets(b, first);
  }
  b->block = NONE;
}
