/* Definitions but types and canonical functions: instances, aliases, imports, exports. */
#include "component/cm_validator.h"

static bool no_memory(Validator *v) { return wm_error_out_of_memory(v->err); }

/* ---- arguments ---- */

typedef struct Args {
  Vec(Arg) list;
  NameMap names;
} Args;

static void args_free(Args *args) {
  vec_free(&args->list);
  wm_namemap_free(&args->names);
}

/* Adds the argument; *existed tells whether there was one of that name. */
static bool args_push(Validator *v, Args *args, const Arg *arg, bool *existed) {
  Arg *slot = vec_push(&args->list);
  if (!slot) return no_memory(v);
  *slot = *arg;
  return wm_namemap_add(&args->names, arg->name.text, arg->name.len, args->list.len - 1, existed) ||
         no_memory(v);
}

static bool keep_args(Validator *v, const Args *args, Def *def) {
  def->arg_count = args->list.len;
  def->args = vec_to_arena(&args->list, &v->component->arena);
  return def->args || no_memory(v);
}

/* ---- core instances ---- */

static bool push_core_instance(Validator *v, const CoreItem *exports, u32 count) {
  CoreInstanceType *slot = vec_push(&scope_here(v)->core_instances);
  if (!slot) return no_memory(v);
  *slot = (CoreInstanceType){exports, count};
  return true;
}

static bool read_core_arg(Validator *v, Args *args) {
  bool existed;
  Arg arg = {.name = wm_cursor_name(&v->in)};
  u8 kind = wm_cursor_byte(&v->in);
  if (cursor_ok(&v->in) && kind != 0x12)
    return wm_cursor_bad_byte(&v->in, kind, "instantiation arg kind");
  arg.index = wm_cursor_u32(&v->in);
  if (!cursor_ok(&v->in) || !wm_core_instance_at(v, arg.index) ||
      !args_push(v, args, &arg, &existed))
    return false;
  return !existed ||
         invalid(v, "duplicate module instantiation argument named `%s`", show(arg.name));
}

static bool check_core_import(Validator *v, const Args *args, const CoreItem *want) {
  u32 at;
  if (!wm_namemap_get(&args->names, want->module.text, want->module.len, &at) || !args->list.data)
    return invalid(v, "missing module instantiation argument named `%s`", show(want->module));
  const CoreInstanceType *from = wm_core_instance_at(v, args->list.data[at].index);
  if (!from) return false;
  const CoreItem *have = wm_core_find(v->types, from->exports, from->export_count, want->name);
  if (!have)
    return invalid(v, "module instantiation argument `%s` does not export an item named `%s`",
                   show(want->module), show(want->name));
  return wm_core_extern_matches(v->types, &have->type, &want->type) ||
         wm_error_context(v->err,
                          "type mismatch for export `%s` of module instantiation argument `%s`",
                          show(want->name), show(want->module));
}

static bool read_core_instantiate(Validator *v, Args *args, Def *def) {
  u32 index = wm_cursor_u32(&v->in);
  u32 count = wm_cursor_count(&v->in, MAX_ARGUMENTS, "core instantiation arguments");
  const ModuleType *module = cursor_ok(&v->in) ? wm_module_at(v, scope_here(v), index) : NULL;
  bool good = module != NULL;
  for (u32 i = 0; i < count && good; i++) good = read_core_arg(v, args);
  for (u32 i = 0; good && i < module->import_count; i++)
    good = check_core_import(v, args, &module->imports[i]);
  def->index = index;
  return good && push_core_instance(v, module->exports, module->export_count);
}

static bool read_core_export(Validator *v, Args *args, CoreItem *item) {
  bool existed;
  Arg arg = {.name = wm_cursor_name(&v->in)};
  arg.sort = wm_cursor_byte(&v->in);
  if (cursor_ok(&v->in) && arg.sort > CORE_TAG)
    return wm_cursor_bad_byte(&v->in, arg.sort, "external kind");
  arg.index = wm_cursor_u32(&v->in);
  const CoreExtern *type = cursor_ok(&v->in) ? wm_core_at(v, (CoreSort)arg.sort, arg.index) : NULL;
  if (!type || !args_push(v, args, &arg, &existed)) return false;
  if (existed)
    return invalid(v, "duplicate instantiation export name `%s` already defined", show(arg.name));
  *item = (CoreItem){.module = {"", 0}, .name = arg.name, .type = *type};
  return true;
}

static bool read_core_exports(Validator *v, Args *args) {
  u32 count = wm_cursor_count(&v->in, MAX_ARGUMENTS, "core instantiation arguments");
  CoreItem *items = arena_array(&v->component->arena, CoreItem, count);
  if (!items) return no_memory(v);
  bool good = cursor_ok(&v->in);
  for (u32 i = 0; i < count && good; i++) good = read_core_export(v, args, &items[i]);
  return good && push_core_instance(v, items, count);
}

bool wm_read_core_instance(Validator *v) {
  u8 form = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  if (form > 1) return wm_cursor_bad_byte(&v->in, form, "core instance");
  Args args = {0};
  Def *def = wm_def_new(v, form == 0 ? DEF_CORE_INSTANCE : DEF_CORE_EXPORTS);
  bool good =
      def && (form == 0 ? read_core_instantiate(v, &args, def) : read_core_exports(v, &args));
  good = good && keep_args(v, &args, def);
  args_free(&args);
  return good;
}

/* ---- instances ---- */

static bool read_instance_arg(Validator *v, Args *args, Items *given) {
  bool existed;
  Entity entity;
  Arg arg = {.name = wm_cursor_name(&v->in)};
  Sort sort = wm_read_sort(v);
  arg.sort = (u8)sort;
  arg.index = wm_cursor_u32(&v->in);
  if (!cursor_ok(&v->in) || !wm_entity_at(v, sort, arg.index, &entity)) return false;
  arg.type = entity.type;
  if (!args_push(v, args, &arg, &existed)) return false;
  if (existed)
    return invalid(v, "instantiation argument `%s` conflicts with previous argument `%s`",
                   show(arg.name), show(arg.name));
  return wm_items_push(given, arg.name, entity) || no_memory(v);
}

/* Resources that the component defines are new ones with each instance. */
static bool renew_defined(Validator *v, const Interface *from, Mapping *map) {
  for (u32 i = 0; i < from->defined.len; i++) {
    const Type *type = wm_type_resource(v->types);
    if (!type || !wm_scope_define(v, type->resource) ||
        !wm_mapping_add(v->types, map, from->defined.data[i].resource, type->resource))
      return false;
  }
  return true;
}

/* What an instance exports, without imports. */
static const Type *instance_type(Validator *v, Interface *interface) {
  vec_free(&interface->imports.list);
  wm_namemap_free(&interface->imports.map);
  return wm_type_interface(v->types, TYPE_INSTANCE, interface);
}

static const Type *instantiate(Validator *v, const Items *given, const Type *component) {
  Mapping map = {0};
  Interface *mapped = NULL;
  if (wm_items_satisfy(v->types, given, component->interface, true, &map) &&
      renew_defined(v, component->interface, &map))
    mapped = wm_interface_map(v->types, &map, component->interface);
  wm_mapping_free(&map);
  return mapped ? instance_type(v, mapped) : NULL;
}

static bool read_instantiate(Validator *v, Args *args, Def *def) {
  Items given = {0};
  def->index = wm_cursor_u32(&v->in);
  u32 count = wm_cursor_count(&v->in, MAX_ARGUMENTS, "instantiation arguments");
  const Type *component = cursor_ok(&v->in) ? wm_component_at(v, def->index) : NULL;
  bool good = component != NULL;
  for (u32 i = 0; i < count && good; i++) good = read_instance_arg(v, args, &given);
  def->type = good ? instantiate(v, &given, component) : NULL;
  vec_free(&given.list);
  wm_namemap_free(&given.map);
  return wm_scope_push(v, &scope_here(v)->instances, def->type, "instances");
}

static bool add_exported_paths(Validator *v, Interface *to, const Entity *entity) {
  u32 at = to->exports.list.len;
  if (entity->sort == SORT_TYPE && entity->type->kind == TYPE_RESOURCE)
    return wm_paths_push(v->types, &to->exported, entity->type->resource, at, NULL, 0);
  if (entity->sort != SORT_INSTANCE) return true;
  const Paths *from = &entity->type->interface->exported;
  for (u32 i = 0; i < from->len; i++)
    if (!wm_paths_push(v->types, &to->exported, from->data[i].resource, at, from->data[i].steps,
                       from->data[i].count))
      return false;
  return true;
}

static bool read_instance_export(Validator *v, Args *args, Interface *to, NameMap *unique) {
  static const PtrMap no_resources;
  bool existed;
  Entity entity;
  AttributedName name = wm_read_extern_name(v);
  Sort sort = wm_read_sort(v);
  Arg arg = {.name = name.name, .sort = (u8)sort, .index = wm_cursor_u32(&v->in)};
  if (!cursor_ok(&v->in) || !wm_entity_at(v, sort, arg.index, &entity)) return false;
  arg.type = entity.type;
  return add_exported_paths(v, to, &entity) &&
         wm_extern_check(v, &name, &entity, false, &no_resources, &to->exports, unique) &&
         args_push(v, args, &arg, &existed);
}

static bool read_exports(Validator *v, Args *args, Def *def) {
  NameMap unique = {0};
  u32 count = wm_cursor_count(&v->in, MAX_ARGUMENTS, "instantiation exports");
  Interface *interface = wm_interface_new(v->types);
  bool good = interface && cursor_ok(&v->in);
  for (u32 i = 0; i < count && good; i++) good = read_instance_export(v, args, interface, &unique);
  wm_namemap_free(&unique);
  def->type = good ? wm_type_interface(v->types, TYPE_INSTANCE, interface) : NULL;
  return wm_scope_push(v, &scope_here(v)->instances, def->type, "instances");
}

bool wm_read_instance(Validator *v) {
  u8 form = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  if (form > 1) return wm_cursor_bad_byte(&v->in, form, "instance");
  Args args = {0};
  Def *def = wm_def_new(v, form == 0 ? DEF_INSTANCE : DEF_EXPORTS);
  bool good = def && (form == 0 ? read_instantiate(v, &args, def) : read_exports(v, &args, def));
  good = good && keep_args(v, &args, def);
  args_free(&args);
  return good;
}

/* ---- aliases ---- */

static bool alias_export(Validator *v, Sort sort) {
  u32 index = wm_cursor_u32(&v->in);
  Name name = wm_cursor_name(&v->in);
  const Type *instance = cursor_ok(&v->in) ? wm_instance_at(v, index) : NULL;
  if (!instance) return false;
  const Item *item = wm_items_find(&instance->interface->exports, name);
  if (!item) return invalid(v, "instance %u has no export named `%s`", index, show(name));
  if (item->entity.sort != sort)
    return invalid(v, "export `%s` for instance %u is not a %s", show(name), index,
                   wm_sort_word(sort));
  Entity entity = item->entity;
  Def *def = wm_def_new(v, DEF_ALIAS_EXPORT);
  if (!def) return false;
  def->sort = (u8)sort;
  def->index = index;
  def->name = name;
  return wm_scope_add(v, &entity, BY_ALIAS, name);
}

static bool alias_core_export(Validator *v, CoreSort sort) {
  u32 index = wm_cursor_u32(&v->in);
  Name name = wm_cursor_name(&v->in);
  const CoreInstanceType *instance = cursor_ok(&v->in) ? wm_core_instance_at(v, index) : NULL;
  if (!instance) return false;
  const CoreItem *item = wm_core_find(v->types, instance->exports, instance->export_count, name);
  if (!item) return invalid(v, "core instance %u has no export named `%s`", index, show(name));
  if (item->type.sort != sort)
    return invalid(v, "export `%s` for core instance %u is not a %s", show(name), index,
                   sort == CORE_FUNC ? "function" : wm_core_sort_word(sort));
  Def *def = wm_def_new(v, DEF_ALIAS_CORE);
  if (!def) return false;
  def->sort = (u8)sort;
  def->index = index;
  def->name = name;
  return wm_scope_push_core(v, sort, &item->type);
}

/* Types from outside of a component must not tell of its resources. */
static bool check_crossing(Validator *v, u32 count, const Type *type) {
  if (count == 0 || v->scopes.data[v->scopes.len - count]->kind != SCOPE_COMPONENT) return true;
  PtrMap set = {0};
  bool good = wm_type_free_resources(v->types, type, &set);
  bool none = set.count == 0;
  wm_ptrmap_free(&set);
  return good && (none || invalid(v, "cannot alias outer type which transitively refers to "
                                     "resources not defined in the current component"));
}

static bool alias_outer_type(Validator *v, const Scope *from, u32 count, u32 index) {
  if (index >= from->types.len)
    return invalid(v, "unknown type %u: type index out of bounds", index);
  const Type *type = from->types.data[index];
  return check_crossing(v, count, type) && wm_scope_push_type(v, type);
}

static bool alias_outer_core_type(Validator *v, const Scope *from, u32 index) {
  const CoreType *type = wm_core_type_at(v, from, index);
  if (!type) return false;
  CoreType copy = *type;
  CoreType *slot = vec_push(&scope_here(v)->core_types);
  if (!slot) return no_memory(v);
  *slot = copy;
  return true;
}

static Def *outer_def(Validator *v, Sort sort, u32 count, u32 index) {
  Def *def = wm_def_new(v, DEF_ALIAS_OUTER);
  if (!def) return NULL;
  def->sort = (u8)sort;
  def->outer = count;
  def->index = index;
  return def;
}

static bool alias_outer_module(Validator *v, const Scope *from, u32 count, u32 index) {
  Entity entity = {.sort = SORT_MODULE, .module = wm_module_at(v, from, index)};
  return entity.module && outer_def(v, SORT_MODULE, count, index) &&
         wm_scope_add(v, &entity, BY_ALIAS, (Name){0});
}

static bool alias_outer_component(Validator *v, const Scope *from, u32 count, u32 index) {
  if (index >= from->components.len)
    return invalid(v, "unknown component %u: component index out of bounds", index);
  const Type *type = from->components.data[index];
  return outer_def(v, SORT_COMPONENT, count, index) &&
         wm_scope_push(v, &scope_here(v)->components, type, "components");
}

typedef struct AliasSort {
  u8 byte1, byte2; /* byte2: of core sorts */
} AliasSort;

static bool alias_outer(Validator *v, AliasSort sort) {
  u8 bad = sort.byte1 == 0 ? sort.byte2 : sort.byte1;
  bool known = sort.byte1 == 0 ? bad == 0x10 || bad == 0x11 : bad == 3 || bad == 4;
  if (!known) return wm_cursor_bad_byte(&v->in, bad, "component outer alias kind");
  u32 count = wm_cursor_u32(&v->in), index = wm_cursor_u32(&v->in);
  if (!cursor_ok(&v->in)) return false;
  if (scope_here(v)->kind != SCOPE_COMPONENT && bad != 3 && bad != 0x10)
    return invalid(v,
                   "aliases in a component or instance type may only refer to types or instances");
  const Scope *from = wm_outer_scope(v, count);
  if (!from) return false;
  switch (bad) {
  case 3: return alias_outer_type(v, from, count, index);
  case 4: return alias_outer_component(v, from, count, index);
  case 0x10: return alias_outer_core_type(v, from, index);
  default: return alias_outer_module(v, from, count, index);
  }
}

/* The sort of an export alias, whose bytes were read before. */
static bool sort_of(Validator *v, AliasSort read, Sort *sort) {
  static const u8 sorts[] = {0, SORT_FUNC, SORT_VALUE, SORT_TYPE, SORT_COMPONENT, SORT_INSTANCE};
  u8 bad = read.byte1 == 0 ? read.byte2 : read.byte1;
  bool known = read.byte1 == 0 ? bad == 0x11 : bad < ARRAY_LEN(sorts);
  if (!known) return wm_cursor_bad_byte(&v->in, bad, "component external kind");
  *sort = read.byte1 == 0 ? SORT_MODULE : (Sort)sorts[read.byte1];
  return true;
}

bool wm_read_alias(Validator *v) {
  Sort sort = SORT_MODULE;
  bool in_type = scope_here(v)->kind != SCOPE_COMPONENT;
  AliasSort read = {.byte1 = wm_cursor_byte(&v->in)};
  if (read.byte1 == 0) read.byte2 = wm_cursor_byte(&v->in);
  u8 kind = wm_cursor_byte(&v->in);
  if (!cursor_ok(&v->in)) return false;
  if (kind == 2) return alias_outer(v, read);
  if (kind > 2) return wm_cursor_bad_byte(&v->in, kind, "alias");
  if (kind == 1 && (read.byte1 != 0 || read.byte2 > CORE_TAG))
    return wm_cursor_bad_byte(&v->in, read.byte1 ? read.byte1 : read.byte2,
                              "core instance export kind");
  if (kind == 0 && !sort_of(v, read, &sort)) return false;
  if (in_type && (kind == 1 || (sort != SORT_TYPE && sort != SORT_INSTANCE)))
    return invalid(v,
                   "aliases in a component or instance type may only refer to types or instances");
  return kind == 1 ? alias_core_export(v, (CoreSort)read.byte2) : alias_export(v, sort);
}

/* ---- imports and exports ---- */

bool wm_read_import(Validator *v) {
  Entity entity;
  AttributedName name = wm_read_extern_name(v);
  if (!cursor_ok(&v->in) || !wm_read_extern_type(v, &entity) || !wm_scope_import(v, &name, &entity))
    return false;
  Def *def = wm_def_new(v, DEF_IMPORT);
  if (!def) return false;
  def->name = name.name;
  def->entity = entity;
  return true;
}

/* The type given with an export, which what is exported must be of. */
static bool read_ascription(Validator *v, Entity *entity) {
  u8 present = wm_cursor_byte(&v->in);
  if (present > 1) return wm_cursor_bad_byte(&v->in, present, "optional component export type");
  if (!present) return cursor_ok(&v->in);
  Entity ascribed;
  if (!wm_read_extern_type(v, &ascribed)) return false;
  if (!wm_entity_matches(v->types, entity, &ascribed))
    return wm_error_context(v->err, "ascribed type of export is not compatible with item's type");
  *entity = ascribed;
  return true;
}

bool wm_read_export(Validator *v) {
  Entity entity;
  AttributedName name = wm_read_extern_name(v);
  Sort sort = wm_read_sort(v);
  u32 index = wm_cursor_u32(&v->in);
  if (!cursor_ok(&v->in) || !wm_entity_at(v, sort, index, &entity)) return false;
  if (sort == SORT_TYPE) entity.type = wm_type_alias(v->types, entity.referenced);
  if (sort == SORT_TYPE && !entity.type) return false;
  if (!read_ascription(v, &entity) || !wm_scope_export(v, &name, &entity)) return false;
  Def *def = wm_def_new(v, DEF_EXPORT);
  if (!def) return false;
  def->sort = (u8)sort;
  def->index = index;
  def->name = name.name;
  def->entity = entity;
  return true;
}
