/* Instruction selection: atomic accesses. The machine orders plain loads and stores by itself but
 * for a load behind a store, so that a load is one, a store an exchange, and all that reads and
 * writes a locked instruction (Intel SDM volume 3, 9.2). */
#include "jit/x64/x64_isel.h"

#include "runtime/atomics.h"

/* The plain load of the bytes. */
static u16 plain_load(u16 op) {
  bool is_i64 = wm_ir_result_type(op) == T_I64;
  switch (wm_op_info[op].access_bytes) {
  case 1: return is_i64 ? OP_i64_load8_u : OP_i32_load8_u;
  case 2: return is_i64 ? OP_i64_load16_u : OP_i32_load16_u;
  case 4: return is_i64 ? OP_i64_load32_u : OP_i32_load;
  default: return OP_i64_load;
  }
}

/* An instruction for n, whose kind is the row: it knows how many bytes there are. */
static Lir lir_of(const Compile *c, u32 n, u32 op, u32 d) {
  u16 row = node_at(c, n)->op;
  Lir put = wm_isel_lir(op, wm_op_info[row].access_bytes == 8 ? 8 : 4, d, NONE, NONE);
  put.kind = row;
  return put;
}

/* The place, last: what is put later runs earlier. A cmpxchg has no displacement. */
static void put_at_place(Compile *c, u32 n, Lir *put) {
  Node access = *node_at(c, n);
  if (!(access.flags & IR_POINTER)) put->site = c->node_sites.data[n];
  if (wm_ir_operands(&access) & 2) access.b = 0;
  wm_isel_memory(c, put, &access);
  wm_isel_put(c, *put);
}

/* The operand: a register, or an immediate where the stored bytes allow it. */
static void set_value(Compile *c, Lir *put, u32 value) {
  i64 bits;
  u32 bytes = wm_op_info[put->kind].access_bytes;
  if (!wm_isel_imm32(c, value, &bits))
    put->a = wm_isel_use(c, value);
  else
    isel_set_imm(put, bytes == 1 ? (i8)bits : bytes == 2 ? (i16)bits : bits);
}

static void select_load(Compile *c, u32 n, u32 d) {
  Lir put = lir_of(c, n, LIR_LOAD, d == NONE ? wm_isel_vreg_of(c, n) : d);
  put.kind = plain_load(put.kind);
  put_at_place(c, n, &put);
}

static void select_silent(Compile *c, u32 n, u32 op, u8 alu) {
  Lir put = lir_of(c, n, op, NONE);
  put.sub = alu;
  set_value(c, &put, node_at(c, n)->c);
  put_at_place(c, n, &put);
}

/* d is the old value, from where the new one was. */
static void select_exchange(Compile *c, u32 n, u32 op, u32 d, bool negated) {
  Lir put = lir_of(c, n, op, d);
  put.sub = negated;
  put.a = wm_isel_use(c, node_at(c, n)->c);
  put_at_place(c, n, &put);
}

static void select_loop(Compile *c, u32 n, u32 d, u8 alu) {
  wm_isel_fixed_result(c, d, RAX, 0);
  Lir put = lir_of(c, n, LIR_ATOMIC_LOOP, NONE);
  put.sub = alu;
  put.a = wm_isel_use(c, node_at(c, n)->c);
  put_at_place(c, n, &put);
}

static void select_cmpxchg(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  u32 expected = x->b, value = x->c;
  wm_isel_fixed_result(c, d, RAX, 0);
  Lir put = lir_of(c, n, LIR_CMPXCHG, NONE);
  put.type = x->type;
  put.a = wm_isel_use(c, expected);
  put.b = wm_isel_use(c, value);
  put_at_place(c, n, &put);
}

static void select_change(Compile *c, u32 n, u32 d, AtomicKind kind) {
  static const u8 alus[] = {[ATOMIC_ADD] = ALU_ADD,
                            [ATOMIC_SUB] = ALU_SUB,
                            [ATOMIC_AND] = ALU_AND,
                            [ATOMIC_OR] = ALU_OR,
                            [ATOMIC_XOR] = ALU_XOR};
  if (d == NONE)
    select_silent(c, n, LIR_LOCKED, alus[kind]);
  else if (kind == ATOMIC_ADD || kind == ATOMIC_SUB)
    select_exchange(c, n, LIR_XADD, d, kind == ATOMIC_SUB);
  else
    select_loop(c, n, d, alus[kind]);
}

bool wm_isel_atomic(Compile *c, u32 n, u32 d) {
  u16 op = node_at(c, n)->op;
  AtomicKind kind = op < OP_COUNT ? wm_atomic_kind(op) : ATOMIC_OTHER;
  switch (kind) {
  case ATOMIC_LOAD: select_load(c, n, d); return true;
  case ATOMIC_STORE: select_silent(c, n, LIR_ATOMIC_STORE, 0); return true;
  case ATOMIC_XCHG:
    if (d == NONE)
      select_silent(c, n, LIR_ATOMIC_STORE, 0);
    else
      select_exchange(c, n, LIR_XCHG, d, false);
    return true;
  case ATOMIC_CMPXCHG: select_cmpxchg(c, n, d); return true;
  case ATOMIC_OTHER:
    if (op != OP_atomic_fence) return false;
    wm_isel_put(c, wm_isel_lir(LIR_FENCE, 8, NONE, NONE, NONE));
    return true;
  default: select_change(c, n, d, kind); return true;
  }
}
