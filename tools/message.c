/* Diagnostics: see tool.h. */
#include "tools/tool.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRINTABLE_MAX = 512, PRINTABLES = 4 };

static void put_stderr(const char *text, size_t len) {
  while (len > 0) {
    ssize_t n = write(STDERR_FILENO, text, len);
    if (n <= 0) return; /* nobody to tell */
    text += n;
    len -= (size_t)n;
  }
}

static void put_message(const char *format, va_list args, const char *end) {
  char *text, *whole = NULL;
  if (vasprintf(&text, format, args) < 0) text = NULL;
  if (!text || asprintf(&whole, "wasm: %s%s", text, end) < 0) whole = NULL;
  const char *out = whole ? whole : "wasm: out of memory\n";
  put_stderr(out, strlen(out));
  free(text);
  free(whole);
}

int complain(const char *format, ...) {
  va_list args;
  va_start(args, format);
  put_message(format, args, "\n");
  va_end(args);
  return STATUS_FAILED;
}

int complain_usage(const char *verb, const char *format, ...) {
  char end[128];
  va_list args;
  snprintf(end, sizeof end, "\ntry 'wasm %s --help'\n", verb);
  va_start(args, format);
  put_message(format, args, end);
  va_end(args);
  return STATUS_USAGE;
}

int complain_error(const char *path, const wasmx_error_t *err) {
  const char *file = printable(path);
  if (err->line) {
    size_t len = strlen(err->context);
    while (len > 0 && err->context[len - 1] == '\n') len--;
    return complain("%s:%u:%u: %s%s%.*s", file, err->line, err->column, err->message,
                    len ? "\n" : "", (int)len, err->context);
  }
  bool at_byte =
      err->code == WASMX_MALFORMED || err->code == WASMX_INVALID || err->code == WASMX_UNSUPPORTED;
  if (at_byte)
    return complain("%s: %s (at byte 0x%llx)", file, err->message, (unsigned long long)err->offset);
  if (err->code == WASMX_LINK && err->expected[0])
    return complain("%s: %s\n  expected %s\n  found    %s", file, err->message, err->expected,
                    err->found[0] ? err->found : "nothing");
  return complain("%s: %s", file, err->message);
}

const char *printable(const char *text) {
  static char buffers[PRINTABLES][PRINTABLE_MAX];
  static int turn;
  char *out = buffers[turn++ % PRINTABLES];
  size_t used = 0, len = strlen(text);
  for (size_t at = 0; at < len && used + 8 < PRINTABLE_MAX;) {
    size_t step = wm_utf8_visible_step((const u8 *)text + at, len - at);
    if (step)
      memcpy(out + used, text + at, step);
    else
      snprintf(out + used, PRINTABLE_MAX - used, "\\%02x", (u8)text[at]);
    used += step ? step : 3;
    at += step ? step : 1;
  }
  out[used] = 0;
  return out;
}
