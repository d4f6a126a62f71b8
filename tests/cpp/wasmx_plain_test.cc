/* wasmx.hh as it is without exceptions and RTTI: errors are values. */
#include "cpp/check.hh"
#include <wasmx.hh>

#if WASMX_EXCEPTIONS
#error "to be compiled with -fno-exceptions"
#endif

static const char text[] =
    "(module (import \"env\" \"half\" (func $half (param i32) (result i32)))"
    " (import \"env\" \"log\" (func $log (param i32)))"
    " (memory (export \"memory\") 1) (global (export \"g\") (mut i64) (i64.const 1))"
    " (func (export \"half\") (param i32) (result i32)"
    "   (call $log (local.get 0)) (call $half (local.get 0)))"
    " (func (export \"spin\") (loop (br 0))))";

static wasmx::Result<int> half(int x) {
  if (x % 2) return wasmx::Error("odd");
  return x / 2;
}

static wasmx::Result<void> run(const wasmx::Engine &engine) {
  auto store = wasmx::Store::try_make(engine);
  if (!store) return store.error();
  auto linker = wasmx::Linker::try_make(*store);
  if (!linker) return linker.error();
  int logged = 0;
  CHECK(linker->try_define("env", "half", half));
  CHECK(linker->try_define("env", "log", [&logged](int x) -> wasmx::Result<void> {
    if (x < 0) return wasmx::Error("negative");
    logged = x;
    return {};
  }));
  auto module = wasmx::Module::try_make(*store, text);
  if (!module) return module.error();
  auto instance = linker->try_instantiate(*module);
  if (!instance) return instance.error();

  auto func = instance->try_func<int(int)>("half");
  if (!func) return func.error();
  auto ok = func->try_call(42);
  CHECK(ok && *ok == 21 && logged == 42);
  auto odd = func->try_call(43);
  CHECK(!odd && odd.error().is_trap() && odd.error().trap()->trap_code() == WASMX_TRAP_HOST);
  CHECK_CONTAINS(odd.error().what(), "odd");
  auto negative = func->try_call(-2);
  CHECK(!negative && contains(negative.error().what(), "negative"));
  CHECK(std::move(negative).value_or(7) == 7);

  auto spin = instance->try_func<void()>("spin");
  CHECK(spin && !spin->try_within(std::chrono::milliseconds(5)));
  auto wrong = instance->try_func<float(int)>("half");
  CHECK(!wrong && wrong.error().code() == WASMX_LINK);
  auto memory = instance->try_memory();
  CHECK(memory && memory->try_write(8, 5) && *memory->try_read<int>(8) == 5);
  CHECK(!memory->try_read<int>(65533));
  auto g = instance->try_global<std::int64_t>("g");
  CHECK(g && g->try_set(9) && g->get() == 9);
  return wasmx::Module::try_make(*store, "(module").error();
}

int main() {
  auto engine = wasmx::Engine::try_make();
  if (!CHECK(engine)) return 1;
  auto end = run(*engine);
  CHECK(!end && end.error().code() == WASMX_SYNTAX);
  return failures() != 0;
}
