/* Addresses of the meanings of the PURE vector instructions, for cells (translator.h). */
#include "interp/translator.h"
#include "runtime/simd.h"

VectorMeaning wm_vector_meaning(u16 op) {
  static const VectorMeaning meanings[OP_COUNT - OP_v128_load] = {
#define OP(prefix, code, id, text, imm, sig)
#define PURE(prefix, code, id, text, imm, sig) MEANING_##sig(id)
#define MEANING_OF(id)                         [OP_##id - OP_v128_load] = (VectorMeaning)op_##id,
#define MEANING_s_s(id)                        MEANING_OF(id)
#define MEANING_ss_s(id)                       MEANING_OF(id)
#define MEANING_sss_s(id)                      MEANING_OF(id)
#define MEANING_si_s(id)                       MEANING_OF(id)
#define MEANING_s_i(id)                        MEANING_OF(id)
#define MEANING_i_s(id)                        MEANING_OF(id)
#define MEANING_l_s(id)                        MEANING_OF(id)
#define MEANING_f_s(id)                        MEANING_OF(id)
#define MEANING_d_s(id)                        MEANING_OF(id)
#define MEANING_i_i(id)                        /* scalars have handlers of their own */
#define MEANING_l_i(id)
#define MEANING_f_i(id)
#define MEANING_d_i(id)
#define MEANING_ii_i(id)
#define MEANING_ll_i(id)
#define MEANING_ff_i(id)
#define MEANING_dd_i(id)
#define MEANING_i_l(id)
#define MEANING_l_l(id)
#define MEANING_f_l(id)
#define MEANING_d_l(id)
#define MEANING_ll_l(id)
#define MEANING_i_f(id)
#define MEANING_l_f(id)
#define MEANING_f_f(id)
#define MEANING_d_f(id)
#define MEANING_ff_f(id)
#define MEANING_i_d(id)
#define MEANING_l_d(id)
#define MEANING_f_d(id)
#define MEANING_d_d(id)
#define MEANING_dd_d(id)
#include "wasm/opcodes.def"
  };
  return meanings[op - OP_v128_load];
}
