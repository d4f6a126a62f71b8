/* Arguments, environment, and the end of the program. */
#include "wasi/wasi_ctx.h"

#include <sched.h>

/* ---- arguments and environment ---- */

static Errno list_sizes(Call *call, const StringList *list) {
  Errno e = can_put_u32(call, call->args[1].u32);
  if (!e) e = put_u32(call, call->args[0].u32, list->count);
  return e ? e : put_u32(call, call->args[1].u32, (u32)list->bytes.len);
}

/* The strings one after another at arg 1, their addresses at arg 0. */
static Errno list_get(Call *call, const StringList *list) {
  u32 base = call->args[1].u32;
  u8 *addresses = wm_guest_array(call, call->args[0].u32, list->count, 4, 4);
  u8 *bytes = addresses ? guest_bytes(call, base, list->bytes.len) : NULL;
  if (!bytes) return call->error;
  u32 at = 0;
  for (u32 i = 0; i < list->count; i++) {
    store_u32(addresses + 4 * (size_t)i, base + at);
    at += (u32)strlen((const char *)list->bytes.data + at) + 1;
  }
  if (list->bytes.len) memcpy(bytes, list->bytes.data, list->bytes.len);
  return E_SUCCESS;
}

Errno wm_call_args_sizes_get(Call *call) { return list_sizes(call, &call->ctx->args); }
Errno wm_call_args_get(Call *call) { return list_get(call, &call->ctx->args); }
Errno wm_call_environ_sizes_get(Call *call) { return list_sizes(call, &call->ctx->env); }
Errno wm_call_environ_get(Call *call) { return list_get(call, &call->ctx->env); }

/* ---- the rest ---- */

Errno wm_call_sched_yield(Call *call) {
  (void)call;
  sched_yield();
  return E_SUCCESS;
}

Errno wm_call_proc_exit(Call *call) {
  wasm_store_t *store = call_store(call);
  wm_threads_exit(&call->ctx->threads, store);
  call->trap = wasmx_trap_new_exit(store, call->args[0].i32);
  /* Out of memory, the program must end all the same: calling nothing is a trap that needs none. */
  if (!call->trap) call->trap = wasmx_func_call_raw(NULL, NULL);
  return E_SUCCESS;
}

/* A guest has no signals of its own, and the host's are not its to raise. */
Errno wm_call_proc_raise(Call *call) {
  (void)call;
  return E_NOSYS;
}
