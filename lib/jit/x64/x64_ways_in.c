/* The C halves of x64_ways_in.S. */
#include "jit/x64/x64_calls.h"
#include "runtime/native_thunk.h"

#include <unwind.h>

bool wm_x64_prepare(Store *store, const Func *func, const u8 *here) {
  wm_store_fit_stack(store, here);
  if (here < store->native.limit) return false;
  wm_store_update_limit(store, func->instance);
  return true;
}

/* mov rax, [item]; jmp [behind the last item] */
void wm_x64_write_thunks(u8 *code, const void *const *items, u32 count) {
  for (u32 i = 0; i < count; i++) {
    u8 *at = code + (size_t)i * THUNK_BYTES;
    memcpy(at, (const u8[]){0x48, 0x8B, 0x05}, 3);
    store_u32(at + 3, (u32)((const u8 *)&items[i] - (at + 7)));
    memcpy(at + 7, (const u8[]){0xFF, 0x25}, 2);
    store_u32(at + 9, (u32)((const u8 *)&items[count] - (at + 13)));
  }
}

_Unwind_Reason_Code wm_x64_way_in_personality(int version, _Unwind_Action actions,
                                              _Unwind_Exception_Class class,
                                              struct _Unwind_Exception *exception,
                                              struct _Unwind_Context *context);

/* What comes through a way in ends its entry, as the cleanup of wm_call does. The stack pointer of
 * its frame is what the unwinder calls the callee's frame address. */
_Unwind_Reason_Code wm_x64_way_in_personality(int version, _Unwind_Action actions,
                                              _Unwind_Exception_Class class,
                                              struct _Unwind_Exception *exception,
                                              struct _Unwind_Context *context) {
  (void)version, (void)class, (void)exception;
  if (!(actions & _UA_CLEANUP_PHASE)) return _URC_CONTINUE_UNWIND;
  u64 *frame = (u64 *)(uintptr_t)_Unwind_GetCFA(context); /* NOLINT: an address */
  u64 *token = frame + WAY_IN_TOKEN / sizeof *frame;
  Store *store = (Store *)(uintptr_t)token[1]; /* NOLINT: written by the way in */
  if (!*token) return _URC_CONTINUE_UNWIND;
  entry_drop(store, entry_of_token(*token));
  *token = 0;
  store_leave(store, NULL);
  return _URC_CONTINUE_UNWIND;
}
