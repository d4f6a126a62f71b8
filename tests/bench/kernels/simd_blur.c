/* Vectors of bytes widened to u16 and back, by the compiler: an image is blurred again and again.
 */
#define UNITS 5000
#include "kernel.h"

enum { WIDTH = 1024, HEIGHT = 512 };
static u8 image[2][HEIGHT][WIDTH];

/* Each byte becomes the mean of its 3 x 3 square, the middle weighted 4, the corners 1. */
static void blur_row(u8 *restrict out, const u8 *above, const u8 *row, const u8 *below) {
  u16 columns[WIDTH];
  for (u32 x = 0; x < WIDTH; x++) columns[x] = (u16)(above[x] + 2 * row[x] + below[x]);
  for (u32 x = 1; x < WIDTH - 1; x++)
    out[x] = (u8)((u16)(columns[x - 1] + 2 * columns[x] + columns[x + 1] + 8) >> 4);
}

static u64 kernel(u32 units) {
  u32 seed = 77;
  for (u32 y = 0; y < HEIGHT; y++)
    for (u32 x = 0; x < WIDTH; x++) image[0][y][x] = (u8)next_random(&seed);
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    const u8(*from)[WIDTH] = image[u & 1];
    u8(*to)[WIDTH] = image[~u & 1];
    for (u32 y = 1; y < HEIGHT - 1; y++) blur_row(to[y], from[y - 1], from[y], from[y + 1]);
    for (u32 i = 0; i < 64; i++) { /* something to blur away */
      u32 x = next_random(&seed);
      to[x / WIDTH % HEIGHT][x % WIDTH] ^= 255;
    }
    sum = mix(sum, to[u * 7 % HEIGHT][u * 13 % WIDTH]);
  }
  return sum;
}
