/* The calling thread: where its stack is, and whether it takes faults. Both are found out when the
 * stack is asked for, right before wasm runs, and kept for the thread's life. */
#include "os/os.h"
#include "os/os_fault.h"

#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- what the system tells ---- */

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

/* ---- faults ---- */

/* Who asks for its stack is about to run wasm, whose faults a mask would make the process's end. */
static _Atomic bool faults_wanted;
static _Thread_local bool takes_faults;

void wm_os_want_faults(void) { atomic_store_explicit(&faults_wanted, true, memory_order_relaxed); }

static void take_faults(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGSEGV);
  sigaddset(&set, SIGBUS);
  takes_faults = pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0 && wm_thread_see_end();
}

/* ---- the stack ---- */

/* High NULL: not asked yet; low NULL: unknown. */
static _Thread_local StackRange stack_range;

/* Of the coroutine that this thread runs, or NULLs. */
static _Thread_local StackRange other_stack;

NOINLINE StackRange wm_os_change_stack(StackRange to) {
  StackRange before = other_stack;
  other_stack = to;
  return before;
}

static bool is_within_stack(StackRange range, const u8 *here) {
  return range.low && here >= range.low && here < range.high;
}

NOINLINE StackRange wm_os_stack_range(void) {
  StackRange *range = &stack_range;
  u8 *here = __builtin_frame_address(0);
  if (!takes_faults && atomic_load_explicit(&faults_wanted, memory_order_relaxed)) take_faults();
  if (is_within_stack(other_stack, here)) return other_stack;
  if (!range->high) {
    bool found = getpid() == gettid() && main_stack(range) && is_within_stack(*range, here);
    if (!found) thread_stack(range);
    if (!range->high) *range = (StackRange){NULL, here}; /* asked; unknown */
  }
  return is_within_stack(*range, here) ? *range : (StackRange){NULL, NULL};
}
