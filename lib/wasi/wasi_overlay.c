/* A folder of the host's under changes in memory: a tree whose directories are filled, and files
 * read, from the folder until they are changed (wasi_tree.h).
 *
 * The folder is only read, by paths of names that were listed in it: below it, never through a
 * link (wasi_resolver.h), so that it matters to nobody but the program what others do to it. */
#include "wasi/wasi_ctx.h"
#include "wasi/wasi_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the host's errno, from one of WASI's that a resolver gave. What lies in the host is told as it
 * is; that another thing has the name by now is not the program's doing. */
static int host_errno(Errno e) {
  switch (e) {
  case E_SUCCESS: return 0;
  case E_NOENT: return ENOENT;
  case E_ACCES: return EACCES;
  case E_MFILE: return EMFILE;
  case E_NFILE: return ENFILE;
  case E_NOMEM: return ENOMEM;
  default: return EIO;
  }
}

static int open_lower(const Tree *tree, const char *path, int flags, int *fd) {
  Resolver resolver = {.mode = WASI_RESOLVER_AUTO};
  GuestPath checked;
  if (!*path) path = ".";
  if (wm_path_check(&checked, path, (u32)strlen(path))) return ENAMETOOLONG;
  return host_errno(wm_resolve_open(&resolver, tree->lower.folder, &checked,
                                    flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0, fd));
}

/* ---- files ---- */

static int open_file(Tree *tree, TreeNode *file) {
  struct stat st;
  if (file->lower_fd >= 0) return 0;
  int fd, error = open_lower(tree, file->lower, O_RDONLY, &fd);
  if (error) return error;
  if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
    close(fd);
    return EIO; /* another thing has the name by now */
  }
  file->lower_fd = fd;
  return 0;
}

static int read_lower(Tree *tree, TreeNode *file, void *to, size_t size, u64 offset, size_t *done) {
  int error = open_file(tree, file);
  if (error) return error;
  ssize_t n = pread(file->lower_fd, to, size, (off_t)offset);
  if (n < 0) return errno;
  *done = (size_t)n;
  return 0;
}

/* ---- directories ---- */

static wasi_node_type_t type_of(mode_t mode) {
  if (S_ISDIR(mode)) return WASI_NODE_DIRECTORY;
  return S_ISLNK(mode) ? WASI_NODE_LINK : S_ISREG(mode) ? WASI_NODE_FILE : 0;
}

static u64 ns_of(const struct timespec *t) { return wm_nanoseconds(t); }

/* The path of a name in a directory whose own is `dir`. */
static char *join(const char *dir, const char *name) {
  size_t dir_len = strlen(dir), len = strlen(name);
  char *path = malloc(dir_len + len + 2);
  if (!path) return NULL;
  memcpy(path, dir, dir_len);
  if (dir_len) path[dir_len++] = '/';
  memcpy(path + dir_len, name, len + 1);
  return path;
}

/* A new node, whose contents are in the folder at `lower` (which it takes; NULL: a link's are
 * here).
 */
static int add_node(Tree *tree, TreeNode *dir, const char *name, const char *target,
                    const struct stat *st, char *lower) {
  TreeNode *n;
  int error = wm_tree_add(tree, dir, name, type_of(st->st_mode), target, &n);
  if (error) return error;
  n->accessed = ns_of(&st->st_atim);
  n->modified = ns_of(&st->st_mtim);
  n->changed = ns_of(&st->st_ctim);
  if (S_ISREG(st->st_mode)) n->size = (u64)st->st_size;
  n->lower = lower;
  return 0;
}

/* All of it or nothing: a name that is there is not looked at again. */
static int add_one(Tree *tree, TreeNode *dir, const char *name, const char *target,
                   const struct stat *st) {
  if (S_ISLNK(st->st_mode)) return add_node(tree, dir, name, target, st, NULL);
  char *lower = join(dir->lower, name);
  if (!lower) return ENOMEM;
  size_t cost = strlen(lower) + 1;
  int error = wm_tree_take(tree, cost);
  if (!error) {
    error = add_node(tree, dir, name, NULL, st, lower);
    if (!error) return 0;
    wm_tree_give(tree, cost);
  }
  free(lower);
  return error;
}

/* Why a name could not be looked at: it has gone again, or may not be. Else nothing is known. */
static int why_not_seen(void) { return errno == ENOMEM || errno == EIO ? errno : 0; }

/* What is not there to be seen, and what is neither file, directory nor link, is passed over. */
static int add_name(Tree *tree, TreeNode *dir, int fd, const char *name) {
  struct stat st;
  char target[PATH_MAX];
  if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) return why_not_seen();
  if (!type_of(st.st_mode)) return 0;
  ssize_t len = S_ISLNK(st.st_mode) ? readlinkat(fd, name, target, sizeof target - 1) : 0;
  if (len < 0) return why_not_seen();
  target[len] = 0;
  return add_one(tree, dir, name, S_ISLNK(st.st_mode) ? target : NULL, &st);
}

static bool is_dots(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

static int add_names(Tree *tree, TreeNode *dir, DIR *stream) {
  for (;;) {
    errno = 0;
    const struct dirent *d = readdir(stream);
    if (!d) return errno;
    if (is_dots(d->d_name) || wm_tree_find(dir, d->d_name)) continue;
    int error = add_name(tree, dir, dirfd(stream), d->d_name);
    if (error) return error;
  }
}

/* A second try, after there was no room or memory, goes on where the first one ended. */
static int fill_dir(Tree *tree, TreeNode *dir) {
  u64 changed = dir->changed, modified = dir->modified;
  int fd, error = open_lower(tree, dir->lower, O_RDONLY | O_DIRECTORY, &fd);
  if (error) return error;
  DIR *stream = fdopendir(fd);
  if (!stream) {
    error = errno;
    close(fd);
    return error;
  }
  error = add_names(tree, dir, stream);
  closedir(stream);
  dir->changed = changed;
  dir->modified = modified;
  return error;
}

/* ---- making one ---- */

static void *fail(wasmx_error_t *err, const char *path) {
  return wm_wasi_fail(err, WASMX_IO, "cannot open %s: %s", path, strerror(errno));
}

wasi_fs_t *wasi_fs_new_overlay(const char *host_path, size_t limit, wasmx_error_t *err) {
  if (!host_path) return wm_wasi_fail(err, WASMX_ARGUMENT, "wasi_fs_new_overlay: path is NULL");
  struct stat st;
  int folder = wm_open_granted(host_path, O_RDONLY | O_DIRECTORY);
  if (folder < 0) return fail(err, host_path);
  if (fstat(folder, &st)) {
    close(folder);
    return fail(err, host_path);
  }
  Tree *tree = wm_tree_new(limit);
  char *lower = tree ? strdup("") : NULL;
  if (!lower) {
    close(folder);
    wm_tree_free(tree);
    return wm_wasi_fail(err, WASMX_OUT_OF_MEMORY, "out of memory");
  }
  tree->limit = max_u64(tree->limit, ++tree->used);
  tree->lower = (TreeLower){fill_dir, read_lower, folder};
  tree->root->lower = lower;
  tree->root->modified = ns_of(&st.st_mtim);
  tree->root->changed = ns_of(&st.st_ctim);
  wasi_fs_t *fs = wm_tree_fs(tree);
  return fs ? fs : wm_wasi_fail(err, WASMX_OUT_OF_MEMORY, "out of memory");
}
