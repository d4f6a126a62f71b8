/* Exceptions in function bodies (spec 3.4.8): throwing, try_table, and the legacy encoding's try
 * with its catch, catch_all and delegate parts. */
#include "valid/operands.h"
#include "wasm/nesting.h"

/* The type of the tag; NULL and "unknown tag". */
static const SubType *tag_type(Validator *v, u32 tag) {
  if (tag < v->m->tag_count) return &v->m->types[v->m->tags[tag].type_index];
  wm_valid_fail(v, "unknown tag %u", tag);
  return NULL;
}

/* Whatever may be thrown is as a call to the tiers. */
static bool leaves(Validator *v) {
  wm_facts_call(&v->facts);
  wm_valid_mark_unreachable(v);
  return true;
}

bool wm_valid_throw(Validator *v) {
  const SubType *type = tag_type(v, v->in.index);
  return type && pop_types(v, param_types(type)) && leaves(v);
}

bool wm_valid_throw_ref(Validator *v) { return pop(v, REF_NULL_TYPE(HEAP_EXN)) && leaves(v); }

/* ---- try_table ---- */

/* The label takes the exception's values, and behind them the exception itself with a _ref clause.
 */
static bool check_clause(Validator *v, Catch clause) {
  static const ValType exception = REF_TYPE(HEAP_EXN);
  bool has_tag = clause.kind == CATCH || clause.kind == CATCH_REF;
  const SubType *type = has_tag ? tag_type(v, clause.tag) : NULL;
  if (has_tag && !type) return false;
  const Control *c = wm_valid_label(v, clause.label);
  if (!c) return false;
  Types values = type ? param_types(type) : (Types){0}, wanted = label_types(c);
  bool has_ref = clause.kind == CATCH_REF || clause.kind == CATCH_ALL_REF;
  bool fits = wanted.count == values.count + has_ref;
  if (has_ref && wanted.count) {
    const ValType *last = &wanted.items[--wanted.count];
    fits = fits && last && wm_valid_matches(v, exception, *last);
  }
  if (!fits || !wm_valid_types_match(v, values, wanted))
    return wm_valid_fail(v, "type mismatch: catch clause for a label that takes other values");
  /* The tiers put them on the stack before they go to the label. */
  u32 slots = v->slots;
  v->slots += values.slots + has_ref;
  if (!settle_height(v)) return false;
  v->slots = slots;
  return true;
}

/* The try_table's own label is not in scope for its clauses. */
bool wm_valid_try_table(Validator *v) {
  const u8 *pos = v->in.vec.items;
  for (u32 i = 0; i < v->in.vec.count; i++)
    if (!check_clause(v, wm_instr_next_catch(&pos))) return false;
  return wm_valid_block(v);
}

/* ---- the legacy encoding ---- */

/* A part for exceptions begins: the hidden local of this depth holds the one that is caught. */
static bool enter_catch(Validator *v) {
  if (vec_last(&v->control)->op == OP_try) v->catch_depth++;
  v->max_catch_depth = max_u32(v->max_catch_depth, v->catch_depth);
  return wm_facts_assign_hidden(&v->facts, v->local_count + v->catch_depth - 1) ||
         wm_error_out_of_memory(v->err);
}

bool wm_valid_catch(Validator *v) {
  const Control *c = vec_last(&v->control);
  if (!wm_instr_fits(&v->in, c->op, v->err)) return false;
  if (!wm_valid_block_results(v, c) || !enter_catch(v)) return false;
  wm_valid_next_part(v, v->in.op);
  if (v->in.op == OP_catch_all) return true;
  const SubType *type = tag_type(v, v->in.index);
  return type && push_types(v, param_types(type));
}

/* The label is one around the try. */
bool wm_valid_delegate(Validator *v) {
  const Control *c = vec_last(&v->control);
  if (!wm_instr_fits(&v->in, c->op, v->err)) return false;
  if (v->in.index >= v->control.len - 1) return wm_valid_fail(v, "unknown label %u", v->in.index);
  if (!wm_valid_block_results(v, c)) return false;
  wm_valid_pop_control(v);
  return true;
}

bool wm_valid_rethrow(Validator *v) {
  const Control *c = wm_valid_label(v, v->in.index);
  if (!c) return false;
  if (c->op != OP_catch && c->op != OP_catch_all)
    return wm_valid_fail(v, "invalid rethrow label %u", v->in.index);
  return leaves(v);
}
