/* A WebAssembly function as a plain C function pointer, from text, in ten lines of wasmx.h. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>

static const char text[] = "(module (func (export \"add_one\") (param i32) (result i32)\n"
                           "  (i32.add (local.get 0) (i32.const 1))))";

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_instance_t *instance = wasmx_instance_new(store, module, NULL, NULL, NULL);
  wasm_func_t *func = wasmx_instance_func(instance, "add_one");
  int32_t (*add_one)(int32_t) = (int32_t (*)(int32_t))wasmx_func_as_native(func);
  if (!add_one) {
    fprintf(stderr, "add_one_native: %s\n", wasmx_last_error()->message);
    return wasmx_has("native") ? 1 : 77; /* built without libffi: nothing to show */
  }
  printf("add_one(41) = %d\n", add_one(41));

  wasm_func_delete(func);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
