/* Calls: Fibonacci numbers by plain recursion. */
#define UNITS 650
#include "kernel.h"

static u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static u64 kernel(u32 units) {
  volatile u32 n = 27; /* each unit computes it anew */
  u64 sum = 1;
  for (u32 i = 0; i < units; i++) sum = mix(sum, fib(n));
  return sum;
}
