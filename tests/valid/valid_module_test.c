/* Rules of everything but bodies, and what is left behind in the module. */
#include "hex_module.h"

typedef struct Row {
  const char *name, *module, *message;
  ErrorCode code; /* where message is set; 0: ERR_INVALID */
} Row;

static const Row rows[] = {
    {"empty", "", "", 0},
    /* types */
    {"function type", "01{01 60 00 00}", "", 0},
    {"v128", "01{01 60 01 7b 00}", "", 0},
    {"reference to itself", "01{01 60 01 63 00 00}", "(ref null 0) needs the function-references",
     ERR_UNSUPPORTED},
    {"unknown type", "01{01 60 01 63 01 00}", "unknown type 1", 0},
    {"anyref", "01{01 60 01 6e 00}", "anyref needs the gc", ERR_UNSUPPORTED},
    {"exnref", "01{01 60 01 69 00}", "exnref needs the exception-handling", ERR_UNSUPPORTED},
    {"non-null extern", "01{01 60 01 64 6f 00}", "(ref extern) needs the function-references",
     ERR_UNSUPPORTED},
    {"struct", "01{01 5f 00}", "a struct type needs the gc", ERR_UNSUPPORTED},
    {"array", "01{01 5e 7f 00}", "an array type needs the gc", ERR_UNSUPPORTED},
    {"sub type", "01{01 50 00 60 00 00}", "a sub type needs the gc", ERR_UNSUPPORTED},
    {"group of two", "01{01 4e 02 60 00 00 60 00 00}", "a recursion group needs the gc",
     ERR_UNSUPPORTED},
    {"group of one", "01{01 4e 01 60 00 00}", "a recursion group or sub type needs the gc",
     ERR_UNSUPPORTED},
    {"empty group", "01{02 4e 00 60 00 00}", "a recursion group or sub type needs the gc",
     ERR_UNSUPPORTED},
    {"final sub type", "01{01 4f 00 60 00 00}", "a recursion group or sub type needs the gc",
     ERR_UNSUPPORTED},
    {"long funcref", "01{01 60 01 63 70 00}",
     "the long form of a reference type needs the function", ERR_UNSUPPORTED},
    {"no tags", "0d{00}", "a tag section needs the exception-handling", ERR_UNSUPPORTED},
    /* imports and functions */
    {"imported function", "01{01 60 00 00} 02{01 01'm'01'f' 00 00}", "", 0},
    {"imported function's type", "01{01 60 00 00} 02{01 01'm'01'f' 00 01}", "unknown type 1", 0},
    {"function's type", "01{01 60 00 00} 03{01 01} 0a{01 {00 0b}}", "unknown type 1", 0},
    {"imported memory", "02{01 01'm'01'f' 02 01 02 01}", "size minimum must not be greater", 0},
    {"imported table", "02{01 01'm'01'f' 01 70 01 02 01}", "size minimum must not be greater", 0},
    {"imported global", "02{01 01'm'01'f' 03 64 70 00}", "(ref func) needs", ERR_UNSUPPORTED},
    {"imported tag", "01{01 60 00 00} 02{01 01'm'01'f' 04 00 00}",
     "a tag needs the exception-handling", ERR_UNSUPPORTED},
    /* limits */
    {"memory", "05{01 01 01 80 80 04}", "", 0},
    {"memory's minimum", "05{01 00 81 80 04}", "memory size must be at most 65536 pages (4GiB)", 0},
    {"memory's page", "05{01 08 01 0f}", "invalid custom page size 2**15", 0},
    {"memory's bytes", "05{01 08 80 80 80 80 10 00}", "memory size must be at most 2**32-1", 0},
    {"memory's maximum", "05{01 01 01 81 80 04}", "memory size must be at most 65536 pages", 0},
    {"memory's order", "05{01 01 02 01}", "size minimum must not be greater than maximum", 0},
    {"64-bit memory", "05{01 05 01 80 80 80 80 80 80 40}", "", 0},
    {"64-bit memory's maximum", "05{01 05 01 81 80 80 80 80 80 40}", "memory size", 0},
    {"shared memory", "05{01 03 01 01}", "a shared memory needs the threads", ERR_UNSUPPORTED},
    {"table", "04{01 70 01 00 ff ff ff ff 0f}", "", 0},
    {"table's order", "04{01 70 01 02 01}", "size minimum must not be greater than maximum", 0},
    {"table's maximum", "04{01 70 01 00 80 80 80 80 10}", "table size", 0},
    {"64-bit table", "04{01 70 05 00 80 80 80 80 10}", "", 0},
    {"table of anyref", "04{01 6e 00 00}", "anyref needs the gc", ERR_UNSUPPORTED},
    {"table with a value", "04{01 40 00 70 00 01 d0 70 0b}",
     "a table's initialiser needs the function", ERR_UNSUPPORTED},
    {"two memories", "05{02 00 01 00 01}", "", 0},
    /* globals and constant expressions */
    {"global", "06{01 7f 00 41 00 0b}", "", 0},
    {"global's type", "06{01 7f 00 42 00 0b}", "type mismatch", 0},
    {"no value", "06{01 7f 00 0b}", "type mismatch", 0},
    {"two values", "06{01 7f 00 41 00 41 00 0b}", "type mismatch: 1 more", 0},
    {"arithmetic", "06{01 7f 00 41 00 41 01 6a 41 02 6c 41 03 6b 0b}", "", 0},
    {"64-bit arithmetic", "06{01 7e 00 42 00 42 01 7c 42 02 7e 42 03 7d 0b}", "", 0},
    {"arithmetic, type", "06{01 7f 00 41 00 42 01 6a 0b}", "type mismatch", 0},
    {"no constant", "06{01 7f 00 41 00 41 01 6d 0b}", "constant expression required: i32.div_s", 0},
    {"vector", "06{01 7b 00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 0b}", "", 0},
    {"null", "06{01 6f 00 d0 6f 0b}", "", 0},
    {"null of another type", "06{01 6f 00 d0 70 0b}", "type mismatch", 0},
    {"unknown function", "06{01 70 00 d2 00 0b}", "unknown function 0", 0},
    {"earlier global", "06{02 7f 00 41 00 0b 7f 00 23 00 0b}", "", 0},
    {"the global itself", "06{01 7f 00 23 00 0b}", "unknown global 0", 0},
    {"mutable global", "02{01 01'm'01'g' 03 7f 01} 06{01 7f 00 23 00 0b}",
     "constant expression required: global 0 is mutable", 0},
    {"gc in a constant", "06{01 7f 00 41 00 fb 1c 0b}", "ref.i31 needs the gc", ERR_UNSUPPORTED},
    /* exports */
    {"exports", "05{01 00 01} 07{02 01'a' 02 00 01'b' 02 00}", "", 0},
    {"same name", "05{01 00 01} 07{02 01'a' 02 00 01'a' 02 00}", "duplicate export name \"a\"", 0},
    {"exported function", "07{01 01'a' 00 00}", "unknown function 0", 0},
    {"exported table", "07{01 01'a' 01 00}", "unknown table 0", 0},
    {"exported memory", "07{01 01'a' 02 00}", "unknown memory 0", 0},
    {"exported global", "07{01 01'a' 03 00}", "unknown global 0", 0},
    {"exported tag", "07{01 01'a' 04 00}", "unknown tag 0", 0},
    /* start */
    {"start", "01{01 60 00 00} 02{01 01'm'01'f' 00 00} 08{00}", "", 0},
    {"start's type", "01{01 60 01 7f 00} 02{01 01'm'01'f' 00 00} 08{00}", "start function", 0},
    {"unknown start", "08{00}", "unknown function 0", 0},
    /* segments */
    {"data", "05{01 00 01} 0b{01 00 41 00 0b 00}", "", 0},
    {"data, memory", "0b{01 00 41 00 0b 00}", "unknown memory 0", 0},
    {"data, another memory", "05{01 00 01} 0b{01 02 01 41 00 0b 00}", "unknown memory 1", 0},
    {"data, offset", "05{01 00 01} 0b{01 00 42 00 0b 00}", "type mismatch", 0},
    {"data, 64-bit offset", "05{01 04 01} 0b{01 00 42 00 0b 00}", "", 0},
    {"elements", "04{01 70 00 01} 09{01 00 41 00 0b 00}", "", 0},
    {"elements, table", "09{01 00 41 00 0b 00}", "unknown table 0", 0},
    {"elements, function", "04{01 70 00 01} 09{01 00 41 00 0b 01 00}", "unknown function 0", 0},
    {"elements, type", "04{01 6f 00 01} 09{01 00 41 00 0b 00}", "type mismatch: elements", 0},
    {"elements, offset", "04{01 70 04 01} 09{01 00 41 00 0b 00}", "type mismatch", 0},
    {"elements, expression", "09{01 05 6f 01 d0 70 0b}", "type mismatch", 0},
    {"elements, anyref", "09{01 05 6e 00}", "anyref needs the gc", ERR_UNSUPPORTED},
    /* malformed goes first */
    {"malformed body of an invalid module",
     "01{01 60 00 00} 03{01 00} 07{01 01'a' 02 00} 0a{01 {00 ff 0b}}", "illegal opcode ff",
     ERR_MALFORMED},
    {"malformed body of an unsupported module", "01{02 5f 00 60 00 00} 03{01 01} 0a{01 {00 41}}",
     "unexpected end", ERR_MALFORMED},
    {"data count", "01{01 60 00 00} 03{01 00} 05{01 00 01} 0a{01 {00 fc 09 00 0b}} 0b{01 01 00}",
     "data count section required", ERR_MALFORMED},
};

static void test_rules(void **state) {
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    Error err = hex_validate(rows[i].module, *state, hex_wasm2(), NULL);
    ErrorCode code = rows[i].code ? rows[i].code : *rows[i].message ? ERR_INVALID : ERR_NONE;
    hex_expect(rows[i].name, &err, code, rows[i].message);
  }
}

/* Errors point at the item, not at its section. */
static void test_offsets(void **state) {
  static const struct {
    const char *module;
    u64 offset; /* the first section's first item is at 11 */
  } cases[] = {
      {"01{02 60 00 00 5f 00}", 14},
      {"01{02 60 00 00 60 01 63 09 00}", 14},
      {"05{02 00 01 01 02 01}", 13},
      {"04{02 70 00 01 70 01 02 01}", 14},
      {"04{02 70 00 01 64 70 00 01}", 14},
      {"01{01 60 00 00} 0d{01 00 01}", 17},
      {"09{02 01 00 00 03 00 01 05}", 14},
      {"01{01 60 00 00} 03{01 01} 0a{01 {00 0b}}", 22},
      {"02{02 01'm'01'f' 02 00 01 01'm'01'g' 02 01 02 01}", 18},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    FeatureSet without = features_with(wm_features_default(), FEATURE_GC, false);
    Error err = hex_validate(cases[i].module, *state, without, NULL);
    if (err.offset != cases[i].offset)
      fail_msg("%s: \"%s\" at %llu", cases[i].module, err.message, (unsigned long long)err.offset);
  }
}

static const Row shared_rows[] = {
    {"shared memory", "05{01 03 01 01}", "", 0},
    {"shared memory without maximum", "05{01 02 01}", "shared memory must have maximum", 0},
    {"imported shared memory without maximum", "02{01 01'm'01'm' 02 02 01}",
     "shared memory must have maximum", 0},
    {"shared table", "04{01 70 03 01 01}", "malformed limits flags 03", ERR_MALFORMED},
};

static void test_shared_memories(void **state) {
  for (size_t i = 0; i < ARRAY_LEN(shared_rows); i++) {
    const Row *row = &shared_rows[i];
    Error err = hex_validate(row->module, *state, wm_features_default(), NULL);
    ErrorCode code = row->code ? row->code : *row->message ? ERR_INVALID : ERR_NONE;
    hex_expect(row->name, &err, code, row->message);
  }
}

/* Without a proposal, what needs it is refused by its name. */
static void test_features_off(void **state) {
  static const struct {
    Feature off;
    const char *module;
  } cases[] = {
      {FEATURE_MUTABLE_GLOBALS, "02{01 01'm'01'g' 03 7f 01}"},
      {FEATURE_MUTABLE_GLOBALS, "06{01 7f 01 41 00 0b} 07{01 01'a' 03 00}"},
      {FEATURE_MULTI_VALUE, "01{01 60 00 02 7f 7f}"},
      {FEATURE_MULTI_VALUE, "01{01 60 00 00} 03{01 00} 0a{01 {00 02 00 0b 0b}}"},
      {FEATURE_BULK_MEMORY, "0b{01 01 00}"},
      {FEATURE_BULK_MEMORY, "09{01 01 00 00}"},
      {FEATURE_REFERENCE_TYPES, "06{01 70 00 d0 70 0b}"},
      {FEATURE_REFERENCE_TYPES, "04{01 6f 00 00}"},
      {FEATURE_REFERENCE_TYPES, "04{02 70 00 00 70 00 00}"},
      {FEATURE_SIMD, "01{01 60 01 7b 00}"},
      {FEATURE_EXTENDED_CONST, "06{01 7f 00 41 00 41 01 6a 0b}"},
      {FEATURE_MULTI_MEMORY, "05{02 00 01 00 01}"},
      {FEATURE_MULTI_MEMORY, "01{01 60 00 00} 03{01 00} 05{01 00 01}"
                             "0a{01 {00 41 00 28 42 00 00 1a 0b}}"}, /* i32.load of memory 0 */
      {FEATURE_BULK_MEMORY, "05{01 00 01} 0b{01 02 00 41 00 0b 00}"},
      {FEATURE_BULK_MEMORY, "0c{00}"},
      {FEATURE_BULK_MEMORY, "04{01 70 00 01} 09{01 04 41 00 0b 00}"},
      {FEATURE_THREADS, "05{01 03 01 01}"},
      {FEATURE_THREADS, "02{01 01'm'01'm' 02 03 01 01}"},
      {FEATURE_MEMORY64, "05{01 04 01}"},
      {FEATURE_MEMORY64, "04{01 70 04 01}"},
      {FEATURE_CUSTOM_PAGE_SIZES, "05{01 08 01 00}"},
      {FEATURE_CUSTOM_PAGE_SIZES, "05{01 08 01 10}"},
      {FEATURE_CUSTOM_PAGE_SIZES, "02{01 01'm'01'a' 02 09 01 02 00}"},
  };
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    FeatureSet without = features_with(wm_features_default(), cases[i].off, false);
    Error err = hex_validate(cases[i].module, *state, wm_features_default(), NULL);
    hex_expect(cases[i].module, &err, ERR_NONE, "");
    err = hex_validate(cases[i].module, *state, without, NULL);
    hex_expect(cases[i].module, &err, ERR_UNSUPPORTED, "");
    assert_string_equal(err.proposal, wm_feature_name(cases[i].off));
  }
}

static void test_mvp_alone(void **state) {
  FeatureSet mvp = {1u << FEATURE_MVP};
  Error err = hex_validate("01{01 60 01 7f 01 7f} 03{01 00} 04{01 70 00 01} 05{01 00 01}"
                           "06{01 7f 01 41 00 0b} 07{01 01'f' 00 00} 09{01 00 41 00 0b 01 00}"
                           "0a{01 {00 20 00 28 02 00 0b}} 0b{01 00 41 00 0b 01'x'}",
                           *state, mvp, NULL);
  hex_expect("mvp", &err, ERR_NONE, "");
}

/* Functions that a table, a host or a reference can reach. */
static void test_escapes(void **state) {
  Module m;
  Error err = hex_validate("01{01 60 00 00} 02{01 01'm'01'f' 00 00} 03{07 00 00 00 00 00 00 00}"
                           "06{01 70 00 d2 01 0b} 07{01 01'f' 00 02} 08{07}"
                           "09{03 01 00 01 03  03 00 01 04  05 70 01 d2 05 0b}"
                           "0a{07 {00 0b} {00 0b} {00 0b} {00 0b} {00 0b} {00 0b}"
                           "      {00 10 06 d2 03 1a 0b}}",
                           *state, wm_features_default(), &m);
  hex_expect("escapes", &err, ERR_NONE, "");
  static const bool expected[] = {false, true, true, true, true, true, false, false};
  for (u32 i = 0; i < m.func_count; i++) assert_int_equal(m.funcs[i].escapes, expected[i]);
  u32 found = NO_INDEX;
  assert_true(wm_namemap_get(&m.export_map, "f", 1, &found));
  assert_int_equal(found, 0);
  assert_false(wm_namemap_get(&m.export_map, "g", 1, &found));
  wm_module_release_types(&m, *state);
  wm_module_free(&m);
}

/* Equal types of two modules get one id; a failed validation keeps none. */
static void test_type_ids(void **state) {
  Module a, b;
  Error err = hex_validate("01{02 60 00 00 60 01 7f 01 7e}", *state, wm_features_default(), &a);
  hex_expect("a", &err, ERR_NONE, "");
  FeatureSet gc = features_with(wm_features_default(), FEATURE_GC, true);
  err = hex_validate("01{02 60 01 7f 01 7e 4e 01 60 00 00}", *state, gc, &b);
  hex_expect("b", &err, ERR_NONE, "");
  assert_int_equal(a.types[0].type_id, b.types[1].type_id);
  assert_int_equal(a.types[1].type_id, b.types[0].type_id);
  assert_int_not_equal(a.types[0].type_id, a.types[1].type_id);
  wm_module_release_types(&a, *state);
  wm_module_free(&a);
  wm_module_release_types(&b, *state);
  wm_module_free(&b);
  err = hex_validate("01{02 60 01 7f 01 7e 60 00 00} 08{00}", *state, wm_features_default(), NULL);
  hex_expect("c", &err, ERR_INVALID, "unknown function 0");
}

/* An expression deeper than any frame is beyond the limits, and one just as deep is not. */
static void test_deep_constant(void **state) {
  for (u32 depth = 65535; depth <= 65536; depth++) {
    Buffer b = {0};
    wm_encode_header(&b);
    size_t section = wm_encode_section(&b, SECTION_GLOBAL);
    hex_write(&b, "01 7f 00");
    for (u32 i = 0; i < depth; i++) hex_write(&b, "41 00");
    for (u32 i = 1; i < depth; i++) hex_write(&b, "6a");
    hex_write(&b, "0b");
    wm_encode_close(&b, section);
    Error err = hex_validate_bytes(b.data, b.len, *state, wm_features_default(), NULL);
    hex_expect("constant", &err, depth == 65535 ? ERR_NONE : ERR_LIMIT, "");
    wm_buffer_free(&b);
  }
}

static int open_registry(void **state) {
  *state = wm_types_new();
  return *state ? 0 : -1;
}

static int close_registry(void **state) {
  wm_types_delete(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rules),         cmocka_unit_test(test_offsets),
      cmocka_unit_test(test_features_off),  cmocka_unit_test(test_mvp_alone),
      cmocka_unit_test(test_escapes),       cmocka_unit_test(test_type_ids),
      cmocka_unit_test(test_deep_constant), cmocka_unit_test(test_shared_memories),
  };
  return cmocka_run_group_tests(tests, open_registry, close_registry);
}
