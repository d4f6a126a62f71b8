/* Deadlines of stores: one thread an engine, started with the first deadline, interrupts stores
 * whose time is up. */
#ifndef WM_ENGINE_DEADLINES_H
#define WM_ENGINE_DEADLINES_H

#include "runtime/store.h"

typedef struct Deadline Deadline;

typedef struct Deadlines {
  Mutex lock;
  CondVar changed;
  Deadline *list; /* owned; unordered: few */
  Thread thread;
  bool ready, runs, ends;
} Deadlines;

bool wm_deadlines_init(Deadlines *d);
/* No store has one any more. */
void wm_deadlines_end(Deadlines *d);
/* Interrupts the store at `at_ns` of wm_os_monotonic_ns, instead of when it was to be before; 0:
 * not at all. False: no thread, or out of memory. */
bool wm_deadlines_set(Deadlines *d, Store *store, u64 at_ns);

#endif
