/* Does what scripts.py asks for, a line each on the standard input, and answers with a line:
 *
 *   reset                  a new store and linker
 *   read FILE              reads and checks only
 *   define NAME FILE       keeps the component by that name (NAME - : none)
 *   new NAME FILE          reads and instantiates; known by the name, and the current one
 *   instance NAME OF       an instance of what was defined; the same
 *   invoke FUNC [VALUE]... of the current instance, values as component_values.h has them
 *
 *   ok [VALUE] | error CODE OFFSET PROPOSAL|- TAB MESSAGE (CODE of wasmx.h) | trap TEXT */
#include "component/component_values.h"

#include <stdio.h>

typedef struct Named {
  char name[64];
  wasmcm_component_t *component;
} Named;

static wasm_engine_t *engine;
static wasm_store_t *store;
static wasmcm_linker_t *linker;
static wasmcm_instance_t *current;
static Named defined[64];
static size_t defined_count;

/* ---- what the scripts expect of a host ---- */

static u32 last_drop, drops;

static wasm_trap_t *drop_resource(void *env, uint32_t rep) {
  (void)env;
  last_drop = rep;
  drops++;
  return NULL;
}

static wasm_trap_t *give_number(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                                wasmcm_val_t *result) {
  (void)call, (void)args;
  result->kind = WASMCM_U32;
  result->of.u64 = *(const u32 *)env;
  return NULL;
}

static wasm_trap_t *make_resource(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                                  wasmcm_val_t *result) {
  (void)call;
  *result = (wasmcm_val_t){.kind = WASMCM_OWN, .rep = (u32)args[0].of.u64};
  result->of.resource = env;
  return NULL;
}

static wasm_trap_t *host_trap(wasmcm_call_t *call, const char *text) {
  wasm_message_t message;
  wasm_name_new_from_string_nt(&message, text);
  wasm_trap_t *trap = wasm_trap_new(wasmcm_call_store(call), &message);
  wasm_byte_vec_delete(&message);
  return trap;
}

static wasm_trap_t *check_rep(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                              wasmcm_val_t *result) {
  (void)env, (void)result;
  return args[0].rep == args[1].of.u64 ? NULL : host_trap(call, "host: another resource");
}

static wasm_trap_t *take_handle(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                                wasmcm_val_t *result) {
  (void)result;
  bool owned = args[1].kind == WASMCM_OWN;
  return owned == (env != NULL) ? NULL : host_trap(call, "host: another kind of handle");
}

static void define_resources(void) {
  wasmcm_resource_t *one =
      wasmcm_linker_define_resource(linker, "host", "resource1", drop_resource, NULL, NULL);
  wasmcm_linker_define_resource(linker, "host", "resource2", drop_resource, NULL, NULL);
  wasmcm_linker_define_resource_again(linker, "host", "resource1-again", one);
  wasmcm_linker_define_func(linker, "host", "[constructor]resource1", make_resource, one, NULL);
  wasmcm_linker_define_func(linker, "host", "[static]resource1.assert", check_rep, NULL, NULL);
  wasmcm_linker_define_func(linker, "host", "[method]resource1.simple", check_rep, NULL, NULL);
  wasmcm_linker_define_func(linker, "host", "[method]resource1.take-borrow", take_handle, NULL,
                            NULL);
  wasmcm_linker_define_func(linker, "host", "[method]resource1.take-own", take_handle, one, NULL);
  wasmcm_linker_define_func(linker, "host", "[static]resource1.last-drop", give_number, &last_drop,
                            NULL);
  wasmcm_linker_define_func(linker, "host", "[static]resource1.drops", give_number, &drops, NULL);
}

static void define_module(void) {
  static const char text[] = "(module (func (export \"f\") (result i32) i32.const 101)"
                             "(global (export \"g\") i32 i32.const 100))";
  wasm_byte_vec_t bytes;
  wasm_byte_vec_new(&bytes, sizeof text - 1, text);
  wasm_module_t *module = wasmx_module_new(store, &bytes, WASMX_ALLOW_TEXT, NULL);
  wasm_byte_vec_delete(&bytes);
  if (module) wasmcm_linker_define_module(linker, "host", "simple-module", module);
  wasm_module_delete(module);
}

static void define_host(void) {
  static const u32 two = 2, three = 3;
  last_drop = UINT32_MAX;
  drops = 0;
  wasmcm_linker_define_func(linker, NULL, "host-return-two", give_number, (void *)(uintptr_t)&two,
                            NULL);
  wasmcm_linker_define_func(linker, "host", "return-two", give_number, (void *)(uintptr_t)&two,
                            NULL);
  wasmcm_linker_define_func(linker, "host", "return-three", give_number, (void *)(uintptr_t)&three,
                            NULL);
  define_resources();
  define_module();
}

/* ---- answers ---- */

static bool fail(const wasmx_error_t *err) {
  if (err->code == WASMX_OK) return false;
  printf("error %u %llu %s\t%s\n", err->code, (unsigned long long)err->offset,
         err->proposal[0] ? err->proposal : "-", err->message);
  return true;
}

static bool fail_trap(wasm_trap_t *trap) {
  wasm_byte_vec_t message;
  if (!trap) return false;
  wasm_trap_message(trap, &message);
  printf("trap %.*s\n", (int)message.size, message.data ? message.data : "");
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
  return true;
}

/* ---- commands ---- */

static void end(void) {
  wasmcm_instance_delete(current);
  current = NULL;
  while (defined_count > 0) wasmcm_component_delete(defined[--defined_count].component);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
}

static void do_reset(void) {
  end();
  store = wasm_store_new(engine);
  linker = wasmcm_linker_new(store);
  define_host();
  puts("ok");
}

static bool read_file(const char *path, Buffer *out) {
  u8 part[4096];
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;) wm_buffer_bytes(out, part, got);
  fclose(file);
  return !out->failed;
}

static wasmcm_component_t *load(const char *path) {
  Buffer bytes = {0};
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_component_t *component = NULL;
  if (read_file(path, &bytes))
    component = wasmcm_component_new(engine, bytes.data, bytes.len, 0, &err);
  else
    err.code = WASMX_IO;
  wm_buffer_free(&bytes);
  fail(&err);
  return component;
}

static void do_read(const char *path) {
  wasmcm_component_t *component = load(path);
  if (component) puts("ok");
  wasmcm_component_delete(component);
}

static void instantiate(const char *name, const wasmcm_component_t *component) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  wasmcm_instance_t *made = wasmcm_linker_instantiate(linker, component, &trap, &err);
  if (fail_trap(trap) || fail(&err)) return;
  wasmcm_instance_delete(current);
  current = made;
  if (strcmp(name, "-") != 0) wasmcm_linker_define_instance(linker, name, made);
  puts("ok");
}

static void do_new(const char *name, const char *path) {
  wasmcm_component_t *component = load(path);
  if (component) instantiate(name, component);
  wasmcm_component_delete(component);
}

static void do_define(const char *name, const char *path) {
  wasmcm_component_t *component = load(path);
  if (!component) return;
  if (defined_count == ARRAY_LEN(defined)) exit(3);
  snprintf(defined[defined_count].name, sizeof defined[0].name, "%s", name);
  defined[defined_count++].component = component;
  puts("ok");
}

static void do_instance(const char *name, const char *of) {
  for (size_t i = defined_count; i-- > 0;)
    if (strcmp(defined[i].name, of) == 0) {
      instantiate(name, defined[i].component);
      return;
    }
  puts("error 8 0 -\tno such definition");
}

static void call(const wasmcm_func_t *func, const char *text, Arena *arena) {
  const wasmcm_type_t *type = wasmcm_func_type(func);
  wasmcm_val_t args[32];
  for (size_t i = 0; i < wasmcm_type_count(type) && i < ARRAY_LEN(args); i++) {
    while (*text == ' ') text++;
    if (!value_read(&text, wasmcm_type_part(type, i), arena, &args[i])) {
      printf("error 8 0 -\targument %zu cannot be read\n", i);
      return;
    }
  }
  wasmcm_result_t result;
  if (fail_trap(wasmcm_func_call(func, args, &result))) return;
  Buffer out = {0};
  if (wasmcm_type_result(type)) value_write(&out, wasmcm_type_result(type), &result.value);
  printf("ok %.*s\n", (int)out.len, (const char *)out.data);
  wm_buffer_free(&out);
  wasmcm_result_delete(&result);
}

static void do_invoke(const char *name, const char *values) {
  Arena arena = {0};
  wasmcm_func_t *func = current ? wasmcm_instance_func(current, NULL, name) : NULL;
  if (func)
    call(func, values, &arena);
  else
    puts("error 8 0 -\tno such function");
  wasmcm_func_delete(func);
  wm_arena_free(&arena);
}

static void run(char *line) {
  char *command = strtok(line, " "), *first = strtok(NULL, " "), *rest = strtok(NULL, "");
  if (strcmp(command, "reset") == 0) do_reset();
  if (strcmp(command, "read") == 0) do_read(first);
  if (strcmp(command, "define") == 0) do_define(first, rest);
  if (strcmp(command, "new") == 0) do_new(first, rest);
  if (strcmp(command, "instance") == 0) do_instance(first, rest);
  if (strcmp(command, "invoke") == 0) do_invoke(first, rest ? rest : "");
  fflush(stdout);
}

int main(void) {
  static char line[1 << 20];
  engine = wasm_engine_new();
  while (engine && fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    run(line);
  }
  end();
  wasm_engine_delete(engine);
  return 0;
}
