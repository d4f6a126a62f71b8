/* A module's bytes as hosts give them: the binary, or where allowed the text format. */
#ifndef WM_API_SOURCE_H
#define WM_API_SOURCE_H

#include "base/buffer.h"
#include "base/error.h"

typedef struct Source {
  const u8 *bytes; /* borrowed from the input, or from the buffer */
  size_t size;
} Source;

/* Finds the binary in the input: itself, or, when text is allowed and it does not start like a
 * binary, its translation, made in *text (the caller's to free, also when false with err set). */
bool wm_source_open(const u8 *bytes, size_t size, bool allow_text, Buffer *text, Source *out,
                    Error *err);

#endif
