/* The callee's turn after a tail call that left compiled code (tail.h). */
#include "runtime/tail.h"

static bool has_room(const Store *store, const FuncCode *code, const u64 *frame) {
  return (u64)(store->stack_end - frame) >= code->link_slot + (u64)FRAME_LINK_SLOTS;
}

static TrapCode run(Store *store, u64 *frame) {
  TailCall tail = store->tail;
  Activation *act = store->activation;
  if (!has_room(store, tail.code, frame)) return wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0);
  memmove(frame, tail.args, tail.code->param_slots * sizeof *frame);
  act->func = tail.func;
  act->instance = tail.instance ? tail.instance : tail.caller;
  act->native_sp = NULL;
  act->fp = NULL;
  if (!tail.instance) return wm_activation_call_host(store, tail.code, tail.func, frame);
  FuncEntry entry = atomic_load_explicit(&tail.code->entry, memory_order_acquire);
  return entry(tail.code, tail.instance, frame);
}

TrapCode wm_tail_go_on(Store *store, u64 *frame) {
  TrapCode trap;
  do trap = run(store, frame);
  while (trap == TRAP_TAIL_CALL);
  return trap;
}
