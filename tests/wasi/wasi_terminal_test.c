/* Terminals: what preview 1 says of them, and the imports "wasm_terminal". */
#include "wasi/terminal_guest.h"

#include <signal.h>
#include <sys/wait.h>

/* ---- preview 1 ---- */

static void terminals_cannot_seek(void **state) {
  Program *p = program_of(state);
  for (uint32_t fd = 0; fd < 2; fd++) {
    assert_int_equal(CALL(p, "fd_fdstat_get", fd, OUT), E_SUCCESS);
    assert_int_equal(memory_of(p)[OUT], FILETYPE_CHARACTER_DEVICE);
    uint64_t rights = load_u64(memory_of(p) + OUT + 8);
    assert_int_equal(rights & (RIGHT_FD_SEEK | RIGHT_FD_TELL), 0);
    assert_true(rights & (fd ? RIGHT_FD_WRITE : RIGHT_FD_READ));
  }
}

/* Whoever made the terminal raw: a program that only knows preview 1 reads what there is. */
static void raw_input_without_waiting(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  uint32_t bytes;
  assert_int_equal(CALL(p, "fd_fdstat_set_flags", 0, FDFLAG_NONBLOCK), E_SUCCESS);
  assert_int_equal(write(t->host, "a", 1), 1);
  assert_int_equal(read_some(p, 0), E_AGAIN); /* no line yet */
  assert_int_equal(poll_input(p, SECOND / 100, &bytes), EVENT_CLOCK);
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  assert_int_equal(poll_input(p, SECOND, &bytes), EVENT_FD_READ);
  assert_int_equal(bytes, 1);
  assert_int_equal(read_some(p, 0), E_SUCCESS);
  assert_string_equal((char *)memory_of(p) + TEXT, "a");
  assert_int_equal(read_some(p, 0), E_AGAIN);
  assert_int_equal(poll_input(p, SECOND / 100, &bytes), EVENT_CLOCK);
  assert_int_equal(write(t->host, "\r\032\033[A", 5), 5); /* as typed: Enter, Ctrl-Z, an arrow */
  assert_int_equal(poll_input(p, SECOND, &bytes), EVENT_FD_READ);
  assert_int_equal(read_some(p, 0), E_SUCCESS);
  assert_string_equal((char *)memory_of(p) + TEXT, "\r\032\033[A");
}

/* Nothing is added to the bytes, nor taken away, but what the terminal does to a line's end. */
static void output_is_as_written(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  static const char out[] = "\033[1;31mred\033[0m \033[?25l\xff\x01\n";
  char got[64] = {0};
  memcpy(memory_of(p) + TEXT, out, sizeof out);
  store_u32(memory_of(p) + VECTOR, TEXT);
  store_u32(memory_of(p) + VECTOR + 4, sizeof out - 1);
  for (int raw = 0; raw < 2; raw++) {
    assert_int_equal(CALL(p, "set_raw", 0, (uint64_t)raw), E_SUCCESS);
    assert_int_equal(CALL(p, "fd_write", 1, VECTOR, 1, OUT), E_SUCCESS);
    assert_int_equal(read(t->host, got, sizeof got), sizeof out);
    assert_memory_equal(got, out, sizeof out - 2);
    assert_string_equal(got + sizeof out - 2, "\r\n");
  }
}

/* ---- sizes ---- */

static void sizes(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  assert_size(p, 0, 90, 30);
  resize(t, 65535, 1);
  assert_size(p, 1, 65535, 1);
  resize(t, 0, 0);
  assert_size(p, 1, 0, 0);
  assert_int_equal(CALL(p, "size", 0, 65536, OUT), E_FAULT);
  assert_int_equal(CALL(p, "size", 0, OUT, 65533), E_FAULT);
  assert_int_equal(CALL(p, "size", 0, OUT, OUT + 1), E_INVAL);
}

/* ---- raw mode, and its end ---- */

static void raw_and_back(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  assert_int_equal(CALL(p, "set_raw", 0, 0), E_SUCCESS);
  assert_as_before(t);
  for (int i = 0; i < 2; i++) assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  struct termios raw = mode_of(t);
  assert_int_equal(raw.c_lflag & (ICANON | ECHO | ISIG), ISIG);
  assert_int_equal(raw.c_oflag, t->before.c_oflag);
  assert_int_equal(raw.c_iflag & (ICRNL | IXON), 0);
  assert_int_equal(CALL(p, "set_raw", 0, 2), E_INVAL);
  assert_int_equal(CALL(p, "set_raw", 0, 0), E_SUCCESS);
  assert_as_before(t);
}

/* What others did to it meanwhile is undone when a program asks once more. */
static void raw_once_more(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  assert_int_equal(tcsetattr(t->guest, TCSANOW, &t->before), 0);
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  assert_true(is_raw(t));
}

static void restored_by_the_host(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  wasmx_slot_t slots[8] = {{.u64 = 0}};
  assert_false(wasi_ctx_restore_terminal(p->ctx));
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  wasm_trap_delete(call_slots(p, "trap", slots));
  assert_true(is_raw(t));
  assert_true(wasi_ctx_restore_terminal(p->ctx));
  assert_as_before(t);
  assert_false(wasi_ctx_restore_terminal(p->ctx));
  assert_false(wasi_ctx_restore_terminal(NULL));
}

/* The context, then the last of its functions. */
static void restored_when_all_goes(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  wasi_ctx_delete(p->ctx);
  p->ctx = NULL;
  assert_as_before(t);
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  assert_true(is_raw(t));
}

/* The one that lets go last puts back what was before the first, whatever the order. */
static void several_users(void **state) {
  (void)state;
  for (int first = 0; first < 2; first++) {
    Pair t;
    Program p[2];
    pair_new(&t);
    for (int i = 0; i < 2; i++) {
      terminal_program(&p[i], &t);
      assert_int_equal(CALL(&p[i], "set_raw", 0, 1), E_SUCCESS);
    }
    assert_int_equal(CALL(&p[first], "set_raw", 0, 0), E_SUCCESS);
    assert_int_equal(CALL(&p[first], "set_raw", 0, 0), E_SUCCESS); /* not for the other */
    assert_true(is_raw(&t));
    program_delete(&p[!first]);
    assert_as_before(&t);
    program_delete(&p[first]);
    pair_delete(&t);
  }
}

/* What the process has as its standard input meanwhile is not touched. */
static void restored_after_the_host_moved_on(void **state) {
  (void)state;
  Pair t, other;
  Program p;
  pair_new(&t);
  pair_new(&other);
  int saved = dup(0);
  dup2(t.guest, 0);
  wasi_config_t *config = wasi_config_new();
  wasi_config_inherit_stdin(config);
  program_new(&p, config, text);
  assert_int_equal(CALL(&p, "set_raw", 0, 1), E_SUCCESS);
  assert_true(is_raw(&t));
  dup2(other.guest, 0);
  program_delete(&p);
  dup2(saved, 0);
  close(saved);
  assert_as_before(&t);
  assert_as_before(&other);
  pair_delete(&t);
  pair_delete(&other);
}

/* The child of a fork lets its parent have it. */
static void forks(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  int status;
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  pid_t child = fork();
  if (child == 0) {
    wasi_ctx_restore_terminal(p->ctx);
    program_delete(p);
    _exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_true(is_raw(t));
}

/* In a group of its own, while its parent's has the terminal: 0, when it was refused. */
static int in_background(const Pair *t) {
  Program p;
  alarm(20);
  setpgid(0, 0);
  terminal_program(&p, t);
  int error = CALL(&p, "set_raw", 0, 1);
  program_delete(&p);
  return error == E_IO ? 0 : 1;
}

/* Sent there while the terminal is raw, it puts nothing back before it is in front again. */
static int through_background(const Pair *t) {
  Program p;
  alarm(20);
  terminal_program(&p, t);
  int errors = CALL(&p, "set_raw", 0, 1);
  setpgid(0, 0);
  errors += CALL(&p, "set_raw", 0, 0) != E_IO || !is_raw(t);
  signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(t->guest, getpgrp());
  errors += CALL(&p, "set_raw", 0, 0) != E_SUCCESS || is_raw(t);
  program_delete(&p);
  return errors;
}

static int lead_session(const Pair *t, int (*run)(const Pair *)) {
  int status = -1;
  if (setsid() < 0 || ioctl(t->guest, TIOCSCTTY, 0)) return 2;
  pid_t child = fork();
  if (child == 0) _exit(run(t));
  waitpid(child, &status, WUNTRACED);
  if (WIFSTOPPED(status)) return kill(child, SIGKILL), 3;
  return WEXITSTATUS(status);
}

static void not_from_the_background(void **state) {
  (void)state;
  int (*const runs[])(const Pair *) = {in_background, through_background};
  for (int i = 0; i < 2; i++) {
    Pair t;
    int status;
    pair_new(&t);
    pid_t child = fork();
    if (child == 0) _exit(lead_session(&t, runs[i]));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    pair_delete(&t);
  }
}

/* ---- waiting ---- */

static void waiting(void **state) {
  (void)state;
  Pair t;
  Program p;
  uint32_t events;
  pair_new(&t);
  terminal_program(&p, &t);
  assert_int_equal(CALL(&p, "set_raw", 0, 1), E_SUCCESS);
  assert_int_equal(CALL(&p, "wait", 0, UINT64_MAX, 65533), E_FAULT);
  double start = now();
  assert_int_equal(wait_for(&p, SECOND / 10, &events), E_SUCCESS);
  assert_int_equal(events, 0);
  assert_true(now() - start >= 0.1);
  resize(&t, 50, 20);
  wait_for(&p, 0, &events);
  assert_int_equal(events, 0); /* no size was told that it could differ from */
  assert_size(&p, 1, 50, 20);
  resize(&t, 51, 20);
  for (int i = 0; i < 2; i++) { /* until it was asked for */
    wait_for(&p, UINT64_MAX, &events);
    assert_int_equal(events, 2);
  }
  assert_int_equal(write(t.host, "x", 1), 1);
  wait_for(&p, SECOND, &events);
  assert_int_equal(events, 3);
  assert_size(&p, 0, 51, 20);
  wait_for(&p, UINT64_MAX, &events);
  assert_int_equal(events, 1);
  assert_int_equal(read_some(&p, 0), E_SUCCESS);
  close(t.host);
  wait_for(&p, UINT64_MAX, &events); /* its end */
  assert_int_equal(events, 1);
  close(t.guest);
  program_delete(&p);
}

static void *resize_soon(void *env) {
  nap(30);
  resize(env, 40, 10);
  return NULL;
}

static void *type_soon(void *env) {
  nap(30);
  assert_int_equal(write(((Pair *)env)->host, "x", 1), 1);
  return NULL;
}

/* While it waits for ever. */
static void waiting_ends(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  void *(*const whats[])(void *) = {resize_soon, type_soon};
  uint32_t events;
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  assert_size(p, 1, 90, 30);
  for (int i = 0; i < 2; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, whats[i], t), 0);
    wait_for(p, UINT64_MAX, &events);
    pthread_join(thread, NULL);
    assert_int_equal(events, i ? 1 : 2);
    assert_size(p, 1, 40, 10);
  }
}

static void stops_end_it(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  assert_true(wasmx_store_set_deadline(p->store, SECOND / 50));
  wasmx_slot_t slots[3] = {{.u64 = 0}, {.u64 = UINT64_MAX}, {.u64 = OUT}};
  double start = now();
  wasm_trap_t *trap = call_slots(p, "wait", slots);
  assert_true(now() - start < 10);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  assert_true(wasi_ctx_restore_terminal(p->ctx));
  assert_as_before(t);
}

/* ---- what is refused ---- */

static void what_is_no_terminal(void **state) {
  (void)state;
  Program p;
  wasm_byte_vec_t bytes;
  wasi_config_t *config = wasi_config_new();
  wasm_byte_vec_new(&bytes, 3, "abc");
  wasi_config_set_stdin_bytes(config, &bytes);
  program_new(&p, config, text);
  assert_all(&p, 0, E_NOTTY);
  assert_all(&p, 99, E_BADF);
  program_delete(&p);
  config = wasi_config_new();
  assert_true(wasi_config_set_stdin_file(config, "/dev/null"));
  assert_true(wasi_config_preopen_dir(config, "/tmp", "/", false));
  program_new(&p, config, text);
  assert_all(&p, 0, E_NOTTY);
  assert_int_equal(CALL(&p, "size", 3, OUT, OUT2), E_NOTTY);
  program_delete(&p);
}

/* A terminal among the files of a folder is none of those that were given as one. */
static void what_the_program_opened(void **state) {
  (void)state;
  Pair t;
  Program p;
  pair_new(&t);
  const char *leaf = strrchr(t.name, '/');
  char folder[sizeof t.name] = {0};
  memcpy(folder, t.name, (size_t)(leaf - t.name));
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_dir_perms(
      config, folder, "/", WASI_DIR_PERMS_READ | WASI_DIR_PERMS_SPECIAL, WASI_FILE_PERMS_READ));
  program_new(&p, config, text);
  uint64_t length = strlen(leaf + 1), rights = RIGHTS_INPUT;
  memcpy(memory_of(&p) + TEXT, leaf + 1, length);
  assert_int_equal(CALL(&p, "path_open", 3, 0, TEXT, length, 0, rights, 0, 0, OUT), E_SUCCESS);
  assert_all(&p, u32_at(&p, OUT), E_NOTTY);
  program_delete(&p);
  pair_delete(&t);
}

/* Output is not input, though natively a terminal is one thing. */
static void rights_count(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  assert_int_equal(CALL(p, "set_raw", 1, 1), E_BADF);
  assert_int_equal(CALL(p, "wait", 1, 0, OUT), E_BADF);
  assert_int_equal(CALL(p, "fd_fdstat_set_rights", 0, RIGHT_FD_READ, 0), E_SUCCESS);
  assert_int_equal(CALL(p, "wait", 0, 0, OUT), E_NOTCAPABLE);
  assert_int_equal(CALL(p, "size", 0, OUT, OUT2), E_NOTCAPABLE);
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_SUCCESS);
  assert_int_equal(CALL(p, "set_raw", 0, 0), E_SUCCESS);
  assert_int_equal(CALL(p, "fd_fdstat_set_rights", 0, 0, 0), E_SUCCESS);
  assert_int_equal(CALL(p, "set_raw", 0, 1), E_NOTCAPABLE);
  assert_as_before(t);
}

/* ---- who gets it ---- */

static wasm_module_t *parse(wasm_store_t *store, const char *source) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_byte_vec_t bytes = {strlen(source), (char *)(uintptr_t)source};
  wasm_module_t *module = wasmx_module_new(store, &bytes, WASMX_ALLOW_TEXT, &err);
  if (!module) fail_msg("%u:%u: %s", err.line, err.column, err.message);
  return module;
}

/* The imports are there when they are asked for; what they do must be granted. */
static void only_when_granted(void **state) {
  Pair *t = pair_of(state);
  Program *p = program_of(state);
  wasmx_linker_t *linker = wasmx_linker_new(p->store);
  wasm_module_t *other = parse(p->store, "(module)");
  wasm_module_t *module = parse(p->store, "(module " TERMINAL_IMPORT("size", "i32 i32 i32") ")");
  assert_true(wasi_ctx_define_terminal(p->ctx, linker, other, true));
  assert_null(wasmx_linker_get(linker, "wasm_terminal", "size"));
  assert_true(wasi_ctx_define_terminal(p->ctx, linker, module, false));
  wasm_extern_t *found = wasmx_linker_get(linker, "wasm_terminal", "size");
  assert_non_null(found);
  wasm_extern_delete(found);
  assert_all(p, 0, E_NOTCAPABLE);
  assert_as_before(t);
  assert_false(wasi_ctx_define_terminal(NULL, linker, module, true));
  assert_false(wasi_ctx_define_terminal(p->ctx, NULL, module, true));
  assert_false(wasi_ctx_define_terminal(p->ctx, linker, NULL, true));
  wasm_module_delete(module);
  wasm_module_delete(other);
  wasmx_linker_delete(linker);
}

/* Threads of a program have it too; the exit status is what the thread was told. */
static void threads_have_it(void **state) {
  (void)state;
  static const char source[] =
      "(module (import \"wasi\" \"thread-spawn\" (func $spawn (param i32) (result i32)))"
      "(import \"env\" \"memory\" (memory 1 1 shared))"
      "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))" TERMINAL_IMPORT(
          "set_raw", "i32 i32")
          TERMINAL_IMPORT(
              "wait",
              "i32 i64 i32") "(func (export \"_start\") (drop (call $spawn (i32.const 0)))"
                             "  (drop (call $wait (i32.const 0) (i64.const -1) (i32.const 64))))"
                             "(func (export \"wasi_thread_start\") (param i32 i32)"
                             "  (call $exit (i32.add (i32.const 7) (call $set_raw (i32.const 0) "
                             "(i32.const 1))))))";
  Pair t;
  wasm_trap_t *trap = NULL;
  int status = -1;
  pair_new(&t);
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_stdin_file(config, t.name));
  wasi_ctx_t *ctx = wasi_ctx_new(store, config, NULL);
  wasm_module_t *module = parse(store, source);
  wasmx_linker_t *linker = wasmx_linker_new(store);
  assert_true(wasi_ctx_define_for(ctx, linker, module));
  assert_true(wasi_ctx_define_terminal(ctx, linker, module, true));
  assert_true(wasi_ctx_define_threads(ctx, linker, module, NULL));
  wasm_instance_t *instance = wasmx_linker_instantiate(linker, module, &trap, NULL);
  assert_true(wasi_start(instance, &trap, NULL));
  trap = wasi_ctx_end_threads(ctx, trap);
  assert_true(wasmx_trap_exit_status(trap, &status));
  assert_int_equal(status, 7);
  wasm_trap_delete(trap);
  assert_true(is_raw(&t));
  wasm_instance_delete(instance);
  wasmx_linker_delete(linker);
  wasm_module_delete(module);
  wasi_ctx_delete(ctx);
  assert_as_before(&t);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  pair_delete(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      AT_TERMINAL(terminals_cannot_seek),
      AT_TERMINAL(raw_input_without_waiting),
      AT_TERMINAL(output_is_as_written),
      AT_TERMINAL(sizes),
      AT_TERMINAL(raw_and_back),
      AT_TERMINAL(raw_once_more),
      AT_TERMINAL(restored_by_the_host),
      AT_TERMINAL(restored_when_all_goes),
      cmocka_unit_test(several_users),
      cmocka_unit_test(restored_after_the_host_moved_on),
      AT_TERMINAL(forks),
      cmocka_unit_test(not_from_the_background),
      cmocka_unit_test(waiting),
      AT_TERMINAL(waiting_ends),
      AT_TERMINAL(stops_end_it),
      cmocka_unit_test(what_is_no_terminal),
      cmocka_unit_test(what_the_program_opened),
      AT_TERMINAL(rights_count),
      AT_TERMINAL(only_when_granted),
      cmocka_unit_test(threads_have_it),
  };
  return wasmx_has("text") ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
