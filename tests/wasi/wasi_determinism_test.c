/* Random bytes of a seed, sorted directories, filestats that do not depend on the host. */
#include "support/failing_alloc.h"
#include "wasi/guest.h"
#include "wasi_fs.h"

#include <pthread.h>

enum { THREADS = 4, TAKES = 2500, LIST = 8192, ROOM = 40000 };

/* ---- random bytes ---- */

static Guest *seeded(u64 seed) {
  wasi_config_t *config = wasi_config_new();
  wasi_config_set_random_seed(config, seed);
  return guest_new(config);
}

static void take(Guest *g, u32 at, u32 len) {
  assert_int_equal(RUN(g, random_get, at, len), E_SUCCESS);
}

/* By the algorithms' definitions, computed elsewhere. */
static void known_sequences(void **state) {
  (void)state;
  static const struct {
    u64 seed;
    u8 bytes[8];
  } known[] = {{0, {0xb4, 0xf2, 0x75, 0xcb, 0x36, 0x5f, 0xec, 0x99}},
               {42, {0x16, 0xc7, 0x2e, 0x0c, 0x2e, 0x0b, 0x78, 0x15}},
               {UINT64_MAX, {0x08, 0xad, 0x7e, 0x2a, 0xd5, 0x20, 0x55, 0x8f}}};
  for (size_t i = 0; i < ARRAY_LEN(known); i++) {
    Guest *g = seeded(known[i].seed);
    take(g, SCRATCH, 8);
    assert_memory_equal(g->memory + SCRATCH, known[i].bytes, 8);
    guest_free(g);
  }
  static const u8 third[] = {0x1f, 0x6e, 0xbf, 0xe0, 0xe6, 0x33, 0x49, 0x9d, 0x84, 0x5f, 0x1a};
  Guest *g = seeded(0);
  take(g, SCRATCH, 24);
  assert_memory_equal(g->memory + SCRATCH + 13, third, sizeof third);
  guest_free(g);
}

/* One sequence, however it is taken; a call that fails takes nothing. */
static void pieces(void **state) {
  (void)state;
  static const u32 lens[] = {1, 0, 2, 8, 16, 3, 5, 7, 9, 64, 1};
  Guest *whole = seeded(9), *g = seeded(9);
  u32 at = SCRATCH;
  for (size_t i = 0; i < ARRAY_LEN(lens); at += lens[i++]) {
    assert_int_equal(RUN(g, random_get, GUEST_MEMORY - 1, 2), E_FAULT);
    take(g, at, lens[i]);
  }
  take(whole, SCRATCH, at - SCRATCH);
  assert_memory_equal(whole->memory, g->memory, GUEST_MEMORY);
  guest_free(whole);
  guest_free(g);
  g = guest_new(wasi_config_new()); /* not seeded: the kernel's */
  take(g, SCRATCH, 16);
  take(g, SCRATCH + 16, 16);
  assert_memory_not_equal(g->memory + SCRATCH, g->memory + SCRATCH + 16, 16);
  guest_free(g);
}

static pthread_barrier_t all_there;

static void *take_often(void *data) {
  Guest *g = data;
  pthread_barrier_wait(&all_there);
  for (u32 i = 0; i < TAKES; i++) take(g, SCRATCH + 24 * i, 24);
  return NULL;
}

static int by_bytes(const void *a, const void *b) { return memcmp(a, b, 24); }

/* What a call gets lies together, and no two get the same. */
static void threads_share_a_sequence(void **state) {
  (void)state;
  static Guest guests[THREADS];
  static u8 got[THREADS][TAKES * 24], want[THREADS][TAKES * 24];
  pthread_t threads[THREADS];
  Guest *g = seeded(5), *alone = seeded(5);
  pthread_barrier_init(&all_there, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    guests[i].ctx = g->ctx;
    assert_int_equal(pthread_create(&threads[i], NULL, take_often, &guests[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    memcpy(got[i], guests[i].memory + SCRATCH, sizeof got[i]);
    take(alone, SCRATCH, sizeof want[i]);
    memcpy(want[i], alone->memory + SCRATCH, sizeof want[i]);
  }
  pthread_barrier_destroy(&all_there);
  qsort(got, (size_t)THREADS * TAKES, 24, by_bytes);
  qsort(want, (size_t)THREADS * TAKES, 24, by_bytes);
  assert_memory_equal(got, want, sizeof got);
  guest_free(g);
  guest_free(alone);
}

/* ---- sorted directories ---- */

/* Names with a blank behind each, a buffer of `room` bytes at a time, from the cookie on. */
static Errno list(Guest *g, u32 fd, u32 room, u64 cookie, char text[2000]) {
  size_t len = 0;
  text[0] = 0;
  for (;;) {
    Errno e = RUN(g, fd_readdir, fd, LIST, room, cookie, OUT);
    u32 used = out_u32(g), at = 0;
    if (e) return e;
    while (used - at >= DIRENT_SIZE) {
      const u8 *d = g->memory + LIST + at;
      u32 name_len = load_u32(d + 16);
      if (name_len > used - at - DIRENT_SIZE) break;
      assert_int_equal(load_u64(d), cookie + 1);
      cookie = load_u64(d);
      len += (size_t)snprintf(text + len, 2000 - len, "%.*s ", (int)name_len,
                              (const char *)d + DIRENT_SIZE);
      at += DIRENT_SIZE + name_len;
    }
    if (used < room) return E_SUCCESS;
  }
}

static void make(Guest *g, const char *name) {
  u32 fd;
  assert_int_equal(guest_open(g, name, OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, fd_close, fd), E_SUCCESS);
}

static void check_list(Guest *g, u32 room, const char *want) {
  char text[2000];
  assert_int_equal(list(g, FIRST_DIR, room, 0, text), E_SUCCESS);
  assert_string_equal(text, want);
}

static void sorted_in(wasi_config_t *config) {
  static const char *const names[] = {"b", "a", "..x", "-", "\xc3\xbc", "a!", "Z", ".a", "ab", "!"};
  char text[2000];
  wasi_config_set_sorted_dirs(config, true);
  Guest *g = guest_new(config);
  assert_int_equal(list(g, FIRST_DIR, 100, 3, text), E_INVAL); /* none was given yet */
  for (size_t i = 0; i < ARRAY_LEN(names); i++) make(g, names[i]);
  static const char all[] = ". .. ! - ..x .a Z a a! ab b \xc3\xbc ";
  for (u32 room = DIRENT_SIZE + 3; room < 200; room += 13) check_list(g, room, all);
  check_list(g, ROOM, all);
  /* What is new is not in the listing that has begun, what is gone is left out. */
  make(g, "aa");
  assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "a!")), E_SUCCESS);
  assert_int_equal(RUN(g, fd_readdir, FIRST_DIR, LIST, ROOM, 7, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + LIST), 8);
  assert_memory_equal(g->memory + LIST + DIRENT_SIZE, "a", 1);
  assert_int_equal(load_u64(g->memory + LIST + DIRENT_SIZE + 1), 10); /* "ab": 9 is gone */
  assert_int_equal(out_u32(g), 4 * DIRENT_SIZE + 6);
  assert_int_equal(RUN(g, fd_readdir, FIRST_DIR, LIST, ROOM, 12, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  assert_int_equal(RUN(g, fd_readdir, FIRST_DIR, LIST, ROOM, 13, OUT), E_INVAL);
  check_list(g, ROOM, ". .. ! - ..x .a Z a aa ab b \xc3\xbc ");
  guest_free(g);
}

static wasi_config_t *config_in_memory(void) {
  wasi_config_t *config = wasi_config_new();
  wasi_fs_t *fs = wasi_fs_new_memory(1 << 20);
  assert_true(wasi_config_mount(config, fs, "/", WASI_DIR_PERMS_READ | WASI_DIR_PERMS_WRITE,
                                WASI_FILE_PERMS_READ | WASI_FILE_PERMS_WRITE));
  wasi_fs_delete(fs);
  return config;
}

static void sorted(void **state) {
  (void)state;
  for (int resolver = WASI_RESOLVER_OPENAT2; resolver <= WASI_RESOLVER_WALKER; resolver++) {
    char folder[64] = "";
    sorted_in(config_with_folder(folder, true, resolver));
    remove_folder(folder);
  }
  sorted_in(config_in_memory());
}

/* ---- fixed filestats ---- */

static const u8 *stat_of(Guest *g, const char *path) {
  assert_int_equal(RUN(g, path_filestat_get, FIRST_DIR, 0, PATH(g, path), OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT), 1);
  return g->memory + OUT;
}

static u64 inode_of(Guest *g, const char *path) { return load_u64(stat_of(g, path) + 8); }

static void check_times(Guest *g, const char *path, u64 accessed, u64 modified, u64 changed) {
  const u8 *st = stat_of(g, path);
  assert_int_equal(load_u64(st + 40), accessed);
  assert_int_equal(load_u64(st + 48), modified);
  assert_int_equal(load_u64(st + 56), changed);
}

/* Each entry's inode is that of its filestat. */
static void check_listed_inodes(Guest *g, u32 fd, const char *prefix) {
  char path[600];
  assert_int_equal(RUN(g, fd_readdir, fd, LIST, ROOM, 0, OUT), E_SUCCESS);
  u32 used = out_u32(g);
  for (u32 at = 0; at < used; at += DIRENT_SIZE + load_u32(g->memory + LIST + at + 16)) {
    const u8 *d = g->memory + LIST + at;
    snprintf(path, sizeof path, "%s%.*s", prefix, (int)load_u32(d + 16), d + DIRENT_SIZE);
    bool above_all = strcmp(path, "..") == 0;
    assert_int_equal(load_u64(d + 8), inode_of(g, above_all ? "." : path));
  }
}

/* The device, or other people's directory, is no matter. */
static void numbers_in(wasi_config_t *config) {
  u32 fd, dir;
  wasi_config_set_fixed_stat(config, true);
  wasi_config_set_clock(config, WASI_CLOCK_STEPPED, 100, 1);
  Guest *g = guest_new(config);
  assert_int_equal(inode_of(g, "."), 1);
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  assert_int_equal(RUN(g, path_create_directory, FIRST_DIR, PATH(g, "d")), E_SUCCESS);
  assert_int_equal(RUN(g, path_symlink, PATH2(g, "f"), FIRST_DIR, PATH(g, "d/l")), E_SUCCESS);
  assert_int_equal(RUN(g, path_link, FIRST_DIR, 0, PATH(g, "f"), FIRST_DIR, PATH2(g, "d/same")),
                   E_SUCCESS);
  assert_int_equal(inode_of(g, "d/l"), 4);
  assert_int_equal(inode_of(g, "d"), 3);
  assert_int_equal(inode_of(g, "d/same"), 2);
  assert_int_equal(load_u64(g->memory + OUT + 24), 2);
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 8), 2);
  const u8 *st = stat_of(g, "d");
  assert_int_equal(load_u64(st + 24), 1);
  assert_int_equal(load_u64(st + 32), 0);
  assert_int_equal(guest_open(g, "d", OFLAG_DIRECTORY, RIGHTS_DIR, &dir), E_SUCCESS);
  check_listed_inodes(g, FIRST_DIR, "");
  check_listed_inodes(g, dir, "d/");
  /* An open file keeps its number when its name goes to a new one. */
  assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "d/same")), E_SUCCESS);
  assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "f")), E_SUCCESS);
  make(g, "f");
  assert_int_equal(inode_of(g, "f"), 5);
  make(g, "f"); /* which is there */
  assert_int_equal(inode_of(g, "f"), 5);
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 8), 2);
  /* Others that use an inode again have a number of their own. */
  for (u64 i = 6; i < 50; i++) {
    assert_int_equal(RUN(g, path_unlink_file, FIRST_DIR, PATH(g, "f")), E_SUCCESS);
    make(g, "f");
    assert_int_equal(inode_of(g, "f"), i);
  }
  guest_free(g);
}

static void numbers(void **state) {
  (void)state;
  for (int resolver = WASI_RESOLVER_OPENAT2; resolver <= WASI_RESOLVER_WALKER; resolver++) {
    char folder[64] = "";
    numbers_in(config_with_folder(folder, true, resolver));
    remove_folder(folder);
  }
  numbers_in(config_in_memory());
}

static void times_in(wasi_config_t *config, int clock) {
  u32 fd;
  u64 begin = clock == WASI_CLOCK_STEPPED ? 100 : 0, later = begin ? 101 : 0;
  wasi_config_set_fixed_stat(config, true);
  wasi_config_set_clock(config, clock, 100, 1);
  Guest *g = guest_new(config);
  assert_int_equal(RUN(g, clock_time_get, 0, 0, OUT), E_SUCCESS);
  check_times(g, ".", begin, begin, begin);
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &fd), E_SUCCESS);
  check_times(g, "f", later, later, later);
  assert_int_equal(guest_write(g, fd, "text"), E_SUCCESS);
  check_times(g, "f", later, later, later);
  assert_int_equal(RUN(g, fd_filestat_set_times, fd, 7, 8, FSTFLAG_ATIM), E_SUCCESS);
  check_times(g, "f", 7, later, later);
  assert_int_equal(RUN(g, path_filestat_set_times, FIRST_DIR, 0, PATH(g, "f"), 7, 8, FSTFLAG_MTIM),
                   E_SUCCESS);
  check_times(g, "f", 7, 8, later);
  if (clock != WASI_CLOCK_REAL) {
    assert_int_equal(RUN(g, fd_filestat_set_times, fd, 7, 8, FSTFLAG_ATIM_NOW), E_SUCCESS);
    check_times(g, "f", later, 8, later);
  }
  guest_free(g);
}

static void times(void **state) {
  (void)state;
  for (int clock = WASI_CLOCK_REAL; clock <= WASI_CLOCK_STEPPED; clock += WASI_CLOCK_STEPPED) {
    char folder[64] = "";
    times_in(config_with_folder(folder, true, 0), clock);
    remove_folder(folder);
    times_in(config_in_memory(), clock);
  }
}

/* More files than the table had room for at first. */
static void many_files(void **state) {
  (void)state;
  char name[24];
  wasi_config_t *config = config_in_memory();
  wasi_config_set_fixed_stat(config, true);
  Guest *g = guest_new(config);
  for (u32 i = 1; i <= 500; i++) {
    snprintf(name, sizeof name, "f%u", i);
    make(g, name);
  }
  for (u32 i = 500; i > 0; i--) {
    snprintf(name, sizeof name, "f%u", i);
    assert_int_equal(inode_of(g, name), i);
  }
  guest_free(g);
}

/* ---- all of it ---- */

static void all_at_once(void **state) {
  (void)state;
  char folder[64] = "";
  wasi_config_t *config = config_with_folder(folder, true, 0);
  wasi_config_set_deterministic(config, 42);
  wasi_config_set_deterministic(NULL, 42);
  wasi_config_set_random_seed(NULL, 42);
  wasi_config_set_sorted_dirs(NULL, true);
  wasi_config_set_fixed_stat(NULL, true);
  Guest *g = guest_new(config);
  const u64 begin = UINT64_C(1700000000000000000);
  check_times(g, ".", begin, begin, begin);
  for (u64 i = 0; i < 2; i++) {
    assert_int_equal(RUN(g, clock_time_get, 0, 0, OUT), E_SUCCESS);
    assert_int_equal(out_u64(g), begin + 1000 * i);
  }
  take(g, OUT, 8);
  assert_int_equal(out_u64(g), UINT64_C(0x15780b2e0c2ec716));
  make(g, "b");
  make(g, "a");
  check_list(g, ROOM, ". .. a b ");
  guest_free(g);
  remove_folder(folder);
}

/* ---- without memory ---- */

static Errno list_and_stat(Guest *g) {
  char text[2000];
  Errno e = list(g, FIRST_DIR, ROOM, 0, text);
  if (e) return e;
  assert_string_equal(text, ". .. a b ");
  return RUN(g, path_filestat_get, FIRST_DIR, 0, PATH(g, "a"), OUT);
}

static void without_memory(void **state) {
  (void)state;
  for (int in_memory = 0; in_memory < 2; in_memory++) {
    bool failed = true;
    for (u64 n = 1; failed; n++) {
      char folder[64] = "";
      wasi_config_t *config = in_memory ? config_in_memory() : config_with_folder(folder, true, 0);
      wasi_config_set_deterministic(config, 1);
      Guest *g = guest_new(config);
      make(g, "b");
      make(g, "a");
      failing_alloc_start(n);
      Errno e = list_and_stat(g);
      failed = failing_alloc_stop();
      assert_int_equal(e, failed ? E_NOMEM : E_SUCCESS);
      assert_int_equal(list_and_stat(g), E_SUCCESS);
      assert_int_equal(load_u64(g->memory + OUT + 8), 2);
      guest_free(g);
      if (!in_memory) remove_folder(folder);
    }
  }
}

static void no_context_without_memory(void **state) {
  (void)state;
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  bool failed = true;
  for (u64 n = 1; failed; n++) {
    wasmx_error_t err = {.size = sizeof err};
    wasi_config_t *config = wasi_config_new();
    wasi_config_set_deterministic(config, 1);
    failing_alloc_start(n);
    wasi_ctx_t *ctx = wasi_ctx_new(store, config, &err);
    failed = failing_alloc_stop();
    assert_int_equal(ctx == NULL, failed);
    if (failed) assert_int_equal(err.code, WASMX_OUT_OF_MEMORY);
    wasi_ctx_delete(ctx);
  }
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_sequences),
      cmocka_unit_test(pieces),
      cmocka_unit_test(threads_share_a_sequence),
      cmocka_unit_test(sorted),
      cmocka_unit_test(numbers),
      cmocka_unit_test(times),
      cmocka_unit_test(many_files),
      cmocka_unit_test(all_at_once),
      cmocka_unit_test(without_memory),
      cmocka_unit_test(no_context_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
