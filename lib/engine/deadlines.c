/* The thread that stops what has no time left (deadlines.h). */
#include "engine/deadlines.h"

#include <stdlib.h>

struct Deadline {
  Deadline *next;
  Stop *stop; /* borrowed: removed before its store goes */
  u32 reason;
  u64 at_ns;
};

/* Interrupts what is due; the time of the next, or UINT64_MAX. */
static u64 strike(Deadlines *d, u64 now) {
  u64 next = UINT64_MAX;
  for (Deadline **link = &d->list; *link;) {
    Deadline *deadline = *link;
    if (deadline->at_ns <= now) {
      *link = deadline->next;
      wm_stop_request(deadline->stop, deadline->reason);
      free(deadline);
    } else {
      next = min_u64(next, deadline->at_ns);
      link = &deadline->next;
    }
  }
  return next;
}

static void *keep_time(void *env) {
  Deadlines *d = env;
  wm_mutex_lock(&d->lock);
  while (!d->ends) {
    u64 next = strike(d, wm_os_monotonic_ns());
    if (next == UINT64_MAX)
      wm_condition_wait(&d->changed, &d->lock);
    else
      wm_condition_wait_until(&d->changed, &d->lock, next);
  }
  wm_mutex_unlock(&d->lock);
  return NULL;
}

/* False: no thread. */
static bool start(Deadlines *d) {
  if (!d->runs) d->runs = wm_thread_start(&d->thread, keep_time, d);
  return d->runs;
}

/* A child of a fork has the deadlines, not the thread. */
static void start_again(void *env) {
  Deadlines *d = env;
  wm_mutex_lock(&d->lock);
  d->runs = false;
  if (d->list && !d->ends) start(d);
  wm_mutex_unlock(&d->lock);
}

bool wm_deadlines_init(Deadlines *d) {
  *d = (Deadlines){.ready = false};
  if (!wm_mutex_init(&d->lock)) return false;
  wm_fork_watch(&d->forks, start_again, d);
  d->ready = true;
  return true;
}

void wm_deadlines_end(Deadlines *d) {
  if (!d->ready) return;
  wm_mutex_lock(&d->lock);
  d->ends = true;
  wm_condition_wake_all(&d->changed);
  wm_mutex_unlock(&d->lock);
  if (d->runs) wm_thread_join(d->thread);
  wm_fork_unwatch(&d->forks);
  wm_mutex_destroy(&d->lock);
  d->ready = false;
}

static void remove_deadline(Deadlines *d, const Stop *stop, u32 reason) {
  for (Deadline **link = &d->list; *link; link = &(*link)->next) {
    Deadline *deadline = *link;
    if (deadline->stop != stop || deadline->reason != reason) continue;
    *link = deadline->next;
    free(deadline);
    return;
  }
}

static bool add_deadline(Deadlines *d, Stop *stop, u32 reason, u64 at_ns) {
  if (!start(d)) return false;
  Deadline *deadline = malloc(sizeof *deadline);
  if (!deadline) return false;
  *deadline = (Deadline){d->list, stop, reason, at_ns};
  d->list = deadline;
  wm_condition_wake_all(&d->changed);
  return true;
}

bool wm_deadlines_copy(Deadlines *d, Stop *from, Stop *to, u32 reason) {
  bool ok = true;
  wm_mutex_lock(&d->lock);
  const Deadline *deadline = d->list;
  while (deadline && (deadline->stop != from || deadline->reason != reason))
    deadline = deadline->next;
  if (deadline)
    ok = add_deadline(d, to, reason, deadline->at_ns);
  else if (atomic_load(&from->reasons) & reason) /* it has struck */
    wm_stop_request(to, reason);
  wm_mutex_unlock(&d->lock);
  return ok;
}

bool wm_deadlines_set(Deadlines *d, Stop *stop, u32 reason, u64 at_ns) {
  wm_mutex_lock(&d->lock);
  remove_deadline(d, stop, reason);
  wm_stop_take_back(stop, reason);
  bool ok = at_ns == 0 || add_deadline(d, stop, reason, at_ns);
  wm_mutex_unlock(&d->lock);
  return ok;
}
