/* Errors in text, placed for people: line, column, the line itself and a caret. */
#ifndef WM_BASE_TEXT_ERROR_H
#define WM_BASE_TEXT_ERROR_H

#include "base/error.h"

/* Sets ERR_SYNTAX with the message, offset, line and column (characters) of text[offset] and the
 * line around it with a caret line in err->context, unless an error is set already. Returns false.
 */
bool wm_text_fail(Error *err, const char *text, size_t size, size_t offset, const char *message);

#endif
