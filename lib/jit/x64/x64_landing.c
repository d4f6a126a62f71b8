/* Exceptions in compiled code: thrown by it, and caught (runtime/exception.h).
 *
 * A frame that catches goes on at its landing with the registers that it had at the call. Those
 * that calls keep were saved by the frames in between, which are walked once more for them:
 *
 *   native_sp -> [ return address | frame ... saved registers ]
 *                [ return address | frame ... saved registers ]
 *                ...
 *                the frame that catches
 *
 * Below native_sp are rbx rbp r12 r13, pushed by the stub.
 */
#include "jit/x64/x64_calls.h"
#include "runtime/collect.h"
#include "runtime/exception.h"

/* In the order in which prologues push them. */
static u64 *register_of(Landing *l, u32 i) {
  u64 *all[] = {&l->rbx, &l->rbp, &l->r12, &l->r13};
  return all[i];
}

/* The frame of `body`, whose return address into it is at sp, goes: returns where its own is. */
static const u64 *leave_frame(Landing *l, const NativeBody *body, const u64 *sp) {
  static const u8 regs[] = {RBX, RBP, R12, R13};
  const u64 *back = sp + 1 + body->frame_bytes / sizeof(u64), *saved = back;
  for (u32 i = 0; i < ARRAY_LEN(regs); i++)
    if (body->saved_regs >> regs[i] & 1) *register_of(l, i) = *--saved;
  return back;
}

/* In the store, whose activation it is for; read at once. */
static Left land(Store *store) {
  const Unwind unwind = wm_exception_take(store);
  const Activation *act = store->activation;
  const u64 *sp = act->native_sp;
  Landing *l = (Landing *)(void *)store->landing;
  *l = (Landing){sp[-1], sp[-2], sp[-3], sp[-4], unwind.native_sp + 1, unwind.landing};
  while (sp != unwind.native_sp) {
    const void *pc = (const void *)(uintptr_t)*sp; /* NOLINT: a return address */
    sp = leave_frame(l, wm_native_find_in(act->instance->module, pc), sp);
  }
  store->caught = unwind.exception;
  return (Left){LEFT_LANDS, l};
}

Left wm_x64_ended(Instance *in, TrapCode code) {
  Store *store = in->store;
  if (exception_is_caught_here(store, code)) return land(store);
  return (Left){code, store->activation->entry_sp};
}

/* A safe point, so that throwing does not keep what was thrown before. */
Left wm_x64_throw_out(u64 *native_sp, Instance *in, Exception *exception) {
  Store *store = in->store;
  store->activation->native_sp = native_sp;
  store->unwind = (Unwind){.exception = exception};
  wm_store_safepoint(store);
  return wm_x64_ended(in, wm_exception_throw(store, exception));
}
