/* wasmx_engine.hh: the part of wasmx.hh that wasm runs in: configuration, engine, store, modules.
 * Include wasmx.hh. C++17 and later. */
#ifndef WASMX_ENGINE_HH
#define WASMX_ENGINE_HH

#include <chrono>

#include "wasmx_values.hh"

namespace wasmx {

/* ------------------------------------------------------------------------ configuration, engine */

/* Settings for an engine: those of wasmx_config_set_..., one after another. The first that cannot
 * be is remembered, and is what making the engine fails by. */
class Config {
public:
  Config() : c_(wasm_config_new()) {}

  Config &tier(wasmx_tier_t tier) { return check(wasmx_config_set_tier(c(), tier)); }
  Config &fuel(bool on) { return check(wasmx_config_set_fuel(c(), on)); }
  Config &stack_size(std::size_t bytes) { return check(wasmx_config_set_stack_size(c(), bytes)); }
  Config &native_stack_size(std::size_t bytes) {
    return check(wasmx_config_set_native_stack_size(c(), bytes));
  }
  Config &feature(const char *name, bool on) {
    return check(wasmx_config_set_feature(c(), name, on));
  }
  Config &compile_threads(std::uint32_t count) {
    return check(wasmx_config_set_compile_threads(c(), count));
  }
  Config &signals(bool on) { return check(wasmx_config_set_signals(c(), on)); }
  Config &canonical_nan(bool on) { return check(wasmx_config_set_canonical_nan(c(), on)); }
  Config &cache(const char *folder = nullptr) { return check(wasmx_config_set_cache(c(), folder)); }
  Config &profile(std::uint32_t tools) { return check(wasmx_config_set_profile(c(), tools)); }

  /* For what is not above. */
  wasm_config_t *c() const { return c_.get(); }
  wasm_config_t *release() { return c_.release(); }
  const std::optional<Error> &error() const { return error_; }

private:
  detail::Own<wasm_config_t, wasm_config_delete> c_;
  std::optional<Error> error_;

  Config &check(bool ok) {
    if (!ok && !error_) error_ = Error::last();
    return *this;
  }
};

class Engine {
public:
  static Result<Engine> try_make() { return adopt(wasm_engine_new()); }
  /* Takes the settings over: they are empty afterwards. */
  static Result<Engine> try_make(Config &config) {
    if (config.error()) return *config.error();
    return adopt(wasm_engine_new_with_config(config.release()));
  }
#if WASMX_EXCEPTIONS
  Engine() : Engine(try_make().value()) {}
  explicit Engine(Config &config) : Engine(try_make(config).value()) {}
  explicit Engine(Config &&config) : Engine(config) {}
#endif
  static Result<Engine> adopt(wasm_engine_t *c) {
    if (!c) return Error::last();
    return Engine(Owner(c));
  }

  wasmx_engine_stats_t stats() const {
    wasmx_engine_stats_t stats = {};
    stats.size = sizeof stats;
    wasmx_engine_stats(c(), &stats);
    return stats;
  }
  wasm_engine_t *c() const { return c_.get(); }

private:
  using Owner = detail::Own<wasm_engine_t, wasm_engine_delete>;
  Owner c_;
  explicit Engine(Owner c) : c_(std::move(c)) {}
};

/* ---------------------------------------------------------------------------------------- store */

/* What the objects of a store may take together (wasmx_limits_t). */
struct Limits {
  std::uint64_t memory_bytes = UINT64_MAX;
  std::uint64_t table_elements = UINT64_MAX;
  std::uint64_t instances = UINT64_MAX;
  std::uint64_t total_bytes = UINT64_MAX; /* of memories, tables and heaps */
  std::uint64_t heap_bytes = UINT64_MAX;  /* of structs and arrays */
};

/* The means to stop a store from any thread, also when it may be gone by then. */
class Interrupt {
public:
  /* From signal handlers, too. */
  void raise() const { wasmx_interrupt_raise(c_.get()); }
  static Interrupt adopt(wasmx_interrupt_t *c) { return Interrupt(c); }

private:
  detail::Own<wasmx_interrupt_t, wasmx_interrupt_delete> c_;
  explicit Interrupt(wasmx_interrupt_t *c) : c_(c) {}
};

namespace detail {
/* A duration in the C functions' nanoseconds, where 0 has another meaning: at least 1. */
template <class Rep, class Period>
std::uint64_t nanoseconds_of(std::chrono::duration<Rep, Period> time) {
  using Wide = std::chrono::duration<double, std::nano>;
  if (std::chrono::duration_cast<Wide>(time) >= Wide(9e18)) return UINT64_MAX;
  const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 1;
}
} // namespace detail

class Store {
public:
  static Result<Store> try_make(const Engine &engine) { return adopt(wasm_store_new(engine.c())); }
#if WASMX_EXCEPTIONS
  explicit Store(const Engine &engine) : Store(try_make(engine).value()) {}
#endif
  static Result<Store> adopt(wasm_store_t *c) {
    if (!c) return Error::last();
    return Store(Owner(c));
  }

  Result<void> try_set_limits(const Limits &limits) {
    const wasmx_limits_t c_limits = {sizeof c_limits,  limits.memory_bytes, limits.table_elements,
                                     limits.instances, limits.total_bytes,  limits.heap_bytes};
    return detail::done(wasmx_store_set_limits(c(), &c_limits));
  }
  /* What it holds now. */
  Limits usage() const {
    wasmx_limits_t used = {};
    used.size = sizeof used;
    wasmx_store_get_usage(c(), &used);
    return {used.memory_bytes, used.table_elements, used.instances, used.total_bytes,
            used.heap_bytes};
  }
  /* Frees what nothing reaches any more, now. */
  void collect() { wasmx_store_collect(c()); }

  /* An interrupt so long from now, in any unit of std::chrono, instead of the one set before. */
  template <class Rep, class Period>
  Result<void> try_set_deadline(std::chrono::duration<Rep, Period> time) {
    return detail::done(wasmx_store_set_deadline(c(), detail::nanoseconds_of(time)));
  }
  void clear_deadline() { wasmx_store_set_deadline(c(), 0); }
  /* For engines that count it (Config::fuel). */
  Result<void> try_set_fuel(std::uint64_t fuel) {
    return detail::done(wasmx_store_set_fuel(c(), fuel));
  }
  std::uint64_t fuel() const { return wasmx_store_fuel(c()); }
  /* Stops what runs until it is cleared: from any thread, while the store is there. */
  void interrupt() { wasmx_store_interrupt(c()); }
  void clear_interrupt() { wasmx_store_clear_interrupt(c()); }
  bool interrupted() const { return wasmx_store_interrupted(c()); }
  Result<Interrupt> try_interrupt_handle() {
    wasmx_interrupt_t *handle = wasmx_store_interrupt_handle(c());
    if (!handle) return Error::last();
    return Interrupt::adopt(handle);
  }
  /* A store for another thread of the same program, under the same limits. */
  Result<Store> try_beside() const { return adopt(wasmx_store_new_beside(c())); }

#if WASMX_EXCEPTIONS
  void set_limits(const Limits &limits) { try_set_limits(limits).value(); }
  template <class Rep, class Period> void set_deadline(std::chrono::duration<Rep, Period> time) {
    try_set_deadline(time).value();
  }
  void set_fuel(std::uint64_t fuel) { try_set_fuel(fuel).value(); }
  Interrupt interrupt_handle() { return try_interrupt_handle().value(); }
  Store beside() const { return try_beside().value(); }
#endif
  wasm_store_t *c() const { return c_.get(); }

private:
  using Owner = detail::Own<wasm_store_t, wasm_store_delete>;
  Owner c_;
  explicit Store(Owner c) : c_(std::move(c)) {}
};

/* -------------------------------------------------------------------------------------- modules */

/* What a module imports (two names) or exports (`module` is empty). */
struct ExternInfo {
  std::string module, name;
  wasm_externkind_t kind;
  std::string type; /* of functions: "(func (param i32))"; of others their kind */
};

namespace detail {
inline std::string text_of(const wasm_name_t *name) { return std::string(name->data, name->size); }
inline std::string type_text(const wasm_externtype_t *type) {
  const wasm_functype_t *func = wasm_externtype_as_functype_const(type);
  return func ? type_text(func) : kind_name_of_extern(wasm_externtype_kind(type));
}
inline wasm_byte_vec_t borrow(const void *data, std::size_t size) {
  return {size, const_cast<char *>(static_cast<const char *>(data))};
}
inline std::vector<std::uint8_t> bytes_of(wasm_byte_vec_t *c) {
  const Own<wasm_byte_vec_t, wasm_byte_vec_delete> guard(c);
  return std::vector<std::uint8_t>(c->data, c->data + c->size);
}
inline wasmx_error_t no_error() {
  wasmx_error_t error = {};
  error.size = sizeof error;
  return error;
}
} // namespace detail

/* Decoded and validated code, for all stores of its engine; any thread. */
class Module {
public:
  /* From .wasm or, when `flags` has WASMX_ALLOW_TEXT, .wat. */
  static Result<Module> try_make(const Store &store, Span<const std::uint8_t> bytes,
                                 std::uint32_t flags = WASMX_ALLOW_TEXT) {
    return load(store, bytes.data(), bytes.size(), flags);
  }
  static Result<Module> try_make(const Store &store, std::string_view text,
                                 std::uint32_t flags = WASMX_ALLOW_TEXT) {
    return load(store, text.data(), text.size(), flags);
  }
  static Result<Module> try_file(const Store &store, const std::string &path,
                                 std::uint32_t flags = WASMX_ALLOW_TEXT) {
    wasmx_error_t error = detail::no_error();
    return made(wasmx_module_new_file(store.c(), path.c_str(), flags, &error), error);
  }
  /* What serialize gave: machine code, never from somebody else. */
  static Result<Module> try_deserialize(const Store &store, Span<const std::uint8_t> bytes) {
    const wasm_byte_vec_t c = detail::borrow(bytes.data(), bytes.size());
    return adopt(wasm_module_deserialize(store.c(), &c));
  }
  static Result<Module> adopt(wasm_module_t *c) {
    if (!c) return Error::last();
    return Module(Owner(c));
  }

  std::string name() const { return wasmx_module_name(c()); }
  std::vector<ExternInfo> imports() const {
    wasm_importtype_vec_t c_types;
    wasm_module_imports(c(), &c_types);
    const detail::Own<wasm_importtype_vec_t, wasm_importtype_vec_delete> guard(&c_types);
    std::vector<ExternInfo> list;
    for (std::size_t i = 0; i < c_types.size; i++) {
      const wasm_importtype_t *import = c_types.data[i];
      list.push_back(info(detail::text_of(wasm_importtype_module(import)),
                          wasm_importtype_name(import), wasm_importtype_type(import)));
    }
    return list;
  }
  std::vector<ExternInfo> exports() const {
    wasm_exporttype_vec_t c_types;
    wasm_module_exports(c(), &c_types);
    const detail::Own<wasm_exporttype_vec_t, wasm_exporttype_vec_delete> guard(&c_types);
    std::vector<ExternInfo> list;
    for (std::size_t i = 0; i < c_types.size; i++)
      list.push_back(
          info("", wasm_exporttype_name(c_types.data[i]), wasm_exporttype_type(c_types.data[i])));
    return list;
  }
  Result<std::vector<std::uint8_t>> try_serialize() const {
    wasm_byte_vec_t bytes;
    wasm_module_serialize(c(), &bytes);
    if (!bytes.size) return Error::last();
    return detail::bytes_of(&bytes);
  }
  Result<Module> try_copy() const { return adopt(wasm_module_copy(c())); }

#if WASMX_EXCEPTIONS
  Module(const Store &store, Span<const std::uint8_t> bytes, std::uint32_t flags = WASMX_ALLOW_TEXT)
      : Module(try_make(store, bytes, flags).value()) {}
  Module(const Store &store, std::string_view text, std::uint32_t flags = WASMX_ALLOW_TEXT)
      : Module(try_make(store, text, flags).value()) {}
  static Module file(const Store &store, const std::string &path,
                     std::uint32_t flags = WASMX_ALLOW_TEXT) {
    return try_file(store, path, flags).value();
  }
  static Module deserialize(const Store &store, Span<const std::uint8_t> bytes) {
    return try_deserialize(store, bytes).value();
  }
  std::vector<std::uint8_t> serialize() const { return try_serialize().value(); }
  Module copy() const { return try_copy().value(); }
#endif
  wasm_module_t *c() const { return c_.get(); }

private:
  using Owner = detail::Own<wasm_module_t, wasm_module_delete>;
  Owner c_;
  explicit Module(Owner c) : c_(std::move(c)) {}

  static Result<Module> made(wasm_module_t *c, const wasmx_error_t &error) {
    if (!c) return Error(error);
    return Module(Owner(c));
  }
  static Result<Module> load(const Store &store, const void *data, std::size_t size,
                             std::uint32_t flags) {
    const wasm_byte_vec_t bytes = detail::borrow(data, size);
    wasmx_error_t error = detail::no_error();
    return made(wasmx_module_new(store.c(), &bytes, flags, &error), error);
  }
  static ExternInfo info(std::string module, const wasm_name_t *name,
                         const wasm_externtype_t *type) {
    return {std::move(module), detail::text_of(name), wasm_externtype_kind(type),
            detail::type_text(type)};
  }
};

/* Text to binary, and back (`flags` of WASMX_PRINT_...). */
inline Result<std::vector<std::uint8_t>> try_wat2wasm(std::string_view text) {
  wasmx_error_t error = detail::no_error();
  wasm_byte_vec_t bytes;
  if (!wasmx_wat2wasm(text.data(), text.size(), &bytes, &error)) return Error(error);
  return detail::bytes_of(&bytes);
}
inline Result<std::string> try_wasm2wat(Span<const std::uint8_t> bytes, std::uint32_t flags = 0) {
  wasmx_error_t error = detail::no_error();
  const wasm_byte_vec_t binary = detail::borrow(bytes.data(), bytes.size());
  wasm_byte_vec_t text;
  if (!wasmx_wasm2wat(&binary, flags, &text, &error)) return Error(error);
  return detail::take(&text);
}
#if WASMX_EXCEPTIONS
inline std::vector<std::uint8_t> wat2wasm(std::string_view text) {
  return try_wat2wasm(text).value();
}
inline std::string wasm2wat(Span<const std::uint8_t> bytes, std::uint32_t flags = 0) {
  return try_wasm2wat(bytes, flags).value();
}
#endif

} // namespace wasmx

#endif
