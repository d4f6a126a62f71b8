/* Growing arrays. `Vec(T) v = {0};` is empty; vec_push(&v) returns a pointer to a new item or NULL
 * when out of memory (the vector is unchanged then). New items are zero, but where the vector was
 * longer before. Items move when the vector grows. Heap-held: free with vec_free. For arrays that
 * end up in an arena, see vec_to_arena. */
#ifndef WM_BASE_VEC_H
#define WM_BASE_VEC_H

#include "base/arena.h"

#define Vec(T)                                                                                     \
  struct {                                                                                         \
    T *data; /* owned */                                                                           \
    u32 len, cap;                                                                                  \
  }

/* Grows the array at *data (of `size`-byte items) so that `extra` more than `len` fit; zeroes the
 * new room. `data` is the address of a pointer of any type. False: out of memory, nothing is
 * changed. */
bool wm_vec_grow(void *data, u32 *cap, u32 len, u64 extra, size_t size);

#define vec_reserve(v, extra)                                                                      \
  ((u64)(v)->cap - (v)->len >= (u64)(extra) ||                                                     \
   wm_vec_grow((void *)&(v)->data, &(v)->cap, (v)->len, (extra), sizeof *(v)->data))
#define vec_push(v)            (vec_reserve(v, 1) ? &(v)->data[(v)->len++] : NULL)
#define vec_last(v)            (&(v)->data[(v)->len - 1])
#define vec_free(v)            (wm_vec_free((void *)&(v)->data, &(v)->len, &(v)->cap))
/* A copy of the items in `arena`, which is not NULL for an empty vector; NULL: out of memory. */
#define vec_to_arena(v, arena) wm_vec_copy((arena), (v)->data, (v)->len, sizeof *(v)->data)

void wm_vec_free(void *data, u32 *len, u32 *cap);
void *wm_vec_copy(Arena *arena, const void *data, u32 len, size_t size);

#endif
