/* Terminals as others have to do with them: audits, recordings, what is granted by the config; and
 * what a program is told once its terminal was hung up. */
#include "support/temporary.h"
#include "wasi/terminal_guest.h"

/* ---- audits ---- */

typedef struct Told {
  char lines[16][96];
  uint32_t count;
} Told;

static void on_access(void *data, const wasi_access_t *a) {
  Told *told = data;
  assert_true(told->count < ARRAY_LEN(told->lines));
  snprintf(told->lines[told->count++], sizeof told->lines[0], "%s %s %d %d", a->call,
           a->grant ? a->grant : "-", (int)a->fd, a->error);
}

/* Raw or not is told of each time, the others once, and refusals. */
static void accesses_are_told(void **state) {
  (void)state;
  static const char *const want[] = {
      "terminal_size stdout 1 0", "terminal_set_raw stdin 0 0",  "terminal_set_raw stdin 0 0",
      "terminal_wait stdin 0 0",  "terminal_set_raw stdout 1 8", "fd_fdstat_set_rights stdin 0 0",
      "terminal_wait stdin 0 76", "terminal_wait stdin 0 76"};
  Pair t;
  Program p;
  Told told = {.count = 0};
  pair_new(&t);
  wasi_config_t *config = config_at(&t);
  assert_true(wasi_config_set_audit(config, on_access, &told, NULL));
  program_new(&p, config, text);
  for (int i = 0; i < 2; i++) assert_size(&p, 1, 90, 30);
  assert_int_equal(CALL(&p, "set_raw", 0, 1), E_SUCCESS);
  assert_int_equal(CALL(&p, "set_raw", 0, 0), E_SUCCESS);
  for (int i = 0; i < 2; i++) assert_int_equal(CALL(&p, "wait", 0, 0, OUT), E_SUCCESS);
  assert_int_equal(CALL(&p, "set_raw", 1, 1), E_BADF);
  assert_int_equal(CALL(&p, "fd_fdstat_set_rights", 0, RIGHT_FD_READ, 0), E_SUCCESS);
  for (int i = 0; i < 2; i++) assert_int_equal(CALL(&p, "wait", 0, 0, OUT), E_NOTCAPABLE);
  assert_int_equal(told.count, ARRAY_LEN(want));
  for (uint32_t i = 0; i < told.count; i++) assert_string_equal(told.lines[i], want[i]);
  program_delete(&p);
  pair_delete(&t);
}

/* What was not granted is told of as refused, with what it was asked of. */
static void refusals_are_told(void **state) {
  (void)state;
  Pair t;
  Program p;
  Told told = {.count = 0};
  pair_new(&t);
  wasi_config_t *config = config_at(&t);
  assert_true(wasi_config_set_audit(config, on_access, &told, NULL));
  program_new_granted(&p, config, text, false);
  assert_int_equal(CALL(&p, "set_raw", 0, 1), E_NOTCAPABLE);
  assert_int_equal(told.count, 1);
  assert_string_equal(told.lines[0], "terminal_set_raw stdin 0 76");
  program_delete(&p);
  assert_as_before(&t);
  pair_delete(&t);
}

/* ---- recordings ---- */

static int32_t use_terminal(const Program *p) {
  uint32_t events;
  int32_t sum = CALL(p, "set_raw", 0, 1);
  sum = sum * 31 + CALL(p, "size", 1, OUT, OUT2);
  sum = sum * 31 + (int32_t)u32_at(p, OUT) * 7 + (int32_t)u32_at(p, OUT2);
  sum = sum * 31 + wait_for(p, SECOND, &events);
  sum = sum * 31 + read_some(p, 0);
  sum = sum * 31 + (int32_t)events + memory_of(p)[TEXT] + CALL(p, "size", 9, OUT, OUT2);
  return sum * 31 + CALL(p, "set_raw", 0, 0);
}

/* Replayed where there is no terminal, and where there is another one, which is left alone. */
static void recorded_and_replayed(void **state) {
  (void)state;
  char recording[TEMPORARY_SIZE];
  Pair t, other;
  Program p;
  close(temporary_file(recording, "wasi_terminal"));
  pair_new(&t);
  pair_new(&other);
  wasi_config_t *config = config_at(&t);
  assert_true(wasi_config_record(config, recording));
  program_new(&p, config, text);
  resize(&t, 77, 11);
  assert_int_equal(write(t.host, "x\n", 2), 2);
  int32_t sum = use_terminal(&p);
  program_delete(&p);
  for (int i = 0; i < 2; i++) {
    config = i ? config_at(&other) : wasi_config_new();
    assert_true(wasi_config_replay(config, recording));
    program_new(&p, config, text);
    assert_int_equal(CALL(&p, "set_raw", 0, 1), E_SUCCESS);
    assert_as_before(&other);
    program_delete(&p);
    config = i ? config_at(&other) : wasi_config_new();
    assert_true(wasi_config_replay(config, recording));
    program_new(&p, config, text);
    assert_int_equal(use_terminal(&p), sum);
    program_delete(&p);
  }
  assert_as_before(&t);
  pair_delete(&t);
  pair_delete(&other);
  unlink(recording);
}

/* ---- the config ---- */

static void granted_by_the_config(void **state) {
  (void)state;
  for (int on = 0; on < 2; on++) {
    Pair t;
    Program p;
    pair_new(&t);
    wasi_config_t *config = config_at(&t);
    assert_false(wasi_config_grants_terminal(config));
    wasi_config_grant_terminal(config, on);
    assert_int_equal(wasi_config_grants_terminal(config), on);
    program_new_granted(&p, config, text, false);
    assert_int_equal(CALL(&p, "size", 0, OUT, OUT2), on ? E_SUCCESS : E_NOTCAPABLE);
    program_delete(&p);
    pair_delete(&t);
  }
  wasi_config_grant_terminal(NULL, true);
  assert_false(wasi_config_grants_terminal(NULL));
}

/* ---- hang-ups ---- */

static void *hang_up_soon(void *env) {
  nap(30);
  close(((Pair *)env)->host);
  return NULL;
}

static void assert_no_more_input(const Program *p) {
  int e = read_some(p, 0);
  assert_true(e == E_IO || (e == E_SUCCESS && u32_at(p, OUT) == 0));
}

/* Whoever sat before it has gone: an end of the input, an errno for the rest, and no wait. */
static void assert_hung_up(const Program *p) {
  uint32_t bytes;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(poll_input(p, UINT64_C(100) * SECOND, &bytes), EVENT_FD_READ);
    assert_int_equal(load_u16(memory_of(p) + EVENTS + 24), EVENT_FD_HANGUP);
    assert_no_more_input(p);
    assert_int_equal(CALL(p, "fd_write", 1, VECTOR, 1, OUT), E_IO);
    assert_all(p, 0, E_IO);
  }
}

static void wait_by_the_import(const Program *p) {
  uint32_t events;
  assert_int_equal(wait_for(p, UINT64_MAX, &events), E_SUCCESS);
  assert_int_equal(events, 1);
}

static void wait_by_poll(const Program *p) {
  uint32_t bytes;
  assert_int_equal(poll_input(p, UINT64_C(100) * SECOND, &bytes), EVENT_FD_READ);
}

/* Before it waits or reads, and while it does so for ever; in raw mode and not. */
static void hang_ups(void **state) {
  (void)state;
  void (*const waits[])(const Program *) = {wait_by_the_import, wait_by_poll, assert_no_more_input};
  for (int raw = 0; raw < 2; raw++)
    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
      Pair t;
      Program p;
      pthread_t thread;
      pair_new(&t);
      terminal_program(&p, &t);
      assert_int_equal(CALL(&p, "set_raw", 0, (uint64_t)raw), E_SUCCESS);
      assert_int_equal(pthread_create(&thread, NULL, hang_up_soon, &t), 0);
      waits[i](&p);
      pthread_join(thread, NULL);
      assert_hung_up(&p);
      assert_int_equal(wasi_ctx_restore_terminal(p.ctx), raw);
      program_delete(&p);
      close(t.guest);
    }
}

int main(void) {
  alarm(60); /* what is not told of the end ends the test */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accesses_are_told),
      cmocka_unit_test(refusals_are_told),
      cmocka_unit_test(recorded_and_replayed),
      cmocka_unit_test(granted_by_the_config),
      cmocka_unit_test(hang_ups),
  };
  return wasmx_has("text") ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
