/* Where arguments and results are when a call begins and ends (x64_lir.h). A v128 takes one vector
 * register, or two slots of the stack. */
#include "jit/compile.h"
#include "jit/x64/x64_lir.h"

static Loc next_place(ArgCursor *cursor, u8 type, const u8 *regs, u32 int_count, u32 float_count) {
  if (type_is_float(type)) {
    if (cursor->floats < float_count) return XMM0 + (Loc)cursor->floats++;
  } else if (cursor->ints < int_count) {
    return regs[cursor->ints++];
  }
  u32 slot = cursor->stack_slots;
  cursor->stack_slots += type_slots(type);
  return LOC_STACK | slot;
}

Loc wm_x64_next_arg(ArgCursor *cursor, u8 type) {
  static const u8 regs[] = {RDI, RSI, RDX, RCX, R8, R9};
  return next_place(cursor, type, regs, ARRAY_LEN(regs), 8);
}

Loc wm_x64_next_result(ArgCursor *cursor, u8 type) {
  static const u8 regs[] = {RAX, RDX, RCX, RSI};
  return next_place(cursor, type, regs, ARRAY_LEN(regs), 4);
}

Loc wm_x64_next_helper_arg(ArgCursor *cursor, u8 type) {
  static const u8 regs[] = {RSI, RDX, RCX, R8, R9};
  return next_place(cursor, type, regs, ARRAY_LEN(regs), 8);
}

Loc wm_x64_next_meaning_arg(ArgCursor *cursor, u8 type) {
  return next_place(cursor, type, NULL, 0, 0);
}

/* ---- how much they take of the stack ---- */

u32 wm_x64_arg_slots(const SubType *type) {
  ArgCursor cursor = {0};
  for (u32 i = 0; i < type->param_count; i++)
    wm_x64_next_arg(&cursor, (u8)wm_jit_type(type->params[i]));
  return cursor.stack_slots;
}

u32 wm_x64_stack_slots(const SubType *type, u32 arg_slots) {
  ArgCursor cursor = {.stack_slots = arg_slots};
  for (u32 i = 0; i < type->result_count; i++)
    wm_x64_next_result(&cursor, (u8)wm_jit_type(type->results[i]));
  return cursor.stack_slots;
}
