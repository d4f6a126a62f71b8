/* What a call's arguments name: places in the guest's memory, descriptors (wasi_ctx.h). */
#include "wasi/wasi_audit.h"

void *wm_guest_array(Call *call, u32 address, u64 count, size_t size, size_t alignment) {
  u64 bytes;
  call->error = E_FAULT;
  if (!call->memory || !checked_mul(count, size, &bytes)) return NULL;
  /* Without a sum that could wrap; count * size is a u64 of numbers from the guest. */
  if (address > call->memory_size || bytes > call->memory_size - address) return NULL;
  call->error = E_INVAL;
  return address % alignment ? NULL : call->memory + address;
}

Errno wm_call_fd(Call *call, u32 arg, Rights rights, Descriptor **d) {
  *d = NULL;
  Errno e = wm_fds_get(&call->ctx->fds, call->args[arg].u32, rights, d);
  const Descriptor *found =
      *d; /* NULL: it is not open; what is there may be refused all the same */
  wm_access_descriptor(call->access, call->args[arg].u32, found, rights);
  call->needs = rights;
  call->grant = found ? found->grant : NULL;
  return e;
}
