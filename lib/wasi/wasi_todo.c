/* What is left of a path: see wasi_todo.h. */
#include "wasi/wasi_todo.h"

Errno wm_todo_begin(Todo *t, const char *path) {
  size_t len = strlen(path);
  if (len >= sizeof t->text) return E_NAMETOOLONG;
  t->links = 0;
  memcpy(t->text, path, len + 1);
  return E_SUCCESS;
}

static void drop(Todo *t, size_t len) {
  memmove(t->text, t->text + len, strlen(t->text + len) + 1);
}

TodoName wm_todo_next(Todo *t) {
  drop(t, strspn(t->text, "/"));
  size_t len = strcspn(t->text, "/"), gap = strspn(t->text + len, "/");
  bool dots = len && len <= 2 && memcmp(t->text, "..", len) == 0;
  return (TodoName){
      .len = len, .dots = dots ? (u8)len : 0, .last = t->text[len + gap] == 0, .slash = gap > 0};
}

Errno wm_todo_copy(const Todo *t, const TodoName *n, char name[NAME_MAX + 1]) {
  if (n->len > NAME_MAX) return E_NAMETOOLONG;
  memcpy(name, t->text, n->len);
  name[n->len] = 0;
  return E_SUCCESS;
}

void wm_todo_take(Todo *t, const TodoName *n) { drop(t, n->len); }

Errno wm_todo_expand(Todo *t, const TodoName *n, const char *target, size_t len) {
  const char *rest = t->text + n->len; /* starts with a slash or is empty */
  size_t rest_len = strlen(rest);
  if (++t->links > MAX_LINKS) return E_LOOP;
  if (len == 0) return E_NOENT;
  if (len >= PATH_MAX || len + rest_len + 1 > sizeof t->text) return E_NAMETOOLONG;
  if (memchr(target, 0, len)) return E_INVAL;
  if (target[0] == '/') return E_NOTCAPABLE;
  memmove(t->text + len, rest, rest_len + 1);
  memcpy(t->text, target, len);
  return E_SUCCESS;
}
