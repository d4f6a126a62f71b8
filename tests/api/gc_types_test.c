/* Precise types (wasmx_gc.h): those of modules and those that the host makes are the same; what
 * makes no sense is refused. */
#include "api/fixture.h"

#include <pthread.h>
#include <stdlib.h>

#define KIND(kind)       wasmx_valtype_of_kind(kind)
#define HEAP(heap, null) wasmx_valtype_of_heap(WASMX_HEAP_##heap, null)
#define TO(type, null)   wasmx_valtype_of_type(type, null)

static wasmx_field_t field_of(wasmx_valtype_t type, wasm_mutability_t mutability) {
  wasmx_field_t field = {type, mutability};
  return field;
}

static bool same_type(wasmx_valtype_t a, wasmx_valtype_t b) {
  return a.kind == b.kind && a.nullable == b.nullable && a.heap == b.heap && a.type == b.type;
}

/* A recursion group, and types by themselves. */
static const char guest[] =
    "(module (rec (type $node (sub (struct (field (mut i32)) (field (ref null $list)))))\n"
    "             (type $list (array (mut (ref null $node)))))\n"
    " (type $leaf (sub final $node\n"
    "  (struct (field (mut i32)) (field (ref null $list)) (field i8) (field (mut v128)))))\n"
    " (type $call (func (param (ref $node) i32 anyref) (result (ref null $leaf) f64)))\n"
    " (type $shorts (array i16))\n"
    " (import \"env\" \"call\" (func $imported (type $call)))\n"
    " (import \"env\" \"kept\" (global (mut (ref null $node))))\n"
    " (import \"env\" \"list\" (table 3 (ref null $leaf)))\n"
    " (import \"env\" \"memory\" (memory 1))\n"
    " (tag (export \"tag\") (param (ref $leaf)))\n"
    " (global (export \"eq\") eqref (ref.null eq))\n"
    " (export \"call\" (func $imported)) (export \"kept\" (global 0)) (export \"list\" (table 0))\n"
    " (export \"memory\" (memory 0)))";
enum { NODE, LIST, LEAF, CALL, SHORTS, TYPES };

typedef struct Guest {
  World w;
  wasm_module_t *module;
  wasmx_type_t *types[TYPES];
} Guest;

static Guest guest_new(void) {
  Guest g = {.w = world_new()};
  g.module = module_of(g.w.store, guest);
  for (size_t i = 0; i < TYPES; i++) {
    g.types[i] = wasmx_module_type(g.module, i);
    assert_non_null(g.types[i]);
  }
  return g;
}

static void types_delete(wasmx_type_t **types, size_t count) {
  for (size_t i = 0; i < count; i++) wasmx_type_delete(types[i]);
}

static void guest_delete(Guest *g) {
  types_delete(g->types, TYPES);
  wasm_module_delete(g->module);
  world_delete(&g->w);
}

static void modules_tell_their_types(void **state) {
  (void)state;
  Guest g = guest_new();
  assert_int_equal(wasmx_module_type_count(g.module), TYPES + 1); /* the tag's, too */
  assert_int_equal(wasmx_type_kind(g.types[NODE]), WASMX_TYPE_STRUCT);
  assert_int_equal(wasmx_type_kind(g.types[LIST]), WASMX_TYPE_ARRAY);
  assert_int_equal(wasmx_type_kind(g.types[CALL]), WASMX_TYPE_FUNC);
  assert_false(wasmx_type_is_final(g.types[NODE]));
  assert_true(wasmx_type_is_final(g.types[LEAF]) && wasmx_type_is_final(g.types[LIST]));
  assert_ptr_equal(wasmx_type_super(g.types[LEAF]), g.types[NODE]);
  assert_null(wasmx_type_super(g.types[NODE]));
  assert_int_equal(wasmx_type_field_count(g.types[LEAF]), 4);
  assert_int_equal(wasmx_type_field_count(g.types[LIST]), 1);
  assert_int_equal(wasmx_type_field_count(g.types[CALL]), 0);
  wasmx_field_t field;
  assert_true(wasmx_type_field(g.types[LEAF], 0, &field));
  assert_true(field.type.kind == WASM_I32 && field.mutability == WASM_VAR);
  assert_true(wasmx_type_field(g.types[LEAF], 1, &field));
  assert_true(same_type(field.type, TO(g.types[LIST], true)) && field.mutability == WASM_CONST);
  assert_true(wasmx_type_field(g.types[LEAF], 2, &field) && field.type.kind == WASMX_I8);
  assert_true(wasmx_type_field(g.types[LEAF], 3, &field) && field.type.kind == WASMX_V128);
  assert_true(wasmx_type_field(g.types[SHORTS], 0, &field) && field.type.kind == WASMX_I16);
  guest_delete(&g);
}

static void functions_tell_their_types(void **state) {
  (void)state;
  Guest g = guest_new();
  wasmx_valtype_t t;
  assert_int_equal(wasmx_type_param_count(g.types[CALL]), 3);
  assert_int_equal(wasmx_type_result_count(g.types[CALL]), 2);
  assert_true(wasmx_type_param(g.types[CALL], 0, &t) && same_type(t, TO(g.types[NODE], false)));
  assert_true(wasmx_type_param(g.types[CALL], 1, &t) && same_type(t, KIND(WASM_I32)));
  assert_true(wasmx_type_param(g.types[CALL], 2, &t) && same_type(t, HEAP(ANY, true)));
  assert_true(wasmx_type_result(g.types[CALL], 0, &t) && same_type(t, TO(g.types[LEAF], true)));
  assert_true(wasmx_type_result(g.types[CALL], 1, &t) && same_type(t, KIND(WASM_F64)));
  assert_false(wasmx_type_param(g.types[CALL], 3, &t));
  assert_false(wasmx_type_result(g.types[CALL], 2, &t));
  assert_false(wasmx_type_param(g.types[NODE], 0, &t));
  assert_last_error(WASMX_ARGUMENT, "index");
  guest_delete(&g);
}

static void imports_and_exports_tell_theirs(void **state) {
  (void)state;
  Guest g = guest_new();
  wasmx_valtype_t t;
  assert_true(wasmx_module_import_type(g.module, 0, &t));
  assert_true(same_type(t, TO(g.types[CALL], false)));
  assert_true(wasmx_module_import_type(g.module, 1, &t));
  assert_true(same_type(t, TO(g.types[NODE], true)));
  assert_true(wasmx_module_import_type(g.module, 2, &t));
  assert_true(same_type(t, TO(g.types[LEAF], true)));
  assert_false(wasmx_module_import_type(g.module, 3, &t)); /* a memory */
  assert_false(wasmx_module_import_type(g.module, 4, &t));
  assert_true(wasmx_module_export_type(g.module, "call", &t));
  assert_true(same_type(t, TO(g.types[CALL], false)));
  assert_true(wasmx_module_export_type(g.module, "eq", &t) && same_type(t, HEAP(EQ, true)));
  assert_true(wasmx_module_export_type(g.module, "list", &t));
  assert_true(same_type(t, TO(g.types[LEAF], true)));
  assert_true(wasmx_module_export_type(g.module, "tag", &t));
  assert_int_equal(wasmx_type_kind(t.type), WASMX_TYPE_FUNC);
  wasmx_valtype_t param;
  assert_true(wasmx_type_param(t.type, 0, &param) && same_type(param, TO(g.types[LEAF], false)));
  assert_false(wasmx_module_export_type(g.module, "memory", &t));
  assert_false(wasmx_module_export_type(g.module, "nothing", &t));
  assert_false(wasmx_module_export_type(g.module, NULL, &t));
  assert_false(wasmx_module_export_type(NULL, "call", &t));
  assert_false(wasmx_module_import_type(g.module, 0, NULL));
  assert_null(wasmx_module_type(g.module, TYPES + 1));
  assert_null(wasmx_module_type(NULL, 0));
  assert_int_equal(wasmx_module_type_count(NULL), 0);
  guest_delete(&g);
}

/* ---- the host's own ---- */

static wasmx_typedef_t def_of(wasmx_typekind_t kind, const wasmx_field_t *fields, size_t count) {
  wasmx_typedef_t def = {.size = sizeof def, .kind = kind, .fields = fields, .field_count = count};
  return def;
}

/* The group of `guest`: what is written the same is the same. */
static void equal_types_are_one(void **state) {
  (void)state;
  Guest g = guest_new();
  const wasmx_field_t node[] = {field_of(KIND(WASM_I32), WASM_VAR),
                                field_of(wasmx_valtype_of_group(1, true), WASM_CONST)};
  const wasmx_field_t list = field_of(wasmx_valtype_of_group(0, true), WASM_VAR);
  wasmx_typedef_t group[] = {def_of(WASMX_TYPE_STRUCT, node, 2),
                             def_of(WASMX_TYPE_ARRAY, &list, 1)};
  group[0].is_open = true;
  wasmx_type_t *made[3];
  assert_true(wasmx_types_new(g.w.engine, group, 2, made, NULL));
  assert_ptr_equal(made[0], g.types[NODE]);
  assert_ptr_equal(made[1], g.types[LIST]);
  const wasmx_field_t leaf[] = {node[0], field_of(TO(made[1], true), WASM_CONST),
                                field_of(KIND(WASMX_I8), WASM_CONST),
                                field_of(KIND(WASMX_V128), WASM_VAR)};
  wasmx_typedef_t sub = def_of(WASMX_TYPE_STRUCT, leaf, 4);
  sub.super = made[0];
  assert_true(wasmx_types_new(g.w.engine, &sub, 1, &made[2], NULL));
  assert_ptr_equal(made[2], g.types[LEAF]);
  const wasmx_valtype_t params[] = {TO(made[0], false), KIND(WASM_I32), HEAP(ANY, true)};
  const wasmx_valtype_t results[] = {TO(made[2], true), KIND(WASM_F64)};
  wasmx_type_t *call = wasmx_type_new_func(g.w.engine, params, 3, results, 2);
  assert_ptr_equal(call, g.types[CALL]);
  const wasmx_field_t element = field_of(KIND(WASMX_I16), WASM_CONST);
  wasmx_type_t *shorts = wasmx_type_new_array(g.w.engine, &element);
  assert_ptr_equal(shorts, g.types[SHORTS]);
  /* By itself a type is another one than in a group. */
  const wasmx_field_t alone = field_of(TO(made[0], true), WASM_VAR);
  wasmx_type_t *other = wasmx_type_new_array(g.w.engine, &alone);
  assert_true(other && other != made[1]);
  wasmx_type_delete(other), wasmx_type_delete(call), wasmx_type_delete(shorts);
  types_delete(made, 3);
  guest_delete(&g);
}

static void types_match(void **state) {
  (void)state;
  Guest g = guest_new();
  assert_true(wasmx_type_is_sub(g.types[LEAF], g.types[NODE]));
  assert_true(wasmx_type_is_sub(g.types[LEAF], g.types[LEAF]));
  assert_false(wasmx_type_is_sub(g.types[NODE], g.types[LEAF]));
  assert_false(wasmx_type_is_sub(g.types[LIST], g.types[NODE]));
  assert_false(wasmx_type_is_sub(NULL, g.types[NODE]) || wasmx_type_is_sub(g.types[NODE], NULL));
  const struct {
    wasmx_valtype_t sub, super;
    bool matches;
  } pairs[] = {
      {TO(g.types[LEAF], false), TO(g.types[NODE], true), true},
      {TO(g.types[LEAF], true), TO(g.types[NODE], false), false},
      {TO(g.types[LEAF], false), HEAP(STRUCT, false), true},
      {TO(g.types[LIST], false), HEAP(ARRAY, false), true},
      {TO(g.types[LIST], false), HEAP(STRUCT, false), false},
      {TO(g.types[CALL], false), KIND(WASM_FUNCREF), true},
      {TO(g.types[CALL], false), HEAP(ANY, true), false},
      {HEAP(NONE, true), TO(g.types[LEAF], true), true},
      {HEAP(NOFUNC, true), TO(g.types[CALL], true), true},
      {HEAP(NONE, true), TO(g.types[CALL], true), false},
      {HEAP(I31, false), HEAP(EQ, true), true},
      {HEAP(EQ, false), HEAP(I31, true), false},
      {HEAP(NOEXTERN, true), KIND(WASM_EXTERNREF), true},
      {HEAP(NOEXN, true), KIND(WASMX_EXNREF), true},
      {HEAP(ANY, true), KIND(WASM_EXTERNREF), false},
      {KIND(WASM_I32), KIND(WASM_I32), true},
      {KIND(WASM_I32), KIND(WASM_I64), false},
      {KIND(WASMX_I8), KIND(WASMX_I8), true},
      {KIND(WASMX_I8), KIND(WASM_I32), false},
      {KIND(77), KIND(77), false},
      {wasmx_valtype_of_group(0, true), wasmx_valtype_of_group(0, true), false},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (wasmx_valtype_matches(&pairs[i].sub, &pairs[i].super) != pairs[i].matches)
      fail_msg("pair %zu", i);
  assert_false(wasmx_valtype_matches(NULL, &pairs[0].super));
  assert_false(wasmx_valtype_matches(&pairs[0].sub, NULL));
  guest_delete(&g);
}

/* ---- what is made of them ---- */

static wasm_trap_t *no_call(void *env, wasmx_caller_t *caller, const wasm_val_vec_t *args,
                            wasm_val_vec_t *results) {
  (void)env, (void)caller, (void)args;
  assert_int_equal(results->data[0].kind, WASM_EXTERNREF);
  return NULL;
}

static void imports_take_them(void **state) {
  (void)state;
  Guest g = guest_new();
  wasm_store_t *store = g.w.store;
  const wasmx_val_t null = {.kind = WASM_EXTERNREF};
  const wasmx_limits64_t three = {3, UINT64_MAX};
  wasmx_valtype_t node = TO(g.types[NODE], true), leaf = TO(g.types[LEAF], true), t;
  wasm_limits_t one = {1, 1};
  wasm_memorytype_t *memory_type = wasm_memorytype_new(&one);
  wasm_memory_t *memory = wasm_memory_new(store, memory_type);
  wasm_func_t *func =
      wasmx_func_new_raw_of_type(store, g.types[CALL], (wasmx_raw_callback_t)NULL, NULL, NULL);
  assert_null(func); /* without a callback */
  func = wasmx_func_new_of_type(store, g.types[SHORTS], no_call, NULL, NULL);
  assert_null(func);
  assert_last_error(WASMX_ARGUMENT, "kind");
  wasmx_type_t *simple = wasmx_type_new_func(g.w.engine, &node, 1, &leaf, 1);
  func = wasmx_func_new_of_type(store, simple, no_call, NULL, NULL);
  assert_true(wasmx_extern_type(wasm_func_as_extern_const(func), &t));
  assert_true(same_type(t, TO(simple, false)));
  wasmx_val_t result;
  assert_null(wasmx_func_call(func, 1, &null, 1, &result));
  assert_null(result.of.ref);
  wasm_global_t *global = wasmx_global_new_of_type(store, &node, WASM_VAR, &null);
  assert_true(wasmx_extern_type(wasm_global_as_extern_const(global), &t) && same_type(t, node));
  wasm_table_t *table = wasmx_table_new_of_type(store, &leaf, three, false, NULL);
  assert_true(wasmx_extern_type(wasm_table_as_extern_const(table), &t) && same_type(t, leaf));
  assert_false(wasmx_extern_type(wasm_memory_as_extern_const(memory), &t));
  assert_false(wasmx_extern_type(NULL, &t));
  wasm_tag_t *tag = wasmx_tag_new_of_type(store, g.types[CALL]);
  assert_null(tag); /* it has results */
  wasmx_type_t *thrown = wasmx_type_new_func(g.w.engine, &leaf, 1, NULL, 0);
  tag = wasmx_tag_new_of_type(store, thrown);
  assert_true(wasmx_extern_type(wasm_tag_as_extern_const(tag), &t));
  assert_true(same_type(t, TO(thrown, false)));
  wasm_func_t *wrong = func; /* another function type: the import does not fit */
  wasm_extern_t *list[] = {wasm_func_as_extern(wrong), wasm_global_as_extern(global),
                           wasm_table_as_extern(table), wasm_memory_as_extern(memory)};
  wasm_extern_vec_t imports = {4, list};
  assert_null(wasmx_instance_new(store, g.module, &imports, NULL, NULL));
  assert_last_error(WASMX_LINK, "");
  wasm_tag_delete(tag), wasm_table_delete(table), wasm_global_delete(global),
      wasm_func_delete(func);
  wasm_memory_delete(memory), wasm_memorytype_delete(memory_type);
  wasmx_type_delete(simple), wasmx_type_delete(thrown);
  guest_delete(&g);
}

static wasm_trap_t *raw_call(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller;
  slots[0].ref = 0;
  slots[1].f64 = slots[1].i32 + 0.5;
  return NULL;
}

static void modules_link_with_them(void **state) {
  (void)state;
  Guest g = guest_new();
  wasm_store_t *store = g.w.store;
  const wasmx_val_t null = {.kind = WASM_EXTERNREF};
  wasmx_valtype_t node = TO(g.types[NODE], true), leaf = TO(g.types[LEAF], true);
  const wasmx_limits64_t three = {3, UINT64_MAX};
  wasm_limits_t one = {1, 1};
  wasm_memorytype_t *memory_type = wasm_memorytype_new(&one);
  wasm_memory_t *memory = wasm_memory_new(store, memory_type);
  wasm_func_t *func = wasmx_func_new_raw_of_type(store, g.types[CALL], raw_call, NULL, NULL);
  wasm_global_t *global = wasmx_global_new_of_type(store, &node, WASM_VAR, &null);
  wasm_table_t *table = wasmx_table_new_of_type(store, &leaf, three, false, &null);
  wasm_extern_t *list[] = {wasm_func_as_extern(func), wasm_global_as_extern(global),
                           wasm_table_as_extern(table), wasm_memory_as_extern(memory)};
  wasm_extern_vec_t imports = {4, list};
  wasm_instance_t *instance = wasmx_instance_new(store, g.module, &imports, NULL, NULL);
  if (!instance) print_message("%s\n", wasmx_last_error()->message);
  assert_non_null(instance);
  wasm_func_t *call = wasmx_instance_func(instance, "call");
  wasm_ref_t *object = wasmx_struct_new(store, g.types[NODE], NULL, 0);
  wasmx_slot_t slots[3] = {{.ref = wasmx_slot_of_ref(object)}, {.i32 = 4}, {.ref = 0}};
  assert_null(wasmx_func_call_raw(call, slots));
  assert_true(slots[1].f64 == 4.5);
  slots[0].ref = 0; /* not a (ref $node) */
  assert_trap(wasmx_func_call_raw(call, slots), "reference");
  wasm_ref_delete(object), wasm_func_delete(call), wasm_instance_delete(instance);
  wasm_table_delete(table), wasm_global_delete(global), wasm_func_delete(func);
  wasm_memory_delete(memory), wasm_memorytype_delete(memory_type);
  guest_delete(&g);
}

/* ---- what is refused ---- */

static void refused(wasm_engine_t *engine, const wasmx_typedef_t *defs, size_t count,
                    wasmx_errcode_t code, const char *text) {
  wasmx_type_t *out[4] = {0};
  wasmx_error_t err = {.size = sizeof err};
  assert_false(wasmx_types_new(engine, defs, count, out, &err));
  assert_last_error(code, text);
  assert_int_equal(err.code, code);
  for (int i = 0; i < 4; i++) assert_null(out[i]);
}

static void what_makes_no_sense_is_refused(void **state) {
  (void)state;
  Guest g = guest_new();
  wasm_engine_t *engine = g.w.engine, *other = wasm_engine_new();
  const wasmx_field_t i32 = field_of(KIND(WASM_I32), WASM_VAR),
                      i64 = field_of(KIND(WASM_I64), WASM_VAR);
  wasmx_type_t *foreign = wasmx_type_new_array(other, &i32);
  wasmx_typedef_t def = def_of(WASMX_TYPE_STRUCT, &i32, 1), defs[2] = {def, def};
  refused(NULL, &def, 1, WASMX_ARGUMENT, "engine");
  refused(engine, NULL, 1, WASMX_ARGUMENT, "");
  refused(engine, &def, 0, WASMX_ARGUMENT, "");
  refused(engine, &def, (size_t)1 << 21, WASMX_LIMIT, "types");
  assert_false(wasmx_types_new(engine, &def, 1, NULL, NULL));
  def.size = 0;
  refused(engine, &def, 1, WASMX_ARGUMENT, "");
  defs[1].size = 8;
  refused(engine, defs, 2, WASMX_ARGUMENT, "size");
  def = def_of(3, &i32, 1);
  refused(engine, &def, 1, WASMX_ARGUMENT, "kind");
  def = def_of(WASMX_TYPE_STRUCT, NULL, 1);
  refused(engine, &def, 1, WASMX_ARGUMENT, "NULL");
  def = def_of(WASMX_TYPE_ARRAY, &i32, 0);
  refused(engine, &def, 1, WASMX_ARGUMENT, "one");
  def = def_of(WASMX_TYPE_STRUCT, &i32, 10001);
  refused(engine, &def, 1, WASMX_LIMIT, "fields");
  def = def_of(WASMX_TYPE_FUNC, NULL, 0);
  def.param_count = 1;
  refused(engine, &def, 1, WASMX_ARGUMENT, "NULL");
  def.param_count = 1001;
  refused(engine, &def, 1, WASMX_LIMIT, "parameters");
  const wasmx_field_t kinds[] = {field_of(KIND(77), WASM_VAR), field_of(TO(NULL, true), WASM_VAR),
                                 field_of(TO(foreign, true), WASM_VAR),
                                 field_of(wasmx_valtype_of_group(1, true), WASM_VAR),
                                 field_of(wasmx_valtype_of_heap(200, true), WASM_VAR)};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    def = def_of(WASMX_TYPE_STRUCT, &kinds[i], 1);
    refused(engine, &def, 1, WASMX_ARGUMENT, "");
  }
  /* packed types are of fields only */
  wasmx_valtype_t packed = KIND(WASMX_I8);
  assert_null(wasmx_type_new_func(engine, &packed, 1, NULL, 0));
  /* supertypes */
  def = def_of(WASMX_TYPE_STRUCT, &i32, 1);
  def.super = foreign;
  refused(engine, &def, 1, WASMX_ARGUMENT, "another engine");
  def.super = g.types[SHORTS];
  refused(engine, &def, 1, WASMX_INVALID, "final");
  def.super = g.types[NODE]; /* which has more fields */
  refused(engine, &def, 1, WASMX_INVALID, "does not match");
  def.super = NULL;
  def.super_number = 1; /* itself */
  refused(engine, &def, 1, WASMX_INVALID, "not before");
  defs[0] = def_of(WASMX_TYPE_STRUCT, &i32, 1), defs[1] = def_of(WASMX_TYPE_STRUCT, &i64, 1);
  defs[0].is_open = true;
  defs[1].super_number = 1;
  refused(engine, defs, 2, WASMX_INVALID, "does not match");
  assert_false(wasmx_type_is_sub(foreign, g.types[LIST]));
  wasmx_valtype_t a = TO(foreign, true), b = TO(g.types[LIST], true);
  assert_false(wasmx_valtype_matches(&a, &b));
  /* Of NULL */
  wasmx_field_t field;
  assert_int_equal(wasmx_type_kind(NULL), WASMX_TYPE_FUNC);
  assert_true(wasmx_type_is_final(NULL) && !wasmx_type_super(NULL) && !wasmx_type_copy(NULL));
  assert_false(wasmx_type_field(NULL, 0, &field) || wasmx_type_field(g.types[NODE], 0, NULL));
  assert_false(wasmx_type_field(g.types[NODE], 2, &field));
  assert_int_equal(wasmx_type_param_count(NULL) + wasmx_type_result_count(NULL) +
                       wasmx_type_field_count(NULL),
                   0);
  wasmx_type_delete(NULL);
  wasmx_type_delete(foreign);
  wasm_engine_delete(other);
  guest_delete(&g);
}

static void other_engines_types_make_nothing(void **state) {
  (void)state;
  World w = world_new(), v = world_new();
  const wasmx_field_t i32 = field_of(KIND(WASM_I32), WASM_VAR);
  wasmx_type_t *type = wasmx_type_new_struct(v.engine, &i32, 1);
  wasmx_type_t *array = wasmx_type_new_array(v.engine, &i32);
  wasmx_type_t *func = wasmx_type_new_func(v.engine, NULL, 0, NULL, 0);
  wasmx_valtype_t t = TO(type, true);
  const wasmx_val_t null = {.kind = WASM_EXTERNREF};
  const wasmx_limits64_t one = {1, 1};
  wasmx_slot_t out;
  assert_null(wasmx_struct_new(w.store, type, NULL, 0));
  assert_last_error(WASMX_ARGUMENT, "another engine");
  assert_null(wasmx_array_new(w.store, array, NULL, 1));
  assert_null(wasmx_array_new_fixed(w.store, array, NULL, 0));
  assert_null(wasmx_array_new_data(w.store, array, "", 0));
  assert_false(wasmx_struct_new_raw(w.store, type, NULL, &out));
  assert_null(wasmx_func_new_of_type(w.store, func, no_call, NULL, NULL));
  assert_null(wasmx_func_new_raw_of_type(w.store, func, raw_call, NULL, NULL));
  assert_null(wasmx_global_new_of_type(w.store, &t, WASM_VAR, &null));
  assert_null(wasmx_table_new_of_type(w.store, &t, one, false, NULL));
  assert_null(wasmx_tag_new_of_type(w.store, func));
  assert_false(wasmx_slot_is(w.store, 0, &t));
  wasm_ref_t *i31 = wasmx_i31_new(w.store, 1);
  assert_false(wasmx_ref_is(i31, &t));
  assert_null(wasmx_ref_cast(i31, &t));
  wasm_ref_delete(i31);
  wasmx_type_delete(type), wasmx_type_delete(array), wasmx_type_delete(func);
  world_delete(&w), world_delete(&v);
}

/* The deepest that there may be, and one more. */
static void chains_have_an_end(void **state) {
  (void)state;
  World w = world_new();
  enum { DEEP = 64 };
  wasmx_typedef_t defs[DEEP + 1];
  wasmx_type_t *types[DEEP + 1] = {0};
  for (uint32_t i = 0; i <= DEEP; i++) {
    defs[i] = def_of(WASMX_TYPE_STRUCT, NULL, 0);
    defs[i].is_open = true;
    defs[i].super_number = i;
  }
  assert_false(wasmx_types_new(w.engine, defs, DEEP + 1, types, NULL));
  assert_last_error(WASMX_LIMIT, "63 types deep");
  assert_true(wasmx_types_new(w.engine, defs, DEEP, types, NULL));
  assert_true(wasmx_type_is_sub(types[DEEP - 1], types[0]));
  wasmx_typedef_t last = def_of(WASMX_TYPE_STRUCT, NULL, 0);
  last.super = types[DEEP - 1];
  assert_false(wasmx_types_new(w.engine, &last, 1, &types[DEEP], NULL));
  assert_last_error(WASMX_LIMIT, "63 types deep");
  wasm_ref_t *object = wasmx_struct_new(w.store, types[DEEP - 1], NULL, 0);
  wasmx_valtype_t root = TO(types[0], false);
  assert_true(wasmx_ref_is(object, &root));
  wasm_ref_delete(object);
  types_delete(types, DEEP);
  world_delete(&w);
}

/* The same in a module: a chain of so many types. */
static wasm_module_t *module_of_chain(wasm_store_t *store, int count) {
  char *text = malloc((size_t)count * 64 + 64), *at = text;
  at += sprintf(at, "(module (type $t0 (sub (struct)))");
  for (int i = 1; i < count; i++) at += sprintf(at, "(type $t%d (sub $t%d (struct)))", i, i - 1);
  sprintf(at, ")");
  wasm_byte_vec_t source = {strlen(text), text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  free(text);
  return module;
}

static void chains_of_modules_have_an_end(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of_chain(w.store, 64);
  assert_non_null(module);
  wasm_module_delete(module);
  assert_null(module_of_chain(w.store, 65));
  assert_last_error(WASMX_LIMIT, "63 types deep");
  world_delete(&w);
}

/* 100,000 types that all refer to each other, as the host's and as a module's. */
static void large_groups_are_made(void **state) {
  (void)state;
  enum { COUNT = 100000 };
  World w = world_new();
  wasmx_typedef_t *defs = calloc(COUNT, sizeof *defs);
  wasmx_field_t *fields = calloc(COUNT, sizeof *fields);
  wasmx_type_t **types = calloc(2 * COUNT, sizeof *types);
  for (uint32_t i = 0; i < COUNT; i++) {
    fields[i] = field_of(wasmx_valtype_of_group((i + 1) % COUNT, true), WASM_VAR);
    defs[i] = def_of(WASMX_TYPE_STRUCT, &fields[i], 1);
  }
  assert_true(wasmx_types_new(w.engine, defs, COUNT, types, NULL));
  assert_true(wasmx_types_new(w.engine, defs, COUNT, types + COUNT, NULL));
  assert_memory_equal(types, types + COUNT, COUNT * sizeof *types);
  wasmx_field_t field;
  assert_true(wasmx_type_field(types[COUNT - 1], 0, &field));
  assert_ptr_equal(field.type.type, types[0]);
  wasm_ref_t *object = wasmx_struct_new(w.store, types[COUNT - 1], NULL, 0);
  assert_non_null(object);
  wasm_ref_delete(object);
  types_delete(types, 2 * COUNT);
  free(types), free(fields), free(defs);
  world_delete(&w);
}

/* Types stay when everything else is gone. */
static void types_outlive_their_engine(void **state) {
  (void)state;
  Guest g = guest_new();
  wasmx_type_t *leaf = wasmx_type_copy(g.types[LEAF]);
  guest_delete(&g);
  const wasmx_type_t *node = wasmx_type_super(leaf);
  wasmx_field_t field;
  assert_true(wasmx_type_field(node, 1, &field));
  assert_int_equal(wasmx_type_kind(field.type.type), WASMX_TYPE_ARRAY);
  wasmx_type_t *list = wasmx_type_copy(field.type.type);
  wasmx_type_delete(leaf);
  assert_true(wasmx_type_field(list, 0, &field) && wasmx_type_super(field.type.type) == NULL);
  wasmx_type_delete(list);
}

/* Threads make, use and delete the same types, each in stores of its own. */
static void *use_types(void *env) {
  wasm_engine_t *engine = env;
  wasm_store_t *store = wasm_store_new(engine);
  for (uint32_t i = 0; i < 200; i++) {
    wasmx_field_t fields[2] = {field_of(KIND(i % 2 ? WASM_I32 : WASM_F64), WASM_VAR),
                               field_of(wasmx_valtype_of_group(0, true), WASM_VAR)};
    wasmx_type_t *list = wasmx_type_new_struct(engine, fields, 2);
    wasmx_type_t *copy = wasmx_type_copy(list);
    wasmx_valtype_t to = TO(list, false), any = HEAP(EQ, true);
    wasm_ref_t *object = i % 8 ? NULL : wasmx_struct_new(store, copy, NULL, 0);
    bool good = list && wasmx_valtype_matches(&to, &any) && (i % 8 || wasmx_ref_is(object, &to));
    wasmx_type_delete(list);
    wasm_ref_delete(object);
    wasmx_type_delete(copy);
    if (!good) return store;
  }
  wasm_store_delete(store);
  return NULL;
}

static void threads_share_types(void **state) {
  (void)state;
  wasm_engine_t *engine = wasm_engine_new();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, use_types, engine), 0);
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    assert_null(result);
  }
  wasm_engine_delete(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(modules_tell_their_types),
      cmocka_unit_test(functions_tell_their_types),
      cmocka_unit_test(imports_and_exports_tell_theirs),
      cmocka_unit_test(equal_types_are_one),
      cmocka_unit_test(types_match),
      cmocka_unit_test(imports_take_them),
      cmocka_unit_test(modules_link_with_them),
      cmocka_unit_test(what_makes_no_sense_is_refused),
      cmocka_unit_test(other_engines_types_make_nothing),
      cmocka_unit_test(chains_have_an_end),
      cmocka_unit_test(chains_of_modules_have_an_end),
      cmocka_unit_test(large_groups_are_made),
      cmocka_unit_test(types_outlive_their_engine),
      cmocka_unit_test(threads_share_types),
  };
  return run_with_text(tests);
}
