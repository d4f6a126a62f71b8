#include "component/cm_validator.h"

static void *unknown(Validator *v, const char *what, const char *space, u32 index) {
  invalid(v, "unknown %s %u: %s index out of bounds", what, index, space);
  return NULL;
}

const Type *wm_type_at(Validator *v, u32 index) {
  const TypeSpace *types = &scope_here(v)->types;
  return index < types->len ? types->data[index] : unknown(v, "type", "type", index);
}

static const Type *of_kind(Validator *v, u32 index, TypeKind kind, const char *what) {
  const Type *type = wm_type_at(v, index);
  if (!type || type->kind == kind) return type;
  invalid(v, "type index %u is not %s type", index, what);
  return NULL;
}

const Type *wm_value_type_at(Validator *v, u32 index) {
  const Type *type = wm_type_at(v, index);
  if (!type || type_is_value(type)) return type;
  invalid(v, "type index %u is not a defined type", index);
  return NULL;
}

const Type *wm_resource_at(Validator *v, u32 index) {
  return of_kind(v, index, TYPE_RESOURCE, "a resource");
}

const Type *wm_func_type_at(Validator *v, u32 index) {
  return of_kind(v, index, TYPE_FUNC, "a function");
}

const Type *wm_func_at(Validator *v, u32 index) {
  const TypeSpace *funcs = &scope_here(v)->funcs;
  return index < funcs->len ? funcs->data[index] : unknown(v, "function", "function", index);
}

const Type *wm_instance_at(Validator *v, u32 index) {
  const TypeSpace *space = &scope_here(v)->instances;
  return index < space->len ? space->data[index] : unknown(v, "instance", "instance", index);
}

const Type *wm_component_at(Validator *v, u32 index) {
  const TypeSpace *space = &scope_here(v)->components;
  return index < space->len ? space->data[index] : unknown(v, "component", "component", index);
}

const ModuleType *wm_module_at(Validator *v, const Scope *scope, u32 index) {
  if (index < scope->modules.len) return scope->modules.data[index];
  return unknown(v, "module", "module", index);
}

const CoreType *wm_core_type_at(Validator *v, const Scope *scope, u32 index) {
  if (index < scope->core_types.len) return &scope->core_types.data[index];
  return unknown(v, "type", "type", index);
}

const CoreExtern *wm_core_at(Validator *v, CoreSort sort, u32 index) {
  const CoreSpace *space = &scope_here(v)->core[sort];
  if (index < space->len) return &space->data[index];
  if (sort == CORE_FUNC) return unknown(v, "core function", "function", index);
  return unknown(v, wm_core_sort_word(sort), wm_core_sort_word(sort), index);
}

const CoreInstanceType *wm_core_instance_at(Validator *v, u32 index) {
  Scope *s = scope_here(v);
  if (index < s->core_instances.len) return &s->core_instances.data[index];
  return unknown(v, "core instance", "instance", index);
}

Scope *wm_outer_scope(Validator *v, u32 count) {
  if (count < v->scopes.len) return v->scopes.data[v->scopes.len - 1 - count];
  invalid(v, "invalid outer alias count of %u", count);
  return NULL;
}

static const Type *component_item_at(Validator *v, Sort sort, u32 index) {
  switch (sort) {
  case SORT_FUNC: return wm_func_at(v, index);
  case SORT_INSTANCE: return wm_instance_at(v, index);
  case SORT_COMPONENT: return wm_component_at(v, index);
  default: return wm_type_at(v, index);
  }
}

bool wm_entity_at(Validator *v, Sort sort, u32 index, Entity *entity) {
  *entity = (Entity){.sort = (u8)sort};
  if (sort == SORT_VALUE) return wm_gated(v, "component values", "a value");
  if (sort == SORT_MODULE) {
    entity->module = wm_module_at(v, scope_here(v), index);
    return entity->module != NULL;
  }
  entity->type = entity->referenced = component_item_at(v, sort, index);
  return entity->type != NULL;
}
