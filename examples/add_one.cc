/* Calls an export of a module by its C++ type: 41 -> 42. */
#include <wasmx.hh>

#include <cstdio>

int main() {
  try {
    const wasmx::Engine engine;
    const wasmx::Store store(engine);
    const wasmx::Module module(store, "(module (func (export \"add_one\") (param i32) (result i32)"
                                      "  (i32.add (local.get 0) (i32.const 1))))");
    const wasmx::Instance instance(store, module);
    auto add_one = instance.func<int(int)>("add_one");
    std::printf("%d\n", add_one(41));
    return add_one(41) == 42 ? 0 : 1;
  } catch (const wasmx::Error &error) {
    std::fprintf(stderr, "add_one: %s\n", error.what());
    return 1;
  }
}
