/* The host's sources of linear memory (memory_source.h). */
#include "runtime/memory_source.h"

#include <stdlib.h>

MemorySource *wm_memory_source_new(const MemorySource *hooks) {
  MemorySource *source = malloc(sizeof *source);
  if (!source) return NULL;
  *source = *hooks;
  atomic_init(&source->references, 1);
  return source;
}

void wm_memory_source_retain(MemorySource *source) {
  if (source) atomic_fetch_add_explicit(&source->references, 1, memory_order_relaxed);
}

void wm_memory_source_release(MemorySource *source) {
  if (!source || atomic_fetch_sub_explicit(&source->references, 1, memory_order_acq_rel) != 1)
    return;
  if (source->finalizer) source->finalizer(source->env);
  free(source);
}
