/* Instruction selection: calls, their arguments and results (places: x64_abi.c). */
#include "jit/x64/x64_isel.h"

/* ---- lists of arguments ---- */

/* Begins a list of `count` arguments in lir_pool; returns it. */
static u32 begin_list(Compile *c, u32 count) {
  if (!count) return 0;
  jit_reserve(c, &c->lir_pool, 1 + 2 * (u64)count);
  *jit_push(c, &c->lir_pool) = count;
  return c->lir_pool.len - 1;
}
static void push_argument(Compile *c, u32 n) {
  u32 use = wm_isel_use_argument(c, n);
  *jit_push(c, &c->lir_pool) = use;
  *jit_push(c, &c->lir_pool) = node_at(c, n)->type;
}
/* The list of the nodes in `list`, and of `last` unless it is NONE. */
static u32 argument_list(Compile *c, u32 list, u32 last) {
  u32 count = *list_at(c, list);
  u32 out = begin_list(c, count + (last != NONE));
  for (u32 i = 0; i < count; i++) push_argument(c, list_at(c, list)[1 + i]);
  if (last != NONE) push_argument(c, last);
  return out;
}

/* ---- results ---- */

void wm_isel_result(Compile *c, u32 n) {
  if (c->node_vreg.data[n] != NONE) *jit_push(c, &isel_of(c)->results) = n;
}

/* Results are asked for behind their call, `between` others first. */
static void put_result(Compile *c, u32 d, Loc place, u32 between) {
  Lir put = wm_isel_lir(LIR_GETRES, width_of(c->vreg_type.data[d]), d, NONE, NONE);
  put.imm = between;
  put.sub = (u8)place;
  if (place & LOC_STACK) {
    put.sub = 0xFF;
    put.disp = (i32)(place & 0xFFFF);
  }
  wm_isel_put(c, put);
}

/* The places of the results of `type` into s->places; `cursor` as the arguments left it. */
static void find_places(Compile *c, const SubType *type, ArgCursor *cursor) {
  Isel *s = isel_of(c);
  s->places.len = 0;
  jit_reserve(c, &s->places, type->result_count);
  for (u32 i = 0; i < type->result_count; i++)
    *jit_push(c, &s->places) = wm_x64_next_result(cursor, (u8)wm_jit_type(type->results[i]));
}

/* The results of call n that somebody wants. */
static void put_results(Compile *c, u32 n) {
  Isel *s = isel_of(c);
  u32 d = c->node_vreg.data[n];
  if (d != NONE) put_result(c, d, s->places.data[0], 0);
  for (u32 i = 0; i < s->results.len; i++) {
    u32 result = s->results.data[i];
    assert(node_at(c, result)->a == n);
    put_result(c, c->node_vreg.data[result], s->places.data[node_at(c, result)->b],
               s->results.len - 1 - i);
  }
  s->results.len = 0;
}

/* ---- calls ---- */

/* last: one more argument, or NONE. */
static void put_call(Compile *c, u32 n, Lir put, const SubType *type, u32 last) {
  ArgCursor arguments = {0};
  for (u32 i = 0; i < type->param_count; i++)
    wm_x64_next_arg(&arguments, (u8)wm_jit_type(type->params[i]));
  ArgCursor results = {.stack_slots = arguments.stack_slots};
  find_places(c, type, &results);
  c->outgoing_slots = max_u32(c->outgoing_slots, results.stack_slots);
  c->has_calls = true;
  put_results(c, n);
  put.args = argument_list(c, node_at(c, n)->b, last); /* its constants come before the call */
  put.site = c->node_sites.data[n];
  wm_isel_put(c, put);
}

void wm_isel_call(Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_CALL, 8, NONE, NONE, NONE);
  put.imm = x->a;
  put_call(c, n, put, module_func_type(c->module, x->a), NONE);
}

void wm_isel_call_ref(Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_CALL_REF, 8, NONE, NONE, NONE);
  put.sub = x->imm;
  put_call(c, n, put, &c->module->types[x->c], x->a);
}

/* Whether the callee's stack arguments have their place in this function's: that is as large as its
 * own arguments and results, and results in memory must come right behind the same arguments. */
static bool suits_frame(const Compile *c, const SubType *callee) {
  const SubType *own = module_func_type(c->module, c->func_index);
  u32 own_args = c->osr_offset ? 0 : wm_x64_arg_slots(own);
  u32 own_slots = wm_x64_stack_slots(own, own_args), args = wm_x64_arg_slots(callee);
  return args <= own_slots && (own_slots == own_args || args == own_args);
}

void wm_isel_tail_call(Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  bool is_direct = x->op == IR_TAIL_CALL;
  const SubType *type = is_direct ? module_func_type(c->module, x->a) : &c->module->types[x->c];
  Lir put = wm_isel_lir(is_direct ? LIR_TAIL_CALL : LIR_TAIL_CALL_REF, 8, NONE, NONE, NONE);
  put.imm = is_direct ? x->a : 0;
  put.sub = !suits_frame(c, type);
  put.args = argument_list(c, x->b, is_direct ? NONE : x->a);
  put.site = c->node_sites.data[n];
  if (put.sub) { /* its stub is called */
    c->outgoing_slots = max_u32(c->outgoing_slots, wm_x64_arg_slots(type));
    c->has_calls = true;
  }
  c->has_tail_calls = true;
  wm_isel_put(c, put);
}

/* C leaves anything in the upper half of an i32. */
static void put_helper_result(Compile *c, u32 d) {
  u8 type = c->vreg_type.data[d];
  if (type != T_I32) {
    put_result(c, d, type_is_float(type) ? XMM0 : RAX, 0);
    return;
  }
  u32 raw = wm_isel_vreg(c, T_I64);
  wm_isel_put(c, wm_isel_lir(LIR_MOV, 4, d, raw, NONE));
  put_result(c, raw, RAX, 0);
}

void wm_isel_helper(Compile *c, u32 n) {
  const Node *x = node_at(c, n);
  if (c->node_vreg.data[n] != NONE) put_helper_result(c, c->node_vreg.data[n]);
  Lir put = wm_isel_lir(LIR_CALL_HELPER, 8, NONE, NONE, NONE);
  put.imm = x->a;
  put.flags = x->imm ? LIR_TRAPS : 0;
  put.args = argument_list(c, x->b, NONE);
  put.site = c->node_sites.data[n];
  c->has_calls = true;
  wm_isel_put(c, put);
}

/* ---- rows without a lowering ---- */

static u32 operand_list(Compile *c, u32 n, u32 *slots) {
  Node x = *node_at(c, n);
  u32 operands = wm_ir_operands(&x), list = begin_list(c, (u32)__builtin_popcount(operands));
  for (u32 i = 0; i < 3; i++) {
    if (!(operands >> i & 1)) continue;
    push_argument(c, x.operands[i]);
    *slots += type_slots(node_at(c, x.operands[i])->type);
  }
  return list;
}

void wm_isel_meaning(Compile *c, u32 n, u32 d) {
  const Node *x = node_at(c, n);
  Lir put = wm_isel_lir(LIR_CALL_MEANING, 8, NONE, NONE, NONE);
  put.kind = x->op;
  put.flags = wm_ir_is_effect(x) ? LIR_TRAPS : 0;
  put.site = c->node_sites.data[n];
  if (d != NONE) put_result(c, d, LOC_STACK, 0);
  u32 slots = 0;
  put.args = operand_list(c, n, &slots);
  c->outgoing_slots = max_u32(c->outgoing_slots, max_u32(slots, 2));
  c->has_calls = true;
  c->meaning_calls++;
  wm_isel_put(c, put);
}

/* ---- the function itself ---- */

void wm_isel_return(Compile *c, u32 list) {
  Lir put = wm_isel_lir(LIR_RETURN, 8, NONE, NONE, NONE);
  put.args = argument_list(c, list, NONE);
  wm_isel_put(c, put);
}

void wm_isel_arguments(Compile *c) {
  Isel *s = isel_of(c);
  ArgCursor cursor = {0};
  s->places.len = 0;
  for (u32 n = 1; n <= c->arg_count; n++)
    *jit_push(c, &s->places) = wm_x64_next_arg(&cursor, node_at(c, n)->type);
  for (u32 n = c->arg_count; n > 0; n--) {
    u32 d = c->node_vreg.data[n];
    if (d == NONE) continue;
    Loc place = s->places.data[n - 1];
    Lir put = wm_isel_lir(LIR_GETARG, node_width(c, n), d, NONE, NONE);
    put.sub = place & LOC_STACK ? 0xFF : (u8)place;
    put.imm = place & LOC_STACK ? place & 0xFFFF : 0;
    wm_isel_put(c, put);
  }
}
