/* Threads: creation and joining, a mutex, a condition variable, thread-local variables, atomic
 * operations of all widths, a shared memory that grows. */
#include "pthread_shim.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 20000, ITEMS = 3000, ROOM = 16, NUMBERS = 1 << 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static long guarded;
static _Atomic unsigned char bytes;
static _Atomic unsigned short halves;
static _Atomic unsigned words;
static _Atomic unsigned long long longs, bits;
static _Thread_local int own = 7;

/* ---- counting ---- */

static void *count(void *arg) {
  long id = (long)arg;
  for (int i = 0; i < ROUNDS; i++) {
    atomic_fetch_add(&bytes, 1);
    atomic_fetch_sub(&halves, 1);
    atomic_fetch_add(&words, 3);
    atomic_fetch_xor(&bits, 1ull << (i % 64));
    unsigned long long old = longs;
    while (!atomic_compare_exchange_weak(&longs, &old, old + (unsigned)id)) {
    }
    if (i % 8 == 0) {
      pthread_mutex_lock(&lock);
      guarded += id;
      pthread_mutex_unlock(&lock);
    }
    own += (int)id;
  }
  return (void *)(long)own;
}

static void counting(void) {
  pthread_t threads[THREADS];
  void *result;
  for (long i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, count, (void *)(i + 1))) exit(9);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], &result);
    printf("thread %d: %ld\n", i, (long)result);
  }
  printf("%u %u %u %llu %llu, guarded %ld, own %d\n", bytes, halves, words, longs, bits, guarded,
         own);
}

/* ---- a queue ---- */

static int queue[ROOM], head, used;
static long taken[THREADS];

static void put(int item) {
  pthread_mutex_lock(&lock);
  while (used == ROOM) pthread_cond_wait(&not_full, &lock);
  queue[(head + used++) % ROOM] = item;
  pthread_cond_signal(&not_empty);
  pthread_mutex_unlock(&lock);
}

static int get(void) {
  pthread_mutex_lock(&lock);
  while (!used) pthread_cond_wait(&not_empty, &lock);
  int item = queue[head];
  head = (head + 1) % ROOM;
  used--;
  pthread_cond_signal(&not_full);
  pthread_mutex_unlock(&lock);
  return item;
}

static void *produce(void *arg) {
  for (int i = 1; i <= ITEMS; i++) put(i * (int)(long)arg);
  return NULL;
}

static void *consume(void *arg) {
  long sum = 0;
  for (int item; (item = get()) > 0;) sum += item;
  taken[(long)arg] = sum;
  return NULL;
}

static void queueing(void) {
  pthread_t producers[3], consumers[3];
  long sum = 0;
  for (long i = 0; i < 3; i++) {
    pthread_create(&consumers[i], NULL, consume, (void *)i);
    pthread_create(&producers[i], NULL, produce, (void *)(i + 1));
  }
  for (int i = 0; i < 3; i++) pthread_join(producers[i], NULL);
  for (int i = 0; i < 3; i++) put(0);
  for (int i = 0; i < 3; i++) pthread_join(consumers[i], NULL);
  for (int i = 0; i < 3; i++) sum += taken[i];
  printf("queue: %ld\n", sum);
}

/* ---- sorting parts of memory that was made meanwhile ---- */

static unsigned *numbers;

static int compare(const void *a, const void *b) {
  unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
  return (x > y) - (x < y);
}

static void sift(unsigned *a, int n, int at) { /* qsort may not be for several threads */
  for (int child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && compare(&a[child], &a[child + 1]) < 0) child++;
    if (compare(&a[at], &a[child]) >= 0) return;
    unsigned t = a[at];
    a[at] = a[child], a[child] = t;
  }
}

static void *sort_part(void *arg) {
  const int n = NUMBERS / THREADS;
  unsigned *a = numbers + (long)arg * n;
  for (int i = n / 2; i-- > 0;) sift(a, n, i);
  for (int i = n; i-- > 1;) {
    unsigned t = a[0];
    a[0] = a[i], a[i] = t;
    sift(a, i, 0);
  }
  return NULL;
}

static void sorting(void) {
  pthread_t threads[THREADS];
  unsigned seed = 1, sum = 0;
  numbers = malloc(NUMBERS * sizeof *numbers);
  for (int i = 0; i < NUMBERS; i++) numbers[i] = seed = seed * 1664525 + 1013904223;
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, sort_part, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < NUMBERS; i++) sum = sum * 31 + numbers[i];
  printf("sorted: %u\n", sum);
}

int main(void) {
  counting();
  queueing();
  sorting();
  fflush(stdout);
  return 0;
}
