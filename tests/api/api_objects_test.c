/* Objects of a store through their handles: what each kind does, casts, copies, host info. */
#include "fixture.h"
#include "support/temporary.h"

#include <stdlib.h>
#include <unistd.h>

static const char everything[] = "(module $every\n"
                                 "  (import \"env\" \"f\" (func $f (param i32 i64) (result f32)))\n"
                                 "  (import \"env\" \"g\" (global $g (mut i64)))\n"
                                 "  (import \"env\" \"t\" (table $t 2 10 funcref))\n"
                                 "  (import \"env\" \"m\" (memory $m 1 5))\n"
                                 "  (func $twice (export \"twice\") (param i32) (result i32) "
                                 "(i32.mul (local.get 0) (i32.const 2)))\n"
                                 "  (global $c (export \"c\") externref (ref.null extern))\n"
                                 "  (table (export \"own\") 3 externref)\n"
                                 "  (export \"f\" (func $f)) (export \"g\" (global $g))\n"
                                 "  (export \"t\" (table $t)) (export \"m\" (memory $m))\n"
                                 "  (data (i32.const 8) \"hello\"))";

static wasm_trap_t *no_callback(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args;
  wasm_val_t zero = WASM_F32_VAL(0);
  results->data[0] = zero;
  return NULL;
}

/* What `everything` imports. */
typedef struct Imports {
  wasm_func_t *func;
  wasm_global_t *global;
  wasm_table_t *table;
  wasm_memory_t *memory;
} Imports;

static wasm_global_t *new_global(wasm_store_t *store, wasm_val_t init, wasm_mutability_t mut) {
  wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new(init.kind), mut);
  wasm_global_t *global = wasm_global_new(store, type, &init);
  wasm_globaltype_delete(type);
  return global;
}

static wasm_table_t *new_table(wasm_store_t *store, wasm_valkind_t kind, uint32_t min, uint32_t max,
                               wasm_ref_t *init) {
  wasm_limits_t limits = {min, max};
  wasm_tabletype_t *type = wasm_tabletype_new(wasm_valtype_new(kind), &limits);
  wasm_table_t *table = wasm_table_new(store, type, init);
  wasm_tabletype_delete(type);
  return table;
}

static wasm_memory_t *new_memory(wasm_store_t *store, uint32_t min, uint32_t max) {
  wasm_limits_t limits = {min, max};
  wasm_memorytype_t *type = wasm_memorytype_new(&limits);
  wasm_memory_t *memory = wasm_memory_new(store, type);
  wasm_memorytype_delete(type);
  return memory;
}

static Imports imports_new(wasm_store_t *store) {
  Imports im;
  wasm_functype_t *type =
      wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_i64(), wasm_valtype_new_f32());
  im.func = wasm_func_new(store, type, no_callback);
  wasm_functype_delete(type);
  wasm_val_t seven = WASM_I64_VAL(7);
  im.global = new_global(store, seven, WASM_VAR);
  im.table = new_table(store, WASM_FUNCREF, 2, 10, NULL);
  im.memory = new_memory(store, 1, 5);
  assert_true(im.func && im.global && im.table && im.memory);
  return im;
}

static void imports_delete(Imports *im) {
  wasm_func_delete(im->func);
  wasm_global_delete(im->global);
  wasm_table_delete(im->table);
  wasm_memory_delete(im->memory);
}

static wasm_instance_t *instantiate(wasm_store_t *store, const Imports *im) {
  wasm_extern_t *list[4];
  list[0] = wasm_func_as_extern(im->func);
  list[1] = wasm_global_as_extern(im->global);
  list[2] = wasm_table_as_extern(im->table);
  list[3] = wasm_memory_as_extern(im->memory);
  return instance_of_n(store, everything, 4, list);
}

/* -------------------------------------------------------------------------------------- modules */

static const wasm_externkind_t import_kinds[] = {WASM_EXTERN_FUNC, WASM_EXTERN_GLOBAL,
                                                 WASM_EXTERN_TABLE, WASM_EXTERN_MEMORY};
static const char *const export_names[] = {"twice", "c", "own", "f", "g", "t", "m"};

static void module_reflection(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of(w.store, everything);
  assert_string_equal(wasmx_module_name(module), "every");
  assert_string_equal(wasmx_module_name(module), "every");
  wasm_importtype_vec_t imports;
  wasm_module_imports(module, &imports);
  assert_int_equal(imports.size, 4);
  for (size_t i = 0; i < 4; i++) {
    assert_memory_equal(wasm_importtype_module(imports.data[i])->data, "env", 3);
    assert_int_equal(wasm_externtype_kind(wasm_importtype_type(imports.data[i])), import_kinds[i]);
  }
  const wasm_functype_t *func =
      wasm_externtype_as_functype_const(wasm_importtype_type(imports.data[0]));
  assert_int_equal(wasm_functype_params(func)->size, 2);
  assert_int_equal(wasm_valtype_kind(wasm_functype_results(func)->data[0]), WASM_F32);
  wasm_importtype_vec_delete(&imports);
  wasm_exporttype_vec_t exports;
  wasm_module_exports(module, &exports);
  assert_int_equal(exports.size, 7);
  for (size_t i = 0; i < 7; i++) {
    const wasm_name_t *name = wasm_exporttype_name(exports.data[i]);
    assert_int_equal(name->size, strlen(export_names[i]));
    assert_memory_equal(name->data, export_names[i], name->size);
  }
  wasm_exporttype_vec_delete(&exports);
  wasm_module_delete(module);
  world_delete(&w);
}

/* A module that was made through one store runs in the others of its engine, without share. */
static void module_of_another_store(void **state) {
  (void)state;
  World w = world_new();
  wasm_store_t *other = wasm_store_new(w.engine);
  wasm_module_t *module = module_of(w.store, "(module (import \"a\" \"g\" (global $g i32))"
                                             " (func (export \"f\") (param i32) (result i32)"
                                             " (i32.add (global.get $g) (local.get 0))))");
  wasm_valtype_t *i32 = wasm_valtype_new_i32();
  wasm_globaltype_t *type = wasm_globaltype_new(i32, WASM_CONST);
  wasm_val_t seven = i32_val(7);
  wasm_global_t *global = wasm_global_new(other, type, &seven);
  wasm_extern_t *list[1] = {wasm_global_as_extern(global)};
  wasm_extern_vec_t imports = {1, list};
  wasm_instance_t *plain = wasm_instance_new(other, module, &imports, NULL);
  wasmx_linker_t *linker = wasmx_linker_new(other);
  assert_true(wasmx_linker_define(linker, "a", "g", list[0]));
  wasm_instance_t *linked = wasmx_linker_instantiate(linker, module, NULL, NULL);
  wasm_func_t *f = wasmx_instance_func(plain, "f"), *g = wasmx_instance_func(linked, "f");
  wasm_module_delete(module); /* the instances hold it */
  assert_int_equal(call_i(f, 1), 8);
  assert_int_equal(call_i(g, 2), 9);
  wasm_func_delete(f);
  wasm_func_delete(g);
  wasm_instance_delete(plain);
  wasm_instance_delete(linked);
  wasmx_linker_delete(linker);
  wasm_global_delete(global);
  wasm_globaltype_delete(type);
  wasm_store_delete(other);
  world_delete(&w);
}

static void module_sharing(void **state) {
  (void)state;
  World w = world_new();
  wasm_store_t *other = wasm_store_new(w.engine);
  wasm_module_t *module = module_of(w.store, "(module (func (export \"f\") (param i32) (result i32)"
                                             " (local.get 0)))");
  wasm_shared_module_t *shared = wasm_module_share(module);
  wasm_module_delete(module);
  wasm_module_t *obtained = wasm_module_obtain(other, shared);
  assert_non_null(obtained);
  wasm_instance_t *instance = wasm_instance_new(other, obtained, NULL, NULL);
  wasm_func_t *f = wasmx_instance_func(instance, "f");
  assert_int_equal(call_i(f, 5), 5);
  World foreign = world_new();
  assert_null(wasm_instance_new(foreign.store, obtained, NULL, NULL));
  assert_last_error(WASMX_ARGUMENT, "the module is of another engine");
  assert_null(wasm_module_obtain(foreign.store, shared));
  assert_last_error(WASMX_ARGUMENT, "another engine");
  world_delete(&foreign);
  assert_null(wasm_module_obtain(other, NULL));
  assert_null(wasm_module_obtain(NULL, shared));
  assert_null(wasm_module_share(NULL));
  wasm_shared_module_delete(shared);
  wasm_shared_module_delete(NULL);
  wasm_func_delete(f);
  wasm_instance_delete(instance);
  wasm_module_delete(obtained);
  wasm_store_delete(other);
  world_delete(&w);
}

static void module_serialization(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of(w.store, "(module (func (export \"f\") (param i32) (result i32)"
                                             " (i32.add (local.get 0) (i32.const 3))))");
  wasm_byte_vec_t bytes, copy;
  wasm_module_serialize(module, &bytes);
  assert_true(bytes.size > 8);
  wasm_module_t *again = wasm_module_deserialize(w.store, &bytes);
  wasm_instance_t *instance = wasm_instance_new(w.store, again, NULL, NULL);
  wasm_func_t *f = wasmx_instance_func(instance, "f");
  assert_int_equal(call_i(f, 4), 7);
  for (size_t i = 0; i < bytes.size; i++) { /* any change is found */
    wasm_byte_vec_copy(&copy, &bytes);
    copy.data[i] ^= 0x11;
    assert_null(wasm_module_deserialize(w.store, &copy));
    copy.data[i] ^= 0x11;
    copy.size = i;
    assert_null(wasm_module_deserialize(w.store, &copy));
    copy.size = bytes.size;
    wasm_byte_vec_delete(&copy);
  }
  assert_null(wasm_module_deserialize(w.store, NULL));
  assert_null(wasm_module_deserialize(NULL, &bytes));
  wasm_module_serialize(NULL, &copy);
  assert_int_equal(copy.size, 0);
  wasm_byte_vec_delete(&bytes);
  wasm_func_delete(f);
  wasm_instance_delete(instance);
  wasm_module_delete(again);
  wasm_module_delete(module);
  world_delete(&w);
}

/* Writes the bytes to a new file of this user alone; the name is the caller's to unlink. */
static void write_new_file(char path[TEMPORARY_SIZE], const wasm_byte_vec_t *bytes) {
  int fd = temporary_file(path, "libwasm_module");
  assert_true(fd >= 0);
  assert_int_equal(write(fd, bytes->data, bytes->size), (ssize_t)bytes->size);
  close(fd);
}

/* The module's function adds 3; takes over the module. */
static void check_adder(const World *w, wasm_module_t *module) {
  assert_non_null(module);
  wasm_instance_t *instance = wasm_instance_new(w->store, module, NULL, NULL);
  wasm_func_t *f = wasmx_instance_func(instance, "f");
  assert_int_equal(call_i(f, 4), 7);
  wasm_func_delete(f);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
}

static void modules_from_files(void **state) {
  (void)state;
  static const char text[] = "(module (func (export \"f\") (param i32) (result i32)"
                             " (i32.add (local.get 0) (i32.const 3))))";
  World w = world_new();
  wasmx_error_t err = {.size = sizeof err};
  char source[TEMPORARY_SIZE], artifact[TEMPORARY_SIZE];
  write_new_file(source, &(wasm_byte_vec_t){sizeof text - 1, (wasm_byte_t *)(uintptr_t)text});
  assert_null(wasmx_module_new_file(w.store, source, 0, &err));
  assert_int_equal(err.code, WASMX_MALFORMED);
  wasm_module_t *module = wasmx_module_new_file(w.store, source, WASMX_ALLOW_TEXT, &err);
  assert_non_null(module);
  wasm_byte_vec_t bytes;
  wasm_module_serialize(module, &bytes);
  check_adder(&w, module);
  write_new_file(artifact, &bytes);
  module = wasmx_module_deserialize_file(w.store, artifact, &err);
  unlink(artifact);
  check_adder(&w, module);
  assert_null(wasmx_module_deserialize_file(w.store, artifact, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_null(wasmx_module_deserialize_file(w.store, source, &err));
  assert_null(wasmx_module_deserialize_file(w.store, NULL, &err));
  assert_null(wasmx_module_new_file(w.store, "/tmp", WASMX_ALLOW_TEXT, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_null(wasmx_module_new_file(w.store, NULL, 0, &err));
  assert_null(wasmx_module_new_file(NULL, source, 0, &err));
  unlink(source);
  wasm_byte_vec_delete(&bytes);
  world_delete(&w);
}

static void module_validation(void **state) {
  (void)state;
  World w = world_new();
  wasm_byte_vec_t binary = {8, (wasm_byte_t *)(uintptr_t)"\0asm\1\0\0"};
  assert_true(wasm_module_validate(w.store, &binary));
  binary.size = 7;
  assert_false(wasm_module_validate(w.store, &binary));
  assert_last_error(WASMX_MALFORMED, "unexpected end");
  wasm_byte_vec_t text = {8, (wasm_byte_t *)(uintptr_t)"(module)"};
  assert_null(wasm_module_new(w.store, &text));
  assert_last_error(WASMX_MALFORMED, "magic header not detected");
  assert_true(wasmx_module_validate(w.store, &text, WASMX_ALLOW_TEXT, NULL));
  wasm_byte_vec_t empty = WASM_EMPTY_VEC;
  assert_false(wasmx_module_validate(w.store, &empty, WASMX_ALLOW_TEXT, NULL));
  assert_false(wasm_module_validate(w.store, NULL));
  assert_false(wasm_module_validate(NULL, &text));
  assert_null(wasm_module_new(w.store, NULL));
  assert_null(wasm_module_new(NULL, &binary));
  world_delete(&w);
}

/* --------------------------------------------------------------------------------- globals and
 * tables */

static void globals(void **state) {
  (void)state;
  World w = world_new();
  wasm_val_t init = WASM_F64_VAL(1.5), val;
  wasm_global_t *var = new_global(w.store, init, WASM_VAR);
  wasm_global_get(var, &val);
  assert_true(val.kind == WASM_F64 && val.of.f64 == 1.5);
  val.of.f64 = -2.0;
  wasm_global_set(var, &val);
  wasm_global_get(var, &val);
  assert_true(val.of.f64 == -2.0);
  wasm_val_t wrong = WASM_F32_VAL(1);
  wasm_global_set(var, &wrong);
  assert_last_error(WASMX_ARGUMENT, "not of the global's type");
  wasm_global_set(var, NULL);
  wasm_global_get(var, &val);
  assert_true(val.of.f64 == -2.0);
  wasm_globaltype_t *type = wasm_global_type(var);
  assert_int_equal(wasm_globaltype_mutability(type), WASM_VAR);
  assert_int_equal(wasm_valtype_kind(wasm_globaltype_content(type)), WASM_F64);
  assert_null(wasm_global_new(w.store, type, &wrong));
  assert_null(wasm_global_new(w.store, type, NULL));
  assert_null(wasm_global_new(w.store, NULL, &init));
  wasm_globaltype_delete(type);
  wasm_global_delete(var);

  wasm_global_t *constant = new_global(w.store, i32_val(9), WASM_CONST);
  val = i32_val(1);
  wasm_global_set(constant, &val);
  assert_last_error(WASMX_ARGUMENT, "constant");
  wasm_global_get(constant, &val);
  assert_int_equal(val.of.i32, 9);
  wasmx_slot_t slots[2] = {{.u64 = 1}};
  assert_false(wasmx_global_set_raw(constant, slots));
  wasmx_global_get_raw(constant, slots);
  assert_int_equal(slots[0].u64, 9);
  wasm_global_delete(constant);

  wasm_foreign_t *foreign = wasm_foreign_new(w.store);
  wasm_global_t *ref =
      new_global(w.store, ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(foreign)), WASM_VAR);
  wasm_foreign_delete(foreign);
  wasm_global_get(ref, &val);
  assert_non_null(wasm_ref_as_foreign(val.of.ref));
  wasm_val_delete(&val);
  assert_null(val.of.ref);
  wasm_global_delete(ref);
  world_delete(&w);
}

static void vector_globals(void **state) {
  (void)state;
  World w = world_new();
  wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new(WASMX_V128), WASM_VAR);
  wasmx_slot_t slots[2] = {{.u64 = 1}, {.u64 = 2}}, got[2];
  wasm_val_t val = WASM_I64_VAL(0);
  assert_null(wasm_global_new(w.store, type, &val));
  assert_null(wasmx_global_new_raw(w.store, type, NULL));
  wasm_global_t *global = wasmx_global_new_raw(w.store, type, slots);
  wasmx_global_get_raw(global, got);
  assert_memory_equal(got, slots, sizeof got);
  slots[1].u64 = 77;
  assert_true(wasmx_global_set_raw(global, slots));
  assert_false(wasmx_global_set_raw(global, NULL));
  wasmx_global_get_raw(global, got);
  assert_memory_equal(got, slots, sizeof got);
  wasm_global_get(global, &val);
  assert_last_error(WASMX_ARGUMENT, "v128");
  wasm_globaltype_delete(type);
  wasm_global_delete(global);
  world_delete(&w);
}

static void tables(void **state) {
  (void)state;
  World w = world_new();
  wasm_foreign_t *a = wasm_foreign_new(w.store);
  wasm_table_t *table = new_table(w.store, WASM_EXTERNREF, 2, 4, wasm_foreign_as_ref(a));
  assert_int_equal(wasm_table_size(table), 2);
  wasm_ref_t *got = wasm_table_get(table, 1);
  assert_true(wasm_ref_same(got, wasm_foreign_as_ref(a)));
  wasm_ref_delete(got);
  assert_true(wasm_table_set(table, 1, NULL));
  assert_null(wasm_table_get(table, 1));
  assert_null(wasm_table_get(table, 2));
  assert_last_error(WASMX_ARGUMENT, "out of bounds");
  assert_false(wasm_table_set(table, 2, NULL));
  assert_true(wasm_table_grow(table, 2, wasm_foreign_as_ref(a)));
  assert_int_equal(wasm_table_size(table), 4);
  got = wasm_table_get(table, 3);
  assert_non_null(wasm_ref_as_foreign(got));
  wasm_ref_delete(got);
  assert_false(wasm_table_grow(table, 1, NULL));
  assert_last_error(WASMX_LIMIT, "cannot grow");
  wasm_tabletype_t *type = wasm_table_type(table);
  assert_int_equal(wasm_tabletype_limits(type)->min, 4);
  assert_int_equal(wasm_tabletype_limits(type)->max, 4);
  wasm_tabletype_delete(type);
  wasm_table_delete(table);

  table = new_table(w.store, WASM_FUNCREF, 1, 1, NULL);
  assert_false(wasm_table_set(table, 0, wasm_foreign_as_ref(a)));
  assert_last_error(WASMX_ARGUMENT, "element's type");
  assert_false(wasm_table_grow(table, 0, wasm_foreign_as_ref(a)));
  wasm_table_delete(table);
  assert_null(new_table(w.store, WASM_FUNCREF, 1, 1, wasm_foreign_as_ref(a)));
  assert_null(new_table(w.store, WASM_FUNCREF, 2, 1, NULL));
  assert_last_error(WASMX_ARGUMENT, "minimum must not be greater");
  wasm_foreign_delete(a);
  world_delete(&w);
}

/* In pages of one byte. */
static void small_memories(void **state) {
  (void)state;
  World w = world_new();
  wasm_memorytype_t *type = wasmx_memorytype_new_paged((wasmx_limits64_t){5, 9}, false, false, 1);
  wasm_memory_t *memory = wasm_memory_new(w.store, type);
  wasm_memorytype_delete(type);
  assert_int_equal(wasm_memory_size(memory), 5);
  assert_int_equal(wasm_memory_data_size(memory), 5);
  assert_true(wasm_memory_grow(memory, 3));
  assert_int_equal(wasm_memory_data_size(memory), 8);
  assert_true(wasmx_memory_write(memory, 7, "x", 1));
  assert_false(wasmx_memory_write(memory, 8, "x", 1));
  assert_false(wasm_memory_grow(memory, 2));
  type = wasm_memory_type(memory);
  assert_int_equal(wasmx_memorytype_page_size(type), 1);
  assert_int_equal(wasm_memorytype_limits(type)->min, 8);
  wasm_memorytype_delete(type);
  wasm_memory_delete(memory);
  type = wasmx_memorytype_new_paged((wasmx_limits64_t){UINT64_C(1) << 32, UINT64_MAX}, false, false,
                                    1);
  assert_null(wasm_memory_new(w.store, type));
  assert_last_error(WASMX_ARGUMENT, "beyond");
  wasm_memorytype_delete(type);
  world_delete(&w);
}

static void memories(void **state) {
  (void)state;
  World w = world_new();
  wasm_memory_t *memory = new_memory(w.store, 1, 3);
  byte_t *base = wasm_memory_data(memory);
  assert_int_equal(wasm_memory_data_size(memory), MEMORY_PAGE_SIZE);
  assert_int_equal(base[MEMORY_PAGE_SIZE - 1], 0);
  assert_true(wasm_memory_grow(memory, 1));
  assert_int_equal(wasm_memory_size(memory), 2);
  assert_ptr_equal(wasm_memory_data(memory), base);
  base[2 * MEMORY_PAGE_SIZE - 1] = 3;
  uint64_t old = 0;
  assert_true(wasmx_memory_grow(memory, 1, &old));
  assert_int_equal(old, 2);
  assert_int_equal(wasmx_memory_size(memory), 3);
  assert_false(wasm_memory_grow(memory, 1));
  assert_last_error(WASMX_LIMIT, "cannot grow");
  wasm_memorytype_t *type = wasm_memory_type(memory);
  assert_int_equal(wasm_memorytype_limits(type)->min, 3);
  assert_int_equal(wasm_memorytype_limits(type)->max, 3);
  wasm_memorytype_delete(type);

  char text[6] = "";
  uint64_t size = wasm_memory_data_size(memory);
  assert_true(wasmx_memory_write(memory, size - 5, "hello", 5));
  assert_true(wasmx_memory_read(memory, size - 5, text, 5));
  assert_string_equal(text, "hello");
  assert_false(wasmx_memory_read(memory, size - 4, text, 5));
  assert_false(wasmx_memory_write(memory, UINT64_MAX, "x", 1));
  assert_false(wasmx_memory_write(memory, size + 1, "", 0));
  assert_true(wasmx_memory_read(memory, size, text, 0));
  assert_false(wasmx_memory_read(memory, 0, NULL, 1));
  wasm_memory_delete(memory);
  assert_null(new_memory(w.store, 3, 2));
  assert_null(new_memory(w.store, 65537, wasm_limits_max_default));
  assert_last_error(WASMX_ARGUMENT, "memory size");
  world_delete(&w);
}

/* ------------------------------------------------------------------------------------ externals */

static void instances_and_externs(void **state) {
  (void)state;
  World w = world_new();
  Imports im = imports_new(w.store);
  wasm_instance_t *instance = instantiate(w.store, &im);
  wasm_extern_vec_t exports, copy;
  wasm_instance_exports(instance, &exports);
  assert_int_equal(exports.size, 7);
  static const wasm_externkind_t kinds[] = {
      WASM_EXTERN_FUNC,   WASM_EXTERN_GLOBAL, WASM_EXTERN_TABLE, WASM_EXTERN_FUNC,
      WASM_EXTERN_GLOBAL, WASM_EXTERN_TABLE,  WASM_EXTERN_MEMORY};
  for (size_t i = 0; i < 7; i++) {
    assert_int_equal(wasm_extern_kind(exports.data[i]), kinds[i]);
    wasm_externtype_t *type = wasm_extern_type(exports.data[i]);
    assert_int_equal(wasm_externtype_kind(type), kinds[i]);
    wasm_externtype_delete(type);
    wasm_extern_t *named = wasmx_instance_export(instance, export_names[i]);
    assert_true(wasm_extern_same(named, exports.data[i]));
    wasm_extern_delete(named);
  }
  wasm_extern_vec_copy(&copy, &exports);
  assert_true(wasm_extern_same(copy.data[6], exports.data[6]));
  assert_false(wasm_extern_same(copy.data[5], exports.data[6]));
  wasm_extern_vec_delete(&copy);
  wasm_extern_vec_new_uninitialized(&copy, 2);
  wasm_extern_vec_delete(&copy);
  wasm_extern_vec_new_empty(&copy);
  wasm_extern_t *one[1] = {wasm_extern_copy(exports.data[0])};
  wasm_extern_vec_new(&copy, 1, one);
  assert_int_equal(call_i(wasm_extern_as_func_const(copy.data[0]), 21), 42);
  wasm_extern_vec_delete(&copy);
  /* What was imported is exported as the same object. */
  assert_true(wasm_func_same(wasm_extern_as_func(exports.data[3]), im.func));
  assert_true(wasm_memory_same(wasm_extern_as_memory(exports.data[6]), im.memory));
  assert_memory_equal(wasm_memory_data(im.memory) + 8, "hello", 5);

  assert_non_null(wasm_extern_as_table(exports.data[2]));
  assert_non_null(wasm_extern_as_table_const(exports.data[2]));
  assert_non_null(wasm_extern_as_global(exports.data[1]));
  assert_non_null(wasm_extern_as_global_const(exports.data[1]));
  assert_non_null(wasm_extern_as_memory_const(exports.data[6]));
  assert_null(wasm_extern_as_func(exports.data[1]));
  assert_null(wasm_extern_as_global(exports.data[0]));
  assert_null(wasm_extern_as_table(exports.data[0]));
  assert_null(wasm_extern_as_memory(exports.data[0]));
  assert_null(wasm_extern_as_func_const(NULL));
  assert_ptr_equal(wasm_func_as_extern_const(im.func), im.func);
  assert_ptr_equal(wasm_global_as_extern_const(im.global), im.global);
  assert_ptr_equal(wasm_table_as_extern_const(im.table), im.table);
  assert_ptr_equal(wasm_memory_as_extern_const(im.memory), im.memory);
  wasm_extern_vec_delete(&exports);

  wasm_func_t *twice = wasmx_instance_func(instance, "twice");
  wasm_memory_t *m = wasmx_instance_memory(instance, "m");
  wasm_global_t *g = wasmx_instance_global(instance, "g");
  wasm_table_t *own = wasmx_instance_table(instance, "own");
  assert_true(twice && m && g && own);
  assert_null(wasmx_instance_func(instance, "m"));
  assert_last_error(WASMX_ARGUMENT, "\"m\"");
  assert_null(wasmx_instance_func(instance, "nothing"));
  assert_null(wasmx_instance_func(instance, NULL));
  assert_null(wasmx_instance_export_n(instance, "twice", 4));
  wasm_func_delete(twice);
  wasm_memory_delete(m);
  wasm_global_delete(g);
  wasm_table_delete(own);
  wasm_instance_delete(instance);
  imports_delete(&im);
  world_delete(&w);
}

static void tags(void **state) {
  (void)state;
  World w = world_new();
  wasm_byte_vec_t text = {0};
  wasm_name_new_from_string(&text, "(module (tag (export \"e\") (param i32)))");
  wasm_module_t *module = wasmx_module_new(w.store, &text, WASMX_ALLOW_TEXT, NULL);
  wasm_name_delete(&text);
  if (module) { /* where exceptions are supported */
    wasm_instance_t *instance = wasm_instance_new(w.store, module, NULL, NULL);
    wasm_extern_t *tag = wasmx_instance_export(instance, "e");
    assert_int_equal(wasm_extern_kind(tag), WASM_EXTERN_TAG);
    wasm_externtype_t *type = wasm_extern_type(tag);
    assert_int_equal(
        wasm_functype_params(wasm_tagtype_functype(wasm_externtype_as_tagtype(type)))->size, 1);
    wasm_externtype_delete(type);
    wasm_extern_delete(tag);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
  } else {
    assert_int_equal(wasmx_last_error()->code, WASMX_UNSUPPORTED);
  }
  world_delete(&w);
}

/* ----------------------------------------------------------------------------------- references */

/* Every function of a kind of reference. `a` and `b` are handles of two objects; both are deleted.
 */
#define REF_TEST_BASE(name, a, b)                                                                  \
  do {                                                                                             \
    wasm_##name##_t *copy = wasm_##name##_copy(a);                                                 \
    int finalized = 0, other = 0;                                                                  \
    assert_true(copy &&copy != a);                                                                 \
    assert_true(wasm_##name##_same(a, copy) && wasm_##name##_same(NULL, NULL));                    \
    assert_false(wasm_##name##_same(a, b) || wasm_##name##_same(a, NULL));                         \
    assert_null(wasm_##name##_get_host_info(a));                                                   \
    wasm_##name##_set_host_info(a, &other);                                                        \
    assert_ptr_equal(wasm_##name##_get_host_info(copy), &other);                                   \
    wasm_##name##_set_host_info_with_finalizer(copy, &finalized, count_call);                      \
    assert_ptr_equal(wasm_##name##_get_host_info(a), &finalized);                                  \
    wasm_##name##_delete(copy);                                                                    \
    assert_int_equal(finalized, 0);                                                                \
    wasm_##name##_set_host_info(a, NULL);                                                          \
    assert_int_equal(finalized, 1);                                                                \
    assert_null(wasm_##name##_copy(NULL));                                                         \
    assert_null(wasm_##name##_get_host_info(NULL));                                                \
    wasm_##name##_set_host_info(NULL, NULL);                                                       \
    wasm_##name##_set_host_info_with_finalizer(NULL, NULL, NULL);                                  \
    wasm_##name##_delete(NULL);                                                                    \
    wasm_##name##_delete(a);                                                                       \
    wasm_##name##_delete(b);                                                                       \
  } while (0)

#define REF_TEST(name, a_, b_)                                                                     \
  do {                                                                                             \
    wasm_##name##_t *a = a_, *b = b_;                                                              \
    wasm_ref_t *ref = wasm_##name##_as_ref(a);                                                     \
    assert_ptr_equal(wasm_##name##_as_ref_const(a), ref);                                          \
    assert_ptr_equal(wasm_ref_as_##name(ref), a);                                                  \
    assert_ptr_equal(wasm_ref_as_##name##_const(ref), a);                                          \
    assert_null(wasm_##name##_as_ref(NULL));                                                       \
    assert_null(wasm_ref_as_##name(NULL));                                                         \
    assert_null(wasm_ref_as_##name##_const(NULL));                                                 \
    assert_int_equal(count_kinds(ref), 1);                                                         \
    REF_TEST_BASE(name, a, b);                                                                     \
  } while (0)

static int count_kinds(wasm_ref_t *ref) {
  int externs = (wasm_ref_as_func(ref) != NULL) + (wasm_ref_as_global(ref) != NULL) +
                (wasm_ref_as_table(ref) != NULL) + (wasm_ref_as_memory(ref) != NULL);
  assert_int_equal(externs, wasm_ref_as_extern(ref) != NULL);
  return externs + (wasm_ref_as_trap(ref) != NULL) + (wasm_ref_as_foreign(ref) != NULL) +
         (wasm_ref_as_module(ref) != NULL) + (wasm_ref_as_instance(ref) != NULL);
}

static void references(void **state) {
  (void)state;
  World w = world_new();
  Imports im = imports_new(w.store), more = imports_new(w.store);
  REF_TEST(func, wasm_func_copy(im.func), wasm_func_copy(more.func));
  REF_TEST(global, wasm_global_copy(im.global), wasm_global_copy(more.global));
  REF_TEST(table, wasm_table_copy(im.table), wasm_table_copy(more.table));
  REF_TEST(memory, wasm_memory_copy(im.memory), wasm_memory_copy(more.memory));
  REF_TEST(extern, wasm_func_as_extern(wasm_func_copy(im.func)),
           wasm_memory_as_extern(wasm_memory_copy(im.memory)));
  REF_TEST(foreign, wasm_foreign_new(w.store), wasm_foreign_new(w.store));
  REF_TEST(trap, wasm_trap_new(w.store, NULL), wasm_trap_new(w.store, NULL));
  REF_TEST(module, module_of(w.store, "(module)"), module_of(w.store, "(module)"));
  REF_TEST(instance, instantiate(w.store, &im), instantiate(w.store, &more));
  wasm_ref_t *x = wasm_foreign_as_ref(wasm_foreign_new(w.store));
  wasm_ref_t *y = wasm_func_as_ref(wasm_func_copy(im.func));
  REF_TEST_BASE(ref, x, y);
  imports_delete(&im);
  imports_delete(&more);
  world_delete(&w);
}

/* Wasm's own functions live in their instance: their identity, info and life. */
static void wasm_functions_as_references(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *instance =
      instance_of(w.store, "(module (func (export \"f\") (param i32) (result i32) (local.get 0))\n"
                           " (func $g) (table (export \"t\") funcref (elem $g $g)))");
  wasm_func_t *f = wasmx_instance_func(instance, "f");
  wasm_table_t *t = wasmx_instance_table(instance, "t");
  int gone = 0;
  wasm_func_set_host_info_with_finalizer(f, &gone, count_call);
  wasm_instance_delete(instance);
  wasmx_store_collect(w.store);
  assert_int_equal(call_i(f, 3), 3);
  wasm_ref_t *g0 = wasm_table_get(t, 0), *g1 = wasm_table_get(t, 1);
  assert_true(wasm_ref_same(g0, g1));
  assert_false(wasm_ref_same(g0, wasm_func_as_ref(f)));
  assert_non_null(wasm_ref_as_func(g0));
  wasm_ref_delete(g0);
  wasm_ref_delete(g1);
  wasm_func_delete(f);
  wasmx_store_collect(w.store);
  assert_int_equal(gone, 0); /* the table's functions keep the instance */
  wasm_table_delete(t);
  wasmx_store_collect(w.store);
  assert_int_equal(gone, 1);
  world_delete(&w);
}

static void slots_of_references(void **state) {
  (void)state;
  World w = world_new();
  wasm_foreign_t *foreign = wasm_foreign_new(w.store);
  uint64_t slot = wasmx_slot_of_ref(wasm_foreign_as_ref(foreign));
  wasm_ref_t *ref = wasmx_ref_of_slot(w.store, slot);
  assert_true(wasm_ref_same(ref, wasm_foreign_as_ref(foreign)));
  assert_int_equal(wasmx_slot_of_ref(NULL), 0);
  assert_null(wasmx_ref_of_slot(w.store, 0));
  assert_null(wasmx_ref_of_slot(NULL, slot));
  wasm_val_t val = ref_val(WASM_EXTERNREF, ref), copy;
  wasm_val_copy(&copy, &val);
  assert_true(copy.of.ref != ref && wasm_ref_same(copy.of.ref, ref));
  wasm_val_delete(&copy);
  wasm_val_delete(&val);
  wasm_val_vec_t vec, vec_copy;
  wasm_val_t items[2] = {i32_val(3), WASM_INIT_VAL};
  items[1] = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(foreign));
  wasm_val_vec_new(&vec, 2, items);
  wasm_val_vec_copy(&vec_copy, &vec);
  assert_true(wasm_ref_same(vec_copy.data[1].of.ref, vec.data[1].of.ref));
  wasm_val_vec_delete(&vec_copy);
  wasm_val_vec_delete(&vec);
  world_delete(&w);
}

int main(void) {

  const struct CMUnitTest tests[] = {
      cmocka_unit_test(module_reflection),
      cmocka_unit_test(module_of_another_store),
      cmocka_unit_test(module_sharing),
      cmocka_unit_test(module_serialization),
      cmocka_unit_test(modules_from_files),
      cmocka_unit_test(module_validation),
      cmocka_unit_test(globals),
      cmocka_unit_test(vector_globals),
      cmocka_unit_test(tables),
      cmocka_unit_test(small_memories),
      cmocka_unit_test(memories),
      cmocka_unit_test(instances_and_externs),
      cmocka_unit_test(tags),
      cmocka_unit_test(references),
      cmocka_unit_test(wasm_functions_as_references),
      cmocka_unit_test(slots_of_references),
  };
  return run_with_text(tests);
}
