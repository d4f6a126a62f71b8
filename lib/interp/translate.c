/* The driver of translation, and most control instructions (translator.h). */
#include "interp/translator.h"

#include <stdlib.h>

/* Of wasm, that run between two counts of the interpreter's clock at most, but for what is called.
 */
enum { BYTES_A_TICK = 1024 };

/* ---- blocks ---- */

static void mark_loop(Translator *t) {
  Mark *mark = vec_push(&t->loop_marks);
  if (mark)
    *mark = (Mark){t->code.len, t->in.offset};
  else
    t->failed = true;
}

/* A round or call of so much code counts for more than one. */
static void spend(Translator *t, u32 bytes) {
  if (bytes < BYTES_A_TICK) return;
  wm_cells_emit(t, H_spend, 2, 0)->b = bytes / BYTES_A_TICK;
  end_region(t);
}

/* Bytes of wasm of the loop that begins at `offset`. */
/* Facts are ordered by offset, and this loop is one of them. */
static u32 loop_bytes(const FuncFacts *facts, u32 offset) {
  u32 low = 0, high = facts->loop_count;
  while (high - low > 1) {
    u32 middle = low + (high - low) / 2;
    if (facts->loops[middle].offset <= offset)
      low = middle;
    else
      high = middle;
  }
  return facts->loops[low].end_offset - offset;
}

/* What was known of values before holds for the first round only: they go to their homes. */
static void open_loop(Translator *t) {
  wm_value_flush(t);
  Control *c = wm_block_open(t, CONTROL_LOOP);
  wm_values_settle(t, c->params.count);
  wm_label_bind(t, c->label);
  if (t->marking) mark_loop(t);
  spend(t, loop_bytes(&t->module->funcs[t->func->index].facts, t->in.offset));
}

/* The condition goes first: a comparison right before becomes the branch. */
static void open_if(Translator *t) {
  Condition condition = wm_condition_take(t, false);
  wm_value_flush(t);
  Control *c = wm_block_open(t, CONTROL_IF);
  wm_values_settle(t, c->params.count);
  c->else_label = wm_label_new(t);
  wm_condition_branch(t, &condition, c->else_label, false);
}

/* The then-part's results wait at the block's home; the stack is what it was at the if. */
static void open_else(Translator *t, bool live) {
  Control *c = control_at(t, 0);
  if (live) {
    wm_values_settle(t, c->results.count);
    wm_cells_emit(t, H_br_F, 2, DRAFT_BRANCH)->b = c->label;
    c->used = true;
  }
  wm_label_bind(t, c->else_label);
  c->kind = CONTROL_ELSE;
  wm_block_reset(t, c);
  wm_values_push_homes(t, &c->params);
  wm_block_forget(t, c->set_mark);
}

/* ---- branches ---- */

/* Whether a branch to the label with `above` values on top is one cell. */
static bool is_direct(const Translator *t, const Control *c, u32 above) {
  return !wm_block_needs_moves(t, c, above) && c->kind != CONTROL_BODY;
}

/* To a label that is not direct: over the moves, when the negated condition holds. */
static void branch_over(Translator *t, Control *c, const Condition *negated) {
  u32 skip = wm_label_new(t);
  settle_if_many(t, label_types(c));
  wm_condition_branch(t, negated, skip, false);
  u32 acc[BANK_COUNT];
  memcpy(acc, t->acc, sizeof acc);
  wm_block_branch(t, c);
  wm_label_bind(t, skip);
  memcpy(t->acc, acc, sizeof acc); /* the only way here is the branch */
}

/* Branches on the condition, which is negated unless the label is direct. */
static void branch_on(Translator *t, Control *c, const Condition *condition, bool direct) {
  if (!direct) {
    branch_over(t, c, condition);
    return;
  }
  wm_values_settle(t, label_types(c)->count);
  wm_condition_branch(t, condition, c->label, c->kind == CONTROL_LOOP);
  c->used = true;
}

static void br_if(Translator *t) {
  Control *c = control_at(t, t->in.index);
  bool direct = is_direct(t, c, 1);
  Condition condition = wm_condition_take(t, direct);
  branch_on(t, c, &condition, direct);
}

/* Whether the reference on top, which stays there, is null or is not. */
static Condition reference_is(Translator *t, bool null) {
  u32 slot = wm_value_read(t, value_top(t, 0));
  return (Condition){.compare = null ? CMP_i64_eq : CMP_i64_ne, .is_imm = true, .a = (u16)slot};
}

/* What is not null goes on behind the branch. */
static void br_on_null(Translator *t) {
  Control *c = control_at(t, t->in.index);
  static const ValType reference = VAL_FUNCREF; /* or any other */
  bool direct = is_direct(t, c, 1);
  wm_value_settle(t, value_top(t, 0));
  Condition condition = reference_is(t, direct);
  wm_value_pop(t);
  branch_on(t, c, &condition, direct);
  wm_values_push_homes(t, &(Types){&reference, 1, 1});
}

/* What is not null goes with the branch. */
static void br_on_non_null(Translator *t) {
  Control *c = control_at(t, t->in.index);
  bool direct = is_direct(t, c, 0);
  Condition condition = reference_is(t, !direct);
  branch_on(t, c, &condition, direct);
  wm_value_pop(t);
}

/* The reference goes with the branch, and stays: only its type differs. */
static void br_on_cast(Translator *t) {
  Control *c = control_at(t, t->in.index);
  wm_values_settle(t, label_types(c)->count);
  bool direct = is_direct(t, c, 0), if_true = (t->in.op == OP_br_on_cast) == direct;
  wm_translate_cast_test(t);
  Condition is = {.compare = if_true ? CMP_i32_ne : CMP_i32_eq, .is_acc = true, .is_imm = true};
  branch_on(t, c, &is, direct);
}

/* The label that a branch table's entry goes to: the target's own, or a stub that moves values, or
 * goes back to a loop, which must be counted. Stubs are shared by the entries of one target. */
static u32 table_label(Translator *t, Control *c) {
  if (!wm_block_needs_moves(t, c, 0) && c->kind != CONTROL_BODY && c->kind != CONTROL_LOOP) {
    c->used = true;
    return c->label;
  }
  if (c->stub == NONE) c->stub = wm_label_new(t);
  return c->stub;
}

/* Two entries a word, behind the cell. NULL: out of memory. */
static u8 *reserve_entries(Translator *t, u32 count) {
  u32 words = (count + 1) / 2, start = t->code.len;
  if (!vec_reserve(&t->code, words)) {
    t->failed = true;
    return NULL;
  }
  t->code.len += words;
  return (u8 *)(t->code.data + start);
}

static void emit_stubs(Translator *t, const u8 *items, u32 count) {
  for (u32 i = 0; i <= count; i++) {
    Control *c = control_at(t, wm_instr_next_label(&items));
    if (c->stub == NONE) continue;
    wm_label_bind(t, c->stub);
    c->stub = NONE;
    wm_block_branch(t, c);
  }
}

static void br_table(Translator *t) {
  u32 count = t->in.vec.count;
  const u8 *items = t->in.vec.items, *item = items;
  Operand index = wm_operand_take(t, value_top(t, 0));
  wm_value_pop(t);
  wm_values_settle(t, label_types(control_at(t, wm_instr_next_label(&item)))->count);
  u32 handler = index.class == CLASS_ACC ? H_br_table_A : H_br_table_S;
  Cell *cell = wm_cells_emit(t, handler, 2, DRAFT_TABLE);
  cell->a = (u16)index.slot;
  cell->b = count;
  u32 first = t->code.len;
  if (!reserve_entries(t, count + 1)) return;
  item = items;
  for (u32 i = 0; i <= count; i++) {
    u32 label = table_label(t, control_at(t, wm_instr_next_label(&item)));
    store_u32((u8 *)(t->code.data + first) + i * 4, label);
  }
  end_region(t);
  emit_stubs(t, items, count);
}

/* ---- the body ---- */

/* Reads over code that cannot be reached, to the innermost block's next part or end. */
static void skip_unreachable(Translator *t) {
  u32 nested = 0;
  while (wm_instr_read(&t->reader, &t->in)) {
    switch (t->in.op) {
    case OP_block:
    case OP_loop:
    case OP_if:
    case OP_try:
    case OP_try_table: nested++; break;
    case OP_else:
    case OP_catch:
    case OP_catch_all:
      if (nested == 0) return;
      break;
    case OP_delegate:
    case OP_end:
      if (nested-- == 0) return;
      break;
    default: break;
    }
  }
}

/* Returns whether what follows can be reached. */
static bool translate_control(Translator *t) {
  switch (t->in.op) {
  case OP_block:
    wm_value_flush(t);
    wm_block_open(t, CONTROL_BLOCK);
    return true;
  case OP_try: wm_translate_try(t); return true;
  case OP_try_table: wm_translate_try_table(t); return true;
  case OP_throw:
  case OP_throw_ref:
  case OP_rethrow: wm_translate_throw(t); return false;
  case OP_loop: open_loop(t); return true;
  case OP_if: open_if(t); return true;
  case OP_br_if: br_if(t); return true;
  case OP_br_on_null: br_on_null(t); return true;
  case OP_br_on_non_null: br_on_non_null(t); return true;
  case OP_br_on_cast:
  case OP_br_on_cast_fail: br_on_cast(t); return true;
  case OP_br: {
    Control *c = control_at(t, t->in.index);
    settle_if_many(t, label_types(c));
    wm_block_branch(t, c);
    return false;
  }
  case OP_return:
    settle_if_many(t, &t->controls[0].results);
    wm_block_return(t);
    return false;
  case OP_br_table: br_table(t); return false;
  case OP_unreachable: wm_cells_emit(t, H_unreachable, 2, 0); return false;
  default: return wm_translate_call(t);
  }
}

static bool ends_fuel_before(u16 op) {
  switch (op) {
  case OP_loop:
  case OP_else:
  case OP_end:
  case OP_catch:
  case OP_catch_all:
  case OP_delegate: return true;
  default: return false;
  }
}

static bool may_branch(u16 op) {
  switch (op) {
  case OP_if:
  case OP_br_if:
  case OP_br_on_null:
  case OP_br_on_non_null:
  case OP_br_on_cast:
  case OP_br_on_cast_fail: return true;
  default: return false;
  }
}

static void translate_instructions(Translator *t) {
  bool live = true;
  while (t->control_count && !t->failed) {
    if (!live)
      skip_unreachable(t);
    else if (!wm_instr_read(&t->reader, &t->in))
      break;
    if (!reader_ok(&t->reader)) break;
    if (live) wm_fuel_count(t);
    if (ends_fuel_before(t->in.op)) wm_fuel_end(t);
    if (t->in.op == OP_else) {
      open_else(t, live);
      live = true;
    } else if (t->in.op == OP_end && t->control_count == 1) {
      if (live) {
        settle_if_many(t, &t->controls[0].results);
        wm_block_return(t);
      }
      t->control_count = 0;
    } else if (t->in.op == OP_catch || t->in.op == OP_catch_all) {
      wm_translate_catch(t, live);
      live = true;
    } else if (t->in.op == OP_end || t->in.op == OP_delegate) {
      if (t->in.op == OP_delegate) wm_catch_delegate(t);
      live = wm_block_close(t, live);
    } else if (!wm_translate_operation(t) && !wm_translate_data(t) && !wm_translate_atomic(t) &&
               !wm_translate_gc(t)) {
      live = translate_control(t);
      if (!live || may_branch(t->in.op)) wm_fuel_end(t);
    }
  }
  if (!reader_ok(&t->reader)) t->failed = true;
}

/* ---- start and end ---- */

static void add_local(Translator *t, u32 *slot, ValType type, bool is_param) {
  Local *l = &t->locals[t->local_count++];
  *l = (Local){(u16)*slot, (u8)wm_shape_of(type), is_param, false, NONE, NONE};
  *slot += val_slots(type);
}

/* Places parameters in front of the link and the other locals behind it. */
static void place_locals(Translator *t) {
  u32 slot = 0;
  for (u32 i = 0; i < t->type->param_count; i++) add_local(t, &slot, t->type->params[i], true);
  slot = t->func->link_slot + FRAME_LINK_SLOTS;
  u32 runs = wm_reader_u32(&t->reader);
  while (runs-- && reader_ok(&t->reader)) {
    u32 count = wm_reader_u32(&t->reader);
    ValType type = wm_reader_valtype(&t->reader);
    /* Counts were checked by the validator, so that this ends. */
    while (count--) add_local(t, &slot, type, false);
  }
  t->hidden_start = t->local_count;
  u32 hidden = t->module->funcs[t->func->index].facts.hidden_locals;
  while (hidden--) add_local(t, &slot, REF_NULL_TYPE(HEAP_EXN), false);
  t->operand_home = t->next_home = slot;
}

/* All of the translator's arrays in one allocation, owned through t->values. */
static bool allocate(Translator *t, const FuncFacts *facts, u32 code_bytes) {
  /* Each operand takes a slot at least, and conditions push a constant more. */
  u64 values = (u64)facts->max_operand_slots + 4, controls = (u64)facts->max_control + 2;
  u64 locals = facts->local_count;
  size_t size =
      values * sizeof(Value) + locals * (sizeof(Local) + sizeof(u32)) + controls * sizeof(Control);
  u8 *memory = malloc(size);
  if (!memory) return false;
  /* In falling order of alignment. */
  t->values = (Value *)(void *)memory;
  t->controls = (Control *)(void *)(t->values + values);
  t->locals = (Local *)(void *)(t->controls + controls);
  t->set_log = (u32 *)(void *)(t->locals + locals);
  return vec_reserve(&t->code, min_u32(code_bytes, 1 << 16));
}

static void open_body(Translator *t) {
  Control *c = &t->controls[t->control_count++];
  *c = (Control){.kind = CONTROL_BODY,
                 .label = NONE,
                 .else_label = NONE,
                 .stub = NONE,
                 .home = t->next_home,
                 .chain = NONE,
                 .outer_chain = NONE};
  c->results = (Types){t->type->results, t->type->result_count, t->type->result_slots};
}

bool wm_translate_body(Translator *t, FuncCode *func, bool marking) {
  Error err;
  err.code = ERR_NONE;
  const Module *m = &func->module->module;
  const FuncDecl *decl = &m->funcs[func->index];
  t->module = m;
  t->loaded = func->module;
  t->func = func;
  t->type = module_func_type(m, func->index);
  t->reader = wm_reader_at(m, decl->code_offset, decl->code_bytes, &err);
  t->marking = marking;
  t->last = t->fuel_word = t->chain = NONE;
  for (u32 bank = 0; bank < BANK_COUNT; bank++) t->acc[bank] = NONE;
  if (func->frame_slots > UINT16_MAX || !allocate(t, &decl->facts, decl->code_bytes)) return false;
  place_locals(t);
  open_body(t);
  spend(t, decl->code_bytes);
  translate_instructions(t);
  wm_catch_landings(t);
  t->reader.err = NULL;
  return !t->failed;
}

void wm_translator_free(Translator *t) {
  free(t->values);
  vec_free(&t->code);
  vec_free(&t->labels);
  vec_free(&t->marks);
  vec_free(&t->loop_marks);
  vec_free(&t->catches);
  vec_free(&t->regions);
  vec_free(&t->landings);
  vec_free(&t->sites);
}
