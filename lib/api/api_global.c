/* Globals, by values and by slots. A global's value is one slot or, of a v128, two; the value form
 * refuses v128, as a wasm_val_t has no room for it. */
#include "api/handle.h"

static Global *global_of(const wasm_global_t *ref) {
  const Handle *h = handle_of(ref);
  return handle_store(h) ? (Global *)h->object : NULL;
}

static Store *store_of_global(const wasm_global_t *ref) { return handle_store(handle_of(ref)); }

/* The runtime's type; false with err set. */
static bool global_type(const wasm_globaltype_t *type, GlobalType *out, Error *err) {
  if (!type) return wm_error_set(err, ERR_ARGUMENT, 0, "the global type is NULL");
  out->type = wm_valtype_of_kind(wasm_valtype_kind(wasm_globaltype_content(type)));
  out->is_mutable = wasm_globaltype_mutability(type) == WASM_VAR;
  return true;
}

static const char wrong_ref[] = "the reference is not of the store, or not of the global's type";

wasm_global_t *wasm_global_new(wasm_store_t *home, const wasm_globaltype_t *type,
                               const wasm_val_t *init) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  GlobalType inner = {0};
  u64 slots[2] = {0};
  Global *global = NULL;
  if (h && global_type(type, &inner, &err)) {
    if (init && wm_slot_of_val(home->store, init, inner.type, slots))
      global = wm_global_new(home->store, &inner, slots, &err);
    else
      wm_error_set(&err, ERR_ARGUMENT, 0, "the initial value is not of the global's type");
  }
  return (wasm_global_t *)wm_api_finish(h, (Object *)global, &err);
}

wasm_global_t *wasmx_global_new_raw(wasm_store_t *home, const wasm_globaltype_t *type,
                                    const wasmx_slot_t *init) {
  Error err = {0};
  Handle *h = wm_api_begin(home, &err);
  GlobalType inner = {0};
  u64 slots[2] = {0};
  Global *global = NULL;
  if (h && !init) wm_error_set(&err, ERR_ARGUMENT, 0, "the initial value is NULL");
  if (h && init && global_type(type, &inner, &err)) {
    memcpy(slots, init, val_slots(inner.type) * sizeof *slots);
    if (wm_slots_take(home->store, &inner.type, 1, slots))
      global = wm_global_new(home->store, &inner, slots, &err);
    else
      wm_error_set(&err, ERR_ARGUMENT, 0, "%s", wrong_ref);
  }
  return (wasm_global_t *)wm_api_finish(h, (Object *)global, &err);
}

wasm_globaltype_t *wasm_global_type(const wasm_global_t *ref) {
  return wasm_externtype_as_globaltype(wasm_extern_type(wasm_global_as_extern_const(ref)));
}

void wasm_global_get(const wasm_global_t *ref, wasm_val_t *out) {
  if (!out) return;
  *out = (wasm_val_t){0};
  const Global *global = global_of(ref);
  if (global) wm_val_of_slot(handle_of(ref)->home, out, global->type.type, global->value[0]);
}

/* The global when it may be written; NULL with the last error set. */
static Global *writable(wasm_global_t *ref) {
  Global *global = global_of(ref);
  if (!global) return wm_api_fail(ERR_ARGUMENT, "the global is NULL or its store deleted"), NULL;
  if (!global->type.is_mutable) return wm_api_fail(ERR_ARGUMENT, "the global is constant"), NULL;
  return global;
}

/* The write needs no barrier: globals are found from their roots in each collection. */
void wasm_global_set(wasm_global_t *ref, const wasm_val_t *val) {
  Global *global = writable(ref);
  u64 slot = 0;
  if (!global) return;
  if (val && wm_slot_of_val(store_of_global(ref), val, global->type.type, &slot))
    global->value[0] = slot;
  else
    wm_api_fail(ERR_ARGUMENT, "the value is not of the global's type");
}

void wasmx_global_get_raw(const wasm_global_t *ref, wasmx_slot_t *slots) {
  const Global *global = global_of(ref);
  if (global && slots) memcpy(slots, global->value, val_slots(global->type.type) * sizeof *slots);
}

bool wasmx_global_set_raw(wasm_global_t *ref, const wasmx_slot_t *slots) {
  Global *global = writable(ref);
  if (!global) return false;
  if (!slots) return wm_api_fail(ERR_ARGUMENT, "the slots are NULL");
  u64 value[2] = {0};
  memcpy(value, slots, val_slots(global->type.type) * sizeof *slots);
  if (!wm_slots_take(store_of_global(ref), &global->type.type, 1, value))
    return wm_api_fail(ERR_ARGUMENT, "%s", wrong_ref);
  memcpy(global->value, value, sizeof value);
  return true;
}
