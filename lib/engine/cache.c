/* The cache of compiled modules (cache.h). */
#include "engine/cache.h"

#include "base/vec.h"
#include "engine/artifact.h"
#include "os/os_file.h"

#include <stdio.h>
#include <stdlib.h>

static bool path_of(const char *folder, const LoadedModule *lm, char *out) {
  u64 hash = wm_artifact_hash(wm_artifact_fingerprint(lm->engine), lm->module.bytes,
                              lm->module.size_bytes);
  int len = snprintf(out, CACHE_PATH_BYTES, "%s/%016llx%s", folder, (unsigned long long)hash,
                     CACHE_SUFFIX);
  return len > 0 && len < CACHE_PATH_BYTES;
}

static bool holds(const LoadedModule *lm, const MappedFile *file) {
  size_t size;
  Error ignored = {0};
  const u8 *bytes = wm_artifact_module(lm->engine, file->bytes, file->size_bytes, &size, &ignored);
  return bytes && size == lm->module.size_bytes && memcmp(bytes, lm->module.bytes, size) == 0;
}

bool wm_cache_load(const char *folder, LoadedModule *lm) {
  char path[CACHE_PATH_BYTES];
  MappedFile file;
  if (!path_of(folder, lm, path) || !wm_os_map_file(path, &file)) return false;
  bool ok = holds(lm, &file) && wm_artifact_attach(lm, file.bytes, file.size_bytes);
  wm_os_unmap_file(&file);
  if (ok) wm_os_touch_file(path);
  return ok;
}

void wm_cache_store(const char *folder, LoadedModule *lm) {
  char path[CACHE_PATH_BYTES];
  Buffer bytes = {0};
  if (path_of(folder, lm, path) && wm_artifact_write(lm, &bytes) &&
      wm_os_write_file(path, bytes.data, bytes.len))
    wm_cache_trim(folder, CACHE_MAX_BYTES);
  wm_buffer_free(&bytes);
}

/* ---- trimming ---- */

typedef struct Kept {
  char name[32];
  u64 size_bytes;
  i64 used;
} Kept;

typedef struct Listing {
  Vec(Kept) files;
  u64 total_bytes;
} Listing;

static void note_file(void *env, const FileInfo *info) {
  Listing *l = env;
  size_t len = strlen(info->name), suffix = sizeof CACHE_SUFFIX - 1;
  if (len != 16 + suffix || strcmp(info->name + 16, CACHE_SUFFIX) != 0) return;
  Kept *kept = vec_push(&l->files);
  if (!kept) return;
  *kept = (Kept){.size_bytes = info->size_bytes, .used = info->used};
  memcpy(kept->name, info->name, len + 1);
  l->total_bytes += info->size_bytes;
}

static int by_use(const void *a, const void *b) {
  const Kept *x = a, *y = b;
  return x->used < y->used ? -1 : x->used > y->used;
}

u32 wm_cache_trim(const char *folder, u64 max_bytes) {
  Listing l = {0};
  u32 removed = 0;
  wm_os_list_folder(folder, note_file, &l);
  if (l.files.len && (l.total_bytes > max_bytes || max_bytes == 0)) {
    qsort(l.files.data, l.files.len, sizeof *l.files.data, by_use);
    for (u32 i = 0; i < l.files.len && (l.total_bytes > max_bytes || max_bytes == 0); i++) {
      char path[CACHE_PATH_BYTES];
      int len = snprintf(path, sizeof path, "%s/%s", folder, l.files.data[i].name);
      if (len < 0 || len >= CACHE_PATH_BYTES || !wm_os_remove_file(path)) continue;
      l.total_bytes -= l.files.data[i].size_bytes;
      removed++;
    }
  }
  vec_free(&l.files);
  return removed;
}
