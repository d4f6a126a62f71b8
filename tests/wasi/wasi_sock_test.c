/* sock_* with every error, and peers that go away. */
#include "wasi/sock_guest.h"

#include <errno.h>
#include <pthread.h>

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

int main(void) {
  alarm(120); /* what waits for ever ends the test */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts),           cmocka_unit_test(rights_are_capped),
      cmocka_unit_test(no_number_no_loss), cmocka_unit_test(a_lent_listener),
      cmocka_unit_test(accept_waits),      cmocka_unit_test(receives),
      cmocka_unit_test(waits_for_all),     cmocka_unit_test(many_vectors),
      cmocka_unit_test(datagrams),         cmocka_unit_test(sends),
      cmocka_unit_test(one_large_vector),  cmocka_unit_test(shuts_down),
      cmocka_unit_test(reset_peers),       cmocka_unit_test(no_signal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
