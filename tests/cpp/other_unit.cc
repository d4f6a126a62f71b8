#include "cpp/other_unit.hh"

#include <wasm.hh>
#include <wasmx.hh>

int other_unit(int x) {
  const wasmx::Engine engine;
  const wasmx::Store store(engine);
  wasmx::Linker linker(store);
  linker.define("env", "twice", [](int y) { return 2 * y; });
  const wasmx::Module module(
      store, "(module (import \"env\" \"twice\" (func $twice (param i32) (result i32)))"
             " (func (export \"f\") (param i32) (result i32)"
             "   (i32.add (call $twice (local.get 0)) (i32.const 2))))");
  const auto same = wasm::make_own(wasm::from_c<wasm::Module>(wasm_module_copy(module.c())));
  const bool imports_one = same && same->imports().size() == 1;
  return imports_one ? linker.instantiate(module).func<int(int)>("f")(x) : 0;
}
