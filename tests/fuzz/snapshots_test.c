/* Programs from random tapes (generate.h): after some calls a snapshot is taken, and from then on
 * the instance and one of the snapshot must do the same. Usage: snapshots_test SEED COUNT */
#include "engine/engine.h"
#include "engine/snapshot.h"
#include "runtime/collect.h"
#include "tests/fuzz/generate.h"

#include <stdio.h>
#include <stdlib.h>

enum { TAPE_BYTES = 3000, MAX_IMPORTS_HERE = 16 };

static u64 random_state;
static u64 next_random(void) { /* xorshift64* */
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * UINT64_C(2685821657736338717);
}

typedef struct World {
  Store *store;
  LoadedModule *module;
  Instance *instance;
} World;

static TrapCode do_nothing(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)store, (void)func, (void)caller, (void)slots;
  return TRAP_NONE;
}

static void end_world(World *w) {
  if (w->instance) object_let_go(&w->instance->head);
  wm_loaded_release(w->module);
  wm_engine_store_delete(w->store);
  *w = (World){NULL, NULL, NULL};
}

/* A module that imports functions of one type only. */
static bool begin_world(Engine *engine, const Buffer *bytes, World *w, Error *err) {
  Object *imports[MAX_IMPORTS_HERE];
  *w = (World){.store = wm_engine_store_new(engine)};
  w->module = w->store ? wm_engine_load(engine, bytes->data, bytes->len, err) : NULL;
  if (!w->module) return false;
  const Module *m = &w->module->module;
  for (u32 i = 0; i < m->import_count; i++) {
    u32 type = module_func_type(m, i)->type_id;
    if (m->func_import_count != m->import_count || i == MAX_IMPORTS_HERE) return false;
    imports[i] = (Object *)(void *)wm_func_new_host(w->store, type, do_nothing, NULL, NULL, err);
  }
  w->instance = wm_instance_new(w->store, w->module, imports, m->import_count, err);
  if (w->instance) object_hold(&w->instance->head);
  return w->instance != NULL;
}

static Object *find(const World *w, const char *name) {
  u32 index;
  const Module *m = &w->module->module;
  if (!wm_namemap_get(&m->export_map, name, (u32)strlen(name), &index)) return NULL;
  return wm_instance_export(w->instance, &m->exports[index]);
}

static TrapCode call(const World *w, const char *name, u64 *slots) {
  TrapCode code = wm_call(w->store, (Func *)(void *)find(w, name), slots);
  (void)wm_store_take_trap(w->store);
  return code;
}

static u64 hash_of(const World *w) {
  u64 slots[1] = {0};
  call(w, "hash", slots);
  return slots[0];
}

static void refill(const World *w) {
  Global *fuel = (Global *)(void *)find(w, "fuel");
  if (fuel) fuel->value[0] = 500;
}

/* Calls the i-th function of all; false: there is none. */
static bool call_nth(const World *w, u32 i, u64 set, TrapCode *code) {
  char name[16];
  u64 slots[4] = {set, set * 3, 0x3FC00000 + set, UINT64_C(0xC045000000000000) - set};
  snprintf(name, sizeof name, "f%u", i);
  if (!find(w, name)) return false;
  refill(w);
  *code = call(w, name, slots);
  return true;
}

static bool same_memories(const World *a, const World *b) {
  for (u32 i = 0; i < a->module->module.memory_count; i++) {
    const u8 *x = a->instance->memories[i]->space.base, *y = b->instance->memories[i]->space.base;
    if (memory_length(x) != memory_length(y) || memcmp(x, y, (size_t)memory_length(x)))
      return false;
  }
  return true;
}

static const char *go_on(const World *a, const World *b) {
  if (hash_of(a) != hash_of(b)) return "the checksum differs at once";
  if (!same_memories(a, b)) return "a memory differs at once";
  TrapCode x = TRAP_NONE, y = TRAP_NONE;
  for (u32 i = 0; call_nth(a, i, 2, &x); i++) {
    if (!call_nth(b, i, 2, &y)) return "an export is missing";
    if (x != y) return "a call ends in another way";
    if (hash_of(a) != hash_of(b)) return "the checksum differs after a call";
  }
  return same_memories(a, b) ? NULL : "a memory differs";
}

static bool same_bytes(const Buffer *a, const Buffer *b) {
  return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/* A snapshot of an instance that is new, of a snapshot, is that snapshot. */
static const char *compare(Engine *engine, const World *a, const Buffer *bytes) {
  World b;
  Error err = {0};
  Buffer again = {0};
  const char *fault = NULL;
  if (!begin_world(engine, bytes, &b, &err))
    fault = "the snapshot cannot be instantiated";
  else if (!wm_snapshot_write(b.instance, NULL, 0, &again, &err) || !same_bytes(bytes, &again))
    fault = "a snapshot of the snapshot differs";
  else
    fault = go_on(a, &b);
  if (err.code) fprintf(stderr, "%s\n", err.message);
  wm_buffer_free(&again);
  end_world(&b);
  return fault;
}

/* NULL: all is well. */
static const char *try_program(Engine *engine, const Buffer *module, u32 *refused) {
  World a;
  Error err = {0};
  Buffer bytes = {0};
  TrapCode code;
  const char *fault = NULL;
  if (!begin_world(engine, module, &a, &err)) return "the program cannot be instantiated";
  for (u64 set = 0; set < 2; set++)
    for (u32 i = 0; call_nth(&a, i, set, &code); i++) {
    }
  if (wm_snapshot_write(a.instance, NULL, 0, &bytes, &err))
    fault = compare(engine, &a, &bytes);
  else if (err.code == ERR_ARGUMENT && strstr(err.message, "not a function"))
    ++*refused;
  else
    fault = err.message[0] ? "a snapshot is refused" : "a snapshot fails silently";
  wm_buffer_free(&bytes);
  end_world(&a);
  return fault;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  u64 seed = strtoull(argv[1], NULL, 10), count = strtoull(argv[2], NULL, 10);
  u32 refused = 0;
  Config config = wm_config_default();
  config.call_threshold = 2;
  Engine *engine = wm_engine_new(&config);
  for (u64 i = 0; i < count; i++) {
    u8 tape[TAPE_BYTES];
    random_state = (seed + i) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (size_t k = 0; k < sizeof tape; k++) tape[k] = (u8)next_random();
    if (i % 4) tape[0] &= (u8)~GC_PROGRAM; /* a snapshot cannot keep their objects */
    Program program = generate_program(tape, next_random() % sizeof tape, false);
    const char *fault = try_program(engine, &program.module, &refused);
    program_free(&program);
    if (!fault) continue;
    fprintf(stderr, "program %llu: %s\n", (unsigned long long)seed + i, fault);
    return 1;
  }
  wm_engine_release(engine);
  printf("%llu programs, %u refused\n", (unsigned long long)count, refused);
  return refused > count / 2; /* most are to be compared */
}
