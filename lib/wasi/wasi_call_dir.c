/* fd_readdir. The cookie after the n-th entry is n: guests keep cookies in 32 bits (telldir of
 * wasi-libc), which the kernel's own positions do not fit. Those are remembered for each number, so
 * a cookie stays good whatever size the guest's buffer has and whatever happens to other entries; 0
 * starts again. An entry that does not fit is cut at the buffer's end, and comes again, whole, at
 * its cookie. */
#include "wasi/wasi_node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ENTRIES = 1 << 24 /* the remembered positions take 128 MiB then */ };

static FileType type_of_entry(u8 type) { return wm_filetype_of_mode((u32)DTTOIF(type)); }

/* Makes the stream stand at `cookie`. */
static Errno position(Descriptor *d, u64 cookie) {
  if (!d->dir) {
    d->dir = calloc(1, sizeof *d->dir);
    if (!d->dir) return E_NOMEM;
  }
  DirStream *s = d->dir;
  if (cookie > s->offsets.len) return E_INVAL; /* none that was given */
  if (cookie != 0 && cookie == s->next) return E_SUCCESS;
  off_t offset = cookie ? (off_t)s->offsets.data[cookie - 1] : 0;
  s->pos = s->len = 0;
  if (lseek(d->fd, offset, SEEK_SET) < 0) return wm_errno_of_host(errno);
  s->next = (u32)cookie;
  if (cookie == 0) s->offsets.len = 0;
  return E_SUCCESS;
}

/* Steps over the entry. */
static Errno advance(DirStream *s, const struct dirent64 *entry) {
  if (s->next >= MAX_ENTRIES) return E_NOMEM;
  if (s->next == s->offsets.len) {
    u64 *offset = vec_push(&s->offsets);
    if (!offset) return E_NOMEM;
  }
  s->offsets.data[s->next++] = (u64)entry->d_off;
  s->pos += entry->d_reclen;
  return E_SUCCESS;
}

/* The entry the stream stands at; *entry NULL at the end. */
static Errno peek(const Call *call, Descriptor *d, struct dirent64 **entry) {
  DirStream *s = d->dir;
  *entry = NULL;
  if (s->pos == s->len) {
    if (call_interrupted(call)) return E_INTR; /* between two looks: a page of entries */
    ssize_t n = getdents64(d->fd, s->bytes, sizeof s->bytes);
    s->pos = s->len = 0;
    if (n < 0) return wm_errno_of_host(errno);
    if (n == 0) return E_SUCCESS;
    s->len = (u32)n;
  }
  *entry = (struct dirent64 *)(void *)(s->bytes + s->pos);
  return E_SUCCESS;
}

/* Inode and type as path_filestat_get tells them: the entry's own differ where something is
 * mounted. ".." is not looked at: it may be outside; that of a preopened directory is itself. */
static void identify(const Descriptor *d, const struct dirent64 *entry, wasi_dir_entry_t *out) {
  struct stat st;
  out->inode = entry->d_ino;
  out->type = (wasi_node_type_t)type_of_entry(entry->d_type);
  bool up = strcmp(entry->d_name, "..") == 0;
  if (up && !d->preopen) return;
  if (fstatat(d->fd, up ? "." : entry->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) return;
  out->inode = st.st_ino;
  out->type = (wasi_node_type_t)wm_filetype_of_mode(st.st_mode);
}

/* The entry that the stream stands at, which is stepped over by take_entry; an empty name: none. */
static Errno host_entry(const Call *call, Descriptor *d, wasi_dir_entry_t *out) {
  struct dirent64 *entry;
  Errno e = peek(call, d, &entry);
  out->name[0] = 0;
  if (e || !entry) return e;
  out->next = (u64)d->dir->next + 1;
  memcpy(out->name, entry->d_name, strnlen(entry->d_name, NAME_MAX) + 1);
  out->name[NAME_MAX] = 0;
  identify(d, entry, out);
  return E_SUCCESS;
}

static Errno take_entry(Descriptor *d, const wasi_dir_entry_t *entry, u64 *cookie) {
  *cookie = entry->next;
  if (d->kind == FD_NODE) return E_SUCCESS;
  return advance(d->dir, (const struct dirent64 *)(const void *)(d->dir->bytes + d->dir->pos));
}

static Errno next_entry(const Call *call, Descriptor *d, u64 cookie, wasi_dir_entry_t *entry) {
  if (d->kind != FD_NODE) return host_entry(call, d, entry);
  if (call_interrupted(call)) return E_INTR;
  return wm_node_file_list(d->file, d->preopen, cookie, entry);
}

static size_t encode(u8 *out, const wasi_dir_entry_t *entry) {
  size_t len = strlen(entry->name);
  memset(out, 0, DIRENT_SIZE);
  store_u64(out, entry->next);
  store_u64(out + 8, entry->inode);
  store_u32(out + 16, (u32)len);
  out[20] = entry->type;
  memcpy(out + DIRENT_SIZE, entry->name, len);
  return DIRENT_SIZE + len;
}

/* Entries from the cookie on, until the buffer is full: the last one may be cut. */
static Errno list(const Call *call, Descriptor *d, u64 cookie, u8 *out, size_t room, size_t *used) {
  while (*used < room) {
    u8 whole[DIRENT_SIZE + NAME_MAX + 1];
    wasi_dir_entry_t entry;
    Errno e = next_entry(call, d, cookie, &entry);
    if (e || !entry.name[0]) return e;
    size_t size = encode(whole, &entry), fits = min_u64(size, room - *used);
    e = fits == size ? take_entry(d, &entry, &cookie) : E_SUCCESS;
    if (e) return e;
    memcpy(out + *used, whole, fits);
    *used += fits;
  }
  return E_SUCCESS;
}

Errno wm_call_fd_readdir(Call *call) {
  Descriptor *d;
  Errno e = wm_call_fd(call, 0, RIGHT_FD_READDIR, &d);
  if (e) return e;
  size_t room = call->args[2].u32, used = 0;
  u64 cookie = call->args[3].u64;
  u8 *out = guest_bytes(call, call->args[1].u32, room);
  if (!out) return call->error;
  e = d->kind == FD_NODE ? E_SUCCESS : position(d, cookie);
  if (!e) e = list(call, d, cookie, out, room, &used);
  if (e && !used) return e;
  return put_u32(call, call->args[4].u32, (u32)used);
}
