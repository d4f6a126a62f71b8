/* Function bodies (spec 3.5.3; the algorithm is the spec's appendix "Validation Algorithm"):
 * locals, blocks and branches. Instructions with a fixed signature and those on variables, tables,
 * memories and references are in valid_instr.c. */
#include "valid/operands.h"

/* ---- blocks ---- */

static Types one_type(const ValType *value) {
  u32 count = *value != VAL_BOTTOM;
  return (Types){value, count, count * val_slots(*value)};
}

static Types start_types(const Control *c) { return c->type ? param_types(c->type) : (Types){0}; }
static Types end_types(const Control *c) {
  return c->type ? result_types(c->type) : one_type(&c->value);
}
/* What a branch to the block takes. */
static Types label_types(const Control *c) {
  return c->op == OP_loop ? start_types(c) : end_types(c);
}

/* The types are on the stack; unreachable code's unknown types and subtypes become them. */
static bool pass_types(Validator *v, Types types) {
  return top_is(v, types) || (pop_types(v, types) && push_types(v, types));
}

/* Opens a block whose parameters are on the stack; the function's own (op is OP_block and nothing
 * is open) has them in its locals. */
static bool push_control(Validator *v, u16 op, const SubType *type, ValType value) {
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
static void mark_unreachable(Validator *v) {
  Control *c = vec_last(&v->control);
  v->stack_len = c->base;
  v->slots = c->base_slots;
  v->unreachable = c->unreachable = true;
}

static bool check_block(Validator *v) {
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
  return push_control(v, v->in.op, type, value);
}

/* The results of the innermost block are on its stack, and nothing else. */
static bool check_results(Validator *v, const Control *c) {
  Types types = end_types(c);
  if (!pass_types(v, types)) return false;
  u32 height = v->stack_len - c->base;
  if (height == types.count) return true;
  return wm_valid_fail(v, "type mismatch: %u values too many at the end of the block",
                       height - types.count);
}

/* Locals without a default that were set inside the block count as unset behind it. */
static void forget_inits(Validator *v, u32 init_base) {
  while (v->inits.len > init_base) v->init_stamps.data[v->inits.data[--v->inits.len]] = 0;
}

static bool check_else(Validator *v) {
  Control *c = vec_last(&v->control);
  if (c->op != OP_if)
    return wm_error_set(v->err, ERR_MALFORMED, v->in.offset,
                        "END opcode expected: else, not in if");
  if (!check_results(v, c)) return false;
  forget_inits(v, c->init_base);
  c->op = OP_else;
  v->unreachable = c->unreachable = false;
  v->stack_len = c->base;
  v->slots = c->base_slots;
  return push_types(v, start_types(c));
}

/* Without an else the results are the parameters. */
static bool check_missing_else(Validator *v, const Control *c) {
  Types params = start_types(c), results = end_types(c);
  bool fits = params.count == results.count;
  for (u32 i = 0; fits && i < params.count; i++)
    fits = wm_valid_matches(v, params.items[i], results.items[i]);
  return fits || wm_valid_fail(v, "type mismatch: if without else must give what it takes");
}

static bool check_end(Validator *v) {
  const Control *c = vec_last(&v->control);
  if (c->op == OP_if && !check_missing_else(v, c)) return false;
  if (!check_results(v, c)) return false;
  if (c->op == OP_loop && !wm_facts_leave_loop(&v->facts, v->in.offset))
    return wm_error_out_of_memory(v->err);
  forget_inits(v, c->init_base);
  if (--v->control.len == 0) return true;
  v->base = vec_last(&v->control)->base;
  v->unreachable = vec_last(&v->control)->unreachable;
  return true;
}

/* ---- branches ---- */

/* The block that a label means; NULL: there is none. Valid until the next block opens. */
static Control *find_label(Validator *v, u32 label) {
  if (LIKELY(label < v->control.len)) return &v->control.data[v->control.len - 1 - label];
  wm_valid_fail(v, "unknown label %u", label);
  return NULL;
}

static bool check_br(Validator *v) {
  const Control *c = find_label(v, v->in.index);
  if (!c || !pop_types(v, label_types(c))) return false;
  mark_unreachable(v);
  return true;
}

static bool check_br_if(Validator *v) {
  const Control *c = find_label(v, v->in.index);
  return c && pop(v, VAL_I32) && pass_types(v, label_types(c));
}

static bool check_br_on_null(Validator *v) {
  const Control *c = find_label(v, v->in.index);
  ValType t;
  if (!c || !wm_valid_pop_ref(v, &t) || !pass_types(v, label_types(c))) return false;
  push(v, REF_TYPE(val_heap(t)));
  return true;
}

/* The label takes the reference behind what stays on the stack. */
static bool check_br_on_non_null(Validator *v) {
  const Control *c = find_label(v, v->in.index);
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
static bool check_br_table(Validator *v) {
  if (!pop(v, VAL_I32)) return false;
  const u8 *pos = v->in.vec.items;
  u32 count = v->in.vec.count;
  u32 arity = 0;
  const ValType *last = NULL;
  v->table_serial++;
  for (u32 i = 0; i <= count; i++) {
    Control *c = find_label(v, wm_instr_next_label(&pos));
    if (!c) return false;
    if (c->checked_by == v->table_serial) continue;
    Types types = label_types(c);
    if (i == 0) arity = types.count;
    if (i > 0 && types.items == last && types.count == arity) continue;
    last = types.items;
    if (!check_table_label(v, c, arity)) return false;
  }
  mark_unreachable(v);
  return true;
}

static bool check_return(Validator *v) {
  if (!pop_types(v, end_types(&v->control.data[0]))) return false;
  mark_unreachable(v);
  return true;
}

/* ---- calls ---- */

static bool check_call_type(Validator *v, const SubType *type) {
  wm_facts_call(&v->facts);
  return pop_types(v, param_types(type)) && push_types(v, result_types(type));
}

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
  Types results = result_types(type), wanted = end_types(&v->control.data[0]);
  bool fits = results.count == wanted.count;
  for (u32 i = 0; fits && i < results.count; i++)
    fits = wm_valid_matches(v, results.items[i], wanted.items[i]);
  if (!fits) return wm_valid_fail(v, "type mismatch: tail call of a function with other results");
  wm_facts_call(&v->facts);
  if (!pop_types(v, param_types(type))) return false;
  mark_unreachable(v);
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
  case OP_unreachable: mark_unreachable(v); return true;
  case OP_block:
  case OP_loop:
  case OP_if: return check_block(v);
  case OP_else: return check_else(v);
  case OP_end: return check_end(v);
  case OP_br: return check_br(v);
  case OP_br_if: return check_br_if(v);
  case OP_br_table: return check_br_table(v);
  case OP_return: return check_return(v);
  case OP_call:
  case OP_call_indirect:
  case OP_call_ref:
  case OP_return_call:
  case OP_return_call_indirect:
  case OP_return_call_ref: return check_call(v);
  case OP_br_on_null: return check_br_on_null(v);
  case OP_br_on_non_null: return check_br_on_non_null(v);
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
  if (!push_control(v, OP_block, type, VAL_BOTTOM)) return false;
  if (!check_instrs(v, &r, func_index)) return false;
  facts->max_operand_slots = v->max_slots;
  facts->max_control = v->max_control;
  if (!check_frame(v, type, facts, func->code_offset)) return false;
  if (!wm_facts_finish(&v->facts, v->arena, facts)) return wm_error_out_of_memory(v->err);
  atomic_store_explicit(&func->has_facts, true, memory_order_release);
  return true;
}
