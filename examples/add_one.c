/* Loads add_one.wasm with the standard header only and calls it: 41 -> 42.
 * Usage: add_one [FILE]; FILE is a binary module that exports add_one: [i32] -> [i32]. */
#include <wasm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* (module (func (export "add_one") (param i32) (result i32) local.get 0 i32.const 1 i32.add)) */
static const unsigned char add_one_wasm[] = {
    0x00, 'a',  's',  'm',  0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x01, 0x7F, 0x01,
    0x7F, 0x03, 0x02, 0x01, 0x00, 0x07, 0x0B, 0x01, 0x07, 'a',  'd',  'd',  '_',  'o',  'n',
    'e',  0x00, 0x00, 0x0A, 0x09, 0x01, 0x07, 0x00, 0x20, 0x00, 0x41, 0x01, 0x6A, 0x0B};

static int fail(const char *what) {
  fprintf(stderr, "add_one: %s\n", what);
  return 1;
}

static void read_module(const char *path, wasm_byte_vec_t *out) {
  FILE *file = fopen(path, "rb");
  out->size = 0;
  out->data = NULL;
  if (!file) return;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  fseek(file, 0, SEEK_SET);
  if (size > 0) wasm_byte_vec_new_uninitialized(out, (size_t)size);
  if (out->data && fread(out->data, 1, out->size, file) != out->size) wasm_byte_vec_delete(out);
  fclose(file);
}

int main(int argc, char **argv) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t binary;
  if (argc > 1)
    read_module(argv[1], &binary);
  else
    wasm_byte_vec_new(&binary, sizeof add_one_wasm, (const wasm_byte_t *)add_one_wasm);

  wasm_module_t *module = wasm_module_new(store, &binary);
  wasm_byte_vec_delete(&binary);
  if (!module) return fail("this is no valid module");

  wasm_extern_vec_t imports = WASM_EMPTY_VEC;
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
  if (!instance) return fail("the module does not instantiate without imports");

  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  const wasm_func_t *add_one = exports.size ? wasm_extern_as_func(exports.data[0]) : NULL;
  if (!add_one) return fail("the first export is no function");

  static const int32_t inputs[] = {41, -1, INT32_MAX};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    wasm_val_t arg_data[1] = {WASM_I32_VAL(inputs[i])}, result_data[1] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_ARRAY_VEC(arg_data), results = WASM_ARRAY_VEC(result_data);
    wasm_trap_t *trap = wasm_func_call(add_one, &args, &results);
    if (trap) return fail("the call trapped");
    printf("add_one(%d) = %d, unsigned %u\n", inputs[i], result_data[0].of.i32,
           (unsigned)result_data[0].of.i32);
  }

  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
