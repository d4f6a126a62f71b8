/* What a collection gives back (heap.h). Sweeping reads and writes mark bytes
 * only; objects themselves are not touched. */
#include "runtime/heap.h"

/* A block is allocated from again when a quarter of it is free. */
enum { FULL_GRANULES = BLOCK_GRANULES / 4 * 3 };

/* Marks stay, everything else goes. */
static void clear_marks(Heap *h, u8 *m) {
  for (u32 i = 0; i < BLOCK_GRANULES; i++) m[i] = m[i] == h->mark ? m[i] : MARK_NONE;
}

/* Whatever is not an object's becomes garbage that is no reference, for tests. */
static void spoil(Heap *h, u32 index) {
  u8 *start = heap_block(h, index), *first = heap_mark_of(h, start);
  for (u32 i = 0; i < BLOCK_GRANULES;) {
    u8 *at = start + (size_t)i * GRANULE_BYTES;
    if (first[i] == h->mark)
      i += (u32)(wm_heap_object_bytes(h, (HeapObject *)(void *)at) >> GRANULE_LOG2);
    else
      memset(at, 0xDB, GRANULE_BYTES), i++;
  }
}

static void sweep_block(Heap *h, u32 index) {
  HeapBlock *block = &h->blocks[index];
  if (block->state == SPACE_EMPTY) return;
  u8 *marks = heap_mark_of(h, heap_block(h, index));
  block->has_fresh = block->overflowed = false;
  if (UNLIKELY(h->store->heap_stress)) spoil(h, index);
  if (block->live == 0) {
    memset(marks, MARK_NONE, BLOCK_GRANULES);
    block->state = SPACE_EMPTY;
    wm_account_return_heap(h->store->account, BLOCK_BYTES);
    return;
  }
  clear_marks(h, marks);
  block->state = block->live <= FULL_GRANULES ? SPACE_PARTIAL : SPACE_FULL;
}

/* The lists have room for all blocks. Lower blocks are taken first. */
static void list_blocks(Heap *h) {
  h->empty.len = h->partial.len = 0;
  for (u32 i = h->block_count; i-- > 0;) {
    if (h->blocks[i].state == SPACE_EMPTY) h->empty.data[h->empty.len++] = i;
    if (h->blocks[i].state == SPACE_PARTIAL) h->partial.data[h->partial.len++] = i;
  }
}

/* Of empty blocks what will not be needed until the next collection goes back to the system. */
static void discard_empty(Heap *h) {
  u64 keep = heap_budget(h) >> BLOCK_LOG2;
  for (u32 i = 0; i + keep < h->empty.len; i++) {
    HeapBlock *block = &h->blocks[h->empty.data[i]];
    if (!block->is_cold)
      block->is_cold = wm_os_discard(heap_block(h, h->empty.data[i]), BLOCK_BYTES);
  }
}

void wm_heap_sweep(Heap *h) {
  for (u32 i = 0; i < h->block_count; i++) sweep_block(h, i);
  list_blocks(h);
  discard_empty(h);
  wm_heap_sweep_large(h);
  h->stats.allocated_bytes += h->since_bytes;
  h->since_bytes = 0;
}
