/* Files of file systems that are not the host's (include/wasi_fs.h): the object behind wasi_fs_t,
 * descriptors into it, and paths.
 *
 *   Descriptor FD_NODE --> NodeFile { fs, node, position }
 *                                      |    '-- a pointer of the file system's own, held
 *                                      '------- its functions, behind a lock
 *
 * A call takes the file system's lock for all that it does, so that what it looked at stays so. */
#ifndef WM_WASI_WASI_NODE_H
#define WM_WASI_WASI_NODE_H

#include "wasi/wasi_ctx.h"
#include "wasi/wasi_open.h"
#include "wasi_fs.h"

#include <fcntl.h>
#include <sys/stat.h>

struct wasi_fs_t {
  wasi_fs_functions_t functions;
  void *env;
  _Atomic u64 holders;
  pthread_mutex_t lock; /* recursive */
  const Clock *clock;   /* of the program that has the lock; NULL: the host's */
  u64 device;           /* a number that no other file system has */
};

/* An open file or directory. */
struct NodeFile {
  wasi_fs_t *fs;      /* held */
  wasi_node_t *node;  /* held */
  const Clock *clock; /* of the program whose file it is */
  u64 position;
  u64 parent_inode; /* of a directory that was opened by a path */
};

/* Held until the end of the scope. */
typedef struct FsLock {
  wasi_fs_t *fs;
  const Clock *before; /* whose lock it was: it may be taken again by who has it */
} FsLock;
#define FS_LOCK FsLock __attribute__((cleanup(wm_fs_unlock)))
/* What is changed meanwhile is changed at the time of the clock (NULL: the host's). */
FsLock wm_fs_lock(wasi_fs_t *fs, const Clock *clock);
void wm_fs_unlock(FsLock *lock);
void wm_fs_hold(wasi_fs_t *fs);

/* ---- nodes: wasi_node.c ---- */
wasi_node_t *wm_node_hold(wasi_fs_t *fs, wasi_node_t *node);
Errno wm_node_lookup(wasi_fs_t *fs, wasi_node_t *dir, const char *name, wasi_node_t **out);
void wm_node_release(wasi_fs_t *fs, wasi_node_t *node); /* NULL: nothing */
Errno wm_node_stat(wasi_fs_t *fs, wasi_node_t *node, struct stat *st);
/* 0 when there is none. */
mode_t wm_node_mode(wasi_fs_t *fs, wasi_node_t *node);
Errno wm_node_create(wasi_fs_t *fs, wasi_node_t *dir, const char *name, wasi_node_type_t type,
                     const char *target, wasi_node_t **out);
Errno wm_node_read_link(wasi_fs_t *fs, wasi_node_t *node, char target[PATH_MAX], size_t *len);
Errno wm_node_resize(wasi_fs_t *fs, wasi_node_t *node, u64 size);
Errno wm_node_set_times(wasi_fs_t *fs, wasi_node_t *node, const struct timespec times[2]);
Errno wm_node_remove(wasi_fs_t *fs, wasi_node_t *dir, const char *name, bool is_dir);
Errno wm_node_move(wasi_fs_t *fs, wasi_node_t *from_dir, const char *from, wasi_node_t *to_dir,
                   const char *to);
Errno wm_node_name(wasi_fs_t *fs, wasi_node_t *node, wasi_node_t *dir, const char *name);
Errno wm_node_read(wasi_fs_t *fs, wasi_node_t *node, void *to, size_t size, u64 offset,
                   size_t *done);
Errno wm_node_write(wasi_fs_t *fs, wasi_node_t *node, const void *from, size_t size, u64 offset,
                    size_t *done);
Errno wm_node_list(wasi_fs_t *fs, wasi_node_t *dir, u64 cookie, wasi_dir_entry_t *entry);
Errno wm_node_sync(wasi_fs_t *fs, wasi_node_t *node);
/* The top of a file system. */
Errno wm_node_open_root(wasi_fs_t *fs, const Clock *clock, NodeFile **out);
/* Takes the node (also on failure: E_NOMEM). */
Errno wm_node_file_new(wasi_fs_t *fs, const Clock *clock, wasi_node_t *node, NodeFile **out);

/* ---- what the host does itself: wasi_fs_host.c ---- */
/* The directory (held) of the last name of a path, which is put into `leaf`; those on the way are
 * made with `make`. E_INVAL: a name is "..", or there is none. */
Errno wm_node_find_dir(wasi_fs_t *fs, const char *path, bool make, wasi_node_t **dir,
                       char leaf[NAME_MAX + 1]);
/* An empty file (held) of the name, in the place of one that is there. */
Errno wm_node_new_file(wasi_fs_t *fs, wasi_node_t *dir, const char *name, wasi_node_t **out);
Errno wm_node_write_all(wasi_fs_t *fs, wasi_node_t *file, const void *bytes, size_t size,
                        u64 offset);

/* ---- paths: wasi_node_walk.c ---- */
typedef struct NodePlace {
  wasi_node_t *dir;        /* held; NULL: the walk failed */
  wasi_node_t *node;       /* held: what has the name; NULL: nothing */
  u8 dots;                 /* as of Place: then `node` is `dir` once more */
  bool must_be_dir;        /* likewise */
  char leaf[NAME_MAX + 1]; /* likewise */
} NodePlace;
/* Resolves the path below `root`; with `follow` a link at the end too. The lock is held. */
Errno wm_node_walk(const Call *call, const NodeFile *root, const char *path, bool follow,
                   NodePlace *place);
void wm_node_place_release(wasi_fs_t *fs, NodePlace *place);

/* ---- what the calls of WASI do to nodes: wasi_node_path.c, wasi_node_file.c ----
 * Descriptors and rights are checked, arguments read. */
Errno wm_node_open(Call *call, const Opening *o, const NodeFile *dir, Descriptor *d);
Errno wm_node_path_stat(Call *call, const NodeFile *dir, const GuestPath *path, bool follow,
                        struct stat *st);
Errno wm_node_path_set_times(Call *call, const NodeFile *dir, const GuestPath *path, bool follow,
                             const struct timespec times[2]);
Errno wm_node_mkdir(Call *call, const NodeFile *dir, const GuestPath *path);
Errno wm_node_rmdir(Call *call, const NodeFile *dir, const GuestPath *path);
Errno wm_node_unlink(Call *call, const NodeFile *dir, const GuestPath *path);
Errno wm_node_symlink(Call *call, const NodeFile *dir, const GuestPath *path, const char *target);
Errno wm_node_path_read_link(Call *call, const NodeFile *dir, const GuestPath *path,
                             char target[PATH_MAX], size_t *len);
/* Of one file system. */
Errno wm_node_rename(Call *call, const NodeFile *from_dir, const GuestPath *from,
                     const NodeFile *to_dir, const GuestPath *to);
Errno wm_node_link(Call *call, const NodeFile *from_dir, const GuestPath *from,
                   const NodeFile *to_dir, const GuestPath *to);

Errno wm_node_file_stat(const NodeFile *file, struct stat *st);
/* At the offset, or with NODE_POSITION at the file's own, which moves. */
#define NODE_POSITION UINT64_MAX
Errno wm_node_file_read(NodeFile *file, void *to, size_t size, u64 offset, size_t *done);
Errno wm_node_file_write(NodeFile *file, const void *from, size_t size, u64 offset, bool append,
                         size_t *done);
Errno wm_node_file_seek(NodeFile *file, i64 offset, int whence, u64 *at);
/* Bytes from its position on. */
u64 wm_node_file_left(const NodeFile *file);
Errno wm_node_file_allocate(const NodeFile *file, u64 end);
Errno wm_node_file_resize(const NodeFile *file, u64 size);
Errno wm_node_file_set_times(const NodeFile *file, const struct timespec times[2]);
Errno wm_node_file_sync(const NodeFile *file);
/* The entry at a cookie of WASI's, "." and ".." included; an empty name: there are no more. */
Errno wm_node_file_list(const NodeFile *file, bool is_top, u64 cookie, wasi_dir_entry_t *entry);

#endif
