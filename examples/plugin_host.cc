/* A plugin host in C++: a plugin logs through a lambda, gets text of the host's in its memory, is
 * stopped when it takes too long, and what goes wrong in it or in the host comes as an exception.
 */
#include <wasmx.hh>

#include <iostream>

static const char plugin_text[] = R"((module $shout
  (import "host" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "shout") (param $at i32) (param $size i32) (result i32)
    (local $i i32)
    (block $end (loop $next
      (br_if $end (i32.ge_u (local.get $i) (local.get $size)))
      (i32.store8 (i32.add (local.get $at) (local.get $i))
        (i32.and (i32.load8_u (i32.add (local.get $at) (local.get $i))) (i32.const 0xdf)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (call $log (local.get $at) (local.get $size))
    (local.get $i))
  (func (export "hang") (loop $for_ever (br $for_ever)))
  (func (export "crash") (drop (i32.load (i32.const -1))))))";

/* A plugin with a store of its own. */
class Plugin {
public:
  Plugin(const wasmx::Engine &engine, std::string_view text) : store_(engine) {
    wasmx::Limits limits;
    limits.memory_bytes = 4 << 20;
    store_.set_limits(limits);
    wasmx::Linker linker(store_);
    linker.define("host", "log", [this](wasmx::Caller caller, uint32_t at, uint32_t size) {
      const std::string line = caller.memory().string(at, size); /* or the plugin traps */
      if (line == "QUIET") throw std::runtime_error("the host does not take this");
      lines_.push_back(line);
    });
    instance_ = linker.instantiate(wasmx::Module(store_, text));
    alloc_ = instance_->func<uint32_t(uint32_t)>("alloc");
    shout_ = instance_->func<int(uint32_t, uint32_t)>("shout");
  }

  int shout(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    const uint32_t at = (*alloc_)(size);
    instance_->memory().write_string(at, text);
    return (*shout_)(at, size);
  }
  void run(const char *name, std::chrono::milliseconds at_most) {
    instance_->func<void()>(name).within(at_most);
  }
  const std::vector<std::string> &lines() const { return lines_; }

private:
  wasmx::Store store_;
  std::vector<std::string> lines_;
  std::optional<wasmx::Instance> instance_;
  std::optional<wasmx::TypedFunc<uint32_t(uint32_t)>> alloc_;
  std::optional<wasmx::TypedFunc<int(uint32_t, uint32_t)>> shout_;
};

int main() {
  using std::chrono_literals::operator""ms;
  int caught = 0;
  try {
    const wasmx::Engine engine;
    Plugin plugin(engine, plugin_text);
    std::cout << plugin.shout("hello") << " letters: " << plugin.lines().back() << "\n";
    for (const char *name : {"hang", "crash"}) {
      try {
        plugin.run(name, 20ms);
      } catch (const wasmx::Trap &trap) {
        std::cout << trap.backtrace();
        caught++;
      }
    }
    try {
      plugin.shout("quiet"); /* through the plugin, out of the call */
    } catch (const std::runtime_error &error) {
      std::cout << error.what() << "\n";
      caught++;
    }
    plugin.shout("again");
    return caught == 3 && plugin.lines().size() == 2 ? 0 : 1;
  } catch (const wasmx::Error &error) {
    std::cerr << "plugin_host: " << error.what() << "\n";
    return 1;
  }
}
