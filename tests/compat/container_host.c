/* A container runtime's shape: it finds wasmtime's and wasmer's names by dlsym in libraries that it
 * dlopens, and knows their types from headers only. Runs a program of WASI three times: by
 * wasmtime's names, by those of wasmer 4, and by those of wasmer 2, whose functions had other
 * parameters. Usage: container_host libwasmtime.so libwasmer.so PROGRAM.wat FOLDER */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasm.h>

static int failures;
#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) printf("line %d: %s\n", __LINE__, #condition), failures++;                   \
  } while (0)

static void *library;
/* dlsym gives data pointers; POSIX wants them to become functions all the same. */
static void find(void *function, const char *name) {
  void *found = dlsym(library, name);
  if (!found) printf("no %s: %s\n", name, dlerror()), exit(1);
  memcpy(function, &found, sizeof found);
}
#define FIND(name) find((void *)&(name), #name)

typedef struct Source {
  char *text;
  size_t size;
} Source;

static Source read_all(const char *path) {
  Source s = {calloc(1, 65536), 0};
  FILE *file = fopen(path, "rb");
  if (!file || !s.text) exit(1);
  s.size = fread(s.text, 1, 65535, file);
  fclose(file);
  return s;
}

typedef struct wasi_config_t wasi_config_t;

/* ---- wasmtime ---- */

typedef struct wasmtime_error wasmtime_error_t;
typedef struct Func {
  uint64_t store_id;
  void *rest;
} Func;

static void run_by_wasmtime(const Source *program, const char *folder) {
  wasm_engine_t *(*wasm_engine_new)(void);
  void (*wasm_engine_delete)(wasm_engine_t *);
  void (*wasm_byte_vec_delete)(wasm_byte_vec_t *);
  void *(*wasmtime_store_new)(wasm_engine_t *, void *, void (*)(void *));
  void (*wasmtime_store_delete)(void *);
  void *(*wasmtime_store_context)(void *);
  void *(*wasmtime_linker_new)(wasm_engine_t *);
  void (*wasmtime_linker_delete)(void *);
  wasmtime_error_t *(*wasmtime_linker_define_wasi)(void *);
  wasmtime_error_t *(*wasmtime_wat2wasm)(const char *, size_t, wasm_byte_vec_t *);
  wasmtime_error_t *(*wasmtime_module_new)(wasm_engine_t *, const uint8_t *, size_t, void **);
  void (*wasmtime_module_delete)(void *);
  wasi_config_t *(*wasi_config_new)(const char *); /* with an argument that nobody looks at */
  void (*wasi_config_set_argv)(wasi_config_t *, size_t, const char *[]);
  bool (*wasi_config_set_stdout_file)(wasi_config_t *, const char *);
  bool (*wasi_config_preopen_dir)(wasi_config_t *, const char *, const char *, size_t, size_t);
  wasmtime_error_t *(*wasmtime_context_set_wasi)(void *, wasi_config_t *);
  wasmtime_error_t *(*wasmtime_linker_module)(void *, void *, const char *, size_t, const void *);
  wasmtime_error_t *(*wasmtime_linker_get_default)(const void *, void *, const char *, size_t,
                                                   Func *);
  wasmtime_error_t *(*wasmtime_func_call)(void *, const Func *, const void *, size_t, void *,
                                          size_t, wasm_trap_t **);
  bool (*wasmtime_error_exit_status)(const wasmtime_error_t *, int *);
  void (*wasmtime_error_delete)(wasmtime_error_t *);
  FIND(wasm_engine_new), FIND(wasm_engine_delete), FIND(wasm_byte_vec_delete);
  FIND(wasmtime_store_new), FIND(wasmtime_store_delete), FIND(wasmtime_store_context);
  FIND(wasmtime_linker_new), FIND(wasmtime_linker_delete), FIND(wasmtime_linker_define_wasi);
  FIND(wasmtime_wat2wasm), FIND(wasmtime_module_new), FIND(wasmtime_module_delete);
  FIND(wasi_config_new), FIND(wasi_config_set_argv), FIND(wasi_config_set_stdout_file);
  FIND(wasi_config_preopen_dir), FIND(wasmtime_context_set_wasi), FIND(wasmtime_linker_module);
  FIND(wasmtime_linker_get_default), FIND(wasmtime_func_call), FIND(wasmtime_error_exit_status);
  FIND(wasmtime_error_delete);

  const char *argv[] = {"program", "x"};
  char path[4096], text[100] = "";
  wasm_byte_vec_t binary;
  void *module = NULL;
  Func start;
  wasm_trap_t *trap = NULL;
  int status = -1;
  wasm_engine_t *engine = wasm_engine_new();
  void *store = wasmtime_store_new(engine, NULL, NULL);
  void *context = wasmtime_store_context(store);
  void *linker = wasmtime_linker_new(engine);
  CHECK(!wasmtime_linker_define_wasi(linker));
  CHECK(!wasmtime_wat2wasm(program->text, program->size, &binary));
  CHECK(!wasmtime_module_new(engine, (const uint8_t *)binary.data, binary.size, &module));
  wasm_byte_vec_delete(&binary);
  wasi_config_t *config = wasi_config_new("program");
  wasi_config_set_argv(config, 2, argv);
  snprintf(path, sizeof path, "%s/out", folder);
  CHECK(wasi_config_set_stdout_file(config, path));
  CHECK(!wasi_config_preopen_dir(config, "/nowhere/at/all", ".", 3, 3));
  /* Three arguments, and what a register happens to have. */
  CHECK(wasi_config_preopen_dir(config, folder, ".", (size_t)(uintptr_t)folder, 1));
  CHECK(!wasmtime_context_set_wasi(context, config));
  CHECK(!wasmtime_linker_module(linker, context, "", 0, module));
  CHECK(!wasmtime_linker_get_default(linker, context, "", 0, &start));
  wasmtime_error_t *error = wasmtime_func_call(context, &start, NULL, 0, NULL, 0, &trap);
  CHECK(!trap && error && wasmtime_error_exit_status(error, &status) && status == 2);
  wasmtime_error_delete(error);
  wasmtime_module_delete(module);
  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  wasm_engine_delete(engine);
  FILE *file = fopen(path, "rb");
  CHECK(file && fread(text, 1, sizeof text - 1, file) == 3 && strcmp(text, "hi\n") == 0);
  if (file) fclose(file);
}

/* ---- wasmer ---- */

typedef struct wasi_env_t wasi_env_t;

/* Makes the environment and gets the imports, as the version has it. */
static wasi_env_t *world(int version, wasm_store_t *store, const wasm_module_t *module,
                         wasi_config_t *config, wasm_extern_vec_t *imports) {
  wasi_env_t *env;
  if (version == 2) {
    wasi_env_t *(*wasi_env_new)(wasi_config_t *);
    bool (*wasi_get_imports)(wasm_store_t *, const wasm_module_t *, wasi_env_t *,
                             wasm_extern_vec_t *);
    FIND(wasi_env_new), FIND(wasi_get_imports);
    env = wasi_env_new(config);
    CHECK(env && wasi_get_imports(store, module, env, imports));
  } else {
    wasi_env_t *(*wasi_env_new)(wasm_store_t *, wasi_config_t *);
    bool (*wasi_get_imports)(wasm_store_t *, wasi_env_t *, const wasm_module_t *,
                             wasm_extern_vec_t *);
    FIND(wasi_env_new), FIND(wasi_get_imports);
    env = wasi_env_new(store, config);
    CHECK(env && wasi_get_imports(store, env, module, imports));
  }
  return env;
}

static void run_by_wasmer(int version, const Source *program) {
  wasm_engine_t *(*wasm_engine_new)(void);
  void (*wasm_engine_delete)(wasm_engine_t *);
  wasm_store_t *(*wasm_store_new)(wasm_engine_t *);
  void (*wasm_store_delete)(wasm_store_t *);
  void (*wat2wasm)(const wasm_byte_vec_t *, wasm_byte_vec_t *);
  void (*wasm_byte_vec_delete)(wasm_byte_vec_t *);
  wasm_module_t *(*wasm_module_new)(wasm_store_t *, const wasm_byte_vec_t *);
  void (*wasm_module_delete)(wasm_module_t *);
  wasm_instance_t *(*wasm_instance_new)(wasm_store_t *, const wasm_module_t *,
                                        const wasm_extern_vec_t *, wasm_trap_t **);
  void (*wasm_instance_delete)(wasm_instance_t *);
  void (*wasm_extern_vec_delete)(wasm_extern_vec_t *);
  wasm_func_t *(*wasi_get_start_function)(wasm_instance_t *);
  wasm_trap_t *(*wasm_func_call)(const wasm_func_t *, const wasm_val_vec_t *, wasm_val_vec_t *);
  void (*wasm_func_delete)(wasm_func_t *);
  void (*wasm_trap_delete)(wasm_trap_t *);
  wasi_config_t *(*wasi_config_new)(const char *);
  void (*wasi_config_arg)(wasi_config_t *, const char *);
  void (*wasi_config_capture_stdout)(wasi_config_t *);
  intptr_t (*wasi_env_read_stdout)(wasi_env_t *, char *, uintptr_t);
  void (*wasi_env_delete)(wasi_env_t *);
  FIND(wasm_engine_new), FIND(wasm_engine_delete), FIND(wasm_store_new), FIND(wasm_store_delete);
  FIND(wat2wasm), FIND(wasm_byte_vec_delete), FIND(wasm_module_new), FIND(wasm_module_delete);
  FIND(wasm_instance_new), FIND(wasm_instance_delete), FIND(wasm_extern_vec_delete);
  FIND(wasi_get_start_function), FIND(wasm_func_call), FIND(wasm_func_delete);
  FIND(wasm_trap_delete), FIND(wasi_config_new), FIND(wasi_config_arg);
  FIND(wasi_config_capture_stdout), FIND(wasi_env_read_stdout), FIND(wasi_env_delete);

  wasm_byte_vec_t text = {program->size, program->text}, binary;
  wasm_extern_vec_t imports;
  wasm_val_vec_t args = WASM_EMPTY_VEC, results = WASM_EMPTY_VEC;
  char buffer[3] = "";
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wat2wasm(&text, &binary);
  wasm_module_t *module = wasm_module_new(store, &binary);
  wasm_byte_vec_delete(&binary);
  wasi_config_t *config = wasi_config_new("program");
  wasi_config_arg(config, "one");
  wasi_config_capture_stdout(config);
  wasi_env_t *env = world(version, store, module, config, &imports);
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
  CHECK(instance != NULL);
  wasm_func_t *start = wasi_get_start_function(instance);
  wasm_module_delete(module);
  wasm_instance_delete(instance);
  wasm_trap_t *trap = wasm_func_call(start, &args, &results);
  CHECK(trap != NULL); /* the program exits with how many arguments it has */
  wasm_trap_delete(trap);
  CHECK(wasi_env_read_stdout(env, buffer, 2) == 2 && strcmp(buffer, "hi") == 0);
  CHECK(wasi_env_read_stdout(env, buffer, 2) == 1 && buffer[0] == '\n');
  CHECK(wasi_env_read_stdout(env, buffer, 2) == 0);
  wasm_extern_vec_delete(&imports);
  wasm_func_delete(start);
  wasi_env_delete(env);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  Source program = read_all(argv[3]);
  library = dlopen(argv[1], RTLD_NOW);
  if (!library) return printf("%s\n", dlerror()), 1;
  run_by_wasmtime(&program, argv[4]);
  library = dlopen(argv[2], RTLD_NOW);
  if (!library) return printf("%s\n", dlerror()), 1;
  run_by_wasmer(2, &program);
  run_by_wasmer(4, &program);
  free(program.text);
  printf("%d failures\n", failures);
  return failures != 0;
}
