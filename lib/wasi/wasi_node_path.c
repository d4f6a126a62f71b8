/* The calls that name a node by a path, as the host's file systems do them (Linux's fs/namei.c says
 * in which order things are refused). What preview 1 says of paths in general stands with the calls
 * themselves (wasi_call_path.c). */
#include "wasi/wasi_node.h"

#include <errno.h>

/* Walks to the place, with the lock held until the end of the scope that `at` is in. */
typedef struct At {
  wasi_fs_t *fs;
  FsLock lock;
  NodePlace place;
} At;
#define AT At __attribute__((cleanup(leave)))

static void leave(At *at) {
  wm_node_place_release(at->fs, &at->place);
  wm_fs_unlock(&at->lock);
}

static Errno go(const Call *call, At *at, const NodeFile *dir, const GuestPath *path, bool follow) {
  at->fs = dir->fs;
  at->lock = wm_fs_lock(dir->fs, dir->clock);
  Errno e = wm_node_walk(call, dir, path->text, follow, &at->place);
  at->place.must_be_dir |= path->must_be_dir;
  return e;
}

static mode_t mode_at(const At *at) { return wm_node_mode(at->fs, at->place.node); }

static Errno missing_or_not_dir(const At *at) {
  if (!at->place.node) return E_NOENT;
  return at->place.must_be_dir && !S_ISDIR(mode_at(at)) ? E_NOTDIR : E_SUCCESS;
}

/* ---- open ---- */

static bool is_fresh(const Opening *o) {
  return (o->oflags & OFLAG_CREAT) && (o->oflags & OFLAG_EXCL);
}

/* Where there is nothing yet. */
static Errno create_file(At *at) {
  wasi_node_t *node;
  Errno e = wm_node_create(at->fs, at->place.dir, at->place.leaf, WASI_NODE_FILE, NULL, &node);
  at->place.node = node;
  return e;
}

/* What is there, or is not. */
static Errno check_existing(const Opening *o, const At *at) {
  mode_t mode = mode_at(at);
  bool creates = o->oflags & OFLAG_CREAT;
  if (is_fresh(o)) return E_EXIST;
  if (S_ISLNK(mode)) return o->oflags & OFLAG_DIRECTORY ? E_NOTDIR : E_LOOP;
  if (S_ISDIR(mode)) return creates || (o->flags & O_ACCMODE) != O_RDONLY ? E_ISDIR : E_SUCCESS;
  return (o->oflags & OFLAG_DIRECTORY) || at->place.must_be_dir ? E_NOTDIR : E_SUCCESS;
}

static Errno find_or_create(const Opening *o, At *at) {
  bool creates = o->oflags & OFLAG_CREAT;
  if (creates && (at->place.must_be_dir || at->place.dots))
    return at->place.dots && is_fresh(o) ? E_EXIST : E_ISDIR;
  if (!at->place.node) return creates ? create_file(at) : E_NOENT;
  Errno e = check_existing(o, at);
  return !e && (o->oflags & OFLAG_TRUNC) ? wm_node_resize(at->fs, at->place.node, 0) : e;
}

/* The place's node becomes the descriptor's. */
static Errno take_node(const Opening *o, At *at, Descriptor *d) {
  struct stat above, st;
  NodeFile *file;
  Errno e = wm_node_stat(at->fs, at->place.dir, &above);
  if (!e) e = wm_node_stat(at->fs, at->place.node, &st);
  if (e) return e;
  wasi_node_t *node = at->place.node;
  at->place.node = NULL;
  e = wm_node_file_new(at->fs, at->fs->clock, node, &file);
  if (e) return e;
  file->parent_inode = above.st_ino;
  *d = wm_descriptor_of_node(file, wm_filetype_of_mode(st.st_mode), o->flags & O_ACCMODE);
  return E_SUCCESS;
}

Errno wm_node_open(Call *call, const Opening *o, const NodeFile *dir, Descriptor *d) {
  AT at = {.fs = NULL};
  bool follow = o->path.must_be_dir ? !(o->oflags & OFLAG_CREAT) : o->follow && !is_fresh(o);
  Errno e = go(call, &at, dir, &o->path, follow);
  if (!e) e = find_or_create(o, &at);
  return e ? e : take_node(o, &at, d);
}

/* ---- one path ---- */

Errno wm_node_path_stat(Call *call, const NodeFile *dir, const GuestPath *path, bool follow,
                        struct stat *st) {
  AT at = {.fs = NULL};
  Errno e = go(call, &at, dir, path, follow);
  if (!e) e = missing_or_not_dir(&at);
  return e ? e : wm_node_stat(at.fs, at.place.node, st);
}

Errno wm_node_path_set_times(Call *call, const NodeFile *dir, const GuestPath *path, bool follow,
                             const struct timespec times[2]) {
  AT at = {.fs = NULL};
  Errno e = go(call, &at, dir, path, follow);
  if (!e) e = missing_or_not_dir(&at);
  return e ? e : wm_node_set_times(at.fs, at.place.node, times);
}

/* A new node at the place. */
static Errno create(At *at, wasi_node_type_t type, const char *target) {
  wasi_node_t *node;
  if (at->place.node) return E_EXIST;
  Errno e = wm_node_create(at->fs, at->place.dir, at->place.leaf, type, target, &node);
  wm_node_release(at->fs, node);
  return e;
}

Errno wm_node_mkdir(Call *call, const NodeFile *dir, const GuestPath *path) {
  AT at = {.fs = NULL};
  Errno e = go(call, &at, dir, path, false);
  return e ? e : create(&at, WASI_NODE_DIRECTORY, NULL);
}

Errno wm_node_rmdir(Call *call, const NodeFile *dir, const GuestPath *path) {
  AT at = {.fs = NULL};
  Errno e = go(call, &at, dir, path, false);
  if (e) return e;
  if (at.place.dots) return at.place.dots == 1 ? E_INVAL : E_NOTEMPTY;
  if (!at.place.node) return E_NOENT;
  if (!S_ISDIR(mode_at(&at))) return E_NOTDIR;
  return wm_node_remove(at.fs, at.place.dir, at.place.leaf, true);
}

Errno wm_node_unlink(Call *call, const NodeFile *dir, const GuestPath *path) {
  AT at = {.fs = NULL};
  Errno e = go(call, &at, dir, path, false);
  if (e) return e;
  if (!at.place.node) return E_NOENT;
  if (S_ISDIR(mode_at(&at))) return E_ISDIR;
  if (at.place.must_be_dir) return E_NOTDIR;
  return wm_node_remove(at.fs, at.place.dir, at.place.leaf, false);
}

Errno wm_node_symlink(Call *call, const NodeFile *dir, const GuestPath *path, const char *target) {
  AT at = {.fs = NULL};
  Errno e = go(call, &at, dir, path, false);
  if (e) return e;
  if (at.place.must_be_dir && !at.place.node) return E_NOENT;
  return create(&at, WASI_NODE_LINK, target);
}

Errno wm_node_path_read_link(Call *call, const NodeFile *dir, const GuestPath *path,
                             char target[PATH_MAX], size_t *len) {
  AT at = {.fs = NULL};
  Errno e = go(call, &at, dir, path, path->must_be_dir);
  if (!e) e = missing_or_not_dir(&at);
  if (e) return e;
  if (!S_ISLNK(mode_at(&at))) return E_INVAL;
  return wm_node_read_link(at.fs, at.place.node, target, len);
}

/* ---- two paths ---- */

static Errno rename_places(const At *from, const At *to) {
  if (from->place.dots || to->place.dots) return E_BUSY;
  if (!from->place.node) return E_NOENT;
  bool must_be_dir = from->place.must_be_dir || to->place.must_be_dir;
  if (must_be_dir && !S_ISDIR(mode_at(from))) return E_NOTDIR;
  return wm_node_move(from->fs, from->place.dir, from->place.leaf, to->place.dir, to->place.leaf);
}

static Errno link_places(const At *from, const At *to) {
  Errno e = missing_or_not_dir(from);
  if (e) return e;
  if (to->place.node) return E_EXIST;
  if (to->place.must_be_dir) return E_NOENT;
  if (S_ISDIR(mode_at(from))) return E_PERM;
  return wm_node_name(from->fs, from->place.node, to->place.dir, to->place.leaf);
}

/* Both walks under the one lock, which is recursive. */
static Errno act_on_two(Call *call, const NodeFile *from_dir, const GuestPath *from,
                        const NodeFile *to_dir, const GuestPath *to,
                        Errno (*action)(const At *from, const At *to)) {
  AT source = {.fs = NULL};
  Errno e = go(call, &source, from_dir, from, false);
  if (e) return e;
  AT target = {.fs = NULL};
  e = go(call, &target, to_dir, to, false);
  return e ? e : action(&source, &target);
}

Errno wm_node_rename(Call *call, const NodeFile *from_dir, const GuestPath *from,
                     const NodeFile *to_dir, const GuestPath *to) {
  return act_on_two(call, from_dir, from, to_dir, to, rename_places);
}

Errno wm_node_link(Call *call, const NodeFile *from_dir, const GuestPath *from,
                   const NodeFile *to_dir, const GuestPath *to) {
  return act_on_two(call, from_dir, from, to_dir, to, link_places);
}
