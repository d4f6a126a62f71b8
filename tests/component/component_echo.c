#include "component/component_echo.h"

wasm_engine_t *engine;
wasmcm_component_t *echo;
int finalized, destroyed;

/* Functions of the host whose names differ from those of the types. */
const char *const functions[FUNCTION_COUNT] = {
    "text",      "wide-text", "latin-text", "bytes",      "texts",     "echo-point", "echo-shape",
    "echo-ways", "maybe",     "outcome",    "echo-color", "echo-wide", "small"};

Buffer read_seed(const char *name) {
  char path[512];
  u8 part[512];
  Buffer bytes = {0};
  snprintf(path, sizeof path, "%s/%s", getenv("COMPONENT_SEEDS"), name);
  FILE *file = fopen(path, "rb");
  if (!file) return bytes;
  for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
    wm_buffer_bytes(&bytes, part, got);
  fclose(file);
  return bytes;
}

int set_up(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  Buffer bytes = read_seed("echo.wasm");
  engine = wasm_engine_new();
  echo = wasmcm_component_new(engine, bytes.data, bytes.len, 0, &err);
  wm_buffer_free(&bytes);
  if (!echo) fprintf(stderr, "%s\n", err.message);
  return echo ? 0 : 1;
}

int tear_down(void **state) {
  (void)state;
  wasmcm_component_delete(echo);
  wasm_engine_delete(engine);
  return 0;
}

/* ---- the host ---- */

void count_finalized(void *env) {
  (void)env;
  finalized++;
}

wasm_trap_t *give_back(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                       wasmcm_val_t *result) {
  (void)env, (void)call;
  *result = args[0];
  return NULL;
}

static wasm_trap_t *make_thing(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                               wasmcm_val_t *result) {
  (void)call;
  *result = (wasmcm_val_t){.kind = WASMCM_OWN, .rep = 100 + (u32)args[0].of.u64};
  result->of.resource = *(wasmcm_resource_t **)env;
  return NULL;
}

static wasm_trap_t *thing_number(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                                 wasmcm_val_t *result) {
  (void)env, (void)call;
  *result = (wasmcm_val_t){.kind = WASMCM_U32, .of.u64 = args[0].rep - 100};
  return NULL;
}

static wasm_trap_t *destroy_thing(void *env, uint32_t rep) {
  (void)env, (void)rep;
  destroyed++;
  return NULL;
}

static bool define(World *w, wasmcm_callback_t small) {
  w->thing = wasmcm_linker_define_resource(w->linker, HOST, "thing", destroy_thing, NULL, NULL);
  bool good = w->thing != NULL;
  for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
    wasmcm_callback_t callback = strcmp(functions[i], "small") == 0 ? small : give_back;
    good &=
        wasmcm_linker_define_func(w->linker, HOST, functions[i], callback, NULL, count_finalized);
  }
  return good &&
         wasmcm_linker_define_func(w->linker, HOST, "[constructor]thing", make_thing, &w->thing,
                                   NULL) &&
         wasmcm_linker_define_func(w->linker, HOST, "[method]thing.number", thing_number, NULL,
                                   NULL);
}

bool world_instantiate(World *w) {
  wasmcm_instance_delete(w->instance);
  w->instance = wasmcm_linker_instantiate(w->linker, echo, NULL, NULL);
  return w->instance != NULL;
}

bool world_new(World *w, wasmcm_callback_t small) {
  *w = (World){0};
  w->store = wasm_store_new(engine);
  w->linker = w->store ? wasmcm_linker_new(w->store) : NULL;
  if (!w->linker || !define(w, small)) return false;
  return world_instantiate(w);
}

static size_t sizes[FUNCTION_COUNT]; /* of the parameters */

static wasm_trap_t *give_back_struct(void *env, wasmcm_call_t *call, const void *args,
                                     void *result) {
  (void)call;
  memcpy(result, args, *(const size_t *)env);
  return NULL;
}

/* Of the type that the guest's function of the name has. */
static bool define_struct(const World *w, size_t i) {
  wasm_byte_vec_t wit;
  wasmcm_func_t *func = wasmcm_instance_func(w->instance, GUEST, functions[i]);
  bool printed = func && wasmcm_type_wit(wasmcm_func_type(func), NULL, &wit);
  char *type = printed ? strndup(wit.data, wit.size) : NULL;
  if (!type) {
    if (printed) wasm_byte_vec_delete(&wit);
    wasmcm_func_delete(func);
    return false;
  }
  sizes[i] = wasmcm_type_struct_size(wasmcm_func_type(func));
  bool good = wasmcm_linker_define_struct_func(w->linker, HOST, functions[i], type,
                                               give_back_struct, &sizes[i], count_finalized);
  free(type);
  wasm_byte_vec_delete(&wit);
  wasmcm_func_delete(func);
  return good;
}

bool world_new_of_structs(World *w) {
  bool good = world_new(w, give_back);
  for (size_t i = 0; good && i < ARRAY_LEN(functions); i++) good = define_struct(w, i);
  return good && world_instantiate(w);
}

void world_delete(World *w) {
  wasmcm_linker_delete(w->linker);
  wasmcm_instance_delete(w->instance);
  wasm_store_delete(w->store);
}

/* ---- calls ---- */

void put_trap(Buffer *out, wasm_trap_t *trap) {
  wasm_byte_vec_t message;
  wasm_trap_message(trap, &message);
  wm_buffer_print(out, "%s", message.data ? message.data : "");
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
}

char *call_value(const wasmcm_func_t *func, const wasmcm_val_t *val) {
  wasmcm_result_t result;
  const wasmcm_type_t *type = wasmcm_type_result(wasmcm_func_type(func));
  Buffer out = {0};
  wasm_trap_t *trap = wasmcm_func_call(func, val, &result);
  if (trap) {
    wm_buffer_byte(&out, '!');
    put_trap(&out, trap);
  } else if (type) {
    value_write(&out, type, &result.value);
  }
  wm_buffer_byte(&out, 0);
  wasmcm_result_delete(&result);
  return (char *)out.data;
}

char *call_text(const World *w, const char *name, const char *text) {
  Arena arena = {0};
  wasmcm_val_t val;
  wasmcm_func_t *func = wasmcm_instance_func(w->instance, GUEST, name);
  char *given = NULL;
  if (func &&
      (!*text || value_read(&text, wasmcm_type_part(wasmcm_func_type(func), 0), &arena, &val)))
    given = call_value(func, &val);
  wasmcm_func_delete(func);
  wm_arena_free(&arena);
  return given;
}

void expect(const World *w, const char *name, const char *text, const char *expected) {
  char *given = call_text(w, name, text);
  assert_non_null(given);
  assert_string_equal(given, expected);
  free(given);
}
