/* Translation of calls (translator.h): a callee's frame begins at its arguments; the frame of a
 * tail call is put in the place of the caller's by the handler. */
#include "interp/translator.h"

/* Arguments into their homes, which become the callee's frame; the cell with d, and a: where the
 * link is, counted from d (a tail call: the caller's own, from its frame's start). */
static Cell *emit_call(Translator *t, const SubType *type, u32 handler, u32 words, u32 link) {
  wm_values_settle(t, type->param_count);
  Cell *cell = wm_cells_emit(t, handler, words, 0);
  cell->d = (u16)home_of_top(t, type->param_count, 0);
  cell->a = (u16)link;
  wm_values_pop(t, type->param_count);
  return cell;
}

/* Behind a call: its results are in its frame, and a single one in an accumulator, too. */
static void push_results(Translator *t, const SubType *type) {
  u32 frame = t->next_home;
  for (u32 bank = 0; bank < BANK_COUNT; bank++) t->acc[bank] = NONE;
  end_region(t);
  wm_values_push_homes(t, &(Types){type->results, type->result_count, type->result_slots});
  if (type->result_count != 1) return;
  Bank bank = bank_of(value_top(t, 0)->shape);
  if (bank != BANK_NONE) t->acc[bank] = frame;
}

/* The handlers of an instruction: of a call, of a tail call. */
typedef struct Either {
  u32 plain, tail;
} Either;

static Cell *emit_either(Translator *t, const SubType *type, bool is_tail, Either h, u32 words) {
  if (is_tail) return emit_call(t, type, h.tail, words, t->func->link_slot);
  return emit_call(t, type, h.plain, words, max_u32(type->param_slots, type->result_slots));
}

/* A call of what the instance or an operand says. */
static Cell *emit_any(Translator *t, const SubType *type, bool is_tail, Either h) {
  Cell *cell = emit_either(t, type, is_tail, h, CALL_WORDS);
  cell->x[0] = cell->x[1] = 0;
  return cell;
}

/* One whose callees are noted, where somebody wants to know them; `noted`: its handlers then. */
static Cell *emit_noted(Translator *t, const SubType *type, bool is_tail, Either h, Either noted) {
  Cell *cell = emit_any(t, type, is_tail, h);
  if (t->loaded->tiers) wm_sites_add(t, cell, is_tail ? noted.tail : noted.plain);
  return cell;
}

static const SubType *call(Translator *t, bool is_tail) {
  u32 index = t->in.index, imports = t->module->func_import_count;
  const SubType *type = module_func_type(t->module, index);
  if (index < imports) {
    emit_any(t, type, is_tail, (Either){H_call_import, H_return_call_import})->b = index;
    return type;
  }
  FuncCode *callee = &t->loaded->codes[index - imports];
  Cell *cell = emit_either(t, type, is_tail, (Either){H_call, H_return_call}, 3);
  cell->b = (is_tail ? 0u : cell->d) + callee->frame_slots;
  cell->x[0] = (u64)(uintptr_t)callee;
  return type;
}

static const SubType *call_indirect(Translator *t, bool is_tail) {
  u64 table = t->in.index2;
  const SubType *type = &t->module->types[t->in.index];
  u32 index = wm_value_read(t, value_top(t, 0));
  wm_value_pop(t);
  Cell *cell = emit_noted(t, type, is_tail, (Either){H_call_indirect, H_return_call_indirect},
                          (Either){H_noted_call_indirect, H_noted_return_call_indirect});
  cell->b = index;
  cell->x[0] = type->type_id | table << 32;
  return type;
}

static const SubType *call_ref(Translator *t, bool is_tail) {
  const SubType *type = &t->module->types[t->in.index];
  u32 func = wm_value_read(t, value_top(t, 0));
  wm_value_pop(t);
  emit_noted(t, type, is_tail, (Either){H_call_ref, H_return_call_ref},
             (Either){H_noted_call_ref, H_noted_return_call_ref})
      ->b = func;
  return type;
}

bool wm_translate_call(Translator *t) {
  const SubType *type = NULL;
  switch (t->in.op) {
  case OP_call: type = call(t, false); break;
  case OP_call_indirect: type = call_indirect(t, false); break;
  case OP_call_ref: type = call_ref(t, false); break;
  case OP_return_call: call(t, true); return false;
  case OP_return_call_indirect: call_indirect(t, true); return false;
  default: call_ref(t, true); return false;
  }
  push_results(t, type);
  return true;
}
