/* Reservations: zeroed, guarded, reused, and what happens when address space is short. */
#include "runtime/pool.h"

#include "os/os.h"
#include "support/failing_alloc.h"
#include "support/sanitizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE UINT64_C(65536)
#define GIB  (UINT64_C(1) << 30)

static bool is_zero(const u8 *p, u64 len) {
  for (u64 i = 0; i < len; i++)
    if (p[i]) return false;
  return true;
}

/* Whether the kernel can read a byte there. */
static bool is_accessible(const u8 *p) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  bool readable = write(fds[1], p, 1) == 1;
  close(fds[0]);
  close(fds[1]);
  return readable;
}

static void new_memories_are_zero_and_guarded(void **state) {
  (void)state;
  MemoryPool *pool = wm_pool_new();
  Reservation r;
  assert_true(wm_pool_want_guards(pool));
  assert_true(wm_pool_acquire(pool, 2 * PAGE, 10 * PAGE, false, &r));
  assert_int_equal(memory_length(r.base), 2 * PAGE);
  assert_true(is_zero(r.base, 2 * PAGE));
  assert_true(r.reserved_bytes >= 8 * GIB + 16);
  assert_false(is_accessible(r.base + 2 * PAGE));
  assert_false(is_accessible(r.base + 8 * GIB + 14));
  assert_true(wm_pool_grow(&r, 3 * PAGE));
  assert_int_equal(memory_length(r.base), 3 * PAGE);
  assert_true(is_zero(r.base + 2 * PAGE, PAGE));
  assert_false(is_accessible(r.base + 3 * PAGE));
  wm_pool_release(pool, &r);
  assert_null(r.base);
  wm_pool_delete(pool);
}

static void reuse(bool guards) {
  MemoryPool *pool = wm_pool_new();
  assert_true(!guards || wm_pool_want_guards(pool));
  static const u64 sizes[] = {1, 1, 4, 100, 1, 0, 2, 100, 3};
  u8 *first = NULL;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    u64 bytes = sizes[i] * PAGE;
    Reservation r;
    assert_true(wm_pool_acquire(pool, bytes, 4 * GIB, false, &r));
    if (!first) first = r.base;
    assert_ptr_equal(r.base, first); /* it is the same one each time */
    assert_int_equal(memory_length(r.base), bytes);
    assert_true(is_zero(r.base, bytes));
    assert_false(is_accessible(r.base + bytes));
    assert_true(wm_pool_grow(&r, bytes + PAGE));
    assert_true(is_zero(r.base + bytes, PAGE));
    memset(r.base, 0xA5, (size_t)(bytes + PAGE));
    wm_pool_release(pool, &r);
  }
  wm_pool_delete(pool);
}

static void reused_memories_are_zero(void **state) {
  (void)state;
  reuse(true);
  reuse(false);
}

/* Lengths that are not whole pages of the system: the rest is zero for the next one as well. */
static void lengths_in_bytes(void **state) {
  (void)state;
  MemoryPool *pool = wm_pool_new();
  assert_true(wm_pool_want_guards(pool));
  static const u64 sizes[] = {1, 4097, 0, 4095, 70001, 3};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    Reservation r;
    assert_true(wm_pool_acquire(pool, sizes[i], 4 * GIB - 1, false, &r));
    assert_int_equal(memory_length(r.base), sizes[i]);
    assert_true(wm_pool_grow(&r, sizes[i] + 1));
    assert_int_equal(memory_length(r.base), sizes[i] + 1);
    assert_true(wm_pool_grow(&r, sizes[i] + PAGE));
    assert_true(is_zero(r.base, sizes[i] + PAGE));
    assert_false(is_accessible(r.base + sizes[i] + PAGE + 4096));
    memset(r.base, 0xA5, (size_t)(sizes[i] + PAGE));
    wm_pool_release(pool, &r);
  }
  wm_pool_delete(pool);
}

/* As many as README says ("Limits"). */
static void acquire_documented(bool guards, u32 count) {
  MemoryPool *pool = wm_pool_new();
  Reservation *all = calloc(count, sizeof *all);
  assert_true(!guards || wm_pool_want_guards(pool));
  u32 made = 0;
  while (made < count && wm_pool_acquire(pool, PAGE, 4 * GIB, false, &all[made])) made++;
  for (u32 i = 0; i < made; i++) wm_pool_release(pool, &all[i]);
  free(all);
  wm_pool_delete(pool);
  assert_int_equal(made, count);
}

static void as_many_as_documented(void **state) {
  (void)state;
  if (UNDER_ASAN) skip(); /* its own reservations are in the way */
  acquire_documented(true, 16000);
  acquire_documented(false, 32000);
}

static void many_at_once(void **state) {
  (void)state;
  enum { COUNT = 300 };
  MemoryPool *pool = wm_pool_new();
  static Reservation all[COUNT];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < COUNT; i++) {
      assert_true(wm_pool_acquire(pool, PAGE, PAGE, false, &all[i]));
      assert_int_equal(load_u32(all[i].base), 0);
      store_u32(all[i].base, 0xDEADu + (u32)i);
    }
    for (int i = 0; i < COUNT; i++) {
      assert_int_equal(load_u32(all[i].base), 0xDEADu + (u32)i);
      wm_pool_release(pool, &all[i]);
    }
  }
  wm_pool_delete(pool);
}

static void large_indices_have_large_memories(void **state) {
  (void)state;
  MemoryPool *pool = wm_pool_new();
  Reservation r;
  assert_true(wm_pool_acquire(pool, PAGE, UINT64_MAX, true, &r));
  assert_int_equal(r.capacity_bytes, 16 * GIB);
  assert_true(wm_pool_grow(&r, 6 * GIB));
  r.base[6 * GIB - 1] = 1;
  assert_false(wm_pool_grow(&r, 16 * GIB + 1));
  assert_int_equal(memory_length(r.base), 6 * GIB);
  wm_pool_release(pool, &r);
  wm_pool_delete(pool);
}

static void the_empty_memory(void **state) {
  (void)state;
  assert_int_equal(memory_length(wm_pool_empty_base()), 0);
}

static void short_of_everything(void **state) {
  (void)state;
  for (u64 n = 1;; n++) {
    failing_alloc_start(n);
    MemoryPool *pool = wm_pool_new();
    Reservation r = {0};
    bool acquired = pool && wm_pool_acquire(pool, PAGE, 8 * PAGE, false, &r);
    bool grown = acquired && wm_pool_grow(&r, 2 * PAGE);
    bool failed = failing_alloc_stop();
    if (acquired) {
      assert_int_equal(memory_length(r.base), grown ? 2 * PAGE : PAGE);
      assert_true(is_zero(r.base, memory_length(r.base)));
      wm_pool_release(pool, &r);
    }
    if (pool) wm_pool_delete(pool);
    if (!failed) break;
    assert_true(n < 100);
  }
}

/* In a child, as the limit stays. Each line that does not hold exits with its number. */
#define CHILD_NEEDS(condition)                                                                     \
  if (!(condition)) _exit(__LINE__ % 255 + 1)

static void run_limited(void) {
  struct rlimit limit = {256 << 20, 256 << 20};
  CHILD_NEEDS(setrlimit(RLIMIT_AS, &limit) == 0);
  MemoryPool *pool = wm_pool_new();
  Reservation r, huge, s;
  CHILD_NEEDS(pool && wm_pool_acquire(pool, PAGE, 4 * GIB, false, &r));
  CHILD_NEEDS(r.reserved_bytes < 256 << 20 && r.capacity_bytes >= PAGE);
  CHILD_NEEDS(wm_pool_grow(&r, r.capacity_bytes));
  CHILD_NEEDS(is_zero(r.base, r.capacity_bytes));
  CHILD_NEEDS(!wm_pool_grow(&r, r.capacity_bytes + PAGE));
  CHILD_NEEDS(!wm_pool_acquire(pool, 4 * GIB, 4 * GIB, false, &huge));
  CHILD_NEEDS(wm_pool_acquire(pool, PAGE, 16 * GIB, true, &s));
  wm_pool_release(pool, &s);
  wm_pool_release(pool, &r);
  wm_pool_delete(pool);
  _exit(0);
}

static void little_address_space(void **state) {
  (void)state;
  if (UNDER_ASAN) skip(); /* its own reservations are over any limit */
  pid_t child = fork();
  if (child == 0) run_limited();
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(new_memories_are_zero_and_guarded),
      cmocka_unit_test(reused_memories_are_zero),
      cmocka_unit_test(lengths_in_bytes),
      cmocka_unit_test(many_at_once),
      cmocka_unit_test(as_many_as_documented),
      cmocka_unit_test(large_indices_have_large_memories),
      cmocka_unit_test(the_empty_memory),
      cmocka_unit_test(short_of_everything),
      cmocka_unit_test(little_address_space),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
