/* Memories, tables and globals of a store. */
#include "compat/compat.h"

static wasmtime_error_t *not_here(const char *what) {
  return wm_compat_error("the %s is none of this store, or an argument is NULL", what);
}

/* Takes the new external: its handle to *item. */
static wasmtime_error_t *keep(wasmtime_context_t *c, wasm_extern_t *made, wasmtime_extern_t *item) {
  if (!made) return wm_compat_last_error();
  return wm_compat_item_of(c, made, item) ? NULL : wm_compat_error("out of memory");
}

/* ---- memories ---- */

static wasm_memory_t *memory_of(const wasmtime_context_t *c, const wasmtime_memory_t *memory) {
  if (!c || !memory) return NULL;
  const Object *o = object_of(c, memory->store_id, memory->__private1, WASMTIME_EXTERN_MEMORY);
  return o ? wasm_extern_as_memory(o->external) : NULL;
}

wasm_memorytype_t *wasmtime_memorytype_new(uint64_t min, bool max_present, uint64_t max, bool is_64,
                                           bool shared) {
  wasmx_limits64_t limits = {min, max_present ? max : UINT64_MAX};
  return wasmx_memorytype_new(limits, is_64, shared);
}

uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t *type) {
  return type ? wasmx_memorytype_limits(type).min : 0;
}

bool wasmtime_memorytype_maximum(const wasm_memorytype_t *type, uint64_t *max) {
  uint64_t found = type ? wasmx_memorytype_limits(type).max : UINT64_MAX;
  if (found == UINT64_MAX) return false;
  if (max) *max = found;
  return true;
}

bool wasmtime_memorytype_is64(const wasm_memorytype_t *type) {
  return type && wasmx_memorytype_is_64(type);
}

bool wasmtime_memorytype_isshared(const wasm_memorytype_t *type) {
  return type && wasmx_memorytype_is_shared(type);
}

wasmtime_error_t *wasmtime_memory_new(wasmtime_context_t *store, const wasm_memorytype_t *type,
                                      wasmtime_memory_t *ret) {
  wasmtime_extern_t item;
  if (!store || !type || !ret) return not_here("memory's type");
  wasm_memory_t *made = wasm_memory_new(store->store, type);
  wasmtime_error_t *error = keep(store, made ? wasm_memory_as_extern(made) : NULL, &item);
  if (!error) *ret = item.of.memory;
  return error;
}

wasm_memorytype_t *wasmtime_memory_type(const wasmtime_context_t *store,
                                        const wasmtime_memory_t *memory) {
  return wasm_memory_type(memory_of(store, memory));
}

uint8_t *wasmtime_memory_data(const wasmtime_context_t *store, const wasmtime_memory_t *memory) {
  return (uint8_t *)wasm_memory_data(memory_of(store, memory));
}

size_t wasmtime_memory_data_size(const wasmtime_context_t *store, const wasmtime_memory_t *memory) {
  return wasm_memory_data_size(memory_of(store, memory));
}

uint64_t wasmtime_memory_size(const wasmtime_context_t *store, const wasmtime_memory_t *memory) {
  return wasmx_memory_size(memory_of(store, memory));
}

wasmtime_error_t *wasmtime_memory_grow(wasmtime_context_t *store, const wasmtime_memory_t *memory,
                                       uint64_t delta, uint64_t *prev_size) {
  wasm_memory_t *handle = memory_of(store, memory);
  if (!handle) return not_here("memory");
  return wasmx_memory_grow(handle, delta, prev_size)
             ? NULL
             : wm_compat_error("failed to grow memory by `%llu`", (unsigned long long)delta);
}

/* ---- tables ---- */

static wasm_table_t *table_of(const wasmtime_context_t *c, const wasmtime_table_t *table) {
  if (!c || !table) return NULL;
  const Object *o = object_of(c, table->store_id, table->__private1, WASMTIME_EXTERN_TABLE);
  return o ? wasm_extern_as_table(o->external) : NULL;
}

static wasmtime_error_t *wrong_ref(void) {
  return wm_compat_error("the element is no reference of this store");
}

wasmtime_error_t *wasmtime_table_new(wasmtime_context_t *store, const wasm_tabletype_t *type,
                                     const wasmtime_val_t *init, wasmtime_table_t *table) {
  wasm_ref_t *ref;
  wasmtime_extern_t item;
  if (!store || !type || !table) return not_here("table's type");
  if (!wm_compat_ref_of(store, init, &ref)) return wrong_ref();
  wasm_table_t *made = wasm_table_new(store->store, type, ref);
  wasmtime_error_t *error = keep(store, made ? wasm_table_as_extern(made) : NULL, &item);
  if (!error) *table = item.of.table;
  return error;
}

wasm_tabletype_t *wasmtime_table_type(const wasmtime_context_t *store,
                                      const wasmtime_table_t *table) {
  return wasm_table_type(table_of(store, table));
}

static wasmtime_valkind_t element_kind(const wasm_table_t *table) {
  wasm_tabletype_t *type = wasm_table_type(table);
  wasm_valkind_t kind = type ? wasm_valtype_kind(wasm_tabletype_element(type)) : WASM_FUNCREF;
  wasm_tabletype_delete(type);
  return wm_compat_kind(kind);
}

bool wasmtime_table_get(wasmtime_context_t *store, const wasmtime_table_t *table, uint64_t index,
                        wasmtime_val_t *val) {
  const wasm_table_t *handle = table_of(store, table);
  if (!handle || !val || index >= wasm_table_size(handle)) return false;
  wasm_ref_t *ref = wasm_table_get(handle, (wasm_table_size_t)index);
  return wm_compat_val_of_ref(store, element_kind(handle), ref, val);
}

wasmtime_error_t *wasmtime_table_set(wasmtime_context_t *store, const wasmtime_table_t *table,
                                     uint64_t index, const wasmtime_val_t *value) {
  wasm_ref_t *ref;
  wasm_table_t *handle = table_of(store, table);
  if (!handle || !value) return not_here("table");
  if (!wm_compat_ref_of(store, value, &ref)) return wrong_ref();
  bool is_set = index < UINT32_MAX && wasm_table_set(handle, (wasm_table_size_t)index, ref);
  return is_set ? NULL : wm_compat_error("the element is out of bounds, or of another type");
}

uint64_t wasmtime_table_size(const wasmtime_context_t *store, const wasmtime_table_t *table) {
  return wasm_table_size(table_of(store, table));
}

wasmtime_error_t *wasmtime_table_grow(wasmtime_context_t *store, const wasmtime_table_t *table,
                                      uint64_t delta, const wasmtime_val_t *init,
                                      uint64_t *prev_size) {
  wasm_ref_t *ref;
  wasm_table_t *handle = table_of(store, table);
  if (!handle) return not_here("table");
  if (!wm_compat_ref_of(store, init, &ref)) return wrong_ref();
  uint64_t before = wasm_table_size(handle);
  if (delta > UINT32_MAX || !wasm_table_grow(handle, (wasm_table_size_t)delta, ref))
    return wm_compat_error("failed to grow table by `%llu`", (unsigned long long)delta);
  if (prev_size) *prev_size = before;
  return NULL;
}

/* ---- globals ---- */

static wasm_global_t *global_of(const wasmtime_context_t *c, const wasmtime_global_t *global) {
  if (!c || !global) return NULL;
  const Object *o = object_of(c, global->store_id, global->__private1, WASMTIME_EXTERN_GLOBAL);
  return o ? wasm_extern_as_global(o->external) : NULL;
}

static wasmtime_valkind_t content_kind(const wasm_globaltype_t *type) {
  return wm_compat_kind(wasm_valtype_kind(wasm_globaltype_content(type)));
}

wasmtime_error_t *wasmtime_global_new(wasmtime_context_t *store, const wasm_globaltype_t *type,
                                      const wasmtime_val_t *val, wasmtime_global_t *ret) {
  wasmx_slot_t slots[2];
  wasmtime_extern_t item;
  if (!store || !type || !val || !ret) return not_here("global's type");
  const char *wrong = wm_compat_to_slots(store, content_kind(type), val, slots);
  if (wrong) return wm_compat_error("%s", wrong);
  wasm_global_t *made = wasmx_global_new_raw(store->store, type, slots);
  wasmtime_error_t *error = keep(store, made ? wasm_global_as_extern(made) : NULL, &item);
  if (!error) *ret = item.of.global;
  return error;
}

wasm_globaltype_t *wasmtime_global_type(const wasmtime_context_t *store,
                                        const wasmtime_global_t *global) {
  return wasm_global_type(global_of(store, global));
}

static wasmtime_valkind_t kind_of_global(const wasm_global_t *global) {
  wasm_globaltype_t *type = wasm_global_type(global);
  wasmtime_valkind_t kind = type ? content_kind(type) : WASMTIME_I32;
  wasm_globaltype_delete(type);
  return kind;
}

void wasmtime_global_get(wasmtime_context_t *store, const wasmtime_global_t *global,
                         wasmtime_val_t *out) {
  wasmx_slot_t slots[2] = {{.u64 = 0}, {.u64 = 0}};
  const wasm_global_t *handle = global_of(store, global);
  if (!out) return;
  memset(out, 0, sizeof *out);
  if (!handle) return;
  wasmtime_valkind_t kind = kind_of_global(handle);
  wasmx_global_get_raw(handle, slots);
  wm_compat_from_slots(store, kind, slots, wm_compat_hold(store, kind, slots), out);
}

wasmtime_error_t *wasmtime_global_set(wasmtime_context_t *store, const wasmtime_global_t *global,
                                      const wasmtime_val_t *val) {
  wasmx_slot_t slots[2];
  wasm_global_t *handle = global_of(store, global);
  if (!handle || !val) return not_here("global");
  const char *wrong = wm_compat_to_slots(store, kind_of_global(handle), val, slots);
  if (wrong) return wm_compat_error("%s", wrong);
  return wasmx_global_set_raw(handle, slots) ? NULL : wm_compat_last_error();
}
