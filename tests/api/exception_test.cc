/* A C++ exception that a host function throws goes through wasm, interpreted and compiled, to
 * whoever called it, and one that a finalizer throws through the collector; the store works on, in
 * other threads, too, and can be deleted. Wasm's own exceptions, caught before, do not disturb
 * that, and its clauses do not catch it. */
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "support/compiled.h"

static const char text[] =
    "(module (import \"h\" \"f\" (func $f (param i32) (result i32))) (tag $e)"
    /* What wasm catches are its own exceptions only. */
    " (func $g (param i32) (result i32) (block $h (return (i32.add"
    "   (try_table (result i32) (catch_all $h) (call $f (local.get 0))) (i32.const 1))))"
    "   (i32.const -100))"
    " (func $throw (throw $e))"
    " (func (export \"go\") (param i32) (result i32) (local i32)"
    "   (block $h (try_table (catch_all $h) (call $throw)) (unreachable))"
    "   (local.set 1 (i32.mul (local.get 0) (i32.const 3)))"
    "   (i32.add (call $g (local.get 0)) (local.get 1))))";

static wasm_func_t *go; /* for the callback that calls again */

/* 1: throws; 2: catches what a call of its own throws; else: 7. */
static wasm_trap_t *callback(void *, wasmx_caller_t *, wasmx_slot_t *slots) {
  if (slots[0].i32 == 1) throw std::runtime_error("from the host");
  if (slots[0].i32 == 2) {
    wasmx_slot_t inner[1];
    inner[0].u64 = 1;
    try {
      wasmx_func_call_raw(go, inner);
    } catch (const std::runtime_error &) {
      inner[0].u64 = 0;
      if (wasmx_func_call_raw(go, inner) || inner[0].i32 != 8) return nullptr;
    }
  }
  slots[0].i32 = 7;
  return nullptr;
}

static int run(wasm_store_t *store) {
  wasm_byte_vec_t bytes = {sizeof text - 1, const_cast<char *>(text)};
  wasm_module_t *module = wasmx_module_new(store, &bytes, WASMX_ALLOW_TEXT, nullptr);
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *func = wasmx_func_new_raw(store, type, callback, nullptr, nullptr);
  wasm_extern_t *list[] = {wasm_func_as_extern(func)};
  wasm_extern_vec_t imports = {1, list};
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, nullptr);
  go = wasmx_instance_func(instance, "go");
  int caught = 0, wrong = 0;
  for (int i = 0; i < 90; i++) {
    wasmx_slot_t slots[1];
    slots[0].u64 = static_cast<uint64_t>(i % 3);
    try {
      wrong += wasmx_func_call_raw(go, slots) || slots[0].i32 != 8 + i % 3 * 3;
    } catch (const std::runtime_error &) {
      caught++;
    }
  }
  wasm_functype_delete(type);
  wasm_func_delete(go);
  wasm_func_delete(func);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  std::printf("caught %d, wrong %d\n", caught, wrong);
  return caught != 30 || wrong;
}

static void throw_at_end(void *) { throw std::runtime_error("from a finalizer"); }

/* Of an object's host info, and of a function's environment: each is run once, and what they leave
 * undone the next collection does (the leak checker looks). */
static int run_finalizers(wasm_store_t *store) {
  wasm_foreign_t *foreign = wasm_foreign_new(store);
  wasm_foreign_set_host_info_with_finalizer(foreign, store, throw_at_end);
  wasm_foreign_delete(foreign);
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *func = wasmx_func_new_raw(store, type, callback, nullptr, throw_at_end);
  wasm_func_set_host_info_with_finalizer(func, store, throw_at_end);
  wasm_functype_delete(type);
  wasm_func_delete(func);
  int caught = 0;
  for (int i = 0; i < 4; i++) {
    try {
      wasmx_store_collect(store);
    } catch (const std::runtime_error &) {
      caught++;
    }
  }
  std::thread([store] { wasmx_store_collect(store); }).join();
  std::printf("finalizers caught %d\n", caught);
  return caught != 3;
}

int main() {
  static const wasmx_tier_t tiers[] = {WASMX_TIER_INTERP, WASMX_TIER_JIT, WASMX_TIER_AUTO};
  int failed = 0;
  for (wasmx_tier_t tier : tiers) {
    wasm_config_t *config = wasm_config_new();
    failed |= !compiled_configure(config, true);
    if (!wasmx_config_set_tier(config, tier)) {
      wasm_config_delete(config);
      continue;
    }
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasm_store_t *store = wasm_store_new(engine);
    failed |= run(store);
    failed |= run_finalizers(store);
    failed |= !wasmx_store_try_delete(store);
    Expect expect = tier == WASMX_TIER_JIT                        ? EXPECT_ALL
                    : tier == WASMX_TIER_AUTO && wasmx_has("jit") ? EXPECT_SOME
                                                                  : EXPECT_NO_FAULT;
    const char *fault = compiled_fault(engine, expect);
    if (fault) std::printf("%s\n", fault);
    failed |= fault != nullptr;
    wasm_engine_delete(engine);
  }
  return failed;
}
