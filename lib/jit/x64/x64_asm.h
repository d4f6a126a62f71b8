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

/* ---- general instructions: width 4 or 8 (REX.W) ---- */
/* opcode reg, rm. byte_reg: the register operand (or rm) is a byte register, so that spl.. need a
 * REX. imm_bytes: length of the immediate that follows (needed for rip-relative operands). */
void wm_x64_op(Compile *c, u32 width, u32 opcode, u32 reg, Rm rm, bool byte_reg, u32 imm_bytes);
void wm_x64_mov_imm(Compile *c, Loc reg, u64 value); /* never changes flags */
void wm_x64_mov(Compile *c, u32 width, Loc to,
                Loc from); /* between integer registers; nothing when equal (width 8) */
/* alu rm, imm (imm8 or imm32). */
void wm_x64_alu_imm(Compile *c, u32 width, u32 alu, Rm rm, i32 imm);
/* VEX-encoded integer instructions (BMI). pp: 0 none 1 66 2 F3 3 F2; map: 1 0F, 2 0F38, 3 0F3A. */
void wm_x64_vex(Compile *c, u32 pp, u32 map, u32 w, u32 opcode, u32 reg, u32 vvvv, Rm rm,
                u32 imm_bytes);

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
/* The site of a faulting access at the bytes that come next (called by wm_x64_memory). */
void wm_x64_note_access(Compile *c, u32 site);
/* The second source: memory when x->mem, else b's location. */
static inline Rm x64_source_b(Compile *c, const Lir *x) {
  return x->mem ? wm_x64_memory(c, x) : wm_x64_loc(c, x->b);
}

/* ---- short jumps inside one instruction's sequence ---- */
u32 wm_x64_jump_short(
    Compile *c, u32 condition); /* jcc rel8 (CC_...; 0xFF: jmp) to be bound; returns its place */
void wm_x64_bind_short(Compile *c, u32 place);
/* jcc to a cold trap stub for `code` at `site`. */
void wm_x64_trap_if(Compile *c, u32 condition, TrapCode code, u32 site);

/* ---- x64_simd.c: everything with LIR_V..., and loads and stores of vectors ---- */
/* Selects node n (a vector row, value wanted in vreg d); false: not a vector row. */
bool wm_x64_select_vector(Compile *c, u32 n, u32 d);
/* Emits x; false: not a vector instruction. */
bool wm_x64_emit_vector(Compile *c, const Lir *x);
/* d = vectors[index]. */
void wm_x64_vector_const(Compile *c, Loc d, u32 index);

/* ---- x64_isel.c, for x64_simd.c: selection goes backwards, so what is put later runs earlier ----
 */
u32 wm_isel_use(Compile *c, u32 node);                   /* vreg that holds the node's value */
u32 wm_isel_vreg(Compile *c, IrType type);               /* a fresh one */
Lir wm_isel_lir(u32 op, u32 width, u32 d, u32 a, u32 b); /* others empty */
void wm_isel_put(Compile *c, Lir x); /* appends (and then what its constants need) */
/* Fills x's memory operand with node's address a and displacement b. */
void wm_isel_memory(Compile *c, Lir *x, const Node *access);
/* Whether load node n may be folded as a memory operand here (single use, same block, no write
 * between); wm_isel_fold then does it. */
bool wm_isel_can_fold(const Compile *c, u32 n);
void wm_isel_fold(Compile *c, Lir *x, u32 n);

#endif
