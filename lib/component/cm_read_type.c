/* Component types (Binary.md, "type"). An instance or component type opens a scope and leaves its
 * declarations to the loop of cm_read.c. */
#include "component/cm_validator.h"

static bool no_memory(Validator *v) { return wm_error_out_of_memory(v->err); }

/* ---- value types ---- */

enum { CODE_BOOL = 0x7f, CODE_STRING = 0x73, CODE_ERROR_CONTEXT = 0x64 };

static bool is_primitive(u8 code) { return code >= CODE_STRING && code <= CODE_BOOL; }
static const Type *primitive_of(u8 code) {
  return wm_type_primitive((TypeKind)(TYPE_BOOL + (CODE_BOOL - code)));
}

const Type *wm_read_value_type(Validator *v) {
  u8 code = wm_cursor_peek(&v->in);
  if (!cursor_ok(&v->in)) return NULL;
  if (is_primitive(code)) {
    v->in.pos++;
    return primitive_of(code);
  }
  if (code == CODE_ERROR_CONTEXT) {
    wm_gated(v, "error-context", "a value type");
    return NULL;
  }
  u32 index = wm_cursor_type_index(&v->in);
  return cursor_ok(&v->in) ? wm_value_type_at(v, index) : NULL;
}

/* NULL without an error: there is none. */
static const Type *read_optional_type(Validator *v) {
  u8 present = wm_cursor_byte(&v->in);
  if (present == 1) return wm_read_value_type(v);
  if (present) wm_cursor_bad_byte(&v->in, present, "optional component value type");
  return NULL;
}

/* ---- parts with labels ---- */

typedef struct Parts {
  Vec(Name) names;
  Vec(const Type *) types;
  NameMap labels; /* in small letters */
} Parts;

typedef struct PartWords {
  const char *label, *previous; /* "record field", "field" */
} PartWords;

static void parts_free(Parts *p) {
  vec_free(&p->names);
  vec_free(&p->types);
  wm_namemap_free(&p->labels);
}

static bool add_label(Validator *v, Parts *p, Name label, const PartWords *words) {
  u32 previous;
  Name canonical;
  if (label.len == 0) return invalid(v, "%s name cannot be empty", words->label);
  if (!wm_name_is_kebab(label))
    return invalid(v, "%s name `%s` is not in kebab case", words->label, show(label));
  if (!wm_label_canonical(&v->component->arena, label, &canonical)) return no_memory(v);
  if (wm_namemap_get(&p->labels, canonical.text, canonical.len, &previous) && p->names.data)
    return invalid(v, "%s name `%s` conflicts with previous %s name `%s`", words->label,
                   show(label), words->previous, show(p->names.data[previous]));
  Name *slot = vec_push(&p->names);
  if (!slot || !wm_namemap_add(&p->labels, canonical.text, canonical.len, p->names.len - 1, NULL))
    return no_memory(v);
  *slot = label;
  return true;
}

static bool add_part_type(Validator *v, Parts *p, const Type *type) {
  const Type **slot = vec_push(&p->types);
  if (!slot) return no_memory(v);
  *slot = type;
  return cursor_ok(&v->in);
}

static bool read_labels(Validator *v, Parts *p, u32 count, const PartWords *words) {
  for (u32 i = 0; i < count; i++) {
    Name label = wm_cursor_name(&v->in);
    if (!cursor_ok(&v->in) || !add_label(v, p, label, words)) return false;
  }
  return cursor_ok(&v->in);
}

static bool read_fields(Validator *v, Parts *p, u32 count, const PartWords *words) {
  for (u32 i = 0; i < count; i++) {
    Name label = wm_cursor_name(&v->in);
    if (!cursor_ok(&v->in) || !add_label(v, p, label, words) ||
        !add_part_type(v, p, wm_read_value_type(v)))
      return false;
  }
  return cursor_ok(&v->in);
}

static bool read_case(Validator *v, Parts *p) {
  static const PartWords words = {"variant case", "case"};
  Name label = wm_cursor_name(&v->in);
  if (!cursor_ok(&v->in) || !add_label(v, p, label, &words) ||
      !add_part_type(v, p, read_optional_type(v)))
    return false;
  u8 zero = wm_cursor_byte(&v->in);
  return zero == 0 ? cursor_ok(&v->in) : wm_cursor_bad_byte(&v->in, zero, "zero byte required");
}

static bool some(Validator *v, u32 count, const char *why) {
  return cursor_ok(&v->in) && (count > 0 || invalid(v, "%s", why));
}

static bool read_record_parts(Validator *v, Parts *p) {
  static const PartWords words = {"record field", "field"};
  u32 count = wm_cursor_count(&v->in, MAX_FIELDS_OF_TYPE, "record field");
  return some(v, count, "record type must have at least one field") &&
         read_fields(v, p, count, &words);
}

static bool read_variant_parts(Validator *v, Parts *p) {
  u32 count = wm_cursor_count(&v->in, MAX_FIELDS_OF_TYPE, "variant cases");
  bool good = some(v, count, "variant type must have at least one case");
  for (u32 i = 0; i < count && good; i++) good = read_case(v, p);
  return good;
}

static bool read_tuple_parts(Validator *v, Parts *p) {
  u32 count = wm_cursor_count(&v->in, MAX_FIELDS_OF_TYPE, "tuple types");
  bool good = some(v, count, "tuple type must have at least one type");
  for (u32 i = 0; i < count && good; i++) good = add_part_type(v, p, wm_read_value_type(v));
  return good;
}

static bool read_flags_parts(Validator *v, Parts *p) {
  static const PartWords words = {"flag", "flag"};
  u32 count = wm_cursor_count(&v->in, MAX_FIELDS_OF_TYPE, "flag names");
  if (!some(v, count, "flags must have at least one entry")) return false;
  if (count > MAX_FLAGS_OF_TYPE)
    return invalid(v, "cannot have more than %u flags", MAX_FLAGS_OF_TYPE);
  return read_labels(v, p, count, &words);
}

static bool read_enum_parts(Validator *v, Parts *p) {
  static const PartWords words = {"enum tag", "tag"};
  u32 count = wm_cursor_count(&v->in, MAX_FIELDS_OF_TYPE, "enum cases");
  return some(v, count, "enum type must have at least one variant") &&
         read_labels(v, p, count, &words);
}

static bool read_option_parts(Validator *v, Parts *p) {
  return add_part_type(v, p, NULL) && add_part_type(v, p, wm_read_value_type(v));
}

static bool read_result_parts(Validator *v, Parts *p) {
  for (u32 i = 0; i < 2; i++)
    if (!add_part_type(v, p, read_optional_type(v))) return false;
  return true;
}

static bool read_list_parts(Validator *v, Parts *p) {
  return add_part_type(v, p, wm_read_value_type(v));
}

/* ---- definitions ---- */

static const struct {
  u8 code;
  TypeKind kind;
  bool (*read)(Validator *v, Parts *p);
} composites[] = {{0x72, TYPE_RECORD, read_record_parts}, {0x71, TYPE_VARIANT, read_variant_parts},
                  {0x70, TYPE_LIST, read_list_parts},     {0x6f, TYPE_TUPLE, read_tuple_parts},
                  {0x6e, TYPE_FLAGS, read_flags_parts},   {0x6d, TYPE_ENUM, read_enum_parts},
                  {0x6b, TYPE_OPTION, read_option_parts}, {0x6a, TYPE_RESULT, read_result_parts}};

static const struct {
  u8 code;
  const char *gate, *what;
} gated_types[] = {{0x67, "fixed-length lists", "a value type"},
                   {0x66, "async", "a stream"},
                   {0x65, "async", "a future"},
                   {CODE_ERROR_CONTEXT, "error-context", "a value type"},
                   {0x63, "map", "a value type"},
                   {0x43, "async", "a function type"}};

static const Type *read_composite(Validator *v, u32 which) {
  Parts p = {0};
  const Type *type = NULL;
  if (composites[which].read(v, &p)) {
    u32 count = max_u32(p.names.len, p.types.len);
    type = wm_type_new(v->types, composites[which].kind, count, p.types.data, p.names.data);
  }
  parts_free(&p);
  return type;
}

static const Type *read_handle(Validator *v, TypeKind kind) {
  u32 index = wm_cursor_u32(&v->in);
  const Type *resource = cursor_ok(&v->in) ? wm_resource_at(v, index) : NULL;
  return resource ? wm_type_handle(v->types, kind, resource) : NULL;
}

static const Type *read_defined(Validator *v, u8 code) {
  if (is_primitive(code)) return wm_type_alias(v->types, primitive_of(code));
  if (code == 0x69) return read_handle(v, TYPE_OWN);
  if (code == 0x68) return read_handle(v, TYPE_BORROW);
  for (u32 i = 0; i < ARRAY_LEN(composites); i++)
    if (composites[i].code == code) return read_composite(v, i);
  for (u32 i = 0; i < ARRAY_LEN(gated_types); i++)
    if (gated_types[i].code == code) {
      wm_gated(v, gated_types[i].gate, gated_types[i].what);
      return NULL;
    }
  wm_cursor_bad_byte(&v->in, code, "component defined type");
  return NULL;
}

static bool read_result_list(Validator *v, const Type **result) {
  *result = NULL;
  u8 form = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  if (form == 0) return (*result = wm_read_value_type(v)) != NULL;
  if (form != 1) return wm_cursor_bad_byte(&v->in, form, "component function results");
  u8 count = wm_cursor_byte(&v->in);
  return count == 0 ? cursor_ok(&v->in) : wm_cursor_bad_byte(&v->in, count, "number of results");
}

static const Type *read_func(Validator *v) {
  static const PartWords words = {"function parameter", "parameter"};
  Parts p = {0};
  const Type *result, *type = NULL;
  u32 count = wm_cursor_count(&v->in, MAX_FUNC_PARAMS, "component function parameters");
  if (cursor_ok(&v->in) && read_fields(v, &p, count, &words) && read_result_list(v, &result)) {
    if (result && result->has_borrow)
      invalid(v, "function result cannot contain a `borrow` type");
    else
      type = wm_type_func(v->types, count, p.types.data, p.names.data, result);
  }
  parts_free(&p);
  return type;
}

/* ---- resources ---- */

static bool read_destructor(Validator *v, Def *def) {
  static const CoreVal types[] = {CORE_I32};
  u8 present = wm_cursor_byte(&v->in);
  if (present > 1) return wm_cursor_bad_byte(&v->in, present, "resource destructor");
  if (!present) return cursor_ok(&v->in);
  def->has_index = true;
  def->index = wm_cursor_u32(&v->in);
  const CoreExtern *func = cursor_ok(&v->in) ? wm_core_at(v, CORE_FUNC, def->index) : NULL;
  if (!func) return false;
  return wm_core_func_is(func->func, 1, 0, types) ||
         invalid(v, "core function %u has wrong signature for a destructor", def->index);
}

static const Type *read_resource(Validator *v) {
  Def read = {0};
  CoreVal rep = wm_read_core_val(v);
  if (!cursor_ok(&v->in)) return NULL;
  if (scope_here(v)->kind != SCOPE_COMPONENT) {
    invalid(v, "resources can only be defined within a concrete component");
    return NULL;
  }
  if (rep != CORE_I32) {
    if (rep == CORE_I64) wm_gated(v, "memory64", "a resource");
    invalid(v, "resources can only be represented by `i32` or `i64`");
    return NULL;
  }
  if (!read_destructor(v, &read)) return NULL;
  const Type *type = wm_type_resource(v->types);
  Def *def = type ? wm_def_new(v, DEF_RESOURCE) : NULL;
  if (!def || !wm_scope_define(v, type->resource)) return NULL;
  type->resource->is_local = true;
  def->has_index = read.has_index;
  def->index = read.index;
  def->type = type;
  return type;
}

static bool open_type(Validator *v, ScopeKind kind, const char *what) {
  u32 count = wm_cursor_count(&v->in, MAX_DECLARATIONS, what);
  if (!cursor_ok(&v->in) || !wm_scope_open(v, kind)) return false;
  scope_here(v)->declarations = count;
  return true;
}

bool wm_read_type(Validator *v) {
  u8 code = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  switch (code) {
  case 0x3f: return wm_scope_push_type(v, read_resource(v));
  case 0x40: return wm_scope_push_type(v, read_func(v));
  case 0x41: return open_type(v, SCOPE_COMPONENT_TYPE, "component type declaration");
  case 0x42: return open_type(v, SCOPE_INSTANCE_TYPE, "instance type declaration");
  default: return wm_scope_push_type(v, read_defined(v, code));
  }
}
