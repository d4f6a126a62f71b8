/* Reading and writing: fd_read, fd_write, fd_pread, fd_pwrite. The host's system call works on the
 * guest's memory directly; its vectors are copied and checked first.
 *
 * No system call here blocks where that can be helped: each tries to move a piece, and what the
 * guest has to wait for is waited for in between (wasi_wait.h), so that a stop of the store ends
 * it. */
#include "wasi/wasi_node.h"
#include "wasi/wasi_wait.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
  FEW_IOVECS = 16,     /* kept on the stack */
  PIPE_ROOM = 4096,    /* what a pipe that polls as writable takes at least (PIPE_BUF) */
  TERMINAL_ROOM = 128, /* the same for a terminal (256 bytes), each a line's end that becomes two */
  STREAM_MAX = 128 << 20, /* one call moves no more through a stream, which may have to keep it */
  HOST_MAX = 0x7ffff000,  /* one call moves no more, as natively: the count must fit 32 bits */
  CURRENT = -1            /* no offset of its own: as preadv2 spells it */
};

typedef struct Transfer {
  Descriptor d; /* a copy: a callback may close or move what it is made of */
  struct iovec *vectors;
  int count;
  i64 offset; /* or CURRENT */
  bool write;
  bool waits;     /* as the guest asked for: a pipe or device that is not ready is waited for */
  bool no_nowait; /* found out: the kernel has no RWF_NOWAIT for pipes (Linux 6.5) */
} Transfer;

/* ---- vectors ---- */

Errno wm_iovecs_read(Call *call, u32 address, u32 count, struct iovec *out) {
  u8 *from = wm_guest_array(call, address, count, IOVEC_SIZE, 4);
  if (!from) return call->error;
  for (u32 i = 0; i < min_u32(count, MAX_IOVECS); i++, from += IOVEC_SIZE) {
    out[i].iov_len = guest_u32(from + 4);
    out[i].iov_base = guest_bytes(call, guest_u32(from), out[i].iov_len);
    if (!out[i].iov_base) return call->error;
  }
  return E_SUCCESS;
}

size_t wm_iovecs_skip(struct iovec **vectors, size_t count, size_t moved) {
  for (; count && moved >= (*vectors)->iov_len; count--) moved -= (*vectors)++->iov_len;
  if (!count) return 0;
  (*vectors)->iov_base = (u8 *)(*vectors)->iov_base + moved;
  (*vectors)->iov_len -= moved;
  return count;
}

/* The first vectors of a transfer, `size` bytes in all. The last is shortened meanwhile: by `cut`.
 */
typedef struct Piece {
  int count;
  size_t size, cut;
} Piece;

static Piece cut_piece(Transfer *t, size_t limit) {
  Piece p = {0};
  while (p.count < t->count && p.size < limit) p.size += t->vectors[p.count++].iov_len;
  if (p.size > limit) {
    p.cut = p.size - limit;
    p.size = limit;
    t->vectors[p.count - 1].iov_len -= p.cut;
  }
  return p;
}

/* Gives the last vector back what cut_piece took. */
static void rejoin(Transfer *t, const Piece *p) {
  if (p->count) t->vectors[p->count - 1].iov_len += p->cut;
}

/* Steps over what was moved, and over vectors of nothing behind it. */
static void advance(Transfer *t, size_t moved) {
  if (t->offset != CURRENT) t->offset += (i64)moved;
  t->count = (int)wm_iovecs_skip(&t->vectors, (size_t)t->count, moved);
}

/* ---- one attempt ---- */

/* One vector, as nearly all transfers have: the kernel has less to look at. */
static ssize_t plain_call(const Transfer *t) {
  void *bytes = t->vectors->iov_base;
  size_t size = t->vectors->iov_len;
  if (t->offset != CURRENT)
    return t->write ? pwrite(t->d.fd, bytes, size, t->offset)
                    : pread(t->d.fd, bytes, size, t->offset);
  return t->write ? write(t->d.fd, bytes, size) : read(t->d.fd, bytes, size);
}

/* An offset of CURRENT makes them readv and writev. */
static ssize_t vector_call(const Transfer *t, int count, int flags) {
  if (count == 1 && !flags) return plain_call(t);
  return t->write ? pwritev2(t->d.fd, t->vectors, count, t->offset, flags)
                  : preadv2(t->d.fd, t->vectors, count, t->offset, flags);
}

static ssize_t socket_call(Call *call, const Transfer *t, const Piece *p) {
  struct msghdr m = {.msg_iov = t->vectors, .msg_iovlen = (size_t)p->count};
  errno = ESPIPE;
  if (t->offset != CURRENT) return -1;
  if (!t->write && !p->size) return 0; /* as read(2): no message is taken for it */
  int no_signal = t->d.pipe && call->ctx->raise_sigpipe ? 0 : MSG_NOSIGNAL;
  return t->write ? sendmsg(t->d.fd, &m, MSG_DONTWAIT | no_signal)
                  : recvmsg(t->d.fd, &m, MSG_DONTWAIT);
}

/* For a borrowed descriptor, whose flags are not ours to change, that knows no call that does not
 * wait: asks first, and writes no more than surely fits. Another thread of the program must not
 * take between the two what was there. */
static ssize_t careful_call(Call *call, Transfer *t, Piece *p) {
  SCOPE_LOCK lock = wm_careful_lock(call->ctx);
  struct pollfd fd = {.fd = t->d.fd, .events = t->write ? POLLOUT : POLLIN};
  errno = EAGAIN;
  if (p->size && poll(&fd, 1, 0) == 0) return -1;
  size_t room = t->d.pipe ? PIPE_ROOM : isatty(t->d.fd) ? TERMINAL_ROOM : PIECE;
  if (t->write && p->size > room) {
    rejoin(t, p);
    *p = cut_piece(t, room);
  }
  return vector_call(t, p->count, 0);
}

/* Moves what can be moved now of the piece, which may become smaller; -1 and EAGAIN: nothing. Our
 * own descriptors are O_NONBLOCK. RWF_NOWAIT is for pipes alone: a device may well poll as ready
 * and still have nothing for it. */
static ssize_t attempt(Call *call, Transfer *t, Piece *p) {
  if (wm_descriptor_is_socket(&t->d)) return socket_call(call, t, p);
  if (t->d.owned || !wm_descriptor_may_block(&t->d)) return vector_call(t, p->count, 0);
  if (t->d.pipe && !t->no_nowait) {
    ssize_t n = vector_call(t, p->count, RWF_NOWAIT);
    t->no_nowait = n < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS);
    if (!t->no_nowait) return n;
  }
  return careful_call(call, t, p);
}

/* A write to a pipe nobody reads, without the signal: it is blocked in this thread meanwhile, and
 * one that the write left pending is taken back; a write that was cut short because the reader went
 * away leaves one too. The process's disposition stays as it is. */
static ssize_t attempt_without_sigpipe(Call *call, Transfer *t, Piece *p) {
  sigset_t pipe_only, before, pending;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  sigpending(&pending);
  bool pending_before = sigismember(&pending, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  ssize_t n = attempt(call, t, p);
  int error = errno;
  const struct timespec now = {0, 0};
  while (!pending_before && sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return n;
}

/* ---- transfers ---- */

/* One piece; *more: it was moved whole and there is more to move. A write that waits goes on until
 * all is written, as a native one; a read waits for its first bytes only. */
static Errno move_piece(Call *call, Transfer *t, size_t *done, bool *more) {
  Piece p = cut_piece(t, min_u64(PIECE, HOST_MAX - *done));
  bool guard =
      t->write && t->d.pipe && !wm_descriptor_is_socket(&t->d) && !call->ctx->raise_sigpipe;
  ssize_t n = guard ? attempt_without_sigpipe(call, t, &p) : attempt(call, t, &p);
  int error = errno;
  rejoin(t, &p);
  *more = true;
  if (n < 0 && error == EINTR) return E_SUCCESS;
  if (n < 0 && error == EAGAIN && t->waits && (t->write || !*done))
    return wm_wait_for(call, t->d.fd, t->write ? POLLOUT : POLLIN);
  *more = false;
  if (n < 0) return *done ? E_SUCCESS : wm_errno_of_host(error);
  *done += (size_t)n;
  advance(t, (size_t)n);
  *more = t->count && *done < HOST_MAX && ((size_t)n == p.size || (t->write && n > 0));
  return E_SUCCESS;
}

/* A named pipe that nobody has written to yet looks like one at its end, except to poll: its writer
 * is waited for here, where a native program would have waited in open. */
static Errno wait_for_writer(Call *call, const Transfer *t) {
  bool named = t->d.pipe && t->d.owned && !wm_descriptor_is_socket(&t->d);
  return named && t->waits && !t->write ? wm_wait_for(call, t->d.fd, POLLIN) : E_SUCCESS;
}

static Errno host_transfer(Call *call, Transfer *t, size_t *done) {
  t->waits = wm_descriptor_may_block(&t->d) && !(t->d.flags & FDFLAG_NONBLOCK);
  advance(t, 0);
  Errno e = t->count ? wait_for_writer(call, t) : E_SUCCESS;
  if (e) return e;
  for (bool more = true; more;) {
    e = move_piece(call, t, done, &more);
    if (e) return e;
    if (more && call_interrupted(call)) return E_INTR;
  }
  return E_SUCCESS;
}

static Errno stream_call(Call *call, const Transfer *t, size_t wanted, size_t *done) {
  Stream *s = t->d.stream; /* in the context, which the function that runs keeps */
  SCOPE_LOCK lock = wm_stream_lock(call->ctx, s);
  return t->write ? wm_stream_write(s, t->vectors->iov_base, wanted, done)
                  : wm_stream_read(s, t->vectors->iov_base, wanted, done);
}

/* One vector after another; what was moved before an error counts. */
static Errno stream_transfer(Call *call, Transfer *t, size_t *done) {
  if (t->offset != CURRENT) return E_SPIPE;
  advance(t, 0);
  while (t->count && *done < STREAM_MAX) {
    size_t n = 0, wanted = min_u64(t->vectors->iov_len, min_u64(PIECE, STREAM_MAX - *done));
    Errno e = stream_call(call, t, wanted, &n);
    *done += n;
    if (call_interrupted(call)) return E_INTR;
    if (e) return *done ? E_SUCCESS : e;
    if (n < wanted) break;
    advance(t, n);
  }
  return E_SUCCESS;
}

static Errno node_call(const Transfer *t, size_t wanted, size_t *done) {
  u64 offset = t->offset == CURRENT ? NODE_POSITION : (u64)t->offset;
  bool append = t->d.flags & FDFLAG_APPEND;
  return t->write
             ? wm_node_file_write(t->d.file, t->vectors->iov_base, wanted, offset, append, done)
             : wm_node_file_read(t->d.file, t->vectors->iov_base, wanted, offset, done);
}

static Errno node_transfer(Call *call, Transfer *t, size_t *done) {
  advance(t, 0);
  while (t->count && *done < HOST_MAX) {
    size_t n = 0, wanted = min_u64(t->vectors->iov_len, min_u64(PIECE, HOST_MAX - *done));
    Errno e = node_call(t, wanted, &n);
    *done += n;
    if (call_interrupted(call)) return E_INTR;
    if (e) return *done ? E_SUCCESS : e;
    if (n == 0) break;
    advance(t, n);
  }
  return E_SUCCESS;
}

/* As much of the transfer as the program may still write; what it does not, it gives back. */
static Errno limit_transfer(Call *call, Transfer *t, u64 *taken) {
  wasi_ctx_t *ctx = call->ctx;
  u64 wanted = 0;
  for (int i = 0; i < t->count; i++) wanted += t->vectors[i].iov_len;
  u64 before = atomic_load(&ctx->written); /* never above the limit */
  do {
    *taken = min_u64(wanted, ctx->output_limit - before);
  } while (!atomic_compare_exchange_weak(&ctx->written, &before, before + *taken));
  if (wanted && !*taken) return E_DQUOT;
  t->count = cut_piece(t, *taken).count; /* shortens the last one */
  return E_SUCCESS;
}

static Errno unlimited_transfer(Call *call, Transfer *t, size_t *done) {
  if (t->d.kind == FD_NODE) return node_transfer(call, t, done);
  return t->d.kind == FD_STREAM ? stream_transfer(call, t, done) : host_transfer(call, t, done);
}

/* Sockets that were given are none of the program's output; a standard stream may be one, too. */
static bool is_limited(const Call *call, const Transfer *t) {
  return t->write && call->ctx->output_limit && (!wm_descriptor_is_socket(&t->d) || t->d.pipe);
}

static Errno any_transfer(Call *call, Transfer *t, size_t *done) {
  u64 taken;
  if (LIKELY(!is_limited(call, t))) return unlimited_transfer(call, t, done);
  Errno e = limit_transfer(call, t, &taken);
  if (e) return e;
  e = unlimited_transfer(call, t, done);
  atomic_fetch_sub(&call->ctx->written, taken - *done);
  return e;
}

/* The vectors are read and what they name is moved; the number of bytes goes to arg `result`. */
static Errno move(Call *call, Transfer *t, struct iovec *vectors, u32 result) {
  Errno e = wm_iovecs_read(call, call->args[1].u32, call->args[2].u32, vectors);
  if (e) return e;
  t->vectors = vectors;
  t->count = (int)min_u32(call->args[2].u32, MAX_IOVECS);
  size_t done = 0;
  e = any_transfer(call, t, &done);
  return e ? e : put_u32(call, call->args[result].u32, (u32)done);
}

/* Without the context's lock: other threads go on meanwhile, and may close what is pinned here. */
static Errno move_unlocked(Call *call, Transfer *t, struct iovec *vectors, u32 result) {
  if (t->d.kind == FD_NODE) return move(call, t, vectors, result); /* takes no time */
  PINNED_FD pinned = {.call = NULL};
  wm_call_release(&pinned, call, &t->d);
  return move(call, t, vectors, result);
}

/* Descriptor and vectors are args 0 to 2. Many vectors are too much for a small thread's stack. */
static Errno transfer(Call *call, bool write, bool at_offset, u32 result) {
  struct iovec few[FEW_IOVECS], *many = NULL;
  Transfer t = {.offset = CURRENT, .write = write};
  Rights rights = write ? RIGHT_FD_WRITE : RIGHT_FD_READ;
  if (at_offset) {
    rights |= RIGHT_FD_SEEK;
    t.offset = call->args[3].i64;
    if (t.offset < 0) return E_INVAL;
  }
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, rights, &d);
  if (!e) e = can_put_u32(call, call->args[result].u32);
  if (e) return e;
  t.d = *d;
  if (call->args[2].u32 > FEW_IOVECS) {
    many = malloc(MAX_IOVECS * sizeof *many);
    if (!many) return E_NOMEM;
  }
  e = move_unlocked(call, &t, many ? many : few, result);
  free(many);
  return e;
}

Errno wm_call_fd_read(Call *call) { return transfer(call, false, false, 3); }
Errno wm_call_fd_write(Call *call) { return transfer(call, true, false, 3); }
Errno wm_call_fd_pread(Call *call) { return transfer(call, false, true, 4); }
Errno wm_call_fd_pwrite(Call *call) { return transfer(call, true, true, 4); }

void wm_write_again(Call *call, u32 fd, u64 size) {
  struct iovec *vectors = malloc(MAX_IOVECS * sizeof *vectors);
  Descriptor *d;
  u32 count = call->args[2].u32;
  if (vectors && !wm_fds_find(&call->ctx->fds, fd, &d) &&
      !wm_iovecs_read(call, call->args[1].u32, count, vectors)) {
    Transfer t = {.d = *d, .vectors = vectors, .offset = CURRENT, .write = true};
    t.count = (int)min_u32(count, MAX_IOVECS);
    t.count = cut_piece(&t, size).count;
    size_t done = 1;
    for (Errno e = E_SUCCESS; !e && done && t.count;) {
      done = 0;
      e = unlimited_transfer(call, &t, &done);
    }
  }
  free(vectors);
}
