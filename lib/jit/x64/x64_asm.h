/* Encodings of x86-64 instructions (Intel SDM volume 2): bytes are appended to Compile.code.
 * Registers are Locs below REG_COUNT; of an XMM register the low four bits count.
 *
 * An opcode is written as its bytes: 0x89, 0x0FAF, 0x660F6F, 0x660F3829 (mandatory prefix, 0F,
 * opcode; the prefix may also stand in bits 24..31: 0x66000089). Vector instructions are written in
 * three-operand form; without AVX (options.cpu) the same call emits the two-operand form, moving
 * first. */
#ifndef WM_JIT_X64_ASM_H
#define WM_JIT_X64_ASM_H

#include "jit/compile.h"
#include "jit/x64/x64_lir.h"

/* A register or memory operand (ModRM). */
typedef struct Rm {
  enum { RM_REG, RM_MEM, RM_CONST, RM_VECTOR, RM_SLOT } kind;
  u8 reg;         /* RM_REG */
  u8 scale;       /* RM_MEM: log2 */
  i8 base, index; /* RM_MEM: registers, or -1 */
  i32 disp;       /* RM_MEM; RM_SLOT: function index whose slot in the region it is */
  u64 bits; /* RM_CONST: the constant, in the pool behind the code; RM_VECTOR: index in vectors */
  u8 bytes; /* RM_CONST: size; 16: the same 8 bytes twice */
  u32 site; /* RM_MEM: an access that may fault: each instruction with this operand gets the site */
  u8 trap;  /* what the fault becomes */
} Rm;

static inline Rm rm_reg(Loc reg) { return (Rm){.kind = RM_REG, .reg = (u8)(reg & 15)}; }
static inline Rm rm_mem(int base, int index, u8 scale, i32 disp) {
  return (Rm){.kind = RM_MEM, .base = (i8)base, .index = (i8)index, .scale = scale, .disp = disp};
}
static inline Rm rm_const(u64 bits, u8 bytes) {
  return (Rm){.kind = RM_CONST, .bits = bits, .bytes = bytes};
}
static inline Rm rm_vector(u32 index) { return (Rm){.kind = RM_VECTOR, .bits = index}; }

/* ---- bytes ---- */
void wm_x64_byte(Compile *c, u32 v);
void wm_x64_u32(Compile *c, u32 v);
void wm_x64_u64(Compile *c, u64 v);
static inline u32 x64_here(const Compile *c) { return c->code.len; }

/* An opcode as the VEX prefix has it: mandatory prefix, opcode map, wide operands. */
typedef struct Vex {
  u8 prefix; /* VEX_NO_PREFIX .. VEX_F2 */
  u8 map;    /* VEX_0F .. VEX_0F3A */
  bool w;
  u8 opcode;
} Vex;
enum { VEX_NO_PREFIX, VEX_66, VEX_F3, VEX_F2 };
enum { VEX_0F = 1, VEX_0F38, VEX_0F3A };

/* ---- general instructions: width 4 or 8 (REX.W) ---- */
/* opcode reg, rm. byte_reg: the register operand (or rm) is a byte register, so that spl.. need a
 * REX. imm_bytes: length of the immediate that follows (needed for rip-relative operands). */
void wm_x64_op(Compile *c, u32 width, u32 opcode, u32 reg, Rm rm, bool byte_reg, u32 imm_bytes);
void wm_x64_mov_imm(Compile *c, Loc reg, u64 value); /* never changes flags */
void wm_x64_mov(Compile *c, u32 width, Loc to,
                Loc from); /* between integer registers; nothing when equal (width 8) */
/* alu rm, imm (imm8 or imm32). */
void wm_x64_alu_imm(Compile *c, u32 width, u32 alu, Rm rm, i32 imm);
/* opcode reg, vvvv, rm in the VEX encoding: integer instructions (BMI) directly. */
void wm_x64_vex(Compile *c, Vex opcode, u32 reg, u32 vvvv, Rm rm, u32 imm_bytes);

/* ---- vector instructions (SSE or AVX form by options.cpu) ---- */
/* d = opcode(a, rm). In SSE form d = a first; when rm is d's register (and not a's) goes through
 * xmm15, which the caller must not have in use. imm: -1 none, else an immediate byte. SSE forms
 * want aligned memory: a caller that folds memory of 16 bytes in SSE mode loads it into xmm15 first
 * (done inside). */
void wm_x64_sse3(Compile *c, u32 opcode, Loc d, Loc a, Rm rm, int imm);
/* d = opcode(rm): one source (moves, sqrt of packed, pshufd, conversions of packed ...). */
void wm_x64_sse2(Compile *c, u32 opcode, Loc d, Rm rm, int imm);
/* The same with REX.W / VEX.W. */
void wm_x64_sse2_w(Compile *c, u32 opcode, Loc d, Rm rm);
void wm_x64_sse3_w(Compile *c, u32 opcode, Loc d, Loc a, Rm rm, int imm);
/* Store: rm = reg. */
void wm_x64_sse_store(Compile *c, u32 opcode, Loc reg, Rm rm, int imm);
void wm_x64_sse_store_w(Compile *c, u32 opcode, Loc reg, Rm rm, int imm);
/* d = a shifted by an immediate: 0x660F71 .. 73 with the opcode extension (psrlw is /2 ...). */
void wm_x64_sse_shift(Compile *c, u32 opcode, u32 extension, Loc d, Loc a, u32 imm);
void wm_x64_movaps(Compile *c, Loc d, Loc s); /* nothing when equal */

/* ---- operands of LIR after allocation ---- */
Rm wm_x64_slot(const Compile *c, u32 slot); /* frame slot n */
Rm wm_x64_loc(const Compile *c, Loc loc);   /* a register or slot */
Rm wm_x64_memory(Compile *c,
                 const Lir *x); /* x's memory operand; notes the fault site for MEM_GUEST */
/* The second source: memory when x->mem, else b's location. */
static inline Rm x64_source_b(Compile *c, const Lir *x) {
  return x->mem ? wm_x64_memory(c, x) : wm_x64_loc(c, x->b);
}

/* ---- short jumps inside one instruction's sequence ---- */
u32 wm_x64_jump_short(
    Compile *c, u32 condition); /* jcc rel8 (CC_...; 0xFF: jmp) to be bound; returns its place */
void wm_x64_bind_short(Compile *c, u32 place);

#endif
