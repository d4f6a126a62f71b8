/* Step 6: modules that import each other.
 *
 * A linker has externals under names and finds a module's imports there. What does not fit is an
 * error that names the import and both types. */
#include "step.h"

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasm_module_t *math = load(store, "(module (func (export \"twice\") (param i32) (result i32)\n"
                                    "  (i32.add (local.get 0) (local.get 0))))");
  wasm_module_t *user =
      load(store, "(module\n"
                  "  (import \"math\" \"twice\" (func $twice (param i32) (result i32)))\n"
                  "  (func (export \"run\") (result i32) (call $twice (i32.const 21))))");
  wasm_module_t *wrong = load(store, "(module (import \"math\" \"twice\" (func (param f32))))");

  wasm_instance_t *first = wasmx_linker_instantiate(linker, math, NULL, NULL);
  need(first && wasmx_linker_define_instance(linker, "math", 4, first), "define");
  wasm_instance_t *second = wasmx_linker_instantiate(linker, user, NULL, NULL);
  need(second != NULL, "link");
  wasmx_error_t err = {.size = sizeof err};
  wasm_instance_t *none = wasmx_linker_instantiate(linker, wrong, NULL, &err);
  printf("%s.%s: expected %s, found %s\n", err.import_module, err.import_name, err.expected,
         err.found);

  wasm_func_t *run = wasmx_instance_func(second, "run");
  wasmx_slot_t slot;
  wasm_trap_t *trap = wasmx_func_call_raw(run, &slot);
  bool ok = !none && err.code == WASMX_LINK && !trap && slot.i32 == 42;

  wasm_func_delete(run);
  wasm_instance_delete(first);
  wasm_instance_delete(second);
  wasm_module_delete(math);
  wasm_module_delete(user);
  wasm_module_delete(wrong);
  wasmx_linker_delete(linker);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return !ok;
}
