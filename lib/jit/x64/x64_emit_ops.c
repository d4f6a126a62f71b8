/* Integer instructions, comparisons and memory accesses as bytes. Operands are locations; what may
 * overlap what is said by the columns of lir.def. */
#include "jit/x64/x64_emit.h"

/* ---- helpers ---- */

/* d = a, unless it is there. */
static void move_in(Compile *c, u32 width, Loc d, Loc a) {
  if (a != d) wm_x64_op(c, width, 0x8B, d, wm_x64_loc(c, a), false, 0);
}

/* The flags now tell about d. */
static void set_flags(Compile *c, Loc d, u32 width, bool logic) {
  emitter(c)->flags = (Flags){x64_here(c), d, (u8)width, logic};
}

static bool is_slot(Loc loc) { return (loc & LOC_SLOT) != 0; }

static void put_lea(Compile *c, u32 width, Loc d, Rm address) {
  wm_x64_op(c, width, 0x8D, d, address, false, 0);
}

/* xor d, d: takes the flags. */
static void put_zero(Compile *c, Loc d) { wm_x64_op(c, 4, 0x33, d, rm_reg(d), false, 0); }

/* ---- moves ---- */

static void emit_mov(Compile *c, const Lir *x) {
  if (x->d >= XMM0) {
    wm_x64_move(c, &(Move){.from = x->a, .to = x->d, .type = x->type});
    return;
  }
  if (x->width == 8 && x->a == x->d) return;
  wm_x64_op(c, x->width, 0x8B, x->d, wm_x64_loc(c, x->a), false, 0);
}

static void emit_movi(Compile *c, const Lir *x) {
  if (x->imm == 0)
    put_zero(c, x->d);
  else
    wm_x64_mov_imm(c, x->d, x->width == 4 ? (u32)x->imm : (u64)x->imm);
}

/* ---- arithmetic ---- */

static bool is_logic(u32 alu) { return alu == ALU_AND || alu == ALU_OR || alu == ALU_XOR; }

/* a + imm to another register. */
static bool add_by_lea(Compile *c, const Lir *x) {
  bool adds = x->sub == ALU_ADD || (x->sub == ALU_SUB && x->imm != INT32_MIN);
  if (!adds || x->a == x->d || is_slot(x->a)) return false;
  i64 disp = x->sub == ALU_ADD ? x->imm : -x->imm;
  put_lea(c, x->width, x->d, rm_mem((int)x->a, -1, 0, (i32)disp));
  return true;
}

/* a & 0xFF, a & 0xFFFF. */
static bool mask_by_movzx(Compile *c, const Lir *x) {
  if (x->sub != ALU_AND || (x->imm != 0xFF && x->imm != 0xFFFF)) return false;
  bool is_byte = x->imm == 0xFF;
  wm_x64_op(c, 4, is_byte ? 0x0FB6 : 0x0FB7, x->d, wm_x64_loc(c, x->a), is_byte, 0);
  return true;
}

static void emit_alu_imm(Compile *c, const Lir *x) {
  if (add_by_lea(c, x) || mask_by_movzx(c, x)) return;
  /* what an and leaves in 31 bits is the same in 32-bit form */
  u32 width = x->sub == ALU_AND && x->imm >= 0 ? 4 : x->width;
  move_in(c, width, x->d, x->a);
  if (x->sub == ALU_ADD && x->imm == 128)
    wm_x64_alu_imm(c, width, ALU_SUB, rm_reg(x->d), -128);
  else if (x->sub == ALU_SUB && x->imm == 128)
    wm_x64_alu_imm(c, width, ALU_ADD, rm_reg(x->d), -128);
  else
    wm_x64_alu_imm(c, width, x->sub, rm_reg(x->d), (i32)x->imm);
  set_flags(c, x->d, width, is_logic(x->sub));
}

/* For commutative operations with b in d: b op a is the same. Returns the second operand. */
static Rm two_operands(Compile *c, const Lir *x) {
  if (x->mem) {
    move_in(c, x->width, x->d, x->a);
    return wm_x64_memory(c, x);
  }
  if (x->b == x->d && x->a != x->d) {
    assert(x->flags & LIR_COMMUTES);
    return wm_x64_loc(c, x->a);
  }
  move_in(c, x->width, x->d, x->a);
  return wm_x64_loc(c, x->b);
}

static void emit_alu(Compile *c, const Lir *x) {
  if (x->flags & LIR_HAS_IMM) {
    emit_alu_imm(c, x);
    return;
  }
  bool is_sum = x->sub == ALU_ADD && !x->mem && x->a != x->d && x->b != x->d;
  if (is_sum && !is_slot(x->a) && !is_slot(x->b)) {
    put_lea(c, x->width, x->d, rm_mem((int)x->a, (int)x->b, 0, 0));
    return;
  }
  Rm b = two_operands(c, x);
  wm_x64_op(c, x->width, (u32)x->sub << 3 | 3, x->d, b, false, 0);
  set_flags(c, x->d, x->width, is_logic(x->sub));
}

static void emit_imul(Compile *c, const Lir *x) {
  Rm b = two_operands(c, x);
  wm_x64_op(c, x->width, 0x0FAF, x->d, b, false, 0);
}

static Rm source_a(Compile *c, const Lir *x) {
  return x->mem ? wm_x64_memory(c, x) : wm_x64_loc(c, x->a);
}

static void emit_imul_imm(Compile *c, const Lir *x) {
  bool is_short = x->imm == (i8)x->imm;
  wm_x64_op(c, x->width, is_short ? 0x6B : 0x69, x->d, source_a(c, x), false, is_short ? 1 : 4);
  if (is_short)
    wm_x64_byte(c, (u8)x->imm);
  else
    wm_x64_u32(c, (u32)x->imm);
}

/* d += register or number, where lea would do no more; sets flags and is shorter. */
static bool lea_is_add(Compile *c, const Lir *x) {
  Loc d = x->d;
  if (x->m1 == NONE && x->m0 == d) {
    Lir add = *x;
    add.sub = ALU_ADD;
    add.a = d;
    add.imm = x->disp;
    emit_alu_imm(c, &add);
    return true;
  }
  if (x->m0 == NONE || x->m1 == NONE || x->scale || x->disp || (x->m0 != d && x->m1 != d))
    return false;
  wm_x64_op(c, x->width, 0x03, d, rm_reg(x->m0 == d ? x->m1 : x->m0), false, 0);
  set_flags(c, d, x->width, false);
  return true;
}

static void emit_lea(Compile *c, const Lir *x) {
  if (!lea_is_add(c, x)) put_lea(c, x->width, x->d, wm_x64_memory(c, x));
}

static void emit_unary(Compile *c, const Lir *x) {
  move_in(c, x->width, x->d, x->a);
  wm_x64_op(c, x->width, 0xF7, x->sub, rm_reg(x->d), false, 0);
  if (x->sub == UNARY_NEG) set_flags(c, x->d, x->width, false);
}

/* ---- shifts ---- */

/* A rotated copy without flags. */
static bool rotate_by_rorx(Compile *c, const Lir *x, u32 count) {
  if (x->sub > SHIFT_ROR || x->a == x->d || !has_cpu(c, CPU_BMI2)) return false;
  u32 right = x->sub == SHIFT_ROR ? count : x->width * 8u - count;
  wm_x64_vex(c, (Vex){VEX_F2, VEX_0F3A, x->width == 8, 0xF0}, x->d, 0, wm_x64_loc(c, x->a), 1);
  wm_x64_byte(c, right);
  return true;
}

/* A shifted copy, by at most 3. */
static bool shift_by_lea(Compile *c, const Lir *x, u32 count) {
  if (x->sub != SHIFT_SHL || x->a == x->d || count > 3 || is_slot(x->a)) return false;
  int a = (int)x->a;
  put_lea(c, x->width, x->d, count == 1 ? rm_mem(a, a, 0, 0) : rm_mem(-1, a, (u8)count, 0));
  return true;
}

static void emit_shift_imm(Compile *c, const Lir *x) {
  u32 count = (u32)x->imm & (x->width * 8u - 1);
  if (count == 0) {
    if (x->width == 4 || x->a != x->d)
      wm_x64_op(c, x->width, 0x8B, x->d, wm_x64_loc(c, x->a), false, 0);
    return;
  }
  if (rotate_by_rorx(c, x, count) || shift_by_lea(c, x, count)) return;
  move_in(c, x->width, x->d, x->a);
  if (count == 1 && x->sub == SHIFT_SHL) {
    wm_x64_op(c, x->width, 0x03, x->d, rm_reg(x->d), false, 0);
  } else if (count == 1) {
    wm_x64_op(c, x->width, 0xD1, x->sub, rm_reg(x->d), false, 0);
  } else {
    wm_x64_op(c, x->width, 0xC1, x->sub, rm_reg(x->d), false, 1);
    wm_x64_byte(c, count);
  }
  if (x->sub > SHIFT_ROR) set_flags(c, x->d, x->width, false);
}

/* BMI2: shlx, shrx, sarx. */
static void emit_shift_x(Compile *c, const Lir *x) {
  u8 prefix = x->sub == SHIFT_SHL ? VEX_66 : x->sub == SHIFT_SAR ? VEX_F3 : VEX_F2;
  wm_x64_vex(c, (Vex){prefix, VEX_0F38, x->width == 8, 0xF7}, x->d, x->b, wm_x64_loc(c, x->a), 0);
}

static void emit_shift_cl(Compile *c, const Lir *x) {
  move_in(c, x->width, x->d, x->a);
  move_in(c, 4, RCX, x->b);
  wm_x64_op(c, x->width, 0xD3, x->sub, rm_reg(x->d), false, 0);
}

/* BMI1. */
static void emit_andn(Compile *c, const Lir *x) {
  wm_x64_vex(c, (Vex){VEX_NO_PREFIX, VEX_0F38, x->width == 8, 0xF2}, x->d, x->a, x64_source_b(c, x),
             0);
  set_flags(c, x->d, x->width, false);
}

/* ---- extensions and counts ---- */

static void emit_extend(Compile *c, const Lir *x) {
  Rm a = source_a(c, x);
  switch (x->kind) {
  case OP_i32_load8_u: wm_x64_op(c, 4, 0x0FB6, x->d, a, true, 0); break;
  case OP_i32_load16_u: wm_x64_op(c, 4, 0x0FB7, x->d, a, false, 0); break;
  case OP_i32_extend8_s: wm_x64_op(c, 4, 0x0FBE, x->d, a, true, 0); break;
  case OP_i32_extend16_s: wm_x64_op(c, 4, 0x0FBF, x->d, a, false, 0); break;
  case OP_i64_extend8_s: wm_x64_op(c, 8, 0x0FBE, x->d, a, true, 0); break;
  case OP_i64_extend16_s: wm_x64_op(c, 8, 0x0FBF, x->d, a, false, 0); break;
  default: wm_x64_op(c, 8, 0x63, x->d, a, false, 0); break; /* extend32_s, extend_i32_s */
  }
}

/* What bsr and bsf leave for 0, which they do not define. */
static void scan_bits(Compile *c, const Lir *x, u32 opcode, u32 if_zero) {
  wm_x64_op(c, x->width, opcode, x->d, source_a(c, x), false, 0);
  wm_x64_mov_imm(c, R11, if_zero);
  wm_x64_op(c, 4, 0x0F40 | CC_E, x->d, rm_reg(R11), false, 0);
}

/* Older processors wait for d's old value, so d is cleared first. */
static void count_bits(Compile *c, const Lir *x, u32 opcode) {
  if (x->d != x->a && !x64_mem_uses(x, x->d)) put_zero(c, x->d);
  wm_x64_op(c, x->width, opcode, x->d, source_a(c, x), false, 0);
}

static void emit_bit_count(Compile *c, const Lir *x) {
  u32 bits = x->width * 8u;
  switch (x->kind) {
  case OP_i32_clz:
  case OP_i64_clz:
    if (has_cpu(c, CPU_LZCNT)) {
      count_bits(c, x, 0xF30FBD);
    } else { /* 31 - n is n ^ 31; for zero 63 ^ 31 is 32 */
      scan_bits(c, x, 0x0FBD, 2 * bits - 1);
      wm_x64_alu_imm(c, 4, ALU_XOR, rm_reg(x->d), (i32)bits - 1);
    }
    break;
  case OP_i32_ctz:
  case OP_i64_ctz:
    if (has_cpu(c, CPU_BMI1))
      count_bits(c, x, 0xF30FBC);
    else
      scan_bits(c, x, 0x0FBC, bits);
    break;
  default: count_bits(c, x, 0xF30FB8); break;
  }
}

/* ---- division ---- */

static bool divides_signed(const Lir *x) { return x->sub == DIV_S || x->sub == REM_S; }

/* rdx:rax / b. */
static void divide(Compile *c, u32 width, bool is_signed, Loc b) {
  if (is_signed) {
    if (width == 8) wm_x64_byte(c, 0x48);
    wm_x64_byte(c, 0x99); /* cdq, cqo */
  } else {
    put_zero(c, RDX);
  }
  wm_x64_op(c, width, 0xF7, is_signed ? 7 : 6, rm_reg(b), false, 0);
}

/* By -1: the machine faults where the quotient does not fit. */
static void divide_by_minus_one(Compile *c, const Lir *x) {
  if (x->sub == REM_S) {
    put_zero(c, RDX);
    return;
  }
  wm_x64_op(c, x->width, 0xF7, 3, rm_reg(RAX), false, 0);
  if (x->site) wm_x64_trap_if(c, CC_O, TRAP_INT_OVERFLOW, x->site);
}

static bool checks_minus_one(const Lir *x) {
  return divides_signed(x) && (x->site || x->sub == REM_S);
}

/* 64 bits, when both operands are not below 2^32; 32 bits by -1. */
void wm_x64_rare_integer(Compile *c, const Lir *x) {
  u32 done = NONE;
  if (x->width == 8 && checks_minus_one(x)) {
    wm_x64_alu_imm(c, 8, ALU_CMP, rm_reg(x->b), -1);
    u32 other = wm_x64_jump_short(c, CC_NE);
    divide_by_minus_one(c, x);
    done = wm_x64_jump_short(c, 0xFF);
    wm_x64_bind_short(c, other);
  }
  if (x->width == 8)
    divide(c, 8, divides_signed(x), x->b);
  else
    divide_by_minus_one(c, x);
  if (done != NONE) wm_x64_bind_short(c, done);
}

/* 64-bit division is slow, and its operands are mostly small: then 32 bits do, unsigned. */
static void divide_wide(Compile *c, const Lir *x) {
  wm_x64_mov(c, 8, R11, RAX);
  wm_x64_op(c, 8, 0x0B, R11, rm_reg(x->b), false, 0);
  wm_x64_op(c, 8, 0xC1, SHIFT_SHR, rm_reg(R11), false, 1);
  wm_x64_byte(c, 32);
  u32 cold = wm_x64_rare_if(c, CC_NE, x);
  divide(c, 4, false, x->b);
  emitter(c)->colds.data[cold].back = x64_here(c);
}

static void divide_narrow(Compile *c, const Lir *x) {
  if (!checks_minus_one(x)) {
    divide(c, 4, divides_signed(x), x->b);
    return;
  }
  wm_x64_alu_imm(c, 4, ALU_CMP, rm_reg(x->b), -1);
  u32 cold = wm_x64_rare_if(c, CC_E, x);
  divide(c, 4, true, x->b);
  emitter(c)->colds.data[cold].back = x64_here(c);
}

static void emit_div(Compile *c, const Lir *x) {
  move_in(c, x->width, RAX, x->a);
  if (x->site) {
    wm_x64_op(c, x->width, 0x85, x->b, rm_reg(x->b), false, 0);
    wm_x64_trap_if(c, CC_E, TRAP_INT_DIV_BY_ZERO, x->site);
  }
  if (x->width == 8)
    divide_wide(c, x);
  else
    divide_narrow(c, x);
}

static void emit_mulh(Compile *c, const Lir *x) {
  move_in(c, x->width, RAX, x->a);
  wm_x64_op(c, x->width, 0xF7, x->sub ? 5 : 4, rm_reg(x->b), false, 0);
}

/* ---- comparisons ---- */

static i64 compare_imm_of(const Lir *x) { return x->op == LIR_CMPTRAP ? x->disp : x->imm; }

static void compare_memory(Compile *c, const Lir *x) {
  bool is_byte = (x->flags & LIR_BYTE) != 0, has_imm = (x->flags & LIR_HAS_IMM) != 0;
  Rm m = wm_x64_memory(c, x);
  if (!has_imm) {
    u32 opcode = x->sub == ALU_TEST ? 0x85 : 0x3B;
    wm_x64_op(c, is_byte ? 4 : x->width, opcode - is_byte, x->a, m, is_byte, 0);
  } else if (is_byte) {
    bool tests = x->sub == ALU_TEST;
    wm_x64_op(c, 4, tests ? 0xF6 : 0x80, tests ? 0 : ALU_CMP, m, false, 1);
    wm_x64_byte(c, (u8)x->imm);
  } else if (x->sub == ALU_TEST) {
    wm_x64_op(c, x->width, 0xF7, 0, m, false, 4);
    wm_x64_u32(c, (u32)x->imm);
  } else {
    wm_x64_alu_imm(c, x->width, ALU_CMP, m, (i32)x->imm);
  }
}

/* The shortest form: what the immediate leaves out is 0 in any case. */
static void test_imm(Compile *c, const Lir *x, i64 imm) {
  bool only_zero = x->cc == CC_E || x->cc == CC_NE;
  if (imm >= 0 && imm <= (only_zero ? 0xFF : 0x7F)) {
    wm_x64_op(c, 4, 0xF6, 0, rm_reg(x->a), true, 1);
    wm_x64_byte(c, (u8)imm);
  } else {
    bool fits = imm >= 0 && imm <= INT32_MAX;
    wm_x64_op(c, fits ? 4 : x->width, 0xF7, 0, rm_reg(x->a), false, 4);
    wm_x64_u32(c, (u32)imm);
  }
}

/* Whether x compares a register with 0. */
static bool tests_itself(const Lir *x) {
  if (x->mem) return false;
  if (x->flags & LIR_HAS_IMM) return x->sub == ALU_CMP && compare_imm_of(x) == 0;
  return x->sub == ALU_TEST && (x->b == x->a || x->b == NONE);
}

/* Whether the flags are as x wants them. */
static bool flags_are_set(const Compile *c, const Lir *x) {
  const Flags *f = &emitter(c)->flags;
  if (f->at != x64_here(c) || !tests_itself(x) || f->reg != x->a) return false;
  bool only_zero = x->cc == CC_E || x->cc == CC_NE;
  if (f->width != x->width) return f->width == 4 && x->width == 8 && only_zero;
  return f->logic || only_zero || x->cc == CC_S || x->cc == CC_NS;
}

static void compare(Compile *c, const Lir *x) {
  if (x->mem) {
    compare_memory(c, x);
  } else if (tests_itself(x)) {
    if (!flags_are_set(c, x)) wm_x64_op(c, x->width, 0x85, x->a, rm_reg(x->a), false, 0);
  } else if (!(x->flags & LIR_HAS_IMM)) {
    wm_x64_op(c, x->width, x->sub == ALU_TEST ? 0x85 : 0x3B, x->a, wm_x64_loc(c, x->b), false, 0);
  } else if (x->sub == ALU_TEST) {
    test_imm(c, x, compare_imm_of(x));
  } else {
    wm_x64_alu_imm(c, x->width, ALU_CMP, rm_reg(x->a), (i32)compare_imm_of(x));
  }
}

/* A move leaves the flags. */
static void emit_carry(Compile *c, const Lir *x) {
  bool adds = x->kind == OP_i32_add || x->kind == OP_i64_add;
  u32 width = type_bytes(x->type);
  compare(c, x);
  move_in(c, width, x->d, x->c);
  if (x->e == NONE)
    wm_x64_alu_imm(c, width, adds ? ALU_ADC : ALU_SBB, rm_reg(x->d), 0);
  else
    wm_x64_op(c, width, adds ? 0x13 : 0x1B, x->d, wm_x64_loc(c, x->e), false, 0);
}

/* bt a, (b | imm). */
static void test_bit(Compile *c, const Lir *x) {
  if (x->flags & LIR_HAS_IMM) {
    wm_x64_op(c, x->width, 0x0FBA, 4, rm_reg(x->a), false, 1);
    wm_x64_byte(c, (u8)x->imm);
  } else {
    wm_x64_op(c, x->width, 0x0FA3, x->b, rm_reg(x->a), false, 0);
  }
}

static void set_byte(Compile *c, u32 condition, Loc d) {
  wm_x64_op(c, 4, 0x0F90 | condition, 0, rm_reg(d), true, 0);
}

static void widen_byte(Compile *c, Loc d) { wm_x64_op(c, 4, 0x0FB6, d, rm_reg(d), true, 0); }

/* d is cleared before, where it is not an operand and the flags are not yet made. */
static void emit_compare_set(Compile *c, const Lir *x) {
  bool is_bit = x->op == LIR_BITSET;
  bool apart = x->d != x->a && x->d != x->b && !x64_mem_uses(x, x->d);
  bool clear = apart && (is_bit || !flags_are_set(c, x));
  if (clear) put_zero(c, x->d);
  if (is_bit)
    test_bit(c, x);
  else
    compare(c, x);
  set_byte(c, x->cc, x->d);
  if (!clear) widen_byte(c, x->d);
}

void wm_x64_set_value(Compile *c, const Lir *x, bool parity) {
  set_byte(c, x->cc, x->d);
  if (parity) {
    set_byte(c, x->cc == CC_E ? CC_NP : CC_P, R11);
    wm_x64_op(c, 4, x->cc == CC_E ? 0x23 : 0x0B, x->d, rm_reg(R11), false, 0);
  }
  widen_byte(c, x->d);
}

static void move_value(Compile *c, const Lir *x, Loc from) {
  wm_x64_move(c, &(Move){.from = from, .to = x->d, .type = x->type});
}

/* Floats have no conditional move: a jump goes round it. */
static void select_by_jump(Compile *c, const Lir *x, bool parity) {
  u32 keep, other = NONE;
  if (parity && x->cc == CC_NE) { /* take e when not equal or unordered */
    u32 take = wm_x64_jump_short(c, CC_P);
    keep = wm_x64_jump_short(c, CC_E);
    wm_x64_bind_short(c, take);
  } else {
    if (parity) other = wm_x64_jump_short(c, CC_P);
    keep = wm_x64_jump_short(c, x->cc ^ 1u);
  }
  move_value(c, x, x->e);
  wm_x64_bind_short(c, keep);
  if (other != NONE) wm_x64_bind_short(c, other);
  emitter(c)->flags.at = NONE;
}

void wm_x64_select_value(Compile *c, const Lir *x, bool parity) {
  if (x->c != x->d) move_value(c, x, x->c);
  if (type_is_float(x->type) || (parity && x->cc == CC_E)) {
    select_by_jump(c, x, parity);
    return;
  }
  u32 width = x->type == T_I32 ? 4 : 8;
  Rm e = wm_x64_loc(c, x->e);
  wm_x64_op(c, width, 0x0F40u | x->cc, x->d, e, false, 0);
  if (parity) wm_x64_op(c, width, 0x0F40 | CC_P, x->d, e, false, 0);
}

static void emit_compare_trap(Compile *c, const Lir *x) {
  compare(c, x);
  wm_x64_trap_if(c, x->cc, (TrapCode)x->imm, x->site);
}

/* ---- memory ---- */

static void emit_load(Compile *c, const Lir *x) {
  Rm m = wm_x64_memory(c, x);
  switch (x->kind) {
  case OP_i32_load:
  case OP_i64_load32_u: wm_x64_op(c, 4, 0x8B, x->d, m, false, 0); break;
  case OP_i64_load: wm_x64_op(c, 8, 0x8B, x->d, m, false, 0); break;
  case OP_f32_load: wm_x64_sse2(c, 0xF30F10, x->d, m, -1); break;
  case OP_f64_load: wm_x64_sse2(c, 0xF20F10, x->d, m, -1); break;
  case OP_i32_load8_s: wm_x64_op(c, 4, 0x0FBE, x->d, m, false, 0); break;
  case OP_i64_load8_s: wm_x64_op(c, 8, 0x0FBE, x->d, m, false, 0); break;
  case OP_i32_load8_u:
  case OP_i64_load8_u: wm_x64_op(c, 4, 0x0FB6, x->d, m, false, 0); break;
  case OP_i32_load16_s: wm_x64_op(c, 4, 0x0FBF, x->d, m, false, 0); break;
  case OP_i64_load16_s: wm_x64_op(c, 8, 0x0FBF, x->d, m, false, 0); break;
  case OP_i32_load16_u:
  case OP_i64_load16_u: wm_x64_op(c, 4, 0x0FB7, x->d, m, false, 0); break;
  default:
    assert(x->kind == OP_i64_load32_s);
    wm_x64_op(c, 8, 0x63, x->d, m, false, 0);
    break;
  }
}

static u32 stored_bytes(u16 kind) {
  switch (kind) {
  case OP_i32_store8:
  case OP_i64_store8: return 1;
  case OP_i32_store16:
  case OP_i64_store16: return 2;
  case OP_i64_store:
  case OP_f64_store: return 8;
  default: return 4;
  }
}

static void store_imm(Compile *c, const Lir *x, Rm m, u32 bytes) {
  u32 imm_bytes = min_u32(bytes, 4);
  u32 opcode = bytes == 1 ? 0xC6 : bytes == 2 ? 0x660000C7 : 0xC7;
  wm_x64_op(c, bytes == 8 ? 8 : 4, opcode, 0, m, false, imm_bytes);
  for (u32 i = 0; i < imm_bytes; i++) wm_x64_byte(c, (u8)(x->imm >> 8 * i));
}

static void emit_store(Compile *c, const Lir *x) {
  Rm m = wm_x64_memory(c, x);
  u32 bytes = stored_bytes(x->kind);
  if (x->flags & LIR_HAS_IMM)
    store_imm(c, x, m, bytes);
  else if (x->a >= XMM0)
    wm_x64_sse_store(c, bytes == 8 ? 0xF20F11 : 0xF30F11, x->a, m, -1);
  else
    wm_x64_op(c, bytes == 8 ? 8 : 4,
              bytes == 1   ? 0x88
              : bytes == 2 ? 0x66000089
                           : 0x89,
              x->a, m, bytes == 1, 0);
}

static void emit_rmw(Compile *c, const Lir *x) {
  Rm m = wm_x64_memory(c, x);
  if (x->flags & LIR_HAS_IMM)
    wm_x64_alu_imm(c, x->width, x->sub, m, (i32)x->imm);
  else
    wm_x64_op(c, x->width, (u32)x->sub << 3 | 1, x->a, m, false, 0);
}

/* r11 = a + bytes behind it; traps when that does not fit in 64 bits. */
static void end_of_access(Compile *c, const Lir *x) {
  u64 bytes = (u64)x->imm;
  if (bytes > INT32_MAX) {
    wm_x64_mov_imm(c, R11, bytes);
    wm_x64_op(c, 8, 0x03, R11, rm_reg(x->a), false, 0);
  } else if (x->width == 4) { /* a is below 2^32: no carry */
    put_lea(c, 8, R11, rm_mem((int)x->a, -1, 0, (i32)bytes));
    return;
  } else {
    wm_x64_mov(c, 8, R11, x->a);
    wm_x64_alu_imm(c, 8, ALU_ADD, rm_reg(R11), (i32)bytes);
  }
  wm_x64_trap_if(c, CC_B, TRAP_MEMORY_OUT_OF_BOUNDS, x->site);
}

static void emit_bounds(Compile *c, const Lir *x) {
  int base = x->m0 == NONE ? R14 : (int)x->m0;
  end_of_access(c, x);
  wm_x64_op(c, 8, 0x3B, R11, rm_mem(base, -1, 0, -8), false, 0);
  wm_x64_trap_if(c, CC_A, TRAP_MEMORY_OUT_OF_BOUNDS, x->site);
  put_lea(c, 8, x->d, rm_mem(base, (int)x->a, 0, 0));
}

bool wm_x64_emit_integer(Compile *c, const Lir *x) {
  bool negated = (x->flags & LIR_NEGATED) != 0;
  switch (x->op) {
  case LIR_MOV: emit_mov(c, x); break;
  case LIR_MOVI: emit_movi(c, x); break;
  case LIR_MEM0: wm_x64_mov(c, 8, x->d, R14); break;
  case LIR_ALU: emit_alu(c, x); break;
  case LIR_IMUL: emit_imul(c, x); break;
  case LIR_IMULI: emit_imul_imm(c, x); break;
  case LIR_LEA: emit_lea(c, x); break;
  case LIR_SHIFTI: emit_shift_imm(c, x); break;
  case LIR_SHIFTX: emit_shift_x(c, x); break;
  case LIR_SHIFTCL: emit_shift_cl(c, x); break;
  case LIR_ANDN: emit_andn(c, x); break;
  case LIR_UNARY: emit_unary(c, x); break;
  case LIR_EXTEND: emit_extend(c, x); break;
  case LIR_BITCOUNT: emit_bit_count(c, x); break;
  case LIR_DIV: emit_div(c, x); break;
  case LIR_MULH: emit_mulh(c, x); break;
  case LIR_CMPBR: compare(c, x), wm_x64_branch(c, x->cc, false, negated); break;
  case LIR_CMPSET: emit_compare_set(c, x); break;
  case LIR_CARRY: emit_carry(c, x); break;
  case LIR_CMPSEL: compare(c, x), wm_x64_select_value(c, x, false); break;
  case LIR_CMPTRAP: emit_compare_trap(c, x); break;
  case LIR_BITBR: test_bit(c, x), wm_x64_branch(c, x->cc, false, negated); break;
  case LIR_BITSET: emit_compare_set(c, x); break;
  case LIR_LOAD: emit_load(c, x); break;
  case LIR_STORE: emit_store(c, x); break;
  case LIR_RMW: emit_rmw(c, x); break;
  case LIR_BOUNDS: emit_bounds(c, x); break;
  default: return false;
  }
  return true;
}
