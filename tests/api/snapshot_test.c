/* Instances as modules: what is kept, what is refused, and that the snapshot goes on where the
 * instance was. */
#include "fixture.h"

#include "support/failing_alloc.h"

#include <stdlib.h>

static wasm_module_t *snapshot_module(wasm_store_t *store, const wasm_instance_t *in,
                                      const wasmx_snapshot_options_t *options) {
  wasm_byte_vec_t bytes;
  bool done = wasmx_instance_snapshot(in, options, &bytes, NULL);
  if (!done) print_message("%s\n", wasmx_last_error()->message);
  assert_true(done);
  wasm_module_t *module = wasm_module_new(store, &bytes);
  if (!module) print_message("%s\n", wasmx_last_error()->message);
  assert_non_null(module);
  wasm_byte_vec_delete(&bytes);
  return module;
}

/* One that imports nothing, or the given. */
static wasm_instance_t *restored(wasm_store_t *store, const wasm_instance_t *in, size_t count,
                                 wasm_extern_t **list) {
  wasm_module_t *module = snapshot_module(store, in, NULL);
  wasm_extern_vec_t imports = {count, list};
  wasm_instance_t *again = wasm_instance_new(store, module, &imports, NULL);
  assert_non_null(again);
  wasm_module_delete(module);
  return again;
}

static uint64_t call_export(const wasm_instance_t *in, const char *name, uint64_t arg) {
  wasmx_slot_t slots[2] = {{.u64 = arg}, {.u64 = 0}};
  wasm_func_t *func = wasmx_instance_func(in, name);
  assert_non_null(func);
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  wasm_func_delete(func);
  if (trap) wasm_trap_delete(trap);
  return trap ? UINT64_MAX : slots[0].u64;
}

static const char everything[] =
    "(module $named\n"
    " (type $fn (func (result i32)))\n"
    " (memory $m 1 9) (memory $n i64 2) (memory $bytes 3 (pagesize 1))\n"
    " (table $t 2 9 funcref) (table $u i64 3 (ref null $fn)) (table $v 2 (ref $fn) (ref.func "
    "$one))\n"
    " (table $w 2 externref)\n"
    " (global $i (mut i32) (i32.const 1)) (global $l (mut i64) (i64.const 2))\n"
    " (global $f (mut f32) (f32.const 0)) (global $d (mut f64) (f64.const 0))\n"
    " (global $x (mut v128) (v128.const i64x2 0 0)) (global $r (mut funcref) (ref.null func))\n"
    " (global $s (mut (ref $fn)) (ref.func $one)) (global $e (mut externref) (ref.null extern))\n"
    " (global $k i32 (i32.const 77))\n"
    " (data (memory $m) (i32.const 8) \"active\") (data $p \"passive\") (data $q \"dropped\")\n"
    " (elem (table $t) (i32.const 0) func $one) (elem $g func $two $one) (elem $h func $two) (elem "
    "declare func $three)\n"
    " (start $start)\n"
    " (func $start (global.set $i (i32.add (global.get $i) (i32.const 1))))\n"
    " (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))\n"
    " (func $three (result i32) (i32.add (global.get $i) (i32.const 100)))\n"
    " (func (export \"init\")\n"
    "  (i32.store $m (i32.const 8) (i32.const 0)) (drop (memory.grow $m (i32.const 2)))\n"
    "  (i64.store $m (i32.const 196600) (i64.const -1)) (i64.store $n (i64.const 131064)\n"
    "    (i64.const 0x1122334455667788))\n"
    "  (i32.store8 $bytes (i32.const 2) (i32.const 9)) (drop (memory.grow $bytes (i32.const 5)))\n"
    "  (drop (table.grow $t (ref.func $two) (i32.const 3)))\n"
    "  (table.set $t (i32.const 0) (ref.null func)) (table.set $u (i64.const 2) (ref.func "
    "$three))\n"
    "  (table.set $v (i32.const 1) (ref.func $two))\n"
    "  (global.set $i (i32.const -5)) (global.set $l (i64.const 0x8000000000000000))\n"
    "  (global.set $f (f32.const nan:0x200001)) (global.set $d (f64.const -0))\n"
    "  (global.set $x (v128.const i64x2 3 -4)) (global.set $r (ref.func $three))\n"
    "  (global.set $s (ref.func $two)) (data.drop $q) (elem.drop $h))\n"
    " (func (export \"i\") (result i32) (global.get $i))\n"
    " (func (export \"l\") (result i64) (global.get $l))\n"
    " (func (export \"f\") (result i32) (i32.reinterpret_f32 (global.get $f)))\n"
    " (func (export \"d\") (result i64) (i64.reinterpret_f64 (global.get $d)))\n"
    " (func (export \"x\") (param i32) (result i64) (if (result i64) (local.get 0)\n"
    "  (then (i64x2.extract_lane 1 (global.get $x))) (else (i64x2.extract_lane 0 (global.get "
    "$x)))))\n"
    " (func (export \"k\") (result i32) (global.get $k))\n"
    " (func (export \"sizes\") (result i64) (i64.add (i64.extend_i32_u (i32.add\n"
    "  (i32.add (memory.size $m) (i32.mul (memory.size $bytes) (i32.const 100)))\n"
    "  (i32.mul (table.size $t) (i32.const 10000)))) (memory.size $n)))\n"
    " (func (export \"m\") (param i32) (result i64) (i64.load $m (local.get 0)))\n"
    " (func (export \"n\") (param i64) (result i64) (i64.load $n (local.get 0)))\n"
    " (func (export \"bytes\") (param i32) (result i32) (i32.load8_u $bytes (local.get 0)))\n"
    " (func (export \"t\") (param i32) (result i32) (call_indirect $t (type $fn) (local.get 0)))\n"
    " (func (export \"u\") (param i64) (result i32) (call_indirect $u (type $fn) (local.get 0)))\n"
    " (func (export \"v\") (param i32) (result i32) (call_ref $fn (table.get $v (local.get 0))))\n"
    " (func (export \"s\") (result i32) (call_ref $fn (global.get $s)))\n"
    " (func (export \"r\") (result i32) (table.set $t (i32.const 1) (global.get $r))\n"
    "  (call_indirect $t (type $fn) (i32.const 1)))\n"
    " (func (export \"p\") (memory.init $m $p (i32.const 0) (i32.const 0) (i32.const 7)))\n"
    " (func (export \"q\") (memory.init $m $q (i32.const 0) (i32.const 0) (i32.const 1)))\n"
    " (func (export \"q0\") (memory.init $m $q (i32.const 0) (i32.const 0) (i32.const 0)))\n"
    " (func (export \"a\") (memory.init $m 0 (i32.const 0) (i32.const 0) (i32.const 1)))\n"
    " (func (export \"g\") (table.init $t $g (i32.const 2) (i32.const 0) (i32.const 2)))\n"
    " (func (export \"h\") (table.init $t $h (i32.const 0) (i32.const 0) (i32.const 1)))\n"
    " (func (export \"grow\") (param i32) (result i32) (memory.grow $m (local.get 0)))\n"
    " (func (export \"refs\") (result i32) (i32.add (ref.is_null (table.get $t (i32.const 0)))\n"
    "  (ref.is_null (global.get $e)))))";

/* Each export with some arguments, in an order: both have to answer the same. */
static void assert_same(const wasm_instance_t *a, const wasm_instance_t *b) {
  static const struct {
    const char *name;
    uint64_t arg;
  } calls[] = {{"i", 0},      {"l", 0},      {"f", 0},      {"d", 0},    {"x", 0},    {"x", 1},
               {"k", 0},      {"sizes", 0},  {"m", 0},      {"m", 8},    {"m", 9},    {"m", 196600},
               {"m", 196601}, {"n", 131064}, {"n", 131065}, {"t", 0},    {"t", 1},    {"t", 2},
               {"t", 4},      {"t", 5},      {"u", 2},      {"u", 1},    {"v", 0},    {"v", 1},
               {"s", 0},      {"refs", 0},   {"bytes", 2},  {"r", 0},    {"t", 1},    {"p", 0},
               {"m", 0},      {"q", 0},      {"q0", 0},     {"a", 0},    {"g", 0},    {"t", 2},
               {"t", 3},      {"h", 0},      {"grow", 3},   {"grow", 9}, {"sizes", 0}};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    uint64_t x = call_export(a, calls[i].name, calls[i].arg);
    uint64_t y = call_export(b, calls[i].name, calls[i].arg);
    if (x != y)
      fail_msg("call %zu, %s: %llx, %llx", i, calls[i].name, (unsigned long long)x,
               (unsigned long long)y);
  }
}

static void all_is_kept(void **state) {
  (void)state;
  World w = world_new();
  for (int rounds = 0; rounds < 2; rounds++) { /* as it was born, and when it was changed */
    wasm_instance_t *a = instance_of(w.store, everything);
    if (rounds) call_export(a, "init", 0);
    assert_int_equal(call_export(a, "i", 0), rounds ? (uint32_t)-5 : 2);
    wasm_instance_t *b = restored(w.store, a, 0, NULL), *c = restored(w.store, b, 0, NULL);
    assert_same(a, b);
    wasm_instance_t *d = restored(w.store, c, 0, NULL);
    assert_same(c, d);
    wasm_instance_delete(a), wasm_instance_delete(b);
    wasm_instance_delete(c), wasm_instance_delete(d);
  }
  world_delete(&w);
}

/* Snapshots of snapshots do not grow. */
static void generations(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, everything);
  call_export(in, "init", 0);
  wasm_byte_vec_t first, bytes;
  assert_true(wasmx_instance_snapshot(in, NULL, &first, NULL));
  for (int i = 0; i < 3; i++) {
    wasm_instance_t *next = restored(w.store, in, 0, NULL);
    wasm_instance_delete(in);
    in = next;
    assert_true(wasmx_instance_snapshot(in, NULL, &bytes, NULL));
    assert_int_equal(bytes.size, first.size);
    assert_memory_equal(bytes.data, first.data, first.size);
    wasm_byte_vec_delete(&bytes);
  }
  wasm_byte_vec_delete(&first);
  wasm_instance_delete(in);
  world_delete(&w);
}

static bool holds(const wasm_byte_vec_t *bytes, const char *text) {
  for (size_t i = 0; i + strlen(text) <= bytes->size; i++)
    if (!memcmp(bytes->data + i, text, strlen(text))) return true;
  return false;
}

/* Memories are written without their zeros; sections that the module lacked come before its names.
 */
static void sections(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of(
      w.store, "(module $name (memory 100) (table 3 funcref) (func $f (export \"f\")\n"
               " (i32.store (i32.const 6000000) (i32.const 0x61626364)) (table.set (i32.const 1)"
               " (ref.func $f))) (@custom \"mine\" (after last) \"custom bytes\"))");
  wasm_instance_t *in = wasm_instance_new(w.store, module, NULL, NULL);
  wasm_byte_vec_t bytes;
  assert_true(wasmx_instance_snapshot(in, NULL, &bytes, NULL));
  assert_true(bytes.size < 300);
  call_export(in, "f", 0);
  wasm_byte_vec_delete(&bytes);
  assert_true(wasmx_instance_snapshot(in, NULL, &bytes, NULL));
  assert_true(bytes.size < 300);
  assert_true(holds(&bytes, "dcba") && holds(&bytes, "custom bytes"));
  wasm_module_t *again = wasm_module_new(w.store, &bytes);
  assert_string_equal(wasmx_module_name(again), "name");
  wasm_module_delete(again);
  wasm_byte_vec_delete(&bytes);
  wasm_module_delete(module);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* More pieces than a module may have segments are joined. */
static void many_pieces(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(
      w.store, "(module (memory (export \"m\") 128) (func (export \"f\") (local $i i32)\n"
               " (loop (i32.store8 (i32.mul (local.get $i) (i32.const 40)) (i32.const 1))\n"
               " (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))\n"
               "  (i32.const 200000))))))");
  call_export(in, "f", 0);
  wasm_instance_t *b = restored(w.store, in, 0, NULL);
  wasm_memory_t *x = wasmx_instance_memory(in, "m"), *y = wasmx_instance_memory(b, "m");
  assert_int_equal(wasm_memory_data_size(x), wasm_memory_data_size(y));
  assert_memory_equal(wasm_memory_data(x), wasm_memory_data(y), wasm_memory_data_size(x));
  wasm_memory_delete(x), wasm_memory_delete(y);
  wasm_instance_delete(in), wasm_instance_delete(b);
  world_delete(&w);
}

/* ---- exports ---- */

static const char with_exports[] =
    "(module (func $a (export \"a\") (result i32) (i32.const 1))\n"
    " (func $b (export \"b\") (result i32) (i32.const 2))\n"
    " (func (export \"c\") (result i32) (ref.is_null (ref.func $a)))\n"
    " (global (export \"g\") i32 (i32.const 3)))";

static void exports_are_changed(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, with_exports);
  const wasmx_export_change_t changes[] = {{"b", "a"}, {"g", "new name"}};
  wasmx_snapshot_options_t options = {sizeof options, changes, 2};
  wasm_module_t *module = snapshot_module(w.store, in, &options);
  wasm_instance_t *b = wasm_instance_new(w.store, module, NULL, NULL);
  assert_int_equal(call_export(b, "a", 0), 2); /* what was "a" is declared, for "c" */
  assert_int_equal(call_export(b, "c", 0), 0);
  assert_null(wasmx_instance_export(b, "b"));
  assert_null(wasmx_instance_export(b, "g"));
  wasm_global_t *global = wasmx_instance_global(b, "new name");
  assert_non_null(global);
  wasm_global_delete(global);
  wasm_instance_delete(b);
  wasm_module_delete(module);
  const wasmx_export_change_t removals[] = {{"a", NULL}, {"b", NULL}};
  options = (wasmx_snapshot_options_t){sizeof options, removals, 2};
  module = snapshot_module(w.store, in, &options);
  b = wasm_instance_new(w.store, module, NULL, NULL);
  assert_null(wasmx_instance_export(b, "a"));
  assert_int_equal(call_export(b, "c", 0), 0);
  wasm_instance_delete(b);
  wasm_module_delete(module);
  wasm_instance_delete(in);
  world_delete(&w);
}

static void refuse_changes(const wasm_instance_t *in, const wasmx_export_change_t *changes,
                           size_t count, const char *message) {
  wasm_byte_vec_t bytes = {1, NULL};
  wasmx_error_t err = {.size = sizeof err};
  wasmx_snapshot_options_t options = {sizeof options, changes, count};
  assert_false(wasmx_instance_snapshot(in, &options, &bytes, &err));
  assert_int_equal(bytes.size, 0);
  assert_int_equal(err.code, WASMX_ARGUMENT);
  if (!strstr(err.message, message)) fail_msg("\"%s\" is not \"%s\"", err.message, message);
}

static void changes_that_make_no_sense(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, with_exports);
  refuse_changes(in, (wasmx_export_change_t[]){{"nothing", "a"}}, 1, "\"nothing\" is not there");
  refuse_changes(in, (wasmx_export_change_t[]){{NULL, "a"}}, 1, "is not there");
  refuse_changes(in, (wasmx_export_change_t[]){{"a", "x"}, {"a", "y"}}, 2, "is named twice");
  refuse_changes(in, (wasmx_export_change_t[]){{"a", "x"}, {"b", "x"}}, 2, "would be there twice");
  refuse_changes(in, (wasmx_export_change_t[]){{"a", "\xff"}}, 1, "is no name");
  refuse_changes(in, NULL, 1, "NULL");
  assert_false(wasmx_instance_snapshot(in, NULL, NULL, NULL));
  wasm_byte_vec_t bytes;
  assert_false(wasmx_instance_snapshot(NULL, NULL, &bytes, NULL));
  wasm_instance_delete(in);
  world_delete(&w);
}

/* ---- what cannot be kept ---- */

static void refuse(const wasm_instance_t *in, const char *message) {
  refuse_changes(in, NULL, 0, message);
}

static void imports_are_refused(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *host =
      instance_of(w.store, "(module (memory (export \"m\") 1) (table (export \"t\") 1 funcref)\n"
                           " (global (export \"g\") (mut i32) (i32.const 1)))");
  static const struct {
    const char *name, *text, *message;
  } cases[] = {
      {"m", "(module (import \"\" \"m\" (memory 1)))", "memory 0 is imported"},
      {"t", "(module (import \"\" \"t\" (table 1 funcref)))", "table 0 is imported"},
      {"g", "(module (import \"\" \"g\" (global (mut i32))))", "global 0 is imported and mutable"}};
  for (size_t i = 0; i < 3; i++) {
    wasm_extern_t *list[] = {wasmx_instance_export(host, cases[i].name)};
    wasm_instance_t *in = instance_of_n(w.store, cases[i].text, 1, list);
    refuse(in, cases[i].message);
    wasm_instance_delete(in);
    wasm_extern_delete(list[0]);
  }
  wasm_instance_t *shared = instance_of(w.store, "(module (memory 1 2 shared))");
  refuse(shared, "memory 0 is shared");
  wasm_instance_delete(shared);
  wasm_instance_delete(host);
  world_delete(&w);
}

static wasm_trap_t *nothing(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args, (void)results;
  return NULL;
}

/* Of imported functions they may be, as of the module's own; of others not. */
static void references(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *imported = wasm_func_new(w.store, type, nothing);
  wasm_func_t *stranger = wasm_func_new(w.store, type, nothing);
  wasm_functype_delete(type);
  wasm_extern_t *list[] = {wasm_func_as_extern(imported)};
  wasm_instance_t *in =
      instance_of_n(w.store,
                    "(module (import \"\" \"f\" (func)) (table (export \"t\") 3 funcref)\n"
                    " (table (export \"x\") 3 externref) (global (export \"g\") (mut externref)\n"
                    " (ref.null extern)) (global (export \"h\") (mut funcref) (ref.null func)))",
                    1, list);
  wasm_table_t *table = wasmx_instance_table(in, "t"), *externs = wasmx_instance_table(in, "x");
  wasm_global_t *global = wasmx_instance_global(in, "g"), *func = wasmx_instance_global(in, "h");
  assert_true(wasm_table_set(table, 1, wasm_func_as_ref(imported)));
  wasm_instance_t *again = restored(w.store, in, 1, list);
  wasm_table_t *other = wasmx_instance_table(again, "t");
  wasm_ref_t *ref = wasm_table_get(other, 1);
  assert_true(wasm_ref_same(ref, wasm_func_as_ref(imported)));
  wasm_ref_delete(ref);
  wasm_table_delete(other);
  wasm_instance_delete(again);
  assert_true(wasm_table_set(table, 2, wasm_func_as_ref(stranger)));
  refuse(in, "element 2 of table 0 refers to what is not a function of the module");
  assert_true(wasm_table_set(table, 2, NULL));
  wasm_foreign_t *foreign = wasm_foreign_new(w.store);
  assert_true(wasm_table_set(externs, 0, wasm_foreign_as_ref(foreign)));
  refuse(in, "element 0 of table 1 refers to");
  assert_true(wasm_table_set(externs, 0, NULL));
  wasm_val_t val = ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(foreign));
  wasm_global_set(global, &val);
  refuse(in, "global 0 refers to what is not");
  val = ref_val(WASM_EXTERNREF, NULL);
  wasm_global_set(global, &val);
  val = ref_val(WASM_FUNCREF, wasm_func_as_ref(stranger));
  wasm_global_set(func, &val);
  refuse(in, "global 1 refers to what is not");
  wasm_foreign_delete(foreign);
  wasm_table_delete(table), wasm_table_delete(externs);
  wasm_global_delete(global), wasm_global_delete(func);
  wasm_instance_delete(in);
  wasm_func_delete(imported), wasm_func_delete(stranger);
  world_delete(&w);
}

static wasm_instance_t *running;

static wasm_trap_t *take_inside(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args, (void)results;
  refuse(running, "wasm runs in the store");
  return NULL;
}

static void not_while_it_runs(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *host = wasm_func_new(w.store, type, take_inside);
  wasm_functype_delete(type);
  wasm_extern_t *list[] = {wasm_func_as_extern(host)};
  running = instance_of_n(
      w.store, "(module (import \"\" \"f\" (func $f)) (func (export \"go\") (call $f)))", 1, list);
  call_export(running, "go", 0);
  wasm_byte_vec_t bytes;
  assert_true(wasmx_instance_snapshot(running, NULL, &bytes, NULL));
  wasm_byte_vec_delete(&bytes);
  wasm_instance_delete(running);
  wasm_func_delete(host);
  world_delete(&w);
}

static void each_allocation_may_fail(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, everything);
  call_export(in, "init", 0);
  const wasmx_export_change_t changes[] = {{"init", NULL}};
  wasmx_snapshot_options_t options = {sizeof options, changes, 1};
  for (uint64_t n = 1;; n++) {
    wasm_byte_vec_t bytes;
    failing_alloc_start(n);
    bool done = wasmx_instance_snapshot(in, &options, &bytes, NULL);
    bool failed = failing_alloc_stop();
    assert_true(done || (failed && wasmx_last_error()->code == WASMX_OUT_OF_MEMORY));
    if (done) wasm_byte_vec_delete(&bytes);
    if (!failed) break;
    assert_true(n < 200);
  }
  wasm_instance_delete(in);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_is_kept),
      cmocka_unit_test(generations),
      cmocka_unit_test(sections),
      cmocka_unit_test(many_pieces),
      cmocka_unit_test(exports_are_changed),
      cmocka_unit_test(changes_that_make_no_sense),
      cmocka_unit_test(imports_are_refused),
      cmocka_unit_test(references),
      cmocka_unit_test(not_while_it_runs),
      cmocka_unit_test(each_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
