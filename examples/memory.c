/* Memory shared with the host: the host writes an array into the guest's memory, the guest sums it;
 * the base address stays while the memory grows; checked copies refuse what does not fit. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>

static const char text[] =
    "(module\n"
    "  (memory (export \"memory\") 1 3)\n"
    "  (func (export \"sum\") (param $at i32) (param $count i32) (result i32) (local $sum i32)\n"
    "    (loop $next\n"
    "      (if (local.get $count) (then\n"
    "        (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))\n"
    "        (local.set $at (i32.add (local.get $at) (i32.const 4)))\n"
    "        (local.set $count (i32.sub (local.get $count) (i32.const 1)))\n"
    "        (br $next))))\n"
    "    (local.get $sum)))";

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, &err);
  wasm_instance_t *instance = module ? wasmx_instance_new(store, module, NULL, NULL, &err) : NULL;
  if (!instance) {
    fprintf(stderr, "memory: %s\n%s", err.message, err.context);
    return 1;
  }
  wasm_memory_t *memory = wasmx_instance_memory(instance, "memory");
  wasm_func_t *sum = wasmx_instance_func(instance, "sum");

  int32_t numbers[100];
  for (int i = 0; i < 100; i++) numbers[i] = i + 1;
  bool written = wasmx_memory_write(memory, 1024, numbers, sizeof numbers);
  wasmx_slot_t slots[2] = {{.i32 = 1024}, {.i32 = 100}};
  wasm_trap_t *trap = wasmx_func_call_raw(sum, slots);
  printf("sum of 1 to 100 = %d\n", slots[0].i32);

  byte_t *base = wasm_memory_data(memory);
  bool grown = wasm_memory_grow(memory, 2), beyond = wasm_memory_grow(memory, 1);
  printf("grown to %zu bytes: %s, base %s; beyond its maximum: %s\n", wasm_memory_data_size(memory),
         grown ? "yes" : "no", base == wasm_memory_data(memory) ? "unmoved" : "moved",
         beyond ? "grown" : "refused");
  bool outside = wasmx_memory_write(memory, wasm_memory_data_size(memory) - 2, numbers, 4);
  printf("write across the end: %s\n", outside ? "done" : "refused");

  bool good = written && !trap && slots[0].i32 == 5050 && grown && !beyond && !outside;
  wasm_func_delete(sum);
  wasm_memory_delete(memory);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return good ? 0 : 1;
}
