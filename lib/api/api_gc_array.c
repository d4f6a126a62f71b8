/* Arrays by handles (wasmx_gc.h). */
#include "api/gc_object.h"

/* ---- making ---- */

wasm_ref_t *wasmx_array_new(wasm_store_t *home, const wasmx_type_t *type, const wasmx_val_t *value,
                            uint32_t length) {
  Error err = {0};
  Handle *h = wm_gc_begin(home, &err);
  u64 slot = 0;
  if (h) wm_gc_array_new(home->store, type, (Given){.values = value}, length, &slot, &err);
  return wm_gc_finish(h, slot, &err);
}

wasm_ref_t *wasmx_array_new_fixed(wasm_store_t *home, const wasmx_type_t *type,
                                  const wasmx_val_t *elements, size_t count) {
  Error err = {0};
  Handle *h = wm_gc_begin(home, &err);
  u64 slot = 0;
  if (h) wm_gc_array_new_fixed(home->store, type, (Given){.values = elements}, count, &slot, &err);
  return wm_gc_finish(h, slot, &err);
}

wasm_ref_t *wasmx_array_new_data(wasm_store_t *home, const wasmx_type_t *type, const void *data,
                                 size_t size) {
  Error err = {0};
  Handle *h = wm_gc_begin(home, &err);
  u64 slot = 0;
  if (h) wm_gc_array_new_data(home->store, type, data, size, &slot, &err);
  return wm_gc_finish(h, slot, &err);
}

/* ---- elements ---- */

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
  Error err = {0};
  const HeapObject *o = wm_gc_object_of_handle(ref, COMP_ARRAY, &err);
  return gc_done(o != NULL, &err) ? o->length : 0;
}

bool wasmx_array_fill(wasm_ref_t *ref, uint32_t from, const wasmx_val_t *value, uint32_t count) {
  Error err = {0};
  if (!value) return wm_api_fail(ERR_ARGUMENT, "the value is NULL");
  HeapObject *o = wm_gc_object_of_handle(ref, COMP_ARRAY, &err);
  return gc_done(
      o && wm_gc_array_fill(handle_store(ref), o, from, (Given){.values = value}, count, &err),
      &err);
}

bool wasmx_array_copy(wasm_ref_t *to, uint32_t at, const wasm_ref_t *source, uint32_t from,
                      uint32_t count) {
  Error err = {0};
  HeapObject *d = wm_gc_object_of_handle(to, COMP_ARRAY, &err);
  HeapObject *s = wm_gc_object_of_handle(source, COMP_ARRAY, &err);
  if (d && s && to->home != source->home)
    wm_error_set(&err, ERR_ARGUMENT, 0, "the arrays are of different stores");
  return gc_done(!err.code && wm_gc_array_copy(handle_store(to), d, at, s, from, count, &err),
                 &err);
}

bool wasmx_array_read(const wasm_ref_t *ref, uint32_t from, void *to, uint32_t count) {
  Error err = {0};
  HeapObject *o = wm_gc_object_of_handle(ref, COMP_ARRAY, &err);
  return gc_done(o && wm_gc_array_read(handle_store(ref), o, from, to, count, &err), &err);
}

bool wasmx_array_write(wasm_ref_t *ref, uint32_t from, const void *data, uint32_t count) {
  Error err = {0};
  HeapObject *o = wm_gc_object_of_handle(ref, COMP_ARRAY, &err);
  return gc_done(o && wm_gc_array_write(handle_store(ref), o, from, data, count, &err), &err);
}
