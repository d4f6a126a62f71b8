/* Linear memories (spec 4.2.8, 4.4.7). A memory's length lives below its base (pool.h); its type's
 * minimum follows it, as seen from outside. */
#include "runtime/collect.h"
#include "runtime/pieces.h"
#include "runtime/shared_memory.h"

static bool acquire(Store *store, Memory *memory, PoolImage *image, u64 bytes, u64 most) {
  return (image && wm_pool_acquire_image(store->pool, image, bytes, most, &memory->space)) ||
         wm_pool_acquire(store->pool, bytes, most, memory->type.limits.is_64, &memory->space);
}

/* Memory that is this store's alone. */
static bool make_own(Store *store, Memory *memory, PoolImage *image, Error *err) {
  u64 bytes = memory->type.limits.min << memory->type.limits.page_log2;
  u64 most = memory_max_pages(&memory->type) << memory->type.limits.page_log2;
  if (!wm_account_take_memory(store->account, bytes, err)) return false;
  if (acquire(store, memory, image, bytes, most)) return true;
  wm_account_return_memory(store->account, bytes);
  return wm_error_out_of_memory(err);
}

static bool take_shared(Memory *memory, SharedMemory *shared) {
  memory->shared = shared;
  if (!shared) return false;
  wm_mutex_lock(&shared->growing); /* another thread may be growing it */
  memory->space = shared->space;
  wm_mutex_unlock(&shared->growing);
  memory->type = shared->type;
  return true;
}

Memory *wm_memory_new(Store *store, const MemoryType *type, Error *err) {
  return wm_memory_new_from(store, type, NULL, err);
}

Memory *wm_memory_new_from(Store *store, const MemoryType *type, PoolImage *image, Error *err) {
  u64 pages = type->limits.min;
  if (pages > memory_max_pages(type)) {
    wm_error_set(err, ERR_LIMIT, 0, "memory of %llu pages is too large, at most %llu",
                 (unsigned long long)pages, (unsigned long long)memory_max_pages(type));
    return NULL;
  }
  Memory *memory =
      wm_object_new(store, OBJ_MEMORY, sizeof *memory, pages << type->limits.page_log2);
  if (!memory) return wm_error_out_of_memory(err), NULL;
  memory->type = *type;
  bool made =
      type->limits.is_shared
          ? take_shared(memory, wm_shared_memory_new(store->pool, store->account, type, err))
          : make_own(store, memory, image, err);
  return made ? memory : NULL;
}

Memory *wm_memory_new_of_shared(Store *store, SharedMemory *shared, Error *err) {
  if (!wm_pool_fits(store->pool, &shared->space, shared->type.limits.is_64)) {
    wm_error_set(err, ERR_ARGUMENT, 0, "the shared memory was made without this engine's guards");
    return NULL;
  }
  Memory *memory = wm_object_new(store, OBJ_MEMORY, sizeof *memory, 0);
  if (!memory) return wm_error_out_of_memory(err), NULL;
  wm_shared_memory_retain(shared);
  take_shared(memory, shared);
  return memory;
}

u64 wm_memory_pages(const Memory *memory) {
  return memory_length(memory->space.base) >> memory->type.limits.page_log2;
}

MemoryType wm_memory_type(const Memory *memory) {
  MemoryType type = memory->type;
  type.limits.min = wm_memory_pages(memory);
  return type;
}

static u64 grow_own(Store *store, Memory *memory, u64 delta_pages) {
  u64 old = wm_memory_pages(memory), most = memory_max_pages(&memory->type);
  if (old > most || delta_pages > most - old) return UINT64_MAX;
  u64 delta = delta_pages << memory->type.limits.page_log2;
  if (!delta) return old;
  if (!wm_account_take_memory(store->account, delta, NULL)) return UINT64_MAX;
  if (!wm_pool_grow(&memory->space, memory_length(memory->space.base) + delta)) {
    wm_account_return_memory(store->account, delta);
    return UINT64_MAX;
  }
  store->debt_bytes += delta;
  return old;
}

/* Growth that cannot be anyway asks nobody. */
static NOINLINE bool may_grow(Store *store, const Memory *memory, u64 delta_pages) {
  const Limits *limits = &memory->type.limits;
  u64 from = wm_memory_pages(memory), most = memory_max_pages(&memory->type);
  if (!delta_pages || from > most || delta_pages > most - from) return true;
  return wm_store_ask_growth(
      store, &(Growth){.is_memory = true,
                       .from = from << limits->page_log2,
                       .to = (from + delta_pages) << limits->page_log2,
                       .max = limits->has_max ? most << limits->page_log2 : UINT64_MAX});
}

u64 wm_memory_grow(Store *store, Memory *memory, u64 delta_pages) {
  if (UNLIKELY(store->may_grow != NULL) && !may_grow(store, memory, delta_pages)) return UINT64_MAX;
  return memory->shared ? wm_shared_memory_grow(memory->shared, delta_pages)
                        : grow_own(store, memory, delta_pages);
}

void wm_memory_free_space(Memory *memory) {
  Store *store = memory->head.store;
  if (memory->shared) {
    wm_shared_memory_release(memory->shared);
  } else if (memory->space.base) {
    wm_account_return_memory(store->account, memory_length(memory->space.base));
    wm_pool_release(store->pool, &memory->space);
  }
}

/* ---- bulk operations: what is large goes in pieces ---- */

static NOINLINE TrapCode fill_pieces(Store *store, u8 *to, u8 value, u64 len) {
  for (u64 done = 0, count; done < len; done += count) {
    TrapCode stop = wm_store_poll(store);
    if (stop) return stop;
    count = min_u64(len - done, PIECE_BYTES);
    memset(to + done, value, (size_t)count);
  }
  return TRAP_NONE;
}

/* In the order in which no piece overwrites what another has still to read. */
static NOINLINE TrapCode copy_pieces(Store *store, u8 *to, const u8 *from, u64 len, bool from_end) {
  for (u64 done = 0, count; done < len; done += count) {
    TrapCode stop = wm_store_poll(store);
    if (stop) return stop;
    count = min_u64(len - done, PIECE_BYTES);
    u64 at = from_end ? len - done - count : done;
    memmove(to + at, from + at, (size_t)count);
  }
  return TRAP_NONE;
}

TrapCode wm_memory_init(Instance *in, u32 memory, u32 segment, u64 dst, u64 src, u64 len) {
  const Module *m = &in->module->module;
  u8 *base = in->memories[memory]->space.base;
  if (!is_within(src, len, in->data_lens[segment]) || !is_within(dst, len, memory_length(base)))
    return TRAP_MEMORY_OUT_OF_BOUNDS;
  const u8 *from = m->bytes + m->datas[segment].data_offset + src;
  if (UNLIKELY(len > UNPOLLED_BYTES)) {
    in->memories[memory]->space.prefers_large_pages |=
        wm_os_prefer_large_pages(base + dst, (size_t)len);
    return copy_pieces(in->store, base + dst, from, len, false);
  }
  if (len) memcpy(base + dst, from, (size_t)len);
  return TRAP_NONE;
}

TrapCode wm_memory_copy(Instance *in, u32 dst_memory, u32 src_memory, u64 dst, u64 src, u64 len) {
  u8 *to = in->memories[dst_memory]->space.base;
  const u8 *from = in->memories[src_memory]->space.base;
  if (!is_within(src, len, memory_length(from)) || !is_within(dst, len, memory_length(to)))
    return TRAP_MEMORY_OUT_OF_BOUNDS;
  if (UNLIKELY(len > UNPOLLED_BYTES))
    return copy_pieces(in->store, to + dst, from + src, len, dst > src);
  if (len) memmove(to + dst, from + src, (size_t)len);
  return TRAP_NONE;
}

TrapCode wm_memory_fill(Instance *in, u32 memory, u64 dst, u8 value, u64 len) {
  u8 *base = in->memories[memory]->space.base;
  if (!is_within(dst, len, memory_length(base))) return TRAP_MEMORY_OUT_OF_BOUNDS;
  if (UNLIKELY(len > UNPOLLED_BYTES)) return fill_pieces(in->store, base + dst, value, len);
  if (len) memset(base + dst, value, (size_t)len);
  return TRAP_NONE;
}

void wm_data_drop(Instance *in, u32 segment) { in->data_lens[segment] = 0; }
