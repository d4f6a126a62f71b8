/* Checks of the C++ tests: what fails is printed and counted, and the test goes on. */
#ifndef TESTS_CPP_CHECK_HH
#define TESTS_CPP_CHECK_HH

#include <cstdio>
#include <cstring>
#include <string>

#include <wasmx.h>

#include "support/compiled.h"

inline int &failures() {
  static int count = 0;
  return count;
}

inline bool check_that(bool ok, const char *what, const char *file, int line) {
  if (!ok) {
    std::printf("%s:%d: %s\n", file, line, what);
    failures()++;
  }
  return ok;
}
#define FAIL(what)       check_that(false, what, __FILE__, __LINE__)
#define CHECK(condition) check_that(static_cast<bool>(condition), #condition, __FILE__, __LINE__)

inline bool contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}
/* Both, or what was there instead is printed. */
#define CHECK_CONTAINS(text, part)                                                                 \
  do {                                                                                             \
    if (!CHECK(contains(text, part))) std::printf("  it is: %s\n", std::string(text).c_str());     \
  } while (0)

/* The tiers that this library has, one after another. */
static const wasmx_tier_t all_tiers[] = {WASMX_TIER_INTERP, WASMX_TIER_JIT, WASMX_TIER_AUTO};
inline bool has_tier(wasmx_tier_t tier) { return tier == WASMX_TIER_INTERP || wasmx_has("jit"); }

#endif
