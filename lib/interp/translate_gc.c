/* Translation of the instructions on structs, arrays, i31 and casts (translator.h): one cell does
 * for all of them, whose operands are in their homes, side by side, where the result goes too.
 *
 *   a operands   b row   x[0] type (canonical) | index2 << 32   x[1] end of the frame */
#include "interp/translator.h"

static const SubType *type_at(const Translator *t, u32 index) { return &t->module->types[index]; }
static ValType element_type(const Translator *t) {
  return val_unpacked(type_at(t, t->in.index)->fields[0].type);
}
static ValType field_type(const Translator *t) {
  return val_unpacked(type_at(t, t->in.index)->fields[t->in.index2].type);
}

/* How many values it takes. */
static u32 operand_count(const Translator *t) {
  switch (t->in.op) {
  case OP_struct_new: return type_at(t, t->in.index)->field_count;
  case OP_struct_new_default: return 0;
  case OP_array_new_fixed: return t->in.index2;
  case OP_ref_eq:
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
  case OP_ref_eq:
  case OP_ref_test:
  case OP_ref_test_null:
  case OP_array_len:
  case OP_i31_get_s:
  case OP_i31_get_u: return VAL_I32;
  case OP_struct_get:
  case OP_struct_get_s:
  case OP_struct_get_u: return field_type(t);
  case OP_array_get:
  case OP_array_get_s:
  case OP_array_get_u: return element_type(t);
  default: return VAL_EXTERNREF;
  }
}

static ValType cast_type(const Translator *t, HeapType heap, bool nullable) {
  return module_canonical(t->module, nullable ? REF_NULL_TYPE(heap) : REF_TYPE(heap));
}

/* The first word of what the instruction names, canonical. */
static u32 first_immediate(const Translator *t) {
  u16 op = t->in.op;
  switch (wm_op_info[op].immediate) {
  case IMM_NONE: return 0;
  case IMM_HEAP:
    return cast_type(t, t->in.cast.heap2, op == OP_ref_test_null || op == OP_ref_cast_null);
  default: return type_at(t, t->in.index)->type_id;
  }
}

static u32 second_immediate(const Translator *t) {
  return t->in.op == OP_array_copy ? type_at(t, t->in.index2)->type_id : t->in.index2;
}

bool wm_translate_gc(Translator *t) {
  bool is_branch = t->in.op == OP_br_on_cast || t->in.op == OP_br_on_cast_fail;
  if (wm_op_info[t->in.op].feature != FEATURE_GC || is_branch) return false;
  u32 count = operand_count(t);
  ValType result = result_type(t);
  wm_values_settle(t, count);
  u32 home = home_of_top(t, count, 0);
  Cell *cell = wm_cells_emit(t, H_gc, 4, 0);
  cell->a = (u16)home;
  cell->b = t->in.op;
  cell->x[0] = first_immediate(t) | (u64)second_immediate(t) << 32;
  cell->x[1] = t->func->frame_slots;
  wm_values_pop(t, count);
  if (result == VAL_BOTTOM) return true;
  wm_slots_written(t, home, val_slots(result));
  wm_values_push_homes(t, &(Types){&result, 1, val_slots(result)});
  return true;
}

void wm_translate_cast_test(Translator *t) {
  u32 slot = wm_value_read(t, value_top(t, 0));
  Cell *cell = wm_cells_emit(t, H_ref_is, 3, 0);
  cell->a = (u16)slot;
  cell->x[0] = cast_type(t, t->in.cast.heap2, t->in.cast.flags & CAST_TO_NULL);
  t->acc[BANK_INT] = NONE;
}
