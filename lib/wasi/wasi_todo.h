/* What is left of a path on a walk: taken from the front name by name, and links' targets put there
 * in place of the links. Both walks use it, the one through the host's directories (wasi_walker.c)
 * and the one through nodes (wasi_node_walk.c).
 *
 *   "a//l/b"  --take "a"-->  "//l/b"  --expand "l" to "x/y"-->  "x/y/b" */
#ifndef WM_WASI_WASI_TODO_H
#define WM_WASI_WASI_TODO_H

#include "wasi/wasi_resolver.h"

typedef struct Todo {
  u32 links;               /* that were expanded */
  char text[2 * PATH_MAX]; /* terminated */
} Todo;

/* The next name: text[0..len). */
typedef struct TodoName {
  size_t len;
  u8 dots;    /* it is "." (1) or ".." (2) */
  bool last;  /* nothing but slashes is behind it */
  bool slash; /* a slash is behind it */
} TodoName;

/* E_NAMETOOLONG. */
Errno wm_todo_begin(Todo *t, const char *path);
/* Drops the slashes in front of it. */
TodoName wm_todo_next(Todo *t);
/* E_NAMETOOLONG. */
Errno wm_todo_copy(const Todo *t, const TodoName *n, char name[NAME_MAX + 1]);
void wm_todo_take(Todo *t, const TodoName *n);
/* Puts a link's target in the place of the name. E_LOOP: too many of them. */
Errno wm_todo_expand(Todo *t, const TodoName *n, const char *target, size_t len);

#endif
