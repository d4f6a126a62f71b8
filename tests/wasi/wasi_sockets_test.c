/* Sockets that a host gives: numbers, addresses, who owns them, those of a service manager. */
#include "wasi/sock_guest.h"

#include <errno.h>
#include <sys/un.h>
#include <sys/wait.h>

/* ---- what is given ---- */

static void numbers(void **state) {
  (void)state;
  char folder[64] = "", address[64];
  wasi_config_t *config = wasi_config_new();
  assert_int_equal(wasi_config_socket_count(config), 0);
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", NULL));
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", NULL));
  assert_int_equal(wasi_config_socket_count(config), 2);
  assert_non_null(temporary_folder(folder, "wasi_guest"));
  assert_true(wasi_config_preopen_dir(config, folder, "/", true)); /* named last, numbered first */
  Guest *g = guest_new(config);
  assert_int_equal(RUN(g, fd_prestat_get, 3, OUT), E_SUCCESS);
  for (u32 fd = 4; fd < 6; fd++) {
    Rights inheriting;
    assert_int_equal(RUN(g, fd_prestat_get, fd, OUT), E_BADF);
    assert_int_equal(rights_of(g, fd, &inheriting), RIGHTS_LISTENER);
    assert_int_equal(inheriting, RIGHTS_CONNECTION);
    assert_int_equal(g->memory[SCRATCH], FILETYPE_SOCKET_STREAM);
    assert_int_equal(load_u16(g->memory + SCRATCH + 2), 0);
  }
  assert_int_equal(RUN(g, fd_fdstat_get, 6, SCRATCH), E_BADF);
  guest_free(g);
  remove_folder(folder);
  g = guest_new(config_with_listener(address));
  assert_int_equal(rights_of(g, 3, NULL), RIGHTS_LISTENER);
  guest_free(g);
}

static void addresses(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "",        "127.0.0.1", "127.0.0.1:",    "127.0.0.1:65536", "127.0.0.1:-1",    "[::1]",
      "[::1:80", "::1:80",    "localhost:80",  "127.0.0.1:80x",   "[127.0.0.1]:80",  "[::1]80",
      ":80",     "unix:",     "127.0.0.1: 80", "256.0.0.1:80",    "127.0.0.1:000080"};
  wasmx_error_t err = {.size = sizeof err};
  wasi_config_t *config = wasi_config_new();
  for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
    assert_false(wasi_config_preopen_listener(config, wrong[i], &err));
    assert_int_equal(err.code, WASMX_ARGUMENT);
  }
  char text[160], again[64];
  snprintf(text, sizeof text, "unix:/tmp/%0128d", 0); /* no room in a sockaddr_un */
  assert_false(wasi_config_preopen_listener(config, text, &err));
  assert_false(wasi_config_preopen_listener(NULL, "127.0.0.1:0", NULL));
  assert_false(wasi_config_preopen_listener(config, NULL, NULL));
  assert_int_equal(wasi_config_socket_count(config), 0);
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", &err));
  size_t len = wasi_config_socket_address(config, 0, text, sizeof text);
  assert_int_equal(len, strlen(text));
  assert_memory_equal(text, "127.0.0.1:", 10);
  assert_true(atoi(text + 10) > 0);
  assert_int_equal(wasi_config_socket_address(config, 0, again, 11), len);
  assert_string_equal(again, "127.0.0.1:");
  assert_int_equal(wasi_config_socket_address(config, 0, NULL, 0), len);
  assert_int_equal(wasi_config_socket_address(config, 1, text, sizeof text), 0);
  assert_string_equal(text, "");
  wasi_config_socket_address(config, 0, text, sizeof text);
  assert_false(wasi_config_preopen_listener(config, text, &err)); /* taken */
  assert_int_equal(err.code, WASMX_IO);
  assert_string_equal(err.message, strerror(EADDRINUSE));
  if (wasi_config_preopen_listener(config, "[::1]:0", &err)) { /* not every machine has it */
    assert_true(wasi_config_socket_address(config, 1, text, sizeof text) > 6);
    assert_memory_equal(text, "[::1]:", 6);
  }
  wasi_config_delete(config);
}

/* A path is bound, stays, and is not bound twice. */
static void local_addresses(void **state) {
  (void)state;
  char folder[TEMPORARY_SIZE], address[96], text[160];
  wasmx_error_t err = {.size = sizeof err};
  assert_non_null(temporary_folder(folder, "wasi_guest"));
  snprintf(address, sizeof address, "unix:%s/s", folder);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_listener(config, address, &err));
  assert_int_equal(wasi_config_socket_address(config, 0, text, sizeof text), strlen(address));
  assert_string_equal(text, address);
  Guest *g = guest_new(config);
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  snprintf(to.sun_path, sizeof to.sun_path, "%s", address + 5);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  u32 accepted;
  assert_int_equal(accept_from(g, 3, 0, &accepted), E_SUCCESS);
  assert_int_equal(accepted, 4);
  assert_int_equal(send_to(g, accepted, "hello"), E_SUCCESS);
  assert_int_equal(read(fd, text, sizeof text), 5);
  guest_free(g);
  assert_int_equal(read(fd, text, sizeof text), 0);
  close(fd);
  assert_int_equal(access(to.sun_path, F_OK), 0);
  config = wasi_config_new();
  assert_false(wasi_config_preopen_listener(config, address, &err));
  wasi_config_delete(config);
  remove_folder(folder);
}
static void lent_and_owned(void **state) {
  (void)state;
  int ends[2], pipe_ends[2];
  wasmx_error_t err = {.size = sizeof err};
  /* Lent: as it was, whatever the guest does. */
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], false, &err));
  assert_int_equal(wasi_config_socket_address(config, 0, NULL, 0), 0); /* it has no name */
  Guest *g = guest_new(config);
  assert_int_equal(rights_of(g, 3, NULL), RIGHTS_CONNECTION);
  set_nonblock(g, 3, true);
  assert_int_equal(recv_from(g, 3, 10, 0), E_AGAIN);
  assert_int_equal(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
  assert_int_equal(RUN(g, fd_close, 3), E_SUCCESS);
  guest_free(g);
  assert_true(is_open_fd(ends[0]));
  /* Handed over: closed with the program, close-on-exec; the guest sees it as it was. */
  config = wasi_config_new();
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], true, &err));
  assert_int_equal(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
  assert_int_equal(fcntl(ends[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  g = guest_new(config);
  RUN(g, fd_fdstat_get, 3, SCRATCH);
  assert_int_equal(load_u16(g->memory + SCRATCH + 2), 0);
  guest_free(g);
  assert_false(is_open_fd(ends[0]));
  config = wasi_config_new();
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  assert_true(wasi_config_preopen_socket_fd(config, ends[1], true, &err));
  g = guest_new(config);
  RUN(g, fd_fdstat_get, 3, SCRATCH);
  assert_int_equal(load_u16(g->memory + SCRATCH + 2), FDFLAG_NONBLOCK);
  guest_free(g);
  /* What is none is refused; closed when it was handed over. */
  assert_int_equal(pipe(pipe_ends), 0);
  config = wasi_config_new();
  assert_false(wasi_config_preopen_socket_fd(config, pipe_ends[0], false, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_true(is_open_fd(pipe_ends[0]));
  assert_false(wasi_config_preopen_socket_fd(config, pipe_ends[0], true, &err));
  assert_false(is_open_fd(pipe_ends[0]));
  assert_false(wasi_config_preopen_socket_fd(NULL, pipe_ends[1], true, &err));
  assert_false(is_open_fd(pipe_ends[1]));
  assert_false(wasi_config_preopen_socket_fd(config, -1, true, &err));
  assert_false(wasi_config_preopen_socket_fd(config, 999, true, &err));
  assert_int_equal(err.code, WASMX_IO);
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
  assert_false(wasi_config_preopen_socket_fd(config, ends[0], true, &err));
  close(ends[1]);
  /* Given but never used: closed with the config. */
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], true, &err));
  wasi_config_delete(config);
  assert_false(is_open_fd(ends[0]));
  close(ends[1]);
}

static void limits_at_start(void **state) {
  (void)state;
  char address[64];
  int ends[2];
  wasmx_error_t err = {.size = sizeof err};
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasi_config_t *config = config_with_listener(address);
  wasi_config_set_max_fds(config, 3);
  assert_null(wasi_ctx_new(store, config, &err));
  assert_int_equal(err.code, WASMX_LIMIT);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  config = wasi_config_new();
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], false, NULL));
  close(ends[0]);
  close(ends[1]);
  assert_null(wasi_ctx_new(store, config, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
}

/* In a child: descriptors 3 and 4 are what was handed over. */
static int inherit(const char *pid, const char *fds, int third, int fourth) {
  char name[64];
  wasmx_error_t err = {.size = sizeof err};
  dup2(third, 103);
  dup2(fourth, 104);
  dup2(103, 3);
  dup2(104, 4);
  snprintf(name, sizeof name, "%d", (int)getpid());
  setenv("LISTEN_PID", pid ? pid : name, 1);
  setenv("LISTEN_FDS", fds, 1);
  setenv("LISTEN_FDNAMES", "web:admin", 1);
  wasi_config_t *config = wasi_config_new();
  bool ok = wasi_config_inherit_listen_fds(config, &err);
  size_t count = wasi_config_socket_count(config), len = config->env.bytes.len;
  bool env = len && strcmp((const char *)config->env.bytes.data, "LISTEN_FDS=2") == 0 &&
             strcmp((const char *)config->env.bytes.data + 13, "LISTEN_FDNAMES=web:admin") == 0;
  bool marked = fcntl(3, F_GETFD) == FD_CLOEXEC && fcntl(4, F_GETFD) == FD_CLOEXEC;
  wasi_config_delete(config);
  bool stay = is_open_fd(3) && is_open_fd(4);
  if (!stay) return 9;
  if (!ok) return count || env ? 8 : err.code == WASMX_ARGUMENT ? 1 : 2;
  if (count == 0) return len ? 7 : 3;
  return count == 2 && env && marked ? 4 : 6;
}

static int inherited(const char *pid, const char *fds, int third, int fourth) {
  int status;
  pid_t child = fork();
  if (child == 0) _exit(inherit(pid, fds, third, fourth));
  assert_int_equal(waitpid(child, &status, 0), child);
  return WEXITSTATUS(status);
}

static void listen_fds(void **state) {
  (void)state;
  int one = socket(AF_INET, SOCK_STREAM, 0), two = socket(AF_INET, SOCK_STREAM, 0);
  int none = open("/dev/null", O_RDONLY);
  assert_int_equal(listen(one, 1), 0);
  assert_int_equal(listen(two, 1), 0);
  assert_int_equal(inherited(NULL, "2", one, two), 4);
  assert_int_equal(inherited("1", "2", one, two), 3); /* for another process */
  assert_int_equal(inherited(NULL, "0", one, two), 3);
  assert_int_equal(inherited(NULL, "2x", one, two), 1);
  assert_int_equal(inherited(NULL, "", one, two), 1);
  assert_int_equal(inherited(NULL, "2", one, none), 1);
  assert_int_equal(inherited(NULL, "99999", one, two), 1 + (fcntl(5, F_GETFD) < 0)); /* not there */
  close(one);
  close(two);
  close(none);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers),         cmocka_unit_test(addresses),
      cmocka_unit_test(local_addresses), cmocka_unit_test(lent_and_owned),
      cmocka_unit_test(limits_at_start), cmocka_unit_test(listen_fds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
