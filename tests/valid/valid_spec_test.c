/* The modules of the official suite's scripts, decoded and validated: valid ones are accepted or
 * need a proposal that is not built, the others are refused for the reason the script gives.
 * Skipped when WASM_SPEC_DIR does not name the suite's folder; WASM_SPEC_WORDS=1 lists the modules
 * refused for a proposal and the messages that differ. */
#include "hex_module.h"

#include "support/suite.h"

typedef struct Totals {
  TypeRegistry *reg;
  FeatureSet features;
  const char *file;
  u32 valid, invalid, malformed; /* as the script says */
  u32 failures, other_words;
  u32 unsupported[FEATURE_COUNT];
} Totals;

static void report(Totals *t, const WastCommand *c, const char *what, const Error *err) {
  t->failures++;
  print_message("%s:%u: %s %s: %s \"%s\" at %llu\n", t->file, c->line, c->keyword, what,
                hex_code_name(err->code), err->message, (unsigned long long)err->offset);
}

static void count_unsupported(Totals *t, const WastCommand *c, const Error *err) {
  if (getenv("WASM_SPEC_WORDS"))
    print_message("%s:%u: %s needs %s: %s\n", t->file, c->line, c->keyword, err->proposal,
                  err->message);
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    if (!strcmp(err->proposal, wm_feature_name((Feature)f))) t->unsupported[f]++;
}

static bool words_fit(const WastCommand *c, const Error *err) {
  return strlen(err->message) >= c->message.len &&
         !memcmp(err->message, c->message.bytes, c->message.len);
}

/* The message starts as the script says. */
static void check_words(Totals *t, const WastCommand *c, const Error *err) {
  if (words_fit(c, err)) return;
  t->other_words++;
  if (getenv("WASM_SPEC_WORDS"))
    print_message("%s:%u: expected \"%.*s\", found \"%s\"\n", t->file, c->line, (int)c->message.len,
                  (const char *)c->message.bytes, err->message);
}

static Error run_module(Totals *t, const WastScript *script, const WastCommand *c) {
  Buffer b = {0};
  Error err = {0};
  if (wm_wast_module_bytes(script, &c->module, &b, &err))
    err = hex_validate_bytes(b.data, b.len, t->reg, t->features, NULL);
  wm_buffer_free(&b);
  return err;
}

/* The proposals that a valid module is said to use are enough, and it does without none of them. */
static void check_features(Totals *t, const WastScript *script, const WastCommand *c) {
  Module m = {0};
  Buffer b = {0};
  FeatureSet used = {0}, all = t->features;
  Error err = {0};
  bool ok = wm_wast_module_bytes(script, &c->module, &b, &err) &&
            wm_module_decode(&m, b.data, b.len, &err) && wm_module_features(&m, &used, &err);
  if (!ok) report(t, c, "has no features", &err);
  t->features = features_with(used, FEATURE_MVP, true);
  err = run_module(t, script, c);
  if (err.code) report(t, c, "does not say that", &err);
  for (u32 f = FEATURE_MVP + 1; f < FEATURE_COUNT; f++) {
    if (!features_have(used, (Feature)f)) continue;
    t->features = features_with(all, (Feature)f, false);
    err = run_module(t, script, c);
    if (!err.code) report(t, c, wm_feature_name((Feature)f), &err);
  }
  t->features = all;
  wm_module_free(&m);
  wm_buffer_free(&b);
}

static void check_valid(Totals *t, const WastScript *script, const WastCommand *c) {
  Error err = run_module(t, script, c);
  t->valid++;
  if (err.code == ERR_NONE) check_features(t, script, c);
  if (err.code == ERR_UNSUPPORTED)
    count_unsupported(t, c, &err);
  else if (err.code != ERR_NONE)
    report(t, c, "refused", &err);
}

static void check_invalid(Totals *t, const WastScript *script, const WastCommand *c) {
  Error err = run_module(t, script, c);
  t->invalid++;
  if (err.code == ERR_UNSUPPORTED)
    count_unsupported(t, c, &err);
  else if (err.code != ERR_INVALID)
    report(t, c, "is not invalid", &err);
  else
    check_words(t, c, &err);
}

static void check_malformed(Totals *t, const WastScript *script, const WastCommand *c) {
  Error err = run_module(t, script, c);
  t->malformed++;
  if (err.code != (c->module.form == WAST_BINARY ? ERR_MALFORMED : ERR_SYNTAX))
    report(t, c, "is not malformed", &err);
  else if (c->module.form == WAST_BINARY)
    check_words(t, c, &err);
}

static void check_command(void *totals, const char *path, const WastScript *script,
                          const WastCommand *c) {
  Totals *t = totals;
  t->file = path;
  if (c->kind == WAST_ERROR) report(t, c, "not understood", &c->error);
  if (!c->has_module && c->kind != WAST_MODULE) return;
  switch (c->kind) {
  case WAST_ASSERT_INVALID: check_invalid(t, script, c); break;
  case WAST_ASSERT_MALFORMED: check_malformed(t, script, c); break;
  case WAST_MODULE:
  case WAST_ASSERT_TRAP:
  case WAST_ASSERT_UNLINKABLE: check_valid(t, script, c); break;
  default: break;
  }
}

static void check_suite(FeatureSet features) {
  const char *dir = getenv("WASM_SPEC_DIR");
  if (!dir || !*dir) {
    print_message("WASM_SPEC_DIR does not name the spec suite's folder\n");
    skip();
  }
  Totals t = {.reg = wm_types_new(), .features = features};
  suite_folder(dir, ".", check_command, &t);
  wm_types_delete(t.reg);
  print_message("valid %u, invalid %u, malformed %u; other words %u; failures %u\n", t.valid,
                t.invalid, t.malformed, t.other_words, t.failures);
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    if (t.unsupported[f])
      print_message("  refused for %s: %u\n", wm_feature_name((Feature)f), t.unsupported[f]);
  assert_true(t.valid > 0);
  assert_int_equal(t.failures, 0);
  /* Of modules that are malformed in two ways (binary*.wast), or that a proposal's flag makes so.
   */
  assert_true(t.other_words <= 8);
  for (u32 f = 0; f < FEATURE_COUNT; f++)
    assert_true(!t.unsupported[f] || !features_have(features, (Feature)f));
}

static void test_built(void **state) {
  (void)state;
  check_suite(wm_features_default());
}

/* What no tier runs yet is validated all the same. */
static void test_gc(void **state) {
  (void)state;
  check_suite(features_with(wm_features_default(), FEATURE_GC, true));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_built), cmocka_unit_test(test_gc)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
