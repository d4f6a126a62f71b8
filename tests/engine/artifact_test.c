/* Compiled modules as bytes, and the cache that keeps them. */
#include "engine/artifact.h"

#include "engine/cache.h"
#include "engine/tiers.h"
#include "os/os_file.h"
#include "runtime/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const program =
    "(module (memory 1) (global $g (mut i32) (i32.const 3)) (table 2 funcref) (elem (i32.const 0) "
    "$sq $bad)"
    " (func $sq (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))"
    " (func $bad (param i32) (result i32) (i32.load (i32.sub (i32.const 0) (local.get 0))))"
    " (func (export \"sum\") (param i32) (result i32) (local i32)"
    "   (loop $l (local.set 1 (i32.add (local.get 1)"
    "     (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))"
    "     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
    "   (i32.add (local.get 1) (global.get $g)))"
    " (func (export \"trap\") (param i32) (result i32)"
    "   (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1))))";

static Config jit_config(void) {
  Config config = config_of_tier(TIER_JIT);
  config.compile_threads = 0;
  return config;
}

static Buffer artifact_of(Engine *engine, const char *wat) {
  Buffer binary = binary_of(wat), out = {0};
  Error err = {0};
  LoadedModule *lm = wm_engine_load(engine, binary.data, binary.len, &err);
  assert_non_null(lm);
  assert_true(wm_engine_serialize(lm, &out));
  wm_loaded_release(lm);
  wm_buffer_free(&binary);
  return out;
}

/* Runs it: the sum, and where the trap was. */
static void run_module(Engine *engine, LoadedModule *lm) {
  Fixture f = {engine, wm_engine_store_new(engine)};
  Error err = {0};
  Instance *in = wm_instance_new(f.store, lm, NULL, 0, &err);
  assert_non_null(in);
  u64 slots[1] = {10};
  assert_int_equal(wm_call(f.store, (Func *)export_named(in, "sum"), slots), TRAP_NONE);
  assert_int_equal(slots[0], 388);
  slots[0] = 5;
  assert_int_equal(wm_call(f.store, (Func *)export_named(in, "trap"), slots),
                   TRAP_MEMORY_OUT_OF_BOUNDS);
  Trap *trap = wm_store_take_trap(f.store);
  assert_int_equal(trap->frame_count, 2);
  assert_int_equal(trap->frames[0].func_index, 1);
  assert_int_equal(trap->frames[1].func_index, 3);
  assert_true(wm_engine_store_delete(f.store));
}

static void round_trip(void **state) {
  (void)state;
  static const Tier tiers[] = {TIER_JIT, TIER_AUTO, TIER_INTERP};
  Config config = jit_config();
  Engine *maker = wm_engine_new(&config);
  Buffer bytes = artifact_of(maker, program);
  assert_true(wm_artifact_is(bytes.data, bytes.len));
  for (u32 i = 0; i < ARRAY_LEN(tiers); i++) {
    config.tier = tiers[i];
    Engine *engine = wm_engine_new(&config);
    Error err = {0};
    LoadedModule *lm = wm_engine_deserialize(engine, bytes.data, bytes.len, &err);
    if (tiers[i] == TIER_INTERP && wm_config_can_compile()) {
      assert_null(lm); /* made for another way to run */
    } else {
      if (!lm) fail_msg("%s", err.message);
      if (wm_config_can_compile()) {
        TierStats stats = wm_engine_tier_stats(engine);
        assert_int_equal(stats.asked, 0); /* nothing was compiled again */
        assert_int_equal(stats.native_functions, stats.defined);
      }
      run_module(engine, lm);
      wm_loaded_release(lm);
    }
    release_checked(engine, EXPECT_NO_FAULT);
  }
  wm_buffer_free(&bytes);
  release_checked(maker, EXPECT_ALL);
}

static void damage_is_refused(void **state) {
  (void)state;
  Config config = jit_config();
  Engine *engine = wm_engine_new(&config);
  Buffer bytes = artifact_of(engine, program);
  Error err = {0};
  for (size_t len = 0; len < bytes.len; len += len < 200 ? 1 : 37) {
    u8 *copy = malloc(len + 1);
    memcpy(copy, bytes.data, len);
    assert_null(wm_engine_deserialize(engine, copy, len, &err));
    free(copy);
  }
  u64 random = 1;
  for (u32 i = 0; i < 2000; i++) {
    random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
    size_t at = (size_t)((random >> 20) % bytes.len);
    u8 flip = (u8)(1u << (random >> 60 & 7));
    bytes.data[at] ^= flip;
    err = (Error){0};
    assert_null(wm_engine_deserialize(engine, bytes.data, bytes.len, &err));
    assert_true(err.message[0] != 0);
    bytes.data[at] ^= flip;
  }
  wm_buffer_free(&bytes);
  wm_engine_release(engine);
}

static void other_ways_are_refused(void **state) {
  (void)state;
  Config config = jit_config();
  Engine *maker = wm_engine_new(&config);
  Buffer bytes = artifact_of(maker, program);
  Config others[4];
  for (u32 i = 0; i < ARRAY_LEN(others); i++) others[i] = config;
  others[0].fuel = true;
  others[1].canonical_nan = true;
  others[2].signals = false;
  others[3].jit.cpu = 0;
  for (u32 i = 0; i < ARRAY_LEN(others) && wm_config_can_compile(); i++) {
    Engine *engine = wm_engine_new(&others[i]);
    Error err = {0};
    assert_null(wm_engine_deserialize(engine, bytes.data, bytes.len, &err));
    assert_non_null(strstr(err.message, "configuration"));
    wm_engine_release(engine);
  }
  wm_buffer_free(&bytes);
  wm_engine_release(maker);
}

/* ---- the cache ---- */

typedef struct Folder {
  char path[64];
  u32 files;
  char name[64];
} Folder;

static Folder folder_new(void) {
  Folder f = {.path = "/tmp/libwasm-cache-XXXXXX"};
  assert_non_null(mkdtemp(f.path));
  return f;
}

static void note_file(void *env, const FileInfo *info) {
  Folder *f = env;
  f->files++;
  snprintf(f->name, sizeof f->name, "%s", info->name);
}

static u32 count_files(Folder *f) {
  f->files = 0;
  wm_os_list_folder(f->path, note_file, f);
  return f->files;
}

static void folder_delete(Folder *f) {
  wm_cache_trim(f->path, 0);
  assert_int_equal(rmdir(f->path), 0);
}

/* Loads and runs the program with the cache; how many functions had to be compiled. */
static u64 run_cached_as(const Folder *f, const Config *base, Expect expect) {
  Config config = *base;
  snprintf(config.cache, sizeof config.cache, "%s", f->path);
  Engine *engine = wm_engine_new(&config);
  Buffer binary = binary_of(program);
  LoadedModule *lm = wm_engine_load(engine, binary.data, binary.len, NULL);
  assert_non_null(lm);
  u64 compiled = wm_engine_tier_stats(engine).functions;
  run_module(engine, lm);
  wm_loaded_release(lm);
  wm_buffer_free(&binary);
  release_checked(engine, expect);
  return compiled;
}

static u64 run_cached(const Folder *f, const Config *base) {
  return run_cached_as(f, base, EXPECT_ALL);
}

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

/* The cache's only file. */
static void file_of(Folder *f, char *path, size_t size) {
  assert_int_equal(count_files(f), 1);
  snprintf(path, size, "%s/%s", f->path, f->name);
}

/* With one file in it, whose path goes to path[size]. */
static Folder filled_folder(const Config *config, char *path, size_t size) {
  Folder f = folder_new();
  run_cached(&f, config);
  file_of(&f, path, size);
  return f;
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

/* A module loaded from a file that shrinks, changes or goes before its functions are called. */
static void files_change_under_a_module(void **state) {
  (void)state;
  if (!wm_config_can_compile()) skip();
  enum { SHRINKS, CHANGES, IS_REPLACED, GOES, WAYS };
  Config config = jit_config();
  Folder f = folder_new();
  char path[160];
  snprintf(path, sizeof path, "%s/program", f.path);
  for (int way = 0; way < WAYS; way++) {
    Engine *engine = wm_engine_new(&config);
    Buffer bytes = artifact_of(engine, program);
    Error err = {0};
    assert_true(wm_os_write_file(path, bytes.data, bytes.len));
    LoadedModule *lm = wm_engine_deserialize_file(engine, path, &err);
    if (!lm) fail_msg("%s", err.message);
    memset(bytes.data, 0xCC, bytes.len);
    if (way == SHRINKS) assert_int_equal(truncate(path, 0), 0);
    if (way == IS_REPLACED) assert_true(wm_os_write_file(path, bytes.data, bytes.len));
    if (way == GOES) assert_int_equal(unlink(path), 0);
    if (way == CHANGES) {
      FILE *file = fopen(path, "r+");
      assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
      fclose(file);
    }
    run_module(engine, lm);
    wm_loaded_release(lm);
    wm_buffer_free(&bytes);
    wm_engine_release(engine);
  }
  unlink(path);
  folder_delete(&f);
}

/* Only from this user's own regular files that nobody else may write. */
static void files_of_others_are_refused(void **state) {
  (void)state;
  Config config = jit_config();
  Engine *engine = wm_engine_new(&config);
  Folder f = folder_new();
  Error err = {0};
  char path[160], link[160];
  snprintf(path, sizeof path, "%s/program", f.path);
  snprintf(link, sizeof link, "%s/link", f.path);
  assert_null(wm_engine_deserialize_file(engine, path, &err));
  Buffer bytes = artifact_of(engine, program);
  assert_true(wm_os_write_file(path, bytes.data, bytes.len));
  assert_int_equal(symlink(path, link), 0);
  assert_null(wm_engine_deserialize_file(engine, link, &err));
  assert_null(wm_engine_deserialize_file(engine, f.path, &err));
  assert_int_equal(chmod(path, 0620), 0);
  assert_null(wm_engine_deserialize_file(engine, path, &err));
  assert_int_equal(err.code, ERR_ARGUMENT);
  assert_int_equal(chmod(path, 0600), 0);
  err = (Error){0};
  LoadedModule *lm = wm_engine_deserialize_file(engine, path, &err);
  assert_non_null(lm);
  wm_loaded_release(lm);
  unlink(path);
  unlink(link);
  wm_buffer_free(&bytes);
  folder_delete(&f);
  wm_engine_release(engine);
}

/* A disk that takes no more: nothing is kept, nothing is left behind, nobody dies. */
static void full_disk(void **state) {
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trip),
      cmocka_unit_test(damage_is_refused),
      cmocka_unit_test(cache_hits),
      cmocka_unit_test(other_ways_are_refused),
      cmocka_unit_test(full_disk),
      cmocka_unit_test(bad_files_are_left_alone),
      cmocka_unit_test(foreign_files_are_left_alone),
      cmocka_unit_test(damaged_files_are_put_in_order),
      cmocka_unit_test(files_change_under_a_module),
      cmocka_unit_test(files_of_others_are_refused),
      cmocka_unit_test(orphans_go),
      cmocka_unit_test(killed_writers),
      cmocka_unit_test(many_writers),
      cmocka_unit_test(the_folder_is_trimmed),
      cmocka_unit_test(folders_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
