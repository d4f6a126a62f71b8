/* libwasi as a host uses it: linker, modules, start, exits, captured output, lives of objects. */
#include "support/failing_alloc.h"
#include "wasi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static wasm_engine_t *engine;
static wasm_store_t *store;

static int set_up(void **state) {
  (void)state;
  engine = wasm_engine_new();
  store = wasm_store_new(engine);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}

static wasm_module_t *module_of(const char *text) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_byte_vec_t bytes = {strlen(text), (byte_t *)(uintptr_t)text};
  wasm_module_t *module = wasmx_module_new(store, &bytes, WASMX_ALLOW_TEXT, &err);
  if (!module) fail_msg("%u:%u: %s", err.line, err.column, err.message);
  return module;
}

/* Runs the module's start; the trap, which must be there when `traps`. */
static wasm_trap_t *run(wasi_config_t *config, const char *text, wasi_ctx_t **keep) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  wasi_ctx_t *wasi = wasi_ctx_new(store, config, &err);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasm_module_t *module = module_of(text);
  assert_non_null(wasi);
  assert_true(wasi_ctx_define(wasi, linker));
  wasm_instance_t *instance = wasmx_linker_instantiate(linker, module, &trap, &err);
  if (instance) {
    assert_true(wasi_start(instance, &trap, &err));
  } else {
    assert_non_null(trap);
  }
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasmx_linker_delete(linker);
  if (keep)
    *keep = wasi;
  else
    wasi_ctx_delete(wasi);
  return trap;
}

static void check_exit(wasm_trap_t *trap, int want) {
  int status = -1;
  assert_non_null(trap);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_EXIT);
  assert_true(wasmx_trap_exit_status(trap, &status));
  assert_int_equal(status, want);
  wasm_trap_delete(trap);
}

#define EXIT "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"

static void exits(void **state) {
  (void)state;
  check_exit(run(wasi_config_new(),
                 "(module " EXIT
                 "(func (export \"_start\") (call $exit (i32.const 0)) unreachable))",
                 NULL),
             0);
  check_exit(run(wasi_config_new(),
                 "(module " EXIT
                 "(func (export \"_start\") (call $exit (i32.const 7)) unreachable))",
                 NULL),
             7);
  /* From deep inside, through an indirect call, and from the start function. */
  check_exit(
      run(wasi_config_new(),
          "(module " EXIT "(table funcref (elem $deep))"
          "(func $deep (param i32) (if (i32.eqz (local.get 0)) (then (call $exit (i32.const 3))))"
          "  (call_indirect (param i32) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))"
          "(func (export \"_start\") (call $deep (i32.const 100)) unreachable))",
          NULL),
      3);
  check_exit(run(wasi_config_new(),
                 "(module " EXIT "(func $s (call $exit (i32.const 4))) (start $s)"
                 "(func (export \"_start\")))",
                 NULL),
             4);
  assert_null(run(wasi_config_new(), "(module (func (export \"_start\")))", NULL));
  wasm_trap_t *trap =
      run(wasi_config_new(), "(module (func (export \"_start\") unreachable))", NULL);
  int status;
  assert_non_null(trap);
  assert_false(wasmx_trap_exit_status(trap, &status));
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_UNREACHABLE);
  wasm_trap_delete(trap);
}

/* A host function between two instances: the inner one's exit ends the outer one too. */
static wasm_trap_t *call_other(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args;
  (void)results;
  wasm_val_vec_t none = WASM_EMPTY_VEC;
  return wasm_func_call(*(wasm_func_t **)env, &none, &none);
}

static void exits_pass_through_hosts(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  wasi_ctx_t *wasi = wasi_ctx_new(store, wasi_config_new(), &err);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasm_module_t *inner_module =
      module_of("(module " EXIT "(func (export \"f\") (call $exit (i32.const 9))))");
  wasm_module_t *outer_module = module_of("(module (import \"host\" \"other\" (func $other))"
                                          "(func (export \"_start\") (call $other) unreachable))");
  wasm_trap_t *trap = NULL;
  assert_true(wasi_ctx_define_for(wasi, linker, inner_module));
  wasm_instance_t *inner = wasmx_linker_instantiate(linker, inner_module, &trap, &err);
  assert_non_null(inner);
  wasm_func_t *f = wasmx_instance_func(inner, "f");
  wasm_functype_t *type = wasm_functype_new_0_0();
  wasm_func_t *other = wasm_func_new_with_env(store, type, call_other, &f, NULL);
  assert_true(wasmx_linker_define(linker, "host", "other", wasm_func_as_extern(other)));
  wasm_instance_t *outer = wasmx_linker_instantiate(linker, outer_module, &trap, &err);
  assert_non_null(outer);
  assert_true(wasi_start(outer, &trap, &err));
  check_exit(trap, 9);
  wasm_func_delete(f);
  wasm_func_delete(other);
  wasm_functype_delete(type);
  wasm_instance_delete(inner);
  wasm_instance_delete(outer);
  wasm_module_delete(inner_module);
  wasm_module_delete(outer_module);
  wasmx_linker_delete(linker);
  wasi_ctx_delete(wasi);
}

static const char hello[] = "(module (import \"wasi_snapshot_preview1\" \"fd_write\""
                            "  (func $write (param i32 i32 i32 i32) (result i32)))"
                            "(memory 1) (data (i32.const 16) \"\\20\\00\\00\\00\\06\\00\\00\\00\") "
                            "(data (i32.const 32) \"hello\\n\")"
                            "(func (export \"_start\") (drop (call $write (i32.const 1) (i32.const "
                            "16) (i32.const 1) (i32.const 8)))))";

static void output_is_captured(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasi_ctx_t *wasi;
  wasm_byte_vec_t out;
  wasi_config_capture_stdout(config, 1 << 20);
  assert_null(run(config, hello, &wasi)); /* the memory is not exported, and found all the same */
  wasi_ctx_take_stdout(wasi, &out);
  assert_int_equal(out.size, 6);
  assert_memory_equal(out.data, "hello\n", 6);
  wasm_byte_vec_delete(&out);
  wasi_ctx_take_stdout(wasi, &out);
  assert_int_equal(out.size, 0);
  wasi_ctx_delete(wasi);
}

static void without_memory_pointers_fault(void **state) {
  (void)state;
  check_exit(
      run(wasi_config_new(),
          "(module " EXIT
          "(import \"wasi_unstable\" \"clock_res_get\" (func $res (param i32 i32) (result i32)))"
          "(func (export \"_start\") (call $exit (call $res (i32.const 0) (i32.const 0)))))",
          NULL),
      21);
}

/* Pointers are into memory 0, whatever it is called and however it is addressed. */
static void memory_zero_is_meant(void **state) {
  (void)state;
  static const char *const texts[] = {
      "(memory 0 1) (memory 1)", /* memory 0 has no page: a fault */
      "(memory 1) (memory (export \"memory\") 0)",
      "(memory i64 1)",
  };
  for (int i = 0; i < 3; i++) {
    char text[512];
    snprintf(text, sizeof text,
             "(module " EXIT
             "(import \"wasi_snapshot_preview1\" \"random_get\" (func $r (param i32 i32) "
             "(result i32))) %s "
             "(func (export \"_start\") (call $exit (call $r (i32.const 65528) (i32.const 8)))))",
             texts[i]);
    check_exit(run(wasi_config_new(), text, NULL), i == 0 ? 21 : 0);
  }
}

/* Two programs of two contexts in one store share nothing; two instances of one context share it.
 */
static void contexts_and_instances(void **state) {
  (void)state;
  const char *close_0 =
      "(module " EXIT
      "(import \"wasi_snapshot_preview1\" \"fd_close\" (func $close (param i32) (result i32)))"
      "(func (export \"_start\") (call $exit (call $close (i32.const 0)))))";
  wasmx_error_t err = {.size = sizeof err};
  wasm_module_t *module = module_of(close_0);
  wasm_instance_t *instances[3];
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasm_trap_t *trap;
  for (int i = 0; i < 3; i++) { /* 0 and 1 of one context */
    if (i != 1) {
      wasi_ctx_t *ctx = wasi_ctx_new(store, wasi_config_new(), &err);
      assert_true(wasi_ctx_define(ctx, linker));
      wasi_ctx_delete(ctx);
    }
    instances[i] = wasmx_linker_instantiate(linker, module, &trap, &err);
    assert_non_null(instances[i]);
  }
  wasmx_linker_delete(linker);
  wasmx_store_collect(store);
  const int want[] = {0, 8, 0};
  for (int i = 0; i < 3; i++) {
    assert_true(wasi_start(instances[i], &trap, &err));
    check_exit(trap, want[i]);
  }
  for (int i = 0; i < 3; i++) wasm_instance_delete(instances[i]);
  wasm_module_delete(module);
}

static void start_finds_entries(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap;
  wasm_extern_vec_t none = WASM_EMPTY_VEC;
  const char *const texts[] = {
      "(module (global $g (mut i32) (i32.const 0)) (func (export \"_initialize\")))",
      "(module)",
      "(module (func (export \"_start\") (param i32)))",
      "(module (global (export \"_start\") i32 (i32.const 0)))",
  };
  for (int i = 0; i < 4; i++) {
    wasm_module_t *module = module_of(texts[i]);
    wasm_instance_t *instance = wasm_instance_new(store, module, &none, NULL);
    err.code = WASMX_OK;
    assert_int_equal(wasi_start(instance, &trap, &err), i == 0);
    assert_null(trap);
    assert_int_equal(err.code, i == 0 ? WASMX_OK : WASMX_ARGUMENT);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
  }
  assert_false(wasi_start(NULL, NULL, NULL));
}

/* The context outlives the host's handle while functions use it; a host's own function wins. */
static wasm_trap_t *answer(void *env, wasmx_caller_t *caller, wasmx_slot_t *slots) {
  (void)env;
  (void)caller;
  slots[0].u64 = 0;
  slots[0].i32 = 42;
  return NULL;
}

static void functions_keep_the_context(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  wasi_config_t *config = wasi_config_new();
  const char *args[] = {"one", "two", "three"};
  wasi_config_set_argv(config, 3, args);
  wasi_ctx_t *wasi = wasi_ctx_new(store, config, &err);
  assert_null(wasi_ctx_func(wasi, "wasi_unstable", "sock_accept"));
  assert_null(wasi_ctx_func(wasi, "wasi_snapshot_preview1", "fd_nothing"));
  assert_null(wasi_ctx_func(wasi, "env", "fd_read"));
  wasm_func_t *f = wasi_ctx_func(wasi, "wasi_snapshot_preview1", "sched_yield");
  assert_non_null(f);
  wasi_ctx_delete(wasi);
  wasmx_slot_t slots[2] = {{.u64 = 99}};
  assert_null(wasmx_func_call_raw(f, slots));
  assert_int_equal(slots[0].i32, 0);
  wasm_func_delete(f);
  wasmx_store_collect(store);

  wasi = wasi_ctx_new(store, wasi_config_new(), &err);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  assert_true(wasi_ctx_define(wasi, linker));
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *own = wasmx_func_new_raw(store, type, answer, NULL, NULL);
  assert_true(
      wasmx_linker_define(linker, "wasi_snapshot_preview1", "fd_close", wasm_func_as_extern(own)));
  wasm_module_t *module = module_of(
      "(module " EXIT
      "(import \"wasi_snapshot_preview1\" \"fd_close\" (func $close (param i32) (result i32)))"
      "(func (export \"_start\") (call $exit (call $close (i32.const 77)))))");
  wasm_trap_t *trap;
  wasm_instance_t *instance = wasmx_linker_instantiate(linker, module, &trap, &err);
  assert_non_null(instance);
  assert_true(wasi_start(instance, &trap, &err));
  check_exit(trap, 42);
  wasm_instance_delete(instance);
  wasm_module_delete(module);
  wasm_func_delete(own);
  wasm_functype_delete(type);
  wasmx_linker_delete(linker);
  wasi_ctx_delete(wasi);
}

/* Every allocation of a whole run fails once: an error or a shorter run, nothing worse. */
static bool run_once(wasm_module_t *module) {
  const char *args[] = {"name", "argument"}, *names[] = {"A", "B"};
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  wasi_config_t *config = wasi_config_new();
  bool ok = config && wasi_config_set_argv(config, 2, args) &&
            wasi_config_set_env(config, 2, names, args) &&
            wasi_config_preopen_dir(config, "/tmp", "/", true);
  if (config) wasi_config_capture_stdout(config, 1000);
  wasi_ctx_t *wasi = wasi_ctx_new(store, config, &err);
  assert_true(wasi || err.code != WASMX_OK);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  ok = wasi && linker && wasi_ctx_define(wasi, linker) && ok;
  wasm_instance_t *instance = ok ? wasmx_linker_instantiate(linker, module, &trap, &err) : NULL;
  ok = instance && wasi_start(instance, &trap, NULL) && !trap;
  wasm_byte_vec_t out = WASM_EMPTY_VEC;
  if (ok) wasi_ctx_take_stdout(wasi, &out);
  ok = ok && out.size == 6;
  wasm_byte_vec_delete(&out);
  wasm_trap_delete(trap);
  wasm_instance_delete(instance);
  wasmx_linker_delete(linker);
  wasi_ctx_delete(wasi);
  return ok;
}

/* A program that asks to end does, even if there is no memory left to say so with. */
static void exits_without_memory(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  wasi_ctx_t *wasi = wasi_ctx_new(store, wasi_config_new(), &err);
  wasm_func_t *exit_func = wasi_ctx_func(wasi, "wasi_snapshot_preview1", "proc_exit");
  assert_non_null(exit_func);
  for (uint64_t n = 1;; n++) {
    wasmx_slot_t slots[1] = {{.u64 = 3}};
    failing_alloc_start(n);
    wasm_trap_t *trap = wasmx_func_call_raw(exit_func, slots);
    bool failed = failing_alloc_stop();
    assert_non_null(trap);
    if (!failed) {
      check_exit(trap, 3);
      break;
    }
    wasm_trap_delete(trap);
  }
  wasm_func_delete(exit_func);
  wasi_ctx_delete(wasi);
}

static void each_allocation_fails_once(void **state) {
  (void)state;
  wasm_module_t *module = module_of(hello);
  uint64_t n = 1;
  bool ok = false;
  for (bool failed = true; failed; n++) {
    failing_alloc_start(n);
    ok = run_once(module);
    failed = failing_alloc_stop();
    wasmx_store_collect(store);
  }
  assert_true(ok);
  assert_true(n > 50);
  wasm_module_delete(module);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(exits, set_up, tear_down),
      cmocka_unit_test_setup_teardown(exits_pass_through_hosts, set_up, tear_down),
      cmocka_unit_test_setup_teardown(output_is_captured, set_up, tear_down),
      cmocka_unit_test_setup_teardown(without_memory_pointers_fault, set_up, tear_down),
      cmocka_unit_test_setup_teardown(memory_zero_is_meant, set_up, tear_down),
      cmocka_unit_test_setup_teardown(contexts_and_instances, set_up, tear_down),
      cmocka_unit_test_setup_teardown(start_finds_entries, set_up, tear_down),
      cmocka_unit_test_setup_teardown(functions_keep_the_context, set_up, tear_down),
      cmocka_unit_test_setup_teardown(exits_without_memory, set_up, tear_down),
      cmocka_unit_test_setup_teardown(each_allocation_fails_once, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
