/* Where in the text an error is, for people (text_error.h). */
#include "base/text_error.h"

#include "base/utf8.h"

/* The context holds a piece of the line, a newline, as many blanks, a caret and the final zero. */
enum { WINDOW = (sizeof((Error *)0)->context - 3) / 2, BEFORE = WINDOW * 2 / 3 };

static bool ends_line(char c) { return c == '\n' || c == '\r'; }

/* Line and column of `at`; a line ends with LF, CR or both. Returns the line's start. */
static const char *locate(const char *text, const char *end, const char *at, u32 *line,
                          u32 *column) {
  const char *start = text;
  *line = 1;
  for (const char *p = text; p < at; p++) {
    if (*p == '\n' || (*p == '\r' && (p + 1 == end || p[1] != '\n'))) {
      start = p + 1;
      (*line)++;
    }
  }
  *column = 1;
  for (const char *p = start; p < at; p++) *column += ((u8)*p & 0xC0) != 0x80;
  return start;
}

/* One character of the line in printable form, as wide as it looks: what is no printable character
 * becomes "?". Returns the bytes of source taken; *width is what it adds to the caret's column. */
static size_t put_character(char *out, size_t *len, const char *p, const char *end) {
  size_t step = wm_utf8_visible_step((const u8 *)p, (size_t)(end - p));
  if (!step) {
    size_t hidden = wm_utf8_step((const u8 *)p, (size_t)(end - p));
    out[(*len)++] = *p == '\t' ? ' ' : '?';
    return hidden ? hidden : 1;
  }
  memcpy(out + *len, p, step);
  *len += step;
  return step;
}

static void show_line(Error *err, const char *line, const char *end, const char *at) {
  const char *p = at - line > BEFORE ? at - BEFORE : line;
  while (p < at && ((u8)*p & 0xC0) == 0x80) p++; /* not inside a character */
  char shown[WINDOW + 4];
  size_t len = 0, caret = 0;
  while (p < end && !ends_line(*p) && len + 4 <= WINDOW) {
    if (p < at) caret++;
    p += put_character(shown, &len, p, end);
  }
  memcpy(err->context, shown, len);
  char *out = err->context + len;
  *out++ = '\n';
  memset(out, ' ', caret);
  out[caret] = '^';
  out[caret + 1] = 0;
}

bool wm_text_fail(Error *err, const char *text, size_t size, size_t offset, const char *message) {
  if (!err || err->code != ERR_NONE) return false;
  wm_error_set(err, ERR_SYNTAX, offset, "%s", message);
  const char *line = locate(text, text + size, text + offset, &err->line, &err->column);
  show_line(err, line, text + size, text + offset);
  return false;
}
