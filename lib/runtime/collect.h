/* The store's collector. Roots: objects with handles, store->trap, the activations' functions and
 * instances, and the value stack from its start to its top, scanned conservatively: a word
 * that is the address of an object of this store is taken for a reference.
 *
 * Collection happens only at safe points, where every object that native code still needs is
 * reachable from a root: wm_store_safepoint, called by the API when an object was made or a handle
 * let go (and later by allocation in wasm). Making an object never collects. */
#ifndef WM_RUNTIME_COLLECT_H
#define WM_RUNTIME_COLLECT_H

#include "runtime/store.h"

/* A zeroed object of `size` bytes, in the store's list; `weight_bytes` is what else it holds
 * (counts as debt). NULL: out of memory. */
void *wm_object_new(Store *store, ObjectKind kind, size_t size, u64 weight_bytes);

/* Collects when the debt says so. */
void wm_store_safepoint(Store *store);
/* Collects now. */
void wm_store_collect(Store *store);

/* Handles: a root each. */
static inline void object_hold(Object *object) { object->handles++; }
static inline void object_let_go(Object *object) { object->handles--; }

#endif
