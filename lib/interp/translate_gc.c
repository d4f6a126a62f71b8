/* Translation of the instructions on structs, arrays, i31 and casts (translator.h). What is used
 * most has handlers that take operands where they are; one cell does for all others, whose operands
 * are in their homes, side by side, where the result goes too.
 *
 *   a operands   b row   x[0] type (canonical) | index2 << 32   x[1] end of the frame
 *   x[2] the type itself, of struct.new */
#include "interp/translator.h"

static const SubType *type_at(const Translator *t, u32 index) { return &t->module->types[index]; }

/* The field or, of an array, the elements. */
static const FieldType *field_at(const Translator *t) {
  const SubType *type = type_at(t, t->in.index);
  return &type->fields[type->kind == COMP_STRUCT ? t->in.index2 : 0];
}
static ValType value_type(const Translator *t) { return val_unpacked(field_at(t)->type); }

/* ---- any of them ---- */

/* How many values it takes. */
static u32 operand_count(const Translator *t) {
  switch (t->in.op) {
  case OP_struct_new: return type_at(t, t->in.index)->field_count;
  case OP_struct_new_default: return 0;
  case OP_array_new_fixed: return t->in.index2;
  case OP_struct_set:
  case OP_array_new:
  case OP_array_new_data:
  case OP_array_new_elem:
  case OP_array_get:
  case OP_array_get_s:
  case OP_array_get_u: return 2;
  case OP_array_set: return 3;
  case OP_array_fill:
  case OP_array_init_data:
  case OP_array_init_elem: return 4;
  case OP_array_copy: return 5;
  default: return 1;
  }
}

/* VAL_BOTTOM: none. Of a reference any type will do. */
static ValType result_type(const Translator *t) {
  switch (t->in.op) {
  case OP_struct_set:
  case OP_array_set:
  case OP_array_fill:
  case OP_array_copy:
  case OP_array_init_data:
  case OP_array_init_elem: return VAL_BOTTOM;
  case OP_ref_test:
  case OP_ref_test_null: return VAL_I32;
  case OP_struct_get:
  case OP_struct_get_s:
  case OP_struct_get_u:
  case OP_array_get:
  case OP_array_get_s:
  case OP_array_get_u: return value_type(t);
  default: return VAL_EXTERNREF;
  }
}

static ValType cast_type(const Translator *t, HeapType heap, bool nullable) {
  return module_canonical(t->module, nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap));
}

static bool takes_null(const Translator *t) {
  return t->in.op == OP_ref_test_null || t->in.op == OP_ref_cast_null;
}

/* The first word of what the instruction names, canonical. */
static u32 first_immediate(const Translator *t) {
  if (wm_op_info[t->in.op].immediate == IMM_HEAP)
    return cast_type(t, t->in.cast.heap2, takes_null(t));
  return type_at(t, t->in.index)->type_id;
}

static u32 second_immediate(const Translator *t) {
  return t->in.op == OP_array_copy ? type_at(t, t->in.index2)->type_id : t->in.index2;
}

static void any(Translator *t) {
  u32 count = operand_count(t);
  ValType result = result_type(t);
  bool is_new = t->in.op == OP_struct_new;
  wm_values_settle(t, count);
  u32 home = home_of_top(t, count, 0);
  Cell *cell = wm_cells_emit(t, is_new ? H_struct_bump : H_gc, is_new ? 5 : 4, 0);
  if (is_new) cell->x[2] = (u64)(uintptr_t)wm_types_get(t->loaded->types, first_immediate(t));
  cell->a = (u16)home;
  cell->b = t->in.op;
  cell->x[0] = first_immediate(t) | (u64)second_immediate(t) << 32;
  cell->x[1] = t->func->frame_slots;
  wm_values_pop(t, count);
  if (result == VAL_BOTTOM) return;
  wm_slots_written(t, home, val_slots(result));
  wm_values_push_homes(t, &(Types){&result, 1, val_slots(result)});
}

/* ---- fields and elements ---- */

/* Handlers that read: has_classes: four, SS SA AS AA, else one, SS. 0: there is none. */
typedef struct Get {
  u16 handler;
  bool has_classes;
} Get;

static Get struct_get_of(ValType type, bool sign) {
  switch (type) {
  case VAL_I8: return (Get){sign ? 0 : H_struct_get_u8_SS, false};
  case VAL_I16: return (Get){sign ? 0 : H_struct_get_u16_SS, false};
  case VAL_I32: return (Get){H_struct_get_i32_SS, true};
  case VAL_F64: return (Get){H_struct_get_f64_SS, false};
  case VAL_F32:
  case VAL_V128: return (Get){0};
  default: return (Get){H_struct_get_i64_SS, true};
  }
}

static Get array_get_of(ValType type, bool sign) {
  switch (type) {
  case VAL_I8: return (Get){sign ? H_array_get_s8_SS : H_array_get_u8_SS, false};
  case VAL_I16: return (Get){sign ? 0 : H_array_get_u16_SS, true};
  case VAL_I32: return (Get){H_array_get_i32_SS, true};
  case VAL_F64: return (Get){H_array_get_f64_SS, false};
  case VAL_F32:
  case VAL_V128: return (Get){0};
  default: return (Get){H_array_get_i64_SS, true};
  }
}

/* The last operand that the handler may take from the accumulator. */
static Operand take(Translator *t, Value *v, bool has_classes) {
  if (has_classes) return wm_operand_take(t, v);
  return (Operand){CLASS_SLOT, wm_value_read(t, v), 0};
}

/* A reference is left in its slot, too: the collector looks there. */
static Cell *emit_get(Translator *t, Get get, const Operand *o, Shape shape) {
  bool may_stay = get.has_classes && shape != SHAPE_REF;
  u32 class = o->class == CLASS_ACC ? 2 : 0;
  return wm_cells_emit(t, get.handler + class, 2,
                       may_stay ? DRAFT_RESULT | DRAFT_ACC : DRAFT_RESULT);
}

static bool struct_get(Translator *t) {
  u32 type_id = type_at(t, t->in.index)->type_id;
  Get get = struct_get_of(field_at(t)->type, t->in.op == OP_struct_get_s);
  if (!get.handler) return false;
  Shape shape = wm_shape_of(value_type(t));
  Operand o = take(t, value_top(t, 0), get.has_classes);
  Cell *cell = emit_get(t, get, &o, shape);
  cell->a = (u16)o.slot;
  cell->b = wm_types_get(t->loaded->types, type_id)->fields[t->in.index2].offset;
  wm_value_pop(t);
  wm_result(t, cell, shape);
  return true;
}

static bool array_get(Translator *t) {
  Get get = array_get_of(field_at(t)->type, t->in.op == OP_array_get_s);
  if (!get.handler) return false;
  Shape shape = wm_shape_of(value_type(t));
  u32 array = wm_value_read(t, value_top(t, 1));
  Operand o = take(t, value_top(t, 0), get.has_classes);
  Cell *cell = emit_get(t, get, &o, shape);
  cell->a = (u16)array;
  cell->b = o.slot;
  wm_values_pop(t, 2);
  wm_result(t, cell, shape);
  return true;
}

/* The handler of the family for values of the type; NONE: there is none. */
static u32 set_of(ValType type, u32 first) {
  _Static_assert(H_struct_set_ref == H_struct_set_8 + 4, "the order");
  _Static_assert(H_array_set_ref == H_array_set_8 + 4, "the order");
  if (type == VAL_V128) return NONE;
  return val_is_ref(type) ? first + 4 : first + (u32)__builtin_ctz(val_storage_bytes(type));
}

static bool struct_set(Translator *t) {
  u32 handler = set_of(field_at(t)->type, H_struct_set_8);
  if (handler == NONE) return false;
  u32 type_id = type_at(t, t->in.index)->type_id;
  u32 object = wm_value_read(t, value_top(t, 1)), value = wm_value_read(t, value_top(t, 0));
  Cell *cell = wm_cells_emit(t, handler, 2, 0);
  cell->a = (u16)object;
  cell->d = (u16)value;
  cell->b = wm_types_get(t->loaded->types, type_id)->fields[t->in.index2].offset;
  wm_values_pop(t, 2);
  return true;
}

static bool array_set(Translator *t) {
  u32 handler = set_of(field_at(t)->type, H_array_set_8), slots[3];
  if (handler == NONE) return false;
  for (u32 i = 0; i < 3; i++) slots[i] = wm_value_read(t, value_top(t, 2 - i));
  Cell *cell = wm_cells_emit(t, handler, 2, 0);
  cell->a = (u16)slots[0];
  cell->b = slots[1];
  cell->d = (u16)slots[2];
  wm_values_pop(t, 3);
  return true;
}

static void array_len(Translator *t) {
  Operand o = wm_operand_take(t, value_top(t, 0));
  Cell *cell = emit_get(t, (Get){H_array_len_SS, true}, &o, SHAPE_I32);
  cell->a = (u16)o.slot;
  wm_value_pop(t);
  wm_result(t, cell, SHAPE_I32);
}

/* ---- casts ---- */

/* Whether it is seen from the heap's row of the object's type; *depth is that of the wanted one. */
static bool has_row(const Translator *t, HeapType heap, u32 *depth) {
  if (heap_is_abstract(heap) || type_at(t, heap)->kind == COMP_FUNC) return false;
  *depth = module_type_depth(t->module, heap);
  return *depth < HEAP_ROW_DEPTHS;
}

static Cell *emit_row(Translator *t, u32 handler, u8 flags, u32 depth, bool nullable) {
  u32 slot = wm_value_read(t, value_top(t, 0));
  Cell *cell = wm_cells_emit(t, handler, 3, flags);
  cell->a = (u16)slot;
  cell->b = type_at(t, t->in.cast.heap2)->type_id;
  cell->x[0] = depth | (u64)nullable << 32;
  return cell;
}

static bool ref_test(Translator *t) {
  u32 depth;
  if (!has_row(t, t->in.cast.heap2, &depth)) return false;
  Cell *cell = emit_row(t, H_ref_test_S, DRAFT_RESULT | DRAFT_ACC, depth, takes_null(t));
  wm_value_pop(t);
  wm_result(t, cell, SHAPE_I32);
  return true;
}

/* The reference stays what and where it is: what made it may no longer put it elsewhere. */
static bool ref_cast(Translator *t) {
  u32 depth;
  if (!has_row(t, t->in.cast.heap2, &depth)) return false;
  emit_row(t, H_ref_cast, 0, depth, takes_null(t));
  value_top(t, 0)->producer = NONE;
  return true;
}

void wm_translate_cast_test(Translator *t) {
  u32 depth;
  bool nullable = t->in.cast.flags & CAST_TO_NULL;
  if (has_row(t, t->in.cast.heap2, &depth)) {
    emit_row(t, H_ref_test_A, 0, depth, nullable);
  } else {
    u32 slot = wm_value_read(t, value_top(t, 0));
    Cell *cell = wm_cells_emit(t, H_ref_is, 3, 0);
    cell->a = (u16)slot;
    cell->x[0] = cast_type(t, t->in.cast.heap2, nullable);
  }
  t->acc[BANK_INT] = NONE;
}

/* ---- all ---- */

/* False: it is one of the others. */
static bool translate_fast(Translator *t) {
  switch (t->in.op) {
  case OP_struct_get:
  case OP_struct_get_s:
  case OP_struct_get_u: return struct_get(t);
  case OP_struct_set: return struct_set(t);
  case OP_array_get:
  case OP_array_get_s:
  case OP_array_get_u: return array_get(t);
  case OP_array_set: return array_set(t);
  case OP_array_len: array_len(t); return true;
  case OP_ref_eq: wm_translate_ref_eq(t); return true;
  case OP_ref_test:
  case OP_ref_test_null: return ref_test(t);
  case OP_ref_cast:
  case OP_ref_cast_null: return ref_cast(t);
  case OP_any_convert_extern:
  case OP_extern_convert_any: return true; /* one reference, whichever way it is looked at */
  case OP_ref_i31: wm_translate_one_slot(t, H_ref_i31, SHAPE_REF); return true;
  case OP_i31_get_s: wm_translate_one_slot(t, H_i31_get_s, SHAPE_I32); return true;
  case OP_i31_get_u: wm_translate_one_slot(t, H_i31_get_u, SHAPE_I32); return true;
  default: return false;
  }
}

bool wm_translate_gc(Translator *t) {
  bool is_branch = t->in.op == OP_br_on_cast || t->in.op == OP_br_on_cast_fail;
  if (wm_op_info[t->in.op].feature != FEATURE_GC || is_branch) return false;
  if (!translate_fast(t)) any(t);
  return true;
}
