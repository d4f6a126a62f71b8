/* Instances with resources come and go: component_soak FILE COUNT (seeds/owners.wasm). Each
 * resource of the host's and of the guest's ends once, and the process does not grow. */
#include "support/resident.h"
#include "support/sanitizer.h"

#include "base/base.h"

#include <stdlib.h>
#include <wasmcm.h>

enum { KEPT = 3, MADE = 2 * KEPT, MOST_KIB = 1024 };

static wasm_engine_t *engine;
static wasmcm_component_t *component;
static wasmcm_resource_t *thing;
static u32 made, ended[MADE + 1]; /* of the instance that is there */

static void fail(const char *what) {
  fprintf(stderr, "component_soak: %s\n", what);
  exit(1);
}

static wasm_trap_t *make(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                         wasmcm_val_t *result) {
  (void)env, (void)call, (void)args;
  *result = (wasmcm_val_t){.kind = WASMCM_OWN, .rep = made++, .of.resource = thing};
  return NULL;
}

static wasm_trap_t *end(void *env, uint32_t rep) {
  (void)env;
  ended[rep < MADE ? rep : MADE]++;
  return NULL;
}

static u64 call(const wasmcm_instance_t *instance, const char *name, u64 number) {
  wasmcm_func_t *func = wasmcm_instance_func(instance, NULL, name);
  wasmcm_val_t arg = {.kind = WASMCM_U32, .of.u64 = number};
  wasmcm_result_t result;
  if (!func || wasmcm_func_call(func, &arg, &result)) fail(name);
  if (result.value.kind == WASMCM_OWN && wasmcm_func_drop(func, &result.value)) fail("drop");
  u64 value = result.value.of.u64;
  wasmcm_result_delete(&result);
  wasmcm_func_delete(func);
  return value;
}

static void check_ended(void) {
  if (made != MADE || ended[MADE]) fail("not what was made");
  for (u32 i = 0; i < MADE; i++)
    if (ended[i] != 1) fail("a resource of the host's did not end once");
  made = 0;
  memset(ended, 0, sizeof ended);
}

static void live(wasmcm_linker_t *linker, u32 number) {
  wasmcm_instance_t *instance = wasmcm_linker_instantiate(linker, component, NULL, NULL);
  if (!instance) fail("no instance");
  call(instance, "keep", KEPT);
  call(instance, "make-part", number);
  if (call(instance, "gone", 0) != number) fail("a resource of the guest's did not end once");
  wasmcm_instance_delete(instance);
  check_ended();
}

/* A store of its own for some hundreds of them. */
static void live_in_store(u32 count) {
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  thing = wasmcm_linker_define_resource(linker, NULL, "thing", end, NULL, NULL);
  if (!thing || !wasmcm_linker_define_func(linker, NULL, "make", make, NULL, NULL)) fail("linker");
  for (u32 i = 0; i < count; i++) live(linker, i + 1);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
}

static wasmcm_component_t *read_component(const char *path) {
  static u8 bytes[1 << 14];
  FILE *file = fopen(path, "rb");
  size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (file) fclose(file);
  return wasmcm_component_new(engine, bytes, size, 0, NULL);
}

int main(int argc, char **argv) {
  enum { OF_A_STORE = 500 };
  u32 count = argc > 2 ? (u32)atoi(argv[2]) : 0, done = 0;
  engine = wasm_engine_new();
  component = argc > 1 ? read_component(argv[1]) : NULL;
  if (!component) fail("no component");
  long before = 0;
  for (; done < count; done += OF_A_STORE) {
    if (done <= count / 4) before = resident_kib();
    live_in_store(OF_A_STORE);
  }
  long grown = resident_kib() - before;
  printf("%u instances: %ld KiB, grown by %ld since the first quarter\n", done, before, grown);
  wasmcm_component_delete(component);
  wasm_engine_delete(engine);
  return grown > MOST_KIB && !UNDER_ASAN && !UNDER_TSAN ? 1 : 0;
}
