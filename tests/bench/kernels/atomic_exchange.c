/* Atomic exchanges that nobody contends, each storing what another one took. */
#define UNITS 8000
#include "kernel.h"

#include <stdatomic.h>

enum { WORDS = 64, ROUNDS = 10000 };
static _Atomic u32 words[WORDS];
static _Atomic u64 longs[WORDS];

static u64 kernel(u32 units) {
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    u32 word = u;
    u64 wide = sum;
    for (u32 i = 0; i < ROUNDS; i++) {
      u32 at = i * 29 % WORDS;
      word = atomic_exchange(&words[at], word + i);
      wide = atomic_exchange(&longs[at], wide ^ word);
    }
    sum = mix(sum, wide + word);
  }
  return sum;
}
