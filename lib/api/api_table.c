/* Tables. wasm.h counts elements in 32 bits; a larger table's size is told as the most they can
 * say, and elements beyond cannot be named. */
#include "api/handle.h"

static Table *table_of(const wasm_table_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? (Table *)h->object : NULL;
}

/* As in api_types.c. */
static u32 narrow(u64 n) { return n < UINT32_MAX ? (u32)n : UINT32_MAX; }

wasm_table_t *wasm_table_new(wasm_store_t *home, const wasm_tabletype_t *type, wasm_ref_t *init) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  TableType inner;
  Table *table = NULL;
  if (h && wm_tabletype_of(type, &inner, &err)) {
    Ref ref;
    if (wm_ref_of_handle(home->store, init, inner.element, &ref))
      table = wm_table_new(home->store, &inner, ref, &err);
    else
      wm_error_set(&err, ERR_ARGUMENT, 0, "the initial reference is not of the element's type");
  }
  return (wasm_table_t *)wm_api_finish(h, (Object *)table, &err);
}

wasm_tabletype_t *wasm_table_type(const wasm_table_t *ref) {
  return wasm_externtype_as_tabletype(wasm_extern_type(wasm_table_as_extern_const(ref)));
}

/* The table when it has such an element; NULL with the last error set. */
static Table *table_at(const wasm_table_t *ref, u64 index) {
  Table *table = table_of(ref);
  if (table && index < table->length) return table;
  return wm_api_fail(ERR_ARGUMENT, "no table, or the index is out of bounds"), NULL;
}

static bool wrong_element(void) {
  return wm_api_fail(ERR_ARGUMENT, "the reference is not of the element's type");
}

wasm_ref_t *wasm_table_get(const wasm_table_t *ref, wasm_table_size_t index) {
  const Table *table = table_at(ref, index);
  if (!table) return NULL;
  /* A null element is NULL, and no error. */
  Ref element = table->elems[index];
  return element ? (wasm_ref_t *)wm_handle_of_ref(handle_of(ref)->home, element) : NULL;
}

bool wasm_table_set(wasm_table_t *ref, wasm_table_size_t index, wasm_ref_t *value) {
  Table *table = table_at(ref, index);
  Ref element;
  if (!table) return false;
  if (!wm_ref_of_handle(handle_of(ref)->home->store, value, table->type.element, &element))
    return wrong_element();
  /* Marks the card, for the collector. */
  table_write(table, index, element);
  return true;
}

uint64_t wasmx_table_size(const wasm_table_t *ref) {
  const Table *table = table_of(ref);
  return table ? table->length : 0;
}

wasm_table_size_t wasm_table_size(const wasm_table_t *ref) { return narrow(wasmx_table_size(ref)); }

static bool grow(wasm_table_t *ref, u64 delta, const Handle *init, u64 *old) {
  Table *table = table_of(ref);
  Store *store = handle_store(handle_of(ref));
  Ref element;
  if (!table) return wm_api_fail(ERR_ARGUMENT, "the table is NULL or its store deleted");
  FORGET_DEAD(store); /* whose time may be up */
  if (!wm_ref_of_handle(store, init, table->type.element, &element)) return wrong_element();
  u64 before = wm_table_grow(store, table, delta, element);
  if (before == UINT64_MAX)
    return wm_api_fail(ERR_LIMIT, "the table cannot grow by %llu elements",
                       (unsigned long long)delta);
  if (old) *old = before;
  return true;
}

bool wasm_table_grow(wasm_table_t *ref, wasm_table_size_t delta, wasm_ref_t *init) {
  return grow(ref, delta, init, NULL);
}

/* ---- by values of any type ---- */

bool wasmx_table_grow(wasm_table_t *ref, uint64_t delta, const wasmx_val_t *init, uint64_t *old) {
  if (init && !wasm_valkind_is_ref(init->kind)) return wrong_element();
  return grow(ref, delta, init ? init->of.ref : NULL, old);
}

bool wasmx_table_get(const wasm_table_t *ref, uint64_t index, wasmx_val_t *out) {
  if (!out) return wm_api_fail(ERR_ARGUMENT, "there is no place for the value");
  *out = (wasmx_val_t){.kind = WASM_EXTERNREF};
  const Table *table = table_at(ref, index);
  if (!table) return false;
  u64 slot = ref_slot(table->elems[index]);
  return wm_value_of_slots(handle_of(ref)->home, out, table->type.element, &slot);
}

bool wasmx_table_set(wasm_table_t *ref, uint64_t index, const wasmx_val_t *value) {
  Table *table = table_at(ref, index);
  u64 slot = 0;
  if (!table) return false;
  if (!value || !wm_slots_of_value(handle_of(ref)->home->store, value, table->type.element, &slot))
    return wrong_element();
  table_write(table, index, ref_of_slot(slot));
  return true;
}
