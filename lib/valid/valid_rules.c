/* Every instruction's rule from its row in opcodes.def, built by the compiler. The signature column
 * is a token, so each signature in use is spelled out once here; an unknown one does not compile.
 */
#include "valid/validator.h"

#define I VAL_I32
#define L VAL_I64
#define F VAL_F32
#define D VAL_F64
#define S VAL_V128
#define P RULE_ADDRESS
#define O VAL_BOTTOM /* no result */

/* operand count, operands, result */
#define SIG_x     RULE_BY_HAND, {0}, O
#define SIG__     0, {0}, O
#define SIG__i    0, {0}, I
#define SIG__l    0, {0}, L
#define SIG__f    0, {0}, F
#define SIG__d    0, {0}, D
#define SIG__s    0, {0}, S
#define SIG__p    0, {0}, P
#define SIG_i_i   1, {I}, I
#define SIG_i_l   1, {I}, L
#define SIG_i_f   1, {I}, F
#define SIG_i_d   1, {I}, D
#define SIG_i_s   1, {I}, S
#define SIG_l_i   1, {L}, I
#define SIG_l_l   1, {L}, L
#define SIG_l_f   1, {L}, F
#define SIG_l_d   1, {L}, D
#define SIG_l_s   1, {L}, S
#define SIG_f_i   1, {F}, I
#define SIG_f_l   1, {F}, L
#define SIG_f_f   1, {F}, F
#define SIG_f_d   1, {F}, D
#define SIG_f_s   1, {F}, S
#define SIG_d_i   1, {D}, I
#define SIG_d_l   1, {D}, L
#define SIG_d_f   1, {D}, F
#define SIG_d_d   1, {D}, D
#define SIG_d_s   1, {D}, S
#define SIG_s_i   1, {S}, I
#define SIG_s_l   1, {S}, L
#define SIG_s_f   1, {S}, F
#define SIG_s_d   1, {S}, D
#define SIG_s_s   1, {S}, S
#define SIG_p_i   1, {P}, I
#define SIG_p_l   1, {P}, L
#define SIG_p_f   1, {P}, F
#define SIG_p_d   1, {P}, D
#define SIG_p_s   1, {P}, S
#define SIG_p_p   1, {P}, P
#define SIG_ii_i  2, {I, I}, I
#define SIG_ll_i  2, {L, L}, I
#define SIG_ll_l  2, {L, L}, L
#define SIG_ff_i  2, {F, F}, I
#define SIG_ff_f  2, {F, F}, F
#define SIG_dd_i  2, {D, D}, I
#define SIG_dd_d  2, {D, D}, D
#define SIG_ss_s  2, {S, S}, S
#define SIG_si_s  2, {S, I}, S
#define SIG_sl_s  2, {S, L}, S
#define SIG_sf_s  2, {S, F}, S
#define SIG_sd_s  2, {S, D}, S
#define SIG_pi_   2, {P, I}, O
#define SIG_pl_   2, {P, L}, O
#define SIG_pf_   2, {P, F}, O
#define SIG_pd_   2, {P, D}, O
#define SIG_ps_   2, {P, S}, O
#define SIG_ps_s  2, {P, S}, S
#define SIG_pi_i  2, {P, I}, I
#define SIG_pl_l  2, {P, L}, L
#define SIG_sss_s 3, {S, S, S}, S
#define SIG_pii_  3, {P, I, I}, O
#define SIG_pip_  3, {P, I, P}, O
#define SIG_pii_i 3, {P, I, I}, I
#define SIG_pil_i 3, {P, I, L}, I
#define SIG_pll_i 3, {P, L, L}, I
#define SIG_pll_l 3, {P, L, L}, L

/* two results: check_wide in valid_instr.c */
#define SIG_ll_ll   SIG_x
#define SIG_llll_ll SIG_x

/* log2 of what an access touches */
enum {
  ALIGN_u8 = 0,
  ALIGN_i8 = 0,
  ALIGN_u16 = 1,
  ALIGN_i16 = 1,
  ALIGN_u32 = 2,
  ALIGN_i32 = 2,
  ALIGN_f32 = 2,
  ALIGN_u64 = 3,
  ALIGN_i64 = 3,
  ALIGN_f64 = 3,
  ALIGN_V128 = 4,
};

#define RULE(id, imm, align, sig) [OP_##id] = {IMM_##imm, FEATURE_OF_ROW, align, sig},
#define FEATURE_PASTE(name)       FEATURE_##name
#define FEATURE_NAME(name)        FEATURE_PASTE(name)
#define FEATURE_OF_ROW            FEATURE_NAME(OP_FEATURE)

const Rule wm_valid_rules[OP_COUNT] = {
#define OP(prefix, code, id, text, imm, sig)             RULE(id, imm, 0, SIG_##sig)
#define LOAD(prefix, code, id, text, imm, sig, access)   RULE(id, imm, ALIGN_##access, SIG_##sig)
#define STORE(prefix, code, id, text, imm, sig, access)  RULE(id, imm, ALIGN_##access, SIG_##sig)
#define ACCESS(prefix, code, id, text, imm, sig, access) RULE(id, imm, ALIGN_##access, SIG_##sig)
#include "wasm/opcodes.def"
};
