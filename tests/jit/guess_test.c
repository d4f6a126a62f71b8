/* Calls through tables and references after the interpreter saw what they call: what is guessed,
 * and that whatever else is called later is called as ever. What is compiled, and when, is chosen
 * here. */
#include "engine/tiers.h"
#include "runtime/fixture.h"
#include "runtime/profile.h"

enum { SEEN = 40, SLOTS = 24 };

static int setup_by_hand(void **state) {
  Fixture *f = calloc(1, sizeof *f);
  Config config = config_of_tier(TIER_AUTO);
  config.compile_threads = 0;
  config.call_threshold = config.loop_threshold = UINT32_MAX;
  f->engine = wm_engine_new(&config);
  f->store = wm_engine_store_new(f->engine);
  *state = f;
  return f->store ? 0 : -1;
}

static int teardown_compiled(void **state) {
  Fixture *f = *state;
  assert_true(wm_engine_store_delete(f->store));
  release_checked(f->engine, EXPECT_SOME);
  free(f);
  return 0;
}

/* ---- what is there ---- */

/* Of type $t: what a table may hold. $own tells instances apart, $rest is too large to be inlined,
 * $deep calls through the table itself. */
#define CALLEES                                                                                    \
  "(module $m (type $t (func (param i32) (result i32))) (type $u (func (result i32)))"             \
  " (type $few (func (param i32) (result i32 i64)))"                                               \
  " (tag $e (export \"tag\") (param i32)) (global $own (export \"own\") (mut i32) (i32.const 0))"  \
  " (table $table (export \"table\") 16 funcref)"                                                  \
  " (elem (i32.const 0) $inc $twice $triple $square $rest $deep $throws $own $last $rest2)"        \
  " (elem (i32.const 11) $of_u) (elem declare func $few)"                                          \
  " (func $inc (type $t) (i32.add (local.get 0) (i32.const 1)))"                                   \
  " (func $twice (type $t) (i32.mul (local.get 0) (i32.const 2)))"                                 \
  " (func $triple (type $t) (i32.mul (local.get 0) (i32.const 3)))"                                \
  " (func $square (type $t) (i32.mul (local.get 0) (local.get 0)))"                                \
  " (func $rest (type $t)" LARGE " (i32.add (local.get 0) (i32.const 1000)))"                      \
  " (func $rest2 (type $t)" LARGE " (i32.add (local.get 0) (i32.const 2000)))"                     \
  " (func $deep (type $t) (call_indirect (type $t) (local.get 0) (i32.const 1)))"                  \
  " (func $throws (type $t) (if (i32.gt_u (local.get 0) (i32.const 90))"                           \
  "   (then (throw $e (local.get 0)))) (i32.add (local.get 0) (i32.const 6)))"                     \
  " (func $own (type $t) (i32.add (global.get $own) (local.get 0)))"                               \
  " (func $last (type $t) (i32.div_u (i32.const 100) (local.get 0)))"                              \
  " (func $of_u (type $u) (i32.const 3))"                                                          \
  " (func $few (type $few) (local.get 0) (i64.const 5))"
#define DROP  " (drop (i32.div_u (local.get 0) (i32.const 7)))"
#define DROP8 DROP DROP DROP DROP DROP DROP DROP DROP
#define LARGE DROP8 DROP8 DROP8 DROP8 DROP8
/* "f" calls what the table has at its second argument. */
#define BY_INDEX                                                                                   \
  " (func (export \"f\") (param i32 i32) (result i32)"                                             \
  "  (i32.add (i32.const 10000) (call_indirect (type $t) (local.get 0) (local.get 1)))))"
#define BY_REF                                                                                     \
  " (func (export \"f\") (param i32 i32) (result i32) (i32.add (i32.const 10000)"                  \
  "  (call_ref $t (local.get 0) (ref.cast (ref null $t) (table.get (local.get 1)))))))"
enum { INC, TWICE, TRIPLE, SQUARE, REST, DEEP, THROWS, OWN, LAST, REST2, NOTHING, OTHER_TYPE };

typedef struct Scene {
  Fixture *f;
  LoadedModule *lm;
  Instance *in;
} Scene;

static Instance *new_instance(const Scene *s, u32 own) {
  Error err = {0};
  Instance *in = wm_instance_new(s->f->store, s->lm, NULL, 0, &err);
  if (!in) fail_msg("%s", err.message);
  object_hold(&in->head);
  if (own) ((Global *)export_named(in, "own"))->value[0] = own;
  return in;
}

static Scene scene(void **state, const char *wat) {
  Scene s = {.f = *state};
  s.lm = load(s.f, wat);
  s.in = new_instance(&s, 100);
  return s;
}

static void end_scene(Scene *s) {
  object_let_go(&s->in->head);
  wm_loaded_release(s->lm);
}

static TrapCode call_in(const Scene *s, Instance *in, u32 x, u32 index, u32 *result) {
  u64 slots[SLOTS] = {x, index};
  TrapCode code = wm_call(s->f->store, (Func *)export_named(in, "f"), slots);
  *result = (u32)slots[0];
  return code;
}

static u32 value_in(const Scene *s, Instance *in, u32 x, u32 index) {
  u32 result;
  assert_int_equal(call_in(s, in, x, index, &result), TRAP_NONE);
  return result - 10000;
}
static u32 value(const Scene *s, u32 x, u32 index) { return value_in(s, s->in, x, index); }

static void expect_trap(const Scene *s, u32 x, u32 index, TrapCode code) {
  u32 result;
  assert_int_equal(call_in(s, s->in, x, index, &result), code);
  wm_store_take_trap(s->f->store);
}

static void see(const Scene *s, u32 index, u32 times) {
  for (u32 i = 0; i < times; i++) value(s, i + 1, index);
}

static u32 func_of(const Scene *s, const char *name) {
  return ((Func *)export_named(s->in, name))->index;
}

/* ---- what becomes of it ---- */

/* Ways of calling in the IR of a function. */
typedef struct Calls {
  u32 direct, any, tail, guesses;
} Calls;

static Calls count_calls(const Compile *c) {
  Calls calls = {0};
  for (u32 i = 0; i < c->effects.len; i++) {
    u16 op = node_at(c, c->effects.data[i])->op;
    calls.direct += op == IR_CALL || op == IR_TAIL_CALL;
    calls.any += op == IR_CALL_REF || op == IR_TAIL_CALL_REF;
  }
  for (u32 i = 0; i < c->blocks.len; i++) {
    const Block *block = block_at(c, i);
    if (block->term != TERM_BRANCH) continue;
    const Node *same = node_at(c, block->operand);
    calls.guesses += same->op == OP_i64_eq && (node_at(c, same->a)->op == IR_INST_LOAD ||
                                               node_at(c, same->b)->op == IR_INST_LOAD);
  }
  return calls;
}

static Calls compile(const Scene *s, u32 func_index) {
  Compile *c = wm_jit_new();
  JitOptions options = wm_engine_jit_options(s->f->engine);
  JitResult result = wm_jit_compile(c, s->lm, func_index, 0, &options);
  if (result != JIT_DONE) fail_msg("function %u: %s", func_index, c->trouble);
  Calls calls = count_calls(c);
  JitDraft *draft = wm_jit_take(c, NULL);
  assert_non_null(draft);
  assert_true(wm_jit_publish_drafts(s->lm, draft));
  wm_jit_delete(c);
  return calls;
}

static void expect_calls(Calls calls, u32 guesses, u32 direct, u32 any) {
  assert_int_equal(calls.guesses, guesses);
  assert_int_equal(calls.direct, direct);
  assert_int_equal(calls.any, any);
}

/* Whatever was guessed, this is what the table's functions do. */
static void expect_all(const Scene *s) {
  assert_int_equal(value(s, 5, INC), 6);
  assert_int_equal(value(s, 5, TWICE), 10);
  assert_int_equal(value(s, 5, TRIPLE), 15);
  assert_int_equal(value(s, 5, SQUARE), 25);
  assert_int_equal(value(s, 0, REST), 1000);
  assert_int_equal(value(s, 8, DEEP), 16);
  assert_int_equal(value(s, 8, THROWS), 14);
  assert_int_equal(value(s, 8, OWN), 108);
  assert_int_equal(value(s, 5, LAST), 20);
  expect_trap(s, 0, LAST, TRAP_INT_DIV_BY_ZERO);
  expect_trap(s, 91, THROWS, TRAP_UNCAUGHT_EXCEPTION);
}

static void expect_refused(const Scene *s) {
  expect_trap(s, 5, NOTHING, TRAP_UNINITIALIZED_ELEMENT);
  expect_trap(s, 5, OTHER_TYPE, TRAP_INDIRECT_CALL_TYPE);
  expect_trap(s, 5, 16, TRAP_UNDEFINED_ELEMENT);
  expect_trap(s, 5, UINT32_MAX, TRAP_UNDEFINED_ELEMENT);
}

/* ---- one module ---- */

static void what_was_seen_is_inlined(void **state) {
  for (u32 callee = INC; callee <= LAST; callee++) {
    Scene s = scene(state, CALLEES BY_INDEX);
    see(&s, callee, SEEN);
    /* $deep is inlined with its own guess, which is inlined, too. */
    expect_calls(compile(&s, func_of(&s, "f")), callee == DEEP ? 2 : 1, callee == REST,
                 callee == DEEP ? 2 : 1);
    expect_all(&s);
    expect_refused(&s);
    end_scene(&s);
  }
}

static void references_are_guessed(void **state) {
  Scene s = scene(state, CALLEES BY_REF);
  see(&s, TWICE, SEEN);
  expect_calls(compile(&s, func_of(&s, "f")), 1, 0, 1);
  expect_all(&s);
  expect_trap(&s, 5, NOTHING, TRAP_NULL_FUNCTION);
  expect_trap(&s, 5, OTHER_TYPE, TRAP_CAST_FAILURE);
  end_scene(&s);
}

static void a_known_reference_needs_no_guess(void **state) {
  Scene s = scene(state, CALLEES " (func (export \"f\") (param i32 i32) (result i32)"
                                 "  (i32.add (call_ref $t (i32.const 9998) (ref.func $twice))"
                                 "   (call_ref $t (local.get 0) (ref.func $rest)))))");
  expect_calls(compile(&s, func_of(&s, "f")), 0, 1, 0);
  assert_int_equal(value(&s, 0, 0), 19996 + 1000 - 10000);
  end_scene(&s);
}

static void several_are_guessed(void **state) {
  Scene s = scene(state, CALLEES BY_INDEX);
  for (u32 i = 0; i < SEEN; i++) see(&s, i % 4, 1);
  expect_calls(compile(&s, func_of(&s, "f")), 4, 0, 1);
  expect_all(&s);
  expect_refused(&s);
  end_scene(&s);
}

/* Nothing seen, or hardly; too many; large ones, of which none is most of it. */
static void not_everything_is_guessed(void **state) {
  for (u32 i = 0; i < 3; i++) {
    Scene s = scene(state, CALLEES BY_INDEX);
    if (i == 0) see(&s, INC, 3);
    for (u32 k = 0; k < SEEN * 2 && i == 1; k++) see(&s, k % 9, 1);
    for (u32 k = 0; k < SEEN && i == 2; k++) see(&s, k % 2 ? REST : REST2, 1);
    expect_calls(compile(&s, func_of(&s, "f")), 0, 0, 1);
    expect_all(&s);
    end_scene(&s);
  }
}

static void what_traps_is_not_guessed(void **state) {
  Scene s = scene(state, CALLEES BY_INDEX);
  for (u32 i = 0; i < SEEN; i++) expect_trap(&s, i, OTHER_TYPE, TRAP_INDIRECT_CALL_TYPE);
  for (u32 i = 0; i < SEEN; i++) expect_trap(&s, i, NOTHING, TRAP_UNINITIALIZED_ELEMENT);
  expect_calls(compile(&s, func_of(&s, "f")), 0, 0, 1);
  expect_all(&s);
  expect_refused(&s);
  end_scene(&s);
}

/* What one callee wrote or checked is not what another one finds. */
static void ways_know_nothing_of_each_other(void **state) {
  Scene s =
      scene(state, "(module (type $t (func (param i32) (result i32)))"
                   " (memory 1) (memory $checked 1) (table funcref (elem $set $get $far $far2))"
                   " (global (export \"own\") (mut i32) (i32.const 0))"
                   " (func $set (type $t) (i32.store (i32.const 8) (local.get 0)) (i32.const 1))"
                   " (func $get (type $t) (i32.load (i32.const 8)))"
                   " (func $far (type $t) (i32.load $checked offset=8 (local.get 0)))"
                   " (func $far2 (type $t) (i32.load $checked offset=4 (local.get 0)))" BY_INDEX);
  for (u32 i = 0; i < SEEN; i++) see(&s, i % 4, 1);
  expect_calls(compile(&s, func_of(&s, "f")), 4, 0, 1);
  assert_int_equal(value(&s, 5, 0), 1);
  assert_int_equal(value(&s, 9, 1), 5);
  for (u32 i = 2; i < 4; i++) {
    assert_int_equal(value(&s, 9, i), 0);
    expect_trap(&s, 65533, i, TRAP_MEMORY_OUT_OF_BOUNDS);
  }
  end_scene(&s);
}

/* The first calls are noted, those after them are not. */
static void noting_ends(void **state) {
  Scene s = scene(state, CALLEES BY_INDEX);
  see(&s, INC, SITE_NOTES + 10);
  see(&s, TWICE, SEEN);
  u32 f = func_of(&s, "f");
  const CallSites *sites = s.lm->codes[f].sites;
  assert_int_equal(sites->count, 1);
  SeenCallees seen = wm_site_look(s.lm, f, sites->sites[0].offset);
  assert_int_equal(seen.total, SITE_NOTES);
  assert_int_equal(seen.count, 1);
  assert_int_equal(seen.callees[0].count, SITE_NOTES);
  assert_int_equal(wm_site_look(s.lm, f, sites->sites[0].offset + 1).total, 0);
  expect_calls(compile(&s, f), 1, 0, 1);
  expect_all(&s);
  end_scene(&s);
}

/* ---- several instances ---- */

/* The table's function is another instance's, of the same code. */
static void others_functions_are_called_in_their_instance(void **state) {
  Scene s = scene(state, CALLEES BY_INDEX);
  Instance *other = new_instance(&s, 500);
  Table *table = (Table *)export_named(s.in, "table");
  see(&s, OWN, SEEN);
  expect_calls(compile(&s, func_of(&s, "f")), 1, 0, 1);
  assert_int_equal(value_in(&s, other, 1, OWN), 501);
  table_write(table, OWN, ((Table *)export_named(other, "table"))->elems[OWN]);
  assert_int_equal(value(&s, 1, OWN), 501);
  assert_int_equal(value_in(&s, other, 1, OWN), 501);
  table_write(table, INC, table->elems[TWICE]);
  assert_int_equal(value(&s, 5, INC), 10);
  table_write(table, OWN, NULL);
  expect_trap(&s, 5, OWN, TRAP_UNINITIALIZED_ELEMENT);
  object_let_go(&other->head);
  end_scene(&s);
}

/* And those that were seen are none that are compared with. */
static void others_functions_are_not_guessed(void **state) {
  Scene s = scene(state, CALLEES BY_INDEX);
  Instance *other = new_instance(&s, 500);
  table_write((Table *)export_named(s.in, "table"), OWN,
              ((Table *)export_named(other, "table"))->elems[OWN]);
  see(&s, OWN, SEEN);
  expect_calls(compile(&s, func_of(&s, "f")), 0, 0, 1);
  assert_int_equal(value(&s, 1, OWN), 501);
  assert_int_equal(value_in(&s, other, 1, OWN), 501);
  object_let_go(&other->head);
  end_scene(&s);
}

static void other_stores_have_their_own(void **state) {
  Scene s = scene(state, CALLEES BY_INDEX), there = s;
  see(&s, OWN, SEEN);
  expect_calls(compile(&s, func_of(&s, "f")), 1, 0, 1);
  Fixture other = {.engine = s.f->engine, .store = wm_engine_store_new(s.f->engine)};
  there.f = &other;
  there.in = new_instance(&there, 900);
  assert_int_equal(value(&there, 1, OWN), 901);
  assert_int_equal(value(&s, 1, OWN), 101);
  object_let_go(&there.in->head);
  assert_true(wm_engine_store_delete(other.store));
  end_scene(&s);
}

static TrapCode add_7(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)store, (void)func, (void)caller;
  slots[0] = (u32)slots[0] + 7;
  return TRAP_NONE;
}

static void hosts_functions_are_called(void **state) {
  for (u32 before = 0; before < 2; before++) {
    Scene s = scene(state, CALLEES BY_INDEX);
    Table *table = (Table *)export_named(s.in, "table");
    const Func *inc = (const Func *)ref_object(table->elems[INC]);
    Func *host = wm_func_new_host(s.f->store, inc->type_id, add_7, NULL, NULL, NULL);
    if (before) table_write(table, INC, ref_of_object(host));
    see(&s, INC, SEEN);
    expect_calls(compile(&s, func_of(&s, "f")), !before, 0, 1);
    table_write(table, INC, ref_of_object(host));
    assert_int_equal(value(&s, 1, INC), 8);
    assert_int_equal(value(&s, 5, TWICE), 10);
    end_scene(&s);
  }
}

/* ---- what callees do ---- */

static void exceptions_leave_the_inlined(void **state) {
  Scene s = scene(state, CALLEES " (func (export \"f\") (param i32 i32) (result i32) (local i32)"
                                 "  (local.set 2 (i32.const 20000))"
                                 "  (block $caught (result i32)"
                                 "   (try_table (result i32) (catch $e $caught)"
                                 "    (i32.add (i32.const 10000)"
                                 "     (call_indirect (type $t) (local.get 0) (local.get 1))))"
                                 "   (return))"
                                 "  (i32.add (local.get 2))))");
  see(&s, THROWS, SEEN);
  expect_calls(compile(&s, func_of(&s, "f")), 2, 0, 1); /* the other compares tags */
  assert_int_equal(value(&s, 8, THROWS), 14);
  assert_int_equal(value(&s, 95, THROWS), 10095);
  assert_int_equal(value(&s, 5, TWICE), 10);
  see(&s, INC, SEEN);
  end_scene(&s);
}

static void tail_calls_are_guessed(void **state) {
  Scene s =
      scene(state, CALLEES " (func $f (export \"f\") (param i32 i32) (result i32)"
                           "  (i32.add (i32.const 10000) (call $g (local.get 0) (local.get 1))))"
                           " (func $g (export \"g\") (param i32 i32) (result i32)"
                           "  (return_call_indirect (type $t) (local.get 0) (local.get 1)))"
                           /* down by references, in constant stack */
                           " (type $d (func (param i64) (result i64)))"
                           " (elem declare func $down)"
                           " (global $down (mut (ref null $d)) (ref.null $d))"
                           " (func $down (export \"down\") (type $d)"
                           "  (global.set $down (ref.func $down))"
                           "  (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 77))"
                           "   (else (return_call_ref $d (i64.sub (local.get 0) (i64.const 1))"
                           "     (global.get $down))))))");
  see(&s, TWICE, SEEN);
  u64 slots[SLOTS] = {1000};
  assert_int_equal(wm_call(s.f->store, (Func *)export_named(s.in, "down"), slots), TRAP_NONE);
  expect_calls(compile(&s, func_of(&s, "g")), 1, 0, 1);
  expect_calls(compile(&s, func_of(&s, "f")), 1, 0, 1);
  assert_true(compile(&s, func_of(&s, "down")).guesses > 0);
  slots[0] = 3000000;
  assert_int_equal(wm_call(s.f->store, (Func *)export_named(s.in, "down"), slots), TRAP_NONE);
  assert_int_equal(slots[0], 77);
  expect_all(&s);
  expect_refused(&s);
  end_scene(&s);
}

/* A callee that calls the site again: it is inlined once, and then called. */
static void recursion_is_guessed(void **state) {
  Scene s =
      scene(state, "(module (type $t (func (param i32) (result i32))) (table funcref (elem $sum))"
                   " (global (export \"own\") (mut i32) (i32.const 0))"
                   " (func (export \"f\") (param i32 i32) (result i32)"
                   "  (i32.add (i32.const 10000) (call $sum (local.get 0))))"
                   " (func $sum (export \"sum\") (type $t)"
                   "  (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else"
                   "   (i32.add (local.get 0) (call_indirect (type $t)"
                   "    (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))))");
  see(&s, 0, SEEN);
  expect_calls(compile(&s, func_of(&s, "sum")), 2, 1, 2);
  assert_int_equal(value(&s, 1000, 0), 500500);
  u32 result;
  assert_int_equal(call_in(&s, s.in, UINT32_MAX, 0, &result), TRAP_STACK_OVERFLOW);
  wm_store_take_trap(s.f->store);
  end_scene(&s);
}

/* ---- results, backtraces, fuel ---- */

static void results_of_any_number_meet(void **state) {
  Scene s = scene(state, CALLEES
                  " (type $v (func (param i32 f64) (result i32 f64 v128 i64)))"
                  " (table $tables 4 funcref) (elem (table $tables) (i32.const 0) func $a $b $a)"
                  " (func $a (type $v) (local.get 0) (local.get 1)"
                  "  (i32x4.splat (local.get 0)) (i64.const 4))"
                  " (func $b (type $v) (i32.const 9) (f64.neg (local.get 1))"
                  "  (i32x4.splat (i32.const 6)) (i64.const 3))"
                  " (func (export \"f\") (param i32 i32) (result i32) (local f64 v128 i64)"
                  "  (i32.const 10000)"
                  "  (call_indirect $tables (type $v) (local.get 0) (f64.const 2.5) (local.get 1))"
                  "  (local.set 4) (local.set 3) (local.set 2)"
                  "  (i32.add (i32.trunc_f64_s (f64.mul (local.get 2) (f64.const 100))))"
                  "  (i32.add (i32x4.extract_lane 2 (local.get 3)))"
                  "  (i32.add (i32.wrap_i64 (local.get 4))) (i32.add)))");
  u32 expected[2] = {value(&s, 7, 0), value(&s, 7, 1)};
  assert_int_equal(expected[0], 7 + 250 + 7 + 4);
  assert_int_equal(expected[1], (u32)(9 - 250 + 6 + 3));
  see(&s, 0, SEEN);
  expect_calls(compile(&s, func_of(&s, "f")), 1, 0, 1);
  assert_int_equal(value(&s, 7, 0), expected[0]);
  assert_int_equal(value(&s, 7, 1), expected[1]);
  assert_int_equal(value(&s, 7, 2), expected[0]);
  end_scene(&s);
}

static void backtraces_tell_the_same(void **state) {
  Scene s = scene(state, CALLEES BY_INDEX);
  FrameInfo expected[8];
  u32 result;
  assert_int_equal(call_in(&s, s.in, 0, LAST, &result), TRAP_INT_DIV_BY_ZERO);
  const Trap *trap = wm_store_take_trap(s.f->store);
  assert_int_equal(trap->frame_count, 2);
  memcpy(expected, trap->frames, 2 * sizeof *expected);
  see(&s, LAST, SEEN);
  expect_calls(compile(&s, func_of(&s, "f")), 1, 0, 1);
  assert_int_equal(call_in(&s, s.in, 0, LAST, &result), TRAP_INT_DIV_BY_ZERO);
  trap = wm_store_take_trap(s.f->store);
  assert_int_equal(trap->frame_count, 2);
  for (u32 i = 0; i < 2; i++) {
    assert_int_equal(trap->frames[i].func_index, expected[i].func_index);
    assert_int_equal(trap->frames[i].module_offset, expected[i].module_offset);
  }
  end_scene(&s);
}

static u64 fuel_of(const Scene *s, u32 index) {
  s->f->store->fuel = 1000000;
  value(s, 8, index);
  return 1000000 - (u64)s->f->store->fuel;
}

static void fuel_is_the_same(void **state) {
  Fixture *f = calloc(1, sizeof *f);
  Config config = config_of_tier(TIER_AUTO);
  config.compile_threads = 0;
  config.call_threshold = config.loop_threshold = UINT32_MAX;
  config.fuel = true;
  f->engine = wm_engine_new(&config);
  f->store = wm_engine_store_new(f->engine);
  void *own = f;
  (void)state;
  Scene s = scene(&own, CALLEES BY_INDEX);
  f->store->fuel = 1000000;
  u64 expected[LAST + 1];
  for (u32 i = 0; i <= LAST; i++) expected[i] = fuel_of(&s, i);
  for (u32 i = 0; i < SEEN; i++) see(&s, i % 2 ? DEEP : TWICE, 1);
  assert_true(compile(&s, func_of(&s, "f")).guesses >= 2);
  for (u32 i = 0; i <= LAST; i++) assert_int_equal(fuel_of(&s, i), expected[i]);
  end_scene(&s);
  teardown_compiled(&own);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_by_hand, teardown_compiled)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(what_was_seen_is_inlined),
      CASE(references_are_guessed),
      CASE(a_known_reference_needs_no_guess),
      CASE(several_are_guessed),
      CASE(not_everything_is_guessed),
      CASE(what_traps_is_not_guessed),
      CASE(ways_know_nothing_of_each_other),
      CASE(noting_ends),
      CASE(others_functions_are_called_in_their_instance),
      CASE(others_functions_are_not_guessed),
      CASE(other_stores_have_their_own),
      CASE(hosts_functions_are_called),
      CASE(exceptions_leave_the_inlined),
      CASE(tail_calls_are_guessed),
      CASE(recursion_is_guessed),
      CASE(results_of_any_number_meet),
      CASE(backtraces_tell_the_same),
      cmocka_unit_test(fuel_is_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
