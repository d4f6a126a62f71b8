/* Puts entries of an archive into a file system: see wasi_archive.h. */
#include "wasi/wasi_archive.h"

/* The topmost directory, "./", is there already. */
static bool is_top(const char *path) {
  return path[strspn(path, "./")] == 0 && !strstr(path, "..");
}

/* One more name for what was unpacked before. */
static Errno add_name(wasi_fs_t *fs, wasi_node_t *dir, const char *leaf, const char *target) {
  wasi_node_t *other_dir, *node = NULL;
  char other[NAME_MAX + 1];
  Errno e = wm_node_find_dir(fs, target, false, &other_dir, other);
  if (e) return e;
  e = wm_node_lookup(fs, other_dir, other, &node);
  wm_node_release(fs, other_dir);
  if (!e) e = wm_node_name(fs, node, dir, leaf);
  wm_node_release(fs, node);
  return e;
}

/* A directory may be named as often as its archiver likes. */
static Errno add_other(wasi_fs_t *fs, wasi_node_t *dir, const char *leaf,
                       const ArchiveEntry *entry) {
  wasi_node_t *node;
  Errno e = wm_node_create(fs, dir, leaf, entry->type, entry->target, &node);
  if (e == E_EXIST && entry->type == WASI_NODE_DIRECTORY) {
    e = wm_node_lookup(fs, dir, leaf, &node);
    if (!e && !S_ISDIR(wm_node_mode(fs, node))) e = E_EXIST;
  }
  if (e)
    wm_node_release(fs, node);
  else
    wm_archive_finish(fs, entry, node);
  return e;
}

static Errno add_to(wasi_fs_t *fs, wasi_node_t *dir, const char *leaf, const ArchiveEntry *entry,
                    wasi_node_t **file) {
  if (entry->is_other_name) return add_name(fs, dir, leaf, entry->target);
  if (entry->type == WASI_NODE_FILE) return wm_node_new_file(fs, dir, leaf, file);
  return add_other(fs, dir, leaf, entry);
}

Errno wm_archive_add(wasi_fs_t *fs, const ArchiveEntry *entry, wasi_node_t **file) {
  wasi_node_t *dir;
  char leaf[NAME_MAX + 1];
  *file = NULL;
  if (is_top(entry->path)) return E_SUCCESS;
  Errno e = wm_node_find_dir(fs, entry->path, true, &dir, leaf);
  if (e) return e;
  e = add_to(fs, dir, leaf, entry, file);
  wm_node_release(fs, dir);
  return e;
}

void wm_archive_finish(wasi_fs_t *fs, const ArchiveEntry *entry, wasi_node_t *file) {
  struct timespec t = {(time_t)(entry->modified_ns / 1000000000u), 0};
  if (file) wm_node_set_times(fs, file, (struct timespec[2]){t, t});
  wm_node_release(fs, file);
}
