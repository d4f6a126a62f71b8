/* Atomic additions that nobody contends, to words of a table: old values used, and unused. */
#define UNITS 4000
#include "kernel.h"

#include <stdatomic.h>

enum { WORDS = 64, ROUNDS = 10000 };
static _Atomic u32 words[WORDS];
static _Atomic u64 longs[WORDS];

static u64 kernel(u32 units) {
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    u64 old = 0;
    for (u32 i = 0; i < ROUNDS; i++) {
      u32 at = i * 29 % WORDS;
      old += atomic_fetch_add(&words[at], i);
      old ^= atomic_fetch_sub(&longs[at], old);
      atomic_fetch_add(&words[(at + 1) % WORDS], 3);
      atomic_fetch_add(&longs[(at + 2) % WORDS], i);
    }
    sum = mix(sum, old);
  }
  return sum;
}
