/* Step 8: what a guest may take.
 *
 * Memory, tables and instances are bounded for a store; time by a deadline for a call or the store,
 * by an interrupt from any thread or signal handler, or by fuel, which counts instructions and ends
 * at the same place each time. After it the store works on. */
#include "step.h"

static uint32_t code_of(wasm_trap_t *trap) {
  uint32_t code = wasmx_trap_code(trap); /* 0: none */
  wasm_trap_delete(trap);
  return code;
}

int main(void) {
  wasm_config_t *config = wasm_config_new();
  need(wasmx_config_set_fuel(config, true),
       "fuel"); /* counting costs some time: off when not asked for */
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_limits_t limits = {
      .size = sizeof limits, .memory_bytes = 1 << 20, .table_elements = 100, .instances = 1};
  need(wasmx_store_set_limits(store, &limits), "limits");

  wasm_module_t *module =
      load(store, "(module (memory 1)\n"
                  "  (func (export \"loop\") (loop (br 0)))\n"
                  "  (func (export \"grow\") (result i32) (memory.grow (i32.const 16))))");
  need(wasmx_store_set_fuel(store, UINT64_MAX), "fuel");
  wasm_instance_t *instance = wasmx_instance_new(store, module, NULL, NULL, NULL);
  wasm_func_t *loop = wasmx_instance_func(instance, "loop"),
              *grow = wasmx_instance_func(instance, "grow");
  need(loop && grow, "exports");

  wasmx_slot_t slot;
  bool ok =
      code_of(wasmx_func_call_raw(grow, &slot)) == 0 && slot.i32 == -1; /* 17 pages are too many */
  ok &= code_of(wasmx_func_call_within(loop, NULL, 10 * 1000 * 1000)) == WASMX_TRAP_INTERRUPTED;
  wasmx_store_interrupt(store); /* as another thread would */
  ok &= code_of(wasmx_func_call_raw(loop, NULL)) == WASMX_TRAP_INTERRUPTED;
  wasmx_store_clear_interrupt(store);
  need(wasmx_store_set_fuel(store, 10000), "fuel");
  ok &= code_of(wasmx_func_call_raw(loop, NULL)) == WASMX_TRAP_OUT_OF_FUEL;
  printf("%s\n", ok ? "nobody took more than was granted" : "something is wrong");

  wasm_func_delete(loop);
  wasm_func_delete(grow);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return !ok;
}
