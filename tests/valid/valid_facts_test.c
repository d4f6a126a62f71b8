/* What validation tells the tiers about functions and loops. */
#include "hex_module.h"

/* Validates one function of type [i32 i64] -> [] with the body (locals first) as function 1;
 * function 0 is an import of the same type. */
static Module facts_of(TypeRegistry *reg, const char *body) {
  Buffer b = {0};
  wm_encode_header(&b);
  hex_write(&b, "01{02 60 02 7f 7e 00 60 00 02 7f 7b} 02{01 01'm'01'f' 00 00} 03{01 00}"
                "04{01 70 00 01} 05{01 00 01}");
  size_t section = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_byte(&b, 1);
  size_t part = wm_encode_open(&b);
  hex_write(&b, body);
  wm_encode_close(&b, part);
  wm_encode_close(&b, section);
  Module m;
  Error err = hex_validate_bytes(b.data, b.len, reg, wm_features_default(), &m);
  hex_expect(body, &err, ERR_NONE, "");
  wm_buffer_free(&b);
  return m;
}

static void release(Module *m, TypeRegistry *reg) {
  wm_module_release_types(m, reg);
  wm_module_free(m);
}

static void test_slots(void **state) {
  Module m = facts_of(*state, "02 01 7f 02 7b 41 00 42 00 1a 1a 0b");
  const FuncFacts *facts = &m.funcs[1].facts;
  assert_int_equal(facts->local_count, 5);
  assert_int_equal(facts->local_slots, 2 + 1 + 4);
  assert_int_equal(facts->max_operand_slots, 2);
  assert_int_equal(facts->max_control, 1);
  assert_int_equal(facts->loop_count, 0);
  assert_false(facts->calls);
  assert_int_equal(m.funcs[0].facts.local_count, 0);
  release(&m, *state);

  /* vectors take two slots; unreachable code counts what it pushes; results of blocks count */
  m = facts_of(*state, "01 01 7b 20 02 20 02 41 00 fd 6b 1a 1a 0b");
  assert_int_equal(m.funcs[1].facts.max_operand_slots, 5);
  release(&m, *state);
  m = facts_of(*state, "01 01 7b 00 20 02 20 02 1a 1a 1a 0b");
  assert_int_equal(m.funcs[1].facts.max_operand_slots, 4);
  release(&m, *state);
  m = facts_of(*state, "00 41 00 02 01 00 0b 1a 1a 1a 02 40 02 40 0b 0b 0b");
  assert_int_equal(m.funcs[1].facts.max_operand_slots, 4);
  assert_int_equal(m.funcs[1].facts.max_control, 3);
  release(&m, *state);
}

static void test_calls(void **state) {
  Module m = facts_of(*state, "00 20 00 20 01 10 00 0b");
  assert_true(m.funcs[1].facts.calls);
  release(&m, *state);
  m = facts_of(*state, "00 20 00 20 01 41 00 11 00 00 0b");
  assert_true(m.funcs[1].facts.calls);
  release(&m, *state);
}

static void expect_assigned(const FuncFacts *facts, u32 loop, u32 count, const u32 *expected) {
  const LoopFacts *l = &facts->loops[loop];
  assert_int_equal(l->assigned_len, count);
  for (u32 i = 0; i < count; i++)
    assert_int_equal(facts->assigned[l->assigned_start + i], expected[i]);
}

#define EXPECT_ASSIGNED(facts, loop, ...)                                                          \
  do {                                                                                             \
    const u32 expected_locals[] = {__VA_ARGS__};                                                   \
    expect_assigned(facts, loop, ARRAY_LEN(expected_locals), expected_locals);                     \
  } while (0)

static void test_loops(void **state) {
  /* locals 2 to 5 are i32 */
  Module m = facts_of(*state, "01 04 7f"
                              "41 00 21 05"     /* outside */
                              "03 40"           /* loop 0 */
                              "  41 00 21 04"   /*   sets 4 */
                              "  03 40"         /*   loop 1 */
                              "    41 00 21 02" /*     sets 2, 2, 4 */
                              "    41 00 22 02 21 04"
                              "  0b"
                              "  41 00 21 04" /*   sets 4 again */
                              "  02 40"
                              "    03 40" /*     loop 2 sets nothing, grows */
                              "      41 00 40 00 1a"
                              "    0b"
                              "  0b"
                              "  41 00 21 00" /*   sets a parameter */
                              "0b"
                              "03 40"   /* loop 3 */
                              "  03 40" /*   loop 4 calls */
                              "    20 00 20 01 10 00"
                              "  0b"
                              "  41 00 21 03"
                              "0b 0b");
  const FuncFacts *facts = &m.funcs[1].facts;
  assert_int_equal(facts->loop_count, 5);
  EXPECT_ASSIGNED(facts, 0, 0, 2, 4);
  EXPECT_ASSIGNED(facts, 1, 2, 4);
  expect_assigned(facts, 2, 0, NULL);
  EXPECT_ASSIGNED(facts, 3, 3);
  expect_assigned(facts, 4, 0, NULL);
  static const struct {
    u32 depth;
    bool calls, grows;
  } expected[] = {
      {0, false, true}, {1, false, false}, {1, false, true}, {0, true, true}, {1, true, true}};
  for (u32 i = 0; i < 5; i++) {
    const LoopFacts *loop = &facts->loops[i];
    assert_int_equal(loop->depth, expected[i].depth);
    assert_int_equal(loop->calls, expected[i].calls);
    assert_int_equal(loop->grows_memory, expected[i].grows);
    assert_int_equal(m.bytes[loop->offset], 0x03);
    assert_int_equal(m.bytes[loop->end_offset], 0x0B);
    assert_true(loop->offset < loop->end_offset);
    if (i) assert_true(facts->loops[i - 1].offset < loop->offset);
  }
  release(&m, *state);
}

/* Sets of one loop, in descending order and twice: sorted, each once. */
static void test_many_assigned(void **state) {
  Buffer b = {0};
  wm_buffer_print(&b, "01 e8 07 7f 03 40 "); /* 1,000 i32 */
  for (u32 twice = 0; twice < 2; twice++)
    for (u32 i = 1001; i >= 902; i--)
      wm_buffer_print(&b, "41 00 21 %02x %02x ", (i & 0x7F) | 0x80, i >> 7);
  wm_buffer_print(&b, "0b 0b");
  wm_buffer_byte(&b, 0);
  Module m = facts_of(*state, (const char *)b.data);
  const FuncFacts *facts = &m.funcs[1].facts;
  assert_int_equal(facts->loops[0].assigned_len, 100);
  for (u32 i = 0; i < 100; i++) assert_int_equal(facts->assigned[i], 902 + i);
  release(&m, *state);
  wm_buffer_free(&b);
}

/* Nested loops that set one local each: the lists' sum would be n * n / 2. */
static void test_list_budget(void **state) {
  enum { DEPTH = 2000 };
  Buffer b = {0};
  wm_buffer_print(&b, "01 d0 0f 7f "); /* 2,000 i32 */
  for (u32 i = 2; i < 2 + DEPTH; i++)
    wm_buffer_print(&b, "03 40 41 00 21 %02x %02x ", (i & 0x7F) | 0x80, i >> 7);
  for (u32 i = 0; i < DEPTH; i++) wm_buffer_print(&b, "0b ");
  wm_buffer_print(&b, "03 40 41 00 21 00 0b 0b");
  wm_buffer_byte(&b, 0);
  Module m = facts_of(*state, (const char *)b.data);
  const FuncFacts *facts = &m.funcs[1].facts;
  assert_int_equal(facts->loop_count, DEPTH + 1);
  assert_int_equal(facts->loops[0].assigned_len, ASSIGNS_ALL);
  EXPECT_ASSIGNED(facts, DEPTH - 1, DEPTH + 1); /* the innermost of the nest */
  u64 sum = 0, all = 0;
  for (u32 i = 0; i < DEPTH; i++) {
    bool is_all = facts->loops[i].assigned_len == ASSIGNS_ALL;
    if (i && is_all) assert_int_equal(facts->loops[i - 1].assigned_len, ASSIGNS_ALL);
    all += is_all;
    if (!is_all) sum += facts->loops[i].assigned_len;
  }
  assert_true(all > 0 && all < DEPTH && sum <= m.funcs[1].code_bytes);
  EXPECT_ASSIGNED(facts, DEPTH, 0); /* a list that still fits is kept */
  release(&m, *state);
  wm_buffer_free(&b);
}

static int open_registry(void **state) {
  *state = wm_types_new();
  return *state ? 0 : -1;
}

static int close_registry(void **state) {
  wm_types_delete(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slots),       cmocka_unit_test(test_calls),
      cmocka_unit_test(test_loops),       cmocka_unit_test(test_many_assigned),
      cmocka_unit_test(test_list_budget),
  };
  return cmocka_run_group_tests(tests, open_registry, close_registry);
}
