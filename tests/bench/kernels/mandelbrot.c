/* A tight float loop in registers: how long points stay near 0 under z*z + c. */
#define UNITS 220
#include "kernel.h"

enum { SIZE = 128, MOST = 200 };

static u32 escape_time(f64 cx, f64 cy) {
  f64 x = 0, y = 0, xx = 0, yy = 0;
  u32 n = 0;
  while (n < MOST && xx + yy < 4) {
    y = 2 * x * y + cy;
    x = xx - yy + cx;
    xx = x * x;
    yy = y * y;
    n++;
  }
  return n;
}

static u64 kernel(u32 units) {
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    u32 total = 0;
    for (u32 row = 0; row < SIZE; row++)
      for (u32 column = 0; column < SIZE; column++)
        total += escape_time(-2 + (column + u * 0.01) * 3 / SIZE, -1.5 + row * 3.0 / SIZE);
    sum = mix(sum, total);
  }
  return sum;
}
