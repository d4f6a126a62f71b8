/* The objects of a store that the host was told of, and the handles that stand for them. */
#include "compat/compat.h"

static void *as_info(u32 number) { return (void *)(uintptr_t)number; }

/* A function can be both: an instance's export and what a table gives. */
static u32 number_of(const wasm_extern_t *handle) {
  return (u32)(uintptr_t)wasm_extern_get_host_info(handle);
}

static void delete_handle(u8 kind, wasm_extern_t *handle) {
  if (kind == KIND_INSTANCE)
    wasm_instance_delete((wasm_instance_t *)(void *)handle);
  else
    wasm_extern_delete(handle);
}

static u32 add(wasmtime_context_t *c, u8 kind, wasm_extern_t *handle) {
  Object *o = vec_push(&c->objects);
  if (!o) return delete_handle(kind, handle), 0;
  *o = (Object){.kind = kind};
  if (kind == KIND_INSTANCE)
    o->instance = (wasm_instance_t *)(void *)handle;
  else
    o->external = handle;
  return c->objects.len;
}

u32 wm_compat_tell(wasmtime_context_t *c, u8 kind, wasm_extern_t *handle) {
  if (!handle) return 0;
  u32 number = kind == KIND_INSTANCE ? 0 : number_of(handle);
  if (number) return delete_handle(kind, handle), number;
  number = add(c, kind, handle);
  if (number && kind != KIND_INSTANCE) wasm_extern_set_host_info(handle, as_info(number));
  return number;
}

/* ---- handles ---- */

wasmtime_extern_t wm_compat_item(const wasmtime_context_t *c, u8 kind, u32 number) {
  wasmtime_extern_t item;
  memset(&item, 0, sizeof item);
  item.kind = kind;
  switch (kind) {
  case WASMTIME_EXTERN_FUNC:
    item.of.func.store_id = c->id;
    item.of.func.__private = as_info(number);
    break;
  case WASMTIME_EXTERN_GLOBAL:
    item.of.global.store_id = c->id;
    item.of.global.__private1 = number;
    break;
  case WASMTIME_EXTERN_TABLE:
    item.of.table.store_id = c->id;
    item.of.table.__private1 = number;
    break;
  default:
    item.of.memory.store_id = c->id;
    item.of.memory.__private1 = number;
    break;
  }
  return item;
}

/* One that wasmtime has no kind for is told as well, under a kind that no handle has. */
static u8 kind_of(const wasm_extern_t *handle) {
  switch (wasm_extern_kind(handle)) {
  case WASM_EXTERN_FUNC: return WASMTIME_EXTERN_FUNC;
  case WASM_EXTERN_GLOBAL: return WASMTIME_EXTERN_GLOBAL;
  case WASM_EXTERN_TABLE: return WASMTIME_EXTERN_TABLE;
  case WASM_EXTERN_MEMORY: return WASMTIME_EXTERN_MEMORY;
  default: return KIND_TAG;
  }
}

u32 wm_compat_tell_extern(wasmtime_context_t *c, wasm_extern_t *handle) {
  return handle ? wm_compat_tell(c, kind_of(handle), handle) : 0;
}

bool wm_compat_item_of(wasmtime_context_t *c, wasm_extern_t *handle, wasmtime_extern_t *item) {
  u8 kind = handle ? kind_of(handle) : KIND_TAG;
  u32 number = wm_compat_tell_extern(c, handle);
  if (!number || kind == KIND_TAG) return false;
  *item = wm_compat_item(c, kind, number);
  return true;
}

static const Object *object_of_item(const wasmtime_context_t *c, const wasmtime_extern_t *item) {
  switch (item->kind) {
  case WASMTIME_EXTERN_FUNC:
    return object_of(c, item->of.func.store_id, (uintptr_t)item->of.func.__private, item->kind);
  case WASMTIME_EXTERN_GLOBAL:
    return object_of(c, item->of.global.store_id, item->of.global.__private1, item->kind);
  case WASMTIME_EXTERN_TABLE:
    return object_of(c, item->of.table.store_id, item->of.table.__private1, item->kind);
  case WASMTIME_EXTERN_MEMORY:
    return object_of(c, item->of.memory.store_id, item->of.memory.__private1, item->kind);
  default: return NULL;
  }
}

wasm_extern_t *wm_compat_handle_of(wasmtime_context_t *c, const wasmtime_extern_t *item,
                                   wasm_extern_t **made) {
  *made = NULL;
  if (!c || !item) return NULL;
  if (item->kind == WASMTIME_EXTERN_SHAREDMEMORY)
    return *made = wm_compat_shared_handle(c, item->of.sharedmemory);
  const Object *o = object_of_item(c, item);
  return o ? o->external : NULL;
}

void wasmtime_extern_delete(wasmtime_extern_t *item) {
  if (!item || item->kind != WASMTIME_EXTERN_SHAREDMEMORY) return;
  wasmtime_sharedmemory_delete(item->of.sharedmemory);
  item->of.sharedmemory = NULL;
}

wasm_externtype_t *wasmtime_extern_type(wasmtime_context_t *context, wasmtime_extern_t *item) {
  wasm_extern_t *made;
  const wasm_extern_t *handle = wm_compat_handle_of(context, item, &made);
  wasm_externtype_t *type = handle ? wasm_extern_type(handle) : NULL;
  wasm_extern_delete(made);
  return type;
}

/* ---- functions' types ---- */

enum { KIND_OTHER = 255 }; /* of wasm's that wasmtime has no name for: exnref */

wasmtime_valkind_t wm_compat_kind(wasm_valkind_t kind) {
  switch (kind) {
  case WASM_FUNCREF: return WASMTIME_FUNCREF;
  case WASM_EXTERNREF: return WASMTIME_EXTERNREF;
  default: return kind <= WASMX_V128 ? kind : KIND_OTHER;
  }
}

wasm_func_t *wm_compat_func(const wasmtime_context_t *c, const wasmtime_func_t *func) {
  if (!func) return NULL;
  const Object *o = object_of(c, func->store_id, (uintptr_t)func->__private, WASMTIME_EXTERN_FUNC);
  return o ? wasm_extern_as_func(o->external) : NULL;
}

static u32 add_kinds(Shape *shape, u32 at, const wasm_valtype_vec_t *types) {
  u32 slots = 0;
  for (size_t i = 0; i < types->size; i++) {
    wasmtime_valkind_t kind = wm_compat_kind(wasm_valtype_kind(types->data[i]));
    shape->kinds[at + i] = kind;
    shape->is_plain &= kind <= WASMTIME_F64;
    slots += kind_slots(kind);
  }
  return slots;
}

Shape *wm_compat_shape_of(const wasm_functype_t *type) {
  if (!type) return NULL;
  const wasm_valtype_vec_t *params = wasm_functype_params(type);
  const wasm_valtype_vec_t *results = wasm_functype_results(type);
  Shape *shape = calloc(1, sizeof *shape + params->size + results->size);
  if (!shape) return NULL;
  shape->params = (u32)params->size;
  shape->results = (u32)results->size;
  shape->most = max_u32(shape->params, shape->results);
  shape->is_plain = true;
  shape->param_slots = add_kinds(shape, 0, params);
  shape->result_slots = add_kinds(shape, shape->params, results);
  return shape;
}

const Shape *wm_compat_shape(Object *func) {
  if (func->shape) return func->shape;
  wasm_functype_t *type = wasm_func_type(wasm_extern_as_func(func->external));
  func->shape = wm_compat_shape_of(type);
  wasm_functype_delete(type);
  return func->shape;
}
