/* What a file is when it is no module of this version. */
#ifndef WM_BINARY_SNIFF_H
#define WM_BINARY_SNIFF_H

#include "base/error.h"

/* Sets ERR_MALFORMED with the spec's words ("magic header not detected", "unknown binary version",
 * "unexpected end") and, where it can tell, what the bytes are instead. */
void wm_sniff(const u8 *bytes, size_t size, Error *err);

#endif
