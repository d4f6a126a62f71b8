/* Constant expressions (spec 3.4.15), with extended arithmetic. They are valid, so only memory can
 * be missing, or time. Whatever pushes an operand takes two bytes or more, so half an expression's
 * size bounds its stack. */
#include "runtime/instance.h"
#include "runtime/pieces.h"
#include "wasm/reader.h"

#include <stdlib.h>

typedef struct Value {
  u64 slots[2];
} Value;

enum { INLINE_VALUES = 16 };

/* The result of an instruction whose operands are at `top` and above; returns the new top. */
static Value *combine(Value *top, u16 op) {
  u64 b = top[-1].slots[0];
  u64 *a = &top[-2].slots[0];
  switch (op) {
  case OP_i32_add: *a = (u32)(*a + b); break;
  case OP_i32_sub: *a = (u32)(*a - b); break;
  case OP_i32_mul: *a = (u32)(*a * b); break;
  case OP_i64_add: *a += b; break;
  case OP_i64_sub: *a -= b; break;
  case OP_i64_mul: *a *= b; break;
  default: assert(false && "not constant"); break;
  }
  return top - 1;
}

static Value *step(const Instance *in, const Instr *instr, Value *top) {
  switch (instr->op) {
  case OP_i32_const:
  case OP_i64_const:
  case OP_f32_const:
  case OP_f64_const: *top = (Value){{instr->bits, 0}}; break;
  case OP_v128_const: *top = (Value){{instr->v128.u64x2[0], instr->v128.u64x2[1]}}; break;
  case OP_ref_null: *top = (Value){{0, 0}}; break;
  case OP_ref_func: *top = (Value){{ref_slot(ref_of_object(in->funcs[instr->index])), 0}}; break;
  case OP_global_get:
    memcpy(top->slots, in->globals[instr->index]->value, sizeof top->slots);
    break;
  default: return combine(top, instr->op);
  }
  return top + 1;
}

/* All of them, from `top` on: the value ends at the bottom. */
static bool run(const Instance *in, Reader *r, Value *top, Error *err) {
  Instr instr;
  for (u32 i = 1; wm_instr_read(r, &instr) && instr.op != OP_end; i++) {
    if (i % PIECE_ITEMS == 0 && !wm_trap_may_go_on(in->store, err)) return false;
    top = step(in, &instr, top);
  }
  return true;
}

bool wm_const_evaluate(const Instance *in, ConstExpr expr, u64 out[2], Error *err) {
  Error unheard;
  unheard.code = ERR_NONE;
  Reader r = wm_reader_at(&in->module->module, expr.offset, expr.size_bytes, &unheard);
  Value few[INLINE_VALUES] = {{{0, 0}}};
  Value *values = few;
  if (expr.size_bytes / 2 >= INLINE_VALUES)
    values = malloc((expr.size_bytes / 2 + 1) * sizeof *values);
  if (!values) return wm_error_out_of_memory(err);
  bool done = run(in, &r, values, err);
  memcpy(out, values->slots, sizeof values->slots);
  if (values != few) free(values);
  return done;
}
