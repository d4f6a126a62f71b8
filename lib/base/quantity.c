#include "base/quantity.h"

#include "base/number.h"

/* The digits that the text begins with, at most 2^64 - 1; how many, 0: none or too much. */
static size_t read_digits(const char *text, u64 *out) {
  size_t n = 0;
  *out = 0;
  for (; text[n] >= '0' && text[n] <= '9'; n++)
    if (!checked_mul(*out, 10, out) || !checked_add(*out, (u64)(text[n] - '0'), out)) return 0;
  return n;
}

bool wm_quantity_number(const char *text, u64 *out) {
  size_t n = read_digits(text, out);
  return n && !text[n];
}

/* By what power of two the unit multiplies; 0: it is none. */
static u32 shift_of(char unit) {
  switch (unit) {
  case 'K':
  case 'k': return 10;
  case 'M':
  case 'm': return 20;
  case 'G':
  case 'g': return 30;
  default: return 0;
  }
}

bool wm_quantity_size(const char *text, u64 *out) {
  size_t n = read_digits(text, out);
  u32 shift = shift_of(text[n]);
  bool fits = *out <= UINT64_MAX >> shift;
  *out <<= shift;
  return n && fits && !text[n + (shift != 0)];
}

bool wm_quantity_seconds(const char *text, u64 *out) {
  u64 bits;
  double seconds;
  size_t len = strlen(text);
  if (strspn(text, "0123456789.eE+-") != len || wm_f64_parse(text, len, &bits)) return false;
  memcpy(&seconds, &bits, sizeof seconds);
  if (!(seconds > 0 && seconds < 1e9)) return false;
  *out = (u64)(seconds * 1e9) + 1;
  return true;
}
