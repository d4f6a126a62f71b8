/* wasi_fs.h: file systems that are not the host's, for programs under WASI (wasi.h). C99 and C++.
 *
 * A file system is a table of functions over nodes: files, directories, symbolic links. libwasi
 * finds paths in it name by name (so that no path leads out), keeps descriptors, positions, rights
 * and cookies, and calls the functions with what is left to do:
 *
 *   "a/link/c"  -->  root, lookup "a", lookup "link", read_link, ..., then open, read, list, ...
 *
 * A node is a pointer that means something to the file system alone. libwasi holds each that a
 * function gives out, once, until `release`, and may `hold` it once more: a file may be removed
 * from its directory and still be read and written by who has it open.
 *
 * Functions return 0, or what went wrong as an errno of the host (ENOENT, ENOSPC, ...). Those of a
 * file system are called one at a time, also when it is mounted for several programs on several
 * threads; they must not run the program that called. Names are one to 255 bytes without a slash or
 * zero, never "." or "..". */
#ifndef WASI_FS_H
#define WASI_FS_H

#include "wasi.h"

#define own

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasi_node_t wasi_node_t; /* whatever the file system makes of it */

/* Types of nodes, numbered as in preview 1. */
typedef uint8_t wasi_node_type_t;
enum wasi_node_type_enum { WASI_NODE_DIRECTORY = 3, WASI_NODE_FILE = 4, WASI_NODE_LINK = 7 };

enum { WASI_NAME_MAX = 255 };

typedef struct wasi_node_info_t {
  uint64_t inode; /* the same for the same node, another for every other one */
  uint64_t links; /* how many names it has */
  uint64_t size;  /* in bytes; of a link: of its target */
  uint64_t accessed_ns, modified_ns, changed_ns; /* since 1970 */
  wasi_node_type_t type;
} wasi_node_info_t;

typedef struct wasi_dir_entry_t {
  uint64_t next; /* the cookie of what comes behind it: not 0 */
  uint64_t inode;
  wasi_node_type_t type;
  char name[WASI_NAME_MAX + 1]; /* terminated; empty: there are no more */
} wasi_dir_entry_t;

/* Set `size` to sizeof (wasi_fs_functions_t). Functions that are NULL answer for themselves: those
 * that change something that the file system is read-only (EROFS), the others ENOTSUP. */
typedef struct wasi_fs_functions_t {
  size_t size;
  /* The topmost directory; the name in a directory (ENOENT when there is none). */
  int (*root)(void *env, wasi_node_t **out);
  int (*lookup)(void *env, wasi_node_t *dir, const char *name, wasi_node_t **out);
  void (*hold)(void *env, wasi_node_t *);
  void (*release)(void *env, wasi_node_t *);
  int (*info)(void *env, wasi_node_t *, wasi_node_info_t *);
  /* *done: how many bytes were moved, 0 at the file's end. A write may lie behind the end: between
   * are zeros. */
  int (*read)(void *env, wasi_node_t *file, void *to, size_t size, uint64_t offset, size_t *done);
  int (*write)(void *env, wasi_node_t *file, const void *from, size_t size, uint64_t offset,
               size_t *done);
  /* The entry at the cookie: 0 is the first. Cookies stay good whatever happens to other entries.
   * Without "." and "..". */
  int (*list)(void *env, wasi_node_t *dir, uint64_t cookie, wasi_dir_entry_t *);
  /* At most `size` bytes, not terminated. */
  int (*read_link)(void *env, wasi_node_t *link, char *to, size_t size, size_t *done);
  /* A new node under a name that is not there; `target` for a link. */
  int (*create)(void *env, wasi_node_t *dir, const char *name, wasi_node_type_t, const char *target,
                wasi_node_t **out);
  /* Takes a name away that is there and of the kind; an empty directory when `is_dir`. */
  int (*remove)(void *env, wasi_node_t *dir, const char *name, bool is_dir);
  /* As rename(2), which also says what happens to what has the new name. */
  int (*rename)(void *env, wasi_node_t *from_dir, const char *from, wasi_node_t *to_dir,
                const char *to);
  /* One more name, that is not there, for a file or link. */
  int (*link)(void *env, wasi_node_t *, wasi_node_t *dir, const char *name);
  int (*resize)(void *env, wasi_node_t *file, uint64_t size);
  /* NULL: stays as it is. */
  int (*set_times)(void *env, wasi_node_t *, const uint64_t *accessed_ns,
                   const uint64_t *modified_ns);
  int (*sync)(void *env, wasi_node_t *); /* NULL: nothing is to be done */
  void (*finalize)(void *env);           /* may be NULL: nobody uses the file system any more */
} wasi_fs_functions_t;

/* Copies the table. NULL: it lacks root, lookup, hold, release or info, or out of memory; then
 * `finalize` is not called. */
WASI_API_EXTERN own wasi_fs_t *wasi_fs_new(const wasi_fs_functions_t *, void *env);

/* The time for what a function changes, in ns since 1970: by the clock of the program that it is
 * called for (wasi_config_set_clock), else by the host's. */
WASI_API_EXTERN uint64_t wasi_fs_now(wasi_fs_t *);

#ifdef __cplusplus
} /* extern "C" */
#endif

#undef own

#endif
