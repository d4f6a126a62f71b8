/* Reserving, growing and reusing the address space of memories (pool.h). */
#include "runtime/pool_internal.h"
#include "wasm/limits.h"

#include <stdlib.h>

enum {
  GUARD_BYTES = 65536,
  KEPT_ACCESSIBLE_BYTES = 64 << 20, /* of a memory that is kept: its page tables are, too */
  GROWTH_STEP = 64 << 20,           /* what is reserved to grow into when address space is short */
  GROWTH_STEP_PAID = 1 << 20,
};
#define MAX_BYTES32   (UINT64_C(1) << 32)
/* Index and offset below 2^32 each, and an access of up to 16 bytes that may lie in the guard. */
#define GUARDED_BYTES (2 * MAX_BYTES32 + GUARD_BYTES)

static const struct {
  MemoryHeader header;
  u8 base[16];
} empty_memory = {{0, 0}, {0}};

u8 *wm_pool_empty_base(void) { return (u8 *)(uintptr_t)empty_memory.base; }

MemoryPool *wm_pool_new(void) {
  MemoryPool *pool = aligned_alloc(_Alignof(MemoryPool), sizeof *pool);
  if (!pool) return NULL;
  memset(pool, 0, sizeof *pool);
  pool->images_most = wm_os_images_most();
  if (wm_pool_slots_init(pool)) return pool;
  free(pool);
  return NULL;
}

bool wm_pool_fits(const MemoryPool *pool, const Reservation *r, bool is_64) {
  return is_64 || !pool->wants_guards || r->reserved_bytes >= GUARDED_BYTES;
}

void wm_pool_use_source(MemoryPool *pool, MemorySource *source) {
  wm_memory_source_retain(source);
  pool->source = source;
}

void wm_pool_delete(MemoryPool *pool) {
  wm_pool_slots_end(pool);
  wm_memory_source_release(pool->source);
  free(pool);
}

static bool reserve_from(MemorySource *source, Reservation *r, u64 bytes, u64 capacity_bytes) {
  u8 *base = source->reserve(source->env, bytes);
  if (!base) return false;
  wm_memory_source_retain(source);
  *r = (Reservation){
      .base = base, .reserved_bytes = bytes, .capacity_bytes = capacity_bytes, .source = source};
  return true;
}

/* Reserves the header page and `bytes` from base. */
static bool reserve(Reservation *r, u64 bytes, u64 capacity_bytes) {
  size_t page = wm_os_page_size();
  if (bytes > SIZE_MAX - page) return false;
  u8 *start = wm_os_reserve((size_t)bytes + page);
  if (!start) return false;
  *r = (Reservation){
      .base = start + page, .reserved_bytes = bytes, .capacity_bytes = capacity_bytes};
  return true;
}

bool wm_pool_want_guards(MemoryPool *pool) {
  Reservation r;
  if (pool->source) return pool->wants_guards = pool->source->guards;
  if (!wm_os_reserve_is_free() || !reserve(&r, GUARDED_BYTES, MAX_BYTES32)) return false;
  wm_pool_discard(&r);
  pool->wants_guards = true;
  return true;
}

/* Reserves for [min, max] bytes as much as there is room for. */
static bool reserve_some(const MemoryPool *pool, Reservation *r, u64 min_bytes, u64 max_bytes,
                         bool is_64) {
  bool is_free = wm_os_reserve_is_free();
  if (pool->wants_guards && !is_64) return reserve(r, GUARDED_BYTES, MAX_BYTES32);
  u64 limit = is_64 ? MAX_MEMORY64_BYTES : MAX_BYTES32;
  u64 most = whole_pages(max_u64(min_u64(max_bytes, limit), min_bytes));
  /* All small ones alike, so that they can be used again. */
  u64 large = is_64 ? most : MAX_BYTES32;
  if (is_free && reserve(r, large + GUARD_BYTES, large)) return true;
  u64 step = max_u64(min_bytes, is_free ? GROWTH_STEP : GROWTH_STEP_PAID);
  u64 some = min_u64(most, min_bytes + step);
  return reserve(r, some + GUARD_BYTES, some) || reserve(r, min_bytes + GUARD_BYTES, min_bytes);
}

/* The same of what the host has, who may have no more than is needed now. */
static bool reserve_host(const MemoryPool *pool, Reservation *r, u64 min_bytes, u64 max_bytes,
                         bool is_64) {
  MemorySource *source = pool->source;
  if (pool->wants_guards && !is_64) return reserve_from(source, r, GUARDED_BYTES, MAX_BYTES32);
  u64 limit = is_64 ? MAX_MEMORY64_BYTES : MAX_BYTES32;
  u64 most = whole_pages(max_u64(min_u64(max_bytes, limit), min_bytes));
  u64 some = min_u64(most, min_bytes + GROWTH_STEP_PAID);
  return reserve_from(source, r, most, most) ||
         (some < most && reserve_from(source, r, some, some)) ||
         (min_bytes < some && reserve_from(source, r, min_bytes, min_bytes));
}

/* Whether the next 32-bit memory can use it. */
static bool is_usual(const MemoryPool *pool, const Reservation *r) {
  if (r->source) return false; /* the host may want it back */
  u64 usual = pool->wants_guards ? GUARDED_BYTES : MAX_BYTES32 + GUARD_BYTES;
  return r->reserved_bytes == usual && r->capacity_bytes == MAX_BYTES32;
}

/* ---- taking ---- */

/* Nothing of it accessible but the header page, if that. */
static bool reserve_new(MemoryPool *pool, u64 min_bytes, u64 max_bytes, bool is_64,
                        Reservation *out) {
  if (!reserve_some(pool, out, min_bytes, max_bytes, is_64)) return false;
  atomic_fetch_add_explicit(&pool->fresh, 1, memory_order_relaxed);
  return true;
}

static bool discard(Reservation *r) {
  wm_pool_discard(r);
  return false;
}

/* What was kept of a memory without image. */
static bool clean(Reservation *r, u64 bytes) {
  if (!wm_reservation_set_accessible(r, bytes)) return false;
  memset(r->base, 0, (size_t)min_u64(r->dirty_bytes, bytes));
  r->dirty_bytes = 0;
  return true;
}

static bool acquire_used(MemoryPool *pool, u64 bytes, Reservation *out) {
  if (!wm_pool_slots_take(pool, NULL, bytes, out)) return false;
  bool done = out->image ? wm_reservation_strip(out) && wm_reservation_commit(out, bytes)
                         : clean(out, bytes);
  return done || discard(out);
}

/* When there is no more address space, what is kept of it has to do. */
static bool acquire_last(MemoryPool *pool, u64 bytes, Reservation *out) {
  if (!wm_pool_slots_take_any(pool, out)) return false;
  return (wm_reservation_strip(out) && wm_reservation_commit(out, bytes)) || discard(out);
}

static bool acquire_from_host(const MemoryPool *pool, u64 min_bytes, u64 max_bytes, bool is_64,
                              Reservation *out) {
  if (!reserve_host(pool, out, min_bytes, max_bytes, is_64)) return false;
  return !min_bytes || wm_reservation_set_accessible(out, min_bytes) || discard(out);
}

static bool acquire_new(MemoryPool *pool, u64 min_bytes, u64 max_bytes, bool is_64,
                        Reservation *out) {
  if (pool->source) return acquire_from_host(pool, min_bytes, max_bytes, is_64, out);
  if (!reserve_new(pool, min_bytes, max_bytes, is_64, out))
    return !is_64 && acquire_last(pool, min_bytes, out);
  return wm_reservation_commit(out, min_bytes) || discard(out);
}

bool wm_pool_acquire(MemoryPool *pool, u64 min_bytes, u64 max_bytes, bool is_64, Reservation *out) {
  u64 now = whole_pages(min_bytes), most = max_u64(now, max_bytes);
  bool found = !is_64 && acquire_used(pool, now, out);
  if (!found && !acquire_new(pool, now, most, is_64, out)) return false;
  memory_set_length(out->base, min_bytes);
  return true;
}

/* Reserved pages become the image and what is behind it. */
static bool show_image(Reservation *r, PoolImage *image, u64 bytes) {
  size_t page = wm_os_page_size();
  if (!wm_os_image_map(&image->pages, r->base - page, page + (size_t)image->bytes)) return false;
  pool_image_retain(image);
  r->image = image;
  r->accessible_bytes = image->bytes;
  atomic_fetch_add_explicit(&image->pool->imaged_fresh, 1, memory_order_relaxed);
  return wm_reservation_set_accessible(r, bytes);
}

/* An older memory had the image: it is there. */
static bool reuse_image(MemoryPool *pool, PoolImage *image, u64 bytes, Reservation *out) {
  if (!wm_pool_slots_take(pool, image, bytes, out)) return false;
  bool done = out->image == image ? wm_reservation_set_accessible(out, bytes)
                                  : wm_reservation_strip(out) && show_image(out, image, bytes);
  return done || discard(out);
}

bool wm_pool_acquire_image(MemoryPool *pool, PoolImage *image, u64 min_bytes, u64 max_bytes,
                           Reservation *out) {
  u64 now = whole_pages(min_bytes), most = max_u64(now, max_bytes);
  if (pool->source) return false;
  if (!reuse_image(pool, image, now, out)) {
    if (!reserve_new(pool, now, most, false, out)) return false;
    if (!show_image(out, image, now)) return discard(out);
  }
  memory_set_length(out->base, min_bytes);
  return true;
}

/* ---- giving back ---- */

/* What cost page tables, or was for large pages, is given back to begin anew. */
static bool cut(Reservation *r) {
  u64 most = max_u64(KEPT_ACCESSIBLE_BYTES, r->image ? r->image->bytes : 0);
  if (r->prefers_large_pages) most = 0;
  r->prefers_large_pages = false;
  if (most < r->accessible_bytes && r->image && r->image->bytes > most) return false;
  return most >= r->accessible_bytes || wm_reservation_set_accessible(r, most);
}

/* Makes the memory fit for the pool: the first of its contents stay until somebody takes them (who
 * zeroes them), the rest is what it was when it was made, all of it where it began with an image.
 * False: it cannot be kept. */
static bool forget(MemoryPool *pool, Reservation *r) {
  if (!cut(r)) return false;
  u64 keep = r->image ? 0 : min_u64(r->accessible_bytes, POOL_DIRTY_BYTES);
  r->dirty_bytes = keep && wm_pool_slots_may_be_dirty(pool, keep) ? keep : 0;
  return wm_os_forget(r->base + r->dirty_bytes, (size_t)(r->accessible_bytes - r->dirty_bytes));
}

void wm_pool_release(MemoryPool *pool, Reservation *r) {
  if (!r->base) return;
  if (is_usual(pool, r) && forget(pool, r) && wm_pool_slots_put(pool, r))
    *r = (Reservation){0};
  else
    wm_pool_discard(r);
}

PoolStats wm_pool_stats(MemoryPool *pool) {
  PoolStats stats = {.images = atomic_load(&pool->images_made),
                     .images_refused = atomic_load(&pool->images_refused),
                     .memories_imaged = atomic_load(&pool->imaged_fresh),
                     .memories_fresh = atomic_load(&pool->fresh)};
  for (u32 i = 0; i < POOL_SHARDS; i++) {
    PoolShard *shard = &pool->shards[i];
    wm_mutex_lock(&shard->lock);
    stats.memories_imaged += shard->imaged;
    stats.memories_reused += shard->reused;
    wm_mutex_unlock(&shard->lock);
  }
  return stats;
}
