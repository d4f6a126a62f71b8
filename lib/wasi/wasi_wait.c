/* Waits that a stop of the store ends: see wasi_wait.h. The store's event is polled beside what the
 * guest waits for; a store that has none (no descriptor was to be had) is looked at again and
 * again. */
#include "wasi/wasi_wait.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>

static const u64 second = 1000000000u;

/* Polls once. An interrupted system call is no error: nothing is ready yet. */
static int poll_once(struct pollfd *fds, u32 count, u64 span) {
  struct timespec t = {(time_t)(span / second), (long)(span % second)};
  int n = ppoll(fds, count, span == UINT64_MAX ? NULL : &t, NULL);
  return n < 0 && errno == EINTR ? 0 : n;
}

/* ppoll passes over a negative one. */
static int stop_of(const Call *call) { return wasmx_store_interrupt_fd(call_store(call)); }

static Errno why_not_wait(const Call *call) {
  if (call_interrupted(call)) return E_INTR;
  return call_forbidden(call) ? E_NOTCAPABLE : E_SUCCESS;
}

Errno wm_wait(Call *call, struct pollfd *fds, u32 count, u64 span, u32 *ready) {
  Changes *changes = &call->ctx->changes;
  const Audit *audit = &call->ctx->audit;
  *ready = 0;
  bool locked = call->locked;
  wm_call_unlock(call);
  if (span && audit->flush) audit->flush(audit->data);
  fds[count] = (struct pollfd){.fd = stop_of(call), .events = POLLIN};
  fds[count + 1] = (struct pollfd){.fd = wm_changes_enter(changes), .events = POLLIN};
  bool may_look = fds[count].fd < 0 || fds[count + 1].fd < 0;
  Errno e = why_not_wait(call); /* a change that came before the event was there */
  int n = e ? 0 : poll_once(fds, count + WAIT_ROOM, may_look ? min_u64(span, LOOK_NS) : span);
  int error = errno;
  wm_changes_leave(changes, fds[count + 1].fd);
  if (locked) wm_call_lock(call);
  e = why_not_wait(call);
  if (e || n < 0) return e ? e : wm_errno_of_host(error);
  *ready = (u32)n - (fds[count].revents != 0) - (fds[count + 1].revents != 0);
  return E_SUCCESS;
}

static bool is_open(Call *call, int fd) {
  Descriptor *d;
  return wm_fds_find(&call->ctx->fds, call->args[0].u32, &d) == E_SUCCESS && d->fd == fd;
}

/* Under the lock: from here on closes are heard of. */
static Errno wait_pinned(Call *call, Pin *pin, int fd, short events, u64 span) {
  if (!is_open(call, fd)) return E_BADF;
  if (pin->wake < 0) pin->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (pin->wake < 0) span = min_u64(span, LOOK_NS); /* none was to be had: looks instead */
  struct pollfd fds[2 + WAIT_ROOM] = {{.fd = fd, .events = events},
                                      {.fd = pin->wake, .events = POLLIN}};
  u32 ready;
  Errno e = wm_wait(call, fds, 2, span, &ready);
  eventfd_t closes; /* perhaps of another number for the same, lent twice */
  if (pin->wake >= 0) eventfd_read(pin->wake, &closes);
  return !e && !is_open(call, fd) ? E_BADF : e;
}

Errno wm_wait_open(Call *call, PinnedFd *pinned, int fd, short events, u64 span) {
  struct pollfd fds[1 + WAIT_ROOM] = {{.fd = fd, .events = events}};
  u32 ready;
  if (!pinned->call) return wm_wait(call, fds, 1, span, &ready);
  bool locked = call->locked;
  wm_call_lock(call);
  Errno e = wait_pinned(call, &pinned->pin, fd, events, span);
  if (!locked) wm_call_unlock(call);
  return e;
}

Errno wm_wait_for(Call *call, int fd, short events) {
  struct pollfd fds[1 + WAIT_ROOM] = {{.fd = fd, .events = events}};
  u32 ready = 0;
  Errno e = E_SUCCESS;
  while (!e && !ready) e = wm_wait(call, fds, 1, UINT64_MAX, &ready);
  return e;
}
