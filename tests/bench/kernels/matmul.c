/* Float streams: product of two 160 x 160 matrices of f64, row by row. */
#define UNITS 300
#include "kernel.h"

enum { N = 160 };
static f64 a[N][N], b[N][N], c[N][N];

static void multiply(void) {
  memset(c, 0, sizeof c);
  for (u32 i = 0; i < N; i++)
    for (u32 k = 0; k < N; k++) {
      f64 factor = a[i][k];
      for (u32 j = 0; j < N; j++) c[i][j] += factor * b[k][j];
    }
}

static u64 kernel(u32 units) {
  for (u32 i = 0; i < N; i++)
    for (u32 j = 0; j < N; j++) {
      a[i][j] = (f64)(i * 3 + j) / N;
      b[i][j] = (f64)(i + j * 7) / N - 2;
    }
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    multiply();
    for (u32 i = 0; i < N; i++) sum = mix_f64(sum, c[i][(i + u) % N]);
    a[u % N][u % 7] += 0.5; /* the next product differs */
  }
  return sum;
}
