/* Policies: what each key gives, what is refused and where; limits. */
#include "support/failing_alloc.h"
#include "wasi/guest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

static char folder[TEMPORARY_SIZE];
static char policy[96];

static void write_policy(const char *text) {
  FILE *f = fopen(policy, "w");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  fclose(f);
}

/* A guest of what the text gives; each $ in it is the test's folder. */
static Guest *guest_of(const char *text) {
  char whole[4096];
  size_t len = 0;
  for (; *text; text++)
    len += (size_t)snprintf(whole + len, sizeof whole - len, *text == '$' ? "%s" : "%.1s",
                            *text == '$' ? folder : text);
  whole[len] = 0;
  wasmx_error_t err = {.size = sizeof err};
  wasi_config_t *config = wasi_config_new();
  write_policy(whole);
  if (!wasi_config_load_policy(config, policy, &err)) fail_msg("%s", err.message);
  return guest_new(config);
}

static const Rights all = RIGHTS_DIR | RIGHTS_FILE; /* NOLINT(misc-redundant-expression) */

/* ---- what is given ---- */

static void nothing_is_given(void **state) {
  (void)state;
  static const char *const texts[] = {"", "# nothing\n", "~", "{}", "directories: []\n", "---\n"};
  for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
    const char *text;
    Guest *g = guest_of(texts[i]);
    assert_int_equal(RUN(g, fd_prestat_get, 3, OUT), E_BADF);
    assert_int_equal(RUN(g, args_sizes_get, OUT, OUT + 4), E_SUCCESS);
    assert_int_equal(out_u32(g), 0);
    assert_int_equal(guest_read(g, 0, &text), E_SUCCESS);
    assert_int_equal(out_u32(g), 0);
    assert_int_equal(guest_write(g, 1, "nowhere"), E_SUCCESS);
    guest_free(g);
  }
}

static void arguments_and_environment(void **state) {
  (void)state;
  setenv("POLICY_TEST", "from here", 1);
  unsetenv("POLICY_NONE");
  Guest *g = guest_of("arguments: [prog, \"two words\", ü, 3, '']\n"
                      "environment:\n  ONE: 1\n  HERE: x=y\n  POLICY_TEST: ~\n  POLICY_NONE:\n"
                      "  EMPTY: ''\n");
  assert_int_equal(RUN(g, args_sizes_get, OUT, OUT + 4), E_SUCCESS);
  assert_int_equal(out_u32(g), 5);
  assert_int_equal(RUN(g, args_get, 512, SCRATCH), E_SUCCESS);
  assert_memory_equal(g->memory + SCRATCH, "prog\0two words\0ü\0003\0", 21);
  assert_int_equal(RUN(g, environ_sizes_get, OUT, OUT + 4), E_SUCCESS);
  assert_int_equal(out_u32(g), 4);
  assert_int_equal(RUN(g, environ_get, 512, SCRATCH), E_SUCCESS);
  const char want[] = "ONE=1\0HERE=x=y\0POLICY_TEST=from here\0EMPTY=";
  assert_memory_equal(g->memory + SCRATCH, want, sizeof want);
  guest_free(g);
}

static void directories_of_all_kinds(void **state) {
  (void)state;
  u32 fd;
  Guest *g = guest_of("directories:\n"
                      "  - {host: $, guest: /r}\n"
                      "  - {host: $, guest: /w, access: read-write, special: true}\n"
                      "  - {memory: 64K, guest: /m, access: read-write}\n"
                      "  - {overlay: $, guest: /o, access: read-write, limit: 1M}\n");
  for (u32 dir = 3; dir < 7; dir++) {
    assert_int_equal(RUN(g, fd_prestat_get, dir, OUT), E_SUCCESS);
    assert_int_equal(load_u32(g->memory + OUT + 4), 2);
  }
  assert_int_equal(RUN(g, fd_prestat_get, 7, OUT), E_BADF);
  assert_int_equal(RUN(g, path_create_directory, 3, PATH(g, "no")), E_NOTCAPABLE);
  assert_int_equal(RUN(g, path_open, 3, 0, PATH(g, "policy"), 0, RIGHT_FD_READ, 0, 0, OUT),
                   E_SUCCESS);
  for (u32 dir = 5; dir < 7; dir++) {
    assert_int_equal(RUN(g, path_open, dir, 0, PATH(g, "f"), OFLAG_CREAT, all, all, 0, OUT),
                     E_SUCCESS);
    fd = out_u32(g);
    assert_int_equal(guest_write(g, fd, "x"), E_SUCCESS);
  }
  assert_int_equal(RUN(g, fd_filestat_set_size, fd - 1, 65536), E_NOSPC);
  guest_free(g);
}

static void streams(void **state) {
  (void)state;
  const char *text;
  Guest *g = guest_of("stdout: file:$/out\nstderr: none\n");
  assert_int_equal(guest_write(g, 1, "written"), E_SUCCESS);
  assert_int_equal(guest_write(g, 2, "dropped"), E_SUCCESS);
  guest_free(g);
  g = guest_of("stdin: file:$/out\n");
  assert_int_equal(guest_read(g, 0, &text), E_SUCCESS);
  assert_string_equal(text, "written");
  guest_free(g);
}

/* "none" takes away what the config had. */
static void no_streams(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasi_config_inherit_stdio(config);
  write_policy("stdin: none\nstdout: none\n");
  assert_true(wasi_config_load_policy(config, policy, NULL));
  Guest *g = guest_new(config);
  assert_int_equal(g->ctx->streams[0].kind, STREAM_EMPTY);
  assert_int_equal(g->ctx->streams[1].kind, STREAM_EMPTY);
  assert_int_equal(g->ctx->streams[2].kind, STREAM_HOST);
  guest_free(g);
}

static void listeners(void **state) {
  (void)state;
  Guest *g = guest_of("listeners: [\"127.0.0.1:0\"]\n");
  assert_int_equal(RUN(g, fd_fdstat_get, 3, OUT), E_SUCCESS);
  assert_int_equal(g->memory[OUT], FILETYPE_SOCKET_STREAM);
  guest_free(g);
}

static void terminals(void **state) {
  (void)state;
  static const char *const texts[] = {"terminal: false\n", "terminal: true\n"};
  for (int on = 0; on < 2; on++) {
    wasi_config_t *config = wasi_config_new();
    write_policy(texts[on]);
    assert_true(wasi_config_load_policy(config, policy, NULL));
    assert_int_equal(wasi_config_grants_terminal(config), on);
    wasi_config_delete(config);
  }
}

/* As many as there is room for, in a moment. */
static void many_variables(void **state) {
  (void)state;
  static char text[128 << 10];
  u32 count = 0;
  size_t len = (size_t)sprintf(text, "environment:\n  LAST: first\n");
  for (; len < sizeof text - 40; count++)
    len += (size_t)sprintf(text + len, "  N%u: %u\n", count, count);
  sprintf(text + len, "  LAST: last\n");
  write_policy(text);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_load_policy(config, policy, NULL));
  assert_int_equal(config->env.count, count + 1);
  const Buffer *bytes = &config->env.bytes;
  assert_string_equal((char *)bytes->data + bytes->len - 10, "LAST=last");
  wasi_config_delete(config);
}

static void clocks_and_random_bytes(void **state) {
  (void)state;
  Guest *g = guest_of("clock: {kind: frozen, start: 1234567}\nrandom-seed: 7\n");
  assert_int_equal(RUN(g, clock_time_get, 0, 0, OUT), E_SUCCESS);
  assert_int_equal(out_u64(g), 1234567);
  u8 first[16];
  assert_int_equal(RUN(g, random_get, SCRATCH, 16), E_SUCCESS);
  memcpy(first, g->memory + SCRATCH, 16);
  guest_free(g);
  g = guest_of("deterministic: 7\n");
  assert_int_equal(RUN(g, clock_time_get, 0, 0, OUT), E_SUCCESS);
  assert_int_equal(out_u64(g), UINT64_C(1700000000000000000));
  assert_int_equal(RUN(g, random_get, SCRATCH, 16), E_SUCCESS);
  assert_memory_equal(first, g->memory + SCRATCH, 16);
  guest_free(g);
}

static void limits(void **state) {
  (void)state;
  wasi_config_t *config = wasi_config_new();
  wasi_limits_t l = {.size = sizeof l};
  write_policy("limits: {memory: 3M, table-elements: 77, fuel: 5000, deadline: 2.5, output: 12,\n"
               "  descriptors: 9, threads: 2}\n");
  assert_true(wasi_config_load_policy(config, policy, NULL));
  wasi_config_limits(config, &l);
  assert_int_equal(l.size, sizeof l);
  assert_int_equal(l.memory_bytes, 3 << 20);
  assert_int_equal(l.table_elements, 77);
  assert_int_equal(l.fuel, 5000);
  assert_int_equal(l.deadline_ns, 2500000001u);
  assert_int_equal(l.output_bytes, 12);
  Guest *g = guest_new(config);
  assert_false(wasi_limits_apply(&l, g->store)); /* the engine counts no fuel */
  l.fuel = 0;
  assert_true(wasi_limits_apply(&l, g->store));
  assert_false(wasi_limits_apply(&l, NULL));
  wasm_memorytype_t *type = wasm_memorytype_new(&(wasm_limits_t){49, 49});
  assert_null(wasm_memory_new(g->store, type));
  wasm_memorytype_delete(type);
  guest_free(g);
}

/* Streams and files together; a vector is cut where the limit is. */
static void output_ends(void **state) {
  (void)state;
  u32 fd;
  Guest *g = guest_of("limits: {output: 12}\n"
                      "directories: [{memory: 1M, guest: /, access: read-write}]\n");
  assert_int_equal(guest_write(g, 1, "12345"), E_SUCCESS);
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, all, &fd), E_SUCCESS);
  store_u32(g->memory + 512, 2000);
  store_u32(g->memory + 516, 4);
  store_u32(g->memory + 520, 2000);
  store_u32(g->memory + 524, 100);
  assert_int_equal(RUN(g, fd_write, fd, 512, 2, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 7);
  assert_int_equal(RUN(g, fd_write, fd, 512, 2, OUT), E_DQUOT);
  assert_int_equal(guest_write(g, 1, "x"), E_DQUOT);
  assert_int_equal(guest_write(g, 1, ""), E_SUCCESS);
  assert_int_equal(RUN(g, fd_filestat_get, fd, OUT), E_SUCCESS);
  assert_int_equal(load_u64(g->memory + OUT + 32), 7);
  guest_free(g);
}

/* What is sent to a socket that was given does not count, by whichever call. */
static void sockets_do_not_count(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  wasi_config_t *config = wasi_config_new();
  write_policy("limits: {output: 4}\n");
  assert_true(wasi_config_load_policy(config, policy, NULL));
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], true, NULL));
  Guest *g = guest_new(config);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(guest_write(g, FIRST_DIR, "abc"), E_SUCCESS);
    assert_int_equal(out_u32(g), 3);
    assert_int_equal(RUN(g, sock_send, FIRST_DIR, put_vector(g, SCRATCH, 3), 1, 0, OUT), E_SUCCESS);
  }
  assert_int_equal(guest_write(g, 1, "abcde"), E_SUCCESS);
  assert_int_equal(out_u32(g), 4);
  assert_int_equal(guest_write(g, 1, "a"), E_DQUOT);
  guest_free(g);
  close(ends[1]);
}

/* ---- what is refused ---- */

static void refusals(void **state) {
  (void)state;
  static const struct {
    const char *text;
    u32 line;
    const char *word;
  } rows[] = {
      {"argments: [a]\n", 1, "'argments'"},
      {"stdin: none\n\nlimits:\n  memry: 1M\n", 4, "'memry'"},
      {"directories:\n  - {host: /tmp, guset: /}\n", 2, "'guset'"},
      {"stdin: none\nstdin: none\n", 2, "twice"},
      {"limits: {fuel: 1, fuel: 1}\n", 1, "twice"},
      {"arguments: text\n", 1, "a list"},
      {"arguments: [[a]]\n", 1, "text"},
      {"arguments: [\"a\\0b\"]\n", 1, "text"},
      {"environment: [A]\n", 1, "NAME"},
      {"environment: {\"A=B\": x}\n", 1, "without '='"},
      {"environment: {\"\": x}\n", 1, "without '='"},
      {"environment: {A: {B: c}}\n", 1, "text"},
      {"[1, 2]\n", 1, "keys and values"},
      {"text\n", 1, "keys and values"},
      {"directories: {host: /}\n", 1, "a list"},
      {"directories: [/]\n", 1, "keys and values"},
      {"directories: [{guest: /}]\n", 1, "one of"},
      {"directories: [{host: /, memory: 1M, guest: /}]\n", 1, "one of"},
      {"directories: [{memory: 1M}]\n", 1, "'guest'"},
      {"directories: [{host: /, access: write}]\n", 1, "access"},
      {"directories: [{host: /, special: yes}]\n", 1, "true or false"},
      {"directories:\n- {host: /there/is/no/such, guest: /}\n", 2, "No such file"},
      {"directories:\n- {archive: /there/is/no/such, guest: /}\n", 2, "No such file"},
      {"stdin: file:/there/is/no/such\n", 1, "No such file"},
      {"stdout: terminal\n", 1, "none, inherit"},
      {"terminal: maybe\n", 1, "true or false"},
      {"terminal: [true]\n", 1, "true or false"},
      {"limits: {deadline: 0x1p3}\n", 1, "seconds"},
      {"limits: {deadline: \"2,5\"}\n", 1, "seconds"},
      {"listeners: [nowhere]\n", 1, "no address"},
      {"network:\n- all\n- tcp-connect=nowhere\n", 3, "nowhere"},
      {"audit: /there/is/no/such\n", 1, "No such file"},
      {"limits: {memory: 1Q}\n", 1, "a size"},
      {"limits: {memory: -1}\n", 1, "a size"},
      {"limits: {memory: 99999999999999999999}\n", 1, "a size"},
      {"limits: {memory: 99999999999G}\n", 1, "a size"},
      {"limits: {fuel: 1.5}\n", 1, "a number"},
      {"limits: {threads: many}\n", 1, "a number"},
      {"limits: {deadline: 0}\n", 1, "seconds"},
      {"limits: {deadline: nan}\n", 1, "seconds"},
      {"clock: {kind: slow}\n", 1, "kind should be"},
      {"clock: {kind: stepped}\n", 1, "needs a step"},
      {"clock: coarse\n", 1, "keys and values"},
      {"random-seed: x\n", 1, "a number"},
      {"a: b: c\n", 1, "mapping"},
      {"stdin: [\n", 2, "did not find"},
      {"a: \"\n", 2, "end of stream"},
      {"? [a]\n: b\n", 1, "no key"},
      {"\xff\xfe\xff", 1, ""},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    wasmx_error_t err = {.size = sizeof err};
    wasi_config_t *config = wasi_config_new();
    write_policy(rows[i].text);
    if (wasi_config_load_policy(config, policy, &err)) fail_msg("taken: %s", rows[i].text);
    assert_int_equal(err.code, WASMX_SYNTAX);
    if (err.line != rows[i].line || !strstr(err.message, rows[i].word))
      fail_msg("%s: line %u: %s", rows[i].text, err.line, err.message);
    wasi_config_delete(config);
  }
}

static void files_that_cannot_be_read(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  wasi_config_t *config = wasi_config_new();
  unlink(policy);
  assert_false(wasi_config_load_policy(config, "/there/is/no/such", &err));
  assert_int_equal(err.code, WASMX_IO);
  assert_false(wasi_config_load_policy(config, "/tmp", &err));
  assert_false(wasi_config_load_policy(NULL, policy, &err));
  assert_false(wasi_config_load_policy(config, NULL, &err));
  assert_int_equal(mkfifo(policy, 0600), 0);
  pid_t child = fork();
  if (!child) {
    write_policy("stdin: none\n");
    _exit(0);
  }
  assert_true(wasi_config_load_policy(config, policy, &err));
  assert_int_equal(waitpid(child, NULL, 0), child);
  assert_int_equal(unlink(policy), 0);
  write_policy("");
  assert_int_equal(truncate(policy, 2 << 20), 0);
  assert_false(wasi_config_load_policy(config, policy, &err));
  assert_non_null(strstr(err.message, "larger"));
  wasi_config_delete(config);
}

/* References to what stands elsewhere may be as many as they like: nothing is copied. */
static void many_references(void **state) {
  (void)state;
  char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; i++)
    sprintf(text + strlen(text), "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
            i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
  wasi_config_t *config = wasi_config_new();
  wasmx_error_t err = {.size = sizeof err};
  write_policy(text);
  assert_false(wasi_config_load_policy(config, policy, NULL));
  /* But arguments and variables are: not more than a policy could say without them. */
  static const char *const starts[] = {"arguments: [&a %0500d", "environment: {A: &a %0500d"};
  static const char *const more[] = {",*a", ",B%d: *a"};
  for (int i = 0; i < 2; i++) {
    static char many[100000];
    size_t len = (size_t)sprintf(many, starts[i], 1);
    for (int k = 0; k < 1000; k++) len += (size_t)sprintf(many + len, more[i], k);
    strcpy(many + len, i ? "}\n" : "]\n");
    write_policy(many);
    assert_false(wasi_config_load_policy(config, policy, &err));
    assert_non_null(strstr(err.message, "256 KiB"));
  }
  static char nested[100000];
  memset(nested, '[', sizeof nested - 1);
  write_policy(nested); /* for libyaml, many seconds */
  assert_false(wasi_config_load_policy(config, policy, &err));
  assert_non_null(strstr(err.message, "brackets"));
  write_policy("directories: &d [*d]\n"); /* of itself */
  assert_false(wasi_config_load_policy(config, policy, NULL));
  wasi_config_delete(config);
}

/* Each allocation fails once: it is told, nothing leaks. */
static void memory_runs_out(void **state) {
  (void)state;
  char text[600];
  snprintf(text, sizeof text,
           "arguments: [a, b]\nenvironment: {A: b}\nstdin: file:%s\ndirectories:\n"
           "- {memory: 1M, guest: /m}\n- {host: %s, guest: /h}\n- {overlay: %s, guest: /o}\n"
           "limits: {fuel: 1}\naudit: %s/audit\n",
           policy, folder, folder, folder);
  write_policy(text);
  for (u64 n = 1;; n++) {
    wasmx_error_t err = {.size = sizeof err};
    wasi_config_t *config = wasi_config_new();
    failing_alloc_start(n);
    bool taken = wasi_config_load_policy(config, policy, &err);
    bool failed = failing_alloc_stop();
    wasi_config_delete(config);
    assert_int_equal(taken, !failed);
    if (failed) assert_non_null(err.message[0] ? err.message : NULL);
    if (!failed) break;
  }
}

static int make_folder(void **state) {
  (void)state;
  snprintf(policy, sizeof policy, "%s/policy", temporary_folder(folder, "wasi_policy"));
  return 0;
}

static int drop_folder(void **state) {
  (void)state;
  remove_folder(folder);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_given),
      cmocka_unit_test(arguments_and_environment),
      cmocka_unit_test(directories_of_all_kinds),
      cmocka_unit_test(streams),
      cmocka_unit_test(no_streams),
      cmocka_unit_test(listeners),
      cmocka_unit_test(terminals),
      cmocka_unit_test(many_variables),
      cmocka_unit_test(clocks_and_random_bytes),
      cmocka_unit_test(limits),
      cmocka_unit_test(output_ends),
      cmocka_unit_test(sockets_do_not_count),
      cmocka_unit_test(refusals),
      cmocka_unit_test(files_that_cannot_be_read),
      cmocka_unit_test(many_references),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
