/* Paths of a guest, kept inside a directory. A path is resolved below a root descriptor and never
 * leaves it: not by "..", not by a symbolic link, not while another thread swaps directories for
 * links. Two ways give the same answers: the kernel's openat2 (RESOLVE_BENEATH), and a walk one
 * component at a time.
 *
 *   "a/b//c/"  --wm_path_check-->  text "a/b//c", must_be_dir   (a slash at the end never reaches
 *                                                                a system call)
 *              --wm_resolve_parent-->  Place { descriptor of a/b, "c" }: act by *at(dir, leaf),
 *                                      never following
 *              --wm_resolve_open-->    descriptor of a/b/c */
#ifndef WM_WASI_WASI_RESOLVER_H
#define WM_WASI_WASI_RESOLVER_H

#include "wasi/wasi_abi.h"

#include <limits.h>
#include <sys/types.h>

enum { MAX_LINKS = 40 /* symbolic links in one path, as in Linux */ };

typedef struct Resolver {
  int mode;                         /* WASI_RESOLVER_* */
  bool no_openat2;                  /* the kernel lacks it: remembered */
  bool notes_links;                 /* `followed` is to be known: audits ask for it */
  bool followed;                    /* the path resolved last led through a link */
  const struct wasm_store_t *store; /* borrowed; NULL: nobody stops a walk */
} Resolver;

typedef struct GuestPath {
  char text[PATH_MAX]; /* relative, not empty, terminated, no slash at the end */
  u32 len;
  bool must_be_dir; /* a slash stood at the end */
} GuestPath;

/* Checks and copies a guest's path. E_NOENT: empty. E_INVAL: holds a zero byte. E_NAMETOOLONG.
 * E_NOTCAPABLE: absolute. */
Errno wm_path_check(GuestPath *path, const void *bytes, u32 len);

/* Whether it is one name in the directory itself, or ".": nothing has to be resolved. */
bool wm_path_is_name(const GuestPath *path);

/* A directory and a name in it. */
typedef struct Place {
  int dir;                 /* O_PATH or better */
  bool owned;              /* whether `dir` is closed with the place; else it is the root */
  u8 dots;                 /* the path ended in "." (1) or ".." (2): then `leaf` is empty and the
                              place is `dir` itself */
  bool must_be_dir;        /* a slash stood at the end of the path or of the last link's target */
  char leaf[NAME_MAX + 1]; /* no slash; not "." or ".." */
} Place;

void wm_place_close(Place *place);

/* Resolves all but the last component. The leaf may or may not exist, and may be a link. */
Errno wm_resolve_parent(Resolver *r, int root, const GuestPath *path, Place *place);

/* Resolves everything: the leaf is no link (as long as nobody makes it one), it may not exist. */
Errno wm_resolve_final(Resolver *r, int root, const GuestPath *path, Place *place);

/* Opens the path with open(2)'s flags and mode: follows a link at the end unless O_NOFOLLOW is
 * given and there is no slash at the end. *fd is the caller's. */
Errno wm_resolve_open(Resolver *r, int root, const GuestPath *path, int flags, mode_t mode,
                      int *fd);

/* ---- the two ways; each may be called directly by tests only ---- */

/* openat2 below root; E_SUCCESS, an error, or *refused: the kernel cannot tell (EAGAIN, EPERM,
 * ENOSYS) and the walker must. */
Errno wm_openat2_open(Resolver *r, int root, const char *path, int flags, mode_t mode, int *fd,
                      bool *refused);

/* Walks `path` below root. With `follow`, a link at the end is expanded. */
Errno wm_walker_walk(Resolver *r, int root, const char *path, bool follow, Place *place);

#endif
