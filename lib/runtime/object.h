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
} ObjectKind;

typedef struct Store Store;
typedef struct Object Object;

/* A reference in a frame slot, table, global or field: the object's address; null is 0. */
typedef Object *Ref;

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
