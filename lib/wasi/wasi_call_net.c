/* Sockets that a program opens: the rows of wasi_net.def but for names (wasi_lookup.c) and options
 * (wasi_call_option.c). No system call here waits. */
#include "wasi/wasi_audit.h"
#include "wasi/wasi_net.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { MAX_BACKLOG = 4096 };

/* ---- arguments ---- */

void wm_net_address_store(u8 *to, const NetAddress *a) {
  store_u16(to, a->family);
  store_u16(to + 2, a->port);
  store_u32(to + 4, a->flow);
  store_u32(to + 8, a->scope);
  memcpy(to + 12, a->bytes, sizeof a->bytes);
}

void wm_net_address_load(const u8 *from, NetAddress *a) {
  *a = (NetAddress){.family = (u8)load_u16(from),
                    .port = load_u16(from + 2),
                    .flow = load_u32(from + 4),
                    .scope = load_u32(from + 8)};
  memcpy(a->bytes, from + 12, sizeof a->bytes);
}

/* Where an argument says that an address is. */
static u8 *address_at(Call *call, u32 arg) {
  return wm_guest_array(call, call->args[arg].u32, 1, NET_ADDRESS_SIZE, 4);
}

Errno wm_net_socket(Call *call, Descriptor **d) {
  Errno e = wm_call_fd(call, 0, 0, d);
  return !e && !wm_descriptor_is_socket(*d) ? E_NOTSOCK : e;
}

static bool is_stream(const Descriptor *d) { return d->type == FILETYPE_SOCKET_STREAM; }

u8 wm_net_family(int fd) {
  int domain = 0;
  socklen_t len = sizeof domain;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
  return domain == AF_INET6 ? 6 : 4;
}

static void note_address(const Call *call, const SocketAddress *a) {
  if (call->access) wm_address_print(a, call->access->address, sizeof call->access->address);
}

/* What one is used for. */
typedef struct Target {
  Descriptor *d;
  NetAddress net;
  SocketAddress host;
} Target;

/* The socket and the address, which fit together; `remote`: it is somebody's. */
static Errno read_target(Call *call, u32 arg, bool remote, Target *t) {
  Errno e = wm_net_socket(call, &t->d);
  const u8 *from = e ? NULL : address_at(call, arg);
  if (!from) return e ? e : call->error;
  wm_net_address_load(from, &t->net);
  if (t->net.family != wm_net_family(t->d->fd) || wm_net_address_is_mapped(&t->net)) return E_INVAL;
  wm_net_address_to_host(&t->net, &t->host);
  note_address(call, &t->host);
  bool is_somebody = t->net.port && !wm_net_address_is_zero(&t->net);
  if (remote && !is_somebody) return E_INVAL;
  return is_stream(t->d) && !wm_net_address_is_unicast(&t->net) ? E_INVAL : E_SUCCESS;
}

static Errno allow(const Call *call, NetUse use, const NetAddress *a) {
  return wm_net_allows(&call->ctx->net, use, a) ? E_SUCCESS : E_NOTCAPABLE;
}

/* ---- open ---- */

Errno wm_net_give(Call *call, Descriptor *d, u32 result) {
  u32 number;
  Errno e = can_put_u32(call, call->args[result].u32);
  if (!e) e = wm_fds_add(&call->ctx->fds, d, &number);
  if (e) wm_descriptor_close(d);
  if (!e && call->access) call->access->new_fd = number;
  return e ? e : put_u32(call, call->args[result].u32, number);
}

static bool is_allowed(const Call *call, bool datagrams) {
  const NetRules *rules = &call->ctx->net;
  return wm_net_allows_some(rules, datagrams ? NET_UDP_SEND : NET_TCP_CONNECT) ||
         wm_net_allows_some(rules, datagrams ? NET_UDP_BIND : NET_TCP_BIND);
}

/* A port that connections linger at is free; IPv6 is never also IPv4. */
static void prepare(int fd, bool datagrams, bool v6) {
  const int on = 1;
  if (!datagrams) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
}

Errno wm_call_net_open(Call *call) {
  bool datagrams = call->args[0].u32, v6 = call->args[1].u32 == 6;
  const Grant *grant = call->ctx->network;
  if (!is_allowed(call, datagrams) || !grant_allows(grant)) return E_NOTCAPABLE;
  Errno e = wm_fds_reserve(&call->ctx->fds);
  if (e) return e;
  int kind = (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  int fd = wm_above_standard(socket(v6 ? AF_INET6 : AF_INET, kind, 0));
  if (fd < 0) return wm_errno_of_host(errno);
  prepare(fd, datagrams, v6);
  Descriptor d = {.kind = FD_HOST,
                  .type = datagrams ? FILETYPE_SOCKET_DGRAM : FILETYPE_SOCKET_STREAM,
                  .owned = true,
                  .fd = fd,
                  .grant = grant,
                  .base = RIGHTS_CONNECTION};
  return wm_net_give(call, &d, 2);
}

/* ---- bind, listen ---- */

/* Whoever may send datagrams may have a port of the system's choice for it: only answers are
 * received there. */
static Errno allow_bind(const Call *call, Target *t) {
  if (is_stream(t->d)) return allow(call, NET_TCP_BIND, &t->net);
  t->d->answers_only = allow(call, NET_UDP_BIND, &t->net) != E_SUCCESS;
  if (!t->d->answers_only) return E_SUCCESS;
  bool any = !t->net.port && wm_net_address_is_zero(&t->net);
  return any && wm_net_allows_some(&call->ctx->net, NET_UDP_SEND) ? E_SUCCESS : E_NOTCAPABLE;
}

Errno wm_call_net_bind(Call *call) {
  Target t;
  Errno e = read_target(call, 1, false, &t);
  if (!e) e = allow_bind(call, &t);
  return e ? e : wm_errno_of_result(bind(t.d->fd, &t.host.of.any, t.host.len));
}

/* What is a listener from then on is asked for connections, and never waited for. */
Errno wm_call_net_listen(Call *call) {
  Descriptor *d;
  Errno e = wm_net_socket(call, &d);
  if (!e) e = wm_errno_of_result(listen(d->fd, (int)min_u32(call->args[1].u32, MAX_BACKLOG)));
  if (e) return e;
  d->listens = true;
  d->flags = FDFLAG_NONBLOCK;
  d->base = RIGHTS_LISTENER;
  d->inheriting = RIGHTS_CONNECTION;
  return E_SUCCESS;
}

/* ---- connect ---- */

/* A datagram socket without a peer. A port that the system chose goes with the peer: it is taken
 * back. */
static Errno disconnect(int fd) {
  SocketAddress before = {.len = sizeof before.of}, after = before;
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  if (getsockname(fd, &before.of.any, &before.len)) return wm_errno_of_host(errno);
  if (connect(fd, &nobody, sizeof nobody) && errno != EAFNOSUPPORT) return wm_errno_of_host(errno);
  if (getsockname(fd, &after.of.any, &after.len)) return wm_errno_of_host(errno);
  in_port_t *port =
      after.of.any.sa_family == AF_INET6 ? &after.of.v6.sin6_port : &after.of.v4.sin_port;
  if (*port) return E_SUCCESS;
  *port = after.of.any.sa_family == AF_INET6 ? before.of.v6.sin6_port : before.of.v4.sin_port;
  return wm_errno_of_result(bind(fd, &after.of.any, after.len));
}

Errno wm_call_net_connect(Call *call) {
  Target t;
  if (!call->args[1].u32) {
    Errno e = wm_net_socket(call, &t.d);
    return e ? e : is_stream(t.d) ? E_INVAL : disconnect(t.d->fd);
  }
  Errno e = read_target(call, 1, true, &t);
  if (!e) e = allow(call, is_stream(t.d) ? NET_TCP_CONNECT : NET_UDP_SEND, &t.net);
  if (e) return e;
  int failed = connect(t.d->fd, &t.host.of.any, t.host.len);
  return failed && errno != EINPROGRESS && errno != EINTR ? wm_errno_of_host(errno) : E_SUCCESS;
}

Errno wm_call_net_finish_connect(Call *call) {
  Descriptor *d;
  int error = 0;
  socklen_t len = sizeof error;
  Errno e = wm_net_socket(call, &d);
  if (e) return e;
  struct pollfd done = {.fd = d->fd, .events = POLLOUT};
  if (poll(&done, 1, 0) <= 0) return E_AGAIN;
  if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len)) error = errno;
  return wm_errno_of_host(error);
}

Errno wm_call_net_name(Call *call) {
  Descriptor *d;
  SocketAddress a = {.len = sizeof a.of};
  NetAddress net;
  Errno e = wm_net_socket(call, &d);
  u8 *to = e ? NULL : address_at(call, 2);
  if (!to) return e ? e : call->error;
  int failed = call->args[1].u32 ? getpeername(d->fd, &a.of.any, &a.len)
                                 : getsockname(d->fd, &a.of.any, &a.len);
  if (failed) return wm_errno_of_host(errno);
  wm_net_address_of_host(&a, &net);
  wm_net_address_store(to, &net);
  return E_SUCCESS;
}

/* ---- datagrams ---- */

/* EAGAIN when it is of nobody who may be answered: the next one may be. */
static ssize_t receive_one(const Call *call, const Descriptor *d, void *bytes, size_t size,
                           NetAddress *from) {
  SocketAddress a = {.len = sizeof a.of};
  ssize_t n = recvfrom(d->fd, bytes, size, MSG_DONTWAIT, &a.of.any, &a.len);
  if (n < 0) return n;
  wm_net_address_of_host(&a, from);
  note_address(call, &a);
  if (!d->answers_only || wm_net_allows(&call->ctx->net, NET_UDP_SEND, from)) return n;
  errno = EINTR;
  return -1;
}

Errno wm_call_net_receive(Call *call) {
  Descriptor *d;
  NetAddress from;
  u32 size = call->args[2].u32;
  Errno e = wm_net_socket(call, &d);
  if (!e) e = can_put_u32(call, call->args[3].u32);
  u8 *bytes = e ? NULL : guest_bytes(call, call->args[1].u32, size);
  u8 *to = bytes ? address_at(call, 4) : NULL;
  if (!to) return e ? e : call->error;
  ssize_t n = receive_one(call, d, bytes, size, &from);
  if (n < 0) return wm_errno_of_host(errno);
  wm_net_address_store(to, &from);
  return put_u32(call, call->args[3].u32, (u32)n);
}

Errno wm_call_net_send_to(Call *call) {
  Target t = {.d = NULL};
  bool to_peer = !call->args[3].u32;
  u32 size = call->args[2].u32;
  Errno e = to_peer ? wm_net_socket(call, &t.d) : read_target(call, 3, true, &t);
  if (!e && !to_peer) e = allow(call, NET_UDP_SEND, &t.net);
  const u8 *bytes = e ? NULL : guest_bytes(call, call->args[1].u32, size);
  if (!bytes) return e ? e : call->error;
  const struct sockaddr *to = to_peer ? NULL : &t.host.of.any;
  ssize_t n = sendto(t.d->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, to, t.host.len);
  return n < 0 ? wm_errno_of_host(errno) : E_SUCCESS;
}
