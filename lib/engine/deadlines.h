/* Deadlines of stores and of calls: one thread an engine, started with the first deadline, tells
 * those to stop whose time is up. */
#ifndef WM_ENGINE_DEADLINES_H
#define WM_ENGINE_DEADLINES_H

#include "runtime/stop.h"

typedef struct Deadline Deadline;

typedef struct Deadlines {
  Mutex lock;
  CondVar changed;
  ForkWatch forks;
  Deadline *list; /* owned; unordered: few */
  Thread thread;
  u64 sleeps_until_ns; /* the thread, when it does */
  bool ready, runs, ends;
} Deadlines;

bool wm_deadlines_init(Deadlines *d);
/* Nobody has one any more. */
void wm_deadlines_end(Deadlines *d);
/* Gives `stop` the reason at `at_ns` of wm_os_monotonic_ns, instead of when it was to get it
 * before; 0: not at all. One that it got from an earlier deadline is taken back. False: no thread,
 * or out of memory, and nothing is changed. */
bool wm_deadlines_set(Deadlines *d, Stop *stop, u32 reason, u64 at_ns);
/* Gives `to`, which has none, the same as `from` has, or its reason if it has struck. False: out of
 * memory. */
bool wm_deadlines_copy(Deadlines *d, Stop *from, Stop *to, u32 reason);

#endif
