/* Activations: the stretches of wasm that run in a store (frame.h), and what becomes of those that
 * nobody returns to.
 *
 * An entry is an activation that the host began (wm_call). It is ended in one of three ways: it
 * returns; a C++ exception or a thread's end takes it away in passing (wm_call's cleanup); or a
 * longjmp leaves it where it is. The last is found out afterwards, by the entry's proof on the C
 * stack: here are the three ways to do that, from cheap and partial to dear and complete.
 *
 *   C stack, growing down        value stack
 *   wm_call's frame: token  <--- entry.proof
 *   ... the host's frames        Activation (entry)
 *   wm_call's frame: token  <--- entry.proof
 */
#ifndef WM_RUNTIME_ACTIVATION_H
#define WM_RUNTIME_ACTIVATION_H

#include "runtime/scope.h"
#include "runtime/store.h"

/* Begins an activation at the top of the value stack, where there must be room for it. Func and
 * instance may be NULL. */
static inline Activation *store_push_activation(Store *store, Func *func, Instance *in) {
  Activation *act = (Activation *)(void *)store->stack_top;
  act->outer = store->activation;
  act->func = func;
  act->callee = NULL;
  act->fp = NULL;
  act->instance = in;
  act->native_sp = NULL;
  act->entry = act->outer ? act->outer->entry : act;
  store->activation = act;
  store->stack_top = (u64 *)(void *)(act + 1);
  return act;
}
/* Ends it, with all that began in it. */
static inline void store_pop_activation(Store *store, Activation *act) {
  store->activation = act->outer;
  /* Below an outermost one there may be what was left behind (wm_store_find_dead). */
  store->stack_top = act->outer ? (u64 *)(void *)act : store->stack;
}

/* Calls a host function, whose slots are at the stack's top, in the innermost activation and in the
 * name of its instance. */
TrapCode wm_activation_call_host(Store *store, const FuncCode *code, Func *func, u64 *slots);

/* ---- entries ---- */

/* What an entry's proof holds: its place, written so that no stray pointer looks like it. */
static inline u64 entry_token(const Activation *entry) { return ~(u64)(uintptr_t)entry; }
static inline Activation *entry_of_token(u64 token) { return (Activation *)(uintptr_t)~token; }
/* Attribute of the functions that write or read proofs: they must be on the C stack itself. */
#define ON_REAL_STACK __attribute__((no_sanitize("address")))

/* The functions that have entries' proofs in their frames (call.c): Store.ways_in. And those of the
 * machine (native.h). */
enum { WAYS_IN = 3 };
extern const void *const wm_ways_in[WAYS_IN];

/* Ends the entries that began in `entry` and are still there: a longjmp left them. */
void wm_entry_drop_inner(Store *store, const Activation *entry);
/* Fits the limit of the native stack to an outermost entry that is to begin at `here`. */
void wm_store_fit_stack(Store *store, const u8 *here);
/* Takes the entry off the store, with all that began in it. */
static inline void entry_drop(Store *store, Activation *entry) {
  if (UNLIKELY(store->activation->entry != entry)) wm_entry_drop_inner(store, entry);
  store_pop_activation(store, entry);
  if (UNLIKELY(entry->scope != NULL)) wm_scope_end(store, entry);
}

/* Ends the entries that nobody will return to: a longjmp left them behind. `here` is the frame
 * address of the function that the host called, below which the stack is ours. */
void wm_store_forget_dead(Store *store, const void *here);
/* The same, by a walk over the C stack, which tells them all and takes long: for those deeper than
 * `here` would be, whose proof nobody happened to write over. */
void wm_store_find_dead(Store *store);
/* The same where it is certain: a callback returned to `act`, and what began in it is over. Before
 * anything else is asked of the store: it may have been told to stop for what is over only. */
void wm_store_return_to(Store *store, const Activation *act);
static inline void store_return_to(Store *store, const Activation *act) {
  if (UNLIKELY(store->activation != act)) wm_store_return_to(store, act);
}

/* ---- who is in a store ---- */

/* Debug builds assert that no two threads are in a store at once: a bracket around whatever changes
 * it. Enter returns what leave wants back. */
const void *wm_store_enter(Store *store);
void wm_store_leave(Store *store, const void *before);
#ifdef NDEBUG
#define store_enter(store)         NULL
#define store_leave(store, before) ((void)(before))
#else
#define store_enter(store)         wm_store_enter(store)
#define store_leave(store, before) wm_store_leave((store), (before))
#endif

/* The same around a block, which may be left by whatever unwinds. */
typedef struct StoreVisit {
  Store *store;
  const void *before;
} StoreVisit;
static inline void store_visit_end(const StoreVisit *visit) {
  store_leave(visit->store, visit->before);
}
#define STORE_VISIT StoreVisit __attribute__((cleanup(store_visit_end)))

#endif
