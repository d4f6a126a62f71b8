/* Strings between the three encodings (CanonicalABI.md, "load_string", "store_string"). A lifted
 * string stays in the encoding that it came in, unless it is for the host, so that a copy to a
 * guest of the same one is a copy; the order and sizes of realloc calls are the specification's. */
#include "base/utf8.h"
#include "component/cm_call.h"

#define UTF16_TAG (UINT32_C(1) << 31)

static bool is_wide(StringCode code) { return code == STRING_UTF16 || code == STRING_TAGGED_UTF16; }

/* The unit at the position, or the pair that begins there; *size in bytes; 0xffffffff: no
 * character. */
static u32 utf16_char(const u8 *at, const u8 *end, size_t *size) {
  u32 first = load_u16(at);
  *size = 2;
  if (first < 0xd800 || first > 0xdfff) return first;
  if (first > 0xdbff || end - at < 4) return UINT32_MAX;
  u32 second = load_u16(at + 2);
  if (second < 0xdc00 || second > 0xdfff) return UINT32_MAX;
  *size = 4;
  return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

/* The next character of a well-formed text. */
static u32 next(CodedText *text) {
  size_t size = 1;
  u32 c;
  if (text->code == STRING_LATIN1) {
    c = *text->pos;
  } else if (text->code == STRING_UTF8) {
    size = wm_utf8_step(text->pos, (size_t)(text->end - text->pos));
    c = utf8_scalar(text->pos, size);
  } else {
    c = utf16_char(text->pos, text->end, &size);
  }
  text->pos += size;
  return c;
}

static u64 text_size(const CodedText *text) { return (u64)(text->end - text->pos); }

static size_t put_utf16(u8 *to, u32 c) {
  if (c < 0x10000) {
    store_u16(to, (u16)c);
    return 2;
  }
  c -= 0x10000;
  store_u16(to, (u16)(0xd800 + (c >> 10)));
  store_u16(to + 2, (u16)(0xdc00 + (c & 0x3ff)));
  return 4;
}

/* The text in UTF-8 or UTF-16 where there is room for it; its size. */
static u64 encode(u8 *to, CodedText text, bool wide) {
  const u8 *start = to;
  while (text.pos < text.end) {
    u32 c = next(&text);
    to += wide ? put_utf16(to, c) : wm_utf8_put(to, c);
  }
  return (u64)(to - start);
}

/* ---- lifting ---- */

static bool utf8_is_cut(const u8 *text, size_t size) {
  size_t at = 0;
  for (size_t step; at < size && (step = wm_utf8_step(text + at, size - at)) > 0;) at += step;
  for (u32 more = 1; more < 4; more++) { /* well-formed if the right bytes followed */
    u8 tail[8] = {0};
    size_t left = size - at;
    if (left > 3) return false;
    memcpy(tail, text + at, left);
    for (u32 c = 0x80; c < 0xc0; c += 0x10) {
      memset(tail + left, (int)c, more);
      if (wm_utf8_step(tail, left + more) == left + more) return true;
    }
  }
  return false;
}

static bool check_utf8(const Side *side, const u8 *text, size_t size) {
  if (wm_utf8_valid(text, size)) return true;
  return wm_call_fail(side->call, utf8_is_cut(text, size)
                                      ? "invalid utf-8: incomplete utf-8 byte sequence"
                                      : "invalid utf-8");
}

static bool check_utf16(const Side *side, const u8 *text, size_t size) {
  size_t step;
  for (size_t at = 0; at < size; at += step)
    if (utf16_char(text + at, text + size, &step) == UINT32_MAX)
      return wm_call_fail(side->call, "invalid utf-16: unpaired surrogate found");
  return true;
}

static StringCode code_of(u8 encoding, u32 tagged_units) {
  if (encoding == ENCODING_UTF8) return STRING_UTF8;
  if (encoding == ENCODING_UTF16) return STRING_UTF16;
  return tagged_units & UTF16_TAG ? STRING_TAGGED_UTF16 : STRING_LATIN1;
}

/* In UTF-8, for the host: three bytes for each unit of two, two for each of one. */
static bool recode(Call *call, CodedText *text) {
  u8 *to = wm_call_alloc(call, text_size(text) * 2);
  if (to) *text = (CodedText){to, to + encode(to, *text, false), STRING_UTF8};
  return to != NULL;
}

bool wm_string_lift(const Side *side, u32 ptr, u32 tagged_units, CodedText *text) {
  u8 encoding = side->options->encoding;
  StringCode code = code_of(encoding, tagged_units);
  bool wide = is_wide(code);
  u64 units = code == STRING_TAGGED_UTF16 ? tagged_units ^ UTF16_TAG : tagged_units;
  u64 size = wide ? units * 2 : units;
  const u8 *bytes = wm_side_bytes(side, ptr, size, encoding == ENCODING_UTF8 ? 1 : 2, "string");
  const u8 *kept = bytes ? wm_side_keep(side, bytes, size) : NULL;
  if (!kept) return false;
  *text = (CodedText){kept, kept + size, code};
  if (code == STRING_UTF8) return check_utf8(side, kept, size);
  return (!wide || check_utf16(side, kept, size)) &&
         (!side->call->for_host || recode(side->call, text));
}

/* ---- lowering ---- */

/* As it is. */
static bool lower_copy(const Side *side, const CodedText *text, u32 unit, u32 align, u32 *ptr,
                       u32 *units) {
  u64 size = text_size(text);
  *units = (u32)(size / unit);
  if (!wm_side_realloc(side, 0, 0, align, size, "string", ptr)) return false;
  if (size) memcpy(side_at(side, *ptr), text->pos, size);
  return true;
}

/* A byte a character; its size. */
static u64 encode_latin1(u8 *to, CodedText text) {
  const u8 *start = to;
  while (text.pos < text.end) *to++ = (u8)next(&text);
  return (u64)(to - start);
}

static u64 units_of(const CodedText *text) {
  return text_size(text) / (is_wide(text->code) ? 2 : 1);
}

static bool all_below(CodedText text, u32 limit) {
  while (text.pos < text.end)
    if (next(&text) >= limit) return false;
  return true;
}

/* Gives back what was too much. */
static bool shrink(const Side *side, u64 room, u32 align, u64 size, u32 *ptr) {
  return size == room || wm_side_realloc(side, *ptr, room, align, size, "string", ptr);
}

/* First as if all of it were ASCII, then the worst case, then what it is. */
static bool lower_to_utf8(const Side *side, const CodedText *text, u32 *ptr, u32 *units) {
  u64 size = units_of(text);
  if (!wm_side_realloc(side, 0, 0, 1, size, "string", ptr)) return false;
  if (all_below(*text, 0x80)) {
    encode_latin1(side_at(side, *ptr), *text);
  } else {
    u64 worst = size * (text->code == STRING_LATIN1 ? 2 : 3);
    if (!wm_side_realloc(side, *ptr, size, 1, worst, "string", ptr)) return false;
    size = encode(side_at(side, *ptr), *text, false);
    if (!shrink(side, worst, 1, size, ptr)) return false;
  }
  *units = (u32)size;
  return true;
}

/* Into memory for so many bytes, of which the rest is given back. */
static bool fill_utf16(const Side *side, const CodedText *text, u64 room, u32 *ptr, u32 *units) {
  u64 size = encode(side_at(side, *ptr), *text, true);
  *units = (u32)(size / 2);
  return shrink(side, room, 2, size, ptr);
}

static bool lower_to_utf16(const Side *side, const CodedText *text, u32 *ptr, u32 *units) {
  u64 worst = text_size(text) * 2;
  return wm_side_realloc(side, 0, 0, 2, worst, "string", ptr) &&
         fill_utf16(side, text, worst, ptr, units);
}

/* Latin-1 as long as it goes, else UTF-16. */
static bool lower_to_latin1_or_utf16(const Side *side, const CodedText *text, u32 *ptr,
                                     u32 *units) {
  u64 room = units_of(text);
  if (!wm_side_realloc(side, 0, 0, 2, room, "string", ptr)) return false;
  if (all_below(*text, 0x100)) {
    *units = (u32)encode_latin1(side_at(side, *ptr), *text);
    return shrink(side, room, 2, *units, ptr);
  }
  bool good = wm_side_realloc(side, *ptr, room, 2, room * 2, "string", ptr) &&
              fill_utf16(side, text, room * 2, ptr, units);
  *units |= UTF16_TAG;
  return good;
}

/* From one that said it is UTF-16: most likely it must be. */
static bool lower_tagged(const Side *side, const CodedText *text, u32 *ptr, u32 *units) {
  if (!lower_copy(side, text, 2, 2, ptr, units)) return false;
  if (!all_below(*text, 0x100)) {
    *units |= UTF16_TAG;
    return true;
  }
  encode_latin1(side_at(side, *ptr), *text);
  return wm_side_realloc(side, *ptr, text_size(text), 2, *units, "string", ptr);
}

bool wm_string_lower(const Side *side, const CodedText *text, u32 *ptr, u32 *units) {
  StringCode code = text->code;
  if (text_size(text) > MAX_SEQUENCE_BYTES)
    return wm_call_fail(side->call, "string content out-of-bounds: too long");
  switch ((Encoding)side->options->encoding) {
  case ENCODING_UTF8:
    return code == STRING_UTF8 ? lower_copy(side, text, 1, 1, ptr, units)
                               : lower_to_utf8(side, text, ptr, units);
  case ENCODING_UTF16:
    return is_wide(code) ? lower_copy(side, text, 2, 2, ptr, units)
                         : lower_to_utf16(side, text, ptr, units);
  default:
    if (code == STRING_LATIN1) return lower_copy(side, text, 1, 2, ptr, units);
    if (code == STRING_TAGGED_UTF16) return lower_tagged(side, text, ptr, units);
    return lower_to_latin1_or_utf16(side, text, ptr, units);
  }
}
