/* Which way a path is resolved, and what both ways share: see wasi_resolver.h. */
#include "wasi/wasi_resolver.h"

#include "wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often somebody may change the last name under a walk before that is an error. */
enum { SWAP_TRIES = 5 };

/* The number of dots when a component is "." or "..", else 0. */
static u8 dots_of(const char *name) {
  if (strcmp(name, ".") == 0) return 1;
  return strcmp(name, "..") == 0 ? 2 : 0;
}

Errno wm_path_check(GuestPath *path, const void *bytes, u32 len) {
  char *text = path->text;
  if (len == 0) return E_NOENT;
  if (len >= sizeof path->text) return E_NAMETOOLONG;
  memcpy(text, bytes, len); /* before it is judged: the guest's memory may change */
  if (memchr(text, 0, len)) return E_INVAL;
  if (text[0] == '/') return E_NOTCAPABLE;
  path->must_be_dir = text[len - 1] == '/';
  while (text[len - 1] == '/') len--; /* stops: the first byte is no slash */
  text[len] = 0;
  path->len = len;
  return E_SUCCESS;
}

bool wm_path_is_name(const GuestPath *path) {
  return !path->must_be_dir && dots_of(path->text) < 2 && !strchr(path->text, '/');
}

void wm_place_close(Place *place) {
  if (place->owned) close(place->dir);
  place->owned = false;
}

/* no_openat2 is remembered once the kernel said that it has no such call. */
static bool may_ask_kernel(const Resolver *r) {
  return r->mode != WASI_RESOLVER_WALKER && !r->no_openat2;
}

/* Whether the walker may stand in when the kernel refused. */
static bool may_walk(const Resolver *r) { return r->mode != WASI_RESOLVER_OPENAT2; }

/* The leaf is large, and not cleared for each call. */
static void begin_place(Place *place, int root, u8 dots, bool must_be_dir) {
  place->dir = root;
  place->owned = false;
  place->dots = dots;
  place->must_be_dir = must_be_dir;
  place->leaf[0] = 0;
}

/* The parent by openat2: what stands before the last slash, or all of it when it ends in dots. */
static Errno kernel_parent(Resolver *r, int root, const GuestPath *path, Place *place,
                           bool *refused) {
  const char *slash = strrchr(path->text, '/');
  const char *name = slash ? slash + 1 : path->text;
  size_t len = strlen(name);
  *refused = false;
  if (len > NAME_MAX) return E_NAMETOOLONG;
  begin_place(place, root, dots_of(name), path->must_be_dir);
  memcpy(place->leaf, name, place->dots ? 0 : len + 1);
  /* One name in the directory itself: nothing to resolve. */
  if (!slash && place->dots < 2) return E_SUCCESS;

  char parent[PATH_MAX];
  size_t parent_len = place->dots ? path->len : (size_t)(slash - path->text);
  while (path->text[parent_len - 1] == '/') parent_len--;
  memcpy(parent, path->text, parent_len);
  parent[parent_len] = 0;
  Errno e = wm_openat2_open(r, root, parent, O_PATH | O_DIRECTORY, 0, &place->dir, refused);
  place->owned = e == E_SUCCESS;
  return e;
}

/* The kernel may refuse what is allowed (a path that leaves and comes back): the walker decides
 * then. */
Errno wm_resolve_parent(Resolver *r, int root, const GuestPath *path, Place *place) {
  r->followed = false;
  if (may_ask_kernel(r)) {
    bool refused;
    Errno e = kernel_parent(r, root, path, place, &refused);
    if (!refused || !may_walk(r)) return e;
  }
  Errno e = wm_walker_walk(r, root, path->text, false, place);
  place->must_be_dir |= path->must_be_dir;
  return e;
}

/* By the walker alone: openat2 would open what the path leads to, not tell its name. */
Errno wm_resolve_final(Resolver *r, int root, const GuestPath *path, Place *place) {
  Errno e = wm_walker_walk(r, root, path->text, true, place);
  place->must_be_dir |= path->must_be_dir;
  return e;
}

/* Opens a place. Its leaf is not followed: a link there was put there after the walk (E_LOOP or
 * E_NOTDIR), or was not to be followed. */
static Errno open_place(const Place *place, int flags, mode_t mode, int *fd) {
  if (place->dots && (flags & O_CREAT)) return flags & O_EXCL ? E_EXIST : E_ISDIR;
  if (place->must_be_dir && (flags & O_CREAT)) return E_ISDIR;
  flags |= O_NOFOLLOW | O_CLOEXEC | (place->must_be_dir ? O_DIRECTORY : 0);
  *fd = openat(place->dir, place->dots ? "." : place->leaf, flags, mode);
  return *fd >= 0 ? E_SUCCESS : wm_errno_of_host(errno);
}

static bool is_link(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

static Errno walker_open(Resolver *r, int root, const GuestPath *path, int flags, mode_t mode,
                         int *fd) {
  /* As open(2): a link at the end is not followed when the file must be new. */
  bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
  Errno e = E_LOOP;
  for (int i = 0; i < SWAP_TRIES; i++) {
    Place place;
    e = wm_walker_walk(r, root, path->text, follow, &place);
    if (e) return e;
    e = open_place(&place, flags, mode, fd);
    wm_place_close(&place);
    if (!e && follow && (flags & O_PATH) && is_link(*fd)) { /* which O_PATH does not refuse */
      close(*fd);
      e = E_LOOP;
    }
    if (!follow || (e != E_LOOP && e != E_NOTDIR)) return e;
  }
  return e;
}

/* A file cannot be made where the path ends in a slash: why. */
static Errno refuse_creation(Resolver *r, int root, const GuestPath *path, int flags) {
  Place place;
  Errno e = wm_resolve_parent(r, root, path, &place);
  if (e) return e;
  wm_place_close(&place);
  return place.dots && (flags & O_EXCL) ? E_EXIST : E_ISDIR;
}

Errno wm_resolve_open(Resolver *r, int root, const GuestPath *path, int flags, mode_t mode,
                      int *fd) {
  if (path->must_be_dir) {
    if (flags & O_CREAT) return refuse_creation(r, root, path, flags);
    flags = (flags | O_DIRECTORY) & ~O_NOFOLLOW;
  }
  if (may_ask_kernel(r)) {
    bool refused;
    Errno e = wm_openat2_open(r, root, path->text, flags, mode, fd, &refused);
    if (!refused || !may_walk(r)) return e;
  }
  return walker_open(r, root, path, flags, mode, fd);
}
