/* Structs, arrays and i31 as the host sees them (wasmx.h). */
#include "api/handle.h"
#include "runtime/gc.h"

static wasmx_refkind_t kind_of_heap_object(const Store *store, const HeapObject *o) {
  return gc_type(store, heap_type_id(o))->kind == COMP_STRUCT ? WASMX_REF_STRUCT : WASMX_REF_ARRAY;
}

static wasmx_refkind_t kind_of_object(const Object *object) {
  switch (object->kind) {
  case OBJ_FUNC: return WASMX_REF_FUNC;
  case OBJ_EXCEPTION: return WASMX_REF_EXCEPTION;
  default: return WASMX_REF_HOST;
  }
}

wasmx_refkind_t wasmx_slot_ref_kind(wasm_store_t *home, uint64_t slot) {
  Store *store = store_of(home);
  Ref ref = ref_of_slot(slot);
  if (!slot) return WASMX_REF_NULL;
  if (!store || !wm_slot_is_ref(store, slot, VAL_EXTERNREF))
    return wm_api_fail(ERR_ARGUMENT, "the slot holds no reference of this store"), WASMX_REF_NULL;
  if (ref_is_i31(ref)) return WASMX_REF_I31;
  const HeapObject *o = ref_heap_object(ref);
  return o ? kind_of_heap_object(store, o) : kind_of_object(ref_object(ref));
}
