/* Compiled components as bytes and files; components whose bytes are borrowed. */
#include "base/hashmap.h"
#include "component/component_values.h"
#include "support/failing_alloc.h"
#include "support/temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static wasm_engine_t *engine;
static int released;

static void count_release(void *env) { *(int *)env += 1; }

static int set_up(void **state) {
  (void)state;
  engine = wasm_engine_new();
  return engine ? 0 : 1;
}

static int tear_down(void **state) {
  (void)state;
  wasm_engine_delete(engine);
  return 0;
}

/* Exactly as long as it is, so that a sanitizer sees what is read behind. */
static Buffer read_seed(const char *name) {
  char path[512];
  u8 part[4096];
  Buffer bytes = {0};
  snprintf(path, sizeof path, "%s/%s", getenv("COMPONENT_SEEDS"), name);
  FILE *file = fopen(path, "rb");
  size_t got = file ? fread(part, 1, sizeof part, file) : 0;
  if (file) fclose(file);
  bytes.data = malloc(got + 1);
  assert_true(got && bytes.data);
  memcpy(bytes.data, part, got);
  bytes.len = got;
  return bytes;
}

static wasmcm_component_t *component_of(const char *seed) {
  Buffer bytes = read_seed(seed);
  wasmcm_component_t *component = wasmcm_component_new(engine, bytes.data, bytes.len, 0, NULL);
  assert_non_null(component);
  wm_buffer_free(&bytes);
  return component;
}

static wasm_byte_vec_t wit_of(const wasmcm_component_t *component) {
  wasm_byte_vec_t text;
  assert_true(wasmcm_component_wit(component, &text));
  return text;
}

static void expect_same(const wasmcm_component_t *a, const wasmcm_component_t *b) {
  wasm_byte_vec_t first = wit_of(a), second = wit_of(b);
  assert_int_equal(first.size, second.size);
  assert_memory_equal(first.data, second.data, first.size);
  wasm_byte_vec_delete(&first);
  wasm_byte_vec_delete(&second);
}

static const char *const seeds[] = {"plugin.wasm", "echo.wasm", "many.wasm", "values.wasm",
                                    "narrow.wasm"};

/* Modules in components in components; and what was compiled is compiled again. */
static void there_and_back(void **state) {
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
    wasmcm_component_t *component = component_of(seeds[i]);
    wasm_byte_vec_t bytes, again;
    wasmx_error_t err = {.size = sizeof err};
    assert_true(wasmcm_component_serialize(component, &bytes));
    assert_true(wasmcm_is_compiled_component(bytes.data, bytes.size));
    assert_false(wasmcm_is_component(bytes.data, bytes.size));
    wasmcm_component_t *back = wasmcm_component_deserialize(engine, bytes.data, bytes.size, &err);
    if (!back) fail_msg("%s: %s", seeds[i], err.message);
    expect_same(component, back);
    assert_true(wasmcm_component_serialize(back, &again));
    assert_int_equal(bytes.size, again.size);
    assert_memory_equal(bytes.data, again.data, bytes.size);
    wasm_byte_vec_delete(&bytes);
    wasm_byte_vec_delete(&again);
    wasmcm_component_delete(component);
    wasmcm_component_delete(back);
  }
}

static void expect_refused(const u8 *bytes, size_t size) {
  wasmx_error_t err = {.size = sizeof err};
  u8 *copy = malloc(size + 1);
  memcpy(copy, bytes, size);
  wasmcm_component_t *component = wasmcm_component_deserialize(engine, copy, size, &err);
  if (component) fail_msg("%zu bytes are taken", size);
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_true(err.message[0] != 0);
  free(copy);
}

static void damage_is_refused(void **state) {
  (void)state;
  wasmcm_component_t *component = component_of("plugin.wasm");
  wasm_byte_vec_t bytes;
  assert_true(wasmcm_component_serialize(component, &bytes));
  u8 *data = (u8 *)bytes.data;
  for (size_t size = 0; size < bytes.size; size += size < 100 ? 1 : 13) expect_refused(data, size);
  for (size_t at = 0; at < bytes.size; at += at < 2000 ? 1 : 29) {
    u8 kept = data[at];
    data[at] ^= (u8)(1u << at % 8);
    wasmx_error_t err = {.size = sizeof err};
    wasmcm_component_t *back = wasmcm_component_deserialize(engine, data, bytes.size, &err);
    /* Only the blanks between modules are nobody's. */
    if (back && kept != 0) fail_msg("byte %zu is not looked at", at);
    wasmcm_component_delete(back);
    data[at] = kept;
  }
  expect_refused((const u8 *)"\0asm\1\0\0\0", 8);
  wasm_byte_vec_delete(&bytes);
  wasmcm_component_delete(component);
}

static void another_way_to_run(void **state) {
  (void)state;
  wasmcm_component_t *component = component_of("narrow.wasm");
  wasm_byte_vec_t bytes;
  assert_true(wasmcm_component_serialize(component, &bytes));
  wasmx_error_t err = {.size = sizeof err};
  wasm_config_t *config = wasm_config_new();
  wasmx_config_set_fuel(config, true);
  wasm_engine_t *other = wasm_engine_new_with_config(config);
  assert_null(wasmcm_component_deserialize(other, bytes.data, bytes.size, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_non_null(strstr(err.message, "another version"));
  wasm_engine_delete(other);
  wasm_byte_vec_delete(&bytes);
  wasmcm_component_delete(component);
}

/* ---- heads whose sum is right ---- */

/* magic, sum, head's bytes, component's bytes, modules; then place and size of each. */
enum { SUM_AT = 8, HEAD_AT = 16, COUNT_AT = 32, ROWS_AT = 40 };

static void expect_error(const u8 *head, const wasm_byte_vec_t *bytes) {
  wasmx_error_t err = {.size = sizeof err};
  u8 *copy = malloc(bytes->size);
  memcpy(copy, head, bytes->size);
  u64 head_bytes = load_u64(copy + HEAD_AT);
  if (head_bytes >= HEAD_AT && head_bytes <= bytes->size)
    store_u64(copy + SUM_AT, wm_hash_bytes(copy + HEAD_AT, (size_t)head_bytes - HEAD_AT, 1));
  wasmcm_component_t *back = wasmcm_component_deserialize(engine, copy, bytes->size, &err);
  assert_true(back || (err.code != WASMX_OK && err.message[0]));
  wasmcm_component_delete(back);
  free(copy);
}

/* Any outcome will do, as long as it is clean. */
static void heads_are_checked(void **state) {
  (void)state;
  static const u64 numbers[] = {0, 1, 7, 1000, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX / 16 + 1};
  for (size_t seed = 0; seed < 3; seed++) {
    wasmcm_component_t *component = component_of(seeds[seed]);
    wasm_byte_vec_t bytes;
    assert_true(wasmcm_component_serialize(component, &bytes));
    u8 *head = (u8 *)bytes.data;
    u64 head_bytes = load_u64(head + HEAD_AT), count = load_u64(head + COUNT_AT);
    expect_error(head, &bytes);
    for (size_t at = HEAD_AT; at < ROWS_AT + count * 16; at += 8) {
      u64 kept = load_u64(head + at);
      for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        store_u64(head + at, numbers[i]);
        expect_error(head, &bytes);
      }
      store_u64(head + at, kept);
    }
    for (size_t at = ROWS_AT; at < head_bytes; at++) {
      u8 kept = head[at];
      head[at] ^= (u8)(1u << at % 8);
      expect_error(head, &bytes);
      head[at] = kept;
    }
    wasm_byte_vec_delete(&bytes);
    wasmcm_component_delete(component);
  }
}

/* Two modules in each other's place. */
static void modules_must_be_its_own(void **state) {
  (void)state;
  wasmcm_component_t *component = component_of("plugin.wasm");
  wasm_byte_vec_t bytes;
  assert_true(wasmcm_component_serialize(component, &bytes));
  u8 *head = (u8 *)bytes.data, row[16];
  assert_true(load_u64(head + COUNT_AT) >= 2);
  memcpy(row, head + ROWS_AT, 16);
  memmove(head + ROWS_AT, head + ROWS_AT + 16, 16);
  memcpy(head + ROWS_AT + 16, row, 16);
  store_u64(head + SUM_AT,
            wm_hash_bytes(head + HEAD_AT, (size_t)load_u64(head + HEAD_AT) - HEAD_AT, 1));
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasmcm_component_deserialize(engine, head, bytes.size, &err));
  assert_int_equal(err.code, WASMX_INVALID);
  wasm_byte_vec_delete(&bytes);
  wasmcm_component_delete(component);
}

/* An empty component with a module behind it. */
static void modules_must_be_used(void **state) {
  (void)state;
  enum { COMPONENT_AT = ROWS_AT + 16, MODULE_AT = COMPONENT_AT + 8 };
  wasmcm_component_t *component = component_of("narrow.wasm");
  wasm_byte_vec_t bytes;
  assert_true(wasmcm_component_serialize(component, &bytes));
  u64 at = load_u64(bytes.data + ROWS_AT), size = load_u64(bytes.data + ROWS_AT + 8);
  u8 *made = calloc(1, MODULE_AT + size);
  memcpy(made, bytes.data, 8);
  store_u64(made + HEAD_AT, MODULE_AT);
  store_u64(made + HEAD_AT + 8, 8);
  memcpy(made + COMPONENT_AT, "\0asm\x0d\0\1\0", 8);
  memcpy(made + MODULE_AT, bytes.data + at, size);
  store_u64(made + COUNT_AT, 1);
  store_u64(made + ROWS_AT, MODULE_AT);
  store_u64(made + ROWS_AT + 8, size);
  store_u64(made + SUM_AT, wm_hash_bytes(made + HEAD_AT, MODULE_AT - HEAD_AT, 1));
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasmcm_component_deserialize(engine, made, MODULE_AT + size, &err));
  assert_string_equal(err.message, "the compiled component is damaged");
  wasm_byte_vec_delete(&bytes);
  wasmcm_component_delete(component);
  free(made);
}

static void from_a_file(void **state) {
  (void)state;
  char path[TEMPORARY_SIZE];
  wasmx_error_t err = {.size = sizeof err};
  wasmcm_component_t *component = component_of("echo.wasm");
  wasm_byte_vec_t bytes;
  assert_true(wasmcm_component_serialize(component, &bytes));
  FILE *file = fdopen(temporary_file(path, "component"), "wb");
  fwrite(bytes.data, 1, bytes.size, file);
  fclose(file);
  wasmcm_component_t *back = wasmcm_component_deserialize_file(engine, path, &err);
  if (!back) fail_msg("%s", err.message);
  expect_same(component, back);
  wasmcm_component_delete(back);
  file = fopen(path, "wb");
  fwrite(bytes.data, 1, bytes.size - 10, file);
  fclose(file);
  assert_null(wasmcm_component_deserialize_file(engine, path, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  remove(path);
  assert_null(wasmcm_component_deserialize_file(engine, path, &err));
  assert_null(wasmcm_component_deserialize_file(engine, NULL, &err));
  assert_null(wasmcm_component_deserialize_file(NULL, path, &err));
  wasm_byte_vec_delete(&bytes);
  assert_null(wasmcm_component_deserialize(engine, NULL, 0, &err));
  assert_false(wasmcm_component_serialize(NULL, &bytes));
  assert_false(wasmcm_component_serialize(component, NULL));
  wasmcm_component_delete(component);
}

static void each_allocation_may_fail(void **state) {
  (void)state;
  wasmcm_component_t *component = component_of("plugin.wasm");
  for (u64 n = 1;; n++) {
    wasm_byte_vec_t bytes;
    wasmx_error_t err = {.size = sizeof err};
    failing_alloc_start(n);
    bool written = wasmcm_component_serialize(component, &bytes);
    wasmcm_component_t *back =
        written ? wasmcm_component_deserialize(engine, bytes.data, bytes.size, &err) : NULL;
    bool failed = failing_alloc_stop();
    assert_true(failed || back);
    if (written && !back) assert_int_equal(err.code, WASMX_OUT_OF_MEMORY);
    if (written) wasm_byte_vec_delete(&bytes);
    wasmcm_component_delete(back);
    if (!failed) break;
  }
  wasmcm_component_delete(component);
}

/* ---- borrowed bytes ---- */

static void bytes_are_borrowed(void **state) {
  (void)state;
  Buffer bytes = read_seed("echo.wasm");
  wasmx_error_t err = {.size = sizeof err};
  for (u64 n = 1;; n++) {
    released = 0;
    failing_alloc_start(n);
    wasmcm_component_t *component = wasmcm_component_new_borrowed(engine, bytes.data, bytes.len, 0,
                                                                  count_release, &released, &err);
    bool failed = failing_alloc_stop();
    assert_int_equal(released, 0);
    wasmcm_component_delete(component);
    assert_int_equal(released, component != NULL);
    if (!failed) break;
  }
  released = 0;
  assert_null(wasmcm_component_new_borrowed(engine, bytes.data, bytes.len - 1, 0, count_release,
                                            &released, &err));
  assert_null(wasmcm_component_new_borrowed(NULL, bytes.data, bytes.len, 0, count_release,
                                            &released, &err));
  assert_int_equal(released, 0);
  wm_buffer_free(&bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back),
                                     cmocka_unit_test(damage_is_refused),
                                     cmocka_unit_test(another_way_to_run),
                                     cmocka_unit_test(heads_are_checked),
                                     cmocka_unit_test(modules_must_be_its_own),
                                     cmocka_unit_test(modules_must_be_used),
                                     cmocka_unit_test(from_a_file),
                                     cmocka_unit_test(each_allocation_may_fail),
                                     cmocka_unit_test(bytes_are_borrowed)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
