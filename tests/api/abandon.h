/* What a callback that is left without returning must not disturb, for tests that bring their own
 * way to leave: attempt() runs something and tells whether it was left, leave() leaves the
 * innermost attempt. C and C++.
 *
 * `go` of an instance calls the host; that returns, leaves, or calls `go` of the other instance one
 * level deeper. What was left is caught at any of the levels, or around all. Then calls, traps,
 * backtraces and collections from deeper and shallower in the stack are as if nothing had been. */
#ifndef TESTS_API_ABANDON_H
#define TESTS_API_ABANDON_H

#include "support/compiled.h"

static bool attempt(void (*run)(void *env), void *env);
static void leave(void);

#define REQUIRE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                              \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

static const char abandon_text[] =
    "(module (import \"h\" \"f\" (func $f (param i32 externref) (result i32)))"
    " (func $call (param i32 externref) (result i32)"
    "  (i32.add (call $f (local.get 0) (local.get 1)) (i32.const 1)))"
    " (func (export \"go\") (param i32 externref) (result i32)"
    "  (i32.add (call $call (local.get 0) (local.get 1)) (i32.const 1)))"
    " (func (export \"add\") (param i32) (result i32) (local i32)"
    "  (loop $l (local.set 1 (i32.add (local.get 1) (i32.const 2)))"
    "   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))"
    " (func $fail (unreachable)) (func (export \"trap\") (call $fail)))";

enum { LEVELS = 3, GO_FRAMES = 2, TRAP_FRAMES = 2, NEVER = -1 };

typedef struct Guests {
  wasm_engine_t *engine;
  wasm_store_t *store;
  wasm_func_t *go[2], *add[2], *trap[2];
  wasm_instance_t *instances[2];
  wasm_foreign_t *foreign;
  Expect expect;          /* of the engine */
  int live;               /* levels that run now */
  int leave_at, catch_at; /* levels; NEVER: not */
  int left;               /* how often something was left and caught */
} Guests;
static Guests guests;

static int call_add(const wasm_func_t *func, int n) {
  wasmx_slot_t slots[1] = {wasmx_slot_i32(n)};
  REQUIRE(!wasmx_func_call_raw(func, slots));
  return slots[0].i32;
}

static size_t frames_of_trap(const wasm_func_t *func) {
  wasmx_slot_t none[1];
  wasm_trap_t *trap = wasmx_func_call_raw(func, none);
  REQUIRE(wasmx_trap_code(trap) == WASMX_TRAP_UNREACHABLE);
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  size_t count = frames.size;
  wasm_frame_vec_delete(&frames);
  wasm_trap_delete(trap);
  return count;
}

/* All is as it should be, seen from here. */
static void look(void) {
  size_t running = (size_t)guests.live * GO_FRAMES;
  for (int i = 0; i < 2; i++) {
    REQUIRE(call_add(guests.add[i], 10) == 20);
    REQUIRE(frames_of_trap(guests.trap[i]) == running + TRAP_FRAMES);
  }
  wasmx_store_collect(guests.store);
  wasm_val_t args[1], results[1];
  args[0].kind = WASM_I32;
  args[0].of.i32 = 7;
  wasm_val_vec_t in = {1, args}, out = {1, results};
  REQUIRE(!wasm_func_call(guests.add[0], &in, &out));
  REQUIRE(results[0].of.i32 == 14);
  if (guests.live > 0) REQUIRE(!wasmx_store_try_delete(guests.store));
}

/* From deeper in the stack, over frames with holes that nobody writes to. */
__attribute__((noinline)) static void look_deeper(int depth) {
  volatile char hole[1 << 12];
  hole[sizeof hole - 1] = 1;
  if (depth > 0)
    look_deeper(depth - 1);
  else
    look();
  hole[0] = 2;
}

static int call_go(int level) {
  wasmx_slot_t slots[2];
  slots[0] = wasmx_slot_i32(level);
  slots[1].ref = wasmx_slot_of_ref(wasm_foreign_as_ref(guests.foreign));
  REQUIRE(!wasmx_func_call_raw(guests.go[level % 2], slots));
  return slots[0].i32;
}

typedef struct Level {
  int number, result;
} Level;

static void run_level(void *env) {
  Level *level = (Level *)env;
  level->result = call_go(level->number);
}

/* The level's result; one that is left and caught here gives 1000. */
static int try_level(int number) {
  Level level = {number, 0};
  int live = guests.live;
  if (guests.catch_at != number) {
    run_level(&level);
    return level.result;
  }
  if (!attempt(run_level, &level)) return level.result;
  guests.live = live;
  guests.left++;
  look_deeper(0);
  look_deeper(3);
  look_deeper(20);
  return 1000;
}

static wasm_trap_t *host(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  int level = slots[0].i32;
  (void)env, (void)caller;
  guests.live++;
  if (level == guests.leave_at) leave();
  slots[0].i32 = level + 1 < LEVELS ? try_level(level + 1) : 0;
  guests.live--;
  return NULL;
}

static wasm_instance_t *make_guest(wasm_module_t *module) {
  wasm_valtype_t *params[2] = {wasm_valtype_new(WASM_I32), wasm_valtype_new(WASM_EXTERNREF)};
  wasm_valtype_t *results[1] = {wasm_valtype_new(WASM_I32)};
  wasm_valtype_vec_t p, r;
  wasm_valtype_vec_new(&p, 2, params);
  wasm_valtype_vec_new(&r, 1, results);
  wasm_functype_t *type = wasm_functype_new(&p, &r);
  wasm_func_t *func = wasmx_func_new_raw(guests.store, type, host, NULL, NULL);
  wasm_extern_t *list[1] = {wasm_func_as_extern(func)};
  wasm_extern_vec_t imports = {1, list};
  wasm_instance_t *instance = wasm_instance_new(guests.store, module, &imports, NULL);
  REQUIRE(instance);
  wasm_func_delete(func);
  wasm_functype_delete(type);
  return instance;
}

/* `hidden` (or NULL) is a setting of the compiler. False: there is no such tier. */
static bool make_guests(wasmx_tier_t tier, const char *hidden) {
  memset(&guests, 0, sizeof guests);
  wasm_config_t *config = wasm_config_new();
  REQUIRE(compiled_configure(config, false));
  if (!wasmx_config_set_tier(config, tier)) {
    wasm_config_delete(config);
    return false;
  }
  guests.expect = tier == WASMX_TIER_JIT ? EXPECT_ALL : hidden ? EXPECT_SOME : EXPECT_NO_FAULT;
  wasmx_config_set_compile_threads(config, 0);
  if (hidden) REQUIRE(wasmx_config_set_hidden(config, hidden));
  guests.engine = wasm_engine_new_with_config(config);
  guests.store = wasm_store_new(guests.engine);
  wasm_byte_vec_t text = {strlen(abandon_text), (char *)(uintptr_t)abandon_text};
  wasm_module_t *module = wasmx_module_new(guests.store, &text, WASMX_ALLOW_TEXT, NULL);
  REQUIRE(module);
  guests.foreign = wasm_foreign_new(guests.store);
  for (int i = 0; i < 2; i++) {
    guests.instances[i] = make_guest(module);
    guests.go[i] = wasmx_instance_func(guests.instances[i], "go");
    guests.add[i] = wasmx_instance_func(guests.instances[i], "add");
    guests.trap[i] = wasmx_instance_func(guests.instances[i], "trap");
  }
  wasm_module_delete(module);
  return true;
}

/* From deeper in the stack, too. */
__attribute__((noinline)) static void delete_guests(void) {
  volatile char hole[1 << 12];
  hole[sizeof hole - 1] = 1;
  for (int i = 0; i < 2; i++) {
    wasm_func_delete(guests.go[i]);
    wasm_func_delete(guests.add[i]);
    wasm_func_delete(guests.trap[i]);
    wasm_instance_delete(guests.instances[i]);
  }
  wasm_foreign_delete(guests.foreign);
  REQUIRE(wasmx_store_try_delete(guests.store));
  const char *fault = compiled_fault(guests.engine, guests.expect);
  if (fault) fprintf(stderr, "%s\n", fault);
  REQUIRE(!fault);
  wasm_engine_delete(guests.engine);
  hole[0] = 2;
}

/* From `leave_at` to `catch_at`, three times, and once more without leaving. */
static void abandon(int leave_at, int catch_at) {
  guests.catch_at = catch_at;
  guests.leave_at = leave_at;
  for (int round = 0; round < 3; round++) {
    guests.left = 0;
    guests.live = 0;
    int result = try_level(0);
    REQUIRE(guests.left == 1 && guests.live == 0);
    REQUIRE(result == 1000 + catch_at * GO_FRAMES);
  }
  guests.leave_at = guests.catch_at = NEVER;
  guests.live = 0;
  REQUIRE(try_level(0) == LEVELS * GO_FRAMES);
}

static void leave_last(void *env) {
  (void)env;
  call_go(0);
}

/* Every pair of levels, or those caught around all; the store is deleted when the last thing that
 * was done in it is left. */
static void abandon_in(wasmx_tier_t tier, const char *hidden, bool catches_inside) {
  for (int leave_at = 0; leave_at < LEVELS; leave_at++)
    for (int catch_at = 0; catch_at <= (catches_inside ? leave_at : 0); catch_at++) {
      if (!make_guests(tier, hidden)) return;
      abandon(leave_at, catch_at);
      guests.leave_at = leave_at;
      guests.catch_at = NEVER;
      REQUIRE(attempt(leave_last, NULL));
      delete_guests();
    }
}

static void abandon_everywhere(bool catches_inside) {
  abandon_in(WASMX_TIER_INTERP, NULL, catches_inside);
  abandon_in(WASMX_TIER_JIT, NULL, catches_inside);
  abandon_in(WASMX_TIER_JIT, "no-inline=1", catches_inside);
  abandon_in(WASMX_TIER_AUTO, NULL, catches_inside);
  abandon_in(WASMX_TIER_AUTO, "call-threshold=0", catches_inside);
  abandon_in(WASMX_TIER_AUTO, "call-threshold=2", catches_inside);
}

#endif
