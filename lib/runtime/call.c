/* The way from native code into a function (store.h: wm_call). */
#include "runtime/native.h"

/* What the host keeps of a thread's stack below the deepest entry. */
enum { NATIVE_RESERVE_BYTES = 128 << 10 };

/* The limit of an outermost entry at `here`; kept for the next, which is often at the same place.
 */
static void set_native_limit(Store *store, u8 *here) {
  const void *thread = wm_os_thread_token();
  if (LIKELY(here == store->native_here && thread == store->native_thread)) return;
  uintptr_t sp = (uintptr_t)here, low = (uintptr_t)wm_os_stack_bound();
  uintptr_t budget_end = sp > store->native_stack_bytes ? sp - store->native_stack_bytes : 0;
  uintptr_t thread_end = low ? low + NATIVE_RESERVE_BYTES : 0;
  store->native_limit = (u8 *)(budget_end > thread_end ? budget_end : thread_end);
  store->native_here = here;
  store->native_thread = thread;
}

static bool make_stack(Store *store) {
  size_t page = wm_os_page_size();
  u64 size = (store->stack_bytes + page - 1) / page * page;
  if (size == 0 || size > SIZE_MAX - page) return false;
  store->stack = wm_os_alloc_pages((size_t)size + page); /* one for STACK_SLACK_SLOTS */
  if (!store->stack) return false;
  store->stack_end = store->stack + size / sizeof(u64);
  store->stack_top = store->stack;
  return true;
}

static inline void copy_slots(u64 *to, const u64 *from, u32 count) {
  if (LIKELY(count == 1))
    *to = *from;
  else if (count)
    memcpy(to, from, count * sizeof *to);
}

/* The entered function's frame is the next free part of the value stack. */
static inline TrapCode enter_wasm(Store *store, const Func *func, u64 *slots) {
  FuncCode *code = func->code;
  u64 *frame = store->stack_top;
  if (UNLIKELY((u64)(store->stack_end - frame) < code->link_slot + (u64)FRAME_LINK_SLOTS))
    return wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0);
  copy_slots(frame, slots, code->param_slots);
  FuncEntry entry = atomic_load_explicit(&code->entry, memory_order_acquire);
  TrapCode trap = entry(code, func->instance, frame);
  store->stack_top = frame;
  if (LIKELY(!trap)) copy_slots(slots, frame, code->result_slots);
  return trap;
}

/* Why the entry cannot be: too little stack of either kind. */
static NOINLINE TrapCode refuse(Store *store, const u8 *here) {
  TrapCode code = here < store->native_limit ? TRAP_STACK_OVERFLOW : TRAP_OUT_OF_MEMORY;
  return wm_trap_raise(store, code, NULL, 0);
}

/* Whether it lies in the part of this thread's stack that is free now: nobody returned from it, a
 * C++ exception or a longjmp went over it. */
static bool is_dead(const Activation *act, const u8 *here) {
  const u8 *bound = wm_os_stack_bound(), *at = (const u8 *)act;
  return bound && at > bound && at < here;
}

/* Forgets the activations that a jump out of a host function left behind. Their memory may be
 * anything by now: the way is from the outermost one. */
void wm_store_forget_dead(Store *store) {
  const u8 *here = __builtin_frame_address(0);
  if (!store->activation || !is_dead(store->activation, here)) return;
  Activation *alive = is_dead(store->outermost, here) ? NULL : store->outermost;
  while (alive && alive->inner && !is_dead(alive->inner, here)) alive = alive->inner;
  if (alive)
    alive->inner = NULL;
  else
    store->stack_top = store->stack;
  store->activation = alive;
}

TrapCode wm_call(Store *store, Func *func, u64 *slots) {
  u8 *here = __builtin_frame_address(0);
  Activation act; /* the other fields are of no use before one of these is set */
  act.func = func;
  act.callee = NULL;
  act.fp = NULL;
  act.instance = NULL;
  act.native_sp = NULL;
  const void *before = store_enter(store);
  TrapCode trap;
  if (UNLIKELY(store->activation && (const u8 *)store->activation < here))
    wm_store_forget_dead(store);
  if (!store->activation) set_native_limit(store, here);
  if (UNLIKELY(here < store->native_limit) || (UNLIKELY(!store->stack) && !make_stack(store))) {
    trap = refuse(store, here);
  } else {
    store_push_activation(store, &act);
    trap = LIKELY(func->instance) ? enter_wasm(store, func, slots)
                                  : func->host(store, func, NULL, slots);
    store_pop_activation(store, &act);
  }
  store_leave(store, before);
  return trap;
}
