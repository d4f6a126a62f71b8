/* Instantiation: a walk over the definitions of a body. All was checked when the component was
 * read; what can go wrong is memory, what the host gives, and code that runs at the start. */
#include "component/cm_call.h"

/* What one instantiation may come to: a few bytes can ask for instances of instances of instances.
 */
enum { MAX_INSTANCES = 100000, LOOKS_OF_WORK = 64 };

typedef struct Walk {
  Inst *inst;
  const Given *given; /* imports of the outermost; or: */
  const Def *def;     /* the definition in `from` that instantiates */
  Inst *from;
  wasm_trap_t **trap;
  Error *err;
} Walk;

static bool no_memory(const Walk *w) { return wm_error_out_of_memory(w->err); }

/* Whether so much more may be done. */
static bool work(const Walk *w, World *world, u64 amount) {
  return wm_world_work(world, amount) ||
         wm_error_set(w->err, ERR_LIMIT, 0, "instantiation takes more than %u definitions",
                      MAX_WORK);
}

/* Appends to a vector of pointers. */
#define push(w, vec, item)                                                                         \
  (vec_reserve(vec, 1) ? (((vec)->data[(vec)->len] = (item)), (vec)->len++, true) : no_memory(w))

/* ---- index spaces ---- */

static bool push_item(const Walk *w, const BagItem *item) {
  Inst *inst = w->inst;
  switch ((Sort)item->sort) {
  case SORT_MODULE: return push(w, &inst->modules, item->module);
  case SORT_FUNC: return push(w, &inst->funcs, item->func);
  case SORT_INSTANCE: return push(w, &inst->instances, item->bag);
  case SORT_COMPONENT: return push(w, &inst->components, item->closure);
  default: return true;
  }
}

static BagItem item_at(const Inst *inst, Name name, u8 sort, u32 index, const Type *type) {
  BagItem item = {.name = name, .sort = sort};
  switch ((Sort)sort) {
  case SORT_MODULE: item.module = inst->modules.data[index]; break;
  case SORT_FUNC: item.func = inst->funcs.data[index]; break;
  case SORT_INSTANCE: item.bag = inst->instances.data[index]; break;
  case SORT_COMPONENT: item.closure = inst->components.data[index]; break;
  default:
    item.resource = type && type->kind == TYPE_RESOURCE ? live_resource(inst, type) : NULL;
    break;
  }
  return item;
}

/* What the resources of an instance are, by the paths of its type. */
static bool bind_resources(const Walk *w, const Bag *bag, const Interface *type) {
  Inst *inst = w->inst;
  if (!work(w, inst->world, type->exported.len)) return false;
  for (u32 i = 0; i < type->exported.len; i++) {
    const Path *path = &type->exported.data[i];
    const Interface *in = type;
    const Bag *from = bag;
    const BagItem *item = NULL;
    for (u32 step = 0; step < path->count; step++) {
      const Item *next = &in->exports.list.data[path->steps[step]];
      item = from ? wm_bag_find(from, next->name) : NULL;
      if (!item || step + 1 == path->count) break;
      in = next->entity.type->interface;
      from = item->bag;
    }
    if (item && item->sort == SORT_TYPE) inst->resources[path->resource->slot] = item->resource;
  }
  return true;
}

/* Names are looked for one after another: many are as much as one definition. */
static bool look(const Walk *w) {
  World *world = w->inst->world;
  return ++world->looked % LOOKS_OF_WORK != 0 || work(w, world, 1);
}

/* ---- core ---- */

static bool do_module(const Walk *w, const Def *def) {
  World *world = w->inst->world;
  LiveModule *live = arena_new(&world->arena, LiveModule);
  wasm_module_t *module = live ? wasm_module_obtain(world->store, def->module) : NULL;
  if (!module) return no_memory(w);
  bool kept = push(w, &world->modules, module);
  if (!kept) {
    wasm_module_delete(module);
    return false;
  }
  *live = (LiveModule){module, def->entity.module};
  return push(w, &w->inst->modules, live);
}

static wasm_extern_t *core_export(const Walk *w, const CoreInst *core, Name name) {
  World *world = w->inst->world;
  if (!core->instance) {
    for (u32 i = 0; i < core->count && look(w); i++)
      if (wm_name_equal(core->args[i].name, name)) return core->items[i];
    return NULL;
  }
  wasm_extern_t *found = wasmx_instance_export_n(core->instance, name.text, name.len);
  if (!found) return NULL;
  bool kept = push(w, &world->externs, found);
  if (kept) return found;
  wasm_extern_delete(found);
  return NULL;
}

static const CoreInst *core_arg(const Walk *w, const Def *def, Name name) {
  for (u32 i = 0; i < def->arg_count && look(w); i++)
    if (wm_name_equal(def->args[i].name, name))
      return w->inst->core_instances.data[def->args[i].index];
  return NULL;
}

static bool gather_imports(const Walk *w, const Def *def, const ModuleType *type,
                           wasm_extern_t **imports) {
  for (u32 i = 0; i < type->import_count; i++) {
    const CoreInst *from = core_arg(w, def, type->imports[i].module);
    imports[i] = from ? core_export(w, from, type->imports[i].name) : NULL;
    if (!imports[i]) return no_memory(w);
  }
  return true;
}

static bool start_failed(const Walk *w, const wasmx_error_t *err) {
  return wm_error_set(w->err, err->code ? (ErrorCode)err->code : ERR_LINK, 0, "%s", err->message);
}

static bool start_module(const Walk *w, const LiveModule *live, wasm_extern_t **imports) {
  World *world = w->inst->world;
  wasmx_error_t err = {.size = sizeof err};
  wasm_extern_vec_t vec = {live->type->import_count, imports};
  wasm_instance_t *instance = wasmx_instance_new(world->store, live->module, &vec, w->trap, &err);
  if (!instance) return start_failed(w, &err);
  CoreInst *core = arena_new(&world->arena, CoreInst);
  bool kept = push(w, &world->instances, instance);
  if (!kept || !core) {
    if (kept) world->instances.len--;
    wasm_instance_delete(instance);
    return no_memory(w);
  }
  core->instance = instance;
  return push(w, &w->inst->core_instances, core);
}

static bool do_core_instance(const Walk *w, const Def *def) {
  const LiveModule *live = w->inst->modules.data[def->index];
  u32 count = live->type->import_count;
  wasm_extern_t **imports = calloc(count ? count : 1, sizeof *imports);
  if (!imports) return no_memory(w);
  bool good = gather_imports(w, def, live->type, imports) && start_module(w, live, imports);
  free(imports);
  return good;
}

static bool do_core_exports(const Walk *w, const Def *def) {
  Arena *arena = &w->inst->world->arena;
  CoreInst *core = arena_new(arena, CoreInst);
  wasm_extern_t **items = arena_array(arena, wasm_extern_t *, def->arg_count);
  if (!core || !items) return no_memory(w);
  for (u32 i = 0; i < def->arg_count; i++)
    items[i] = w->inst->core[def->args[i].sort].data[def->args[i].index];
  *core = (CoreInst){.args = def->args, .items = items, .count = def->arg_count};
  return push(w, &w->inst->core_instances, core);
}

static bool do_alias_core(const Walk *w, const Def *def) {
  wasm_extern_t *item = core_export(w, w->inst->core_instances.data[def->index], def->name);
  return item ? push(w, &w->inst->core[def->sort], item) : no_memory(w);
}

/* ---- functions ---- */

static wasm_func_t *core_func(const Inst *inst, u32 index) {
  return wasm_extern_as_func(inst->core[CORE_FUNC].data[index]);
}

static Options resolve(const Inst *inst, const CanonOptions *o) {
  Options options = {.encoding = o->encoding};
  if (o->has_memory)
    options.memory = wasm_extern_as_memory(inst->core[CORE_MEMORY].data[o->memory]);
  if (o->has_realloc) options.realloc = core_func(inst, o->realloc);
  if (o->has_post_return) options.post_return = core_func(inst, o->post_return);
  return options;
}

static bool do_lift(const Walk *w, const Def *def) {
  Inst *inst = w->inst;
  Func *func = arena_new(&inst->world->arena, Func);
  if (!func) return no_memory(w);
  *func = (Func){.world = inst->world,
                 .type = def->type,
                 .inst = inst,
                 .core = core_func(inst, def->index),
                 .options = resolve(inst, def->options)};
  return push(w, &inst->funcs, func);
}

static bool make_core_func(const Walk *w, const CoreFunc *type, wasmx_raw_callback_t callback,
                           void *env) {
  World *world = w->inst->world;
  wasm_functype_t *functype = wm_core_functype(type);
  wasm_func_t *func =
      functype ? wasmx_func_new_raw(world->store, functype, callback, env, NULL) : NULL;
  wasm_functype_delete(functype);
  if (!func) return no_memory(w);
  bool kept = push(w, &world->lowered, func);
  if (!kept) {
    wasm_func_delete(func);
    return false;
  }
  return push(w, &w->inst->core[CORE_FUNC], wasm_func_as_extern(func));
}

static bool do_lower(const Walk *w, const Def *def) {
  Inst *inst = w->inst;
  Lowered *lowered = arena_new(&inst->world->arena, Lowered);
  if (!lowered) return no_memory(w);
  *lowered = (Lowered){.func = inst->funcs.data[def->index],
                       .type = def->type,
                       .inst = inst,
                       .options = resolve(inst, def->options)};
  return make_core_func(w, def->core, wm_call_lowered, lowered);
}

typedef struct ResourceEnv {
  Inst *inst;
  LiveResource *resource;
} ResourceEnv;

static wasm_trap_t *cannot_leave(const ResourceEnv *env) {
  return env->inst->may_leave ? NULL : wm_trap_text("cannot leave component instance");
}

static wasm_trap_t *call_new(void *env, wasmx_caller_t *caller, Slot *slots) {
  const ResourceEnv *e = env;
  wasm_trap_t *trap = cannot_leave(e);
  u32 index = 0;
  (void)caller;
  if (!trap) trap = wm_resource_new(e->inst, e->resource, slots[0].u32, &index);
  slots[0].u64 = index;
  return trap;
}

static wasm_trap_t *call_rep(void *env, wasmx_caller_t *caller, Slot *slots) {
  const ResourceEnv *e = env;
  u32 rep = 0;
  (void)caller;
  wasm_trap_t *trap = wm_resource_rep(e->inst, e->resource, slots[0].u32, &rep);
  slots[0].u64 = rep;
  return trap;
}

static wasm_trap_t *call_drop(void *env, wasmx_caller_t *caller, Slot *slots) {
  const ResourceEnv *e = env;
  (void)caller;
  wasm_trap_t *trap = cannot_leave(e);
  return trap ? trap : wm_resource_drop(e->inst, e->resource, slots[0].u32);
}

static bool do_resource_func(const Walk *w, const Def *def) {
  Inst *inst = w->inst;
  ResourceEnv *env = arena_new(&inst->world->arena, ResourceEnv);
  if (!env) return no_memory(w);
  *env = (ResourceEnv){inst, live_resource(inst, def->type)};
  return make_core_func(w, def->core,
                        def->kind == DEF_RESOURCE_NEW   ? call_new
                        : def->kind == DEF_RESOURCE_REP ? call_rep
                                                        : call_drop,
                        env);
}

static bool do_resource(const Walk *w, const Def *def) {
  Inst *inst = w->inst;
  LiveResource *resource = arena_new(&inst->world->arena, LiveResource);
  if (!resource) return no_memory(w);
  *resource = (LiveResource){.owner = inst};
  if (def->has_index) resource->dtor = core_func(inst, def->index);
  inst->resources[def->type->resource->slot] = resource;
  return true;
}

/* ---- instances, aliases ---- */

static bool do_component(const Walk *w, const Def *def) {
  Closure *closure = arena_new(&w->inst->world->arena, Closure);
  if (!closure) return no_memory(w);
  *closure = (Closure){def->body, w->inst};
  return push(w, &w->inst->components, closure);
}

static bool do_exports(const Walk *w, const Def *def) {
  Bag *bag = wm_bag_new(w->inst->world);
  if (!bag) return no_memory(w);
  for (u32 i = 0; i < def->arg_count; i++) {
    const Arg *arg = &def->args[i];
    BagItem item = item_at(w->inst, arg->name, arg->sort, arg->index, arg->type);
    if (!wm_bag_add(bag, &item)) return no_memory(w);
  }
  return push(w, &w->inst->instances, bag);
}

static Bag *walk_body(World *world, const Closure *closure, const Walk *how);

static bool do_instance(const Walk *w, const Def *def) {
  Walk inner = {.def = def, .from = w->inst, .trap = w->trap, .err = w->err};
  const Closure *closure = w->inst->components.data[def->index];
  if (closure->outer->world != w->inst->world &&
      !wm_world_use(w->inst->world, closure->outer->world))
    return no_memory(w);
  Bag *bag = walk_body(w->inst->world, closure, &inner);
  if (!bag || !bind_resources(w, bag, def->type->interface)) return false;
  return push(w, &w->inst->instances, bag);
}

static bool do_alias_export(const Walk *w, const Def *def) {
  const BagItem *item = wm_bag_find(w->inst->instances.data[def->index], def->name);
  return item ? push_item(w, item) : no_memory(w);
}

static bool do_alias_outer(const Walk *w, const Def *def) {
  const Inst *from = w->inst;
  for (u32 i = 0; i < def->outer; i++) from = from->outer;
  BagItem item = item_at(from, (Name){0}, def->sort, def->index, NULL);
  return push_item(w, &item);
}

/* ---- imports and exports ---- */

/* The argument of that name in the definition that instantiates. */
static bool argument(const Walk *w, Name name, BagItem *item) {
  for (u32 i = 0; w->def && i < w->def->arg_count && look(w); i++) {
    const Arg *arg = &w->def->args[i];
    if (!wm_name_equal(arg->name, name)) continue;
    *item = item_at(w->from, name, arg->sort, arg->index, arg->type);
    return true;
  }
  return false;
}

static bool do_import(const Walk *w, const Def *def) {
  BagItem item;
  const Entity *entity = &def->entity;
  if (w->given) return wm_link_import(w->inst, w->given, def, &item, w->err) && push_item(w, &item);
  if (!argument(w, def->name, &item)) return no_memory(w);
  if (entity->sort == SORT_TYPE && entity->type->kind == TYPE_RESOURCE)
    w->inst->resources[entity->type->resource->slot] = item.resource;
  if (entity->sort == SORT_INSTANCE && !bind_resources(w, item.bag, entity->type->interface))
    return false;
  return push_item(w, &item);
}

/* Whether the type shows all that there is. */
static bool shows_all(World *world, const Bag *bag, const Interface *type) {
  if (bag->items.len != type->exports.list.len) return false;
  if (!wm_world_work(world, bag->items.len)) return false;
  for (u32 i = 0; i < bag->items.len; i++) {
    const Item *shown = &type->exports.list.data[i];
    if (shown->entity.sort != SORT_INSTANCE) continue;
    const BagItem *item = wm_bag_find(bag, shown->name);
    if (item && !shows_all(world, item->bag, shown->entity.type->interface)) return false;
  }
  return true;
}

/* The instance as a type shows it. */
static Bag *narrowed(World *world, Bag *bag, const Interface *type) {
  if (shows_all(world, bag, type)) return bag;
  Bag *narrow = wm_bag_new(world);
  for (u32 i = 0; narrow && i < type->exports.list.len; i++) {
    const Item *shown = &type->exports.list.data[i];
    const BagItem *item = wm_bag_find(bag, shown->name);
    if (!item) return NULL;
    BagItem copy = *item;
    if (copy.sort == SORT_INSTANCE)
      copy.bag = narrowed(world, copy.bag, shown->entity.type->interface);
    if ((copy.sort == SORT_INSTANCE && !copy.bag) || !wm_bag_add(narrow, &copy)) return NULL;
  }
  return narrow;
}

static bool do_export(const Walk *w, const Def *def) {
  BagItem item = item_at(w->inst, def->name, def->sort, def->index, def->entity.type);
  if (def->sort == SORT_INSTANCE)
    item.bag = narrowed(w->inst->world, item.bag, def->entity.type->interface);
  if (def->sort == SORT_INSTANCE && !item.bag) return no_memory(w);
  return (wm_bag_add(w->inst->exports, &item) || no_memory(w)) && push_item(w, &item);
}

static bool do_def(const Walk *w, const Def *def) {
  switch ((DefKind)def->kind) {
  case DEF_MODULE: return do_module(w, def);
  case DEF_CORE_INSTANCE: return do_core_instance(w, def);
  case DEF_CORE_EXPORTS: return do_core_exports(w, def);
  case DEF_COMPONENT: return do_component(w, def);
  case DEF_INSTANCE: return do_instance(w, def);
  case DEF_EXPORTS: return do_exports(w, def);
  case DEF_ALIAS_EXPORT: return do_alias_export(w, def);
  case DEF_ALIAS_CORE: return do_alias_core(w, def);
  case DEF_ALIAS_OUTER: return do_alias_outer(w, def);
  case DEF_RESOURCE: return do_resource(w, def);
  case DEF_LIFT: return do_lift(w, def);
  case DEF_LOWER: return do_lower(w, def);
  case DEF_RESOURCE_NEW:
  case DEF_RESOURCE_DROP:
  case DEF_RESOURCE_REP: return do_resource_func(w, def);
  case DEF_IMPORT: return do_import(w, def);
  default: return do_export(w, def);
  }
}

static Inst *inst_new(World *world, const Closure *closure, Inst *parent) {
  Inst *inst = arena_new(&world->arena, Inst);
  if (!inst) return NULL;
  inst->world = world;
  inst->parent = parent;
  inst->outer = closure->outer;
  inst->body = closure->body;
  inst->may_leave = true;
  inst->next = world->insts;
  world->insts = inst;
  inst->resources = arena_array(&world->arena, LiveResource *, closure->body->resource_count);
  inst->exports = wm_bag_new(world);
  return inst->resources && inst->exports ? inst : NULL;
}

static bool may_begin(const Walk *w, World *world, const Body *body) {
  if (world->inst_count++ < MAX_INSTANCES) return work(w, world, 1 + (u64)body->resource_count);
  return wm_error_set(w->err, ERR_LIMIT, 0, "more than %u instances of components", MAX_INSTANCES);
}

/* Nothing of an instance can be entered before it is complete. */
static Bag *walk_body(World *world, const Closure *closure, const Walk *how) {
  Walk w = *how;
  const Body *body = closure->body;
  if (!may_begin(&w, world, body)) return NULL;
  w.inst = inst_new(world, closure, w.from);
  if (!w.inst) {
    no_memory(&w);
    return NULL;
  }
  for (u32 i = 0; i < body->defs.len; i++)
    if (!work(&w, world, 1 + (u64)body->defs.data[i].arg_count) || !do_def(&w, &body->defs.data[i]))
      return NULL;
  w.inst->may_enter = true;
  return w.inst->exports;
}

Bag *wm_instantiate(World *world, const Given *given, wasm_trap_t **trap, Error *err) {
  Closure root = {world->component->body, NULL};
  Walk how = {.given = given, .trap = trap, .err = err};
  return walk_body(world, &root, &how);
}
