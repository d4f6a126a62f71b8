/* Matching of canonical types (types.h, spec 3.3). */
#include "wasm/types.h"

bool wm_heaptype_matches(TypeRegistry *reg, HeapType sub, HeapType super) {
  if (sub == super) return true;
  if (heap_is_abstract(sub) && heap_is_abstract(super)) return wm_heap_abstract_matches(sub, super);
  if (!heap_is_abstract(sub) && !heap_is_abstract(super)) return wm_types_is_sub(reg, sub, super);
  bool sub_is_defined = !heap_is_abstract(sub);
  CompositeKind kind = wm_types_get(reg, sub_is_defined ? sub : super)->kind;
  if (!sub_is_defined) return sub == (kind == COMP_FUNC ? HEAP_NOFUNC : HEAP_NONE);
  HeapType above = kind == COMP_FUNC ? HEAP_FUNC : kind == COMP_STRUCT ? HEAP_STRUCT : HEAP_ARRAY;
  return wm_heap_abstract_matches(above, super);
}

bool wm_valtype_matches(TypeRegistry *reg, ValType sub, ValType super) {
  if (sub == super || sub == VAL_BOTTOM) return true;
  if (!val_is_ref(sub) || !val_is_ref(super)) return false;
  if (val_is_nullable(sub) && !val_is_nullable(super)) return false;
  return wm_heaptype_matches(reg, val_heap(sub), val_heap(super));
}

/* ---- declared supertypes (spec 3.3.9) ---- */

/* A field that can be written must be of the same type, else a subtype does. */
static bool field_matches(TypeRegistry *reg, const FieldType *sub, const FieldType *super) {
  if (sub->is_mutable != super->is_mutable) return false;
  if (val_is_packed(sub->type) || val_is_packed(super->type)) return sub->type == super->type;
  return wm_valtype_matches(reg, sub->type, super->type) &&
         (!sub->is_mutable || wm_valtype_matches(reg, super->type, sub->type));
}

static bool fields_match(TypeRegistry *reg, const SubType *sub, const SubType *super) {
  if (sub->field_count < super->field_count) return false;
  for (u32 i = 0; i < super->field_count; i++)
    if (!field_matches(reg, &sub->fields[i], &super->fields[i])) return false;
  return true;
}

static bool all_match(TypeRegistry *reg, const ValType *subs, const ValType *supers, u32 count) {
  for (u32 i = 0; i < count; i++)
    if (!wm_valtype_matches(reg, subs[i], supers[i])) return false;
  return true;
}

static bool funcs_match(TypeRegistry *reg, const SubType *sub, const SubType *super) {
  return sub->param_count == super->param_count && sub->result_count == super->result_count &&
         all_match(reg, super->params, sub->params, sub->param_count) &&
         all_match(reg, sub->results, super->results, sub->result_count);
}

bool wm_types_fits_super(TypeRegistry *reg, u32 type_id) {
  const SubType *sub = wm_types_get(reg, type_id);
  if (sub->super == NO_TYPE) return true;
  const SubType *super = wm_types_get(reg, sub->super);
  if (sub->kind != super->kind) return false;
  return sub->kind == COMP_FUNC ? funcs_match(reg, sub, super) : fields_match(reg, sub, super);
}
