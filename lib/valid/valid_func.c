/* Function bodies (spec 3.5.3; the algorithm is the spec's appendix "Validation Algorithm"): calls,
 * locals, and the way through all instructions. Blocks are in valid_block.c, instructions with a
 * fixed signature and those on variables, tables, memories and references in valid_instr.c. */
#include "valid/operands.h"

/* ---- calls ---- */

static bool check_call_type(Validator *v, const SubType *type) {
  wm_facts_call(&v->facts);
  return pop_types(v, param_types(type)) && push_types(v, result_types(type));
}

/* NULL: failed; so the next two. */
static const SubType *callee_type(Validator *v) {
  if (v->in.index < v->m->func_count) return module_func_type(v->m, v->in.index);
  wm_valid_fail(v, "unknown function %u", v->in.index);
  return NULL;
}

/* Checks call_indirect's table and pops the index into it. */
static const SubType *pop_indirect_callee(Validator *v) {
  const TableType *table = wm_valid_table(v, v->in.index2);
  if (!table) return NULL;
  if (!wm_valid_matches(v, table->element, VAL_FUNCREF)) {
    wm_valid_fail(v, "type mismatch: call through a table that does not hold functions");
    return NULL;
  }
  const SubType *type = wm_valid_func_type(v, v->in.index, v->in.offset);
  return type && pop(v, limits_address(&table->limits)) ? type : NULL;
}

/* Checks call_ref's type and pops the function. */
static const SubType *pop_ref_callee(Validator *v) {
  const SubType *type = wm_valid_func_type(v, v->in.index, v->in.offset);
  return type && pop(v, REF_NULL_TYPE(v->in.index)) ? type : NULL;
}

/* A call that gives the caller's results and does not come back. */
static bool check_tail_call_type(Validator *v, const SubType *type) {
  if (!wm_valid_types_match(v, result_types(type), end_types(&v->control.data[0])))
    return wm_valid_fail(v, "type mismatch: tail call of a function with other results");
  wm_facts_call(&v->facts);
  if (!pop_types(v, param_types(type))) return false;
  wm_valid_mark_unreachable(v);
  return true;
}

static bool check_call(Validator *v) {
  const SubType *type;
  switch (v->in.op) {
  case OP_call:
  case OP_return_call: type = callee_type(v); break;
  case OP_call_ref:
  case OP_return_call_ref: type = pop_ref_callee(v); break;
  default: type = pop_indirect_callee(v); break;
  }
  if (!type) return false;
  switch (v->in.op) {
  case OP_call:
  case OP_call_indirect:
  case OP_call_ref: return check_call_type(v, type);
  default: return check_tail_call_type(v, type);
  }
}

/* Instructions that need the control stack. */
static inline bool check_instr(Validator *v) {
  const Rule *rule = &wm_valid_rules[v->in.op];
  if (UNLIKELY(!features_have(v->features, rule->feature)))
    return wm_valid_unsupported(v, v->in.offset, rule->feature, wm_op_text(v->in.op));
  switch (v->in.op) {
  case OP_unreachable: wm_valid_mark_unreachable(v); return true;
  case OP_block:
  case OP_loop:
  case OP_if:
  case OP_try: return wm_valid_block(v);
  case OP_else: return wm_valid_else(v);
  case OP_end: return wm_valid_end_block(v);
  case OP_br: return wm_valid_br(v);
  case OP_br_if: return wm_valid_br_if(v);
  case OP_br_table: return wm_valid_br_table(v);
  case OP_return: return wm_valid_return(v);
  case OP_call:
  case OP_call_indirect:
  case OP_call_ref:
  case OP_return_call:
  case OP_return_call_indirect:
  case OP_return_call_ref: return check_call(v);
  case OP_br_on_null: return wm_valid_br_on_null(v);
  case OP_br_on_non_null: return wm_valid_br_on_non_null(v);
  case OP_br_on_cast:
  case OP_br_on_cast_fail: return wm_valid_br_on_cast(v);
  case OP_try_table: return wm_valid_try_table(v);
  case OP_catch:
  case OP_catch_all: return wm_valid_catch(v);
  case OP_delegate: return wm_valid_delegate(v);
  case OP_throw: return wm_valid_throw(v);
  case OP_throw_ref: return wm_valid_throw_ref(v);
  case OP_rethrow: return wm_valid_rethrow(v);
  default: return wm_valid_instr(v, rule);
  }
}

/* ---- locals ---- */

/* Reads the declarations (spec 5.5.13) into v->runs; returns how many there are. */
static u64 read_local_runs(Validator *v, Reader *r, u32 param_count) {
  u64 total = param_count, offset = reader_offset(r);
  u32 count = wm_reader_count(r, UINT32_MAX, "local declarations");
  for (u32 i = 0; i < count && reader_ok(r); i++) {
    LocalRun *run = vec_push(&v->runs);
    if (!run) return wm_error_out_of_memory(v->err);
    total += wm_reader_u32(r);
    u64 type_offset = reader_offset(r);
    run->type = wm_reader_valtype(r);
    run->end = (u32)min_u64(total, UINT32_MAX);
    if (reader_ok(r)) wm_valid_valtype(v, run->type, type_offset);
  }
  /* The grammar's own limit (spec 5.5.13) is malformed, ours is a limit. */
  if (total > UINT32_MAX)
    wm_reader_fail(r, offset, "too many locals");
  else if (total > MAX_LOCALS)
    wm_reader_limit(r, offset, "too many locals: %u, at most %d", (u32)total, MAX_LOCALS);
  return total;
}

/* Frame slots of all locals but the parameters; notes whether some have no default value. */
static u32 local_slots(const Validator *v, u32 param_count, bool *has_refs) {
  u32 slots = 0, start = param_count;
  for (u32 i = 0; i < v->runs.len; start = v->runs.data[i++].end) {
    slots += (v->runs.data[i].end - start) * val_slots(v->runs.data[i].type);
    *has_refs |= val_kind(v->runs.data[i].type) == KIND_REF;
  }
  return slots;
}

/* Fills the array of the first locals' types. */
/* The array is of a size that common functions fit; of others the rest is found in the runs. */
static void expand_locals(Validator *v, const SubType *type) {
  u32 at = type->param_count;
  v->expanded_count = min_u32(v->local_count, EXPANDED_LOCALS);
  if (at) memcpy(v->expanded, type->params, at * sizeof *v->expanded);
  for (u32 i = 0; i < v->runs.len && at < v->expanded_count; i++) {
    u32 end = min_u32(v->runs.data[i].end, v->expanded_count);
    while (at < end) v->expanded[at++] = v->runs.data[i].type;
  }
}

/* Locals without a default value must be set before they are read; parameters are set. */
/* A stamp is good for one function, so that nothing has to be cleared between two. */
static bool start_inits(Validator *v, u32 param_count) {
  u32 len = v->init_stamps.len;
  v->func_serial++;
  if (v->local_count > len) {
    if (!vec_reserve(&v->init_stamps, v->local_count - len)) return wm_error_out_of_memory(v->err);
    v->init_stamps.len = v->local_count;
  }
  for (u32 i = 0; i < param_count; i++) v->init_stamps.data[i] = v->func_serial;
  return true;
}

static bool start_locals(Validator *v, Reader *r, const SubType *type, FuncFacts *facts) {
  bool has_refs = false;
  v->runs.len = v->inits.len = 0;
  u64 total = read_local_runs(v, r, type->param_count);
  if (!reader_ok(r)) return false;
  v->local_count = (u32)total;
  expand_locals(v, type);
  facts->local_count = v->local_count;
  facts->local_slots = type->param_slots + local_slots(v, type->param_count, &has_refs);
  if (features_have(v->features, FEATURE_FUNCTION_REFERENCES))
    for (u32 i = 0; i < type->param_count; i++) has_refs |= val_kind(type->params[i]) == KIND_REF;
  return !has_refs || start_inits(v, type->param_count);
}

/* ---- bodies ---- */

static void add_hidden_locals(const Validator *v, FuncFacts *facts) {
  facts->hidden_locals = v->max_catch_depth;
  facts->local_count += v->max_catch_depth;
  facts->local_slots += v->max_catch_depth;
}

/* The whole frame (runtime/frame.h) must be addressable. */
static bool check_frame(Validator *v, const SubType *type, const FuncFacts *facts, u32 offset) {
  u64 slots = (u64)max_u32(type->param_slots, type->result_slots) + FRAME_OVERHEAD_SLOTS +
              (facts->local_slots - type->param_slots) + facts->max_operand_slots;
  return slots <= MAX_FRAME_SLOTS ||
         wm_error_set(v->err, ERR_LIMIT, offset,
                      "the function's frame takes %llu slots of 8 bytes, at most %d",
                      (unsigned long long)slots, MAX_FRAME_SLOTS);
}

static bool check_instrs(Validator *v, Reader *r, u32 func_index) {
  while (v->control.len) {
    if (UNLIKELY(r->pos == r->end)) return wm_valid_body_ends(r, v->m, func_index);
    if (!wm_instr_read(r, &v->in) || !check_instr(v) || !settle_height(v)) return false;
  }
  return r->pos == r->end || wm_reader_fail(r, reader_offset(r), "section size mismatch");
}

/* In this order: an error is told where the bytes have it first. */
bool wm_valid_func(Validator *v, u32 func_index) {
  FuncDecl *func = &v->m->funcs[func_index];
  const SubType *type = module_func_type(v->m, func_index);
  FuncFacts *facts = &func->facts;
  *facts = (FuncFacts){0};
  if (func->code_bytes > MAX_BODY_BYTES)
    return wm_error_set(v->err, ERR_LIMIT, func->code_offset,
                        "the function's body takes %u bytes, at most %d", func->code_bytes,
                        MAX_BODY_BYTES);
  Reader r = wm_reader_at(v->m, func->code_offset, func->code_bytes, v->err);
  r.first_use = v->first_use;
  v->control.len = v->max_control = 0;
  v->in.offset = func->code_offset;
  if (!start_locals(v, &r, type, facts) || !wm_valid_reset_stack(v)) return false;
  if (!wm_facts_start(&v->facts, v->local_count, func->code_bytes))
    return wm_error_out_of_memory(v->err);
  v->catch_depth = v->max_catch_depth = 0;
  if (!wm_valid_push_control(v, OP_block, type, VAL_BOTTOM)) return false;
  if (!check_instrs(v, &r, func_index)) return false;
  add_hidden_locals(v, facts);
  facts->max_operand_slots = v->max_slots;
  facts->max_control = v->max_control;
  if (!check_frame(v, type, facts, func->code_offset)) return false;
  if (!wm_facts_finish(&v->facts, v->arena, facts)) return wm_error_out_of_memory(v->err);
  /* Publishes the facts above: other threads may translate the function from here on. */
  atomic_store_explicit(&func->has_facts, true, memory_order_release);
  return true;
}
