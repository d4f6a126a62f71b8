/* The operating system, all of it: the only place with mmap, pthread and clocks. */
#ifndef WM_OS_OS_H
#define WM_OS_OS_H

#include "base/base.h"

#include <pthread.h>

/* ---- pages ---- */
size_t wm_os_page_size(void);
/* Address space without access; NULL when there is none. Sizes are multiples of the page size. */
void *wm_os_reserve(size_t size_bytes);
bool wm_os_commit(void *start, size_t size_bytes);   /* read-write and zero */
bool wm_os_decommit(void *start, size_t size_bytes); /* no access, contents gone, still reserved */
bool wm_os_zero(void *start,
                size_t size_bytes); /* accessible pages back to zero, memory given back */
void wm_os_release(void *start, size_t size_bytes);
/* Zeroed read-write memory (reserve + commit). */
void *wm_os_alloc_pages(size_t size_bytes);

/* ---- threads ---- */
typedef pthread_mutex_t Mutex;
void wm_mutex_init(Mutex *m);
void wm_mutex_lock(Mutex *m);
void wm_mutex_unlock(Mutex *m);
void wm_mutex_destroy(Mutex *m);

/* The lowest address of this thread's stack, or NULL when unknown. Cached per thread. */
u8 *wm_os_stack_bound(void);

/* ---- time ---- */
u64 wm_os_monotonic_ns(void);

#endif
