/* References and structs as the host sees them (wasmx_gc.h), by handles; what the heap did. */
#include "api/gc_object.h"

/* ---- what a reference is ---- */

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

static wasmx_refkind_t kind_of_ref(const Store *store, Ref ref) {
  if (!ref) return WASMX_REF_NULL;
  if (ref_is_i31(ref)) return WASMX_REF_I31;
  const HeapObject *o = ref_heap_object(ref);
  return o ? kind_of_heap_object(store, o) : kind_of_object(ref_object(ref));
}

wasmx_refkind_t wasmx_slot_ref_kind(wasm_store_t *home, uint64_t slot) {
  const Store *store = store_of(home);
  if (!slot) return WASMX_REF_NULL;
  if (!store || !wm_slot_is_ref(home->store, slot, VAL_EXTERNREF))
    return wm_api_fail(ERR_ARGUMENT, "the slot holds no reference of this store"), WASMX_REF_NULL;
  return kind_of_ref(store, ref_of_slot(slot));
}

wasmx_refkind_t wasmx_ref_kind(const wasm_ref_t *ref) {
  const Store *store = handle_store(ref);
  return store ? kind_of_ref(store, handle_ref(ref)) : WASMX_REF_NULL;
}

wasmx_type_t *wasmx_ref_type(const wasm_ref_t *ref) {
  const Store *store = handle_store(ref);
  Ref to = store ? handle_ref(ref) : NULL;
  wasmx_refkind_t kind = store ? kind_of_ref(store, to) : WASMX_REF_NULL;
  switch (kind) {
  case WASMX_REF_STRUCT:
  case WASMX_REF_ARRAY: return wm_type_own(gc_type(store, heap_type_id(ref_heap_object(to))));
  case WASMX_REF_FUNC: return wm_type_own(handle_of(ref)->type);
  default:
    return wm_api_fail(ERR_ARGUMENT, "the reference is of no struct, array or function"), NULL;
  }
}

static bool is_of_type(Store *store, Ref ref, const wasmx_valtype_t *type) {
  ValType t = wm_valtype_of_public(store->types, type, NULL);
  if (t == VAL_BOTTOM) return wm_api_fail(ERR_ARGUMENT, "this is no type of the engine");
  return wm_ref_fits(store, ref, t);
}

/* Null is of no store. */
static bool is_nullable(const wasmx_valtype_t *type) {
  if (type && type->kind == WASMX_REF) return type->nullable;
  return type && wasm_valkind_is_ref(type->kind);
}

bool wasmx_ref_is(const wasm_ref_t *ref, const wasmx_valtype_t *type) {
  if (!ref) return is_nullable(type);
  return handle_store(ref) && is_of_type(handle_store(ref), handle_ref(ref), type);
}

wasm_ref_t *wasmx_ref_cast(wasm_ref_t *ref, const wasmx_valtype_t *type) {
  if (ref && wasmx_ref_is(ref, type)) return ref;
  return wm_api_fail(ERR_ARGUMENT, "the reference is NULL, or not of that type"), NULL;
}

bool wasmx_slot_is(wasm_store_t *home, uint64_t slot, const wasmx_valtype_t *type) {
  Store *store = store_of(home);
  if (!store || (slot && !wm_slot_is_ref(store, slot, VAL_EXTERNREF)))
    return wm_api_fail(ERR_ARGUMENT, "the slot holds no reference of this store");
  return is_of_type(store, ref_of_slot(slot), type);
}

/* ---- i31 ---- */

wasm_ref_t *wasmx_i31_new(wasm_store_t *home, int32_t value) {
  return wm_gc_hand_out(home, wm_gc_store(home) ? wasmx_slot_of_i31(value) : 0);
}

uint64_t wasmx_slot_of_i31(int32_t value) { return ref_slot(ref_of_i31((u32)value)); }

bool wasmx_slot_get_i31(uint64_t slot, int32_t *out) {
  Ref ref = ref_of_slot(slot);
  bool is_i31 = out && slot <= UINT32_MAX && ref_is_i31(ref);
  if (out) *out = is_i31 ? ref_i31(ref) : 0;
  return is_i31 ||
         wm_api_fail(ERR_ARGUMENT, "the reference is no i31, or there is no place for it");
}

bool wasmx_i31_get(const wasm_ref_t *ref, int32_t *out) {
  return wasmx_slot_get_i31(wasmx_slot_of_ref(ref), out);
}

/* ---- structs ---- */

Store *wm_gc_store(const wasm_store_t *home) {
  Store *store = store_of(home);
  if (store) FORGET_DEAD(store);
  if (!store) wm_api_fail(ERR_ARGUMENT, "the store is NULL or deleted");
  return store;
}

wasm_ref_t *wm_gc_hand_out(wasm_store_t *home, u64 slot) {
  Handle *h = slot ? wm_handle_of_ref(home, ref_of_slot(slot)) : NULL;
  if (h) wm_store_safepoint(home->store);
  return h;
}

wasm_ref_t *wasmx_struct_new(wasm_store_t *home, const wasmx_type_t *type,
                             const wasmx_val_t *fields, size_t count) {
  Store *store = wm_gc_store(home);
  u64 slot = 0;
  if (store && fields && count != wasmx_type_field_count(type))
    return wm_api_fail(ERR_ARGUMENT, "%zu values are given, the struct has %zu fields", count,
                       wasmx_type_field_count(type)),
           NULL;
  if (store) wm_gc_struct_new(store, type, (Given){.values = fields}, &slot);
  return wm_gc_hand_out(home, slot);
}

HeapObject *wm_gc_object_of_handle(const wasm_ref_t *ref, CompositeKind kind) {
  Store *store = handle_store(ref);
  if (store) return wm_gc_object(store, ref_slot(handle_ref(ref)), kind);
  return wm_api_fail(ERR_ARGUMENT, "the reference is NULL, or its store is deleted"), NULL;
}

bool wm_gc_get_value(const wasm_ref_t *ref, CompositeKind kind, u32 index, bool sign,
                     wasmx_val_t *out) {
  static const wasmx_val_t null = {.kind = WASM_EXTERNREF};
  if (!out) return wm_api_fail(ERR_ARGUMENT, "there is no place for the value");
  *out = null;
  u64 slots[2];
  ValType t;
  HeapObject *o = wm_gc_object_of_handle(ref, kind);
  return o && wm_gc_get(handle_store(ref), o, index, sign, slots, &t) &&
         wm_value_of_slots(ref->home, out, t, slots);
}

bool wm_gc_set_value(const wasm_ref_t *ref, CompositeKind kind, u32 index,
                     const wasmx_val_t *value) {
  if (!value) return wm_api_fail(ERR_ARGUMENT, "the value is NULL");
  HeapObject *o = wm_gc_object_of_handle(ref, kind);
  return o && wm_gc_set(handle_store(ref), o, index, (Given){.values = value});
}

bool wasmx_struct_get(const wasm_ref_t *ref, uint32_t field, wasmx_val_t *out) {
  return wm_gc_get_value(ref, COMP_STRUCT, field, false, out);
}

bool wasmx_struct_get_s(const wasm_ref_t *ref, uint32_t field, wasmx_val_t *out) {
  return wm_gc_get_value(ref, COMP_STRUCT, field, true, out);
}

bool wasmx_struct_set(wasm_ref_t *ref, uint32_t field, const wasmx_val_t *value) {
  return wm_gc_set_value(ref, COMP_STRUCT, field, value);
}

/* ---- the heap ---- */

static wasmx_pauses_t pauses_of(const GcPauses *p) {
  return (wasmx_pauses_t){.count = p->count,
                          .total_ns = p->total_ns,
                          .p50_ns = wm_gc_pause_ns(p, 500),
                          .p99_ns = wm_gc_pause_ns(p, 990),
                          .max_ns = p->max_ns,
                          .last_ns = p->last_ns};
}

bool wasmx_store_heap_stats(const wasm_store_t *home, wasmx_heap_stats_t *stats) {
  const Store *store = store_of(home);
  if (!store || !stats || stats->size < sizeof stats->size)
    return wm_api_fail(ERR_ARGUMENT, "no store, or no stats with their size set");
  GcStats found;
  wm_heap_stats(store->heap, &found);
  const wasmx_heap_stats_t all = {.size = stats->size,
                                  .live_bytes = found.live_bytes,
                                  .committed_bytes = found.committed_bytes,
                                  .peak_bytes = found.peak_committed_bytes,
                                  .allocated_bytes = found.allocated_bytes,
                                  .abandoned = found.abandoned,
                                  .young = pauses_of(&found.minor),
                                  .full = pauses_of(&found.full)};
  memcpy(stats, &all, stats->size < sizeof all ? stats->size : sizeof all);
  return true;
}
