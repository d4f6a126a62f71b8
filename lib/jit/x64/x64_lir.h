/* x86-64 in the low-level representation: registers, operations, conditions (jit/lir.h has what is
 * common to all machines), and where values are when a call begins and ends. */
#ifndef WM_JIT_X64_LIR_H
#define WM_JIT_X64_LIR_H

#include "jit/lir.h"
#include "wasm/types.h"

enum {
  RAX,
  RCX,
  RDX,
  RBX,
  RSP,
  RBP,
  RSI,
  RDI,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15,
  XMM0 = FIRST_FLOAT, /* .. XMM0 + 15; the low four bits are the encoding's */
};

/* Pinned: r15 the instance, r14 the base of memory 0, rsp. Scratch, for the emitter alone: r11,
 * xmm14, xmm15. Saved by the callee: rbx, rbp, r12, r13. */
#define CALLEE_SAVED (1u << RBX | 1u << RBP | 1u << R12 | 1u << R13)
#define ALL_GPRS                                                                                   \
  (1u << RAX | 1u << RCX | 1u << RDX | 1u << RSI | 1u << RDI | 1u << R8 | 1u << R9 | 1u << R10 |   \
   CALLEE_SAVED)
#define ALL_XMMS ((RegSet)0x3FFF << XMM0) /* xmm0 .. xmm13 */

/* Bits of JitOptions.cpu, found once (x64_cpu.c); stress modes clear them. */
enum { CPU_AVX = 1, CPU_BMI1 = 2, CPU_BMI2 = 4, CPU_LZCNT = 8, CPU_FMA = 16, CPU_AVX2 = 32 };

/* Lir.op, from LIR_MACHINE on. */
enum {
  LIR_BEFORE_MACHINE = LIR_MACHINE - 1,
#define LIR(op, ...) LIR_##op,
#include "jit/x64/x64_lir.def"
#undef LIR
  LIR_OP_COUNT
};

/* Registers that an instruction takes for itself, beside those of FixedRegs. */
enum {
  FIX_CL = FIX_MACHINE, /* rcx */
  FIX_AXDX,             /* rax and rdx; operand a best in rax */
  FIX_AX,               /* rax; operand a best there */
  FIX_AX_OUT,           /* rax, for the result alone */
};

/* Lir.flags. */
enum {
  LIR_BYTE = 8,     /* comparisons with memory: one byte */
  LIR_NEGATED = 16, /* float branch: edges exchanged */
};

/* Lir.cc, as in opcodes. */
typedef enum ConditionCode {
  CC_O,
  CC_NO,
  CC_B,
  CC_AE,
  CC_E,
  CC_NE,
  CC_BE,
  CC_A,
  CC_S,
  CC_NS,
  CC_P,
  CC_NP,
  CC_L,
  CC_GE,
  CC_LE,
  CC_G
} ConditionCode;

/* `sub` of LIR_ALU, LIR_RMW and of comparisons. */
typedef enum AluOp {
  ALU_ADD,
  ALU_OR,
  ALU_ADC,
  ALU_SBB,
  ALU_AND,
  ALU_SUB,
  ALU_XOR,
  ALU_CMP,
  ALU_TEST
} AluOp;

/* `sub` of LIR_SHIFTI, SHIFTX, SHIFTCL: the opcode extension of the shifts by an immediate. */
enum { SHIFT_ROL = 0, SHIFT_ROR = 1, SHIFT_SHL = 4, SHIFT_SHR = 5, SHIFT_SAR = 7 };

/* `sub` of LIR_UNARY: the opcode extension. */
enum { UNARY_NOT = 2, UNARY_NEG = 3 };

/* `sub` of LIR_DIV. */
enum { DIV_S, DIV_U, REM_S, REM_U };

/* ---- tables by op (x64_lir.c), for Machine ---- */
extern const LirConstraints wm_x64_constraints[LIR_OP_COUNT];
extern const LirReads wm_x64_reads[LIR_OP_COUNT];
const char *wm_x64_op_name(u32 op);

/* ---- where arguments and results go (x64_abi.c) ---- */
/* Integers: rdi rsi rdx rcx r8 r9, floats: xmm0..7. */
Loc wm_x64_next_arg(ArgCursor *cursor, u8 type);
/* The same for results: rax rdx rcx rsi, xmm0..3; the rest in stack slots that follow the
 * arguments' (start with stack_slots as the arguments left it). */
Loc wm_x64_next_result(ArgCursor *cursor, u8 type);
/* Stack slots that the arguments take; they and the results. */
u32 wm_x64_arg_slots(const SubType *type);
u32 wm_x64_stack_slots(const SubType *type, u32 arg_slots);
/* C helpers: rdi is the instance, so integers begin at rsi. At most 5 integers, no stack. */
Loc wm_x64_next_helper_arg(ArgCursor *cursor, u8 type);
/* Operands of LIR_CALL_MEANING: all of them in stack slots. */
Loc wm_x64_next_meaning_arg(ArgCursor *cursor, u8 type);

#endif
