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
    d->sleeps_until_ns = next;
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

/* Taken out of the list; NULL: there is none. */
static Deadline *take_deadline(Deadlines *d, const Stop *stop, u32 reason) {
  for (Deadline **link = &d->list; *link; link = &(*link)->next) {
    Deadline *deadline = *link;
    if (deadline->stop != stop || deadline->reason != reason) continue;
    *link = deadline->next;
    return deadline;
  }
  return NULL;
}

/* The thread is told when it sleeps for longer: who sets the same deadline again and again does not
 * wake it each time. */
static void put_deadline(Deadlines *d, Deadline *deadline, Stop *stop, u32 reason, u64 at_ns) {
  *deadline = (Deadline){d->list, stop, reason, at_ns};
  d->list = deadline;
  if (at_ns < d->sleeps_until_ns) wm_condition_wake_all(&d->changed);
}

static bool add_deadline(Deadlines *d, Stop *stop, u32 reason, u64 at_ns) {
  Deadline *deadline = start(d) ? malloc(sizeof *deadline) : NULL;
  if (deadline) put_deadline(d, deadline, stop, reason, at_ns);
  return deadline != NULL;
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
  Deadline *before = take_deadline(d, stop, reason);
  bool ok = true;
  if (at_ns == 0)
    free(before);
  else if (before)
    put_deadline(d, before, stop, reason, at_ns);
  else
    ok = add_deadline(d, stop, reason, at_ns);
  if (ok) wm_stop_take_back(stop, reason);
  wm_mutex_unlock(&d->lock);
  return ok;
}
