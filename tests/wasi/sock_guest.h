/* Guests with sockets: what the tests of sockets share. */
#ifndef TESTS_WASI_SOCK_GUEST_H
#define TESTS_WASI_SOCK_GUEST_H

#include "wasi/guest.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>

enum { OUT_FLAGS = OUT + 8, BIG = 1 << 15, MANY_AT = 8192 };

static inline void nap(int ms) {
  const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&t, NULL);
}

/* ---- hosts ---- */

static inline bool is_open_fd(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static inline wasi_config_t *config_with_listener(char address[64]) {
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_listener(config, "127.0.0.1:0", NULL));
  assert_true(wasi_config_socket_address(config, 0, address, 64) > 10);
  return config;
}

/* Connects to 127.0.0.1:PORT. */
static inline int connect_to(const char *address) {
  struct sockaddr_in to = {.sin_family = AF_INET};
  to.sin_port = htons((u16)atoi(strchr(address, ':') + 1));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  return fd;
}

/* A guest whose descriptor 3 is one end of a pair, which it owns; the other in *peer. */
static inline Guest *guest_with_pair(int type, int *peer) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, type, 0, ends), 0);
  *peer = ends[1];
  wasi_config_t *config = wasi_config_new();
  assert_true(wasi_config_preopen_socket_fd(config, ends[0], true, NULL));
  return guest_new(config);
}

static inline void set_nonblock(Guest *g, u32 fd, bool on) {
  assert_int_equal(RUN(g, fd_fdstat_set_flags, fd, on ? FDFLAG_NONBLOCK : 0), E_SUCCESS);
}

static inline Rights rights_of(Guest *g, u32 fd, Rights *inheriting) {
  assert_int_equal(RUN(g, fd_fdstat_get, fd, SCRATCH), E_SUCCESS);
  if (inheriting) *inheriting = load_u64(g->memory + SCRATCH + 16);
  return load_u64(g->memory + SCRATCH + 8);
}

static inline void drop_rights(Guest *g, u32 fd, Rights rights) {
  Rights inheriting, base = rights_of(g, fd, &inheriting);
  assert_int_equal(RUN(g, fd_fdstat_set_rights, fd, base & ~rights, inheriting), E_SUCCESS);
}

static inline Errno accept_from(Guest *g, u32 fd, u32 flags, u32 *number) {
  Errno e = RUN(g, sock_accept, fd, flags, OUT);
  *number = out_u32(g);
  return e;
}

/* Receives up to `len` bytes at BIG. */
static inline Errno recv_from(Guest *g, u32 fd, u32 len, u32 flags) {
  return RUN(g, sock_recv, fd, put_vector(g, BIG, len), 1, flags, OUT, OUT_FLAGS);
}

static inline Errno send_to(Guest *g, u32 fd, const char *text) {
  u32 at = (u32)put_text(g, BIG, text);
  return RUN(g, sock_send, fd, put_vector(g, at, (u32)strlen(text)), 1, 0, OUT);
}

#define RECEIVED(g, text)                                                                          \
  do {                                                                                             \
    assert_int_equal(out_u32(g), strlen(text));                                                    \
    assert_memory_equal((g)->memory + BIG, text, strlen(text));                                    \
  } while (0)

/* `count` vectors of `len` bytes at BIG. */
static inline void put_vectors(Guest *g, u32 count, u32 len) {
  for (u32 i = 0; i < count; i++) {
    store_u32(g->memory + MANY_AT + i * IOVEC_SIZE, BIG);
    store_u32(g->memory + MANY_AT + i * IOVEC_SIZE + 4, len);
  }
}

#endif
