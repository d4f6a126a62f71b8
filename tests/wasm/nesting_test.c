/* Which instructions may go on with which part of a block. */
#include "wasm/nesting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const u16 parts[] = {OP_block, OP_loop,  OP_if,        OP_else,
                            OP_try,   OP_catch, OP_catch_all, OP_try_table};

/* The instruction fits the parts of the set, by their order above. */
static void fits(u16 op, OpShape shape, u32 set, const char *message) {
  assert_int_equal(op_shape(op), shape);
  for (u32 i = 0; i < ARRAY_LEN(parts); i++) {
    Instr in = {.op = op, .offset = 7};
    Error err = {0};
    assert_int_equal(wm_instr_fits(&in, parts[i], &err), set >> i & 1);
    if (set >> i & 1) continue;
    assert_int_equal(err.code, ERR_MALFORMED);
    assert_int_equal(err.offset, 7);
    assert_string_equal(err.message, message);
  }
}

enum { IF = 1 << 2, TRY = 1 << 4, CATCHES = 1 << 5, ALL = (1 << ARRAY_LEN(parts)) - 1 };

static void what_fits(void **state) {
  (void)state;
  fits(OP_else, SHAPE_GOES_ON, IF, "END opcode expected: else, not in if");
  fits(OP_catch, SHAPE_GOES_ON, TRY | CATCHES, "END opcode expected: catch, not in try");
  fits(OP_catch_all, SHAPE_GOES_ON, TRY | CATCHES, "END opcode expected: catch_all, not in try");
  fits(OP_delegate, SHAPE_CLOSES, TRY, "END opcode expected: delegate, not in try");
  fits(OP_end, SHAPE_CLOSES, ALL, NULL);
  fits(OP_nop, SHAPE_PLAIN, ALL, NULL);
  fits(OP_rethrow, SHAPE_PLAIN, ALL, NULL);
}

/* What has a block type opens a block, and nothing else does. */
static void what_opens(void **state) {
  (void)state;
  for (u16 op = 0; op < OP_COUNT; op++) {
    u8 immediate = wm_op_info[op].immediate;
    bool has_type = immediate == IMM_BLOCK || immediate == IMM_TRY_TABLE;
    assert_int_equal(op_shape(op) == SHAPE_OPENS, has_type);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_fits), cmocka_unit_test(what_opens)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
