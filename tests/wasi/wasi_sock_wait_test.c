/* Sockets that are waited for: poll_oneoff, and waits that are ended by stops and by other threads.
 */
#include "wasi/program.h"
#include "wasi/sock_guest.h"

#include <pthread.h>
#include <sys/resource.h>

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
      cmocka_unit_test(polls),
      cmocka_unit_test(many_subscriptions),
      cmocka_unit_test(waits_are_stopped),
      cmocka_unit_test(closes_end_waits),
      cmocka_unit_test(lent_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
