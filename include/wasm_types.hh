/* wasm_types.hh: the part of wasm.hh that describes: ownership and arrays, what C++ pointers are to
 * C handles, configuration, engine and store, types. Include wasm.hh. C++11 and later. */
#ifndef WASM_TYPES_HH
#define WASM_TYPES_HH

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "wasm.h"

namespace wasm {

/* ------------------------------------------------------------------------- ownership and arrays */

/* Gives back what an own<T> holds. */
class destroyer {
public:
  template <class T> void operator()(T *object) { object->destroy(); }
};

template <class T> using own = std::unique_ptr<T, destroyer>;

template <class T> own<T> make_own(T *object) { return own<T>(object); }

namespace detail {
/* A copy of its own of an item that vec holds. */
template <class T> auto deep_copy(const own<T> &item) -> own<T> {
  return item ? item->copy() : own<T>();
}
template <class T> auto deep_copy(const T &item) -> decltype(item.copy()) { return item.copy(); }
} // namespace detail

/* `size` items, made with new[]. One that was moved from, reset or not to be had for want of memory
 * is invalid: false, and its size must not be used. */
template <class T> class vec {
  static constexpr size_t invalid_size() { return SIZE_MAX; }

  size_t size_;
  std::unique_ptr<T[]> data_;

  explicit vec(size_t count) : vec(count, count ? new(std::nothrow) T[count] : nullptr) {
    if (count && !data_) size_ = invalid_size();
  }
  vec(size_t count, T *items) : size_(count), data_(items) {}

public:
  using elem_type = T;

  vec(vec &&that) noexcept : vec(that.size_, that.data_.release()) { that.size_ = invalid_size(); }
  ~vec() = default;
  auto operator=(vec &&that) noexcept -> vec & {
    if (this != &that) reset(that);
    return *this;
  }

  operator bool() const { return size_ != invalid_size(); }
  auto size() const -> size_t { return size_; }
  auto get() const -> const T * { return data_.get(); }
  auto get() -> T * { return data_.get(); }
  auto operator[](size_t i) -> T & {
    assert(i < size_);
    return data_[i];
  }
  auto operator[](size_t i) const -> const T & {
    assert(i < size_);
    return data_[i];
  }

  /* The items, for the caller to delete[]. */
  auto release() -> T * {
    size_ = invalid_size();
    return data_.release();
  }
  void reset() {
    size_ = invalid_size();
    data_.reset();
  }
  /* Takes what the other has. */
  void reset(vec &that) {
    size_ = that.size_;
    data_ = std::move(that.data_);
    that.size_ = invalid_size();
  }

  /* Of items that are copied by assignment, or by their copy(). */
  auto copy() const -> vec {
    vec v = *this ? vec(size_) : invalid();
    for (size_t i = 0; v && i < size_; ++i) v.data_[i] = data_[i];
    return v;
  }
  auto deep_copy() const -> vec {
    vec v = *this ? vec(size_) : invalid();
    for (size_t i = 0; v && i < size_; ++i) v.data_[i] = detail::deep_copy(data_[i]);
    return v;
  }

  static auto make_uninitialized(size_t size = 0) -> vec { return vec(size); }
  /* Moves the items out of an array, or out of the arguments. */
  static auto make(size_t size, T init[]) -> vec {
    vec v(size);
    for (size_t i = 0; v && i < size; ++i) v.data_[i] = std::move(init[i]);
    return v;
  }
  template <class... Ts> static auto make(Ts &&...args) -> vec {
    T data[] = {std::forward<Ts>(args)...};
    return make(sizeof...(Ts), data);
  }
  static auto make() -> vec { return vec(0); }
  /* The characters of a string, without and with a terminating zero: for vec<byte_t>. */
  static auto make(std::string s) -> vec<char> { return of_chars(s, s.length()); }
  static auto make_nt(std::string s) -> vec<char> { return of_chars(s, s.length() + 1); }
  /* Takes an array that was made with new[]. */
  static auto adopt(size_t size, T data[]) -> vec { return vec(size, data); }
  static auto invalid() -> vec { return vec(invalid_size(), nullptr); }

private:
  static auto of_chars(const std::string &s, size_t size) -> vec<char> {
    auto v = vec<char>::make_uninitialized(size);
    if (v && size) std::memcpy(v.get(), s.c_str(), size);
    return v;
  }
};

template <class T> using ownvec = vec<own<T>>;

/* ------------------------------------------------------------------------------------ C handles */

namespace detail {
template <class T> struct handle; /* handle<Func>::type is wasm_func_t */
}

#define WASM_HH_HANDLE(Class, name)                                                                \
  class Class;                                                                                     \
  namespace detail {                                                                               \
  template <> struct handle<Class> {                                                               \
    using type = wasm_##name##_t;                                                                  \
  };                                                                                               \
  }

WASM_HH_HANDLE(Config, config)
WASM_HH_HANDLE(Engine, engine)
WASM_HH_HANDLE(Store, store)
WASM_HH_HANDLE(ValType, valtype)
WASM_HH_HANDLE(Ref, ref)
WASM_HH_HANDLE(Frame, frame)
WASM_HH_HANDLE(Trap, trap)
WASM_HH_HANDLE(Foreign, foreign)
WASM_HH_HANDLE(Module, module)
WASM_HH_HANDLE(Extern, extern)
WASM_HH_HANDLE(Func, func)
WASM_HH_HANDLE(Global, global)
WASM_HH_HANDLE(Table, table)
WASM_HH_HANDLE(Memory, memory)
WASM_HH_HANDLE(Tag, tag)
WASM_HH_HANDLE(Instance, instance)
#undef WASM_HH_HANDLE

template <class T> class Shared;
namespace detail {
template <> struct handle<Shared<Module>> {
  using type = wasm_shared_module_t;
};
} // namespace detail

/* The C handle behind an object: the same ownership, borrowed here. */
template <class T> auto to_c(T *object) -> typename detail::handle<T>::type * {
  return static_cast<typename detail::handle<T>::type *>(static_cast<void *>(object));
}
template <class T> auto to_c(const T *object) -> const typename detail::handle<T>::type * {
  return static_cast<const typename detail::handle<T>::type *>(static_cast<const void *>(object));
}
/* An object of the C handle: borrowed; from_c of an own handle goes into make_own. */
template <class T> auto from_c(typename detail::handle<T>::type *c) -> T * {
  return static_cast<T *>(static_cast<void *>(c));
}
template <class T> auto from_c(const typename detail::handle<T>::type *c) -> const T * {
  return static_cast<const T *>(static_cast<const void *>(c));
}

namespace detail {

template <class T> auto own_of(typename handle<T>::type *c) -> own<T> {
  return own<T>(from_c<T>(c));
}

/* The bytes of a vec, borrowed by C, and those of a C vector in a vec, the C one deleted. */
inline auto borrow(const vec<byte_t> &v) -> wasm_byte_vec_t {
  return wasm_byte_vec_t{v ? v.size() : 0, const_cast<byte_t *>(v.get())};
}
inline auto copy_of(const wasm_byte_vec_t &c) -> vec<byte_t> {
  auto v = vec<byte_t>::make_uninitialized(c.size);
  if (v && c.size) std::memcpy(v.get(), c.data, c.size);
  return v;
}
inline auto take(wasm_byte_vec_t &c) -> vec<byte_t> {
  auto v = copy_of(c);
  wasm_byte_vec_delete(&c);
  return v;
}
/* A C vector of bytes that C functions take over. */
inline auto give(vec<byte_t> &&v) -> wasm_byte_vec_t {
  wasm_byte_vec_t c;
  wasm_byte_vec_new(&c, v ? v.size() : 0, v.get());
  v.reset();
  return c;
}

/* The items of a C vector, each made into an own<T> by `wrap`, which takes it over. Does not delete
 * the C vector, which has none of them left. Invalid when memory is short. */
template <class T, class CVec, class Wrap> auto take_items(CVec &c, Wrap wrap) -> ownvec<T> {
  auto v = ownvec<T>::make_uninitialized(c.size);
  for (size_t i = 0; v && i < c.size; ++i) {
    v[i] = wrap(c.data[i]);
    c.data[i] = nullptr;
    if (!v[i]) v.reset();
  }
  return v;
}

} // namespace detail

/* What the classes of handles share. They are never made or destroyed, only pointed to. */
#define WASM_HH_OBJECT(Class, name)                                                                \
  friend class destroyer;                                                                          \
  void destroy() { wasm_##name##_delete(to_c(this)); }                                             \
                                                                                                   \
public:                                                                                            \
  Class() = delete;                                                                                \
  Class(const Class &) = delete;                                                                   \
  Class &operator=(const Class &) = delete;                                                        \
  ~Class() = delete;

/* The same, with another handle of the same object. */
#define WASM_HH_COPYABLE(Class, name)                                                              \
  WASM_HH_OBJECT(Class, name)                                                                      \
  auto copy() const -> own<Class> { return detail::own_of<Class>(wasm_##name##_copy(to_c(this))); }

/* -------------------------------------------------------------- configuration, engine and store */

/* Settings for an engine: those of wasmx.h, by to_c. */
class Config {
  WASM_HH_OBJECT(Config, config)
  static auto make() -> own<Config> { return detail::own_of<Config>(wasm_config_new()); }
};

/* Settings and shared types; any thread. */
class Engine {
  WASM_HH_OBJECT(Engine, engine)
  static auto make(own<Config> &&config = Config::make()) -> own<Engine> {
    return detail::own_of<Engine>(wasm_engine_new_with_config(to_c(config.release())));
  }
};

/* A world of objects that may refer to each other; one thread at a time. */
class Store {
  WASM_HH_OBJECT(Store, store)
  static auto make(Engine *engine) -> own<Store> {
    return detail::own_of<Store>(wasm_store_new(to_c(engine)));
  }
};

/* ---------------------------------------------------------------------------------------- types */

enum class Mutability : uint8_t { CONST = WASM_CONST, VAR = WASM_VAR };

/* Pages or elements; a maximum of 2^32-1 is none. */
struct Limits {
  uint32_t min;
  uint32_t max;

  Limits(uint32_t least, uint32_t most = std::numeric_limits<uint32_t>::max())
      : min(least), max(most) {}
};

/* A v128, which has no value here, is 4. */
enum class ValKind : uint8_t {
  I32 = WASM_I32,
  I64 = WASM_I64,
  F32 = WASM_F32,
  F64 = WASM_F64,
  EXTERNREF = WASM_EXTERNREF,
  FUNCREF = WASM_FUNCREF
};

inline bool is_num(ValKind k) { return k < ValKind::EXTERNREF; }
inline bool is_ref(ValKind k) { return k >= ValKind::EXTERNREF; }

class ValType {
  WASM_HH_COPYABLE(ValType, valtype)
  static auto make(ValKind kind) -> own<ValType> {
    return detail::own_of<ValType>(wasm_valtype_new(static_cast<wasm_valkind_t>(kind)));
  }
  auto kind() const -> ValKind { return static_cast<ValKind>(wasm_valtype_kind(to_c(this))); }
  auto is_num() const -> bool { return wasm::is_num(kind()); }
  auto is_ref() const -> bool { return wasm::is_ref(kind()); }
};

enum class ExternKind : uint8_t {
  FUNC = WASM_EXTERN_FUNC,
  GLOBAL = WASM_EXTERN_GLOBAL,
  TABLE = WASM_EXTERN_TABLE,
  MEMORY = WASM_EXTERN_MEMORY,
  TAG = WASM_EXTERN_TAG
};

class FuncType;
class GlobalType;
class TableType;
class MemoryType;
class TagType;

/* The type of an external: one of the five below. Holds the C type, which may say more than can be
 * asked here (64-bit limits, shared memories), and what C++ hands out of it. */
class ExternType {
  friend class destroyer;
  inline void destroy();

protected:
  wasm_externtype_t *type_; /* owned */

  explicit ExternType(wasm_externtype_t *type) : type_(type) {}
  ~ExternType() { wasm_externtype_delete(type_); }

public:
  ExternType(const ExternType &) = delete;
  ExternType &operator=(const ExternType &) = delete;

  auto copy() const -> own<ExternType> { return adopt(wasm_externtype_copy(type_)); }
  auto kind() const -> ExternKind { return static_cast<ExternKind>(wasm_externtype_kind(type_)); }

  /* Null when it is of another kind. */
  inline auto func() -> FuncType *;
  inline auto global() -> GlobalType *;
  inline auto table() -> TableType *;
  inline auto memory() -> MemoryType *;
  inline auto tag() -> TagType *;
  inline auto func() const -> const FuncType *;
  inline auto global() const -> const GlobalType *;
  inline auto table() const -> const TableType *;
  inline auto memory() const -> const MemoryType *;
  inline auto tag() const -> const TagType *;

  /* From a C type, which is taken over, and to it, borrowed. */
  inline static auto adopt(wasm_externtype_t *type) -> own<ExternType>;
  auto c() const -> const wasm_externtype_t * { return type_; }
};

namespace detail {

/* A type's object around the C type, which it takes over also when it fails. */
template <class T> auto adopt_as(wasm_externtype_t *type) -> own<T> {
  if (!type) return own<T>();
  own<T> made(new (std::nothrow) T(type));
  if (!made) wasm_externtype_delete(type);
  return made && made->whole() ? std::move(made) : own<T>();
}
template <class T> auto copy_as(const wasm_externtype_t *type) -> own<T> {
  return adopt_as<T>(wasm_externtype_copy(type));
}

inline auto copy_of(const wasm_valtype_vec_t *types) -> ownvec<ValType> {
  wasm_valtype_vec_t c;
  wasm_valtype_vec_copy(&c, types);
  auto v = take_items<ValType>(c, own_of<ValType>);
  const bool lost = v && v.size() != types->size;
  wasm_valtype_vec_delete(&c);
  return lost ? ownvec<ValType>::invalid() : std::move(v);
}
inline auto give(ownvec<ValType> &&v) -> wasm_valtype_vec_t {
  wasm_valtype_vec_t c;
  wasm_valtype_vec_new_uninitialized(&c, v ? v.size() : 0);
  for (size_t i = 0; i < c.size; ++i) c.data[i] = to_c(v[i].release());
  return c;
}

inline auto limits_of(const wasm_limits_t *limits) -> Limits {
  return Limits(limits->min, limits->max);
}
inline auto limits_of(const Limits &limits) -> wasm_limits_t {
  return wasm_limits_t{limits.min, limits.max};
}

} // namespace detail

#define WASM_HH_EXTERNTYPE(Class)                                                                  \
  friend class destroyer;                                                                          \
  template <class T> friend auto detail::adopt_as(wasm_externtype_t *) -> own<T>;                  \
  void destroy() { delete this; }                                                                  \
                                                                                                   \
public:                                                                                            \
  auto copy() const -> own<Class> { return detail::copy_as<Class>(type_); }

class FuncType : public ExternType {
  ownvec<ValType> params_, results_;

  explicit FuncType(wasm_externtype_t *type)
      : ExternType(type), params_(detail::copy_of(wasm_functype_params(c()))),
        results_(detail::copy_of(wasm_functype_results(c()))) {}
  bool whole() const { return params_ && results_; }
  ~FuncType() = default;

  WASM_HH_EXTERNTYPE(FuncType)
  static auto make(ownvec<ValType> &&params = ownvec<ValType>::make(),
                   ownvec<ValType> &&results = ownvec<ValType>::make()) -> own<FuncType> {
    auto ps = detail::give(std::move(params)), rs = detail::give(std::move(results));
    return adopt(wasm_functype_new(&ps, &rs));
  }
  auto params() const -> const ownvec<ValType> & { return params_; }
  auto results() const -> const ownvec<ValType> & { return results_; }

  static auto adopt(wasm_functype_t *type) -> own<FuncType> {
    return detail::adopt_as<FuncType>(wasm_functype_as_externtype(type));
  }
  auto c() const -> const wasm_functype_t * { return wasm_externtype_as_functype_const(type_); }
};

class GlobalType : public ExternType {
  explicit GlobalType(wasm_externtype_t *type) : ExternType(type) {}
  bool whole() const { return true; }
  ~GlobalType() = default;

  WASM_HH_EXTERNTYPE(GlobalType)
  static auto make(own<ValType> &&content, Mutability mutability) -> own<GlobalType> {
    return adopt(
        wasm_globaltype_new(to_c(content.release()), static_cast<wasm_mutability_t>(mutability)));
  }
  auto content() const -> const ValType * { return from_c<ValType>(wasm_globaltype_content(c())); }
  auto mutability() const -> Mutability {
    return static_cast<Mutability>(wasm_globaltype_mutability(c()));
  }

  static auto adopt(wasm_globaltype_t *type) -> own<GlobalType> {
    return detail::adopt_as<GlobalType>(wasm_globaltype_as_externtype(type));
  }
  auto c() const -> const wasm_globaltype_t * { return wasm_externtype_as_globaltype_const(type_); }
};

class TableType : public ExternType {
  Limits limits_;

  explicit TableType(wasm_externtype_t *type)
      : ExternType(type), limits_(detail::limits_of(wasm_tabletype_limits(c()))) {}
  bool whole() const { return true; }
  ~TableType() = default;

  WASM_HH_EXTERNTYPE(TableType)
  static auto make(own<ValType> &&element, Limits limits) -> own<TableType> {
    const wasm_limits_t c_limits = detail::limits_of(limits);
    return adopt(wasm_tabletype_new(to_c(element.release()), &c_limits));
  }
  auto element() const -> const ValType * { return from_c<ValType>(wasm_tabletype_element(c())); }
  auto limits() const -> const Limits & { return limits_; }

  static auto adopt(wasm_tabletype_t *type) -> own<TableType> {
    return detail::adopt_as<TableType>(wasm_tabletype_as_externtype(type));
  }
  auto c() const -> const wasm_tabletype_t * { return wasm_externtype_as_tabletype_const(type_); }
};

class MemoryType : public ExternType {
  Limits limits_;

  explicit MemoryType(wasm_externtype_t *type)
      : ExternType(type), limits_(detail::limits_of(wasm_memorytype_limits(c()))) {}
  bool whole() const { return true; }
  ~MemoryType() = default;

  WASM_HH_EXTERNTYPE(MemoryType)
  static auto make(Limits limits) -> own<MemoryType> {
    const wasm_limits_t c_limits = detail::limits_of(limits);
    return adopt(wasm_memorytype_new(&c_limits));
  }
  auto limits() const -> const Limits & { return limits_; }

  static auto adopt(wasm_memorytype_t *type) -> own<MemoryType> {
    return detail::adopt_as<MemoryType>(wasm_memorytype_as_externtype(type));
  }
  auto c() const -> const wasm_memorytype_t * { return wasm_externtype_as_memorytype_const(type_); }
};

/* A function type without results. */
class TagType : public ExternType {
  own<FuncType> functype_;

  explicit TagType(wasm_externtype_t *type)
      : ExternType(type),
        functype_(FuncType::adopt(wasm_functype_copy(wasm_tagtype_functype(c())))) {}
  bool whole() const { return functype_ != nullptr; }
  ~TagType() = default;

  WASM_HH_EXTERNTYPE(TagType)
  static auto make(own<FuncType> &&functype) -> own<TagType> {
    return adopt(wasm_tagtype_new(functype ? wasm_functype_copy(functype->c()) : nullptr));
  }
  auto functype() const -> const FuncType * { return functype_.get(); }

  static auto adopt(wasm_tagtype_t *type) -> own<TagType> {
    return detail::adopt_as<TagType>(wasm_tagtype_as_externtype(type));
  }
  auto c() const -> const wasm_tagtype_t * { return wasm_externtype_as_tagtype_const(type_); }
};
#undef WASM_HH_EXTERNTYPE

#define WASM_HH_DOWNCAST(Class, name, KIND)                                                        \
  inline auto ExternType::name() -> Class * {                                                      \
    return kind() == ExternKind::KIND ? static_cast<Class *>(this) : nullptr;                      \
  }                                                                                                \
  inline auto ExternType::name() const -> const Class * {                                          \
    return kind() == ExternKind::KIND ? static_cast<const Class *>(this) : nullptr;                \
  }
WASM_HH_DOWNCAST(FuncType, func, FUNC)
WASM_HH_DOWNCAST(GlobalType, global, GLOBAL)
WASM_HH_DOWNCAST(TableType, table, TABLE)
WASM_HH_DOWNCAST(MemoryType, memory, MEMORY)
WASM_HH_DOWNCAST(TagType, tag, TAG)
#undef WASM_HH_DOWNCAST

inline auto ExternType::adopt(wasm_externtype_t *type) -> own<ExternType> {
  switch (wasm_externtype_kind(type)) {
  case WASM_EXTERN_GLOBAL: return detail::adopt_as<GlobalType>(type);
  case WASM_EXTERN_TABLE: return detail::adopt_as<TableType>(type);
  case WASM_EXTERN_MEMORY: return detail::adopt_as<MemoryType>(type);
  case WASM_EXTERN_TAG: return detail::adopt_as<TagType>(type);
  default: return detail::adopt_as<FuncType>(type);
  }
}

inline void ExternType::destroy() {
  destroyer give_back;
  switch (kind()) {
  case ExternKind::FUNC: give_back(func()); break;
  case ExternKind::GLOBAL: give_back(global()); break;
  case ExternKind::TABLE: give_back(table()); break;
  case ExternKind::MEMORY: give_back(memory()); break;
  case ExternKind::TAG: give_back(tag()); break;
  }
}

/* UTF-8, without a terminating zero. */
using Name = vec<byte_t>;

/* What a module wants: two names and a type. */
class ImportType {
  friend class destroyer;
  Name module_, name_;
  own<ExternType> type_;

  ImportType(Name &&module, Name &&name, own<ExternType> &&type)
      : module_(std::move(module)), name_(std::move(name)), type_(std::move(type)) {}
  ~ImportType() = default;
  void destroy() { delete this; }

public:
  static auto make(Name &&module, Name &&name, own<ExternType> &&type) -> own<ImportType> {
    if (!module || !name || !type) return own<ImportType>();
    return own<ImportType>(new (std::nothrow)
                               ImportType(std::move(module), std::move(name), std::move(type)));
  }
  auto copy() const -> own<ImportType> { return make(module_.copy(), name_.copy(), type_->copy()); }

  auto module() const -> const Name & { return module_; }
  auto name() const -> const Name & { return name_; }
  auto type() const -> const ExternType * { return type_.get(); }
};

/* What a module gives: a name and a type. */
class ExportType {
  friend class destroyer;
  Name name_;
  own<ExternType> type_;

  ExportType(Name &&name, own<ExternType> &&type)
      : name_(std::move(name)), type_(std::move(type)) {}
  ~ExportType() = default;
  void destroy() { delete this; }

public:
  static auto make(Name &&name, own<ExternType> &&type) -> own<ExportType> {
    if (!name || !type) return own<ExportType>();
    return own<ExportType>(new (std::nothrow) ExportType(std::move(name), std::move(type)));
  }
  auto copy() const -> own<ExportType> { return make(name_.copy(), type_->copy()); }

  auto name() const -> const Name & { return name_; }
  auto type() const -> const ExternType * { return type_.get(); }
};

} // namespace wasm

#endif
