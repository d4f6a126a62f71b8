/* Values of wasm.h and slots of the runtime.
 *
 *   wasm_val_t   kind | i32 i64 f32 f64 or a handle      16 bytes, says its type, owns its handle
 *   slot         the bits, or an object's address        8 bytes, has the type that its place has
 *
 * The way in checks: kind, store, type, and null where there must be none. The way out makes
 * handles. */
#include "api/api_vec.h"

void wasm_val_delete(wasm_val_t *v) {
  if (!v || !wasm_valkind_is_ref(v->kind)) return;
  wm_handle_delete(v->of.ref);
  v->of.ref = NULL;
}

void wasm_val_copy(wasm_val_t *out, const wasm_val_t *v) {
  if (!out) return;
  if (!v) {
    *out = (wasm_val_t){0};
    return;
  }
  *out = *v;
  if (wasm_valkind_is_ref(v->kind)) out->of.ref = wm_handle_copy(v->of.ref);
}

/* Items own handles, which is why copying is written out below. */
DEFINE_VEC(val, wasm_val_t, wasm_val_delete)

void wasm_val_vec_copy(wasm_val_vec_t *out, const wasm_val_vec_t *from) {
  if (!out) return;
  wasm_val_vec_new_uninitialized(out, from && from->data ? from->size : 0);
  for (size_t i = 0; i < out->size; i++) {
    wasm_val_copy(&out->data[i], &from->data[i]);
    bool is_ref = wasm_valkind_is_ref(from->data[i].kind);
    /* A null is no failure: a missing copy is. */
    if (is_ref && from->data[i].of.ref && !out->data[i].of.ref) {
      wasm_val_vec_delete(out);
      return;
    }
  }
}

bool wm_ref_of_handle(Store *store, const Handle *h, ValType t, Ref *out) {
  if (h && h->home->store != store) return false;
  *out = handle_ref(h);
  return wm_ref_fits(store, *out, t);
}

/* Of a reference, or what cannot be a value. */
static bool slot_of_ref(Store *store, const wasm_val_t *val, ValType t, u64 *slot) {
  if (!wasm_valkind_is_ref(val->kind) || !val_is_ref(t)) return false;
  /* The initialisers of wasm.h make only WASM_EXTERNREF: it will do for what is one of another. */
  if (val->kind != WASM_EXTERNREF && val->kind != wm_kind_of_valtype(store->types, t)) return false;
  Ref ref;
  if (!wm_ref_of_handle(store, val->of.ref, t, &ref)) return false;
  *slot = ref_slot(ref);
  return true;
}

bool wm_slot_of_val(Store *store, const wasm_val_t *val, ValType t, u64 *slot) {
  switch (t) {
  case VAL_I32: *slot = (u32)val->of.i32; return val->kind == WASM_I32;
  case VAL_I64: *slot = (u64)val->of.i64; return val->kind == WASM_I64;
  case VAL_F32: *slot = bits_of_f32(val->of.f32); return val->kind == WASM_F32;
  case VAL_F64: *slot = bits_of_f64(val->of.f64); return val->kind == WASM_F64;
  default: return slot_of_ref(store, val, t, slot);
  }
}

/* The handle is made for the host, who owns it; null is the null pointer. */
static bool val_of_ref(wasm_store_t *home, wasm_val_t *out, ValType t, u64 slot) {
  if (!val_is_ref(t))
    return wm_api_fail(ERR_ARGUMENT, "a wasm_val_t has no room for a v128: use slots");
  out->kind = wm_kind_of_valtype(home->store->types, t);
  out->of.ref = slot ? wm_handle_of_ref(home, ref_of_slot(slot)) : NULL;
  return out->of.ref || !slot;
}

bool wm_val_of_slot(wasm_store_t *home, wasm_val_t *out, ValType t, u64 slot) {
  switch (t) {
  case VAL_I32: *out = (wasm_val_t){WASM_I32, {.i32 = (i32)slot}}; return true;
  case VAL_I64: *out = (wasm_val_t){WASM_I64, {.i64 = (i64)slot}}; return true;
  case VAL_F32: *out = (wasm_val_t){WASM_F32, {.f32 = f32_of_bits((u32)slot)}}; return true;
  case VAL_F64: *out = (wasm_val_t){WASM_F64, {.f64 = f64_of_bits(slot)}}; return true;
  default: return val_of_ref(home, out, t, slot);
  }
}

/* ---- values of any type: a v128 is copied, the others go as those of wasm.h ---- */

bool wm_slots_of_value(Store *store, const wasmx_val_t *val, ValType t, u64 *slots) {
  if (t == VAL_V128) {
    memcpy(slots, &val->of.v128, sizeof val->of.v128);
    return val->kind == WASMX_V128;
  }
  wasm_val_t plain = {.kind = val->kind};
  memcpy(&plain.of, &val->of, sizeof plain.of);
  return wm_slot_of_val(store, &plain, t, slots);
}

bool wm_value_of_slots(wasm_store_t *home, wasmx_val_t *out, ValType t, const u64 *slots) {
  *out = (wasmx_val_t){.kind = WASM_EXTERNREF};
  if (t == VAL_V128) {
    out->kind = WASMX_V128;
    memcpy(&out->of.v128, slots, sizeof out->of.v128);
    return true;
  }
  wasm_val_t plain = {.kind = WASM_EXTERNREF};
  if (!wm_val_of_slot(home, &plain, t, *slots)) return false;
  out->kind = plain.kind;
  memcpy(&out->of, &plain.of, sizeof plain.of);
  return true;
}

/* ---- references in slots ---- */

/* Not a root: the host keeps the handle while wasm has not taken the slot. */
uint64_t wasmx_slot_of_ref(const wasm_ref_t *ref) {
  return handle_store(ref) ? ref_slot(handle_ref(ref)) : 0;
}

wasm_ref_t *wasmx_ref_of_slot(wasm_store_t *home, uint64_t slot) {
  Store *store = store_of(home);
  if (!store || !slot) return NULL;
  if (wm_slot_is_ref(store, slot, VAL_EXTERNREF)) return wm_handle_of_ref(home, ref_of_slot(slot));
  return wm_api_fail(ERR_ARGUMENT, "the slot holds no reference of this store"), NULL;
}
