/* Compiled modules as bytes, and as files. */
#include "engine/artifact.h"

#include "kept.h"

#include <sys/wait.h>

enum { ANOTHER_USER = 12345 };

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
  Config others[5];
  for (u32 i = 0; i < ARRAY_LEN(others); i++) others[i] = config;
  others[0].fuel = true;
  others[1].canonical_nan = true;
  others[2].signals = false;
  others[3].jit.cpu = 0;
  others[4].relaxed_fast = true;
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

/* Only from regular files, no links, that nobody else may write. */
static void files_others_may_write_are_refused(void **state) {
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

enum { REFUSED, RAN, OUT_OF_REACH };

/* What another user than root thinks of a file. */
static int as_another_user(const char *path) {
  pid_t child = fork();
  if (child == 0) {
    if (setgid(ANOTHER_USER) != 0 || setuid(ANOTHER_USER) != 0) _exit(9);
    if (access(path, R_OK) != 0) _exit(OUT_OF_REACH); /* below a TMPDIR of root's own */
    Config config = jit_config();
    Engine *engine = wm_engine_new(&config);
    Error err = {0};
    LoadedModule *lm = wm_engine_deserialize_file(engine, path, &err);
    if (!lm) _exit(err.code == ERR_ARGUMENT ? REFUSED : 8);
    run_module(engine, lm);
    _exit(RAN);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void look_at_each_way(Engine *engine, const char *path) {
  assert_int_equal(as_another_user(path), RAN);
  assert_int_equal(chmod(path, 0664), 0);
  assert_int_equal(as_another_user(path), REFUSED);
  assert_int_equal(chmod(path, 0646), 0);
  assert_int_equal(as_another_user(path), REFUSED);
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(chown(path, ANOTHER_USER + 1, ANOTHER_USER), 0);
  assert_int_equal(as_another_user(path), REFUSED);
  Error err = {0};
  assert_null(wm_engine_deserialize_file(engine, path, &err));
  assert_int_equal(chown(path, ANOTHER_USER, ANOTHER_USER), 0);
  assert_int_equal(as_another_user(path), RAN);
}

/* What root installed runs for everybody, what a third one left for nobody else. Only root can make
 * such files. */
static void files_of_root_and_of_others(void **state) {
  (void)state;
  if (geteuid() != 0) skip();
  Config config = jit_config();
  Engine *engine = wm_engine_new(&config);
  Folder f = folder_new();
  char path[160];
  snprintf(path, sizeof path, "%s/program", f.path);
  Buffer bytes = artifact_of(engine, program);
  assert_true(wm_os_write_file(path, bytes.data, bytes.len));
  assert_int_equal(chmod(f.path, 0755), 0);
  assert_int_equal(chmod(path, 0644), 0);
  int first = as_another_user(path);
  if (first != OUT_OF_REACH) look_at_each_way(engine, path);
  unlink(path);
  wm_buffer_free(&bytes);
  folder_delete(&f);
  wm_engine_release(engine);
  if (first == OUT_OF_REACH) skip();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trip),
      cmocka_unit_test(damage_is_refused),
      cmocka_unit_test(other_ways_are_refused),
      cmocka_unit_test(files_change_under_a_module),
      cmocka_unit_test(files_others_may_write_are_refused),
      cmocka_unit_test(files_of_root_and_of_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
