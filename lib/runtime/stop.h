/* Whether the wasm of a store must stop, as told from other threads and signal handlers.
 *
 *   request -> reasons, which wm_store_poll reads: the interpreter's slow tick, bulk operations,
 *      |       host calls that return
 *      |-----> stack_limit = UINTPTR_MAX of every instance: compiled code comes to its poll
 *      |-----> changed: who waits at an address (memory_wait.c) wakes up
 *      '-----> the descriptor that libwasi waits with
 *
 * A request takes no lock: it sets a reason, then walks the list of instances, which the store's
 * own thread changes one word at a time. That thread waits for requests under way before it frees
 * an instance, and looks at the reasons again after it has written a limit, so that none is lost.
 */
#ifndef WM_RUNTIME_STOP_H
#define WM_RUNTIME_STOP_H

#include "os/os.h"

#include <stdatomic.h>

typedef struct Instance Instance;

/* Why: bits. */
enum {
  STOP_ASKED = 1,          /* by the host */
  STOP_DEADLINE = 2,       /* the store's time is up */
  STOP_CALL_DEADLINE = 4,  /* the time of a call is up */
  STOP_CALL_INTERRUPT = 8, /* a call is to end (interrupt.h) */
  STOP_DROPPED = 16        /* a suspended call is made to end (fiber.h) */
};

/* Outlives its store while others hold it. */
typedef struct Stop {
  _Atomic u32 references;
  _Atomic u32 reasons;
  _Atomic u32 walkers;           /* requests that are in the list */
  _Atomic(Instance *) instances; /* of the store, linked by next_in_store; all gone when it is */
  _Atomic int event;             /* readable while there is a reason; -1: nobody asked for it */
  CondVar changed;               /* what the store's thread sleeps on when wasm waits */
  ForkWatch forks;
} Stop;

Stop *wm_stop_new(void); /* NULL: out of memory */
void wm_stop_retain(Stop *stop);
void wm_stop_release(Stop *stop); /* NULL is allowed */

/* Asks wasm to stop. Any thread, and signal handlers. */
void wm_stop_request(Stop *stop, u32 reason);
/* These reasons are none any more. Any thread; instances find out by themselves. */
void wm_stop_take_back(Stop *stop, u32 reasons);
static inline bool stop_is_wanted(Stop *stop) {
  return atomic_load_explicit(&stop->reasons, memory_order_relaxed) != 0;
}
/* The descriptor, made when it is first asked for; -1: there is none. The store's thread. */
int wm_stop_event(Stop *stop);

/* The store's thread: an instance is born; goes; gets its stack_limit, which is `limit` unless wasm
 * must stop. */
void wm_stop_add(Stop *stop, Instance *in);
void wm_stop_remove(Stop *stop, Instance *in);
void wm_stop_set_limit(Stop *stop, Instance *in, uintptr_t limit);

#endif
