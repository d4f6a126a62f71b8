/* Clocks move, sleeping sleeps, random bytes differ. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) return -1;
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void) {
  double start = seconds(CLOCK_MONOTONIC);
  struct timespec ten = {0, 10000000}, resolution;
  printf("sleep %d\n", nanosleep(&ten, NULL));
  double took = seconds(CLOCK_MONOTONIC) - start;
  printf("slept %s\n", took >= 0.01 && took < 5 ? "well" : "badly");
  printf("realtime %s\n", seconds(CLOCK_REALTIME) > 1.6e9 ? "recent" : "old");
  printf("resolution %d\n", clock_getres(CLOCK_MONOTONIC, &resolution));
  struct pollfd out = {.fd = 1, .events = POLLOUT};
  printf("poll %d\n", poll(&out, 1, 1000));
  unsigned char a[16] = {0}, b[16] = {0};
  printf("random %d %d", getentropy(a, 16), getentropy(b, 16));
  printf(" %s\n", memcmp(a, b, 16) ? "differ" : "same");
  return 0;
}
