/* Globals, tags, foreign objects and a store's view of modules: objects without operations. */
#include "runtime/collect.h"
#include "runtime/instance.h"

/* A new object, or NULL with err set. */
static void *make(Store *store, ObjectKind kind, size_t size, Error *err) {
  void *object = wm_object_new(store, kind, size, 0);
  if (!object) wm_error_out_of_memory(err);
  return object;
}

Global *wm_global_new(Store *store, const GlobalType *type, const u64 *value, Error *err) {
  Global *global = make(store, OBJ_GLOBAL, sizeof *global, err);
  if (!global) return NULL;
  global->type = *type;
  wm_valtype_hold(store->types, type->type);
  if (value) memcpy(global->value, value, val_slots(type->type) * sizeof *value);
  return global;
}

Tag *wm_tag_new(Store *store, u32 type_id, Error *err) {
  Tag *tag = make(store, OBJ_TAG, sizeof *tag, err);
  if (!tag) return NULL;
  tag->type_id = type_id;
  wm_types_retain(store->types, type_id);
  return tag;
}

Foreign *wm_foreign_new(Store *store, Error *err) {
  return make(store, OBJ_FOREIGN, sizeof(Foreign), err);
}

ModuleObject *wm_module_object_new(Store *store, LoadedModule *lm, Error *err) {
  ModuleObject *object = make(store, OBJ_MODULE, sizeof *object, err);
  if (!object) return NULL;
  object->module = lm;
  wm_loaded_retain(lm);
  return object;
}
