/* A trap with a backtrace: named functions that are not inlined. */
#include <stdio.h>

__attribute__((noinline)) int divide(int a, int b) {
  volatile int c = b;
  return a / c;
}

__attribute__((noinline)) int compute(int n) { return divide(n, n - 1) + 1; }

int main(int argc, char **argv) {
  (void)argv;
  printf("before\n");
  fflush(stdout);
  return compute(argc);
}
