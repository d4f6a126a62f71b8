/* Fibers: calls from the host that can be left in the middle of a host function and gone on with
 * later. Each has a pair of stacks of its own, in one piece of address space of which little is
 * ever touched:
 *
 *   base -> [ guard | native stack, growing down <- ] [ -> value stack | slack ]
 *             page                                    ^ slots: arguments, later results
 *
 * A store runs on one pair at a time, whose words are in the store itself. Those of the others are
 * in the fibers: of one that is suspended its own, of one that runs those of who resumed it.
 * Resuming and coming back exchange them. So all pairs together are the store's and its fibers':
 *
 *   thread's pair <-- fiber A (runs) <-- fiber B (runs, store->fiber)     fiber C (suspended)
 *                     A.stacks: the      B.stacks: A's     store: B's     C.stacks: its own
 *                     thread's
 *
 * Each pair has a chain of activations of its own: what looks at running wasm (backtraces, the
 * search for a catch, what a longjmp left) ends where the fiber was started. The collector looks at
 * all. So does the chain of scopes (scope.h): deadlines, fuel and interrupts of who resumes hold
 * for what is resumed; a fiber's own are in force while it runs. */
#ifndef WM_RUNTIME_FIBER_H
#define WM_RUNTIME_FIBER_H

#include "os/os_coroutine.h"
#include "runtime/store.h"

/* A pair of stacks: Store has the same fields. */
typedef struct Stacks {
  u64 *stack, *stack_end, *stack_top;
  Activation *activation;
  NativeStack native;
  u64 outer_deadline_ns;
} Stacks;

/* Of both stacks when nobody says otherwise. */
enum { DEFAULT_FIBER_STACK_BYTES = 1 << 20 };

typedef enum FiberState { FIBER_SUSPENDED, FIBER_RUNNING, FIBER_ENDED } FiberState;

struct Fiber {
  Store *store;        /* borrowed; NULL: in the pool */
  Fiber *next, **link; /* in its store's list; in the pool next alone */
  Fiber *outer;        /* while it runs: the one that resumed it, or NULL */
  Func *func;          /* a root */
  CallOptions options; /* of the call, when it has some; the interrupt is counted */
  bool has_options;
  void *owner;          /* borrowed: the API's view of it */
  const u8 *resumed_at; /* while it runs: on the C stack of who resumed it */
  FiberState state;
  TrapCode trap;   /* of one that ended; when it trapped, store->trap is it */
  bool was_begun;  /* it ran once */
  bool is_dropped; /* it must end now: it is not left any more */
  Stacks stacks;
  Coroutine coroutine;
  u64 *slots;                    /* the start of its value stack */
  u8 *base;                      /* owned: the address space */
  u64 size_bytes;                /* of all that; */
  u64 stack_bytes, native_bytes; /* of the value stack and of the native one */
};

/* fiber_start.c: a call of func, with room for its arguments in f->slots, which are to be filled
 * (after the arguments' slots there may be anything). Suspended at its start. Sizes of 0: the
 * default. NULL: out of memory. */
Fiber *wm_fiber_new(Store *store, Func *func, u64 stack_bytes, u64 native_bytes);
/* What the call is given for itself, before it begins. */
void wm_fiber_set_options(Fiber *f, const CallOptions *options);
/* Ends what is suspended or has ended, without running anything of it. */
void wm_fiber_free(Fiber *f);
/* Runs it until it is suspended or has ended. False: there is no memory for its deadline, nothing
 * happened. */
bool wm_fiber_resume(Fiber *f);
/* Runs a suspended one to its end: wasm of it does not go on, host functions are told. */
void wm_fiber_drop(Fiber *f);
/* Suspends the running one, which is not dropped. Returns when it is resumed, or must end. */
void wm_fiber_suspend(Fiber *f);
/* The exception of C++, or of a thread that ends, by which the fiber ended: to be thrown on when
 * everything is as it should be (wm_os_throw_on). NULL: there was none. */
static inline void *fiber_exception(const Fiber *f) { return f->coroutine.exception; }

/* A longjmp may leave a fiber for the stack of who resumed it, which is found out when the store is
 * called from there; it has ended then, with all that it had resumed. Of those that run: */
/* Ends those that nobody will come back from; `here` as in wm_store_forget_dead. */
void wm_fibers_forget_left(Store *store, const void *here);
/* The same where it is certain: what runs is in the pair of stacks that `act` is in. */
void wm_fibers_return_to(Store *store, const Activation *act);

/* ---- fiber_pool.c ---- */

/* Fibers that wait for their next use, of all stores of an engine: a few as they were left, more
 * that have given their memory back and kept the address space. */
typedef struct FreeFibers {
  Fiber *first;
  u32 count;
} FreeFibers;
typedef struct FiberPool {
  Mutex lock;
  FreeFibers warm, cold;
  bool ready;
} FiberPool;

bool wm_fiber_pool_init(FiberPool *pool); /* false: out of memory */
void wm_fiber_pool_end(FiberPool *pool);
/* With stacks of these sizes at least, whole pages. NULL: out of memory. Without a pool it is made,
 * and given back to the system. */
Fiber *wm_fiber_pool_take(FiberPool *pool, u64 stack_bytes, u64 native_bytes);
void wm_fiber_pool_give(FiberPool *pool, Fiber *f);

#endif
