/* A component's bytes, read from front to back. The first failure sticks in *err, with the offset
 * from the start of the whole component; from then on every read gives 0. */
#ifndef WM_COMPONENT_CM_CURSOR_H
#define WM_COMPONENT_CM_CURSOR_H

#include "base/error.h"

typedef struct Name { /* UTF-8, borrowed from the component's bytes or static */
  const char *text;
  u32 len;
} Name;

typedef struct Cursor {
  const u8 *start, *pos, *end; /* borrowed; start <= pos <= end */
  Error *err;                  /* borrowed */
} Cursor;

static inline bool cursor_ok(const Cursor *in) { return in->err->code == ERR_NONE; }
static inline u64 cursor_offset(const Cursor *in) { return (u64)(in->pos - in->start); }

u8 wm_cursor_byte(Cursor *in);
u8 wm_cursor_peek(Cursor *in); /* the next byte, not taken */
u32 wm_cursor_u32(Cursor *in); /* LEB128 */
u64 wm_cursor_u64(Cursor *in);
/* A type's index or code: a signed LEB128 of 33 bits. Negative ones fail: no type is coded so. */
u32 wm_cursor_type_index(Cursor *in);
Name wm_cursor_name(Cursor *in); /* length and well-formed UTF-8 */
/* A count of what follows, at least a byte each: checked against `max` and what remains. */
u32 wm_cursor_count(Cursor *in, u32 max, const char *what);
/* "invalid leading byte (0x2) for WHAT" at the byte just read. Returns false. */
bool wm_cursor_bad_byte(Cursor *in, u8 byte, const char *what);

bool wm_name_equal(Name a, Name b);
bool wm_name_is(Name name, const char *text);

/* A name as messages show it, in a buffer that lives as long as the block around. */
enum { SHOWN_CHARS = 100 };
#define show(name) wm_escape((char[SHOWN_CHARS]){0}, SHOWN_CHARS, (name).text, (name).len)

/* Puts "context: " before the message of an error that is set. Returns false. */
bool wm_error_context(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
