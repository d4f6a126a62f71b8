/* Paths resolved one component at a time, for kernels without openat2 and for its doubtful answers.
 *
 * Every step opens one name with O_PATH|O_NOFOLLOW in a directory that was reached the same way, so
 * nothing another thread does can lead a step out of the root. ".." never asks the file system: it
 * goes back to the directory that the walk came from, held in a small ring of descriptors, or
 * walked to again by the names that led there (no links among them). So a walk holds at most
 * RING + 1 descriptors, however deep it goes. */
#include "wasi/wasi_todo.h"

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
  Todo todo;
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

/* Puts the target of the link `fd` in the place of its name. */
static Errno expand(Walker *w, int fd, const TodoName *n) {
  char target[PATH_MAX];
  ssize_t len = readlinkat(fd, "", target, sizeof target);
  return len < 0 ? wm_errno_of_host(errno) : wm_todo_expand(&w->todo, n, target, (size_t)len);
}

/* Gives the directory the walk is in to `place`, with a name in it. */
static Errno arrive(Walker *w, Place *place, const char *leaf, u8 dots) {
  place->dir = here(w);
  place->owned = w->depth > 0;
  if (place->owned) w->ring[w->depth % RING] = -1;
  place->dots = dots;
  memcpy(place->leaf, leaf, strlen(leaf) + 1);
  return E_SUCCESS;
}

/* One step, by the next name. Sets *done when the place is reached. */
static Errno step(Walker *w, const TodoName *n, bool follow, Place *place, bool *done) {
  char name[NAME_MAX + 1];
  Errno e = wm_todo_copy(&w->todo, n, name);
  if (e) return e;
  *done = n->last;
  if (n->last && !follow) return arrive(w, place, name, 0);
  int fd = openat(here(w), name, STEP_FLAGS);
  if (fd < 0)
    return errno == ENOENT && n->last ? arrive(w, place, name, 0) : wm_errno_of_host(errno);
  struct stat st;
  e = fstat(fd, &st) ? wm_errno_of_host(errno) : E_SUCCESS;
  if (!e && S_ISLNK(st.st_mode)) {
    *done = false;
    e = expand(w, fd, n);
    close(fd);
    return e;
  }
  if (!e && !n->last && S_ISDIR(st.st_mode)) {
    wm_todo_take(&w->todo, n);
    return push(w, fd, name, n->len);
  }
  close(fd);
  if (e) return e;
  return n->last ? arrive(w, place, name, 0) : E_NOTDIR;
}

static Errno step_dots(Walker *w, const TodoName *n, Place *place, bool *done) {
  Errno e = n->dots == 2 ? pop(w) : E_SUCCESS;
  *done = n->last;
  if (e || n->last) return e ? e : arrive(w, place, "", n->dots);
  wm_todo_take(&w->todo, n);
  return E_SUCCESS;
}

static Errno walk(Walker *w, bool follow, Place *place) {
  Errno e = E_SUCCESS;
  for (bool done = false; !done && !e;) {
    if (is_stopped(w)) return E_INTR;
    TodoName n = wm_todo_next(&w->todo);
    if (n.last && n.slash) place->must_be_dir = true;
    e = n.dots ? step_dots(w, &n, place, &done) : step(w, &n, follow || n.slash, place, &done);
  }
  return e;
}

/* The walker is too much for a small thread's stack. */
Errno wm_walker_walk(Resolver *r, int root, const char *path, bool follow, Place *place) {
  *place = (Place){.dir = root};
  Walker *w = malloc(sizeof *w);
  if (!w) return E_NOMEM;
  w->resolver = r;
  w->root = root;
  w->depth = 0;
  w->real_len = 0;
  for (int i = 0; i < RING; i++) w->ring[i] = -1;
  Errno e = wm_todo_begin(&w->todo, path);
  if (!e) e = walk(w, follow, place);
  r->followed = w->todo.links > 0;
  for (int i = 0; i < RING; i++) close_fd(&w->ring[i]);
  free(w);
  return e;
}
