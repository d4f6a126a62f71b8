/* What the host takes away from a program that runs: see Grant (wasi_fds.h) and Changes
 * (wasi_ctx.h). Any thread of the host's may do so. */
#include "wasi/wasi_ctx.h"

#include <sys/eventfd.h>
#include <unistd.h>

/* ---- changes ----
 *
 *   who waits:   waiters + 1, reads the event's number, looks at what is allowed, polls
 *   who changes: allows less, puts -1 in the event's place, makes the old one readable
 *
 * An event that was taken away can be closed once nobody waits: who comes later reads another. */

bool wm_changes_init(Changes *c) {
  atomic_init(&c->event, -1);
  return pthread_mutex_init(&c->lock, NULL) == 0;
}

static void close_signalled(Changes *c) {
  while (c->signalled.len) close(c->signalled.data[--c->signalled.len]);
}

void wm_changes_free(Changes *c) {
  if (c->event >= 0) close(c->event);
  close_signalled(c);
  vec_free(&c->signalled);
  pthread_mutex_destroy(&c->lock);
}

static int make_event(Changes *c) {
  pthread_mutex_lock(&c->lock);
  int event = atomic_load(&c->event);
  if (event < 0 && vec_reserve(&c->signalled, 1)) { /* there is room where it goes in the end */
    event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&c->event, event);
  }
  pthread_mutex_unlock(&c->lock);
  return event;
}

int wm_changes_enter(Changes *c) {
  atomic_fetch_add(&c->waiters, 1);
  int event = atomic_load(&c->event);
  return event >= 0 ? event : make_event(c);
}

void wm_changes_leave(Changes *c) { atomic_fetch_sub(&c->waiters, 1); }

static void tell_waiters(Changes *c) {
  pthread_mutex_lock(&c->lock);
  atomic_fetch_add(&c->count, 1);
  int event = atomic_exchange(&c->event, -1);
  if (event >= 0) {
    c->signalled.data[c->signalled.len++] = event;
    eventfd_write(event, 1);
  }
  if (!atomic_load(&c->waiters)) close_signalled(c);
  pthread_mutex_unlock(&c->lock);
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
