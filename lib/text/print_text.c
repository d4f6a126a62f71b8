/* Strings, numbers and lines, and whether there is room for more (printer.h). */
#include "base/utf8.h"
#include "text/printer.h"

/* Deeper lines stay there: a million nested blocks must not make the text quadratic. */
enum { INDENT_STEP = 2, MAX_INDENT = 64, DATA_LINE = 80 };

bool wm_print_out_of_memory(Printer *p) {
  p->out->failed = true;
  return wm_error_out_of_memory(p->err);
}

bool wm_print_ok(Printer *p) {
  if (p->err->code != ERR_NONE) return false;
  if (p->out->failed) return wm_error_out_of_memory(p->err);
  return p->out->len <= p->limit ||
         wm_error_set(p->err, ERR_LIMIT, 0, "the text of this module would be too long");
}

void wm_put_uint(Printer *p, u64 v) {
  char digits[20], *at = digits + sizeof digits;
  do {
    *--at = (char)('0' + v % 10);
    v /= 10;
  } while (v);
  put_bytes(p, at, (size_t)(digits + sizeof digits - at));
}

void wm_put_int(Printer *p, i64 v) {
  if (v < 0) put_char(p, '-');
  wm_put_uint(p, v < 0 ? 0 - (u64)v : (u64)v);
}

void wm_put_hex(Printer *p, u64 v, u32 digits) {
  char text[2 + 16] = "0x";
  for (u32 i = 0; i < digits; i++)
    text[2 + i] = "0123456789abcdef"[v >> (4 * (digits - 1 - i)) & 15];
  put_bytes(p, text, 2 + digits);
}

void wm_put_number_note(Printer *p, u32 number) {
  put_text(p, " (;");
  wm_put_uint(p, number);
  put_text(p, ";)");
}

void wm_put_line(Printer *p) {
  static const char blanks[] = "\n                                                                ";
  _Static_assert(sizeof blanks == 1 + MAX_INDENT + 1, "as many blanks as the deepest line has");
  put_bytes(p, blanks, 1 + min_u32(INDENT_STEP * p->depth, MAX_INDENT));
}

/* ---- strings ---- */

/* The letter of a short escape, or 0. */
static char short_escape(u8 byte) {
  switch (byte) {
  case '\t': return 't';
  case '\n': return 'n';
  case '\r': return 'r';
  case '"':
  case '\\': return (char)byte;
  default: return 0;
  }
}

static void put_escape(Printer *p, u8 byte) {
  static const char hex[] = "0123456789abcdef";
  char letter = short_escape(byte);
  char text[3] = {'\\', letter ? letter : hex[byte >> 4], hex[byte & 15]};
  put_bytes(p, text, letter ? 2 : 3);
}

/* How many bytes of visible characters the text starts with. */
static u32 visible_bytes(const u8 *bytes, u32 len) {
  u32 at = 0;
  while (at < len && bytes[at] != '"' && bytes[at] != '\\') {
    size_t step = wm_utf8_visible_step(bytes + at, len - at);
    if (!step) break;
    at += (u32)step;
  }
  return at;
}

void wm_put_name(Printer *p, const u8 *bytes, u32 len) {
  put_char(p, '"');
  for (u32 at = 0; at < len;) {
    u32 seen = visible_bytes(bytes + at, len - at);
    put_bytes(p, bytes + at, seen);
    at += seen;
    if (!seen) put_escape(p, bytes[at++]);
  }
  put_char(p, '"');
}

void wm_put_data(Printer *p, const u8 *bytes, size_t len) {
  put_char(p, '"');
  for (size_t at = 0; at < len; at++) {
    size_t start = at;
    while (at < len && bytes[at] >= 0x20 && bytes[at] < 0x7F && bytes[at] != '"' &&
           bytes[at] != '\\')
      at++;
    put_bytes(p, bytes + start, at - start);
    if (at < len) put_escape(p, bytes[at]);
  }
  put_char(p, '"');
}

void wm_put_data_lines(Printer *p, const u8 *bytes, size_t len) {
  p->depth++;
  for (size_t at = 0; at < len && wm_print_ok(p); at += DATA_LINE) {
    wm_put_line(p);
    wm_put_data(p, bytes + at, min_u64(len - at, DATA_LINE));
  }
  p->depth--;
}
