/* wasi:filesystem, what is done with paths. */
#include "wasi/wasi2_file.h"

#include "base/utf8.h"

/* Paths lie behind a row's results. */
enum { RESULT = 0, PATHS = FILESTAT_SIZE };

typedef struct Path {
  u32 at, len;
} Path;
#define PATH_ARGS(path) ARG((path).at), ARG((path).len)

static Object *self(Wasi2Call *c) { return wm_wasi2_object(c, &c->args[0], OBJECT_DESCRIPTOR); }

static void finish(Wasi2Call *c, Errno e) {
  if (!wm_wasi2_failed(c, e)) wm_wasi2_done(c);
}

/* Rows see for themselves whether a path is good; what is longer than any is not copied. */
static Errno lend_path(Wasi2Call *c, const Val *text, Path *path) {
  *path = (Path){PATHS, (u32)text->of.string.size};
  if (text->of.string.size > PATH_MAX) return E_NAMETOOLONG;
  if (!wm_wasi2_memory(c, PATHS + text->of.string.size)) return E_NOMEM;
  memcpy(c->memory + PATHS, text->of.string.data, path->len);
  return E_SUCCESS;
}

static Errno lend_paths(Wasi2Call *c, const Val *a, const Val *b, Path *first, Path *second) {
  size_t size = a->of.string.size, other = b->of.string.size;
  if (size > PATH_MAX || other > PATH_MAX) return E_NAMETOOLONG;
  *first = (Path){PATHS, (u32)size};
  *second = (Path){PATHS + (u32)size, (u32)other};
  if (!wm_wasi2_memory(c, PATHS + size + other)) return E_NOMEM;
  memcpy(c->memory + first->at, a->of.string.data, size);
  memcpy(c->memory + second->at, b->of.string.data, other);
  return E_SUCCESS;
}

/* ---- looking ---- */

/* Of arguments: self, path-flags, path. */
static Errno stat_at(Wasi2Call *c, const Object *o) {
  Path p;
  Errno e = lend_path(c, &c->args[2], &p);
  return e ? e
           : RUN(c, path_filestat_get, ARG(o->fd), ARG(c->args[1].of.flags), PATH_ARGS(p),
                 ARG(RESULT));
}

void wm_wasi2_stat_at(Wasi2Call *c) {
  const Object *o = self(c);
  Errno e = o ? stat_at(c, o) : E_BADF;
  if (o) wm_wasi2_give_stat(c, e, c->memory);
}

void wm_wasi2_metadata_hash_at(Wasi2Call *c) {
  const Object *o = self(c);
  Errno e = o ? stat_at(c, o) : E_BADF;
  if (o) wm_wasi2_give_hash(c, e, c->memory);
}

/* What a link says may be as long as a path. */
static Errno read_link(Wasi2Call *c, const Object *o, u32 *target, u32 *len) {
  const Val *text = &c->args[1];
  u64 size = text->of.string.size;
  if (size > PATH_MAX) return E_NAMETOOLONG;
  if (!wm_wasi2_memory(c, PATHS + size + PATH_MAX)) return E_NOMEM;
  memcpy(c->memory + PATHS, text->of.string.data, size);
  *target = PATHS + (u32)size;
  Errno e = RUN(c, path_readlink, ARG(o->fd), ARG(PATHS), ARG(size), ARG(*target), ARG(PATH_MAX),
                ARG(RESULT));
  if (e) return e;
  *len = load_u32(c->memory + RESULT);
  return wm_utf8_valid(c->memory + *target, *len) ? E_SUCCESS : E_ILSEQ;
}

void wm_wasi2_readlink_at(Wasi2Call *c) {
  const Object *o = self(c);
  u32 target = 0, len = 0;
  if (!o || wm_wasi2_failed(c, read_link(c, o, &target, &len))) return;
  wm_wasi2_put_text(c, wm_wasi2_ok(c), c->memory + target, len);
}

/* ---- opening ---- */

/* What of the rights that a directory passes on an open for that asks for. */
static Rights rights_of(u32 flags, Rights inheriting) {
  Rights rights = inheriting;
  if (!(flags & FILE_READ)) rights &= ~(RIGHT_FD_READ | RIGHT_FD_READDIR);
  if (!(flags & FILE_WRITE)) rights &= ~RIGHTS_CHANGE_FILE;
  return flags & FILE_WRITE ? rights | RIGHT_FD_WRITE : rights; /* is refused where it is none */
}

static u32 fdflags_of(u32 flags) {
  return (flags & FILE_SYNC ? FDFLAG_SYNC : 0) | (flags & FILE_DATA_SYNC ? FDFLAG_DSYNC : 0) |
         (flags & FILE_REQUESTED_SYNC ? FDFLAG_RSYNC : 0);
}

/* Of arguments: self, path-flags, path, open-flags (as preview 1 has them), descriptor-flags. */
static Errno open_at(Wasi2Call *c, const Object *o, u32 *fd) {
  const Val *a = c->args;
  FdStat dir;
  Path p;
  Errno e = wm_wasi2_fdstat(c, o->fd, &dir);
  if (!e) e = lend_path(c, &a[2], &p);
  if (e) return e;
  u32 flags = a[4].of.flags;
  e = RUN(c, path_open, ARG(o->fd), ARG(a[1].of.flags), PATH_ARGS(p), ARG(a[3].of.flags),
          ARG(rights_of(flags, dir.inheriting)), ARG(dir.inheriting), ARG(fdflags_of(flags)),
          ARG(RESULT));
  *fd = load_u32(c->memory + RESULT);
  return e;
}

void wm_wasi2_open_at(Wasi2Call *c) {
  const Object *o = self(c);
  u32 fd = 0;
  if (!o || wm_wasi2_failed(c, open_at(c, o, &fd))) return;
  const Object *made = wm_wasi2_new_of_fd(c, OBJECT_DESCRIPTOR, fd);
  wm_wasi2_put_own(c, wm_wasi2_ok(c), made);
}

/* ---- preopens ---- */

enum { FIRST_PREOPEN = 3 };

/* How long the name is of the directory that the number is; false: there are no more. */
static bool preopen_at(Wasi2Call *c, u32 fd, u32 *len) {
  if (!wm_wasi2_memory(c, PRESTAT_SIZE) || RUN(c, fd_prestat_get, ARG(fd), ARG(0))) return false;
  *len = load_u32(c->memory + 4);
  return true;
}

static void put_preopen(Wasi2Call *c, Val *to, u32 fd, u32 len) {
  Val *pair = wm_wasi2_put_record(c, to, WASMCM_TUPLE, 2);
  Object *o = wm_wasi2_new(c, OBJECT_DESCRIPTOR, NULL);
  if (!o || !wm_wasi2_memory(c, len)) return;
  o->fd = fd;
  o->is_lent = true;
  if (RUN(c, fd_prestat_dir_name, ARG(fd), ARG(0), ARG(len)))
    wm_wasi2_trap(c, "a directory that is gone");
  wm_wasi2_put_own(c, &pair[0], o);
  wm_wasi2_put_text(c, &pair[1], c->memory, len);
}

void wm_wasi2_get_directories(Wasi2Call *c) {
  u32 count = 0, len;
  while (preopen_at(c, FIRST_PREOPEN + count, &len)) count++;
  Val *list = wm_wasi2_list(c, c->result, count);
  for (u32 i = 0; list && i < count; i++)
    if (preopen_at(c, FIRST_PREOPEN + i, &len)) put_preopen(c, &list[i], FIRST_PREOPEN + i, len);
}

/* ---- changing ---- */

/* Of arguments: self, path. */
static void change_path(Wasi2Call *c, CallNumber number) {
  const Object *o = self(c);
  Path p;
  if (!o) return;
  Errno e = lend_path(c, &c->args[1], &p);
  const wasmx_slot_t args[] = {ARG(o->fd), PATH_ARGS(p)};
  finish(c, e ? e : wm_wasi2_run(c, &wm_call_rows[number], args));
}

void wm_wasi2_create_directory_at(Wasi2Call *c) { change_path(c, CALL_path_create_directory); }
void wm_wasi2_remove_directory_at(Wasi2Call *c) { change_path(c, CALL_path_remove_directory); }
void wm_wasi2_unlink_file_at(Wasi2Call *c) { change_path(c, CALL_path_unlink_file); }

void wm_wasi2_set_times_at(Wasi2Call *c) {
  const Object *o = self(c);
  const Val *a = c->args;
  NewTimes t;
  Path p;
  if (!o) return;
  Errno e = wm_wasi2_times(&a[3], &a[4], &t) ? lend_path(c, &a[2], &p) : E_OVERFLOW;
  finish(c, e ? e
              : RUN(c, path_filestat_set_times, ARG(o->fd), ARG(a[1].of.flags), PATH_ARGS(p),
                    ARG(t.ns[0]), ARG(t.ns[1]), ARG(t.flags)));
}

/* self, path-flags, path, new descriptor, new path */
void wm_wasi2_link_at(Wasi2Call *c) {
  const Val *a = c->args;
  const Object *from = self(c), *to = wm_wasi2_object(c, &a[3], OBJECT_DESCRIPTOR);
  Path old, new;
  if (!from || !to) return;
  Errno e = lend_paths(c, &a[2], &a[4], &old, &new);
  finish(c, e ? e
              : RUN(c, path_link, ARG(from->fd), ARG(a[1].of.flags), PATH_ARGS(old), ARG(to->fd),
                    PATH_ARGS(new)));
}

void wm_wasi2_rename_at(Wasi2Call *c) {
  const Val *a = c->args;
  const Object *from = self(c), *to = wm_wasi2_object(c, &a[2], OBJECT_DESCRIPTOR);
  Path old, new;
  if (!from || !to) return;
  Errno e = lend_paths(c, &a[1], &a[3], &old, &new);
  finish(c,
         e ? e : RUN(c, path_rename, ARG(from->fd), PATH_ARGS(old), ARG(to->fd), PATH_ARGS(new)));
}

void wm_wasi2_symlink_at(Wasi2Call *c) {
  const Object *o = self(c);
  Path target, path;
  if (!o) return;
  Errno e = lend_paths(c, &c->args[1], &c->args[2], &target, &path);
  finish(c, e ? e : RUN(c, path_symlink, PATH_ARGS(target), ARG(o->fd), PATH_ARGS(path)));
}
