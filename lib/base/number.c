/* Numbers to and from text, exactly (number.h): decimal floats are rounded from a quotient of two
 * integers of any length, and printed by the method of Steele and White.
 *
 *   text -> digits, exponent -> num/den, scaled: the quotient has 64 bits -> rounded
 *
 * Nothing depends on the C library's locale or rounding mode, and f32 is never rounded by way of
 * f64. */
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

/* The operands of all these are normalized; so is what they leave. */
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

/* Scanners take what they find and leave the rest; a failed one takes nothing. */
static bool at(const Scan *s, char c) { return s->pos < s->end && *s->pos == c; }

static bool take(Scan *s, char c) {
  bool found = at(s, c);
  s->pos += found;
  return found;
}

/* True: negative. */
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
/* Goes on when it no longer fits, as a syntax error further on would say more. */
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
  /* Both readings of the width are allowed: -128 and 255 of 8 bits (spec 6.3.1). */
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

/* The bits nearest to q * 2^exponent, or to a little more when `sticky`; q is not zero. */
static NumberResult round_to_format(const Format *f, u64 q, i64 exponent, bool sticky, u64 *bits) {
  u32 zeros = (u32)__builtin_clzll(q);
  q <<= zeros;
  i64 top = exponent - zeros + 63; /* the leading bit's exponent */
  if (top > 1 - f->min_normal) return NUMBER_RANGE;
  i64 biased = top - f->min_normal + 1, drop = 64 - (i64)f->precision;
  /* A subnormal: the exponent stays, bits drop. */
  if (biased < 1) {
    drop += 1 - biased;
    biased = 1;
  }
  *bits = 0;
  /* Less than half of the least: zero. */
  if (drop > 64) return NUMBER_OK;
  u64 kept = drop == 64 ? 0 : q >> drop, rest = drop == 64 ? q : q << (64 - drop);
  u64 half = UINT64_C(1) << 63;
  bool up = rest > half || (rest == half && (sticky || (kept & 1)));
  /* the hidden bit and a carry out of the significand both add to the exponent */
  *bits = ((u64)(biased - 1) << (f->precision - 1)) + kept + up;
  return *bits < infinity_bits(f) ? NUMBER_OK : NUMBER_RANGE;
}

/* digits * base^scale, a little more when `sticky`. No leading zeros. */
typedef struct Mantissa {
  u32 count;
  bool sticky;
  i64 scale;
  u8 digits[MAX_DIGITS];
} Mantissa;

static void add_digit(Mantissa *m, int digit, bool fraction) {
  if (m->count == MAX_DIGITS) {
    m->sticky |= digit != 0;
    /* Beyond what can matter: only whether anything is there is kept. */
    m->scale += !fraction;
    return;
  }
  if (m->count || digit) m->digits[m->count++] = (u8)digit;
  m->scale -= fraction;
}

/* digits [. [digits]] */
static bool scan_mantissa(Scan *s, int base, Mantissa *m) {
  bool started = false, in_fraction = false;
  m->count = 0;
  m->sticky = false;
  m->scale = 0;
  for (int d; (d = next_digit(s, base, started)) >= 0; started = true) add_digit(m, d, false);
  if (started && take(s, '.'))
    for (int d; (d = next_digit(s, base, in_fraction)) >= 0; in_fraction = true)
      add_digit(m, d, true);
  return started;
}

/* [letter [sign] digits] up to the end; capped far beyond any float's exponent. False: syntax. */
static bool scan_exponent(Scan *s, char letter, i64 *exponent) {
  *exponent = 0;
  if (!take(s, letter) && !take(s, (char)(letter - 'a' + 'A'))) return s->pos == s->end;
  bool negative = take_sign(s), started = false;
  for (int d; (d = next_digit(s, 10, started)) >= 0; started = true)
    if (*exponent < EXPONENT_CAP) *exponent = *exponent * 10 + d;
  if (negative) *exponent = -*exponent;
  return started && s->pos == s->end;
}

/* digits * 2^exponent, four bits a digit. */
static NumberResult convert_hex(const Format *f, const Mantissa *m, i64 exponent, u64 *bits) {
  u64 q = 0;
  u32 used = min_u32(m->count, 16);
  bool sticky = m->sticky;
  for (u32 i = 0; i < used; i++) q = q << 4 | m->digits[i];
  for (u32 i = used; i < m->count; i++) sticky |= m->digits[i] != 0;
  return round_to_format(f, q, exponent + 4 * (m->scale + m->count - used), sticky, bits);
}

/* digits * 10^exponent: the first 63 or 64 bits of a quotient of two integers, and whether it goes
 * on. */
static NumberResult convert_decimal(const Format *f, const Mantissa *m, i64 exponent, u64 *bits) {
  *bits = 0;
  exponent += m->scale;
  /* No float is near: what is left needs no more limbs than there are. */
  if (exponent + m->count > 400) return NUMBER_RANGE;
  if (exponent + m->count < -400) return NUMBER_OK;
  Big num = {0}, den;
  big_set(&den, 1);
  for (u32 i = 0; i < m->count; i++) big_mul_add(&num, 10, m->digits[i]);
  big_mul_pow10(exponent < 0 ? &den : &num, (u32)(exponent < 0 ? -exponent : exponent));
  i32 shift = (i32)big_bits(&den) - (i32)big_bits(&num);
  /* The first bit of the quotient is then its first or second. */
  big_shift_left(shift > 0 ? &num : &den, (u32)(shift > 0 ? shift : -shift));
  u64 q = 0;
  for (int i = 0; i < 64; i++) {
    bool bit = big_compare(&num, &den) >= 0;
    if (bit) big_sub(&num, &den);
    q = q << 1 | bit;
    big_shift_left(&num, 1);
  }
  return round_to_format(f, q, -63 - (i64)shift, m->sticky || num.len, bits);
}

static NumberResult scan_finite(const Format *f, Scan s, u64 *bits) {
  Mantissa m;
  i64 exponent;
  bool hex = take_hex_prefix(&s);
  if (!scan_mantissa(&s, hex ? 16 : 10, &m) || !scan_exponent(&s, hex ? 'p' : 'e', &exponent))
    return NUMBER_SYNTAX;
  *bits = 0;
  if (m.count == 0) return NUMBER_OK;
  return hex ? convert_hex(f, &m, exponent, bits) : convert_decimal(f, &m, exponent, bits);
}

static bool take_word(Scan *s, const char *word) {
  size_t len = strlen(word);
  bool found = (size_t)(s->end - s->pos) >= len && memcmp(s->pos, word, len) == 0;
  s->pos += found ? len : 0;
  return found;
}

static NumberResult scan_nan(const Format *f, Scan s, u64 *bits) {
  /* The canonical NaN's. */
  u64 payload = UINT64_C(1) << (f->precision - 2);
  NumberResult result = NUMBER_OK;
  if (s.pos != s.end) {
    if (!take(&s, ':') || s.end - s.pos < 3 || s.pos[1] != 'x') return NUMBER_SYNTAX;
    result = scan_natural(s, &payload);
  }
  *bits = infinity_bits(f) | payload;
  if (result != NUMBER_OK) return result;
  return payload && payload >> (f->precision - 1) == 0 ? NUMBER_OK : NUMBER_RANGE;
}

static NumberResult parse_float(const Format *f, const char *text, size_t len, u64 *bits) {
  Scan s = {text, text + len};
  u64 sign = take_sign(&s) ? UINT64_C(1) << (f->precision - 1 + f->exponent_bits) : 0;
  NumberResult result = NUMBER_OK;
  if (take_word(&s, "nan")) {
    result = scan_nan(f, s, bits);
  } else if (take_word(&s, "inf")) {
    *bits = infinity_bits(f);
    result = s.pos == s.end ? NUMBER_OK : NUMBER_SYNTAX;
  } else {
    result = scan_finite(f, s, bits);
  }
  *bits = result == NUMBER_OK ? *bits | sign : 0;
  return result;
}

NumberResult wm_f32_parse(const char *text, size_t len, u32 *bits) {
  u64 wide = 0;
  NumberResult result = parse_float(&format32, text, len, &wide);
  *bits = (u32)wide;
  return result;
}

NumberResult wm_f64_parse(const char *text, size_t len, u64 *bits) {
  *bits = 0;
  return parse_float(&format64, text, len, bits);
}

/* ---- float to text ---- */

/* The fewest digits that lie nearer to significand * 2^exponent than to its neighbours, by the
 * method of Steele and White: value = r/s, and the neighbours' midpoints are low/s below and high/s
 * above. Returns the digit count; the value is 0.d1d2... * 10^*point. */
static u32 shortest_digits(u64 significand, i32 exponent, bool lowest_of_binade, u8 digits[20],
                           i32 *point) {
  Big r, s, low, high, sum;
  big_set(&r, significand);
  big_set(&s, 1);
  big_set(&low, 1);
  u32 extra = lowest_of_binade ? 2 : 1; /* the neighbour below is nearer there */
  big_shift_left(&r, extra + (u32)(exponent > 0 ? exponent : 0));
  big_shift_left(&s, extra + (u32)(exponent < 0 ? -exponent : 0));
  big_shift_left(&low, (u32)(exponent > 0 ? exponent : 0));
  high = low;
  if (lowest_of_binade) big_shift_left(&high, 1);

  i32 k =
      (i32)(((i64)exponent + bit_length(significand) - 1) * 30103 / 100000) - 2; /* at most log10 */
  if (k >= 0) big_mul_pow10(&s, (u32)k);
  for (i32 i = k; i < 0; i += 9) {
    u32 factor = 1;
    for (i32 j = i; j < 0 && j < i + 9; j++) factor *= 10;
    big_mul_add(&r, factor, 0);
    big_mul_add(&low, factor, 0);
    big_mul_add(&high, factor, 0);
  }
  bool even = (significand & 1) == 0; /* ties round to it: the midpoints themselves read back */
  for (;; k++) {
    sum = r;
    big_add(&sum, &high);
    int c = big_compare(&sum, &s);
    if (even ? c < 0 : c <= 0) break;
    big_mul_add(&s, 10, 0);
  }
  *point = k;
  for (u32 n = 0;;) {
    big_mul_add(&r, 10, 0);
    big_mul_add(&low, 10, 0);
    big_mul_add(&high, 10, 0);
    u8 digit = 0;
    for (; big_compare(&r, &s) >= 0; digit++) big_sub(&r, &s);
    sum = r;
    big_add(&sum, &high);
    int below = big_compare(&r, &low), above = big_compare(&sum, &s);
    bool may_drop = even ? below <= 0 : below < 0, may_raise = even ? above >= 0 : above > 0;
    digits[n++] = digit;
    if (!may_drop && !may_raise) continue;
    big_shift_left(&r, 1);
    if (may_raise && (!may_drop || big_compare(&r, &s) >= 0)) digits[n - 1]++;
    return n;
  }
}

/* Each returns the end of what it wrote; NUMBER_CHARS has room for the longest. */
static char *put_text(char *out, const char *text) {
  while (*text) *out++ = *text++;
  return out;
}

static char *put_natural(char *out, u32 v, int base) {
  char reversed[12];
  int n = 0;
  do {
    reversed[n++] = "0123456789abcdef"[v % (u32)base];
    v /= (u32)base;
  } while (v);
  while (n) *out++ = reversed[--n];
  return out;
}

static char *put_zeros(char *out, i32 count) {
  for (; count > 0; count--) *out++ = '0';
  return out;
}

static char *put_digits(char *out, const u8 *digits, u32 count) {
  for (u32 i = 0; i < count; i++) *out++ = (char)('0' + digits[i]);
  return out;
}

/* 0.d1d2... * 10^point: in plain form while that is short, else as d1.d2...e+x. */
static char *put_decimal(char *out, const u8 *digits, u32 count, i32 point) {
  if (point > 17 || point < -4) {
    out = put_digits(out, digits, 1);
    if (count > 1) *out++ = '.';
    out = put_digits(out, digits + 1, count - 1);
    out = put_text(out, point > 0 ? "e+" : "e-");
    return put_natural(out, (u32)(point > 0 ? point - 1 : 1 - point), 10);
  }
  if (point <= 0) {
    out = put_zeros(put_text(out, "0."), -point);
    return put_digits(out, digits, count);
  }
  u32 whole = min_u32(count, (u32)point);
  out = put_zeros(put_digits(out, digits, whole), point - (i32)count);
  if (whole == count) return out;
  *out++ = '.';
  return put_digits(out, digits + whole, count - whole);
}

static char *put_payload(char *out, u64 payload) {
  int shift = 60;
  while (shift && payload >> shift == 0) shift -= 4;
  out = put_text(out, ":0x");
  for (; shift >= 0; shift -= 4) out = put_natural(out, (u32)(payload >> shift & 15), 16);
  return out;
}

static size_t print_float(const Format *f, char out[NUMBER_CHARS], u64 bits) {
  char *start = out;
  u64 inf = infinity_bits(f), fraction = bits & ((UINT64_C(1) << (f->precision - 1)) - 1);
  u32 biased = (u32)((bits & inf) >> (f->precision - 1));
  if (bits >> (f->precision - 1 + f->exponent_bits)) *out++ = '-';
  if ((bits & inf) == inf) {
    out = put_text(out, fraction ? "nan" : "inf");
    if (fraction && fraction != UINT64_C(1) << (f->precision - 2)) out = put_payload(out, fraction);
  } else if (!biased && !fraction) {
    *out++ = '0';
  } else {
    u8 digits[20];
    i32 point, exponent = (i32)max_u32(biased, 1) + f->min_normal - (i32)f->precision;
    u64 significand = biased ? fraction | UINT64_C(1) << (f->precision - 1) : fraction;
    u32 count = shortest_digits(significand, exponent, !fraction && biased > 1, digits, &point);
    out = put_decimal(out, digits, count, point);
  }
  *out = 0;
  return (size_t)(out - start);
}

size_t wm_f32_print(char out[NUMBER_CHARS], u32 bits) { return print_float(&format32, out, bits); }

size_t wm_f64_print(char out[NUMBER_CHARS], u64 bits) { return print_float(&format64, out, bits); }
