/* Tokens, and what is between them (lexer.h; spec 6.3).
 *
 *   skip_space      blanks, ;; and (; ;) comments, (@...) annotations, which may nest
 *   scan_token      the longest run of identifier characters and strings; its first byte tells the
 * kind read_token      the same, or TOKEN_END for ever after an error
 *
 * Scanners of parts take a place and return the place behind, NULL when failed; none goes beyond
 * the end, and none recurses, so that the nesting of comments and lists costs nothing. */
#include "text/lexer.h"

#include "base/number.h"
#include "base/text_error.h"
#include "base/utf8.h"
#include "binary/branch_hints.h"
#include "text/text_unbuilt.h"
#include "wasm/opcode.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- characters ---- */

/* Classes of characters: of identifiers (spec 6.3.5), blanks, and what a keyword or number begins
 * with. */
enum { C_ID = 1, C_SPACE = 2, C_LOWER = 4, C_NUMBER = 8 };

#define ID_AND(c, flags) [c] = C_ID | (flags)
#define DIGIT(c)         ID_AND(c, C_NUMBER)
#define LOWER(c)         ID_AND(c, C_LOWER)
#define OTHER(c)         ID_AND(c, 0)
static const u8 char_class[256] = {
    [' '] = C_SPACE, ['\t'] = C_SPACE, ['\n'] = C_SPACE, ['\r'] = C_SPACE, DIGIT('0'), DIGIT('1'),
    DIGIT('2'),      DIGIT('3'),       DIGIT('4'),       DIGIT('5'),       DIGIT('6'), DIGIT('7'),
    DIGIT('8'),      DIGIT('9'),       DIGIT('+'),       DIGIT('-'),       LOWER('a'), LOWER('b'),
    LOWER('c'),      LOWER('d'),       LOWER('e'),       LOWER('f'),       LOWER('g'), LOWER('h'),
    LOWER('i'),      LOWER('j'),       LOWER('k'),       LOWER('l'),       LOWER('m'), LOWER('n'),
    LOWER('o'),      LOWER('p'),       LOWER('q'),       LOWER('r'),       LOWER('s'), LOWER('t'),
    LOWER('u'),      LOWER('v'),       LOWER('w'),       LOWER('x'),       LOWER('y'), LOWER('z'),
    OTHER('A'),      OTHER('B'),       OTHER('C'),       OTHER('D'),       OTHER('E'), OTHER('F'),
    OTHER('G'),      OTHER('H'),       OTHER('I'),       OTHER('J'),       OTHER('K'), OTHER('L'),
    OTHER('M'),      OTHER('N'),       OTHER('O'),       OTHER('P'),       OTHER('Q'), OTHER('R'),
    OTHER('S'),      OTHER('T'),       OTHER('U'),       OTHER('V'),       OTHER('W'), OTHER('X'),
    OTHER('Y'),      OTHER('Z'),       OTHER('!'),       OTHER('#'),       OTHER('$'), OTHER('%'),
    OTHER('&'),      OTHER('\''),      OTHER('*'),       OTHER('.'),       OTHER('/'), OTHER(':'),
    OTHER('<'),      OTHER('='),       OTHER('>'),       OTHER('?'),       OTHER('@'), OTHER('\\'),
    OTHER('^'),      OTHER('_'),       OTHER('`'),       OTHER('|'),       OTHER('~'),
};

static bool is(char c, u8 class) { return char_class[(u8)c] & class; }

/* Whether `word` stands at `p`. */
static bool starts(const char *p, const char *end, const char *word) {
  size_t len = strlen(word);
  return (size_t)(end - p) >= len && memcmp(p, word, len) == 0;
}

/* -1: no digit. */
static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Fails at `p`, which holds a byte that no token starts with. */
static const char *fail_character(Lexer *lx, const char *p) {
  bool good = wm_utf8_step((const u8 *)p, (size_t)(lx->end - p)) != 0;
  wm_lexer_fail(lx, p, good ? "illegal character" : "malformed UTF-8 encoding");
  return NULL;
}

/* ---- strings ---- */

/* The value of a \u{...} whose "{" is at `p`; its end in *next. Or -1. */
static i64 unicode_escape(const char *p, const char *end, const char **next) {
  if (p == end || *p != '{') return -1;
  i64 value = 0;
  bool digit = false;
  for (p++; p < end && *p != '}'; p++) {
    if (*p == '_' && digit) {
      digit = false;
      continue;
    }
    int d = hex_value(*p);
    /* Before it grows: digits may go on for ever. */
    if (d < 0 || value > 0x10FFFF) return -1;
    value = value * 16 + d;
    digit = true;
  }
  /* Surrogates are no characters (spec 6.3.3). */
  *next = p + 1;
  return digit && p < end && value <= 0x10FFFF && (value & ~0x7FF) != 0xD800 ? value : -1;
}

/* The byte behind the escape at `p` (a backslash), or NULL when it is none. */
static const char *skip_escape(const char *p, const char *end) {
  if (end - p < 2) return NULL;
  if (p[1] != 0 && strchr("tnr\"'\\", p[1])) return p + 2;
  if (p[1] == 'u') return unicode_escape(p + 2, end, &p) < 0 ? NULL : p;
  return end - p >= 3 && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0 ? p + 3 : NULL;
}

/* Behind the string that starts at `p`, or NULL and what is wrong (at *where). */
static const char *scan_string(const char *p, const char *end, const char **where,
                               const char **wrong) {
  const char *start = p++;
  for (*wrong = NULL; p < end; *where = p) {
    u8 c = (u8)*p;
    if (c == '"') return p + 1;
    *where = p;
    if (c == '\\') {
      p = skip_escape(p, end);
      *wrong = "illegal escape";
    } else if (c >= 0x80) {
      size_t step = wm_utf8_step((const u8 *)p, (size_t)(end - p));
      p = step ? p + step : NULL;
      *wrong = "malformed UTF-8 encoding";
    } else if (c == '\n' || c == '\r') {
      p = NULL;
      *wrong = "unclosed string";
    } else {
      p = c < 0x20 || c == 0x7F ? NULL : p + 1;
      *wrong = "illegal control character in string";
    }
    if (!p) return NULL;
  }
  *where = start;
  *wrong = "unclosed string";
  return NULL;
}

/* Of a string that scan_string found good: no place is looked at beyond what that checked. */
size_t wm_string_decode(const char *quoted, size_t len, u8 *out) {
  const char *p = quoted + 1, *end = quoted + len - 1;
  u8 *start = out;
  while (p < end) {
    if (*p != '\\') {
      *out++ = (u8)*p++;
      continue;
    }
    char c = p[1];
    if (c == 'u') {
      out += wm_utf8_put(out, (u32)unicode_escape(p + 2, end, &p));
      continue;
    }
    int high = hex_value(c);
    if (high >= 0) {
      *out++ = (u8)((high << 4 | hex_value(p[2])) & 0xFF);
      p += 3;
    } else {
      *out++ = (u8)(c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c);
      p += 2;
    }
  }
  return (size_t)(out - start);
}

/* What is wrong with the quoted name text[0, len), or NULL. */
/* Decoded for that: escapes may put any bytes together. */
static const char *check_quoted_name(Lexer *lx, const char *text, size_t len) {
  if (len == 2) return "empty";
  Buffer name = {0};
  const char *wrong = NULL;
  if (!wm_buffer_reserve(&name, len)) {
    wm_lexer_out_of_memory(lx);
    return "out of memory";
  }
  name.len = wm_string_decode(text, len, name.data);
  if (!wm_utf8_valid(name.data, name.len)) wrong = "malformed UTF-8 encoding";
  wm_buffer_free(&name);
  return wrong;
}

/* ---- what is skipped ---- */

/* A byte inside a comment: any well-formed character. NULL: failed. */
static const char *skip_character(Lexer *lx, const char *p) {
  if ((u8)*p < 0x80) return p + 1;
  size_t step = wm_utf8_step((const u8 *)p, (size_t)(lx->end - p));
  return step ? p + step : fail_character(lx, p);
}

static const char *skip_line_comment(Lexer *lx, const char *p) {
  while (p && p < lx->end && *p != '\n' && *p != '\r') p = skip_character(lx, p);
  return p;
}

static const char *skip_block_comment(Lexer *lx, const char *p) {
  const char *start = p;
  for (u64 depth = 0; p;) {
    if (p == lx->end) {
      wm_lexer_fail(lx, start, "unclosed comment");
      return NULL;
    }
    if (starts(p, lx->end, "(;") || starts(p, lx->end, ";)")) {
      /* Block comments nest. */
      depth = *p == '(' ? depth + 1 : depth - 1;
      p += 2;
      if (depth == 0) break;
      continue;
    }
    p = skip_character(lx, p);
  }
  return p;
}

/* The id of the annotation whose "(@" is at `p`. An annotation's id may be quoted. NULL: failed. */
static const char *scan_annotation_id(Lexer *lx, const char *p, Token *id) {
  const char *start = p + 2, *end = start, *where, *wrong = NULL;
  while (end < lx->end && is(*end, C_ID)) end++;
  if (end == start && end < lx->end && *end == '"') {
    end = scan_string(start, lx->end, &where, &wrong);
    wrong = end ? check_quoted_name(lx, start, (size_t)(end - start)) : wrong;
    if (!end) end = start;
  }
  if (wrong && !strcmp(wrong, "malformed UTF-8 encoding")) {
    wm_lexer_fail(lx, start, "%s", wrong);
  } else if (end == start || wrong) {
    wm_lexer_fail(lx, p, "empty annotation id");
  }
  *id = (Token){TOKEN_KEYWORD, (u32)(end - start), start};
  return lexer_ok(lx) ? end : NULL;
}

static bool has_meaning(const Token *id) {
  return wm_token_is(id, "name") || wm_token_is(id, "custom") ||
         wm_token_is(id, BRANCH_HINT_SECTION);
}

/* Behind one item of an annotation's content; NULL: failed. */
static const char *skip_annotation_item(Lexer *lx, const char *p) {
  const char *where, *wrong;
  if (starts(p, lx->end, ";;")) return skip_line_comment(lx, p);
  if (starts(p, lx->end, "(;")) return skip_block_comment(lx, p);
  if (*p == '"') {
    p = scan_string(p, lx->end, &where, &wrong);
    if (!p) wm_lexer_fail(lx, where, "%s", wrong);
    return p;
  }
  if (is(*p, C_ID | C_SPACE) || (*p && strchr("(),;[]{}", *p))) return p + 1;
  return fail_character(lx, p);
}

/* Annotations are balanced lists of tokens; a string may hold parentheses, so it is scanned as one.
 */
static const char *skip_annotation(Lexer *lx, const char *p) {
  Note note = {.content = p};
  const char *start = p;
  p = note.content = scan_annotation_id(lx, p, &note.id);
  for (u64 depth = 1; p && depth;) {
    if (p == lx->end) {
      wm_lexer_fail(lx, start, "unclosed annotation");
      return NULL;
    }
    const char *item = p;
    p = skip_annotation_item(lx, p);
    if (p == item + 1 && *item == '(') depth++;
    if (*item == ')') depth--;
  }
  note.end = p;
  if (!p || !lx->notes || !has_meaning(&note.id)) return p;
  /* Looked at when the field is read (wat_note.c). */
  Note *kept = lexer_push(lx, lx->notes);
  if (!kept) return NULL;
  *kept = note;
  return p;
}

/* The next token's first byte, or NULL when failed. */
static const char *skip_space(Lexer *lx, const char *p) {
  while (p && p < lx->end) {
    if (is(*p, C_SPACE)) {
      p++;
    } else if (*p == ';' && starts(p, lx->end, ";;")) {
      p = skip_line_comment(lx, p);
    } else if (*p == '(' && starts(p, lx->end, "(;")) {
      p = skip_block_comment(lx, p);
    } else if (*p == '(' && starts(p, lx->end, "(@")) {
      p = skip_annotation(lx, p);
    } else {
      break;
    }
  }
  return p;
}

/* ---- tokens ---- */

/* A token that holds a string: just that, an id in quotes, or a mixture that means nothing. */
static Token scan_with_string(Lexer *lx, const char *start, const char *quote) {
  const char *end = quote, *first_end = NULL, *where, *wrong;
  while (end < lx->end && (*end == '"' || is(*end, C_ID))) {
    if (*end != '"') {
      end++;
      continue;
    }
    end = scan_string(end, lx->end, &where, &wrong);
    if (!end) {
      bool in_id = first_end == NULL && quote == start + 1 && *start == '$';
      bool control = !strncmp(wrong, "illegal control", 15) || (*where == '\n' || *where == '\r');
      /* The suite has other words for it in an identifier. */
      if (in_id && control) wm_lexer_fail(lx, start, "empty identifier");
      wm_lexer_fail(lx, where, "%s", wrong);
      return (Token){0};
    }
    if (!first_end) first_end = end;
  }
  Token t = {TOKEN_RESERVED, (u32)(end - start), start};
  if (end != first_end) return t;
  if (quote == start) t.kind = TOKEN_STRING;
  if (quote == start + 1 && *start == '$') {
    t.kind = TOKEN_ID;
    wrong = check_quoted_name(lx, quote, (size_t)(end - quote));
    if (wrong) wm_lexer_fail(lx, start, "%s%s", wrong, wrong[0] == 'e' ? " identifier" : "");
  }
  return t;
}

static Token scan_token(Lexer *lx) {
  const char *p = skip_space(lx, lx->pos), *start = p;
  if (!p || p == lx->end) return (Token){TOKEN_END, 0, lx->end};
  if (*p == '(' || *p == ')') return (Token){*p == '(' ? TOKEN_OPEN : TOKEN_CLOSE, 1, p};
  while (p < lx->end && is(*p, C_ID)) p++;
  if (p < lx->end && *p == '"') return scan_with_string(lx, start, p);
  Token t = {TOKEN_RESERVED, (u32)(p - start), start};
  if (p == start) {
    if ((u8)*p < 0x20 || (u8)*p >= 0x7F) fail_character(lx, p);
    t.len = 1; /* , ; [ ] { or } */
  } else if (is(*start, C_LOWER)) {
    t.kind = TOKEN_KEYWORD;
  } else if (is(*start, C_NUMBER)) {
    t.kind = TOKEN_NUMBER;
  } else if (*start == '$') {
    t.kind = TOKEN_ID;
    if (t.len == 1) wm_lexer_fail(lx, start, "empty identifier");
  }
  return t;
}

/* Reads the token at lx->pos; TOKEN_END for ever once failed. */
static Token read_token(Lexer *lx) {
  if (lexer_ok(lx)) {
    Token t = scan_token(lx);
    lx->pos = t.text ? t.text + t.len : lx->end;
    if (lexer_ok(lx)) return t;
  }
  lx->pos = lx->end;
  return (Token){TOKEN_END, 0, lx->end};
}

void wm_lexer_init(Lexer *lx, const char *text, size_t from, size_t to, Error *err) {
  /* So that offsets are differences of pointers into one array. */
  if (!text) text = "";
  *lx = (Lexer){.start = text, .pos = text + from, .end = text + to, .err = err};
  if (to >= UINT32_MAX) wm_error_set(err, ERR_LIMIT, 0, "text is too large");
  lx->token = read_token(lx);
}

void wm_lexer_seek(Lexer *lx, const char *pos) {
  lx->pos = pos;
  lx->has_ahead = false;
  lx->token = read_token(lx);
}

void wm_lexer_next(Lexer *lx) {
  lx->token = lx->has_ahead && lexer_ok(lx) ? lx->ahead : read_token(lx);
  lx->has_ahead = false;
}

/* Kept until the token is taken: peeking twice reads once. */
const Token *wm_lexer_peek(Lexer *lx) {
  if (!lx->has_ahead) lx->ahead = read_token(lx);
  lx->has_ahead = true;
  return &lx->ahead;
}

const char *wm_lexer_skip_to_close(Lexer *lx) {
  for (u64 depth = 0; depth || lx->token.kind != TOKEN_CLOSE; wm_lexer_next(lx)) {
    if (lx->token.kind == TOKEN_END) {
      wm_lexer_unexpected(lx);
      break;
    }
    if (lx->token.kind == TOKEN_OPEN) depth++;
    if (lx->token.kind == TOKEN_CLOSE) depth--;
  }
  return lx->token.text;
}

bool wm_id_chars(const u8 *text, size_t len) {
  size_t at = 0;
  while (at < len && is((char)text[at], C_ID)) at++;
  return at == len;
}

bool wm_token_is(const Token *t, const char *keyword) {
  return t->kind == TOKEN_KEYWORD && t->len == strlen(keyword) &&
         memcmp(t->text, keyword, t->len) == 0;
}

bool wm_lexer_at(const Lexer *lx, const char *keyword) { return wm_token_is(&lx->token, keyword); }

bool wm_lexer_take(Lexer *lx, const char *keyword) {
  bool found = wm_lexer_at(lx, keyword);
  if (found) wm_lexer_next(lx);
  return found;
}

bool wm_lexer_at_list(Lexer *lx, const char *keyword) {
  return lx->token.kind == TOKEN_OPEN && wm_token_is(wm_lexer_peek(lx), keyword);
}

bool wm_lexer_take_list(Lexer *lx, const char *keyword) {
  if (!wm_lexer_at_list(lx, keyword)) return false;
  wm_lexer_next(lx);
  wm_lexer_next(lx);
  return true;
}

void wm_lexer_close(Lexer *lx) {
  if (lx->token.kind == TOKEN_CLOSE) {
    wm_lexer_next(lx);
  } else {
    wm_lexer_unexpected(lx);
  }
}

bool wm_lexer_take_string(Lexer *lx, Buffer *out) {
  if (lx->token.kind != TOKEN_STRING) return wm_lexer_unexpected(lx);
  if (!wm_buffer_reserve(out, lx->token.len)) return wm_lexer_out_of_memory(lx);
  out->len += wm_string_decode(lx->token.text, lx->token.len, out->data + out->len);
  wm_lexer_next(lx);
  return lexer_ok(lx);
}

/* ---- errors ---- */

bool wm_lexer_fail(Lexer *lx, const char *pos, const char *format, ...) {
  if (!lexer_ok(lx)) return false;
  va_list args;
  va_start(args, format);
  char message[sizeof lx->err->message];
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  wm_text_fail(lx->err, lx->start, (size_t)(lx->end - lx->start), (size_t)(pos - lx->start),
               message);
  lx->pos = lx->end;
  lx->token = (Token){TOKEN_END, 0, lx->end};
  lx->has_ahead = false;
  return false;
}

bool wm_lexer_out_of_memory(Lexer *lx) {
  wm_error_out_of_memory(lx->err);
  lx->pos = lx->end;
  lx->token = (Token){TOKEN_END, 0, lx->end};
  lx->has_ahead = false;
  return false;
}

/* Words of the language beside the instructions: in the wrong place they are "unexpected", any
 * other word is "unknown". */
static const char *const keywords[] = {
    "any",
    "anyref",
    "array",
    "arrayref",
    "assert_exception",
    "assert_exhaustion",
    "assert_invalid",
    "assert_malformed",
    "assert_return",
    "assert_trap",
    "assert_unlinkable",
    "before",
    "after",
    "binary",
    "catch",
    "catch_all",
    "catch_all_ref",
    "catch_ref",
    "data",
    "declare",
    "definition",
    "either",
    "elem",
    "eq",
    "eqref",
    "exn",
    "exnref",
    "export",
    "extern",
    "externref",
    "f32",
    "f32x4",
    "f64",
    "f64x2",
    "field",
    "final",
    "func",
    "funcref",
    "get",
    "global",
    "i16",
    "i16x8",
    "i31",
    "i31ref",
    "i32",
    "i32x4",
    "i64",
    "i64x2",
    "i8",
    "i8x16",
    "import",
    "instance",
    "invoke",
    "item",
    "local",
    "memory",
    "module",
    "mut",
    "nan:arithmetic",
    "nan:canonical",
    "noexn",
    "noextern",
    "nofunc",
    "none",
    "null",
    "nullexnref",
    "nullexternref",
    "nullfuncref",
    "nullref",
    "offset",
    "pagesize",
    "param",
    "quote",
    "rec",
    "ref",
    "ref.array",
    "ref.extern",
    "ref.host",
    "ref.struct",
    "register",
    "result",
    "shared",
    "start",
    "struct",
    "structref",
    "sub",
    "table",
    "tag",
    "then",
    "type",
    "v128",
};

/* offset=N or align=N */
static bool is_memarg(const Token *t) {
  size_t skip = starts(t->text, t->text + t->len, "offset=")  ? 7
                : starts(t->text, t->text + t->len, "align=") ? 6
                                                              : 0;
  u64 v;
  return skip && wm_uint_parse(t->text + skip, t->len - skip, &v) != NUMBER_SYNTAX;
}

bool wm_token_known(const Token *t) {
  u64 bits;
  if (t->kind == TOKEN_RESERVED) return false;
  if (t->kind != TOKEN_KEYWORD && t->kind != TOKEN_NUMBER) return true;
  if (wm_f64_parse(t->text, t->len, &bits) != NUMBER_SYNTAX) return true;
  if (t->kind == TOKEN_NUMBER) return false;
  for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
    if (wm_token_is(t, keywords[i])) return true;
  return is_memarg(t) || wm_op_find_text(t->text, t->len) != OP_INVALID;
}

bool wm_lexer_unsupported(Lexer *lx, const char *pos, Feature f, const char *what) {
  if (!lexer_ok(lx)) return false;
  const char *name = wm_feature_name(f);
  wm_lexer_fail(lx, pos, "%s needs the %s proposal, which is not supported", what, name);
  lx->err->code = ERR_UNSUPPORTED;
  lx->err->proposal = name;
  return false;
}

/* Fails at the current token, or the keyword behind a "(" that it is, when that belongs to a
 * proposal that is not built; false: it does not. */
static bool refuse_unbuilt(Lexer *lx) {
  const Token *t = lx->token.kind == TOKEN_OPEN ? wm_lexer_peek(lx) : &lx->token;
  Feature f = t->kind == TOKEN_KEYWORD ? wm_unbuilt_word(t->text, t->len) : FEATURE_COUNT;
  if (f == FEATURE_COUNT || !lexer_ok(lx)) return false;
  char text[64];
  wm_escape(text, sizeof text, t->text, t->len);
  wm_lexer_unsupported(lx, t->text, f, text);
  return true;
}

bool wm_lexer_unexpected(Lexer *lx) {
  if (!lexer_ok(lx) || refuse_unbuilt(lx)) return false;
  char text[64];
  const Token *t = &lx->token;
  if (t->kind == TOKEN_END) return wm_lexer_fail(lx, lx->end, "unexpected token: end of text");
  wm_escape(text, sizeof text, t->text, t->len);
  return wm_lexer_fail(lx, t->text,
                       wm_token_known(t) ? "unexpected token %s" : "unknown operator %s", text);
}
