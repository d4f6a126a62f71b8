/* Scalar float instructions as bytes. Results that the machine's own instructions get right are
 * one instruction; the rare rest (NaN, zeros, bounds) is out of line.
 *
 * An instruction that writes only a part of its register would wait for the register's old value:
 * where no source stands in its place, a zeroed xmm15 does. */
#include "jit/x64/x64_emit.h"

enum { SCRATCH = 15 }; /* xmm15 */

/* 0x58 -> addss, addsd. */
static u32 scalar(u32 width, u32 opcode) { return (width == 8 ? 0xF2000F00 : 0xF3000F00) | opcode; }

static void compare_floats(Compile *c, u32 width, Loc a, Rm b) {
  wm_x64_sse2(c, width == 8 ? 0x660F2E : 0x0F2E, a, b, -1);
}

static void put_zero(Compile *c, Loc d) { wm_x64_sse3(c, 0x0F57, d, d, rm_reg(d), -1); }

/* What fills the rest of the register, for an operation on m alone. */
static Loc filler(Compile *c, const Rm *m) {
  if (m->kind == RM_REG) return m->reg;
  put_zero(c, SCRATCH);
  return SCRATCH;
}

static void load_scalar(Compile *c, u32 width, Loc d, u64 bits) {
  wm_x64_sse2(c, scalar(width, 0x10), d, rm_const(bits, (u8)width), -1);
}

static u64 canonical_nan(u32 width) { return width == 8 ? 0x7FF8000000000000 : 0x7FC00000; }
static u64 sign_bit(u32 width) { return width == 8 ? (u64)1 << 63 : 0x80000000; }
static u64 width_mask(u32 width) { return width == 8 ? UINT64_MAX : UINT32_MAX; }

/* In the mode that asks for it, any NaN in d becomes the canonical one. */
static void canonicalize(Compile *c, Loc d, u32 width) {
  if (!c->options.canonical_nan) return;
  compare_floats(c, width, d, rm_reg(d));
  u32 skip = wm_x64_jump_short(c, CC_NP);
  load_scalar(c, width, d, canonical_nan(width));
  wm_x64_bind_short(c, skip);
}

/* ---- arithmetic ---- */

enum { FOP_SQRT = 0x51, FOP_MIN = 0x5D, FOP_MAX = 0x5F }; /* these two select, as they are */

static void emit_fop(Compile *c, const Lir *x) {
  Rm b = x64_source_b(c, x);
  Loc a = x->sub == FOP_SQRT ? filler(c, &b) : x->a;
  wm_x64_sse3(c, scalar(x->width, x->sub), x->d, a, b, -1);
  if (x->sub != FOP_MIN && x->sub != FOP_MAX) canonicalize(c, x->d, x->width);
}

/* minss is right where one is less than the other. */
static void emit_min_max(Compile *c, const Lir *x) {
  compare_floats(c, x->width, x->a, rm_reg(x->b));
  u32 cold = wm_x64_rare_if(c, CC_E, x); /* or unordered */
  wm_x64_sse3(c, scalar(x->width, x->sub ? FOP_MAX : FOP_MIN), x->d, x->a, rm_reg(x->b), -1);
  emitter(c)->colds.data[cold].back = x64_here(c);
}

/* Equal: zeros may differ in sign, so min ors the signs and max ands them. Unordered: the sum is
 * the right NaN. */
static void finish_min_max(Compile *c, const Lir *x) {
  u32 unordered = wm_x64_jump_short(c, CC_P);
  wm_x64_sse3(c, x->sub ? 0x0F54 : 0x0F56, x->d, x->a, rm_reg(x->b), -1);
  u32 done = wm_x64_jump_short(c, 0xFF);
  wm_x64_bind_short(c, unordered);
  wm_x64_sse3(c, scalar(x->width, 0x58), x->d, x->a, rm_reg(x->b), -1);
  canonicalize(c, x->d, x->width);
  wm_x64_bind_short(c, done);
}

/* The bits of a 4- or 8-byte pattern, for all lanes. */
static Rm lanes(u32 width, u64 bits) { return rm_const(width == 8 ? bits : bits | bits << 32, 16); }

static void emit_copysign(Compile *c, const Lir *x) {
  u64 sign = sign_bit(x->width), rest = width_mask(x->width) & ~sign;
  wm_x64_sse3(c, 0x0F54, SCRATCH, x->b, lanes(x->width, sign), -1);
  wm_x64_sse3(c, 0x0F54, x->d, x->a, lanes(x->width, rest), -1);
  wm_x64_sse3(c, 0x0F56, x->d, x->d, rm_reg(SCRATCH), -1);
}

static void round_float(Compile *c, const Lir *x, int mode) {
  wm_x64_sse3(c, x->width == 8 ? 0x660F3A0B : 0x660F3A0A, x->d, x->a, rm_reg(x->a), mode);
  canonicalize(c, x->d, x->width);
}

static void emit_unary(Compile *c, const Lir *x) {
  u64 sign = sign_bit(x->width);
  switch (x->kind) {
  case OP_f32_abs:
  case OP_f64_abs:
    wm_x64_sse3(c, 0x0F54, x->d, x->a, lanes(x->width, width_mask(x->width) & ~sign), -1);
    break;
  case OP_f32_neg:
  case OP_f64_neg: wm_x64_sse3(c, 0x0F57, x->d, x->a, lanes(x->width, sign), -1); break;
  case OP_f32_nearest:
  case OP_f64_nearest: round_float(c, x, 8); break;
  case OP_f32_floor:
  case OP_f64_floor: round_float(c, x, 9); break;
  case OP_f32_ceil:
  case OP_f64_ceil: round_float(c, x, 10); break;
  default: round_float(c, x, 11); break;
  }
}

/* ---- conversions from integers ---- */

static void convert_to_float(Compile *c, u32 float_width, bool wide, Loc d, Rm from) {
  if (wide)
    wm_x64_sse3_w(c, scalar(float_width, 0x2A), d, SCRATCH, from, -1);
  else
    wm_x64_sse3(c, scalar(float_width, 0x2A), d, SCRATCH, from, -1);
}

static Rm integer_source(Compile *c, const Lir *x) {
  return x->mem ? wm_x64_memory(c, x) : wm_x64_loc(c, x->a);
}

/* From 2^63 up there is no instruction: out of line. */
static void from_u64(Compile *c, const Lir *x) {
  wm_x64_op(c, 8, 0x8B, R11, integer_source(c, x), false, 0);
  wm_x64_op(c, 8, 0x85, R11, rm_reg(R11), false, 0);
  u32 cold = wm_x64_rare_if(c, CC_S, x);
  convert_to_float(c, x->width, true, x->d, rm_reg(R11));
  emitter(c)->colds.data[cold].back = x64_here(c);
}

/* Half of it, with the lost bit kept so that it rounds the same way, then doubled. */
static void from_large_u64(Compile *c, const Lir *x) {
  wm_x64_op(c, 8, 0xD1, 5, rm_reg(R11), false, 0);
  u32 even = wm_x64_jump_short(c, CC_AE);
  wm_x64_alu_imm(c, 8, ALU_OR, rm_reg(R11), 1);
  wm_x64_bind_short(c, even);
  convert_to_float(c, x->width, true, x->d, rm_reg(R11));
  wm_x64_sse3(c, scalar(x->width, 0x58), x->d, x->d, rm_reg(x->d), -1);
}

static void emit_from_integer(Compile *c, const Lir *x) {
  put_zero(c, SCRATCH);
  switch (x->kind) {
  case OP_f32_convert_i64_u:
  case OP_f64_convert_i64_u: from_u64(c, x); break;
  case OP_f32_convert_i32_u:
  case OP_f64_convert_i32_u: { /* as 64 bits: the upper half is 0 */
    Rm a = integer_source(c, x);
    if (x->mem) {
      wm_x64_op(c, 4, 0x8B, R11, a, false, 0);
      a = rm_reg(R11);
    }
    convert_to_float(c, x->width, true, x->d, a);
    break;
  }
  case OP_f32_convert_i64_s:
  case OP_f64_convert_i64_s: convert_to_float(c, x->width, true, x->d, integer_source(c, x)); break;
  default: convert_to_float(c, x->width, false, x->d, integer_source(c, x)); break;
  }
}

/* ---- conversions to integers ---- */

typedef struct Trunc {
  u8 from, to; /* bytes */
  bool is_unsigned, saturates;
} Trunc;

static Trunc trunc_of(u16 kind) {
  switch (kind) {
  case OP_i32_trunc_f32_s: return (Trunc){4, 4, false, false};
  case OP_i32_trunc_f32_u: return (Trunc){4, 4, true, false};
  case OP_i32_trunc_f64_s: return (Trunc){8, 4, false, false};
  case OP_i32_trunc_f64_u: return (Trunc){8, 4, true, false};
  case OP_i64_trunc_f32_s: return (Trunc){4, 8, false, false};
  case OP_i64_trunc_f32_u: return (Trunc){4, 8, true, false};
  case OP_i64_trunc_f64_s: return (Trunc){8, 8, false, false};
  case OP_i64_trunc_f64_u: return (Trunc){8, 8, true, false};
  case OP_i32_trunc_sat_f32_s: return (Trunc){4, 4, false, true};
  case OP_i32_trunc_sat_f32_u: return (Trunc){4, 4, true, true};
  case OP_i32_trunc_sat_f64_s: return (Trunc){8, 4, false, true};
  case OP_i32_trunc_sat_f64_u: return (Trunc){8, 4, true, true};
  case OP_i64_trunc_sat_f32_s: return (Trunc){4, 8, false, true};
  case OP_i64_trunc_sat_f32_u: return (Trunc){4, 8, true, true};
  case OP_i64_trunc_sat_f64_s: return (Trunc){8, 8, false, true};
  default: assert(kind == OP_i64_trunc_sat_f64_u); return (Trunc){8, 8, true, true};
  }
}

/* cvttss2si: what does not fit gives the lowest integer. */
static void truncate(Compile *c, u32 from_width, bool wide, Loc d, Loc a) {
  if (wide)
    wm_x64_sse2_w(c, scalar(from_width, 0x2C), d, rm_reg(a));
  else
    wm_x64_sse2(c, scalar(from_width, 0x2C), d, rm_reg(a), -1);
}

/* Converts, and goes to the rare case when the result may be wrong: the lowest integer where a
 * signed one is wanted, a set sign or upper half where an unsigned one is. */
static void emit_to_integer(Compile *c, const Lir *x) {
  Trunc t = trunc_of(x->kind);
  u32 condition;
  truncate(c, t.from, t.to == 8 || t.is_unsigned, x->d, x->a);
  if (!t.is_unsigned) {
    wm_x64_alu_imm(c, t.to, ALU_CMP, rm_reg(x->d), 1);
    condition = CC_O;
  } else if (t.to == 4) {
    wm_x64_mov(c, 4, R11, x->d);
    wm_x64_op(c, 8, 0x3B, R11, rm_reg(x->d), false, 0);
    condition = CC_NE;
  } else {
    wm_x64_op(c, 8, 0x85, x->d, rm_reg(x->d), false, 0);
    condition = CC_S;
  }
  wm_x64_rare_if(c, condition, x);
}

static void trap_if_nan(Compile *c, const Lir *x, u32 width) {
  compare_floats(c, width, x->a, rm_reg(x->a));
  wm_x64_trap_if(c, CC_P, TRAP_INVALID_CONVERSION, x->site);
}

/* The lowest integer is right for what truncates to it. */
static void check_lowest(Compile *c, const Lir *x, Trunc t) {
  bool below_is_fine = t.from == 8 && t.to == 4; /* -2^31 - 0.5 and such */
  u64 bound = below_is_fine ? bits_of_f64(-0x1p31 - 1)
              : t.from == 8 ? bits_of_f64(-0x1p63)
              : t.to == 4   ? bits_of_f32(-0x1p31f)
                            : bits_of_f32(-0x1p63f);
  trap_if_nan(c, x, t.from);
  compare_floats(c, t.from, x->a, rm_const(bound, t.from));
  wm_x64_trap_if(c, below_is_fine ? CC_BE : CC_B, TRAP_INT_OVERFLOW, x->site);
  put_zero(c, SCRATCH);
  compare_floats(c, t.from, x->a, rm_reg(SCRATCH));
  wm_x64_trap_if(c, CC_AE, TRAP_INT_OVERFLOW, x->site);
}

/* d = a - 2^63 + 2^63, in integers; negative when a is 2^64 or more. */
static void truncate_upper_half(Compile *c, const Lir *x, u32 width) {
  u64 half = width == 8 ? bits_of_f64(0x1p63) : bits_of_f32(0x1p63f);
  wm_x64_sse3(c, scalar(width, 0x5C), SCRATCH, x->a, rm_const(half, (u8)width), -1);
  truncate(c, width, true, x->d, SCRATCH);
  wm_x64_op(c, 8, 0x85, x->d, rm_reg(x->d), false, 0);
}

static void set_sign(Compile *c, Loc d) { /* bts d, 63 */
  wm_x64_op(c, 8, 0x0FBA, 5, rm_reg(d), false, 1);
  wm_x64_byte(c, 63);
}

static void check_u64(Compile *c, const Lir *x, Trunc t) {
  trap_if_nan(c, x, t.from);
  put_zero(c, SCRATCH);
  compare_floats(c, t.from, x->a, rm_reg(SCRATCH));
  wm_x64_trap_if(c, CC_B, TRAP_INT_OVERFLOW, x->site);
  truncate_upper_half(c, x, t.from);
  wm_x64_trap_if(c, CC_S, TRAP_INT_OVERFLOW, x->site);
  set_sign(c, x->d);
}

/* NaN is 0; the lowest integer stays for what is negative; else the highest. */
static void saturate_signed(Compile *c, const Lir *x, Trunc t) {
  put_zero(c, SCRATCH);
  compare_floats(c, t.from, x->a, rm_reg(SCRATCH));
  u32 unordered = wm_x64_jump_short(c, CC_P);
  u32 negative = wm_x64_jump_short(c, CC_B);
  wm_x64_mov_imm(c, x->d, t.to == 8 ? INT64_MAX : INT32_MAX);
  u32 done = wm_x64_jump_short(c, 0xFF);
  wm_x64_bind_short(c, unordered);
  wm_x64_mov_imm(c, x->d, 0);
  wm_x64_bind_short(c, negative);
  wm_x64_bind_short(c, done);
}

/* NaN and what is negative are 0; what is too large has all bits set. */
static void saturate_unsigned(Compile *c, const Lir *x, Trunc t) {
  u32 fits = NONE;
  put_zero(c, SCRATCH);
  compare_floats(c, t.from, x->a, rm_reg(SCRATCH));
  u32 positive = wm_x64_jump_short(c, CC_A);
  wm_x64_mov_imm(c, x->d, 0);
  u32 done = wm_x64_jump_short(c, 0xFF);
  wm_x64_bind_short(c, positive);
  if (t.to == 8) {
    truncate_upper_half(c, x, t.from);
    u32 too_large = wm_x64_jump_short(c, CC_S);
    set_sign(c, x->d);
    fits = wm_x64_jump_short(c, 0xFF);
    wm_x64_bind_short(c, too_large);
  }
  wm_x64_mov_imm(c, x->d, t.to == 8 ? UINT64_MAX : UINT32_MAX);
  if (fits != NONE) wm_x64_bind_short(c, fits);
  wm_x64_bind_short(c, done);
}

static void finish_to_integer(Compile *c, const Lir *x) {
  Trunc t = trunc_of(x->kind);
  if (t.saturates) {
    if (t.is_unsigned)
      saturate_unsigned(c, x, t);
    else
      saturate_signed(c, x, t);
  } else if (!t.is_unsigned) {
    check_lowest(c, x, t);
  } else if (t.to == 8) {
    check_u64(c, x, t);
  } else {
    trap_if_nan(c, x, t.from);
    wm_x64_trap_site(c, TRAP_INT_OVERFLOW, x->site);
  }
}

void wm_x64_rare_float(Compile *c, const Lir *x) {
  switch (x->op) {
  case LIR_FMINMAX: finish_min_max(c, x); break;
  case LIR_CVTIF: from_large_u64(c, x); break;
  default:
    assert(x->op == LIR_CVTFI);
    finish_to_integer(c, x);
    break;
  }
}

/* ---- between floats, and bits ---- */

static void emit_convert_float(Compile *c, const Lir *x) {
  u32 from = x->kind == OP_f32_demote_f64 ? 8 : 4;
  Rm a = integer_source(c, x);
  wm_x64_sse3(c, scalar(from, 0x5A), x->d, filler(c, &a), a, -1);
  canonicalize(c, x->d, 12 - from);
}

static void emit_reinterpret(Compile *c, const Lir *x) {
  bool wide = x->kind == OP_i64_reinterpret_f64 || x->kind == OP_f64_reinterpret_i64;
  u32 width = wide ? 8 : 4;
  Rm a = wm_x64_loc(c, x->a);
  if (x->d < XMM0) {
    if (a.kind == RM_MEM)
      wm_x64_op(c, width, 0x8B, x->d, a, false, 0);
    else if (wide)
      wm_x64_sse_store_w(c, 0x660F7E, x->a, rm_reg(x->d), -1);
    else
      wm_x64_sse_store(c, 0x660F7E, x->a, rm_reg(x->d), -1);
  } else if (a.kind == RM_MEM) {
    wm_x64_sse2(c, scalar(width, 0x10), x->d, a, -1);
  } else if (wide) {
    wm_x64_sse2_w(c, 0x660F6E, x->d, a);
  } else {
    wm_x64_sse2(c, 0x660F6E, x->d, a, -1);
  }
}

static void emit_constant(Compile *c, const Lir *x) {
  if (x->imm == 0)
    put_zero(c, x->d);
  else
    load_scalar(c, x->width, x->d, (u64)x->imm);
}

/* ---- comparisons ---- */

static bool looks_at_parity(const Lir *x) { return x->cc == CC_E || x->cc == CC_NE; }

static void compare(Compile *c, const Lir *x) {
  compare_floats(c, x->width, x->a, x64_source_b(c, x));
}

bool wm_x64_emit_float(Compile *c, const Lir *x) {
  switch (x->op) {
  case LIR_FCONST: emit_constant(c, x); break;
  case LIR_FOP: emit_fop(c, x); break;
  case LIR_FMINMAX: emit_min_max(c, x); break;
  case LIR_COPYSIGN: emit_copysign(c, x); break;
  case LIR_FUNARY: emit_unary(c, x); break;
  case LIR_CVTIF: emit_from_integer(c, x); break;
  case LIR_CVTFI: emit_to_integer(c, x); break;
  case LIR_CVTFF: emit_convert_float(c, x); break;
  case LIR_REINTERPRET: emit_reinterpret(c, x); break;
  case LIR_FCMPBR:
    compare(c, x);
    wm_x64_branch(c, x->cc, looks_at_parity(x), (x->flags & LIR_NEGATED) != 0);
    break;
  case LIR_FCMPSET:
    compare(c, x);
    wm_x64_set_value(c, x, looks_at_parity(x));
    break;
  case LIR_FCMPSEL:
    compare(c, x);
    wm_x64_select_value(c, x, looks_at_parity(x));
    break;
  default: return false;
  }
  return true;
}
