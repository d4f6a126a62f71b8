/* The rows of x64_scalar.def as a table. */
#include "jit/x64/x64_scalar.h"

#include "wasm/opcode.h"

typedef struct ScalarRow {
  u16 like;
  u8 class;
} ScalarRow;

static const ScalarRow scalar_rows[OP_COUNT] = {
#define S(id, selector, like) [OP_##id] = {OP_##like, SCALAR_##selector},
#include "jit/x64/x64_scalar.def"
#undef S
};

ScalarClass wm_x64_scalar_class(u16 op) {
  return op < OP_COUNT ? (ScalarClass)scalar_rows[op].class : SCALAR_NONE;
}

u16 wm_x64_scalar_like(u16 op) {
  return wm_x64_scalar_class(op) != SCALAR_NONE ? scalar_rows[op].like : op;
}
