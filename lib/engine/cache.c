/* The cache of compiled modules (cache.h). */
#include "engine/cache.h"

#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>

static bool path_of(const char *folder, u64 fingerprint, const u8 *bytes, size_t size, char *out) {
  u64 hash = wm_artifact_hash(fingerprint, bytes, size);
  int len = snprintf(out, CACHE_PATH_BYTES, "%s/%016llx%s", folder, (unsigned long long)hash,
                     CACHE_SUFFIX);
  return len > 0 && len < CACHE_PATH_BYTES;
}

static bool open_artifact(const char *path, u64 fingerprint, Artifact *out) {
  Error ignored = {0};
  ArtifactSource source = {.bytes = NULL};
  if (!wm_os_open_trusted_file(path, FILE_OWN, &source.file)) return false;
  source.size_bytes = source.file.size_bytes;
  return wm_artifact_open(fingerprint, &source, out, &ignored);
}

bool wm_cache_open(const char *folder, u64 fingerprint, const u8 *bytes, size_t size,
                   Artifact *out) {
  char path[CACHE_PATH_BYTES];
  int before = wm_whole_begin();
  bool there =
      path_of(folder, fingerprint, bytes, size, path) && open_artifact(path, fingerprint, out);
  bool ok = there && wm_artifact_is_of(out, bytes, size);
  if (ok) wm_os_touch_file(path);
  if (there && !ok) wm_artifact_close(out);
  wm_whole_end(before);
  return ok;
}

/* What a full disk has of writers that died goes in any case, and then there may be room. */
static void write_kept(const char *folder, u64 max_bytes, const char *path, const Buffer *bytes) {
  int before = wm_whole_begin();
  bool done = wm_os_write_file(path, bytes->data, bytes->len);
  u32 removed = wm_cache_trim(folder, max_bytes);
  if (!done && removed && wm_os_write_file(path, bytes->data, bytes->len))
    wm_cache_trim(folder, max_bytes);
  wm_whole_end(before);
}

void wm_cache_store(const char *folder, u64 max_bytes, u64 fingerprint, LoadedModule *lm) {
  char path[CACHE_PATH_BYTES];
  Buffer bytes = {0};
  if (path_of(folder, fingerprint, lm->module.bytes, lm->module.size_bytes, path) &&
      wm_artifact_write(lm, fingerprint, &bytes))
    write_kept(folder, max_bytes, path, &bytes);
  wm_buffer_free(&bytes);
}

/* ---- trimming ---- */

enum { HASH_DIGITS = 16, NAME_BYTES = HASH_DIGITS + sizeof CACHE_SUFFIX - 1 };

typedef struct Kept {
  char name[NAME_BYTES + 1];
  u64 size_bytes;
  i64 used;
} Kept;

typedef struct Listing {
  const char *folder;
  Vec(Kept) files;
  u64 total_bytes;
  u32 removed;
} Listing;

/* Calls `remove` for a file of the folder. */
static bool remove_file(const Listing *l, const char *name, bool (*remove)(const char *path)) {
  char path[CACHE_PATH_BYTES];
  int len = snprintf(path, sizeof path, "%s/%s", l->folder, name);
  return len > 0 && len < CACHE_PATH_BYTES && remove(path);
}

static void note_file(void *env, const FileInfo *info) {
  Listing *l = env;
  size_t len = strlen(info->name);
  if (len < NAME_BYTES ||
      memcmp(info->name + HASH_DIGITS, CACHE_SUFFIX, sizeof CACHE_SUFFIX - 1) != 0)
    return;
  if (len == NAME_BYTES + UNFINISHED_SUFFIX_BYTES && info->name[NAME_BYTES] == '.')
    l->removed += remove_file(l, info->name, wm_os_remove_unfinished);
  Kept *kept = len == NAME_BYTES ? vec_push(&l->files) : NULL;
  if (!kept) return;
  *kept = (Kept){.size_bytes = info->size_bytes, .used = info->used};
  memcpy(kept->name, info->name, len + 1);
  l->total_bytes += info->size_bytes;
}

static int by_use(const void *a, const void *b) {
  const Kept *x = a, *y = b;
  return x->used < y->used ? -1 : x->used > y->used;
}

/* For 0 bytes empty files go, too. */
static bool has_too_much(const Listing *l, u64 max_bytes) {
  return l->total_bytes > max_bytes || max_bytes == 0;
}

static void trim(Listing *l, u64 max_bytes) {
  if (!l->files.len || !has_too_much(l, max_bytes)) return;
  qsort(l->files.data, l->files.len, sizeof *l->files.data, by_use);
  for (u32 i = 0; i < l->files.len && has_too_much(l, max_bytes); i++) {
    if (!remove_file(l, l->files.data[i].name, wm_os_remove_file)) continue;
    l->total_bytes -= l->files.data[i].size_bytes;
    l->removed++;
  }
}

u32 wm_cache_trim(const char *folder, u64 max_bytes) {
  Listing l = {.folder = folder};
  int before = wm_whole_begin();
  wm_os_list_folder(folder, note_file, &l);
  trim(&l, max_bytes);
  wm_whole_end(before);
  vec_free(&l.files);
  return l.removed;
}
