/* Blocks, and the way to labels: what is on the stack around them, and returning (translator.h). */
#include "interp/translator.h"

/* Values that are moved to a label one by one; more go to their homes first, then in one cell. */
enum { FEW_VALUES = 4 };

/* ---- block types ---- */

static Types types_of(const ValType *items, u32 count) {
  Types types = {items, count, 0};
  for (u32 i = 0; i < count; i++) types.slots += val_slots(items[i]);
  return types;
}

static void set_block_types(const Translator *t, const BlockType *block, Control *c) {
  c->params = c->results = (Types){NULL, 0, 0};
  if (block->kind == BLOCK_VALUE) {
    c->one = block->value;
    c->results = types_of(&c->one, 1);
  } else if (block->kind == BLOCK_TYPE) {
    const SubType *type = &t->module->types[block->type_index];
    c->params = (Types){type->params, type->param_count, type->param_slots};
    c->results = (Types){type->results, type->result_count, type->result_slots};
  }
}

/* ---- the stack around labels ---- */

/* Drops everything above the block's parameters' place. */
void wm_block_reset(Translator *t, const Control *c) {
  wm_values_pop(t, t->depth - c->height);
  t->next_home = c->home;
}

void wm_block_forget(Translator *t, u32 mark) {
  while (t->set_count > mark) t->locals[t->set_log[--t->set_count]].is_set = false;
}

/* Whether the label's values, which have `above` more on top, must be moved to go there. */
bool wm_block_needs_moves(const Translator *t, const Control *c, u32 above) {
  const Types *types = label_types(c);
  if (types->count == 0) return false;
  return c->kind == CONTROL_BODY || home_of_top(t, types->count, above) != c->home;
}

/* Copies the top values to consecutive slots below their homes. Does not change what is known about
 * them: the copies may run on one of two ways only. More than one must be settled. */
static void carry(Translator *t, const Types *types, u32 to) {
  if (types->count == 0) return;
  u32 first = t->depth - types->count, from = t->values[first].home;
  if (types->count > FEW_VALUES) {
    if (from == to) return;
    Cell *cell = wm_cells_emit(t, H_copy_many, 2, 0);
    cell->d = (u16)to;
    cell->a = (u16)from;
    cell->b = types->slots;
    wm_slots_written(t, to, types->slots);
    return;
  }
  for (u32 i = 0; i < types->count; i++) {
    const Value *v = &t->values[first + i];
    wm_value_copy(t, v, to);
    to += shape_slots(v->shape);
  }
}

static void emit_return_one(Translator *t, Value *v) {
  u32 handler = H_return_lS;
  u32 b = 0;
  if (v->kind == VALUE_CONST && bank_of(v->shape) == BANK_INT && v->bits <= UINT32_MAX) {
    handler = H_return_lI;
    b = (u32)v->bits;
  } else if (v->kind == VALUE_CONST) {
    wm_value_copy(t, v, v->home); /* without settling it: see carry */
    b = v->home;
    if (v->shape == SHAPE_F32) handler = H_return_fS;
    if (v->shape == SHAPE_F64) handler = H_return_dS;
  } else {
    static const u16 handlers[BANK_COUNT] = {H_return_lS, H_return_fS, H_return_dS, H_return_v};
    Operand o = wm_operand_take(t, v);
    handler = handlers[bank_of(v->shape)] + (u32)(o.class == CLASS_ACC);
    b = o.slot;
  }
  Cell *cell = wm_cells_emit(t, handler, 2, 0);
  cell->a = (u16)t->func->link_slot;
  cell->b = b;
}

/* Returns the top values. */
void wm_block_return(Translator *t) {
  const Types *results = &t->controls[0].results;
  if (results->count == 1) {
    emit_return_one(t, value_top(t, 0));
    return;
  }
  carry(t, results, 0);
  wm_cells_emit(t, H_return, 2, 0)->a = (u16)t->func->link_slot;
}

/* Goes to the label with its values on top; more than one must be settled. */
void wm_block_branch(Translator *t, Control *c) {
  if (c->kind == CONTROL_BODY) {
    wm_block_return(t);
    return;
  }
  carry(t, label_types(c), c->home);
  bool back = c->kind == CONTROL_LOOP;
  wm_cells_emit(t, back ? H_br_K : H_br_F, 2, DRAFT_BRANCH)->b = c->label;
  c->used = true;
  end_region(t);
}

/* ---- opening and closing ---- */

Control *wm_block_open(Translator *t, ControlKind kind) {
  Control *c = &t->controls[t->control_count];
  c->kind = kind;
  c->used = false;
  set_block_types(t, &t->in.block, c);
  c->height = t->depth - c->params.count;
  c->home = home_of_top(t, c->params.count, 0);
  c->set_mark = t->set_count;
  c->else_label = c->stub = NONE;
  c->label = wm_label_new(t);
  c->chain = c->outer_chain = t->chain;
  t->control_count++;
  return c;
}

/* Ends a block; returns whether the code behind it can be reached. */
bool wm_block_close(Translator *t, bool live) {
  Control *c = control_at(t, 0);
  bool merges = c->kind == CONTROL_IF || (c->used && c->kind != CONTROL_LOOP);
  if (merges) {
    if (live) wm_values_settle(t, c->results.count);
    if (c->kind == CONTROL_IF) wm_label_bind(t, c->else_label);
    wm_label_bind(t, c->label);
    if (!live) {
      wm_block_reset(t, c);
      wm_values_push_homes(t, &c->results);
    }
    live = true;
  }
  if (merges || c->kind == CONTROL_ELSE || c->kind == CONTROL_CATCH)
    wm_block_forget(t, c->set_mark);
  if (c->kind == CONTROL_CATCH) t->catch_depth--;
  wm_catch_set_chain(t, c->outer_chain);
  t->control_count--;
  return live;
}
