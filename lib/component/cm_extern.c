/* Names of imports and exports: well-formed, unique, and fitting the type they stand for. */
#include "component/cm_validator.h"

static const Type *func_of(Validator *v, const Entity *entity) {
  if (entity->sort == SORT_FUNC) return entity->type;
  invalid(v, "item is not a func");
  return NULL;
}

static bool is_resource_called(Validator *v, const PtrMap *resources, const Type *resource,
                               Name name) {
  u64 kept;
  if (!wm_ptrmap_get(resources, resource, &kept))
    return invalid(v, "resource used in function does not have a name in this context");
  const Name *expected = (const Name *)(uintptr_t)kept;
  return wm_name_equal(*expected, name) ||
         invalid(v, "function does not match expected resource name `%s`", show(*expected));
}

static bool check_constructor(Validator *v, const Entity *entity, const PtrMap *resources,
                              Name resource) {
  const Type *func = func_of(v, entity);
  if (!func) return false;
  const Type *made = func->result;
  if (!made) return invalid(v, "function should return one value");
  if (made->kind == TYPE_RESULT) made = made->of[0];
  if (!made || made->kind != TYPE_OWN)
    return invalid(v, "function should return `(own $T)` or `(result (own $T))`");
  return is_resource_called(v, resources, made->of[0], resource);
}

static bool check_method(Validator *v, const Entity *entity, const PtrMap *resources,
                         Name resource) {
  const Type *func = func_of(v, entity);
  if (!func) return false;
  if (func->count == 0) return invalid(v, "function should have at least one argument");
  if (!wm_name_is(func->names[0], "self"))
    return invalid(v, "function should have a first argument called `self`");
  if (func->of[0]->kind != TYPE_BORROW)
    return invalid(v, "function should take a first argument of `(borrow $T)`");
  return is_resource_called(v, resources, func->of[0]->of[0], resource);
}

static bool check_static(Validator *v, const Entity *entity, const PtrMap *resources,
                         Name resource) {
  if (!func_of(v, entity)) return false;
  for (u32 i = 0; i < resources->cap && wm_types_step(v->types); i++)
    if (resources->slots[i].key > 1 &&
        wm_name_equal(*(const Name *)(uintptr_t)resources->slots[i].value, resource))
      return true;
  return invalid(v, "static resource name is not known in this context");
}

static bool check_version(Validator *v, Name version, Name suffix) {
  const char *why = NULL;
  char unexpected;
  if (!version.text || wm_semver_valid(version, suffix, &why, &unexpected)) return true;
  if (unexpected && strcmp(why, "unexpected character") == 0)
    return invalid(v, "invalid interface version: unexpected character '%c'", unexpected);
  return invalid(v, "invalid interface version: %s", why);
}

static bool check_form(Validator *v, const ExternName *name, const AttributedName *given,
                       const Entity *entity, const PtrMap *resources) {
  switch (name->form) {
  case NAME_CONSTRUCTOR: return check_constructor(v, entity, resources, name->resource);
  case NAME_METHOD: return check_method(v, entity, resources, name->resource);
  case NAME_STATIC: return check_static(v, entity, resources, name->resource);
  case NAME_INTERFACE: return check_version(v, name->version, given->version_suffix);
  default: return true;
  }
}

static bool check_implements(Validator *v, const ExternName *name, Name implements,
                             const Entity *entity) {
  ExternName interface;
  if (name->form != NAME_LABEL)
    return invalid(v, "name `%s` is not valid with `implements`", show(name->text));
  if (entity->sort != SORT_INSTANCE) return invalid(v, "only instances can have an `implements`");
  if (!wm_extern_name_parse(implements, v->types->at, v->err, &interface))
    return wm_error_context(v->err, "`%s` is not a valid name", show(implements));
  return interface.form == NAME_INTERFACE ||
         invalid(v, "name `%s` must be an interface", show(implements));
}

static bool check_attributes(Validator *v, const ExternName *name, const AttributedName *given,
                             const Entity *entity) {
  if (given->implements.text && !check_implements(v, name, given->implements, entity)) return false;
  if (given->version_suffix.text && entity->sort != SORT_INSTANCE)
    return invalid(v, "only instances can have an `versionsuffix`");
  return true;
}

static bool check_unique(Validator *v, const ExternName *name, Items *items, NameMap *unique,
                         const char *word) {
  Name canonical;
  u32 previous;
  if (!wm_extern_name_canonical(&v->component->arena, name, &canonical))
    return wm_error_out_of_memory(v->err);
  if (wm_namemap_get(unique, canonical.text, canonical.len, &previous))
    return invalid(v, "%s name `%s` conflicts with previous name `%s`", word, show(name->text),
                   show(items->list.data[previous].name));
  return wm_namemap_add(unique, canonical.text, canonical.len, items->list.len, NULL) ||
         wm_error_out_of_memory(v->err);
}

bool wm_extern_check(Validator *v, const AttributedName *given, const Entity *entity, bool imported,
                     const PtrMap *resources, Items *items, NameMap *unique) {
  const char *word = imported ? "import" : "export";
  ExternName name;
  if (!wm_extern_name_parse(given->name, v->types->at, v->err, &name))
    return wm_error_context(v->err, "%s name `%s` is not a valid extern name", word,
                            show(given->name));
  if (!check_attributes(v, &name, given, entity)) return false;
  if (!check_form(v, &name, given, entity, resources))
    return wm_error_context(v->err, "%s name `%s` is not valid", word, show(given->name));
  if (items->list.len >= MAX_SPACE_ITEMS)
    return wm_error_set(v->err, ERR_LIMIT, v->types->at, "%ss count exceeds limit of %u", word,
                        MAX_SPACE_ITEMS);
  return check_unique(v, &name, items, unique, word) &&
         (wm_items_push(items, given->name, *entity) || wm_error_out_of_memory(v->err));
}
