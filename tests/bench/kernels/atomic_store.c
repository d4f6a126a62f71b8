/* Atomic stores that nobody contends, each ordered before what follows. */
#define UNITS 8000
#include "kernel.h"

#include <stdatomic.h>

enum { WORDS = 64, ROUNDS = 10000 };
static _Atomic u32 words[WORDS];
static _Atomic u64 longs[WORDS];

static u64 kernel(u32 units) {
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    for (u32 i = 0; i < ROUNDS; i++) {
      u32 at = i * 29 % WORDS;
      atomic_store(&words[at], i + u);
      atomic_store(&longs[at], (u64)i * u);
    }
    sum = mix(sum, longs[u % WORDS] ^ words[u * 7 % WORDS]);
  }
  return sum;
}
