/* Small components that would take much time or memory if what they ask for were done: told so, in
 * moderate time. */
#include "base/buffer.h"

#include <wasmcm.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

enum { SECTION_COMPONENT = 4, SECTION_INSTANCE, SECTION_ALIAS, SECTION_TYPE };
enum { SECTION_IMPORT = 10, SECTION_EXPORT };

typedef struct Items { /* of a section, or declarations of a type */
  u32 count;
  Buffer bytes;
} Items;

static void put_name(Buffer *to, const char *prefix, u32 number) {
  char name[24];
  int len = snprintf(name, sizeof name, "%s%u", prefix, number);
  wm_buffer_byte(to, 0);
  wm_buffer_uleb(to, (u64)len);
  wm_buffer_bytes(to, name, (size_t)len);
}

static Buffer *next(Items *items) {
  items->count++;
  return &items->bytes;
}

/* An import or export of that name: `tail` says what it is. */
static void add_named(Items *items, const char *prefix, u32 number, const void *tail, size_t size) {
  Buffer *to = next(items);
  put_name(to, prefix, number);
  wm_buffer_bytes(to, tail, size);
}

static void put_items(Buffer *to, Items *items) {
  wm_buffer_uleb(to, items->count);
  wm_buffer_bytes(to, items->bytes.data, items->bytes.len);
  wm_buffer_free(&items->bytes);
  *items = (Items){0};
}

static void put_section(Buffer *to, u8 id, Items *items) {
  Buffer body = {0};
  put_items(&body, items);
  wm_buffer_byte(to, id);
  wm_buffer_uleb(to, body.len);
  wm_buffer_bytes(to, body.data, body.len);
  wm_buffer_free(&body);
}

/* An instance type of these declarations becomes the next type. */
static void put_instance_type(Buffer *to, Items *declarations) {
  Items types = {0};
  wm_buffer_byte(next(&types), 0x42);
  put_items(&types.bytes, declarations);
  put_section(to, SECTION_TYPE, &types);
}

static Buffer begin(void) {
  Buffer bytes = {0};
  wm_buffer_bytes(&bytes, "\0asm\x0d\0\1\0", 8);
  return bytes;
}

/* What comes of reading, and of an instance in which all that is missing traps. */
static wasmx_errcode_t outcome(Buffer *bytes) {
  wasmx_error_t err = {.size = sizeof err};
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  clock_t start = clock();
  wasmcm_component_t *component = wasmcm_component_new(engine, bytes->data, bytes->len, 0, &err);
  wasmcm_linker_define_unknown_as_traps(linker);
  wasmcm_instance_delete(component ? wasmcm_linker_instantiate(linker, component, NULL, &err)
                                   : NULL);
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  if (seconds > 1) printf("%.1f s for %zu bytes: %s\n", seconds, bytes->len, err.message);
  assert_true(seconds < 60); /* some are hours without a limit */
  wasmcm_component_delete(component);
  wasmcm_linker_delete(linker);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  wm_buffer_free(bytes);
  return err.code;
}

/* "r0" .. are resources of an instance that is imported. */
static Buffer with_resources(u32 count) {
  Buffer all = begin();
  Items declarations = {0}, imports = {0};
  for (u32 i = 0; i < count; i++) {
    wm_buffer_byte(&declarations.bytes, 4);
    add_named(&declarations, "r", i, "\3\1", 2);
  }
  put_instance_type(&all, &declarations);
  add_named(&imports, "i", 0, "\5\0", 2);
  put_section(&all, SECTION_IMPORT, &imports);
  return all;
}

static void many_resources_are_found(void **state) {
  (void)state;
  Buffer all = with_resources(2000);
  assert_int_equal(outcome(&all), WASMX_OK);
  all = with_resources(200000);
  assert_int_equal(outcome(&all), WASMX_LIMIT);
}

/* Each export of an instance knows where the resources in it are. */
static void paths_of_resources_are_counted(void **state) {
  (void)state;
  Buffer all = with_resources(2000);
  Items exports = {0};
  for (u32 i = 0; i < 50000; i++) add_named(&exports, "e", i, "\5\0\0", 3);
  put_section(&all, SECTION_EXPORT, &exports);
  assert_int_equal(outcome(&all), WASMX_LIMIT);
}

/* Type i: an instance with ten of type i - 1; type 0: one with a function. */
static void put_nested_types(Buffer *all, u32 depth) {
  Items declarations = {0};
  wm_buffer_bytes(next(&declarations), "\1\x40\0\1\0", 5);
  wm_buffer_byte(&declarations.bytes, 4);
  add_named(&declarations, "f", 0, "\1\0", 2);
  put_instance_type(all, &declarations);
  for (u32 level = 1; level <= depth; level++) {
    wm_buffer_bytes(next(&declarations), (u8[]){2, 3, 2, 1, (u8)(level - 1)}, 5);
    for (u32 i = 0; i < 10; i++) {
      wm_buffer_byte(&declarations.bytes, 4);
      add_named(&declarations, "i", i, "\5\0", 2);
    }
    put_instance_type(all, &declarations);
  }
}

static void nested_instances_are_counted(void **state) {
  (void)state;
  Buffer all = begin();
  Items imports = {0};
  put_nested_types(&all, 5);
  for (u32 i = 0; i < 50000; i++) add_named(&imports, "i", i, "\5\5", 2);
  put_section(&all, SECTION_IMPORT, &imports);
  assert_int_equal(outcome(&all), WASMX_LIMIT);
}

/* A component that imports such an instance and exports it many times, and is instantiated many
 * times. */
static Buffer with_exporter(u32 exports, u32 instances) {
  Buffer all = begin(), inner = begin();
  Items items = {0};
  put_nested_types(&inner, 4);
  add_named(&items, "i", 0, "\5\4", 2);
  put_section(&inner, SECTION_IMPORT, &items);
  for (u32 i = 0; i < exports; i++) add_named(&items, "e", i, "\5\0\0", 3);
  put_section(&inner, SECTION_EXPORT, &items);
  wm_buffer_byte(&all, SECTION_COMPONENT);
  wm_buffer_uleb(&all, inner.len);
  wm_buffer_bytes(&all, inner.data, inner.len);
  wm_buffer_free(&inner);
  put_nested_types(&all, 4);
  add_named(&items, "i", 0, "\5\4", 2);
  put_section(&all, SECTION_IMPORT, &items);
  for (u32 i = 0; i < instances; i++) wm_buffer_bytes(next(&items), "\0\0\1\2i0\5\0", 8);
  put_section(&all, SECTION_INSTANCE, &items);
  return all;
}

static void shown_instances_are_counted(void **state) {
  (void)state;
  Buffer all = with_exporter(10, 2);
  assert_int_equal(outcome(&all), WASMX_OK);
  all = with_exporter(100, 200);
  assert_int_equal(outcome(&all), WASMX_LIMIT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_resources_are_found),
      cmocka_unit_test(paths_of_resources_are_counted),
      cmocka_unit_test(nested_instances_are_counted),
      cmocka_unit_test(shown_instances_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
