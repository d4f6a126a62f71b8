/* Address space that is kept for the next memory (pool_internal.h). A lock is held for some tens of
 * nanoseconds, and never while the system is called. */
#include "runtime/pool_internal.h"

enum { DIRTY_BYTES_SHARD = 4 << 20 };

/* Threads are spread by where their thread-local variables are. */
static PoolShard *own_shard(MemoryPool *pool) {
  u64 mixed = (u64)(uintptr_t)wm_os_thread_token() * UINT64_C(0x9E3779B97F4A7C15);
  return &pool->shards[mixed >> 61];
}
_Static_assert(POOL_SHARDS == 8, "three bits of the hash");

static void end_shards(MemoryPool *pool, u32 count) {
  for (u32 i = 0; i < count; i++) wm_mutex_destroy(&pool->shards[i].lock);
}

bool wm_pool_slots_init(MemoryPool *pool) {
  for (u32 i = 0; i < POOL_SHARDS; i++) {
    if (wm_mutex_init(&pool->shards[i].lock)) continue;
    end_shards(pool, i);
    return false;
  }
  return true;
}

void wm_pool_slots_end(MemoryPool *pool) {
  for (u32 i = 0; i < POOL_SHARDS; i++)
    for (u32 k = 0; k < pool->shards[i].count; k++) wm_pool_discard(&pool->shards[i].slots[k]);
  end_shards(pool, POOL_SHARDS);
}

/* Under the lock. */
static void take_at(PoolShard *shard, u32 at, Reservation *out) {
  *out = shard->slots[at];
  shard->dirty_bytes -= out->dirty_bytes;
  shard->count--;
  memmove(&shard->slots[at], &shard->slots[at + 1], (shard->count - at) * sizeof *shard->slots);
}

/* Newest first: it is still in the caches. */
static u32 find(const PoolShard *shard, const PoolImage *image, u64 accessible_bytes) {
  u32 found = shard->count == SHARD_SLOTS ? 0 : SHARD_SLOTS;
  bool is_near = false;
  for (u32 i = shard->count; i-- > 0;) {
    const Reservation *r = &shard->slots[i];
    if (r->image != image) continue;
    if (r->accessible_bytes == accessible_bytes) return i;
    if (!is_near) found = i;
    is_near = true;
  }
  return found;
}

bool wm_pool_slots_take(MemoryPool *pool, const PoolImage *image, u64 accessible_bytes,
                        Reservation *out) {
  PoolShard *shard = own_shard(pool);
  wm_mutex_lock(&shard->lock);
  u32 at = find(shard, image, accessible_bytes);
  bool found = at < shard->count;
  if (found) {
    take_at(shard, at, out);
    shard->reused++;
    shard->imaged += image && out->image == image;
  }
  wm_mutex_unlock(&shard->lock);
  return found;
}

static bool take_newest(PoolShard *shard, Reservation *out) {
  wm_mutex_lock(&shard->lock);
  bool found = shard->count > 0;
  if (found) take_at(shard, shard->count - 1, out);
  if (found) shard->reused++;
  wm_mutex_unlock(&shard->lock);
  return found;
}

bool wm_pool_slots_take_any(MemoryPool *pool, Reservation *out) {
  for (u32 i = 0; i < POOL_SHARDS; i++)
    if (take_newest(&pool->shards[i], out)) return true;
  return false;
}

bool wm_pool_slots_may_be_dirty(MemoryPool *pool, u64 bytes) {
  PoolShard *shard = own_shard(pool);
  wm_mutex_lock(&shard->lock);
  bool may_be = shard->dirty_bytes + bytes <= DIRTY_BYTES_SHARD;
  wm_mutex_unlock(&shard->lock);
  return may_be;
}

/* Retiring an image marks it before it looks through the shards: none is put behind its back. */
bool wm_pool_slots_put(MemoryPool *pool, const Reservation *r) {
  PoolShard *shard = own_shard(pool);
  wm_mutex_lock(&shard->lock);
  bool fits = shard->count < SHARD_SLOTS && !(r->image && atomic_load(&r->image->retired));
  if (fits) {
    shard->slots[shard->count++] = *r;
    shard->dirty_bytes += r->dirty_bytes;
  }
  wm_mutex_unlock(&shard->lock);
  return fits;
}

static bool take_imaged(PoolShard *shard, const PoolImage *image, Reservation *out) {
  wm_mutex_lock(&shard->lock);
  u32 at = 0;
  while (at < shard->count && shard->slots[at].image != image) at++;
  bool found = at < shard->count;
  if (found) take_at(shard, at, out);
  wm_mutex_unlock(&shard->lock);
  return found;
}

void wm_pool_slots_purge(MemoryPool *pool, const PoolImage *image) {
  Reservation r;
  for (u32 i = 0; i < POOL_SHARDS; i++)
    while (take_imaged(&pool->shards[i], image, &r)) wm_pool_discard(&r);
}
