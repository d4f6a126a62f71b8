/* Sockets. Preview 1 cannot open one, and the configuration gives none: every call says so. */
#include "wasi/wasi_ctx.h"

static Errno no_sockets(const Call *call) {
  (void)call;
  return E_NOSYS;
}

Errno call_sock_accept(Call *call) { return no_sockets(call); }
Errno call_sock_recv(Call *call) { return no_sockets(call); }
Errno call_sock_send(Call *call) { return no_sockets(call); }
Errno call_sock_shutdown(Call *call) { return no_sockets(call); }
