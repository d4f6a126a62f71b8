/* Instructions other than control (spec 3.4): one path for fixed signatures, and by hand those on
 * locals, globals, tables, references and copies between memories.
 *
 * A fixed signature is a row's (valid_rules.c). RULE_ADDRESS in it stands for the type of addresses
 * of the memory that the immediate names: i32, or i64 (memory64). */
#include "valid/operands.h"

/* ---- what immediates name ---- */

/* The type of the memory's addresses; VAL_BOTTOM: failed. */
static ValType memory_address(Validator *v, u32 index) {
  if (LIKELY(index < v->m->memory_count)) return limits_address(&v->m->memories[index].limits);
  wm_valid_fail(v, "unknown memory %u", index);
  return VAL_BOTTOM;
}

/* Atomic accesses say their natural alignment, others at most that. */
static bool is_aligned(const Validator *v, const Rule *rule) {
  u32 align_log2 = v->in.mem.align_log2;
  return align_log2 == rule->align_log2 ||
         (align_log2 < rule->align_log2 && rule->feature != FEATURE_THREADS);
}

/* Alignment and offset (spec 3.4.11) of an access; what comes back is what RULE_ADDRESS means. */
static ValType memarg_address(Validator *v, const Rule *rule) {
  ValType address = memory_address(v, v->in.mem.memory);
  if (LIKELY(is_aligned(v, rule) && (v->in.mem.offset <= UINT32_MAX || address == VAL_I64)))
    return address;
  if (v->in.mem.align_log2 < rule->align_log2 && !is_aligned(v, rule))
    wm_valid_fail(v, "atomic alignment must be natural: 2**%u, must be 2**%u", v->in.mem.align_log2,
                  rule->align_log2);
  else if (v->in.mem.align_log2 > rule->align_log2)
    wm_valid_fail(v, "alignment must not be larger than natural: 2**%u, at most 2**%u",
                  v->in.mem.align_log2, rule->align_log2);
  else
    wm_valid_fail(v, "offset out of range");
  return VAL_BOTTOM;
}

static bool check_lane(Validator *v, u32 lane, u32 lane_count) {
  return lane < lane_count || wm_valid_fail(v, "invalid lane index %u", lane);
}

/* Lanes of the vector that extract_lane or replace_lane works on. */
static u32 lane_count(u16 op) {
  switch (op) {
  case OP_i8x16_extract_lane_s:
  case OP_i8x16_extract_lane_u:
  case OP_i8x16_replace_lane: return 16;
  case OP_i16x8_extract_lane_s:
  case OP_i16x8_extract_lane_u:
  case OP_i16x8_replace_lane: return 8;
  case OP_i32x4_extract_lane:
  case OP_i32x4_replace_lane:
  case OP_f32x4_extract_lane:
  case OP_f32x4_replace_lane: return 4;
  default: return 2;
  }
}

static bool check_shuffle(Validator *v) {
  for (u32 i = 0; i < 16; i++)
    if (!check_lane(v, v->in.v128.u8x16[i], 32)) return false;
  return true;
}

/* ---- fixed signatures ---- */

/* Checks the immediate; returns what RULE_ADDRESS means, VAL_BOTTOM when failed. */
static inline ValType check_immediate(Validator *v, const Rule *rule) {
  const Instr *in = &v->in;
  bool ok = true;
  ValType address = VAL_I32;
  switch (rule->immediate) {
  case IMM_MEMARG: return memarg_address(v, rule);
  case IMM_MEMARG_LANE:
    address = memarg_address(v, rule);
    ok = check_lane(v, in->lane, 16u >> rule->align_log2);
    break;
  case IMM_MEMORY:
    if (in->op == OP_memory_grow) wm_facts_grow(&v->facts);
    return memory_address(v, in->index);
  case IMM_DATA_MEMORY:
    address = memory_address(v, in->index2);
    ok = wm_valid_data(v, in->index);
    break;
  case IMM_DATA: ok = wm_valid_data(v, in->index); break;
  case IMM_ELEM: ok = wm_valid_elem(v, in->index) != NULL; break;
  case IMM_LANE: ok = check_lane(v, in->lane, lane_count(in->op)); break;
  case IMM_SHUFFLE: ok = check_shuffle(v); break;
  default: break;
  }
  return ok ? address : VAL_BOTTOM;
}

static inline bool check_fixed(Validator *v, const Rule *rule) {
  ValType address = check_immediate(v, rule);
  if (address == VAL_BOTTOM) return false;
  /* The last operand is on top. */
  for (u32 i = rule->operand_count; i-- > 0;) {
    ValType t = rule->operands[i];
    if (!pop(v, t == RULE_ADDRESS ? address : t)) return false;
  }
  ValType result = rule->result;
  if (result == VAL_BOTTOM) return true;
  push(v, result == RULE_ADDRESS ? address : result);
  return true;
}

/* ---- variables ---- */

/* The type of a local that is not in the array: its run, by bisection. */
static NOINLINE ValType find_run_type(const Validator *v, u32 local) {
  u32 low = 0, high = v->runs.len - 1;
  while (low < high) { /* the first run that ends behind it */
    u32 middle = low + (high - low) / 2;
    if (v->runs.data[middle].end > local)
      high = middle;
    else
      low = middle + 1;
  }
  return v->runs.data[low].type;
}

/* The type of the local that the instruction names; VAL_BOTTOM: failed. */
static inline ValType local_type(Validator *v) {
  u32 local = v->in.index;
  if (LIKELY(local < v->expanded_count)) return v->expanded[local];
  if (local < v->local_count) return find_run_type(v, local);
  wm_valid_fail(v, "unknown local %u", local);
  return VAL_BOTTOM;
}

static bool check_local_get(Validator *v) {
  ValType t = local_type(v);
  if (UNLIKELY(t == VAL_BOTTOM)) return false;
  /* Only references that cannot be null have no default value. */
  if (UNLIKELY(val_kind(t) == KIND_REF) && v->init_stamps.data[v->in.index] != v->func_serial)
    return wm_valid_fail(v, "uninitialized local %u", v->in.index);
  push(v, t);
  return true;
}

/* The local has a value until the end of the block. */
static bool note_init(Validator *v, u32 local) {
  if (v->init_stamps.data[local] == v->func_serial) return true;
  u32 *entry = vec_push(&v->inits);
  if (!entry) return wm_error_out_of_memory(v->err);
  *entry = local;
  v->init_stamps.data[local] = v->func_serial;
  return true;
}

static bool check_local_set(Validator *v) {
  ValType t = local_type(v);
  if (UNLIKELY(t == VAL_BOTTOM) || !pop(v, t)) return false;
  if (UNLIKELY(val_kind(t) == KIND_REF) && !note_init(v, v->in.index)) return false;
  if (!facts_assign(&v->facts, v->in.index)) return wm_error_out_of_memory(v->err);
  if (v->in.op == OP_local_tee) push(v, t);
  return true;
}

static bool check_global_get(Validator *v) {
  if (v->in.index >= v->m->global_count) return wm_valid_fail(v, "unknown global %u", v->in.index);
  push(v, v->m->globals[v->in.index].type.type);
  return true;
}

static bool check_global_set(Validator *v) {
  if (v->in.index >= v->m->global_count) return wm_valid_fail(v, "unknown global %u", v->in.index);
  const GlobalType *global = &v->m->globals[v->in.index].type;
  if (!global->is_mutable)
    return wm_valid_fail(v, "immutable global: global %u cannot be set", v->in.index);
  return pop(v, global->type);
}

/* ---- drop and select ---- */

static bool check_drop(Validator *v) {
  ValType t;
  return pop_any(v, &t);
}

/* The untyped form: both of one number or vector type (spec 3.4.3). */
static bool check_select(Validator *v) {
  ValType a, b;
  if (!pop(v, VAL_I32) || !pop_any(v, &b) || !pop_any(v, &a)) return false;
  if (val_is_ref(a) || val_is_ref(b))
    return wm_valid_fail(v, "type mismatch: select of references must name its type");
  if (a != b && a != VAL_BOTTOM && b != VAL_BOTTOM) return wm_valid_mismatch(v, a, &b);
  /* The known one of the two, if any is. */
  push(v, a == VAL_BOTTOM ? b : a);
  return true;
}

static bool check_typed_select(Validator *v) {
  if (v->in.vec.count != 1)
    return wm_valid_fail(v, "invalid result arity: select has %u types", v->in.vec.count);
  const u8 *pos = v->in.vec.items;
  ValType t = wm_instr_next_type(&pos);
  if (!wm_valid_valtype(v, t, v->in.offset)) return false;
  if (!pop(v, VAL_I32) || !pop(v, t) || !pop(v, t)) return false;
  push(v, t);
  return true;
}

/* ---- tables ---- */

static bool check_table_access(Validator *v) {
  const TableType *table = wm_valid_table(v, v->in.index);
  if (!table) return false;
  ValType address = limits_address(&table->limits);
  switch (v->in.op) {
  case OP_table_get:
    if (!pop(v, address)) return false;
    push(v, table->element);
    return true;
  case OP_table_set: return pop(v, table->element) && pop(v, address);
  case OP_table_fill: return pop(v, address) && pop(v, table->element) && pop(v, address);
  case OP_table_grow:
    if (!pop(v, address) || !pop(v, table->element)) return false;
    push(v, address);
    return true;
  default: push(v, address); return true; /* table.size */
  }
}

/* Elements of one type are copied to a table of another. */
static bool check_elements(Validator *v, ValType from, ValType to) {
  if (wm_valid_matches(v, from, to)) return true;
  char from_name[64], to_name[64];
  return wm_valid_fail(v, "type mismatch: elements %s copied to a table of %s",
                       wm_valtype_name(from, from_name, sizeof from_name),
                       wm_valtype_name(to, to_name, sizeof to_name));
}

/* Operands of a copy: destination, source, and a length that suits both. */
static bool pop_copy(Validator *v, ValType to, ValType from) {
  /* In tables' and memories' copies alike. */
  ValType length = to == VAL_I64 && from == VAL_I64 ? VAL_I64 : VAL_I32;
  return pop(v, length) && pop(v, from) && pop(v, to);
}

static bool check_table_copy(Validator *v) {
  const TableType *to = wm_valid_table(v, v->in.index);
  const TableType *from = to ? wm_valid_table(v, v->in.index2) : NULL;
  return from && check_elements(v, from->element, to->element) &&
         pop_copy(v, limits_address(&to->limits), limits_address(&from->limits));
}

/* The segment's indices are i32 whatever the table's are. */
static bool check_table_init(Validator *v) {
  const TableType *to = wm_valid_table(v, v->in.index2);
  const ElemSegment *elem = to ? wm_valid_elem(v, v->in.index) : NULL;
  return elem && check_elements(v, elem->type, to->element) && pop(v, VAL_I32) && pop(v, VAL_I32) &&
         pop(v, limits_address(&to->limits));
}

static bool check_memory_copy(Validator *v) {
  ValType to = memory_address(v, v->in.index), from = memory_address(v, v->in.index2);
  return to != VAL_BOTTOM && from != VAL_BOTTOM && pop_copy(v, to, from);
}

/* ---- references ---- */

bool wm_valid_ref_null(Validator *v) {
  HeapType heap = v->in.cast.heap2;
  if (!wm_valid_heaptype(v, heap, true, v->in.offset)) return false;
  push(v, REF_NULL_TYPE(heap));
  return true;
}

/* Before typed references every function was a funcref. */
bool wm_valid_ref_func(Validator *v) {
  if (v->in.index >= v->m->func_count) return wm_valid_fail(v, "unknown function %u", v->in.index);
  bool typed = features_have(v->features, FEATURE_FUNCTION_REFERENCES);
  push(v, typed ? REF_TYPE(v->m->funcs[v->in.index].type_index) : VAL_FUNCREF);
  return true;
}

static bool check_ref_func(Validator *v) {
  if (!wm_valid_ref_func(v)) return false;
  /* Declared means named outside of bodies (spec 3.5.12); which all was checked before. */
  return v->m->funcs[v->in.index].escapes ||
         wm_valid_fail(v, "undeclared function reference to function %u", v->in.index);
}

static bool check_ref_is_null(Validator *v) {
  ValType t;
  if (!wm_valid_pop_ref(v, &t)) return false;
  push(v, VAL_I32);
  return true;
}

/* From unreachable code: of the heap type that matches all. */
static bool check_ref_as_non_null(Validator *v) {
  ValType t;
  if (!wm_valid_pop_ref(v, &t)) return false;
  push(v, REF_TYPE(val_heap(t)));
  return true;
}

/* 128 bits are two i64. */
static bool check_wide(Validator *v, u32 operands) {
  for (u32 i = 0; i < operands; i++)
    if (!pop(v, VAL_I64)) return false;
  push(v, VAL_I64);
  push(v, VAL_I64);
  return true;
}

/* By hand: all rows whose signature is x and that are not control. */
bool wm_valid_instr(Validator *v, const Rule *rule) {
  if (rule->operand_count != RULE_BY_HAND) return check_fixed(v, rule);
  switch (v->in.op) {
  case OP_local_get: return check_local_get(v);
  case OP_local_set:
  case OP_local_tee: return check_local_set(v);
  case OP_global_get: return check_global_get(v);
  case OP_global_set: return check_global_set(v);
  case OP_drop: return check_drop(v);
  case OP_select: return check_select(v);
  case OP_select_t: return check_typed_select(v);
  case OP_table_get:
  case OP_table_set:
  case OP_table_size:
  case OP_table_grow:
  case OP_table_fill: return check_table_access(v);
  case OP_table_copy: return check_table_copy(v);
  case OP_table_init: return check_table_init(v);
  case OP_memory_copy: return check_memory_copy(v);
  case OP_ref_null: return wm_valid_ref_null(v);
  case OP_ref_func: return check_ref_func(v);
  case OP_ref_is_null: return check_ref_is_null(v);
  case OP_ref_as_non_null: return check_ref_as_non_null(v);
  case OP_i64_add128:
  case OP_i64_sub128: return check_wide(v, 4);
  case OP_i64_mul_wide_s:
  case OP_i64_mul_wide_u: return check_wide(v, 2);
  default:
    if (rule->feature == FEATURE_GC) return wm_valid_gc(v);
    /* no rule here yet for a proposal that no tier runs */
    return wm_valid_unsupported(v, v->in.offset, rule->feature, wm_op_text(v->in.op));
  }
}
