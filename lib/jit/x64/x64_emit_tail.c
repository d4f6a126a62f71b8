/* Tail calls: the frame goes, then the callee is jumped to (runtime/tail.h). */
#include "jit/x64/x64_emit.h"

static Rm at_offset(Loc base, size_t offset) { return rm_mem((int)base, -1, 0, (i32)offset); }

static u32 number_of(const Compile *c, const Lir *x) {
  return (u32)x->imm - c->module->func_import_count;
}

void wm_x64_jump_helper(Compile *c, u32 id) {
  wm_x64_op(c, 8, 0x8B, R11, at_offset(R15, offsetof(Instance, helpers)), false, 0);
  wm_x64_op(c, 4, 0xFF, 4, at_offset(R11, id * sizeof(void *)), false, 0);
}

/* The arguments have no place of their own: they are put aside before the frame goes. */
static void emit_saved(Compile *c, const Lir *x, bool is_ref) {
  if (!is_ref) wm_x64_mov_imm(c, RAX, number_of(c, x));
  wm_x64_call_helper(c, is_ref ? STUB_SAVE_REF : STUB_SAVE_SLOT);
  wm_x64_call_site(c, x->site, TRAP_NONE);
  wm_x64_leave_frame(c);
  wm_x64_mov_imm(c, RAX, emitter(c)->arg_slots);
  wm_x64_jump_helper(c, STUB_TAIL_SAVED);
}

/* Jumps to r11, unless it is the stub for functions that are not compiled. */
static void jump_unless(Compile *c, HelperId stub, Cold cold) {
  wm_x64_op(c, 8, 0x8B, R10, at_offset(R15, offsetof(Instance, helpers)), false, 0);
  wm_x64_op(c, 8, 0x3B, R11, at_offset(R10, stub * sizeof(void *)), false, 0);
  wm_x64_cold_if(c, CC_E, cold);
  wm_x64_op(c, 4, 0xFF, 4, rm_reg(R11), false, 0);
}

static void jump_to_ref(Compile *c) {
  const Cold cold = {.kind = COLD_TAIL_REF};
  wm_x64_op(c, 8, 0x39, R15, at_offset(RAX, offsetof(Func, instance)), false, 0);
  wm_x64_cold_if(c, CC_NE, cold);
  wm_x64_op(c, 8, 0x8B, R11, at_offset(RAX, offsetof(Func, code)), false, 0);
  wm_x64_op(c, 8, 0x8B, R11, at_offset(R11, offsetof(FuncCode, native)), false, 0);
  jump_unless(c, STUB_CALL_REF, cold);
}

static void jump_to_slot(Compile *c, const Lir *x) {
  if ((u32)x->imm == c->func_index && !c->osr_offset) {
    wm_x64_byte(c, 0xE9);
    *jit_push(c, &emitter(c)->jumps) = (BlockJump){x64_here(c), NONE, JUMP_SELF, false};
    wm_x64_u32(c, 0);
    return;
  }
  wm_x64_op(c, 8, 0x8B, R11, (Rm){.kind = RM_SLOT, .disp = (i32)x->imm}, false, 0);
  jump_unless(c, STUB_CALL_SLOT, (Cold){.kind = COLD_TAIL_SLOT, .number = number_of(c, x)});
}

void wm_x64_emit_tail_call(Compile *c, const Lir *x) {
  bool is_ref = x->op == LIR_TAIL_CALL_REF;
  u32 count = c->lir_pool.data[x->args] - is_ref;
  emitter(c)->stack_base = x->sub ? 0 : c->frame_bytes + 8;
  wm_x64_pass_arguments(c, x, count, wm_x64_next_arg, (ArgCursor){0}, RAX);
  if (x->sub) {
    emit_saved(c, x, is_ref);
    return;
  }
  wm_x64_leave_frame(c);
  if (is_ref)
    jump_to_ref(c);
  else
    jump_to_slot(c, x);
}
