/* The writers are the inverse of the readers. */
#include "binary/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Immediates of some size for `op`. Vectors are borrowed bytes. */
static Instr make_instr(u16 op) {
  static const u8 labels[] = {1, 0x80, 1, 7}, types[] = {0x7F, 0x63, 5},
                  catches[] = {0, 3, 4, 3, 9};
  Instr in = {.op = op, .index = 300, .index2 = 2, .lane = 3};
  switch ((Immediate)wm_op_info[op].immediate) {
  case IMM_BLOCK: in.block = (BlockType){BLOCK_TYPE, 0, 70}; break;
  case IMM_BR_TABLE: in.vec.items = labels, in.vec.count = 2; break;
  case IMM_SELECT: in.vec.items = types, in.vec.count = 2; break;
  case IMM_TRY_TABLE:
    in.block = (BlockType){BLOCK_VALUE, VAL_FUNCREF, 0};
    in.vec.items = catches, in.vec.count = 2;
    break;
  case IMM_MEMARG:
  case IMM_MEMARG_LANE:
    in.mem.offset = UINT64_MAX - 1, in.mem.align_log2 = 3, in.mem.memory = 5;
    break;
  case IMM_I32:
  case IMM_F32: in.bits = 0x80000001; break;
  case IMM_I64:
  case IMM_F64: in.bits = UINT64_C(0x8000000000000001); break;
  case IMM_SHUFFLE:
  case IMM_V128:
    for (u8 i = 0; i < 16; i++) in.v128.u8x16[i] = (u8)(i * 17);
    break;
  case IMM_HEAP: in.cast.heap2 = 1000; break;
  case IMM_CAST_BRANCH: in.cast.flags = 2, in.cast.heap1 = HEAP_ANY, in.cast.heap2 = 64; break;
  default: break;
  }
  return in;
}

static Reader reader_of(const Buffer *b, size_t len, Error *err) {
  *err = (Error){0};
  return (Reader){b->data, b->data, b->data + len, 0, err, NULL};
}

/* Written, read and written again gives the same bytes; every shorter prefix is an unexpected end.
 */
static void every_instruction_goes_round(void **state) {
  (void)state;
  for (u16 op = 0; op < OP_COUNT; op++) {
    Instr in = make_instr(op), out;
    Buffer b = {0}, again = {0};
    Error err;
    wm_encode_instr(&b, &in);
    Reader r = reader_of(&b, b.len, &err);
    assert_true(wm_instr_read(&r, &out));
    assert_true(r.pos == r.end);
    assert_int_equal(out.op, op);
    wm_encode_instr(&again, &out);
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.data, b.data, b.len);
    for (size_t len = 0; len < b.len; len++) {
      u8 *cut = malloc(len ? len : 1);
      memcpy(cut, b.data, len);
      Error cut_err = {0};
      r = (Reader){cut, cut, cut + len, 0, &cut_err, NULL};
      assert_false(wm_instr_read(&r, &out));
      assert_int_equal(strncmp(cut_err.message, "unexpected end", 14), 0);
      free(cut);
    }
    wm_buffer_free(&b);
    wm_buffer_free(&again);
  }
}

static void types_use_their_shortest_form(void **state) {
  (void)state;
  static const struct {
    ValType type;
    const char *bytes;
  } cases[] = {{VAL_I32, "\x7F"},
               {VAL_I16, "\x77"},
               {VAL_FUNCREF, "\x70"},
               {REF_TYPE(HEAP_FUNC), "\x64\x70"},
               {REF_NULL_TYPE(64), "\x63\xC0\x00"}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    Buffer b = {0};
    wm_encode_valtype(&b, cases[i].type);
    assert_true(b.len >= 1 && b.len <= 3);
    assert_memory_equal(b.data, cases[i].bytes, b.len);
    if (i == 1) { /* a storage type is no value type */
      wm_buffer_free(&b);
      continue;
    }
    Error err;
    Reader r = reader_of(&b, b.len, &err);
    assert_int_equal(wm_reader_valtype(&r), cases[i].type);
    assert_true(r.pos == r.end);
    wm_buffer_free(&b);
  }
}

static void parts_are_sized(void **state) {
  (void)state;
  Buffer b = {0};
  size_t section = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_uleb(&b, 1);
  size_t body = wm_encode_open(&b);
  for (u32 i = 0; i < 200; i++) wm_buffer_byte(&b, (u8)i);
  wm_encode_close(&b, body);
  wm_encode_close(&b, section);
  static const u8 start[] = {10, 0xCB, 1, 1, 0xC8, 1, 0, 1, 2};
  assert_int_equal(b.len, 206);
  assert_memory_equal(b.data, start, sizeof start);
  assert_int_equal(b.data[205], 199);
  wm_buffer_free(&b);
}

/* The smallest useful module: one exported function that adds one. */
static void add_one_is_small(void **state) {
  (void)state;
  static const ValType types[] = {VAL_I32};
  SubType type = {.kind = COMP_FUNC, .is_final = true, .super = NO_TYPE, .params = types};
  type.param_count = type.result_count = 1;
  type.results = types;
  Buffer b = {0};
  wm_encode_header(&b);
  size_t section = wm_encode_section(&b, SECTION_TYPE);
  wm_buffer_uleb(&b, 1);
  wm_encode_rectype(&b, &type, 1);
  wm_encode_close(&b, section);
  section = wm_encode_section(&b, SECTION_FUNCTION);
  wm_buffer_bytes(&b, "\x01\x00", 2);
  wm_encode_close(&b, section);
  section = wm_encode_section(&b, SECTION_EXPORT);
  wm_buffer_uleb(&b, 1);
  wm_encode_name(&b, "add_one", 7);
  wm_buffer_bytes(&b, "\x00\x00", 2);
  wm_encode_close(&b, section);
  section = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_uleb(&b, 1);
  size_t body = wm_encode_open(&b);
  wm_buffer_bytes(&b, "\x00\x20\x00\x41\x01\x6A\x0B", 7);
  wm_encode_close(&b, body);
  wm_encode_close(&b, section);
  assert_false(b.failed);
  assert_int_equal(b.len, 44);
  wm_buffer_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_instruction_goes_round),
      cmocka_unit_test(types_use_their_shortest_form),
      cmocka_unit_test(parts_are_sized),
      cmocka_unit_test(add_one_is_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
