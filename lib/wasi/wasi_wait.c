/* Waits that a stop of the store ends: see wasi_wait.h. The store's event is polled beside what the
 * guest waits for; a store that has none (no descriptor was to be had) is looked at again and
 * again. */
#include "wasi/wasi_wait.h"

#include <errno.h>
#include <time.h>

static const u64 second = 1000000000u;

/* Polls once. An interrupted system call is no error: nothing is ready yet. */
static int poll_once(struct pollfd *fds, u32 count, u64 span) {
  struct timespec t = {(time_t)(span / second), (long)(span % second)};
  int n = ppoll(fds, count, span == UINT64_MAX ? NULL : &t, NULL);
  return n < 0 && errno == EINTR ? 0 : n;
}

Errno wm_wait(Call *call, struct pollfd *fds, u32 count, u64 span, u32 *ready) {
  *ready = 0;
  if (call_interrupted(call)) return E_INTR;
  int stop = wasmx_store_interrupt_fd(wasmx_caller_store(call->caller));
  /* ppoll passes over a negative descriptor. */
  fds[count] = (struct pollfd){.fd = stop, .events = POLLIN};
  bool locked = call->locked;
  wm_call_unlock(call);
  int n = poll_once(fds, count + 1, stop < 0 ? min_u64(span, INTERRUPT_LOOK_NS) : span);
  int error = errno;
  if (locked) wm_call_lock(call);
  if (call_interrupted(call)) return E_INTR;
  if (n < 0) return wm_errno_of_host(error);
  *ready = (u32)n - (fds[count].revents != 0);
  return E_SUCCESS;
}

Errno wm_wait_for(Call *call, int fd, short events) {
  struct pollfd fds[2] = {{.fd = fd, .events = events}};
  u32 ready = 0;
  Errno e = E_SUCCESS;
  while (!e && !ready) e = wm_wait(call, fds, 1, UINT64_MAX, &ready);
  return e;
}
