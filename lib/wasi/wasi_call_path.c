/* path_* but path_open: every path is resolved below its directory (wasi_resolver.h), then acted on
 * as one name in one directory, never followed. */
#include "wasi/wasi_audit.h"
#include "wasi/wasi_node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copied out at once: the guest's memory may change between the check and the use. */
Errno wm_path_read(Call *call, u32 arg, GuestPath *path) {
  u32 len = call->args[arg + 1].u32;
  const void *bytes = guest_bytes(call, call->args[arg].u32, len);
  Errno e = bytes ? wm_path_check(path, bytes, len) : call->error;
  if (!e) wm_access_checked_path(call->access, path, len);
  return e;
}

/* A directory and a path in it, as a call names them. */
typedef struct Target {
  const Descriptor *dir;
  GuestPath path;
} Target;

/* Descriptor in arg `fd_arg`, path in `path_arg`. */
static Errno read_target(Call *call, u32 fd_arg, Rights rights, u32 path_arg, Target *t) {
  Descriptor *d;
  Errno e = wm_call_fd(call, fd_arg, rights, &d);
  t->dir = d;
  return e ? e : wm_path_read(call, path_arg, &t->path);
}

/* The node's file, when the directory is of a file system that is not the host's. */
static const NodeFile *node_of(const Target *t) {
  return t->dir->kind == FD_NODE ? t->dir->file : NULL;
}

/* To be closed by wm_place_close. */
static Errno find_place(Call *call, const Target *t, Place *place) {
  return wm_resolve_parent(&call->ctx->resolver, t->dir->fd, &t->path, place);
}

static Errno stat_place(const Place *place, struct stat *st) {
  /* An empty leaf is the directory itself (path "." or ".."). */
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
  return wm_errno_of_result(fstatat(place->dir, place->leaf, st, flags));
}

/* ---- stat ---- */

/* What the path leads to; with O_NOFOLLOW, a link at its end. O_PATH asks for no right on the file,
 * and opens devices without touching them. */
static Errno stat_opened(Call *call, int root, const GuestPath *path, int flags, struct stat *st) {
  int fd;
  Errno e = wm_resolve_open(&call->ctx->resolver, root, path, O_PATH | flags, 0, &fd);
  if (e) return e;
  e = wm_errno_of_result(fstat(fd, st));
  close(fd);
  return e;
}

/* Links at the end are followed when the guest says so, or where a slash stands behind. */
static bool follows(const Call *call, const Target *t) {
  return (call->args[1].u32 & LOOKUP_SYMLINK_FOLLOW) || t->path.must_be_dir;
}

/* A name in the directory itself takes one system call, but for a link that is followed. */
static Errno host_stat(Call *call, const Target *t, bool follow, struct stat *st) {
  if (!wm_path_is_name(&t->path))
    return stat_opened(call, t->dir->fd, &t->path, follow ? 0 : O_NOFOLLOW, st);
  Place place;
  Errno e = find_place(call, t, &place);
  if (!e) e = stat_place(&place, st);
  if (e || !follow || !S_ISLNK(st->st_mode)) return e;
  return stat_opened(call, t->dir->fd, &t->path, 0, st);
}

static Errno stat_target(Call *call, const Target *t, bool follow, struct stat *st) {
  return node_of(t) ? wm_node_path_stat(call, node_of(t), &t->path, follow, st)
                    : host_stat(call, t, follow, st);
}

Errno wm_call_path_filestat_get(Call *call) {
  Target t;
  Errno e = read_target(call, 0, RIGHT_PATH_FILESTAT_GET, 2, &t);
  if (!e) e = check_lookup(call);
  if (e) return e;
  size_t size = call->unstable ? FILESTAT_UNSTABLE_SIZE : FILESTAT_SIZE;
  u8 *out = wm_guest_array(call, call->args[4].u32, 1, size, 8);
  if (!out) return call->error;
  struct stat st;
  e = stat_target(call, &t, follows(call, &t), &st);
  return e ? e : wm_filestat_write(call, out, &st);
}

static Errno host_set_times(Call *call, const Target *t, bool follow,
                            const struct timespec times[2]) {
  Place place;
  struct stat st;
  Resolver *r = &call->ctx->resolver;
  Errno e = follow ? wm_resolve_final(r, t->dir->fd, &t->path, &place)
                   : wm_resolve_parent(r, t->dir->fd, &t->path, &place);
  if (e) return e;
  e = place.must_be_dir ? stat_place(&place, &st) : E_SUCCESS;
  if (!e && place.must_be_dir && !S_ISDIR(st.st_mode)) e = E_NOTDIR;
  const char *leaf = place.dots ? "." : place.leaf;
  if (!e) e = wm_errno_of_result(utimensat(place.dir, leaf, times, AT_SYMLINK_NOFOLLOW));
  wm_place_close(&place);
  return e;
}

Errno wm_call_path_filestat_set_times(Call *call) {
  Target t;
  struct timespec times[2];
  Descriptor *dir;
  Errno e = wm_call_fd(call, 0, RIGHT_PATH_FILESTAT_SET_TIMES, &dir);
  if (!e) e = check_lookup(call);
  if (!e) e = wm_times_read(call, 4, times);
  if (!e) e = wm_path_read(call, 2, &t.path);
  if (e) return e;
  t.dir = dir;
  bool follow = follows(call, &t);
  e = node_of(&t) ? wm_node_path_set_times(call, node_of(&t), &t.path, follow, times)
                  : host_set_times(call, &t, follow, times);
  struct stat st;
  if (!e && call->ctx->file_ids && !stat_target(call, &t, follow, &st))
    wm_note_times(call->ctx, &st, times);
  return e;
}

/* ---- entries ---- */

/* What is done with a place of the host's. */
typedef Errno PlaceAction(const Place *place, const char *target);

static Errno act(Call *call, const Target *t, PlaceAction *action, const char *target) {
  Place place;
  Errno e = find_place(call, t, &place);
  if (e) return e;
  e = action(&place, target);
  wm_place_close(&place);
  return e;
}

/* Something new has the name, unless it went wrong; that. */
static Errno made(Call *call, const Target *t, Errno e) {
  struct stat st;
  if (!e && call->ctx->file_ids && !stat_target(call, t, false, &st)) wm_note_made(call->ctx, &st);
  return e;
}

static Errno host_mkdir(const Place *place, const char *unused) {
  (void)unused;
  return place->dots ? E_EXIST : wm_errno_of_result(mkdirat(place->dir, place->leaf, 0777));
}

Errno wm_call_path_create_directory(Call *call) {
  Target t;
  Errno e = read_target(call, 0, RIGHT_PATH_CREATE_DIRECTORY, 1, &t);
  if (e) return e;
  e = node_of(&t) ? wm_node_mkdir(call, node_of(&t), &t.path) : act(call, &t, host_mkdir, NULL);
  return made(call, &t, e);
}

/* As rmdir(2) has it for the two dots. */
static Errno host_rmdir(const Place *place, const char *unused) {
  (void)unused;
  if (place->dots) return place->dots == 1 ? E_INVAL : E_NOTEMPTY;
  return wm_errno_of_result(unlinkat(place->dir, place->leaf, AT_REMOVEDIR));
}

Errno wm_call_path_remove_directory(Call *call) {
  Target t;
  Errno e = read_target(call, 0, RIGHT_PATH_REMOVE_DIRECTORY, 1, &t);
  if (e) return e;
  return node_of(&t) ? wm_node_rmdir(call, node_of(&t), &t.path) : act(call, &t, host_rmdir, NULL);
}

/* With a slash at the end it cannot be a file: says why. */
static Errno unlink_slash(const Place *place) {
  struct stat st;
  Errno e = stat_place(place, &st);
  if (e) return e;
  return S_ISDIR(st.st_mode) ? E_ISDIR : E_NOTDIR;
}

static Errno host_unlink(const Place *place, const char *unused) {
  (void)unused;
  if (place->dots || place->must_be_dir) return unlink_slash(place);
  return wm_errno_of_result(unlinkat(place->dir, place->leaf, 0));
}

Errno wm_call_path_unlink_file(Call *call) {
  Target t;
  Errno e = read_target(call, 0, RIGHT_PATH_UNLINK_FILE, 1, &t);
  if (e) return e;
  return node_of(&t) ? wm_node_unlink(call, node_of(&t), &t.path)
                     : act(call, &t, host_unlink, NULL);
}

/* A new name that is no directory's cannot end in a slash. */
static Errno no_entry(const Place *place) {
  struct stat st;
  return stat_place(place, &st) ? E_NOENT : E_EXIST;
}

/* The text of a new link. */
static Errno read_link_text(Call *call, char target[PATH_MAX]) {
  u32 len = call->args[1].u32;
  const u8 *bytes = guest_bytes(call, call->args[0].u32, len);
  if (!bytes) return call->error;
  if (len == 0) return E_NOENT;
  if (len >= PATH_MAX) return E_NAMETOOLONG;
  memcpy(target, bytes, len);
  target[len] = 0;
  wm_access_path(call->access, target, len);
  /* A zero within would cut it short on the host. */
  if (strlen(target) != len) return E_INVAL;
  /* It could never be followed by the guest, and would lead the host's own programs out. */
  return target[0] == '/' ? E_NOTCAPABLE : E_SUCCESS;
}

static Errno host_symlink(const Place *place, const char *target) {
  if (place->dots || place->must_be_dir) return no_entry(place);
  return wm_errno_of_result(symlinkat(target, place->dir, place->leaf));
}

Errno wm_call_path_symlink(Call *call) {
  Target t;
  char target[PATH_MAX];
  Errno e = read_link_text(call, target);
  if (!e) e = read_target(call, 2, RIGHT_PATH_SYMLINK, 3, &t);
  if (e) return e;
  e = node_of(&t) ? wm_node_symlink(call, node_of(&t), &t.path, target)
                  : act(call, &t, host_symlink, target);
  return made(call, &t, e);
}

/* Reads the link that the path names. With a slash at its end the link is followed, as natively,
 * and what is found then is a directory, or an error: no link in any case. */
static Errno host_read_link(Call *call, const Target *t, char target[PATH_MAX], size_t *len) {
  struct stat st;
  Place place;
  if (t->path.must_be_dir) {
    Errno e = stat_opened(call, t->dir->fd, &t->path, 0, &st);
    return e ? e : E_INVAL;
  }
  Errno e = find_place(call, t, &place);
  if (e) return e;
  ssize_t n = readlinkat(place.dir, place.dots ? "." : place.leaf, target, PATH_MAX);
  e = n < 0 ? wm_errno_of_host(errno) : E_SUCCESS;
  *len = n < 0 ? 0 : (size_t)n;
  wm_place_close(&place);
  return e;
}

Errno wm_call_path_readlink(Call *call) {
  char target[PATH_MAX];
  Target t;
  size_t room = call->args[4].u32, len;
  Errno e = read_target(call, 0, RIGHT_PATH_READLINK, 1, &t);
  if (e) return e;
  u8 *out = guest_bytes(call, call->args[3].u32, room);
  if (!out) return call->error;
  e = can_put_u32(call, call->args[5].u32);
  if (e) return e;
  e = node_of(&t) ? wm_node_path_read_link(call, node_of(&t), &t.path, target, &len)
                  : host_read_link(call, &t, target, &len);
  if (e) return e;
  size_t used = len < room ? len : room;
  if (used) memcpy(out, target, used);
  return put_u32(call, call->args[5].u32, (u32)used);
}

/* ---- two paths ---- */

/* A file must not get into a directory of the host's through which more may be done with it. What
 * the guest withheld from itself does not count. */
static bool gains(const Descriptor *from, const Descriptor *to) {
  Rights there = to->grant->rights & grant_allows(to->grant);
  Rights here = from->grant->rights & grant_allows(from->grant);
  return (there & ~here) || (to->grant->special && !from->grant->special);
}

/* Both directories and paths of a rename or link: descriptors in args `a` and `b`, paths after
 * them. Of one file system, or E_XDEV. */
static Errno read_two(Call *call, u32 a, Rights rights_a, u32 b, Rights rights_b, Target *from,
                      Target *to) {
  Descriptor *source, *target;
  Errno e = wm_call_fd(call, a, rights_a, &source);
  if (!e) e = wm_call_fd(call, b, rights_b, &target);
  if (e) return e;
  if (gains(source, target)) return E_NOTCAPABLE;
  e = read_target(call, a, rights_a, b - 2, from); /* stands right before b */
  if (!e) e = read_target(call, b, rights_b, b + 1, to);
  if (e) return e;
  const NodeFile *x = node_of(from), *y = node_of(to);
  return (x ? x->fs : NULL) == (y ? y->fs : NULL) ? E_SUCCESS : E_XDEV;
}

typedef Errno PlacesAction(const Place *from, const Place *to);

static Errno act_on_two(Call *call, const Target *from, const Target *to, PlacesAction *action) {
  Place a, b;
  Errno e = find_place(call, from, &a);
  if (e) return e;
  e = find_place(call, to, &b);
  if (!e) {
    e = action(&a, &b);
    wm_place_close(&b);
  }
  wm_place_close(&a);
  return e;
}

static Errno host_rename(const Place *from, const Place *to) {
  struct stat st;
  if (from->dots || to->dots) return E_BUSY;
  if (from->must_be_dir || to->must_be_dir) {
    Errno e = stat_place(from, &st);
    if (e) return e;
    if (!S_ISDIR(st.st_mode)) return E_NOTDIR;
  }
  return wm_errno_of_result(renameat(from->dir, from->leaf, to->dir, to->leaf));
}

Errno wm_call_path_rename(Call *call) {
  Target from, to;
  Errno e = read_two(call, 0, RIGHT_PATH_RENAME_SOURCE, 3, RIGHT_PATH_RENAME_TARGET, &from, &to);
  if (e) return e;
  return node_of(&from) ? wm_node_rename(call, node_of(&from), &from.path, node_of(&to), &to.path)
                        : act_on_two(call, &from, &to, host_rename);
}

/* What linkat(2) finds wrong first, in its order; names without dots and slashes it looks at
 * itself.
 */
static Errno host_link(const Place *from, const Place *to) {
  struct stat st;
  Errno e = stat_place(from, &st);
  if (!e && from->must_be_dir && !S_ISDIR(st.st_mode)) e = E_NOTDIR;
  if (e) return e;
  if (to->dots) return E_EXIST;
  if (to->must_be_dir) return no_entry(to);
  if (from->dots) return no_entry(to) == E_EXIST ? E_EXIST : E_PERM;
  return wm_errno_of_result(linkat(from->dir, from->leaf, to->dir, to->leaf, 0));
}

/* A link through a symbolic link would need its target as one name: refused, as are flags that are
 * none. */
Errno wm_call_path_link(Call *call) {
  Target from, to;
  if (call->args[1].u32) return E_INVAL;
  Errno e = read_two(call, 0, RIGHT_PATH_LINK_SOURCE, 4, RIGHT_PATH_LINK_TARGET, &from, &to);
  if (e) return e;
  return node_of(&from) ? wm_node_link(call, node_of(&from), &from.path, node_of(&to), &to.path)
                        : act_on_two(call, &from, &to, host_link);
}
