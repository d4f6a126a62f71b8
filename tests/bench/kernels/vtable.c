/* Calls through pointers: a mixed list of shapes, each with its own functions. */
#define UNITS 340
#include "kernel.h"

typedef struct Shape Shape;
typedef struct Methods {
  i64 (*area)(const Shape *);
  void (*grow)(Shape *, i32 by);
  u32 (*corners)(const Shape *);
} Methods;
struct Shape {
  const Methods *methods;
  i32 a, b;
};

static i64 square_area(const Shape *s) { return (i64)s->a * s->a; }
static void square_grow(Shape *s, i32 by) { s->a = (s->a + by) & 0xFFFF; }
static u32 square_corners(const Shape *s) { return s->a ? 4 : 1; }

static i64 box_area(const Shape *s) { return (i64)s->a * s->b; }
static void box_grow(Shape *s, i32 by) {
  s->a = (s->a + by) & 0xFFFF;
  s->b = (s->b + 2 * by) & 0xFFFF;
}
static u32 box_corners(const Shape *s) { return s->a && s->b ? 4 : 2; }

static i64 triangle_area(const Shape *s) { return (i64)s->a * s->b / 2; }
static void triangle_grow(Shape *s, i32 by) { s->b = (s->b ^ by) & 0xFFFF; }
static u32 triangle_corners(const Shape *s) { return s->b ? 3 : 2; }

static i64 disc_area(const Shape *s) { return (i64)s->a * s->a * 355 / 113; }
static void disc_grow(Shape *s, i32 by) { s->a = (s->a + by / 2) & 0xFFFF; }
static u32 disc_corners(const Shape *s) { return (u32)s->b & 0; }

static const Methods kinds[] = {
    {square_area, square_grow, square_corners},
    {box_area, box_grow, box_corners},
    {triangle_area, triangle_grow, triangle_corners},
    {disc_area, disc_grow, disc_corners},
};

enum { SHAPES = 1000, ROUNDS = 150 };
static Shape shapes[SHAPES];

static u64 kernel(u32 units) {
  u32 seed = 8;
  for (u32 i = 0; i < SHAPES; i++) {
    shapes[i].methods = &kinds[next_random(&seed) >> 16 & 3];
    shapes[i].a = (i32)(next_random(&seed) & 0xFFF);
    shapes[i].b = (i32)(next_random(&seed) & 0xFFF);
  }
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    i64 total = 0;
    u32 corners = 0;
    for (u32 round = 0; round < ROUNDS; round++)
      for (u32 i = 0; i < SHAPES; i++) {
        Shape *s = &shapes[i];
        total += s->methods->area(s);
        s->methods->grow(s, (i32)(round & 15));
        corners += s->methods->corners(s);
      }
    sum = mix(mix(sum, (u64)total), corners);
  }
  return sum;
}
