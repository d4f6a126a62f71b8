/* The heap's beginning and end, its types and its holes (heap.h). */
#include "runtime/heap.h"

#include "runtime/collect.h"

#include <stdlib.h>

/* ---- beginning and end ---- */

enum {
  PART_LOG2 = 34,     /* of each of the two parts, where address space is free */
  MIN_PART_LOG2 = 24, /* the least to be of use, and what there is where it is not */
};

static u64 marks_bytes(const Heap *h) { return 2 * h->part_bytes >> GRANULE_LOG2; }

/* The largest range that the system grants. */
static bool reserve_range(Heap *h) {
  u32 log2 = wm_os_reserve_is_free() ? PART_LOG2 : MIN_PART_LOG2;
  for (; log2 >= MIN_PART_LOG2; log2--) {
    h->part_bytes = UINT64_C(1) << log2;
    h->base = wm_os_reserve(2 * h->part_bytes);
    h->marks = h->base ? wm_os_reserve(marks_bytes(h)) : NULL;
    if (h->marks) break;
    if (h->base) wm_os_release(h->base, 2 * h->part_bytes);
    h->base = NULL;
  }
  if (!h->base) return false;
  h->large_base = h->base + h->part_bytes;
  h->max_blocks = (u32)(h->part_bytes >> BLOCK_LOG2);
  h->max_pages = (u32)(h->part_bytes >> LARGE_PAGE_LOG2);
  return true;
}

static bool make_tables(Heap *h) {
  h->blocks = wm_os_alloc_pages(h->max_blocks * sizeof *h->blocks);
  h->pages = wm_os_alloc_pages(h->max_pages * sizeof *h->pages);
  h->todo = wm_os_alloc_pages(HEAP_TODO * sizeof *h->todo);
  h->log = wm_os_alloc_pages(HEAP_LOG * sizeof *h->log);
  h->cards = wm_os_alloc_pages(h->part_bytes >> HEAP_CARD_LOG2);
  return h->blocks && h->pages && h->todo && h->log && h->cards;
}

Heap *wm_store_heap(Store *store) {
  if (store->heap) return store->heap;
  Heap *h = calloc(1, sizeof *h);
  if (!h) return NULL;
  h->store = store;
  h->block = NO_BLOCK;
  h->mark = MARK_OLD0;
  h->stress = store->heap_stress;
  h->full_at_bytes = NURSERY_BYTES / 4;
  h->has_generations = !store->heap_full_only;
  if (reserve_range(h) && make_tables(h)) return store->heap = h;
  wm_heap_delete(h);
  return NULL;
}

static void release(void *start, u64 size_bytes) {
  if (start) wm_os_release(start, size_bytes);
}

void wm_heap_delete(Heap *h) {
  if (!h) return;
  wm_account_return_heap(h->store->account, heap_bytes(h));
  release(h->base, 2 * h->part_bytes);
  release(h->marks, marks_bytes(h));
  release(h->blocks, h->max_blocks * sizeof *h->blocks);
  release(h->pages, h->max_pages * sizeof *h->pages);
  release(h->todo, HEAP_TODO * sizeof *h->todo);
  release(h->log, HEAP_LOG * sizeof *h->log);
  release(h->cards, h->part_bytes >> HEAP_CARD_LOG2);
  for (u32 id = 0; id < h->types.len; id++)
    if (h->types.data[id]) wm_types_release(h->store->types, id);
  vec_free(&h->types);
  vec_free(&h->rows);
  vec_free(&h->empty);
  vec_free(&h->partial);
  vec_free(&h->touched);
  vec_free(&h->larges);
  free(h);
}

/* ---- types ---- */

/* Room for types below `len`. */
static bool grow_types(Heap *h, u32 len) {
  u32 old = h->types.len;
  if (len <= old) return true;
  if (!vec_reserve(&h->types, len - old) || !vec_reserve(&h->rows, len - old)) return false;
  memset(h->types.data + old, 0, (len - old) * sizeof *h->types.data);
  memset(h->rows.data + old, 0, (len - old) * sizeof *h->rows.data);
  h->types.len = h->rows.len = len;
  return true;
}

static u32 depth_of(const Heap *h, const SubType *type) {
  u32 depth = 0;
  for (; type->super != NO_TYPE; depth++) type = wm_types_get(h->store->types, type->super);
  return depth;
}

static void write_row(Heap *h, u32 type_id, const SubType *type) {
  HeapRow *row = &h->rows.data[type_id];
  row->words[HEAP_ROW_KIND] = type->kind;
  for (u32 depth = depth_of(h, type);; depth--) {
    if (depth < HEAP_ROW_DEPTHS) row->words[depth] = type_id;
    if (depth == 0) break;
    type_id = type->super;
    type = wm_types_get(h->store->types, type_id);
  }
}

static bool hold_type(Heap *h, u32 type_id) {
  const SubType *type = wm_types_get(h->store->types, type_id);
  if (type->kind == COMP_FUNC) return true;
  if (!grow_types(h, type_id + 1)) return false;
  if (h->types.data[type_id]) return true;
  wm_types_retain(h->store->types, type_id);
  h->types.data[type_id] = type;
  write_row(h, type_id, type);
  return true;
}

bool wm_heap_hold_types(Heap *h, const u32 *type_ids, u32 count) {
  for (u32 i = 0; i < count; i++)
    if (!hold_type(h, type_ids[i])) return false;
  return true;
}

u64 wm_heap_object_bytes(const Heap *h, const HeapObject *o) {
  return heap_bytes_of(h->types.data[heap_type_id(o)], o);
}

HeapRef *wm_heap_ref_new(Store *store, Ref ref) {
  HeapRef *object = wm_object_new(store, OBJ_HEAP_REF, sizeof *object, 0);
  if (object) object->ref = ref;
  return object;
}

/* ---- holes ---- */

void wm_heap_close_hole(Heap *h, Hole *hole) {
  if (hole->bump < hole->end) *heap_mark_of(h, hole->bump) = MARK_FREE;
  h->since_bytes -= (u64)(hole->end - hole->bump);
  *hole = (Hole){NULL, NULL};
}

void wm_heap_close_holes(Heap *h) {
  wm_heap_close_hole(h, &h->hole);
  wm_heap_close_hole(h, &h->medium);
  h->block = NO_BLOCK;
}
