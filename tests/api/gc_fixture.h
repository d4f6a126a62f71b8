/* What the tests of structs and arrays share: a guest with some types and ways in and out. */
#ifndef TESTS_API_GC_FIXTURE_H
#define TESTS_API_GC_FIXTURE_H

#include "api/fixture.h"

#include <stdlib.h>

static const char gc_guest[] =
    "(module $guest\n"
    " (type $bytes (array (mut i8))) (type $shorts (array (mut i16)))\n"
    " (type $point (sub (struct (field $x (mut i32)) (field $y (mut f64)))))\n"
    " (type $named (sub final $point (struct (field (mut i32)) (field (mut f64))\n"
    "   (field $name (mut (ref null $bytes))) (field $id i64))))\n"
    " (type $list (struct (field $next (mut (ref null $list))) (field $value (mut anyref))))\n"
    " (type $refs (array (mut anyref)))\n"
    " (type $wide (struct (field (mut v128)) (field (mut f32)) (field (mut i8)) (field (mut "
    "i16))))\n"
    " (type $visit (func (param (ref $point) anyref i32) (result (ref null $point))))\n"
    " (import \"env\" \"visit\" (func $visit_host (type $visit)))\n"
    " (tag $thrown (export \"thrown\") (param (ref null $point) externref))\n"
    " (global $kept (export \"kept\") (mut anyref) (ref.null any))\n"
    " (global (export \"point\") (mut (ref null $point)) (ref.null $point))\n"
    " (table $table (export \"table\") 4 anyref)\n"
    " (func (export \"new\") (param i32 f64) (result (ref $point))\n"
    "  (struct.new $point (local.get 0) (local.get 1)))\n"
    " (func (export \"x\") (param (ref null $point)) (result i32)\n"
    "  (struct.get $point $x (local.get 0)))\n"
    " (func (export \"move\") (param (ref $point) i32)\n"
    "  (struct.set $point $x (local.get 0)\n"
    "   (i32.add (struct.get $point $x (local.get 0)) (local.get 1))))\n"
    " (func (export \"sum\") (param (ref $bytes)) (result i32) (local $i i32) (local $sum i32)\n"
    "  (block $end (loop $l\n"
    "   (br_if $end (i32.ge_u (local.get $i) (array.len (local.get 0))))\n"
    "   (local.set $sum (i32.add (local.get $sum)\n"
    "    (array.get_u $bytes (local.get 0) (local.get $i))))\n"
    "   (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l)))\n"
    "  (local.get $sum))\n"
    " (func (export \"same\") (param anyref) (result anyref) (local.get 0))\n"
    " (func (export \"out\") (param anyref) (result externref)\n"
    "  (extern.convert_any (local.get 0)))\n"
    " (func (export \"in\") (param externref) (result anyref)\n"
    "  (any.convert_extern (local.get 0)))\n"
    " (func (export \"i31\") (param i32) (result i31ref) (ref.i31 (local.get 0)))\n"
    " (func (export \"eq\") (param eqref eqref) (result i32)\n"
    "  (ref.eq (local.get 0) (local.get 1)))\n"
    " (func $churn (export \"churn\") (param i32)\n"
    "  (loop $l (drop (struct.new_default $list))\n"
    "   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))\n"
    " (func (export \"chain\") (param i32) (result (ref null $list))\n"
    "  (local $list (ref null $list))\n"
    "  (loop $l (local.set $list (struct.new $list (local.get $list) (ref.i31 (local.get 0))))\n"
    "   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get $list))\n"
    " (func (export \"length\") (param $list (ref null $list)) (result i32) (local i32)\n"
    "  (block $end (loop $l (br_if $end (ref.is_null (local.get $list)))\n"
    "   (local.set $list (struct.get $list $next (local.get $list)))\n"
    "   (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br $l))) (local.get 1))\n"
    " (func (export \"throw\") (param (ref null $point) externref)\n"
    "  (throw $thrown (local.get 0) (local.get 1)))\n"
    " (func (export \"array\") (param i32) (result (ref $bytes))\n"
    "  (array.new $bytes (i32.const 7) (local.get 0)))\n"
    " (func (export \"array16\") (param i32) (result (ref $shorts))\n"
    "  (array.new_default $shorts (local.get 0)))\n"
    " (func (export \"make\") (result (ref $bytes))\n"
    "  (array.new_default $bytes (i32.const 1000000)))\n"
    " (func (export \"visit\") (param i32) (result i32) (local $p (ref null $point))\n"
    "  (local.set $p (call $visit_host (struct.new $point (local.get 0) (f64.const 0.5))\n"
    "   (struct.new_default $list) (local.get 0)))\n"
    "  (call $churn (i32.const 100))\n"
    "  (if (result i32) (ref.is_null (local.get $p)) (then (i32.const -1))\n"
    "   (else (struct.get $point $x (local.get $p))))))";
enum { BYTES, SHORTS, POINT, NAMED, LIST, REFS, WIDE, VISIT, GC_TYPES };

typedef struct Guest {
  World w;
  wasm_store_t *store;
  wasm_module_t *module;
  wasm_instance_t *in;
  wasmx_type_t *types[GC_TYPES];
  wasmx_raw_callback_t visit; /* what the import does; NULL: gives the point back */
  void *env;
} Guest;

static inline wasm_trap_t *visit_host(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  Guest *g = env;
  return g->visit ? g->visit(g->env, caller, slots) : NULL;
}

static inline void guest_link(Guest *g) {
  g->store = g->w.store;
  g->module = module_of(g->store, gc_guest);
  for (size_t i = 0; i < GC_TYPES; i++) g->types[i] = wasmx_module_type(g->module, i);
  wasm_func_t *visit = wasmx_func_new_raw_of_type(g->store, g->types[VISIT], visit_host, g, NULL);
  wasm_extern_t *list[] = {wasm_func_as_extern(visit)};
  wasm_extern_vec_t imports = {1, list};
  g->in = wasmx_instance_new(g->store, g->module, &imports, NULL, NULL);
  if (!g->in) print_message("%s\n", wasmx_last_error()->message);
  assert_non_null(g->in);
  wasm_func_delete(visit);
}

static inline int guest_setup_with(void **state, wasm_config_t *config) {
  Guest *g = calloc(1, sizeof *g);
  wasmx_tier_t tier = test_wants_jit() ? WASMX_TIER_JIT : WASMX_TIER_AUTO;
  assert_true(world_in_tier(&g->w, config, tier, false));
  guest_link(g);
  *state = g;
  return 0;
}

static inline int guest_setup(void **state) { return guest_setup_with(state, wasm_config_new()); }

/* The same, collecting at each allocation and spoiling what it frees: everything, or the young. */
static inline int guest_setup_as(void **state, const char *setting) {
  wasm_config_t *config = wasm_config_new();
  assert_true(wasmx_config_set_hidden(config, setting));
  return guest_setup_with(state, config);
}
static inline int guest_setup_stressed(void **state) {
  return guest_setup_as(state, "heap-stress=1");
}
static inline int guest_setup_young(void **state) { return guest_setup_as(state, "heap-stress=2"); }
#define STRESSED(test)                                                                             \
  {#test " (stressed)", test, guest_setup_stressed, guest_teardown, NULL}, {                       \
    #test " (stressed, young)", test, guest_setup_young, guest_teardown, NULL                      \
  }

/* What is left when the store was deleted in the test. */
static inline void guest_let_go(Guest *g) {
  for (size_t i = 0; i < GC_TYPES; i++) wasmx_type_delete(g->types[i]);
  wasm_instance_delete(g->in), wasm_module_delete(g->module);
}

static inline int guest_teardown(void **state) {
  Guest *g = *state;
  guest_let_go(g);
  world_delete(&g->w);
  free(g);
  return 0;
}

static inline wasmx_val_t val_i32(int32_t v) {
  wasmx_val_t val = {.kind = WASM_I32, .of = {.i32 = v}};
  return val;
}
static inline wasmx_val_t val_i64(int64_t v) {
  wasmx_val_t val = {.kind = WASM_I64, .of = {.i64 = v}};
  return val;
}
static inline wasmx_val_t val_f64(double v) {
  wasmx_val_t val = {.kind = WASM_F64, .of = {.f64 = v}};
  return val;
}
static inline wasmx_val_t val_ref(wasm_ref_t *ref) {
  wasmx_val_t val = {.kind = WASM_EXTERNREF, .of = {.ref = ref}};
  return val;
}

/* Calls an export with a reference and gets one. */
static inline wasm_ref_t *through(const Guest *g, const char *name, wasm_ref_t *ref) {
  wasm_func_t *func = wasmx_instance_func(g->in, name);
  wasmx_val_t arg = val_ref(ref), result;
  wasm_trap_t *trap = wasmx_func_call(func, 1, &arg, 1, &result);
  assert_null(trap);
  wasm_func_delete(func);
  return result.of.ref;
}

static inline int32_t number_of(const Guest *g, const char *name, wasm_ref_t *ref) {
  wasm_func_t *func = wasmx_instance_func(g->in, name);
  int32_t number = 0;
  wasm_trap_t *trap = wasmx_call(func, "externref -> i32", ref, &number);
  assert_null(trap);
  wasm_func_delete(func);
  return number;
}

static inline wasm_ref_t *point_new(const Guest *g, int32_t x, double y) {
  const wasmx_val_t fields[] = {val_i32(x), val_f64(y)};
  wasm_ref_t *point = wasmx_struct_new(g->store, g->types[POINT], fields, 2);
  assert_non_null(point);
  return point;
}

static inline int32_t x_of(const wasm_ref_t *point) {
  wasmx_val_t val;
  assert_true(wasmx_struct_get(point, 0, &val));
  assert_int_equal(val.kind, WASM_I32);
  return val.of.i32;
}

static inline wasmx_heap_stats_t heap_stats(const wasm_store_t *store) {
  wasmx_heap_stats_t stats = {.size = sizeof stats};
  assert_true(wasmx_store_heap_stats(store, &stats));
  return stats;
}

/* Bytes that live after a collection of everything. */
static inline uint64_t live_bytes(wasm_store_t *store) {
  wasmx_store_collect(store);
  return heap_stats(store).live_bytes;
}

#endif
