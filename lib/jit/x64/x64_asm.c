/* Encodings (x64_asm.h). One function writes ModRM, SIB and displacement, for all forms. */
#include "jit/x64/x64_asm.h"
#include "jit/x64/x64_emit.h"

enum { INSTRUCTION_ROOM = 32 }; /* no instruction is longer, with its immediate */

/* ---- bytes ---- */

static u8 *begin(Compile *c) {
  jit_reserve(c, &c->code, INSTRUCTION_ROOM);
  return c->code.data + c->code.len;
}

static void end(Compile *c, const u8 *p) { c->code.len = (u32)(p - c->code.data); }

void wm_x64_byte(Compile *c, u32 v) { *jit_push(c, &c->code) = (u8)v; }

void wm_x64_u32(Compile *c, u32 v) {
  jit_reserve(c, &c->code, 4);
  store_u32(c->code.data + c->code.len, v);
  c->code.len += 4;
}

void wm_x64_u64(Compile *c, u64 v) {
  jit_reserve(c, &c->code, 8);
  store_u64(c->code.data + c->code.len, v);
  c->code.len += 8;
}

static u8 *put_u32(u8 *p, u32 v) {
  store_u32(p, v);
  return p + 4;
}

/* ---- operands ---- */

/* rbp and r13 as a base want a displacement. */
static bool is_awkward_base(int reg) { return (reg & 7) == RBP; }

/* The shortest form of the same address. */
static Rm shortest(Rm m) {
  if (m.kind != RM_MEM || m.index < 0 || m.scale != 0) return m;
  if (m.base < 0) {
    m.base = m.index;
    m.index = -1;
  } else if (m.disp == 0 && is_awkward_base(m.base) && !is_awkward_base(m.index)) {
    i8 base = m.base;
    m.base = m.index;
    m.index = base;
  }
  return m;
}

/* The bits R, X, B of a REX prefix. */
static u32 rex_bits(u32 reg, const Rm *m) {
  u32 bits = (reg >> 3 & 1) << 2;
  if (m->kind == RM_REG) return bits | (m->reg >> 3 & 1);
  if (m->kind != RM_MEM) return bits;
  if (m->index >= 0) bits |= ((u32)m->index >> 3 & 1) << 1;
  if (m->base >= 0) bits |= (u32)m->base >> 3 & 1;
  return bits;
}

/* disp32 from the instruction's end to something that is placed later. */
static u8 *put_rip(Compile *c, u8 *p, u32 reg, const Rm *m, u32 imm_bytes) {
  *p++ = (u8)(reg << 3 | 5);
  u32 at = (u32)(p - c->code.data);
  if (m->kind == RM_SLOT) {
    assert(imm_bytes == 0);
    *jit_push(c, &c->calls) = (CallFixup){at, (u32)m->disp};
  } else {
    wm_x64_refer(c, m, at, imm_bytes);
  }
  return put_u32(p, 0);
}

static u8 *put_memory(u8 *p, u32 reg, const Rm *m) {
  u32 index = m->index < 0 ? 4 : (u32)m->index & 7;
  u8 sib = (u8)((u32)m->scale << 6 | index << 3);
  if (m->base < 0) {
    *p++ = (u8)(reg << 3 | 4);
    *p++ = sib | 5;
    return put_u32(p, (u32)m->disp);
  }
  u32 base = (u32)m->base & 7;
  u32 mod = m->disp == 0 && !is_awkward_base(m->base) ? 0 : m->disp == (i8)m->disp ? 1 : 2;
  if (m->index >= 0 || base == RSP) {
    *p++ = (u8)(mod << 6 | reg << 3 | 4);
    *p++ = (u8)(sib | base);
  } else {
    *p++ = (u8)(mod << 6 | reg << 3 | base);
  }
  if (mod == 1) *p++ = (u8)m->disp;
  return mod == 2 ? put_u32(p, (u32)m->disp) : p;
}

static u8 *put_modrm(Compile *c, u8 *p, u32 reg, const Rm *m, u32 imm_bytes) {
  reg &= 7;
  switch (m->kind) {
  case RM_REG: *p++ = (u8)(0xC0 | reg << 3 | (m->reg & 7)); return p;
  case RM_MEM: return put_memory(p, reg, m);
  default: return put_rip(c, p, reg, m, imm_bytes);
  }
}

/* ---- general instructions ---- */

/* The mandatory prefix in bits 24..31, wherever it was. */
static u32 standard(u32 opcode) {
  u32 second = opcode >> 16;
  if (second != 0x66 && second != 0xF2 && second != 0xF3) return opcode;
  return second << 24 | (opcode & 0xFFFF);
}

/* Whether the ModRM reg field of a byte instruction names a byte register: not so in the groups,
 * where it extends the opcode, and for movzx. */
static bool has_byte_reg(u32 opcode) {
  switch (opcode) {
  case 0x80:
  case 0xC0:
  case 0xC6:
  case 0xD0:
  case 0xD2:
  case 0xF6:
  case 0xFE: return false;
  case 0x0FB0:
  case 0x0FC0: return true; /* cmpxchg, xadd */
  default: return opcode < 0x100;
  }
}

void wm_x64_op(Compile *c, u32 width, u32 opcode, u32 reg, Rm rm, bool byte_reg, u32 imm_bytes) {
  if (rm.kind == RM_MEM && rm.site) wm_x64_note_access(c, rm.site, rm.trap);
  rm = shortest(rm);
  u8 *p = begin(c);
  opcode = standard(opcode);
  u32 prefix = opcode >> 24;
  opcode &= 0xFFFFFF;
  if (prefix) *p++ = (u8)prefix;
  u32 rex = rex_bits(reg, &rm) | (width == 8 ? 8 : 0);
  bool wants_rex = byte_reg && ((rm.kind == RM_REG && rm.reg >= RSP) ||
                                (has_byte_reg(opcode) && (reg & 15) >= RSP));
  if (rex || wants_rex) *p++ = (u8)(0x40 | rex);
  if (opcode > 0xFFFF) *p++ = 0x0F;
  if (opcode > 0xFF) *p++ = (u8)(opcode >> 8);
  *p++ = (u8)opcode;
  end(c, put_modrm(c, p, reg, &rm, imm_bytes));
}

void wm_x64_mov_imm(Compile *c, Loc reg, u64 value) {
  u8 *p = begin(c);
  u8 high = (u8)(reg >> 3 & 1), low = (u8)(reg & 7);
  if (value <= UINT32_MAX) {
    if (high) *p++ = 0x41;
    *p++ = 0xB8 | low;
    end(c, put_u32(p, (u32)value));
  } else if ((i64)value == (i32)value) {
    *p++ = 0x48 | high;
    *p++ = 0xC7;
    *p++ = 0xC0 | low;
    end(c, put_u32(p, (u32)value));
  } else {
    *p++ = 0x48 | high;
    *p++ = 0xB8 | low;
    store_u64(p, value);
    end(c, p + 8);
  }
}

void wm_x64_mov(Compile *c, u32 width, Loc to, Loc from) {
  if (to == from && width == 8) return;
  wm_x64_op(c, width, 0x8B, to, rm_reg(from), false, 0);
}

void wm_x64_alu_imm(Compile *c, u32 width, u32 alu, Rm rm, i32 imm) {
  bool is_short = imm == (i8)imm;
  if (!is_short && rm.kind == RM_REG && rm.reg == RAX) { /* a form without ModRM */
    if (width == 8) wm_x64_byte(c, 0x48);
    wm_x64_byte(c, alu << 3 | 5);
    wm_x64_u32(c, (u32)imm);
    return;
  }
  wm_x64_op(c, width, is_short ? 0x83 : 0x81, alu, rm, false, is_short ? 1 : 4);
  if (is_short)
    wm_x64_byte(c, (u8)imm);
  else
    wm_x64_u32(c, (u32)imm);
}

void wm_x64_vex(Compile *c, Vex opcode, u32 reg, u32 vvvv, Rm rm, u32 imm_bytes) {
  if (rm.kind == RM_MEM && rm.site) wm_x64_note_access(c, rm.site, rm.trap);
  rm = shortest(rm);
  u8 *p = begin(c);
  u32 rex = rex_bits(reg, &rm);
  u32 rest = (~vvvv & 15) << 3 | opcode.prefix; /* L = 0 */
  if ((rex & 3) == 0 && opcode.map == VEX_0F && !opcode.w) {
    *p++ = 0xC5;
    *p++ = (u8)((~rex >> 2 & 1) << 7 | rest);
  } else {
    *p++ = 0xC4;
    *p++ = (u8)((~rex & 7) << 5 | opcode.map);
    *p++ = (u8)((u32)opcode.w << 7 | rest);
  }
  *p++ = opcode.opcode;
  end(c, put_modrm(c, p, reg, &rm, imm_bytes));
}

/* ---- vector instructions ---- */

static bool has_avx(const Compile *c) { return (c->options.cpu & CPU_AVX) != 0; }

static u8 vex_prefix(u32 opcode) {
  switch (opcode >> 24) {
  case 0x66: return VEX_66;
  case 0xF3: return VEX_F3;
  case 0xF2: return VEX_F2;
  default: return VEX_NO_PREFIX;
  }
}

static u8 vex_map(u32 opcode) {
  switch (opcode >> 8 & 0xFFFF) {
  case 0x0F38: return VEX_0F38;
  case 0x0F3A: return VEX_0F3A;
  default: return VEX_0F;
  }
}

static void put_imm(Compile *c, int imm) {
  if (imm >= 0) wm_x64_byte(c, (u32)imm);
}

static void sse_vex(Compile *c, u32 w, u32 opcode, u32 reg, u32 vvvv, Rm rm, int imm) {
  Vex vex = {vex_prefix(opcode), vex_map(opcode), w != 0, (u8)opcode};
  wm_x64_vex(c, vex, reg & 15, vvvv & 15, rm, imm >= 0);
  put_imm(c, imm);
}

static void sse_legacy(Compile *c, u32 w, u32 opcode, u32 reg, Rm rm, int imm) {
  wm_x64_op(c, w ? 8 : 4, opcode, reg & 15, rm, false, imm >= 0);
  put_imm(c, imm);
}

/* Whether the SSE form reads 16 bytes that must be aligned. The others are scalar, read less, or
 * are moves made for unaligned memory. */
static bool wants_alignment(u32 opcode) {
  u32 prefix = opcode >> 24, code = opcode & 0xFFFFFF;
  switch (code) {
  case 0x0F10:
  case 0x0F12:
  case 0x0F16:
  case 0x0F2A:
  case 0x0F2C:
  case 0x0F2D:
  case 0x0F2E:
  case 0x0F2F:
  case 0x0F6E:
  case 0x0F7E:
  case 0x0FC4: return false;
  case 0x0F5A: return prefix == 0x66; /* cvtps2pd reads 8 bytes */
  case 0x0FE6: return prefix != 0xF3; /* and cvtdq2pd */
  case 0x0F6F: return prefix != 0xF3; /* movdqu */
  case 0x0F70:
  case 0x0F7C:
  case 0x0F7D:
  case 0x0FD0: return true;
  case 0x0FF0: return false; /* lddqu */
  case 0x0F3A0A:
  case 0x0F3A0B:
  case 0x0F3A20:
  case 0x0F3A21:
  case 0x0F3A22: return false;
  default: break;
  }
  if (code >= 0x0F3820 && code <= 0x0F3835)
    return code == 0x0F3828 || code == 0x0F3829 || code == 0x0F382A || code == 0x0F382B;
  return prefix != 0xF2 && prefix != 0xF3;
}

/* In SSE form 16 bytes of memory that may be unaligned go through xmm15. */
static Rm aligned(Compile *c, u32 opcode, Rm rm) {
  if (rm.kind != RM_MEM || !wants_alignment(opcode)) return rm;
  sse_legacy(c, 0, 0x0F10, 15, rm, -1);
  return rm_reg(15);
}

/* a op b == b op a. */
static bool is_commutative(u32 opcode) {
  switch (opcode) {
  case 0x0F54:
  case 0x0F56:
  case 0x0F57:
  case 0x0F58:
  case 0x0F59:
  case 0xF2000F58:
  case 0xF3000F58:
  case 0xF2000F59:
  case 0xF3000F59:
  case 0x66000F58:
  case 0x66000F59:
  case 0x66000F54:
  case 0x66000F56:
  case 0x66000F57: /* floats */
  case 0x66000FDB:
  case 0x66000FEB:
  case 0x66000FEF: /* and or xor */
  case 0x66000FFC:
  case 0x66000FFD:
  case 0x66000FFE:
  case 0x66000FD4: /* add */
  case 0x66000F74:
  case 0x66000F75:
  case 0x66000F76:
  case 0x660F3829: /* equal */
  case 0x66000FD5:
  case 0x660F3840:
  case 0x66000FF4:
  case 0x66000FF5: return true; /* multiply */
  default: return false;
  }
}

/* rm is an integer register or memory. */
static bool takes_integer(u32 opcode) {
  u32 code = opcode & 0xFFFFFF;
  return code == 0x0F2A || code == 0x0F6E || code == 0x0FC4 || code == 0x0F3A20 || code == 0x0F3A22;
}

static void sse3(Compile *c, u32 w, u32 opcode, Loc d, Loc a, Rm rm, int imm) {
  opcode = standard(opcode);
  d &= 15;
  a &= 15;
  if (has_avx(c)) {
    sse_vex(c, w, opcode, d, a, rm, imm);
    return;
  }
  if (rm.kind == RM_REG && rm.reg == d && a != d && !takes_integer(opcode)) {
    if (is_commutative(opcode)) {
      sse_legacy(c, w, opcode, d, rm_reg(a), imm);
      return;
    }
    wm_x64_movaps(c, 15, d);
    rm = rm_reg(15);
  }
  rm = aligned(c, opcode, rm);
  wm_x64_movaps(c, d, a);
  sse_legacy(c, w, opcode, d, rm, imm);
}

static void sse2(Compile *c, u32 w, u32 opcode, Loc d, Rm rm, int imm) {
  opcode = standard(opcode);
  if (has_avx(c))
    sse_vex(c, w, opcode, d, 0, rm, imm);
  else
    sse_legacy(c, w, opcode, d, aligned(c, opcode, rm), imm);
}

static void sse_store(Compile *c, u32 w, u32 opcode, Loc reg, Rm rm, int imm) {
  opcode = standard(opcode);
  if (has_avx(c))
    sse_vex(c, w, opcode, reg, 0, rm, imm);
  else
    sse_legacy(c, w, opcode, reg, rm, imm);
}

void wm_x64_sse3(Compile *c, u32 opcode, Loc d, Loc a, Rm rm, int imm) {
  sse3(c, 0, opcode, d, a, rm, imm);
}
void wm_x64_sse3_w(Compile *c, u32 opcode, Loc d, Loc a, Rm rm, int imm) {
  sse3(c, 1, opcode, d, a, rm, imm);
}
void wm_x64_sse2(Compile *c, u32 opcode, Loc d, Rm rm, int imm) { sse2(c, 0, opcode, d, rm, imm); }
void wm_x64_sse2_w(Compile *c, u32 opcode, Loc d, Rm rm) { sse2(c, 1, opcode, d, rm, -1); }
void wm_x64_sse_store(Compile *c, u32 opcode, Loc reg, Rm rm, int imm) {
  sse_store(c, 0, opcode, reg, rm, imm);
}
void wm_x64_sse_store_w(Compile *c, u32 opcode, Loc reg, Rm rm, int imm) {
  sse_store(c, 1, opcode, reg, rm, imm);
}

void wm_x64_sse_shift(Compile *c, u32 opcode, u32 extension, Loc d, Loc a, u32 imm) {
  opcode = standard(opcode);
  if (has_avx(c)) { /* vvvv is the destination */
    sse_vex(c, 0, opcode, extension, d, rm_reg(a), (int)imm);
    return;
  }
  wm_x64_movaps(c, d, a);
  sse_legacy(c, 0, opcode, extension, rm_reg(d), (int)imm);
}

void wm_x64_movaps(Compile *c, Loc d, Loc s) {
  if ((d & 15) != (s & 15)) sse2(c, 0, 0x0F28, d, rm_reg(s), -1);
}

/* ---- operands of LIR after allocation ---- */

Rm wm_x64_slot(const Compile *c, u32 slot) {
  return rm_mem(RSP, -1, 0, (i32)(8 * (c->outgoing_slots + slot)));
}

Rm wm_x64_loc(const Compile *c, Loc loc) {
  if (loc < REG_COUNT) return rm_reg(loc);
  assert(loc & LOC_SLOT);
  return wm_x64_slot(c, loc & ~(u32)LOC_SLOT);
}

Rm wm_x64_memory(Compile *c, const Lir *x) {
  (void)c;
  int m0 = x->m0 == NONE ? -1 : (int)x->m0, m1 = x->m1 == NONE ? -1 : (int)x->m1;
  switch (x->mem) {
  case MEM_GUEST: {
    Rm m = rm_mem(R14, m1, 0, x->disp);
    m.site = x->site;
    m.trap = TRAP_MEMORY_OUT_OF_BOUNDS;
    return m;
  }
  case MEM_INST: return rm_mem(R15, -1, 0, x->disp);
  case MEM_CONST: return rm_const((u64)x->imm, x->width);
  case MEM_VECTOR: return rm_vector((u32)x->imm);
  default: break;
  }
  assert(x->mem == MEM_ADDR);
  Rm m = rm_mem(m0, m1, x->scale, x->disp);
  m.site = x->fault ? x->site : 0;
  m.trap = x->fault;
  return m;
}

/* ---- short jumps ---- */

u32 wm_x64_jump_short(Compile *c, u32 condition) {
  wm_x64_byte(c, condition == 0xFF ? 0xEB : 0x70 | condition);
  wm_x64_byte(c, 0);
  return x64_here(c);
}

void wm_x64_bind_short(Compile *c, u32 place) {
  u32 distance = x64_here(c) - place;
  assert(distance <= INT8_MAX);
  c->code.data[place - 1] = (u8)distance;
}
