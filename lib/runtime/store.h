/* A store: all objects that may reach each other, the value stack, limits, the running activations.
 * One thread at a time. */
#ifndef WM_RUNTIME_STORE_H
#define WM_RUNTIME_STORE_H

#include "base/hashmap.h"
#include "runtime/account.h"
#include "runtime/frame.h"
#include "runtime/pool.h"
#include "runtime/scope.h"

/* Why a call stopped, with a backtrace: what a host sees of a trap. */
typedef struct Trap {
  Object head;
  TrapCode code;
  int exit_status; /* TRAP_EXIT */
  char *message;   /* owned; UTF-8, zero-terminated */
  size_t message_len;
  struct Exception *exception; /* TRAP_UNCAUGHT_EXCEPTION: which; or NULL */
  FrameInfo *frames;           /* owned; innermost first; instances are marked */
  u32 frame_count;
  u32 frames_omitted; /* of a very deep stack: between the first and the last kept */
} Trap;

/* What a store's stacks may take when nobody says otherwise; wasmx.h documents them. */
enum { DEFAULT_STACK_BYTES = 8 << 20, DEFAULT_NATIVE_STACK_BYTES = 6 << 20 };

/* The native stack under the outermost entry, and how far down it wasm may go:
 *
 *   range.high  ... the host's frames | here ... wasm and what it calls ... | limit ... range.low
 *                                       <---- at most budget_bytes ---->      the host's reserve
 */
typedef struct NativeStack {
  u64 budget_bytes; /* what nested entries may use below the outermost one */
  u8 *limit;        /* lowest address an entry may start at; NO_ENTRY: none may */
  StackRange range; /* the thread's; {NULL, NULL}: it runs on another one */
  /* What the limit was made for: the outermost entry's place and thread, and wm_os_threads_ended at
   * that time. */
  const void *here, *thread;
  u32 threads_ended;
} NativeStack;

/* Entries no further apart are on one stack, as it is less than a guard page: they have one limit.
 */
enum { NATIVE_NEAR_BYTES = 2 << 10 };

/* Above every stack. */
#define NO_ENTRY ((u8 *)UINTPTR_MAX)

struct Exception;
typedef struct Fiber Fiber;
typedef struct FiberPool FiberPool;
typedef struct SlotRoots SlotRoots;

/* Where an exception on its way is caught (exception.h). */
typedef struct Unwind {
  struct Exception *exception; /* a root */
  Activation *activation;      /* NULL: there is none on its way */
  /* in a frame of the interpreter */
  const CatchClause *clause;
  FuncCode *code;
  Instance *instance;
  u64 *fp;
  /* in one of compiled code: the place of the return address that leads to it, where it goes on */
  const u64 *native_sp;
  const void *landing;
} Unwind;

/* A tail call that compiled code could not make by itself: the callee runs in the caller's place
 * (tail.h). */
typedef struct TailCall {
  FuncCode *code;
  Instance *instance; /* the callee's; NULL: a host function */
  Func *func;         /* NULL: a function without an object */
  Instance *caller;   /* whose compiled code called */
  const u64 *args;    /* slots above the top of the value stack */
} TailCall;

/* What a memory, in bytes, or a table, in elements, is about to do. */
typedef struct Growth {
  bool is_memory;
  u64 from, to;
  u64 max; /* of its type; UINT64_MAX: none */
} Growth;

struct Store {
  /* Read by stubs of compiled code, which check the offsets. */
  u64 *stack_end;         /* frames must end at or below; STACK_SLACK_SLOTS follow */
  u64 *stack_top;         /* free from here when entering from native code */
  Activation *activation; /* innermost, or NULL */
  struct Heap *heap;      /* owned: structs and arrays (heap.h); NULL until the first */

  TypeRegistry *types; /* borrowed: the engine's */
  MemoryPool *pool;    /* borrowed: the engine's */
  void *engine;        /* borrowed here; engine/ counts it */
  void *embedder;      /* borrowed: the API's view of this store; not used below api/ */
  /* Called before a `watched` object is freed, by the collector or with the store. NULL: nobody. */
  void (*on_watched_free)(Store *store, Object *object);
  /* Whether it may. NULL: it may. */
  bool (*may_grow)(Store *store, const Growth *growth);

  Object *objects;     /* all, newest first */
  u64 debt_bytes;      /* allocated since the last collection */
  u64 threshold_bytes; /* collect when the debt passes it */
  u8 mark;             /* the current collection's mark */
  bool collecting;     /* until the last finalizer has run; while may_grow is asked */
  bool closing;        /* being deleted: no new objects */
  PtrMap host_info;    /* Object* -> HostInfo* */
  Object *doomed;      /* unreached ones whose finalizers are still to run */
  u64 made;            /* the object that a helper of compiled code made last */
  u8 heap_stress;      /* HeapStress (heap.h), for a heap that is not made yet; likewise: */
  bool heap_full_only; /* without generations */

  SlotRoots *slot_roots; /* all of the host's (collect.h); borrowed */

  u64 stack_bytes; /* of the value stack, before it is made */
  u64 *stack;      /* owned: the value stack, made at the first call */
  NativeStack native;
  Trap *trap;                       /* the trap on its way out (rooted), or NULL */
  Trap *out_of_memory;              /* preallocated (rooted) */
  const void *exit_pc, *restore_pc; /* the interpreter's special cells */
  const void *const *ways_in;       /* static: wm_ways_in (activation.h) */

  Unwind unwind;  /* while TRAP_EXCEPTION is on its way */
  u64 landing[6]; /* the machine's, while compiled code goes on where it caught an exception */
  struct Exception *caught; /* where compiled code lands: read there before anything else */
  TailCall tail;            /* while TRAP_TAIL_CALL is on its way */

  i64 fuel;   /* instructions that may still run (LoadedModule.charges_fuel) */
  Stop *stop; /* counted */
  /* Asked at polls whether wasm goes on all the same when the host alone (STOP_ASKED) wants it to
   * stop; NULL: it does not. */
  bool (*on_stop)(void *env);
  void *on_stop_env; /* the host's */
  /* Set by engine/: STOP_CALL_DEADLINE is for this time from now on (0: for none), and not before
   * it. False: out of memory. */
  bool (*set_call_deadline)(Store *store, u64 deadline_ns);
  u64 call_until_ns; /* what it was told last (scope.c) */

  /* fiber.h */
  Fiber *fiber;          /* the innermost that runs; NULL: wasm is on the thread's stack */
  Fiber *fibers;         /* all, that have not ended */
  FiberPool *fiber_pool; /* borrowed: the engine's; or NULL */
  u64 outer_deadline_ns; /* of who resumed the one that runs; 0: none */
  u32 drops;             /* fibers that are being dropped, one inside the other */

  Account *account;             /* counted: limits, and what is in use of them */
  _Atomic(const void *) thread; /* debug builds: who is in the store now (store_enter) */
};

/* With an account of its own, or that of others (counted). NULL: out of memory. */
Store *wm_store_new(TypeRegistry *types, MemoryPool *pool, void *engine, Account *account);
/* Frees every object, running the finalizers, and the fibers, running nothing of them. False (and
 * nothing happens) while wasm or a finalizer runs in it. */
bool wm_store_delete(Store *store);

/* Host info of any object: kept while the object lives, finalizer (may be NULL) run once: when the
 * object goes, or when other info takes its place. False: out of memory, or the store is being
 * deleted. */
typedef struct HostInfo {
  void *info; /* the host's */
  void (*finalizer)(void *);
} HostInfo;
bool wm_store_set_info(Store *store, Object *object, void *info, void (*finalizer)(void *));
void *wm_store_get_info(const Store *store, const Object *object);

/* Whether the embedder lets it grow, where may_grow is set. Asked where wasm stands in the middle
 * of an instruction: meanwhile nothing is collected, and where wasm runs, none is entered. */
bool wm_store_ask_growth(Store *store, const Growth *growth);

/* ---- traps ---- */
/* Makes a trap with a backtrace of what runs now, and sets it as store->trap. When memory is short
 * the store's preallocated out-of-memory trap takes its place. message NULL: the code's own.
 * Returns its code. */
TrapCode wm_trap_raise(Store *store, TrapCode code, const char *message, size_t message_len);
/* The trap of an entry where none may be, without a backtrace: wasm is in the middle of an
 * instruction. Raised as above. */
TrapCode wm_trap_refuse(Store *store);
/* A trap made by the host, not raised, with a backtrace of what runs now; NULL when out of memory.
 */
Trap *wm_trap_new(Store *store, TrapCode code, const char *message, size_t message_len);
/* The same without the backtrace, which is added later; when there is no memory for it, not at all.
 */
Trap *wm_trap_new_bare(Store *store, TrapCode code);
void wm_trap_keep_frames(Store *store, Trap *trap);
/* A host function returns `trap`, which is set as store->trap; returns its code. If it carries an
 * exception that wasm catches, that goes on instead: TRAP_EXCEPTION (exception.h). */
TrapCode wm_trap_hand_on(Store *store, Trap *trap);
/* Takes the pending trap out of the store. */
Trap *wm_store_take_trap(Store *store);

/* Sets err to what store->trap says (ERR_TRAP, with a byte's offset in the module). Returns false.
 */
bool wm_trap_tell(const Store *store, u64 offset, Error *err);

/* ---- stopping (stop.h) ---- */
/* There are reasons to stop: what comes of them, once the host's handler was asked. */
TrapCode wm_store_stopped(Store *store);
/* Whether wasm must stop, and with which trap: called at polls (every DEFAULT_TICKS calls and loop
 * rounds of the interpreter; in compiled code when its instance's stack_limit says so; before and
 * between the pieces of long operations; when a host function returns). */
static inline TrapCode wm_store_poll(Store *store) {
  return UNLIKELY(stop_is_wanted(store->stop)) ? wm_store_stopped(store) : TRAP_NONE;
}
/* The same, and raises the trap. */
static inline TrapCode store_poll_and_raise(Store *store) {
  TrapCode stop = wm_store_poll(store);
  return UNLIKELY(stop) ? wm_trap_raise(store, stop, NULL, 0) : TRAP_NONE;
}
/* Whether wasm need not stop; else raises the trap and sets err to it. */
bool wm_trap_may_go_on(Store *store, Error *err);
/* Makes the instance's stack_limit what it should be now. */
static inline void wm_store_update_limit(Store *store, Instance *in) {
  wm_stop_set_limit(store->stop, in, (uintptr_t)store->native.limit);
}

/* ---- calls from native code ---- */
/* Calls func with arguments in slots[0..param_slots); results in slots[0..result_slots). `slots`
 * must have room for the larger. Of the arguments, what is in the unused halves of the first
 * NARROW_SLOTS slots does not matter (narrow_slots). Checks the native stack and the value stack.
 * Returns TRAP_NONE or the code of store->trap. What the host calls forgets what is dead before it
 * comes here (wm_store_forget_dead). */
TrapCode wm_call(Store *store, Func *func, u64 *slots);
/* The same, with options of its own. */
TrapCode wm_call_with(Store *store, Func *func, u64 *slots, CallOptions *options);
/* Runs what is no function, such as an instantiation, as if it were one that the host called with
 * the options: calls inside it are bound by them. */
typedef TrapCode EntryWork(Store *store, void *env);
TrapCode wm_work_with(Store *store, EntryWork *run, void *env, CallOptions *options);

#endif
