/* The heap of structs and arrays (spec 4.2.14): of a store, made at the first allocation.
 *
 * One reserved range of addresses holds everything, so that each table is found from an address by
 * a shift, and an address found on a stack is proved to be inside an object or not:
 *
 *   base                                      large_base                        base + 2 *
 * part_bytes | block 0 | block 1 | ... (BLOCK_BYTES)   | large objects, in runs of pages |
 *   marks[granule]    one byte a granule of 8 bytes, both parts (MarkByte)
 *   blocks[block]     what lives there
 *   pages[page]       the large object there: its number, from 1
 *
 *   cards[512 bytes of the large part]  something was stored there (heap_log.c)
 *
 * Allocation bumps through holes: runs of granules in one block where nothing lived at the last
 * collection. A new object has its header and its fields written and nothing else. Where objects
 * start is found out only when a root points into a block with fresh holes: these are walked from
 * their start, object by object, by size (heap_mark.c). So between the bump and the last
 * initialising store there must be no collection.
 *
 * Generations: what a collection has marked is old and keeps its mark. A minor one marks and sweeps
 * the young alone: from the stacks and the store's objects, and from old objects that were written
 * to since, which the write barrier has logged. A full one changes the mark's value, so that
 * nothing is marked any more. One that has to stop (an interrupt, a deadline) is abandoned: all
 * stays where it is, and the next one is full again.
 *
 * Nothing ever moves. Objects are told from the store's others (object.h) by the tag in their first
 * word, which is where those have an aligned pointer:
 *
 *   word      bits 31..8 canonical type id | bits 7..1 the collector's | bit 0: HEAP_TAG
 *             bit 1: HEAP_UNLOGGED: old, and not in the log of what was written to (heap_log.c)
 *   length    of an array; of a struct 0
 *   fields, from byte 8 on: as their FieldType says; elements side by side
 *
 * A reference with bit 0 set is an i31 (spec 4.2.?): bits 31..1 of the low half are its value. */
#ifndef WM_RUNTIME_HEAP_H
#define WM_RUNTIME_HEAP_H

#include "base/vec.h"
#include "os/os.h"
#include "runtime/heap_stats.h"
#include "runtime/store.h"

enum {
  GRANULE_LOG2 = 3,
  GRANULE_BYTES = 1 << GRANULE_LOG2,
  BLOCK_LOG2 = 16,
  BLOCK_BYTES = 1 << BLOCK_LOG2,
  BLOCK_GRANULES = BLOCK_BYTES / GRANULE_BYTES,
  LARGE_PAGE_LOG2 = 12,
  LARGE_PAGE_BYTES = 1 << LARGE_PAGE_LOG2,
  LARGE_BYTES = BLOCK_BYTES / 4, /* objects from this size on have pages of their own */
  MEDIUM_BYTES = 256,            /* from this size on they do not look for a hole */
};

typedef struct HeapObject {
  u32 word, length;
} HeapObject;
_Static_assert(sizeof(HeapObject) == OBJECT_HEADER_BYTES, "the header");
enum { HEAP_TAG = 1, HEAP_UNLOGGED = 2, HEAP_TYPE_SHIFT = 8 };
#define HEAP_TYPE_MASK 0xFFFFFF01u /* without the collector's bits: what heap_word gives */

static inline u32 heap_word(u32 type_id) { return type_id << HEAP_TYPE_SHIFT | HEAP_TAG; }
static inline u32 heap_type_id(const HeapObject *o) { return o->word >> HEAP_TYPE_SHIFT; }
static inline u8 *heap_at(HeapObject *o, u64 offset) { return (u8 *)o + offset; }

/* ---- references ---- */
static inline bool ref_is_i31(Ref ref) { return ref_slot(ref) & 1; }
static inline Ref ref_of_i31(u32 value) { return ref_of_slot((u64)(u32)(value << 1) | 1); }
/* Its 31 bits, sign-extended. */
static inline i32 ref_i31(Ref ref) { return (i32)(u32)ref_slot(ref) >> 1; }
/* The struct or array that it refers to; NULL: null, or something else. */
static inline HeapObject *ref_heap_object(Ref ref) {
  HeapObject *o = (HeapObject *)(void *)ref;
  return o && !ref_is_i31(ref) && (o->word & HEAP_TAG) ? o : NULL;
}

/* An object of the store that stands for a reference to what is none. */
typedef struct HeapRef {
  Object head;
  Ref ref;
} HeapRef;
/* For an i31, a struct or an array. NULL: out of memory. */
HeapRef *wm_heap_ref_new(Store *store, Ref ref);

/* ---- the heap ---- */
/* For tests: what happens at each allocation. What is freed is spoiled. */
typedef enum HeapStress {
  STRESS_NONE,
  STRESS_FULL,  /* a full collection */
  STRESS_MINOR, /* a minor one, before which the log is verified; some are full */
} HeapStress;

typedef enum MarkByte {
  MARK_NONE,
  MARK_FREE,  /* from here to the next byte nothing was allocated */
  MARK_FRESH, /* a hole that was given out starts here; its objects are not known */
  MARK_YOUNG, /* an object starts here that was made since the last collection */
  MARK_OLD0,  /* one that lived at the last collection; */
  MARK_OLD1,  /* collections alternate */
} MarkByte;

typedef enum SpaceState { SPACE_EMPTY, SPACE_IN_USE, SPACE_PARTIAL, SPACE_FULL } SpaceState;
typedef struct HeapBlock {
  u32 live; /* granules of marked objects */
  u16 cold; /* by BLOCK_PAGE_BYTES: given back to the system, and to the account */
  u8 state; /* SpaceState */
  bool has_fresh, overflowed;
} HeapBlock;
enum { BLOCK_PAGES = 16, BLOCK_PAGE_BYTES = BLOCK_BYTES / BLOCK_PAGES, ALL_COLD = 0xFFFF };

typedef struct LargeObject {
  u32 page, page_count;
  u32 next;    /* in its list: number; 0: the last */
  bool logged; /* has cards */
} LargeObject;

/* What casts of compiled code look at, by type: the ids of its ancestors from the root, then its
 * own, as far as there is room; then its kind. Words without meaning are 0. */
enum { HEAP_ROW_DEPTHS = 7, HEAP_ROW_KIND = HEAP_ROW_DEPTHS };
typedef struct HeapRow {
  u32 words[HEAP_ROW_DEPTHS + 1];
} HeapRow;

/* Where the mutator allocates. */
typedef struct Hole {
  u8 *bump, *end;
} Hole;

enum { HEAP_CARD_LOG2 = 9, HEAP_CARD_BYTES = 1 << HEAP_CARD_LOG2 };

struct Heap {
  Hole hole;      /* small objects; read and written by compiled code */
  Hole medium;    /* those of MEDIUM_BYTES and more */
  Store *store;   /* borrowed */
  u8 *large_base; /* read by compiled code's barrier, as are: */
  u8 *cards;      /* owned; of the large part */
  u8 *base;       /* owned: one reservation of both parts */
  u64 part_bytes;
  u8 *marks;         /* owned; by granule of the whole range */
  HeapBlock *blocks; /* owned */
  u32 *pages;        /* owned */
  u32 block_count, committed_blocks, max_blocks;
  u32 block;                        /* of the hole; NO_BLOCK */
  u8 *scan;                         /* where the block's next hole may begin */
  Vec(u32) empty, partial, touched; /* touched: in use since the last collection */
  u32 page_top, page_hint, committed_pages, max_pages;
  Vec(LargeObject) larges; /* by number - 1 */
  u32 large_list, large_free;
  u32 large_old; /* from here on in the list they are old */
  /* Types whose objects may be here: by id, and counted. NULL: not one of them. */
  Vec(const SubType *) types;
  Vec(HeapRow) rows; /* by type id */
  HeapObject other;  /* of type 0, which is none: casts look at it instead of what is no object */

  u8 mark;              /* MARK_OLD0 or MARK_OLD1: what the last collection marked with */
  bool has_generations; /* else all collections are full */
  bool needs_full;      /* the next one must be: not all that was written is known */
  bool was_abandoned;   /* marks of both values mean the same */
  u8 stress;            /* HeapStress */
  bool is_broken;       /* under stress: the log is not whole; nothing is allocated any more */
  HeapObject **log;     /* owned: HEAP_LOG entries */
  u32 log_len;

  /* while marking */
  bool is_full, may_stop, stopped, overflowed;
  u32 poll_in; /* entries of todo until it is asked whether to stop */
  u64 *todo;   /* owned: HEAP_TODO entries */
  u32 todo_len;
  void (*visit_host)(void *env, Object *object);
  void *visit_env;
  u64 words_read;

  u64 since_bytes;            /* handed out since the last collection */
  u64 block_live, large_live; /* bytes that are marked */
  u64 survived_bytes;         /* of the last minor collection; */
  u64 full_at_bytes;          /* a full collection is due when so much lives */
  u64 block_bytes;            /* of blocks, as accounted for */
  u64 large_bytes;            /* of all large objects */
  u32 full_tries;             /* for the allocation under way */
  GcStats stats;
  u32 no_collect; /* while not 0, references are where no one looks for them */
};
enum { NO_BLOCK = 0xFFFFFFFF, HEAP_TODO = 1 << 15, HEAP_LOG = 1 << 17 };

/* The store's heap, made at the first call; NULL: out of memory. */
Heap *wm_store_heap(Store *store);
void wm_heap_delete(Heap *heap); /* NULL is allowed */
/* Objects of the module's types can be made. False: out of memory. */
bool wm_heap_hold_types(Heap *heap, const u32 *type_ids, u32 count);

/* Room for an object of `size_bytes`, 8 or more, whose header and fields the caller writes before
 * anything else is allocated. *is_zero (may be NULL): all of it is zero already. May collect: what
 * wasm and the host hold must be where the collector looks (collect.h). NULL: out of memory, or of
 * what the store may have. */
void *wm_heap_allocate(Heap *heap, u64 size_bytes, bool *is_zero);
/* Small ones that fit the hole need no call. NULL: it has no room. */
static inline void *heap_bump(Heap *heap, u64 size_bytes) {
  u8 *at = heap->hole.bump;
  if (UNLIKELY(size_bytes > (u64)(heap->hole.end - at))) return NULL;
  heap->hole.bump = at + size_bytes;
  return at;
}
static inline void *heap_allocate(Heap *heap, u64 size_bytes) {
  void *at = heap_bump(heap, size_bytes);
  return LIKELY(at) ? at : wm_heap_allocate(heap, size_bytes, NULL);
}

static inline bool heap_has(const Heap *heap, u64 address) {
  return address - (u64)(uintptr_t)heap->base < 2 * heap->part_bytes;
}
/* Bytes that the object takes: a multiple of GRANULE_BYTES. */
u64 wm_heap_object_bytes(const Heap *heap, const HeapObject *o);
/* Bytes in use, as accounted for: of blocks that are not empty, but for pages given back, and of
 * large objects. */
static inline u64 heap_bytes(const Heap *heap) { return heap->block_bytes + heap->large_bytes; }

/* ---- the write barrier ---- */
/* The object is HEAP_UNLOGGED, and a reference was stored in it: at `place` + OBJECT_HEADER_BYTES,
 * of an array; a struct itself is its place. Collects nothing. */
void wm_heap_log(Heap *heap, HeapObject *o, const void *place);
/* Behind each store of a reference that may be one to a struct or array, unless o was made after
 * the last point where something may have been collected. */
static inline void heap_wrote(Heap *heap, HeapObject *o, const void *place) {
  if (UNLIKELY(o->word & HEAP_UNLOGGED)) wm_heap_log(heap, o, place);
}
/* The same behind stores to the elements from `from` on of an array of references. */
void wm_heap_wrote_elements(Heap *heap, HeapObject *o, u32 from, u32 count);

/* ---- its part of a collection (collect.c) ---- */
/* A full one begins: nothing is marked. `visit_host` is called for what is referred to outside of
 * the heap. may_stop: it is abandoned when wasm must stop. */
void wm_heap_begin_full(Heap *heap, void (*visit_host)(void *env, Object *object), void *env,
                        bool may_stop);
/* A minor one begins: what is old is marked. */
void wm_heap_begin_minor(Heap *heap);
/* The word, wherever it comes from, may be the address of an object or of something in it. All
 * words come first, then references. */
void wm_heap_mark_word(Heap *heap, u64 word);
/* The same of a reference. */
void wm_heap_mark_object(Heap *heap, HeapObject *o);
/* Marks all that marked objects refer to; of a minor collection also what was logged. */
void wm_heap_drain(Heap *heap);
/* Whether marking ended early: then it is abandoned, in place of being swept. */
static inline bool heap_has_stopped(const Heap *heap) { return heap && heap->stopped; }
void wm_heap_abandon(Heap *heap);
void wm_heap_sweep(Heap *heap);

/* ---- between its files ---- */
static inline u32 heap_block_of(const Heap *h, const void *p) {
  return (u32)((u64)((const u8 *)p - h->base) >> BLOCK_LOG2);
}
static inline u8 *heap_block(const Heap *h, u32 block) {
  return h->base + ((u64)block << BLOCK_LOG2);
}
static inline u8 *heap_mark_of(const Heap *h, const void *p) {
  return &h->marks[(u64)((const u8 *)p - h->base) >> GRANULE_LOG2];
}
static inline bool heap_is_large(const Heap *h, const void *p) {
  return (const u8 *)p >= h->large_base;
}
static inline HeapObject *heap_large(const Heap *h, u32 number) {
  return (HeapObject *)(void *)(h->large_base +
                                ((u64)h->larges.data[number - 1].page << LARGE_PAGE_LOG2));
}
/* The large object that the address is in: its number, or 0. */
static inline u32 heap_large_at(const Heap *h, const void *p) {
  return h->pages[(u64)((const u8 *)p - h->large_base) >> LARGE_PAGE_LOG2];
}
/* What is allocated between two collections; without generations as much as lives, so that the
 * work of collecting stays in proportion to that of allocating. */
enum { NURSERY_BYTES = 16 << 20 };
static inline u64 heap_live(const Heap *h) { return h->block_live + h->large_live; }
static inline u64 heap_budget(const Heap *h) {
  return h->has_generations ? NURSERY_BYTES : max_u64(NURSERY_BYTES, heap_live(h));
}
static inline bool heap_has_refs(const SubType *type) {
  return type->ref_words || type->object_bytes > 64 * 8;
}
static inline u64 heap_bytes_of(const SubType *type, const HeapObject *o) {
  if (type->kind == COMP_STRUCT) return type->object_bytes;
  u64 bytes = OBJECT_HEADER_BYTES + (u64)o->length * val_storage_bytes(type->fields[0].type);
  return (bytes + GRANULE_BYTES - 1) & ~(u64)(GRANULE_BYTES - 1);
}
/* Between two looks at whether wasm must stop: entries of the stack. */
enum { POLL_ENTRIES = 1 << 12 };
/* Marks all that marked objects refer to. */
void wm_heap_mark_reached(Heap *heap);
/* Visits the references of a marked object, or elements of an array. */
void wm_heap_scan(Heap *heap, HeapObject *o);
void wm_heap_scan_elements(Heap *heap, HeapObject *o, u64 from, u64 to);
/* Of the log: a minor collection scans what was written; a full one has no need to. */
void wm_heap_take_log(Heap *heap);
void wm_heap_drop_log(Heap *heap);
/* Whether each reference from an old object to a young one is logged: before a minor collection,
 * for tests (heap_verify.c). */
bool wm_heap_verify(const Heap *heap);
/* A large object of so many pages, which are accounted for. NULL: there are none. */
void *wm_heap_place_large(Heap *heap, u32 page_count);
/* All of them, or the young ones. */
void wm_heap_sweep_large(Heap *heap, bool all);
/* Nothing of what is left of a hole, or of all, is an object. */
void wm_heap_close_hole(Heap *heap, Hole *hole);
void wm_heap_close_holes(Heap *heap);

#endif
