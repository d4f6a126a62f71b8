/* What the compiler knows of the machine that it compiles for: registers, the rows of its LIR,
 * where calls have their values, and what the passes, published code and debuggers ask of it. The
 * passes before selection do not depend on it; those behind reach it through Compile.machine.
 *
 *   build fold place | select |  live regalloc moves  | emit | publish  unwind  debug
 *      no machine    | its own|  tables of this file  | own  | functions of this file
 *
 * A machine is a folder whose files meson picks (meson.build); it defines wm_jit_machine. */
#ifndef WM_JIT_MACHINE_H
#define WM_JIT_MACHINE_H

#include "base/buffer.h"
#include "jit/compile.h"

/* The integer registers, or those of floats and vectors. */
typedef struct RegClass {
  RegSet all;      /* what may be allocated */
  const u8 *order; /* the same, best first: those saved by the callee last, since each costs a save
                      and a restore */
  u32 count;
} RegClass;

/* What an instruction takes for itself (FixedRegs from FIX_MACHINE on). */
typedef struct TakenRegs {
  RegSet regs;
  u8 first; /* where operand a is best, or NO_REG */
} TakenRegs;
enum { NO_REG = 0xFF };

struct Machine {
  /* ---- registers ---- */
  RegClass ints, floats;
  RegSet callee_saved;  /* of those that may be allocated */
  RegSet kept;          /* all that a call keeps: also the pinned ones and the stack pointer */
  u8 instance, memory0; /* pinned: the instance, the base of memory 0 */
  /* Never allocated. What waits in a cycle of moves, and a constant on its way to memory: in
   * scratch_int or scratch_float; a copy from memory to memory: in scratch_copy, a float register.
   */
  u8 scratch_int, scratch_float, scratch_copy;

  /* ---- LIR: tables by op ---- */
  const LirConstraints *constraints;
  const LirReads *reads;
  const TakenRegs *taken; /* by FixedRegs - FIX_MACHINE */

  /* ---- calls: where values go, also wasm -> wasm ---- */
  NextPlace *next_arg, *next_result; /* results continue the arguments' stack slots */
  NextPlace *next_helper_arg;        /* C functions; the instance comes before */
  NextPlace *next_meaning_arg;       /* LIR_CALL_MEANING */
  u8 callee;                         /* the last argument of LIR_CALL_REF and LIR_TAIL_CALL_REF */

  /* ---- passes ---- */
  void (*select)(Compile *c); /* lir, vregs */
  void (*select_free)(void *scratch);
  void (*emit)(Compile *c); /* code and tables; all jumps as short as they can be */
  void (*emit_free)(void *scratch);
  /* Whether one instruction writes these 8 bytes to memory. */
  bool (*stores_constant)(u64 bits);

  /* ---- code in its place ---- */
  u32 code_alignment;
  void (*fill)(u8 *to, size_t size_bytes); /* with what traps when it is run into */
  /* The call at CallFixup.at, whose instruction has its final address, finds its slot. */
  void (*link_call)(u8 *at, const u8 *slot);
  const NativeMachine *native; /* the ways in and out */
  u32 (*cpu)(void);            /* what this processor offers: bits for JitOptions.cpu */
  bool (*available)(void);     /* whether it runs compiled code at all */

  /* ---- for debuggers and unwinders (DWARF 5, section 6.4; System V ABI of the machine) ---- */
  u16 elf_machine;                   /* e_machine */
  u8 return_column;                  /* DWARF's number of the return address */
  void (*unwind_entry)(Buffer *out); /* the rules at a function's first instruction */
  void (*unwind_prologue)(const NativeBody *body, Buffer *out);

  /* ---- as text ---- */
  const char *(*op_name)(u32 op);
  void (*print_register)(Loc reg, Buffer *out);
  void (*print_op)(const Lir *x, Buffer *out); /* with what is in sub, kind, cc and width */
  bool (*has_imm)(const Lir *x);               /* whether imm is an operand */
};

extern const Machine wm_jit_machine;

#endif
