/* Costs that grow with the number of functions and no faster: each way through a module's life is
 * measured for N and 8 N functions in one run. Eight times the work is linear, 64 times is
 * quadratic; the bound lies between. */
#include "engine/artifact.h"

#include "runtime/fixture.h"

#include <time.h>

enum { SMALL = 4000, GROWTH = 8, ROUNDS = 3 };
static const double most = 16;

/* Every function is exported: names are to be found among as many. */
static Buffer module_of(u32 functions) {
  Buffer wat = {0};
  wm_buffer_print(&wat, "(module ");
  for (u32 i = 0; i < functions; i++)
    wm_buffer_print(&wat, "(func (export \"function_%u\") (param i32) (result i32) local.get 0)\n",
                    i);
  wm_buffer_print(&wat, ")");
  wm_buffer_byte(&wat, 0);
  assert_false(wat.failed);
  Buffer binary = binary_of((const char *)wat.data);
  wm_buffer_free(&wat);
  return binary;
}

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The tests' check of what the compiler does is not what is measured. */
static Config config_of(void) {
  Config config = config_of_tier(TIER_JIT);
  config.jit.verify = false;
  config.compile_threads = 0;
  return config;
}

/* The best of a few: what else runs on the machine only adds. */
static double best_time(void (*step)(const Buffer *), const Buffer *bytes) {
  double best = 1e9;
  for (u32 i = 0; i < ROUNDS; i++) {
    double start = cpu_seconds();
    step(bytes);
    double took = cpu_seconds() - start;
    if (took < best) best = took;
  }
  return best;
}

static void grows_linearly(void (*step)(const Buffer *), Buffer (*make)(u32 functions)) {
  Buffer small = make(SMALL), large = make(SMALL * GROWTH);
  double ratio = best_time(step, &large) / best_time(step, &small);
  wm_buffer_free(&small);
  wm_buffer_free(&large);
  if (ratio > most) fail_msg("%u times the functions take %.1f times as long", GROWTH, ratio);
}

static void load_module(const Buffer *bytes) {
  Config config = config_of();
  Engine *engine = wm_engine_new(&config);
  LoadedModule *lm = wm_engine_load(engine, bytes->data, bytes->len, NULL);
  assert_non_null(lm);
  wm_loaded_release(lm);
  wm_engine_release(engine);
}

static void compiling(void **state) {
  (void)state;
  grows_linearly(load_module, module_of);
}

static Buffer artifact_of(u32 functions) {
  Config config = config_of();
  Engine *engine = wm_engine_new(&config);
  Buffer binary = module_of(functions), out = {0};
  LoadedModule *lm = wm_engine_load(engine, binary.data, binary.len, NULL);
  assert_non_null(lm);
  assert_true(wm_engine_serialize(lm, &out));
  wm_loaded_release(lm);
  wm_buffer_free(&binary);
  wm_engine_release(engine);
  return out;
}

static void deserialize(const Buffer *bytes) {
  Config config = config_of();
  Engine *engine = wm_engine_new(&config);
  Error err = {0};
  LoadedModule *lm = wm_engine_deserialize(engine, bytes->data, bytes->len, &err);
  if (!lm) fail_msg("%s", err.message);
  wm_loaded_release(lm);
  wm_engine_release(engine);
}

static void reading_artifacts(void **state) {
  (void)state;
  grows_linearly(deserialize, artifact_of);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(compiling),
      cmocka_unit_test(reading_artifacts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
