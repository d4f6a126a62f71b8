/* Numbers as the wasm text format spells them (spec 6.3.1, 6.3.2): text to integer and float, and
 * float to text. Exact: floats are rounded once, to nearest even, by integer arithmetic of any
 * length, so the host's locale, rounding mode and C library do not matter.
 *
 *   int    sign? (digits | 0x hexdigits)
 *   float  sign? (digits[.digits][e[sign]digits] | 0xhex[.hex][p[sign]digits]
 *                 | inf | nan | nan:0xhex)
 *
 * "_" may stand between two digits. */
#ifndef WM_BASE_NUMBER_H
#define WM_BASE_NUMBER_H

#include "base/base.h"

typedef enum NumberResult {
  NUMBER_OK,
  NUMBER_SYNTAX, /* not a number of this kind at all */
  NUMBER_RANGE   /* a number, but it does not fit: "constant out of range" */
} NumberResult;

/* An unsigned integer without sign, below 2^64. */
NumberResult wm_uint_parse(const char *text, size_t len, u64 *value);

/* An integer from -2^(width-1) to 2^width-1, its low `width` bits (1 to 64) in *value. */
NumberResult wm_int_parse(const char *text, size_t len, u32 width, u64 *value);

/* A float's bits, NaN payloads included. Too small becomes zero; what rounds to infinity, and a NaN
 * payload of zero or too many bits, is NUMBER_RANGE. */
NumberResult wm_f32_parse(const char *text, size_t len, u32 *bits);
NumberResult wm_f64_parse(const char *text, size_t len, u64 *bits);

enum { NUMBER_CHARS = 32 }; /* room that any printed float needs, terminating zero included */

/* Writes the shortest decimal text that reads back as the same bits, or inf, nan, nan:0x...; always
 * terminated. Returns its length. */
size_t wm_f32_print(char out[NUMBER_CHARS], u32 bits);
size_t wm_f64_print(char out[NUMBER_CHARS], u64 bits);

#endif
