/* Blocks of wasm: `block`, `loop`, `if` and `else` are opened, and closed at their `end` or where
 * they are left for good. */
#include "jit/build.h"

/* ---- opening ---- */

Control *wm_build_open_control(Build *b, ControlKind kind) {
  const BlockType *type = &b->in.block;
  Control ctl = {.kind = (u8)kind,
                 .pending = NONE,
                 .else_edge = NONE,
                 .resume = NONE,
                 .exits = NONE,
                 .pad = NONE,
                 .next_edge = NONE,
                 .known = known_scope(b),
                 .type_index = NO_TYPE,
                 .envs_len = b->envs.len,
                 .kept_for = NONE};
  if (type->kind == BLOCK_VALUE) {
    ctl.result_count = 1;
    ctl.result = type->value;
  }
  if (type->kind == BLOCK_TYPE) {
    ctl.type_index = type->type_index;
    ctl.param_count = b->module->types[type->type_index].param_count;
    ctl.result_count = b->module->types[type->type_index].result_count;
  }
  ctl.height = b->stack.len - ctl.param_count;
  ctl.catcher = catcher_among(b, b->controls.len);
  if (b->controls.len > frame_of(b)->control_base) {
    const Control *around = control_at(b, 0);
    ctl.catch_depth = around->catch_depth + (around->kind == CONTROL_CATCH);
  }
  Control *made = jit_push(b->c, &b->controls);
  *made = ctl;
  return made;
}

/* The value inside the loop is the parameter, which the header's edges fill. */
static void param_for(Build *b, u32 header, u32 *value) {
  Block *block = block_at(b->c, header);
  *value = wm_ir_node(b->c, IR_PARAM, (IrType)node_type(b, *value), header, block->param_count, 0);
  block->param_count++;
}

/* The control's loop begins: a header with parameters for its operands and what it assigns. */
void wm_build_begin_loop(Build *b, Control *ctl) {
  u32 entry = wm_build_terminate(b, TERM_JUMP, 0, 1), header = wm_build_block(b);
  ctl->kind = CONTROL_LOOP;
  ctl->header = header;
  wm_build_link_to_header(b, ctl, entry);
  for (u32 i = 0; i < ctl->param_count; i++) param_for(b, header, &b->stack.data[ctl->height + i]);
  u32 assigned = wm_build_assigned_count(b, ctl);
  for (u32 i = 0; i < assigned; i++)
    param_for(b, header, local_at(b, wm_build_assigned_local(b, ctl, i)));
  block_at(b->c, header)->is_loop = true;
  b->version++;
  b->block = header;
  wm_mem_forget(b);
  u32 offset = frame_of(b)->facts->loops[ctl->loop].offset;
  wm_build_effect_at(b, make_node(IR_POLL, T_NONE, 0, 0, 0), offset);
  wm_build_open_region(b);
}

/* Where the condition is known, the other way is read over and not built: `resume` is the block to
 * go on from when it is the else. */
void wm_build_open_if(Build *b) {
  u32 condition = pop(b);
  u8 unlikely = wm_build_unlikely_edge(b);
  Control *ctl = wm_build_open_control(b, CONTROL_IF);
  ctl->condition = condition;
  if (is_const(b->c, condition)) {
    if (!const_bits(b->c, condition)) {
      ctl->resume = b->block;
      b->block = NONE;
    }
  } else {
    wm_build_note_question(b, condition);
    ctl->else_env = (Env){wm_build_save_locals(b), wm_build_save_values(b, ctl->param_count)};
    u32 edge = wm_build_terminate(b, TERM_BRANCH, condition, 2);
    block_at(b->c, b->block)->unlikely = unlikely;
    ctl->else_edge = edge + 1;
    wm_build_follow(b, edge);
    wm_refs_learn_condition(b, condition, true);
  }
  wm_build_open_region(b);
}

void wm_build_open_else(Build *b) {
  Control *ctl = control_at(b, 0);
  if (b->block != NONE) wm_build_go_to(b, ctl);
  ctl->kind = CONTROL_ELSE;
  wm_mem_forget_since(b, ctl->known);
  if (ctl->else_edge != NONE) {
    wm_mem_forget(b);
    wm_build_restore_locals(b, ctl->else_env.locals);
    b->stack.len = ctl->height;
    wm_build_push_saved(b, ctl->else_env.values, ctl->param_count);
    wm_build_follow(b, ctl->else_edge);
    ctl->else_edge = NONE;
    wm_refs_learn_condition(b, ctl->condition, false);
  } else {
    b->block = ctl->resume;
    ctl->resume = NONE;
  }
  wm_build_open_region(b);
}

/* ---- closing ---- */

static ValType result_type(const Build *b, const Control *ctl, u32 i) {
  return ctl->type_index == NO_TYPE ? ctl->result : b->module->types[ctl->type_index].results[i];
}

/* Behind a block: where its label's edges and the current block meet. */
static void join(Build *b, const Control *ctl, u32 list, u32 value_count, bool with_locals) {
  wm_mem_forget_since(b, ctl->known);
  wm_build_bind(b, list, ctl->height, value_count, with_locals);
}

static void join_results(Build *b, const Control *ctl, u32 list, bool with_locals) {
  join(b, ctl, list, ctl->result_count, with_locals);
  if (ctl->result_count == 1) wm_refs_learn_merged(b, list, b->stack.data[ctl->height]);
  for (u32 i = 0; i < ctl->result_count; i++) {
    u32 value = b->stack.data[ctl->height + i];
    wm_refs_learn(b, value, result_type(b, ctl, i));
    wm_refs_note_merged(b, list, i, value);
  }
}

static void jump_pending(Build *b, u32 *list, u32 value_count) {
  if (b->block == NONE) return;
  Env env = {wm_build_save_locals(b), wm_build_save_values(b, value_count)};
  wm_build_pend(b, list, wm_build_terminate(b, TERM_JUMP, 0, 1), env);
  b->block = NONE;
}

/* Nothing came back: the loop is none. */
static void forget_loop(Build *b, const Control *ctl) {
  Block *header = block_at(b->c, ctl->header);
  header->is_loop = false;
  node_at(b->c, b->c->effects.data[header->effects_start])->op = IR_NOP; /* the poll */
}

void wm_build_close_loop(Build *b) {
  Control ctl = *control_at(b, 0);
  if (!ctl.has_back_edge) forget_loop(b, &ctl);
  if (ctl.exits != NONE) {
    jump_pending(b, &ctl.exits, ctl.result_count);
    join_results(b, &ctl, ctl.exits, true);
  } else if (b->block == NONE) {
    b->stack.len = ctl.height;
  }
  wm_build_drop_envs(b);
  b->controls.len--;
}

/* The rest of a loop around the one started at has been read: if it branches back, the loop comes
 * once more, as an ordinary one. */
bool wm_build_close_peeled(Build *b) {
  Control *ctl = control_at(b, 0);
  u32 back = ctl->pending;
  if (back == NONE) {
    wm_build_drop_envs(b);
    b->controls.len--;
    return true;
  }
  jump_pending(b, &ctl->exits, ctl->result_count);
  join(b, ctl, back, ctl->param_count, true);
  ctl->pending = NONE;
  frame_of(b)->reader.pos = ctl->body;
  frame_of(b)->next_loop = ctl->loop + 1;
  wm_build_begin_loop(b, ctl);
  return false;
}

void wm_build_close_block(Build *b) {
  Control *ctl = control_at(b, 0);
  bool is_without_then = ctl->else_edge != NONE && ctl->pending == NONE && b->block == NONE;
  if (ctl->else_edge != NONE) {
    wm_build_pend(b, &ctl->pending, ctl->else_edge, ctl->else_env);
  } else if (ctl->resume != NONE) {
    b->block = ctl->resume;
  }
  if (ctl->pending != NONE) {
    if (b->block != NONE) wm_build_go_to(b, ctl);
    join_results(b, ctl, ctl->pending, ctl->kind != CONTROL_INLINE);
    if (is_without_then) wm_refs_learn_condition(b, ctl->condition, false);
  } else if (b->block == NONE) {
    b->stack.len = ctl->height;
  }
  wm_build_drop_envs(b);
  b->controls.len--;
}
