/* wasi:sockets/udp. */
#include "wasi/wasi2_net.h"

enum {
  MAX_DATAGRAMS = 16,   /* of one call */
  MAX_SKIPPED = 64,     /* in one call: that are of nobody who is listened to */
  MAX_DATAGRAM = 65535, /* bytes */
  /* In the memory of a row. */
  DONE = 4,
  ADDRESS_AT = 8,
  BYTES = ADDRESS_AT + NET_ADDRESS_SIZE
};

static Object *self(Wasi2Call *c) { return wm_wasi2_socket(c, OBJECT_UDP); }

void wm_wasi2_create_udp_socket(Wasi2Call *c) { wm_wasi2_create_socket(c, OBJECT_UDP); }
void wm_wasi2_udp_start_bind(Wasi2Call *c) { wm_wasi2_start_bind(c, OBJECT_UDP); }
void wm_wasi2_udp_finish_bind(Wasi2Call *c) { wm_wasi2_finish_bind(c, OBJECT_UDP); }
void wm_wasi2_udp_address_family(Wasi2Call *c) { wm_wasi2_socket_family(c, OBJECT_UDP); }
void wm_wasi2_udp_subscribe(Wasi2Call *c) { wm_wasi2_subscribe(c, OBJECT_UDP, EVENT_SOCKET); }

void wm_wasi2_udp_local_address(Wasi2Call *c) {
  const Object *o = self(c);
  if (!o) return;
  if (o->state != SOCKET_BOUND) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  wm_wasi2_give_name(c, o, false);
}

void wm_wasi2_udp_remote_address(Wasi2Call *c) {
  const Object *o = self(c);
  if (!o) return;
  if (!o->peer.family) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  wm_wasi2_put_address(c, wm_wasi2_ok(c), &o->peer);
}

/* ---- streams ---- */

static const NetAddress nobody = {.family = 0};

/* Of an option of an address. */
static NetAddress peer_of(const Val *given) {
  NetAddress peer = nobody;
  if (given->of.variant.index) wm_wasi2_get_address(given->of.variant.payload, &peer);
  return peer;
}

static void put_stream(Wasi2Call *c, Val *to, ObjectKind kind, Object *socket) {
  Object *made = wm_wasi2_new(c, kind, socket);
  if (made) made->peer = socket->peer;
  wm_wasi2_put_own(c, to, made);
}

/* From nobody to nobody there is nothing to do. A peer that cannot be had leaves the one before. */
static Errno set_peer(Wasi2Call *c, Object *o, const NetAddress *peer) {
  Errno e = peer->family || o->peer.family ? wm_wasi2_connect(c, o, peer) : E_SUCCESS;
  if (!e) o->peer = *peer;
  return error_of_connect(e);
}

void wm_wasi2_udp_stream(Wasi2Call *c) {
  Object *o = self(c);
  if (!o) return;
  if (o->streams) return wm_wasi2_trap(c, "stream: there are streams of before");
  if (o->state != SOCKET_BOUND) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  const NetAddress peer = peer_of(&c->args[1]);
  if (wm_wasi2_net_failed(c, set_peer(c, o, &peer))) return;
  Val *pair = wm_wasi2_put_record(c, wm_wasi2_ok(c), WASMCM_TUPLE, 2);
  put_stream(c, &pair[0], OBJECT_INCOMING, o);
  put_stream(c, &pair[1], OBJECT_OUTGOING, o);
}

/* ---- receive ---- */

/* The system leaves a scope out where it says nothing. */
static bool same_peer(const NetAddress *a, const NetAddress *b) {
  bool same_scope = !a->scope || !b->scope || a->scope == b->scope;
  return a->family == b->family && a->port == b->port && same_scope &&
         memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* One that is in the row's memory then. */
static Errno receive_row(Wasi2Call *c, const Object *o, u32 *size, NetAddress *from) {
  Errno e =
      RUN_NET(c, receive, ARG(o->fd), ARG(BYTES), ARG(MAX_DATAGRAM), ARG(DONE), ARG(ADDRESS_AT));
  *size = e ? 0 : load_u32(c->memory + DONE);
  if (!e) wm_net_address_load(c->memory + ADDRESS_AT, from);
  return e;
}

/* The next of the peer's, if there is one. What came before it was one is not (some are kept by the
 * system). */
static Errno receive_next(Wasi2Call *c, const Object *o, u32 *size, NetAddress *from) {
  for (u32 skipped = 0; skipped < MAX_SKIPPED; skipped++) {
    Errno e = receive_row(c, o, size, from);
    if (e != E_INTR && (e || !o->peer.family || same_peer(from, &o->peer))) return e;
  }
  return E_AGAIN;
}

/* False: out of memory. */
static bool put_datagram(Wasi2Call *c, Val *to, u32 size, const NetAddress *from) {
  u8 *bytes = wasmcm_call_alloc(c->call, size);
  if (!bytes) return wm_wasi2_trap(c, "out of memory"), false;
  memcpy(bytes, c->memory + BYTES, size);
  Val *fields = wm_wasi2_put_record(c, to, WASMCM_RECORD, 2);
  wm_wasi2_put_bytes(&fields[0], bytes, size);
  wm_wasi2_put_address(c, &fields[1], from);
  return true;
}

/* Up to `count`; an error behind the first is kept for the next call. */
static u32 receive_some(Wasi2Call *c, Object *o, Val *list, u32 count) {
  u32 done = 0;
  while (!o->error && done < count) {
    u32 size;
    NetAddress from;
    Errno e = receive_next(c, o, &size, &from);
    if (e == E_AGAIN || c->trap) break;
    o->error = e;
    if (!e && put_datagram(c, &list[done], size, &from)) done++;
  }
  return done;
}

void wm_wasi2_incoming_receive(Wasi2Call *c) {
  Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_INCOMING);
  u32 count = (u32)min_u64(c->args[1].of.u64, MAX_DATAGRAMS);
  if (!o || !wm_wasi2_memory(c, BYTES + MAX_DATAGRAM)) return;
  Val made, *list = wm_wasi2_list(c, &made, count);
  if (!list) return;
  made.of.items.count = receive_some(c, o, list, count);
  Errno e = made.of.items.count || !count ? E_SUCCESS : o->error;
  if (e) o->error = E_SUCCESS;
  if (!wm_wasi2_net_failed(c, e)) *wm_wasi2_ok(c) = made;
}

void wm_wasi2_incoming_subscribe(Wasi2Call *c) {
  wm_wasi2_subscribe(c, OBJECT_INCOMING, EVENT_FD_READ);
}

/* ---- send ---- */

void wm_wasi2_outgoing_check_send(Wasi2Call *c) {
  Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_OUTGOING);
  if (!o) return;
  o->permit = wm_wasi2_is_ready(c, o->fd, EVENT_FD_WRITE) ? MAX_DATAGRAMS : 0;
  wm_wasi2_put(wm_wasi2_ok(c), WASMCM_U64, o->permit);
}

/* With a peer it is for that, without one for somebody. */
static bool is_for(const Object *o, const NetAddress *to) {
  return o->peer.family ? !to->family || same_peer(to, &o->peer) : to->family;
}

static Errno send_one(Wasi2Call *c, const Object *o, const Val *datagram) {
  const Val *data = &datagram->of.items.data[0];
  const NetAddress to = peer_of(&datagram->of.items.data[1]);
  u64 size = data->of.numbers.count;
  if (!is_for(o, &to)) return E_INVAL;
  if (size > MAX_DATAGRAM) return E_MSGSIZE;
  if (!wm_wasi2_memory(c, BYTES + size)) return E_NOMEM;
  if (size) memcpy(c->memory + BYTES, data->of.numbers.data, size);
  wm_net_address_store(c->memory + ADDRESS_AT, &to);
  u32 address = o->peer.family ? 0 : ADDRESS_AT;
  return RUN_NET(c, send_to, ARG(o->fd), ARG(BYTES), ARG(size), ARG(address));
}

void wm_wasi2_outgoing_send(Wasi2Call *c) {
  Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_OUTGOING);
  size_t count = c->args[1].of.items.count, sent = 0;
  if (!o) return;
  if (count > o->permit) return wm_wasi2_trap(c, "send: more than check-send permits");
  if (count) o->permit = 0;
  Errno e = E_SUCCESS;
  while (!e && sent < count) {
    e = send_one(c, o, &c->args[1].of.items.data[sent]);
    sent += !e;
  }
  if (sent || e == E_AGAIN) e = E_SUCCESS;
  if (!wm_wasi2_net_failed(c, e)) wm_wasi2_put(wm_wasi2_ok(c), WASMCM_U64, sent);
}

void wm_wasi2_outgoing_subscribe(Wasi2Call *c) {
  wm_wasi2_subscribe(c, OBJECT_OUTGOING, EVENT_FD_WRITE);
}

/* ---- options ---- */

#define OPTION(name, option, type)                                                                 \
  void wm_wasi2_udp_##name(Wasi2Call *c) { wm_wasi2_get_option(c, OBJECT_UDP, option, type); }     \
  void wm_wasi2_udp_set_##name(Wasi2Call *c) { wm_wasi2_set_option(c, OBJECT_UDP, option); }
OPTION(unicast_hop_limit, NET_HOP_LIMIT, WASMCM_U8)
OPTION(receive_buffer_size, NET_RECEIVE_BUFFER, WASMCM_U64)
OPTION(send_buffer_size, NET_SEND_BUFFER, WASMCM_U64)
