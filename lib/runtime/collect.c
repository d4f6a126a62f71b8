/* Mark and sweep (collect.h). Nothing here needs memory to succeed: without that for the set of
 * words on the value stack all objects are roots, so that only the heap is collected.
 *
 *   words on the value stack -> set | roots -> marks | unmarked objects -> doomed | finalizers
 *
 * A minor collection is of the heap's young alone: all objects live on, and are roots. */
#include "runtime/collect.h"

#include "runtime/activation.h"
#include "runtime/fiber.h"
#include "runtime/heap.h"
#include "runtime/native.h"

#include <stdlib.h>

/* A collection costs time by the number of live objects and what it reads in them; it is due when
 * the garbage may be as much as what lives, but not before this much a live object (so that large
 * memories stay cheap) and all that the last one read. */
enum { DEBT_BYTES_OBJECT = 1024, INLINE_TODO = 128 };

typedef struct Marker {
  Store *store;
  Object **todo; /* marked, children not yet visited; `inline_todo` or owned */
  u32 len, cap;
  u64 words_read;
  bool overflowed; /* a marked object is not in todo: visit all marked ones again */
  bool keep_all;   /* each object is a root */
  Object *inline_todo[INLINE_TODO];
} Marker;

/* ---- marking ---- */

static bool grow_todo(Marker *m) {
  if (m->cap > UINT32_MAX / 2) return false;
  u32 cap = m->cap * 2;
  bool is_inline = m->todo == m->inline_todo;
  Object **todo = realloc(is_inline ? NULL : m->todo, cap * sizeof *todo);
  if (!todo) return false;
  if (is_inline) memcpy(todo, m->inline_todo, sizeof m->inline_todo);
  m->todo = todo;
  m->cap = cap;
  return true;
}

static void mark_object(void *env, Object *object) {
  Marker *m = env;
  if (!object) return;
  object = object_owner(object);
  if (object->mark == m->store->mark) return;
  object->mark = m->store->mark;
  if (m->len < m->cap || grow_todo(m))
    m->todo[m->len++] = object;
  else
    m->overflowed = true;
}

static void mark(void *env, Ref ref) {
  Marker *m = env;
  u64 slot = ref_slot(ref);
  if (!slot || ref_is_i31(ref)) return;
  if (m->store->heap && heap_has(m->store->heap, slot))
    wm_heap_mark_object(m->store->heap, (HeapObject *)(void *)ref);
  else
    mark_object(m, ref_object(ref));
}

static void visit(Marker *m, const Object *object) {
  m->words_read += wm_object_trace(object, mark, m);
}

/* Marking ends here: wasm must stop. Only a heap makes it take long. */
static bool has_stopped(const Marker *m) { return heap_has_stopped(m->store->heap); }

static void visit_todo(Marker *m) {
  while (m->len > 0) visit(m, m->todo[--m->len]);
}

/* All marked objects have their references marked. */
static void visit_all(Marker *m) {
  visit_todo(m);
  while (m->overflowed) {
    m->overflowed = false;
    for (Object *o = m->store->objects; o; o = o->next) {
      if (o->mark != m->store->mark) continue;
      visit(m, o);
      visit_todo(m);
    }
  }
}

/* Marks everything that is reachable from what is marked already: objects lead to the heap, and the
 * heap to objects. */
static void mark_reachable(Marker *m) {
  Heap *heap = m->store->heap;
  do {
    visit_all(m);
    if (heap) wm_heap_drain(heap);
  } while ((m->len > 0 || m->overflowed) && !has_stopped(m));
  if (heap) m->words_read += heap->words_read;
}

/* ---- roots ---- */

typedef struct AddressRange {
  u64 low, high; /* of all allocations' first and last objects */
} AddressRange;

static void include(AddressRange *range, const Object *object) {
  u64 at = (u64)(uintptr_t)object;
  range->low = min_u64(range->low, at);
  range->high = max_u64(range->high, at);
}

static u32 inner_count(const Object *object) {
  const Instance *in = (const Instance *)object;
  return object->kind == OBJ_INSTANCE && in->module ? in->module->escape_count : 0;
}

static Object *inner_object(Object *object, u32 i) {
  return &((Instance *)object)->inner_funcs[i].head;
}

static AddressRange range_of_objects(const Store *store) {
  AddressRange range = {UINT64_MAX, 0};
  for (Object *o = store->objects; o; o = o->next) {
    include(&range, o);
    u32 inner = inner_count(o);
    if (inner) include(&range, inner_object(o, inner - 1));
  }
  return range;
}

/* Where references may be that nobody else knows of: words of stacks, which are read as they are,
 * whatever they were made for. False: stop. */
typedef bool VisitWords(void *env, const u64 *at, const u64 *end);

/* What compiled code has on the native stack, and in the registers it was left with. */
static bool visit_native(const Activation *innermost, VisitWords *look, void *env) {
  for (const Activation *a = innermost; a; a = a->outer) {
    if (!a->native_sp) continue;
    const u64 *low = (const u64 *)a->native_sp - NATIVE_SAVED_WORDS;
    if (!look(env, low, a->entry_sp)) return false;
  }
  return true;
}

/* What the host keeps in slots of its own (wm_slot_roots_add). */
static bool visit_slot_roots(const Store *store, VisitWords *look, void *env) {
  bool ok = true;
  for (const SlotRoots *r = store->slot_roots; r && ok; r = r->next)
    ok = look(env, r->slots, r->slots + r->count);
  return ok;
}

static bool visit_stacks(const Store *store, VisitWords *look, void *env) {
  bool ok = look(env, store->stack, store->stack_top) && visit_slot_roots(store, look, env) &&
            visit_native(store->activation, look, env);
  for (const Fiber *f = store->fibers; f && ok; f = f->next)
    ok = look(env, f->stacks.stack, f->stacks.stack_top) &&
         visit_native(f->stacks.activation, look, env);
  return ok;
}

static bool has_native_frames(const Activation *a) {
  while (a && !a->native_sp) a = a->outer;
  return a != NULL;
}

/* Those that may be addresses of objects. */
typedef struct Gather {
  AddressRange range;
  PtrMap *words;
} Gather;

__attribute__((no_sanitize("address"))) static bool gather(void *env, const u64 *at,
                                                           const u64 *end) {
  const Gather *g = env;
  for (; at < end; at++)
    if (*at >= g->range.low && *at <= g->range.high && *at % _Alignof(Object) == 0 &&
        !wm_ptrmap_set(g->words, (const void *)(uintptr_t)*at, 0))
      return false;
  return true;
}

static bool gather_words(const Store *store, PtrMap *words) {
  if (store->stack_top == store->stack && !has_native_frames(store->activation) && !store->fibers &&
      !store->slot_roots)
    return true;
  Gather g = {range_of_objects(store), words};
  return visit_stacks(store, gather, &g);
}

/* Those that may be addresses in the heap. */
__attribute__((no_sanitize("address"))) static bool mark_words(void *heap, const u64 *at,
                                                               const u64 *end) {
  for (; at < end; at++)
    if (UNLIKELY(heap_has(heap, *at))) wm_heap_mark_word(heap, *at);
  return true;
}

static bool is_on_stack(Marker *m, const PtrMap *words, Object *object) {
  if (words->count == 0) return false;
  if (wm_ptrmap_get(words, object, NULL)) return true;
  u32 inner = inner_count(object);
  m->words_read += inner;
  for (u32 i = 0; i < inner; i++)
    if (wm_ptrmap_get(words, inner_object(object, i), NULL)) return true;
  return false;
}

static void mark_activations(Marker *m, const Activation *innermost) {
  for (const Activation *a = innermost; a; a = a->outer) {
    mark_object(m, (Object *)a->func);
    mark_object(m, (Object *)a->callee);
    mark_object(m, (Object *)a->instance);
  }
}

static void mark_roots(Marker *m, const PtrMap *words) {
  Store *store = m->store;
  mark_object(m, (Object *)store->trap);
  mark_object(m, (Object *)store->out_of_memory);
  mark_object(m, (Object *)store->unwind.exception);
  mark_activations(m, store->activation);
  for (const Fiber *f = store->fibers; f; f = f->next) {
    mark_object(m, (Object *)f->func);
    mark_activations(m, f->stacks.activation);
  }
  for (Object *o = store->objects; o; o = o->next) {
    if (o->handles > 0 || m->keep_all || is_on_stack(m, words, o)) mark_object(m, o);
    if (m->len > INLINE_TODO / 2) visit_todo(m);
  }
}

void wm_slot_roots_add(Store *store, SlotRoots *roots, const u64 *slots, u64 count) {
  *roots = (SlotRoots){store->slot_roots, &store->slot_roots, slots, count};
  if (roots->next) roots->next->link = &roots->next;
  store->slot_roots = roots;
}

void wm_slot_roots_remove(SlotRoots *roots) {
  *roots->link = roots->next;
  if (roots->next) roots->next->link = roots->link;
}

/* ---- sweeping ---- */

/* Moves the unmarked objects to store->doomed and says when the next collection is due. */
static void sweep(Store *store, u64 bytes_read) {
  u64 live = 0, live_bytes = 0;
  for (Object **link = &store->objects; *link;) {
    Object *object = *link;
    if (object->mark == store->mark) {
      live++;
      live_bytes += OBJECT_WEIGHT_BYTES + wm_object_weight(object);
      link = &object->next;
    } else {
      *link = object->next;
      object->next = store->doomed;
      store->doomed = object;
    }
  }
  store->debt_bytes = 0;
  store->threshold_bytes =
      COLLECT_MIN_DEBT_BYTES + min_u64(live_bytes, live * DEBT_BYTES_OBJECT) + bytes_read;
}

/* One that a C++ exception of its finalizer interrupts stays the first, and is gone on with. */
static void destroy_doomed(Store *store) {
  while (store->doomed) {
    Object *next = store->doomed->next;
    wm_object_destroy(store->doomed);
    store->doomed = next;
  }
}

/* ---- everything ---- */

static void mark_everything(Marker *m, const PtrMap *words, bool may_stop) {
  Store *store = m->store;
  store->mark ^= 1;
  if (store->heap) {
    wm_heap_begin_full(store->heap, mark_object, m, may_stop);
    visit_stacks(store, mark_words, store->heap);
  }
  mark_roots(m, words);
  mark_reachable(m);
}

/* All objects live on; the next collection is due when as much was made again. */
static void abandon(Store *store) {
  for (Object *o = store->objects; o; o = o->next) o->mark = store->mark;
  store->debt_bytes = 0;
  wm_heap_abandon(store->heap);
}

static void find_doomed(Store *store, bool may_stop) {
  PtrMap words = {0};
  Marker m = {.store = store, .cap = INLINE_TODO};
  m.todo = m.inline_todo;
  m.keep_all = !gather_words(store, &words);
  m.words_read = words.count;
  mark_everything(&m, &words, may_stop);
  if (has_stopped(&m)) {
    abandon(store);
  } else {
    sweep(store, m.words_read * sizeof(u64));
    if (store->heap) wm_heap_sweep(store->heap);
  }
  if (m.todo != m.inline_todo) free(m.todo);
  wm_ptrmap_free(&words);
}

/* Tells the heap how long it took. */
static void collect_all(Store *store, bool may_stop) {
  u64 start_ns = wm_os_monotonic_ns();
  find_doomed(store, may_stop);
  Heap *heap = store->heap;
  if (heap && !heap->stopped) wm_gc_pause_add(&heap->stats.full, wm_os_monotonic_ns() - start_ns);
}

/* ---- the young ---- */

static void mark_young(void *env, Ref ref) {
  Heap *heap = env;
  u64 slot = ref_slot(ref);
  if (slot && !ref_is_i31(ref) && heap_has(heap, slot))
    wm_heap_mark_object(heap, (HeapObject *)(void *)ref);
}

static void collect_young(Store *store) {
  u64 start_ns = wm_os_monotonic_ns();
  Heap *heap = store->heap;
  if (UNLIKELY(heap->stress) && !wm_heap_verify(heap)) heap->is_broken = true;
  wm_heap_begin_minor(heap);
  visit_stacks(store, mark_words, heap);
  for (const Object *o = store->objects; o; o = o->next) wm_object_trace_young(o, mark_young, heap);
  wm_heap_drain(heap);
  wm_heap_sweep(heap);
  wm_gc_pause_add(&heap->stats.minor, wm_os_monotonic_ns() - start_ns);
}

/* ---- when ---- */

typedef struct Collection {
  Store *store;
  const void *before; /* of store_enter */
} Collection;

/* Also when a finalizer is left by a C++ exception: the next collection goes on. */
static void end_collection(const Collection *c) {
  c->store->collecting = false;
  store_leave(c->store, c->before);
}

NOINLINE void wm_store_collect(Store *store) {
  if (store->collecting) return;
  /* Of a thread that ended the stack is gone, too. */
  if (UNLIKELY(store->activation != NULL)) wm_store_forget_dead(store, __builtin_frame_address(0));
  Collection c __attribute__((cleanup(end_collection))) = {store, store_enter(store)};
  c.store->collecting = true;
  collect_all(store, false);
  destroy_doomed(store);
}

/* The finalizers wait: wasm is in the middle of an instruction. */
NOINLINE void wm_store_collect_heap(Store *store, bool full) {
  if (store->collecting) return;
  Collection c __attribute__((cleanup(end_collection))) = {store, store_enter(store)};
  c.store->collecting = true;
  if (full)
    collect_all(store, true);
  else
    collect_young(store);
}

static NOINLINE void run_finalizers(Store *store) {
  if (store->collecting) return;
  Collection c __attribute__((cleanup(end_collection))) = {store, store_enter(store)};
  c.store->collecting = true;
  destroy_doomed(store);
}

void wm_store_safepoint(Store *store) {
  if (store->debt_bytes > store->threshold_bytes)
    wm_store_collect(store);
  else if (UNLIKELY(store->doomed != NULL))
    run_finalizers(store);
}

void wm_store_free_objects(Store *store) {
  store->closing = store->collecting = true;
  destroy_doomed(store); /* of a collection that an exception ended */
  store->doomed = store->objects;
  store->objects = NULL;
  destroy_doomed(store);
}
