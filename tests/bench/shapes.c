/* What functions of expensive shapes (tests/jit/shapes.c) cost the compiler: CPU seconds a MB of
 * wasm, memory a byte of wasm by its own account, peak memory of the process, and how it ended.
 * Usage: shapes [MEGABYTES] [SHAPE] */
#include "jit/shapes.h"
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double peak_mb(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss / 1024;
}

static int measure(const Shape *shape, size_t bytes) {
  static const char *const ends[] = {"compiled",        "out of memory", "too large",
                                     "not implemented", "trouble",       "not published"};
  Engine *engine = wm_engine_new(NULL);
  Buffer module = shape_module(shape, bytes);
  Error err = {0};
  LoadedModule *lm = wm_engine_read(engine, module.data, module.len, &err);
  if (!lm) {
    printf("%-20s refused: %s\n", shape->name, err.message);
    return 0;
  }
  JitOptions options = wm_engine_jit_options(engine);
  double before_mb = peak_mb(), start = cpu_seconds();
  if (!wm_loaded_learn(lm, 0)) return 1;
  double learnt = cpu_seconds(), learnt_mb = peak_mb();
  Compile *c = wm_jit_new();
  JitResult result = wm_jit_compile(c, lm, 0, 0, &options);
  double megabytes = lm->module.funcs[0].code_bytes / 1e6;
  printf(
      "%-20s %6.2f MB  learn %5.2f  compile %5.2f s/MB  %5.1f B/B  process %+5.0f %+5.0f MB  %s\n",
      shape->name, megabytes, (learnt - start) / megabytes, (cpu_seconds() - learnt) / megabytes,
      (double)c->peak_bytes / 1e6 / megabytes, learnt_mb - before_mb, peak_mb() - learnt_mb,
      ends[result]);
  return 0;
}

/* In a process of its own, whose peak is the shape's. */
static bool measure_apart(const Shape *shape, size_t bytes) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) exit(measure(shape, bytes));
  int status;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(int argc, char **argv) {
  double megabytes = argc > 1 ? atof(argv[1]) : 2;
  bool good = true;
  for (u32 i = 0; i < shape_count; i++)
    if (argc < 3 || !strcmp(argv[2], shapes[i].name))
      good &= measure_apart(&shapes[i], (size_t)(megabytes * 1e6));
  return !good;
}
