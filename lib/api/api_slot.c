/* Slots that the host filled (wasmx.h: wasmx_slot_t): what is believed of them.
 *
 * Integers and floats are taken with their upper half cleared. A reference is a word that may be
 * anything: it must be aligned as an object, and its header must name this store; that the address
 * can be read at all is what the host vouches for (README, security). */
#include "api/handle.h"
#include "runtime/gc.h"

bool wm_slots_want_look(const ValType *types, u32 count) {
  u32 slots = 0;
  for (u32 i = 0; i < count; i++) {
    if (val_is_ref(types[i])) return true;
    slots += val_slots(types[i]);
  }
  /* narrow_slots knows that many by a bit mask. */
  return slots > NARROW_SLOTS;
}

/* What only externref, anyref and their subtypes can hold. */
static bool gc_ref_fits(const Store *store, Ref ref, ValType t) {
  HeapType heap = val_heap(t);
  bool is_other = heap == HEAP_FUNC || heap == HEAP_EXN || heap == HEAP_NOFUNC ||
                  (!heap_is_abstract(heap) && wm_types_get(store->types, heap)->kind == COMP_FUNC);
  return !is_other && wm_ref_is(store, ref, t);
}

bool wm_ref_fits(Store *store, Ref ref, ValType t) {
  if (!val_is_ref(t)) return false;
  if (!ref) return val_is_nullable(t);
  if (ref_is_i31(ref) || ref_heap_object(ref)) return gc_ref_fits(store, ref, t);
  const Object *object = ref_object(ref);
  HeapType heap = val_heap(t);
  /* Any object may be external to wasm. */
  if (heap == HEAP_EXTERN || heap == HEAP_ANY) return true;
  if (heap == HEAP_EXN) return object->kind == OBJ_EXCEPTION;
  if (object->kind != OBJ_FUNC) return false;
  return wm_heaptype_matches(store->types, ((const Func *)object)->type_id, heap);
}

bool wm_slot_is_ref(Store *store, u64 slot, ValType t) {
  Ref ref = ref_of_slot(slot);
  if (ref_is_i31(ref)) return slot <= UINT32_MAX && wm_ref_fits(store, ref, t);
  if (slot % _Alignof(Object)) return false;
  bool is_object = ref && !(store->heap && heap_has(store->heap, slot));
  if (is_object && ref_object(ref)->store != store) return false;
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
