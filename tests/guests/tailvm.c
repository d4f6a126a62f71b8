/* An interpreter whose handlers end in tail calls of one another (musttail): as many steps as told,
 * in constant stack. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __clang__
#define TAIL __attribute__((musttail)) return
#else
#define TAIL return /* gcc makes jumps of these at -O2 */
#endif

enum { ADD, XOR, ROTATE, LOOP };
typedef uint64_t Handler(const uint8_t *pc, uint64_t acc, uint64_t left, uint64_t steps);
static Handler add, xor_, rotate, loop;
Handler *const handlers[] = {add, xor_, rotate, loop};

uint8_t program[] = {ADD, XOR, ROTATE, ADD, ROTATE, XOR, ADD, LOOP};

#define NEXT TAIL handlers[*pc](pc, acc, left, steps)

static uint64_t add(const uint8_t *pc, uint64_t acc, uint64_t left, uint64_t steps) {
  acc += left;
  pc++, steps++;
  NEXT;
}

static uint64_t xor_(const uint8_t *pc, uint64_t acc, uint64_t left, uint64_t steps) {
  acc ^= steps;
  pc++, steps++;
  NEXT;
}

static uint64_t rotate(const uint8_t *pc, uint64_t acc, uint64_t left, uint64_t steps) {
  acc = acc << 7 | acc >> 57;
  pc++, steps++;
  NEXT;
}

static uint64_t loop(const uint8_t *pc, uint64_t acc, uint64_t left, uint64_t steps) {
  if (left-- == 0) return acc ^ steps;
  pc = program;
  steps++;
  NEXT;
}

int main(int argc, char **argv) {
  if (argc > 2) program[0] = ROTATE; /* so that it is not known before */
  uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
  printf("%016llx\n", (unsigned long long)handlers[program[0]](program, 1, rounds, 0));
  return 0;
}
