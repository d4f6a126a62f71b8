/* The C library's memcpy, memmove, memset and memcmp, on short and long blocks. */
#define UNITS 1450
#include "kernel.h"

enum { SIZE = 256 << 10, SHORT_BLOCKS = 20000 };
static u8 source[SIZE], target[SIZE];

static u64 kernel(u32 units) {
  u32 seed = 5;
  for (u32 i = 0; i < SIZE; i++) source[i] = (u8)next_random(&seed);
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    for (u32 i = 0; i < 8; i++) {
      memset(target, (int)(u + i), SIZE);
      memcpy(target + i, source, SIZE - 8);
      memmove(target + 1, target, SIZE - 9);
    }
    for (u32 i = 0; i < SHORT_BLOCKS; i++) {
      u32 random = next_random(&seed), length = random >> 26;
      u32 from = random % (SIZE - 64), to = (random >> 8) % (SIZE - 64);
      memcpy(target + to, source + from, length);
      sum += (u32)(memcmp(target + to, source + to, length) > 0);
    }
    sum = mix(sum, target[u % SIZE] + ((u64)target[SIZE / 2] << 8));
  }
  return sum;
}
