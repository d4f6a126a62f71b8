/* What the host takes away from a program that runs: see Grant (wasi_fds.h) and Changes
 * (wasi_ctx.h). Any thread of the host's may do so. */
#include "wasi/wasi_ctx.h"

#include <sys/eventfd.h>
#include <unistd.h>

/* ---- changes ----
 *
 *   who waits:   takes the event that was told of nothing yet, looks at what is allowed, polls
 *   who changes: allows less, makes that event readable
 *
 * An event that was told is closed by the last who waits for it. */

bool wm_changes_init(Changes *c) { return pthread_mutex_init(&c->lock, NULL) == 0; }

void wm_changes_free(Changes *c) {
  for (u32 i = 0; i < c->events.len; i++) close(c->events.data[i].fd);
  vec_free(&c->events);
  pthread_mutex_destroy(&c->lock);
}

static pthread_mutex_t *hold(Changes *c) {
  pthread_mutex_lock(&c->lock);
  return &c->lock;
}

/* NULL: none is there. */
static ChangeEvent *find_untold(const Changes *c) {
  for (u32 i = 0; i < c->events.len; i++)
    if (!c->events.data[i].told) return &c->events.data[i];
  return NULL;
}

static ChangeEvent *make_event(Changes *c) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ChangeEvent *e = fd >= 0 ? vec_push(&c->events) : NULL;
  if (e)
    *e = (ChangeEvent){.fd = fd};
  else if (fd >= 0)
    close(fd);
  return e;
}

int wm_changes_enter(Changes *c) {
  SCOPE_LOCK lock = hold(c);
  ChangeEvent *e = find_untold(c);
  if (!e) e = make_event(c);
  if (!e) return -1;
  e->waiters++;
  return e->fd;
}

void wm_changes_leave(Changes *c, int event) {
  SCOPE_LOCK lock = hold(c);
  for (u32 i = 0; i < c->events.len; i++) {
    ChangeEvent *e = &c->events.data[i];
    if (e->fd != event || --e->waiters || !e->told) continue;
    *e = *vec_last(&c->events);
    c->events.len--;
    close(event);
    return;
  }
}

static void tell_waiters(Changes *c) {
  SCOPE_LOCK lock = hold(c);
  atomic_fetch_add(&c->count, 1);
  ChangeEvent *e = find_untold(c);
  if (!e || !e->waiters) return;
  e->told = true;
  eventfd_write(e->fd, 1);
}

/* ---- what is taken away ---- */

Rights wm_rights_of_perms(wasi_dir_perms dir, wasi_file_perms file) {
  Rights rights = RIGHTS_DIR | RIGHTS_FILE; /* NOLINT(misc-redundant-expression): share some */
  if (!(dir & WASI_DIR_PERMS_READ)) rights &= ~RIGHTS_LOOK_UP;
  if (!(dir & WASI_DIR_PERMS_WRITE)) rights &= ~RIGHTS_CHANGE_DIR;
  if (!(file & WASI_FILE_PERMS_READ)) rights &= ~RIGHT_FD_READ;
  if (!(file & WASI_FILE_PERMS_WRITE)) rights &= ~RIGHTS_CHANGE_FILE;
  if (!(dir & WASI_DIR_PERMS_WRITE) || !(file & WASI_FILE_PERMS_WRITE))
    rights &= ~RIGHTS_CHANGE_TIMES;
  return rights;
}

/* From every grant of that name; whether there is one. */
static bool allow_only(wasi_ctx_t *ctx, const char *name, Rights rights) {
  bool found = false;
  for (u32 i = 0; i < ctx->grant_count; i++) {
    Grant *g = &ctx->grants[i];
    if (strcmp(g->name, name) != 0) continue;
    atomic_fetch_and(&g->allowed, rights);
    found = true;
  }
  if (found) tell_waiters(&ctx->changes);
  return found;
}

bool wasi_ctx_revoke(wasi_ctx_t *ctx, const char *name) {
  return ctx && name && allow_only(ctx, name, 0);
}

/* Rights that no permission is about stay. */
bool wasi_ctx_restrict(wasi_ctx_t *ctx, const char *name, wasi_dir_perms dir,
                       wasi_file_perms file) {
  const Rights governed = RIGHTS_DIR | RIGHTS_FILE; /* NOLINT(misc-redundant-expression) */
  return ctx && name && allow_only(ctx, name, wm_rights_of_perms(dir, file) | ~governed);
}
