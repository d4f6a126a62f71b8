/* Compiled modules to bytes and back (artifact.h). */
#include "engine/artifact.h"

#include "runtime/native.h"

#include <stdlib.h>

static const u8 magic[8] = {0, 'w', 'a', 's', 'm', 'j', 'i', 't'};

/* Bytes from the start of the artifact. The checksum is of everything behind the header, and of the
 * header up to it. */
typedef struct Header {
  u8 magic[8];
  u64 fingerprint;
  u64 module_at, module_bytes;
  u64 bodies_at, bodies_bytes;
  u64 code_at, code_bytes; /* the region from `slots_bytes` on */
  u64 slots_bytes;
  u32 body_count, unused;
  u64 checksum;
} Header;

/* A NativeBody without its addresses; its sites and inline sites follow. */
typedef struct BodyRow {
  u32 start; /* bytes from the region's base */
  u32 size_bytes, frame_bytes, func_index, saved_regs;
  u32 site_count, inline_count, is_plain;
} BodyRow;

/* ---- hashes ---- */

static u64 mix(u64 h, u64 word) {
  h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
  return h ^ h >> 29;
}

/* Four lanes, so that it runs at the speed of memory. */
u64 wm_artifact_hash(u64 seed, const u8 *bytes, size_t size) {
  u64 lanes[4] = {seed, ~seed, seed + 0x5851F42D, seed ^ size};
  size_t at = 0;
  for (; size - at >= 32; at += 32)
    for (u32 i = 0; i < 4; i++) lanes[i] = mix(lanes[i], load_u64(bytes + at + 8 * i));
  for (; size - at >= 8; at += 8) lanes[0] = mix(lanes[0], load_u64(bytes + at));
  u64 tail = 0;
  if (at < size) memcpy(&tail, bytes + at, size - at);
  u64 h = mix(lanes[0], tail ^ (u64)size << 56);
  for (u32 i = 1; i < 4; i++) h = mix(h, lanes[i]);
  return h ^ h >> 32;
}

u64 wm_artifact_fingerprint(const JitOptions *options) {
  u8 build[BUILD_ID_BYTES] = {0};
  wm_os_build_id(build);
  static const u64 layout[] = {offsetof(Instance, helpers),
                               sizeof(Instance),
                               sizeof(Func),
                               offsetof(FuncCode, native),
                               offsetof(Store, fuel),
                               offsetof(Table, length),
                               offsetof(Memory, space),
                               offsetof(Global, value),
                               HELPER_COUNT,
                               sizeof(BodyRow),
                               sizeof(NativeSite)};
  u64 h = wm_artifact_hash(1, build, sizeof build);
  h = wm_artifact_hash(h, (const u8 *)layout, sizeof layout);
  u32 ways[] = {options->cpu,       options->explicit_bounds, options->canonical_nan,
                options->fuel,      options->spill_all,       options->inline_all,
                options->no_inline, options->no_opt,          options->no_lowering,
                options->int_regs,  options->float_regs};
  return wm_artifact_hash(h, (const u8 *)ways, sizeof ways);
}

/* ---- writing ---- */

static void align(Buffer *out, size_t start, size_t to) {
  for (size_t rest = (out->len - start) % to; rest && rest < to; rest++) wm_buffer_byte(out, 0);
}

static void write_body(const LoadedModule *lm, const NativeBody *b, Buffer *out) {
  BodyRow row = {(u32)(b->start - lm->region.base),
                 b->size_bytes,
                 b->frame_bytes,
                 b->func_index,
                 b->saved_regs,
                 b->site_count,
                 b->inline_count,
                 b->is_plain};
  wm_buffer_bytes(out, &row, sizeof row);
  wm_buffer_bytes(out, b->sites, b->site_count * sizeof *b->sites);
  wm_buffer_bytes(out, b->inline_sites, b->inline_count * sizeof *b->inline_sites);
  align(out, 0, 8);
}

/* The whole functions, oldest first: their addresses ascend, so that each is added at the end of
 * the index when they are read. Returns how many. */
static u32 write_bodies(const LoadedModule *lm, Buffer *out) {
  u32 count = 0, at = 0;
  for (const NativeBody *b = lm->bodies; b; b = b->next) count += !b->osr_offset;
  const NativeBody **list = malloc((count + (size_t)1) * sizeof(const NativeBody *));
  out->failed |= !list;
  for (const NativeBody *b = lm->bodies; b && list; b = b->next)
    if (!b->osr_offset) list[at++] = b;
  while (at > 0) write_body(lm, list[--at], out);
  free((void *)list);
  return count;
}

static u64 checksum_of(const Header *h, const u8 *bytes, size_t size) {
  u64 sum = wm_artifact_hash(2, (const u8 *)h, offsetof(Header, checksum));
  return wm_artifact_hash(sum, bytes + sizeof *h, size - sizeof *h);
}

bool wm_artifact_write(LoadedModule *lm, const JitOptions *options, Buffer *out) {
  size_t start = out->len;
  Header h = {.fingerprint = wm_artifact_fingerprint(options)};
  memcpy(h.magic, magic, sizeof magic);
  wm_buffer_bytes(out, &h, sizeof h);
  h.module_at = out->len - start;
  h.module_bytes = lm->module.size_bytes;
  wm_buffer_bytes(out, lm->module.bytes, lm->module.size_bytes);
  align(out, start, 8);
  h.bodies_at = out->len - start;
  Buffer rows = {0};
  wm_mutex_lock(&lm->lock);
  h.body_count = write_bodies(lm, &rows);
  wm_buffer_bytes(out, rows.data, rows.len);
  h.bodies_bytes = rows.len;
  if (h.body_count) {
    h.code_at = out->len - start;
    h.slots_bytes = wm_native_slots_bytes(lm);
    h.code_bytes =
        atomic_load_explicit(&lm->region.used_bytes, memory_order_relaxed) - h.slots_bytes;
    wm_buffer_bytes(out, lm->region.base + h.slots_bytes, (size_t)h.code_bytes);
  }
  wm_mutex_unlock(&lm->lock);
  bool ok = !out->failed && !rows.failed;
  wm_buffer_free(&rows);
  if (!ok) return false;
  h.checksum = checksum_of(&h, out->data + start, out->len - start);
  memcpy(out->data + start, &h, sizeof h);
  return true;
}

/* ---- reading ---- */

bool wm_artifact_is(const u8 *bytes, size_t size) {
  return size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

const u8 *wm_artifact_module(const JitOptions *options, const u8 *bytes, size_t size,
                             size_t *module_size, Error *err) {
  Header h;
  if (!wm_artifact_is(bytes, size) || size < sizeof h) {
    wm_error_set(err, ERR_ARGUMENT, 0, "this is no compiled module");
    return NULL;
  }
  memcpy(&h, bytes, sizeof h);
  if (h.fingerprint != wm_artifact_fingerprint(options)) {
    wm_error_set(
        err, ERR_ARGUMENT, 8,
        "the module was compiled by another version, for another machine or configuration");
    return NULL;
  }
  bool inside = is_within(h.module_at, h.module_bytes, size) &&
                is_within(h.bodies_at, h.bodies_bytes, size) &&
                is_within(h.code_at, h.code_bytes, size);
  if (!inside || h.checksum != checksum_of(&h, bytes, size)) {
    wm_error_set(err, ERR_ARGUMENT, 0, "the compiled module is damaged");
    return NULL;
  }
  *module_size = (size_t)h.module_bytes;
  return bytes + h.module_at;
}

/* The body at `*at`, which moves behind it; NULL: it does not fit, or out of memory. */
static NativeBody *read_body(const LoadedModule *lm, const Header *h, const u8 **at,
                             const u8 *end) {
  BodyRow row;
  const Module *m = &lm->module;
  if ((size_t)(end - *at) < sizeof row) return NULL;
  memcpy(&row, *at, sizeof row);
  *at += sizeof row;
  u64 sites = (u64)row.site_count * sizeof(NativeSite),
      inlines = (u64)row.inline_count * sizeof(InlineSite);
  u64 tables = (sites + inlines + 7) / 8 * 8;
  bool fits = tables <= (u64)(end - *at) && row.func_index >= m->func_import_count &&
              row.func_index < m->func_count && row.start >= h->slots_bytes &&
              is_within(row.start - h->slots_bytes, row.size_bytes, h->code_bytes);
  NativeBody *body = fits ? calloc(1, sizeof *body + (size_t)tables) : NULL;
  if (!body) return NULL;
  memcpy(body + 1, *at, (size_t)(sites + inlines));
  *at += tables;
  *body = (NativeBody){.start = lm->region.base + row.start,
                       .size_bytes = row.size_bytes,
                       .frame_bytes = row.frame_bytes,
                       .func_index = row.func_index,
                       .saved_regs = row.saved_regs,
                       .is_plain = row.is_plain != 0,
                       .site_count = row.site_count,
                       .inline_count = row.inline_count};
  body->sites = (const NativeSite *)(const void *)(body + 1);
  body->inline_sites = (const InlineSite *)(const void *)((const u8 *)(body + 1) + sites);
  return body;
}

bool wm_artifact_attach(LoadedModule *lm, const u8 *bytes, size_t size) {
  Header h;
  (void)size;
  memcpy(&h, bytes, sizeof h);
  if (h.body_count == 0) return true;
  const u8 *at = bytes + h.bodies_at, *end = at + h.bodies_bytes;
  wm_mutex_lock(&lm->lock);
  bool ok = wm_native_slots_bytes(lm) == h.slots_bytes &&
            wm_native_load_code(lm, bytes + h.code_at, h.code_bytes);
  for (u32 i = 0; ok && i < h.body_count; i++) {
    NativeBody *body = read_body(lm, &h, &at, end);
    ok = body && wm_native_publish(lm, body);
    if (!ok) free(body);
  }
  wm_mutex_unlock(&lm->lock);
  return ok;
}
