/* Tokens of the text format (spec 6.3), for modules and scripts.
 *
 * White space, comments and annotations are skipped; tokens are slices of the source, strings still
 * with their escapes. The first error sticks: from then on every token is TOKEN_END, so that a
 * parser may look at errors late. One token of look-ahead is kept; a Lexer may be copied to come
 * back to a place. Positions for people count lines and characters from 1. */
#ifndef WM_TEXT_LEXER_H
#define WM_TEXT_LEXER_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/vec.h"
#include "wasm/feature.h"

typedef enum TokenKind {
  TOKEN_END,
  TOKEN_OPEN,
  TOKEN_CLOSE,
  TOKEN_KEYWORD, /* starts with a lower-case letter: also inf, nan:0x1, offset=4 */
  TOKEN_ID,      /* $name or $"name" */
  TOKEN_NUMBER,  /* starts with a digit or sign; may still be no number at all */
  TOKEN_STRING,  /* quotes included */
  TOKEN_RESERVED /* anything else: never part of a module */
} TokenKind;

typedef struct Token {
  TokenKind kind;
  u32 len;
  const char *text; /* borrowed from the source */
} Token;

/* An annotation that means something here: (@name ...), (@custom ...) or a branch hint. */
typedef struct Note {
  Token id;            /* "name" */
  const char *content; /* behind the id */
  const char *end;     /* behind the closing parenthesis */
} Note;

typedef Vec(Note) Notes;

typedef struct Lexer {
  const char *start, *pos, *end; /* borrowed; the whole source, so that errors find their line */
  Token token, ahead;
  bool has_ahead;
  Error *err;   /* borrowed */
  Notes *notes; /* borrowed, where to keep annotations with a meaning; NULL: skip them all */
} Lexer;

/* At the first token of text[from, to). */
void wm_lexer_init(Lexer *lx, const char *text, size_t from, size_t to, Error *err);
/* At the first token at or behind `pos`, which must be in the source. */
void wm_lexer_seek(Lexer *lx, const char *pos);
void wm_lexer_next(Lexer *lx);
/* The token behind the current one. */
const Token *wm_lexer_peek(Lexer *lx);
/* From inside a list to the ")" that closes it; its place. Fails when there is none. */
const char *wm_lexer_skip_to_close(Lexer *lx);

static inline bool lexer_ok(const Lexer *lx) { return lx->err->code == ERR_NONE; }
static inline size_t lexer_offset(const Lexer *lx) { return (size_t)(lx->token.text - lx->start); }

/* Whether a "$" before them makes an identifier without quotes. */
bool wm_id_chars(const u8 *text, size_t len);
bool wm_token_is(const Token *t, const char *keyword);
/* Whether the language has such a token, wherever. */
bool wm_token_known(const Token *t);
/* The current token is this keyword; and the same, going on to the next token if so. */
bool wm_lexer_at(const Lexer *lx, const char *keyword);
bool wm_lexer_take(Lexer *lx, const char *keyword);
/* The current token is "(" and the next this keyword; and the same, going on behind both if so. */
bool wm_lexer_at_list(Lexer *lx, const char *keyword);
bool wm_lexer_take_list(Lexer *lx, const char *keyword);
/* Goes on behind ")", or fails. */
void wm_lexer_close(Lexer *lx);

/* Fails at `pos` with ERR_SYNTAX. Returns false. */
bool wm_lexer_fail(Lexer *lx, const char *pos, const char *format, ...) PRINTF_LIKE(3, 4);
/* Fails at `pos` with ERR_UNSUPPORTED: `what` needs f. Returns false. */
bool wm_lexer_unsupported(Lexer *lx, const char *pos, Feature f, const char *what);
/* Fails at the current token: "unexpected token", or "unknown operator" when it is no token that
 * the language has. Returns false. */
bool wm_lexer_unexpected(Lexer *lx);
bool wm_lexer_out_of_memory(Lexer *lx);
/* A new item at the end of `vec`, or NULL with the lexer failed. */
#define lexer_push(lx, vec)                                                                        \
  (vec_reserve(vec, 1) ? vec_push(vec) : (wm_lexer_out_of_memory(lx), NULL))

/* Decodes a string token (or the string of a $"..." token) to `out`, which has room for token->len
 * bytes. Returns the length. The lexer has checked the escapes. */
size_t wm_string_decode(const char *quoted, size_t len, u8 *out);
/* Appends the string that is the current token to `out` and goes on; fails when it is no string. */
bool wm_lexer_take_string(Lexer *lx, Buffer *out);

#endif
