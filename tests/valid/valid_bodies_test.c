/* Bodies checked by several threads: facts, uses of proposals and errors are those of one thread,
 * whatever is wrong and wherever, and when memory runs out in any of them. */
#include "hex_module.h"

#include "binary/encode.h"
#include "support/failing_alloc.h"

enum { FUNCS = 3000, BLOCKS = 60, HELPERS = 3 };

static u64 random_state = 88172645463325252u;
static u32 choose(u32 count) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (u32)(random_state % count);
}

/* (func (param i32) (local i32) ...loops that set the local...), `size` differs by function. */
static void write_body(Buffer *b, u32 blocks) {
  static const u8 block[] = {0x03, 0x40, 0x20, 0x00, 0x20, 0x01, 0x6A, 0x21, 0x01, 0x0B};
  size_t body = wm_encode_open(b);
  wm_buffer_bytes(b, (u8[]){1, 1, 0x7F}, 3);
  for (u32 i = 0; i < blocks; i++) wm_buffer_bytes(b, block, sizeof block);
  wm_buffer_byte(b, 0x0B);
  wm_encode_close(b, body);
}

static Buffer make_module(void) {
  Buffer b = {0};
  wm_encode_header(&b);
  size_t types = wm_encode_section(&b, SECTION_TYPE);
  wm_buffer_bytes(&b, (u8[]){1, 0x60, 1, 0x7F, 0}, 5);
  wm_encode_close(&b, types);
  size_t funcs = wm_encode_section(&b, SECTION_FUNCTION);
  wm_buffer_uleb(&b, FUNCS);
  for (u32 i = 0; i < FUNCS; i++) wm_buffer_uleb(&b, 0);
  wm_encode_close(&b, funcs);
  size_t code = wm_encode_section(&b, SECTION_CODE);
  wm_buffer_uleb(&b, FUNCS);
  for (u32 i = 0; i < FUNCS; i++) write_body(&b, BLOCKS - i % 7);
  wm_encode_close(&b, code);
  assert_false(b.failed);
  return b;
}

static bool validate(Module *m, const Buffer *b, TypeRegistry *reg, u32 threads, Error *err) {
  *err = (Error){0};
  return wm_module_decode(m, b->data, b->len, err) &&
         wm_module_validate(m, reg, wm_features_default(), threads, err);
}

static void drop(Module *m, TypeRegistry *reg, const Error *err) {
  if (err->code == ERR_NONE) wm_module_release_types(m, reg);
  wm_module_free(m);
}

static void expect_same_facts(const Module *a, const Module *b) {
  for (u32 i = 0; i < FUNCS; i++) {
    const FuncFacts *x = &a->funcs[i].facts, *y = &b->funcs[i].facts;
    assert_int_equal(x->loop_count, y->loop_count);
    assert_int_equal(x->loop_count, BLOCKS - i % 7);
    assert_int_equal(x->max_operand_slots, y->max_operand_slots);
    assert_memory_equal(x->loops, y->loops, x->loop_count * sizeof *x->loops);
    assert_memory_equal(x->assigned, y->assigned, x->loop_count * sizeof *x->assigned);
  }
  assert_memory_equal(a->first_use, b->first_use, sizeof a->first_use);
}

/* The two ways; false: it is refused. */
static bool compare(const Buffer *bytes, TypeRegistry *reg) {
  Module alone, together;
  Error err, err_together;
  bool ok = validate(&alone, bytes, reg, 0, &err);
  assert_int_equal(validate(&together, bytes, reg, HELPERS, &err_together), ok);
  assert_int_equal(err.code, err_together.code);
  assert_int_equal(err.offset, err_together.offset);
  assert_string_equal(err.message, err_together.message);
  if (ok) expect_same_facts(&alone, &together);
  drop(&alone, reg, &err);
  drop(&together, reg, &err_together);
  return ok;
}

static void facts_are_the_same(void **state) {
  TypeRegistry *reg = *state;
  Buffer b = make_module();
  assert_true(compare(&b, reg));
  wm_buffer_free(&b);
}

static void the_first_error_is_told(void **state) {
  TypeRegistry *reg = *state;
  Buffer b = make_module();
  u32 refused = 0, first_body = 2 * FUNCS;
  for (int round = 0; round < 60; round++) {
    u32 changes = 1 + choose(6), at[6];
    u8 before[6];
    for (u32 i = 0; i < changes; i++) {
      at[i] = first_body + choose((u32)b.len - first_body);
      before[i] = b.data[at[i]];
      b.data[at[i]] = (u8)choose(256);
    }
    refused += !compare(&b, reg);
    for (u32 i = changes; i-- > 0;) b.data[at[i]] = before[i];
  }
  assert_true(refused > 20);
  wm_buffer_free(&b);
}

/* Wherever they work, the threads find something at the same time. */
static void the_first_error_of_many_is_told(void **state) {
  TypeRegistry *reg = *state;
  for (int round = 0; round < 40; round++) {
    Buffer b = make_module();
    for (u32 at = 2 * FUNCS + choose((u32)b.len / 2); at < b.len; at += 100 + choose(1000))
      b.data[at] = 0x6B; /* i32.sub, or something's immediate */
    assert_false(compare(&b, reg));
    wm_buffer_free(&b);
  }
}

static void memory_runs_out_in_any_thread(void **state) {
  TypeRegistry *reg = *state;
  Buffer b = make_module();
  Module m;
  Error err;
  for (u64 n = 1;; n += 1 + n / 8) {
    failing_alloc_start(n);
    bool ok = validate(&m, &b, reg, HELPERS, &err);
    bool failed = failing_alloc_stop();
    /* A helper that cannot be had is no error. */
    if (!ok) assert_int_equal(err.code, ERR_OUT_OF_MEMORY);
    drop(&m, reg, &err);
    if (!failed) break;
  }
  wm_buffer_free(&b);
}

static int start(void **state) { return (*state = wm_types_new()) ? 0 : 1; }
static int end(void **state) {
  wm_types_delete(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_are_the_same),
      cmocka_unit_test(the_first_error_is_told),
      cmocka_unit_test(the_first_error_of_many_is_told),
      cmocka_unit_test(memory_runs_out_in_any_thread),
  };
  return cmocka_run_group_tests(tests, start, end);
}
