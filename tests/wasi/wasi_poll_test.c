/* poll_oneoff: clocks, descriptors, counts, and events in full. */
#include "wasi/guest.h"

#include <fcntl.h>
#include <time.h>

enum { SUBS = 4096, EVENTS = 32768 };

static void clock_sub(Guest *g, u32 i, u32 id, u64 timeout, u32 flags) {
  u8 *s = g->memory + SUBS + i * SUBSCRIPTION_SIZE;
  memset(s, 0, SUBSCRIPTION_SIZE);
  store_u64(s, 1000 + i);
  store_u32(s + 16, id);
  store_u64(s + 24, timeout);
  store_u16(s + 40, (u16)flags);
}

static void fd_sub(Guest *g, u32 i, u8 tag, u32 fd) {
  u8 *s = g->memory + SUBS + i * SUBSCRIPTION_SIZE;
  memset(s, 0, SUBSCRIPTION_SIZE);
  store_u64(s, 1000 + i);
  s[8] = tag;
  store_u32(s + 16, fd);
}

/* Polls; the number of events. */
static u32 poll_ok(Guest *g, u32 count) {
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS, count, OUT), E_SUCCESS);
  return out_u32(g);
}

static const u8 *event(const Guest *g, u32 i) { return g->memory + EVENTS + i * EVENT_SIZE; }

static u64 now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static void counts(void **state) {
  (void)state;
  Guest *g = guest_new(wasi_config_new());
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS, 0, OUT), E_INVAL);
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS, 16385, OUT), E_INVAL);
  assert_int_equal(RUN(g, poll_oneoff, 0, 0, UINT32_MAX, OUT), E_INVAL);
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS + 8, 1024, OUT),
                   E_FAULT); /* events do not fit */
  assert_int_equal(RUN(g, poll_oneoff, 0, 4, 1, OUT), E_INVAL);
  for (u32 i = 0; i < 500; i++) clock_sub(g, i, CLOCK_ID_MONOTONIC, 0, 0);
  assert_int_equal(poll_ok(g, 500), 500);
  assert_int_equal(load_u64(event(g, 499)), 1499);
  g->memory[SUBS + 8] = 3; /* no such kind */
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS, 1, OUT), E_INVAL);
  guest_free(g);
}

static void clocks(void **state) {
  (void)state;
  Guest *g = guest_new(wasi_config_new());
  const u64 ms = 1000000;
  u64 start = now(CLOCK_MONOTONIC);
  clock_sub(g, 0, CLOCK_ID_MONOTONIC, UINT64_MAX, 0); /* saturates: never */
  clock_sub(g, 1, CLOCK_ID_MONOTONIC, 20 * ms, 0);
  clock_sub(g, 2, CLOCK_ID_MONOTONIC, 3600000 * ms, 0);
  assert_int_equal(poll_ok(g, 3), 1);
  assert_int_equal(load_u64(event(g, 0)), 1001);
  assert_int_equal(load_u16(event(g, 0) + 8), E_SUCCESS);
  assert_int_equal(event(g, 0)[10], EVENT_CLOCK);
  u64 took = now(CLOCK_MONOTONIC) - start;
  assert_true(took >= 20 * ms && took < 2000 * ms);
  clock_sub(g, 0, CLOCK_ID_MONOTONIC, now(CLOCK_MONOTONIC) + 5 * ms, SUBCLOCK_ABSTIME);
  clock_sub(g, 1, CLOCK_ID_REALTIME, now(CLOCK_REALTIME) + 3600000 * ms, SUBCLOCK_ABSTIME);
  assert_int_equal(poll_ok(g, 2), 1);
  assert_int_equal(load_u64(event(g, 0)), 1000);
  clock_sub(g, 0, CLOCK_ID_REALTIME, 1, SUBCLOCK_ABSTIME); /* long gone */
  assert_int_equal(poll_ok(g, 2), 1);
  clock_sub(g, 0, CLOCK_ID_PROCESS, 1, 0);
  clock_sub(g, 1, 77, 1, 0);
  assert_int_equal(poll_ok(g, 2), 2);
  assert_int_equal(load_u16(event(g, 0) + 8), E_NOTSUP);
  assert_int_equal(load_u16(event(g, 1) + 8), E_INVAL);
  guest_free(g);
}

static void descriptors(void **state) {
  (void)state;
  char folder[64] = "";
  int ends[2], saved = dup(0);
  assert_int_equal(pipe(ends), 0);
  dup2(ends[0], 0);
  wasi_config_t *config = config_with_folder(folder, true, 0);
  wasi_config_inherit_stdin(config);
  Guest *g = guest_new(config);
  u32 fd;
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(guest_write(g, fd, "0123456789"), E_SUCCESS);
  assert_int_equal(RUN(g, fd_seek, fd, 4, 0, OUT), E_SUCCESS);
  /* An empty pipe, a file, a closed number, output that is dropped. */
  fd_sub(g, 0, EVENT_FD_READ, 0);
  fd_sub(g, 1, EVENT_FD_READ, fd);
  fd_sub(g, 2, EVENT_FD_READ, 55);
  fd_sub(g, 3, EVENT_FD_WRITE, 1);
  assert_int_equal(poll_ok(g, 4), 3);
  assert_int_equal(load_u64(event(g, 0)), 1001);
  assert_int_equal(load_u64(event(g, 0) + 16), 6);
  assert_int_equal(load_u16(event(g, 1) + 8), E_BADF);
  assert_int_equal(load_u64(event(g, 2)), 1003);
  /* The pipe alone: a time-out, then data, then its end. */
  clock_sub(g, 1, CLOCK_ID_MONOTONIC, 1000000, 0);
  assert_int_equal(poll_ok(g, 2), 1);
  assert_int_equal(load_u64(event(g, 0)), 1001);
  assert_int_equal(write(ends[1], "abc", 3), 3);
  clock_sub(g, 1, CLOCK_ID_MONOTONIC, 3600000000000u, 0);
  assert_int_equal(poll_ok(g, 2), 1);
  assert_int_equal(load_u64(event(g, 0)), 1000);
  assert_int_equal(load_u64(event(g, 0) + 16), 3);
  close(ends[1]);
  assert_int_equal(poll_ok(g, 2), 1);
  assert_int_equal(load_u16(event(g, 0) + 24), EVENT_FD_HANGUP);
  guest_free(g);
  dup2(saved, 0);
  close(saved);
  close(ends[0]);
  remove_folder(folder);
}

/* What cannot be read is not waited for: the event says what the read would. */
static void no_reading_no_waiting(void **state) {
  (void)state;
  char folder[64] = "";
  u32 fd, dir;
  int saved = dup(0), none = open("/dev/null", O_WRONLY); /* as `wasm` puts it for a closed one */
  dup2(none, 0);
  wasi_config_t *config = config_with_folder(folder, true, 0);
  wasi_config_inherit_stdin(config);
  Guest *g = guest_new(config);
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHT_FD_WRITE | RIGHT_POLL_FD_READWRITE, &fd),
                   E_SUCCESS);
  assert_int_equal(guest_open(g, ".", OFLAG_DIRECTORY, RIGHTS_DIR, &dir), E_SUCCESS);
  fd_sub(g, 0, EVENT_FD_READ, 0);
  fd_sub(g, 1, EVENT_FD_READ, 1);
  fd_sub(g, 2, EVENT_FD_READ, fd);
  fd_sub(g, 3, EVENT_FD_WRITE, fd);
  fd_sub(g, 4, EVENT_FD_READ, dir);
  clock_sub(g, 5, CLOCK_ID_MONOTONIC, 3600000000000u, 0);
  assert_int_equal(poll_ok(g, 6), 5);
  const Errno want[] = {E_BADF, E_BADF, E_BADF, E_SUCCESS, E_SUCCESS};
  for (u32 i = 0; i < 5; i++) {
    assert_int_equal(load_u64(event(g, i)), 1000 + i);
    assert_int_equal(load_u16(event(g, i) + 8), want[i]);
  }
  const char *text;
  assert_int_equal(guest_read(g, 0, &text), E_BADF);
  guest_free(g);
  dup2(saved, 0);
  close(saved);
  close(none);
  remove_folder(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts),
      cmocka_unit_test(clocks),
      cmocka_unit_test(descriptors),
      cmocka_unit_test(no_reading_no_waiting),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
