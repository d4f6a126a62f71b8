/* The official suite's scripts as text: every one is read to its end, every module in it converts,
 * and what assert_malformed quotes is refused in the words it expects. Skipped when WASM_SPEC_DIR
 * does not name the suite's folder. */
#include "text_test.h"

#include <dirent.h>

#include "text/wast.h"

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

static char *read_file(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  assert_int_equal(fseek(f, 0, SEEK_END), 0);
  *size = (size_t)ftell(f);
  rewind(f);
  char *text = malloc(*size ? *size : 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, *size, f), *size);
  fclose(f);
  return text;
}

static void run_script(Totals *t, const char *path) {
  size_t size;
  char *text = read_file(path, &size);
  WastScript *s = wm_wast_open(text, size);
  WastCommand c;
  assert_non_null(s);
  t->scripts++;
  while (wm_wast_next(s, &c)) {
    t->commands++;
    if (c.kind == WAST_ERROR) report(t, path, c.line, "broken command:", &c.error);
    if (c.has_module) check_module(t, path, s, &c);
  }
  wm_wast_close(s);
  free(text);
}

static void run_folder(Totals *t, const char *root, const char *folder) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", root, folder);
  DIR *d = opendir(path);
  for (struct dirent *e; d && (e = readdir(d));) {
    size_t len = strlen(e->d_name);
    if (len < 5 || strcmp(e->d_name + len - 5, ".wast") != 0) continue;
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, e->d_name);
    run_script(t, path);
  }
  if (d) closedir(d);
}

static void suite(void **state) {
  (void)state;
  const char *root = getenv("WASM_SPEC_DIR");
  if (!root || !*root) skip();
  Totals t = {0};
  /* not legacy/ and the other proposals: they are not this parser's language */
  run_folder(&t, root, ".");
  run_folder(&t, root, "custom");
  run_folder(&t, root, "proposals/threads");
  print_message("%u scripts, %u commands, %u modules converted, %u refused, %u failures\n",
                t.scripts, t.commands, t.modules, t.malformed, t.failures);
  assert_int_equal(t.failures, 0);
  assert_true(t.scripts > 200 && t.modules > 5000 && t.malformed > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(suite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
