/* Sockets that the host gave, and connections accepted from them: sock_*.
 *
 * No system call here blocks: each tries, and what the guest has to wait for is waited for in
 * between, so that a stop of the store and a close by another thread end it. An accepted connection
 * belongs to the program and is O_NONBLOCK; so are listeners that were handed over. One that the
 * host only lent is asked first (borrowed flags are never changed). */
#include "wasi/wasi_audit.h"
#include "wasi/wasi_wait.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
  FEW_IOVECS = 16,       /* kept on the stack */
  PEEK_LOOK_NS = 2000000 /* how often a peek for all looks how much there is */
};

/* The descriptor in argument 0: a socket before anything else is asked of it. */
static Errno socket_with(Call *call, Rights right, Descriptor **d) {
  Errno e = wm_call_fd(call, 0, 0, d);
  if (e) return e;
  return wm_descriptor_is_socket(*d) ? wm_call_fd(call, 0, right, d) : E_NOTSOCK;
}

/* ---- accept ---- */

/* Under the lock, where a lent listener that blocks is only asked when somebody waits. What is of
 * no interest to the guest is tried again: a signal of the host's, a connection that was given up.
 */
static int accept_one(const Call *call, const Descriptor *d) {
  for (;;) {
    struct pollfd ask = {.fd = d->fd, .events = POLLIN};
    errno = EAGAIN;
    if (!d->owned && poll(&ask, 1, 0) == 0) return -1;
    int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 || (errno != EINTR && errno != ECONNABORTED) || call_interrupted(call)) return fd;
  }
}

/* Accepts what waits; its number goes to the guest. There is a number for it before it is taken
 * from the queue, so that none is lost. */
static Errno accept_now(Call *call, u16 flags) {
  Descriptor *d;
  u32 number;
  Errno e = wm_fds_reserve(&call->ctx->fds);
  if (!e) e = socket_with(call, RIGHT_SOCK_ACCEPT, &d);
  if (e) return e;
  int fd = accept_one(call, d);
  if (fd < 0) return wm_errno_of_host(errno);
  const Descriptor connection = {.kind = FD_HOST,
                                 .type = d->type,
                                 .flags = flags,
                                 .owned = true,
                                 .fd = fd,
                                 .grant = d->grant,
                                 .base = d->inheriting & RIGHTS_CONNECTION};
  e = wm_fds_add(&call->ctx->fds, &connection, &number);
  if (call->access && !e) call->access->new_fd = number;
  return e ? e : put_u32(call, call->args[2].u32, number);
}

Errno wm_call_sock_accept(Call *call) {
  PINNED_FD pinned = {.call = NULL};
  Descriptor *d;
  Errno e = socket_with(call, RIGHT_SOCK_ACCEPT, &d);
  if (e) return e;
  u32 flags = call->args[1].u32;
  if (flags & ~(u32)FDFLAG_NONBLOCK) return E_INVAL;
  e = can_put_u32(call, call->args[2].u32);
  if (e) return e;
  bool waits = !(d->flags & FDFLAG_NONBLOCK);
  int fd = d->fd;
  wm_call_pin(&pinned, call, d);
  for (;;) {
    e = accept_now(call, (u16)flags);
    if (e != E_AGAIN || !waits) return e;
    e = wm_wait_open(call, &pinned, fd, POLLIN, UINT64_MAX);
    if (e) return e;
  }
}

/* ---- messages ---- */

typedef struct Message {
  int fd;
  bool write, stream;
  bool waits; /* the guest asked for waiting */
  int flags;  /* MSG_PEEK, MSG_WAITALL */
  int seen;   /* flags of what came */
  struct iovec *vectors;
  size_t count;
  PinnedFd *pinned;
} Message;

static size_t size_of(const Message *m) {
  size_t size = 0;
  for (size_t i = 0; i < m->count; i++) size += m->vectors[i].iov_len;
  return size;
}

/* Steps over what was moved, and over vectors of nothing behind it. */
static void advance(Message *m, size_t moved) {
  m->count = wm_iovecs_skip(&m->vectors, m->count, moved);
}

/* How many vectors are a piece; 0: the first is more than that. */
static size_t vectors_of_piece(const Message *m) {
  size_t count = 0;
  for (size_t size = 0; count < m->count; count++) {
    size += m->vectors[count].iov_len;
    if (size > PIECE) break;
  }
  return count;
}

/* Moves what can be moved now. Of a stream to be sent a piece, as its reader may be quick; what is
 * received is no more than the system keeps. */
static ssize_t attempt(Message *m) {
  struct iovec first = {0};
  struct msghdr head = {.msg_iov = m->vectors, .msg_iovlen = m->count};
  if (m->stream && m->write) head.msg_iovlen = vectors_of_piece(m);
  if (m->count && !head.msg_iovlen) {
    first = (struct iovec){m->vectors->iov_base, PIECE};
    head.msg_iov = &first;
    head.msg_iovlen = 1;
  }
  int flags = (m->flags & MSG_PEEK) | MSG_DONTWAIT | MSG_NOSIGNAL;
  ssize_t n = m->write ? sendmsg(m->fd, &head, flags) : recvmsg(m->fd, &head, flags);
  m->seen = head.msg_flags;
  return n;
}

/* A send that waits goes on until all is sent; so does a receive that is told to. */
static bool wants_more(const Message *m, ssize_t moved) {
  bool whole = m->write || (m->flags & MSG_WAITALL);
  return m->stream && m->waits && whole && moved > 0;
}

/* What was moved before an error counts. */
static Errno move_all(Call *call, Message *m, size_t *done) {
  advance(m, 0);
  for (;;) {
    if (call_interrupted(call)) return E_INTR;
    ssize_t n = attempt(m);
    int error = errno;
    if (n >= 0) {
      *done += (size_t)n;
      if (!wants_more(m, n)) return E_SUCCESS;
      advance(m, (size_t)n);
      if (!m->count) return E_SUCCESS;
    } else if (error == EAGAIN && m->waits) {
      Errno e = wm_wait_open(call, m->pinned, m->fd, m->write ? POLLOUT : POLLIN, UINT64_MAX);
      if (e) return e == E_BADF && *done ? E_SUCCESS : e;
    } else if (error != EINTR) {
      return *done ? E_SUCCESS : wm_errno_of_host(error);
    }
  }
}

/* A look at all of it: there is no event for that, but for the peer's end. */
static Errno peek_all(Call *call, Message *m, size_t *done) {
  size_t wanted = size_of(m);
  struct pollfd end = {.fd = m->fd, .events = POLLRDHUP};
  for (;;) {
    bool last = poll(&end, 1, 0) != 0; /* asked before: what came with the end is seen */
    *done = 0;
    Errno e = move_all(call, m, done);
    if (e || *done >= wanted || last || !m->waits) return e;
    e = wm_wait_open(call, m->pinned, m->fd, POLLRDHUP, PEEK_LOOK_NS);
    if (e) return e;
  }
}

/* As read(2), a stream is not waited for nothing. */
static Errno exchange(Call *call, Message *m, size_t *done) {
  bool reads_stream = !m->write && m->stream;
  if (reads_stream && size_of(m) == 0) return E_SUCCESS;
  bool looks_at_all = m->flags == (MSG_PEEK | MSG_WAITALL);
  m->flags &= looks_at_all ? ~MSG_WAITALL : ~0;
  return reads_stream && looks_at_all ? peek_all(call, m, done) : move_all(call, m, done);
}

/* Without the context's lock: other threads go on meanwhile. */
static Errno exchange_unlocked(Call *call, Message *m, const Descriptor *d, struct iovec *vectors,
                               size_t *done) {
  PINNED_FD pinned = {.call = NULL};
  m->vectors = vectors;
  m->count = min_u32(call->args[2].u32, MAX_IOVECS);
  m->pinned = &pinned;
  wm_call_release(&pinned, call, d);
  Errno e = wm_iovecs_read(call, call->args[1].u32, call->args[2].u32, vectors);
  return e ? e : exchange(call, m, done);
}

/* Descriptor and vectors are args 0 to 2. A stream stops early when there are too many vectors, a
 * message cannot. */
static Errno exchange_vectors(Call *call, Message *m, const Descriptor *d, size_t *done) {
  struct iovec few[FEW_IOVECS], *many = NULL;
  u32 count = call->args[2].u32;
  m->fd = d->fd;
  m->stream = d->type == FILETYPE_SOCKET_STREAM;
  m->waits = !(d->flags & FDFLAG_NONBLOCK);
  if (!m->stream && count > MAX_IOVECS) return E_MSGSIZE;
  if (count > FEW_IOVECS) {
    many = malloc(MAX_IOVECS * sizeof *many);
    if (!many) return E_NOMEM;
  }
  Errno e = exchange_unlocked(call, m, d, many ? many : few, done);
  free(many);
  return e;
}

Errno wm_call_sock_recv(Call *call) {
  Descriptor *d;
  Errno e = socket_with(call, RIGHT_FD_READ, &d);
  if (e) return e;
  u32 flags = call->args[3].u32;
  if (flags & ~(u32)RIFLAGS_ALL) return E_INVAL;
  e = can_put_u32(call, call->args[4].u32);
  u8 *out_flags = e ? NULL : wm_guest_array(call, call->args[5].u32, 1, 2, 2);
  if (!out_flags) return call->error;
  Message m = {0};
  size_t done = 0;
  if (flags & RIFLAG_PEEK) m.flags |= MSG_PEEK;
  if (flags & RIFLAG_WAITALL) m.flags |= MSG_WAITALL;
  e = exchange_vectors(call, &m, d, &done);
  if (e) return e;
  store_u16(out_flags, m.seen & MSG_TRUNC ? ROFLAG_DATA_TRUNCATED : 0);
  return put_u32(call, call->args[4].u32, (u32)done);
}

Errno wm_call_sock_send(Call *call) {
  Descriptor *d;
  Errno e = socket_with(call, RIGHT_FD_WRITE, &d);
  if (e) return e;
  if (call->args[3].u32) return E_INVAL; /* none is defined */
  e = can_put_u32(call, call->args[4].u32);
  if (e) return e;
  Message m = {.write = true};
  size_t done = 0;
  e = exchange_vectors(call, &m, d, &done);
  return e ? e : put_u32(call, call->args[4].u32, (u32)done);
}

Errno wm_call_sock_shutdown(Call *call) {
  static const int ways[] = {0, SHUT_RD, SHUT_WR, SHUT_RDWR};
  Descriptor *d;
  Errno e = socket_with(call, RIGHT_SOCK_SHUTDOWN, &d);
  if (e) return e;
  u32 how = call->args[1].u32;
  if (how == 0 || how > SDFLAGS_ALL) return E_INVAL;
  return wm_errno_of_result(shutdown(d->fd, ways[how]));
}
