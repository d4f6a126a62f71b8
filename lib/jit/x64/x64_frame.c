/* The frame of a function (runtime/native.h draws it): what is saved, the check of the stack. */
#include "jit/x64/x64_emit.h"

enum { SMALL_LEAF_BYTES = 256 }; /* frames that go without a check of the stack */

/* Stack slots of this function's arguments; an on-stack replacement has one, in a register. */
static u32 count_arg_slots(const Compile *c) {
  ArgCursor cursor = {0};
  if (c->osr_offset) return 0;
  const SubType *type = module_func_type(c->module, c->func_index);
  for (u32 i = 0; i < type->param_count; i++)
    wm_x64_next_arg(&cursor, (u8)wm_jit_type(type->params[i]));
  return cursor.stack_slots;
}

static void plan_frame(Compile *c) {
  static const u8 callee_saved[] = {RBX, RBP, R12, R13};
  Emitter *e = emitter(c);
  e->saved_count = 0;
  c->saved_regs = (u32)(c->used_regs & CALLEE_SAVED);
  for (u32 i = 0; i < ARRAY_LEN(callee_saved); i++)
    if (c->saved_regs >> callee_saved[i] & 1) e->saved[e->saved_count++] = callee_saved[i];
  u32 slots = c->outgoing_slots + c->spill_slots;
  if (c->has_calls && (slots + e->saved_count) % 2 == 0) slots++; /* and the return address */
  e->area_bytes = 8 * slots;
  c->frame_bytes = e->area_bytes + 8 * e->saved_count;
  e->arg_slots = count_arg_slots(c);
}

static void push_or_pop(Compile *c, u32 opcode, u32 reg) {
  if (reg >= R8) wm_x64_byte(c, 0x41);
  wm_x64_byte(c, opcode | (reg & 7));
}

static Rm at_offset(Loc base, size_t offset) { return rm_mem((int)base, -1, 0, (i32)offset); }

/* A large frame is checked before rsp moves, so that no page below the limit is touched: against
 * the store's own limit, which interrupts leave alone. */
static void check_large_frame(Compile *c) {
  wm_x64_op(c, 8, 0x8B, R11, at_offset(R15, offsetof(Instance, store)), false, 0);
  wm_x64_op(c, 8, 0x8B, R11, at_offset(R11, offsetof(Store, native.limit)), false, 0);
  wm_x64_alu_imm(c, 8, ALU_ADD, rm_reg(R11), (i32)c->frame_bytes);
  wm_x64_op(c, 8, 0x3B, RSP, rm_reg(R11), false, 0);
  wm_x64_cold_if(c, CC_B, (Cold){.kind = COLD_NO_STACK});
}

static void check_stack(Compile *c) {
  wm_x64_op(c, 8, 0x3B, RSP, at_offset(R15, offsetof(Instance, stack_limit)), false, 0);
  wm_x64_cold_if(c, CC_B, (Cold){.kind = COLD_POLL, .code = TRAP_STACK_OVERFLOW});
}

void wm_x64_prologue(Compile *c) {
  const Emitter *e = emitter(c);
  plan_frame(c);
  if (c->frame_bytes > LARGE_FRAME_BYTES) check_large_frame(c);
  for (u32 i = 0; i < e->saved_count; i++) push_or_pop(c, 0x50, e->saved[i]);
  if (e->area_bytes) wm_x64_alu_imm(c, 8, ALU_SUB, rm_reg(RSP), (i32)e->area_bytes);
  if (c->has_calls || c->has_tail_calls || c->frame_bytes > SMALL_LEAF_BYTES) check_stack(c);
}

void wm_x64_leave_frame(Compile *c) {
  const Emitter *e = emitter(c);
  if (e->area_bytes) wm_x64_alu_imm(c, 8, ALU_ADD, rm_reg(RSP), (i32)e->area_bytes);
  for (u32 i = e->saved_count; i-- > 0;) push_or_pop(c, 0x58, e->saved[i]);
}

void wm_x64_epilogue(Compile *c) {
  wm_x64_leave_frame(c);
  wm_x64_byte(c, 0xC3);
}
