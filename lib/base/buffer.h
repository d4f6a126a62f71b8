/* Bytes being written: grows, remembers that it ran out of memory, so that writers need one check
 * at the end. */
#ifndef WM_BASE_BUFFER_H
#define WM_BASE_BUFFER_H

#include "base/base.h"

typedef struct Buffer {
  u8 *data; /* owned */
  size_t len, cap;
  bool failed; /* an allocation failed: writes are dropped from then on */
} Buffer;      /* all-zero is empty */

/* Room for `size` more bytes at data + len; false (and failed) when out of memory. */
bool wm_buffer_reserve(Buffer *b, size_t size);
void wm_buffer_byte(Buffer *b, u8 byte);
void wm_buffer_bytes(Buffer *b, const void *data, size_t size);
void wm_buffer_u32(Buffer *b, u32 v);  /* 4 bytes, little-endian */
void wm_buffer_u64(Buffer *b, u64 v);  /* 8 bytes, little-endian */
void wm_buffer_uleb(Buffer *b, u64 v); /* unsigned LEB128 */
void wm_buffer_sleb(Buffer *b, i64 v); /* signed LEB128 */
void wm_buffer_print(Buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);
void wm_buffer_free(Buffer *b);

#endif
