/* The threads of a program together: their limit, and their end (wasi_threads.h). */
#include "wasi/wasi_threads.h"

#include <stdlib.h>
#include <unistd.h>

bool wm_threads_init(ThreadGroup *group, u32 max) {
  *group = (ThreadGroup){.max = max, .next_tid = 1};
  return pthread_mutex_init(&group->lock, NULL) == 0;
}

void wm_threads_free(ThreadGroup *group) {
  for (u32 i = 0; i < group->memories.len; i++) {
    wasm_byte_vec_delete(&group->memories.data[i].module);
    wasm_byte_vec_delete(&group->memories.data[i].name);
    wasmx_shared_memory_delete(group->memories.data[i].memory);
  }
  vec_free(&group->memories);
  wasm_shared_module_delete(group->module);
  wasmx_interrupt_delete(group->main);
  wasm_trap_delete(group->trap);
  pthread_mutex_destroy(&group->lock);
}

/* ---- the end of all ---- */

/* Under the lock. A thread that is being told twice is told the same. */
static void interrupt_all(ThreadGroup *group, const WasiThread *except) {
  group->ends = true;
  for (const WasiThread *t = group->threads; t; t = t->next)
    if (t != except && !t->is_done) wasmx_interrupt_raise(t->interrupt);
}

/* The thread ended by a trap or an exit: the first that does ends the others, and what it ended by
 * is kept, with its store. */
void wm_threads_end_program(ThreadGroup *group, WasiThread *self, wasm_trap_t *trap) {
  pthread_mutex_lock(&group->lock);
  bool first = !group->ends;
  if (first) {
    interrupt_all(group, self);
    wasmx_interrupt_raise(group->main);
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

/* Joins those that are done, or all. In the child of a fork none of them is there. */
void wm_threads_reap(ThreadGroup *group, bool all) {
  bool are_gone = group->process != getpid();
  for (;;) {
    pthread_mutex_lock(&group->lock);
    WasiThread *t = take_thread(group, all);
    pthread_mutex_unlock(&group->lock);
    if (!t) return;
    if (!are_gone) {
      pthread_join(t->thread, NULL);
      wm_thread_free(t);
    }
  }
}

wasm_trap_t *wm_threads_end(ThreadGroup *group, wasm_trap_t *trap) {
  if (!group->used) return trap;
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
