/* wasmx_suspend.h: calls that wait. Part of wasmx.h, which includes it; what that says of
 * ownership, threads and errors holds here. */
#ifndef WASMX_SUSPEND_H
#define WASMX_SUSPEND_H

/* For who begins with this one. */
#include "wasmx.h" /* NOLINT(misc-header-include-cycle) */

#ifdef __cplusplus
extern "C" {
#endif

#define own /* reads as a comment, as in wasm.h */

/* A call that a host function in it can suspend: the frames of wasm and of the host stay where they
 * are, on stacks of the call's own, while the host goes on with other work; later it resumes the
 * call with what the host function waited for, or drops it.
 *
 *   call = wasmx_call_start(func, args, NULL, &err);      nothing runs yet
 *   state = wasmx_call_resume(call, NULL, results, &trap)
 *     wasm -> host function: trap = wasmx_call_suspend(caller, &request, NULL)
 *   state is WASMX_CALL_SUSPENDED, wasmx_call_value(call) is &request
 *     ... fills the request ...
 *   state = wasmx_call_resume(call, NULL, results, &trap)
 *     suspend returns NULL, the host function its result, wasm goes on and returns
 *   state is WASMX_CALL_RETURNED
 *   wasmx_call_delete(call);
 *
 * A store has any number of such calls; one runs at a time, on whichever thread the store is used
 * by: a call may be resumed on another thread than before. Calls nest as other calls do: a host
 * function in one may call wasm, start calls and resume them. Suspending ends all frames' run up to
 * the call's start, so that its resumer goes on. Memories, tables, globals and limits are the
 * store's, and may have changed meanwhile.
 *
 * A call's end. It returns; or a trap or an exception of wasm's leaves it, which wasmx_call_resume
 * then hands out, with a backtrace of the call's own frames. A C++ exception or the end of the
 * thread that leaves a host function goes through the call's frames and on from wasmx_call_resume
 * (or delete); the call has ended then. So has one that a longjmp leaves for a frame of its
 * resumer, which the next call into the store finds out; but a C library that checks longjmps
 * (_FORTIFY_SOURCE) may not like one between stacks.
 *
 * Options. A call may have those of any other (wasmx_call_options_t); calls inside it, too. They
 * stop nothing while it is suspended. Its deadline goes on meanwhile; when that has struck, or its
 * interrupt was raised, the call is resumed to be told: wasmx_call_suspend gives a trap
 * (INTERRUPTED), and wasm does not go on whatever the host function does with that. So with the
 * store's interrupts and deadline. It burns the fuel of whoever resumes it, and of its own no more
 * than is there; what it then has left it keeps for later. Options around who resumes hold inside
 * for as long.
 *
 * Host functions that suspend. What is on the C stack stays there, addresses included. They must
 * not hold a lock that the host needs meanwhile, nor the address of a thread-local variable
 * (compilers keep that of errno) when another thread may resume, nor have wasm of another store
 * between the call and themselves. A call's own stack for C (native_stack_size) has a guard page
 * below: a host function that uses it up faults, as on a thread's; wasm traps (STACK_OVERFLOW), and
 * leaves 128 KiB of it to the host (half of it, when it is small). Finalizers cannot start, resume
 * or suspend.
 */
typedef struct wasmx_call_t wasmx_call_t;

typedef struct wasmx_suspend_options_t {
  size_t size;              /* sizeof(wasmx_suspend_options_t) */
  size_t stack_size;        /* bytes of the wasm stack; 64 KiB to 1 GiB; 0: 1 MiB */
  size_t native_stack_size; /* of the stack of compiled and host functions; likewise */
  /* What the call is given for itself, from now on; NULL: nothing. Read when it starts; the
   * interrupt is kept, and fuel_left must stay until the call has ended, when it is set. */
  const struct wasmx_call_options_t *call;
} wasmx_suspend_options_t;

typedef uint8_t wasmx_callstate_t;
enum wasmx_callstate_enum {
  WASMX_CALL_NONE,      /* no such call; of resume: refused */
  WASMX_CALL_SUSPENDED, /* at its start, or in wasmx_call_suspend */
  WASMX_CALL_RUNNING,   /* on its stacks now, or has resumed one that is */
  WASMX_CALL_RETURNED,
  WASMX_CALL_TRAPPED /* also when it was left otherwise */
};

/* A call of the function, suspended at its start. `args` as for wasmx_func_call_raw, copied; may be
 * NULL without parameters. Memory of the stacks is taken as it is touched; stacks of calls that
 * ended are used again. NULL with *err (may be NULL): arguments or options that make no sense; out
 * of memory; a finalizer runs, or a call is being dropped; calls cannot be suspended on this system
 * (WASMX_UNSUPPORTED; "suspend" of wasmx_has). */
WASM_API_EXTERN own wasmx_call_t *wasmx_call_start(const wasm_func_t *, const wasmx_slot_t *args,
                                                   const wasmx_suspend_options_t *options,
                                                   wasmx_error_t *err);
/* Runs a suspended call until it is suspended again or ends, which the result tells. `given` comes
 * out of the wasmx_call_suspend that it is in. RETURNED: its results are in results[0..] (may be
 * NULL when they are not wanted). TRAPPED: *trap is the caller's (`trap` may be NULL). Refused
 * (WASMX_CALL_NONE, wasmx_last_error), and nothing happens: the call runs, has ended, its store is
 * deleted; a finalizer runs, or a call is being dropped; there is no memory for its deadline. */
WASM_API_EXTERN wasmx_callstate_t wasmx_call_resume(wasmx_call_t *, void *given,
                                                    wasmx_slot_t *results, own wasm_trap_t **trap);
/* Suspends the innermost call that runs in the caller's store; called by a host function inside it.
 * Returns NULL when it is resumed, *given (may be NULL) is what wasmx_call_resume was given. Or a
 * trap (own), which the host function should return after it has tidied up: there is no call around
 * it that can be suspended, or a finalizer runs (HOST); the time is up, the store was interrupted
 * or the call dropped (INTERRUPTED). */
WASM_API_EXTERN own wasm_trap_t *wasmx_call_suspend(wasmx_caller_t *, void *value, void **given);
/* What the suspended call gave; NULL when it is not suspended, or at its start. */
WASM_API_EXTERN void *wasmx_call_value(const wasmx_call_t *);
WASM_API_EXTERN wasmx_callstate_t wasmx_call_state(const wasmx_call_t *);
/* The store, borrowed; NULL for NULL, and when it is deleted. */
WASM_API_EXTERN wasm_store_t *wasmx_call_store(const wasmx_call_t *);
/* The innermost call that runs in the store, borrowed; NULL: none, wasm runs on the thread's stack
 * or not at all. */
WASM_API_EXTERN wasmx_call_t *wasmx_store_call(const wasm_store_t *);
/* Deletes the call. One that is suspended in a host function is dropped first: it runs to its end,
 * in which no wasm of it goes on. wasmx_call_suspend gives its host functions a trap, innermost
 * first; from then on suspending again gives another one at once, wasm that they call traps, other
 * calls can be deleted but not started or resumed. Deleting a store drops those that are left
 * before anything else goes; they are then ended calls of no store, to be deleted still. False
 * (wasmx_last_error): it runs, and stays the caller's. */
WASM_API_EXTERN bool wasmx_call_delete(own wasmx_call_t *);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
