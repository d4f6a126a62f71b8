/* Enough of pthread.h for the threaded guests, on wasi-threads alone: Debian's wasi-libc has no
 * threads. Its other functions know nothing of threads either: they are for one thread at a time.
 *
 *   create: [ stack ... top | TLS | ShimThread ]   one allocation
 *              wasi_thread_start (assembly below): stack pointer, then shim_run */
#ifndef PTHREAD_SHIM_H
#define PTHREAD_SHIM_H

#ifndef __wasm__
#include <pthread.h>
#else
#include <stdint.h>
#include <stdlib.h>

typedef struct ShimThread {
  void *stack_top; /* read by the assembly */
  void *tls;
  void *(*run)(void *);
  void *arg, *result;
  _Atomic int done;
} ShimThread;
typedef ShimThread *pthread_t;
typedef struct pthread_mutex_t {
  _Atomic int state; /* 0: free, 1: locked, 2: locked, and somebody waits */
} pthread_mutex_t;
typedef struct pthread_cond_t {
  _Atomic int wakes;
} pthread_cond_t;
#define PTHREAD_MUTEX_INITIALIZER {0}
#define PTHREAD_COND_INITIALIZER  {0}

__attribute__((import_module("wasi"), import_name("thread-spawn"))) int shim_spawn(void *arg);

static inline void shim_wait(_Atomic int *at, int value) {
  __builtin_wasm_memory_atomic_wait32((int *)at, value, -1);
}
static inline void shim_notify(_Atomic int *at, unsigned count) {
  __builtin_wasm_memory_atomic_notify((int *)at, count);
}

__asm__(".globaltype __stack_pointer, i32\n"
        ".functype shim_run (i32, i32) -> ()\n"
        ".functype wasi_thread_start (i32, i32) -> ()\n"
        ".globl wasi_thread_start\n"
        ".export_name wasi_thread_start, wasi_thread_start\n"
        ".type wasi_thread_start,@function\n"
        "wasi_thread_start:\n"
        "  .functype wasi_thread_start (i32, i32) -> ()\n"
        "  local.get 1\n"
        "  i32.load 0\n"
        "  global.set __stack_pointer\n"
        "  local.get 0\n"
        "  local.get 1\n"
        "  call shim_run\n"
        "  end_function\n");

/* Who calls this by name keeps the linker from putting constructors and destructors around each
 * export, so that the end of a thread does not flush what the main thread is writing: a guest that
 * prints calls fflush itself. */
void __wasm_call_ctors(void);
__attribute__((used, noinline)) void shim_construct(void) { __wasm_call_ctors(); }

void __wasm_init_tls(void *);

__attribute__((used, noinline)) void shim_run(int tid, ShimThread *t) {
  (void)tid;
  __wasm_init_tls(t->tls);
  t->result = t->run(t->arg);
  t->done = 1;
  shim_notify(&t->done, 1);
}

static inline int pthread_create(pthread_t *out, const void *attributes, void *(*run)(void *),
                                 void *arg) {
  const size_t stack = 64 << 10, tls = (__builtin_wasm_tls_size() + 15) & ~(size_t)15;
  char *room = aligned_alloc(16, stack + tls + sizeof(ShimThread) + 64);
  (void)attributes;
  if (!room) return 12;
  ShimThread *t = (ShimThread *)(room + stack + tls);
  *t = (ShimThread){room + stack, room + stack, run, arg, NULL, 0};
  *out = t;
  return shim_spawn(t) > 0 ? 0 : 11;
}

static inline int pthread_join(pthread_t t, void **result) {
  while (!t->done) shim_wait(&t->done, 0);
  if (result) *result = t->result;
  return 0; /* the stack may still be in use for an instant: it is never freed */
}

static inline void pthread_mutex_lock(pthread_mutex_t *m) {
  int expected = 0;
  if (__c11_atomic_compare_exchange_strong(&m->state, &expected, 1, 5, 5)) return;
  while (__c11_atomic_exchange(&m->state, 2, 5)) shim_wait(&m->state, 2);
}
static inline void pthread_mutex_unlock(pthread_mutex_t *m) {
  if (__c11_atomic_exchange(&m->state, 0, 5) == 2) shim_notify(&m->state, 1);
}
static inline void pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m) {
  int seen = c->wakes;
  pthread_mutex_unlock(m);
  shim_wait(&c->wakes, seen);
  pthread_mutex_lock(m);
}
static inline void pthread_cond_signal(pthread_cond_t *c) {
  c->wakes++;
  shim_notify(&c->wakes, 1);
}
static inline void pthread_cond_broadcast(pthread_cond_t *c) {
  c->wakes++;
  shim_notify(&c->wakes, -1u);
}
#endif
#endif
