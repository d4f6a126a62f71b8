/* Kernels of relaxed vector instructions, and their exact twins in plain C: natively the twins run,
 * as a guest the vectors. With "exact" all bits are printed; with "close" only whether what may be
 * rounded once or twice is near, the rest (on values where all machines agree) as before. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __wasm__
#include <wasm_simd128.h>
#endif

enum { COUNT = 4096 };

static uint64_t mix(uint64_t sum, const void *bytes, size_t size) {
  const uint8_t *at = bytes;
  for (size_t i = 0; i < size; i++) sum = (sum ^ at[i]) * UINT64_C(0x100000001B3);
  return sum;
}

static uint32_t seed = 2463534242u;
static uint32_t next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  return seed ^= seed << 5;
}

/* ---- sums of products ---- */

static float a[COUNT], b[COUNT], sums[COUNT];

#ifdef __wasm__
static void multiply_add(void) {
  for (int i = 0; i < COUNT; i += 4) {
    v128_t x = wasm_v128_load(a + i), y = wasm_v128_load(b + i), s = wasm_v128_load(sums + i);
    s = wasm_f32x4_relaxed_madd(x, y, s);
    s = wasm_f32x4_relaxed_nmadd(y, y, s);
    wasm_v128_store(sums + i, s);
  }
}
#else
static void multiply_add(void) {
  for (int i = 0; i < COUNT; i++) {
    sums[i] = a[i] * b[i] + sums[i];
    sums[i] = -b[i] * b[i] + sums[i];
  }
}
#endif

static int are_close(void) {
  for (int i = 0; i < COUNT; i++) {
    double want = 0;
    for (int round = 0; round < 8; round++) want += (double)a[i] * b[i] - (double)b[i] * b[i];
    if (fabs(want - sums[i]) > 1e-4 * (1 + fabs(want))) return 0;
  }
  return 1;
}

/* ---- bytes ---- */

static uint8_t table[16], text[COUNT], found[COUNT];
static int8_t signs[COUNT], sevens[COUNT];
static int32_t dots[COUNT / 4];

#ifdef __wasm__
static void look_up(void) {
  v128_t t = wasm_v128_load(table);
  for (int i = 0; i < COUNT; i += 16) {
    v128_t x = wasm_v128_load(text + i), is_low = wasm_i8x16_lt(x, wasm_i8x16_splat(8));
    v128_t y = wasm_i8x16_relaxed_swizzle(t, x);
    wasm_v128_store(found + i, wasm_i8x16_relaxed_laneselect(y, x, is_low));
  }
}
static void dot(void) {
  for (int i = 0; i < COUNT; i += 16) {
    v128_t x = wasm_v128_load(signs + i), y = wasm_v128_load(sevens + i);
    v128_t s = wasm_v128_load(dots + i / 4);
    wasm_v128_store(dots + i / 4, wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, y, s));
  }
}
#else
static void look_up(void) {
  for (int i = 0; i < COUNT; i++) found[i] = text[i] < 8 ? table[text[i]] : text[i];
}
static void dot(void) {
  for (int i = 0; i < COUNT; i++) dots[i / 4] += signs[i] * sevens[i];
}
#endif

/* ---- limits and integers ---- */

static int32_t clamped[COUNT];

#ifdef __wasm__
static void clamp(void) {
  for (int i = 0; i < COUNT; i += 4) {
    v128_t x = wasm_v128_load(sums + i);
    x = wasm_f32x4_relaxed_max(x, wasm_f32x4_splat(-1000.5f));
    x = wasm_f32x4_relaxed_min(x, wasm_f32x4_splat(999.5f));
    wasm_v128_store(clamped + i, wasm_i32x4_relaxed_trunc_f32x4(x));
  }
}
#else
static void clamp(void) {
  for (int i = 0; i < COUNT; i++) {
    float x = sums[i] > -1000.5f ? sums[i] : -1000.5f;
    clamped[i] = (int32_t)(x < 999.5f ? x : 999.5f);
  }
}
#endif

static void fill(void) {
  for (int i = 0; i < 16; i++) table[i] = (uint8_t)(i * 17 + 3);
  for (int i = 0; i < COUNT; i++) {
    a[i] = (float)((int32_t)next() % 1000003) / 4096;
    b[i] = (float)((int32_t)next() % 70001) / 65536;
    text[i] = (uint8_t)(next() % 16);
    signs[i] = (int8_t)next();
    sevens[i] = (int8_t)(next() & 0x7F);
  }
}

int main(int argc, char **argv) {
  int exact = argc > 1 && !strcmp(argv[1], "exact");
  fill();
  for (int round = 0; round < 8; round++) {
    multiply_add();
    look_up();
    dot();
  }
  if (exact)
    printf("sums %016llx\n", (unsigned long long)mix(1, sums, sizeof sums));
  else
    printf("sums %s\n", are_close() ? "close" : "off");
  if (!exact)
    for (int i = 0; i < COUNT; i++) sums[i] = a[i]; /* what no rounding has touched */
  clamp();
  printf("clamped %016llx\n", (unsigned long long)mix(1, clamped, sizeof clamped));
  printf("found %016llx\n", (unsigned long long)mix(1, found, sizeof found));
  printf("dots %016llx\n", (unsigned long long)mix(1, dots, sizeof dots));
  return 0;
}
