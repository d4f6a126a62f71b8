/* Bulk operations: overlapping copies of any length mean what memmove means, and all of them stop
 * when they must. */
#define FIXTURE_TIER TIER_INTERP /* whose loops look seldom: the operations have to */
#include "runtime/exception.h"
#include "runtime/fixture.h"

#include <pthread.h>
#include <sched.h>

/* ---- copies ---- */

enum { MEMORY_BYTES = 32 * 65536, ELEMENTS = 40000 };

typedef struct Copy {
  u32 dst, src, len;
} Copy;

static const Copy copies[] = {
    {0, 1, 1000},        {1, 0, 1000},        {0, 70000, 2000000}, {70000, 0, 2000000},
    {1, 0, 524289},      {0, 1, 524289},      {262144, 0, 262145}, {0, 262144, 262145},
    {300000, 5, 600000}, {5, 300000, 600000}, {9, 9, 600000},      {MEMORY_BYTES, 0, 0},
};

static void memory_copies_are_moves(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(f, "(module (memory 32))", NULL, 0);
  u8 *base = in->memory0_base, *model = malloc(MEMORY_BYTES);
  for (u32 i = 0; i < MEMORY_BYTES; i++) model[i] = base[i] = (u8)(i * 2654435761u >> 24);
  for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
    const Copy *c = &copies[i];
    memmove(model + c->dst, model + c->src, c->len);
    assert_int_equal(wm_memory_copy(in, 0, 0, c->dst, c->src, c->len), TRAP_NONE);
    assert_memory_equal(base, model, MEMORY_BYTES);
  }
  free(model);
}

static void table_copies_are_moves(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(f, "(module (table 40000 externref))", NULL, 0);
  Table *table = in->tables[0];
  Ref *model = malloc(ELEMENTS * sizeof *model);
  for (u32 i = 0; i < ELEMENTS; i++) {
    model[i] = ref_of_slot(i + 1);
    table_write(table, i, model[i]);
  }
  for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
    Copy c = {copies[i].dst / 64, copies[i].src / 64, copies[i].len / 64};
    memmove(model + c.dst, model + c.src, c.len * sizeof *model);
    assert_int_equal(wm_table_copy(in, 0, 0, c.dst, c.src, c.len), TRAP_NONE);
    assert_memory_equal(table->elems, model, ELEMENTS * sizeof *model);
  }
  free(model);
}

/* ---- stopping ---- */

static const char operations[] =
    "(module (memory 16384) (memory $n 16384) (table $t 10000000 externref)"
    "  (table $u 10000000 externref) (table $g 0 externref)"
    "  (func (export \"memory.fill\") (loop"
    "    (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3fff0000)) (br 0)))"
    "  (func (export \"memory.copy\") (loop"
    "    (memory.copy (i32.const 0) (i32.const 9) (i32.const 0x3fff0000)) (br 0)))"
    "  (func (export \"memory.copy up\") (loop"
    "    (memory.copy (i32.const 9) (i32.const 0) (i32.const 0x3fff0000)) (br 0)))"
    "  (func (export \"table.fill\") (param externref) (loop"
    "    (table.fill $t (i32.const 0) (local.get 0) (i32.const 10000000)) (br 0)))"
    "  (func (export \"table.copy\") (loop"
    "    (table.copy $t $u (i32.const 0) (i32.const 0) (i32.const 10000000)) (br 0))))";

static void *interrupt_soon(void *store) {
  struct timespec little = {.tv_nsec = 20000000};
  nanosleep(&little, NULL);
  wm_stop_request(((Store *)store)->stop, STOP_ASKED);
  return NULL;
}

/* Each would run for minutes before its loop looks. */
static void operations_stop(void **state) {
  static const char *const names[] = {"memory.fill", "memory.copy", "memory.copy up", "table.fill",
                                      "table.copy"};
  Fixture *f = *state;
  Instance *in = instantiate(f, operations, NULL, 0);
  object_hold(&in->head);
  for (size_t i = 0; i < ARRAY_LEN(names); i++) {
    pthread_t thread;
    u64 slots[1] = {(u64)(uintptr_t)wm_foreign_new(f->store, NULL)};
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, f->store), 0);
    assert_int_equal(wm_call(f->store, (Func *)export_named(in, names[i]), slots),
                     TRAP_INTERRUPTED);
    pthread_join(thread, NULL);
    wm_stop_take_back(f->store->stop, UINT32_MAX);
  }
  object_let_go(&in->head);
}

typedef struct Watch {
  Store *store;
  volatile u8 *at;
  u8 value;
} Watch;

/* Interrupts as soon as it sees the value. */
static void *interrupt_when_begun(void *env) {
  const Watch *w = env;
  while (*w->at != w->value) sched_yield();
  wm_stop_request(w->store->stop, STOP_ASKED);
  return NULL;
}

/* Whether an operation of a second or so was stopped in the middle; another thread that is late may
 * miss it. */
static bool stops_in_the_middle(Fixture *f, Instance *in, u8 value) {
  u8 *base = in->memory0_base;
  u64 size = memory_length(base);
  Watch watch = {f->store, base, value};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, interrupt_when_begun, &watch), 0);
  TrapCode code = wm_memory_fill(in, 0, 0, value, size);
  pthread_join(thread, NULL);
  wm_stop_take_back(f->store->stop, UINT32_MAX);
  assert_true((code == TRAP_INTERRUPTED) == (base[size - 1] != value));
  return code == TRAP_INTERRUPTED;
}

static void operations_stop_in_the_middle(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(f, "(module (memory 16384))", NULL, 0);
  bool stopped = false;
  for (u8 i = 1; i <= 5 && !stopped; i++) stopped = stops_in_the_middle(f, in, i);
  assert_true(stopped);
}

/* A module with a passive segment of 2,000 digits and one of 200 functions. */
static Instance *with_segments(Fixture *f) {
  Buffer wat = {0};
  wm_buffer_print(&wat, "(module (memory 1) (table $t 200 funcref) (func $f) (data \"%02000d\")",
                  0);
  wm_buffer_print(&wat, "(elem func ");
  for (int i = 0; i < 200; i++) wm_buffer_print(&wat, "$f ");
  wm_buffer_print(&wat, "))");
  wm_buffer_byte(&wat, 0);
  Instance *in = instantiate(f, (const char *)wat.data, NULL, 0);
  wm_buffer_free(&wat);
  return in;
}

/* When wasm must stop, nothing large begins; what is small takes no longer than looking. */
static void nothing_begins(void **state) {
  Fixture *f = *state;
  Instance *in = with_segments(f);
  Ref some = ref_of_object(in);
  wm_stop_request(f->store->stop, STOP_ASKED);
  assert_int_equal(wm_memory_init(in, 0, 0, 0, 0, 2000), TRAP_INTERRUPTED);
  assert_int_equal(wm_memory_fill(in, 0, 0, 7, 2000), TRAP_INTERRUPTED);
  assert_int_equal(wm_memory_copy(in, 0, 0, 0, 9, 2000), TRAP_INTERRUPTED);
  assert_int_equal(wm_table_init(in, 0, 0, 0, 0, 200), TRAP_INTERRUPTED);
  assert_int_equal(wm_table_fill(in, 0, 0, some, 200), TRAP_INTERRUPTED);
  assert_int_equal(wm_table_copy(in, 0, 0, 0, 1, 199), TRAP_INTERRUPTED);
  assert_int_equal(in->memory0_base[0], 0);
  assert_null(in->tables[0]->elems[0]);
  assert_int_equal(wm_memory_init(in, 0, 0, 0, 2000, 1), TRAP_MEMORY_OUT_OF_BOUNDS);
  assert_int_equal(wm_memory_init(in, 0, 0, 0, 0, 16), TRAP_NONE);
  assert_int_equal(wm_table_init(in, 0, 0, 0, 0, 16), TRAP_NONE);
  assert_int_equal(wm_table_fill(in, 0, 16, some, 16), TRAP_NONE);
  assert_int_equal(in->memory0_base[15], '0');
  assert_non_null(in->tables[0]->elems[15]);
  assert_ptr_equal(in->tables[0]->elems[31], some);
  wm_stop_take_back(f->store->stop, UINT32_MAX);
}

/* ---- throwing ---- */

static TrapCode throw_twice(Store *store, Func *func, Instance *caller, u64 *slots) {
  (void)func, (void)slots;
  assert_int_equal(wm_exception_throw_new(store, caller->tags[0], NULL), TRAP_EXCEPTION);
  (void)wm_exception_take(store);
  wm_stop_request(store->stop, STOP_ASKED);
  TrapCode code = wm_exception_throw_new(store, caller->tags[0], NULL);
  wm_stop_take_back(store->stop, UINT32_MAX);
  return code;
}

/* Who catches is looked for no further when wasm must stop. */
static void the_search_for_a_clause_stops(void **state) {
  Fixture *f = *state;
  static const char wat[] = "(module (import \"\" \"h\" (func $h)) (tag $e)"
                            " (func (export \"f\") (try_table (catch $e 0) (call $h))))";
  LoadedModule *lm = load(f, wat);
  Object *host = (Object *)wm_func_new_host(f->store, lm->module.types[0].type_id, throw_twice,
                                            NULL, NULL, NULL);
  Instance *in = wm_instance_new(f->store, lm, &host, 1, NULL);
  u64 slots[1] = {0};
  Func *func = (Func *)(void *)wm_instance_export(in, &lm->module.exports[0]);
  assert_int_equal(wm_call(f->store, func, slots), TRAP_INTERRUPTED);
  assert_int_equal(wm_store_take_trap(f->store)->code, TRAP_INTERRUPTED);
  wm_loaded_release(lm);
}

/* ---- instantiation ---- */

static void expect_stopped(Fixture *f, const Buffer *wat) {
  LoadedModule *lm = load(f, (const char *)wat->data);
  Error err = {0};
  wm_stop_request(f->store->stop, STOP_ASKED);
  assert_null(wm_instance_new(f->store, lm, NULL, 0, &err));
  assert_int_equal(err.code, ERR_TRAP);
  assert_string_equal(err.message, "interrupted");
  assert_int_equal(wm_store_take_trap(f->store)->code, TRAP_INTERRUPTED);
  wm_stop_take_back(f->store->stop, UINT32_MAX);
  err = (Error){0};
  assert_non_null(wm_instance_new(f->store, lm, NULL, 0, &err));
  wm_loaded_release(lm);
  wm_store_collect(f->store);
}

/* What an instance is made of may be much in each of these ways. */
static void instantiation_stops(void **state) {
  static const struct {
    const char *before, *each, *after;
  } kinds[] = {
      {"(table 1 funcref) (func $f) (elem (i32.const 0) $f)", "(func) (export \"%d\" (func %d))",
       ""},
      {"", "(global i32 (i32.const %d))", ""},
      {"", "(table %d funcref)", ""},
      {"(memory 1)", "(data (i32.const %d) \"\")", ""},
      {"(table 1 funcref)", "(elem (i32.const 0))", ""},
      {"(func $f) (elem funcref", "(ref.func $f)", ")"},
      {"(memory 1) (data (i32.const 0) \"", "%d", "\")"},
      {"(global i32 i32.const 0", " i32.const %d i32.add", ")"},
  };
  for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
    Buffer wat = {0};
    wm_buffer_print(&wat, "(module %s", kinds[i].before);
    for (int k = 0; k < 600; k++) wm_buffer_print(&wat, kinds[i].each, k, k); /* NOLINT */
    wm_buffer_print(&wat, "%s)", kinds[i].after);
    wm_buffer_byte(&wat, 0);
    expect_stopped(*state, &wat);
    wm_buffer_free(&wat);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(memory_copies_are_moves, setup, teardown),
      cmocka_unit_test_setup_teardown(table_copies_are_moves, setup, teardown),
      cmocka_unit_test_setup_teardown(operations_stop, setup, teardown),
      cmocka_unit_test_setup_teardown(operations_stop_in_the_middle, setup, teardown),
      cmocka_unit_test_setup_teardown(nothing_begins, setup, teardown),
      cmocka_unit_test_setup_teardown(the_search_for_a_clause_stops, setup, teardown),
      cmocka_unit_test_setup_teardown(instantiation_stops, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
