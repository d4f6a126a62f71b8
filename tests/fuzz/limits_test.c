/* Every limit of wasm/limits.h that a file of reasonable size can reach: at the limit a module
 * loads, one more is refused as a limit, not as an error of the module. */
#include "binary/encode.h"
#include "engine/engine.h"
#include "wasm/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static ErrorCode load(const Buffer *m) {
  Engine *engine = wm_engine_new(NULL);
  assert_non_null(engine);
  assert_false(m->failed);
  Error err = {0};
  LoadedModule *lm = wm_engine_load(engine, m->data, m->len, &err);
  assert_int_equal(lm != NULL, err.code == ERR_NONE);
  if (err.code != ERR_NONE) assert_true(err.message[0] != 0);
  if (lm) wm_loaded_release(lm);
  wm_engine_release(engine);
  return err.code;
}

static void repeat(Buffer *out, const char *bytes, size_t size, u32 count) {
  for (u32 i = 0; i < count; i++) wm_buffer_bytes(out, bytes, size);
}

/* A section of `count` equal items. */
static void items(Buffer *m, u8 id, const char *bytes, size_t size, u32 count) {
  size_t section = wm_encode_section(m, id);
  wm_buffer_uleb(m, count);
  repeat(m, bytes, size, count);
  wm_encode_close(m, section);
}

static void one_func_type(Buffer *m) { items(m, SECTION_TYPE, "\x60\0\0", 3, 1); }

/* One function with the body (locals, instructions without the last end). */
static void one_body(Buffer *m, const Buffer *body) {
  items(m, SECTION_FUNCTION, "\0", 1, 1);
  size_t section = wm_encode_section(m, SECTION_CODE);
  wm_buffer_byte(m, 1);
  size_t entry = wm_encode_open(m);
  wm_buffer_bytes(m, body->data, body->len);
  wm_buffer_byte(m, 0x0B);
  wm_encode_close(m, entry);
  wm_encode_close(m, section);
}

static void types(Buffer *m, u32 n) { items(m, SECTION_TYPE, "\x60\0\0", 3, n); }

static void group(Buffer *m, u32 n) {
  size_t section = wm_encode_section(m, SECTION_TYPE);
  wm_buffer_bytes(m, "\1\x4E", 2);
  wm_buffer_uleb(m, n);
  repeat(m, "\x5F\0", 2, n);
  wm_encode_close(m, section);
}

static void fields(Buffer *m, u32 n) {
  size_t section = wm_encode_section(m, SECTION_TYPE);
  wm_buffer_bytes(m, "\1\x5F", 2);
  wm_buffer_uleb(m, n);
  repeat(m, "\x78\0", 2, n);
  wm_encode_close(m, section);
}

/* The last one has n ancestors. */
static void sub_types(Buffer *m, u32 n) {
  size_t section = wm_encode_section(m, SECTION_TYPE);
  wm_buffer_uleb(m, n + 1);
  wm_buffer_bytes(m, "\x50\0\x5F\0", 4);
  for (u32 i = 0; i < n; i++) {
    wm_buffer_bytes(m, "\x50\1", 2);
    wm_buffer_uleb(m, i);
    wm_buffer_bytes(m, "\x5F\0", 2);
  }
  wm_encode_close(m, section);
}

static void functions(Buffer *m, u32 n) {
  one_func_type(m);
  items(m, SECTION_FUNCTION, "\0", 1, n);
  items(m, SECTION_CODE, "\2\0\x0B", 3, n);
}

static void imports(Buffer *m, u32 n) {
  one_func_type(m);
  items(m, SECTION_IMPORT, "\0\0\0\0", 4, n);
}

static void exports(Buffer *m, u32 n) {
  Buffer body = {0};
  one_func_type(m);
  items(m, SECTION_FUNCTION, "\0", 1, 1);
  size_t section = wm_encode_section(m, SECTION_EXPORT);
  wm_buffer_uleb(m, n);
  for (u32 i = 0; i < n; i++) {
    char name[12];
    int len = snprintf(name, sizeof name, "%x", i);
    wm_encode_name(m, name, (u32)len);
    wm_buffer_bytes(m, "\0\0", 2);
  }
  wm_encode_close(m, section);
  items(m, SECTION_CODE, "\2\0\x0B", 3, 1);
  wm_buffer_free(&body);
}

static void globals(Buffer *m, u32 n) { items(m, SECTION_GLOBAL, "\x7F\0\x41\0\x0B", 5, n); }
static void tables(Buffer *m, u32 n) { items(m, SECTION_TABLE, "\x70\0\0", 3, n); }
static void memories(Buffer *m, u32 n) { items(m, SECTION_MEMORY, "\0\0", 2, n); }
static void data_segments(Buffer *m, u32 n) { items(m, SECTION_DATA, "\1\0", 2, n); }

static void customs(Buffer *m, u32 n) {
  for (u32 i = 0; i < n; i++) wm_buffer_bytes(m, "\0\1\0", 3);
}

static void name_bytes(Buffer *m, u32 n) {
  size_t section = wm_encode_section(m, SECTION_IMPORT);
  wm_buffer_bytes(m, "\1\0", 2);
  wm_buffer_uleb(m, n);
  repeat(m, "n", 1, n);
  wm_buffer_bytes(m, "\3\x7F\0", 3);
  wm_encode_close(m, section);
}

static void value_list(Buffer *m, u32 params, u32 results) {
  size_t section = wm_encode_section(m, SECTION_TYPE);
  wm_buffer_bytes(m, "\1\x60", 2);
  wm_buffer_uleb(m, params);
  repeat(m, "\x7F", 1, params);
  wm_buffer_uleb(m, results);
  repeat(m, "\x7F", 1, results);
  wm_encode_close(m, section);
}
static void params(Buffer *m, u32 n) { value_list(m, n, 0); }
static void results(Buffer *m, u32 n) { value_list(m, 0, n); }

static void locals(Buffer *m, u32 n) {
  Buffer body = {0};
  one_func_type(m);
  wm_buffer_byte(&body, 2);
  wm_buffer_uleb(&body, n - 1);
  wm_buffer_bytes(&body, "\x7F\1\x7E", 3);
  one_body(m, &body);
  wm_buffer_free(&body);
}

static void body_bytes(Buffer *m, u32 n) {
  Buffer body = {0};
  one_func_type(m);
  wm_buffer_byte(&body, 0);
  repeat(&body, "\1", 1, n - 2); /* nop; the end comes on top */
  one_body(m, &body);
  wm_buffer_free(&body);
}

/* 8-byte slots: the locals' vectors and one more. */
static void frame_slots(Buffer *m, u32 n) {
  Buffer body = {0};
  u32 slots = n - FRAME_OVERHEAD_SLOTS;
  one_func_type(m);
  wm_buffer_byte(&body, 2);
  wm_buffer_uleb(&body, slots / 2);
  wm_buffer_byte(&body, 0x7B);
  wm_buffer_uleb(&body, slots % 2);
  wm_buffer_byte(&body, 0x7F);
  one_body(m, &body);
  wm_buffer_free(&body);
}

static const struct {
  const char *name;
  u32 limit;
  void (*make)(Buffer *m, u32 n);
} cases[] = {
    {"types", MAX_TYPES, types},
    {"types of a recursion group", MAX_RECURSION_GROUP, group},
    {"fields", MAX_FIELDS, fields},
    {"sub types of sub types", MAX_SUBTYPE_DEPTH, sub_types},
    {"functions", MAX_FUNCTIONS, functions},
    {"imports", MAX_IMPORTS, imports},
    {"exports", MAX_EXPORTS, exports},
    {"globals", MAX_GLOBALS, globals},
    {"tables", MAX_TABLES, tables},
    {"memories", MAX_MEMORIES, memories},
    {"data segments", MAX_DATA_SEGMENTS, data_segments},
    {"custom sections", MAX_CUSTOM_SECTIONS, customs},
    {"bytes of a name", MAX_NAME_BYTES, name_bytes},
    {"parameters", MAX_PARAMS, params},
    {"results", MAX_RESULTS, results},
    {"locals", MAX_LOCALS, locals},
    {"bytes of a body", MAX_BODY_BYTES, body_bytes},
    {"slots of a frame", MAX_FRAME_SLOTS, frame_slots},
};

static void at_the_limit_and_one_more(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    for (u32 more = 0; more < 2; more++) {
      Buffer m = {0};
      wm_encode_header(&m);
      cases[i].make(&m, cases[i].limit + more);
      ErrorCode got = load(&m);
      if (got != (more ? ERR_LIMIT : ERR_NONE))
        fail_msg("%s: %u gives error %d", cases[i].name, cases[i].limit + more, (int)got);
      wm_buffer_free(&m);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(at_the_limit_and_one_more)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
