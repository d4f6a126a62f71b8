/* Constant expressions (spec 3.4.12): a stack machine without control flow. Its `end` closes the
 * expression, so one loop sees it all; bodies have their own loop, as they know blocks. */
#include "valid/operands.h"

/* An instruction with a fixed signature and no memory. */
static bool apply_rule(Validator *v, const Rule *rule) {
  for (u32 i = rule->operand_count; i-- > 0;)
    if (!pop(v, rule->operands[i])) return false;
  push(v, rule->result);
  return true;
}

static bool not_constant(Validator *v) {
  return wm_valid_fail(v, "constant expression required: %s", wm_op_text(v->in.op));
}

/* `global_limit`: how many globals can be read here: the imported ones, or all those before. */
static bool check_global_get(Validator *v, u32 global_limit) {
  u32 index = v->in.index;
  if (index >= global_limit) return wm_valid_fail(v, "unknown global %u", index);
  const GlobalType *global = &v->m->globals[index].type;
  if (global->is_mutable)
    return wm_valid_fail(v, "constant expression required: global %u is mutable", index);
  push(v, global->type);
  return true;
}

/* A function named outside bodies may be called from anywhere, and be named by ref.func in bodies.
 */
static bool check_ref_func(Validator *v) {
  if (!wm_valid_ref_func(v)) return false;
  v->m->funcs[v->in.index].escapes = true;
  return true;
}

static bool check_const_instr(Validator *v, u32 global_limit) {
  const Rule *rule = &wm_valid_rules[v->in.op];
  if (!features_have(v->features, rule->feature))
    return wm_valid_unsupported(v, v->in.offset, rule->feature, wm_op_text(v->in.op));
  switch (v->in.op) {
  case OP_i32_const:
  case OP_i64_const:
  case OP_f32_const:
  case OP_f64_const:
  case OP_v128_const: return apply_rule(v, rule);
  case OP_i32_add:
  case OP_i32_sub:
  case OP_i32_mul:
  case OP_i64_add:
  case OP_i64_sub:
  case OP_i64_mul:
    return wm_valid_need(v, v->in.offset, FEATURE_EXTENDED_CONST,
                         "arithmetic in a constant expression") &&
           apply_rule(v, rule);
  case OP_global_get: return check_global_get(v, global_limit);
  case OP_ref_null: return wm_valid_ref_null(v);
  case OP_ref_func: return check_ref_func(v);
  case OP_struct_new:
  case OP_struct_new_default:
  case OP_array_new:
  case OP_array_new_default:
  case OP_array_new_fixed:
  case OP_ref_i31:
  case OP_any_convert_extern:
  case OP_extern_convert_any: return wm_valid_gc(v);
  default: return not_constant(v);
  }
}

bool wm_valid_const(Validator *v, ConstExpr expr, ValType expected, u32 global_limit) {
  if (!wm_valid_reset_stack(v)) return false;
  Reader r = wm_reader_at(v->m, expr.offset, expr.size_bytes, v->err);
  while (wm_instr_read(&r, &v->in)) {
    if (v->in.op == OP_end) {
      if (!pop(v, expected)) return false;
      if (v->stack_len)
        return wm_valid_fail(v, "type mismatch: %u more values than the one expected",
                             v->stack_len);
      /* The reader was given the bytes of the expression alone. */
      return r.pos == r.end || wm_reader_fail(&r, reader_offset(&r), "section size mismatch");
    }
    if (!check_const_instr(v, global_limit) || !settle_height(v)) return false;
  }
  return false;
}
