/* Bytes and branches: a JSON parser reads 64 KiB of records into a tree and adds it up. */
#define UNITS 3400
#include "kernel.h"

typedef enum Kind { NUL, FALSE_, TRUE_, NUMBER, STRING, ARRAY, OBJECT } Kind;
typedef struct Value {
  Kind kind;
  u32 length; /* of the string */
  f64 number;
  const char *string, *name; /* in strings */
  struct Value *first, *next;
} Value;

enum { TEXT = 64 << 10, VALUES = 20000 };
static char text[TEXT + 1024], strings[TEXT + 1024];
static Value values[VALUES];
static u32 values_used, strings_used;
static const char *at; /* next byte of text, which ends with 0 */

static Value *parse_value(u32 depth);

static void skip_space(void) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++;
}

static Value *new_value(Kind kind) {
  if (values_used == VALUES) return NULL;
  Value *v = &values[values_used++];
  *v = (Value){.kind = kind};
  return v;
}

static u32 hex4(void) {
  u32 code = 0;
  for (u32 i = 0; i < 4; i++, at++) {
    u32 digit = (u32)(*at <= '9' ? *at - '0' : (*at | 32) - 'a' + 10);
    code = code << 4 | (digit & 15);
  }
  return code;
}

/* The string behind the quote at `at`, terminated, into strings; NULL when it does not end. */
static const char *parse_string(u32 *length) {
  char *out = strings + strings_used, *start = out;
  at++;
  while (*at != '"') {
    if (*at == 0) return NULL;
    if (*at != '\\') {
      *out++ = *at++;
      continue;
    }
    at++;
    switch (*at++) {
    case 'n': *out++ = '\n'; break;
    case 't': *out++ = '\t'; break;
    case 'u': {
      u32 code = hex4();
      if (code >= 0x80) *out++ = (char)(0xC0 | (code >> 6 & 31));
      *out++ = (char)(code < 0x80 ? code : 0x80 | (code & 63));
      break;
    }
    default: *out++ = at[-1];
    }
  }
  at++;
  *length = (u32)(out - start);
  *out++ = 0;
  strings_used = (u32)(out - strings);
  return start;
}

static Value *parse_number(void) {
  f64 sign = 1, number = 0;
  i32 scale = 0;
  if (*at == '-') at++, sign = -1;
  while (*at >= '0' && *at <= '9') number = number * 10 + (*at++ - '0');
  if (*at == '.')
    for (at++; *at >= '0' && *at <= '9'; scale--) number = number * 10 + (*at++ - '0');
  if (*at == 'e' || *at == 'E') {
    i32 exponent = 0;
    int minus = at[1] == '-';
    for (at += minus ? 2 : 1; *at >= '0' && *at <= '9';) exponent = exponent * 10 + (*at++ - '0');
    scale += minus ? -exponent : exponent;
  }
  for (; scale < 0; scale++) number /= 10;
  for (; scale > 0; scale--) number *= 10;
  Value *v = new_value(NUMBER);
  if (v) v->number = sign * number;
  return v;
}

/* An array's items or an object's members. */
static Value *parse_container(Kind kind, char close, u32 depth) {
  Value *container = new_value(kind), **last = container ? &container->first : NULL;
  at++;
  skip_space();
  while (container && *at != close) {
    const char *name = NULL;
    u32 length;
    if (kind == OBJECT) {
      if (*at != '"' || !(name = parse_string(&length))) return NULL;
      skip_space();
      if (*at++ != ':') return NULL;
    }
    Value *item = parse_value(depth + 1);
    if (!item) return NULL;
    item->name = name;
    *last = item;
    last = &item->next;
    skip_space();
    if (*at == ',')
      at++, skip_space();
    else if (*at != close)
      return NULL;
  }
  at++;
  return container;
}

static Value *parse_word(const char *word, Kind kind) {
  size_t length = strlen(word);
  if (strncmp(at, word, length) != 0) return NULL;
  at += length;
  return new_value(kind);
}

static Value *parse_value(u32 depth) {
  if (depth > 100) return NULL;
  skip_space();
  switch (*at) {
  case '{': return parse_container(OBJECT, '}', depth);
  case '[': return parse_container(ARRAY, ']', depth);
  case '"': {
    Value *v = new_value(STRING);
    if (v && !(v->string = parse_string(&v->length))) return NULL;
    return v;
  }
  case 't': return parse_word("true", TRUE_);
  case 'f': return parse_word("false", FALSE_);
  case 'n': return parse_word("null", NUL);
  default: return parse_number();
  }
}

static u64 add_up(const Value *v, u64 sum) {
  for (; v; v = v->next) {
    sum += (u64)v->kind;
    if (v->kind == NUMBER) sum = mix_f64(sum, v->number);
    if (v->kind == STRING) sum = mix(sum, v->length + (u8)v->string[0]);
    if (v->name) sum += (u8)v->name[0];
    sum = add_up(v->first, sum);
  }
  return sum;
}

/* Appends digits; returns the new end. */
static char *put_number(char *out, u32 n) {
  char digits[12];
  u32 count = 0;
  do digits[count++] = (char)('0' + n % 10);
  while (n /= 10);
  while (count) *out++ = digits[--count];
  return out;
}

static char *put_text(char *out, const char *s) {
  while (*s) *out++ = *s++;
  return out;
}

static void make_text(void) {
  u32 seed = 77;
  char *out = put_text(text, "[");
  while (out < text + TEXT) {
    u32 r = next_random(&seed);
    if (out[-1] == '}') out = put_text(out, ",\n");
    out = put_number(put_text(out, "{ \"id\": "), r >> 8);
    out = put_number(put_text(out, ", \"price\": -"), r >> 20);
    out = put_number(put_text(out, "."), 1 + r % 1000);
    out = put_text(out, r & 1 ? "e2, \"name\": \"a longer name \\u00e9\\n" : ", \"name\": \"short");
    out = put_text(out, "\", \"tags\": [\"new\", true, false, null, \"sale\\\"\"]");
    out = put_text(put_number(put_text(out, ",\n  \"size\": {\"w\": "), r % 97), ", \"h\": 12}}");
  }
  *put_text(out, "]\n") = 0;
}

static u64 kernel(u32 units) {
  make_text();
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    values_used = strings_used = 0;
    at = text;
    Value *v = parse_value(0);
    sum = mix(add_up(v, sum), values_used + strings_used);
  }
  return sum;
}
