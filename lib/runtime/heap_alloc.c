/* Allocation in the heap (heap.h): when it collects, which blocks and holes it takes. */
#include "runtime/collect.h"
#include "runtime/heap.h"

/* ---- how large it may get ---- */

static bool take(Heap *h, u64 bytes) {
  return wm_account_take_heap(h->store->account, bytes, NULL);
}

/* False: where references are just now, nobody looks. */
static bool collect(Heap *h) {
  if (h->no_collect) return false;
  u64 before = h->stats.full.count;
  wm_store_collect_heap(h->store);
  return h->stats.full.count != before;
}

static bool make_room(Heap *h, u64 bytes, bool or_hole) {
  if (h->since_bytes >= heap_budget(h)) collect(h);
  if (or_hole && h->partial.len) return true;
  if (take(h, bytes)) return true;
  return collect(h) && ((or_hole && h->partial.len) || take(h, bytes));
}

/* ---- blocks ---- */

enum { COMMIT_BLOCKS = 32 }; /* become accessible at a time */

/* Sweeping must not fail: each block that there may be can be in either list, which has room before
 * there is the block. */
static bool commit_blocks(Heap *h) {
  u32 count = min_u32(COMMIT_BLOCKS, h->max_blocks - h->committed_blocks);
  u32 all = h->committed_blocks + count;
  u8 *start = heap_block(h, h->committed_blocks);
  if (!count || !vec_reserve(&h->empty, all) || !vec_reserve(&h->partial, all) ||
      !wm_os_commit(start, (u64)count << BLOCK_LOG2) ||
      !wm_os_commit(heap_mark_of(h, start), (u64)count * BLOCK_GRANULES))
    return false;
  h->committed_blocks = all;
  return true;
}

/* A block without objects, whose bytes are accounted for. NO_BLOCK: there is no more. */
static u32 take_empty(Heap *h) {
  if (h->empty.len) return h->empty.data[--h->empty.len];
  if (h->block_count == h->committed_blocks && !commit_blocks(h)) return NO_BLOCK;
  return h->block_count++;
}

/* The same, when need be of what a collection frees. Without one the bytes are given back. */
static u32 take_block(Heap *h) {
  u32 block = take_empty(h);
  if (block == NO_BLOCK && collect(h)) block = take_empty(h);
  if (block == NO_BLOCK) wm_account_return_heap(h->store->account, BLOCK_BYTES);
  return block;
}

static void open_hole(Heap *h, Hole *hole, u32 block, u8 *from, u8 *to) {
  *hole = (Hole){from, to};
  h->since_bytes += (u64)(to - from);
  *heap_mark_of(h, from) = MARK_FRESH;
  h->blocks[block].has_fresh = true;
  h->blocks[block].state = SPACE_IN_USE;
  h->blocks[block].is_cold = false;
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

/* A block that has holes, or an empty one. False: there is none to be had. */
static bool next_block(Heap *h) {
  if (!make_room(h, BLOCK_BYTES, true)) return false;
  bool has_holes = h->partial.len != 0;
  u32 block = has_holes ? h->partial.data[--h->partial.len] : take_block(h);
  if (block == NO_BLOCK) return false;
  h->block = block;
  h->scan = heap_block(h, block);
  return true;
}

static void *allocate_small(Heap *h, u64 bytes) {
  do {
    wm_heap_close_hole(h, &h->hole);
    while (!next_hole(h, bytes))
      if (!next_block(h)) return NULL;
  } while (bytes > (u64)(h->hole.end - h->hole.bump));
  u8 *at = h->hole.bump;
  h->hole.bump += bytes;
  return at;
}

/* Larger objects do not give up a hole that small ones still fit. */
static void *allocate_medium(Heap *h, u64 bytes) {
  if (bytes > (u64)(h->medium.end - h->medium.bump)) {
    if (!make_room(h, BLOCK_BYTES, false)) return NULL;
    wm_heap_close_hole(h, &h->medium);
    u32 block = take_block(h);
    if (block == NO_BLOCK) return NULL;
    u8 *start = heap_block(h, block);
    open_hole(h, &h->medium, block, start, start + BLOCK_BYTES);
  }
  u8 *at = h->medium.bump;
  h->medium.bump += bytes;
  return at;
}

static void *allocate_large(Heap *h, u64 bytes) {
  bytes = (bytes + LARGE_PAGE_BYTES - 1) & ~(u64)(LARGE_PAGE_BYTES - 1);
  if (bytes > h->part_bytes) return NULL;
  h->since_bytes += bytes;
  if (!make_room(h, bytes, false)) return NULL;
  u32 pages = (u32)(bytes >> LARGE_PAGE_LOG2);
  void *object = wm_heap_place_large(h, pages);
  if (!object && collect(h)) object = wm_heap_place_large(h, pages);
  if (!object) wm_account_return_heap(h->store->account, bytes);
  return object;
}

/* Under stress each hole is as large as one object, so that all allocations come here. */
static void *allocate_stressed(Heap *h, u64 bytes) {
  collect(h);
  u8 *at = allocate_small(h, bytes);
  if (at) {
    h->since_bytes -= (u64)(h->hole.end - h->hole.bump);
    h->scan = h->hole.bump;
    wm_heap_close_hole(h, &h->hole);
  }
  return at;
}

void *wm_heap_allocate(Heap *h, u64 bytes, bool *is_zero) {
  if (UNLIKELY(h->store->heap_stress) && bytes < LARGE_BYTES) {
    if (is_zero) *is_zero = false;
    return allocate_stressed(h, bytes);
  }
  if (is_zero) *is_zero = bytes >= LARGE_BYTES;
  if (bytes >= LARGE_BYTES) return allocate_large(h, bytes);
  if (bytes <= (u64)(h->hole.end - h->hole.bump)) return heap_allocate(h, bytes);
  return bytes >= MEDIUM_BYTES ? allocate_medium(h, bytes) : allocate_small(h, bytes);
}
