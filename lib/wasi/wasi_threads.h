/* Threads of a program (wasi-threads): "wasi" "thread-spawn" makes a store, an instance and a
 * thread per call, all on the shared memories that the program imports.
 *
 *   main: wasi_start --> _start ... thread-spawn --- waits --- goes on
 *              |                          |            ^
 *              |         thread:        store --> instance --> wasi_thread_start(tid, arg) --> gone
 *              '--> ends: all others are interrupted and waited for
 *
 * An instance is made by the thread that it is for, since making it may run the guest's code: what
 * runs in a store runs in a thread of the list, where whoever ends the program finds it.
 *
 * What one thread does with the program's world, others see: the context is under its lock while a
 * call runs, but where the call waits or moves bytes (wm_call_unlock). The first that exits or
 * traps ends all; what it ended by is what the program ended by. */
#ifndef WM_WASI_WASI_THREADS_H
#define WM_WASI_WASI_THREADS_H

#include "base/vec.h"
#include "wasi.h"

#include <pthread.h>
#include <sys/types.h>

enum { DEFAULT_MAX_THREADS = 64, MAX_TID = (1 << 29) - 1 };

/* A memory that the program imports. */
typedef struct ThreadMemory {
  wasm_name_t module, name;      /* owned */
  wasmx_shared_memory_t *memory; /* owned */
} ThreadMemory;

/* A call of thread-spawn that waits for its thread to have an instance. */
typedef struct Spawn {
  bool answered; /* under the group's lock, as the rest */
  i32 result;    /* the thread's number, or an error */
  u64 fuel;      /* what a thread that was not to be leaves */
} Spawn;

typedef struct WasiThread WasiThread;
struct WasiThread {
  WasiThread *next;
  wasi_ctx_t *ctx; /* held while it runs */
  pthread_t thread;
  wasm_store_t *store;          /* owned, by the thread itself once it runs */
  wasm_instance_t *instance;    /* owned, likewise */
  wasmx_interrupt_t *interrupt; /* owned */
  Spawn *spawn;                 /* who waits for it */
  i32 tid;
  u32 arg;
  bool is_done; /* under the group's lock: to be joined */
};

/* Of one context. */
typedef struct ThreadGroup {
  pthread_mutex_t lock; /* of what can change below */
  pthread_cond_t made;  /* a spawn was answered */
  bool used;            /* there was a thread: set by the only one there is then */
  bool ends;            /* nobody starts any more */
  u32 max, count;
  u32 next_tid;
  pid_t process; /* that has the threads */
  const wasm_store_t *main_store;
  const wasm_store_t *ender;    /* the store whose thread was the first to end, once `ends` */
  wasm_shared_module_t *module; /* owned; NULL: the program has no threads */
  Vec(ThreadMemory) memories;
  WasiThread *threads;      /* owned: running, or waiting to be joined */
  wasmx_interrupt_t *main;  /* owned */
  wasm_trap_t *trap;        /* owned: what ended the program, when a thread did */
  wasm_store_t *trap_store; /* owned: its store, in which the trap lives */
} ThreadGroup;

/* With no threads. */
bool wm_threads_init(ThreadGroup *group, u32 max);
/* It could not be prepared, or is over: no thread is there. */
void wm_threads_forget_program(ThreadGroup *group);
/* The context goes: no thread runs. */
void wm_threads_free(ThreadGroup *group);

/* ---- wasi_thread_group.c ---- */
/* A place under the limit; false: there is none, or the program ends. */
bool wm_threads_enter(ThreadGroup *group);
void wm_threads_leave(ThreadGroup *group, WasiThread *done); /* NULL: it never ran */
/* The thread has its instance, and a number by now; or there is none: it leaves. */
void wm_threads_answer(ThreadGroup *group, WasiThread *t, bool is_made, u64 fuel);
/* Waits for the answer. A stop of the store that waits is one of the thread, too. */
void wm_threads_wait_made(ThreadGroup *group, const wasm_store_t *store, WasiThread *t,
                          const Spawn *spawn);
/* Whether this process is a child that was forked while there were threads: nothing of the group
 * can be used, its locks included. */
bool wm_threads_are_gone(const ThreadGroup *group);
/* The store's thread called exit: what others do from now on counts no more. */
void wm_threads_exit(ThreadGroup *group, const wasm_store_t *store);
/* `self` ended by a trap or an exit (own). */
void wm_threads_end_program(ThreadGroup *group, WasiThread *self, wasm_trap_t *trap);
/* Joins those that are done, or all. */
void wm_threads_reap(ThreadGroup *group, bool all);
void wm_thread_free(WasiThread *t);
/* The store that a trap was kept in goes: nobody looks at the trap any more. */
void wm_threads_drop_trap(ThreadGroup *group);

/* Ends the threads and waits until they are gone. `trap` is what the main thread ended by (own, or
 * NULL); the result what the program did. */
wasm_trap_t *wm_threads_end(ThreadGroup *group, wasm_trap_t *trap);

#endif
