/* The environment a config gives: added one by one, from a file, inherited; all or nothing. */
#include "support/failing_alloc.h"
#include "wasi/guest.h"

#include <time.h>

/* What the program would see, one variable after another, each with '|' behind it. */
static void check_env(wasi_config_t *config, const char *want) {
  char got[4096];
  size_t len = config->env.bytes.len;
  assert_true(len < sizeof got);
  for (size_t i = 0; i < len; i++) {
    char c = (char)config->env.bytes.data[i];
    got[i] = c ? c : '|';
  }
  got[len] = 0;
  assert_string_equal(got, want);
  u32 count = 0;
  for (size_t i = 0; i < len; i++) count += config->env.bytes.data[i] == 0;
  assert_int_equal(config->env.count, count);
}

static void one_by_one(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  const char *names[] = {"A", "AB"}, *values[] = {"1", "2"};
  assert_true(wasi_config_set_env(config, 2, names, values));
  assert_true(wasi_config_add_env(config, "A", "new"));
  check_env(config, "AB=2|A=new|");
  assert_true(wasi_config_add_env(config, "B", ""));
  assert_true(wasi_config_add_env(config, "AB", "a=b=c"));
  check_env(config, "A=new|B=|AB=a=b=c|");
  setenv("WASI_TEST_ENV", "here", 1);
  assert_true(wasi_config_add_env(config, "WASI_TEST_ENV", NULL));
  unsetenv("WASI_TEST_ENV");
  assert_true(wasi_config_add_env(config, "WASI_TEST_ENV", NULL)); /* nothing: as it was */
  check_env(config, "A=new|B=|AB=a=b=c|WASI_TEST_ENV=here|");
  assert_false(wasi_config_add_env(config, "", "x"));
  assert_false(wasi_config_add_env(config, "A=B", "x"));
  assert_false(wasi_config_add_env(config, "\xff", "x"));
  assert_false(wasi_config_add_env(config, "A", "\xff"));
  assert_false(wasi_config_add_env(config, NULL, "x"));
  assert_false(wasi_config_add_env(NULL, "A", "x"));
  check_env(config, "A=new|B=|AB=a=b=c|WASI_TEST_ENV=here|");
  wasi_config_delete(config);
}

static void inherited_ones_replace(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  clearenv();
  setenv("X", "outer", 1);
  setenv("Y", "\xff", 1); /* not ours to judge */
  assert_true(wasi_config_add_env(config, "X", "inner"));
  assert_true(wasi_config_add_env(config, "Z", "kept"));
  assert_false(wasi_config_add_env(config, "Y", NULL));
  wasi_config_inherit_env(config);
  check_env(config, "Z=kept|X=outer|Y=\xff|");
  wasi_config_inherit_env(NULL);
  wasi_config_delete(config);
}

static bool add_text(wasi_config_t *config, const char *text, size_t len, wasmx_error_t *err) {
  char name[TEMPORARY_SIZE];
  int fd = temporary_file(name, "wasi_env");
  assert_int_equal(write(fd, text, len), len);
  close(fd);
  bool ok = wasi_config_add_env_file(config, name, err);
  unlink(name);
  return ok;
}

static void files(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasmx_error_t err = {.size = sizeof err};
  assert_true(wasi_config_add_env(config, "A", "before"));
  const char good[] = "#x\n \t B = 'y\nC=\"\n\nD=\"'\" \r\nA=\"\"";
  assert_false(add_text(config, good, sizeof good - 1, &err)); /* "B " has a blank */
  assert_int_equal(err.code, WASMX_SYNTAX);
  assert_int_equal(err.line, 2);
  check_env(config, "A=before|");
  const char better[] = "#x\n \t B= 'y\nC=\"\n\nD=\"'\" \r\nA=\"\"";
  assert_true(add_text(config, better, sizeof better - 1, &err));
  check_env(config, "B= 'y|C=\"|D='|A=|");
  const struct {
    const char *text;
    size_t len;
    u32 line;
  } bad[] = {{"Q=1\n=", 5, 2}, {"Q=1\n\nQ\0=", 8, 3}, {"Q=\xff", 3, 1}, {"Q=1\nA B", 7, 2}};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    assert_false(add_text(config, bad[i].text, bad[i].len, &err));
    assert_int_equal(err.code, WASMX_SYNTAX);
    assert_int_equal(err.line, bad[i].line);
    check_env(config, "B= 'y|C=\"|D='|A=|"); /* all or nothing */
  }
  assert_false(wasi_config_add_env_file(config, "/nonexistent", &err));
  assert_int_equal(err.code, WASMX_IO);
  assert_false(wasi_config_add_env_file(config, "/tmp", &err));
  assert_int_equal(err.code, WASMX_IO);
  assert_false(wasi_config_add_env_file(config, "/dev/zero", &err));
  assert_int_equal(err.code, WASMX_LIMIT);
  assert_false(wasi_config_add_env_file(NULL, "/dev/null", NULL));
  assert_true(wasi_config_add_env_file(config, "/dev/null", NULL));
  check_env(config, "B= 'y|C=\"|D='|A=|");
  wasi_config_delete(config);
}

/* A file of `count` variables, of `names` different names each with its last value. */
static double time_of_file(u32 count, u32 names) {
  char *text = malloc((size_t)count * 24), want[32];
  size_t len = 0;
  for (u32 i = 0; i < count; i++) len += (size_t)sprintf(text + len, "N%u=%u\n", i % names, i);
  wasi_config_t *config = wasi_config_new();
  struct timespec start, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
  assert_true(add_text(config, text, len, NULL));
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  assert_int_equal(config->env.count, names);
  snprintf(want, sizeof want, "N%u=%u", (count - 1) % names, count - 1);
  const Buffer *bytes = &config->env.bytes;
  assert_string_equal((char *)bytes->data + bytes->len - strlen(want) - 1, want);
  wasi_config_delete(config);
  free(text);
  return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

/* Linear in what there is: ten times as many take ten times as long, and not a hundred times. */
static void many_variables(void **state) {
  (void)state;
  time_of_file(1000, 1);
  double few = time_of_file(20000, 20000), many = time_of_file(200000, 200000);
  print_message("20,000 variables: %.1f ms, 200,000: %.1f ms\n", few * 1e3, many * 1e3);
  assert_true(many < few * 10 * 4 + 0.1);
  assert_true(time_of_file(200000, 7) < few * 10 * 4 + 0.1);
}

static void without_memory_nothing_changes(void **state) {
  (void)state;
  static char big[20000];
  memset(big, 'b', sizeof big - 1);
  for (int how = 0; how < 2; how++) {
    bool failed = true;
    for (u64 n = 1; failed; n++) {
      wasi_config_t *config = wasi_config_new();
      wasmx_error_t err = {.size = sizeof err};
      assert_true(wasi_config_add_env(config, "A", "1"));
      char name[TEMPORARY_SIZE];
      int fd = temporary_file(name, "wasi_env");
      assert_int_equal(write(fd, "A=", 2), 2);
      assert_int_equal(write(fd, big, sizeof big - 1), sizeof big - 1);
      close(fd);
      failing_alloc_start(n);
      bool ok = how ? wasi_config_add_env_file(config, name, &err)
                    : wasi_config_add_env(config, "A", big);
      failed = failing_alloc_stop();
      unlink(name);
      assert_int_equal(ok, !failed);
      if (failed && how) assert_int_equal(err.code, WASMX_OUT_OF_MEMORY);
      if (failed)
        check_env(config, "A=1|");
      else
        assert_int_equal(config->env.bytes.len, sizeof big + 2);
      wasi_config_delete(config);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_by_one),
      cmocka_unit_test(inherited_ones_replace),
      cmocka_unit_test(files),
      cmocka_unit_test(many_variables),
      cmocka_unit_test(without_memory_nothing_changes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
