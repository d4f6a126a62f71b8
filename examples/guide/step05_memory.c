/* Step 5: memory.
 *
 * The base of a memory stays where it is for its life; its size only grows. wasmx_memory_read and
 * _write check the range and copy all or nothing; a pointer into the memory is for who checks by
 * himself. */
#include "step.h"

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_module_t *module =
      load(store, "(module (memory (export \"memory\") 1 10)\n"
                  "  (func (export \"grow\") (drop (memory.grow (i32.const 1)))))");
  wasm_instance_t *instance = wasmx_instance_new(store, module, NULL, NULL, NULL);
  wasm_memory_t *memory = wasmx_instance_memory(instance, "memory");
  wasm_func_t *grow = wasmx_instance_func(instance, "grow");
  need(memory && grow, "memory");

  char text[6] = "";
  const byte_t *base = wasm_memory_data(memory);
  bool ok = wasmx_memory_write(memory, 65530, "hello", 6);
  ok &= !wasmx_memory_write(memory, 65531, "hello", 6); /* one byte too far */
  wasm_trap_t *trap = wasmx_func_call_raw(grow, NULL);
  ok &= !trap && wasm_memory_data(memory) == base && wasm_memory_data_size(memory) == 131072;
  ok &= wasmx_memory_read(memory, 65530, text, 6) && strcmp(text, "hello") == 0;
  printf("%s, %zu bytes\n", text, wasm_memory_data_size(memory));

  wasm_func_delete(grow);
  wasm_memory_delete(memory);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return !ok;
}
