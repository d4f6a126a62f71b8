/* What compiled code calls (helpers.def), where the runtime's own functions do not fit. */
#include "runtime/exception.h"
#include "runtime/meanings.h"
#include "runtime/tail.h"

u64 wm_helper_memory_grow(Instance *in, u32 memory, u64 delta_pages) {
  return wm_memory_grow(in->store, in->memories[memory], delta_pages);
}

u64 wm_helper_table_grow(Instance *in, u32 table, u64 delta, Ref init) {
  return wm_table_grow(in->store, in->tables[table], delta, init);
}

struct Exception *wm_helper_exception_new(Instance *in, u32 tag) {
  return wm_exception_new(in->store, in->tags[tag], NULL);
}

TrapCode wm_helper_meaning(const Instance *in, u32 op, u64 *slots) {
  return wm_meaning_apply((u16)op, in->module->canonical_nan, slots);
}

TrapCode wm_native_call_out(Store *store, FuncCode *code, Instance *in, Func *func, u64 *slots) {
  if (!in) return wm_activation_call_host(store, code, func, slots);
  const u8 *here = __builtin_frame_address(0);
  if (UNLIKELY(here < store->native.limit))
    return wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0);
  Activation *act = store_push_activation(store, func, in);
  TrapCode trap = tail_enter(code, in, slots);
  store_pop_activation(store, act);
  return trap;
}
