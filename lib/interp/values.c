/* The symbolic operand stack (translator.h).
 *
 *   values   [ temporaries in their homes | no locals either | locals, constants, temporaries ]
 *            0                            ^ settled          ^ flushed                  depth ^
 *
 * Both marks only save work: what is below them has nothing left to settle or to flush. An
 * accumulator holds the value of one slot, which acc[bank] names; writing that slot, or a label,
 * forgets it. */
#include "interp/translator.h"

Shape wm_shape_of(ValType type) {
  switch (type) {
  case VAL_I32: return SHAPE_I32;
  case VAL_I64: return SHAPE_I64;
  case VAL_F32: return SHAPE_F32;
  case VAL_F64: return SHAPE_F64;
  case VAL_V128: return SHAPE_V128;
  default: return SHAPE_REF;
  }
}

/* ---- push and pop ---- */

/* Its home follows that of the value below: slots are given as in a stack without symbols. */
static Value *push(Translator *t, ValueKind kind, Shape shape) {
  Value *v = &t->values[t->depth++];
  v->kind = (u8)kind;
  v->shape = (u8)shape;
  v->home = (u16)t->next_home;
  v->producer = NONE;
  t->next_home += shape_slots((u8)shape);
  return v;
}

void wm_value_push_local(Translator *t, u32 local) {
  Local *l = &t->locals[local];
  u32 index = t->depth;
  Value *v = push(t, VALUE_LOCAL, (Shape)l->shape);
  v->local = local;
  /* The uses of one local on the stack are a list from the top down, so that an assignment finds
   * them. */
  v->below = l->pending;
  l->pending = index;
}

void wm_value_push_const(Translator *t, Shape shape, u64 bits) {
  push(t, VALUE_CONST, shape)->bits = bits;
}

void wm_values_push_homes(Translator *t, const Types *types) {
  bool all_settled = t->settled == t->depth;
  for (u32 i = 0; i < types->count; i++) push(t, VALUE_TEMP, wm_shape_of(types->items[i]));
  if (all_settled) t->settled = t->depth;
}

void wm_value_pop(Translator *t) {
  Value *v = &t->values[--t->depth];
  if (v->kind == VALUE_LOCAL) t->locals[v->local].pending = v->below;
  t->next_home = v->home;
  if (t->flushed > t->depth) t->flushed = t->depth;
  if (t->settled > t->depth) t->settled = t->depth;
}

/* Temporaries that are settled go all at once. */
void wm_values_pop(Translator *t, u32 count) {
  u32 depth = t->depth - count;
  while (t->depth > depth && t->depth > t->settled) wm_value_pop(t);
  if (t->depth == depth) return;
  t->depth = depth + 1; /* no local knows of temporaries */
  wm_value_pop(t);
}

/* ---- slots and accumulators ---- */

void wm_slots_written(Translator *t, u32 slot, u32 count) {
  for (u32 bank = 0; bank < BANK_NONE; bank++) {
    /* NONE is no slot: the difference is large then. */
    if (t->acc[bank] - slot < count) t->acc[bank] = NONE;
  }
}

static void value_written(Translator *t, u32 slot, u8 shape) {
  wm_slots_written(t, slot, shape_slots(shape));
}

bool wm_value_in_acc(const Translator *t, const Value *v) {
  Bank bank = bank_of(v->shape);
  return v->kind != VALUE_CONST && bank != BANK_NONE && t->acc[bank] == value_slot(t, v);
}

/* ---- moves ---- */

/* Zero-extended when it is short, which is what slots of 4 bytes want anyway. */
static void emit_const(Translator *t, u8 shape, u64 bits, u32 slot) {
  bool is_short = bits <= UINT32_MAX;
  Cell *cell = wm_cells_emit(t, is_short ? H_const32 : H_const64, is_short ? 2 : 3, 0);
  cell->d = (u16)slot;
  if (is_short)
    cell->b = (u32)bits;
  else
    cell->x[0] = bits;
  value_written(t, slot, shape);
}

/* Makes the copy part of the last cell when that copies too and has room. */
static bool join_copy(Translator *t, u32 from, u32 to) {
  if (t->last == NONE) return false;
  Cell *last = cell_at(t, t->last);
  u64 pair = to | (u64)from << 16;
  switch (last->draft.handler) {
  case H_copy_S: last->b = (u32)pair; break;
  case H_copy2:
    last = wm_cells_widen_last(t);
    if (last) last->x[0] = pair;
    break;
  case H_copy3: last->x[0] |= pair << 32; break;
  default: return false;
  }
  if (last)
    last->draft.handler =
        (u16)(last->draft.handler == H_copy_S ? H_copy2 : last->draft.handler + 1);
  return true;
}

void wm_value_copy(Translator *t, const Value *v, u32 slot) {
  static const u16 from_acc[] = {H_copy_A, H_copy_fA, H_copy_dA};
  if (v->kind == VALUE_CONST) {
    emit_const(t, v->shape, v->bits, slot);
    return;
  }
  u32 from = value_slot(t, v);
  if (from == slot) return;
  u32 handler = v->shape == SHAPE_V128  ? H_copy_v
                : wm_value_in_acc(t, v) ? from_acc[bank_of(v->shape)]
                                        : H_copy_S;
  if (handler != H_copy_S || !join_copy(t, from, slot)) {
    Cell *cell = wm_cells_emit(t, handler, 2, 0);
    cell->d = (u16)slot;
    cell->a = (u16)from;
  }
  /* From here on the cell that computed something may not write that local instead. */
  if (v->kind == VALUE_LOCAL) t->locals[v->local].touched = t->last;
  value_written(t, slot, v->shape);
}

void wm_value_settle(Translator *t, Value *v) {
  if (v->kind == VALUE_TEMP) return;
  wm_value_copy(t, v, v->home);
  if (v->kind == VALUE_LOCAL) t->locals[v->local].pending = v->below;
  v->kind = VALUE_TEMP;
  v->producer = NONE;
}

void wm_values_settle(Translator *t, u32 count) {
  u32 first = t->depth - count, until = max_u32(first, t->settled);
  for (u32 i = t->depth; i > until; i--) wm_value_settle(t, &t->values[i - 1]);
  if (first <= t->settled) t->settled = t->depth;
}

void wm_value_flush(Translator *t) {
  for (u32 i = t->depth; i-- > t->flushed;) {
    if (t->values[i].kind == VALUE_LOCAL) wm_value_settle(t, &t->values[i]);
  }
  t->flushed = t->depth;
}

u32 wm_value_read(Translator *t, Value *v) {
  if (v->kind == VALUE_CONST) wm_value_settle(t, v);
  if (v->kind == VALUE_LOCAL) t->locals[v->local].touched = t->code.len;
  return value_slot(t, v);
}

/* ---- operands ---- */

bool wm_value_is_imm32(const Value *v) {
  if (v->kind != VALUE_CONST) return false;
  return v->shape != SHAPE_I64 || (i64)v->bits == (i32)v->bits;
}

bool wm_value_is_imm16(const Value *v) {
  if (v->kind != VALUE_CONST) return false;
  return v->shape == SHAPE_I64 ? (i64)v->bits == (i16)v->bits : (i32)v->bits == (i16)v->bits;
}

Operand wm_operand_take(Translator *t, Value *v) {
  u32 slot = wm_value_read(t, v);
  if (!wm_value_in_acc(t, v)) return (Operand){CLASS_SLOT, slot, 0};
  if (v->kind == VALUE_TEMP && v->producer != NONE && v->producer >= t->region) {
    Cell *producer = cell_at(t, v->producer);
    if (producer->draft.flags & DRAFT_ACC) {
      /* The other of the two: its result stays in the accumulator, the slot is never written. */
      producer->draft.handler++;
      producer->draft.flags = 0;
    }
  }
  return (Operand){CLASS_ACC, 0, 0};
}

/* ---- results ---- */

void wm_result(Translator *t, Cell *cell, Shape shape) {
  u32 slot = t->next_home;
  cell->d = (u16)slot;
  push(t, VALUE_TEMP, shape)->producer = t->last;
  value_written(t, slot, (u8)shape);
  Bank bank = bank_of((u8)shape);
  if (bank != BANK_NONE) t->acc[bank] = slot;
}

/* For results that no accumulator may hold. */
void wm_result_slot(Translator *t, Cell *cell, Shape shape) {
  u32 slot = t->next_home;
  cell->d = (u16)slot;
  push(t, VALUE_TEMP, shape)->producer = t->last;
  value_written(t, slot, (u8)shape);
}

/* ---- locals ---- */

void wm_local_get(Translator *t, u32 local) {
  Local *l = &t->locals[local];
  /* Only such locals are zeroed when the function starts. */
  if (!l->is_set) l->needs_zero = true;
  wm_value_push_local(t, local);
}

static void assign(Translator *t, u32 local) {
  Local *l = &t->locals[local];
  if (l->is_set) return;
  l->is_set = true;
  t->set_log[t->set_count++] = local;
}

/* Older uses of the local on the stack keep its old value: they go to their homes. The top is not
 * one. */
static void settle_pending(Translator *t, const Local *l) {
  while (l->pending != NONE) wm_value_settle(t, &t->values[l->pending]);
}

/* Makes the cell that computed `v` write `slot` instead of v's home, where nothing since then has
 * touched the local. */
static bool redirect(Translator *t, const Value *v, Local *l) {
  if (v->kind != VALUE_TEMP || v->producer == NONE || v->producer < t->region) return false;
  Cell *producer = cell_at(t, v->producer);
  if (!(producer->draft.flags & DRAFT_RESULT)) return false;
  if (l->touched != NONE && l->touched > v->producer) return false;
  Bank bank = bank_of(v->shape);
  bool in_acc = t->acc[bank] == v->home && bank != BANK_NONE;
  producer->d = l->slot;
  producer->draft.flags = 0;
  producer->draft.compare = 0;
  l->touched = v->producer;
  value_written(t, l->slot, v->shape);
  if (in_acc) t->acc[bank] = l->slot;
  return true;
}

void wm_local_set(Translator *t, u32 local, bool keep) {
  Local *l = &t->locals[local];
  Value *v = value_top(t, 0);
  if (v->kind == VALUE_LOCAL && v->local == local) { /* x = x */
    if (!keep) wm_value_pop(t);
    return;
  }
  settle_pending(t, l);
  if (!redirect(t, v, l)) {
    bool was_in_acc = wm_value_in_acc(t, v);
    wm_value_copy(t, v, l->slot);
    l->touched = t->last;
    if (was_in_acc) t->acc[bank_of(v->shape)] = l->slot;
  }
  assign(t, local);
  wm_value_pop(t);
  if (keep) wm_value_push_local(t, local);
}
