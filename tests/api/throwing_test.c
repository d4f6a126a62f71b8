/* Exceptions between host and wasm in every tier and in mixed frames: through callbacks, in
 * finalizers, in start functions, in deep recursion, at the stack's end, with many arguments; a
 * million of them; and what ends wasm that throws forever. */
#include "api/fixture.h"
#include "support/resident.h"
#include "support/sanitizer.h"

enum { MANY = UNDER_ASAN ? 20000 : 1000000, DROPPED = 25000 };

/* ---- in every tier ---- */

typedef struct Way {
  const char *name;
  wasmx_tier_t tier;
  bool eager;
  const char *setting; /* or NULL */
} Way;

/* The functions before the fourth, or from it on, stay interpreted. */
static const Way ways[] = {{"interpreter", WASMX_TIER_INTERP, false, NULL},
                           {"compiled", WASMX_TIER_JIT, false, NULL},
                           {"compiled without inlining", WASMX_TIER_JIT, false, "no-inline=1"},
                           {"when hot", WASMX_TIER_AUTO, true, NULL},
                           {"callees compiled", WASMX_TIER_AUTO, true, "last-func=3"},
                           {"callers compiled", WASMX_TIER_AUTO, true, "first-func=4"}};
enum { WAYS = sizeof ways / sizeof *ways };

static const char guest_text[] =
    "(module (import \"h\" \"e\" (tag $e (param i32)))\n"
    "  (import \"h\" \"f\" (func $host (param i32)))\n"
    "  (func $throw (param i32) (throw $e (local.get 0)))\n" /* 1 */
    "  (func $deep (export \"deep\") (param i32 i32)\n"      /* 2: depth, value */
    "    (if (local.get 0)\n"
    "      (then (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))\n"
    "      (else (call $throw (local.get 1)))))\n"
    "  (func $far (export \"far\") (param i32 i32)\n" /* 3: the same through the host */
    "    (if (local.get 0)\n"
    "      (then (call $far (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))\n"
    "      (else (call $host (local.get 1)))))\n"
    "  (func $catch (export \"catch\") (param i32 i32) (result i32)\n" /* 4 */
    "    (block $h (result i32)\n"
    "      (try_table (catch $e $h) (call $deep (local.get 0) (local.get 1))) (i32.const -1)))\n"
    "  (func $catch-far (export \"catch-far\") (param i32 i32) (result i32)\n" /* 5 */
    "    (block $h (result i32)\n"
    "      (try_table (catch $e $h) (call $far (local.get 0) (local.get 1))) (i32.const -1)))\n"
    "  (func (export \"rounds\") (param i32) (result i64) (local $sum i64)\n" /* 6 */
    "    (loop $l (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s\n"
    "        (call $catch (i32.const 2) (local.get 0)))))\n"
    "      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))\n"
    "    (local.get $sum))\n"
    "  (func (export \"rounds-far\") (param i32) (result i64) (local $sum i64)\n" /* 7 */
    "    (loop $l (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s\n"
    "        (call $catch-far (i32.const 2) (local.get 0)))))\n"
    "      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))\n"
    "    (local.get $sum))\n"
    "  (func $forever (export \"overflow\") (result i32)\n" /* 8 */
    "    (block $h (try_table (catch_all $h) (return (i32.add (call $forever) (i32.const 1)))))\n"
    "    (i32.const -1)))";

typedef enum Deed { THROWS, CALLS_DEEP, SWALLOWS, DROPS_OBJECT } Deed;

typedef struct Guest {
  World w;
  bool is_mixed; /* some functions are kept from being compiled */
  wasm_tag_t *tag;
  wasm_func_t *host;
  wasm_instance_t *instance;
  wasm_func_t *deep, *far, *catch_it, *catch_far;
  Deed deed;
  int finalized, contained;
} Guest;

static wasm_trap_t *throw_value(const Guest *g, int32_t value) {
  wasmx_slot_t slot = wasmx_slot_i32(value);
  wasmx_exception_t *exception = wasmx_exception_new_raw(g->tag, &slot);
  assert_non_null(exception);
  wasm_trap_t *trap = wasmx_trap_new_exception(exception);
  wasmx_exception_delete(exception);
  return trap;
}

/* In a collection: what it throws stays in it, what it catches is its own. */
static void throw_and_catch(void *env) {
  Guest *g = env;
  wasmx_slot_t slots[2] = {wasmx_slot_i32(3), wasmx_slot_i32(-5)};
  wasm_trap_t *trap = wasmx_func_call_raw(g->deep, slots);
  wasmx_exception_t *exception = wasmx_trap_exception(trap);
  wasmx_exception_args_raw(exception, slots);
  g->contained += slots[0].i32 == -5;
  wasmx_exception_delete(exception);
  wasm_trap_delete(trap);
  slots[0] = wasmx_slot_i32(1), slots[1] = wasmx_slot_i32(-6);
  assert_null(wasmx_func_call_raw(g->catch_it, slots));
  g->contained += slots[0].i32 == -6;
  g->finalized++;
}

static wasm_trap_t *host(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  Guest *g = env;
  int32_t value = slots[0].i32;
  if (g->deed == THROWS) return throw_value(g, value);
  if (g->deed == DROPS_OBJECT) {
    wasm_foreign_t *foreign = wasm_foreign_new(wasmx_caller_store(caller));
    wasm_foreign_set_host_info_with_finalizer(foreign, g, throw_and_catch);
    wasm_foreign_delete(foreign);
    return throw_value(g, value);
  }
  wasmx_slot_t inner[2] = {wasmx_slot_i32(4), wasmx_slot_i32(value)};
  wasm_trap_t *trap = wasmx_func_call_raw(g->deep, inner);
  assert_non_null(trap);
  if (g->deed == CALLS_DEEP) return trap;
  wasm_trap_delete(trap);
  return NULL;
}

/* False: the tier is not built. */
static bool guest_new(Guest *g, const Way *way, const char *text) {
  *g = (Guest){.deed = THROWS, .is_mixed = way->setting && strstr(way->setting, "-func")};
  wasm_config_t *config = wasm_config_new();
  if (way->setting) assert_true(wasmx_config_set_hidden(config, way->setting));
  if (!world_in_tier(&g->w, config, way->tier, way->eager)) return false;
  wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_i32());
  wasm_tagtype_t *tag_type = wasm_tagtype_new(wasm_functype_copy(type));
  g->tag = wasm_tag_new(g->w.store, tag_type);
  g->host = wasmx_func_new_raw(g->w.store, type, host, g, NULL);
  wasm_tagtype_delete(tag_type);
  wasm_functype_delete(type);
  wasm_extern_t *imports[] = {wasm_tag_as_extern(g->tag), wasm_func_as_extern(g->host)};
  g->instance = instance_of_n(g->w.store, text, 2, imports);
  g->deep = wasmx_instance_func(g->instance, "deep");
  g->far = wasmx_instance_func(g->instance, "far");
  g->catch_it = wasmx_instance_func(g->instance, "catch");
  g->catch_far = wasmx_instance_func(g->instance, "catch-far");
  print_message("%s\n", way->name);
  return true;
}

/* Something has machine code, and something was kept from it. */
static void mixed_world_delete(World *w) {
  wasmx_engine_stats_t stats = {.size = sizeof stats};
  wasmx_engine_stats(w->engine, &stats);
  if (wasmx_has("jit")) assert_true(stats.native_functions && stats.not_implemented);
  assert_true(wasmx_store_try_delete(w->store));
  wasm_engine_delete(w->engine);
}

static void guest_delete(Guest *g) {
  wasm_func_t *funcs[] = {g->host, g->deep, g->far, g->catch_it, g->catch_far};
  for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++) wasm_func_delete(funcs[i]);
  wasm_tag_delete(g->tag);
  wasm_instance_delete(g->instance);
  if (g->is_mixed)
    mixed_world_delete(&g->w);
  else
    world_delete(&g->w);
}

/* Of one way after the other. */
typedef void Test(Guest *g);
static void in_all_ways(Test *test) {
  for (int i = 0; i < WAYS; i++) {
    Guest g;
    if (!guest_new(&g, &ways[i], guest_text)) continue;
    test(&g);
    guest_delete(&g);
  }
}

static int32_t call_two(const wasm_func_t *func, int32_t depth, int32_t value) {
  wasmx_slot_t slots[2] = {wasmx_slot_i32(depth), wasmx_slot_i32(value)};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  assert_null(trap);
  return slots[0].i32;
}

static wasm_trap_t *trap_of_two(const wasm_func_t *func, int32_t depth, int32_t value) {
  wasmx_slot_t slots[2] = {wasmx_slot_i32(depth), wasmx_slot_i32(value)};
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  assert_non_null(trap);
  return trap;
}

/* Deletes the trap. */
static void assert_carries(wasm_trap_t *trap, int32_t value) {
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_UNCAUGHT_EXCEPTION);
  wasmx_exception_t *exception = wasmx_trap_exception(trap);
  assert_non_null(exception);
  wasmx_slot_t slot = wasmx_slot_i32(0);
  wasmx_exception_args_raw(exception, &slot);
  assert_int_equal(slot.i32, value);
  wasmx_exception_delete(exception);
  assert_trap(trap, "uncaught exception");
}

/* ---- across the border ---- */

static void cross(Guest *g) {
  static const int32_t depths[] = {0, 1, 2, 30, 1000};
  for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
    int32_t depth = depths[i];
    assert_int_equal(call_two(g->catch_it, depth, 7), 7);
    g->deed = THROWS;
    assert_int_equal(call_two(g->catch_far, depth, 8), 8);
    assert_carries(trap_of_two(g->far, depth, 9), 9);
    g->deed = CALLS_DEEP;
    assert_int_equal(call_two(g->catch_far, depth, 10), 10);
    assert_carries(trap_of_two(g->far, depth, 11), 11);
    g->deed = SWALLOWS;
    assert_int_equal(call_two(g->catch_far, depth, 12), -1);
    assert_int_equal(call_two(g->catch_it, depth, 13), 13);
  }
}

static void crosses_the_border(void **state) {
  (void)state;
  in_all_ways(cross);
}

/* Where it was thrown, and all that called there. */
static void assert_frames(wasm_trap_t *trap, size_t count, const uint32_t *indices) {
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  assert_int_equal(frames.size, count);
  for (size_t i = 0; i < count; i++)
    assert_int_equal(wasm_frame_func_index(frames.data[i]), indices[i]);
  wasm_frame_vec_delete(&frames);
  wasm_trap_delete(trap);
}

static void trace(Guest *g) {
  const uint32_t inside[] = {1, 2, 2, 2}, outside[] = {3, 3, 3}, both[] = {1, 2, 2, 2, 2, 2, 3};
  assert_int_equal(call_two(g->catch_it, 2, 1), 1);
  assert_frames(trap_of_two(g->deep, 2, 1), 4, inside);
  assert_frames(trap_of_two(g->far, 2, 1), 3, outside);
  /* The frames are those of the first throw that nobody caught, and what called that. */
  g->deed = CALLS_DEEP;
  assert_frames(trap_of_two(g->far, 0, 1), 7, both);
}

static void backtraces_are_of_the_throw(void **state) {
  (void)state;
  in_all_ways(trace);
}

/* ---- many ---- */

static void run_rounds(Guest *g, const char *name, int rounds) {
  wasm_func_t *func = wasmx_instance_func(g->instance, name);
  wasmx_slot_t slot = wasmx_slot_i32(rounds);
  assert_null(wasmx_func_call_raw(func, &slot));
  assert_int_equal(slot.i64, (int64_t)rounds * (rounds + 1) / 2);
  wasm_func_delete(func);
}

static void run_many(Guest *g) {
  static const char *const names[] = {"rounds", "rounds-far"};
  for (int i = 0; i < 2; i++) {
    run_rounds(g, names[i], MANY / 10);
    long before = resident_kib();
    run_rounds(g, names[i], MANY);
    long after = resident_kib();
    print_message("  %s: resident %ld KiB, then %ld KiB\n", names[i], before, after);
    if (!UNDER_ASAN) assert_true(after - before <= 4096);
  }
}

static void a_million_take_no_memory(void **state) {
  (void)state;
  static const int chosen[] = {0, 1};
  for (int i = 0; i < 2; i++) {
    Guest g;
    if (!guest_new(&g, &ways[chosen[i]], guest_text)) continue;
    run_many(&g);
    guest_delete(&g);
  }
}

static void run_finalizers(Guest *g) {
  g->deed = DROPS_OBJECT;
  run_rounds(g, "rounds-far", DROPPED);
  assert_true(g->finalized > 0); /* while rounds were running */
  g->deed = THROWS;
  wasmx_store_collect(g->w.store);
  assert_int_equal(g->finalized, DROPPED);
  assert_int_equal(g->contained, 2 * g->finalized);
}

static void finalizers_contain_theirs(void **state) {
  (void)state;
  in_all_ways(run_finalizers);
}

/* ---- the stack ---- */

/* The deepest throw is caught; deeper there is no throw, but an overflow, which nothing catches. */
static void go_deep(Guest *g) {
  int32_t caught = 0, overflows = 1 << 24;
  while (overflows - caught > 1) {
    int32_t depth = caught + (overflows - caught) / 2;
    wasmx_slot_t slots[2] = {wasmx_slot_i32(depth), wasmx_slot_i32(5)};
    wasm_trap_t *trap = wasmx_func_call_raw(g->catch_it, slots);
    if (!trap) {
      assert_int_equal(slots[0].i32, 5);
      caught = depth;
    } else {
      assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_STACK_OVERFLOW);
      assert_null(wasmx_trap_exception(trap));
      wasm_trap_delete(trap);
      overflows = depth;
    }
  }
  print_message("  caught from %d frames up\n", caught);
  assert_true(caught > 10000);
  wasm_func_t *forever = wasmx_instance_func(g->instance, "overflow");
  wasmx_slot_t slot = wasmx_slot_i32(0);
  assert_trap(wasmx_func_call_raw(forever, &slot), "stack");
  wasm_func_delete(forever);
  assert_int_equal(call_two(g->catch_it, 3, 6), 6);
}

static void to_the_stacks_end(void **state) {
  (void)state;
  in_all_ways(go_deep);
}

/* ---- start functions ---- */

static void start_functions_throw(void **state) {
  (void)state;
  static const char *const texts[] = {
      "(module (import \"h\" \"e\" (tag $e (param i32))) (import \"h\" \"f\" (func (param i32)))"
      " (func $s (throw $e (i32.const 21))) (start $s))",
      "(module (import \"h\" \"e\" (tag $e (param i32))) (import \"h\" \"f\" (func $f (param i32)))"
      " (func $s (call $f (i32.const 21))) (start $s))"};
  for (int i = 0; i < WAYS * 2; i++) {
    Guest g;
    if (!guest_new(&g, &ways[i / 2], guest_text)) continue;
    wasm_module_t *module = module_of(g.w.store, texts[i % 2]);
    wasm_extern_t *list[] = {wasm_tag_as_extern(g.tag), wasm_func_as_extern(g.host)};
    wasm_extern_vec_t imports = {2, list};
    wasm_trap_t *trap = NULL;
    wasmx_error_t err = {.size = sizeof err};
    assert_null(wasmx_instance_new(g.w.store, module, &imports, &trap, &err));
    assert_int_equal(err.code, WASMX_TRAPPED);
    assert_non_null(strstr(err.message, "uncaught exception"));
    assert_carries(trap, 21);
    wasm_module_delete(module);
    assert_int_equal(call_two(g.catch_it, 2, 6), 6);
    guest_delete(&g);
  }
}

/* ---- what ends it ---- */

/* Each goes round by the clause itself. */
static const char *const endless[] = {
    "(loop $l (try_table (catch_all $l) (throw $e (i32.const 1))))",
    "(loop $l (try_table (catch_all $l) (call $throw (i32.const 1))))",
    "(loop $l (try_table (catch_all $l) (call $host (i32.const 1))))",
    "(loop $l (block $h (try_table (catch_all $h) (call $throw (i32.const 1)))) (br $l))",
    "(loop $l (try (do (throw $e (i32.const 1))) (catch_all (br $l))))",
    "(loop $l (try (do (call $throw (i32.const 1))) (catch $e drop (br $l))))",
    "(loop $l (try (do (try (do (call $throw (i32.const 1))) (delegate 0))) (catch_all (br $l))))",
    "(loop $l (try (do (try (do (call $throw (i32.const 1))) (catch_all (rethrow 0))))"
    " (catch_all (br $l))))",
    "(local $x exnref) (loop $l (block $h (result exnref) (try_table (catch_all_ref $h)"
    " (if (ref.is_null (local.get $x)) (then (throw $e (i32.const 1))))"
    " (throw_ref (local.get $x))) (unreachable)) (local.set $x) (br $l))"};
enum { ENDLESS = sizeof endless / sizeof *endless, TEXT_BYTES = 1024, DEADLINE_NS = 2000000 };

static const char *endless_text(char *text, int i) {
  snprintf(text, TEXT_BYTES,
           "(module (import \"h\" \"e\" (tag $e (param i32)))"
           " (import \"h\" \"f\" (func $host (param i32)))"
           " (func $throw (param i32) (throw $e (local.get 0)))"
           " (func (export \"catch\") %s))",
           endless[i]);
  return text;
}

static void deadlines_end_it(void **state) {
  (void)state;
  char text[TEXT_BYTES];
  static const int chosen[] = {0, 1, 2, 3};
  for (int i = 0; i < ENDLESS * 4; i++) {
    Guest g;
    if (!guest_new(&g, &ways[chosen[i % 4]], endless_text(text, i / 4))) continue;
    assert_trap(wasmx_func_call_within(g.catch_it, NULL, DEADLINE_NS), "interrupted");
    guest_delete(&g);
  }
}

/* At the same instruction in each tier. */
static void fuel_ends_it(void **state) {
  (void)state;
  char text[TEXT_BYTES];
  for (int i = 0; i < ENDLESS; i++) {
    size_t offsets[2] = {0};
    for (int tier = 0; tier < 2; tier++) {
      wasm_config_t *config = wasm_config_new();
      assert_true(wasmx_config_set_fuel(config, true));
      World w;
      if (!world_in_tier(&w, config, tier ? WASMX_TIER_JIT : WASMX_TIER_INTERP, false)) continue;
      assert_true(wasmx_store_set_fuel(w.store, 12345));
      Guest g = {.w = w, .deed = THROWS};
      wasm_functype_t *type = wasm_functype_new_1_0(wasm_valtype_new_i32());
      wasm_tagtype_t *tag_type = wasm_tagtype_new(wasm_functype_copy(type));
      g.tag = wasm_tag_new(w.store, tag_type);
      g.host = wasmx_func_new_raw(w.store, type, host, &g, NULL);
      wasm_tagtype_delete(tag_type);
      wasm_functype_delete(type);
      wasm_extern_t *imports[] = {wasm_tag_as_extern(g.tag), wasm_func_as_extern(g.host)};
      g.instance = instance_of_n(w.store, endless_text(text, i), 2, imports);
      g.catch_it = wasmx_instance_func(g.instance, "catch");
      wasm_trap_t *trap = wasmx_func_call_raw(g.catch_it, NULL);
      wasm_frame_t *origin = wasm_trap_origin(trap);
      offsets[tier] = wasm_frame_module_offset(origin);
      wasm_frame_delete(origin);
      assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_OUT_OF_FUEL);
      wasm_trap_delete(trap);
      guest_delete(&g);
    }
    if (wasmx_has("jit")) assert_int_equal(offsets[0], offsets[1]);
  }
}

/* ---- many arguments, many tags ---- */

enum { PARAMS = 1000, WIDE_BYTES = 1 << 17 };

static const char *wide_kind(int i) {
  static const char *const kinds[] = {" i32",  " i64",       " f32",    " f64",
                                      " v128", " externref", " funcref"};
  return kinds[i % 7];
}

static char *print_kinds(char *at, const char *what) {
  at += sprintf(at, "(%s", what);
  for (int i = 0; i < PARAMS; i++) at += sprintf(at, "%s", wide_kind(i));
  return at + sprintf(at, ")");
}

/* "throw" throws its parameters, "catch" gives back what it caught of that. */
static char *print_wide(void) {
  char *text = malloc(WIDE_BYTES), *at = text;
  assert_non_null(text);
  at += sprintf(at, "(module (tag $e (export \"e\") ");
  at = print_kinds(at, "param");
  at += sprintf(at, ") (func $throw (export \"throw\") ");
  at = print_kinds(at, "param");
  for (int i = 0; i < PARAMS; i++) at += sprintf(at, "(local.get %d)", i);
  at += sprintf(at, "(throw $e)) (func (export \"catch\") ");
  at = print_kinds(at, "param");
  at = print_kinds(at, "result");
  at += sprintf(at, "(block $h ");
  at = print_kinds(at, "result");
  at += sprintf(at, "(try_table (catch $e $h)");
  for (int i = 0; i < PARAMS; i++) at += sprintf(at, "(local.get %d)", i);
  sprintf(at, "(call $throw)) (unreachable))))");
  return text;
}

static size_t fill_wide(wasmx_slot_t *slots, const wasm_ref_t *object, const wasm_ref_t *func) {
  size_t at = 0;
  for (int i = 0; i < PARAMS; i++) {
    uint64_t value = (uint64_t)i * 0x123456789;
    switch (i % 7) {
    case 0:
    case 2: slots[at++] = wasmx_slot_u32((uint32_t)i + 1); break;
    case 4: slots[at++] = wasmx_slot_u64(~value); /* fallthrough */
    case 1:
    case 3: slots[at++] = wasmx_slot_u64(value); break;
    case 5: slots[at++] = wasmx_slot_u64(wasmx_slot_of_ref(object)); break;
    default: slots[at++] = wasmx_slot_u64(wasmx_slot_of_ref(func)); break;
    }
  }
  return at;
}

static void a_thousand_arguments(void **state) {
  (void)state;
  char *text = print_wide();
  static const wasmx_tier_t tiers[] = {WASMX_TIER_INTERP, WASMX_TIER_JIT};
  static wasmx_slot_t given[2 * PARAMS], got[2 * PARAMS];
  for (int i = 0; i < 2; i++) {
    World w;
    if (!world_in_tier(&w, wasm_config_new(), tiers[i], false)) continue;
    wasm_instance_t *instance = instance_of(w.store, text);
    wasm_func_t *throw_it = wasmx_instance_func(instance, "throw");
    wasm_func_t *catch_it = wasmx_instance_func(instance, "catch");
    wasm_tag_t *tag = wasmx_instance_tag(instance, "e");
    wasm_foreign_t *object = wasm_foreign_new(w.store);
    size_t slots = fill_wide(given, wasm_foreign_as_ref(object), wasm_func_as_ref(throw_it));
    memcpy(got, given, sizeof got);
    wasm_trap_t *trap = wasmx_func_call_raw(throw_it, got);
    wasmx_exception_t *exception = wasmx_trap_exception(trap);
    wasm_trap_delete(trap);
    assert_int_equal(wasmx_exception_arg_slots(exception), slots);
    memset(got, 0, sizeof got);
    wasmx_exception_args_raw(exception, got);
    assert_memory_equal(got, given, slots * sizeof *got);
    wasmx_exception_delete(exception);
    assert_null(wasmx_func_call_raw(catch_it, got));
    assert_memory_equal(got, given, slots * sizeof *got);
    exception = wasmx_exception_new_raw(tag, given);
    wasmx_exception_args_raw(exception, got);
    assert_memory_equal(got, given, slots * sizeof *got);
    wasmx_exception_delete(exception);
    wasm_foreign_delete(object);
    wasm_tag_delete(tag);
    wasm_func_delete(throw_it);
    wasm_func_delete(catch_it);
    wasm_instance_delete(instance);
    world_delete(&w);
  }
  free(text);
}

static uint8_t *write_leb(uint8_t *at, uint32_t value) {
  for (; value >= 128; value >>= 7) *at++ = (uint8_t)(value | 128);
  *at++ = (uint8_t)value;
  return at;
}

/* A module with so many tags of type 0. */
static size_t write_tags(uint8_t *to, uint32_t count) {
  static const uint8_t head[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 13};
  memcpy(to, head, sizeof head);
  uint8_t digits[5];
  uint8_t *at =
      write_leb(to + sizeof head, (uint32_t)(write_leb(digits, count) - digits) + 2 * count);
  at = write_leb(at, count);
  memset(at, 0, 2 * (size_t)count);
  return (size_t)(at - to) + 2 * (size_t)count;
}

static void a_million_tags(void **state) {
  (void)state;
  enum { MOST = 1000000 };
  uint8_t *bytes = malloc(2 * MOST + 64);
  assert_non_null(bytes);
  World w = world_new();
  for (uint32_t more = 0; more < 2; more++) {
    wasm_byte_vec_t binary = {write_tags(bytes, MOST + more), (wasm_byte_t *)bytes};
    wasm_module_t *module = wasmx_module_new(w.store, &binary, 0, NULL);
    if (more) {
      assert_null(module);
      assert_int_equal(wasmx_last_error()->code, WASMX_LIMIT);
      break;
    }
    assert_non_null(module);
    wasm_instance_t *instance = wasm_instance_new(w.store, module, NULL, NULL);
    assert_non_null(instance);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
  }
  free(bytes);
  assert_true(wasmx_store_try_delete(w.store));
  wasm_engine_delete(w.engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crosses_the_border),       cmocka_unit_test(backtraces_are_of_the_throw),
      cmocka_unit_test(a_million_take_no_memory), cmocka_unit_test(finalizers_contain_theirs),
      cmocka_unit_test(to_the_stacks_end),        cmocka_unit_test(start_functions_throw),
      cmocka_unit_test(deadlines_end_it),         cmocka_unit_test(fuel_ends_it),
      cmocka_unit_test(a_thousand_arguments),     cmocka_unit_test(a_million_tags),
  };
  return run_with_text(tests);
}
