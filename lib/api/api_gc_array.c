/* Arrays by handles (wasmx_gc.h). */
#include "api/gc_object.h"

/* ---- making ---- */

wasm_ref_t *wasmx_array_new(wasm_store_t *home, const wasmx_type_t *type, const wasmx_val_t *value,
                            uint32_t length) {
  Store *store = wm_gc_store(home);
  u64 slot = 0;
  if (store) wm_gc_array_new(store, type, (Given){.values = value}, length, &slot);
  return wm_gc_hand_out(home, slot);
}

wasm_ref_t *wasmx_array_new_fixed(wasm_store_t *home, const wasmx_type_t *type,
                                  const wasmx_val_t *elements, size_t count) {
  Store *store = wm_gc_store(home);
  u64 slot = 0;
  if (store) wm_gc_array_new_fixed(store, type, (Given){.values = elements}, count, &slot);
  return wm_gc_hand_out(home, slot);
}

wasm_ref_t *wasmx_array_new_data(wasm_store_t *home, const wasmx_type_t *type, const void *data,
                                 size_t size) {
  Store *store = wm_gc_store(home);
  u64 slot = 0;
  if (store) wm_gc_array_new_data(store, type, data, size, &slot);
  return wm_gc_hand_out(home, slot);
}

/* ---- elements ---- */

static HeapObject *array_of(const wasm_ref_t *ref) {
  return wm_gc_object_of_handle(ref, COMP_ARRAY);
}

bool wasmx_array_get(const wasm_ref_t *ref, uint32_t index, wasmx_val_t *out) {
  return wm_gc_get_value(ref, COMP_ARRAY, index, false, out);
}

bool wasmx_array_get_s(const wasm_ref_t *ref, uint32_t index, wasmx_val_t *out) {
  return wm_gc_get_value(ref, COMP_ARRAY, index, true, out);
}

bool wasmx_array_set(wasm_ref_t *ref, uint32_t index, const wasmx_val_t *value) {
  return wm_gc_set_value(ref, COMP_ARRAY, index, value);
}

uint32_t wasmx_array_length(const wasm_ref_t *ref) {
  const HeapObject *o = array_of(ref);
  return o ? o->length : 0;
}

bool wasmx_array_fill(wasm_ref_t *ref, uint32_t from, const wasmx_val_t *value, uint32_t count) {
  if (!value) return wm_api_fail(ERR_ARGUMENT, "the value is NULL");
  HeapObject *o = array_of(ref);
  return o && wm_gc_array_fill(handle_store(ref), o, from, (Given){.values = value}, count);
}

bool wasmx_array_copy(wasm_ref_t *to, uint32_t at, const wasm_ref_t *source, uint32_t from,
                      uint32_t count) {
  HeapObject *d = array_of(to), *s = array_of(source);
  if (!d || !s) return false;
  if (to->home != source->home)
    return wm_api_fail(ERR_ARGUMENT, "the arrays are of different stores");
  return wm_gc_array_copy(handle_store(to), d, at, s, from, count);
}

bool wasmx_array_read(const wasm_ref_t *ref, uint32_t from, void *to, uint32_t count) {
  HeapObject *o = array_of(ref);
  return o && wm_gc_array_read(handle_store(ref), o, from, to, count);
}

bool wasmx_array_write(wasm_ref_t *ref, uint32_t from, const void *data, uint32_t count) {
  HeapObject *o = array_of(ref);
  return o && wm_gc_array_write(handle_store(ref), o, from, data, count);
}
