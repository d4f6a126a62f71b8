/* Vectors of f32, by the compiler: product of two 256 x 256 matrices, row by row. */
#define UNITS 250
#include "kernel.h"

enum { N = 256 };
static f32 a[N][N], b[N][N], c[N][N];

static void multiply(void) {
  memset(c, 0, sizeof c);
  for (u32 i = 0; i < N; i++)
    for (u32 k = 0; k < N; k++) {
      f32 factor = a[i][k];
      for (u32 j = 0; j < N; j++) c[i][j] += factor * b[k][j];
    }
}

static u64 kernel(u32 units) {
  for (u32 i = 0; i < N; i++)
    for (u32 j = 0; j < N; j++) {
      a[i][j] = (f32)(i * 3 + j) / N;
      b[i][j] = (f32)(i + j * 7) / N - 2;
    }
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    multiply();
    for (u32 i = 0; i < N; i++) sum = mix_f64(sum, c[i][(i + u) % N]);
    a[u % N][u % 7] += 0.5f; /* the next product differs */
  }
  return sum;
}
