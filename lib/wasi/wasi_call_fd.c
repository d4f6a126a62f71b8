/* What is known and set about open descriptors: fd_* but reading, writing and listing.
 *
 * Each call checks in this order: the descriptor and its rights, the arguments, the guest's memory
 * for the result; then it acts. So a call that fails has changed nothing, and no result is lost for
 * want of a place. */
#include "wasi/wasi_node.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALLOCATE_PIECE = 16 << 20 /* bytes allocated between two looks for a stop */ };

/* The descriptor with the rights, when it is of a file, or may be: a stream is E_SPIPE, as a pipe.
 */
static Errno file_fd(Call *call, Rights rights, Descriptor **d) {
  Errno e = wm_call_fd(call, 0, rights, d);
  return !e && (*d)->kind == FD_STREAM ? E_SPIPE : e;
}

/* ---- numbers ---- */

Errno wm_call_fd_close(Call *call) { return wm_fds_close(&call->ctx->fds, call->args[0].u32); }

Errno wm_call_fd_renumber(Call *call) {
  return wm_fds_renumber(&call->ctx->fds, call->args[0].u32, call->args[1].u32);
}

/* Programs look for their directories from 3 up and stop at the first E_BADF. */
static Errno preopen_of(Call *call, Descriptor **d) {
  Errno e = wm_call_fd(call, 0, 0, d);
  return !e && !(*d)->preopen ? E_BADF : e;
}

Errno wm_call_fd_prestat_get(Call *call) {
  Descriptor *d;
  Errno e = preopen_of(call, &d);
  if (e) return e;
  u8 *out = wm_guest_array(call, call->args[1].u32, 1, PRESTAT_SIZE, 4);
  if (!out) return call->error;
  /* The only kind of preopen: a directory. */
  store_u32(out, 0);
  store_u32(out + 4, (u32)strlen(d->preopen));
  return E_SUCCESS;
}

Errno wm_call_fd_prestat_dir_name(Call *call) {
  Descriptor *d;
  Errno e = preopen_of(call, &d);
  if (e) return e;
  size_t len = strlen(d->preopen);
  u8 *out = guest_bytes(call, call->args[1].u32, call->args[2].u32);
  if (!out) return call->error;
  if (call->args[2].u32 < len) return E_NAMETOOLONG;
  memcpy(out, d->preopen, len);
  return E_SUCCESS;
}

/* ---- rights and flags ---- */

Errno wm_call_fd_fdstat_get(Call *call) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, 0, &d);
  if (e) return e;
  u8 *out = wm_guest_array(call, call->args[1].u32, 1, FDSTAT_SIZE, 8);
  if (!out) return call->error;
  /* Padding too: the guest sees no byte of ours. */
  memset(out, 0, FDSTAT_SIZE);
  out[0] = d->type;
  store_u16(out + 2, d->flags);
  store_u64(out + 8, d->base);
  store_u64(out + 16, d->inheriting);
  return E_SUCCESS;
}

/* Flags of a borrowed descriptor are shared with the host process: only not blocking can be
 * changed, and that is done by us for all descriptors. How writes are synced is fixed when a file
 * is opened. */
Errno wm_call_fd_fdstat_set_flags(Call *call) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, RIGHT_FD_FDSTAT_SET_FLAGS, &d);
  if (e) return e;
  u32 flags = call->args[1].u32;
  if (flags & ~(u32)FDFLAGS_ALL) return E_INVAL;
  bool ours = d->kind == FD_NODE || (d->kind == FD_HOST && d->owned);
  u32 settable = FDFLAG_NONBLOCK | (ours ? FDFLAG_APPEND : 0);
  if ((flags ^ d->flags) & ~settable) return E_NOTSUP;
  if (d->kind == FD_HOST && d->owned) {
    int host = fcntl(d->fd, F_GETFL) & ~O_APPEND;
    if (flags & FDFLAG_APPEND) host |= O_APPEND;
    if (fcntl(d->fd, F_SETFL, host)) return wm_errno_of_host(errno);
  }
  d->flags = (u16)flags;
  return E_SUCCESS;
}

/* Rights only ever go: nothing gives one back. */
Errno wm_call_fd_fdstat_set_rights(Call *call) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, 0, &d);
  if (e) return e;
  Rights base = call->args[1].u64, inheriting = call->args[2].u64;
  if ((base & ~d->base) || (inheriting & ~d->inheriting)) return E_NOTCAPABLE;
  d->base = base;
  d->inheriting = inheriting;
  return E_SUCCESS;
}

/* ---- position and contents ---- */

static Errno host_seek(int fd, i64 offset, int whence, u64 *at) {
  off_t to = lseek(fd, offset, whence);
  *at = (u64)to;
  return to < 0 ? wm_errno_of_host(errno) : E_SUCCESS;
}

static Errno seek(Call *call, const Descriptor *d, i64 offset, int whence, u32 out) {
  u8 *to = wm_guest_array(call, out, 1, 8, 8); /* before anything moves */
  if (!to) return call->error;
  u64 at;
  Errno e = d->kind == FD_NODE ? wm_node_file_seek(d->file, offset, whence, &at)
                               : host_seek(d->fd, offset, whence, &at);
  if (!e) store_u64(to, at);
  return e;
}

Errno wm_call_fd_seek(Call *call) {
  /* The two versions number the same three differently. */
  static const int snapshot[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  static const int unstable[] = {SEEK_CUR, SEEK_END, SEEK_SET};
  i64 offset = call->args[1].i64;
  u32 number = call->args[2].u32;
  bool known = number < ARRAY_LEN(snapshot);
  int whence = (call->unstable ? unstable : snapshot)[known ? number : 0];
  bool tells = known && offset == 0 && whence == SEEK_CUR;
  Descriptor *d;
  Errno e = file_fd(call, tells ? RIGHT_FD_TELL : RIGHT_FD_SEEK, &d);
  if (!e && !known) e = E_INVAL;
  return e ? e : seek(call, d, offset, whence, call->args[3].u32);
}

Errno wm_call_fd_tell(Call *call) {
  Descriptor *d;
  Errno e = file_fd(call, RIGHT_FD_TELL, &d);
  return e ? e : seek(call, d, 0, SEEK_CUR, call->args[1].u32);
}

Errno wm_call_fd_advise(Call *call) {
  static const int advices[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  Descriptor *d;
  Errno e = file_fd(call, RIGHT_FD_ADVISE, &d);
  if (e) return e;
  i64 offset = call->args[1].i64, len = call->args[2].i64;
  u32 advice = call->args[3].u32;
  if (d->type == FILETYPE_DIRECTORY) return E_BADF;
  if (offset < 0 || len < 0 || advice >= ARRAY_LEN(advices)) return E_INVAL;
  if (d->kind == FD_NODE) return E_SUCCESS;
  return wm_errno_of_host(posix_fadvise(d->fd, offset, len, advices[advice]));
}

/* Piece by piece. When there is not enough room, the file gets its size back, and the disk what
 * was added to it. */
static Errno allocate(const Call *call, int fd, i64 offset, i64 len) {
  struct stat before;
  Errno e = wm_errno_of_result(fstat(fd, &before));
  for (; len > 0 && !e; len -= ALLOCATE_PIECE, offset += ALLOCATE_PIECE) {
    i64 piece = len < ALLOCATE_PIECE ? len : ALLOCATE_PIECE;
    e = call_interrupted(call) ? E_INTR : wm_errno_of_result(fallocate(fd, 0, offset, piece));
  }
  struct stat after;
  if (e && fstat(fd, &after) == 0 && after.st_size > before.st_size)
    (void)!ftruncate(fd, before.st_size);
  return e;
}

Errno wm_call_fd_allocate(Call *call) {
  Descriptor *d;
  Errno e = file_fd(call, RIGHT_FD_ALLOCATE, &d);
  if (e) return e;
  i64 offset = call->args[1].i64, len = call->args[2].i64;
  if (offset < 0 || len <= 0) return E_INVAL;
  /* A file's end is an off_t. */
  if (offset > INT64_MAX - len) return E_FBIG;
  if (d->kind == FD_NODE) return wm_node_file_allocate(d->file, (u64)(offset + len));
  PINNED_FD pinned = {.call = NULL};
  int fd = wm_call_release(&pinned, call, d);
  return allocate(call, fd, offset, len);
}

/* Streams have nothing to sync. */
static Errno sync_fd(Call *call, Rights right, int (*sync_call)(int)) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, right, &d);
  if (e) return e;
  if (d->kind == FD_STREAM) return E_INVAL;
  if (d->kind == FD_NODE) return wm_node_file_sync(d->file);
  PINNED_FD pinned = {.call = NULL};
  int fd = wm_call_release(&pinned, call, d);
  return wm_errno_of_result(sync_call(fd));
}

Errno wm_call_fd_sync(Call *call) { return sync_fd(call, RIGHT_FD_SYNC, fsync); }
Errno wm_call_fd_datasync(Call *call) { return sync_fd(call, RIGHT_FD_DATASYNC, fdatasync); }

/* ---- filestat ---- */

/* wasi_unstable has a count of links of 4 bytes, not 8: what is behind it moves.
 *
 *   snapshot   0 dev   8 ino   16 type   24 nlink   32 size   40 atim   48 mtim   56 ctim
 *   unstable   0 dev   8 ino   16 type   20 nlink   24 size   32 atim   40 mtim   48 ctim */
static void write_filestat(u8 *out, const struct stat *st, bool unstable) {
  size_t tail = unstable ? 24 : 32;
  memset(out, 0, unstable ? FILESTAT_UNSTABLE_SIZE : FILESTAT_SIZE);
  store_u64(out, st->st_dev);
  store_u64(out + 8, st->st_ino);
  out[16] = (u8)wm_filetype_of_mode(st->st_mode);
  if (unstable)
    store_u32(out + 20, (u32)st->st_nlink);
  else
    store_u64(out + 24, st->st_nlink);
  store_u64(out + tail, (u64)st->st_size);
  store_u64(out + tail + 8, wm_nanoseconds(&st->st_atim));
  store_u64(out + tail + 16, wm_nanoseconds(&st->st_mtim));
  store_u64(out + tail + 24, wm_nanoseconds(&st->st_ctim));
}

Errno wm_filestat_write(const Call *call, u8 *out, const struct stat *st) {
  struct stat told = *st;
  FileIds *ids = call->ctx->file_ids;
  Errno e = ids ? wm_file_ids_tell(ids, &told) : E_SUCCESS;
  if (!e) write_filestat(out, &told, call->unstable);
  return e;
}

/* A stream has no file behind it. */
Errno wm_descriptor_stat(const Descriptor *d, struct stat *st) {
  memset(st, 0, sizeof *st);
  if (d->kind == FD_NODE) return wm_node_file_stat(d->file, st);
  return d->kind == FD_HOST ? wm_errno_of_result(fstat(d->fd, st)) : E_SUCCESS;
}

Errno wm_call_fd_filestat_get(Call *call) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, RIGHT_FD_FILESTAT_GET, &d);
  if (e) return e;
  size_t size = call->unstable ? FILESTAT_UNSTABLE_SIZE : FILESTAT_SIZE;
  u8 *out = wm_guest_array(call, call->args[1].u32, 1, size, 8);
  if (!out) return call->error;
  struct stat st;
  e = wm_descriptor_stat(d, &st);
  if (!e) e = wm_filestat_write(call, out, &st);
  if (!e) out[16] = d->type; /* knows kinds of sockets apart */
  return e;
}

Errno wm_call_fd_filestat_set_size(Call *call) {
  Descriptor *d;
  Errno e = file_fd(call, RIGHT_FD_FILESTAT_SET_SIZE, &d);
  if (e) return e;
  if (call->args[1].i64 < 0) return E_INVAL;
  if (d->kind == FD_NODE) return wm_node_file_resize(d->file, call->args[1].u64);
  return wm_errno_of_result(ftruncate(d->fd, call->args[1].i64));
}

/* The host is asked for its own time by name: that needs less permission than setting one. */
static struct timespec time_now(const wasi_ctx_t *ctx) {
  if (ctx->clock.kind == WASI_CLOCK_REAL && !ctx->file_ids)
    return (struct timespec){.tv_nsec = UTIME_NOW};
  return wm_timespec_of(wm_clock_now(&ctx->clock, CLOCK_ID_REALTIME));
}

/* One time: its value, now, or as it is. */
static Errno read_time(const Call *call, u64 value, bool set, bool now, struct timespec *t) {
  if (set && now) return E_INVAL;
  *t = set   ? wm_timespec_of(value)
       : now ? time_now(call->ctx)
             : (struct timespec){.tv_nsec = UTIME_OMIT};
  return E_SUCCESS;
}

/* Three arguments: two times, then flags for both. */
Errno wm_times_read(const Call *call, u32 arg, struct timespec times[2]) {
  u32 flags = call->args[arg + 2].u32;
  if (flags & ~(u32)(FSTFLAG_ATIM | FSTFLAG_ATIM_NOW | FSTFLAG_MTIM | FSTFLAG_MTIM_NOW))
    return E_INVAL;
  const wasmx_slot_t *a = call->args + arg;
  Errno e = read_time(call, a[0].u64, flags & FSTFLAG_ATIM, flags & FSTFLAG_ATIM_NOW, &times[0]);
  if (e) return e;
  return read_time(call, a[1].u64, flags & FSTFLAG_MTIM, flags & FSTFLAG_MTIM_NOW, &times[1]);
}

Errno wm_call_fd_filestat_set_times(Call *call) {
  Descriptor *d;
  struct timespec times[2];
  Errno e = file_fd(call, RIGHT_FD_FILESTAT_SET_TIMES, &d);
  if (!e) e = wm_times_read(call, 1, times);
  if (e) return e;
  e = d->kind == FD_NODE ? wm_node_file_set_times(d->file, times)
                         : wm_errno_of_result(futimens(d->fd, times));
  struct stat st;
  if (!e && call->ctx->file_ids && !wm_descriptor_stat(d, &st))
    wm_note_times(call->ctx, &st, times);
  return e;
}
