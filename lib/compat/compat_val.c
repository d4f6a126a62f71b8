/* Values between wasmtime's three forms and slots.
 *
 *   wasmtime_val_t      kind and value; functions by handle, externrefs by root
 *   wasmtime_val_raw_t  16 bytes; functions as their number, externrefs as that of raws[]
 *   slots               8 bytes, two of a v128; references as libwasm has them */
#include "compat/compat.h"

/* Of host info of an externref's object: what the host gave, and where it is in raws[]. */
typedef struct HostObject {
  void *data;
  void (*finalizer)(void *);
  u32 raw; /* number, 0: not there */
} HostObject;

/* ---- roots ---- */

static Root *root_of(const wasmtime_context_t *c, const wasmtime_externref_t *ref) {
  if (!c || !ref || ref->store_id != c->id || ref->__private1 - 1 >= c->roots.len) return NULL;
  Root *root = &c->roots.data[ref->__private1 - 1];
  return root->ref && root->generation == ref->__private2 ? root : NULL;
}

static u32 free_root(wasmtime_context_t *c) {
  u32 number = c->free_root;
  if (number)
    c->free_root = c->roots.data[number - 1].next_free;
  else if (vec_push(&c->roots))
    number = c->roots.len;
  return number;
}

/* Takes the reference. */
static bool root_new(wasmtime_context_t *c, wasm_ref_t *ref, wasmtime_externref_t *out) {
  *out = (wasmtime_externref_t){0};
  u32 number = ref ? free_root(c) : 0;
  if (!number) return wasm_ref_delete(ref), false;
  Root *root = &c->roots.data[number - 1];
  root->ref = ref;
  *out = (wasmtime_externref_t){c->id, number, root->generation};
  return true;
}

void wasmtime_externref_unroot(wasmtime_context_t *context, wasmtime_externref_t *ref) {
  Root *root = root_of(context, ref);
  if (ref) ref->store_id = 0;
  if (!root) return;
  wasm_ref_t *held = root->ref;
  root->ref = NULL;
  root->generation++;
  root->next_free = context->free_root;
  context->free_root = (u32)(root - context->roots.data) + 1;
  wasm_ref_delete(held); /* which may run finalizers */
}

void wasmtime_externref_clone(wasmtime_context_t *context, const wasmtime_externref_t *ref,
                              wasmtime_externref_t *out) {
  if (!out) return;
  const Root *root = root_of(context, ref);
  if (root)
    root_new(context, wasm_ref_copy(root->ref), out);
  else
    *out = (wasmtime_externref_t){0};
}

/* ---- host objects ---- */

static void host_object_free(void *p) {
  HostObject *object = p;
  if (object->finalizer) object->finalizer(object->data);
  free(object);
}

static HostObject *host_object_of(const wasm_ref_t *ref) {
  const wasm_foreign_t *foreign = ref ? wasm_ref_as_foreign_const(ref) : NULL;
  return foreign ? wasm_foreign_get_host_info(foreign) : NULL;
}

/* Host info that could not be set is not there. */
static bool dress(wasm_foreign_t *foreign, HostObject *object) {
  wasm_foreign_set_host_info_with_finalizer(foreign, object, host_object_free);
  return wasm_foreign_get_host_info(foreign) == object;
}

bool wasmtime_externref_new(wasmtime_context_t *context, void *data, void (*finalizer)(void *),
                            wasmtime_externref_t *out) {
  if (!context || !out) return false;
  *out = (wasmtime_externref_t){0};
  HostObject *object = calloc(1, sizeof *object);
  wasm_foreign_t *foreign = object ? wasm_foreign_new(context->store) : NULL;
  if (!foreign || !dress(foreign, object)) {
    wasm_foreign_delete(foreign);
    free(object);
    return false;
  }
  object->data = data;
  if (!root_new(context, wasm_foreign_as_ref(foreign), out)) return false;
  object->finalizer = finalizer;
  return true;
}

void *wasmtime_externref_data(wasmtime_context_t *context, const wasmtime_externref_t *ref) {
  const Root *root = root_of(context, ref);
  const HostObject *object = root ? host_object_of(root->ref) : NULL;
  return object ? object->data : NULL;
}

/* ---- raw references ---- */

/* Takes the reference; 0: null, or out of memory. */
static u32 raw_of(wasmtime_context_t *c, wasm_ref_t *ref) {
  if (!ref) return 0;
  HostObject *object = host_object_of(ref);
  if (object && object->raw) return wasm_ref_delete(ref), object->raw;
  wasm_ref_t **place = vec_push(&c->raws);
  if (!place) return wasm_ref_delete(ref), 0;
  *place = ref;
  if (object) object->raw = c->raws.len;
  return c->raws.len;
}

static wasm_ref_t *ref_of_raw(const wasmtime_context_t *c, u32 raw) {
  return raw - 1 < c->raws.len ? c->raws.data[raw - 1] : NULL;
}

/* Deleting may run finalizers, which find no raw value any more. */
void wm_compat_drop_raws(wasmtime_context_t *c) {
  u32 count = c->raws.len;
  wasm_ref_t **refs = c->raws.data;
  for (u32 i = 0; i < count; i++) {
    HostObject *object = host_object_of(refs[i]);
    if (object) object->raw = 0;
  }
  memset(&c->raws, 0, sizeof c->raws);
  for (u32 i = 0; i < count; i++) wasm_ref_delete(refs[i]);
  free(refs);
}

void wasmtime_externref_from_raw(wasmtime_context_t *context, uint32_t raw,
                                 wasmtime_externref_t *out) {
  if (!out) return;
  const wasm_ref_t *ref = context ? ref_of_raw(context, raw) : NULL;
  *out = (wasmtime_externref_t){0};
  if (ref) root_new(context, wasm_ref_copy(ref), out);
}

uint32_t wasmtime_externref_to_raw(wasmtime_context_t *context, const wasmtime_externref_t *ref) {
  const Root *root = root_of(context, ref);
  return root ? raw_of(context, wasm_ref_copy(root->ref)) : 0;
}

void wasmtime_func_from_raw(wasmtime_context_t *context, void *raw, wasmtime_func_t *ret) {
  if (!ret) return;
  *ret = (wasmtime_func_t){0};
  if (object_at(context, (uintptr_t)raw, WASMTIME_EXTERN_FUNC))
    *ret = (wasmtime_func_t){context->id, raw};
}

void *wasmtime_func_to_raw(wasmtime_context_t *context, const wasmtime_func_t *func) {
  return wm_compat_func(context, func) ? func->__private : NULL;
}

/* ---- 31-bit numbers ---- */

void wasmtime_anyref_from_i31(wasmtime_context_t *context, uint32_t i31val,
                              wasmtime_anyref_t *out) {
  if (out) *out = (wasmtime_anyref_t){context ? context->id : 0, i31val << 1 | 1, 0};
}

static bool is_i31(const wasmtime_context_t *c, const wasmtime_anyref_t *ref) {
  return c && ref && ref->store_id == c->id && ref->__private1 & 1;
}

bool wasmtime_anyref_i31_get_u(wasmtime_context_t *context, const wasmtime_anyref_t *ref,
                               uint32_t *dst) {
  if (!is_i31(context, ref) || !dst) return false;
  *dst = ref->__private1 >> 1;
  return true;
}

bool wasmtime_anyref_i31_get_s(wasmtime_context_t *context, const wasmtime_anyref_t *ref,
                               int32_t *dst) {
  uint32_t bits;
  if (!dst || !wasmtime_anyref_i31_get_u(context, ref, &bits)) return false;
  *dst = (int32_t)((bits ^ 0x40000000u) - 0x40000000u);
  return true;
}

void wasmtime_anyref_clone(wasmtime_context_t *context, const wasmtime_anyref_t *ref,
                           wasmtime_anyref_t *out) {
  if (out) *out = is_i31(context, ref) ? *ref : (wasmtime_anyref_t){0};
}

void wasmtime_anyref_unroot(wasmtime_context_t *context, wasmtime_anyref_t *ref) {
  (void)context;
  if (ref) ref->store_id = 0;
}

void wasmtime_anyref_from_raw(wasmtime_context_t *context, uint32_t raw, wasmtime_anyref_t *out) {
  if (out) *out = (wasmtime_anyref_t){context && raw & 1 ? context->id : 0, raw, 0};
}

uint32_t wasmtime_anyref_to_raw(wasmtime_context_t *context, const wasmtime_anyref_t *ref) {
  return is_i31(context, ref) ? ref->__private1 : 0;
}

/* ---- values ---- */

void wasmtime_val_unroot(wasmtime_context_t *context, wasmtime_val_t *val) {
  if (val && val->kind == WASMTIME_EXTERNREF)
    wasmtime_externref_unroot(context, &val->of.externref);
}

void wasmtime_val_clone(wasmtime_context_t *context, const wasmtime_val_t *src,
                        wasmtime_val_t *dst) {
  if (!src || !dst) return;
  wasmtime_val_t copy = *src;
  if (src->kind == WASMTIME_EXTERNREF)
    wasmtime_externref_clone(context, &src->of.externref, &copy.of.externref);
  *dst = copy;
}

bool wm_compat_ref_of(wasmtime_context_t *c, const wasmtime_val_t *val, wasm_ref_t **ref) {
  *ref = NULL;
  if (!val) return true;
  if (val->kind == WASMTIME_FUNCREF) {
    if (wasmtime_funcref_is_null(&val->of.funcref)) return true;
    *ref = wasm_func_as_ref(wm_compat_func(c, &val->of.funcref));
  } else if (val->kind == WASMTIME_EXTERNREF) {
    if (wasmtime_externref_is_null(&val->of.externref)) return true;
    const Root *root = root_of(c, &val->of.externref);
    *ref = root ? root->ref : NULL;
  } else {
    return false;
  }
  return *ref != NULL;
}

static u32 number_of_func(wasmtime_context_t *c, wasm_ref_t *ref) {
  wasm_func_t *func = wasm_ref_as_func(ref);
  if (func) return wm_compat_tell(c, WASMTIME_EXTERN_FUNC, wasm_func_as_extern(func));
  wasm_ref_delete(ref);
  return 0;
}

bool wm_compat_val_of_ref(wasmtime_context_t *c, wasmtime_valkind_t kind, wasm_ref_t *ref,
                          wasmtime_val_t *val) {
  memset(val, 0, sizeof *val);
  val->kind = kind;
  if (!ref) return true;
  if (kind == WASMTIME_EXTERNREF) return root_new(c, ref, &val->of.externref);
  u32 number = number_of_func(c, ref);
  if (number) val->of.funcref = wm_compat_item(c, WASMTIME_EXTERN_FUNC, number).of.func;
  return number != 0;
}

const char *wm_compat_to_slots(wasmtime_context_t *c, wasmtime_valkind_t kind,
                               const wasmtime_val_t *val, wasmx_slot_t *slots) {
  wasm_ref_t *ref;
  if (val->kind != kind) return "a value is of another kind";
  switch (kind) {
  case WASMTIME_I32: slots[0] = wasmx_slot_i32(val->of.i32); return NULL;
  case WASMTIME_F32: slots[0] = wasmx_slot_f32(val->of.f32); return NULL;
  case WASMTIME_I64:
  case WASMTIME_F64: slots[0] = wasmx_slot_i64(val->of.i64); return NULL;
  case WASMTIME_V128: memcpy(slots, val->of.v128, sizeof val->of.v128); return NULL;
  default:
    if (!wm_compat_ref_of(c, val, &ref)) return "a reference is of another store";
    slots[0] = wasmx_slot_u64(wasmx_slot_of_ref(ref));
    return NULL;
  }
}

wasm_ref_t *wm_compat_hold(wasmtime_context_t *c, wasmtime_valkind_t kind,
                           const wasmx_slot_t *slots) {
  bool is_ref = kind == WASMTIME_FUNCREF || kind == WASMTIME_EXTERNREF;
  return is_ref ? wasmx_ref_of_slot(c->store, slots[0].ref) : NULL;
}

bool wm_compat_from_slots(wasmtime_context_t *c, wasmtime_valkind_t kind, const wasmx_slot_t *slots,
                          wasm_ref_t *ref, wasmtime_val_t *val) {
  if (kind > WASMTIME_V128) return wm_compat_val_of_ref(c, kind, ref, val);
  memset(val, 0, sizeof *val);
  val->kind = kind;
  memcpy(&val->of, slots, kind_slots(kind) * sizeof *slots);
  return true;
}

const char *wm_compat_raw_to_slots(wasmtime_context_t *c, wasmtime_valkind_t kind,
                                   const wasmtime_val_raw_t *raw, wasmx_slot_t *slots) {
  if (kind <= WASMTIME_V128) {
    memcpy(slots, raw, kind_slots(kind) * sizeof *slots);
    return NULL;
  }
  const wasm_ref_t *ref = NULL;
  bool is_null = kind == WASMTIME_FUNCREF ? !raw->funcref : !raw->externref;
  if (kind == WASMTIME_FUNCREF) {
    const Object *o = object_at(c, (uintptr_t)raw->funcref, WASMTIME_EXTERN_FUNC);
    if (o) ref = wasm_func_as_ref(wasm_extern_as_func(o->external));
  } else if (kind == WASMTIME_EXTERNREF) {
    ref = ref_of_raw(c, raw->externref);
  }
  if (!ref && !is_null) return "a raw reference is none of this store";
  slots[0] = wasmx_slot_u64(wasmx_slot_of_ref(ref));
  return NULL;
}

bool wm_compat_raw_from_slots(wasmtime_context_t *c, wasmtime_valkind_t kind,
                              const wasmx_slot_t *slots, wasm_ref_t *ref, wasmtime_val_raw_t *raw) {
  memset(raw, 0, sizeof *raw);
  if (kind <= WASMTIME_V128) {
    memcpy(raw, slots, kind_slots(kind) * sizeof *slots);
    return true;
  }
  if (kind == WASMTIME_EXTERNREF) {
    raw->externref = raw_of(c, ref);
    return raw->externref || !ref;
  }
  raw->funcref = ref ? (void *)(uintptr_t)number_of_func(c, ref) : NULL;
  return raw->funcref || !ref;
}
