/* The vectors of wasm.h: a file defines those of its own items. Failing leaves them empty:
 * {0, NULL}. */
#ifndef WM_API_API_VEC_H
#define WM_API_API_VEC_H

#include "api/handle.h"

#include <stdlib.h>

/* Zeroed room for `size` items; NULL for none, and with the last error set when out of memory. */
void *wm_items_new(size_t size, size_t item_bytes);

/* What any item type shares. DELETE(item pointer) deletes what an item owns. */
/* A failed `new` deletes the items that it was to take: they are the vector's either way. */
#define DEFINE_VEC(name, item_t, DELETE)                                                           \
  void wasm_##name##_vec_new_empty(wasm_##name##_vec_t *out) {                                     \
    if (out) *out = (wasm_##name##_vec_t){0, NULL};                                                \
  }                                                                                                \
  void wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t *out, size_t size) {                \
    if (!out) return;                                                                              \
    out->data = wm_items_new(size, sizeof *out->data);                                             \
    out->size = out->data ? size : 0;                                                              \
  }                                                                                                \
  void wasm_##name##_vec_delete(wasm_##name##_vec_t *vec) {                                        \
    if (!vec) return;                                                                              \
    for (size_t i = 0; vec->data && i < vec->size; i++) DELETE(&vec->data[i]);                     \
    free(vec->data);                                                                               \
    *vec = (wasm_##name##_vec_t){0, NULL};                                                         \
  }                                                                                                \
  void wasm_##name##_vec_new(wasm_##name##_vec_t *out, size_t size, item_t const items[]) {        \
    wasm_##name##_vec_t vec = {0, NULL};                                                           \
    if (out) wasm_##name##_vec_new_uninitialized(&vec, size);                                      \
    if (vec.data && items) memcpy(vec.data, items, size * sizeof *vec.data);                       \
    for (size_t i = 0; !vec.data && items && i < size; i++) {                                      \
      item_t item = items[i];                                                                      \
      DELETE(&item);                                                                               \
    }                                                                                              \
    if (out) *out = vec;                                                                           \
  }

/* Vectors of owned pointers. */
#define DEFINE_POINTER_VEC(name)                                                                   \
  static void delete_##name##_item(wasm_##name##_t **item) { wasm_##name##_delete(*item); }        \
  DEFINE_VEC(name, wasm_##name##_t *, delete_##name##_item)                                        \
  void wasm_##name##_vec_copy(wasm_##name##_vec_t *out, const wasm_##name##_vec_t *from) {         \
    if (!out) return;                                                                              \
    wasm_##name##_vec_new_empty(out);                                                              \
    if (!from || !from->data) return;                                                              \
    wasm_##name##_vec_new_uninitialized(out, from->size);                                          \
    for (size_t i = 0; i < out->size; i++) {                                                       \
      out->data[i] = wasm_##name##_copy(from->data[i]);                                            \
      if (from->data[i] && !out->data[i]) {                                                        \
        wasm_##name##_vec_delete(out);                                                             \
        return;                                                                                    \
      }                                                                                            \
    }                                                                                              \
  }

#endif
