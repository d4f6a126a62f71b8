/* The library as a plugin brings it: opened while the process runs, as several copies of one file,
 * again and again. Is not linked with it. Argument: the shared library. */
#include "support/temporary.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasmx.h>

enum { COPIES = 12, ROUNDS = 300, THREADS = 3 };

/* (module (memory 1) (func (export "f") (param i32) (result i32) (i32.load (local.get 0)))) */
static const unsigned char program[] = {
    0, 'a', 's', 'm', 1, 0, 0, 0,   1, 6, 1,  0x60, 1, 0x7F, 1, 0x7F, 3, 2,    1, 0, 5,   3,
    1, 0,   1,   7,   5, 1, 1, 'f', 0, 0, 10, 9,    1, 7,    0, 0x20, 0, 0x28, 2, 0, 0x0B};

#define FUNCTIONS(X)                                                                               \
  X(wasm_config_new)                                                                               \
  X(wasm_engine_new_with_config)                                                                   \
  X(wasm_engine_delete)                                                                            \
  X(wasmx_engine_stats)                                                                            \
  X(wasm_store_new)                                                                                \
  X(wasm_store_delete)                                                                             \
  X(wasm_module_new)                                                                               \
  X(wasm_module_delete)                                                                            \
  X(wasm_instance_delete)                                                                          \
  X(wasm_func_delete)                                                                              \
  X(wasm_trap_delete)                                                                              \
  X(wasmx_config_set_tier)                                                                         \
  X(wasmx_instance_new)                                                                            \
  X(wasmx_instance_func)                                                                           \
  X(wasmx_func_call_raw)                                                                           \
  X(wasmx_trap_code)                                                                               \
  X(wasmx_last_error)                                                                              \
  X(wasmx_store_set_deadline)

typedef struct Copy {
  void *library;
#define FIELD(name) __typeof__(&name) name;
  FUNCTIONS(FIELD)
  bool ok;
} Copy;

static bool fail(const char *what) {
  fprintf(stderr, "%s\n", what ? what : "?");
  return false;
}

static bool open_copy(Copy *c, const char *path) {
  c->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!c->library) return fail(dlerror());
#define FIND(name)                                                                                 \
  void *found_##name = dlsym(c->library, #name);                                                   \
  memcpy(&c->name, &found_##name, sizeof found_##name);                                            \
  if (!found_##name) return fail(#name);
  FUNCTIONS(FIND)
  return true;
}

/* A call, a trap at the memory's end, an error, a deadline. */
static bool run(const Copy *c, wasmx_tier_t tier) {
  wasm_config_t *config = c->wasm_config_new();
  c->wasmx_config_set_tier(config, tier);
  wasm_engine_t *engine = c->wasm_engine_new_with_config(config);
  wasm_store_t *store = c->wasm_store_new(engine);
  wasm_byte_vec_t bytes = {sizeof program, (char *)(uintptr_t)program};
  wasm_module_t *module = c->wasm_module_new(store, &bytes);
  wasm_instance_t *in = c->wasmx_instance_new(store, module, NULL, NULL, NULL);
  bool ok = in && c->wasmx_store_set_deadline(store, 1000000);
  wasm_func_t *f = ok ? c->wasmx_instance_func(in, "f") : NULL;
  wasmx_slot_t slot = {.u64 = 65533};
  wasm_trap_t *trap = ok ? c->wasmx_func_call_raw(f, &slot) : NULL;
  uint32_t code = c->wasmx_trap_code(trap);
  ok = ok && (code == WASMX_TRAP_MEMORY_OUT_OF_BOUNDS || code == WASMX_TRAP_INTERRUPTED);
  bytes.size = 9;
  ok = ok && !c->wasm_module_new(store, &bytes) && c->wasmx_last_error()->code == WASMX_MALFORMED;
  c->wasm_trap_delete(trap);
  c->wasm_func_delete(f);
  c->wasm_instance_delete(in);
  c->wasm_module_delete(module);
  c->wasm_store_delete(store);
  wasmx_engine_stats_t stats = {.size = sizeof stats};
  c->wasmx_engine_stats(engine, &stats);
  ok = ok && (tier != WASMX_TIER_JIT || stats.native_functions == stats.functions);
  c->wasm_engine_delete(engine);
  return ok || fail("a copy does not run");
}

static void *run_in_thread(void *env) {
  Copy *copies = env;
  bool ok = true;
  for (int i = 0; i < COPIES * 10; i++)
    ok = run(&copies[i % COPIES], i & 1 ? WASMX_TIER_JIT : WASMX_TIER_AUTO) && ok;
  if (!ok) copies[0].ok = false;
  return NULL;
}

/* All copies at once, in several threads. */
static bool run_all(Copy *copies) {
  pthread_t threads[THREADS];
  copies[0].ok = true;
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, run_in_thread, copies) != 0) return fail("no thread");
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  return copies[0].ok;
}

static bool open_many(const char *library, const char *folder) {
  static Copy copies[COPIES];
  bool ok = true;
  for (int i = 0; i < COPIES && ok; i++) {
    char command[2000], path[500];
    snprintf(path, sizeof path, "%s/copy%d.so", folder, i);
    snprintf(command, sizeof command, "cp '%s' '%s'", library, path);
    ok = system(command) == 0 && open_copy(&copies[i], path) && run(&copies[i], WASMX_TIER_JIT);
    unlink(path);
  }
  return ok && run_all(copies);
}

static bool open_often(const char *library) {
  for (int i = 0; i < ROUNDS; i++) {
    Copy c;
    if (!open_copy(&c, library) || !run(&c, i & 1 ? WASMX_TIER_JIT : WASMX_TIER_INTERP))
      return false;
    dlclose(c.library);
  }
  return true;
}

int main(int argc, char **argv) {
  char folder[TEMPORARY_SIZE];
  if (argc != 2 || !temporary_folder(folder, "libwasm_copies")) return 1;
  bool ok = open_often(argv[1]) && open_many(argv[1], folder);
  rmdir(folder);
  return !ok;
}
