/* The threads of a program together: their limit, and their end (wasi_threads.h). */
#include "wasi/wasi_wait.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

bool wm_threads_init(ThreadGroup *group, u32 max) {
  *group = (ThreadGroup){.max = max, .next_tid = 1};
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  bool ok = pthread_mutex_init(&group->lock, NULL) == 0;
  return pthread_cond_init(&group->made, &monotonic) == 0 && ok;
}

void wm_threads_forget_program(ThreadGroup *group) {
  for (u32 i = 0; i < group->memories.len; i++) {
    wasm_byte_vec_delete(&group->memories.data[i].module);
    wasm_byte_vec_delete(&group->memories.data[i].name);
    wasmx_shared_memory_delete(group->memories.data[i].memory);
  }
  vec_free(&group->memories);
  wasm_shared_module_delete(group->module);
  wasmx_interrupt_delete(group->main);
  group->module = NULL;
  group->main = NULL;
}

void wm_threads_free(ThreadGroup *group) {
  wm_threads_forget_program(group);
  wasm_trap_delete(group->trap);
  pthread_mutex_destroy(&group->lock);
  pthread_cond_destroy(&group->made);
}

/* ---- the end of all ---- */

/* Under the lock. A thread that is being told twice is told the same. */
static void interrupt_all(ThreadGroup *group, const wasm_store_t *except) {
  group->ends = true;
  for (const WasiThread *t = group->threads; t; t = t->next)
    if (t->store != except && !t->is_done) wasmx_interrupt_raise(t->interrupt);
}

/* Under the lock: whether the store's thread is the first that ends. Then all others are told. */
static bool is_first(ThreadGroup *group, const wasm_store_t *store) {
  if (group->ends) return group->ender == store;
  interrupt_all(group, store);
  if (group->main_store != store) wasmx_interrupt_raise(group->main);
  group->ender = store;
  return true;
}

void wm_threads_exit(ThreadGroup *group, const wasm_store_t *store) {
  if (!group->used || wm_threads_are_gone(group)) return;
  pthread_mutex_lock(&group->lock);
  is_first(group, store);
  pthread_mutex_unlock(&group->lock);
}

/* The thread ended by a trap or an exit: the first that does ends the others, and what it ended by
 * is kept, with its store. */
void wm_threads_end_program(ThreadGroup *group, WasiThread *self, wasm_trap_t *trap) {
  pthread_mutex_lock(&group->lock);
  bool first = is_first(group, self->store);
  if (first) {
    group->trap = trap;
    group->trap_store = self->store;
    self->store = NULL;
  }
  pthread_mutex_unlock(&group->lock);
  if (!first) wasm_trap_delete(trap);
}

/* Takes one thread that is done (or, with `any`, the next one) out of the list. */
static WasiThread *take_thread(ThreadGroup *group, bool any) {
  WasiThread **link = &group->threads;
  while (*link && !any && !(*link)->is_done) link = &(*link)->next;
  WasiThread *t = *link;
  if (t) *link = t->next;
  return t;
}

void wm_thread_free(WasiThread *t) {
  wasmx_interrupt_delete(t->interrupt);
  free(t);
}

static void reap(ThreadGroup *group, bool all) {
  for (;;) {
    pthread_mutex_lock(&group->lock);
    WasiThread *t = take_thread(group, all);
    pthread_mutex_unlock(&group->lock);
    if (!t) return;
    pthread_join(t->thread, NULL);
    wm_thread_free(t);
  }
}

bool wm_threads_are_gone(const ThreadGroup *group) {
  return group->used && group->process != getpid();
}

/* A host's thread is not cancelled meanwhile: what is out of the list would be lost. */
void wm_threads_reap(ThreadGroup *group, bool all) {
  int before;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  reap(group, all);
  pthread_setcancelstate(before, NULL);
}

wasm_trap_t *wm_threads_end(ThreadGroup *group, wasm_trap_t *trap) {
  if (!group->used || wm_threads_are_gone(group)) return trap;
  pthread_mutex_lock(&group->lock);
  interrupt_all(group, NULL);
  pthread_mutex_unlock(&group->lock);
  wm_threads_reap(group, true);
  if (!group->trap) return trap;
  wasm_trap_delete(trap);
  trap = group->trap;
  group->trap = NULL;
  return trap;
}

void wm_threads_drop_trap(ThreadGroup *group) {
  if (wm_threads_are_gone(group)) return;
  pthread_mutex_lock(&group->lock);
  wasm_store_t *store = group->trap_store;
  group->trap_store = NULL;
  pthread_mutex_unlock(&group->lock);
  wasm_store_delete(store);
}

/* ---- how many ---- */

bool wm_threads_enter(ThreadGroup *group) {
  pthread_mutex_lock(&group->lock);
  bool has = !group->ends && group->count < group->max;
  if (has) group->count++;
  pthread_mutex_unlock(&group->lock);
  return has;
}

void wm_threads_leave(ThreadGroup *group, WasiThread *done) {
  pthread_mutex_lock(&group->lock);
  group->count--;
  if (done) done->is_done = true;
  pthread_mutex_unlock(&group->lock);
}

/* ---- threads that are being made ---- */

void wm_threads_answer(ThreadGroup *group, WasiThread *t, bool is_made, u64 fuel) {
  pthread_mutex_lock(&group->lock);
  if (is_made) {
    t->tid = (i32)group->next_tid;
    group->next_tid = group->next_tid == MAX_TID ? 1 : group->next_tid + 1;
  } else {
    group->count--;
    t->is_done = true;
  }
  *t->spawn = (Spawn){true, is_made ? t->tid : -E_AGAIN, fuel};
  t->spawn = NULL;
  pthread_cond_broadcast(&group->made);
  pthread_mutex_unlock(&group->lock);
}

/* Under the lock: until there is an answer to anybody, or it is time to look at the store. */
static void wait_a_little(ThreadGroup *group) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_nsec += LOOK_NS;
  if (t.tv_nsec >= 1000000000) {
    t.tv_nsec -= 1000000000;
    t.tv_sec++;
  }
  pthread_cond_timedwait(&group->made, &group->lock, &t);
}

/* Until it is answered the thread is there. Not to be cancelled: it would have nobody to answer. */
void wm_threads_wait_made(ThreadGroup *group, const wasm_store_t *store, WasiThread *t,
                          const Spawn *spawn) {
  int before;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  pthread_mutex_lock(&group->lock);
  while (!spawn->answered) {
    if (wasmx_store_interrupted(store)) wasmx_interrupt_raise(t->interrupt);
    wait_a_little(group);
  }
  pthread_mutex_unlock(&group->lock);
  pthread_setcancelstate(before, NULL);
}
