/* The integer names, checked arithmetic and byte access that every room uses.
 * No wasm knowledge here. All multi-byte data of wasm is little-endian, and so are the hosts
 * this library runs on. */
#ifndef WM_BASE_BASE_H
#define WM_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef float f32;
typedef double f64;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "libwasm needs a little-endian host");
_Static_assert(sizeof(f32) == 4 && sizeof(f64) == 8, "libwasm needs IEEE 754 floats");

#define ARRAY_LEN(a)            (sizeof(a) / sizeof((a)[0]))
#define LIKELY(x)               __builtin_expect(!!(x), 1)
#define UNLIKELY(x)             __builtin_expect(!!(x), 0)
#define NOINLINE                __attribute__((noinline))
#define ALWAYS_INLINE           inline __attribute__((always_inline))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* A variable that owns what it points at until it goes out of scope, also by a C++ exception of the
 * host's. */
#define AUTO_FREE __attribute__((cleanup(free_pointer_at)))
/* Room for size_bytes: in `few`, an array of few_bytes on the C stack, or in *many, which is
 * AUTO_FREE. NULL: out of memory. */
static inline void *few_or_many(void *few, size_t few_bytes, size_t size_bytes, void **many) {
  if (LIKELY(size_bytes <= few_bytes)) return few;
  *many = malloc(size_bytes);
  return *many;
}
static inline void free_pointer_at(void *variable) {
  void *owned;
  memcpy(&owned, variable, sizeof owned);
  free(owned);
}

/* *out = a + b (a * b); false when the result does not fit. */
static inline bool checked_add(u64 a, u64 b, u64 *out) {
  return !__builtin_add_overflow(a, b, out);
}
static inline bool checked_mul(u64 a, u64 b, u64 *out) {
  return !__builtin_mul_overflow(a, b, out);
}

/* Whether [start, start + len) lies within [0, size). */
static inline bool is_within(u64 start, u64 len, u64 size) {
  return start <= size && len <= size - start;
}

static inline u32 min_u32(u32 a, u32 b) { return a < b ? a : b; }
static inline u32 max_u32(u32 a, u32 b) { return a > b ? a : b; }
static inline u64 min_u64(u64 a, u64 b) { return a < b ? a : b; }
static inline i64 min_i64(i64 a, i64 b) { return a < b ? a : b; }
static inline i64 max_i64(i64 a, i64 b) { return a > b ? a : b; }
static inline u64 max_u64(u64 a, u64 b) { return a > b ? a : b; }

/* Unaligned little-endian access. */
static inline u16 load_u16(const void *p) {
  u16 v;
  memcpy(&v, p, sizeof v);
  return v;
}
static inline u32 load_u32(const void *p) {
  u32 v;
  memcpy(&v, p, sizeof v);
  return v;
}
static inline u64 load_u64(const void *p) {
  u64 v;
  memcpy(&v, p, sizeof v);
  return v;
}
static inline void store_u16(void *p, u16 v) { memcpy(p, &v, sizeof v); }
static inline void store_u32(void *p, u32 v) { memcpy(p, &v, sizeof v); }
static inline void store_u64(void *p, u64 v) { memcpy(p, &v, sizeof v); }

/* The same bits, seen as the other type. */
static inline u32 bits_of_f32(f32 v) {
  u32 b;
  memcpy(&b, &v, sizeof b);
  return b;
}
static inline u64 bits_of_f64(f64 v) {
  u64 b;
  memcpy(&b, &v, sizeof b);
  return b;
}
static inline f32 f32_of_bits(u32 b) {
  f32 v;
  memcpy(&v, &b, sizeof v);
  return v;
}
static inline f64 f64_of_bits(u64 b) {
  f64 v;
  memcpy(&v, &b, sizeof v);
  return v;
}

#endif
