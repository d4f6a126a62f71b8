/* The rows of x64_simd.def as a table, and the constants that vector code is full of. */
#include "jit/x64/x64_simd.h"

static const VectorRow vector_rows[OP_COUNT] = {
#define V(id, form, opcode, imm, traits) [OP_##id] = {opcode, FORM_##form, imm, traits},
#include "jit/x64/x64_simd.def"
#undef V
};

const VectorRow *wm_x64_vector_row(u16 op) {
  if (op >= OP_COUNT) return NULL;
  const VectorRow *row = &vector_rows[op];
  return row->form ? row : NULL;
}

u32 wm_x64_vector(Compile *c, u64 low, u64 high) {
  enum { NEAR = 32 };
  u32 len = c->vectors.len;
  for (u32 i = len; i > 0 && len - i < NEAR; i--) {
    const V128 *v = &c->vectors.data[i - 1];
    if (v->u64x2[0] == low && v->u64x2[1] == high) return i - 1;
  }
  *jit_push(c, &c->vectors) = (V128){.u64x2 = {low, high}};
  return len;
}
