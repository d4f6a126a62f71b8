/* Sockets. Preview 1 cannot open one, and the configuration gives none: what is no socket is told
 * so (E_NOTSOCK), and one that happens to be a standard stream can be read and written only. */
#include "wasi/wasi_ctx.h"

static Errno no_sockets(Call *call) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, 0, &d);
  if (e) return e;
  return wm_descriptor_is_socket(d) ? E_NOSYS : E_NOTSOCK;
}

Errno wm_call_sock_accept(Call *call) { return no_sockets(call); }
Errno wm_call_sock_recv(Call *call) { return no_sockets(call); }
Errno wm_call_sock_send(Call *call) { return no_sockets(call); }
Errno wm_call_sock_shutdown(Call *call) { return no_sockets(call); }
