/* Quantities as people write them in options and policies. Whole texts: no blanks, no signs, the
 * same in every locale. False: it is none, or too much; *out is anything then. */
#ifndef WM_BASE_QUANTITY_H
#define WM_BASE_QUANTITY_H

#include "base/base.h"

/* Decimal digits, below 2^64. */
bool wm_quantity_number(const char *text, u64 *out);
/* Bytes, or KiB, MiB, GiB with K, M or G behind (small letters, too). */
bool wm_quantity_size(const char *text, u64 *out);
/* Seconds, above 0 and below 10^9, such as 2.5 or 1e-3, as nanoseconds: at least 1. */
bool wm_quantity_seconds(const char *text, u64 *out);

#endif
