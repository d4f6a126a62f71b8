/* Waiting at addresses of a shared memory, and waking (threads proposal: memory.atomic.wait and
 * notify).
 *
 * A waiter lies on the C stack of its thread, in the queue of its address, and sleeps on its
 * store's Stop: whoever notifies it, and whoever wants its wasm to stop, wakes that. The word is
 * read, and the waiter put into the queue, under the queue's lock, so that no notification is lost
 * between. Whoever takes a waiter out of the queue is done with it before the lock is free; so the
 * thread that was woken takes the lock once more before its stack goes on. */
#include "runtime/shared_memory.h"

struct Waiter {
  Waiter *next, **link;
  const u8 *at;
  Stop *stop; /* borrowed: the store's, which waits here */
  bool woken; /* under the queue's lock */
};

/* ---- queues ---- */

static WaitQueue *queue_of(SharedMemory *shared, u64 ea) {
  return &shared->queues[(ea >> 2 ^ ea >> 6 ^ ea >> 12) % WAIT_QUEUES];
}

static void empty(WaitQueue *q) {
  q->first = NULL;
  q->last = &q->first;
}

static void enter(WaitQueue *q, Waiter *w) {
  w->next = NULL;
  w->link = q->last;
  *q->last = w;
  q->last = &w->next;
}

static void leave(WaitQueue *q, Waiter *w) {
  *w->link = w->next;
  if (w->next)
    w->next->link = w->link;
  else
    q->last = w->link;
}

/* The threads that waited are not in the child, nor are their stacks. */
static void in_child(void *env) {
  SharedMemory *shared = env;
  for (u32 i = 0; i < WAIT_QUEUES; i++) empty(&shared->queues[i]);
}

static void destroy_locks(SharedMemory *shared, u32 count) {
  while (count-- > 0) wm_mutex_destroy(&shared->queues[count].lock);
}

bool wm_wait_queues_init(SharedMemory *shared) {
  for (u32 i = 0; i < WAIT_QUEUES; i++) {
    if (!wm_mutex_init(&shared->queues[i].lock)) return destroy_locks(shared, i), false;
    empty(&shared->queues[i]);
  }
  wm_fork_watch(&shared->forks, in_child, shared);
  return true;
}

void wm_wait_queues_end(SharedMemory *shared) {
  wm_fork_unwatch(&shared->forks);
  destroy_locks(shared, WAIT_QUEUES);
}

/* ---- waiting ---- */

static u64 value_at(const u8 *at, u32 size) {
  return size == 4 ? __atomic_load_n((const u32 *)(const void *)at, __ATOMIC_SEQ_CST)
                   : __atomic_load_n((const u64 *)(const void *)at, __ATOMIC_SEQ_CST);
}

/* When it is over; UINT64_MAX: never. */
static u64 end_of(i64 timeout_ns) {
  u64 end;
  bool is_ever = timeout_ns >= 0 && checked_add(wm_os_monotonic_ns(), (u64)timeout_ns, &end);
  return is_ever ? end : UINT64_MAX;
}

/* Sleeps until there is something to say; under the lock again when it comes back. */
static u32 sleep_in(WaitQueue *q, Waiter *w, u64 deadline_ns) {
  for (;;) {
    u32 seen = wm_condition_now(&w->stop->changed);
    if (w->woken) return WAIT_WOKEN;
    if (stop_is_wanted(w->stop)) return WAIT_STOPPED;
    if (deadline_ns != UINT64_MAX && wm_os_monotonic_ns() >= deadline_ns) return WAIT_TIMED_OUT;
    wm_mutex_unlock(&q->lock);
    wm_condition_wait_since(&w->stop->changed, seen, deadline_ns);
    wm_mutex_lock(&q->lock);
  }
}

u32 wm_memory_wait(Store *store, SharedMemory *shared, u64 ea, u32 size, u64 expected,
                   i64 timeout_ns) {
  Waiter w = {.at = shared->space.base + ea, .stop = store->stop};
  WaitQueue *q = queue_of(shared, ea);
  u64 deadline_ns = end_of(timeout_ns);
  u32 result = WAIT_NOT_EQUAL;
  wm_mutex_lock(&q->lock);
  if (value_at(w.at, size) == expected) {
    enter(q, &w);
    result = sleep_in(q, &w, deadline_ns);
    if (!w.woken) leave(q, &w);
  }
  wm_mutex_unlock(&q->lock);
  return result;
}

/* ---- waking ---- */

u32 wm_memory_notify(SharedMemory *shared, u64 ea, u32 count) {
  const u8 *at = shared->space.base + ea;
  WaitQueue *q = queue_of(shared, ea);
  u32 woken = 0;
  wm_mutex_lock(&q->lock);
  for (Waiter *w = q->first, *next; w && woken < count; w = next) {
    next = w->next;
    if (w->at != at) continue;
    leave(q, w);
    w->woken = true;
    wm_condition_wake_all(&w->stop->changed);
    woken++;
  }
  wm_mutex_unlock(&q->lock);
  return woken;
}
