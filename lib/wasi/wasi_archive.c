/* An archive as a file system: a tree in memory (wasi_tree.h) that is filled from it once. */
#include "wasi/wasi_archive.h"
#include "wasi/wasi_tree.h"

#include <errno.h>
#include <unistd.h>

#if WITH_ZLIB

static const char *reason(Errno e) {
  switch (e) {
  case E_NOSPC: return "it is larger than the limit";
  case E_INVAL: return "a name in it leads out of it";
  case E_EXIST:
  case E_NOTDIR: return "two names in it contradict each other";
  case E_NOENT: return "a name in it stands for one that is not there";
  case E_NOTSUP: return "it is encrypted, in parts, or compressed in a way that is not known";
  case E_NOMEM: return "out of memory";
  case E_IO: return "it cannot be read";
  default: return "it is damaged, or neither tar nor zip";
  }
}

static void *fail(wasmx_error_t *err, const char *path, const char *why) {
  return wm_wasi_fail(err, WASMX_IO, "archive %s: %s", path, why);
}

static wasi_fs_t *unpack(int fd, const char *path, size_t limit, wasmx_error_t *err) {
  Tree *tree = wm_tree_new(limit);
  wasi_fs_t *fs = wm_tree_fs(tree);
  if (!fs) return fail(err, path, reason(E_NOMEM));
  Errno e = wm_zip_looks_like(fd) ? wm_zip_unpack(fs, fd) : wm_tar_unpack(fs, fd);
  if (!e) {
    tree->read_only = true;
    return fs;
  }
  wasi_fs_delete(fs);
  return fail(err, path, reason(e));
}

wasi_fs_t *wasi_fs_new_archive(const char *host_path, size_t limit, wasmx_error_t *err) {
  if (!host_path) return wm_wasi_fail(err, WASMX_ARGUMENT, "wasi_fs_new_archive: path is NULL");
  int fd = wm_open_granted(host_path, O_RDONLY);
  if (fd < 0) return fail(err, host_path, strerror(errno));
  wasi_fs_t *fs = unpack(fd, host_path, limit, err);
  close(fd);
  return fs;
}

#else

wasi_fs_t *wasi_fs_new_archive(const char *host_path, size_t limit, wasmx_error_t *err) {
  (void)host_path;
  (void)limit;
  return wm_wasi_fail(err, WASMX_ARGUMENT, "this libwasi was built without zlib: no archives");
}

#endif
