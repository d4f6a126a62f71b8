/* A trap with its backtrace: by code, frame by frame, and printed for people. The store stays
 * usable afterwards. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>

static const char text[] = "(module $shop\n"
                           "  (func $divide (param i32 i32) (result i32)\n"
                           "    (i32.div_s (local.get 0) (local.get 1)))\n"
                           "  (func $price (export \"price\") (param i32 i32) (result i32)\n"
                           "    (call $divide (local.get 0) (local.get 1))))";

static void show(const wasm_trap_t *trap) {
  wasm_byte_vec_t report;
  wasm_frame_vec_t frames;
  printf("trap code %u\n", wasmx_trap_code(trap));
  wasmx_trap_print(trap, &report);
  printf("%.*s", (int)report.size, report.data);
  wasm_trap_trace(trap, &frames);
  for (size_t i = 0; i < frames.size; i++)
    printf("frame %zu: function %u (%s), byte %zu of the module\n", i,
           wasm_frame_func_index(frames.data[i]), wasmx_frame_func_name(frames.data[i]),
           wasm_frame_module_offset(frames.data[i]));
  wasm_frame_vec_delete(&frames);
  wasm_byte_vec_delete(&report);
}

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, &err);
  wasm_instance_t *instance = module ? wasmx_instance_new(store, module, NULL, NULL, &err) : NULL;
  if (!instance) {
    fprintf(stderr, "traps: %s\n%s", err.message, err.context);
    return 1;
  }
  wasm_func_t *price = wasmx_instance_func(instance, "price");
  wasmx_slot_t slots[2] = {{.i32 = 10}, {.i32 = 0}};
  wasm_trap_t *trap = wasmx_func_call_raw(price, slots);
  bool trapped = trap && wasmx_trap_code(trap) == WASMX_TRAP_INT_DIV_BY_ZERO;
  if (trap) show(trap);
  if (trap) wasm_trap_delete(trap);

  slots[0].i32 = 10;
  slots[1].i32 = 5;
  trap = wasmx_func_call_raw(price, slots);
  printf("and then: price(10, 5) = %d\n", slots[0].i32);

  wasm_func_delete(price);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return trapped && !trap && slots[0].i32 == 2 ? 0 : 1;
}
