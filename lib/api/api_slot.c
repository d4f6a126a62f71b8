/* Slots that the host filled (wasmx.h: wasmx_slot_t), and handles of the references in them. */
#include "api/handle.h"

bool wm_slots_want_look(const ValType *types, u32 count) {
  u32 slots = 0;
  for (u32 i = 0; i < count; i++) {
    if (val_is_ref(types[i])) return true;
    slots += val_slots(types[i]);
  }
  return slots > NARROW_SLOTS;
}

/* As far as it can be known of a word that the host says is a reference. */
static bool is_ref_of(Store *store, u64 slot, ValType t) {
  Ref ref = (Ref)(uintptr_t)slot;
  if (slot % _Alignof(Object) || (ref && ref->store != store)) return false;
  return wm_ref_fits(store, ref, t);
}

bool wm_slots_take(Store *store, const ValType *types, u32 count, u64 *slots) {
  for (u32 i = 0; i < count; i++) {
    if (val_is_narrow(types[i])) *slots = (u32)*slots;
    if (val_is_ref(types[i]) && !is_ref_of(store, *slots, types[i])) return false;
    slots += val_slots(types[i]);
  }
  return true;
}

uint64_t wasmx_slot_of_ref(const wasm_ref_t *ref) {
  return handle_store(ref) ? (u64)(uintptr_t)ref->object : 0;
}

wasm_ref_t *wasmx_ref_of_slot(wasm_store_t *home, uint64_t slot) {
  Store *store = store_of(home);
  if (!store || !slot) return NULL;
  if (is_ref_of(store, slot, VAL_EXTERNREF)) return wm_handle_new(home, (Object *)(uintptr_t)slot);
  return wm_api_fail(ERR_ARGUMENT, "the slot holds no reference of this store"), NULL;
}
