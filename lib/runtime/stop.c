/* Stopping (stop.h). All atomics are sequentially consistent: each step is half of an argument of
 * the form "either I see yours or you see mine". */
#include "runtime/stop.h"

#include "runtime/instance.h"

#include <stdlib.h>

/* The child of a fork has its own event. Who was walking is gone: what he began is done again. */
static void in_child(void *env) {
  Stop *stop = env;
  atomic_store(&stop->walkers, 0);
  wm_os_event_renew(atomic_load(&stop->event));
  if (atomic_load(&stop->reasons)) wm_stop_request(stop, 0);
}

Stop *wm_stop_new(void) {
  Stop *stop = calloc(1, sizeof *stop);
  if (!stop) return NULL;
  atomic_init(&stop->references, 1);
  atomic_init(&stop->event, -1);
  wm_fork_watch(&stop->forks, in_child, stop);
  return stop;
}

void wm_stop_retain(Stop *stop) { atomic_fetch_add(&stop->references, 1); }

void wm_stop_release(Stop *stop) {
  if (!stop || atomic_fetch_sub(&stop->references, 1) != 1) return;
  wm_fork_unwatch(&stop->forks);
  wm_os_event_close(atomic_load(&stop->event));
  free(stop);
}

/* Makes the event tell what the reasons do. Whoever changes them comes here, so the last to write
 * to it sees what it has to be. */
static void show(const Stop *stop) {
  int event = atomic_load(&stop->event);
  bool wanted;
  do {
    wanted = atomic_load(&stop->reasons) != 0;
    if (wanted)
      wm_os_event_set(event);
    else
      wm_os_event_clear(event);
  } while ((atomic_load(&stop->reasons) != 0) != wanted);
}

void wm_stop_request(Stop *stop, u32 reason) {
  atomic_fetch_or(&stop->reasons, reason);
  atomic_fetch_add(&stop->walkers, 1);
  for (Instance *in = atomic_load(&stop->instances); in; in = atomic_load(&in->next_in_store))
    atomic_store(&in->stack_limit, UINTPTR_MAX);
  atomic_fetch_sub(&stop->walkers, 1);
  wm_condition_wake_all(&stop->changed);
  show(stop);
}

void wm_stop_take_back(Stop *stop, u32 reasons) {
  u32 before = atomic_fetch_and(&stop->reasons, ~reasons);
  if (before && !(before & ~reasons)) show(stop);
}

int wm_stop_event(Stop *stop) {
  int event = atomic_load(&stop->event);
  if (event >= 0) return event;
  event = wm_os_event_new();
  atomic_store(&stop->event, event);
  show(stop);
  return event;
}

void wm_stop_set_limit(Stop *stop, Instance *in, uintptr_t limit) {
  atomic_store(&in->stack_limit, limit);
  if (atomic_load(&stop->reasons)) atomic_store(&in->stack_limit, UINTPTR_MAX);
}

void wm_stop_add(Stop *stop, Instance *in) {
  Instance *first = atomic_load(&stop->instances);
  atomic_store(&in->next_in_store, first);
  in->link_in_store = &stop->instances;
  if (first) first->link_in_store = &in->next_in_store;
  atomic_store(&stop->instances, in);
}

void wm_stop_remove(Stop *stop, Instance *in) {
  if (!in->link_in_store) return;
  Instance *next = atomic_load(&in->next_in_store);
  if (next) next->link_in_store = in->link_in_store;
  atomic_store(in->link_in_store, next);
  while (atomic_load(&stop->walkers)) wm_thread_yield();
}
