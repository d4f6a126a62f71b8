/* Step 4: functions of the host.
 *
 * A callback gets what it was made with (env), who called, and the slots. It returns NULL, or a
 * trap, which ends the wasm that called it. What a guest passes is not to be trusted: an address is
 * a number until it was checked. */
#include "step.h"

static wasm_trap_t *print(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  size_t size, address = slots[0].u32, len = slots[1].u32;
  const byte_t *memory = wasmx_caller_memory(caller, &size);
  if (address > size || len > size - address) {
    wasm_message_t message = {14, (wasm_byte_t *)(uintptr_t)"no such memory"};
    return wasm_trap_new(wasmx_caller_store(caller), &message);
  }
  *(size_t *)env += len;
  printf("%.*s\n", (int)len, (const char *)memory + address);
  return NULL;
}

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_module_t *module =
      load(store, "(module (import \"host\" \"print\" (func $print (param i32 i32)))\n"
                  "  (memory 1) (data (i32.const 8) \"hello from wasm\")\n"
                  "  (func (export \"good\") (call $print (i32.const 8) (i32.const 15)))\n"
                  "  (func (export \"bad\") (call $print (i32.const -1) (i32.const 2))))");
  size_t printed = 0;
  wasm_functype_t *type = wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *func = wasmx_func_new_raw(store, type, print, &printed, NULL);
  wasm_functype_delete(type);

  wasm_extern_t *list[] = {wasm_func_as_extern(func)}; /* in the module's order */
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(list);
  wasm_instance_t *instance = wasmx_instance_new(store, module, &imports, NULL, NULL);
  need(instance != NULL, "instantiate");
  wasm_func_t *good = wasmx_instance_func(instance, "good");
  wasm_func_t *bad = wasmx_instance_func(instance, "bad");
  wasm_trap_t *none = wasmx_func_call_raw(good, NULL), *trap = wasmx_func_call_raw(bad, NULL);
  bool ok = !none && wasmx_trap_code(trap) == WASMX_TRAP_HOST && printed == 15;

  wasm_trap_delete(trap);
  wasm_func_delete(good);
  wasm_func_delete(bad);
  wasm_func_delete(func);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return !ok;
}
