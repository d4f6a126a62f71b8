/* Allocation in the heap (heap.h): when it collects, which blocks and holes it takes. Holes come
 * before the limit: a heap that is full of them is not out of memory. */
#include "runtime/collect.h"
#include "runtime/heap.h"

/* ---- when it collects ---- */

/* False: where references are just now, nobody looks; or it was abandoned. */
static bool collect(Heap *h, bool full) {
  if (h->no_collect) return false;
  u64 before = h->stats.full.count + h->stats.minor.count;
  wm_store_collect_heap(h->store, full || h->needs_full || !h->has_generations);
  return h->stats.full.count + h->stats.minor.count != before;
}

static void collect_when_due(Heap *h) {
  bool full = heap_live(h) + h->survived_bytes >= h->full_at_bytes;
  if (h->since_bytes >= heap_budget(h)) collect(h, full);
}

enum { FULL_TRIES = 1 }; /* another one would find the same */

/* There is no room: collects the young when there are many of them, then everything. False: this
 * allocation has had its share of that (what is free may be in holes too small for it). */
static bool collect_for_room(Heap *h) {
  bool full = h->since_bytes < NURSERY_BYTES / 2;
  if (h->full_tries == FULL_TRIES) return false;
  h->full_tries += full;
  return collect(h, full);
}

/* ---- what is accounted for ---- */

static bool take(Heap *h, u64 bytes) {
  return wm_account_take_heap(h->store->account, bytes, NULL);
}

/* The pages of the block that were given back are in use again. */
static bool take_pages(Heap *h, u32 block) {
  u64 bytes = (u64)__builtin_popcount(h->blocks[block].cold) * BLOCK_PAGE_BYTES;
  if (h->blocks[block].state == SPACE_EMPTY) bytes = BLOCK_BYTES;
  if (bytes && !take(h, bytes)) return false;
  h->block_bytes += bytes;
  h->blocks[block].cold = 0;
  return true;
}

/* ---- blocks ---- */

enum { COMMIT_BLOCKS = 32 }; /* become accessible at a time */

/* Sweeping must not fail: each block that there may be can be in any list, which has room before
 * there is the block. */
static bool commit_blocks(Heap *h) {
  u32 count = min_u32(COMMIT_BLOCKS, h->max_blocks - h->committed_blocks);
  u32 all = h->committed_blocks + count;
  u8 *start = heap_block(h, h->committed_blocks);
  if (!count || !vec_reserve(&h->empty, all) || !vec_reserve(&h->partial, all) ||
      !vec_reserve(&h->touched, all) || !wm_os_commit(start, (u64)count << BLOCK_LOG2) ||
      !wm_os_commit(heap_mark_of(h, start), (u64)count * BLOCK_GRANULES))
    return false;
  /* Scattered objects are not to cost a miss of the TLB each; a small heap stays small. */
  if (h->committed_blocks) (void)wm_os_prefer_large_pages(start, (u64)count << BLOCK_LOG2);
  h->committed_blocks = all;
  return true;
}

/* NO_BLOCK: there is none. */
static u32 take_partial(Heap *h) {
  while (h->partial.len) {
    u32 block = h->partial.data[--h->partial.len];
    if (take_pages(h, block)) return block;
  }
  return NO_BLOCK;
}

static u32 take_empty(Heap *h) {
  if (!h->empty.len) {
    if (h->block_count == h->committed_blocks && !commit_blocks(h)) return NO_BLOCK;
    h->empty.data[h->empty.len++] = h->block_count++;
  }
  u32 block = h->empty.data[h->empty.len - 1];
  if (!take_pages(h, block)) return NO_BLOCK;
  h->empty.len--;
  return block;
}

/* A block that has holes, or an empty one. NO_BLOCK: there is none to be had. */
static u32 take_block(Heap *h) {
  collect_when_due(h);
  do {
    u32 block = take_partial(h);
    if (block == NO_BLOCK) block = take_empty(h);
    if (block == NO_BLOCK) continue;
    h->blocks[block].state = SPACE_IN_USE;
    h->touched.data[h->touched.len++] = block;
    return block;
  } while (collect_for_room(h));
  return NO_BLOCK;
}

static void open_hole(Heap *h, Hole *hole, u32 block, u8 *from, u8 *to) {
  *hole = (Hole){from, to};
  h->since_bytes += (u64)(to - from);
  *heap_mark_of(h, from) = MARK_FRESH;
  h->blocks[block].has_fresh = true;
}

/* ---- the next hole ---- */

/* The end of the zeros from m on. */
static u8 *end_of_run(u8 *m, const u8 *end) {
  while (m + 8 <= end && load_u64(m) == 0) m += 8;
  while (m < end && !*m) m++;
  return m;
}

/* In the current block, from h->scan on. */
static bool next_hole(Heap *h, u64 bytes) {
  if (h->block == NO_BLOCK) return false;
  u8 *start = heap_block(h, h->block), *first = heap_mark_of(h, start);
  u8 *end = first + BLOCK_GRANULES, *m = first + ((u64)(h->scan - start) >> GRANULE_LOG2);
  while (m < end) {
    if (*m > MARK_FREE) {
      const void *object = start + (size_t)(m - first) * GRANULE_BYTES;
      m += wm_heap_object_bytes(h, object) >> GRANULE_LOG2;
      continue;
    }
    u8 *to = end_of_run(m + 1, end);
    if ((u64)(to - m) * GRANULE_BYTES >= bytes) {
      h->scan = start + (size_t)(to - first) * GRANULE_BYTES;
      open_hole(h, &h->hole, h->block, start + (size_t)(m - first) * GRANULE_BYTES, h->scan);
      return true;
    }
    m = to;
  }
  h->block = NO_BLOCK;
  return false;
}

static bool next_block(Heap *h) {
  u32 block = take_block(h);
  if (block == NO_BLOCK) return false;
  h->block = block;
  h->scan = heap_block(h, block);
  return true;
}

static void *bump(Hole *hole, u64 bytes) {
  u8 *at = hole->bump;
  hole->bump += bytes;
  return at;
}

static void *allocate_small(Heap *h, u64 bytes) {
  do {
    wm_heap_close_hole(h, &h->hole);
    while (!next_hole(h, bytes))
      if (!next_block(h)) return NULL;
  } while (bytes > (u64)(h->hole.end - h->hole.bump));
  return bump(&h->hole, bytes);
}

/* Larger objects do not give up a hole that small ones still fit, unless there is no empty block.
 */
static void *allocate_medium(Heap *h, u64 bytes) {
  if (bytes <= (u64)(h->medium.end - h->medium.bump)) return bump(&h->medium, bytes);
  collect_when_due(h);
  u32 block = take_empty(h);
  if (block == NO_BLOCK) return allocate_small(h, bytes);
  h->blocks[block].state = SPACE_IN_USE;
  h->touched.data[h->touched.len++] = block;
  wm_heap_close_hole(h, &h->medium);
  u8 *start = heap_block(h, block);
  open_hole(h, &h->medium, block, start, start + BLOCK_BYTES);
  return bump(&h->medium, bytes);
}

static void *place_large(Heap *h, u64 bytes) {
  if (!take(h, bytes)) return NULL;
  void *object = wm_heap_place_large(h, (u32)(bytes >> LARGE_PAGE_LOG2));
  if (!object) wm_account_return_heap(h->store->account, bytes);
  return object;
}

static void *allocate_large(Heap *h, u64 bytes) {
  bytes = (bytes + LARGE_PAGE_BYTES - 1) & ~(u64)(LARGE_PAGE_BYTES - 1);
  if (bytes > h->part_bytes) return NULL;
  h->since_bytes += bytes;
  collect_when_due(h);
  void *object = place_large(h, bytes);
  while (!object && collect_for_room(h)) object = place_large(h, bytes);
  return object;
}

/* ---- under stress ---- */

enum { MINOR_COLLECTIONS = 15 }; /* between two full ones */

static void collect_stressed(Heap *h) {
  u64 number = h->stats.minor.count + h->stats.full.count;
  collect(h, h->stress == STRESS_FULL || number % (MINOR_COLLECTIONS + 1) == 0);
}

/* Each hole is as large as one object, so that all allocations come here. */
static void *allocate_stressed(Heap *h, u64 bytes) {
  u8 *at = allocate_small(h, bytes);
  if (!at) return NULL;
  h->scan = h->hole.bump;
  wm_heap_close_hole(h, &h->hole);
  return at;
}

/* ---- all of them ---- */

static void *allocate(Heap *h, u64 bytes) {
  h->full_tries = 0;
  if (UNLIKELY(h->stress)) collect_stressed(h);
  if (bytes >= LARGE_BYTES) return allocate_large(h, bytes);
  if (UNLIKELY(h->stress)) return allocate_stressed(h, bytes);
  if (bytes <= (u64)(h->hole.end - h->hole.bump)) return bump(&h->hole, bytes);
  return bytes >= MEDIUM_BYTES ? allocate_medium(h, bytes) : allocate_small(h, bytes);
}

void *wm_heap_allocate(Heap *h, u64 bytes, bool *is_zero) {
  if (is_zero) *is_zero = bytes >= LARGE_BYTES;
  void *object = allocate(h, bytes);
  return LIKELY(!h->is_broken) ? object : NULL;
}
