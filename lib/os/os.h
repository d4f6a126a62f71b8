/* The operating system, all of it: the only place with mmap and clocks, and with the calls behind
 * Mutex. Implemented by os_posix.c, or by os_none.c where memory comes from malloc only. Any thread
 * may call everything here; what fails says so by false or NULL. */
#ifndef WM_OS_OS_H
#define WM_OS_OS_H

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- pages ---- */
size_t wm_os_page_size(void);
/* Whether reserving is free until committed. False: every reserved byte is allocated at once. */
bool wm_os_reserve_is_free(void);
/* Address space without access; NULL when there is none. Sizes are multiples of the page size. */
void *wm_os_reserve(size_t size_bytes);
/* Pages that were reserved or decommitted become read-write; they are zero. */
bool wm_os_commit(void *start, size_t size_bytes);
bool wm_os_decommit(void *start, size_t size_bytes); /* no access, contents gone, still reserved */
/* Committed pages stay so, and are zero. False: nothing was done. */
bool wm_os_discard(void *start, size_t size_bytes);
/* Gives back all of what one call reserved. */
void wm_os_release(void *start, size_t size_bytes);
/* Zeroed read-write memory (reserve + commit); wm_os_release frees it. */
void *wm_os_alloc_pages(size_t size_bytes);
/* Memory that will be written all: few faults are better than small pages. Whether it is large
 * enough for that to be of use. */
bool wm_os_prefer_large_pages(void *start, size_t size_bytes);
/* Memory of which little will ever be touched. */
void wm_os_prefer_small_pages(void *start, size_t size_bytes);
/* The pages' contents are forgotten, the memory they took is given back: they read as when they
 * were committed or mapped. */
bool wm_os_forget(void *start, size_t size_bytes);
/* Committed pages become code: readable and executable, never writable again. False: not here. */
bool wm_os_protect_exec(void *start, size_t size_bytes);

/* ---- images: pages that many mappings begin with, each a copy of its own once it is written ----
 * Held by a descriptor, whose number a host may close and give to something else: what it stood for
 * is looked at before each use. */
typedef struct PageImage {
  int descriptor; /* -1: none */
  u64 device, inode;
} PageImage;
/* How many of them a process should have at most, for the sake of its other descriptors; 0: there
 * are none here. */
u32 wm_os_images_most(void);
/* One of zeros. False: none can be had. */
bool wm_os_image_new(PageImage *out, u64 size_bytes);
bool wm_os_image_write(const PageImage *image, u64 at, const void *bytes, size_t size_bytes);
/* Nobody can write it from now on, through whatever descriptor. */
bool wm_os_image_seal(const PageImage *image);
/* The image's first bytes replace reserved pages, read-write. False: those are as they were, or
 * reserved without access. */
bool wm_os_image_map(const PageImage *image, void *start, size_t size_bytes);
void wm_os_image_close(PageImage *image); /* mappings stay */

/* ---- threads ---- */
typedef pthread_mutex_t Mutex;
#define MUTEX_INITIALIZER PTHREAD_MUTEX_INITIALIZER
bool wm_mutex_init(Mutex *m);
void wm_mutex_lock(Mutex *m);
void wm_mutex_unlock(Mutex *m);
void wm_mutex_destroy(Mutex *m);
/* What a thread waits for, holding the mutex (and no other); it may wake up for nothing. Waiting is
 * no cancellation point. */
typedef struct CondVar {
  _Atomic u32 wakes;
} CondVar;
#define CONDVAR_INITIALIZER {0}
void wm_condition_wait(CondVar *c, Mutex *m);
/* The same, until `deadline_ns` of wm_os_monotonic_ns at the latest. */
void wm_condition_wait_until(CondVar *c, Mutex *m, u64 deadline_ns);
/* Takes no lock of ours: for signal handlers too. */
void wm_condition_wake_all(CondVar *c);
/* Without a mutex: what wm_condition_now gave before the caller looked whether it has to wait tells
 * whether somebody woke since; then this does not wait. deadline_ns UINT64_MAX: none. */
static inline u32 wm_condition_now(CondVar *c) { return atomic_load(&c->wakes); }
void wm_condition_wait_since(CondVar *c, u32 seen, u64 deadline_ns);
/* A thread of ours, which takes none of the host's signals. False: none can be had. */
typedef pthread_t Thread;
bool wm_thread_start(Thread *t, void *(*run)(void *), void *env);
void wm_thread_join(Thread t);
/* Lets others run. */
void wm_thread_yield(void);

/* ---- forks, cancellation ----
 * In the child of a fork only the thread that forked goes on. A fork waits until no other thread
 * holds a Mutex, so that in the child all are free and what they guard is whole; threads that want
 * one meanwhile wait for the fork. (A signal handler that forks while its own thread holds one may:
 * that thread goes on first.) Told afterwards is who has to know that its threads are gone. */
typedef struct ForkWatch ForkWatch;
struct ForkWatch {
  ForkWatch *next, **link;
  void (*in_child)(void *env); /* the only thread; may lock, start threads, but not (un)watch */
  void *env;
};
void wm_fork_watch(ForkWatch *w, void (*on_child)(void *env), void *env); /* keeps w */
void wm_fork_unwatch(ForkWatch *w);
/* A piece of work that is not cut in the middle: forks wait for its end as for a Mutex, and
 * pthread_cancel does, too. Begin's answer is for its end. Pieces nest. */
int wm_whole_begin(void);
void wm_whole_end(int before);

/* How many processors this process may use; at least 1. */
u32 wm_os_processors(void);

/* The stack that the caller runs on, this thread's or a coroutine's (os_coroutine.h), from its
 * lowest address to one past its highest; NULLs when it is another one, or unknown. Cached per
 * thread. See also wm_os_want_faults (os_fault.h). */
typedef struct StackRange {
  u8 *low, *high;
} StackRange;
StackRange wm_os_stack_range(void);
/* This thread is about to go on on the stack of a coroutine; NULLs: on its own. What it was before.
 */
StackRange wm_os_change_stack(StackRange to);
/* Memory that was a stack may be another one's from now on: counts as a thread that ended. */
void wm_os_stack_goes(void);
/* A function's frame on the C stack, in [low, high). */
typedef struct StackFrame {
  const u8 *low, *high;
  const void *function; /* its first instruction */
} StackFrame;
typedef bool FrameVisit(void *env, const StackFrame *frame);
/* Calls visit for the frames of this thread from the caller's own outwards, until it says false, or
 * nothing is known about a frame. */
void wm_os_walk_stack(FrameVisit *visit, void *env);
/* A number that no other running thread has. The thread that forked keeps it. */
#if defined __SEG_FS && defined __linux__
#define OS_HAS_THREAD_POINTER 1
/* The thread's control block begins with its own address (the ABI of thread-local storage). Read
 * anew each time: a coroutine goes from thread to thread. */
static inline const void *wm_os_thread_token(void) {
  const void *pointer;
  __asm__ volatile("mov %%fs:0, %0" : "=r"(pointer));
  return pointer;
}
#else
const void *wm_os_thread_token(void);
#endif
/* How many threads have ended that saw to it (below): a token may be somebody else's from then on.
 */
static inline u32 wm_os_threads_ended(void) {
  extern _Atomic u32 wm_threads_ended;
  return atomic_load_explicit(&wm_threads_ended, memory_order_relaxed);
}
/* Frees *slot, a thread-local pointer to something malloc'ed, when this thread ends (not at exit),
 * and makes it NULL. One slot a thread. False: out of memory. */
bool wm_thread_keep(void **slot);
/* Its end is to be counted. False: out of memory. */
bool wm_thread_see_end(void);

/* ---- events: a descriptor that others can wait for ---- */
/* One that is not set, or -1. */
int wm_os_event_new(void);
/* -1 is allowed. Setting is for any thread and for signal handlers. */
void wm_os_event_set(int event);
void wm_os_event_clear(int event);
void wm_os_event_close(int event);
/* In the child of a fork: another one of the same number, not set, that the parent does not have.
 */
void wm_os_event_renew(int event);

/* ---- this library ---- */
enum { BUILD_ID_BYTES = 20 };
/* What the linker wrote into the program or library that holds this code: differs between builds.
 * Zeros when there is nothing. */
void wm_os_build_id(u8 out[BUILD_ID_BYTES]);

/* ---- for profilers ---- */
int wm_os_process_id(void);
int wm_os_thread_id(void);
/* Maps a page of the file as code, for good: perf notes that and finds the file. */
void wm_os_show_mapping(int file);

/* ---- time ---- */
u64 wm_os_monotonic_ns(void); /* from some fixed point; measures of time */

#endif
