/* What the tests of the text format share. */
#ifndef WM_TESTS_TEXT_TEXT_TEST_H
#define WM_TESTS_TEXT_TEXT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "binary/encode.h"
#include "text/wat.h"

/* A copy of just the bytes, so that a sanitizer sees a read beyond them. Freed by the caller. */
static inline char *exact_copy(const char *text, size_t size) {
  char *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, text, size);
  return copy;
}

/* The binary of a module that must be good. Freed by the caller. */
static inline Buffer convert(const char *text) {
  size_t size = strlen(text);
  char *copy = exact_copy(text, size);
  Buffer out = {0};
  Error err = {0};
  bool ok = wm_wat_to_binary(copy, size, &out, &err);
  free(copy);
  if (!ok) fail_msg("%u:%u: %s\n%s", err.line, err.column, err.message, err.context);
  return out;
}

/* The error of a module that must be bad. */
static inline Error refuse(const char *text) {
  size_t size = strlen(text);
  char *copy = exact_copy(text, size);
  Buffer out = {0};
  Error err = {0};
  bool ok = wm_wat_to_binary(copy, size, &out, &err);
  free(copy);
  wm_buffer_free(&out);
  if (ok) fail_msg("accepted: %s", text);
  assert_int_equal(err.code, ERR_SYNTAX);
  return err;
}

/* Two spellings of the same module. */
static inline void same(const char *text, const char *expanded) {
  Buffer a = convert(text), b = convert(expanded);
  if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
    fail_msg("differ:\n  %s\n  %s", text, expanded);
  wm_buffer_free(&a);
  wm_buffer_free(&b);
}

static inline u8 hex_digit(char c) { return (u8)(c >= 'a' ? c - 'a' + 10 : c - '0'); }

/* Bytes from hex digits; quotes enclose plain text, braces a part that its size precedes. */
static inline Buffer from_hex(const char *hex) {
  Buffer b = {0};
  size_t marks[8], depth = 0;
  for (const char *p = hex; *p; p++) {
    if (*p == ' ') continue;
    if (*p == '{') {
      marks[depth++] = wm_encode_open(&b);
    } else if (*p == '}') {
      wm_encode_close(&b, marks[--depth]);
    } else if (*p == '\'') {
      while (*++p != '\'') wm_buffer_byte(&b, (u8)*p);
    } else {
      wm_buffer_byte(&b, (u8)(hex_digit(p[0]) << 4 | hex_digit(p[1])));
      p++;
    }
  }
  return b;
}

static inline void print_bytes(const char *what, const u8 *bytes, size_t len) {
  print_message("%s", what);
  for (size_t i = 0; i < len; i++) print_message(" %02x", bytes[i]);
  print_message("\n");
}

/* The binary, behind magic and version, is these bytes. */
static inline void gives(const char *text, const char *hex) {
  Buffer found = convert(text), wanted = from_hex(hex);
  assert_memory_equal(found.data, "\0asm\1\0\0\0", 8);
  bool ok = found.len - 8 == wanted.len &&
            (wanted.len == 0 || memcmp(found.data + 8, wanted.data, wanted.len) == 0);
  if (!ok) {
    print_bytes("gives", found.data + 8, found.len - 8);
    print_bytes("not  ", wanted.data, wanted.len);
    fail_msg("%s", text);
  }
  wm_buffer_free(&found);
  wm_buffer_free(&wanted);
}

/* Refused with a message that starts so. */
static inline void wrong(const char *text, const char *message) {
  Error err = refuse(text);
  if (strncmp(err.message, message, strlen(message)) != 0)
    fail_msg("%s\n  says \"%s\"\n  not  \"%s\"", text, err.message, message);
}

#endif
