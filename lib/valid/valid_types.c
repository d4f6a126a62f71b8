/* Types: which are known, which proposals they need, whether one matches another (spec 3.2, 3.3).
 */
#include "valid/validator.h"

Feature wm_valid_heap_feature(HeapType h, bool nullable) {
  if (!heap_is_abstract(h)) return FEATURE_FUNCTION_REFERENCES;
  switch (h) {
  case HEAP_FUNC:
  case HEAP_EXTERN: return nullable ? FEATURE_REFERENCE_TYPES : FEATURE_FUNCTION_REFERENCES;
  case HEAP_EXN:
  case HEAP_NOEXN: return FEATURE_EXCEPTIONS;
  default: return FEATURE_GC;
  }
}

/* A heap type where the types below `type_limit` are known. */
/* The message names the type in the text format's words. */
static bool check_heaptype(Validator *v, HeapType h, bool nullable, u32 type_limit, u64 offset) {
  if (!heap_is_abstract(h) && h >= type_limit)
    return wm_valid_fail_at(v, offset, "unknown type %u", h);
  Feature f = wm_valid_heap_feature(h, nullable);
  if (features_have(v->features, f)) return true;
  char what[64];
  wm_valtype_name(nullable ? REF_NULL_TYPE(h) : REF_TYPE(h), what, sizeof what);
  return wm_valid_unsupported(v, offset, f, what);
}

static bool check_valtype(Validator *v, ValType t, u32 type_limit, u64 offset) {
  if (val_is_ref(t)) return check_heaptype(v, val_heap(t), val_is_nullable(t), type_limit, offset);
  return t != VAL_V128 || wm_valid_need(v, offset, FEATURE_SIMD, "v128");
}

bool wm_valid_heaptype(Validator *v, HeapType h, bool nullable, u64 offset) {
  return check_heaptype(v, h, nullable, v->m->type_count, offset);
}

bool wm_valid_valtype(Validator *v, ValType t, u64 offset) {
  return check_valtype(v, t, v->m->type_count, offset);
}

/* NULL: failed. Blocks, calls, tags, functions and imports ask here. */
const SubType *wm_valid_func_type(Validator *v, u32 type_index, u64 offset) {
  if (type_index < v->m->type_count && v->m->types[type_index].kind == COMP_FUNC)
    return &v->m->types[type_index];
  if (type_index < v->m->type_count)
    wm_valid_fail_at(v, offset, "unknown type %u: it is not a function type", type_index);
  else
    wm_valid_fail_at(v, offset, "unknown type %u", type_index);
  return NULL;
}

bool wm_valid_matches(Validator *v, ValType sub, ValType super) {
  if (sub == super || sub == VAL_BOTTOM || super == VAL_BOTTOM) return true;
  if (!val_is_ref(sub) || !val_is_ref(super)) return false;
  /* Null or not is known even of a reference out of nowhere. */
  if (val_heap(sub) == HEAP_BOTTOM) return val_is_nullable(super) || !val_is_nullable(sub);
  return wm_valtype_matches(v->reg, module_canonical(v->m, sub), module_canonical(v->m, super));
}

bool wm_valid_types_match(Validator *v, Types sub, Types super) {
  if (sub.count != super.count) return false;
  for (u32 i = 0; i < sub.count; i++)
    if (!wm_valid_matches(v, sub.items[i], super.items[i])) return false;
  return true;
}

static bool check_types(Validator *v, const ValType *types, u32 count, u32 type_limit, u32 offset) {
  for (u32 i = 0; i < count; i++)
    if (!check_valtype(v, types[i], type_limit, offset)) return false;
  return true;
}

static bool check_fields(Validator *v, const SubType *t, u32 type_limit) {
  for (u32 i = 0; i < t->field_count; i++)
    if (!check_valtype(v, t->fields[i].type, type_limit, t->offset)) return false;
  return true;
}

/* The number of a type's ancestors, which are known to come before it. */
static u32 count_ancestors(const Module *m, const SubType *t) {
  u32 count = 0;
  for (; t->super != NO_TYPE && count <= MAX_SUBTYPE_DEPTH; t = &m->types[t->super]) count++;
  return count;
}

/* What can be told of a declared supertype before the group has ids. */
static bool check_super(Validator *v, const SubType *t) {
  const Module *m = v->m;
  if (t->super == NO_TYPE) return true;
  if (t->super >= (u32)(t - m->types))
    return wm_valid_fail_at(v, t->offset, "unknown type %u", t->super);
  if (m->types[t->super].is_final)
    return wm_valid_fail_at(v, t->offset, "sub type %u does not match super type: %u is final",
                            (u32)(t - m->types), t->super);
  return count_ancestors(m, t) <= MAX_SUBTYPE_DEPTH ||
         wm_error_set(v->err, ERR_LIMIT, t->offset, "a sub type is more than %d types deep",
                      MAX_SUBTYPE_DEPTH);
}

static bool needs_gc(const SubType *t) {
  return t->kind != COMP_FUNC || !t->is_final || t->super != NO_TYPE;
}

static const char *what_needs_gc(const SubType *t) {
  switch (t->kind) {
  case COMP_STRUCT: return "a struct type";
  case COMP_ARRAY: return "an array type";
  default: return "a sub type";
  }
}

/* One type of a recursion group whose types are all below `type_limit`. */
static bool check_subtype(Validator *v, const SubType *t, u32 type_limit) {
  u32 offset = t->offset;
  if (needs_gc(t) && !wm_valid_need(v, offset, FEATURE_GC, what_needs_gc(t))) return false;
  if (!check_super(v, t) || !check_fields(v, t, type_limit)) return false;
  if (t->result_count > 1 && !wm_valid_need(v, offset, FEATURE_MULTI_VALUE, "more than one result"))
    return false;
  return check_types(v, t->params, t->param_count, type_limit, offset) &&
         check_types(v, t->results, t->result_count, type_limit, offset);
}

/* Members may name each other, earlier or later, so all of the group is known to each. */
static bool check_group(Validator *v, u32 start, u32 len) {
  if (len != 1 && !wm_valid_need(v, v->m->types[start].offset, FEATURE_GC, "a recursion group"))
    return false;
  for (u32 i = start; i < start + len; i++)
    if (!check_subtype(v, &v->m->types[i], start + len)) return false;
  return true;
}

/* The types have ids by now (spec 3.3.9). */
static bool check_declared_supers(Validator *v, u32 start, u32 len) {
  const Module *m = v->m;
  for (u32 i = start; i < start + len; i++) {
    const SubType *t = &m->types[i];
    if (!wm_types_fits_super(v->reg, t->type_id))
      return wm_valid_fail_at(v, t->offset, "sub type %u does not match super type %u", i,
                              t->super);
  }
  return true;
}

/* Ids are taken one group after the other: groups refer back to ids of groups before. */
bool wm_valid_types(Validator *v) {
  Module *m = v->m;
  for (u32 i = 0; i < m->type_count; i++) m->types[i].type_id = NO_TYPE;
  for (u32 i = 0; i < m->type_count; i += m->types[i].group_len) {
    u32 len = m->types[i].group_len;
    if (!check_group(v, i, len)) return false;
    if (!wm_types_intern(v->reg, m->types, i, len)) return wm_error_out_of_memory(v->err);
    if (!check_declared_supers(v, i, len)) return false;
  }
  return true;
}

void wm_module_release_types(const Module *m, TypeRegistry *reg) {
  for (u32 i = 0; i < m->type_count && m->types[i].type_id != NO_TYPE; i += m->types[i].group_len)
    wm_types_release(reg, m->types[i].type_id);
}
