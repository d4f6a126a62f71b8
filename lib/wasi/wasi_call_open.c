/* path_open.
 *
 * Rights. What the host granted decides what can be done at all: a preopened directory starts with
 * that, whatever is opened below it gets no more (`base`, `inheriting`), and the grant itself goes
 * along unchanged (its Grant). What the guest asks for narrows what it gets: fd_fdstat_get shows it
 * and later calls keep to it. Asking is how languages spell the mode of an open, so
 *   - what the file does not know, or its directory does not pass on, is left out without a word:
 *     wasi-libc, Rust and Go ask for all 28 rights but those that their mode excludes;
 *   - but FD_WRITE, which must be heard of at once;
 *   - a directory opened with FD_WRITE is E_ISDIR, as natively (and by Wasmtime);
 *   - truncating is a change of size: allowed by PATH_FILESTAT_SET_SIZE of the directory, or when
 *     the file could be opened for writing and given its size afterwards. Go opens directories
 *     without the former, and creates files in them.
 *
 * Special files. Opening a pipe, a tape or a terminal has effects, so what the grant does not cover
 * is not opened: each path is looked at first.
 *   - A program of one thread cannot put something else there in between. A file or directory is
 *     opened by its name then, and compared with what was seen: what others on the host put there
 *     just then is closed again at once.
 *   - Else, and where a link is followed, the path is opened as a name only (O_PATH), and what was
 *     looked at is opened through its descriptor, so that it is the same for sure.
 *   - What has to be a directory, or to be made, needs no look: the kernel refuses all else before
 *     it opens anything (O_DIRECTORY, O_EXCL). */
#include "wasi/wasi_audit.h"
#include "wasi/wasi_node.h"
#include "wasi/wasi_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { CREATE_TRIES = 5, PIPE_LOOK_NS = 2000000 };

/* ---- what may be opened ---- */

static Errno check_opening(const Opening *o, const Descriptor *dir) {
  u32 changes = OFLAG_CREAT | OFLAG_EXCL | OFLAG_TRUNC;
  const Rights resize = RIGHT_FD_WRITE | RIGHT_FD_FILESTAT_SET_SIZE;
  if ((o->oflags & ~(u32)OFLAGS_ALL) || (o->fdflags & ~(u32)FDFLAGS_ALL)) return E_INVAL;
  if (o->oflags & OFLAG_DIRECTORY) return o->oflags & changes ? E_INVAL : E_SUCCESS;
  if (o->requested & RIGHT_FD_WRITE & ~dir->inheriting) return E_NOTCAPABLE;
  if ((o->oflags & OFLAG_TRUNC) && !(dir->base & RIGHT_PATH_FILESTAT_SET_SIZE) &&
      (dir->inheriting & resize) != resize)
    return E_NOTCAPABLE;
  return E_SUCCESS;
}

/* null, zero, full, random, urandom: programs expect them wherever there is a /dev, and they do
 * nothing but what they are called (the numbers are Linux's for good: its devices.txt). */
static bool is_harmless_device(const struct stat *st) {
  static const unsigned minors[] = {3, 5, 7, 8, 9};
  if (!S_ISCHR(st->st_mode) || major(st->st_rdev) != 1) return false;
  for (size_t i = 0; i < ARRAY_LEN(minors); i++)
    if (minor(st->st_rdev) == minors[i]) return true;
  return false;
}

/* Why what is there is not to be opened. */
static Errno refusal_of(const Opening *o, const struct stat *st) {
  if (S_ISLNK(st->st_mode)) return E_LOOP; /* not followed */
  if (S_ISDIR(st->st_mode)) return o->oflags & OFLAG_CREAT ? E_ISDIR : E_SUCCESS;
  return S_ISREG(st->st_mode) || is_harmless_device(st) ? E_SUCCESS : E_NOTCAPABLE;
}

/* Host's flags. Never blocks on a pipe or device (waiting is done by us, whatever the guest asks
 * for), never makes a terminal ours. */
static int host_flags(const Opening *o, const Descriptor *dir) {
  bool write = (o->requested & RIGHT_FD_WRITE) || (o->oflags & OFLAG_TRUNC);
  bool read = o->requested & dir->inheriting & (RIGHT_FD_READ | RIGHT_FD_READDIR);
  int flags = O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  flags |= !write ? O_RDONLY : read ? O_RDWR : O_WRONLY;
  if (!o->follow) flags |= O_NOFOLLOW;
  if (o->oflags & OFLAG_CREAT) flags |= O_CREAT;
  if (o->oflags & OFLAG_EXCL) flags |= O_EXCL;
  if (o->oflags & OFLAG_TRUNC) flags |= O_TRUNC;
  if (o->oflags & OFLAG_DIRECTORY) flags |= O_DIRECTORY;
  if (o->fdflags & FDFLAG_APPEND) flags |= O_APPEND;
  if (o->fdflags & FDFLAG_DSYNC) flags |= O_DSYNC;
  if (o->fdflags & (FDFLAG_SYNC | FDFLAG_RSYNC)) flags |= O_SYNC;
  return flags;
}

/* ---- opening what was looked at ---- */

/* Flags for a second look: nothing is made or truncated yet. */
static int flags_to_look(const Opening *o) { return o->flags & ~(O_CREAT | O_EXCL | O_TRUNC); }

/* Something else than what was seen is closed again (E_AGAIN), and not truncated. */
static Errno keep_if_seen(const Opening *o, int fd, const struct stat *seen) {
  struct stat st;
  Errno e = wm_errno_of_result(fstat(fd, &st));
  bool same = !e && st.st_dev == seen->st_dev && st.st_ino == seen->st_ino &&
              st.st_mode == seen->st_mode && st.st_rdev == seen->st_rdev;
  if (!e && !same) e = E_AGAIN;
  if (!e && (o->flags & O_TRUNC) && S_ISREG(st.st_mode)) e = wm_errno_of_result(ftruncate(fd, 0));
  if (e) close(fd);
  return e;
}

/* Without /proc: by its path once more. */
static Errno open_again(Resolver *r, int root, const Opening *o, const struct stat *seen, int *fd) {
  Errno e = wm_resolve_open(r, root, &o->path, flags_to_look(o), 0, fd);
  return e ? e : keep_if_seen(o, *fd, seen);
}

/* The descriptor that `name` (O_PATH) is the name of. */
static Errno open_name(Resolver *r, int root, const Opening *o, int name, const struct stat *seen,
                       int *fd) {
  char link[48];
  snprintf(link, sizeof link, "/proc/thread-self/fd/%d", name);
  *fd = open(link, o->flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW));
  if (*fd >= 0) return E_SUCCESS;
  return errno == ENOENT ? open_again(r, root, o, seen, fd) : wm_errno_of_host(errno);
}

/* Whatever it is: by a descriptor of its name. */
static Errno open_looked_at(Resolver *r, int root, const Opening *o, int *fd, struct stat *st) {
  int name, flags = O_PATH | O_CLOEXEC | (o->flags & (O_DIRECTORY | O_NOFOLLOW));
  Errno e = wm_resolve_open(r, root, &o->path, flags, 0, &name);
  if (e) return e;
  e = wm_errno_of_result(fstat(name, st));
  if (!e) e = refusal_of(o, st);
  if (!e) e = open_name(r, root, o, name, st, fd);
  close(name);
  return e;
}

/* A file or directory by its name, which takes half as long. E_AGAIN: it is something else, or
 * became so. */
static Errno open_plain(const Place *place, const Opening *o, int *fd, struct stat *st) {
  const char *leaf = place->dots ? "." : place->leaf;
  if (fstatat(place->dir, leaf, st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT))
    return wm_errno_of_host(errno);
  if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) return E_AGAIN;
  Errno e = refusal_of(o, st);
  if (e) return e;
  *fd = openat(place->dir, leaf, flags_to_look(o) | O_NOFOLLOW);
  if (*fd >= 0) return keep_if_seen(o, *fd, st);
  return errno == ELOOP ? E_AGAIN : wm_errno_of_host(errno);
}

/* What must be a directory is one: the kernel refuses all else before it opens anything. */
static Errno open_directory(Resolver *r, int root, const Opening *o, int *fd, mode_t *mode) {
  *mode = S_IFDIR;
  return wm_resolve_open(r, root, &o->path, o->flags, 0, fd);
}

/* The same of a path, when nobody changes it meanwhile. */
static Errno open_alone(Resolver *r, int root, const Opening *o, int *fd, struct stat *st) {
  Place place;
  Errno e = wm_resolve_parent(r, root, &o->path, &place);
  if (e) return e;
  e = open_plain(&place, o, fd, st);
  wm_place_close(&place);
  return e;
}

/* *mode: of what was opened. */
static Errno open_existing(Resolver *r, int root, const Opening *o, int *fd, mode_t *mode) {
  struct stat st;
  if (o->flags & O_DIRECTORY) return open_directory(r, root, o, fd, mode);
  Errno e = o->alone ? open_alone(r, root, o, fd, &st) : E_AGAIN;
  if (e == E_AGAIN) e = open_looked_at(r, root, o, fd, &st);
  if (!e) *mode = st.st_mode;
  return e;
}

/* Makes a file where there is none; E_EXIST when somebody was faster. A link that leads to where
 * there is none is followed to there first. */
static Errno create(Resolver *r, int root, const Opening *o, int *fd) {
  int flags = o->flags | O_CREAT | O_EXCL;
  Errno e = wm_resolve_open(r, root, &o->path, flags, 0666, fd);
  if (e != E_EXIST || !o->follow) return e;
  Place place;
  e = wm_resolve_final(r, root, &o->path, &place);
  if (e) return e;
  *fd = place.must_be_dir ? -1 : openat(place.dir, place.leaf, flags | O_NOFOLLOW, 0666);
  e = *fd >= 0 ? E_SUCCESS : place.must_be_dir ? E_ISDIR : wm_errno_of_host(errno);
  wm_place_close(&place);
  return e;
}

/* What was made is a file; it is not asked for again. */
static Errno open_or_create(Resolver *r, int root, const Opening *o, int *fd, mode_t *mode) {
  bool fresh = (o->flags & O_CREAT) && ((o->flags & O_EXCL) || o->path.must_be_dir);
  *mode = S_IFREG;
  if (fresh) return wm_resolve_open(r, root, &o->path, o->flags, 0666, fd);
  Errno e = E_AGAIN;
  for (int i = 0; i < CREATE_TRIES && e == E_AGAIN; i++) {
    e = open_existing(r, root, o, fd, mode);
    if (e != E_NOENT || !(o->flags & O_CREAT)) continue;
    *mode = S_IFREG;
    e = create(r, root, o, fd);
    if (e == E_EXIST) e = E_AGAIN; /* somebody was faster */
  }
  return e;
}

/* ---- where special files are granted ---- */

static bool leads_to_pipe(Resolver *r, int root, const Opening *o) {
  struct stat st;
  int name;
  if (wm_resolve_open(r, root, &o->path, O_PATH | (o->flags & O_NOFOLLOW), 0, &name)) return false;
  bool is = fstat(name, &st) == 0 && S_ISFIFO(st.st_mode);
  close(name);
  return is;
}

/* Opens whatever it is. A pipe to be written waits for its reader, as natively; one to be read does
 * so when it is read. */
static Errno open_waiting(Call *call, int root, const Opening *o, int *fd) {
  Resolver *r = &call->ctx->resolver;
  for (;;) {
    struct pollfd none[WAIT_ROOM];
    u32 ready;
    Errno e = wm_resolve_open(r, root, &o->path, o->flags, 0666, fd);
    if (e != E_NXIO || (o->fdflags & FDFLAG_NONBLOCK) || !leads_to_pipe(r, root, o)) return e;
    e = wm_wait(call, none, 0, PIPE_LOOK_NS, &ready);
    if (e) return e;
  }
}

static Errno open_anything(Call *call, int root, const Opening *o, int *fd, mode_t *mode) {
  struct stat st;
  Errno e = open_waiting(call, root, o, fd);
  if (e) return e;
  e = wm_errno_of_result(fstat(*fd, &st));
  if (e) close(*fd);
  *mode = st.st_mode;
  return e;
}

/* ---- the call ---- */

/* Takes the descriptor into the table, with what of the requested rights its directory passes on
 * and its type knows. Closes it on failure. */
static Errno adopt(Call *call, const Opening *o, const Descriptor *dir, Descriptor *d,
                   u32 *number) {
  d->flags = (u16)o->fdflags;
  d->grant = dir->grant;
  d->base &= o->requested & dir->inheriting;
  d->inheriting = o->inheriting & dir->inheriting;
  Errno e = wm_fds_add(&call->ctx->fds, d, number);
  if (e) {
    wm_descriptor_close(d);
    return e;
  }
  if (call->access) {
    call->access->new_fd = *number;
    call->access->opened = d->fd;
    /* An open that waited may have lost its directory meanwhile. */
    call->access->asks = call->ctx->resolver.followed || dir->grant->special;
  }
  return E_SUCCESS;
}

/* `dir`: a copy, as it may be closed while a pipe's reader is waited for. */
static Errno open_host(Call *call, const Opening *o, const Descriptor *dir, Descriptor *d) {
  int fd;
  mode_t mode;
  PINNED_FD pinned = {.call = NULL};
  wm_call_pin(&pinned, call, dir);
  Errno e = dir->grant->special ? open_anything(call, dir->fd, o, &fd, &mode)
                                : open_or_create(&call->ctx->resolver, dir->fd, o, &fd, &mode);
  if (!e) wm_descriptor_of_mode(d, fd, true, mode, o->flags);
  return e;
}

/* Whether the open finds something, rather than makes it. */
static bool is_there(Call *call, const Opening *o, const Descriptor *dir) {
  struct stat st;
  int fd, flags = O_PATH | O_CLOEXEC | (o->flags & O_NOFOLLOW);
  if (dir->kind == FD_NODE) return !wm_node_path_stat(call, dir->file, &o->path, o->follow, &st);
  if (wm_resolve_open(&call->ctx->resolver, dir->fd, &o->path, flags, 0, &fd)) return false;
  close(fd);
  return true;
}

static Errno open_in(Call *call, Opening *o, Descriptor dir, u32 *number) {
  Descriptor d = {0};
  struct stat st;
  o->flags = host_flags(o, &dir);
  bool makes = call->ctx->file_ids && (o->oflags & OFLAG_CREAT) && !is_there(call, o, &dir);
  Errno e =
      dir.kind == FD_NODE ? wm_node_open(call, o, dir.file, &d) : open_host(call, o, &dir, &d);
  if (!e && makes && !wm_descriptor_stat(&d, &st)) wm_note_made(call->ctx, &st);
  return e ? e : adopt(call, o, &dir, &d, number);
}

/* A copy with the rights that are left. */
static Descriptor allowed_now(const Descriptor *dir) {
  Descriptor d = *dir;
  d.base &= grant_allows(d.grant);
  d.inheriting &= grant_allows(d.grant);
  return d;
}

/* All but the path, which is large, and not cleared for each call. */
static void read_opening(const Call *call, Opening *o) {
  const wasmx_slot_t *a = call->args;
  o->requested = a[5].u64;
  o->inheriting = a[6].u64;
  o->oflags = a[4].u32;
  o->fdflags = a[7].u32;
  o->follow = a[1].u32 & LOOKUP_SYMLINK_FOLLOW;
  o->alone = !call->ctx->threads.used;
}

Errno wm_call_path_open(Call *call) {
  u32 out = call->args[8].u32, number;
  Opening o;
  read_opening(call, &o);
  Rights rights = RIGHT_PATH_OPEN | (o.oflags & OFLAG_CREAT ? RIGHT_PATH_CREATE_FILE : 0);
  Descriptor *found;
  Errno e = wm_call_fd(call, 0, rights, &found);
  if (call->access) call->access->rights |= o.requested & (RIGHT_FD_READ | RIGHT_FD_WRITE);
  if (e) return e;
  const Descriptor dir = allowed_now(found);
  e = check_lookup(call);
  if (!e) e = check_opening(&o, &dir);
  if (!e) e = wm_path_read(call, 2, &o.path);
  if (!e) e = can_put_u32(call, out);
  if (!e) e = wm_fds_reserve(&call->ctx->fds); /* nothing is made or emptied in vain */
  if (e) return e;
  if (o.path.must_be_dir && !(o.oflags & OFLAG_CREAT)) o.oflags |= OFLAG_DIRECTORY;
  e = open_in(call, &o, dir, &number);
  return e ? e : put_u32(call, out, number);
}
