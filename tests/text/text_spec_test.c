/* The official suite's scripts as text: every one is read to its end, every module in it converts,
 * and what assert_malformed quotes is refused in the words it expects. Skipped when WASM_SPEC_DIR
 * does not name the suite's folder. */
#include "text_test.h"

#include "support/suite.h"

typedef struct Totals {
  u32 scripts, commands, modules, malformed, failures;
} Totals;

/* Memories of 64 bits made these limits a matter of validation; the threads proposal's copy of the
 * suite is older. */
static bool is_outdated(const char *path, const WastCommand *c) {
  static const char message[] = "i32 constant out of range";
  return strstr(path, "proposals/threads/memory.wast") && c->message.len == sizeof message - 1 &&
         memcmp(c->message.bytes, message, sizeof message - 1) == 0;
}

static void report(Totals *t, const char *path, u32 line, const char *what, const Error *err) {
  t->failures++;
  print_message("%s:%u: %s %u:%u %s\n%s\n", path, line, what, err->line, err->column, err->message,
                err->context);
}

static void check_module(Totals *t, const char *path, const WastScript *s, const WastCommand *c) {
  Buffer out = {0};
  Error err = {0};
  bool ok = wm_wast_module_bytes(s, &c->module, &out, &err);
  bool is_text = c->module.form != WAST_BINARY;
  bool is_bad =
      is_text && (c->kind == WAST_ASSERT_MALFORMED || c->kind == WAST_ASSERT_MALFORMED_CUSTOM ||
                  c->kind == WAST_ASSERT_INVALID_CUSTOM);
  if (is_bad && !is_outdated(path, c)) {
    t->malformed++;
    if (ok || strncmp(err.message, (const char *)c->message.bytes, c->message.len) != 0)
      report(t, path, c->line, ok ? "accepted" : "refused in other words:", &err);
  } else if (!is_bad) {
    t->modules++;
    if (!ok) report(t, path, c->line, "refused:", &err);
  }
  wm_buffer_free(&out);
}

static void visit(void *totals, const char *path, const WastScript *s, const WastCommand *c) {
  Totals *t = totals;
  t->commands++;
  if (c->kind == WAST_ERROR) report(t, path, c->line, "broken command:", &c->error);
  if (c->has_module) check_module(t, path, s, c);
}

static void suite(void **state) {
  (void)state;
  const char *root = getenv("WASM_SPEC_DIR");
  if (!root || !*root) skip();
  Totals t = {0};
  static const char *const folders[] = {".",
                                        "custom",
                                        "legacy",
                                        "proposals/threads",
                                        "proposals/custom-page-sizes",
                                        "proposals/wide-arithmetic"};
  for (u32 i = 0; i < ARRAY_LEN(folders); i++) {
    u32 scripts = suite_folder(root, folders[i], visit, &t);
    assert_true(scripts > 0);
    t.scripts += scripts;
  }
  print_message("%u scripts, %u commands, %u modules converted, %u refused, %u failures\n",
                t.scripts, t.commands, t.modules, t.malformed, t.failures);
  assert_int_equal(t.failures, 0);
  assert_true(t.scripts > 200 && t.modules > 5000 && t.malformed > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(suite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
