/* Translation of the atomic instructions (translator.h): one cell does for all of them but the
 * fence, as what they do takes far longer than to find out what it is.
 *
 *   d result   a address   b memory | row << 16   x[0] offset   x[1] operands (slots of 16 bits)
 *                                                               | 1 << 32 when there is a result */
#include "interp/translator.h"

static Shape result_shape(const char *sig) {
  return sig[strlen(sig) - 1] == 'l' ? SHAPE_I64 : SHAPE_I32;
}

static void access(Translator *t, const char *sig) {
  u32 count = (u32)(strchr(sig, '_') - sig), slots[3] = {0, 0, 0};
  bool has_result = sig[count + 1] != 0;
  for (u32 i = 0; i < count; i++) slots[i] = wm_value_read(t, value_top(t, count - 1 - i));
  Cell *cell = wm_cells_emit(t, H_atomic, 4, has_result ? DRAFT_RESULT : 0);
  cell->a = (u16)slots[0];
  cell->b = t->in.mem.memory | (u32)t->in.op << 16;
  cell->x[0] = t->in.mem.offset;
  cell->x[1] = slots[1] | slots[2] << 16 | (u64)has_result << 32;
  wm_values_pop(t, count);
  if (has_result) wm_result_slot(t, cell, result_shape(sig));
}

bool wm_translate_atomic(Translator *t) {
  u16 op = t->in.op;
  if (wm_op_info[op].prefix != 0xFE) return false;
  if (op == OP_atomic_fence)
    wm_cells_emit(t, H_atomic_fence, 2, 0);
  else
    access(t, wm_op_sig(op));
  return true;
}
