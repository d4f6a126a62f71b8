/* Objects are made (collect.h), and hold the types that their values are of. */
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

void wm_valtype_hold(TypeRegistry *types, ValType t) {
  if (val_names_type(t)) wm_types_retain(types, val_heap(t));
}

void wm_valtype_let_go(TypeRegistry *types, ValType t) {
  if (val_names_type(t)) wm_types_release(types, val_heap(t));
}
