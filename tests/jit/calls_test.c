/* Compiled code meets everything else: hosts, the interpreter, other instances, the collector,
 * signal handlers. Which functions are compiled is chosen here, one by one, so that each call is
 * tried from and to both. */
#include "engine/tiers.h"
#include "runtime/fixture.h"

#include <fenv.h>
#include <signal.h>
#include <sys/mman.h>

static int setup_auto(void **state, u32 threshold) {
  Fixture *f = calloc(1, sizeof *f);
  Config config = config_of_tier(TIER_AUTO);
  config.compile_threads = 0;
  config.call_threshold = config.loop_threshold = threshold;
  f->engine = wm_engine_new(&config);
  f->store = wm_engine_store_new(f->engine);
  *state = f;
  return f->store ? 0 : -1;
}

/* Nothing is compiled by itself; or everything at its first call or round, in the calling thread.
 */
static int setup_by_hand(void **state) { return setup_auto(state, UINT32_MAX); }
static int setup_eager(void **state) { return setup_auto(state, 0); }

static int teardown_compiled(void **state) {
  Fixture *f = *state;
  assert_true(wm_engine_store_delete(f->store));
  release_checked(f->engine, EXPECT_SOME);
  free(f);
  return 0;
}

/* Compiles the defined functions whose bit is set. */
static void compile_some(Fixture *f, LoadedModule *lm, u32 mask, bool no_inline) {
  const Module *m = &lm->module;
  Compile *c = wm_jit_new();
  JitOptions options = wm_engine_jit_options(f->engine);
  options.no_inline = no_inline;
  options.verify = true;
  for (u32 i = 0; i < m->func_count - m->func_import_count; i++) {
    if (!(mask >> i & 1)) continue;
    JitResult result = wm_jit_compile(c, lm, m->func_import_count + i, 0, &options);
    if (result != JIT_DONE) fail_msg("function %u: %s", i, c->trouble);
    JitDraft *draft = wm_jit_take(c, NULL);
    assert_non_null(draft);
    assert_true(wm_jit_publish_drafts(lm, draft));
  }
  wm_jit_delete(c);
}

/* An instance, held, of the module with these functions compiled; its only import is `host` or
 * `func` if there is one. */
static Instance *mixed(Fixture *f, const char *wat, u32 mask, bool no_inline, HostFunc host,
                       Func *func) {
  LoadedModule *lm = load(f, wat);
  Error err = {0};
  Object *import = (Object *)func;
  if (host) {
    u32 type_id = module_func_type(&lm->module, 0)->type_id;
    import = (Object *)wm_func_new_host(f->store, type_id, host, NULL, NULL, NULL);
  }
  compile_some(f, lm, mask, no_inline);
  Instance *in = wm_instance_new(f->store, lm, &import, lm->module.import_count, &err);
  wm_loaded_release(lm);
  if (!in) fail_msg("%s", err.message);
  object_hold(&in->head);
  return in;
}

static TrapCode call(Fixture *f, Instance *in, const char *name, u64 *slots) {
  return wm_call(f->store, (Func *)export_named(in, name), slots);
}

/* ---- what runs ---- */

static u32 seen_frames, seen_native;

/* Who calls: interpreted or compiled code. */
static TrapCode look(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)func, (void)caller, (void)slots;
  seen_frames = seen_native = 0;
  FrameWalk walk = wm_frames_start(store);
  for (; wm_frames_next(&walk); seen_frames++) seen_native += walk.at.pc == NULL;
  return TRAP_NONE;
}

static const char looking[] =
    "(module (import \"\" \"h\" (func $h)) (func $g (call $h))"
    " (func (export \"f\") (call $g))"
    " (func (export \"loop\") (param i32) (loop $l (br_if $l"
    "   (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (call $h)))";

/* A body that is there is also entered, and what is not compiled is not. */
static void what_is_compiled_runs(void **state) {
  Fixture *f = *state;
  for (u32 mask = 0; mask < 4; mask++) {
    Instance *in = mixed(f, looking, mask, true, look, NULL);
    u64 slots[1];
    assert_int_equal(call(f, in, "f", slots), TRAP_NONE);
    assert_int_equal(seen_frames, 2);
    assert_int_equal(seen_native, (u32)__builtin_popcount(mask));
    object_let_go(&in->head);
  }
}

static void what_is_hot_runs_compiled(void **state) {
  Fixture *f = *state;
  Instance *in = mixed(f, looking, 0, false, look, NULL);
  u64 slots[1] = {10};
  assert_int_equal(call(f, in, "loop", slots), TRAP_NONE);
  assert_int_equal(seen_native, 1);
  for (u32 i = 0; i < 2; i++) assert_int_equal(call(f, in, "f", slots), TRAP_NONE);
  assert_int_equal(seen_native, seen_frames);
  object_let_go(&in->head);
}

/* ---- values ---- */

/* More of each kind than there are registers. */
#define TYPES                                                                                      \
  " i32 f32 i64 v128 f64 i32 f32 i64 f64 i32 v128 i64 i32 i64 f32 f64 f64 f64 f64 v128 f64 v128 "  \
  "i32"
#define GETS                                                                                       \
  " (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)"           \
  " (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10) (local.get 11)"         \
  " (local.get 12) (local.get 13) (local.get 14) (local.get 15) (local.get 16) (local.get 17)"     \
  " (local.get 18) (local.get 19) (local.get 20) (local.get 21) (local.get 22)"
#define PASSING(types, gets)                                                                       \
  "(module (type $t (func (param" types ") (result" types ")))"                                    \
  " (import \"\" \"f\" (func $import (type $t)))"                                                  \
  " (table funcref (elem $import $last))"                                                          \
  " (func (export \"call\") (type $t) (call $b" gets "))"                                          \
  " (func $b (type $t) (call_indirect (type $t)" gets " (i32.const 1)))"                           \
  " (func $last (export \"last\") (type $t) (call $import" gets "))"                               \
  " (func (export \"table\") (type $t) (call_indirect (type $t)" gets " (i32.const 0)))"           \
  " (func (export \"back\") (type $t)" gets "))"
enum { MAX_SLOTS = 32, FUNCTIONS = 5, MASKS = 1 << FUNCTIONS };

static TrapCode keep_values(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)store, (void)func, (void)caller, (void)slots;
  return TRAP_NONE;
}

/* Random words; those of 4 bytes have zeros above. */
static void fill(u64 *slots, const SubType *type) {
  u64 seed = 0x9E3779B97F4A7C15;
  for (u32 i = 0; i < type->param_count; i++) {
    for (u32 k = 0; k < val_slots(type->params[i]); k++)
      slots[k] = seed = seed * 0xD1342543DE82EF95 + 1;
    if (type->params[i] == VAL_I32 || type->params[i] == VAL_F32) slots[0] >>= 32;
    slots += val_slots(type->params[i]);
  }
}

static void expect_passed(Fixture *f, Instance *in) {
  static const char *const names[] = {"call", "last", "table", "back"};
  for (u32 i = 0; i < ARRAY_LEN(names); i++) {
    Func *func = (Func *)export_named(in, names[i]);
    u64 given[MAX_SLOTS] = {0}, slots[MAX_SLOTS];
    fill(given, wm_types_get(f->store->types, func->type_id));
    memcpy(slots, given, sizeof slots);
    assert_int_equal(wm_call(f->store, func, slots), TRAP_NONE);
    assert_memory_equal(slots, given, sizeof slots);
  }
}

static void values_arrive(void **state) {
  Fixture *f = *state;
  static const char *const modules[] = {
      PASSING(TYPES, GETS),
      PASSING(" i32", " (local.get 0)"),
      PASSING(" f32", " (local.get 0)"),
      PASSING(" v128 i64", " (local.get 0) (local.get 1)"),
  };
  for (u32 m = 0; m < ARRAY_LEN(modules); m++) {
    for (u32 mask = 0; mask < MASKS; mask++) {
      Instance *in = mixed(f, modules[m], mask, true, keep_values, NULL);
      expect_passed(f, in);
      /* And through another instance, compiled the other way round. */
      Func *last = (Func *)export_named(in, "last");
      Instance *other = mixed(f, modules[m], ~mask, true, NULL, last);
      expect_passed(f, other);
      object_let_go(&in->head);
      object_let_go(&other->head);
    }
    wm_store_collect(f->store);
  }
}

/* ---- traps ---- */

static const char trapping[] =
    "(module (import \"\" \"h\" (func $h (param i32) (result i32))) (memory 1)"
    " (func $load (param i32) (result i32) (i32.load offset=16 (local.get 0)))"
    " (func $divide (param i32) (result i32)"
    "  (i32.div_u (i32.const 1) (i32.sub (call $load (local.get 0)) (i32.const 1))))"
    " (func $host (param i32) (result i32) (call $h (call $divide (local.get 0))))"
    " (func $fill (param i32) (result i32)"
    "  (memory.fill (local.get 0) (i32.const 0) (i32.const 4)) (call $host (local.get 0)))"
    " (func (export \"f\") (param i32) (result i32)"
    "  (i32.add (call $fill (local.get 0)) (i32.const 1))))";
enum { OUTSIDE = 65520 }; /* for the load alone */

static TrapCode refuse(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)func, (void)caller, (void)slots;
  return wm_trap_raise(store, TRAP_HOST, "no", 2);
}

static void expect_frames(const Trap *trap, const Instance *in, const FrameInfo *expected) {
  for (u32 i = 0; i < trap->frame_count; i++) {
    assert_ptr_equal(trap->frames[i].instance, in);
    assert_int_equal(trap->frames[i].func_index, expected[i].func_index);
    assert_int_equal(trap->frames[i].module_offset, expected[i].module_offset);
    assert_int_equal(trap->frames[i].func_offset, expected[i].func_offset);
  }
}

/* The same code and frames, whatever is compiled or inlined. */
static void traps_tell_the_same(void **state) {
  Fixture *f = *state;
  static const struct {
    u32 address, code, frames;
  } cases[] = {{OUTSIDE, TRAP_MEMORY_OUT_OF_BOUNDS, 5},
               {65533, TRAP_MEMORY_OUT_OF_BOUNDS, 2},
               {0xFFFFFFF0, TRAP_MEMORY_OUT_OF_BOUNDS, 2},
               {0, TRAP_HOST, 3}};
  FrameInfo expected[ARRAY_LEN(cases)][8];
  assert_true(wm_native_catch_faults()); /* cmocka has taken the signal since */
  for (u32 mask = 0; mask < MASKS * 2; mask++) {
    Instance *in = mixed(f, trapping, mask % MASKS, mask < MASKS, refuse, NULL);
    for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
      u64 slots[1] = {cases[i].address};
      assert_int_equal(call(f, in, "f", slots), cases[i].code);
      const Trap *trap = wm_store_take_trap(f->store);
      assert_int_equal(trap->frame_count, cases[i].frames);
      if (mask == 0) memcpy(expected[i], trap->frames, trap->frame_count * sizeof *trap->frames);
      expect_frames(trap, in, expected[i]);
    }
    assert_null(f->store->activation);
    assert_ptr_equal(f->store->stack_top, f->store->stack);
    object_let_go(&in->head);
  }
}

/* Functions that ended in a tail call are in no backtrace, inlined or not. */
static void tail_calls_leave_no_frame(void **state) {
  Fixture *f = *state;
  static const char wat[] =
      "(module (type $t (func (param i32) (result i32))) (memory 1) (table funcref (elem $load))"
      " (func $load (param i32) (result i32) (i32.load (local.get 0)))"
      " (func $far (param i32) (result i32)"
      "  (return_call_indirect (type $t) (local.get 0) (i32.const 0)))"
      " (func $near (param i32) (result i32) (return_call $load (local.get 0)))"
      " (func $both (param i32) (result i32)"
      "  (drop (call $far (i32.const 0))) (return_call $far (local.get 0)))"
      " (func (export \"far\") (param i32) (result i32)"
      "  (i32.add (call $both (local.get 0)) (i32.const 1)))"
      " (func (export \"near\") (param i32) (result i32) (return_call $near (local.get 0))))";
  static const char *const names[] = {"far", "near"};
  FrameInfo expected[ARRAY_LEN(names)][8];
  assert_true(wm_native_catch_faults());
  for (u32 mask = 0; mask < 2 * 64; mask++) {
    Instance *in = mixed(f, wat, mask % 64, mask < 64, NULL, NULL);
    for (u32 i = 0; i < ARRAY_LEN(names); i++) {
      u64 slots[1] = {65536};
      assert_int_equal(call(f, in, names[i], slots), TRAP_MEMORY_OUT_OF_BOUNDS);
      const Trap *trap = wm_store_take_trap(f->store);
      assert_int_equal(trap->frame_count, i ? 1 : 2);
      if (mask == 0) memcpy(expected[i], trap->frames, trap->frame_count * sizeof *trap->frames);
      expect_frames(trap, in, expected[i]);
    }
    object_let_go(&in->head);
  }
}

static void recursion_ends(void **state) {
  Fixture *f = *state;
  static const char wat[] = "(module (func $a (export \"f\") (param i32) (result i32)"
                            "  (i32.add (call $b (local.get 0)) (i32.const 1)))"
                            " (func $b (param i32) (result i32)"
                            "  (i32.mul (call $a (local.get 0)) (i32.const 3))))";
  for (u32 mask = 0; mask < 4; mask++) {
    Instance *in = mixed(f, wat, mask, true, NULL, NULL);
    u64 slots[1] = {0};
    assert_int_equal(call(f, in, "f", slots), TRAP_STACK_OVERFLOW);
    assert_int_equal(wm_store_take_trap(f->store)->frame_count, 128);
    object_let_go(&in->head);
  }
}

/* ---- references ---- */

static TrapCode collect_now(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)func, (void)caller, (void)slots;
  wm_store_collect(store);
  return TRAP_NONE;
}

/* A reference that only a compiled frame has, at any depth. */
static void frames_hold_references(void **state) {
  Fixture *f = *state;
  static const char wat[] =
      "(module (import \"\" \"h\" (func $h))"
      " (func $deep (param externref i32) (result externref)"
      "  (if (i32.eqz (local.get 1)) (then (call $h) (return (local.get 0))))"
      "  (drop (call $deep (ref.null extern) (i32.sub (local.get 1) (i32.const 1))))"
      "  (local.get 0))"
      " (func (export \"f\") (param externref i32) (result externref)"
      "  (call $deep (local.get 0) (local.get 1))))";
  for (u32 mask = 0; mask < 4; mask++) {
    Instance *in = mixed(f, wat, mask, true, collect_now, NULL);
    for (u32 depth = 0; depth < 3; depth++) {
      Foreign *foreign = wm_foreign_new(f->store, NULL);
      u64 slots[2] = {(u64)(uintptr_t)foreign, depth};
      assert_int_equal(call(f, in, "f", slots), TRAP_NONE);
      assert_int_equal(slots[0], (u64)(uintptr_t)foreign);
      assert_int_equal(count_objects(f->store, OBJ_FOREIGN), 1);
      wm_store_collect(f->store);
      assert_int_equal(count_objects(f->store, OBJ_FOREIGN), 0);
    }
    object_let_go(&in->head);
  }
}

/* ---- on-stack replacement ---- */

/* Nested loops with values under them on the operand stack; later calls enter the function itself.
 */
static void loops_are_replaced(void **state) {
  Fixture *f = *state;
  static const char wat[] =
      "(module (memory 1) (func (export \"f\") (param i32 f64) (result f64 i32)"
      "  (local $i i32) (local $k i32)"
      "  (f64.add (local.get 1) (f64.const 1)) (i32.const 7)"
      "  (loop $outer"
      "   (local.set $k (i32.const 0))"
      "   (loop $inner"
      "    (local.set 1 (f64.add (local.get 1) (f64.const 0.5)))"
      "    (i32.store (local.get $k) (i32.add (i32.load (local.get $k)) (local.get $i)))"
      "    (br_if $inner (i32.lt_u"
      "     (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get 0))))"
      "   (br_if $outer (i32.lt_u"
      "    (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))"
      "  (i32.add (i32.load (i32.const 3))) (local.set $i)"
      "  (f64.add (local.get 1)) (local.get $i)))";
  Config config = wm_config_default();
  config.tier = TIER_INTERP;
  Fixture plain = {.engine = wm_engine_new(&config)};
  plain.store = wm_engine_store_new(plain.engine);
  LoadedModule *lm = load(f, wat), *plain_lm = load(&plain, wat);
  for (u32 i = 0; i < 3; i++) {
    Instance *in = wm_instance_new(f->store, lm, NULL, 0, NULL);
    Instance *plain_in = wm_instance_new(plain.store, plain_lm, NULL, 0, NULL);
    u64 slots[2] = {50, bits_of_f64(2.25)}, expected[2] = {50, bits_of_f64(2.25)};
    assert_int_equal(call(&plain, plain_in, "f", expected), TRAP_NONE);
    assert_int_equal(call(f, in, "f", slots), TRAP_NONE);
    assert_memory_equal(slots, expected, sizeof slots);
  }
  TierStats stats = wm_engine_tier_stats(f->engine);
  assert_true(stats.functions + stats.replacements > 0);
  assert_int_equal(tier_failures(&stats), 0);
  wm_loaded_release(plain_lm);
  wm_loaded_release(lm);
  assert_true(wm_engine_store_delete(plain.store));
  wm_engine_release(plain.engine);
}

/* ---- float modes ---- */

static void float_modes_are_wasms(void **state) {
  Fixture *f = *state;
  static const char wat[] = "(module (func (export \"f\") (param f64 f64) (result f64)"
                            "  (f64.div (local.get 0) (local.get 1)))"
                            " (func (export \"trap\") (param f64 i32) (result i32)"
                            "  (i32.div_u (i32.trunc_f64_u (f64.add (local.get 0)"
                            "   (f64.const 0.1))) (local.get 1))))";
  Instance *in = mixed(f, wat, 3, false, NULL, NULL);
  double one = 1, three = 3, third = one / three;
  u64 slots[2] = {bits_of_f64(one), bits_of_f64(three)}, zero[2] = {bits_of_f64(one), 0};
  assert_int_equal(fesetround(FE_UPWARD), 0);
  TrapCode code = call(f, in, "f", slots);
  int after = fegetround();
  TrapCode trap = call(f, in, "trap", zero);
  int after_trap = fegetround();
  fesetround(FE_TONEAREST);
  assert_int_equal(code, TRAP_NONE);
  assert_int_equal(after, FE_UPWARD);
  assert_int_equal(trap, TRAP_INT_DIV_BY_ZERO);
  assert_int_equal(after_trap, FE_UPWARD);
  assert_int_equal(slots[0], bits_of_f64(third));
  object_let_go(&in->head);
}

/* ---- signals ---- */

enum { FORBIDDEN_BYTES = 4096 };
static u8 *forbidden;
static volatile sig_atomic_t faults;

static void forbid(void) { mprotect(forbidden, FORBIDDEN_BYTES, PROT_NONE); }

static void make_forbidden(void) {
  forbidden = mmap(NULL, FORBIDDEN_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(forbidden, MAP_FAILED);
  faults = 0;
}

/* A host's own: makes the page accessible, so that the access can be done again. */
static void on_fault(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  if (info->si_addr != forbidden) _Exit(3);
  faults++;
  mprotect(forbidden, FORBIDDEN_BYTES, PROT_READ | PROT_WRITE);
}

static const struct sigaction helps = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

static TrapCode touch(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)store, (void)func, (void)caller;
  *(volatile u8 *)forbidden = 1;
  slots[0] = (u64)faults;
  return TRAP_NONE;
}

/* Faults that are not ours are the host's, also in the middle of compiled code, and again and again
 * at the same place. */
static void faults_of_hosts_are_theirs(void **state) {
  Fixture *f = *state;
  struct sigaction before;
  make_forbidden();
  assert_int_equal(sigaction(SIGSEGV, &helps, &before), 0);
  assert_true(wm_native_catch_faults());
  Instance *in = mixed(f, trapping, MASKS - 1, true, touch, NULL);
  for (u32 i = 0; i < 3; i++) {
    u64 slots[1] = {0}, outside[1] = {OUTSIDE};
    forbid();
    assert_int_equal(call(f, in, "f", slots), TRAP_NONE);
    assert_int_equal(slots[0], i + 2);
    assert_int_equal(call(f, in, "f", outside), TRAP_MEMORY_OUT_OF_BOUNDS);
    wm_store_take_trap(f->store);
    assert_int_equal(faults, i + 1);
  }
  object_let_go(&in->head);
  munmap(forbidden, FORBIDDEN_BYTES);
  assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
}

/* A handler that took the place of ours, and what it hands on to. */
static struct sigaction replaced;
static void chain_back(int number, siginfo_t *info, void *context) {
  faults++;
  replaced.sa_sigaction(number, info, context);
}
static void give_up(int number) { sigaction(number, &replaced, NULL); }

/* Faults go to the handler, which is between two of our installations, and from it to on_fault. */
static void expect_handed_on(const struct sigaction *action, int faults_each) {
  assert_int_equal(sigaction(SIGSEGV, action, &replaced), 0);
  assert_true(wm_native_catch_faults());
  faults = 0;
  for (int i = 0; i < 3; i++) {
    forbid();
    *(volatile u8 *)forbidden = 1;
    assert_int_equal(faults, faults_each * (i + 1));
  }
}

/* The first test, so that on_fault is there before our first installation. */
static void handlers_hand_back(void **state) {
  (void)state;
  struct sigaction gives_up = {.sa_handler = give_up};
  struct sigaction chains = {.sa_sigaction = chain_back, .sa_flags = SA_SIGINFO}, before;
  make_forbidden();
  assert_int_equal(sigaction(SIGSEGV, &helps, &before), 0);
  assert_true(wm_native_catch_faults());
  expect_handed_on(&chains, 2);
  expect_handed_on(&gives_up, 1);
  munmap(forbidden, FORBIDDEN_BYTES);
  assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(handlers_hand_back),
      cmocka_unit_test_setup_teardown(what_is_compiled_runs, setup_by_hand, teardown_compiled),
      cmocka_unit_test_setup_teardown(what_is_hot_runs_compiled, setup_eager, teardown_compiled),
      cmocka_unit_test_setup_teardown(values_arrive, setup_by_hand, teardown_compiled),
      cmocka_unit_test_setup_teardown(traps_tell_the_same, setup_by_hand, teardown_compiled),
      cmocka_unit_test_setup_teardown(tail_calls_leave_no_frame, setup_by_hand, teardown_compiled),
      cmocka_unit_test_setup_teardown(recursion_ends, setup_by_hand, teardown_compiled),
      cmocka_unit_test_setup_teardown(frames_hold_references, setup_by_hand, teardown_compiled),
      cmocka_unit_test_setup_teardown(loops_are_replaced, setup_eager, teardown_compiled),
      cmocka_unit_test_setup_teardown(float_modes_are_wasms, setup_by_hand, teardown_compiled),
      cmocka_unit_test_setup_teardown(faults_of_hosts_are_theirs, setup_by_hand, teardown_compiled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
