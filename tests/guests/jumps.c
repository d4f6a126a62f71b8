/* setjmp and longjmp: out of many frames, again and again, to outer and inner places, with values
 * that change in between. */
#include <stdio.h>

#ifdef __wasm__
#include "jumps.h"
#else
#include <setjmp.h>
#endif

static jmp_buf outer, inner;
static int jumps;

static void fall(int depth, int value) {
  volatile int kept[4] = {depth, value, depth ^ value, 7};
  if (depth > 0) fall(depth - 1, value);
  if (kept[2] != (depth ^ value)) printf("broken\n");
  jumps++;
  longjmp(value % 3 ? inner : outer, value);
}

/* Jumps to inner come back here, those to outer leave it. */
static int stay(int from) {
  volatile int value = from;
  int got = setjmp(inner);
  if (got) printf("  inner %d\n", got);
  if (value % 3 == 2) {
    value += 2;
    fall(5, value - 1);
  }
  if (value < from + 4) fall(3, ++value);
  return value;
}

static int count_down(void) {
  volatile int rounds = 0;
  if (setjmp(outer) < 0) return -1;
  if (++rounds < 10000) {
    if (rounds % 2) longjmp(outer, rounds);
    fall(rounds % 20, 3 * rounds);
  }
  return rounds;
}

int main(void) {
  for (int from = 1; from < 12; from++) {
    int got = setjmp(outer);
    if (got)
      printf("outer %d\n", got);
    else
      printf("stayed %d\n", stay(from));
  }
  printf("zero is %d\n", count_down());
  int got = setjmp(outer);
  if (!got) longjmp(outer, 0);
  printf("0 becomes %d\n", got);
  printf("%d jumps\n", jumps);
  return 0;
}
