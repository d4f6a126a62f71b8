/* What it costs to throw to a catch ten frames up, in either tier, from wasm and from the host; and
 * what a try costs that catches nothing: medians of several rounds, in nanoseconds. */
#include "rounds.h"

#include <wasmx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THROWS = 100000 };

/* Each function of the ten calls the next through the table: none is inlined. */
#define FRAME(number, next)                                                                        \
  "(func " number " (type $t) (i32.add (i32.const 1)"                                              \
  "  (call_indirect (type $t) (local.get 0) (i32.const " next "))))"
#define LOOP(name, callee)                                                                         \
  "(func (export \"" name "\") (param $n i32)"                                                     \
  "  (loop (drop (call_indirect (type $t) (i32.const 3) (i32.const " callee ")))"                  \
  "    (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"
static const char text[] =
    "(module (type $t (func (param i32) (result i32)))"
    "(import \"h\" \"e\" (tag $e (param i32))) (import \"h\" \"f\" (func $host (type $t)))"
    "(table funcref (elem $1 $2 $3 $4 $5 $6 $7 $8 $throw $far $catch $host $leaf $try "
    "$plain))" FRAME("$1", "1") FRAME("$2", "2") FRAME("$3", "3") FRAME("$4", "4") FRAME("$5", "5")
        FRAME("$6", "6") FRAME("$7", "7") FRAME(
            "$8",
            "8") "(global $far_too (export \"far\") (mut i32) (i32.const 0))"
                 "(func $throw (type $t) (if (global.get $far_too)"
                 "  (then (return (call_indirect (type $t) (local.get 0) (i32.const 9)))))"
                 "  (throw $e (local.get 0)))" FRAME(
                     "$far",
                     "11") "(func $leaf (type $t) (local.get 0))"
                           "(func $catch (type $t) (block $h (result i32)"
                           "  (try_table (result i32) (catch $e $h) (call $1 (local.get 0)))))"
                           "(func $plain (type $t) (call_indirect (type $t) (local.get 0) "
                           "(i32.const 12)))"
                           "(func $try (type $t) (block $h (result i32) (try_table (result i32) "
                           "(catch $e $h)"
                           "  (call_indirect (type $t) (local.get 0) (i32.const 12)))))" LOOP(
                               "throw", "10") LOOP("try", "13") LOOP("plain", "14") ")";

static wasm_trap_t *throw_it(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)caller;
  wasmx_exception_t *exception = wasmx_exception_new_raw(env, slots);
  wasm_trap_t *trap = wasmx_trap_new_exception(exception);
  wasmx_exception_delete(exception);
  return trap;
}

static double measure(const wasm_instance_t *instance, const char *name, int count) {
  double times[ROUNDS];
  wasm_func_t *func = wasmx_instance_func(instance, name);
  for (int i = 0; i < ROUNDS; i++) {
    wasmx_slot_t slot = wasmx_slot_i32(count);
    double start = now_ns();
    if (wasmx_func_call_raw(func, &slot)) abort();
    times[i] = (now_ns() - start) / count;
  }
  wasm_func_delete(func);
  return median_of(times);
}

static void print_all(const wasm_instance_t *instance, const char *tier) {
  printf("%-12s throw ten frames up  %7.1f ns\n", tier, measure(instance, "throw", THROWS));
  wasm_global_t *far = wasmx_instance_global(instance, "far");
  wasm_val_t yes = WASM_I32_VAL(1);
  wasm_global_set(far, &yes);
  wasm_global_delete(far);
  printf("%-12s the host throws      %7.1f ns\n", tier, measure(instance, "throw", THROWS));
  printf("%-12s two calls; with a try%7.1f ns %7.1f ns\n", tier,
         measure(instance, "plain", 10 * THROWS), measure(instance, "try", 10 * THROWS));
}

/* False: it cannot be instantiated. */
static bool run(wasm_engine_t *engine, const char *tier) {
  wasm_store_t *store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), (wasm_byte_t *)text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  wasm_functype_t *thrown = wasm_functype_new_1_0(wasm_valtype_new_i32());
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_tagtype_t *tag_type = wasm_tagtype_new(thrown);
  wasm_tag_t *tag = wasm_tag_new(store, tag_type);
  wasm_func_t *host = wasmx_func_new_raw(store, type, throw_it, tag, NULL);
  wasm_extern_t *list[] = {wasm_tag_as_extern(tag), wasm_func_as_extern(host)};
  wasm_extern_vec_t imports = WASM_ARRAY_VEC(list);
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
  if (instance)
    print_all(instance, tier);
  else
    fprintf(stderr, "throws: %s\n", wasmx_last_error()->message);
  wasm_instance_delete(instance);
  wasm_func_delete(host);
  wasm_tag_delete(tag);
  wasm_tagtype_delete(tag_type);
  wasm_functype_delete(type);
  wasm_module_delete(module);
  wasm_store_delete(store);
  return instance != NULL;
}

int main(void) {
  static const wasmx_tier_t tiers[] = {WASMX_TIER_INTERP, WASMX_TIER_JIT};
  static const char *const names[] = {"interpreter", "compiled"};
  bool good = true;
  for (int i = 0; i < 2; i++) {
    wasm_config_t *config = wasm_config_new();
    if (!wasmx_config_set_tier(config, tiers[i])) {
      wasm_config_delete(config);
      continue;
    }
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    good &= run(engine, names[i]);
    wasm_engine_delete(engine);
  }
  return good ? 0 : 1;
}
