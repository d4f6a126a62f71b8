/* Atomic accesses as bytes. Lir.kind is the wasm row, which knows how many bytes of memory there
 * are; r11 is the emitter's own. */
#include "jit/x64/x64_emit.h"

enum { LOCK = 0xF0, OPERAND_16 = 0x66 };

static u32 bytes_of(const Lir *x) { return wm_op_info[x->kind].access_bytes; }
static u32 width_for(u32 bytes) { return bytes == 8 ? 8 : 4; }

/* The form for `bytes` of an opcode for 4 bytes, whose neighbour below is for one. */
static u32 sized(u32 opcode, u32 bytes) {
  u32 two = opcode > 0xFF ? OPERAND_16 << 16 : (u32)OPERAND_16 << 24;
  return bytes == 1 ? opcode - 1 : bytes == 2 ? two | opcode : opcode;
}

/* The memory operand. An access that faults does so at its first byte, the prefix. */
static Rm begin_locked(Compile *c, const Lir *x) {
  Rm m = wm_x64_memory(c, x);
  if (m.site) wm_x64_note_access(c, m.site, m.trap);
  m.site = 0;
  wm_x64_byte(c, LOCK);
  return m;
}

/* lock opcode [place], reg */
static void put_locked(Compile *c, const Lir *x, u32 opcode, Loc reg) {
  Rm m = begin_locked(c, x);
  u32 bytes = bytes_of(x);
  wm_x64_op(c, width_for(bytes), sized(opcode, bytes), reg, m, bytes == 1, 0);
}

/* The old value, of which the machine wrote as many bytes as there are in memory. */
static void widen(Compile *c, Loc reg, u32 bytes) {
  if (bytes < 4) wm_x64_op(c, 4, bytes == 1 ? 0x0FB6 : 0x0FB7, reg, rm_reg(reg), bytes == 1, 0);
}

static void move_to(Compile *c, u32 width, Loc to, Loc from) {
  if (from != to) wm_x64_op(c, width, 0x8B, to, wm_x64_loc(c, from), false, 0);
}

/* xchg with memory locks by itself. */
static void put_xchg(Compile *c, const Lir *x, Loc reg) {
  u32 bytes = bytes_of(x);
  wm_x64_op(c, width_for(bytes), sized(0x87, bytes), reg, wm_x64_memory(c, x), bytes == 1, 0);
}

static void emit_store(Compile *c, const Lir *x) {
  if (x->flags & LIR_HAS_IMM)
    wm_x64_mov_imm(c, R11, x->width == 8 ? (u64)x->imm : (u32)x->imm);
  else
    wm_x64_mov(c, 8, R11, x->a);
  put_xchg(c, x, R11);
}

static void emit_xchg(Compile *c, const Lir *x) {
  move_to(c, x->width, x->d, x->a);
  put_xchg(c, x, x->d);
  widen(c, x->d, bytes_of(x));
}

static void emit_xadd(Compile *c, const Lir *x) {
  move_to(c, x->width, x->d, x->a);
  if (x->sub) wm_x64_op(c, x->width, 0xF7, UNARY_NEG, rm_reg(x->d), false, 0);
  put_locked(c, x, 0x0FC1, x->d);
  widen(c, x->d, bytes_of(x));
}

/* lock alu [place], imm */
static void put_locked_imm(Compile *c, const Lir *x) {
  u32 bytes = bytes_of(x), imm_bytes = bytes == 2 ? 2 : 4;
  bool is_short = x->imm == (i8)x->imm;
  if (is_short) imm_bytes = 1;
  u32 opcode = is_short && bytes > 1 ? 0x83 : 0x81;
  Rm m = begin_locked(c, x);
  wm_x64_op(c, width_for(bytes), sized(opcode, bytes), x->sub, m, false, imm_bytes);
  for (u32 i = 0; i < imm_bytes; i++) wm_x64_byte(c, (u8)(x->imm >> 8 * i));
}

static void emit_locked(Compile *c, const Lir *x) {
  if (x->flags & LIR_HAS_IMM)
    put_locked_imm(c, x);
  else
    put_locked(c, x, (u32)x->sub << 3 | 1, x->a);
}

static void load_old(Compile *c, const Lir *x) {
  u32 bytes = bytes_of(x), opcode = bytes == 1 ? 0x0FB6 : bytes == 2 ? 0x0FB7 : 0x8B;
  wm_x64_op(c, width_for(bytes), opcode, RAX, wm_x64_memory(c, x), false, 0);
}

/* rax: the value that was there. */
static void emit_loop(Compile *c, const Lir *x) {
  load_old(c, x);
  u32 again = x64_here(c);
  wm_x64_mov(c, 8, R11, RAX);
  wm_x64_op(c, x->width, (u32)x->sub << 3 | 3, R11, rm_reg(x->a), false, 0);
  put_locked(c, x, 0x0FB1, R11);
  wm_x64_byte(c, 0x70 | CC_NE);
  wm_x64_byte(c, again - (x64_here(c) + 1));
}

/* rax: what is expected, then what was there. The upper bits of what was expected are no part of
 * it, and stay when the values are equal. */
static void emit_cmpxchg(Compile *c, const Lir *x) {
  u32 bytes = bytes_of(x);
  move_to(c, x->width, RAX, x->a);
  put_locked(c, x, 0x0FB1, x->b);
  if (bytes == 4 && x->type == T_I64) wm_x64_mov(c, 4, RAX, RAX);
  widen(c, RAX, bytes);
}

/* lock or dword [rsp], 0: orders as mfence does, and is faster. */
static void emit_fence(Compile *c) {
  wm_x64_byte(c, LOCK);
  wm_x64_alu_imm(c, 4, ALU_OR, rm_mem(RSP, -1, 0, 0), 0);
}

bool wm_x64_emit_atomic(Compile *c, const Lir *x) {
  switch (x->op) {
  case LIR_ATOMIC_STORE: emit_store(c, x); break;
  case LIR_XCHG: emit_xchg(c, x); break;
  case LIR_XADD: emit_xadd(c, x); break;
  case LIR_LOCKED: emit_locked(c, x); break;
  case LIR_ATOMIC_LOOP: emit_loop(c, x); break;
  case LIR_CMPXCHG: emit_cmpxchg(c, x); break;
  case LIR_FENCE: emit_fence(c); break;
  default: return false;
  }
  return true;
}
