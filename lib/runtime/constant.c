/* Constant expressions (spec 3.4.15), with extended arithmetic and objects. They are valid, so only
 * memory can be missing, or time. Operands lie side by side in slots as in a frame, two for a v128.
 * Whatever pushes one takes two bytes or more, so as many slots as the expression has bytes are
 * enough. Nobody looks for references there: the heap does not collect meanwhile. */
#include "runtime/gc.h"
#include "runtime/pieces.h"
#include "wasm/reader.h"

#include <stdlib.h>

enum { INLINE_SLOTS = 32 };

/* The result of an instruction whose operands are below `top`; returns the new top. */
static u64 *combine(u64 *top, u16 op) {
  u64 b = top[-1];
  u64 *a = &top[-2];
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

static u64 *push(u64 *top, u64 slot) {
  *top = slot;
  return top + 1;
}

static u64 *push_global(const Instance *in, u32 index, u64 *top) {
  const Global *global = in->globals[index];
  u32 slots = val_slots(global->type.type);
  memcpy(top, global->value, slots * sizeof *top);
  return top + slots;
}

/* Slots of the operands of an instruction on objects. */
static u64 object_operands(const Module *m, const Instr *instr) {
  u64 slots = 0;
  switch (instr->op) {
  case OP_struct_new: {
    const SubType *type = &m->types[instr->index];
    for (u32 i = 0; i < type->field_count; i++) slots += val_slots(type->fields[i].type);
    return slots;
  }
  case OP_struct_new_default: return 0;
  case OP_array_new: return 1 + val_slots(m->types[instr->index].fields[0].type);
  case OP_array_new_fixed:
    return (u64)instr->index2 * val_slots(m->types[instr->index].fields[0].type);
  default: return 1;
  }
}

/* NULL: out of memory, err set. */
static u64 *make_object(Instance *in, const Instr *instr, u64 *top, Error *err) {
  const Module *m = &in->module->module;
  u64 *at = top - object_operands(m, instr);
  bool names_type = wm_op_info[instr->op].immediate != IMM_NONE;
  GcInstr gc = {instr->op, names_type ? in->type_ids[instr->index] : 0, instr->index2};
  TrapCode trap = wm_gc_run(in, &gc, at);
  if (!trap) return at + 1;
  if (trap == TRAP_OUT_OF_MEMORY) return wm_error_out_of_memory(err), NULL;
  wm_trap_raise(in->store, trap, NULL, 0); /* interrupted */
  return wm_trap_tell(in->store, instr->offset, err), NULL;
}

static u64 *step(Instance *in, const Instr *instr, u64 *top, Error *err) {
  switch (instr->op) {
  case OP_i32_const:
  case OP_i64_const:
  case OP_f32_const:
  case OP_f64_const: return push(top, instr->bits);
  case OP_v128_const: return push(push(top, instr->v128.u64x2[0]), instr->v128.u64x2[1]);
  case OP_ref_null: return push(top, 0);
  case OP_ref_func: return push(top, ref_slot(ref_of_object(in->funcs[instr->index])));
  case OP_global_get: return push_global(in, instr->index, top);
  case OP_struct_new:
  case OP_struct_new_default:
  case OP_array_new:
  case OP_array_new_default:
  case OP_array_new_fixed:
  case OP_ref_i31:
  case OP_any_convert_extern:
  case OP_extern_convert_any: return make_object(in, instr, top, err);
  default: return combine(top, instr->op);
  }
}

/* All of them, from `top` on: the value ends at the bottom. */
static bool run(Instance *in, Reader *r, u64 *top, Error *err) {
  Instr instr;
  for (u32 i = 1; wm_instr_read(r, &instr) && instr.op != OP_end; i++) {
    if (i % PIECE_ITEMS == 0 && !wm_trap_may_go_on(in->store, err)) return false;
    top = step(in, &instr, top, err);
    if (!top) return false;
  }
  return true;
}

bool wm_const_evaluate(Instance *in, ConstExpr expr, u64 out[2], Error *err) {
  Error unheard;
  unheard.code = ERR_NONE;
  Reader r = wm_reader_at(&in->module->module, expr.offset, expr.size_bytes, &unheard);
  u64 few[INLINE_SLOTS] = {0};
  u64 *slots = few;
  if (expr.size_bytes > INLINE_SLOTS) slots = malloc((expr.size_bytes + 2) * sizeof *slots);
  if (!slots) return wm_error_out_of_memory(err);
  bool done = run(in, &r, slots, err);
  memcpy(out, slots, 2 * sizeof *out);
  if (slots != few) free(slots);
  return done;
}
