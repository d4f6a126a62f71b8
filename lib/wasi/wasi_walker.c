/* Paths resolved one component at a time, for kernels without openat2 and for its doubtful answers.
 *
 * Every step opens one name with O_PATH|O_NOFOLLOW in a directory that was reached the same way, so
 * nothing another thread does can lead a step out of the root. ".." never asks the file system: it
 * goes back to the directory that the walk came from, held in a small ring of descriptors, or
 * walked to again by the names that led there (no links among them). So a walk holds at most
 * RING + 1 descriptors, however deep it goes. */
#include "wasi/wasi_resolver.h"

#include "wasmx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RING = 8, STEP_FLAGS = O_PATH | O_NOFOLLOW | O_CLOEXEC };

typedef struct Walker {
  const Resolver *resolver;
  int root;       /* borrowed */
  int ring[RING]; /* owned: the directory at depth d > 0 is ring[d % RING], or -1 */
  u32 depth;      /* below the root */
  u32 real_len;   /* names from the root to here, each after a zero byte */
  char real[2 * PATH_MAX];
  char todo[2 * PATH_MAX]; /* terminated: what is left of the path */
} Walker;

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* Whether the store was told to stop: the walk gives up (E_INTR). Links upon links can make one
 * path millions of steps long. */
static bool is_stopped(const Walker *w) { return wasmx_store_interrupted(w->resolver->store); }

static int here(const Walker *w) { return w->depth ? w->ring[w->depth % RING] : w->root; }

/* Steps down into `fd` (owned from now on). */
static void enter(Walker *w, int fd) {
  w->depth++;
  close_fd(&w->ring[w->depth % RING]);
  w->ring[w->depth % RING] = fd;
}

static Errno push(Walker *w, int fd, const char *name, size_t len) {
  if (w->real_len + 1 + len >= sizeof w->real) {
    close(fd);
    return E_NAMETOOLONG;
  }
  w->real[w->real_len] = 0;
  memcpy(w->real + w->real_len + 1, name, len);
  w->real_len += (u32)(1 + len);
  w->real[w->real_len] = 0; /* not counted: ends the name for reopen */
  enter(w, fd);
  return E_SUCCESS;
}

/* Walks from the root by the names in `real` again. */
static Errno reopen(Walker *w) {
  for (int i = 0; i < RING; i++) close_fd(&w->ring[i]);
  w->depth = 0;
  for (u32 at = 1; at <= w->real_len; at += (u32)strlen(w->real + at) + 1) {
    if (is_stopped(w)) return E_INTR;
    int fd = openat(here(w), w->real + at, STEP_FLAGS | O_DIRECTORY);
    if (fd < 0) return wm_errno_of_host(errno);
    enter(w, fd);
  }
  return E_SUCCESS;
}

static Errno pop(Walker *w) {
  if (w->depth == 0) return E_NOTCAPABLE;
  close_fd(&w->ring[w->depth % RING]);
  w->depth--;
  while (w->real[--w->real_len] != 0) {
  }
  w->real[w->real_len] = 0;
  return here(w) >= 0 ? E_SUCCESS : reopen(w);
}

/* Puts the target of the link `fd` in front of `rest`. */
static Errno expand(Walker *w, int fd, const char *rest) {
  char target[PATH_MAX];
  ssize_t len = readlinkat(fd, "", target, sizeof target);
  if (len < 0) return wm_errno_of_host(errno);
  if (len == 0) return E_NOENT;
  if ((size_t)len >= sizeof target) return E_NAMETOOLONG;
  if (target[0] == '/') return E_NOTCAPABLE;
  size_t rest_len = strlen(rest);
  if ((size_t)len + rest_len + 1 > sizeof w->todo) return E_NAMETOOLONG;
  memmove(w->todo + len, rest, rest_len + 1); /* rest starts with a slash or is empty */
  memcpy(w->todo, target, (size_t)len);
  return E_SUCCESS;
}

/* Gives the directory the walk is in to `place`, with a name in it. */
static Errno arrive(Walker *w, Place *place, const char *leaf, size_t len, u8 dots) {
  if (len > NAME_MAX) return E_NAMETOOLONG;
  place->dir = here(w);
  place->owned = w->depth > 0;
  if (place->owned) w->ring[w->depth % RING] = -1;
  place->dots = dots;
  memcpy(place->leaf, leaf, len);
  place->leaf[len] = 0;
  return E_SUCCESS;
}

/* One step: the component todo[0..len), before `rest`. Sets *done when the place is reached. */
static Errno step(Walker *w, size_t len, bool last, bool follow, u32 *links, Place *place,
                  bool *done) {
  char name[NAME_MAX + 1];
  const char *rest = w->todo + len;
  if (len > NAME_MAX) return E_NAMETOOLONG;
  memcpy(name, w->todo, len);
  name[len] = 0;

  int fd = openat(here(w), name, STEP_FLAGS);
  if (fd < 0) {
    if (errno != ENOENT || !last) return wm_errno_of_host(errno);
    *done = true;
    return arrive(w, place, name, len, 0);
  }
  struct stat st;
  Errno e = fstat(fd, &st) ? wm_errno_of_host(errno) : E_SUCCESS;
  if (!e && S_ISLNK(st.st_mode) && (!last || follow)) {
    e = ++*links > MAX_LINKS ? E_LOOP : expand(w, fd, rest);
    close(fd);
    return e;
  }
  if (!e && !last && S_ISDIR(st.st_mode)) {
    memmove(w->todo, rest, strlen(rest) + 1);
    return push(w, fd, name, len);
  }
  close(fd);
  if (e) return e;
  if (!last) return E_NOTDIR;
  *done = true;
  return arrive(w, place, name, len, 0);
}

static Errno walk(Walker *w, bool follow, Place *place) {
  u32 links = 0;
  for (bool done = false; !done;) {
    if (is_stopped(w)) return E_INTR;
    size_t slashes = strspn(w->todo, "/");
    memmove(w->todo, w->todo + slashes, strlen(w->todo + slashes) + 1);
    size_t len = strcspn(w->todo, "/");
    size_t gap = strspn(w->todo + len, "/");
    bool last = w->todo[len + gap] == 0;
    if (last && gap) place->must_be_dir = true;
    bool up = len == 2 && memcmp(w->todo, "..", 2) == 0;
    if (up || (len == 1 && w->todo[0] == '.')) {
      Errno e = up ? pop(w) : E_SUCCESS;
      if (e || last) return e ? e : arrive(w, place, "", 0, up ? 2 : 1);
      memmove(w->todo, w->todo + len, strlen(w->todo + len) + 1);
      continue;
    }
    if (last && !follow && !gap) return arrive(w, place, w->todo, len, 0);
    Errno e = step(w, len, last, follow || gap, &links, place, &done);
    if (e) return e;
  }
  return E_SUCCESS;
}

/* The walker is too much for a small thread's stack. */
Errno wm_walker_walk(const Resolver *r, int root, const char *path, bool follow, Place *place) {
  *place = (Place){.dir = root};
  size_t len = strlen(path);
  if (len >= sizeof(((Walker *)NULL)->todo)) return E_NAMETOOLONG;
  Walker *w = malloc(sizeof *w);
  if (!w) return E_NOMEM;
  w->resolver = r;
  w->root = root;
  w->depth = 0;
  w->real_len = 0;
  for (int i = 0; i < RING; i++) w->ring[i] = -1;
  memcpy(w->todo, path, len + 1);
  Errno e = walk(w, follow, place);
  for (int i = 0; i < RING; i++) close_fd(&w->ring[i]);
  free(w);
  return e;
}
