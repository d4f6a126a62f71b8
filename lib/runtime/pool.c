/* Reserving, growing and reusing the address space of memories (pool.h). */
#include "runtime/pool.h"

#include "os/os.h"
#include "wasm/limits.h"

#include <stdlib.h>

enum {
  GUARD_BYTES = 65536,
  POOL_SLOTS = 64,
  KEPT_BYTES_SLOT = 256 << 10, /* zeroed by hand and kept accessible: cheaper than new pages */
  KEPT_BYTES_POOL = 4 << 20,
  GROWTH_STEP = 64 << 20, /* what is reserved to grow into when address space is short */
  GROWTH_STEP_PAID = 1 << 20,
};
#define MAX_BYTES32   (UINT64_C(1) << 32)
/* Index and offset below 2^32 each, and an access of up to 16 bytes that may lie in the guard. */
#define GUARDED_BYTES (2 * MAX_BYTES32 + GUARD_BYTES)

struct MemoryPool {
  Mutex lock;
  bool wants_guards;
  MemorySource *source; /* counted; or NULL */
  u32 count;
  u64 kept_bytes;                /* accessible in all slots */
  Reservation slots[POOL_SLOTS]; /* usual 32-bit reservations, as their memories left them */
};

static const struct {
  MemoryHeader header;
  u8 base[16];
} empty_memory = {{0, 0}, {0}};

u8 *wm_pool_empty_base(void) { return (u8 *)(uintptr_t)empty_memory.base; }

MemoryPool *wm_pool_new(void) {
  MemoryPool *pool = calloc(1, sizeof *pool);
  if (pool && !wm_mutex_init(&pool->lock)) {
    free(pool);
    pool = NULL;
  }
  return pool;
}

/* What the system can make accessible. */
static u64 whole_pages(u64 bytes) {
  u64 page = wm_os_page_size();
  return (bytes + page - 1) / page * page;
}

void wm_pool_use_source(MemoryPool *pool, MemorySource *source) {
  wm_memory_source_retain(source);
  pool->source = source;
}

static void give_back_to_source(const Reservation *r) {
  r->source->release(r->source->env, r->base, r->reserved_bytes);
  wm_memory_source_release(r->source);
}

void wm_pool_discard(Reservation *r) {
  size_t page = wm_os_page_size();
  if (r->source)
    give_back_to_source(r);
  else if (r->base)
    wm_os_release(r->base - page, page + (size_t)r->reserved_bytes);
  *r = (Reservation){0};
}

bool wm_pool_fits(const MemoryPool *pool, const Reservation *r, bool is_64) {
  return is_64 || !pool->wants_guards || r->reserved_bytes >= GUARDED_BYTES;
}

void wm_pool_delete(MemoryPool *pool) {
  for (u32 i = 0; i < pool->count; i++) wm_pool_discard(&pool->slots[i]);
  wm_mutex_destroy(&pool->lock);
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

/* Makes [0, bytes), whole pages, accessible and nothing behind it. New bytes are zero. */
static bool set_accessible(Reservation *r, u64 bytes) {
  u64 now = r->accessible_bytes;
  bool done = r->source      ? r->source->commit(r->source->env, r->base, now, bytes)
              : bytes >= now ? wm_os_commit(r->base + now, (size_t)(bytes - now))
                             : wm_os_decommit(r->base + bytes, (size_t)(now - bytes));
  if (done) r->accessible_bytes = bytes;
  return done;
}

static bool take_slot(MemoryPool *pool, u64 min_bytes, Reservation *out) {
  wm_mutex_lock(&pool->lock);
  u32 found = pool->count;
  for (u32 i = pool->count; i-- > 0;) {
    if (found == pool->count) found = i;
    if (pool->slots[i].accessible_bytes == min_bytes) {
      found = i;
      break;
    }
  }
  bool taken = found < pool->count;
  if (taken) {
    *out = pool->slots[found];
    pool->kept_bytes -= out->accessible_bytes;
    pool->slots[found] = pool->slots[--pool->count];
  }
  wm_mutex_unlock(&pool->lock);
  return taken;
}

static bool acquire_from_host(const MemoryPool *pool, u64 min_bytes, u64 max_bytes, bool is_64,
                              Reservation *out) {
  if (!reserve_host(pool, out, min_bytes, max_bytes, is_64)) return false;
  if (!min_bytes || set_accessible(out, min_bytes)) return true;
  wm_pool_discard(out);
  return false;
}

static bool acquire_new(const MemoryPool *pool, u64 min_bytes, u64 max_bytes, bool is_64,
                        Reservation *out) {
  size_t page = wm_os_page_size();
  if (pool->source) return acquire_from_host(pool, min_bytes, max_bytes, is_64, out);
  if (!reserve_some(pool, out, min_bytes, max_bytes, is_64)) return false;
  /* One call makes header page and contents accessible. */
  if (wm_os_commit(out->base - page, page + (size_t)min_bytes)) {
    out->accessible_bytes = min_bytes;
    return true;
  }
  wm_pool_discard(out);
  return false;
}

/* Of an emptied reservation: what is kept accessible may be dirty. */
static bool acquire_used(MemoryPool *pool, u64 min_bytes, Reservation *out) {
  if (!take_slot(pool, min_bytes, out)) return false;
  u64 used = min_u64(out->accessible_bytes, min_bytes);
  if (!set_accessible(out, min_bytes)) {
    wm_pool_discard(out);
    return false;
  }
  memset(out->base, 0, (size_t)used);
  return true;
}

bool wm_pool_acquire(MemoryPool *pool, u64 min_bytes, u64 max_bytes, bool is_64, Reservation *out) {
  u64 now = whole_pages(min_bytes), most = max_u64(now, max_bytes);
  bool found = !is_64 && acquire_used(pool, now, out);
  if (!found && !acquire_new(pool, now, most, is_64, out)) return false;
  memory_set_length(out->base, min_bytes);
  return true;
}

bool wm_pool_grow(Reservation *r, u64 new_bytes) {
  if (new_bytes > r->capacity_bytes) return false;
  if (new_bytes > r->accessible_bytes && !set_accessible(r, whole_pages(new_bytes))) return false;
  memory_set_length(r->base, new_bytes);
  return true;
}

/* Makes the memory fit for the pool: small contents stay until somebody takes them (who zeroes
 * them), the rest is given back to the system. False: it cannot be kept. */
static bool trim(MemoryPool *pool, Reservation *r) {
  wm_mutex_lock(&pool->lock);
  bool has_slot = pool->count < POOL_SLOTS;
  u64 room = KEPT_BYTES_POOL - pool->kept_bytes;
  wm_mutex_unlock(&pool->lock);
  if (!has_slot) return false;
  u64 keep = min_u64(r->accessible_bytes, KEPT_BYTES_SLOT);
  if (keep > room) keep = 0;
  return set_accessible(r, keep);
}

/* Another thread may have filled the pool meanwhile. */
static bool put_slot(MemoryPool *pool, const Reservation *r) {
  wm_mutex_lock(&pool->lock);
  bool fits = pool->count < POOL_SLOTS && pool->kept_bytes + r->accessible_bytes <= KEPT_BYTES_POOL;
  if (fits) {
    pool->slots[pool->count++] = *r;
    pool->kept_bytes += r->accessible_bytes;
  }
  wm_mutex_unlock(&pool->lock);
  return fits;
}

void wm_pool_release(MemoryPool *pool, Reservation *r) {
  if (!r->base) return;
  if (is_usual(pool, r) && trim(pool, r) && put_slot(pool, r))
    *r = (Reservation){0};
  else
    wm_pool_discard(r);
}
