/* Tail calls that leave compiled code: the C halves of their stubs (runtime/tail.h has the plan).
 * The frame that calls is gone, or will be: the return address at native_sp is that of its caller.
 */
#include "jit/x64/x64_calls.h"

#include "runtime/tail.h"

/* Whether the frame that is gone was the activation's only one. */
static bool is_outermost(const Instance *in, const u64 *native_sp) {
  const void *back = (const void *)(uintptr_t)*native_sp; /* NOLINT: a return address */
  return !wm_native_find_in(in->module, back);
}

static Left leave(Store *store, TailCall tail) {
  return (Left){tail_leave(store, tail), store->activation->entry_sp};
}

static Left tail_out(const OutCall *call, NativeRegs *regs, u64 *native_sp) {
  Instance *in = call->caller;
  if (!is_outermost(in, native_sp)) return wm_x64_call_out(call, regs, native_sp);
  const u64 *slots = wm_x64_take_args(regs, native_sp, in, call->code, call->instance);
  if (!slots) return (Left){in->store->trap->code, in->store->activation->entry_sp};
  return leave(in->store, (TailCall){call->code, call->instance, call->func, in, slots});
}

Left wm_x64_tail_any(NativeRegs *regs, u64 *native_sp, Instance *in, Func *func) {
  return tail_out(&(OutCall){in, func->code, func->instance, func}, regs, native_sp);
}

Left wm_x64_tail_by_slot(NativeRegs *regs, u64 *native_sp, Instance *in, u64 number) {
  return tail_out(&(OutCall){in, &in->module->codes[number], in, NULL}, regs, native_sp);
}

/* ---- arguments for which there is no place ---- */

static Left save(const OutCall *call, NativeRegs *regs, u64 *native_sp) {
  Instance *in = call->caller;
  const u64 *slots = wm_x64_take_args(regs, native_sp, in, call->code, call->instance);
  if (!slots) return (Left){in->store->trap->code, in->store->activation->entry_sp};
  in->store->tail = (TailCall){call->code, call->instance, call->func, in, slots};
  return (Left){TRAP_NONE, NULL};
}

Left wm_x64_save_any(NativeRegs *regs, u64 *native_sp, Instance *in, Func *func) {
  return save(&(OutCall){in, func->code, func->instance, func}, regs, native_sp);
}

Left wm_x64_save_by_slot(NativeRegs *regs, u64 *native_sp, Instance *in, u64 number) {
  return save(&(OutCall){in, &in->module->codes[number], in, NULL}, regs, native_sp);
}

Left wm_x64_run_saved(NativeRegs *regs, u64 *native_sp, Instance *in, u64 arg_slots) {
  Store *store = in->store;
  const TailCall tail = store->tail;
  if (is_outermost(in, native_sp)) return leave(store, tail);
  store->activation->native_sp = native_sp;
  const OutCall call = {in, tail.code, tail.instance, tail.func};
  return wm_x64_run(&call, (u64 *)(uintptr_t)tail.args, (u32)arg_slots, regs, native_sp);
}
