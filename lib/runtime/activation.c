/* Entries that end, and those that are found to be over (activation.h). */
#include "runtime/activation.h"

#include "runtime/fiber.h"
#include "runtime/instance.h"
#include "runtime/native.h"

TrapCode wm_activation_call_host(Store *store, const FuncCode *code, Func *func, u64 *slots) {
  Activation *act = store->activation;
  act->callee = func;
  store->stack_top = slots + code->link_slot;
  TrapCode trap = func->host(store, func, act->instance, slots);
  store->stack_top = slots;
  return trap;
}

/* ---- ending ---- */

NOINLINE void wm_entry_drop_inner(Store *store, const Activation *entry) {
  if (store->fiber) wm_fibers_return_to(store, entry);
  while (store->activation->entry != entry) entry_drop(store, store->activation->entry);
}

NOINLINE void wm_store_return_to(Store *store, const Activation *act) {
  if (store->fiber) wm_fibers_return_to(store, act);
  while (store->activation != act) entry_drop(store, store->activation->entry);
}

/* ---- what a look at the proof tells ---- */

/* Whether the proof can only be gone: of another thread, which must have ended or left the store;
 * in the part of this thread's stack that is free now; or written over. On another stack (the
 * host's coroutines) there is nothing to be seen. */
ON_REAL_STACK static bool is_dead(const Store *store, const Activation *entry, const u8 *here) {
  if (store->native.thread != wm_os_thread_token()) return true;
  const u8 *at = (const u8 *)entry->proof;
  StackRange range = store->native.range;
  if (here < range.low || here >= range.high || at < range.low || at >= range.high) return false;
  return at < here || *entry->proof != entry_token(entry);
}

/* What was left behind never left: once it is forgotten, nobody is in the store. */
static void forget_user(Store *store) {
  if (!store->activation && !store->collecting) store_leave(store, NULL);
}

NOINLINE void wm_store_forget_dead(Store *store, const void *here) {
  if (store->fiber) wm_fibers_forget_left(store, here);
  while (store->activation && is_dead(store, store->activation->entry, here))
    entry_drop(store, store->activation->entry);
  forget_user(store);
}

/* ---- what a walk over the C stack tells ---- */

typedef struct Search {
  Store *store;
  Activation **link; /* where the next entry's innermost activation is noted */
} Search;

/* Takes an entry out from below those that began on top of it. */
static void unlink_entry(Search *s, const Activation *entry) {
  *s->link = entry->outer;
  if (s->link == &s->store->activation) s->store->stack_top = (u64 *)(uintptr_t)entry;
  wm_scope_take_out(s->store, entry);
}

/* Whether it is one of the machine's ways into the function that was entered. */
static bool is_direct_way(const Activation *entry, const void *function) {
  const Instance *in = entry->func ? entry->func->instance : NULL;
  const NativeMachine *machine = in ? in->module->machine : NULL;
  for (u32 i = 0; machine && i < DIRECT_WAYS; i++)
    if (function == (const void *)(uintptr_t)machine->call_in[i]) return true;
  return machine && function == machine->thunk_code;
}

/* Whether the frame, in which the entry's proof would be, is the entry's. */
ON_REAL_STACK static bool is_frame_of(const Store *store, const Activation *entry,
                                      const StackFrame *frame) {
  bool is_way_in = false;
  for (u32 i = 0; i < WAYS_IN; i++) is_way_in |= frame->function == store->ways_in[i];
  return (is_way_in || is_direct_way(entry, frame->function)) &&
         *entry->proof == entry_token(entry);
}

/* Looks at the entries below the frame's end. On another stack than theirs there is nothing to be
 * seen. */
static bool compare_frame(void *env, const StackFrame *frame) {
  Search *s = env;
  StackRange range = s->store->native.range;
  if (frame->low < range.low || frame->high > range.high) return false;
  while (*s->link) {
    Activation *entry = (*s->link)->entry;
    const u8 *at = (const u8 *)entry->proof;
    if (at < range.low || at >= range.high) return false;
    if (at >= frame->high) return true;
    if (at >= frame->low && is_frame_of(s->store, entry, frame))
      s->link = &entry->outer;
    else
      unlink_entry(s, entry);
  }
  return false;
}

void wm_store_find_dead(Store *store) {
  Search s = {store, &store->activation};
  if (store->activation && store->native.thread == wm_os_thread_token())
    wm_os_walk_stack(compare_frame, &s);
}

/* ---- who is in a store ---- */

/* A thread that ended may have left by a longjmp before. */
const void *wm_store_enter(Store *store) {
  const void *self = wm_os_thread_token();
  const void *before = atomic_exchange(&store->thread, self);
  bool may_have_ended = wm_os_threads_ended() != store->native.threads_ended;
  assert((!before || before == self || may_have_ended) && "two threads are in one store");
  (void)may_have_ended;
  return before;
}

/* Who was there before is this thread; its own word may be of another one (fiber.h). */
void wm_store_leave(Store *store, const void *before) {
  atomic_store(&store->thread, before ? wm_os_thread_token() : NULL);
}
