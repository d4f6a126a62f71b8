/* What was compiled and what was not, what was collected: see tool.h. */
#include "tools/tool.h"

#include <stdio.h>

typedef unsigned long long Number;

wasmx_engine_stats_t stats_of(const wasm_engine_t *engine) {
  wasmx_engine_stats_t stats = {.size = sizeof stats};
  wasmx_engine_stats(engine, &stats);
  return stats;
}

static uint64_t failures_of(const wasmx_engine_stats_t *s) {
  return s->not_implemented + s->too_large + s->out_of_memory + s->rejected + s->not_published;
}

/* "2 too large, 1 not published"; "" when nothing failed. */
static void describe_failures(const wasmx_engine_stats_t *s, char *out, size_t size) {
  const uint64_t counts[] = {s->not_implemented, s->too_large, s->out_of_memory, s->rejected,
                             s->not_published};
  static const char *const names[] = {"not implemented", "too large", "out of memory",
                                      "rejected by the compiler's checks", "not published"};
  size_t len = 0;
  out[0] = 0;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0] && len < size; i++)
    if (counts[i])
      len += (size_t)snprintf(out + len, size - len, "%s%llu %s", len ? ", " : "",
                              (Number)counts[i], names[i]);
  if (s->trouble[0] && len < size) snprintf(out + len, size - len, " (%s)", printable(s->trouble));
}

void print_stats(const wasm_engine_t *engine, FILE *out) {
  wasmx_engine_stats_t s = stats_of(engine);
  char failures[512];
  describe_failures(&s, failures, sizeof failures);
  double ms = (double)s.compile_ns / 1e6, mb = (double)s.wasm_bytes / 1e6;
  fprintf(out, "functions:  %llu compiled, %llu interpreted\n", (Number)s.native_functions,
          (Number)(s.functions - s.native_functions));
  fprintf(out, "loops:      %llu compiled\n", (Number)s.native_loops);
  fprintf(out, "asked for:  %llu; failed: %s\n", (Number)s.asked, failures[0] ? failures : "none");
  fprintf(out, "by helpers: %llu instructions\n", (Number)s.helper_instructions);
  fprintf(out, "code:       %llu bytes from %llu of wasm in %.3f ms", (Number)s.code_bytes,
          (Number)s.wasm_bytes, ms);
  fprintf(out, ms > 0 ? ", %.1f MB/s\n" : "\n", ms > 0 ? mb / ms * 1e3 : 0);
  fprintf(out, "memories:   %llu new, %llu in the place of others; %llu from %llu images",
          (Number)s.memories_fresh, (Number)s.memories_reused, (Number)s.memories_imaged,
          (Number)s.memory_images);
  if (s.memory_images_refused)
    fprintf(out, ", %llu images not to be had", (Number)s.memory_images_refused);
  fputc('\n', out);
}

static double ms_of(uint64_t ns) { return (double)ns / 1e6; }

static void print_pauses(const char *what, const wasmx_pauses_t *p, FILE *out) {
  fprintf(out, "%s %llu collections, %.3f ms; pauses p50 %.3f, p99 %.3f, max %.3f ms\n", what,
          (Number)p->count, ms_of(p->total_ns), ms_of(p->p50_ns), ms_of(p->p99_ns),
          ms_of(p->max_ns));
}

void print_heap_stats(const wasm_store_t *store, FILE *out) {
  wasmx_heap_stats_t s = {.size = sizeof s};
  wasmx_store_heap_stats(store, &s);
  fprintf(out, "heap:       %llu bytes allocated, %llu live, %llu in use, %llu at most\n",
          (Number)s.allocated_bytes, (Number)s.live_bytes, (Number)s.committed_bytes,
          (Number)s.peak_bytes);
  print_pauses("young:     ", &s.young, out);
  print_pauses("full:      ", &s.full, out);
  if (s.abandoned) fprintf(out, "abandoned:  %llu collections\n", (Number)s.abandoned);
}

int check_compiled(const wasm_engine_t *engine, wasmx_tier_t tier) {
  wasmx_engine_stats_t s = stats_of(engine);
  char failures[512];
  describe_failures(&s, failures, sizeof failures);
  if (tier == WASMX_TIER_JIT && s.native_functions != s.functions)
    return complain("%llu of %llu functions stayed interpreted: %s",
                    (Number)(s.functions - s.native_functions), (Number)s.functions,
                    failures[0] ? failures : "no failure was told");
  if (failures_of(&s)) return complain("not everything could be compiled: %s", failures);
  if (s.compiled_functions + s.compiled_loops > 0 && s.native_functions + s.native_loops == 0)
    return complain("what was compiled is not used");
  return STATUS_OK;
}
