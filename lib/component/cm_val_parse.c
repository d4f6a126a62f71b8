/* wasmcm_val_parse: values from text, as WAVE has them (bytecodealliance/wasm-tools, wasm-wave).
 *
 *   value   true | -12 | 6.02e+23 | nan | -inf | 'c' | "text" | """ lines """
 *         | (v, v) | [v, v] | {field: v} | {:} | {flag, flag} | case | case(v)
 *         | none | some(v) | v | ok | ok(v) | err(v)
 *   label   %? letters, digits, hyphens: a field, case or flag
 *   // a comment, to the end of its line
 *
 * The type leads: one recursion over it, whose depth validation bounds, whatever the text is. Items
 * of lists that are open wait on a stack, until a list knows how many it has. */
#include "component/cm_api.h"

#include "base/number.h"
#include "base/text_error.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct Parser {
  const char *text, *pos, *end; /* borrowed; text <= pos <= end */
  Error *err;                   /* borrowed */
  Arena arena;
  u64 bytes;      /* taken from the arena */
  Vec(Val) stack; /* no longer than the text */
} Parser;

enum { FOUND_CHARS = 40, TYPE_CHARS = 120, MESSAGE_CHARS = 300 };

/* ---- errors ---- */

static bool fail_at(const Parser *p, const char *at, const char *format, ...) PRINTF_LIKE(3, 4);
static bool fail_at(const Parser *p, const char *at, const char *format, ...) {
  char message[MESSAGE_CHARS];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  return wm_text_fail(p->err, p->text, (size_t)(p->end - p->text), (size_t)(at - p->text), message);
}

static bool is_label_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_number_char(char c) { return is_label_char(c) || c == '.' || c == '+'; }

static Name run_of(const Parser *p, const char *from, bool (*belongs)(char c)) {
  const char *at = from;
  while (at < p->end && belongs(*at)) at++;
  return (Name){from, (u32)min_u64((u64)(at - from), UINT32_MAX)};
}

/* What stands at `at`, for messages: a word, or one character. */
static const char *found(const Parser *p, const char *at, char out[FOUND_CHARS]) {
  if (at == p->end) return "the end of the text";
  u32 len = run_of(p, at, is_number_char).len;
  size_t seen = len ? len : wm_utf8_visible_step((const u8 *)at, (size_t)(p->end - at));
  snprintf(out, FOUND_CHARS, "`%.*s`", (int)min_u64(seen, FOUND_CHARS - 10), at);
  return seen ? out : "what cannot be seen";
}

static bool expected(const Parser *p, const char *at, const char *what) {
  char there[FOUND_CHARS];
  return fail_at(p, at, "expected %s, found %s", what, found(p, at, there));
}

static bool expected_type(const Parser *p, const char *at, const Type *type) {
  char text[TYPE_CHARS];
  return expected(p, at, wm_type_text(text, sizeof text, type));
}

static void *take_memory(Parser *p, u64 count, size_t size) {
  void *memory = NULL;
  u64 bytes;
  bool fits = checked_mul(count, size, &bytes) && bytes <= MAX_CALL_BYTES - p->bytes;
  if (!fits) {
    wm_error_set(p->err, ERR_LIMIT, 0, "the values take more than %llu bytes",
                 (unsigned long long)MAX_CALL_BYTES);
    return NULL;
  }
  p->bytes += bytes;
  memory = wm_arena_array(&p->arena, count, size);
  if (!memory) wm_error_out_of_memory(p->err);
  return memory;
}

/* ---- tokens ---- */

static void skip_line(Parser *p) {
  while (p->pos < p->end && *p->pos != '\n') p->pos++;
}

/* To the next token; where it begins, maybe the end. */
static const char *next(Parser *p) {
  for (; p->pos < p->end; p->pos++) {
    if (*p->pos == '/' && p->end - p->pos > 1 && p->pos[1] == '/') skip_line(p);
    if (p->pos == p->end || !strchr(" \t\r\n", *p->pos) || !*p->pos) break;
  }
  return p->pos;
}

static bool take(Parser *p, char c) {
  const char *at = next(p);
  if (at == p->end || *at != c) return false;
  p->pos++;
  return true;
}

static bool want(Parser *p, char c) {
  const char what[] = {'`', c, '`', 0};
  return take(p, c) || expected(p, p->pos, what);
}

/* Between two items, and behind the last. */
static bool take_comma(Parser *p, char close) {
  const char what[] = {'`', ',', '`', ' ', 'o', 'r', ' ', '`', close, '`', 0};
  const char *at = next(p);
  return take(p, ',') || (at < p->end && *at == close) || expected(p, at, what);
}

/* A label, without its sign; len 0: none is there. */
static Name peek_label(Parser *p) {
  const char *at = next(p);
  bool has_sign = at < p->end && *at == '%';
  Name name = run_of(p, at + has_sign, is_label_char);
  bool begins = name.len && (name.text[0] | 0x20) >= 'a' && (name.text[0] | 0x20) <= 'z';
  return begins ? name : (Name){at, 0};
}

static Name take_label(Parser *p) {
  Name name = peek_label(p);
  p->pos = name.text + name.len;
  return name;
}

/* The word as it is, which a label with a sign is not. */
static bool take_keyword(Parser *p, const char *word) {
  Name name = peek_label(p);
  if (name.text != p->pos || !wm_name_is(name, word)) return false;
  p->pos += name.len;
  return true;
}

/* ---- numbers ---- */

static bool fail_range(const Parser *p, Name number, const Type *type) {
  return fail_at(p, number.text, "%s is out of the range of %s", show(number), wm_type_word(type));
}

static u32 digits_at(Name text, u32 at) {
  u32 end = at;
  while (end < text.len && text.text[end] >= '0' && text.text[end] <= '9') end++;
  return end - at;
}

/* A number as JSON has it. */
static bool is_decimal(Name text) {
  u32 at = text.len && text.text[0] == '-', whole = digits_at(text, at);
  if (!whole || (whole > 1 && text.text[at] == '0')) return false;
  at += whole;
  if (at < text.len && text.text[at] == '.') {
    u32 part = digits_at(text, at + 1);
    if (!part) return false;
    at += 1 + part;
  }
  if (at < text.len && (text.text[at] | 0x20) == 'e') {
    at += at + 1 < text.len && strchr("+-", text.text[at + 1]) ? 2 : 1;
    u32 part = digits_at(text, at);
    if (!part) return false;
    at += part;
  }
  return at == text.len;
}

static bool parse_integer(Parser *p, const Type *type, Val *val) {
  Name number = run_of(p, next(p), is_number_char);
  bool negative = number.len && number.text[0] == '-';
  u64 value = 0, most = UINT64_MAX >> (64 - type->size * 8);
  if (is_signed(type))
    most = (most >> 1) + negative;
  else if (negative)
    most = 0;
  NumberResult result = is_decimal(number)
                            ? wm_uint_parse(number.text + negative, number.len - negative, &value)
                            : NUMBER_SYNTAX;
  if (result == NUMBER_SYNTAX) return expected_type(p, p->pos, type);
  if (result == NUMBER_RANGE || value > most) return fail_range(p, number, type);
  val->of.u64 = negative ? 0 - value : value;
  p->pos += number.len;
  return true;
}

static bool parse_float(Parser *p, const Type *type, Val *val) {
  Name number = run_of(p, next(p), is_number_char);
  bool is_word =
      wm_name_is(number, "inf") || wm_name_is(number, "-inf") || wm_name_is(number, "nan");
  u32 narrow = 0;
  u64 wide = 0;
  if (!is_word && !is_decimal(number)) return expected_type(p, p->pos, type);
  NumberResult result = type->kind == TYPE_F32 ? wm_f32_parse(number.text, number.len, &narrow)
                                               : wm_f64_parse(number.text, number.len, &wide);
  if (result != NUMBER_OK) return fail_range(p, number, type);
  val->of.u64 = type->kind == TYPE_F32 ? narrow : wide;
  p->pos += number.len;
  return true;
}

/* ---- characters and strings ---- */

/* Of a hexadecimal digit; 16: it is none. */
static u32 digit_value(char c) {
  char small = (char)(c | 0x20);
  if (c >= '0' && c <= '9') return (u32)(c - '0');
  return small >= 'a' && small <= 'f' ? (u32)(small - 'a' + 10) : 16;
}

static bool take_code(Parser *p, u32 *c) {
  const char *start = p->pos;
  u32 digits = 0;
  *c = 0;
  for (u32 value; p->pos < p->end && digits < 7; p->pos++, digits++) {
    value = digit_value(*p->pos);
    if (value > 15) break;
    *c = *c << 4 | value;
  }
  u8 room[4];
  bool good = digits && digits < 7 && p->pos < p->end && *p->pos == '}' && wm_utf8_put(room, *c);
  p->pos += good;
  return good || fail_at(p, start, "expected a Unicode scalar value in hexadecimal, and `}`");
}

/* Of an escape, behind its backslash. */
static bool take_escape(Parser *p, u32 *c) {
  static const char letters[] = "'\"\\tnr", meanings[] = "'\"\\\t\n\r";
  const char *start = p->pos, *which = p->pos < p->end ? strchr(letters, *p->pos) : NULL;
  if (which && *which) {
    *c = (u8)meanings[which - letters];
    p->pos++;
    return true;
  }
  if (p->end - start > 1 && start[0] == 'u' && start[1] == '{') {
    p->pos += 2;
    return take_code(p, c);
  }
  return fail_at(p, start, "there is no such escape: \\t \\n \\r \\' \\\" \\\\ and \\u{...} are");
}

static bool parse_char(Parser *p, const Type *type, Val *val) {
  if (!take(p, '\'')) return expected_type(p, p->pos, type);
  const char *at = p->pos;
  size_t step = wm_utf8_step((const u8 *)at, (size_t)(p->end - at));
  if (!step || *at == '\'' || *at == '\n') return expected(p, at, "a character");
  p->pos += step;
  val->of.character = utf8_scalar((const u8 *)at, step);
  if (*at == '\\' && !take_escape(p, &val->of.character)) return false;
  bool is_closed = p->pos < p->end && *p->pos == '\'';
  p->pos += is_closed;
  return is_closed || fail_at(p, at, "expected one character and `'`");
}

/* A string that is read. Escapes are longer than what they stand for. */
typedef struct Text {
  char *data;
  size_t size;
} Text;

/* From p->pos to `to`, without escapes. */
static bool decode(Parser *p, const char *to, Text *out) {
  while (p->pos < to) {
    u32 c = 0;
    if (*p->pos != '\\') {
      out->data[out->size++] = *p->pos++;
      continue;
    }
    p->pos++;
    if (!take_escape(p, &c)) return false;
    out->size += wm_utf8_put((u8 *)out->data + out->size, c);
  }
  return p->pos == to || fail_at(p, to, "the string ends in the middle of an escape");
}

static const char *find_quote(const Parser *p) {
  const char *at = p->pos;
  while (at < p->end && *at != '"' && *at != '\n') at += *at == '\\' && p->end - at > 1 ? 2 : 1;
  return at < p->end && *at == '"' ? at : NULL;
}

static bool parse_line(Parser *p, Text *out) {
  const char *close = find_quote(p);
  if (!close) return fail_at(p, p->pos, "the string does not end in its line");
  out->data = take_memory(p, (u64)(close - p->pos), 1);
  if (!out->data || !decode(p, close, out)) return false;
  p->pos++;
  return true;
}

static const char quotes[] = "\"\"\"";

static bool starts_with_quotes(const Parser *p, const char *at) {
  return p->end - at >= 3 && memcmp(at, quotes, 3) == 0;
}

static const char *line_end(const char *at, const char *end) {
  const char *newline = memchr(at, '\n', (size_t)(end - at));
  return newline ? newline : end;
}

/* One line of those between the quotes, `indent` blanks in, up to `end`. */
static bool parse_inner_line(Parser *p, const char *end, size_t indent, Text *out) {
  for (size_t i = 0; i < indent; i++, p->pos++)
    if (p->pos == end || *p->pos != ' ')
      return fail_at(p, p->pos, "a line of the string is indented less than the quotes below");
  bool has_return = end > p->pos && end[-1] == '\r';
  return decode(p, end - has_return, out);
}

/* Lines from p->pos on; a line break ends the last one. */
static bool parse_inner_lines(Parser *p, const char *end, size_t indent, Text *out) {
  for (;;) {
    const char *stop = line_end(p->pos, end);
    if (!parse_inner_line(p, stop, indent, out)) return false;
    if (stop == end) return true;
    out->data[out->size++] = '\n';
    p->pos = stop + 1;
  }
}

/* What is between quotes of three: lines, as far in as the last one. */
static bool parse_lines(Parser *p, Text *out) {
  const char *open = p->pos, *close = open, *last;
  while (close < p->end && !starts_with_quotes(p, close)) close++;
  if (close == p->end) return fail_at(p, open, "the string does not end");
  for (last = close; last > open && last[-1] == ' ';) last--;
  p->pos += *open == '\r';
  if (p->pos == close || *p->pos != '\n' || last[-1] != '\n')
    return fail_at(p, open, "there must be a line break behind these quotes, and before the next");
  out->data = take_memory(p, (u64)(close - open), 1);
  if (!out->data) return false;
  bool is_empty = ++p->pos == last;
  if (!is_empty && !parse_inner_lines(p, last - 1, (size_t)(close - last), out)) return false;
  p->pos = close + 3;
  return true;
}

static bool parse_string(Parser *p, const Type *type, Val *val) {
  Text text = {0};
  const char *at = next(p);
  if (at == p->end || *at != '"') return expected_type(p, at, type);
  bool has_lines = starts_with_quotes(p, at);
  p->pos += has_lines ? 3 : 1;
  if (!(has_lines ? parse_lines(p, &text) : parse_line(p, &text))) return false;
  val->of.string.data = text.data;
  val->of.string.size = text.size;
  return true;
}

/* ---- what has parts ---- */

static bool parse_value(Parser *p, const Type *type, Val *val);

static bool push(Parser *p, const Val *val) {
  Val *slot = vec_push(&p->stack);
  if (!slot) return wm_error_out_of_memory(p->err);
  *slot = *val;
  return true;
}

/* The items that were pushed are the list's: numbers side by side. */
static bool close_list(Parser *p, const Type *element, u32 base, Val *val) {
  u32 count = p->stack.len - base, size = is_number(element) ? element->size : sizeof(Val);
  u8 *data = take_memory(p, count, size);
  if (!data) return false;
  for (u32 i = 0; i < count; i++) {
    const Val *item = &p->stack.data[base + i];
    memcpy(data + (size_t)i * size, is_number(element) ? (const void *)&item->of : item, size);
  }
  p->stack.len = base;
  if (is_number(element)) {
    val->of.numbers.data = data;
    val->of.numbers.count = count;
  } else {
    val->of.items.data = (Val *)(void *)data;
    val->of.items.count = count;
  }
  return true;
}

static bool parse_list(Parser *p, const Type *type, Val *val) {
  u32 base = p->stack.len;
  if (!take(p, '[')) return expected_type(p, p->pos, type);
  while (!take(p, ']')) {
    Val item;
    if (!parse_value(p, type->of[0], &item) || !push(p, &item) || !take_comma(p, ']')) return false;
  }
  return close_list(p, type->of[0], base, val);
}

static bool new_items(Parser *p, const Type *type, Val *val) {
  val->of.items.data = take_memory(p, type->count, sizeof(Val));
  val->of.items.count = type->count;
  return val->of.items.data != NULL;
}

static Val none(void) { return (Val){.kind = WASMCM_OPTION}; }

static bool are_options(const Type *type, u32 from) {
  while (from < type->count && type->of[from]->kind == TYPE_OPTION) from++;
  return from == type->count;
}

/* Arguments may end before options. */
static bool parse_tuple(Parser *p, const Type *type, bool are_arguments, Val *val) {
  u32 count = 0;
  if (!take(p, '(')) return are_arguments ? want(p, '(') : expected_type(p, p->pos, type);
  if (!new_items(p, type, val)) return false;
  for (const char *at = next(p); !take(p, ')'); at = next(p)) {
    if (count == type->count)
      return fail_at(p, at, "there are more than %u %s", count,
                     are_arguments ? "arguments" : "elements");
    if (!parse_value(p, type->of[count], &val->of.items.data[count]) || !take_comma(p, ')'))
      return false;
    count++;
  }
  if (count < type->count && !(are_arguments && are_options(type, count)))
    return fail_at(p, p->pos - 1, "there are %u of %u %s", count, type->count,
                   are_arguments ? "arguments" : "elements");
  while (count < type->count) val->of.items.data[count++] = none();
  return true;
}

/* Which one has the name, looked for from *index on; false with the error. */
static bool find_name(const Parser *p, const Type *type, Name name, const char *what, u32 *index) {
  for (u32 i = 0; i < type->count; i++) {
    u32 at = (*index + i) % type->count;
    if (!wm_name_equal(type->names[at], name)) continue;
    *index = at;
    return true;
  }
  return fail_at(p, name.text, "there is no %s `%s`", what, show(name));
}

/* A label, and which one it is. */
static bool parse_name(Parser *p, const Type *type, const char *what, u32 *index) {
  Name name = take_label(p);
  if (!name.len) return expected(p, p->pos, what);
  return find_name(p, type, name, what, index);
}

static bool parse_field(Parser *p, const Type *type, u32 *index, u8 *seen, Val *val) {
  const char *at = next(p);
  if (!parse_name(p, type, "field", index)) return false;
  if (seen[*index]) return fail_at(p, at, "the field is there twice");
  seen[*index] = 1;
  return want(p, ':') && parse_value(p, type->of[*index], &val->of.items.data[*index]) &&
         take_comma(p, '}');
}

/* What is left out is none. */
static bool fill_record(const Parser *p, const Type *type, const u8 *seen, const Val *val) {
  for (u32 i = 0; i < type->count; i++) {
    if (seen[i]) continue;
    if (type->of[i]->kind != TYPE_OPTION)
      return fail_at(p, p->pos - 1, "the field `%s` is missing", show(type->names[i]));
    val->of.items.data[i] = none();
  }
  return true;
}

static bool parse_record(Parser *p, const Type *type, Val *val) {
  if (!take(p, '{')) return expected_type(p, p->pos, type);
  u8 *seen = take_memory(p, type->count, 1);
  if (!seen || !new_items(p, type, val)) return false;
  bool is_empty = take(p, ':');
  if (is_empty && !want(p, '}')) return false;
  for (u32 index = 0; !is_empty && !take(p, '}'); index++)
    if (!parse_field(p, type, &index, seen, val)) return false;
  return fill_record(p, type, seen, val);
}

static bool parse_flags(Parser *p, const Type *type, Val *val) {
  if (!take(p, '{')) return expected_type(p, p->pos, type);
  for (u32 index = 0; !take(p, '}'); index++) {
    const char *at = next(p);
    if (!parse_name(p, type, "flag", &index)) return false;
    if (val->of.flags >> index & 1) return fail_at(p, at, "the flag is there twice");
    val->of.flags |= UINT32_C(1) << index;
    if (!take_comma(p, '}')) return false;
  }
  return true;
}

/* The payload of the case, in parentheses when it has one. */
static bool parse_payload(Parser *p, const Type *payload, Val *val) {
  if (!payload) return true;
  val->of.variant.payload = take_memory(p, 1, sizeof(Val));
  return val->of.variant.payload && want(p, '(') &&
         parse_value(p, payload, val->of.variant.payload) && want(p, ')');
}

static bool parse_case(Parser *p, const Type *type, Val *val) {
  Name name = peek_label(p);
  if (!name.len) return expected_type(p, p->pos, type);
  return parse_name(p, type, "case", &val->of.variant.index) &&
         parse_payload(p, type->of ? type->of[val->of.variant.index] : NULL, val);
}

/* A payload alone, where none of these words can be meant. */
static bool parse_flat(Parser *p, const Type *type, const Type *payload, Val *val) {
  if (!payload || payload->kind == TYPE_OPTION || payload->kind == TYPE_RESULT)
    return expected_type(p, p->pos, type);
  val->of.variant.payload = take_memory(p, 1, sizeof(Val));
  return val->of.variant.payload && parse_value(p, payload, val->of.variant.payload);
}

static bool parse_option(Parser *p, const Type *type, Val *val) {
  if (take_keyword(p, "none")) return true;
  val->of.variant.index = 1;
  return take_keyword(p, "some") ? parse_payload(p, type->of[1], val)
                                 : parse_flat(p, type, type->of[1], val);
}

static bool parse_result(Parser *p, const Type *type, Val *val) {
  const Type *ok = type->of ? type->of[0] : NULL, *error = type->of ? type->of[1] : NULL;
  if (take_keyword(p, "ok")) return parse_payload(p, ok, val);
  if (!take_keyword(p, "err")) return parse_flat(p, type, ok, val);
  val->of.variant.index = 1;
  return parse_payload(p, error, val);
}

static bool parse_bool(Parser *p, const Type *type, Val *val) {
  val->of.boolean = take_keyword(p, "true");
  return val->of.boolean || take_keyword(p, "false") || expected_type(p, p->pos, type);
}

static bool parse_value(Parser *p, const Type *type, Val *val) {
  *val = (Val){.kind = type->kind};
  switch ((TypeKind)type->kind) {
  case TYPE_BOOL: return parse_bool(p, type, val);
  case TYPE_F32:
  case TYPE_F64: return parse_float(p, type, val);
  case TYPE_CHAR: return parse_char(p, type, val);
  case TYPE_STRING: return parse_string(p, type, val);
  case TYPE_LIST: return parse_list(p, type, val);
  case TYPE_TUPLE: return parse_tuple(p, type, false, val);
  case TYPE_RECORD: return parse_record(p, type, val);
  case TYPE_FLAGS: return parse_flags(p, type, val);
  case TYPE_VARIANT:
  case TYPE_ENUM: return parse_case(p, type, val);
  case TYPE_OPTION: return parse_option(p, type, val);
  case TYPE_RESULT: return parse_result(p, type, val);
  case TYPE_OWN:
  case TYPE_BORROW: return fail_at(p, next(p), "a resource cannot be written");
  default: return parse_integer(p, type, val);
  }
}

/* ---- the whole ---- */

static bool parse_all(Parser *p, const Type *type, bool is_all, Val *val) {
  if (!wm_utf8_valid((const u8 *)p->text, (size_t)(p->end - p->text)))
    return wm_error_set(p->err, ERR_SYNTAX, 0, "the text is not UTF-8");
  bool good =
      type->kind == TYPE_FUNC ? parse_tuple(p, type->params, true, val) : parse_value(p, type, val);
  return good && (!is_all || next(p) == p->end || expected(p, p->pos, "the end of the text"));
}

/* What was parsed is the host's, as a call's result is, or all of it goes. */
static bool finish(Parser *p, bool good, size_t *at, wasmcm_result_t *out, wasmx_error_t *err) {
  vec_free(&p->stack);
  if (good) {
    out->memory = p->arena.chunks;
    if (at) *at = (size_t)(p->pos - p->text);
    return true;
  }
  wm_arena_free(&p->arena);
  *out = (wasmcm_result_t){0};
  wm_error_tell(p->err, err);
  return false;
}

bool wasmcm_val_parse(const wasmcm_type_t *type, const char *text, size_t size, size_t *at,
                      wasmcm_result_t *out, wasmx_error_t *err) {
  Error error = {0};
  const Type *t = wm_api_type(type);
  bool has_type = t && (type_is_value(t) || t->kind == TYPE_FUNC);
  if (out) *out = (wasmcm_result_t){0};
  if (!out || !has_type || (!text && size) || (at && *at > size)) {
    wm_error_set(&error, ERR_ARGUMENT, 0, "no type of a value, no text, or nowhere to put it");
    wm_error_tell(&error, err);
    return false;
  }
  if (!text) text = "";
  Parser p = {.text = text, .pos = text + (at ? *at : 0), .end = text + size, .err = &error};
  return finish(&p, parse_all(&p, t, !at, &out->value), at, out, err);
}
