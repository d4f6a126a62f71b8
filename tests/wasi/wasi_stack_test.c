/* Calls of a program that has used up its stack, on a host's smallest threads: what libwasi keeps
 * on the native stack fits into what is left below wasm. */
#include "api/fixture.h"
#include "support/temporary.h"

#include <pthread.h>
#include <unistd.h>
#include <wasi.h>

/* "f" calls the function of its number, then itself, deeper and deeper. The iovecs are empty. */
static const char program[] =
    "(module"
    " (import \"wasi_snapshot_preview1\" \"fd_write\""
    "   (func $fd_write (param i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"path_open\""
    "   (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"path_filestat_get\""
    "   (func $stat (param i32 i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"path_readlink\""
    "   (func $readlink (param i32 i32 i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"path_rename\""
    "   (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))"
    " (import \"wasi_snapshot_preview1\" \"fd_close\" (func $close (param i32) (result i32)))"
    " (memory (export \"memory\") 1)"
    " (data (i32.const 64) \"a/b/../c/./file\")"
    " (func $must (param i32) (if (local.get 0) (then unreachable)))"
    " (func $once (param i32)"
    "   (if (i32.eq (local.get 0) (i32.const 0)) (then"
    "     (call $must (call $fd_write (i32.const 1) (i32.const 4096) (i32.const 1024)"
    "       (i32.const 32)))))"
    "   (if (i32.eq (local.get 0) (i32.const 1)) (then"
    "     (call $must (call $path_open (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 15)"
    "       (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))"
    "     (call $must (call $close (i32.load (i32.const 32))))))"
    "   (if (i32.eq (local.get 0) (i32.const 2)) (then"
    "     (call $must (call $stat (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 15)"
    "       (i32.const 128)))))"
    "   (if (i32.eq (local.get 0) (i32.const 3)) (then"
    "     (call $must (i32.eqz (call $readlink (i32.const 3) (i32.const 64) (i32.const 15)"
    "       (i32.const 4096) (i32.const 256) (i32.const 32))))))"
    "   (if (i32.eq (local.get 0) (i32.const 4)) (then"
    "     (call $must (call $rename (i32.const 3) (i32.const 64) (i32.const 15) (i32.const 3)"
    "       (i32.const 64) (i32.const 15))))))"
    " (func $f (export \"f\") (param i32) (call $once (local.get 0)) (call $f (local.get 0))"
    "   (call $once (local.get 0))))";

enum { CALLS = 5, RESOLVERS = 3 };
static char folder[TEMPORARY_SIZE];

typedef struct Thread {
  wasm_engine_t *engine;
  int resolver;
  uint32_t codes[CALLS];
} Thread;

static wasi_ctx_t *ctx_new(wasm_store_t *store, int resolver) {
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_resolver(config, resolver);
  wasi_config_preopen_dir(config, folder, "/", true);
  wasi_config_set_audit_file(config, "/dev/null");
  return wasi_ctx_new(store, config, NULL);
}

static void *run(void *env) {
  Thread *t = env;
  wasm_store_t *store = wasm_store_new(t->engine);
  wasi_ctx_t *ctx = ctx_new(store, t->resolver);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  wasm_module_t *module = module_of(store, program);
  wasi_ctx_define_for(ctx, linker, module);
  wasm_instance_t *in = wasmx_linker_instantiate(linker, module, NULL, NULL);
  wasm_func_t *f = wasmx_instance_func(in, "f");
  for (int i = 0; i < CALLS; i++) {
    wasmx_slot_t slot = {.u64 = (uint64_t)i};
    wasm_trap_t *trap = wasmx_func_call_raw(f, &slot);
    t->codes[i] = wasmx_trap_code(trap);
    wasm_trap_delete(trap);
  }
  wasm_func_delete(f);
  wasm_instance_delete(in);
  wasm_module_delete(module);
  wasmx_linker_delete(linker);
  wasi_ctx_delete(ctx);
  wasm_store_delete(store);
  return NULL;
}

static void run_on_small_stack(wasmx_tier_t tier, int resolver) {
  wasm_config_t *config = wasm_config_new();
  assert_true(compiled_configure(config, false));
  if (!wasmx_config_set_tier(config, tier)) {
    wasm_config_delete(config);
    return;
  }
  assert_true(wasmx_config_set_stack_size(config, 1 << 20));
  pthread_attr_t attr;
  pthread_t thread;
  Thread t = {.engine = wasm_engine_new_with_config(config), .resolver = resolver};
  pthread_attr_init(&attr);
  assert_int_equal(pthread_attr_setstacksize(&attr, 64 << 10), 0);
  assert_int_equal(pthread_create(&thread, &attr, run, &t), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  const char *fault =
      compiled_fault(t.engine, tier == WASMX_TIER_JIT ? EXPECT_ALL : EXPECT_NO_FAULT);
  if (fault) fail_msg("%s", fault);
  wasm_engine_delete(t.engine);
  for (int i = 0; i < CALLS; i++) assert_int_equal(t.codes[i], WASMX_TRAP_STACK_OVERFLOW);
}

static void calls_at_the_end_of_the_stack(void **state) {
  (void)state;
  char command[300];
  assert_non_null(temporary_folder(folder, "wasi_stack"));
  snprintf(command, sizeof command, "mkdir -p %s/a/b %s/a/c && echo hi > %s/a/c/file", folder,
           folder, folder);
  assert_int_equal(system(command), 0);
  for (int resolver = 0; resolver < RESOLVERS; resolver++) {
    run_on_small_stack(WASMX_TIER_INTERP, resolver);
    run_on_small_stack(WASMX_TIER_JIT, resolver);
  }
  snprintf(command, sizeof command, "rm -r %s", folder);
  assert_int_equal(system(command), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_at_the_end_of_the_stack),
  };
  return run_with_text(tests);
}
