/* Modules for tests, written as hex digits. `{` and `}` enclose a part that its size precedes,
 * quotes enclose plain text, `;` starts a remark that ends with the line:
 *
 *   "01{01 60 00 00}  03{01 00}  07{01 01'f' 00 00}  0a{01 {00 0b}}"
 *
 * The magic number and the version are put in front. */
#ifndef WM_TESTS_VALID_HEX_MODULE_H
#define WM_TESTS_VALID_HEX_MODULE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "binary/decode.h"
#include "binary/encode.h"
#include "valid/valid.h"
#include "wasm/limits.h"

static inline u8 hex_digit(char c) { return (u8)(c >= 'a' ? c - 'a' + 10 : c - '0'); }

/* Appends what `text` says. */
static inline void hex_write(Buffer *b, const char *text) {
  size_t marks[8], depth = 0;
  for (const char *p = text; *p; p++) {
    if (*p == ' ' || *p == '\n') continue;
    if (*p == '{') {
      marks[depth++] = wm_encode_open(b);
    } else if (*p == '}') {
      wm_encode_close(b, marks[--depth]);
    } else if (*p == '\'') {
      while (*++p != '\'') wm_buffer_byte(b, (u8)*p);
    } else if (*p == ';') {
      while (p[1] && p[1] != '\n') p++;
    } else {
      wm_buffer_byte(b, (u8)(hex_digit(p[0]) << 4 | hex_digit(p[1])));
      p++;
    }
  }
  assert_int_equal(depth, 0);
  assert_false(b->failed);
}

/* Decodes and validates. With `keep` set, *keep holds the valid module and the caller frees it and
 * releases its types. */
static inline Error hex_validate_bytes(const u8 *bytes, size_t size, TypeRegistry *reg,
                                       FeatureSet features, Module *keep) {
  Error err = {0};
  Module m;
  bool valid =
      wm_module_decode(&m, bytes, size, &err) && wm_module_validate(&m, reg, features, 0, &err);
  assert_int_equal(valid, err.code == ERR_NONE);
  if (valid && keep) {
    *keep = m;
    return err;
  }
  if (valid) wm_module_release_types(&m, reg);
  wm_module_free(&m);
  return err;
}

static inline Error hex_validate(const char *text, TypeRegistry *reg, FeatureSet features,
                                 Module *keep) {
  Buffer b = {0};
  wm_encode_header(&b);
  hex_write(&b, text);
  Error err = hex_validate_bytes(b.data, b.len, reg, features, keep);
  wm_buffer_free(&b);
  return err;
}

/* WebAssembly 2.0: what came later is refused by its proposal's name. */
static inline FeatureSet hex_wasm2(void) {
  static const Feature later[] = {FEATURE_RELAXED_SIMD,        FEATURE_TAIL_CALL,
                                  FEATURE_FUNCTION_REFERENCES, FEATURE_GC,
                                  FEATURE_EXCEPTIONS,          FEATURE_THREADS};
  FeatureSet set = wm_features_default();
  for (size_t i = 0; i < ARRAY_LEN(later); i++) set = features_with(set, later[i], false);
  return set;
}

static inline const char *hex_code_name(ErrorCode code) {
  static const char *const names[] = {"none",        "memory", "malformed", "invalid",
                                      "unsupported", "limit",  "syntax",    "link",
                                      "argument",    "io",     "trap"};
  return names[code];
}

/* The error is `code` with a message that starts with `message`. */
static inline void hex_expect(const char *name, const Error *err, ErrorCode code,
                              const char *message) {
  if (err->code != ERR_NONE && err->code != ERR_OUT_OF_MEMORY && err->offset < 8)
    fail_msg("%s: no offset in the error \"%s\"", name, err->message);
  if (err->code == code && !strncmp(err->message, message, strlen(message))) return;
  fail_msg("%s: expected %s \"%s\", found %s \"%s\" at %llu", name, hex_code_name(code), message,
           hex_code_name(err->code), err->message, (unsigned long long)err->offset);
}

#endif
