/* The interpreter's services to the rest of the library (interp.h). */
#include "interp/interp.h"

#include "interp/cell.h"
#include "os/os_float.h"

/* Runs a function of wasm from native code; wm_call has pushed the activation. */
static TrapCode enter(FuncCode *code, Instance *inst, u64 *frame) {
  Store *store = inst->store;
  if (UNLIKELY((u64)(store->stack_end - frame) < code->frame_slots)) {
    return wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0);
  }
  u64 *link = frame + code->link_slot;
  link[LINK_PC] = (u64)(uintptr_t)store->exit_pc;
  link[LINK_FP] = 0;
  /* Not one atomic addition: a call that is lost between two threads does not matter. */
  u32 hotness = atomic_load_explicit(&code->hotness, memory_order_relaxed);
  atomic_store_explicit(&code->hotness, hotness + 1, memory_order_relaxed);
  const Cell *start = atomic_load_explicit(&code->code, memory_order_acquire);
  u32 modes = wm_os_float_enter();
  TrapCode trap = wm_interp_run(start, frame, inst);
  wm_os_float_leave(modes);
  return trap;
}

void wm_interp_prepare(LoadedModule *lm) {
  const Module *m = &lm->module;
  lm->handler_address = wm_handler_address;
  for (u32 i = m->func_import_count; i < m->func_count; i++) {
    FuncCode *code = loaded_code(lm, i);
    atomic_store_explicit(&code->entry, enter, memory_order_relaxed);
    if (m->funcs[i].has_facts) code->frame_slots = frame_slots_of(code, &m->funcs[i].facts);
    wm_stub_run(code, H_translate);
  }
  lm->offset_of = wm_places_offset_of;
  lm->on_native = wm_stub_on_native;
}

void wm_interp_prepare_store(Store *store) {
  store->exit_pc = wm_cell_exit();
  store->restore_pc = wm_cell_restore();
}
