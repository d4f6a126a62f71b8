/* Fuzz target: bytes -> calls of wasmcm.h on components of tests/component/seeds, with values of
 * the right types and of wrong ones, by a host whose functions give anything back and call in
 * again. Everything is a trap, an error or a value; nothing is left over. */
#include "tests/fuzz/fuzz.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <wasmcm.h>

#define HOST  "test:echo/host@0.2.0"
#define GUEST "test:echo/guest@0.2.0"

enum {
  COMPONENTS = 3,
  INSTANCES = 3,
  FUNCS = 4,
  RESULTS = 3,
  MOST_STEPS = 100,
  MOST_ITEMS = 20,
  FUEL = 100000
};

static const char *const seeds[COMPONENTS] = {"echo.wasm", "plugin.wasm", "bench.wasm"};
static const char *const ifaces[] = {GUEST, NULL, "test:echo/guest@0.2.9", HOST};
static const char *const names[] = {"text",       "wide-text",   "latin-text",
                                    "bytes",      "texts",       "echo-point",
                                    "echo-shape", "echo-ways",   "maybe",
                                    "outcome",    "small",       "echo-wide",
                                    "add",        "give",        "echo-color",
                                    "host-text",  "guest-texts", "host",
                                    "take",       "host-add",    "[constructor]thing",
                                    "use-thing",  "h",           "[method]thing.number"};

static wasm_engine_t *engine; /* kept from input to input */
static wasmcm_component_t *components[COMPONENTS];

static void read_component(u32 i) {
  static u8 bytes[1 << 16];
  char path[512];
  const char *folder = getenv("COMPONENT_SEEDS");
  snprintf(path, sizeof path, "%s/%s", folder ? folder : "tests/component/seeds", seeds[i]);
  FILE *file = fopen(path, "rb");
  size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (file) fclose(file);
  components[i] = wasmcm_component_new(engine, bytes, size, 0, NULL);
  if (!components[i]) abort();
}

static void make_engine(void) {
  wasm_config_t *config = wasm_config_new();
  wasmx_config_set_fuel(config, true);
  engine = wasm_engine_new_with_config(config);
}

/* What is alive; 0 everywhere where nothing is. */
typedef struct Scene {
  const u8 *pos, *end; /* the input */
  wasm_store_t *store;
  wasmcm_linker_t *linker;
  wasmcm_resource_t *resource;
  wasmcm_instance_t *instances[INSTANCES];
  wasmcm_func_t *funcs[FUNCS];
  wasmcm_result_t results[RESULTS];
  u32 depth; /* of calls */
} Scene;

static u8 take(Scene *s) { return s->pos < s->end ? *s->pos++ : 0; }

static u64 take_number(Scene *s) {
  u64 number = take(s);
  if (number & 1) number = number << 56 | take(s);
  return number & 2 ? ~number : number;
}

#define ANY(s, list) (list)[take(s) % ARRAY_LEN(list)]

/* ---- values ---- */

static void make(Scene *s, const wasmcm_type_t *type, Arena *arena, wasmcm_val_t *val);

static void make_items(Scene *s, const wasmcm_type_t *type, Arena *arena, wasmcm_val_t *val) {
  bool is_list = val->kind == WASMCM_LIST;
  size_t count = is_list ? take(s) % MOST_ITEMS : wasmcm_type_count(type);
  val->of.items.data = arena_array(arena, wasmcm_val_t, count);
  val->of.items.count = val->of.items.data ? count : 0;
  for (size_t i = 0; i < val->of.items.count; i++)
    make(s, wasmcm_type_part(type, is_list ? 0 : i), arena, &val->of.items.data[i]);
}

static void make_bytes(Scene *s, Arena *arena, wasmcm_val_t *val, bool is_text) {
  size_t count = take(s) % MOST_ITEMS;
  u8 *data = arena_array(arena, u8, count * 8 + 1);
  for (size_t i = 0; data && i < count; i++) data[i] = is_text ? take(s) & 127 : take(s);
  val->of.numbers.data = data;
  val->of.numbers.count = data ? count : 0;
}

static void make_case(Scene *s, const wasmcm_type_t *type, Arena *arena, wasmcm_val_t *val) {
  val->of.variant.index = take(s) % (u32)(wasmcm_type_count(type) + 1);
  const wasmcm_type_t *payload = wasmcm_type_part(type, val->of.variant.index);
  val->of.variant.payload = payload ? arena_new(arena, wasmcm_val_t) : NULL;
  if (val->of.variant.payload) make(s, payload, arena, val->of.variant.payload);
}

static void make(Scene *s, const wasmcm_type_t *type, Arena *arena, wasmcm_val_t *val) {
  *val = (wasmcm_val_t){.kind = type ? wasmcm_type_kind(type) : 0};
  if (take(s) % 64 == 63) val->kind = take(s);
  const wasmcm_type_t *element = val->kind == WASMCM_LIST ? wasmcm_type_part(type, 0) : NULL;
  wasmcm_kind_t inner = element ? wasmcm_type_kind(element) : WASMCM_BOOL;
  bool fits = type && val->kind == wasmcm_type_kind(type);
  if (!fits)
    val->of.u64 = 0; /* whatever it says it is, nothing is there */
  else if (val->kind == WASMCM_STRING || (inner >= WASMCM_S8 && inner <= WASMCM_F64))
    make_bytes(s, arena, val, val->kind == WASMCM_STRING);
  else if (val->kind == WASMCM_LIST || val->kind == WASMCM_RECORD || val->kind == WASMCM_TUPLE)
    make_items(s, type, arena, val);
  else if (val->kind == WASMCM_VARIANT || (val->kind >= WASMCM_ENUM && val->kind <= WASMCM_RESULT))
    make_case(s, type, arena, val);
  else
    val->of.u64 = take_number(s);
  if (val->kind == WASMCM_OWN || val->kind == WASMCM_BORROW) val->of.resource = s->resource;
}

/* ---- steps ---- */

static void step(Scene *s);

static wasm_trap_t *answer(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                           wasmcm_val_t *result) {
  Scene *s = env;
  u8 what = take(s);
  if (what & 8 && s->depth < 4) step(s);
  if (what % 8 < 6) {
    *result = args[0];
    return NULL;
  }
  if (what % 8 == 6) return wasm_trap_new(wasmcm_call_store(call), &(wasm_message_t){0, NULL});
  *result = (wasmcm_val_t){.kind = take(s), .of.items = {NULL, 0}};
  result->of.string.data = wasmcm_call_alloc(call, what);
  return NULL;
}

static void define(Scene *s) {
  const char *iface = ANY(s, ifaces), *name = ANY(s, names);
  u8 what = take(s);
  if (what == 0) wasmcm_linker_define_unknown_as_traps(s->linker);
  if (what == 1) {
    wasmcm_resource_t *made =
        wasmcm_linker_define_resource(s->linker, HOST, "thing", NULL, NULL, NULL);
    if (!s->resource) s->resource = made;
  }
  if (what == 2) wasmcm_linker_define_resource_again(s->linker, iface, name, s->resource);
  if (what > 3) wasmcm_linker_define_func(s->linker, iface, name, answer, s, NULL);
  wasmcm_instance_t *instance = ANY(s, s->instances);
  if (what == 3 && instance) wasmcm_linker_define_instance(s->linker, HOST, instance);
}

static void instantiate(Scene *s, wasmcm_instance_t **to) {
  wasm_trap_t *trap = NULL;
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_instance_delete(*to);
  *to = wasmcm_linker_instantiate(s->linker, ANY(s, components), &trap, &err);
  if (!*to && err.code == WASMX_OK) __builtin_trap();
  if (trap) wasm_trap_delete(trap);
}

static void find(Scene *s, wasmcm_func_t **to) {
  const wasmcm_instance_t *from = ANY(s, s->instances);
  if (s->depth) return; /* it may be what is called */
  wasmcm_func_delete(*to);
  *to = wasmcm_instance_func(from, ANY(s, ifaces), ANY(s, names));
}

static void call(Scene *s, const wasmcm_func_t *func, wasmcm_result_t *to) {
  wasmcm_val_t args[20];
  wasmcm_result_t result;
  Arena arena = {0};
  if (!func) return;
  const wasmcm_type_t *type = wasmcm_func_type(func);
  for (size_t i = 0; i < wasmcm_type_count(type) && i < ARRAY_LEN(args); i++)
    make(s, wasmcm_type_part(type, i), &arena, &args[i]);
  s->depth++;
  wasm_trap_t *trap = wasmcm_func_call(func, args, &result);
  s->depth--;
  if (trap && result.memory) __builtin_trap();
  if (trap) wasm_trap_delete(trap);
  wasmcm_result_delete(to);
  *to = result;
  wm_arena_free(&arena);
}

static void drop(const Scene *s, const wasmcm_func_t *func, const wasmcm_val_t *val) {
  bool is_ours = val->kind == WASMCM_OWN && val->of.resource == s->resource;
  if (!func || s->depth || !is_ours) return;
  wasm_trap_t *trap = wasmcm_func_drop(func, val);
  if (trap) wasm_trap_delete(trap);
}

static void step(Scene *s) {
  switch (take(s) % 8) {
  case 0:
  case 1: define(s); break;
  case 2: instantiate(s, &ANY(s, s->instances)); break;
  case 3: find(s, &ANY(s, s->funcs)); break;
  case 4: drop(s, ANY(s, s->funcs), &ANY(s, s->results).value); break;
  default: call(s, ANY(s, s->funcs), &ANY(s, s->results)); break;
  }
}

static void define_most(Scene *s) {
  s->resource = wasmcm_linker_define_resource(s->linker, HOST, "thing", NULL, NULL, NULL);
  for (u32 i = 0; i < ARRAY_LEN(names); i++) {
    wasmcm_linker_define_func(s->linker, HOST, names[i], answer, s, NULL);
    wasmcm_linker_define_func(s->linker, NULL, names[i], answer, s, NULL);
  }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Scene s = {.pos = data, .end = data + size};
  if (!engine) make_engine();
  for (u32 i = 0; i < COMPONENTS; i++)
    if (!components[i]) read_component(i);
  s.store = wasm_store_new(engine);
  wasmx_store_set_fuel(s.store, FUEL);
  s.linker = wasmcm_linker_new(s.store);
  if (take(&s) % 4) define_most(&s);
  for (u32 i = 0; i < MOST_STEPS && s.pos < s.end; i++) step(&s);
  for (u32 i = 0; i < RESULTS; i++) wasmcm_result_delete(&s.results[i]);
  for (u32 i = 0; i < FUNCS; i++) wasmcm_func_delete(s.funcs[i]);
  for (u32 i = 0; i < INSTANCES; i++) wasmcm_instance_delete(s.instances[i]);
  wasmcm_linker_delete(s.linker);
  wasm_store_delete(s.store);
  return 0;
}
