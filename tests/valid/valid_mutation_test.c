/* Valid modules with a few bytes changed, cut or repeated: each is accepted or refused with an
 * error that makes sense, and nothing is kept of those refused. Sanitizers see the rest. */
#include "hex_module.h"

#include "support/failing_alloc.h"

static const char *const seeds[] = {
    /* control and calls */
    "01{05 60 00 00 60 01 7f 01 7f 60 02 7f 7f 02 7f 7f 60 00 01 7e 60 01 7b 01 7b}"
    "02{02 01'm'01'f' 00 01 01'm'01'g' 03 7f 00}"
    "03{03 01 02 03} 04{01 70 00 04} 05{01 01 01 02} 06{01 7f 01 23 00 0b}"
    "07{02 01'a' 00 01 01'b' 02 00} 09{01 00 41 00 0b 02 01 02}"
    "0a{03"
    "  {02 02 7f 01 7e 20 00 04 7f 20 00 10 00 05 41 05 0b 21 01"
    "   03 40 20 01 41 01 6a 22 01 41 e4 00 48 0d 00 03 40 42 01 21 03 10 03 1a 0b 0b 20 01 0b}"
    "  {00 20 00 20 01 02 02 02 02 20 00 0e 02 00 01 02 0b 0b 0b}"
    "  {01 01 7c 02 7e 42 07 41 00 41 00 11 01 00 0d 00 1a 42 00 0f 0b 00 0b}"
    "}",
    /* memories, tables, references */
    "01{02 60 00 00 60 01 70 01 6f} 03{02 00 01}"
    "04{03 70 00 02 6f 01 01 08 70 04 01} 05{02 00 01 04 01}"
    "06{03 6f 00 d0 6f 0b 70 01 d2 00 0b 7e 00 42 01 42 02 7c 0b}"
    "07{01 01'f' 00 00} 09{03 01 00 01 00  05 6f 01 d0 6f 0b  07 70 01 d2 01 0b} 0c{02}"
    "0a{02"
    "  {00 41 00 41 00 28 02 00 36 02 04 42 00 29 43 01 80 80 80 80 10 1a"
    "   42 00 41 00 41 01 fc 0a 01 00 41 00 41 00 41 00 fc 08 00 00 fc 09 01"
    "   41 00 41 00 41 00 fc 0c 00 00 fc 0d 02 42 00 41 00 41 00 fc 0e 02 00"
    "   41 00 25 00 d1 1a d2 01 42 01 fc 0f 02 1a 3f 00 40 00 1a 0b}"
    "  {01 01 6f d0 6f 20 01 20 00 d1 1c 01 6f 0b}"
    "} 0b{02 00 41 00 0b 01'x' 01 02'yz'}",
    /* vectors */
    "01{01 60 02 7b 7f 01 7b} 03{01 00} 05{01 00 01}"
    "0a{01 {01 01 7b 20 00 20 01 fd 0f fd 6e 21 02 03 40 20 02 20 02"
    "   fd 0d 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 1f 22 02 fd 15 0f 0d 00 0b"
    "   20 01 20 02 fd 55 01 02 07 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
    "   20 02 fd 52 0b}}",
    /* proposals that are refused */
    "01{05 60 00 00 60 01 63 00 01 64 00 5f 01 7f 01 4e 02 50 00 60 00 00 5e 78 01 60 01 69 00}"
    "03{01 00} 0d{01 00 00} 0a{01 {00 02 40 1f 40 02 00 00 00 02 00 0b 0b 41 00 fb 1c 1a"
    "   d0 00 d4 12 00 fe 03 00 0b}}",
};

static u64 next_random(u64 *seed) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 7;
  return *seed ^= *seed << 17;
}

static void mutate(Buffer *b, u64 *seed) {
  u32 changes = 1 + (u32)(next_random(seed) % 3);
  for (u32 i = 0; i < changes; i++) {
    size_t at = 8 + (size_t)(next_random(seed) % (b->len - 8));
    u64 what = next_random(seed) % 4;
    if (what == 0)
      b->data[at] ^= (u8)(1u << next_random(seed) % 8);
    else if (what == 1)
      b->data[at] = (u8)next_random(seed);
    else if (what == 2)
      b->data[at] = b->data[8 + next_random(seed) % (b->len - 8)];
    else
      b->data[at] = (u8)(b->data[at] + 1);
  }
}

/* Facts of a module that was accepted stay within bounds. */
static void check_facts(const Module *m) {
  for (u32 i = m->func_import_count; i < m->func_count; i++) {
    const FuncFacts *facts = &m->funcs[i].facts;
    assert_true(facts->local_slots >= facts->local_count && facts->local_count <= MAX_LOCALS);
    assert_true(facts->max_operand_slots <= MAX_FRAME_SLOTS && facts->max_control >= 1);
    for (u32 l = 0; l < facts->loop_count; l++) {
      const LoopFacts *loop = &facts->loops[l];
      assert_int_equal(m->bytes[loop->offset], 0x03);
      assert_int_equal(m->bytes[loop->end_offset], 0x0B);
      for (u32 a = 0; loop->assigned_len != ASSIGNS_ALL && a < loop->assigned_len; a++)
        assert_true(facts->assigned[loop->assigned_start + a] < facts->local_count);
    }
  }
}

static void check_error(const Error *err, size_t size) {
  assert_true(err->code == ERR_MALFORMED || err->code == ERR_INVALID ||
              err->code == ERR_UNSUPPORTED || err->code == ERR_LIMIT);
  assert_true(err->offset <= size && err->message[0]);
  assert_true(err->code != ERR_UNSUPPORTED || err->proposal);
}

static void try_module(const Buffer *b, TypeRegistry *reg, u32 *accepted) {
  Module m;
  Error err = hex_validate_bytes(b->data, b->len, reg, wm_features_default(), &m);
  if (err.code != ERR_NONE) {
    check_error(&err, b->len);
    return;
  }
  check_facts(&m);
  wm_module_release_types(&m, reg);
  wm_module_free(&m);
  ++*accepted;
}

static void test_mutations(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  u64 seed = 0x5EED;
  u32 accepted = 0;
  for (size_t s = 0; s < ARRAY_LEN(seeds); s++) {
    Buffer original = {0};
    wm_encode_header(&original);
    hex_write(&original, seeds[s]);
    u32 before = accepted;
    try_module(&original, reg, &accepted);
    assert_int_equal(accepted - before, 1);
    for (u32 i = 0; i < 10000; i++) {
      Buffer b = {0};
      wm_buffer_bytes(&b, original.data, original.len);
      mutate(&b, &seed);
      try_module(&b, reg, &accepted);
      wm_buffer_free(&b);
    }
    wm_buffer_free(&original);
  }
  assert_true(accepted > 1000 && accepted < 30000);
  wm_types_delete(reg);
}

/* Each beginning of a module is refused or, between sections, may be a module itself. */
static void test_truncations(void **state) {
  (void)state;
  TypeRegistry *reg = wm_types_new();
  u32 accepted = 0;
  for (size_t s = 0; s < ARRAY_LEN(seeds); s++) {
    Buffer b = {0};
    wm_encode_header(&b);
    hex_write(&b, seeds[s]);
    for (; b.len > 8; b.len--) {
      Buffer cut = {0}; /* in its own block, so that a sanitizer sees reads behind the end */
      wm_buffer_bytes(&cut, b.data, b.len);
      try_module(&cut, reg, &accepted);
      wm_buffer_free(&cut);
    }
    wm_buffer_free(&b);
  }
  assert_true(accepted < 40);
  wm_types_delete(reg);
}

/* Each allocation fails in turn: an ordinary error, and nothing is left behind. */
static void test_memory(void **state) {
  (void)state;
  for (size_t s = 0; s < ARRAY_LEN(seeds); s++) {
    Buffer b = {0};
    wm_encode_header(&b);
    hex_write(&b, seeds[s]);
    bool failed = true;
    for (u64 n = 1; failed; n++) {
      TypeRegistry *reg = wm_types_new();
      assert_non_null(reg);
      failing_alloc_start(n);
      Error err = hex_validate_bytes(b.data, b.len, reg, wm_features_default(), NULL);
      failed = failing_alloc_stop();
      wm_types_delete(reg);
      hex_expect("memory", &err, failed ? ERR_OUT_OF_MEMORY : ERR_NONE, "");
      assert_true(failed || n > 5);
    }
    wm_buffer_free(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mutations),
      cmocka_unit_test(test_truncations),
      cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
