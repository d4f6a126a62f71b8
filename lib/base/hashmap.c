/* Two maps with open addressing and linear probing (hashmap.h). The capacity is a power of two; a
 * map grows when three quarters of its slots are taken, so that a search always ends at a free one.
 *
 * Names come from hostile input: their hash is seeded by the map's address, which an attacker does
 * not know, and mixes so that no choice of names collides under all seeds. */
#include "base/hashmap.h"

#include <stdlib.h>

u64 wm_hash_u64(u64 v) {
  v ^= v >> 32;
  v *= 0x9E3779B97F4A7C15u;
  return v ^ v >> 29;
}

/* Both halves of the 128-bit product, folded: a difference in one operand spreads in a way that
 * depends on the other. */
static u64 fold(u64 a, u64 b) {
  u64 low = (u64)(u32)a * (u32)b, high = (a >> 32) * (b >> 32);
  u64 mid1 = (a >> 32) * (u32)b, mid2 = (u64)(u32)a * (b >> 32);
  u64 carry = ((low >> 32) + (u32)mid1 + (u32)mid2) >> 32;
  return a * b ^ (high + (mid1 >> 32) + (mid2 >> 32) + carry);
}

u64 wm_hash_bytes(const void *data, size_t len, u64 seed) {
  const u64 odd1 = 0x9E3779B97F4A7C15u, odd2 = 0xD6E8FEB86659FD93u;
  const u8 *p = data;
  u64 key = fold(seed ^ odd1, odd2) | 1, h = seed ^ len;
  for (; len >= 8; len -= 8, p += 8) h = fold(h ^ load_u64(p) ^ odd1, key ^ h);
  u64 tail = 0;
  if (len) memcpy(&tail, p, len);
  h = fold(h ^ tail ^ odd1, key ^ h);
  return fold(h ^ odd2, key);
}

/* The slot of the name, or the free one where it belongs. hash 0 is free: hashes have their lowest
 * bit set. */
static NameSlot *name_slot(const NameMap *map, const void *name, u32 len, u64 hash) {
  for (u32 i = (u32)hash & (map->cap - 1);; i = (i + 1) & (map->cap - 1)) {
    NameSlot *s = &map->slots[i];
    if (!s->hash || (s->hash == hash && s->len == len && (len == 0 || !memcmp(s->name, name, len))))
      return s;
  }
}

static bool name_grow(NameMap *map) {
  NameMap grown = {.cap = map->cap ? map->cap * 2 : 16, .count = map->count, .seed = map->seed};
  grown.slots = calloc(grown.cap, sizeof *grown.slots);
  if (!grown.slots) return false;
  /* Once: hashes are kept in the slots and never made again. */
  if (!map->cap) grown.seed = hash_seed(grown.slots);
  for (u32 i = 0; i < map->cap; i++) {
    NameSlot *s = &map->slots[i];
    if (s->hash) *name_slot(&grown, s->name, s->len, s->hash) = *s;
  }
  free(map->slots);
  *map = grown;
  return true;
}

bool wm_namemap_add(NameMap *map, const void *name, u32 len, u32 value, bool *existed) {
  if (map->count * 4 >= map->cap * 3 && !name_grow(map)) return false;
  u64 hash = wm_hash_bytes(name, len, map->seed) | 1;
  NameSlot *s = name_slot(map, name, len, hash);
  if (existed) *existed = s->hash != 0;
  if (s->hash) return true;
  *s = (NameSlot){.name = name, .len = len, .value = value, .hash = hash};
  map->count++;
  return true;
}

bool wm_namemap_get(const NameMap *map, const void *name, u32 len, u32 *value) {
  if (!map->cap) return false;
  const NameSlot *s = name_slot(map, name, len, wm_hash_bytes(name, len, map->seed) | 1);
  if (s->hash) *value = s->value;
  return s->hash != 0;
}

void wm_namemap_free(NameMap *map) {
  free(map->slots);
  *map = (NameMap){0};
}

/* Keys are addresses of objects, which are neither. A deleted slot is passed by searches and
 * reused. */
enum { KEY_FREE = 0, KEY_DELETED = 1 };

static struct PtrSlot *ptr_find(const PtrMap *map, u64 key) {
  if (!map->cap) return NULL;
  for (u32 i = (u32)wm_hash_u64(key) & (map->cap - 1);; i = (i + 1) & (map->cap - 1)) {
    if (map->slots[i].key == key) return &map->slots[i];
    if (map->slots[i].key == KEY_FREE) return NULL;
  }
}

static void ptr_insert(PtrMap *map, u64 key, u64 value) {
  u32 i = (u32)wm_hash_u64(key) & (map->cap - 1);
  while (map->slots[i].key > KEY_DELETED) i = (i + 1) & (map->cap - 1);
  if (map->slots[i].key == KEY_FREE) map->used++;
  map->slots[i] = (struct PtrSlot){key, value};
  map->count++;
}

static bool ptr_grow(PtrMap *map) {
  PtrMap grown = {.cap = 16};
  /* By what lives: a map full of deleted slots is written anew at the same size. */
  while (grown.cap < map->count * 2 + 2) grown.cap *= 2;
  grown.slots = calloc(grown.cap, sizeof *grown.slots);
  if (!grown.slots) return false;
  for (u32 i = 0; i < map->cap; i++)
    if (map->slots[i].key > KEY_DELETED) ptr_insert(&grown, map->slots[i].key, map->slots[i].value);
  free(map->slots);
  *map = grown;
  return true;
}

bool wm_ptrmap_set(PtrMap *map, const void *key, u64 value) {
  u64 k = (u64)(uintptr_t)key;
  struct PtrSlot *s = ptr_find(map, k);
  if (s) {
    s->value = value;
    return true;
  }
  if (map->used * 4 >= map->cap * 3 && !ptr_grow(map)) return false;
  ptr_insert(map, k, value);
  return true;
}

bool wm_ptrmap_get(const PtrMap *map, const void *key, u64 *value) {
  const struct PtrSlot *s = ptr_find(map, (u64)(uintptr_t)key);
  if (s && value) *value = s->value;
  return s != NULL;
}

bool wm_ptrmap_remove(PtrMap *map, const void *key, u64 *value) {
  struct PtrSlot *s = ptr_find(map, (u64)(uintptr_t)key);
  if (!s) return false;
  if (value) *value = s->value;
  *s = (struct PtrSlot){KEY_DELETED, 0};
  map->count--;
  return true;
}

void wm_ptrmap_free(PtrMap *map) {
  free(map->slots);
  *map = (PtrMap){0};
}
