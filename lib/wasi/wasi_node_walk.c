/* Paths in file systems that are not the host's. As the walk through the host's (wasi_walker.c),
 * but every directory on the way down is held, for "..". */
#include "wasi/wasi_node.h"

#include <stdlib.h>

typedef struct NodeWalk {
  const Call *call;
  wasi_fs_t *fs;
  wasi_node_t *top;        /* borrowed */
  Vec(wasi_node_t *) down; /* held: those below it that the walk went into */
  char todo[2 * PATH_MAX]; /* terminated: what is left of the path */
} NodeWalk;

static wasi_node_t *here(const NodeWalk *w) { return w->down.len ? *vec_last(&w->down) : w->top; }

static Errno push(NodeWalk *w, wasi_node_t *dir) {
  wasi_node_t **slot = vec_push(&w->down);
  if (!slot) {
    wm_node_release(w->fs, dir);
    return E_NOMEM;
  }
  *slot = dir;
  return E_SUCCESS;
}

static Errno pop(NodeWalk *w) {
  if (!w->down.len) return E_NOTCAPABLE;
  wm_node_release(w->fs, *vec_last(&w->down));
  w->down.len--;
  return E_SUCCESS;
}

/* Puts the target of the link in front of `rest`. */
static Errno expand(NodeWalk *w, wasi_node_t *link, const char *rest) {
  char target[PATH_MAX];
  size_t len, rest_len = strlen(rest);
  Errno e = wm_node_read_link(w->fs, link, target, &len);
  if (e) return e;
  if (len == 0) return E_NOENT;
  if (len >= sizeof target || len + rest_len + 1 > sizeof w->todo) return E_NAMETOOLONG;
  if (memchr(target, 0, len)) return E_INVAL;
  if (target[0] == '/') return E_NOTCAPABLE;
  memmove(w->todo + len, rest, rest_len + 1); /* rest starts with a slash or is empty */
  memcpy(w->todo, target, len);
  return E_SUCCESS;
}

/* `node` (held, may be NULL) goes to the place. */
static Errno arrive(NodeWalk *w, NodePlace *place, const char *leaf, size_t len, u8 dots,
                    wasi_node_t *node) {
  memcpy(place->leaf, leaf, len);
  place->leaf[len] = 0;
  place->dots = dots;
  place->dir = wm_node_hold(w->fs, here(w));
  place->node = dots ? wm_node_hold(w->fs, place->dir) : node;
  return E_SUCCESS;
}

/* One step: the component todo[0..len), before `rest`. Sets *done when the place is reached. */
static Errno step(NodeWalk *w, size_t len, bool last, bool follow, u32 *links, NodePlace *place,
                  bool *done) {
  char name[NAME_MAX + 1];
  const char *rest = w->todo + len;
  if (len > NAME_MAX) return E_NAMETOOLONG;
  memcpy(name, w->todo, len);
  name[len] = 0;
  wasi_node_t *node;
  Errno e = wm_node_lookup(w->fs, here(w), name, &node);
  if (e && (e != E_NOENT || !last)) return e;
  mode_t mode = e ? 0 : wm_node_mode(w->fs, node);
  if (S_ISLNK(mode) && (!last || follow)) {
    e = ++*links > MAX_LINKS ? E_LOOP : expand(w, node, rest);
    wm_node_release(w->fs, node);
    return e;
  }
  *done = last;
  if (last) return arrive(w, place, name, len, 0, node);
  if (S_ISDIR(mode)) {
    memmove(w->todo, rest, strlen(rest) + 1);
    return push(w, node);
  }
  wm_node_release(w->fs, node);
  return E_NOTDIR;
}

static Errno walk(NodeWalk *w, bool follow, NodePlace *place) {
  u32 links = 0;
  for (bool done = false; !done;) {
    if (w->call && call_interrupted(w->call)) return E_INTR;
    size_t slashes = strspn(w->todo, "/");
    memmove(w->todo, w->todo + slashes, strlen(w->todo + slashes) + 1);
    size_t len = strcspn(w->todo, "/");
    size_t gap = strspn(w->todo + len, "/");
    bool last = w->todo[len + gap] == 0;
    if (last && gap) place->must_be_dir = true;
    bool up = len == 2 && memcmp(w->todo, "..", 2) == 0;
    if (up || (len == 1 && w->todo[0] == '.')) {
      Errno e = up ? pop(w) : E_SUCCESS;
      if (e || last) return e ? e : arrive(w, place, "", 0, up ? 2 : 1, NULL);
      memmove(w->todo, w->todo + len, strlen(w->todo + len) + 1);
      continue;
    }
    Errno e = step(w, len, last, follow || gap, &links, place, &done);
    if (e) return e;
  }
  return E_SUCCESS;
}

static void end(NodeWalk *w) {
  while (w->down.len) (void)pop(w);
  vec_free(&w->down);
  free(w);
}

Errno wm_node_walk(const Call *call, const NodeFile *root, const char *path, bool follow,
                   NodePlace *place) {
  *place = (NodePlace){.dir = NULL};
  size_t len = strlen(path);
  if (len >= sizeof(((NodeWalk *)NULL)->todo)) return E_NAMETOOLONG;
  NodeWalk *w = malloc(sizeof *w); /* too much for a small thread's stack */
  if (!w) return E_NOMEM;
  w->call = call;
  w->fs = root->fs;
  w->top = root->node;
  memset(&w->down, 0, sizeof w->down);
  memcpy(w->todo, path, len + 1);
  Errno e = walk(w, follow, place);
  end(w);
  return e;
}

void wm_node_place_release(wasi_fs_t *fs, NodePlace *place) {
  wm_node_release(fs, place->dir);
  wm_node_release(fs, place->node);
  place->dir = place->node = NULL;
}
