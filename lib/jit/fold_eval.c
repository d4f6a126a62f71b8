/* Folding of constant operands: the meanings op_<id>() of runtime/ are called, one case for each
 * row with scalar operands. */
#include "jit/fold.h"
#include "runtime/simd.h"

typedef struct Result {
  u64 bits;
  V128 vector;
} Result;

/* Between bits and the letters of signatures. */
#define FROM_i(bits) ((u32)(bits))
#define FROM_l(bits) (bits)
#define FROM_f(bits) f32_of_bits((u32)(bits))
#define FROM_d(bits) f64_of_bits(bits)
#define TO_i(v)      r->bits = (v)
#define TO_l(v)      r->bits = (v)
#define TO_f(v)      r->bits = bits_of_f32(v)
#define TO_d(v)      r->bits = bits_of_f64(v)
#define TO_s(v)      r->vector = (v)

#define UNARY(A, R, id)  TO_##R(op_##id(FROM_##A(a)))
#define BINARY(A, R, id) TO_##R(op_##id(FROM_##A(a), FROM_##A(b)))

#define PURE_i_i(id) UNARY(i, i, id)
#define PURE_i_l(id) UNARY(i, l, id)
#define PURE_i_f(id) UNARY(i, f, id)
#define PURE_i_d(id) UNARY(i, d, id)
#define PURE_i_s(id) UNARY(i, s, id)
#define PURE_l_i(id) UNARY(l, i, id)
#define PURE_l_l(id) UNARY(l, l, id)
#define PURE_l_f(id) UNARY(l, f, id)
#define PURE_l_d(id) UNARY(l, d, id)
#define PURE_l_s(id) UNARY(l, s, id)
#define PURE_f_i(id) UNARY(f, i, id)
#define PURE_f_l(id) UNARY(f, l, id)
#define PURE_f_f(id) UNARY(f, f, id)
#define PURE_f_d(id) UNARY(f, d, id)
#define PURE_f_s(id) UNARY(f, s, id)
#define PURE_d_i(id) UNARY(d, i, id)
#define PURE_d_l(id) UNARY(d, l, id)
#define PURE_d_f(id) UNARY(d, f, id)
#define PURE_d_d(id) UNARY(d, d, id)
#define PURE_d_s(id) UNARY(d, s, id)

#define PURE_ii_i(id) BINARY(i, i, id)
#define PURE_ll_i(id) BINARY(l, i, id)
#define PURE_ll_l(id) BINARY(l, l, id)
#define PURE_ff_i(id) BINARY(f, i, id)
#define PURE_ff_f(id) BINARY(f, f, id)
#define PURE_dd_i(id) BINARY(d, i, id)
#define PURE_dd_d(id) BINARY(d, d, id)

/* With vector operands: left to the machine. */
#define PURE_s_i(id)   return false
#define PURE_s_s(id)   return false
#define PURE_si_s(id)  return false
#define PURE_ss_s(id)  return false
#define PURE_sss_s(id) return false

#define TRAPS_f_i(id)  return !op_##id(FROM_f(a), &word) && (r->bits = word, true)
#define TRAPS_d_i(id)  return !op_##id(FROM_d(a), &word) && (r->bits = word, true)
#define TRAPS_f_l(id)  return !op_##id(FROM_f(a), &r->bits)
#define TRAPS_d_l(id)  return !op_##id(FROM_d(a), &r->bits)
#define TRAPS_ii_i(id) return !op_##id(FROM_i(a), FROM_i(b), &word) && (r->bits = word, true)
#define TRAPS_ll_l(id) return !op_##id(a, b, &r->bits)

/* False: it traps, or is not folded. */
static bool evaluate(u16 op, u64 a, u64 b, Result *r) {
  u32 word;
  switch (op) {
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig)                                                     \
  case OP_##id: PURE_##sig(id); break;
#define TRAPS(prefix, code, id, text, imm, sig)                                                    \
  case OP_##id: TRAPS_##sig(id);
#include "wasm/opcodes.def"
  default: return false;
  }
  return true;
}

/* Rows whose NaN is a new one: not those that only touch the sign bit. */
static bool is_arithmetic(u16 op) {
  return (op >= OP_f32_ceil && op <= OP_f32_max) || (op >= OP_f64_ceil && op <= OP_f64_max) ||
         op == OP_f32_demote_f64 || op == OP_f64_promote_f32;
}

static u64 canonical(u16 op, u64 bits) {
  if (!is_arithmetic(op)) return bits;
  if (wm_ir_result_type(op) == T_F32)
    return op_f32_ne(FROM_f(bits), FROM_f(bits)) ? 0x7FC00000u : bits;
  return op_f64_ne(FROM_d(bits), FROM_d(bits)) ? UINT64_C(0x7FF8) << 48 : bits;
}

u32 wm_fold_constants(Compile *c, const Node *n) {
  u32 operands = wm_ir_operands(n);
  if (n->op >= OP_COUNT || !(operands & 1) || operands & ~3u || !is_const(c, n->a)) return NONE;
  if (operands & 2 && !is_const(c, n->b)) return NONE;
  Result r;
  if (!evaluate(n->op, const_bits(c, n->a), operands & 2 ? const_bits(c, n->b) : 0, &r))
    return NONE;
  IrType type = wm_ir_result_type(n->op);
  if (type == T_V128) return wm_ir_vector(c, r.vector);
  return wm_ir_const(c, type, c->options.canonical_nan ? canonical(n->op, r.bits) : r.bits);
}
