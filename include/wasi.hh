/* wasi.hh: libwasi for C++ programs, header-only over wasi.h and beside wasmx.hh, whose words on
 * errors, ownership and exceptions hold here. C++17 and later.
 *
 *   wasmx::wasi::Config config;
 *   config.arguments({"sort", "-r"}).input("b\na\n").preopen_dir("data", "/data");
 *   config.on_output([&](std::string_view text) { shown += text; });
 *   wasmx::wasi::Context wasi(store, config);
 *   wasi.define(linker);
 *   int status = wasi.start(linker.instantiate(module)); */
#ifndef WASI_HH
#define WASI_HH

#include "wasi.h"
#include "wasmx.hh"

namespace wasmx::wasi {

namespace detail {
/* A callable that takes output as text, kept by a config and then by its context. */
template <class F> struct Output {
  F function;

  static std::ptrdiff_t write(void *data, const unsigned char *bytes, std::size_t size) {
    static_cast<Output *>(data)->function(
        std::string_view(reinterpret_cast<const char *>(bytes), size));
    return static_cast<std::ptrdiff_t>(size);
  }
  static void leave(void *data) { delete static_cast<Output *>(data); }
};
} // namespace detail

/* What a program is given, one after another; nothing at first. The first that cannot be given is
 * remembered, and is what making the context fails by. */
class Config {
public:
  Config() : c_(wasi_config_new()) {}

  /* The program's name first. */
  Config &arguments(const std::vector<std::string> &arguments) {
    std::vector<const char *> list;
    for (const std::string &each : arguments) list.push_back(each.c_str());
    return check(wasi_config_set_argv(c(), list.size(), list.data()), "arguments");
  }
  Config &variable(const std::string &name, const std::string &value) {
    return check(wasi_config_add_env(c(), name.c_str(), value.c_str()), name);
  }
  Config &inherit_env() { return wasi_config_inherit_env(c()), *this; }
  Config &inherit_stdio() { return wasi_config_inherit_stdio(c()), *this; }

  /* Standard input from a copy of these bytes. */
  Config &input(std::string_view bytes) {
    wasm_byte_vec_t copy;
    wasm_byte_vec_new(&copy, bytes.size(), bytes.data());
    return wasi_config_set_stdin_bytes(c(), &copy), *this;
  }
  /* Standard output, or error, to a callable that takes a std::string_view. */
  template <class F> Config &on_output(F &&function) {
    return output(wasi_config_set_stdout_custom, std::forward<F>(function));
  }
  template <class F> Config &on_error(F &&function) {
    return output(wasi_config_set_stderr_custom, std::forward<F>(function));
  }
  /* Or kept for Context::take_output, at most so many bytes. */
  Config &capture_output(std::size_t limit) {
    return wasi_config_capture_stdout(c(), limit), *this;
  }
  Config &capture_error(std::size_t limit) { return wasi_config_capture_stderr(c(), limit), *this; }
  /* A folder, with all that is below it: read-only, unless `is_mutable`. */
  Config &preopen_dir(const std::string &host_path, const std::string &guest_path,
                      bool is_mutable = false) {
    return check(wasi_config_preopen_dir(c(), host_path.c_str(), guest_path.c_str(), is_mutable),
                 host_path);
  }
  /* The same bytes in each run: clocks, random numbers, directories. */
  Config &deterministic(std::uint64_t seed) {
    return wasi_config_set_deterministic(c(), seed), *this;
  }

  /* For what is not above. */
  wasi_config_t *c() const { return c_.get(); }
  wasi_config_t *release() { return c_.release(); }
  const std::optional<Error> &error() const { return error_; }

private:
  wasmx::detail::Own<wasi_config_t, wasi_config_delete> c_;
  std::optional<Error> error_;

  Config &check(bool ok, const std::string &what) {
    if (!ok && !error_)
      error_ = Error(wasmx::detail::join({"cannot be given to a program: ", what}), WASMX_IO);
    return *this;
  }
  template <class Set, class F> Config &output(Set set, F &&function) {
    using Taken = detail::Output<std::decay_t<F>>;
    if (c_) set(c(), Taken::write, new Taken{std::forward<F>(function)}, Taken::leave);
    return *this;
  }
};

/* What one program sees of the world. */
class Context {
public:
  /* Takes the config over: it is empty afterwards. */
  static Result<Context> try_make(const Store &store, Config &config) {
    if (config.error()) return *config.error();
    wasmx_error_t error = wasmx::detail::no_error();
    wasi_ctx_t *c = wasi_ctx_new(store.c(), config.release(), &error);
    if (!c) return Error(error);
    return Context(c);
  }

  /* Defines WASI's functions: all of them, or those that a module imports. */
  Result<void> try_define(Linker &linker) {
    return done(wasi_ctx_define(c(), linker.c()), "WASI cannot be defined");
  }
  Result<void> try_define_for(Linker &linker, const Module &module) {
    return done(wasi_ctx_define_for(c(), linker.c(), module.c()), "WASI cannot be defined");
  }
  /* Runs a command, or initializes a reactor: the status it exits with. */
  Result<int> try_start(const Instance &instance) {
    wasm_trap_t *c_trap = nullptr;
    wasmx_error_t error = wasmx::detail::no_error();
    if (!wasi_start(instance.c(), &c_trap, &error)) return Error(error);
    if (!c_trap) return 0;
    const Trap trap(Error::adopt(c_trap));
    const std::optional<int> status = trap.exit_status();
    if (!status) return trap;
    return *status;
  }
  /* What was captured since the last time. */
  std::string take_output() { return taken(wasi_ctx_take_stdout); }
  std::string take_error() { return taken(wasi_ctx_take_stderr); }
  /* Takes a directory (by its guest name), "stdin", ... away, for good. From any thread. */
  bool revoke(const std::string &name) { return wasi_ctx_revoke(c(), name.c_str()); }

#if WASMX_EXCEPTIONS
  Context(const Store &store, Config &config) : Context(try_make(store, config).value()) {}
  Context(const Store &store, Config &&config) : Context(store, config) {}
  void define(Linker &linker) { try_define(linker).value(); }
  void define_for(Linker &linker, const Module &module) { try_define_for(linker, module).value(); }
  int start(const Instance &instance) { return try_start(instance).value(); }
#endif
  wasi_ctx_t *c() const { return c_.get(); }

private:
  wasmx::detail::Own<wasi_ctx_t, wasi_ctx_delete> c_;
  explicit Context(wasi_ctx_t *c) : c_(c) {}

  static Result<void> done(bool ok, const char *what) {
    if (!ok) return Error(what, WASMX_OUT_OF_MEMORY);
    return {};
  }
  std::string taken(void (*take)(wasi_ctx_t *, wasm_byte_vec_t *)) {
    wasm_byte_vec_t bytes = WASM_EMPTY_VEC;
    take(c(), &bytes);
    return wasmx::detail::take(&bytes);
  }
};

} // namespace wasmx::wasi

#endif
