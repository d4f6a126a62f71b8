/* The compiler's memory is bounded whatever a function looks like: by its own account, and by what
 * the process takes. What would need more is refused as too large, and stays interpreted. */
#include "jit/jit.h"
#include "jit/shapes.h"
#include "runtime/fixture.h"
#include "support/sanitizer.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_MB = 256 };
#if UNDER_ASAN
static const size_t sizes[] = {50000};
#else
static const size_t sizes[] = {100000, 400000, 2000000};
#endif

static u64 peak_mb(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (u64)usage.ru_maxrss / 1024;
}

static LoadedModule *load_shape(Engine *engine, const Shape *shape, size_t bytes) {
  Buffer module = shape_module(shape, bytes);
  Error err = {0};
  LoadedModule *lm = wm_engine_read(engine, module.data, module.len, &err);
  wm_buffer_free(&module);
  if (!lm) fail_msg("%s: %s", shape->name, err.message);
  return lm;
}

/* In a process of its own. */
static int compile_shape(const Fixture *f, const Shape *shape, size_t bytes) {
  LoadedModule *lm = load_shape(f->engine, shape, bytes);
  JitOptions options = wm_engine_jit_options(f->engine);
  options.verify = false;
  Compile *c = wm_jit_new();
  u64 before = peak_mb();
  JitResult result = wm_jit_compile(c, lm, 0, 0, &options);
  u64 grown = peak_mb() - before, account = c->peak_bytes >> 20;
  bool good = (result == JIT_DONE || result == JIT_TOO_LARGE) && account <= MAX_MB &&
              (UNDER_ASAN || grown <= MAX_MB);
  if (!good)
    fprintf(stderr, "%s of %zu bytes: result %d, %llu MB by its account, %llu MB of the process\n",
            shape->name, bytes, (int)result, (unsigned long long)account,
            (unsigned long long)grown);
  wm_jit_delete(c);
  wm_loaded_release(lm);
  return !good;
}

static void compile_apart(const Fixture *f, const Shape *shape, size_t bytes) {
  pid_t child = fork();
  if (child == 0) _exit(compile_shape(f, shape, bytes));
  int status = -1;
  assert_true(child > 0 && waitpid(child, &status, 0) == child);
  if (status) fail_msg("%s of %zu bytes: status %d", shape->name, bytes, status);
}

static void every_shape_keeps_the_budget(void **state) {
  for (u32 i = 0; i < shape_count; i++)
    for (u32 k = 0; k < ARRAY_LEN(sizes); k++) compile_apart(*state, &shapes[i], sizes[k]);
}

static const Shape *shape_named(const char *name) {
  for (u32 i = 0; i < shape_count; i++)
    if (!strcmp(shapes[i].name, name)) return &shapes[i];
  fail_msg("no shape %s", name);
  return NULL;
}

static JitResult compile(const Fixture *f, const char *name, size_t bytes, double *ratio) {
  LoadedModule *lm = load_shape(f->engine, shape_named(name), bytes);
  JitOptions options = wm_engine_jit_options(f->engine);
  options.verify = false;
  Compile *c = wm_jit_new();
  JitResult result = wm_jit_compile(c, lm, 0, 0, &options);
  *ratio = (double)c->peak_bytes / lm->module.funcs[0].code_bytes;
  wm_jit_delete(c);
  wm_loaded_release(lm);
  return result;
}

/* Of code as compilers write it. */
static void a_large_body_takes_fifty_times_its_size(void **state) {
  double ratio;
  assert_int_equal(compile(*state, "plain", 2000000, &ratio), JIT_DONE);
  if (ratio > 50) fail_msg("%.1f bytes of memory a byte of wasm", ratio);
}

static void environments_end_with_their_labels(void **state) {
  double ratio;
  assert_int_equal(compile(*state, "locals_and_blocks", 300000, &ratio), JIT_DONE);
  if (ratio > 100) fail_msg("%.1f bytes of memory a byte of wasm", ratio);
}

/* What becomes far more than it is, as a large body: not worth the time. */
static void what_explodes_stays_interpreted(void **state) {
  double ratio;
  assert_int_equal(compile(*state, "short_divisions", 20000, &ratio), JIT_DONE);
  assert_int_equal(compile(*state, "short_divisions", 200000, &ratio), JIT_TOO_LARGE);
  assert_int_equal(compile(*state, "nested_loops", 50000, &ratio), JIT_TOO_LARGE);
  assert_true(ratio < 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_shape_keeps_the_budget, setup, teardown),
      cmocka_unit_test_setup_teardown(a_large_body_takes_fifty_times_its_size, setup, teardown),
      cmocka_unit_test_setup_teardown(environments_end_with_their_labels, setup, teardown),
      cmocka_unit_test_setup_teardown(what_explodes_stays_interpreted, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
