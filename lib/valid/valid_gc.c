/* Instructions on structs, arrays, i31 and casts (spec 3.4.5 to 3.4.8). A field's type in memory
 * may be packed (i8, i16); on the operand stack it is then an i32. */
#include "valid/operands.h"

/* ---- what immediates name ---- */

/* The struct or array type at an index; NULL: failed. */
static const SubType *find_type(Validator *v, u32 index, CompositeKind kind) {
  if (index < v->m->type_count && v->m->types[index].kind == kind) return &v->m->types[index];
  if (index < v->m->type_count)
    wm_valid_fail(v, "unknown type %u: it is not %s type", index,
                  kind == COMP_STRUCT ? "a struct" : "an array");
  else
    wm_valid_fail(v, "unknown type %u", index);
  return NULL;
}

static const SubType *struct_type(Validator *v) { return find_type(v, v->in.index, COMP_STRUCT); }

/* The elements of the array type at an index; NULL: failed. */
static const FieldType *array_elements(Validator *v, u32 index) {
  const SubType *type = find_type(v, index, COMP_ARRAY);
  return type ? &type->fields[0] : NULL;
}

/* The field that struct.get and struct.set name; NULL: failed. */
static const FieldType *struct_field(Validator *v) {
  const SubType *type = struct_type(v);
  if (!type) return NULL;
  if (v->in.index2 < type->field_count) return &type->fields[v->in.index2];
  wm_valid_fail(v, "unknown field %u", v->in.index2);
  return NULL;
}

static bool check_default(Validator *v, u32 type_index) {
  if (!v->m->types[type_index].lacks_default) return true;
  return wm_valid_fail(v, "field type is not defaultable: references that cannot be null");
}

static bool check_mutable(Validator *v, const FieldType *field, const char *what) {
  return field->is_mutable || wm_valid_fail(v, "immutable %s", what);
}

/* get_s and get_u are for packed fields, get for all others. */
static bool check_extension(Validator *v, const FieldType *field, bool extends) {
  if (val_is_packed(field->type) == extends) return true;
  return wm_valid_fail(v, extends ? "field is not packed" : "field is packed");
}

/* Of a segment's bytes no reference can be made. */
static bool check_plain(Validator *v, const FieldType *element) {
  if (!val_is_ref(element->type)) return true;
  return wm_valid_fail(v, "array type is not numeric or vector");
}

static bool pop_two(Validator *v, ValType t) {
  for (u32 i = 0; i < 2; i++)
    if (!pop(v, t)) return false;
  return true;
}

/* ---- structs ---- */

static bool check_struct_new(Validator *v) {
  const SubType *type = struct_type(v);
  if (!type) return false;
  for (u32 i = type->field_count; i-- > 0 && !pops_anything(v);)
    if (!pop(v, val_unpacked(type->fields[i].type))) return false;
  push(v, REF_TYPE(v->in.index));
  return true;
}

static bool check_struct_new_default(Validator *v) {
  if (!struct_type(v) || !check_default(v, v->in.index)) return false;
  push(v, REF_TYPE(v->in.index));
  return true;
}

static bool check_struct_get(Validator *v) {
  const FieldType *field = struct_field(v);
  if (!field || !check_extension(v, field, v->in.op != OP_struct_get)) return false;
  if (!pop(v, REF_NULL_TYPE(v->in.index))) return false;
  push(v, val_unpacked(field->type));
  return true;
}

static bool check_struct_set(Validator *v) {
  const FieldType *field = struct_field(v);
  return field && check_mutable(v, field, "field") && pop(v, val_unpacked(field->type)) &&
         pop(v, REF_NULL_TYPE(v->in.index));
}

/* ---- arrays ---- */

static bool check_array_new(Validator *v) {
  const FieldType *element = array_elements(v, v->in.index);
  if (!element || !pop(v, VAL_I32) || !pop(v, val_unpacked(element->type))) return false;
  push(v, REF_TYPE(v->in.index));
  return true;
}

static bool check_array_new_default(Validator *v) {
  const FieldType *element = array_elements(v, v->in.index);
  if (!element || !check_default(v, v->in.index) || !pop(v, VAL_I32)) return false;
  push(v, REF_TYPE(v->in.index));
  return true;
}

/* In unreachable code all that a stack lacks fits: a large number must not take long. */
static bool check_array_new_fixed(Validator *v) {
  const FieldType *element = array_elements(v, v->in.index);
  if (!element) return false;
  for (u32 i = v->in.index2; i-- > 0 && !pops_anything(v);)
    if (!pop(v, val_unpacked(element->type))) return false;
  push(v, REF_TYPE(v->in.index));
  return true;
}

/* array.new_data and array.new_elem: which part of the segment. */
static bool check_new_from_segment(Validator *v) {
  if (!pop_two(v, VAL_I32)) return false;
  push(v, REF_TYPE(v->in.index));
  return true;
}

static bool check_data(Validator *v, const FieldType *element) {
  return check_plain(v, element) && wm_valid_data(v, v->in.index2);
}

static bool check_elem(Validator *v, const FieldType *element) {
  const ElemSegment *elem = wm_valid_elem(v, v->in.index2);
  return elem && (wm_valid_matches(v, elem->type, element->type) ||
                  wm_valid_mismatch(v, element->type, &elem->type));
}

static bool check_array_new_data(Validator *v) {
  const FieldType *element = array_elements(v, v->in.index);
  return element && check_data(v, element) && check_new_from_segment(v);
}

static bool check_array_new_elem(Validator *v) {
  const FieldType *element = array_elements(v, v->in.index);
  return element && check_elem(v, element) && check_new_from_segment(v);
}

static bool check_array_get(Validator *v) {
  const FieldType *element = array_elements(v, v->in.index);
  if (!element || !check_extension(v, element, v->in.op != OP_array_get)) return false;
  if (!pop(v, VAL_I32) || !pop(v, REF_NULL_TYPE(v->in.index))) return false;
  push(v, val_unpacked(element->type));
  return true;
}

/* The elements of the array that the instruction writes to; NULL: failed. */
static const FieldType *written_elements(Validator *v) {
  const FieldType *element = array_elements(v, v->in.index);
  return element && check_mutable(v, element, "array") ? element : NULL;
}

static bool pop_place(Validator *v) {
  return pop(v, VAL_I32) && pop(v, REF_NULL_TYPE(v->in.index));
}

static bool check_array_set(Validator *v) {
  const FieldType *element = written_elements(v);
  return element && pop(v, val_unpacked(element->type)) && pop_place(v);
}

static bool check_array_len(Validator *v) {
  if (!pop(v, REF_NULL_TYPE(HEAP_ARRAY))) return false;
  push(v, VAL_I32);
  return true;
}

static bool check_array_fill(Validator *v) {
  const FieldType *element = written_elements(v);
  return element && pop(v, VAL_I32) && pop(v, val_unpacked(element->type)) && pop_place(v);
}

/* Packed elements are of one width, others may be subtypes. */
static bool check_copied(Validator *v, const FieldType *from, const FieldType *to) {
  if (from->type == to->type) return true;
  bool packed = val_is_packed(from->type) || val_is_packed(to->type);
  return (!packed && wm_valid_matches(v, from->type, to->type)) ||
         wm_valid_fail(v, "array types do not match");
}

static bool check_array_copy(Validator *v) {
  const FieldType *to = written_elements(v);
  const FieldType *from = to ? array_elements(v, v->in.index2) : NULL;
  return from && check_copied(v, from, to) && pop_two(v, VAL_I32) &&
         pop(v, REF_NULL_TYPE(v->in.index2)) && pop_place(v);
}

static bool check_array_init(Validator *v) {
  const FieldType *element = written_elements(v);
  if (!element) return false;
  if (!(v->in.op == OP_array_init_data ? check_data(v, element) : check_elem(v, element)))
    return false;
  return pop_two(v, VAL_I32) && pop_place(v);
}

/* ---- i31, and between the hierarchies ---- */

static bool check_ref_i31(Validator *v) {
  if (!pop(v, VAL_I32)) return false;
  push(v, REF_TYPE(HEAP_I31));
  return true;
}

static bool check_i31_get(Validator *v) {
  if (!pop(v, REF_NULL_TYPE(HEAP_I31))) return false;
  push(v, VAL_I32);
  return true;
}

static bool check_ref_eq(Validator *v) {
  if (!pop_two(v, REF_NULL_TYPE(HEAP_EQ))) return false;
  push(v, VAL_I32);
  return true;
}

/* What could not be null cannot be null on the other side. */
static bool check_convert(Validator *v, HeapType from, HeapType to) {
  ValType t;
  if (!wm_valid_pop_ref(v, &t)) return false;
  if (!wm_valid_matches(v, t, REF_NULL_TYPE(from)))
    return wm_valid_mismatch(v, REF_NULL_TYPE(from), &t);
  push(v, val_is_nullable(t) ? REF_NULL_TYPE(to) : REF_TYPE(to));
  return true;
}

/* ---- casts ---- */

/* The top of the hierarchy that a heap type is in. */
static HeapType top_of(const Validator *v, HeapType h) {
  if (!heap_is_abstract(h)) return v->m->types[h].kind == COMP_FUNC ? HEAP_FUNC : HEAP_ANY;
  switch (h) {
  case HEAP_FUNC:
  case HEAP_NOFUNC: return HEAP_FUNC;
  case HEAP_EXTERN:
  case HEAP_NOEXTERN: return HEAP_EXTERN;
  case HEAP_EXN:
  case HEAP_NOEXN: return HEAP_EXN;
  default: return HEAP_ANY;
  }
}

static bool check_cast(Validator *v, bool tests, bool nullable) {
  HeapType heap = v->in.cast.heap2;
  if (!wm_valid_heaptype(v, heap, nullable, v->in.offset)) return false;
  if (!pop(v, REF_NULL_TYPE(top_of(v, heap)))) return false;
  push(v, tests ? VAL_I32 : nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap));
  return true;
}

static ValType ref_type(HeapType heap, bool nullable) {
  return nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap);
}

/* What is left of a reference of `from` that a cast to `to` refused. */
static ValType type_difference(ValType from, ValType to) {
  return val_is_nullable(to) ? REF_TYPE(val_heap(from)) : from;
}

/* The types that a br_on_cast goes from and to; false: failed. */
static bool cast_types(Validator *v, ValType *from, ValType *to) {
  bool from_null = v->in.cast.flags & CAST_FROM_NULL, to_null = v->in.cast.flags & CAST_TO_NULL;
  if (!wm_valid_heaptype(v, v->in.cast.heap1, from_null, v->in.offset) ||
      !wm_valid_heaptype(v, v->in.cast.heap2, to_null, v->in.offset))
    return false;
  *from = ref_type(v->in.cast.heap1, from_null);
  *to = ref_type(v->in.cast.heap2, to_null);
  return wm_valid_matches(v, *to, *from) || wm_valid_mismatch(v, *from, to);
}

/* The label takes the reference behind what stays on the stack, which goes on with `stays`. */
bool wm_valid_br_on_cast(Validator *v) {
  const Control *c = wm_valid_label(v, v->in.index);
  ValType from, to;
  if (!c || !cast_types(v, &from, &to)) return false;
  ValType goes = to, stays = type_difference(from, to);
  if (v->in.op == OP_br_on_cast_fail) {
    goes = stays;
    stays = to;
  }
  Types types = label_types(c);
  if (!types.count) return wm_valid_fail(v, "type mismatch: the label takes no reference");
  ValType wanted = types.items[--types.count];
  types.slots -= val_slots(wanted);
  if (!wm_valid_matches(v, goes, wanted)) return wm_valid_mismatch(v, wanted, &goes);
  if (!pop(v, from) || !pass_types(v, types)) return false;
  push(v, stays);
  return true;
}

bool wm_valid_gc(Validator *v) {
  switch (v->in.op) {
  case OP_ref_eq: return check_ref_eq(v);
  case OP_struct_new: return check_struct_new(v);
  case OP_struct_new_default: return check_struct_new_default(v);
  case OP_struct_get:
  case OP_struct_get_s:
  case OP_struct_get_u: return check_struct_get(v);
  case OP_struct_set: return check_struct_set(v);
  case OP_array_new: return check_array_new(v);
  case OP_array_new_default: return check_array_new_default(v);
  case OP_array_new_fixed: return check_array_new_fixed(v);
  case OP_array_new_data: return check_array_new_data(v);
  case OP_array_new_elem: return check_array_new_elem(v);
  case OP_array_get:
  case OP_array_get_s:
  case OP_array_get_u: return check_array_get(v);
  case OP_array_set: return check_array_set(v);
  case OP_array_len: return check_array_len(v);
  case OP_array_fill: return check_array_fill(v);
  case OP_array_copy: return check_array_copy(v);
  case OP_array_init_data:
  case OP_array_init_elem: return check_array_init(v);
  case OP_ref_test:
  case OP_ref_test_null: return check_cast(v, true, v->in.op == OP_ref_test_null);
  case OP_ref_cast:
  case OP_ref_cast_null: return check_cast(v, false, v->in.op == OP_ref_cast_null);
  case OP_any_convert_extern: return check_convert(v, HEAP_EXTERN, HEAP_ANY);
  case OP_extern_convert_any: return check_convert(v, HEAP_ANY, HEAP_EXTERN);
  case OP_ref_i31: return check_ref_i31(v);
  default: return check_i31_get(v); /* i31.get_s, i31.get_u */
  }
}
