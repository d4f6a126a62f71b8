/* Two small open-addressing maps: byte strings to u32, and addresses to u64. Both grow; an
 * insertion returns false when out of memory. All-zero is empty. */
#ifndef WM_BASE_HASHMAP_H
#define WM_BASE_HASHMAP_H

#include "base/base.h"

u64 wm_hash_u64(u64 v);
/* Depends on every byte and on `seed`. Names come from hostile input: tables seed with an address,
 * which the input's author does not know (hash_seed). */
u64 wm_hash_bytes(const void *data, size_t len, u64 seed);
static inline u64 hash_seed(const void *address) { return wm_hash_u64((u64)(uintptr_t)address); }

typedef struct NameSlot {
  const u8 *name; /* borrowed: the caller keeps the bytes alive */
  u32 len;
  u32 value;
  u64 hash; /* 0: free */
} NameSlot;

typedef struct NameMap {
  NameSlot *slots; /* owned */
  u32 cap, count;  /* cap is a power of two, or 0 */
  u64 seed;
} NameMap;

/* Adds name -> value, or leaves the name as it is when it is there already: *existed (may be NULL)
 * tells which. False: out of memory, nothing is changed. */
bool wm_namemap_add(NameMap *map, const void *name, u32 len, u32 value, bool *existed);
/* Whether the name is there; its value to *value. */
bool wm_namemap_get(const NameMap *map, const void *name, u32 len, u32 *value);
void wm_namemap_free(NameMap *map);

typedef struct PtrMap {
  struct PtrSlot {
    u64 key; /* 0: free, 1: deleted */
    u64 value;
  } *slots;  /* owned */
  u32 cap;   /* a power of two, or 0 */
  u32 count; /* keys */
  u32 used;  /* slots that are not free: keys and deleted ones */
} PtrMap;

/* Sets key -> value (key > 1), replacing what was there. False: out of memory. */
bool wm_ptrmap_set(PtrMap *map, const void *key, u64 value);
/* get and remove: whether the key is, or was, there; its value to *value (may be NULL). */
bool wm_ptrmap_get(const PtrMap *map, const void *key, u64 *value);
bool wm_ptrmap_remove(PtrMap *map, const void *key, u64 *value);
void wm_ptrmap_free(PtrMap *map);

#endif
