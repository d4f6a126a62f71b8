/* What a store's heap tells of itself: how long collections took, how many bytes there are. */
#ifndef WM_RUNTIME_HEAP_STATS_H
#define WM_RUNTIME_HEAP_STATS_H

#include "base/base.h"

/* How long collections took: a histogram of eight steps an octave. */
enum { PAUSE_STEPS_LOG2 = 3, PAUSE_MIN_LOG2 = 10, PAUSE_MAX_LOG2 = 40 };
typedef struct GcPauses {
  u64 count, total_ns, max_ns, last_ns;
  u32 steps[(PAUSE_MAX_LOG2 - PAUSE_MIN_LOG2) << PAUSE_STEPS_LOG2];
} GcPauses;
/* The time that so many of a thousand pauses did not pass, rounded up to a step; 0: there was none.
 */
u64 wm_gc_pause_ns(const GcPauses *pauses, u32 per_mille);

typedef struct GcStats {
  GcPauses minor, full; /* collections of the young alone, and of everything */
  u64 abandoned;        /* full ones that an interrupt or a deadline ended; in no histogram */
  u64 allocated_bytes;  /* since the store's beginning */
  u64 live_bytes;       /* what the last collection kept (a minor one: all that is old, too) */
  u64 committed_bytes;  /* what the limits count, and the system gave */
  u64 peak_committed_bytes;
} GcStats;
typedef struct Heap Heap;
/* All 0 while the store has no heap. The store's thread. */
void wm_heap_stats(const Heap *heap, GcStats *stats);
void wm_gc_pause_add(GcPauses *pauses, u64 ns);

#endif
