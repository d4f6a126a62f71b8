/* What all vectors share, and those of bytes (api_vec.h). */
#include "api/api_vec.h"

/* More than PTRDIFF_MAX bytes is never had, and the product is not formed. A zero byte stands
 * behind the items: programs that take names for C strings read no further. */
void *wm_items_new(size_t size, size_t item_bytes) {
  if (size == 0) return NULL;
  void *items = size <= PTRDIFF_MAX / item_bytes - 1 ? calloc(1, size * item_bytes + 1) : NULL;
  if (!items) wm_api_out_of_memory();
  return items;
}

#define KEEP_ITEM(item) ((void)(item))
DEFINE_VEC(byte, wasm_byte_t, KEEP_ITEM)

void wasm_byte_vec_copy(wasm_byte_vec_t *out, const wasm_byte_vec_t *from) {
  wasm_byte_vec_new(out, from ? from->size : 0, from ? from->data : NULL);
}
