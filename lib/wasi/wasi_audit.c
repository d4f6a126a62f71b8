/* Tells of accesses: see wasi_audit.h.
 *
 * Calls on paths and sockets are told of each time, the others once, when they are made first, and
 * whenever they are refused: reading and writing is what a descriptor was opened for. */
#include "wasi/wasi_audit.h"

#include <stdio.h>
#include <unistd.h>

void wm_audit_end(Audit *a) {
  Audit was = *a;
  *a = (Audit){0};
  if (was.finalizer) was.finalizer(was.data);
}

bool wasi_config_set_audit(wasi_config_t *config, wasi_audit_callback_t callback, void *data,
                           void (*finalizer)(void *)) {
  if (!config) {
    if (finalizer) finalizer(data);
    return false;
  }
  wm_audit_end(&config->audit);
  config->audit = (Audit){.callback = callback, .data = data, .finalizer = finalizer};
  return true;
}

/* A path or two; as the guest has them, cut where they are longer than any path may be. */
void wm_access_path(Access *a, const void *bytes, size_t len) {
  if (!a) return;
  char *to = a->path[0] ? a->other_path : a->path;
  len = min_u64(len, PATH_MAX - 1);
  memcpy(to, bytes, len);
  to[len] = 0;
}

/* ---- what is told ---- */

static bool starts_with(const char *name, const char *start) {
  return strncmp(name, start, strlen(start)) == 0;
}

static bool is_told(const Call *call, const CallRow *row, u32 number, Errno e) {
  Audit *audit = &call->ctx->audit;
  bool first = !__atomic_exchange_n(&audit->seen[number], true, __ATOMIC_RELAXED);
  return first || is_refusal(e) || starts_with(row->name, "path_") ||
         starts_with(row->name, "sock_");
}

enum { TARGET_ROOM = 2 * PATH_MAX };

/* The host's name of a descriptor. False: it has none. */
static bool name_of(int fd, char to[TARGET_ROOM]) {
  char link[48];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, to, PATH_MAX - 1);
  if (n < 0) return false;
  to[n] = 0;
  return true;
}

/* To ask for a name takes longer than most calls. Without memory it is asked for each time. */
void wm_audit_begin(wasi_ctx_t *ctx) {
  char name[TARGET_ROOM];
  for (u32 i = 0; i < ctx->fds.fds.len; i++) {
    const Descriptor *d = &ctx->fds.fds.data[i];
    if (!d->preopen || d->kind != FD_HOST || !name_of(d->fd, name)) continue;
    for (u32 g = 0; g < ctx->grant_count; g++)
      if (d->grant == &ctx->grants[g]) ctx->grants[g].host = strdup(name);
  }
}

/* What was opened, or what the path is below the directory: links in it were not followed. */
static const char *find_target(const Call *call, const Access *a, char to[TARGET_ROOM]) {
  Descriptor *d;
  if (a->opened >= 0) return name_of(a->opened, to) ? to : NULL;
  if (!a->path[0] || wm_fds_find(&call->ctx->fds, a->fd, &d) || d->kind != FD_HOST) return NULL;
  const char *known = d->preopen && d->grant ? d->grant->host : NULL;
  if (known) snprintf(to, PATH_MAX, "%s", known);
  if (!known && !name_of(d->fd, to)) return NULL;
  size_t len = strlen(to);
  snprintf(to + len, TARGET_ROOM - len, "/%s", a->path);
  return to;
}

static void tell(const Call *call, const CallRow *row, const Access *a, Errno e) {
  char target[TARGET_ROOM];
  const wasi_access_t told = {.size = sizeof told,
                              .call = row->name,
                              .grant = a->grant,
                              .path = a->path[0] ? a->path : NULL,
                              .other_path = a->other_path[0] ? a->other_path : NULL,
                              .target = find_target(call, a, target),
                              .rights = a->rights,
                              .fd = a->fd,
                              .new_fd = a->new_fd,
                              .error = (int)e};
  call->ctx->audit.callback(call->ctx->audit.data, &told);
}

/* Where the paths of calls are among their arguments; 0 where there is no second one. */
static const struct {
  const char *name;
  u8 path, other_path;
} paths[] = {{"path_create_directory", 1, 0},
             {"path_filestat_get", 2, 0},
             {"path_filestat_set_times", 2, 0},
             {"path_link", 2, 5},
             {"path_open", 2, 0},
             {"path_readlink", 1, 0},
             {"path_remove_directory", 1, 0},
             {"path_rename", 1, 4},
             {"path_symlink", 0, 3},
             {"path_unlink_file", 1, 0}};

static void note_path(Call *call, Access *a, u32 arg) {
  u32 len = call->args[arg + 1].u32;
  const void *bytes = guest_bytes(call, call->args[arg].u32, len);
  if (bytes) wm_access_path(a, bytes, len);
}

/* What was refused before its paths were read is told with them all the same. */
static void note_paths(Call *call, const CallRow *row, Access *a) {
  for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
    if (strcmp(paths[i].name, row->name) != 0) continue;
    if (!a->path[0]) note_path(call, a, paths[i].path);
    if (!a->other_path[0] && paths[i].other_path) note_path(call, a, paths[i].other_path);
  }
}

/* The paths are large: they are not cleared for each call. */
static void begin_access(Access *a) {
  a->path[0] = a->other_path[0] = 0;
  a->grant = NULL;
  a->fd = a->new_fd = UINT32_MAX;
  a->opened = -1;
  a->rights = 0;
}

/* The lock that the call may have lost is not needed: what is looked at again is looked at under it
 * where it is still held, and else only the names of grants, which stay. */
Errno wm_audit_run(Call *call, const CallRow *row, u32 number) {
  Access a;
  begin_access(&a);
  call->access = &a;
  Errno e = row->handler(call);
  call->access = NULL;
  if (!is_told(call, row, number, e)) return e;
  if (e) note_paths(call, row, &a);
  tell(call, row, &a, e);
  return e;
}
