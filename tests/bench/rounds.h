/* How the drivers of this folder time things: in several rounds, of which the middle one counts. */
#ifndef TESTS_BENCH_ROUNDS_H
#define TESTS_BENCH_ROUNDS_H

#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 9 };

static inline double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int compare_times(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts them. */
static inline double median_of(double times[ROUNDS]) {
  qsort(times, ROUNDS, sizeof *times, compare_times);
  return times[ROUNDS / 2];
}

#endif
