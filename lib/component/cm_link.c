/* Imports of the outermost component: what a linker gives is held against the types that it wants,
 * with resources as they are. Inside of a component all that was done when it was read. */
#include "component/cm_api.h"
#include "component/cm_core.h"

typedef struct Link {
  Inst *inst; /* that imports */
  Error *err;
  bool traps_unknown;
} Link;

static bool no_memory(const Link *l) { return wm_error_out_of_memory(l->err); }

#define unfit(l, ...) wm_error_set((l)->err, ERR_LINK, 0, __VA_ARGS__)

static const char *found_word(const BagItem *item) {
  return item->sort == SORT_TYPE ? "resource" : wm_sort_word((Sort)item->sort);
}

static const char *expected_word(Sort sort) {
  return sort == SORT_FUNC ? "function" : sort == SORT_TYPE ? "resource" : wm_sort_word(sort);
}

/* ---- functions ---- */

static bool same_type(const Link *l, const Type *a, const Inst *a_inst, const Type *b,
                      const Inst *b_inst);

static bool same_parts(const Link *l, const Type *a, const Inst *a_inst, const Type *b,
                       const Inst *b_inst) {
  for (u32 i = 0; i < a->count; i++) {
    if (a->names && !wm_name_equal(a->names[i], b->names[i]))
      return unfit(l, "expected name `%s`, found `%s`", show(b->names[i]), show(a->names[i]));
    if (a->of && !same_type(l, a->of[i], a_inst, b->of[i], b_inst)) return false;
  }
  return true;
}

/* Whether a, of what is given, is what b, of what is wanted, says. */
static bool same_type(const Link *l, const Type *a, const Inst *a_inst, const Type *b,
                      const Inst *b_inst) {
  if (!wm_world_work(l->inst->world, 1)) return unfit(l, "too many types to compare");
  if (!a || !b) return a == b || unfit(l, "expected %s type", b ? "a" : "no");
  if (a->kind != b->kind)
    return unfit(l, "expected %s, found %s", wm_type_word(b), wm_type_word(a));
  if (a->resource)
    return live_resource(a_inst, a) == live_resource(b_inst, b) ||
           unfit(l, "mismatched resource types");
  if (a->count != b->count)
    return unfit(l, "expected %u parts of a %s, found %u", b->count, wm_type_word(b), a->count);
  return same_parts(l, a, a_inst, b, b_inst) &&
         (a->kind != TYPE_FUNC || same_type(l, a->result, a_inst, b->result, b_inst));
}

/* "expected func() -> u32, found func() -> u8" before the reason. */
static bool func_is_unfit(const Link *l, const Type *want, const Type *found) {
  if (l->err->code != ERR_LINK) return false;
  wm_type_text(l->err->expected, sizeof l->err->expected, want);
  wm_type_text(l->err->found, sizeof l->err->found, found);
  return wm_error_context(l->err, "expected %s, found %s", l->err->expected, l->err->found);
}

static bool host_func_is_unfit(const Link *l, const Type *want, const Func *found) {
  wm_type_text(l->err->expected, sizeof l->err->expected, want);
  if (!found->wit)
    return unfit(l, "expected %s, found a host function of another type", l->err->expected);
  wm_escape(l->err->found, sizeof l->err->found, found->wit, strlen(found->wit));
  return unfit(l, "expected %s, found %s", l->err->expected, l->err->found);
}

static bool host_func_fits(const Type *want, const Func *func) {
  if (func->wit && !wm_type_text_is(want, func->wit)) return false;
  return !func->fits || func->fits(func->host_env, (const wasmcm_type_t *)(const void *)want);
}

/* A function of the host's has the type that is wanted. */
static bool adopt(const Link *l, const Entity *want, BagItem *item) {
  if (!host_func_fits(want->type, item->func)) return host_func_is_unfit(l, want->type, item->func);
  Func *func = arena_new(&l->inst->world->arena, Func);
  if (!func) return no_memory(l);
  *func = *item->func;
  func->world = l->inst->world;
  func->type = want->type;
  func->inst = l->inst;
  item->func = func;
  return true;
}

static bool link_func(const Link *l, const Entity *want, BagItem *item) {
  const Func *func = item->func;
  if (is_host_func(func)) return adopt(l, want, item);
  return same_type(l, func->type, func->inst, want->type, l->inst) ||
         func_is_unfit(l, want->type, func->type);
}

/* ---- modules ---- */

static bool same_sort(const Link *l, const CoreExtern *a, const CoreExtern *b) {
  return a->sort == b->sort ||
         unfit(l, "expected %s found %s", wm_core_sort_word((CoreSort)b->sort),
               wm_core_sort_word((CoreSort)a->sort));
}

static bool same_core_func(const Link *l, const CoreExtern *a, const CoreExtern *b) {
  char expected[CORE_VALS_CHARS], found[CORE_VALS_CHARS];
  return wm_core_func_equal(a->func, b->func) ||
         unfit(l, "expected type `%s`, found type `%s`", wm_core_func_text(expected, b->func),
               wm_core_func_text(found, a->func));
}

/* Whether a may be given where b is wanted. */
static bool core_fits(const Link *l, const CoreExtern *a, const CoreExtern *b) {
  TypeTable table = {.err = l->err, .fuel = 1};
  if (!same_sort(l, a, b)) return false;
  if (a->func) return same_core_func(l, a, b);
  return wm_core_extern_matches(&table, a, b);
}

static bool module_imports_fit(const Link *l, const ModuleType *have, const ModuleType *want) {
  TypeTable table = {.err = l->err, .fuel = UINT64_MAX};
  for (u32 i = 0; i < have->import_count; i++) {
    const CoreItem *item = &have->imports[i];
    const CoreItem *given = wm_core_find_import(&table, want, item->module, item->name);
    if (!given)
      return unfit(l, "module import `%s::%s` not defined", show(item->module), show(item->name));
    if (!core_fits(l, &given->type, &item->type))
      return wm_error_context(l->err, "module import `%s::%s` has the wrong type",
                              show(item->module), show(item->name));
  }
  return true;
}

static bool module_fits(const Link *l, const ModuleType *have, const ModuleType *want) {
  TypeTable table = {.err = l->err, .fuel = UINT64_MAX};
  for (u32 i = 0; i < want->export_count; i++) {
    const CoreItem *item = &want->exports[i];
    const CoreItem *given = wm_core_find(&table, have->exports, have->export_count, item->name);
    if (!given) return unfit(l, "module export `%s` not defined", show(item->name));
    if (!core_fits(l, &given->type, &item->type))
      return wm_error_context(l->err, "export `%s` has the wrong type", show(item->name));
  }
  return module_imports_fit(l, have, want);
}

/* ---- types, instances ---- */

/* The first that is given for a resource says what it is. */
static bool link_resource(const Link *l, const Type *type, const BagItem *given, BagItem *item) {
  LiveResource **slot = &l->inst->resources[type->resource->slot];
  if (given && *slot && *slot != given->resource) return unfit(l, "mismatched resource types");
  if (given && !given->resource) return unfit(l, "expected resource found type");
  if (given) *slot = given->resource;
  item->resource = *slot;
  return *slot || unfit(l, "resource was not found");
}

static bool link_item(const Link *l, const Entity *want, const BagItem *given, BagItem *item);

/* What is given lives as long as who imports it. */
static bool keep_given(const Link *l, const BagItem *given) {
  World *world = l->inst->world;
  bool kept = given->thing ? wm_world_keep_thing(world, given->thing)
                           : given->sort != SORT_INSTANCE || wm_world_use(world, given->bag->world);
  return kept || no_memory(l);
}

#define tell(field, name) wm_escape(field, sizeof(field), (name).text, (name).len)

static bool export_is_unfit(const Link *l, Name name) {
  if (!l->err->import_name[0]) tell(l->err->import_name, name);
  return wm_error_context(l->err, "export `%s`", show(name));
}

static bool import_is_unfit(Error *err, Name name) {
  if (err->import_name[0])
    tell(err->import_module, name);
  else
    tell(err->import_name, name);
  return wm_error_context(err, "import `%s`", show(name));
}

static bool link_exports(const Link *l, const Items *want, const Bag *given, Bag *bag) {
  for (u32 i = 0; i < want->list.len; i++) {
    const Item *export = &want->list.data[i];
    BagItem item = {.name = export->name};
    if (!link_item(l, &export->entity, given ? wm_bag_find(given, export->name) : NULL, &item))
      return export_is_unfit(l, export->name);
    if (!wm_bag_add(bag, &item)) return no_memory(l);
  }
  return true;
}

/* What is not asked for is left out. */
static bool link_instance(const Link *l, const Entity *want, const BagItem *given, BagItem *item) {
  item->bag = wm_bag_new(l->inst->world);
  return item->bag ? link_exports(l, &want->type->interface->exports, given ? given->bag : NULL,
                                  item->bag)
                   : no_memory(l);
}

static bool link_given(const Link *l, const Entity *want, const BagItem *given, BagItem *item) {
  *item = (BagItem){.name = item->name, .sort = given->sort};
  if (want->sort == SORT_MODULE) {
    item->module = given->module;
    return module_fits(l, given->module->type, want->module);
  }
  if (want->sort == SORT_COMPONENT) return unfit(l, "a component cannot be given from outside");
  item->func = given->func;
  return link_func(l, want, item);
}

/* ---- what nobody gave ---- */

static wasm_trap_t *trap_unknown(void *env, wasmcm_call_t *call, const Val *args, Val *result) {
  const Name *name = env;
  (void)call, (void)args, (void)result;
  return wm_trap_text("import function `%s` was not defined", show(*name));
}

/* Of the host's, like those that it gives; false: it cannot be made. */
static bool make_unknown(const Link *l, const Entity *want, BagItem *item) {
  Arena *arena = &l->inst->world->arena;
  Name *name = arena_new(arena, Name);
  BagItem made = {.sort = want->sort};
  if (want->sort == SORT_FUNC) made.func = arena_new(arena, Func);
  if (want->sort == SORT_TYPE) made.resource = arena_new(arena, LiveResource);
  if (!name || !made.func) return no_memory(l);
  *name = item->name;
  if (want->sort == SORT_TYPE) return link_resource(l, want->type, &made, item);
  *made.func = (Func){.host = trap_unknown, .host_env = name};
  return link_given(l, want, &made, item);
}

/* A resource that was bound by another interface is that. */
static bool is_unknown(const Link *l, const Entity *want) {
  if (!l->traps_unknown) return false;
  if (want->sort == SORT_TYPE) return !l->inst->resources[want->type->resource->slot];
  return want->sort == SORT_FUNC;
}

static bool link_item(const Link *l, const Entity *want, const BagItem *given, BagItem *item) {
  bool is_resource = want->sort == SORT_TYPE && want->type->kind == TYPE_RESOURCE;
  item->sort = want->sort;
  if (want->sort == SORT_TYPE && !is_resource) return true; /* types are what they are */
  if (given && given->sort != want->sort)
    return unfit(l, "expected %s found %s", expected_word((Sort)want->sort), found_word(given));
  if (given && !keep_given(l, given)) return false;
  if (!given && is_unknown(l, want)) return make_unknown(l, want, item);
  if (is_resource) return link_resource(l, want->type, given, item);
  if (want->sort == SORT_INSTANCE) return link_instance(l, want, given, item);
  if (!given) return unfit(l, "%s was not found", expected_word((Sort)want->sort));
  return link_given(l, want, given, item);
}

bool wm_link_import(Inst *inst, const Given *given, const Def *def, BagItem *item, Error *err) {
  Link l = {inst, err, given->traps_unknown};
  BagItem found;
  bool is_there = given->find(given->env, def->name, &found);
  if (err->code != ERR_NONE) return false;
  *item = (BagItem){.name = def->name};
  return link_item(&l, &def->entity, is_there ? &found : NULL, item) ||
         import_is_unfit(err, def->name);
}
