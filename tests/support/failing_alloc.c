#include "support/failing_alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/types.h>

static _Atomic bool counting, lasting, failed;
static _Atomic uint64_t calls, fail_at;

static void begin(uint64_t n, bool all) {
  calls = 0;
  failed = false;
  fail_at = n;
  lasting = all;
  counting = true;
}

void failing_alloc_start(uint64_t n) { begin(n, false); }
void failing_alloc_start_all(uint64_t n) { begin(n, true); }

bool failing_alloc_stop(void) {
  counting = false;
  return failed;
}

uint64_t failing_alloc_calls(void) { return calls; }

static bool is_due(void) {
  if (!counting) return false;
  uint64_t call = ++calls;
  if (lasting ? call < fail_at : call != fail_at) return false;
  failed = true;
  errno = ENOMEM;
  return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_mprotect(void *at, size_t size, int protection);
char *__real_strdup(const char *text);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_memfd_create(const char *name, unsigned flags);
int __real_ftruncate64(int fd, off_t size);
ssize_t __real_pwrite64(int fd, const void *from, size_t size, off_t at);
int __real_madvise(void *at, size_t size, int advice);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_mprotect(void *at, size_t size, int protection);
char *__wrap_strdup(const char *text);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_memfd_create(const char *name, unsigned flags);
int __wrap_ftruncate64(int fd, off_t size);
ssize_t __wrap_pwrite64(int fd, const void *from, size_t size, off_t at);
int __wrap_madvise(void *at, size_t size, int advice);

void *__wrap_malloc(size_t size) { return is_due() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) {
  return is_due() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) { return is_due() ? NULL : __real_realloc(old, size); }

/* off_t is off64_t on every machine the tests run on, so both names may share one function. */
_Static_assert(sizeof(off_t) == 8, "64-bit file offsets");
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  return is_due() ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  return __wrap_mmap(at, size, protection, flags, fd, offset);
}
int __wrap_mprotect(void *at, size_t size, int protection) {
  return is_due() ? -1 : __real_mprotect(at, size, protection);
}
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return is_due() ? NULL : __real_aligned_alloc(alignment, size);
}
int __wrap_memfd_create(const char *name, unsigned flags) {
  return is_due() ? -1 : __real_memfd_create(name, flags);
}
int __wrap_ftruncate64(int fd, off_t size) { return is_due() ? -1 : __real_ftruncate64(fd, size); }
ssize_t __wrap_pwrite64(int fd, const void *from, size_t size, off_t at) {
  return is_due() ? -1 : __real_pwrite64(fd, from, size, at);
}
int __wrap_madvise(void *at, size_t size, int advice) {
  return is_due() ? -1 : __real_madvise(at, size, advice);
}
char *__wrap_strdup(const char *text) { return is_due() ? NULL : __real_strdup(text); }
