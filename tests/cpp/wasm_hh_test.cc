/* wasm.hh: every class, used as programs written against upstream's header use it: modules called,
 * reflected on, shared between threads and stored; callbacks, closures and their finalizers;
 * globals, tables, memories, tags; references and host info; traps and their frames. C++11. */
#include <thread>

#include "cpp/check.hh"
#include <wasm.hh>

using wasm::own;
using wasm::ownvec;
using wasm::Val;
using wasm::ValKind;
using wasm::ValType;
using wasm::vec;
using Vals = vec<Val>;

static auto binary_of(const char *text) -> vec<byte_t> {
  wasm_byte_vec_t bytes;
  if (!CHECK(wasmx_wat2wasm(text, std::strlen(text), &bytes, nullptr)))
    return vec<byte_t>::invalid();
  auto v = vec<byte_t>::make_uninitialized(bytes.size);
  std::memcpy(v.get(), bytes.data, bytes.size);
  wasm_byte_vec_delete(&bytes);
  return v;
}

struct World {
  own<wasm::Engine> engine = wasm::Engine::make();
  own<wasm::Store> owned = wasm::Store::make(engine.get());
  wasm::Store *store = owned.get();

  auto module(const char *text) const -> own<wasm::Module> {
    return wasm::Module::make(store, binary_of(text));
  }
  auto instance(const char *text, vec<wasm::Extern *> imports = vec<wasm::Extern *>::make()) const
      -> own<wasm::Instance> {
    return wasm::Instance::make(store, module(text).get(), imports);
  }
};

static auto type_of(ValKind kind) -> own<ValType> { return ValType::make(kind); }
static auto i32_to_i32() -> own<wasm::FuncType> {
  return wasm::FuncType::make(ownvec<ValType>::make(type_of(ValKind::I32)),
                              ownvec<ValType>::make(type_of(ValKind::I32)));
}

/* ---- arrays and ownership ---- */

static void vecs() {
  auto v = vec<int>::make(1, 2, 3);
  CHECK(v && v.size() == 3 && v[2] == 3);
  auto copy = v.copy();
  auto moved = std::move(v);
  CHECK(!v && moved && copy.size() == 3 && copy[0] == 1); // NOLINT(bugprone-use-after-move)
  CHECK(!v.copy());
  auto *same = &moved;
  moved = std::move(*same);
  CHECK(moved.size() == 3);
  v.reset(moved);
  CHECK(!moved && v.size() == 3);
  const int *data = v.get();
  auto adopted = vec<int>::adopt(3, v.release());
  CHECK(!v && adopted.get() == data);
  adopted.reset();
  CHECK(!adopted && !vec<int>::invalid());
  CHECK(vec<int>::make() && vec<int>::make().size() == 0 && !vec<int>::make().get());

  auto name = wasm::Name::make(std::string("a\0b", 3));
  CHECK(name.size() == 3 && name[2] == 'b');
  CHECK(wasm::Message::make_nt(std::string("why")).size() == 4);

  auto types = ownvec<ValType>::make(type_of(ValKind::I32), own<ValType>());
  auto deep = types.deep_copy();
  CHECK(deep.size() == 2 && deep[0]->kind() == ValKind::I32 && !deep[1]);
  auto vals = Vals::make(Val::i32(1), Val::f64(0.5));
  CHECK(vals.deep_copy()[1].f64() == 0.5);
}

static void vals() {
  CHECK(Val().is_ref() && !Val().ref());
  CHECK(Val::make<uint32_t>(UINT32_MAX).i32() == -1);
  CHECK(Val::make<uint64_t>(UINT64_MAX).get<uint64_t>() == UINT64_MAX);
  CHECK(Val::make<float>(1.5f).get<float>() == 1.5f && Val::f64(2.5).get<double>() == 2.5);
  CHECK(Val::i64(-1).kind() == ValKind::I64 && Val::i64(-1).is_num());
  const World w;
  auto foreign = wasm::Foreign::make(w.store);
  Val a = Val::make(foreign->copy());
  Val b = a.copy();
  CHECK(a.ref() != b.ref() && a.ref()->same(b.ref()) && a.get<wasm::Ref *>() == a.ref());
  Val c = std::move(a);
  CHECK(!a.ref() && c.ref()); // NOLINT(bugprone-use-after-move)
  auto *same = &c;
  c = std::move(*same);
  CHECK(c.ref());
  c = Val::i32(3);
  CHECK(c.i32() == 3);
  b.reset();
  CHECK(!b.ref() && b.is_ref());
  Val d = Val::ref(foreign->copy());
  const own<wasm::Ref> released = d.release_ref();
  CHECK(!d.ref() && released->same(foreign.get()));
}

/* ---- types ---- */

static void types() {
  auto func = i32_to_i32();
  CHECK(func->kind() == wasm::ExternKind::FUNC && func->params().size() == 1);
  CHECK(func->results()[0]->kind() == ValKind::I32 && func->params()[0]->is_num());
  auto func2 = func->copy();
  func.reset();
  CHECK(func2->func() == func2.get() && !func2->global() && !func2->memory());

  auto global = wasm::GlobalType::make(type_of(ValKind::EXTERNREF), wasm::Mutability::VAR);
  CHECK(global->content()->is_ref() && global->mutability() == wasm::Mutability::VAR);
  CHECK(wasm::is_ref(ValKind::FUNCREF) && wasm::is_num(ValKind::F64));
  auto table = wasm::TableType::make(type_of(ValKind::FUNCREF), wasm::Limits(1, 5));
  CHECK(table->limits().max == 5 && table->element()->kind() == ValKind::FUNCREF);
  auto memory = wasm::MemoryType::make(wasm::Limits(2));
  CHECK(memory->limits().min == 2 && memory->limits().max == wasm::Limits(0).max);
  auto tag =
      wasm::TagType::make(wasm::FuncType::make(ownvec<ValType>::make(type_of(ValKind::F32))));
  CHECK(tag->functype()->params().size() == 1 && tag->copy()->tag());

  own<wasm::ExternType> any = std::move(table);
  const wasm::ExternType *view = any.get();
  CHECK(view->table() && view->table()->limits().min == 1 && !view->func() && !view->tag());
  CHECK(any->copy()->table() && any->table() == view->table());
  any = std::move(global);
  CHECK(any->global() && any->copy()->global()->content()->is_ref());

  auto import = wasm::ImportType::make(wasm::Name::make(std::string("m")),
                                       wasm::Name::make(std::string("n")), std::move(any));
  auto import2 = import->copy();
  import.reset();
  CHECK(import2->module()[0] == 'm' && import2->name().size() == 1 && import2->type()->global());
  auto exported = wasm::ExportType::make(wasm::Name::make(std::string("e")), memory->copy());
  CHECK(exported->copy()->type()->memory()->limits().min == 2 && exported->name()[0] == 'e');
  CHECK(!wasm::ExportType::make(wasm::Name::make(std::string("e")), nullptr));
  CHECK(!wasm::GlobalType::make(nullptr, wasm::Mutability::VAR));
  CHECK(!wasm::FuncType::adopt(nullptr) && !wasm::ExternType::adopt(nullptr));
}

/* ---- functions ---- */

static auto twice(const Vals &args, Vals &results) -> own<wasm::Trap> {
  CHECK(args.size() == 1 && results.size() == 1);
  results[0] = Val::i32(args[0].i32() * 2);
  return nullptr;
}
static auto plus_env(void *env, const Vals &args, Vals &results) -> own<wasm::Trap> {
  results[0] = Val::i32(args[0].i32() + *static_cast<int *>(env));
  return nullptr;
}
static void count_down(void *env) { --*static_cast<int *>(env); }

static void functions() {
  int env = 100;
  {
    const World w;
    auto type = i32_to_i32();
    auto plain = wasm::Func::make(w.store, type.get(), twice);
    auto closure = wasm::Func::make(w.store, type.get(), plus_env, &env, count_down);
    auto instance = w.instance(
        "(module (import \"\" \"a\" (func $a (param i32) (result i32)))"
        " (import \"\" \"b\" (func $b (param i32) (result i32)))"
        " (func (export \"run\") (param i32) (result i32) (call $b (call $a (local.get 0)))))",
        vec<wasm::Extern *>::make(plain.get(), closure.get()));
    auto exports = instance->exports();
    CHECK(exports.size() == 1 && exports[0]->kind() == wasm::ExternKind::FUNC);
    wasm::Func *run = exports[0]->func();
    CHECK(!exports[0]->table() && run->param_arity() == 1 && run->result_arity() == 1);
    CHECK(run->type()->results().size() == 1);
    auto results = Vals::make_uninitialized(1);
    CHECK(!run->call(Vals::make(Val::i32(7)), results) && results[0].i32() == 114);
    /* Wrong arguments trap, and leave the results alone. */
    auto trap = run->call(Vals::make(), results);
    CHECK(trap && results[0].i32() == 114);
    CHECK(run->call(Vals::make(Val::i64(7)), results));
    auto none = Vals::make();
    CHECK(run->call(Vals::make(Val::i32(7)), none));
    CHECK(!wasm::Func::make(w.store, nullptr, twice));
    CHECK(!wasm::Func::make(w.store, nullptr, plus_env, &env, count_down) && env == 100);
    CHECK(plain->copy()->same(plain.get()) && !plain->same(closure.get()));
  }
  CHECK(env == 99);
}

static auto identity(const Vals &args, Vals &results) -> own<wasm::Trap> {
  results[0] = args[0].copy();
  return nullptr;
}

/* References of results are not lost when results are used again. */
static void references() {
  int gone = 0;
  {
    const World w;
    auto type = wasm::FuncType::make(ownvec<ValType>::make(type_of(ValKind::EXTERNREF)),
                                     ownvec<ValType>::make(type_of(ValKind::EXTERNREF)));
    auto func = wasm::Func::make(w.store, type.get(), identity);
    auto foreign = wasm::Foreign::make(w.store);
    foreign->set_host_info(&gone, [](void *info) { ++*static_cast<int *>(info); });
    CHECK(foreign->get_host_info() == &gone);
    auto args = Vals::make(Val::ref(foreign->copy()));
    auto results = Vals::make_uninitialized(1);
    for (int i = 0; i < 3; i++) CHECK(!func->call(args, results));
    CHECK(results[0].ref() && results[0].ref()->same(foreign.get()));
    CHECK(!func->call(args, args) && args[0].ref()->same(foreign.get()));
    /* A function as a value, as any reference. */
    args[0] = Val::ref(func->copy());
    CHECK(!func->call(args, results) && results[0].ref()->same(func.get()));
    CHECK(gone == 0);
  }
  CHECK(gone == 1);
}

/* ---- globals, tables, memories, tags ---- */

static void externals() {
  const World w;
  auto type = wasm::GlobalType::make(type_of(ValKind::I64), wasm::Mutability::VAR);
  auto global = wasm::Global::make(w.store, type.get(), Val::i64(1));
  global->set(Val::i64(5));
  CHECK(global->get().i64() == 5 && global->type()->mutability() == wasm::Mutability::VAR);
  CHECK(!wasm::Global::make(w.store, type.get(), Val::i32(1)));
  CHECK(!wasm::Global::make(w.store, nullptr, Val::i32(1)));

  auto table_type = wasm::TableType::make(type_of(ValKind::FUNCREF), wasm::Limits(2, 3));
  auto table = wasm::Table::make(w.store, table_type.get());
  auto func_type = i32_to_i32();
  auto func = wasm::Func::make(w.store, func_type.get(), twice);
  CHECK(table->size() == 2 && !table->get(0) && table->set(1, func.get()));
  CHECK(table->get(1)->same(func.get()) && !table->set(2, func.get()));
  CHECK(table->grow(1, func.get()) && table->get(2) && !table->grow(1));
  CHECK(table->type()->limits().max == 3);

  auto memory_type = wasm::MemoryType::make(wasm::Limits(1, 2));
  auto memory = wasm::Memory::make(w.store, memory_type.get());
  const size_t &page_size = wasm::Memory::page_size; /* has an address */
  CHECK(memory->size() == 1 && memory->data_size() == page_size && memory->grow(1));
  memory->data()[page_size] = 7;
  CHECK(!memory->grow(1) && memory->size() == 2 && memory->type()->limits().max == 2);

  auto tag_type = wasm::TagType::make(wasm::FuncType::make());
  auto tag = wasm::Tag::make(w.store, tag_type.get());
  CHECK(tag->type()->functype()->params().size() == 0);
  wasm::Extern *any = tag.get();
  CHECK(any->kind() == wasm::ExternKind::TAG && any->tag() == tag.get() && !any->memory());
  const wasm::Extern *const_any = memory.get();
  CHECK(const_any->memory() == memory.get() && !const_any->func() && const_any->type()->memory());
  own<wasm::Ref> ref = std::move(memory);
  CHECK(ref->copy()->same(ref.get()));

  /* What is deleted first does not matter. */
  auto copy = table->copy();
  table.reset();
  CHECK(copy->size() == 3);
  CHECK(wasm::to_c(copy.get()) && wasm::from_c<wasm::Table>(wasm::to_c(copy.get())) == copy.get());
}

/* ---- modules ---- */

static const char reflected[] =
    "(module (import \"env\" \"log\" (func (param i32 f64))) (import \"env\" \"m\" (memory 1 4))"
    " (func (export \"f\") (result i64) (i64.const 42)) (global (export \"g\") f32 (f32.const 1))"
    " (table (export \"t\") 5 externref) (tag (export \"e\") (param i32)))";

static void modules() {
  const World w;
  auto binary = binary_of(reflected);
  CHECK(wasm::Module::validate(w.store, binary));
  auto module = wasm::Module::make(w.store, binary);
  binary[0] = 'X';
  CHECK(!wasm::Module::validate(w.store, binary) && !wasm::Module::make(w.store, binary));
  CHECK(!wasm::Module::make(w.store, vec<byte_t>::invalid()));

  auto imports = module->imports();
  CHECK(imports.size() == 2 && imports[0]->type()->func()->params()[1]->kind() == ValKind::F64);
  CHECK(imports[1]->module().size() == 3 && imports[1]->type()->memory()->limits().max == 4);
  auto exports = module->exports();
  CHECK(exports.size() == 4 && exports[0]->type()->func()->results().size() == 1);
  CHECK(exports[1]->type()->global()->mutability() == wasm::Mutability::CONST);
  CHECK(exports[2]->type()->table()->limits().min == 5 && exports[2]->name()[0] == 't');
  CHECK(exports[3]->type()->tag());

  auto bytes = module->serialize();
  auto again = wasm::Module::deserialize(w.store, bytes);
  CHECK(again && again->exports().size() == 4 && module->copy()->same(module.get()));
  CHECK(!wasm::Module::deserialize(w.store, vec<byte_t>::make(std::string("no"))));

  /* Missing imports do not link. */
  own<wasm::Trap> trap;
  CHECK(!wasm::Instance::make(w.store, module.get(), vec<wasm::Extern *>::make(), &trap) && trap);
}

static void shared_modules() {
  const World w;
  auto module = w.module("(module (func (export \"f\") (result i32) (i32.const 5)))");
  auto shared = module->share();
  int sum = 0;
  for (int i = 0; i < 3; i++) {
    std::thread thread([&] {
      auto store = wasm::Store::make(w.engine.get());
      auto mine = wasm::Module::obtain(store.get(), shared.get());
      auto instance = wasm::Instance::make(store.get(), mine.get(), vec<wasm::Extern *>::make());
      auto results = Vals::make_uninitialized(1);
      CHECK(!instance->exports()[0]->func()->call(Vals::make(), results));
      sum += results[0].i32();
    });
    thread.join();
  }
  CHECK(sum == 15);
}

/* ---- traps ---- */

static auto failing(const Vals &, Vals &) -> own<wasm::Trap> {
  return wasm::Trap::make(nullptr, wasm::Message::make_nt(std::string("the host says no")));
}

static void traps() {
  const World w;
  auto func_type = wasm::FuncType::make();
  auto host = wasm::Func::make(w.store, func_type.get(), failing);
  auto instance = w.instance("(module (import \"\" \"f\" (func $f)) (func (export \"a\") (call $f))"
                             " (func $u (unreachable)) (func (export \"b\") (call $u)))",
                             vec<wasm::Extern *>::make(host.get()));
  auto exports = instance->exports();
  auto none = Vals::make();
  auto trap = exports[0]->func()->call(none, none);
  auto message = trap->message();
  CHECK(std::string(message.get(), message.size() - 1) == "the host says no");
  trap = exports[1]->func()->call(none, none);
  auto frames = trap->trace();
  CHECK(frames.size() == 2 && frames[0]->func_index() == 2 && frames[1]->func_index() == 3);
  auto origin = trap->origin();
  CHECK(origin->copy()->module_offset() == frames[0]->module_offset() &&
        origin->func_offset() > 0 && origin->instance()->same(instance.get()));
  CHECK(trap->copy()->same(trap.get()));

  own<wasm::Trap> at_start;
  auto module = w.module("(module (func $s (unreachable)) (start $s))");
  CHECK(!wasm::Instance::make(w.store, module.get(), vec<wasm::Extern *>::make(), &at_start));
  CHECK(at_start && at_start->origin());
  auto made = wasm::Trap::make(w.store, wasm::Message::make_nt(std::string("made")));
  CHECK(!made->origin() && made->trace().size() == 0);
}

#ifdef __cpp_exceptions
struct Thrown {
  int value;
};
static auto throwing(const Vals &args, Vals &results) -> own<wasm::Trap> {
  results[0] = Val::i32(1);
  throw Thrown{args[0].i32()};
}

/* An exception of a callback comes out of the call, in each tier; what the callback was lent is not
 * deleted. */
static void exceptions() {
  for (auto tier : all_tiers) {
    if (!has_tier(tier)) continue;
    auto config = wasm::Config::make();
    CHECK(wasmx_config_set_tier(wasm::to_c(config.get()), tier));
    auto engine = wasm::Engine::make(std::move(config));
    auto store = wasm::Store::make(engine.get());
    auto type = i32_to_i32();
    auto host = wasm::Func::make(store.get(), type.get(), throwing);
    auto module = wasm::Module::make(
        store.get(),
        binary_of("(module (import \"\" \"f\" (func $f (param i32) (result i32)))"
                  " (func (export \"g\") (param i32) (result i32) (call $f (local.get 0))))"));
    auto instance =
        wasm::Instance::make(store.get(), module.get(), vec<wasm::Extern *>::make(host.get()));
    auto exports = instance->exports();
    auto results = Vals::make_uninitialized(1);
    for (int i = 0; i < 3; i++) {
      int caught = -1;
      try {
        exports[0]->func()->call(Vals::make(Val::i32(i)), results);
      } catch (const Thrown &thrown) {
        caught = thrown.value;
      }
      CHECK(caught == i);
    }
  }
}
#else
static void exceptions() {}
#endif

int main() {
  vecs();
  vals();
  types();
  functions();
  references();
  externals();
  modules();
  shared_modules();
  traps();
  exceptions();
  return failures() != 0;
}
