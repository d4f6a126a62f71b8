/* Worlds, what they hold, and bags of items (cm_instance.h). */
#include "component/cm_call.h"

/* ---- worlds ---- */

World *wm_world_new(wasm_store_t *store, Component *component) {
  World *world = calloc(1, sizeof *world);
  if (!world) return NULL;
  world->store = store;
  world->component = component;
  world->refs = 1;
  wm_component_keep(component);
  return world;
}

void wm_world_keep(World *world) { world->refs++; }

static void free_inst(Inst *inst) {
  for (u32 i = 0; i < ARRAY_LEN(inst->core); i++) vec_free(&inst->core[i]);
  vec_free(&inst->core_instances);
  vec_free(&inst->modules);
  vec_free(&inst->funcs);
  vec_free(&inst->instances);
  vec_free(&inst->components);
  wm_handles_free(&inst->handles);
}

static void free_bag(Bag *bag) {
  vec_free(&bag->items);
  wm_namemap_free(&bag->map);
}

static void free_engine_objects(World *world) {
  for (u32 i = 0; i < world->externs.len; i++) wasm_extern_delete(world->externs.data[i]);
  for (u32 i = 0; i < world->instances.len; i++) wasm_instance_delete(world->instances.data[i]);
  for (u32 i = 0; i < world->modules.len; i++) wasm_module_delete(world->modules.data[i]);
  for (u32 i = 0; i < world->lowered.len; i++) wasm_func_delete(world->lowered.data[i]);
  vec_free(&world->externs);
  vec_free(&world->instances);
  vec_free(&world->modules);
  vec_free(&world->lowered);
}

void wm_world_release(World *world) {
  if (--world->refs > 0) return;
  for (Inst *inst = world->insts; inst; inst = inst->next) wm_handles_drop_all(inst);
  free_engine_objects(world);
  for (Inst *inst = world->insts; inst; inst = inst->next) free_inst(inst);
  for (Bag *bag = world->bags; bag; bag = bag->next) free_bag(bag);
  for (u32 i = 0; i < world->uses.len; i++) wm_world_release(world->uses.data[i]);
  vec_free(&world->uses);
  for (u32 i = 0; i < world->things.len; i++) wm_thing_release(world->things.data[i]);
  vec_free(&world->things);
  wm_component_release(world->component);
  wm_arena_free(&world->arena);
  free(world);
}

bool wm_world_use(World *world, World *used) {
  if (used == world) return true;
  for (u32 i = 0; i < world->uses.len; i++)
    if (world->uses.data[i] == used) return true;
  World **slot = vec_push(&world->uses);
  if (!slot) return false;
  *slot = used;
  wm_world_keep(used);
  return true;
}

bool wm_world_keep_thing(World *world, HostThing *thing) {
  HostThing **slot = vec_push(&world->things);
  if (!slot) return false;
  *slot = thing;
  thing->refs++;
  return true;
}

void wm_thing_release(HostThing *thing) {
  if (--thing->refs > 0) return;
  if (thing->finalizer) thing->finalizer(thing->env);
  wasm_module_delete(thing->module.module);
  wm_arena_free(&thing->arena);
  free(thing);
}

bool wm_world_work(World *world, u64 amount) {
  world->work += amount;
  return world->work <= MAX_WORK;
}

/* ---- bags ---- */

enum { FEW_ITEMS = 8 };

Bag *wm_bag_new(World *world) {
  Bag *bag = arena_new(&world->arena, Bag);
  if (!bag) return NULL;
  bag->world = world;
  bag->next = world->bags;
  world->bags = bag;
  return bag;
}

static bool index_items(Bag *bag) {
  u32 first = bag->items.len == FEW_ITEMS + 1 ? 0 : bag->items.len - 1;
  for (u32 i = first; i < bag->items.len; i++) {
    Name name = bag->items.data[i].name;
    if (!wm_namemap_add(&bag->map, name.text, name.len, i, NULL)) return false;
  }
  return true;
}

bool wm_bag_add(Bag *bag, const BagItem *item) {
  if (!wm_world_work(bag->world, 1)) return false;
  BagItem *slot = vec_push(&bag->items);
  if (!slot) return false;
  *slot = *item;
  return bag->items.len <= FEW_ITEMS || index_items(bag);
}

const BagItem *wm_bag_find(const Bag *bag, Name name) {
  u32 at;
  if (bag->items.len > FEW_ITEMS)
    return wm_namemap_get(&bag->map, name.text, name.len, &at) ? &bag->items.data[at] : NULL;
  for (u32 i = 0; i < bag->items.len; i++)
    if (wm_name_equal(bag->items.data[i].name, name)) return &bag->items.data[i];
  return NULL;
}
