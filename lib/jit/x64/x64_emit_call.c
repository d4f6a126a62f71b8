/* Calls, returns, polls: everything that follows the calling convention (lir.h). */
#include "jit/x64/x64_emit.h"
#include "runtime/heap.h"

static u32 argument_count(const Compile *c, const Lir *x) { return c->lir_pool.data[x->args]; }

/* ---- calls ---- */

static void emit_call(Compile *c, const Lir *x) {
  emitter(c)->stack_base = 0;
  wm_x64_pass_arguments(c, x, argument_count(c, x), wm_x64_next_arg, (ArgCursor){0}, 0);
  if ((u32)x->imm == c->func_index && !c->osr_offset) {
    wm_x64_byte(c, 0xE8);
    *jit_push(c, &emitter(c)->jumps) = (BlockJump){x64_here(c), NONE, JUMP_SELF, false};
    wm_x64_u32(c, 0);
  } else {
    wm_x64_op(c, 4, 0xFF, 2, (Rm){.kind = RM_SLOT, .disp = (i32)x->imm}, false, 0);
  }
  wm_x64_call_site(c, x->site, TRAP_NONE);
}

static Rm at_offset(Loc base, size_t offset) { return rm_mem((int)base, -1, 0, (i32)offset); }

static void emit_call_ref(Compile *c, const Lir *x) {
  Emitter *e = emitter(c);
  e->stack_base = 0;
  wm_x64_pass_arguments(c, x, argument_count(c, x) - 1, wm_x64_next_arg, (ArgCursor){0}, RAX);
  if (x->sub) {
    wm_x64_call_helper(c, STUB_CALL_REF);
    wm_x64_call_site(c, x->site, TRAP_NONE);
    return;
  }
  wm_x64_op(c, 8, 0x39, R15, at_offset(RAX, offsetof(Func, instance)), false, 0);
  u32 cold = wm_x64_cold_if(c, CC_NE, (Cold){.kind = COLD_CALL_REF, .site = x->site});
  wm_x64_op(c, 8, 0x8B, R11, at_offset(RAX, offsetof(Func, code)), false, 0);
  wm_x64_op(c, 4, 0xFF, 2, at_offset(R11, offsetof(FuncCode, native)), false, 0);
  wm_x64_call_site(c, x->site, TRAP_NONE);
  e->colds.data[cold].back = x64_here(c);
}

static void emit_call_helper(Compile *c, const Lir *x) {
  emitter(c)->stack_base = 0;
  wm_x64_pass_arguments(c, x, argument_count(c, x), wm_x64_next_helper_arg, (ArgCursor){0}, 0);
  wm_x64_mov(c, 8, RDI, R15);
  wm_x64_call_helper(c, (u32)x->imm);
  wm_x64_call_site(c, x->site, TRAP_NONE);
  if (!(x->flags & LIR_TRAPS)) return;
  wm_x64_op(c, 4, 0x85, RAX, rm_reg(RAX), false, 0);
  wm_x64_trap_if(c, CC_NE, TRAP_NONE, x->site);
}

static void emit_call_meaning(Compile *c, const Lir *x) {
  emitter(c)->stack_base = 0;
  wm_x64_pass_arguments(c, x, argument_count(c, x), wm_x64_next_meaning_arg, (ArgCursor){0}, 0);
  wm_x64_mov(c, 8, RDI, R15);
  wm_x64_mov_imm(c, RSI, x->kind);
  wm_x64_mov(c, 8, RDX, RSP);
  wm_x64_call_helper(c, HELPER_meaning);
  if (!(x->flags & LIR_TRAPS)) return;
  wm_x64_call_site(c, x->site, TRAP_NONE);
  wm_x64_op(c, 4, 0x85, RAX, rm_reg(RAX), false, 0);
  wm_x64_trap_if(c, CC_NE, TRAP_NONE, x->site);
}

static void emit_getres(Compile *c, const Lir *x) {
  if (x->sub == 0xFF)
    wm_x64_load_result(c, x);
  else
    wm_x64_move(c, &(Move){.from = x->sub, .to = x->d, .type = x->type});
}

static void emit_getarg(Compile *c, const Lir *x) {
  Loc from = x->sub == 0xFF ? LOC_STACK | (Loc)x->imm : x->sub;
  wm_x64_move(c, &(Move){.from = from, .to = x->d, .type = x->type});
}

static void emit_return(Compile *c, const Lir *x) {
  Emitter *e = emitter(c);
  e->stack_base = c->frame_bytes + 8;
  wm_x64_pass_arguments(c, x, argument_count(c, x), wm_x64_next_result,
                        (ArgCursor){.stack_slots = e->arg_slots}, 0);
  wm_x64_epilogue(c);
}

/* ---- polls and fuel ---- */

static void emit_poll(Compile *c, const Lir *x) {
  wm_x64_op(c, 8, 0x3B, RSP, at_offset(R15, offsetof(Instance, stack_limit)), false, 0);
  wm_x64_cold_if(c, CC_B, (Cold){.kind = COLD_POLL, .code = TRAP_INTERRUPTED, .site = x->site});
}

static void emit_fuel(Compile *c, const Lir *x) {
  wm_x64_op(c, 8, 0x8B, R11, at_offset(R15, offsetof(Instance, store)), false, 0);
  Rm fuel = at_offset(R11, offsetof(Store, fuel));
  wm_x64_alu_imm(c, 8, ALU_CMP, fuel, (i32)x->imm);
  wm_x64_trap_if(c, CC_L, TRAP_OUT_OF_FUEL, x->site);
  wm_x64_alu_imm(c, 8, ALU_SUB, fuel, (i32)x->imm);
}

/* ---- the write barrier (runtime/heap.h) ---- */

static void emit_barrier(Compile *c, const Lir *x) {
  wm_x64_op(c, 4, 0xF6, 0, at_offset(x->a, offsetof(HeapObject, word)), false, 1);
  wm_x64_byte(c, HEAP_UNLOGGED);
  wm_x64_rare_if(c, CC_NE, x);
}

/* The stub takes its operands from the stack and pops them. */
static void push_for_stub(Compile *c, Loc reg) { wm_x64_op(c, 4, 0xFF, 6, rm_reg(reg), false, 0); }

void wm_x64_rare_barrier(Compile *c, const Lir *x) {
  push_for_stub(c, x->a);
  push_for_stub(c, x->b);
  wm_x64_call_helper(c, STUB_LOG);
}

bool wm_x64_emit_control(Compile *c, const Lir *x) {
  switch (x->op) {
  case LIR_NOP: break;
  case LIR_GETARG: emit_getarg(c, x); break;
  case LIR_GETRES: emit_getres(c, x); break;
  case LIR_SWITCH: wm_x64_switch(c, x); break;
  case LIR_RETURN: emit_return(c, x); break;
  case LIR_TRAP: wm_x64_trap_site(c, (TrapCode)x->imm, x->site); break;
  case LIR_CALL: emit_call(c, x); break;
  case LIR_CALL_REF: emit_call_ref(c, x); break;
  case LIR_TAIL_CALL:
  case LIR_TAIL_CALL_REF: wm_x64_emit_tail_call(c, x); break;
  case LIR_CALL_HELPER: emit_call_helper(c, x); break;
  case LIR_CALL_MEANING: emit_call_meaning(c, x); break;
  case LIR_POLL: emit_poll(c, x); break;
  case LIR_FUEL: emit_fuel(c, x); break;
  case LIR_BARRIER: emit_barrier(c, x); break;
  default: return false;
  }
  return true;
}
