/* Paths in file systems that are not the host's. As the walk through the host's (wasi_walker.c),
 * but every directory on the way down is held, for "..". */
#include "wasi/wasi_node.h"
#include "wasi/wasi_todo.h"

#include <stdlib.h>

typedef struct NodeWalk {
  const Call *call;
  wasi_fs_t *fs;
  wasi_node_t *top;        /* borrowed */
  Vec(wasi_node_t *) down; /* held: those below it that the walk went into */
  Todo todo;
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

/* Puts the target of the link in the place of its name. */
static Errno expand(NodeWalk *w, wasi_node_t *link, const TodoName *n) {
  char target[PATH_MAX];
  size_t len;
  Errno e = wm_node_read_link(w->fs, link, target, &len);
  return e ? e : wm_todo_expand(&w->todo, n, target, len);
}

/* `node` (held, may be NULL) goes to the place. */
static Errno arrive(NodeWalk *w, NodePlace *place, const char *leaf, u8 dots, wasi_node_t *node) {
  memcpy(place->leaf, leaf, strlen(leaf) + 1);
  place->dots = dots;
  place->dir = wm_node_hold(w->fs, here(w));
  place->node = dots ? wm_node_hold(w->fs, place->dir) : node;
  return E_SUCCESS;
}

/* One step, by the next name. Sets *done when the place is reached. */
static Errno step(NodeWalk *w, const TodoName *n, bool follow, NodePlace *place, bool *done) {
  char name[NAME_MAX + 1];
  wasi_node_t *node = NULL;
  Errno e = wm_todo_copy(&w->todo, n, name);
  if (!e) e = wm_node_lookup(w->fs, here(w), name, &node);
  if (e && (e != E_NOENT || !n->last)) return e;
  mode_t mode = e ? 0 : wm_node_mode(w->fs, node);
  if (S_ISLNK(mode) && (!n->last || follow)) {
    e = expand(w, node, n);
    wm_node_release(w->fs, node);
    return e;
  }
  *done = n->last;
  if (n->last) return arrive(w, place, name, 0, node);
  if (S_ISDIR(mode)) {
    wm_todo_take(&w->todo, n);
    return push(w, node);
  }
  wm_node_release(w->fs, node);
  return E_NOTDIR;
}

static Errno step_dots(NodeWalk *w, const TodoName *n, NodePlace *place, bool *done) {
  Errno e = n->dots == 2 ? pop(w) : E_SUCCESS;
  *done = n->last;
  if (e || n->last) return e ? e : arrive(w, place, "", n->dots, NULL);
  wm_todo_take(&w->todo, n);
  return E_SUCCESS;
}

static Errno walk(NodeWalk *w, bool follow, NodePlace *place) {
  Errno e = E_SUCCESS;
  for (bool done = false; !done && !e;) {
    if (w->call && call_interrupted(w->call)) return E_INTR;
    TodoName n = wm_todo_next(&w->todo);
    if (n.last && n.slash) place->must_be_dir = true;
    e = n.dots ? step_dots(w, &n, place, &done) : step(w, &n, follow || n.slash, place, &done);
  }
  return e;
}

static void end(NodeWalk *w) {
  while (w->down.len) (void)pop(w);
  vec_free(&w->down);
  free(w);
}

Errno wm_node_walk(const Call *call, const NodeFile *root, const char *path, bool follow,
                   NodePlace *place) {
  *place = (NodePlace){.dir = NULL};
  NodeWalk *w = malloc(sizeof *w); /* too much for a small thread's stack */
  if (!w) return E_NOMEM;
  w->call = call;
  w->fs = root->fs;
  w->top = root->node;
  memset(&w->down, 0, sizeof w->down);
  Errno e = wm_todo_begin(&w->todo, path);
  if (!e) e = walk(w, follow, place);
  end(w);
  return e;
}

void wm_node_place_release(wasi_fs_t *fs, NodePlace *place) {
  wm_node_release(fs, place->dir);
  wm_node_release(fs, place->node);
  place->dir = place->node = NULL;
}
