/* path_* but path_open: every path is resolved below its directory (wasi_resolver.h), then acted on
 * as one name in one directory, never followed. */
#include "wasi/wasi_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copied out at once: the guest's memory may change between the check and the use. */
Errno wm_path_read(Call *call, u32 arg, GuestPath *path) {
  u32 len = call->args[arg + 1].u32;
  const void *bytes = guest_bytes(call, call->args[arg].u32, len);
  return bytes ? wm_path_check(path, bytes, len) : call->error;
}

/* Descriptor in arg `fd_arg`, path in `path_arg`: the place, to be closed by wm_place_close. */
static Errno find_place(Call *call, u32 fd_arg, Rights rights, u32 path_arg, Place *place) {
  GuestPath path;
  Descriptor *d;
  Errno e = wm_call_fd(call, fd_arg, rights, &d);
  if (!e) e = wm_path_read(call, path_arg, &path);
  return e ? e : wm_resolve_parent(&call->ctx->resolver, d->fd, &path, place);
}

static Errno stat_place(const Place *place, struct stat *st) {
  /* An empty leaf is the directory itself (path "." or ".."). */
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
  return wm_errno_of_result(fstatat(place->dir, place->leaf, st, flags));
}

/* ---- stat ---- */

/* What the path leads to through a link at its end. */
/* O_PATH asks for no right on the file, and opens devices without touching them. */
static Errno stat_followed(Call *call, int root, const GuestPath *path, struct stat *st) {
  int fd;
  Errno e = wm_resolve_open(&call->ctx->resolver, root, path, O_PATH, 0, &fd);
  if (e) return e;
  e = wm_errno_of_result(fstat(fd, st));
  close(fd);
  return e;
}

Errno wm_call_path_filestat_get(Call *call) {
  Descriptor *d;
  GuestPath path;
  Place place;
  Errno e = wm_call_fd(call, 0, RIGHT_PATH_FILESTAT_GET, &d);
  if (!e) e = wm_path_read(call, 2, &path);
  if (e) return e;
  size_t size = call->unstable ? FILESTAT_UNSTABLE_SIZE : FILESTAT_SIZE;
  u8 *out = wm_guest_array(call, call->args[4].u32, 1, size, 8);
  if (!out) return call->error;
  e = wm_resolve_parent(&call->ctx->resolver, d->fd, &path, &place);
  if (e) return e;
  struct stat st;
  e = stat_place(&place, &st);
  wm_place_close(&place);
  bool follow = (call->args[1].u32 & LOOKUP_SYMLINK_FOLLOW) || path.must_be_dir;
  if (!e && S_ISLNK(st.st_mode) && follow) e = stat_followed(call, d->fd, &path, &st);
  if (!e && path.must_be_dir && !S_ISDIR(st.st_mode)) e = E_NOTDIR;
  if (!e) wm_filestat_write(out, &st, call->unstable);
  return e;
}

Errno wm_call_path_filestat_set_times(Call *call) {
  Descriptor *d;
  GuestPath path;
  Place place;
  struct timespec times[2];
  struct stat st;
  Errno e = wm_call_fd(call, 0, RIGHT_PATH_FILESTAT_SET_TIMES, &d);
  if (!e) e = wm_times_read(call, 4, times);
  if (!e) e = wm_path_read(call, 2, &path);
  if (e) return e;
  Resolver *r = &call->ctx->resolver;
  bool follow = (call->args[1].u32 & LOOKUP_SYMLINK_FOLLOW) || path.must_be_dir;
  e = follow ? wm_resolve_final(r, d->fd, &path, &place)
             : wm_resolve_parent(r, d->fd, &path, &place);
  if (e) return e;
  e = place.must_be_dir ? stat_place(&place, &st) : E_SUCCESS;
  if (!e && place.must_be_dir && !S_ISDIR(st.st_mode)) e = E_NOTDIR;
  const char *leaf = place.dots ? "." : place.leaf;
  if (!e) e = wm_errno_of_result(utimensat(place.dir, leaf, times, AT_SYMLINK_NOFOLLOW));
  wm_place_close(&place);
  return e;
}

/* ---- entries ---- */

Errno wm_call_path_create_directory(Call *call) {
  Place place;
  Errno e = find_place(call, 0, RIGHT_PATH_CREATE_DIRECTORY, 1, &place);
  if (e) return e;
  e = place.dots ? E_EXIST : wm_errno_of_result(mkdirat(place.dir, place.leaf, 0777));
  wm_place_close(&place);
  return e;
}

Errno wm_call_path_remove_directory(Call *call) {
  Place place;
  Errno e = find_place(call, 0, RIGHT_PATH_REMOVE_DIRECTORY, 1, &place);
  if (e) return e;
  /* As rmdir(2) has it for the two. */
  if (place.dots)
    e = place.dots == 1 ? E_INVAL : E_NOTEMPTY;
  else
    e = wm_errno_of_result(unlinkat(place.dir, place.leaf, AT_REMOVEDIR));
  wm_place_close(&place);
  return e;
}

/* With a slash at the end it cannot be a file: says why. */
static Errno unlink_slash(const Place *place) {
  struct stat st;
  Errno e = stat_place(place, &st);
  if (e) return e;
  return S_ISDIR(st.st_mode) ? E_ISDIR : E_NOTDIR;
}

Errno wm_call_path_unlink_file(Call *call) {
  Place place;
  Errno e = find_place(call, 0, RIGHT_PATH_UNLINK_FILE, 1, &place);
  if (e) return e;
  if (place.dots || place.must_be_dir)
    e = unlink_slash(&place);
  else
    e = wm_errno_of_result(unlinkat(place.dir, place.leaf, 0));
  wm_place_close(&place);
  return e;
}

/* A new name that is no directory's cannot end in a slash. */
static Errno no_entry(const Place *place) {
  struct stat st;
  return stat_place(place, &st) ? E_NOENT : E_EXIST;
}

Errno wm_call_path_symlink(Call *call) {
  Place place;
  char target[PATH_MAX];
  u32 len = call->args[1].u32;
  const u8 *bytes = guest_bytes(call, call->args[0].u32, len);
  if (!bytes) return call->error;
  if (len == 0) return E_NOENT;
  if (len >= sizeof target) return E_NAMETOOLONG;
  memcpy(target, bytes, len);
  target[len] = 0;
  /* A zero within would cut it short on the host. */
  if (strlen(target) != len) return E_INVAL;
  /* It could never be followed by the guest, and would lead the host's own programs out. */
  if (target[0] == '/') return E_NOTCAPABLE;
  Errno e = find_place(call, 2, RIGHT_PATH_SYMLINK, 3, &place);
  if (e) return e;
  if (place.dots || place.must_be_dir)
    e = no_entry(&place);
  else
    e = wm_errno_of_result(symlinkat(target, place.dir, place.leaf));
  wm_place_close(&place);
  return e;
}

/* Reads the link that `path` names. With a slash at its end the link is followed, as natively, and
 * what is found then is a directory, or an error: no link in any case. */
static Errno read_link(Call *call, int root, const GuestPath *path, char target[PATH_MAX],
                       size_t *len) {
  struct stat st;
  Place place;
  Errno e = path->must_be_dir ? stat_followed(call, root, path, &st) : E_SUCCESS;
  if (e || path->must_be_dir) return e ? e : E_INVAL;
  e = wm_resolve_parent(&call->ctx->resolver, root, path, &place);
  if (e) return e;
  ssize_t n = readlinkat(place.dir, place.dots ? "." : place.leaf, target, PATH_MAX);
  e = n < 0 ? wm_errno_of_host(errno) : E_SUCCESS;
  *len = n < 0 ? 0 : (size_t)n;
  wm_place_close(&place);
  return e;
}

Errno wm_call_path_readlink(Call *call) {
  char target[PATH_MAX];
  GuestPath path;
  Descriptor *d;
  size_t room = call->args[4].u32, len;
  u8 *out = guest_bytes(call, call->args[3].u32, room);
  if (!out) return call->error;
  Errno e = wm_call_fd(call, 0, RIGHT_PATH_READLINK, &d);
  if (!e) e = wm_path_read(call, 1, &path);
  if (!e) e = read_link(call, d->fd, &path, target, &len);
  if (e) return e;
  size_t used = len < room ? len : room;
  if (used) memcpy(out, target, used);
  return put_u32(call, call->args[5].u32, (u32)used);
}

/* ---- two paths ---- */

/* A file must not get into a directory of the host's through which more may be done with it. What
 * the guest withheld from itself does not count. */
static bool gains(const Descriptor *from, const Descriptor *to) {
  return (to->grant & ~from->grant) || (to->special && !from->special);
}

/* Finds both places of a rename or link: descriptors in args `a` and `b`, paths after them. */
static Errno find_two(Call *call, u32 a, Rights rights_a, u32 b, Rights rights_b, Place *from,
                      Place *to) {
  Descriptor *source, *target;
  u32 path_a = b - 2; /* stands right before b */
  Errno e = wm_call_fd(call, a, rights_a, &source);
  if (!e) e = wm_call_fd(call, b, rights_b, &target);
  if (e) return e;
  if (gains(source, target)) return E_NOTCAPABLE;
  e = find_place(call, a, rights_a, path_a, from);
  if (e) return e;
  e = find_place(call, b, rights_b, b + 1, to);
  if (e) wm_place_close(from);
  return e;
}

static Errno rename_places(const Place *from, const Place *to) {
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
  Place from, to;
  Errno e = find_two(call, 0, RIGHT_PATH_RENAME_SOURCE, 3, RIGHT_PATH_RENAME_TARGET, &from, &to);
  if (e) return e;
  e = rename_places(&from, &to);
  wm_place_close(&from);
  wm_place_close(&to);
  return e;
}

static Errno link_places(const Place *from, const Place *to) {
  struct stat st;
  if (from->dots) return E_PERM;
  if (to->dots) return E_EXIST;
  if (from->must_be_dir) {
    Errno e = stat_place(from, &st);
    if (e) return e;
    return S_ISDIR(st.st_mode) ? E_PERM : E_NOTDIR;
  }
  if (to->must_be_dir) return no_entry(to);
  return wm_errno_of_result(linkat(from->dir, from->leaf, to->dir, to->leaf, 0));
}

/* A link through a symbolic link would need its target as one name: refused. */
Errno wm_call_path_link(Call *call) {
  Place from, to;
  if (call->args[1].u32 & LOOKUP_SYMLINK_FOLLOW) return E_INVAL;
  Errno e = find_two(call, 0, RIGHT_PATH_LINK_SOURCE, 4, RIGHT_PATH_LINK_TARGET, &from, &to);
  if (e) return e;
  e = link_places(&from, &to);
  wm_place_close(&from);
  wm_place_close(&to);
  return e;
}
