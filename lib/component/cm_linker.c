/* wasmcm_linker_t: what hosts give components, by interface and name. */
#include "component/cm_api.h"

typedef struct Definition {
  char *iface; /* owned; NULL: an import of the component itself */
  char *name;  /* owned; NULL: the interface is an instance's */
  BagItem item;
} Definition;

struct wasmcm_linker_t {
  wasm_store_t *store; /* borrowed */
  Vec(Definition) all;
  Vec(World *) uses; /* of instances that were defined; counted */
  bool traps_unknown;
};

wasmcm_linker_t *wasmcm_linker_new(wasm_store_t *store) {
  wasmcm_linker_t *linker = store ? calloc(1, sizeof *linker) : NULL;
  if (linker) linker->store = store;
  return linker;
}

static void free_definition(const Definition *d) {
  if (d->item.thing) wm_thing_release(d->item.thing);
  free(d->iface);
  free(d->name);
}

void wasmcm_linker_delete(wasmcm_linker_t *linker) {
  if (!linker) return;
  for (u32 i = 0; i < linker->all.len; i++) free_definition(&linker->all.data[i]);
  for (u32 i = 0; i < linker->uses.len; i++) wm_world_release(linker->uses.data[i]);
  vec_free(&linker->all);
  vec_free(&linker->uses);
  free(linker);
}

/* ---- definitions ---- */

static bool copy_text(const char *from, char **to) {
  if (!from) return true;
  size_t size = strlen(from) + 1;
  *to = malloc(size);
  if (*to) memcpy(*to, from, size);
  return *to != NULL;
}

/* With a reference of the thing, which is the caller's again when this fails. */
static bool define(wasmcm_linker_t *linker, const char *iface, const char *name,
                   const BagItem *item) {
  Definition d = {.item = *item};
  Definition *slot = vec_push(&linker->all);
  if (!slot || !copy_text(iface, &d.iface) || !copy_text(name, &d.name)) {
    if (slot) linker->all.len--;
    d.item.thing = NULL;
    free_definition(&d);
    return false;
  }
  if (name) d.item.name = (Name){d.name, (u32)strlen(d.name)};
  *slot = d;
  return true;
}

static bool define_thing(wasmcm_linker_t *linker, const char *iface, const char *name, Sort sort,
                         HostThing *thing) {
  BagItem item = {.sort = (u8)sort, .thing = thing};
  if (sort == SORT_FUNC) item.func = &thing->func;
  if (sort == SORT_TYPE) item.resource = &thing->resource;
  if (sort == SORT_MODULE) item.module = &thing->module;
  if (define(linker, iface, name, &item)) return true;
  thing->finalizer = NULL;
  wm_thing_release(thing);
  return false;
}

static const char *copy_wit(Arena *arena, const char *wit) {
  size_t size = strlen(wit) + 1;
  char *copy = wm_arena_alloc(arena, size);
  if (copy) memcpy(copy, wit, size);
  return copy;
}

static HostThing *thing_new(const wasmcm_linker_t *linker, const char *name) {
  HostThing *thing = linker && name ? calloc(1, sizeof *thing) : NULL;
  if (thing) thing->refs = 1;
  return thing;
}

/* `func` says what it does. */
static bool define_func(wasmcm_linker_t *linker, const char *iface, const char *name,
                        const Func *func, void (*finalizer)(void *)) {
  HostThing *thing = is_host_func(func) ? thing_new(linker, name) : NULL;
  if (!thing) return false;
  thing->func = *func;
  if (func->wit) thing->func.wit = copy_wit(&thing->arena, func->wit);
  if (func->wit && !thing->func.wit) {
    wm_thing_release(thing);
    return false;
  }
  thing->env = func->host_env;
  thing->finalizer = finalizer;
  return define_thing(linker, iface, name, SORT_FUNC, thing);
}

bool wasmcm_linker_define_func_of_type(wasmcm_linker_t *linker, const char *iface, const char *name,
                                       wasmcm_fits_t fits, wasmcm_callback_t callback, void *env,
                                       void (*finalizer)(void *)) {
  Func func = {.host = callback, .host_env = env, .fits = fits};
  return define_func(linker, iface, name, &func, finalizer);
}

bool wasmcm_linker_define_func(wasmcm_linker_t *linker, const char *iface, const char *name,
                               wasmcm_callback_t callback, void *env, void (*finalizer)(void *)) {
  return wasmcm_linker_define_func_of_type(linker, iface, name, NULL, callback, env, finalizer);
}

bool wasmcm_linker_define_struct_func(wasmcm_linker_t *linker, const char *iface, const char *name,
                                      const char *type, wasmcm_struct_callback_t callback,
                                      void *env, void (*finalizer)(void *)) {
  Func func = {.host_structs = callback, .host_env = env, .wit = type};
  return type && define_func(linker, iface, name, &func, finalizer);
}

wasmcm_resource_t *wasmcm_linker_define_resource(wasmcm_linker_t *linker, const char *iface,
                                                 const char *name, wasmcm_destructor_t destructor,
                                                 void *env, void (*finalizer)(void *)) {
  HostThing *thing = thing_new(linker, name);
  if (!thing) return NULL;
  thing->resource.host_dtor = destructor;
  thing->resource.host_env = env;
  thing->env = env;
  thing->finalizer = finalizer;
  return define_thing(linker, iface, name, SORT_TYPE, thing) ? &thing->resource : NULL;
}

bool wasmcm_linker_define_resource_again(wasmcm_linker_t *linker, const char *iface,
                                         const char *name, wasmcm_resource_t *resource) {
  for (u32 i = 0; linker && name && i < linker->all.len; i++) {
    BagItem item = linker->all.data[i].item;
    if (item.sort != SORT_TYPE || item.resource != resource) continue;
    if (!define(linker, iface, name, &item)) return false;
    item.thing->refs++;
    return true;
  }
  return false;
}

bool wasmcm_linker_define_instance(wasmcm_linker_t *linker, const char *iface,
                                   const wasmcm_instance_t *instance) {
  World **slot = linker && iface && instance ? vec_push(&linker->uses) : NULL;
  if (!slot) return false;
  BagItem item = {.sort = SORT_INSTANCE, .bag = instance->exports};
  if (!define(linker, iface, NULL, &item)) {
    linker->uses.len--;
    return false;
  }
  *slot = instance->world;
  wm_world_keep(instance->world);
  return true;
}

static bool take_module(HostThing *thing, const wasm_module_t *module) {
  Error err = {0};
  TypeTable table = {.arena = &thing->arena, .err = &err, .fuel = UINT64_MAX};
  wasm_shared_module_t *shared = wasm_module_share(module);
  thing->module.module = wasm_module_copy(module); /* has the names of the type */
  thing->module.type = shared ? wm_core_module_type(&table, shared) : NULL;
  wasm_shared_module_delete(shared);
  return thing->module.module && thing->module.type;
}

bool wasmcm_linker_define_module(wasmcm_linker_t *linker, const char *iface, const char *name,
                                 const wasm_module_t *module) {
  HostThing *thing = module ? thing_new(linker, name) : NULL;
  if (!thing) return false;
  if (take_module(thing, module)) return define_thing(linker, iface, name, SORT_MODULE, thing);
  wm_thing_release(thing);
  return false;
}

void wasmcm_linker_define_unknown_as_traps(wasmcm_linker_t *linker) {
  if (linker) linker->traps_unknown = true;
}

/* ---- looking up ---- */

typedef struct Lookup {
  const wasmcm_linker_t *linker;
  World *world; /* that imports: bags of single definitions are made in it */
  Error *err;
} Lookup;

/* The last definition wins. */
static const Definition *find_plain(const wasmcm_linker_t *linker, Name name) {
  for (u32 i = linker->all.len; i-- > 0;) {
    const Definition *d = &linker->all.data[i];
    if (!d->iface && wm_name_is(name, d->name)) return d;
  }
  return NULL;
}

/* The interface that stands for the name: itself, or of a version that will do. Definitions of one
 * stand beside each other mostly: it is looked at once for them. */
static const Definition *find_iface(const wasmcm_linker_t *linker, Name name) {
  const Definition *close = NULL, *seen = NULL;
  for (u32 i = linker->all.len; i-- > 0;) {
    const Definition *d = &linker->all.data[i];
    if (!d->iface || (seen && strcmp(d->iface, seen->iface) == 0)) continue;
    seen = d;
    if (wm_name_is(name, d->iface)) return d;
    if (wm_versions_agree(name, (Name){d->iface, (u32)strlen(d->iface)})) close = d;
  }
  return close;
}

static Bag *bag_of(const Lookup *l, const char *iface) {
  Bag *bag = wm_bag_new(l->world);
  for (u32 i = l->linker->all.len; bag && i-- > 0;) {
    const Definition *d = &l->linker->all.data[i];
    if (!d->iface || !d->name || strcmp(d->iface, iface) != 0) continue;
    if (!wm_bag_find(bag, d->item.name) && !wm_bag_add(bag, &d->item)) bag = NULL;
  }
  if (!bag) wm_error_out_of_memory(l->err);
  return bag;
}

static bool find(void *env, Name name, BagItem *item) {
  const Lookup *l = env;
  const Definition *d = find_plain(l->linker, name);
  if (!d) d = find_iface(l->linker, name);
  if (!d) return false;
  *item = d->item;
  if (!d->iface || !d->name) return true;
  *item = (BagItem){.name = name, .sort = SORT_INSTANCE, .bag = bag_of(l, d->iface)};
  return item->bag != NULL;
}

/* ---- instantiation ---- */

static wasmcm_instance_t *instance_of(World *world, Bag *exports) {
  wasmcm_instance_t *instance = malloc(sizeof *instance);
  if (instance) *instance = (wasmcm_instance_t){world, exports};
  return instance;
}

static wasmcm_instance_t *instantiate(wasmcm_linker_t *linker, Component *component,
                                      wasm_trap_t **trap, Error *err) {
  World *world = wm_world_new(linker->store, component);
  if (!world) {
    wm_error_out_of_memory(err);
    return NULL;
  }
  Lookup lookup = {linker, world, err};
  Given given = {&lookup, find, linker->traps_unknown};
  Bag *exports = wm_instantiate(world, &given, trap, err);
  wasmcm_instance_t *instance = exports ? instance_of(world, exports) : NULL;
  if (exports && !instance) wm_error_out_of_memory(err);
  if (!instance) wm_world_release(world);
  return instance;
}

wasmcm_instance_t *wasmcm_linker_instantiate(wasmcm_linker_t *linker,
                                             const wasmcm_component_t *component,
                                             wasm_trap_t **trap, wasmx_error_t *err) {
  Error error = {0};
  wasm_trap_t *own_trap = NULL;
  wasmcm_instance_t *instance = NULL;
  if (linker && component)
    instance = instantiate(linker, component->component, &own_trap, &error);
  else
    wm_error_set(&error, ERR_ARGUMENT, 0, "no linker or no component");
  wm_error_tell(&error, err);
  if (trap) *trap = own_trap;
  if (!trap && own_trap) wasm_trap_delete(own_trap);
  return instance;
}
