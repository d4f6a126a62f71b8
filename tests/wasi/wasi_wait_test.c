/* A stop ends every call that waits or works long, and calls that wait do wait. */
#include "support/temporary.h"
#include "wasi/program.h"

#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 30 };

static void nap(int ms) {
  const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&t, NULL);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Each export repeats one call for ever, whatever it answers; "far" is what is last in memory. */
#define FOREVER(name, call) "(func (export \"" name "\") (loop (drop " call ") (br 0)))"
static const char text[] = WASI_IMPORT("fd_read", "i32 i32 i32 i32")
    WASI_IMPORT("fd_write", "i32 i32 i32 i32") WASI_IMPORT("poll_oneoff", "i32 i32 i32 i32")
        WASI_IMPORT("random_get", "i32 i32") WASI_IMPORT("fd_pread", "i32 i32 i32 i64 i32")
            WASI_IMPORT("fd_pwrite", "i32 i32 i32 i64 i32")
                WASI_IMPORT("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32")
    /* 0: a vector of 8 MiB; 16: a clock of an hour; 64: input; 112: most of memory; 128: "f" */
    "(memory (export \"memory\") 32000)"
    "(data (i32.const 0) \"\\00\\00\\10\\00\\00\\00\\80\\00\")"
    "(data (i32.const 32) \"\\01\\00\\00\\00\") (data (i32.const 40) \"\\00\\a0\\b8\\30\\46\\03\")"
    "(data (i32.const 72) \"\\01\") (data (i32.const 112) \"\\00\\00\\10\\00\\00\\00\\e0\\7c\") "
    "(data (i32.const 128) \"f\")" FOREVER(
        "read",
        "(call $fd_read (i32.const 0) (i32.const 0) "
        "(i32.const 1) (i32.const 8))") FOREVER("write", "(call $fd_write (i32.const 1) (i32.const "
                                                         "0) (i32.const 1) (i32.const 8))")
        FOREVER("sleep",
                "(call $poll_oneoff (i32.const 16) (i32.const 256) (i32.const 1) "
                "(i32.const 8))") FOREVER("poll", "(call $poll_oneoff (i32.const 64) (i32.const "
                                                  "256) (i32.const 1) (i32.const "
                                                  "8))") FOREVER("random",
                                                                 "(call $random_get (i32.const "
                                                                 "1048576) (i32.const 2095054848))")
            FOREVER(
                "pread",
                "(call $fd_pread (i32.const 4) (i32.const 112) (i32.const 1) "
                "(i64.const 0) (i32.const 8))") FOREVER("pwrite",
                                                        "(call $fd_pwrite (i32.const 4) (i32.const "
                                                        "112) (i32.const 1) (i64.const 0) "
                                                        "(i32.const 8))")
                FOREVER(
                    "open_pipe",
                    "(call $path_open (i32.const 3) (i32.const 0) (i32.const 128)"
                    " (i32.const 1) (i32.const 0) (i64.const 64) (i64.const 0) (i32.const 0) "
                    "(i32.const 8))") "(data (i32.const 160) "
                                      "\"\\00\\00\\10\\00\\00\\00\\e0\\7c\\00\\00\\10\\00\\00\\00\\"
                                      "e0\\7c\\00\\00\\10\\00\\00\\00\\e0\\7c\")"
                                      "(func (export \"much\") (result i32) (if (call $fd_write "
                                      "(i32.const 1) (i32.const 160) (i32.const 3) (i32.const 8))"
                                      " (then (return (i32.const -1)))) (i32.load (i32.const 8)))"
                                      "(func (export \"open\") (result i32) (call $path_open "
                                      "(i32.const 3) (i32.const 0) (i32.const 128)"
                                      " (i32.const 1) (i32.const 1) (i64.const 70) (i64.const 0) "
                                      "(i32.const 0) (i32.const 8)))"
                                      "(func (export \"mark\") (result i32) (i32.store8 (i32.const "
                                      "2096103423) (i32.const 1)) (i32.const 0))"
                                      "(func (export \"far\") (result i32) (i32.load8_u (i32.const "
                                      "2096103423)))"
                                      "(func (export \"once\") (result i32) (if (call $fd_write "
                                      "(i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))"
                                      "   (then (return (i32.const -1)))) (i32.load (i32.const "
                                      "8)))";

static void *stop_soon(void *store) {
  nap(3);
  wasmx_store_interrupt(store);
  return NULL;
}

/* Runs the export until it is stopped, `rounds` times; the seconds that the shortest took, which
 * says how soon a stop is seen even when other programs take their time. */
static double stop_often(Program *p, const char *name, int rounds) {
  double shortest = 1e9;
  for (int i = 0; i < rounds; i++) {
    pthread_t thread;
    wasm_trap_t *trap;
    double start = now();
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, p->store), 0);
    program_call(p, name, &trap);
    pthread_join(thread, NULL);
    assert_non_null(trap);
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    wasm_trap_delete(trap);
    wasmx_store_clear_interrupt(p->store);
    double took = now() - start;
    if (took < shortest) shortest = took;
  }
  return shortest;
}

/* A program whose descriptor `number` is `fd` of ours for the time. */
typedef struct Borrowed {
  int number, saved;
} Borrowed;

static Borrowed borrow(int number, int fd) {
  fflush(stdout);
  Borrowed b = {number, dup(number)};
  dup2(fd, number);
  return b;
}

static void give_back(Borrowed b) {
  dup2(b.saved, b.number);
  close(b.saved);
}

static void stopped_on(int number, int fd, const char *const *names) {
  Program p;
  Borrowed b = borrow(number, fd);
  wasi_config_t *config = wasi_config_new();
  wasi_config_inherit_stdin(config);
  wasi_config_inherit_stdout(config);
  program_new(&p, config, text);
  double longest = 0;
  for (size_t i = 0; names[i]; i++) {
    double shortest = stop_often(&p, names[i], ROUNDS);
    if (shortest > longest) longest = shortest;
  }
  int flags = fcntl(fd, F_GETFL);
  give_back(b);
  program_delete(&p);
  assert_int_equal(flags & O_NONBLOCK, 0);
  assert_true(longest < 0.05); /* not by a look now and then */
}

static void waits_are_stopped(void **state) {
  (void)state;
  int ends[2];
  const char *const in[] = {"read", "poll", NULL}, *const out[] = {"write", "sleep", NULL};
  assert_int_equal(pipe(ends), 0);
  stopped_on(0, ends[0], in);
  stopped_on(1, ends[1], out); /* eight megabytes: what does not fit waits */
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  stopped_on(0, ends[0], in);
  stopped_on(1, ends[1], out);
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(openpty(&ends[0], &ends[1], NULL, NULL, NULL), 0);
  stopped_on(0, ends[1], in);
  stopped_on(1, ends[1], out);
  close(ends[0]);
  close(ends[1]);
}

static void *raise_soon(void *interrupt) {
  nap(3);
  wasmx_interrupt_raise(interrupt);
  return NULL;
}

/* Calls with a deadline, and with an interrupt of their own, end where they wait; the store is not
 * interrupted. */
static void options_of_a_call_end_waits(void **state) {
  (void)state;
  static const char *const names[] = {"read", "sleep"};
  int ends[2];
  Program p;
  assert_int_equal(pipe(ends), 0);
  Borrowed b = borrow(0, ends[0]);
  wasi_config_t *config = wasi_config_new();
  wasi_config_inherit_stdin(config);
  program_new(&p, config, text);
  for (int i = 0; i < 4; i++) {
    wasmx_interrupt_t *interrupt = wasmx_interrupt_new();
    wasmx_call_options_t options = {.size = sizeof options, .interrupt = interrupt};
    if (i / 2) options.deadline_ns = 5000000;
    wasm_func_t *func = wasmx_instance_func(p.instance, names[i % 2]);
    pthread_t thread;
    if (!(i / 2)) assert_int_equal(pthread_create(&thread, NULL, raise_soon, interrupt), 0);
    wasm_trap_t *trap = wasmx_func_call_with(func, NULL, &options);
    if (!(i / 2)) pthread_join(thread, NULL);
    assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
    assert_false(wasmx_store_interrupted(p.store));
    wasm_trap_delete(trap);
    wasm_func_delete(func);
    wasmx_interrupt_delete(interrupt);
  }
  program_delete(&p);
  give_back(b);
  close(ends[0]);
  close(ends[1]);
}

/* What is long but never waits is left in the middle. */
static void long_work_is_stopped(void **state) {
  (void)state;
  char folder[TEMPORARY_SIZE], name[96];
  assert_non_null(temporary_folder(folder, "wasi_wait"));
  snprintf(name, sizeof name, "%s/f", folder);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_dir(config, folder, "/", true));
  Program p;
  program_new(&p, config, text);
  assert_int_equal(program_call(&p, "open", NULL), 0);
  program_call(&p, "mark", NULL);
  stop_often(&p, "random", 1);
  assert_int_equal(program_call(&p, "far", NULL), 1);
  stop_often(&p, "pwrite", 1);
  struct stat st;
  assert_int_equal(stat(name, &st), 0);
  assert_true(st.st_size < 2095054848);
  assert_int_equal(truncate(name, 2095054848), 0); /* a hole */
  stop_often(&p, "pread", 1);
  assert_int_equal(program_call(&p, "far", NULL), 1);
  program_delete(&p);
  unlink(name);
  rmdir(folder);
}

/* A pipe to be written waits for its reader: opening it is a wait as well. */
static void opening_is_stopped(void **state) {
  (void)state;
  char folder[TEMPORARY_SIZE], name[96];
  assert_non_null(temporary_folder(folder, "wasi_wait"));
  snprintf(name, sizeof name, "%s/f", folder);
  assert_int_equal(mkfifo(name, 0644), 0);
  wasi_config_t *config = wasi_config_new();
  wasi_dir_perms dir = WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE | WASI_DIR_PERMS_SPECIAL;
  assert_true(wasi_config_preopen_dir_perms(config, folder, "/", dir, 3));
  Program p;
  program_new(&p, config, text);
  stop_often(&p, "open_pipe", 3);
  program_delete(&p);
  unlink(name);
  rmdir(folder);
}

/* ---- without a stop ---- */

typedef struct Drain {
  int fd;
  size_t len;
} Drain;

static void *drain_slowly(void *data) {
  Drain *d = data;
  char bytes[30000];
  ssize_t n;
  nap(20);
  while ((n = read(d->fd, bytes, sizeof bytes)) > 0) d->len += (size_t)n;
  return NULL;
}

/* More than 32 bits can count is a transfer that stops early. */
static void counts_fit(void **state) {
  (void)state;
  Program p;
  int none = open("/dev/null", O_WRONLY);
  Borrowed b = borrow(1, none);
  wasi_config_t *config = wasi_config_new();
  wasi_config_inherit_stdout(config);
  program_new(&p, config, text);
  int32_t written = program_call(&p, "much", NULL);
  program_delete(&p);
  give_back(b);
  close(none);
  assert_int_equal(written, 0x7ffff000);
}

/* A write that waits writes all, however little there is room for at a time. */
static void a_write_is_whole(void **state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    int ends[2];
    Drain d = {0};
    pthread_t thread;
    Program p;
    if (kind == 0) assert_int_equal(pipe(ends), 0);
    if (kind == 1) assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    if (kind == 2) assert_int_equal(openpty(&ends[0], &ends[1], NULL, NULL, NULL), 0);
    if (kind == 2) {
      struct termios raw;
      tcgetattr(ends[1], &raw);
      cfmakeraw(&raw);
      tcsetattr(ends[1], TCSANOW, &raw);
    }
    d.fd = ends[0];
    Borrowed b = borrow(1, ends[1]);
    close(ends[1]);
    wasi_config_t *config = wasi_config_new();
    wasi_config_inherit_stdout(config);
    program_new(&p, config, text);
    pthread_create(&thread, NULL, drain_slowly, &d);
    int32_t written = program_call(&p, "once", NULL);
    program_delete(&p);
    give_back(b); /* the last writer goes */
    pthread_join(thread, NULL);
    close(ends[0]);
    assert_int_equal(written, 8 << 20);
    assert_int_equal(d.len, 8 << 20);
  }
}

int main(void) {
  alarm(120); /* what is not stopped ends the test */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(waits_are_stopped),    cmocka_unit_test(options_of_a_call_end_waits),
      cmocka_unit_test(long_work_is_stopped), cmocka_unit_test(opening_is_stopped),
      cmocka_unit_test(counts_fit),           cmocka_unit_test(a_write_is_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
