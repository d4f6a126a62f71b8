/* What the builder makes of wasm: parameters only where values differ, loads and checks that are
 * not repeated, inlining, fuel, on-stack replacement; and that hostile shapes end soon. */
#include "jit/jit.h"
#include "runtime/fixture.h"

/* The function `func` of the module as IR, verified; from its loop number `loop` on unless it is
 * NONE. NULL: refused. */
static Compile *build_from(Fixture *f, const char *wat, u32 func, u32 loop, JitOptions options) {
  LoadedModule *lm = load(f, wat);
  Compile *c = wm_jit_new();
  const FuncFacts *facts = &lm->module.funcs[func].facts;
  assert_non_null(c);
  c->loaded = lm;
  c->module = &lm->module;
  c->options = options;
  c->func_index = func;
  c->osr_offset = loop == NONE ? 0 : facts->loops[loop].offset;
  if (setjmp(c->leave)) {
    wm_jit_delete(c);
    wm_loaded_release(lm);
    return NULL;
  }
  wm_jit_build(c);
  if (!wm_ir_verify(c, false)) fail_msg("%s", c->trouble);
  return c;
}

static Compile *build(Fixture *f, const char *wat, JitOptions options) {
  Compile *c = build_from(f, wat, 0, NONE, options);
  assert_non_null(c);
  return c;
}

static void discard(Compile *c) {
  wm_loaded_release((LoadedModule *)(uintptr_t)c->loaded);
  wm_jit_delete(c);
}

static u32 count_effects(const Compile *c, u16 op) {
  u32 count = 0;
  for (u32 i = 0; i < c->effects.len; i++) count += node_at(c, c->effects.data[i])->op == op;
  return count;
}

static u32 count_params(const Compile *c) {
  u32 count = 0;
  for (u32 i = 0; i < c->blocks.len; i++) count += block_at(c, i)->param_count;
  return count;
}

static u32 count_loops(const Compile *c) {
  u32 count = 0;
  for (u32 i = 0; i < c->blocks.len; i++) count += block_at(c, i)->is_loop;
  return count;
}

/* The single node that the only return gives. */
static const Node *returned(const Compile *c) {
  for (u32 i = 0; i < c->blocks.len; i++)
    if (block_at(c, i)->term == TERM_RETURN)
      return node_at(c, list_at(c, block_at(c, i)->table)[1]);
  fail();
  return NULL;
}

static u32 count_in(Fixture *f, const char *wat, u16 op, JitOptions options) {
  Compile *c = build(f, wat, options);
  u32 count = count_effects(c, op);
  discard(c);
  return count;
}

static void parameters_only_where_values_differ(void **state) {
  static const struct {
    const char *body;
    u32 params;
  } cases[] = {
      {"(if (local.get 0) (then (local.set 1 (i32.const 1))))", 1},
      {"(if (local.get 0) (then (local.set 1 (i32.const 0))))", 0},
      {"(block (br_if 0 (local.get 0)) (local.set 1 (local.get 0)) (local.set 2 (local.get 0)))",
       2},
      {"(loop (local.set 1 (i32.add (local.get 1) (local.get 0))) (br_if 0 (local.get 1)))", 1},
      {"(loop (local.set 1 (i32.const 5)))", 1}, /* a header that nothing comes back to */
      {"(block (br_if 0 (i32.const 0)) (local.set 1 (local.get 0)))", 0},
      {"(local.set 1 (block (result i32) (drop (br_if 0 (i32.const 1) (local.get 0)))"
       " (i32.const 2)))",
       1},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    char wat[400];
    snprintf(wat, sizeof wat, "(module (func (param i32) (local i32 i32 i64) %s))", cases[i].body);
    Compile *c = build(*state, wat, (JitOptions){0});
    assert_int_equal(count_params(c), cases[i].params);
    discard(c);
  }
}

static void loops_without_a_way_back_are_none(void **state) {
  Compile *c = build(*state, "(module (func (param i32) (loop) (loop (br_if 0 (local.get 0)))))",
                     (JitOptions){0});
  assert_int_equal(count_loops(c), 1);
  assert_int_equal(count_effects(c, IR_POLL), 1);
  discard(c);
}

static void words_are_loaded_once(void **state) {
  static const struct {
    const char *body;
    u32 loads;
  } cases[] = {
      {"(drop (i32.load (local.get 0))) (drop (i32.load (local.get 0)))", 1},
      {"(i32.store (local.get 0) (local.get 1)) (drop (i32.load (local.get 0)))", 0},
      {"(drop (i32.load (local.get 0))) (i32.store offset=4 (local.get 0) (i32.const 1))"
       "(drop (i32.load (local.get 0)))",
       1},
      {"(drop (i32.load (local.get 0))) (i32.store8 offset=3 (local.get 0) (i32.const 1))"
       "(drop (i32.load (local.get 0)))",
       2},
      {"(drop (i32.load (local.get 0))) (i32.store (local.get 1) (i32.const 1))"
       "(drop (i32.load (local.get 0)))",
       2},
      {"(drop (i32.load (local.get 0))) (call 1) (drop (i32.load (local.get 0)))", 2},
      {"(drop (i32.load (local.get 0))) (loop (drop (i32.load (local.get 0)))"
       " (br_if 0 (local.get 1)))",
       2},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    char wat[400];
    snprintf(wat, sizeof wat, "(module (memory 1) (func (param i32 i32) %s) (func call 1))",
             cases[i].body);
    assert_int_equal(count_in(*state, wat, OP_i32_load, (JitOptions){0}), cases[i].loads);
  }
}

/* A narrow store drops what only changes bits that it cuts off, and nothing else. */
static void narrow_stores_drop_what_they_cut_off(void **state) {
  static const struct {
    const char *store, *value;
    bool drops;
  } cases[] = {
      {"i32.store8", "(i32.extend8_s (local.get 0))", true},
      {"i32.store16", "(i32.extend8_s (local.get 0))", false},
      {"i32.store16", "(i32.extend16_s (local.get 0))", true},
      {"i32.store", "(i32.extend16_s (local.get 0))", false},
      {"i32.store8", "(i32.and (local.get 0) (i32.const 0x1FF))", true},
      {"i32.store8", "(i32.and (local.get 0) (i32.const 0x7F))", false},
      {"i64.store32", "(i64.extend_i32_s (local.get 0))", true},
      {"i64.store32", "(i64.extend8_s (i64.extend_i32_u (local.get 0)))", false},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    char wat[400];
    snprintf(wat, sizeof wat, "(module (memory 1) (func (param i32) (%s (i32.const 0) %s)))",
             cases[i].store, cases[i].value);
    Compile *c = build(*state, wat, (JitOptions){0});
    const Node *store = node_at(c, c->effects.data[0]);
    assert_int_equal(node_at(c, store->c)->op == IR_ARG, cases[i].drops);
    discard(c);
  }
}

/* Two imports may be one global: what was set through one is loaded again through the other. */
static void globals_are_forwarded_unless_they_may_be_one(void **state) {
  static const char own[] = "(module (global $a (mut i32) (i32.const 0)) (global $b (mut i32)"
                            "  (i32.const 0)) (func (result i32) (drop (global.get $a))"
                            "  (global.set $b (i32.const 1)) (global.get $a)))";
  static const char imported[] = "(module (import \"\" \"a\" (global $a (mut i32)))"
                                 "  (import \"\" \"b\" (global $b (mut i32))) (func (result i32)"
                                 "  (drop (global.get $a)) (global.set $b (i32.const 1))"
                                 "  (global.get $a)))";
  assert_int_equal(count_in(*state, own, OP_i32_load, (JitOptions){0}), 1);
  assert_int_equal(count_in(*state, imported, OP_i32_load, (JitOptions){0}), 2);
}

static void bounds_are_checked_once(void **state) {
  JitOptions checked = {.explicit_bounds = true};
  static const struct {
    const char *body;
    u32 checks;
  } cases[] = {
      {"(drop (i64.load offset=8 (local.get 0))) (call 1) (drop (i32.load (local.get 0)))", 1},
      {"(drop (i32.load (local.get 0))) (drop (i64.load offset=8 (local.get 0)))", 2},
      {"(if (local.get 1) (then (drop (i32.load (local.get 0)))))"
       "(drop (i32.load (local.get 0)))",
       2},
      {"(drop (i32.load (local.get 0)))"
       "(if (local.get 1) (then nop) (else (drop (i32.load (local.get 0)))))"
       "(drop (i32.load (local.get 0)))",
       1},
      {"(drop (i32.load (i32.const 65532)))", 0},
      {"(drop (i32.load (i32.const 65533)))", 1},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    char wat[400];
    snprintf(wat, sizeof wat, "(module (memory 1) (func (param i32 i32) %s) (func call 1))",
             cases[i].body);
    assert_int_equal(count_in(*state, wat, IR_BOUNDS, checked), cases[i].checks);
    assert_int_equal(count_in(*state, wat, IR_BOUNDS, (JitOptions){0}), 0);
  }
}

static void inlined_code_knows_its_caller(void **state) {
  static const char wat[] = "(module (memory 1) (func (result i32) (call 1 (i32.const 4)))"
                            "  (func (param i32) (result i32) (i32.load (local.get 0))))";
  Compile *c = build(*state, wat, (JitOptions){0});
  assert_int_equal(count_effects(c, IR_CALL), 0);
  assert_int_equal(count_effects(c, OP_i32_load), 1);
  const Site *load = &c->sites.data[c->node_sites.data[c->effects.data[0]]];
  const FuncDecl *caller = &c->module->funcs[0], *callee = &c->module->funcs[1];
  assert_in_range(load->offset, callee->code_offset, callee->code_offset + callee->code_bytes);
  assert_int_not_equal(load->caller, NONE);
  const Site *call = &c->sites.data[load->caller];
  assert_in_range(call->offset, caller->code_offset, caller->code_offset + caller->code_bytes);
  assert_int_equal(call->caller, NONE);
  discard(c);
  assert_int_equal(count_in(*state, wat, IR_CALL, (JitOptions){.no_inline = true}), 1);
}

/* The cost of the first region: what the interpreter charges, whatever is known here. */
static void fuel_counts_what_is_written(void **state) {
  static const struct {
    const char *body;
    u32 cost;
  } cases[] = {
      {"nop (block (drop (i32.const 1)))", 2},
      {"(drop (i32.const 1)) (call 1) (drop (i32.const 1))", 5},
      {"(drop (i32.load (i32.const -1))) (drop (i32.const 1))", 5}, /* surely traps */
      {"(br_if 0 (i32.const 1)) (drop (i32.const 1))", 2},
      {"(call 2) (drop (i32.const 1))", 3},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    char wat[400];
    snprintf(wat, sizeof wat, "(module (memory 1) (func %s) (func) (func unreachable))",
             cases[i].body);
    Compile *c = build(*state, wat, (JitOptions){.fuel = true, .explicit_bounds = true});
    const Node *charge = node_at(c, c->effects.data[0]);
    assert_int_equal(charge->op, IR_FUEL);
    assert_int_equal(charge->a, cases[i].cost);
    discard(c);
  }
}

/* What is constant on the operand stack need not be in the interpreter's frame; what the loop
 * assigns is loaded; the loops around it come once more. */
static void replacement_starts_at_its_loop(void **state) {
  static const char wat[] = "(module (func (param i32 i64) (result i32) (local f64)"
                            "  (i32.const 41)"
                            "  (loop"
                            "    (local.set 2 (f64.const 1))"
                            "    (loop"
                            "      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))"
                            "      (br_if 0 (local.get 0)))"
                            "    (br_if 0 (i64.eqz (local.get 1))))"
                            "  (i32.const 1) i32.add))";
  Compile *c = build_from(*state, wat, 0, 1, (JitOptions){0});
  assert_non_null(c);
  assert_int_equal(c->arg_count, 1);
  assert_int_equal(node_at(c, 1)->type, T_I64);
  assert_int_equal(count_loops(c), 3);
  assert_int_equal(count_effects(c, OP_i32_load), 1);
  assert_int_equal(returned(c)->op, IR_CONST);
  assert_int_equal(returned(c)->a, 42);
  discard(c);
  c = build_from(*state, wat, 0, 0, (JitOptions){0});
  assert_int_equal(count_loops(c), 2);
  discard(c);
}

/* 49,000 locals and thousands of branches: refused before it takes much memory. (How long that is
 * depends on the system's pages more than on us.) */
static void locals_times_branches_are_refused(void **state) {
  enum { LOCALS = 49000, BRANCHES = 5000 };
  char *wat = malloc(LOCALS * 4 + BRANCHES * 64 + 200), *at = wat;
  assert_non_null(wat);
  at += sprintf(at, "(module (func (param i32) (local");
  for (u32 i = 0; i < LOCALS; i++) at += sprintf(at, " i32");
  at += sprintf(at, ") (block");
  for (u32 i = 0; i < BRANCHES; i++)
    at += sprintf(at, " (local.set %u (local.get 0)) (br_if 0 (local.get 0))", i + 1);
  sprintf(at, ")))");
  Compile *c = build_from(*state, wat, 0, NONE, (JitOptions){0});
  assert_null(c);
  free(wat);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(parameters_only_where_values_differ, setup, teardown),
      cmocka_unit_test_setup_teardown(loops_without_a_way_back_are_none, setup, teardown),
      cmocka_unit_test_setup_teardown(words_are_loaded_once, setup, teardown),
      cmocka_unit_test_setup_teardown(narrow_stores_drop_what_they_cut_off, setup, teardown),
      cmocka_unit_test_setup_teardown(globals_are_forwarded_unless_they_may_be_one, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(bounds_are_checked_once, setup, teardown),
      cmocka_unit_test_setup_teardown(inlined_code_knows_its_caller, setup, teardown),
      cmocka_unit_test_setup_teardown(fuel_counts_what_is_written, setup, teardown),
      cmocka_unit_test_setup_teardown(replacement_starts_at_its_loop, setup, teardown),
      cmocka_unit_test_setup_teardown(locals_times_branches_are_refused, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
