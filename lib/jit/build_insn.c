/* One instruction at a time: everything but control flow (build.h). Operands come from the
 * builder's stack, results go there. Pure instructions become shared nodes; what touches tables is
 * lowered to loads and checks in the order of the interpreter's; what is bulky calls a helper. */
#include "jit/build.h"

typedef enum Plan {
  PLAN_HAND, /* the switch in wm_build_instruction */
  PLAN_PURE1,
  PLAN_PURE2,
  PLAN_PURE3,
  PLAN_TRAPS1,
  PLAN_TRAPS2,
  PLAN_LANE1,
  PLAN_LANE2,
  PLAN_LOAD,
  PLAN_LOAD_LANE,
  PLAN_STORE,
} Plan;

/* How many operands a signature with one result has. */
#define OPERAND_COUNT(sig) (sizeof(#sig) - sizeof("_x"))

static const u8 plans[OP_COUNT] = {
#define OP(prefix, code, id, text, imm, sig)                                                       \
  [OP_##id] = IMM_##imm == IMM_LANE ? (u8)(PLAN_LANE1 - 1 + OPERAND_COUNT(sig)) : PLAN_HAND,
#define ACCESS(prefix, code, id, text, imm, sig, access)
#define PURE(prefix, code, id, text, imm, sig)                                                     \
  [OP_##id] = (u8)(PLAN_PURE1 - 1 + OPERAND_COUNT(sig)),
#define TRAPS(prefix, code, id, text, imm, sig)                                                    \
  [OP_##id] = (u8)(PLAN_TRAPS1 - 1 + OPERAND_COUNT(sig)),
#define LOAD(prefix, code, id, text, imm, sig, access)  [OP_##id] = PLAN_LOAD,
#define STORE(prefix, code, id, text, imm, sig, access) [OP_##id] = PLAN_STORE,
#include "wasm/opcodes.def"
    /* the partial accesses of vectors */
    [OP_v128_load8x8_s] = PLAN_LOAD,        [OP_v128_load8x8_u] = PLAN_LOAD,
    [OP_v128_load16x4_s] = PLAN_LOAD,       [OP_v128_load16x4_u] = PLAN_LOAD,
    [OP_v128_load32x2_s] = PLAN_LOAD,       [OP_v128_load32x2_u] = PLAN_LOAD,
    [OP_v128_load8_splat] = PLAN_LOAD,      [OP_v128_load16_splat] = PLAN_LOAD,
    [OP_v128_load32_splat] = PLAN_LOAD,     [OP_v128_load64_splat] = PLAN_LOAD,
    [OP_v128_load32_zero] = PLAN_LOAD,      [OP_v128_load64_zero] = PLAN_LOAD,
    [OP_v128_load8_lane] = PLAN_LOAD_LANE,  [OP_v128_load16_lane] = PLAN_LOAD_LANE,
    [OP_v128_load32_lane] = PLAN_LOAD_LANE, [OP_v128_load64_lane] = PLAN_LOAD_LANE,
    [OP_v128_store8_lane] = PLAN_STORE,     [OP_v128_store16_lane] = PLAN_STORE,
    [OP_v128_store32_lane] = PLAN_STORE,    [OP_v128_store64_lane] = PLAN_STORE,
};

/* ---- values ---- */

static void build_pure(Build *b, u32 operands) {
  u32 v[3] = {0, 0, 0};
  for (u32 i = operands; i-- > 0;) v[i] = pop(b);
  u16 op = b->in.op;
  push(b, wm_ir_pure(b->c, make_node(op, wm_ir_result_type(op), v[0], v[1], v[2])));
}

/* Lane instructions: the lane is in imm. */
static void build_lane(Build *b, u32 operands) {
  u32 second = operands == 2 ? pop(b) : 0, first = pop(b);
  Node n = make_node(b->in.op, wm_ir_result_type(b->in.op), first, second, 0);
  n.imm = b->in.lane;
  push(b, wm_ir_pure(b->c, n));
}

static void build_shuffle(Build *b) {
  Compile *c = b->c;
  u32 second = pop(b), first = pop(b);
  u32 lanes = node_at(c, wm_ir_vector(c, b->in.v128))->a; /* shared with equal ones */
  push(b, wm_ir_pure(c, make_node(OP_i8x16_shuffle, T_V128, first, second, lanes)));
}

/* Whether this is a division by a constant that cannot trap. */
static bool divisor_is_safe(const Build *b, u32 divisor) {
  if (wm_ir_kind(b->in.op) != KIND_DIVIDE || !is_const(b->c, divisor)) return false;
  u64 bits = const_bits(b->c, divisor);
  u64 minus_one = node_type(b, divisor) == T_I32 ? UINT32_MAX : UINT64_MAX;
  u16 row = wm_ir_narrow(b->in.op);
  bool is_signed = row == OP_i32_div_s || row == OP_i32_rem_s;
  return bits != 0 && !(is_signed && bits == minus_one);
}

static void build_traps2(Build *b) {
  u32 second = pop(b), first = pop(b);
  Node n = make_node(b->in.op, wm_ir_result_type(b->in.op), first, second, 0);
  if (divisor_is_safe(b, second)) {
    n.flags = IR_SAFE;
    push(b, wm_ir_pure(b->c, n));
  } else {
    push(b, wm_build_effect_at_site(b, n));
  }
}

static void build_traps1(Build *b) {
  u32 operand = pop(b);
  Node n = make_node(b->in.op, wm_ir_result_type(b->in.op), operand, 0, 0);
  push(b, wm_build_effect_at_site(b, n));
}

static void build_select(Build *b) {
  u32 condition = pop(b), no = pop(b), yes = pop(b);
  push(b, wm_ir_pure(b->c, make_node(IR_SELECT, node_type(b, yes), yes, no, condition)));
}

/* ---- 128 bits in two nodes ---- */

/* The machine's selection makes one instruction of both halves, which are neighbours. */
static void build_wide_product(Build *b, u16 high) {
  u32 y = pop(b), x = pop(b);
  push(b, pure(b, OP_i64_mul, x, y));
  push(b, pure(b, high, x, y));
}

/* The upper halves, and the carry (of a difference: the borrow) when `carries`, a comparison of the
 * lower ones, holds. */
static u32 upper_half(Build *b, u16 op, u32 x, u32 y, u32 carries) {
  u32 sum = pure(b, op, x, y);
  return pure(b, op, sum, pure(b, OP_i64_extend_i32_u, carries, 0));
}

static void build_wide_sum(Build *b) {
  u32 y_high = pop(b), y = pop(b), x_high = pop(b), x = pop(b);
  u32 low = pure(b, OP_i64_add, x, y);
  push(b, low);
  push(b, upper_half(b, OP_i64_add, x_high, y_high, pure(b, OP_i64_lt_u, low, x)));
}

static void build_wide_difference(Build *b) {
  u32 y_high = pop(b), y = pop(b), x_high = pop(b), x = pop(b);
  push(b, pure(b, OP_i64_sub, x, y));
  push(b, upper_half(b, OP_i64_sub, x_high, y_high, pure(b, OP_i64_lt_u, x, y)));
}

static void get_local(Build *b) {
  u32 local = b->in.index, value = *local_at(b, local);
  wm_refs_learn(b, value, b->local_types.data[frame_of(b)->local_start + local]);
  push(b, value);
}

static void set_local(Build *b, u32 value) {
  u32 *local = local_at(b, b->in.index);
  if (*local == value) return;
  *local = value;
  b->version++;
}

/* ---- helpers ---- */

static u32 call_helper(Build *b, HelperId id, IrType type, const u32 *args, u32 count) {
  Node n = make_node(IR_HELPER, type, id, wm_build_list(b, args, count), 0);
  n.imm = type == T_NONE;
  return wm_build_effect_at_site(b, n);
}

/* Three operands behind one or two indices (the first of them `first`); the result is a trap code.
 */
static void build_bulk(Build *b, HelperId id, u32 index_count, u32 first, u32 second) {
  u32 args[5] = {const_i32(b, first), const_i32(b, second)};
  for (u32 i = 3; i-- > 0;) args[index_count + i] = pop(b);
  if (id == HELPER_memory_fill) args[2] = pure(b, OP_i32_and, args[2], const_i32(b, 0xFF));
  call_helper(b, id, T_NONE, args, index_count + 3);
}

static void build_drop(Build *b, HelperId id) {
  u32 segment = const_i32(b, b->in.index);
  Node n = make_node(IR_HELPER, T_NONE, id, wm_build_list(b, &segment, 1), 0);
  wm_build_effect_at_site(b, n);
}

/* Growth gives the old size, or -1 of the width of its operand. */
static void build_grow(Build *b, HelperId id, const u32 *args, u32 count, bool is_64) {
  u32 old = call_helper(b, id, T_I64, args, count);
  push(b, is_64 ? old : pure(b, OP_i32_wrap_i64, old, 0));
}

/* ---- memory ---- */

/* The length word lies right below the base. */
static void memory_size(Build *b) {
  const Limits *limits = &b->module->memories[b->in.index].limits;
  if (limits->has_max && limits->max == limits->min) {
    push(b, wm_ir_const(b->c, limits->is_64 ? T_I64 : T_I32, limits->min));
    return;
  }
  u32 word = pure(b, OP_i64_add, wm_mem_base(b, b->in.index), const_i64(b, (u64)-8));
  u32 bytes = wm_mem_load_word(b, OP_i64_load, word, 0);
  u32 pages = pure(b, OP_i64_shr_u, bytes, const_i64(b, limits->page_log2));
  push(b, limits->is_64 ? pages : pure(b, OP_i32_wrap_i64, pages, 0));
}

static void memory_grow(Build *b) {
  u32 args[2] = {const_i32(b, b->in.index), pop(b)};
  bool is_64 = b->module->memories[b->in.index].limits.is_64;
  build_grow(b, HELPER_memory_grow, args, 2, is_64);
}

/* ---- tables ---- */

static const Limits *table_limits(const Build *b, u32 table) {
  return &b->module->tables[table].type.limits;
}

/* Whether the table can neither grow nor move its elements. */
static bool is_fixed(const Limits *limits) {
  return limits->has_max && limits->max == limits->min && limits->min <= UINT32_MAX;
}

/* The length: an i32 for a table with 32-bit indices (it fits), else an i64. */
static u32 table_length(Build *b, u32 table) {
  const Limits *limits = table_limits(b, table);
  IrType type = limits->is_64 ? T_I64 : T_I32;
  if (is_fixed(limits)) return wm_ir_const(b->c, type, limits->min);
  u16 op = limits->is_64 ? OP_i64_load : OP_i32_load;
  return wm_mem_load_word(b, op, instance_word(b, b->layout.tables, table),
                          offsetof(Table, length));
}

/* The word of the Table at `offset`, which changes only when it grows. */
static u32 table_word(Build *b, u32 table, u32 offset) {
  u32 object = instance_word(b, b->layout.tables, table);
  if (!is_fixed(table_limits(b, table))) return wm_mem_load_word(b, OP_i64_load, object, offset);
  return wm_ir_pure(b->c, make_node(IR_PURE_LOAD, T_I64, object, offset, 0));
}

/* The index as i64, checked; NONE: surely a trap (the block ended). */
static u32 table_index(Build *b, u32 table, u32 index, TrapCode outside) {
  bool is_64 = table_limits(b, table)->is_64;
  u16 compare = is_64 ? OP_i64_ge_u : OP_i32_ge_u;
  wm_build_trap_if(b, pure(b, compare, index, table_length(b, table)), outside);
  if (b->block == NONE) return NONE;
  return is_64 ? index : pure(b, OP_i64_extend_i32_u, index, 0);
}

static u32 element_at(Build *b, u32 table, u32 index) {
  u32 bytes = pure(b, OP_i64_shl, index, const_i64(b, 3));
  return pure(b, OP_i64_add, table_word(b, table, offsetof(Table, elems)), bytes);
}

u32 wm_build_table_element(Build *b, u32 table, u32 index, TrapCode outside) {
  index = table_index(b, table, index, outside);
  return index == NONE ? NONE : element_at(b, table, index);
}

static void table_get(Build *b) {
  u32 element = wm_build_table_element(b, b->in.index, pop(b), TRAP_TABLE_OUT_OF_BOUNDS);
  if (element == NONE) return;
  u32 value = wm_mem_load_word(b, OP_i64_load, element, 0);
  wm_refs_learn(b, value, b->module->tables[b->in.index].type.element);
  push(b, value);
}

static void store_at(Build *b, u16 op, u32 address, u32 value) {
  Node n = make_node(op, T_NONE, address, 0, value);
  n.flags = IR_POINTER | IR_WORD;
  wm_build_effect(b, n);
}

/* As table_write does (runtime/instance.h). */
static void table_set(Build *b) {
  u32 table = b->in.index, value = pop(b);
  u32 index = table_index(b, table, pop(b), TRAP_TABLE_OUT_OF_BOUNDS);
  if (index == NONE) return;
  store_at(b, OP_i64_store, element_at(b, table, index), value);
  u32 card = pure(b, OP_i64_shr_u, index, const_i64(b, CARD_LOG2));
  u32 cards = table_word(b, table, offsetof(Table, cards));
  store_at(b, OP_i32_store8, pure(b, OP_i64_add, cards, card), const_i32(b, CARD_WRITTEN));
}

static void table_grow(Build *b) {
  u32 delta = pop(b), init = pop(b);
  u32 args[3] = {const_i32(b, b->in.index), delta, init};
  build_grow(b, HELPER_table_grow, args, 3, table_limits(b, b->in.index)->is_64);
}

static void ref_as_non_null(Build *b) {
  wm_refs_check_null(b, b->stack.data[b->stack.len - 1], TRAP_NULL_REFERENCE);
}

static void ref_func(Build *b) {
  u32 value = instance_word(b, b->layout.funcs, b->in.index);
  wm_refs_learn_not_null(b, value);
  push(b, value);
}

/* ---- dispatch ---- */

static void build_bulk_instruction(Build *b) {
  u32 index = b->in.index, index2 = b->in.index2;
  switch (b->in.op) {
  case OP_memory_copy: build_bulk(b, HELPER_memory_copy, 2, index, index2); break;
  case OP_memory_fill: build_bulk(b, HELPER_memory_fill, 1, index, 0); break;
  case OP_memory_init: build_bulk(b, HELPER_memory_init, 2, index2, index); break;
  case OP_table_copy: build_bulk(b, HELPER_table_copy, 2, index, index2); return;
  case OP_table_fill: build_bulk(b, HELPER_table_fill, 1, index, 0); return;
  case OP_table_init: build_bulk(b, HELPER_table_init, 2, index2, index); return;
  case OP_data_drop: build_drop(b, HELPER_data_drop); return;
  default: build_drop(b, HELPER_elem_drop); return;
  }
  wm_mem_forget_words(b);
}

static void build_by_hand(Build *b) {
  switch (b->in.op) {
  case OP_nop: break;
  case OP_drop: pop(b); break;
  case OP_select:
  case OP_select_t: build_select(b); break;
  case OP_i32_const: push(b, const_i32(b, (u32)b->in.bits)); break;
  case OP_i64_const: push(b, const_i64(b, b->in.bits)); break;
  case OP_f32_const: push(b, wm_ir_const(b->c, T_F32, b->in.bits)); break;
  case OP_f64_const: push(b, wm_ir_const(b->c, T_F64, b->in.bits)); break;
  case OP_v128_const: push(b, wm_ir_vector(b->c, b->in.v128)); break;
  case OP_local_get: get_local(b); break;
  case OP_local_set: set_local(b, pop(b)); break;
  case OP_local_tee: set_local(b, b->stack.data[b->stack.len - 1]); break;
  case OP_global_get: wm_mem_global_get(b); break;
  case OP_global_set: wm_mem_global_set(b); break;
  case OP_i8x16_shuffle: build_shuffle(b); break;
  case OP_ref_null: push(b, const_i64(b, 0)); break;
  case OP_ref_is_null: push(b, wm_refs_is_null(b, pop(b))); break;
  case OP_ref_func: ref_func(b); break;
  case OP_ref_as_non_null: ref_as_non_null(b); break;
  case OP_i64_add128: build_wide_sum(b); break;
  case OP_i64_sub128: build_wide_difference(b); break;
  case OP_i64_mul_wide_s: build_wide_product(b, IR_MULH_S); break;
  case OP_i64_mul_wide_u: build_wide_product(b, IR_MULH_U); break;
  case OP_memory_size: memory_size(b); break;
  case OP_memory_grow: memory_grow(b); break;
  case OP_table_size: push(b, table_length(b, b->in.index)); break;
  case OP_table_get: table_get(b); break;
  case OP_table_set: table_set(b); break;
  case OP_table_grow: table_grow(b); break;
  case OP_memory_copy:
  case OP_memory_fill:
  case OP_memory_init:
  case OP_data_drop:
  case OP_table_copy:
  case OP_table_fill:
  case OP_table_init:
  case OP_elem_drop: build_bulk_instruction(b); break;
  default:
    if (wm_op_info[b->in.op].feature == FEATURE_THREADS)
      wm_build_atomic(b);
    else if (wm_op_info[b->in.op].feature == FEATURE_GC)
      wm_build_gc(b);
    else
      wm_jit_not_implemented(b->c, wm_ir_name(b->in.op));
  }
}

void wm_build_instruction(Build *b) {
  switch ((Plan)plans[b->in.op]) {
  case PLAN_PURE1: build_pure(b, 1); break;
  case PLAN_PURE2: build_pure(b, 2); break;
  case PLAN_PURE3: build_pure(b, 3); break;
  case PLAN_TRAPS1: build_traps1(b); break;
  case PLAN_TRAPS2: build_traps2(b); break;
  case PLAN_LANE1: build_lane(b, 1); break;
  case PLAN_LANE2: build_lane(b, 2); break;
  case PLAN_LOAD: wm_mem_load(b); break;
  case PLAN_LOAD_LANE: wm_mem_load_lane(b); break;
  case PLAN_STORE: wm_mem_store(b); break;
  case PLAN_HAND: build_by_hand(b); break;
  }
}
