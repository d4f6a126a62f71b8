/* What the interpreter tells the rest of the library: where it trapped, how hot functions are, that
 * it can be stopped; and that it survives full stacks and failing allocations. */
#define FIXTURE_TIER TIER_INTERP
#include "interp/interp.h"
#include "runtime/fixture.h"
#include "wasm/reader.h"

static TrapCode call(Fixture *f, Instance *in, const char *name, u64 *slots) {
  return wm_call(f->store, (Func *)export_named(in, name), slots);
}

static Instance *held(Fixture *f, const char *wat) {
  Instance *in = instantiate(f, wat, NULL, 0);
  object_hold(&in->head);
  return in;
}

/* Module offsets of the instructions `op` in a function's body, in order. */
static u32 find_offsets(const Module *m, u32 func, u16 op, u32 *out) {
  Error err = {0};
  Reader r = wm_reader_at(m, m->funcs[func].code_offset, m->funcs[func].code_bytes, &err);
  u32 count = 0;
  for (u32 runs = wm_reader_u32(&r); runs--;) {
    wm_reader_u32(&r);
    wm_reader_valtype(&r);
  }
  for (Instr in; r.pos < r.end && wm_instr_read(&r, &in);)
    if (in.op == op) out[count++] = in.offset;
  assert_true(reader_ok(&r));
  return count;
}

/* Each kind of trapping instruction, alone or with operands that were folded into it, is named by
 * its own offset; each caller by its call's. */
static void traps_know_their_offset(void **state) {
  static const struct {
    const char *body;
    u16 op;
    u32 nth;
  } cases[] = {
      {"nop unreachable", OP_unreachable, 0},
      {"(drop (i32.load (i32.const 0))) (drop (i32.load (i32.const -4)))", OP_i32_load, 1},
      {"(local.set 0 (i32.add (i32.load8_u (i32.const 1)) (i32.load8_u (i32.const 70000))))",
       OP_i32_load8_u, 1},
      {"(i32.store (i32.const 0) (i32.const 1)) (i64.store offset=70000 (i32.const 8) (i64.const "
       "1))",
       OP_i64_store, 0},
      {"(if (i32.lt_s (i32.div_s (i32.const 1) (local.get 0)) (i32.const 9)) (then nop))",
       OP_i32_div_s, 0},
      {"(br_if 0 (i32.eqz (i32.trunc_f64_s (f64.const nan))))", OP_i32_trunc_f64_s, 0},
      {"(memory.fill (i32.const 1) (i32.const 2) (i32.const 70000))", OP_memory_fill, 0},
      {"(call_indirect (i32.const 5))", OP_call_indirect, 0},
      {"(drop (v128.load64_splat (i32.const 65532)))", OP_v128_load64_splat, 0},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    char wat[600];
    snprintf(wat, sizeof wat,
             "(module (memory 1) (table 2 funcref) (func $f (local i32 i64) %s)"
             "  (func (export \"g\") (result i32) call $f (i32.add (i32.const 1) (i32.const 2))))",
             cases[i].body);
    Fixture *f = *state;
    Instance *in = held(f, wat);
    u64 slot;
    assert_int_not_equal(call(f, in, "g", &slot), TRAP_NONE);
    const Trap *trap = wm_store_take_trap(f->store);
    u32 offsets[4], calls[1];
    u32 count = find_offsets(&in->module->module, 0, cases[i].op, offsets);
    assert_true(cases[i].nth < count);
    assert_int_equal(trap->frame_count, 2);
    assert_int_equal(trap->frames[0].func_index, 0);
    assert_int_equal(trap->frames[0].module_offset, offsets[cases[i].nth]);
    assert_int_equal(find_offsets(&in->module->module, 1, OP_call, calls), 1);
    assert_int_equal(trap->frames[1].func_index, 1);
    assert_int_equal(trap->frames[1].module_offset, calls[0]);
    object_let_go(&in->head);
  }
}

static void loops_are_counted_and_stopped(void **state) {
  Fixture *f = *state;
  Instance *in = held(f, "(module (func (export \"spin\") (loop (br 0)))"
                         "  (func (export \"count\") (param i32) (loop"
                         "    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))");
  u64 slots[1] = {1000000};
  assert_int_equal(call(f, in, "count", slots), TRAP_NONE);
  u32 hotness = atomic_load(&loaded_code(in->module, 1)->hotness);
  assert_in_range(hotness, 900000, 1100000);
  wm_stop_request(f->store->stop, STOP_ASKED);
  assert_int_equal(call(f, in, "spin", slots), TRAP_INTERRUPTED);
  assert_int_equal(wm_store_take_trap(f->store)->frame_count, 1);
  wm_stop_take_back(f->store->stop, STOP_ASKED);
  slots[0] = 100000;
  assert_int_equal(call(f, in, "count", slots), TRAP_NONE);
  object_let_go(&in->head);
}

/* Plain, indirect, with big frames, and with locals to be zeroed: the stack ends in a trap, and the
 * store works as before. */
static void recursion_ends(void **state) {
  Fixture *f = *state;
  Instance *in = held(f, "(module (table funcref (elem $b))"
                         "  (func $a (export \"a\") (param i32) (result i32)"
                         "    (call $a (i32.add (local.get 0) (i32.const 1))))"
                         "  (func $b (export \"b\") (param i32) (result i32)"
                         "    (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)))"
                         "  (func $c (export \"c\") (param i32) (result i32) (local i32 i64 v128)"
                         "    (local.get 1) (br_if 0 (i32.eqz (local.get 0)))"
                         "    (call $c (i32.sub (local.get 0) (i32.const 1))) (i32.add)))");
  u64 slots[1] = {0};
  assert_int_equal(call(f, in, "a", slots), TRAP_STACK_OVERFLOW);
  assert_true(wm_store_take_trap(f->store)->frames_omitted > 100);
  assert_int_equal(call(f, in, "b", slots), TRAP_STACK_OVERFLOW);
  wm_store_take_trap(f->store);
  slots[0] = 1000;
  assert_int_equal(call(f, in, "c", slots), TRAP_NONE);
  assert_int_equal(slots[0], 0);
  object_let_go(&in->head);
}

/* Results that go to where the sources of others are. */
static void many_values_move_at_once(void **state) {
  Fixture *f = *state;
  Instance *in = held(
      f, "(module"
         "  (func (export \"rotate\") (param i32 i32 i32) (result i32 i32 i32)"
         "    local.get 1 local.get 2 local.get 0)"
         "  (func (export \"leave\") (param i32) (result i32 i32 i32 i32 i32 i32)"
         "    (block $out (result i32 i32 i32 i32 i32 i32)"
         "      i32.const 9 i32.const 1 i32.const 2 i32.const 3 i32.const 4 i32.const 5 local.get 0"
         "      (br_if $out (local.get 0))"
         "      drop drop drop drop drop drop drop"
         "      i32.const 10 i32.const 11 i32.const 12 i32.const 13 i32.const 14 i32.const 15))"
         "  (func (export \"loop\") (param i32) (result i32 i64) (local i64)"
         "    i32.const 1 i64.const 1"
         "    (loop $l (param i32 i64) (result i32 i64)"
         "      local.set 1 i32.const 2 i32.mul (local.get 1) (i64.const 3) i64.mul"
         "      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))");
  u64 slots[6] = {1, 2, 3};
  assert_int_equal(call(f, in, "rotate", slots), TRAP_NONE);
  u64 rotated[3] = {2, 3, 1}, left[6] = {1, 2, 3, 4, 5, 7}, stayed[6] = {10, 11, 12, 13, 14, 15};
  assert_memory_equal(slots, rotated, sizeof rotated);
  slots[0] = 7;
  assert_int_equal(call(f, in, "leave", slots), TRAP_NONE);
  assert_memory_equal(slots, left, sizeof left);
  slots[0] = 0;
  assert_int_equal(call(f, in, "leave", slots), TRAP_NONE);
  assert_memory_equal(slots, stayed, sizeof stayed);
  slots[0] = 5;
  assert_int_equal(call(f, in, "loop", slots), TRAP_NONE);
  assert_int_equal(slots[0], 32);
  assert_int_equal(slots[1], 243);
  object_let_go(&in->head);
}

/* A function that cannot be translated for want of memory traps, and works once there is some. */
static void translation_without_memory(void **state) {
  Fixture *f = *state;
  for (u64 n = 1;; n++) {
    Instance *in = held(f, "(module (func $g (param i32) (result i32)"
                           "    (block (block (br_table 0 1 (local.get 0))) (return (i32.const 1)))"
                           "    (i32.const 2))"
                           "  (func (export \"f\") (result i32) (call $g (i32.const 0))))");
    u64 slot = 0;
    failing_alloc_start(n);
    TrapCode trap = call(f, in, "f", &slot);
    bool failed = failing_alloc_stop();
    assert_int_equal(trap, failed ? TRAP_OUT_OF_MEMORY : TRAP_NONE);
    if (failed) wm_store_take_trap(f->store);
    assert_int_equal(call(f, in, "f", &slot), TRAP_NONE);
    assert_int_equal(slot, 1);
    object_let_go(&in->head);
    wm_store_collect(f->store);
    if (!failed) break;
  }
}

static void code_can_be_shown(void **state) {
  Fixture *f = *state;
  Instance *in =
      held(f, "(module (func (param i32 i32) (result i32)"
              "  (loop (br_if 0 (i32.lt_s (local.tee 0 (i32.add (local.get 0) (i32.const 1)))"
              "                           (local.get 1)))) (local.get 0)))");
  Buffer out = {0};
  wm_interp_dump(loaded_code(in->module, 0), &out);
  wm_buffer_byte(&out, 0);
  assert_false(out.failed);
  assert_non_null(strstr((const char *)out.data, "step_i32_lt_s_S"));
  assert_non_null(strstr((const char *)out.data, "return_lA"));
  wm_buffer_free(&out);
  object_let_go(&in->head);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(traps_know_their_offset, setup, teardown),
      cmocka_unit_test_setup_teardown(loops_are_counted_and_stopped, setup, teardown),
      cmocka_unit_test_setup_teardown(recursion_ends, setup, teardown),
      cmocka_unit_test_setup_teardown(many_values_move_at_once, setup, teardown),
      cmocka_unit_test_setup_teardown(translation_without_memory, setup, teardown),
      cmocka_unit_test_setup_teardown(code_can_be_shown, setup, teardown),
  };
  return cmocka_run_group_tests_name("interp", tests, NULL, NULL);
}
