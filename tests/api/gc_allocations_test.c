/* As allocations_test.c, for what the host makes of structs, arrays, i31 and precise types. */
#include "api/sweep.h"

static const char guest[] =
    "(module (type $point (sub (struct (field (mut i32)) (field (mut anyref)))))\n"
    " (type $bytes (array (mut i8))) (type $refs (array (mut anyref)))\n"
    " (type $visit (func (param (ref $point)) (result (ref null $point))))\n"
    " (type $thrown (func (param (ref null $point))))\n"
    " (import \"env\" \"visit\" (func $host (type $visit)))\n"
    " (import \"env\" \"kept\" (global $kept (mut (ref null $point))))\n"
    " (import \"env\" \"list\" (table 2 (ref null $point)))\n"
    " (import \"env\" \"thrown\" (tag (type $thrown)))\n"
    " (export \"kept\" (global $kept))\n"
    " (func (export \"visit\") (param i32) (result i32)\n"
    "  (struct.get $point 0 (ref.as_non_null\n"
    "   (call $host (struct.new $point (local.get 0) (ref.null any)))))))";
enum { POINT, BYTES, REFS, VISIT, THROWN, TYPES };

static struct {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_module_t *module;
  wasmx_type_t *types[TYPES];
} s;

static wasmx_field_t field_of(wasmx_valtype_t type) {
  wasmx_field_t field = {type, WASM_VAR};
  return field;
}

static void types_delete(wasmx_type_t **types, size_t count) {
  for (size_t i = 0; i < count; i++) wasmx_type_delete(types[i]);
}

/* ---- types ---- */

/* Each time another one, which the registry does not have yet. */
static void new_types(void) {
  static uint32_t round;
  round++;
  wasmx_field_t fields[16];
  for (uint32_t i = 0; i < 16; i++)
    fields[i] = field_of(wasmx_valtype_of_kind(round >> i & 1 ? WASM_I32 : WASM_I64));
  wasmx_typedef_t defs[2] = {
      {.size = sizeof *defs, .kind = WASMX_TYPE_STRUCT, .fields = fields, .field_count = 16},
      {.size = sizeof *defs, .kind = WASMX_TYPE_FUNC}};
  wasmx_valtype_t param = wasmx_valtype_of_group(0, true);
  defs[1].params = &param, defs[1].param_count = 1;
  wasmx_type_t *out[2] = {0};
  wasmx_error_t err = no_error();
  if (made_or_says(wasmx_types_new(s.engine, defs, 2, out, &err), &err)) {
    wasmx_field_t field;
    wasmx_valtype_t t;
    assert_true(wasmx_type_field(out[0], 15, &field) && wasmx_type_param(out[1], 0, &t));
    assert_true(t.type == out[0] && wasmx_type_field_count(out[0]) == 16);
    assert_true(wasmx_type_kind(out[1]) == WASMX_TYPE_FUNC && wasmx_type_is_final(out[0]));
    assert_true(wasmx_type_param_count(out[1]) == 1 && !wasmx_type_result_count(out[1]));
    assert_true(!wasmx_type_result(out[1], 0, &t) && !wasmx_type_super(out[0]));
    types_delete(out, 2);
  }
}

static void simple_types(void) {
  wasmx_field_t element = field_of(wasmx_valtype_of_type(s.types[POINT], true));
  wasmx_type_t *made_types[] = {wasmx_type_new_struct(s.engine, &element, 1),
                                wasmx_type_new_array(s.engine, &element),
                                wasmx_type_new_func(s.engine, &element.type, 1, &element.type, 1)};
  for (int i = 0; i < 3; i++) made(made_types[i] != NULL);
  wasmx_type_t *copy = wasmx_type_copy(made_types[0]);
  assert_true(wasmx_type_is_sub(copy, made_types[0]) == (copy != NULL));
  wasmx_type_delete(copy);
  types_delete(made_types, 3);
}

static void types_of_modules(void) {
  wasmx_valtype_t t, u;
  assert_int_equal(wasmx_module_type_count(s.module), TYPES + 1); /* that of the export */
  wasmx_type_t *type = wasmx_module_type(s.module, 0);
  assert_ptr_equal(type, s.types[POINT]);
  assert_true(wasmx_module_import_type(s.module, 1, &t) &&
              wasmx_module_export_type(s.module, "kept", &u) && wasmx_valtype_matches(&t, &u));
  wasmx_type_delete(type);
}

/* ---- objects by handles ---- */

static void use_struct(wasm_ref_t *ref) {
  wasmx_val_t val = of_i32(7), out, self = of_ref(ref);
  wasmx_valtype_t type = wasmx_valtype_of_type(s.types[POINT], false);
  assert_true(wasmx_struct_set(ref, 0, &val) && wasmx_struct_get_s(ref, 0, &out));
  assert_int_equal(out.of.i32, 7);
  assert_true(wasmx_struct_set(ref, 1, &self));
  if (made(wasmx_struct_get(ref, 1, &out))) assert_true(wasm_ref_same(out.of.ref, ref));
  wasmx_val_delete(&out);
  assert_true(wasmx_ref_is(ref, &type) && wasmx_ref_cast(ref, &type) == ref);
  assert_true(wasmx_slot_is(s.store, wasmx_slot_of_ref(ref), &type));
  assert_int_equal(wasmx_ref_kind(ref), WASMX_REF_STRUCT);
  wasmx_type_t *found = wasmx_ref_type(ref);
  assert_ptr_equal(found, s.types[POINT]);
  wasmx_type_delete(found);
}

static void structs(void) {
  wasm_ref_t *i31 = wasmx_i31_new(s.store, 5);
  int32_t number;
  if (made(i31 != NULL)) assert_true(wasmx_i31_get(i31, &number) && number == 5);
  assert_true(wasmx_slot_get_i31(wasmx_slot_of_i31(4), &number) && number == 4);
  const wasmx_val_t fields[] = {of_i32(1), of_ref(i31)};
  wasm_ref_t *ref = wasmx_struct_new(s.store, s.types[POINT], fields, 2);
  if (made(ref != NULL)) use_struct(ref);
  wasm_ref_delete(ref), wasm_ref_delete(i31);
}

static void use_array(wasm_ref_t *ref) {
  wasmx_val_t val = of_i32(7), out;
  uint8_t data[4] = {1, 2, 3, 4};
  assert_true(wasmx_array_set(ref, 0, &val) && wasmx_array_fill(ref, 1, &val, 2));
  assert_true(wasmx_array_get(ref, 0, &out) && wasmx_array_get_s(ref, 2, &out));
  assert_true(wasmx_array_copy(ref, 0, ref, 1, 2) && wasmx_array_write(ref, 0, data, 4));
  assert_true(wasmx_array_read(ref, 0, data, 4) && wasmx_array_length(ref) >= 4);
}

static void arrays(void) {
  /* More than are kept on the C stack; and a large one. */
  wasmx_val_t elements[100];
  for (int i = 0; i < 100; i++) elements[i] = of_i32(i);
  wasm_ref_t *all[] = {wasmx_array_new(s.store, s.types[BYTES], elements, 4),
                       wasmx_array_new_fixed(s.store, s.types[BYTES], elements, 100),
                       wasmx_array_new_data(s.store, s.types[BYTES], "abcd", 4),
                       wasmx_array_new(s.store, s.types[BYTES], NULL, 100000)};
  for (int i = 0; i < 4; i++) {
    if (made(all[i] != NULL)) use_array(all[i]);
    wasm_ref_delete(all[i]);
  }
  wasm_ref_t *refs = wasmx_array_new(s.store, s.types[REFS], NULL, 3);
  wasmx_val_t out;
  if (made(refs != NULL)) assert_true(wasmx_array_get(refs, 1, &out) && !out.of.ref);
  wasm_ref_delete(refs);
}

/* ---- objects by slots ---- */

static void objects_by_slots(void) {
  wasmx_roots_t *roots = wasmx_roots_new(s.store, 4);
  wasmx_slot_t *slots = wasmx_roots_slots(roots), value = wasmx_slot_i32(3), out;
  uint8_t byte = 9;
  if (made(roots != NULL)) {
    assert_int_equal(wasmx_roots_count(roots), 4);
    const wasmx_slot_t fields[] = {value, {.ref = 0}};
    if (made(wasmx_struct_new_raw(s.store, s.types[POINT], fields, &slots[0])))
      assert_true(wasmx_struct_set_raw(s.store, slots[0].ref, 0, &value) &&
                  wasmx_struct_get_raw(s.store, slots[0].ref, 0, &out) && out.i32 == 3);
    if (made(wasmx_array_new_raw(s.store, s.types[BYTES], &value, 4, &slots[1])))
      assert_true(wasmx_array_set_raw(s.store, slots[1].ref, 0, &value) &&
                  wasmx_array_get_raw(s.store, slots[1].ref, 3, &out) && out.i32 == 3 &&
                  wasmx_array_length_raw(s.store, slots[1].ref) == 4);
    if (made(wasmx_array_new_data_raw(s.store, s.types[BYTES], "a", 1, &slots[2])))
      assert_true(wasmx_array_write_raw(s.store, slots[2].ref, 0, &byte, 1) &&
                  wasmx_array_read_raw(s.store, slots[2].ref, 0, &byte, 1));
  }
  wasmx_store_collect(s.store);
  wasmx_roots_delete(roots);
  wasmx_heap_stats_t stats = {.size = sizeof stats};
  assert_true(wasmx_store_heap_stats(s.store, &stats));
}

/* ---- what is made of types ---- */

static wasm_trap_t *make_point(void *env, wasmx_caller_t *caller, const wasm_val_vec_t *args,
                               wasm_val_vec_t *results) {
  (void)env;
  wasmx_val_t out = of_i32(0);
  wasm_store_t *store = wasmx_caller_store(caller);
  if (!args->data[0].of.ref || !wasmx_struct_get(args->data[0].of.ref, 0, &out)) return NULL;
  const wasmx_val_t fields[] = {of_i32(out.of.i32 + 1), of_ref(args->data[0].of.ref)};
  wasm_ref_t *point = wasmx_struct_new(store, s.types[POINT], fields, 2);
  if (made(point != NULL)) results->data[0].of.ref = point;
  return NULL;
}

static wasm_trap_t *same_point(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller, (void)slots;
  return NULL;
}

static void call_visit(wasm_instance_t *in) {
  wasm_func_t *visit = wasmx_instance_func(in, "visit");
  int32_t number = 0;
  if (!made(visit != NULL)) return;
  wasm_trap_t *trap = wasmx_call(visit, "i32 -> i32", 4, &number);
  /* Without memory the host gives null. */
  if (refused && wasmx_trap_code(trap) == WASMX_TRAP_NULL_REFERENCE)
    wasm_trap_delete(trap);
  else if (no_trap(trap))
    assert_in_range(number, 4, 5);
  wasm_func_delete(visit);
}

static void use_externals(wasm_func_t *func, wasm_global_t *global, wasm_table_t *table,
                          wasm_tag_t *tag) {
  wasmx_valtype_t t;
  wasmx_error_t err = no_error();
  assert_true(wasmx_extern_type(wasm_func_as_extern_const(func), &t));
  wasm_extern_t *list[] = {wasm_func_as_extern(func), wasm_global_as_extern(global),
                           wasm_table_as_extern(table), wasm_tag_as_extern(tag)};
  wasm_extern_vec_t imports = {4, list};
  wasm_instance_t *in = wasmx_instance_new(s.store, s.module, &imports, NULL, &err);
  if (made_or_says(in != NULL, &err)) call_visit(in);
  wasm_instance_delete(in);
}

static void externals(void) {
  const wasmx_valtype_t point = wasmx_valtype_of_type(s.types[POINT], true);
  const wasmx_val_t null = of_ref(NULL);
  const wasmx_limits64_t two = {2, 2};
  wasm_global_t *global = wasmx_global_new_of_type(s.store, &point, WASM_VAR, &null);
  wasm_table_t *table = wasmx_table_new_of_type(s.store, &point, two, false, NULL);
  wasm_tag_t *tag = wasmx_tag_new_of_type(s.store, s.types[THROWN]);
  wasm_func_t *funcs[] = {
      wasmx_func_new_of_type(s.store, s.types[VISIT], make_point, NULL, NULL),
      wasmx_func_new_raw_of_type(s.store, s.types[VISIT], same_point, NULL, NULL)};
  bool all = made(global != NULL);
  all = made(table != NULL) && all;
  all = made(tag != NULL) && all;
  for (int i = 0; i < 2; i++) {
    if (made(funcs[i] != NULL) && all) use_externals(funcs[i], global, table, tag);
    wasm_func_delete(funcs[i]);
  }
  wasm_global_delete(global), wasm_table_delete(table), wasm_tag_delete(tag);
}

/* In a store that has no heap yet. */
static void first_objects(void) {
  wasm_store_t *store = sweep_store(s.engine);
  if (!store) return;
  wasmx_slot_t out;
  wasm_ref_t *ref = wasmx_struct_new(store, s.types[POINT], NULL, 0);
  made(ref != NULL);
  made(wasmx_array_new_raw(store, s.types[REFS], NULL, 1000, &out));
  assert_true(wasmx_store_try_delete(store));
  wasm_ref_delete(ref);
}

static const Step steps[] = {
    STEP(new_types), STEP(simple_types),     STEP(types_of_modules), STEP(structs),
    STEP(arrays),    STEP(objects_by_slots), STEP(externals),        STEP(first_objects),
};

static void stood_in_tier(bool eager) {
  s.engine = sweep_engine(eager), s.store = sweep_store(s.engine);
  s.module = module_of(s.store, guest);
  for (size_t i = 0; i < TYPES; i++) s.types[i] = wasmx_module_type(s.module, i);
  assert_true(sweep_all(steps, sizeof steps / sizeof *steps) > 60);
  if (eager) assert_compiled(s.engine);
  types_delete(s.types, TYPES);
  wasm_module_delete(s.module);
  assert_true(wasmx_store_try_delete(s.store));
  wasm_engine_delete(s.engine);
}

int main(void) { return sweep_in_both_tiers(stood_in_tier); }
