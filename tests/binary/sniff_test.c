/* What the library says of files that are no modules. */
#include "binary/sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct Case {
  const char *bytes;
  size_t size;
  const char *start, *part; /* of the message */
} Case;

#define BYTES(s) s, sizeof(s) - 1

static const Case cases[] = {
    {BYTES(""), "unexpected end", "empty"},
    {BYTES("\0a"), "unexpected end", "too short"},
    {BYTES("\0asm"), "unexpected end", "header"},
    {BYTES("\0asm\1\0\0"), "unexpected end", "header"},
    {BYTES("\0asm\2\0\0\0"), "unknown binary version", "version 2"},
    {BYTES("\0asm\x0D\0\1\0"), "unknown binary version", "component"},
    {BYTES("(module)"), "magic header not detected", "text format"},
    {BYTES("  ;; a comment\n(module)"), "magic header not detected", "text format"},
    {BYTES("\xEF\xBB\xBF(module)"), "magic header not detected", "text format"},
    {BYTES("(component)"), "magic header not detected", "component"},
    {BYTES("\x1F\x8B\x08\0\0\0"), "magic header not detected", "gzip"},
    {BYTES("<!DOCTYPE html><html>"), "magic header not detected", "HTML"},
    {BYTES("\n<html>"), "magic header not detected", "HTML"},
    {BYTES("\x7F"
           "ELF\2\1\1"),
     "magic header not detected", "ELF"},
    {BYTES("PK\x03\x04...."), "magic header not detected", "zip"},
    {BYTES("BC\xC0\xDE...."), "magic header not detected", "LLVM"},
    {BYTES("#!/bin/sh\n"), "magic header not detected", "script"},
    {BYTES("hello, world"), "magic header not detected", "plain text"},
    {BYTES("\x01\x02\x03\x04\x05\"\\"), "magic header not detected",
     "\\01\\02\\03\\04\\05\\22\\5c"},
    {BYTES("asm\0\1\0\0\0"), "magic header not detected", "begins with"},
};

static void says_what_it_is(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    const Case *c = &cases[i];
    u8 *copy = malloc(c->size ? c->size : 1);
    memcpy(copy, c->bytes, c->size);
    Error err = {0};
    wm_sniff(copy, c->size, &err);
    assert_int_equal(err.code, ERR_MALFORMED);
    if (strncmp(err.message, c->start, strlen(c->start)) || !strstr(err.message, c->part))
      fail_msg("case %zu: \"%s\"", i, err.message);
    free(copy);
  }
}

static bool may_be_text(const char *bytes) {
  return wm_may_be_text((const u8 *)bytes, strlen(bytes));
}

static void text_is_told_from_others(void **state) {
  (void)state;
  assert_true(may_be_text("(module)"));
  assert_true(may_be_text(" \t\n\v\f\r;; a comment"));
  assert_true(may_be_text("\n"));
  assert_false(may_be_text(""));
  assert_false(may_be_text("module"));
  assert_false(may_be_text("\n<html>"));
  assert_false(wm_may_be_text((const u8 *)"\0asm\1\0\0\0", 8));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_it_is),
                                     cmocka_unit_test(text_is_told_from_others)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
