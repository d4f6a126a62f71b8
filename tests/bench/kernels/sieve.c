/* Byte stores with a stride: primes below a million. */
#define UNITS 215
#include "kernel.h"

enum { LIMIT = 1000000 };
static u8 composite[LIMIT];

static u32 count_primes(void) {
  memset(composite, 0, sizeof composite);
  u32 count = 0;
  for (u32 i = 2; i < LIMIT; i++) {
    if (composite[i]) continue;
    count++;
    for (u64 k = (u64)i * i; k < LIMIT; k += i) composite[k] = 1;
  }
  return count;
}

static u64 kernel(u32 units) {
  u64 sum = 1;
  for (u32 i = 0; i < units; i++) sum = mix(sum, count_primes() + composite[i % LIMIT]);
  return sum;
}
