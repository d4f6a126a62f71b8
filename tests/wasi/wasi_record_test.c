/* Recorded runs: what a program was given it is given again, elsewhere; bad recordings end it. */
#include "wasi/guest.h"
#include "wasi/program.h"

#include <errno.h>

static char folder[64], recording[96];

/* Calls of many kinds; the sum is of all that came from outside. */
static const char text[] =
    "(import \"wasi_snapshot_preview1\" \"path_open\""
    "  (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))" WASI_IMPORT(
        "fd_read", "i32 i32 i32 i32") WASI_IMPORT("fd_readdir", "i32 i32 i32 i64 i32")
        WASI_IMPORT("random_get", "i32 i32") WASI_IMPORT("clock_time_get", "i32 i64 i32")
            WASI_IMPORT("args_sizes_get", "i32 i32") WASI_IMPORT("args_get", "i32 i32")
                WASI_IMPORT("poll_oneoff", "i32 i32 i32 i32") WASI_IMPORT(
                    "fd_fdstat_get",
                    "i32 i32") "(memory (export \"memory\") 1) (data (i32.const 100) \"f\")"
                               "(func $sum (result i32) (local $i i32) (local $s i32)"
                               "  (loop $l (local.set $s (i32.add (i32.mul (local.get $s) "
                               "(i32.const 31))"
                               "      (i32.load8_u (local.get $i))))"
                               "    (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) "
                               "(i32.const 1)))"
                               "      (i32.const 60000)))) (local.get $s))"
                               "(func (export \"run\") (result i32)"
                               "  (i32.store (i32.const 2000) (call $random_get (i32.const 3000) "
                               "(i32.const 100)))"
                               "  (drop (call $clock_time_get (i32.const 0) (i64.const 0) "
                               "(i32.const 2008)))"
                               "  (drop (call $args_sizes_get (i32.const 2016) (i32.const 2020)))"
                               "  (drop (call $args_get (i32.const 2100) (i32.const 2200)))"
                               "  (drop (call $fd_fdstat_get (i32.const 3) (i32.const 2400)))"
                               "  (drop (call $fd_fdstat_get (i32.const 99) (i32.const 2432)))"
                               "  (drop (call $fd_readdir (i32.const 3) (i32.const 5000) "
                               "(i32.const 1000) (i64.const 0)"
                               "    (i32.const 2024)))"
                               "  (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) "
                               "(i32.const 1) (i32.const 0)"
                               "    (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 2028)))"
                               "  (i32.store (i32.const 120) (i32.const 7000)) (i32.store "
                               "(i32.const 124) (i32.const 3))"
                               "  (i32.store (i32.const 128) (i32.const 8000)) (i32.store "
                               "(i32.const 132) (i32.const 90))"
                               "  (drop (call $fd_read (i32.load (i32.const 2028)) (i32.const 120) "
                               "(i32.const 2)"
                               "    (i32.const 2032)))"
                               "  (i64.store (i32.const 208) (i64.const 0)) (i32.store (i32.const "
                               "216) (i32.const 1))"
                               "  (drop (call $poll_oneoff (i32.const 200) (i32.const 9000) "
                               "(i32.const 1) (i32.const 2036)))"
                               "  (call $sum))"
                               "(func (export \"other\") (result i32) (call $fd_fdstat_get "
                               "(i32.const 4) (i32.const 2400)))";

static wasi_config_t *config_of_world(void) {
  const char *args[] = {"a", "program"};
  char path[96];
  wasi_config_t *config = wasi_config_new();
  snprintf(path, sizeof path, "%s/f", folder);
  FILE *f = fopen(path, "w");
  fputs("what the file says", f);
  fclose(f);
  assert_true(wasi_config_set_argv(config, 2, args));
  assert_true(wasi_config_preopen_dir(config, folder, "/", true));
  return config;
}

static int32_t recorded(void) {
  Program p;
  wasi_config_t *config = config_of_world();
  assert_true(wasi_config_record(config, recording));
  program_new(&p, config, text);
  int32_t sum = program_call(&p, "run", NULL);
  program_delete(&p);
  return sum;
}

/* In a world where there is nothing. *trap is told by its message, and gone. */
static int32_t replayed(const char *name, char message[200]) {
  Program p;
  wasm_trap_t *trap;
  wasi_config_t *config = wasi_config_new();
  message[0] = 0;
  if (!wasi_config_replay(config, recording)) {
    wasi_config_delete(config);
    snprintf(message, 200, "none");
    return 0;
  }
  program_new(&p, config, text);
  int32_t sum = program_call(&p, name, &trap);
  if (trap) {
    wasm_message_t why;
    wasm_trap_message(trap, &why);
    snprintf(message, 200, "%s", why.data);
    wasm_byte_vec_delete(&why);
    wasm_trap_delete(trap);
  }
  program_delete(&p);
  return sum;
}

static void the_same_again(void **state) {
  (void)state;
  char message[200];
  int32_t first = recorded(), second = recorded();
  assert_true(first != second); /* random bytes, the time */
  for (int i = 0; i < 3; i++) {
    assert_int_equal(replayed("run", message), second);
    assert_string_equal(message, "");
  }
}

static void other_programs_end(void **state) {
  (void)state;
  char message[200];
  recorded();
  replayed("other", message);
  assert_non_null(strstr(message, "something else"));
}

/* Cut at each byte, and with each byte changed: it ends, or does what it is told. */
static void bad_recordings(void **state) {
  (void)state;
  char message[200], bytes[8192];
  recorded();
  FILE *f = fopen(recording, "r");
  size_t size = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  assert_true(size > 200 && size < sizeof bytes);
  for (size_t cut = 0; cut < size; cut += cut < 300 ? 1 : 7) {
    assert_int_equal(truncate(recording, (off_t)cut), 0);
    replayed("run", message);
    assert_true(strstr(message, "ends here") || strstr(message, "damaged") ||
                strcmp(message, "none") == 0);
    f = fopen(recording, "w");
    fwrite(bytes, 1, size, f);
    fclose(f);
  }
  for (size_t at = 0; at < size; at += 3) {
    bytes[at] ^= (char)0x81;
    f = fopen(recording, "w");
    fwrite(bytes, 1, size, f);
    fclose(f);
    replayed("run", message);
    bytes[at] ^= (char)0x81;
  }
}

static void disks_that_are_full(void **state) {
  (void)state;
  Program p;
  wasm_trap_t *trap = NULL;
  wasi_config_t *config = config_of_world();
  assert_true(wasi_config_record(config, "/dev/full"));
  program_new(&p, config, text);
  for (int i = 0; i < 100 && !trap; i++) program_call(&p, "run", &trap);
  wasm_message_t why;
  wasm_trap_message(trap, &why);
  assert_non_null(strstr(why.data, "cannot be written"));
  wasm_byte_vec_delete(&why);
  wasm_trap_delete(trap);
  program_delete(&p);
  config = wasi_config_new();
  assert_false(wasi_config_record(config, "/there/is/no/such"));
  assert_false(wasi_config_replay(config, "/there/is/no/such"));
  assert_false(wasi_config_replay(config, "/dev/null"));
  assert_int_equal(errno, EILSEQ);
  assert_false(wasi_config_record(NULL, recording));
  wasi_config_delete(config);
}

/* ---- programs of another kind ---- */

#define OPEN_IMPORT                                                                                \
  "(import \"wasi_snapshot_preview1\" \"path_open\" (func $open"                                   \
  " (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"

/* Runs `run` of the program; what it gave, and what it wrote to its standard output. */
static int32_t run_captured(wasi_config_t *config, const char *source, size_t limit, char *out) {
  Program p;
  wasm_byte_vec_t bytes;
  wasi_config_capture_stdout(config, limit);
  program_new(&p, config, source);
  int32_t result = program_call(&p, "run", NULL);
  wasi_ctx_take_stdout(p.ctx, &bytes);
  snprintf(out, 64, "%.*s", (int)bytes.size, bytes.size ? bytes.data : "");
  wasm_byte_vec_delete(&bytes);
  program_delete(&p);
  return result;
}

static wasi_config_t *config_to_replay(void) {
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_replay(config, recording));
  return config;
}

/* The count that fd_read gives lies over its vectors: over the address of the first, its length,
 * and the second; what is read lies over them, too. */
static void counts_over_vectors(void **state) {
  (void)state;
  static const char source[] = OPEN_IMPORT WASI_IMPORT("fd_read", "i32 i32 i32 i32") WASI_IMPORT(
      "args_sizes_get",
      "i32 i32") "(memory (export \"memory\") 1) (data (i32.const 100) \"f\")"
                 "(global $sum (mut i32) (i32.const 0))"
                 "(func $read (param $out i32) (param $to i32)"
                 "  (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 1) "
                 "(i32.const 0)"
                 "    (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 2028)))"
                 "  (i32.store (i32.const 120) (i32.const 7000)) (i32.store (i32.const 124) "
                 "(i32.const 3))"
                 "  (i32.store (i32.const 128) (local.get $to)) (i32.store (i32.const 132) "
                 "(i32.const 9))"
                 "  (drop (call $fd_read (i32.load (i32.const 2028)) (i32.const 120) (i32.const 2)"
                 "    (local.get $out)))"
                 "  (global.set $sum (i32.add (i32.mul (global.get $sum) (i32.const 31)) (i32.add"
                 "    (i32.load (i32.const 7000)) (i32.add (i32.load (i32.const 8000))"
                 "    (i32.add (i32.load (i32.const 124)) (i32.load (local.get $out))))))))"
                 "(func (export \"run\") (result i32)"
                 "  (call $read (i32.const 120) (i32.const 8000)) (call $read (i32.const 124) "
                 "(i32.const 8000))"
                 "  (call $read (i32.const 128) (i32.const 8000)) (call $read (i32.const 132) "
                 "(i32.const 8000))"
                 "  (call $read (i32.const 6000) (i32.const 120))"
                 "  (drop (call $args_sizes_get (i32.const 8000) (i32.const 65535)))"
                 "  (i32.add (global.get $sum) (i32.load (i32.const 8000))))";
  char out[64];
  wasi_config_t *config = config_of_world();
  assert_true(wasi_config_record(config, recording));
  int32_t sum = run_captured(config, source, 100, out);
  assert_int_equal(run_captured(config_to_replay(), source, 100, out), sum);
}

/* Only what went to the standard output is seen again, whatever its number was: not what was
 * written to the file that came in its place, nor what did not fit. */
static void only_output_is_shown(void **state) {
  (void)state;
  static const char source[] = OPEN_IMPORT WASI_IMPORT("fd_write", "i32 i32 i32 i32") WASI_IMPORT(
      "fd_renumber",
      "i32 i32") "(memory (export \"memory\") 1) (data (i32.const 100) \"new\")"
                 "(data (i32.const 200) \"first moved file- last! \")"
                 "(func $write (param $fd i32) (param $at i32) (param $size i32) (result i32)"
                 "  (i32.store (i32.const 120) (local.get $at)) (i32.store (i32.const 124) "
                 "(local.get $size))"
                 "  (drop (call $fd_write (local.get $fd) (i32.const 120) (i32.const 1) (i32.const "
                 "2032)))"
                 "  (i32.load (i32.const 2032)))"
                 "(func $open_new (result i32)"
                 "  (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 3) "
                 "(i32.const 1)"
                 "    (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 2028)))"
                 "  (i32.load (i32.const 2028)))"
                 "(func (export \"run\") (result i32)"
                 "  (drop (call $write (i32.const 1) (i32.const 200) (i32.const 6)))"
                 "  (drop (call $fd_renumber (i32.const 1) (call $open_new)))" /* it is 4 then */
                 "  (drop (call $write (i32.const 4) (i32.const 206) (i32.const 6)))"
                 "  (drop (call $open_new))" /* 1: the lowest */
                 "  (drop (call $write (i32.const 1) (i32.const 212) (i32.const 6)))"
                 "  (call $write (i32.const 4) (i32.const 218) (i32.const 6)))";
  char out[64], again[64];
  wasi_config_t *config = config_of_world();
  assert_true(wasi_config_record(config, recording));
  assert_int_equal(run_captured(config, source, 16, out), 4);
  assert_string_equal(out, "first moved last");
  assert_int_equal(run_captured(config_to_replay(), source, 100, again), 4);
  assert_string_equal(again, out);
}

static int make_folder(void **state) {
  (void)state;
  assert_non_null(temporary_folder(folder, "wasi_record"));
  snprintf(recording, sizeof recording, "%s.run", folder);
  return 0;
}

static int drop_folder(void **state) {
  (void)state;
  remove_folder(folder);
  return unlink(recording);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_again),      cmocka_unit_test(other_programs_end),
      cmocka_unit_test(bad_recordings),      cmocka_unit_test(disks_that_are_full),
      cmocka_unit_test(counts_over_vectors), cmocka_unit_test(only_output_is_shown),
  };
  return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
