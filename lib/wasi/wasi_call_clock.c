/* The two calls that ask a program's clocks (wasi_clock.h). */
#include "wasi/wasi_ctx.h"

#include <errno.h>

static Errno resolution(const Clock *c, u32 id, u64 *ns) {
  struct timespec t;
  *ns = max_u64(c->step, 1);
  if (wm_clock_is_virtual(c)) return E_SUCCESS;
  if (clock_getres(wm_host_clock(id), &t)) return wm_errno_of_host(errno);
  *ns = max_u64(c->step, wm_nanoseconds(&t));
  return E_SUCCESS;
}

Errno wm_call_clock_res_get(Call *call) {
  u64 ns;
  u32 id = call->args[0].u32;
  if (id > CLOCK_ID_THREAD) return E_INVAL;
  Errno e = resolution(&call->ctx->clock, id, &ns);
  return e ? e : put_u64(call, call->args[1].u32, ns);
}

/* A reading that finds no place for its result is none: the clock stays. */
static NOINLINE Errno read_other_clock(Call *call, u32 id) {
  u8 *out = wm_guest_array(call, call->args[2].u32, 1, 8, 8);
  if (!out) return call->error;
  store_u64(out, wm_clock_read(&call->ctx->clock, id));
  return E_SUCCESS;
}

Errno wm_call_clock_time_get(Call *call) {
  u32 id = call->args[0].u32;
  struct timespec t;
  if (id > CLOCK_ID_THREAD) return E_INVAL;
  if (call->ctx->clock.kind != WASI_CLOCK_REAL) return read_other_clock(call, id);
  if (clock_gettime(wm_host_clock(id), &t)) return wm_errno_of_host(errno);
  return put_u64(call, call->args[2].u32, wm_nanoseconds(&t));
}
