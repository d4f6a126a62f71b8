#include "component/cm_subtype.h"

#include "component/cm_core.h"

/* ---- value types ---- */

/* A primitive by itself is called by its name, one with a type definition "primitive". */
static const char *expected_word(const Type *type) {
  return type->kind <= TYPE_STRING && type->origin ? "primitive" : wm_type_word(type);
}

static bool kinds_differ(TypeTable *t, const Type *a, const Type *b) {
  if (a->kind <= TYPE_STRING && b->kind <= TYPE_STRING)
    return wm_types_fail(t, "expected primitive `%s` found primitive `%s`", wm_type_word(b),
                         wm_type_word(a));
  return wm_types_fail(t, "expected %s, found %s", expected_word(b), wm_type_word(a));
}

static bool counts_match(TypeTable *t, const Type *a, const Type *b, const char *what) {
  return a->count == b->count ||
         wm_types_fail(t, "expected %u %s, found %u", b->count, what, a->count);
}

static bool record_matches(TypeTable *t, const Type *a, const Type *b) {
  if (!counts_match(t, a, b, "fields")) return false;
  for (u32 i = 0; i < a->count; i++) {
    if (!wm_name_equal(a->names[i], b->names[i]))
      return wm_types_fail(t, "expected field name `%s`, found `%s`", show(b->names[i]),
                           show(a->names[i]));
    if (!wm_type_matches(t, a->of[i], b->of[i]))
      return wm_error_context(t->err, "type mismatch in record field `%s`", show(a->names[i]));
  }
  return true;
}

static bool case_matches(TypeTable *t, const Type *a, const Type *b, Name name) {
  if (a && b)
    return wm_type_matches(t, a, b) ||
           wm_error_context(t->err, "type mismatch in variant case `%s`", show(name));
  if (b) return wm_types_fail(t, "expected case `%s` to have a type, found none", show(name));
  return !a || wm_types_fail(t, "expected case `%s` to have no type", show(name));
}

static bool variant_matches(TypeTable *t, const Type *a, const Type *b) {
  if (!counts_match(t, a, b, "cases")) return false;
  for (u32 i = 0; i < a->count; i++) {
    if (!wm_name_equal(a->names[i], b->names[i]))
      return wm_types_fail(t, "expected case named `%s`, found `%s`", show(b->names[i]),
                           show(a->names[i]));
    if (!case_matches(t, a->of[i], b->of[i], a->names[i])) return false;
  }
  return true;
}

static bool tuple_matches(TypeTable *t, const Type *a, const Type *b) {
  if (!counts_match(t, a, b, "types")) return false;
  for (u32 i = 0; i < a->count; i++)
    if (!wm_type_matches(t, a->of[i], b->of[i]))
      return wm_error_context(t->err, "type mismatch in tuple field %u", i);
  return true;
}

static bool labels_match(TypeTable *t, const Type *a, const Type *b) {
  bool same = a->count == b->count;
  for (u32 i = 0; same && i < a->count; i++) same = wm_name_equal(a->names[i], b->names[i]);
  return same || wm_types_fail(t, "mismatch in %s elements", wm_type_word(a));
}

static bool result_part_matches(TypeTable *t, const Type *a, const Type *b, const char *which) {
  if (a && b)
    return wm_type_matches(t, a, b) ||
           wm_error_context(t->err, "type mismatch in %s variant", which);
  if (b) return wm_types_fail(t, "expected %s type, but found none", which);
  return !a || wm_types_fail(t, "expected %s type to not be present", which);
}

static bool func_matches(TypeTable *t, const Type *a, const Type *b) {
  if (!counts_match(t, a, b, "parameters")) return false;
  for (u32 i = 0; i < a->count; i++) {
    if (!wm_name_equal(a->names[i], b->names[i]))
      return wm_types_fail(t, "expected parameter named `%s`, found `%s`", show(b->names[i]),
                           show(a->names[i]));
    if (!wm_type_matches(t, a->of[i], b->of[i]))
      return wm_error_context(t->err, "type mismatch in function parameter `%s`",
                              show(a->names[i]));
  }
  if (a->result && b->result)
    return wm_type_matches(t, a->result, b->result) ||
           wm_error_context(t->err, "type mismatch with result type");
  /* These two as the wasm tools word them. */
  if (a->result) return wm_types_fail(t, "expected a result, found none");
  return !b->result || wm_types_fail(t, "expected no result, found one");
}

static bool resource_matches(TypeTable *t, const Type *a, const Type *b) {
  return a->resource == b->resource ||
         wm_types_fail(t, "resource types are not the same (%u vs. %u)", a->resource->id,
                       b->resource->id);
}

/* ---- interfaces ---- */

static bool instance_matches(TypeTable *t, const Type *a, const Type *b) {
  const Items *want = &b->interface->exports;
  for (u32 i = 0; i < want->list.len; i++)
    if (!wm_items_find(&a->interface->exports, want->list.data[i].name))
      return wm_types_fail(t, "missing expected export `%s`", show(want->list.data[i].name));
  for (u32 i = 0; i < want->list.len; i++) {
    const Item *item = &want->list.data[i];
    const Item *have = wm_items_find(&a->interface->exports, item->name);
    if (!wm_entity_matches(t, &have->entity, &item->entity))
      return wm_error_context(t->err, "type mismatch in instance export `%s`", show(item->name));
  }
  return true;
}

/* The imports of b are given to a, whose exports must then do for b's. */
static bool component_matches(TypeTable *t, const Type *a, const Type *b) {
  Mapping imports = {0}, exports = {0};
  Items given = {0};
  bool good = wm_items_satisfy(t, &b->interface->imports, a->interface, true, &imports) &&
              wm_items_map(t, &imports, &a->interface->exports, &given) &&
              wm_items_satisfy(t, &given, b->interface, false, &exports);
  vec_free(&given.list);
  wm_namemap_free(&given.map);
  wm_mapping_free(&imports);
  wm_mapping_free(&exports);
  return good;
}

static bool same_kind_matches(TypeTable *t, const Type *a, const Type *b) {
  switch ((TypeKind)a->kind) {
  case TYPE_RECORD: return record_matches(t, a, b);
  case TYPE_VARIANT: return variant_matches(t, a, b);
  case TYPE_TUPLE: return tuple_matches(t, a, b);
  case TYPE_LIST:
  case TYPE_OPTION: return wm_type_matches(t, a->of[a->count - 1], b->of[b->count - 1]);
  case TYPE_RESULT:
    return result_part_matches(t, a->of[0], b->of[0], "ok") &&
           result_part_matches(t, a->of[1], b->of[1], "err");
  case TYPE_FLAGS:
  case TYPE_ENUM: return labels_match(t, a, b);
  case TYPE_OWN:
  case TYPE_BORROW:
  case TYPE_RESOURCE: return resource_matches(t, a, b);
  case TYPE_FUNC: return func_matches(t, a, b);
  case TYPE_INSTANCE: return instance_matches(t, a, b);
  case TYPE_COMPONENT: return component_matches(t, a, b);
  default: return true;
  }
}

bool wm_type_matches(TypeTable *t, const Type *a, const Type *b) {
  if (a == b) return true;
  if (!wm_types_step(t)) return false;
  if (a->kind == b->kind) return same_kind_matches(t, a, b);
  if (type_is_value(a) && type_is_value(b)) return kinds_differ(t, a, b);
  return wm_types_fail(t, "expected %s, found %s", wm_type_class(b), wm_type_class(a));
}

bool wm_entity_matches(TypeTable *t, const Entity *a, const Entity *b) {
  if (a->sort != b->sort)
    return wm_types_fail(t, "expected %s, found %s", wm_sort_word((Sort)b->sort),
                         wm_sort_word((Sort)a->sort));
  if (a->sort == SORT_MODULE) return wm_core_module_matches(t, a->module, b->module);
  if (a->sort == SORT_TYPE) return wm_type_matches(t, a->referenced, b->referenced);
  return wm_type_matches(t, a->type, b->type);
}

/* ---- instantiation ---- */

/* What is given where `path` leads among `want`; NULL when nothing is, or of another kind. */
static const Entity *follow(const Items *given, const Items *want, const Path *path) {
  const Item *have = NULL;
  for (u32 i = 0; i < path->count; i++) {
    const Item *item = &want->list.data[path->steps[i]];
    have = wm_items_find(given, item->name);
    if (!have) return NULL;
    if (i + 1 == path->count) break;
    if (have->entity.sort != SORT_INSTANCE) return NULL;
    given = &have->entity.type->interface->exports;
    want = &item->entity.type->interface->exports;
  }
  return have ? &have->entity : NULL;
}

static bool bind_resources(TypeTable *t, const Items *given, const Items *want,
                           const Paths *resources, Mapping *map) {
  for (u32 i = 0; i < resources->len; i++) {
    const Entity *have = follow(given, want, &resources->data[i]);
    if (!have || have->sort != SORT_TYPE || have->type->kind != TYPE_RESOURCE) continue;
    if (!wm_mapping_add(t, map, resources->data[i].resource, have->type->resource)) return false;
  }
  return true;
}

/* The named types of what was asked for are those of what is given. */
static bool rename_types(TypeTable *t, const Entity *given, const Entity *want, PtrMap *names) {
  if (want->sort == SORT_TYPE)
    return wm_ptrmap_set(names, want->type, (u64)(uintptr_t)given->type) ||
           wm_error_out_of_memory(t->err);
  if (want->sort != SORT_INSTANCE) return true;
  const Items *items = &want->type->interface->exports;
  for (u32 i = 0; i < items->list.len; i++) {
    const Item *have = wm_items_find(&given->type->interface->exports, items->list.data[i].name);
    if (!wm_types_step(t)) return false;
    if (have && !rename_types(t, &have->entity, &items->list.data[i].entity, names)) return false;
  }
  return true;
}

static bool item_satisfies(TypeTable *t, const Entity *given, const Item *want, Mapping *map) {
  Entity expected = want->entity;
  bool good = wm_entity_map(t, map, &expected) && wm_entity_matches(t, given, &expected);
  wm_ptrmap_free(&map->types);
  return good;
}

bool wm_items_satisfy(TypeTable *t, const Items *given, const Interface *want, bool imports,
                      Mapping *map) {
  const Items *items = imports ? &want->imports : &want->exports;
  const char *word = imports ? "import" : "export";
  if (!bind_resources(t, given, items, imports ? &want->imported : &want->defined, map))
    return false;
  for (u32 i = 0; i < items->list.len; i++)
    if (!wm_items_find(given, items->list.data[i].name))
      return wm_types_fail(t, "missing %s named `%s`", word, show(items->list.data[i].name));
  PtrMap names = {0};
  bool good = true;
  for (u32 i = 0; i < items->list.len && good; i++) {
    const Item *item = &items->list.data[i];
    const Entity *have = &wm_items_find(given, item->name)->entity;
    good = item_satisfies(t, have, item, map)
               ? rename_types(t, have, &item->entity, &names)
               : wm_error_context(t->err, "type mismatch for %s `%s`", word, show(item->name));
  }
  map->types = names;
  return good;
}
