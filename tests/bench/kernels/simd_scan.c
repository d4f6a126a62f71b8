/* Vectors by hand: 64 bytes of JSON at a time are sorted into classes by two table look-ups
 * (swizzle), whose masks tell what stands inside of strings and where the structure is. */
#define UNITS 4400
#include "kernel.h"

#if defined __wasm_simd128__
#include <wasm_simd128.h>
typedef v128_t Vector;
#define LOAD(at)       wasm_v128_load(at)
#define SPLAT(byte)    wasm_i8x16_splat((signed char)(byte))
#define AND(x, y)      wasm_v128_and(x, y)
#define EQUAL(x, y)    wasm_i8x16_eq(x, y)
#define HIGH_NIBBLE(x) wasm_u8x16_shr(x, 4)
#define LOOK_UP(t, i)  wasm_i8x16_swizzle(t, i)
#define MASK(x)        wasm_i8x16_bitmask(x)
#elif defined __SSSE3__
#include <immintrin.h>
typedef __m128i Vector;
#define LOAD(at)       _mm_loadu_si128((const __m128i *)(at))
#define SPLAT(byte)    _mm_set1_epi8((signed char)(byte))
#define AND(x, y)      _mm_and_si128(x, y)
#define EQUAL(x, y)    _mm_cmpeq_epi8(x, y)
#define HIGH_NIBBLE(x) _mm_and_si128(_mm_srli_epi16(x, 4), _mm_set1_epi8(15))
#define LOOK_UP(t, i)  _mm_shuffle_epi8(t, i)
#define MASK(x)        _mm_movemask_epi8(x)
#else
typedef u8 Vector __attribute__((vector_size(16)));
#define LOAD(at)       (*(const Vector *)(at))
#define SPLAT(byte)    ((Vector){0} + (u8)(byte))
#define AND(x, y)      ((x) & (y))
#define EQUAL(x, y)    ((Vector)((x) == (y)))
#define HIGH_NIBBLE(x) ((x) >> 4)
#define LOOK_UP(t, i)  look_up(t, i)
#define MASK(x)        mask_of(x)
static Vector look_up(Vector table, Vector index) {
  Vector out = {0};
  for (u32 i = 0; i < 16; i++) out[i] = index[i] < 16 ? table[index[i]] : 0;
  return out;
}
static u32 mask_of(Vector x) {
  u32 out = 0;
  for (u32 i = 0; i < 16; i++) out |= (u32)(x[i] >> 7) << i;
  return out;
}
#endif

enum { TEXT = 1 << 19, BLANK = 24, STRUCTURE = 7 };
static _Alignas(16) char text[TEXT];
/* A byte's class: what its low and its high nibble have in common. */
static const _Alignas(16) u8 low_class[16] = {
    [0] = 16, [9] = 8, [10] = 12, [11] = 2, [12] = 1, [13] = 10};
static const _Alignas(16) u8 high_class[16] = {[0] = 8, [2] = 17, [3] = 4, [5] = 2, [7] = 2};

/* Bits of the 64 bytes for which the expression of the vector `v` is true. */
#define MASK_OF_64(at, expression)                                                                 \
  ({                                                                                               \
    u64 bits = 0;                                                                                  \
    for (u32 part = 0; part < 4; part++) {                                                         \
      Vector v = LOAD((at) + 16 * part);                                                           \
      bits |= (u64)(u16)MASK(expression) << (16 * part);                                           \
    }                                                                                              \
    bits;                                                                                          \
  })

/* Each bit: whether an odd number of bits up to it is set. */
static u64 running_parity(u64 bits) {
  for (u32 shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

static u64 scan(void) {
  Vector low = LOAD(low_class), high = LOAD(high_class), none = SPLAT(0);
  u64 sum = 1, in_string = 0, structure_count = 0, blank_count = 0;
  for (u32 at = 0; at < TEXT; at += 64) {
    const char *block = text + at;
    u64 quotes = MASK_OF_64(block, EQUAL(v, SPLAT('"')));
    u64 inside = running_parity(quotes) ^ in_string;
    in_string = (u64)((i64)inside >> 63);
#define CLASS AND(LOOK_UP(low, AND(v, SPLAT(15))), LOOK_UP(high, HIGH_NIBBLE(v)))
    u64 structure = ~MASK_OF_64(block, EQUAL(AND(CLASS, SPLAT(STRUCTURE)), none)) & ~inside;
    u64 blank = ~MASK_OF_64(block, EQUAL(AND(CLASS, SPLAT(BLANK)), none)) & ~inside;
    structure_count += (u64)__builtin_popcountll(structure);
    blank_count += (u64)__builtin_popcountll(blank);
    for (; structure; structure &= structure - 1)
      sum += (u64)(at + (u32)__builtin_ctzll(structure)) * (u8)block[__builtin_ctzll(structure)];
  }
  return mix(mix(sum, structure_count), blank_count);
}

static void make_text(void) {
  static const char *const pieces[] = {"{\"name\": \"",      "a string, with: {braces}",
                                       "\", \"list\": [",    "1, 2, 3.25, -4e5",
                                       "], \"flag\": true}", ",\n  "};
  u32 seed = 5;
  for (u32 at = 0, i = 0; at < TEXT; i++) {
    const char *piece = pieces[i % 6];
    u32 length = (u32)strlen(piece), extra = i % 6 == 1 ? next_random(&seed) % 24 : 0;
    for (u32 j = 0; j < length + extra && at < TEXT; j++)
      text[at++] = j < length ? piece[j] : (char)('a' + j);
  }
}

static u64 kernel(u32 units) {
  make_text();
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    sum = mix(sum, scan());
    text[u % TEXT] ^= 1; /* the next scan differs */
  }
  return sum;
}
