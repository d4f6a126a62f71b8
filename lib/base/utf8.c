/* Well-formed UTF-8 (utf8.h; Unicode, table 3-7). */
#include "base/utf8.h"

static bool is_tail(u8 b) { return (b & 0xC0) == 0x80; }

size_t wm_utf8_step(const u8 *text, size_t len) {
  if (len == 0) return 0;
  u8 b = text[0];
  if (b < 0x80) return 1;
  if (b < 0xC2 || b > 0xF4) return 0;
  if (len < 2 || !is_tail(text[1])) return 0;
  if (b < 0xE0) return 2;
  if (b == 0xE0 && text[1] < 0xA0) return 0; /* overlong */
  if (b == 0xED && text[1] > 0x9F) return 0; /* surrogate */
  if (len < 3 || !is_tail(text[2])) return 0;
  if (b < 0xF0) return 3;
  if (b == 0xF0 && text[1] < 0x90) return 0;
  if (b == 0xF4 && text[1] > 0x8F) return 0;
  return len >= 4 && is_tail(text[3]) ? 4 : 0;
}

/* What is not drawn, or turns what is drawn around: controls, joiners, marks of direction, tags.
 * Names from modules must not rewrite a terminal or hide what they say. Ascending; format
 * characters that are drawn (such as Arabic number signs) are not among them. */
static const struct {
  u32 first, last;
} unseen[] = {
    {0x0000, 0x001F},   {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},
    {0x061C, 0x061C},   {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
    {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},
    {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},   {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0x1FFFE, 0x1FFFF}, {0x2FFFE, 0x2FFFF}, {0x3FFFE, 0x10FFFF},
};

static bool is_unseen(u32 c) {
  size_t i = 0;
  while (i + 1 < ARRAY_LEN(unseen) && c > unseen[i].last) i++;
  return c >= unseen[i].first && c <= unseen[i].last;
}

size_t wm_utf8_visible_step(const u8 *text, size_t len) {
  size_t step = wm_utf8_step(text, len);
  return step && !is_unseen(utf8_scalar(text, step)) ? step : 0;
}

/* Eight of ASCII, which most text is, at once. */
static bool are_ascii(const u8 *text, size_t len) {
  return len >= 8 && (load_u64(text) & UINT64_C(0x8080808080808080)) == 0;
}

bool wm_utf8_valid(const u8 *text, size_t len) {
  for (size_t i = 0; i < len;) {
    size_t step = are_ascii(text + i, len - i) ? 8 : wm_utf8_step(text + i, len - i);
    if (!step) return false;
    i += step;
  }
  return true;
}

size_t wm_utf8_put(u8 *out, u32 c) {
  if (c < 0x80) {
    out[0] = (u8)c;
    return 1;
  }
  if (c < 0x800) {
    out[0] = (u8)(0xC0 | c >> 6);
    out[1] = (u8)(0x80 | (c & 0x3F));
    return 2;
  }
  if (!is_scalar_value(c)) return 0;
  if (c < 0x10000) {
    out[0] = (u8)(0xE0 | c >> 12);
    out[1] = (u8)(0x80 | (c >> 6 & 0x3F));
    out[2] = (u8)(0x80 | (c & 0x3F));
    return 3;
  }
  out[0] = (u8)(0xF0 | c >> 18);
  out[1] = (u8)(0x80 | (c >> 12 & 0x3F));
  out[2] = (u8)(0x80 | (c >> 6 & 0x3F));
  out[3] = (u8)(0x80 | (c & 0x3F));
  return 4;
}
