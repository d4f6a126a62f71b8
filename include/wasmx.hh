/* wasmx.hh: libwasm for C++ programs, header-only over wasm.h and wasmx.h. C++17 and later, with or
 * without exceptions and RTTI.
 *
 *   wasmx::Engine engine;
 *   wasmx::Store store(engine);
 *   wasmx::Linker linker(store);
 *   linker.define("env", "log", [&](wasmx::Caller caller, uint32_t text, uint32_t size) {
 *     lines.push_back(caller.memory().string(text, size));
 *   });
 *   wasmx::Instance plugin = linker.instantiate(wasmx::Module(store, bytes));
 *   auto add_one = plugin.func<int(int)>("add_one");   looked up and checked once
 *   int r = add_one(41);                               a call by slots
 *
 * Objects own what they stand for, are moved, and copied where they have copy(). One that was moved
 * from is as NULL to the C functions: what it is asked for fails. c() borrows the C handle, adopt
 * takes one over. Threads and lifetimes are those of wasm.h: a Store with all that is in it is used
 * by one thread at a time, and handles that are left when it goes are dead.
 *
 * Errors. What can fail is there twice: try_x gives a Result, x throws the Error of it, a Trap when
 * wasm trapped. Without exceptions (-fno-exceptions) only the first are there. What a host function
 * throws goes through the wasm that called it: an Error as a trap, anything else as it is, out of
 * the outer call.
 *
 * Signatures. int32_t and uint32_t are i32, int64_t and uint64_t i64 (any integers of these sizes),
 * float f32, double f64, Ref externref, Func funcref; a tuple or pair is several results. */
#ifndef WASMX_HH
#define WASMX_HH

#include "wasmx_engine.hh"

namespace wasmx {

/* ----------------------------------------------------------------------------------- references */

/* Any reference, to wasm an externref; empty: null. Holds its object. */
class Ref {
public:
  Ref() = default;
  /* An object of the host's, moved into the store's keeping until nothing reaches it any more. */
  template <class T> static Result<Ref> try_host(const Store &store, T value);
  static Ref adopt(wasm_ref_t *c) { return Ref(c); }

  explicit operator bool() const { return c_ != nullptr; }
  /* What host was given; null for any other reference, of another T as well. Only for stores whose
   * host info is this header's alone. */
  template <class T> T *host() const;
  bool same(const Ref &that) const { return wasm_ref_same(c(), that.c()); }
  Ref copy() const { return Ref(c_ ? wasm_ref_copy(c()) : nullptr); }
#if WASMX_EXCEPTIONS
  template <class T> static Ref host(const Store &store, T value) {
    return try_host(store, std::move(value)).value();
  }
#endif
  wasm_ref_t *c() const { return c_.get(); }

private:
  detail::Own<wasm_ref_t, wasm_ref_delete> c_;
  explicit Ref(wasm_ref_t *c) : c_(c) {}
};

namespace detail {
/* A host object as host info, which tells its type by the address of `id`. */
template <class T> inline constexpr char host_type_id = 0;
template <class T> struct HostObject {
  const void *id;
  T value;
  static void destroy(void *object) { delete static_cast<HostObject *>(object); }
};
struct HostObjectHead {
  const void *id;
};
} // namespace detail

template <class T> Result<Ref> Ref::try_host(const Store &store, T value) {
  using Object = detail::HostObject<T>;
  wasm_foreign_t *foreign = wasm_foreign_new(store.c());
  if (!foreign) return Error::last();
  Ref ref(wasm_foreign_as_ref(foreign));
  auto object = std::make_unique<Object>(Object{&detail::host_type_id<T>, std::move(value)});
  wasm_ref_set_host_info_with_finalizer(ref.c(), object.get(), Object::destroy);
  if (wasm_ref_get_host_info(ref.c()) != object.get()) return Error::last();
  (void)object.release();
  return ref;
}

template <class T> T *Ref::host() const {
  if (!c_ || !wasm_ref_as_foreign(c())) return nullptr;
  void *info = wasm_ref_get_host_info(c());
  if (!info) return nullptr;
  const void *id;
  std::memcpy(&id, info, sizeof id);
  if (id != &detail::host_type_id<T>) return nullptr;
  return &static_cast<detail::HostObject<T> *>(info)->value;
}

/* ------------------------------------------------------------------------------------ externals */

/* What instances import and export: a Func, Global, Table, Memory or Tag. */
class Extern {
public:
  wasm_externkind_t kind() const { return wasm_extern_kind(c_.get()); }
  const char *kind_name() const { return c_ ? detail::kind_name_of_extern(kind()) : "nothing"; }
  explicit operator bool() const { return c_ != nullptr; }
  Ref ref() const { return Ref::adopt(c_ ? wasm_ref_copy(wasm_extern_as_ref(c_.get())) : nullptr); }
  wasm_extern_t *c_extern() const { return c_.get(); }
  wasm_store_t *c_store() const { return store_; }

protected:
  detail::Own<wasm_extern_t, wasm_extern_delete> c_;
  wasm_store_t *store_ = nullptr; /* borrowed: its handles may outlive it, and are dead then */

  Extern() = default;
  Extern(wasm_store_t *store, wasm_extern_t *c) : c_(c), store_(store) {}
};

template <class> class TypedFunc;
template <class> class TypedGlobal;

/* A function; empty: a null funcref. */
class Func : public Extern {
public:
  Func() = default;
  Func(wasm_store_t *store, wasm_func_t *c) : Extern(store, wasm_func_as_extern(c)) {}
  static constexpr wasm_externkind_t extern_kind = WASM_EXTERN_FUNC;
  static Func from(wasm_store_t *store, wasm_extern_t *c) {
    return Func(store, wasm_extern_as_func(c));
  }

  /* A host function of a lambda, function pointer or any object with one call operator, whose
   * parameters and result say its type; the first one may be a Caller. It is moved into the store,
   * and destroyed when nothing reaches the function any more. It may give a Result. */
  template <class F> static Result<Func> try_make(wasm_store_t *store, F &&function);
  template <class F> static Result<Func> try_make(const Store &store, F &&function) {
    return try_make(store.c(), std::forward<F>(function));
  }

  /* The function to be called as Signature, such as int(int); an Error (WASMX_LINK) when its type
   * is another. `name` is for the message. */
  template <class Signature> Result<TypedFunc<Signature>> try_typed(std::string_view name = {}) &&;
  template <class Signature> Result<TypedFunc<Signature>> try_typed() const & {
    return copy().template try_typed<Signature>();
  }
  /* By slots, neither checked nor counted: wasmx_func_call_raw. */
  Result<void> try_call_raw(wasmx_slot_t *slots) const {
    if (wasm_trap_t *trap = wasmx_func_call_raw(c(), slots)) return detail::error_of(trap);
    return {};
  }
  std::string type_text() const {
    return detail::type_text(detail::OwnFuncType(wasm_func_type(c())).get());
  }
  Func copy() const { return Func(store_, c_ ? wasm_func_copy(c()) : nullptr); }
#if WASMX_EXCEPTIONS
  template <class F, class = std::enable_if_t<!std::is_convertible_v<F, wasm_func_t *>>>
  Func(const Store &store, F &&function)
      : Func(try_make(store, std::forward<F>(function)).value()) {}
  template <class Signature> TypedFunc<Signature> typed() const {
    return try_typed<Signature>().value();
  }
  void call_raw(wasmx_slot_t *slots) const { try_call_raw(slots).value(); }
#endif
  wasm_func_t *c() const { return wasm_extern_as_func(c_.get()); }
};

namespace detail {
template <> struct Value<Ref> {
  static constexpr wasm_valkind_t kind = WASM_EXTERNREF;
  static wasmx_slot_t to_slot(const Ref &ref) { return wasmx_slot_u64(wasmx_slot_of_ref(ref.c())); }
  static Ref from_slot(wasmx_slot_t slot, wasm_store_t *store) {
    return Ref::adopt(wasmx_ref_of_slot(store, slot.ref));
  }
};
template <> struct Value<Func> {
  static constexpr wasm_valkind_t kind = WASM_FUNCREF;
  static wasmx_slot_t to_slot(const Func &func) {
    return wasmx_slot_u64(wasmx_slot_of_ref(wasm_extern_as_ref(func.c_extern())));
  }
  static Func from_slot(wasmx_slot_t slot, wasm_store_t *store) {
    return Func(store, wasm_ref_as_func(wasmx_ref_of_slot(store, slot.ref)));
  }
};

inline Error other_type(std::string_view name, const std::string &expected,
                        const std::string &found) {
  const std::string_view quote = name.empty() ? "" : "\"", what = name.empty() ? "it" : name;
  return Error(join({quote, what, quote, " is ", found, ", not ", expected}), expected, found);
}
} // namespace detail

/* A function whose type is known: a call costs what one by slots costs. Arguments and results are
 * values; references are held for the call. */
template <class R, class... Args> class TypedFunc<R(Args...)> {
  using Signature = detail::Signature<R(Args...)>;
  using Slots = wasmx_slot_t[Signature::slot_count];
  template <class T> using Param = detail::Param<std::decay_t<T>>;

public:
  Result<R> try_call(Param<Args>... args) const {
    Slots slots = {detail::Value<std::decay_t<Args>>::to_slot(args)...};
    return result_of(wasmx_func_call_raw(c_, slots), slots);
  }
  /* Traps (INTERRUPTED) when it still runs so long from now. */
  template <class Rep, class Period>
  Result<R> try_within(std::chrono::duration<Rep, Period> time, Param<Args>... args) const {
    Slots slots = {detail::Value<std::decay_t<Args>>::to_slot(args)...};
    return result_of(wasmx_func_call_within(c_, slots, detail::nanoseconds_of(time)), slots);
  }
#if WASMX_EXCEPTIONS
  R operator()(Param<Args>... args) const {
    Slots slots = {detail::Value<std::decay_t<Args>>::to_slot(args)...};
    if (wasm_trap_t *trap = wasmx_func_call_raw(c_, slots)) detail::raise(trap);
    return detail::Results<R>::decode(slots, func_.c_store());
  }
  template <class Rep, class Period>
  R within(std::chrono::duration<Rep, Period> time, Param<Args>... args) const {
    return try_within(time, args...).value();
  }
#endif
  const Func &func() const { return func_; }

private:
  friend class Func;
  Func func_;
  wasm_func_t *c_; /* of func_ */

  explicit TypedFunc(Func func) : func_(std::move(func)), c_(func_.c()) {}

  Result<R> result_of(wasm_trap_t *trap, const wasmx_slot_t *slots) const {
    if (trap) return detail::failure_of<Result<R>>(trap);
    if constexpr (std::is_void_v<R>)
      return {};
    else
      return detail::Results<R>::decode(slots, func_.c_store());
  }
};

template <class Signature> Result<TypedFunc<Signature>> Func::try_typed(std::string_view name) && {
  const detail::OwnFuncType type(wasm_func_type(c()));
  if (!detail::Signature<Signature>::is(type.get()))
    return detail::other_type(name, detail::type_text(detail::Signature<Signature>::make().get()),
                              detail::type_text(type.get()));
  return TypedFunc<Signature>(std::move(*this));
}

/* A memory; sizes in pages of 64 KiB, unless its type has others. */
class Memory : public Extern, public MemoryAccess<Memory> {
public:
  Memory(wasm_store_t *store, wasm_memory_t *c) : Extern(store, wasm_memory_as_extern(c)) {}
  static constexpr wasm_externkind_t extern_kind = WASM_EXTERN_MEMORY;
  static Memory from(wasm_store_t *store, wasm_extern_t *c) {
    return Memory(store, wasm_extern_as_memory(c));
  }
  static Result<Memory> try_make(const Store &store, std::uint64_t min_pages,
                                 std::uint64_t max_pages = UINT64_MAX) {
    const detail::Own<wasm_memorytype_t, wasm_memorytype_delete> type(
        wasmx_memorytype_new({min_pages, max_pages}, false, false));
    wasm_memory_t *c = type ? wasm_memory_new(store.c(), type.get()) : nullptr;
    if (!c) return Error::last();
    return Memory(store.c(), c);
  }

  std::uint8_t *data() const { return reinterpret_cast<std::uint8_t *>(wasm_memory_data(c())); }
  std::size_t size_bytes() const { return wasm_memory_data_size(c()); }
  std::uint64_t pages() const { return wasmx_memory_size(c()); }
  /* Gives the pages that there were before. */
  Result<std::uint64_t> try_grow(std::uint64_t pages) {
    std::uint64_t old = 0;
    if (!wasmx_memory_grow(c(), pages, &old)) return Error::last();
    return old;
  }
#if WASMX_EXCEPTIONS
  explicit Memory(const Store &store, std::uint64_t min_pages, std::uint64_t max_pages = UINT64_MAX)
      : Memory(try_make(store, min_pages, max_pages).value()) {}
  std::uint64_t grow(std::uint64_t pages) { return try_grow(pages).value(); }
#endif
  wasm_memory_t *c() const { return wasm_extern_as_memory(c_.get()); }
};

class Global : public Extern {
public:
  Global(wasm_store_t *store, wasm_global_t *c) : Extern(store, wasm_global_as_extern(c)) {}
  static constexpr wasm_externkind_t extern_kind = WASM_EXTERN_GLOBAL;
  static Global from(wasm_store_t *store, wasm_extern_t *c) {
    return Global(store, wasm_extern_as_global(c));
  }
  template <class T>
  static Result<Global> try_make(const Store &store, const T &init, bool is_mutable) {
    const detail::Own<wasm_globaltype_t, wasm_globaltype_delete> type(
        wasm_globaltype_new(wasm_valtype_new(detail::Value<T>::kind),
                            static_cast<wasm_mutability_t>(is_mutable ? WASM_VAR : WASM_CONST)));
    const wasmx_slot_t slot = detail::Value<T>::to_slot(init);
    wasm_global_t *c = wasmx_global_new_raw(store.c(), type.get(), &slot);
    if (!c) return Error::last();
    return Global(store.c(), c);
  }
  /* The global, to be read and written as T. */
  template <class T> Result<TypedGlobal<T>> try_typed(std::string_view name = {}) &&;
#if WASMX_EXCEPTIONS
  template <class T>
  Global(const Store &store, const T &init, bool is_mutable)
      : Global(try_make(store, init, is_mutable).value()) {}
#endif
  wasm_global_t *c() const { return wasm_extern_as_global(c_.get()); }
};

/* A global whose type is known. */
template <class T> class TypedGlobal {
public:
  T get() const {
    wasmx_slot_t slot = wasmx_slot_u64(0);
    wasmx_global_get_raw(global_.c(), &slot);
    return detail::Value<T>::from_slot(slot, global_.c_store());
  }
  Result<void> try_set(const T &value) {
    const wasmx_slot_t slot = detail::Value<T>::to_slot(value);
    return detail::done(wasmx_global_set_raw(global_.c(), &slot));
  }
#if WASMX_EXCEPTIONS
  void set(const T &value) { try_set(value).value(); }
#endif
  const Global &global() const { return global_; }

private:
  friend class Global;
  Global global_;
  explicit TypedGlobal(Global global) : global_(std::move(global)) {}
};

template <class T> Result<TypedGlobal<T>> Global::try_typed(std::string_view name) && {
  const detail::Own<wasm_globaltype_t, wasm_globaltype_delete> type(wasm_global_type(c()));
  if (!type) return Error::last();
  const wasm_valkind_t kind = wasm_valtype_kind(wasm_globaltype_content(type.get()));
  if (kind != detail::Value<T>::kind)
    return detail::other_type(name, detail::kind_name(detail::Value<T>::kind),
                              detail::kind_name(kind));
  return TypedGlobal<T>(std::move(*this));
}

class Table : public Extern {
public:
  Table(wasm_store_t *store, wasm_table_t *c) : Extern(store, wasm_table_as_extern(c)) {}
  static constexpr wasm_externkind_t extern_kind = WASM_EXTERN_TABLE;
  static Table from(wasm_store_t *store, wasm_extern_t *c) {
    return Table(store, wasm_extern_as_table(c));
  }

  std::uint32_t size() const { return wasm_table_size(c()); }
  /* Empty for a null element, and out of bounds; func also for what is no function. */
  Ref get(std::uint32_t index) const { return Ref::adopt(wasm_table_get(c(), index)); }
  Func func(std::uint32_t index) const {
    wasm_ref_t *ref = wasm_table_get(c(), index);
    wasm_func_t *func = wasm_ref_as_func(ref);
    if (!func) wasm_ref_delete(ref);
    return Func(store_, func);
  }
  Result<void> try_set(std::uint32_t index, const Ref &ref) {
    return detail::done(wasm_table_set(c(), index, ref.c()));
  }
  Result<void> try_grow(std::uint32_t elements, const Ref &init = Ref()) {
    return detail::done(wasm_table_grow(c(), elements, init.c()));
  }
#if WASMX_EXCEPTIONS
  void set(std::uint32_t index, const Ref &ref) { try_set(index, ref).value(); }
  void grow(std::uint32_t elements, const Ref &init = Ref()) { try_grow(elements, init).value(); }
#endif
  wasm_table_t *c() const { return wasm_extern_as_table(c_.get()); }
};

/* --------------------------------------------------------------------------- exceptions of wasm */

/* Tells exceptions of wasm apart, and makes them. */
class Tag : public Extern {
public:
  Tag(wasm_store_t *store, wasm_tag_t *c) : Extern(store, wasm_tag_as_extern(c)) {}
  static constexpr wasm_externkind_t extern_kind = WASM_EXTERN_TAG;
  static Tag from(wasm_store_t *store, wasm_extern_t *c) {
    return Tag(store, wasm_extern_as_tag(c));
  }
  /* A new one for exceptions with such arguments: Tag::try_make<int, double>(store). */
  template <class... Args> static Result<Tag> try_make(const Store &store) {
    const detail::Own<wasm_tagtype_t, wasm_tagtype_delete> type(
        wasm_tagtype_new(detail::Signature<void(Args...)>::make().release()));
    wasm_tag_t *c = wasm_tag_new(store.c(), type.get());
    if (!c) return Error::last();
    return Tag(store.c(), c);
  }

  /* The trap that throws an exception of this tag, when a host function throws or gives it. */
  template <class... Args> Result<Trap> try_exception(const Args &...args) const {
    using Params = detail::Signature<void(Args...)>;
    if (!takes<Args...>())
      return detail::other_type("the tag", detail::type_text(Params::make().get()), type_text());
    const wasmx_slot_t slots[Params::slot_count] = {detail::Value<Args>::to_slot(args)...};
    const detail::Own<wasmx_exception_t, wasmx_exception_delete> exception(
        wasmx_exception_new_raw(c(), slots));
    if (!exception) return Error::last();
    return Trap(Error::adopt(wasmx_trap_new_exception(exception.get())));
  }
  /* The arguments of the exception that a trap carries: nothing when it carries none, of another
   * tag, or of other types. */
  template <class... Args> std::optional<std::tuple<Args...>> caught(const Error &trap) const {
    const detail::Own<wasmx_exception_t, wasmx_exception_delete> exception(
        wasmx_trap_exception(trap.c_trap()));
    const detail::Own<wasm_tag_t, wasm_tag_delete> tag(wasmx_exception_tag(exception.get()));
    if (!tag || !wasm_tag_same(tag.get(), c()) || !takes<Args...>()) return std::nullopt;
    wasmx_slot_t slots[detail::Signature<void(Args...)>::slot_count];
    wasmx_exception_args_raw(exception.get(), slots);
    return detail::Results<std::tuple<Args...>>::decode(slots, store_);
  }
#if WASMX_EXCEPTIONS
  template <class... Args> static Tag make(const Store &store) {
    return try_make<Args...>(store).value();
  }
  template <class... Args> Trap exception(const Args &...args) const {
    return try_exception(args...).value();
  }
#endif
  wasm_tag_t *c() const { return wasm_extern_as_tag(c_.get()); }

private:
  using OwnType = detail::Own<wasm_tagtype_t, wasm_tagtype_delete>;
  template <class... Args> bool takes() const {
    const OwnType type(wasm_tag_type(c()));
    return type && detail::Signature<void(Args...)>::is(wasm_tagtype_functype(type.get()));
  }
  std::string type_text() const {
    const OwnType type(wasm_tag_type(c()));
    return detail::type_text(type ? wasm_tagtype_functype(type.get()) : nullptr);
  }
};

/* ------------------------------------------------------------------------------------ instances */

/* A module with its imports. */
class Instance {
public:
  Instance(wasm_store_t *store, wasm_instance_t *c) : c_(c), store_(store) {}
  /* imports: one an import, in order. A Linker finds them by name. */
  static Result<Instance> try_make(const Store &store, const Module &module,
                                   std::initializer_list<const Extern *> imports = {}) {
    std::vector<wasm_extern_t *> list;
    for (const Extern *each : imports) list.push_back(each->c_extern());
    const wasm_extern_vec_t c_imports = {list.size(), list.data()};
    wasm_trap_t *trap = nullptr;
    wasmx_error_t error = detail::no_error();
    wasm_instance_t *c = wasmx_instance_new(store.c(), module.c(), &c_imports, &trap, &error);
    return made(store.c(), c, trap, error);
  }
  /* What an instantiating C function gave. */
  static Result<Instance> made(wasm_store_t *store, wasm_instance_t *c, wasm_trap_t *trap,
                               const wasmx_error_t &error) {
    if (c) return Instance(store, c);
    if (trap) return Error::adopt(trap);
    return Error(error);
  }

  /* The export of that name, of the kind T (Func, Memory, Global, Table, Tag). The Error
   * (WASMX_LINK) tells what is there instead. */
  template <class T> Result<T> try_get(std::string_view name) const {
    wasm_extern_t *c = wasmx_instance_export_n(c_.get(), name.data(), name.size());
    if (c && wasm_extern_kind(c) == T::extern_kind) return T::from(store_, c);
    const char *expected = detail::kind_name_of_extern(T::extern_kind);
    const char *found = c ? detail::kind_name_of_extern(wasm_extern_kind(c)) : "nothing";
    wasm_extern_delete(c);
    return Error(detail::join({"the export \"", name, "\" is ", found, ", not a ", expected}),
                 expected, found);
  }
  /* A function by its C++ type, such as func<int(int)>("add_one"). */
  template <class Signature> Result<TypedFunc<Signature>> try_func(std::string_view name) const {
    Result<Func> func = try_get<Func>(name);
    if (!func) return func.error();
    return std::move(*func).template try_typed<Signature>(name);
  }
  template <class T> Result<TypedGlobal<T>> try_global(std::string_view name) const {
    Result<Global> global = try_get<Global>(name);
    if (!global) return global.error();
    return std::move(*global).template try_typed<T>(name);
  }
  Result<Memory> try_memory(std::string_view name = "memory") const {
    return try_get<Memory>(name);
  }
  /* As a module in the binary format, with memories, tables and globals as they are now
   * (wasmx_instance_snapshot says what cannot be kept). `exports`: changes, {from, to}; to nullptr:
   * left out. */
  Result<std::vector<std::uint8_t>>
  try_snapshot(std::initializer_list<wasmx_export_change_t> exports = {}) const {
    const wasmx_snapshot_options_t options = {sizeof options, exports.begin(), exports.size()};
    wasm_byte_vec_t bytes = WASM_EMPTY_VEC;
    wasmx_error_t error = detail::no_error();
    if (!wasmx_instance_snapshot(c(), &options, &bytes, &error)) return Error(error);
    return detail::bytes_of(&bytes);
  }

#if WASMX_EXCEPTIONS
  Instance(const Store &store, const Module &module,
           std::initializer_list<const Extern *> imports = {})
      : Instance(try_make(store, module, imports).value()) {}
  template <class T> T get(std::string_view name) const { return try_get<T>(name).value(); }
  template <class Signature> TypedFunc<Signature> func(std::string_view name) const {
    return try_func<Signature>(name).value();
  }
  template <class T> TypedGlobal<T> global(std::string_view name) const {
    return try_global<T>(name).value();
  }
  Memory memory(std::string_view name = "memory") const { return try_memory(name).value(); }
  std::vector<std::uint8_t>
  snapshot(std::initializer_list<wasmx_export_change_t> exports = {}) const {
    return try_snapshot(exports).value();
  }
  Table table(std::string_view name) const { return get<Table>(name); }
  Tag tag(std::string_view name) const { return get<Tag>(name); }
#endif
  wasm_instance_t *c() const { return c_.get(); }
  wasm_store_t *c_store() const { return store_; }

private:
  detail::Own<wasm_instance_t, wasm_instance_delete> c_;
  wasm_store_t *store_;
};

/* ------------------------------------------------------------------------------- host functions */

/* Who called a host function; good during that call. */
class Caller {
public:
  explicit Caller(wasmx_caller_t *c) : c_(c) {}
  /* The bytes of the calling instance's memory 0, exported or not; none when it has none. After
   * wasm ran, it may have grown: ask again. */
  MemoryView memory() const {
    std::size_t size = 0;
    void *data = wasmx_caller_memory(c_, &size);
    return MemoryView(data, size);
  }
  /* The calling instance; nothing when the host called the function itself. */
  std::optional<Instance> instance() const {
    wasm_instance_t *c = wasmx_caller_instance(c_);
    if (!c) return std::nullopt;
    return Instance(c_store(), c);
  }
  bool interrupted() const { return wasmx_store_interrupted(c_store()); }
  wasm_store_t *c_store() const { return wasmx_caller_store(c_); }
  wasmx_caller_t *c() const { return c_; }

private:
  wasmx_caller_t *c_;
};

namespace detail {

/* What a host function returns, without the Result around it. */
template <class R> struct Plain {
  using Type = R;
};
template <class T> struct Plain<Result<T>> {
  using Type = T;
};

/* Calls a function of R and Args with what the slots say. */
template <class R, bool WantsCaller, class... Args> struct HostCall {
  using Type = Signature<typename Plain<R>::Type(Args...)>;

  template <class F> static wasm_trap_t *run(F &f, wasmx_caller_t *caller, wasmx_slot_t *slots) {
    auto args = Results<std::tuple<std::decay_t<Args>...>>::decode(slots, store_of(caller));
    return std::apply(
        [&](auto &...each) -> wasm_trap_t * {
          if constexpr (WantsCaller)
            return finish([&]() -> R { return f(Caller(caller), std::forward<Args>(each)...); },
                          caller, slots);
          else
            return finish([&]() -> R { return f(std::forward<Args>(each)...); }, caller, slots);
        },
        args);
  }

private:
  /* References alone need it. */
  static wasm_store_t *store_of(wasmx_caller_t *caller) {
    if constexpr ((std::is_arithmetic_v<std::decay_t<Args>> && ...))
      return nullptr;
    else
      return wasmx_caller_store(caller);
  }
  template <class Call>
  static wasm_trap_t *finish(Call call, wasmx_caller_t *caller, wasmx_slot_t *slots) {
    using Value = typename Plain<R>::Type;
    if constexpr (std::is_void_v<R>) {
      call();
    } else if constexpr (std::is_same_v<R, Value>) {
      Results<R>::encode(call(), slots);
    } else {
      R result = call();
      if (!result) return result.error().to_trap(wasmx_caller_store(caller));
      if constexpr (!std::is_void_v<Value>) Results<Value>::encode(*result, slots);
    }
    (void)caller, (void)slots;
    return nullptr;
  }
};

template <class R, class... Args> struct HostCallOf {
  using Type = HostCall<R, false, Args...>;
};
template <class R, class First, class... Args> struct HostCallOf<R, First, Args...> {
  using Type = std::conditional_t<std::is_same_v<std::decay_t<First>, Caller>,
                                  HostCall<R, true, Args...>, HostCall<R, false, First, Args...>>;
};

/* The HostCall of a callable's type: function pointers, and objects by their call operator. */
template <class F> struct CallableOf : CallableOf<decltype(&F::operator())> {};
template <class R, class... Args> struct CallableOf<R (*)(Args...)> : HostCallOf<R, Args...> {};
template <class R, class... Args>
struct CallableOf<R (*)(Args...) noexcept> : HostCallOf<R, Args...> {};
template <class C, class R, class... Args>
struct CallableOf<R (C::*)(Args...)> : HostCallOf<R, Args...> {};
template <class C, class R, class... Args>
struct CallableOf<R (C::*)(Args...) const> : HostCallOf<R, Args...> {};
template <class C, class R, class... Args>
struct CallableOf<R (C::*)(Args...) noexcept> : HostCallOf<R, Args...> {};
template <class C, class R, class... Args>
struct CallableOf<R (C::*)(Args...) const noexcept> : HostCallOf<R, Args...> {};

/* A callable in the store's keeping. */
template <class F> struct HostFunction {
  using Call = typename CallableOf<F>::Type;
  F function;

  static wasm_trap_t *enter(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
    F &function = static_cast<HostFunction *>(env)->function;
#if WASMX_EXCEPTIONS
    try {
      return Call::run(function, caller, slots);
    } catch (const Error &error) {
      return error.to_trap(wasmx_caller_store(caller));
    }
#else
    return Call::run(function, caller, slots);
#endif
  }
  static void leave(void *env) { delete static_cast<HostFunction *>(env); }
};

} // namespace detail

template <class F> Result<Func> Func::try_make(wasm_store_t *store, F &&function) {
  using Host = detail::HostFunction<std::decay_t<F>>;
  auto host = std::unique_ptr<Host>(new Host{std::forward<F>(function)});
  const detail::OwnFuncType type = Host::Call::Type::make();
  wasm_func_t *c = wasmx_func_new_raw(store, type.get(), Host::enter, host.get(), Host::leave);
  if (!c) return Error::last();
  (void)host.release();
  return Func(store, c);
}

/* --------------------------------------------------------------------------------------- linker */

/* Externals by module and name, to instantiate by. Holds what is defined in it. */
class Linker {
public:
  static Result<Linker> try_make(const Store &store) {
    wasmx_linker_t *c = wasmx_linker_new(store.c());
    if (!c) return Error::last();
    return Linker(store.c(), c);
  }

  /* Defines module.name, instead of what it was before: an external, or a host function of
   * whatever Func::try_make takes. */
  template <class T>
  Result<void> try_define(std::string_view module, std::string_view name, T &&what) {
    if constexpr (std::is_base_of_v<Extern, std::decay_t<T>>) {
      return detail::done(wasmx_linker_define_n(c(), module.data(), module.size(), name.data(),
                                                name.size(), what.c_extern()));
    } else {
      Result<Func> func = Func::try_make(store_, std::forward<T>(what));
      if (!func) return func.error();
      return try_define(module, name, *func);
    }
  }
  /* All exports of an instance. */
  Result<void> try_define_instance(std::string_view module, const Instance &instance) {
    return detail::done(
        wasmx_linker_define_instance(c(), module.data(), module.size(), instance.c()));
  }
  Result<Instance> try_instantiate(const Module &module) const {
    wasm_trap_t *trap = nullptr;
    wasmx_error_t error = detail::no_error();
    wasm_instance_t *instance = wasmx_linker_instantiate(c(), module.c(), &trap, &error);
    return Instance::made(store_, instance, trap, error);
  }
#if WASMX_EXCEPTIONS
  explicit Linker(const Store &store) : Linker(try_make(store).value()) {}
  template <class T> Linker &define(std::string_view module, std::string_view name, T &&what) {
    try_define(module, name, std::forward<T>(what)).value();
    return *this;
  }
  Linker &define_instance(std::string_view module, const Instance &instance) {
    try_define_instance(module, instance).value();
    return *this;
  }
  Instance instantiate(const Module &module) const { return try_instantiate(module).value(); }
#endif
  wasmx_linker_t *c() const { return c_.get(); }

private:
  detail::Own<wasmx_linker_t, wasmx_linker_delete> c_;
  wasm_store_t *store_;
  Linker(wasm_store_t *store, wasmx_linker_t *c) : c_(c), store_(store) {}
};

} // namespace wasmx

#endif
