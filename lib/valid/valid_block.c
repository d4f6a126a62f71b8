/* Blocks and branches of function bodies (spec 3.4.8; the spec's appendix "Validation
 * Algorithm"). */
#include "valid/operands.h"
#include "wasm/nesting.h"

/* ---- blocks ---- */

/* Opens a block whose parameters are on the stack; the function's own (op is OP_block and nothing
 * is open) has them in its locals. */
bool wm_valid_push_control(Validator *v, u16 op, const SubType *type, ValType value) {
  Types params = type && v->control.len ? param_types(type) : (Types){0};
  if (!pass_types(v, params)) return false;
  Control *c = vec_push(&v->control);
  if (!c) return wm_error_out_of_memory(v->err);
  *c = (Control){.type = type,
                 .value = value,
                 .base = v->stack_len - params.count,
                 .base_slots = v->slots - params.slots,
                 .init_base = v->inits.len,
                 .op = op};
  v->base = c->base;
  v->unreachable = false;
  v->max_control = max_u32(v->max_control, v->control.len);
  return true;
}

/* The rest of the innermost block cannot run. */
void wm_valid_mark_unreachable(Validator *v) {
  Control *c = vec_last(&v->control);
  v->stack_len = c->base;
  v->slots = c->base_slots;
  v->unreachable = c->unreachable = true;
}

bool wm_valid_block(Validator *v) {
  const BlockType *block = &v->in.block;
  const SubType *type = NULL;
  ValType value = VAL_BOTTOM;
  if (block->kind == BLOCK_TYPE) {
    if (!wm_valid_need(v, v->in.offset, FEATURE_MULTI_VALUE, "a block with a function type"))
      return false;
    type = wm_valid_func_type(v, block->type_index, v->in.offset);
    if (!type) return false;
  } else if (block->kind == BLOCK_VALUE) {
    value = block->value;
    if (!wm_valid_valtype(v, value, v->in.offset)) return false;
  }
  if (v->in.op == OP_if && !pop(v, VAL_I32)) return false;
  if (v->in.op == OP_loop && !wm_facts_enter_loop(&v->facts, v->in.offset))
    return wm_error_out_of_memory(v->err);
  return wm_valid_push_control(v, v->in.op, type, value);
}

/* The results of the innermost block are on its stack, and nothing else. */
bool wm_valid_block_results(Validator *v, const Control *c) {
  Types types = end_types(c);
  if (!pass_types(v, types)) return false;
  u32 height = v->stack_len - c->base;
  if (height == types.count) return true;
  return wm_valid_fail(v, "type mismatch: %u values too many at the end of the block",
                       height - types.count);
}

void wm_valid_next_part(Validator *v, u16 op) {
  Control *c = vec_last(&v->control);
  while (v->inits.len > c->init_base) v->init_stamps.data[v->inits.data[--v->inits.len]] = 0;
  c->op = op;
  v->unreachable = c->unreachable = false;
  v->stack_len = c->base;
  v->slots = c->base_slots;
}

bool wm_valid_else(Validator *v) {
  Control *c = vec_last(&v->control);
  if (!wm_instr_fits(&v->in, c->op, v->err) || !wm_valid_block_results(v, c)) return false;
  wm_valid_next_part(v, OP_else);
  return push_types(v, start_types(c));
}

/* Without an else the results are the parameters. */
static bool check_missing_else(Validator *v, const Control *c) {
  return wm_valid_types_match(v, start_types(c), end_types(c)) ||
         wm_valid_fail(v, "type mismatch: if without else must give what it takes");
}

void wm_valid_pop_control(Validator *v) {
  u32 height = v->stack_len, slots = v->slots;
  wm_valid_next_part(v, OP_end);
  v->stack_len = height;
  v->slots = slots;
  if (--v->control.len == 0) return;
  v->base = vec_last(&v->control)->base;
  v->unreachable = vec_last(&v->control)->unreachable;
}

bool wm_valid_end_block(Validator *v) {
  const Control *c = vec_last(&v->control);
  if (c->op == OP_if && !check_missing_else(v, c)) return false;
  if (!wm_valid_block_results(v, c)) return false;
  if (c->op == OP_loop && !wm_facts_leave_loop(&v->facts, v->in.offset))
    return wm_error_out_of_memory(v->err);
  if (c->op == OP_catch || c->op == OP_catch_all) v->catch_depth--;
  wm_valid_pop_control(v);
  return true;
}

/* ---- branches ---- */

/* The block that a label means; NULL: there is none. Valid until the next block opens. */
Control *wm_valid_label(Validator *v, u32 label) {
  if (LIKELY(label < v->control.len)) return &v->control.data[v->control.len - 1 - label];
  wm_valid_fail(v, "unknown label %u", label);
  return NULL;
}

bool wm_valid_br(Validator *v) {
  const Control *c = wm_valid_label(v, v->in.index);
  if (!c || !pop_types(v, label_types(c))) return false;
  wm_valid_mark_unreachable(v);
  return true;
}

bool wm_valid_br_if(Validator *v) {
  const Control *c = wm_valid_label(v, v->in.index);
  return c && pop(v, VAL_I32) && pass_types(v, label_types(c));
}

bool wm_valid_br_on_null(Validator *v) {
  const Control *c = wm_valid_label(v, v->in.index);
  ValType t;
  if (!c || !wm_valid_pop_ref(v, &t) || !pass_types(v, label_types(c))) return false;
  push(v, REF_TYPE(val_heap(t)));
  return true;
}

/* The label takes the reference behind what stays on the stack. */
bool wm_valid_br_on_non_null(Validator *v) {
  const Control *c = wm_valid_label(v, v->in.index);
  if (!c) return false;
  Types types = label_types(c);
  if (!types.count || !val_is_ref(types.items[types.count - 1]))
    return wm_valid_fail(v, "type mismatch: br_on_non_null to a label without a reference");
  HeapType heap = val_heap(types.items[--types.count]);
  types.slots--;
  return pop(v, REF_NULL_TYPE(heap)) && pass_types(v, types);
}

/* One label of a br_table whose default takes `arity` values. */
static bool check_table_label(Validator *v, Control *c, u32 arity) {
  Types types = label_types(c);
  if (types.count != arity)
    return wm_valid_fail(v, "type mismatch: br_table has labels of %u and of %u values",
                         types.count, arity);
  c->checked_by = v->table_serial;
  return peek_types(v, types);
}

/* Each label is checked once however often it occurs, and once for labels of the same type in a
 * row, so that the work grows with the table's bytes and not with its labels' types. */
bool wm_valid_br_table(Validator *v) {
  if (!pop(v, VAL_I32)) return false;
  const u8 *pos = v->in.vec.items;
  u32 count = v->in.vec.count;
  u32 arity = 0;
  const ValType *last = NULL;
  v->table_serial++;
  for (u32 i = 0; i <= count; i++) {
    Control *c = wm_valid_label(v, wm_instr_next_label(&pos));
    if (!c) return false;
    if (c->checked_by == v->table_serial) continue;
    Types types = label_types(c);
    if (i == 0) arity = types.count;
    if (i > 0 && types.items == last && types.count == arity) continue;
    last = types.items;
    if (!check_table_label(v, c, arity)) return false;
  }
  wm_valid_mark_unreachable(v);
  return true;
}

bool wm_valid_return(Validator *v) {
  if (!pop_types(v, end_types(&v->control.data[0]))) return false;
  wm_valid_mark_unreachable(v);
  return true;
}
