/* wasi:sockets/tcp. Binding and listening are done when they are begun, and said to be when they
 * are finished; connecting takes its time.
 *
 *   UNBOUND --> BINDING --> BOUND --> LISTENING_SOON --> LISTENING --> a socket that is CONNECTED
 *      '---------------------+-> CONNECTING --> CONNECTED, or CLOSED */
#include "wasi/wasi2_net.h"

enum { DEFAULT_BACKLOG = 128, NEW_FD = 0 };

static Object *self(Wasi2Call *c) { return wm_wasi2_socket(c, OBJECT_TCP); }

void wm_wasi2_create_tcp_socket(Wasi2Call *c) { wm_wasi2_create_socket(c, OBJECT_TCP); }
void wm_wasi2_tcp_start_bind(Wasi2Call *c) { wm_wasi2_start_bind(c, OBJECT_TCP); }
void wm_wasi2_tcp_finish_bind(Wasi2Call *c) { wm_wasi2_finish_bind(c, OBJECT_TCP); }
void wm_wasi2_tcp_address_family(Wasi2Call *c) { wm_wasi2_socket_family(c, OBJECT_TCP); }

/* Its two streams. */
static void put_streams(Wasi2Call *c, Object *socket, Val *input, Val *output) {
  wm_wasi2_put_own(c, input, wm_wasi2_stream(c, OBJECT_INPUT, socket, true));
  wm_wasi2_put_own(c, output, wm_wasi2_stream(c, OBJECT_OUTPUT, socket, true));
}

/* ---- connect ---- */

/* What is wrong with an address is said now, what comes of it when it is finished. */
static bool is_refused(Errno e) { return e == E_INVAL || e == E_NOTCAPABLE || e == E_NOMEM; }

void wm_wasi2_tcp_start_connect(Wasi2Call *c) {
  Object *o = self(c);
  NetAddress a;
  if (!o || !wm_wasi2_object(c, &c->args[1], OBJECT_NETWORK)) return;
  if (!wm_wasi2_may_start(c, o, 1 << SOCKET_UNBOUND | 1 << SOCKET_BOUND)) return;
  wm_wasi2_get_address(&c->args[2], &a);
  Errno e = wm_wasi2_connect(c, o, &a);
  if (is_refused(e)) return wm_wasi2_net_finish(c, e);
  o->state = SOCKET_CONNECTING;
  o->error = e;
  wm_wasi2_done(c);
}

void wm_wasi2_tcp_finish_connect(Wasi2Call *c) {
  Object *o = self(c);
  if (!o) return;
  if (o->state != SOCKET_CONNECTING) return wm_wasi2_net_error(c, NET_NOT_IN_PROGRESS);
  Errno e = o->error ? o->error : RUN_NET(c, finish_connect, ARG(o->fd));
  o->error = E_SUCCESS;
  if (e != E_AGAIN) o->state = e ? SOCKET_CLOSED : SOCKET_CONNECTED;
  if (wm_wasi2_net_failed(c, error_of_connect(e))) return;
  Val *pair = wm_wasi2_put_record(c, wm_wasi2_ok(c), WASMCM_TUPLE, 2);
  put_streams(c, o, &pair[0], &pair[1]);
}

/* ---- listen ---- */

static Errno listen_now(Wasi2Call *c, const Object *o) {
  u32 backlog = o->backlog ? o->backlog : DEFAULT_BACKLOG;
  return RUN_NET(c, listen, ARG(o->fd), ARG(backlog));
}

void wm_wasi2_tcp_start_listen(Wasi2Call *c) {
  Object *o = self(c);
  if (!o || !wm_wasi2_may_start(c, o, 1 << SOCKET_BOUND)) return;
  Errno e = listen_now(c, o);
  if (!e) o->state = SOCKET_LISTENING_SOON;
  wm_wasi2_net_finish(c, e);
}

void wm_wasi2_tcp_finish_listen(Wasi2Call *c) {
  Object *o = self(c);
  if (!o) return;
  if (o->state != SOCKET_LISTENING_SOON) return wm_wasi2_net_error(c, NET_NOT_IN_PROGRESS);
  o->state = SOCKET_LISTENING;
  wm_wasi2_done(c);
}

void wm_wasi2_tcp_set_listen_backlog_size(Wasi2Call *c) {
  Object *o = self(c);
  u64 size = c->args[1].of.u64;
  if (!o) return;
  if (!size) return wm_wasi2_net_error(c, NET_INVALID_ARGUMENT);
  if (o->state >= SOCKET_CONNECTING) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  o->backlog = (u32)min_u64(size, UINT32_MAX);
  wm_wasi2_net_finish(c, o->state >= SOCKET_LISTENING_SOON ? listen_now(c, o) : E_SUCCESS);
}

void wm_wasi2_tcp_accept(Wasi2Call *c) {
  const Object *o = self(c);
  if (!o) return;
  if (o->state != SOCKET_LISTENING) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  if (!wm_wasi2_memory(c, 4)) return;
  if (wm_wasi2_net_failed(c, RUN(c, sock_accept, ARG(o->fd), ARG(0), ARG(NEW_FD)))) return;
  Object *made = wm_wasi2_new_of_fd(c, OBJECT_TCP, load_u32(c->memory + NEW_FD));
  if (!made) return;
  made->family = o->family;
  made->state = SOCKET_CONNECTED;
  Val *three = wm_wasi2_put_record(c, wm_wasi2_ok(c), WASMCM_TUPLE, 3);
  wm_wasi2_put_own(c, &three[0], made);
  put_streams(c, made, &three[1], &three[2]);
}

/* ---- what it is ---- */

void wm_wasi2_tcp_local_address(Wasi2Call *c) {
  const Object *o = self(c);
  if (!o) return;
  bool is_bound = o->state >= SOCKET_BOUND && o->state <= SOCKET_CONNECTED;
  if (!is_bound) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  wm_wasi2_give_name(c, o, false);
}

void wm_wasi2_tcp_remote_address(Wasi2Call *c) {
  const Object *o = self(c);
  if (!o) return;
  if (o->state != SOCKET_CONNECTED) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  wm_wasi2_give_name(c, o, true);
}

void wm_wasi2_tcp_is_listening(Wasi2Call *c) {
  const Object *o = self(c);
  *c->result = (Val){.kind = WASMCM_BOOL, .of.boolean = o && o->state == SOCKET_LISTENING};
}

void wm_wasi2_tcp_subscribe(Wasi2Call *c) { wm_wasi2_subscribe(c, OBJECT_TCP, EVENT_SOCKET); }

void wm_wasi2_tcp_shutdown(Wasi2Call *c) {
  static const u8 ways[] = {SDFLAG_RD, SDFLAG_WR, SDFLAGS_ALL};
  Object *o = self(c);
  if (!o) return;
  u8 how = ways[c->args[1].of.variant.index];
  if (o->state != SOCKET_CONNECTED) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  Errno e = (o->shut & how) == how ? E_SUCCESS : RUN(c, sock_shutdown, ARG(o->fd), ARG(how));
  if (!e) o->shut |= how;
  wm_wasi2_net_finish(c, e);
}

/* ---- options ---- */

#define OPTION(name, option, type)                                                                 \
  void wm_wasi2_tcp_##name(Wasi2Call *c) { wm_wasi2_get_option(c, OBJECT_TCP, option, type); }     \
  void wm_wasi2_tcp_set_##name(Wasi2Call *c) { wm_wasi2_set_option(c, OBJECT_TCP, option); }
OPTION(keep_alive_enabled, NET_KEEP_ALIVE, WASMCM_BOOL)
OPTION(keep_alive_idle_time, NET_KEEP_ALIVE_IDLE, WASMCM_U64)
OPTION(keep_alive_interval, NET_KEEP_ALIVE_INTERVAL, WASMCM_U64)
OPTION(keep_alive_count, NET_KEEP_ALIVE_COUNT, WASMCM_U32)
OPTION(hop_limit, NET_HOP_LIMIT, WASMCM_U8)
OPTION(receive_buffer_size, NET_RECEIVE_BUFFER, WASMCM_U64)
OPTION(send_buffer_size, NET_SEND_BUFFER, WASMCM_U64)
