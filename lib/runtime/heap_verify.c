/* For tests: whether the write barrier has seen all that a minor collection must know (heap.h). */
#include "runtime/heap.h"

typedef struct Verify {
  const Heap *heap;
  HeapObject *object;
  bool is_large_array;
  u32 logged; /* objects with references whose bit is not set */
  bool is_fine;
} Verify;

/* Of the object's reference at `at`. */
static void check(Verify *v, const u8 *at) {
  const Heap *h = v->heap;
  Ref ref = *(const Ref *)(const void *)at;
  if (!heap_has(h, ref_slot(ref)) || *heap_mark_of(h, ref) == h->mark) return;
  bool is_known = v->is_large_array ? h->cards[(u64)(at - h->large_base) >> HEAP_CARD_LOG2] != 0
                                    : !(v->object->word & HEAP_UNLOGGED);
  v->is_fine = v->is_fine && is_known;
}

static void check_object(Verify *v, HeapObject *o) {
  const Heap *h = v->heap;
  const SubType *type = h->types.data[heap_type_id(o)];
  if (!heap_has_refs(type)) return;
  v->object = o;
  v->is_large_array = heap_is_large(h, o) && type->kind == COMP_ARRAY;
  v->logged += !(o->word & HEAP_UNLOGGED);
  if (type->kind == COMP_STRUCT) {
    for (u32 i = 0; i < type->field_count; i++)
      if (val_is_ref(type->fields[i].type)) check(v, heap_at(o, type->fields[i].offset));
    return;
  }
  for (u32 i = 0; i < o->length; i++)
    check(v, heap_at(o, OBJECT_HEADER_BYTES + (u64)i * sizeof(Ref)));
}

static void check_block(Verify *v, u32 block) {
  u8 *start = heap_block(v->heap, block), *first = heap_mark_of(v->heap, start);
  for (u32 i = 0; i < BLOCK_GRANULES; i++)
    if (first[i] == v->heap->mark)
      check_object(v, (HeapObject *)(void *)(start + (size_t)i * GRANULE_BYTES));
}

static u32 count_logged(const Heap *h) {
  u32 count = 0;
  for (u32 i = 0; i < h->log_len; i++) count += !(h->log[i]->word & HEAP_UNLOGGED);
  return count;
}

bool wm_heap_verify(const Heap *h) {
  Verify v = {.heap = h, .is_fine = true};
  if (h->needs_full) return true;
  for (u32 i = 0; i < h->block_count; i++)
    if (h->blocks[i].state != SPACE_EMPTY) check_block(&v, i);
  for (u32 number = h->large_list; number; number = h->larges.data[number - 1].next)
    if (*heap_mark_of(h, heap_large(h, number)) == h->mark) check_object(&v, heap_large(h, number));
  return v.is_fine && v.logged == count_logged(h);
}
