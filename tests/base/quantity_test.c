/* Numbers, sizes and seconds as people write them. */
#include "base/quantity.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef bool Read(const char *text, u64 *out);

typedef struct Case {
  Read *read;
  const char *text;
  u64 want; /* 0 of a text that is refused */
  bool ok;
} Case;

static const Case cases[] = {
    {wm_quantity_number, "0", 0, true},
    {wm_quantity_number, "007", 7, true},
    {wm_quantity_number, "18446744073709551615", UINT64_MAX, true},
    {wm_quantity_number, "18446744073709551616", 0, false},
    {wm_quantity_number, "99999999999999999999", 0, false},
    {wm_quantity_number, "", 0, false},
    {wm_quantity_number, " 1", 0, false},
    {wm_quantity_number, "1 ", 0, false},
    {wm_quantity_number, "-1", 0, false},
    {wm_quantity_number, "+1", 0, false},
    {wm_quantity_number, "1K", 0, false},
    {wm_quantity_number, "0x10", 0, false},
    {wm_quantity_size, "12", 12, true},
    {wm_quantity_size, "0G", 0, true},
    {wm_quantity_size, "3K", 3 << 10, true},
    {wm_quantity_size, "3k", 3 << 10, true},
    {wm_quantity_size, "64M", 64 << 20, true},
    {wm_quantity_size, "64m", 64 << 20, true},
    {wm_quantity_size, "5G", UINT64_C(5) << 30, true},
    {wm_quantity_size, "17179869183g", UINT64_C(17179869183) << 30, true},
    {wm_quantity_size, "17179869184G", 0, false},
    {wm_quantity_size, "18446744073709551616", 0, false},
    {wm_quantity_size, "K", 0, false},
    {wm_quantity_size, "1KB", 0, false},
    {wm_quantity_size, "1T", 0, false},
    {wm_quantity_size, "-1K", 0, false},
    {wm_quantity_size, "", 0, false},
    {wm_quantity_seconds, "2.5", 2500000001, true},
    {wm_quantity_seconds, "1e-3", 1000001, true},
    {wm_quantity_seconds, "1e-30", 1, true},
    {wm_quantity_seconds, "999999999", UINT64_C(999999999000000001), true},
    {wm_quantity_seconds, "1e9", 0, false},
    {wm_quantity_seconds, "0", 0, false},
    {wm_quantity_seconds, "-1", 0, false},
    {wm_quantity_seconds, "inf", 0, false},
    {wm_quantity_seconds, "nan", 0, false},
    {wm_quantity_seconds, "0x1p3", 0, false},
    {wm_quantity_seconds, "1_0", 0, false},
    {wm_quantity_seconds, "2,5", 0, false},
    {wm_quantity_seconds, "2.5s", 0, false},
    {wm_quantity_seconds, " 2.5", 0, false},
    {wm_quantity_seconds, "", 0, false},
};

static void run_cases(void) {
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    u64 value = 0;
    bool ok = cases[i].read(cases[i].text, &value);
    if (ok != cases[i].ok || (ok && value != cases[i].want))
      fail_msg("'%s': %d, %llu", cases[i].text, ok, (unsigned long long)value);
  }
}

static void texts(void **state) {
  (void)state;
  run_cases();
}

/* Where a comma is the point. */
static void in_other_locales(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
  const char *set = NULL;
  for (size_t i = 0; i < ARRAY_LEN(names) && !set; i++) set = setlocale(LC_ALL, names[i]);
  if (!set) {
    print_message("skipped: no locale with a comma is installed\n");
    skip();
  }
  run_cases();
  setlocale(LC_ALL, "C");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(in_other_locales)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
