/* What the files of the memory pool share, the later ones upon the earlier: reservation.c (one
 * memory's address space), pool_slots.c (what is kept of them), page_image.c (what memories begin
 * with), pool.c (taking and giving back). */
#ifndef WM_RUNTIME_POOL_INTERNAL_H
#define WM_RUNTIME_POOL_INTERNAL_H

#include "os/os.h"
#include "runtime/pool.h"

enum { POOL_SHARDS = 8, SHARD_SLOTS = 32 };

/* Reservations that are kept, the oldest first; on cache lines of its own. */
typedef struct PoolShard {
  _Alignas(64) Mutex lock;
  u32 count;
  u64 dirty_bytes; /* of all slots */
  u64 imaged, reused;
  Reservation slots[SHARD_SLOTS]; /* usual 32-bit reservations */
} PoolShard;

struct MemoryPool {
  PoolShard shards[POOL_SHARDS];
  bool wants_guards;
  MemorySource *source; /* counted; or NULL */
  u32 images_most;
  _Atomic u32 images_in_use;
  _Atomic u64 images_made, images_refused, fresh, imaged_fresh;
};

struct PoolImage {
  MemoryPool *pool; /* borrowed: outlives it */
  PageImage pages;  /* header page, contents */
  u64 bytes;        /* the contents */
  _Atomic u32 references;
  _Atomic bool retired;
};

static inline void pool_image_retain(PoolImage *image) {
  atomic_fetch_add_explicit(&image->references, 1, memory_order_relaxed);
}
/* NULL is allowed. */
static inline void pool_image_release(PoolImage *image) {
  if (image && atomic_fetch_sub_explicit(&image->references, 1, memory_order_acq_rel) == 1)
    free(image);
}

/* ---- reservation.c ---- */
/* What the system can make accessible. */
static inline u64 whole_pages(u64 bytes) {
  u64 page = wm_os_page_size();
  return (bytes + page - 1) / page * page;
}
/* Makes [0, bytes), whole pages, accessible and nothing behind it. New bytes are zero. */
bool wm_reservation_set_accessible(Reservation *r, u64 bytes);
/* Of one that is new: header page and contents, by one call. */
bool wm_reservation_commit(Reservation *r, u64 bytes);
/* Takes all access and the image away, as if it were new. */
bool wm_reservation_strip(Reservation *r);

/* ---- pool_slots.c ---- */
bool wm_pool_slots_init(MemoryPool *pool);
void wm_pool_slots_end(MemoryPool *pool);
/* Takes one that fits, in the order in which it is cheap: as its memory left it with this image and
 * this much accessible; with this image; any one when the shard is full. False: there is none. */
bool wm_pool_slots_take(MemoryPool *pool, const PoolImage *image, u64 accessible_bytes,
                        Reservation *out);
/* The last way out: any one of any shard. */
bool wm_pool_slots_take_any(MemoryPool *pool, Reservation *out);
/* Keeps *r; false: there is no room, or nobody will want its image. */
bool wm_pool_slots_put(MemoryPool *pool, const Reservation *r);
/* Whether as much again may be kept dirty by this thread's shard. */
bool wm_pool_slots_may_be_dirty(MemoryPool *pool, u64 bytes);
/* Gives back what is kept with this image. */
void wm_pool_slots_purge(MemoryPool *pool, const PoolImage *image);

#endif
