/* What handlers do when something rare happens (cell.h). */
#include "interp/cell.h"
#include "interp/interp.h"

static void note_place(Instance *inst, const Cell *pc, u64 *fp) {
  Activation *activation = inst->store->activation;
  activation->pc = pc;
  activation->fp = fp;
  activation->instance = inst;
}

TrapCode wm_slow_trap(Instance *inst, const Cell *pc, u64 *fp, TrapCode code) {
  note_place(inst, pc, fp);
  return wm_trap_raise(inst->store, code, NULL, 0);
}

TrapCode wm_slow_tick(Instance *inst, const Cell *pc, u64 *fp) {
  FuncCode *code = wm_code_find(inst->module, pc);
  if (code) atomic_fetch_add_explicit(&code->hotness, TICKS, memory_order_relaxed);
  TrapCode stop = wm_store_poll(inst->store);
  return stop ? wm_slow_trap(inst, pc, fp, stop) : TRAP_NONE;
}

/* The function whose stub this is. */
static FuncCode *stub_owner(const Cell *stub) {
  return (FuncCode *)(uintptr_t)((uintptr_t)stub - offsetof(FuncCode, stub));
}

const Cell *wm_slow_translate(Instance *inst, const Cell *pc, u64 *fp) {
  FuncCode *code = stub_owner(pc);
  if (!wm_interp_translate(code)) {
    wm_slow_trap(inst, pc, fp, TRAP_OUT_OF_MEMORY);
    return NULL;
  }
  return atomic_load_explicit(&code->code, memory_order_acquire);
}
