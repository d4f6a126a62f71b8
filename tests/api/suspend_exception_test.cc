/* C++ exceptions and the stacks of calls: they go from a call on to who resumed or dropped it, and
 * each call has its own ones that it handles. */
#include <wasmx.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

#define REQUIRE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                              \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

static const char text[] =
    "(module (import \"h\" \"f\" (func $f (param i32) (result i32)))"
    " (func $inner (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))"
    " (func (export \"go\") (param i32) (result i32)"
    "  (i32.add (call $inner (local.get 0)) (i32.const 1))))";

enum { THROW = 1, CATCH, NEST, HANDLE, DROP_THROW };

static wasm_store_t *store;
static wasm_func_t *go;
static int destroyed;

struct Guard {
  ~Guard() { destroyed++; }
};

static wasmx_call_t *start(int what) {
  wasmx_slot_t slot = wasmx_slot_i32(what);
  wasmx_call_t *call = wasmx_call_start(go, &slot, nullptr, nullptr);
  REQUIRE(call);
  return call;
}

/* In a handler while it is suspended: what is handled is the call's own. */
static wasm_trap_t *handle(wasmx_caller_t *caller, wasmx_slot_t *slots) {
  int number = 0;
  try {
    throw std::runtime_error("of this call");
  } catch (const std::exception &e) {
    const std::exception *same = &e;
    for (int i = 0; i < 3; i++) {
      void *given;
      if (wasm_trap_t *trap = wasmx_call_suspend(caller, nullptr, &given)) return trap;
      number = *static_cast<int *>(given);
      REQUIRE(strcmp(e.what(), "of this call") == 0);
      try {
        throw;
      } catch (const std::exception &again) {
        REQUIRE(&again == same);
      }
    }
  }
  REQUIRE(!std::current_exception());
  slots[0] = wasmx_slot_i32(number);
  return nullptr;
}

static wasm_trap_t *callback(void *, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  Guard guard;
  int what = slots[0].i32;
  if (what == HANDLE) return handle(caller, slots);
  wasm_trap_t *trap = wasmx_call_suspend(caller, nullptr, nullptr);
  if (what == DROP_THROW) {
    REQUIRE(wasmx_trap_code(trap) == WASMX_TRAP_INTERRUPTED);
    wasm_trap_delete(trap);
    throw std::runtime_error("dropped");
  }
  if (trap) return trap;
  if (what == THROW) throw std::runtime_error("thrown");
  if (what == NEST) {
    wasmx_call_t *inner = start(THROW);
    REQUIRE(wasmx_call_resume(inner, nullptr, nullptr, nullptr) == WASMX_CALL_SUSPENDED);
    try {
      wasmx_call_resume(inner, nullptr, nullptr, nullptr);
      REQUIRE(false);
    } catch (const std::runtime_error &) {
      REQUIRE(wasmx_call_state(inner) == WASMX_CALL_TRAPPED);
      wasmx_call_delete(inner);
      throw;
    }
  }
  return nullptr;
}

static bool throws_when_resumed(wasmx_call_t *call, const char *what) {
  try {
    wasmx_call_resume(call, nullptr, nullptr, nullptr);
    return false;
  } catch (const std::runtime_error &e) {
    REQUIRE(std::uncaught_exceptions() == 0);
    return strcmp(e.what(), what) == 0;
  }
}

static void leave_by_exception(int what, int guards) {
  wasmx_call_t *call = start(what);
  REQUIRE(wasmx_call_resume(call, nullptr, nullptr, nullptr) == WASMX_CALL_SUSPENDED);
  destroyed = 0;
  REQUIRE(throws_when_resumed(call, "thrown"));
  REQUIRE(destroyed == guards);
  REQUIRE(std::uncaught_exceptions() == 0);
  REQUIRE(wasmx_call_state(call) == WASMX_CALL_TRAPPED);
  REQUIRE(!wasmx_store_call(store));
  REQUIRE(wasmx_call_delete(call));
}

static void drop() {
  destroyed = 0;
  wasmx_call_t *call = start(CATCH);
  REQUIRE(wasmx_call_resume(call, nullptr, nullptr, nullptr) == WASMX_CALL_SUSPENDED);
  REQUIRE(wasmx_call_delete(call));
  REQUIRE(destroyed == 1);
  call = start(DROP_THROW);
  REQUIRE(wasmx_call_resume(call, nullptr, nullptr, nullptr) == WASMX_CALL_SUSPENDED);
  bool thrown = false;
  try {
    wasmx_call_delete(call);
  } catch (const std::runtime_error &e) {
    thrown = strcmp(e.what(), "dropped") == 0;
  }
  REQUIRE(thrown && destroyed == 2);
  REQUIRE(!wasmx_store_interrupted(store));
}

/* Handlers of several calls and of the host end in no order. */
static void handlers() {
  enum { CALLS = 3 };
  wasmx_call_t *calls[CALLS];
  try {
    throw std::logic_error("of the host");
  } catch (const std::exception &e) {
    for (auto &call : calls) {
      call = start(HANDLE);
      REQUIRE(wasmx_call_resume(call, nullptr, nullptr, nullptr) == WASMX_CALL_SUSPENDED);
    }
    for (int i = 0; i < 2 * CALLS; i++) {
      REQUIRE(wasmx_call_resume(calls[i % CALLS], &i, nullptr, nullptr) == WASMX_CALL_SUSPENDED);
      REQUIRE(strcmp(e.what(), "of the host") == 0);
    }
    try {
      throw;
    } catch (const std::logic_error &) {
    }
  }
  REQUIRE(!std::current_exception());
  for (int i = 0; i < CALLS; i++) {
    wasmx_slot_t result;
    REQUIRE(wasmx_call_resume(calls[i], &i, &result, nullptr) == WASMX_CALL_RETURNED);
    REQUIRE(result.i32 == i + 2);
    wasmx_call_delete(calls[i]);
  }
}

static void run(wasmx_tier_t tier) {
  wasm_config_t *config = wasm_config_new();
  if (!wasmx_config_set_tier(config, tier)) return wasm_config_delete(config);
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  store = wasm_store_new(engine);
  wasm_byte_vec_t source = {strlen(text), const_cast<char *>(text)};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, nullptr);
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *f = wasmx_func_new_raw(store, type, callback, nullptr, nullptr);
  wasm_extern_t *list[] = {wasm_func_as_extern(f)};
  wasm_extern_vec_t imports = {1, list};
  wasm_instance_t *instance = wasm_instance_new(store, module, &imports, nullptr);
  REQUIRE(instance);
  go = wasmx_instance_func(instance, "go");
  for (int i = 0; i < 20; i++) {
    leave_by_exception(THROW, 1);
    leave_by_exception(NEST, 2);
    drop();
    handlers();
  }
  wasm_func_delete(go);
  wasm_instance_delete(instance);
  wasm_func_delete(f);
  wasm_functype_delete(type);
  wasm_module_delete(module);
  REQUIRE(wasmx_store_try_delete(store));
  wasm_engine_delete(engine);
}

int main() {
  if (!wasmx_has("text") || !wasmx_has("suspend")) return 77;
  for (wasmx_tier_t tier : {WASMX_TIER_INTERP, WASMX_TIER_JIT, WASMX_TIER_AUTO}) run(tier);
  return 0;
}
