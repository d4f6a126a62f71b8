/* Branch hints: what is read of the custom section, and that what is unlikely stands behind
 * everything else. */
#include "jit/hints.h"

#include "jit/jit.h"
#include "jit/x64/x64_emit.h"
#include "runtime/fixture.h"

#define SECTION(bytes)                                                                             \
  "(module (import \"a\" \"b\" (func))"                                                            \
  " (@custom \"metadata.code.branch_hint\" (before code) \"" bytes "\")"                           \
  " (func (if (i32.const 1) (then))) (func (if (i32.const 1) (then))))"

/* The `if`s stand at 3 bytes from the locals on. */
static void what_is_malformed_ends_it(void **state) {
  static const struct {
    const char *text;
    u32 count;
  } cases[] = {
      {SECTION("\\02\\01\\01\\03\\01\\00\\02\\01\\03\\01\\01"), 2},
      {SECTION("\\01\\01\\02\\03\\01\\00\\04\\01\\01"), 2},
      {SECTION("\\00"), 0},
      {SECTION(""), 0},
      {SECTION("\\05\\01\\01\\03\\01\\00"), 1},                     /* fewer than it says */
      {SECTION("\\02\\01\\01\\03\\01\\00\\02\\01\\03\\01"), 1},     /* cut */
      {SECTION("\\01\\00\\01\\03\\01\\00"), 0},                     /* an import */
      {SECTION("\\01\\03\\01\\03\\01\\00"), 0},                     /* no function */
      {SECTION("\\01\\01\\01\\40\\01\\00"), 0},                     /* behind the body */
      {SECTION("\\01\\01\\01\\03\\02\\00\\00"), 0},                 /* of two bytes */
      {SECTION("\\01\\01\\01\\03\\01\\02"), 0},                     /* neither */
      {SECTION("\\01\\01\\02\\03\\01\\00\\03\\01\\00"), 1},         /* twice */
      {SECTION("\\02\\02\\01\\03\\01\\00\\01\\01\\03\\01\\00"), 1}, /* descending */
      {SECTION("\\01\\01\\ff\\ff\\ff\\ff\\0f\\03\\01\\00"), 1},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    LoadedModule *lm = load(*state, cases[i].text);
    if (lm->hint_count != cases[i].count) fail_msg("case %u: %u hints", i, lm->hint_count);
    wm_loaded_release(lm);
  }
}

static void hints_are_found(void **state) {
  LoadedModule *lm = load(*state, SECTION("\\02\\01\\01\\03\\01\\00\\02\\01\\03\\01\\01"));
  const FuncDecl *funcs = lm->module.funcs;
  assert_int_equal(wm_hints_find(lm, funcs[1].code_offset + 3), LIKELY_ZERO);
  assert_int_equal(wm_hints_find(lm, funcs[2].code_offset + 3), LIKELY_NOT_ZERO);
  assert_int_equal(wm_hints_find(lm, funcs[1].code_offset + 2), LIKELY_UNKNOWN);
  assert_int_equal(wm_hints_find(lm, funcs[2].code_offset + 4), LIKELY_UNKNOWN);
  assert_int_equal(wm_hints_find(lm, 0), LIKELY_UNKNOWN);
  wm_loaded_release(lm);
}

/* ---- where code stands ---- */

#define LOOP(hint, form)                                                                           \
  "(module (memory 1) (func (param i32) (result i32) (local i32) (loop $l " form(                  \
      hint) " (local.set 1 (i32.add (local.get 1) (local.get 0)))"                                 \
            " (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))"
#define SAYS_0   "(@metadata.code.branch_hint \"\\00\")"
#define SAYS_1   "(@metadata.code.branch_hint \"\\01\")"
#define RARE     "(local.set 1 (i32.mul (local.get 1) (i32.load (i32.const 8))))"
#define IF(hint) hint "(if (i32.eqz (local.get 1)) (then " RARE "))"
#define ELSE(hint)                                                                                 \
  hint "(if (i32.eqz (local.get 1)) (then (local.set 1 (i32.const 5))) (else " RARE "))"
#define BR_IF(hint) "(block " hint "(br_if 0 (i32.eqz (local.get 1))) " RARE ")"

/* How many blocks are cold; each of them stands behind the others. */
static u32 count_cold(Fixture *f, const char *text) {
  LoadedModule *lm = load(f, text);
  Compile *c = wm_jit_new();
  JitOptions options = wm_engine_jit_options(f->engine);
  assert_int_equal(wm_jit_compile(c, lm, 0, 0, &options), JIT_DONE);
  const Emitter *e = emitter(c);
  u32 cold = 0, last_hot = 0, first_cold = UINT32_MAX;
  for (u32 i = 0; i < e->layout.len; i++) {
    u32 b = e->layout.data[i], at = e->labels.data[b].at;
    cold += block_at(c, b)->is_cold;
    if (block_at(c, b)->is_cold)
      first_cold = min_u32(first_cold, at);
    else
      last_hot = max_u32(last_hot, at);
  }
  assert_true(first_cold > last_hot);
  wm_jit_delete(c);
  wm_loaded_release(lm);
  return cold;
}

static void the_unlikely_goes_behind(void **state) {
  if (!wm_config_can_compile()) skip();
  assert_int_equal(count_cold(*state, LOOP("", IF)), 0);
  assert_int_equal(count_cold(*state, LOOP(SAYS_0, IF)), 1);
  assert_int_equal(count_cold(*state, LOOP("", ELSE)), 0);
  assert_int_equal(count_cold(*state, LOOP(SAYS_1, ELSE)), 1);
  assert_int_equal(count_cold(*state, LOOP("", BR_IF)), 0);
  assert_int_equal(count_cold(*state, LOOP(SAYS_1, BR_IF)), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_malformed_ends_it, setup, teardown),
      cmocka_unit_test_setup_teardown(hints_are_found, setup, teardown),
      cmocka_unit_test_setup_teardown(the_unlikely_goes_behind, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
