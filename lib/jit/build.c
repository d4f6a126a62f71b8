/* Control flow: blocks, environments, labels, calls and inlining, on-stack replacement (build.h).
 *
 * On-stack replacement starts at a loop's header with the interpreter's frame. What is in front of
 * the loop is read once to know the operands and locals there; then all nodes are thrown away, each
 * of these values becomes a load from the frame, and reading goes on at the loop. A loop L around
 * it is peeled, so that loops keep one entry:
 *
 *   entry -> [rest of L] -> (branches to L) -> header: [all of L once more]
 *
 * When the reader comes to L's end the branches to it are bound to a new block, in front of an
 * ordinary loop with the same body. */
#include "jit/build.h"

enum {
  MAX_NODES = 1 << 22,
  MAX_NODES_INLINING = 1 << 20, /* beyond, nothing is inlined */
  MAX_PEELED_BYTES = 1 << 20,   /* of the loops around an on-stack replacement */
  MAX_SAVED_WORDS = 1 << 26,    /* of environments: locals times branches */
  MAX_MERGED_WORDS = 1 << 29,   /* locals times labels: beyond, it would take too long */
  /* what is inlined, in bytes of wasm */
  TINY_BYTES = 14,
  LEAF_BYTES = 122,
  CALLER_BYTES = 42,
  RECURSIVE_BYTES = 62,
  ANY_BYTES = 2000, /* with options.inline_all */
  TINY_DEPTH = 6,   /* frames, the compiled function's included */
  MAX_DEPTH = 4,
  INLINE_LOCALS = 64,
};

/* ---- effects, sites, lists ---- */

/* The site of the instruction at `offset` of the current frame. */
static u32 site_at(Build *b, u32 offset) {
  Compile *c = b->c;
  u32 caller = frame_of(b)->site, last = c->sites.len - 1;
  if (last && c->sites.data[last].offset == offset && c->sites.data[last].caller == caller)
    return last;
  *jit_push(c, &c->sites) = (Site){offset, caller};
  return last + 1;
}

u32 wm_build_effect(Build *b, Node n) {
  u32 index = wm_ir_add(b->c, n);
  *jit_push(b->c, &b->c->effects) = index;
  return index;
}

static u32 effect_at(Build *b, Node n, u32 offset) {
  u32 site = site_at(b, offset), index = wm_build_effect(b, n);
  b->c->node_sites.data[index] = site;
  return index;
}

u32 wm_build_effect_at_site(Build *b, Node n) { return effect_at(b, n, b->in.offset); }

u32 wm_build_list(Build *b, const u32 *items, u32 count) {
  Compile *c = b->c;
  u32 list = c->pool.len;
  if (count == 0) return 0;
  jit_reserve(c, &c->pool, (u64)count + 1);
  c->pool.data[list] = count;
  memcpy(c->pool.data + list + 1, items, count * sizeof *items);
  c->pool.len += count + 1;
  return list;
}

/* ---- blocks ---- */

static u32 new_block(Build *b) {
  Compile *c = b->c;
  *jit_push(c, &c->blocks) = (Block){.effects_start = c->effects.len,
                                     .effects_end = c->effects.len,
                                     .params = c->nodes.len,
                                     .idom = NONE,
                                     .loop = NONE,
                                     .outer_loop = NONE};
  return c->blocks.len - 1;
}

/* Ends the current block, which stays `b->block`; returns the first of its edges. */
static u32 terminate(Build *b, Terminator term, u32 operand, u32 edge_count) {
  Compile *c = b->c;
  Block *block = block_at(c, b->block);
  u32 first = c->edges.len;
  block->effects_end = c->effects.len;
  block->term = (u8)term;
  block->operand = operand;
  block->edges = first;
  block->edge_count = edge_count;
  for (u32 i = 0; i < edge_count; i++) *jit_push(c, &c->edges) = (Edge){b->block, NONE, 0};
  return first;
}

/* Goes on in a new block whose only way in is `edge`, from the block just ended. */
static void follow(Build *b, u32 edge) {
  b->block = new_block(b);
  edge_at(b->c, edge)->to = b->block;
}

void wm_build_trap(Build *b, TrapCode code) {
  u32 site = site_at(b, b->in.offset);
  terminate(b, TERM_TRAP, 0, 0);
  Block *block = block_at(b->c, b->block);
  block->trap_code = (u8)code;
  block->site = site;
  block->is_cold = true;
  b->block = NONE;
}

void wm_build_trap_if(Build *b, u32 condition, TrapCode code) {
  if (is_const(b->c, condition)) {
    if (const_bits(b->c, condition)) wm_build_trap(b, code);
    return;
  }
  Node n = make_node(IR_TRAP_IF, T_NONE, condition, 0, 0);
  n.imm = (u8)code;
  wm_build_effect_at_site(b, n);
}

/* ---- fuel ---- */

/* The open region's charge gets its cost. */
static void close_region(Build *b) {
  if (!b->fuel_node) return;
  Node *n = node_at(b->c, b->fuel_node);
  n->a = b->fuel_cost;
  if (!b->fuel_cost) n->op = IR_NOP;
  b->fuel_node = 0;
}

static void open_region(Build *b) {
  if (!b->c->options.fuel) return;
  close_region(b);
  if (b->block == NONE) return;
  b->fuel_node = wm_build_effect_at_site(b, make_node(IR_FUEL, T_NONE, 0, 0, 0));
  b->fuel_cost = 0;
}

/* The instruction belongs to the open region, and may end it. */
static void count_fuel(Build *b) {
  bool ends = false;
  switch (b->in.op) {
  case OP_nop:
  case OP_block: return;
  case OP_loop:
  case OP_else:
  case OP_end: close_region(b); return;
  case OP_if:
  case OP_br:
  case OP_br_if:
  case OP_br_table:
  case OP_return:
  case OP_unreachable: ends = true; break;
  default: break;
  }
  if (!b->fuel_cost++) b->c->node_sites.data[b->fuel_node] = site_at(b, b->in.offset);
  if (ends) close_region(b);
}

/* ---- environments ---- */

static u32 save_words(Build *b, const u32 *words, u32 count) {
  u32 at = b->envs.len;
  if ((u64)at + count > MAX_SAVED_WORDS) wm_jit_leave(b->c, JIT_TOO_LARGE);
  jit_reserve(b->c, &b->envs, count);
  if (count) memcpy(b->envs.data + at, words, count * sizeof *words);
  b->envs.len += count;
  return at;
}

/* The locals as they are; shared while none changes. */
static u32 save_locals(Build *b) {
  if (b->saved_version != b->version) {
    b->saved_at = save_words(b, local_at(b, 0), frame_of(b)->local_count);
    b->saved_version = b->version;
  }
  return b->saved_at;
}

static u32 save_values(Build *b, u32 count) {
  return save_words(b, b->stack.data + b->stack.len - count, count);
}

static void add_pending(Build *b, u32 *list, u32 edge, Env env) {
  *jit_push(b->c, &b->pending) = (Pending){edge, env, *list};
  *list = b->pending.len - 1;
}

/* Many labels may share environments, so the budget of memory does not bound the time. */
static void count_work(Build *b, u32 words) {
  b->merged_words += words;
  if (b->merged_words > MAX_MERGED_WORDS) wm_jit_leave(b->c, JIT_TOO_LARGE);
}

/* Makes the saved locals the current ones. */
static void restore_locals(Build *b, u32 saved) {
  u32 count = frame_of(b)->local_count;
  if (b->saved_version == b->version && b->saved_at == saved) return;
  count_work(b, count);
  if (count) memcpy(local_at(b, 0), b->envs.data + saved, count * sizeof(u32));
  b->saved_version = ++b->version;
  b->saved_at = saved;
}

static void push_saved(Build *b, u32 saved, u32 count) {
  for (u32 i = 0; i < count; i++) push(b, b->envs.data[saved + i]);
}

static u32 row_of(const Pending *p, bool of_locals) {
  return of_locals ? p->env.locals : p->env.values;
}

/* Marks the columns in which the environments of the list differ; false: none. */
static bool mark_differences(Build *b, u32 list, bool of_locals, u32 count) {
  const Pending *p = &b->pending.data[list];
  u32 first = row_of(p, of_locals), before = first;
  bool any = false;
  while (p->next != NONE) {
    p = &b->pending.data[p->next];
    u32 row = row_of(p, of_locals);
    if (row == before || row == first) continue;
    before = row;
    count_work(b, count);
    if (!any) {
      jit_resize(b->c, &b->marks, count);
      memset(b->marks.data, 0, count * sizeof(u32));
    }
    any = true;
    const u32 *x = b->envs.data + first, *y = b->envs.data + row;
    u32 *marks = b->marks.data;
    for (u32 i = 0; i < count; i++) marks[i] |= x[i] ^ y[i];
  }
  return any;
}

/* Where the environments of the list differ, `values` become parameters of the current block, and
 * the columns are noted. False: nowhere. */
static bool merge_rows(Build *b, u32 list, bool of_locals, u32 *values, u32 count) {
  Compile *c = b->c;
  if (!count || !mark_differences(b, list, of_locals, count)) return false;
  u32 before = b->columns.len;
  for (u32 i = 0; i < count; i++) {
    if (!b->marks.data[i]) continue;
    u32 number = b->columns.len;
    values[i] = wm_ir_node(c, IR_PARAM, (IrType)type_of(b, values[i]), b->block, number, 0);
    *jit_push(c, &b->columns) = i;
  }
  return b->columns.len > before;
}

/* Aims the edges of the list at the current block, each with its values of the noted columns: the
 * first `of_locals` of these are locals. */
static void aim_edges(Build *b, u32 list, u32 of_locals) {
  Compile *c = b->c;
  u32 count = b->columns.len;
  for (u32 i = list; i != NONE; i = b->pending.data[i].next) {
    const Pending *p = &b->pending.data[i];
    Edge *edge = edge_at(c, p->edge);
    edge->to = b->block;
    if (!count) continue;
    jit_reserve(c, &c->pool, (u64)count + 1);
    edge->args = c->pool.len;
    u32 *args = c->pool.data + c->pool.len;
    c->pool.len += count + 1;
    *args++ = count;
    for (u32 k = 0; k < count; k++)
      args[k] = b->envs.data[row_of(p, k < of_locals) + b->columns.data[k]];
  }
}

/* Goes on in a new block to which the edges of the list come: the stack is `height` high, then come
 * the label's values. */
static void bind(Build *b, u32 list, u32 height, u32 value_count, bool with_locals) {
  Env first = b->pending.data[list].env;
  wm_mem_forget(b);
  b->block = new_block(b);
  b->columns.len = 0;
  if (with_locals) {
    restore_locals(b, first.locals);
    u32 count = frame_of(b)->local_count;
    if (merge_rows(b, list, true, local_at(b, 0), count)) b->version++;
  }
  u32 of_locals = b->columns.len;
  b->stack.len = height;
  push_saved(b, first.values, value_count);
  merge_rows(b, list, false, b->stack.data + height, value_count);
  block_at(b->c, b->block)->param_count = b->columns.len;
  aim_edges(b, list, of_locals);
}

/* ---- branches ---- */

static Control *control_at(Build *b, u32 depth) {
  return &b->controls.data[b->controls.len - 1 - depth];
}

static u32 label_arity(const Control *ctl) {
  bool takes_params = ctl->kind == CONTROL_LOOP || ctl->kind == CONTROL_PEELED;
  return takes_params ? ctl->param_count : ctl->result_count;
}

static u32 assigned_count(const Build *b, const Control *ctl) {
  const Frame *frame = &b->frames[b->frame_count - 1];
  u32 count = frame->facts->loops[ctl->loop].assigned_len;
  return count == ASSIGNS_ALL ? frame->local_count : count;
}

/* The i-th local that is assigned in the loop. */
static u32 assigned_local(const Build *b, const Control *ctl, u32 i) {
  const FuncFacts *facts = b->frames[b->frame_count - 1].facts;
  const LoopFacts *loop = &facts->loops[ctl->loop];
  return loop->assigned_len == ASSIGNS_ALL ? i : facts->assigned[loop->assigned_start + i];
}

static void link_to_header(Build *b, const Control *ctl, u32 edge) {
  Compile *c = b->c;
  u32 assigned = assigned_count(b, ctl), count = ctl->param_count + assigned;
  edge_at(c, edge)->to = ctl->header;
  if (!count) return;
  jit_reserve(c, &c->pool, (u64)count + 1);
  edge_at(c, edge)->args = c->pool.len;
  u32 *args = c->pool.data + c->pool.len;
  c->pool.len += count + 1;
  *args++ = count;
  const u32 *params = b->stack.data + b->stack.len - ctl->param_count;
  for (u32 i = 0; i < ctl->param_count; i++) *args++ = params[i];
  for (u32 i = 0; i < assigned; i++) *args++ = *local_at(b, assigned_local(b, ctl, i));
}

/* The environment that a branch to the label carries. */
static Env label_env(Build *b, const Control *ctl) {
  u32 locals = ctl->kind == CONTROL_INLINE ? 0 : save_locals(b);
  return (Env){locals, save_values(b, label_arity(ctl))};
}

static void link_edge(Build *b, Control *ctl, u32 edge) {
  if (ctl->kind == CONTROL_LOOP) {
    ctl->has_back_edge = true;
    link_to_header(b, ctl, edge);
  } else {
    add_pending(b, &ctl->pending, edge, label_env(b, ctl));
  }
}

/* The current block returns from the compiled function. */
static void build_return(Build *b, u32 count) {
  u32 list = wm_build_list(b, b->stack.data + b->stack.len - count, count);
  terminate(b, TERM_RETURN, 0, 0);
  block_at(b->c, b->block)->table = list;
}

/* An edge to a return: through a block of its own. */
static void link_to_return(Build *b, const Control *ctl, u32 edge) {
  u32 here = b->block;
  follow(b, edge);
  build_return(b, ctl->result_count);
  b->block = here;
}

static void go_to(Build *b, Control *ctl) {
  if (ctl->kind == CONTROL_BODY)
    build_return(b, ctl->result_count);
  else
    link_edge(b, ctl, terminate(b, TERM_JUMP, 0, 1));
  b->block = NONE;
}

static void link_any(Build *b, Control *ctl, u32 edge) {
  if (ctl->kind == CONTROL_BODY)
    link_to_return(b, ctl, edge);
  else
    link_edge(b, ctl, edge);
}

static void br_if(Build *b) {
  Control *ctl = control_at(b, b->in.index);
  u32 condition = pop(b);
  if (is_const(b->c, condition)) {
    if (const_bits(b->c, condition)) go_to(b, ctl);
  } else {
    u32 edge = terminate(b, TERM_BRANCH, condition, 2);
    link_any(b, ctl, edge);
    follow(b, edge + 1);
  }
  open_region(b);
}

/* ---- br_table ---- */

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
    if (values == NONE) values = save_values(b, label_arity(ctl));
    u32 locals = ctl->kind == CONTROL_INLINE ? 0 : save_locals(b);
    add_pending(b, &ctl->pending, edge, (Env){locals, values});
  }
}

static void br_table(Build *b) {
  Compile *c = b->c;
  u32 index = pop(b), labels = b->in.vec.count;
  if (is_const(c, index)) {
    u32 entry = (u32)min_u64(const_bits(c, index), labels);
    go_to(b, control_at(b, table_label(b->in.vec.items, entry)));
    return;
  }
  u32 edges = number_targets(b), first;
  if (edges == 1) {
    go_to(b, control_at(b, table_label(b->in.vec.items, 0)));
    return;
  }
  if (labels == 1) { /* edge 0 when the index is not 0: the default's */
    first = terminate(b, TERM_BRANCH, index, 2);
    const u8 *items = b->in.vec.items;
    Control *zero = control_at(b, wm_instr_next_label(&items));
    link_any(b, zero, first + 1);
    link_any(b, control_at(b, wm_instr_next_label(&items)), first);
  } else {
    u32 list = wm_build_list(b, b->table.data, labels + 1);
    first = terminate(b, TERM_SWITCH, index, edges);
    block_at(c, b->block)->table = list;
    link_targets(b, first);
  }
  b->block = NONE;
}

/* ---- blocks of wasm ---- */

static Control *open_control(Build *b, ControlKind kind) {
  const BlockType *type = &b->in.block;
  Control ctl = {.kind = (u8)kind,
                 .pending = NONE,
                 .else_edge = NONE,
                 .resume = NONE,
                 .exits = NONE,
                 .known_len = b->known.len};
  if (type->kind == BLOCK_VALUE) ctl.result_count = 1;
  if (type->kind == BLOCK_TYPE) {
    ctl.param_count = b->module->types[type->type_index].param_count;
    ctl.result_count = b->module->types[type->type_index].result_count;
  }
  ctl.height = b->stack.len - ctl.param_count;
  Control *made = jit_push(b->c, &b->controls);
  *made = ctl;
  return made;
}

static void param_for(Build *b, u32 header, u32 *value) {
  Block *block = block_at(b->c, header);
  *value = wm_ir_node(b->c, IR_PARAM, (IrType)type_of(b, *value), header, block->param_count, 0);
  block->param_count++;
}

/* The control's loop begins: a header with parameters for its operands and what it assigns. */
static void begin_loop(Build *b, Control *ctl) {
  u32 entry = terminate(b, TERM_JUMP, 0, 1), header = new_block(b);
  ctl->kind = CONTROL_LOOP;
  ctl->header = header;
  link_to_header(b, ctl, entry);
  for (u32 i = 0; i < ctl->param_count; i++) param_for(b, header, &b->stack.data[ctl->height + i]);
  u32 assigned = assigned_count(b, ctl);
  for (u32 i = 0; i < assigned; i++) param_for(b, header, local_at(b, assigned_local(b, ctl, i)));
  block_at(b->c, header)->is_loop = true;
  b->version++;
  b->block = header;
  wm_mem_forget(b);
  u32 offset = frame_of(b)->facts->loops[ctl->loop].offset;
  effect_at(b, make_node(IR_POLL, T_NONE, 0, 0, 0), offset);
  open_region(b);
}

static void open_if(Build *b) {
  u32 condition = pop(b);
  Control *ctl = open_control(b, CONTROL_IF);
  if (is_const(b->c, condition)) {
    if (!const_bits(b->c, condition)) {
      ctl->resume = b->block;
      b->block = NONE;
    }
  } else {
    ctl->else_env = (Env){save_locals(b), save_values(b, ctl->param_count)};
    u32 edge = terminate(b, TERM_BRANCH, condition, 2);
    ctl->else_edge = edge + 1;
    follow(b, edge);
  }
  open_region(b);
}

static void open_else(Build *b) {
  Control *ctl = control_at(b, 0);
  if (b->block != NONE) go_to(b, ctl);
  ctl->kind = CONTROL_ELSE;
  b->known.len = ctl->known_len;
  if (ctl->else_edge != NONE) {
    wm_mem_forget(b);
    restore_locals(b, ctl->else_env.locals);
    b->stack.len = ctl->height;
    push_saved(b, ctl->else_env.values, ctl->param_count);
    follow(b, ctl->else_edge);
    ctl->else_edge = NONE;
  } else {
    b->block = ctl->resume;
    ctl->resume = NONE;
  }
  open_region(b);
}

/* Behind a block: where its label's edges and the current block meet. */
static void join(Build *b, const Control *ctl, u32 list, u32 value_count, bool with_locals) {
  b->known.len = ctl->known_len;
  bind(b, list, ctl->height, value_count, with_locals);
}

static void jump_pending(Build *b, u32 *list, u32 value_count) {
  if (b->block == NONE) return;
  Env env = {save_locals(b), save_values(b, value_count)};
  add_pending(b, list, terminate(b, TERM_JUMP, 0, 1), env);
  b->block = NONE;
}

/* Nothing came back: the loop is none. */
static void forget_loop(Build *b, const Control *ctl) {
  Block *header = block_at(b->c, ctl->header);
  header->is_loop = false;
  node_at(b->c, b->c->effects.data[header->effects_start])->op = IR_NOP; /* the poll */
}

static void close_loop(Build *b) {
  Control ctl = b->controls.data[--b->controls.len];
  if (!ctl.has_back_edge) forget_loop(b, &ctl);
  if (ctl.exits != NONE) {
    jump_pending(b, &ctl.exits, ctl.result_count);
    join(b, &ctl, ctl.exits, ctl.result_count, true);
  } else if (b->block == NONE) {
    b->stack.len = ctl.height;
  }
}

/* The rest of a loop around the one started at has been read: if it branches back, the loop comes
 * once more, as an ordinary one. */
static void close_peeled(Build *b) {
  Control *ctl = control_at(b, 0);
  u32 back = ctl->pending;
  if (back == NONE) {
    b->controls.len--;
    return;
  }
  jump_pending(b, &ctl->exits, ctl->result_count);
  join(b, ctl, back, ctl->param_count, true);
  ctl->pending = NONE;
  frame_of(b)->reader.pos = ctl->body;
  frame_of(b)->next_loop = ctl->loop + 1;
  begin_loop(b, ctl);
}

static void close_block(Build *b) {
  Control *ctl = control_at(b, 0);
  if (ctl->else_edge != NONE) {
    add_pending(b, &ctl->pending, ctl->else_edge, ctl->else_env);
  } else if (ctl->resume != NONE) {
    b->block = ctl->resume;
  }
  if (ctl->pending != NONE) {
    if (b->block != NONE) go_to(b, ctl);
    join(b, ctl, ctl->pending, ctl->result_count, ctl->kind != CONTROL_INLINE);
  } else if (b->block == NONE) {
    b->stack.len = ctl->height;
  }
  b->controls.len--;
}

/* ---- functions ---- */

static void push_zeros(Build *b, u32 count, ValType type) {
  IrType t = wm_jit_type(type);
  u32 zero = t == T_V128 ? wm_ir_vector(b->c, (V128){0}) : wm_ir_const(b->c, t, 0);
  jit_reserve(b->c, &b->locals, count);
  for (u32 i = 0; i < count; i++) b->locals.data[b->locals.len++] = zero;
}

/* A frame for the function, whose arguments are the last ones in Build.locals. */
static void open_frame(Build *b, u32 func_index, u32 site) {
  const FuncDecl *decl = &b->module->funcs[func_index];
  const SubType *type = module_func_type(b->module, func_index);
  Frame *frame = &b->frames[b->frame_count++];
  *frame = (Frame){
      .reader = wm_reader_at(b->module, decl->code_offset, decl->code_bytes, &b->err),
      .facts = &decl->facts,
      .func_index = func_index,
      .local_start = b->locals.len - type->param_count,
      .local_count = decl->facts.local_count,
      .control_base = b->controls.len,
      .site = site,
      .fuel_node = b->fuel_node,
      .fuel_cost = b->fuel_cost,
  };
  for (u32 runs = wm_reader_u32(&frame->reader); runs > 0; runs--) {
    u32 count = wm_reader_u32(&frame->reader);
    push_zeros(b, count, wm_reader_valtype(&frame->reader));
  }
  b->version++;
  b->fuel_node = 0;
  b->in.block.kind = BLOCK_EMPTY;
  Control *ctl = open_control(b, b->frame_count == 1 ? CONTROL_BODY : CONTROL_INLINE);
  ctl->result_count = type->result_count;
}

static void close_inlined(Build *b) {
  close_block(b);
  close_region(b);
  const Frame *frame = frame_of(b);
  b->locals.len = frame->local_start;
  b->fuel_node = frame->fuel_node;
  b->fuel_cost = frame->fuel_cost;
  b->frame_count--;
  b->version++;
}

static void close_body(Build *b) {
  if (b->block != NONE) build_return(b, control_at(b, 0)->result_count);
  close_region(b);
  b->block = NONE;
  b->controls.len--;
}

static void build_end(Build *b) {
  switch ((ControlKind)control_at(b, 0)->kind) {
  case CONTROL_BODY: close_body(b); return;
  case CONTROL_INLINE: close_inlined(b); return; /* the caller's region goes on */
  case CONTROL_LOOP: close_loop(b); break;
  case CONTROL_PEELED: {
    u32 before = b->controls.len;
    close_peeled(b);
    if (b->controls.len == before) return; /* it has begun anew */
    break;
  }
  default: close_block(b); break;
  }
  open_region(b);
}

/* ---- calls ---- */

/* How often the function is on the stack of frames. */
static u32 recursion_depth(const Build *b, u32 func_index) {
  u32 depth = 0;
  for (u32 i = 0; i < b->frame_count; i++) depth += b->frames[i].func_index == func_index;
  return depth;
}

static bool should_inline(const Build *b, u32 func_index) {
  const JitOptions *options = &b->c->options;
  const FuncDecl *decl = &b->module->funcs[func_index];
  u32 size = decl->code_bytes, depth = b->frame_count;
  u32 recursive = recursion_depth(b, func_index);
  if (options->no_inline || b->scanning || decl->facts.local_count > INLINE_LOCALS) return false;
  if (depth >= MAX_FRAMES - 1 || recursive > 1 || b->c->nodes.len > MAX_NODES_INLINING)
    return false;
  if (size <= TINY_BYTES && depth == 1) return true;
  if (size > b->inline_budget_bytes || depth >= MAX_DEPTH) return false;
  if (options->inline_all) return size <= ANY_BYTES;
  if (recursive) return size <= RECURSIVE_BYTES;
  return size <= (decl->facts.calls ? CALLER_BYTES : LEAF_BYTES);
}

static void begin_inlined(Build *b, u32 func_index) {
  u32 params = module_func_type(b->module, func_index)->param_count;
  u32 size = b->module->funcs[func_index].code_bytes;
  u32 site = site_at(b, b->in.offset);
  b->inline_budget_bytes -= min_u32(size, b->inline_budget_bytes);
  b->stack.len -= params;
  jit_reserve(b->c, &b->locals, params);
  if (params)
    memcpy(b->locals.data + b->locals.len, b->stack.data + b->stack.len, params * sizeof(u32));
  b->locals.len += params;
  open_frame(b, func_index, site);
  open_region(b);
}

/* The call as an effect; arguments from the stack, results to it. */
static void finish_call(Build *b, Node n, const SubType *type) {
  u32 count = type->param_count, results = type->result_count;
  n.b = wm_build_list(b, b->stack.data + b->stack.len - count, count);
  b->stack.len -= count;
  if (results == 1) n.type = (u8)(wm_jit_type(type->results[0]) & 15);
  u32 node = wm_build_effect_at_site(b, n);
  wm_mem_forget(b);
  if (results == 1) push(b, node);
  for (u32 i = 0; i < results && results > 1; i++)
    push(b, wm_build_effect(b, make_node(IR_RESULT, wm_jit_type(type->results[i]), node, i, 0)));
}

void wm_build_call_ref(Build *b, u32 address, u32 type_index, bool is_import) {
  Node n = make_node(IR_CALL_REF, T_NONE, address, 0, type_index);
  n.imm = is_import;
  finish_call(b, n, &b->module->types[type_index]);
}

static void call(Build *b) {
  u32 index = b->in.index;
  if (index < b->module->func_import_count) {
    u32 address = instance_word(b, b->layout.funcs, index);
    wm_build_call_ref(b, address, b->module->funcs[index].type_index, true);
  } else if (should_inline(b, index)) {
    begin_inlined(b, index);
  } else {
    finish_call(b, make_node(IR_CALL, T_NONE, index, 0, 0), module_func_type(b->module, index));
  }
}

/* ---- on-stack replacement ---- */

static void keep_values(Build *b, const u32 *nodes, u32 count) {
  for (u32 i = 0; i < count; i++) {
    const Node *n = node_at(b->c, nodes[i]);
    KeptValue kept = {.type = n->type, .is_const = n->op == IR_CONST};
    if (kept.is_const && n->type == T_V128)
      kept.bits = b->c->vectors.data[n->a];
    else if (kept.is_const)
      kept.bits.u64x2[0] = const_bits(b->c, nodes[i]);
    *jit_push(b->c, &b->kept) = kept;
  }
}

/* A value of the interpreter's frame; what is constant there need not be in its slot. */
static u32 restore_value(Build *b, const KeptValue *kept, u32 frame, u32 slot) {
  static const u16 loads[] = {0, OP_i32_load, OP_i64_load, OP_f32_load, OP_f64_load, OP_v128_load};
  if (!kept->is_const) return wm_mem_load_word(b, loads[kept->type], frame, (size_t)slot * 8);
  if (kept->type == T_V128) return wm_ir_vector(b->c, kept->bits);
  return wm_ir_const(b->c, (IrType)kept->type, kept->bits.u64x2[0]);
}

/* Locals and operands from their slots (runtime/frame.h). */
static void restore_frame(Build *b, u32 frame) {
  const SubType *type = module_func_type(b->module, b->c->func_index);
  const KeptValue *kept = b->kept.data;
  u32 slot = 0, locals = frame_of(b)->local_count;
  for (u32 i = 0; i <= locals; i++) {
    if (i == type->param_count)
      slot = max_u32(type->param_slots, type->result_slots) + FRAME_LINK_SLOTS;
    if (i == locals) break;
    *local_at(b, i) = restore_value(b, &kept[i], frame, slot);
    slot += type_slots(kept[i].type);
  }
  for (u32 i = 0; i < b->stack.len; i++) {
    b->stack.data[i] = restore_value(b, &kept[locals + i], frame, slot);
    slot += type_slots(kept[locals + i].type);
  }
}

/* What the scanned code left in the controls goes; loops around the innermost are peeled. */
static void reset_controls(Build *b) {
  const FuncFacts *facts = frame_of(b)->facts;
  u64 peeled_bytes = 0;
  for (u32 i = 0; i < b->controls.len; i++) {
    Control *ctl = &b->controls.data[i];
    ctl->pending = ctl->else_edge = ctl->resume = NONE;
    ctl->known_len = 0;
    ctl->has_back_edge = false;
    if (ctl->kind != CONTROL_LOOP || i == b->controls.len - 1) continue;
    const LoopFacts *loop = &facts->loops[ctl->loop];
    ctl->kind = CONTROL_PEELED;
    peeled_bytes += loop->end_offset - loop->offset;
  }
  if (peeled_bytes > MAX_PEELED_BYTES) wm_jit_leave(b->c, JIT_TOO_LARGE);
}

/* Empties the function but for its vectors. */
static void reset_nodes(Build *b) {
  Compile *c = b->c;
  c->nodes.len = c->node_sites.len = c->sites.len = c->blocks.len = 0;
  c->edges.len = c->effects.len = c->pool.len = 0;
  *jit_push(c, &c->pool) = 0;
  *jit_push(c, &c->sites) = (Site){0, NONE};
  wm_ir_reset(c, b->module->funcs[c->func_index].code_bytes);
  wm_ir_node(c, IR_NOP, T_NONE, 0, 0, 0);
  b->known.len = b->pending.len = b->envs.len = 0;
  jit_reserve(c, &b->envs, 1);
  b->fuel_node = 0;
  b->version++;
  wm_mem_forget(b);
  b->block = new_block(b);
}

/* The loop to start at has been opened: begins the function anew there. */
static void start_here(Build *b) {
  Compile *c = b->c;
  b->scanning = false;
  b->kept.len = 0;
  keep_values(b, b->locals.data, b->locals.len);
  keep_values(b, b->stack.data, b->stack.len);
  reset_nodes(b);
  reset_controls(b);
  c->arg_count = 1;
  restore_frame(b, wm_ir_node(c, IR_ARG, T_I64, 0, 0, 0));
  begin_loop(b, control_at(b, 0));
}

/* ---- the reader ---- */

static void open_loop(Build *b) {
  Frame *frame = frame_of(b);
  Control *ctl = open_control(b, CONTROL_LOOP);
  ctl->loop = frame->next_loop++;
  ctl->body = frame->reader.pos;
  assert(frame->facts->loops[ctl->loop].offset == b->in.offset);
  begin_loop(b, ctl);
  if (b->scanning && b->in.offset == b->c->osr_offset) start_here(b);
}

/* Reads over code that cannot be reached, to the `else` or `end` of the innermost block. */
static bool skip_unreachable(Build *b) {
  Frame *frame = frame_of(b);
  u32 nested = 0;
  while (wm_instr_read(&frame->reader, &b->in)) {
    if (b->fuel_node) count_fuel(b); /* a trap that we foresee is none to the other tier */
    switch (b->in.op) {
    case OP_loop:
      frame->next_loop++;
      nested++;
      break;
    case OP_block:
    case OP_if:
    case OP_try_table: nested++; break;
    case OP_else:
      if (nested == 0) return true;
      break;
    case OP_end:
      if (nested-- == 0) return true;
      break;
    default: break;
    }
  }
  return false;
}

static void build_one(Build *b) {
  switch (b->in.op) {
  case OP_unreachable: wm_build_trap(b, TRAP_UNREACHABLE); break;
  case OP_block: open_control(b, CONTROL_BLOCK); break;
  case OP_loop: open_loop(b); break;
  case OP_if: open_if(b); break;
  case OP_else: open_else(b); break;
  case OP_end: build_end(b); break;
  case OP_br: go_to(b, control_at(b, b->in.index)); break;
  case OP_br_if: br_if(b); break;
  case OP_br_table: br_table(b); break;
  case OP_return: go_to(b, &b->controls.data[frame_of(b)->control_base]); break;
  case OP_call: call(b); break;
  default: wm_build_instruction(b); break;
  }
}

static void build_body(Build *b) {
  while (b->controls.len) {
    bool is_read =
        b->block == NONE ? skip_unreachable(b) : wm_instr_read(&frame_of(b)->reader, &b->in);
    if (!is_read || b->c->nodes.len > MAX_NODES) wm_jit_leave(b->c, JIT_TOO_LARGE);
    if (b->fuel_node && b->block != NONE) count_fuel(b);
    build_one(b);
  }
}

/* ---- the pass ---- */

static void open_function(Build *b) {
  Compile *c = b->c;
  const SubType *type = module_func_type(b->module, c->func_index);
  c->arg_count = type->param_count;
  for (u32 i = 0; i < type->param_count; i++)
    *jit_push(c, &b->locals) = wm_ir_node(c, IR_ARG, wm_jit_type(type->params[i]), i, 0, 0);
  open_frame(b, c->func_index, NONE);
  b->in.offset = (u32)reader_offset(&frame_of(b)->reader);
  open_region(b);
}

void wm_jit_build(Compile *c) {
  Build *b = wm_jit_scratch(c, SCRATCH_BUILD, sizeof *b);
  b->c = c;
  b->module = c->module;
  b->layout = wm_instance_layout(c->loaded);
  b->err.code = ERR_NONE;
  b->scanning = c->osr_offset != 0;
  b->frame_count = b->controls.len = b->locals.len = b->stack.len = 0;
  b->inline_budget_bytes = c->module->funcs[c->func_index].code_bytes * 2 + 400;
  if (c->options.inline_all) b->inline_budget_bytes *= 16;
  b->merged_words = 0;
  c->vectors.len = 0;
  jit_reserve(c, &b->locals, 1); /* not NULL, so that empty ranges are fine */
  jit_reserve(c, &b->stack, 1);
  reset_nodes(b);
  open_function(b);
  build_body(b);
  if (b->scanning) wm_jit_leave(c, JIT_TOO_LARGE); /* the loop is never reached */
}

void wm_build_scratch_free(void *scratch) {
  Build *b = scratch;
  vec_free(&b->controls);
  vec_free(&b->locals);
  vec_free(&b->stack);
  vec_free(&b->pending);
  vec_free(&b->envs);
  vec_free(&b->marks);
  vec_free(&b->columns);
  vec_free(&b->table);
  vec_free(&b->kept);
  vec_free(&b->known);
}
