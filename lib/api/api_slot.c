/* Slots that the host filled (wasmx.h: wasmx_slot_t): what is believed of them. */
#include "api/handle.h"

bool wm_slots_want_look(const ValType *types, u32 count) {
  u32 slots = 0;
  for (u32 i = 0; i < count; i++) {
    if (val_is_ref(types[i])) return true;
    slots += val_slots(types[i]);
  }
  return slots > NARROW_SLOTS;
}

bool wm_ref_fits(Store *store, Ref ref, ValType t) {
  if (!val_is_ref(t)) return false;
  if (!ref) return val_is_nullable(t);
  const Object *object = ref_object(ref);
  HeapType heap = val_heap(t);
  if (heap == HEAP_EXTERN || heap == HEAP_ANY) return true;
  if (object->kind != OBJ_FUNC) return false;
  return wm_heaptype_matches(store->types, ((const Func *)object)->type_id, heap);
}

bool wm_slot_is_ref(Store *store, u64 slot, ValType t) {
  Ref ref = ref_of_slot(slot);
  if (slot % _Alignof(Object) || (ref && ref_object(ref)->store != store)) return false;
  return wm_ref_fits(store, ref, t);
}

bool wm_slots_take(Store *store, const ValType *types, u32 count, u64 *slots) {
  for (u32 i = 0; i < count; i++) {
    if (val_is_narrow(types[i])) *slots = (u32)*slots;
    if (val_is_ref(types[i]) && !wm_slot_is_ref(store, *slots, types[i])) return false;
    slots += val_slots(types[i]);
  }
  return true;
}
