/* Scopes: index spaces, what is imported and exported, which types have names, which resources
 * there are. Rules: Explainer.md, "External Visibility of Types"; Binary.md, notes on imports and
 * exports. */
#include "component/cm_validator.h"

bool wm_gated(Validator *v, const char *gate, const char *what) {
  return wm_error_unsupported(v->err, v->types->at, gate, what);
}

static bool no_memory(Validator *v) { return wm_error_out_of_memory(v->err); }

/* ---- life ---- */

void wm_scope_free(Scope *s) {
  vec_free(&s->core_types);
  for (u32 i = 0; i < ARRAY_LEN(s->core); i++) vec_free(&s->core[i]);
  vec_free(&s->modules);
  vec_free(&s->core_instances);
  vec_free(&s->types);
  vec_free(&s->funcs);
  vec_free(&s->instances);
  vec_free(&s->components);
  vec_free(&s->defined);
  wm_namemap_free(&s->import_names);
  wm_namemap_free(&s->export_names);
  wm_ptrmap_free(&s->imported_types);
  wm_ptrmap_free(&s->exported_types);
  wm_ptrmap_free(&s->imported_resources);
  wm_ptrmap_free(&s->exported_resources);
  free(s);
}

static Body *body_new(Validator *v) {
  Body *body = arena_new(&v->component->arena, Body);
  if (!body) return NULL;
  body->next = v->component->bodies;
  v->component->bodies = body;
  return body;
}

bool wm_scope_open(Validator *v, ScopeKind kind) {
  if (v->scopes.len == MAX_SCOPES)
    return wm_error_set(v->err, ERR_LIMIT, v->types->at, "nesting is deeper than %u", MAX_SCOPES);
  Scope **slot = vec_push(&v->scopes);
  if (!slot) return no_memory(v);
  *slot = calloc(1, sizeof **slot);
  if (!*slot) {
    v->scopes.len--;
    return no_memory(v);
  }
  (*slot)->kind = kind;
  if (kind == SCOPE_COMPONENT) (*slot)->body = body_new(v);
  if (kind == SCOPE_COMPONENT && !(*slot)->body) return no_memory(v);
  (*slot)->interface = wm_interface_new(v->types);
  return (*slot)->interface != NULL;
}

Def *wm_def_new(Validator *v, DefKind kind) {
  Body *body = scope_here(v)->body;
  if (!body) return &v->dropped;
  Def *def = vec_push(&body->defs);
  if (!def) {
    no_memory(v);
    return NULL;
  }
  *def = (Def){.kind = (u8)kind};
  return def;
}

/* ---- index spaces ---- */

static bool full(Validator *v, u32 len, const char *what) {
  return len >= MAX_SPACE_ITEMS &&
         !wm_error_set(v->err, ERR_LIMIT, v->types->at, "%s count exceeds limit of %u", what,
                       MAX_SPACE_ITEMS);
}

bool wm_scope_push(Validator *v, TypeSpace *space, const Type *type, const char *what) {
  if (!type || full(v, space->len, what)) return false;
  const Type **slot = vec_push(space);
  if (!slot) return no_memory(v);
  *slot = type;
  return true;
}

bool wm_scope_push_type(Validator *v, const Type *type) {
  return wm_scope_push(v, &scope_here(v)->types, type, "types");
}

bool wm_scope_push_core(Validator *v, CoreSort sort, const CoreExtern *type) {
  CoreSpace *space = &scope_here(v)->core[sort];
  if (full(v, space->len, "core items")) return false;
  CoreExtern copy = *type; /* may be an item of the space, which moves */
  CoreExtern *slot = vec_push(space);
  if (!slot) return no_memory(v);
  *slot = copy;
  return true;
}

bool wm_scope_push_core_func(Validator *v, const CoreFunc *func) {
  CoreExtern type = {.sort = CORE_FUNC, .func = func};
  return func && wm_scope_push_core(v, CORE_FUNC, &type);
}

static bool push_module(Validator *v, const ModuleType *module) {
  Scope *s = scope_here(v);
  if (full(v, s->modules.len, "modules")) return false;
  const ModuleType **slot = vec_push(&s->modules);
  if (!slot) return no_memory(v);
  *slot = module;
  return true;
}

/* ---- resources ---- */

static void give_slot(const Scope *s, Resource *resource) {
  if (s->body) resource->slot = s->body->resource_count++;
}

bool wm_scope_define(Validator *v, Resource *resource) {
  Scope *s = scope_here(v);
  give_slot(s, resource);
  return wm_paths_push(v->types, &s->defined, resource, 0, NULL, 0);
}

/* A resource that an instance of this type has for itself becomes another one, of this scope. */
static Resource *renew(Validator *v, Mapping *map, const Resource *old) {
  const Type *type = wm_type_resource(v->types);
  return type && wm_mapping_add(v->types, map, old, type->resource) ? type->resource : NULL;
}

static bool renew_imported(Validator *v, Mapping *map, const Interface *from) {
  Scope *s = scope_here(v);
  for (u32 i = 0; i < from->defined.len; i++) {
    const Resource *old = from->defined.data[i].resource;
    const Path *path = wm_paths_find(v->types, &from->exported, old);
    Resource *resource = renew(v, map, old);
    if (!resource || !path) return false;
    give_slot(s, resource);
    if (!wm_paths_push(v->types, &s->interface->imported, resource, s->interface->imports.list.len,
                       path->steps, path->count))
      return false;
  }
  return true;
}

static bool renew_exported(Validator *v, Mapping *map, const Interface *from) {
  for (u32 i = 0; i < from->defined.len; i++) {
    Resource *resource = renew(v, map, from->defined.data[i].resource);
    if (!resource || !wm_scope_define(v, resource)) return false;
  }
  return true;
}

static bool renew_instance(Validator *v, Entity *entity, Origin origin) {
  const Interface *from = entity->type->interface;
  if (from->defined.len == 0) return true;
  Mapping map = {0};
  bool good = origin == BY_IMPORT ? renew_imported(v, &map, from) : renew_exported(v, &map, from);
  Interface *mapped = good ? wm_interface_map(v->types, &map, from) : NULL;
  wm_mapping_free(&map);
  entity->type = mapped ? wm_type_interface(v->types, TYPE_INSTANCE, mapped) : NULL;
  return entity->type != NULL;
}

/* What an exported instance exports is exported one step further in. */
static bool export_paths(Validator *v, const Interface *from) {
  Interface *to = scope_here(v)->interface;
  for (u32 i = 0; i < from->exported.len; i++) {
    const Path *path = &from->exported.data[i];
    if (!wm_paths_push(v->types, &to->exported, path->resource, to->exports.list.len, path->steps,
                       path->count))
      return false;
  }
  return true;
}

static bool add_instance(Validator *v, Entity *entity, Origin origin) {
  if (origin != BY_ALIAS && !renew_instance(v, entity, origin)) return false;
  if (origin == BY_EXPORT && !export_paths(v, entity->type->interface)) return false;
  return wm_scope_push(v, &scope_here(v)->instances, entity->type, "instances");
}

static bool add_resource(Validator *v, const Entity *entity, Origin origin) {
  Interface *to = scope_here(v)->interface;
  Resource *resource = entity->type->resource;
  bool is_new = entity->type == entity->referenced;
  if (origin == BY_IMPORT && is_new) {
    give_slot(scope_here(v), resource);
    return wm_paths_push(v->types, &to->imported, resource, to->imports.list.len, NULL, 0);
  }
  if (origin != BY_EXPORT) return true;
  if (is_new && !wm_scope_define(v, resource)) return false;
  return wm_paths_push(v->types, &to->exported, resource, to->exports.list.len, NULL, 0);
}

static bool add_type(Validator *v, const Entity *entity, Origin origin) {
  if (!wm_scope_push_type(v, entity->type)) return false;
  return entity->type->kind != TYPE_RESOURCE || add_resource(v, entity, origin);
}

/* ---- names of types ---- */

static bool all_named(Validator *v, const Type *type, const PtrMap *set);

/* A type where it is used: those that must have a name do. */
static bool is_named(Validator *v, const Type *type, const PtrMap *set) {
  if (!type) return true;
  switch ((TypeKind)type->kind) {
  case TYPE_RECORD:
  case TYPE_VARIANT:
  case TYPE_FLAGS:
  case TYPE_ENUM: return wm_ptrmap_get(set, type, NULL);
  default: return all_named(v, type, set);
  }
}

static bool items_named(Validator *v, const Items *items, const PtrMap *set) {
  for (u32 i = 0; i < items->list.len; i++) {
    const Entity *entity = &items->list.data[i].entity;
    if (entity->sort == SORT_MODULE || entity->sort == SORT_COMPONENT) continue;
    if (!all_named(v, entity->type, set)) return false;
  }
  return true;
}

/* What is in a type has names where it must. */
static bool all_named(Validator *v, const Type *type, const PtrMap *set) {
  if (type->kind <= TYPE_STRING || !wm_types_step(v->types)) return type->kind <= TYPE_STRING;
  switch ((TypeKind)type->kind) {
  case TYPE_OWN:
  case TYPE_BORROW: return wm_ptrmap_get(set, type->of[0], NULL);
  case TYPE_INSTANCE: return items_named(v, &type->interface->exports, set);
  case TYPE_RESOURCE:
  case TYPE_COMPONENT: return true;
  default: break;
  }
  for (u32 i = 0; type->of && i < type->count; i++)
    if (!is_named(v, type->of[i], set)) return false;
  return is_named(v, type->result, set);
}

static bool put(Validator *v, PtrMap *set, const Type *type) {
  return wm_ptrmap_set(set, type, 1) || no_memory(v);
}

static bool register_named(Validator *v, const Entity *entity, bool imported);

static bool register_items(Validator *v, const Items *items, bool imported) {
  for (u32 i = 0; i < items->list.len; i++)
    if (!wm_types_step(v->types) || !register_named(v, &items->list.data[i].entity, imported))
      return false;
  return true;
}

/* Whether what is imported or exported refers to named types only; its types have names then. */
static bool register_named(Validator *v, const Entity *entity, bool imported) {
  Scope *s = scope_here(v);
  PtrMap *set = imported ? &s->imported_types : &s->exported_types;
  switch ((Sort)entity->sort) {
  case SORT_FUNC: return all_named(v, entity->type, set);
  case SORT_INSTANCE: return register_items(v, &entity->type->interface->exports, imported);
  case SORT_TYPE:
    return all_named(v, entity->referenced, set) && put(v, set, entity->type) &&
           put(v, &s->exported_types, entity->type);
  default: return true;
  }
}

/* A resource with a name here: annotated names may be about it. */
static bool name_resource(Validator *v, const Type *type, Name name, bool imported) {
  Scope *s = scope_here(v);
  Name *kept = arena_new(&v->component->arena, Name);
  if (!kept) return no_memory(v);
  *kept = name;
  PtrMap *map = imported ? &s->imported_resources : &s->exported_resources;
  return wm_ptrmap_set(map, type, (u64)(uintptr_t)kept) || no_memory(v);
}

static bool check_visible(Validator *v, const Entity *entity, bool imported, Name name) {
  if (entity->sort == SORT_TYPE && entity->type->kind == TYPE_RESOURCE &&
      !name_resource(v, entity->type, name, imported))
    return false;
  if (scope_here(v)->kind == SCOPE_INSTANCE_TYPE) return true;
  return register_named(v, entity, imported) ||
         invalid(v, "%s not valid to be used as %s", wm_sort_word((Sort)entity->sort),
                 imported ? "import" : "export");
}

static bool add_to_space(Validator *v, Entity *entity, Origin origin) {
  Scope *s = scope_here(v);
  switch ((Sort)entity->sort) {
  case SORT_MODULE: return push_module(v, entity->module);
  case SORT_FUNC: return wm_scope_push(v, &s->funcs, entity->type, "functions");
  case SORT_COMPONENT: return wm_scope_push(v, &s->components, entity->type, "components");
  case SORT_INSTANCE: return add_instance(v, entity, origin);
  default: return add_type(v, entity, origin);
  }
}

bool wm_scope_add(Validator *v, Entity *entity, Origin origin, Name name) {
  if (!add_to_space(v, entity, origin)) return false;
  return origin == BY_ALIAS || check_visible(v, entity, origin == BY_IMPORT, name);
}

bool wm_scope_import(Validator *v, const AttributedName *name, Entity *entity) {
  Scope *s = scope_here(v);
  return wm_scope_add(v, entity, BY_IMPORT, name->name) &&
         wm_extern_check(v, name, entity, true, &s->imported_resources, &s->interface->imports,
                         &s->import_names);
}

bool wm_scope_export(Validator *v, const AttributedName *name, Entity *entity) {
  Scope *s = scope_here(v);
  return wm_scope_add(v, entity, BY_EXPORT, name->name) &&
         wm_extern_check(v, name, entity, false, &s->exported_resources, &s->interface->exports,
                         &s->export_names);
}

/* ---- the end of a scope ---- */

static bool no_local_in_imports(Validator *v, const Scope *s, PtrMap *set) {
  if (!wm_items_free_resources(v->types, &s->interface->imports, set)) return false;
  for (u32 i = 0; i < s->defined.len; i++)
    if (wm_ptrmap_get(set, s->defined.data[i].resource, NULL))
      return invalid(v, "local resource type found in imports");
  wm_ptrmap_free(set);
  return true;
}

/* Of the resources made here those count that the exports tell of; they are exported themselves. */
static bool keep_exported(Validator *v, const Scope *s, PtrMap *set) {
  Interface *to = s->interface;
  if (!wm_items_free_resources(v->types, &to->exports, set)) return false;
  for (u32 i = 0; i < s->defined.len; i++) {
    Resource *resource = s->defined.data[i].resource;
    if (!wm_ptrmap_get(set, resource, NULL)) continue;
    const Path *path = wm_paths_find(v->types, &to->exported, resource);
    if (!path) return invalid(v, "local resource type found in export but not exported itself");
    Path *kept = vec_push(&to->defined);
    if (!kept) return no_memory(v);
    *kept = *path;
  }
  return true;
}

static bool finish_component(Validator *v, const Scope *s) {
  PtrMap set = {0};
  bool good = no_local_in_imports(v, s, &set) && keep_exported(v, s, &set);
  wm_ptrmap_free(&set);
  return good;
}

static bool finish_instance(Validator *v, const Scope *s) {
  for (u32 i = 0; i < s->defined.len; i++) {
    Path *path = vec_push(&s->interface->defined);
    if (!path) return no_memory(v);
    *path = s->defined.data[i];
  }
  return true;
}

const Type *wm_scope_close(Validator *v) {
  Scope *s = scope_here(v);
  bool is_instance = s->kind == SCOPE_INSTANCE_TYPE;
  bool good = is_instance ? finish_instance(v, s) : finish_component(v, s);
  const Type *type =
      good ? wm_type_interface(v->types, is_instance ? TYPE_INSTANCE : TYPE_COMPONENT, s->interface)
           : NULL;
  if (s->body) s->body->type = type;
  v->scopes.len--;
  wm_scope_free(s);
  return type;
}
