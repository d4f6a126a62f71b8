/* The steps of a collection of the heap's (collect.c takes them, heap.h says in which order). */
#include "runtime/heap.h"

/* ---- beginning ---- */

static void begin(Heap *h, bool is_full) {
  wm_heap_close_holes(h);
  h->stats.peak_committed_bytes = max_u64(h->stats.peak_committed_bytes, heap_bytes(h));
  h->is_full = is_full;
  h->may_stop = h->stopped = h->overflowed = false;
  h->poll_in = POLL_ENTRIES;
  h->words_read = 0;
}

/* A full collection that was abandoned has marked some objects with its own mark. */
static void make_marks_one(Heap *h) {
  for (u32 i = 0; i < h->block_count; i++) {
    u8 *m = heap_mark_of(h, heap_block(h, i));
    for (u32 k = 0; k < BLOCK_GRANULES; k++) m[k] = m[k] >= MARK_OLD0 ? h->mark : m[k];
  }
  for (u32 number = h->large_list; number; number = h->larges.data[number - 1].next)
    *heap_mark_of(h, heap_large(h, number)) = h->mark;
  h->was_abandoned = false;
}

void wm_heap_begin_full(Heap *h, void (*visit_host)(void *env, Object *object), void *env,
                        bool may_stop) {
  begin(h, true);
  h->may_stop = may_stop;
  if (h->was_abandoned) make_marks_one(h);
  for (u32 i = 0; i < h->block_count; i++) h->blocks[i].live = 0;
  h->mark = h->mark == MARK_OLD0 ? MARK_OLD1 : MARK_OLD0;
  h->block_live = h->large_live = 0;
  wm_heap_drop_log(h);
  h->visit_host = visit_host;
  h->visit_env = env;
}

/* The store's other objects all live on. */
static void pass_host(void *env, Object *object) {
  (void)env;
  (void)object;
}

void wm_heap_begin_minor(Heap *h) {
  begin(h, false);
  h->visit_host = pass_host;
  h->visit_env = NULL;
}

/* ---- on the way ---- */

void wm_heap_drain(Heap *h) {
  wm_heap_take_log(h);
  wm_heap_mark_reached(h);
}

void wm_heap_abandon(Heap *h) {
  h->todo_len = 0;
  h->needs_full = h->was_abandoned = true;
  h->stats.abandoned++;
  h->stats.allocated_bytes += h->since_bytes;
  h->since_bytes = 0;
}
