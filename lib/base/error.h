/* Bad input, told once: a sticky error with an offset and a message. The first one wins.
 * Running wasm fails with a Trap (wasm/trap.h), our own bugs with assert; never mixed. */
#ifndef WM_BASE_ERROR_H
#define WM_BASE_ERROR_H

#include "base/base.h"

/* The numbers are public (wasmx.h). */
typedef enum ErrorCode {
  ERR_NONE = 0,
  ERR_OUT_OF_MEMORY,
  ERR_MALFORMED,   /* the binary format's grammar (spec 5) */
  ERR_INVALID,     /* validation (spec 3) */
  ERR_UNSUPPORTED, /* needs a proposal that is off or not built; `proposal` names it */
  ERR_LIMIT,       /* beyond one of the documented limits (wasm/limits.h) */
  ERR_SYNTAX,      /* the text format's grammar (spec 6); line and column are set */
  ERR_LINK,        /* imports do not fit; module, name, expected, found are set */
  ERR_ARGUMENT,    /* a host's call does not make sense */
  ERR_IO,          /* a file or the system said no */
  ERR_TRAP         /* a start function or segment trapped while instantiating */
} ErrorCode;

typedef struct Error {
  ErrorCode code;
  u64 offset;           /* bytes from the start of the module or text */
  u32 line, column;     /* of text, from 1; 0: not text */
  const char *proposal; /* static string or NULL */
  char message[400];    /* printable UTF-8, names escaped */
  char context[200];    /* text: the source line and a caret line below it; else empty */
  /* ERR_LINK: names escaped, types in words; cut to fit */
  char import_module[64], import_name[64];
  char expected[160], found[160];
} Error;

/* Sets code, offset and the formatted message unless an error is set already. Returns false.
 * `err` may be NULL (nothing is kept). Strings from input must be escaped by wm_escape first. */
bool wm_error_set(Error *err, ErrorCode code, u64 offset, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The error of a failed allocation. Returns false. */
bool wm_error_out_of_memory(Error *err);

/* ERR_UNSUPPORTED: "<what> needs the <proposal> proposal, which is not supported". `proposal` is a
 * static string. Returns false. */
bool wm_error_unsupported(Error *err, u64 offset, const char *proposal, const char *what);

/* Writes `len` bytes of untrusted text to `out` (capacity `size`, always terminated) with control
 * characters, quotes, backslash and bad UTF-8 as \xx, cut with "..." when too long. Returns out. */
const char *wm_escape(char *out, size_t size, const void *text, size_t len);

#endif
