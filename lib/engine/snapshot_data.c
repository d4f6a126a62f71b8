/* Memories in a snapshot: pieces without long rows of zeros, as active segments. */
#include "engine/snapshot_parts.h"
#include "wasm/limits.h"

enum {
  SMALL_GAP = 16, /* zeros that cost less than another segment */
  BLOCK_BYTES = 4096,
};

static bool is_zero_block(const u8 *at) {
  static const u8 zeros[BLOCK_BYTES];
  return memcmp(at, zeros, BLOCK_BYTES) == 0;
}

/* The first byte from `at` on that is not zero; `len`: there is none. */
static u64 skip_zeros(const u8 *base, u64 at, u64 len) {
  while (at < len) {
    if (at % BLOCK_BYTES == 0 && len - at >= BLOCK_BYTES && is_zero_block(base + at))
      at += BLOCK_BYTES;
    else if (base[at])
      return at;
    else
      at++;
  }
  return len;
}

/* One past the last byte that is not zero before more than `gap` zeros. */
static u64 end_of_data(const u8 *base, u64 at, u64 len, u64 gap) {
  u64 end = at + 1;
  for (at = end; at < len && at - end <= gap; at++)
    if (base[at]) end = at + 1;
  return end;
}

static bool add_run(Snapshot *s, Run run) {
  Run *added = vec_push(&s->data);
  if (!added) return wm_error_out_of_memory(s->err);
  *added = run;
  return true;
}

/* False without an error: too many pieces. */
static bool find_in_memory(Snapshot *s, u32 memory, u64 gap, u32 most) {
  const u8 *base = s->in->memories[memory]->space.base;
  u64 len = memory_length(base);
  for (u64 at = skip_zeros(base, 0, len), end; at < len; at = skip_zeros(base, end, len)) {
    end = end_of_data(base, at, len, gap);
    if (s->data.len == most || !add_run(s, (Run){memory, at, end - at})) return false;
  }
  return true;
}

static bool find_with_gap(Snapshot *s, u64 gap, u32 most) {
  s->data.len = 0;
  for (u32 i = 0; i < s->m->memory_count; i++)
    if (!find_in_memory(s, i, gap, most)) return false;
  return true;
}

/* One segment for each memory is few enough for any module. */
bool wm_snapshot_find_data(Snapshot *s) {
  u32 most = max_u32(MAX_DATA_SEGMENTS - s->data_used, s->m->memory_count);
  u64 gap = SMALL_GAP, sum = 0;
  for (; !find_with_gap(s, gap, most); gap *= 2)
    if (s->err->code != ERR_NONE) return false;
  for (u32 i = 0; i < s->data.len; i++) sum += s->data.data[i].len;
  return sum < MAX_MODULE_BYTES ||
         wm_error_set(s->err, ERR_LIMIT, 0, "%llu bytes of memories are too much for a module",
                      (unsigned long long)sum);
}

void wm_snapshot_memories(Snapshot *s) {
  wm_buffer_uleb(s->out, s->m->memory_count); /* none is imported */
  for (u32 i = 0; i < s->m->memory_count; i++) {
    MemoryType type = s->m->memories[i];
    type.limits.min = wm_memory_pages(s->in->memories[i]);
    wm_encode_memorytype(s->out, &type);
  }
}

static void write_segment(Snapshot *s, u32 memory, u64 at, const u8 *bytes, u64 len) {
  wm_buffer_byte(s->out, memory ? 2 : 0);
  if (memory) wm_buffer_uleb(s->out, memory);
  wm_snapshot_offset(s->out, s->m->memories[memory].limits.is_64, at);
  wm_buffer_uleb(s->out, len);
  wm_buffer_bytes(s->out, bytes, (size_t)len);
}

/* Active ones were dropped when the instance was made, and so is an empty one. */
static void write_old_segment(Snapshot *s, u32 i) {
  const DataSegment *seg = &s->m->datas[i];
  if (seg->mode == SEGMENT_ACTIVE) {
    write_segment(s, seg->memory, 0, NULL, 0);
    return;
  }
  wm_buffer_byte(s->out, 1);
  wm_buffer_uleb(s->out, s->in->data_lens[i]);
  wm_buffer_bytes(s->out, s->m->bytes + seg->data_offset, s->in->data_lens[i]);
}

void wm_snapshot_datas(Snapshot *s) {
  wm_buffer_uleb(s->out, s->data_used + s->data.len);
  for (u32 i = 0; i < s->data_used; i++) write_old_segment(s, i);
  for (u32 i = 0; i < s->data.len; i++) {
    const Run *run = &s->data.data[i];
    write_segment(s, run->of, run->start, s->in->memories[run->of]->space.base + run->start,
                  run->len);
  }
}
