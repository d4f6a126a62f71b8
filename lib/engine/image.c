/* Code images (image.h). */
#include "engine/image.h"

#include "runtime/native.h"

#include <stdlib.h>

typedef enum PieceState { PIECE_ABSENT, PIECE_THERE, PIECE_BAD } PieceState;

/* A part of the artifact that is read piece by piece to where it belongs. */
typedef struct Pieces {
  u8 *base;           /* reserved pages */
  u64 at, size_bytes; /* in the artifact */
  const u64 *sums;    /* of the artifact */
  u8 *states;         /* owned: a PieceState each */
  bool is_code;
} Pieces;

typedef struct Image {
  CodeImage code;
  bool is_damaged;
  Artifact artifact;     /* owned */
  u32 *starts;           /* owned */
  _Atomic(u32) *row_of;  /* owned: for each defined function; NO_INDEX: no code, or fetched */
  Pieces tables, bodies; /* the tables' pages are owned */
} Image;

static Image *image_of(const LoadedModule *lm) { return (Image *)(void *)lm->image; }

static u64 whole_pages(u64 bytes) {
  u64 page = wm_os_page_size();
  return (bytes + page - 1) / page * page;
}

/* ---- pieces ---- */

static bool read_piece(const Artifact *a, const Pieces *p, u64 number) {
  u64 at = number * PIECE_BYTES, size = min_u64(PIECE_BYTES, p->size_bytes - at);
  u8 *to = p->base + at;
  return wm_os_commit(to, (size_t)whole_pages(size)) &&
         wm_artifact_read(a, p->at + at, to, (size_t)size) &&
         wm_artifact_hash(at, to, (size_t)size) == p->sums[number] &&
         (!p->is_code || wm_os_protect_exec(to, (size_t)whole_pages(size)));
}

/* Makes `size` bytes from `at` on be there. */
static bool need(const Artifact *a, const Pieces *p, u64 at, u64 size) {
  u64 end = piece_count(at + size);
  for (u64 i = at / PIECE_BYTES; i < end; i++) {
    if (p->states[i] == PIECE_ABSENT) p->states[i] = read_piece(a, p, i) ? PIECE_THERE : PIECE_BAD;
    if (p->states[i] == PIECE_BAD) return false;
  }
  return true;
}

/* ---- bodies ---- */

static NativeBody body_of(const BodyRow *row) {
  return (NativeBody){.frame_bytes = row->frame_bytes,
                      .func_index = row->func_index,
                      .saved_regs = row->saved_regs,
                      .is_plain = row->is_plain != 0,
                      .site_count = row->site_count,
                      .inline_count = row->inline_count,
                      .catch_count = row->catch_count,
                      .clause_count = row->clause_count};
}

static u64 tables_bytes(const BodyRow *row) {
  const NativeBody body = body_of(row);
  return wm_native_tables_bytes(&body);
}

/* NULL: no function of the module has a site. */
static const void *table_at(const Image *image, u64 at) {
  return image->tables.base ? image->tables.base + at : NULL;
}

/* The size last: who looks for a body by an address sees all of it, or nothing. */
static void fill_body(const Image *image, const BodyRow *row, NativeBody *body, const u8 *base) {
  *body = body_of(row);
  body->start = base + row->start;
  wm_native_set_tables(body, table_at(image, row->tables));
  __atomic_store_n(&body->size_bytes, row->size_bytes, __ATOMIC_RELEASE);
}

static bool fetch(LoadedModule *lm, FuncCode *code) {
  Image *image = image_of(lm);
  const Artifact *a = &image->artifact;
  u32 number = atomic_exchange_explicit(&image->row_of[code->index - lm->module.func_import_count],
                                        NO_INDEX, memory_order_relaxed);
  if (number == NO_INDEX) return false;
  const BodyRow *row = &a->rows[number];
  if (!need(a, &image->tables, row->tables, tables_bytes(row)) ||
      !need(a, &image->bodies, row->start - a->header.slots_bytes, row->size_bytes)) {
    image->is_damaged = true;
    return false;
  }
  NativeBody *body = &image->code.bodies[number];
  fill_body(image, row, body, lm->region.base);
  return wm_native_publish(lm, body);
}

static bool fetch_all(LoadedModule *lm) {
  const Artifact *a = &image_of(lm)->artifact;
  bool all = true;
  for (u32 i = 0; i < a->header.body_count; i++) {
    FuncCode *code = loaded_code(lm, a->rows[i].func_index);
    if (wm_image_has(lm, code)) all &= fetch(lm, code);
  }
  return all;
}

bool wm_image_has(const LoadedModule *lm, const FuncCode *code) {
  const Image *image = image_of(lm);
  if (!image) return false;
  u32 at = code->index - lm->module.func_import_count;
  return atomic_load_explicit(&image->row_of[at], memory_order_relaxed) != NO_INDEX;
}

bool wm_image_is_damaged(const LoadedModule *lm) {
  const Image *image = image_of(lm);
  return image && image->is_damaged;
}

u64 wm_image_code_bytes(const LoadedModule *lm) {
  const Image *image = image_of(lm);
  return image ? image->artifact.header.code_bytes : 0;
}

/* ---- making ---- */

static void free_image(CodeImage *code) {
  Image *image = (Image *)(void *)code;
  if (image->tables.base)
    wm_os_release(image->tables.base, (size_t)whole_pages(image->tables.size_bytes));
  free(image->tables.states);
  free(image->bodies.states);
  free(image->code.bodies);
  free(image->starts);
  free((void *)image->row_of);
  wm_artifact_close(&image->artifact);
  free(image);
}

/* The rows are the artifact's own affair as far as they stay inside of it and of the module. */
static bool take_rows(Image *image, const LoadedModule *lm) {
  const Artifact *a = &image->artifact;
  const ArtifactHeader *h = &a->header;
  u32 first = lm->module.func_import_count;
  for (u32 i = 0; i < h->defined_count; i++) atomic_init(&image->row_of[i], NO_INDEX);
  u64 end = h->slots_bytes;
  for (u32 i = 0; i < h->body_count; i++) {
    const BodyRow *row = &a->rows[i];
    if (row->func_index < first || row->func_index >= lm->module.func_count || row->start < end ||
        !is_within(row->start - h->slots_bytes, row->size_bytes, h->code_bytes) ||
        !is_within(row->tables, tables_bytes(row), h->tables_bytes) || row->tables % 8)
      return false;
    end = (u64)row->start + row->size_bytes;
    image->starts[i] = row->start;
    atomic_init(&image->row_of[row->func_index - first], i);
  }
  return true;
}

static bool allocate(Image *image) {
  const ArtifactHeader *h = &image->artifact.header;
  image->code.bodies = calloc(h->body_count + (size_t)1, sizeof *image->code.bodies);
  image->starts = malloc((h->body_count + (size_t)1) * sizeof *image->starts);
  image->row_of = malloc((h->defined_count + (size_t)1) * sizeof *image->row_of);
  image->tables.states = calloc(piece_count(h->tables_bytes) + 1, 1);
  image->bodies.states = calloc(piece_count(h->code_bytes) + 1, 1);
  return image->code.bodies && image->starts && image->row_of && image->tables.states &&
         image->bodies.states;
}

/* Where the pieces go. */
static bool reserve(Image *image, LoadedModule *lm) {
  const ArtifactHeader *h = &image->artifact.header;
  const u64 *sums = image->artifact.sums;
  Pieces *tables = &image->tables, *bodies = &image->bodies;
  tables->at = h->tables_at;
  tables->size_bytes = h->tables_bytes;
  tables->sums = sums;
  bodies->at = h->code_at;
  bodies->size_bytes = h->code_bytes;
  bodies->sums = sums + piece_count(h->tables_bytes);
  bodies->is_code = true;
  if (h->tables_bytes) tables->base = wm_os_reserve((size_t)whole_pages(h->tables_bytes));
  if (h->code_bytes) bodies->base = wm_native_set_aside(lm, h->code_bytes);
  return (!h->tables_bytes || tables->base) && (!h->code_bytes || bodies->base);
}

static bool fits(const LoadedModule *lm, const ArtifactHeader *h) {
  const Module *m = &lm->module;
  return h->defined_count == m->func_count - m->func_import_count &&
         (!h->body_count || h->slots_bytes == wm_native_slots_bytes(lm));
}

static Image *new_image(LoadedModule *lm, Artifact *artifact, Error *err) {
  Image *image = calloc(1, sizeof *image);
  if (!image) {
    wm_artifact_close(artifact);
    return wm_error_out_of_memory(err), NULL;
  }
  image->artifact = *artifact;
  if (!allocate(image))
    wm_error_out_of_memory(err);
  else if (!fits(lm, &image->artifact.header) || !take_rows(image, lm))
    wm_error_set(err, ERR_ARGUMENT, 0, "the compiled module is damaged");
  else if (!reserve(image, lm))
    wm_error_out_of_memory(err);
  else
    return image;
  free_image(&image->code);
  return NULL;
}

bool wm_image_attach(LoadedModule *lm, Artifact *artifact, Error *err) {
  bool in_memory = artifact->source.bytes != NULL;
  wm_mutex_lock(&lm->lock);
  Image *image = new_image(lm, artifact, err);
  if (image) {
    const ArtifactHeader *h = &image->artifact.header;
    image->code.count = h->body_count;
    image->code.starts = image->starts;
    image->code.fetch = fetch;
    image->code.fetch_all = fetch_all;
    image->code.free = free_image;
    for (u32 i = 0; i < h->defined_count; i++)
      lm->codes[i].frame_slots = image->artifact.frame_slots[i];
    lm->image = &image->code;
    if (in_memory && !fetch_all(lm)) {
      wm_error_out_of_memory(err);
      image = NULL; /* the module's, and goes with it */
    }
  }
  wm_mutex_unlock(&lm->lock);
  return image != NULL;
}
