/* No operating system to speak of: malloc is all the memory there is. Reserving allocates, access
 * cannot be taken away, nothing guards a memory's end. */
#include "os/os.h"

#include <stdlib.h>
#include <time.h>

enum { PAGE_SIZE_BYTES = 4096 };

size_t wm_os_page_size(void) { return PAGE_SIZE_BYTES; }

bool wm_os_reserve_is_free(void) { return false; }

/* Zeroed here, as committing cannot do it. */
void *wm_os_reserve(size_t size_bytes) {
  void *start = aligned_alloc(PAGE_SIZE_BYTES, size_bytes);
  if (start) memset(start, 0, size_bytes);
  return start;
}

bool wm_os_commit(void *start, size_t size_bytes) {
  (void)start;
  (void)size_bytes;
  return true;
}

/* What was decommitted is zero when it is committed again. */
bool wm_os_decommit(void *start, size_t size_bytes) {
  memset(start, 0, size_bytes);
  return true;
}

bool wm_os_discard(void *start, size_t size_bytes) { return wm_os_decommit(start, size_bytes); }

void wm_os_release(void *start, size_t size_bytes) {
  (void)size_bytes;
  free(start);
}

void *wm_os_alloc_pages(size_t size_bytes) { return wm_os_reserve(size_bytes); }

bool wm_os_prefer_large_pages(void *start, size_t size_bytes) {
  return (void)start, (void)size_bytes, false;
}
void wm_os_prefer_small_pages(void *start, size_t size_bytes) { (void)start, (void)size_bytes; }
bool wm_os_forget(void *start, size_t size_bytes) { return wm_os_decommit(start, size_bytes); }

u32 wm_os_images_most(void) { return 0; }
bool wm_os_image_new(PageImage *out, u64 size_bytes) { return (void)out, (void)size_bytes, false; }
bool wm_os_image_write(const PageImage *image, u64 at, const void *bytes, size_t size_bytes) {
  return (void)image, (void)at, (void)bytes, (void)size_bytes, false;
}
bool wm_os_image_seal(const PageImage *image) { return (void)image, false; }
bool wm_os_image_map(const PageImage *image, void *start, size_t size_bytes) {
  return (void)image, (void)start, (void)size_bytes, false;
}
void wm_os_image_close(PageImage *image) { (void)image; }

bool wm_os_protect_exec(void *start, size_t size_bytes) {
  (void)start;
  (void)size_bytes;
  return false;
}

bool wm_mutex_init(Mutex *m) { return pthread_mutex_init(m, NULL) == 0; }
void wm_mutex_lock(Mutex *m) { pthread_mutex_lock(m); }
void wm_mutex_unlock(Mutex *m) { pthread_mutex_unlock(m); }
void wm_mutex_destroy(Mutex *m) { pthread_mutex_destroy(m); }

/* All waiters of the process wait here. */
static pthread_mutex_t parking = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t parked = PTHREAD_COND_INITIALIZER;

void wm_condition_wait(CondVar *c, Mutex *m) { wm_condition_wait_until(c, m, UINT64_MAX); }
/* By the clock of C11, the only one that there is. */
void wm_condition_wait_until(CondVar *c, Mutex *m, u64 deadline_ns) {
  u32 seen = atomic_load(&c->wakes);
  wm_mutex_unlock(m);
  wm_condition_wait_since(c, seen, deadline_ns);
  wm_mutex_lock(m);
}
void wm_condition_wait_since(CondVar *c, u32 seen, u64 deadline_ns) {
  struct timespec t = {(time_t)(deadline_ns / 1000000000u), (long)(deadline_ns % 1000000000u)};
  pthread_mutex_lock(&parking);
  int error = 0;
  while (atomic_load(&c->wakes) == seen && !error)
    error = deadline_ns == UINT64_MAX ? pthread_cond_wait(&parked, &parking)
                                      : pthread_cond_timedwait(&parked, &parking, &t);
  pthread_mutex_unlock(&parking);
}
void wm_condition_wake_all(CondVar *c) {
  pthread_mutex_lock(&parking);
  atomic_fetch_add(&c->wakes, 1);
  pthread_cond_broadcast(&parked);
  pthread_mutex_unlock(&parking);
}

/* A system without processes. */
void wm_fork_watch(ForkWatch *w, void (*on_child)(void *env), void *env) {
  *w = (ForkWatch){.in_child = on_child, .env = env};
}
void wm_fork_unwatch(ForkWatch *w) { (void)w; }
int wm_whole_begin(void) { return 0; }
void wm_whole_end(int before) { (void)before; }

bool wm_thread_start(Thread *t, void *(*run)(void *), void *env) {
  return pthread_create(t, NULL, run, env) == 0;
}
void wm_thread_join(Thread t) { pthread_join(t, NULL); }

void wm_thread_yield(void) {}

u32 wm_os_processors(void) { return 1; }

int wm_os_event_new(void) { return -1; }
void wm_os_event_set(int event) { (void)event; }
void wm_os_event_clear(int event) { (void)event; }
void wm_os_event_close(int event) { (void)event; }
void wm_os_event_renew(int event) { (void)event; }

StackRange wm_os_stack_range(void) { return (StackRange){NULL, NULL}; }
StackRange wm_os_change_stack(StackRange to) { return (void)to, (StackRange){NULL, NULL}; }
void wm_os_stack_goes(void) {}

void wm_os_walk_stack(FrameVisit *visit, void *env) { (void)visit, (void)env; }

#ifndef OS_HAS_THREAD_POINTER
static _Thread_local char token;
const void *wm_os_thread_token(void) { return &token; }
#endif
_Atomic u32 wm_threads_ended;
bool wm_thread_see_end(void) { return true; }
bool wm_thread_keep(void **slot) { return (void)slot, true; } /* until the process ends */

int wm_os_process_id(void) { return 1; }
int wm_os_thread_id(void) { return 1; }
void wm_os_show_mapping(int file) { (void)file; }

u64 wm_os_monotonic_ns(void) {
  struct timespec now;
  if (timespec_get(&now, TIME_UTC) != TIME_UTC) return 0;
  return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

void wm_os_build_id(u8 out[BUILD_ID_BYTES]) { memset(out, 0, BUILD_ID_BYTES); }
