/* Programs at terminals. Each test has a pair of its own: `host` is the side of whoever sits before
 * it, `name` what the program is given. */
#ifndef TESTS_WASI_TERMINAL_GUEST_H
#define TESTS_WASI_TERMINAL_GUEST_H

#include "wasi/program.h"
#include "wasi/wasi_abi.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
  OUT = 64,
  OUT2 = 68,
  VECTOR = 128,
  TEXT = 256,
  SUBS = 512,
  EVENTS = 1024,
  SECOND = 1000000000
};

/* Each import by its name, with the memory of the program. */
#define TERMINAL_IMPORT(name, params)                                                              \
  "(import \"wasm_terminal\" \"" name "\" (func $" name " (param " params ") (result i32)))"
#define WRAP2(name)                                                                                \
  "(func (export \"" name "\") (param i32 i32) (result i32)"                                       \
  " (call $" name " (local.get 0) (local.get 1)))"
#define WRAP3(name, second)                                                                        \
  "(func (export \"" name "\") (param i32 " second " i32) (result i32)"                            \
  " (call $" name " (local.get 0) (local.get 1) (local.get 2)))"
#define WRAP4(name)                                                                                \
  "(func (export \"" name "\") (param i32 i32 i32 i32) (result i32)"                               \
  " (call $" name " (local.get 0) (local.get 1) (local.get 2) (local.get 3)))"
static const char text[] = TERMINAL_IMPORT("size", "i32 i32 i32") TERMINAL_IMPORT(
    "set_raw", "i32 i32") TERMINAL_IMPORT("wait", "i32 i64 i32") WASI_IMPORT("fd_read",
                                                                             "i32 i32 i32 i32")
    WASI_IMPORT("fd_write", "i32 i32 i32 i32") WASI_IMPORT(
        "poll_oneoff", "i32 i32 i32 i32") WASI_IMPORT("fd_fdstat_get",
                                                      "i32 i32") WASI_IMPORT("fd_fdstat_set_flags",
                                                                             "i32 i32")
        WASI_IMPORT("fd_fdstat_set_rights", "i32 i64 i64") WASI_IMPORT(
            "path_open",
            "i32 i32 i32 i32 i32 i64 i64 i32 i32") "(memory (export \"memory\") 1)"
                                                   "(func (export \"fd_fdstat_set_rights\") (param "
                                                   "i32 i64 i64) "
                                                   "(result i32)"
                                                   " (call $fd_fdstat_set_rights (local.get 0) "
                                                   "(local.get 1) "
                                                   "(local.get 2)))"
                                                   "(func (export \"path_open\") (param i32 i32 "
                                                   "i32 i32 i32 i64 i64 i32 i32) (result i32)"
                                                   " (call $path_open (local.get 0) (local.get 1) "
                                                   "(local.get 2) (local.get 3) (local.get 4)"
                                                   "   (local.get 5) (local.get 6) (local.get 7) "
                                                   "(local.get 8)))"
                                                   "(func (export \"trap\") unreachable)" WRAP3(
                                                       "size", "i32") WRAP2("set_raw")
                                                       WRAP3("wait", "i64") WRAP4("fd_read")
                                                           WRAP4("fd_write") WRAP4("poll_oneoff")
                                                               WRAP2("fd_fdstat_get")
                                                                   WRAP2("fd_fdstat_set_flags");

typedef struct Pair {
  int host, guest; /* guest: the program's side, for the test to look at */
  char name[64];
  struct termios before;
} Pair;

/* Without what is between its fields. */
static inline struct termios mode_of(const Pair *t) {
  struct termios mode;
  memset(&mode, 0, sizeof mode);
  assert_int_equal(tcgetattr(t->guest, &mode), 0);
  return mode;
}

static inline void pair_new(Pair *t) {
  const struct winsize size = {.ws_col = 90, .ws_row = 30};
  assert_int_equal(openpty(&t->host, &t->guest, t->name, NULL, &size), 0);
  t->before = mode_of(t);
}

static inline void assert_as_before(const Pair *t) {
  struct termios now = mode_of(t);
  assert_memory_equal(&now, &t->before, sizeof now);
}

static inline void pair_delete(Pair *t) {
  close(t->host);
  close(t->guest);
}

static inline wasi_config_t *config_at(const Pair *t) {
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_stdin_file(config, t->name));
  assert_true(wasi_config_set_stdout_file(config, t->name));
  return config;
}

static inline void terminal_program(Program *p, const Pair *t) {
  program_new(p, config_at(t), text);
}

/* ---- a program at a terminal: what nearly all tests begin with ---- */

typedef struct Place {
  Pair t;
  Program p;
} Place;

static inline Pair *pair_of(void **state) { return &((Place *)*state)->t; }
static inline Program *program_of(void **state) { return &((Place *)*state)->p; }

static inline int sit_down(void **state) {
  Place *place = calloc(1, sizeof *place);
  pair_new(&place->t);
  terminal_program(&place->p, &place->t);
  *state = place;
  return 0;
}

/* However the test ended, the terminal is as it was. */
static inline int get_up(void **state) {
  Place *place = *state;
  program_delete(&place->p);
  assert_as_before(&place->t);
  pair_delete(&place->t);
  free(place);
  return 0;
}
#define AT_TERMINAL(test) cmocka_unit_test_setup_teardown(test, sit_down, get_up)

static inline wasm_trap_t *call_slots(const Program *p, const char *name, wasmx_slot_t *slots) {
  wasm_func_t *func = wasmx_instance_func(p->instance, name);
  assert_non_null(func);
  wasm_trap_t *trap = wasmx_func_call_raw(func, slots);
  wasm_func_delete(func);
  return trap;
}

/* CALL(p, name, arguments...): the errno. */
static inline int call(const Program *p, const char *name, const uint64_t *args, size_t count) {
  wasmx_slot_t slots[16] = {{.u64 = 0}};
  for (size_t i = 0; i < count; i++) slots[i].u64 = args[i];
  assert_null(call_slots(p, name, slots));
  return slots[0].i32;
}
#define CALL(p, name, ...)                                                                         \
  call((p), (name), (uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / 8)

static inline unsigned char *memory_of(const Program *p) {
  wasm_memory_t *memory = wasmx_instance_memory(p->instance, "memory");
  unsigned char *data = (unsigned char *)wasm_memory_data(memory);
  wasm_memory_delete(memory);
  return data;
}

static inline uint32_t u32_at(const Program *p, uint32_t at) { return load_u32(memory_of(p) + at); }

static inline bool is_raw(const Pair *t) { return !(mode_of(t).c_lflag & ICANON); }

static inline void resize(const Pair *t, unsigned short columns, unsigned short rows) {
  const struct winsize size = {.ws_col = columns, .ws_row = rows};
  assert_int_equal(ioctl(t->host, TIOCSWINSZ, &size), 0);
}

static inline void nap(int ms) {
  const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&t, NULL);
}

static inline double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline int read_some(const Program *p, uint32_t fd) {
  unsigned char *memory = memory_of(p);
  store_u32(memory + VECTOR, TEXT);
  store_u32(memory + VECTOR + 4, 100);
  memset(memory + TEXT, 0, 100);
  return CALL(p, "fd_read", fd, VECTOR, 1, OUT);
}

/* A subscription of fd 0 and one of a clock: what happened first is the type of the first event. */
static inline int poll_input(const Program *p, uint64_t nanoseconds, uint32_t *bytes) {
  unsigned char *memory = memory_of(p);
  memset(memory + SUBS, 0, 96);
  memory[SUBS + 8] = EVENT_FD_READ;
  memory[SUBS + 48 + 8] = EVENT_CLOCK;
  store_u32(memory + SUBS + 48 + 16, CLOCK_ID_MONOTONIC);
  store_u64(memory + SUBS + 48 + 24, nanoseconds);
  assert_int_equal(CALL(p, "poll_oneoff", SUBS, EVENTS, 2, OUT), E_SUCCESS);
  assert_int_equal(u32_at(p, OUT), 1);
  *bytes = u32_at(p, EVENTS + 16);
  return memory[EVENTS + 10];
}

static inline int wait_for(const Program *p, uint64_t nanoseconds, uint32_t *events) {
  int error = CALL(p, "wait", 0, nanoseconds, OUT);
  *events = u32_at(p, OUT);
  return error;
}

static inline void assert_size(const Program *p, uint32_t fd, uint32_t columns, uint32_t rows) {
  assert_int_equal(CALL(p, "size", fd, OUT, OUT2), E_SUCCESS);
  assert_int_equal(u32_at(p, OUT), columns);
  assert_int_equal(u32_at(p, OUT2), rows);
}

static inline void assert_all(const Program *p, uint32_t fd, int error) {
  assert_int_equal(CALL(p, "size", fd, OUT, OUT2), error);
  assert_int_equal(CALL(p, "set_raw", fd, 1), error);
  assert_int_equal(CALL(p, "wait", fd, 0, OUT), error);
}

#endif
