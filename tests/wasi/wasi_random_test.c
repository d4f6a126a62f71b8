/* random_get of the kernel's bytes: none twice, whoever asks: calls, threads, contexts, processes
 * that a fork made; with the function of the vDSO and without. (Seeds: wasi_determinism_test.c.) */
#include "wasi/guest.h"

#include <pthread.h>
#include <sys/wait.h>

enum { BLOCK = 16, ROUND = 32768, ROUNDS = 8, THREADS = 4, FORKED = 4096 };

static u8 taken[(THREADS + 1) * ROUNDS * ROUND];

static void take(Guest *g, u8 *to, u32 size) {
  assert_int_equal(RUN(g, random_get, SCRATCH, size), E_SUCCESS);
  memcpy(to, g->memory + SCRATCH, size);
}

/* In calls of all sizes up to two blocks, now and then a large one. */
static void take_in_pieces(Guest *g, u8 *to, u32 size) {
  for (u32 at = 0, next = 0; at < size; next++) {
    u32 n = next % 100 == 99 ? 5000 : next % (2 * BLOCK + 1);
    n = min_u32(n, size - at);
    take(g, to + at, n);
    at += n;
  }
}

static int by_bytes(const void *a, const void *b) { return memcmp(a, b, BLOCK); }

/* By chance two would be the same once in 2^90 runs. */
static void assert_all_differ(u8 *blocks, size_t size) {
  qsort(blocks, size / BLOCK, BLOCK, by_bytes);
  for (size_t at = BLOCK; at + BLOCK <= size; at += BLOCK)
    assert_memory_not_equal(blocks + at - BLOCK, blocks + at, BLOCK);
}

static void calls_differ(void **state) {
  (void)state;
  Guest *g = guest_new(wasi_config_new()), *other = guest_new(wasi_config_new());
  u32 seen[256] = {0};
  for (u32 i = 0; i < ROUNDS; i++) take_in_pieces(i % 2 ? g : other, taken + i * ROUND, ROUND);
  for (u32 i = 0; i < ROUNDS * ROUND; i++) seen[taken[i]]++;
  for (u32 i = 0; i < 256; i++) /* 1024 each, but for 10 standard deviations */
    assert_in_range(seen[i], 704, 1344);
  assert_all_differ(taken, ROUNDS * ROUND);
  guest_free(g);
  guest_free(other);
}

typedef struct Taker {
  Guest *g; /* its own, but for the context */
  u8 *to;
} Taker;

static void *take_all(void *arg) {
  const Taker *t = arg;
  for (u32 i = 0; i < ROUNDS; i++) take_in_pieces(t->g, t->to + i * ROUND, ROUND);
  return NULL;
}

static void threads_differ(void **state) {
  (void)state;
  Guest *g = guest_new(wasi_config_new()), *copies = calloc(THREADS, sizeof *copies);
  pthread_t threads[THREADS];
  Taker takers[THREADS];
  assert_non_null(copies);
  for (u32 i = 0; i < THREADS; i++) {
    copies[i].ctx = g->ctx;
    takers[i] = (Taker){&copies[i], taken + i * ROUNDS * ROUND};
    assert_int_equal(pthread_create(&threads[i], NULL, take_all, &takers[i]), 0);
  }
  for (u32 i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  assert_all_differ(taken, THREADS * ROUNDS * ROUND);
  free(copies);
  guest_free(g);
}

static void take_in_child(Guest *g, int pipe_end) {
  u8 bytes[FORKED];
  take_in_pieces(g, bytes, FORKED);
  ssize_t n = write(pipe_end, bytes, FORKED);
  _exit(n == FORKED ? 0 : 1);
}

/* Two children and their parent, after the same beginning. */
static void processes_differ(void **state) {
  (void)state;
  Guest *g = guest_new(wasi_config_new());
  int ends[2], status;
  assert_int_equal(pipe(ends), 0);
  take(g, taken, BLOCK + 1);
  for (u32 i = 0; i < 2; i++) {
    pid_t child = fork();
    if (child == 0) take_in_child(g, ends[1]);
    assert_int_equal(read(ends[0], taken + i * FORKED, FORKED), FORKED);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
  }
  take_in_pieces(g, taken + 2 * FORKED, FORKED);
  assert_all_differ(taken, 3 * FORKED);
  guest_free(g);
  close(ends[0]);
  close(ends[1]);
}

static bool has_function(Guest *g) {
  u8 byte;
  take(g, &byte, 1);
  return g->ctx->random.vdso.state != NULL;
}

/* What was given is nowhere in what is kept. */
static void given_is_erased(void **state) {
  (void)state;
  Guest *g = guest_new(wasi_config_new());
  const VdsoRandom *r = &g->ctx->random.vdso;
  bool has = has_function(g);
  for (u32 size = 8; has && size < 300; size++) {
    u8 bytes[300];
    take(g, bytes, size);
    for (u32 at = 0; at + 8 <= size; at++)
      for (size_t i = 0; i + 8 <= r->state_size; i++)
        assert_memory_not_equal((const u8 *)r->state + i, bytes + at, 8);
  }
  guest_free(g);
  if (has) return;
  print_message("skipped: given_is_erased: the kernel has no getrandom in its vDSO\n");
  skip();
}

/* While a thread has the state, and where there is none. */
static void without_the_function(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    Guest *g = guest_new(wasi_config_new());
    if (way == 0) g->ctx->random.vdso.busy = true;
    if (way == 1) g->ctx->random.vdso.looked = true;
    take_in_pieces(g, taken, ROUND);
    assert_null(g->ctx->random.vdso.state);
    assert_all_differ(taken, ROUND);
    guest_free(g);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_differ),         cmocka_unit_test(threads_differ),
      cmocka_unit_test(processes_differ),     cmocka_unit_test(given_is_erased),
      cmocka_unit_test(without_the_function),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
