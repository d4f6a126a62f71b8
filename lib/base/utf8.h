/* UTF-8 as wasm names need it (spec 5.2.4): no overlong forms, no surrogates, at most U+10FFFF. */
#ifndef WM_BASE_UTF8_H
#define WM_BASE_UTF8_H

#include "base/base.h"

/* Length in bytes (1 to 4) of the well-formed character at `text`, or 0 when it is not one. */
size_t wm_utf8_step(const u8 *text, size_t len);

/* Whether it is the number of a character: no surrogate, at most U+10FFFF. */
static inline bool is_scalar_value(u32 c) { return c < 0xD800 || (c > 0xDFFF && c < 0x110000); }

/* The scalar value of a well-formed character of `step` bytes. */
static inline u32 utf8_scalar(const u8 *text, size_t step) {
  u32 c = step == 1 ? text[0] : text[0] & (0x7Fu >> step);
  for (size_t i = 1; i < step; i++) c = c << 6 | (text[i] & 0x3F);
  return c;
}

/* wm_utf8_step when people see the character as what it is: 0 also for controls, for what turns or
 * hides the text around it (Unicode's Default_Ignorable_Code_Point and Bidi_Control), separators of
 * lines, noncharacters, and planes that hold no letters. */
size_t wm_utf8_visible_step(const u8 *text, size_t len);

/* Whether all of `text` is well-formed. */
bool wm_utf8_valid(const u8 *text, size_t len);

/* Writes the scalar value `c` to `out` (4 bytes of room); returns its length, 0 when not a scalar.
 */
size_t wm_utf8_put(u8 *out, u32 c);

#endif
