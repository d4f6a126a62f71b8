/* The store's collector. Roots: objects with handles, store->trap, the activations' functions and
 * instances, and the value stack from its start to its top, the native frames of compiled code, of
 * all fibers too, and slots of the host's (wm_slot_roots_add), scanned conservatively: a word that
 * is the address of an object of this store is taken for a reference.
 *
 * Collection happens only at safe points, where every object that native code still needs is
 * reachable from a root: wm_store_safepoint, called by the API when an object was made or the last
 * handle of one let go, and by wm_instance_new when it failed. Making an object never collects; the
 * one exception is wm_instance_new, which collects and tries again when memory or a limit of the
 * store is used up.
 *
 * Finalizers run after the sweep, when the store is whole again: they may call anything but
 * wm_store_delete. No collection starts inside one. */
#ifndef WM_RUNTIME_COLLECT_H
#define WM_RUNTIME_COLLECT_H

#include "runtime/store.h"

enum { COLLECT_MIN_DEBT_BYTES = 1 << 20, OBJECT_WEIGHT_BYTES = 64, HOST_INFO_WEIGHT_BYTES = 64 };

/* A zeroed object of `size` bytes, in the store's list; `weight_bytes` is what else it holds
 * (counts as debt). NULL: out of memory, or the store is being deleted. */
void *wm_object_new(Store *store, ObjectKind kind, size_t size, u64 weight_bytes);

/* Collects when the debt says so. */
void wm_store_safepoint(Store *store);
/* Collects now, while wasm allocates (heap.h): everything, unless wasm must stop first, with
 * finalizers at the next safe point; or the young of the heap alone. */
void wm_store_collect_heap(Store *store, bool full);
/* Collects now, however long that takes: nothing stops it. Does nothing inside a finalizer. When
 * memory is too short to scan the stack for objects, they all stay, and what they refer to. */
void wm_store_collect(Store *store);
/* Frees all objects and runs their finalizers: the end of the store. */
void wm_store_free_objects(Store *store);

/* Slots outside of the value stack that may hold references: roots, read as a stack is. Borrowed
 * between add and remove. */
struct SlotRoots {
  SlotRoots *next, **link;
  const u64 *slots;
  u64 count;
};
void wm_slot_roots_add(Store *store, SlotRoots *roots, const u64 *slots, u64 count);
void wm_slot_roots_remove(SlotRoots *roots);

/* ---- what a kind of object is made of: object_class.c ---- */
typedef void Visit(void *env, Ref child);
/* Bytes that `object` keeps busy, its struct and what that owns. */
u64 wm_object_weight(const Object *object);
/* Calls visit for whatever `object`, which is no inner one, refers to (nulls too). Returns
 * how many words it looked at. */
u64 wm_object_trace(const Object *object, Visit *visit, void *env);
/* The same for a minor collection of the heap: all that may refer to what is young in it; of a
 * table what was written since it was traced last. */
void wm_object_trace_young(const Object *object, Visit *visit, void *env);
/* Tells the watcher, runs the finalizers, gives everything back; each once, also when a C++
 * exception of a finalizer comes out of here: then the object is still there, for another call. */
void wm_object_destroy(Object *object);

/* The allocation that `object` is part of, which lives and dies as one. */
static inline Object *object_owner(Object *object) { return object->inner ? object->next : object; }

/* Handles: a root each. */
static inline void object_hold(Object *object) { object_owner(object)->handles++; }
static inline void object_let_go(Object *object) { object_owner(object)->handles--; }

#endif
