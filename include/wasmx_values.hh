/* wasmx_values.hh: the part of wasmx.hh that needs no store: errors, results, what C++ types are to
 * wasm, and checked access to memories. Include wasmx.hh. C++17 and later. */
#ifndef WASMX_VALUES_HH
#define WASMX_VALUES_HH

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_span
#include <span>
#endif

#include "wasmx.h"

/* Without exceptions (-fno-exceptions) the functions that throw are not there, only their try_
 * forms. */
#ifdef __cpp_exceptions
#define WASMX_EXCEPTIONS 1
#else
#define WASMX_EXCEPTIONS 0
#endif

namespace wasmx {

namespace detail {
template <class C, void (*Delete)(C *)> struct Deleter {
  void operator()(C *c) const { Delete(c); }
};
/* What owns a C object. */
template <class C, void (*Delete)(C *)> using Own = std::unique_ptr<C, Deleter<C, Delete>>;

template <class> inline constexpr bool never = false;

/* Not by operator+, about whose inside gcc 12 warns (-Wrestrict). */
inline std::string join(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(part);
  return text;
}

/* The text of a C vector, which is deleted. */
inline std::string take(wasm_byte_vec_t *bytes) {
  const Own<wasm_byte_vec_t, wasm_byte_vec_delete> guard(bytes);
  return std::string(bytes->data ? bytes->data : "", bytes->size);
}
} // namespace detail

/* --------------------------------------------------------------------------------------- errors */

class Trap;

/* Why something failed: a wasmx_error_t, or a trap. Cheap to copy. Thrown as itself, or as a Trap
 * when it is one. */
class Error : public std::runtime_error {
public:
  explicit Error(const std::string &message, wasmx_errcode_t code = WASMX_ARGUMENT)
      : Error(make(message, code)) {}
  explicit Error(const wasmx_error_t &error)
      : std::runtime_error(error.message), details_(std::make_shared<wasmx_error_t>(error)) {}
  /* An import, export or host function of another type than was wanted (WASMX_LINK). */
  Error(const std::string &message, const std::string &expected, const std::string &found)
      : Error(make(message, WASMX_LINK, expected, found)) {}
  /* That of this thread's last failed call of the C functions. */
  static Error last() { return Error(*wasmx_last_error()); }
  /* Takes over a trap. */
  static Error adopt(wasm_trap_t *trap) { return Error(trap); }

  /* One of WASMX_OK ... WASMX_TRAPPED, and the whole struct: its message is also what(). */
  wasmx_errcode_t code() const { return details_->code; }
  const wasmx_error_t &details() const { return *details_; }

  bool is_trap() const { return trap_ != nullptr; }
  inline std::optional<Trap> trap() const;
  /* The trap, borrowed; null when it is none. */
  const wasm_trap_t *c_trap() const { return trap_.get(); }
  /* A trap (own) that says the same, for a callback to return. Never null. */
  wasm_trap_t *to_trap(wasm_store_t *store) const {
    if (trap_) return wasm_trap_copy(trap_.get());
    const std::string_view text = what();
    const wasm_message_t message = {text.size(), const_cast<char *>(text.data())};
    return wasm_trap_new(store, &message);
  }
#if WASMX_EXCEPTIONS
  [[noreturn]] inline void raise() const;
#endif

private:
  std::shared_ptr<const wasmx_error_t> details_;
  std::shared_ptr<const wasm_trap_t> trap_;

  struct DeleteTrap {
    void operator()(const wasm_trap_t *trap) const {
      wasm_trap_delete(const_cast<wasm_trap_t *>(trap));
    }
  };

  explicit Error(wasm_trap_t *trap) : Error(trap, message_of(trap)) {}
  Error(wasm_trap_t *trap, const std::string &message) : Error(make(message, WASMX_TRAPPED)) {
    trap_ = std::shared_ptr<const wasm_trap_t>(trap, DeleteTrap());
  }

  static std::string message_of(const wasm_trap_t *trap) {
    wasm_message_t c;
    wasm_trap_message(trap, &c);
    std::string text = detail::take(&c);
    if (!text.empty() && text.back() == '\0') text.pop_back();
    return text;
  }
  template <std::size_t N> static void put(char (&to)[N], const std::string &text) {
    to[text.copy(to, N - 1)] = '\0';
  }
  static wasmx_error_t make(const std::string &message, wasmx_errcode_t code,
                            const std::string &expected = {}, const std::string &found = {}) {
    wasmx_error_t error = {};
    error.size = sizeof error;
    error.code = code;
    put(error.message, message);
    put(error.expected, expected);
    put(error.found, found);
    return error;
  }
};

/* A function that was running when a trap was made. Names are escaped; empty when unknown. */
struct Frame {
  std::string module_name, func_name;
  std::uint32_t func_index;
  std::size_t func_offset, module_offset; /* bytes */
};

/* Why a call stopped. A host function that throws one, or any other Error, traps: wasm's caller
 * gets it with the frames in between. */
class Trap final : public Error {
public:
  explicit Trap(const std::string &message) : Error(adopt(host_trap(message))) {}
  /* Ends a program with a status, as WASI's proc_exit. */
  static Trap exit(int status) { return Trap(adopt(wasmx_trap_new_exit(nullptr, status))); }
  explicit Trap(const Error &trap) : Error(trap) {}

  /* One of WASMX_TRAP_UNREACHABLE and so on. */
  std::uint32_t trap_code() const { return wasmx_trap_code(c_trap()); }
  std::optional<int> exit_status() const {
    int status;
    if (!wasmx_trap_exit_status(c_trap(), &status)) return std::nullopt;
    return status;
  }
  /* Innermost first. */
  std::vector<Frame> frames() const {
    wasm_frame_vec_t c;
    wasm_trap_trace(c_trap(), &c);
    const detail::Own<wasm_frame_vec_t, wasm_frame_vec_delete> guard(&c);
    std::vector<Frame> frames;
    for (std::size_t i = 0; i < c.size; i++) frames.push_back(frame_of(c.data[i]));
    return frames;
  }
  /* The message and a backtrace, for people. */
  std::string backtrace() const {
    wasm_byte_vec_t c;
    wasmx_trap_print(c_trap(), &c);
    return detail::take(&c);
  }

private:
  static wasm_trap_t *host_trap(const std::string &message) {
    const wasm_message_t c = {message.size(), const_cast<char *>(message.data())};
    return wasm_trap_new(nullptr, &c);
  }
  static std::string text_of(const char *name) { return name ? name : ""; }
  static Frame frame_of(const wasm_frame_t *c) {
    return {text_of(wasmx_frame_module_name(c)), text_of(wasmx_frame_func_name(c)),
            wasm_frame_func_index(c), wasm_frame_func_offset(c), wasm_frame_module_offset(c)};
  }
};

inline std::optional<Trap> Error::trap() const {
  if (!is_trap()) return std::nullopt;
  return Trap(*this);
}

#if WASMX_EXCEPTIONS
inline void Error::raise() const {
  if (is_trap()) throw Trap(*this);
  throw *this;
}
#endif

namespace detail {
#if defined(__GNUC__)
#define WASMX_COLD [[gnu::cold, gnu::noinline]]
#else
#define WASMX_COLD
#endif
WASMX_COLD inline Error error_of(wasm_trap_t *trap) { return Error::adopt(trap); }
/* A Result of it, apart, so that compilers have the rest of a call in line. */
template <class R> R failure_of(wasm_trap_t *trap) { return error_of(trap); }
#if WASMX_EXCEPTIONS
WASMX_COLD [[noreturn]] inline void raise(wasm_trap_t *trap) { Error::adopt(trap).raise(); }
#endif
#undef WASMX_COLD
} // namespace detail

/* -------------------------------------------------------------------------------------- results */

/* A T, or the Error that there is none. The try_ functions give one; the others are the same with
 * value(), which throws. */
template <class T> class [[nodiscard]] Result {
public:
  Result(T value) : value_(std::move(value)) {}
  Result(const Error &error) : error_(std::make_unique<Error>(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  /* Only when there is one. */
  T &operator*() & { return *value_; }
  const T &operator*() const & { return *value_; }
  T &&operator*() && { return std::move(*value_); }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }
  /* Only when there is no value. */
  const Error &error() const { return *error_; }
  T value_or(T other) && { return error_ ? std::move(other) : std::move(*value_); }
#if WASMX_EXCEPTIONS
  T value() && {
    if (error_) error_->raise();
    return std::move(*value_);
  }
  const T &value() const & {
    if (error_) error_->raise();
    return *value_;
  }
#endif

private:
  std::optional<T> value_;
  std::unique_ptr<Error> error_;
};

template <> class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(const Error &error) : error_(std::make_unique<Error>(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  const Error &error() const { return *error_; }
#if WASMX_EXCEPTIONS
  void value() const {
    if (error_) error_->raise();
  }
#endif

private:
  std::unique_ptr<Error> error_;
};

namespace detail {
/* What a C function said by true or false. */
inline Result<void> done(bool ok) {
  if (!ok) return Error::last();
  return {};
}
} // namespace detail

/* ---------------------------------------------------------------------------------------- spans */

#ifdef __cpp_lib_span
template <class T> using Span = std::span<T>;
#else
/* What std::span is from C++20 on, as far as it is needed here: items that it does not own. */
template <class T> class Span {
public:
  Span() = default;
  Span(T *data, std::size_t size) : data_(data), size_(size) {}
  template <std::size_t N> Span(T (&items)[N]) : data_(items), size_(N) {}
  template <class C,
            class = std::enable_if_t<std::is_convertible_v<
                std::remove_pointer_t<decltype(std::declval<C &>().data())> (*)[], T (*)[]>>>
  Span(C &&items) : data_(items.data()), size_(items.size()) {}

  T *data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T *begin() const { return data_; }
  T *end() const { return data_ + size_; }
  T &operator[](std::size_t i) const { return data_[i]; }
  Span subspan(std::size_t offset, std::size_t count) const { return {data_ + offset, count}; }

private:
  T *data_ = nullptr;
  std::size_t size_ = 0;
};
#endif

/* ------------------------------------------------------------------------------------- memories */

/* Access to the bytes of a memory, for a class that has data() and size_bytes(). Offsets come from
 * guests: everything but bytes() is checked, with an Error for what is out of bounds. What other
 * threads write to a shared memory meanwhile may be seen or not. */
template <class Memory> class MemoryAccess {
public:
  /* All bytes. The address stays, the size is that of now. */
  Span<std::uint8_t> bytes() const { return {base(), size()}; }

  /* `count` items of T (plain data, little-endian as wasm is) where they lie: good as long as the
   * memory lives. `offset` must be a multiple of T's alignment. */
  template <class T> Result<Span<T>> try_view(std::uint64_t offset, std::uint64_t count) const {
    static_assert(std::is_trivially_copyable_v<T>, "only plain data lies in a guest's memory");
    if (!has(offset, count, sizeof(T))) return beyond(offset, count, sizeof(T));
    if (offset % alignof(T))
      return Error(detail::join({"offset ", std::to_string(offset), " is not aligned"}));
    return Span<T>(reinterpret_cast<T *>(base() + offset), static_cast<std::size_t>(count));
  }
  /* One item, copied; any offset. */
  template <class T> Result<T> try_read(std::uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>, "only plain data lies in a guest's memory");
    if (!has(offset, 1, sizeof(T))) return beyond(offset, 1, sizeof(T));
    T value;
    std::memcpy(&value, base() + offset, sizeof value);
    return value;
  }
  template <class T> Result<void> try_write(std::uint64_t offset, const T &value) const {
    static_assert(std::is_trivially_copyable_v<T>, "only plain data lies in a guest's memory");
    return try_write_bytes(offset, &value, sizeof value);
  }
  Result<void> try_write_bytes(std::uint64_t offset, const void *from, std::size_t count) const {
    if (!has(offset, count, 1)) return beyond(offset, count, 1);
    if (count) std::memcpy(base() + offset, from, count);
    return {};
  }
  Result<void> try_write_string(std::uint64_t offset, std::string_view text) const {
    return try_write_bytes(offset, text.data(), text.size());
  }
  /* A copy of `count` bytes of text, and of those before the first zero. */
  Result<std::string> try_string(std::uint64_t offset, std::uint64_t count) const {
    if (!has(offset, count, 1)) return beyond(offset, count, 1);
    return std::string(reinterpret_cast<const char *>(base()) + offset,
                       static_cast<std::size_t>(count));
  }
  Result<std::string> try_c_string(std::uint64_t offset) const {
    if (!has(offset, 1, 1)) return beyond(offset, 1, 1);
    const void *zero = std::memchr(base() + offset, 0, size() - static_cast<std::size_t>(offset));
    if (!zero) return Error("the string has no end");
    return try_string(offset, static_cast<std::uint64_t>(static_cast<const std::uint8_t *>(zero) -
                                                         (base() + offset)));
  }

#if WASMX_EXCEPTIONS
  template <class T> Span<T> view(std::uint64_t offset, std::uint64_t count) const {
    return try_view<T>(offset, count).value();
  }
  template <class T> T read(std::uint64_t offset) const { return try_read<T>(offset).value(); }
  template <class T> void write(std::uint64_t offset, const T &value) const {
    try_write(offset, value).value();
  }
  void write_bytes(std::uint64_t offset, const void *from, std::size_t count) const {
    try_write_bytes(offset, from, count).value();
  }
  void write_string(std::uint64_t offset, std::string_view text) const {
    try_write_string(offset, text).value();
  }
  std::string string(std::uint64_t offset, std::uint64_t count) const {
    return try_string(offset, count).value();
  }
  std::string c_string(std::uint64_t offset) const { return try_c_string(offset).value(); }
#endif

private:
  const Memory &self() const { return static_cast<const Memory &>(*this); }
  std::uint8_t *base() const { return self().data(); }
  std::size_t size() const { return self().size_bytes(); }
  bool has(std::uint64_t offset, std::uint64_t count, std::size_t item) const {
    return offset <= size() && count <= (size() - offset) / item;
  }
  Error beyond(std::uint64_t offset, std::uint64_t count, std::size_t item) const {
    return Error(detail::join({std::to_string(count), " items of ", std::to_string(item),
                               " bytes at offset ", std::to_string(offset),
                               " are beyond the memory's ", std::to_string(size()), " bytes"}));
  }
};

/* Bytes that somebody else keeps: a caller's memory during the call. */
class MemoryView : public MemoryAccess<MemoryView> {
public:
  MemoryView(void *data, std::size_t size)
      : data_(static_cast<std::uint8_t *>(data)), size_(size) {}
  std::uint8_t *data() const { return data_; }
  std::size_t size_bytes() const { return size_; }

private:
  std::uint8_t *data_;
  std::size_t size_;
};

/* --------------------------------------------------------------------------------- typed values */

namespace detail {

/* What a C++ type is to wasm: its kind, and the way to and from a slot. References have their
 * specialisations beside their classes (wasmx.hh). */
template <class T, class = void> struct Value {
  static_assert(never<T>, "wasm's values are integers of 32 and 64 bits, float, double, Ref, Func");
};
template <class T>
inline constexpr bool is_wasm_integer = std::is_integral_v<T> && (sizeof(T) == 4 || sizeof(T) == 8);

template <class T> struct Value<T, std::enable_if_t<is_wasm_integer<T>>> {
  static constexpr wasm_valkind_t kind = sizeof(T) == 4 ? WASM_I32 : WASM_I64;
  static wasmx_slot_t to_slot(T value) {
    return wasmx_slot_u64(static_cast<std::make_unsigned_t<T>>(value));
  }
  static T from_slot(wasmx_slot_t slot, wasm_store_t *) {
    if constexpr (sizeof(T) == 4)
      return static_cast<T>(slot.u32);
    else
      return static_cast<T>(slot.u64);
  }
};
template <> struct Value<float> {
  static constexpr wasm_valkind_t kind = WASM_F32;
  static wasmx_slot_t to_slot(float value) { return wasmx_slot_f32(value); }
  static float from_slot(wasmx_slot_t slot, wasm_store_t *) { return slot.f32; }
};
template <> struct Value<double> {
  static constexpr wasm_valkind_t kind = WASM_F64;
  static wasmx_slot_t to_slot(double value) { return wasmx_slot_f64(value); }
  static double from_slot(wasmx_slot_t slot, wasm_store_t *) { return slot.f64; }
};

/* By value, or for handles by reference. */
template <class T> using Param = std::conditional_t<std::is_arithmetic_v<T>, T, const T &>;

/* What a C++ result is to wasm: nothing, one value, or those of a tuple or pair. */
template <class R> struct Results {
  using Tuple = std::tuple<R>;
  static R decode(const wasmx_slot_t *slots, wasm_store_t *store) {
    return Value<R>::from_slot(slots[0], store);
  }
  static void encode(const R &value, wasmx_slot_t *slots) { slots[0] = Value<R>::to_slot(value); }
};
template <> struct Results<void> {
  using Tuple = std::tuple<>;
  static void decode(const wasmx_slot_t *, wasm_store_t *) {}
};
template <class R, class... Ts> struct TupleResults {
  using Tuple = std::tuple<Ts...>;
  static R decode(const wasmx_slot_t *slots, wasm_store_t *store) {
    return decode_at(slots, store, std::index_sequence_for<Ts...>());
  }
  static void encode(const R &values, wasmx_slot_t *slots) {
    std::apply([&](const auto &...each) { ((*slots++ = Value<Ts>::to_slot(each)), ...); }, values);
  }

private:
  template <std::size_t... I>
  static R decode_at([[maybe_unused]] const wasmx_slot_t *slots,
                     [[maybe_unused]] wasm_store_t *store, std::index_sequence<I...>) {
    return R{Value<Ts>::from_slot(slots[I], store)...};
  }
};
template <class... Ts>
struct Results<std::tuple<Ts...>> : TupleResults<std::tuple<Ts...>, Ts...> {};
template <class A, class B>
struct Results<std::pair<A, B>> : TupleResults<std::pair<A, B>, A, B> {};

/* The kinds of a tuple's types. */
template <class Tuple> struct Kinds;
template <class... Ts> struct Kinds<std::tuple<Ts...>> {
  static constexpr std::size_t count = sizeof...(Ts);
  static constexpr std::array<wasm_valkind_t, count> kinds = {{Value<Ts>::kind...}};

  static wasm_valtype_vec_t make() {
    wasm_valtype_vec_t types;
    wasm_valtype_vec_new_uninitialized(&types, count);
    for (std::size_t i = 0; i < types.size; i++) types.data[i] = wasm_valtype_new(kinds[i]);
    return types;
  }
  static bool are(const wasm_valtype_vec_t *types) {
    if (types->size != count) return false;
    for (std::size_t i = 0; i < count; i++)
      if (wasm_valtype_kind(types->data[i]) != kinds[i]) return false;
    return true;
  }
};

using OwnFuncType = Own<wasm_functype_t, wasm_functype_delete>;

/* A function type written in C++, such as int(int, double). */
template <class> struct Signature;
template <class R, class... Args> struct Signature<R(Args...)> {
  using Params = Kinds<std::tuple<std::decay_t<Args>...>>;
  using Returned = Kinds<typename Results<R>::Tuple>;
  /* Room for arguments or results, at least one. */
  static constexpr std::size_t slot_count = Params::count > Returned::count ? Params::count
                                            : Returned::count               ? Returned::count
                                                                            : 1;

  static OwnFuncType make() {
    wasm_valtype_vec_t params = Params::make(), results = Returned::make();
    return OwnFuncType(wasm_functype_new(&params, &results));
  }
  static bool is(const wasm_functype_t *type) {
    return type && Params::are(wasm_functype_params(type)) &&
           Returned::are(wasm_functype_results(type));
  }
};

inline const char *kind_name(wasm_valkind_t kind) {
  switch (kind) {
  case WASM_I32: return "i32";
  case WASM_I64: return "i64";
  case WASM_F32: return "f32";
  case WASM_F64: return "f64";
  case WASMX_V128: return "v128";
  case WASM_FUNCREF: return "funcref";
  case WASMX_EXNREF: return "exnref";
  default: return "externref";
  }
}
inline std::string types_text(const char *word, const wasm_valtype_vec_t *types) {
  if (!types->size) return "";
  std::string text = join({" (", word});
  for (std::size_t i = 0; i < types->size; i++)
    text.append(" ").append(kind_name(wasm_valtype_kind(types->data[i])));
  return text.append(")");
}
/* As the text format writes it: "(func (param i32) (result i32))". */
inline std::string type_text(const wasm_functype_t *type) {
  if (!type) return "nothing";
  return join({"(func", types_text("param", wasm_functype_params(type)),
               types_text("result", wasm_functype_results(type)), ")"});
}
inline const char *kind_name_of_extern(wasm_externkind_t kind) {
  static constexpr const char *names[] = {"func", "global", "table", "memory", "tag"};
  return kind < std::size(names) ? names[kind] : "nothing";
}

} // namespace detail
} // namespace wasmx

#endif
