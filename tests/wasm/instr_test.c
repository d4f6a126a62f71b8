/* The instruction reader, over bytes written by hand: each kind of immediate, and what is
 * malformed. */
#include "wasm/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static Error err;

/* Reads one instruction that must take all of the bytes. The bytes stay until the next call. */
static bool read_bytes(const char *bytes, size_t len, Instr *in) {
  static u8 *copy;
  free(copy);
  copy = malloc(len ? len : 1); /* exactly sized: reading on would be seen */
  memcpy(copy, bytes, len);
  err = (Error){0};
  Reader r = {copy, copy, copy + len, 0, &err, NULL};
  memset(in, 0xEE, sizeof *in);
  bool ok = wm_instr_read(&r, in);
  assert_true(r.pos == r.end);
  assert_int_equal(ok, err.code == ERR_NONE);
  return ok;
}

#define READ(s, in) read_bytes(s, sizeof(s) - 1, in)

static void assert_fails(const char *bytes, size_t len, const char *message) {
  Instr in;
  assert_false(read_bytes(bytes, len, &in));
  assert_int_equal(strncmp(err.message, message, strlen(message)), 0);
  assert_int_equal(err.code, ERR_MALFORMED);
}

#define FAILS(s, message) assert_fails(s, sizeof(s) - 1, message)

static void indices(void **state) {
  (void)state;
  Instr in;
  assert_true(READ("\x6A", &in));
  assert_int_equal(in.op, OP_i32_add);
  assert_int_equal(in.offset, 0);
  assert_true(READ("\x20\x05", &in));
  assert_int_equal(in.op, OP_local_get);
  assert_int_equal(in.index, 5);
  assert_true(READ("\x10\x80\x80\x01", &in));
  assert_int_equal(in.op, OP_call);
  assert_int_equal(in.index, 16384);
  assert_true(READ("\x11\x03\x01", &in));
  assert_int_equal(in.op, OP_call_indirect);
  assert_int_equal(in.index, 3);
  assert_int_equal(in.index2, 1);
  assert_true(READ("\xFC\x08\x02\x01", &in));
  assert_int_equal(in.op, OP_memory_init);
  assert_int_equal(in.index, 2);
  assert_int_equal(in.index2, 1);
  assert_true(READ("\xFB\x02\x04\x06", &in));
  assert_int_equal(in.op, OP_struct_get);
  assert_int_equal(in.index, 4);
  assert_int_equal(in.index2, 6);
}

static void constants(void **state) {
  (void)state;
  Instr in;
  assert_true(READ("\x41\x7F", &in));
  assert_int_equal(in.op, OP_i32_const);
  assert_true(in.bits == 0xFFFFFFFF);
  assert_true(READ("\x41\x3F", &in));
  assert_true(in.bits == 63);
  assert_true(READ("\x41\x40", &in));
  assert_true((i32)in.bits == -64);
  assert_true(READ("\x41\x80\x80\x80\x80\x78", &in));
  assert_true(in.bits == 0x80000000);
  assert_true(READ("\x42\x7F", &in));
  assert_true(in.bits == UINT64_MAX);
  assert_true(READ("\x42\x80\x80\x80\x80\x08", &in));
  assert_true(in.bits == UINT64_C(1) << 31);
  assert_true(READ("\x43\x00\x00\x80\x3F", &in));
  assert_true(in.bits == bits_of_f32(1.0f));
  assert_true(READ("\x44\x00\x00\x00\x00\x00\x00\xF0\x3F", &in));
  assert_true(in.bits == bits_of_f64(1.0));
  assert_true(
      READ("\xFD\x0C\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F", &in));
  assert_int_equal(in.op, OP_v128_const);
  for (u8 i = 0; i < 16; i++) assert_int_equal(in.v128.u8x16[i], i);
}

static void block_types(void **state) {
  (void)state;
  Instr in;
  assert_true(READ("\x02\x40", &in));
  assert_int_equal(in.op, OP_block);
  assert_int_equal(in.block.kind, BLOCK_EMPTY);
  assert_true(READ("\x03\x7C", &in));
  assert_int_equal(in.block.kind, BLOCK_VALUE);
  assert_int_equal(in.block.value, VAL_F64);
  assert_true(READ("\x04\x63\x02", &in));
  assert_int_equal(in.block.value, REF_NULL_TYPE(2));
  assert_true(READ("\x04\x3F", &in));
  assert_int_equal(in.block.kind, BLOCK_TYPE);
  assert_int_equal(in.block.type_index, 63);
  assert_true(READ("\x04\xFF\xFF\xFF\xFF\x0F", &in));
  assert_true(in.block.type_index == UINT32_MAX);
  FAILS("\x02\x41", "malformed value type");
  FAILS("\x02\xFF\x7F", "malformed block type");
}

static void memory_arguments(void **state) {
  (void)state;
  Instr in;
  assert_true(READ("\x28\x02\x10", &in));
  assert_int_equal(in.op, OP_i32_load);
  assert_int_equal(in.mem.align_log2, 2);
  assert_int_equal(in.mem.memory, 0);
  assert_true(in.mem.offset == 16);
  assert_true(READ("\x36\x42\x03\x80\x80\x80\x80\x10", &in));
  assert_int_equal(in.op, OP_i32_store);
  assert_int_equal(in.mem.align_log2, 2);
  assert_int_equal(in.mem.memory, 3);
  assert_true(in.mem.offset == UINT64_C(1) << 32);
  assert_true(READ("\x28\x3F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", &in));
  assert_int_equal(in.mem.align_log2, 63);
  assert_true(in.mem.offset == UINT64_MAX);
  assert_true(READ("\xFD\x54\x00\x07\x0F", &in));
  assert_int_equal(in.op, OP_v128_load8_lane);
  assert_int_equal(in.lane, 15);
  assert_true(READ("\xFE\x10\x02\x08", &in));
  assert_int_equal(in.op, OP_i32_atomic_load);
  assert_true(in.mem.offset == 8);
  FAILS("\x28\x80\x01", "malformed memop flags");
  FAILS("\xFE\x10\xA2\x01\x00", "malformed memop flags");
  assert_false(READ("\xFE\x10\x22\x01\x00", &in)); /* an ordering */
  assert_int_equal(err.code, ERR_UNSUPPORTED);
  FAILS("\x28\x82\x80\x80\x80\x10", "integer too large");
}

static void vectors(void **state) {
  (void)state;
  Instr in;
  assert_true(READ("\x0E\x02\x00\x81\x01\x05", &in));
  assert_int_equal(in.op, OP_br_table);
  assert_int_equal(in.vec.count, 2);
  const u8 *pos = in.vec.items;
  assert_int_equal(wm_instr_next_label(&pos), 0);
  assert_int_equal(wm_instr_next_label(&pos), 129);
  assert_int_equal(wm_instr_next_label(&pos), 5);
  assert_true(READ("\x1C\x03\x7F\x64\x80\x01\x70", &in));
  assert_int_equal(in.op, OP_select_t);
  assert_int_equal(in.vec.count, 3);
  pos = in.vec.items;
  assert_int_equal(wm_instr_next_type(&pos), VAL_I32);
  assert_int_equal(wm_instr_next_type(&pos), REF_TYPE(128));
  assert_int_equal(wm_instr_next_type(&pos), VAL_FUNCREF);
  assert_true(READ("\x1F\x40\x02\x01\x03\x04\x02\x05", &in));
  assert_int_equal(in.op, OP_try_table);
  assert_int_equal(in.vec.count, 2);
  pos = in.vec.items;
  Catch c = wm_instr_next_catch(&pos);
  assert_true(c.kind == CATCH_REF && c.tag == 3 && c.label == 4);
  c = wm_instr_next_catch(&pos);
  assert_true(c.kind == CATCH_ALL && c.label == 5);
  FAILS("\x0E\xFF\xFF\xFF\xFF\x0F\x00", "unexpected end");
  FAILS("\x1F\x40\x01\x04\x00", "malformed catch clause");
}

static void references(void **state) {
  (void)state;
  Instr in;
  assert_true(READ("\xD0\x70", &in));
  assert_int_equal(in.op, OP_ref_null);
  assert_int_equal(in.cast.heap2, HEAP_FUNC);
  assert_true(READ("\xD0\x07", &in));
  assert_int_equal(in.cast.heap2, 7);
  assert_true(READ("\xFB\x18\x03\x02\x6E\x05", &in));
  assert_int_equal(in.op, OP_br_on_cast);
  assert_int_equal(in.cast.flags, 3);
  assert_int_equal(in.index, 2);
  assert_int_equal(in.cast.heap1, HEAP_ANY);
  assert_int_equal(in.cast.heap2, 5);
  FAILS("\xFB\x18\x04\x02\x6E\x05", "malformed br_on_cast flags");
  FAILS("\xD0\x7F", "malformed heap type");
}

static void illegal_opcodes(void **state) {
  (void)state;
  FAILS("\xFF", "illegal opcode ff");
  FAILS("\x16", "illegal opcode 16");
  FAILS("\xFD\x9A\x01", "illegal opcode fd 9a");
  FAILS("\xFC\x12", "illegal opcode fc 12");
  FAILS("\xFE\x03\x02", "zero byte expected");
  FAILS("", "unexpected end");
  FAILS("\xFD", "unexpected end");
  Instr in;
  assert_true(READ("\xFE\x03\x00", &in));
  assert_int_equal(in.op, OP_atomic_fence);
  assert_true(READ("\xFD\x80\x82\x80\x80\x00", &in)); /* a padded number behind the prefix */
  assert_int_equal(in.op, OP_i8x16_relaxed_swizzle);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(indices),         cmocka_unit_test(constants),
      cmocka_unit_test(block_types),     cmocka_unit_test(memory_arguments),
      cmocka_unit_test(vectors),         cmocka_unit_test(references),
      cmocka_unit_test(illegal_opcodes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
