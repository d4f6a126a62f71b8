/* Options of sockets: the rows option and set_option of wasi_net.def. What the system cannot take
 * is made smaller, and nothing becomes 0, which means something else. */
#include "wasi/wasi_net.h"

#include <errno.h>
#include <netinet/tcp.h>

enum { MAX_SECONDS = 32767, MAX_PROBES = 127, MAX_HOPS = 255 };
static const u64 second = 1000000000u;

static const struct {
  int level, name, name6; /* name6: at IPPROTO_IPV6, of sockets of IPv6; 0: the same */
  u64 unit;               /* how much one of the system's is */
  u32 max;                /* in the system's */
} options[NET_OPTIONS] = {
    [NET_KEEP_ALIVE] = {SOL_SOCKET, SO_KEEPALIVE, 0, 1, 1},
    [NET_KEEP_ALIVE_IDLE] = {IPPROTO_TCP, TCP_KEEPIDLE, 0, second, MAX_SECONDS},
    [NET_KEEP_ALIVE_INTERVAL] = {IPPROTO_TCP, TCP_KEEPINTVL, 0, second, MAX_SECONDS},
    [NET_KEEP_ALIVE_COUNT] = {IPPROTO_TCP, TCP_KEEPCNT, 0, 1, MAX_PROBES},
    [NET_HOP_LIMIT] = {IPPROTO_IP, IP_TTL, IPV6_UNICAST_HOPS, 1, MAX_HOPS},
    [NET_RECEIVE_BUFFER] = {SOL_SOCKET, SO_RCVBUF, 0, 1, INT32_MAX / 2},
    [NET_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF, 0, 1, INT32_MAX / 2},
};

/* What the system calls it for the socket in argument 0. */
typedef struct Option {
  int fd, level, name;
  u32 number;
} Option;

static Errno find_option(Call *call, Option *o) {
  Descriptor *d;
  Errno e = wm_net_socket(call, &d);
  if (e) return e;
  o->number = call->args[1].u32;
  if (o->number >= NET_OPTIONS) return E_INVAL;
  bool other = options[o->number].name6 && wm_net_family(d->fd) == 6;
  o->fd = d->fd;
  o->level = other ? IPPROTO_IPV6 : options[o->number].level;
  o->name = other ? options[o->number].name6 : options[o->number].name;
  return E_SUCCESS;
}

/* The system says twice what it was told: its own bookkeeping is in it. */
static bool is_doubled(u32 option) {
  return option == NET_RECEIVE_BUFFER || option == NET_SEND_BUFFER;
}

Errno wm_call_net_option(Call *call) {
  Option o;
  int value = 0;
  socklen_t len = sizeof value;
  Errno e = find_option(call, &o);
  if (!e) e = wm_errno_of_result(getsockopt(o.fd, o.level, o.name, &value, &len));
  if (e) return e;
  if (is_doubled(o.number)) value /= 2;
  return put_u64(call, call->args[2].u32, (u64)value * options[o.number].unit);
}

Errno wm_call_net_set_option(Call *call) {
  Option o;
  Errno e = find_option(call, &o);
  if (e) return e;
  u64 value = call->args[2].u64, unit = options[o.number].unit;
  u64 units = min_u64(value / unit + (value % unit != 0), options[o.number].max);
  int given = (int)units;
  return wm_errno_of_result(setsockopt(o.fd, o.level, o.name, &given, sizeof given));
}
