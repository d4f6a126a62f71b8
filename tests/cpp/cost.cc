/* Calls the same functions N times by one of several ways, for cost.sh to count instructions.
 * Usage: cost raw|typed|try|raw-host|lambda N */
#include <cstdlib>

#include "cpp/check.hh"
#include <wasmx.hh>

static const char text[] =
    "(module (import \"h\" \"f\" (func $f (param i32 i32) (result i32)))"
    " (func (export \"add_one\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"
    " (func (export \"host\") (param i32) (result i32) (local i32)"
    "   (loop (local.set 1 (call $f (local.get 1) (i32.const 1)))"
    "     (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
    "   (local.get 1)))";

static wasm_trap_t *add(void *env, wasmx_caller_t *, wasmx_slot_t *slots) {
  slots[0] = wasmx_slot_i32(slots[0].i32 + slots[1].i32 + *static_cast<int *>(env));
  return nullptr;
}

static int call_raw(const wasm_func_t *func, int n) {
  int r = 0;
  for (int i = 0; i < n; i++) {
    wasmx_slot_t slots[1] = {wasmx_slot_i32(r)};
    if (wasmx_func_call_raw(func, slots)) return -1;
    r = slots[0].i32;
  }
  return r;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const std::string way = argv[1];
  const int n = std::atoi(argv[2]);
  int zero = 0, r = 0;
  wasmx::Config config;
  const wasmx::Engine engine(config.tier(WASMX_TIER_INTERP));
  const wasmx::Store store(engine);
  wasmx::Linker linker(store);
  const wasmx::Func lambda(store, [&zero](int a, int b) { return a + b + zero; });
  const auto type = wasmx::detail::Signature<int(int, int)>::make();
  const wasmx::Func raw(store.c(), wasmx_func_new_raw(store.c(), type.get(), add, &zero, nullptr));
  const auto instance = linker.define("h", "f", way == "lambda" ? lambda : raw)
                            .instantiate(wasmx::Module(store, text));
  const auto add_one = instance.func<int(int)>("add_one");
  if (way == "raw") {
    r = call_raw(add_one.func().c(), n);
  } else if (way == "typed") {
    for (int i = 0; i < n; i++) r = add_one(r);
  } else if (way == "try") {
    for (int i = 0; i < n; i++) r = *add_one.try_call(r);
  } else {
    r = instance.func<int(int)>("host")(n);
  }
  return CHECK(r == n) ? 0 : 1;
}
