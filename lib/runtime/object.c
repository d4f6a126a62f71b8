/* Objects kind by kind: what they refer to, what they weigh, how they end (collect.h). */
#include "runtime/object.h"

#include "runtime/activation.h"
#include "runtime/collect.h"
#include "runtime/instance.h"

#include <stdlib.h>

void *wm_object_new(Store *store, ObjectKind kind, size_t size, u64 weight_bytes) {
  if (store->closing) return NULL;
  Object *object = calloc(1, size);
  if (!object) return NULL;
  const void *before = store_enter(store);
  object->store = store;
  object->kind = (u8)kind;
  object->mark = store->mark;
  object->next = store->objects;
  store->objects = object;
  store->debt_bytes += size + OBJECT_WEIGHT_BYTES + weight_bytes;
  store_leave(store, before);
  return object;
}

/* ---- what they refer to ---- */

typedef void Visit(void *env, Object *child);

static u64 trace_list(Object *const *list, u64 count, Visit *visit, void *env) {
  for (u64 i = 0; i < count; i++) visit(env, list[i]);
  return count;
}

static u64 trace_elems(const Instance *in, Visit *visit, void *env) {
  const Module *m = &in->module->module;
  u64 seen = m->elem_count;
  for (u32 i = 0; i < m->elem_count; i++)
    if (in->elem_refs[i]) seen += trace_list(in->elem_refs[i], m->elems[i].count, visit, env);
  return seen;
}

static u64 trace_instance(const Instance *in, Visit *visit, void *env) {
  if (!in->module) return 0; /* not yet built */
  const Module *m = &in->module->module;
  return trace_list((Object *const *)in->funcs, m->func_import_count, visit, env) +
         trace_list((Object *const *)in->tables, m->table_count, visit, env) +
         trace_list((Object *const *)in->memories, m->memory_count, visit, env) +
         trace_list((Object *const *)in->globals, m->global_count, visit, env) +
         trace_list((Object *const *)in->tags, m->tag_count, visit, env) +
         trace_elems(in, visit, env);
}

/* Only where something else than null may be. */
static u64 trace_table(const Table *table, Visit *visit, void *env) {
  u64 seen = table->length / CARD_ELEMENTS;
  for (u64 at = 0; at < table->length; at += CARD_ELEMENTS)
    if (table->cards[at >> CARD_LOG2])
      seen += trace_list(table->elems + at, min_u64(table->length - at, CARD_ELEMENTS), visit, env);
  return seen;
}

static u64 trace_trap(const Trap *trap, Visit *visit, void *env) {
  for (u32 i = 0; i < trap->frame_count; i++) visit(env, (Object *)trap->frames[i].instance);
  return trap->frame_count;
}

static u64 trace_global(const Global *global, Visit *visit, void *env) {
  if (val_is_ref(global->type.type)) visit(env, (Ref)(uintptr_t)global->value[0]);
  return 1;
}

u64 wm_object_trace(const Object *object, Visit *visit, void *env) {
  switch ((ObjectKind)object->kind) {
  case OBJ_INSTANCE: return trace_instance((const Instance *)object, visit, env);
  case OBJ_TABLE: return trace_table((const Table *)object, visit, env);
  case OBJ_GLOBAL: return trace_global((const Global *)object, visit, env);
  case OBJ_TRAP: return trace_trap((const Trap *)object, visit, env);
  case OBJ_FUNC: /* a host function: a wasm function is an inner object */
  case OBJ_MEMORY:
  case OBJ_TAG:
  case OBJ_FOREIGN:
  case OBJ_MODULE: break;
  }
  return 0;
}

u64 wm_object_weight(const Object *object) {
  switch ((ObjectKind)object->kind) {
  case OBJ_MEMORY: return ((const Memory *)object)->space.accessible_bytes;
  case OBJ_TABLE: return ((const Table *)object)->capacity * sizeof(Ref);
  case OBJ_INSTANCE: return ((const Instance *)object)->size_bytes;
  default: return sizeof(Trap);
  }
}

/* ---- how they end ---- */

static void end_instance(Instance *in) {
  in->head.store->instances--;
  wm_stop_remove(in->head.store->stop, in);
  if (!in->module) return;
  for (u32 i = 0; i < in->module->module.elem_count; i++)
    if (in->elem_refs[i]) free(in->elem_refs[i]); /* few have one: no call for the others */
  wm_loaded_release(in->module);
}

static void end_memory(Memory *memory) {
  Store *store = memory->head.store;
  if (!memory->space.base) return;
  store->memory_bytes -= memory_length(memory->space.base);
  wm_pool_release(store->pool, &memory->space);
}

static void end_table(Table *table) {
  Store *store = table->head.store;
  store->table_elements -= table->length;
  wm_table_free_room(table);
  wm_valtype_let_go(store->types, table->type.element);
}

static void end_func(Func *func) {
  if (func->env_finalizer) func->env_finalizer(func->env);
  wm_types_release(func->head.store->types, func->type_id);
}

static void end_trap(Trap *trap) {
  free(trap->message);
  free(trap->frames);
}

static void end_kind(Object *object) {
  TypeRegistry *types = object->store->types;
  switch ((ObjectKind)object->kind) {
  case OBJ_INSTANCE: end_instance((Instance *)object); break;
  case OBJ_FUNC: end_func((Func *)object); break;
  case OBJ_TABLE: end_table((Table *)object); break;
  case OBJ_MEMORY: end_memory((Memory *)object); break;
  case OBJ_GLOBAL: wm_valtype_let_go(types, ((Global *)object)->type.type); break;
  case OBJ_TAG: wm_types_release(types, ((Tag *)object)->type_id); break;
  case OBJ_MODULE: wm_loaded_release(((ModuleObject *)object)->module); break;
  case OBJ_TRAP: end_trap((Trap *)object); break;
  case OBJ_FOREIGN: break;
  }
}

/* The watcher hears of it, then its host info is finalized. */
static void tell_host(Object *object) {
  Store *store = object->store;
  if (object->watched && store->on_watched_free) store->on_watched_free(store, object);
  u64 found = 0;
  if (!object->has_info || !wm_ptrmap_remove(&store->host_info, object, &found)) return;
  HostInfo info = *(HostInfo *)(uintptr_t)found;
  free((HostInfo *)(uintptr_t)found);
  object->has_info = false;
  if (info.finalizer) info.finalizer(info.info);
}

void wm_object_destroy(Object *object) {
  if (object->kind == OBJ_INSTANCE && ((Instance *)object)->module) {
    Instance *in = (Instance *)object;
    for (u32 i = 0; i < in->module->escape_count; i++) tell_host(&in->inner_funcs[i].head);
  }
  tell_host(object);
  end_kind(object);
  free(object);
}

void wm_valtype_hold(TypeRegistry *types, ValType t) {
  if (val_names_type(t)) wm_types_retain(types, val_heap(t));
}

void wm_valtype_let_go(TypeRegistry *types, ValType t) {
  if (val_names_type(t)) wm_types_release(types, val_heap(t));
}
