/* Memory that is freed all at once: one arena a module, one scratch arena a compiled function. */
#ifndef WM_BASE_ARENA_H
#define WM_BASE_ARENA_H

#include "base/base.h"

/* From malloc; whoever has a list of them may free it as an arena's. */
typedef struct ArenaChunk ArenaChunk;
struct ArenaChunk {
  ArenaChunk *next;
  size_t size;
  _Alignas(16) u8 data[];
};

typedef struct Arena {
  ArenaChunk *chunks; /* owned; newest first */
  u8 *pos, *end;      /* free space of the newest chunk */
} Arena;              /* all-zero is an empty arena */

/* `size` bytes, zeroed and aligned to 16; NULL when out of memory. Freed by wm_arena_free only. */
void *wm_arena_alloc(Arena *arena, size_t size);

/* `count` items of `size` bytes each, zeroed; NULL when out of memory or on overflow. */
void *wm_arena_array(Arena *arena, u64 count, size_t size);

/* What `from` holds is `arena`'s now; `from` is empty. */
void wm_arena_take(Arena *arena, Arena *from);

/* Frees everything; the arena is empty and usable again. */
void wm_arena_free(Arena *arena);

#define arena_new(arena, T)          ((T *)wm_arena_alloc((arena), sizeof(T)))
#define arena_array(arena, T, count) ((T *)wm_arena_array((arena), (count), sizeof(T)))

#endif
