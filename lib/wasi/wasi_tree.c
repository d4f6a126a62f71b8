/* Files in memory as a file system (wasi_tree.h): nodes, their bytes, and the functions over them,
 * which do as Linux's tmpfs does. */
#include "wasi/wasi_tree.h"

#include "wasi/wasi_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_ROOM = 64, PAGE = 4096 };

static bool is_dir(const TreeNode *n) { return n->type == WASI_NODE_DIRECTORY; }

static void changed(const Tree *tree, TreeNode *n) { n->changed = wm_fs_now(tree->fs); }
static void modified(const Tree *tree, TreeNode *n) {
  n->changed = n->modified = wm_fs_now(tree->fs);
}

/* ---- nodes ---- */

static void join(Tree *tree, TreeNode *n) {
  n->after = tree->nodes;
  if (n->after) n->after->before = n;
  tree->nodes = n;
}

static void part(Tree *tree, TreeNode *n) {
  if (n->after) n->after->before = n->before;
  if (n->before)
    n->before->after = n->after;
  else
    tree->nodes = n->after;
}

static TreeNode *make_node(Tree *tree, wasi_node_type_t type, const char *target) {
  TreeNode *n = calloc(1, sizeof *n);
  if (!n) return NULL;
  n->type = type;
  n->lower_fd = -1;
  n->inode = ++tree->last_inode;
  n->accessed = n->modified = n->changed = wm_fs_now(tree->fs);
  if (target) {
    n->size = strlen(target);
    n->target = strdup(target);
    if (!n->target) {
      free(n);
      return NULL;
    }
  }
  join(tree, n);
  return n;
}

static size_t cost_of(const TreeNode *n) {
  size_t cost = sizeof *n + (n->lower ? strlen(n->lower) + 1 : 0);
  if (n->type == WASI_NODE_FILE) return cost + n->file.room;
  return n->type == WASI_NODE_LINK ? cost + n->size + 1 : cost;
}

static void free_node(Tree *tree, TreeNode *n) {
  wm_tree_give(tree, cost_of(n));
  part(tree, n);
  if (n->lower_fd >= 0) close(n->lower_fd);
  if (n->type == WASI_NODE_FILE) free(n->file.bytes);
  if (n->type == WASI_NODE_LINK) free(n->target);
  if (n->type == WASI_NODE_DIRECTORY) wm_tree_dir_free(&n->dir);
  free(n->lower);
  free(n);
}

static void free_if_gone(Tree *tree, TreeNode *n) {
  if (!n->links && !n->holders) free_node(tree, n);
}

Tree *wm_tree_new(size_t limit) {
  Tree *tree = calloc(1, sizeof *tree);
  if (!tree) return NULL;
  tree->limit = limit < sizeof(TreeNode) ? sizeof(TreeNode) : limit;
  tree->used = sizeof(TreeNode);
  tree->lower.folder = -1;
  tree->root = make_node(tree, WASI_NODE_DIRECTORY, NULL);
  if (!tree->root) {
    free(tree);
    return NULL;
  }
  tree->root->links = 1;
  return tree;
}

void wm_tree_free(Tree *tree) {
  if (!tree) return;
  while (tree->nodes) free_node(tree, tree->nodes);
  if (tree->lower.folder >= 0) close(tree->lower.folder);
  free(tree);
}

/* ---- names ---- */

static void named(TreeNode *n, TreeNode *dir) {
  n->links++;
  if (is_dir(n)) n->dir.parent = dir;
}

static void unnamed(TreeNode *n) {
  n->links--;
  if (is_dir(n)) n->dir.parent = NULL;
}

int wm_tree_add(Tree *tree, TreeNode *dir, const char *name, wasi_node_type_t type,
                const char *target, TreeNode **out) {
  size_t cost = sizeof(TreeNode) + (target ? strlen(target) + 1 : 0);
  int error = wm_tree_take(tree, cost);
  if (error) return error;
  TreeNode *n = make_node(tree, type, target);
  if (!n) {
    wm_tree_give(tree, cost);
    return ENOMEM;
  }
  error = wm_tree_dir_add(tree, dir, name, n);
  if (error) {
    free_node(tree, n);
    return error;
  }
  named(n, dir);
  modified(tree, dir);
  if (out) *out = n;
  return 0;
}

/* A directory's entries are here from now on. */
static int fill(Tree *tree, TreeNode *dir) {
  if (!dir->lower) return 0;
  int error = tree->lower.fill(tree, dir);
  if (error) return error;
  wm_tree_give(tree, strlen(dir->lower) + 1);
  free(dir->lower);
  dir->lower = NULL;
  return 0;
}

/* ---- bytes ---- */

/* Room for `size` bytes, and some more where a file grows bit by bit. */
static int reserve(Tree *tree, TreeNode *file, u64 size) {
  size_t room = file->file.room, left = tree->limit - tree->used;
  if (size <= room) return 0;
  if (size - room > left) return ENOSPC;
  u64 wanted = max_u64(size, room < FIRST_ROOM ? FIRST_ROOM : room + room / 2);
  wanted = min_u64(wanted, room + left);
  u8 *bytes = realloc(file->file.bytes, wanted);
  if (!bytes) return ENOMEM;
  tree->used += wanted - room;
  file->file.bytes = bytes;
  file->file.room = wanted;
  return 0;
}

/* Gives back what a file that became much smaller does not need. */
static void trim(Tree *tree, TreeNode *file) {
  if (file->file.room < PAGE || file->size > file->file.room / 4) return;
  u8 *bytes = file->size ? realloc(file->file.bytes, file->size) : NULL;
  if (file->size && !bytes) return;
  if (!file->size) free(file->file.bytes);
  wm_tree_give(tree, file->file.room - file->size);
  file->file.bytes = bytes;
  file->file.room = file->size;
}

int wm_tree_resize(Tree *tree, TreeNode *file, u64 size) {
  int error = reserve(tree, file, size);
  if (error) return error;
  if (size > file->size) memset(file->file.bytes + file->size, 0, size - file->size);
  file->size = size;
  trim(tree, file);
  modified(tree, file);
  return 0;
}

/* As much as there is room for. */
int wm_tree_write(Tree *tree, TreeNode *file, const void *from, size_t size, u64 offset,
                  size_t *done) {
  u64 most = file->file.room + (tree->limit - tree->used);
  if (offset >= most) return ENOSPC;
  size = min_u64(size, most - offset);
  int error = reserve(tree, file, offset + size);
  if (error) return error;
  if (offset > file->size) memset(file->file.bytes + file->size, 0, offset - file->size);
  memcpy(file->file.bytes + offset, from, size);
  file->size = max_u64(file->size, offset + size);
  modified(tree, file);
  *done = size;
  return 0;
}

/* A file's first `size` bytes are here from now on, and nothing else. */
static int bring(Tree *tree, TreeNode *file, u64 size) {
  if (!file->lower) return 0;
  size_t done = 0;
  u64 at = 0;
  size = min_u64(size, file->size);
  int error = reserve(tree, file, size);
  for (; !error && at < size; at += done) {
    error = tree->lower.read(tree, file, file->file.bytes + at, size - at, at, &done);
    if (!error && !done) break; /* it has become shorter */
  }
  if (error) return error;
  if (at < size) memset(file->file.bytes + at, 0, size - at);
  file->size = size;
  wm_tree_give(tree, strlen(file->lower) + 1);
  free(file->lower);
  file->lower = NULL;
  return 0;
}

/* ---- the functions of the file system ---- */

static TreeNode *of(wasi_node_t *node) { return (TreeNode *)(void *)node; }

static void give(TreeNode *n, wasi_node_t **out) {
  n->holders++;
  *out = (wasi_node_t *)(void *)n;
}

static int tree_root(void *env, wasi_node_t **out) {
  give(((Tree *)env)->root, out);
  return 0;
}

static void tree_hold(void *env, wasi_node_t *node) {
  (void)env;
  of(node)->holders++;
}

/* What is below is open while somebody holds it. */
static void tree_release(void *env, wasi_node_t *node) {
  TreeNode *n = of(node);
  if (--n->holders) return;
  if (n->lower_fd >= 0) close(n->lower_fd);
  n->lower_fd = -1;
  free_if_gone(env, n);
}

static int tree_lookup(void *env, wasi_node_t *node, const char *name, wasi_node_t **out) {
  TreeNode *dir = of(node);
  if (!is_dir(dir)) return ENOTDIR;
  int error = fill(env, dir);
  if (error) return error;
  const TreeEntry *e = wm_tree_find(dir, name);
  if (!e) return ENOENT;
  give(e->node, out);
  return 0;
}

static int tree_info(void *env, wasi_node_t *node, wasi_node_info_t *info) {
  TreeNode *n = of(node);
  (void)env;
  *info = (wasi_node_info_t){.inode = n->inode,
                             .links = n->links,
                             .size = n->size,
                             .accessed_ns = n->accessed,
                             .modified_ns = n->modified,
                             .changed_ns = n->changed,
                             .type = n->type};
  return 0;
}

static int tree_read(void *env, wasi_node_t *node, void *to, size_t size, u64 offset,
                     size_t *done) {
  Tree *tree = env;
  TreeNode *file = of(node);
  if (file->type != WASI_NODE_FILE) return EISDIR;
  if (offset >= file->size) return 0;
  size = min_u64(size, file->size - offset);
  if (file->lower) return tree->lower.read(tree, file, to, size, offset, done);
  memcpy(to, file->file.bytes + offset, size);
  *done = size;
  return 0;
}

static int check_change(const Tree *tree, const TreeNode *file) {
  if (tree->read_only) return EROFS;
  return file->type == WASI_NODE_FILE ? 0 : EISDIR;
}

static int tree_write(void *env, wasi_node_t *node, const void *from, size_t size, u64 offset,
                      size_t *done) {
  int error = check_change(env, of(node));
  if (!error) error = bring(env, of(node), UINT64_MAX);
  return error ? error : wm_tree_write(env, of(node), from, size, offset, done);
}

static int tree_resize(void *env, wasi_node_t *node, u64 size) {
  int error = check_change(env, of(node));
  if (!error) error = bring(env, of(node), size);
  return error ? error : wm_tree_resize(env, of(node), size);
}

static int tree_list(void *env, wasi_node_t *node, u64 cookie, wasi_dir_entry_t *entry) {
  TreeNode *dir = of(node);
  if (!is_dir(dir)) return ENOTDIR;
  if (!dir->links) return ENOENT;
  int error = fill(env, dir);
  if (error) return error;
  const TreeEntry *e = wm_tree_dir_at(&dir->dir, cookie);
  if (!e) return 0; /* the name is empty */
  entry->next = e->cookie + 1;
  entry->inode = e->node->inode;
  entry->type = e->node->type;
  memcpy(entry->name, e->name, e->len + 1);
  return 0;
}

static int tree_read_link(void *env, wasi_node_t *node, char *to, size_t size, size_t *done) {
  const TreeNode *n = of(node);
  (void)env;
  if (n->type != WASI_NODE_LINK) return EINVAL;
  *done = min_u64(n->size, size);
  memcpy(to, n->target, *done);
  return 0;
}

/* Whether names may change in the directory. */
static int open_dir(Tree *tree, TreeNode *dir) {
  if (tree->read_only) return EROFS;
  if (!is_dir(dir)) return ENOTDIR;
  return dir->links ? fill(tree, dir) : ENOENT; /* it was removed */
}

static int tree_create(void *env, wasi_node_t *node, const char *name, wasi_node_type_t type,
                       const char *target, wasi_node_t **out) {
  TreeNode *made;
  int error = open_dir(env, of(node));
  if (!error && wm_tree_find(of(node), name)) error = EEXIST;
  if (!error) error = wm_tree_add(env, of(node), name, type, target, &made);
  if (!error) give(made, out);
  return error;
}

/* An entry named the node. */
static void drop(Tree *tree, TreeNode *n) {
  unnamed(n);
  changed(tree, n);
  free_if_gone(tree, n);
}

/* Whether the directory has no entries. */
static int check_empty(Tree *tree, TreeNode *dir) {
  int error = fill(tree, dir);
  return !error && dir->dir.count ? ENOTEMPTY : error;
}

static int tree_remove(void *env, wasi_node_t *node, const char *name, bool of_dir) {
  TreeNode *dir = of(node);
  int error = open_dir(env, dir);
  if (error) return error;
  TreeEntry *e = wm_tree_find(dir, name);
  if (!e) return ENOENT;
  if (is_dir(e->node) != of_dir) return of_dir ? ENOTDIR : EISDIR;
  error = of_dir ? check_empty(env, e->node) : 0;
  if (error) return error;
  drop(env, e->node);
  wm_tree_dir_remove(env, dir, e);
  modified(env, dir);
  return 0;
}

static int tree_link(void *env, wasi_node_t *node, wasi_node_t *at, const char *name) {
  TreeNode *n = of(node), *dir = of(at);
  int error = open_dir(env, dir);
  if (!error && is_dir(n)) error = EPERM;
  if (!error && wm_tree_find(dir, name)) error = EEXIST;
  if (!error) error = wm_tree_dir_add(env, dir, name, n);
  if (error) return error;
  named(n, dir);
  changed(env, n);
  modified(env, dir);
  return 0;
}

static int tree_set_times(void *env, wasi_node_t *node, const u64 *accessed, const u64 *modified_) {
  TreeNode *n = of(node);
  if (((Tree *)env)->read_only) return EROFS;
  if (accessed) n->accessed = *accessed;
  if (modified_) n->modified = *modified_;
  changed(env, n);
  return 0;
}

/* ---- rename ---- */

/* Whether `dir` is `top` or below it. */
static bool is_below(const TreeNode *dir, const TreeNode *top) {
  while (dir && dir != top) dir = dir->dir.parent;
  return dir != NULL;
}

/* What rename(2) says of what has the new name already. */
static int check_target(Tree *tree, const TreeNode *n, TreeNode *target) {
  if (is_dir(n) && !is_dir(target)) return ENOTDIR;
  if (!is_dir(n) && is_dir(target)) return EISDIR;
  return is_dir(target) ? check_empty(tree, target) : 0;
}

static int check_rename(Tree *tree, const TreeNode *n, const TreeNode *from_dir,
                        const TreeNode *to_dir, const TreeEntry *target) {
  if (is_dir(n) && is_below(to_dir, n)) return EINVAL;
  if (!target) return 0;
  if (is_dir(target->node) && is_below(from_dir, target->node)) return ENOTEMPTY;
  return check_target(tree, n, target->node);
}

static int replace_or_add(Tree *tree, TreeNode *dir, const char *name, TreeEntry *target,
                          const TreeEntry *source) {
  if (!target) return wm_tree_dir_add_again(tree, dir, name, source);
  drop(tree, target->node);
  target->node = source->node;
  return 0;
}

static int tree_rename(void *env, wasi_node_t *from_node, const char *from, wasi_node_t *to_node,
                       const char *to) {
  TreeNode *from_dir = of(from_node), *to_dir = of(to_node);
  int error = open_dir(env, from_dir);
  if (!error) error = open_dir(env, to_dir);
  if (error) return error;
  TreeEntry *e = wm_tree_find(from_dir, from), *target = wm_tree_find(to_dir, to);
  if (!e) return ENOENT;
  TreeNode *n = e->node;
  if (target && target->node == n) return 0;
  error = check_rename(env, n, from_dir, to_dir, target);
  if (error) return error;
  error = replace_or_add(env, to_dir, to, target, e);
  if (error) return error;
  wm_tree_dir_remove(env, from_dir, e);
  unnamed(n);
  named(n, to_dir);
  changed(env, n);
  modified(env, from_dir);
  modified(env, to_dir);
  return 0;
}

/* ---- making one ---- */

static void tree_finalize(void *env) { wm_tree_free(env); }

static const wasi_fs_functions_t functions = {.size = sizeof functions,
                                              .root = tree_root,
                                              .lookup = tree_lookup,
                                              .hold = tree_hold,
                                              .release = tree_release,
                                              .info = tree_info,
                                              .read = tree_read,
                                              .write = tree_write,
                                              .list = tree_list,
                                              .read_link = tree_read_link,
                                              .create = tree_create,
                                              .remove = tree_remove,
                                              .rename = tree_rename,
                                              .link = tree_link,
                                              .resize = tree_resize,
                                              .set_times = tree_set_times,
                                              .finalize = tree_finalize};

wasi_fs_t *wm_tree_fs(Tree *tree) {
  wasi_fs_t *fs = tree ? wasi_fs_new(&functions, tree) : NULL;
  if (fs)
    tree->fs = fs;
  else
    wm_tree_free(tree);
  return fs;
}

wasi_fs_t *wasi_fs_new_memory(size_t limit) { return wm_tree_fs(wm_tree_new(limit)); }
