/* Step 1: a call, by the standard header alone.
 *
 * An engine holds settings and compiled code; most programs have one. A store holds instances and
 * all that they reach; one thread at a time uses it. A module is code; an instance is a module with
 * its own memory and globals. `own` results are deleted by who got them, by the _delete of their
 * type. */
#include <wasm.h>

#include <stdio.h>

/* (module (func (export "add_one") (param i32) (result i32) local.get 0 i32.const 1 i32.add)) */
static const unsigned char add_one[] = {
    0x00, 'a',  's',  'm',  0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x01, 0x7F, 0x01,
    0x7F, 0x03, 0x02, 0x01, 0x00, 0x07, 0x0B, 0x01, 0x07, 'a',  'd',  'd',  '_',  'o',  'n',
    'e',  0x00, 0x00, 0x0A, 0x09, 0x01, 0x07, 0x00, 0x20, 0x00, 0x41, 0x01, 0x6A, 0x0B};

int main(void) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);

  wasm_byte_vec_t bytes;
  wasm_byte_vec_new(&bytes, sizeof add_one, (const wasm_byte_t *)add_one);
  wasm_module_t *module = wasm_module_new(store, &bytes); /* copies what it needs */
  wasm_byte_vec_delete(&bytes);

  wasm_extern_vec_t imports = WASM_EMPTY_VEC, exports;
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
  if (!instance) return 1;
  wasm_instance_exports(instance, &exports); /* in the module's order */

  wasm_val_t args[] = {WASM_I32_VAL(41)}, results[] = {WASM_INIT_VAL};
  wasm_val_vec_t in = WASM_ARRAY_VEC(args), out = WASM_ARRAY_VEC(results);
  wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &in, &out);
  printf("add_one(41) = %d\n", results[0].of.i32);

  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return trap || results[0].of.i32 != 42;
}
