/* What no tier runs is refused by its proposal's name, in text and binary alike: each row of
 * wasm/unbuilt.def, and the forms that stand elsewhere. */
#include "valid/hex_module.h"

#include "text/wast.h"
#include "text/wat.h"

static void refused_text(const char *text, Feature feature) {
  Buffer out = {0};
  Error err = {0};
  if (wm_wat_to_binary(text, strlen(text), &out, &err)) fail_msg("accepted: %s", text);
  if (err.code != ERR_UNSUPPORTED || strcmp(err.proposal, wm_feature_name(feature)) != 0)
    fail_msg("%s: not refused for %s: %s", text, wm_feature_name(feature), err.message);
  assert_int_equal(err.line, 1);
  wm_buffer_free(&out);
}

static void refused_bytes(const char *hex, TypeRegistry *reg, Feature feature) {
  Error err = hex_validate(hex, reg, wm_features_default(), NULL);
  if (err.code != ERR_UNSUPPORTED || strcmp(err.proposal, wm_feature_name(feature)) != 0)
    fail_msg("%s: not refused for %s: %s", hex, wm_feature_name(feature), err.message);
}

static void try_word(const char *word, Feature feature) {
  char text[120];
  const char *rest = word[strlen(word) - 1] == '.' ? "get" : "";
  snprintf(text, sizeof text, "(func %s%s)", word, rest);
  refused_text(text, feature);
  snprintf(text, sizeof text, "(func (%s%s (i32.const 1)))", word, rest);
  refused_text(text, feature);
}

static void each_word(void **state) {
  (void)state;
#define WORD(feature, text) try_word(text, FEATURE_##feature);
#include "wasm/unbuilt.def"
}

static void try_opcodes(TypeRegistry *reg, u32 prefix, u32 first, u32 last, Feature feature) {
  for (u32 code = first; code <= last; code++) {
    char hex[120], number[24];
    if (code > 0x7F && prefix)
      snprintf(number, sizeof number, "%02x %02x %02x", prefix, (code & 0x7F) | 0x80, code >> 7);
    else if (prefix)
      snprintf(number, sizeof number, "%02x %02x", prefix, code);
    else
      snprintf(number, sizeof number, "%02x", code);
    snprintf(hex, sizeof hex, "01{01 60 00 00} 03{01 00} 0a{01 {00 00 %s 00 0b}}", number);
    refused_bytes(hex, reg, feature);
  }
}

static void each_opcode(void **state) {
#define OPCODE(feature, prefix, first, last)                                                       \
  try_opcodes(*state, prefix, first, last, FEATURE_##feature);
#include "wasm/unbuilt.def"
}

static void try_type(TypeRegistry *reg, u32 byte, Feature feature) {
  char hex[120];
  snprintf(hex, sizeof hex, "01{01 %02x 00}", byte);
  refused_bytes(hex, reg, feature);
  snprintf(hex, sizeof hex, "01{01 60 01 %02x 00}", byte);
  refused_bytes(hex, reg, feature);
  snprintf(hex, sizeof hex, "01{01 60 01 63 %02x 00}", byte);
  refused_bytes(hex, reg, feature);
}

static void each_type(void **state) {
#define TYPE_BYTE(feature, byte) try_type(*state, byte, FEATURE_##feature);
#include "wasm/unbuilt.def"
}

static void other_forms(void **state) {
  static const struct {
    const char *text;
    Feature feature;
  } texts[] = {
      {"(type (cont 0))", FEATURE_STACK_SWITCHING},
      {"(func (param contref))", FEATURE_STACK_SWITCHING},
      {"(type (sub (descriptor 1 (struct))))", FEATURE_CUSTOM_DESCRIPTORS},
      {"(func (param (ref (exact 0))))", FEATURE_CUSTOM_DESCRIPTORS},
      {"(type (shared (struct)))", FEATURE_SHARED_EVERYTHING_THREADS},
      {"(global (shared i32) (i32.const 1))", FEATURE_SHARED_EVERYTHING_THREADS},
      {"(func (param (ref (shared func))))", FEATURE_SHARED_EVERYTHING_THREADS},
      {"(import \"m\" (item \"a\" (func)))", FEATURE_COMPACT_IMPORTS},
      {"(memory 1) (data (i32.const 0) (i8 1 2))", FEATURE_NUMERIC_DATA},
      {"(memory 1) (data (i32.const 0) \"a\" (v128 i8x16 1))", FEATURE_NUMERIC_DATA},
      {"(data (f32 1))", FEATURE_NUMERIC_DATA},
      {"(memory (data (i64 1)))", FEATURE_NUMERIC_DATA},
      {"(component)", FEATURE_COMPONENT_MODEL},
      {"(memory 1) (func (drop (i32.atomic.load acqrel (i32.const 0))))",
       FEATURE_SHARED_EVERYTHING_THREADS},
      {"(func (atomic.fence acqrel))", FEATURE_SHARED_EVERYTHING_THREADS},
  };
  for (u32 i = 0; i < ARRAY_LEN(texts); i++) refused_text(texts[i].text, texts[i].feature);
  refused_bytes("01{01 60 00 00} 02{01 01'm' 01'f' 20 00}", *state, FEATURE_CUSTOM_DESCRIPTORS);
  const char *const atomics[] = {"fe 03 01", "41 00 fe 10 22 01 00 1a",
                                 "41 00 fe 10 62 00 01 00 1a"};
  for (u32 i = 0; i < ARRAY_LEN(atomics); i++) {
    char hex[120];
    snprintf(hex, sizeof hex, "01{01 60 00 00} 03{01 00} 05{01 00 00} 0a{01 {00 %s 0b}}",
             atomics[i]);
    refused_bytes(hex, *state, FEATURE_SHARED_EVERYTHING_THREADS);
  }
  refused_bytes("02{01 01'm' 00 7f 01 01'a' 00 00}", *state, FEATURE_COMPACT_IMPORTS);
  refused_bytes("02{01 01'm' 00 7e 00 00 01 01'a'}", *state, FEATURE_COMPACT_IMPORTS);
}

/* A group of one type is a form of gc, though it says nothing new. */
static void groups_need_gc(void **state) {
  FeatureSet without = features_with(wm_features_default(), FEATURE_GC, false);
  Error err = hex_validate("01{01 4e 01 60 00 00}", *state, without, NULL);
  assert_int_equal(err.code, ERR_UNSUPPORTED);
  assert_string_equal(err.proposal, "gc");
}

static void commands(void **state) {
  (void)state;
  static const struct {
    const char *text, *proposal;
  } cases[] = {
      {"(component)", "component-model"},
      {"(assert_invalid (component (core module)) \"x\")", "component-model"},
      {"(assert_suspension (invoke \"f\") \"x\")", "stack-switching"},
      {"(assert_return (invoke \"f\") (ref.null (shared any)))", "shared-everything-threads"},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    WastScript *script = wm_wast_open(cases[i].text, strlen(cases[i].text));
    WastCommand c;
    assert_true(wm_wast_next(script, &c));
    if (c.kind == WAST_ERROR)
      assert_int_equal(c.error.code, ERR_UNSUPPORTED);
    else
      assert_int_equal(c.kind, WAST_SKIPPED);
    assert_string_equal(c.kind == WAST_ERROR ? c.error.proposal : c.proposal, cases[i].proposal);
    assert_false(wm_wast_next(script, &c));
    wm_wast_close(script);
  }
}

static int set_up(void **state) { return (*state = wm_types_new()) == NULL; }
static int tear_down(void **state) {
  wm_types_delete(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_word), cmocka_unit_test(each_opcode),    cmocka_unit_test(each_type),
      cmocka_unit_test(commands),  cmocka_unit_test(groups_need_gc), cmocka_unit_test(other_forms),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
