/* What ends calls, or a store's wasm, from any thread and from signal handlers. One for calls has a
 * list of the calls that it was given to, which may be of any stores and threads:
 *
 *   Interrupt -> use -> use          a use lies in the scope of its call (scope.h)
 *                 |      |
 *                Stop   Stop         of the store that the call runs in
 *
 * Raising takes no lock, as a request does not (stop.h): it walks the list, which others change one
 * word at a time, under the lock. Who takes a use out waits for walks under way before it goes. */
#ifndef WM_RUNTIME_INTERRUPT_H
#define WM_RUNTIME_INTERRUPT_H

#include "runtime/stop.h"

typedef struct InterruptUse InterruptUse;

typedef struct Interrupt {
  _Atomic u32 references;
  Stop *
      store_stop; /* counted: the store's that it is for; NULL: one for calls, and so is the rest */
  _Atomic bool raised;
  _Atomic u32 walkers; /* raises that are in the list */
  _Atomic(InterruptUse *) uses;
  Mutex lock; /* of the list */
  ForkWatch forks;
} Interrupt;

struct InterruptUse {
  Interrupt *interrupt; /* counted; NULL: none, and the rest means nothing */
  _Atomic(Stop *) stop; /* borrowed: the store runs; NULL: not this call, which is suspended */
  _Atomic bool told;    /* the call is to end, also when the interrupt is cleared */
  _Atomic(InterruptUse *) next, *link;
};

/* stop: for that store (counted); NULL: for calls. NULL: out of memory. */
Interrupt *wm_interrupt_new(Stop *stop);
void wm_interrupt_retain(Interrupt *interrupt);
void wm_interrupt_release(Interrupt *interrupt); /* NULL is allowed */
/* Any thread, and signal handlers. */
void wm_interrupt_raise(Interrupt *interrupt);
/* Of one for calls: those that begin from now on. Any thread. */
void wm_interrupt_clear(Interrupt *interrupt);
bool wm_interrupt_is_raised(const Interrupt *interrupt);

/* The store's thread: a call with an interrupt for calls begins, and ends. */
void wm_interrupt_enter(Interrupt *interrupt, Stop *stop, InterruptUse *use);
void wm_interrupt_leave(InterruptUse *use);
/* It is suspended: what it is told meanwhile stops nothing. It goes on: what it was told, it is. */
void wm_interrupt_pause(InterruptUse *use);
void wm_interrupt_go_on(InterruptUse *use, Stop *stop);

#endif
