/* What the installed tree is tried with: C99 and C++11 alike. Calls add_one of a module; with
 * libwasi (TRY_WASI) also defines its functions, with libwasmcm (TRY_COMPONENTS) makes an empty
 * component. */
#include <wasmx.h>
#ifdef TRY_WASI
#include <wasi.h>
#endif
#ifdef TRY_COMPONENTS
#include <wasmcm.h>
#endif

#include <stdio.h>
#include <string.h>

static const unsigned char add_one[] = {
    0x00, 'a',  's',  'm',  0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x01, 0x7F, 0x01,
    0x7F, 0x03, 0x02, 0x01, 0x00, 0x07, 0x0B, 0x01, 0x07, 'a',  'd',  'd',  '_',  'o',  'n',
    'e',  0x00, 0x00, 0x0A, 0x09, 0x01, 0x07, 0x00, 0x20, 0x00, 0x41, 0x01, 0x6A, 0x0B};

static int call(wasm_store_t *store) {
  wasm_byte_vec_t bytes;
  wasm_module_t *module;
  wasm_instance_t *instance;
  wasm_func_t *func;
  wasm_trap_t *trap;
  wasmx_slot_t slot = wasmx_slot_i32(41);
  wasm_byte_vec_new(&bytes, sizeof add_one, (const wasm_byte_t *)add_one);
  module = wasmx_module_new(store, &bytes, 0, NULL);
  wasm_byte_vec_delete(&bytes);
  instance = module ? wasmx_instance_new(store, module, NULL, NULL, NULL) : NULL;
  func = instance ? wasmx_instance_func(instance, "add_one") : NULL;
  trap = func ? wasmx_func_call_raw(func, &slot) : NULL;
  if (trap) wasm_trap_delete(trap);
  wasm_func_delete(func);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  return func && !trap ? slot.i32 : 0;
}

static int has_wasi(wasm_store_t *store) {
#ifdef TRY_WASI
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasi_ctx_t *wasi = wasi_ctx_new(store, wasi_config_new(), NULL);
  int ok = linker && wasi && wasi_ctx_define(wasi, linker);
  wasmx_linker_delete(linker);
  wasi_ctx_delete(wasi);
  return ok;
#else
  return store != NULL;
#endif
}

static int has_components(wasm_engine_t *engine) {
#ifdef TRY_COMPONENTS
  static const unsigned char empty[] = {0x00, 'a', 's', 'm', 0x0D, 0x00, 0x01, 0x00};
  wasmcm_component_t *component = wasmcm_component_new(engine, empty, sizeof empty, 0, NULL);
  wasmcm_component_delete(component);
  return component != NULL;
#else
  return engine != NULL;
#endif
}

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  int result = call(store), ok = has_wasi(store) && has_components(engine);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  if (result != 42 || !ok || strcmp(wasmx_version(), EXPECTED_VERSION) != 0) {
    printf("add_one(41) = %d, others %d, version %s\n", result, ok, wasmx_version());
    return 1;
  }
  return 0;
}
