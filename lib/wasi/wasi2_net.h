/* What the files of wasi:sockets share (wasi2_net.c). */
#ifndef WM_WASI_WASI2_NET_H
#define WM_WASI_WASI2_NET_H

#include "wasi/wasi2.h"

/* error-code */
typedef enum NetCode {
  NET_UNKNOWN,
  NET_ACCESS_DENIED,
  NET_NOT_SUPPORTED,
  NET_INVALID_ARGUMENT,
  NET_OUT_OF_MEMORY,
  NET_TIMEOUT,
  NET_CONCURRENCY_CONFLICT,
  NET_NOT_IN_PROGRESS,
  NET_WOULD_BLOCK,
  NET_INVALID_STATE,
  NET_NEW_SOCKET_LIMIT,
  NET_ADDRESS_NOT_BINDABLE,
  NET_ADDRESS_IN_USE,
  NET_REMOTE_UNREACHABLE,
  NET_CONNECTION_REFUSED,
  NET_CONNECTION_RESET,
  NET_CONNECTION_ABORTED,
  NET_DATAGRAM_TOO_LARGE,
  NET_NAME_UNRESOLVABLE,
  NET_TEMPORARY_RESOLVER_FAILURE,
  NET_PERMANENT_RESOLVER_FAILURE
} NetCode;

#define RUN_NET(c, name, ...)                                                                      \
  wm_wasi2_run((c), &wm_net_rows[NET_CALL_##name], (const wasmx_slot_t[]){__VA_ARGS__})

/* The result is that error. */
void wm_wasi2_net_error(Wasi2Call *c, NetCode code);
/* The result is the error; false: E_SUCCESS. */
bool wm_wasi2_net_failed(Wasi2Call *c, Errno e);
/* The result is the error, or ok without a value. */
void wm_wasi2_net_finish(Wasi2Call *c, Errno e);

/* ---- addresses ---- */
void wm_wasi2_put_ip(Wasi2Call *c, Val *to, const NetAddress *a);
void wm_wasi2_put_address(Wasi2Call *c, Val *to, const NetAddress *a);
void wm_wasi2_get_address(const Val *from, NetAddress *a);

/* ---- what both kinds of sockets do ---- */
/* The socket in argument 0; NULL with the trap. */
Object *wm_wasi2_socket(Wasi2Call *c, ObjectKind kind);
void wm_wasi2_create_socket(Wasi2Call *c, ObjectKind kind);
void wm_wasi2_start_bind(Wasi2Call *c, ObjectKind kind);
void wm_wasi2_finish_bind(Wasi2Call *c, ObjectKind kind);
void wm_wasi2_socket_family(Wasi2Call *c, ObjectKind kind);
/* Whether what is allowed in these states (bits) may begin now; the result says why not. */
bool wm_wasi2_may_start(Wasi2Call *c, const Object *socket, u32 states);
/* The result is its own address, or its peer's. */
void wm_wasi2_give_name(Wasi2Call *c, const Object *socket, bool peer);
/* The row connect, with an address (family 0: none). */
Errno wm_wasi2_connect(Wasi2Call *c, const Object *socket, const NetAddress *a);
/* No port was left to bind it to by the way. */
static inline Errno error_of_connect(Errno e) { return e == E_ADDRNOTAVAIL ? E_ADDRINUSE : e; }
void wm_wasi2_get_option(Wasi2Call *c, ObjectKind kind, NetOption option, wasmcm_kind_t type);
void wm_wasi2_set_option(Wasi2Call *c, ObjectKind kind, NetOption option);

#endif
