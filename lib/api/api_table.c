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

wasm_ref_t *wasm_table_get(const wasm_table_t *ref, wasm_table_size_t index) {
  const Table *table = table_of(ref);
  if (!table || index >= table->length)
    return wm_api_fail(ERR_ARGUMENT, "no table, or the index is out of bounds"), NULL;
  /* A null element is NULL, and no error. */
  Object *object = ref_object(table->elems[index]);
  return object ? wm_handle_new(handle_of(ref)->home, object) : NULL;
}

bool wasm_table_set(wasm_table_t *ref, wasm_table_size_t index, wasm_ref_t *value) {
  Table *table = table_of(ref);
  Ref element;
  if (!table || index >= table->length)
    return wm_api_fail(ERR_ARGUMENT, "no table, or the index is out of bounds");
  if (!wm_ref_of_handle(handle_of(ref)->home->store, value, table->type.element, &element))
    return wm_api_fail(ERR_ARGUMENT, "the reference is not of the element's type");
  /* Marks the card, for the collector. */
  table_write(table, index, element);
  return true;
}

wasm_table_size_t wasm_table_size(const wasm_table_t *ref) {
  const Table *table = table_of(ref);
  return table ? narrow(table->length) : 0;
}

bool wasm_table_grow(wasm_table_t *ref, wasm_table_size_t delta, wasm_ref_t *init) {
  Table *table = table_of(ref);
  Store *store = handle_store(handle_of(ref));
  Ref element;
  if (!table) return wm_api_fail(ERR_ARGUMENT, "the table is NULL or its store deleted");
  FORGET_DEAD(store); /* whose time may be up */
  if (!wm_ref_of_handle(store, init, table->type.element, &element))
    return wm_api_fail(ERR_ARGUMENT, "the reference is not of the element's type");
  if (wm_table_grow(store, table, delta, element) != UINT64_MAX) return true;
  return wm_api_fail(ERR_LIMIT, "the table cannot grow by %u elements", delta);
}
