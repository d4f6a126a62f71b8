/* The compiler's low-level representation: the machine's instructions before and after register
 * allocation, made by the machine's selection, read by its emitter (machine.h). This file says what
 * the passes between know: operands, how each is allocated, and the rows that all machines have
 * (lir.def). The other rows are the machine's own.
 *
 * A comparison is part of the instruction that uses it (branch, set, select, trap): flags never
 * live between two instructions. Operands are virtual registers before the allocation (regalloc.c)
 * and locations after it. */
#ifndef WM_JIT_LIR_H
#define WM_JIT_LIR_H

#include "base/base.h"

/* A location: a register, or an 8-byte slot of the frame (a v128 takes two: n and n + 1). There is
 * room for 32 registers of each class; a machine numbers its own from the class's first. */
typedef u32 Loc;
enum {
  FIRST_FLOAT = 32, /* below: integer registers; from here: those of floats and vectors */
  REG_COUNT = 64,
  LOC_SLOT = 0x10000,  /* | n: spill slot n, at sp + 8 * (outgoing_slots + n) */
  LOC_STACK = 0x20000, /* | n: n-th 8-byte slot of stack arguments: sp + 8 * n of the caller */
};
#define LOC_CONST  0x80000000u /* | number: in Compile.constants; in moves and arguments */
#define VREG_FIRST 64u         /* numbers below are registers */

/* A set of registers, a bit each. */
typedef u64 RegSet;
static inline RegSet reg_bit(Loc reg) { return (RegSet)1 << reg; }

typedef enum MemKind {
  MEM_NONE,
  MEM_GUEST,  /* [base of memory 0 + m1 + disp]; m1 may be NONE; faults outside: has a site */
  MEM_ADDR,   /* [m0 + m1 << scale + disp]; m0 or m1 may be NONE */
  MEM_INST,   /* [instance + disp] */
  MEM_CONST,  /* a constant of `width` bytes with the bits in imm */
  MEM_VECTOR, /* Compile.vectors[imm] */
} MemKind;

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
#define LIR(op, ...) LIR_##op,
#include "jit/lir.def"
#undef LIR
  LIR_MACHINE /* the first of the machine's own */
} LirOp;

/* Registers that an instruction takes for itself. */
typedef enum FixedRegs {
  FIX_NONE,
  FIX_CALL,   /* all caller-saved registers; the arguments are one parallel move */
  FIX_ARG,    /* comes in register `sub` (0xFF: stack slot `imm`) at the function's start */
  FIX_RESULT, /* is in register `sub` since the instruction imm + 1 before (a call, a division) */
  FIX_RETURN, /* the function ends: the arguments are moved to the result places, or the callee's */
  FIX_MACHINE /* from here on: Machine.taken says which; they are written while the destination is,
                 after the early operands were read */
} FixedRegs;

/* The operand whose register is the best one for the destination: its index. */
typedef enum Hint { HINT_A = 0, HINT_C = 2, HINT_M0 = 4, HINT_N = 0xFF } Hint;

typedef struct LirConstraints {
  u8 d, a, b, c, e, mem, fixed, hint;
} LirConstraints;

/* The same as masks, a bit for each of Lir.operands: what is read at all, what in a register, what
 * late always, what late unless LIR_COMMUTES is set. */
typedef struct LirReads {
  u8 all, registers, late, mixed;
} LirReads;

/* A row of a .def file as an item of either table, which a machine makes of all its rows. */
#define LIR_CONSTRAINTS(op, d, a, b, c, e, mem, fixed, hint)                                       \
  {C_##d, C_##a, C_##b, C_##c, C_##e, C_##mem, FIX_##fixed, HINT_##hint},
#define LIR_READS(op, d, a, b, c, e, mem, fixed, hint)                                             \
  {LIR_MASK(LIR_IS_READ, a, b, c, e, mem), LIR_MASK(LIR_IS_REGISTER, a, b, c, e, mem),             \
   LIR_MASK(LIR_IS_LATE, a, b, c, e, mem), LIR_MASK(LIR_IS_MIXED, a, b, c, e, mem)},
#define LIR_IS_READ(k)     ((k) != C_N)
#define LIR_IS_REGISTER(k) ((k) == C_R || (k) == C_RL || (k) == C_E || (k) == C_L)
#define LIR_IS_LATE(k)     ((k) == C_RL || (k) == C_ML || (k) == C_L)
#define LIR_IS_MIXED(k)    ((k) == C_MC)
#define LIR_MASK(is, a, b, c, e, mem)                                                              \
  is(C_##a) | is(C_##b) << 1 | is(C_##c) << 2 | is(C_##e) << 3 | is(C_##mem) * (16 + 32)

enum {
  LIR_HAS_IMM = 1,
  LIR_COMMUTES = 2,
  LIR_TRAPS = 4, /* helper: a TrapCode comes back */
  /* 8 and above: the machine's */
};

typedef struct Lir {
  u8 op;    /* LirOp, or one of the machine's */
  u8 sub;   /* which operation of the family */
  u8 width; /* operand bytes: 4, 8 or 16 */
  u8 cc;    /* condition, as the machine encodes it */
  u8 mem;   /* MemKind */
  u8 scale; /* log2 */
  u8 flags; /* LIR_ */
  u8 type;  /* IrType of the value, where the row says so */
  u16 kind; /* OpId, where the row says so */
  u8 reads; /* set by the allocator: which of `operands` are read */
  u8 fault; /* TrapCode at `site` when the memory operand's base is null; 0: it never is */
  u32 d;    /* virtual registers, later locations; NONE: absent */
  union {
    struct {
      u32 a, b, c, e, m0, m1;
    };
    u32 operands[6];
  };
  i64 imm;
  i32 disp;
  u32 args;  /* list in lir_pool: count, then pairs {vreg or LOC_CONST | number, IrType}; 0: none */
  u32 site;  /* index in Compile.sites; 0: cannot trap */
  u32 spill; /* set by the allocator: d is also stored to this frame slot (number n of LOC_SLOT);
                NONE: no */
} Lir;       /* 64 bytes */

/* ---- where arguments and results go (also wasm -> wasm) ---- */
typedef struct ArgCursor {
  u8 ints, floats; /* registers used up */
  u32 stack_slots;
} ArgCursor; /* all-zero at the start */

/* The place of the next one of a list of values: a register or LOC_STACK | slot. */
typedef Loc NextPlace(ArgCursor *cursor, u8 type);

#endif
