/* Arguments and results of --invoke as text: numbers as C and the text format write them, the
 * shortest decimal digits that read back as the same float. */
#include "tools/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An integer of `bits` bits, signed or unsigned, decimal or 0x. */
static bool integer(const char *text, unsigned bits, uint64_t *value) {
  bool negative = *text == '-';
  const char *digits = text + (negative || *text == '+');
  bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
  const char *first = digits + (hex ? 2 : 0);
  size_t len = strspn(first, hex ? "0123456789abcdefABCDEF" : "0123456789");
  if (!len || first[len]) return false; /* strtoull would take spaces, signs, another 0x */
  errno = 0;
  uint64_t magnitude = strtoull(first, NULL, hex ? 16 : 10);
  if (errno) return false;
  uint64_t max = negative ? UINT64_C(1) << (bits - 1) : UINT64_MAX >> (64 - bits);
  if (magnitude > max) return false;
  *value = negative ? 0 - magnitude : magnitude;
  return true;
}

static bool whole_float(const char *text, const char *end) {
  return end != text && !*end && !strchr(" \t\n\v\f\r", *text);
}

/* 0x and up to 32 hexadecimal digits, in two halves. */
static bool vector(const char *text, wasmx_slot_t *slots) {
  char high[19] = "0x0", low[19];
  size_t len = strlen(text), upper = len > 18 ? len - 18 : 0;
  if (strncmp(text, "0x", 2) != 0 || len > 34) return false;
  if (upper) snprintf(high, sizeof high, "0x%.*s", (int)upper, text + 2);
  snprintf(low, sizeof low, "0x%s", text + 2 + upper);
  return integer(low, 64, &slots[0].u64) && integer(high, 64, &slots[1].u64);
}

bool value_of_text(const char *text, wasm_valkind_t kind, wasmx_slot_t *slots) {
  char *end = NULL;
  uint64_t bits;
  slots->u64 = 0;
  switch (kind) {
  case WASM_I32:
    if (!integer(text, 32, &bits)) return false;
    slots->u32 = (uint32_t)bits;
    return true;
  case WASM_I64: return integer(text, 64, &slots->u64);
  case WASM_F32: slots->f32 = strtof(text, &end); return whole_float(text, end);
  case WASM_F64: slots->f64 = strtod(text, &end); return whole_float(text, end);
  case WASMX_V128: return vector(text, slots);
  default: return strcmp(text, "null") == 0; /* references: only null can be written */
  }
}

static void print_f32(float value) {
  char text[32];
  for (int digits = 1; digits <= 9; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, (double)value);
    if (strtof(text, NULL) == value) break;
  }
  puts(text);
}

static void print_f64(double value) {
  char text[32];
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  puts(text);
}

size_t print_value(const wasmx_slot_t *slots, wasm_valkind_t kind) {
  switch (kind) {
  case WASM_I32: printf("%" PRId32 "\n", slots->i32); return 1;
  case WASM_I64: printf("%" PRId64 "\n", slots->i64); return 1;
  case WASM_F32: print_f32(slots->f32); return 1;
  case WASM_F64: print_f64(slots->f64); return 1;
  case WASMX_V128: printf("0x%016" PRIx64 "%016" PRIx64 "\n", slots[1].u64, slots[0].u64); return 2;
  default: puts(slots->ref ? kind_name(kind) : "null"); return 1;
  }
}

const char *kind_name(wasm_valkind_t kind) {
  switch (kind) {
  case WASM_I32: return "i32";
  case WASM_I64: return "i64";
  case WASM_F32: return "f32";
  case WASM_F64: return "f64";
  case WASMX_V128: return "v128";
  case WASM_EXTERNREF: return "externref";
  case WASM_FUNCREF: return "funcref";
  case WASMX_EXNREF: return "exnref";
  default: return "ref";
  }
}
