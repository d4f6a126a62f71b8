/* What is reachable stays, cycles go, finalizers run once. */
#include "runtime/fixture.h"

static void unheld_goes_held_stays(void **state) {
  Fixture *f = *state;
  Foreign *kept = wm_foreign_new(f->store, NULL), *lost = wm_foreign_new(f->store, NULL);
  int kept_ends = 0, lost_ends = 0;
  object_hold(&kept->head);
  assert_true(wm_store_set_info(f->store, &kept->head, &kept_ends, count_call));
  assert_true(wm_store_set_info(f->store, &lost->head, &lost_ends, count_call));
  assert_ptr_equal(wm_store_get_info(f->store, &kept->head), &kept_ends);
  wm_store_collect(f->store);
  wm_store_collect(f->store);
  assert_int_equal(lost_ends, 1);
  assert_int_equal(kept_ends, 0);
  assert_int_equal(count_objects(f->store, OBJ_FOREIGN), 1);
  object_let_go(&kept->head);
  assert_true(wm_engine_store_delete(f->store)); /* runs what is left */
  f->store = NULL;
  assert_int_equal(kept_ends, 1);
  assert_int_equal(lost_ends, 1);
}

static void new_info_ends_the_old(void **state) {
  Fixture *f = *state;
  Foreign *o = wm_foreign_new(f->store, NULL);
  object_hold(&o->head);
  int first = 0, second = 0;
  assert_null(wm_store_get_info(f->store, &o->head));
  assert_true(wm_store_set_info(f->store, &o->head, &first, count_call));
  assert_true(wm_store_set_info(f->store, &o->head, &second, count_call));
  assert_int_equal(first, 1);
  assert_true(wm_store_set_info(f->store, &o->head, &second, count_call));
  assert_int_equal(second, 0);
  object_let_go(&o->head);
  wm_store_collect(f->store);
  assert_int_equal(second, 1);
  assert_int_equal(first, 1);
}

static const char cycle_a[] = "(module (table (export \"t\") 4 externref)"
                              "  (global (export \"g\") (mut externref) (ref.null extern))"
                              "  (table (export \"f\") 2 funcref) (memory (export \"m\") 1)"
                              "  (func $x (export \"x\")) (elem (table 1) (i32.const 0) func $x))";
static const char cycle_b[] =
    "(module (import \"a\" \"t\" (table 4 externref))"
    "  (import \"a\" \"g\" (global $g (mut externref)))"
    "  (import \"a\" \"f\" (table $f 2 funcref)) (import \"a\" \"m\" (memory 1))"
    "  (func $y (export \"y\")) (elem (table $f) (i32.const 1) func $y))";

/* Two instances that hold each other through a table of functions, and a host object in a table and
 * a global of theirs. Returns the first, held. */
static Instance *make_cycle(Fixture *f, int *ends) {
  Instance *a = instantiate(f, cycle_a, NULL, 0);
  object_hold(&a->head);
  Object *imports[] = {export_named(a, "t"), export_named(a, "g"), export_named(a, "f"),
                       export_named(a, "m")};
  Instance *b = instantiate(f, cycle_b, imports, 4);
  Foreign *o = wm_foreign_new(f->store, NULL);
  assert_true(wm_store_set_info(f->store, &o->head, ends, count_call));
  table_write((Table *)imports[0], 2, ref_of_object(o));
  ((Global *)imports[1])->value[0] = (u64)(uintptr_t)o;
  assert_ptr_equal(((Table *)imports[2])->elems[1], export_named(b, "y"));
  return a;
}

static void cycles_go(void **state) {
  Fixture *f = *state;
  int ends = 0;
  Instance *a = make_cycle(f, &ends);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 2);
  assert_int_equal(ends, 0);
  object_let_go(&a->head);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 0);
  assert_int_equal(count_objects(f->store, OBJ_TABLE), 0);
  assert_int_equal(ends, 1);
  assert_int_equal(f->store->account->memory_bytes, 0);
  assert_int_equal(f->store->account->table_elements, 0);
  assert_int_equal(f->store->account->instances, 0);
}

static void a_function_keeps_its_instance(void **state) {
  Fixture *f = *state;
  int info_ends = 0;
  Instance *a = instantiate(f, cycle_a, NULL, 0);
  Object *x = export_named(a, "x");
  object_hold(x);
  assert_true(wm_store_set_info(f->store, x, &info_ends, count_call));
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 1);
  object_let_go(x);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 0);
  assert_int_equal(info_ends, 1);
}

static void the_value_stack_is_scanned(void **state) {
  Fixture *f = *state;
  u64 stack[8] = {0};
  Instance *a = instantiate(f, cycle_a, NULL, 0);
  Foreign *o = wm_foreign_new(f->store, NULL);
  stack[1] = (u64)(uintptr_t)export_named(a, "x"); /* an inner object keeps the whole */
  stack[2] = (u64)(uintptr_t)o;
  stack[3] = (u64)(uintptr_t)o + 8; /* an address inside is none */
  stack[7] = 1;
  f->store->stack = stack;
  f->store->stack_top = stack + 4;
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 1);
  assert_int_equal(count_objects(f->store, OBJ_FOREIGN), 1);
  f->store->stack_top = stack + 1;
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 0);
  assert_int_equal(count_objects(f->store, OBJ_FOREIGN), 0);
  f->store->stack = f->store->stack_top = NULL;
}

/* A chain and a fan longer than what the marker keeps without the heap, with and without memory. */
static void marking_needs_no_memory(void **state) {
  Fixture *f = *state;
  TableType type = {.element = VAL_EXTERNREF, .limits = {.min = 1000}};
  Table *fan = wm_table_new(f->store, &type, NULL, NULL);
  object_hold(&fan->head);
  type.limits.min = 2;
  for (u32 i = 0; i < 1000; i++) {
    Table *chain = wm_table_new(f->store, &type, NULL, NULL);
    Foreign *leaf = wm_foreign_new(f->store, NULL);
    table_write(chain, 0, ref_of_object(leaf));
    table_write(fan, i, ref_of_object(chain)); /* any object will do for the collector */
    table_write(chain, 1, i ? fan->elems[i - 1] : NULL);
  }
  for (int failing = 0; failing < 2; failing++) {
    if (failing) failing_alloc_start_all(1);
    wm_store_collect(f->store);
    failing_alloc_stop();
    assert_int_equal(count_objects(f->store, OBJ_TABLE), 1001);
    assert_int_equal(count_objects(f->store, OBJ_FOREIGN), 1000);
  }
  object_let_go(&fan->head);
  failing_alloc_start_all(1);
  wm_store_collect(f->store);
  failing_alloc_stop();
  assert_int_equal(count_objects(f->store, OBJ_TABLE), 0);
}

typedef struct Busy {
  Store *store;
  int ends;
} Busy;

/* A finalizer that makes objects, wants a collection and tries to delete the store. */
static void busy_finalizer(void *env) {
  Busy *busy = env;
  busy->ends++;
  Foreign *o = wm_foreign_new(busy->store, NULL);
  if (o) wm_store_set_info(busy->store, &o->head, &busy->ends, count_call);
  wm_store_collect(busy->store);
  assert_false(wm_engine_store_delete(busy->store));
}

static void finalizers_may_use_the_store(void **state) {
  Fixture *f = *state;
  Busy busy = {f->store, 0};
  for (int i = 0; i < 3; i++) {
    Foreign *o = wm_foreign_new(f->store, NULL);
    assert_true(wm_store_set_info(f->store, &o->head, &busy, busy_finalizer));
  }
  wm_store_collect(f->store);
  assert_int_equal(busy.ends, 3);
  wm_store_collect(f->store);
  assert_int_equal(busy.ends, 6);
  Foreign *o = wm_foreign_new(f->store, NULL);
  assert_true(wm_store_set_info(f->store, &o->head, &busy, busy_finalizer));
  assert_true(wm_engine_store_delete(f->store));
  f->store = NULL;
  assert_int_equal(busy.ends, 7);
}

static TrapCode host_nothing(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)store, (void)func, (void)caller, (void)slots;
  return TRAP_NONE;
}

static Func *host_func(Fixture *f, HostFunc host, void *env, void (*finalizer)(void *)) {
  u32 type = wm_types_intern_func(wm_engine_types(f->engine), NULL, 0, NULL, 0);
  Func *func = wm_func_new_host(f->store, type, host, env, finalizer, NULL);
  wm_types_release(wm_engine_types(f->engine), type);
  return func;
}

static void host_functions_end_once(void **state) {
  Fixture *f = *state;
  int ends = 0;
  Func *func = host_func(f, host_nothing, &ends, count_call);
  Object *imports[] = {&func->head};
  Instance *in = instantiate(f, "(module (import \"\" \"\" (func)))", imports, 1);
  object_hold(&in->head);
  wm_store_collect(f->store);
  assert_int_equal(ends, 0);
  object_let_go(&in->head);
  wm_store_collect(f->store);
  wm_store_collect(f->store);
  assert_int_equal(ends, 1);
}

/* A host function whose last handle goes while it runs. */
static TrapCode host_lets_go(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)caller, (void)slots;
  object_let_go(&func->head);
  wm_store_collect(store);
  assert_int_equal(*(int *)func->env, 0);
  assert_false(wm_engine_store_delete(store)); /* it runs */
  return TRAP_NONE;
}

static void what_runs_stays(void **state) {
  Fixture *f = *state;
  int ends = 0;
  Func *func = host_func(f, host_lets_go, &ends, count_call);
  object_hold(&func->head);
  u64 slots[1] = {0};
  assert_int_equal(wm_call(f->store, func, slots), TRAP_NONE);
  assert_int_equal(ends, 0);
  wm_store_collect(f->store);
  assert_int_equal(ends, 1);
}

static int watched_ends;
static void on_watched_free(Store *store, Object *object) {
  assert_ptr_equal(object->store, store);
  watched_ends++;
}

static void watchers_are_told(void **state) {
  Fixture *f = *state;
  f->store->on_watched_free = on_watched_free;
  watched_ends = 0;
  Instance *a = instantiate(f, cycle_a, NULL, 0);
  export_named(a, "x")->watched = true;
  export_named(a, "m")->watched = true;
  wm_store_collect(f->store);
  assert_int_equal(watched_ends, 2);
}

static void garbage_is_collected_in_time(void **state) {
  Fixture *f = *state;
  u64 most = 0;
  for (int i = 0; i < 20000; i++) {
    MemoryType type = {.limits = {.min = 1}};
    assert_non_null(wm_memory_new(f->store, &type, NULL));
    wm_store_safepoint(f->store);
    most = max_u64(most, f->store->account->memory_bytes);
  }
  assert_true(most <= 2 * COLLECT_MIN_DEBT_BYTES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(unheld_goes_held_stays, setup, teardown),
      cmocka_unit_test_setup_teardown(new_info_ends_the_old, setup, teardown),
      cmocka_unit_test_setup_teardown(cycles_go, setup, teardown),
      cmocka_unit_test_setup_teardown(a_function_keeps_its_instance, setup, teardown),
      cmocka_unit_test_setup_teardown(the_value_stack_is_scanned, setup, teardown),
      cmocka_unit_test_setup_teardown(marking_needs_no_memory, setup, teardown),
      cmocka_unit_test_setup_teardown(finalizers_may_use_the_store, setup, teardown),
      cmocka_unit_test_setup_teardown(host_functions_end_once, setup, teardown),
      cmocka_unit_test_setup_teardown(what_runs_stays, setup, teardown),
      cmocka_unit_test_setup_teardown(watchers_are_told, setup, teardown),
      cmocka_unit_test_setup_teardown(garbage_is_collected_in_time, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
