/* The operating system as Linux and other POSIX systems have it. Reserving takes address space
 * only; memory is charged when it is touched. */
#include "os/os.h"

#if defined(__linux__)
#include <link.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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

/* Mapped anew rather than given back by madvise: the next commit must see zeros. */
bool wm_os_decommit(void *start, size_t size_bytes) {
  return size_bytes == 0 || map(start, size_bytes, PROT_NONE, MAP_FIXED);
}

bool wm_os_discard(void *start, size_t size_bytes) {
  return madvise(start, size_bytes, MADV_DONTNEED) == 0;
}

void wm_os_release(void *start, size_t size_bytes) {
  if (start) munmap(start, size_bytes);
}

void *wm_os_alloc_pages(size_t size_bytes) {
  return map(NULL, size_bytes, PROT_READ | PROT_WRITE, 0);
}

enum { LARGE_PAGE_BYTES = 2 << 20 };

/* What lies between is the caller's alone: whole large pages inside of it. */
bool wm_os_prefer_large_pages(void *start, size_t size_bytes) {
  if (size_bytes < LARGE_PAGE_BYTES) return false;
  uintptr_t page = wm_os_page_size();
  uintptr_t low = ((uintptr_t)start + page - 1) / page * page;
  uintptr_t high = ((uintptr_t)start + size_bytes) / page * page;
  return low < high && madvise((void *)low, high - low, MADV_HUGEPAGE) == 0;
}

bool wm_os_forget(void *start, size_t size_bytes) {
  return size_bytes == 0 || madvise(start, size_bytes, MADV_DONTNEED) == 0;
}

void wm_os_prefer_small_pages(void *start, size_t size_bytes) {
  (void)madvise(start, size_bytes, MADV_NOHUGEPAGE);
}

bool wm_os_protect_exec(void *start, size_t size_bytes) {
  return mprotect(start, size_bytes, PROT_READ | PROT_EXEC) == 0;
}

u32 wm_os_processors(void) {
  cpu_set_t set;
  /* What this process may use: a container has fewer than the machine. */
  if (sched_getaffinity(0, sizeof set, &set) == 0) return max_u32(1, (u32)CPU_COUNT(&set));
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (u32)count : 1;
}

int wm_os_process_id(void) { return (int)getpid(); }
int wm_os_thread_id(void) { return (int)gettid(); }

void wm_os_show_mapping(int file) {
  /* NOLINTNEXTLINE(bugprone-unused-return-value): it is seen by perf, or there is no perf */
  mmap(NULL, wm_os_page_size(), PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
}

u64 wm_os_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

/* ---- events: system calls that are no cancellation points, as the functions of that name ---- */

int wm_os_event_new(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* From signal handlers, too: errno is the interrupted code's. */
void wm_os_event_set(int event) {
  if (event < 0) return;
  int before = errno;
  syscall(SYS_write, event, &(u64){1}, sizeof(u64));
  errno = before;
}

void wm_os_event_clear(int event) {
  u64 count;
  if (event >= 0) syscall(SYS_read, event, &count, sizeof count);
}

void wm_os_event_close(int event) {
  if (event >= 0) syscall(SYS_close, event);
}

/* In the child of a fork: the same descriptor, but an event that the parent does not share. */
void wm_os_event_renew(int event) {
  if (event < 0) return;
  wm_os_event_close(event);
  int fresh = wm_os_event_new();
  if (fresh < 0 || fresh == event) return;
  dup3(fresh, event, O_CLOEXEC);
  wm_os_event_close(fresh);
}

/* ---- this library ---- */

#if defined(__linux__)

/* Notes are name and description, each padded to 4 bytes; a broken one ends the search. */
static void find_build_note(const ElfW(Nhdr) * note, const u8 *end, u8 *out) {
  while ((const u8 *)(note + 1) <= end) {
    const u8 *name = (const u8 *)(note + 1);
    const u8 *desc = name + ((note->n_namesz + 3) & ~3u);
    const u8 *next = desc + ((note->n_descsz + 3) & ~3u);
    if (next > end || next <= name) return;
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0)
      memcpy(out, desc, min_u32(note->n_descsz, BUILD_ID_BYTES));
    note = (const ElfW(Nhdr) *)(const void *)next;
  }
}

/* Whether the object holds this code; if so its note is read. */
static int look_at_object(struct dl_phdr_info *info, size_t size, void *out) {
  uintptr_t here = (uintptr_t)&wm_os_build_id;
  bool is_ours = false;
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + p->p_vaddr;
    is_ours |= p->p_type == PT_LOAD && here >= start && here - start < p->p_memsz;
  }
  for (int i = 0; is_ours && i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    const u8 *start = (const u8 *)(info->dlpi_addr + p->p_vaddr);
    if (p->p_type == PT_NOTE)
      find_build_note((const ElfW(Nhdr) *)(const void *)start, start + p->p_memsz, out);
  }
  return is_ours;
}

void wm_os_build_id(u8 out[BUILD_ID_BYTES]) {
  memset(out, 0, BUILD_ID_BYTES);
  dl_iterate_phdr(look_at_object, out);
}

#else

void wm_os_build_id(u8 out[BUILD_ID_BYTES]) { memset(out, 0, BUILD_ID_BYTES); }

#endif
