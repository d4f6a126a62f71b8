/* What hosts give to wasm and do with what it has: functions and stubs in linkers, user data, guest
 * memory, growth that they are asked about. */
#include "fixture.h"

#include "support/failing_alloc.h"

/* ---- host functions in a linker ---- */

static wasm_trap_t *add(void *env, wasmx_caller_t *caller, const wasm_val_vec_t *args,
                        wasm_val_vec_t *results) {
  (void)caller;
  ++*(int *)env;
  results->data[0] = i32_val(args->data[0].of.i32 + args->data[1].of.i32);
  return NULL;
}

static wasm_trap_t *negate(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env, (void)caller;
  slots[0] = wasmx_slot_i32(-slots[0].i32);
  return NULL;
}

static int32_t twice(int32_t v) { return 2 * v; }

static wasm_instance_t *link_of(wasmx_linker_t *linker, wasm_store_t *store, const char *text,
                                wasmx_error_t *err) {
  wasm_module_t *module = module_of(store, text);
  wasm_instance_t *in = wasmx_linker_instantiate(linker, module, NULL, err);
  wasm_module_delete(module);
  return in;
}

static int32_t run(wasm_instance_t *in, int32_t arg) {
  int32_t r = 0;
  wasm_func_t *func = wasmx_instance_func(in, "run");
  assert_null(wasmx_call(func, "i32 -> i32", arg, &r));
  wasm_func_delete(func);
  return r;
}

static void functions_by_signature(void **state) {
  (void)state;
  World w = world_new();
  wasmx_linker_t *linker = wasmx_linker_new(w.store);
  int calls = 0;
  assert_true(
      wasmx_linker_define_func(linker, "env", "add", "(i32, i32) -> i32", add, &calls, NULL));
  assert_true(
      wasmx_linker_define_func_raw(linker, "env", "negate", "(i32) -> i32", negate, NULL, NULL));
  bool native = wasmx_linker_define_func_native(linker, "env", "twice", "(i32) -> i32",
                                                (void (*)(void))twice);
  assert_int_equal(native, wasmx_has("native"));
  if (!native)
    assert_true(
        wasmx_linker_define_func_raw(linker, "env", "twice", "i32 -> i32", negate, NULL, NULL));
  wasm_instance_t *in =
      link_of(linker, w.store,
              "(module (import \"env\" \"add\" (func $a (param i32 i32) (result i32)))"
              " (import \"env\" \"negate\" (func $n (param i32) (result i32)))"
              " (import \"env\" \"twice\" (func $t (param i32) (result i32)))"
              " (func (export \"run\") (param i32) (result i32)"
              "  (call $a (call $n (local.get 0)) (call $t (local.get 0)))))",
              NULL);
  assert_int_equal(run(in, 21), native ? 21 : -42);
  assert_int_equal(calls, 1);
  wasm_instance_delete(in);
  wasmx_linker_delete(linker);
  world_delete(&w);
}

/* The finalizer is run once when all goes well, and never when it does not. */
static void finalizers_of_functions(void **state) {
  (void)state;
  World w = world_new();
  wasmx_linker_t *linker = wasmx_linker_new(w.store);
  int gone = 0;
  void *env = &gone;
  assert_false(wasmx_linker_define_func(NULL, "m", "n", "() -> ()", add, env, count_call));
  assert_false(wasmx_linker_define_func(linker, NULL, "n", "() -> ()", add, env, count_call));
  assert_false(wasmx_linker_define_func(linker, "m", NULL, "() -> ()", add, env, count_call));
  assert_false(wasmx_linker_define_func(linker, "m", "n", NULL, add, env, count_call));
  assert_false(wasmx_linker_define_func(linker, "m", "n", "() ->", add, env, count_call));
  assert_last_error(WASMX_SYNTAX, "value type");
  assert_false(wasmx_linker_define_func(linker, "m", "n", "() -> ()", NULL, env, count_call));
  assert_false(wasmx_linker_define_func(linker, "m", "n", "v128 -> ()", add, env, count_call));
  assert_false(wasmx_linker_define_func_raw(linker, "m", "n", "() -> ()", NULL, env, count_call));
  assert_false(wasmx_linker_define_func_native(linker, "m", "n", "() -> ()", NULL));
  assert_false(
      wasmx_linker_define_func_native(linker, "m", "n", "v128 -> ()", (void (*)(void))twice));
  wasmx_store_collect(w.store);
  assert_int_equal(gone, 0);
  for (uint64_t n = 1;; n++) {
    int before = gone;
    failing_alloc_start(n);
    bool ok = wasmx_linker_define_func(linker, "m", "n", "(i32, i32) -> i32", add, env, count_call);
    bool failed = failing_alloc_stop();
    wasmx_store_collect(w.store);
    assert_true(ok == !failed && gone == before);
    if (ok) break;
  }
  /* Another one takes its place. */
  assert_true(
      wasmx_linker_define_func_raw(linker, "m", "n", "v128 -> v128", negate, env, count_call));
  wasmx_store_collect(w.store);
  assert_int_equal(gone, 1);
  wasmx_linker_delete(linker);
  wasmx_store_collect(w.store);
  assert_int_equal(gone, 2);
  linker = wasmx_linker_new(w.store);
  world_delete(&w);
  assert_false(wasmx_linker_define_func(linker, "m", "n", "() -> ()", add, env, count_call));
  wasmx_linker_delete(linker);
  assert_int_equal(gone, 2);
}

/* ---- stubs ---- */

static const char unknown[] =
    "(module (import \"sys\" \"f\\00\\1b\" (func $f (param i32) (result i64 externref v128)))\n"
    " (import \"sys\" \"known\" (func $k (param i32) (result i32)))\n"
    " (import \"sys\" \"g\" (global $g f64)) (import \"sys\" \"t\" (table 3 9 funcref))\n"
    " (import \"sys\" \"m\" (memory 2 3)) (import \"sys\" \"e\" (tag $e (param i32)))\n"
    " (import \"sys\" \"mut\" (global $v (mut v128)))\n"
    " (func (export \"run\") (param i32) (result i32) (local externref)\n"
    "  (call $f (local.get 0)) (drop) (local.set 1) (drop)\n"
    "  (i32.add (i32.add (memory.size) (table.size 0))\n"
    "   (i32.add (call $k (local.get 0)) (ref.is_null (local.get 1))))))";
static const char functions_only[] =
    "(module (import \"sys\" \"f\\00\\1b\" (func $f (param i32) (result i32)))\n"
    " (func (export \"run\") (param i32) (result i32) (call $f (local.get 0))))";

static void stubs(void **state) {
  (void)state;
  World w = world_new();
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = module_of(w.store, unknown), *plain = module_of(w.store, functions_only);
  wasmx_linker_t *linker = wasmx_linker_new(w.store);
  assert_true(
      wasmx_linker_define_func_raw(linker, "sys", "known", "i32 -> i32", negate, NULL, NULL));
  /* Only functions trap: the rest stays unknown. */
  assert_true(wasmx_linker_define_unknown_imports(linker, module, WASMX_STUB_TRAP, &err));
  assert_null(wasmx_linker_instantiate(linker, module, NULL, &err));
  assert_int_equal(err.code, WASMX_LINK);
  assert_string_equal(err.import_name, "g");
  wasmx_linker_delete(linker);
  linker = wasmx_linker_new(w.store);
  assert_true(wasmx_linker_define_unknown_imports(linker, plain, WASMX_STUB_TRAP, &err));
  wasm_instance_t *in = wasmx_linker_instantiate(linker, plain, NULL, &err);
  wasm_func_t *func = wasmx_instance_func(in, "run");
  assert_trap(wasmx_call(func, "i32 -> i32", 1, NULL), "\"sys\" \"f\\00\\1b\" is not defined");
  wasm_func_delete(func);
  wasm_instance_delete(in);
  wasmx_linker_delete(linker);
  linker = wasmx_linker_new(w.store);
  assert_true(
      wasmx_linker_define_func_raw(linker, "sys", "known", "i32 -> i32", negate, NULL, NULL));
  assert_true(wasmx_linker_define_unknown_imports(linker, module, WASMX_STUB_DEFAULT, &err));
  in = wasmx_linker_instantiate(linker, module, NULL, &err);
  if (!in) fail_msg("%s", err.message);
  assert_int_equal(run(in, 10), 2 + 3 - 10 + 1);
  wasm_instance_delete(in);
  /* What is defined stays, fitting or not. */
  assert_true(wasmx_linker_define_unknown_imports(linker, plain, WASMX_STUB_DEFAULT, &err));
  assert_null(wasmx_linker_instantiate(linker, plain, NULL, &err));
  assert_int_equal(err.code, WASMX_LINK);
  wasmx_linker_delete(linker);
  wasm_module_delete(plain);
  wasm_module_delete(module);
  world_delete(&w);
}

static void stubs_without_defaults(void **state) {
  (void)state;
  World w = world_new(), other = world_new();
  wasmx_error_t err = {.size = sizeof err};
  wasmx_linker_t *linker = wasmx_linker_new(w.store);
  wasm_module_t *module =
      module_of(w.store, "(module (import \"a\" \"f\" (func $f (param i32) (result (ref func))))"
                         " (func (export \"run\") (param i32) (result i32)"
                         "  (drop (call $f (local.get 0))) (i32.const 0)))");
  assert_true(wasmx_linker_define_unknown_imports(linker, module, WASMX_STUB_DEFAULT, &err));
  wasm_instance_t *in = wasmx_linker_instantiate(linker, module, NULL, &err);
  wasm_func_t *func = wasmx_instance_func(in, "run");
  assert_trap(wasmx_call(func, "i32 -> i32", 1, NULL), "\"a\" \"f\" is not defined");
  wasm_func_delete(func);
  wasm_instance_delete(in);
  wasm_module_delete(module);
  static const char *const texts[] = {"(module (import \"a\" \"g\" (global (ref func))))",
                                      "(module (import \"a\" \"g\" (table 1 (ref func))))"};
  for (int i = 0; i < 2; i++) {
    module = module_of(w.store, texts[i]);
    assert_false(wasmx_linker_define_unknown_imports(linker, module, WASMX_STUB_DEFAULT, &err));
    assert_int_equal(err.code, WASMX_LINK);
    assert_string_equal(err.import_name, "g");
    wasm_module_delete(module);
  }
  /* A limit of the store. */
  wasmx_limits_t limits = {sizeof limits, 65536, 10, UINT64_MAX, 0, 0};
  wasmx_store_set_limits(w.store, &limits);
  module = module_of(w.store, "(module (import \"a\" \"m\" (memory 2)))");
  assert_false(wasmx_linker_define_unknown_imports(linker, module, WASMX_STUB_DEFAULT, &err));
  assert_int_equal(err.code, WASMX_LIMIT);
  /* Wrong arguments. */
  assert_false(wasmx_linker_define_unknown_imports(NULL, module, WASMX_STUB_TRAP, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_false(wasmx_linker_define_unknown_imports(linker, NULL, WASMX_STUB_TRAP, &err));
  assert_false(wasmx_linker_define_unknown_imports(linker, module, 0, &err));
  assert_false(wasmx_linker_define_unknown_imports(linker, module, 3, &err));
  wasm_module_t *foreign = module_of(other.store, "(module)");
  assert_false(wasmx_linker_define_unknown_imports(linker, foreign, WASMX_STUB_TRAP, &err));
  assert_non_null(strstr(err.message, "another engine"));
  wasm_module_delete(foreign);
  wasm_module_delete(module);
  wasmx_linker_delete(linker);
  world_delete(&w);
  world_delete(&other);
}

static void stubs_and_failing_allocations(void **state) {
  (void)state;
  World w = world_new();
  wasm_module_t *module = module_of(w.store, unknown);
  for (uint64_t n = 1;; n++) {
    wasmx_linker_t *linker = wasmx_linker_new(w.store);
    wasmx_error_t err = {.size = sizeof err};
    failing_alloc_start(n);
    bool ok = wasmx_linker_define_unknown_imports(linker, module, WASMX_STUB_DEFAULT, &err);
    bool failed = failing_alloc_stop();
    if (!ok) assert_int_equal(err.code, WASMX_OUT_OF_MEMORY);
    assert_true(ok || failed);
    if (ok) {
      wasm_instance_t *in = wasmx_linker_instantiate(linker, module, NULL, &err);
      assert_non_null(in);
      wasm_instance_delete(in);
    }
    wasmx_linker_delete(linker);
    if (!failed) break;
  }
  wasm_module_delete(module);
  world_delete(&w);
}

/* ---- user data ---- */

static wasm_trap_t *look_at_data(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  void **seen = env;
  seen[0] = wasmx_caller_data(caller);
  seen[1] = wasmx_store_get_data(wasmx_caller_store(caller));
  (void)slots;
  return NULL;
}

static wasm_store_t *finalized_store;
static void *data_at_the_end;
static void look_at_the_end(void *env) {
  (void)env;
  data_at_the_end = wasmx_store_get_data(finalized_store);
}

static void user_data(void **state) {
  (void)state;
  World w = world_new();
  int store_gone = 0, first_gone = 0, second_gone = 0;
  void *seen[2] = {NULL, NULL};
  wasmx_linker_t *linker = wasmx_linker_new(w.store);
  assert_true(wasmx_linker_define_func_raw(linker, "", "f", "() -> ()", look_at_data, seen, NULL));
  wasm_instance_t *in =
      link_of(linker, w.store,
              "(module (import \"\" \"f\" (func $f)) (func (export \"run\") (call $f)))", NULL);
  assert_null(wasmx_store_get_data(w.store));
  assert_null(wasmx_instance_get_data(in));
  assert_true(wasmx_store_set_data(w.store, &store_gone, count_call));
  assert_true(wasmx_instance_set_data(in, &first_gone, count_call));
  wasm_func_t *func = wasmx_instance_func(in, "run");
  assert_null(wasmx_func_call_raw(func, NULL));
  assert_true(seen[0] == &first_gone && seen[1] == &store_gone);
  wasm_func_delete(func);
  /* Called by the host there is no instance. */
  wasm_extern_t *host = wasmx_linker_get(linker, "", "f");
  assert_null(wasmx_func_call_raw(wasm_extern_as_func(host), NULL));
  assert_true(!seen[0] && seen[1] == &store_gone);
  wasm_extern_delete(host);
  /* Apart from host info; the same pointer again is not finalized. */
  wasm_instance_set_host_info(in, &w);
  assert_true(wasmx_instance_get_data(in) == &first_gone);
  assert_true(wasmx_instance_set_data(in, &first_gone, count_call));
  assert_int_equal(first_gone, 0);
  assert_true(wasmx_instance_set_data(in, &second_gone, count_call));
  assert_int_equal(first_gone, 1);
  wasm_instance_delete(in);
  wasmx_store_collect(w.store);
  assert_int_equal(second_gone, 1);
  /* The store's goes last: what goes with it may ask. */
  finalized_store = w.store;
  wasm_foreign_t *foreign = wasm_foreign_new(w.store);
  wasm_foreign_set_host_info_with_finalizer(foreign, &w, look_at_the_end);
  wasmx_linker_delete(linker);
  assert_false(wasmx_store_set_data(NULL, NULL, NULL));
  assert_false(wasmx_instance_set_data(NULL, NULL, NULL));
  assert_null(wasmx_store_get_data(NULL));
  assert_null(wasmx_instance_get_data(NULL));
  assert_null(wasmx_caller_data(NULL));
  in = instance_of(w.store, "(module)");
  assert_true(wasmx_instance_set_data(in, &first_gone, count_call));
  world_delete(&w);
  assert_int_equal(store_gone, 1);
  assert_int_equal(first_gone, 2);
  assert_ptr_equal(data_at_the_end, &store_gone);
  assert_null(wasmx_instance_get_data(in));
  assert_false(wasmx_instance_set_data(in, &w, count_call));
  wasm_instance_delete(in);
  wasm_foreign_delete(foreign);
}

/* ---- guest memory ---- */

static const char with_memory[] =
    "(module (import \"\" \"f\" (func $f (param i32 i32) (result i32)))\n"
    " (memory (export \"m\") 1 2) (data (i32.const 16) \"hello\\00\") (data (i32.const 65531) "
    "\"close\")\n"
    " (global $next (mut i32) (i32.const 1024))\n"
    " (func (export \"malloc\") (param i32) (result i32) (global.get $next)\n"
    "  (global.set $next (i32.add (global.get $next) (local.get 0))))\n"
    " (func (export \"wide\") (param i64) (result i64) (i64.const 2048))\n"
    " (func (export \"null\") (param i32) (result i32) (i32.const 0))\n"
    " (func (export \"wild\") (param i32) (result i32) (i32.const 65535))\n"
    " (func (export \"wilder\") (param i64) (result i64) (i64.const -1))\n"
    " (func (export \"crash\") (param i32) (result i32) unreachable)\n"
    " (func (export \"other\") (param i32 i32) (result i32) (i32.const 0))\n"
    " (func (export \"float\") (param f32) (result f32) (local.get 0))\n"
    " (func (export \"run\") (param i32) (result i32) (call $f (local.get 0) (i32.const 100))))";

/* A zero-terminated string of at most 100 bytes at the address: how long it is, or -1; checks that
 * the other helpers agree. */
static wasm_trap_t *measure(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  wasm_byte_vec_t text, same;
  (void)env;
  uint32_t at = slots[0].u32;
  bool there = wasmx_caller_string(caller, at, slots[1].u32, &text);
  if (there) {
    assert_int_equal(strlen(text.data), text.size);
    assert_memory_equal(wasmx_caller_at(caller, at, text.size), text.data, text.size);
    assert_true(wasmx_caller_string_n(caller, at, text.size, 100, &same));
    assert_memory_equal(same.data, text.data, text.size + 1);
    wasm_byte_vec_delete(&same);
  }
  assert_null(wasmx_caller_at(caller, 65536, 1));
  slots[0] = wasmx_slot_i32(there ? (int32_t)text.size : -1);
  wasm_byte_vec_delete(&text);
  return NULL;
}

static wasm_instance_t *memory_instance(World *w) {
  wasmx_linker_t *linker = wasmx_linker_new(w->store);
  assert_true(
      wasmx_linker_define_func_raw(linker, "", "f", "(i32, i32) -> i32", measure, NULL, NULL));
  wasm_instance_t *in = link_of(linker, w->store, with_memory, NULL);
  wasmx_linker_delete(linker);
  assert_non_null(in);
  return in;
}

static void pointers_and_strings(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = memory_instance(&w);
  wasm_memory_t *m = wasmx_instance_memory(in, "m");
  byte_t *base = wasm_memory_data(m);
  assert_ptr_equal(wasmx_memory_at(m, 0, 65536), base);
  assert_ptr_equal(wasmx_memory_at(m, 65536, 0), base + 65536);
  assert_null(wasmx_memory_at(m, 65536, 1));
  assert_null(wasmx_memory_at(m, 65537, 0));
  assert_null(wasmx_memory_at(m, 1, UINT64_MAX));
  assert_null(wasmx_memory_at(m, UINT64_MAX, 2));
  assert_last_error(WASMX_ARGUMENT, "out of bounds");
  assert_null(wasmx_memory_at(NULL, 0, 0));
  wasm_byte_vec_t text;
  assert_true(wasmx_memory_string(m, 16, 100, &text));
  assert_string_equal(text.data, "hello");
  assert_int_equal(text.size, 5);
  wasm_byte_vec_delete(&text);
  assert_true(wasmx_memory_string(m, 16, 5, &text)); /* the zero is one more */
  wasm_byte_vec_delete(&text);
  assert_false(wasmx_memory_string(m, 16, 4, &text));
  assert_last_error(WASMX_LIMIT, "4");
  assert_true(!text.data && !text.size);
  assert_true(wasmx_memory_string(m, 21, 0, &text)); /* "" */
  assert_true(text.size == 0 && text.data && !text.data[0]);
  wasm_byte_vec_delete(&text);
  assert_false(wasmx_memory_string(m, 65531, UINT64_MAX, &text)); /* ends with the memory */
  assert_last_error(WASMX_ARGUMENT, "no end");
  assert_false(wasmx_memory_string(m, 65531, 5, &text));
  assert_last_error(WASMX_ARGUMENT, "no end");
  assert_false(wasmx_memory_string(m, 65531, 4, &text));
  assert_last_error(WASMX_LIMIT, "4");
  assert_false(wasmx_memory_string(m, 65537, 5, &text));
  assert_false(wasmx_memory_string(m, UINT64_MAX, UINT64_MAX, &text));
  assert_true(wasmx_memory_string_n(m, 65531, 5, 5, &text));
  assert_string_equal(text.data, "close");
  wasm_byte_vec_delete(&text);
  assert_false(wasmx_memory_string_n(m, 65531, 5, 4, &text));
  assert_last_error(WASMX_LIMIT, "4");
  assert_false(wasmx_memory_string_n(m, 65531, 6, 100, &text));
  assert_true(wasmx_memory_string_n(m, 65536, 0, 0, &text));
  wasm_byte_vec_delete(&text);
  assert_false(wasmx_memory_string(NULL, 0, 1, &text));
  assert_false(wasmx_memory_string(m, 0, 1, NULL));
  assert_false(wasmx_caller_string(NULL, 0, 1, &text));
  assert_null(wasmx_caller_at(NULL, 0, 0));
  assert_int_equal(run(in, 16), 5);
  assert_int_equal(run(in, 65531), -1);
  assert_int_equal(run(in, -1), -1);
  for (uint64_t n = 1;; n++) {
    failing_alloc_start(n);
    bool ok = wasmx_memory_string(m, 16, 100, &text);
    bool failed = failing_alloc_stop();
    assert_true(ok == !failed);
    wasm_byte_vec_delete(&text);
    if (ok) break;
    assert_last_error(WASMX_OUT_OF_MEMORY, "memory");
  }
  wasm_memory_delete(m);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* The code of the error; 0: none. */
static wasmx_errcode_t copy_in(wasm_instance_t *in, const char *allocator, size_t size,
                               uint64_t *at) {
  static const char bytes[] = "sixteen and more";
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  bool ok = wasmx_instance_alloc_copy(in, allocator, size <= sizeof bytes ? bytes : NULL, size, at,
                                      &trap, &err);
  assert_int_equal(trap != NULL, err.code == WASMX_TRAPPED);
  wasm_trap_delete(trap);
  return ok ? 0 : err.code;
}

static void copies_into_the_guest(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = memory_instance(&w);
  wasm_memory_t *m = wasmx_instance_memory(in, "m");
  uint64_t at = 7;
  assert_int_equal(copy_in(in, NULL, 16, &at), 0);
  assert_int_equal(at, 1024);
  assert_memory_equal(wasm_memory_data(m) + 1024, "sixteen and more", 16);
  assert_int_equal(copy_in(in, "malloc", 3, &at), 0);
  assert_int_equal(at, 1040);
  assert_int_equal(copy_in(in, "wide", 3, &at), 0);
  assert_int_equal(at, 2048);
  assert_int_equal(copy_in(in, "null", 0, &at), 0);
  at = 7;
  assert_int_equal(copy_in(in, "null", 3, &at), WASMX_OUT_OF_MEMORY);
  assert_int_equal(copy_in(in, "wild", 1, &at), 0);
  at = 7;
  assert_int_equal(copy_in(in, "wild", 2, &at), WASMX_LIMIT);
  assert_int_equal(copy_in(in, "wilder", 1, &at), WASMX_LIMIT);
  assert_int_equal(copy_in(in, "wide", SIZE_MAX, &at), WASMX_LIMIT);
  assert_int_equal(copy_in(in, "malloc", (size_t)UINT32_MAX + 1, &at), WASMX_LIMIT);
  assert_int_equal(copy_in(in, "crash", 1, &at), WASMX_TRAPPED);
  assert_int_equal(copy_in(in, "other", 1, &at), WASMX_ARGUMENT);
  assert_int_equal(copy_in(in, "float", 1, &at), WASMX_ARGUMENT);
  assert_int_equal(copy_in(in, "m", 1, &at), WASMX_ARGUMENT);
  assert_int_equal(copy_in(in, "nothing", 1, &at), WASMX_ARGUMENT);
  assert_int_equal(copy_in(NULL, "malloc", 1, &at), WASMX_ARGUMENT);
  assert_int_equal(copy_in(in, "malloc", 1, NULL), WASMX_ARGUMENT);
  assert_int_equal(at, 7);
  wasm_instance_t *bare = instance_of(
      w.store, "(module (func (export \"malloc\") (param i32) (result i32) (i32.const 8)))");
  assert_int_equal(copy_in(bare, NULL, 1, &at), WASMX_ARGUMENT);
  assert_last_error(WASMX_ARGUMENT, "no memory");
  wasm_instance_delete(bare);
  /* What the trap is not wanted of is none for a later call. */
  assert_false(wasmx_instance_alloc_copy(in, "crash", NULL, 1, &at, NULL, NULL));
  assert_int_equal(copy_in(in, NULL, 1, &at), 0);
  wasm_memory_delete(m);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* ---- growth ---- */

typedef struct Watch {
  wasm_store_t *store;
  wasm_func_t *func;
  int asked;
  bool allow, calls;
  wasm_foreign_t *foreign; /* the last handle of what wasm has in its frame */
  wasmx_growth_t last;
} Watch;

static bool may_grow(void *env, const wasmx_growth_t *growth) {
  Watch *watch = env;
  watch->asked++;
  watch->last = *growth;
  if (watch->calls) {
    assert_trap(wasmx_func_call_raw(watch->func, NULL), "middle of an instruction");
    wasm_foreign_delete(wasm_foreign_new(watch->store));
    wasm_foreign_delete(watch->foreign);
    watch->foreign = NULL;
    wasmx_store_collect(watch->store); /* does nothing */
    assert_false(wasmx_store_try_delete(watch->store));
  }
  return watch->allow;
}

static const char grows[] =
    "(module (memory (export \"m\") 1 5) (table (export \"t\") 2 6 externref)\n"
    " (func (export \"none\"))\n"
    " (func (export \"memory\") (param i32) (result i32) (memory.grow (local.get 0)))\n"
    " (func (export \"table\") (param externref i32) (result i32)\n"
    "  (table.grow (local.get 0) (local.get 1))))";

static int32_t grow_memory(wasm_instance_t *in, int32_t delta) {
  int32_t r = 0;
  wasm_func_t *func = wasmx_instance_func(in, "memory");
  assert_null(wasmx_call(func, "i32 -> i32", delta, &r));
  wasm_func_delete(func);
  return r;
}

static int32_t grow_table(wasm_instance_t *in, wasm_ref_t *ref, int32_t delta) {
  int32_t r = 0;
  wasm_func_t *func = wasmx_instance_func(in, "table");
  assert_null(wasmx_call(func, "(externref, i32) -> i32", ref, delta, &r));
  wasm_func_delete(func);
  return r;
}

static void growth_is_asked_for(void **state) {
  (void)state;
  World w = world_new();
  wasm_instance_t *in = instance_of(w.store, grows);
  wasm_memory_t *memory = wasmx_instance_memory(in, "m");
  wasm_table_t *table = wasmx_instance_table(in, "t");
  Watch watch = {.store = w.store, .func = wasmx_instance_func(in, "none")};
  assert_true(wasmx_store_set_growth_callback(w.store, may_grow, &watch));
  assert_int_equal(grow_memory(in, 1), -1);
  assert_int_equal(watch.asked, 1);
  assert_true(watch.last.size == sizeof watch.last && watch.last.kind == WASM_EXTERN_MEMORY);
  assert_true(watch.last.from == 65536 && watch.last.to == 131072 && watch.last.max == 5 * 65536);
  assert_false(wasm_memory_grow(memory, 2));
  assert_int_equal(watch.last.to, 3 * 65536);
  assert_int_equal(grow_table(in, NULL, 3), -1);
  assert_true(watch.last.kind == WASM_EXTERN_TABLE && watch.last.from == 2 && watch.last.to == 5 &&
              watch.last.max == 6);
  assert_false(wasm_table_grow(table, 1, NULL));
  assert_int_equal(watch.asked, 4);
  /* What cannot be, or is nothing, asks nobody. */
  assert_int_equal(grow_memory(in, 0), 1);
  assert_int_equal(grow_memory(in, 5), -1);
  assert_int_equal(grow_table(in, NULL, 0), 2);
  assert_int_equal(grow_table(in, NULL, 5), -1);
  assert_int_equal(watch.asked, 4);
  watch.allow = watch.calls = true;
  assert_int_equal(grow_memory(in, 1), 1);
  int gone = 0;
  watch.foreign = wasm_foreign_new(w.store);
  wasm_foreign_set_host_info_with_finalizer(watch.foreign, &gone, count_call);
  assert_int_equal(grow_table(in, wasm_foreign_as_ref(watch.foreign), 1), 2);
  assert_int_equal(gone, 0);
  watch.calls = false;
  assert_true(wasm_memory_grow(memory, 1));
  assert_true(wasm_table_grow(table, 1, NULL));
  assert_int_equal(wasm_memory_size(memory), 3);
  wasm_ref_t *kept = wasm_table_get(table, 2);
  assert_true(wasm_ref_get_host_info(kept) == &gone);
  wasm_ref_delete(kept);
  assert_null(wasmx_func_call_raw(watch.func, NULL)); /* entries are open again */
  assert_true(wasmx_store_set_growth_callback(w.store, NULL, NULL));
  watch.asked = 0;
  assert_int_equal(grow_memory(in, 1), 3);
  assert_int_equal(watch.asked, 0);
  assert_false(wasmx_store_set_growth_callback(NULL, may_grow, &watch));
  wasm_func_delete(watch.func);
  wasm_table_delete(table);
  wasm_memory_delete(memory);
  wasm_instance_delete(in);
  world_delete(&w);
}

/* Of several kinds of memory: pages of a byte, shared, without a maximum. */
static void growth_of_other_memories(void **state) {
  (void)state;
  World w = world_new();
  Watch watch = {.allow = false};
  assert_true(wasmx_store_set_growth_callback(w.store, may_grow, &watch));
  static const struct {
    const char *text;
    uint64_t from, to, max;
  } rows[] = {
      {"(module (memory (export \"m\") 1))", 65536, 131072, UINT64_MAX},
      {"(module (memory (export \"m\") 10 20 (pagesize 1)))", 10, 11, 20},
      {"(module (memory (export \"m\") 1 3 shared))", 65536, 131072, 3 * 65536},
      {"(module (memory (export \"m\") i64 1))", 65536, 131072, UINT64_MAX},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wasm_instance_t *in = instance_of(w.store, rows[i].text);
    wasm_memory_t *memory = wasmx_instance_memory(in, "m");
    uint64_t pages = wasmx_memory_size(memory);
    assert_false(wasmx_memory_grow(memory, 1, NULL));
    assert_int_equal(wasmx_memory_size(memory), pages);
    assert_true(watch.last.from == rows[i].from && watch.last.to == rows[i].to &&
                watch.last.max == rows[i].max);
    wasm_memory_delete(memory);
    wasm_instance_delete(in);
  }
  world_delete(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(functions_by_signature),
      cmocka_unit_test(finalizers_of_functions),
      cmocka_unit_test(stubs),
      cmocka_unit_test(stubs_without_defaults),
      cmocka_unit_test(stubs_and_failing_allocations),
      cmocka_unit_test(user_data),
      cmocka_unit_test(pointers_and_strings),
      cmocka_unit_test(copies_into_the_guest),
      cmocka_unit_test(growth_is_asked_for),
      cmocka_unit_test(growth_of_other_memories),
  };
  return run_with_text(tests);
}
