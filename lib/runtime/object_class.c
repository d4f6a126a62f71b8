/* Objects kind by kind: what they refer to, what they weigh, how they end (collect.h). A new kind
 * is a row of `classes`. */
#include "runtime/collect.h"
#include "runtime/exception.h"
#include "runtime/heap.h"

#include <stdlib.h>

/* ---- what they refer to ---- */

static u64 trace_list(Object *const *list, u64 count, Visit *visit, void *env) {
  for (u64 i = 0; i < count; i++) visit(env, ref_of_object(list[i]));
  return count;
}

static u64 trace_refs(const Ref *refs, u64 count, Visit *visit, void *env) {
  for (u64 i = 0; i < count; i++) visit(env, refs[i]);
  return count;
}

static u64 trace_elems(const Instance *in, Visit *visit, void *env) {
  const Module *m = &in->module->module;
  u64 seen = m->elem_count;
  for (u32 i = 0; i < m->elem_count; i++)
    if (in->elem_refs[i]) seen += trace_refs(in->elem_refs[i], m->elems[i].count, visit, env);
  return seen;
}

static u64 trace_instance(const Object *object, Visit *visit, void *env) {
  const Instance *in = (const Instance *)object;
  if (!in->module) return 0; /* not yet built */
  const Module *m = &in->module->module;
  return trace_list((Object *const *)in->funcs, m->func_import_count, visit, env) +
         trace_list((Object *const *)in->tables, m->table_count, visit, env) +
         trace_list((Object *const *)in->memories, m->memory_count, visit, env) +
         trace_list((Object *const *)in->globals, m->global_count, visit, env) +
         trace_list((Object *const *)in->tags, m->tag_count, visit, env) +
         trace_elems(in, visit, env);
}

/* Those whose cards are marked: what was written since they were traced last, or all that may be
 * something else than null. */
static u64 trace_cards(const Table *table, bool written, Visit *visit, void *env) {
  u64 seen = table->length / CARD_ELEMENTS;
  for (u64 at = 0; at < table->length; at += CARD_ELEMENTS) {
    u8 *card = &table->cards[at >> CARD_LOG2];
    if (*card == CARD_NULL || (written && *card != CARD_WRITTEN)) continue;
    *card = CARD_TRACED;
    seen += trace_refs(table->elems + at, min_u64(table->length - at, CARD_ELEMENTS), visit, env);
  }
  return seen;
}

static u64 trace_table(const Object *object, Visit *visit, void *env) {
  return trace_cards((const Table *)object, false, visit, env);
}

static u64 trace_trap(const Object *object, Visit *visit, void *env) {
  const Trap *trap = (const Trap *)object;
  visit(env, ref_of_object(trap->exception));
  for (u32 i = 0; i < trap->frame_count; i++) visit(env, ref_of_object(trap->frames[i].instance));
  return trap->frame_count;
}

static u64 trace_exception(const Object *object, Visit *visit, void *env) {
  const Exception *exception = (const Exception *)object;
  if (!exception->tag) return 0; /* not yet built */
  const SubType *type = wm_types_get(object->store->types, exception->tag->type_id);
  const u64 *slot = exception->args;
  visit(env, ref_of_object(exception->tag));
  for (u32 i = 0; i < type->param_count; i++) {
    if (val_is_ref(type->params[i])) visit(env, ref_of_slot(*slot));
    slot += val_slots(type->params[i]);
  }
  return type->param_count;
}

static u64 trace_global(const Object *object, Visit *visit, void *env) {
  const Global *global = (const Global *)object;
  if (val_is_ref(global->type.type)) visit(env, ref_of_slot(global->value[0]));
  return 1;
}

static u64 trace_heap_ref(const Object *object, Visit *visit, void *env) {
  visit(env, ((const HeapRef *)object)->ref);
  return 1;
}

/* ---- what they weigh, their structs apart ---- */

static u64 weigh_instance(const Object *object) {
  return ((const Instance *)object)->size_bytes - sizeof(Instance);
}

static u64 weigh_table(const Object *object) {
  return ((const Table *)object)->capacity * sizeof(Ref);
}

/* A shared one is not this store's to free. */
static u64 weigh_memory(const Object *object) {
  const Memory *memory = (const Memory *)object;
  return memory->shared ? 0 : memory->space.accessible_bytes;
}

static u64 weigh_exception(const Object *object) {
  return ((const Exception *)object)->slot_count * sizeof(u64);
}

static u64 weigh_trap(const Object *object) { return ((const Trap *)object)->message_len; }

/* ---- how they end ---- */

static void end_instance(Object *object) {
  Instance *in = (Instance *)object;
  if (in->data.finalizer) in->data.finalizer(in->data.info);
  wm_account_return_instance(object->store->account);
  wm_stop_remove(object->store->stop, in);
  if (!in->module) return;
  for (u32 i = 0; i < in->module->module.elem_count; i++)
    if (in->elem_refs[i]) free(in->elem_refs[i]); /* few have one: no call for the others */
  wm_loaded_release(in->module);
}

static void end_memory(Object *object) { wm_memory_free_space((Memory *)object); }

static void end_table(Object *object) {
  Table *table = (Table *)object;
  Store *store = object->store;
  wm_account_return_table(store->account, table->length);
  wm_table_free_room(table);
  wm_valtype_let_go(store->types, table->type.element);
}

static void end_func(Object *object) {
  Func *func = (Func *)object;
  void (*finalizer)(void *) = func->env_finalizer;
  func->env_finalizer = NULL;
  if (finalizer) finalizer(func->env);
  wm_types_release(object->store->types, func->type_id);
}

static void end_trap(Object *object) {
  Trap *trap = (Trap *)object;
  free(trap->message);
  free(trap->frames);
}

static void end_global(Object *object) {
  wm_valtype_let_go(object->store->types, ((Global *)object)->type.type);
}

static void end_tag(Object *object) {
  wm_types_release(object->store->types, ((Tag *)object)->type_id);
}

static void end_module(Object *object) { wm_loaded_release(((ModuleObject *)object)->module); }

/* ---- the classes ---- */

typedef struct ObjectClass {
  u64 size_bytes;                                              /* of the struct */
  u64 (*trace)(const Object *object, Visit *visit, void *env); /* NULL: refers to nothing */
  u64 (*weigh)(const Object *object);                          /* NULL: nothing beside it */
  void (*end)(Object *object);                                 /* NULL: nothing to give back */
} ObjectClass;

/* A function of wasm is an inner object of its instance, which does for it what is to be done. */
static const ObjectClass classes[] = {
    [OBJ_INSTANCE] = {sizeof(Instance), trace_instance, weigh_instance, end_instance},
    [OBJ_FUNC] = {sizeof(Func), NULL, NULL, end_func},
    [OBJ_TABLE] = {sizeof(Table), trace_table, weigh_table, end_table},
    [OBJ_MEMORY] = {sizeof(Memory), NULL, weigh_memory, end_memory},
    [OBJ_GLOBAL] = {sizeof(Global), trace_global, NULL, end_global},
    [OBJ_TAG] = {sizeof(Tag), NULL, NULL, end_tag},
    [OBJ_FOREIGN] = {sizeof(Foreign), NULL, NULL, NULL},
    [OBJ_MODULE] = {sizeof(ModuleObject), NULL, NULL, end_module},
    [OBJ_TRAP] = {sizeof(Trap), trace_trap, weigh_trap, end_trap},
    [OBJ_EXCEPTION] = {sizeof(Exception), trace_exception, weigh_exception, NULL},
    [OBJ_HEAP_REF] = {sizeof(HeapRef), trace_heap_ref, NULL, NULL},
};
_Static_assert(ARRAY_LEN(classes) == OBJECT_KINDS, "a class for each kind");

u64 wm_object_trace(const Object *object, Visit *visit, void *env) {
  const ObjectClass *class = &classes[object->kind];
  return class->trace ? class->trace(object, visit, env) : 0;
}

void wm_object_trace_young(const Object *object, Visit *visit, void *env) {
  switch (object->kind) {
  case OBJ_INSTANCE:
    if (((const Instance *)object)->module) trace_elems((const Instance *)object, visit, env);
    break;
  case OBJ_TABLE: trace_cards((const Table *)object, true, visit, env); break;
  case OBJ_GLOBAL:
  case OBJ_EXCEPTION:
  case OBJ_HEAP_REF: wm_object_trace(object, visit, env); break;
  default: break;
  }
}

u64 wm_object_weight(const Object *object) {
  const ObjectClass *class = &classes[object->kind];
  return class->size_bytes + (class->weigh ? class->weigh(object) : 0);
}

/* ---- their end ---- */

/* The watcher hears of it, then its host info is finalized. */
static void tell_host(Object *object) {
  Store *store = object->store;
  if (object->watched && store->on_watched_free) store->on_watched_free(store, object);
  object->watched = false;
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
  if (classes[object->kind].end) classes[object->kind].end(object);
  free(object);
}
