/* Substitution of resources and named types (cm_subtype.h), and the variables that are free. */
#include "component/cm_subtype.h"

void wm_mapping_free(Mapping *map) {
  wm_ptrmap_free(&map->resources);
  wm_ptrmap_free(&map->types);
}

static bool put(TypeTable *t, PtrMap *map, const void *from, const void *to) {
  return wm_ptrmap_set(map, from, (u64)(uintptr_t)to) || wm_error_out_of_memory(t->err);
}

bool wm_mapping_add(TypeTable *t, Mapping *map, const Resource *from, const Resource *to) {
  return put(t, &map->resources, from, to);
}

static const void *get(const PtrMap *map, const void *from) {
  u64 to;
  return wm_ptrmap_get(map, from, &to) ? (const void *)(uintptr_t)to : NULL;
}

/* Where the resource goes, or itself. */
static Resource *map_resource(const Mapping *map, Resource *from) {
  u64 to;
  return wm_ptrmap_get(&map->resources, from, &to) ? (Resource *)(uintptr_t)to : from;
}

static const Type *map_resource_type(TypeTable *t, const Mapping *map, const Type *type) {
  Resource *to = map_resource(map, type->resource);
  if (to == type->resource) return type;
  const Type *alias = wm_type_alias(t, type);
  if (alias) ((Type *)(uintptr_t)alias)->resource = to; /* made just now */
  return alias;
}

/* The parts of a type, mapped: *changed tells whether one is another. NULL: error. */
static const Type **map_parts(TypeTable *t, Mapping *map, const Type *type, bool *changed) {
  const Type **parts = calloc(type->count ? type->count : 1, sizeof *parts);
  if (!parts) {
    wm_error_out_of_memory(t->err);
    return NULL;
  }
  for (u32 i = 0; i < type->count; i++) {
    if (!type->of[i]) continue;
    parts[i] = wm_type_map(t, map, type->of[i]);
    if (!parts[i]) {
      free(parts);
      return NULL;
    }
    *changed |= parts[i] != type->of[i];
  }
  return parts;
}

static const Type *rebuild(TypeTable *t, const Type *type, const Type *const *parts,
                           const Type *result) {
  switch ((TypeKind)type->kind) {
  case TYPE_OWN:
  case TYPE_BORROW: return wm_type_handle(t, (TypeKind)type->kind, parts[0]);
  case TYPE_FUNC: return wm_type_func(t, type->count, parts, type->names, result);
  default: return wm_type_new(t, (TypeKind)type->kind, type->count, parts, type->names);
  }
}

static const Type *map_structure(TypeTable *t, Mapping *map, const Type *type) {
  if (!type->of && !type->result) return type;
  bool changed = false;
  const Type *result = type->result;
  if (result) result = wm_type_map(t, map, result);
  if (type->result && !result) return NULL;
  changed |= result != type->result;
  const Type **parts = map_parts(t, map, type, &changed);
  if (!parts) return NULL;
  const Type *mapped = changed ? rebuild(t, type, parts, result) : type;
  free(parts);
  return mapped;
}

bool wm_entity_map(TypeTable *t, Mapping *map, Entity *entity) {
  if (entity->sort == SORT_MODULE) return true;
  entity->type = wm_type_map(t, map, entity->type);
  if (entity->type && entity->sort == SORT_TYPE)
    entity->referenced = wm_type_map(t, map, entity->referenced);
  return entity->type && (entity->sort != SORT_TYPE || entity->referenced);
}

bool wm_items_map(TypeTable *t, Mapping *map, const Items *from, Items *to) {
  for (u32 i = 0; i < from->list.len; i++) {
    Item item = from->list.data[i];
    if (!wm_types_make(t) || !wm_entity_map(t, map, &item.entity)) return false;
    if (!wm_items_push(to, item.name, item.entity)) return wm_error_out_of_memory(t->err);
  }
  return true;
}

static bool map_paths(TypeTable *t, const Mapping *map, const Paths *from, Paths *to) {
  for (u32 i = 0; i < from->len; i++) {
    Path *path = wm_types_make(t) ? vec_push(to) : NULL;
    if (!path) return wm_error_out_of_memory(t->err);
    *path = from->data[i];
    path->resource = map_resource(map, path->resource);
  }
  return true;
}

static Interface *map_interface(TypeTable *t, Mapping *map, const Interface *from, bool all) {
  Interface *to = wm_interface_new(t);
  if (!to || !wm_items_map(t, map, &from->imports, &to->imports) ||
      !wm_items_map(t, map, &from->exports, &to->exports) ||
      !map_paths(t, map, &from->exported, &to->exported))
    return NULL;
  if (all && (!map_paths(t, map, &from->imported, &to->imported) ||
              !map_paths(t, map, &from->defined, &to->defined)))
    return NULL;
  return to;
}

Interface *wm_interface_map(TypeTable *t, Mapping *map, const Interface *from) {
  return map_interface(t, map, from, false);
}

static bool items_change(TypeTable *t, Mapping *map, const Items *items, bool *changed) {
  for (u32 i = 0; i < items->list.len && !*changed; i++) {
    Entity entity = items->list.data[i].entity, before = entity;
    if (!wm_entity_map(t, map, &entity)) return false;
    *changed |= entity.type != before.type || entity.referenced != before.referenced;
  }
  return true;
}

static const Type *map_interface_type(TypeTable *t, Mapping *map, const Type *type) {
  bool changed = false;
  if (!items_change(t, map, &type->interface->imports, &changed) ||
      !items_change(t, map, &type->interface->exports, &changed))
    return NULL;
  if (!changed) return type;
  Interface *mapped = map_interface(t, map, type->interface, true);
  return mapped ? wm_type_interface(t, (TypeKind)type->kind, mapped) : NULL;
}

const Type *wm_type_map(TypeTable *t, Mapping *map, const Type *type) {
  if (!type->has_resource && !map->types.count) return type;
  if (type->kind <= TYPE_STRING) return type;
  const Type *known = get(&map->types, type);
  if (known) return known;
  if (!wm_types_step(t)) return NULL;
  const Type *mapped = type->kind == TYPE_RESOURCE ? map_resource_type(t, map, type)
                       : type->interface           ? map_interface_type(t, map, type)
                                                   : map_structure(t, map, type);
  return mapped && put(t, &map->types, type, mapped) ? mapped : NULL;
}

/* ---- free variables ---- */

static bool free_of_interface(TypeTable *t, const Interface *interface, PtrMap *set) {
  if (!wm_items_free_resources(t, &interface->imports, set) ||
      !wm_items_free_resources(t, &interface->exports, set))
    return false;
  for (u32 i = 0; i < interface->imported.len; i++)
    wm_ptrmap_remove(set, interface->imported.data[i].resource, NULL);
  for (u32 i = 0; i < interface->defined.len; i++)
    wm_ptrmap_remove(set, interface->defined.data[i].resource, NULL);
  return true;
}

bool wm_type_free_resources(TypeTable *t, const Type *type, PtrMap *set) {
  if (!type || !type->has_resource) return true;
  if (!wm_types_step(t)) return false;
  if (type->resource) return put(t, set, type->resource, type->resource);
  if (type->interface) return free_of_interface(t, type->interface, set);
  for (u32 i = 0; i < type->count; i++)
    if (!wm_type_free_resources(t, type->of[i], set)) return false;
  return wm_type_free_resources(t, type->result, set);
}

bool wm_items_free_resources(TypeTable *t, const Items *items, PtrMap *set) {
  for (u32 i = 0; i < items->list.len; i++)
    if (!wm_type_free_resources(t, items->list.data[i].entity.type, set)) return false;
  return true;
}
