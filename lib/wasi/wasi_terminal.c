/* "wasm_terminal": the size of a terminal, raw mode, and waiting for input or another size: see
 * wasi_terminal.h. Each function gives an errno of preview 1.
 *
 * A size that changes is seen by looking: a signal's handler is the process's, and a program may
 * wait in any of its threads. */
#include "wasi/wasi_terminal.h"

#include "wasi/wasi_wait.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
  SIZE_LOOK_NS = 50000000, /* how often a wait looks: shorter than anybody sees */
  EVENT_INPUT = 1,
  EVENT_RESIZED = 2
};

/* ---- calls ---- */

/* The terminal in arg 0: one of the streams that the host gave, not what the program opened. */
static Errno find_terminal(Call *call, Rights rights, int *fd) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, rights, &d);
  if (!call->ctx->terminal.granted) return E_NOTCAPABLE;
  if (e) return e;
  if (d->kind != FD_HOST || d->owned) return E_NOTTY;
  *fd = d->fd;
  if (isatty(d->fd)) return E_SUCCESS;
  return errno == EIO ? E_IO : E_NOTTY; /* it was hung up, or is none */
}

static Errno read_size(int fd, TerminalSize *size) {
  struct winsize w;
  if (ioctl(fd, TIOCGWINSZ, &w)) return wm_errno_of_host(errno);
  *size = (TerminalSize){wm_terminal_device(fd), w.ws_col, w.ws_row};
  return E_SUCCESS;
}

/* size(fd, columns *, rows *) */
Errno wm_terminal_size(Call *call) {
  int fd;
  TerminalSize size = {0};
  Errno e = find_terminal(call, RIGHT_FD_FILESTAT_GET, &fd);
  if (!e) e = read_size(fd, &size);
  if (!e) e = can_put_u32(call, call->args[2].u32);
  if (!e) e = put_u32(call, call->args[1].u32, size.columns);
  if (e) return e;
  call->ctx->terminal.told = size;
  return put_u32(call, call->args[2].u32, size.rows);
}

/* set_raw(fd, on) */
Errno wm_terminal_set_raw(Call *call) {
  int fd;
  u32 on = call->args[1].u32;
  Errno e = find_terminal(call, RIGHT_FD_READ, &fd);
  if (e) return e;
  if (on > 1) return E_INVAL;
  TerminalUser *user = &call->ctx->terminal;
  return on ? wm_terminal_hold_raw(user, fd) : wm_terminal_drop_raw(user, fd);
}

static u64 monotonic_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return wm_nanoseconds(&t);
}

static bool was_resized(const Call *call, int fd) {
  const TerminalSize *told = &call->ctx->terminal.told;
  TerminalSize now = {0};
  return read_size(fd, &now) == E_SUCCESS && now.device == told->device &&
         (now.columns != told->columns || now.rows != told->rows);
}

/* Looks once, then waits a little unless there was something; *left: until the time is over. */
static Errno wait_once(Call *call, int fd, u64 left, u32 *events) {
  struct pollfd fds[1 + WAIT_ROOM] = {{.fd = fd, .events = POLLIN}};
  u32 ready;
  *events = was_resized(call, fd) ? EVENT_RESIZED : 0;
  Errno e = wm_wait(call, fds, 1, *events ? 0 : min_u64(left, SIZE_LOOK_NS), &ready);
  if (ready) *events |= EVENT_INPUT;
  return e;
}

static Errno wait_until(Call *call, int fd, u64 deadline, u32 *events) {
  for (;;) {
    u64 now = monotonic_now();
    u64 left = deadline > now ? deadline - now : 0;
    Errno e = wait_once(call, fd, left, events);
    if (e || *events || !left) return e;
  }
}

/* wait(fd, nanoseconds, events *) */
Errno wm_terminal_wait(Call *call) {
  int fd;
  u32 events, result = call->args[2].u32;
  u64 now = monotonic_now(), deadline;
  Errno e = find_terminal(call, RIGHT_FD_READ | RIGHT_POLL_FD_READWRITE, &fd);
  if (!e) e = can_put_u32(call, result);
  if (!checked_add(now, call->args[1].u64, &deadline)) deadline = UINT64_MAX;
  if (!e) e = wait_until(call, fd, deadline, &events);
  return e ? e : put_u32(call, result, events);
}

bool wasi_ctx_restore_terminal(wasi_ctx_t *ctx) {
  return ctx && wm_terminal_drop_all(&ctx->terminal);
}
