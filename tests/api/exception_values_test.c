/* Tags and exceptions as the host sees them: made, looked at, thrown, caught, thrown on; exnrefs
 * and typed function references as values. */
#include "api/fixture.h"
#include "support/failing_alloc.h"

#include <stdio.h>

static wasm_tag_t *tag_of(wasm_store_t *store, size_t count, const wasm_valkind_t *kinds) {
  wasm_valtype_vec_t params, none = WASM_EMPTY_VEC;
  wasm_valtype_vec_new_uninitialized(&params, count);
  for (size_t i = 0; i < count; i++) params.data[i] = wasm_valtype_new(kinds[i]);
  wasm_tagtype_t *type = wasm_tagtype_new(wasm_functype_new(&params, &none));
  wasm_tag_t *tag = wasm_tag_new(store, type);
  wasm_tagtype_delete(type);
  return tag;
}

static wasm_tag_t *tag_of_i32(wasm_store_t *store) {
  const wasm_valkind_t kind = WASM_I32;
  return tag_of(store, 1, &kind);
}

/* Deletes it; the exception that it must carry. */
static wasmx_exception_t *caught(wasm_trap_t *trap) {
  assert_non_null(trap);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_UNCAUGHT_EXCEPTION);
  wasmx_exception_t *exception = wasmx_trap_exception(trap);
  assert_non_null(exception);
  wasm_trap_delete(trap);
  return exception;
}

/* Deletes the exception: of the tag, with one i32. */
static void assert_i32(wasmx_exception_t *exception, const wasm_tag_t *tag, int32_t value) {
  wasm_tag_t *its = wasmx_exception_tag(exception);
  assert_true(wasm_tag_same(its, tag));
  wasm_val_vec_t args;
  assert_true(wasmx_exception_args(exception, &args));
  assert_int_equal(args.size, 1);
  assert_int_equal(args.data[0].kind, WASM_I32);
  assert_int_equal(args.data[0].of.i32, value);
  wasm_val_vec_delete(&args);
  wasm_tag_delete(its);
  wasmx_exception_delete(exception);
}

/* ---- tags ---- */

static const char catching_text[] =
    "(module (import \"h\" \"e\" (tag $e (param i32))) (import \"h\" \"f\" (func $f (param i32)))\n"
    "  (export \"again\" (tag $e)) (tag (export \"own\") (param i32))\n"
    "  (func (export \"throw\") (param i32) (result i32) (throw $e (local.get 0)))\n"
    "  (func (export \"catch\") (param i32) (result i32)\n"
    "    (block $h (result i32) (try_table (catch $e $h) (call $f (local.get 0)))\n"
    "      (i32.const -1))))";

static void tags_link(void **state) {
  (void)state;
  World w = world_new();
  wasm_tag_t *tag = tag_of_i32(w.store), *other = tag_of_i32(w.store);
  assert_true(tag && other);
  assert_false(wasm_tag_same(tag, other));
  wasm_tag_t *copy = wasm_tag_copy(tag);
  assert_true(wasm_tag_same(tag, copy));
  wasm_tag_delete(copy);
  wasm_tagtype_t *type = wasm_tag_type(tag);
  const wasm_functype_t *func = wasm_tagtype_functype(type);
  assert_int_equal(wasm_functype_params(func)->size, 1);
  assert_int_equal(wasm_functype_results(func)->size, 0);
  wasm_tagtype_delete(type);
  wasm_extern_t *as_extern = wasm_tag_as_extern(tag);
  assert_ptr_equal(wasm_extern_as_tag(as_extern), tag);
  assert_ptr_equal(wasm_extern_as_tag_const(wasm_tag_as_extern_const(tag)), tag);
  assert_null(wasm_extern_as_func(as_extern));
  assert_ptr_equal(wasm_ref_as_tag(wasm_tag_as_ref(tag)), tag);

  /* What one instance exports another takes, and what one throws the other catches. */
  wasmx_linker_t *linker = wasmx_linker_new(w.store);
  wasm_module_t *module = module_of(w.store, catching_text);
  assert_true(wasmx_linker_define(linker, "h", "e", as_extern));
  wasm_instance_t *giver = instance_of(
      w.store, "(module (tag (export \"e\") (param i32)) (func (export \"f\") (param i32)"
               " (throw 0 (i32.add (local.get 0) (i32.const 1)))))");
  assert_true(wasmx_linker_define_instance(linker, "h", 1, giver));
  wasm_tag_t *given = wasmx_instance_tag(giver, "e");
  wasm_instance_t *taker = wasmx_linker_instantiate(linker, module, NULL, NULL);
  assert_true(given && taker);
  wasm_tag_t *again = wasmx_instance_tag(taker, "again"), *own = wasmx_instance_tag(taker, "own");
  assert_true(wasm_tag_same(given, again));
  assert_false(wasm_tag_same(given, own));
  assert_null(wasmx_instance_tag(taker, "catch"));
  wasm_func_t *catch_it = wasmx_instance_func(taker, "catch");
  assert_int_equal(call_i(catch_it, 41), 42);

  /* Another type is refused, and so is a function. */
  const wasm_valkind_t kinds[] = {WASM_I32, WASM_I32};
  wasm_tag_t *wide = tag_of(w.store, 2, kinds);
  assert_true(wasmx_linker_define(linker, "h", "e", wasm_tag_as_extern(wide)));
  assert_null(wasmx_linker_instantiate(linker, module, NULL, NULL));
  assert_int_equal(wasmx_last_error()->code, WASMX_LINK);
  wasm_tag_t *all[] = {tag, other, given, again, own, wide};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) wasm_tag_delete(all[i]);
  wasm_func_delete(catch_it);
  wasm_instance_delete(taker);
  wasm_instance_delete(giver);
  wasm_module_delete(module);
  wasmx_linker_delete(linker);
  world_delete(&w);
}

static void tags_refused(void **state) {
  (void)state;
  World w = world_new();
  assert_null(wasm_tag_new(w.store, NULL));
  assert_last_error(WASMX_ARGUMENT, "NULL");
  wasm_tagtype_t *type = wasm_tagtype_new(wasm_functype_new_0_1(wasm_valtype_new_i32()));
  assert_null(wasm_tag_new(w.store, type));
  assert_last_error(WASMX_ARGUMENT, "no results");
  assert_null(wasm_tag_new(NULL, type));
  wasm_tagtype_delete(type);
  assert_null(wasm_tag_type(NULL));
  assert_null(wasm_tag_copy(NULL));
  world_delete(&w);
}

/* ---- exceptions ---- */

static void exceptions_are_values(void **state) {
  (void)state;
  World w = world_new();
  wasm_tag_t *tag = tag_of_i32(w.store);
  wasm_val_t val = i32_val(7);
  wasm_val_vec_t args = {1, &val};
  wasmx_exception_t *exception = wasmx_exception_new(tag, &args);
  assert_non_null(exception);
  assert_int_equal(wasmx_exception_arg_slots(exception), 1);
  wasmx_slot_t slot = {.u64 = 0};
  wasmx_exception_args_raw(exception, &slot);
  assert_int_equal(slot.u64, 7);
  wasmx_exception_t *copy = wasmx_exception_copy(exception);
  wasm_ref_t *ref = wasmx_exception_as_ref(exception);
  assert_true(wasm_ref_same(ref, wasmx_exception_as_ref(copy)));
  assert_ptr_equal(wasmx_ref_as_exception(ref), exception);
  assert_null(wasmx_ref_as_exception(wasm_tag_as_ref(tag)));
  wasmx_exception_delete(exception);
  wasmx_store_collect(w.store);
  assert_i32(copy, tag, 7);
  /* Garbage above an i32 is no part of it. */
  slot.u64 = 0xABCD00000009;
  exception = wasmx_exception_new_raw(tag, &slot);
  wasmx_exception_args_raw(exception, &slot);
  assert_int_equal(slot.u64, 9);
  assert_i32(exception, tag, 9);
  wasm_tag_t *empty = tag_of(w.store, 0, NULL);
  exception = wasmx_exception_new(empty, NULL);
  assert_non_null(exception);
  assert_int_equal(wasmx_exception_arg_slots(exception), 0);
  wasmx_exception_args_raw(exception, NULL);
  wasmx_exception_delete(exception);
  wasm_tag_delete(empty);
  wasm_tag_delete(tag);
  world_delete(&w);
}

static void exceptions_refused(void **state) {
  (void)state;
  World w = world_new();
  wasm_store_t *other = wasm_store_new(w.engine);
  const wasm_valkind_t kinds[] = {WASM_EXTERNREF, WASM_I64};
  wasm_tag_t *tag = tag_of(w.store, 2, kinds);
  wasm_foreign_t *stranger = wasm_foreign_new(other);
  wasm_val_t vals[] = {ref_val(WASM_EXTERNREF, wasm_foreign_as_ref(stranger)), WASM_I64_VAL(1)};
  wasm_val_vec_t args = {2, vals}, one = {1, vals};
  assert_null(wasmx_exception_new(tag, &one));
  assert_last_error(WASMX_ARGUMENT, "1 arguments given, the tag has 2");
  assert_null(wasmx_exception_new(tag, NULL));
  assert_null(wasmx_exception_new(tag, &args));
  assert_last_error(WASMX_ARGUMENT, "argument 0");
  vals[0].of.ref = NULL;
  vals[1].kind = WASM_I32;
  assert_null(wasmx_exception_new(tag, &args));
  assert_last_error(WASMX_ARGUMENT, "argument 1");
  wasmx_slot_t slots[2] = {{.ref = wasmx_slot_of_ref(wasm_foreign_as_ref(stranger))}, {.i64 = 1}};
  assert_null(wasmx_exception_new_raw(tag, slots));
  assert_null(wasmx_exception_new_raw(tag, NULL));
  assert_null(wasmx_exception_new(NULL, NULL));
  assert_null(wasmx_exception_new_raw(NULL, NULL));
  wasmx_store_collect(w.store);

  /* A v128 is for slots. */
  const wasm_valkind_t vector = WASMX_V128;
  wasm_tag_t *wide = tag_of(w.store, 1, &vector);
  assert_null(wasmx_exception_new(wide, &one));
  assert_last_error(WASMX_ARGUMENT, "v128");
  slots[0].u64 = 11;
  wasmx_exception_t *exception = wasmx_exception_new_raw(wide, slots);
  assert_int_equal(wasmx_exception_arg_slots(exception), 2);
  wasm_val_vec_t out;
  assert_false(wasmx_exception_args(exception, &out));
  assert_int_equal(out.size, 0);

  /* Nothing, and what is gone. */
  assert_null(wasmx_exception_tag(NULL));
  assert_false(wasmx_exception_args(NULL, &out));
  assert_false(wasmx_exception_args(exception, NULL));
  assert_int_equal(wasmx_exception_arg_slots(NULL), 0);
  wasmx_exception_args_raw(NULL, slots);
  assert_null(wasmx_exception_copy(NULL));
  wasmx_exception_delete(NULL);
  assert_null(wasmx_ref_as_exception(NULL));
  assert_null(wasmx_trap_exception(NULL));
  wasm_trap_t *plain = wasm_trap_new(w.store, NULL);
  assert_null(wasmx_trap_exception(plain));
  wasm_trap_delete(plain);
  assert_trap(wasmx_trap_new_exception(NULL), "NULL");
  wasm_foreign_delete(stranger);
  wasm_store_delete(other);
  wasm_tag_delete(tag);
  wasm_tag_delete(wide);
  wasm_trap_t *late = wasmx_trap_new_exception(exception);
  world_delete(&w);
  assert_null(wasmx_exception_tag(exception));
  assert_null(wasmx_trap_exception(late));
  assert_trap(wasmx_trap_new_exception(exception), "deleted");
  wasm_trap_delete(late);
  wasmx_exception_delete(exception);
}

/* ---- between host and wasm ---- */

typedef struct Thrower {
  wasm_tag_t *tag;
  wasm_func_t *inner;          /* or NULL: what is called instead */
  bool swallows, throws_plain; /* what comes of it; after that, a trap without exception */
  int calls;
} Thrower;

static wasm_trap_t *throw_i32(const wasm_tag_t *tag, int32_t value) {
  wasm_val_t val = i32_val(value);
  wasm_val_vec_t args = {1, &val};
  wasmx_exception_t *exception = wasmx_exception_new(tag, &args);
  assert_non_null(exception);
  wasm_trap_t *trap = wasmx_trap_new_exception(exception);
  wasmx_exception_delete(exception);
  return trap;
}

static wasm_trap_t *host_throws(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  Thrower *t = env;
  (void)results;
  t->calls++;
  wasm_message_t plain = {5, (wasm_byte_t *)(uintptr_t)"plain"};
  if (t->throws_plain) return wasm_trap_new(NULL, &plain);
  if (!t->inner) return throw_i32(t->tag, args->data[0].of.i32);
  wasm_val_t arg = args->data[0], result = WASM_INIT_VAL;
  wasm_trap_t *trap = call_n(t->inner, 1, &arg, &result);
  if (trap && t->swallows) {
    wasm_trap_delete(trap);
    return NULL;
  }
  return trap;
}

static void between_host_and_wasm(void **state) {
  (void)state;
  World w = world_new();
  Thrower thrower = {.tag = tag_of_i32(w.store)};
  wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_i32());
  wasm_func_t *host = wasm_func_new_with_env(w.store, type, host_throws, &thrower, NULL);
  wasm_extern_t *imports[] = {wasm_tag_as_extern(thrower.tag), wasm_func_as_extern(host)};
  wasm_instance_t *instance = instance_of_n(w.store, catching_text, 2, imports);
  wasm_func_t *throw_it = wasmx_instance_func(instance, "throw");
  wasm_func_t *catch_it = wasmx_instance_func(instance, "catch");
  wasm_val_t arg = i32_val(5), result = WASM_INIT_VAL;

  assert_i32(caught(call_n(throw_it, 1, &arg, &result)), thrower.tag, 5);
  assert_i32(caught(call_n(host, 1, &arg, NULL)), thrower.tag, 5);
  assert_int_equal(call_i(catch_it, 6), 6);
  thrower.inner = throw_it; /* wasm, host, wasm: thrown on */
  assert_int_equal(call_i(catch_it, 7), 7);
  thrower.swallows = true;
  assert_int_equal(call_i(catch_it, 8), -1);
  thrower.throws_plain = true;
  assert_trap(call_n(catch_it, 1, &arg, &result), "plain");
  assert_int_equal(thrower.calls, 5);

  /* Another tag's goes through. */
  thrower = (Thrower){.tag = wasmx_instance_tag(instance, "own")};
  assert_i32(caught(call_n(catch_it, 1, &arg, &result)), thrower.tag, 5);
  wasm_tag_delete(thrower.tag);
  thrower.tag = wasmx_instance_tag(instance, "again");
  assert_int_equal(call_i(catch_it, 9), 9);
  wasm_tag_delete(thrower.tag);

  /* Of another store it is no exception here. */
  wasm_store_t *other = wasm_store_new(w.engine);
  thrower.tag = tag_of_i32(other);
  wasm_trap_t *trap = call_n(catch_it, 1, &arg, &result);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_UNCAUGHT_EXCEPTION);
  assert_null(wasmx_trap_exception(trap));
  wasm_trap_delete(trap);
  wasm_tag_delete(thrower.tag);
  wasm_store_delete(other);

  wasm_tag_delete(wasm_extern_as_tag(imports[0]));
  wasm_functype_delete(type);
  wasm_func_delete(host);
  wasm_func_delete(throw_it);
  wasm_func_delete(catch_it);
  wasm_instance_delete(instance);
  world_delete(&w);
}

/* ---- exnref and typed function references ---- */

static wasm_trap_t *same_ref(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  assert_int_equal(args->data[0].kind, WASMX_EXNREF);
  wasm_val_copy(&results->data[0], &args->data[0]);
  return NULL;
}

static void exnrefs_are_values(void **state) {
  (void)state;
  World w = world_new();
  wasm_tag_t *tag = tag_of_i32(w.store);
  wasm_functype_t *type =
      wasm_functype_new_1_1(wasm_valtype_new(WASMX_EXNREF), wasm_valtype_new(WASMX_EXNREF));
  wasm_func_t *same = wasm_func_new(w.store, type, same_ref);
  wasm_functype_delete(type);
  wasm_tabletype_t *table_type =
      wasm_tabletype_new(wasm_valtype_new(WASMX_EXNREF), &(wasm_limits_t){2, 2});
  wasm_table_t *table = wasm_table_new(w.store, table_type, NULL);
  wasm_tabletype_delete(table_type);
  wasm_globaltype_t *global_type = wasm_globaltype_new(wasm_valtype_new(WASMX_EXNREF), WASM_VAR);
  wasm_val_t null = ref_val(WASMX_EXNREF, NULL);
  wasm_global_t *global = wasm_global_new(w.store, global_type, &null);
  wasm_globaltype_delete(global_type);
  wasm_extern_t *imports[] = {wasm_tag_as_extern(tag), wasm_func_as_extern(same),
                              wasm_table_as_extern(table), wasm_global_as_extern(global)};
  wasm_instance_t *instance = instance_of_n(
      w.store,
      "(module (import \"h\" \"e\" (tag $e (param i32)))\n"
      "  (import \"h\" \"same\" (func $same (param exnref) (result exnref)))\n"
      "  (import \"h\" \"table\" (table $table 2 2 exnref))\n"
      "  (import \"h\" \"global\" (global $global (mut exnref)))\n"
      "  (func $make (param i32) (result exnref)\n"
      "    (block $h (result exnref)\n"
      "      (try_table (catch_all_ref $h) (throw $e (local.get 0))) (unreachable)))\n"
      "  (func (export \"make\") (param i32) (result exnref)\n"
      "    (call $same (call $make (local.get 0))))\n"
      "  (func (export \"rethrow\") (param exnref) (throw_ref (local.get 0)))\n"
      "  (func (export \"non-null\") (param (ref exn)) (throw_ref (local.get 0)))\n"
      "  (func (export \"move\")\n"
      "    (table.set $table (i32.const 1) (global.get $global))))",
      4, imports);
  wasm_func_t *make = wasmx_instance_func(instance, "make");
  wasm_func_t *rethrow = wasmx_instance_func(instance, "rethrow");
  wasm_func_t *non_null = wasmx_instance_func(instance, "non-null");
  wasm_func_t *move = wasmx_instance_func(instance, "move");
  wasm_val_t arg = i32_val(3), ref = WASM_INIT_VAL;
  assert_null(call_n(make, 1, &arg, &ref));
  assert_int_equal(ref.kind, WASMX_EXNREF);
  assert_non_null(wasmx_ref_as_exception(ref.of.ref));

  assert_i32(caught(call_n(rethrow, 1, &ref, NULL)), tag, 3);
  ref.kind = WASM_EXTERNREF; /* as WASM_REF_VAL would say */
  assert_i32(caught(call_n(non_null, 1, &ref, NULL)), tag, 3);
  ref.kind = WASM_FUNCREF;
  assert_trap(call_n(rethrow, 1, &ref, NULL), "argument 0");
  assert_trap(call_n(non_null, 1, &null, NULL), "argument 0");
  assert_trap(call_n(rethrow, 1, &null, NULL), "null exception reference");
  wasm_val_t func = ref_val(WASMX_EXNREF, wasm_func_as_ref(make));
  assert_trap(call_n(rethrow, 1, &func, NULL), "argument 0");
  wasmx_slot_t slot = {.ref = wasmx_slot_of_ref(wasm_func_as_ref(make))};
  assert_trap(wasmx_func_call_raw(rethrow, &slot), "reference");
  slot.ref = wasmx_slot_of_ref(ref.of.ref);
  assert_i32(caught(wasmx_func_call_raw(rethrow, &slot)), tag, 3);

  ref.kind = WASMX_EXNREF;
  wasm_global_set(global, &ref);
  assert_null(call_n(move, 0, NULL, NULL));
  wasm_ref_t *element = wasm_table_get(table, 1);
  assert_true(wasm_ref_same(element, ref.of.ref));
  wasm_ref_delete(element);
  assert_true(wasm_table_set(table, 0, ref.of.ref));
  assert_false(wasm_table_set(table, 0, wasm_func_as_ref(make)));
  wasm_val_delete(&ref);
  wasmx_store_collect(w.store);
  element = wasm_table_get(table, 0);
  assert_i32(wasmx_ref_as_exception(element), tag, 3);
  wasm_val_t got;
  wasm_global_get(global, &got);
  assert_int_equal(got.kind, WASMX_EXNREF);
  assert_i32(wasmx_ref_as_exception(got.of.ref), tag, 3);

  wasm_func_t *funcs[] = {same, make, rethrow, non_null, move};
  for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++) wasm_func_delete(funcs[i]);
  wasm_tag_delete(tag);
  wasm_table_delete(table);
  wasm_global_delete(global);
  wasm_instance_delete(instance);
  world_delete(&w);
}

static wasm_trap_t *give_seven(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args;
  results->data[0] = i32_val(7);
  return NULL;
}

/* Kind WASM_FUNCREF; each value is looked at for the type that its place has. */
static void typed_funcrefs_are_values(void **state) {
  (void)state;
  World w = world_new();
  wasm_functype_t *type = wasm_functype_new_0_1(wasm_valtype_new_i32());
  wasm_func_t *seven = wasm_func_new(w.store, type, give_seven);
  wasm_functype_delete(type);
  wasm_instance_t *instance = instance_of(
      w.store, "(module (type $t (func (result i32))) (type $u (func (param i32)))\n"
               "  (global (export \"g\") (mut (ref null $t)) (ref.null $t))\n"
               "  (table (export \"t\") 2 (ref null $t))\n"
               "  (func $f (export \"f\") (result i32) (i32.const 1))\n"
               "  (func (export \"other\") (param i32))\n"
               "  (func (export \"call\") (param (ref null $t)) (result i32)\n"
               "    (call_ref $t (local.get 0)))\n"
               "  (func (export \"give\") (param (ref $t)) (result (ref $t)) (local.get 0)))");
  wasm_func_t *f = wasmx_instance_func(instance, "f");
  wasm_func_t *other = wasmx_instance_func(instance, "other");
  wasm_func_t *call = wasmx_instance_func(instance, "call");
  wasm_func_t *give = wasmx_instance_func(instance, "give");
  wasm_functype_t *its = wasm_func_type(give);
  assert_int_equal(wasm_valtype_kind(wasm_functype_params(its)->data[0]), WASM_FUNCREF);
  wasm_functype_delete(its);
  wasm_val_t fine[] = {ref_val(WASM_FUNCREF, wasm_func_as_ref(f)),
                       ref_val(WASM_EXTERNREF, wasm_func_as_ref(seven))};
  wasm_val_t bad = ref_val(WASM_FUNCREF, wasm_func_as_ref(other)), result = WASM_INIT_VAL;
  wasm_val_t null = ref_val(WASM_FUNCREF, NULL);
  for (int i = 0; i < 2; i++) {
    assert_null(call_n(call, 1, &fine[i], &result));
    assert_int_equal(result.of.i32, i ? 7 : 1);
    assert_null(call_n(give, 1, &fine[i], &result));
    assert_int_equal(result.kind, WASM_FUNCREF);
    assert_true(wasm_ref_same(result.of.ref, fine[i].of.ref));
    wasm_val_delete(&result);
  }
  assert_trap(call_n(call, 1, &bad, &result), "argument 0");
  assert_trap(call_n(give, 1, &null, &result), "argument 0");
  assert_trap(call_n(call, 1, &null, &result), "null");

  wasm_global_t *g = wasmx_instance_global(instance, "g");
  wasm_table_t *t = wasmx_instance_table(instance, "t");
  wasm_globaltype_t *global_type = wasm_global_type(g);
  assert_int_equal(wasm_valtype_kind(wasm_globaltype_content(global_type)), WASM_FUNCREF);
  wasm_globaltype_delete(global_type);
  wasm_tabletype_t *table_type = wasm_table_type(t);
  assert_int_equal(wasm_valtype_kind(wasm_tabletype_element(table_type)), WASM_FUNCREF);
  wasm_tabletype_delete(table_type);
  wasm_global_set(g, &bad);
  wasm_val_t got;
  wasm_global_get(g, &got);
  assert_int_equal(got.kind, WASM_FUNCREF);
  assert_null(got.of.ref);
  wasm_global_set(g, &fine[0]);
  wasm_global_get(g, &got);
  assert_true(wasm_ref_same(got.of.ref, fine[0].of.ref));
  wasm_val_delete(&got);
  assert_false(wasm_table_set(t, 0, bad.of.ref));
  assert_true(wasm_table_set(t, 0, fine[1].of.ref));
  assert_false(wasm_table_grow(t, 1, bad.of.ref));
  assert_true(wasm_table_grow(t, 1, NULL));
  wasm_func_t *funcs[] = {seven, f, other, call, give};
  for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++) wasm_func_delete(funcs[i]);
  wasm_global_delete(g);
  wasm_table_delete(t);
  wasm_instance_delete(instance);
  world_delete(&w);
}

/* ---- memory is short ---- */

static void no_exception_is_lost(void **state) {
  (void)state;
  World w = world_new();
  bool failed = true;
  for (uint64_t n = 1; failed; n++) {
    wasm_tag_t *tag = tag_of_i32(w.store);
    wasm_val_t val = i32_val(1);
    wasm_val_vec_t args = {1, &val}, out = WASM_EMPTY_VEC;
    failing_alloc_start(n);
    wasm_tagtype_t *type = wasm_tag_type(tag);
    wasm_tag_t *second = wasm_tag_new(w.store, type);
    wasmx_exception_t *exception = wasmx_exception_new(tag, &args);
    wasm_trap_t *trap = wasmx_trap_new_exception(exception);
    wasmx_exception_t *carried = wasmx_trap_exception(trap);
    wasm_tag_t *its = wasmx_exception_tag(carried);
    bool told = wasmx_exception_args(carried, &out);
    failed = failing_alloc_stop();
    assert_non_null(trap);
    if (!failed) assert_true(type && second && its && told);
    wasm_val_vec_delete(&out);
    wasm_tag_delete(its);
    wasmx_exception_delete(carried);
    wasm_trap_delete(trap);
    wasmx_exception_delete(exception);
    wasm_tag_delete(second);
    wasm_tagtype_delete(type);
    wasm_tag_delete(tag);
  }
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tags_link),
      cmocka_unit_test(tags_refused),
      cmocka_unit_test(exceptions_are_values),
      cmocka_unit_test(exceptions_refused),
      cmocka_unit_test(between_host_and_wasm),
      cmocka_unit_test(exnrefs_are_values),
      cmocka_unit_test(typed_funcrefs_are_values),
      cmocka_unit_test(no_exception_is_lost),
  };
  return run_with_text(tests);
}
