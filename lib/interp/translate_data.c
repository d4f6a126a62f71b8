/* Translation of what is neither numeric nor control: constants, locals, globals, select, sizes,
 * bulk operations, tables, references (translator.h).
 *
 * A constant or local that is read makes no cell: it waits on the symbolic stack for the
 * instruction that takes it. Instructions that are rare or slow by themselves have one handler
 * each, which takes its operands from slots. */
#include "interp/translator.h"

/* Of sizes and addresses: what the memory or table counts in. */
static Shape address_shape(bool is_64) { return is_64 ? SHAPE_I64 : SHAPE_I32; }
static bool memory_is_64(const Translator *t, u32 i) { return t->module->memories[i].limits.is_64; }
static bool table_is_64(const Translator *t, u32 i) {
  return t->module->tables[i].type.limits.is_64;
}

/* ---- constants ---- */

static void constant(Translator *t) {
  switch (t->in.op) {
  case OP_i32_const: wm_value_push_const(t, SHAPE_I32, t->in.bits); break;
  case OP_i64_const: wm_value_push_const(t, SHAPE_I64, t->in.bits); break;
  case OP_f32_const: wm_value_push_const(t, SHAPE_F32, t->in.bits); break;
  default: wm_value_push_const(t, SHAPE_F64, t->in.bits); break;
  }
}

static void vector_constant(Translator *t) {
  Cell *cell = wm_cells_emit(t, H_const_v, 4, DRAFT_RESULT);
  memcpy(cell->x, &t->in.v128, sizeof t->in.v128);
  wm_result_slot(t, cell, SHAPE_V128);
}

/* ---- select ---- */

/* Fits the 32 bits that a cell has for it. */
static bool is_short_const(const Value *v) {
  return v->kind == VALUE_CONST && v->bits <= UINT32_MAX;
}

static void pop_many(Translator *t, u32 count) {
  for (u32 i = 0; i < count; i++) wm_value_pop(t);
}

/* Each operand may be a slot or a short constant, the condition a slot or the accumulator: 8
 * handlers, in pairs by where the result goes. */
static void select_int(Translator *t) {
  Value *yes = value_top(t, 2), *no = value_top(t, 1);
  Shape shape = (Shape)yes->shape;
  Operand condition = wm_operand_take(t, value_top(t, 0));
  bool yes_imm = is_short_const(yes), no_imm = is_short_const(no);
  u64 yes_bits = yes->bits;
  u32 a = yes_imm ? 0 : wm_value_read(t, yes);
  u32 b = no_imm ? (u32)no->bits : wm_value_read(t, no);
  u32 class = ((condition.class == CLASS_ACC) * 2u + yes_imm) * 2u + no_imm;
  /* A reference is left in its slot alone: the collector looks there. */
  u8 flags = shape == SHAPE_REF ? DRAFT_RESULT : DRAFT_RESULT | DRAFT_ACC;
  Cell *cell = wm_cells_emit(t, H_select_SSSS + class * 2, 3, flags);
  cell->a = (u16)a;
  cell->b = b;
  cell->x[0] = condition.slot | (yes_imm ? yes_bits << 32 : 0);
  pop_many(t, 3);
  wm_result(t, cell, shape);
}

/* Floats take the accumulator for the condition only; vectors take slots for all. */
static void select_other(Translator *t) {
  Shape shape = (Shape)value_top(t, 2)->shape;
  Operand condition = {CLASS_SLOT, 0, 0};
  if (shape == SHAPE_V128)
    condition.slot = wm_value_read(t, value_top(t, 0));
  else
    condition = wm_operand_take(t, value_top(t, 0));
  u32 a = wm_value_read(t, value_top(t, 2)), b = wm_value_read(t, value_top(t, 1));
  u32 handler = shape == SHAPE_F32 ? H_select_fS : shape == SHAPE_F64 ? H_select_dS : H_select_v;
  Cell *cell = wm_cells_emit(t, handler + (condition.class == CLASS_ACC), 3, DRAFT_RESULT);
  cell->a = (u16)a;
  cell->b = b;
  cell->x[0] = condition.slot;
  pop_many(t, 3);
  wm_result(t, cell, shape);
}

static void select_value(Translator *t) {
  u8 shape = value_top(t, 2)->shape;
  if (bank_of(shape) == BANK_INT)
    select_int(t);
  else
    select_other(t);
}

/* ---- globals ---- */

static void global_get(Translator *t) {
  /* By shape; references are words. */
  static const u16 handlers[] = {
      [SHAPE_I32] = H_global_get_lS, [SHAPE_I64] = H_global_get_lS, [SHAPE_F32] = H_global_get_fS,
      [SHAPE_F64] = H_global_get_dS, [SHAPE_V128] = H_global_get_v, [SHAPE_REF] = H_global_get_lS};
  Shape shape = wm_shape_of(t->module->globals[t->in.index].type.type);
  bool in_acc = shape != SHAPE_REF && shape != SHAPE_V128;
  Cell *cell =
      wm_cells_emit(t, handlers[shape], 2, in_acc ? DRAFT_RESULT | DRAFT_ACC : DRAFT_RESULT);
  cell->b = t->in.index;
  wm_result(t, cell, shape);
}

static void global_set(Translator *t) {
  Value *v = value_top(t, 0);
  Operand o = {CLASS_SLOT, 0, 0};
  if (bank_of(v->shape) == BANK_INT)
    o = wm_operand_take(t, v);
  else
    o.slot = wm_value_read(t, v);
  u32 handler = v->shape == SHAPE_V128 ? H_global_set_v
                : o.class == CLASS_ACC ? H_global_set_A
                                       : H_global_set_S;
  Cell *cell = wm_cells_emit(t, handler, 2, 0);
  cell->a = (u16)o.slot;
  cell->b = t->in.index;
  wm_value_pop(t);
}

/* ---- instructions on slots ---- */

/* Emits a cell whose operands, from the deepest on, are the slots named by `places` ("dab"). Pops
 * them. */
static Cell *emit_slots(Translator *t, u32 handler, const char *places, u32 words, u8 flags) {
  u32 count = (u32)strlen(places), slots[3] = {0, 0, 0};
  for (u32 i = 0; i < count; i++) slots[i] = wm_value_read(t, value_top(t, count - 1 - i));
  Cell *cell = wm_cells_emit(t, handler, words, flags);
  for (u32 i = 0; i < count; i++) {
    if (places[i] == 'd')
      cell->d = (u16)slots[i];
    else if (places[i] == 'a')
      cell->a = (u16)slots[i];
    else
      cell->b = slots[i];
  }
  pop_many(t, count);
  return cell;
}

/* Three operands and one or two indices. */
static void bulk(Translator *t, u32 handler) {
  emit_slots(t, handler, "dab", 3, 0)->x[0] = t->in.index | (u64)t->in.index2 << 32;
}

/* data.drop and elem.drop: the index is all there is. */
static void drop_segment(Translator *t, u32 handler) {
  wm_cells_emit(t, handler, 2, 0)->b = t->in.index;
}

static void memory_size(Translator *t) {
  Cell *cell = wm_cells_emit(t, H_memory_size, 2, DRAFT_RESULT);
  cell->b = t->in.index;
  wm_result(t, cell, address_shape(memory_is_64(t, t->in.index)));
}

static void memory_grow(Translator *t) {
  bool is_64 = memory_is_64(t, t->in.index);
  Cell *cell = emit_slots(t, is_64 ? H_memory_grow64 : H_memory_grow32, "a", 2, DRAFT_RESULT);
  cell->b = t->in.index;
  wm_result(t, cell, address_shape(is_64));
}

static void table_size(Translator *t) {
  Cell *cell = wm_cells_emit(t, H_table_size, 2, DRAFT_RESULT);
  cell->b = t->in.index;
  wm_result(t, cell, address_shape(table_is_64(t, t->in.index)));
}

static void table_grow(Translator *t) {
  bool is_64 = table_is_64(t, t->in.index);
  Cell *cell = emit_slots(t, is_64 ? H_table_grow64 : H_table_grow32, "ab", 3, DRAFT_RESULT);
  cell->x[0] = t->in.index;
  wm_result(t, cell, address_shape(is_64));
}

static void table_get(Translator *t) {
  Cell *cell = emit_slots(t, H_table_get, "a", 2, DRAFT_RESULT);
  cell->b = t->in.index;
  wm_result_slot(t, cell, SHAPE_REF);
}

static void table_set(Translator *t) { emit_slots(t, H_table_set, "ad", 2, 0)->b = t->in.index; }

static void ref_func(Translator *t) {
  Cell *cell = wm_cells_emit(t, H_ref_func, 2, DRAFT_RESULT);
  cell->b = t->in.index;
  wm_result_slot(t, cell, SHAPE_REF);
}

/* The reference stays what and where it is: what made it may no longer put it elsewhere. */
static void ref_as_non_null(Translator *t) {
  Value *v = value_top(t, 0);
  u32 slot = wm_value_read(t, v);
  v->producer = NONE;
  wm_cells_emit(t, H_ref_as_non_null, 2, 0)->a = (u16)slot;
}

/* ---- two results ---- */

/* The cell writes their homes, and no accumulator. */
static void wide(Translator *t, u32 handler, u32 count) {
  static const ValType second = VAL_I64;
  u32 slots[4];
  for (u32 i = 0; i < count; i++) slots[i] = wm_value_read(t, value_top(t, count - 1 - i));
  Cell *cell = wm_cells_emit(t, handler, count == 4 ? 3 : 2, 0);
  cell->a = (u16)slots[0];
  cell->b = slots[1];
  if (count == 4) cell->x[0] = slots[2] | (u64)slots[3] << 32;
  pop_many(t, count);
  wm_result_slot(t, cell, SHAPE_I64);
  wm_slots_written(t, t->next_home, 1);
  wm_values_push_homes(t, &(Types){&second, 1, 1});
}

bool wm_translate_data(Translator *t) {
  switch (t->in.op) {
  case OP_nop: return true;
  case OP_drop: wm_value_pop(t); return true;
  case OP_select:
  case OP_select_t: select_value(t); return true;
  case OP_i32_const:
  case OP_i64_const:
  case OP_f32_const:
  case OP_f64_const: constant(t); return true;
  case OP_v128_const: vector_constant(t); return true;
  case OP_local_get: wm_local_get(t, t->in.index); return true;
  case OP_local_set: wm_local_set(t, t->in.index, false); return true;
  case OP_local_tee: wm_local_set(t, t->in.index, true); return true;
  case OP_global_get: global_get(t); return true;
  case OP_global_set: global_set(t); return true;
  case OP_memory_size: memory_size(t); return true;
  case OP_memory_grow: memory_grow(t); return true;
  case OP_memory_copy: bulk(t, H_memory_copy); return true;
  case OP_memory_fill: bulk(t, H_memory_fill); return true;
  case OP_memory_init: bulk(t, H_memory_init); return true;
  case OP_data_drop: drop_segment(t, H_data_drop); return true;
  case OP_table_size: table_size(t); return true;
  case OP_table_grow: table_grow(t); return true;
  case OP_table_get: table_get(t); return true;
  case OP_table_set: table_set(t); return true;
  case OP_table_copy: bulk(t, H_table_copy); return true;
  case OP_table_fill: bulk(t, H_table_fill); return true;
  case OP_table_init: bulk(t, H_table_init); return true;
  case OP_elem_drop: drop_segment(t, H_elem_drop); return true;
  case OP_ref_null: wm_value_push_const(t, SHAPE_REF, 0); return true;
  case OP_ref_is_null: wm_translate_is_null(t); return true;
  case OP_ref_func: ref_func(t); return true;
  case OP_ref_as_non_null: ref_as_non_null(t); return true;
  case OP_i64_add128: wide(t, H_i64_add128, 4); return true;
  case OP_i64_sub128: wide(t, H_i64_sub128, 4); return true;
  case OP_i64_mul_wide_s: wide(t, H_i64_mul_wide_s, 2); return true;
  case OP_i64_mul_wide_u: wide(t, H_i64_mul_wide_u, 2); return true;
  default: return false;
  }
}
