/* wasi.hh: arguments, streams, folders, exit statuses, traps, and what is refused. */
#include "cpp/check.hh"
#include <wasi.hh>

namespace wasi = wasmx::wasi;

/* Writes its first argument's bytes (args_get), then what it reads, to the descriptor that the
 * second argument's first letter says ('1' or '2'), and exits with the number of bytes read. */
static const char echo[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_read\""
    "   (func $read (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_write\""
    "   (func $write (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"args_get\" (func $args (param i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
    " (memory (export \"memory\") 1) (data (i32.const 0) \"\\00\\01\\00\\00\\40\\00\\00\\00\")"
    " (func (export \"_start\")"
    "   (drop (call $args (i32.const 16) (i32.const 64)))"
    "   (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "   (i32.store (i32.const 4) (i32.load (i32.const 8)))"
    "   (drop (call $write"
    "     (i32.sub (i32.load8_u (i32.load (i32.const 20))) (i32.const 48))"
    "     (i32.const 0) (i32.const 1) (i32.const 12)))"
    "   (call $exit (i32.load (i32.const 8)))))";

struct World {
  wasmx::Engine engine;
  wasmx::Store store{engine};
  wasmx::Linker linker{store};
};

static int run(wasi::Config &config, std::string *output = nullptr, std::string *error = nullptr) {
  World w;
  const wasmx::Module module(w.store, echo);
  wasi::Context context(w.store, config);
  context.define_for(w.linker, module);
  const int status = context.start(w.linker.instantiate(module));
  if (output) *output = context.take_output();
  if (error) *error = context.take_error();
  return status;
}

static void streams() {
  std::string output, error;
  wasi::Config captured;
  captured.arguments({"echo", "1"}).input("hello").capture_output(100).capture_error(100);
  CHECK(run(captured, &output, &error) == 5 && output == "hello" && error.empty());

  std::string text, warnings;
  wasi::Config called;
  called.arguments({"echo", "2"}).input("watch").variable("A", "b").deterministic(1);
  called.on_output([&](std::string_view part) { text += part; });
  called.on_error([&, kept = std::make_unique<int>(1)](std::string_view part) {
    warnings += part;
    CHECK(*kept == 1);
  });
  CHECK(run(called) == 5 && text.empty() && warnings == "watch");
}

static void folders_and_ends() {
  World w;
  wasi::Config config;
  config.preopen_dir("/", "/root").inherit_env().inherit_stdio();
  wasi::Context context(w.store, config);
  context.define(w.linker);
  CHECK(context.revoke("/root") && !context.revoke("/other"));
  auto load = [&](const char *text) { return w.linker.instantiate(wasmx::Module(w.store, text)); };
  CHECK(context.start(load("(module (func (export \"_start\")))")) == 0);
  auto trapped = context.try_start(load("(module (func (export \"_start\") (unreachable)))"));
  CHECK(!trapped && trapped.error().is_trap());
  auto missing = context.try_start(load("(module)"));
  CHECK(!missing && !missing.error().is_trap());
  CHECK(context.take_output().empty());

  wasi::Config bad;
  bad.preopen_dir("/no/such/folder", "/x").arguments({"a", "\xff"});
  auto refused = wasi::Context::try_make(w.store, bad);
  CHECK(!refused && contains(refused.error().what(), "/no/such/folder"));
}

int main() {
  streams();
  folders_and_ends();
  return failures() != 0;
}
