/* For tests of compiled code: they fail when it is not compiled, which nothing else would show, as
 * the interpreter gives the same results.
 *
 * WASM_TEST_TIER=jit in the environment runs the tests of a room once more, compiled. The compiler
 * always checks itself. WASM_TEST_SABOTAGE=drop or reject breaks it on purpose (jit/compile.h):
 * every such test must fail then (tests/sabotage.py). C and C++, public header only. */
#ifndef TESTS_SUPPORT_COMPILED_H
#define TESTS_SUPPORT_COMPILED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasmx.h>

static inline const char *test_sabotage(void) {
  const char *name = getenv("WASM_TEST_SABOTAGE");
  return name ? name : "none";
}

/* Whether this run is to be compiled where a test does not choose a tier itself. */
static inline bool test_wants_jit(void) {
  const char *name = getenv("WASM_TEST_TIER");
  return name && strcmp(name, "jit") == 0;
}

/* Makes the compiler check itself; false: out of memory. eager: in the tier auto, everything is
 * compiled at its first call or loop round, in the calling thread. */
static inline bool compiled_configure(wasm_config_t *config, bool eager) {
  char sabotage[32];
  snprintf(sabotage, sizeof sabotage, "sabotage=%s", test_sabotage());
  if (!wasmx_config_set_hidden(config, "verify=1") || !wasmx_config_set_hidden(config, sabotage))
    return false;
  return !eager || (wasmx_config_set_hidden(config, "call-threshold=0") &&
                    wasmx_config_set_hidden(config, "loop-threshold=0") &&
                    wasmx_config_set_compile_threads(config, 0));
}

typedef enum Expect {
  EXPECT_NO_FAULT, /* what was to be compiled could be */
  EXPECT_SOME,     /* something has machine code */
  EXPECT_ALL       /* every function has */
} Expect;

/* What is wrong, in a static buffer; NULL: nothing, or there is no compiler. */
static inline const char *compiled_fault(const wasm_engine_t *engine, Expect expect) {
  static char text[400];
  wasmx_engine_stats_t s;
  memset(&s, 0, sizeof s);
  s.size = sizeof s;
  wasmx_engine_stats(engine, &s);
  bool failed =
      s.not_implemented || s.too_large || s.out_of_memory || s.rejected || s.not_published;
  bool missing = expect == EXPECT_ALL    ? s.native_functions != s.functions
                 : expect == EXPECT_SOME ? s.native_functions + s.native_loops == 0
                                         : false;
  snprintf(text, sizeof text,
           "compiled: %llu of %llu functions, %llu loops; %llu not implemented, %llu too large, "
           "%llu out of memory, %llu rejected, %llu not published: %s",
           (unsigned long long)s.native_functions, (unsigned long long)s.functions,
           (unsigned long long)s.native_loops, (unsigned long long)s.not_implemented,
           (unsigned long long)s.too_large, (unsigned long long)s.out_of_memory,
           (unsigned long long)s.rejected, (unsigned long long)s.not_published, s.trouble);
  return wasmx_has("jit") && (failed || missing) ? text : NULL;
}

#endif
