/* Interrupts (interrupt.h). All atomics are sequentially consistent, for the same reason as those
 * of stop.c: a call sees that the interrupt was raised, or raising sees the call. */
#include "runtime/interrupt.h"

#include <stdlib.h>

static void tell(InterruptUse *use) {
  atomic_store(&use->told, true);
  Stop *stop = atomic_load(&use->stop);
  if (stop) wm_stop_request(stop, STOP_CALL_INTERRUPT);
}

static void tell_all(Interrupt *interrupt) {
  for (InterruptUse *use = atomic_load(&interrupt->uses); use; use = atomic_load(&use->next))
    tell(use);
}

/* In the child of a fork who was walking is gone: what he began is done again. */
static void in_child(void *env) {
  Interrupt *interrupt = env;
  if (!atomic_exchange(&interrupt->walkers, 0)) return;
  atomic_store(&interrupt->raised, true);
  tell_all(interrupt);
}

Interrupt *wm_interrupt_new(Stop *stop) {
  Interrupt *interrupt = calloc(1, sizeof *interrupt);
  if (!interrupt) return NULL;
  if (!wm_mutex_init(&interrupt->lock)) return free(interrupt), NULL;
  atomic_init(&interrupt->references, 1);
  interrupt->store_stop = stop;
  if (stop) wm_stop_retain(stop);
  wm_fork_watch(&interrupt->forks, in_child, interrupt);
  return interrupt;
}

void wm_interrupt_retain(Interrupt *interrupt) { atomic_fetch_add(&interrupt->references, 1); }

void wm_interrupt_release(Interrupt *interrupt) {
  if (!interrupt || atomic_fetch_sub(&interrupt->references, 1) != 1) return;
  wm_fork_unwatch(&interrupt->forks);
  wm_stop_release(interrupt->store_stop);
  wm_mutex_destroy(&interrupt->lock);
  free(interrupt);
}

void wm_interrupt_raise(Interrupt *interrupt) {
  if (interrupt->store_stop) {
    wm_stop_request(interrupt->store_stop, STOP_ASKED);
    return;
  }
  atomic_fetch_add(&interrupt->walkers, 1);
  atomic_store(&interrupt->raised, true);
  tell_all(interrupt);
  atomic_fetch_sub(&interrupt->walkers, 1);
}

void wm_interrupt_clear(Interrupt *interrupt) { atomic_store(&interrupt->raised, false); }

bool wm_interrupt_is_raised(const Interrupt *interrupt) {
  const Stop *stop = interrupt->store_stop;
  return stop ? (atomic_load(&stop->reasons) & STOP_ASKED) != 0 : atomic_load(&interrupt->raised);
}

void wm_interrupt_enter(Interrupt *interrupt, Stop *stop, InterruptUse *use) {
  wm_interrupt_retain(interrupt);
  use->interrupt = interrupt;
  atomic_init(&use->stop, stop);
  atomic_init(&use->told, false);
  wm_mutex_lock(&interrupt->lock);
  InterruptUse *first = atomic_load(&interrupt->uses);
  atomic_init(&use->next, first);
  use->link = &interrupt->uses;
  if (first) first->link = &use->next;
  atomic_store(&interrupt->uses, use);
  wm_mutex_unlock(&interrupt->lock);
  if (atomic_load(&interrupt->raised)) tell(use);
}

static void wait_for_walkers(Interrupt *interrupt) {
  while (atomic_load(&interrupt->walkers)) wm_thread_yield();
}

void wm_interrupt_leave(InterruptUse *use) {
  Interrupt *interrupt = use->interrupt;
  wm_mutex_lock(&interrupt->lock);
  InterruptUse *next = atomic_load(&use->next);
  if (next) next->link = use->link;
  atomic_store(use->link, next);
  wm_mutex_unlock(&interrupt->lock);
  wait_for_walkers(interrupt);
  use->interrupt = NULL;
  wm_interrupt_release(interrupt);
}

void wm_interrupt_pause(InterruptUse *use) {
  atomic_store(&use->stop, NULL);
  wait_for_walkers(use->interrupt);
}

void wm_interrupt_go_on(InterruptUse *use, Stop *stop) {
  atomic_store(&use->stop, stop);
  if (atomic_load(&use->told)) tell(use);
}
