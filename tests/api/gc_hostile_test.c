/* What hosts and guests get wrong with structs and arrays, or ask too much: an error or a trap, and
 * the store works on. */
#include "api/gc_fixture.h"

#include "support/resident.h"
#include "support/sanitizer.h"

/* ---- misuse ---- */

/* Of no reference, of another kind than wanted, of one whose store is gone. */
static void nothing_is_done_to(wasm_ref_t *ref) {
  wasmx_val_t val, i32 = val_i32(1);
  uint8_t byte = 0;
  assert_false(wasmx_struct_get(ref, 0, &val) || wasmx_struct_get_s(ref, 0, &val));
  assert_null(val.of.ref);
  assert_false(wasmx_struct_set(ref, 0, &i32));
  assert_last_error(WASMX_ARGUMENT, "");
  assert_false(wasmx_array_get(ref, 0, &val) || wasmx_array_get_s(ref, 0, &val));
  assert_false(wasmx_array_set(ref, 0, &i32) || wasmx_array_fill(ref, 0, &i32, 0));
  assert_false(wasmx_array_read(ref, 0, &byte, 0) || wasmx_array_write(ref, 0, &byte, 0));
  assert_false(wasmx_array_copy(ref, 0, ref, 0, 0));
  assert_int_equal(wasmx_array_length(ref), 0);
  assert_last_error(WASMX_ARGUMENT, "");
}

static void wrong_kinds_are_refused(void **state) {
  Guest *g = *state;
  int32_t number;
  wasm_foreign_t *foreign = wasm_foreign_new(g->store);
  wasm_func_t *func = wasmx_instance_func(g->in, "x");
  wasm_ref_t *i31 = wasmx_i31_new(g->store, 5), *point = point_new(g, 1, 1);
  nothing_is_done_to(NULL);
  nothing_is_done_to(i31);
  nothing_is_done_to(wasm_func_as_ref(func));
  nothing_is_done_to(wasm_foreign_as_ref(foreign));
  assert_false(wasmx_i31_get(point, &number) || wasmx_i31_get(NULL, &number) ||
               wasmx_i31_get(i31, NULL) || wasmx_slot_get_i31(wasmx_slot_of_ref(point), &number));
  assert_int_equal(wasmx_ref_kind(NULL), WASMX_REF_NULL);
  assert_null(wasmx_ref_type(NULL));
  assert_null(wasmx_ref_cast(NULL, NULL));
  assert_false(wasmx_ref_is(point, NULL) || wasmx_ref_is(NULL, NULL));
  wasmx_valtype_t none = wasmx_valtype_of_kind(77), group = wasmx_valtype_of_group(0, true);
  assert_false(wasmx_ref_is(point, &none) || wasmx_ref_is(point, &group));
  wasm_foreign_delete(foreign), wasm_func_delete(func);
  wasm_ref_delete(i31), wasm_ref_delete(point);
}

static void wrong_places_and_values_are_refused(void **state) {
  Guest *g = *state;
  wasm_ref_t *point = point_new(g, 1, 1);
  wasm_ref_t *bytes = wasmx_array_new(g->store, g->types[BYTES], NULL, 4);
  wasm_ref_t *shorts = wasmx_array_new(g->store, g->types[SHORTS], NULL, 4);
  wasmx_val_t val, i32 = val_i32(1), i64 = val_i64(1), ref = val_ref(point);
  assert_false(wasmx_struct_get(point, 2, &val) || wasmx_struct_get(point, UINT32_MAX, &val));
  assert_false(wasmx_struct_get(point, 0, NULL) || wasmx_struct_set(point, 0, NULL));
  assert_false(wasmx_struct_set(point, 2, &i32) || wasmx_struct_set(point, 0, &i64) ||
               wasmx_struct_set(point, 0, &ref));
  assert_false(wasmx_array_get(bytes, 4, &val) || wasmx_array_set(bytes, 4, &i32));
  assert_false(wasmx_array_set(bytes, 0, &i64) || wasmx_array_set(bytes, 0, NULL) ||
               wasmx_array_fill(bytes, 0, NULL, 1) || wasmx_array_fill(bytes, 0, &ref, 1));
  assert_false(wasmx_array_fill(bytes, 3, &i32, 2) ||
               wasmx_array_fill(bytes, UINT32_MAX, &i32, UINT32_MAX));
  assert_last_error(WASMX_ARGUMENT, "out of bounds");
  uint8_t data[8] = {1, 2, 3, 4};
  assert_false(wasmx_array_read(bytes, 1, data, 4) || wasmx_array_read(bytes, 5, data, 0) ||
               wasmx_array_read(bytes, UINT32_MAX, data, 2) || wasmx_array_read(bytes, 0, NULL, 1));
  assert_false(wasmx_array_write(bytes, 1, data, 4) ||
               wasmx_array_write(bytes, 2, data, UINT32_MAX) ||
               wasmx_array_write(bytes, 0, NULL, 1));
  assert_false(wasmx_array_copy(bytes, 1, bytes, 0, 4) || wasmx_array_copy(bytes, 0, bytes, 2, 3));
  assert_false(wasmx_array_copy(bytes, 0, shorts, 0, 1) || wasmx_array_copy(bytes, 0, point, 0, 1));
  assert_true(wasmx_array_read(bytes, 0, data, 4));
  assert_memory_equal(data, "\0\0\0\0", 4); /* nothing was written */
  assert_null(wasmx_struct_new(g->store, g->types[POINT], &i32, 1));
  assert_null(wasmx_struct_new(g->store, g->types[BYTES], NULL, 0));
  assert_null(wasmx_array_new(g->store, g->types[POINT], NULL, 1));
  assert_null(wasmx_array_new(g->store, g->types[BYTES], &i64, 1));
  assert_null(wasmx_array_new_fixed(g->store, g->types[BYTES], NULL, 1));
  assert_null(wasmx_array_new_data(g->store, g->types[BYTES], NULL, 1));
  assert_null(wasmx_struct_new(NULL, g->types[POINT], NULL, 0));
  assert_null(wasmx_struct_new(g->store, NULL, NULL, 0));
  assert_null(wasmx_i31_new(NULL, 0));
  wasm_ref_delete(point), wasm_ref_delete(bytes), wasm_ref_delete(shorts);
}

static void constant_elements_stay(void **state) {
  Guest *g = *state;
  wasmx_field_t element = {wasmx_valtype_of_kind(WASMX_I8), WASM_CONST};
  wasmx_type_t *type = wasmx_type_new_array(g->w.engine, &element);
  wasm_ref_t *bytes = wasmx_array_new_data(g->store, type, "abcd", 4);
  wasmx_val_t i32 = val_i32(1);
  wasmx_slot_t slot = wasmx_slot_i32(1);
  uint64_t object = wasmx_slot_of_ref(bytes);
  assert_false(wasmx_array_set(bytes, 0, &i32) || wasmx_array_fill(bytes, 0, &i32, 1) ||
               wasmx_array_write(bytes, 0, "x", 1) || wasmx_array_copy(bytes, 0, bytes, 1, 1) ||
               wasmx_array_set_raw(g->store, object, 0, &slot) ||
               wasmx_array_write_raw(g->store, object, 0, "x", 1));
  assert_last_error(WASMX_ARGUMENT, "constant");
  char text[5] = "";
  assert_true(wasmx_array_read(bytes, 0, text, 4));
  assert_string_equal(text, "abcd");
  wasm_ref_delete(bytes);
  wasmx_type_delete(type);
}

static void other_stores_objects_are_refused(void **state) {
  Guest *g = *state;
  wasm_store_t *other = wasm_store_new(g->w.engine);
  wasm_ref_t *point = wasmx_struct_new(other, g->types[POINT], NULL, 0);
  wasm_ref_t *theirs = wasmx_array_new(other, g->types[REFS], NULL, 1);
  wasm_ref_t *mine = wasmx_array_new(g->store, g->types[REFS], NULL, 1);
  wasmx_val_t val = val_ref(point);
  assert_false(wasmx_array_set(mine, 0, &val) || wasmx_array_copy(mine, 0, theirs, 0, 1) ||
               wasmx_instance_global_set(g->in, "kept", &val) ||
               wasmx_instance_table_set(g->in, "table", 0, &val));
  assert_null(wasmx_array_new(g->store, g->types[REFS], &val, 1));
  assert_null(wasmx_array_new_fixed(g->store, g->types[REFS], &val, 1));
  wasm_func_t *same = wasmx_instance_func(g->in, "same");
  wasmx_val_t result;
  assert_trap(wasmx_func_call(same, 1, &val, 1, &result), "argument 0");
  assert_false(wasm_ref_same(point, mine));
  wasm_func_delete(same);
  wasm_ref_delete(point), wasm_ref_delete(theirs), wasm_ref_delete(mine);
  wasm_store_delete(other);
}

static void slots_are_looked_at(void **state) {
  Guest *g = *state;
  wasm_store_t *store = g->store;
  wasm_ref_t *point = point_new(g, 1, 1);
  wasmx_slot_t out, slot = wasmx_slot_i32(1);
  uint64_t object = wasmx_slot_of_ref(point);
  uint8_t byte;
  const uint64_t wrong[] = {0, wasmx_slot_of_i31(3)};
  for (size_t i = 0; i < 2; i++) {
    assert_false(wasmx_struct_get_raw(store, wrong[i], 0, &out) ||
                 wasmx_struct_set_raw(store, wrong[i], 0, &slot) ||
                 wasmx_array_get_raw(store, wrong[i], 0, &out) ||
                 wasmx_array_set_raw(store, wrong[i], 0, &slot) ||
                 wasmx_array_read_raw(store, wrong[i], 0, &byte, 0) ||
                 wasmx_array_write_raw(store, wrong[i], 0, &byte, 0));
    assert_int_equal(wasmx_array_length_raw(store, wrong[i]), 0);
  }
  assert_false(
      wasmx_struct_get_raw(store, object, 2, &out) ||
      wasmx_struct_get_raw(store, object, 0, NULL) || wasmx_struct_get_raw(NULL, object, 0, &out) ||
      wasmx_struct_set_raw(store, object, 2, &slot) ||
      wasmx_struct_set_raw(store, object, 0, NULL) || wasmx_array_get_raw(store, object, 0, &out));
  wasmx_slot_t fields[] = {{.ref = object}, {.ref = 0}}; /* a point is no list */
  assert_false(wasmx_struct_new_raw(store, g->types[LIST], fields, &out));
  assert_false(wasmx_struct_new_raw(store, g->types[POINT], NULL, NULL) ||
               wasmx_struct_new_raw(NULL, g->types[POINT], NULL, &out) ||
               wasmx_array_new_raw(store, g->types[BYTES], NULL, 1, NULL) ||
               wasmx_array_new_data_raw(store, g->types[BYTES], "a", 1, NULL));
  assert_null(wasmx_roots_new(NULL, 1));
  assert_null(wasmx_roots_new(store, 0));
  assert_null(wasmx_roots_new(store, SIZE_MAX / 4));
  assert_null(wasmx_roots_slots(NULL));
  assert_int_equal(wasmx_roots_count(NULL), 0);
  wasmx_roots_delete(NULL);
  wasm_ref_delete(point);
}

/* ---- the store is gone ---- */

static void handles_outlive_their_store(void **state) {
  (void)state;
  Guest g = {.w = world_new()};
  guest_link(&g);
  wasm_ref_t *point = point_new(&g, 1, 1), *copy = wasm_ref_copy(point);
  wasm_ref_t *bytes = wasmx_array_new(g.store, g.types[BYTES], NULL, 4);
  wasm_ref_t *i31 = wasmx_i31_new(g.store, 5);
  wasmx_roots_t *roots = wasmx_roots_new(g.store, 3), *more = wasmx_roots_new(g.store, 2);
  wasmx_slot_t *slots = wasmx_roots_slots(roots);
  slots[0].ref = wasmx_slot_of_ref(point);
  assert_true(wasmx_store_try_delete(g.store));
  nothing_is_done_to(point);
  nothing_is_done_to(bytes);
  nothing_is_done_to(i31);
  int32_t number;
  wasmx_valtype_t any = wasmx_valtype_of_heap(WASMX_HEAP_ANY, true);
  assert_false(wasmx_i31_get(i31, &number) || wasmx_ref_is(point, &any));
  assert_int_equal(wasmx_ref_kind(point), WASMX_REF_NULL);
  assert_null(wasmx_ref_type(point));
  assert_int_equal(wasmx_slot_of_ref(point), 0);
  slots[1].u64 = 7;
  assert_int_equal(wasmx_roots_slots(roots)[1].u64, 7);
  wasmx_roots_delete(roots), wasmx_roots_delete(more);
  wasm_ref_delete(point), wasm_ref_delete(copy), wasm_ref_delete(bytes), wasm_ref_delete(i31);
  guest_let_go(&g);
  wasm_engine_delete(g.w.engine);
}

static void limit_heap(wasm_store_t *store, uint64_t bytes) {
  wasmx_limits_t limits = {.size = sizeof limits, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, bytes};
  assert_true(wasmx_store_set_limits(store, &limits));
}

/* A million of these must not need more memory than a few. */
static void stores_come_and_go(void **state) {
  (void)state;
  World w = world_new();
  wasmx_field_t field = {wasmx_valtype_of_heap(WASMX_HEAP_ANY, true), WASM_VAR};
  wasmx_type_t *pair = wasmx_type_new_struct(w.engine, &field, 1);
  wasmx_type_t *list = wasmx_type_new_array(w.engine, &field);
  long before = 0;
  enum { WARM = 100, ROUNDS = 3000 };
  for (int i = 0; i < ROUNDS; i++) {
    if (i == WARM) before = resident_kib();
    wasm_store_t *store = wasm_store_new(w.engine);
    wasm_ref_t *a = wasmx_struct_new(store, pair, NULL, 0);
    wasm_ref_t *b = wasmx_array_new(store, list, NULL, 5000);
    wasmx_roots_t *roots = wasmx_roots_new(store, 10);
    assert_true(a && b && roots);
    if (i % 2) wasm_ref_delete(a), wasmx_roots_delete(roots);
    assert_true(wasmx_store_try_delete(store));
    if (i % 2 == 0) wasm_ref_delete(a), wasmx_roots_delete(roots);
    wasm_ref_delete(b);
  }
  long after = resident_kib();
  if (!UNDER_ASAN && after > before + 1024) fail_msg("%ld KiB more", after - before);
  wasmx_type_delete(pair), wasmx_type_delete(list);
  world_delete(&w);
}

/* ---- too much ---- */

/* As large as it can be said. Without a limit a large one may be had where address space is free:
 * it is zero pages. */
static void huge_arrays_are_refused(void **state) {
  Guest *g = *state;
  const int32_t lengths[] = {INT32_MIN, -1, INT32_MAX};
  wasm_func_t *bytes = wasmx_instance_func(g->in, "array");
  wasm_func_t *shorts = wasmx_instance_func(g->in, "array16");
  for (size_t i = 0; i < 3; i++) {
    wasmx_slot_t slots[1] = {wasmx_slot_i32(lengths[i])};
    if (!UNDER_ASAN) {
      wasm_trap_t *trap = wasmx_func_call_raw(shorts, slots);
      if (trap) assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_OUT_OF_MEMORY);
      wasm_trap_delete(trap);
      wasmx_store_collect(g->store);
    }
    limit_heap(g->store, 64 << 20);
    for (int wide = 0; wide < 2; wide++) {
      slots[0] = wasmx_slot_i32(lengths[i]);
      wasm_trap_t *trap = wasmx_func_call_raw(wide ? shorts : bytes, slots);
      assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_OUT_OF_MEMORY);
      wasm_trap_delete(trap);
    }
    limit_heap(g->store, 0);
  }
  wasmx_field_t element = {wasmx_valtype_of_kind(WASMX_V128), WASM_VAR};
  wasmx_type_t *wide = wasmx_type_new_array(g->w.engine, &element);
  assert_null(wasmx_array_new(g->store, wide, NULL, UINT32_MAX)); /* 64 GiB */
  assert_last_error(WASMX_OUT_OF_MEMORY, "");
  assert_null(wasmx_array_new(g->store, wide, NULL, UINT32_C(1) << 31));
  wasmx_val_t value = {.kind = WASMX_V128};
  assert_null(wasmx_array_new_fixed(g->store, wide, &value, SIZE_MAX));
  assert_null(wasmx_array_new_fixed(g->store, wide, &value, SIZE_MAX / 16 + 1));
  wasmx_type_delete(wide);
  wasm_func_delete(bytes), wasm_func_delete(shorts);
  wasm_ref_delete(point_new(g, 1, 1)); /* works on */
}

/* A list is marked without recursion, whatever its length. */
static void long_lists_are_collected(void **state) {
  Guest *g = *state;
  enum { LINKS = UNDER_ASAN ? 300000 : 3000000 };
  wasm_func_t *func = wasmx_instance_func(g->in, "chain");
  wasm_ref_t *list = NULL;
  uint64_t before = live_bytes(g->store);
  assert_null(wasmx_call(func, "i32 -> externref", LINKS, &list));
  assert_true(live_bytes(g->store) >= before + UINT64_C(24) * LINKS);
  assert_int_equal(number_of(g, "length", list), LINKS);
  wasm_ref_delete(list);
  assert_int_equal(live_bytes(g->store), before);
  wasm_func_delete(func);
}

/* ---- stopping ---- */

/* A guest that only makes garbage beside a long list is ended in time, and the list is whole. */
static void deadlines_hold_while_it_collects(void **state) {
  Guest *g = *state;
  enum { LINKS = UNDER_ASAN ? 100000 : 1000000 };
  wasm_func_t *chain = wasmx_instance_func(g->in, "chain");
  wasm_func_t *churn = wasmx_instance_func(g->in, "churn");
  wasm_ref_t *list = NULL;
  assert_null(wasmx_call(chain, "i32 -> externref", LINKS, &list));
  for (int i = 0; i < 5; i++) {
    wasmx_call_options_t options = {.size = sizeof options, .deadline_ns = 10000000};
    wasmx_slot_t slots[1] = {wasmx_slot_i32(-1)};
    wasm_trap_t *trap = wasmx_func_call_with(churn, slots, &options);
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    wasm_trap_delete(trap);
    wasmx_store_interrupt(g->store);
    slots[0] = wasmx_slot_i32(-1);
    trap = wasmx_func_call_raw(churn, slots);
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    wasm_trap_delete(trap);
    wasmx_store_clear_interrupt(g->store);
  }
  wasmx_store_collect(g->store);
  assert_int_equal(number_of(g, "length", list), LINKS);
  wasm_ref_delete(list);
  wasm_func_delete(chain), wasm_func_delete(churn);
}

/* The host's own work in a store that was told to stop: small things are done, long ones say so. */
static void an_interrupt_ends_long_work_of_the_host(void **state) {
  Guest *g = *state;
  wasm_ref_t *bytes = wasmx_array_new(g->store, g->types[BYTES], NULL, 64 << 20);
  wasmx_val_t value = val_i32(1);
  wasmx_store_interrupt(g->store);
  bool filled = wasmx_array_fill(bytes, 0, &value, 64 << 20);
  assert_false(filled);
  assert_last_error(WASMX_TRAPPED, "");
  wasm_ref_t *point = point_new(g, 4, 1);
  assert_int_equal(x_of(point), 4);
  wasmx_store_clear_interrupt(g->store);
  assert_true(wasmx_array_fill(bytes, 0, &value, 1 << 20));
  wasm_ref_delete(bytes), wasm_ref_delete(point);
}

static uint32_t code_of_call(wasm_func_t *func, uint64_t deadline_ns) {
  wasmx_call_options_t options = {.size = sizeof options, .deadline_ns = deadline_ns};
  wasmx_slot_t slots[1];
  wasm_trap_t *trap = wasmx_func_call_with(func, slots, &options);
  uint32_t code = trap ? wasmx_trap_code(trap) : 0;
  wasm_trap_delete(trap);
  return code;
}

/* The collection that should make room ends early: no memory is the lesser truth. */
static void an_interrupt_is_no_lack_of_memory(void **state) {
  Guest *g = *state;
  enum { LINKS = UNDER_ASAN ? 300000 : 1000000, TRIES = 100 };
  wasm_func_t *chain = wasmx_instance_func(g->in, "chain");
  wasm_func_t *make = wasmx_instance_func(g->in, "make");
  wasm_ref_t *list = NULL;
  assert_null(wasmx_call(chain, "i32 -> externref", LINKS, &list));
  limit_heap(g->store, 1);
  assert_int_equal(code_of_call(make, 0), WASMX_TRAP_OUT_OF_MEMORY);
  uint64_t abandoned = 0;
  for (int i = 0; i < TRIES && abandoned < 3; i++) {
    uint64_t before = heap_stats(g->store).abandoned;
    uint32_t code = code_of_call(make, 100000);
    if (heap_stats(g->store).abandoned == before) continue;
    assert_int_equal(code, WASMX_TRAP_INTERRUPTED);
    abandoned++;
  }
  assert_true(abandoned > 0);
  assert_int_equal(code_of_call(make, 0), WASMX_TRAP_OUT_OF_MEMORY);
  assert_int_equal(number_of(g, "length", list), LINKS);
  wasm_ref_delete(list);
  wasm_func_delete(chain), wasm_func_delete(make);
}

/* A callback that collects, makes, and throws everything away, again and again. */
static wasm_trap_t *make_garbage(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  const Guest *g = env;
  wasm_store_t *store = wasmx_caller_store(caller);
  for (int i = 0; i < 20; i++) {
    wasmx_val_t point = val_ref(wasmx_ref_of_slot(store, slots[0].ref));
    wasm_ref_t *refs = wasmx_array_new(store, g->types[REFS], &point, 100);
    wasm_ref_delete(refs); /* may collect */
    wasmx_val_delete(&point);
    if (i % 5 == 0) wasmx_store_collect(store);
  }
  wasmx_slot_t x;
  assert_true(wasmx_struct_get_raw(store, slots[0].ref, 0, &x));
  assert_int_equal(x.i32, slots[2].i32);
  return NULL; /* the point again */
}

static void callbacks_make_garbage(void **state) {
  Guest *g = *state;
  g->visit = make_garbage, g->env = g;
  wasm_func_t *visit = wasmx_instance_func(g->in, "visit");
  for (int32_t i = 0; i < 100; i++) {
    int32_t result;
    assert_null(wasmx_call(visit, "i32 -> i32", i, &result));
    assert_int_equal(result, i);
  }
  wasm_func_delete(visit);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, guest_setup, guest_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(wrong_kinds_are_refused),
      TEST(wrong_places_and_values_are_refused),
      TEST(constant_elements_stay),
      TEST(other_stores_objects_are_refused),
      TEST(slots_are_looked_at),
      cmocka_unit_test(handles_outlive_their_store),
      cmocka_unit_test(stores_come_and_go),
      TEST(huge_arrays_are_refused),
      TEST(long_lists_are_collected),
      TEST(deadlines_hold_while_it_collects),
      TEST(an_interrupt_ends_long_work_of_the_host),
      TEST(an_interrupt_is_no_lack_of_memory),
      TEST(callbacks_make_garbage),
      STRESSED(callbacks_make_garbage),
  };
  return run_with_text(tests);
}
