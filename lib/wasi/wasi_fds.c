/* Descriptors and streams: see wasi_fds.h.
 *
 * A table of numbers as a process has one: the lowest free number is given, `lowest` says below
 * which there is none. Rights are looked at in one place, wm_fds_get: every call goes through it.
 */
#include "wasi/wasi_fds.h"

#include "wasi/wasi_listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- streams ---- */

/* Emptied before the finalizer runs, which may call anything. */
void wm_stream_close(Stream *stream) {
  Stream s = *stream;
  *stream = (Stream){0};
  if (s.kind == STREAM_HOST && s.owned) close(s.fd);
  if (s.kind == STREAM_BYTES) wasm_byte_vec_delete(&s.input);
  wm_buffer_free(&s.output);
  if (s.finalizer) s.finalizer(s.data);
}

/* `holder` is the block that the streams are in: gone before a finalizer can look at it. */
void wm_streams_close(Stream streams[3], void *holder) {
  Stream last[3];
  memcpy(last, streams, sizeof last);
  free(holder);
  for (int i = 0; i < 3; i++) wm_stream_close(&last[i]);
}

/* What a callback returned: bytes (at most size), or a negated errno of the host's. */
static Errno callback_result(ptrdiff_t result, size_t size, size_t *done) {
  *done = 0;
  if (result < 0) return wm_errno_of_host(result < -4095 ? EIO : (int)-result);
  *done = (size_t)result < size ? (size_t)result : size;
  return E_SUCCESS;
}

Errno wm_stream_read(Stream *s, void *to, size_t size, size_t *done) {
  *done = 0;
  if (s->kind == STREAM_READER) return callback_result(s->read(s->data, to, size), size, done);
  if (s->kind != STREAM_BYTES) return E_SUCCESS;
  size_t left = s->input.size - s->pos;
  *done = left < size ? left : size;
  if (*done) memcpy(to, s->input.data + s->pos, *done);
  s->pos += *done;
  return E_SUCCESS;
}

/* What fits is taken, as a disk would; the next write is told that there is no room. */
static Errno capture(Stream *s, const void *from, size_t size, size_t *done) {
  size_t room = s->limit - s->output.len;
  size_t taken = size < room ? size : room;
  *done = 0;
  if (size && !taken) return E_NOSPC;
  if (taken && !wm_buffer_reserve(&s->output, taken)) {
    s->output.failed = false; /* the program may go on with less */
    return E_NOMEM;
  }
  wm_buffer_bytes(&s->output, from, taken);
  *done = taken;
  return E_SUCCESS;
}

Errno wm_stream_write(Stream *s, const void *from, size_t size, size_t *done) {
  *done = size;
  if (s->kind == STREAM_WRITER) return callback_result(s->write(s->data, from, size), size, done);
  if (s->kind == STREAM_CAPTURE) return capture(s, from, size, done);
  return E_SUCCESS;
}

/* ---- descriptors ---- */

static FileType type_of_socket(int fd) {
  int type = 0;
  socklen_t len = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM)
    return FILETYPE_SOCKET_DGRAM;
  return FILETYPE_SOCKET_STREAM;
}

static bool socket_listens(int fd) {
  int listens = 0;
  socklen_t len = sizeof listens;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens;
}

FileType wm_filetype_of_mode(u32 mode) {
  switch (mode & S_IFMT) {
  case S_IFREG: return FILETYPE_REGULAR_FILE;
  case S_IFDIR: return FILETYPE_DIRECTORY;
  case S_IFLNK: return FILETYPE_SYMBOLIC_LINK;
  case S_IFCHR: return FILETYPE_CHARACTER_DEVICE;
  case S_IFBLK: return FILETYPE_BLOCK_DEVICE;
  case S_IFSOCK: return FILETYPE_SOCKET_STREAM;
  default: return FILETYPE_UNKNOWN; /* a pipe: WASI has no word for it */
  }
}

static u16 fdflags_of_host(int flags) {
  u16 out = 0;
  if (flags & O_APPEND) out |= FDFLAG_APPEND;
  if (flags & O_NONBLOCK) out |= FDFLAG_NONBLOCK;
  if ((flags & O_SYNC) == O_SYNC)
    out |= FDFLAG_SYNC;
  else if (flags & O_DSYNC)
    out |= FDFLAG_DSYNC;
  return out;
}

/* All that can be done with what was opened so. A directory is always read, which says nothing
 * about its files. */
static Rights rights_of(FileType type, int access) {
  if (type == FILETYPE_DIRECTORY) return RIGHTS_DIR;
  if (access == O_RDONLY) return RIGHTS_FILE & ~RIGHTS_CHANGE_FILE;
  return access == O_WRONLY ? RIGHTS_FILE & ~RIGHT_FD_READ : RIGHTS_FILE;
}

Descriptor wm_descriptor_of_node(NodeFile *file, FileType type, int access) {
  return (Descriptor){.kind = FD_NODE,
                      .type = (u8)type,
                      .fd = -1,
                      .access = (u8)access,
                      .base = rights_of(type, access),
                      .file = file};
}

void wm_descriptor_of_mode(Descriptor *d, int fd, bool owned, u32 mode, int flags) {
  *d = (Descriptor){.kind = FD_HOST, .fd = fd, .owned = owned};
  d->type = (u8)(S_ISSOCK(mode) ? type_of_socket(fd) : wm_filetype_of_mode(mode));
  d->flags = fdflags_of_host(flags);
  d->listens = S_ISSOCK(mode) && socket_listens(fd);
  /* Whatever has two ends, of which the other may go away. */
  d->pipe = S_ISFIFO(mode) || S_ISSOCK(mode);
  d->base = rights_of((FileType)d->type, flags & O_ACCMODE);
  /* What cannot seek must not say so: that is how programs tell a terminal from a file. */
  if (d->type == FILETYPE_CHARACTER_DEVICE && isatty(fd))
    d->base &= ~(RIGHT_FD_SEEK | RIGHT_FD_TELL);
}

Errno wm_descriptor_of_host(Descriptor *d, int fd, bool owned) {
  struct stat st;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fstat(fd, &st)) return wm_errno_of_host(errno);
  wm_descriptor_of_mode(d, fd, owned, st.st_mode, flags);
  return E_SUCCESS;
}

/* The number is free whatever close(2) says, also after EINTR. */
Errno wm_descriptor_close(Descriptor *d) {
  Errno e = E_SUCCESS;
  if (d->kind == FD_HOST && d->owned && close(d->fd) && errno != EINTR) e = wm_errno_of_host(errno);
  if (d->kind == FD_NODE) wm_node_file_free(d->file);
  free(d->preopen);
  free(d->host);
  if (d->dir) vec_free(&d->dir->offsets);
  free(d->dir);
  wm_listing_free(d->listing);
  *d = (Descriptor){0};
  return e;
}

/* ---- the table ---- */

/* There is a free one at `lowest` then. */
Errno wm_fds_reserve(FdTable *t) {
  u32 n = t->lowest;
  while (n < t->fds.len && t->fds.data[n].kind != FD_FREE) n++;
  t->lowest = n;
  if (n >= t->max) return E_MFILE;
  if (n < t->fds.len) return E_SUCCESS;
  Descriptor *added = vec_push(&t->fds);
  if (!added) return E_NOMEM;
  *added = (Descriptor){0};
  return E_SUCCESS;
}

static int access_of(const Descriptor *d) {
  if (d->kind == FD_NODE) return d->access;
  return d->kind == FD_HOST ? fcntl(d->fd, F_GETFL) & O_ACCMODE : O_RDWR;
}

Errno wm_fds_add(FdTable *t, const Descriptor *d, u32 *number) {
  Errno e = wm_fds_reserve(t);
  if (e) return e;
  /* As the table may have holes behind it, the next search begins behind this one. */
  *number = t->lowest++;
  t->fds.data[*number] = *d;
  return E_SUCCESS;
}

/* Streams, pipes and sockets have no places in them, and nothing that is kept. */
static Errno flow_refusal(Rights missing) {
  const Rights places = RIGHT_FD_SEEK | RIGHT_FD_TELL | RIGHT_FD_ADVISE | RIGHT_FD_ALLOCATE;
  if (missing & places) return E_SPIPE;
  const Rights files = RIGHT_FD_SYNC | RIGHT_FD_DATASYNC | RIGHT_FD_FILESTAT_SET_SIZE;
  return missing & files ? E_INVAL : E_NOTCAPABLE;
}

/* Why an operation on a socket is refused. A listener has no peer to write to or to be shut down
 * for. */
static Errno socket_refusal(const Descriptor *d, Rights missing) {
  if (d->listens && (missing & (RIGHT_FD_WRITE | RIGHT_SOCK_SHUTDOWN))) return E_NOTCONN;
  if (!d->listens && (missing & RIGHT_SOCK_ACCEPT))
    return d->type == FILETYPE_SOCKET_DGRAM ? E_NOTSUP : E_INVAL;
  return flow_refusal(missing);
}

/* Why an operation is refused. Where the thing itself cannot do it, the answer is what a native
 * program would be told; E_NOTCAPABLE is for rights that were withheld. */
static Errno refusal(const Descriptor *d, Rights missing) {
  if (d->type == FILETYPE_DIRECTORY) {
    if (missing & RIGHTS_DIR) return E_NOTCAPABLE;
    return missing & RIGHT_FD_READ ? E_ISDIR : E_BADF;
  }
  if (missing & RIGHTS_DIR & ~RIGHTS_FILE) return E_NOTDIR;
  if (wm_descriptor_is_socket(d)) return socket_refusal(d, missing);
  if (missing & (RIGHT_SOCK_ACCEPT | RIGHT_SOCK_SHUTDOWN)) return E_NOTSOCK;
  int flags = access_of(d);
  if ((missing & RIGHT_FD_READ) && (flags == O_WRONLY || d->kind == FD_STREAM)) return E_BADF;
  if ((missing & RIGHT_FD_WRITE) && (flags == O_RDONLY || d->kind == FD_STREAM)) return E_BADF;
  if (d->type == FILETYPE_UNKNOWN) return flow_refusal(missing);
  if ((missing & (RIGHT_FD_SEEK | RIGHT_FD_TELL)) && d->type != FILETYPE_REGULAR_FILE)
    return E_SPIPE;
  if ((missing & RIGHT_FD_FILESTAT_SET_SIZE) && flags == O_RDONLY) return E_INVAL;
  if ((missing & RIGHT_FD_ALLOCATE) && flags == O_RDONLY) return E_BADF;
  return E_NOTCAPABLE;
}

/* FD_SEEK includes FD_TELL (witx). That FD_SYNC includes FD_DATASYNC is ours: Go and wasi-libc
 * leave the latter out of files opened for reading, which natively can be synced both ways. */
static Rights with_included(Rights rights) {
  if (rights & RIGHT_FD_SEEK) rights |= RIGHT_FD_TELL;
  if (rights & RIGHT_FD_SYNC) rights |= RIGHT_FD_DATASYNC;
  return rights;
}

Errno wm_fds_find(FdTable *t, u32 number, Descriptor **d) {
  if (number >= t->fds.len || t->fds.data[number].kind == FD_FREE) return E_BADF;
  *d = &t->fds.data[number];
  return E_SUCCESS;
}

Errno wm_fds_get(FdTable *t, u32 number, Rights rights, Descriptor **d) {
  Errno e = wm_fds_find(t, number, d);
  if (e) return e;
  Rights allowed = grant_allows((*d)->grant), missing = rights & ~with_included((*d)->base);
  if (missing) return refusal(*d, missing);
  return !allowed || (rights & ~with_included(allowed)) ? E_NOTCAPABLE : E_SUCCESS;
}

static Pin *find_pin(const FdTable *t, int fd) {
  Pin *pin = t->pins;
  while (pin && pin->fd != fd) pin = pin->next;
  return pin;
}

void wm_fds_pin(FdTable *t, Pin *pin, const Descriptor *d) {
  *pin = (Pin){t->pins, d->kind == FD_HOST ? d->fd : -1, false, -1};
  t->pins = pin;
}

void wm_fds_unpin(FdTable *t, Pin *pin) {
  Pin **link = &t->pins;
  while (*link != pin) link = &(*link)->next;
  *link = pin->next;
  if (pin->wake >= 0) close(pin->wake);
  Pin *other = pin->closes ? find_pin(t, pin->fd) : NULL;
  if (other)
    other->closes = true;
  else if (pin->closes)
    close(pin->fd);
}

/* Who waits for it looks whether it is still there. */
static void wake_waiters(const FdTable *t, int fd) {
  for (const Pin *pin = t->pins; pin; pin = pin->next)
    if (pin->fd == fd && pin->wake >= 0) eventfd_write(pin->wake, 1);
}

/* The number goes; the host's descriptor when nobody uses it any more. */
static Errno close_descriptor(FdTable *t, Descriptor *d) {
  if (d->kind == FD_HOST) wake_waiters(t, d->fd);
  Pin *pin = d->kind == FD_HOST && d->owned ? find_pin(t, d->fd) : NULL;
  if (pin) {
    pin->closes = true;
    d->owned = false;
  }
  return wm_descriptor_close(d);
}

Errno wm_fds_close(FdTable *t, u32 number) {
  Descriptor *d;
  Errno e = wm_fds_find(t, number, &d);
  if (e) return e;
  if (number < t->lowest) t->lowest = number;
  return close_descriptor(t, d);
}

Errno wm_fds_renumber(FdTable *t, u32 from, u32 to) {
  Descriptor *source, *target;
  Errno e = wm_fds_find(t, from, &source);
  if (!e) e = wm_fds_find(t, to, &target);
  if (e || from == to) return e;
  close_descriptor(t, target); /* as dup2: what the close says is lost */
  *target = *source;
  *source = (Descriptor){0};
  if (from < t->lowest) t->lowest = from;
  return E_SUCCESS;
}

void wm_fds_free(FdTable *t) {
  for (u32 i = 0; i < t->fds.len; i++) wm_descriptor_close(&t->fds.data[i]);
  vec_free(&t->fds);
}
