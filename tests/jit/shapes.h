/* Modules whose first function is large, each in another way that is expensive for a compiler: what
 * bounds its memory is tried with all of them (memory_test.c), and bench_shapes shows what they
 * cost. */
#ifndef WM_TESTS_JIT_SHAPES_H
#define WM_TESTS_JIT_SHAPES_H

#include "binary/encode.h"

typedef struct Shape {
  const char *name;
  /* Appends instructions until the body has about `bytes`. The i32 parameter is local 0, the
   * function has `locals` more of them, and gives an i32. */
  void (*write)(Buffer *b, size_t bytes);
  u32 locals;
} Shape;

extern const Shape shapes[];
extern const u32 shape_count;

/* The shape's module, with a body of about `bytes`. */
Buffer shape_module(const Shape *shape, size_t bytes);

#endif
