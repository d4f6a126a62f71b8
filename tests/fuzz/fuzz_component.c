/* Fuzz target: bytes -> a component, read and checked. Any outcome is fine, as long as it is clean.
 */
#include "tests/fuzz/fuzz.h"

#include <wasmcm.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_engine_t *engine = wasm_engine_new();
  wasmcm_component_t *component = engine ? wasmcm_component_new(engine, data, size, 0, &err) : NULL;
  if (engine && !component && (err.code == WASMX_OK || !err.message[0]))
    __builtin_trap(); /* refused without saying why */
  wasm_byte_vec_t wit;
  if (component && wasmcm_component_wit(component, &wit)) wasm_byte_vec_delete(&wit);
  wasmcm_component_delete(component);
  wasm_engine_delete(engine);
  return 0;
}
