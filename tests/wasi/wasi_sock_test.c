/* Sockets: what a host gives, sock_* with every error, peers that go away, waits that are ended by
 * stops and by other threads. */
#include "wasi/guest.h"
#include "wasi/program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

enum { OUT_FLAGS = OUT + 8, BIG = 1 << 15, MANY_AT = 8192 };

static void nap(int ms) {
  const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&t, NULL);
}

/* ---- hosts ---- */

static wasi_config_t *config_with_listener(char address[64]) {
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", NULL));
  assert_true(wasi_config_socket_address(config, 0, address, 64) > 10);
  return config;
}

/* Connects to 127.0.0.1:PORT. */
static int connect_to(const char *address) {
  struct sockaddr_in to = {.sin_family = AF_INET};
  to.sin_port = htons((u16)atoi(strchr(address, ':') + 1));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  return fd;
}

/* A guest whose descriptor 3 is one end of a pair, which it owns; the other in *peer. */
static Guest *guest_with_pair(int type, int *peer) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, type, 0, ends), 0);
  *peer = ends[1];
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], true, NULL));
  return guest_new(config);
}

static void set_nonblock(Guest *g, u32 fd, bool on) {
  assert_int_equal(RUN(g, fd_fdstat_set_flags, fd, on ? FDFLAG_NONBLOCK : 0), E_SUCCESS);
}

static Rights rights_of(Guest *g, u32 fd, Rights *inheriting) {
  assert_int_equal(RUN(g, fd_fdstat_get, fd, SCRATCH), E_SUCCESS);
  if (inheriting) *inheriting = load_u64(g->memory + SCRATCH + 16);
  return load_u64(g->memory + SCRATCH + 8);
}

static void drop_rights(Guest *g, u32 fd, Rights rights) {
  Rights inheriting, base = rights_of(g, fd, &inheriting);
  assert_int_equal(RUN(g, fd_fdstat_set_rights, fd, base & ~rights, inheriting), E_SUCCESS);
}

static Errno accept_from(Guest *g, u32 fd, u32 flags, u32 *number) {
  Errno e = RUN(g, sock_accept, fd, flags, OUT);
  *number = out_u32(g);
  return e;
}

/* Receives up to `len` bytes at BIG. */
static Errno recv_from(Guest *g, u32 fd, u32 len, u32 flags) {
  return RUN(g, sock_recv, fd, put_vector(g, BIG, len), 1, flags, OUT, OUT_FLAGS);
}

static Errno send_to(Guest *g, u32 fd, const char *text) {
  u32 at = (u32)put_text(g, BIG, text);
  return RUN(g, sock_send, fd, put_vector(g, at, (u32)strlen(text)), 1, 0, OUT);
}

#define RECEIVED(g, text)                                                                          \
  do {                                                                                             \
    assert_int_equal(out_u32(g), strlen(text));                                                    \
    assert_memory_equal((g)->memory + BIG, text, strlen(text));                                    \
  } while (0)

/* ---- what is given ---- */

static void numbers(void **state) {
  (void)state;
  char folder[64] = "", address[64];
  wasi_config_t *config = wasi_config_new();
  assert_int_equal(wasi_config_socket_count(config), 0);
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", NULL));
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", NULL));
  assert_int_equal(wasi_config_socket_count(config), 2);
  snprintf(folder, sizeof folder, "/tmp/wasi_guest_XXXXXX");
  assert_non_null(mkdtemp(folder));
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
  char folder[] = "/tmp/wasi_guest_XXXXXX", address[64], text[160];
  wasmx_error_t err = {.size = sizeof err};
  assert_non_null(mkdtemp(folder));
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

static bool is_open_fd(int fd) { return fcntl(fd, F_GETFD) >= 0; }

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

/* ---- accept ---- */

static void accepts(void **state) {
  (void)state;
  char address[64], folder[64] = "";
  wasi_config_t *config = config_with_folder(folder, true, 0);
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", NULL));
  wasi_config_socket_address(config, 0, address, 64);
  Guest *g = guest_new(config);
  u32 fd, file, listener = 4;
  assert_int_equal(guest_open(g, "f", OFLAG_CREAT, RIGHTS_FILE, &file), E_SUCCESS);
  assert_int_equal(accept_from(g, 77, 0, &fd), E_BADF);
  assert_int_equal(accept_from(g, file, 0, &fd), E_NOTSOCK);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_NOTSOCK);
  assert_int_equal(accept_from(g, 1, 0, &fd), E_NOTSOCK);
  for (u32 bit = 1; bit < 64; bit *= 2)
    if (bit != FDFLAG_NONBLOCK) assert_int_equal(accept_from(g, listener, bit, &fd), E_INVAL);
  set_nonblock(g, listener, true);
  assert_int_equal(accept_from(g, listener, 0, &fd), E_AGAIN);
  int peer = connect_to(address), second = connect_to(address);
  /* A place for the number is looked for first: no connection is lost. */
  assert_int_equal(RUN(g, sock_accept, listener, 0, GUEST_MEMORY - 3), E_FAULT);
  assert_int_equal(RUN(g, sock_accept, listener, 0, OUT + 2), E_INVAL);
  assert_int_equal(accept_from(g, listener, 0, &fd), E_SUCCESS);
  assert_int_equal(fd, 6);
  Rights inheriting;
  assert_int_equal(rights_of(g, fd, &inheriting), RIGHTS_CONNECTION);
  assert_int_equal(inheriting, 0);
  assert_int_equal(g->memory[SCRATCH], FILETYPE_SOCKET_STREAM);
  assert_int_equal(load_u16(g->memory + SCRATCH + 2), 0); /* not as the listener is */
  assert_int_equal(RUN(g, fd_filestat_get, fd, SCRATCH), E_SUCCESS);
  assert_int_equal(g->memory[SCRATCH + 16], FILETYPE_SOCKET_STREAM);
  assert_int_equal(accept_from(g, fd, 0, &fd), E_INVAL); /* no listener */
  fd = 6;
  assert_int_equal(write(peer, "hi", 2), 2);
  assert_int_equal(recv_from(g, fd, 10, 0), E_SUCCESS);
  RECEIVED(g, "hi");
  assert_int_equal(accept_from(g, listener, FDFLAG_NONBLOCK, &fd), E_SUCCESS);
  RUN(g, fd_fdstat_get, fd, SCRATCH);
  assert_int_equal(load_u16(g->memory + SCRATCH + 2), FDFLAG_NONBLOCK);
  assert_int_equal(recv_from(g, fd, 10, 0), E_AGAIN);
  drop_rights(g, listener, RIGHT_SOCK_ACCEPT);
  assert_int_equal(accept_from(g, listener, 0, &fd), E_NOTCAPABLE);
  close(peer);
  close(second);
  guest_free(g);
  remove_folder(folder);
}

/* What the listener does not pass on, no connection has; nor can it be had back. */
static void rights_are_capped(void **state) {
  (void)state;
  char address[64];
  Guest *g = guest_new(config_with_listener(address));
  int peer = connect_to(address);
  u32 fd;
  Rights kept = RIGHT_FD_READ | RIGHT_POLL_FD_READWRITE;
  assert_int_equal(RUN(g, fd_fdstat_set_rights, 3, RIGHTS_LISTENER, kept), E_SUCCESS);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_SUCCESS);
  assert_int_equal(rights_of(g, fd, NULL), kept);
  assert_int_equal(send_to(g, fd, "x"), E_NOTCAPABLE);
  assert_int_equal(RUN(g, sock_shutdown, fd, SDFLAG_WR), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_fdstat_set_flags, fd, FDFLAG_NONBLOCK), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_filestat_get, fd, SCRATCH), E_NOTCAPABLE);
  assert_int_equal(write(peer, "x", 1), 1);
  assert_int_equal(recv_from(g, fd, 1, 0), E_SUCCESS);
  drop_rights(g, fd, RIGHT_FD_READ);
  assert_int_equal(recv_from(g, fd, 1, 0), E_NOTCAPABLE);
  assert_int_equal(RUN(g, fd_fdstat_set_rights, 3, RIGHTS_LISTENER, RIGHTS_CONNECTION),
                   E_NOTCAPABLE);
  close(peer);
  guest_free(g);
}

/* Without a free number the connection waits in the queue. */
static void no_number_no_loss(void **state) {
  (void)state;
  char address[64];
  wasi_config_t *config = config_with_listener(address);
  wasi_config_set_max_fds(config, 5);
  Guest *g = guest_new(config);
  int peers[2] = {connect_to(address), connect_to(address)};
  u32 fd;
  assert_int_equal(accept_from(g, 3, 0, &fd), E_SUCCESS);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_MFILE);
  assert_int_equal(RUN(g, fd_close, 4), E_SUCCESS);
  assert_int_equal(write(peers[1], "second", 6), 6);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_SUCCESS);
  assert_int_equal(fd, 4);
  assert_int_equal(recv_from(g, fd, 10, 0), E_SUCCESS);
  RECEIVED(g, "second");
  assert_int_equal(RUN(g, fd_renumber, 3, 4), E_SUCCESS); /* the listener, elsewhere */
  close(peers[0]);
  peers[0] = connect_to(address);
  assert_int_equal(accept_from(g, 4, 0, &fd), E_SUCCESS);
  assert_int_equal(fd, 3);
  close(peers[0]);
  close(peers[1]);
  guest_free(g);
}

/* A lent listener that blocks is asked first. */
static void a_lent_listener(void **state) {
  (void)state;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(listen(listener, 5), 0);
  wasi_config_t *config = wasi_config_new();
  char address[64];
  assert_true(wasi_config_preopen_socket_fd(config, listener, false, NULL));
  wasi_config_socket_address(config, 0, address, sizeof address);
  Guest *g = guest_new(config);
  u32 fd;
  set_nonblock(g, 3, true);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_AGAIN);
  set_nonblock(g, 3, false);
  int peer = connect_to(address);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_SUCCESS);
  assert_int_equal(fcntl(listener, F_GETFL) & O_NONBLOCK, 0);
  close(peer);
  guest_free(g);
  close(listener);
}

static void *connect_later(void *address) {
  nap(20);
  int fd = connect_to(address);
  return (void *)(intptr_t)fd;
}

static void accept_waits(void **state) {
  (void)state;
  char address[64];
  Guest *g = guest_new(config_with_listener(address));
  pthread_t thread;
  void *peer;
  u32 fd;
  pthread_create(&thread, NULL, connect_later, address);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_SUCCESS);
  pthread_join(thread, &peer);
  close((int)(intptr_t)peer);
  guest_free(g);
}

/* ---- recv ---- */

static void receives(void **state) {
  (void)state;
  int peer;
  Guest *g = guest_with_pair(SOCK_STREAM, &peer);
  assert_int_equal(recv_from(g, 77, 1, 0), E_BADF);
  assert_int_equal(recv_from(g, 0, 1, 0), E_NOTSOCK);
  for (u32 bit = 4; bit < 64; bit *= 2) assert_int_equal(recv_from(g, 3, 1, bit), E_INVAL);
  assert_int_equal(recv_from(g, 3, 1, UINT32_MAX), E_INVAL);
  assert_int_equal(write(peer, "0123456789", 10), 10);
  u32 v = put_vector(g, BIG, 4);
  assert_int_equal(RUN(g, sock_recv, 3, v, 1, 0, GUEST_MEMORY - 2, OUT), E_FAULT);
  assert_int_equal(RUN(g, sock_recv, 3, v, 1, 0, OUT + 1, OUT), E_INVAL);
  assert_int_equal(RUN(g, sock_recv, 3, v, 1, 0, OUT, GUEST_MEMORY - 1), E_FAULT);
  assert_int_equal(RUN(g, sock_recv, 3, v, 1, 0, OUT, OUT_FLAGS + 1), E_INVAL);
  assert_int_equal(RUN(g, sock_recv, 3, GUEST_MEMORY - 4, 1, 0, OUT, OUT_FLAGS), E_FAULT);
  assert_int_equal(RUN(g, sock_recv, 3, v, UINT32_MAX, 0, OUT, OUT_FLAGS), E_FAULT);
  assert_int_equal(recv_from(g, 3, GUEST_MEMORY, 0), E_FAULT); /* what it names */
  /* Nothing of it was taken. */
  store_u16(g->memory + OUT_FLAGS, 0xffff);
  assert_int_equal(recv_from(g, 3, 4, RIFLAG_PEEK), E_SUCCESS);
  RECEIVED(g, "0123");
  assert_int_equal(load_u16(g->memory + OUT_FLAGS), 0);
  assert_int_equal(RUN(g, sock_recv, 3, v, 0, 0, OUT, OUT_FLAGS), E_SUCCESS); /* no vectors */
  assert_int_equal(out_u32(g), 0);
  assert_int_equal(recv_from(g, 3, 0, 0), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  assert_int_equal(recv_from(g, 3, 4, 0), E_SUCCESS);
  RECEIVED(g, "0123");
  assert_int_equal(recv_from(g, 3, 100, RIFLAG_PEEK), E_SUCCESS);
  RECEIVED(g, "456789");
  assert_int_equal(recv_from(g, 3, 100, 0), E_SUCCESS);
  RECEIVED(g, "456789");
  assert_int_equal(recv_from(g, 3, 0, 0), E_SUCCESS); /* nothing is not waited for */
  set_nonblock(g, 3, true);
  assert_int_equal(recv_from(g, 3, 4, 0), E_AGAIN);
  assert_int_equal(recv_from(g, 3, 4, RIFLAG_WAITALL), E_AGAIN);
  assert_int_equal(write(peer, "ab", 2), 2);
  assert_int_equal(recv_from(g, 3, 4, RIFLAG_WAITALL), E_SUCCESS);
  RECEIVED(g, "ab");
  close(peer);
  assert_int_equal(recv_from(g, 3, 4, RIFLAG_PEEK | RIFLAG_WAITALL), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  assert_int_equal(recv_from(g, 3, 4, 0), E_SUCCESS); /* the end */
  assert_int_equal(out_u32(g), 0);
  guest_free(g);
}

static void *write_slowly(void *peer) {
  for (const char *text = "abcdef"; *text; text++) {
    nap(5);
    if (write(*(int *)peer, text, 1) != 1) return NULL;
  }
  shutdown(*(int *)peer, SHUT_WR);
  return NULL;
}

/* All is waited for, or the end. */
static void waits_for_all(void **state) {
  (void)state;
  for (int looks = 0; looks < 2; looks++) {
    int peer;
    pthread_t thread;
    Guest *g = guest_with_pair(SOCK_STREAM, &peer);
    u32 flags = RIFLAG_WAITALL | (looks ? RIFLAG_PEEK : 0);
    pthread_create(&thread, NULL, write_slowly, &peer);
    assert_int_equal(recv_from(g, 3, 3, flags), E_SUCCESS);
    RECEIVED(g, "abc");
    assert_int_equal(recv_from(g, 3, 100, flags), E_SUCCESS);
    RECEIVED(g, looks ? "abcdef" : "def");
    pthread_join(thread, NULL);
    close(peer);
    guest_free(g);
  }
}

/* `count` vectors of `len` bytes at BIG. */
static void put_vectors(Guest *g, u32 count, u32 len) {
  for (u32 i = 0; i < count; i++) {
    store_u32(g->memory + MANY_AT + i * IOVEC_SIZE, BIG);
    store_u32(g->memory + MANY_AT + i * IOVEC_SIZE + 4, len);
  }
}

static void many_vectors(void **state) {
  (void)state;
  int peer;
  char bytes[1100] = "";
  Guest *g = guest_with_pair(SOCK_STREAM, &peer);
  put_vectors(g, 1025, 1);
  assert_int_equal(write(peer, bytes, 1100), 1100);
  assert_int_equal(RUN(g, sock_recv, 3, MANY_AT, 1025, 0, OUT, OUT_FLAGS), E_SUCCESS);
  assert_int_equal(out_u32(g), 1024);
  assert_int_equal(RUN(g, sock_recv, 3, MANY_AT, 17, 0, OUT, OUT_FLAGS), E_SUCCESS);
  assert_int_equal(out_u32(g), 17);
  assert_int_equal(RUN(g, sock_send, 3, MANY_AT, 1025, 0, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 1024);
  assert_int_equal(read(peer, bytes, 1100), 1024);
  assert_int_equal(RUN(g, sock_send, 3, MANY_AT, 16, 0, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 16);
  close(peer);
  guest_free(g);
  g = guest_with_pair(SOCK_DGRAM, &peer); /* a message cannot be cut */
  put_vectors(g, 1025, 1);
  assert_int_equal(RUN(g, sock_send, 3, MANY_AT, 1025, 0, OUT), E_MSGSIZE);
  assert_int_equal(RUN(g, sock_recv, 3, MANY_AT, 1025, 0, OUT, OUT_FLAGS), E_MSGSIZE);
  assert_int_equal(RUN(g, sock_send, 3, MANY_AT, 1024, 0, OUT), E_SUCCESS);
  assert_int_equal(read(peer, bytes, 1100), 1024);
  close(peer);
  guest_free(g);
}

static void datagrams(void **state) {
  (void)state;
  int peer;
  char bytes[16];
  u32 fd;
  Guest *g = guest_with_pair(SOCK_DGRAM, &peer);
  assert_int_equal(rights_of(g, 3, NULL), RIGHTS_CONNECTION);
  assert_int_equal(g->memory[SCRATCH], FILETYPE_SOCKET_DGRAM);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_NOTSUP);
  assert_int_equal(write(peer, "0123456789", 10), 10);
  assert_int_equal(write(peer, "ab", 2), 2);
  assert_int_equal(write(peer, "", 0), 0);
  assert_int_equal(recv_from(g, 3, 4, RIFLAG_PEEK), E_SUCCESS);
  assert_int_equal(load_u16(g->memory + OUT_FLAGS), ROFLAG_DATA_TRUNCATED);
  assert_int_equal(recv_from(g, 3, 4, RIFLAG_WAITALL), E_SUCCESS);
  RECEIVED(g, "0123");
  assert_int_equal(load_u16(g->memory + OUT_FLAGS), ROFLAG_DATA_TRUNCATED);
  assert_int_equal(recv_from(g, 3, 4, RIFLAG_WAITALL), E_SUCCESS); /* one message, not four bytes */
  RECEIVED(g, "ab");
  assert_int_equal(load_u16(g->memory + OUT_FLAGS), 0);
  assert_int_equal(recv_from(g, 3, 4, 0), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  assert_int_equal(send_to(g, 3, "one"), E_SUCCESS);
  assert_int_equal(send_to(g, 3, ""), E_SUCCESS);
  assert_int_equal(read(peer, bytes, sizeof bytes), 3);
  assert_int_equal(read(peer, bytes, sizeof bytes), 0);
  put_vectors(g, 1024, 1000);
  assert_int_equal(RUN(g, sock_send, 3, MANY_AT, 1024, 0, OUT), E_MSGSIZE);
  close(peer);
  assert_int_equal(send_to(g, 3, "x"), E_CONNREFUSED);
  guest_free(g);
}

/* ---- send, shutdown, peers that go away ---- */

typedef struct Drain {
  int fd;
  size_t len;
} Drain;

static void *drain_slowly(void *data) {
  Drain *d = data;
  char bytes[30000];
  ssize_t n;
  nap(20);
  while ((n = read(d->fd, bytes, sizeof bytes)) > 0) d->len += (size_t)n;
  return NULL;
}

static void sends(void **state) {
  (void)state;
  Drain d = {0};
  pthread_t thread;
  Guest *g = guest_with_pair(SOCK_STREAM, &d.fd);
  u32 v = put_vector(g, BIG, 4);
  assert_int_equal(send_to(g, 77, "x"), E_BADF);
  assert_int_equal(send_to(g, 1, "x"), E_NOTSOCK);
  assert_int_equal(RUN(g, sock_send, 3, v, 1, 1, OUT), E_INVAL);
  assert_int_equal(RUN(g, sock_send, 3, v, 1, 0, GUEST_MEMORY - 3), E_FAULT);
  assert_int_equal(RUN(g, sock_send, 3, v, 1, 0, OUT + 2), E_INVAL);
  assert_int_equal(RUN(g, sock_send, 3, put_vector(g, BIG, GUEST_MEMORY), 1, 0, OUT), E_FAULT);
  assert_int_equal(RUN(g, sock_send, 3, v, 0, 0, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  /* A send that waits sends all, one that does not what fits. */
  put_vectors(g, 1024, 20000);
  pthread_create(&thread, NULL, drain_slowly, &d);
  assert_int_equal(RUN(g, sock_send, 3, MANY_AT, 1024, 0, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 1024 * 20000);
  assert_int_equal(RUN(g, sock_shutdown, 3, SDFLAG_WR), E_SUCCESS);
  pthread_join(thread, NULL);
  assert_int_equal(d.len, 1024 * 20000);
  assert_int_equal(send_to(g, 3, "x"), E_PIPE);
  close(d.fd);
  guest_free(g);
  g = guest_with_pair(SOCK_STREAM, &d.fd);
  put_vectors(g, 1024, 20000);
  set_nonblock(g, 3, true);
  assert_int_equal(RUN(g, sock_send, 3, MANY_AT, 1024, 0, OUT), E_SUCCESS);
  assert_true(out_u32(g) > 0 && out_u32(g) < 1024 * 20000);
  assert_int_equal(RUN(g, sock_send, 3, MANY_AT, 1024, 0, OUT), E_AGAIN);
  close(d.fd);
  guest_free(g);
}

/* A vector that is more than a piece, behind one of nothing, in a memory that has room for it. */
static void one_large_vector(void **state) {
  (void)state;
  enum { LARGE = 3 << 20 };
  Drain d = {0};
  pthread_t thread;
  Guest *g = guest_with_pair(SOCK_STREAM, &d.fd);
  u8 *memory = calloc(1, LARGE + 64);
  store_u32(memory + 8, 64);
  store_u32(memory + 12, LARGE);
  wasmx_slot_t slots[6] = {{.u32 = 3}, {.u32 = 0},  {.u32 = 2},
                           {.u32 = 0}, {.u32 = 16}, {.u32 = 20}};
  Call call = {.ctx = g->ctx, .args = slots, .memory = memory, .memory_size = LARGE + 64};
  pthread_create(&thread, NULL, drain_slowly, &d);
  assert_int_equal(wm_call_sock_send(&call), E_SUCCESS);
  assert_int_equal(load_u32(memory + 16), LARGE);
  assert_int_equal(RUN(g, sock_shutdown, 3, SDFLAG_WR), E_SUCCESS);
  pthread_join(thread, NULL);
  assert_int_equal(d.len, LARGE);
  free(memory);
  close(d.fd);
  guest_free(g);
}

static void shuts_down(void **state) {
  (void)state;
  int peer;
  char address[64], bytes[4];
  Guest *g = guest_with_pair(SOCK_STREAM, &peer);
  assert_int_equal(RUN(g, sock_shutdown, 77, SDFLAG_RD), E_BADF);
  assert_int_equal(RUN(g, sock_shutdown, 1, SDFLAG_RD), E_NOTSOCK);
  assert_int_equal(RUN(g, sock_shutdown, 3, 0), E_INVAL);
  assert_int_equal(RUN(g, sock_shutdown, 3, 4), E_INVAL);
  assert_int_equal(RUN(g, sock_shutdown, 3, UINT32_MAX), E_INVAL);
  assert_int_equal(RUN(g, sock_shutdown, 3, SDFLAG_WR), E_SUCCESS);
  assert_int_equal(read(peer, bytes, 4), 0);
  assert_int_equal(write(peer, "x", 1), 1); /* the other way goes on */
  assert_int_equal(recv_from(g, 3, 4, 0), E_SUCCESS);
  RECEIVED(g, "x");
  assert_int_equal(RUN(g, sock_shutdown, 3, SDFLAG_RD), E_SUCCESS);
  assert_int_equal(recv_from(g, 3, 4, 0), E_SUCCESS);
  assert_int_equal(out_u32(g), 0);
  drop_rights(g, 3, RIGHT_SOCK_SHUTDOWN);
  assert_int_equal(RUN(g, sock_shutdown, 3, SDFLAG_RD | SDFLAG_WR), E_NOTCAPABLE);
  close(peer);
  guest_free(g);
  /* A listener has no peer. */
  g = guest_new(config_with_listener(address));
  assert_int_equal(RUN(g, sock_shutdown, 3, SDFLAG_RD), E_NOTCONN);
  assert_int_equal(send_to(g, 3, "x"), E_NOTCONN);
  assert_int_equal(guest_write(g, 3, "x"), E_NOTCONN);
  assert_int_equal(recv_from(g, 3, 4, 0), E_NOTCONN);
  assert_int_equal(RUN(g, fd_seek, 3, 0, 0, OUT), E_SPIPE);
  assert_int_equal(RUN(g, fd_pread, 3, put_vector(g, BIG, 4), 1, 0, OUT), E_SPIPE);
  assert_int_equal(RUN(g, fd_allocate, 3, 0, 1), E_SPIPE);
  assert_int_equal(RUN(g, fd_sync, 3), E_INVAL);
  assert_int_equal(RUN(g, fd_readdir, 3, BIG, 100, 0, OUT), E_NOTDIR);
  guest_free(g);
}

/* Whatever the host wants of pipes, a socket that it gave raises no signal. */
static void no_signal(void **state) {
  (void)state;
  for (int own = 0; own < 2; own++) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    wasi_config_t *config = wasi_config_new();
    wasi_config_raise_sigpipe(config, true);
    assert_true(wasi_config_preopen_socket_fd(config, ends[0], own, NULL));
    Guest *g = guest_new(config);
    close(ends[1]);
    assert_int_equal(guest_write(g, 3, "x"), E_PIPE);
    assert_int_equal(send_to(g, 3, "x"), E_PIPE);
    guest_free(g);
    if (!own) close(ends[0]);
  }
}

/* Closed at once, data unread: the other side is told of a reset. */
static void reset_peers(void **state) {
  (void)state;
  char address[64];
  wasi_config_t *config = config_with_listener(address);
  wasi_config_raise_sigpipe(config, true); /* is for standard streams */
  Guest *g = guest_new(config);
  const struct linger at_once = {.l_onoff = 1};
  u32 fd;
  int peer = connect_to(address);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_SUCCESS);
  setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(peer);
  assert_int_equal(recv_from(g, fd, 4, 0), E_CONNRESET);
  assert_int_equal(send_to(g, fd, "x"), E_PIPE);
  assert_int_equal(guest_write(g, fd, "x"), E_PIPE); /* and the process lives */
  assert_int_equal(RUN(g, sock_shutdown, fd, SDFLAG_WR), E_NOTCONN);
  /* Gone before it was accepted: the guest finds out when it reads. */
  peer = connect_to(address);
  setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(peer);
  assert_int_equal(accept_from(g, 3, 0, &fd), E_SUCCESS);
  assert_int_equal(recv_from(g, fd, 4, 0), E_CONNRESET);
  guest_free(g);
}

/* ---- poll ---- */

enum { SUBS = 4096, EVENTS = 16384 };

static void fd_sub(u8 *at, u64 userdata, u8 tag, u32 fd) {
  memset(at, 0, SUBSCRIPTION_SIZE);
  store_u64(at, userdata);
  at[8] = tag;
  store_u32(at + 16, fd);
}

static const u8 *event(const Guest *g, u32 i) { return g->memory + EVENTS + i * EVENT_SIZE; }

/* Polls the descriptor for both; the events, as bits of their kinds. */
static u32 poll_both(Guest *g, u32 fd, u64 *bytes, u16 *flags) {
  u32 seen = 0;
  fd_sub(g->memory + SUBS, 1, EVENT_FD_READ, fd);
  fd_sub(g->memory + SUBS + SUBSCRIPTION_SIZE, 2, EVENT_FD_WRITE, fd);
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS, 2, OUT), E_SUCCESS);
  u32 count = out_u32(g);
  *bytes = 0;
  for (u32 i = 0; i < count; i++) {
    assert_int_equal(load_u64(event(g, i)), event(g, i)[10]); /* each is who it says it is */
    seen |= 1u << event(g, i)[10];
    *bytes += load_u64(event(g, i) + 16);
    *flags = load_u16(event(g, i) + 24);
  }
  return seen;
}

static void polls(void **state) {
  (void)state;
  enum { READ = 1 << EVENT_FD_READ, WRITE = 1 << EVENT_FD_WRITE };
  char address[64];
  Guest *g = guest_new(config_with_listener(address));
  u32 fd;
  u64 bytes;
  u16 flags;
  int peer = connect_to(address);
  fd_sub(g->memory + SUBS, 7, EVENT_FD_READ, 3);
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS, 1, OUT), E_SUCCESS);
  assert_int_equal(out_u32(g), 1);
  assert_int_equal(load_u16(event(g, 0) + 8), E_SUCCESS);
  assert_int_equal(load_u64(event(g, 0) + 16), 1); /* a connection */
  assert_int_equal(accept_from(g, 3, 0, &fd), E_SUCCESS);
  fd_sub(g->memory + SUBS, 7, EVENT_FD_WRITE, 3);
  assert_int_equal(RUN(g, poll_oneoff, SUBS, EVENTS, 1, OUT), E_SUCCESS);
  assert_int_equal(load_u16(event(g, 0) + 8), E_NOTCONN);
  assert_int_equal(poll_both(g, fd, &bytes, &flags), WRITE);
  assert_int_equal(write(peer, "abc", 3), 3);
  assert_int_equal(poll_both(g, fd, &bytes, &flags), READ | WRITE);
  assert_int_equal(bytes, 3);
  assert_int_equal(flags, 0);
  set_nonblock(g, fd, true);
  put_vectors(g, 1024, 20000);
  while (RUN(g, sock_send, fd, MANY_AT, 1024, 0, OUT) == E_SUCCESS) {
  }
  assert_int_equal(poll_both(g, fd, &bytes, &flags), READ);
  shutdown(peer, SHUT_WR);
  assert_int_equal(poll_both(g, fd, &bytes, &flags), READ); /* half closed is no hang-up */
  assert_int_equal(flags, 0);
  close(peer);
  assert_true(poll_both(g, fd, &bytes, &flags) & READ);
  assert_int_equal(flags, EVENT_FD_HANGUP);
  guest_free(g);
}

/* Polls `count` subscriptions of which one is ready; the least seconds of a few rounds. */
static double time_of_poll(Guest *g, u32 count, u32 fds) {
  size_t size = (size_t)count * (SUBSCRIPTION_SIZE + EVENT_SIZE) + 64;
  u8 *memory = calloc(1, size);
  for (u32 i = 0; i < count; i++)
    fd_sub(memory + 64 + (size_t)i * SUBSCRIPTION_SIZE, i, EVENT_FD_READ, 3 + i % fds);
  wasmx_slot_t slots[4] = {{.u32 = 64}, {.u32 = 64 + count * SUBSCRIPTION_SIZE}, {.u32 = count}};
  Call call = {.ctx = g->ctx, .args = slots, .memory = memory, .memory_size = size};
  double least = 1e9;
  for (int i = 0; i < 10; i++) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_int_equal(wm_call_poll_oneoff(&call), E_SUCCESS);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double took = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    if (took < least) least = took;
  }
  assert_int_equal(load_u32(memory), (count + fds - 1) / fds);
  free(memory);
  return least;
}

/* More subscriptions than the process may have files; each descriptor has several. */
static void many_subscriptions(void **state) {
  (void)state;
  enum { PAIRS = 100 };
  struct rlimit before, few = {512, 512};
  int peers[PAIRS];
  wasi_config_t *config = wasi_config_new();
  for (int i = 0; i < PAIRS; i++) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_true(wasi_config_preopen_socket_fd(config, ends[0], true, NULL));
    peers[i] = ends[1];
  }
  Guest *g = guest_new(config);
  assert_int_equal(write(peers[0], "x", 1), 1);
  getrlimit(RLIMIT_NOFILE, &before);
  few.rlim_max = before.rlim_max;
  setrlimit(RLIMIT_NOFILE, &few);
  double small = time_of_poll(g, 1000, PAIRS), large = time_of_poll(g, 16000, PAIRS);
  setrlimit(RLIMIT_NOFILE, &before);
  print_message("1,000 subscriptions: %.0f us, 16,000: %.0f us\n", small * 1e6, large * 1e6);
  /* Linear is 16 times, quadratic 256; between them a busy machine has its room. */
  assert_true(large < small * 16 * 8 + 5e-3);
  time_of_poll(g, 16384, PAIRS);
  for (int i = 0; i < PAIRS; i++) close(peers[i]);
  guest_free(g);
}

/* ---- stops ---- */

#define FOREVER(name, call) "(func (export \"" name "\") (loop (drop " call ") (br 0)))"
static const char waiting[] = WASI_IMPORT("sock_accept", "i32 i32 i32")
    WASI_IMPORT("sock_recv", "i32 i32 i32 i32 i32 i32") WASI_IMPORT(
        "sock_send",
        "i32 i32 i32 i32 i32") "(memory (export \"memory\") 100)"
                               "(data (i32.const 0) \"\\00\\00\\10\\00\\00\\00\\20\\00\")" FOREVER(
                                   "accept",
                                   "(call $sock_accept (i32.const 3) (i32.const 0) (i32.const 8))")
                                   FOREVER("recv", "(call $sock_recv (i32.const 4) (i32.const 0) "
                                                   "(i32.const 1) (i32.const 0) "
                                                   "(i32.const 8) (i32.const 12))")
                                       FOREVER("all", "(call $sock_recv (i32.const 4) (i32.const "
                                                      "0) (i32.const 1) (i32.const 2) "
                                                      "(i32.const 8) (i32.const 12))")
                                           FOREVER("look",
                                                   "(call $sock_recv (i32.const 4) (i32.const 0) "
                                                   "(i32.const 1) (i32.const 3) "
                                                   "(i32.const 8) (i32.const 12))")
                                               FOREVER("send", "(call $sock_send (i32.const 4) "
                                                               "(i32.const 0) (i32.const 1) "
                                                               "(i32.const 0) (i32.const 8))");

static void *stop_soon(void *store) {
  nap(10);
  wasmx_store_interrupt(store);
  return NULL;
}

static void ends_interrupted(const Program *p, const char *name) {
  wasm_trap_t *trap;
  program_call(p, name, &trap);
  assert_non_null(trap);
  assert_int_equal(wasmx_trap_code(trap), WASMX_TRAP_INTERRUPTED);
  wasm_trap_delete(trap);
  wasmx_store_clear_interrupt(p->store);
}

static void waits_are_stopped(void **state) {
  (void)state;
  static const char *const names[] = {"accept", "recv", "all", "look", "send"};
  for (int own = 0; own < 2; own++) {
    int ends[2], listener = socket(AF_INET, SOCK_STREAM, 0);
    Program p;
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    wasi_config_t *config = wasi_config_new();
    assert_true(wasi_config_preopen_socket_fd(config, listener, own, NULL));
    assert_true(wasi_config_preopen_socket_fd(config, ends[0], own, NULL));
    program_new(&p, config, waiting);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
      pthread_t thread;
      pthread_create(&thread, NULL, stop_soon, p.store);
      ends_interrupted(&p, names[i]);
      pthread_join(thread, NULL);
      assert_true(wasmx_store_set_deadline(p.store, 10000000));
      ends_interrupted(&p, names[i]);
      assert_true(wasmx_store_set_deadline(p.store, 0));
      wasmx_store_clear_interrupt(p.store);
    }
    program_delete(&p);
    close(ends[1]);
    if (!own) close(listener), close(ends[0]);
  }
}

/* ---- threads ---- */

/* A thread waits in what its argument says (0: accept, 1: recv, 2: send), puts 1 + errno at 4. */
static const char threaded[] =
    WASI_IMPORT("sock_accept", "i32 i32 i32") WASI_IMPORT("sock_recv", "i32 i32 i32 i32 i32 i32")
        WASI_IMPORT("sock_send", "i32 i32 i32 i32 i32") WASI_IMPORT("fd_close", "i32") WASI_IMPORT(
            "fd_renumber",
            "i32 i32") "(import \"wasi\" \"thread-spawn\" (func $spawn (param i32) (result i32)))"
                       "(import \"env\" \"memory\" (memory 100 100 shared))"
                       "(func $recv (result i32) (call $sock_recv (i32.const 4) (i32.const 64) "
                       "(i32.const 1) (i32.const 0)"
                       "  (i32.const 72) (i32.const 76)))"
                       "(func $send (result i32) (local $e i32) (loop $again (local.set $e (call "
                       "$sock_send (i32.const 4)"
                       "  (i32.const 64) (i32.const 1) (i32.const 0) (i32.const 72)))"
                       "  (br_if $again (i32.eqz (local.get $e)))) (local.get $e))"
                       "(func (export \"wasi_thread_start\") (param i32 i32)"
                       "  (i32.store (i32.const 64) (i32.const 65536)) (i32.store (i32.const 68) "
                       "(i32.const 2097152))"
                       "  (i32.atomic.store (i32.const 4) (i32.add (i32.const 1)"
                       "    (if (result i32) (i32.eqz (local.get 1))"
                       "      (then (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 80)))"
                       "      (else (if (result i32) (i32.eq (local.get 1) (i32.const 1))"
                       "        (then (call $recv)) (else (call $send))))))))"
                       "(func (export \"accept\") (result i32) (call $spawn (i32.const 0)))"
                       "(func (export \"recv\") (result i32) (call $spawn (i32.const 1)))"
                       "(func (export \"send\") (result i32) (call $spawn (i32.const 2)))"
                       "(func (export \"close3\") (result i32) (call $fd_close (i32.const 3)))"
                       "(func (export \"close4\") (result i32) (call $fd_close (i32.const 4)))"
                       "(func (export \"replace\") (result i32) (call $fd_renumber (i32.const 1) "
                       "(i32.const 3)))"
                       "(func (export \"result\") (result i32) (local $r i32) (loop $l"
                       "  (br_if $l (i32.eqz (local.tee $r (i32.atomic.rmw.xchg (i32.const 4) "
                       "(i32.const 0))))))"
                       "  (i32.sub (local.get $r) (i32.const 1)))";

/* The errno that a thread's wait ends by when another thread does `end`. */
static int32_t ended_by(const char *wait, const char *end, bool own) {
  int ends[2], listener = socket(AF_INET, SOCK_STREAM, 0);
  Program p;
  assert_int_equal(listen(listener, 5), 0);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_socket_fd(config, listener, own, NULL));
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], own, NULL));
  program_new(&p, config, threaded);
  assert_true(program_call(&p, wait, NULL) > 0);
  nap(20);
  assert_int_equal(program_call(&p, end, NULL), 0);
  int32_t result = program_call(&p, "result", NULL);
  if (own && strcmp(end, "close4") == 0) assert_false(is_open_fd(ends[0]));
  wasm_trap_delete(wasi_ctx_end_threads(p.ctx, NULL));
  program_delete(&p);
  close(ends[1]);
  if (!own) close(listener), close(ends[0]);
  return result;
}

static void closes_end_waits(void **state) {
  (void)state;
  for (int own = 0; own < 2; own++) {
    assert_int_equal(ended_by("accept", "close3", own), E_BADF);
    assert_int_equal(ended_by("accept", "replace", own), E_BADF);
    assert_int_equal(ended_by("recv", "close4", own), E_BADF);
    assert_int_equal(ended_by("send", "close4", own), E_BADF);
  }
}

/* One listener lent twice: the close of one number is no end of the other. */
static void lent_twice(void **state) {
  (void)state;
  Program p;
  char address[64];
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(listen(listener, 5), 0);
  wasi_config_t *config = wasi_config_new();
  for (int i = 0; i < 2; i++)
    assert_true(wasi_config_preopen_socket_fd(config, listener, false, NULL));
  wasi_config_socket_address(config, 1, address, sizeof address);
  program_new(&p, config, threaded);
  assert_true(program_call(&p, "accept", NULL) > 0);
  nap(20);
  assert_int_equal(program_call(&p, "close4", NULL), 0);
  nap(20);
  int peer = connect_to(address);
  assert_int_equal(program_call(&p, "result", NULL), E_SUCCESS);
  wasm_trap_delete(wasi_ctx_end_threads(p.ctx, NULL));
  program_delete(&p);
  close(peer);
  close(listener);
}

int main(void) {
  alarm(120); /* what is not stopped ends the test */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers),
      cmocka_unit_test(addresses),
      cmocka_unit_test(local_addresses),
      cmocka_unit_test(lent_and_owned),
      cmocka_unit_test(limits_at_start),
      cmocka_unit_test(listen_fds),
      cmocka_unit_test(accepts),
      cmocka_unit_test(rights_are_capped),
      cmocka_unit_test(no_number_no_loss),
      cmocka_unit_test(a_lent_listener),
      cmocka_unit_test(accept_waits),
      cmocka_unit_test(receives),
      cmocka_unit_test(waits_for_all),
      cmocka_unit_test(many_vectors),
      cmocka_unit_test(datagrams),
      cmocka_unit_test(sends),
      cmocka_unit_test(one_large_vector),
      cmocka_unit_test(shuts_down),
      cmocka_unit_test(reset_peers),
      cmocka_unit_test(no_signal),
      cmocka_unit_test(polls),
      cmocka_unit_test(many_subscriptions),
      cmocka_unit_test(waits_are_stopped),
      cmocka_unit_test(closes_end_waits),
      cmocka_unit_test(lent_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
