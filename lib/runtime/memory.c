/* Linear memories (spec 4.2.8, 4.4.7). A memory's length lives below its base (pool.h); its type's
 * minimum follows it, as seen from outside. */
#include "runtime/collect.h"
#include "runtime/instance.h"
#include "runtime/pieces.h"
#include "wasm/limits.h"

static u64 max_pages(const MemoryType *type) {
  const Limits *limits = &type->limits;
  u64 most = most_pages(limits->is_64, limits->page_log2);
  if (limits->is_64) most = MAX_MEMORY64_BYTES >> limits->page_log2;
  return limits->has_max ? min_u64(limits->max, most) : most;
}

Memory *wm_memory_new(Store *store, const MemoryType *type, Error *err) {
  u64 pages = type->limits.min;
  if (pages > max_pages(type)) {
    wm_error_set(err, ERR_LIMIT, 0, "memory of %llu pages is too large, at most %llu",
                 (unsigned long long)pages, (unsigned long long)max_pages(type));
    return NULL;
  }
  u64 bytes = pages << type->limits.page_log2;
  if (!wm_store_check_memory(store, bytes, err)) return NULL;
  Memory *memory = wm_object_new(store, OBJ_MEMORY, sizeof *memory, bytes);
  u64 most = max_pages(type) << type->limits.page_log2;
  if (!memory || !wm_pool_acquire(store->pool, bytes, most, type->limits.is_64, &memory->space)) {
    wm_error_out_of_memory(err);
    return NULL;
  }
  memory->type = *type;
  store->memory_bytes += bytes;
  return memory;
}

u64 wm_memory_pages(const Memory *memory) {
  return memory_length(memory->space.base) >> memory->type.limits.page_log2;
}

u64 wm_memory_grow(Store *store, Memory *memory, u64 delta_pages) {
  u64 old_bytes = memory_length(memory->space.base), old = wm_memory_pages(memory);
  u64 most = max_pages(&memory->type);
  if (old > most || delta_pages > most - old) return UINT64_MAX;
  u64 delta = delta_pages << memory->type.limits.page_log2;
  if (delta > 0) {
    if (!wm_store_check_memory(store, delta, NULL)) return UINT64_MAX;
    if (!wm_pool_grow(&memory->space, old_bytes + delta)) return UINT64_MAX;
    store->memory_bytes += delta;
    store->debt_bytes += delta;
    memory->type.limits.min = old + delta_pages;
  }
  return old;
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
