/* Tables: what was never written is never read, whoever writes; growth keeps what there was. */
#include "runtime/fixture.h"

#include <sys/mman.h>
#include <unistd.h>

enum { LARGE = 10000000 };

static Fixture *fixture_of(Tier tier) {
  Fixture *f = calloc(1, sizeof *f);
  Config config = config_of_tier(tier);
  f->engine = wm_engine_new(&config);
  f->store = wm_engine_store_new(f->engine);
  assert_non_null(f->store);
  return f;
}

static void drop(Fixture *f) {
  void *state = f;
  assert_int_equal(teardown(&state), 0);
}

/* How many of the table's pages are in memory. */
static u64 resident_pages(const Table *table) {
  static unsigned char in_core[LARGE * sizeof(Ref) / 4096 + 2];
  uintptr_t start = (uintptr_t)table->elems & ~(uintptr_t)4095;
  size_t bytes = (uintptr_t)(table->elems + table->length) - start, count = 0;
  assert_int_equal(mincore((void *)start, bytes, in_core), 0);
  for (size_t i = 0; i < (bytes + 4095) / 4096; i++) count += in_core[i] & 1;
  return count;
}

static const char writers[] =
    "(module (table $t (export \"t\") 10000000 externref) (table $u 4 externref)"
    "  (elem $e externref (ref.null extern))"
    "  (func (export \"set\") (param i32 externref) (table.set $t (local.get 0) (local.get 1)))"
    "  (func (export \"fill\") (param i32 externref)"
    "    (table.fill $t (local.get 0) (local.get 1) (i32.const 1)))"
    "  (func (export \"copy\") (param i32 externref) (table.set $u (i32.const 1) (local.get 1))"
    "    (table.copy $t $u (local.get 0) (i32.const 1) (i32.const 1))"
    "    (table.set $u (i32.const 1) (ref.null extern))))";

/* What one of the writers put at `index` of a large table is found by the collector, which reads
 * nothing else of the table. */
static void is_found(Fixture *f, const char *writer, u64 index) {
  Instance *in = instantiate(f, writers, NULL, 0);
  object_hold(&in->head);
  Foreign *object = wm_foreign_new(f->store, NULL);
  int ends = 0;
  assert_true(wm_store_set_info(f->store, &object->head, &ends, count_call));
  u64 slots[2] = {index, (u64)(uintptr_t)object};
  assert_int_equal(wm_call(f->store, (Func *)export_named(in, writer), slots), TRAP_NONE);
  Table *table = (Table *)export_named(in, "t");
  assert_ptr_equal(table->elems[index], object);
  wm_store_collect(f->store);
  assert_int_equal(ends, 0);
  assert_true(f->store->threshold_bytes < 2 * COLLECT_MIN_DEBT_BYTES);
  assert_true(resident_pages(table) < 100);
  table_write(table, index, NULL);
  object_let_go(&in->head);
  wm_store_collect(f->store);
  assert_int_equal(ends, 1);
}

static void only_what_was_written_is_read(void **state) {
  static const char *const names[] = {"set", "fill", "copy"};
  static const u64 places[] = {0, CARD_ELEMENTS - 1, CARD_ELEMENTS, LARGE - 1};
  (void)state;
  for (Tier tier = TIER_AUTO; tier <= TIER_JIT; tier++) {
    Fixture *f = fixture_of(tier);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
      for (size_t k = 0; k < ARRAY_LEN(places); k++) is_found(f, names[i], places[k]);
    drop(f);
  }
}

static void segments_mark_what_they_write(void **state) {
  Fixture *f = *state;
  Instance *in = instantiate(f,
                             "(module (table (export \"t\") 10000000 funcref) (func $f)"
                             "  (elem (i32.const 5000) $f) (elem (i32.const 9999999) $f))",
                             NULL, 0);
  Table *table = (Table *)export_named(in, "t");
  object_hold(&table->head); /* the table alone keeps the instance through its elements */
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 1);
  assert_true(resident_pages(table) < 100);
  table_write(table, 5000, NULL);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 1);
  table_write(table, 9999999, NULL);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_INSTANCE), 0);
  object_let_go(&table->head);
}

/* What a collection read is paid for by allocations before the next is due. */
static void reading_much_is_rare(void **state) {
  Fixture *f = *state;
  TableType type = {.element = VAL_EXTERNREF, .limits = {.min = 1000000}};
  Foreign *object = wm_foreign_new(f->store, NULL);
  Table *table = wm_table_new(f->store, &type, ref_of_object(object), NULL);
  object_hold(&table->head);
  wm_store_collect(f->store);
  assert_true(f->store->threshold_bytes >= 1000000 * sizeof(Ref));
  assert_ptr_equal(table->elems[999999], object);
  object_let_go(&table->head);
}

static void growing_keeps_and_adds(void **state) {
  Fixture *f = *state;
  TableType type = {.element = VAL_EXTERNREF, .limits = {.min = 3}};
  Foreign *a = wm_foreign_new(f->store, NULL), *b = wm_foreign_new(f->store, NULL);
  Table *table = wm_table_new(f->store, &type, NULL, NULL);
  object_hold(&table->head);
  table_write(table, 2, ref_of_object(a));
  assert_int_equal(wm_table_grow(f->store, table, 9000, NULL), 3);
  table_write(table, 8999, ref_of_object(a));
  assert_int_equal(wm_table_grow(f->store, table, 10, ref_of_object(b)), 9003);
  assert_int_equal(wm_table_grow(f->store, table, LARGE - 9013, NULL), 9013);
  assert_int_equal(wm_table_grow(f->store, table, 1, NULL), UINT64_MAX);
  wm_store_collect(f->store);
  assert_int_equal(count_objects(f->store, OBJ_FOREIGN), 2);
  for (u64 i = 0; i < 20000; i++)
    assert_ptr_equal(table->elems[i], i == 2 || i == 8999          ? &a->head
                                      : i >= 9003 && i < 9003 + 10 ? &b->head
                                                                   : NULL);
  assert_true(resident_pages(table) < 100);
  object_let_go(&table->head);
}

/* Growth that was stopped leaves nothing that later growth would show. */
static void stopped_growth_leaves_nothing(void **state) {
  Fixture *f = *state;
  TableType type = {.element = VAL_EXTERNREF, .limits = {.min = 3}};
  Foreign *a = wm_foreign_new(f->store, NULL);
  Table *table = wm_table_new(f->store, &type, NULL, NULL);
  object_hold(&table->head);
  table_write(table, 1, ref_of_object(a));
  assert_int_equal(wm_table_grow(f->store, table, CARD_ELEMENTS - 5, NULL), 3);
  assert_int_equal(wm_table_grow(f->store, table, 1, NULL), CARD_ELEMENTS - 2);
  u64 length = CARD_ELEMENTS - 1, delta = table->capacity - length; /* needs no move */
  assert_true(delta > 100);
  wm_stop_request(f->store->stop, STOP_ASKED);
  assert_int_equal(wm_table_grow(f->store, table, delta, ref_of_object(a)), UINT64_MAX);
  assert_ptr_equal(table->elems[length], a); /* alone on its card: small enough not to look */
  assert_int_equal(table->length, length);
  wm_stop_take_back(f->store->stop, UINT32_MAX);
  assert_int_equal(wm_table_grow(f->store, table, delta, NULL), length);
  for (u64 i = length; i < length + delta; i++) assert_null(table->elems[i]);
  wm_stop_request(f->store->stop, STOP_ASKED); /* the move of what there is can be stopped, too */
  assert_int_equal(wm_table_grow(f->store, table, 100000, NULL), UINT64_MAX);
  assert_ptr_equal(table->elems[1], a);
  wm_stop_take_back(f->store->stop, UINT32_MAX);
  assert_int_equal(wm_table_grow(f->store, table, 100000, NULL), length + delta);
  assert_ptr_equal(table->elems[1], a);
  object_let_go(&table->head);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_what_was_written_is_read),
      cmocka_unit_test_setup_teardown(segments_mark_what_they_write, setup, teardown),
      cmocka_unit_test_setup_teardown(reading_much_is_rare, setup, teardown),
      cmocka_unit_test_setup_teardown(growing_keeps_and_adds, setup, teardown),
      cmocka_unit_test_setup_teardown(stopped_growth_leaves_nothing, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
