/* What every kernel shares: the integer names, a checksum, and main.
 *
 * A kernel defines UNITS, the units of work of a whole run (each some milliseconds natively),
 * includes this header and defines kernel(). `program [UNITS]` prints the checksum. Compiled with
 * -DKERNEL_REACTOR there is no main, but an export run(units), for hosts without WASI.
 *
 * Checksums are equal on every machine: types of fixed width, and of floating point only + - * /
 * and square root, each rounded by itself. */
#ifndef KERNEL_H
#define KERNEL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;
typedef float f32;
typedef double f64;

static u64 kernel(u32 units);

/* Stirs a value into a checksum. */
static inline u64 mix(u64 sum, u64 value) {
  sum = (sum ^ value) * UINT64_C(0x9E3779B97F4A7C15);
  return sum ^ sum >> 29;
}

static inline u64 mix_f64(u64 sum, f64 value) {
  u64 bits;
  memcpy(&bits, &value, sizeof bits);
  return mix(sum, bits);
}

/* Pseudo-random numbers; the state starts at anything but 0. */
static inline u32 next_random(u32 *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

#ifdef KERNEL_REACTOR
__attribute__((export_name("run"))) u64 run(u32 units) { return kernel(units ? units : UNITS); }
#else
int main(int argc, char **argv) {
  u32 units = argc > 1 ? (u32)strtoul(argv[1], NULL, 10) : UNITS;
  u64 sum = kernel(units);
  char hex[17] = "";
  for (u32 i = 0; i < 16; i++) hex[i] = "0123456789abcdef"[sum >> (60 - 4 * i) & 15];
  return puts(hex) < 0; /* printf would be most of the program */
}
#endif

#endif
