/* Marking the heap (heap.h): from words that may be addresses to objects, and from object to object
 * with a stack of fixed size. An edge that finds it full is noted at its object's block, whose
 * marked objects are looked at again. Long arrays are scanned in slices. */
#include "runtime/heap.h"

/* ---- which object does a word mean? ---- */

/* Finds the starts of the objects in the fresh holes of a block. */
static void walk_block(Heap *h, u32 block) {
  u8 *start = heap_block(h, block), *first = heap_mark_of(h, start), *end = first + BLOCK_GRANULES;
  h->blocks[block].has_fresh = false;
  for (u8 *m = first; (m = memchr(m, MARK_FRESH, (size_t)(end - m))) != NULL;) {
    do {
      *m = MARK_YOUNG;
      const void *object = start + (size_t)(m - first) * GRANULE_BYTES;
      m += wm_heap_object_bytes(h, object) >> GRANULE_LOG2;
    } while (m < end && *m == MARK_NONE);
    if (m >= end) break;
  }
}

static HeapObject *resolve_in_block(Heap *h, const u8 *p) {
  u32 block = heap_block_of(h, p);
  if (block >= h->block_count || h->blocks[block].state == SPACE_EMPTY) return NULL;
  if (h->blocks[block].has_fresh) walk_block(h, block);
  u8 *start = heap_block(h, block), *first = heap_mark_of(h, start), *m = heap_mark_of(h, p);
  while (*m == MARK_NONE && m > first) m--; /* an address in the middle */
  if (*m < MARK_YOUNG) return NULL;
  HeapObject *o = (HeapObject *)(void *)(start + (size_t)(m - first) * GRANULE_BYTES);
  return heap_at(o, wm_heap_object_bytes(h, o)) > p ? o : NULL;
}

static HeapObject *resolve(Heap *h, u64 word) {
  const u8 *p = (const u8 *)(uintptr_t)word; /* NOLINT: any word of a stack */
  if (!heap_is_large(h, p)) return resolve_in_block(h, p);
  u32 number = heap_large_at(h, p);
  return number ? heap_large(h, number) : NULL;
}

/* ---- objects ---- */

static void note_overflow(Heap *h, const HeapObject *parent) {
  h->overflowed = true;
  if (!heap_is_large(h, parent)) h->blocks[heap_block_of(h, parent)].overflowed = true;
}

static inline void visit(Heap *h, const HeapObject *parent, Ref child) {
  u64 slot = ref_slot(child);
  if (!slot || slot & 1) return;
  if (UNLIKELY(!heap_has(h, slot)))
    h->visit_host(h->visit_env, ref_object(child));
  else if (LIKELY(h->todo_len < HEAP_TODO))
    h->todo[h->todo_len++] = slot;
  else
    note_overflow(h, parent);
}

enum { SLICE = 128, SLICE_TAG = 1 };

void wm_heap_scan_elements(Heap *h, HeapObject *o, u64 from, u64 to) {
  const Ref *elements = (const Ref *)(const void *)heap_at(o, OBJECT_HEADER_BYTES);
  h->words_read += to - from;
  for (u64 i = from; i < to; i++) visit(h, o, elements[i]);
}

/* Elements from `from` on; the rest of a long array waits as two entries: index, address | tag. */
static void scan_array(Heap *h, HeapObject *o, u32 from) {
  u32 to = o->length;
  if (to - from > SLICE) {
    to = from + SLICE;
    if (h->todo_len + 2 > HEAP_TODO) {
      note_overflow(h, o);
    } else {
      h->todo[h->todo_len++] = to;
      h->todo[h->todo_len++] = (u64)(uintptr_t)o | SLICE_TAG;
    }
  }
  wm_heap_scan_elements(h, o, from, to);
}

/* Fields of very large structs, beyond the words that the type's bits tell. */
static void scan_far_fields(Heap *h, HeapObject *o, const SubType *type) {
  for (u32 i = 0; i < type->field_count; i++)
    if (type->fields[i].offset / 8 >= 64 && val_is_ref(type->fields[i].type))
      visit(h, o, *(const Ref *)(const void *)heap_at(o, type->fields[i].offset));
}

static inline void scan(Heap *h, HeapObject *o, const SubType *type) {
  if (type->kind == COMP_ARRAY) {
    if (type->ref_words) scan_array(h, o, 0);
    return;
  }
  const Ref *words = (const Ref *)(const void *)o;
  for (u64 bits = type->ref_words; bits; bits &= bits - 1)
    visit(h, o, words[__builtin_ctzll(bits)]);
  if (UNLIKELY(type->object_bytes > 64 * 8)) scan_far_fields(h, o, type);
}

void wm_heap_scan(Heap *h, HeapObject *o) { scan(h, o, h->types.data[heap_type_id(o)]); }

/* It is old from now on: what is stored in it is logged. */
static inline void make_old(const Heap *h, HeapObject *o, const SubType *type) {
  if (!(o->word & HEAP_UNLOGGED) && heap_has_refs(type) && h->has_generations)
    o->word |= HEAP_UNLOGGED;
}

/* A full collection may be abandoned: then no mark may be inside a hole whose objects are not known
 * yet. */
static inline void count_in_block(Heap *h, const HeapObject *o, u64 bytes) {
  HeapBlock *block = &h->blocks[heap_block_of(h, o)];
  if (UNLIKELY(block->has_fresh) && h->is_full) walk_block(h, heap_block_of(h, o));
  block->live += (u32)(bytes >> GRANULE_LOG2);
  h->block_live += bytes;
}

static void mark(Heap *h, HeapObject *o) {
  u8 *m = heap_mark_of(h, o);
  if (*m == h->mark) return;
  const SubType *type = h->types.data[heap_type_id(o)];
  u64 bytes = heap_bytes_of(type, o);
  h->words_read++;
  if (UNLIKELY(heap_is_large(h, o)))
    h->large_live += bytes;
  else
    count_in_block(h, o, bytes);
  *m = h->mark;
  make_old(h, o, type);
  scan(h, o, type);
}

/* Whether marking ends here. A host that is asked at polls (Store.on_stop) is asked by wasm. */
static NOINLINE bool must_stop(Heap *h) {
  const Store *store = h->store;
  u32 reasons = atomic_load_explicit(&store->stop->reasons, memory_order_relaxed);
  h->poll_in = POLL_ENTRIES;
  if (store->on_stop) reasons &= ~(u32)STOP_ASKED;
  return h->stopped = h->may_stop && reasons;
}

static void drain(Heap *h) {
  while (h->todo_len) {
    if (UNLIKELY(--h->poll_in == 0) && must_stop(h)) return;
    u64 entry = h->todo[--h->todo_len];
    if (entry & SLICE_TAG)
      scan_array(h, (HeapObject *)(uintptr_t)(entry - SLICE_TAG), (u32)h->todo[--h->todo_len]);
    else
      mark(h, (HeapObject *)(uintptr_t)entry); /* NOLINT: an address of ours */
  }
}

/* ---- what did not fit the stack ---- */

static void scan_marked_in(Heap *h, u32 block) {
  u8 *start = heap_block(h, block), *first = heap_mark_of(h, start), *end = first + BLOCK_GRANULES;
  h->blocks[block].overflowed = false;
  for (u8 *m = first; m < end && (m = memchr(m, h->mark, (size_t)(end - m))) != NULL; m++) {
    wm_heap_scan(h, (HeapObject *)(void *)(start + (size_t)(m - first) * GRANULE_BYTES));
    if (h->todo_len > HEAP_TODO / 2) drain(h);
  }
  drain(h);
}

static void scan_overflowed(Heap *h) {
  h->overflowed = false;
  for (u32 i = 0; i < h->block_count && !h->stopped; i++)
    if (h->blocks[i].overflowed) scan_marked_in(h, i);
  for (u32 number = h->large_list; number && !h->stopped;
       number = h->larges.data[number - 1].next) {
    HeapObject *o = heap_large(h, number);
    if (*heap_mark_of(h, o) == h->mark) wm_heap_scan(h, o);
    drain(h);
  }
}

void wm_heap_mark_reached(Heap *h) {
  drain(h);
  while (h->overflowed && !h->stopped) scan_overflowed(h);
}

/* ---- roots ---- */

/* Roots come first, and marks only then: where a mark lies in a fresh hole, that could not be
 * walked any more. With more roots than the stack takes, all holes are walked before. */
static void make_room_for_roots(Heap *h) {
  for (u32 i = 0; i < h->block_count; i++)
    if (h->blocks[i].has_fresh) walk_block(h, i);
  drain(h);
}

void wm_heap_mark_object(Heap *h, HeapObject *o) {
  if (*heap_mark_of(h, o) == h->mark) return;
  if (h->todo_len == HEAP_TODO) make_room_for_roots(h);
  if (UNLIKELY(h->stopped)) return;
  h->todo[h->todo_len++] = (u64)(uintptr_t)o;
}

void wm_heap_mark_word(Heap *h, u64 word) {
  HeapObject *o = heap_has(h, word) ? resolve(h, word) : NULL;
  if (o) wm_heap_mark_object(h, o);
}
