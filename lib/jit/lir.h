/* The compiler's low-level representation: the machine's instructions before and after register
 * allocation, made by x64/x64_isel.c, read by x64/x64_emit.c. The rows are in lir.def.
 *
 * A comparison is part of the instruction that uses it (branch, set, select, trap): flags never
 * live between two instructions. Operands are virtual registers before the allocation (regalloc.c)
 * and locations after it. */
#ifndef WM_JIT_LIR_H
#define WM_JIT_LIR_H

#include "base/base.h"

/* A location: a register, or an 8-byte slot of the frame (a v128 takes two: n and n + 1). */
typedef u32 Loc;
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
  XMM0 = 16, /* .. XMM0 + 15 */
  REG_COUNT = 32,
  LOC_SLOT = 0x10000,  /* | n: spill slot n, at [rsp + 8 * (outgoing_slots + n)] */
  LOC_STACK = 0x20000, /* | n: n-th 8-byte slot of stack arguments: [rsp + 8 * n] of the caller */
};
#define LOC_CONST  0x80000000u /* | node: a constant, in moves and call arguments */
#define VREG_FIRST 32u         /* numbers below are registers */

/* Pinned: r15 the instance, r14 the base of memory 0, rsp. Scratch, for the emitter alone: r11,
 * xmm14, xmm15. Saved by the callee: rbx, rbp, r12, r13. */
#define CALLEE_SAVED (1u << RBX | 1u << RBP | 1u << R12 | 1u << R13)
#define ALL_GPRS                                                                                   \
  (1u << RAX | 1u << RCX | 1u << RDX | 1u << RSI | 1u << RDI | 1u << R8 | 1u << R9 | 1u << R10 |   \
   CALLEE_SAVED)
#define ALL_XMMS 0x3FFF0000u /* xmm0 .. xmm13 */

typedef enum MemKind {
  MEM_NONE,
  MEM_GUEST,  /* [r14 + m1 + disp]: memory 0; m1 may be NONE; faults outside: has a site */
  MEM_ADDR,   /* [m0 + m1 << scale + disp]; m0 or m1 may be NONE */
  MEM_INST,   /* [r15 + disp] */
  MEM_CONST,  /* a constant of `width` bytes with the bits in imm */
  MEM_VECTOR, /* Compile.vectors[imm] */
} MemKind;

/* x86 condition codes. */
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

/* How an operand is allocated (the columns of lir.def). */
typedef enum Constraint {
  C_N,  /* none */
  C_R,  /* a register */
  C_M,  /* a register or a slot */
  C_T,  /* the same, best the destination's: the emitter moves it there first */
  C_RL, /* as C_R, and read after the destination was written: not in its register */
  C_ML, /* as C_M, likewise */
  C_MC, /* C_M when LIR_COMMUTES is set, else C_ML */
  C_E,  /* m0, m1: registers, dead when the destination is written */
  C_L,  /* m0, m1: registers, not the destination's */
} Constraint;

typedef enum LirOp {
#define LIR(op, d, a, b, c, e, mem, fixed) LIR_##op,
#include "jit/lir.def"
#undef LIR
  LIR_OP_COUNT
} LirOp;

/* Registers that an instruction takes for itself (the last column). */
typedef enum FixedRegs {
  FIX_NONE,
  FIX_CL,     /* rcx is written while the destination is, after the early operands were read */
  FIX_AXDX,   /* rax and rdx likewise */
  FIX_CALL,   /* all caller-saved registers; the arguments are one parallel move */
  FIX_ARG,    /* comes in register `sub` (0xFF: stack slot `imm`) at the function's start */
  FIX_RESULT, /* is in register `sub` since the instruction imm + 1 before (a call, a division) */
  FIX_RETURN, /* the arguments are moved to the result places */
} FixedRegs;

typedef struct LirConstraints {
  u8 d, a, b, c, e, mem, fixed;
} LirConstraints;
extern const LirConstraints wm_lir_constraints[LIR_OP_COUNT];

/* The same as masks, a bit for each of Lir.operands: what is read at all, what in a register, what
 * late always, what late unless LIR_COMMUTES is set. */
typedef struct LirReads {
  u8 all, registers, late, mixed;
} LirReads;
extern const LirReads wm_lir_reads[LIR_OP_COUNT];
const char *wm_lir_name(u32 op); /* "alu" */

enum {
  LIR_HAS_IMM = 1,
  LIR_COMMUTES = 2,
  LIR_BYTE = 4,    /* comparisons with memory: one byte */
  LIR_NEGATED = 8, /* float branch: edges exchanged */
  LIR_TRAPS = 16,  /* helper: a TrapCode comes back */
};

typedef struct Lir {
  u8 op;    /* LirOp */
  u8 sub;   /* which operation of the family */
  u8 width; /* operand bytes: 4, 8 or 16 */
  u8 cc;    /* Condition */
  u8 mem;   /* MemKind */
  u8 scale; /* log2 */
  u8 flags; /* LIR_ */
  u8 type;  /* IrType of the value, where the row says so */
  u16 kind; /* OpId, where the row says so */
  u8 reads; /* set by the allocator: which of `operands` are read */
  u8 unused;
  u32 d; /* virtual registers, later locations; NONE: absent */
  union {
    struct {
      u32 a, b, c, e, m0, m1;
    };
    u32 operands[6];
  };
  i64 imm;
  i32 disp;
  u32 args;  /* list in lir_pool: count, then pairs {vreg or LOC_CONST | node, IrType}; 0: none */
  u32 site;  /* index in Compile.sites; 0: cannot trap */
  u32 spill; /* set by the allocator: d is also stored to this frame slot (number n of LOC_SLOT);
                NONE: no */
} Lir;       /* 64 bytes */

/* ---- where arguments and results go (also wasm -> wasm) ---- */
typedef struct ArgCursor {
  u8 ints, floats; /* registers used up */
  u32 stack_slots;
} ArgCursor; /* all-zero at the start */

/* The place of the next argument: a register or LOC_STACK | slot. is_float: f32, f64, v128.
 * Integers: rdi rsi rdx rcx r8 r9, floats: xmm0..7. */
Loc wm_x64_next_arg(ArgCursor *cursor, u8 type);
/* The same for results: rax rdx rcx rsi, xmm0..3; the rest in stack slots that follow the
 * arguments' (start with stack_slots as the arguments left it). */
Loc wm_x64_next_result(ArgCursor *cursor, u8 type);
/* C helpers: rdi is the instance, so integers begin at rsi. At most 5 integers, no stack. */
Loc wm_x64_next_helper_arg(ArgCursor *cursor, u8 type);
/* Operands of LIR_CALL_MEANING: all of them in stack slots. */
Loc wm_x64_next_meaning_arg(ArgCursor *cursor, u8 type);

#endif
