/* Setting errors, and untrusted text made printable (error.h). */
#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

bool wm_error_set(Error *err, ErrorCode code, u64 offset, const char *format, ...) {
  if (!err || err->code != ERR_NONE) return false;
  err->code = code;
  err->offset = offset;
  va_list args;
  va_start(args, format);
  vsnprintf(err->message, sizeof err->message, format, args);
  va_end(args);
  return false;
}

bool wm_error_out_of_memory(Error *err) {
  return wm_error_set(err, ERR_OUT_OF_MEMORY, 0, "out of memory");
}

bool wm_error_unsupported(Error *err, u64 offset, const char *proposal, const char *what) {
  if (!err || err->code != ERR_NONE) return false;
  wm_error_set(err, ERR_UNSUPPORTED, offset, "%s needs the %s proposal, which is not supported",
               what, proposal);
  /* A constant string, which is what the tools count by. */
  err->proposal = proposal;
  return false;
}

const char *wm_escape(char *out, size_t size, const void *text, size_t len) {
  static const char hex[] = "0123456789abcdef";
  const u8 *in = text;
  size_t n = 0;
  for (size_t i = 0; i < len;) {
    size_t step = wm_utf8_visible_step(in + i, len - i);
    bool plain = step && in[i] != '"' && in[i] != '\\';
    /* What is no visible character, and what would end the quotes, goes byte by byte as \hh. */
    size_t take = plain ? step : 1, need = plain ? step : 3;
    if (n + need + 4 > size) { /* keep room for "..." and the end */
      for (int dots = 0; dots < 3 && n + 1 < size; dots++) out[n++] = '.';
      break;
    }
    if (plain) {
      memcpy(out + n, in + i, step);
    } else {
      out[n] = '\\';
      out[n + 1] = hex[in[i] >> 4];
      out[n + 2] = hex[in[i] & 15];
    }
    n += need;
    i += take;
  }
  if (size) out[n] = 0;
  return out;
}
