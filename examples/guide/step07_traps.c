/* Step 7: traps.
 *
 * Wasm that goes wrong ends with a trap; the host's call returns it, and everything can be used as
 * before. It has a code, a message, and frames with the names that the module gives its functions.
 */
#include "step.h"

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_module_t *module = load(store, "(module $shop\n"
                                      "  (func $price (param $per i32) (result i32)\n"
                                      "    (i32.div_s (i32.const 100) (local.get $per)))\n"
                                      "  (func $total (export \"total\") (param i32) (result i32)\n"
                                      "    (call $price (local.get 0))))");
  wasm_instance_t *instance = wasmx_instance_new(store, module, NULL, NULL, NULL);
  wasm_func_t *total = wasmx_instance_func(instance, "total");
  need(total != NULL, "total");

  wasmx_slot_t slot = wasmx_slot_i32(0);
  wasm_trap_t *trap = wasmx_func_call_raw(total, &slot);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames); /* the innermost first */
  bool ok = wasmx_trap_code(trap) == WASMX_TRAP_INT_DIV_BY_ZERO && frames.size == 2 &&
            strcmp(wasmx_frame_func_name(frames.data[0]), "price") == 0;
  wasm_byte_vec_t text;
  wasmx_trap_print(trap, &text); /* the same for people */
  printf("%.*s", (int)text.size, text.data);
  wasm_byte_vec_delete(&text);
  wasm_frame_vec_delete(&frames);
  wasm_trap_delete(trap);

  slot = wasmx_slot_i32(4);
  ok &= !wasmx_func_call_raw(total, &slot) && slot.i32 == 25;
  wasm_func_delete(total);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return !ok;
}
