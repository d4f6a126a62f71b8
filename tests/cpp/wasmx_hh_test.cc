/* wasmx.hh with exceptions: every class, in each tier where wasm runs. */
#include <thread>

#include "cpp/check.hh"
#include "cpp/other_unit.hh"
#include <wasmx.hh>

using namespace std::chrono_literals;
using std::int64_t;
using std::uint32_t;
using std::uint64_t;

/* What was thrown, as an Error; fails when nothing was. */
template <class F> static wasmx::Error error_of(F &&f) {
  try {
    f();
  } catch (const wasmx::Error &error) {
    return error;
  }
  FAIL("nothing was thrown");
  return wasmx::Error("nothing");
}

struct World {
  wasmx::Engine engine;
  wasmx::Store store;
  wasmx::Linker linker;

  explicit World(wasmx_tier_t tier = WASMX_TIER_INTERP, bool fuel = false)
      : engine(config(tier).fuel(fuel)), store(engine), linker(store) {}
  wasmx::Instance load(std::string_view text) const {
    return linker.instantiate(wasmx::Module(store, text));
  }
  static wasmx::Config config(wasmx_tier_t tier) {
    wasmx::Config config;
    CHECK(compiled_configure(config.c(), true));
    config.tier(tier);
    return config;
  }
};

/* ---- calls ---- */

static const char numbers[] =
    "(module (memory (export \"memory\") 1)"
    " (func (export \"add_one\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"
    " (func (export \"i64\") (param i64) (result i64) (i64.sub (local.get 0) (i64.const 1)))"
    " (func (export \"f32\") (param f32) (result f32) (f32.neg (local.get 0)))"
    " (func (export \"f64\") (param f64 f64) (result f64) (f64.mul (local.get 0) (local.get 1)))"
    " (func (export \"none\"))"
    " (func (export \"three\") (param i32) (result i32 f64 i64)"
    "   (local.get 0) (f64.const 2.5) (i64.const -3))"
    " (func (export \"same\") (param externref) (result externref) (local.get 0))"
    " (func (export \"call\") (param funcref i32) (result i32)"
    "   (table.set 0 (i32.const 0) (local.get 0))"
    "   (call_indirect (param i32) (result i32) (local.get 1) (i32.const 0)))"
    " (func (export \"nothing\") (result funcref) (ref.null func))"
    " (table 1 funcref) (global (export \"g\") (mut i32) (i32.const 5))"
    " (global (export \"c\") f64 (f64.const 0.5)))";

static void calls(wasmx_tier_t tier) {
  const World w(tier);
  auto instance = w.load(numbers);
  auto add_one = instance.func<int(int)>("add_one");
  int r = add_one(41);
  CHECK(r == 42 && add_one(INT32_MAX) == INT32_MIN);
  CHECK(instance.func<uint32_t(uint32_t)>("add_one")(UINT32_MAX) == 0);
  CHECK(instance.func<uint64_t(uint64_t)>("i64")(0) == UINT64_MAX);
  CHECK(instance.func<int64_t(long long)>("i64")(INT64_MIN) == INT64_MAX);
  CHECK(instance.func<float(float)>("f32")(1.5f) == -1.5f);
  CHECK(instance.func<double(double, double)>("f64")(1.5, -4) == -6);
  instance.func<void()>("none")();
  auto [a, b, c] = instance.func<std::tuple<int, double, int64_t>(int)>("three")(7);
  CHECK(a == 7 && b == 2.5 && c == -3);
  auto result = add_one.try_call(1);
  CHECK(result && *result == 2 && std::move(result).value_or(9) == 2);
  CHECK(add_one.within(10s, 5) == 6);
  wasmx_slot_t slots[1] = {wasmx_slot_i32(8)};
  add_one.func().call_raw(slots);
  CHECK(slots[0].i32 == 9);
  if (tier == WASMX_TIER_JIT) CHECK(!compiled_fault(w.engine.c(), EXPECT_ALL));
}

static void references(wasmx_tier_t tier) {
  int gone = 0;
  struct Counted {
    std::unique_ptr<int, void (*)(int *)> count;
  };
  {
    const World w(tier);
    auto instance = w.load(numbers);
    auto same = instance.func<wasmx::Ref(wasmx::Ref)>("same");
    auto ref = wasmx::Ref::host(w.store, Counted{{&gone, [](int *n) { ++*n; }}});
    auto back = same(ref);
    CHECK(back && back.same(ref) && back.host<Counted>() == ref.host<Counted>());
    CHECK(ref.host<Counted>()->count.get() == &gone && !ref.host<int>() && ref.copy().same(back));
    CHECK(!same(wasmx::Ref()) && !wasmx::Ref().host<int>());
    auto call = instance.func<int(wasmx::Func, int)>("call");
    const wasmx::Func triple(w.store, [](int x) { return 3 * x; });
    CHECK(call(triple, 5) == 15 && call(instance.get<wasmx::Func>("add_one"), 5) == 6);
    CHECK(triple.typed<int(int)>()(2) == 6 && !triple.ref().host<int>());
    CHECK(error_of([&] { call(wasmx::Func(), 5); }).is_trap());
    CHECK(!instance.func<wasmx::Func()>("nothing")());
    CHECK(gone == 0);
  }
  CHECK(gone == 1);
}

/* Objects that only wasm has, on their way from the host and back, while others are collected. */
static void fresh_references(wasmx_tier_t tier) {
  World w(tier);
  int made = 0;
  w.linker.define("env", "make",
                  [&](int n) { return made++, wasmx::Ref::host(w.store, std::to_string(n)); });
  w.linker.define("env", "join", [&](const wasmx::Ref &a, wasmx::Ref b) {
    return wasmx::Ref::host(w.store, *a.host<std::string>() + *b.host<std::string>());
  });
  auto instance = w.load(
      "(module (import \"env\" \"make\" (func $make (param i32) (result externref)))"
      " (import \"env\" \"join\" (func $join (param externref externref) (result externref)))"
      " (func (export \"pair\") (param i32) (result externref externref)"
      "   (call $join (call $make (local.get 0)) (call $make (i32.const 7)))"
      "   (call $make (local.get 0))))");
  auto pair = instance.func<std::pair<wasmx::Ref, wasmx::Ref>(int)>("pair");
  for (int i = 0; i < 10000; i++) {
    auto [joined, plain] = pair(i);
    const std::string *text = plain.host<std::string>();
    if (!CHECK(text && *text == std::to_string(i))) break;
    if (!CHECK(*joined.host<std::string>() == *text + "7")) break;
  }
  CHECK(made == 30000);
}

static void wrong_types() {
  const World w;
  auto instance = w.load(numbers);
  auto error = error_of([&] { instance.func<int(int64_t)>("add_one"); });
  CHECK(error.code() == WASMX_LINK && !error.is_trap() && !error.trap());
  CHECK_CONTAINS(error.what(), "\"add_one\" is (func (param i32) (result i32)), "
                               "not (func (param i64) (result i32))");
  CHECK(std::strcmp(error.details().expected, "(func (param i64) (result i32))") == 0);
  CHECK(std::strcmp(error.details().found, "(func (param i32) (result i32))") == 0);
  CHECK(!instance.try_func<void(int)>("add_one"));
  CHECK(!instance.try_func<int()>("add_one"));
  CHECK(!instance.try_func<int(int, int)>("add_one"));
  CHECK(!instance.try_func<wasmx::Func(wasmx::Ref)>("same"));
  CHECK_CONTAINS(error_of([&] { instance.func<int(int)>("memory"); }).what(),
                 "is memory, not a func");
  CHECK_CONTAINS(error_of([&] { instance.func<int(int)>("gone"); }).what(),
                 "is nothing, not a func");
  CHECK_CONTAINS(error_of([&] { instance.memory("g"); }).what(), "is global, not a memory");
  CHECK_CONTAINS(error_of([&] { instance.global<float>("g"); }).what(), "\"g\" is i32, not f32");
  /* Told at once where a host function does not fit an import. */
  World other;
  other.linker.define("env", "f", [](int, float) { return 1; });
  error = error_of([&] { other.load("(module (import \"env\" \"f\" (func (param i32 f64))))"); });
  CHECK(error.code() == WASMX_LINK);
  CHECK_CONTAINS(error.details().expected, "f64");
  CHECK_CONTAINS(error.details().found, "f32");
  error = error_of([&] { other.load("(module (import \"env\" \"g\" (func)))"); });
  CHECK(error.code() == WASMX_LINK && std::strcmp(error.details().import_name, "g") == 0);
}

/* ---- host functions ---- */

static int plain_function(int x) { return x + 1000; }

static const char importing[] =
    "(module (import \"env\" \"log\" (func $log (param i32 i32)))"
    " (import \"env\" \"plain\" (func $plain (param i32) (result i32)))"
    " (import \"env\" \"swap\" (func $swap (param i32 f64) (result f64 i32)))"
    " (import \"env\" \"next\" (func $next (result i64)))"
    " (memory (export \"memory\") 1) (data (i32.const 8) \"hello\\00\")"
    " (func (export \"hello\") (call $log (i32.const 8) (i32.const 5)))"
    " (func (export \"far\") (call $log (i32.const 65535) (i32.const 5)))"
    " (func (export \"plain\") (param i32) (result i32) (call $plain (local.get 0)))"
    " (func (export \"swap\") (param i32 f64) (result f64 i32)"
    "   (call $swap (local.get 0) (local.get 1)))"
    " (func (export \"next\") (result i64) (drop (call $next)) (call $next)))";

static void host_functions(wasmx_tier_t tier) {
  auto state = std::make_shared<int>(0);
  std::vector<std::string> lines;
  {
    World w(tier);
    w.linker
        .define("env", "log",
                [&](wasmx::Caller caller, uint32_t text, uint32_t size) {
                  lines.push_back(caller.memory().string(text, size));
                  CHECK(caller.instance() && !caller.interrupted());
                  CHECK(caller.memory().c_string(text) == "hello");
                })
        .define("env", "plain", plain_function)
        .define("env", "swap", [](const int &a, double b) { return std::make_pair(b, a); })
        /* State of its own, which can only be moved. */
        .define("env", "next",
                [state, n = std::make_unique<int64_t>(0)]() mutable { return ++*n; });
    CHECK(state.use_count() == 2);
    auto instance = w.load(importing);
    instance.func<void()>("hello")();
    CHECK(lines.size() == 1 && lines[0] == "hello");
    CHECK(instance.func<int(int)>("plain")(1) == 1001);
    auto swapped = instance.func<std::tuple<double, int>(int, double)>("swap")(3, 4.5);
    CHECK(swapped == std::make_tuple(4.5, 3));
    CHECK(instance.func<int64_t()>("next")() == 2 && instance.func<int64_t()>("next")() == 4);
    /* What the guest asks for in vain is a trap with its frames. */
    auto error = error_of([&] { instance.func<void()>("far")(); });
    CHECK(error.is_trap() && error.trap()->frames().size() == 1);
    CHECK_CONTAINS(error.what(),
                   "5 items of 1 bytes at offset 65535 are beyond the memory's 65536");
    /* The host calls itself: no instance, no memory. */
    const wasmx::Func alone(w.store, [](wasmx::Caller &&caller) {
      return static_cast<uint32_t>(caller.memory().size_bytes()) + (caller.instance() ? 1 : 0);
    });
    CHECK(alone.typed<uint32_t()>()() == 0);
  }
  CHECK(state.use_count() == 1);
}

/* Neither the callable nor what it holds is lost when the function cannot be made. */
static void host_functions_that_fail() {
  auto state = std::make_shared<int>(0);
  CHECK(!wasmx::Func::try_make(nullptr, [state] {}));
  CHECK(state.use_count() == 1);
}

/* ---- errors through wasm ---- */

struct Mine : std::runtime_error {
  int value;
  explicit Mine(int v) : std::runtime_error("mine"), value(v) {}
};

static const char throwing[] =
    "(module (import \"env\" \"f\" (func $f (param i32) (result i32)))"
    " (func $inner (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))"
    " (func (export \"go\") (param i32) (result i32) (call $inner (local.get 0))))";

static void errors_through_wasm(wasmx_tier_t tier) {
  World w(tier);
  std::optional<wasmx::TypedFunc<int(int)>> again;
  w.linker.define("env", "f", [&](int what) -> wasmx::Result<int> {
    switch (what) {
    case 1: throw Mine(what);
    case 2: throw wasmx::Trap("a trap");
    case 3: throw wasmx::Error("an error");
    case 4: return wasmx::Error("an error's value");
    case 5: throw wasmx::Trap::exit(9);
    case 6: return (*again)(1);        /* throws, two calls deep */
    case 7: return again->try_call(2); /* the inner trap as a value */
    default: return what;
    }
  });
  again = w.load(throwing).func<int(int)>("go");
  for (int round = 0; round < 3; round++) {
    for (int what : {1, 6}) {
      int caught = 0;
      try {
        (*again)(what);
      } catch (const Mine &mine) {
        caught = mine.value;
      }
      CHECK(caught == 1);
    }
    CHECK((*again)(100) == 101);
    static const char *const messages[] = {"a trap", "an error", "an error's value"};
    for (int what : {2, 3, 4}) {
      try {
        (*again)(what);
        FAIL("nothing was thrown");
      } catch (const wasmx::Trap &trap) {
        CHECK(trap.code() == WASMX_TRAPPED && trap.trap_code() == WASMX_TRAP_HOST);
        CHECK_CONTAINS(trap.what(), messages[what - 2]);
        CHECK(trap.frames().size() == 2 && trap.frames()[1].func_index == 2 && !trap.exit_status());
      }
    }
    auto exit = again->try_call(5);
    CHECK(!exit && exit.error().trap()->exit_status() == 9);
    auto nested = again->try_call(7);
    CHECK(!nested && contains(nested.error().what(), "a trap"));
  }
}

static void traps() {
  const World w;
  auto instance = w.load("(module $plug (func $deep (unreachable))"
                         " (func $outer (export \"go\") (call $deep)))");
  try {
    instance.func<void()>("go")();
    FAIL("nothing was thrown");
  } catch (const wasmx::Trap &trap) {
    CHECK(trap.trap_code() == WASMX_TRAP_UNREACHABLE);
    auto frames = trap.frames();
    CHECK(frames.size() == 2 && frames[0].func_name == "deep" && frames[1].func_name == "outer");
    CHECK(frames[0].module_name == "plug" && frames[0].module_offset > frames[0].func_offset);
    CHECK_CONTAINS(trap.backtrace(), "plug.outer");
  }
  auto error = error_of([&] { w.load("(module (func $s (unreachable)) (start $s))"); });
  CHECK(error.is_trap() && error.trap()->trap_code() == WASMX_TRAP_UNREACHABLE);
  /* A trap may outlive everything. */
  std::optional<wasmx::Error> kept;
  {
    const World short_lived;
    kept = error_of([&] { short_lived.load("(module (func $s (unreachable)) (start $s))"); });
  }
  CHECK_CONTAINS(kept->what(), "unreachable");
  CHECK(kept->trap()->trap_code() != 0);
}

static void exceptions_of_wasm(wasmx_tier_t tier) {
  World w(tier);
  const auto tag = wasmx::Tag::make<int, double>(w.store);
  const auto other = wasmx::Tag::make<int>(w.store);
  w.linker.define("env", "tag", tag).define("env", "f", [&](int what) {
    if (what == 1) throw tag.exception(5, 0.5);
    if (what == 2) throw other.exception(6);
  });
  auto instance =
      w.load("(module (import \"env\" \"tag\" (tag $e (param i32 f64)))"
             " (import \"env\" \"f\" (func $f (param i32)))"
             " (func (export \"catch\") (param i32) (result i32)"
             "   (block $h (result i32 f64) (try_table (catch $e $h) (call $f (local.get 0)))"
             "     (return (i32.const 0))) (drop))"
             " (func (export \"throw\") (throw $e (i32.const 7) (f64.const 1.5))))");
  auto catching = instance.func<int(int)>("catch");
  CHECK(catching(0) == 0 && catching(1) == 5);
  auto error = error_of([&] { catching(2); });
  CHECK(error.is_trap() && error.trap()->trap_code() == WASMX_TRAP_UNCAUGHT_EXCEPTION);
  CHECK((!tag.caught<int, double>(error)) && *other.caught<int>(error) == std::make_tuple(6));
  error = error_of([&] { instance.func<void()>("throw")(); });
  auto caught = tag.caught<int, double>(error);
  CHECK(caught && *caught == std::make_tuple(7, 1.5));
  CHECK(!tag.caught<int>(error) && !(tag.caught<int, double>(wasmx::Error("no trap"))));
  CHECK_CONTAINS(error_of([&] { (void)tag.exception(1); }).what(), "(param i32 f64)");
}

/* ---- memories, globals, tables ---- */

static void memories() {
  const World w;
  wasmx::Memory memory(w.store, 1, 2);
  CHECK(memory.bytes().size() == 65536 && memory.pages() == 1);
  memory.write<uint32_t>(1, 0x01020304);
  CHECK(memory.bytes()[1] == 4 && memory.read<uint32_t>(1) == 0x01020304);
  memory.write_string(100, "text");
  CHECK(memory.string(100, 4) == "text" && memory.c_string(102) == "xt");
  auto view = memory.view<uint32_t>(100, 2);
  CHECK(view.size() == 2 && view.data() == static_cast<void *>(memory.data() + 100));
  for (uint32_t &each : view) each = 9;
  CHECK(memory.read<uint32_t>(104) == 9);
  CHECK(memory.view<uint64_t>(65536, 0).empty());

  CHECK(!memory.try_view<uint32_t>(65533, 1) && !memory.try_view<uint32_t>(0, 16385));
  CHECK(!memory.try_view<uint32_t>(0, UINT64_MAX) && !memory.try_view<char>(UINT64_MAX, 2));
  CHECK_CONTAINS(memory.try_view<uint32_t>(2, 1).error().what(), "not aligned");
  CHECK(memory.try_read<uint64_t>(65528) && !memory.try_read<uint64_t>(65529));
  CHECK(!memory.try_write<char>(65536, 'x') && !memory.try_write_string(65530, "too long"));
  CHECK(memory.try_write_string(65536, "") && !memory.try_string(65530, 7));
  CHECK(!memory.try_c_string(65536));
  std::memset(memory.data() + 65530, 'x', 6);
  CHECK(!memory.try_c_string(65530));

  const std::uint8_t *base = memory.data();
  CHECK(memory.grow(1) == 1 && memory.data() == base && memory.size_bytes() == 131072);
  CHECK(!memory.try_grow(1) && memory.try_c_string(65530).value() == "xxxxxx");
  CHECK(!wasmx::Memory::try_make(w.store, 2, 1));
}

static void globals_and_tables() {
  World w;
  auto instance = w.load(numbers);
  auto g = instance.global<int>("g");
  g.set(7);
  CHECK(g.get() == 7);
  auto c = instance.global<double>("c");
  CHECK(c.get() == 0.5 && !c.try_set(1) && c.get() == 0.5);
  w.linker.define("env", "g", wasmx::Global(w.store, int64_t(8), true));
  auto user = w.load("(module (import \"env\" \"g\" (global $g (mut i64)))"
                     " (export \"g\" (global $g)) (table (export \"t\") 2 3 funcref)"
                     " (func (export \"get\") (result i64) (global.get $g)))");
  user.global<int64_t>("g").set(-8);
  CHECK(user.func<int64_t()>("get")() == -8);
  auto table = user.table("t");
  CHECK(table.size() == 2 && !table.get(0) && !table.func(1) && !table.func(9));
  const wasmx::Func f(w.store, [] { return 5; });
  table.set(1, f.ref());
  table.grow(1, f.ref());
  CHECK(table.func(1).typed<int()>()() == 5 && table.get(2).same(f.ref()));
  CHECK(!table.try_set(3, f.ref()) && !table.try_grow(1));
  CHECK(!table.try_set(0, wasmx::Ref::host(w.store, 1)) && !table.func(0));
}

static void snapshots() {
  const World w;
  const auto counter =
      w.load("(module (global $n (export \"n\") (mut i32) (i32.const 0))"
             " (func (export \"next\") (result i32)"
             "  (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))");
  CHECK(counter.func<int()>("next")() == 1 && counter.func<int()>("next")() == 2);
  const wasmx::Module kept(w.store, counter.snapshot({{"next", "step"}, {"n", nullptr}}));
  CHECK(kept.exports().size() == 1);
  CHECK(wasmx::Instance(w.store, kept).func<int()>("step")() == 3);
  CHECK(counter.try_snapshot({{"missing", nullptr}}).error().code() == WASMX_ARGUMENT);
}

/* ---- modules ---- */

static void modules() {
  const World w;
  const auto bytes = wasmx::wat2wasm(importing);
  const wasmx::Module module(w.store, bytes);
  auto imports = module.imports();
  CHECK(imports.size() == 4 && imports[0].module == "env" && imports[0].name == "log");
  CHECK(imports[2].type == "(func (param i32 f64) (result f64 i32))");
  auto exports = module.exports();
  CHECK(exports.size() == 6 && exports[0].kind == WASM_EXTERN_MEMORY &&
        exports[0].type == "memory");
  CHECK(module.copy().name() == module.name());
  CHECK(wasmx::Module::deserialize(w.store, module.serialize()).exports().size() == 6);
  CHECK_CONTAINS(wasmx::wasm2wat(bytes), "\"hello\"");

  auto error = error_of([&] { wasmx::Module(w.store, "(module\n  (fnuc))"); });
  CHECK(error.code() == WASMX_SYNTAX && error.details().line == 2);
  CHECK(error_of([&] { wasmx::wat2wasm("(nodule)"); }).code() == WASMX_SYNTAX);
  auto broken = bytes;
  broken.pop_back();
  CHECK(error_of([&] { wasmx::Module(w.store, broken); }).code() == WASMX_MALFORMED);
  CHECK(error_of([&] { wasmx::Module(w.store, "(module)", 0); }).code() == WASMX_MALFORMED);
  CHECK(error_of([&] { wasmx::Module::file(w.store, "/nowhere"); }).code() == WASMX_ARGUMENT);
  CHECK(!wasmx::Module::try_deserialize(w.store, bytes));

  const wasmx::Func f(w.store, [](int x) { return x; });
  const wasmx::Instance by_order(
      w.store,
      wasmx::Module(w.store, "(module (import \"\" \"\" (func (param i32) (result i32))))"), {&f});
  CHECK(by_order.c());
  World other;
  other.linker.define_instance("lib", other.load(numbers));
  auto user = other.load("(module (import \"lib\" \"add_one\" (func $f (param i32) (result i32)))"
                         " (func (export \"two\") (result i32) (call $f (i32.const 1))))");
  CHECK(user.func<int()>("two")() == 2);
}

/* ---- configuration, limits, time ---- */

static void configurations() {
  CHECK(error_of([] { wasmx::Engine(wasmx::Config().stack_size(1).fuel(true)); }).code() ==
        WASMX_ARGUMENT);
  CHECK(!wasmx::Engine::try_make(wasmx::Config().feature("no such thing", true)));
  const wasmx::Engine engine(wasmx::Config()
                                 .tier(WASMX_TIER_INTERP)
                                 .stack_size(1 << 20)
                                 .native_stack_size(1 << 20)
                                 .feature("simd", false)
                                 .compile_threads(0)
                                 .signals(false)
                                 .canonical_nan(true)
                                 .profile(0));
  const wasmx::Store store(engine);
  auto error = error_of([&] { wasmx::Module(store, "(module (func (param v128)))"); });
  CHECK(error.code() == WASMX_UNSUPPORTED && std::strcmp(error.details().proposal, "simd") == 0);
  CHECK(engine.stats().functions == 0);
}

static const char spinning[] =
    "(module (memory (export \"memory\") 1) (func (export \"spin\") (loop (br 0)))"
    " (func (export \"one\") (result i32) (i32.const 1)))";

static uint32_t code_of(const wasmx::Error &error) {
  auto trap = error.trap();
  return trap ? trap->trap_code() : 0;
}

static void time_and_limits(wasmx_tier_t tier) {
  World w(tier, true);
  w.store.set_fuel(1000000);
  auto instance = w.load(spinning);
  auto spin = instance.func<void()>("spin");
  auto one = instance.func<int()>("one");
  CHECK(code_of(error_of([&] { spin(); })) == WASMX_TRAP_OUT_OF_FUEL);
  CHECK(!one.try_call());
  w.store.set_fuel(UINT64_MAX);
  CHECK(one() == 1 && w.store.fuel() > 0);

  CHECK(code_of(error_of([&] { spin.within(10ms); })) == WASMX_TRAP_INTERRUPTED && one() == 1);
  CHECK(code_of(spin.try_within(0s).error()) == WASMX_TRAP_INTERRUPTED);
  CHECK(one.within(std::chrono::hours(24 * 365 * 1000)) == 1);
  w.store.set_deadline(std::chrono::duration<double>(0.01));
  CHECK(code_of(error_of([&] { spin(); })) == WASMX_TRAP_INTERRUPTED);
  CHECK(w.store.interrupted() && !spin.try_call());
  w.store.clear_deadline();
  CHECK(one() == 1);
  w.store.interrupt();
  CHECK(!spin.try_call());
  w.store.clear_interrupt();
  CHECK(one() == 1);

  auto handle = w.store.interrupt_handle();
  std::thread stopper([&handle] {
    std::this_thread::sleep_for(5ms);
    handle.raise();
  });
  CHECK(code_of(error_of([&] { spin(); })) == WASMX_TRAP_INTERRUPTED);
  stopper.join();
  w.store.clear_interrupt();

  wasmx::Limits limits;
  limits.memory_bytes = 2 * 65536;
  w.store.set_limits(limits);
  auto memory = instance.memory();
  CHECK(memory.grow(1) == 1 && memory.try_grow(1).error().code() == WASMX_LIMIT);
  CHECK(w.store.usage().memory_bytes == 2 * 65536 && w.store.usage().instances == 1);
  auto beside = w.store.beside();
  CHECK(!wasmx::Memory::try_make(beside, 1));
  w.store.collect();
  World without;
  CHECK(error_of([&] { without.store.set_fuel(1); }).code() == WASMX_ARGUMENT);
}

/* ---- moved from ---- */

/* What was moved from, and what outlives its store, fails and does nothing worse. */
static void moved_from() {
  std::optional<World> w(std::in_place);
  auto instance = w->load(numbers);
  auto taken = std::move(instance);
  /* NOLINTBEGIN(bugprone-use-after-move) */
  CHECK(!instance.try_func<int(int)>("add_one") && !instance.try_memory());
  auto add_one = taken.func<int(int)>("add_one");
  auto called = std::move(add_one);
  CHECK(called(1) == 2);
  CHECK(!add_one.func());
  auto memory = taken.memory();
  auto mine = std::move(memory);
  CHECK(memory.bytes().empty() && !memory.try_read<char>(0) && !memory.try_grow(1));
  wasmx::Module module(w->store, numbers);
  auto kept = std::move(module);
  CHECK(module.exports().empty() && !w->linker.try_instantiate(module) && !module.try_serialize());
  auto linker = std::move(w->linker);
  CHECK(!w->linker.try_define("a", "b", [] {}) && !w->linker.try_instantiate(kept));
  wasmx::Store store(w->engine);
  auto other = std::move(store);
  CHECK(!wasmx::Module::try_make(store, numbers) && !wasmx::Linker::try_make(store));
  CHECK(!wasmx::Memory::try_make(store, 1) && !store.try_set_fuel(1));
  CHECK(!store.try_set_deadline(1s) && !store.try_interrupt_handle() && !store.try_beside());
  auto engine = std::move(w->engine);
  CHECK(!wasmx::Store::try_make(w->engine));
  /* NOLINTEND(bugprone-use-after-move) */
  w.reset();
  auto late = called.try_call(1);
  CHECK(!late && late.error().is_trap());
  CHECK(mine.bytes().empty() && !taken.try_func<int(int)>("add_one"));
}

int main() {
  for (auto tier : all_tiers) {
    if (!has_tier(tier)) continue;
    calls(tier);
    references(tier);
    fresh_references(tier);
    host_functions(tier);
    errors_through_wasm(tier);
    exceptions_of_wasm(tier);
    time_and_limits(tier);
  }
  wrong_types();
  host_functions_that_fail();
  traps();
  memories();
  globals_and_tables();
  snapshots();
  modules();
  configurations();
  moved_from();
  CHECK(other_unit(20) == 42);
  return failures() != 0;
}
