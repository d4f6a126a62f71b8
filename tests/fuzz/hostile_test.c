/* Inputs made to hurt: bombs, deep nesting, huge tables, each in linear time and refused or
 * accepted cleanly. */
#include "binary/encode.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "os/os.h"
#include "text/wat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static Engine *engine;

static const char magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};

static ErrorCode load(const u8 *bytes, size_t size) {
  Error err = {0};
  LoadedModule *lm = wm_engine_load(engine, bytes, size, &err);
  assert_int_equal(lm != NULL, err.code == ERR_NONE);
  if (lm) {
    for (u32 i = 0; i < lm->module.func_count - lm->module.func_import_count; i++)
      assert_true(wm_interp_translate(&lm->codes[i]));
    wm_loaded_release(lm);
  }
  return err.code;
}

/* A module of one function type [] -> [] and one function with the body `code`. */
static ErrorCode load_body(const Buffer *code) {
  Buffer m = {0}, entry = {0};
  wm_buffer_byte(&entry, 0); /* no locals */
  wm_buffer_bytes(&entry, code->data, code->len);
  wm_buffer_bytes(&m, magic, 8);
  wm_buffer_bytes(&m, "\1\4\1\x60\0\0\3\2\1\0", 10);
  wm_buffer_byte(&m, 10);
  Buffer size = {0};
  wm_buffer_uleb(&size, entry.len);
  wm_buffer_uleb(&m, 1 + size.len + entry.len);
  wm_buffer_byte(&m, 1);
  wm_buffer_bytes(&m, size.data, size.len);
  wm_buffer_bytes(&m, entry.data, entry.len);
  assert_false(m.failed);
  ErrorCode code_ = load(m.data, m.len);
  wm_buffer_free(&m);
  wm_buffer_free(&entry);
  wm_buffer_free(&size);
  return code_;
}

static void section_bombs_are_cheap(void **state) {
  (void)state;
  for (u8 id = 1; id <= 13; id++) {
    u8 bytes[20] = {0, 'a', 's', 'm', 1, 0, 0, 0, id, 10, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
    assert_int_not_equal(load(bytes, sizeof bytes), ERR_NONE);
  }
}

static void locals_bombs_are_refused(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "\1\xD1\x86\3\x7F\x0B",                                   /* 50,001 */
      "\2\xFF\xFF\xFF\xFF\x0F\x7F\xFF\xFF\xFF\xFF\x0F\x7E\x0B", /* twice 2^32-1 */
      "\2\x80\x80\x80\x80\x08\x7F\x80\x80\x80\x80\x08\x7F\x0B", /* 2^31 + 2^31 */
  };
  static const u8 lens[] = {6, 14, 14};
  for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
    Buffer m = {0};
    wm_buffer_bytes(&m, magic, 8);
    wm_buffer_bytes(&m, "\1\4\1\x60\0\0\3\2\1\0\x0A", 11);
    wm_buffer_byte(&m, (u8)(lens[i] + 2));
    wm_buffer_byte(&m, 1);
    wm_buffer_byte(&m, lens[i]);
    wm_buffer_bytes(&m, bodies[i], lens[i]);
    assert_int_not_equal(load(m.data, m.len), ERR_NONE);
    wm_buffer_free(&m);
  }
}

static void a_million_nested_blocks(void **state) {
  (void)state;
  static const u8 openers[] = {0x02, 0x03, 0x04};
  for (size_t o = 0; o < ARRAY_LEN(openers); o++) {
    Buffer code = {0};
    for (u32 i = 0; i < 1000000; i++) {
      if (openers[o] == 0x04) wm_buffer_bytes(&code, "\x41\0", 2);
      wm_buffer_byte(&code, openers[o]);
      wm_buffer_byte(&code, 0x40);
    }
    for (u32 i = 0; i <= 1000000; i++) wm_buffer_byte(&code, 0x0B);
    ErrorCode got = load_body(&code);
    assert_true(got == ERR_NONE || got == ERR_LIMIT);
    wm_buffer_free(&code);
  }
}

static void a_huge_br_table(void **state) {
  (void)state;
  Buffer code = {0};
  const u32 count = 7000000;
  wm_buffer_bytes(&code, "\x41\0\x0E", 3);
  wm_buffer_uleb(&code, count);
  for (u32 i = 0; i <= count; i++) wm_buffer_byte(&code, 0);
  wm_buffer_byte(&code, 0x0B);
  assert_int_equal(load_body(&code), ERR_NONE);
  wm_buffer_free(&code);
}

static ErrorCode parse(const Buffer *text) {
  Buffer out = {0};
  Error err = {0};
  bool ok = wm_wat_to_binary((const char *)text->data, text->len, &out, &err);
  assert_int_equal(ok, err.code == ERR_NONE);
  wm_buffer_free(&out);
  return err.code;
}

static void repeat(Buffer *out, const char *text, u32 count) {
  size_t len = strlen(text);
  for (u32 i = 0; i < count; i++) wm_buffer_bytes(out, text, len);
}

static void a_million_parentheses(void **state) {
  (void)state;
  static const char *const openers[] = {"(", "(block ", "(i32.eqz ", "(;", "(@a "};
  for (size_t o = 0; o < ARRAY_LEN(openers); o++) {
    Buffer text = {0};
    repeat(&text, "(module (func ", 1);
    repeat(&text, openers[o], 1000000);
    assert_int_equal(parse(&text), ERR_SYNTAX); /* never closed */
    wm_buffer_free(&text);
  }
  Buffer text = {0};
  repeat(&text, "(module (func ", 1);
  repeat(&text, "(block ", 1000000);
  repeat(&text, ")", 1000002);
  assert_int_equal(parse(&text), ERR_NONE);
  wm_buffer_free(&text);
}

/* Instructions after `unreachable` type-check against the polymorphic stack, for every opcode. */
static void unreachable_before_every_opcode(void **state) {
  (void)state;
  for (u32 prefix = 0; prefix < 5; prefix++)
    for (u32 op = 0; op < 256; op++) {
      Buffer code = {0};
      wm_buffer_byte(&code, 0);
      if (prefix) wm_buffer_byte(&code, (u8)(0xFA + prefix));
      if (prefix)
        wm_buffer_uleb(&code, op);
      else
        wm_buffer_byte(&code, (u8)op);
      wm_buffer_bytes(&code, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0B", 18);
      (void)load_body(&code);
      wm_buffer_free(&code);
    }
}

/* ---- linear time: bodies that grow with n, made to be quadratic where work is repeated ---- */

static void repeat_bytes(Buffer *out, const char *bytes, size_t size, u32 count) {
  for (u32 i = 0; i < count; i++) wm_buffer_bytes(out, bytes, size);
}

static void nested_blocks(Buffer *code, u32 n) {
  repeat_bytes(code, "\x02\x40\x41\0\x0D\0", 6, n);
  repeat_bytes(code, "\x0B", 1, n + 1);
}

/* Many small branch tables with very many labels in sight. */
static void deep_tables(Buffer *code, u32 n) {
  repeat_bytes(code, "\x02\x40", 2, n);
  repeat_bytes(code, "\x02\x40\x41\0\x0E\0\0\x0B", 8, n);
  repeat_bytes(code, "\x0B", 1, n + 1);
}

/* Blocks and branches on top of many values. */
static void high_stack(Buffer *code, u32 n) {
  u32 height = min_u32(n, 60000);
  repeat_bytes(code, "\x41\0", 2, height);
  repeat_bytes(code, "\x02\x40\x41\0\x0D\0\x0B\x41\0\x04\x40\x05\x0B", 13, n);
  repeat_bytes(code, "\x1A", 1, height);
  wm_buffer_byte(code, 0x0B);
}

/* What this thread ran: other programs do not disturb it. */
static u64 running_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static u64 time_of(void (*make)(Buffer *code, u32 n), u32 n) {
  Buffer code = {0};
  make(&code, n);
  u64 best = UINT64_MAX;
  for (int round = 0; round < 3; round++) {
    u64 start = running_ns();
    assert_int_equal(load_body(&code), ERR_NONE);
    best = min_u64(best, running_ns() - start);
  }
  wm_buffer_free(&code);
  return best;
}

/* Quadratic work would quadruple; noise gets room. */
static void doubling_costs_about_double(void **state) {
  (void)state;
  static const struct {
    const char *name;
    void (*make)(Buffer *code, u32 n);
    u32 n;
  } cases[] = {{"nested blocks", nested_blocks, 60000},
               {"deep tables", deep_tables, 30000},
               {"high stack", high_stack, 25000}};
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    u64 once = time_of(cases[i].make, cases[i].n), twice = time_of(cases[i].make, cases[i].n * 2);
    printf("%s: %.1f ms, doubled %.1f ms\n", cases[i].name, (double)once / 1e6,
           (double)twice / 1e6);
    assert_true(twice < once * 3 + 5000000);
  }
}

/* Loads a module of one function: its body is what
 * comes first and then a step again and again. Returns the time that it took. */
static u64 time_of_steps(const Buffer *types, u8 type, const Buffer *first, const char *step,
                         size_t step_size, u32 times) {
  Buffer m = {0};
  wm_encode_header(&m);
  size_t section = wm_encode_section(&m, SECTION_TYPE);
  wm_buffer_bytes(&m, types->data, types->len);
  wm_encode_close(&m, section);
  wm_buffer_bytes(&m, (u8[]){SECTION_FUNCTION, 2, 1, type}, 4);
  section = wm_encode_section(&m, SECTION_CODE);
  wm_buffer_byte(&m, 1);
  size_t entry = wm_encode_open(&m);
  wm_buffer_byte(&m, 0);
  wm_buffer_bytes(&m, first->data, first->len);
  repeat_bytes(&m, step, step_size, times);
  wm_buffer_byte(&m, 0x0B);
  wm_encode_close(&m, entry);
  wm_encode_close(&m, section);
  u64 start = running_ns();
  assert_int_equal(load(m.data, m.len), ERR_NONE);
  u64 time = running_ns() - start;
  wm_buffer_free(&m);
  return time;
}

/* Instructions of two bytes that move a thousand values each. The bound is far above what the work
 * takes, and far below what it takes when each value is looked at again and again. */
static void a_thousand_values_at_once(void **state) {
  (void)state;
  enum { VALUES = 1000, TIMES = 20000 };
  static const char *const steps[] = {"\x10\0", "\x02\0\x0B", "\x03\0\x0B", "\x41\0\x04\0\x05\x0B"};
  static const u8 lens[] = {2, 3, 3, 6};
  Buffer types = {0}, values = {0};
  wm_buffer_bytes(&types, "\1\x60", 2);
  for (int k = 0; k < 2; k++) {
    wm_buffer_uleb(&types, VALUES);
    repeat_bytes(&types, "\x7F", 1, VALUES);
  }
  repeat_bytes(&values, "\x41\0", 2, VALUES);
  for (size_t i = 0; i < ARRAY_LEN(steps); i++)
    assert_true(time_of_steps(&types, 0, &values, steps[i], lens[i], TIMES) < 5000000000u);
  wm_buffer_free(&types);
  wm_buffer_free(&values);
}

/* Instructions of a few bytes that speak of ten thousand fields each, in code that is never reached
 * or without looking at one: 0.05 us each, where each field would take a hundred times as long. */
static void ten_thousand_fields_at_once(void **state) {
  (void)state;
  enum { FIELDS = 10000, TIMES = 200000 };
  static const char *const steps[] = {"\xFB\0\0\x1A", "\xFB\1\0\x1A", "\xFB\x08\1\x90\x4E\x1A"};
  static const u8 lens[] = {4, 4, 6};
  Buffer types = {0}, unreachable = {0};
  wm_buffer_bytes(&types, "\3\x5F", 2);
  wm_buffer_uleb(&types, FIELDS);
  repeat_bytes(&types, "\x7F\1", 2, FIELDS);
  wm_buffer_bytes(&types, "\x5E\x7F\1\x60\0\0", 6);
  wm_buffer_byte(&unreachable, 0);
  for (size_t i = 0; i < ARRAY_LEN(steps); i++)
    assert_true(time_of_steps(&types, 2, &unreachable, steps[i], lens[i], TIMES) < 500000000u);
  wm_buffer_free(&types);
  wm_buffer_free(&unreachable);
}

static int setup(void **state) {
  (void)state;
  engine = wm_engine_new(NULL);
  return engine ? 0 : -1;
}

static int teardown(void **state) {
  (void)state;
  wm_engine_release(engine);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(section_bombs_are_cheap),
      cmocka_unit_test(locals_bombs_are_refused),
      cmocka_unit_test(a_million_nested_blocks),
      cmocka_unit_test(a_huge_br_table),
      cmocka_unit_test(a_million_parentheses),
      cmocka_unit_test(unreachable_before_every_opcode),
      cmocka_unit_test(doubling_costs_about_double),
      cmocka_unit_test(a_thousand_values_at_once),
      cmocka_unit_test(ten_thousand_fields_at_once),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
