/* The way from native code into a function (store.h: wm_call), and out of it again: by returning,
 * by a C++ exception or a thread's end (which run end_entry in passing), or by a longjmp, which is
 * found out later. */
#include "runtime/native.h"

enum {
  /* What the host keeps of a thread's stack below the deepest entry: this much, */
  NATIVE_RESERVE_BYTES = 128 << 10,
  NATIVE_RESERVE_PART = 4, /* but of a small stack no more than this part. */
};

/* The reserve's end, or NULL on a stack that is not the thread's own. */
static u8 *reserve_end(StackRange range) {
  u64 size = (u64)(range.high - range.low);
  return range.low ? range.low + min_u64(NATIVE_RESERVE_BYTES, size / NATIVE_RESERVE_PART) : NULL;
}

/* The limit of an outermost entry at `here`; kept for the next, which is often at the same place.
 */
static void set_native_limit(Store *store, u8 *here) {
  const void *thread = wm_os_thread_token();
  if (LIKELY(here == store->native_here && thread == store->native_thread)) return;
  store->native_stack = wm_os_stack_range();
  uintptr_t sp = (uintptr_t)here, thread_end = (uintptr_t)reserve_end(store->native_stack);
  uintptr_t budget_end = sp > store->native_stack_bytes ? sp - store->native_stack_bytes : 0;
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

/* ---- entries ---- */

/* On the C stack while an entry runs. */
typedef struct Entry {
  EntryProof proof;
  Store *store;
  Activation *activation; /* NULL: not begun */
  const void *before;     /* of store_enter */
} Entry;

/* The call's own time is over: what is around it has its deadline back. */
static NOINLINE void end_deadline(Store *store, const Activation *act) {
  u64 outer = act->outer ? act->outer->entry->deadline_ns : 0;
  if (outer != act->deadline_ns) store->set_call_deadline(store, outer);
}

/* Takes the entry off the store, with all that began in it. */
static inline void drop_entry(Store *store, Activation *entry) {
  store_pop_activation(store, entry);
  if (UNLIKELY(entry->deadline_ns)) end_deadline(store, entry);
}

static inline void end_entry(Entry *e) {
  if (LIKELY(e->activation)) drop_entry(e->store, e->activation);
  store_leave(e->store, e->before);
}

static inline Activation *begin_entry(Entry *e, Func *func) {
  Store *store = e->store;
  u64 deadline = store->activation ? store->activation->entry->deadline_ns : 0;
  Activation *act = store_push_activation(store, func, NULL);
  act->entry = act;
  act->proof = &e->proof;
  act->number = ++store->entries;
  act->deadline_ns = deadline;
  e->proof.token = entry_token(store, act);
  e->activation = act;
  return act;
}

/* Whether the proof can only be gone: of another thread, which must have ended or left the store;
 * in the part of this thread's stack that is free now; or written over. On another stack (the
 * host's coroutines) there is nothing to be seen. */
__attribute__((no_sanitize("address"))) static bool
is_dead(const Store *store, const Activation *entry, const u8 *here) {
  if (store->native_thread != wm_os_thread_token()) return true;
  const u8 *at = (const u8 *)entry->proof;
  StackRange range = store->native_stack;
  if (here < range.low || here >= range.high || at < range.low || at >= range.high) return false;
  return at < here || entry->proof->token != entry_token(store, entry);
}

NOINLINE void wm_store_forget_dead(Store *store, const void *here) {
  while (store->activation && is_dead(store, store->activation->entry, here))
    drop_entry(store, store->activation->entry);
}

/* ---- calls ---- */

/* Why the entry cannot be: too little stack of either kind. */
static NOINLINE TrapCode refuse(Store *store, const u8 *here) {
  bool no_memory = here >= store->native_limit && !store->stack;
  return wm_trap_raise(store, no_memory ? TRAP_OUT_OF_MEMORY : TRAP_STACK_OVERFLOW, NULL, 0);
}

static inline bool has_room(const Store *store, const FuncCode *code) {
  u64 room = (u64)(store->stack_end - store->stack_top);
  return room >= ACTIVATION_SLOTS + code->link_slot + (u64)FRAME_LINK_SLOTS;
}

/* The entered function's frame is the next free part of the value stack. */
static inline TrapCode run_wasm(Store *store, const Func *func, u64 *slots) {
  FuncCode *code = func->code;
  u64 *frame = store->stack_top;
  copy_slots(frame, slots, code->param_slots);
  FuncEntry entry = atomic_load_explicit(&code->entry, memory_order_acquire);
  TrapCode trap = entry(code, func->instance, frame);
  if (LIKELY(!trap)) copy_slots(slots, frame, code->result_slots);
  return trap;
}

static inline TrapCode run_host(Store *store, Func *func, u64 *slots) {
  return func->host(store, func, NULL, slots);
}

/* The proof must be on the C stack itself. */
#define ON_REAL_STACK __attribute__((no_sanitize("address")))

ON_REAL_STACK static inline TrapCode call(Store *store, Func *func, u64 *slots, u64 deadline_ns) {
  u8 *here = __builtin_frame_address(0);
  Entry e __attribute__((cleanup(end_entry)));
  e.store = store;
  e.activation = NULL;
  e.before = store_enter(store);
  if (UNLIKELY(store->activation != NULL)) wm_store_forget_dead(store, here);
  if (!store->activation) set_native_limit(store, here);
  if (UNLIKELY(here < store->native_limit) || (UNLIKELY(!store->stack) && !make_stack(store)) ||
      UNLIKELY(!has_room(store, func->code)))
    return refuse(store, here);
  Activation *act = begin_entry(&e, func);
  if (UNLIKELY(deadline_ns) && (!act->deadline_ns || deadline_ns < act->deadline_ns)) {
    act->deadline_ns = deadline_ns;
    if (!store->set_call_deadline(store, deadline_ns))
      return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  }
  return LIKELY(func->instance) ? run_wasm(store, func, slots) : run_host(store, func, slots);
}

ON_REAL_STACK TrapCode wm_call(Store *store, Func *func, u64 *slots) {
  return call(store, func, slots, 0);
}

ON_REAL_STACK TrapCode wm_call_until(Store *store, Func *func, u64 *slots, u64 deadline_ns) {
  return call(store, func, slots, deadline_ns);
}
