/* wasmx_gc.hh: structs and arrays of wasm's heap for C++ programs, over wasmx_gc.h. What wasmx.hh,
 * which it includes, says of errors, ownership and threads holds here. C++17 and later.
 *
 *   wasmx::Type point(module, 0);                       (struct (field (mut i32)) (field f64))
 *   wasmx::Struct p(store, point, 3, 0.5);
 *   move(p.ref(), 4);                                   a TypedFunc<void(Ref, int)>
 *   int x = p.get<int>(0);
 *
 * Fields and elements are integers of 32 and 64 bits, float, double and Ref; what is packed is an
 * integer of 32 bits. */
#ifndef WASMX_GC_HH
#define WASMX_GC_HH

#include "wasmx.hh"

namespace wasmx {

/* ---------------------------------------------------------------------------------------- types */

/* A type of an engine. Copies are cheap; equal ones are equal. */
class Type {
public:
  /* That of the module's types, by index. */
  static Result<Type> try_make(const Module &module, std::size_t index) {
    return adopt(wasmx_module_type(module.c(), index));
  }
  static Result<Type> try_struct(const Engine &engine, Span<const wasmx_field_t> fields) {
    return adopt(wasmx_type_new_struct(engine.c(), fields.data(), fields.size()));
  }
  static Result<Type> try_array(const Engine &engine, const wasmx_field_t &element) {
    return adopt(wasmx_type_new_array(engine.c(), &element));
  }
  /* Of a struct, array or function. */
  static Result<Type> try_of(const Ref &ref) { return adopt(wasmx_ref_type(ref.c())); }
  static Result<Type> adopt(wasmx_type_t *c) {
    if (!c) return Error::last();
    return Type(c);
  }
#if WASMX_EXCEPTIONS
  Type(const Module &module, std::size_t index) : Type(try_make(module, index).value()) {}
  static Type of(const Ref &ref) { return try_of(ref).value(); }
#endif
  Type(const Type &that) : c_(wasmx_type_copy(that.c())) {}
  Type(Type &&) = default;
  Type &operator=(const Type &that) {
    c_.reset(wasmx_type_copy(that.c()));
    return *this;
  }
  Type &operator=(Type &&) = default;
  ~Type() = default;

  wasmx_typekind_t kind() const { return wasmx_type_kind(c()); }
  std::size_t field_count() const { return wasmx_type_field_count(c()); }
  bool is_sub_of(const Type &that) const { return wasmx_type_is_sub(c(), that.c()); }
  /* A reference to one, as a field, parameter or element has it. Borrows the type. */
  wasmx_valtype_t reference(bool nullable = true) const {
    return wasmx_valtype_of_type(c(), nullable);
  }
  friend bool operator==(const Type &a, const Type &b) { return a.c() == b.c(); }
  friend bool operator!=(const Type &a, const Type &b) { return a.c() != b.c(); }
  const wasmx_type_t *c() const { return c_.get(); }

private:
  detail::Own<wasmx_type_t, wasmx_type_delete> c_;
  explicit Type(wasmx_type_t *c) : c_(c) {}
};

namespace detail {
/* Numbers lie in values as in slots; references are borrowed. */
template <class T> wasmx_val_t to_val(const T &value) {
  wasmx_val_t val = {};
  val.kind = Value<T>::kind;
  const wasmx_slot_t slot = Value<T>::to_slot(value);
  std::memcpy(&val.of, &slot, sizeof slot);
  return val;
}
template <> inline wasmx_val_t to_val(const Ref &ref) {
  wasmx_val_t val = {};
  val.kind = WASM_EXTERNREF;
  val.of.ref = ref.c();
  return val;
}

/* Takes the value over. */
template <class T> Result<T> from_val(wasmx_val_t *val) {
  if (val->kind != Value<T>::kind) {
    wasmx_val_delete(val);
    return Error("the value is of another type");
  }
  if constexpr (std::is_same_v<T, Ref>) {
    return Ref::adopt(val->of.ref);
  } else {
    wasmx_slot_t slot;
    std::memcpy(&slot, &val->of, sizeof slot);
    return Value<T>::from_slot(slot, nullptr);
  }
}

inline std::size_t storage_bytes(wasm_valkind_t kind) {
  switch (kind) {
  case WASMX_I8: return 1;
  case WASMX_I16: return 2;
  case WASM_I32:
  case WASM_F32: return 4;
  case WASMX_V128: return 16;
  default: return 8;
  }
}
} // namespace detail

/* -------------------------------------------------------------------------------------- structs */

/* A struct, held. */
class Struct {
public:
  /* With these fields; without any: zeros and nulls. */
  template <class... Ts>
  static Result<Struct> try_make(const Store &store, const Type &type, const Ts &...fields) {
    const std::array<wasmx_val_t, sizeof...(Ts) + 1> vals = {detail::to_val(fields)..., {}};
    const bool given = sizeof...(Ts) != 0;
    return adopt(
        wasmx_struct_new(store.c(), type.c(), given ? vals.data() : nullptr, sizeof...(Ts)));
  }
  /* The struct that the reference is one to. */
  static Result<Struct> try_from(Ref ref) {
    if (wasmx_ref_kind(ref.c()) != WASMX_REF_STRUCT) return Error("the reference is of no struct");
    return Struct(std::move(ref));
  }
  template <class T> Result<T> try_get(std::uint32_t field) const {
    wasmx_val_t val;
    if (!wasmx_struct_get(ref_.c(), field, &val)) return Error::last();
    return detail::from_val<T>(&val);
  }
  template <class T> Result<void> try_set(std::uint32_t field, const T &value) const {
    const wasmx_val_t val = detail::to_val(value);
    return detail::done(wasmx_struct_set(ref_.c(), field, &val));
  }
#if WASMX_EXCEPTIONS
  template <class... Ts>
  Struct(const Store &store, const Type &type, const Ts &...fields)
      : Struct(try_make(store, type, fields...).value()) {}
  static Struct from(Ref ref) { return try_from(std::move(ref)).value(); }
  template <class T> T get(std::uint32_t field) const { return try_get<T>(field).value(); }
  template <class T> void set(std::uint32_t field, const T &value) const {
    try_set(field, value).value();
  }
#endif
  const Ref &ref() const { return ref_; }

private:
  Ref ref_;
  explicit Struct(Ref ref) : ref_(std::move(ref)) {}
  static Result<Struct> adopt(wasm_ref_t *c) {
    if (!c) return Error::last();
    return Struct(Ref::adopt(c));
  }
};

/* --------------------------------------------------------------------------------------- arrays */

/* An array, held. */
class Array {
public:
  /* Of zeros or nulls; of numbers, each as large as the type's elements; of text. */
  static Result<Array> try_make(const Store &store, const Type &type, std::uint32_t length) {
    return adopt(wasmx_array_new(store.c(), type.c(), nullptr, length));
  }
  template <class T>
  static Result<Array> try_data(const Store &store, const Type &type, Span<const T> data) {
    static_assert(std::is_trivially_copyable_v<T>, "only numbers are copied at once");
    if (!elements_are(type, sizeof(T))) return other_size();
    return adopt(wasmx_array_new_data(store.c(), type.c(), data.data(), data.size() * sizeof(T)));
  }
  static Result<Array> try_text(const Store &store, const Type &type, std::string_view text) {
    return try_data(store, type, Span<const char>(text.data(), text.size()));
  }
  /* The array that the reference is one to. */
  static Result<Array> try_from(Ref ref) {
    if (wasmx_ref_kind(ref.c()) != WASMX_REF_ARRAY) return Error("the reference is of no array");
    return Array(std::move(ref));
  }
  std::uint32_t size() const { return wasmx_array_length(ref_.c()); }
  template <class T> Result<T> try_get(std::uint32_t index) const {
    wasmx_val_t val;
    if (!wasmx_array_get(ref_.c(), index, &val)) return Error::last();
    return detail::from_val<T>(&val);
  }
  template <class T> Result<void> try_set(std::uint32_t index, const T &value) const {
    const wasmx_val_t val = detail::to_val(value);
    return detail::done(wasmx_array_set(ref_.c(), index, &val));
  }
  /* All elements, copied; and some, written. */
  template <class T> Result<std::vector<T>> try_read() const {
    std::vector<T> all(size());
    const Result<void> copied = try_copy(all.data(), size());
    if (!copied) return copied.error();
    return all;
  }
  Result<std::string> try_text() const {
    std::string all(size(), '\0');
    const Result<void> copied = try_copy(all.data(), size());
    if (!copied) return copied.error();
    return all;
  }
  template <class T> Result<void> try_write(std::uint32_t from, Span<const T> data) const {
    if (data.size() > UINT32_MAX || !has_elements(sizeof(T))) return other_size();
    return detail::done(
        wasmx_array_write(ref_.c(), from, data.data(), static_cast<std::uint32_t>(data.size())));
  }
#if WASMX_EXCEPTIONS
  Array(const Store &store, const Type &type, std::uint32_t length)
      : Array(try_make(store, type, length).value()) {}
  static Array from(Ref ref) { return try_from(std::move(ref)).value(); }
  template <class T> T get(std::uint32_t index) const { return try_get<T>(index).value(); }
  template <class T> void set(std::uint32_t index, const T &value) const {
    try_set(index, value).value();
  }
  template <class T> std::vector<T> read() const { return try_read<T>().value(); }
  std::string text() const { return try_text().value(); }
#endif
  const Ref &ref() const { return ref_; }

private:
  Ref ref_;
  explicit Array(Ref ref) : ref_(std::move(ref)) {}
  static Result<Array> adopt(wasm_ref_t *c) {
    if (!c) return Error::last();
    return Array(Ref::adopt(c));
  }
  static Error other_size() { return Error("the array's elements are of another size"); }
  static bool elements_are(const Type &type, std::size_t bytes) {
    wasmx_field_t element;
    return type.kind() == WASMX_TYPE_ARRAY && wasmx_type_field(type.c(), 0, &element) &&
           detail::storage_bytes(element.type.kind) == bytes;
  }
  bool has_elements(std::size_t bytes) const {
    const Result<Type> type = Type::try_of(ref_);
    return type && elements_are(*type, bytes);
  }
  template <class T> Result<void> try_copy(T *to, std::uint32_t count) const {
    if (!has_elements(sizeof(T))) return other_size();
    return detail::done(wasmx_array_read(ref_.c(), 0, to, count));
  }
};

} // namespace wasmx

#endif
