/* Reading components: bytes that are cut off, changed or hostile, memory that runs out. What is
 * valid is the scripts' (scripts.py). */
#include "base/buffer.h"
#include "component/cm_component.h"
#include "support/failing_alloc.h"

#include <wasmcm.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static wasm_engine_t *engine;
static Buffer plugin; /* seeds/plugin.wasm */

static int set_up(void **state) {
  (void)state;
  u8 part[512];
  char path[512];
  snprintf(path, sizeof path, "%s/plugin.wasm", getenv("COMPONENT_SEEDS"));
  FILE *file = fopen(path, "rb");
  if (!file) return 1;
  for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
    wm_buffer_bytes(&plugin, part, got);
  fclose(file);
  engine = wasm_engine_new();
  return engine && !plugin.failed ? 0 : 1;
}

static int tear_down(void **state) {
  (void)state;
  wm_buffer_free(&plugin);
  wasm_engine_delete(engine);
  return 0;
}

/* An exact copy on the heap, so that a sanitizer sees a read past the end. */
static wasmx_errcode_t read_copy(const u8 *bytes, size_t size, wasmx_error_t *err) {
  u8 *copy = malloc(size ? size : 1);
  if (size) memcpy(copy, bytes, size);
  *err = (wasmx_error_t){.size = sizeof *err};
  wasmcm_component_t *component = wasmcm_component_new(engine, copy, size, 0, err);
  free(copy);
  assert_int_equal(component == NULL, err->code != WASMX_OK);
  wasmcm_component_delete(component);
  return err->code;
}

static void a_component_is_read(void **state) {
  (void)state;
  wasmx_error_t err;
  assert_true(wasmcm_is_component(plugin.data, plugin.len));
  assert_false(wasmcm_is_component(plugin.data, 7));
  assert_int_equal(read_copy(plugin.data, plugin.len, &err), WASMX_OK);
}

static void wrong_arguments_are_told(void **state) {
  (void)state;
  wasmx_error_t err = {.size = sizeof err};
  assert_null(wasmcm_component_new(NULL, plugin.data, plugin.len, 0, &err));
  assert_int_equal(err.code, WASMX_ARGUMENT);
  assert_null(wasmcm_component_new(engine, NULL, 1, 0, NULL));
  assert_null(wasmcm_component_new(engine, plugin.data, plugin.len, 1, NULL));
  wasmcm_component_delete(NULL);
}

/* A module is not taken for a component. */
static void a_module_is_told(void **state) {
  (void)state;
  wasmx_error_t err;
  assert_int_equal(read_copy((const u8 *)"\0asm\1\0\0\0", 8, &err), WASMX_MALFORMED);
  assert_string_equal(err.message, "expected a version header for a component");
}

static void every_truncation_is_refused(void **state) {
  (void)state;
  wasmx_error_t err;
  u32 taken = 0;
  for (size_t len = 0; len < plugin.len; len++)
    taken += read_copy(plugin.data, len, &err) == WASMX_OK;
  assert_true(taken > 0 && taken < 60); /* where a section of the outermost component ends */
}

static void changed_bytes_are_orderly(void **state) {
  (void)state;
  wasmx_error_t err;
  for (size_t i = 8; i < plugin.len; i++) {
    u8 kept = plugin.data[i];
    for (u32 bit = 0; bit < 8; bit++) {
      plugin.data[i] = (u8)(kept ^ 1u << bit);
      if (read_copy(plugin.data, plugin.len, &err) != WASMX_OK) assert_true(err.message[0]);
    }
    plugin.data[i] = kept;
  }
}

static void each_allocation_may_fail(void **state) {
  (void)state;
  for (u64 n = 1;; n++) {
    wasmx_error_t err = {.size = sizeof err};
    failing_alloc_start(n);
    wasmcm_component_t *component = wasmcm_component_new(engine, plugin.data, plugin.len, 0, &err);
    bool failed = failing_alloc_stop();
    if (!component && err.code != WASMX_OUT_OF_MEMORY)
      fail_msg("allocation %d: %s", (int)n, err.message);
    wasmcm_component_delete(component);
    if (!failed) break;
    assert_true(n < 100000);
  }
}

/* ---- hostile ---- */

static void begin(Buffer *b) { wm_buffer_bytes(b, "\0asm\x0d\0\1\0", 8); }

static void section(Buffer *b, u8 id, const Buffer *body) {
  wm_buffer_byte(b, id);
  wm_buffer_uleb(b, body->len);
  wm_buffer_bytes(b, body->data, body->len);
}

static void counts_are_checked_before_memory(void **state) {
  (void)state;
  static const u8 huge[] = {0, 'a', 's',  'm',  13,   0,    1,    0,
                            7, 6,   0xff, 0xff, 0xff, 0xff, 0x0f, 0x40};
  wasmx_error_t err;
  assert_int_not_equal(read_copy(huge, sizeof huge, &err), WASMX_OK);
}

/* Components in each other, as deep as the bytes allow. */
static void nesting_is_limited(void **state) {
  (void)state;
  Buffer inner = {0};
  wasmx_error_t err;
  begin(&inner);
  for (u32 i = 0; i < 5000; i++) {
    Buffer outer = {0};
    begin(&outer);
    section(&outer, 4, &inner);
    wm_buffer_free(&inner);
    inner = outer;
  }
  assert_int_equal(read_copy(inner.data, inner.len, &err), WASMX_LIMIT);
  wm_buffer_free(&inner);
}

/* Instance types in each other: 0x42, one declaration, a type. */
static void nested_types_are_limited(void **state) {
  (void)state;
  Buffer body = {0}, all = {0};
  wasmx_error_t err;
  wm_buffer_uleb(&body, 1);
  for (u32 i = 0; i < 100000; i++) wm_buffer_bytes(&body, "\x42\x01\x01", 3);
  begin(&all);
  section(&all, 7, &body);
  assert_int_equal(read_copy(all.data, all.len, &err), WASMX_LIMIT);
  wm_buffer_free(&body);
  wm_buffer_free(&all);
}

/* (type 0 (result u8 (error u8))), then each (result (i-1) (error (i-1))): 2^60 nodes if they were
 * counted one by one. */
static void doubling_types_are_limited(void **state) {
  (void)state;
  Buffer body = {0}, all = {0};
  wasmx_error_t err;
  wm_buffer_uleb(&body, 60);
  wm_buffer_bytes(&body, "\x6a\x01\x7d\x01\x7d", 5);
  for (u8 i = 0; i < 59; i++) wm_buffer_bytes(&body, (const u8[]){0x6a, 1, i, 1, i}, 5);
  begin(&all);
  section(&all, 7, &body);
  assert_int_equal(read_copy(all.data, all.len, &err), WASMX_LIMIT);
  assert_non_null(strstr(err.message, "effective type size"));
  wm_buffer_free(&body);
  wm_buffer_free(&all);
}

/* Names of hostile input are shown escaped. */
static void names_are_escaped(void **state) {
  (void)state;
  static const u8 import[] = {0, 'a', 's', 'm', 13, 0, 1, 0, 7,   5,  1, 0x40,
                              0, 1,   0,   10,  7,  1, 0, 2, 'a', 27, 1, 0};
  wasmx_error_t err;
  assert_int_equal(read_copy(import, sizeof import, &err), WASMX_INVALID);
  assert_non_null(strstr(err.message, "`a\\1b` is not in kebab case"));
  assert_null(strchr(err.message, 27));
}

/* What is not built is refused by its name. */
static void gates_are_named(void **state) {
  (void)state;
  static const struct {
    u8 code;
    const char *name;
  } types[] = {{0x66, "async"},
               {0x67, "fixed-length lists"},
               {0x64, "error-context"},
               {0x63, "map"},
               {0x43, "async"}};
  for (size_t i = 0; i < ARRAY_LEN(types); i++) {
    const u8 bytes[] = {0, 'a', 's', 'm', 13, 0, 1, 0, 7, 4, 1, types[i].code, 0, 0};
    wasmx_error_t err;
    assert_int_equal(read_copy(bytes, sizeof bytes, &err), WASMX_UNSUPPORTED);
    assert_string_equal(err.proposal, types[i].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_component_is_read),
      cmocka_unit_test(wrong_arguments_are_told),
      cmocka_unit_test(a_module_is_told),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(changed_bytes_are_orderly),
      cmocka_unit_test(each_allocation_may_fail),
      cmocka_unit_test(counts_are_checked_before_memory),
      cmocka_unit_test(nesting_is_limited),
      cmocka_unit_test(nested_types_are_limited),
      cmocka_unit_test(doubling_types_are_limited),
      cmocka_unit_test(names_are_escaped),
      cmocka_unit_test(gates_are_named),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
