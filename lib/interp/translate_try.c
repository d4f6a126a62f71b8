/* Translation of exceptions (translator.h). Where nothing is thrown, nothing runs for it: which
 * clauses hold where is said in the catch table (runtime/catch.h), by ranges of cells.
 *
 *   try_table (catch $e $l) ... end ...     regions: [try_table's cells -> clause]
 *   ... the function's last cell            clause: $e -> landing, values from the try_table's home
 *   landing: moves, branch to $l
 *
 * A legacy try's parts are where they stand: its clauses lead to them. */
#include "interp/translator.h"

static u32 hidden_slot(const Translator *t, u32 depth) {
  return t->locals[t->hidden_start + depth].slot;
}

static Types tag_params(const Translator *t, u32 tag) {
  const SubType *type = &t->module->types[t->module->tags[tag].type_index];
  return (Types){type->params, type->param_count, type->param_slots};
}

/* ---- try_table ---- */

static void add_landing(Translator *t, const Landing *landing) {
  Landing *added = vec_push(&t->landings);
  if (added)
    *added = *landing;
  else
    t->failed = true;
}

/* The clause's values go to `home`, behind them the exception. */
static void add_clause(Translator *t, Catch c, u32 home, u32 next) {
  Control *target = control_at(t, c.label);
  bool has_tag = c.kind == CATCH || c.kind == CATCH_REF;
  Landing landing = {.offset = t->in.offset,
                     .target = *target,
                     .params = has_tag ? tag_params(t, c.tag) : (Types){NULL, 0, 0},
                     .has_ref = c.kind == CATCH_REF || c.kind == CATCH_ALL_REF};
  u32 after = home + landing.params.slots;
  landing.clause =
      wm_catch_add(t, (CatchClause){.tag = has_tag ? c.tag : NO_INDEX,
                                    .next = next,
                                    .word = wm_label_new(t),
                                    .slot = (u16)home,
                                    .exception_slot = landing.has_ref ? (u16)after : NO_SLOT});
  target->used = true;
  add_landing(t, &landing);
}

/* Labels are those around the try_table. */
void wm_translate_try_table(Translator *t) {
  const BlockType *block = &t->in.block;
  u32 params = block->kind == BLOCK_TYPE ? t->module->types[block->type_index].param_count : 0;
  u32 home, first = t->catches.len, count = t->in.vec.count;
  const u8 *pos = t->in.vec.items;
  wm_value_flush(t);
  home = home_of_top(t, params, 0);
  for (u32 i = 0; i < count; i++)
    add_clause(t, wm_instr_next_catch(&pos), home, i + 1 < count ? first + i + 1 : t->chain);
  Control *c = wm_block_open(t, CONTROL_BLOCK);
  if (!count || t->failed) return;
  c->chain = first;
  wm_catch_set_chain(t, first);
}

/* The exception's values are in their homes, as at a label. */
static void emit_landing(Translator *t, Landing *landing) {
  static const ValType exception = REF_NULL_TYPE(HEAP_EXN);
  CatchClause *clause = &t->catches.data[landing->clause];
  Control *target = &landing->target;
  t->in.offset = landing->offset;
  wm_label_bind(t, clause->word);
  t->depth = t->settled = t->flushed = 0;
  t->next_home = clause->slot;
  wm_values_push_homes(t, &landing->params);
  if (landing->has_ref) wm_values_push_homes(t, &(Types){&exception, 1, 1});
  wm_block_branch(t, target);
}

void wm_catch_landings(Translator *t) {
  for (u32 i = 0; i < t->landings.len && !t->failed; i++) emit_landing(t, &t->landings.data[i]);
}

/* ---- the legacy encoding ---- */

/* The head of the chain catches nothing; clauses are put behind it when they come. */
void wm_translate_try(Translator *t) {
  wm_value_flush(t);
  u32 head = wm_catch_add(t, (CatchClause){.tag = NO_TAG, .next = t->chain, .word = NONE});
  Control *c = wm_block_open(t, CONTROL_TRY);
  if (t->failed) return;
  c->chain = c->chain_end = head;
  wm_catch_set_chain(t, head);
}

/* The try's first part, or the one for exceptions before, is over. */
static void end_part(Translator *t, Control *c, bool live) {
  if (live) {
    wm_values_settle(t, c->results.count);
    wm_cells_emit(t, H_br_F, 2, DRAFT_BRANCH)->b = c->label;
    c->used = true;
  }
  if (c->kind == CONTROL_TRY) t->catch_depth++;
  c->kind = CONTROL_CATCH;
  c->chain = c->outer_chain;
  wm_catch_set_chain(t, c->outer_chain);
  wm_block_reset(t, c);
  wm_block_forget(t, c->set_mark);
}

void wm_translate_catch(Translator *t, bool live) {
  bool has_tag = t->in.op == OP_catch;
  Control *c = control_at(t, 0);
  end_part(t, c, live);
  u32 label = wm_label_new(t);
  c->hidden = hidden_slot(t, t->catch_depth - 1);
  u32 clause = wm_catch_add(t, (CatchClause){.tag = has_tag ? t->in.index : NO_INDEX,
                                             .next = c->outer_chain,
                                             .word = label,
                                             .slot = (u16)c->home,
                                             .exception_slot = (u16)c->hidden});
  if (t->failed) return;
  t->catches.data[c->chain_end].next = clause;
  c->chain_end = clause;
  wm_label_bind(t, label);
  if (!has_tag) return;
  Types params = tag_params(t, t->in.index);
  wm_values_push_homes(t, &params);
}

void wm_catch_delegate(Translator *t) {
  const Control *c = control_at(t, 0);
  t->catches.data[c->chain].next = control_at(t, 1 + t->in.index)->chain;
}

/* ---- throwing ---- */

void wm_translate_throw(Translator *t) {
  if (t->in.op == OP_throw) {
    Types params = tag_params(t, t->in.index);
    wm_values_settle(t, params.count);
    u32 home = home_of_top(t, params.count, 0);
    Cell *cell = wm_cells_emit(t, H_throw, 2, 0);
    cell->d = (u16)home;
    cell->b = t->in.index;
  } else {
    u32 slot = t->in.op == OP_rethrow ? control_at(t, t->in.index)->hidden
                                      : wm_value_read(t, value_top(t, 0));
    wm_cells_emit(t, H_throw_ref, 2, 0)->a = (u16)slot;
  }
}
