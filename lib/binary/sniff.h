/* What a file is by its first bytes: the text format, or no module of this version. */
#ifndef WM_BINARY_SNIFF_H
#define WM_BINARY_SNIFF_H

#include "base/error.h"

/* Whether it may be the text format, all of which begins with a parenthesis or a comment, and space
 * before it; nothing but space is a module, too. The decoder says what other files are. */
bool wm_may_be_text(const u8 *bytes, size_t size);

/* Sets ERR_MALFORMED with the spec's words ("magic header not detected", "unknown binary version",
 * "unexpected end") and, where it can tell, what the bytes are instead. */
void wm_sniff(const u8 *bytes, size_t size, Error *err);

#endif
