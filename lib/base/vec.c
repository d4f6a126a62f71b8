/* What the macros of vec.h call. The address of a vector's pointer comes as void *, whatever the
 * item type; the pointer itself is moved with memcpy, so that no type is read as another. */
#include "base/vec.h"

#include <stdlib.h>

/* By half at least. What is new is zeroed; false leaves the vector as it was. */
bool wm_vec_grow(void *data, u32 *cap, u32 len, u64 extra, size_t size) {
  void *old;
  memcpy(&old, data, sizeof old);
  u64 want = max_u64((u64)*cap + *cap / 2 + 8, (u64)len + extra), bytes;
  if (want > UINT32_MAX || extra > UINT32_MAX || !checked_mul(want, size, &bytes) ||
      bytes > SIZE_MAX)
    return false;
  u8 *grown = realloc(old, (size_t)bytes);
  if (!grown) return false;
  memset(grown + (u64)*cap * size, 0, (size_t)(bytes - (u64)*cap * size));
  memcpy(data, &grown, sizeof grown);
  *cap = (u32)want;
  return true;
}

void wm_vec_free(void *data, u32 *len, u32 *cap) {
  void *old;
  memcpy(&old, data, sizeof old);
  free(old);
  memset(data, 0, sizeof old);
  *len = *cap = 0;
}

void *wm_vec_copy(Arena *arena, const void *data, u32 len, size_t size) {
  void *copy = wm_arena_array(arena, len ? len : 1, size);
  if (copy && len) memcpy(copy, data, (size_t)len * size);
  return copy;
}
