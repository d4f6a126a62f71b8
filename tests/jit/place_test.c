/* Placement of hand-made graphs: dominators, loops and order of blocks, what is hoisted, copied,
 * dropped, and that large functions take no longer than they should. */
#include "jit/jit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- making graphs ---- */

enum { MAX_ARGS = 32 };

typedef struct Graph {
  Module module;
  SubType types[2];
  FuncDecl funcs[2];
  ValType i32s[MAX_ARGS];
} Graph;

/* Function 0 takes and gives i32s; its arguments are nodes 1 .. args. Function 1 is [i32] -> [i32
 * i32]. */
static Compile *new_graph(u32 args, u32 results) {
  Compile *c = wm_jit_new();
  Graph *g = calloc(1, sizeof *g);
  assert_true(c && g && args <= MAX_ARGS);
  for (u32 i = 0; i < MAX_ARGS; i++) g->i32s[i] = VAL_I32;
  g->types[0] = (SubType){.param_count = args, .result_count = results};
  g->types[1] = (SubType){.param_count = 1, .result_count = 2};
  for (u32 i = 0; i < 2; i++) g->types[i].params = g->types[i].results = g->i32s;
  g->funcs[1].type_index = 1;
  g->module.types = g->types;
  g->module.funcs = g->funcs;
  g->module.type_count = g->module.func_count = 2;
  c->module = &g->module;
  wm_ir_reset(c, 64);
  wm_ir_node(c, IR_NOP, T_NONE, 0, 0, 0);
  *jit_push(c, &c->pool) = 0;
  for (u32 i = 0; i < 2; i++) *jit_push(c, &c->sites) = (Site){0, NONE, NONE, NO_INDEX};
  for (u32 i = 0; i < args; i++) wm_ir_node(c, IR_ARG, T_I32, i, 0, 0);
  c->arg_count = args;
  return c;
}

static void delete_graph(Compile *c) {
  Graph *g = (Graph *)(uintptr_t)c->module;
  wm_jit_delete(c);
  free(g);
}

/* Its parameters are the next nodes. */
static u32 new_block(Compile *c, u32 params) {
  u32 index = c->blocks.len;
  *jit_push(c, &c->blocks) = (Block){.params = c->nodes.len, .param_count = params};
  for (u32 i = 0; i < params; i++) wm_ir_node(c, IR_PARAM, T_I32, index, i, 0);
  return index;
}

static u32 param(const Compile *c, u32 block, u32 i) { return block_at(c, block)->params + i; }
static u32 pure(Compile *c, u16 op, u32 a, u32 b) {
  return wm_ir_share(c, (Node){.op = op, .type = wm_ir_result_type(op) & 15, .a = a, .b = b});
}

/* All effects of a block are made one after the other. */
static u32 effect(Compile *c, u32 block, Node n) {
  Block *b = block_at(c, block);
  if (b->effects_start == b->effects_end) b->effects_start = b->effects_end = c->effects.len;
  assert_int_equal(b->effects_end, c->effects.len);
  u32 made = wm_ir_share(c, n);
  *jit_push(c, &c->effects) = made;
  c->node_sites.data[made] = 1;
  b->effects_end++;
  return made;
}

static u32 store(Compile *c, u32 block, u32 address, u32 value) {
  static const u16 ops[] = {[T_I32] = OP_i32_store, [T_I64] = OP_i64_store, [T_F64] = OP_f64_store};
  return effect(c, block, (Node){.op = ops[node_at(c, value)->type], .a = address, .c = value});
}

static u32 load(Compile *c, u32 block, u32 address, u32 flags) {
  return effect(c, block,
                (Node){.op = OP_i32_load, .type = T_I32, .flags = flags & 15, .a = address});
}

static u32 list(Compile *c, u32 count, va_list items) {
  u32 at = c->pool.len;
  *jit_push(c, &c->pool) = count;
  for (u32 i = 0; i < count; i++) *jit_push(c, &c->pool) = va_arg(items, u32);
  return count ? at : 0;
}

/* The next edge of a block, with the arguments of its target. */
static void edge(Compile *c, u32 from, u32 to, ...) {
  Block *b = block_at(c, from);
  if (!b->edge_count) b->edges = c->edges.len;
  assert_int_equal(b->edges + b->edge_count, c->edges.len);
  va_list args;
  va_start(args, to);
  u32 passed = list(c, block_at(c, to)->param_count, args);
  va_end(args);
  *jit_push(c, &c->edges) = (Edge){from, to, passed};
  b->term = ++b->edge_count == 1 ? TERM_JUMP : TERM_BRANCH;
}

static void condition(Compile *c, u32 block, u32 node) { block_at(c, block)->operand = node; }

static void returns(Compile *c, u32 block, u32 count, ...) {
  va_list args;
  va_start(args, count);
  block_at(c, block)->term = TERM_RETURN;
  block_at(c, block)->table = list(c, count, args);
  va_end(args);
}

static void verify(Compile *c, bool placed) {
  if (!wm_ir_verify(c, placed)) fail_msg("%s", c->trouble);
}

static void place(Compile *c) {
  verify(c, false);
  wm_jit_place(c);
  verify(c, true);
}

/* ---- what is where ---- */

static u32 index_of(const Compile *c, u32 block) {
  for (u32 i = 0; i < c->order.len; i++)
    if (c->order.data[i] == block) return i;
  return NONE;
}

static bool in_body(const Compile *c, u32 node) {
  for (u32 i = 0; i < c->body.len; i++)
    if (c->body.data[i] == node) return true;
  return false;
}

/* ---- blocks ---- */

/* 0 -> 1 (outer loop) -> 2 (inner loop, to itself) -> 3 -> 1 | 4; 1 -> 5, a trap; 6 is nowhere. */
static void loops_and_dominators(void **state) {
  (void)state;
  Compile *c = new_graph(1, 0);
  for (u32 i = 0; i < 7; i++) new_block(c, 0);
  block_at(c, 5)->term = TERM_TRAP;
  block_at(c, 5)->trap_code = TRAP_UNREACHABLE;
  block_at(c, 5)->site = 1;
  edge(c, 0, 1);
  edge(c, 1, 5);
  edge(c, 1, 2);
  edge(c, 2, 2);
  edge(c, 2, 3);
  edge(c, 3, 1);
  edge(c, 3, 4);
  edge(c, 6, 4);
  for (u32 b = 1; b < 4; b++) condition(c, b, 1);
  returns(c, 4, 0);
  place(c);
  assert_int_equal(block_at(c, 1)->idom, 0);
  assert_int_equal(block_at(c, 3)->idom, 2);
  assert_int_equal(block_at(c, 4)->idom, 3);
  assert_int_equal(block_at(c, 2)->loop_depth, 2);
  assert_int_equal(block_at(c, 2)->outer_loop, 1);
  assert_int_equal(block_at(c, 3)->loop, 1);
  assert_int_equal(block_at(c, 4)->loop, NONE);
  assert_int_equal(block_at(c, 4)->pred_count, 1);
  assert_int_equal(index_of(c, 6), NONE);
  assert_int_equal(index_of(c, 5), c->order.len - 1);
  assert_true(block_at(c, 5)->is_cold);
  /* with the blocks of split edges: 1 (2 2) 3 3 are contiguous */
  static const u32 loops[] = {NONE, 1, 1, 2, 2, 1, 1, NONE, NONE};
  assert_int_equal(c->order.len, ARRAY_LEN(loops));
  for (u32 i = 0; i < c->order.len; i++)
    assert_int_equal(block_at(c, c->order.data[i])->loop, loops[i]);
  assert_int_equal(c->order.data[7], 4);
  delete_graph(c);
}

/* A block of the source that leaves a loop is moved behind it. */
static void exits_go_behind(void **state) {
  (void)state;
  Compile *c = new_graph(1, 0);
  for (u32 i = 0; i < 4; i++) new_block(c, 0);
  edge(c, 0, 1);
  edge(c, 1, 2);
  edge(c, 1, 3);
  edge(c, 3, 1);
  condition(c, 1, 1);
  returns(c, 2, 0);
  place(c);
  assert_int_equal(index_of(c, 3), 2);
  assert_int_equal(index_of(c, 2), 3);
  delete_graph(c);
}

/* ---- nodes ---- */

typedef struct Loop {
  u32 before, body, behind, i;
} Loop;

/* before -> body -> body | behind; the body's parameter counts up to argument 1. */
static Loop new_loop(Compile *c) {
  Loop l = {new_block(c, 0), new_block(c, 1), new_block(c, 0), 0};
  l.i = param(c, l.body, 0);
  return l;
}

static void end_loop(Compile *c, Loop l) {
  u32 next = pure(c, OP_i32_add, l.i, wm_ir_const(c, T_I32, 1));
  edge(c, l.before, l.body, wm_ir_const(c, T_I32, 0));
  edge(c, l.body, l.body, next);
  edge(c, l.body, l.behind);
  condition(c, l.body, pure(c, OP_i32_lt_u, next, 1));
  returns(c, l.behind, 0);
}

static void invariants_leave_loops(void **state) {
  (void)state;
  Compile *c = new_graph(3, 0);
  Loop l = new_loop(c);
  u32 invariant = pure(c, OP_i32_mul, 2, 3), varying = pure(c, OP_i32_mul, l.i, 3);
  u32 compare = pure(c, OP_i32_lt_s, 2, 3);
  u32 small = wm_ir_const(c, T_I64, 5), large = wm_ir_const(c, T_I64, UINT64_MAX / 3);
  store(c, l.body, l.i, invariant);
  store(c, l.body, l.i, varying);
  store(c, l.body, l.i, compare);
  store(c, l.body, l.i, small);
  u32 use = store(c, l.body, l.i, large);
  end_loop(c, l);
  place(c);
  assert_int_equal(c->node_block.data[invariant], l.before);
  assert_int_equal(c->node_block.data[varying], l.body);
  assert_int_equal(c->node_block.data[compare], l.body);
  assert_int_equal(c->node_block.data[small], NONE);
  assert_int_equal(c->node_block.data[large], NONE);
  assert_int_equal(c->node_block.data[node_at(c, use)->c], l.before);
  delete_graph(c);
}

/* Words of the instance stay in the loop when there are many; what replaces its operand may go. */
static void pressure_limits_hoisting(void **state) {
  (void)state;
  enum { COUNT = 30 };
  Compile *c = new_graph(1 + COUNT, 0);
  Loop l = new_loop(c);
  u32 words[COUNT], sums[COUNT], hoisted = 0;
  for (u32 k = 0; k < COUNT; k++) {
    words[k] = wm_ir_share(c, (Node){.op = IR_INST_LOAD, .type = T_I32, .a = 8 * k});
    store(c, l.body, l.i, words[k]);
  }
  for (u32 k = 0; k < COUNT; k++) {
    sums[k] = pure(c, OP_i32_add, 2 + k, wm_ir_const(c, T_I32, 7));
    store(c, l.body, l.i, sums[k]);
  }
  end_loop(c, l);
  place(c);
  for (u32 k = 0; k < COUNT; k++) {
    hoisted += c->node_block.data[words[k]] == l.before;
    assert_int_equal(c->node_block.data[sums[k]], l.before);
  }
  assert_true(hoisted < 10);
  delete_graph(c);
}

/* 0 -> 1 | 2, 2 -> 3 | 4: what 1 and another use. */
static void use_in_arms(Compile *c, u32 x, u32 other, u32 stores[2]) {
  for (u32 i = 0; i < 5; i++) new_block(c, 0);
  stores[0] = store(c, 1, 2, x);
  stores[1] = store(c, other, 2, x);
  edge(c, 0, 1);
  edge(c, 0, 2);
  edge(c, 2, 3);
  edge(c, 2, 4);
  condition(c, 0, 1);
  condition(c, 2, 1);
  returns(c, 1, 0);
  returns(c, 3, 0);
  returns(c, 4, 0);
  place(c);
}

/* Not above the branch, where a third arm would pay for it. */
static void a_copy_for_each_arm(void **state) {
  (void)state;
  Compile *c = new_graph(3, 0);
  u32 deep = pure(c, OP_i32_mul, 2, 3), x = pure(c, OP_i32_sub, deep, 3), stores[2];
  use_in_arms(c, x, 3, stores);
  u32 x1 = node_at(c, stores[0])->c, x2 = node_at(c, stores[1])->c;
  assert_int_not_equal(x1, x2);
  assert_int_equal(c->node_block.data[x1], 1);
  assert_int_equal(c->node_block.data[x2], 3);
  assert_int_equal(c->node_uses.data[x1], 1);
  assert_int_equal(c->node_uses.data[x2], 1);
  assert_int_not_equal(node_at(c, x1)->a, node_at(c, x2)->a);
  delete_graph(c);
}

static void no_copies_for_all_arms(void **state) {
  (void)state;
  Compile *c = new_graph(3, 0);
  u32 x = pure(c, OP_i32_mul, 2, 3), stores[2];
  use_in_arms(c, x, 2, stores);
  assert_int_equal(c->node_block.data[x], 0);
  assert_int_equal(c->node_uses.data[x], 2);
  delete_graph(c);
}

/* A sum goes before the loop's branch, a counter whose old value is compared goes behind it. */
static void the_way_back_is_short(void **state) {
  (void)state;
  Compile *c = new_graph(2, 1);
  u32 before = new_block(c, 0), body = new_block(c, 2), behind = new_block(c, 0);
  u32 i = param(c, body, 0), sum = param(c, body, 1), one = wm_ir_const(c, T_I32, 1);
  u32 next = pure(c, OP_i32_add, i, one), more = pure(c, OP_i32_add, sum, 2);
  edge(c, before, body, one, one);
  edge(c, body, body, next, more);
  edge(c, body, behind);
  condition(c, body, pure(c, OP_i32_lt_u, i, 1));
  returns(c, behind, 1, more);
  place(c);
  assert_int_equal(c->node_block.data[more], body);
  assert_int_equal(c->node_block.data[next], edge_at(c, block_at(c, body)->edges)->to);
  delete_graph(c);
}

/* What the first use computed serves the others. */
static void one_use_dominates(void **state) {
  (void)state;
  Compile *c = new_graph(3, 1);
  for (u32 i = 0; i < 3; i++) new_block(c, 0);
  u32 x = pure(c, OP_i32_mul, 2, 3);
  store(c, 0, 2, x);
  store(c, 1, 2, x);
  edge(c, 0, 1);
  edge(c, 0, 2);
  condition(c, 0, 1);
  edge(c, 1, 2);
  returns(c, 2, 1, x);
  place(c);
  assert_int_equal(c->node_block.data[x], 0);
  assert_int_equal(c->node_uses.data[x], 3);
  delete_graph(c);
}

static void dead_things_go(void **state) {
  (void)state;
  Compile *c = new_graph(2, 0);
  Loop l = {new_block(c, 0), new_block(c, 4), new_block(c, 0), 0};
  l.i = param(c, l.body, 0);
  u32 same = param(c, l.body, 1), dead = param(c, l.body, 2), other = param(c, l.body, 3);
  u32 unused = pure(c, OP_i32_mul, dead, 2), one = wm_ir_const(c, T_I32, 1);
  u32 address = wm_ir_share(c, (Node){.op = IR_INST_LOAD, .type = T_I64});
  u32 word = load(c, l.body, address, IR_POINTER), may_trap = load(c, l.body, l.i, 0);
  u32 use = store(c, l.body, l.i, same);
  u32 next = pure(c, OP_i32_add, l.i, one);
  edge(c, l.before, l.body, one, 2, one, one);
  edge(c, l.body, l.body, next, same, unused, word);
  edge(c, l.body, l.behind);
  condition(c, l.body, pure(c, OP_i32_lt_u, next, 1));
  returns(c, l.behind, 0);
  (void)other;
  place(c);
  assert_int_equal(node_at(c, use)->c, 2); /* the argument itself */
  assert_int_equal(c->node_live.data[l.i], LIVE_YES);
  assert_int_equal(c->node_live.data[same], LIVE_NO);
  assert_int_equal(c->node_live.data[dead], LIVE_NO);
  assert_false(in_body(c, unused));
  assert_false(in_body(c, word));
  assert_true(in_body(c, may_trap));
  assert_int_equal(c->node_uses.data[next], 2);
  delete_graph(c);
}

/* Results follow their call; the comparison stands right before its branch. */
static void order_in_a_block(void **state) {
  (void)state;
  Compile *c = new_graph(3, 1);
  for (u32 i = 0; i < 3; i++) new_block(c, 0);
  u32 sum = pure(c, OP_i32_add, 2, 3), compare = pure(c, OP_i32_lt_s, 1, 2);
  u32 read = load(c, 0, 2, 0);
  u32 args = c->pool.len;
  *jit_push(c, &c->pool) = 1;
  *jit_push(c, &c->pool) = sum;
  u32 call = effect(c, 0, (Node){.op = IR_CALL, .a = 1, .b = args});
  u32 r0 = effect(c, 0, (Node){.op = IR_RESULT, .type = T_I32, .a = call, .b = 0});
  u32 r1 = effect(c, 0, (Node){.op = IR_RESULT, .type = T_I32, .a = call, .b = 1});
  u32 later = load(c, 0, 2, 0);
  store(c, 1, 2, pure(c, OP_i32_xor, r1, later));
  edge(c, 0, 1);
  edge(c, 0, 2);
  condition(c, 0, compare);
  edge(c, 1, 2);
  returns(c, 2, 1, read);
  wm_jit_place(c);
  const u32 expected[] = {read, sum, call, r1, later, compare};
  const u32 epochs[] = {0, 0, 0, 1, 1, 1};
  assert_int_equal(block_at(c, 0)->body_end, ARRAY_LEN(expected));
  for (u32 i = 0; i < ARRAY_LEN(expected); i++) {
    assert_int_equal(c->body.data[i], expected[i]);
    assert_int_equal(c->node_epoch.data[expected[i]].of[ALIAS_GUEST], epochs[i]);
  }
  assert_int_equal(block_at(c, 0)->end_epoch.of[ALIAS_GUEST], 1);
  assert_int_equal(c->node_live.data[r0], LIVE_NO);
  delete_graph(c);
}

/* ---- large ones ---- */

/* What grows faster than the graph runs into the test's time limit. */
static void place_large(Compile *c, u32 max_nodes) {
  wm_jit_place(c);
  verify(c, true);
  assert_true(c->nodes.len <= max_nodes);
  delete_graph(c);
}

static void a_long_chain(void **state) {
  (void)state;
  Compile *c = new_graph(1, 1);
  new_block(c, 0);
  u32 x = 1;
  for (u32 i = 0; i < 1000000; i++) x = pure(c, i & 1 ? OP_i32_xor : OP_i32_add, x, 1);
  returns(c, 0, 1, x);
  place_large(c, c->nodes.len);
}

/* Each block may leave for the end; each computes something of an argument. */
static void many_exits(void **state) {
  (void)state;
  enum { COUNT = 100000 };
  Compile *c = new_graph(2, 1);
  for (u32 i = 0; i <= COUNT; i++) new_block(c, 0);
  for (u32 i = 0; i < COUNT; i++) {
    store(c, i, 1, pure(c, OP_i32_add, 1, wm_ir_const(c, T_I32, i)));
    edge(c, i, COUNT);
    edge(c, i, i + 1);
    condition(c, i, 2);
  }
  returns(c, COUNT, 1, pure(c, OP_i32_mul, 1, 2));
  place_large(c, c->nodes.len);
}

/* Loops in loops, each with invariants and a way out of all. */
static void deep_nesting(void **state) {
  (void)state;
  enum { DEPTH = 20000 };
  Compile *c = new_graph(2, 0);
  for (u32 i = 0; i <= 2 * DEPTH + 1; i++) new_block(c, 0);
  edge(c, 0, 1);
  for (u32 i = 1; i <= DEPTH; i++) {
    store(c, i, 1, pure(c, OP_i32_add, 2, wm_ir_const(c, T_I32, i)));
    edge(c, i, i + 1);
  }
  for (u32 i = 1; i <= DEPTH; i++) {
    u32 latch = DEPTH + i;
    edge(c, latch, DEPTH + 1 - i);
    edge(c, latch, latch + 1);
    condition(c, latch, 1);
  }
  returns(c, 2 * DEPTH + 1, 0);
  place_large(c, c->nodes.len);
}

/* A chain of nodes that each arm of a switch uses: copies are limited, by arms and in total. */
static void chain_for_arms(u32 arms) {
  enum { CHAIN = 20000 };
  Compile *c = new_graph(2, 0);
  for (u32 i = 0; i <= arms; i++) new_block(c, 0);
  u32 x = 1, table = c->pool.len;
  for (u32 i = 0; i < CHAIN; i++) x = pure(c, i & 1 ? OP_i32_xor : OP_i32_add, x, 2);
  *jit_push(c, &c->pool) = arms;
  for (u32 i = 1; i <= arms; i++) {
    store(c, i, 1, x);
    returns(c, i, 0);
    edge(c, 0, i);
    *jit_push(c, &c->pool) = i - 1;
  }
  block_at(c, 0)->term = TERM_SWITCH;
  block_at(c, 0)->table = table;
  condition(c, 0, 1);
  u32 before = c->nodes.len;
  place_large(c, before + before / 4 + 64);
}

static void many_arms(void **state) {
  (void)state;
  chain_for_arms(50);
  chain_for_arms(5000);
}

/* Words of the runtime and the guest's memory are apart. */
static void effects_bar_loads_of_their_class(void **state) {
  static const struct {
    Node node;
    bool guest, words;
  } rows[] = {{{.op = OP_i32_store}, true, false},
              {{.op = OP_i64_store, .flags = IR_POINTER}, true, false},
              {{.op = OP_i64_store, .flags = IR_POINTER | IR_WORD}, false, true},
              {{.op = OP_i32_load}, false, false},
              {{.op = OP_i64_load, .flags = IR_POINTER}, false, false},
              {{.op = IR_TRAP_IF}, true, false},
              {{.op = OP_i32_div_s}, true, false},
              {{.op = IR_CALL}, true, true},
              {{.op = IR_CALL_REF}, true, true},
              {{.op = IR_HELPER}, true, true},
              {{.op = IR_RESULT}, false, false}};
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    assert_int_equal(wm_ir_bars(&rows[i].node, ALIAS_GUEST), rows[i].guest);
    assert_int_equal(wm_ir_bars(&rows[i].node, ALIAS_WORDS), rows[i].words);
  }
  assert_int_equal(wm_ir_alias(&(Node){.op = OP_i32_load, .flags = IR_POINTER}), ALIAS_GUEST);
  assert_int_equal(wm_ir_alias(&(Node){.op = OP_i32_load, .flags = IR_POINTER | IR_WORD}),
                   ALIAS_WORDS);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(loops_and_dominators),
                                     cmocka_unit_test(exits_go_behind),
                                     cmocka_unit_test(invariants_leave_loops),
                                     cmocka_unit_test(pressure_limits_hoisting),
                                     cmocka_unit_test(a_copy_for_each_arm),
                                     cmocka_unit_test(no_copies_for_all_arms),
                                     cmocka_unit_test(the_way_back_is_short),
                                     cmocka_unit_test(one_use_dominates),
                                     cmocka_unit_test(dead_things_go),
                                     cmocka_unit_test(order_in_a_block),
                                     cmocka_unit_test(a_long_chain),
                                     cmocka_unit_test(many_exits),
                                     cmocka_unit_test(effects_bar_loads_of_their_class),
                                     cmocka_unit_test(deep_nesting),
                                     cmocka_unit_test(many_arms)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
