/* What the ops of the IR are, made of the rows of opcodes.def: which operands they have, whether
 * they stand in the order of effects, of what type they are. A pure row is a floating node; one
 * that may trap is, when its operands cannot. */
#include "jit/ir.h"

enum {
  A = 1,
  B = 2,
  C = 4,
  LIST_B = 8,
  EFFECT = IR_EFFECT,
  SAFE_PURE = IR_SAFE_IS_PURE,
  LOADS = IR_LOADS,
  ALL = IR_WRITES_ALL | IR_EFFECT,
};

/* A signature's parts: all rows that matter here have at most one result. */
#define LETTER(sig) ((#sig)[sizeof(#sig) - 2])
#define RESULT(sig)                                                                                \
  (LETTER(sig) == 'i'   ? T_I32                                                                    \
   : LETTER(sig) == 'l' ? T_I64                                                                    \
   : LETTER(sig) == 'f' ? T_F32                                                                    \
   : LETTER(sig) == 'd' ? T_F64                                                                    \
   : LETTER(sig) == 's' ? T_V128                                                                   \
                        : T_NONE)
/* a, b, c as far as there are operands; of memory accesses the address is a, a value c (`p_s` has
 * none); with two values (cmpxchg) there is no displacement in b. */
#define OPERANDS_OF(sig) ((1u << ((sizeof(#sig) - 3) & 3)) - 1)
#define ADDRESS_OF(sig)                                                                            \
  (sizeof(#sig) == sizeof("pii_i")                       ? A | B | C                               \
   : sizeof(#sig) == sizeof("p_s") && LETTER(sig) != '_' ? A                                       \
                                                         : A | C)
#define IS_LANE(imm) ((imm) == IMM_LANE || (imm) == IMM_SHUFFLE)

const IrFacts wm_ir_facts[IR_OP_COUNT] = {
#define OP(prefix, code, id, text, imm, sig)                                                       \
  [OP_##id] = {IS_LANE(IMM_##imm) ? OPERANDS_OF(sig) : EFFECT,                                     \
               IS_LANE(IMM_##imm) ? RESULT(sig) : T_NONE},
#define LOAD(prefix, code, id, text, imm, sig, access)                                             \
  [OP_##id] = {A | EFFECT | LOADS, RESULT(sig)},
#define STORE(prefix, code, id, text, imm, sig, access) [OP_##id] = {A | C | EFFECT, T_NONE},
#define ACCESS(prefix, code, id, text, imm, sig, access)                                           \
  [OP_##id] = {ADDRESS_OF(sig) | EFFECT | (prefix == 0xFD && LETTER(sig) == 's' ? LOADS : 0),      \
               RESULT(sig)},
#define PURE(prefix, code, id, text, imm, sig) [OP_##id] = {OPERANDS_OF(sig), RESULT(sig)},
#define TRAPS(prefix, code, id, text, imm, sig)                                                    \
  [OP_##id] = {OPERANDS_OF(sig) | EFFECT | SAFE_PURE, RESULT(sig)},
#include "wasm/opcodes.def"
    [IR_NOP] = {0, T_NONE},
    [IR_CONST] = {0, T_NONE},
    [IR_ARG] = {0, T_NONE},
    [IR_PARAM] = {0, T_NONE},
    [IR_SELECT] = {A | B | C, T_NONE},
    [IR_MULH_S] = {A | B, T_I64},
    [IR_MULH_U] = {A | B, T_I64},
    [IR_MEM0] = {0, T_I64},
    [IR_INST_LOAD] = {0, T_NONE},
    [IR_PURE_LOAD] = {A, T_NONE},
    [IR_RESULT] = {A | EFFECT, T_NONE},
    [IR_BOUNDS] = {A | B | C | EFFECT, T_I64},
    [IR_TRAP_IF] = {A | EFFECT, T_NONE},
    [IR_POLL] = {EFFECT, T_NONE},
    [IR_FUEL] = {EFFECT, T_NONE},
    [IR_BARRIER] = {A | B | EFFECT, T_NONE},
    [IR_CALL] = {LIST_B | ALL, T_NONE},
    [IR_CALL_REF] = {A | LIST_B | ALL, T_NONE},
    [IR_TAIL_CALL] = {LIST_B | EFFECT, T_NONE},
    [IR_TAIL_CALL_REF] = {A | LIST_B | EFFECT, T_NONE},
    [IR_HELPER] = {LIST_B | ALL, T_NONE},
};

/* In both rows of a pair; elsewhere all 0. */
const IrPair wm_ir_pairs[IR_OP_COUNT] = {
#define PAIR(kind, narrow, wide)                                                                   \
  [OP_##narrow] = {KIND_##kind, OP_##narrow, OP_##wide},                                           \
  [OP_##wide] = {KIND_##kind, OP_##narrow, OP_##wide},
#include "jit/ir_pairs.def"
};

const char *wm_ir_name(u16 op) {
#define NAME(op, name) [op - IR_NOP] = name
  static const char names[IR_OP_COUNT - IR_NOP][14] = {
      NAME(IR_NOP, "nop"),
      NAME(IR_CONST, "const"),
      NAME(IR_ARG, "arg"),
      NAME(IR_PARAM, "param"),
      NAME(IR_SELECT, "select"),
      NAME(IR_MULH_S, "mulh_s"),
      NAME(IR_MULH_U, "mulh_u"),
      NAME(IR_MEM0, "mem0"),
      NAME(IR_INST_LOAD, "inst"),
      NAME(IR_PURE_LOAD, "pure_load"),
      NAME(IR_RESULT, "result"),
      NAME(IR_BOUNDS, "bounds"),
      NAME(IR_TRAP_IF, "trap_if"),
      NAME(IR_POLL, "poll"),
      NAME(IR_FUEL, "fuel"),
      NAME(IR_BARRIER, "barrier"),
      NAME(IR_CALL, "call"),
      NAME(IR_CALL_REF, "call_ref"),
      NAME(IR_TAIL_CALL, "tail_call"),
      NAME(IR_TAIL_CALL_REF, "tail_call_ref"),
      NAME(IR_HELPER, "helper"),
  };
#undef NAME
  return op < OP_COUNT ? wm_op_text(op) : names[op - IR_NOP];
}
