/* The cache of compiled modules (cache.h). */
#include "engine/cache.h"

#include "base/vec.h"
#include "engine/artifact.h"
#include "os/os_file.h"

#include <stdio.h>
#include <stdlib.h>

static bool path_of(const char *folder, const JitOptions *options, const LoadedModule *lm,
                    char *out) {
  u64 hash =
      wm_artifact_hash(wm_artifact_fingerprint(options), lm->module.bytes, lm->module.size_bytes);
  int len = snprintf(out, CACHE_PATH_BYTES, "%s/%016llx%s", folder, (unsigned long long)hash,
                     CACHE_SUFFIX);
  return len > 0 && len < CACHE_PATH_BYTES;
}

static bool holds(const LoadedModule *lm, const JitOptions *options, const MappedFile *file) {
  size_t size;
  Error ignored = {0};
  const u8 *bytes = wm_artifact_module(options, file->bytes, file->size_bytes, &size, &ignored);
  return bytes && size == lm->module.size_bytes && memcmp(bytes, lm->module.bytes, size) == 0;
}

static bool load(const char *path, const JitOptions *options, LoadedModule *lm) {
  MappedFile file;
  if (!wm_os_map_file(path, &file)) return false;
  bool ok = holds(lm, options, &file) && wm_artifact_attach(lm, file.bytes, file.size_bytes);
  wm_os_unmap_file(&file);
  if (ok) wm_os_touch_file(path);
  return ok;
}

bool wm_cache_load(const char *folder, const JitOptions *options, LoadedModule *lm) {
  char path[CACHE_PATH_BYTES];
  if (!path_of(folder, options, lm, path)) return false;
  int before = wm_whole_begin();
  bool ok = load(path, options, lm);
  wm_whole_end(before);
  return ok;
}

void wm_cache_store(const char *folder, u64 max_bytes, const JitOptions *options,
                    LoadedModule *lm) {
  char path[CACHE_PATH_BYTES];
  Buffer bytes = {0};
  if (path_of(folder, options, lm, path) && wm_artifact_write(lm, options, &bytes)) {
    int before = wm_whole_begin();
    if (wm_os_write_file(path, bytes.data, bytes.len)) wm_cache_trim(folder, max_bytes);
    wm_whole_end(before);
  }
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
  if (len < NAME_BYTES || memcmp(info->name + HASH_DIGITS, CACHE_SUFFIX, sizeof CACHE_SUFFIX - 1))
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
