/* Names of imports and exports with their attributes, and the types they are of (Binary.md, "Import
 * and Export Definitions"). */
#include "component/cm_validator.h"

/* ---- names ---- */

static bool take_attribute(Validator *v, Name *slot, const char *what) {
  if (slot->text)
    return wm_error_set(v->err, ERR_INVALID, cursor_offset(&v->in), "duplicate '%s' option in name",
                        what);
  *slot = wm_cursor_name(&v->in);
  return cursor_ok(&v->in);
}

static bool read_attribute(Validator *v, AttributedName *name) {
  u8 kind = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  switch (kind) {
  case 0: return take_attribute(v, &name->implements, "implements");
  case 1: return take_attribute(v, &name->version_suffix, "versionsuffix");
  case 2: return take_attribute(v, &name->external_id, "external-id");
  default: return wm_cursor_bad_byte(&v->in, kind, "name option");
  }
}

AttributedName wm_read_extern_name(Validator *v) {
  AttributedName name = {0};
  u8 form = wm_cursor_byte(&v->in);
  if (form > 2) wm_cursor_bad_byte(&v->in, form, "component name");
  name.name = wm_cursor_name(&v->in);
  u32 attributes = form == 2 ? wm_cursor_u32(&v->in) : 0;
  for (u32 i = 0; i < attributes && cursor_ok(&v->in); i++) read_attribute(v, &name);
  return name;
}

/* ---- types of imports and exports ---- */

Sort wm_read_sort(Validator *v) {
  static const u8 sorts[] = {0, SORT_FUNC, SORT_VALUE, SORT_TYPE, SORT_COMPONENT, SORT_INSTANCE};
  u8 code = wm_cursor_byte(&v->in);
  if (code == 0 && cursor_ok(&v->in)) {
    code = wm_cursor_byte(&v->in);
    if (cursor_ok(&v->in) && code != 0x11)
      wm_cursor_bad_byte(&v->in, code, "component external kind");
    return SORT_MODULE;
  }
  if (code < ARRAY_LEN(sorts)) return (Sort)sorts[code];
  wm_cursor_bad_byte(&v->in, code, "component external kind");
  return SORT_MODULE;
}

static bool read_type_bound(Validator *v, Entity *entity) {
  u8 bound = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  if (bound == 0) {
    u32 index = wm_cursor_u32(&v->in);
    entity->referenced = cursor_ok(&v->in) ? wm_type_at(v, index) : NULL;
    entity->type = entity->referenced ? wm_type_alias(v->types, entity->referenced) : NULL;
  } else if (bound == 1) {
    entity->type = entity->referenced = wm_type_resource(v->types);
  } else {
    return wm_cursor_bad_byte(&v->in, bound, "type bound");
  }
  return entity->type != NULL;
}

static bool read_module_bound(Validator *v, Entity *entity) {
  u32 index = wm_cursor_u32(&v->in);
  const CoreType *type = cursor_ok(&v->in) ? wm_core_type_at(v, scope_here(v), index) : NULL;
  if (!type) return false;
  entity->module = type->module;
  return type->module || invalid(v, "core type index %u is not a module type", index);
}

bool wm_read_extern_type(Validator *v, Entity *entity) {
  Sort sort = wm_read_sort(v);
  *entity = (Entity){.sort = (u8)sort};
  if (!cursor_ok(&v->in)) return false;
  if (sort == SORT_MODULE) return read_module_bound(v, entity);
  if (sort == SORT_TYPE) return read_type_bound(v, entity);
  if (sort == SORT_VALUE) return wm_gated(v, "component values", "a value");
  u32 index = wm_cursor_u32(&v->in);
  const Type *type = cursor_ok(&v->in) ? wm_type_at(v, index) : NULL;
  if (!type) return false;
  entity->type = entity->referenced = type;
  TypeKind want = sort == SORT_FUNC       ? TYPE_FUNC
                  : sort == SORT_INSTANCE ? TYPE_INSTANCE
                                          : TYPE_COMPONENT;
  return type->kind == want || invalid(v, "type index %u is not %s type", index,
                                       want == TYPE_FUNC       ? "a function"
                                       : want == TYPE_INSTANCE ? "an instance"
                                                               : "a component");
}
