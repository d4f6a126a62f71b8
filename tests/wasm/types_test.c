/* Names of types, matching of abstract heap types, names of proposals and traps. */
#include "wasm/types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wasm/feature.h"
#include "wasm/trap.h"

static void value_type_names(void **state) {
  (void)state;
  char out[32];
  assert_string_equal(wm_valtype_name(VAL_I32, out, sizeof out), "i32");
  assert_string_equal(wm_valtype_name(VAL_V128, out, sizeof out), "v128");
  assert_string_equal(wm_valtype_name(VAL_I8, out, sizeof out), "i8");
  assert_string_equal(wm_valtype_name(VAL_FUNCREF, out, sizeof out), "funcref");
  assert_string_equal(wm_valtype_name(VAL_EXTERNREF, out, sizeof out), "externref");
  assert_string_equal(wm_valtype_name(REF_TYPE(HEAP_FUNC), out, sizeof out), "(ref func)");
  assert_string_equal(wm_valtype_name(REF_NULL_TYPE(HEAP_NONE), out, sizeof out), "nullref");
  assert_string_equal(wm_valtype_name(REF_NULL_TYPE(7), out, sizeof out), "(ref null 7)");
  assert_string_equal(wm_valtype_name(REF_TYPE(123456), out, sizeof out), "(ref 123456)");
}

static void function_type_names(void **state) {
  (void)state;
  ValType params[100] = {VAL_I32, VAL_I64}, results[1] = {VAL_F32};
  SubType t = {.kind = COMP_FUNC, .param_count = 2, .result_count = 1, .params = params};
  t.results = results;
  char out[64], tiny[8];
  assert_string_equal(wm_functype_name(&t, out, sizeof out), "[i32 i64] -> [f32]");
  t.result_count = 0;
  assert_string_equal(wm_functype_name(&t, out, sizeof out), "[i32 i64] -> []");
  for (u32 i = 0; i < 100; i++) params[i] = VAL_I32;
  t.param_count = 100;
  wm_functype_name(&t, out, sizeof out);
  assert_true(strlen(out) < sizeof out);
  assert_string_equal(out + strlen(out) - 3, "...");
  assert_string_equal(wm_functype_name(&t, tiny, sizeof tiny), "[i32...");
}

static void abstract_heap_types_match(void **state) {
  (void)state;
  static const HeapType chain[] = {HEAP_NONE, HEAP_STRUCT, HEAP_EQ, HEAP_ANY};
  for (size_t a = 0; a < ARRAY_LEN(chain); a++) {
    for (size_t b = 0; b < ARRAY_LEN(chain); b++)
      assert_int_equal(wm_heap_abstract_matches(chain[a], chain[b]), a <= b);
  }
  assert_true(wm_heap_abstract_matches(HEAP_NOFUNC, HEAP_FUNC));
  assert_true(wm_heap_abstract_matches(HEAP_NOEXTERN, HEAP_EXTERN));
  assert_true(wm_heap_abstract_matches(HEAP_NOEXN, HEAP_EXN));
  assert_false(wm_heap_abstract_matches(HEAP_FUNC, HEAP_ANY));
  assert_false(wm_heap_abstract_matches(HEAP_NONE, HEAP_FUNC));
  assert_false(wm_heap_abstract_matches(HEAP_STRUCT, HEAP_ARRAY));
  assert_false(wm_heap_abstract_matches(HEAP_I31, HEAP_NONE));
}

static void proposals_and_traps_have_names(void **state) {
  (void)state;
  assert_string_equal(wm_feature_name(FEATURE_SIMD), "simd");
  assert_true(wm_feature_built(FEATURE_MEMORY64));
  for (u32 f = 0; f < FEATURE_COUNT; f++) assert_true(strlen(wm_feature_name((Feature)f)) > 1);
  assert_string_equal(wm_trap_message(TRAP_INT_DIV_BY_ZERO), "integer divide by zero");
  for (u32 t = 1; t < TRAP_CODE_COUNT; t++)
    assert_string_not_equal(wm_trap_message((TrapCode)t), "no trap");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(value_type_names),
      cmocka_unit_test(function_type_names),
      cmocka_unit_test(abstract_heap_types_match),
      cmocka_unit_test(proposals_and_traps_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
