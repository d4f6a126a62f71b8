/* wasm.hh: the standard C++ interface to WebAssembly engines, header-only over wasm.h.
 *
 * Programs written against the C++ header of the same name for another engine compile and run
 * unchanged. C++11 and later, with or without exceptions and RTTI. Typed calls, lambdas as host
 * functions and errors with reasons are in wasmx.hh, which may be used beside.
 *
 *   own<T>       owns a T: a std::unique_ptr. Null where something failed (wasmx_last_error() says
 *                why), and as the null reference
 *   T*           borrowed: a caller's, good as long as what it came from
 *   vec<T>       an array that knows its size and is moved, not copied; ownvec<T> is vec<own<T>>
 *
 * Engine, Store, Module, Func and their like are never made by C++: a pointer to one is the handle
 * of wasm.h under another type, whose members cast it back. So they cost nothing, and to_c and
 * from_c go between the two worlds. Descriptions (FuncType ... ExportType) are C++ objects, as
 * their parts are handed out by reference. Threads and lifetimes are those of wasm.h.
 *
 * A C++ exception may leave a callback: it goes through the wasm that called, to whoever called
 * that. With the C library's ownership rules for results, an exception or trap drops them. */
#ifndef WASM_HH
#define WASM_HH

#include "wasm_types.hh"

namespace wasm {

/* ------------------------------------------------------------------------ references and values */

/* Any reference. A pointer to one of the classes below is one to its Ref: the same handle. */
class Ref {
  WASM_HH_COPYABLE(Ref, ref)
  /* Whether both are handles of one object. */
  auto same(const Ref *that) const -> bool { return wasm_ref_same(to_c(this), to_c(that)); }
  /* A pointer that the object carries; the finalizer is run with it when the object goes. */
  auto get_host_info() const -> void * { return wasm_ref_get_host_info(to_c(this)); }
  void set_host_info(void *info, void (*finalizer)(void *) = nullptr) {
    wasm_ref_set_host_info_with_finalizer(to_c(this), info, finalizer);
  }
};

/* A value: a wasm_val_t that owns its reference, so that arrays of both are the same to C. */
class Val {
  wasm_val_t val_;

  explicit Val(const wasm_val_t &val) : val_(val) {}

public:
  Val() : Val(own<Ref>()) {}
  explicit Val(int32_t i) {
    val_.kind = WASM_I32;
    val_.of.i32 = i;
  }
  explicit Val(int64_t i) {
    val_.kind = WASM_I64;
    val_.of.i64 = i;
  }
  explicit Val(float32_t z) {
    val_.kind = WASM_F32;
    val_.of.f32 = z;
  }
  explicit Val(float64_t z) {
    val_.kind = WASM_F64;
    val_.of.f64 = z;
  }
  explicit Val(own<Ref> &&ref) {
    val_.kind = WASM_EXTERNREF;
    val_.of.ref = to_c(ref.release());
  }
  Val(Val &&that) noexcept : val_(that.val_) {
    if (is_ref()) that.val_.of.ref = nullptr;
  }
  ~Val() { reset(); }
  auto operator=(Val &&that) noexcept -> Val & {
    if (this != &that) reset(that);
    return *this;
  }

  static auto i32(int32_t x) -> Val { return Val(x); }
  static auto i64(int64_t x) -> Val { return Val(x); }
  static auto f32(float32_t x) -> Val { return Val(x); }
  static auto f64(float64_t x) -> Val { return Val(x); }
  static auto ref(own<Ref> &&x) -> Val { return Val(std::move(x)); }
  template <class T> inline static auto make(T x) -> Val;
  template <class T> static auto make(own<T> &&x) -> Val { return Val(own<Ref>(std::move(x))); }

  void reset() {
    if (is_ref() && val_.of.ref) {
      wasm_ref_delete(val_.of.ref);
      val_.of.ref = nullptr;
    }
  }
  /* Takes what the other has. */
  void reset(Val &that) {
    reset();
    val_ = that.val_;
    if (is_ref()) that.val_.of.ref = nullptr;
  }

  auto kind() const -> ValKind { return static_cast<ValKind>(val_.kind); }
  auto is_num() const -> bool { return wasm::is_num(kind()); }
  auto is_ref() const -> bool { return wasm::is_ref(kind()); }
  auto i32() const -> int32_t {
    assert(kind() == ValKind::I32);
    return val_.of.i32;
  }
  auto i64() const -> int64_t {
    assert(kind() == ValKind::I64);
    return val_.of.i64;
  }
  auto f32() const -> float32_t {
    assert(kind() == ValKind::F32);
    return val_.of.f32;
  }
  auto f64() const -> float64_t {
    assert(kind() == ValKind::F64);
    return val_.of.f64;
  }
  auto ref() const -> Ref * {
    assert(is_ref());
    return from_c<Ref>(val_.of.ref);
  }
  template <class T> inline auto get() const -> T;

  auto release_ref() -> own<Ref> {
    own<Ref> released(ref());
    val_.of.ref = nullptr;
    return released;
  }
  auto copy() const -> Val {
    wasm_val_t val;
    wasm_val_copy(&val, &val_);
    return Val(val);
  }

  /* The C value, borrowed. */
  auto c() const -> const wasm_val_t * { return &val_; }
  /* A C value, which is taken over. */
  static auto adopt(const wasm_val_t &val) -> Val { return Val(val); }
};

template <> inline auto Val::make<int32_t>(int32_t x) -> Val { return Val(x); }
template <> inline auto Val::make<int64_t>(int64_t x) -> Val { return Val(x); }
template <> inline auto Val::make<float32_t>(float32_t x) -> Val { return Val(x); }
template <> inline auto Val::make<float64_t>(float64_t x) -> Val { return Val(x); }
template <> inline auto Val::make<uint32_t>(uint32_t x) -> Val {
  return Val(static_cast<int32_t>(x));
}
template <> inline auto Val::make<uint64_t>(uint64_t x) -> Val {
  return Val(static_cast<int64_t>(x));
}

template <> inline auto Val::get<int32_t>() const -> int32_t { return i32(); }
template <> inline auto Val::get<int64_t>() const -> int64_t { return i64(); }
template <> inline auto Val::get<float32_t>() const -> float32_t { return f32(); }
template <> inline auto Val::get<float64_t>() const -> float64_t { return f64(); }
template <> inline auto Val::get<Ref *>() const -> Ref * { return ref(); }
template <> inline auto Val::get<uint32_t>() const -> uint32_t {
  return static_cast<uint32_t>(i32());
}
template <> inline auto Val::get<uint64_t>() const -> uint64_t {
  return static_cast<uint64_t>(i64());
}

namespace detail {
static_assert(sizeof(Val) == sizeof(wasm_val_t), "arrays of Val are arrays of wasm_val_t");

inline auto borrow(const vec<Val> &v) -> wasm_val_vec_t {
  auto *first = reinterpret_cast<wasm_val_t *>(const_cast<Val *>(v.get()));
  return wasm_val_vec_t{v ? v.size() : 0, first};
}

/* The values of a C vector seen as a vec, which does not own them. */
struct borrowed_vals {
  vec<Val> vals;

  explicit borrowed_vals(const wasm_val_vec_t *c)
      : vals(vec<Val>::adopt(c->size, reinterpret_cast<Val *>(c->data))) {}
  borrowed_vals(const borrowed_vals &) = delete;
  borrowed_vals &operator=(const borrowed_vals &) = delete;
  ~borrowed_vals() { vals.release(); }
};
} // namespace detail

/* ---------------------------------------------------------------------------------------- traps */

/* UTF-8 with a terminating zero, which its size counts. */
using Message = vec<byte_t>;

/* A function that was running when a trap was made. */
class Frame {
  WASM_HH_COPYABLE(Frame, frame)
  auto instance() const -> Instance * { return from_c<Instance>(wasm_frame_instance(to_c(this))); }
  auto func_index() const -> uint32_t { return wasm_frame_func_index(to_c(this)); }
  auto func_offset() const -> size_t { return wasm_frame_func_offset(to_c(this)); }
  auto module_offset() const -> size_t { return wasm_frame_module_offset(to_c(this)); }
};

/* Why a call stopped. */
class Trap : public Ref {
  WASM_HH_COPYABLE(Trap, trap)
  static auto make(Store *store, const Message &message) -> own<Trap> {
    const wasm_message_t c = detail::borrow(message);
    return detail::own_of<Trap>(wasm_trap_new(to_c(store), &c));
  }
  auto message() const -> Message {
    wasm_message_t c;
    wasm_trap_message(to_c(this), &c);
    return detail::take(c);
  }
  /* The innermost frame; null when no wasm was running. */
  auto origin() const -> own<Frame> { return detail::own_of<Frame>(wasm_trap_origin(to_c(this))); }
  /* All frames, innermost first. */
  auto trace() const -> ownvec<Frame> {
    wasm_frame_vec_t c;
    wasm_trap_trace(to_c(this), &c);
    auto v = detail::take_items<Frame>(c, detail::own_of<Frame>);
    wasm_frame_vec_delete(&c);
    return v;
  }
};

/* An object without meaning to wasm, to hang host info on and to pass as an externref. */
class Foreign : public Ref {
  WASM_HH_COPYABLE(Foreign, foreign)
  static auto make(Store *store) -> own<Foreign> {
    return detail::own_of<Foreign>(wasm_foreign_new(to_c(store)));
  }
};

/* -------------------------------------------------------------------------------------- modules */

/* A module without a store, which any thread may hold. */
template <> class Shared<Module> {
  friend class destroyer;
  void destroy() { wasm_shared_module_delete(to_c(this)); }

public:
  Shared() = delete;
  Shared(const Shared &) = delete;
  Shared &operator=(const Shared &) = delete;
  ~Shared() = delete;
};

class Module : public Ref {
  WASM_HH_COPYABLE(Module, module)
  static auto validate(Store *store, const vec<byte_t> &binary) -> bool {
    const wasm_byte_vec_t c = detail::borrow(binary);
    return wasm_module_validate(to_c(store), &c);
  }
  static auto make(Store *store, const vec<byte_t> &binary) -> own<Module> {
    const wasm_byte_vec_t c = detail::borrow(binary);
    return detail::own_of<Module>(wasm_module_new(to_c(store), &c));
  }

  auto imports() const -> ownvec<ImportType> {
    wasm_importtype_vec_t c;
    wasm_module_imports(to_c(this), &c);
    auto v = detail::take_items<ImportType>(c, [](wasm_importtype_t *type) {
      auto made =
          ImportType::make(detail::copy_of(*wasm_importtype_module(type)),
                           detail::copy_of(*wasm_importtype_name(type)),
                           ExternType::adopt(wasm_externtype_copy(wasm_importtype_type(type))));
      wasm_importtype_delete(type);
      return made;
    });
    wasm_importtype_vec_delete(&c);
    return v;
  }
  auto exports() const -> ownvec<ExportType> {
    wasm_exporttype_vec_t c;
    wasm_module_exports(to_c(this), &c);
    auto v = detail::take_items<ExportType>(c, [](wasm_exporttype_t *type) {
      auto made =
          ExportType::make(detail::copy_of(*wasm_exporttype_name(type)),
                           ExternType::adopt(wasm_externtype_copy(wasm_exporttype_type(type))));
      wasm_exporttype_delete(type);
      return made;
    });
    wasm_exporttype_vec_delete(&c);
    return v;
  }

  auto share() const -> own<Shared<Module>> {
    return detail::own_of<Shared<Module>>(wasm_module_share(to_c(this)));
  }
  static auto obtain(Store *store, const Shared<Module> *shared) -> own<Module> {
    return detail::own_of<Module>(wasm_module_obtain(to_c(store), to_c(shared)));
  }

  auto serialize() const -> vec<byte_t> {
    wasm_byte_vec_t c;
    wasm_module_serialize(to_c(this), &c);
    return detail::take(c);
  }
  static auto deserialize(Store *store, const vec<byte_t> &bytes) -> own<Module> {
    const wasm_byte_vec_t c = detail::borrow(bytes);
    return detail::own_of<Module>(wasm_module_deserialize(to_c(store), &c));
  }
};

/* ------------------------------------------------------------------------------------ externals */

/* What instances import and export: one of the five below. */
class Extern : public Ref {
  WASM_HH_COPYABLE(Extern, extern)
  auto kind() const -> ExternKind { return static_cast<ExternKind>(wasm_extern_kind(to_c(this))); }
  auto type() const -> own<ExternType> { return ExternType::adopt(wasm_extern_type(to_c(this))); }

  /* Null when it is of another kind. */
  auto func() -> Func * { return from_c<Func>(wasm_extern_as_func(to_c(this))); }
  auto global() -> Global * { return from_c<Global>(wasm_extern_as_global(to_c(this))); }
  auto table() -> Table * { return from_c<Table>(wasm_extern_as_table(to_c(this))); }
  auto memory() -> Memory * { return from_c<Memory>(wasm_extern_as_memory(to_c(this))); }
  auto tag() -> Tag * { return from_c<Tag>(wasm_extern_as_tag(to_c(this))); }
  auto func() const -> const Func * { return from_c<Func>(wasm_extern_as_func_const(to_c(this))); }
  auto global() const -> const Global * {
    return from_c<Global>(wasm_extern_as_global_const(to_c(this)));
  }
  auto table() const -> const Table * {
    return from_c<Table>(wasm_extern_as_table_const(to_c(this)));
  }
  auto memory() const -> const Memory * {
    return from_c<Memory>(wasm_extern_as_memory_const(to_c(this)));
  }
  auto tag() const -> const Tag * { return from_c<Tag>(wasm_extern_as_tag_const(to_c(this))); }
};

class Func : public Extern {
  WASM_HH_COPYABLE(Func, func)
  /* A host function. The results are there, null or zero; the callback assigns them one by one.
   * Null, or a trap. The finalizer is run with env once the function is gone. */
  using callback = auto (*)(const vec<Val> &, vec<Val> &) -> own<Trap>;
  using callback_with_env = auto (*)(void *, const vec<Val> &, vec<Val> &) -> own<Trap>;

  static auto make(Store *store, const FuncType *type, callback callback) -> own<Func> {
    return make_host(store, type, new (std::nothrow) Host{callback, nullptr, nullptr, nullptr});
  }
  static auto make(Store *store, const FuncType *type, callback_with_env callback, void *env,
                   void (*finalizer)(void *) = nullptr) -> own<Func> {
    return make_host(store, type, new (std::nothrow) Host{nullptr, callback, env, finalizer});
  }

  auto type() const -> own<FuncType> { return FuncType::adopt(wasm_func_type(to_c(this))); }
  auto param_arity() const -> size_t { return wasm_func_param_arity(to_c(this)); }
  auto result_arity() const -> size_t { return wasm_func_result_arity(to_c(this)); }

  /* `results` has room for all of them. Null, or the trap: then results is as it was. */
  auto call(const vec<Val> &args, vec<Val> &results) const -> own<Trap> {
    if (!holds_ref(results)) return call_over(args, results);
    auto fresh = vec<Val>::make_uninitialized(results.size());
    auto trap = call_over(args, fresh);
    for (size_t i = 0; !trap && i < result_arity(); ++i) results[i] = std::move(fresh[i]);
    return trap;
  }

private:
  struct Host {
    callback plain;
    callback_with_env with_env;
    void *env;
    void (*finalizer)(void *);
  };

  static auto make_host(Store *store, const FuncType *type, Host *host) -> own<Func> {
    if (!host) return own<Func>();
    auto *c = wasm_func_new_with_env(to_c(store), type ? type->c() : nullptr, enter, host, leave);
    if (!c) delete host;
    return detail::own_of<Func>(c);
  }
  static auto enter(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
      -> wasm_trap_t * {
    const auto *host = static_cast<const Host *>(env);
    const detail::borrowed_vals as(args);
    detail::borrowed_vals rs(results);
    auto trap =
        host->plain ? host->plain(as.vals, rs.vals) : host->with_env(host->env, as.vals, rs.vals);
    return to_c(trap.release());
  }
  static void leave(void *env) {
    const std::unique_ptr<Host> host(static_cast<Host *>(env));
    if (host->finalizer) host->finalizer(host->env);
  }

  /* C overwrites results without deleting what was there. */
  static bool holds_ref(const vec<Val> &vals) {
    for (size_t i = 0; vals && i < vals.size(); ++i)
      if (vals[i].is_ref() && vals[i].ref()) return true;
    return false;
  }
  auto call_over(const vec<Val> &args, vec<Val> &results) const -> own<Trap> {
    const wasm_val_vec_t as = detail::borrow(args);
    wasm_val_vec_t rs = detail::borrow(results);
    return detail::own_of<Trap>(wasm_func_call(to_c(this), &as, &rs));
  }
};

class Global : public Extern {
  WASM_HH_COPYABLE(Global, global)
  static auto make(Store *store, const GlobalType *type, const Val &init) -> own<Global> {
    return detail::own_of<Global>(
        wasm_global_new(to_c(store), type ? type->c() : nullptr, init.c()));
  }
  auto type() const -> own<GlobalType> { return GlobalType::adopt(wasm_global_type(to_c(this))); }
  auto get() const -> Val {
    wasm_val_t val;
    wasm_global_get(to_c(this), &val);
    return Val::adopt(val);
  }
  /* Nothing, when it is constant or the value of another kind. */
  void set(const Val &val) { wasm_global_set(to_c(this), val.c()); }
};

class Table : public Extern {
  WASM_HH_COPYABLE(Table, table)
  using size_t = uint32_t;

  static auto make(Store *store, const TableType *type, const Ref *init = nullptr) -> own<Table> {
    return detail::own_of<Table>(
        wasm_table_new(to_c(store), type ? type->c() : nullptr, mutable_of(init)));
  }
  auto type() const -> own<TableType> { return TableType::adopt(wasm_table_type(to_c(this))); }
  /* Null for a null element, and out of bounds. */
  auto get(size_t index) const -> own<Ref> {
    return detail::own_of<Ref>(wasm_table_get(to_c(this), index));
  }
  auto set(size_t index, const Ref *ref) -> bool {
    return wasm_table_set(to_c(this), index, mutable_of(ref));
  }
  auto size() const -> size_t { return wasm_table_size(to_c(this)); }
  auto grow(size_t delta, const Ref *init = nullptr) -> bool {
    return wasm_table_grow(to_c(this), delta, mutable_of(init));
  }

private:
  static auto mutable_of(const Ref *ref) -> wasm_ref_t * { return to_c(const_cast<Ref *>(ref)); }
};

namespace detail {
/* A constant that has an address without a file to define it in, before C++17. */
template <class = void> struct memory_constants {
  static const size_t page_size = 0x10000;
};
template <class T> const size_t memory_constants<T>::page_size;
} // namespace detail

class Memory : public Extern, public detail::memory_constants<> {
  WASM_HH_COPYABLE(Memory, memory)
  using pages_t = uint32_t;

  static auto make(Store *store, const MemoryType *type) -> own<Memory> {
    return detail::own_of<Memory>(wasm_memory_new(to_c(store), type ? type->c() : nullptr));
  }
  auto type() const -> own<MemoryType> { return MemoryType::adopt(wasm_memory_type(to_c(this))); }
  /* The bytes, whose address stays while the memory lives, and their number. */
  auto data() const -> byte_t * { return wasm_memory_data(to_c(const_cast<Memory *>(this))); }
  auto data_size() const -> size_t { return wasm_memory_data_size(to_c(this)); }
  auto size() const -> pages_t { return wasm_memory_size(to_c(this)); }
  auto grow(pages_t delta) -> bool { return wasm_memory_grow(to_c(this), delta); }
};

/* What tells exceptions of wasm apart. */
class Tag : public Extern {
  WASM_HH_COPYABLE(Tag, tag)
  static auto make(Store *store, const TagType *type) -> own<Tag> {
    return detail::own_of<Tag>(wasm_tag_new(to_c(store), type ? type->c() : nullptr));
  }
  auto type() const -> own<TagType> { return TagType::adopt(wasm_tag_type(to_c(this))); }
};

/* A module with its imports, one external an import, in order. Null: *trap says why. */
class Instance : public Ref {
  WASM_HH_COPYABLE(Instance, instance)
  static auto make(Store *store, const Module *module, const vec<Extern *> &imports,
                   own<Trap> *trap = nullptr) -> own<Instance> {
    auto list = vec<wasm_extern_t *>::make_uninitialized(imports ? imports.size() : 0);
    if (!list) return own<Instance>();
    for (size_t i = 0; i < list.size(); ++i) list[i] = to_c(imports[i]);
    const wasm_extern_vec_t c = {list.size(), list.get()};
    wasm_trap_t *c_trap = nullptr;
    auto made = detail::own_of<Instance>(
        wasm_instance_new(to_c(store), to_c(module), &c, trap ? &c_trap : nullptr));
    if (trap) *trap = detail::own_of<Trap>(c_trap);
    return made;
  }
  auto exports() const -> ownvec<Extern> {
    wasm_extern_vec_t c;
    wasm_instance_exports(to_c(this), &c);
    auto v = detail::take_items<Extern>(c, detail::own_of<Extern>);
    wasm_extern_vec_delete(&c);
    return v;
  }
};

#undef WASM_HH_COPYABLE
#undef WASM_HH_OBJECT

} // namespace wasm

#endif
