/* What the host hands to wasm in slots: whatever is in the unused bits of arguments, of callbacks'
 * results and of globals, wasm sees the same, in every tier; references that cannot stand where
 * they are put are refused.
 *
 * For random lists of types the guest stirs all bits of what it was given into one number, so that
 * a bit that should not be there shows: once of clean slots, once of slots with garbage. */
#include "api/fixture.h"

enum { MAX_TYPES = 40, MAX_SLOTS = 2 * MAX_TYPES, SIGNATURES = 60, TEXT_BYTES = 1 << 16 };

typedef struct Types {
  size_t count, slots;
  wasm_valkind_t kinds[MAX_TYPES];
} Types;

static uint64_t random_state;
static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static Types random_types(size_t count) {
  static const wasm_valkind_t kinds[] = {WASM_I32, WASM_F32, WASM_I32,  WASM_I64,
                                         WASM_F64, WASM_F32, WASMX_V128};
  Types t = {.count = count};
  for (size_t i = 0; i < count; i++) {
    t.kinds[i] = kinds[next_random() % (sizeof kinds / sizeof *kinds)];
    t.slots += t.kinds[i] == WASMX_V128 ? 2 : 1;
  }
  return t;
}

static bool is_narrow(wasm_valkind_t kind) { return kind == WASM_I32 || kind == WASM_F32; }

/* The values: small positive ones, which would address memory; the rest of a narrow slot is
 * garbage, or zero. */
static void fill(const Types *t, wasmx_slot_t *slots, uint64_t seed, bool garbage) {
  random_state = seed;
  for (size_t i = 0; i < t->count; i++) {
    uint64_t value = next_random() % 60000, above = next_random() << 32;
    *slots++ = wasmx_slot_u64(is_narrow(t->kinds[i]) ? value | (garbage ? above : 0) : value);
    if (t->kinds[i] == WASMX_V128) *slots++ = wasmx_slot_u64(next_random());
  }
}

/* ---- the guest ---- */

static const char *name_of(wasm_valkind_t kind) {
  return kind == WASM_I32   ? " i32"
         : kind == WASM_I64 ? " i64"
         : kind == WASM_F32 ? " f32"
         : kind == WASM_F64 ? " f64"
                            : " v128";
}

static char *print_types(char *at, const Types *t) {
  for (size_t i = 0; i < t->count; i++) at += sprintf(at, "%s", name_of(t->kinds[i]));
  return at;
}

/* Local `number` as an i64 of all its bits. */
static char *print_bits(char *at, wasm_valkind_t kind, size_t number) {
  static const char *const formats[] = {
      "(i64.extend_i32_u (local.get %zu))", "(local.get %zu)",
      "(i64.extend_i32_u (i32.reinterpret_f32 (local.get %zu)))",
      "(i64.reinterpret_f64 (local.get %zu))",
      "(i64.add (i64x2.extract_lane 0 (local.get %zu)) (i64x2.extract_lane 1 (local.get %zu)))"};
  size_t format = kind == WASMX_V128 ? 4 : kind;
  return at + sprintf(at, formats[format], number, number);
}

/* Stirs the locals from `first` on into local `sum`; an i32 is an address, too. */
static char *print_stirring(char *at, const Types *t, size_t first, size_t sum) {
  for (size_t i = 0; i < t->count; i++) {
    at +=
        sprintf(at, "(local.set %zu (i64.xor (i64.rotl (local.get %zu) (i64.const 7)) ", sum, sum);
    at = print_bits(at, t->kinds[i], first + i);
    at += sprintf(at, "))");
    if (t->kinds[i] == WASM_I32)
      at += sprintf(at, "(local.set %zu (i64.add (local.get %zu) (i64.load8_u (local.get %zu))))",
                    sum, sum, first + i);
  }
  return at;
}

/* "args" stirs its parameters; "inner" calls it, "far" through a table; "results" stirs what the
 * host returns; "loop" does that in a loop; "global" stirs globals. */
static char *print_guest(const Types *t) {
  char *text = malloc(TEXT_BYTES), *at = text;
  assert_non_null(text);
  at += sprintf(at, "(module (type $args (func (param");
  at = print_types(at, t);
  at += sprintf(at, ") (result i64))) (type $host (func (result");
  at = print_types(at, t);
  at += sprintf(at, "))) (import \"h\" \"give\" (func $give (type $host)))"
                    " (memory 1) (data (i32.const 100) \"some bytes to be found\")"
                    " (table funcref (elem $args))");
  for (size_t i = 0; i < t->count; i++)
    at += sprintf(at, "(global (export \"g%zu\") (mut%s) (%s.const %s))", i, name_of(t->kinds[i]),
                  name_of(t->kinds[i]) + 1, t->kinds[i] == WASMX_V128 ? "i64x2 0 0" : "0");
  at += sprintf(at, "(func $args (export \"args\") (type $args) (local i64)");
  at = print_stirring(at, t, 0, t->count);
  at += sprintf(at, "(local.get %zu))", t->count);
  for (int far = 0; far < 2; far++) {
    at += sprintf(at, "(func (export \"%s\") (type $args) (call%s", far ? "far" : "inner",
                  far ? "_indirect (type $args)" : " $args");
    for (size_t i = 0; i < t->count; i++) at += sprintf(at, "(local.get %zu)", i);
    at += sprintf(at, "%s))", far ? "(i32.const 0)" : "");
  }
  at += sprintf(at, "(func (export \"results\") (param i32) (result i64) (local");
  at = print_types(at, t);
  at += sprintf(at, " i64) (loop (call $give)");
  for (size_t i = t->count; i-- > 0;) at += sprintf(at, "(local.set %zu)", i + 1);
  at = print_stirring(at, t, 1, t->count + 1);
  at += sprintf(at,
                "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
                "(local.get %zu))(func (export \"globals\") (result i64) (local",
                t->count + 1);
  at = print_types(at, t);
  at += sprintf(at, " i64)");
  for (size_t i = 0; i < t->count; i++) at += sprintf(at, "(local.set %zu (global.get %zu))", i, i);
  at = print_stirring(at, t, 0, t->count);
  sprintf(at, "(local.get %zu)))", t->count);
  return text;
}

/* ---- the host ---- */

typedef struct Giver {
  const Types *types;
  uint64_t seed;
  bool garbage;
} Giver;

static wasm_trap_t *give(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  Giver *g = env;
  (void)caller;
  fill(g->types, slots, g->seed, g->garbage);
  return NULL;
}

static wasm_functype_t *host_type(const Types *t) {
  wasm_valtype_vec_t params, results;
  wasm_valtype_vec_new_empty(&params);
  wasm_valtype_vec_new_uninitialized(&results, t->count);
  for (size_t i = 0; i < t->count; i++) results.data[i] = wasm_valtype_new(t->kinds[i]);
  return wasm_functype_new(&params, &results);
}

static uint64_t call_named(wasm_instance_t *instance, const char *name, wasmx_slot_t *slots) {
  wasm_func_t *func = wasmx_instance_func(instance, name);
  assert_non_null(func);
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  wasm_func_delete(func);
  if (trap) fail_msg("%s trapped: %u", name, wasmx_trap_code(trap));
  return slots[0].u64;
}

static void set_globals(wasm_instance_t *instance, const Types *t, const wasmx_slot_t *slots) {
  for (size_t i = 0; i < t->count; i++) {
    char name[32];
    snprintf(name, sizeof name, "g%zu", i);
    wasm_global_t *global = wasmx_instance_global(instance, name);
    assert_true(wasmx_global_set_raw(global, slots));
    wasmx_slot_t back[2];
    wasmx_global_get_raw(global, back);
    if (is_narrow(t->kinds[i])) assert_int_equal(back[0].u64 >> 32, 0);
    wasm_global_delete(global);
    slots += t->kinds[i] == WASMX_V128 ? 2 : 1;
  }
}

/* The sums by every way, in one order. */
enum { WAYS = 5 };
static void cross(wasm_instance_t *instance, Giver *giver, uint64_t sums[WAYS]) {
  static const char *const names[] = {"args", "inner", "far"};
  wasmx_slot_t slots[MAX_SLOTS + 1];
  for (int i = 0; i < 3; i++) {
    fill(giver->types, slots, giver->seed, giver->garbage);
    sums[i] = call_named(instance, names[i], slots);
  }
  slots[0] = wasmx_slot_i32(20);
  if (giver->garbage) slots[0].u64 |= UINT64_C(0xABCDEF) << 32;
  sums[3] = call_named(instance, "results", slots);
  fill(giver->types, slots, giver->seed, giver->garbage);
  set_globals(instance, giver->types, slots);
  sums[4] = call_named(instance, "globals", slots);
}

static void cross_in(wasmx_tier_t tier, const char *hidden, const Types *types, uint64_t *sums) {
  wasm_config_t *config = wasm_config_new();
  World w = {.engine = NULL};
  wasmx_config_set_compile_threads(config, 0);
  if (hidden) assert_true(wasmx_config_set_hidden(config, hidden));
  if (!world_in_tier(&w, config, tier, false)) return;
  Giver giver = {.types = types, .seed = 77};
  wasm_functype_t *type = host_type(types);
  wasm_func_t *func = wasmx_func_new_raw(w.store, type, give, &giver, NULL);
  wasm_extern_t *imports[] = {wasm_func_as_extern(func)};
  char *text = print_guest(types);
  wasm_instance_t *instance = instance_of_n(w.store, text, 1, imports);
  for (int round = 0; round < 3; round++)
    for (int garbage = 0; garbage < 2; garbage++) {
      uint64_t now[WAYS];
      giver.garbage = garbage;
      cross(instance, &giver, now);
      if (!sums[0]) memcpy(sums, now, sizeof now);
      assert_memory_equal(sums, now, sizeof now);
    }
  free(text);
  wasm_instance_delete(instance);
  wasm_func_delete(func);
  wasm_functype_delete(type);
  world_delete(&w);
}

static void unused_bits_do_not_matter(void **state) {
  (void)state;
  for (int i = 0; i < SIGNATURES; i++) {
    random_state = 1000 + (uint64_t)i * 7919;
    size_t count = i < 20 ? 1 + (size_t)i % 7 : 1 + next_random() % MAX_TYPES;
    Types types = random_types(count);
    uint64_t sums[WAYS] = {0};
    cross_in(WASMX_TIER_INTERP, NULL, &types, sums);
    cross_in(WASMX_TIER_JIT, NULL, &types, sums);
    cross_in(WASMX_TIER_JIT, "no-inline=1", &types, sums);
    cross_in(WASMX_TIER_AUTO, "call-threshold=1", &types, sums);
    cross_in(WASMX_TIER_AUTO, "loop-threshold=0", &types, sums);
  }
}

/* ---- references ---- */

static wasmx_slot_t given;
static wasm_trap_t *give_ref(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller;
  slots[0] = given;
  return NULL;
}

static const char *const ref_guest =
    "(module (import \"h\" \"f\" (func $f (result funcref))) (global (export \"g\") (mut funcref)"
    " (ref.null func)) (table $t 1 funcref)"
    " (func (export \"take\") (param funcref) (result i32) (ref.is_null (local.get 0)))"
    " (func (export \"get\") (result i32) (ref.is_null (call $f)))"
    " (func (export \"any\") (param externref) (result externref) (local.get 0)))";

/* Whether wasm takes the word as a funcref, by each way. */
static void expect_taken(wasm_store_t *store, wasm_instance_t *instance, wasmx_slot_t slot,
                         bool taken) {
  wasm_func_t *take = wasmx_instance_func(instance, "take");
  wasm_func_t *get = wasmx_instance_func(instance, "get");
  wasm_global_t *global = wasmx_instance_global(instance, "g");
  wasmx_slot_t slots[1] = {slot};
  wasm_trap_t *trap = wasmx_func_call_raw(take, slots);
  assert_int_equal(!trap, taken);
  if (trap) assert_trap(trap, "reference");
  given = slot;
  trap = wasmx_func_call_raw(get, slots);
  assert_int_equal(!trap, taken);
  if (trap) assert_trap(trap, "another type");
  assert_int_equal(wasmx_global_set_raw(global, &slot), taken);
  wasm_globaltype_t *type = wasm_global_type(global);
  wasm_global_t *made = wasmx_global_new_raw(store, type, &slot);
  assert_int_equal(made != NULL, taken);
  wasm_global_delete(made);
  wasm_globaltype_delete(type);
  wasm_func_delete(take);
  wasm_func_delete(get);
  wasm_global_delete(global);
}

static void references_are_looked_at(void **state) {
  (void)state;
  World w = world_new();
  wasm_store_t *other = wasm_store_new(w.engine);
  wasm_valtype_vec_t params, results;
  wasm_valtype_t *result[1] = {wasm_valtype_new(WASM_FUNCREF)};
  wasm_valtype_vec_new_empty(&params);
  wasm_valtype_vec_new(&results, 1, result);
  wasm_functype_t *type = wasm_functype_new(&params, &results);
  wasm_func_t *func = wasmx_func_new_raw(w.store, type, give_ref, NULL, NULL);
  wasm_func_t *far = wasmx_func_new_raw(other, type, give_ref, NULL, NULL);
  wasm_foreign_t *foreign = wasm_foreign_new(w.store);
  wasm_extern_t *imports[] = {wasm_func_as_extern(func)};
  wasm_instance_t *instance = instance_of_n(w.store, ref_guest, 1, imports);
  wasmx_slot_t slot = wasmx_slot_u64(0);
  expect_taken(w.store, instance, slot, true);
  slot.ref = wasmx_slot_of_ref(wasm_func_as_ref(func));
  expect_taken(w.store, instance, slot, true);
  slot.ref = wasmx_slot_of_ref(wasm_func_as_ref(far)); /* of another store */
  expect_taken(w.store, instance, slot, false);
  assert_null(wasmx_ref_of_slot(w.store, slot.ref));
  assert_last_error(WASMX_ARGUMENT, "store");
  slot.ref = wasmx_slot_of_ref(wasm_foreign_as_ref(foreign)); /* no function */
  expect_taken(w.store, instance, slot, false);
  wasm_func_t *any = wasmx_instance_func(instance, "any");
  wasmx_slot_t slots[1] = {slot};
  assert_null(wasmx_func_call_raw(any, slots));
  assert_int_equal(slots[0].ref, slot.ref);
  slots[0] = wasmx_slot_u64(slot.ref + 1); /* no address of an object */
  assert_trap(wasmx_func_call_raw(any, slots), "reference");
  wasm_func_delete(any);
  wasm_func_delete(func);
  wasm_func_delete(far);
  wasm_foreign_delete(foreign);
  wasm_functype_delete(type);
  wasm_instance_delete(instance);
  wasm_store_delete(other);
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unused_bits_do_not_matter),
      cmocka_unit_test(references_are_looked_at),
  };
  return run_with_text(tests);
}
