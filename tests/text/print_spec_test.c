/* The official suite's modules printed and read again, flat and folded. A module from text comes
 * back byte for byte, names included; one that the suite has in binary says the same as before
 * (support/round_trip.h). Also those that are not valid: the printer wants a module to be
 * well-formed only. Skipped without the suite (WASM_SPEC_DIR). */
#include "text_test.h"

#include "binary/decode.h"
#include "support/round_trip.h"
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

static void report(const Case *c, const char *wrong, const RoundTrip *trip) {
  c->t->failures++;
  print_message("%s:%u: %s\n", c->path, c->line, wrong);
  if (trip->err.code) print_message("%s\n%s\n", trip->err.message, trip->err.context);
  if (trip->text.len) print_message("%.*s\n", (int)trip->text.len, (const char *)trip->text.data);
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

/* What is wrong, or NULL. */
static const char *judge(const Case *c, const RoundTrip *trip, u32 flags, bool same) {
  if (trip->wrong) return trip->wrong;
  if (!trip->printed) return flags ? "is printed flat only" : NULL;
  return !same && c->is_text ? "has other bytes" : NULL;
}

/* Whether it was printed. */
static bool check_printed(const Case *c, const Module *m, u32 flags) {
  RoundTrip trip = round_trip(m, flags);
  Buffer original = {.data = m->bytes, .len = m->size_bytes};
  bool same = trip.printed && same_bytes(&original, &trip.binary);
  const char *wrong = judge(c, &trip, flags, same);
  if (wrong)
    report(c, wrong, &trip);
  else if (!trip.printed)
    refuse_module(c, &trip.err);
  if (same) c->t->same_bytes++;
  if (trip.printed && !same) c->t->same_meaning++;
  round_trip_free(&trip);
  return trip.printed;
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
    if (check_printed(&one, &m, 0)) check_printed(&one, &m, PRINT_FOLDED);
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
