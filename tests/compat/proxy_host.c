/* A host of wasm_c_api.h, of the shape that proxies have: host functions with an environment, a
 * memory to read and write, exports by name, a module that is shared between stores; and the
 * members of vectors that only this header has. A program of C and of C++. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasm_c_api.h>

static int failures;
#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) printf("line %d: %s\n", __LINE__, #condition), failures++;                   \
  } while (0)

/* (module (import "env" "log" (func (param i32 i32) (result i32))) (memory (export "memory") 1)
 *   (data (i32.const 16) "wamr")
 *   (func (export "on_call") (param i32) (result i32)
 *     (i32.add (call 0 (i32.const 16) (i32.const 4)) (local.get 0)))
 *   (func (export "fail") unreachable)) */
static const unsigned char binary[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x0f, 0x03, 0x60, 0x02, 0x7f, 0x7f, 0x01,
    0x7f, 0x60, 0x01, 0x7f, 0x01, 0x7f, 0x60, 0x00, 0x00, 0x02, 0x0b, 0x01, 0x03, 0x65, 0x6e, 0x76,
    0x03, 0x6c, 0x6f, 0x67, 0x00, 0x00, 0x03, 0x03, 0x02, 0x01, 0x02, 0x05, 0x03, 0x01, 0x00, 0x01,
    0x07, 0x1b, 0x03, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x07, 0x6f, 0x6e, 0x5f,
    0x63, 0x61, 0x6c, 0x6c, 0x00, 0x01, 0x04, 0x66, 0x61, 0x69, 0x6c, 0x00, 0x02, 0x0a, 0x11, 0x02,
    0x0b, 0x00, 0x41, 0x10, 0x41, 0x04, 0x10, 0x00, 0x20, 0x00, 0x6a, 0x0b, 0x03, 0x00, 0x00, 0x0b,
    0x0b, 0x0a, 0x01, 0x00, 0x41, 0x10, 0x0b, 0x04, 0x77, 0x61, 0x6d, 0x72};

typedef struct Vm {
  wasm_store_t *store;
  wasm_module_t *module;
  wasm_func_t *log, *on_call, *fail;
  wasm_instance_t *instance;
  wasm_memory_t *memory;
  char logged[16];
  int finalized;
} Vm;

static wasm_trap_t *log_call(void *env, const wasm_val_vec_t *params, wasm_val_vec_t *results) {
  Vm *vm = (Vm *)env;
  CHECK(params->num_elems == 2 && params->size_of_elem == sizeof(wasm_val_t));
  CHECK(results->num_elems == 1 && results->lock == NULL);
  memcpy(vm->logged, wasm_memory_data(vm->memory) + params->data[0].of.i32,
         (size_t)params->data[1].of.i32);
  results->data[0].kind = WASM_I32;
  results->data[0].of.i32 = 100;
  results->num_elems = 1;
  return NULL;
}

static void log_gone(void *env) { ((Vm *)env)->finalized++; }

static void define_log(Vm *vm) {
  wasm_valtype_t *ps[2], *rs[1];
  wasm_valtype_vec_t params, results;
  ps[0] = wasm_valtype_new(WASM_I32);
  ps[1] = wasm_valtype_new(WASM_I32);
  rs[0] = wasm_valtype_new(WASM_I32);
  wasm_valtype_vec_new(&params, 2, ps);
  wasm_valtype_vec_new(&results, 1, rs);
  CHECK(params.num_elems == 2);
  wasm_functype_t *type = wasm_functype_new(&params, &results);
  vm->log = wasm_func_new_with_env(vm->store, type, log_call, vm, log_gone);
  CHECK(vm->log != NULL);
  wasm_functype_delete(type);
}

static void find_exports(Vm *vm) {
  wasm_exporttype_vec_t types;
  wasm_extern_vec_t exports;
  wasm_module_exports(vm->module, &types);
  wasm_instance_exports(vm->instance, &exports);
  CHECK(types.num_elems == 3 && exports.num_elems == 3);
  for (size_t i = 0; i < types.num_elems; i++) {
    /* Names are C strings there: the zero is behind their bytes here. */
    const char *name = wasm_exporttype_name(types.data[i])->data;
    wasm_func_t *func = wasm_extern_as_func(exports.data[i]);
    if (strcmp(name, "on_call") == 0) vm->on_call = wasm_func_copy(func);
    if (strcmp(name, "fail") == 0) vm->fail = wasm_func_copy(func);
    if (strcmp(name, "memory") == 0)
      vm->memory = wasm_memory_copy(wasm_extern_as_memory(exports.data[i]));
  }
  wasm_exporttype_vec_delete(&types);
  wasm_extern_vec_delete(&exports);
  CHECK(exports.num_elems == 0);
}

static void start(Vm *vm) {
  wasm_importtype_vec_t types;
  define_log(vm);
  wasm_module_imports(vm->module, &types);
  CHECK(types.num_elems == 1);
  CHECK(strcmp(wasm_importtype_module(types.data[0])->data, "env") == 0);
  CHECK(strcmp(wasm_importtype_name(types.data[0])->data, "log") == 0);
  wasm_importtype_vec_delete(&types);
  wasm_extern_t *items[1];
  items[0] = wasm_func_as_extern(vm->log);
  wasm_extern_vec_t imports = {1, items, 1, 0, NULL};
  vm->instance = wasm_instance_new_with_args(vm->store, vm->module, &imports, NULL, 8192, 8192);
  CHECK(vm->instance != NULL);
  find_exports(vm);
}

static void call(Vm *vm) {
  wasm_val_t args[1], out[1];
  args[0].kind = WASM_I32;
  args[0].of.i32 = 7;
  const wasm_val_vec_t params = WASM_ARRAY_VEC(args);
  wasm_val_vec_t results = WASM_ARRAY_VEC(out), none = WASM_EMPTY_VEC;
  CHECK(wasm_func_call(vm->on_call, &params, &results) == NULL);
  CHECK(out[0].of.i32 == 107);
  CHECK(strcmp(vm->logged, "wamr") == 0);
  wasm_trap_t *trap = wasm_func_call(vm->fail, &none, &none);
  wasm_byte_vec_t message;
  wasm_trap_message(trap, &message);
  CHECK(message.num_elems == message.size && strcmp(message.data, "unreachable") == 0);
  wasm_byte_vec_delete(&message);
  wasm_trap_delete(trap);
}

static void stop(Vm *vm) {
  wasm_func_delete(vm->log);
  wasm_func_delete(vm->on_call);
  wasm_func_delete(vm->fail);
  wasm_memory_delete(vm->memory);
  wasm_instance_delete(vm->instance);
  wasm_module_delete(vm->module);
  wasm_store_delete(vm->store);
  CHECK(vm->finalized == 1);
}

int main(void) {
  Vm first, second;
  wasm_byte_vec_t bytes, copy;
  memset(&first, 0, sizeof first);
  memset(&second, 0, sizeof second);
  wasm_engine_t *engine = wasm_engine_new_with_args(Alloc_With_System_Allocator, NULL);
  first.store = wasm_store_new(engine);
  wasm_byte_vec_new_uninitialized(&bytes, sizeof binary);
  CHECK(bytes.num_elems == 0);
  memcpy(bytes.data, binary, sizeof binary);
  bytes.num_elems = sizeof binary;
  wasm_byte_vec_copy(&copy, &bytes);
  CHECK(copy.num_elems == sizeof binary);
  wasm_byte_vec_delete(&copy);
  first.module = wasm_module_new(first.store, &bytes);
  CHECK(first.module != NULL);
  wasm_byte_vec_delete(&bytes);
  wasm_shared_module_t *shared = wasm_module_share(first.module);
  second.store = wasm_store_new(engine);
  second.module = wasm_module_obtain(second.store, shared);
  wasm_shared_module_delete(shared);
  start(&first);
  start(&second);
  call(&first);
  stop(&first);
  call(&second);
  stop(&second);
  wasm_engine_delete(engine);
  printf("%d failures\n", failures);
  return failures != 0;
}
