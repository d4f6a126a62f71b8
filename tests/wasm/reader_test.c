/* The cursor: corners of LEB128, names, counts, types. */
#include "wasm/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TOO_LONG  "integer representation too long"
#define TOO_LARGE "integer too large"
#define END       "unexpected end"

typedef enum Kind { U32, U64, S32, S33, S64 } Kind;

typedef struct Case {
  Kind kind;
  const char *bytes;
  size_t len;
  i64 value;           /* when message is NULL */
  const char *message; /* the beginning of it */
} Case;

#define BYTES(s) s, sizeof(s) - 1

static const Case cases[] = {
    {U32, BYTES("\x00"), 0, NULL},
    {U32, BYTES("\x7F"), 127, NULL},
    {U32, BYTES("\x80\x01"), 128, NULL},
    {U32, BYTES("\x83\x80\x80\x80\x00"), 3, NULL}, /* padded */
    {U32, BYTES("\xFF\xFF\xFF\xFF\x0F"), UINT32_MAX, NULL},
    {U32, BYTES("\xFF\xFF\xFF\xFF\x1F"), 0, TOO_LARGE},
    {U32, BYTES("\x80\x80\x80\x80\x10"), 0, TOO_LARGE},
    {U32, BYTES("\x80\x80\x80\x80\x80\x00"), 0, TOO_LONG},
    {U32, BYTES("\xFF\xFF\xFF\xFF\xFF"), 0, TOO_LONG},
    {U32, BYTES(""), 0, END},
    {U32, BYTES("\x80\x80"), 0, END},
    {U64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), -1, NULL},
    {U64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), 0, TOO_LARGE},
    {U64, BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), 0, TOO_LONG},
    {S32, BYTES("\x7F"), -1, NULL},
    {S32, BYTES("\x40"), -64, NULL},
    {S32, BYTES("\x3F"), 63, NULL},
    {S32, BYTES("\xC0\x00"), 64, NULL},
    {S32, BYTES("\xFF\x7F"), -1, NULL},
    {S32, BYTES("\x80\x80\x80\x80\x78"), INT32_MIN, NULL},
    {S32, BYTES("\xFF\xFF\xFF\xFF\x07"), INT32_MAX, NULL},
    {S32, BYTES("\xFF\xFF\xFF\xFF\x0F"), 0, TOO_LARGE},
    {S32, BYTES("\x80\x80\x80\x80\x70"), 0, TOO_LARGE},
    {S32, BYTES("\x80\x80\x80\x80\x08"), 0, TOO_LARGE},
    {S32, BYTES("\xFF\xFF\xFF\xFF\xFF\x7F"), 0, TOO_LONG},
    {S33, BYTES("\xFF\xFF\xFF\xFF\x0F"), UINT32_MAX, NULL},
    {S33, BYTES("\x80\x80\x80\x80\x70"), -(INT64_C(1) << 32), NULL},
    {S33, BYTES("\x80\x80\x80\x80\x60"), 0, TOO_LARGE},
    {S33, BYTES("\x80\x80\x80\x80\x10"), 0, TOO_LARGE},
    {S64, BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7F"), INT64_MIN, NULL},
    {S64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00"), INT64_MAX, NULL},
    {S64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7E"), 0, TOO_LARGE},
    {S64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"), 0, TOO_LONG},
    {S64, BYTES("\xBD\x7F"), -67, NULL},
};

static Reader reader_of(const void *bytes, size_t len, Error *err) {
  *err = (Error){0};
  return (Reader){bytes, bytes, (const u8 *)bytes + len, 100, err, NULL};
}

static void assert_message(const Reader *r, const char *message) {
  assert_int_equal(strncmp(r->err->message, message, strlen(message)), 0);
  assert_true(r->pos == r->end);
}

static i64 read_kind(Reader *r, Kind kind) {
  switch (kind) {
  case U32: return wm_reader_u32(r);
  case U64: return (i64)wm_reader_u64(r);
  case S32: return wm_reader_s32(r);
  case S33: return wm_reader_s33(r);
  case S64: return wm_reader_s64(r);
  }
  return 0;
}

static void leb128_corners(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    const Case *c = &cases[i];
    Error err;
    u8 *bytes = malloc(c->len ? c->len : 1); /* exactly sized: reading on would be seen */
    memcpy(bytes, c->bytes, c->len);
    Reader r = reader_of(bytes, c->len, &err);
    assert_true(read_kind(&r, c->kind) == (c->message ? 0 : c->value));
    assert_true(r.pos == r.end);
    assert_int_equal(reader_ok(&r), !c->message);
    if (c->message) {
      assert_message(&r, c->message);
      assert_int_equal(err.code, ERR_MALFORMED);
      assert_int_equal(err.offset, 100);
    }
    free(bytes);
  }
}

static void the_first_error_stays(void **state) {
  (void)state;
  Error err;
  Reader r = reader_of("\x01\x02", 2, &err);
  assert_int_equal(wm_reader_byte(&r), 1);
  wm_reader_fail(&r, reader_offset(&r), "first");
  assert_int_equal(wm_reader_byte(&r), 0);
  assert_int_equal(wm_reader_u32(&r), 0);
  assert_int_equal(wm_reader_s64(&r), 0);
  assert_null(wm_reader_bytes(&r, 0));
  assert_message(&r, "first");
  assert_int_equal(err.offset, 101);
}

static void names_are_utf8(void **state) {
  (void)state;
  Error err;
  Reader r = reader_of("\x03"
                       "a\xC3\xA9",
                       4, &err);
  Name name = wm_reader_name(&r);
  assert_int_equal(name.len, 3);
  assert_memory_equal(name.bytes, "a\xC3\xA9", 3);
  r = reader_of("\x02\xC3\x28", 3, &err);
  wm_reader_name(&r);
  assert_message(&r, "malformed UTF-8 encoding");
  r = reader_of("\x05"
                "abc",
                4, &err);
  wm_reader_name(&r);
  assert_message(&r, "length out of bounds");
}

static void counts_are_checked_before_use(void **state) {
  (void)state;
  Error err;
  Reader r = reader_of("\xFF\xFF\xFF\xFF\x0F\x00", 6, &err);
  assert_int_equal(wm_reader_count(&r, 10, "things"), 0);
  assert_message(&r, END);
  r = reader_of("\x03\x00\x00\x00", 4, &err);
  assert_int_equal(wm_reader_count(&r, 2, "things"), 0);
  assert_message(&r, "too many things");
  assert_int_equal(err.code, ERR_LIMIT);
  r = reader_of("\x03\x00\x00\x00", 4, &err);
  assert_int_equal(wm_reader_count(&r, 3, "things"), 3);
}

static ValType read_type(const char *bytes, size_t len, bool *ok) {
  Error err;
  Reader r = reader_of(bytes, len, &err);
  ValType t = wm_reader_valtype(&r);
  *ok = reader_ok(&r) && r.pos == r.end;
  return t;
}

static void value_types(void **state) {
  (void)state;
  bool ok;
  assert_int_equal(read_type("\x7F", 1, &ok), VAL_I32);
  assert_int_equal(read_type("\x7B", 1, &ok), VAL_V128);
  assert_int_equal(read_type("\x70", 1, &ok), VAL_FUNCREF);
  assert_int_equal(read_type("\x6F", 1, &ok), VAL_EXTERNREF);
  assert_int_equal(read_type("\x63\x70", 2, &ok), VAL_FUNCREF);
  assert_int_equal(read_type("\x64\x05", 2, &ok), REF_TYPE(5));
  assert_int_equal(read_type("\x63\x80\x01", 3, &ok), REF_NULL_TYPE(128));
  assert_int_equal(read_type("\x64\xFF\xFF\xFF\xFF\x0F", 6, &ok), REF_TYPE(HEAP_ABSTRACT - 1));
  assert_true(ok);
  static const char *const bad[] = {"\x78", "\x7A", "\x68",     "\x75",
                                    "\x60", "\x40", "\x64\x7F", "\x64"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    read_type(bad[i], strlen(bad[i]), &ok);
    assert_false(ok);
  }
}

static void reference_types(void **state) {
  (void)state;
  Error err;
  Reader r = reader_of("\x7F", 1, &err);
  wm_reader_reftype(&r);
  assert_message(&r, "malformed reference type");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leb128_corners), cmocka_unit_test(the_first_error_stays),
      cmocka_unit_test(names_are_utf8), cmocka_unit_test(counts_are_checked_before_use),
      cmocka_unit_test(value_types),    cmocka_unit_test(reference_types),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
