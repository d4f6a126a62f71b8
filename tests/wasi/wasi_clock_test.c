/* Clocks that are not the host's: what they show, how they move, what sleeping does to them, and
 * the times that are written by them. */
#include "wasi/guest.h"
#include "wasi_fs.h"

#include <pthread.h>
#include <time.h>

enum { SUBS = 4096, EVENTS = 32768, THREADS = 4, READINGS = 500000 };
static const u64 second = 1000000000u, hour = 3600000000000u, start = 1234567890123456789u;

static wasi_config_t *config_with(int clock, u64 from, u64 step) {
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_clock(config, clock, from, step));
  return config;
}

static u64 reading(Guest *g, u32 id) {
  assert_int_equal(RUN(g, clock_time_get, id, 0, OUT), E_SUCCESS);
  return out_u64(g);
}

static u64 resolution(Guest *g, u32 id) {
  assert_int_equal(RUN(g, clock_res_get, id, OUT), E_SUCCESS);
  return out_u64(g);
}

static u64 host_now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return wm_nanoseconds(&t);
}

static void subscribe(Guest *g, u32 i, u32 id, u64 timeout, u32 flags) {
  u8 *s = g->memory + SUBS + i * SUBSCRIPTION_SIZE;
  memset(s, 0, SUBSCRIPTION_SIZE);
  store_u64(s, 1000 + i);
  store_u32(s + 16, id);
  store_u64(s + 24, timeout);
  store_u16(s + 40, (u16)flags);
}

static void subscribe_input(Guest *g, u32 i) {
  subscribe(g, i, 0, 0, 0);
  g->memory[SUBS + i * SUBSCRIPTION_SIZE + 8] = EVENT_FD_READ;
}

/* The number of events; the first one's subscription. */
static u32 poll_some(Guest *g, u32 count, u64 *first) {
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS, count, OUT), E_SUCCESS);
  *first = load_u64(g->memory + EVENTS) - 1000;
  return out_u32(g);
}

static void sleep_for(Guest *g, u64 ns) {
  u64 first;
  subscribe(g, 0, CLOCK_ID_MONOTONIC, ns, 0);
  assert_int_equal(poll_some(g, 1, &first), 1);
}

static void frozen(void **state) {
  (void)state;
  Guest *g = guest_new(config_with(WASI_CLOCK_FROZEN, start, 0));
  for (int i = 0; i < 2; i++) {
    assert_int_equal(reading(g, CLOCK_ID_REALTIME), start);
    for (u32 id = CLOCK_ID_MONOTONIC; id <= CLOCK_ID_THREAD; id++)
      assert_int_equal(reading(g, id), 0);
  }
  for (u32 id = 0; id <= CLOCK_ID_THREAD; id++) assert_int_equal(resolution(g, id), 1);
  assert_int_equal(RUN(g, clock_time_get, 4, 0, OUT), E_INVAL);
  assert_int_equal(RUN(g, clock_res_get, 4, OUT), E_INVAL);
  u64 before = host_now(CLOCK_MONOTONIC);
  sleep_for(g, hour);
  assert_true(host_now(CLOCK_MONOTONIC) - before < 60 * second);
  assert_int_equal(reading(g, CLOCK_ID_REALTIME), start + hour);
  assert_int_equal(reading(g, CLOCK_ID_PROCESS), hour);
  guest_free(g);
}

/* The nearest deadline is the one that time goes on to; one that is over, none. */
static void deadlines(void **state) {
  (void)state;
  u64 first;
  Guest *g = guest_new(config_with(WASI_CLOCK_FROZEN, start, 0));
  subscribe(g, 0, CLOCK_ID_MONOTONIC, UINT64_MAX, 0);
  subscribe(g, 1, CLOCK_ID_REALTIME, start + 20, SUBCLOCK_ABSTIME);
  subscribe(g, 2, CLOCK_ID_MONOTONIC, 21, 0);
  assert_int_equal(poll_some(g, 3, &first), 1);
  assert_int_equal(first, 1);
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), 20);
  subscribe(g, 1, CLOCK_ID_REALTIME, start + 20, SUBCLOCK_ABSTIME);
  assert_int_equal(poll_some(g, 3, &first), 1);
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), 20);
  subscribe(g, 1, CLOCK_ID_MONOTONIC, 10, SUBCLOCK_ABSTIME); /* it does not go back */
  assert_int_equal(poll_some(g, 2, &first), 1);
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), 20);
  subscribe(g, 1, CLOCK_ID_MONOTONIC, 25, SUBCLOCK_ABSTIME);
  subscribe(g, 2, CLOCK_ID_REALTIME, 5, 0);
  assert_int_equal(poll_some(g, 3, &first), 2);
  assert_int_equal(reading(g, CLOCK_ID_REALTIME), start + 25);
  subscribe(g, 0, CLOCK_ID_PROCESS, 1, 0);
  subscribe(g, 1, CLOCK_ID_MONOTONIC, 1, 0);
  assert_int_equal(poll_some(g, 2, &first), 1); /* an error is an event at once */
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), 25);
  guest_free(g);
}

static void *write_soon(void *end) {
  usleep(20000);
  assert_int_equal(write(*(int *)end, "x", 1), 1);
  return NULL;
}

static void descriptors_come_first(void **state) {
  (void)state;
  int ends[2], saved = dup(0);
  u64 first;
  assert_int_equal(pipe(ends), 0);
  dup2(ends[0], 0);
  wasi_config_t *config = config_with(WASI_CLOCK_FROZEN, start, 0);
  wasi_config_inherit_stdin(config);
  Guest *g = guest_new(config);
  subscribe_input(g, 0);
  subscribe(g, 1, CLOCK_ID_MONOTONIC, hour, 0);
  assert_int_equal(poll_some(g, 2, &first), 1);
  assert_int_equal(first, 1);
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), hour);
  pthread_t writer; /* with a deadline that never comes it is waited for */
  subscribe(g, 1, CLOCK_ID_MONOTONIC, UINT64_MAX, 0);
  assert_int_equal(pthread_create(&writer, NULL, write_soon, &ends[1]), 0);
  assert_int_equal(poll_some(g, 2, &first), 1);
  assert_int_equal(first, 0);
  pthread_join(writer, NULL);
  subscribe(g, 1, CLOCK_ID_MONOTONIC, hour, 0);
  assert_int_equal(poll_some(g, 2, &first), 1);
  assert_int_equal(first, 0);
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), hour);
  guest_free(g);
  dup2(saved, 0);
  close(saved);
  close(ends[0]);
  close(ends[1]);
}

static void stepped(void **state) {
  (void)state;
  Guest *g = guest_new(config_with(WASI_CLOCK_STEPPED, start, 7));
  assert_int_equal(reading(g, CLOCK_ID_REALTIME), start);
  assert_int_equal(reading(g, CLOCK_ID_REALTIME), start + 7);
  assert_int_equal(reading(g, CLOCK_ID_THREAD), 14);
  assert_int_equal(RUN(g, clock_time_get, 0, 0, OUT + 4), E_INVAL);
  assert_int_equal(RUN(g, clock_time_get, 0, 0, GUEST_MEMORY), E_FAULT);
  assert_int_equal(RUN(g, clock_time_get, 4, 0, OUT), E_INVAL);
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), 21); /* those were no readings */
  assert_int_equal(resolution(g, CLOCK_ID_PROCESS), 7);
  sleep_for(g, 100);
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), 128);
  guest_free(g);
}

static void ends_of_time(void **state) {
  (void)state;
  Guest *g = guest_new(config_with(WASI_CLOCK_STEPPED, UINT64_MAX - 5, UINT64_MAX / 2));
  const u64 monotonic[] = {0, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX};
  for (size_t i = 0; i < ARRAY_LEN(monotonic); i++)
    assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), monotonic[i]);
  assert_int_equal(reading(g, CLOCK_ID_REALTIME), UINT64_MAX);
  guest_free(g);
}

static void coarse(void **state) {
  (void)state;
  const u64 step = 30000000; /* of which a second is no multiple */
  Guest *g = guest_new(config_with(WASI_CLOCK_COARSE, 99, step));
  for (u32 id = 0; id <= CLOCK_ID_THREAD; id++) {
    assert_int_equal(reading(g, id) % step, 0);
    assert_int_equal(resolution(g, id), step);
  }
  u64 before = host_now(CLOCK_REALTIME), shown = reading(g, CLOCK_ID_REALTIME);
  assert_true(shown > before - step && shown <= host_now(CLOCK_REALTIME));
  shown = reading(g, CLOCK_ID_MONOTONIC);
  sleep_for(g, 1);
  assert_true(reading(g, CLOCK_ID_MONOTONIC) >= shown + step);
  assert_true(host_now(CLOCK_MONOTONIC) < shown + 100 * step);
  guest_free(g);
  g = guest_new(config_with(WASI_CLOCK_COARSE, 0, 1)); /* finer than the host's */
  struct timespec t;
  clock_getres(CLOCK_MONOTONIC, &t);
  assert_int_equal(resolution(g, CLOCK_ID_MONOTONIC), wm_nanoseconds(&t));
  guest_free(g);
}

static void settings(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_set_clock(config, WASI_CLOCK_FROZEN, 5, 9));
  assert_false(wasi_config_set_clock(config, WASI_CLOCK_STEPPED, 6, 0));
  assert_false(wasi_config_set_clock(config, WASI_CLOCK_COARSE, 6, 0));
  assert_false(wasi_config_set_clock(config, -1, 6, 1));
  assert_false(wasi_config_set_clock(config, 4, 6, 1));
  assert_false(wasi_config_set_clock(NULL, WASI_CLOCK_REAL, 0, 0));
  Guest *g = guest_new(config); /* as it was set last */
  assert_int_equal(reading(g, CLOCK_ID_REALTIME), 5);
  assert_int_equal(reading(g, CLOCK_ID_REALTIME), 5);
  guest_free(g);
  config = config_with(WASI_CLOCK_FROZEN, 5, 0);
  assert_true(wasi_config_set_clock(config, WASI_CLOCK_REAL, 7, 7));
  g = guest_new(config);
  u64 before = host_now(CLOCK_REALTIME), shown = reading(g, CLOCK_ID_REALTIME);
  assert_true(shown >= before && shown <= host_now(CLOCK_REALTIME));
  guest_free(g);
}

/* ---- threads ---- */

static pthread_barrier_t all_there;

typedef struct Reader {
  Guest guest; /* of the context of another */
  u64 last;
} Reader;

static void *read_often(void *data) {
  Reader *r = data;
  pthread_barrier_wait(&all_there);
  for (int i = 0; i < READINGS; i++) {
    u64 now = reading(&r->guest, CLOCK_ID_MONOTONIC);
    if (i && now <= r->last) return r;
    r->last = now;
  }
  return NULL;
}

/* Each reading moves the clock on once. */
static void threads_share_a_clock(void **state) {
  (void)state;
  static Reader readers[THREADS];
  pthread_t threads[THREADS];
  Guest *g = guest_new(config_with(WASI_CLOCK_STEPPED, start, 3));
  pthread_barrier_init(&all_there, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    readers[i] = (Reader){.guest = {.ctx = g->ctx}};
    assert_int_equal(pthread_create(&threads[i], NULL, read_often, &readers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    void *went_back;
    pthread_join(threads[i], &went_back);
    assert_null(went_back);
  }
  pthread_barrier_destroy(&all_there);
  assert_int_equal(reading(g, CLOCK_ID_MONOTONIC), 3 * THREADS * READINGS);
  guest_free(g);
}

/* ---- times of files ---- */

static void now_of_host_files(void **state) {
  (void)state;
  for (int resolver = WASI_RESOLVER_OPENAT2; resolver <= WASI_RESOLVER_WALKER; resolver++) {
    char folder[64] = "", path[80];
    u32 fd;
    struct stat st;
    wasi_config_t *config = config_with_folder(folder, true, resolver);
    assert_true(wasi_config_set_clock(config, WASI_CLOCK_FROZEN, start, 0));
    Guest *g = guest_new(config);
    snprintf(path, sizeof path, "%s/f", folder);
    assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
    assert_int_equal(RUN(g, fd_filestat_set_times, fd, 5, 6, FSTFLAG_ATIM_NOW | FSTFLAG_MTIM),
                     E_SUCCESS);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(wm_nanoseconds(&st.st_atim), start);
    assert_int_equal(wm_nanoseconds(&st.st_mtim), 6);
    sleep_for(g, hour);
    assert_int_equal(
        RUN(g, path_filestat_set_times, FIRST_DIR, 1, PATH(g, "f"), 0, 0, FSTFLAG_MTIM_NOW),
        E_SUCCESS);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(wm_nanoseconds(&st.st_atim), start);
    assert_int_equal(wm_nanoseconds(&st.st_mtim), start + hour);
    guest_free(g);
    remove_folder(folder);
  }
}

static void check_times(Guest *g, const char *path, u64 accessed, u64 modified, u64 changed) {
  assert_int_equal(RUN(g, path_filestat_get, FIRST_DIR, 0, PATH(g, path), OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 40), accessed);
  assert_int_equal(load_u64(g->memory + OUT + 48), modified);
  assert_int_equal(load_u64(g->memory + OUT + 56), changed);
}

static Guest *guest_on(wasi_fs_t *fs, u64 from) {
  wasi_config_t *config = config_with(WASI_CLOCK_FROZEN, from, 0);
  assert_true(wasi_config_mount(config, fs, "/", WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE,
                                WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE));
  return guest_new(config);
}

/* Each program by its own clock, the host by its. */
static void files_in_memory(void **state) {
  (void)state;
  u32 fd;
  wasi_fs_t *fs = wasi_fs_new_memory(1 << 20);
  Guest *one = guest_on(fs, start), *other = guest_on(fs, 5 * start);
  assert_int_equal(guest_open(one, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  check_times(one, "f", start, start, start);
  sleep_for(one, hour);
  assert_int_equal(guest_write(one, fd, "text"), E_SUCCESS);
  check_times(other, "f", start, start + hour, start + hour);
  assert_int_equal(
      RUN(other, path_filestat_set_times, FIRST_DIR, 0, PATH(other, "f"), 0, 0, FSTFLAG_ATIM_NOW),
      E_SUCCESS);
  check_times(one, "f", 5 * start, start + hour, 5 * start);
  u64 before = host_now(CLOCK_REALTIME);
  assert_true(wasi_fs_put_file(fs, "f", "new", 3));
  assert_int_equal(RUN(one, path_filestat_get, FIRST_DIR, 0, PATH(one, "f"), OUT), E_SUCCESS);
  assert_true(load_u64(one->memory + OUT + 48) >= before);
  assert_true(wasi_fs_now(fs) >= before && wasi_fs_now(NULL) >= before);
  assert_true(wasi_fs_now(fs) <= host_now(CLOCK_REALTIME)); /* nobody uses it at the moment */
  guest_free(one);
  guest_free(other);
  wasi_fs_delete(fs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frozen),
      cmocka_unit_test(deadlines),
      cmocka_unit_test(descriptors_come_first),
      cmocka_unit_test(stepped),
      cmocka_unit_test(ends_of_time),
      cmocka_unit_test(coarse),
      cmocka_unit_test(settings),
      cmocka_unit_test(threads_share_a_clock),
      cmocka_unit_test(now_of_host_files),
      cmocka_unit_test(files_in_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
