/* Chunks of memory, each twice as large as the one before (arena.h).
 *
 *   arena->chunks -> newest -> ... -> first        all zeroed by calloc
 *                    [ taken | free ]
 *                            ^ pos   ^ end         what is left of older chunks stays unused */
#include "base/arena.h"

#include <stdlib.h>

enum { ALIGN = 16, FIRST_CHUNK = 4096 - 32, LARGEST_STEP = 1 << 20 };

/* A chunk for at least `size` bytes. Chunks double, so that n bytes take O(log n) of them. */
static bool add_chunk(Arena *arena, size_t size) {
  size_t want = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK;
  if (want > LARGEST_STEP) want = LARGEST_STEP;
  if (want < size) want = size;
  if (want > SIZE_MAX - sizeof(ArenaChunk)) return false;
  ArenaChunk *chunk = calloc(1, sizeof(ArenaChunk) + want);
  if (!chunk) return false;
  chunk->size = want;
  chunk->next = arena->chunks;
  arena->chunks = chunk;
  arena->pos = chunk->data;
  arena->end = chunk->data + want;
  return true;
}

void *wm_arena_alloc(Arena *arena, size_t size) {
  if (size > SIZE_MAX - ALIGN) return NULL;
  size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  /* Without a chunk yet both are NULL, and a size of 0 must still have an address. */
  if ((size_t)(arena->end - arena->pos) < size || !arena->pos) {
    if (!add_chunk(arena, size ? size : ALIGN)) return NULL;
  }
  void *p = arena->pos;
  arena->pos += size;
  return p;
}

void *wm_arena_array(Arena *arena, u64 count, size_t size) {
  u64 total;
  if (!checked_mul(count, size, &total) || total > SIZE_MAX) return NULL;
  return wm_arena_alloc(arena, (size_t)total);
}

void wm_arena_take(Arena *arena, Arena *from) {
  ArenaChunk **end = &from->chunks;
  while (*end) end = &(*end)->next;
  *end = arena->chunks;
  if (from->chunks) *arena = *from; /* its free space is the newest chunk's */
  *from = (Arena){0};
}

void wm_arena_free(Arena *arena) {
  for (ArenaChunk *c = arena->chunks; c;) {
    ArenaChunk *next = c->next;
    free(c);
    c = next;
  }
  *arena = (Arena){0};
}
