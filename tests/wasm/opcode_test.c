/* The table of opcodes: complete, without contradictions, found by number and by text. */
#include "wasm/opcode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void numbers_lead_to_their_rows(void **state) {
  (void)state;
  for (u16 op = 0; op < OP_COUNT; op++) {
    const OpInfo *info = &wm_op_info[op];
    assert_int_equal(wm_op_find(info->prefix, info->code), op);
    if (!info->prefix) assert_int_equal(op_of_byte((u8)info->code), op);
  }
}

static u32 rows_behind(u8 prefix) {
  u32 count = 0;
  for (u32 code = 0; code < 100000; code++) {
    u16 op = wm_op_find(prefix, code);
    if (op == OP_INVALID) continue;
    assert_int_equal(wm_op_info[op].prefix, prefix);
    assert_int_equal(wm_op_info[op].code, code);
    count++;
  }
  return count;
}

/* The numbers of instructions in the specification's index of instructions; the five of the legacy
 * encoding of exceptions come on top. */
static void no_row_is_missing(void **state) {
  (void)state;
  assert_int_equal(rows_behind(0), 194 + 5);
  assert_int_equal(rows_behind(0xFB), 31);
  assert_int_equal(rows_behind(0xFC), 18 + 4);
  assert_int_equal(rows_behind(0xFD), 236 + 20);
  assert_int_equal(rows_behind(0xFE), 67);
  assert_int_equal(OP_COUNT, 199 + 31 + 22 + 256 + 67);
}

static void what_is_no_opcode_is_not_found(void **state) {
  (void)state;
  static const u8 free_bytes[] = {0x16, 0x17, 0x1D, 0x1E, 0x27, 0xC5, 0xCF,
                                  0xD7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF};
  for (size_t i = 0; i < sizeof free_bytes; i++) {
    assert_int_equal(wm_op_find(0, free_bytes[i]), OP_INVALID);
    assert_int_equal(op_of_byte(free_bytes[i]), OP_INVALID);
  }
  assert_int_equal(wm_op_find(0, 256), OP_INVALID);
  assert_int_equal(wm_op_find(0x10, 0), OP_INVALID);
  assert_int_equal(wm_op_find(0xFB, 31), OP_INVALID);
  assert_int_equal(wm_op_find(0xFC, 23), OP_INVALID);
  assert_int_equal(wm_op_find(0xFD, 0x9A), OP_INVALID);
  assert_int_equal(wm_op_find(0xFD, UINT32_MAX), OP_INVALID);
}

static bool is_second_form(u16 op) {
  return op == OP_select_t || op == OP_ref_test_null || op == OP_ref_cast_null;
}

static void texts_lead_to_their_rows(void **state) {
  (void)state;
  for (u16 op = 0; op < OP_COUNT; op++) {
    const char *text = wm_op_text(op);
    u16 found = wm_op_find_text(text, strlen(text));
    assert_string_equal(wm_op_text(found), text);
    if (found != op) assert_true(is_second_form(op) || is_second_form(found));
    /* a little more, or less, is another word */
    char longer[64] = {0};
    memcpy(longer, text, strlen(text));
    longer[strlen(text)] = '_';
    assert_int_equal(wm_op_find_text(longer, strlen(longer)), OP_INVALID);
  }
  assert_int_equal(wm_op_find_text("", 0), OP_INVALID);
  assert_int_equal(wm_op_find_text("i32.ad", 6), OP_INVALID);
  assert_int_equal(wm_op_find_text("get_local", 9), OP_INVALID);
}

static void ids_are_texts_with_underscores(void **state) {
  (void)state;
  static const char *const ids[] = {
#define OP(prefix, code, id, text, imm, sig) #id,
#include "wasm/opcodes.def"
  };
  for (u16 op = 0; op < OP_COUNT; op++) {
    const char *id = ids[op], *text = wm_op_text(op);
    if (is_second_form(op)) continue;
    assert_int_equal(strlen(id), strlen(text));
    for (size_t i = 0; id[i]; i++) assert_int_equal(id[i], text[i] == '.' ? '_' : text[i]);
  }
}

static void check_signature(const char *sig) {
  if (!strcmp(sig, "x")) return;
  const char *bar = strchr(sig, '_');
  assert_non_null(bar);
  assert_int_equal(strspn(sig, "ilfdsp_"), strlen(sig));
  assert_null(strchr(bar + 1, '_'));
  assert_true(strlen(bar + 1) <= 1 || !strcmp(bar + 1, "ll"));
}

static void classes_keep_their_promises(void **state) {
  (void)state;
  for (u16 op = 0; op < OP_COUNT; op++) {
    const OpInfo *info = &wm_op_info[op];
    const char *sig = wm_op_sig(op);
    size_t operands = strcspn(sig, "_"), len = strlen(sig);
    check_signature(sig);
    assert_true(info->feature < FEATURE_COUNT);
    switch (info->op_class) {
    case CLASS_PURE:
    case CLASS_TRAPS:
      assert_int_equal(info->immediate, IMM_NONE);
      assert_null(strchr(sig, 'p'));
      assert_true(operands >= 1 && operands <= 3 && len == operands + 2);
      break;
    case CLASS_LOAD: assert_true(!strncmp(sig, "p_", 2) && len == 3 && info->access_bytes); break;
    case CLASS_STORE:
      assert_true(sig[0] == 'p' && sig[2] == '_' && len == 3 && info->access_bytes);
      break;
    default: break;
    }
    bool has_memarg = info->immediate == IMM_MEMARG || info->immediate == IMM_MEMARG_LANE;
    assert_int_equal(has_memarg, info->access_bytes != 0);
  }
}

static void rows_belong_to_proposals(void **state) {
  (void)state;
  assert_int_equal(wm_op_info[OP_i32_add].feature, FEATURE_MVP);
  assert_int_equal(wm_op_info[OP_i32_extend8_s].feature, FEATURE_SIGN_EXTENSION);
  assert_int_equal(wm_op_info[OP_i64_trunc_sat_f64_u].feature, FEATURE_SATURATING_FLOAT_TO_INT);
  assert_int_equal(wm_op_info[OP_memory_copy].feature, FEATURE_BULK_MEMORY);
  assert_int_equal(wm_op_info[OP_table_fill].feature, FEATURE_REFERENCE_TYPES);
  assert_int_equal(wm_op_info[OP_v128_const].feature, FEATURE_SIMD);
  assert_int_equal(wm_op_info[OP_f32x4_relaxed_madd].feature, FEATURE_RELAXED_SIMD);
  assert_int_equal(wm_op_info[OP_i64_add128].feature, FEATURE_WIDE_ARITHMETIC);
  assert_int_equal(wm_op_info[OP_return_call_indirect].feature, FEATURE_TAIL_CALL);
  assert_int_equal(wm_op_info[OP_call_ref].feature, FEATURE_FUNCTION_REFERENCES);
  assert_int_equal(wm_op_info[OP_ref_eq].feature, FEATURE_GC);
  assert_int_equal(wm_op_info[OP_i31_get_u].feature, FEATURE_GC);
  assert_int_equal(wm_op_info[OP_try_table].feature, FEATURE_EXCEPTIONS);
  assert_int_equal(wm_op_info[OP_atomic_fence].feature, FEATURE_THREADS);
}

static void widths_are_those_of_memory(void **state) {
  (void)state;
  assert_int_equal(wm_op_info[OP_i32_load].access_bytes, 4);
  assert_int_equal(wm_op_info[OP_i64_load16_s].access_bytes, 2);
  assert_int_equal(wm_op_info[OP_f64_store].access_bytes, 8);
  assert_int_equal(wm_op_info[OP_v128_load].access_bytes, 16);
  assert_int_equal(wm_op_info[OP_v128_load8x8_u].access_bytes, 8);
  assert_int_equal(wm_op_info[OP_v128_load32_splat].access_bytes, 4);
  assert_int_equal(wm_op_info[OP_v128_store16_lane].access_bytes, 2);
  assert_int_equal(wm_op_info[OP_i64_atomic_rmw8_cmpxchg_u].access_bytes, 1);
  assert_int_equal(wm_op_info[OP_memory_atomic_wait64].access_bytes, 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_lead_to_their_rows),
      cmocka_unit_test(no_row_is_missing),
      cmocka_unit_test(what_is_no_opcode_is_not_found),
      cmocka_unit_test(texts_lead_to_their_rows),
      cmocka_unit_test(ids_are_texts_with_underscores),
      cmocka_unit_test(classes_keep_their_promises),
      cmocka_unit_test(rows_belong_to_proposals),
      cmocka_unit_test(widths_are_those_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
