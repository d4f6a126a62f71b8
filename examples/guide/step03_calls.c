/* Step 3: calls that cost little.
 *
 * Exports are found by name, once; a wasm_func_t stays good as long as it is held. Slots are 8
 * bytes each: the arguments go in, the results come back in the same array, nothing is allocated
 * and no type is checked. */
#include "step.h"

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_module_t *module =
      load(store, "(module (func (export \"divide\") (param i64 i64) (result i64 i64)\n"
                  "  (i64.div_u (local.get 0) (local.get 1))\n"
                  "  (i64.rem_u (local.get 0) (local.get 1))))");
  wasm_instance_t *instance = wasmx_instance_new(store, module, NULL, NULL, NULL);
  wasm_func_t *divide = wasmx_instance_func(instance, "divide");
  need(divide != NULL, "divide");
  /* What is held is kept: nobody else needs the instance any more. */
  wasm_instance_delete(instance);
  wasm_module_delete(module);

  wasmx_slot_t slots[2] = {wasmx_slot_i64(1000), wasmx_slot_i64(7)};
  wasm_trap_t *trap = wasmx_func_call_raw(divide, slots);
  printf("1000 = 7 * %lld + %lld\n", (long long)slots[0].i64, (long long)slots[1].i64);

  wasm_func_delete(divide);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return trap || slots[0].i64 != 142 || slots[1].i64 != 6;
}
