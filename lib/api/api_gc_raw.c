/* Structs and arrays by slots, and slots that are roots (wasmx_gc.h). No finalizer is run here, as
 * what is made is held by nobody yet. */
#include "api/gc_object.h"

#include <stdlib.h>

/* ---- making ---- */

/* The store, where something is to be made into *out. */
static Store *store_to_make(const wasm_store_t *home, const wasmx_slot_t *out) {
  if (!out) return wm_api_fail(ERR_ARGUMENT, "there is no place for the object"), NULL;
  return wm_gc_store(home);
}

bool wasmx_struct_new_raw(wasm_store_t *home, const wasmx_type_t *type, const wasmx_slot_t *fields,
                          wasmx_slot_t *out) {
  Store *store = store_to_make(home, out);
  return store && wm_gc_struct_new(store, type, (Given){.slots = fields}, &out->u64);
}

bool wasmx_array_new_raw(wasm_store_t *home, const wasmx_type_t *type, const wasmx_slot_t *value,
                         uint32_t length, wasmx_slot_t *out) {
  Store *store = store_to_make(home, out);
  return store && wm_gc_array_new(store, type, (Given){.slots = value}, length, &out->u64);
}

bool wasmx_array_new_data_raw(wasm_store_t *home, const wasmx_type_t *type, const void *data,
                              size_t size, wasmx_slot_t *out) {
  Store *store = store_to_make(home, out);
  return store && wm_gc_array_new_data(store, type, data, size, &out->u64);
}

/* ---- fields and elements ---- */

static HeapObject *object_of(const wasm_store_t *home, u64 slot, CompositeKind kind) {
  if (store_of(home)) return wm_gc_object(home->store, slot, kind);
  return wm_api_fail(ERR_ARGUMENT, "there is no store"), NULL;
}

static bool get(const wasm_store_t *home, u64 object, CompositeKind kind, u32 index,
                wasmx_slot_t *out) {
  u64 slots[2];
  ValType t;
  if (!out) return wm_api_fail(ERR_ARGUMENT, "there is no place for the value");
  HeapObject *o = object_of(home, object, kind);
  if (!o || !wm_gc_get(home->store, o, index, false, slots, &t)) return false;
  memcpy(out, slots, val_slots(t) * sizeof *slots);
  return true;
}

static bool set(const wasm_store_t *home, u64 object, CompositeKind kind, u32 index,
                const wasmx_slot_t *value) {
  if (!value) return wm_api_fail(ERR_ARGUMENT, "the value is NULL");
  HeapObject *o = object_of(home, object, kind);
  return o && wm_gc_set(home->store, o, index, (Given){.slots = value});
}

bool wasmx_struct_get_raw(wasm_store_t *home, uint64_t object, uint32_t field, wasmx_slot_t *out) {
  return get(home, object, COMP_STRUCT, field, out);
}

bool wasmx_struct_set_raw(wasm_store_t *home, uint64_t object, uint32_t field,
                          const wasmx_slot_t *value) {
  return set(home, object, COMP_STRUCT, field, value);
}

bool wasmx_array_get_raw(wasm_store_t *home, uint64_t object, uint32_t index, wasmx_slot_t *out) {
  return get(home, object, COMP_ARRAY, index, out);
}

bool wasmx_array_set_raw(wasm_store_t *home, uint64_t object, uint32_t index,
                         const wasmx_slot_t *value) {
  return set(home, object, COMP_ARRAY, index, value);
}

uint32_t wasmx_array_length_raw(wasm_store_t *home, uint64_t object) {
  const HeapObject *o = object_of(home, object, COMP_ARRAY);
  return o ? o->length : 0;
}

bool wasmx_array_read_raw(wasm_store_t *home, uint64_t object, uint32_t from, void *to,
                          uint32_t count) {
  HeapObject *o = object_of(home, object, COMP_ARRAY);
  return o && wm_gc_array_read(home->store, o, from, to, count);
}

bool wasmx_array_write_raw(wasm_store_t *home, uint64_t object, uint32_t from, const void *data,
                           uint32_t count) {
  HeapObject *o = object_of(home, object, COMP_ARRAY);
  return o && wm_gc_array_write(home->store, o, from, data, count);
}

/* ---- roots ---- */

struct wasmx_roots_t {
  wasm_store_t *home; /* counted */
  SlotRoots roots;    /* in the store's list while there is the store */
  size_t count;
  wasmx_slot_t slots[];
};

wasmx_roots_t *wasmx_roots_new(wasm_store_t *home, size_t count) {
  Error err = {0};
  Store *store = wm_api_store(home, &err);
  if (!store) return wm_api_report(&err, NULL), NULL;
  if (!count) return wm_api_fail(ERR_ARGUMENT, "roots of no slots"), NULL;
  bool fits = count <= (SIZE_MAX - sizeof(wasmx_roots_t)) / sizeof(wasmx_slot_t);
  wasmx_roots_t *r = fits ? calloc(1, sizeof *r + count * sizeof *r->slots) : NULL;
  if (!r) return wm_api_out_of_memory(), NULL;
  r->home = home;
  r->count = count;
  wm_home_hold(home);
  wm_slot_roots_add(store, &r->roots, &r->slots->u64, count);
  return r;
}

void wasmx_roots_delete(wasmx_roots_t *r) {
  if (!r) return;
  if (r->home->store) wm_slot_roots_remove(&r->roots);
  wm_home_release(r->home);
  free(r);
}

wasmx_slot_t *wasmx_roots_slots(wasmx_roots_t *r) { return r ? r->slots : NULL; }
size_t wasmx_roots_count(const wasmx_roots_t *r) { return r ? r->count : 0; }
