/* Type objects and vectors: what comes out is what went in, copies are independent, NULL is
 * nothing. */
#include "fixture.h"

/* Runs every function of a vector of pointers. `make` gives a new item. */
#define VEC_TEST(name, make)                                                                       \
  static void vec_of_##name(void **state) {                                                        \
    (void)state;                                                                                   \
    wasm_##name##_vec_t vec, copy;                                                                 \
    wasm_##name##_vec_new_empty(&vec);                                                             \
    assert_true(vec.size == 0 && !vec.data);                                                       \
    wasm_##name##_vec_copy(&copy, &vec);                                                           \
    assert_true(copy.size == 0 && !copy.data);                                                     \
    wasm_##name##_vec_delete(&vec);                                                                \
    wasm_##name##_vec_new_uninitialized(&vec, 3);                                                  \
    assert_int_equal(vec.size, 3);                                                                 \
    vec.data[1] = make;                                                                            \
    wasm_##name##_vec_copy(&copy, &vec);                                                           \
    assert_int_equal(copy.size, 3);                                                                \
    assert_true(!copy.data[0] && copy.data[1] && !copy.data[2]);                                   \
    wasm_##name##_vec_delete(&vec);                                                                \
    assert_true(vec.size == 0 && !vec.data);                                                       \
    wasm_##name##_vec_delete(&vec);                                                                \
    wasm_##name##_vec_delete(&copy);                                                               \
    wasm_##name##_t *items[2];                                                                     \
    items[0] = make;                                                                               \
    items[1] = make;                                                                               \
    wasm_##name##_vec_new(&vec, 2, items);                                                         \
    assert_int_equal(vec.size, 2);                                                                 \
    assert_ptr_equal(vec.data[1], items[1]);                                                       \
    wasm_##name##_vec_delete(&vec);                                                                \
    wasm_##name##_vec_new(&vec, 0, NULL);                                                          \
    assert_int_equal(vec.size, 0);                                                                 \
    wasm_##name##_vec_new_uninitialized(&vec, SIZE_MAX);                                           \
    assert_true(vec.size == 0 && !vec.data);                                                       \
    assert_last_error(WASMX_OUT_OF_MEMORY, "memory");                                              \
    wasm_##name##_vec_copy(&vec, NULL);                                                            \
    assert_int_equal(vec.size, 0);                                                                 \
    wasm_##name##_vec_new_empty(NULL);                                                             \
    wasm_##name##_vec_new_uninitialized(NULL, 1);                                                  \
    wasm_##name##_vec_copy(NULL, NULL);                                                            \
    wasm_##name##_vec_delete(NULL);                                                                \
    assert_null(wasm_##name##_copy(NULL));                                                         \
    wasm_##name##_delete(NULL);                                                                    \
  }

static wasm_functype_t *some_functype(void) {
  return wasm_functype_new_2_1(wasm_valtype_new_i32(), wasm_valtype_new_externref(),
                               wasm_valtype_new_f64());
}

static wasm_globaltype_t *some_globaltype(void) {
  return wasm_globaltype_new(wasm_valtype_new_i64(), WASM_VAR);
}

static wasm_tabletype_t *some_tabletype(void) {
  wasm_limits_t limits = {1, 7};
  return wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
}

static wasm_memorytype_t *some_memorytype(void) {
  wasm_limits_t limits = {2, wasm_limits_max_default};
  return wasm_memorytype_new(&limits);
}

static wasm_tagtype_t *some_tagtype(void) {
  return wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i32()));
}

static wasm_importtype_t *some_importtype(void) {
  wasm_name_t module, name;
  wasm_name_new_from_string(&module, "mod");
  wasm_name_new_from_string_nt(&name, "name");
  wasm_importtype_t *import =
      wasm_importtype_new(&module, &name, wasm_functype_as_externtype(some_functype()));
  assert_true(module.size == 0 && name.size == 0);
  return import;
}

static wasm_exporttype_t *some_exporttype(void) {
  wasm_name_t name;
  wasm_name_new_from_string(&name, "out");
  return wasm_exporttype_new(&name, wasm_memorytype_as_externtype(some_memorytype()));
}

VEC_TEST(valtype, wasm_valtype_new(WASM_F32))
VEC_TEST(functype, some_functype())
VEC_TEST(globaltype, some_globaltype())
VEC_TEST(tabletype, some_tabletype())
VEC_TEST(memorytype, some_memorytype())
VEC_TEST(tagtype, some_tagtype())
VEC_TEST(externtype, wasm_tagtype_as_externtype(some_tagtype()))
VEC_TEST(importtype, some_importtype())
VEC_TEST(exporttype, some_exporttype())

static void vec_of_bytes(void **state) {
  (void)state;
  wasm_byte_vec_t vec, copy;
  wasm_name_new_from_string_nt(&vec, "abc");
  assert_int_equal(vec.size, 4);
  wasm_name_copy(&copy, &vec);
  assert_string_equal(copy.data, "abc");
  assert_ptr_not_equal(copy.data, vec.data);
  wasm_name_delete(&vec);
  wasm_name_delete(&copy);
  wasm_byte_vec_new_empty(&vec);
  wasm_byte_vec_copy(&copy, &vec);
  assert_true(copy.size == 0 && !copy.data);
  wasm_byte_vec_new_uninitialized(&vec, 100);
  assert_int_equal(vec.size, 100);
  memset(vec.data, 1, 100);
  wasm_byte_vec_delete(&vec);
  wasm_byte_vec_new(&vec, 2, "xyz");
  assert_memory_equal(vec.data, "xy", 2);
  wasm_byte_vec_delete(&vec);
  wasm_byte_vec_delete(NULL);
}

static void vec_of_values(void **state) {
  (void)state;
  wasm_val_t items[3] = {WASM_I32_VAL(-5), WASM_F64_VAL(0.5), WASM_REF_VAL(NULL)};
  wasm_val_vec_t vec, copy;
  wasm_val_vec_new(&vec, 3, items);
  wasm_val_vec_copy(&copy, &vec);
  assert_int_equal(copy.size, 3);
  assert_int_equal(copy.data[0].of.i32, -5);
  assert_true(copy.data[1].of.f64 == 0.5);
  assert_null(copy.data[2].of.ref);
  wasm_val_vec_delete(&copy);
  wasm_val_vec_delete(&vec);
  wasm_val_vec_new_uninitialized(&vec, 2);
  assert_int_equal(vec.data[1].of.i64, 0);
  wasm_val_vec_delete(&vec);
  wasm_val_vec_new_empty(&vec);
  assert_null(vec.data);
  wasm_val_t val;
  wasm_val_init_ptr(&val, items);
  assert_ptr_equal(wasm_val_ptr(&val), items);
  wasm_val_copy(&val, NULL);
  wasm_val_copy(NULL, NULL);
  wasm_val_delete(NULL);
}

static void value_types(void **state) {
  (void)state;
  static const wasm_valkind_t kinds[] = {WASM_I32,   WASM_I64,       WASM_F32,    WASM_F64,
                                         WASMX_V128, WASM_EXTERNREF, WASM_FUNCREF};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    wasm_valtype_t *type = wasm_valtype_new(kinds[i]), *copy = wasm_valtype_copy(type);
    assert_int_equal(wasm_valtype_kind(copy), kinds[i]);
    assert_true(wasm_valtype_is_ref(type) == (kinds[i] >= 128));
    assert_true(wasm_valtype_is_num(type) == (kinds[i] < 128));
    wasm_valtype_delete(copy);
    wasm_valtype_delete(type);
  }
  assert_int_equal(WASM_ANYREF, 128);
  assert_int_equal(WASM_FUNCREF, 129);
  assert_null(wasm_valtype_new(77));
  assert_last_error(WASMX_ARGUMENT, "77");
  wasm_valtype_t *types[] = {wasm_valtype_new_i32(),       wasm_valtype_new_i64(),
                             wasm_valtype_new_f32(),       wasm_valtype_new_f64(),
                             wasm_valtype_new_externref(), wasm_valtype_new_funcref(),
                             wasm_valtype_new_anyref()};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) wasm_valtype_delete(types[i]);
}

static void assert_kinds(const wasm_valtype_vec_t *types, size_t count, wasm_valkind_t kind) {
  assert_int_equal(types->size, count);
  for (size_t i = 0; i < count; i++) assert_int_equal(wasm_valtype_kind(types->data[i]), kind);
}

static wasm_valtype_t *p(void) { return wasm_valtype_new(WASM_I64); }
static wasm_valtype_t *r(void) { return wasm_valtype_new(WASM_F32); }

static void function_types(void **state) {
  (void)state;
  wasm_functype_t *types[4][3] = {
      {wasm_functype_new_0_0(), wasm_functype_new_0_1(r()), wasm_functype_new_0_2(r(), r())},
      {wasm_functype_new_1_0(p()), wasm_functype_new_1_1(p(), r()),
       wasm_functype_new_1_2(p(), r(), r())},
      {wasm_functype_new_2_0(p(), p()), wasm_functype_new_2_1(p(), p(), r()),
       wasm_functype_new_2_2(p(), p(), r(), r())},
      {wasm_functype_new_3_0(p(), p(), p()), wasm_functype_new_3_1(p(), p(), p(), r()),
       wasm_functype_new_3_2(p(), p(), p(), r(), r())}};
  for (size_t i = 0; i < 4; i++) {
    for (size_t j = 0; j < 3; j++) {
      wasm_functype_t *copy = wasm_functype_copy(types[i][j]);
      wasm_functype_delete(types[i][j]);
      assert_kinds(wasm_functype_params(copy), i, WASM_I64);
      assert_kinds(wasm_functype_results(copy), j, WASM_F32);
      wasm_functype_delete(copy);
    }
  }
  wasm_functype_t *empty = wasm_functype_new(NULL, NULL);
  assert_int_equal(wasm_functype_params(empty)->size, 0);
  wasm_functype_delete(empty);
  wasm_valtype_vec_t holes, none = WASM_EMPTY_VEC;
  wasm_valtype_vec_new_uninitialized(&holes, 2);
  assert_null(wasm_functype_new(&holes, &none));
  assert_int_equal(holes.size, 0);
  assert_int_equal(wasm_functype_params(NULL)->size, 0);
  assert_int_equal(wasm_functype_results(NULL)->size, 0);
}

static void other_types(void **state) {
  (void)state;
  wasm_globaltype_t *global = some_globaltype();
  assert_int_equal(wasm_valtype_kind(wasm_globaltype_content(global)), WASM_I64);
  assert_int_equal(wasm_globaltype_mutability(global), WASM_VAR);
  wasm_globaltype_delete(global);
  assert_null(wasm_globaltype_new(NULL, WASM_CONST));
  assert_null(wasm_globaltype_new(wasm_valtype_new_i32(), 7));

  wasm_tabletype_t *table = some_tabletype();
  assert_int_equal(wasm_valtype_kind(wasm_tabletype_element(table)), WASM_FUNCREF);
  assert_int_equal(wasm_tabletype_limits(table)->min, 1);
  assert_int_equal(wasm_tabletype_limits(table)->max, 7);
  assert_false(wasmx_tabletype_is_64(table));
  wasm_tabletype_delete(table);
  wasm_limits_t limits = {0, 1};
  assert_null(wasm_tabletype_new(wasm_valtype_new_i32(), &limits));
  assert_null(wasm_tabletype_new(wasm_valtype_new_funcref(), NULL));
  assert_null(wasm_tabletype_new(NULL, &limits));

  wasm_memorytype_t *memory = some_memorytype();
  assert_int_equal(wasm_memorytype_limits(memory)->max, wasm_limits_max_default);
  assert_true(wasmx_memorytype_limits(memory).max == UINT64_MAX);
  wasm_memorytype_delete(memory);
  assert_null(wasm_memorytype_new(NULL));

  wasm_tagtype_t *tag = some_tagtype();
  assert_int_equal(wasm_functype_params(wasm_tagtype_functype(tag))->size, 1);
  wasm_tagtype_delete(tag);
  assert_null(wasm_tagtype_new(NULL));

  wasmx_limits64_t wide = {1, UINT64_C(1) << 40};
  memory = wasmx_memorytype_new(wide, true, true);
  wasm_memorytype_t *copy = wasm_memorytype_copy(memory);
  assert_true(wasmx_memorytype_is_64(copy) && wasmx_memorytype_is_shared(copy));
  assert_true(wasmx_memorytype_limits(copy).max == wide.max);
  assert_int_equal(wasm_memorytype_limits(copy)->max, UINT32_MAX);
  assert_int_equal(wasmx_memorytype_page_size(copy), 65536);
  wasm_memorytype_delete(memory);
  wasm_memorytype_delete(copy);
  memory = wasmx_memorytype_new_paged(wide, true, false, 1);
  copy = wasm_memorytype_copy(memory);
  assert_int_equal(wasmx_memorytype_page_size(copy), 1);
  wasm_memorytype_delete(memory);
  wasm_memorytype_delete(copy);
  assert_null(wasmx_memorytype_new_paged(wide, true, false, 2));
  assert_int_equal(wasmx_memorytype_page_size(NULL), 0);
  table = wasmx_tabletype_new(wasm_valtype_new_externref(), wide, true);
  assert_true(wasmx_tabletype_is_64(table) && wasmx_tabletype_limits(table).max == wide.max);
  wasm_tabletype_delete(table);
}

/* A cast gives the same object for its kind, NULL for the four others. */
#define CAST_TEST(name, KIND)                                                                      \
  do {                                                                                             \
    wasm_##name##_t *type = some_##name();                                                         \
    wasm_externtype_t *ext = wasm_##name##_as_externtype(type);                                    \
    const wasm_externtype_t *const_ext = wasm_##name##_as_externtype_const(type);                  \
    assert_ptr_equal(ext, const_ext);                                                              \
    assert_int_equal(wasm_externtype_kind(ext), KIND);                                             \
    assert_ptr_equal(wasm_externtype_as_##name(ext), type);                                        \
    assert_ptr_equal(wasm_externtype_as_##name##_const(ext), type);                                \
    assert_null(wasm_externtype_as_##name(NULL));                                                  \
    assert_null(wasm_externtype_as_##name##_const(NULL));                                          \
    int fitting = (wasm_externtype_as_functype(ext) != NULL) +                                     \
                  (wasm_externtype_as_globaltype(ext) != NULL) +                                   \
                  (wasm_externtype_as_tabletype(ext) != NULL) +                                    \
                  (wasm_externtype_as_memorytype(ext) != NULL) +                                   \
                  (wasm_externtype_as_tagtype(ext) != NULL);                                       \
    assert_int_equal(fitting, 1);                                                                  \
    wasm_externtype_t *copy = wasm_externtype_copy(ext);                                           \
    assert_int_equal(wasm_externtype_kind(copy), KIND);                                            \
    wasm_externtype_delete(ext);                                                                   \
    wasm_externtype_delete(copy);                                                                  \
  } while (0)

static void extern_types(void **state) {
  (void)state;
  CAST_TEST(functype, WASM_EXTERN_FUNC);
  CAST_TEST(globaltype, WASM_EXTERN_GLOBAL);
  CAST_TEST(tabletype, WASM_EXTERN_TABLE);
  CAST_TEST(memorytype, WASM_EXTERN_MEMORY);
  CAST_TEST(tagtype, WASM_EXTERN_TAG);
}

static void import_export_types(void **state) {
  (void)state;
  wasm_importtype_t *import = some_importtype(), *import_copy = wasm_importtype_copy(import);
  wasm_importtype_delete(import);
  assert_int_equal(wasm_importtype_module(import_copy)->size, 3);
  assert_string_equal(wasm_importtype_name(import_copy)->data, "name");
  assert_int_equal(wasm_externtype_kind(wasm_importtype_type(import_copy)), WASM_EXTERN_FUNC);
  wasm_importtype_delete(import_copy);

  wasm_exporttype_t *export_ = some_exporttype(), *export_copy = wasm_exporttype_copy(export_);
  wasm_exporttype_delete(export_);
  assert_memory_equal(wasm_exporttype_name(export_copy)->data, "out", 3);
  assert_int_equal(wasm_externtype_kind(wasm_exporttype_type(export_copy)), WASM_EXTERN_MEMORY);
  wasm_exporttype_delete(export_copy);

  wasm_name_t a, b;
  wasm_name_new_from_string(&a, "a");
  wasm_name_new_from_string(&b, "b");
  assert_null(wasm_importtype_new(&a, &b, NULL));
  assert_true(a.size == 0 && b.size == 0);
  assert_null(wasm_exporttype_new(NULL, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vec_of_bytes),      cmocka_unit_test(vec_of_values),
      cmocka_unit_test(vec_of_valtype),    cmocka_unit_test(vec_of_functype),
      cmocka_unit_test(vec_of_globaltype), cmocka_unit_test(vec_of_tabletype),
      cmocka_unit_test(vec_of_memorytype), cmocka_unit_test(vec_of_tagtype),
      cmocka_unit_test(vec_of_externtype), cmocka_unit_test(vec_of_importtype),
      cmocka_unit_test(vec_of_exporttype), cmocka_unit_test(value_types),
      cmocka_unit_test(function_types),    cmocka_unit_test(other_types),
      cmocka_unit_test(extern_types),      cmocka_unit_test(import_export_types),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
