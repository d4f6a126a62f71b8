/* What calls of component functions cost: medians of several rounds. Usage: bench_components
 * FILE [COUNT [FUNCTION]] (tests/component/seeds/bench.wasm); with a count, that many calls of each
 * kind once, for counters of instructions; and a function's name, of that only. */
#include "component_bench.h"

#include <stdlib.h>
#include <string.h>

enum { MEGABYTE = 1 << 20 };

/* ---- the host ---- */

static wasm_trap_t *add(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                        wasmcm_val_t *result) {
  (void)env, (void)call;
  *result = (wasmcm_val_t){.kind = WASMCM_U32};
  result->of.u64 = (uint32_t)(args[0].of.u64 + args[1].of.u64);
  return NULL;
}

static wasm_trap_t *same(void *env, wasmcm_call_t *call, const wasmcm_val_t *args,
                         wasmcm_val_t *result) {
  (void)env, (void)call;
  *result = args[0];
  return NULL;
}

/* ---- what is measured ---- */

typedef struct Bench {
  const char *what, *func;
  int count;                /* calls */
  const wasmcm_val_t *args; /* of each; NULL: one call, with the count */
} Bench;

static void run(const wasmcm_func_t *func, const Bench *b) {
  wasmcm_val_t count = {.kind = WASMCM_U32, .of.u64 = (uint64_t)b->count};
  wasmcm_result_t result;
  for (int i = 0; i < (b->args ? b->count : 1); i++) {
    check(wasmcm_func_call(func, b->args ? b->args : &count, &result));
    wasmcm_result_delete(&result);
  }
}

static double measure(const wasmcm_func_t *func, const Bench *b) {
  double times[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    double start = now_ns();
    run(func, b);
    times[i] = (now_ns() - start) / b->count;
  }
  return median_of(times);
}

/* One copy of a megabyte, into memory that was used before. */
static double measure_copy(char *from) {
  char *to = malloc(MEGABYTE);
  double times[ROUNDS];
  if (!to) abort();
  for (int i = 0; i < ROUNDS; i++) {
    double start = now_ns();
    for (int n = 0; n < 100; n++) {
      memcpy(to, from, MEGABYTE);
      from[n] = to[n + 1];
    }
    times[i] = (now_ns() - start) / 100;
  }
  free(to);
  return median_of(times);
}

/* ---- the scene ---- */

static wasmcm_linker_t *linker_of(wasm_store_t *store) {
  wasmcm_linker_t *linker = wasmcm_linker_new(store);
  wasmcm_linker_define_func(linker, NULL, "host-add", add, NULL, NULL);
  wasmcm_linker_define_func(linker, NULL, "host-text", same, NULL, NULL);
  wasmcm_linker_define_func(linker, NULL, "host-bytes", same, NULL, NULL);
  return linker;
}

static void report(const wasmcm_instance_t *instance, const Bench *b, double copy, bool once) {
  wasmcm_func_t *func = wasmcm_instance_func(instance, NULL, b->func);
  if (!func) abort();
  if (once) {
    run(func, b);
  } else {
    double ns = measure(func, b);
    printf("%-42s %10.1f ns", b->what, ns);
    if (ns > copy) printf("  %5.2f copies", ns / copy);
    puts("");
  }
  wasmcm_func_delete(func);
}

int main(int argc, char **argv) {
  static char text[] = "a text of thirty-two characters!";
  char *megabyte = calloc(1, MEGABYTE);
  wasm_engine_t *engine = wasm_engine_new();
  wasm_store_t *store = wasm_store_new(engine);
  wasmcm_instance_t *instance = argc > 1 ? instance_of(engine, linker_of(store), argv[1]) : NULL;
  if (!instance || !megabyte) return 1;
  int count = argc > 2 ? atoi(argv[2]) : 0;
  wasmcm_val_t numbers[] = {{.kind = WASMCM_U32, .of.u64 = 1}, {.kind = WASMCM_U32, .of.u64 = 2}};
  wasmcm_val_t string = {.kind = WASMCM_STRING, .of.string = {text, 32}};
  wasmcm_val_t list = {.kind = WASMCM_LIST, .of.numbers = {megabyte, MEGABYTE}};
  wasmcm_val_t size = {.kind = WASMCM_U32, .of.u64 = MEGABYTE};
  const Bench benches[] = {
      {"host -> guest, two integers", "add", 200000, numbers},
      {"host -> guest, string of 32 bytes and back", "text", 100000, &string},
      {"host -> guest, list of 1 MB", "take", 200, &list},
      {"guest -> host, list of 1 MB as result", "give", 200, &size},
      {"host -> guest, list of 1 MB and back", "bytes", 200, &list},
      {"guest -> host, two integers", "host-adds", 200000, NULL},
      {"guest -> host, string and back", "host-texts", 100000, NULL},
      {"guest -> host, list of 1 MB and back", "host-byte-lists", 200, NULL},
      {"guest -> guest, two integers", "guest-adds", 200000, NULL},
      {"guest -> guest, string and back", "guest-texts", 100000, NULL},
      {"guest -> guest, list of 1 MB and back", "guest-byte-lists", 200, NULL}};
  double copy = count ? 0 : measure_copy(megabyte);
  if (!count) printf("%-42s %10.1f ns\n", "memcpy of 1 MB", copy);
  for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
    Bench b = benches[i];
    if (count) b.count = count;
    if (argc < 4 || strcmp(argv[3], b.func) == 0) report(instance, &b, copy, count != 0);
  }
  wasmcm_instance_delete(instance);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  free(megabyte);
  return 0;
}
