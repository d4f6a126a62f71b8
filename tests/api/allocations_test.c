/* Each function of wasm.h and wasmx.h, with each of its allocations failing once: what could not be
 * made is NULL (or empty, or false) with WASMX_OUT_OF_MEMORY, nothing is left behind (the
 * sanitizers look), and the same step works right after. tests/api/swept.py looks that no function
 * is left out. */
#include "api/allocations_scene.h"

static int gone;

/* ---- types ---- */

/* Items are the vector's, also when it fails. */
#define TYPE(name, source)                                                                         \
  static void name##_steps(void) {                                                                 \
    const wasm_##name##_t *from = source;                                                          \
    wasm_##name##_t *copy = wasm_##name##_copy(from);                                              \
    if (made(copy != NULL)) {                                                                      \
      wasm_##name##_t *list[1] = {copy};                                                           \
      wasm_##name##_vec_t vec, again, room;                                                        \
      wasm_##name##_vec_new(&vec, 1, list);                                                        \
      if (made(vec.data != NULL)) {                                                                \
        wasm_##name##_vec_copy(&again, &vec);                                                      \
        made(again.data != NULL);                                                                  \
        wasm_##name##_vec_delete(&again);                                                          \
        wasm_##name##_vec_delete(&vec);                                                            \
      }                                                                                            \
      wasm_##name##_vec_new_uninitialized(&room, 3);                                               \
      made(room.data != NULL);                                                                     \
      wasm_##name##_vec_delete(&room);                                                             \
      wasm_##name##_vec_new_empty(&room);                                                          \
    }                                                                                              \
  }

#define EXTERN_TYPE(name)                                                                          \
  static const wasm_##name##_t *some_##name(void) {                                                \
    for (size_t i = 0; i < s.exports.size; i++) {                                                  \
      wasm_externtype_t *type = (wasm_externtype_t *)wasm_exporttype_type(s.exports.data[i]);      \
      if (!wasm_externtype_as_##name(type)) continue;                                              \
      const wasm_##name##_t *kept = wasm_externtype_as_##name##_const(type);                       \
      assert_ptr_equal(wasm_##name##_as_externtype(wasm_externtype_as_##name(type)), type);        \
      assert_ptr_equal(wasm_##name##_as_externtype_const(kept), type);                             \
      return kept;                                                                                 \
    }                                                                                              \
    return NULL;                                                                                   \
  }                                                                                                \
  TYPE(name, some_##name())

TYPE(valtype, wasm_functype_params(s.type)->data[0])
EXTERN_TYPE(functype)
EXTERN_TYPE(globaltype)
EXTERN_TYPE(tabletype)
EXTERN_TYPE(memorytype)
EXTERN_TYPE(tagtype)
TYPE(externtype, wasm_exporttype_type(s.exports.data[0]))
TYPE(importtype, s.imports.data[0])
TYPE(exporttype, s.exports.data[0])
TYPE(frame, s.frame)

/* Takes its type also when it fails; nothing is left of either then. */
static void new_types(void) {
  const wasm_limits_t limits = {1, 2};
  const wasmx_limits64_t wide = {1, 2};
  wasm_memorytype_t *memories[3] = {wasm_memorytype_new(&limits),
                                    wasmx_memorytype_new(wide, true, false),
                                    wasmx_memorytype_new_paged(wide, false, true, 65536)};
  for (int i = 0; i < 3; i++)
    if (made(memories[i] != NULL)) {
      wasm_memorytype_limits(memories[i]);
      assert_int_equal(wasmx_memorytype_limits(memories[i]).max, 2);
      assert_int_equal(wasmx_memorytype_is_64(memories[i]), i == 1);
      assert_int_equal(wasmx_memorytype_is_shared(memories[i]), i == 2);
      assert_int_equal(wasmx_memorytype_page_size(memories[i]), 65536);
      wasm_memorytype_delete(memories[i]);
    }
  wasm_valtype_t *elements = wasm_valtype_new(WASM_FUNCREF),
                 *more = wasm_valtype_new(WASM_EXTERNREF);
  wasm_tabletype_t *tables[2] = {elements ? wasm_tabletype_new(elements, &limits) : NULL,
                                 more ? wasmx_tabletype_new(more, wide, true) : NULL};
  for (int i = 0; i < 2; i++)
    if (made(tables[i] != NULL)) {
      assert_int_equal(wasm_valtype_kind(wasm_tabletype_element(tables[i])),
                       i ? WASM_EXTERNREF : WASM_FUNCREF);
      assert_int_equal(wasm_tabletype_limits(tables[i])->min, 1);
      assert_int_equal(wasmx_tabletype_limits(tables[i]).max, 2);
      assert_int_equal(wasmx_tabletype_is_64(tables[i]), i == 1);
      wasm_tabletype_delete(tables[i]);
    }
  wasm_valtype_t *content = wasm_valtype_new(WASM_I32);
  wasm_globaltype_t *global = content ? wasm_globaltype_new(content, WASM_VAR) : NULL;
  if (made(global != NULL)) {
    assert_int_equal(wasm_globaltype_mutability(global), WASM_VAR);
    wasm_valtype_kind(wasm_globaltype_content(global));
  }
  wasm_globaltype_delete(global);
  wasm_valtype_t *unused = wasm_valtype_new(WASM_I64);
  made(unused != NULL);
  wasm_valtype_delete(unused);
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_empty(&params);
  wasm_valtype_vec_new_empty(&results);
  wasm_functype_t *func = wasm_functype_new(&params, &results);
  wasm_tagtype_t *tag = made(func != NULL) ? wasm_tagtype_new(func) : NULL;
  if (made(tag != NULL))
    assert_int_equal(wasm_functype_results(wasm_tagtype_functype(tag))->size, 0);
  wasm_tagtype_delete(tag);
}

static wasm_externtype_t *plain_externtype(void) {
  wasm_functype_t *type = wasm_functype_copy(s.plain_type);
  return type ? wasm_functype_as_externtype(type) : NULL;
}

/* Vectors are moved in, also when it fails. */
static void new_import_types(void) {
  wasm_name_t module, name, export;
  wasm_byte_vec_new(&module, 1, "m");
  wasm_byte_vec_new(&name, 1, "n");
  wasm_byte_vec_new(&export, 1, "e");
  wasm_externtype_t *type = plain_externtype(), *other = plain_externtype();
  wasm_importtype_t *import = type ? wasm_importtype_new(&module, &name, type) : NULL;
  wasm_exporttype_t *exporttype = other ? wasm_exporttype_new(&export, other) : NULL;
  if (made(import != NULL)) {
    wasm_importtype_module(import), wasm_importtype_name(import);
    assert_int_equal(wasm_externtype_kind(wasm_importtype_type(import)), WASM_EXTERN_FUNC);
  }
  if (made(exporttype != NULL)) wasm_exporttype_name(exporttype);
  wasm_importtype_delete(import);
  wasm_exporttype_delete(exporttype);
  if (!type) wasm_byte_vec_delete(&module), wasm_byte_vec_delete(&name);
  if (!other) wasm_byte_vec_delete(&export);
}

static void values(void) {
  const wasm_val_t val = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(s.foreign));
  wasm_val_t copy = WASM_INIT_VAL, deleted = WASM_INIT_VAL;
  wasm_val_vec_t vec, again, room;
  wasm_val_copy(&deleted, &val);
  made(deleted.of.ref != NULL);
  wasm_val_delete(&deleted);
  wasm_val_copy(&copy, &val);
  if (made(copy.of.ref != NULL)) {
    wasm_val_vec_new(&vec, 1, &copy); /* takes it, also when it fails */
    if (made(vec.data != NULL)) {
      wasm_val_vec_copy(&again, &vec);
      made(again.data != NULL);
      wasm_val_vec_delete(&again);
    }
    wasm_val_vec_delete(&vec);
  }
  wasm_val_vec_new_uninitialized(&room, 2);
  made(room.data != NULL);
  wasm_val_vec_delete(&room);
  wasm_val_vec_new_empty(&room);
}

static void bytes(void) {
  wasm_byte_vec_t vec, copy, room;
  wasm_byte_vec_new(&vec, 3, "abc");
  if (made(vec.data != NULL)) {
    wasm_byte_vec_copy(&copy, &vec);
    made(copy.data != NULL);
    wasm_byte_vec_delete(&copy);
  }
  wasm_byte_vec_delete(&vec);
  wasm_byte_vec_new_uninitialized(&room, 5);
  made(room.data != NULL);
  wasm_byte_vec_delete(&room);
  wasm_byte_vec_new_empty(&room);
}

/* ---- objects ---- */

/* The copy of a trap is another one, which says that memory ran out. Host info: when there is no
 * memory for it, the finalizer is not run. */
#define OBJECT(name, object)                                                                       \
  static void name##_handles(void) {                                                               \
    wasm_##name##_t *of = object, *copy = wasm_##name##_copy(of);                                  \
    if (made(copy != NULL) && !wasm_##name##_same(copy, of)) refused++;                            \
    wasm_##name##_set_host_info(of, &gone);                                                        \
    wasm_##name##_get_host_info(of);                                                               \
    wasm_##name##_set_host_info_with_finalizer(of, NULL, NULL);                                    \
    wasm_##name##_delete(copy);                                                                    \
  }

#define REFERENCE(name, object)                                                                    \
  OBJECT(name, object)                                                                             \
  static void name##_casts(void) {                                                                 \
    wasm_ref_t *ref = wasm_##name##_as_ref(object);                                                \
    assert_ptr_equal(wasm_ref_as_##name(ref), object);                                             \
    assert_ptr_equal(wasm_ref_as_##name##_const(wasm_##name##_as_ref_const(object)), object);      \
  }

#define EXTERNAL(name, object)                                                                     \
  REFERENCE(name, object)                                                                          \
  static void name##_externals(void) {                                                             \
    wasm_extern_t *as_extern = wasm_##name##_as_extern(object);                                    \
    assert_ptr_equal(wasm_extern_as_##name(as_extern), object);                                    \
    assert_ptr_equal(wasm_extern_as_##name##_const(wasm_##name##_as_extern_const(object)),         \
                     object);                                                                      \
    wasm_externtype_t *type = wasm_extern_type(as_extern);                                         \
    made(type != NULL);                                                                            \
    wasm_externtype_delete(type);                                                                  \
    wasm_##name##type_t *own_type = wasm_##name##_type(object);                                    \
    made(own_type != NULL);                                                                        \
    wasm_##name##type_delete(own_type);                                                            \
    wasm_extern_kind(as_extern);                                                                   \
  }

OBJECT(ref, wasm_func_as_ref(s.f))
REFERENCE(trap, s.trap)
REFERENCE(foreign, s.foreign)
REFERENCE(module, s.module)
REFERENCE(instance, s.instance)
EXTERNAL(func, s.f)
EXTERNAL(global, s.global)
EXTERNAL(table, s.table)
EXTERNAL(memory, s.memory)
EXTERNAL(tag, s.tag)
OBJECT(extern, s.ext)

static void extern_refs(void) {
  assert_ptr_equal(wasm_ref_as_extern(wasm_extern_as_ref(s.ext)), s.ext);
  assert_ptr_equal(wasm_ref_as_extern_const(wasm_extern_as_ref_const(s.ext)), s.ext);
  wasm_extern_t *list[1] = {wasm_extern_copy(s.ext)};
  if (!made(list[0] != NULL)) return;
  wasm_extern_vec_t vec, copy, room;
  wasm_extern_vec_new(&vec, 1, list);
  if (made(vec.data != NULL)) {
    wasm_extern_vec_copy(&copy, &vec);
    made(copy.data != NULL);
    wasm_extern_vec_delete(&copy);
    wasm_extern_vec_delete(&vec);
  }
  wasm_extern_vec_new_uninitialized(&room, 3);
  made(room.data != NULL);
  wasm_extern_vec_delete(&room);
  wasm_extern_vec_new_empty(&room);
}

static wasm_trap_t *give_back(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)env;
  wasm_val_copy(&results->data[0], &args->data[1]);
  return NULL;
}
static wasm_trap_t *give_back_plainly(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  return give_back(NULL, args, results);
}
static wasm_trap_t *looks_on(void *env, wasmx_caller_t *caller, const wasm_val_vec_t *args,
                             wasm_val_vec_t *results) {
  (void)caller;
  return give_back(env, args, results);
}

/* When the call itself fails, the finalizer is not run. */
static void new_funcs(void) {
  gone = 0;
  wasm_func_t *funcs[4] = {wasm_func_new(s.store, s.type, give_back_plainly),
                           wasm_func_new_with_env(s.store, s.type, give_back, &gone, count_call),
                           wasmx_func_new(s.store, s.type, looks_on, &gone, count_call),
                           wasmx_func_new_raw(s.store, s.type, look_around, &gone, count_call)};
  int with_finalizer = 0;
  for (int i = 0; i < 4; i++) {
    with_finalizer += made(funcs[i] != NULL) && i > 0;
    wasm_func_delete(funcs[i]);
  }
  wasmx_store_collect(s.store);
  assert_int_equal(gone, with_finalizer);
}

static int32_t native(int32_t v) { return v + 1; }

static void natives(void) {
  if (!wasmx_has("native")) return;
  wasm_func_t *func = wasmx_func_new_native(s.store, s.i32_type, (void (*)(void))native);
  made(func != NULL);
  wasm_func_delete(func);
  /* One pointer for a function's life: a copy of the module's. */
  wasm_instance_t *instance = wasmx_linker_instantiate(s.linker, s.module, NULL, NULL);
  wasm_func_t *add_one = made(instance != NULL) ? wasmx_instance_func(instance, "add_one") : NULL;
  int32_t (*call)(int32_t) = add_one ? (int32_t (*)(int32_t))wasmx_func_as_native(add_one) : NULL;
  if (made(call != NULL)) {
    wasmx_store_set_native_trap_handler(s.store, NULL, NULL);
    int32_t result = call(41);
    wasm_trap_t *trap = wasmx_store_take_native_trap(s.store);
    if (!trap) assert_int_equal(result, 42);
    no_trap(trap);
  }
  wasm_func_delete(add_one);
  wasm_instance_delete(instance);
}

static void new_objects(void) {
  const wasm_val_t zero = i32_val(0);
  const wasmx_slot_t slot = wasmx_slot_i32(3);
  wasm_global_t *global = wasm_global_new(s.store, some_globaltype(), &zero);
  wasm_global_t *raw = wasmx_global_new_raw(s.store, some_globaltype(), &slot);
  wasm_table_t *table = wasm_table_new(s.store, some_tabletype(), NULL);
  wasm_memory_t *memory = wasm_memory_new(s.store, some_memorytype());
  wasm_tag_t *tag = wasm_tag_new(s.store, some_tagtype());
  wasm_foreign_t *foreign = wasm_foreign_new(s.store);
  made(global != NULL), made(raw != NULL), made(table != NULL), made(memory != NULL),
      made(tag != NULL);
  if (made(foreign != NULL)) {
    gone = 0;
    wasm_foreign_set_host_info_with_finalizer(foreign, &gone, count_call);
  }
  wasm_global_delete(global), wasm_global_delete(raw), wasm_table_delete(table),
      wasm_memory_delete(memory);
  wasm_tag_delete(tag), wasm_foreign_delete(foreign);
  wasmx_store_collect(s.store);
}

static void new_traps(void) {
  wasm_trap_t *traps[3] = {wasm_trap_new(s.store, &s.message), wasmx_trap_new_exit(s.store, 3),
                           wasmx_trap_new_exception(s.exception)};
  for (int i = 0; i < 3; i++) {
    assert_non_null(traps[i]); /* never none */
    wasmx_exception_t *exception = wasmx_trap_exception(traps[i]);
    int status;
    wasmx_trap_exit_status(traps[i], &status);
    wasmx_exception_delete(exception);
    wasm_trap_delete(traps[i]);
  }
}

static void exceptions(void) {
  const wasmx_slot_t slot = wasmx_slot_i32(5);
  wasm_val_t val = i32_val(5);
  const wasm_val_vec_t args = {1, &val};
  wasmx_exception_t *list[3] = {wasmx_exception_new(s.tag, &args),
                                wasmx_exception_new_raw(s.tag, &slot),
                                wasmx_exception_copy(s.exception)};
  for (int i = 0; i < 3; i++) {
    if (!made(list[i] != NULL)) continue;
    wasm_val_vec_t out;
    wasmx_slot_t raw;
    if (made(wasmx_exception_args(list[i], &out))) assert_int_equal(out.data[0].of.i32, 5);
    wasm_val_vec_delete(&out);
    wasm_tag_t *tag = wasmx_exception_tag(list[i]);
    made(tag != NULL);
    wasm_tag_delete(tag);
    assert_int_equal(wasmx_exception_arg_slots(list[i]), 1);
    wasmx_exception_args_raw(list[i], &raw);
    assert_int_equal(raw.i32, 5);
    assert_ptr_equal(wasmx_ref_as_exception(wasmx_exception_as_ref(list[i])), list[i]);
    wasmx_exception_delete(list[i]);
  }
}

/* ---- engines, stores, modules, instances ---- */

static void engines(void) {
  wasm_config_t *config = wasm_config_new();
  if (!made(config != NULL)) return;
  wasm_engine_t *engine = wasm_engine_new_with_config(config), *other = wasm_engine_new();
  wasm_store_t *store = made(engine != NULL) ? wasm_store_new(engine) : NULL;
  wasm_store_t *beside = made(store != NULL) ? wasmx_store_new_beside(store) : NULL;
  made(beside != NULL), made(other != NULL);
  wasm_store_delete(beside);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  wasm_engine_delete(other);
}

static void modules(void) {
  wasmx_error_t err = no_error();
  wasm_module_t *list[4] = {wasm_module_new(s.store, &s.small_binary), NULL, NULL, NULL};
  made(list[0] != NULL);
  list[1] = wasmx_module_new(s.store, &s.text, WASMX_ALLOW_TEXT, &err);
  made_or_says(list[1] != NULL, &err);
  list[2] = wasmx_module_new_file(s.store, s.file, 0, &err);
  made_or_says(list[2] != NULL, &err);
  list[3] = wasm_module_obtain(s.store, s.shared);
  made(list[3] != NULL);
  for (int i = 0; i < 4; i++) {
    if (list[i]) wasmx_module_name(list[i]);
    wasm_module_delete(list[i]);
  }
  made(wasm_module_validate(s.store, &s.small_binary));
  made_or_says(wasmx_module_validate(s.store, &s.text, WASMX_ALLOW_TEXT, &err), &err);
  wasm_shared_module_t *shared = wasm_module_share(s.module);
  made(shared != NULL);
  wasm_shared_module_delete(shared);
}

static void module_types(void) {
  wasm_importtype_vec_t imports;
  wasm_exporttype_vec_t exports;
  wasm_module_imports(s.module, &imports);
  made(imports.data != NULL);
  wasm_module_exports(s.module, &exports);
  made(exports.data != NULL);
  wasm_importtype_vec_delete(&imports);
  wasm_exporttype_vec_delete(&exports);
}

/* Serialized again with the machine code that there is: without memory for it, empty. */
static void serialized(void) {
  wasmx_error_t err = no_error();
  wasm_byte_vec_t out;
  wasm_module_serialize(s.module, &out);
  made(out.data != NULL);
  wasm_byte_vec_delete(&out);
  wasm_module_t *module = wasm_module_deserialize(s.store, &s.serialized);
  made(module != NULL);
  wasm_module_delete(module);
  char file[80];
  snprintf(file, sizeof file, "%s.serialized", s.file);
  module = wasmx_module_deserialize_file(s.store, file, &err);
  made_or_says(module != NULL, &err);
  wasm_module_delete(module);
}

static void shared_modules(void) {
  wasmx_error_t err = no_error();
  wasm_byte_vec_t out;
  char file[80];
  wasm_shared_module_t *list[3];
  snprintf(file, sizeof file, "%s.serialized", s.file);
  list[0] = wasmx_shared_module_new(s.engine, &s.binary, WASMX_BORROW_BYTES, NULL, NULL, &err);
  if (made_or_says(list[0] != NULL, &err) && made(wasmx_shared_module_serialize(list[0], &out)))
    wasm_byte_vec_delete(&out);
  list[1] = wasmx_shared_module_deserialize(s.engine, &s.serialized, &err);
  made_or_says(list[1] != NULL, &err);
  list[2] = wasmx_shared_module_deserialize_file(s.engine, file, 0, UINT64_MAX, &err);
  made_or_says(list[2] != NULL, &err);
  for (int i = 0; i < 3; i++) wasm_shared_module_delete(list[i]);
}

/* Nothing is allocated. */
static void told_items(void) {
  wasmx_externinfo_t info = {.size = sizeof info};
  wasm_shared_module_t *shared = wasm_module_share(s.module);
  wasm_functype_t *type = wasmx_functype_parse("(i32) -> f64", NULL);
  if (made(type != NULL)) made(wasmx_functype_equal(type, type));
  wasm_functype_delete(type);
  for (size_t i = 0; wasmx_module_import_info(s.module, i, &info); i++)
    wasmx_externinfo_value(&info, 0);
  wasmx_module_export_info(s.module, 0, &info);
  if (made(shared != NULL)) {
    wasmx_shared_module_import_info(shared, 0, &info);
    wasmx_shared_module_export_info(shared, 0, &info);
  }
  wasm_shared_module_delete(shared);
  ended_with(WASMX_TRAP_CANONICAL_ABI,
             wasmx_trap_new_message(s.store, WASMX_TRAP_CANONICAL_ABI, "said"));
}

static void texts(void) {
  wasmx_error_t err = no_error();
  wasm_byte_vec_t out;
  if (made_or_says(wasmx_wat2wasm(s.text.data, s.text.size, &out, &err), &err))
    wasm_byte_vec_delete(&out);
  if (made_or_says(wasmx_wasm2wat(&s.binary, WASMX_PRINT_FOLDED, &out, &err), &err))
    wasm_byte_vec_delete(&out);
}

static void instances(void) {
  wasmx_error_t err = no_error();
  wasm_extern_t *list[1] = {wasm_func_as_extern(s.host)};
  wasm_extern_vec_t imports = {1, list}, exports;
  wasm_trap_t *trap = NULL;
  wasm_instance_t *all[3] = {wasm_instance_new(s.store, s.module, &imports, &trap), NULL, NULL};
  if (!all[0]) refused++;
  no_trap(trap);
  all[1] = wasmx_instance_new(s.store, s.module, &imports, &trap, &err);
  if (!trap) made_or_says(all[1] != NULL, &err);
  no_trap(trap);
  all[2] = wasmx_linker_instantiate(s.linker, s.module, &trap, &err);
  if (!trap) made_or_says(all[2] != NULL, &err);
  no_trap(trap);
  for (int i = 0; i < 3; i++) wasm_instance_delete(all[i]);
  wasm_instance_exports(s.instance, &exports);
  made(exports.data != NULL);
  wasm_extern_vec_delete(&exports);
}

static void exports_by_name(void) {
  wasm_extern_t *list[2] = {wasmx_instance_export(s.instance, "m"),
                            wasmx_instance_export_n(s.instance, "m", 1)};
  wasm_func_t *func = wasmx_instance_func(s.instance, "f");
  wasm_memory_t *memory = wasmx_instance_memory(s.instance, "m");
  wasm_global_t *global = wasmx_instance_global(s.instance, "g");
  wasm_table_t *table = wasmx_instance_table(s.instance, "t");
  wasm_tag_t *tag = wasmx_instance_tag(s.instance, "e");
  made(list[0] && list[1] && func && memory && global && table && tag);
  wasm_extern_delete(list[0]), wasm_extern_delete(list[1]), wasm_func_delete(func),
      wasm_memory_delete(memory);
  wasm_global_delete(global), wasm_table_delete(table), wasm_tag_delete(tag);
}

static void linkers(void) {
  wasmx_linker_t *linker = wasmx_linker_new(s.store);
  if (!made(linker != NULL)) return;
  bool first = made(wasmx_linker_define(linker, "a", "b", s.ext));
  bool second = made(wasmx_linker_define_n(linker, "a", 1, "c", 1, s.ext));
  made(wasmx_linker_define_instance(linker, "i", 1, s.instance));
  wasm_extern_t *list[2] = {wasmx_linker_get(linker, "a", "b"),
                            wasmx_linker_get_n(linker, "a", 1, "c", 1)};
  if (first) made(list[0] != NULL);
  if (second) made(list[1] != NULL);
  wasm_extern_delete(list[0]);
  wasm_extern_delete(list[1]);
  wasmx_linker_delete(linker);
}

/* ---- calls ---- */

static void calls(void) {
  wasm_val_t args[2] = {i32_val(0), ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(s.foreign))},
             result = WASM_INIT_VAL;
  wasm_trap_t *trap = call_n(s.f, 2, args, &result);
  if (!trap) wasm_val_delete(&result);
  no_trap(trap);
  wasmx_slot_t slots[2] = {wasmx_slot_i32(41)};
  no_trap(wasmx_func_call_raw(s.add_one, slots));
  slots[0] = wasmx_slot_i32(41);
  no_trap(wasmx_func_call_within(s.add_one, slots, UINT64_MAX / 4));
  assert_int_equal(wasm_func_param_arity(s.f) + wasmx_func_param_slots(s.f), 4);
  assert_int_equal(wasm_func_result_arity(s.f) + wasmx_func_result_slots(s.f), 2);
}

static wasm_trap_t *suspends(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)slots;
  assert_non_null(wasmx_store_call(s.store));
  return wasmx_call_suspend(caller, &gone, NULL);
}

/* Each with stacks of its own size, which no call before left; one is dropped, one returns. */
static void suspended_calls(void) {
  static size_t size = 128 << 10;
  if (!wasmx_has("suspend")) return;
  wasm_func_t *waits = wasmx_func_new_raw(s.store, s.plain_type, suspends, NULL, NULL);
  if (!made(waits != NULL)) return;
  for (int i = 0; i < 2; i++) {
    wasmx_call_options_t bounds = {.size = sizeof bounds, .deadline_ns = UINT64_MAX / 4};
    wasmx_suspend_options_t options = {.size = sizeof options, .stack_size = size, .call = &bounds};
    size += 4096;
    wasmx_call_t *call = wasmx_call_start(waits, NULL, &options, NULL);
    if (!made(call != NULL)) continue;
    assert_ptr_equal(wasmx_call_store(call), s.store);
    wasm_trap_t *trap;
    wasmx_callstate_t state = wasmx_call_resume(call, NULL, NULL, &trap);
    no_trap(trap);
    if (state == WASMX_CALL_SUSPENDED) {
      assert_ptr_equal(wasmx_call_value(call), &gone);
      if (i == 1) state = wasmx_call_resume(call, NULL, NULL, &trap);
      no_trap(trap);
    }
    if (state == WASMX_CALL_NONE) made(false);
    assert_int_equal(wasmx_call_state(call), state ? state : WASMX_CALL_SUSPENDED);
    assert_true(wasmx_call_delete(call));
  }
  wasm_func_delete(waits);
}

static void traps(void) {
  wasm_trap_t *list[2] = {wasmx_func_call_raw(s.crash, NULL), wasmx_func_call_raw(s.throws, NULL)};
  for (int i = 0; i < 2; i++) {
    assert_non_null(list[i]);
    wasm_message_t message;
    wasm_byte_vec_t text;
    wasm_frame_vec_t trace;
    wasm_trap_message(list[i], &message);
    wasmx_trap_print(list[i], &text);
    wasm_trap_trace(list[i], &trace);
    wasm_frame_t *origin = wasm_trap_origin(list[i]);
    if (origin) {
      wasm_frame_instance(origin), wasm_frame_func_index(origin), wasm_frame_func_offset(origin);
      wasm_frame_module_offset(origin), wasmx_frame_func_name(origin),
          wasmx_frame_module_name(origin);
      made(wasmx_frame_func_name_view(origin) && wasmx_frame_module_name_view(origin));
    }
    if (!message.data || !text.data || !trace.data || !origin) refused++;
    wasm_frame_delete(origin);
    wasm_byte_vec_delete(&message), wasm_byte_vec_delete(&text), wasm_frame_vec_delete(&trace);
    wasm_trap_delete(list[i]);
  }
}

static void memories(void) {
  uint64_t old;
  char byte = 1;
  made(wasm_memory_grow(s.memory, 0) && wasmx_memory_grow(s.memory, 0, &old));
  assert_true(wasm_memory_size(s.memory) == 1 && wasmx_memory_size(s.memory) == 1 &&
              wasm_memory_data_size(s.memory) == 65536);
  assert_true(wasmx_memory_write(s.memory, 8, &byte, 1) &&
              wasmx_memory_read(s.memory, 8, &byte, 1));
  assert_int_equal(wasm_memory_data(s.memory)[8], 1);
  wasm_memory_t *grown = wasm_memory_new(s.store, some_memorytype());
  if (made(grown != NULL) && !wasm_memory_grow(grown, 1)) refused++;
  wasm_memory_delete(grown);
  wasmx_shared_memory_t *shared = wasmx_memory_share(s.shared_one);
  made(shared != NULL);
  wasmx_shared_memory_delete(shared);
  wasm_memory_t *same = wasmx_memory_obtain(s.store, s.shared_memory);
  made(same != NULL);
  wasm_memory_delete(same);
  assert_non_null(wasmx_shared_memory_data(s.shared_memory));
  assert_int_equal(wasmx_shared_memory_data_size(s.shared_memory), 65536);
  assert_int_equal(wasmx_shared_memory_notify(s.shared_memory, 0, 1), 0);
}

static void tables_and_globals(void) {
  wasm_ref_t *ref = wasm_table_get(s.table, 0);
  made(ref != NULL);
  assert_true(wasm_table_set(s.table, 1, wasm_func_as_ref(s.host)));
  wasm_table_t *table = wasm_table_new(s.store, some_tabletype(), NULL);
  if (made(table != NULL) && !wasm_table_grow(table, 3, NULL)) refused++;
  if (table) wasm_table_size(table);
  wasm_table_delete(table);
  wasm_ref_delete(ref);
  wasm_val_t val = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(s.foreign)), out = WASM_INIT_VAL;
  wasm_global_set(s.ref_global, &val);
  wasm_global_get(s.ref_global, &out);
  made(out.of.ref != NULL);
  wasm_val_delete(&out);
  wasmx_slot_t slot;
  wasmx_global_get_raw(s.ref_global, &slot);
  wasm_ref_t *again = wasmx_ref_of_slot(s.store, slot.ref);
  if (made(again != NULL)) assert_int_equal(wasmx_slot_of_ref(again), slot.ref);
  wasm_ref_delete(again);
  assert_true(wasmx_global_set_raw(s.ref_global, &slot));
}

/* ---- the rest ---- */

static void stops(void) {
  wasmx_interrupt_t *handle = wasmx_store_interrupt_handle(s.store);
  if (made(handle != NULL)) wasmx_interrupt_raise(handle);
  wasmx_interrupt_delete(handle);
  wasmx_store_interrupt(s.store);
  assert_true(wasmx_store_interrupted(s.store));
  wasmx_store_interrupt_fd(s.store);
  wasmx_store_clear_interrupt(s.store);
  made(wasmx_store_set_deadline(s.store, UINT64_MAX / 4));
  wasmx_store_set_deadline(s.store, 0);
  assert_false(wasmx_store_set_fuel(s.store, 1));
  assert_int_equal(wasmx_store_fuel(s.store), 0);
  wasmx_limits_t limits = {.size = sizeof limits}, none;
  memset(&none, 0xff, sizeof none);
  none.size = sizeof none;
  made(wasmx_store_set_limits(s.store, &none));
  wasmx_store_get_usage(s.store, &limits);
  wasm_store_t *store = wasm_store_new(s.engine);
  if (made(store != NULL)) assert_true(wasmx_store_try_delete(store));
}

#define TYPE_STEP(name)      STEP(name##_steps)
#define OBJECT_STEP(name)    STEP(name##_handles)
#define EXTERNAL_STEPS(name) STEP(name##_handles), STEP(name##_casts), STEP(name##_externals)
static const Step steps[] = {
    TYPE_STEP(valtype),    TYPE_STEP(functype),
    TYPE_STEP(globaltype), TYPE_STEP(tabletype),
    TYPE_STEP(memorytype), TYPE_STEP(tagtype),
    TYPE_STEP(externtype), TYPE_STEP(importtype),
    TYPE_STEP(exporttype), TYPE_STEP(frame),
    STEP(new_types),       STEP(new_import_types),
    STEP(values),          STEP(bytes),
    OBJECT_STEP(ref),      OBJECT_STEP(extern),
    OBJECT_STEP(trap),     STEP(trap_casts),
    OBJECT_STEP(foreign),  STEP(foreign_casts),
    OBJECT_STEP(module),   STEP(module_casts),
    OBJECT_STEP(instance), STEP(instance_casts),
    EXTERNAL_STEPS(func),  EXTERNAL_STEPS(global),
    EXTERNAL_STEPS(table), EXTERNAL_STEPS(memory),
    EXTERNAL_STEPS(tag),   STEP(extern_refs),
    STEP(new_funcs),       STEP(natives),
    STEP(new_objects),     STEP(new_traps),
    STEP(exceptions),      STEP(engines),
    STEP(modules),         STEP(module_types),
    STEP(serialized),      STEP(shared_modules),
    STEP(told_items),      STEP(texts),
    STEP(instances),       STEP(exports_by_name),
    STEP(linkers),         STEP(calls),
    STEP(suspended_calls), STEP(traps),
    STEP(memories),        STEP(tables_and_globals),
    STEP(stops),
};

static void every_function_stands_it(void **state) {
  (void)state;
  make_scene();
  assert_true(sweep_all(steps, sizeof steps / sizeof *steps) > 200);
  delete_scene();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_function_stands_it)};
  wasm_trap_delete(wasmx_func_call_raw(NULL, NULL)); /* this thread's last error has its place */
  return run_with_text(tests);
}
