/* The cache of compiled modules: what is found in it, what is left alone, and what it becomes under
 * many writers. */
#include "engine/cache.h"

#include "kept.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void cache_hits(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  Folder f = folder_new();
  Config config = jit_config(), other = config;
  other.canonical_nan = true;
  assert_int_equal(run_cached(&f, &config), 4);
  assert_int_equal(count_files(&f), 1);
  assert_int_equal(run_cached(&f, &config), 0);
  assert_int_equal(run_cached(&f, &other), 4); /* not what was compiled otherwise */
  assert_int_equal(run_cached(&f, &other), 0);
  assert_int_equal(count_files(&f), 2);
  folder_delete(&f);
}

static void bad_files_are_left_alone(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  Config config = jit_config();
  char path[160];
  Folder f = filled_folder(&config, path, sizeof path);
  assert_int_equal(chmod(path, 0666), 0); /* anybody might have written it */
  assert_int_equal(run_cached(&f, &config), 4);
  assert_int_equal(run_cached(&f, &config), 0); /* it was put in order */
  assert_int_equal(truncate(path, 300), 0);
  assert_int_equal(run_cached(&f, &config), 4);
  assert_int_equal(run_cached(&f, &config), 0);
  folder_delete(&f);
}

/* Only root can make a file somebody else's. */
static void foreign_files_are_left_alone(void **state) {
  (void)state;
  if (!wm_config_can_compile() || geteuid() != 0) skip();
  Config config = jit_config();
  char path[160];
  Folder f = filled_folder(&config, path, sizeof path);
  assert_int_equal(chown(path, 12345, 12345), 0);
  assert_int_equal(run_cached(&f, &config), 4);
  assert_int_equal(run_cached(&f, &config), 0);
  folder_delete(&f);
}

/* Whatever byte of a file is another one, the program runs as ever, and in the end the file is in
 * order again: at once, or after the run that found the damage. */
static void damaged_files_are_put_in_order(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  Config config = jit_config();
  char path[160];
  Folder f = filled_folder(&config, path, sizeof path);
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  for (long at = 0; at < st.st_size; at += 61) {
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 0x20, file);
    fclose(file);
    run_cached_as(&f, &config, EXPECT_NO_FAULT);
    run_cached_as(&f, &config, EXPECT_NO_FAULT);
    assert_int_equal(run_cached(&f, &config), 0);
  }
  folder_delete(&f);
}

/* A process that may not write such a file: nothing is kept, nothing is left behind, nobody dies.
 */
static void limited_files(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  Folder f = folder_new();
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit = {500, 500};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(9);
    Config config = jit_config();
    u64 compiled = run_cached(&f, &config);
    _exit(compiled == 4 && count_files(&f) == 0 ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  folder_delete(&f);
}

/* Another name than the program's: a file of the cache by a writer that is still there, or not. */
static int begin_file(const Folder *f, const char *letters, char *path, size_t size) {
  snprintf(path, size, "%s/0123456789abcdef.wasmjit.%s", f->path, letters);
  int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  assert_int_equal(write(fd, "half", 4), 4);
  return fd;
}

/* What writers left that died is removed; what others write at this moment, and what is nobody's
 * business, stays. */
static void orphans_go(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  Folder f = folder_new();
  Config config = jit_config();
  char orphan[200], busy[200], other[200];
  close(begin_file(&f, "abcdef", orphan, sizeof orphan));
  int fd = begin_file(&f, "ghijkl", busy, sizeof busy);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  snprintf(other, sizeof other, "%s/notes.txt", f.path);
  close(open(other, O_CREAT | O_WRONLY, 0600));
  run_cached(&f, &config);
  assert_int_not_equal(access(orphan, F_OK), 0);
  assert_int_equal(access(busy, F_OK), 0);
  assert_int_equal(access(other, F_OK), 0);
  close(fd);
  unlink(other);
  folder_delete(&f); /* the other writer is gone, too */
}

/* A writer killed in the middle leaves what the next one removes. */
static void killed_writers(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  Folder f = folder_new();
  char path[200];
  snprintf(path, sizeof path, "%s/0123456789abcdef.wasmjit", f.path);
  enum { SIZE = 64 << 20 };
  u8 *bytes = calloc(1, SIZE);
  for (u32 i = 0; i < 20; i++) {
    pid_t child = fork();
    if (child == 0)
      for (;;) wm_os_write_file(path, bytes, SIZE);
    usleep(2000 + i * 500);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
  }
  free(bytes);
  wm_cache_trim(f.path, UINT64_MAX);
  assert_in_range(count_files(&f), 0, 1);
  folder_delete(&f);
}

/* The program with a section that nobody reads, so that writing it takes a while. */
static Buffer large_binary(u32 more) {
  Buffer out = binary_of(program);
  wm_buffer_byte(&out, 0);
  wm_buffer_uleb(&out, more);
  for (u32 i = 0; i < more; i++) wm_buffer_byte(&out, (u8)(i ? i * 7 : 0));
  return out;
}

/* Whenever a run is killed, the next one is right, and the one after it has all the code. */
static void killed_runs(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  enum { MORE = 2 << 20, ROUNDS = 60 };
  Folder f = folder_new();
  Config config = jit_config();
  Buffer binary = large_binary(MORE);
  u32 random = 1;
  for (u32 i = 0; i < ROUNDS; i++) {
    pid_t child = fork();
    if (child == 0)
      for (;; wm_cache_trim(f.path, 0)) run_binary(&f, &config, &binary, EXPECT_ALL);
    random = random * 1664525 + 1013904223;
    usleep(500 + (random >> 16) % 20000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    u64 compiled = run_binary(&f, &config, &binary, EXPECT_ALL);
    assert_true(compiled == 0 || compiled == 4);
    assert_int_equal(run_binary(&f, &config, &binary, EXPECT_ALL), 0);
    wm_cache_trim(f.path, UINT64_MAX);
    assert_int_equal(count_files(&f), 1);
  }
  wm_buffer_free(&binary);
  folder_delete(&f);
}

/* Of modules with different code the last used are kept, as many as fit. */
static void the_folder_is_trimmed(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  Folder f = folder_new();
  Config config = jit_config();
  snprintf(config.cache, sizeof config.cache, "%s", f.path);
  for (u32 i = 0; i < 8; i++) {
    char wat[100];
    snprintf(wat, sizeof wat, "(module (func (result i32) (i32.const %u)))", i);
    if (i == 4) { /* one file's size, so that three fit */
      struct stat st;
      char path[200];
      assert_int_equal(count_files(&f), 4);
      snprintf(path, sizeof path, "%s/%s", f.path, f.name);
      assert_int_equal(stat(path, &st), 0);
      config.cache_bytes = (u64)st.st_size * 3 + (u64)st.st_size / 2;
    }
    Engine *engine = wm_engine_new(&config);
    Buffer binary = binary_of(wat);
    wm_loaded_release(wm_engine_load(engine, binary.data, binary.len, NULL));
    wm_buffer_free(&binary);
    wm_engine_release(engine);
    assert_int_equal(count_files(&f), i < 4 ? i + 1 : 3);
  }
  folder_delete(&f);
}

/* Why a folder cannot be used. As root every folder can be written. */
static void folders_that_cannot_be(void **state) {
  (void)state;
  Folder f = folder_new();
  char path[300], inside[400];
  snprintf(path, sizeof path, "%s/a/b", f.path);
  assert_null(wm_os_make_folder(path));
  assert_null(wm_os_make_folder(path));
  rmdir(path);
  snprintf(path, sizeof path, "%s/a", f.path);
  rmdir(path);
  snprintf(path, sizeof path, "%s/file", f.path);
  close(open(path, O_CREAT | O_WRONLY, 0600));
  snprintf(inside, sizeof inside, "%s/folder", path);
  assert_string_equal(wm_os_make_folder(path), "is no folder");
  assert_string_equal(wm_os_make_folder(inside), "is no folder");
  unlink(path);
  assert_string_equal(wm_os_make_folder(""), "has no name, or a very long one");
  assert_non_null(wm_os_make_folder("/proc/libwasm"));
  if (geteuid() == 0) {
    assert_int_equal(chown(f.path, 12345, 12345), 0);
    assert_string_equal(wm_os_make_folder(f.path), "belongs to another user");
    assert_int_equal(chown(f.path, 0, 0), 0);
  } else {
    chmod(f.path, 0500);
    assert_string_equal(wm_os_make_folder(f.path), "may not be written by this user");
    chmod(f.path, 0700);
  }
  folder_delete(&f);
}

/* Several processes load, store and clean the same files at once. */
static void many_writers(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  enum { WRITERS = 4, ROUNDS = 25 };
  Folder f = folder_new();
  pid_t children[WRITERS];
  for (u32 i = 0; i < WRITERS; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    Config config = jit_config();
    for (u32 k = 0; k < ROUNDS; k++) {
      u64 compiled = run_cached(&f, &config);
      if (compiled != 0 && compiled != 4) _exit(1);
      if (i == 0 && k % 5 == 4) wm_cache_trim(f.path, 0);
    }
    _exit(0);
  }
  for (u32 i = 0; i < WRITERS; i++) {
    int status = 0;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  folder_delete(&f);
}

enum { DAMAGED_ROUNDS = 60 };

static void *run_again_and_again(void *folder) {
  for (u32 i = 0; i < DAMAGED_ROUNDS; i++) {
    Config config = jit_config();
    config.tier = i % 2 ? TIER_AUTO : TIER_JIT;
    run_cached_as(folder, &config, EXPECT_NO_FAULT);
  }
  return NULL;
}

/* A disk that is not to be trusted: what lies in the folder changes in place or gets shorter. */
static void damage_for_a_while(Folder *f) {
  char path[160];
  u32 random = 1;
  for (u32 i = 0; i < 50 * DAMAGED_ROUNDS; i++) {
    struct stat st;
    if (count_files(f) == 0) continue;
    snprintf(path, sizeof path, "%s/%s", f->path, f->name);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    random = random * 1664525 + 1013904223;
    off_t at = fstat(fd, &st) == 0 && st.st_size > 0 ? (off_t)(random >> 8) % st.st_size : 0;
    if (random >> 28 == 0 ? ftruncate(fd, at) : pwrite(fd, &random, 2, at) < 0) abort();
    close(fd);
    usleep(20);
  }
}

/* Threads and processes that read and write one file, which somebody damages meanwhile. */
static void many_writers_of_a_damaged_file(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  enum { WRITERS = 2, THREADS = 2 };
  Folder f = folder_new();
  pid_t children[WRITERS];
  for (u32 i = 0; i < WRITERS; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    pthread_t threads[THREADS];
    for (u32 k = 0; k < THREADS; k++)
      if (pthread_create(&threads[k], NULL, run_again_and_again, &f) != 0) _exit(9);
    for (u32 k = 0; k < THREADS; k++) pthread_join(threads[k], NULL);
    _exit(0);
  }
  damage_for_a_while(&f);
  for (u32 i = 0; i < WRITERS; i++) {
    int status = 0;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  Config config = jit_config();
  run_cached_as(&f, &config, EXPECT_NO_FAULT);
  run_cached_as(&f, &config, EXPECT_NO_FAULT);
  assert_int_equal(run_cached(&f, &config), 0);
  folder_delete(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cache_hits),
      cmocka_unit_test(limited_files),
      cmocka_unit_test(bad_files_are_left_alone),
      cmocka_unit_test(foreign_files_are_left_alone),
      cmocka_unit_test(damaged_files_are_put_in_order),
      cmocka_unit_test(orphans_go),
      cmocka_unit_test(killed_writers),
      cmocka_unit_test(killed_runs),
      cmocka_unit_test(many_writers),
      cmocka_unit_test(many_writers_of_a_damaged_file),
      cmocka_unit_test(the_folder_is_trimmed),
      cmocka_unit_test(folders_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
