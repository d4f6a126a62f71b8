/* wasi:sockets, what its kinds of sockets have in common: see wasi2_net.h. */
#include "wasi/wasi2_net.h"

/* ---- errors ---- */

static const struct {
  Errno error;
  NetCode code;
} codes[] = {
    {E_ACCES, NET_ACCESS_DENIED},
    {E_PERM, NET_ACCESS_DENIED},
    {E_NOTCAPABLE, NET_ACCESS_DENIED},
    {E_NOTSUP, NET_NOT_SUPPORTED},
    {E_AFNOSUPPORT, NET_NOT_SUPPORTED},
    {E_PROTONOSUPPORT, NET_NOT_SUPPORTED},
    {E_NOPROTOOPT, NET_NOT_SUPPORTED},
    {E_INVAL, NET_INVALID_ARGUMENT},
    {E_NOMEM, NET_OUT_OF_MEMORY},
    {E_NOBUFS, NET_OUT_OF_MEMORY},
    {E_TIMEDOUT, NET_TIMEOUT},
    {E_ALREADY, NET_CONCURRENCY_CONFLICT},
    {E_AGAIN, NET_WOULD_BLOCK},
    {E_NOTCONN, NET_INVALID_STATE},
    {E_ISCONN, NET_INVALID_STATE},
    {E_DESTADDRREQ, NET_INVALID_STATE},
    {E_MFILE, NET_NEW_SOCKET_LIMIT},
    {E_NFILE, NET_NEW_SOCKET_LIMIT},
    {E_ADDRNOTAVAIL, NET_ADDRESS_NOT_BINDABLE},
    {E_ADDRINUSE, NET_ADDRESS_IN_USE},
    {E_HOSTUNREACH, NET_REMOTE_UNREACHABLE},
    {E_NETUNREACH, NET_REMOTE_UNREACHABLE},
    {E_NETDOWN, NET_REMOTE_UNREACHABLE},
    {E_CONNREFUSED, NET_CONNECTION_REFUSED},
    {E_CONNRESET, NET_CONNECTION_RESET},
    {E_NETRESET, NET_CONNECTION_RESET},
    {E_CONNABORTED, NET_CONNECTION_ABORTED},
    {E_MSGSIZE, NET_DATAGRAM_TOO_LARGE},
};

static NetCode code_of(Errno e) {
  for (u32 i = 0; i < ARRAY_LEN(codes); i++)
    if (codes[i].error == e) return codes[i].code;
  return NET_UNKNOWN;
}

void wm_wasi2_net_error(Wasi2Call *c, NetCode code) {
  Val *payload = wm_wasi2_vals(c, 1);
  wm_wasi2_put_case(payload, WASMCM_ENUM, code, NULL);
  wm_wasi2_put_case(c->result, WASMCM_RESULT, 1, payload);
}

bool wm_wasi2_net_failed(Wasi2Call *c, Errno e) {
  if (e) wm_wasi2_net_error(c, code_of(e));
  return e != E_SUCCESS;
}

void wm_wasi2_net_finish(Wasi2Call *c, Errno e) {
  if (!wm_wasi2_net_failed(c, e)) wm_wasi2_done(c);
}

void wm_wasi2_network_error_code(Wasi2Call *c) {
  const Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_ERROR);
  if (!o) return;
  Val *code = wm_wasi2_vals(c, 1);
  wm_wasi2_put_case(code, WASMCM_ENUM, code_of(o->error), NULL);
  wm_wasi2_put_case(c->result, WASMCM_OPTION, o->of_socket, code);
}

/* ---- networks ---- */

void wm_wasi2_instance_network(Wasi2Call *c) {
  wm_wasi2_put_own(c, c->result, wm_wasi2_new(c, OBJECT_NETWORK, NULL));
}

/* ---- addresses ---- */

/* The tuple of its numbers. */
static void put_numbers(Wasi2Call *c, Val *to, const NetAddress *a) {
  u32 count = a->family == 6 ? 8 : 4;
  Val *numbers = wm_wasi2_put_record(c, to, WASMCM_TUPLE, count);
  for (u32 i = 0; i < count; i++)
    if (a->family == 6)
      wm_wasi2_put(&numbers[i], WASMCM_U16, (u64)a->bytes[2 * i] << 8 | a->bytes[2 * i + 1]);
    else
      wm_wasi2_put(&numbers[i], WASMCM_U8, a->bytes[i]);
}

static void get_numbers(const Val *from, NetAddress *a) {
  const Val *numbers = from->of.items.data;
  for (u32 i = 0; i < 8; i++) {
    u64 n = a->family == 6 || i < 4 ? numbers[i].of.u64 : 0;
    if (a->family == 4) a->bytes[i] = (u8)n;
    if (a->family == 6) a->bytes[2 * i] = (u8)(n >> 8), a->bytes[2 * i + 1] = (u8)n;
  }
}

void wm_wasi2_put_ip(Wasi2Call *c, Val *to, const NetAddress *a) {
  Val *payload = wm_wasi2_vals(c, 1);
  put_numbers(c, payload, a);
  wm_wasi2_put_case(to, WASMCM_VARIANT, a->family == 6, payload);
}

void wm_wasi2_put_address(Wasi2Call *c, Val *to, const NetAddress *a) {
  bool v6 = a->family == 6;
  Val *payload = wm_wasi2_vals(c, 1),
      *f = wm_wasi2_put_record(c, payload, WASMCM_RECORD, v6 ? 4 : 2);
  wm_wasi2_put(&f[0], WASMCM_U16, a->port);
  put_numbers(c, &f[v6 ? 2 : 1], a);
  if (v6) wm_wasi2_put(&f[1], WASMCM_U32, a->flow);
  if (v6) wm_wasi2_put(&f[3], WASMCM_U32, a->scope);
  wm_wasi2_put_case(to, WASMCM_VARIANT, v6, payload);
}

void wm_wasi2_get_address(const Val *from, NetAddress *a) {
  bool v6 = from->of.variant.index;
  const Val *f = from->of.variant.payload->of.items.data;
  *a = (NetAddress){.family = v6 ? 6 : 4, .port = (u16)f[0].of.u64};
  get_numbers(&f[v6 ? 2 : 1], a);
  if (v6) a->flow = (u32)f[1].of.u64;
  if (v6) a->scope = (u32)f[3].of.u64;
}

/* ---- sockets ---- */

Object *wm_wasi2_socket(Wasi2Call *c, ObjectKind kind) {
  return wm_wasi2_object(c, &c->args[0], kind);
}

/* In the memory of a row: what it gives, or an address, which is not to be at 0. */
enum { NEW_FD = 0, ADDRESS_AT = 4 };

void wm_wasi2_create_socket(Wasi2Call *c, ObjectKind kind) {
  u32 family = c->args[0].of.variant.index ? 6 : 4;
  if (!wm_wasi2_memory(c, 4)) return;
  if (wm_wasi2_net_failed(c, RUN_NET(c, open, ARG(kind == OBJECT_UDP), ARG(family), ARG(NEW_FD))))
    return;
  Object *o = wm_wasi2_new_of_fd(c, kind, load_u32(c->memory + NEW_FD));
  if (!o) return;
  o->family = (u8)family;
  wm_wasi2_put_own(c, wm_wasi2_ok(c), o);
}

/* An address in the memory of the row that is run next. */
static bool lay_out(Wasi2Call *c, const NetAddress *a) {
  if (!wm_wasi2_memory(c, ADDRESS_AT + NET_ADDRESS_SIZE)) return false;
  wm_net_address_store(c->memory + ADDRESS_AT, a);
  return true;
}

static bool is_in_progress(const Object *socket) {
  return socket->state == SOCKET_BINDING || socket->state == SOCKET_LISTENING_SOON ||
         socket->state == SOCKET_CONNECTING;
}

bool wm_wasi2_may_start(Wasi2Call *c, const Object *socket, u32 states) {
  if (is_in_progress(socket))
    wm_wasi2_net_error(c, NET_CONCURRENCY_CONFLICT);
  else if (!(states >> socket->state & 1))
    wm_wasi2_net_error(c, NET_INVALID_STATE);
  else
    return true;
  return false;
}

void wm_wasi2_start_bind(Wasi2Call *c, ObjectKind kind) {
  Object *o = wm_wasi2_socket(c, kind);
  NetAddress a;
  if (!o || !wm_wasi2_object(c, &c->args[1], OBJECT_NETWORK)) return;
  if (!wm_wasi2_may_start(c, o, 1 << SOCKET_UNBOUND)) return;
  wm_wasi2_get_address(&c->args[2], &a);
  if (!lay_out(c, &a)) return;
  Errno e = RUN_NET(c, bind, ARG(o->fd), ARG(ADDRESS_AT));
  if (!e) o->state = SOCKET_BINDING;
  wm_wasi2_net_finish(c, e);
}

void wm_wasi2_finish_bind(Wasi2Call *c, ObjectKind kind) {
  Object *o = wm_wasi2_socket(c, kind);
  if (!o) return;
  if (o->state != SOCKET_BINDING) return wm_wasi2_net_error(c, NET_NOT_IN_PROGRESS);
  o->state = SOCKET_BOUND;
  wm_wasi2_done(c);
}

void wm_wasi2_socket_family(Wasi2Call *c, ObjectKind kind) {
  const Object *o = wm_wasi2_socket(c, kind);
  if (o) wm_wasi2_put_case(c->result, WASMCM_ENUM, o->family == 6, NULL);
}

void wm_wasi2_give_name(Wasi2Call *c, const Object *socket, bool peer) {
  NetAddress a;
  if (!wm_wasi2_memory(c, NET_ADDRESS_SIZE)) return;
  if (wm_wasi2_net_failed(c, RUN_NET(c, name, ARG(socket->fd), ARG(peer), ARG(0)))) return;
  wm_net_address_load(c->memory, &a);
  wm_wasi2_put_address(c, wm_wasi2_ok(c), &a);
}

Errno wm_wasi2_connect(Wasi2Call *c, const Object *socket, const NetAddress *a) {
  if (!lay_out(c, a)) return E_NOMEM;
  return RUN_NET(c, connect, ARG(socket->fd), ARG(a->family ? ADDRESS_AT : 0));
}

/* ---- options ---- */

void wm_wasi2_get_option(Wasi2Call *c, ObjectKind kind, NetOption option, wasmcm_kind_t type) {
  const Object *o = wm_wasi2_socket(c, kind);
  if (!o || !wm_wasi2_memory(c, 8)) return;
  if (o->state == SOCKET_CLOSED) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  if (wm_wasi2_net_failed(c, RUN_NET(c, option, ARG(o->fd), ARG(option), ARG(0)))) return;
  u64 value = load_u64(c->memory);
  if (type == WASMCM_BOOL)
    *wm_wasi2_ok(c) = (Val){.kind = type, .of.boolean = value != 0};
  else
    wm_wasi2_put(wm_wasi2_ok(c), type, value);
}

/* 0 is no value of any but the one that is on or off. */
void wm_wasi2_set_option(Wasi2Call *c, ObjectKind kind, NetOption option) {
  const Object *o = wm_wasi2_socket(c, kind);
  const Val *given = &c->args[1];
  if (!o) return;
  if (o->state == SOCKET_CLOSED) return wm_wasi2_net_error(c, NET_INVALID_STATE);
  u64 value = given->kind == WASMCM_BOOL ? given->of.boolean : given->of.u64;
  if (!value && option != NET_KEEP_ALIVE) return wm_wasi2_net_error(c, NET_INVALID_ARGUMENT);
  wm_wasi2_net_finish(c, RUN_NET(c, set_option, ARG(o->fd), ARG(option), ARG(value)));
}
