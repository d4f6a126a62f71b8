/* What a host does with libwasi, and a program that opens, writes, lists and links, again and again
 * with the n-th allocation failing, for every n: nothing is left behind (the sanitizers look), what
 * cannot be had is an error to the host or an errno to the program, and the same works in the end.
 */
#include "support/failing_alloc.h"
#include "support/temporary.h"
#include "wasi/program.h"

#include "wasi_fs.h"

#include <sys/stat.h>
#include <unistd.h>

#define PATH_OPEN                                                                                  \
  "(import \"wasi_snapshot_preview1\" \"path_open\" (func $path_open (param i32 i32 i32 i32 i32 "  \
  "i64 i64 i32 i32) (result i32)))"
#define READDIR                                                                                    \
  "(import \"wasi_snapshot_preview1\" \"fd_readdir\" (func $fd_readdir (param i32 i32 i32 i64 "    \
  "i32) (result i32)))"
#define POLL                                                                                       \
  "(import \"wasi_snapshot_preview1\" \"poll_oneoff\" (func $poll (param i32 i32 i32 i32) "        \
  "(result "                                                                                       \
  "i32)))"

/* Directory 3 is the host's, 4 is in memory. Calls may fail: the program goes on. */
static const char program[] = "(module " PATH_OPEN READDIR POLL WASI_IMPORT(
    "fd_write", "i32 i32 i32 i32") WASI_IMPORT("fd_read", "i32 i32 i32 i32")
    WASI_IMPORT("fd_close", "i32") WASI_IMPORT("path_symlink", "i32 i32 i32 i32 i32")
        WASI_IMPORT("args_get", "i32 i32") WASI_IMPORT(
            "path_create_directory",
            "i32 i32 i32") "(memory (export \"memory\") 1)"
                           "(data (i32.const 0) \"file\") (data (i32.const 8) \"link\") (data "
                           "(i32.const 16) \"sub\")"
                           "(data (i32.const 64) \"\\00\\01\\00\\00\\20\\00\\00\\00\")"
                           "(func $in (param $dir i32) (local $fd i32)"
                           "  (drop (call $path_create_directory (local.get $dir) (i32.const 16) "
                           "(i32.const 3)))"
                           "  (drop (call $path_symlink (i32.const 0) (i32.const 4) (local.get "
                           "$dir) (i32.const 8) (i32.const 4)))"
                           "  (i32.store (i32.const 72) (i32.const -1))"
                           "  (drop (call $path_open (local.get $dir) (i32.const 1) (i32.const 8) "
                           "(i32.const 4) (i32.const 1)"
                           "    (i64.const 0x42) (i64.const 0) (i32.const 0) (i32.const 72)))"
                           "  (local.set $fd (i32.load (i32.const 72)))"
                           "  (drop (call $fd_write (local.get $fd) (i32.const 64) (i32.const 1) "
                           "(i32.const 80)))"
                           "  (drop (call $fd_close (local.get $fd)))"
                           "  (drop (call $fd_readdir (local.get $dir) (i32.const 1024) (i32.const "
                           "512) (i64.const 0) (i32.const 80))))"
                           "(func (export \"_start\")"
                           "  (drop (call $args_get (i32.const 4096) (i32.const 4200)))"
                           "  (call $in (i32.const 3)) (call $in (i32.const 4))"
                           "  (drop (call $fd_read (i32.const 0) (i32.const 64) (i32.const 1) "
                           "(i32.const 80)))"
                           "  (drop (call $poll (i32.const 2048) (i32.const 3072) (i32.const 1) "
                           "(i32.const 80)))"
                           "  (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) "
                           "(i32.const 80)))))";

static char folder[TEMPORARY_SIZE], policy[96], recording[96], audit[96];
static wasm_engine_t *engine;
static wasm_store_t *store;
static wasm_module_t *module;
static int gone, accesses;

static void count_gone(void *env) { ++*(int *)env; }
static void see(void *env, const wasi_access_t *access) {
  (void)access;
  ++*(int *)env;
}
static ptrdiff_t take(void *env, const unsigned char *bytes, size_t size) {
  (void)env, (void)bytes;
  return (ptrdiff_t)size;
}
static ptrdiff_t give(void *env, unsigned char *bytes, size_t size) {
  (void)env, (void)bytes, (void)size;
  return 0;
}

typedef enum Kind { PLAIN, WITH_CALLBACKS, RECORDED, REPLAYED, DETERMINISTIC, KINDS } Kind;

static void set_streams(wasi_config_t *config, Kind kind) {
  wasm_byte_vec_t input;
  char path[128];
  wasi_config_inherit_stdio(config);
  if (kind == WITH_CALLBACKS) {
    wasi_config_set_stdin_custom(config, give, &gone, count_gone);
    wasi_config_set_stdout_custom(config, take, &gone, count_gone);
    wasi_config_set_stderr_custom(config, take, &gone, count_gone);
    return;
  }
  snprintf(path, sizeof path, "%s/out", folder);
  wasi_config_set_stdin_file(config, policy);
  wasi_config_set_stderr_file(config, path);
  wasi_config_set_stdout_file(config, path);
  wasm_byte_vec_new(&input, 5, "input");
  wasi_config_set_stdin_bytes(config, &input);
  wasi_config_capture_stdout(config, 1000);
  wasi_config_capture_stderr(config, 1000);
}

static void set_world(wasi_config_t *config) {
  const char *argv[] = {"program", "argument"}, *names[] = {"A", "B"}, *values[] = {"1", "2"};
  wasmx_error_t err = {.size = sizeof err};
  char text[64];
  wasi_config_inherit_argv(config);
  wasi_config_set_argv(config, 2, argv);
  wasi_config_inherit_env(config);
  wasi_config_set_env(config, 2, names, values);
  wasi_config_add_env(config, "C", "3");
  wasi_config_add_env_file(config, policy, &err); /* no such variables: an error */
  wasi_config_set_max_fds(config, 64);
  wasi_config_set_max_threads(config, 2);
  wasi_config_raise_sigpipe(config, false);
  wasi_config_set_resolver(config, WASI_RESOLVER_AUTO);
  wasi_config_inherit_network(config);
  wasi_config_allow_ip_name_lookup(config, true);
  wasi_config_allow_net(config, "tcp-connect=127.0.0.1:80", &err);
  wasi_config_allow_net(config, "lookup=*.example.com", &err);
  wasi_config_inherit_listen_fds(config, &err);
  if (wasi_config_preopen_listener(config, "127.0.0.1:0", &err))
    assert_true(wasi_config_socket_address(config, 0, text, sizeof text) > 0);
  int fd = dup(STDIN_FILENO); /* no socket: refused, and closed */
  assert_false(wasi_config_preopen_socket_fd(config, fd, true, &err));
}

/* Both directories, the second of a file system in memory; another one over the first, unused. */
static void set_directories(wasi_config_t *config) {
  wasmx_error_t err = {.size = sizeof err};
  wasi_fs_t *memory = wasi_fs_new_memory(1 << 20);
  wasi_fs_t *overlay = wasi_fs_new_overlay(folder, 1 << 20, &err);
  wasi_fs_delete(wasi_fs_new_archive(policy, 1 << 20, &err)); /* no archive: an error */
  wasi_config_preopen_dir_perms(config, folder, "/host", WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE,
                                WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE);
  if (memory && wasi_fs_put_file(memory, "a/b", "text", 4)) {
    wasm_byte_vec_t out;
    if (wasi_fs_get_file(memory, "a/b", &out)) assert_int_equal(out.size, 4);
    wasm_byte_vec_delete(&out);
    wasi_fs_now(memory);
  }
  if (memory)
    wasi_config_mount(config, memory, "/memory", WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE,
                      WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE);
  if (overlay)
    wasi_config_mount(config, overlay, "/overlay", WASI_DIR_PERMS_READ, WASI_FILE_PERMS_READ);
  wasi_config_preopen_dir(config, folder, "/again", false);
  wasi_fs_delete(memory);
  wasi_fs_delete(overlay);
}

static void set_kind(wasi_config_t *config, Kind kind) {
  wasmx_error_t err = {.size = sizeof err};
  wasi_limits_t limits = {.size = sizeof limits};
  if (kind == PLAIN) wasi_config_set_audit(config, see, &accesses, NULL);
  if (kind == WITH_CALLBACKS) wasi_config_set_audit_file(config, audit);
  if (kind == RECORDED) wasi_config_record(config, recording);
  if (kind == REPLAYED) wasi_config_replay(config, recording);
  if (kind == DETERMINISTIC) {
    wasi_config_set_deterministic(config, 7);
    wasi_config_set_clock(config, WASI_CLOCK_STEPPED, 1, 1);
    wasi_config_set_random_seed(config, 3);
    wasi_config_set_sorted_dirs(config, true);
    wasi_config_set_fixed_stat(config, true);
    wasi_config_load_policy(config, policy, &err);
  }
  wasi_config_limits(config, &limits);
  limits.fuel = 0;
  wasi_limits_apply(&limits, store);
}

/* The functions one by one and all at once, then the program; *ran: to its end. */
static void run_program(wasi_ctx_t *ctx, bool *ran) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_trap_t *trap = NULL;
  wasm_byte_vec_t out;
  wasmx_linker_t *linker = wasmx_linker_new(store), *all = wasmx_linker_new(store);
  wasm_func_delete(wasi_ctx_func(ctx, "wasi_snapshot_preview1", "fd_write"));
  if (all) wasi_ctx_define(ctx, all);
  bool defined = linker && wasi_ctx_define_for(ctx, linker, module) &&
                 wasi_ctx_define_terminal(ctx, linker, module, true) &&
                 wasi_ctx_define_threads(ctx, linker, module, &err);
  wasm_instance_t *instance =
      defined ? wasmx_linker_instantiate(linker, module, &trap, &err) : NULL;
  if (instance) *ran = wasi_start(instance, &trap, &err) && !trap;
  wasm_trap_delete(wasi_ctx_end_threads(ctx, trap));
  wasi_ctx_restore_terminal(ctx);
  wasi_ctx_take_stdout(ctx, &out);
  wasm_byte_vec_delete(&out);
  wasi_ctx_take_stderr(ctx, &out);
  wasm_byte_vec_delete(&out);
  wasi_ctx_restrict(ctx, "/memory", WASI_DIR_PERMS_READ, WASI_FILE_PERMS_READ);
  wasi_ctx_revoke(ctx, "/host");
  wasm_instance_delete(instance);
  wasmx_linker_delete(all);
  wasmx_linker_delete(linker);
}

static bool play(Kind kind) {
  bool ran = false;
  wasmx_error_t err = {.size = sizeof err};
  wasi_config_t *config = wasi_config_new(), *unused = wasi_config_new();
  if (unused) set_directories(unused);
  wasi_config_delete(unused);
  if (!config) return false;
  set_world(config);
  set_streams(config, kind);
  set_directories(config);
  set_kind(config, kind);
  wasi_ctx_t *ctx = wasi_ctx_new(store, config, &err);
  if (ctx) run_program(ctx, &ran);
  wasi_ctx_delete(ctx);
  wasmx_store_collect(store);
  return ran;
}

static void sweep(bool lasting) {
  uint64_t sum = 0;
  for (int kind = 0; kind < KINDS; kind++)
    for (uint64_t n = 1;; n++, sum++) {
      if (kind == REPLAYED && n == 1) assert_true(play(RECORDED));
      if (lasting)
        failing_alloc_start_all(n);
      else
        failing_alloc_start(n);
      play((Kind)kind);
      if (!failing_alloc_stop()) break;
    }
  print_message("%d allocations\n", (int)sum);
  assert_true(sum > 500);
  for (int kind = 0; kind < KINDS; kind++) assert_true(play((Kind)kind));
}

static void every_allocation_fails_once(void **state) {
  (void)state;
  sweep(false);
}

static void memory_stays_short(void **state) {
  (void)state;
  sweep(true);
}

static int set_up(void **state) {
  (void)state;
  if (!temporary_folder(folder, "wasi_allocations")) return 1;
  snprintf(policy, sizeof policy, "%s/policy", folder);
  snprintf(recording, sizeof recording, "%s/recording", folder);
  snprintf(audit, sizeof audit, "%s/audit", folder);
  FILE *file = fopen(policy, "w");
  fprintf(file, "arguments: [p, -v]\nenvironment: {HOME: /}\nlimits: {memory: 64M}\n");
  fclose(file);
  engine = wasm_engine_new();
  store = wasm_store_new(engine);
  wasm_byte_vec_t text = {sizeof program - 1, (wasm_byte_t *)(uintptr_t)program};
  module = wasmx_module_new(store, &text, WASMX_ALLOW_TEXT, NULL);
  if (!module) print_message("%s\n%s\n", wasmx_last_error()->message, wasmx_last_error()->context);
  return module ? 0 : 1;
}

static int tear_down(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  wasm_module_delete(module);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return system(command);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_fails_once),
      cmocka_unit_test(memory_stays_short),
  };
  if (!wasmx_has("text")) return 77;
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
