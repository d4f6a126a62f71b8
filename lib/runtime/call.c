/* The way from native code into a function (store.h: wm_call), and out of it again: by returning,
 * by a C++ exception or a thread's end (which run end_entry in passing), or by a longjmp, which is
 * found out later (activation.h). */
#include "runtime/tail.h"

enum {
  /* What the host keeps of a thread's stack below the deepest entry: this much, */
  NATIVE_RESERVE_BYTES = 128 << 10,
  NATIVE_RESERVE_PART = 2, /* but of a small stack no more than this part. */
};

/* The reserve's end, or NULL on a stack that is not the thread's own. */
static u8 *reserve_end(StackRange range) {
  u64 size = (u64)(range.high - range.low);
  return range.low ? range.low + min_u64(NATIVE_RESERVE_BYTES, size / NATIVE_RESERVE_PART) : NULL;
}

/* Fits the limit to an outermost entry at `here`; it is kept for the next, which is often at the
 * same place. */
static void fit_native_stack(NativeStack *s, const u8 *here) {
  const void *thread = wm_os_thread_token();
  u32 ended = wm_os_threads_ended();
  if (LIKELY(here == s->here && thread == s->thread && ended == s->threads_ended)) return;
  s->range = wm_os_stack_range();
  uintptr_t sp = (uintptr_t)here, thread_end = (uintptr_t)reserve_end(s->range);
  uintptr_t budget_end = sp > s->budget_bytes ? sp - s->budget_bytes : 0;
  s->limit = (u8 *)(budget_end > thread_end ? budget_end : thread_end);
  s->here = here;
  s->thread = thread;
  s->threads_ended = ended;
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
  u64 token; /* the entry's proof; 0: not begun, or ended */
  Store *store;
  const void *before; /* of store_enter */
} Entry;

/* Only what is left early has something to end: see call. */
static inline void end_entry(Entry *e) {
  if (e->token) entry_drop(e->store, entry_of_token(e->token));
  store_leave(e->store, e->before);
}

static inline Activation *begin_entry(Entry *e, Store *store, Func *func) {
  Activation *act = store_push_activation(store, func, NULL), *outer = act->outer;
  act->entry = act;
  act->proof = &e->token;
  act->deadline_ns = outer ? outer->entry->deadline_ns : 0;
  e->token = entry_token(act);
  return act;
}

/* ---- calls ---- */

static inline bool has_room(const Store *store, const FuncCode *code, const u8 *here) {
  u64 room = (u64)(store->stack_end - store->stack_top);
  return LIKELY(here >= store->native.limit) &&
         LIKELY(room >= ACTIVATION_SLOTS + code->link_slot + (u64)FRAME_LINK_SLOTS);
}

/* There is too little stack of either kind, or the first entry has to make one. */
static NOINLINE TrapCode make_room(Store *store, const FuncCode *code, const u8 *here) {
  if (!store->stack && !make_stack(store)) return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  if (has_room(store, code, here)) return TRAP_NONE;
  return wm_trap_raise(store, TRAP_STACK_OVERFLOW, NULL, 0);
}

/* The entered function's frame is the next free part of the value stack. */
static inline TrapCode run_wasm(Store *store, const Func *func, u64 *slots) {
  FuncCode *code = func->code;
  u64 *frame = store->stack_top;
  copy_slots(frame, slots, code->param_slots);
  narrow_slots(frame, code->narrow_params);
  TrapCode trap = tail_enter(code, func->instance, frame);
  if (LIKELY(!trap)) copy_slots(slots, frame, code->result_slots);
  return trap;
}

static inline TrapCode run_host(Store *store, Func *func, u64 *slots) {
  narrow_slots(slots, func->code->narrow_params);
  return func->host(store, func, NULL, slots);
}

/* The deadline of the call itself, when it is the next. False: out of memory. */
static NOINLINE bool set_deadline(Store *store, Activation *act, u64 deadline_ns) {
  if (act->deadline_ns && act->deadline_ns <= deadline_ns) return true;
  act->deadline_ns = deadline_ns;
  return store->set_call_deadline(store, deadline_ns);
}

/* Part of the two ways in. */
ON_REAL_STACK static ALWAYS_INLINE TrapCode call(Store *store, Func *func, u64 *slots,
                                                 u64 deadline_ns) {
  Entry e __attribute__((cleanup(end_entry)));
  const u8 *here = (const u8 *)&e;
  e.store = store;
  e.token = 0;
  e.before = store_enter(store);
  if (LIKELY(!store->activation)) fit_native_stack(&store->native, here);
  if (!has_room(store, func->code, here)) {
    TrapCode refused = make_room(store, func->code, here);
    if (refused) return refused;
  }
  Activation *act = begin_entry(&e, store, func);
  if (UNLIKELY(deadline_ns) && !set_deadline(store, act, deadline_ns))
    return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  TrapCode trap =
      LIKELY(func->instance) ? run_wasm(store, func, slots) : run_host(store, func, slots);
  e.token = 0;
  entry_drop(store, act);
  return trap;
}

ON_REAL_STACK TrapCode wm_call(Store *store, Func *func, u64 *slots) {
  return call(store, func, slots, 0);
}

ON_REAL_STACK TrapCode wm_call_until(Store *store, Func *func, u64 *slots, u64 deadline_ns) {
  return call(store, func, slots, deadline_ns);
}

/* A function's address as data. */
#define FUNCTION(f) ((const void *)(uintptr_t)(f))
const void *const wm_ways_in[WAYS_IN] = {FUNCTION(wm_call), FUNCTION(wm_call_until)};
