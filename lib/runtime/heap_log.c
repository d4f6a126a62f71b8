/* The write barrier's slow way (heap.h): old objects in which references were stored since the last
 * collection. One that is logged has HEAP_UNLOGGED no more, so that it is logged once. A large
 * array keeps the bit: each store comes here and marks the card that it is in.
 *
 * When the log is full nothing is lost: the next collection is a full one. */
#include "runtime/heap.h"

static LargeObject *large_of(const Heap *h, const HeapObject *o) {
  return &h->larges.data[heap_large_at(h, o) - 1];
}

static bool has_cards(const Heap *h, const HeapObject *o) {
  return heap_is_large(h, o) && h->types.data[heap_type_id(o)]->kind == COMP_ARRAY;
}

static u64 card_of(const Heap *h, const u8 *p) {
  return (u64)(p - h->large_base) >> HEAP_CARD_LOG2;
}

/* ---- writing ---- */

/* Without room the object is not looked at again until the full collection. */
static void add(Heap *h, HeapObject *o, bool keeps_bit) {
  if (h->log_len == HEAP_LOG) {
    h->needs_full = true;
    keeps_bit = false;
  } else {
    h->log[h->log_len++] = o;
  }
  if (!keeps_bit) o->word &= ~(u32)HEAP_UNLOGGED;
}

static void log_elements(Heap *h, HeapObject *o, const u8 *from, const u8 *last) {
  LargeObject *large = large_of(h, o);
  if (!large->logged) add(h, o, true);
  large->logged = (o->word & HEAP_UNLOGGED) != 0;
  u64 card = card_of(h, from), count = card_of(h, last) - card + 1;
  if (large->logged) memset(h->cards + card, 1, (size_t)count);
}

void wm_heap_log(Heap *h, HeapObject *o, const void *place) {
  const u8 *at = (const u8 *)place + OBJECT_HEADER_BYTES;
  if (has_cards(h, o))
    log_elements(h, o, at, at);
  else
    add(h, o, false);
}

void wm_heap_wrote_elements(Heap *h, HeapObject *o, u32 from, u32 count) {
  if (!count || !(o->word & HEAP_UNLOGGED)) return;
  u8 *first = heap_at(o, OBJECT_HEADER_BYTES + (u64)from * sizeof(Ref));
  if (has_cards(h, o))
    log_elements(h, o, first, first + ((u64)count - 1) * sizeof(Ref));
  else
    wm_heap_log(h, o, o);
}

/* ---- reading ---- */

static void scan_card(Heap *h, HeapObject *o, u64 card) {
  u64 start = (u64)((u8 *)o - h->large_base) + OBJECT_HEADER_BYTES;
  u64 at = card << HEAP_CARD_LOG2, end = at + HEAP_CARD_BYTES;
  u64 from = at > start ? (at - start) / sizeof(Ref) : 0;
  wm_heap_scan_elements(h, o, from, min_u64((end - start) / sizeof(Ref), o->length));
}

/* Its dirty cards, which are clean then. */
static void take_cards(Heap *h, HeapObject *o, bool scan) {
  u64 card = card_of(h, (const u8 *)o);
  u64 end = card_of(h, heap_at(o, wm_heap_object_bytes(h, o) - 1)) + 1;
  while (card < end) {
    const u8 *dirty = memchr(h->cards + card, 1, (size_t)(end - card));
    if (!dirty) return;
    card = (u64)(dirty - h->cards);
    h->cards[card] = 0;
    if (scan) scan_card(h, o, card);
    card++;
  }
}

static void take(Heap *h, HeapObject *o, bool scan) {
  if (has_cards(h, o)) {
    large_of(h, o)->logged = false;
    take_cards(h, o, scan);
  } else if (scan) {
    o->word |= HEAP_UNLOGGED;
    wm_heap_scan(h, o);
  }
}

void wm_heap_take_log(Heap *h) {
  for (u32 i = 0; i < h->log_len; i++) take(h, h->log[i], true);
  h->log_len = 0;
}

/* What lives has its bit set when it is marked. */
void wm_heap_drop_log(Heap *h) {
  for (u32 i = 0; i < h->log_len; i++) take(h, h->log[i], false);
  h->log_len = 0;
}
