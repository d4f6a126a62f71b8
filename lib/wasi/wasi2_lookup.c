/* wasi:sockets/ip-name-lookup. */
#include "wasi/wasi2_net.h"

enum { NEW_FD = 0, BYTES = 4 };

/* A name that nobody is to look up fails as wasmtime has it. */
static bool failed(Wasi2Call *c, Errno e) {
  switch (e) {
  case E_NOTCAPABLE:
  case E_IO: wm_wasi2_net_error(c, NET_PERMANENT_RESOLVER_FAILURE); return true;
  case E_BUSY: wm_wasi2_net_error(c, NET_TEMPORARY_RESOLVER_FAILURE); return true;
  case E_NOENT: wm_wasi2_net_error(c, NET_NAME_UNRESOLVABLE); return true;
  default: return wm_wasi2_net_failed(c, e);
  }
}

static Errno resolve(Wasi2Call *c, const Val *name) {
  size_t size = name->of.string.size;
  if (size > 4 * NAME_ROOM) return E_INVAL;
  if (!wm_wasi2_memory(c, BYTES + size)) return E_NOMEM;
  if (size) memcpy(c->memory + BYTES, name->of.string.data, size);
  return RUN_NET(c, resolve, ARG(BYTES), ARG(size), ARG(NEW_FD));
}

void wm_wasi2_resolve_addresses(Wasi2Call *c) {
  if (!wm_wasi2_object(c, &c->args[0], OBJECT_NETWORK)) return;
  if (failed(c, resolve(c, &c->args[1]))) return;
  const Object *o = wm_wasi2_new_of_fd(c, OBJECT_ADDRESSES, load_u32(c->memory + NEW_FD));
  wm_wasi2_put_own(c, wm_wasi2_ok(c), o);
}

/* A failure stays one. */
static Errno next(Wasi2Call *c, Object *o) {
  if (o->error) return o->error;
  Errno e = RUN_NET(c, next_address, ARG(o->fd), ARG(0));
  if (e != E_AGAIN) o->error = e;
  return e;
}

void wm_wasi2_resolve_next_address(Wasi2Call *c) {
  Object *o = wm_wasi2_object(c, &c->args[0], OBJECT_ADDRESSES);
  NetAddress a;
  if (!o || !wm_wasi2_memory(c, NET_ADDRESS_SIZE) || failed(c, next(c, o))) return;
  wm_net_address_load(c->memory, &a);
  Val *address = wm_wasi2_vals(c, 1);
  if (a.family) wm_wasi2_put_ip(c, address, &a);
  wm_wasi2_put_case(wm_wasi2_ok(c), WASMCM_OPTION, a.family != 0, address);
}

void wm_wasi2_addresses_subscribe(Wasi2Call *c) {
  wm_wasi2_subscribe(c, OBJECT_ADDRESSES, EVENT_FD_READ);
}
