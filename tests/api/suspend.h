/* What the tests of calls that can be suspended share: a guest whose imports suspend it, in each
 * tier. */
#ifndef TESTS_API_SUSPEND_H
#define TESTS_API_SUSPEND_H

#include "api/fixture.h"

/* `wait` suspends with its argument's address, and returns what is there then; `enter` calls what
 * Guest.inner says. */
static const char guest_text[] =
    "(module (tag $t (export \"tag\") (import \"h\" \"tag\") (param i32))"
    " (import \"h\" \"wait\" (func $wait (param i32) (result i32)))"
    " (import \"h\" \"enter\" (func $enter (param i32) (result i32)))"
    " (memory (export \"memory\") 1)"
    " (global $passed (export \"passed\") (mut i32) (i32.const 0))"
    " (func (export \"once\") (param i32) (result i32) (call $wait (local.get 0)))"
    " (func (export \"sum\") (param i32) (result i32) (local i32)"
    "  (loop $l (local.set 1 (i32.add (local.get 1) (call $wait (local.get 0))))"
    "   (global.set $passed (i32.add (global.get $passed) (i32.const 1)))"
    "   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))"
    " (func (export \"nest\") (param i32) (result i32)"
    "  (i32.add (call $enter (local.get 0)) (i32.const 1)))"
    " (func $fail (drop (call $wait (i32.const 1))) (unreachable))"
    " (func (export \"fail\") (param i32) (result i32) (call $fail) (i32.const 0))"
    " (func $deep (export \"deep\") (param i32) (result i32)"
    "  (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))"
    "  (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))"
    " (func (export \"wait_deep\") (param i32) (result i32)"
    "  (call $deep (call $wait (local.get 0))))"
    " (func $wait_at (export \"wait_at\") (param i32) (result i32)"
    "  (if (result i32) (local.get 0)"
    "   (then (i32.add (call $wait_at (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))"
    "   (else (call $wait (i32.const 7)))))"
    " (func (export \"spin\") (param i32) (result i32) (drop (call $wait (i32.const 0)))"
    "  (loop $l (br $l)) (i32.const 0))"
    " (func (export \"add\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"
    " (func (export \"outside\") (param i32) (result i32)"
    "  (i32.load (i32.sub (call $wait (i32.const 3)) (i32.const 4))))"
    " (func $throw (param i32) (throw $t (i32.add (call $wait (local.get 0)) (i32.const 1))))"
    " (func (export \"throw\") (param i32) (result i32) (call $throw (local.get 0)) (i32.const 0))"
    " (func (export \"catch\") (param i32) (result i32)"
    "  (block $h (result i32)"
    "   (try_table (catch $t $h) (drop (call $enter (local.get 0)))"
    "    (call $throw (local.get 0))) (i32.const -1)))"
    " (table $refs (export \"refs\") 1 externref)"
    " (func (export \"hold_out\") (param i32) (result externref) (local externref)"
    "  (local.set 1 (table.get $refs (i32.const 0)))"
    "  (table.set $refs (i32.const 0) (ref.null extern))"
    "  (drop (call $wait (i32.const 0))) (local.get 1))"
    " (func (export \"let_go\") (param externref) (result i32) (local.set 0 (ref.null extern))"
    "  (call $wait (i32.const 0)))"
    " (func (export \"enter_deep\") (param i32) (result i32) (call $deep (call $enter (local.get "
    "0))))"
    " (func (export \"hold\") (param externref) (result externref) (local externref)"
    "  (local.set 1 (local.get 0)) (local.set 0 (ref.null extern))"
    "  (drop (call $wait (i32.const 0))) (local.get 1))"
    " (type $box (struct (field i32)))"
    " (func (export \"keep\") (param i32) (result i32) (local (ref null $box))"
    "  (local.set 1 (struct.new $box (local.get 0)))"
    "  (drop (call $wait (i32.const 0))) (struct.get $box 0 (local.get 1)))"
    " (func (export \"litter\") (param i32) (result i32)"
    "  (loop $l (drop (struct.new $box (i32.const -1)))"
    "   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 0)))";

typedef struct Guest Guest;
struct Guest {
  World w;
  wasm_instance_t *instance;
  wasm_tag_t *tag;
  int (*inner)(Guest *g, wasmx_caller_t *caller, int arg, wasm_trap_t **trap);
  int tidied; /* how often `wait` got a trap */
};

static inline wasm_trap_t *guest_wait(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  Guest *g = env;
  int32_t word = slots[0].i32;
  wasm_trap_t *trap = wasmx_call_suspend(caller, &word, NULL);
  g->tidied += trap != NULL;
  slots[0] = wasmx_slot_i32(word);
  return trap;
}

static inline wasm_trap_t *guest_enter(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  Guest *g = env;
  wasm_trap_t *trap = NULL;
  int result = g->inner ? g->inner(g, caller, slots[0].i32, &trap) : 0;
  slots[0] = wasmx_slot_i32(result);
  return trap;
}

static const struct {
  wasmx_tier_t tier;
  bool eager;
} guest_tiers[] = {{WASMX_TIER_INTERP, false},
                   {WASMX_TIER_JIT, false},
                   {WASMX_TIER_AUTO, false},
                   {WASMX_TIER_AUTO, true}};
enum { GUEST_TIERS = 4 };

static inline wasm_func_t *guest_host_func(Guest *g, wasmx_raw_callback_t callback) {
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *func = wasmx_func_new_raw(g->w.store, type, callback, g, NULL);
  wasm_functype_delete(type);
  assert_non_null(func);
  return func;
}

static inline wasm_tag_t *guest_tag(wasm_store_t *store) {
  wasm_tagtype_t *type = wasm_tagtype_new(wasm_functype_new_1_0(wasm_valtype_new_i32()));
  wasm_tag_t *tag = wasm_tag_new(store, type);
  wasm_tagtype_delete(type);
  assert_non_null(tag);
  return tag;
}

/* Another instance in the guest's store. */
static inline wasm_instance_t *guest_instance(Guest *g) {
  wasm_func_t *wait = guest_host_func(g, guest_wait), *enter = guest_host_func(g, guest_enter);
  wasm_extern_t *list[] = {wasm_tag_as_extern(g->tag), wasm_func_as_extern(wait),
                           wasm_func_as_extern(enter)};
  wasm_instance_t *instance = instance_of_n(g->w.store, guest_text, 3, list);
  wasm_func_delete(wait);
  wasm_func_delete(enter);
  return instance;
}

static inline bool guest_with_config(Guest *g, wasm_config_t *config, int tier) {
  *g = (Guest){.tidied = 0};
  if (!world_in_tier(&g->w, config, guest_tiers[tier].tier, guest_tiers[tier].eager)) return false;
  g->tag = guest_tag(g->w.store);
  g->instance = guest_instance(g);
  return true;
}

/* False: the tier is not built. */
static inline bool guest_new(Guest *g, int tier) {
  return guest_with_config(g, wasm_config_new(), tier);
}

static inline void guest_delete(Guest *g) {
  wasm_instance_delete(g->instance);
  wasm_tag_delete(g->tag);
  world_delete(&g->w);
}

static inline wasm_func_t *guest_func(const Guest *g, const char *name) {
  wasm_func_t *func = wasmx_instance_func(g->instance, name);
  assert_non_null(func);
  return func;
}

static inline wasmx_call_t *guest_start_with(const Guest *g, const char *name, int32_t arg,
                                             const wasmx_suspend_options_t *options) {
  wasm_func_t *func = guest_func(g, name);
  wasmx_slot_t slot = wasmx_slot_i32(arg);
  wasmx_call_t *call = wasmx_call_start(func, &slot, options, NULL);
  wasm_func_delete(func);
  if (!call) print_message("%s\n", wasmx_last_error()->message);
  assert_non_null(call);
  return call;
}

static inline wasmx_call_t *guest_start(const Guest *g, const char *name, int32_t arg) {
  return guest_start_with(g, name, arg, NULL);
}

/* Resumes a call that is then suspended; the word that it waits with. */
static inline int32_t *guest_step(wasmx_call_t *call) {
  wasm_trap_t *trap;
  wasmx_callstate_t state = wasmx_call_resume(call, NULL, NULL, &trap);
  if (state != WASMX_CALL_SUSPENDED)
    fail_msg("state %u, trap code %u", state, wasmx_trap_code(trap));
  assert_int_equal(wasmx_call_state(call), WASMX_CALL_SUSPENDED);
  assert_non_null(wasmx_call_value(call));
  return wasmx_call_value(call);
}

/* Resumes a call that then returns, and deletes it. */
static inline int32_t guest_end(wasmx_call_t *call) {
  wasm_trap_t *trap;
  wasmx_slot_t result;
  wasmx_callstate_t state = wasmx_call_resume(call, NULL, &result, &trap);
  if (state != WASMX_CALL_RETURNED)
    fail_msg("state %u, trap code %u", state, wasmx_trap_code(trap));
  assert_int_equal(wasmx_call_state(call), WASMX_CALL_RETURNED);
  assert_true(wasmx_call_delete(call));
  return result.i32;
}

/* Resumes a call that then traps, and deletes it; the trap's code. */
static inline uint32_t guest_trap(wasmx_call_t *call) {
  wasm_trap_t *trap;
  assert_int_equal(wasmx_call_resume(call, NULL, NULL, &trap), WASMX_CALL_TRAPPED);
  assert_int_equal(wasmx_call_state(call), WASMX_CALL_TRAPPED);
  uint32_t code = wasmx_trap_code(trap);
  wasm_trap_delete(trap);
  assert_true(wasmx_call_delete(call));
  return code;
}

/* A plain call of an i32 -> i32 function; the trap's code, or 0. */
static inline uint32_t guest_call(const Guest *g, const char *name, int32_t arg, int32_t *result) {
  wasm_func_t *func = guest_func(g, name);
  wasmx_slot_t slot = wasmx_slot_i32(arg);
  wasm_trap_t *trap = wasmx_func_call_raw(func, &slot);
  uint32_t code = wasmx_trap_code(trap);
  if (result) *result = slot.i32;
  wasm_trap_delete(trap);
  wasm_func_delete(func);
  return code;
}

static inline int32_t guest_global(const Guest *g, const char *name) {
  wasm_global_t *global = wasmx_instance_global(g->instance, name);
  wasmx_slot_t slot;
  wasmx_global_get_raw(global, &slot);
  wasm_global_delete(global);
  return slot.i32;
}

#define run_if_suspending(tests)                                                                   \
  (wasmx_has("text") && wasmx_has("suspend") ? cmocka_run_group_tests(tests, NULL, NULL) : 77)

#endif
