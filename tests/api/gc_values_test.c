/* Structs, arrays and i31 that the host makes, reads and writes, and their ways through wasm. */
#include "api/gc_fixture.h"

/* ---- structs ---- */

static void structs_are_made_read_and_written(void **state) {
  Guest *g = *state;
  wasm_ref_t *point = point_new(g, 3, 2.5);
  assert_int_equal(number_of(g, "x", point), 3);
  wasmx_val_t val;
  assert_true(wasmx_struct_get(point, 1, &val));
  assert_true(val.kind == WASM_F64 && val.of.f64 == 2.5);
  wasmx_val_t five = val_i32(5);
  assert_true(wasmx_struct_set(point, 0, &five));
  assert_int_equal(number_of(g, "x", point), 5);
  wasm_func_t *move = wasmx_instance_func(g->in, "move");
  assert_null(wasmx_call(move, "(externref, i32) -> ()", point, 4));
  assert_int_equal(x_of(point), 9);
  wasm_func_delete(move);
  wasm_ref_delete(point);
}

static void guests_structs_are_read(void **state) {
  Guest *g = *state;
  wasm_func_t *new = wasmx_instance_func(g->in, "new");
  wasm_ref_t *point = NULL;
  assert_null(wasmx_call(new, "(i32, f64) -> externref", 7, 1.5, &point));
  assert_int_equal(x_of(point), 7);
  wasmx_type_t *type = wasmx_ref_type(point);
  assert_ptr_equal(type, g->types[POINT]);
  wasmx_type_delete(type);
  wasm_ref_delete(point);
  wasm_func_delete(new);
}

static void fields_of_references(void **state) {
  Guest *g = *state;
  wasm_ref_t *name = wasmx_array_new_data(g->store, g->types[BYTES], "gopher", 6);
  const wasmx_val_t fields[] = {val_i32(1), val_f64(2), val_ref(name), val_i64(-4)};
  wasm_ref_t *named = wasmx_struct_new(g->store, g->types[NAMED], fields, 4);
  wasm_ref_delete(name);
  wasmx_store_collect(g->store);
  wasmx_val_t val;
  assert_true(wasmx_struct_get(named, 2, &val));
  char text[7] = "";
  assert_int_equal(wasmx_array_length(val.of.ref), 6);
  assert_true(wasmx_array_read(val.of.ref, 0, text, 6));
  assert_string_equal(text, "gopher");
  wasmx_val_delete(&val);
  assert_true(wasmx_struct_get(named, 3, &val) && val.kind == WASM_I64 && val.of.i64 == -4);
  const wasmx_val_t null = val_ref(NULL), seven = val_i64(7);
  assert_true(wasmx_struct_set(named, 2, &null));
  assert_true(wasmx_struct_get(named, 2, &val) && !val.of.ref);
  assert_false(wasmx_struct_set(named, 3, &seven));
  assert_last_error(WASMX_ARGUMENT, "constant");
  assert_int_equal(number_of(g, "x", named), 1); /* as a point */
  wasm_ref_delete(named);
}

static void packed_fields_and_vectors(void **state) {
  Guest *g = *state;
  wasmx_val_t wide = {.kind = WASMX_V128}, half = {.kind = WASM_F32};
  for (int i = 0; i < 16; i++) wide.of.v128.u8[i] = (uint8_t)(i + 1);
  half.of.f32 = 0.5f;
  const wasmx_val_t fields[] = {wide, half, val_i32(0x1FF), val_i32(-2)};
  wasm_ref_t *ref = wasmx_struct_new(g->store, g->types[WIDE], fields, 4);
  wasmx_val_t val;
  assert_true(wasmx_struct_get(ref, 0, &val) && val.kind == WASMX_V128);
  assert_memory_equal(&val.of.v128, &wide.of.v128, 16);
  assert_true(wasmx_struct_get(ref, 1, &val) && val.of.f32 == 0.5f);
  assert_true(wasmx_struct_get(ref, 2, &val) && val.of.i32 == 0xFF);
  assert_true(wasmx_struct_get_s(ref, 2, &val) && val.of.i32 == -1);
  assert_true(wasmx_struct_get(ref, 3, &val) && val.of.i32 == 0xFFFE);
  assert_true(wasmx_struct_get_s(ref, 3, &val) && val.of.i32 == -2);
  assert_true(wasmx_struct_get_s(ref, 1, &val) && val.of.f32 == 0.5f); /* has no sign to extend */
  const wasmx_val_t ninety = val_i32(90);
  assert_true(wasmx_struct_set(ref, 2, &ninety) && wasmx_struct_get_s(ref, 2, &val));
  assert_int_equal(val.of.i32, 90);
  wasm_ref_delete(ref);
}

static void fields_are_zero_when_none_are_given(void **state) {
  Guest *g = *state;
  wasm_ref_t *ref = wasmx_struct_new(g->store, g->types[NAMED], NULL, 0);
  wasmx_val_t val;
  assert_true(wasmx_struct_get(ref, 0, &val) && val.of.i32 == 0);
  assert_true(wasmx_struct_get(ref, 2, &val) && !val.of.ref);
  wasm_ref_delete(ref);
  /* which not all types allow */
  wasmx_field_t field = {wasmx_valtype_of_type(g->types[POINT], false), WASM_VAR};
  wasmx_type_t *pair = wasmx_type_new_struct(g->w.engine, &field, 1);
  assert_null(wasmx_struct_new(g->store, pair, NULL, 0));
  assert_last_error(WASMX_ARGUMENT, "value 0");
  wasmx_type_delete(pair);
}

/* ---- arrays ---- */

static void arrays_are_made_read_and_written(void **state) {
  Guest *g = *state;
  const wasmx_val_t minus = val_i32(-1), two = val_i32(2);
  wasm_ref_t *bytes = wasmx_array_new(g->store, g->types[BYTES], &minus, 4);
  assert_int_equal(wasmx_array_length(bytes), 4);
  assert_int_equal(number_of(g, "sum", bytes), 4 * 255);
  wasmx_val_t val;
  assert_true(wasmx_array_get(bytes, 3, &val) && val.of.i32 == 255);
  assert_true(wasmx_array_get_s(bytes, 3, &val) && val.of.i32 == -1);
  assert_true(wasmx_array_set(bytes, 0, &two));
  assert_int_equal(number_of(g, "sum", bytes), 2 + 3 * 255);
  assert_true(wasmx_array_fill(bytes, 1, &two, 2));
  assert_int_equal(number_of(g, "sum", bytes), 6 + 255);
  uint8_t numbers[] = {10, 20, 30};
  assert_true(wasmx_array_write(bytes, 1, numbers, 3));
  assert_int_equal(number_of(g, "sum", bytes), 62);
  assert_true(wasmx_array_copy(bytes, 0, bytes, 1, 3));
  uint8_t read[4];
  assert_true(wasmx_array_read(bytes, 0, read, 4));
  assert_memory_equal(read, ((uint8_t[]){10, 20, 30, 30}), 4);
  wasm_ref_delete(bytes);
  wasm_ref_t *none = wasmx_array_new(g->store, g->types[BYTES], NULL, 0);
  assert_int_equal(wasmx_array_length(none), 0);
  assert_true(wasmx_array_read(none, 0, NULL, 0) && wasmx_array_write(none, 0, NULL, 0));
  wasm_ref_delete(none);
}

static void arrays_of_numbers_are_copied_at_once(void **state) {
  Guest *g = *state;
  uint16_t data[] = {1, 2, 0xFFFF, 4}, back[4];
  wasm_ref_t *shorts = wasmx_array_new_data(g->store, g->types[SHORTS], data, sizeof data);
  assert_int_equal(wasmx_array_length(shorts), 4);
  assert_true(wasmx_array_read(shorts, 0, back, 4));
  assert_memory_equal(back, data, sizeof data);
  assert_true(wasmx_array_read(shorts, 2, back, 2) && back[0] == 0xFFFF && back[1] == 4);
  assert_null(wasmx_array_new_data(g->store, g->types[SHORTS], data, 3)); /* half an element */
  assert_null(wasmx_array_new_data(g->store, g->types[REFS], data, 8));
  wasm_ref_delete(shorts);
  /* a large one, and all kinds of numbers */
  const wasm_valkind_t kinds[] = {WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASMX_V128};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    wasmx_field_t element = {wasmx_valtype_of_kind(kinds[i]), WASM_VAR};
    wasmx_type_t *type = wasmx_type_new_array(g->w.engine, &element);
    static uint64_t many[8192], copy[8192];
    for (size_t n = 0; n < 8192; n++) many[n] = n * 0x9E3779B97F4A7C15u;
    wasm_ref_t *large = wasmx_array_new_data(g->store, type, many, sizeof many);
    assert_true(wasmx_array_read(large, 0, copy, wasmx_array_length(large)));
    assert_memory_equal(many, copy, sizeof many);
    wasm_ref_delete(large);
    wasmx_type_delete(type);
  }
}

static void arrays_of_references(void **state) {
  Guest *g = *state;
  wasmx_val_t elements[] = {val_ref(point_new(g, 1, 0)), val_ref(wasmx_i31_new(g->store, 5)),
                            val_ref(NULL)};
  wasm_ref_t *refs = wasmx_array_new_fixed(g->store, g->types[REFS], elements, 3);
  assert_int_equal(wasmx_array_length(refs), 3);
  wasmx_val_delete(&elements[0]), wasmx_val_delete(&elements[1]);
  wasmx_store_collect(g->store);
  wasmx_val_t val;
  assert_true(wasmx_array_get(refs, 0, &val));
  assert_int_equal(x_of(val.of.ref), 1);
  assert_true(wasmx_array_set(refs, 2, &val) && wasmx_array_fill(refs, 0, &val, 2));
  wasmx_val_delete(&val);
  for (uint32_t i = 0; i < 3; i++) {
    assert_true(wasmx_array_get(refs, i, &val));
    assert_int_equal(wasmx_ref_kind(val.of.ref), WASMX_REF_STRUCT);
    wasmx_val_delete(&val);
  }
  assert_false(wasmx_array_read(refs, 0, elements, 1) || wasmx_array_write(refs, 0, elements, 1));
  wasm_ref_delete(refs);
}

/* ---- i31, any and extern ---- */

static void i31_go_both_ways(void **state) {
  Guest *g = *state;
  const int32_t numbers[] = {0, 1, -1, 0x3FFFFFFF, -0x40000000};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    wasm_ref_t *mine = wasmx_i31_new(g->store, numbers[i]), *theirs = NULL;
    wasm_func_t *func = wasmx_instance_func(g->in, "i31");
    assert_null(wasmx_call(func, "i32 -> externref", numbers[i], &theirs));
    assert_true(wasm_ref_same(mine, theirs));
    int32_t out = 99;
    assert_true(wasmx_i31_get(theirs, &out));
    assert_int_equal(out, numbers[i]);
    uint64_t slot = wasmx_slot_of_i31(numbers[i]);
    assert_int_equal(slot, wasmx_slot_of_ref(theirs));
    assert_true(wasmx_slot_get_i31(slot, &out) && out == numbers[i]);
    assert_int_equal(wasmx_ref_kind(mine), WASMX_REF_I31);
    wasm_ref_delete(mine), wasm_ref_delete(theirs), wasm_func_delete(func);
  }
  wasm_ref_t *cut = wasmx_i31_new(g->store, INT32_MAX);
  int32_t out;
  assert_true(wasmx_i31_get(cut, &out) && out == -1);
  wasm_ref_delete(cut);
}

/* One handle is the same reference as anyref and as externref, also of host objects. */
static void any_and_extern_are_one(void **state) {
  Guest *g = *state;
  wasm_foreign_t *foreign = wasm_foreign_new(g->store);
  wasm_ref_t *all[] = {point_new(g, 1, 1), wasmx_i31_new(g->store, 3),
                       wasmx_array_new(g->store, g->types[BYTES], NULL, 3),
                       wasm_foreign_as_ref(foreign)};
  const char *ways[] = {"same", "out", "in"};
  for (size_t i = 0; i < 4; i++) {
    for (size_t way = 0; way < 3; way++) {
      wasm_ref_t *back = through(g, ways[way], all[i]);
      assert_true(wasm_ref_same(back, all[i]));
      assert_int_equal(wasmx_ref_kind(back), wasmx_ref_kind(all[i]));
      wasm_ref_delete(back);
    }
    wasm_ref_delete(all[i]);
  }
}

static void references_are_compared(void **state) {
  Guest *g = *state;
  wasm_ref_t *a = point_new(g, 1, 1), *b = point_new(g, 1, 1), *c = wasm_ref_copy(a);
  assert_true(wasm_ref_same(a, c) && !wasm_ref_same(a, b));
  wasm_func_t *eq = wasmx_instance_func(g->in, "eq");
  int32_t same;
  assert_null(wasmx_call(eq, "(externref, externref) -> i32", a, c, &same));
  assert_int_equal(same, 1);
  assert_null(wasmx_call(eq, "(externref, externref) -> i32", a, b, &same));
  assert_int_equal(same, 0);
  wasm_func_delete(eq);
  wasm_ref_delete(a), wasm_ref_delete(b), wasm_ref_delete(c);
}

/* ---- casts ---- */

enum { ANY_H, EQ_H, I31_H, STRUCT_H, ARRAY_H, NONE_H, FUNC_H, EXTERN_H, HEAPS };

static void references_are_tested_and_cast(void **state) {
  Guest *g = *state;
  wasm_foreign_t *foreign = wasm_foreign_new(g->store);
  wasm_func_t *func = wasmx_instance_func(g->in, "x");
  wasm_ref_t *point = point_new(g, 1, 1), *i31 = wasmx_i31_new(g->store, 3);
  wasm_ref_t *named = wasmx_struct_new(g->store, g->types[NAMED], NULL, 0);
  wasm_ref_t *bytes = wasmx_array_new(g->store, g->types[BYTES], NULL, 3);
  static const wasmx_heaptype_t heaps[HEAPS] = {
      WASMX_HEAP_ANY,   WASMX_HEAP_EQ,   WASMX_HEAP_I31,  WASMX_HEAP_STRUCT,
      WASMX_HEAP_ARRAY, WASMX_HEAP_NONE, WASMX_HEAP_FUNC, WASMX_HEAP_EXTERN};
  const struct {
    wasm_ref_t *ref;
    wasmx_refkind_t kind;
    bool is[HEAPS], is_point;
  } cases[] = {
      {point, WASMX_REF_STRUCT, {1, 1, 0, 1, 0, 0, 0, 1}, true},
      {named, WASMX_REF_STRUCT, {1, 1, 0, 1, 0, 0, 0, 1}, true},
      {bytes, WASMX_REF_ARRAY, {1, 1, 0, 0, 1, 0, 0, 1}, false},
      {i31, WASMX_REF_I31, {1, 1, 1, 0, 0, 0, 0, 1}, false},
      {wasm_func_as_ref(func), WASMX_REF_FUNC, {1, 0, 0, 0, 0, 0, 1, 1}, false},
      {wasm_foreign_as_ref(foreign), WASMX_REF_HOST, {1, 0, 0, 0, 0, 0, 0, 1}, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(wasmx_ref_kind(cases[i].ref), cases[i].kind);
    uint64_t slot = wasmx_slot_of_ref(cases[i].ref);
    for (size_t h = 0; h < HEAPS; h++) {
      wasmx_valtype_t type = wasmx_valtype_of_heap(heaps[h], false);
      if (wasmx_ref_is(cases[i].ref, &type) != cases[i].is[h]) fail_msg("%zu is not %zu", i, h);
      assert_int_equal(wasmx_slot_is(g->store, slot, &type), cases[i].is[h]);
      assert_ptr_equal(wasmx_ref_cast(cases[i].ref, &type), cases[i].is[h] ? cases[i].ref : NULL);
    }
    wasmx_valtype_t to = wasmx_valtype_of_type(g->types[POINT], true);
    assert_int_equal(wasmx_ref_is(cases[i].ref, &to), cases[i].is_point);
  }
  wasmx_valtype_t null = wasmx_valtype_of_heap(WASMX_HEAP_NONE, true), func_type;
  assert_true(wasmx_ref_is(NULL, &null) && wasmx_slot_is(g->store, 0, &null));
  null.nullable = false;
  assert_false(wasmx_ref_is(NULL, &null) || wasmx_slot_is(g->store, 0, &null));
  assert_true(wasmx_extern_type(wasm_func_as_extern_const(func), &func_type));
  assert_true(wasmx_ref_is(wasm_func_as_ref(func), &func_type));
  wasmx_type_t *of_func = wasmx_ref_type(wasm_func_as_ref(func));
  assert_ptr_equal(of_func, func_type.type);
  wasmx_type_delete(of_func);
  assert_null(wasmx_ref_type(i31));
  assert_null(wasmx_ref_type(wasm_foreign_as_ref(foreign)));
  wasm_ref_delete(point), wasm_ref_delete(named), wasm_ref_delete(bytes), wasm_ref_delete(i31);
  wasm_func_delete(func), wasm_foreign_delete(foreign);
}

/* ---- ways through wasm ---- */

static void globals_and_tables_hold_them(void **state) {
  Guest *g = *state;
  wasmx_val_t point = val_ref(point_new(g, 11, 0)), bytes, out;
  assert_true(wasmx_instance_global_set(g->in, "kept", &point));
  assert_true(wasmx_instance_global_set(g->in, "point", &point));
  assert_true(wasmx_instance_table_set(g->in, "table", 2, &point));
  wasmx_val_delete(&point);
  wasmx_store_collect(g->store);
  assert_true(wasmx_instance_global_get(g->in, "kept", &out));
  assert_int_equal(x_of(out.of.ref), 11);
  wasmx_val_delete(&out);
  assert_true(wasmx_instance_table_get(g->in, "table", 2, &out));
  assert_int_equal(x_of(out.of.ref), 11);
  wasmx_val_delete(&out);
  bytes = val_ref(wasmx_array_new(g->store, g->types[BYTES], NULL, 3));
  assert_false(wasmx_instance_global_set(g->in, "point", &bytes)); /* not its type */
  assert_true(wasmx_instance_global_set(g->in, "kept", &bytes));
  wasmx_val_delete(&bytes);
}

static void exceptions_carry_them(void **state) {
  Guest *g = *state;
  wasm_func_t *func = wasmx_instance_func(g->in, "throw");
  wasm_ref_t *point = point_new(g, 21, 0),
             *array = wasmx_array_new(g->store, g->types[BYTES], NULL, 1);
  wasm_trap_t *trap = wasmx_call(func, "(externref, externref) -> ()", point, array);
  wasm_ref_delete(point), wasm_ref_delete(array);
  wasmx_exception_t *exception = wasmx_trap_exception(trap);
  wasm_trap_delete(trap);
  wasmx_store_collect(g->store);
  wasm_val_vec_t args;
  assert_true(wasmx_exception_args(exception, &args));
  assert_int_equal(x_of(args.data[0].of.ref), 21);
  assert_int_equal(wasmx_array_length(args.data[1].of.ref), 1);
  /* and one that the host throws */
  wasm_tag_t *tag = wasmx_instance_tag(g->in, "thrown");
  wasmx_exception_t *thrown = wasmx_exception_new(tag, &args);
  assert_non_null(thrown);
  wasm_val_t swap = args.data[0];
  args.data[0] = args.data[1], args.data[1] = swap;
  assert_null(wasmx_exception_new(tag, &args)); /* an array is no point */
  wasm_val_vec_delete(&args);
  wasmx_exception_delete(exception), wasmx_exception_delete(thrown);
  wasm_tag_delete(tag), wasm_func_delete(func);
}

/* ---- who holds what ---- */

static void handles_hold(void **state) {
  Guest *g = *state;
  uint64_t before = live_bytes(g->store);
  wasm_ref_t *array = wasmx_array_new(g->store, g->types[BYTES], NULL, 10000);
  wasm_ref_t *copy = wasm_ref_copy(array);
  assert_true(live_bytes(g->store) >= before + 10000);
  wasm_ref_delete(array);
  assert_true(live_bytes(g->store) >= before + 10000);
  wasm_ref_delete(copy);
  assert_int_equal(live_bytes(g->store), before);
}

static void roots_hold(void **state) {
  Guest *g = *state;
  enum { COUNT = 100 };
  uint64_t before = live_bytes(g->store);
  wasmx_roots_t *roots = wasmx_roots_new(g->store, COUNT);
  wasmx_slot_t *slots = wasmx_roots_slots(roots);
  assert_int_equal(wasmx_roots_count(roots), COUNT);
  for (int i = 0; i < COUNT; i++) {
    const wasmx_slot_t fields[] = {wasmx_slot_i32(i), wasmx_slot_f64(i)};
    assert_int_equal(slots[i].u64, 0);
    assert_true(wasmx_struct_new_raw(g->store, g->types[POINT], fields, &slots[i]));
  }
  wasmx_roots_t *more = wasmx_roots_new(g->store, 1); /* one beside it that goes first */
  assert_true(live_bytes(g->store) >= before + COUNT * 24);
  wasmx_roots_delete(more);
  for (int i = 0; i < COUNT; i++) {
    wasmx_slot_t x;
    assert_true(wasmx_struct_get_raw(g->store, slots[i].ref, 0, &x));
    assert_int_equal(x.i32, i);
    if (i % 2) slots[i].ref = 0;
  }
  assert_int_equal(live_bytes(g->store), before + COUNT / 2 * 24);
  wasm_ref_t *kept = wasmx_ref_of_slot(g->store, slots[4].ref);
  wasmx_roots_delete(roots);
  assert_int_equal(live_bytes(g->store), before + 24);
  assert_int_equal(x_of(kept), 4);
  wasm_ref_delete(kept);
}

/* Roots hold the store's other objects, too. */
static void roots_hold_host_objects(void **state) {
  Guest *g = *state;
  int ends = 0;
  wasm_foreign_t *foreign = wasm_foreign_new(g->store);
  wasm_foreign_set_host_info_with_finalizer(foreign, &ends, count_call);
  wasmx_roots_t *roots = wasmx_roots_new(g->store, 2);
  wasmx_roots_slots(roots)[1].ref = wasmx_slot_of_ref(wasm_foreign_as_ref(foreign));
  wasm_foreign_delete(foreign);
  wasmx_store_collect(g->store);
  assert_int_equal(ends, 0);
  wasm_ref_t *ref = wasmx_ref_of_slot(g->store, wasmx_roots_slots(roots)[1].ref);
  assert_ptr_equal(wasm_ref_get_host_info(ref), &ends);
  wasm_ref_delete(ref);
  wasmx_roots_slots(roots)[1].ref = 0;
  wasmx_store_collect(g->store);
  assert_int_equal(ends, 1);
  wasmx_roots_delete(roots);
}

/* The callback collects and makes objects: its slots hold what they hold. */
static wasm_trap_t *collect_and_make(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  const Guest *g = env;
  wasm_store_t *store = wasmx_caller_store(caller);
  wasmx_store_collect(store);
  wasmx_slot_t x, made, value;
  assert_true(wasmx_struct_get_raw(store, slots[0].ref, 0, &x));
  assert_int_equal(x.i32, slots[2].i32);
  const wasmx_slot_t fields[] = {wasmx_slot_i32(x.i32 * 2), wasmx_slot_f64(1)};
  assert_true(wasmx_struct_new_raw(store, g->types[POINT], fields, &made));
  assert_true(wasmx_struct_set_raw(store, slots[1].ref, 1, &made)); /* held by the list */
  wasm_ref_t *other = wasmx_array_new(store, g->types[BYTES], NULL, 1000);
  wasmx_store_collect(store);
  assert_true(wasmx_struct_get_raw(store, slots[1].ref, 1, &value));
  assert_int_equal(value.ref, made.ref);
  slots[0] = made; /* the result */
  wasm_ref_delete(other);
  wasmx_store_collect(store);
  assert_true(wasmx_struct_get_raw(store, slots[0].ref, 0, &x));
  assert_int_equal(x.i32, slots[2].i32 * 2);
  return NULL;
}

static void callbacks_collect_while_they_hold_slots(void **state) {
  Guest *g = *state;
  g->visit = collect_and_make, g->env = g;
  wasm_func_t *visit = wasmx_instance_func(g->in, "visit");
  for (int32_t i = 1; i < 50; i++) {
    int32_t result;
    assert_null(wasmx_call(visit, "i32 -> i32", i, &result));
    assert_int_equal(result, 2 * i);
  }
  wasm_func_delete(visit);
}

/* What a raw call gave is good until something collects: made into handles one by one. */
static void results_in_slots_become_handles(void **state) {
  Guest *g = *state;
  wasm_func_t *func = wasmx_instance_func(g->in, "chain");
  for (int i = 0; i < 20; i++) {
    wasmx_slot_t slots[1] = {wasmx_slot_i32(10)};
    assert_null(wasmx_func_call_raw(func, slots));
    wasm_ref_t *head = wasmx_ref_of_slot(g->store, slots[0].ref);
    wasmx_slot_t next;
    assert_true(wasmx_struct_get_raw(g->store, slots[0].ref, 0, &next));
    wasm_ref_t *second = wasmx_ref_of_slot(g->store, next.ref);
    wasmx_store_collect(g->store);
    assert_int_equal(number_of(g, "length", head), 10);
    assert_int_equal(number_of(g, "length", second), 9);
    wasm_ref_delete(head), wasm_ref_delete(second);
  }
  wasm_func_delete(func);
}

/* Arguments of what is made are held while it is made, though they are in slots of the host's. */
static void operands_in_slots_are_held(void **state) {
  Guest *g = *state;
  wasmx_slot_t list = {.ref = 0};
  for (int32_t i = 0; i < 1000; i++) {
    wasmx_slot_t fields[] = {list, {.ref = wasmx_slot_of_i31(i)}};
    assert_true(wasmx_struct_new_raw(g->store, g->types[LIST], fields, &list));
  }
  wasm_ref_t *ref = wasmx_ref_of_slot(g->store, list.ref);
  assert_int_equal(number_of(g, "length", ref), 1000);
  wasm_ref_delete(ref);
}

static void arrays_by_slots(void **state) {
  Guest *g = *state;
  wasmx_roots_t *roots = wasmx_roots_new(g->store, 3);
  wasmx_slot_t *slots = wasmx_roots_slots(roots), value = wasmx_slot_i32(3), out;
  assert_true(wasmx_array_new_raw(g->store, g->types[BYTES], &value, 5, &slots[0]));
  assert_true(wasmx_array_new_data_raw(g->store, g->types[BYTES], "abc", 3, &slots[1]));
  assert_true(wasmx_array_new_raw(g->store, g->types[REFS], NULL, 2, &slots[2]));
  assert_int_equal(wasmx_array_length_raw(g->store, slots[0].ref), 5);
  assert_int_equal(wasmx_slot_ref_kind(g->store, slots[0].ref), WASMX_REF_ARRAY);
  assert_true(wasmx_array_get_raw(g->store, slots[1].ref, 1, &out) && out.i32 == 'b');
  value.i32 = 'x';
  assert_true(wasmx_array_set_raw(g->store, slots[1].ref, 1, &value));
  char text[4] = "";
  assert_true(wasmx_array_read_raw(g->store, slots[1].ref, 0, text, 3));
  assert_string_equal(text, "axc");
  assert_true(wasmx_array_write_raw(g->store, slots[1].ref, 2, "z", 1));
  assert_true(wasmx_array_read_raw(g->store, slots[1].ref, 0, text, 3));
  assert_string_equal(text, "axz");
  assert_true(wasmx_array_set_raw(g->store, slots[2].ref, 1, &slots[1]));
  slots[1].ref = 0;
  wasmx_store_collect(g->store);
  assert_true(wasmx_array_get_raw(g->store, slots[2].ref, 1, &out));
  assert_int_equal(wasmx_array_length_raw(g->store, out.ref), 3);
  wasmx_roots_delete(roots);
}

/* Objects wait in a call that is suspended, in wasm's frames and in the host's slots. */
static wasm_trap_t *suspend_in(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env;
  wasm_trap_t *trap = wasmx_call_suspend(caller, slots, NULL);
  wasmx_slot_t x;
  if (trap) return trap;
  assert_true(wasmx_struct_get_raw(wasmx_caller_store(caller), slots[0].ref, 0, &x));
  assert_int_equal(x.i32, 77);
  return NULL;
}

static void suspended_calls_hold_them(void **state) {
  Guest *g = *state;
  if (!wasmx_has("suspend")) skip();
  g->visit = suspend_in;
  wasm_func_t *visit = wasmx_instance_func(g->in, "visit");
  wasmx_slot_t arg = wasmx_slot_i32(77), result;
  wasmx_call_t *call = wasmx_call_start(visit, &arg, NULL, NULL);
  assert_int_equal(wasmx_call_resume(call, NULL, NULL, NULL), WASMX_CALL_SUSPENDED);
  wasm_func_t *churn = wasmx_instance_func(g->in, "churn");
  assert_null(wasmx_call(churn, "i32 -> ()", 1000));
  wasmx_store_collect(g->store);
  assert_int_equal(wasmx_call_resume(call, NULL, &result, NULL), WASMX_CALL_RETURNED);
  assert_int_equal(result.i32, 77);
  assert_true(wasmx_call_delete(call));
  wasm_func_delete(visit), wasm_func_delete(churn);
}

/* ---- the heap ---- */

static void the_heap_is_told(void **state) {
  Guest *g = *state;
  wasm_func_t *churn = wasmx_instance_func(g->in, "churn");
  wasmx_heap_stats_t before = heap_stats(g->store);
  assert_null(wasmx_call(churn, "i32 -> ()", 3000000)); /* 24 bytes each */
  wasmx_heap_stats_t after = heap_stats(g->store);
  assert_true(after.allocated_bytes >= before.allocated_bytes + 3000000 * UINT64_C(24));
  assert_true(after.young.count + after.full.count > before.young.count + before.full.count);
  assert_true(after.peak_bytes >= after.committed_bytes && after.peak_bytes > 1 << 20);
  wasmx_store_collect(g->store);
  wasmx_heap_stats_t last = heap_stats(g->store);
  assert_int_equal(last.full.count, after.full.count + 1);
  assert_true(last.full.p50_ns <= last.full.p99_ns && last.full.p99_ns <= last.full.max_ns);
  assert_true(last.full.last_ns <= last.full.max_ns && last.full.max_ns <= last.full.total_ns);
  assert_true(last.committed_bytes < after.peak_bytes && last.peak_bytes == after.peak_bytes);
  wasm_func_delete(churn);
  /* shorter and longer structs; a store without a heap */
  wasmx_heap_stats_t cut = {.size = offsetof(wasmx_heap_stats_t, committed_bytes)};
  cut.committed_bytes = 42;
  assert_true(wasmx_store_heap_stats(g->store, &cut) && cut.committed_bytes == 42);
  wasm_store_t *empty = wasm_store_new(g->w.engine);
  wasmx_heap_stats_t none = heap_stats(empty);
  assert_true(!none.live_bytes && !none.full.count && !none.peak_bytes);
  wasm_store_delete(empty);
  cut.size = 0;
  assert_false(wasmx_store_heap_stats(g->store, &cut) || wasmx_store_heap_stats(NULL, &none) ||
               wasmx_store_heap_stats(g->store, NULL));
}

static void the_limit_holds_for_the_host(void **state) {
  Guest *g = *state;
  wasmx_limits_t limits = {.size = sizeof limits, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 4 << 20};
  assert_true(wasmx_store_set_limits(g->store, &limits));
  assert_null(wasmx_array_new(g->store, g->types[BYTES], NULL, 5 << 20));
  assert_last_error(WASMX_OUT_OF_MEMORY, "");
  wasm_ref_t *half = wasmx_array_new(g->store, g->types[BYTES], NULL, 3 << 20);
  assert_non_null(half);
  assert_null(wasmx_array_new(g->store, g->types[BYTES], NULL, 2 << 20));
  wasm_ref_delete(half);
  half = wasmx_array_new(g->store, g->types[BYTES], NULL, 2 << 20); /* collects */
  assert_non_null(half);
  wasm_ref_delete(half);
  wasmx_slot_t list = {.ref = 0};
  wasmx_roots_t *roots = wasmx_roots_new(g->store, 1);
  uint64_t made = 0;
  for (;; made++) {
    wasmx_slot_t fields[] = {list, {.ref = 0}};
    if (!wasmx_struct_new_raw(g->store, g->types[LIST], fields, &list)) break;
    wasmx_roots_slots(roots)[0] = list;
  }
  assert_last_error(WASMX_OUT_OF_MEMORY, "");
  assert_in_range(made, (3 << 20) / 24, (4 << 20) / 24);
  wasmx_roots_delete(roots);
  wasm_ref_t *again = point_new(g, 1, 1);
  wasm_ref_delete(again);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, guest_setup, guest_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(structs_are_made_read_and_written),
      TEST(guests_structs_are_read),
      TEST(fields_of_references),
      TEST(packed_fields_and_vectors),
      TEST(fields_are_zero_when_none_are_given),
      TEST(arrays_are_made_read_and_written),
      TEST(arrays_of_numbers_are_copied_at_once),
      TEST(arrays_of_references),
      TEST(i31_go_both_ways),
      TEST(any_and_extern_are_one),
      TEST(references_are_compared),
      TEST(references_are_tested_and_cast),
      TEST(globals_and_tables_hold_them),
      TEST(exceptions_carry_them),
      TEST(handles_hold),
      TEST(roots_hold),
      TEST(roots_hold_host_objects),
      TEST(callbacks_collect_while_they_hold_slots),
      TEST(results_in_slots_become_handles),
      TEST(operands_in_slots_are_held),
      TEST(arrays_by_slots),
      TEST(suspended_calls_hold_them),
      TEST(the_heap_is_told),
      TEST(the_limit_holds_for_the_host),
      STRESSED(structs_are_made_read_and_written),
      STRESSED(fields_of_references),
      STRESSED(arrays_are_made_read_and_written),
      STRESSED(arrays_of_references),
      STRESSED(globals_and_tables_hold_them),
      STRESSED(exceptions_carry_them),
      STRESSED(roots_hold),
      STRESSED(callbacks_collect_while_they_hold_slots),
      STRESSED(results_in_slots_become_handles),
      STRESSED(operands_in_slots_are_held),
      STRESSED(arrays_by_slots),
      STRESSED(suspended_calls_hold_them),
  };
  return run_with_text(tests);
}
