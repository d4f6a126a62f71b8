/* A host function that wasm imports: it counts in its environment and reads the string it is given
 * from the caller's memory. */
#include <wasmx.h>

#include <stdio.h>
#include <string.h>

static const char text[] = "(module\n"
                           "  (import \"host\" \"log\" (func $log (param i32 i32)))\n"
                           "  (memory 1)\n"
                           "  (data (i32.const 16) \"hello from wasm\")\n"
                           "  (func (export \"run\") (call $log (i32.const 16) (i32.const 15))))";

/* log(address, length): both are the guest's words, so both are checked. */
static wasm_trap_t *log_line(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  size_t size;
  const byte_t *memory = wasmx_caller_memory(caller, &size);
  size_t address = slots[0].u32, length = slots[1].u32;
  if (address > size || length > size - address) {
    wasm_message_t message;
    wasm_name_new_from_string_nt(&message, "log: string out of bounds");
    wasm_trap_t *trap = wasm_trap_new(wasmx_caller_store(caller), &message);
    wasm_name_delete(&message);
    return trap;
  }
  int *calls = env;
  printf("log %d: %.*s\n", ++*calls, (int)length, memory + address);
  return NULL;
}

int main(void) {
  int calls = 0;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, &err);

  wasm_functype_t *type = wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *log = wasmx_func_new_raw(store, type, log_line, &calls, NULL);
  wasm_functype_delete(type);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasmx_linker_define(linker, "host", "log", wasm_func_as_extern(log));

  wasm_instance_t *instance = module ? wasmx_linker_instantiate(linker, module, NULL, &err) : NULL;
  if (!instance) {
    fprintf(stderr, "callback: %s\n%s", err.message, err.context);
    return 1;
  }
  wasm_func_t *run = wasmx_instance_func(instance, "run");
  wasmx_slot_t slots[1];
  wasm_trap_t *first = wasmx_func_call_raw(run, slots), *second = wasmx_func_call_raw(run, slots);
  printf("%d calls, %s\n", calls, first || second ? "trapped" : "no trap");

  wasm_func_delete(run);
  wasm_instance_delete(instance);
  wasmx_linker_delete(linker);
  wasm_func_delete(log);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return calls == 2 && !first && !second ? 0 : 1;
}
