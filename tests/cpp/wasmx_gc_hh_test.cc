/* Structs and arrays by C++ types (wasmx_gc.hh), in each tier; with exceptions and without. */
#include "cpp/check.hh"
#include <wasmx_gc.hh>

static const char text[] =
    "(module (type $point (struct (field (mut i32)) (field (mut f64)) (field (mut anyref))))"
    " (type $text (array (mut i8))) (type $longs (array (mut i64)))"
    " (func (export \"move\") (param (ref $point) i32)"
    "  (struct.set $point 0 (local.get 0)"
    "   (i32.add (struct.get $point 0 (local.get 0)) (local.get 1))))"
    " (func (export \"new\") (param f64) (result (ref $point))"
    "  (struct.new $point (i32.const 9) (local.get 0) (ref.i31 (i32.const 1)))))";

static wasmx::Result<void> structs(const wasmx::Store &store, const wasmx::Module &module,
                                   const wasmx::Instance &instance) {
  auto point = wasmx::Type::try_make(module, 0);
  if (!point) return point.error();
  auto p = wasmx::Struct::try_make(store, *point, 3, 0.5, wasmx::Ref());
  if (!p) return p.error();
  auto move = instance.try_func<void(wasmx::Ref, int)>("move");
  if (!move) return move.error();
  CHECK(move->try_call(p->ref(), 4));
  CHECK(*p->try_get<int>(0) == 7 && *p->try_get<double>(1) == 0.5);
  CHECK(p->try_set(0, 8) && *p->try_get<std::uint32_t>(0) == 8);
  CHECK(p->try_set(2, p->ref()) && p->try_get<wasmx::Ref>(2)->same(p->ref()));
  CHECK(!p->try_get<float>(0) && !p->try_get<int>(3) && !p->try_set(0, 1.0));
  CHECK(!p->try_get<int>(2)); /* a reference, which is let go */
  auto type = wasmx::Type::try_of(p->ref());
  CHECK(type && *type == *point && type->is_sub_of(*point) && type->field_count() == 3);
  auto make = instance.try_func<wasmx::Ref(double)>("new");
  if (!make) return make.error();
  auto made = wasmx::Struct::try_from(std::move(*make->try_call(1.5)));
  CHECK(made && *made->try_get<double>(1) == 1.5);
  CHECK(!wasmx::Array::try_from(made->ref().copy()) && !wasmx::Struct::try_from(wasmx::Ref()));
  auto none = wasmx::Struct::try_make(store, *point);
  CHECK(none && *none->try_get<int>(0) == 0 && !*none->try_get<wasmx::Ref>(2));
  CHECK(!wasmx::Struct::try_make(store, *point, 1));
  return {};
}

static wasmx::Result<void> arrays(const wasmx::Engine &engine, const wasmx::Store &store,
                                  const wasmx::Module &module) {
  auto bytes = wasmx::Type::try_make(module, 1), longs = wasmx::Type::try_make(module, 2);
  if (!bytes || !longs) return bytes ? longs.error() : bytes.error();
  auto hello = wasmx::Array::try_text(store, *bytes, "hello");
  CHECK(hello && hello->size() == 5 && *hello->try_text() == "hello");
  CHECK(*hello->try_get<int>(1) == 'e' && hello->try_set(1, int{'a'}) &&
        *hello->try_text() == "hallo");
  CHECK(!hello->try_get<int>(5) && !hello->try_read<std::int64_t>());
  const std::vector<std::int64_t> numbers = {1, -2, 3};
  auto three = wasmx::Array::try_data(store, *longs, wasmx::Span<const std::int64_t>(numbers));
  CHECK(three && *three->try_read<std::int64_t>() == numbers);
  const std::int64_t two[] = {7, 8};
  CHECK(three->try_write(1, wasmx::Span<const std::int64_t>(two)) &&
        *three->try_get<std::int64_t>(2) == 8);
  CHECK(!three->try_write(2, wasmx::Span<const std::int64_t>(two)));
  CHECK(!wasmx::Array::try_text(store, *longs, "hello"));
  auto zeros = wasmx::Array::try_make(store, *longs, 4);
  CHECK(zeros && zeros->size() == 4 && *zeros->try_get<std::int64_t>(3) == 0);
  const wasmx_field_t element = {longs->reference(), WASM_VAR};
  auto lists = wasmx::Type::try_array(engine, element);
  const wasmx::Type copy = *lists;
  CHECK(copy == *lists && *lists != *longs && lists->kind() == WASMX_TYPE_ARRAY);
  auto list = wasmx::Array::try_make(store, *lists, 1);
  CHECK(list && list->try_set(0, zeros->ref()) && !list->try_set(0, hello->ref()));
  CHECK(!wasmx::Type::try_make(module, 9) && !wasmx::Type::try_of(wasmx::Ref()));
  return {};
}

static wasmx::Result<void> run(wasmx_tier_t tier) {
  wasmx::Config config;
  config.tier(tier);
  auto engine = wasmx::Engine::try_make(config);
  if (!engine) return engine.error();
  auto store = wasmx::Store::try_make(*engine);
  if (!store) return store.error();
  auto module = wasmx::Module::try_make(*store, text);
  if (!module) return module.error();
  auto linker = wasmx::Linker::try_make(*store);
  if (!linker) return linker.error();
  auto instance = linker->try_instantiate(*module);
  if (!instance) return instance.error();
  auto done = structs(*store, *module, *instance);
  if (!done) return done;
#if WASMX_EXCEPTIONS
  const wasmx::Type point(*module, 0), bytes(*module, 1);
  const wasmx::Struct p(*store, point, 1, 2.0, wasmx::Ref());
  p.set(0, 5);
  const wasmx::Array zeros(*store, bytes, 3);
  zeros.set(0, 65);
  CHECK(p.get<int>(0) == 5 && zeros.get<int>(0) == 65 && zeros.read<char>()[0] == 'A');
  CHECK(wasmx::Struct::from(p.ref().copy()).get<double>(1) == 2.0);
  CHECK(wasmx::Type::of(wasmx::Array::from(zeros.ref().copy()).ref()) == bytes);
  CHECK(zeros.text().size() == 3);
  try {
    (void)p.get<float>(0);
    FAIL("an int is no float");
  } catch (const wasmx::Error &error) {
    CHECK_CONTAINS(error.what(), "another type");
  }
#endif
  return arrays(*engine, *store, *module);
}

int main() {
  if (!wasmx_has("text")) return 77;
  for (const wasmx_tier_t tier : all_tiers) {
    if (!has_tier(tier)) continue;
    auto done = run(tier);
    if (!done) FAIL(done.error().what());
  }
  return failures() != 0;
}
