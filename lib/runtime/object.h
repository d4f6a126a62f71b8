/* The head of everything that lives in a store and that wasm or a host can reach. One tracing
 * collector (collect.h) owns them all: mark-sweep, non-moving. */
#ifndef WM_RUNTIME_OBJECT_H
#define WM_RUNTIME_OBJECT_H

#include "base/base.h"

typedef enum ObjectKind {
  OBJ_INSTANCE,
  OBJ_FUNC,
  OBJ_TABLE,
  OBJ_MEMORY,
  OBJ_GLOBAL,
  OBJ_TAG,
  OBJ_FOREIGN, /* a host object without wasm meaning: what an externref usually is */
  OBJ_MODULE,  /* a store's view of a LoadedModule */
  OBJ_TRAP,
  OBJ_EXCEPTION,
  OBJ_HEAP_REF, /* what a handle holds in place of a struct, an array or an i31 (heap.h) */
} ObjectKind;
enum { OBJECT_KINDS = OBJ_HEAP_REF + 1 };

typedef struct Store Store;
typedef struct Object Object;

/* A reference in a frame slot, table, global or field: one word, opaque to all but the functions
 * below and heap.h. It is the address of an object of the store, or of a struct or array, or an i31
 * (bit 0 is set); null is 0, as fresh tables and zeroed frames hold nulls. */
typedef struct OpaqueRef *Ref;

/* The object that it refers to, where it is known to be null or one. */
static inline Object *ref_object(Ref ref) { return (Object *)(void *)ref; }
/* Of NULL: null. */
static inline Ref ref_of_object(const void *object) { return (Ref)(uintptr_t)object; }
/* As it is in a frame slot. */
static inline u64 ref_slot(Ref ref) { return (u64)(uintptr_t)ref; }
static inline Ref ref_of_slot(u64 slot) { return (Ref)(uintptr_t)slot; }

struct Object {
  Object *next;  /* the store's list of all objects; of an inner object: the instance it lives in */
  Store *store;  /* borrowed: owns it */
  u8 kind;       /* ObjectKind */
  u8 mark;       /* the collection that last reached it */
  bool inner;    /* lives inside its instance's allocation (defined functions) and as long */
  bool has_info; /* the store's host-info map has an entry */
  bool watched;  /* store->on_watched_free is called before it is freed */
  u32 handles;   /* how many host handles hold it: a root while not 0; an inner object's are
                    counted at its instance (object_hold) */
};

#endif
