/* Atomic loads: a search through a table of words, and a walk along links. */
#define UNITS 42000
#include "kernel.h"

#include <stdatomic.h>

enum { WORDS = 4096 };
static _Atomic u32 next[WORDS];
static _Atomic u64 values[WORDS];

static u64 kernel(u32 units) {
  for (u32 i = 0; i < WORDS; i++) {
    next[i] = (i * 1021 + 17) % WORDS;
    values[i] = (u64)i * i;
  }
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    u64 total = u;
    u32 at = u % WORDS;
    for (u32 i = 0; i < WORDS; i++) {
      total += atomic_load(&values[i]);
      total ^= atomic_load(&next[i]);
    }
    for (u32 i = 0; i < WORDS; i++) at = atomic_load(&next[at]);
    sum = mix(sum, total + at);
  }
  return sum;
}
