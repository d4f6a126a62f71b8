/* No operating system to speak of: malloc is all the memory there is. Reserving allocates, access
 * cannot be taken away, nothing guards a memory's end. */
#include "os/os.h"

#include <stdlib.h>
#include <time.h>

enum { PAGE_SIZE_BYTES = 4096 };

size_t wm_os_page_size(void) { return PAGE_SIZE_BYTES; }

bool wm_os_reserve_is_free(void) { return false; }

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

void wm_os_release(void *start, size_t size_bytes) {
  (void)size_bytes;
  free(start);
}

void *wm_os_alloc_pages(size_t size_bytes) { return wm_os_reserve(size_bytes); }

bool wm_mutex_init(Mutex *m) { return pthread_mutex_init(m, NULL) == 0; }
void wm_mutex_lock(Mutex *m) { pthread_mutex_lock(m); }
void wm_mutex_unlock(Mutex *m) { pthread_mutex_unlock(m); }
void wm_mutex_destroy(Mutex *m) { pthread_mutex_destroy(m); }

u8 *wm_os_stack_bound(void) { return NULL; }

static _Thread_local char token;
const void *wm_os_thread_token(void) { return &token; }

u64 wm_os_monotonic_ns(void) {
  struct timespec now;
  if (timespec_get(&now, TIME_UTC) != TIME_UTC) return 0;
  return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}
