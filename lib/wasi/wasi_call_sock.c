/* Sockets. Preview 1 cannot open one, and no host can give one yet: every call says so. */
#include "wasi/wasi_ctx.h"

static Errno not_built(const Call *call) {
  (void)call;
  return E_NOSYS;
}

Errno call_sock_accept(Call *call) { return not_built(call); }
Errno call_sock_recv(Call *call) { return not_built(call); }
Errno call_sock_send(Call *call) { return not_built(call); }
Errno call_sock_shutdown(Call *call) { return not_built(call); }
