/* Names of C++ and Rust functions made readable, by GNU libiberty where it is there. */
#include "tools/tool.h"

#include <string.h>

#if WITH_IBERTY
#include <libiberty/demangle.h>
#include <setjmp.h>

/* A short name may stand for a gigabyte of text (each part twice the one before): what is longer
 * than the buffer is not made. */
typedef struct Text {
  char *out;
  size_t size, len;
  jmp_buf full;
} Text;

static void append(const char *part, size_t len, void *env) {
  Text *t = env;
  size_t room = t->size - 1 - t->len, taken = len < room ? len : room;
  memcpy(t->out + t->len, part, taken);
  t->len += taken;
  if (taken < len) longjmp(t->full, 1);
}

/* Names of Rust's older kind are C++ names, too. */
static bool write_text(const char *name, Text *t) {
  if (setjmp(t->full)) return true;
  if (rust_demangle_callback(name, 0, append, t)) return true;
  t->len = 0;
  return cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI, append, t) != 0;
}

bool can_demangle(void) { return true; }

bool demangle(const char *name, char *out, size_t size) {
  Text t = {.out = out, .size = size};
  bool done = write_text(name, &t);
  out[t.len] = 0;
  return done;
}

#else

bool can_demangle(void) { return false; }
bool demangle(const char *name, char *out, size_t size) {
  (void)name, (void)out, (void)size;
  return false;
}

#endif
