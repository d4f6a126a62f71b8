/* What memories begin with, as pages of the system that are copied when they are written (pool.h).
 */
#include "runtime/pool_internal.h"

#include <stdlib.h>

/* False: enough are in use. */
static bool take_turn(MemoryPool *pool) {
  if (atomic_fetch_add(&pool->images_in_use, 1) < pool->images_most) return true;
  atomic_fetch_sub(&pool->images_in_use, 1);
  return false;
}

PoolImage *wm_pool_image_new(MemoryPool *pool, u64 bytes) {
  PoolImage *image = take_turn(pool) ? calloc(1, sizeof *image) : NULL;
  if (!image) {
    atomic_fetch_add(&pool->images_refused, 1);
    return NULL;
  }
  image->pool = pool;
  image->bytes = bytes;
  atomic_init(&image->references, 1);
  if (wm_os_image_new(&image->pages, wm_os_page_size() + bytes)) return image;
  atomic_fetch_add(&pool->images_refused, 1);
  wm_pool_image_retire(image);
  return NULL;
}

bool wm_pool_image_write(PoolImage *image, u64 at, const u8 *from, u64 size_bytes) {
  return wm_os_image_write(&image->pages, wm_os_page_size() + at, from, (size_t)size_bytes);
}

bool wm_pool_image_seal(PoolImage *image) {
  if (!wm_os_image_seal(&image->pages)) return false;
  atomic_fetch_add(&image->pool->images_made, 1);
  return true;
}

void wm_pool_image_retire(PoolImage *image) {
  if (!image) return;
  atomic_store(&image->retired, true);
  wm_pool_slots_purge(image->pool, image);
  wm_os_image_close(&image->pages);
  atomic_fetch_sub(&image->pool->images_in_use, 1);
  pool_image_release(image);
}
