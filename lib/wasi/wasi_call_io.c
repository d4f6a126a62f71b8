/* Reading and writing: fd_read, fd_write, fd_pread, fd_pwrite. The host's system call works on the
 * guest's memory directly; its vectors are copied and checked first. */
#include "wasi/wasi_ctx.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/uio.h>
#include <time.h>

enum {
  MAX_IOVECS = 1024,      /* as many as the host takes: more are a transfer that stops early */
  PIPE_ROOM = 4096,       /* what a pipe that polls as writable takes at least (PIPE_BUF) */
  STREAM_MAX = 128 << 20, /* one call moves no more through a stream, which may have to keep it */
  CURRENT = -1            /* no offset of its own */
};

typedef struct Transfer {
  Descriptor d; /* a copy: a callback may close or move what it is made of */
  struct iovec *vectors;
  int count;
  i64 offset; /* or CURRENT */
  bool write;
} Transfer;

/* Copies the guest's vectors and checks each. */
static Errno read_vectors(Call *call, u32 address, u32 count, struct iovec *out) {
  u8 *from = guest_array(call, address, count, IOVEC_SIZE, 4);
  if (!from) return call->error;
  for (u32 i = 0; i < min_u32(count, MAX_IOVECS); i++, from += IOVEC_SIZE) {
    out[i].iov_len = load_u32(from + 4);
    out[i].iov_base = guest_bytes(call, load_u32(from), out[i].iov_len);
    if (!out[i].iov_base) return call->error;
  }
  return E_SUCCESS;
}

/* Borrowed descriptors keep the flags they came with, so not blocking is done here: asks first, and
 * writes no more than surely fits. */
static Errno wait_free(Transfer *t) {
  struct pollfd p = {.fd = t->d.fd, .events = t->write ? POLLOUT : POLLIN};
  if (poll(&p, 1, 0) == 0) return E_AGAIN;
  if (t->write && t->d.pipe) {
    t->count = t->count > 1 ? 1 : t->count;
    if (t->count && t->vectors[0].iov_len > PIPE_ROOM) t->vectors[0].iov_len = PIPE_ROOM;
  }
  return E_SUCCESS;
}

/* Waits until the host would not block, so that a store that is told to stop does. */
static Errno wait_ready(const Call *call, const Transfer *t) {
  struct pollfd p = {.fd = t->d.fd, .events = t->write ? POLLOUT : POLLIN};
  for (;;) {
    int n = poll(&p, 1, (int)(INTERRUPT_POLL_NS / 1000000));
    if (n > 0 || (n < 0 && errno != EINTR)) return E_SUCCESS; /* the transfer tells what is wrong */
    if (call_interrupted(call)) return E_INTR;
  }
}

static bool may_block(const Descriptor *d) {
  return d->type != FILETYPE_REGULAR_FILE && d->type != FILETYPE_DIRECTORY &&
         !(d->flags & FDFLAG_NONBLOCK);
}

static ssize_t host_call(const Transfer *t) {
  int fd = t->d.fd;
  ssize_t n;
  do {
    if (t->offset != CURRENT)
      n = t->write ? pwritev(fd, t->vectors, t->count, t->offset)
                   : preadv(fd, t->vectors, t->count, t->offset);
    else
      n = t->write ? writev(fd, t->vectors, t->count) : readv(fd, t->vectors, t->count);
  } while (n < 0 && errno == EINTR);
  return n;
}

/* A write to a pipe nobody reads, without the signal: it is blocked in this thread meanwhile, and
 * one that the write left pending is taken back; a write that was cut short because the reader went
 * away leaves one too. The process's disposition stays as it is. */
static ssize_t call_without_sigpipe(const Transfer *t) {
  sigset_t pipe_only, before, pending;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  sigpending(&pending);
  bool pending_before = sigismember(&pending, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  ssize_t n = host_call(t);
  int error = errno;
  const struct timespec now = {0, 0};
  while (!pending_before && sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return n;
}

static Errno host_transfer(const Call *call, Transfer *t, size_t *done) {
  if (!t->d.owned && (t->d.flags & FDFLAG_NONBLOCK)) {
    Errno e = wait_free(t);
    if (e) return e;
  }
  if (may_block(&t->d)) {
    Errno e = wait_ready(call, t);
    if (e) return e;
  }
  bool guard = t->write && t->d.pipe && !call->ctx->raise_sigpipe;
  ssize_t n = guard ? call_without_sigpipe(t) : host_call(t);
  if (n < 0) return wm_errno_of_host(errno);
  *done = (size_t)n;
  return E_SUCCESS;
}

/* One vector after another; what was moved before an error counts. */
static Errno stream_transfer(const Transfer *t, size_t *done) {
  if (t->offset != CURRENT) return E_SPIPE;
  Stream *s = t->d.stream; /* in the context, which the function that runs keeps */
  for (int i = 0; i < t->count; i++) {
    size_t n = 0, wanted = t->vectors[i].iov_len, len = min_u64(wanted, STREAM_MAX - *done);
    if (wanted == 0) continue;
    Errno e = t->write ? wm_stream_write(s, t->vectors[i].iov_base, len, &n)
                       : wm_stream_read(s, t->vectors[i].iov_base, len, &n);
    *done += n;
    if (e) return *done ? E_SUCCESS : e;
    if (n < wanted) break;
  }
  return E_SUCCESS;
}

/* Descriptor and vectors are args 0 to 2; the number of bytes moved goes to arg `result`. */
static Errno transfer(Call *call, bool write, bool at_offset, u32 result) {
  struct iovec vectors[MAX_IOVECS];
  Transfer t = {.vectors = vectors, .offset = CURRENT, .write = write};
  Rights rights = write ? RIGHT_FD_WRITE : RIGHT_FD_READ;
  if (at_offset) {
    rights |= RIGHT_FD_SEEK;
    t.offset = call->args[3].i64;
    if (t.offset < 0) return E_INVAL;
  }
  Descriptor *d;
  Errno e = call_fd(call, 0, rights, &d);
  if (!e) e = can_put_u32(call, call->args[result].u32);
  if (!e) e = read_vectors(call, call->args[1].u32, call->args[2].u32, vectors);
  if (e) return e;
  t.d = *d;
  t.count = (int)min_u32(call->args[2].u32, MAX_IOVECS);
  size_t done = 0;
  e = t.d.kind == FD_STREAM ? stream_transfer(&t, &done) : host_transfer(call, &t, &done);
  return e ? e : put_u32(call, call->args[result].u32, (u32)done);
}

Errno call_fd_read(Call *call) { return transfer(call, false, false, 3); }
Errno call_fd_write(Call *call) { return transfer(call, true, false, 3); }
Errno call_fd_pread(Call *call) { return transfer(call, false, true, 4); }
Errno call_fd_pwrite(Call *call) { return transfer(call, true, true, 4); }
