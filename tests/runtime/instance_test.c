/* Instances: what they are made of, segments, start functions, limits, and too little memory. */
#include "runtime/fixture.h"
#include "support/sanitizer.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static Instance *try_instantiate(Fixture *f, const char *wat, Object *const *imports, u32 count,
                                 Error *err) {
  LoadedModule *lm = load(f, wat);
  *err = (Error){0};
  Instance *in = wm_instance_new(f->store, lm, imports, count, err);
  wm_loaded_release(lm);
  return in;
}

static u64 global_value(Instance *in, const char *name) {
  return ((Global *)export_named(in, name))->value[0];
}

static void constants_are_evaluated(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(
      f,
      "(module (global $a i32 (i32.const 7))"
      "  (global (export \"sum\") i32"
      "    (i32.sub (i32.mul (i32.const -3) (i32.add (i32.const 5) (i32.const 1)))"
      "             (i32.const 1)))"
      "  (global (export \"wide\") i64 (i64.mul (i64.const -1) (i64.const 0x100000000)))"
      "  (global (export \"f\") f32 (f32.const 1.5)) (global (export \"d\") f64 (f64.const -2))"
      "  (global (export \"v\") v128 (v128.const i64x2 1 2))"
      "  (global (export \"null\") funcref (ref.null func))"
      "  (global (export \"func\") funcref (ref.func $x)) (func $x (export \"x\")))",
      NULL, 0);
  assert_int_equal(global_value(in, "sum"), (u32)-19);
  assert_int_equal(global_value(in, "wide"), UINT64_C(0xFFFFFFFF00000000));
  assert_int_equal(global_value(in, "f"), 0x3FC00000);
  assert_int_equal(global_value(in, "d"), UINT64_C(0xC000000000000000));
  assert_int_equal(((Global *)export_named(in, "v"))->value[1], 2);
  assert_int_equal(global_value(in, "null"), 0);
  assert_ptr_equal((void *)(uintptr_t)global_value(in, "func"), export_named(in, "x"));
}

static void deep_constants(void **state) {
  Fixture *f = *state;
  enum { DEPTH = 60000 };
  Buffer wat = {0};
  wm_buffer_print(&wat, "(module (global (export \"g\") i32 ");
  for (int i = 0; i < DEPTH; i++) wm_buffer_print(&wat, "i32.const 1 ");
  for (int i = 1; i < DEPTH; i++) wm_buffer_print(&wat, "i32.add ");
  wm_buffer_print(&wat, "))");
  wm_buffer_byte(&wat, 0);
  Instance *in = instantiate(f, (const char *)wat.data, NULL, 0);
  assert_int_equal(global_value(in, "g"), DEPTH);
  wm_buffer_free(&wat);
}

static void segments_are_written(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(
      f,
      "(module (memory (export \"m\") 1) (table $t (export \"t\") 8 funcref)"
      "  (global $at i32 (i32.const 2))"
      "  (func $a (export \"a\")) (func $b (export \"b\"))"
      "  (data (i32.const 3) \"xyz\") (data $d \"passive\")"
      "  (elem (i32.const 0) $a $b) (elem (global.get $at) funcref (ref.func $b) (ref.null func))"
      "  (elem $p funcref (ref.func $a) (ref.null func)) (elem $q func $b))",
      NULL, 0);
  Object *a = export_named(in, "a"), *b = export_named(in, "b");
  Table *t = (Table *)export_named(in, "t");
  Ref expected[8] = {ref_of_object(a), ref_of_object(b), ref_of_object(b)};
  assert_memory_equal(t->elems, expected, sizeof expected);
  assert_memory_equal(in->memory0_base, "\0\0\0xyz", 7);

  assert_int_equal(wm_memory_init(in, 0, 0, 0, 0, 1), TRAP_MEMORY_OUT_OF_BOUNDS); /* dropped */
  assert_int_equal(wm_memory_init(in, 0, 0, 65536, 0, 0), TRAP_NONE);
  assert_int_equal(wm_memory_init(in, 0, 1, 65530, 1, 6), TRAP_NONE);
  assert_memory_equal(in->memory0_base + 65530, "assive", 6);
  assert_int_equal(wm_memory_init(in, 0, 1, 65531, 1, 6), TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_int_equal(wm_memory_init(in, 0, 1, 0, UINT64_MAX, 2), TRAP_MEMORY_OUT_OF_BOUNDS);
  wm_data_drop(in, 1);
  assert_int_equal(wm_memory_init(in, 0, 1, 0, 0, 1), TRAP_MEMORY_OUT_OF_BOUNDS);

  assert_int_equal(wm_table_init(in, 0, 2, 4, 0, 2), TRAP_NONE);
  assert_ptr_equal(t->elems[4], a);
  assert_null(t->elems[5]);
  assert_int_equal(wm_table_init(in, 0, 3, 7, 0, 1), TRAP_NONE);
  assert_ptr_equal(t->elems[7], b);
  assert_int_equal(wm_table_init(in, 0, 3, 8, 0, 1), TRAP_TABLE_OUT_OF_BOUNDS);
  wm_elem_drop(in, 2);
  assert_int_equal(wm_table_init(in, 0, 2, 0, 0, 1), TRAP_TABLE_OUT_OF_BOUNDS);
  assert_int_equal(wm_table_init(in, 0, 2, 0, 0, 0), TRAP_NONE);

  assert_int_equal(wm_table_copy(in, 0, 0, 1, 0, 3), TRAP_NONE); /* overlapping */
  assert_ptr_equal(t->elems[1], a);
  assert_ptr_equal(t->elems[3], b);
  assert_int_equal(wm_table_copy(in, 0, 0, 7, 0, 2), TRAP_TABLE_OUT_OF_BOUNDS);
  assert_int_equal(wm_table_fill(in, 0, 6, ref_of_object(a), 3), TRAP_TABLE_OUT_OF_BOUNDS);
  assert_int_equal(wm_table_fill(in, 0, 6, ref_of_object(a), 2), TRAP_NONE);
  assert_ptr_equal(t->elems[7], a);
  assert_int_equal(wm_memory_copy(in, 0, 0, 5, 3, 3), TRAP_NONE);
  assert_memory_equal(in->memory0_base + 3, "xyxyz", 5);
  assert_int_equal(wm_memory_copy(in, 0, 0, 65535, 0, 2), TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_int_equal(wm_memory_fill(in, 0, 65536, 1, 1), TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_int_equal(wm_memory_fill(in, 0, 65535, 1, 1), TRAP_NONE);
  assert_int_equal(in->memory0_base[65535], 1);
}

/* What a failing instantiation wrote stays, and what it wrote keeps working. */
static void segments_out_of_bounds(void **state) {
  Fixture *f = *state;
  Instance *shared = instantiate(
      f, "(module (table (export \"t\") 2 funcref) (memory (export \"m\") 1))", NULL, 0);
  object_hold(&shared->head);
  Object *imports[] = {export_named(shared, "t"), export_named(shared, "m")};
  Error err;
  assert_null(try_instantiate(f,
                              "(module (import \"\" \"t\" (table 2 funcref))"
                              "  (import \"\" \"m\" (memory 1))"
                              "  (func $f (result i32) i32.const 42)"
                              "  (elem (i32.const 1) $f) (data (i32.const 0) \"kept\")"
                              "  (data (i32.const 65535) \"no\") (data (i32.const 8) \"never\"))",
                              imports, 2, &err));
  assert_int_equal(err.code, ERR_TRAP);
  assert_string_equal(err.message, "out of bounds memory access");
  Trap *trap = wm_store_take_trap(f->store);
  assert_int_equal(trap->code, TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_memory_equal(((Memory *)imports[1])->space.base, "kept\0\0\0\0\0", 9);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 2);
  u64 slots[1] = {0};
  assert_int_equal(wm_call(f->store, (Func *)ref_object(((Table *)imports[0])->elems[1]), slots),
                   TRAP_NONE);
  assert_int_equal(slots[0], 42);
  table_write((Table *)imports[0], 1, NULL);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 1);

  assert_null(try_instantiate(f, "(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))",
                              NULL, 0, &err));
  assert_int_equal(err.code, ERR_TRAP);
  assert_string_equal(err.message, "out of bounds table access");
  assert_int_equal(wm_store_take_trap(f->store)->code, TRAP_TABLE_OUT_OF_BOUNDS);
}

static void start_functions_run(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(f,
                             "(module (global $g (export \"g\") (mut i32) (i32.const 1))"
                             "  (func $s (global.set $g (i32.const 2))) (start $s))",
                             NULL, 0);
  assert_int_equal(global_value(in, "g"), 2);
  Error err;
  assert_null(try_instantiate(f, "(module (func $s unreachable) (start $s))", NULL, 0, &err));
  assert_int_equal(err.code, ERR_TRAP);
  assert_string_equal(err.message, "unreachable");
  Trap *trap = wm_store_take_trap(f->store);
  assert_int_equal(trap->frame_count, 1);
  assert_non_null(trap->frames[0].instance);
  assert_null(f->store->trap);
}

static void limits_hold(void **state) {
  Fixture *f = *state;
  Error err;
  wm_account_set_limits(f->store->account,
                        &(StoreLimits){3 * 65536, 10, 2, UINT64_MAX, UINT64_MAX});
  assert_null(try_instantiate(f, "(module (memory 4))", NULL, 0, &err));
  assert_int_equal(err.code, ERR_LIMIT);
  assert_null(try_instantiate(f, "(module (table 11 funcref))", NULL, 0, &err));
  assert_int_equal(err.code, ERR_LIMIT);
  /* Garbage does not count: it goes when it is in the way. */
  for (int i = 0; i < 10; i++) instantiate(f, "(module (memory 2) (table 9 funcref))", NULL, 0);
  Instance *in = instantiate(
      f, "(module (memory (export \"m\") 2) (table (export \"t\") 8 funcref))", NULL, 0);
  object_hold(&in->head);
  wm_store_collect(f->store);
  Memory *memory = (Memory *)export_named(in, "m");
  Table *table = (Table *)export_named(in, "t");
  assert_int_equal(wm_memory_grow(f->store, memory, 2), UINT64_MAX);
  assert_int_equal(wm_memory_grow(f->store, memory, 1), 2);
  assert_int_equal(wm_memory_grow(f->store, memory, 1), UINT64_MAX);
  assert_int_equal(wm_memory_grow(f->store, memory, 0), 3);
  assert_int_equal(wm_table_grow(f->store, table, 3, NULL), UINT64_MAX);
  assert_int_equal(wm_table_grow(f->store, table, 2, ref_of_object(in)), 8);
  assert_ptr_equal(table->elems[9], in);
  object_hold(&instantiate(f, "(module)", NULL, 0)->head);
  assert_null(try_instantiate(f, "(module)", NULL, 0, &err));
  assert_int_equal(err.code, ERR_LIMIT);
  assert_string_equal(err.message, "the store's limit of 2 instances is used up");
}

static void types_bound_growth(void **state) {
  Fixture *f = *state;
  Instance *in =
      instantiate(f,
                  "(module (memory (export \"m\") 1 3) (table (export \"t\") 1 4 funcref)"
                  "  (memory (export \"n\") 1) (table (export \"u\") 0 externref))",
                  NULL, 0);
  object_hold(&in->head);
  Memory *m = (Memory *)export_named(in, "m"), *n = (Memory *)export_named(in, "n");
  assert_int_equal(wm_memory_grow(f->store, m, 3), UINT64_MAX);
  assert_int_equal(wm_memory_grow(f->store, m, UINT64_MAX), UINT64_MAX);
  assert_int_equal(wm_memory_grow(f->store, m, 2), 1);
  assert_int_equal(wm_memory_type(m).limits.min, 3);
  assert_int_equal(wm_memory_grow(f->store, n, 65535), 1); /* 4 GiB, touched nowhere */
  assert_int_equal(wm_memory_grow(f->store, n, 1), UINT64_MAX);
  Table *t = (Table *)export_named(in, "t"), *u = (Table *)export_named(in, "u");
  assert_int_equal(wm_table_grow(f->store, t, 4, NULL), UINT64_MAX);
  assert_int_equal(wm_table_grow(f->store, t, 3, NULL), 1);
  for (u64 i = 0; i < 1000; i++)
    assert_int_equal(wm_table_grow(f->store, u, 1, ref_of_object(in)), i);
  assert_int_equal(wm_table_grow(f->store, u, 10000000, NULL), UINT64_MAX);
  for (u64 i = 0; i < 1000; i++) assert_ptr_equal(u->elems[i], in);
}

static const char everything[] =
    "(module (import \"\" \"f\" (func $f)) (memory 1) (memory 1) (table 4 funcref) (table 2 "
    "externref)"
    "  (table 2 funcref) (global (mut i32) (i32.const 1)) (global funcref (ref.func "
    "$g))"
    "  (func $g (export \"g\")) (elem (i32.const 0) $f $g) (elem funcref (ref.func $f) (ref.null "
    "func))"
    "  (data (i32.const 0) \"a\") (data \"b\") (func $s (param) (drop (memory.grow (i32.const 1))))"
    "  (start $s))";

static TrapCode host_nothing(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)store, (void)func, (void)caller, (void)slots;
  return TRAP_NONE;
}

/* From engine to instance with each allocation failing once, and with all from one on. */
static bool run_everything(const Buffer *binary, Error *err) {
  Config config = wm_config_default();
  Engine *engine = wm_engine_new(&config);
  Store *store = engine ? wm_engine_store_new(engine) : NULL;
  LoadedModule *lm = store ? wm_engine_load(engine, binary->data, binary->len, err) : NULL;
  u32 type = lm ? wm_types_intern_func(wm_engine_types(engine), NULL, 0, NULL, 0) : NO_TYPE;
  Func *func =
      type != NO_TYPE ? wm_func_new_host(store, type, host_nothing, NULL, NULL, err) : NULL;
  Object *imports[] = {(Object *)func};
  Instance *in = func ? wm_instance_new(store, lm, imports, 1, err) : NULL;
  bool done = in && wm_store_set_info(store, &in->head, NULL, NULL);
  if (store) wm_store_collect(store);
  if (type != NO_TYPE) wm_types_release(wm_engine_types(engine), type);
  wm_loaded_release(lm);
  assert_true(wm_engine_store_delete(store));
  wm_engine_release(engine);
  return done;
}

static void each_allocation_may_fail(void **state) {
  (void)state;
  Buffer binary = binary_of(everything);
  for (int all = 0; all < 2; all++) {
    for (u64 n = 1;; n++) {
      Error err = {0};
      (all ? failing_alloc_start_all : failing_alloc_start)(n);
      bool done = run_everything(&binary, &err);
      bool failed = failing_alloc_stop();
      if (err.code != ERR_NONE && err.code != ERR_OUT_OF_MEMORY && err.code != ERR_TRAP)
        fail_msg("allocation %d: %s", (int)n, err.message);
      if (!failed) {
        assert_true(done);
        break;
      }
      assert_true(n < 2000);
    }
  }
  wm_buffer_free(&binary);
}

/* In a child, as the limit stays. Each line that does not hold exits with its number. */
#define CHILD_NEEDS(condition)                                                                     \
  if (!(condition)) _exit(__LINE__ % 255 + 1)

static void run_limited(void) {
  struct rlimit limit = {200 << 20, 200 << 20};
  CHILD_NEEDS(setrlimit(RLIMIT_AS, &limit) == 0);
  Fixture limited = {.engine = wm_engine_new(NULL)}, *f = &limited;
  CHILD_NEEDS(f->engine != NULL && (f->store = wm_engine_store_new(f->engine)) != NULL);
  static const char *const too_large[] = {
      "(module (memory 65536))", "(module (memory 65536 65536))", "(module (memory i64 65536))",
      "(module (table 10000000 funcref) (table 10000000 funcref) (table 10000000 funcref))"};
  for (int round = 0; round < 20; round++)
    for (size_t i = 0; i < ARRAY_LEN(too_large); i++) {
      Error err;
      CHILD_NEEDS(!try_instantiate(f, too_large[i], NULL, 0, &err));
      CHILD_NEEDS(err.code == ERR_OUT_OF_MEMORY);
    }
  Error err;
  Instance *in = try_instantiate(f, "(module (memory (export \"m\") 1))", NULL, 0, &err);
  CHILD_NEEDS(in != NULL);
  CHILD_NEEDS(wm_memory_grow(f->store, in->memories[0], 1) == 1);
  CHILD_NEEDS(wm_memory_grow(f->store, in->memories[0], 60000) == UINT64_MAX);
  _exit(0);
}

static void little_address_space(void **state) {
  if (UNDER_ASAN) skip(); /* its own reservations are over any limit */
  pid_t child = fork();
  (void)state;
  if (child == 0) run_limited();
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(constants_are_evaluated, setup, teardown),
      cmocka_unit_test_setup_teardown(deep_constants, setup, teardown),
      cmocka_unit_test_setup_teardown(segments_are_written, setup, teardown),
      cmocka_unit_test_setup_teardown(segments_out_of_bounds, setup, teardown),
      cmocka_unit_test_setup_teardown(start_functions_run, setup, teardown),
      cmocka_unit_test_setup_teardown(limits_hold, setup, teardown),
      cmocka_unit_test_setup_teardown(types_bound_growth, setup, teardown),
      cmocka_unit_test(each_allocation_may_fail),
      cmocka_unit_test(little_address_space),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
