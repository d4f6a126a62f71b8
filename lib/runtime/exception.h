/* Exceptions (spec 4.2.12, 4.4.9): thrown by wasm or the host, caught by clauses of try_table and
 * of the legacy try, in either tier, or by the host as a trap.
 *
 * Throwing has two steps. The first finds the clause: it walks the frames of the innermost entry
 * (activation.h), and changes nothing. Where there is none, the exception becomes a trap with the
 * backtrace of the throw, which leaves the entry as any trap does; if the host's function returns
 * that trap to wasm, the exception is thrown there again (wm_trap_hand_on). Else TRAP_EXCEPTION
 * goes out through activations until the one in which the exception is caught: its tier goes on at
 * the clause. So TRAP_EXCEPTION never reaches the host. */
#ifndef WM_RUNTIME_EXCEPTION_H
#define WM_RUNTIME_EXCEPTION_H

#include "runtime/instance.h"

/* What an exnref refers to. */
typedef struct Exception {
  Object head;
  Tag *tag;       /* followed by the collector */
  u32 slot_count; /* of the tag's parameters */
  u64 args[];     /* as in frame slots; references are followed */
} Exception;

/* NULL: out of memory. `args` NULL: to be filled in. */
Exception *wm_exception_new(Store *store, Tag *tag, const u64 *args);

/* Throws from where wasm stands (its activation has been told). Returns TRAP_EXCEPTION, or the code
 * of store->trap: nobody catches it. */
TrapCode wm_exception_throw(Store *store, Exception *exception);
/* The same with a new one; traps when memory is short. */
TrapCode wm_exception_throw_new(Store *store, Tag *tag, const u64 *args);

/* A trap of the host that carries the exception (wm_trap_hand_on). Without frames: those of the
 * throw are walked when nobody catches it. NULL: out of memory. */
Trap *wm_exception_trap(Store *store, Exception *exception);

/* Whether what ended with the code did so for an exception that the innermost activation catches.
 */
static inline bool exception_is_caught_here(const Store *store, TrapCode code) {
  return code == TRAP_EXCEPTION && store->unwind.activation == store->activation;
}
/* Where it is caught, once. */
Unwind wm_exception_take(Store *store);
/* Puts the exception's values, and itself, where the clause wants them in the frame fp. */
void wm_exception_store(const Exception *exception, const CatchClause *clause, u64 *fp);

#endif
