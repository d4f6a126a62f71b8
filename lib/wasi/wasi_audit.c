/* Tells of accesses: see wasi_audit.h.
 *
 * Calls on paths and sockets, and what changes a terminal, are told of each time, the others once,
 * when they are made first, and whenever they are refused: reading and writing is what a descriptor
 * was opened for. */
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

/* A path or two. */
static char *room_for_path(Access *a) { return a->path[0] ? a->other_path : a->path; }

/* As the guest has it, cut where it is longer than any path may be. */
void wm_access_path(Access *a, const void *bytes, size_t len) {
  if (!a) return;
  char *to = room_for_path(a);
  len = min_u64(len, PATH_MAX - 1);
  memcpy(to, bytes, len);
  to[len] = 0;
}

void wm_access_address(Access *a, const void *text, size_t len) {
  len = min_u64(len, ADDRESS_ROOM - 1);
  memcpy(a->address, text, len);
  a->address[len] = 0;
}

void wm_access_checked_path(Access *a, const GuestPath *path, u32 len) {
  if (!a) return;
  char *to = room_for_path(a);
  memcpy(to, path->text, path->len);
  memset(to + path->len, '/', len - path->len);
  to[len] = 0;
}

/* ---- what is told ---- */

/* A path, a socket, a terminal's mode. The names of all calls are longer. */
static bool names_something(const CallRow *row) {
  return memcmp(row->name, "path_", 5) == 0 || memcmp(row->name, "sock_", 5) == 0 ||
         row->handler == wm_terminal_set_raw;
}

/* An exchange takes long. */
static bool is_first(bool *seen) {
  return !__atomic_load_n(seen, __ATOMIC_RELAXED) &&
         !__atomic_exchange_n(seen, true, __ATOMIC_RELAXED);
}

static bool is_told(const Call *call, const CallRow *row, Errno e) {
  bool first = is_first(&call->ctx->audit.seen[row->number]);
  return first || is_refusal(e) || names_something(row);
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

/* ---- names on the host ----
 * To ask for a name takes longer than most calls. So a directory's is asked for once and kept with
 * its descriptor, until the program renames something; and what is below it is spelled, where no
 * link was followed. What others rename meanwhile keeps the name it had. */

/* Without memory it is asked for each time; so is what is too long for a path below it. */
static void keep_name(Descriptor *d, const char *name) {
  if (!d->host && strlen(name) < PATH_MAX) d->host = strdup(name);
}

/* Shorter than PATH_MAX. False: it has none. */
static bool name_of_dir(Descriptor *d, char to[TARGET_ROOM]) {
  if (d->host) memcpy(to, d->host, strlen(d->host) + 1);
  if (d->host) return true;
  if (!name_of(d->fd, to)) return false;
  keep_name(d, to);
  return true;
}

void wm_audit_begin(wasi_ctx_t *ctx) {
  char name[TARGET_ROOM];
  ctx->resolver.notes_links = true;
  for (u32 i = 0; i < ctx->fds.fds.len; i++) {
    Descriptor *d = &ctx->fds.fds.data[i];
    if (d->preopen && d->kind == FD_HOST) (void)name_of_dir(d, name);
  }
}

static void forget_names(FdTable *t) {
  for (u32 i = 0; i < t->fds.len; i++) {
    free(t->fds.data[i].host);
    t->fds.data[i].host = NULL;
  }
}

/* Steps into `name` from the directory to[0..len); the length then. */
static size_t step(char to[TARGET_ROOM], size_t len, const char *name, size_t size) {
  if (size == 0 || (size == 1 && name[0] == '.')) return len;
  if (size == 2 && memcmp(name, "..", 2) == 0) {
    while (len && to[len - 1] != '/') len--;
    return len ? len - 1 : 0;
  }
  to[len] = '/';
  memcpy(to + len + 1, name, size);
  return len + 1 + size;
}

/* Without the slash of "/". */
static size_t length_of_dir(const char *name) { return name[1] ? strlen(name) : 0; }

/* The path below the directory `to`, spelled without dots: it has room for both. */
static void spell(char to[TARGET_ROOM], const char *path) {
  size_t len = length_of_dir(to);
  for (;;) {
    size_t size = strcspn(path, "/");
    len = step(to, len, path, size);
    if (!path[size]) break;
    path += size + 1;
  }
  if (!len) to[len++] = '/';
  to[len] = 0;
}

static Descriptor *host_dir(FdTable *t, u32 number) {
  Descriptor *d;
  bool is = !wm_fds_find(t, number, &d) && d->kind == FD_HOST && d->type == FILETYPE_DIRECTORY;
  return is ? d : NULL;
}

/* A directory that was opened will be asked for what is in it. */
static bool name_of_opened(FdTable *t, const Access *a, char to[TARGET_ROOM]) {
  Descriptor *dir = a->asks ? NULL : host_dir(t, a->fd), *opened = host_dir(t, a->new_fd);
  bool named = dir ? name_of_dir(dir, to) : name_of(a->opened, to);
  if (named && dir) spell(to, a->path);
  if (named && opened) keep_name(opened, to);
  return named;
}

/* What was opened, or what the path is below the directory: links in it were not followed. */
static const char *find_target(const Call *call, const Access *a, char to[TARGET_ROOM]) {
  FdTable *fds = &call->ctx->fds;
  if (a->opened >= 0) return name_of_opened(fds, a, to) ? to : NULL;
  Descriptor *dir = a->path[0] ? host_dir(fds, a->fd) : NULL;
  if (!dir || !name_of_dir(dir, to)) return NULL;
  size_t len = length_of_dir(to);
  to[len] = '/';
  memcpy(to + len + 1, a->path, strlen(a->path) + 1);
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
                              .error = (int)e,
                              .address = a->address[0] ? a->address : NULL};
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
  a->path[0] = a->other_path[0] = a->address[0] = 0;
  a->grant = NULL;
  a->fd = a->new_fd = UINT32_MAX;
  a->opened = -1;
  a->asks = false;
  a->rights = 0;
}

/* The lock that the call may have lost is not needed: what is looked at again is looked at under it
 * where it is still held, and else only the names of grants, which stay. */
Errno wm_audit_run(Call *call, const CallRow *row) {
  Access a;
  begin_access(&a);
  call->access = &a;
  Errno e = row->handler(call);
  call->access = NULL;
  if (!is_told(call, row, e)) return e;
  if (e) note_paths(call, row, &a);
  tell(call, row, &a, e);
  if (!e && strcmp(row->name, "path_rename") == 0) forget_names(&call->ctx->fds);
  return e;
}
