/* The rows of wasi_net.def. */
#include "wasi/wasi_net.h"

const CallRow wm_net_rows[NET_CALLS] = {
#define NET(name, params)                                                                          \
  {"sock_" #name, params, ALL_CALLS + NET_CALL_##name, true, true, wm_call_net_##name},
#include "wasi/wasi_net.def"
};
