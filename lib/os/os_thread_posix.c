/* Locks, conditions and threads of Linux, and how they live through forks (os.h).
 *
 *   wm_mutex_lock     the first of a thread goes through the gate, which counts those inside
 *   before the fork   the gate is closed; wait until nobody is inside
 *   after it          the gate is opened, in parent and child; the child's watches are told
 *
 * Conditions are a number that waiters see change: nothing of them is left in a child. */
#include "os/os.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Returns when *word is not `value`, somebody woke it, or the time is up; or for nothing. */
static void futex_wait(_Atomic u32 *word, u32 value, const struct timespec *timeout) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout, NULL, 0);
}

static void futex_wake_all(_Atomic u32 *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* ---- forks ---- */

enum { GATE_CLOSED = 1, GATE_THREAD = 2 };
static _Atomic u32 gate;             /* GATE_THREAD for each thread inside; GATE_CLOSED: a fork */
static _Thread_local u32 locks_held; /* what keeps this thread inside */
static bool child_waits;             /* the fork came while its own thread was inside */
static pthread_mutex_t one_fork = PTHREAD_MUTEX_INITIALIZER;

static Mutex watches_lock = MUTEX_INITIALIZER;
static ForkWatch *watches;

static void tell_watches(void) {
  wm_mutex_lock(&watches_lock);
  for (ForkWatch *w = watches; w; w = w->next) w->in_child(w->env);
  wm_mutex_unlock(&watches_lock);
}

/* In a child that was forked from inside, this thread is the one that opens the gate as it leaves;
 * else the fork waits for the last one. */
static NOINLINE void left_closed_gate(void) {
  if (child_waits) {
    child_waits = false;
    atomic_store(&gate, 0);
    tell_watches();
  } else {
    futex_wake_all(&gate);
  }
}

static void leave_gate(void) {
  if (UNLIKELY(atomic_fetch_sub(&gate, GATE_THREAD) & GATE_CLOSED)) left_closed_gate();
}

/* Steps back out, so that the fork can go on, and comes again. */
static NOINLINE void wait_at_gate(void) {
  do {
    leave_gate();
    for (u32 now; (now = atomic_load(&gate)) & GATE_CLOSED;) futex_wait(&gate, now, NULL);
  } while (atomic_fetch_add(&gate, GATE_THREAD) & GATE_CLOSED);
}

static void enter_gate(void) {
  if (UNLIKELY(atomic_fetch_add(&gate, GATE_THREAD) & GATE_CLOSED)) wait_at_gate();
}

/* The thread that forks may be inside itself: nobody waits for it then. */
static void before_fork(void) {
  if (locks_held) leave_gate();
  pthread_mutex_lock(&one_fork);
  atomic_fetch_or(&gate, GATE_CLOSED);
  for (u32 now; (now = atomic_load(&gate)) != GATE_CLOSED;) futex_wait(&gate, now, NULL);
}

static void in_parent(void) {
  atomic_fetch_add(&gate, locks_held ? GATE_THREAD : 0);
  atomic_fetch_and(&gate, ~(u32)GATE_CLOSED);
  futex_wake_all(&gate);
  pthread_mutex_unlock(&one_fork);
}

/* No other thread is there: the count is this thread's alone. */
static void in_child(void) {
  pthread_mutex_unlock(&one_fork);
  child_waits = locks_held > 0;
  atomic_store(&gate, child_waits ? GATE_CLOSED | GATE_THREAD : 0);
  if (!child_waits) tell_watches();
}

static bool forks_are_seen;
static void see_forks(void) {
  forks_are_seen = pthread_atfork(before_fork, in_parent, in_child) == 0;
}

void wm_fork_watch(ForkWatch *w, void (*on_child)(void *env), void *env) {
  wm_mutex_lock(&watches_lock);
  *w = (ForkWatch){watches, &watches, on_child, env};
  if (watches) watches->link = &w->next;
  watches = w;
  wm_mutex_unlock(&watches_lock);
}

void wm_fork_unwatch(ForkWatch *w) {
  wm_mutex_lock(&watches_lock);
  *w->link = w->next;
  if (w->next) w->next->link = w->link;
  wm_mutex_unlock(&watches_lock);
}

static void begin_inside(void) {
  if (locks_held++ == 0) enter_gate();
}

static void end_inside(void) {
  if (--locks_held == 0) leave_gate();
}

int wm_whole_begin(void) {
  int before = PTHREAD_CANCEL_ENABLE;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  begin_inside();
  return before;
}

void wm_whole_end(int before) {
  end_inside();
  pthread_setcancelstate(before, NULL);
}

/* ---- locks, conditions ---- */

bool wm_mutex_init(Mutex *m) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  return pthread_once(&once, see_forks) == 0 && forks_are_seen && pthread_mutex_init(m, NULL) == 0;
}

void wm_mutex_lock(Mutex *m) {
  begin_inside();
  pthread_mutex_lock(m);
}

void wm_mutex_unlock(Mutex *m) {
  pthread_mutex_unlock(m);
  end_inside();
}

void wm_mutex_destroy(Mutex *m) { pthread_mutex_destroy(m); }

void wm_condition_wait_since(CondVar *c, u32 seen, u64 deadline_ns) {
  if (deadline_ns == UINT64_MAX) {
    futex_wait(&c->wakes, seen, NULL);
    return;
  }
  u64 now = wm_os_monotonic_ns();
  if (now >= deadline_ns) return;
  u64 left = deadline_ns - now;
  struct timespec timeout = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
  futex_wait(&c->wakes, seen, &timeout);
}

void wm_condition_wait_until(CondVar *c, Mutex *m, u64 deadline_ns) {
  u32 seen = atomic_load(&c->wakes);
  wm_mutex_unlock(m);
  wm_condition_wait_since(c, seen, deadline_ns);
  wm_mutex_lock(m);
}

void wm_condition_wait(CondVar *c, Mutex *m) { wm_condition_wait_until(c, m, UINT64_MAX); }

void wm_condition_wake_all(CondVar *c) {
  atomic_fetch_add(&c->wakes, 1);
  futex_wake_all(&c->wakes);
}

/* ---- threads ---- */

/* Signals are for the host's threads. */
bool wm_thread_start(Thread *t, void *(*run)(void *), void *env) {
  sigset_t all, before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_BLOCK, &all, &before) != 0) return false;
  bool done = pthread_create(t, NULL, run, env) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return done;
}

/* A thread that is cancelled while it waits would leave the other one unjoined. */
void wm_thread_join(Thread t) {
  int before;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  pthread_join(t, NULL);
  pthread_setcancelstate(before, NULL);
}

void wm_thread_yield(void) { sched_yield(); }

#ifndef OS_HAS_THREAD_POINTER
/* The C library says that pthread_self is always the same to who calls it; in a coroutine, which
 * goes from thread to thread, it is not. */
NOINLINE const void *wm_os_thread_token(void) {
  __asm__ volatile("");
  return (const void *)(uintptr_t)pthread_self();
}
#endif

/* ---- the end of threads that ran wasm or have something kept ---- */

_Atomic u32 wm_threads_ended;
void wm_os_stack_goes(void) { atomic_fetch_add(&wm_threads_ended, 1); }

static pthread_key_t key;
static bool has_key;
/* The slot of this thread that is freed at its end. */
static _Thread_local void **kept;

static void on_end(void *ignored) {
  (void)ignored;
  wm_os_stack_goes();
  if (!kept) return;
  free(*kept);
  *kept = NULL;
}

static void make_key(void) { has_key = pthread_key_create(&key, on_end) == 0; }

bool wm_thread_see_end(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  return pthread_once(&once, make_key) == 0 && has_key && pthread_setspecific(key, &key) == 0;
}

bool wm_thread_keep(void **slot) {
  if (!wm_thread_see_end()) return false;
  kept = slot;
  return true;
}
