/* What a collection gives back (heap.h). Sweeping reads and writes mark bytes only; objects
 * themselves are not touched. A minor collection sweeps what was allocated in since the last one.
 */
#include "runtime/heap.h"

/* A block is allocated from again when a quarter of it is free. */
enum { FULL_GRANULES = BLOCK_GRANULES / 4 * 3, PAGE_GRANULES = BLOCK_GRANULES / BLOCK_PAGES };

/* ---- blocks ---- */

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

static void return_block_bytes(Heap *h, u64 bytes) {
  h->block_bytes -= bytes;
  wm_account_return_heap(h->store->account, bytes);
}

static u64 warm_bytes(const HeapBlock *block) {
  return (u64)(BLOCK_PAGES - (u32)__builtin_popcount(block->cold)) * BLOCK_PAGE_BYTES;
}

static void sweep_block(Heap *h, u32 index) {
  HeapBlock *block = &h->blocks[index];
  u8 *marks = heap_mark_of(h, heap_block(h, index));
  block->has_fresh = block->overflowed = false;
  if (UNLIKELY(h->stress)) spoil(h, index);
  if (block->live == 0) {
    memset(marks, MARK_NONE, BLOCK_GRANULES);
    block->state = SPACE_EMPTY;
    return_block_bytes(h, warm_bytes(block));
    return;
  }
  clear_marks(h, marks);
  block->state = block->live <= FULL_GRANULES ? SPACE_PARTIAL : SPACE_FULL;
}

/* The lists have room for all blocks. */
static void list_block(Heap *h, u32 i) {
  if (h->blocks[i].state == SPACE_EMPTY) h->empty.data[h->empty.len++] = i;
  if (h->blocks[i].state == SPACE_PARTIAL) h->partial.data[h->partial.len++] = i;
}

/* ---- memory that goes back to the system ---- */

/* The pages of the block in which nothing lives, as HeapBlock.cold has them. */
static u32 free_pages(Heap *h, u32 index) {
  u8 *start = heap_block(h, index);
  const u8 *marks = heap_mark_of(h, start);
  u32 pages = ALL_COLD;
  for (u32 i = 0; i < BLOCK_GRANULES;) {
    if (!marks[i]) {
      i++;
      continue;
    }
    const void *object = start + (size_t)i * GRANULE_BYTES;
    u32 end = i + (u32)(wm_heap_object_bytes(h, object) >> GRANULE_LOG2);
    for (u32 page = i / PAGE_GRANULES; page <= (end - 1) / PAGE_GRANULES; page++)
      pages &= ~(1u << page);
    i = end;
  }
  return pages;
}

/* Gives runs of the pages back. */
static void discard_pages(Heap *h, u32 index, u32 pages) {
  HeapBlock *block = &h->blocks[index];
  for (u32 page = 0, end; page < BLOCK_PAGES; page = end) {
    for (end = page; end < BLOCK_PAGES && pages >> end & 1; end++) {
    }
    u32 run = ((1u << end) - 1) & ~((1u << page) - 1);
    u8 *start = heap_block(h, index) + (size_t)page * BLOCK_PAGE_BYTES;
    if (run && wm_os_discard(start, (size_t)(end - page) * BLOCK_PAGE_BYTES))
      block->cold = (u16)(block->cold | run);
    end += !run;
  }
}

/* Half of a block, or it is not worth the calls. */
enum { MIN_DISCARD_PAGES = BLOCK_PAGES / 2 };

static void discard_in_partial(Heap *h, u32 index) {
  HeapBlock *block = &h->blocks[index];
  if (wm_os_page_size() > BLOCK_PAGE_BYTES) return;
  u32 pages = free_pages(h, index) & ~(u32)block->cold;
  if (__builtin_popcount(pages) < MIN_DISCARD_PAGES) return;
  u64 before = warm_bytes(block);
  discard_pages(h, index, pages);
  return_block_bytes(h, before - warm_bytes(block));
}

static void discard_empty(Heap *h, u32 index) {
  HeapBlock *block = &h->blocks[index];
  if (block->cold != ALL_COLD && wm_os_discard(heap_block(h, index), BLOCK_BYTES))
    block->cold = ALL_COLD;
}

/* Beyond what is free for the allocations until the next full collection. */
static void discard_spare(Heap *h) {
  u64 keep = max_u64(heap_budget(h), h->full_at_bytes - min_u64(h->full_at_bytes, heap_live(h)));
  u64 kept = 0;
  for (u32 k = h->partial.len; k-- > 0;) {
    u32 i = h->partial.data[k];
    if (kept >= keep)
      discard_in_partial(h, i);
    else
      kept += (u64)(BLOCK_GRANULES - h->blocks[i].live) * GRANULE_BYTES;
  }
  for (u32 k = h->empty.len; k-- > 0; kept += BLOCK_BYTES)
    if (kept >= keep) discard_empty(h, h->empty.data[k]);
}

/* ---- all of it ---- */

/* Lower blocks are taken first. */
static void sweep_all(Heap *h) {
  h->empty.len = h->partial.len = 0;
  for (u32 i = h->block_count; i-- > 0;) {
    if (h->blocks[i].state != SPACE_EMPTY) sweep_block(h, i);
    list_block(h, i);
  }
}

static void sweep_touched(Heap *h) {
  for (u32 k = h->touched.len; k-- > 0;) {
    sweep_block(h, h->touched.data[k]);
    list_block(h, h->touched.data[k]);
  }
}

/* With a nursery, and holes here and there, that is twice of what lives. */
static u64 next_full(u64 live) { return live + max_u64(live / 4 * 3, NURSERY_BYTES / 4); }

void wm_heap_sweep(Heap *h) {
  if (h->is_full)
    sweep_all(h);
  else
    sweep_touched(h);
  h->touched.len = 0;
  wm_heap_sweep_large(h, h->is_full);
  h->stats.allocated_bytes += h->since_bytes;
  h->survived_bytes = h->is_full ? 0 : heap_live(h) - h->stats.live_bytes;
  h->stats.live_bytes = heap_live(h);
  h->since_bytes = 0;
  if (!h->is_full) return;
  h->needs_full = false;
  h->full_at_bytes = next_full(heap_live(h));
  discard_spare(h);
}
