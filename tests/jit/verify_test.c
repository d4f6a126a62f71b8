/* The IR's verifier: takes a right function, and says what is wrong of broken ones. */
#include "jit/jit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The function, of type i32 -> i32 (v1 is its argument, v3 the constant 7, v5 1):
 *
 *   b0: v2 = i32.load v1+8; branch v2 -> b1(v2), b2
 *   b1 (v4): v7 = i32.load v6+8, where v6 = v4 + v5; jump -> b3(v7)
 *   b2: jump -> b3(v3)
 *   b3 (v8): return (v8)
 */
typedef struct Fixture {
  Module module;
  FuncDecl func;
  SubType type;
  ValType i32;
  Compile *c;
} Fixture;

static u32 add_block(Compile *c, u32 param_count) {
  Block b = {.effects_start = c->effects.len, .effects_end = c->effects.len};
  b.edges = c->edges.len;
  b.params = c->nodes.len;
  b.param_count = param_count;
  *jit_push(c, &c->blocks) = b;
  for (u32 i = 0; i < param_count; i++) wm_ir_node(c, IR_PARAM, T_I32, c->blocks.len - 1, i, 0);
  return c->blocks.len - 1;
}

static u32 add_load(Compile *c, u32 address) {
  u32 n = wm_ir_node(c, OP_i32_load, T_I32, address, 8, 0);
  c->node_sites.data[n] = 1;
  *jit_push(c, &c->effects) = n;
  vec_last(&c->blocks)->effects_end++;
  return n;
}

static u32 add_list(Compile *c, u32 node) {
  u32 at = c->pool.len;
  *jit_push(c, &c->pool) = 1;
  *jit_push(c, &c->pool) = node;
  return at;
}

/* An edge of the last block; arg: a node or 0. */
static void add_edge(Compile *c, u32 to, u32 arg) {
  *jit_push(c, &c->edges) = (Edge){c->blocks.len - 1, to, arg ? add_list(c, arg) : 0};
  vec_last(&c->blocks)->edge_count++;
}

static void add_blocks(Compile *c) {
  add_block(c, 0);
  wm_ir_node(c, IR_ARG, T_I32, 0, 0, 0);
  u32 loaded = add_load(c, 1), seven = wm_ir_const(c, T_I32, 7);
  add_edge(c, 1, loaded);
  add_edge(c, 2, 0);
  vec_last(&c->blocks)->term = TERM_BRANCH;
  vec_last(&c->blocks)->operand = loaded;
  add_block(c, 1);
  Node sum = {.op = OP_i32_add, .type = T_I32, .a = 4, .b = wm_ir_const(c, T_I32, 1)};
  u32 other = add_load(c, wm_ir_pure(c, sum));
  add_edge(c, 3, other);
  vec_last(&c->blocks)->term = TERM_JUMP;
  add_block(c, 0);
  add_edge(c, 3, seven);
  vec_last(&c->blocks)->term = TERM_JUMP;
  add_block(c, 1);
  vec_last(&c->blocks)->term = TERM_RETURN;
  vec_last(&c->blocks)->table = add_list(c, vec_last(&c->blocks)->params);
}

static int set_up(void **state) {
  Fixture *f = calloc(1, sizeof *f);
  f->i32 = VAL_I32;
  f->type = (SubType){.kind = COMP_FUNC,
                      .param_count = 1,
                      .result_count = 1,
                      .params = &f->i32,
                      .results = &f->i32};
  f->module = (Module){.types = &f->type, .type_count = 1, .funcs = &f->func, .func_count = 1};
  Compile *c = f->c = wm_jit_new();
  if (!c || setjmp(c->leave)) return 1;
  c->module = &f->module;
  wm_ir_reset(c, 16);
  *jit_push(c, &c->pool) = 0;
  *jit_push(c, &c->sites) = (Site){0, NONE, NONE, NO_INDEX};
  *jit_push(c, &c->sites) = (Site){100, NONE, NONE, NO_INDEX};
  wm_ir_node(c, IR_NOP, T_NONE, 0, 0, 0);
  add_blocks(c);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  Fixture *f = *state;
  wm_jit_delete(f->c);
  free(f);
  return 0;
}

static Compile *compile_of(void **state) { return ((Fixture *)*state)->c; }

static void right(void **state) {
  Compile *c = compile_of(state);
  assert_true(wm_ir_verify(c, false));
  wm_jit_place(c);
  assert_true(wm_ir_verify(c, true));
}

#define assert_trouble(c, message)                                                                 \
  do {                                                                                             \
    assert_false(wm_ir_verify((c), false));                                                        \
    assert_string_equal((c)->trouble, (message));                                                  \
  } while (0)

static void types(void **state) {
  Compile *c = compile_of(state);
  c->nodes.data[1].type = T_F32; /* the address */
  assert_trouble(c, "v2: type of address v1");
  c->nodes.data[1].type = T_I32;
  c->nodes.data[4].type = T_I64; /* b1's parameter */
  assert_trouble(c, "v6: type of operand v4");
}

static void operands(void **state) {
  Compile *c = compile_of(state);
  c->nodes.data[6].a = 7;
  assert_trouble(c, "v6: operand v7 comes behind it");
  c->nodes.data[6].a = 1000;
  assert_trouble(c, "v6: operand v1000 is no value");
}

static void dominance(void **state) {
  Compile *c = compile_of(state);
  c->pool.data[c->edges.data[3].args + 1] = 7; /* b2 passes on what b1 loads */
  assert_trouble(c, "v7 (of b1) is not there where b2 uses it");
  c->pool.data[c->edges.data[3].args + 1] = 6; /* and what floats upon b1's parameter */
  assert_trouble(c, "v6 (of b1) is not there where b2 uses it");
}

static void effects(void **state) {
  Compile *c = compile_of(state);
  c->node_sites.data[2] = 0;
  assert_trouble(c, "v2: site 0");
  c->node_sites.data[2] = 1;
  c->effects.data[1] = 6;
  assert_trouble(c, "b1: v6 is not an effect");
  c->effects.data[1] = 2;
  assert_trouble(c, "b1: effect v2 a second time");
}

static void control(void **state) {
  Compile *c = compile_of(state);
  c->edges.data[0].args = 0;
  assert_trouble(c, "edge 0 to b1: 0 arguments for 1 parameters");
  c->blocks.data[0].edge_count = 1;
  assert_trouble(c, "b0: terminator 2 with 1 edges");
}

/* b1 and b3 would be a loop that b0 enters at one and b2 at the other: not wasm's. */
static void loops(void **state) {
  Compile *c = compile_of(state);
  c->blocks.data[3].term = TERM_JUMP; /* b3 -> b1(v8) */
  c->blocks.data[3].edges = c->edges.len;
  add_edge(c, 1, c->blocks.data[3].params);
  assert_trouble(c, "b1: a way into the loop's middle");
}

static void placement(void **state) {
  Compile *c = compile_of(state);
  wm_jit_place(c);
  Block *b = block_at(c, 1);
  assert_int_equal(b->body_end - b->body_start, 2);
  c->body.data[b->body_start] = 7;
  c->body.data[b->body_start + 1] = 6;
  assert_false(wm_ir_verify(c, true));
  assert_string_equal(c->trouble, "v6 (of b1) is not there where b1 uses it");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {TEST(right),   TEST(types),   TEST(operands), TEST(dominance),
                                     TEST(effects), TEST(control), TEST(loops),    TEST(placement)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
