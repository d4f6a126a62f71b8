/* What the host itself does in a file system: puts whole files in and takes them out. */
#include "wasi/wasi_node.h"

#include <errno.h>

/* ---- paths of the host's: names between slashes, no links followed ---- */

/* The next name of *path, which goes behind it. False: there is none, or it is none (E_INVAL). */
static Errno next_name(const char **path, char name[NAME_MAX + 1]) {
  *path += strspn(*path, "/");
  size_t len = strcspn(*path, "/");
  if (len > NAME_MAX) return E_NAMETOOLONG;
  memcpy(name, *path, len);
  name[len] = 0;
  *path += len;
  *path += strspn(*path, "/");
  return !len || strcmp(name, "..") == 0 ? E_INVAL : E_SUCCESS;
}

static Errno find_or_make_dir(wasi_fs_t *fs, wasi_node_t *dir, const char *name, bool make,
                              wasi_node_t **out) {
  Errno e = wm_node_lookup(fs, dir, name, out);
  if (e == E_NOENT && make) e = wm_node_create(fs, dir, name, WASI_NODE_DIRECTORY, NULL, out);
  if (e || S_ISDIR(wm_node_mode(fs, *out))) return e;
  wm_node_release(fs, *out);
  return E_NOTDIR;
}

Errno wm_node_find_dir(wasi_fs_t *fs, const char *path, bool make, wasi_node_t **dir,
                       char leaf[NAME_MAX + 1]) {
  wasi_node_t *root;
  Errno e = wm_errno_of_host(fs->functions.root(fs->env, &root));
  if (e) return e;
  *dir = root;
  e = next_name(&path, leaf);
  while (!e && *path) {
    wasi_node_t *down = NULL;
    bool stays = strcmp(leaf, ".") == 0;
    e = stays ? E_SUCCESS : find_or_make_dir(fs, *dir, leaf, make, &down);
    if (!e && !stays) {
      wm_node_release(fs, *dir);
      *dir = down;
    }
    if (!e) e = next_name(&path, leaf);
  }
  if (!e && strcmp(leaf, ".") == 0) e = E_EXIST;
  if (e) wm_node_release(fs, *dir);
  return e;
}

/* ---- whole files ---- */

Errno wm_node_write_all(wasi_fs_t *fs, wasi_node_t *file, const void *bytes, size_t size,
                        u64 offset) {
  const u8 *from = bytes;
  Errno e = E_SUCCESS;
  for (size_t at = 0, done; !e && at < size; at += done) {
    e = wm_node_write(fs, file, from + at, size - at, offset + at, &done);
    if (!e && !done) e = E_IO;
  }
  return e;
}

Errno wm_node_new_file(wasi_fs_t *fs, wasi_node_t *dir, const char *name, wasi_node_t **out) {
  Errno e = wm_node_lookup(fs, dir, name, out);
  if (e == E_NOENT) return wm_node_create(fs, dir, name, WASI_NODE_FILE, NULL, out);
  if (!e && !S_ISREG(wm_node_mode(fs, *out))) e = E_EXIST;
  if (!e) e = wm_node_resize(fs, *out, 0);
  if (e) wm_node_release(fs, *out);
  return e;
}

bool wasi_fs_put_file(wasi_fs_t *fs, const char *path, const void *bytes, size_t size) {
  wasi_node_t *dir, *file = NULL;
  char leaf[NAME_MAX + 1];
  if (!fs || !path || (size && !bytes)) return false;
  FS_LOCK lock = wm_fs_lock(fs, NULL);
  if (wm_node_find_dir(fs, path, true, &dir, leaf)) return false;
  Errno e = wm_node_new_file(fs, dir, leaf, &file);
  wm_node_release(fs, dir);
  if (e) return false;
  e = wm_node_write_all(fs, file, bytes, size, 0);
  wm_node_release(fs, file);
  return e == E_SUCCESS;
}

static Errno read_all(wasi_fs_t *fs, wasi_node_t *file, wasm_byte_vec_t *out) {
  struct stat st;
  Errno e = wm_node_stat(fs, file, &st);
  if (!e && !S_ISREG(st.st_mode)) e = E_INVAL;
  if (e) return e;
  wasm_byte_vec_new_uninitialized(out, (size_t)st.st_size);
  if (out->size != (size_t)st.st_size) return E_NOMEM;
  size_t at = 0, done = 1;
  for (; !e && done && at < out->size; at += done)
    e = wm_node_read(fs, file, out->data + at, out->size - at, at, &done);
  if (e || at < out->size) wasm_byte_vec_delete(out);
  return !e && at < (size_t)st.st_size ? E_IO : e;
}

bool wasi_fs_get_file(wasi_fs_t *fs, const char *path, wasm_byte_vec_t *out) {
  wasi_node_t *dir, *file = NULL;
  char leaf[NAME_MAX + 1];
  if (!fs || !path || !out) return false;
  FS_LOCK lock = wm_fs_lock(fs, NULL);
  if (wm_node_find_dir(fs, path, false, &dir, leaf)) return false;
  Errno e = wm_node_lookup(fs, dir, leaf, &file);
  wm_node_release(fs, dir);
  if (!e) e = read_all(fs, file, out);
  wm_node_release(fs, file);
  return e == E_SUCCESS;
}
