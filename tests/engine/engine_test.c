/* Engines, modules and stores: who outlives whom, in any order and from any thread. */
#include "runtime/fixture.h"
#include "support/sanitizer.h"

#include <pthread.h>

static const char plain[] =
    "(module (type (func (param i64 f32 externref) (result f64)))"
    "  (memory 1) (func (export \"add\") (param i32 i32) (result i32)"
    "    local.get 0 local.get 1 i32.add) (func (export \"twice\") (param i32) (result i32)"
    "    (call 0 (local.get 0) (local.get 0))))";

static void parts_go_in_any_order(void **state) {
  (void)state;
  for (int order = 0; order < 6; order++) {
    Config config = wm_config_default();
    Engine *engine = wm_engine_new(&config);
    Fixture f = {.engine = engine, .store = wm_engine_store_new(engine)};
    LoadedModule *lm = load(&f, plain);
    assert_non_null(wm_instance_new(f.store, lm, NULL, 0, NULL));
    static const char orders[6][4] = {"esm", "ems", "sem", "sme", "mes", "mse"};
    for (const char *c = orders[order]; *c; c++) {
      if (*c == 'e') wm_engine_release(engine);
      if (*c == 's') assert_true(wm_engine_store_delete(f.store));
      if (*c == 'm') wm_loaded_release(lm);
    }
  }
}

static void an_instance_keeps_its_module(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(f, plain, NULL, 0); /* the module's own count is gone */
  object_hold(&in->head);
  wm_store_collect(f->store);
  u64 slots[2] = {20, 22};
  assert_int_equal(wm_call(f->store, (Func *)export_named(in, "add"), slots), TRAP_NONE);
  assert_int_equal(slots[0], 42);
  object_let_go(&in->head);
}

static void bad_modules_are_refused(void **state) {
  Fixture *f = *state;
  static const u8 truncated[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 9};
  static const u8 empty[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
  Error err = {0};
  assert_null(wm_engine_load(f->engine, truncated, sizeof truncated, &err));
  assert_int_equal(err.code, ERR_MALFORMED);
  assert_null(wm_engine_load(f->engine, truncated, sizeof truncated, NULL));
  err = (Error){0};
  assert_false(wm_engine_validate(f->engine, truncated, sizeof truncated, &err));
  assert_int_equal(err.code, ERR_MALFORMED);
  err = (Error){0};
  assert_false(wm_engine_validate(f->engine, NULL, 0, &err));
  assert_int_equal(err.code, ERR_MALFORMED);
  assert_true(wm_engine_validate(f->engine, empty, sizeof empty, NULL));
  Buffer invalid = binary_of("(module (func (result i32)))");
  err = (Error){0};
  assert_null(wm_engine_load(f->engine, invalid.data, invalid.len, &err));
  assert_int_equal(err.code, ERR_INVALID);
  wm_buffer_free(&invalid);
}

static void features_are_the_configurations(void **state) {
  (void)state;
  Config config = wm_config_default();
  config.features = features_with(config.features, FEATURE_SIMD, false);
  Engine *engine = wm_engine_new(&config);
  Buffer b = binary_of("(module (func (drop (v128.const i64x2 0 0))))");
  Error err = {0};
  assert_false(wm_engine_validate(engine, b.data, b.len, &err));
  assert_int_equal(err.code, ERR_UNSUPPORTED);
  assert_string_equal(err.proposal, "simd");
  wm_buffer_free(&b);
  wm_engine_release(engine);
}

static void each_allocation_may_fail(void **state) {
  Fixture *f = *state;
  Buffer b = binary_of(plain);
  for (u64 n = 1;; n++) {
    Error err = {0};
    failing_alloc_start(n);
    LoadedModule *lm = wm_engine_load(f->engine, b.data, b.len, &err);
    Store *store = wm_engine_store_new(f->engine);
    bool failed = failing_alloc_stop();
    assert_int_equal(err.code, lm ? ERR_NONE : ERR_OUT_OF_MEMORY);
    wm_loaded_release(lm);
    assert_true(wm_engine_store_delete(store));
    if (!failed) break;
    assert_true(n < 1000);
  }
  wm_buffer_free(&b);
}

enum { THREADS = 4, ROUNDS = 50 };

typedef struct Shared {
  Engine *engine;
  LoadedModule *lm;
  Buffer binary;
  _Atomic int failures;
} Shared;

/* Shared module, own module, own stores, all at once. */
static void *use_engine(void *env) {
  Shared *s = env;
  for (int i = 0; i < ROUNDS; i++) {
    Store *store = wm_engine_store_new(s->engine);
    LoadedModule *own = wm_engine_load(s->engine, s->binary.data, s->binary.len, NULL);
    LoadedModule *modules[2] = {s->lm, own};
    for (int k = 0; k < 2; k++) {
      Instance *in = wm_instance_new(store, modules[k], NULL, 0, NULL);
      u64 slots[2] = {(u64)i, 0};
      if (!in || wm_call(store, (Func *)export_named(in, "twice"), slots) != TRAP_NONE ||
          slots[0] != (u64)i * 2)
        s->failures++;
    }
    wm_loaded_release(own);
    if (!wm_engine_store_delete(store)) s->failures++;
  }
  return NULL;
}

static void threads_share_an_engine(void **state) {
  Fixture *f = *state;
  Shared shared = {.engine = f->engine, .lm = load(f, plain), .binary = binary_of(plain)};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, use_engine, &shared), 0);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_int_equal(shared.failures, 0);
  wm_loaded_release(shared.lm);
  wm_buffer_free(&shared.binary);
}

static u64 resident_bytes(void) {
  unsigned long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
  if (file) fclose(file);
  return (u64)resident * wm_os_page_size();
}

static const char left[] = "(module (table (export \"t\") 2 funcref) (memory (export \"m\") 1)"
                           "  (table (export \"x\") 1 externref) (global (export \"g\") (mut i32)"
                           "  (i32.const 0)) (func $f) (elem (i32.const 0) $f)"
                           "  (data (i32.const 0) \"left\"))";
static const char right[] = "(module (import \"\" \"t\" (table 2 funcref))"
                            "  (import \"\" \"m\" (memory 1)) (func $f) (elem (i32.const 1) $f)"
                            "  (data (i32.const 9000) \"right\"))";

/* Pairs of instances in a cycle, with a host object whose finalizer must run, come and go. */
static void resident_size_stays_flat(void **state) {
  Fixture *f = *state;
  LoadedModule *modules[2] = {load(f, left), load(f, right)};
  enum { COUNT = 20000, WARM = 4000 };
  int ends = 0;
  u64 warm = 0;
  for (int i = 0; i < COUNT; i++) {
    Instance *a = wm_instance_new(f->store, modules[0], NULL, 0, NULL);
    object_hold(&a->head);
    Object *imports[] = {export_named(a, "t"), export_named(a, "m")};
    assert_non_null(wm_instance_new(f->store, modules[1], imports, 2, NULL));
    Foreign *o = wm_foreign_new(f->store, NULL);
    assert_true(wm_store_set_info(f->store, &o->head, &ends, count_call));
    table_write((Table *)export_named(a, "x"), 0, ref_of_object(o));
    assert_memory_equal(a->memory0_base, "left\0", 5);
    object_let_go(&a->head);
    wm_store_safepoint(f->store);
    if (i == WARM) warm = resident_bytes();
  }
  if (!UNDER_ASAN) assert_true(resident_bytes() <= warm + (1 << 20));
  wm_store_collect(f->store);
  assert_int_equal(ends, COUNT);
  wm_loaded_release(modules[0]);
  wm_loaded_release(modules[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_go_in_any_order),
      cmocka_unit_test_setup_teardown(an_instance_keeps_its_module, setup, teardown),
      cmocka_unit_test_setup_teardown(bad_modules_are_refused, setup, teardown),
      cmocka_unit_test(features_are_the_configurations),
      cmocka_unit_test_setup_teardown(each_allocation_may_fail, setup, teardown),
      cmocka_unit_test_setup_teardown(threads_share_an_engine, setup, teardown),
      cmocka_unit_test_setup_teardown(resident_size_stays_flat, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
