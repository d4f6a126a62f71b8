/* The operating system as Linux and other POSIX systems have it. */
#include "os/os.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

size_t wm_os_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

bool wm_os_reserve_is_free(void) { return true; }

static void *map(void *at, size_t size_bytes, int protection, int flags) {
  /* NORESERVE: what is committed later is paid for when it is touched. */
  flags |= MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *start = mmap(at, size_bytes, protection, flags, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

void *wm_os_reserve(size_t size_bytes) { return map(NULL, size_bytes, PROT_NONE, 0); }

bool wm_os_commit(void *start, size_t size_bytes) {
  return size_bytes == 0 || mprotect(start, size_bytes, PROT_READ | PROT_WRITE) == 0;
}

bool wm_os_decommit(void *start, size_t size_bytes) {
  return size_bytes == 0 || map(start, size_bytes, PROT_NONE, MAP_FIXED);
}

void wm_os_release(void *start, size_t size_bytes) {
  if (start) munmap(start, size_bytes);
}

void *wm_os_alloc_pages(size_t size_bytes) {
  return map(NULL, size_bytes, PROT_READ | PROT_WRITE, 0);
}

bool wm_mutex_init(Mutex *m) { return pthread_mutex_init(m, NULL) == 0; }
void wm_mutex_lock(Mutex *m) { pthread_mutex_lock(m); }
void wm_mutex_unlock(Mutex *m) { pthread_mutex_unlock(m); }
void wm_mutex_destroy(Mutex *m) { pthread_mutex_destroy(m); }

typedef struct StackRange {
  u8 *low, *high; /* high NULL: not asked yet; low NULL: unknown */
} StackRange;

/* The first thread's stack, without the walk through /proc that pthread_getattr_np takes (100 us,
 * more than a small program's whole run): the kernel puts the program's file name at the very top,
 * and the resource limit counts from there. */
static bool main_stack(StackRange *out) {
  struct rlimit limit;
  const char *name = (const char *)getauxval(AT_EXECFN); /* NOLINT: an address by contract */
  if (!name || getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return false;
  u64 page = wm_os_page_size();
  u64 top = ((u64)(uintptr_t)name + strlen(name) + 1 + page - 1) / page * page;
  u64 size = limit.rlim_cur / page * page;
  if (size >= top) return false;
  out->high = (u8 *)(uintptr_t)top;
  out->low = (u8 *)(uintptr_t)(top - size);
  return true;
}

static void thread_stack(StackRange *out) {
  pthread_attr_t attr;
  void *low;
  size_t size;
  if (pthread_getattr_np(pthread_self(), &attr) != 0) return;
  if (pthread_attr_getstack(&attr, &low, &size) == 0) {
    out->low = low;
    out->high = out->low + size;
  }
  pthread_attr_destroy(&attr);
}

/* Reached without a call: two words of the room that the C library keeps for this. */
static _Thread_local StackRange stack_range __attribute__((tls_model("initial-exec")));

u8 *wm_os_stack_bound(void) {
  StackRange *range = &stack_range;
  u8 *here = __builtin_frame_address(0);
  if (!range->high) {
    bool found =
        getpid() == gettid() && main_stack(range) && here >= range->low && here < range->high;
    if (!found) thread_stack(range);
    if (!range->high) *range = (StackRange){NULL, here}; /* asked; unknown */
  }
  return here >= range->low && here < range->high ? range->low : NULL;
}

const void *wm_os_thread_token(void) { return &stack_range; }

u64 wm_os_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}
