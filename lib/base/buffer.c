/* Bytes being written (buffer.h). Once memory ran out every writer is a no-op, so that callers look
 * at `failed` once, at the end. */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool wm_buffer_reserve(Buffer *b, size_t size) {
  if (b->failed) return false;
  if (b->cap - b->len >= size) return true;
  /* Cannot overflow: both terms are below a quarter of what there is, as is checked before it is
   * used. */
  size_t want = b->cap * 2 + 64;
  if (want < b->len + size) want = b->len + size;
  u8 *grown = size > SIZE_MAX / 4 || b->len > SIZE_MAX / 4 ? NULL : realloc(b->data, want);
  if (!grown) {
    b->failed = true;
    return false;
  }
  b->data = grown;
  b->cap = want;
  return true;
}

void wm_buffer_byte(Buffer *b, u8 byte) {
  if (wm_buffer_reserve(b, 1)) b->data[b->len++] = byte;
}

void wm_buffer_bytes(Buffer *b, const void *data, size_t size) {
  if (size == 0 || !wm_buffer_reserve(b, size)) return;
  memcpy(b->data + b->len, data, size);
  b->len += size;
}

void wm_buffer_u32(Buffer *b, u32 v) { wm_buffer_bytes(b, &v, sizeof v); }

void wm_buffer_u64(Buffer *b, u64 v) { wm_buffer_bytes(b, &v, sizeof v); }

void wm_buffer_uleb(Buffer *b, u64 v) {
  while (v >= 0x80) {
    wm_buffer_byte(b, (u8)(v | 0x80));
    v >>= 7;
  }
  wm_buffer_byte(b, (u8)v);
}

void wm_buffer_sleb(Buffer *b, i64 v) {
  for (;;) {
    u8 low = (u8)(v & 0x7F);
    v >>= 7;
    /* Bit 6 of the last byte is the sign that the reader extends. */
    bool done = (v == 0 && !(low & 0x40)) || (v == -1 && (low & 0x40));
    wm_buffer_byte(b, done ? low : (u8)(low | 0x80));
    if (done) return;
  }
}

void wm_buffer_print(Buffer *b, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  if (n < 0) b->failed = true;
  /* vsnprintf writes a zero behind, which is not counted. */
  if (n >= 0 && wm_buffer_reserve(b, (size_t)n + 1)) {
    vsnprintf((char *)b->data + b->len, (size_t)n + 1, format, again);
    b->len += (size_t)n;
  }
  va_end(again);
  va_end(args);
}

void wm_buffer_free(Buffer *b) {
  free(b->data);
  *b = (Buffer){0};
}
