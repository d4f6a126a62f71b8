/* Every vector row as machine code, against its meaning in runtime/simd.h: with AVX and without,
 * with all choices of registers that lir.def leaves to the allocator (the destination in an
 * operand's register, operands in slots, one operand twice), with operands folded (loads,
 * constants) and not, on random and special values. Rows without a lowering fail.
 *
 * A function of one instruction is selected from hand-made IR, its virtual registers are given
 * places here, and it is run in fresh executable memory. Accesses end at the last byte before a
 * page that faults, and operands must survive the instruction. */
#include "relaxed_meaning.h"

#include "jit/jit.h"
#include "jit/x64/x64_emit.h"
#include "jit/x64/x64_machine.h"
#include "jit/x64/x64_simd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

enum {
  PAGE_BYTES = 4096,
  RUNS = 60,
  ADDRESS = 1, /* the node of the argument that holds an address */
  OPERANDS = 3,
  SLOT_AREA = 56, /* slots 1 and 3 lie at odd multiples of 8 */
};

/* What the code works on. */
typedef struct Data {
  V128 in[OPERANDS], out;
  V128 kept[OPERANDS]; /* the operands' registers afterwards */
} Data;
typedef void (*Code)(Data *data, u8 *memory);

/* How an instruction's operands are given; compared: the last is c > b (bytes). */
typedef enum Given {
  GIVEN_REGISTER,
  GIVEN_SLOT,
  GIVEN_LOADED,
  GIVEN_CONSTANT,
  GIVEN_COMPARED
} Given;
typedef struct Variant {
  u32 cpu;
  bool canonical_nan;
  bool relaxed_fast;
  u8 d_is;       /* 1 .. 3: d is in operand a's, b's, c's register */
  bool is_twice; /* a and b are the same */
  bool is_high;  /* registers from 8 up */
  Given given;   /* of the last operand; a slot: also of the first, where it may */
  u8 lane;
  V128 constant; /* GIVEN_CONSTANT */
} Variant;

typedef struct Row {
  u16 kind;
  u8 form;
  u8 count; /* operands */
  u8 type[OPERANDS], result;
  u8 access_bytes;
} Row;

typedef struct Bench {
  Compile *c;
  u8 *code;   /* one page */
  u8 *memory; /* the end of a page, in front of one that faults */
  u64 random;
} Bench;

/* ---- values ---- */

static u64 next_random(Bench *m) {
  m->random ^= m->random << 13;
  m->random ^= m->random >> 7;
  m->random ^= m->random << 17;
  return m->random;
}

static u64 special(Bench *m, u32 bits) {
  static const u64 for_64[] = {0,
                               UINT64_C(1) << 63,
                               UINT64_C(0x7FF8000000000000),
                               UINT64_C(0xFFF8000000000000),
                               UINT64_C(0x7FF0000000000001),
                               UINT64_C(0x7FF0000000000000),
                               UINT64_C(0xFFF0000000000000),
                               UINT64_C(0x41DFFFFFFFC00000),
                               UINT64_C(0x41E0000000000000),
                               UINT64_C(0xC1E0000000000000),
                               UINT64_C(0xC1E0000000200000),
                               UINT64_C(0x41EFFFFFFFE00000),
                               UINT64_C(0x41F0000000000000),
                               UINT64_C(0xBFEFFFFFFFFFFFFF),
                               UINT64_C(0x3FE0000000000000),
                               UINT64_C(0x4004000000000000),
                               UINT64_C(0x000FFFFFFFFFFFFF),
                               UINT64_C(0x47EFFFFFF0000000),
                               UINT64_MAX,
                               INT64_MAX,
                               1};
  static const u32 for_32[] = {0,          0x80000000, 0x7FC00000, 0xFFC00000, 0x7F800001,
                               0x7F800000, 0xFF800000, 0x4EFFFFFF, 0x4F000000, 0xCF000000,
                               0x4F7FFFFF, 0x4F800000, 0xBF7FFFFF, 0x3F000000, 0x40200000,
                               0x007FFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80008000, 0x7FFF8000,
                               0x80FF7F01, 0x00010001, 1};
  u64 r = next_random(m) >> 20;
  return bits == 64 ? for_64[r % ARRAY_LEN(for_64)] : for_32[r % ARRAY_LEN(for_32)];
}

static V128 random_vector(Bench *m) {
  V128 v;
  u64 how = next_random(m) >> 40 & 7;
  for (u32 i = 0; i < 2; i++) v.u64x2[i] = how < 3 ? special(m, 64) : next_random(m);
  for (u32 i = 0; i < 4 && how >= 3 && how < 6; i++)
    if (next_random(m) & 256) v.u32x4[i] = (u32)special(m, 32);
  for (u32 i = 0; i < 16 && how == 6; i++) v.u8x16[i] &= 7; /* small numbers, equal lanes */
  return v;
}

/* As a register holds it: an i32 is zero-extended, the rest of a float anything. */
static V128 random_operand(Bench *m, u8 type) {
  V128 v = random_vector(m);
  return type == T_I32 ? of_u32(v.u32x4[0]) : type == T_I64 ? of_u64(v.u64x2[0]) : v;
}

/* ---- rows ---- */

static u8 type_of_letter(char letter) {
  return letter == 's'   ? T_V128
         : letter == 'f' ? T_F32
         : letter == 'd' ? T_F64
         : letter == 'l' ? T_I64
                         : T_I32;
}

static Row row_of(u16 kind) {
  const VectorRow *v = wm_x64_vector_row(kind);
  if (!v) fail_msg("%s has no lowering", wm_op_text(kind));
  Row row = {.kind = kind, .form = v->form, .access_bytes = wm_op_info[kind].access_bytes};
  const char *sig = wm_op_sig(kind);
  for (; *sig != '_'; sig++)
    if (*sig != 'p') row.type[row.count++] = type_of_letter(*sig);
  row.result = sig[1] ? type_of_letter(sig[1]) : T_NONE;
  return row;
}

static bool has_lanes(const Row *row) {
  return row->form == FORM_INSERT || row->form == FORM_EXTRACT || row->form == FORM_STORE_LANE;
}

/* Of rows with a lane: from the name's shape or the access. */
static u32 lane_count(const Row *row) {
  if (!has_lanes(row)) return 1;
  if (row->access_bytes) return 16 / row->access_bytes;
  return (u32)atoi(strchr(wm_op_text(row->kind), 'x') + 1);
}

/* ---- a function of one instruction ---- */

static u32 add_node(Compile *c, Node n) {
  u32 index = c->nodes.len;
  *jit_push(c, &c->nodes) = n;
  if (n.op != IR_ARG && n.op != IR_CONST && n.op != IR_NOP) *jit_push(c, &c->body) = index;
  return index;
}

static Node node_of(u16 op, u8 type, u32 a, u32 b) {
  return (Node){.op = op, .type = (u8)(type & 15), .a = a, .b = b};
}

/* A load that may be folded, of the width that an operand of the row has in memory. */
static u16 load_for(const Row *row, u8 type) {
  if (type == T_V128)
    return wm_x64_vector_row(row->kind)->traits & HALF ? OP_v128_load64_zero : OP_v128_load;
  if (type == T_I64) return OP_i64_load;
  if (type == T_F32 || type == T_F64) return type == T_F32 ? OP_f32_load : OP_f64_load;
  const char *name = wm_op_text(row->kind);
  return name[1] == '8' ? OP_i32_load8_u : name[1] == '1' ? OP_i32_load16_u : OP_i32_load;
}

/* The last operand; others are arguments. */
static u32 last_operand(Compile *c, const Row *row, const Variant *v, u32 argument) {
  u8 type = row->type[row->count - 1];
  if (v->given == GIVEN_LOADED) {
    Node load = node_of(load_for(row, type), type, ADDRESS, 0);
    load.flags = IR_POINTER;
    return add_node(c, load);
  }
  if (v->given == GIVEN_COMPARED)
    return add_node(c, node_of(OP_i8x16_gt_s, type, argument, argument - 1));
  if (v->given != GIVEN_CONSTANT) return argument;
  if (type != T_V128)
    return add_node(c, node_of(IR_CONST, type, v->constant.u32x4[0], v->constant.u32x4[1]));
  *jit_push(c, &c->vectors) = v->constant;
  return add_node(c, node_of(IR_CONST, type, c->vectors.len - 1, 0));
}

static void add_instruction(Compile *c, const Row *row, const Variant *v, const u32 *operands) {
  Node n = node_of(row->kind, row->result, operands[0], operands[1]);
  n.c = operands[2];
  n.imm = v->lane;
  if (row->access_bytes) {
    n.a = ADDRESS;
    n.b = 0;
    n.c = row->count ? operands[0] : 0;
    n.flags = IR_POINTER;
  }
  if (row->form == FORM_SHUFFLE) {
    *jit_push(c, &c->vectors) = v->constant;
    n.c = c->vectors.len - 1;
  }
  add_node(c, n);
}

static void begin_ir(Compile *c, const Row *row) {
  c->nodes.len = c->body.len = c->vectors.len = c->blocks.len = c->order.len = c->pool.len = 0;
  c->sites.len = 0;
  *jit_push(c, &c->sites) = (Site){0, NONE, NONE, NO_INDEX};
  *jit_push(c, &c->pool) = 0;
  add_node(c, node_of(IR_NOP, T_NONE, 0, 0));
  add_node(c, node_of(IR_ARG, T_I64, 0, 0));
  for (u32 i = 0; i < row->count; i++) add_node(c, node_of(IR_ARG, row->type[i], i + 1, 0));
  c->arg_count = row->count + 1u;
}

/* One block that returns the result, as place.c would leave it. */
static void finish_ir(Compile *c, bool has_result) {
  *jit_push(c, &c->pool) = has_result;
  *jit_push(c, &c->pool) = c->nodes.len - 1;
  *jit_push(c, &c->blocks) = (Block){.term = TERM_RETURN, .table = 1, .body_end = c->body.len};
  *jit_push(c, &c->order) = 0;
  c->node_block.len = c->node_uses.len = c->node_live.len = c->node_epoch.len = c->node_sites.len =
      0;
  for (u32 i = 0; i < c->nodes.len; i++) {
    *jit_push(c, &c->node_block) = node_at(c, i)->op == IR_CONST ? NONE : 0;
    *jit_push(c, &c->node_uses) = 1;
    *jit_push(c, &c->node_live) = LIVE_YES;
    *jit_push(c, &c->node_epoch) = (Epoch){{0}};
    *jit_push(c, &c->node_sites) = 0;
  }
}

static void select_row(Compile *c, const Row *row, const Variant *v) {
  u32 operands[OPERANDS] = {0};
  begin_ir(c, row);
  for (u32 i = 0; i < row->count; i++) operands[i] = ADDRESS + 1 + i;
  if (row->count) operands[row->count - 1] = last_operand(c, row, v, row->count + 1u);
  if (v->is_twice) operands[1] = operands[0];
  add_instruction(c, row, v, operands);
  finish_ir(c, row->result != T_NONE);
  wm_x64_select(c);
}

/* ---- places ---- */

/* The last instruction that is not the return. */
static const Lir *the_instruction(const Compile *c) { return &c->lir.data[c->lir.len - 2]; }

static bool may_share(u8 constraint) { return constraint == C_R || constraint == C_M; }

/* Gives each vreg a place; false: the variant does not fit the instruction. */
static bool choose_places(Compile *c, const Row *row, const Variant *v, Loc *places) {
  const Lir *x = the_instruction(c);
  const LirConstraints *k = &wm_x64_constraints[x->op];
  u32 vregs[] = {x->a, x->b, x->c};
  u8 constraints[] = {k->a, k->b, k->c};
  u32 high = v->is_high ? 7 : 0; /* numbers of integer and vector registers coincide */
  for (u32 i = 0; i < c->vreg_type.len; i++) places[i] = 0;
  if (x->d != NONE) places[x->d] = type_is_float(row->result) ? XMM0 + 1 + high : RCX + high;
  if (c->node_vreg.data[ADDRESS] != NONE) places[c->node_vreg.data[ADDRESS]] = RSI;
  bool has_slot = false;
  for (u32 i = 0; i < OPERANDS; i++) {
    if (vregs[i] == NONE || places[vregs[i]]) continue;
    bool is_float = type_is_float(c->vreg_type.data[vregs[i]]);
    places[vregs[i]] = is_float ? XMM0 + 2 + i + high / 2 * 3 : i == 1 ? RCX + high : RDX;
    if (v->given != GIVEN_SLOT || constraints[i] == C_R || constraints[i] == C_RL) continue;
    places[vregs[i]] = LOC_SLOT | (1 + 2 * i % 4);
    has_slot = true;
  }
  u32 last = c->node_vreg.data[ADDRESS + row->count];
  if (v->given == GIVEN_COMPARED) places[last] = XMM0 + 7;
  if (v->given == GIVEN_SLOT && !has_slot) return false;
  if (!v->d_is) return true;
  u32 shared = vregs[v->d_is - 1];
  if (x->d == NONE || shared == NONE || places[shared] & LOC_SLOT) return false;
  if (type_is_float(row->result) != (places[shared] >= XMM0)) return false;
  for (u32 i = 0; i < OPERANDS; i++)
    if (vregs[i] == shared && !may_share(constraints[i])) return false;
  places[x->d] = places[shared];
  return true;
}

static u32 placed(const Loc *places, u32 vreg) { return vreg == NONE ? NONE : places[vreg]; }

static void place_operands(Compile *c, const Loc *places) {
  for (u32 i = 0; i < c->lir.len; i++) {
    Lir *x = &c->lir.data[i];
    u32 *fields[] = {&x->d, &x->a, &x->b, &x->c, &x->e, &x->m0, &x->m1};
    for (u32 k = 0; k < ARRAY_LEN(fields); k++) *fields[k] = placed(places, *fields[k]);
  }
}

/* ---- machine code ---- */

static Rm data_at(size_t offset) { return rm_mem(RDI, -1, 0, (i32)offset); }

static void emit_load_operand(Compile *c, Loc to, size_t offset) {
  bool is_integer = to < XMM0;
  if (is_integer) {
    wm_x64_op(c, 8, 0x8B, to, data_at(offset), false, 0);
    return;
  }
  Loc reg = to & LOC_SLOT ? X14 : to;
  wm_x64_sse2(c, MOVUPS, reg, data_at(offset), -1);
  if (to & LOC_SLOT) wm_x64_sse_store(c, MOVUPS_STORE, reg, wm_x64_loc(c, to), -1);
}

static void emit_store_result(Compile *c, Loc from, size_t offset) {
  if (from >= XMM0)
    wm_x64_sse_store(c, MOVUPS_STORE, from, data_at(offset), -1);
  else
    wm_x64_op(c, 8, 0x89, from, data_at(offset), false, 0);
}

/* Operands that are not overwritten must be as they were. */
static void emit_check_operands(Compile *c, const Row *row, const Loc *places, Loc d) {
  for (u32 i = 0; i < row->count; i++) {
    u32 vreg = c->node_vreg.data[ADDRESS + 1 + i];
    size_t kept = offsetof(Data, kept) + i * sizeof(V128);
    if (vreg != NONE && places[vreg] < REG_COUNT && places[vreg] != d)
      emit_store_result(c, places[vreg], kept);
  }
}

/* So that nothing is right by chance. */
static void emit_poison(Compile *c, Loc d) {
  wm_x64_mov_imm(c, R11, UINT64_C(0xDEADDEADDEADDEAD));
  if (d != NONE && d < XMM0) wm_x64_mov(c, 8, d, R11);
  if (d != NONE && d >= XMM0) vec_ones(c, d);
  vec_ones(c, X14);
  vec_ones(c, X15);
}

static bool is_instruction(const Lir *x) { return x->op != LIR_GETARG && x->op != LIR_RETURN; }

static void emit_function(Compile *c, const Row *row, const Loc *places) {
  Loc d = placed(places, the_instruction(c)->d);
  place_operands(c, places);
  wm_x64_begin(c);
  wm_x64_alu_imm(c, 8, ALU_SUB, rm_reg(RSP), SLOT_AREA);
  emit_poison(c, d);
  for (u32 i = 0; i < row->count; i++) {
    u32 vreg = c->node_vreg.data[ADDRESS + 1 + i];
    if (vreg != NONE) emit_load_operand(c, places[vreg], offsetof(Data, in) + i * sizeof(V128));
  }
  for (u32 i = 0; i < c->lir.len; i++)
    if (is_instruction(&c->lir.data[i]) && !wm_x64_emit_vector(c, &c->lir.data[i]))
      fail_msg("%s: not emitted", wm_op_text(row->kind));
  emit_check_operands(c, row, places, d);
  if (d != NONE) emit_store_result(c, d, offsetof(Data, out));
  wm_x64_alu_imm(c, 8, ALU_ADD, rm_reg(RSP), SLOT_AREA);
  wm_x64_byte(c, 0xC3);
  wm_x64_finish(c);
}

/* ---- what comes out ---- */

static V128 expected(const Row *row, const Variant *v, const V128 *in, V128 memory) {
  switch (row->form) {
  case FORM_LOAD:
  case FORM_LOAD_SPLAT: return load_meaning(row->kind, memory);
  case FORM_INSERT: return lane_meaning(row->kind, in, v->lane);
  case FORM_EXTRACT: return lane_meaning(row->kind, in, v->lane);
  case FORM_SHUFFLE: return op_i8x16_shuffle(in[0], in[1], v->constant);
  default: break;
  }
  V128 operands[] = {in[0], in[1], in[2]};
  if (v->given == GIVEN_COMPARED) operands[2] = op_i8x16_gt_s(in[2], in[1]);
  if (v->relaxed_fast) return fast_meaning(row->kind, operands, v->cpu);
  return pure_meaning(row->kind, operands);
}

static u64 payload(V128 v, bool is_f64, u32 i) {
  return is_f64 ? v.u64x2[i] & (UINT64_MAX >> 13) : v.u32x4[i] & 0x3FFFFF;
}
static bool is_nan(V128 v, bool is_f64, u32 i) {
  return is_f64 ? v.f64x2[i] != v.f64x2[i] : v.f32x4[i] != v.f32x4[i];
}
static bool is_quiet(V128 v, bool is_f64, u32 i) {
  return is_f64 ? v.u64x2[i] >> 51 & 1 : v.u32x4[i] >> 22 & 1;
}

/* Quiet NaN lanes become the canonical one, but for those with a payload where that is wrong. */
static V128 without_nans(V128 v, bool is_f64, bool any_payload) {
  for (u32 i = 0; i < (is_f64 ? 2 : 4); i++) {
    if (!is_nan(v, is_f64, i) || !is_quiet(v, is_f64, i)) continue;
    if (!any_payload && payload(v, is_f64, i)) continue;
    if (is_f64)
      v.u64x2[i] = UINT64_C(0x7FF8) << 48;
    else
      v.u32x4[i] = 0x7FC00000;
  }
  return v;
}

/* Signalling NaNs become quiet ones. */
static V128 quieted(V128 v, bool is_f64) {
  for (u32 i = 0; i < (is_f64 ? 2 : 4); i++) {
    if (!is_nan(v, is_f64, i)) continue;
    if (is_f64)
      v.u64x2[i] |= UINT64_C(1) << 51;
    else
      v.u32x4[i] |= 1u << 22;
  }
  return v;
}

/* Whether an operand has a NaN that is not canonical: then a result's may be any quiet one. */
static bool has_payloads(const Row *row, const Data *d) {
  bool is_f64 = wm_op_text(row->kind)[1] == '6';
  if (row->kind == OP_f32x4_demote_f64x2_zero || row->kind == OP_f64x2_promote_low_f32x4)
    is_f64 = !is_f64;
  for (u32 k = 0; k < row->count; k++)
    for (u32 i = 0; i < (is_f64 ? 2 : 4); i++)
      if (is_nan(d->in[k], is_f64, i) &&
          (payload(d->in[k], is_f64, i) || !is_quiet(d->in[k], is_f64, i)))
        return true;
  return false;
}

static size_t result_bytes(const Row *row) {
  return row->result == T_V128 ? 16 : row->result == T_F32 ? 4 : 8;
}

static void report(const Row *row, const Variant *v, const Data *d, V128 want) {
  printf("%s lane %u cpu %x canonical %d d_is %u twice %d high %d given %d\n",
         wm_op_text(row->kind), v->lane, v->cpu, v->canonical_nan, v->d_is, v->is_twice, v->is_high,
         v->given);
  const V128 *all[] = {&d->in[0], &d->in[1], &d->in[2], &v->constant, &d->out, &want};
  static const char *const names[] = {"a", "b", "c", "constant", "result", "expected"};
  for (u32 i = 0; i < ARRAY_LEN(all); i++)
    printf("  %-8s %016llx %016llx\n", names[i], (unsigned long long)all[i]->u64x2[1],
           (unsigned long long)all[i]->u64x2[0]);
  fail_msg("%s", wm_op_text(row->kind));
}

static void check(const Row *row, const Variant *v, const Data *d, V128 want) {
  V128 got = d->out;
  if (wm_x64_vector_row(row->kind)->traits & MAKES_NAN) {
    bool is_f64 = wm_op_text(row->kind)[1] == '6';
    want = without_nans(v->canonical_nan ? quieted(want, is_f64) : want, is_f64, true);
    if (!v->canonical_nan) got = without_nans(got, is_f64, has_payloads(row, d));
  }
  if (memcmp(&got, &want, result_bytes(row))) report(row, v, d, want);
  for (u32 i = 0; i < row->count; i++)
    if (memcmp(&d->kept[i], &d->in[i], row->type[i] == T_V128 ? 16 : 4)) report(row, v, d, want);
}

/* ---- running ---- */

static u32 memory_bytes(const Row *row) {
  if (row->access_bytes) return row->access_bytes;
  return row->count ? wm_op_info[load_for(row, row->type[row->count - 1])].access_bytes : 16;
}

/* The operands, where the last may be given otherwise; `memory` is what a load would find. */
static V128 prepare(Bench *m, const Row *row, const Variant *v, Data *d) {
  for (u32 i = 0; i < OPERANDS; i++) d->in[i] = random_operand(m, row->type[i]);
  if (v->is_twice) d->in[1] = d->in[0];
  if (v->given == GIVEN_CONSTANT && row->form != FORM_SHUFFLE) d->in[row->count - 1] = v->constant;
  V128 memory = random_vector(m);
  u32 bytes = memory_bytes(row);
  if (!row->access_bytes && row->count) memory = d->in[row->count - 1];
  memcpy(m->memory - bytes, &memory, bytes);
  if (row->form == FORM_INSERT && row->access_bytes) d->in[1] = memory;
  if (v->given == GIVEN_LOADED) { /* a narrower load gives less */
    V128 *last = &d->in[row->count - 1];
    memset(last, 0, sizeof *last);
    memcpy(last, &memory, bytes);
  }
  memcpy(d->kept, d->in, sizeof d->kept);
  return memory;
}

static void check_store(const Bench *m, const Row *row, const Variant *v, Data *d) {
  V128 want = store_meaning(row->kind, d->in[0], v->lane);
  memcpy(&d->out, m->memory - row->access_bytes, row->access_bytes);
  if (memcmp(&d->out, &want, row->access_bytes)) report(row, v, d, want);
}

/* Code that no compiler saw has no words in front of it that tell its type. */
#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
static void
run(Bench *m, const Row *row, const Variant *v, u32 runs) {
  Code code;
  Data d;
  memcpy(&code, &m->code, sizeof code);
  for (u32 i = 0; i < runs; i++) {
    V128 memory = prepare(m, row, v, &d);
    memset(&d.out, 0, sizeof d.out);
    code(&d, m->memory - memory_bytes(row));
    if (row->result == T_NONE)
      check_store(m, row, v, &d);
    else
      check(row, v, &d, expected(row, v, d.in, memory));
  }
}

static void load_code(Bench *m) {
  const Compile *c = m->c;
  assert_true(c->code.len <= PAGE_BYTES);
  assert_int_equal(mprotect(m->code, PAGE_BYTES, PROT_READ | PROT_WRITE), 0);
  memcpy(m->code, c->code.data, c->code.len);
  assert_int_equal(mprotect(m->code, PAGE_BYTES, PROT_READ | PROT_EXEC), 0);
}

/* False: there is no such variant of the row. */
static bool run_variant(Bench *m, const Row *row, const Variant *v, u32 runs) {
  Compile *c = m->c;
  Loc places[VREG_FIRST + 32];
  if (setjmp(c->leave)) fail_msg("%s: left (%s)", wm_op_text(row->kind), c->trouble);
  c->options.cpu = v->cpu;
  c->options.canonical_nan = v->canonical_nan;
  c->options.relaxed_fast = v->relaxed_fast;
  select_row(c, row, v);
  assert_true(c->vreg_type.len <= ARRAY_LEN(places));
  if (!choose_places(c, row, v, places)) return false;
  emit_function(c, row, places);
  load_code(m);
  run(m, row, v, runs);
  return true;
}

/* ---- the variants of a row ---- */

static void run_places(Bench *m, const Row *row, Variant v) {
  for (u32 high = 0; high < 2; high++)
    for (u8 d_is = 0; d_is <= OPERANDS; d_is++) {
      v.is_high = high;
      v.d_is = d_is;
      run_variant(m, row, &v, RUNS);
    }
}

static void run_constants(Bench *m, const Row *row, Variant v) {
  u32 count = row->form == FORM_SHIFT ? 70 : 12;
  u8 type = row->type[row->count - 1];
  v.given = GIVEN_CONSTANT;
  for (u32 i = 0; i < count; i++) {
    v.constant = row->form == FORM_SHIFT ? of_u32(i) : random_operand(m, type);
    if (i < 2 && row->form != FORM_SHIFT) memset(&v.constant, i ? 0xFF : 0, type_bytes(type));
    if (row->form == FORM_SWIZZLE && i & 1)
      for (u32 k = 0; k < 16; k++) v.constant.u8x16[k] &= 15;
    v.d_is = i & 1;
    run_variant(m, row, &v, 8);
  }
}

static void run_row(Bench *m, const Row *row, Variant v) {
  v.given = GIVEN_REGISTER;
  run_places(m, row, v);
  v.is_twice = row->count >= 2 && row->type[0] == row->type[1];
  if (v.is_twice) run_places(m, row, v);
  v.is_twice = false;
  if (!row->count || row->form == FORM_SHUFFLE) return;
  v.given = GIVEN_SLOT;
  run_places(m, row, v);
  if (row->access_bytes) return;
  if (row->form != FORM_INSERT) run_constants(m, row, v); /* that is a scalar's own instruction */
  v.given = GIVEN_COMPARED;
  if (row->kind == OP_v128_bitselect) run_places(m, row, v);
  v.given = GIVEN_LOADED;
  select_row(m->c, row, &v);
  if (the_instruction(m->c)->mem || the_instruction(m->c)->op == LIR_LOAD) run_places(m, row, v);
}

static void each_cpu(Bench *m, void (*test)(Bench *m, Variant v)) {
  static const u32 cpus[] = {0, CPU_AVX, CPU_AVX | CPU_AVX2, CPU_AVX | CPU_AVX2 | CPU_FMA};
  for (u32 i = 0; i < ARRAY_LEN(cpus); i++)
    for (u32 canonical = 0; canonical < 2 && (cpus[i] & wm_jit_machine.cpu()) == cpus[i];
         canonical++)
      test(m, (Variant){.cpu = cpus[i], .canonical_nan = canonical});
}

/* ---- tests ---- */

static void test_all(Bench *m, Variant v) {
  for (u16 kind = 0; kind < OP_COUNT; kind++) {
    if (wm_op_info[kind].prefix != 0xFD || kind == OP_v128_const || kind == OP_i8x16_shuffle)
      continue;
    Row row = row_of(kind);
    for (v.lane = 0; v.lane < lane_count(&row); v.lane++) run_row(m, &row, v);
  }
}

static void test_rows(void **state) { each_cpu(*state, test_all); }

/* The relaxed rows once more, by the machine's own instructions. */
static void test_relaxed(Bench *m, Variant v) {
  v.relaxed_fast = true;
  for (u16 kind = 0; kind < OP_COUNT; kind++) {
    if (wm_op_info[kind].feature != FEATURE_RELAXED_SIMD) continue;
    Row row = row_of(kind);
    run_row(m, &row, v);
  }
}

static void test_fast_relaxed(void **state) { each_cpu(*state, test_relaxed); }

/* All tiers make the same NaNs canonical. */
static void test_nans(void **state) {
  (void)state;
  for (u16 kind = 0; kind < OP_COUNT; kind++) {
    const VectorRow *v = wm_x64_vector_row(kind);
    if (v && op_makes_nan_lanes(kind) != ((v->traits & MAKES_NAN) != 0))
      fail_msg("%s", wm_op_text(kind));
  }
}

static void run_shuffle(Bench *m, Variant v, V128 lanes) {
  Row row = row_of(OP_i8x16_shuffle);
  v.constant = lanes;
  for (u8 d_is = 0; d_is < 3; d_is++)
    for (u32 twice = 0; twice < 2; twice++) {
      v.d_is = d_is;
      v.is_twice = twice;
      v.is_high = d_is & 1;
      run_variant(m, &row, &v, 4);
    }
}

/* Lanes in units of `bytes`, each one of those in `choose` (a unit's number by place and chance).
 */
static void shuffle_units(Bench *m, Variant v, u32 bytes, u32 pattern) {
  V128 lanes;
  u32 count = 16 / bytes, chance = (u32)next_random(m);
  for (u32 i = 0; i < count; i++) {
    u32 number = (u32)next_random(m) % (2 * count);
    switch (pattern) {
    case 0: break;
    case 1: number = (i / 2 + (chance & 1) * count / 2 + (i & 1) * count) % (2 * count); break;
    case 2: number = (i / 2 + (chance & 1) * count / 2 + (~i & 1) * count) % (2 * count); break;
    case 3: number = (i + chance) % (2 * count); break;               /* neighbours */
    case 4: number = i + (number & count); break;                     /* in place */
    case 5: number = chance % (2 * count); break;                     /* one */
    case 6: number %= count; break;                                   /* of a */
    case 7: number = number % count + count; break;                   /* of b */
    case 8: number = number % count + (i < count / 2) * count; break; /* a half each */
    case 9: number = i < count / 2 ? number % (count / 2) : i; break;
    default: number = i < count / 2 ? i : number % (count / 2) + count / 2; break;
    }
    for (u32 k = 0; k < bytes; k++) lanes.u8x16[i * bytes + k] = (u8)(number * bytes + k);
  }
  run_shuffle(m, v, lanes);
}

static void test_shuffle(Bench *m, Variant v) {
  for (u32 pattern = 0; pattern <= 10; pattern++)
    for (u32 bytes = 1; bytes <= 8; bytes *= 2)
      for (u32 i = 0; i < 12; i++) shuffle_units(m, v, bytes, pattern);
}

static void test_shuffles(void **state) { each_cpu(*state, test_shuffle); }

/* The common forms are one instruction. */
static void test_folding(void **state) {
  Bench *m = *state;
  static const struct Case {
    u16 kind;
    Given given;
    u8 op, mem;
  } cases[] = {
      {OP_i32x4_add, GIVEN_LOADED, LIR_VBINARY, MEM_ADDR},
      {OP_i32x4_add, GIVEN_CONSTANT, LIR_VBINARY, MEM_VECTOR},
      {OP_i32x4_shl, GIVEN_CONSTANT, LIR_VSHIFTI, MEM_NONE},
      {OP_i8x16_splat, GIVEN_CONSTANT, LIR_VCONST, MEM_NONE},
      {OP_f32x4_splat, GIVEN_LOADED, LIR_LOAD, MEM_ADDR},
      {OP_i16x8_replace_lane, GIVEN_LOADED, LIR_VINSERT, MEM_ADDR},
      {OP_i8x16_swizzle, GIVEN_CONSTANT, LIR_VSHUFFLE, MEM_NONE},
      {OP_f32x4_sqrt, GIVEN_LOADED, LIR_VUNARY, MEM_ADDR},
      {OP_i16x8_extend_low_i8x16_s, GIVEN_LOADED, LIR_VUNARY, MEM_ADDR},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    Row row = row_of(cases[i].kind);
    Variant v = {.given = cases[i].given, .constant = random_vector(m)};
    select_row(m->c, &row, &v);
    assert_int_equal(the_instruction(m->c)->op, cases[i].op);
    assert_int_equal(the_instruction(m->c)->mem, cases[i].mem);
  }
}

static int set_up(void **state) {
  static Bench machine;
  int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
  u8 *pages = mmap(NULL, 3 * PAGE_BYTES, prot, flags, -1, 0);
  machine = (Bench){wm_jit_new(), pages, pages + 2 * PAGE_BYTES, 88172645463325252u};
  *state = &machine;
  return !machine.c || pages == MAP_FAILED || mprotect(machine.memory, PAGE_BYTES, PROT_NONE);
}

static int tear_down(void **state) {
  Bench *m = *state;
  wm_jit_delete(m->c);
  return munmap(m->code, 3 * PAGE_BYTES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_rows, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_fast_relaxed, set_up, tear_down),
      cmocka_unit_test(test_nans),
      cmocka_unit_test_setup_teardown(test_shuffles, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_folding, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
