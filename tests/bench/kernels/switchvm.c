/* Dispatch: a register machine whose loop is one switch, running the Collatz problem. */
#define UNITS 250
#include "kernel.h"

typedef enum Code {
  LOAD,
  MOVE,
  ADD,
  ADDI,
  SHIFT,
  AND,
  MULTIPLY,
  LESS,
  JUMP,
  IF_ZERO,
  IF_SET,
  HALT
} Code;
typedef struct Instruction {
  u8 code, a, b, c;
  i32 value; /* a number, or a jump's distance from the next instruction */
} Instruction;

static const Instruction program[] = {
    {LOAD, 1, 0, 0, 1},     /* r1: start of the chain */
    {LOAD, 5, 0, 0, 0},     /* r5: longest */
    {LOAD, 6, 0, 0, 0},     /* r6: sum of lengths */
    {MOVE, 2, 1, 0, 0},     /* next start: r2 = r1 */
    {LOAD, 3, 0, 0, 0},     /* r3: length */
    {LOAD, 8, 0, 0, 2},     /* step: r8 = 2 */
    {LESS, 4, 2, 8, 0},     /* r4 = r2 < 2 */
    {IF_SET, 4, 0, 0, 9},   /* done */
    {ADDI, 3, 3, 0, 1},     /* r3++ */
    {LOAD, 8, 0, 0, 1},     /* r8 = 1 */
    {AND, 4, 2, 8, 0},      /* r4 = r2 & 1 */
    {IF_ZERO, 4, 0, 0, 3},  /* even */
    {LOAD, 8, 0, 0, 3},     /* r8 = 3 */
    {MULTIPLY, 2, 2, 8, 0}, /* r2 *= 3 */
    {ADDI, 2, 2, 0, 1},     /* r2++ */
    {SHIFT, 2, 2, 0, 1},    /* even: r2 >>= 1 */
    {JUMP, 0, 0, 0, -12},   /* to step */
    {ADD, 6, 6, 3, 0},      /* done: r6 += r3 */
    {LESS, 4, 5, 3, 0},     /* r4 = r5 < r3 */
    {IF_ZERO, 4, 0, 0, 1},  /* no new longest */
    {MOVE, 5, 3, 0, 0},     /* r5 = r3 */
    {ADDI, 1, 1, 0, 1},     /* r1++ */
    {LESS, 4, 1, 0, 0},     /* r4 = r1 < r0 */
    {IF_SET, 4, 0, 0, -21}, /* to next start */
    {HALT, 0, 0, 0, 0},
};

static void execute(const Instruction *code, u64 r[16]) {
  for (;;) {
    const Instruction *i = code++;
    switch ((Code)i->code) {
    case LOAD: r[i->a] = (u64)i->value; break;
    case MOVE: r[i->a] = r[i->b]; break;
    case ADD: r[i->a] = r[i->b] + r[i->c]; break;
    case ADDI: r[i->a] = r[i->b] + (u64)i->value; break;
    case SHIFT: r[i->a] = r[i->b] >> i->value; break;
    case AND: r[i->a] = r[i->b] & r[i->c]; break;
    case MULTIPLY: r[i->a] = r[i->b] * r[i->c]; break;
    case LESS: r[i->a] = r[i->b] < r[i->c]; break;
    case JUMP: code += i->value; break;
    case IF_ZERO: code += r[i->a] ? 0 : i->value; break;
    case IF_SET: code += r[i->a] ? i->value : 0; break;
    case HALT: return;
    }
  }
}

static u64 kernel(u32 units) {
  u64 sum = 1;
  for (u32 u = 0; u < units; u++) {
    u64 registers[16] = {1500 + u};
    execute(program, registers);
    sum = mix(mix(sum, registers[5]), registers[6]);
  }
  return sum;
}
