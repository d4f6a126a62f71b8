/* Floats in structures: spheres over a plane, with shadows and mirrors. */
#define UNITS 1250
#include "kernel.h"

typedef struct Vec3 {
  f64 x, y, z;
} Vec3;
typedef struct Sphere {
  Vec3 center;
  f64 radius, mirror;
  Vec3 color;
} Sphere;

static Vec3 add(Vec3 a, Vec3 b) { return (Vec3){a.x + b.x, a.y + b.y, a.z + b.z}; }
static Vec3 sub(Vec3 a, Vec3 b) { return (Vec3){a.x - b.x, a.y - b.y, a.z - b.z}; }
static Vec3 scale(Vec3 a, f64 k) { return (Vec3){a.x * k, a.y * k, a.z * k}; }
static f64 dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static Vec3 unit(Vec3 a) { return scale(a, 1 / sqrt(dot(a, a))); }

enum { SIZE = 64, SPHERES = 6, BOUNCES = 3 };
static Sphere spheres[SPHERES];
static const Vec3 light = {5, 8, -6};

/* Distance along the ray to sphere `s`, or -1. */
static f64 hit_sphere(const Sphere *s, Vec3 origin, Vec3 direction) {
  Vec3 from = sub(origin, s->center);
  f64 b = dot(from, direction), c = dot(from, from) - s->radius * s->radius, d = b * b - c;
  if (d < 0) return -1;
  f64 root = sqrt(d);
  if (-b - root > 1e-6) return -b - root;
  return -b + root > 1e-6 ? -b + root : -1;
}

/* The nearest sphere, SPHERES for the plane, -1 for the sky. */
static i32 nearest(Vec3 origin, Vec3 direction, f64 *distance) {
  i32 found = -1;
  *distance = 1e30;
  for (i32 i = 0; i < SPHERES; i++) {
    f64 t = hit_sphere(&spheres[i], origin, direction);
    if (t > 0 && t < *distance) *distance = t, found = i;
  }
  f64 t = direction.y < -1e-6 ? -(origin.y + 1) / direction.y : -1;
  if (t > 1e-6 && t < *distance) *distance = t, found = SPHERES;
  return found;
}

static Vec3 trace(Vec3 origin, Vec3 direction) {
  Vec3 color = {0, 0, 0};
  f64 weight = 1;
  for (u32 bounce = 0; bounce < BOUNCES; bounce++) {
    f64 distance;
    i32 which = nearest(origin, direction, &distance);
    if (which < 0) return add(color, scale((Vec3){0.4, 0.5, 0.7}, weight * (direction.y + 1)));
    Vec3 point = add(origin, scale(direction, distance)), normal = {0, 1, 0};
    Vec3 own =
        ((i32)(point.x + 100) + (i32)(point.z + 100)) & 1 ? (Vec3){1, 1, 1} : (Vec3){0, 0, 0};
    f64 mirror = 0.2;
    if (which < SPHERES) {
      normal = scale(sub(point, spheres[which].center), 1 / spheres[which].radius);
      own = spheres[which].color;
      mirror = spheres[which].mirror;
    }
    Vec3 to_light = unit(sub(light, point));
    f64 shade = dot(normal, to_light), unused;
    if (shade < 0 || nearest(point, to_light, &unused) >= 0) shade = 0;
    color = add(color, scale(own, weight * (1 - mirror) * (0.1 + 0.9 * shade)));
    weight *= mirror;
    origin = point;
    direction = sub(direction, scale(normal, 2 * dot(direction, normal)));
  }
  return color;
}

static u64 kernel(u32 units) {
  for (u32 i = 0; i < SPHERES; i++)
    spheres[i] = (Sphere){{i * 1.2 - 3, (i & 1) * 0.9 - 0.5, (i * 5 % 3) * 1.5},
                          0.5 + i * 0.05,
                          i * 0.15,
                          {1 - i * 0.15, 0.3 + i * 0.1, (i & 2) * 0.4}};
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    Vec3 camera = {(u % 16) * 0.1 - 1, 0.5, -7};
    for (u32 row = 0; row < SIZE; row++)
      for (u32 column = 0; column < SIZE; column++) {
        Vec3 through = {(column * 2.0 - SIZE) / SIZE, (SIZE - row * 2.0) / SIZE, 1.5};
        Vec3 color = trace(camera, unit(through));
        sum += (u64)(color.x * 255) + ((u64)(color.y * 255) << 16) + ((u64)(color.z * 255) << 32);
      }
    sum = mix(sum, u);
  }
  return sum;
}
