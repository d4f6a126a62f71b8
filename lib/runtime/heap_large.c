/* Large objects (heap.h): each has pages of its own, which are zero when it is made. */
#include "runtime/heap.h"

static u64 pages_bytes(u32 count) { return (u64)count << LARGE_PAGE_LOG2; }

static void free_large(Heap *h, u32 number) {
  LargeObject *large = &h->larges.data[number - 1];
  u8 *start = (u8 *)heap_large(h, number);
  u64 bytes = pages_bytes(large->page_count);
  *heap_mark_of(h, start) = MARK_NONE;
  memset(&h->pages[large->page], 0, large->page_count * sizeof *h->pages);
  h->page_hint = min_u32(h->page_hint, large->page);
  if (!wm_os_discard(start, bytes)) memset(start, 0, bytes);
  h->large_bytes -= bytes;
  wm_account_return_heap(h->store->account, bytes);
  large->next = h->large_free;
  h->large_free = number;
}

void wm_heap_sweep_large(Heap *h, bool all) {
  for (u32 *link = &h->large_list; *link && (all || *link != h->large_old);) {
    u32 number = *link;
    LargeObject *large = &h->larges.data[number - 1];
    if (*heap_mark_of(h, heap_large(h, number)) == h->mark) {
      link = &large->next;
    } else {
      *link = large->next;
      free_large(h, number);
    }
  }
  h->large_old = h->large_list;
}

/* The first run of free pages, from the lowest that may be; the top of all when there is none. */
static u32 find_pages(Heap *h, u32 count) {
  u32 at = h->page_hint, run = 0, first_free = NO_BLOCK;
  while (run < count && at + run < h->page_top) {
    u32 number = h->pages[at + run];
    if (!number) {
      if (first_free == NO_BLOCK) first_free = at + run;
      run++;
      continue;
    }
    const LargeObject *large = &h->larges.data[number - 1];
    at = large->page + large->page_count;
    run = 0;
  }
  h->page_hint = first_free == NO_BLOCK || first_free == at ? at + count : first_free;
  return at;
}

enum { COMMIT_PAGES = 1 << 10 };

static bool commit_pages(Heap *h, u32 end) {
  if (end <= h->committed_pages) return true;
  if (end > h->max_pages) return false;
  u32 to = min_u32((end + COMMIT_PAGES - 1) & ~(u32)(COMMIT_PAGES - 1), h->max_pages);
  u8 *start = h->large_base + pages_bytes(h->committed_pages);
  u64 bytes = pages_bytes(to - h->committed_pages);
  if (!wm_os_commit(start, bytes) || !wm_os_commit(heap_mark_of(h, start), bytes >> GRANULE_LOG2))
    return false;
  h->committed_pages = to;
  return true;
}

/* A number for a large object; 0: out of memory. */
static u32 take_number(Heap *h) {
  u32 number = h->large_free;
  if (number) {
    h->large_free = h->larges.data[number - 1].next;
    return number;
  }
  const LargeObject *large = vec_push(&h->larges);
  return large ? h->larges.len : 0;
}

static void *place(Heap *h, u32 number, u32 page, u32 count) {
  h->larges.data[number - 1] = (LargeObject){page, count, h->large_list, false};
  h->large_list = number;
  for (u32 i = 0; i < count; i++) h->pages[page + i] = number;
  h->page_top = max_u32(h->page_top, page + count);
  h->large_bytes += pages_bytes(count);
  HeapObject *o = heap_large(h, number);
  *heap_mark_of(h, o) = MARK_YOUNG;
  return o;
}

void *wm_heap_place_large(Heap *h, u32 count) {
  u32 page = find_pages(h, count), number = 0;
  if (page <= h->max_pages - count && commit_pages(h, page + count)) number = take_number(h);
  if (number) return place(h, number, page, count);
  h->page_hint = min_u32(h->page_hint, page);
  return NULL;
}
