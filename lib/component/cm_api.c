/* wasmcm.h: components, instances, functions, types. */
#include "component/cm_api.h"

#include <stdio.h>

#define copy_text(field, from, to) memcpy((to).field, (from)->field, sizeof(to).field)

/* Copies what there is room for in a struct that may be older or younger than ours. */
void wm_error_tell(const Error *from, wasmx_error_t *err) {
  if (!err || err->size < offsetof(wasmx_error_t, context)) return;
  size_t size = err->size;
  wasmx_error_t all = {.size = size,
                       .code = (wasmx_errcode_t)from->code,
                       .line = from->line,
                       .column = from->column,
                       .offset = from->offset};
  snprintf(all.message, sizeof all.message, "%s", from->message);
  snprintf(all.context, sizeof all.context, "%s", from->context);
  if (from->proposal) snprintf(all.proposal, sizeof all.proposal, "%s", from->proposal);
  copy_text(import_module, from, all);
  copy_text(import_name, from, all);
  copy_text(expected, from, all);
  copy_text(found, from, all);
  memcpy(err, &all, size < sizeof all ? size : sizeof all);
}

wasmcm_component_t *wm_component_handle(Component *component, Error *error, wasmx_error_t *err) {
  wasmcm_component_t *made = component ? malloc(sizeof *made) : NULL;
  if (component && !made) {
    wm_component_release(component);
    wm_error_out_of_memory(error);
  }
  wm_error_tell(error, err);
  if (made) made->component = component;
  return made;
}

wasmcm_component_t *wasmcm_component_new_borrowed(wasm_engine_t *engine, const void *data,
                                                  size_t size, uint32_t flags,
                                                  void (*release)(void *env), void *env,
                                                  wasmx_error_t *err) {
  Error error = {0};
  bool is_sound = engine && (data || !size) && !flags;
  Bytes *bytes = is_sound ? wm_bytes_new(data, size, NULL, env) : NULL;
  if (!is_sound)
    wm_error_set(&error, ERR_ARGUMENT, 0, "no engine, no bytes, or unknown flags");
  else if (!bytes)
    wm_error_out_of_memory(&error);
  Component *component = bytes ? wm_component_read(engine, bytes, NULL, &error) : NULL;
  wasmcm_component_t *made = wm_component_handle(component, &error, err);
  /* Not before all is well: a failure releases nothing. */
  if (made) bytes->release = release;
  if (bytes) wm_bytes_release(bytes);
  return made;
}

wasmcm_component_t *wasmcm_component_new(wasm_engine_t *engine, const void *bytes, size_t size,
                                         uint32_t flags, wasmx_error_t *err) {
  void *copy = malloc(size ? size : 1);
  Error error = {0};
  if (!copy) {
    wm_error_out_of_memory(&error);
    return wm_component_handle(NULL, &error, err);
  }
  if (bytes && size) memcpy(copy, bytes, size);
  wasmcm_component_t *made = wasmcm_component_new_borrowed(engine, bytes || !size ? copy : NULL,
                                                           size, flags, free, copy, err);
  if (!made) free(copy);
  return made;
}

void wasmcm_component_delete(wasmcm_component_t *component) {
  if (!component) return;
  wm_component_release(component->component);
  free(component);
}

bool wasmcm_is_component(const void *bytes, size_t size) {
  return bytes && size >= 8 && memcmp(bytes, "\0asm\x0d\0\1\0", 8) == 0;
}

/* ---- instances ---- */

void wasmcm_instance_delete(wasmcm_instance_t *instance) {
  if (!instance) return;
  wm_world_release(instance->world);
  free(instance);
}

static Name name_of(const char *text) { return (Name){text, (u32)strlen(text)}; }

static const BagItem *find_iface(const Bag *bag, const char *iface) {
  const BagItem *item = wm_bag_find(bag, name_of(iface));
  for (u32 i = 0; !item && i < bag->items.len; i++)
    if (wm_versions_agree(name_of(iface), bag->items.data[i].name)) item = &bag->items.data[i];
  return item && item->sort == SORT_INSTANCE ? item : NULL;
}

struct wasmcm_func_t {
  World *world; /* counted */
  Func *func;
};

wasmcm_func_t *wasmcm_instance_func(const wasmcm_instance_t *instance, const char *iface,
                                    const char *name) {
  if (!instance || !name) return NULL;
  const BagItem *from = iface ? find_iface(instance->exports, iface) : NULL;
  if (iface && !from) return NULL;
  const BagItem *item = wm_bag_find(from ? from->bag : instance->exports, name_of(name));
  if (!item || item->sort != SORT_FUNC) return NULL;
  wasmcm_func_t *func = malloc(sizeof *func);
  if (!func) return NULL;
  *func = (wasmcm_func_t){instance->world, item->func};
  wm_world_keep(instance->world);
  return func;
}

wasmcm_func_t *wasmcm_instance_func_of_type(const wasmcm_instance_t *instance, const char *iface,
                                            const char *name, const char *wit) {
  wasmcm_func_t *func = wasmcm_instance_func(instance, iface, name);
  if (func && wit && wm_type_text_is(func->func->type, wit)) return func;
  wasmcm_func_delete(func);
  return NULL;
}

void wasmcm_func_delete(wasmcm_func_t *func) {
  if (!func) return;
  wm_world_release(func->world);
  free(func);
}

/* ---- calls ---- */

void *wasmcm_call_alloc(wasmcm_call_t *call, size_t size) {
  return call ? wm_call_alloc_zeroed(call, size) : NULL;
}

wasm_store_t *wasmcm_call_store(wasmcm_call_t *call) { return call ? call->world->store : NULL; }

/* The memory that the result lies in goes to *memory. */
static wasm_trap_t *call_checked(const wasmcm_func_t *f, bool structs, const void *args,
                                 void *result, void **memory) {
  Func *func = f->func;
  Call call = {.world = f->world, .structs = structs, .for_host = true};
  if (wm_args_check(&call, func, args) && wm_func_call(&call, func, NULL, args, result) &&
      wm_func_end(&call, func, NULL)) {
    *memory = call.chunks;
    call.chunks = NULL;
    wm_taken_arrive(&call);
  }
  wm_call_end(&call);
  return call.trap;
}

static wasm_trap_t *call_func(const wasmcm_func_t *f, bool structs, const void *args, void *result,
                              void **memory) {
  World *world = f->world;
  wm_world_keep(world);
  wasm_trap_t *trap = f->func->type->is_plain && !is_host_func(f->func)
                          ? wm_func_call_plain(f->func, structs, args, result)
                          : call_checked(f, structs, args, result, memory);
  wm_world_release(world);
  return trap;
}

wasm_trap_t *wasmcm_func_call(const wasmcm_func_t *func, const wasmcm_val_t *args,
                              wasmcm_result_t *result) {
  wasmcm_result_t unwanted;
  wasmcm_result_t *to = result ? result : &unwanted;
  *to = (wasmcm_result_t){0};
  wasm_trap_t *trap = call_func(func, false, args, &to->value, &to->memory);
  if (trap || !result) wasmcm_result_delete(to);
  return trap;
}

wasm_trap_t *wasmcm_func_call_struct(const wasmcm_func_t *func, const void *args, void *result,
                                     wasmcm_memory_t **memory) {
  const Type *type = func->func->type->result;
  void *chunks = NULL;
  if (memory) *memory = NULL;
  if (type && (!result || (type->has_pointer && !memory)))
    return wm_trap_text("no place for the result");
  if (type) memset(result, 0, type->c_size);
  wasm_trap_t *trap = call_func(func, true, args, result, &chunks);
  if (trap && type) memset(result, 0, type->c_size);
  if (memory)
    *memory = (wasmcm_memory_t *)chunks;
  else
    wasmcm_memory_delete((wasmcm_memory_t *)chunks);
  return trap;
}

void wasmcm_memory_delete(wasmcm_memory_t *memory) { wm_chunks_free((ArenaChunk *)(void *)memory); }

void wasmcm_result_delete(wasmcm_result_t *result) {
  if (!result) return;
  wasmcm_memory_delete(result->memory);
  *result = (wasmcm_result_t){0};
}

wasm_trap_t *wasmcm_func_drop_handle(const wasmcm_func_t *func, wasmcm_handle_t handle) {
  if (!handle.resource) return wm_trap_text("not an own resource");
  World *world = func->world;
  wm_world_keep(world);
  wasm_trap_t *trap = wm_resource_destroy(NULL, handle.resource, handle.rep);
  wm_world_release(world);
  return trap;
}

wasm_trap_t *wasmcm_func_drop(const wasmcm_func_t *func, const wasmcm_val_t *resource) {
  wasmcm_handle_t handle = {resource->of.resource, resource->rep};
  if (resource->kind != WASMCM_OWN) handle.resource = NULL;
  return wasmcm_func_drop_handle(func, handle);
}

/* ---- types ---- */

static const wasmcm_type_t *opaque(const Type *type) {
  return (const wasmcm_type_t *)(const void *)type;
}

const wasmcm_type_t *wasmcm_func_type(const wasmcm_func_t *func) {
  return func ? opaque(func->func->type) : NULL;
}

wasmcm_kind_t wasmcm_type_kind(const wasmcm_type_t *type) {
  static const u8 kinds[] = {WASMCM_RESOURCE, WASMCM_FUNC, WASMCM_INSTANCE, WASMCM_COMPONENT};
  const Type *t = wm_api_type(type);
  return type_is_value(t) ? t->kind : (wasmcm_kind_t)(kinds[t->kind - TYPE_RESOURCE]);
}

size_t wasmcm_type_count(const wasmcm_type_t *type) { return wm_api_type(type)->count; }

const wasmcm_type_t *wasmcm_type_part(const wasmcm_type_t *type, size_t i) {
  const Type *t = wm_api_type(type);
  return t->of && i < t->count && type_is_value(t->of[i] ? t->of[i] : t) ? opaque(t->of[i]) : NULL;
}

const char *wasmcm_type_name(const wasmcm_type_t *type, size_t i, size_t *size) {
  const Type *t = wm_api_type(type);
  if (!t->names || i >= t->count) return NULL;
  *size = t->names[i].len;
  return t->names[i].text;
}

const wasmcm_type_t *wasmcm_type_result(const wasmcm_type_t *type) {
  return opaque(wm_api_type(type)->result);
}

/* ---- imports and exports ---- */

const wasmcm_type_t *wasmcm_component_type(const wasmcm_component_t *component) {
  return component ? opaque(component->component->body->type) : NULL;
}

static bool tell_item(const Items *items, size_t i, wasmcm_item_t *out) {
  if (i >= items->list.len || !out || out->size < sizeof out->size) return false;
  const Item *item = &items->list.data[i];
  bool is_module = item->entity.sort == SORT_MODULE;
  wasmcm_item_t all = {.size = out->size,
                       .name = item->name.text,
                       .name_size = item->name.len,
                       .is_type = item->entity.sort == SORT_TYPE,
                       .type = is_module ? NULL : opaque(item->entity.type)};
  all.kind = is_module ? WASMCM_MODULE : wasmcm_type_kind(all.type);
  memcpy(out, &all, out->size < sizeof all ? out->size : sizeof all);
  return true;
}

bool wasmcm_type_import(const wasmcm_type_t *type, size_t i, wasmcm_item_t *out) {
  const Type *t = wm_api_type(type);
  return t && t->interface && tell_item(&t->interface->imports, i, out);
}

bool wasmcm_type_export(const wasmcm_type_t *type, size_t i, wasmcm_item_t *out) {
  const Type *t = wm_api_type(type);
  return t && t->interface && tell_item(&t->interface->exports, i, out);
}

size_t wasmcm_type_struct_size(const wasmcm_type_t *type) {
  const Type *t = wm_api_type(type);
  return t->kind == TYPE_FUNC ? t->params->count ? t->params->c_size : 0 : t->c_size;
}

bool wasmcm_type_is(const wasmcm_type_t *type, const char *wit) {
  return type && wit && wm_type_text_is(wm_api_type(type), wit);
}
