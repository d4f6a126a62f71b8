/* Instruction selection: addresses, loads, stores, and what may be folded into them. */
#include "jit/x64/x64_isel.h"

bool wm_isel_scaled(const Compile *c, u32 n, u32 *x, u8 *k) {
  const Node *shift = node_at(c, n);
  if (wm_x64_scalar_like(shift->op) != OP_i32_shl || !is_const(c, shift->b)) return false;
  u64 count = const_bits(c, shift->b);
  if (count < 1 || count > 3 || !wm_isel_single(c, n)) return false;
  *x = shift->a;
  *k = (u8)count;
  return true;
}

/* ---- addresses ---- */

/* [base + index]: the whole index in a register, zero-extended; nothing of it is computed in the
 * address. */
static void guest_address(Compile *c, Lir *x, u32 address, u32 disp) {
  x->mem = MEM_GUEST;
  x->disp = (i32)disp;
  if (is_const(c, address)) {
    u64 at = const_bits(c, address) + disp;
    if (at <= INT32_MAX) {
      x->disp = (i32)at;
      return;
    }
  }
  x->m1 = wm_isel_use(c, address);
}

/* Takes constants that are added (64 bits) from an absolute address into *disp. */
static u32 take_displacement(Compile *c, u32 n, i64 *disp) {
  for (u32 depth = 0; depth < 8; depth++) {
    const Node *x = node_at(c, n);
    i64 v;
    if (x->op != OP_i64_add || !wm_isel_imm32(c, x->b, &v) || *disp + v != (i32)(*disp + v)) break;
    if (c->options.no_opt || c->node_block.data[n] != isel_of(c)->block) break;
    if (wm_isel_single(c, n)) isel_mark_folded(c, n);
    *disp += v;
    n = x->a;
  }
  return n;
}

/* An absolute address: 64-bit sums go into the operand. */
static void pointer_address(Compile *c, Lir *x, u32 address, u32 disp) {
  i64 sum = disp;
  u32 n = take_displacement(c, address, &sum);
  x->mem = MEM_ADDR;
  if (node_at(c, n)->op == OP_i64_add && wm_isel_single(c, n)) {
    u32 p = node_at(c, n)->a, q = node_at(c, n)->b, y;
    isel_mark_folded(c, n);
    if (wm_isel_scaled(c, p, &y, &x->scale)) {
      u32 swap = p;
      p = q, q = swap;
    }
    if (wm_isel_scaled(c, q, &y, &x->scale)) {
      isel_mark_folded(c, q);
      q = y;
    }
    n = take_displacement(c, p, &sum);
    x->m1 = wm_isel_use(c, q);
  }
  x->m0 = wm_isel_use(c, n);
  x->disp = (i32)sum;
}

void wm_isel_memory(Compile *c, Lir *x, const Node *access) {
  if (access->op == IR_INST_LOAD) {
    x->mem = MEM_INST;
    x->disp = (i32)access->a;
  } else if (access->op == IR_PURE_LOAD || access->flags & IR_POINTER) {
    pointer_address(c, x, access->a, access->b);
  } else {
    guest_address(c, x, access->a, access->b);
    if (!x->site) x->site = c->node_sites.data[access - c->nodes.data];
  }
}

/* ---- folding ---- */

bool wm_isel_can_fold(const Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  bool is_fixed_word = x->op == IR_INST_LOAD || x->op == IR_PURE_LOAD;
  if (!is_fixed_word && !wm_ir_is_load(x)) return false;
  u32 alias = wm_ir_alias(x);
  bool may_move = is_fixed_word || alias == ALIAS_FIXED ||
                  c->node_epoch.data[n].of[alias] == isel_of(c)->epoch.of[alias];
  return may_move && wm_isel_single(c, n);
}

void wm_isel_fold(Compile *c, Lir *x, u32 n) {
  isel_mark_folded(c, n);
  wm_isel_memory(c, x, node_at(c, n));
}

bool wm_isel_can_fold_whole(const Compile *c, u32 n) {
  switch (node_at(c, n)->op) {
  case OP_i32_load:
  case OP_i64_load:
  case OP_f32_load:
  case OP_f64_load:
  case IR_INST_LOAD:
  case IR_PURE_LOAD: return wm_isel_can_fold(c, n);
  default: return false;
  }
}

/* ---- loads ---- */

static u16 word_load(u8 type) {
  static const u16 kinds[] = {[T_I32] = OP_i32_load,
                              [T_I64] = OP_i64_load,
                              [T_F32] = OP_f32_load,
                              [T_F64] = OP_f64_load,
                              [T_V128] = OP_v128_load};
  return kinds[type];
}

static void put_load(Compile *c, u32 n, u16 kind, u32 d) {
  Lir put = wm_isel_lir(LIR_LOAD, width_of(c->vreg_type.data[d]), d, NONE, NONE);
  put.kind = kind;
  wm_isel_memory(c, &put, node_at(c, n));
  wm_isel_put(c, put);
}

void wm_isel_load(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  put_load(c, n, x->op < OP_COUNT ? x->op : word_load(x->type), d);
}

void wm_isel_load_as(Compile *c, u32 n, u16 kind, u32 d) {
  isel_mark_folded(c, n);
  put_load(c, n, kind, d);
}

/* ---- stores ---- */

static bool same_place(const Compile *c, const Node *store, u32 load) {
  const Node *l = node_at(c, load);
  u16 kind = store->op == OP_i32_store ? OP_i32_load : OP_i64_load;
  return l->op == kind && l->a == store->a && l->b == store->b && l->flags == store->flags &&
         wm_isel_can_fold(c, load);
}

static bool rmw_operation(u16 narrow, u8 *alu) {
  switch (narrow) {
  case OP_i32_add: *alu = ALU_ADD; return true;
  case OP_i32_sub: *alu = ALU_SUB; return true;
  case OP_i32_and: *alu = ALU_AND; return true;
  case OP_i32_or: *alu = ALU_OR; return true;
  case OP_i32_xor: *alu = ALU_XOR; return true;
  default: return false;
  }
}

/* A store of what was loaded from the same place, changed: one instruction. */
static bool select_rmw(Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  if ((x->op != OP_i32_store && x->op != OP_i64_store) || !wm_isel_single(c, x->c)) return false;
  Lir put = wm_isel_lir(LIR_RMW, x->op == OP_i64_store ? 8 : 4, NONE, NONE, NONE);
  if (!rmw_operation(scalar_like_of(c, x->c), &put.sub)) return false;
  u32 load = node_at(c, x->c)->a, other = node_at(c, x->c)->b;
  if (!same_place(c, x, load) && put.sub != ALU_SUB) {
    u32 swap = load;
    load = other, other = swap;
  }
  if (!same_place(c, x, load)) return false;
  isel_mark_folded(c, x->c);
  put.kind = x->op;
  i64 v;
  if (wm_isel_imm32(c, other, &v))
    isel_set_imm(&put, v);
  else
    put.a = wm_isel_use_low(c, other, put.width);
  wm_isel_fold(c, &put, load); /* it is the load that faults */
  wm_isel_put(c, put);
  return true;
}

static u32 stored_bits(u16 op) { return wm_op_info[op].access_bytes * 8u; }

/* The operand of a node that changes no bit below `bits`, or NONE. */
static u32 same_low_bits(const Compile *c, u32 n, u32 bits) {
  const Node *x = node_at(c, n);
  u64 mask = bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
  switch (x->op) {
  case OP_i32_and:
  case OP_i64_and: return is_const(c, x->b) && (const_bits(c, x->b) & mask) == mask ? x->a : NONE;
  case OP_i32_wrap_i64:
  case OP_i64_extend_i32_s:
  case OP_i64_extend_i32_u:
  case OP_i64_extend32_s: return bits <= 32 ? x->a : NONE;
  case OP_i32_extend16_s:
  case OP_i64_extend16_s: return bits <= 16 ? x->a : NONE;
  case OP_i32_extend8_s:
  case OP_i64_extend8_s: return bits <= 8 ? x->a : NONE;
  default: return NONE;
  }
}

/* What a store may write instead of n: operations that do not reach the stored bits are left out.
 */
static u32 strip_stored(Compile *c, u32 n, u32 bits) {
  for (;;) {
    u32 inner = wm_isel_single(c, n) ? same_low_bits(c, n, bits) : NONE;
    if (inner == NONE) return n;
    isel_mark_folded(c, n);
    n = inner;
  }
}

/* A constant that fits an immediate, of any type: the stored bits. */
static bool stored_constant(const Compile *c, u32 n, i64 *value) {
  const Node *x = node_at(c, n);
  if (wm_isel_imm32(c, n, value)) return true;
  if (x->op != IR_CONST || x->type == T_V128 || x->type == T_I32 || x->type == T_I64) return false;
  *value = x->type == T_F32 ? (i32)x->a : (i64)const_bits(c, n);
  return *value == (i32)*value;
}

/* A store row of integers that writes the bits of a float. */
static u16 integer_store(u16 op) {
  return op == OP_f32_store ? OP_i32_store : op == OP_f64_store ? OP_i64_store : op;
}

static void store_value(Compile *c, Lir *put, u32 value) {
  i64 v;
  u16 op = node_at(c, value)->op;
  if (stored_constant(c, value, &v)) {
    put->kind = integer_store(put->kind);
    isel_set_imm(put, v);
  } else if ((op == OP_f32_reinterpret_i32 || op == OP_f64_reinterpret_i64) &&
             wm_isel_single(c, value)) {
    isel_mark_folded(c, value);
    put->kind = integer_store(put->kind);
    put->a = wm_isel_use_low(c, node_at(c, value)->a, put->width);
  } else if (type_is_float(node_at(c, value)->type)) {
    put->a = wm_isel_use(c, value);
  } else {
    put->a = wm_isel_use(c, strip_stored(c, value, stored_bits(put->kind)));
  }
}

void wm_isel_store(Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  if (select_rmw(c, n)) return;
  u32 bits = stored_bits(x->op);
  Lir put = wm_isel_lir(LIR_STORE, bits == 64 ? 8 : 4, NONE, NONE, NONE);
  put.kind = x->op;
  store_value(c, &put, x->c);
  wm_isel_memory(c, &put, x);
  wm_isel_put(c, put);
}

/* ---- explicit bounds ---- */

void wm_isel_bounds(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_BOUNDS, node_width(c, x->a), d, NONE, NONE);
  put.a = wm_isel_use(c, x->a);
  put.imm = (i64)const_bits(c, x->b);
  put.mem = MEM_ADDR;
  if (node_at(c, x->c)->op != IR_MEM0) put.m0 = wm_isel_use(c, x->c);
  put.site = c->node_sites.data[n];
  wm_isel_put(c, put);
}
