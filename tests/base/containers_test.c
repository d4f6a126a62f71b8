/* Arenas, vectors, buffers and maps: growth, emptiness, overflow. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/hashmap.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void arena_gives_zeroed_aligned_memory(void **state) {
  (void)state;
  Arena arena = {0};
  for (u32 i = 1; i < 2000; i += 7) {
    u8 *p = wm_arena_alloc(&arena, i);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    for (u32 k = 0; k < i; k++) assert_int_equal(p[k], 0);
    memset(p, 0xAA, i);
  }
  assert_non_null(wm_arena_alloc(&arena, 5u << 20));
  assert_non_null(wm_arena_alloc(&arena, 0));
  assert_null(wm_arena_alloc(&arena, SIZE_MAX));
  assert_null(wm_arena_array(&arena, UINT64_MAX / 2, 16));
  wm_arena_free(&arena);
  assert_non_null(wm_arena_alloc(&arena, 1));
  wm_arena_free(&arena);
}

static void vec_grows_and_zeroes(void **state) {
  (void)state;
  Vec(u32) v = {0};
  for (u32 i = 0; i < 1000; i++) {
    u32 *item = vec_push(&v);
    assert_non_null(item);
    assert_int_equal(*item, 0);
    *item = i;
  }
  for (u32 i = 0; i < 1000; i++) assert_int_equal(v.data[i], i);
  assert_int_equal(*vec_last(&v), 999);
  assert_false(vec_reserve(&v, UINT64_MAX));
  assert_false(vec_reserve(&v, (u64)UINT32_MAX + 1));
  Arena arena = {0};
  u32 *copy = vec_to_arena(&v, &arena);
  assert_memory_equal(copy, v.data, 4000);
  vec_free(&v);
  assert_null(v.data);
  assert_non_null(vec_to_arena(&v, &arena));
  wm_arena_free(&arena);
}

static void expect_uleb(u64 value, const char *bytes, size_t len) {
  Buffer b = {0};
  wm_buffer_uleb(&b, value);
  assert_int_equal(b.len, len);
  assert_memory_equal(b.data, bytes, len);
  wm_buffer_free(&b);
}

static void expect_sleb(i64 value, const char *bytes, size_t len) {
  Buffer b = {0};
  wm_buffer_sleb(&b, value);
  assert_int_equal(b.len, len);
  assert_memory_equal(b.data, bytes, len);
  wm_buffer_free(&b);
}

static void buffer_writes_leb128(void **state) {
  (void)state;
  expect_uleb(0, "\0", 1);
  expect_uleb(127, "\x7F", 1);
  expect_uleb(128, "\x80\x01", 2);
  expect_uleb(UINT64_MAX, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10);
  expect_sleb(0, "\0", 1);
  expect_sleb(-1, "\x7F", 1);
  expect_sleb(63, "\x3F", 1);
  expect_sleb(64, "\xC0\0", 2);
  expect_sleb(-64, "\x40", 1);
  expect_sleb(-65, "\xBF\x7F", 2);
  expect_sleb(INT64_MIN, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7F", 10);
}

static void buffer_remembers_failure(void **state) {
  (void)state;
  Buffer b = {0};
  wm_buffer_print(&b, "%d-%s", 42, "x");
  assert_memory_equal(b.data, "42-x", 4);
  assert_false(wm_buffer_reserve(&b, SIZE_MAX / 2));
  assert_true(b.failed);
  wm_buffer_byte(&b, 1);
  assert_int_equal(b.len, 4);
  wm_buffer_free(&b);
}

static void namemap_finds_what_was_added(void **state) {
  (void)state;
  static char names[5000][8];
  NameMap map = {0};
  u32 value;
  assert_false(wm_namemap_get(&map, "a", 1, &value));
  for (u32 i = 0; i < 5000; i++) {
    bool existed = true;
    u32 len = (u32)snprintf(names[i], sizeof names[i], "n%u", i);
    assert_true(wm_namemap_add(&map, names[i], len, i, &existed));
    assert_false(existed);
  }
  bool existed = false;
  assert_true(wm_namemap_add(&map, "n7", 2, 99, &existed));
  assert_true(existed);
  for (u32 i = 0; i < 5000; i++) {
    assert_true(wm_namemap_get(&map, names[i], (u32)strlen(names[i]), &value));
    assert_int_equal(value, i);
  }
  assert_false(wm_namemap_get(&map, "n5000", 5, &value));
  assert_true(wm_namemap_add(&map, "", 0, 5, NULL));
  assert_true(wm_namemap_get(&map, "", 0, &value));
  wm_namemap_free(&map);
}

static void ptrmap_survives_churn(void **state) {
  (void)state;
  static char keys[1000];
  PtrMap map = {0};
  u64 value = 0;
  assert_false(wm_ptrmap_remove(&map, keys, &value));
  for (u32 round = 0; round < 20; round++) {
    for (u32 i = 0; i < 1000; i++) assert_true(wm_ptrmap_set(&map, &keys[i], i + round));
    assert_int_equal(map.count, 1000);
    for (u32 i = 0; i < 1000; i++) {
      assert_true(wm_ptrmap_get(&map, &keys[i], &value));
      assert_int_equal(value, i + round);
      if (i % 2) assert_true(wm_ptrmap_remove(&map, &keys[i], NULL));
    }
    assert_int_equal(map.count, 500);
    assert_false(wm_ptrmap_get(&map, &keys[1], NULL));
  }
  assert_true(map.cap <= 4096);
  wm_ptrmap_free(&map);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_gives_zeroed_aligned_memory),
      cmocka_unit_test(vec_grows_and_zeroes),
      cmocka_unit_test(buffer_writes_leb128),
      cmocka_unit_test(buffer_remembers_failure),
      cmocka_unit_test(namemap_finds_what_was_added),
      cmocka_unit_test(ptrmap_survives_churn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
