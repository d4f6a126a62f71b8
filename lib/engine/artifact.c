/* Compiled modules to bytes and back (artifact.h). */
#include "engine/artifact.h"

#include "runtime/native.h"

#include <stdlib.h>

/* Few calls, and little enough to stay in a processor's cache. */
enum { COMPARED_BYTES = 256 << 10 };

static const u8 magic[8] = {0, 'w', 'a', 's', 'm', 'j', 'i', 't'};

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

u64 wm_artifact_fingerprint(const JitOptions *options, FeatureSet features) {
  u8 build[BUILD_ID_BYTES] = {0};
  wm_os_build_id(build);
  const u64 layout[] = {offsetof(Instance, helpers),
                        sizeof(Instance),
                        sizeof(Func),
                        offsetof(FuncCode, native),
                        offsetof(Store, fuel),
                        offsetof(Table, length),
                        offsetof(Memory, space),
                        offsetof(Global, value),
                        HELPER_COUNT,
                        features.bits,
                        sizeof(BodyRow),
                        sizeof(NativeSite)};
  u64 h = wm_artifact_hash(1, build, sizeof build);
  h = wm_artifact_hash(h, (const u8 *)layout, sizeof layout);
  u32 ways[] = {options->cpu,       options->explicit_bounds, options->canonical_nan,
                options->fuel,      options->spill_all,       options->inline_all,
                options->no_inline, options->no_opt,          options->no_lowering,
                options->int_regs,  options->float_regs,      options->relaxed_fast,
                options->guess_all};
  return wm_artifact_hash(h, (const u8 *)ways, sizeof ways);
}

/* ---- writing ---- */

/* What is written, and where its parts are while it is. */
typedef struct Writer {
  const LoadedModule *lm;
  const NativeBody **bodies; /* owned; ascending by start */
  ArtifactHeader header;
  u8 *at; /* the artifact, all of it zero at first; in the caller's buffer */
} Writer;

static int by_start(const void *a, const void *b) {
  const NativeBody *x = *(const NativeBody *const *)a, *y = *(const NativeBody *const *)b;
  return x->start < y->start ? -1 : x->start > y->start;
}

/* The whole functions: a loop's replacement has its place in cells that are gone. */
static bool list_bodies(Writer *w) {
  u32 count = 0;
  for (const NativeBody *b = w->lm->bodies; b; b = b->next) count += !b->osr_offset;
  w->bodies = malloc((count + (size_t)1) * sizeof(const NativeBody *));
  if (!w->bodies) return false;
  for (const NativeBody *b = w->lm->bodies; b; b = b->next)
    if (!b->osr_offset) w->bodies[w->header.body_count++] = b;
  qsort((void *)w->bodies, count, sizeof *w->bodies, by_start);
  return true;
}

static u64 rows_bytes(const ArtifactHeader *h) { return (u64)h->body_count * sizeof(BodyRow); }

static u64 sums_bytes(const ArtifactHeader *h) {
  return (piece_count(h->tables_bytes) + piece_count(h->code_bytes)) * sizeof(u64);
}

static u64 head_bytes(const ArtifactHeader *h) {
  u64 frames = (u64)h->defined_count * sizeof(u32);
  return rows_bytes(h) + sums_bytes(h) + (frames + 7) / 8 * 8;
}

/* Says where everything will be; returns the size of all. */
static u64 lay_out(Writer *w) {
  const LoadedModule *lm = w->lm;
  ArtifactHeader *h = &w->header;
  h->defined_count = lm->module.func_count - lm->module.func_import_count;
  for (u32 i = 0; i < h->body_count; i++) h->tables_bytes += wm_native_tables_bytes(w->bodies[i]);
  if (h->body_count) {
    const NativeBody *last = w->bodies[h->body_count - 1];
    h->slots_bytes = wm_native_slots_bytes(lm);
    h->code_bytes = (u64)(last->start - lm->region.base) + last->size_bytes - h->slots_bytes;
  }
  h->tables_at = sizeof *h + head_bytes(h);
  h->code_at = h->tables_at + h->tables_bytes;
  h->module_at = h->code_at + h->code_bytes;
  h->module_bytes = lm->module.size_bytes;
  return h->module_at + h->module_bytes;
}

static void write_bodies(const Writer *w) {
  const ArtifactHeader *h = &w->header;
  BodyRow *rows = (BodyRow *)(void *)(w->at + sizeof *h);
  u64 tables = 0;
  for (u32 i = 0; i < h->body_count; i++) {
    const NativeBody *b = w->bodies[i];
    u32 start = (u32)(b->start - w->lm->region.base);
    rows[i] = (BodyRow){tables,         start,           b->size_bytes, b->frame_bytes,
                        b->func_index,  b->saved_regs,   b->site_count, b->inline_count,
                        b->catch_count, b->clause_count, b->is_plain};
    u64 bytes = wm_native_tables_bytes(b);
    if (bytes) memcpy(w->at + h->tables_at + tables, b->sites, (size_t)bytes);
    memcpy(w->at + h->code_at + (start - h->slots_bytes), b->start, b->size_bytes);
    tables += bytes;
  }
}

static u64 *write_sums(const u8 *bytes, u64 size, u64 *sums) {
  for (u64 at = 0; at < size; at += PIECE_BYTES)
    *sums++ = wm_artifact_hash(at, bytes + at, (size_t)min_u64(PIECE_BYTES, size - at));
  return sums;
}

static void write_head(const Writer *w) {
  const ArtifactHeader *h = &w->header;
  u64 *sums = (u64 *)(void *)(w->at + sizeof *h + rows_bytes(h));
  sums = write_sums(w->at + h->tables_at, h->tables_bytes, sums);
  sums = write_sums(w->at + h->code_at, h->code_bytes, sums);
  u32 *frames = (u32 *)(void *)sums;
  for (u32 i = 0; i < h->defined_count; i++) frames[i] = w->lm->codes[i].frame_slots;
}

static u64 sum_of_header(const ArtifactHeader *h) {
  return wm_artifact_hash(2, (const u8 *)h, offsetof(ArtifactHeader, sum));
}

static void write_header(Writer *w) {
  ArtifactHeader *h = &w->header;
  const Module *m = &w->lm->module;
  memcpy(h->magic, magic, sizeof magic);
  memcpy(w->at + h->module_at, m->bytes, m->size_bytes);
  h->head_sum = wm_artifact_hash(3, w->at + sizeof *h, (size_t)head_bytes(h));
  h->module_sum = wm_artifact_hash(4, m->bytes, m->size_bytes);
  h->sum = sum_of_header(h);
  memcpy(w->at, h, sizeof *h);
}

/* Under the module's lock. */
static bool write_all(Writer *w, Buffer *out) {
  if (w->lm->image) w->lm->image->fetch_all((LoadedModule *)(uintptr_t)w->lm);
  if (!list_bodies(w)) return false;
  u64 size = lay_out(w);
  if (size > SIZE_MAX / 2 || !wm_buffer_reserve(out, (size_t)size)) return false;
  w->at = out->data + out->len;
  memset(w->at, 0, (size_t)w->header.module_at);
  write_bodies(w);
  write_head(w);
  write_header(w);
  out->len += (size_t)size;
  return true;
}

bool wm_artifact_write(LoadedModule *lm, u64 fingerprint, Buffer *out) {
  Writer w = {.lm = lm, .header.fingerprint = fingerprint};
  wm_mutex_lock(&lm->lock);
  bool ok = write_all(&w, out);
  wm_mutex_unlock(&lm->lock);
  free((void *)w.bodies);
  return ok;
}

/* ---- reading ---- */

bool wm_artifact_is(const u8 *bytes, size_t size) {
  return size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

bool wm_artifact_read(const Artifact *a, u64 at, void *to, size_t size) {
  const ArtifactSource *source = &a->source;
  if (!is_within(at, size, source->size_bytes)) return false;
  if (!source->bytes) return wm_os_read_file(&source->file, source->file_at + at, to, size);
  if (size) memcpy(to, source->bytes + at, size);
  return true;
}

static bool is_damaged(Error *err) {
  return wm_error_set(err, ERR_ARGUMENT, 0, "the compiled module is damaged");
}

static bool read_header(u64 fingerprint, Artifact *a, Error *err) {
  ArtifactHeader *h = &a->header;
  u64 size = a->source.size_bytes;
  if (!wm_artifact_read(a, 0, h, sizeof *h) || !wm_artifact_is(h->magic, sizeof h->magic))
    return wm_error_set(err, ERR_ARGUMENT, 0, "this is no compiled module");
  if (h->fingerprint != fingerprint)
    return wm_error_set(
        err, ERR_ARGUMENT, 8,
        "the module was compiled by another version, for another machine or configuration");
  bool inside = is_within(h->tables_at, h->tables_bytes, size) &&
                is_within(h->code_at, h->code_bytes, size) &&
                is_within(h->module_at, h->module_bytes, size) &&
                is_within(sizeof *h, head_bytes(h), size);
  return (inside && h->sum == sum_of_header(h)) || is_damaged(err);
}

static bool read_head(Artifact *a, Error *err) {
  const ArtifactHeader *h = &a->header;
  size_t size = (size_t)head_bytes(h);
  a->head = malloc(size + (size_t)!size);
  if (!a->head) return wm_error_out_of_memory(err);
  if (!wm_artifact_read(a, sizeof *h, a->head, size) ||
      h->head_sum != wm_artifact_hash(3, a->head, size))
    return is_damaged(err);
  a->rows = (const BodyRow *)(const void *)a->head;
  a->sums = (const u64 *)(const void *)(a->head + rows_bytes(h));
  a->frame_slots = (const u32 *)(const void *)(a->head + rows_bytes(h) + sums_bytes(h));
  return true;
}

static const u64 *check_sums(const u8 *bytes, u64 size, const u64 *sums) {
  for (u64 at = 0; at < size && sums; at += PIECE_BYTES, sums++)
    if (*sums != wm_artifact_hash(at, bytes + at, (size_t)min_u64(PIECE_BYTES, size - at)))
      return NULL;
  return sums;
}

/* What is in memory is read at once, and so is all that is wrong with it. */
static bool check_pieces(const Artifact *a, Error *err) {
  const ArtifactHeader *h = &a->header;
  const u8 *bytes = a->source.bytes;
  const u64 *sums = bytes ? check_sums(bytes + h->tables_at, h->tables_bytes, a->sums) : a->sums;
  if (bytes && sums) sums = check_sums(bytes + h->code_at, h->code_bytes, sums);
  return sums || is_damaged(err);
}

bool wm_artifact_open(u64 fingerprint, const ArtifactSource *source, Artifact *out, Error *err) {
  *out = (Artifact){.source = *source};
  if (read_header(fingerprint, out, err) && read_head(out, err) && check_pieces(out, err))
    return true;
  wm_artifact_close(out);
  return false;
}

void wm_artifact_close(Artifact *a) {
  if (!a->source.bytes) wm_os_close_file(&a->source.file);
  free(a->head);
  *a = (Artifact){0};
}

u8 *wm_artifact_module(const Artifact *a, Error *err) {
  size_t size = (size_t)a->header.module_bytes;
  u8 *bytes = malloc(size + (size_t)!size);
  if (!bytes) return wm_error_out_of_memory(err), NULL;
  if (wm_artifact_read(a, a->header.module_at, bytes, size) &&
      a->header.module_sum == wm_artifact_hash(4, bytes, size))
    return bytes;
  free(bytes);
  return is_damaged(err), NULL;
}

static bool is_equal(const Artifact *a, const u8 *bytes, size_t size, u8 *piece) {
  for (size_t at = 0; at < size; at += COMPARED_BYTES) {
    size_t len = (size_t)min_u64(COMPARED_BYTES, size - at);
    if (!wm_artifact_read(a, a->header.module_at + at, piece, len)) return false;
    if (memcmp(piece, bytes + at, len) != 0) return false;
  }
  return true;
}

bool wm_artifact_is_of(const Artifact *a, const u8 *bytes, size_t size) {
  if (a->header.module_bytes != size) return false;
  u8 *piece = malloc(COMPARED_BYTES);
  bool same = piece && is_equal(a, bytes, size, piece);
  free(piece);
  return same;
}
