/* What the heap tells of itself: pauses, bytes (heap.h). */
#include "runtime/heap.h"

/* ---- pauses ---- */

enum { STEPS = 1 << PAUSE_STEPS_LOG2 };

/* The number of the step that the time falls in. */
static u32 step_of(u64 ns) {
  u64 clamped = max_u64(ns, UINT64_C(1) << PAUSE_MIN_LOG2);
  u32 log2 = 63 - (u32)__builtin_clzll(clamped);
  if (log2 >= PAUSE_MAX_LOG2) return ((PAUSE_MAX_LOG2 - PAUSE_MIN_LOG2) << PAUSE_STEPS_LOG2) - 1;
  u32 within = (u32)(clamped >> (log2 - PAUSE_STEPS_LOG2)) & (STEPS - 1);
  return ((log2 - PAUSE_MIN_LOG2) << PAUSE_STEPS_LOG2) + within;
}

/* Where the step ends. */
static u64 end_of_step(u32 step) {
  u32 shift = PAUSE_MIN_LOG2 - PAUSE_STEPS_LOG2 + (step >> PAUSE_STEPS_LOG2);
  return (u64)(STEPS + (step & (STEPS - 1)) + 1) << shift;
}

void wm_gc_pause_add(GcPauses *p, u64 ns) {
  p->count++;
  p->total_ns += ns;
  p->last_ns = ns;
  p->max_ns = max_u64(p->max_ns, ns);
  p->steps[step_of(ns)]++;
}

u64 wm_gc_pause_ns(const GcPauses *p, u32 per_mille) {
  u64 wanted = (p->count * per_mille + 999) / 1000, seen = 0;
  for (u32 i = 0; i < ARRAY_LEN(p->steps); i++) {
    seen += p->steps[i];
    if (seen && seen >= wanted) return min_u64(end_of_step(i), p->max_ns);
  }
  return 0;
}

/* ---- all of it ---- */

void wm_heap_stats(const Heap *h, GcStats *stats) {
  *stats = h ? h->stats : (GcStats){0};
  if (!h) return;
  stats->allocated_bytes += h->since_bytes;
  stats->committed_bytes = heap_bytes(h);
  stats->peak_committed_bytes = max_u64(stats->peak_committed_bytes, stats->committed_bytes);
}
