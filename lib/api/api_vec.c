/* The vectors of wasm.h. Failing leaves them empty: {0, NULL}. */
#include "api/handle.h"

#include <stdlib.h>

/* Zeroed room for `size` items; NULL for none, and with the last error set when out of memory. */
static void *items_new(size_t size, size_t item_bytes) {
  if (size == 0) return NULL;
  void *items = size <= PTRDIFF_MAX / item_bytes ? calloc(size, item_bytes) : NULL;
  if (!items) wm_api_out_of_memory();
  return items;
}

/* What any item type shares. DELETE(item pointer) deletes what an item owns. */
#define DEFINE_VEC(name, item_t, DELETE)                                                           \
  void wasm_##name##_vec_new_empty(wasm_##name##_vec_t *out) {                                     \
    if (out) *out = (wasm_##name##_vec_t){0, NULL};                                                \
  }                                                                                                \
  void wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t *out, size_t size) {                \
    if (!out) return;                                                                              \
    out->data = items_new(size, sizeof *out->data);                                                \
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

#define KEEP_ITEM(item) ((void)(item))

DEFINE_VEC(byte, wasm_byte_t, KEEP_ITEM)
DEFINE_VEC(val, wasm_val_t, wasm_val_delete)

void wasm_byte_vec_copy(wasm_byte_vec_t *out, const wasm_byte_vec_t *from) {
  wasm_byte_vec_new(out, from ? from->size : 0, from ? from->data : NULL);
}

void wasm_val_vec_copy(wasm_val_vec_t *out, const wasm_val_vec_t *from) {
  if (!out) return;
  wasm_val_vec_new_uninitialized(out, from && from->data ? from->size : 0);
  for (size_t i = 0; i < out->size; i++) {
    wasm_val_copy(&out->data[i], &from->data[i]);
    bool is_ref = wasm_valkind_is_ref(from->data[i].kind);
    if (is_ref && from->data[i].of.ref && !out->data[i].of.ref) {
      wasm_val_vec_delete(out);
      return;
    }
  }
}

/* Vectors of owned pointers. */
#define DEFINE_POINTER_VEC(name)                                                                   \
  static void delete_##name##_item(wasm_##name##_t **item) { wasm_##name##_delete(*item); }        \
  DEFINE_VEC(name, wasm_##name##_t *, delete_##name##_item)                                        \
  void wasm_##name##_vec_copy(wasm_##name##_vec_t *out, const wasm_##name##_vec_t *from) {         \
    if (!out) return;                                                                              \
    wasm_##name##_vec_new_uninitialized(out, from && from->data ? from->size : 0);                 \
    for (size_t i = 0; i < out->size; i++) {                                                       \
      out->data[i] = wasm_##name##_copy(from->data[i]);                                            \
      if (from->data[i] && !out->data[i]) {                                                        \
        wasm_##name##_vec_delete(out);                                                             \
        return;                                                                                    \
      }                                                                                            \
    }                                                                                              \
  }

DEFINE_POINTER_VEC(valtype)
DEFINE_POINTER_VEC(functype)
DEFINE_POINTER_VEC(globaltype)
DEFINE_POINTER_VEC(tabletype)
DEFINE_POINTER_VEC(memorytype)
DEFINE_POINTER_VEC(tagtype)
DEFINE_POINTER_VEC(externtype)
DEFINE_POINTER_VEC(importtype)
DEFINE_POINTER_VEC(exporttype)
DEFINE_POINTER_VEC(frame)
DEFINE_POINTER_VEC(extern)
