/* Life and growth of shared memories (shared_memory.h). */
#include "runtime/shared_memory.h"

#include <stdlib.h>

static bool reserve(SharedMemory *shared, MemoryPool *pool, Error *err) {
  const MemoryType *type = &shared->type;
  u8 page_log2 = type->limits.page_log2;
  u64 bytes = type->limits.min << page_log2, most = memory_max_pages(type) << page_log2;
  if (!wm_account_take_memory(shared->account, bytes, err)) return false;
  if (wm_pool_acquire(pool, bytes, most, type->limits.is_64, &shared->space)) return true;
  wm_account_return_memory(shared->account, bytes);
  return wm_error_out_of_memory(err);
}

static bool make_locks(SharedMemory *shared, Error *err) {
  if (!wm_mutex_init(&shared->growing)) return wm_error_out_of_memory(err);
  if (wm_wait_queues_init(shared)) return true;
  wm_mutex_destroy(&shared->growing);
  return wm_error_out_of_memory(err);
}

SharedMemory *wm_shared_memory_new(MemoryPool *pool, Account *account, const MemoryType *type,
                                   Error *err) {
  SharedMemory *shared = calloc(1, sizeof *shared);
  if (!shared) return wm_error_out_of_memory(err), NULL;
  atomic_init(&shared->references, 1);
  shared->type = *type;
  shared->account = account;
  if (make_locks(shared, err)) {
    if (reserve(shared, pool, err)) return wm_account_retain(account), shared;
    wm_wait_queues_end(shared);
    wm_mutex_destroy(&shared->growing);
  }
  free(shared);
  return NULL;
}

void wm_shared_memory_retain(SharedMemory *shared) {
  atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
}

void wm_shared_memory_release(SharedMemory *shared) {
  if (!shared) return;
  if (atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel) != 1) return;
  wm_account_return_memory(shared->account, memory_length(shared->space.base));
  wm_account_release(shared->account);
  wm_pool_discard(&shared->space);
  wm_wait_queues_end(shared);
  wm_mutex_destroy(&shared->growing);
  free(shared);
}

/* One after the other. */
static u64 grow(SharedMemory *shared, u64 delta_pages) {
  u8 page_log2 = shared->type.limits.page_log2;
  u64 old_bytes = memory_length(shared->space.base), old = old_bytes >> page_log2;
  u64 most = memory_max_pages(&shared->type);
  if (old > most || delta_pages > most - old) return UINT64_MAX;
  u64 delta = delta_pages << page_log2;
  if (!delta) return old;
  if (!wm_account_take_memory(shared->account, delta, NULL)) return UINT64_MAX;
  if (wm_pool_grow(&shared->space, old_bytes + delta)) return old;
  wm_account_return_memory(shared->account, delta);
  return UINT64_MAX;
}

u64 wm_shared_memory_grow(SharedMemory *shared, u64 delta_pages) {
  wm_mutex_lock(&shared->growing);
  u64 old = grow(shared, delta_pages);
  wm_mutex_unlock(&shared->growing);
  return old;
}
