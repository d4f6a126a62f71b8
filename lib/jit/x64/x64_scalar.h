/* What becomes of a scalar wasm row, as a table (x64_scalar.def). */
#ifndef WM_JIT_X64_SCALAR_H
#define WM_JIT_X64_SCALAR_H

#include "base/base.h"

/* Who selects a row: a function of x64_isel_*.c. */
typedef enum ScalarClass {
  SCALAR_NONE, /* not in the table */
  SCALAR_INTEGER,
  SCALAR_FLOAT,
  SCALAR_COMPARE,
  SCALAR_LOAD,
  SCALAR_STORE,
} ScalarClass;

ScalarClass wm_x64_scalar_class(u16 op);
/* The row for i32 or f32 that stands for the same operation in either width: its width is that of
 * the node. Ops that have no such row, those of the compiler's own too, as they are. */
u16 wm_x64_scalar_like(u16 op);

#endif
