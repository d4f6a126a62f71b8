/* The decoder: what it fills in, and that no bytes whatever hurt it. */
#include "binary/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "binary/names.h"
#include "binary/seed.h"
#include "support/failing_alloc.h"
#include "wasm/limits.h"

#define HEADER "\0asm\1\0\0\0"

static Error err;

static bool decode(Module *m, const void *bytes, size_t size) {
  err = (Error){0};
  u8 *copy = malloc(size ? size : 1); /* exactly sized: reading on would be seen */
  memcpy(copy, bytes, size);
  bool ok = wm_module_decode(m, copy, size, &err);
  free(copy); /* the module has its own copy */
  assert_int_equal(ok, err.code == ERR_NONE);
  return ok;
}

static void check_spaces(const Module *m) {
  assert_int_equal(m->func_count, 3);
  assert_int_equal(m->func_import_count, 1);
  assert_int_equal(m->funcs[2].type_index, 1);
  assert_int_equal(m->table_count, 3);
  assert_int_equal(m->tables[0].type.element, VAL_EXTERNREF);
  assert_true(m->tables[0].type.limits.has_max && m->tables[0].type.limits.max == 9);
  assert_true(m->tables[1].type.limits.is_64 && !m->tables[1].has_init);
  assert_true(m->tables[2].has_init);
  assert_int_equal(m->tables[2].init.size_bytes, 3);
  assert_int_equal(m->memory_count, 2);
  assert_true(m->memories[0].limits.is_shared);
  assert_true(m->memories[1].limits.is_64 && m->memories[1].limits.max == UINT64_C(1) << 40);
  assert_int_equal(m->global_count, 2);
  assert_true(m->globals[0].type.is_mutable && m->globals[0].init.size_bytes == 0);
  assert_int_equal(m->globals[1].init.size_bytes, 3);
  assert_int_equal(m->tag_count, 2);
}

static void check_types(const Module *m) {
  assert_int_equal(m->type_count, 5);
  assert_int_equal(m->types[1].param_count, 2);
  assert_int_equal(m->types[1].params[1], VAL_F64);
  assert_int_equal(m->types[1].result_slots, 1);
  assert_int_equal(m->types[3].group_start, 2);
  assert_int_equal(m->types[3].group_len, 2);
  assert_int_equal(m->types[3].super, 2);
  assert_true(m->types[3].is_final && !m->types[2].is_final);
  assert_int_equal(m->types[2].fields[1].type, REF_NULL_TYPE(2));
  assert_true(m->types[2].fields[0].type == VAL_I8 && m->types[2].fields[0].is_mutable);
  assert_int_equal(m->types[4].kind, COMP_ARRAY);
  assert_int_equal(m->types[4].field_count, 1);
}

static void check_segments(const Module *m) {
  static const SegmentMode modes[] = {SEGMENT_ACTIVE, SEGMENT_PASSIVE, SEGMENT_ACTIVE,
                                      SEGMENT_DECLARATIVE};
  assert_int_equal(m->elem_count, SEED_ELEMS);
  for (u32 i = 0; i < SEED_ELEMS; i++) {
    const ElemSegment *e = &m->elems[i];
    assert_int_equal(e->mode, modes[i & 3]);
    assert_int_equal(e->table, (i & 3) == 2);
    assert_int_equal(e->count, 2);
    assert_true((e->funcs != NULL) == !(i & 4) && (e->exprs != NULL) == !!(i & 4));
    if (!(i & 4))
      assert_int_equal(e->funcs[1], 1);
    else
      assert_int_equal(e->exprs[1].size_bytes, 3);
    ValType type = i == 4 ? VAL_FUNCREF : i > 4 ? REF_NULL_TYPE(HEAP_NOFUNC) : REF_TYPE(HEAP_FUNC);
    assert_int_equal(e->type, type);
  }
  assert_int_equal(m->data_count, SEED_DATAS);
  assert_memory_equal(m->bytes + m->datas[0].data_offset, "abc", 3);
  assert_int_equal(m->datas[1].mode, SEGMENT_PASSIVE);
  assert_int_equal(m->datas[2].memory, 1);
}

static void every_section_is_decoded(void **state) {
  (void)state;
  Buffer b = {0};
  seed_module(&b);
  Module m;
  assert_true(decode(&m, b.data, b.len));
  check_types(&m);
  check_spaces(&m);
  check_segments(&m);
  assert_int_equal(m.import_count, SEED_IMPORTS);
  assert_memory_equal(m.imports[4].name.bytes, "e", 1);
  assert_int_equal(m.imports[4].kind, EXTERN_TAG);
  assert_int_equal(m.export_count, 2);
  assert_int_equal(m.exports[1].kind, EXTERN_MEMORY);
  assert_int_equal(m.start_func, 1);
  assert_true(m.has_data_count);
  assert_int_equal(m.custom_count, 2);
  assert_int_equal(m.name_section, 1);
  assert_int_equal(m.customs[0].size_bytes, 2);
  assert_int_equal(m.funcs[1].code_bytes, 2);
  assert_int_equal(m.bytes[m.funcs[1].code_offset + 1], 0x0B);
  wm_module_free(&m);
  wm_buffer_free(&b);
}

static void an_empty_module_is_a_module(void **state) {
  (void)state;
  Module m;
  assert_true(decode(&m, HEADER, 8));
  assert_int_equal(m.start_func, NO_INDEX);
  assert_int_equal(m.name_section, NO_INDEX);
  assert_int_equal(m.func_count + m.type_count + m.import_count + m.export_count, 0);
  wm_module_free(&m);
  wm_module_free(&m); /* all-zero: allowed */
}

/* Reads all that a decoded module points at. */
static void walk(const Module *m) {
  Name name;
  char text[100];
  for (u32 i = 0; i < m->func_count; i++) {
    wm_names_find_func(m, i, &name);
    wm_names_print_func(m, i, text, sizeof text);
    Error ignored = {0};
    Reader r = wm_reader_at(m, m->funcs[i].code_offset, m->funcs[i].code_bytes, &ignored);
    Instr in;
    while (r.pos < r.end && wm_instr_read(&r, &in)) {
    }
  }
  wm_names_find_module(m, &name);
  u32 sum = 0;
  for (u32 i = 0; i < m->data_count; i++) {
    for (u32 j = 0; j < m->datas[i].size_bytes; j++) sum += m->bytes[m->datas[i].data_offset + j];
  }
  for (u32 i = 0; i < m->custom_count; i++) {
    for (u32 j = 0; j < m->customs[i].size_bytes; j++)
      sum += m->bytes[m->customs[i].data_offset + j];
  }
  assert_true(sum < UINT32_MAX);
}

/* Decodes anything; the error must lie within the bytes. */
static bool decode_any(const u8 *bytes, size_t size) {
  Module m;
  bool ok = decode(&m, bytes, size);
  if (ok)
    walk(&m);
  else
    assert_true(err.offset <= size && err.message[0]);
  wm_module_free(&m);
  return ok;
}

static void every_truncation_is_harmless(void **state) {
  (void)state;
  Buffer b = {0};
  seed_module(&b);
  u32 accepted = 0;
  for (size_t size = 0; size < b.len; size++) accepted += decode_any(b.data, size);
  /* only where a section ends, before functions are declared or after their code */
  assert_true(accepted >= 3 && accepted < 10);
  wm_buffer_free(&b);
}

static void every_changed_byte_is_harmless(void **state) {
  (void)state;
  Buffer b = {0};
  seed_module(&b);
  for (size_t i = 0; i < b.len; i++) {
    u8 old = b.data[i];
    for (u32 value = 0; value < 256; value++) {
      b.data[i] = (u8)value;
      decode_any(b.data, b.len);
    }
    b.data[i] = old;
  }
  assert_true(decode_any(b.data, b.len));
  wm_buffer_free(&b);
}

static void inserted_and_removed_bytes_are_harmless(void **state) {
  (void)state;
  static const u8 values[] = {0x00, 0x01, 0x0B, 0x40, 0x7F, 0x80, 0xFC, 0xFF};
  Buffer b = {0};
  seed_module(&b);
  u8 *copy = malloc(b.len + 1);
  for (size_t i = 0; i <= b.len; i++) {
    memcpy(copy, b.data, i);
    memcpy(copy + i + 1, b.data + i, b.len - i);
    for (size_t v = 0; v < sizeof values; v++) {
      copy[i] = values[v];
      decode_any(copy, b.len + 1);
    }
    if (i == b.len) continue;
    memcpy(copy + i, b.data + i + 1, b.len - i - 1);
    decode_any(copy, b.len - 1);
  }
  free(copy);
  wm_buffer_free(&b);
}

/* A count of 2^32 - 1 in each section that has one: an error before anything is allocated. */
static void counts_that_lie(void **state) {
  (void)state;
  for (u8 id = 1; id < SECTION_ID_COUNT; id++) {
    if (id == SECTION_START || id == SECTION_DATA_COUNT) continue;
    u8 bytes[] = HEADER "?\x05\xFF\xFF\xFF\xFF\x0F";
    bytes[8] = id;
    Module m;
    assert_false(decode(&m, bytes, sizeof bytes - 1));
    assert_null(m.arena.chunks);
    assert_int_equal(err.offset, 10);
    wm_module_free(&m);
  }
}

#define LIE      "\xFF\xFF\xFF\xFF\x0F"
#define BYTES(s) s, sizeof(s) - 1

static void lists_inside_lists_that_lie(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t size;
  } inner[] = {
      {BYTES("\x01\x07\x01\x60" LIE)},         /* parameters */
      {BYTES("\x01\x07\x01\x5F" LIE)},         /* fields */
      {BYTES("\x01\x07\x01\x4E" LIE)},         /* recursion group */
      {BYTES("\x09\x08\x01\x01\x00" LIE)},     /* elements */
      {BYTES("\x09\x08\x01\x05\x70" LIE)},     /* element expressions */
      {BYTES("\x0B\x07\x01\x01" LIE)},         /* data */
      {BYTES("\x0A\x06\x01" LIE)},             /* a body */
      {BYTES("\x07\x06\x01" LIE)},             /* a name */
      {BYTES("\x06\x09\x01\x7F\x01\x0E" LIE)}, /* br_table in a constant expression */
  };
  for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
    u8 bytes[40] = HEADER;
    memcpy(bytes + 8, inner[i].bytes, inner[i].size);
    Module m;
    assert_false(decode(&m, bytes, 8 + inner[i].size));
    assert_int_equal(err.code, ERR_MALFORMED);
    assert_true(err.offset > 8);
    wm_module_free(&m);
  }
}

static void limits_are_named(void **state) {
  (void)state;
  Buffer b = {0};
  wm_encode_header(&b);
  size_t section = wm_encode_section(&b, SECTION_TYPE);
  wm_buffer_uleb(&b, 1);
  wm_buffer_byte(&b, COMP_FUNC);
  wm_buffer_uleb(&b, MAX_PARAMS + 1);
  for (u32 i = 0; i <= MAX_PARAMS; i++) wm_buffer_byte(&b, VAL_I32);
  wm_buffer_uleb(&b, 0);
  wm_encode_close(&b, section);
  Module m;
  assert_false(decode(&m, b.data, b.len));
  assert_int_equal(err.code, ERR_LIMIT);
  assert_string_equal(err.message, "too many parameters: 1001, at most 1000");
  wm_module_free(&m);
  wm_buffer_free(&b);
}

/* Many empty recursion groups take no types; a million of types in few bytes are counted. */
static void types_are_counted_over_all_groups(void **state) {
  (void)state;
  Buffer b = {0};
  wm_encode_header(&b);
  size_t section = wm_encode_section(&b, SECTION_TYPE);
  wm_buffer_uleb(&b, 2);
  for (u32 group = 0; group < 2; group++) {
    u32 len = MAX_TYPES / 2 + group;
    wm_buffer_byte(&b, TYPE_REC);
    wm_buffer_uleb(&b, len);
    for (u32 i = 0; i < len; i++) wm_buffer_bytes(&b, "\x5F\x00", 2);
  }
  wm_encode_close(&b, section);
  Module m;
  assert_false(decode(&m, b.data, b.len));
  assert_int_equal(err.code, ERR_LIMIT);
  wm_module_free(&m);
  wm_buffer_free(&b);
}

static void blocks_in_constant_expressions_are_delimited(void **state) {
  (void)state;
  static const u8 bytes[] = HEADER "\x06\x0A\x01\x7F\x00\x02\x7F\x41\x00\x0B\x0B";
  Module m;
  assert_false(decode(&m, bytes, sizeof bytes - 1)); /* the section is larger than that */
  u8 fixed[sizeof bytes];
  memcpy(fixed, bytes, sizeof bytes);
  fixed[9] = 9;
  wm_module_free(&m);
  assert_true(decode(&m, fixed, sizeof bytes - 1));
  assert_int_equal(m.globals[0].init.size_bytes, 6);
  wm_module_free(&m);
}

/* 2^19 nested blocks in a constant expression: neither recursion nor memory. */
static void deep_constant_expressions(void **state) {
  (void)state;
  Buffer b = {0};
  wm_encode_header(&b);
  size_t section = wm_encode_section(&b, SECTION_GLOBAL);
  wm_buffer_bytes(&b, "\x01\x7F\x00", 3);
  for (u32 i = 0; i < 1 << 19; i++) wm_buffer_bytes(&b, "\x02\x40", 2);
  for (u32 i = 0; i <= 1 << 19; i++) wm_buffer_byte(&b, 0x0B);
  wm_encode_close(&b, section);
  Module m;
  assert_true(decode(&m, b.data, b.len));
  wm_module_free(&m);
  wm_buffer_free(&b);
}

static void each_allocation_may_fail(void **state) {
  (void)state;
  Buffer b = {0};
  seed_module(&b);
  bool failed = true;
  for (u64 n = 1; failed; n++) {
    Module m;
    Error e = {0};
    failing_alloc_start(n);
    bool ok = wm_module_decode(&m, b.data, b.len, &e);
    failed = failing_alloc_stop();
    assert_int_equal(ok, !failed);
    assert_int_equal(e.code, failed ? ERR_OUT_OF_MEMORY : ERR_NONE);
    wm_module_free(&m);
  }
  wm_buffer_free(&b);
}

static void assert_message(const char *bytes, size_t size, const char *message) {
  Module m;
  assert_false(decode(&m, bytes, size));
  assert_int_equal(strncmp(err.message, message, strlen(message)), 0);
  wm_module_free(&m);
}

#define REFUSED(bytes, message) assert_message(HEADER bytes, sizeof(HEADER bytes) - 1, message)

static void messages_are_the_specs(void **state) {
  (void)state;
  REFUSED("\x0E\x00", "malformed section id");
  REFUSED("\x01\x05\x01\x60", "length out of bounds");
  REFUSED("\x01\x05\x01\x60\x00\x00\x00", "section size mismatch");
  REFUSED("\x02\x04\x01\x00\x00\x05", "malformed import kind");
  REFUSED("\x07\x04\x01\x00\x05\x00", "malformed export kind");
  REFUSED("\x06\x05\x01\x7F\x02\x41\x00", "malformed mutability");
  REFUSED("\x05\x03\x01\x10\x00", "malformed limits flags");
  REFUSED("\x05\x04\x01\x08\x00\x40", "invalid custom page size");
  REFUSED("\x04\x05\x01\x70\x08\x00\x00", "malformed limits flags");
  REFUSED("\x04\x04\x01\x70\x02\x00", "malformed limits flags");
  REFUSED("\x04\x04\x01\x7F\x00\x00", "malformed reference type");
  REFUSED("\x0D\x03\x01\x01\x00", "zero byte expected");
  REFUSED("\x0A\x04\x01\x02\x00\x0B", "function and code section have inconsistent lengths");
  REFUSED("\x0C\x01\x01", "data count and data section have inconsistent lengths");
  REFUSED("\x0B\x01\x00\x0A\x01\x00", "unexpected content after last section");
  REFUSED("\x07\x01\x00\x0D\x01\x00", "unexpected content after last section");
  REFUSED("\x00\x00", "unexpected end");
  REFUSED("\x00\x02\x01\xFF", "malformed UTF-8 encoding");
  REFUSED("\x09\x02\x01\x08", "malformed elements segment kind");
  REFUSED("\x0B\x02\x01\x03", "malformed data segment kind");
  REFUSED("\x01\x02\x01\x61", "malformed definition type");
  REFUSED("\x06\x04\x01\x7F\x00\xF3", "illegal opcode f3");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_section_is_decoded),
      cmocka_unit_test(an_empty_module_is_a_module),
      cmocka_unit_test(every_truncation_is_harmless),
      cmocka_unit_test(every_changed_byte_is_harmless),
      cmocka_unit_test(inserted_and_removed_bytes_are_harmless),
      cmocka_unit_test(counts_that_lie),
      cmocka_unit_test(lists_inside_lists_that_lie),
      cmocka_unit_test(limits_are_named),
      cmocka_unit_test(types_are_counted_over_all_groups),
      cmocka_unit_test(blocks_in_constant_expressions_are_delimited),
      cmocka_unit_test(deep_constant_expressions),
      cmocka_unit_test(each_allocation_may_fail),
      cmocka_unit_test(messages_are_the_specs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
