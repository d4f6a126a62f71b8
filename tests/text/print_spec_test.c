/* The official suite's modules printed and read again, flat and folded. A module from text comes
 * back byte for byte, names included; one that the suite has in binary says the same as before
 * (canonical.h), and is printed the same the second time. Also those that are not valid: the
 * printer wants a module to be well-formed only. Skipped without the suite (WASM_SPEC_DIR). */
#include "text_test.h"

#include "binary/decode.h"
#include "canonical.h"
#include "support/suite.h"
#include "text/print.h"

typedef struct Totals {
  u32 scripts, same_bytes, same_meaning, failures;
  u32 malformed; /* as the script says */
  u32 refused;   /* by the parser or decoder, though well-formed: another proposal's */
} Totals;

typedef struct Case {
  Totals *t;
  const char *path;
  u32 line;
  bool is_text, is_malformed;
} Case;

static void report(const Case *c, const char *what, const Buffer *text) {
  c->t->failures++;
  print_message("%s:%u: %s\n%.*s\n", c->path, c->line, what, text ? (int)text->len : 0,
                text && text->len ? (const char *)text->data : "");
}

static bool equal(const Buffer *a, const Buffer *b) {
  return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

static Buffer meaning(const Module *m) {
  Buffer out = {0};
  canonical(m, &out);
  return out;
}

/* The binary that came back decodes, means the same and prints the same. */
static void compare_meaning(const Case *c, const Module *before, const Buffer *again, u32 flags,
                            const Buffer *text) {
  Module after;
  Error err = {0};
  Buffer second = {0}, third = {0};
  if (!wm_module_decode(&after, again->data, again->len, &err)) {
    report(c, err.message, text);
  } else {
    Buffer left = meaning(before), right = meaning(&after);
    if (!equal(&left, &right)) report(c, "means something else", text);
    if (!wm_module_print(&after, flags, &second, &err) ||
        !wm_wat_to_binary((const char *)second.data, second.len, &third, &err) ||
        !equal(again, &third))
      report(c, "is another module the second time", &second);
    wm_buffer_free(&left);
    wm_buffer_free(&right);
  }
  c->t->same_meaning++;
  wm_module_free(&after);
  wm_buffer_free(&second);
  wm_buffer_free(&third);
}

/* One that cannot be printed, for it is malformed or of a proposal that is not built. */
static void refuse_module(const Case *c, const Error *err) {
  if (c->is_malformed) {
    c->t->malformed++;
  } else { /* whose instructions, fields and flags are unknown here */
    c->t->refused++;
    print_message("  %s:%u: refused: %s\n", c->path, c->line, err->message);
  }
}

/* Whether it was printed. */
static bool round_trip(const Case *c, const Module *m, u32 flags) {
  Buffer text = {0}, again = {0};
  Error err = {0};
  bool printed = wm_module_print(m, flags, &text, &err);
  if (!printed) {
    if (flags)
      report(c, err.message, NULL); /* flat, it was printed */
    else
      refuse_module(c, &err);
  } else if (!wm_wat_to_binary((const char *)text.data, text.len, &again, &err)) {
    print_message("%u:%u: %s\n%s\n", err.line, err.column, err.message, err.context);
    report(c, "is not read back", &text);
  } else {
    Buffer original = {.data = m->bytes, .len = m->size_bytes};
    bool same = equal(&original, &again);
    if (same) c->t->same_bytes++;
    if (!same && c->is_text) report(c, "has other bytes", &text);
    if (!same) compare_meaning(c, m, &again, flags, &text);
  }
  wm_buffer_free(&text);
  wm_buffer_free(&again);
  return printed;
}

static void check_module(Totals *t, const char *path, const WastScript *s, const WastCommand *c) {
  bool is_malformed = c->kind == WAST_ASSERT_MALFORMED || c->kind == WAST_ASSERT_MALFORMED_CUSTOM ||
                      c->kind == WAST_ASSERT_INVALID_CUSTOM;
  Case one = {t, path, c->line, c->module.form != WAST_BINARY, is_malformed};
  Buffer binary = {0};
  Module m = {0};
  Error err = {0};
  if (!wm_wast_module_bytes(s, &c->module, &binary, &err)) {
    refuse_module(&one, &err);
  } else if (!wm_module_decode(&m, binary.data, binary.len, &err)) {
    refuse_module(&one, &err);
  } else {
    if (round_trip(&one, &m, 0)) round_trip(&one, &m, PRINT_FOLDED);
  }
  wm_module_free(&m);
  wm_buffer_free(&binary);
}

static void visit(void *totals, const char *path, const WastScript *s, const WastCommand *c) {
  if (c->has_module) check_module(totals, path, s, c);
}

static void suite(void **state) {
  (void)state;
  static const char *const folders[] = {".",
                                        "custom",
                                        "legacy",
                                        "proposals/threads",
                                        "proposals/custom-page-sizes",
                                        "proposals/wide-arithmetic"};
  const char *root = getenv("WASM_SPEC_DIR");
  if (!root || !*root) skip();
  Totals sum = {0};
  for (u32 i = 0; i < ARRAY_LEN(folders); i++) {
    Totals t = {0};
    t.scripts = suite_folder(root, folders[i], visit, &t);
    print_message("%s: %u scripts; printed and read back: %u the same bytes, %u the same meaning, "
                  "%u failures; %u malformed, %u refused\n",
                  folders[i], t.scripts, t.same_bytes, t.same_meaning, t.failures, t.malformed,
                  t.refused);
    sum.scripts += t.scripts;
    sum.same_bytes += t.same_bytes;
    sum.failures += t.failures;
    assert_true(t.scripts > 0);
    assert_int_equal(t.refused, 0);
  }
  assert_int_equal(sum.failures, 0);
  assert_true(sum.scripts > 200 && sum.same_bytes > 10000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(suite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
