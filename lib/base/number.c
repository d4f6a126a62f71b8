#include "base/number.h"

/* ---- natural numbers of any length ---- */

enum {
  LIMBS = 136,      /* 4352 bits: more than 10^1300 */
  MAX_DIGITS = 800, /* no midpoint of two doubles has more than 768 significant digits */
  EXPONENT_CAP = 1 << 30
};

typedef struct Big {
  u32 len; /* limbs in use; the highest is not zero */
  u32 limb[LIMBS];
} Big;

static void big_set(Big *b, u64 v) {
  b->limb[0] = (u32)v;
  b->limb[1] = (u32)(v >> 32);
  b->len = v >> 32 ? 2 : v ? 1 : 0;
}

/* b = b * factor + addend */
static void big_mul_add(Big *b, u32 factor, u32 addend) {
  u64 carry = addend;
  for (u32 i = 0; i < b->len; i++) {
    carry += (u64)b->limb[i] * factor;
    b->limb[i] = (u32)carry;
    carry >>= 32;
  }
  if (carry) {
    assert(b->len < LIMBS);
    b->limb[b->len++] = (u32)carry;
  }
}

static void big_mul_pow10(Big *b, u32 exponent) {
  for (; exponent >= 9; exponent -= 9) big_mul_add(b, 1000000000, 0);
  for (; exponent; exponent--) big_mul_add(b, 10, 0);
}

static void big_shift_left(Big *b, u32 bits) {
  u32 limbs = bits / 32, rest = bits % 32;
  if (b->len == 0) return;
  assert(b->len + limbs < LIMBS);
  b->limb[b->len] = 0;
  for (u32 i = b->len + 1; i-- > 0;) {
    u32 low = i && rest ? b->limb[i - 1] >> (32 - rest) : 0;
    b->limb[i + limbs] = b->limb[i] << rest | low;
  }
  memset(b->limb, 0, limbs * sizeof b->limb[0]);
  b->len += limbs + 1;
  if (b->limb[b->len - 1] == 0) b->len--;
}

static int big_compare(const Big *a, const Big *b) {
  if (a->len != b->len) return a->len < b->len ? -1 : 1;
  for (u32 i = a->len; i-- > 0;)
    if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
  return 0;
}

/* a = a - b, where a >= b */
static void big_sub(Big *a, const Big *b) {
  u64 borrow = 0;
  for (u32 i = 0; i < a->len; i++) {
    u64 d = (u64)a->limb[i] - (i < b->len ? b->limb[i] : 0) - borrow;
    a->limb[i] = (u32)d;
    borrow = d >> 63;
  }
  while (a->len && a->limb[a->len - 1] == 0) a->len--;
}

static void big_add(Big *a, const Big *b) {
  u64 carry = 0;
  while (a->len < b->len) a->limb[a->len++] = 0;
  for (u32 i = 0; i < a->len; i++) {
    carry += (u64)a->limb[i] + (i < b->len ? b->limb[i] : 0);
    a->limb[i] = (u32)carry;
    carry >>= 32;
  }
  if (carry) {
    assert(a->len < LIMBS);
    a->limb[a->len++] = (u32)carry;
  }
}

static u32 bit_length(u64 v) { return v ? 64 - (u32)__builtin_clzll(v) : 0; }

static u32 big_bits(const Big *b) {
  return b->len ? (b->len - 1) * 32 + bit_length(b->limb[b->len - 1]) : 0;
}

/* ---- scanning ---- */

typedef struct Scan {
  const char *pos, *end;
} Scan;

static bool at(const Scan *s, char c) { return s->pos < s->end && *s->pos == c; }

static bool take(Scan *s, char c) {
  bool found = at(s, c);
  s->pos += found;
  return found;
}

static bool take_sign(Scan *s) {
  if (take(s, '+')) return false;
  return take(s, '-');
}

static bool take_hex_prefix(Scan *s) {
  bool found = s->end - s->pos >= 2 && s->pos[0] == '0' && s->pos[1] == 'x';
  s->pos += found ? 2 : 0;
  return found;
}

/* The value of a digit in `base` (10 or 16), or -1. */
static int digit_value(char c, int base) {
  int v = c >= '0' && c <= '9'   ? c - '0'
          : c >= 'a' && c <= 'f' ? c - 'a' + 10
          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                 : 99;
  return v < base ? v : -1;
}

/* The next digit, with a "_" before it when `started`; -1 (nothing taken) when there is none. */
static int next_digit(Scan *s, int base, bool started) {
  const char *p = s->pos;
  if (started && p < s->end && *p == '_') p++;
  int d = p < s->end ? digit_value(*p, base) : -1;
  if (d >= 0) s->pos = p + 1;
  return d;
}

/* digits or 0x hexdigits up to the end. */
static NumberResult scan_natural(Scan s, u64 *value) {
  int base = take_hex_prefix(&s) ? 16 : 10;
  bool fits = true, started = false;
  u64 v = 0;
  for (int d; (d = next_digit(&s, base, started)) >= 0; started = true)
    fits = fits && checked_mul(v, (u64)base, &v) && checked_add(v, (u64)d, &v);
  *value = v;
  if (!started || s.pos != s.end) return NUMBER_SYNTAX;
  return fits ? NUMBER_OK : NUMBER_RANGE;
}

NumberResult wm_uint_parse(const char *text, size_t len, u64 *value) {
  return scan_natural((Scan){text, text + len}, value);
}

NumberResult wm_int_parse(const char *text, size_t len, u32 width, u64 *value) {
  Scan s = {text, text + len};
  bool negative = take_sign(&s);
  u64 v, mask = ~(u64)0 >> (64 - width);
  NumberResult result = scan_natural(s, &v);
  if (result != NUMBER_OK) return result;
  if (negative ? v > mask / 2 + 1 : v > mask) return NUMBER_RANGE;
  *value = (negative ? 0 - v : v) & mask;
  return NUMBER_OK;
}

/* ---- text to float ---- */

typedef struct Format {
  u32 precision;  /* bits of the significand, the hidden one included */
  i32 min_normal; /* exponent of the smallest normal number */
  u32 exponent_bits;
} Format;

static const Format format32 = {24, -126, 8}, format64 = {53, -1022, 11};

static u64 infinity_bits(const Format *f) {
  return ((UINT64_C(1) << f->exponent_bits) - 1) << (f->precision - 1);
}

/* The bits nearest to q * 2^exponent, a little more when `sticky`; q != 0. */
static NumberResult round_to_format(const Format *f, u64 q, i64 exponent, bool sticky, u64 *bits) {
  u32 zeros = (u32)__builtin_clzll(q);
  q <<= zeros;
  i64 top = exponent - zeros + 63; /* the leading bit's exponent */
  if (top > -f->min_normal + 1) return NUMBER_RANGE;
  i64 biased = top - f->min_normal + 1;
  i64 drop = 64 - (i64)f->precision;
  if (biased < 1) {
    drop += 1 - biased;
    biased = 1;
  }
  *bits = 0;
  if (drop > 64) return NUMBER_OK;
  u64 kept = drop == 64 ? 0 : q >> drop, rest = drop == 64 ? q : q << (64 - drop),
      half = UINT64_C(1) << 63;
  bool up = rest > half || (rest == half && (sticky || (kept & 1)));
  /* the hidden bit and a carry out of the significand both add to the exponent */
  *bits = ((u64)(biased - 1) << (f->precision - 1)) + kept + up;
  return *bits < infinity_bits(f) ? NUMBER_OK : NUMBER_RANGE;
}

/* [e|p [sign] digits] up to the end, capped far beyond any float's. False: syntax. */
static bool scan_exponent(Scan *s, char letter, i64 *exponent) {
  *exponent = 0;
  if (!take(s, letter) && !take(s, (char)(letter - 'a' + 'A'))) return s->pos == s->end;
  bool negative = take_sign(s), started = false;
  for (int d; (d = next_digit(s, 10, started)) >= 0; started = true)
    if (*exponent < (i64)EXPONENT_CAP * EXPONENT_CAP / 16) *exponent = *exponent * 10 + d;
  if (negative) *exponent = -*exponent;
  return started && s->pos == s->end;
}

static NumberResult parse_hex(const Format *f, Scan s, u64 *bits) {
  u64 q = 0;
  i64 dropped = 0, exponent; /* bits left of the point that q lacks (negative: has more) */
  bool sticky = false, started = false, in_fraction = false;
  for (;;) {
    for (int d; (d = next_digit(&s, 16, started)) >= 0; started = true) {
      bool room = q >> 60 == 0;
      if (room) q = q << 4 | (u64)d;
      sticky |= !room && d;
      dropped += (room ? 0 : 4) - (in_fraction ? 4 : 0);
    }
    if (in_fraction || q == 0) {
      if (in_fraction || !started) break;
    }
    if (!take(&s, '.')) break;
    in_fraction = true;
    if (next_digit(&(Scan){s.pos, s.end}, 16, false) < 0) break;
    started = false; /* no "_" right behind the point */
    int d = next_digit(&s, 16, false);
    bool room = q >> 60 == 0;
    if (room) q = q << 4 | (u64)d;
    sticky |= !room && d;
    dropped += (room ? 0 : 4) - 4;
    started = true;
  }
  if (!started || !scan_exponent(&s, 'p', &exponent)) return NUMBER_SYNTAX;
  *bits = 0;
  return q ? round_to_format(f, q, exponent + dropped, sticky, bits) : NUMBER_OK;
}
