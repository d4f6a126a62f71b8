/* 64-bit integers: multiply, rotate, divide, count bits. */
#define UNITS 390
#include "kernel.h"

enum { STEPS = 200000 };

static u64 rotate(u64 a, u32 n) { return a << (n & 63) | a >> (-n & 63); }

static u64 stir(u64 a, u64 b) {
  for (u32 i = 0; i < STEPS; i++) {
    a = rotate(a, 27) * UINT64_C(0xD1342543DE82EF95) + b;
    b ^= a >> 31;
    b = rotate(b, (u32)(a >> 59)) + (a & ~b);
    if ((i & 7) == 0) a += b / ((a >> 40) | 1) + b % 1000003;
    a ^= (u64)__builtin_clzll(b | 1) << 20;
    if ((i64)(a ^ b) < 0) b -= a;
  }
  return a ^ b;
}

static u64 kernel(u32 units) {
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) sum = mix(sum, stir(u + 1, sum));
  return sum;
}
