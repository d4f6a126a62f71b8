/* The cursor over a module's bytes (reader.h). A reader that failed is at its end: every read after
 * that fails as quietly as it gives 0, so that loops end and callers look once. */
#include "wasm/reader.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "wasm/limits.h"
#include "wasm/unbuilt.h"

/* The first error stays, and is the first by its place in the bytes, as reading goes forward. */
static bool fail_with(Reader *r, ErrorCode code, u64 offset, const char *format, va_list args) {
  if (reader_ok(r)) {
    char message[sizeof r->err->message];
    vsnprintf(message, sizeof message, format, args);
    wm_error_set(r->err, code, offset, "%s", message);
  }
  r->pos = r->end;
  return false;
}

bool wm_reader_fail(Reader *r, u64 offset, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fail_with(r, ERR_MALFORMED, offset, format, args);
  va_end(args);
  return false;
}

bool wm_reader_limit(Reader *r, u64 offset, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fail_with(r, ERR_LIMIT, offset, format, args);
  va_end(args);
  return false;
}

bool wm_reader_out_of_memory(Reader *r) {
  r->pos = r->end;
  return wm_error_out_of_memory(r->err);
}

u8 wm_reader_byte(Reader *r) {
  if (LIKELY(r->pos < r->end)) return *r->pos++;
  wm_reader_fail(r, reader_offset(r), UNEXPECTED_END);
  return 0;
}

/* Reads a LEB128 of at most `bits` bits. Of its last possible byte only some bits belong to the
 * number; the others must be zero, or copies of the sign. */
static ALWAYS_INLINE u64 read_leb(Reader *r, u32 bits, bool is_signed) {
  u64 offset = reader_offset(r), value = 0;
  const u32 last = (bits - 1) / 7 * 7; /* shift of the last possible byte */
  for (u32 shift = 0;; shift += 7) {
    if (r->pos == r->end) {
      wm_reader_fail(r, offset, UNEXPECTED_END);
      return 0;
    }
    u8 byte = *r->pos++;
    value |= (u64)(byte & 0x7F) << shift;
    if (shift == last) {
      u32 used = bits - last; /* bits of the number in this byte */
      u32 rest = is_signed ? (0x7Fu & ~0u << (used - 1)) : (0x7Fu & ~0u << used);
      bool fits = (byte & rest) == 0 || (is_signed && (byte & rest) == rest);
      if (byte & 0x80)
        wm_reader_fail(r, offset, "integer representation too long");
      else if (!fits)
        wm_reader_fail(r, offset, "integer too large");
      if (!reader_ok(r)) return 0;
    }
    if (byte & 0x80) continue;
    if (is_signed && (byte & 0x40) && shift + 7 < 64) value |= ~UINT64_C(0) << (shift + 7);
    return value;
  }
}

u32 wm_reader_u32(Reader *r) { return (u32)read_leb(r, 32, false); }
u64 wm_reader_u64(Reader *r) { return read_leb(r, 64, false); }
i32 wm_reader_s32(Reader *r) { return (i32)read_leb(r, 32, true); }
i64 wm_reader_s33(Reader *r) { return (i64)read_leb(r, 33, true); }
i64 wm_reader_s64(Reader *r) { return (i64)read_leb(r, 64, true); }

/* Borrowed from the module's bytes. */
const u8 *wm_reader_bytes(Reader *r, u64 size) {
  if (size > (u64)(r->end - r->pos)) wm_reader_fail(r, reader_offset(r), UNEXPECTED_END);
  if (!reader_ok(r)) return NULL;
  const u8 *bytes = r->pos;
  r->pos += size;
  return bytes;
}

void wm_reader_zero(Reader *r) {
  u64 offset = reader_offset(r);
  if (wm_reader_byte(r) != 0) wm_reader_fail(r, offset, "zero byte expected");
}

Name wm_reader_name(Reader *r) {
  u64 offset = reader_offset(r);
  u32 len = wm_reader_u32(r);
  /* The suite's words for a name that ends beyond its section. */
  if (len > (u64)(r->end - r->pos)) {
    wm_reader_fail(r, offset, "length out of bounds");
    return (Name){0};
  }
  if (len > MAX_NAME_BYTES) {
    wm_reader_limit(r, offset, "name of %u bytes is too long", len);
    return (Name){0};
  }
  if (!wm_utf8_valid(r->pos, len)) {
    wm_reader_fail(r, reader_offset(r), "malformed UTF-8 encoding");
    return (Name){0};
  }
  Name name = {r->pos, len};
  r->pos += len;
  return name;
}

/* Whatever is counted takes a byte at least, so that a count beyond the rest is malformed by
 * itself. */
u32 wm_reader_count(Reader *r, u32 max, const char *what) {
  u64 offset = reader_offset(r);
  u32 count = wm_reader_u32(r);
  if (count > (u64)(r->end - r->pos)) {
    wm_reader_fail(r, offset, UNEXPECTED_END " (%u %s)", count, what);
  } else if (count > max) {
    wm_reader_limit(r, offset, "too many %s: %u, at most %u", what, count, max);
  }
  return reader_ok(r) ? count : 0;
}

/* Single bytes, negative as signed LEB128: 0x69 to 0x74 (spec 5.3.3). */
static bool is_abstract_heap(u8 byte) { return byte >= (u8)HEAP_EXN && byte <= (u8)HEAP_NOEXN; }

HeapType wm_reader_heaptype(Reader *r) {
  u64 offset = reader_offset(r);
  if (r->pos < r->end && is_abstract_heap(*r->pos)) return HEAP_ABSTRACT | *r->pos++;
  u8 byte = r->pos < r->end ? *r->pos : 0;
  /* 33 bits signed are 32 unsigned; what no module can have becomes the largest, which none has
   * either. */
  i64 index = wm_reader_s33(r);
  if (index < 0 && !wm_unbuilt_type(r, offset, byte))
    wm_reader_fail(r, offset, "malformed heap type");
  return index < 0 ? 0 : (HeapType)min_u64((u64)index, HEAP_ABSTRACT - 1);
}

ValType wm_reader_valtype(Reader *r) {
  u64 offset = reader_offset(r);
  u8 byte = wm_reader_byte(r);
  if (LIKELY(byte >= VAL_V128 && byte <= VAL_I32)) return byte;
  if (byte == KIND_REF || byte == KIND_REF_NULL) {
    reader_saw(r, FEATURE_FUNCTION_REFERENCES, offset);
    return byte | wm_reader_heaptype(r) << 8;
  }
  if (is_abstract_heap(byte)) return REF_NULL_TYPE(HEAP_ABSTRACT | byte);
  if (!reader_ok(r) || !wm_unbuilt_type(r, offset, byte))
    wm_reader_fail(r, offset, "malformed value type %02x", byte);
  return 0;
}

ValType wm_reader_reftype(Reader *r) {
  u64 offset = reader_offset(r);
  ValType t = wm_reader_valtype(r);
  if (reader_ok(r) && !val_is_ref(t)) wm_reader_fail(r, offset, "malformed reference type");
  return reader_ok(r) ? t : VAL_FUNCREF;
}
