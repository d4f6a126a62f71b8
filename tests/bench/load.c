/* How fast a module is made ready: decoding with validation, and translation of every function, in
 * MB of wasm a second; internal code a byte of wasm. Then the compiler alone, in one thread, in a
 * line that programs can read. Usage: load FILE.wasm [ROUNDS] */
#include "base/buffer.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int compare(const void *a, const void *b) {
  u64 x = *(const u64 *)a, y = *(const u64 *)b;
  return (x > y) - (x < y);
}

static double megabytes_a_second(u64 *times, int count, size_t bytes) {
  qsort(times, (size_t)count, sizeof *times, compare);
  return (double)bytes * 1e3 / (double)times[count / 2];
}

static bool read_file(const char *path, Buffer *out) {
  FILE *file = fopen(path, "rb");
  size_t got = 1;
  while (file && got && wm_buffer_reserve(out, 1 << 20)) {
    got = fread(out->data + out->len, 1, 1 << 20, file);
    out->len += got;
  }
  if (file) fclose(file);
  return file && !out->failed;
}

/* ---- the compiler ---- */

#if WITH_JIT

enum { LARGE_BYTES = 16 << 10 }; /* a function whose compilation's memory says something */

typedef struct Compiled {
  u64 cpu_ns, wasm_bytes, code_bytes, peak_bytes;
  u32 functions, refused;
} Compiled;

static u64 cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* Every function once; nothing is published. */
static Compiled compile_all(Compile *c, const LoadedModule *lm, const JitOptions *options) {
  const Module *m = &lm->module;
  Compiled sum = {.functions = m->func_count - m->func_import_count};
  u64 start = cpu_ns();
  for (u32 f = m->func_import_count; f < m->func_count; f++) {
    bool done = wm_jit_compile(c, lm, f, 0, options) == JIT_DONE;
    sum.refused += !done;
    sum.wasm_bytes += done ? m->funcs[f].code_bytes : 0;
    sum.code_bytes += done ? c->code.len : 0;
    sum.peak_bytes = max_u64(sum.peak_bytes, c->peak_bytes);
  }
  sum.cpu_ns = cpu_ns() - start;
  return sum;
}

/* The largest memory of a compilation as a multiple of its function, of those that are large. */
static double memory_ratio(const LoadedModule *lm, const JitOptions *options) {
  const Module *m = &lm->module;
  double worst = 0;
  for (u32 f = m->func_import_count; f < m->func_count; f++) {
    if (m->funcs[f].code_bytes < LARGE_BYTES) continue;
    Compile *c = wm_jit_new(); /* memory of another function would count */
    if (c && wm_jit_compile(c, lm, f, 0, options) == JIT_DONE) {
      double ratio = (double)c->peak_bytes / m->funcs[f].code_bytes;
      if (ratio > worst) worst = ratio;
    }
    wm_jit_delete(c);
  }
  return worst;
}

/* The best of the rounds: what disturbs only makes it slower. */
static bool print_compiler(const LoadedModule *lm, const JitOptions *options, int rounds) {
  Compile *c = wm_jit_new();
  if (!c) return false;
  Compiled best = {.cpu_ns = UINT64_MAX};
  for (int i = 0; i < rounds; i++) {
    Compiled one = compile_all(c, lm, options);
    if (one.cpu_ns < best.cpu_ns) best = one;
  }
  wm_jit_delete(c);
  double bytes = (double)(best.wasm_bytes ? best.wasm_bytes : 1);
  printf("jit: functions=%u refused=%u wasm_bytes=%llu code_bytes=%llu cpu_s=%.4f mb_per_s=%.2f "
         "code_per_wasm=%.3f peak_bytes=%llu memory_ratio=%.1f\n",
         best.functions, best.refused, (unsigned long long)best.wasm_bytes,
         (unsigned long long)best.code_bytes, (double)best.cpu_ns / 1e9,
         bytes * 1e3 / (double)best.cpu_ns, (double)best.code_bytes / bytes,
         (unsigned long long)best.peak_bytes, memory_ratio(lm, options));
  return true;
}

/* With what the engine compiles by itself. */
static bool measure_compiler(Engine *engine, const Buffer *bytes, int rounds) {
  Error err = {0};
  LoadedModule *lm = wm_engine_read(engine, bytes->data, bytes->len, &err);
  JitOptions options = wm_engine_jit_options(engine);
  bool good = lm && print_compiler(lm, &options, rounds);
  if (lm) wm_loaded_release(lm);
  return good;
}

#else

static bool measure_compiler(Engine *engine, const Buffer *bytes, int rounds) {
  (void)engine;
  (void)bytes;
  (void)rounds;
  return true;
}

#endif

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[2]) : 7;
  Buffer bytes = {0};
  if (argc < 2 || rounds < 1 || !read_file(argv[1], &bytes)) {
    fprintf(stderr, "usage: load FILE.wasm [ROUNDS]\n");
    return 2;
  }
  Engine *engine = wm_engine_new(NULL);
  u64 *validated = calloc((size_t)rounds, sizeof *validated);
  u64 *translated = calloc((size_t)rounds, sizeof *translated);
  size_t body_bytes = 0, cell_bytes = 0;
  for (int i = 0; i < rounds; i++) {
    Error err = {0};
    u64 start = wm_os_monotonic_ns();
    if (!wm_engine_validate(engine, bytes.data, bytes.len, &err)) {
      fprintf(stderr, "load: byte %llu: %s\n", (unsigned long long)err.offset, err.message);
      return 1;
    }
    validated[i] = wm_os_monotonic_ns() - start;
    LoadedModule *lm = wm_engine_load(engine, bytes.data, bytes.len, &err);
    if (!lm) return 1;
    const Module *m = &lm->module;
    body_bytes = cell_bytes = 0;
    start = wm_os_monotonic_ns();
    for (u32 f = 0; f < m->func_count - m->func_import_count; f++)
      if (!wm_interp_translate(&lm->codes[f])) return 1;
    translated[i] = wm_os_monotonic_ns() - start;
    for (u32 f = 0; f < m->func_count - m->func_import_count; f++) {
      const FuncCode *code = &lm->codes[f];
      const u8 *first = code->cells;
      body_bytes += m->funcs[m->func_import_count + f].code_bytes;
      cell_bytes += (size_t)((const u8 *)code->code_end - first);
    }
    wm_loaded_release(lm);
  }
  printf("%zu bytes, %zu of code\n", bytes.len, body_bytes);
  printf("decode and validate  %7.1f MB/s\n", megabytes_a_second(validated, rounds, bytes.len));
  printf("translate            %7.1f MB/s of code\n",
         megabytes_a_second(translated, rounds, body_bytes));
  printf("internal code        %7.2f bytes a byte of code\n",
         (double)cell_bytes / (double)(body_bytes ? body_bytes : 1));
  bool good = !wm_config_can_compile() || measure_compiler(engine, &bytes, rounds);
  free(validated);
  free(translated);
  wm_buffer_free(&bytes);
  wm_engine_release(engine);
  return !good;
}
