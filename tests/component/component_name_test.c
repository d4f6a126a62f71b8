/* Names of components: kebab case, annotations, interfaces and versions, strong uniqueness. */
#include "component/cm_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static Name name_of(const char *text) { return (Name){text, (u32)strlen(text)}; }

static void labels(void **state) {
  (void)state;
  static const char *const good[] = {"a",     "a-b-c",          "a1-2-3", "A",
                                     "A-B-C", "m1x3d-4CR0NYMS", "is-XML", "a0-000-3d4a-54FF"};
  static const char *const bad[] = {"",   "-",     "a-",  "-a",  "a--b",    "aB",       "Ab",
                                    "1a", "1-2-3", "a_b", "a.b", "a0-3d4A", "\xc2\xb6", "a b"};
  for (size_t i = 0; i < ARRAY_LEN(good); i++) assert_true(wm_name_is_kebab(name_of(good[i])));
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(wm_name_is_kebab(name_of(bad[i])));
}

static bool parses(const char *text, ExternName *out) {
  Error err = {0};
  bool good = wm_extern_name_parse(name_of(text), 0, &err, out);
  assert_int_equal(good, err.code == ERR_NONE);
  return good;
}

static void forms(void **state) {
  (void)state;
  ExternName name;
  assert_true(parses("a-b", &name) && name.form == NAME_LABEL);
  assert_true(parses("[constructor]a-b", &name) && name.form == NAME_CONSTRUCTOR);
  assert_true(wm_name_is(name.resource, "a-b"));
  assert_true(parses("[method]a.b-c", &name) && name.form == NAME_METHOD);
  assert_true(wm_name_is(name.resource, "a") && wm_name_is(name.member, "b-c"));
  assert_true(parses("[static]a.b", &name) && name.form == NAME_STATIC);
  assert_true(parses("wasi:http/types@0.2.0", &name) && name.form == NAME_INTERFACE);
  assert_true(wm_name_is(name.version, "0.2.0"));
  assert_true(parses("a:b/C", &name) && name.version.text == NULL);
  static const char *const bad[] = {"[method]a", "[method]a.b.c", "[static]a", "[foo]a", "a:b",
                                    "A:b/c",     "a:B/c",         ":b/c",      "a:b/",   "a:b/c/d",
                                    "a:b:c/d",   "a:b/c d",       "a:b/c[d]"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(parses(bad[i], &name));
}

static bool is_version(const char *version, const char *suffix) {
  const char *why = NULL;
  char unexpected;
  bool good = wm_semver_valid(name_of(version), name_of(suffix), &why, &unexpected);
  assert_true(good || why);
  return good;
}

static void versions(void **state) {
  (void)state;
  static const char *const good[] = {"0.0.0",      "1.2.3",         "1.2.3-a.1",
                                     "1.2.3+0.01", "1.0.0-0-a+b-c", "18446744073709551615.0.0"};
  static const char *const bad[] = {"",
                                    "1",
                                    "1.2",
                                    "1.2.3.4",
                                    "01.2.3",
                                    "1.2.3-",
                                    "1.2.3-01",
                                    "1.2.3+",
                                    "a.b.c",
                                    "1.2.3-a..b",
                                    "18446744073709551616.0.0",
                                    "1.2.3 "};
  for (size_t i = 0; i < ARRAY_LEN(good); i++) assert_true(is_version(good[i], ""));
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(is_version(bad[i], ""));
  assert_true(is_version("0.2", ".6-rc.1"));
  assert_false(is_version("0.2", "6"));
}

static void expect_same(const char *a, const char *b, bool same) {
  Arena arena = {0};
  ExternName first, second;
  Name x, y;
  assert_true(parses(a, &first) && parses(b, &second));
  assert_true(wm_extern_name_canonical(&arena, &first, &x));
  assert_true(wm_extern_name_canonical(&arena, &second, &y));
  assert_int_equal(wm_name_equal(x, y), same);
  wm_arena_free(&arena);
}

static void uniqueness(void **state) {
  (void)state;
  expect_same("foo", "FOO", true);
  expect_same("foo-bar", "foo-BAR", true);
  expect_same("[constructor]foo", "[constructor]FOO", true);
  expect_same("[method]foo.bar", "[static]foo.BAR", true);
  expect_same("[method]foo.foo", "foo", true);
  expect_same("[static]foo-BAR.FOO-bar", "foo-bar", true);
  expect_same("foo:bar/baz", "foo:bar/BAZ", true);
  expect_same("foo", "[constructor]foo", false);
  expect_same("foo", "[method]foo.bar", false);
  expect_same("foo", "foo-bar", false);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(labels), cmocka_unit_test(forms),
                                     cmocka_unit_test(versions), cmocka_unit_test(uniqueness)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
