/* Tail calls from compiled code that leave it: to the interpreter, another instance, the host.
 *
 * Compiled code jumps to compiled code of its instance. Any other callee must not grow the stack
 * either, whatever calls what in turn. Where the frame that calls is the only one of its
 * activation, its arguments go to Store.tail, and the activation is left with TRAP_TAIL_CALL:
 * whoever entered it (an entry from native code, or the interpreter) enters the callee instead.
 * Where there are frames below, the callee is called in the name of the nearest, in an activation
 * of its own, which then is the case above:
 *
 *   native f -> g | interpreter h -> ...        g tail-calls h, which tail-calls ...
 *            ^ g's frame is gone; h's activation returns to f
 */
#ifndef WM_RUNTIME_TAIL_H
#define WM_RUNTIME_TAIL_H

#include "runtime/activation.h"
#include "runtime/native.h"

/* Copies nothing: `slots` are the arguments, and stay where they are until the callee runs. */
static inline TrapCode tail_leave(Store *store, TailCall tail) {
  store->tail = tail;
  return TRAP_TAIL_CALL;
}

/* The innermost activation, whose frame begins at `frame`, ended with TRAP_TAIL_CALL: runs the
 * callee in it, and those that this leaves to. Results are at frame[0..]. */
TrapCode wm_tail_go_on(Store *store, u64 *frame);

/* Enters a function of wasm from native code, in an activation that was just begun. */
static inline TrapCode tail_enter(FuncCode *code, Instance *in, u64 *frame) {
  FuncEntry entry = atomic_load_explicit(&code->entry, memory_order_acquire);
  TrapCode trap = entry(code, in, frame);
  return LIKELY(!trap) || trap != TRAP_TAIL_CALL ? trap : wm_tail_go_on(in->store, frame);
}

#endif
