/* Selection of the vector instructions (x64_simd.h): which LIR instruction a row becomes, and what
 * goes into it: loads, constants, shift counts. */
#include "jit/x64/x64_isel.h"
#include "jit/x64/x64_simd.h"

typedef struct Selection {
  u32 n;     /* the node */
  Node node; /* a copy: nodes may move */
  u32 d;
  const VectorRow *row;
} Selection;

static Lir lir_for(const Selection *s, u32 op) {
  Lir x = wm_isel_lir(op, 16, s->d, NONE, NONE);
  x.kind = s->node.op;
  x.type = s->d == NONE ? T_NONE : s->node.type;
  return x;
}

/* ---- constants ---- */

static void put_vector(Compile *c, const Selection *s, u32 index) {
  Lir x = lir_for(s, LIR_VCONST);
  x.imm = index;
  wm_isel_put(c, x);
}

/* The 64-bit half of a splat of the constant `bits`. */
static u64 splat_bits(u16 op, u64 bits) {
  switch (op) {
  case OP_i8x16_splat: return splat8((u32)bits);
  case OP_i16x8_splat: return splat16((u32)bits);
  case OP_i32x4_splat:
  case OP_f32x4_splat: return splat32((u32)bits);
  default: return bits;
  }
}

static bool is_splat(u16 op) {
  const VectorRow *row = wm_x64_vector_row(op);
  return row && row->form == FORM_SPLAT;
}

/* The constant that node n is, as an index in vectors; false: none. */
static bool is_vector_const(Compile *c, u32 n, u32 *index) {
  Node x = *node_at(c, n);
  if (x.op == IR_CONST && x.type == T_V128) {
    *index = x.a;
    return true;
  }
  if (!is_splat(x.op) || !is_const(c, x.a)) return false;
  u64 half = splat_bits(x.op, const_bits(c, x.a));
  *index = wm_x64_vector(c, half, half);
  return true;
}

/* ---- rows of one instruction ---- */

/* Whether load n may be the memory operand of an instruction that reads 16 bytes, or 8 (HALF). */
static bool can_fold(const Compile *c, u32 n, u8 traits) {
  u16 wanted = traits & HALF ? OP_v128_load64_zero : OP_v128_load;
  return node_at(c, n)->op == wanted && wm_isel_can_fold(c, n);
}

/* The operand as memory, if it can be. */
static bool fold_operand(Compile *c, Lir *x, u32 n, u8 traits) {
  u32 index;
  if (can_fold(c, n, traits)) {
    wm_isel_fold(c, x, n);
    return true;
  }
  if (!is_vector_const(c, n, &index)) return false;
  x->mem = MEM_VECTOR;
  x->imm = index;
  return true;
}

static void select_binary(Compile *c, const Selection *s, u32 op, bool is_swapped) {
  u32 a = is_swapped ? s->node.b : s->node.a, b = is_swapped ? s->node.a : s->node.b, index;
  Lir x = lir_for(s, op);
  bool b_folds = can_fold(c, b, 0) || is_vector_const(c, b, &index);
  if ((s->row->traits & COMMUTES) && !b_folds) {
    u32 swap = a;
    a = b, b = swap;
    if (!can_fold(c, b, 0) && !is_vector_const(c, b, &index)) {
      b = a;
      a = swap;
    }
  }
  if (a == b || !fold_operand(c, &x, b, 0)) x.b = wm_isel_use(c, b);
  x.a = wm_isel_use(c, a);
  wm_isel_put(c, x);
}

static void select_unary(Compile *c, const Selection *s) {
  Lir x = lir_for(s, LIR_VUNARY);
  if (!can_fold(c, s->node.a, s->row->traits))
    x.a = wm_isel_use(c, s->node.a);
  else
    wm_isel_fold(c, &x, s->node.a);
  wm_isel_put(c, x);
}

static bool is_comparison(u16 op) {
  const VectorRow *row = wm_x64_vector_row(op);
  return row && row->traits & COMPARES;
}

static void select_sequence(Compile *c, const Selection *s, u32 op) {
  u32 operands = wm_ir_operands(node_at(c, s->n));
  Lir x = lir_for(s, op);
  x.a = wm_isel_use(c, s->node.a);
  if (operands & 2) x.b = wm_isel_use(c, s->node.b);
  if (operands & 4) {
    x.c = wm_isel_use(c, s->node.c);
    x.sub = is_comparison(node_at(c, s->node.c)->op);
  }
  wm_isel_put(c, x);
}

/* ---- memory ---- */

static void select_load(Compile *c, const Selection *s) {
  Lir x = lir_for(s, LIR_LOAD);
  wm_isel_memory(c, &x, node_at(c, s->n));
  wm_isel_put(c, x);
}

static void select_store(Compile *c, const Selection *s, u32 op) {
  Lir x = lir_for(s, op);
  x.imm = s->node.imm; /* lane */
  x.a = wm_isel_use(c, s->node.c);
  wm_isel_memory(c, &x, node_at(c, s->n));
  wm_isel_put(c, x);
}

/* ---- lanes ---- */

/* Whether n is a load of the lanes' bytes, which may be the memory operand. */
static bool can_fold_lane(const Compile *c, u32 n, u32 bytes) {
  u16 op = node_at(c, n)->op;
  return wm_x64_scalar_class(op) == SCALAR_LOAD && wm_op_info[op].access_bytes == bytes &&
         wm_isel_can_fold(c, n);
}

static u32 lane_bytes(u16 op) {
  switch (op) {
  case OP_i8x16_splat:
  case OP_i8x16_replace_lane: return 1;
  case OP_i16x8_splat:
  case OP_i16x8_replace_lane: return 2;
  case OP_i32x4_splat:
  case OP_f32x4_splat:
  case OP_i32x4_replace_lane:
  case OP_f32x4_replace_lane: return 4;
  default: return 8;
  }
}

static void select_insert(Compile *c, const Selection *s) {
  Lir x = lir_for(s, LIR_VINSERT);
  bool is_access = wm_op_info[s->node.op].access_bytes != 0;
  x.imm = s->node.imm;
  if (is_access)
    wm_isel_memory(c, &x, node_at(c, s->n));
  else if (!can_fold_lane(c, s->node.b, lane_bytes(s->node.op)))
    x.b = wm_isel_use(c, s->node.b);
  else
    wm_isel_fold(c, &x, s->node.b);
  x.a = wm_isel_use(c, is_access ? s->node.c : s->node.a);
  wm_isel_put(c, x);
}

static void select_extract(Compile *c, const Selection *s) {
  Lir x = lir_for(s, LIR_VEXTRACT);
  x.imm = s->node.imm;
  x.a = wm_isel_use(c, s->node.a);
  wm_isel_put(c, x);
}

/* Of a load: the row that does both. */
static bool select_load_splat(Compile *c, const Selection *s) {
  static const u16 kinds[] = {[1] = OP_v128_load8_splat,
                              [2] = OP_v128_load16_splat,
                              [4] = OP_v128_load32_splat,
                              [8] = OP_v128_load64_splat};
  u32 bytes = lane_bytes(s->node.op);
  if (!can_fold_lane(c, s->node.a, bytes)) return false;
  Lir x = lir_for(s, LIR_LOAD);
  x.kind = kinds[bytes];
  wm_isel_fold(c, &x, s->node.a);
  wm_isel_put(c, x);
  return true;
}

static void select_splat(Compile *c, const Selection *s) {
  u32 index;
  if (is_vector_const(c, s->n, &index)) {
    put_vector(c, s, index);
  } else if (!select_load_splat(c, s)) {
    Lir x = lir_for(s, LIR_VSPLAT);
    x.a = wm_isel_use(c, s->node.a);
    wm_isel_put(c, x);
  }
}

static void select_shift(Compile *c, const Selection *s) {
  bool is_known = is_const(c, s->node.b);
  Lir x = lir_for(s, is_known ? LIR_VSHIFTI : LIR_VSHIFT);
  if (is_known)
    x.imm = (i64)(const_bits(c, s->node.b) & (u8)s->row->imm);
  else
    x.b = wm_isel_use(c, s->node.b);
  x.a = wm_isel_use(c, s->node.a);
  wm_isel_put(c, x);
}

/* ---- shuffles ---- */

static void put_shuffle(Compile *c, const Selection *s, u32 a, u32 b, V128 lanes) {
  Lir x = lir_for(s, LIR_VSHUFFLE);
  x.imm = wm_x64_vector(c, lanes.u64x2[0], lanes.u64x2[1]);
  x.a = wm_isel_use(c, a);
  x.b = a == b ? x.a : wm_isel_use(c, b);
  wm_isel_put(c, x);
}

static bool is_zero(Compile *c, u32 n) {
  u32 index;
  if (!is_vector_const(c, n, &index)) return false;
  V128 v = c->vectors.data[index];
  return (v.u64x2[0] | v.u64x2[1]) == 0;
}

/* A source that is zero or of which no lane is taken is dropped. */
static void select_shuffle(Compile *c, const Selection *s) {
  u32 a = s->node.a, b = s->node.b, of_a = 0;
  V128 lanes = c->vectors.data[s->node.c];
  for (u32 i = 0; i < 16; i++) of_a += lanes.u8x16[i] < 16;
  bool only_a = of_a == 16 || is_zero(c, b), only_b = !of_a || is_zero(c, a);
  if (!only_a && !only_b) {
    put_shuffle(c, s, a, b, lanes);
    return;
  }
  for (u32 i = 0; i < 16; i++) {
    bool is_kept = (lanes.u8x16[i] < 16) == only_a;
    lanes.u8x16[i] = is_kept ? lanes.u8x16[i] & 15 : 0x80;
  }
  u32 kept = only_a ? a : b;
  put_shuffle(c, s, kept, kept, lanes);
}

/* Which lane a number picks; 0x80: none. As swizzle() in x64_simd_seq.c, or wm_x64_emit_relaxed. */
static u8 swizzled_lane(const Compile *c, u16 op, u8 number) {
  bool is_masked = c->options.relaxed_fast && op == OP_i8x16_relaxed_swizzle;
  if (is_masked && number < 0x80) return number & 15;
  return number > 15 ? 0x80 : number;
}

/* By constant lanes it is a shuffle of one source. */
static void select_swizzle(Compile *c, const Selection *s) {
  u32 index;
  if (!is_vector_const(c, s->node.b, &index)) {
    select_sequence(c, s, LIR_VSEQUENCE);
    return;
  }
  V128 lanes = c->vectors.data[index];
  for (u32 i = 0; i < 16; i++) lanes.u8x16[i] = swizzled_lane(c, s->node.op, lanes.u8x16[i]);
  put_shuffle(c, s, s->node.a, s->node.a, lanes);
}

static void select_test(Compile *c, const Selection *s) {
  Lir x = lir_for(s, LIR_VTEST);
  x.a = wm_isel_use(c, s->node.a);
  wm_isel_put(c, x);
}

/* ---- all ---- */

bool wm_x64_select_vector(Compile *c, u32 n, u32 d) {
  const VectorRow *row = wm_x64_vector_row(node_at(c, n)->op);
  if (!row) return false;
  Selection s = {n, *node_at(c, n), d, row};
  switch ((VectorForm)row->form) {
  case FORM_NONE: return false;
  case FORM_LOAD:
  case FORM_LOAD_SPLAT: select_load(c, &s); break;
  case FORM_STORE: select_store(c, &s, LIR_STORE); break;
  case FORM_STORE_LANE: select_store(c, &s, LIR_VSTORE_LANE); break;
  case FORM_BINARY:
  case FORM_NOT: select_binary(c, &s, LIR_VBINARY, false); break;
  case FORM_SWAPPED:
  case FORM_SWAPPED_NOT: select_binary(c, &s, LIR_VBINARY, true); break;
  case FORM_IS_A:
  case FORM_IS_NOT_A: select_binary(c, &s, LIR_VCOMPARE, false); break;
  case FORM_UNARY:
  case FORM_HIGH:
  case FORM_FROM_ZERO:
  case FORM_FROM_ONES: select_unary(c, &s); break;
  case FORM_EARLY: select_sequence(c, &s, LIR_VSEQUENCE); break;
  case FORM_LATE: select_sequence(c, &s, LIR_VSEQUENCE_LATE); break;
  case FORM_SHIFT: select_shift(c, &s); break;
  case FORM_INSERT: select_insert(c, &s); break;
  case FORM_EXTRACT: select_extract(c, &s); break;
  case FORM_SPLAT: select_splat(c, &s); break;
  case FORM_SHUFFLE: select_shuffle(c, &s); break;
  case FORM_SWIZZLE: select_swizzle(c, &s); break;
  case FORM_TEST: select_test(c, &s); break;
  }
  return true;
}
