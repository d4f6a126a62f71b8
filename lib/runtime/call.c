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

/* The limit of an outermost entry at `here`. */
static NOINLINE void set_native_limit(NativeStack *s, const u8 *here) {
  s->range = wm_os_stack_range();
  uintptr_t sp = (uintptr_t)here, thread_end = (uintptr_t)reserve_end(s->range);
  uintptr_t budget_end = sp > s->budget_bytes ? sp - s->budget_bytes : 0;
  s->limit = (u8 *)(budget_end > thread_end ? budget_end : thread_end);
  s->here = here;
  s->thread = wm_os_thread_token();
  s->threads_ended = wm_os_threads_ended();
}

/* It is kept for the next, which is often at the same place, or near. */
static inline void fit_native_stack(NativeStack *s, const u8 *here) {
  if (UNLIKELY((uintptr_t)here - (uintptr_t)s->here + NATIVE_NEAR_BYTES > 2 * NATIVE_NEAR_BYTES ||
               s->thread != wm_os_thread_token() || s->threads_ended != wm_os_threads_ended()))
    set_native_limit(s, here);
}

void wm_store_fit_stack(Store *store, const u8 *here) { fit_native_stack(&store->native, here); }

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

static NOINLINE void leave_early(const Entry *e) { entry_drop(e->store, entry_of_token(e->token)); }

static inline void end_entry(Entry *e) {
  if (UNLIKELY(e->token)) leave_early(e);
  store_leave(e->store, e->before);
}

static inline Activation *begin_entry(Entry *e, Store *store, Func *func) {
  Activation *act = store_push_activation(store, func, NULL), *outer = act->outer;
  act->entry = act;
  act->proof = &e->token;
  act->scope = outer ? outer->entry->scope : NULL;
  e->token = entry_token(act);
  return act;
}

/* ---- calls ---- */

/* Behind an activation, for its scope if it has one, and for a frame with such a link. */
static inline u64 slots_above(const CallOptions *options, u32 link_slot) {
  return (options ? SCOPE_SLOTS : 0) + link_slot + (u64)FRAME_LINK_SLOTS;
}

static inline bool has_room(const Store *store, u64 slots, const u8 *here) {
  u64 room = (u64)(store->stack_end - store->stack_top);
  return LIKELY(here >= store->native.limit) && LIKELY(room >= ACTIVATION_SLOTS + slots);
}

/* There is too little stack of either kind, or the first entry has to make one. */
static NOINLINE TrapCode make_room(Store *store, u64 slots, const u8 *here) {
  if (store->native.limit == NO_ENTRY) return wm_trap_refuse(store);
  if (!store->stack && !make_stack(store)) return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  if (has_room(store, slots, here)) return TRAP_NONE;
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

/* An interrupt that was raised before it began stops it: a short call would not look. */
static NOINLINE TrapCode begin_scope(Store *store, Activation *act, const CallOptions *options) {
  if (!wm_scope_begin(store, act, options))
    return wm_trap_raise(store, TRAP_OUT_OF_MEMORY, NULL, 0);
  return options->interrupt ? store_poll_and_raise(store) : TRAP_NONE;
}

/* What is run in an entry: a function, or anything of the library's. Which is known where the entry
 * is compiled. */
typedef struct Work {
  bool is_func;
  Func *func;
  u64 *slots;
  EntryWork *run;
  void *env;
} Work;

static ALWAYS_INLINE TrapCode run_work(Store *store, const Work *work) {
  if (!work->is_func) return work->run(store, work->env);
  return LIKELY(work->func->instance) ? run_wasm(store, work->func, work->slots)
                                      : run_host(store, work->func, work->slots);
}

/* Part of the three ways in. */
ON_REAL_STACK static ALWAYS_INLINE TrapCode enter(Store *store, const Work *work,
                                                  CallOptions *options) {
  Entry e __attribute__((cleanup(end_entry)));
  const u8 *here = (const u8 *)&e;
  e.store = store;
  e.token = 0;
  e.before = store_enter(store);
  if (LIKELY(!store->activation)) fit_native_stack(&store->native, here);
  u64 above = slots_above(options, work->is_func ? work->func->code->link_slot : 0);
  if (!has_room(store, above, here)) {
    TrapCode refused = make_room(store, above, here);
    if (refused) return refused;
  }
  Activation *act = begin_entry(&e, store, work->func);
  TrapCode trap = options ? begin_scope(store, act, options) : TRAP_NONE;
  if (LIKELY(!trap)) trap = run_work(store, work);
  e.token = 0;
  entry_drop(store, act);
  if (options) options->fuel_left = wm_scope_of_entry(act)->fuel_left;
  return trap;
}

ON_REAL_STACK TrapCode wm_call(Store *store, Func *func, u64 *slots) {
  return enter(store, &(Work){.is_func = true, .func = func, .slots = slots}, NULL);
}

ON_REAL_STACK TrapCode wm_call_with(Store *store, Func *func, u64 *slots, CallOptions *options) {
  return enter(store, &(Work){.is_func = true, .func = func, .slots = slots}, options);
}

ON_REAL_STACK TrapCode wm_work_with(Store *store, EntryWork *run, void *env, CallOptions *options) {
  return enter(store, &(Work){.run = run, .env = env}, options);
}

/* A function's address as data. */
#define FUNCTION(f) ((const void *)(uintptr_t)(f))
const void *const wm_ways_in[WAYS_IN] = {FUNCTION(wm_call), FUNCTION(wm_call_with),
                                         FUNCTION(wm_work_with)};
