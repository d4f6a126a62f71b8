/* Canonical types: what is equal has one id, what differs does not, counts keep and free. */
#include "wasm/types.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/failing_alloc.h"

#define FUNC_TYPE(params_, param_count_, results_, result_count_)                                  \
  (SubType) {                                                                                      \
    .kind = COMP_FUNC, .is_final = true, .super = NO_TYPE, .params = params_,                      \
    .param_count = param_count_, .results = results_, .result_count = result_count_                \
  }
#define STRUCT_TYPE(fields_, field_count_)                                                         \
  (SubType) {                                                                                      \
    .kind = COMP_STRUCT, .is_final = true, .super = NO_TYPE, .fields = fields_,                    \
    .field_count = field_count_                                                                    \
  }

static const ValType numbers[] = {VAL_I32, VAL_I64, VAL_F32};

static void equal_functions_share_an_id(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  SubType types[] = {FUNC_TYPE(numbers, 2, numbers, 1), FUNC_TYPE(numbers, 2, numbers, 1),
                     FUNC_TYPE(numbers, 1, numbers, 1), FUNC_TYPE(numbers, 2, numbers, 0),
                     FUNC_TYPE(numbers + 1, 2, numbers, 1)};
  for (u32 i = 0; i < ARRAY_LEN(types); i++) assert_true(wm_types_intern(reg, types, i, 1));
  assert_int_equal(types[0].type_id, types[1].type_id);
  for (u32 i = 2; i < ARRAY_LEN(types); i++)
    assert_int_not_equal(types[0].type_id, types[i].type_id);
  u32 host = wm_types_intern_func(reg, numbers, 2, numbers, 1);
  assert_int_equal(host, types[0].type_id);
  const SubType *got = wm_types_get(reg, host);
  assert_int_equal(got->param_count, 2);
  assert_int_equal(got->params[1], VAL_I64);
  assert_int_equal(got->result_count, 1);
  assert_int_equal(got->type_id, host);
  assert_true(got->is_final && got->kind == COMP_FUNC && got->super == NO_TYPE);
  wm_types_delete(reg);
}

static void host_types_count_slots(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  ValType list[] = {VAL_V128, VAL_I32};
  const SubType *got = wm_types_get(reg, wm_types_intern_func(reg, list, 2, list, 1));
  assert_int_equal(got->param_slots, 3);
  assert_int_equal(got->result_slots, 2);
  wm_types_delete(reg);
}

static void final_and_open_types_differ(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  SubType types[] = {FUNC_TYPE(numbers, 1, numbers, 1), FUNC_TYPE(numbers, 1, numbers, 1)};
  types[1].is_final = false;
  assert_true(wm_types_intern(reg, types, 0, 1) && wm_types_intern(reg, types, 1, 1));
  assert_int_not_equal(types[0].type_id, types[1].type_id);
  wm_types_delete(reg);
}

static void mutability_and_packing_differ(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  FieldType fields[] = {{.type = VAL_I32, .is_mutable = false},
                        {.type = VAL_I32, .is_mutable = true},
                        {.type = VAL_I8, .is_mutable = false},
                        {.type = VAL_I16, .is_mutable = false}};
  SubType types[4];
  for (u32 i = 0; i < 4; i++) {
    types[i] = STRUCT_TYPE(&fields[i], 1);
    assert_true(wm_types_intern(reg, types, i, 1));
    for (u32 j = 0; j < i; j++) assert_int_not_equal(types[i].type_id, types[j].type_id);
  }
  wm_types_delete(reg);
}

/* (rec (struct (ref null 0)) (struct (ref null 1))) at `start`, with references to each other or to
 * themselves. */
static void make_pair(SubType *types, u32 start, FieldType fields[2], bool crossed) {
  fields[0] = (FieldType){.type = REF_NULL_TYPE(start + (crossed ? 1 : 0)), .is_mutable = false};
  fields[1] = (FieldType){.type = REF_NULL_TYPE(start + (crossed ? 0 : 1)), .is_mutable = true};
  types[start] = STRUCT_TYPE(&fields[0], 1);
  types[start + 1] = STRUCT_TYPE(&fields[1], 1);
}

static void recursion_groups_are_equal_as_wholes(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  SubType types[6];
  FieldType fields[3][2];
  make_pair(types, 0, fields[0], true);
  make_pair(types, 2, fields[1], true);
  make_pair(types, 4, fields[2], false);
  for (u32 i = 0; i < 6; i += 2) assert_true(wm_types_intern(reg, types, i, 2));
  assert_int_equal(types[0].type_id, types[2].type_id);
  assert_int_equal(types[1].type_id, types[3].type_id);
  assert_int_not_equal(types[0].type_id, types[1].type_id);
  assert_int_not_equal(types[0].type_id, types[4].type_id);
  /* references inside the group lead to its own ids */
  const SubType *first = wm_types_get(reg, types[0].type_id);
  assert_int_equal(first->fields[0].type, REF_NULL_TYPE(types[1].type_id));
  assert_int_equal(first->group_len, 2);
  wm_types_delete(reg);
}

static void position_in_the_group_matters(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  SubType types[] = {FUNC_TYPE(numbers, 0, numbers, 0), FUNC_TYPE(numbers, 0, numbers, 0),
                     FUNC_TYPE(numbers, 0, numbers, 0)};
  assert_true(wm_types_intern(reg, types, 0, 1) && wm_types_intern(reg, types, 1, 2));
  assert_int_not_equal(types[0].type_id, types[1].type_id);
  assert_int_not_equal(types[1].type_id, types[2].type_id);
  wm_types_delete(reg);
}

/* A reference to an earlier type is a canonical id, so that indices of modules do not matter. */
static void module_indices_do_not_matter(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  ValType to0[] = {REF_TYPE(0)}, to1[] = {REF_TYPE(1)};
  SubType a[] = {FUNC_TYPE(numbers, 1, numbers, 0), FUNC_TYPE(to0, 1, numbers, 0)};
  SubType b[] = {FUNC_TYPE(numbers, 2, numbers, 0), FUNC_TYPE(numbers, 1, numbers, 0),
                 FUNC_TYPE(to1, 1, numbers, 0), FUNC_TYPE(to0, 1, numbers, 0)};
  to0[0] = REF_TYPE(0);
  for (u32 i = 0; i < 2; i++) assert_true(wm_types_intern(reg, a, i, 1));
  for (u32 i = 0; i < 4; i++) assert_true(wm_types_intern(reg, b, i, 1));
  assert_int_equal(a[0].type_id, b[1].type_id);
  assert_int_equal(a[1].type_id, b[2].type_id);
  assert_int_not_equal(a[1].type_id, b[3].type_id);
  ValType canonical[] = {REF_TYPE(a[0].type_id)};
  assert_int_equal(wm_types_intern_func(reg, canonical, 1, NULL, 0), a[1].type_id);
  wm_types_delete(reg);
}

/* types[0] at the root, each the subtype of the one before; one more beside. */
static void declared_supertypes_match(void **state) {
  (void)state;
  enum { DEPTH = 64 };
  TypeRegistry *reg = wm_types_new();
  SubType types[DEPTH + 1];
  for (u32 i = 0; i < DEPTH; i++) {
    types[i] = STRUCT_TYPE(NULL, 0);
    types[i].is_final = false;
    if (i) types[i].super = i - 1;
  }
  types[DEPTH] = STRUCT_TYPE(NULL, 0);
  types[DEPTH].super = 3;
  assert_true(wm_types_intern(reg, types, 0, 10)); /* a group, then singles */
  for (u32 i = 10; i <= DEPTH; i++) assert_true(wm_types_intern(reg, types, i, 1));
  for (u32 a = 0; a < DEPTH; a++) {
    for (u32 b = 0; b < DEPTH; b++)
      assert_int_equal(wm_types_is_sub(reg, types[a].type_id, types[b].type_id), a >= b);
    assert_int_equal(wm_types_is_sub(reg, types[DEPTH].type_id, types[a].type_id), a <= 3);
  }
  wm_types_delete(reg);
}

static void too_deep_is_refused(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  SubType types[65];
  for (u32 i = 0; i < 65; i++) {
    types[i] = STRUCT_TYPE(NULL, 0);
    types[i].super = i ? i - 1 : NO_TYPE;
  }
  assert_false(wm_types_intern(reg, types, 0, 65));
  wm_types_delete(reg);
}

static void references_match(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  FieldType field = {.type = VAL_I32, .is_mutable = true};
  SubType types[] = {FUNC_TYPE(numbers, 0, numbers, 0),
                     STRUCT_TYPE(&field, 1),
                     STRUCT_TYPE(&field, 1),
                     {.kind = COMP_ARRAY, .is_final = true, .super = NO_TYPE, .fields = &field}};
  types[1].is_final = false;
  types[2].super = 1;
  types[3].field_count = 1;
  for (u32 i = 0; i < 4; i++) assert_true(wm_types_intern(reg, types, i, 1));
  u32 func = types[0].type_id, base = types[1].type_id, sub = types[2].type_id,
      array = types[3].type_id;
  assert_true(wm_heaptype_matches(reg, func, HEAP_FUNC));
  assert_false(wm_heaptype_matches(reg, func, HEAP_ANY));
  assert_true(wm_heaptype_matches(reg, HEAP_NOFUNC, func));
  assert_false(wm_heaptype_matches(reg, HEAP_NONE, func));
  assert_false(wm_heaptype_matches(reg, HEAP_FUNC, func));
  assert_true(wm_heaptype_matches(reg, sub, base));
  assert_false(wm_heaptype_matches(reg, base, sub));
  assert_true(wm_heaptype_matches(reg, sub, HEAP_STRUCT));
  assert_true(wm_heaptype_matches(reg, sub, HEAP_EQ));
  assert_true(wm_heaptype_matches(reg, array, HEAP_ARRAY));
  assert_false(wm_heaptype_matches(reg, array, HEAP_STRUCT));
  assert_true(wm_heaptype_matches(reg, HEAP_NONE, array));
  assert_true(wm_valtype_matches(reg, REF_TYPE(sub), REF_NULL_TYPE(base)));
  assert_false(wm_valtype_matches(reg, REF_NULL_TYPE(sub), REF_TYPE(base)));
  assert_true(wm_valtype_matches(reg, VAL_BOTTOM, VAL_I32));
  assert_false(wm_valtype_matches(reg, VAL_I32, VAL_I64));
  assert_false(wm_valtype_matches(reg, VAL_I32, VAL_FUNCREF));
  wm_types_delete(reg);
}

static void released_ids_are_used_again(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  u32 top = 0;
  for (u32 round = 0; round < 1000; round++) {
    ValType params[8];
    for (u32 i = 0; i < 8; i++) params[i] = round >> i & 1 ? VAL_I32 : VAL_F64;
    u32 id = wm_types_intern_func(reg, params, 8, NULL, 0);
    wm_types_retain(reg, id);
    wm_types_release(reg, id);
    assert_int_equal(wm_types_get(reg, id)->param_count, 8);
    wm_types_release(reg, id);
    top = id > top ? id : top;
  }
  assert_int_equal(top, 1); /* 0 is none */
  wm_types_delete(reg);
}

/* A type holds what it refers to: a chain lives by its last link, and ends without recursion. */
static void chains_of_types_are_held_and_freed(void **state) {
  (void)state;
  enum { LEN = 100000 };
  TypeRegistry *reg = wm_types_new();
  SubType *types = calloc(LEN, sizeof *types);
  ValType *params = calloc(LEN, sizeof *params);
  for (u32 i = 0; i < LEN; i++) {
    params[i] = i ? REF_TYPE(i - 1) : VAL_I32;
    types[i] = FUNC_TYPE(&params[i], 1, NULL, 0);
    assert_true(wm_types_intern(reg, types, i, 1));
    assert_int_equal(types[i].type_id, i + 1);
  }
  for (u32 i = 0; i + 1 < LEN; i++) wm_types_release(reg, types[i].type_id);
  assert_int_equal(wm_types_get(reg, LEN)->params[0], REF_TYPE(LEN - 1));
  assert_int_equal(wm_types_get(reg, 1)->params[0], VAL_I32);
  wm_types_release(reg, LEN);
  u32 id = wm_types_intern_func(reg, NULL, 0, NULL, 0);
  assert_true(id <= LEN);
  free(types);
  free(params);
  wm_types_delete(reg);
}

/* A failed interning changes nothing: it works the next time. */
static void each_allocation_may_fail(void **state) {
  (void)state;
  enum { LEN = 100 };
  ValType params[LEN];
  SubType types[LEN];
  bool failed = true;
  for (u64 n = 1; failed; n++) {
    failing_alloc_start(n);
    TypeRegistry *reg = wm_types_new();
    for (u32 i = 0; i < LEN && reg; i++) {
      params[i] = i ? REF_TYPE(i - 1) : VAL_I32;
      types[i] = FUNC_TYPE(&params[i], 1, NULL, 0);
      if (!wm_types_intern(reg, types, i, 1)) assert_true(wm_types_intern(reg, types, i, 1));
      assert_int_equal(types[i].type_id, i + 1);
    }
    failed = failing_alloc_stop();
    wm_types_delete(reg);
  }
}

static void *intern_and_release(void *data) {
  TypeRegistry *reg = data;
  for (u32 round = 0; round < 5000; round++) {
    ValType params[2] = {round & 1 ? VAL_I32 : VAL_I64, VAL_F32};
    SubType types[] = {FUNC_TYPE(params, 1 + (round >> 1 & 1), NULL, 0)};
    if (!wm_types_intern(reg, types, 0, 1)) return "out of memory";
    if (wm_types_get(reg, types[0].type_id)->params[0] != params[0]) return "wrong type";
    if (!wm_types_is_sub(reg, types[0].type_id, types[0].type_id)) return "not itself";
    wm_types_release(reg, types[0].type_id);
  }
  return NULL;
}

static void threads_share_a_registry(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  pthread_t threads[3];
  for (u32 i = 0; i < 3; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, intern_and_release, reg), 0);
  for (u32 i = 0; i < 3; i++) {
    void *failure;
    pthread_join(threads[i], &failure);
    assert_null(failure);
  }
  wm_types_delete(reg);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_functions_share_an_id),
      cmocka_unit_test(host_types_count_slots),
      cmocka_unit_test(final_and_open_types_differ),
      cmocka_unit_test(mutability_and_packing_differ),
      cmocka_unit_test(recursion_groups_are_equal_as_wholes),
      cmocka_unit_test(position_in_the_group_matters),
      cmocka_unit_test(module_indices_do_not_matter),
      cmocka_unit_test(declared_supertypes_match),
      cmocka_unit_test(too_deep_is_refused),
      cmocka_unit_test(references_match),
      cmocka_unit_test(released_ids_are_used_again),
      cmocka_unit_test(chains_of_types_are_held_and_freed),
      cmocka_unit_test(each_allocation_may_fail),
      cmocka_unit_test(threads_share_a_registry),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
