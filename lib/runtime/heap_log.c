/* The write barrier's slow way (heap.h): old objects in which references were stored since the last
 * collection. */
#include "runtime/heap.h"

void wm_heap_log(Heap *h, HeapObject *o, const void *place) {
  (void)h;
  (void)place;
  o->word &= ~(u32)HEAP_UNLOGGED;
}

void wm_heap_wrote_elements(Heap *h, HeapObject *o, u32 from, u32 count) {
  (void)from;
  if (count && (o->word & HEAP_UNLOGGED)) wm_heap_log(h, o, o);
}
