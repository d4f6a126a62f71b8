/* Fixed work for some threads: threads KIND THREADS [UNITS]. Prints a checksum, which is the same
 * for any number of threads: what a unit gives depends on its number alone.
 *
 *   compute  arithmetic, nothing of memory         atomic  atomic operations on words of one's own
 *   memory   loads and stores in a table of one's  shared  the same on one word of all threads
 *            own, that fits the nearest caches     host    calls of the host, each into a buffer
 */
#include "../guests/pthread_shim.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint32_t u32;
typedef uint64_t u64;

enum { MAX_THREADS = 64, TABLE = 2048, LINE = 64 };

typedef struct Worker {
  _Alignas(2 * LINE) _Atomic u64 own; /* no other worker's in its cache lines */
  u32 table[TABLE];
  u32 first;
  u64 sum;
  pthread_t thread;
} Worker;

typedef u64 Unit(Worker *w, u32 number);

static Worker workers[MAX_THREADS];
static _Alignas(2 * LINE) _Atomic u64 of_all;
static Unit *unit;
static u32 threads, units;

static inline u64 mix(u64 sum, u64 value) {
  sum = (sum ^ value) * UINT64_C(0x9E3779B97F4A7C15);
  return sum ^ sum >> 29;
}

static u64 compute(Worker *w, u32 number) {
  u64 sum = number;
  (void)w;
  for (u32 i = 0; i < 100000; i++) sum = mix(sum, i);
  return sum;
}

static u64 in_memory(Worker *w, u32 number) {
  u32 at = number;
  memset(w->table, 0, sizeof w->table);
  for (u32 i = 0; i < 100000; i++) {
    u32 *slot = &w->table[at % TABLE];
    at = at * 1664525 + 1013904223 + *slot;
    *slot += i;
  }
  return at;
}

static u64 count_in(_Atomic u64 *word, u32 number) {
  for (u32 i = 0; i < 20000; i++) atomic_fetch_add(word, number);
  return number;
}

static u64 count_own(Worker *w, u32 number) { return count_in(&w->own, number); }

static u64 count_shared(Worker *w, u32 number) {
  (void)w;
  return count_in(&of_all, number);
}

/* Natively a call into the C library, no system call. */
static u64 call_host(Worker *w, u32 number) {
  struct timespec t;
  u64 calls = 0;
  (void)w;
  for (u32 i = 0; i < 4000; i++) calls += clock_gettime(CLOCK_MONOTONIC, &t) == 0;
  return number + calls;
}

static void *work(void *arg) {
  Worker *w = arg;
  for (u32 i = w->first; i < units; i += threads) w->sum += mix(1, unit(w, i));
  return NULL;
}

static u64 work_by_all(void) {
  u64 sum = of_all;
  for (u32 i = 0; i < threads; i++) {
    workers[i].first = i;
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) exit(3);
  }
  for (u32 i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    sum += workers[i].sum + workers[i].own;
  }
  return sum + of_all;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    Unit *unit;
    u32 units; /* of a run: about 0.4 s natively */
  } kinds[] = {{"compute", compute, 2800},
               {"memory", in_memory, 2800},
               {"atomic", count_own, 9000},
               {"shared", count_shared, 3000},
               {"host", call_host, 4000}};
  if (argc < 3) return 2;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(argv[1], kinds[i].name)) unit = kinds[i].unit, units = kinds[i].units;
  threads = (u32)atoi(argv[2]);
  if (argc > 3) units = (u32)atoi(argv[3]);
  if (!unit || !threads || threads > MAX_THREADS) return 2;
  printf("%016llx\n", (unsigned long long)work_by_all());
  return fflush(stdout) != 0;
}
