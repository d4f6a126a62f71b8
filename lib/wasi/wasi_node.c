/* File systems that are not the host's, and their nodes: see wasi_node.h. Each function of the
 * table is called here and nowhere else: what is not there answers for itself, what comes back is
 * brought to what it may be. */
#include "wasi/wasi_node.h"

#include <errno.h>
#include <stdlib.h>

/* ---- life ---- */

static bool has_what_it_takes(const wasi_fs_functions_t *f) {
  return f && f->size >= sizeof *f && f->root && f->lookup && f->hold && f->release && f->info;
}

/* Above all that a disk has (st_dev of Linux has 32 bits). */
static u64 next_device(void) {
  static _Atomic u64 last = UINT64_C(1) << 32;
  return atomic_fetch_add(&last, 1) + 1;
}

static bool make_lock(pthread_mutex_t *lock) {
  pthread_mutexattr_t recursive;
  if (pthread_mutexattr_init(&recursive)) return false;
  pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
  bool ok = pthread_mutex_init(lock, &recursive) == 0;
  pthread_mutexattr_destroy(&recursive);
  return ok;
}

wasi_fs_t *wasi_fs_new(const wasi_fs_functions_t *functions, void *env) {
  wasi_fs_t *fs = has_what_it_takes(functions) ? calloc(1, sizeof *fs) : NULL;
  if (!fs) return NULL;
  fs->functions = *functions;
  fs->env = env;
  fs->holders = 1;
  fs->device = next_device();
  if (make_lock(&fs->lock)) return fs;
  free(fs);
  return NULL;
}

void wm_fs_hold(wasi_fs_t *fs) { atomic_fetch_add(&fs->holders, 1); }

void wasi_fs_delete(wasi_fs_t *fs) {
  if (!fs || atomic_fetch_sub(&fs->holders, 1) > 1) return;
  if (fs->functions.finalize) fs->functions.finalize(fs->env);
  pthread_mutex_destroy(&fs->lock);
  free(fs);
}

FsLock wm_fs_lock(wasi_fs_t *fs, const Clock *clock) {
  pthread_mutex_lock(&fs->lock);
  FsLock lock = {fs, fs->clock};
  fs->clock = clock;
  return lock;
}

void wm_fs_unlock(FsLock *lock) {
  lock->fs->clock = lock->before;
  pthread_mutex_unlock(&lock->fs->lock);
}

u64 wm_fs_now(const wasi_fs_t *fs) {
  static const Clock of_host = {.kind = WASI_CLOCK_REAL};
  return wm_clock_now(fs && fs->clock ? fs->clock : &of_host, CLOCK_ID_REALTIME);
}

uint64_t wasi_fs_now(wasi_fs_t *fs) {
  if (!fs) return wm_fs_now(NULL);
  pthread_mutex_lock(&fs->lock);
  u64 now = wm_fs_now(fs);
  pthread_mutex_unlock(&fs->lock);
  return now;
}

/* ---- the functions ---- */

Errno wm_node_lookup(wasi_fs_t *fs, wasi_node_t *dir, const char *name, wasi_node_t **out) {
  *out = NULL;
  return wm_errno_of_host(fs->functions.lookup(fs->env, dir, name, out));
}

wasi_node_t *wm_node_hold(wasi_fs_t *fs, wasi_node_t *node) {
  fs->functions.hold(fs->env, node);
  return node;
}

void wm_node_release(wasi_fs_t *fs, wasi_node_t *node) {
  if (node) fs->functions.release(fs->env, node);
}

static mode_t mode_of(wasi_node_type_t type) {
  switch (type) {
  case WASI_NODE_DIRECTORY: return S_IFDIR;
  case WASI_NODE_LINK: return S_IFLNK;
  default: return S_IFREG;
  }
}

Errno wm_node_stat(wasi_fs_t *fs, wasi_node_t *node, struct stat *st) {
  wasi_node_info_t info = {.type = WASI_NODE_FILE};
  memset(st, 0, sizeof *st);
  Errno e = wm_errno_of_host(fs->functions.info(fs->env, node, &info));
  if (e) return e;
  st->st_dev = fs->device;
  st->st_ino = info.inode;
  st->st_mode = mode_of(info.type);
  st->st_nlink = info.links;
  st->st_size = (off_t)min_u64(info.size, INT64_MAX);
  st->st_atim = wm_timespec_of(info.accessed_ns);
  st->st_mtim = wm_timespec_of(info.modified_ns);
  st->st_ctim = wm_timespec_of(info.changed_ns);
  return E_SUCCESS;
}

mode_t wm_node_mode(wasi_fs_t *fs, wasi_node_t *node) {
  struct stat st;
  return node && !wm_node_stat(fs, node, &st) ? st.st_mode : 0;
}

Errno wm_node_create(wasi_fs_t *fs, wasi_node_t *dir, const char *name, wasi_node_type_t type,
                     const char *target, wasi_node_t **out) {
  *out = NULL;
  if (!fs->functions.create) return E_ROFS;
  if (type != WASI_NODE_LINK) target = NULL;
  return wm_errno_of_host(fs->functions.create(fs->env, dir, name, type, target, out));
}

Errno wm_node_read_link(wasi_fs_t *fs, wasi_node_t *node, char target[PATH_MAX], size_t *len) {
  *len = 0;
  if (!fs->functions.read_link) return E_NOTSUP;
  Errno e = wm_errno_of_host(fs->functions.read_link(fs->env, node, target, PATH_MAX, len));
  return !e && *len > PATH_MAX ? E_IO : e;
}

Errno wm_node_resize(wasi_fs_t *fs, wasi_node_t *node, u64 size) {
  if (!fs->functions.resize) return E_ROFS;
  return wm_errno_of_host(fs->functions.resize(fs->env, node, size));
}

/* NULL when it stays as it is. */
static const u64 *chosen_time(const wasi_fs_t *fs, const struct timespec *t, u64 *ns) {
  if (t->tv_nsec == UTIME_OMIT) return NULL;
  *ns = t->tv_nsec == UTIME_NOW ? wm_fs_now(fs) : wm_nanoseconds(t);
  return ns;
}

Errno wm_node_set_times(wasi_fs_t *fs, wasi_node_t *node, const struct timespec times[2]) {
  u64 accessed, modified;
  const u64 *a = chosen_time(fs, &times[0], &accessed);
  const u64 *m = chosen_time(fs, &times[1], &modified);
  if (!fs->functions.set_times) return E_ROFS;
  return wm_errno_of_host(fs->functions.set_times(fs->env, node, a, m));
}

Errno wm_node_remove(wasi_fs_t *fs, wasi_node_t *dir, const char *name, bool is_dir) {
  if (!fs->functions.remove) return E_ROFS;
  return wm_errno_of_host(fs->functions.remove(fs->env, dir, name, is_dir));
}

Errno wm_node_move(wasi_fs_t *fs, wasi_node_t *from_dir, const char *from, wasi_node_t *to_dir,
                   const char *to) {
  if (!fs->functions.rename) return E_ROFS;
  return wm_errno_of_host(fs->functions.rename(fs->env, from_dir, from, to_dir, to));
}

Errno wm_node_name(wasi_fs_t *fs, wasi_node_t *node, wasi_node_t *dir, const char *name) {
  if (!fs->functions.link) return E_ROFS;
  return wm_errno_of_host(fs->functions.link(fs->env, node, dir, name));
}

Errno wm_node_read(wasi_fs_t *fs, wasi_node_t *node, void *to, size_t size, u64 offset,
                   size_t *done) {
  *done = 0;
  if (!fs->functions.read) return E_NOTSUP;
  Errno e = wm_errno_of_host(fs->functions.read(fs->env, node, to, size, offset, done));
  if (*done > size) *done = size;
  return e;
}

Errno wm_node_write(wasi_fs_t *fs, wasi_node_t *node, const void *from, size_t size, u64 offset,
                    size_t *done) {
  *done = 0;
  if (!fs->functions.write) return E_ROFS;
  Errno e = wm_errno_of_host(fs->functions.write(fs->env, node, from, size, offset, done));
  if (*done > size) *done = size;
  return e;
}

Errno wm_node_list(wasi_fs_t *fs, wasi_node_t *dir, u64 cookie, wasi_dir_entry_t *entry) {
  entry->name[0] = 0;
  if (!fs->functions.list) return E_NOTSUP;
  Errno e = wm_errno_of_host(fs->functions.list(fs->env, dir, cookie, entry));
  entry->name[WASI_NAME_MAX] = 0;
  return e;
}

Errno wm_node_sync(wasi_fs_t *fs, wasi_node_t *node) {
  return fs->functions.sync ? wm_errno_of_host(fs->functions.sync(fs->env, node)) : E_SUCCESS;
}

/* ---- descriptors ---- */

Errno wm_node_file_new(wasi_fs_t *fs, const Clock *clock, wasi_node_t *node, NodeFile **out) {
  *out = calloc(1, sizeof **out);
  if (!*out) {
    wm_node_release(fs, node);
    return E_NOMEM;
  }
  wm_fs_hold(fs);
  **out = (NodeFile){.fs = fs, .node = node, .clock = clock};
  return E_SUCCESS;
}

Errno wm_node_open_root(wasi_fs_t *fs, const Clock *clock, NodeFile **out) {
  wasi_node_t *root = NULL;
  FS_LOCK lock = wm_fs_lock(fs, clock);
  Errno e = wm_errno_of_host(fs->functions.root(fs->env, &root));
  return e ? e : wm_node_file_new(fs, clock, root, out);
}

void wm_node_file_free(NodeFile *file) {
  if (!file) return;
  FsLock lock = wm_fs_lock(file->fs, file->clock);
  wm_node_release(file->fs, file->node);
  wm_fs_unlock(&lock);
  wasi_fs_delete(file->fs);
  free(file);
}
