/* Open nodes: reading, writing, positions, listing (wasi_node.h). */
#include "wasi/wasi_node.h"

#include <errno.h>

Errno wm_node_file_stat(const NodeFile *file, struct stat *st) {
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  return wm_node_stat(file->fs, file->node, st);
}

/* ---- bytes ---- */

/* Where the transfer begins; NULL: elsewhere than at the file's own position. */
static u64 *start_of(NodeFile *file, u64 *offset) {
  if (*offset != NODE_POSITION) return NULL;
  *offset = file->position;
  return &file->position;
}

/* As much as the function moves at once, until it moves less. */
Errno wm_node_file_read(NodeFile *file, void *to, size_t size, u64 offset, size_t *done) {
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  u64 *position = start_of(file, &offset);
  Errno e = wm_node_read(file->fs, file->node, to, size, offset, done);
  if (!e && position) *position += *done;
  return e;
}

static Errno end_of(const NodeFile *file, u64 *end) {
  struct stat st;
  Errno e = wm_node_stat(file->fs, file->node, &st);
  *end = e ? 0 : (u64)st.st_size;
  return e;
}

/* As Linux: pwrite to a file that appends does so too. */
Errno wm_node_file_write(NodeFile *file, const void *from, size_t size, u64 offset, bool append,
                         size_t *done) {
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  u64 *position = start_of(file, &offset);
  *done = 0;
  Errno e = append && size ? end_of(file, &offset) : E_SUCCESS;
  if (!e && size > INT64_MAX - offset) e = E_FBIG;
  if (!e && size) e = wm_node_write(file->fs, file->node, from, size, offset, done);
  if (!e && size && position) *position = offset + *done;
  return e;
}

Errno wm_node_file_seek(NodeFile *file, i64 offset, int whence, u64 *at) {
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  u64 base = whence == SEEK_CUR ? file->position : 0;
  i64 sum;
  Errno e = whence == SEEK_END ? end_of(file, &base) : E_SUCCESS;
  if (e) return e;
  if (__builtin_add_overflow((i64)base, offset, &sum) || sum < 0) return E_INVAL;
  *at = file->position = (u64)sum;
  return E_SUCCESS;
}

u64 wm_node_file_left(const NodeFile *file) {
  u64 end;
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  return !end_of(file, &end) && end > file->position ? end - file->position : 0;
}

Errno wm_node_file_allocate(const NodeFile *file, u64 end) {
  u64 size;
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  Errno e = end_of(file, &size);
  return e || size >= end ? e : wm_node_resize(file->fs, file->node, end);
}

Errno wm_node_file_resize(const NodeFile *file, u64 size) {
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  return wm_node_resize(file->fs, file->node, size);
}

Errno wm_node_file_set_times(const NodeFile *file, const struct timespec times[2]) {
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  return wm_node_set_times(file->fs, file->node, times);
}

Errno wm_node_file_sync(const NodeFile *file) {
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  return wm_node_sync(file->fs, file->node);
}

/* ---- entries ---- */

/* Cookies: 0 is ".", 1 "..", n + 2 the entry at the file system's own n. */
static Errno list_dots(const NodeFile *file, bool is_top, u64 cookie, wasi_dir_entry_t *entry) {
  struct stat st;
  Errno e = wm_node_stat(file->fs, file->node, &st);
  bool up = cookie == 1;
  *entry = (wasi_dir_entry_t){.next = cookie + 1, .type = WASI_NODE_DIRECTORY, .name = "."};
  entry->inode = up && !is_top ? file->parent_inode : st.st_ino;
  if (up) memcpy(entry->name, "..", 3);
  return !e && st.st_nlink == 0 ? E_NOENT : e; /* it was removed */
}

Errno wm_node_file_list(const NodeFile *file, bool is_top, u64 cookie, wasi_dir_entry_t *entry) {
  FS_LOCK lock = wm_fs_lock(file->fs, file->clock);
  if (cookie < 2) return list_dots(file, is_top, cookie, entry);
  Errno e = wm_node_list(file->fs, file->node, cookie - 2, entry);
  entry->next += 2;
  return e;
}
