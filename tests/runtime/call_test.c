/* Calls from native code, through hosts and across instances; traps and their backtraces; stacks
 * that are used up. */
#include "runtime/fixture.h"

#include <pthread.h>

static Func *new_host(Fixture *f, HostFunc host, void *env) {
  u32 type = wm_types_intern_func(wm_engine_types(f->engine), NULL, 0, NULL, 0);
  Func *func = wm_func_new_host(f->store, type, host, env, NULL, NULL);
  wm_types_release(wm_engine_types(f->engine), type);
  return func;
}

static TrapCode call_export(Fixture *f, Instance *in, const char *name, u64 *slots) {
  return wm_call(f->store, (Func *)export_named(in, name), slots);
}

static void arguments_and_results(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(f,
                             "(module (func (export \"none\"))"
                             "  (func (export \"swap\") (param i32 f64 v128) (result v128 f64 i32)"
                             "    local.get 2 local.get 1 local.get 0))",
                             NULL, 0);
  object_hold(&in->head);
  u64 slots[4] = {1, 2, 3, 4};
  assert_int_equal(call_export(f, in, "none", slots), TRAP_NONE);
  assert_int_equal(slots[0], 1);
  assert_int_equal(call_export(f, in, "swap", slots), TRAP_NONE);
  u64 swapped[4] = {3, 4, 2, 1};
  assert_memory_equal(slots, swapped, sizeof slots);
  assert_null(f->store->activation);
  assert_ptr_equal(f->store->stack_top, f->store->stack);
}

/* Calls the function that its caller exports under the name env points at. */
static TrapCode call_back(Store *store, Func *func, Instance *caller, u64 *slots) {
  u64 *top = store->stack_top;
  TrapCode code = wm_call(store, (Func *)export_named(caller, func->env), slots);
  assert_ptr_equal(store->stack_top, top);
  return code;
}

/* wasm -> other instance's wasm -> host -> wasm: f calls a.g, which calls host h, which calls a.t,
 * which traps. */
static void backtraces_cross_everything(void **state) {
  Fixture *f = *state;
  char target[] = "t";
  Object *host = &new_host(f, call_back, target)->head;
  Instance *a = instantiate(f,
                            "(module (import \"\" \"h\" (func $h))"
                            "  (func $pad) (func (export \"g\") call $pad call $h)"
                            "  (func $u unreachable) (func (export \"t\") nop call $u))",
                            &host, 1);
  object_hold(&a->head);
  Object *g = export_named(a, "g");
  Instance *b = instantiate(f,
                            "(module (import \"\" \"g\" (func $g))"
                            "  (func $mid nop nop call $g) (func (export \"f\") call $mid))",
                            &g, 1);
  object_hold(&b->head);
  u64 slots[1] = {0};
  assert_int_equal(call_export(f, b, "f", slots), TRAP_UNREACHABLE);
  Trap *trap = wm_store_take_trap(f->store);
  assert_int_equal(trap->code, TRAP_UNREACHABLE);
  assert_string_equal(trap->message, "unreachable");
  const struct {
    Instance *instance;
    u32 func_index, func_offset; /* behind the count of locals */
  } expected[] = {{a, 3, 1}, {a, 4, 2}, {a, 2, 3}, {b, 1, 3}, {b, 2, 1}};
  assert_int_equal(trap->frame_count, ARRAY_LEN(expected));
  assert_int_equal(trap->frames_omitted, 0);
  for (u32 i = 0; i < ARRAY_LEN(expected); i++) {
    assert_ptr_equal(trap->frames[i].instance, expected[i].instance);
    assert_int_equal(trap->frames[i].func_index, expected[i].func_index);
    assert_int_equal(trap->frames[i].func_offset, expected[i].func_offset);
    const Module *m = &expected[i].instance->module->module;
    assert_int_equal(trap->frames[i].module_offset,
                     m->funcs[expected[i].func_index].code_offset + expected[i].func_offset);
  }
  /* The trap keeps the instances that its frames name. */
  object_hold(&trap->head);
  object_let_go(&a->head);
  object_let_go(&b->head);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 2);
  object_let_go(&trap->head);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 0);
}

static const char recursion[] = "(module (import \"\" \"h\" (func $h)) (table funcref (elem $i))"
                                "  (func $d (export \"direct\") call $d)"
                                "  (func $i (export \"indirect\") (call_indirect (i32.const 0)))"
                                "  (func $c (export \"callback\") call $h)"
                                "  (func (export \"ok\") (result i32) i32.const 5))";

static void endless_recursion_traps(void **state) {
  Fixture *f = *state;
  char target[] = "callback";
  Object *host = &new_host(f, call_back, target)->head;
  Instance *in = instantiate(f, recursion, &host, 1);
  object_hold(&in->head);
  static const char *const names[] = {"direct", "indirect", "callback", "direct"};
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    u64 slots[1] = {0};
    assert_int_equal(call_export(f, in, names[i], slots), TRAP_STACK_OVERFLOW);
    Trap *trap = wm_store_take_trap(f->store);
    assert_string_equal(trap->message, "call stack exhausted");
    assert_int_equal(trap->frame_count, 128);
    assert_true(trap->frames_omitted > 100);
    assert_ptr_equal(trap->frames[127].instance, in);
    assert_int_equal(call_export(f, in, "ok", slots), TRAP_NONE);
    assert_int_equal(slots[0], 5);
  }
}

static void *recurse_in_thread(void *env) {
  Fixture *f = env;
  Instance *in = (Instance *)f->store->embedder;
  u64 slots[1] = {0};
  for (int i = 0; i < 2; i++) {
    TrapCode code = call_export(f, in, "callback", slots);
    assert_int_equal(code, TRAP_STACK_OVERFLOW);
    wm_store_take_trap(f->store);
  }
  return NULL;
}

/* A thread may have much less stack than the store's budget: its end is respected. */
static void small_threads(void **state) {
  Fixture *f = *state;
  char target[] = "callback";
  Object *host = &new_host(f, call_back, target)->head;
  Instance *in = instantiate(f, recursion, &host, 1);
  object_hold(&in->head);
  f->store->embedder = in;
  static const size_t sizes[] = {64 << 10, 256 << 10, 1 << 20, 4 << 20};
  for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    assert_int_equal(pthread_attr_setstacksize(&attr, sizes[i]), 0);
    assert_int_equal(pthread_create(&thread, &attr, recurse_in_thread, f), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attr);
  }
}

static TrapCode fail_with_text(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)caller, (void)slots;
  const char *text = func->env;
  Trap *trap = wm_trap_new(store, TRAP_HOST, text, strlen(text));
  return wm_trap_hand_on(store, trap);
}

static void hosts_may_trap(void **state) {
  Fixture *f = *state;
  char text[] = "not today";
  Object *host = &new_host(f, fail_with_text, text)->head;
  Instance *in = instantiate(
      f, "(module (import \"\" \"h\" (func $h)) (func (export \"f\") call $h))", &host, 1);
  object_hold(&in->head);
  u64 slots[1] = {0};
  assert_int_equal(call_export(f, in, "f", slots), TRAP_HOST);
  Trap *trap = wm_store_take_trap(f->store);
  assert_string_equal(trap->message, text);
  assert_int_equal(trap->frame_count, 1);
  assert_int_equal(wm_call(f->store, (Func *)in->funcs[0], slots), TRAP_HOST);
  assert_int_equal(wm_store_take_trap(f->store)->frame_count, 0);
  /* Without memory there is a trap nevertheless. */
  failing_alloc_start_all(1);
  TrapCode code = wm_trap_raise(f->store, TRAP_UNREACHABLE, NULL, 0);
  failing_alloc_stop();
  assert_int_equal(code, TRAP_OUT_OF_MEMORY);
  assert_string_equal(wm_store_take_trap(f->store)->message, "out of memory");
}

static void the_value_stack_may_not_be_had(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(f, "(module (func (export \"f\")))", NULL, 0);
  object_hold(&in->head);
  u64 slots[1] = {0};
  for (u64 n = 1;; n++) {
    failing_alloc_start(n);
    TrapCode code = call_export(f, in, "f", slots);
    bool failed = failing_alloc_stop();
    wm_store_take_trap(f->store);
    assert_int_equal(code, failed ? TRAP_OUT_OF_MEMORY : TRAP_NONE);
    if (!failed) break;
    assert_true(n < 50);
  }
}

/* Objects that only running wasm holds survive a collection by the host it calls. */
static TrapCode collect_here(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)caller, (void)slots;
  wm_store_collect(store);
  assert_int_equal(*(int *)func->env, 0);
  return TRAP_NONE;
}

static void running_frames_hold(void **state) {
  Fixture *f = *state;
  int ends = 0;
  Object *host = &new_host(f, collect_here, &ends)->head;
  Instance *in = instantiate(f,
                             "(module (import \"\" \"h\" (func $h)) (table 1 externref)"
                             "  (func $inner (param externref) (result externref)"
                             "    call $h local.get 0)"
                             "  (func (export \"f\") (param externref) (result externref)"
                             "    local.get 0 (local.set 0 (ref.null extern)) call $inner))",
                             &host, 1);
  Foreign *o = wm_foreign_new(f->store, NULL);
  assert_true(wm_store_set_info(f->store, &o->head, &ends, count_call));
  u64 slots[1] = {(u64)(uintptr_t)o};
  /* Nobody holds the instance either. */
  assert_int_equal(call_export(f, in, "f", slots), TRAP_NONE);
  assert_ptr_equal((void *)(uintptr_t)slots[0], o);
  wm_store_collect(f->store);
  assert_int_equal(ends, 1);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(arguments_and_results, setup, teardown),
      cmocka_unit_test_setup_teardown(backtraces_cross_everything, setup, teardown),
      cmocka_unit_test_setup_teardown(endless_recursion_traps, setup, teardown),
      cmocka_unit_test_setup_teardown(small_threads, setup, teardown),
      cmocka_unit_test_setup_teardown(hosts_may_trap, setup, teardown),
      cmocka_unit_test_setup_teardown(the_value_stack_may_not_be_had, setup, teardown),
      cmocka_unit_test_setup_teardown(running_frames_hold, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
