/* Imports that do not fit: both sides are named. */
#include "runtime/fixture.h"

static const char exports_wat[] =
    "(module (func (export \"i-i\") (param i32) (result i32) local.get 0)"
    "  (table (export \"t\") 5 10 funcref) (memory (export \"m\") 1 2)"
    "  (global (export \"g\") i32 (i32.const 1)) (global (export \"gm\") (mut i64) (i64.const 1))"
    "  (table (export \"tx\") 1 externref) (memory (export \"m64\") i64 1))";

static const struct {
  const char *wat, *export_name; /* what is given, or NULL: nothing */
  const char *expected, *found;  /* NULL: fits */
} cases[] = {
    {"(func (param i32) (result i32))", "i-i", NULL, NULL},
    {"(func (param i64))", "i-i", "func [i64] -> []", "func [i32] -> [i32]"},
    {"(func)", "m", "func [] -> []", "memory {min 1, max 2}"},
    {"(func)", NULL, "func [] -> []", "nothing"},
    {"(memory 1 2)", "m", NULL, NULL},
    {"(memory 1)", "m", NULL, NULL},
    {"(memory 0 3)", "m", NULL, NULL},
    {"(memory 2)", "m", "memory {min 2}", "memory {min 1, max 2}"},
    {"(memory 1 1)", "m", "memory {min 1, max 1}", "memory {min 1, max 2}"},
    {"(memory i64 1)", "m", "memory i64 {min 1}", "memory {min 1, max 2}"},
    {"(memory 1)", "m64", "memory {min 1}", "memory i64 {min 1}"},
    {"(memory i64 1 9)", "m64", "memory i64 {min 1, max 9}", "memory i64 {min 1}"},
    {"(table 5 10 funcref)", "t", NULL, NULL},
    {"(table 1 funcref)", "t", NULL, NULL},
    {"(table 6 funcref)", "t", "table {min 6} funcref", "table {min 5, max 10} funcref"},
    {"(table 5 funcref)", "tx", "table {min 5} funcref", "table {min 1} externref"},
    {"(global i32)", "g", NULL, NULL},
    {"(global i64)", "g", "global i64", "global i32"},
    {"(global (mut i32))", "g", "global (mut i32)", "global i32"},
    {"(global (mut i64))", "gm", NULL, NULL},
    {"(global i64)", "gm", "global i64", "global (mut i64)"},
    {"(table 1 funcref)", "g", "table {min 1} funcref", "global i32"},
};

static void both_sides_are_named(void **state) {
  Fixture *f = *state;
  Instance *given = instantiate(f, exports_wat, NULL, 0);
  object_hold(&given->head);
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    char wat[200];
    snprintf(wat, sizeof wat, "(module (import \"mo\\1bd\" \"na\\\"me\" %s))", cases[i].wat);
    LoadedModule *lm = load(f, wat);
    Object *import = cases[i].export_name ? export_named(given, cases[i].export_name) : NULL;
    Error err = {0};
    Instance *in = wm_instance_new(f->store, lm, &import, 1, &err);
    wm_loaded_release(lm);
    if (!cases[i].expected) {
      if (!in) fail_msg("case %zu: %s", i, err.message);
      continue;
    }
    assert_null(in);
    assert_int_equal(err.code, ERR_LINK);
    assert_string_equal(err.import_module, "mo\\1bd");
    assert_string_equal(err.import_name, "na\\22me");
    assert_string_equal(err.expected, cases[i].expected);
    assert_string_equal(err.found, cases[i].found);
    char message[400];
    snprintf(message, sizeof message, "%s: \"mo\\1bd\" \"na\\22me\" needs %s, found %s",
             import ? "incompatible import type" : "unknown import", cases[i].expected,
             cases[i].found);
    assert_string_equal(err.message, message);
  }
}

static void sizes_now_count(void **state) {
  Fixture *f = *state;
  Instance *given = instantiate(f, exports_wat, NULL, 0);
  object_hold(&given->head);
  Object *memory = export_named(given, "m"), *table = export_named(given, "t");
  assert_int_equal(wm_memory_grow(f->store, (Memory *)memory, 1), 1);
  assert_int_equal(wm_table_grow(f->store, (Table *)table, 5, NULL), 5);
  instantiate(f, "(module (import \"\" \"\" (memory 2)))", &memory, 1);
  instantiate(f, "(module (import \"\" \"\" (table 10 funcref)))", &table, 1);
}

static void strangers_are_refused(void **state) {
  Fixture *f = *state;
  Store *other = wm_engine_store_new(f->engine);
  GlobalType type = {.type = VAL_I32};
  Object *import = (Object *)wm_global_new(other, &type, NULL, NULL);
  LoadedModule *lm = load(f, "(module (import \"a\" \"b\" (global i32)))");
  Error err = {0};
  assert_null(wm_instance_new(f->store, lm, &import, 1, &err));
  assert_int_equal(err.code, ERR_ARGUMENT);
  assert_string_equal(err.message, "what is given for import \"a\" \"b\" belongs to another store");
  err = (Error){0};
  assert_null(wm_instance_new(f->store, lm, NULL, 0, &err));
  assert_int_equal(err.code, ERR_ARGUMENT);
  import = (Object *)wm_foreign_new(f->store, NULL);
  err = (Error){0};
  assert_null(wm_instance_new(f->store, lm, &import, 1, &err));
  assert_int_equal(err.code, ERR_LINK);
  assert_string_equal(err.found, "a host object");
  wm_loaded_release(lm);
  assert_true(wm_engine_store_delete(other));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(both_sides_are_named, setup, teardown),
      cmocka_unit_test_setup_teardown(sizes_now_count, setup, teardown),
      cmocka_unit_test_setup_teardown(strangers_are_refused, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
