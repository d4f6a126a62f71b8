/* Loops around compare-exchange that nobody contends: the greatest value seen, and a product. */
#define UNITS 8000
#include "kernel.h"

#include <stdatomic.h>

enum { WORDS = 64, ROUNDS = 10000 };
static _Atomic u32 greatest[WORDS];
static _Atomic u64 products[WORDS];

static void raise(_Atomic u32 *word, u32 value) {
  u32 old = atomic_load(word);
  while (!atomic_compare_exchange_weak(word, &old, old > value ? old - 1 : value)) {
  }
}

static void multiply(_Atomic u64 *word, u64 value) {
  u64 old = atomic_load(word);
  while (!atomic_compare_exchange_weak(word, &old, old * value + 1)) {
  }
}

static u64 kernel(u32 units) {
  u32 seed = 9;
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    for (u32 i = 0; i < ROUNDS; i++) {
      u32 random = next_random(&seed);
      raise(&greatest[i % WORDS], random);
      multiply(&products[random % WORDS], i | 1);
    }
    sum = mix(sum, products[u % WORDS] + greatest[u % WORDS]);
  }
  return sum;
}
