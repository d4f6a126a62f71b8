#include "component/cm_cursor.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

static bool ends_early(Cursor *in) {
  in->pos = in->end;
  return wm_error_set(in->err, ERR_MALFORMED, cursor_offset(in), "unexpected end-of-file");
}

u8 wm_cursor_peek(Cursor *in) {
  if (!cursor_ok(in)) return 0;
  if (in->pos == in->end) return (u8)ends_early(in);
  return *in->pos;
}

u8 wm_cursor_byte(Cursor *in) {
  u8 byte = wm_cursor_peek(in);
  if (cursor_ok(in)) in->pos++;
  return byte;
}

/* An unsigned LEB128 of at most `bits` bits. */
static u64 read_leb(Cursor *in, u32 bits) {
  u64 value = 0;
  for (u32 shift = 0;; shift += 7) {
    u8 byte = wm_cursor_byte(in);
    if (!cursor_ok(in)) return 0;
    u32 room = bits - shift;
    if (room < 7 && (byte & 0x7f) >> room != 0) {
      wm_error_set(in->err, ERR_MALFORMED, cursor_offset(in) - 1,
                   "invalid var_u%u: integer too large", bits);
      return 0;
    }
    if (room <= 7 && byte & 0x80) {
      wm_error_set(in->err, ERR_MALFORMED, cursor_offset(in) - 1,
                   "invalid var_u%u: integer representation too long", bits);
      return 0;
    }
    value |= (u64)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
}

u32 wm_cursor_u32(Cursor *in) { return (u32)read_leb(in, 32); }
u64 wm_cursor_u64(Cursor *in) { return read_leb(in, 64); }

static u32 index_of_signed(Cursor *in, const u8 *at, u64 value, u32 bits_read) {
  bool negative = bits_read < 64 && value >> (bits_read - 1) & 1;
  if (!negative && value <= UINT32_MAX) return (u32)value;
  in->pos = at + 1;
  wm_cursor_bad_byte(in, *at, "component value type");
  return 0;
}

u32 wm_cursor_type_index(Cursor *in) {
  const u8 *at = in->pos;
  u64 value = 0;
  for (u32 shift = 0; shift < 35; shift += 7) {
    u8 byte = wm_cursor_byte(in);
    if (!cursor_ok(in)) return 0;
    value |= (u64)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return index_of_signed(in, at, value, shift + 7);
  }
  wm_error_set(in->err, ERR_MALFORMED, cursor_offset(in) - 1,
               "invalid var_s33: integer representation too long");
  return 0;
}

Name wm_cursor_name(Cursor *in) {
  u32 len = wm_cursor_u32(in);
  if (!cursor_ok(in)) return (Name){"", 0};
  if (len > (size_t)(in->end - in->pos)) {
    ends_early(in);
    return (Name){"", 0};
  }
  Name name = {(const char *)in->pos, len};
  if (!wm_utf8_valid(in->pos, len)) {
    wm_error_set(in->err, ERR_MALFORMED, cursor_offset(in), "malformed UTF-8 encoding");
    return (Name){"", 0};
  }
  in->pos += len;
  return name;
}

u32 wm_cursor_count(Cursor *in, u32 max, const char *what) {
  u64 at = cursor_offset(in);
  u32 count = wm_cursor_u32(in);
  if (!cursor_ok(in)) return 0;
  if (count > max) {
    wm_error_set(in->err, ERR_LIMIT, at, "%s count exceeds limit of %u", what, max);
    return 0;
  }
  if (count > (size_t)(in->end - in->pos)) return (u32)ends_early(in);
  return count;
}

bool wm_cursor_bad_byte(Cursor *in, u8 byte, const char *what) {
  u64 at = cursor_offset(in);
  return wm_error_set(in->err, ERR_MALFORMED, at ? at - 1 : 0, "invalid leading byte (0x%x) for %s",
                      byte, what);
}

bool wm_name_equal(Name a, Name b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.text, b.text, a.len) == 0);
}

bool wm_name_is(Name name, const char *text) {
  return wm_name_equal(name, (Name){text, (u32)strlen(text)});
}

bool wm_error_context(Error *err, const char *format, ...) {
  char before[sizeof err->message], after[sizeof err->message];
  va_list args;
  va_start(args, format);
  vsnprintf(before, sizeof before, format, args);
  va_end(args);
  memcpy(after, err->message, sizeof after);
  snprintf(err->message, sizeof err->message, "%.190s: %.200s", before, after);
  return false;
}
