/* setjmp for guests whose C library has none (jumps_wasm.c). */
#ifndef TESTS_GUESTS_JUMPS_H
#define TESTS_GUESTS_JUMPS_H

#include <stdint.h>

typedef struct Place {
  void *function; /* a call of the function that called setjmp */
  uint32_t label; /* which of its calls, from 1 */
  struct {
    struct Place *to;
    int value;
  } jump;
} jmp_buf[1];

int setjmp(jmp_buf) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf, int);

#endif
