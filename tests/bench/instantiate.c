/* What an instance costs, made and deleted: medians of several rounds, in nanoseconds of CPU time,
 * of modules made here and of files (whose imports are functions). "first" is the module's first
 * one, which nothing was prepared for; "touched" calls an export that writes to so many pages; "8
 * threads" share the module, each with a store of its own.
 *
 * Usage: bench_instantiate [FILE.wasm]...   bench_instantiate --only NAME COUNT (for strace, perf)
 */
#include <wasmx.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, THREADS = 8 };
static const int most_a_round = 20000;

/* Of this thread or of all: what others on the machine take is not counted. */
static double cpu_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- modules ---- */

/* `pages` of 64 KiB, the first data_bytes of them from a segment; an export that writes to n of the
 * system's pages. */
typedef struct Shape {
  const char *name;
  unsigned pages, data_bytes, touched;
} Shape;

static const Shape shapes[] = {
    {"no memory", 0, 0, 0},
    {"64 KiB, 16 bytes of data", 1, 16, 0},
    {"64 KiB, 16 bytes, 4 touched", 1, 16, 4},
    {"64 KiB, 16 KiB of data", 1, 16 << 10, 0},
    {"256 KiB, 64 KiB of data", 4, 64 << 10, 0},
    {"256 KiB, 64 KiB, 4 touched", 4, 64 << 10, 4},
    {"1 MiB of data", 16, 1 << 20, 0},
    {"1 MiB of data, 4 touched", 16, 1 << 20, 4},
    {"1 MiB of data, 64 touched", 16, 1 << 20, 64},
    {"16 MiB, 4 KiB of data", 256, 4 << 10, 0},
    {"16 MiB, 4 KiB, 4 touched", 256, 4 << 10, 4},
    {"16 MiB, 256 KiB of data", 256, 256 << 10, 0},
};

static const char head[] =
    "(module (func (export \"touch\") (param $n i32)\n"
    "  (loop $next (if (local.get $n) (then\n"
    "    (local.set $n (i32.sub (local.get $n) (i32.const 1)))\n"
    "    (i32.store (i32.shl (local.get $n) (i32.const 12)) (i32.const 1)) (br $next)))))\n"
    "  (memory (export \"memory\") %u) (data (i32.const 0) \"";

static char *text_of(const Shape *s) {
  char *text = malloc(sizeof head + 64 + 3 * (size_t)s->data_bytes);
  if (!text) abort();
  if (!s->pages) return strcpy(text, "(module (func (export \"touch\") (param i32)))");
  char *at = text + sprintf(text, head, s->pages);
  for (unsigned i = 0; i < s->data_bytes; i++) at += sprintf(at, "\\%02x", (i * 7 + i / 256) & 255);
  strcpy(at, "\"))");
  return text;
}

static wasm_module_t *shape_module(wasm_store_t *store, const Shape *s) {
  char *text = text_of(s);
  wasm_byte_vec_t source = {strlen(text), text};
  wasm_module_t *module = wasmx_module_new(store, &source, WASMX_ALLOW_TEXT, NULL);
  free(text);
  if (!module) abort();
  return module;
}

/* ---- imports: functions only ---- */

static wasm_trap_t *nothing(const wasm_val_vec_t *args, wasm_val_vec_t *results) {
  (void)args;
  for (size_t i = 0; i < results->size; i++) results->data[i].of.i64 = 0;
  return NULL;
}

static void imports_new(wasm_store_t *store, const wasm_module_t *module, wasm_extern_vec_t *out) {
  wasm_importtype_vec_t types;
  wasm_module_imports(module, &types);
  wasm_extern_vec_new_uninitialized(out, types.size);
  for (size_t i = 0; i < types.size; i++) {
    const wasm_functype_t *type =
        wasm_externtype_as_functype_const(wasm_importtype_type(types.data[i]));
    out->data[i] = type ? wasm_func_as_extern(wasm_func_new(store, type, nothing)) : NULL;
  }
  wasm_importtype_vec_delete(&types);
}

/* ---- measuring ---- */

static void one(wasm_store_t *store, const wasm_module_t *module, const wasm_extern_vec_t *imports,
                unsigned touched) {
  wasm_instance_t *instance = wasm_instance_new(store, module, imports, NULL);
  if (!instance) {
    fprintf(stderr, "%s\n", wasmx_last_error()->message);
    exit(1);
  }
  if (touched) {
    wasmx_slot_t slots[1] = {{.u64 = touched}};
    wasm_func_t *touch = wasmx_instance_func(instance, "touch");
    if (wasmx_func_call_raw(touch, slots)) abort();
    wasm_func_delete(touch);
  }
  wasm_instance_delete(instance);
}

static double many(wasm_store_t *store, const wasm_module_t *module, unsigned touched, int count) {
  wasm_extern_vec_t imports;
  imports_new(store, module, &imports);
  double start = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
  for (int i = 0; i < count; i++) one(store, module, &imports, touched);
  double took = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start;
  wasm_extern_vec_delete(&imports);
  return took / count;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

typedef struct Job {
  pthread_t thread;
  wasm_engine_t *engine;
  wasm_shared_module_t *shared;
  unsigned touched;
  int count;
} Job;

static void *run_job(void *env) {
  const Job *job = env;
  wasm_store_t *store = wasm_store_new(job->engine);
  wasm_module_t *module = wasm_module_obtain(store, job->shared);
  many(store, module, job->touched, job->count);
  wasm_module_delete(module);
  wasm_store_delete(store);
  return NULL;
}

/* For each instance of all threads, threads and stores included. */
static double together(wasm_engine_t *engine, const wasm_module_t *module, unsigned touched,
                       int count) {
  Job jobs[THREADS];
  wasm_shared_module_t *shared = wasm_module_share(module);
  double start = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (Job){.engine = engine, .shared = shared, .touched = touched, .count = count};
    if (pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i])) abort();
  }
  for (int i = 0; i < THREADS; i++) pthread_join(jobs[i].thread, NULL);
  wasm_shared_module_delete(shared);
  return (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / (count * (double)THREADS);
}

static void measure(wasm_engine_t *engine, wasm_store_t *store, const wasm_module_t *module,
                    const char *name, unsigned touched) {
  double rounds[ROUNDS], first = many(store, module, touched, 1);
  double guess = many(store, module, touched, 20);
  int count = guess * most_a_round < 1e7 ? most_a_round : (int)(1e7 / guess) + 5;
  for (int i = 0; i < ROUNDS; i++) rounds[i] = many(store, module, touched, count);
  qsort(rounds, ROUNDS, sizeof *rounds, compare);
  printf("%-32s %10.0f %10.0f %10.0f\n", name, first, rounds[ROUNDS / 2],
         together(engine, module, touched, count));
}

static void measure_file(wasm_engine_t *engine, wasm_store_t *store, const char *path) {
  wasm_module_t *module = wasmx_module_new_file(store, path, WASMX_ALLOW_TEXT, NULL);
  if (!module) {
    fprintf(stderr, "%s: %s\n", path, wasmx_last_error()->message);
    exit(1);
  }
  measure(engine, store, module, path, 0);
  wasm_module_delete(module);
}

static int run_only(wasm_engine_t *engine, wasm_store_t *store, const char *name, int count) {
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    if (strcmp(shapes[i].name, name) != 0) continue;
    wasm_module_t *module = shape_module(store, &shapes[i]);
    printf("%.0f ns\n", count > 0 ? many(store, module, shapes[i].touched, count)
                                  : together(engine, module, shapes[i].touched, -count));
    wasm_module_delete(module);
    return 0;
  }
  return 1;
}

int main(int argc, char **argv) {
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  int status = 0;
  if (argc == 4 && !strcmp(argv[1], "--only")) {
    status = run_only(engine, store, argv[2], atoi(argv[3]));
  } else {
    printf("%-32s %10s %10s %10s\n", "ns an instance", "first", "median", "8 threads");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
      wasm_module_t *module = shape_module(store, &shapes[i]);
      measure(engine, store, module, shapes[i].name, shapes[i].touched);
      wasm_module_delete(module);
    }
    for (int i = 1; i < argc; i++) measure_file(engine, store, argv[i]);
  }
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return status;
}
