/* When a module's memories get images, and of what (memory_image.h). */
#include "runtime/memory_image.h"

#include "runtime/pieces.h"
#include "wasm/limits.h"

#include <stdlib.h>

enum {
  MIN_NEW_BYTES = 64 << 10, /* of data in pages that would be new: each costs a fault to copy to */
  MAX_HOLES = 8,            /* an image may be as many times larger than the data in it */
  MAX_MAPPED_ZEROS = 4,     /* a memory that large, compared with its data, is mapped whole */
};

/* ---- whether ---- */

/* Without globals, whose values an instance has. */
static bool is_known(const Module *m, ConstExpr expr) {
  Error err = {.code = ERR_NONE};
  Reader r = wm_reader_at(m, expr.offset, expr.size_bytes, &err);
  Instr instr;
  while (wm_instr_read(&r, &instr) && instr.op != OP_end)
    if (instr.op == OP_global_get) return false;
  return true;
}

static bool is_of_own_memory(const Module *m, const DataSegment *seg) {
  const Limits *l = &m->memories[seg->memory].limits;
  return seg->memory >= m->memory_import_count && !l->is_64 && !l->is_shared &&
         l->page_log2 == PAGE_LOG2;
}

static u64 min_bytes_of(const Module *m, u32 memory) {
  return m->memories[memory].limits.min << PAGE_LOG2;
}

/* What one memory gets. */
typedef struct Extent {
  u64 data_bytes, end;
  u64 new_bytes; /* of the data: behind what the pool keeps */
} Extent;

static bool offset_of(Instance *in, const DataSegment *seg, u64 *out) {
  u64 value[2];
  if (!wm_const_evaluate(in, seg->offset, value, NULL)) return false;
  *out = (u32)value[0];
  return true;
}

static bool add_segment(Instance *in, const DataSegment *seg, Extent *extents) {
  const Module *m = &in->module->module;
  Extent *extent = &extents[seg->memory];
  u64 at;
  if (!is_of_own_memory(m, seg) || !is_known(m, seg->offset) || !offset_of(in, seg, &at) ||
      !is_within(at, seg->size_bytes, min_bytes_of(m, seg->memory)))
    return false;
  u64 end = at + seg->size_bytes, first_new = max_u64(at, POOL_DIRTY_BYTES);
  extent->data_bytes += seg->size_bytes;
  extent->new_bytes += end > first_new ? end - first_new : 0;
  extent->end = max_u64(extent->end, end);
  return true;
}

/* False: some segment may trap, or goes elsewhere. */
static bool find_extents(Instance *in, Extent *extents) {
  const Module *m = &in->module->module;
  for (u32 i = 0; i < m->data_count; i++)
    if (m->datas[i].mode == SEGMENT_ACTIVE && !add_segment(in, &m->datas[i], extents)) return false;
  return true;
}

static bool is_worth_it(const Extent *e) {
  return e->new_bytes >= MIN_NEW_BYTES && e->end / MAX_HOLES <= e->data_bytes;
}

/* ---- making ---- */

/* In pieces; false: wasm must stop, or the system fails. */
static bool write_segment(Instance *in, const DataSegment *seg, PoolImage *image) {
  const u8 *from = in->module->module.bytes + seg->data_offset;
  u64 at, size = seg->size_bytes;
  if (!offset_of(in, seg, &at)) return false;
  for (u64 done = 0, count; done < size; done += count) {
    if (wm_store_poll(in->store)) return false;
    count = min_u64(size - done, PIECE_BYTES);
    if (!wm_pool_image_write(image, at + done, from + done, count)) return false;
  }
  return true;
}

static bool write_segments(Instance *in, u32 memory, PoolImage *image) {
  const Module *m = &in->module->module;
  for (u32 i = 0; i < m->data_count; i++)
    if (m->datas[i].mode == SEGMENT_ACTIVE && m->datas[i].memory == memory &&
        !write_segment(in, &m->datas[i], image))
      return false;
  return wm_pool_image_seal(image);
}

/* One mapping of all where the rest is not much; else zeros follow, which cost less. */
static u64 image_bytes(const Extent *e, u64 min_bytes) {
  u64 page = wm_os_page_size(), whole = (e->end + page - 1) / page * page;
  return min_bytes / MAX_MAPPED_ZEROS <= whole ? min_bytes : whole;
}

static PoolImage *make_image(Instance *in, u32 memory, const Extent *e) {
  u64 bytes = image_bytes(e, min_bytes_of(&in->module->module, memory));
  PoolImage *image = wm_pool_image_new(in->store->pool, bytes);
  if (!image || write_segments(in, memory, image)) return image;
  wm_pool_image_retire(image);
  return NULL;
}

/* Not cut in the middle by a cancellation. */
static void free_images(MemoryImages *images) {
  int before = wm_whole_begin();
  for (u32 i = 0; i < images->count; i++) wm_pool_image_retire(images->of[i]);
  wm_whole_end(before);
  free(images);
}

static void fill_images(Instance *in, MemoryImages *images) {
  u32 count = in->module->module.memory_count;
  Extent extents[MAX_MEMORIES] = {{0}};
  if (!find_extents(in, extents)) return;
  images->count = count;
  for (u32 i = 0; i < count; i++)
    if (is_worth_it(&extents[i])) images->of[i] = make_image(in, i, &extents[i]);
}

/* NULL: not now: out of memory, or this store's wasm must stop. */
static MemoryImages *make_images(Instance *in) {
  u32 count = in->module->module.memory_count;
  MemoryImages *images = calloc(1, sizeof *images + count * sizeof *images->of);
  if (!images) return NULL;
  images->free = free_images;
  fill_images(in, images);
  if (!wm_store_poll(in->store)) return images;
  free_images(images);
  return NULL;
}

/* The same. */
static const MemoryImages *make_once(Instance *in) {
  LoadedModule *lm = in->module;
  int before = wm_whole_begin();
  wm_mutex_lock(&lm->lock);
  MemoryImages *images = atomic_load(&lm->images);
  if (!images) images = make_images(in);
  atomic_store_explicit(&lm->images, images, memory_order_release);
  wm_mutex_unlock(&lm->lock);
  wm_whole_end(before);
  return images;
}

const MemoryImages *wm_memory_images(Instance *in) {
  LoadedModule *lm = in->module;
  const MemoryImages *images = atomic_load_explicit(&lm->images, memory_order_acquire);
  if (!images && atomic_exchange(&lm->was_instantiated, true)) images = make_once(in);
  return images && images->count ? images : NULL;
}

void wm_memory_images_unwrite(Instance *in) {
  const Module *m = &in->module->module;
  for (u32 i = m->memory_import_count; i < m->memory_count; i++) {
    Reservation *space = &in->memories[i]->space;
    if (space->image) memset(space->base, 0, (size_t)memory_length(space->base));
  }
}
