/* Float arithmetic with division and square root: bodies that attract each other. */
#ifndef REAL
#define REAL        double
#define SQUARE_ROOT sqrt
#define UNITS       1400
#endif
#include "kernel.h"

typedef REAL Real;
typedef struct Body {
  Real x, y, z, vx, vy, vz, mass;
} Body;

enum { BODIES = 5, STEPS = 5000 };

static void attract(Body *a, Body *b, Real step) {
  Real dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
  Real square = dx * dx + dy * dy + dz * dz + (Real)0.01;
  Real pull = step / (square * SQUARE_ROOT(square));
  a->vx -= dx * b->mass * pull;
  a->vy -= dy * b->mass * pull;
  a->vz -= dz * b->mass * pull;
  b->vx += dx * a->mass * pull;
  b->vy += dy * a->mass * pull;
  b->vz += dz * a->mass * pull;
}

static void advance(Body *bodies, Real step) {
  for (u32 i = 0; i < BODIES; i++)
    for (u32 k = i + 1; k < BODIES; k++) attract(&bodies[i], &bodies[k], step);
  for (u32 i = 0; i < BODIES; i++) {
    bodies[i].x += step * bodies[i].vx;
    bodies[i].y += step * bodies[i].vy;
    bodies[i].z += step * bodies[i].vz;
  }
}

/* A number in [-1, 1). */
static Real random_real(u32 *seed) { return (Real)(i32)(next_random(seed) >> 8) / (1 << 23) - 1; }

static u64 kernel(u32 units) {
  u32 seed = 12345;
  Body bodies[BODIES];
  for (u32 i = 0; i < BODIES; i++) {
    Body *b = &bodies[i];
    b->x = random_real(&seed) * 10;
    b->y = random_real(&seed) * 10;
    b->z = random_real(&seed) * 2;
    b->vx = random_real(&seed);
    b->vy = random_real(&seed);
    b->vz = random_real(&seed) / 10;
    b->mass = i == 0 ? 40 : (random_real(&seed) + 1) / 20;
  }
  u64 sum = 1;
  for (u32 i = 0; i < units; i++) {
    for (u32 k = 0; k < STEPS; k++) advance(bodies, (Real)0.001);
    sum = mix_f64(mix_f64(sum, bodies[i % BODIES].x), bodies[i % BODIES].vy);
  }
  return sum;
}
