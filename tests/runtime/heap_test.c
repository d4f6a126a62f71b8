/* The heap of structs and arrays: generations and their log, limits and holes, stopping. */
#include "runtime/fixture.h"
#include "runtime/gc.h"

/* ---- what the tests call ---- */

static const char program[] =
    "(module"
    "  (type $node (struct (field $next (mut (ref null $node))) (field $v (mut i32))))"
    "  (type $nodes (array (mut (ref null $node))))"
    "  (type $wide (struct (field $a (mut v128)) (field $n (mut (ref null $node)))"
    "    (field $any (mut anyref))))"
    "  (type $bytes (array (mut i8)))"
    "  (table $t 8000 anyref) (global $g (mut (ref null $node)) (ref.null $node))"
    "  (global $list (mut (ref null $node)) (ref.null $node))"
    "  (global $array (mut (ref null $nodes)) (ref.null $nodes))"
    "  (global $w (mut (ref null $wide)) (ref.null $wide))"
    "  (elem $e (ref null $node) (item (struct.new $node (ref.null $node) (i32.const 77)))"
    "    (item (ref.null $node)))"
    "  (func $node (param $v i32) (result (ref $node))"
    "    (struct.new $node (ref.null $node) (local.get $v)))"
    "  (func $value (param $n (ref null $node)) (result i32) (struct.get $node $v (local.get $n)))"
    /* A list of `count` nodes in front of $list. */
    "  (func (export \"grow\") (param $count i32)"
    "    (loop $l (if (local.get $count) (then"
    "      (global.set $list (struct.new $node (global.get $list) (local.get $count)))"
    "      (local.set $count (i32.sub (local.get $count) (i32.const 1))) (br $l)))))"
    "  (func (export \"sum\") (result i64) (local $n (ref null $node)) (local $sum i64)"
    "    (local.set $n (global.get $list))"
    "    (loop $l (if (ref.is_null (local.get $n)) (then (return (local.get $sum))))"
    "      (local.set $sum (i64.add (local.get $sum)"
    "        (i64.extend_i32_u (call $value (local.get $n)))))"
    "      (local.set $n (struct.get $node $next (local.get $n))) (br $l)) (unreachable))"
    "  (func (export \"drop\") (global.set $list (ref.null $node)) (elem.drop $e))"
    /* Keeps one of `each` nodes. */
    "  (func (export \"thin\") (param $each i32) (local $n (ref null $node))"
    "    (local $to (ref null $node)) (local $i i32)"
    "    (local.set $to (global.get $list)) (local.set $i (i32.const 1))"
    "    (local.set $n (struct.get $node $next (local.get $to)))"
    "    (loop $l (if (ref.is_null (local.get $n)) (then"
    "        (struct.set $node $next (local.get $to) (ref.null $node)) (return)))"
    "      (if (i32.eqz (i32.rem_u (local.get $i) (local.get $each))) (then"
    "        (struct.set $node $next (local.get $to) (local.get $n))"
    "        (local.set $to (local.get $n))))"
    "      (local.set $n (struct.get $node $next (local.get $n)))"
    "      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l)))"
    "  (func (export \"garbage\") (param $count i32)"
    "    (loop $l (if (local.get $count) (then (drop (call $node (local.get $count)))"
    "      (local.set $count (i32.sub (local.get $count) (i32.const 1))) (br $l)))))"
    "  (func (export \"bytes\") (param $length i32)"
    "    (drop (array.new_default $bytes (local.get $length))))"
    /* A node for each store below, and what is stored in is old when it is small. */
    "  (func (export \"prepare\") (param $length i32)"
    "    (global.set $array (array.new_default $nodes (local.get $length)))"
    "    (global.set $w (struct.new_default $wide)) (global.set $g (call $node (i32.const 0))))"
    "  (func (export \"store\") (param $at i32)"
    "    (array.set $nodes (global.get $array) (local.get $at) (call $node (i32.const 1)))"
    "    (array.fill $nodes (global.get $array) (i32.add (local.get $at) (i32.const 1))"
    "      (call $node (i32.const 2)) (i32.const 3))"
    "    (array.copy $nodes $nodes (global.get $array) (i32.add (local.get $at) (i32.const 4))"
    "      (array.new $nodes (call $node (i32.const 3)) (i32.const 2)) (i32.const 0) (i32.const 2))"
    "    (array.init_elem $nodes $e (global.get $array) (i32.add (local.get $at) (i32.const 6))"
    "      (i32.const 0) (i32.const 2))"
    "    (struct.set $wide $n (global.get $w) (call $node (i32.const 4)))"
    "    (struct.set $wide $any (global.get $w)"
    "      (any.convert_extern (extern.convert_any (call $node (i32.const 5)))))"
    "    (struct.set $node $next (global.get $g) (call $node (i32.const 6)))"
    "    (table.set $t (i32.const 5000) (call $node (i32.const 7)))"
    "    (table.fill $t (i32.const 10) (call $node (i32.const 8)) (i32.const 20)))"
    "  (func (export \"check\") (param $at i32) (result i32) (local $i i32) (local $sum i32)"
    "    (loop $l (if (i32.lt_u (local.get $i) (i32.const 7)) (then"
    "      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))"
    "        (call $value (array.get $nodes (global.get $array)"
    "          (i32.add (local.get $at) (local.get $i))))))"
    "      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l))))"
    "    (local.set $sum (i32.add (local.get $sum)"
    "      (call $value (struct.get $wide $n (global.get $w)))))"
    "    (local.set $sum (i32.add (local.get $sum)"
    "      (call $value (ref.cast (ref $node) (struct.get $wide $any (global.get $w))))))"
    "    (local.set $sum (i32.add (local.get $sum)"
    "      (call $value (struct.get $node $next (global.get $g)))))"
    "    (local.set $sum (i32.add (local.get $sum)"
    "      (call $value (ref.cast (ref $node) (table.get $t (i32.const 5000))))))"
    "    (i32.add (local.get $sum)"
    "      (call $value (ref.cast (ref $node) (table.get $t (i32.const 29))))))"
    ")";

enum { NODE_BYTES = 24, MIB = 1 << 20, SMALL = 100, LARGE = 100000 };
/* What "check" gives. */
enum {
  STORED = ((((((1 * 3 + 2) * 3 + 2) * 3 + 2) * 3 + 3) * 3 + 3) * 3 + 77) + 4 + 5 + 6 + 7 + 8
};

static Instance *start(Fixture *f) {
  Instance *in = instantiate(f, program, NULL, 0);
  object_hold(&in->head);
  return in;
}

static TrapCode try_call(Instance *in, const char *name, u64 *slot) {
  return wm_call(in->store, (Func *)export_named(in, name), slot);
}

static u64 call(Instance *in, const char *name, u64 argument) {
  u64 slots[4] = {argument};
  assert_int_equal(try_call(in, name, slots), TRAP_NONE);
  return slots[0];
}

static GcStats stats_of(const Store *store) {
  GcStats stats;
  wm_heap_stats(store->heap, &stats);
  return stats;
}

static void minor(Store *store) { wm_store_collect_heap(store, false); }

/* ---- generations ---- */

/* Each way to store a reference in something old, before each of whose allocations the log is
 * checked. */
static void check_stores(Fixture *f, u64 length, u8 stress) {
  f->store->heap_stress = stress;
  Instance *in = start(f);
  for (u64 at = 0; at + 8 <= length; at += length / 2 - 4) {
    call(in, "prepare", length);
    minor(f->store);
    call(in, "store", at);
    minor(f->store);
    call(in, "garbage", stress ? 10 : 10000);
    assert_int_equal((u32)call(in, "check", at), STORED);
    wm_store_collect(f->store);
    call(in, "garbage", stress ? 10 : 10000);
    assert_int_equal((u32)call(in, "check", at), STORED);
  }
  assert_false(f->store->heap->is_broken);
}

static void stores_are_logged(void **state) { check_stores(*state, SMALL, STRESS_MINOR); }
static void stores_have_cards(void **state) { check_stores(*state, LARGE, STRESS_MINOR); }
static void stores_survive_full(void **state) { check_stores(*state, SMALL, STRESS_FULL); }
static void stores_without_stress(void **state) { check_stores(*state, LARGE, STRESS_NONE); }

/* The check can fail: without its log the heap is not whole. */
static void a_lost_entry_is_found(void **state) {
  Fixture *f = *state;
  Instance *in = start(f);
  call(in, "grow", 100);
  minor(f->store);
  Heap *heap = f->store->heap;
  assert_true(wm_heap_verify(heap));
  call(in, "thin", 2);
  assert_int_not_equal(heap->log_len, 0);
  assert_true(wm_heap_verify(heap));
  heap->log_len--;
  assert_false(wm_heap_verify(heap));
  heap->log_len++;
  minor(f->store);
  assert_int_equal(heap->log_len, 0);
}

/* More objects than the log takes: nothing is lost, the next collection is full. */
static void a_full_log_is_no_loss(void **state) {
  Fixture *f = *state;
  Instance *in = start(f);
  call(in, "grow", 3 * HEAP_LOG);
  u64 sum = call(in, "sum", 0);
  wm_store_collect(f->store);
  call(in, "thin", 1); /* writes to each */
  assert_true(f->store->heap->needs_full);
  u64 full = stats_of(f->store).full.count;
  call(in, "garbage", 2 * NURSERY_BYTES / NODE_BYTES);
  assert_true(stats_of(f->store).full.count > full);
  assert_int_equal(call(in, "sum", 0), sum);
  assert_true(wm_heap_verify(f->store->heap));
}

static void the_young_die_young(void **state) {
  Fixture *f = *state;
  Instance *in = start(f);
  call(in, "grow", 1000);
  u64 sum = call(in, "sum", 0);
  call(in, "garbage", 300 * MIB / NODE_BYTES);
  GcStats stats = stats_of(f->store);
  assert_true(stats.minor.count >= 10);
  assert_int_equal(stats.full.count, 0);
  assert_true(stats.allocated_bytes >= 299 * (u64)MIB && stats.allocated_bytes < 320 * (u64)MIB);
  assert_true(stats.peak_committed_bytes <= NURSERY_BYTES + MIB);
  assert_true(stats.live_bytes >= 1000 * 16 && stats.live_bytes < MIB);
  u64 p50 = wm_gc_pause_ns(&stats.minor, 500);
  assert_true(p50 > 0 && p50 <= wm_gc_pause_ns(&stats.minor, 990));
  assert_true(wm_gc_pause_ns(&stats.minor, 1000) <= stats.minor.max_ns);
  assert_int_equal(call(in, "sum", 0), sum);
}

static void without_generations_all_are_full(void **state) {
  Fixture *f = *state;
  f->store->heap_full_only = true;
  Instance *in = start(f);
  call(in, "garbage", 50 * MIB / NODE_BYTES);
  GcStats stats = stats_of(f->store);
  assert_int_equal(stats.minor.count, 0);
  assert_true(stats.full.count >= 2);
}

static void pauses_fall_in_steps(void **state) {
  (void)state;
  static GcPauses pauses;
  assert_int_equal(wm_gc_pause_ns(&pauses, 990), 0);
  for (u64 ns = 1; ns <= 1000; ns++) wm_gc_pause_add(&pauses, ns * 1000);
  static const u32 per_mille[] = {10, 500, 990, 1000};
  for (size_t i = 0; i < ARRAY_LEN(per_mille); i++) {
    u64 exact = per_mille[i] * UINT64_C(1000), told = wm_gc_pause_ns(&pauses, per_mille[i]);
    assert_true(told >= exact && told <= exact + exact / 7);
  }
  wm_gc_pause_add(&pauses, UINT64_MAX / 2);
  assert_true(pauses.max_ns == UINT64_MAX / 2);
}

/* ---- limits and holes ---- */

static void set_limit(Store *store, u64 bytes) {
  StoreLimits limits = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, bytes};
  wm_account_set_limits(store->account, &limits);
}

static void garbage_fits_a_limit(void **state) {
  Fixture *f = *state;
  set_limit(f->store, 4 * MIB);
  Instance *in = start(f);
  call(in, "grow", 1 * MIB / NODE_BYTES);
  u64 sum = call(in, "sum", 0);
  call(in, "garbage", 200 * MIB / NODE_BYTES);
  for (u32 i = 0; i < 200; i++) call(in, "bytes", MIB);
  assert_int_equal(call(in, "sum", 0), sum);
  assert_true(stats_of(f->store).peak_committed_bytes <= 4 * MIB);
}

static void trapped(Instance *in, const char *name, u64 argument, TrapCode code) {
  u64 slots[4] = {argument};
  assert_int_equal(try_call(in, name, slots), code);
  wm_store_take_trap(in->store);
}

static void what_lives_is_limited(void **state) {
  Fixture *f = *state;
  set_limit(f->store, 4 * MIB);
  Instance *in = start(f);
  trapped(in, "grow", 8 * MIB / NODE_BYTES, TRAP_OUT_OF_MEMORY);
  assert_true(stats_of(f->store).peak_committed_bytes <= 4 * MIB);
  call(in, "drop", 0);
  call(in, "grow", 2 * MIB / NODE_BYTES);
  assert_int_not_equal(call(in, "sum", 0), 0);
}

/* Holes everywhere, and none is large enough: a collection more would find the same. */
static void small_holes_end_in_a_trap(void **state) {
  Fixture *f = *state;
  set_limit(f->store, 4 * MIB);
  Instance *in = start(f);
  call(in, "grow", 7 * MIB / 2 / NODE_BYTES);
  call(in, "thin", 3);
  u64 full = stats_of(f->store).full.count;
  for (u32 length = 200; length < 300; length += 10)
    for (u32 i = 0; i < 3; i++) {
      u64 slots[4] = {length};
      TrapCode trap = try_call(in, "bytes", slots);
      assert_true(trap == TRAP_NONE || trap == TRAP_OUT_OF_MEMORY);
      wm_store_take_trap(f->store);
    }
  assert_true(stats_of(f->store).full.count <= full + 3 * 30);
  call(in, "garbage", 20 * MIB / NODE_BYTES);
}

/* Medium objects fit holes when there are no empty blocks left. */
static void medium_objects_find_holes(void **state) {
  Fixture *f = *state;
  set_limit(f->store, 4 * MIB);
  Instance *in = start(f);
  call(in, "grow", 7 * MIB / 2 / NODE_BYTES);
  call(in, "thin", 300);
  wm_store_collect(f->store);
  for (u32 i = 0; i < 20000; i++) call(in, "bytes", 1000);
}

static void free_pages_are_given_back(void **state) {
  Fixture *f = *state;
  Instance *in = start(f);
  call(in, "grow", 200 * MIB / NODE_BYTES);
  call(in, "thin", 2048);
  u64 sum = call(in, "sum", 0);
  wm_store_collect(f->store);
  GcStats stats = stats_of(f->store);
  assert_true(stats.peak_committed_bytes >= 190 * (u64)MIB);
  assert_true(stats.committed_bytes <= 48 * (u64)MIB);
  assert_true(stats.committed_bytes == wm_account_usage(f->store->account).heap_bytes);
  call(in, "garbage", 300 * MIB / NODE_BYTES);
  assert_int_equal(call(in, "sum", 0), sum);
  call(in, "drop", 0);
  wm_store_collect(f->store);
  assert_int_equal(stats_of(f->store).committed_bytes, 0);
  assert_int_equal(wm_account_usage(f->store->account).heap_bytes, 0);
}

/* ---- stopping ---- */

static void a_collection_stops(void **state) {
  Fixture *f = *state;
  Instance *in = start(f);
  call(in, "grow", 300000);
  u64 sum = call(in, "sum", 0);
  for (u32 round = 0; round < 3; round++) {
    call(in, "garbage", 1000);
    wm_stop_request(f->store->stop, STOP_ASKED);
    wm_store_collect_heap(f->store, true);
    assert_int_equal(stats_of(f->store).abandoned, round + 1);
    wm_stop_take_back(f->store->stop, STOP_ASKED);
    assert_int_equal(call(in, "sum", 0), sum);
    if (round == 1) continue; /* twice in a row */
    call(in, "garbage", 2 * NURSERY_BYTES / NODE_BYTES);
    call(in, "thin", 1);
    assert_int_equal(call(in, "sum", 0), sum);
    assert_true(wm_heap_verify(f->store->heap));
  }
  u64 full = stats_of(f->store).full.count;
  assert_true(full >= 2);
  call(in, "drop", 0);
  wm_store_collect(f->store);
  assert_int_equal(stats_of(f->store).live_bytes, 0);
}

/* The host is asked at polls of wasm: until then its wish alone ends nothing. */
static bool go_on(void *env) {
  (void)env;
  return true;
}

static void one_that_is_asked_waits(void **state) {
  Fixture *f = *state;
  Instance *in = start(f);
  call(in, "grow", 100000);
  f->store->on_stop = go_on;
  wm_stop_request(f->store->stop, STOP_ASKED);
  wm_store_collect_heap(f->store, true);
  assert_int_equal(stats_of(f->store).abandoned, 0);
  wm_stop_request(f->store->stop, STOP_DEADLINE);
  wm_store_collect_heap(f->store, true);
  assert_int_equal(stats_of(f->store).abandoned, 1);
  wm_stop_take_back(f->store->stop, STOP_ASKED | STOP_DEADLINE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(stores_are_logged, setup, teardown),
      cmocka_unit_test_setup_teardown(stores_have_cards, setup, teardown),
      cmocka_unit_test_setup_teardown(stores_survive_full, setup, teardown),
      cmocka_unit_test_setup_teardown(stores_without_stress, setup, teardown),
      cmocka_unit_test_setup_teardown(a_lost_entry_is_found, setup, teardown),
      cmocka_unit_test_setup_teardown(a_full_log_is_no_loss, setup, teardown),
      cmocka_unit_test_setup_teardown(the_young_die_young, setup, teardown),
      cmocka_unit_test_setup_teardown(without_generations_all_are_full, setup, teardown),
      cmocka_unit_test(pauses_fall_in_steps),
      cmocka_unit_test_setup_teardown(garbage_fits_a_limit, setup, teardown),
      cmocka_unit_test_setup_teardown(what_lives_is_limited, setup, teardown),
      cmocka_unit_test_setup_teardown(small_holes_end_in_a_trap, setup, teardown),
      cmocka_unit_test_setup_teardown(medium_objects_find_holes, setup, teardown),
      cmocka_unit_test_setup_teardown(free_pages_are_given_back, setup, teardown),
      cmocka_unit_test_setup_teardown(a_collection_stops, setup, teardown),
      cmocka_unit_test_setup_teardown(one_that_is_asked_waits, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
