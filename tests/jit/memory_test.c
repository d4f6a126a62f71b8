/* The compiler's memory is bounded whatever a function looks like: by its own account, and by what
 * the process takes. What would need more is refused as too large, and stays interpreted. */
#include "jit/jit.h"
#include "jit/shapes.h"
#include "runtime/fixture.h"
#include "support/sanitizer.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  BUDGET_MB = 256,
  SLACK_MB = 24, /* of the allocator, and what is not the compiler's */
#if UNDER_ASAN
  BODY_BYTES = 50000,
#else
  BODY_BYTES = 400000,
#endif
};

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
static int compile_shape(const Fixture *f, const Shape *shape) {
  LoadedModule *lm = load_shape(f->engine, shape, BODY_BYTES);
  JitOptions options = wm_engine_jit_options(f->engine);
  options.verify = false;
  Compile *c = wm_jit_new();
  u64 before = peak_mb();
  JitResult result = wm_jit_compile(c, lm, 0, 0, &options);
  u64 grown = peak_mb() - before, account = c->peak_bytes >> 20;
  bool good = (result == JIT_DONE || result == JIT_TOO_LARGE) && account <= BUDGET_MB &&
              (UNDER_ASAN || grown <= BUDGET_MB + SLACK_MB);
  if (!good)
    fprintf(stderr, "%s: result %d, %llu MB by its account, %llu MB of the process\n", shape->name,
            (int)result, (unsigned long long)account, (unsigned long long)grown);
  wm_jit_delete(c);
  wm_loaded_release(lm);
  return !good;
}

static void every_shape_keeps_the_budget(void **state) {
  for (u32 i = 0; i < shape_count; i++) {
    pid_t child = fork();
    if (child == 0) _exit(compile_shape(*state, &shapes[i]));
    int status;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    if (status) fail_msg("%s: status %d", shapes[i].name, status);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_shape_keeps_the_budget, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
