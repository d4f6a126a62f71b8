/* What the steps of allocations_test.c work on, made before anything fails. */
#ifndef WM_TESTS_API_ALLOCATIONS_SCENE_H
#define WM_TESTS_API_ALLOCATIONS_SCENE_H

#include "api/sweep.h"
#include "support/temporary.h"

#include <unistd.h>

static const char program[] =
    "(module $p (import \"env\" \"host\" (func $host (param i32 externref) (result externref)))\n"
    " (memory (export \"m\") 1 9) (memory (export \"s\") 1 2 shared)\n"
    " (table (export \"t\") 2 8 funcref) (tag $e (export \"e\") (param i32))\n"
    " (global (export \"g\") (mut i32) (i32.const 7)) (global (export \"r\") (mut externref) "
    "(ref.null extern))\n"
    " (func $f (export \"f\") (param i32 externref) (result externref)\n"
    "   (call $host (local.get 0) (local.get 1)))\n"
    " (func (export \"add_one\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))\n"
    " (func (export \"throw\") (throw $e (i32.const 5)))\n"
    " (func (export \"crash\") unreachable)\n"
    " (elem (i32.const 0) $f))";
static const char small[] = "(module $small (func (export \"f\") (nop)))";

static struct {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_byte_vec_t text, binary, small_binary, serialized, message;
  wasm_module_t *module;
  wasm_shared_module_t *shared;
  wasmx_shared_memory_t *shared_memory;
  wasm_functype_t *type, *plain_type, *i32_type;
  wasm_func_t *host, *f, *add_one, *throws, *crash;
  wasm_instance_t *instance;
  wasm_memory_t *memory, *shared_one;
  wasm_table_t *table;
  wasm_global_t *global, *ref_global;
  wasm_tag_t *tag;
  wasm_foreign_t *foreign;
  wasm_extern_t *ext;
  wasm_trap_t *trap;
  wasmx_exception_t *exception;
  wasm_frame_t *frame;
  wasmx_linker_t *linker;
  wasm_importtype_vec_t imports;
  wasm_exporttype_vec_t exports;
  char file[TEMPORARY_SIZE];
} s;

static wasm_trap_t *look_around(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  size_t size;
  (void)env;
  wasm_extern_t *export = wasmx_caller_export(caller, "m");
  wasm_instance_t *instance = wasmx_caller_instance(caller);
  made(export != NULL), made(instance != NULL);
  assert_ptr_equal(wasmx_caller_store(caller), s.store);
  assert_non_null(wasmx_caller_memory(caller, &size));
  wasm_extern_delete(export);
  wasm_instance_delete(instance);
  slots[0] = slots[1];
  return NULL;
}

static void write_file(const char *path, const wasm_byte_vec_t *bytes_) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes_->data, 1, bytes_->size, file), bytes_->size);
  fclose(file);
}

static void make_scene(void) {
  wasm_byte_vec_new(&s.text, strlen(program), program);
  wasm_byte_vec_new(&s.message, 3, "no!");
  assert_true(wasmx_wat2wasm(program, strlen(program), &s.binary, NULL));
  assert_true(wasmx_wat2wasm(small, strlen(small), &s.small_binary, NULL));
  wasm_config_t *config = wasm_config_new();
  assert_true(compiled_configure(config, false) && wasmx_config_set_compile_threads(config, 0));
  s.engine = wasm_engine_new_with_config(config);
  s.store = wasm_store_new(s.engine);
  s.module = wasm_module_new(s.store, &s.binary);
  assert_non_null(s.module);
  s.shared = wasm_module_share(s.module);
  wasm_module_serialize(s.module, &s.serialized);
  wasm_module_imports(s.module, &s.imports);
  wasm_module_exports(s.module, &s.exports);
  s.type = wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_externref(),
                                 wasm_valtype_new_externref());
  s.plain_type = wasm_functype_new_0_0();
  s.i32_type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  s.host = wasmx_func_new_raw(s.store, s.type, look_around, NULL, NULL);
  s.linker = wasmx_linker_new(s.store);
  assert_true(wasmx_linker_define(s.linker, "env", "host", wasm_func_as_extern(s.host)));
  s.instance = wasmx_linker_instantiate(s.linker, s.module, NULL, NULL);
  assert_non_null(s.instance);
  s.f = wasmx_instance_func(s.instance, "f"),
  s.add_one = wasmx_instance_func(s.instance, "add_one");
  s.throws = wasmx_instance_func(s.instance, "throw"),
  s.crash = wasmx_instance_func(s.instance, "crash");
  s.memory = wasmx_instance_memory(s.instance, "m"),
  s.shared_one = wasmx_instance_memory(s.instance, "s");
  s.table = wasmx_instance_table(s.instance, "t"), s.tag = wasmx_instance_tag(s.instance, "e");
  s.global = wasmx_instance_global(s.instance, "g"),
  s.ref_global = wasmx_instance_global(s.instance, "r");
  s.ext = wasmx_instance_export(s.instance, "g");
  s.shared_memory = wasmx_memory_share(s.shared_one);
  s.foreign = wasm_foreign_new(s.store);
  const wasmx_slot_t slot = wasmx_slot_i32(5);
  s.exception = wasmx_exception_new_raw(s.tag, &slot);
  s.trap = wasmx_func_call_raw(s.crash, NULL);
  s.frame = wasm_trap_origin(s.trap);
  close(temporary_file(s.file, "allocations"));
  char file[80];
  snprintf(file, sizeof file, "%s.serialized", s.file);
  write_file(s.file, &s.small_binary);
  write_file(file, &s.serialized);
}

static void delete_scene(void) {
  char file[80];
  snprintf(file, sizeof file, "%s.serialized", s.file);
  unlink(s.file), unlink(file);
  wasm_frame_delete(s.frame), wasm_trap_delete(s.trap), wasmx_exception_delete(s.exception);
  wasm_foreign_delete(s.foreign), wasmx_shared_memory_delete(s.shared_memory),
      wasm_extern_delete(s.ext);
  wasm_global_delete(s.global), wasm_global_delete(s.ref_global), wasm_tag_delete(s.tag),
      wasm_table_delete(s.table);
  wasm_memory_delete(s.memory), wasm_memory_delete(s.shared_one);
  wasm_func_delete(s.f), wasm_func_delete(s.add_one), wasm_func_delete(s.throws),
      wasm_func_delete(s.crash);
  wasm_func_delete(s.host), wasm_instance_delete(s.instance), wasmx_linker_delete(s.linker);
  wasm_functype_delete(s.type), wasm_functype_delete(s.plain_type),
      wasm_functype_delete(s.i32_type);
  wasm_importtype_vec_delete(&s.imports), wasm_exporttype_vec_delete(&s.exports);
  wasm_shared_module_delete(s.shared), wasm_module_delete(s.module);
  wasm_byte_vec_delete(&s.text), wasm_byte_vec_delete(&s.binary),
      wasm_byte_vec_delete(&s.small_binary);
  wasm_byte_vec_delete(&s.serialized), wasm_byte_vec_delete(&s.message);
  wasm_store_delete(s.store);
  wasm_engine_delete(s.engine);
}

#endif
